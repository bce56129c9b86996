"""Statistics, differences, integrals and distances, put together from operations; loaded when one is first asked for."""

from . import _core
from ._core import Tensor
from ._grad_mode import no_grad

inf = float("inf")


# Order statistics -----------------------------------------------------------------------------------------------------


def quantile(input, q, dim=None, keepdim=False, *, interpolation="linear"):
    """The q-quantiles along dim (None: of all elements): q one number 0 … 1, or a vector, whose results come first: [3,
    4], dim 1, q [2] → [2, 3]. RuntimeError outside 0 … 1.

    A rank between two elements: interpolation 'linear', 'lower', 'higher', 'midpoint' or 'nearest'. NaN where there is
    one.

        >>> backprop.quantile(backprop.tensor([1., 2., 3., 4.]), 0.5)
        tensor(2.5000)
    """
    return _quantile("quantile", input, q, dim, keepdim, interpolation, False)


def nanquantile(input, q, dim=None, keepdim=False, *, interpolation="linear"):
    """quantile() of what is not NaN."""
    return _quantile("nanquantile", input, q, dim, keepdim, interpolation, True)


def _quantile(name, input, q, dim, keepdim, interpolation, ignoring):
    if interpolation not in ("linear", "lower", "higher", "midpoint", "nearest"):
        raise RuntimeError(f"{name}() interpolation must be one of linear, lower, higher, midpoint or nearest, but got {interpolation}")
    if input.numel() == 0:
        raise RuntimeError(f"{name}() input tensor must be non-empty")
    if not isinstance(q, Tensor):
        q = _core.tensor(float(q), dtype=input.dtype)
    if q.ndim > 1:
        raise RuntimeError(f"{name}() q must be a scalar or 1D tensor, it has {q.ndim} dimensions")
    if q.dtype != input.dtype:
        raise RuntimeError(f"{name}() q tensor must be same dtype as the input tensor")
    if not bool(((q >= 0) & (q <= 1)).all()):
        raise RuntimeError(f"{name}() q values must be in the range [0, 1]")
    x = input.flatten() if dim is None else input if input.ndim else input.reshape(1)
    d = 0 if dim is None else dim % x.ndim if -x.ndim <= dim < x.ndim else dim
    x = x.transpose(d, -1).sort(-1)[0]  # NaN come last
    n = x.shape[-1]
    missing = (x != x).sum(-1, True)
    ranks = q.reshape(-1) * ((n - missing - 1) if ignoring else (_core.zeros_like(missing) + (n - 1))).to(q.dtype)  # [..., number of q]
    if ignoring:
        ranks = ranks.clamp(min=0)
    else:
        ranks = _core.where(missing > 0, _core.full_like(ranks, n - 1), ranks)
    below = ranks.detach().long()
    above = _ceil(ranks.detach())
    if interpolation == "lower":
        y = x.gather(-1, below)
    elif interpolation == "higher":
        y = x.gather(-1, above)
    elif interpolation == "nearest":
        y = x.gather(-1, _round(ranks.detach()))
    else:
        low, high = x.gather(-1, below), x.gather(-1, above)
        weight = 0.5 if interpolation == "midpoint" else ranks - below.to(ranks.dtype)
        if interpolation == "midpoint":
            y = low + (high - low) * weight
        else:  # as torch.lerp: exact at both ends
            y = _core.where(weight < 0.5, low + weight * (high - low), high - (high - low) * (1 - weight))
    # [..., k] with d moved last: k goes to the front
    if dim is None:
        y = y.reshape(-1, *([1] * input.ndim)) if keepdim else y.reshape(-1)
    else:
        k = y.shape[-1]
        y = y.unsqueeze(-2) if not keepdim else y.unsqueeze(-1).transpose(-1, -2)
        y = y.permute(y.ndim - 1, *range(y.ndim - 1)).transpose(d + 1, -1)
        if not keepdim or not input.ndim:
            y = y.squeeze(d + 1) if input.ndim else y.reshape(k)
    return y.squeeze(0) if q.ndim == 0 else y


