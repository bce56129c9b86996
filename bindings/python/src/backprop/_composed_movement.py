"""Movement put together from operations: stacked, split, joined, turned. Imported when one of these is first asked for."""

from itertools import combinations as _combinations
from itertools import combinations_with_replacement as _with_replacement

from . import _core
from ._core import Tensor, cat, stack


def ravel(input):
    """All elements in one dimension; a view where memory allows it."""
    return input.reshape(-1)


def adjoint(input):
    """The last two dimensions exchanged (numbers here are real)."""
    return input.transpose(-2, -1)


def fliplr(input):
    """flip(1): columns in reverse; RuntimeError for fewer than two dimensions."""
    if input.ndim < 2:
        raise RuntimeError(f"fliplr: needs at least two dimensions, it has shape {tuple(input.shape)}")
    return input.flip(1)


def flipud(input):
    """flip(0): rows in reverse; RuntimeError for a number."""
    if input.ndim < 1:
        raise RuntimeError("flipud: needs at least one dimension")
    return input.flip(0)


def rot90(input, k=1, dims=(0, 1)):
    """Turned k times by 90° from the first of dims towards the second."""
    dims = tuple(dims)
    if len(dims) != 2 or input.ndim < 2:
        raise RuntimeError(f"rot90: needs two different dimensions of a tensor with at least two, got dims {dims} for shape {tuple(input.shape)}")
    a, b = (d + input.ndim if d < 0 else d for d in dims)
    if a == b or not (0 <= a < input.ndim and 0 <= b < input.ndim):
        raise RuntimeError(f"rot90: dims {dims} are not two different dimensions of shape {tuple(input.shape)}")
    k %= 4
    if k == 0:
        return input.clone()
    if k == 2:
        return input.flip(a, b)
    return input.flip(b).transpose(a, b) if k == 1 else input.transpose(a, b).flip(b)


def diagflat(input, offset=0):
    """The square matrix with all elements of input on diagonal offset, zeros elsewhere."""
    return input.reshape(-1).diag(offset)


def fill_diagonal_(input, fill_value, wrap=False):
    """The main diagonal becomes fill_value, in place; wrap: again every N + 1 rows of a tall matrix."""
    if input.ndim < 2 or input.ndim > 2 and len(set(input.shape)) > 1:
        raise RuntimeError(f"fill_diagonal_: needs a matrix, or all dimensions of one size, got shape {tuple(input.shape)}")
    rows = list(range(min(input.shape)))
    if wrap and input.ndim == 2 and input.shape[0] > input.shape[1]:
        rows = [i for i in range(input.shape[0]) if i % (input.shape[1] + 1) != input.shape[1]]
        columns = [i % (input.shape[1] + 1) for i in rows]
        input[_core.tensor(rows, dtype=_core.int64), _core.tensor(columns, dtype=_core.int64)] = fill_value
    elif rows:
        input[(_core.tensor(rows),) * input.ndim] = fill_value
    return input


def constant_pad_nd(input, pad, value=0):
    """nn.functional.pad(input, pad, 'constant', value)."""
    return _core.pad(input, pad, "constant", value)


def _within(input, indices):
    sizes = iter(input.shape)
    return tuple(i if i is None else i.clamp(-n, n - 1) for i, n in zip(indices, sizes))


def _unsafe_masked_index(input, mask, indices, fill):
    """input[indices] where mask is true, fill elsewhere, where the indices need not be valid."""
    return input[tuple(i if i is not None else _every for i in _within(input, indices))].masked_fill(~mask, fill)


def _unsafe_masked_index_put_accumulate(input, mask, indices, values):
    return input.index_put(_within(input, indices), values.masked_fill(~mask, 0), accumulate=True)


_every = slice(None)


# Pieces


