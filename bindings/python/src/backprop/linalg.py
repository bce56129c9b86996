"""Linear algebra under torch.linalg's names: the library's factorizations, and what follows from them.

    >>> A = backprop.tensor([[2.0, 1.0], [1.0, 3.0]])
    >>> backprop.linalg.solve(A, backprop.tensor([3.0, 5.0]))
    tensor([0.8000, 1.4000])

Matrices are the last two dimensions, everything before is a batch; float32 or float64, computed in float64. What is not
one operation of the library is put together from several, so that gradients of every order come with it. LinAlgError, a
RuntimeError, where a matrix is singular or not positive definite and must not be.
"""

from collections import namedtuple

from . import _core
from ._core import LinAlgError, Tensor, det, float32, float64, int32, int64, matmul
from ._norms import matrix_norm, norm, vector_norm

__all__ = ["LinAlgError", "cholesky", "cholesky_ex", "cond", "cross", "det", "diagonal", "eigh", "eigvalsh", "householder_product", "inv", "inv_ex", "lstsq",
           "lu", "lu_factor", "lu_factor_ex", "lu_solve", "matmul", "matrix_exp", "matrix_norm", "matrix_power",
           "matrix_rank", "multi_dot", "norm", "pinv", "qr", "slogdet", "solve", "solve_ex", "solve_triangular", "svd", "svdvals", "tensorinv",
           "tensorsolve", "vander", "vecdot", "vector_norm"]


def _result(name, fields):
    return namedtuple(name, fields, module="backprop.return_types")


_CholeskyEx = _result("linalg_cholesky_ex", "L info")
_Eigh = _result("linalg_eigh", "eigenvalues eigenvectors")
_InvEx = _result("linalg_inv_ex", "inverse info")
_Lstsq = _result("linalg_lstsq", "solution residuals rank singular_values")
_LU = _result("linalg_lu", "P L U")
_LUFactor = _result("linalg_lu_factor", "LU pivots")
_LUFactorEx = _result("linalg_lu_factor_ex", "LU pivots info")
_QR = _result("linalg_qr", "Q R")
_Slogdet = _result("linalg_slogdet", "sign logabsdet")
_SolveEx = _result("linalg_solve_ex", "result info")
_SVD = _result("linalg_svd", "U S Vh")


def _eye(n, like):
    return _core.eye(n, dtype=like.dtype)


def _where(condition, value, x):
    """value (a number) where the condition holds, x elsewhere."""
    return _core.where(condition, _core.full((), value, dtype=x.dtype), x)


def _mask(rows, columns, k, dtype):
    """1 where column − row ≥ k, else 0."""
    row, column = _core.arange(rows).unsqueeze(1), _core.arange(columns).unsqueeze(0)
    return (column - row >= k).to(dtype)


def _upper(x, k=0):
    return _where(_mask(x.shape[-2], x.shape[-1], k, x.dtype) == 0, 0.0, x)


def _lower(x, k=0):
    return _where(_mask(x.shape[-2], x.shape[-1], k + 1, x.dtype) != 0, 0.0, x)


def _check_square(name, A):
    if A.ndim < 2 or A.shape[-1] != A.shape[-2]:
        raise RuntimeError(f"{name}: expected square matrices, got a tensor of shape {list(A.shape)}")


# Factorizations


def cholesky(A, *, upper=False):
    """L of A = L·Lᵀ (upper: U of A = Uᵀ·U), A [.., N, N] symmetric; LinAlgError where A is not positive definite."""
    return _core.cholesky(A, upper)


def cholesky_ex(A, *, upper=False, check_errors=False):
    """cholesky and, instead of an error, the order of the first leading minor that is not positive; NaN in that matrix's factor."""
    info = _core.cholesky_order(A, upper)
    if check_errors or not (info != 0).any():
        return _CholeskyEx(_core.cholesky(A, upper), info)
    bad = (info != 0).unsqueeze(-1).unsqueeze(-1)
    return _CholeskyEx(_where(bad, float("nan"), _core.cholesky(_core.where(bad, _eye(A.shape[-1], A), A), upper)), info)


def qr(A, mode="reduced"):
    """(Q, R) of A = Q·R: [.., M, N] → Q [.., M, K], R [.., K, N], K = min(M, N); mode 'complete': K = M for Q; 'r': Q empty."""
    if mode not in ("reduced", "complete", "r"):
        raise ValueError(f"qr: mode must be 'reduced', 'complete' or 'r', not {mode!r}")
    if mode == "r":
        return _QR(_core.empty(0, dtype=A.dtype), _core.qr(A)[1])
    return _QR(*_core.qr(A, mode == "complete"))


