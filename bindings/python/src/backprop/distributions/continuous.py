"""Laws of real numbers."""

from math import pi

from .. import _core
from .._grad_mode import no_grad
from .distribution import Distribution, broadcast, check, _euler, _half_log_2pi, register_kl


def _positive(x):
    return x > 0


class _LocationScale(Distribution):
    has_rsample = True
    _parameters = ("loc", "scale")

    def __init__(self, loc, scale, validate_args=None):
        self.loc, self.scale = broadcast(loc, scale)
        super().__init__(self.loc.shape, (), validate_args)
        check(self, "scale", self.scale, _positive, "greater than 0")

    mean = mode = property(lambda self: self.loc, doc="loc.")

    def expand(self, batch_shape):
        """The same with parameters of another batch shape."""
        return type(self)(self.loc.expand(batch_shape), self.scale.expand(batch_shape), validate_args=False)

    def rsample(self, sample_shape=()):
        return self.loc + self.scale * self._standard(self._extended(sample_shape))


class Normal(_LocationScale):
    """N(loc, scale²)."""

    stddev = property(lambda self: self.scale, doc="scale.")
    variance = property(lambda self: self.scale**2, doc="scale².")

    def _standard(self, shape):
        return _core.randn(shape, dtype=self.loc.dtype)

    def log_prob(self, value):
        return -((value - self.loc) ** 2) / (2 * self.scale**2) - self.scale.log() - _half_log_2pi

    def entropy(self):
        return 0.5 + _half_log_2pi + self.scale.log()

    def cdf(self, value):
        return 0.5 * (1 + ((value - self.loc) / self.scale / 2**0.5).erf())

    def icdf(self, value):
        """The inverse of cdf."""
        return self.loc + self.scale * (2 * value - 1).erfinv() * 2**0.5


class LogNormal(Normal):
    """e to the power of what is N(loc, scale²)."""

    mean = property(lambda self: (self.loc + self.scale**2 / 2).exp(), doc="e^(loc + scale²/2).")
    mode = property(lambda self: (self.loc - self.scale**2).exp(), doc="e^(loc − scale²).")
    variance = property(lambda self: self.scale.square().expm1() * (2 * self.loc + self.scale**2).exp(), doc="(e^scale² − 1)·e^(2·loc + scale²).")
    stddev = property(lambda self: self.variance.sqrt(), doc="√variance.")

    def rsample(self, sample_shape=()):
        return super().rsample(sample_shape).exp()

    def log_prob(self, value):
        return super().log_prob(value.log()) - value.log()

    def entropy(self):
        return super().entropy() + self.loc

    def cdf(self, value):
        return super().cdf(value.log())

    def icdf(self, value):
        return super().icdf(value).exp()


class Laplace(_LocationScale):
    """Density e^(−|x − loc|/scale)/(2·scale)."""

    variance = property(lambda self: 2 * self.scale**2, doc="2·scale².")

    def cdf(self, value):
        z = (value - self.loc) / self.scale
        return 0.5 - 0.5 * z.sign() * (-z.abs()).expm1()

    def _standard(self, shape):
        u = _core.rand(shape, dtype=self.loc.dtype) - 0.5
        return -u.sign() * _core.log1p(-2 * u.abs())

    def log_prob(self, value):
        return -(2 * self.scale).log() - (value - self.loc).abs() / self.scale

    def entropy(self):
        return 1 + (2 * self.scale).log()


class Gumbel(_LocationScale):
    """The law of the largest of many: density e^(−z − e^(−z))/scale, z = (x − loc)/scale."""

    mean = property(lambda self: self.loc + self.scale * _euler, doc="loc + 0.5772·scale.")
    variance = property(lambda self: (pi**2 / 6) * self.scale**2, doc="π²/6·scale².")

    def cdf(self, value):
        return (-(-(value - self.loc) / self.scale).exp()).exp()

    def _standard(self, shape):
        return -_core.empty(shape, dtype=self.loc.dtype).exponential_().log()

    def log_prob(self, value):
        z = (value - self.loc) / self.scale
        return -z - (-z).exp() - self.scale.log()

    def entropy(self):
        return self.scale.log() + (1 + _euler)


