"""Laws of random numbers: draws, the logarithms of their probabilities, entropies, and the divergence of two of them.

    >>> from backprop.distributions import Categorical, Normal, kl_divergence
    >>> Normal(0.0, 1.0).log_prob(backprop.tensor(0.0))                # −½·ln 2π
    tensor(-0.9189)
    >>> Categorical(probs=backprop.tensor([0.5, 0.25, 0.25])).entropy()
    tensor(1.0397)
    >>> kl_divergence(Normal(1.0, 1.0), Normal(0.0, 1.0))
    tensor(0.5000)

rsample() draws so that gradients reach the parameters; log_prob(sample) is what policy gradients multiply.
"""

from .continuous import (
    Beta, Dirichlet, Exponential, Gamma, Gumbel, Laplace, LogNormal, MultivariateNormal, Normal, Uniform,
)
from .discrete import Bernoulli, Categorical, Geometric, OneHotCategorical, Poisson
from .distribution import Distribution, Independent, kl_divergence, register_kl

__all__ = [
    "Bernoulli", "Beta", "Categorical", "Dirichlet", "Distribution", "Exponential", "Gamma", "Geometric", "Gumbel", "Independent", "Laplace",
    "LogNormal", "MultivariateNormal", "Normal", "OneHotCategorical", "Poisson", "Uniform", "kl_divergence", "register_kl",
]
