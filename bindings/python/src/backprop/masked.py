"""Reductions, running sums and normalisations of the elements a mask lets through, under torch.masked's names.

mask is bool and stretches to the input's shape; where it is False an element counts as if it were not there. Results that no
element reaches are the operation's identity, as in PyTorch, or NaN.
"""

from . import _core

__all__ = ["amax", "amin", "argmax", "argmin", "cumprod", "cumsum", "log_softmax", "logaddexp", "logsumexp", "mean", "median", "norm",
           "normalize", "prod", "softmax", "softmin", "std", "sum", "var"]

inf = float("inf")


def _filled(input, mask, value):
    if mask is None:
        return input
    return _core.where(mask, input, _core.full((), value, dtype=input.dtype))


def _typed(input, dtype):
    return input if dtype is None else input.to(dtype)


def _dims(input, dim):
    """The dimensions as a tuple, each once."""
    if dim is None:
        return tuple(range(input.ndim))
    dims = tuple(d % input.ndim if input.ndim else 0 for d in ((dim,) if isinstance(dim, int) else dim))
    return dims or tuple(range(input.ndim))


def _counts(input, mask, dims, keepdim):
    ones = _core.ones(input.shape, dtype=_core.int64)
    return _filled(ones, mask, 0).sum(dims, keepdim)


def sum(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """Σ of the elements the mask lets through; 0 of none."""
    x = _typed(input, dtype)
    return _filled(x, mask, 0).sum(_dims(x, dim), keepdim)


def prod(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """Π of the elements the mask lets through; 1 of none."""
    x = _filled(_typed(input, dtype), mask, 1)
    dims = _dims(x, dim)
    for d in sorted(dims, reverse=True):
        x = x.prod(d, True) if x.ndim else x.prod()
    return x if keepdim or not x.ndim else _dropped(x, dims)


def _dropped(x, dims):
    for d in sorted(dims, reverse=True):
        x = x.squeeze(d)
    return x


def amax(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """The largest element the mask lets through; −∞ of none, for whole numbers the type's lowest."""
    x = _typed(input, dtype)
    return _filled(x, mask, -inf).amax(_dims(x, dim), keepdim)


def amin(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """The smallest element the mask lets through; ∞ of none, for whole numbers the type's largest."""
    x = _typed(input, dtype)
    return _filled(x, mask, inf).amin(_dims(x, dim), keepdim)


def argmax(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """Where the largest element the mask lets through is."""
    return _filled(_typed(input, dtype), mask, -inf).argmax(dim, keepdim)


def argmin(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """Where the smallest element the mask lets through is."""
    return _filled(_typed(input, dtype), mask, inf).argmin(dim, keepdim)


def logsumexp(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """ln Σ eˣ of the elements the mask lets through; −∞ of none."""
    x = _typed(input, dtype)
    return _filled(x, mask, -inf).logsumexp(_dims(x, dim), keepdim)


def logaddexp(input, other, *, dtype=None, input_mask=None, other_mask=None):
    """ln(e^input + e^other), each where its mask lets it through."""
    x, y = _filled(_typed(input, dtype), input_mask, -inf), _filled(_typed(other, dtype), other_mask, -inf)
    x, y = x + _core.zeros_like(y), y + _core.zeros_like(x)
    return _core.stack([x, y], -1).logsumexp(-1)


def mean(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """The mean of the elements the mask lets through; NaN of none."""
    x = _typed(input, dtype)
    dims = _dims(x, dim)
    if mask is None:
        return x.mean(dims, keepdim)
    return _filled(x, mask, 0).sum(dims, keepdim) / _counts(x, mask, dims, keepdim)


def median(input, dim=-1, *, keepdim=False, dtype=None, mask=None):
    """The middle element, of two the lower, of those the mask lets through along dim; NaN of none."""
    x = _typed(input, dtype)
    return _filled(x, mask, float("nan")).nanmedian(dim, keepdim)[0]


def norm(input, ord=2.0, dim=None, *, keepdim=False, dtype=None, mask=None):
    """The norm of order ord of the elements the mask lets through."""
    x = _typed(input, dtype)
    return _core.norm(_filled(x, mask, inf if ord < 0 else 0), ord, _dims(x, dim), keepdim)


def var(input, dim=None, unbiased=None, *, correction=None, keepdim=False, dtype=None, mask=None):
    """The variance of the elements the mask lets through: Σ (x − mean)²/(n − correction)."""
    return _spread(input, dim, unbiased, correction, keepdim, dtype, mask, False)


def std(input, dim=None, unbiased=None, *, correction=None, keepdim=False, dtype=None, mask=None):
    """√ of the variance of the elements the mask lets through."""
    return _spread(input, dim, unbiased, correction, keepdim, dtype, mask, True)


def _spread(input, dim, unbiased, correction, keepdim, dtype, mask, root):
    if unbiased is not None and correction is not None:
        raise ValueError("Only one of unbiased and correction may be given")
    correction = int(unbiased) if unbiased is not None else 1 if correction is None else correction
    x = _typed(input, dtype)
    dims = _dims(x, dim)
    count = _counts(x, mask, dims, True).to(x.dtype)
    centre = _filled(x, mask, 0).sum(dims, True) / count
    squares = _filled((x - centre).square(), mask, 0).sum(dims, keepdim)
    free = (count if keepdim else count.sum(dims) if x.ndim else count) - correction
    y = squares / free.clamp(min=0)
    return y.sqrt() if root else y


def cumsum(input, dim, *, dtype=None, mask=None):
    """The running sum along dim, in which masked elements count 0."""
    return _filled(_typed(input, dtype), mask, 0).cumsum(dim)


def cumprod(input, dim, *, dtype=None, mask=None):
    """The running product along dim, in which masked elements count 1."""
    return _filled(_typed(input, dtype), mask, 1).cumprod(dim)


def softmax(input, dim, *, dtype=None, mask=None):
    """softmax along dim of the elements the mask lets through; 0 for the others."""
    return _filled(_typed(input, dtype), mask, -inf).softmax(dim)


def log_softmax(input, dim, *, dtype=None, mask=None):
    """ln of softmax along dim of the elements the mask lets through."""
    return _filled(_typed(input, dtype), mask, -inf).log_softmax(dim)


def softmin(input, dim, *, dtype=None, mask=None):
    """softmax(−input) along dim of the elements the mask lets through."""
    return (-_filled(_typed(input, dtype), mask, inf)).softmax(dim)


def normalize(input, ord, dim, *, eps=1e-12, dtype=None, mask=None):
    """input / max(norm, eps), the norm of order ord of the elements the mask lets through along dim."""
    x = _typed(input, dtype)
    length = norm(x, ord, dim, keepdim=True, mask=mask)
    return _filled(x, mask, 0) / length.clamp(min=eps)