class Uniform(Distribution):
    """Every number from low to below high alike."""

    has_rsample = True
    _parameters = ("low", "high")

    def __init__(self, low, high, validate_args=None):
        self.low, self.high = broadcast(low, high)
        super().__init__(self.low.shape, (), validate_args)
        if self._validate_args and not bool((self.low.detach() < self.high.detach()).all()):
            raise ValueError("Uniform is not defined when low >= high")

    mean = property(lambda self: (self.high + self.low) / 2, doc="The middle.")
    variance = property(lambda self: (self.high - self.low) ** 2 / 12, doc="(high − low)²/12.")

    def rsample(self, sample_shape=()):
        return self.low + (self.high - self.low) * _core.rand(self._extended(sample_shape), dtype=self.low.dtype)

    def log_prob(self, value):
        inside = (self.low <= value) & (value < self.high)
        return inside.to(self.low.dtype).log() - (self.high - self.low).log()

    def entropy(self):
        return (self.high - self.low).log()

    def cdf(self, value):
        return ((value - self.low) / (self.high - self.low)).clamp(0, 1)


class Exponential(Distribution):
    """Density rate·e^(−rate·x), x ≥ 0."""

    has_rsample = True
    _parameters = ("rate",)

    def __init__(self, rate, validate_args=None):
        (self.rate,) = broadcast(rate)
        super().__init__(self.rate.shape, (), validate_args)
        check(self, "rate", self.rate, _positive, "greater than 0")

    mean = stddev = property(lambda self: 1 / self.rate, doc="1/rate.")
    mode = property(lambda self: _core.zeros_like(self.rate), doc="0.")
    variance = property(lambda self: self.rate**-2, doc="1/rate².")

    def rsample(self, sample_shape=()):
        return _core.empty(self._extended(sample_shape), dtype=self.rate.dtype).exponential_() / self.rate

    def log_prob(self, value):
        return self.rate.log() - self.rate * value

    def entropy(self):
        return 1 - self.rate.log()

    def cdf(self, value):
        return -(-self.rate * value).expm1()


def _standard_gamma(shape, concentration):
    """Draws with density ∝ x^(a−1)·e^(−x) (Marsaglia and Tsang 2000); below a = 1 a draw for a + 1 times u^(1/a)."""
    a = concentration.detach().expand(shape).to(_core.float64).contiguous()
    d = _core.where(a < 1, a + 1, a) - 1 / 3
    draws, missing = _core.zeros(shape, dtype=_core.float64), _core.ones(shape, dtype=_core.bool)
    while bool(missing.any()):
        x, u = _core.randn(shape, dtype=_core.float64), _core.rand(shape, dtype=_core.float64)
        v = (1 + x / (9 * d).sqrt()) ** 3
        taken = missing & (v > 0) & (u.log() < 0.5 * x**2 + d - d * v + d * v.clamp(min=1e-300).log())
        draws, missing = _core.where(taken, d * v, draws), missing & ~taken
    small = _core.rand(shape, dtype=_core.float64) ** (1 / a)
    return _core.where(a < 1, draws * small, draws).to(concentration.dtype).clamp(min=1e-38)


