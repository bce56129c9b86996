"""What distributions share: shapes, samples, parameters that broadcast, and the divergence between two of them."""

from .. import _core
from .._core import Size, Tensor
from .._grad_mode import no_grad

_euler = 0.5772156649015329
_half_log_2pi = 0.9189385332046727


def broadcast(*values):
    """Numbers and tensors as tensors of one shape; numbers alone become 0-dimensional."""
    like = next((v for v in values if isinstance(v, Tensor)), None)
    if like is None:
        return [_core.tensor(float(v), dtype=_core.get_default_dtype()) for v in values]
    tensors = [v if isinstance(v, Tensor) else _core.tensor(float(v), dtype=like.dtype if like.is_floating_point() else None) for v in values]
    shape = _shape_of(tensors)
    return [t if t.shape == shape else t.expand(shape) for t in tensors]


def _shape_of(tensors):
    from .._composed_movement import broadcast_shapes

    return Size(broadcast_shapes(*(t.shape for t in tensors)))


def check(distribution, name, value, fits, constraint):
    """ValueError unless all of a parameter fits."""
    if distribution._validate_args and value.numel() and not bool(fits(value.detach()).all()):
        raise ValueError(f"Expected parameter {name} of distribution {type(distribution).__name__} to be {constraint}, but found invalid values:\n{value}")


class Distribution:
    """A law of random numbers for each element of batch_shape; one draw has event_shape."""

    has_rsample = False
    _parameters: tuple = ()

    def __init__(self, batch_shape=(), event_shape=(), validate_args=None):
        self._batch_shape, self._event_shape = Size(batch_shape), Size(event_shape)
        self._validate_args = validate_args is not False

    @property
    def batch_shape(self):
        """How many laws there are, as sizes."""
        return self._batch_shape

    @property
    def event_shape(self):
        """Sizes of one draw."""
        return self._event_shape

    @property
    def mean(self):
        """The expected value."""
        raise AttributeError(f"{type(self).__name__} has no mean")

    @property
    def variance(self):
        """The expected squared distance from the mean."""
        raise AttributeError(f"{type(self).__name__} has no variance")

    @property
    def stddev(self):
        """√variance."""
        return self.variance.sqrt()

    def _extended(self, sample_shape):
        shape = (sample_shape,) if isinstance(sample_shape, int) else tuple(sample_shape)
        return Size((*shape, *self._batch_shape, *self._event_shape))

    def sample(self, sample_shape=()):
        """Draws [*sample_shape, *batch_shape, *event_shape], without gradient."""
        with no_grad():
            return self.rsample(sample_shape)

    def sample_n(self, n):
        """n draws: sample((n,))."""
        return self.sample((n,))

    def rsample(self, sample_shape=()):
        """Draws as a function of the parameters, which get gradients; where has_rsample."""
        raise TypeError(f"{type(self).__name__} has no rsample: its draws have no derivative; take sample() and log_prob()")

    def log_prob(self, value):
        """The logarithm of the density, or of the probability, at value."""
        raise TypeError(f"{type(self).__name__} has no log_prob")

    def entropy(self):
        """The expected −log_prob."""
        raise TypeError(f"{type(self).__name__} has no entropy")

    def perplexity(self):
        """e to the entropy."""
        return self.entropy().exp()

    def cdf(self, value):
        """The probability of at most value."""
        raise TypeError(f"{type(self).__name__} has no cdf")

    def __repr__(self):
        shown = ", ".join(f"{n}: {getattr(self, n) if getattr(self, n).numel() == 1 else getattr(self, n).shape}" for n in self._parameters)
        return f"{type(self).__name__}({shown})"


class Independent(Distribution):
    """base with the last dimensions of its batch, as many as named, counted to the event: log_prob sums over them."""

    def __init__(self, base_distribution, reinterpreted_batch_ndims, validate_args=None):
        n = len(base_distribution.batch_shape) - reinterpreted_batch_ndims
        if n < 0:
            raise ValueError(f"Expected reinterpreted_batch_ndims <= len(base_distribution.batch_shape), actual {reinterpreted_batch_ndims} vs "
                             f"{len(base_distribution.batch_shape)}")
        self.base_dist, self.reinterpreted_batch_ndims = base_distribution, reinterpreted_batch_ndims
        shape = base_distribution.batch_shape
        super().__init__(shape[:n], (*shape[n:], *base_distribution.event_shape), validate_args)
        self.has_rsample = base_distribution.has_rsample

    mean = property(lambda self: self.base_dist.mean, doc="base's.")
    mode = property(lambda self: self.base_dist.mode, doc="base's.")
    variance = property(lambda self: self.base_dist.variance, doc="base's.")

    def _sum(self, x):
        n = self.reinterpreted_batch_ndims
        return x.sum(tuple(range(x.ndim - n, x.ndim))) if n else x

    def sample(self, sample_shape=()):
        return self.base_dist.sample(sample_shape)

    def rsample(self, sample_shape=()):
        return self.base_dist.rsample(sample_shape)

    def log_prob(self, value):
        return self._sum(self.base_dist.log_prob(value))

    def entropy(self):
        return self._sum(self.base_dist.entropy())

    def __repr__(self):
        return f"Independent({self.base_dist!r}, {self.reinterpreted_batch_ndims})"


_divergences: dict = {}


def register_kl(type_p, type_q):
    """A decorator: the function computes kl_divergence(p, q) for these classes and their subclasses."""
    def keep(function):
        _divergences[type_p, type_q] = function
        return function

    return keep


def kl_divergence(p, q):
    """E over p of log p − log q, elementwise over the batch. NotImplementedError for pairs without a formula."""
    for kind_p in type(p).__mro__:
        for kind_q in type(q).__mro__:
            if (kind_p, kind_q) in _divergences:
                return _divergences[kind_p, kind_q](p, q)
    raise NotImplementedError(f"No KL(p || q) is implemented for p type {type(p).__name__} and q type {type(q).__name__}")


@register_kl(Independent, Independent)
def _independent(p, q):
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError("kl_divergence: the two Independent differ in reinterpreted_batch_ndims")
    return p._sum(kl_divergence(p.base_dist, q.base_dist))