def _ceil(x):
    whole = x.long()
    return whole + (x > whole.to(x.dtype)).long()


def _round(x):
    """Half to even, of numbers that are not negative."""
    whole = x.long()
    rest = x - whole.to(x.dtype)
    odd = whole - 2 * (whole.double() / 2).long()
    return whole + ((rest > 0.5) | ((rest == 0.5) & (odd == 1))).long()


def _unique_along(input, dim, consecutive, return_inverse, return_counts):
    """unique of the slices along dim, in lexicographic order or as they stand."""
    with no_grad():
        d = dim % input.ndim if -input.ndim <= dim < input.ndim else dim
        x = input.detach().transpose(d, 0)
        n = x.shape[0]
        flat = x.reshape(n, -1) if x.numel() else x.reshape(n, 0)
        order = _core.arange(n)
        if not consecutive:
            for k in range(flat.shape[1] - 1, -1, -1):
                order = order.index_select(0, flat[:, k].index_select(0, order).argsort(stable=True))
        ordered = flat.index_select(0, order)
        begins = _core.zeros(n, dtype=_core.bool)
        if n:
            begins[0] = True
        if n > 1 and flat.shape[1]:
            begins[1:] = (ordered[1:] != ordered[:-1]).any(1)
        which = begins.long().cumsum(0) - 1
        runs = int(which[-1]) + 1 if n else 0
        inverse = _core.zeros(n, dtype=_core.int64).scatter_add(0, order, which)
        counts = _core.zeros(runs, dtype=_core.int64).index_add(0, which, _core.ones(n, dtype=_core.int64))
        first = _core.tensor([i for i, b in enumerate(begins.tolist()) if b], dtype=_core.int64)
        values = x.index_select(0, order.index_select(0, first)).transpose(d, 0)
    results = (values, *([inverse] if return_inverse else []), *([counts] if return_counts else []))
    return results if len(results) > 1 else values


def histc(input, bins=100, min=0, max=0):
    """How many elements fall into each of `bins` equal parts of min … max (of the elements' own range if both are
    equal): [bins], in input's type; what lies outside does not count."""
    if bins <= 0:
        raise RuntimeError(f"histc(): bins must be > 0, but got {bins}")
    x = input.detach().flatten()
    low, high = float(min), float(max)
    if low == high and x.numel():
        low, high = x.min().item(), x.max().item()
    if low == high:
        low, high = low - 1, high + 1
    if not (abs(low) < inf and abs(high) < inf):
        raise RuntimeError(f"histc(): range of [{low}, {high}] is not finite")
    if low > high:
        raise RuntimeError(f"histc(): max must be larger than min, got [{low}, {high}]")
    inside = ((x >= low) & (x <= high))
    place = ((x.double() - low) * (bins / (high - low))).clamp(0, bins - 1).long()
    place = _core.where(inside, place, _core.full_like(place, bins))
    return _core.zeros(bins + 1, dtype=input.dtype).index_add(0, place, _core.ones_like(x))[:bins]


def bincount(input, weights=None, minlength=0):
    """How often (or with what weight) each of 0, 1, … occurs in a vector of whole numbers: [largest + 1], at least minlength."""
    if input.ndim != 1 or input.is_floating_point() or (input.numel() and input.min().item() < 0):
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if minlength < 0:
        raise RuntimeError("minlength should be >= 0")
    if weights is not None and weights.shape != input.shape:
        raise RuntimeError("weights should be 1-d and have the same length as input")
    size = max(minlength, int(input.max()) + 1 if input.numel() else 0)
    if weights is None:
        weights = _core.ones(input.shape, dtype=_core.int64)
    elif weights.dtype != _core.float32:
        weights = weights.double()
    return _core.zeros(size, dtype=weights.dtype).index_add(0, input.long(), weights)


