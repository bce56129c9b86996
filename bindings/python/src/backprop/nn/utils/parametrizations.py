"""Weights that are orthogonal, or have a length or a largest singular value of their own."""

from ... import _core
from ..._composed_linalg import geqrf
from ..._grad_mode import no_grad
from ...linalg import householder_product, matrix_exp, qr, solve
from .. import functional as F
from ..module import Module
from .parametrize import register_parametrization

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]


class _WeightNorm(Module):
    """weight = g · v / ‖v‖, the length over all dimensions but dim."""

    def __init__(self, dim=0):
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g, weight_v):
        return weight_v * (weight_g / _length(weight_v, self.dim))

    def right_inverse(self, weight):
        return _length(weight, self.dim), weight


def _length(v, dim):
    """‖v‖ for each place of dim, shaped to go with v; −1: of the whole."""
    if dim == -1:
        return v.norm()
    dim %= v.ndim
    return _core.norm(v, 2, [d for d in range(v.ndim) if d != dim], True) if v.ndim > 1 else v.abs()


def weight_norm(module, name="weight", dim=0):
    """Length and direction of a weight are learnt each on its own (Salimans & Kingma 2016). dim None: one length for all."""
    return register_parametrization(module, name, _WeightNorm(dim), unsafe=True)


class _SpectralNorm(Module):
    """weight / σ, σ the largest singular value by power iteration."""

    def __init__(self, weight, n_power_iterations=1, dim=0, eps=1e-12):
        super().__init__()
        if not -weight.ndim <= dim < weight.ndim:
            raise IndexError(f"Dimension out of range (expected to be in range of [-{weight.ndim}, {weight.ndim - 1}] but got {dim})")
        if n_power_iterations <= 0:
            raise ValueError(f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}")
        self.dim, self.eps, self.n_power_iterations = dim % weight.ndim, eps, n_power_iterations
        if weight.ndim > 1:
            matrix = self._matrix(weight.detach())
            rows, columns = matrix.shape
            self.register_buffer("_u", F.normalize(_core.randn(rows, dtype=weight.dtype), dim=0, eps=eps))
            self.register_buffer("_v", F.normalize(_core.randn(columns, dtype=weight.dtype), dim=0, eps=eps))
            self._power_method(matrix, 15)

    def _matrix(self, weight):
        return weight.movedim(self.dim, 0).flatten(1)

    def _power_method(self, matrix, n):
        with no_grad():
            for _ in range(n):
                self._u.copy_(F.normalize(matrix.mv(self._v), dim=0, eps=self.eps))
                self._v.copy_(F.normalize(matrix.mT.mv(self._u), dim=0, eps=self.eps))

    def forward(self, weight):
        if weight.ndim == 1:
            return F.normalize(weight, dim=0, eps=self.eps)
        matrix = self._matrix(weight)
        if self.training:
            self._power_method(matrix.detach(), self.n_power_iterations)
        return weight / self._u.clone().dot(matrix.mv(self._v.clone()))

    def right_inverse(self, value):
        return value


def spectral_norm(module, name="weight", n_power_iterations=1, eps=1e-12, dim=None):
    """The weight is divided by its largest singular value (Miyato and others 2018); dim: the outputs', 1 for transposed convolutions."""
    from ..convolution import _ConvTranspose

    if dim is None:
        dim = 1 if isinstance(module, _ConvTranspose) else 0
    return register_parametrization(module, name, _SpectralNorm(getattr(module, name), n_power_iterations, dim, eps))


class _Orthogonal(Module):
    """Q from the lower triangle of any matrix [.., n, k], n ≥ k (a wide one is turned): base · map(triangle)."""

    def __init__(self, weight, kind, use_trivialization):
        super().__init__()
        self.shape, self.kind = tuple(weight.shape), kind
        self.wide = self.shape[-2] < self.shape[-1]
        if use_trivialization:
            self.register_buffer("base", _orthogonal_columns(weight.detach().mT if self.wide else weight.detach()))

    def forward(self, X):
        X = X.mT if self.wide else X
        n, k = X.shape[-2:]
        if self.kind == "householder":
            A = X.tril(-1)
            Q = householder_product(A, 2.0 / (1.0 + (A * A).sum(-2))) * X.diagonal(0, -2, -1).trunc().unsqueeze(-2)
        else:
            A = X.tril()
            if n != k:
                A = _core.cat([A, _core.zeros((*A.shape[:-1], n - k), dtype=A.dtype)], -1)
            A = A - A.mT
            identity = _core.eye(n, dtype=A.dtype)
            Q = matrix_exp(A) if self.kind == "matrix_exp" else solve(identity - A * 0.5, identity + A * 0.5)
            Q = Q[..., :k]
        Q = self.base @ Q if "base" in self._buffers else Q
        return Q.mT if self.wide else Q

    def right_inverse(self, Q):
        if tuple(Q.shape) != self.shape:
            raise ValueError(f"Expected a matrix or batch of matrices of shape {self.shape}. Got a tensor of shape {tuple(Q.shape)}.")
        Q = (Q.mT if self.wide else Q).detach()
        if "base" in self._buffers:  # the value becomes the base; of −1 every map makes the identity
            self.base.copy_(_orthogonal_columns(Q))
            X = _core.zeros_like(Q) - _core.eye(*Q.shape[-2:], dtype=Q.dtype)
        elif self.kind == "householder":
            A, tau = geqrf(Q)
            signs = A.diagonal(0, -2, -1).sign()
            X = _with_diagonal(A.tril(-1), _core.where(tau == 0, -signs, signs))
        else:
            raise NotImplementedError("It is not possible to assign to the matrix exponential or the Cayley parametrizations "
                                      "when use_trivialization=False.")
        return X.mT if self.wide else X


def _with_diagonal(A, values):
    """A [.., n, k] with these k values on its diagonal, which is 0."""
    n, k = A.shape[-2:]
    below = _core.zeros((*A.shape[:-2], n - k, k), dtype=A.dtype)
    return A + _core.cat([values.diag_embed(), below], -2)


def _orthogonal_columns(tall):
    """The orthogonal matrix [.., n, n] whose first columns span those of tall [.., n, k], in their order and direction."""
    Q, R = qr(tall, mode="complete")
    k, signs = tall.shape[-1], R.diagonal(0, -2, -1).sign()
    return _core.cat([Q[..., :k] * signs.unsqueeze(-2), Q[..., k:]], -1)


def orthogonal(module, name="weight", orthogonal_map=None, *, use_trivialization=True):
    """The weight stays orthogonal (its rows or its columns): the exponential of a skew matrix, its Cayley transform ("cayley") or, with
    orthogonal_map="householder", a product of reflections."""
    weight = getattr(module, name)
    if weight.ndim < 2:
        raise ValueError(f"Expected a matrix or batch of matrices. Got a tensor of {weight.ndim} dimensions.")
    if orthogonal_map is None:
        orthogonal_map = "matrix_exp" if weight.shape[-2] == weight.shape[-1] else "householder"
    if orthogonal_map not in ("matrix_exp", "cayley", "householder"):
        raise ValueError(f'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". Got: {orthogonal_map}')
    return register_parametrization(module, name, _Orthogonal(weight, orthogonal_map, use_trivialization), unsafe=True)
