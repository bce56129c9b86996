"""Linear algebra: what PyTorch's sample inputs leave out. Each test runs against PyTorch as well (BACKPROP_TEST_MODULE=torch)."""

import math

import pytest
from engine import IS_TORCH, close, ours, torch

linalg = __import__(torch.__name__ + ".linalg", fromlist=["linalg"]) if not IS_TORCH else torch.linalg
LinAlgError = linalg.LinAlgError
SINGULAR = [[1.0, 2.0], [2.0, 4.0]]


def gradient(f, data):
    x = torch.tensor(data, dtype=torch.float64, requires_grad=True)
    f(x).sum().backward()
    return x.grad


@pytest.mark.parametrize("call", [
    lambda: linalg.inv(torch.tensor(SINGULAR)), lambda: torch.inverse(torch.zeros(2, 2)), lambda: linalg.solve(torch.tensor(SINGULAR), torch.ones(2)),
    lambda: linalg.cholesky(torch.tensor([[1.0, 2.0], [2.0, 1.0]])), lambda: torch.cholesky(-torch.eye(3)), lambda: linalg.lu_factor(torch.tensor(SINGULAR)),
    lambda: linalg.inv_ex(torch.tensor(SINGULAR), check_errors=True), lambda: linalg.cholesky_ex(-torch.eye(2), check_errors=True),
])
def test_singular_matrices_are_errors(call):
    with pytest.raises(LinAlgError):
        call()
    assert issubclass(LinAlgError, RuntimeError)


@ours
def test_the_error_says_which_matrix():
    batch = torch.stack([torch.eye(2), torch.tensor(SINGULAR)])
    with pytest.raises(LinAlgError, match="inverse: matrix 1 of the batch is singular: diagonal element 2"):
        torch.inverse(batch)
    with pytest.raises(LinAlgError, match="cholesky: matrix 1 of the batch .* order 2 is not positive"):
        torch.cholesky(torch.stack([torch.eye(2), torch.tensor([[1.0, 2.0], [2.0, 1.0]])]))


def test_forms_with_info_do_not_raise():
    L, info = linalg.cholesky_ex(torch.stack([torch.eye(2), torch.tensor([[1.0, 2.0], [2.0, 1.0]])]))
    assert info.tolist() == [0, 2] and close(L[0], [[1, 0], [0, 1]])
    inverse, info = linalg.inv_ex(torch.stack([torch.tensor(SINGULAR), 2 * torch.eye(2)]))
    assert info.tolist() == [2, 0] and close(inverse[1], [[0.5, 0], [0, 0.5]])
    X, info = linalg.solve_ex(torch.tensor(SINGULAR), torch.ones(2))
    assert info.item() == 2


@ours  # PyTorch's is 0 where a pivot is
@pytest.mark.parametrize("matrix, cofactors", [
    ([[0.0, 0.0], [0.0, 0.0]], [[0, 0], [0, 0]]), ([[1.0, 2.0], [2.0, 4.0]], [[4, -2], [-2, 1]]), ([[0.0]], [[1]]),
    ([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]], [[-3, 6, -3], [6, -12, 6], [-3, 6, -3]]), ([[1.0, 1.0, 1.0]] * 3, [[0] * 3] * 3),
])
def test_the_determinants_gradient_at_singular_matrices(matrix, cofactors):
    assert close(gradient(torch.det, matrix), cofactors, 1e-12)


@ours
@pytest.mark.parametrize("rank", [0, 1, 2, 3])
def test_the_determinants_second_gradient_at_singular_matrices(rank):
    from backprop.autograd import gradgradcheck

    a = torch.randn(3, rank, dtype=torch.float64, requires_grad=True) if rank else torch.zeros(3, 3, dtype=torch.float64, requires_grad=True)
    b = torch.randn(rank, 3, dtype=torch.float64) if rank else torch.eye(3, dtype=torch.float64)
    assert gradgradcheck(lambda x: torch.det(x @ b), (a,))


