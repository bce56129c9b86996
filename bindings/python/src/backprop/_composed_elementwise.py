"""Element-wise functions that are a line or two of others."""

from math import frexp as _frexp, log as _log, pi as _pi

from . import _core
from ._core import Tensor, int32 as _int32


def _safe_softmax(input, dim, dtype=None):
    """softmax along dim, and 0 where everything along it is −∞."""
    x = input if dtype is None else input.to(dtype)
    nothing = (x == -1e999).all(dim, keepdim=True)
    return _core.where(nothing, 0.0, _core.where(nothing, 0.0, x).softmax(dim))


def angle(input):
    """0 where a number is positive, π where it is negative, NaN where it is."""
    x = input if input.dtype.is_floating_point else input.float()
    return _core.where(x == x, (x.detach() < 0).to(x.dtype) * _pi, x)


def fill(input, value):
    """A tensor like input with every element value, a number or a tensor of one."""
    if not isinstance(value, _core.Tensor):
        value = _core.full((), value, dtype=input.dtype)
    elif value.ndim:
        raise RuntimeError(f"fill only supports 0-dimension value tensor but got tensor with {value.ndim} dimensions")
    return _core.where(_core.ones_like(input, dtype=_core.bool), value.to(input.dtype), input)


def frexp(input):
    """(mantissa, exponent) with input = mantissa · 2^exponent, ½ ≤ |mantissa| < 1. The exponent has no gradient."""
    parts = [_frexp(x)[1] if x - x == 0 else 0 for x in input.detach().flatten().tolist()]
    exponent = _core.tensor(parts, dtype=_int32).reshape(tuple(input.shape))
    half = exponent // 2  # in two steps: 2^1073 is no number
    return _core.ldexp(_core.ldexp(input, -half), half - exponent), exponent


def isclose(input, other, rtol=1e-05, atol=1e-08, equal_nan=False):
    """|input − other| ≤ atol + rtol·|other|, element by element; equal infinities are close."""
    input, other = input.detach(), other.detach()
    if not input.dtype.is_floating_point:
        input, other = input.double(), other.double()
    near = (input == other) | ((input - other).abs() <= atol + rtol * other.abs()) & other.isfinite()
    return near | (input.isnan() & other.isnan()) if equal_nan else near


def isreal(input):
    """True everywhere: there are no complex numbers here."""
    return _core.ones_like(input, dtype=_core.bool)


def mvlgamma(input, p):
    """Logarithm of the multivariate gamma function of dimension p: p(p−1)/4·ln π + Σ lgamma(input − j/2), j < p."""
    if p < 1:
        raise ValueError(f"mvlgamma: p has to be greater than or equal to 1, got {p}")
    x = input if input.dtype.is_floating_point else input.float()
    steps = _core.arange(p, dtype=x.dtype) / 2
    return (x.unsqueeze(-1) - steps).lgamma().sum(-1) + p * (p - 1) / 4 * _log(_pi)


def isin(elements, test_elements, *, assume_unique=False, invert=False):
    """Whether each element is one of test_elements."""
    elements, test = (x if isinstance(x, Tensor) else _core.tensor(x) for x in (elements, test_elements))
    found = (elements.unsqueeze(-1) == test.reshape(-1)).any(-1) if test.numel() else _core.zeros(elements.shape, dtype=_core.bool)
    return ~found if invert else found


def isposinf(input):
    """Whether each element is +∞."""
    return input == float("inf")


def isneginf(input):
    """Whether each element is −∞."""
    return input == float("-inf")