def searchsorted(sorted_sequence, input, *, out_int32=False, right=False, side=None, sorter=None):
    """Where each element of input would be inserted into the sorted last dimension of sorted_sequence: before its
    equals, or after them (right, or side='right'); int64, in input's shape.

        >>> backprop.searchsorted(backprop.tensor([1, 3, 5]), backprop.tensor([3, 4]))
        tensor([1, 2])
    """
    if side not in (None, "left", "right") or (right and side == "left"):
        raise RuntimeError(f"searchsorted(): side can only be 'left' or 'right', without contradicting right, got {side}")
    number = not isinstance(input, Tensor)
    v = _core.tensor(input) if number else input.detach()
    s = sorted_sequence.detach()
    if sorter is not None:
        s = s.gather(-1, sorter)
    if s.ndim > 1 and s.shape[:-1] != v.shape[:-1]:
        raise RuntimeError(f"searchsorted(): the leading dimensions of {tuple(s.shape)} and {tuple(v.shape)} must be the same")
    below = s.unsqueeze(-2) if s.ndim > 1 else s
    hit = below <= v.unsqueeze(-1) if right or side == "right" else below < v.unsqueeze(-1)
    return hit.sum(-1).to(_core.int32 if out_int32 else _core.int64)


def bucketize(input, boundaries, *, out_int32=False, right=False):
    """Which of the intervals between sorted boundaries, a vector, each element lies in: searchsorted() with its arguments exchanged."""
    if boundaries.ndim != 1:
        raise RuntimeError(f"bucketize(): boundaries must be one-dimensional, they have shape {tuple(boundaries.shape)}")
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)


def _places(triangle, dtype):
    return triangle.nonzero().t().contiguous().to(_core.int64 if dtype is None else dtype)


def tril_indices(row, col, offset=0, *, dtype=None, layout=None, device=None, pin_memory=False):
    """Row and column indices of the lower triangle of [row, col], on and below diagonal offset: [2, n], int64 unless named."""
    return _places(_core.ones(row, col, device=device).tril(offset), dtype)


def triu_indices(row, col, offset=0, *, dtype=None, layout=None, device=None, pin_memory=False):
    """Row and column indices of the upper triangle of [row, col], on and above diagonal offset: [2, n], int64 unless named."""
    return _places(_core.ones(row, col, device=device).triu(offset), dtype)


# Differences and integrals --------------------------------------------------------------------------------------------


def diff(input, n=1, dim=-1, prepend=None, append=None):
    """Differences of neighbours along dim, n times: size N → N − n; prepend and append are put before and behind first."""
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    if input.ndim == 0:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    if n == 0:
        return input
    parts = [p for p in (prepend, input, append) if p is not None]
    x = _core.cat(parts, dim) if len(parts) > 1 else input
    for _ in range(min(n, x.shape[dim])):
        size = x.shape[dim]
        a, b = x.narrow(dim, 1, size - 1), x.narrow(dim, 0, size - 1)
        x = a != b if x.dtype == _core.bool else a - b
    return x


def trapezoid(y, x=None, *, dx=None, dim=-1):
    """∫ y along dim by the trapezoidal rule, at points x or dx (1) apart: Σ ½(yᵢ + yᵢ₊₁)·(xᵢ₊₁ − xᵢ)."""
    return _trapezoids("trapezoid", y, x, dx, dim).sum(dim)


def trapz(y, x=None, *, dx=None, dim=-1):
    """Same as trapezoid()."""
    return trapezoid(y, x, dx=dx, dim=dim)


def cumulative_trapezoid(y, x=None, *, dx=None, dim=-1):
    """The integral up to each point but the first."""
    return _trapezoids("cumulative_trapezoid", y, x, dx, dim).cumsum(dim)


def _trapezoids(name, y, x, dx, dim):
    if x is not None and dx is not None:
        raise TypeError(f"{name}() takes x or dx, not both")
    size = y.shape[dim]
    if size == 0:
        return y
    pairs = y.narrow(dim, 1, size - 1) + y.narrow(dim, 0, size - 1)
    if x is None:
        width = 1 if dx is None else dx
    elif x.ndim == 1 and y.ndim > 1:
        if x.shape[0] != size:
            raise RuntimeError(f"{name}(): There must be one `x` value for each sample point")
        shape = [1] * y.ndim
        shape[dim] = size - 1
        width = (x[1:] - x[:-1]).reshape(shape)
    else:
        if x.ndim < y.ndim:
            x = x.reshape(*([1] * (y.ndim - x.ndim)), *x.shape)
        n = x.shape[dim]
        width = x.narrow(dim, 1, n - 1) - x.narrow(dim, 0, n - 1)
    return pairs * width / 2.0


