from ._core import (
    Tensor, digamma as digamma, digamma as psi, erf as erf, erfc as erfc, erfcx as erfcx, erfinv as erfinv, exp2 as exp2, expm1 as expm1, i0
    as i0, i0e as i0e, i1 as i1, i1e as i1e, lgamma as gammaln, log1p as log1p, log_ndtr as log_ndtr, log_softmax as log_softmax, logit as
    logit, logsumexp as logsumexp, ndtri as ndtri, polygamma as polygamma, round as round, sigmoid as expit, sinc as sinc, softmax as
    softmax, xlogy as xlogy,
)
from ._polynomials import (
    chebyshev_polynomial_t as chebyshev_polynomial_t,
    chebyshev_polynomial_u as chebyshev_polynomial_u,
    chebyshev_polynomial_v as chebyshev_polynomial_v,
    chebyshev_polynomial_w as chebyshev_polynomial_w,
    hermite_polynomial_h as hermite_polynomial_h,
    hermite_polynomial_he as hermite_polynomial_he,
    laguerre_polynomial_l as laguerre_polynomial_l,
    legendre_polynomial_p as legendre_polynomial_p,
    shifted_chebyshev_polynomial_t as shifted_chebyshev_polynomial_t,
    shifted_chebyshev_polynomial_u as shifted_chebyshev_polynomial_u,
    shifted_chebyshev_polynomial_v as shifted_chebyshev_polynomial_v,
    shifted_chebyshev_polynomial_w as shifted_chebyshev_polynomial_w,
    zeta as zeta,
)

def multigammaln(input: Tensor, p: int) -> Tensor: ...
def entr(input: Tensor) -> Tensor: ...
def ndtr(input: Tensor) -> Tensor: ...
def xlog1py(input: Tensor, other: Tensor | float) -> Tensor: ...
