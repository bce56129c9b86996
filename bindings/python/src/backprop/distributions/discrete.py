"""Laws of whole numbers."""

from .. import _core
from .._grad_mode import no_grad
from ..nn import functional as F
from .distribution import Distribution, broadcast, check, register_kl


def _chance(x):
    return (x >= 0) & (x <= 1)


def _clamped(probs):
    eps = 2.0**-23 if probs.dtype == _core.float32 else 2.0**-52
    return probs.clamp(min=eps, max=1 - eps)


class _OneChance(Distribution):
    """Laws of one probability, given as probs or as logits = log(p/(1 − p))."""

    _parameters = ("probs",)

    def __init__(self, probs=None, logits=None, validate_args=None):
        if (probs is None) == (logits is None):
            raise ValueError("Either `probs` or `logits` must be specified, but not both.")
        if logits is None:
            (self.probs,) = broadcast(probs)
            self.logits = _clamped(self.probs).logit()
        else:
            (self.logits,) = broadcast(logits)
            self.probs = self.logits.sigmoid()
        super().__init__(self.probs.shape, (), validate_args)
        check(self, "probs", self.probs, _chance, "between 0 and 1")


class Bernoulli(_OneChance):
    """1 with probability probs, otherwise 0."""

    mean = property(lambda self: self.probs, doc="probs.")
    variance = property(lambda self: self.probs * (1 - self.probs), doc="p·(1 − p).")

    @property
    def mode(self):
        """1 where probs > ½, 0 below; NaN for ½."""
        return _core.where(self.probs == 0.5, float("nan"), (self.probs >= 0.5).to(self.probs.dtype))

    def sample(self, sample_shape=()):
        with no_grad():
            return _core.bernoulli(self.probs.detach().expand(self._extended(sample_shape)))

    def log_prob(self, value):
        logits, value = _core.broadcast_to(self.logits, (self.logits + value).shape), (self.logits * 0 + value)
        return -F.binary_cross_entropy_with_logits(logits, value, reduction="none")

    def entropy(self):
        return F.binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none")


class Geometric(_OneChance):
    """How many attempts fail before the first success: 0, 1, …"""

    mean = property(lambda self: 1 / self.probs - 1, doc="1/p − 1.")
    variance = property(lambda self: (1 / self.probs - 1) / self.probs, doc="(1/p − 1)/p.")

    def sample(self, sample_shape=()):
        with no_grad():
            u = _core.rand(self._extended(sample_shape), dtype=self.probs.dtype).clamp(min=1e-38)
            return (u.log() / _core.log1p(-self.probs)).floor()

    def log_prob(self, value):
        return value * _core.log1p(-_clamped(self.probs)) + self.probs.log()

    def entropy(self):
        return F.binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none") / self.probs


class Poisson(Distribution):
    """How often something happens that does so rate times in the mean."""

    _parameters = ("rate",)

    def __init__(self, rate, validate_args=None):
        (self.rate,) = broadcast(rate)
        super().__init__(self.rate.shape, (), validate_args)
        check(self, "rate", self.rate, lambda x: x >= 0, "at least 0")

    mean = variance = property(lambda self: self.rate, doc="rate.")
    mode = property(lambda self: self.rate.floor(), doc="⌊rate⌋.")

    def sample(self, sample_shape=()):
        from .._composed_random import poisson

        with no_grad():
            return poisson(self.rate.detach().expand(self._extended(sample_shape)).contiguous())

    def log_prob(self, value):
        return _core.xlogy(value, self.rate) - self.rate - (value + 1).lgamma()