def gradient(input, *, spacing=1, dim=None, edge_order=1):
    """Central differences of samples `spacing` apart, one tensor for each dimension; the edges by one-sided ones."""
    if edge_order not in (1, 2):
        raise RuntimeError("torch.gradient only supports edge_order=1 and edge_order=2.")
    spacing = 1 if spacing is None else spacing
    dims = list(range(input.ndim)) if dim is None else [dim] if isinstance(dim, int) else list(dim)
    dims = [d % input.ndim for d in dims]
    if isinstance(spacing, (list, tuple)):
        steps = list(spacing)
        if len(steps) == 1 and len(dims) > 1 and not isinstance(steps[0], Tensor):
            steps *= len(dims)
    elif isinstance(spacing, Tensor) and spacing.ndim > 0:
        steps = [spacing]
    else:
        steps = [spacing] * len(dims)
    if len(steps) != len(dims):
        raise RuntimeError(f"torch.gradient expected spacing to be unspecified, a scalar, or a list of length {len(dims)}, got {len(steps)}")
    return tuple(_gradient_along(input, h, d, edge_order) for h, d in zip(steps, dims))


def _gradient_along(f, h, d, edge_order):
    n = f.shape[d]
    if n < edge_order + 1:
        raise RuntimeError("torch.gradient expected each dimension size to be at least edge_order+1")

    def at(start, length=1):
        return f.narrow(d, start, length)

    shape = [1] * f.ndim
    shape[d] = -1
    if isinstance(h, Tensor) and h.ndim == 1:  # coordinates
        steps = h[1:] - h[:-1]
        a, b = steps[:-1].reshape(shape), steps[1:].reshape(shape)

        def one(i):
            return steps[i]
    else:
        a = b = None

        def one(i):
            return h

    first, last = (at(1) - at(0)) / one(0), (at(n - 1) - at(n - 2)) / one(-1)
    if edge_order == 2:
        def edge(p, q, y0, y1, y2):
            return -(2 * p + q) / (p * (p + q)) * y0 + (p + q) / (p * q) * y1 - p / (q * (p + q)) * y2

        first = edge(one(0), one(1), at(0), at(1), at(2))
        last = -edge(one(-1), one(-2), at(n - 1), at(n - 2), at(n - 3))
    if n == 2:
        return _core.cat([first, last], d)
    if a is None:
        middle = (at(2, n - 2) - at(0, n - 2)) / (2 * h)
    else:
        middle = (-b / (a * (a + b))) * at(0, n - 2) + ((b - a) / (a * b)) * at(1, n - 2) + (a / (b * (a + b))) * at(2, n - 2)
    return _core.cat([first, middle, last], d)


# Distances, covariance ------------------------------------------------------------------------------------------------


def dist(input, other, p=2):
    """‖input − other‖_p, the norm of all elements: []."""
    return _core.norm(input - other, p)


def pdist(input, p=2.0):
    """Distances between all pairs of rows of [N, M], in the order of the upper triangle: [N·(N − 1)/2]."""
    if input.ndim != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {input.ndim}D")
    if not p >= 0:
        raise RuntimeError("pdist only supports non-negative p values")
    n = input.shape[0]
    rows, columns = triu_indices(n, n, 1)
    if n < 2:
        return (input.sum() * 0).reshape(1)[:0]
    return _core.norm(input.index_select(0, rows) - input.index_select(0, columns), p, -1)


