"""Special functions, under torch.special's names: gamma, Bessel, error functions and their like. Most are functions of
the package under another name."""

from . import _core
from ._core import (
    digamma, digamma as psi, erf, erfc, erfcx, erfinv, exp2, expm1, i0, i0e, i1, i1e, lgamma as gammaln, log1p, log_ndtr, log_softmax, logit, logsumexp, ndtri,
    polygamma, round, sigmoid as expit, sinc, softmax, xlogy,
)
from ._composed_elementwise import mvlgamma as multigammaln
from ._polynomials import (
    chebyshev_polynomial_t, chebyshev_polynomial_u, chebyshev_polynomial_v, chebyshev_polynomial_w, hermite_polynomial_h, hermite_polynomial_he,
    laguerre_polynomial_l, legendre_polynomial_p, shifted_chebyshev_polynomial_t, shifted_chebyshev_polynomial_u,
    shifted_chebyshev_polynomial_v, shifted_chebyshev_polynomial_w, zeta,
)

__all__ = ["digamma", "psi", "erf", "erfc", "erfcx", "erfinv", "exp2", "expm1", "i0", "i0e", "i1", "i1e", "gammaln", "log1p", "log_ndtr", "log_softmax",
           "logit", "logsumexp", "ndtri", "polygamma", "round", "expit", "sinc", "softmax", "xlogy", "multigammaln", "entr", "ndtr", "xlog1py"]
__all__ += [f"{shift}chebyshev_polynomial_{kind}" for shift in ("", "shifted_") for kind in "tuvw"]
__all__ += ["hermite_polynomial_h", "hermite_polynomial_he", "laguerre_polynomial_l", "legendre_polynomial_p", "zeta"]


def entr(input):
    """−x·ln x; 0 at 0, −∞ below."""
    return _core.where(input < 0, _core.full((), -1e999, dtype=input.dtype), -_core.xlogy(input, input)) if input.dtype.is_floating_point else entr(input.float())


def ndtr(input):
    """Φ(x), the distribution function of the standard normal distribution."""
    return _core.erfc(input * -0.7071067811865476) * 0.5


def xlog1py(input, other):
    """input·ln(1 + other), and 0 where input is 0 (NaN where other is)."""
    if not isinstance(other, _core.Tensor):
        other = _core.tensor(other, dtype=input.dtype if input.dtype.is_floating_point else _core.float32)
    zero = (input == 0) & (other == other)
    return input * _core.log1p(_core.where(zero & ((other <= -1) | other.isinf()), 0.0, other))