def eigh(A, UPLO="L"):
    """Ascending eigenvalues [.., N] and, in columns, eigenvectors of symmetric matrices, whose lower (UPLO 'U': upper) triangle is read."""
    if UPLO.upper() not in ("L", "U"):
        raise RuntimeError(f"eigh: UPLO must be 'L' or 'U', not {UPLO!r}")
    return _Eigh(*_core.eigh(A, UPLO.upper() == "U"))


def eigvalsh(A, UPLO="L"):
    """Ascending eigenvalues of symmetric matrices."""
    return eigh(A, UPLO)[0]


def svd(A, full_matrices=True, *, driver=None):
    """(U, S, Vh) of A = U·diag(S)·Vh, S descending: [.., M, N] → [.., M, M], [.., min], [.., N, N]; full_matrices=False: min columns, rows."""
    if driver is not None:
        raise RuntimeError(f"svd: driver {driver!r} is one of CUDA's; on the CPU it must be None")
    return _SVD(*_core.svd(A, full_matrices))


def svdvals(A, *, driver=None):
    """Descending singular values: [.., M, N] → [.., min(M, N)]."""
    return svd(A, False, driver=driver)[1]


def lu_factor(A, *, pivot=True):
    """The factors of P·A = L·U in one matrix, and the pivots, counted from 1. A zero on U's diagonal is an error."""
    LU, pivots, info = lu_factor_ex(A, pivot=pivot, check_errors=True)
    return _LUFactor(LU, pivots)


def _pivots_only(name, pivot):
    if not pivot:
        raise RuntimeError(f"{name}: pivot=False is not there on the CPU: factors without row exchanges are unstable")


def lu_factor_ex(A, *, pivot=True, check_errors=False):
    """lu_factor and, instead of an error, the number of the first zero on U's diagonal."""
    _pivots_only("lu_factor", pivot)
    LU, pivots = _core.lu(A)
    info = _zero_pivot(LU)
    if check_errors and (info != 0).any():
        raise LinAlgError(f"lu_factor: U is singular: diagonal element {int(info.max())} is zero")
    return _LUFactorEx(LU, pivots, info)


def _zero_pivot(LU):
    """The first zero of each diagonal, counted from 1; 0 where there is none."""
    d = diagonal(LU.detach()) == 0
    n = d.shape[-1]
    if n == 0 or d.numel() == 0:
        return _core.zeros(d.shape[:-1], dtype=int32)
    first = (d.to(float32) * _core.arange(n, 0, -1).to(float32)).amax(-1)
    return _where(first == 0, 0.0, n + 1 - first).to(int32)


def lu(A, *, pivot=True):
    """A = P·L·U."""
    _pivots_only("lu", pivot)
    from ._composed_linalg import lu_unpack

    return _LU(*lu_unpack(*_core.lu(A)))


def _permutation(pivots, m):
    """Where each row of P·A comes from: int64 [.., m]."""
    flat = pivots.reshape(-1, pivots.shape[-1]).tolist() if pivots.numel() else [[] for _ in range(_count(pivots.shape[:-1]))]
    rows = []
    for one in flat:
        order = list(range(m))
        for i, p in enumerate(one):
            if not 1 <= p <= m:
                raise RuntimeError(f"lu: pivots must lie in 1 … {m}, got {p}")
            order[i], order[p - 1] = order[p - 1], order[i]
        rows.append(order)
    if not rows or not m:
        return _core.zeros((*pivots.shape[:-1], m), dtype=int64)
    return _core.tensor(rows, dtype=int64).reshape(*pivots.shape[:-1], m)


def _count(shape):
    n = 1
    for size in shape:
        n *= size
    return n


def lu_solve(LU, pivots, B, *, left=True, adjoint=False):
    """X of A·X = B (X·A = B; adjoint: Aᵀ instead of A) from lu_factor's results."""
    _check_square("lu_solve", LU)
    if not left:  # X·A = B is Aᵀ·Xᵀ = Bᵀ
        return lu_solve(LU, pivots, B.mT, adjoint=not adjoint).mT
    n = LU.shape[-1]
    order = _permutation(pivots, n)
    P = (order.unsqueeze(-1) == _core.arange(n)).to(LU.dtype)  # P·A = L·U
    if adjoint:  # Aᵀ = Uᵀ·Lᵀ·P
        Y = solve_triangular(LU.mT, solve_triangular(LU.mT, B, upper=False), upper=True, unitriangular=True)
        return P.mT @ Y
    return solve_triangular(LU, solve_triangular(LU, P @ B, upper=False, unitriangular=True), upper=True)


