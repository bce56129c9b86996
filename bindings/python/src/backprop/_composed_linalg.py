"""The older names of linear algebra, at PyTorch's top level, put together from linalg's."""

from collections import namedtuple

from . import _core, linalg
from .linalg import _lower, _permutation, _reflectors, _upper, matrix_exp, matrix_power, slogdet
from .linalg import householder_product as orgqr

_SVD = namedtuple("svd", "U S V", module="backprop.return_types")
_GeQRF = namedtuple("geqrf", "a tau", module="backprop.return_types")
_TriangularSolve = namedtuple("triangular_solve", "solution cloned_coefficient", module="backprop.return_types")


def _whole(L, upper):
    """The triangle of L; as in PyTorch its gradient is that of all elements."""
    now = L.detach()
    return (_upper(now) if upper else _lower(now)) + (L - now)


def cholesky_inverse(input, upper=False):
    """(L·Lᵀ)⁻¹ from L, or (Uᵀ·U)⁻¹ from U."""
    X = _core.inverse(_whole(input, upper))
    return X @ X.mT if upper else X.mT @ X


def cholesky_solve(input, input2, upper=False):
    """X of L·Lᵀ·X = input, or Uᵀ·U·X = input."""
    L = _whole(input2, upper)
    L = L.mT if upper else L
    return linalg.solve(L.mT, linalg.solve(L, input))


def triangular_solve(input, A, upper=True, transpose=False, unitriangular=False):
    """X of A·X = input (Aᵀ·X = input) for a triangular A, and A."""
    X = linalg.solve_triangular(A.mT if transpose else A, input, upper=upper != transpose, unitriangular=unitriangular)
    return _TriangularSolve(X, A.expand(*X.shape[:-2], *A.shape[-2:]).clone())


def geqrf(input):
    """QR as LAPACK keeps it: R above the diagonal, the reflectors below it, and their factors tau. Without a gradient."""
    a, taus = input.detach().clone(), []
    rows, columns = a.shape[-2:]
    for j in range(min(rows, columns)):
        alpha, below = a[..., j, j], a[..., j + 1 :, j]
        rest = (below * below).sum(-1)
        length = (alpha * alpha + rest).sqrt()
        flat = rest == 0
        beta = _core.where(flat, alpha, _core.where(alpha < 0, length, -length))
        tau = _core.where(flat, 0.0, (beta - alpha) / _core.where(beta == 0, 1.0, beta))
        v = below / _core.where(flat, 1.0, alpha - beta).unsqueeze(-1)
        right = a[..., j:, j + 1 :]
        whole = _core.cat([_core.ones_like(alpha).unsqueeze(-1), v], -1)
        moved = right - tau[..., None, None] * whole.unsqueeze(-1) * (whole.unsqueeze(-2) @ right)
        a[..., j:, j + 1 :] = moved
        a[..., j, j] = beta
        a[..., j + 1 :, j] = v
        taus.append(tau)
    return _GeQRF(a, _core.stack(taus, -1) if taus else _core.empty((*a.shape[:-2], 0), dtype=a.dtype))


def qr(input, some=True):
    """The pair (Q, R) of input = Q·R, as linalg.qr(); some=False: all columns of Q."""
    return linalg.qr(input, "reduced" if some else "complete")


def svd(input, some=True, compute_uv=True):
    """U, S, V of input = U·diag(S)·Vᵀ (V, where linalg.svd() gives Vᵀ); some=False: square U and V; compute_uv=False: they are zeros."""
    if not compute_uv:
        m, n = input.shape[-2:]
        zeros = [_core.zeros((*input.shape[:-2], k, k), dtype=input.dtype) for k in (m, n)]
        return zeros[0], linalg.svdvals(input), zeros[1]
    U, S, Vh = linalg.svd(input, not some)
    return _SVD(U, S, Vh.mT)


