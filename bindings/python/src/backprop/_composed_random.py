"""Random numbers of more kinds, put together from uniform and normal ones. generator: a Generator, or None for the default one."""

from . import _core
from ._core import Tensor
from ._grad_mode import no_grad

_LIMITS = {"float16": 2**11 + 1, "bfloat16": 2**8 + 1, "float32": 2**24 + 1, "float64": 2**53 + 1, "int64": 2**63 - 1, "int32": 2**31 - 1, "uint8": 256, "bool": 2}


def _normal(mean, std):
    """Normal numbers for tensors of means and deviations that broadcast."""
    with no_grad():
        std = 1.0 if std is None else std
        if isinstance(std, Tensor) and std.numel() and not bool((std >= 0).all()):
            raise RuntimeError("normal expects all elements of std >= 0.0")
        if not isinstance(std, Tensor) and not std >= 0:
            raise RuntimeError(f"normal expects std >= 0.0, but found std {std}")
        like = mean + std * 0 if isinstance(std, Tensor) else mean
        return mean + std * _core.randn(like.shape, dtype=like.dtype)


def poisson(input, generator=None):
    """Counts whose means are the elements of input, in its shape and dtype (float32 or float64). A negative mean: RuntimeError."""
    if not input.is_floating_point():
        raise TypeError(f"poisson(): needs floating-point means, not {input.dtype}")
    with no_grad():
        mean = input.detach().double()
        if not bool((mean >= 0).all()):
            raise RuntimeError("invalid Poisson rate, expected rate to be non-negative")
        few = mean < 10
        counts = _few(mean.where(few, _core.zeros_like(mean)), generator)
        if not bool(few.all()):
            counts = counts.where(few, _many(mean.clamp(min=10), generator))
        return counts.to(input.dtype)


def _few(mean, generator):
    """The first k with u ≤ P(X ≤ k)."""
    u, k = _core.rand(mean.shape, dtype=mean.dtype, generator=generator), 0
    p = (-mean).exp()
    below, counts = p.clone(), _core.zeros_like(mean)
    while k < 100 and bool((more := u > below).any()):  # beyond 100: less than 2⁻⁵³ for means below 10
        k += 1
        counts += more
        p *= mean / k
        below += p
    return counts


def _many(mean, generator):
    """Transformed rejection with squeeze, for means of 10 and more: Hörmann 1993, algorithm PTRS."""
    b = 0.931 + 2.53 * mean.sqrt()
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    certain = 0.9277 - 3.6224 / (b - 2)
    counts, open_ = _core.zeros_like(mean), mean == mean
    while bool(open_.any()):
        u = _core.rand(mean.shape, dtype=mean.dtype, generator=generator) - 0.5
        v = 1 - _core.rand(mean.shape, dtype=mean.dtype, generator=generator)
        edge = 0.5 - u.abs()
        k = ((2 * a / edge + b) * u + mean + 0.43).floor()
        possible = (k >= 0) & ((edge >= 0.013) | (v <= edge))
        inside = (v * inverse_alpha / (a / edge**2 + b)).log() <= k * mean.log() - mean - (k.clamp(min=0) + 1).lgamma()
        taken = open_ & ((edge >= 0.07) & (v <= certain) | possible & inside)
        counts = k.where(taken, counts)
        open_ = open_ & ~taken
    return counts


# In place: methods of Tensor. The memory changes; nothing random has a gradient.


def uniform_(input, from_=0, to=1, *, generator=None, **kwargs):
    """Uniform in from … to. from > to: RuntimeError."""
    low = kwargs.pop("from", from_)
    if kwargs:
        raise TypeError(f"uniform_() got an unexpected keyword argument '{next(iter(kwargs))}'")
    if not low <= to:
        raise RuntimeError(f"uniform_ expects to return a [from, to) range, but found from={low} > to={to}")
    return input.copy_(_core.rand(input.shape, dtype=input.dtype, generator=generator) * (to - low) + low)


def normal_(input, mean=0, std=1, *, generator=None):
    """Normal with this mean and standard deviation."""
    return input.copy_(_core.normal(float(mean), float(std), tuple(input.shape), dtype=input.dtype, generator=generator))


def log_normal_(input, mean=1, std=2, *, generator=None):
    """e to the power of normal numbers with this mean and standard deviation (> 0)."""
    if not std > 0:
        raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={std}")
    return input.copy_(_core.normal(float(mean), float(std), tuple(input.shape), dtype=input.dtype, generator=generator).exp())


def cauchy_(input, median=0, sigma=1, *, generator=None):
    """Cauchy: density σ/(π·(σ² + (x − median)²)). sigma ≤ 0: RuntimeError."""
    if not sigma > 0:
        raise RuntimeError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma}")
    u = _core.rand(input.shape, dtype=_core.float64, generator=generator)
    return input.copy_((u - 0.5).mul(3.141592653589793).tan() * sigma + median)


def exponential_(input, lambd=1.0, *, generator=None):
    """Exponentially distributed: density λ·e^(−λx). λ ≤ 0: RuntimeError."""
    if not lambd > 0:
        raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={lambd}")
    return input.copy_((1 - _core.rand(input.shape, dtype=input.dtype, generator=generator)).log() / -lambd)


def geometric_(input, p, *, generator=None):
    """How many trials until the first that succeeds, which each does with probability p: 1, 2, … p outside 0 … 1 or at an end: RuntimeError."""
    if not 0 < p < 1:
        raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={p}")
    u = 1 - _core.rand(input.shape, dtype=_core.float64, generator=generator)
    return input.copy_((u.log() / _core.tensor(-p, dtype=_core.float64).log1p()).ceil().clamp(min=1))


def bernoulli_(input, p=0.5, *, generator=None):
    """1 with probability p (a number, or a tensor that broadcasts to this one), else 0."""
    p = p if isinstance(p, Tensor) else _core.full(input.shape, float(p))
    return input.copy_(p.expand(input.shape).bernoulli(generator=generator))


def random_(input, from_=0, to=None, *, generator=None, **kwargs):
    """Whole numbers from … to − 1; random_(to) starts at 0, without limits the type's own apply."""
    from_ = kwargs.pop("from", from_)
    if kwargs:
        raise TypeError(f"random_() got an unexpected keyword argument '{next(iter(kwargs))}'")
    if to is None and from_:
        from_, to = 0, from_
    if to is None:
        to = _LIMITS[str(input.dtype).rpartition(".")[2]]
    return input.copy_(_core.randint(from_, to, tuple(input.shape), generator=generator))
