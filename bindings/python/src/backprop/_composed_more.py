"""Histograms with edges, places of flat indices, memory laid out by strides."""

import builtins
from collections import namedtuple

from . import _core
from ._core import Tensor

_Histogram = namedtuple("histogram", "hist bin_edges", module="backprop.return_types")
_HistogramDD = namedtuple("histogramdd", "hist bin_edges", module="backprop.return_types")


def histogram(input, bins, *, range=None, weight=None, density=False):
    """(counts, edges) of bins of equal width between range (the smallest and the largest element), or of those edges that bins gives."""
    x = input.detach().flatten()
    if isinstance(bins, Tensor):
        edges = bins
        if edges.ndim != 1 or edges.numel() < 1:
            raise RuntimeError(f"histogram: bins tensor must have one dimension, got {edges.ndim}")
    else:
        if bins <= 0:
            raise RuntimeError(f"histogram: bins must be > 0, got {bins}")
        low, high = map(float, range) if range is not None else (x.min().item(), x.max().item()) if x.numel() else (0.0, 1.0)
        if low > high:
            raise RuntimeError(f"histogram: min edge must be at most max edge, got {low} and {high}")
        if low == high:
            low, high = low - 0.5, high + 0.5
        edges = _core.linspace(low, high, bins + 1, dtype=x.dtype)
    count = edges.numel() - 1
    from ._composed_reductions import searchsorted

    place = searchsorted(edges, x, right=True) - 1
    place = _core.where(x == edges[-1], count - 1, place)
    inside = ((place >= 0) & (place < count)).nonzero().flatten()
    weights = _core.ones_like(x) if weight is None else weight.detach().flatten().to(x.dtype)
    hist = _core.zeros(count, dtype=x.dtype).index_add(0, place.index_select(0, inside), weights.index_select(0, inside))
    if density:
        hist = hist / hist.sum() / (edges[1:] - edges[:-1])
    return _Histogram(hist, edges)


def unravel_index(indices, shape):
    """The coordinates, one tensor for each dimension of shape, of indices into the flattened shape."""
    if not isinstance(indices, Tensor) or indices.dtype not in (_core.int64, _core.int32, _core.uint8):
        raise ValueError(f"expected 'indices' to be integer dtype, but got {getattr(indices, 'dtype', type(indices).__name__)}")
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    if any(not isinstance(n, int) or n < 0 for n in shape):
        raise ValueError(f"'shape' cannot have negative values, but got {shape}")
    found, rest = [], indices
    for n in reversed(shape):
        found.append(rest % n)
        rest = rest // n
    return tuple(reversed(found))


def empty_strided(size, stride, *, dtype=None, device=None, requires_grad=False):
    """A tensor of this size whose elements lie `stride` apart; its values are whatever the memory holds."""
    size, stride = tuple(size), tuple(stride)
    if len(size) != len(stride):
        raise RuntimeError(f"empty_strided: dimensionality of sizes ({len(size)}) must match dimensionality of strides ({len(stride)})")
    span = 0 if 0 in size else 1 + sum((n - 1) * s for n, s in zip(size, stride))
    return _core.empty(span, dtype=dtype, device=device).as_strided(size, stride).requires_grad_(requires_grad)


def empty_permuted(size, physical_layout, *, dtype=None, device=None, requires_grad=False):
    """A tensor of this size whose dimensions lie in memory in the order of physical_layout, the slowest first."""
    size, order = tuple(size), tuple(physical_layout)
    if sorted(order) != list(builtins.range(len(size))):
        raise RuntimeError(f"empty_permuted: physical_layout must be a permutation of {len(size)} dimensions, got {list(order)}")
    x = _core.empty(tuple(size[d] for d in order), dtype=dtype, device=device)
    return x.permute([order.index(d) for d in builtins.range(len(size))]).requires_grad_(requires_grad)


def nonzero_static(input, *, size, fill_value=-1):
    """The places of `size` elements that are not 0; where there are fewer, fill_value."""
    if size < 0:
        raise RuntimeError("nonzero_static: 'size' must be an non-negative integer")
    found = input.nonzero()[:size]
    return _core.cat([found, _core.full((size - found.shape[0], input.ndim), fill_value, dtype=_core.int64)])


def unsafe_split_with_sizes(input, split_sizes, dim=0):
    """split_with_sizes()."""
    return _core.split_with_sizes(input, split_sizes, dim)


def binomial(count, prob, generator=None):
    """How many of `count` trials succeed, each with probability prob."""
    count, prob = _core.broadcast_to(count, (count + prob).shape), _core.broadcast_to(prob, (count + prob).shape)
    most = int(count.max().item()) if count.numel() else 0
    if count.numel() and (count.min().item() < 0 or (prob < 0).any() or (prob > 1).any()):
        raise RuntimeError("binomial: count must not be negative, and prob must lie in 0…1")
    draws = _core.rand((most, *count.shape), generator=generator, dtype=prob.dtype)
    trial = _core.arange(most).reshape(-1, *[1] * count.ndim)
    return ((draws < prob) & (trial < count)).sum(0).to(prob.dtype)


def histogramdd(input, bins, *, range=None, weight=None, density=False):
    """(counts, edges of each dimension) of points [.., D]; bins and range as histogram() takes them, for each dimension."""
    points = input.detach().flatten(0, -2)
    count = points.shape[-1]
    bins = [bins] * count if isinstance(bins, (int, Tensor)) else list(bins)
    if len(bins) != count:
        raise RuntimeError(f"histogramdd: expected {count} bins, one for each dimension, got {len(bins)}")
    hists = [histogram(points[:, d], b, range=None if range is None else range[2 * d : 2 * d + 2]) for d, b in enumerate(bins)]
    edges = tuple(h.bin_edges for h in hists)
    flat, inside = _core.zeros(points.shape[0], dtype=_core.int64), _core.ones(points.shape[0], dtype=_core.bool)
    from ._composed_reductions import searchsorted

    shape = tuple(e.numel() - 1 for e in edges)
    for d, e in enumerate(edges):
        x = points[:, d].contiguous()
        place = _core.where(x == e[-1], shape[d] - 1, searchsorted(e, x, right=True) - 1)
        inside = inside & (place >= 0) & (place < shape[d])
        flat = flat * shape[d] + place
    rows = inside.nonzero().flatten()
    weights = _core.ones(points.shape[0], dtype=points.dtype) if weight is None else weight.detach().flatten()
    total = 1
    for n in shape:
        total *= n
    hist = _core.zeros(total, dtype=points.dtype).index_add(0, flat.index_select(0, rows), weights.index_select(0, rows)).reshape(shape)
    if density:
        hist = hist / hist.sum()
        for d, e in enumerate(edges):
            hist = hist / (e[1:] - e[:-1]).reshape([-1] + [1] * (count - 1 - d))
    return _HistogramDD(hist, edges)


def range(start=0, end=None, step=1, *, dtype=None, device=None, requires_grad=False):
    """start, start + step, … up to and with end."""
    if end is None:
        start, end = 0, start
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if (end - start) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    n = int((end - start) / step) + 1
    x = _core.arange(n, dtype=_core.float64) * step + start
    x = x.to(dtype or _core.get_default_dtype())
    return x.requires_grad_() if requires_grad else x
