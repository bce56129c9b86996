"""Norms of vectors and matrices that need no decomposition; linalg offers them under its names."""

from . import _core

inf = float("inf")


def vector_norm(x, ord=2, dim=None, keepdim=False, *, dtype=None):
    """(Σ |x|^ord)^(1/ord) over dim, or over all elements."""
    return _core.norm(x, ord, dim, keepdim, dtype)


def _pair(x, dim):
    if isinstance(dim, int) or len(dim) != 2:
        raise RuntimeError(f"linalg.matrix_norm: dim must be a 2-tuple, got {dim}")
    if x.ndim < 2:
        raise RuntimeError(f"linalg.matrix_norm: the input must have at least 2 dimensions, it has {x.ndim}")
    rows, columns = (d % x.ndim if -x.ndim <= d < x.ndim else d for d in dim)
    return rows, columns


def matrix_norm(A, ord="fro", dim=(-2, -1), keepdim=False, *, dtype=None):
    """'fro', ±1 (the largest, smallest column sum), ±inf (row sums); 'nuc' and ±2 come from the singular values."""
    rows, columns = _pair(A, dim)
    if ord == "fro":
        return _core.norm(A, 2, (rows, columns), keepdim, dtype)
    A = A if dtype is None else A.to(dtype)
    if ord in ("nuc", 2, -2):
        values = _singular_values(A, rows, columns)
        y = values.sum(-1) if ord == "nuc" else values.amax(-1) if ord == 2 else values.amin(-1)
        if keepdim:
            for d in sorted((rows, columns)):
                y = y.unsqueeze(d)
        return y
    if isinstance(ord, str) or abs(ord) not in (1, inf):
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")
    along, over = (rows, columns) if abs(ord) == 1 else (columns, rows)
    sums = _core.norm(A, 1, along, True)
    y = sums.amax(over, True) if ord > 0 else sums.amin(over, True)
    if keepdim:
        return y
    for d in sorted((rows, columns), reverse=True):
        y = y.squeeze(d)
    return y


def _singular_values(A, rows, columns):
    from . import linalg

    if not hasattr(linalg, "svdvals"):
        raise RuntimeError("linalg.matrix_norm: orders 'nuc', 2 and -2 need singular values, which are not there")
    rest = [d for d in range(A.ndim) if d not in (rows, columns)]
    return linalg.svdvals(A.permute(*rest, rows, columns))


def norm(A, ord=None, dim=None, keepdim=False, *, dtype=None):
    """A vector norm over one dimension (or, without ord, over any), a matrix norm over two."""
    if dim is None and ord is not None and A.ndim == 2 or isinstance(dim, (tuple, list)) and len(dim) == 2 and ord is not None:
        return matrix_norm(A, ord, (-2, -1) if dim is None else dim, keepdim, dtype=dtype)
    if dim is None and ord is not None and A.ndim != 1:
        raise RuntimeError(f"linalg.norm: if dim is not specified but ord is, the input must be 1D or 2D. Got {A.ndim}D.")
    if isinstance(ord, str):
        raise RuntimeError(f"linalg.norm: order {ord} needs two dimensions")
    return vector_norm(A, 2 if ord is None else ord, dim, keepdim, dtype=dtype)


def nuclear_norm(x, dim, keepdim):
    """torch.norm(x, 'nuc')."""
    return matrix_norm(x, "nuc", (-2, -1) if dim is None else dim, bool(keepdim))