def householder_product(A, tau):
    """The first columns of H₁·H₂·…, H = I − τ·v·vᵀ, v the columns of A below a 1 (LAPACK's orgqr)."""
    m, n = A.shape[-2:]
    if n > m or tau.shape[-1] > n:
        raise RuntimeError(f"householder_product: input {list(A.shape)} and tau {list(tau.shape)}: wanted [.., m, n] with m ≥ n, and at most n factors")
    batch = A.shape[:-2]
    Q = _core.eye(m, dtype=A.dtype)[:, :n].expand(*batch, m, n)
    v = _reflectors(A, tau)
    for i in reversed(range(tau.shape[-1])):
        w = v[..., i : i + 1]
        Q = Q - tau[..., i : i + 1].unsqueeze(-1) * (w @ (w.mT @ Q))
    return Q if Q.requires_grad else _core.where(_core.full((), True, dtype=_core.bool), Q, A)


def _reflectors(A, tau):
    """The vectors of Householder's reflections: A's columns below a diagonal of ones."""
    return _lower(A, -1) + _core.eye(A.shape[-2], dtype=A.dtype)[:, : A.shape[-1]]


# Systems of equations


def solve(A, B, *, left=True):
    """X of A·X = B, or (left=False) X·A = B; A [.., N, N], B [.., N, K] or vectors [.., N]; LinAlgError where A is singular."""
    return _core.solve(A, B, left)


def _regular(A):
    """A's info as solve_ex and inv_ex give it, and A with the identity in place of what is singular."""
    info = _zero_pivot(_core.lu(A.detach())[0])
    if not (info != 0).any():
        return info, A, None
    bad = (info != 0).unsqueeze(-1).unsqueeze(-1)
    return info, _core.where(bad, _eye(A.shape[-1], A), A), bad


def solve_ex(A, B, *, left=True, check_errors=False):
    """solve and, instead of an error, the number of the first zero pivot; NaN where there is one."""
    _check_square("solve_ex", A)
    info, regular, bad = _regular(A)
    if check_errors or bad is None:
        return _SolveEx(solve(A, B, left=left), info)
    X = solve(regular, B, left=left)
    return _SolveEx(_where(bad if X.ndim >= A.ndim else bad.squeeze(-1), float("nan"), X), info)


def solve_triangular(A, B, *, upper, left=True, unitriangular=False):
    """X of A·X = B, or X·A = B, for a triangular A."""
    return _core.solve_triangular(A, B, upper, left, unitriangular)


def inv(A):
    """A⁻¹ of [.., N, N]; LinAlgError where A is singular. solve() is quicker and more exact than inv(A) @ B."""
    return _core.inverse(A)


def inv_ex(A, *, check_errors=False):
    """inv and, instead of an error, the number of the first zero pivot; NaN where there is one."""
    _check_square("inv_ex", A)
    info, regular, bad = _regular(A)
    if check_errors or bad is None:
        return _InvEx(inv(A), info)
    return _InvEx(_where(bad, float("nan"), inv(regular)), info)


def _bounds(name, A, atol, rtol):
    """PyTorch's defaults: rtol is max(m, n)·ε unless atol alone is given."""
    if isinstance(atol, Tensor) and atol.ndim or isinstance(rtol, Tensor) and rtol.ndim:
        raise ValueError(f"{name}: one atol and one rtol for all matrices; different ones for each are not there")
    atol, rtol = None if atol is None else float(atol), None if rtol is None else float(rtol)
    if rtol is None:
        rtol = 0.0 if atol is not None and atol > 0 else max(A.shape[-2:]) * (2.0**-52 if A.dtype == float64 else 2.0**-23)
    return atol or 0.0, rtol


def pinv(A, *, atol=None, rtol=None, hermitian=False):
    """Moore and Penrose's inverse, [.., M, N] → [.., N, M]; singular values up to max(atol, rtol·the largest) count as 0."""
    if hermitian:  # as in PyTorch the lower triangle is read, and the gradient that of all elements
        now = A.detach()
        A = _lower(now) + _lower(now, -1).mT + (A - now)
    return _core.pinverse(A, *_bounds("pinv", A, atol, rtol))