def lu(A, pivot=True, get_infos=False):
    """The pair (LU, pivots), as linalg.lu_factor(); with get_infos also the number of the first zero pivot."""
    LU, pivots, info = linalg.lu_factor_ex(A, pivot=pivot)
    return (LU, pivots, info) if get_infos else (LU, pivots)


def lu_solve(b, LU_data, LU_pivots):
    """X of A·X = b from lu()'s results."""
    return linalg.lu_solve(LU_data, LU_pivots, b)


def cross(input, other, dim=None):
    """The vector product along dim, or along the first dimension of size 3; RuntimeError where there is none."""
    if dim is None:
        dim = next((d for d, n in enumerate(input.shape) if n == 3), None)
        if dim is None:
            raise RuntimeError(f"cross: no dimension of size 3 in {list(input.shape)}")
    return linalg.cross(input, other, dim=dim)


def lu_unpack(LU_data, LU_pivots, unpack_data=True, unpack_pivots=True):
    """P, L and U from lu_factor's results; what is not unpacked is empty."""
    m, n = LU_data.shape[-2:]
    k = min(m, n)
    empty = _core.empty(0, dtype=LU_data.dtype)
    P, L, U = empty, empty, empty
    if unpack_data:
        left = LU_data[..., :, :k]
        L, U = _lower(left, -1) + _core.eye(m, dtype=LU_data.dtype)[:, :k], _upper(LU_data[..., :k, :])
    if unpack_pivots:
        order = _permutation(LU_pivots, m)
        P = (_core.arange(m).unsqueeze(-1) == order.unsqueeze(-2)).to(LU_data.dtype)
    return P, L, U


def ormqr(input, tau, other, left=True, transpose=False):
    """Q·other, Qᵀ·other, or (left=False) other·Q, Q being all of H₁·H₂·…"""
    k = tau.shape[-1]
    v = _reflectors(input[..., :, :k], tau)
    # Q = H₁·…·H_k: from the left the last comes first, unless transposed; from the right the other way round.
    order = range(k) if left == bool(transpose) else reversed(range(k))
    for i in order:
        w, t = v[..., i : i + 1], tau[..., i : i + 1].unsqueeze(-1)
        other = other - t * (w @ (w.mT @ other)) if left else other - t * ((other @ w) @ w.mT)
    return other


def pinverse(input, rcond=1e-15):
    """Moore and Penrose's inverse; singular values up to rcond times the largest count as 0."""
    return _core.pinverse(input, 0.0, rcond)


def chain_matmul(*matrices, out=None):
    """linalg.multi_dot() of the matrices: their product in the cheapest order."""
    return matrices[0] if len(matrices) == 1 else linalg.multi_dot(matrices)


def svd_lowrank(A, q=6, niter=2, M=None):
    """The q largest singular values of A (of A − M) and their vectors, nearly: U, S, V."""
    q = 6 if q is None else q
    if M is not None:
        A = A - M
    if A.shape[-2] < A.shape[-1]:
        U, S, V = svd_lowrank(A.mT, q, niter)
        return V, S, U
    # Orthonormal columns that nearly span A's range: random ones, brought closer by A·Aᵀ (Halko, Martinsson, Tropp 2011, algorithm 4.4).
    Q = linalg.qr(A @ _core.randn(A.shape[-1], q, dtype=A.dtype))[0]
    for _ in range(niter):
        Q = linalg.qr(A @ linalg.qr(A.mT @ Q)[0])[0]
    U, S, Vh = linalg.svd(Q.mT @ A, False)
    return Q @ U, S, Vh.mT


def pca_lowrank(A, q=None, center=True, niter=2):
    """svd_lowrank of A, its columns' means subtracted."""
    m, n = A.shape[-2:]
    q = min(6, m, n) if q is None else q
    if not 0 <= q <= min(m, n):
        raise ValueError(f"q(={q}) must be non-negative integer and not greater than min(m, n)={min(m, n)}")
    if niter < 0:
        raise ValueError(f"niter(={niter}) must be non-negative integer")
    return svd_lowrank(A - A.mean(-2, True) if center else A, q, niter)