class Gamma(Distribution):
    """Density ∝ x^(concentration − 1)·e^(−rate·x). Draws have no gradient here: sample() and log_prob()."""

    _parameters = ("concentration", "rate")

    def __init__(self, concentration, rate, validate_args=None):
        self.concentration, self.rate = broadcast(concentration, rate)
        super().__init__(self.rate.shape, (), validate_args)
        for name in self._parameters:
            check(self, name, getattr(self, name), _positive, "greater than 0")

    mean = property(lambda self: self.concentration / self.rate, doc="concentration/rate.")
    variance = property(lambda self: self.concentration / self.rate**2, doc="concentration/rate².")
    mode = property(lambda self: ((self.concentration - 1) / self.rate).clamp(min=0), doc="(concentration − 1)/rate, at least 0.")

    def sample(self, sample_shape=()):
        with no_grad():
            return _standard_gamma(self._extended(sample_shape), self.concentration) / self.rate

    def log_prob(self, value):
        a, b = self.concentration, self.rate
        return _core.xlogy(a, b) + _core.xlogy(a - 1, value) - b * value - a.lgamma()

    def entropy(self):
        a = self.concentration
        return a - self.rate.log() + a.lgamma() + (1 - a) * a.digamma()


class Dirichlet(Distribution):
    """Parts of one whole, density ∝ Π xᵢ^(concentrationᵢ − 1). Draws have no gradient here: sample() and log_prob()."""

    _parameters = ("concentration",)

    def __init__(self, concentration, validate_args=None):
        if concentration.ndim < 1:
            raise ValueError("`concentration` parameter must be at least one-dimensional.")
        self.concentration = concentration
        super().__init__(concentration.shape[:-1], concentration.shape[-1:], validate_args)
        check(self, "concentration", concentration, _positive, "greater than 0")

    mean = property(lambda self: self.concentration / self.concentration.sum(-1, True), doc="concentration/Σ.")

    @property
    def variance(self):
        a0 = self.concentration.sum(-1, True)
        return self.concentration * (a0 - self.concentration) / (a0**2 * (a0 + 1))

    def sample(self, sample_shape=()):
        with no_grad():
            parts = _standard_gamma(self._extended(sample_shape), self.concentration)
            return parts / parts.sum(-1, True)

    def log_prob(self, value):
        a = self.concentration
        return _core.xlogy(a - 1, value).sum(-1) + a.sum(-1).lgamma() - a.lgamma().sum(-1)

    def entropy(self):
        a = self.concentration
        a0, k = a.sum(-1), a.shape[-1]
        return a.lgamma().sum(-1) - a0.lgamma() - (k - a0) * a0.digamma() - ((a - 1) * a.digamma()).sum(-1)


class Beta(Distribution):
    """Numbers between 0 and 1, density ∝ x^(concentration1 − 1)·(1 − x)^(concentration0 − 1). Draws have no gradient here."""

    _parameters = ("concentration1", "concentration0")

    def __init__(self, concentration1, concentration0, validate_args=None):
        a, b = broadcast(concentration1, concentration0)
        self._both = Dirichlet(_core.stack([a, b], -1), validate_args)
        super().__init__(a.shape, (), validate_args)

    concentration1 = property(lambda self: self._both.concentration.select(-1, 0), doc="The exponent of x, plus 1.")
    concentration0 = property(lambda self: self._both.concentration.select(-1, 1), doc="The exponent of 1 − x, plus 1.")
    mean = property(lambda self: self.concentration1 / (self.concentration1 + self.concentration0), doc="concentration1 / the sum of both.")

    @property
    def variance(self):
        total = self.concentration1 + self.concentration0
        return self.concentration1 * self.concentration0 / (total**2 * (total + 1))

    def sample(self, sample_shape=()):
        return self._both.sample(sample_shape).select(-1, 0)

    def log_prob(self, value):
        return self._both.log_prob(_core.stack([value, 1 - value], -1))

    def entropy(self):
        return self._both.entropy()