def matrix_rank(A, *, atol=None, rtol=None, hermitian=False):
    """How many singular values lie above max(atol, rtol·the largest)."""
    atol, rtol = _bounds("matrix_rank", A, atol, rtol)
    S = eigvalsh(A.detach()).abs() if hermitian else svdvals(A.detach())
    if S.shape[-1] == 0:
        return _core.zeros(S.shape[:-1], dtype=int64)
    return (S > (S.amax(-1, True) * rtol).maximum(_core.full((), atol, dtype=S.dtype))).sum(-1)


def lstsq(A, B, rcond=None, *, driver=None):
    """X that makes ‖A·X − B‖ smallest, the shortest of them; the squared residuals where A has full rank and more rows than columns."""
    if driver not in (None, "gels", "gelsy", "gelsd", "gelss"):
        raise RuntimeError(f"lstsq: driver must be one of gels, gelsy, gelsd, gelss, not {driver!r}")
    vector = B.ndim == 1 or A.ndim - 1 == B.ndim and B.shape == A.shape[:-1]
    right = B.unsqueeze(-1) if vector else B
    m, n = A.shape[-2:]
    if rcond is None:
        rcond = max(m, n) * (2.0**-52 if A.dtype == float64 else 2.0**-23)
    X = _core.pinverse(A, 0.0, rcond) @ right
    rank = matrix_rank(A, rtol=rcond)
    residuals, values = X.reshape(-1)[:0], _core.empty(0, dtype=A.dtype)
    if m > n and driver not in (None, "gelsy") and (rank == n).all():
        residuals = (A @ X - right).square().sum(-2)
    if driver in ("gelsd", "gelss"):
        values = svdvals(A.detach())
    return _Lstsq(X.squeeze(-1) if vector else X, residuals, _core.empty(0, dtype=int64) if driver == "gels" else rank, values)


def tensorinv(A, ind=2):
    """The inverse of A as a map from its last dimensions to its first `ind`."""
    if ind <= 0:
        raise RuntimeError(f"tensorinv: ind must be positive, it is {ind}")
    rows, columns = A.shape[:ind], A.shape[ind:]
    if _count(rows) != _count(columns):
        raise RuntimeError(f"tensorinv: {list(A.shape)} with ind={ind} is no square matrix: {_count(rows)} and {_count(columns)}")
    return inv(A.reshape(_count(rows), -1)).reshape(*columns, *rows)


def tensorsolve(A, B, dims=None):
    """X with tensordot(A, X, X.ndim) = B; dims of A are moved to its end first."""
    if dims is not None:
        moved = [d % A.ndim for d in dims]
        A = A.permute([d for d in range(A.ndim) if d not in moved] + moved)
    shape = A.shape[B.ndim :]
    if _count(shape) != B.numel():
        raise RuntimeError(f"tensorsolve: {list(A.shape)} and {list(B.shape)} make no square system")
    return solve(A.reshape(B.numel(), -1), B.flatten()).reshape(*shape)


def slogdet(A):
    """(sign, ln |det|) of each matrix [.., N, N] → [..], [..]: a determinant that may be too large or small for a number."""
    return _Slogdet(*_core.slogdet(A))


# Norms and conditions


def cond(A, p=None):
    """‖A‖·‖A⁻¹‖; for None, 2 and −2 the ratio of extreme singular values."""
    if p is None or p in (2, -2):
        S = svdvals(A)
        return S.amin(-1) / S.amax(-1) if p == -2 else S.amax(-1) / S.amin(-1)
    _check_square("cond", A)
    inverse, info = inv_ex(A)
    y = matrix_norm(A, p) * matrix_norm(inverse, p)
    return _where(info != 0, float("inf"), y) if (info != 0).any() else y


# Products


def matrix_power(A, n):
    """A·A·… (n times) of [.., N, N]; negative powers of the inverse, n = 0 the identity."""
    _check_square("matrix_power", A)
    n = range(n).stop  # a whole number, or a TypeError
    if n < 0:
        A, n = inv(A), -n
    result = None
    while n:
        if n % 2:
            result = A if result is None else result @ A
        n //= 2
        if n:
            A = A @ A
    return _eye(A.shape[-1], A).expand(*A.shape) + A * 0 if result is None else result.clone() if result is A else result