def cdist(x1, x2, p=2.0, compute_mode="use_mm_for_euclid_dist_if_necessary"):
    """Distances of order p between the rows of x1 [.., P, M] and those of x2 [.., R, M]: [.., P, R]. compute_mode,
    which chooses between ways of computing, changes nothing."""
    if x1.ndim < 2 or x2.ndim < 2 or x1.shape[-1] != x2.shape[-1]:
        raise RuntimeError(f"cdist: needs [.., P, M] and [.., R, M], got {tuple(x1.shape)} and {tuple(x2.shape)}")
    if not p >= 0:
        raise RuntimeError("cdist only supports non-negative p values")
    difference = x1.unsqueeze(-2) - x2.unsqueeze(-3)
    return _core.norm(difference, p, -1) if difference.shape[-1] else difference.sum(-1)


def renorm(input, p, dim, maxnorm):
    """Slices along dim whose p-norm exceeds maxnorm, scaled down to it."""
    if not p > 0:
        raise RuntimeError("renorm: non-positive-norm not supported")
    if not maxnorm >= 0:
        raise RuntimeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm}")
    if input.ndim < 2:
        raise RuntimeError(f"renorm: input needs at least 2 dimensions, got {input.ndim} dimensions")
    d = dim % input.ndim
    length = _core.norm(input, p, [k for k in range(input.ndim) if k != d], True)
    factor = _core.where(length > maxnorm, maxnorm / (length + 1e-7), _core.ones_like(length))
    return input * factor


def sum_to_size(input, *size):
    """Summed over the dimensions that broadcasting would stretch to get from size to this shape: what a gradient needs on its way back."""
    size = tuple(size[0]) if len(size) == 1 and not isinstance(size[0], int) else size
    extra = input.ndim - len(size)
    fits = extra >= 0 and all(s in (1, n) for s, n in zip(size, input.shape[max(extra, 0):]))
    if not fits:
        raise RuntimeError(f"size {{{list(size)}}} is not expandable to size {{{list(input.shape)}}}.")
    dims = [*range(extra), *(extra + i for i, s in enumerate(size) if s == 1 and input.shape[extra + i] != 1)]
    return input.sum(dims, True).reshape(size) if dims else input


def cov(input, *, correction=1, fweights=None, aweights=None):
    """Covariance of the variables in the rows, each column an observation: [V, N] → [V, V]; fweights: how often each
    counts, aweights: how much; correction as in var()."""
    if input.ndim > 2:
        raise RuntimeError(f"cov(): expected input to have two or fewer dimensions but got an input with {input.ndim} dimensions")
    x = input.reshape(1, -1) if input.ndim < 2 else input
    n = x.shape[1]
    weights = None
    for name, w in (("fweights", fweights), ("aweights", aweights)):
        if w is None:
            continue
        if w.ndim > 1 or w.numel() != n:
            raise RuntimeError(f"cov(): expected {name} to have one element for each of the {n} observations")
        if n and w.min().item() < 0:
            raise RuntimeError(f"cov(): {name} cannot be negative")
        weights = w.reshape(-1) if weights is None else weights * w.reshape(-1)
    total = n if weights is None else weights.sum()
    if weights is not None and total.item() == 0:
        raise ZeroDivisionError("cov(): weights sum to zero, can't be normalized")
    mean = (x if weights is None else x * weights).sum(1, True) / total
    if aweights is not None and correction != 0:
        scale = total - correction * (weights * aweights.reshape(-1)).sum() / total
    else:
        scale = total - correction
    if scale <= 0:
        scale = 0
    centred = x - mean
    c = centred @ (centred if weights is None else centred * weights).mT / scale
    return c.reshape(()) if c.numel() == 1 else c


def corrcoef(input):
    """Correlation, −1 … 1, of the variables in the rows: [V, N] → [V, V]."""
    if input.ndim > 2:
        raise RuntimeError(f"corrcoef(): expected input to have two or fewer dimensions but got an input with {input.ndim} dimensions")
    c = cov(input)
    if c.ndim == 0:
        return c / c
    n = c.shape[0]
    deviation = c.reshape(-1)[:: n + 1].sqrt()
    return (c / deviation.unsqueeze(1) / deviation.unsqueeze(0)).clamp(-1, 1)