class Categorical(Distribution):
    """One of 0 … K − 1: probabilities along the last dimension, as probs (any positive weights) or as logits."""

    _parameters = ("probs",)

    def __init__(self, probs=None, logits=None, validate_args=None):
        if (probs is None) == (logits is None):
            raise ValueError("Either `probs` or `logits` must be specified, but not both.")
        given = logits if probs is None else probs
        if given.ndim < 1:
            raise ValueError("`probs` and `logits` parameters must be at least one-dimensional.")
        if logits is None:
            self._probs, self._logits = probs / probs.sum(-1, keepdim=True), None
        else:
            self._probs, self._logits = None, logits - logits.logsumexp(-1, keepdim=True)
        super().__init__(given.shape[:-1], (), validate_args)
        if probs is not None:
            check(self, "probs", probs, lambda x: (x >= 0) & (x.sum(-1, keepdim=True) > 0), "weights, none negative, some positive")
        else:
            check(self, "logits", logits, lambda x: x == x, "numbers")

    @property
    def probs(self):
        """Probabilities, which sum to 1."""
        if self._probs is None:
            self._probs = self._logits.softmax(-1)
        return self._probs

    @property
    def logits(self):
        """Their logarithms."""
        if self._logits is None:
            self._logits = _clamped(self._probs).log()
        return self._logits

    mode = property(lambda self: self.probs.argmax(-1), doc="The most probable one.")

    def sample(self, sample_shape=()):
        shape = self._extended(sample_shape)
        rows = self.probs.detach().reshape(-1, self.probs.shape[-1])
        n = 1
        for size in shape[: len(shape) - len(self.batch_shape)]:
            n *= size
        return _core.multinomial(rows, n, True).t().reshape(shape)

    def log_prob(self, value):
        index = value.long().unsqueeze(-1)
        batch = (index + self.logits.detach()[..., :1].long() * 0).shape[:-1]
        logits = self.logits.expand(*batch, self.logits.shape[-1])
        return logits.gather(-1, index.expand(*batch, 1)).squeeze(-1)

    def entropy(self):
        return -(self.logits.clamp(min=-3.4e38) * self.probs).sum(-1)


class OneHotCategorical(Distribution):
    """Categorical whose draws are vectors of zeros with a one."""

    _parameters = ("probs",)

    def __init__(self, probs=None, logits=None, validate_args=None):
        self._categorical = Categorical(probs, logits, validate_args)
        super().__init__(self._categorical.batch_shape, self._categorical.probs.shape[-1:], validate_args)

    probs = mean = property(lambda self: self._categorical.probs, doc="Probabilities, which sum to 1.")
    logits = property(lambda self: self._categorical.logits, doc="Their logarithms.")
    mode = property(lambda self: _core.one_hot(self.probs.argmax(-1), self.probs.shape[-1]).to(self.probs.dtype), doc="The most probable draw.")
    variance = property(lambda self: self.probs * (1 - self.probs), doc="p·(1 − p).")

    def sample(self, sample_shape=()):
        return _core.one_hot(self._categorical.sample(sample_shape), self.probs.shape[-1]).to(self.probs.dtype)

    def log_prob(self, value):
        return self._categorical.log_prob(value.argmax(-1))

    def entropy(self):
        return self._categorical.entropy()


@register_kl(Bernoulli, Bernoulli)
def _bernoullis(p, q):
    a, b = p.probs, q.probs
    return _core.xlogy(a, a / b) + _core.xlogy(1 - a, (1 - a) / (1 - b))


@register_kl(Categorical, Categorical)
def _categoricals(p, q):
    t = p.probs * (p.logits - q.logits)
    t = _core.where((q.probs == 0).expand(t.shape), float("inf"), t)
    return _core.where((p.probs == 0).expand(t.shape), 0.0, t).sum(-1)


@register_kl(OneHotCategorical, OneHotCategorical)
def _one_hots(p, q):
    return _categoricals(p._categorical, q._categorical)


@register_kl(Poisson, Poisson)
def _poissons(p, q):
    return p.rate * (p.rate.log() - q.rate.log()) - (p.rate - q.rate)


@register_kl(Geometric, Geometric)
def _geometrics(p, q):
    return -p.entropy() - _core.log1p(-q.probs) / p.probs - q.logits