def multi_dot(tensors):
    """The product of matrices (the first and the last may be vectors) in the order that takes the fewest multiplications."""
    tensors = list(tensors)
    if len(tensors) < 2:
        raise RuntimeError(f"multi_dot: expected at least 2 tensors, got {len(tensors)}")
    first, last = tensors[0].ndim == 1, tensors[-1].ndim == 1
    if first:
        tensors[0] = tensors[0].unsqueeze(0)
    if last:
        tensors[-1] = tensors[-1].unsqueeze(-1)
    for i, t in enumerate(tensors):
        if t.ndim != 2:
            raise RuntimeError(f"multi_dot: tensor {i} must be a matrix, its shape is {list(t.shape)}")
    y = _chain(tensors)
    y = y.squeeze(0) if first else y
    return y.squeeze(-1) if last else y


def _chain(tensors):
    sizes, n = [tensors[0].shape[0], *(t.shape[1] for t in tensors)], len(tensors)
    cost, cut = [[0] * n for _ in range(n)], [[0] * n for _ in range(n)]
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            cost[i][j], cut[i][j] = min((cost[i][k] + cost[k + 1][j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k) for k in range(i, j))

    def product(i, j):
        return tensors[i] if i == j else product(i, cut[i][j]) @ product(cut[i][j] + 1, j)

    return product(0, n - 1)


def vecdot(x, y, *, dim=-1):
    """Σ x·y along dim, both broadcast: [.., N], [.., N] → [..]."""
    return (x * y).sum(dim)


def cross(input, other, *, dim=-1):
    """The vector product along a dimension of size 3."""
    if input.ndim != other.ndim:
        raise RuntimeError(f"linalg.cross: both need the same number of dimensions, got {input.ndim} and {other.ndim}")
    if input.shape[dim] != 3 or other.shape[dim] != 3:
        raise RuntimeError(f"linalg.cross: dimension {dim} must have size 3, got {input.shape[dim]} and {other.shape[dim]}")
    ahead, back = _core.tensor([1, 2, 0]), _core.tensor([2, 0, 1])
    return input.index_select(dim, ahead) * other.index_select(dim, back) - input.index_select(dim, back) * other.index_select(dim, ahead)


def _to_end(A, dim):
    a, b = (d % A.ndim for d in dim)
    if a == b:
        raise RuntimeError(f"linalg.diagonal: dims must be different, got {dim}")
    return A.permute([d for d in range(A.ndim) if d not in (a, b)] + [a, b])


def diagonal(A, *, offset=0, dim1=-2, dim2=-1):
    """The elements (i, i + offset) of each matrix, in a new last dimension."""
    M = _to_end(A, (dim1, dim2))
    m, n = M.shape[-2:]
    M = M[..., :, max(offset, 0) :] if offset >= 0 else M[..., -offset:, :]
    k = max(min(M.shape[-2:]), 0)
    return M[..., :k, :k].reshape(*M.shape[:-2], k * k)[..., :: k + 1] if k else M.sum(-1)[..., :0]


def vander(x, *, N=None):
    """The powers 0 … N − 1 of x in a new last dimension."""
    x = x.unsqueeze(0) if x.ndim == 0 else x
    n = x.shape[-1] if N is None else N
    if N is not None and n <= 1:
        raise RuntimeError(f"linalg.vander: N must be greater than 1, it is {N}")
    columns = [_core.ones(x.shape, dtype=x.dtype)]
    for _ in range(1, n):
        columns.append(columns[-1] * x)
    return _core.stack(columns, -1)


def matrix_exp(A):
    """Σ Aᵏ/k!: a Taylor polynomial of degree 18 of A/2ˢ (Bader, Blanes, Casas 2019), squared s times."""
    _check_square("matrix_exp", A)
    if A.numel() == 0:
        return A.clone()
    dtype, A = A.dtype, A.to(float64)  # squaring squares errors, too
    size, squarings = float(A.detach().abs().sum(-2).amax()), 0
    while size > 1.0 and squarings < 1100:
        size, squarings = size / 2, squarings + 1
    A = A * 0.5**squarings
    eye, y = _eye(A.shape[-1], A), None
    for k in range(18, 0, -1):  # Horner: I + A/1·(I + A/2·(…))
        y = eye + A / k if y is None else eye + A @ y / k
    for _ in range(squarings):
        y = y @ y
    return y.to(dtype)