def test_logarithms_of_determinants():
    assert torch.logdet(torch.tensor(SINGULAR)).item() == -math.inf
    assert math.isnan(torch.logdet(torch.tensor([[0.0, 1.0], [1.0, 0.0]])).item())
    sign, logarithm = torch.slogdet(torch.tensor(SINGULAR))
    assert sign.item() == 0 and logarithm.item() == -math.inf
    assert torch.det(torch.zeros(2, 0, 0)).tolist() == [1, 1]


def test_only_one_triangle_is_read():
    nan = math.nan
    assert close(linalg.cholesky(torch.tensor([[4.0, nan], [2.0, 5.0]])), [[2, 0], [1, 2]])
    assert close(linalg.cholesky(torch.tensor([[4.0, 2.0], [nan, 5.0]]), upper=True), [[2, 1], [0, 2]])
    assert close(linalg.solve_triangular(torch.tensor([[2.0, nan], [1.0, 1.0]]), torch.tensor([[2.0], [3.0]]), upper=False), [[1], [2]])
    assert close(linalg.eigvalsh(torch.tensor([[2.0, nan], [1.0, 2.0]])), [1, 3])


@pytest.mark.parametrize("shape", [(0, 0), (3, 0), (0, 3), (2, 0, 0), (0, 2, 2), (1, 1)])
def test_empty_and_small_matrices(shape):
    x = torch.ones(shape)
    m, n = shape[-2:]
    Q, R = linalg.qr(x)
    assert tuple(Q.shape) == (*shape[:-2], m, min(m, n)) and tuple(R.shape) == (*shape[:-2], min(m, n), n)
    assert tuple(linalg.svdvals(x).shape) == (*shape[:-2], min(m, n))
    assert tuple(linalg.pinv(x).shape) == (*shape[:-2], n, m)
    if m == n:
        assert tuple(linalg.inv(x).shape) == shape and tuple(torch.det(x).shape) == shape[:-2]
        assert tuple(linalg.eigvalsh(x).shape) == shape[:-1]
        assert tuple(linalg.solve(x, x).shape) == shape and tuple(linalg.cholesky(x).shape) == shape