def tensor_split(input, indices_or_sections, dim=0):
    """Into a number of nearly equal pieces, the larger ones first, or before the given indices."""
    if input.ndim == 0:
        raise RuntimeError("tensor_split: a 0-dimensional tensor has nothing to split")
    if not -input.ndim <= dim < input.ndim:
        raise IndexError(f"tensor_split: dimension {dim} is out of range for shape {tuple(input.shape)}")
    size = input.shape[dim]
    if isinstance(indices_or_sections, Tensor):
        indices_or_sections = indices_or_sections.tolist()
    if isinstance(indices_or_sections, int):
        n = indices_or_sections
        if n < 1:
            raise RuntimeError(f"tensor_split: number of sections must be larger than 0, got {n}")
        cuts = [i * (size // n) + min(i, size % n) for i in range(1, n)]
    else:
        cuts = list(indices_or_sections)
    bounds = [0, *cuts, None]
    return tuple(_core.slice(input, dim, start, end) for start, end in zip(bounds, bounds[1:]))


def _cut(name, input, indices_or_sections, dim, least):
    if input.ndim < least:
        raise RuntimeError(f"{name}: needs at least {least} dimensions, it has shape {tuple(input.shape)}")
    if isinstance(indices_or_sections, int):
        if indices_or_sections < 1 or input.shape[dim] % indices_or_sections:
            raise RuntimeError(f"{name}: dimension {dim} of size {input.shape[dim]} does not divide into {indices_or_sections}")
    return tensor_split(input, indices_or_sections, dim)


def hsplit(input, indices_or_sections):
    """tensor_split() along dimension 1 (0 of a vector); a number must divide the size."""
    return _cut("hsplit", input, indices_or_sections, 0 if input.ndim == 1 else 1, 1)


def vsplit(input, indices_or_sections):
    """tensor_split() along dimension 0; a number must divide the size."""
    return _cut("vsplit", input, indices_or_sections, 0, 2)


def dsplit(input, indices_or_sections):
    """tensor_split() along dimension 2; a number must divide the size."""
    return _cut("dsplit", input, indices_or_sections, 2, 3)


# Joined


def _each(function):
    def over(*tensors):
        if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
            return tuple(function(t) for t in tensors[0])
        return function(tensors[0]) if len(tensors) == 1 else tuple(function(t) for t in tensors)

    over.__name__ = over.__qualname__ = function.__name__.strip("_")
    over.__doc__ = function.__doc__
    return over


@_each
def _atleast_1d(t):
    """A tensor as it is, a number as [1]; of several, or a tuple: a tuple of them."""
    return t.reshape(1) if t.ndim == 0 else t


@_each
def _atleast_2d(t):
    """A tensor with at least two dimensions: a number as [1, 1], [N] as [1, N]; of several, or a tuple: a tuple of them."""
    return t.reshape(1, 1) if t.ndim == 0 else t.unsqueeze(0) if t.ndim == 1 else t


@_each
def _atleast_3d(t):
    """A tensor with at least three dimensions: a number as [1, 1, 1], [N] as [1, N, 1], [M, N] as [M, N, 1]; of
    several, or a tuple: a tuple of them."""
    return t.reshape(1, 1, 1) if t.ndim == 0 else t.reshape(1, -1, 1) if t.ndim == 1 else t.unsqueeze(-1) if t.ndim == 2 else t


atleast_1d, atleast_2d, atleast_3d = _atleast_1d, _atleast_2d, _atleast_3d


def hstack(tensors):
    """Tensors side by side: cat() along dimension 1 (0 of vectors; numbers count as vectors of one)."""
    tensors = atleast_1d(tuple(tensors))
    return cat(tensors, 0 if tensors and tensors[0].ndim == 1 else 1)


def vstack(tensors):
    """Tensors one below the other: cat() along dimension 0; vectors count as rows."""
    return cat(atleast_2d(tuple(tensors)), 0)


row_stack = vstack


def dstack(tensors):
    """Tensors one behind the other: cat() along dimension 2; matrices count as [M, N, 1]."""
    return cat(atleast_3d(tuple(tensors)), 2)


def column_stack(tensors):
    """Columns side by side: vectors count as columns, then cat() along dimension 1."""
    return hstack([t.reshape(-1, 1) if t.ndim <= 1 else t for t in tensors])


def block_diag(*tensors):
    """A matrix of zeros with the given ones along its diagonal; lists count as rows."""
    if not tensors:
        return _core.zeros((1, 0))
    blocks = [atleast_2d(t) for t in tensors]
    for i, t in enumerate(blocks):
        if t.ndim > 2:
            raise RuntimeError(f"block_diag: tensor {i} has {t.ndim} dimensions, at most 2 are matrices")
    width, at, rows = sum(t.shape[1] for t in blocks), 0, []
    for t in blocks:
        rows.append(_core.pad(t, (at, width - at - t.shape[1])))
        at += t.shape[1]
    return cat(rows, 0)


def broadcast_shapes(*shapes):
    """The shape that tensors of these shapes stretch to together."""
    shapes = [(s,) if isinstance(s, int) else tuple(s) for s in shapes]
    out = [1] * max((len(s) for s in shapes), default=0)
    for shape in shapes:
        for i in range(1, len(shape) + 1):
            if shape[-i] != 1:
                if out[-i] not in (1, shape[-i]):
                    raise RuntimeError(f"broadcast_shapes: shapes do not broadcast: {shapes}")
                out[-i] = shape[-i]
    return _core.Size(out)


def broadcast_tensors(*tensors):
    """All tensors as views in their common shape; RuntimeError where there is none."""
    if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
        tensors = tensors[0]
    shape = broadcast_shapes(*(t.shape for t in tensors))
    return tuple(t.expand(shape) for t in tensors)


def meshgrid(*tensors, indexing="ij"):
    """Each list along a dimension of its own, stretched over the others'; "xy" exchanges the first two dimensions."""
    if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
        tensors = tensors[0]
    if indexing not in ("ij", "xy"):
        raise RuntimeError(f'meshgrid: indexing must be "xy" or "ij", got "{indexing}"')
    if not tensors:
        raise ValueError("meshgrid: expects a non-empty list of tensors")
    if any(t.ndim > 1 for t in tensors):
        raise RuntimeError("meshgrid: tensors must have at most one dimension")
    swap = indexing == "xy" and len(tensors) > 1
    if swap:
        tensors = (tensors[1], tensors[0], *tensors[2:])
    n = len(tensors)
    shape = [t.numel() for t in tensors]
    grids = [t.reshape([-1 if k == d else 1 for k in range(n)]).expand(shape) for d, t in enumerate(tensors)]
    if swap:
        grids[:2] = grids[1], grids[0]
    return tuple(grids)


def cartesian_prod(*tensors):
    """All combinations of one element of each list, a row each."""
    if len(tensors) == 1:
        return tensors[0]
    return stack([g.reshape(-1) for g in meshgrid(*tensors)], 1)


def combinations(input, r=2, with_replacement=False):
    """The r-element subsets of a list, a row each."""
    if input.ndim != 1:
        raise RuntimeError(f"combinations: needs one dimension, it has shape {tuple(input.shape)}")
    if r < 0:
        raise RuntimeError(f"combinations: expects a non-negative number, got {r}")
    if r == 0:
        return _core.empty(0, dtype=input.dtype)
    rows = list((_with_replacement if with_replacement else _combinations)(range(input.numel()), r))
    return input[_core.tensor(rows, dtype=_core.int64).reshape(-1, r)]


# Copies of what else would be a view


def _copy(name, view):
    def copied(input, *args, **kwargs):
        result = view(input, *args, **kwargs)
        return tuple(r.clone() for r in result) if isinstance(result, tuple) else result.clone()

    copied.__name__ = copied.__qualname__ = name + "_copy"
    copied.__doc__ = f"{name}(), copied."
    return copied


for _name, _view in dict(
    alias=lambda input: input, as_strided=_core.as_strided, diagonal=_core.diagonal, expand=Tensor.expand, narrow=_core.narrow, permute=_core.permute,
    select=_core.select, slice=_core.slice, split=_core.split, split_with_sizes=_core.split_with_sizes, squeeze=_core.squeeze, t=_core.t,
    transpose=_core.transpose, unbind=_core.unbind, unfold=Tensor.unfold, unsqueeze=_core.unsqueeze, view=Tensor.view,
).items():
    globals()[_name + "_copy"] = _copy(_name, _view)
del _name, _view