class MultivariateNormal(Distribution):
    """N(loc, Σ) of vectors: Σ by covariance_matrix, precision_matrix or its Cholesky factor scale_tril."""

    has_rsample = True
    _parameters = ("loc",)

    def __init__(self, loc, covariance_matrix=None, precision_matrix=None, scale_tril=None, validate_args=None):
        if (covariance_matrix is None) + (precision_matrix is None) + (scale_tril is None) != 2:
            raise ValueError("Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified.")
        matrix = next(m for m in (covariance_matrix, precision_matrix, scale_tril) if m is not None)
        if matrix.ndim < 2 or loc.ndim < 1:
            raise ValueError("MultivariateNormal: loc must be at least one-dimensional, the matrix at least two-dimensional")
        if precision_matrix is not None:
            covariance_matrix = precision_matrix.inverse()
        self.scale_tril = covariance_matrix.cholesky() if scale_tril is None else scale_tril
        batch = (loc[..., None] + self.scale_tril[..., :1]).shape[:-2]
        self.loc = loc.expand(*batch, loc.shape[-1])
        super().__init__(batch, loc.shape[-1:], validate_args)

    mean = mode = property(lambda self: self.loc, doc="loc.")
    covariance_matrix = property(lambda self: self.scale_tril @ self.scale_tril.mT, doc="Σ.")
    precision_matrix = property(lambda self: self.covariance_matrix.inverse(), doc="Σ⁻¹.")
    variance = property(lambda self: self.scale_tril.square().sum(-1).expand(self.loc.shape), doc="The diagonal of Σ.")

    def rsample(self, sample_shape=()):
        z = _core.randn(self._extended(sample_shape), dtype=self.loc.dtype)
        return self.loc + (self.scale_tril @ z.unsqueeze(-1)).squeeze(-1)

    def _half_log_det(self):
        return self.scale_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)

    def log_prob(self, value):
        from ..linalg import solve_triangular

        away = (value - self.loc).unsqueeze(-1)
        z = solve_triangular(self.scale_tril.expand(*away.shape[:-2], *self.scale_tril.shape[-2:]), away, upper=False).squeeze(-1)
        return -0.5 * z.square().sum(-1) - self._half_log_det() - self.loc.shape[-1] * _half_log_2pi

    def entropy(self):
        return (self._half_log_det() + self.loc.shape[-1] * (0.5 + _half_log_2pi)).expand(self.batch_shape)


@register_kl(Normal, Normal)
def _normals(p, q):
    ratio = (p.scale / q.scale) ** 2
    return 0.5 * (ratio + ((p.loc - q.loc) / q.scale) ** 2 - 1 - ratio.log())


@register_kl(Laplace, Laplace)
def _laplaces(p, q):
    away = (p.loc - q.loc).abs()
    return (q.scale / p.scale).log() + away / q.scale + p.scale / q.scale * (-away / p.scale).exp() - 1


@register_kl(Uniform, Uniform)
def _uniforms(p, q):
    outside = (q.low > p.low) | (q.high < p.high)
    return _core.where(outside, float("inf"), ((q.high - q.low) / (p.high - p.low)).log())


@register_kl(Exponential, Exponential)
def _exponentials(p, q):
    ratio = q.rate / p.rate
    return -ratio.log() + ratio - 1


@register_kl(Gamma, Gamma)
def _gammas(p, q):
    a, b = p.concentration, q.concentration
    return b * (p.rate / q.rate).log() + b.lgamma() - a.lgamma() + (a - b) * a.digamma() + (q.rate - p.rate) * a / p.rate


@register_kl(Dirichlet, Dirichlet)
def _dirichlets(p, q):
    a, b = p.concentration, q.concentration
    total = a.sum(-1)
    return total.lgamma() - b.sum(-1).lgamma() - (a.lgamma() - b.lgamma()).sum(-1) + ((a - b) * (a.digamma() - total.digamma().unsqueeze(-1))).sum(-1)


@register_kl(Beta, Beta)
def _betas(p, q):
    return _dirichlets(p._both, q._both)


@register_kl(MultivariateNormal, MultivariateNormal)
def _multivariate(p, q):
    from ..linalg import solve_triangular

    ratio = solve_triangular(q.scale_tril, p.scale_tril, upper=False).square().sum((-2, -1))
    away = solve_triangular(q.scale_tril, (q.loc - p.loc).unsqueeze(-1), upper=False).square().sum((-2, -1))
    return q._half_log_det() - p._half_log_det() + 0.5 * (ratio + away - p.loc.shape[-1])