@pytest.mark.parametrize("n", [1, 5, 47, 48, 49, 130])
def test_factors_of_every_block_size_multiply_back(n):
    torch.manual_seed(n)
    a = torch.randn(n, n, dtype=torch.float64)
    s = a @ a.mT + torch.eye(n, dtype=torch.float64)

    def same(x, y):
        return (x - y).abs().max().item() < 1e-10 * n

    L = linalg.cholesky(s)
    assert same(L @ L.mT, s)
    P, L, U = linalg.lu(a)
    assert same(P @ L @ U, a)
    LU, pivots = linalg.lu_factor(a)
    b = torch.randn(n, 3, dtype=torch.float64)
    assert same(s @ linalg.solve(s, b), b)
    assert same(a @ linalg.lu_solve(LU, pivots, b), b) and same(a.mT @ linalg.lu_solve(LU, pivots, b, adjoint=True), b)
    w, V = linalg.eigh(s)
    assert same(V @ torch.diag(w) @ V.mT if hasattr(torch, "diag") else (V * w) @ V.mT, s)
    Q, R = linalg.qr(a)
    assert same(Q @ R, a) and same(Q.mT @ Q, torch.eye(n, dtype=torch.float64))
    for x in (a, a[:, : n // 2 + 1], a[: n // 2 + 1]):
        U, S, Vh = linalg.svd(x)
        k = S.shape[0]
        assert same((U[:, :k] * S) @ Vh[:k], x) and same(U.mT @ U, torch.eye(x.shape[0], dtype=torch.float64))
        assert (S[1:] <= S[:-1]).all()
    for upper in (False, True):
        T = linalg.lu(s)[2] if upper else linalg.cholesky(s)
        assert same(T @ linalg.solve_triangular(T, b, upper=upper), b)


def test_singular_values_of_a_matrix_without_full_rank():
    x = torch.tensor([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]], dtype=torch.float64, requires_grad=True)
    U, S, Vh = linalg.svd(x)
    assert close(S, [math.sqrt(70), 0], 1e-9) and close(U.mT @ U, [[1, 0, 0], [0, 1, 0], [0, 0, 1]], 1e-9)
    assert close(gradient(lambda x: linalg.svdvals(x).amax(), x.tolist()), [[v * w / math.sqrt(70) for w in (1, 2)] for v in (1, 2, 3)], 1e-9)


@ours
def test_second_gradients():
    from backprop.autograd import gradgradcheck

    torch.manual_seed(3)
    a, b = (torch.randn(4, 3, dtype=torch.float64, requires_grad=True) for _ in range(2))
    for f in (lambda a, b: linalg.lstsq(a, b)[0], lambda a, b: linalg.matrix_exp(a.mT @ b * 0.1), lambda a, b: linalg.matrix_norm(a, "nuc") + linalg.norm(b),
              lambda a, b: linalg.matrix_power(a.mT @ a, 3) @ b.mT, lambda a, b: linalg.householder_product(a, b[0]), lambda a, b: torch.ormqr(a, b[0], a @ b.mT),
              lambda a, b: linalg.cond(a.mT @ a, 1) * linalg.cross(a, b).sum(), lambda a, b: torch.nn.functional.bilinear(a, b, (a.mT @ b).reshape(1, 3, 3))):
        assert gradgradcheck(f, (a, b))


def test_bilinear_is_torchs():
    torch.manual_seed(0)
    layer = torch.nn.Bilinear(3, 4, 2)
    assert list(layer.state_dict()) == ["weight", "bias"] and tuple(layer.weight.shape) == (2, 3, 4)
    assert repr(layer) == "Bilinear(in1_features=3, in2_features=4, out_features=2, bias=True)"
    x, y = torch.randn(5, 6, 3), torch.randn(5, 6, 4)
    assert tuple(layer(x, y).shape) == (5, 6, 2)
    wanted = torch.einsum("abi,oij,abj->abo", x, layer.weight, y) + layer.bias
    assert (layer(x, y) - wanted).abs().max().item() < 1e-5
    assert torch.nn.Bilinear(3, 4, 2, bias=False).bias is None
    assert layer.weight.abs().max().item() <= 1 / math.sqrt(3)


@pytest.mark.parametrize("call", [
    lambda: torch.einsum("ij,jk->ik", torch.ones(2, 2)), lambda: torch.einsum("ij", [0]), lambda: torch.einsum(torch.ones(2), [52]), lambda: torch.tensordot(torch.ones(2), torch.ones(2), 3),
    lambda: torch.addmm(torch.ones(3), torch.ones(2, 2), torch.ones(2, 2)), lambda: linalg.solve(torch.eye(2), torch.ones(3)), lambda: linalg.qr(torch.eye(2), mode="all"),
    lambda: linalg.eigh(torch.eye(2), UPLO="X"), lambda: linalg.cross(torch.ones(2), torch.ones(2)), lambda: linalg.multi_dot([torch.eye(2)]), lambda: linalg.vander(torch.ones(2), N=1),
    lambda: linalg.matrix_norm(torch.eye(2), "what"), lambda: linalg.tensorinv(torch.ones(2, 3, 4), ind=1), lambda: linalg.det(torch.ones(2, 3)), lambda: torch.mm(torch.ones(2), torch.ones(2)),
    lambda: torch.addmm(torch.ones(2, 2, dtype=torch.int64), torch.ones(2, 2, dtype=torch.int64), torch.ones(2, 2, dtype=torch.int64), alpha=0.5),
])
def test_what_is_refused(call):
    with pytest.raises((RuntimeError, ValueError, TypeError, IndexError)):
        call()
