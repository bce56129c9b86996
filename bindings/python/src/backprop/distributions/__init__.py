"""Laws of random numbers: draws, the logarithms of their probabilities, entropies, and the divergence of two of them."""

from .continuous import (
    Beta, Dirichlet, Exponential, Gamma, Gumbel, Laplace, LogNormal, MultivariateNormal, Normal, Uniform,
)
from .discrete import Bernoulli, Categorical, Geometric, OneHotCategorical, Poisson
from .distribution import Distribution, Independent, kl_divergence, register_kl

__all__ = [
    "Bernoulli", "Beta", "Categorical", "Dirichlet", "Distribution", "Exponential", "Gamma", "Geometric", "Gumbel", "Independent", "Laplace",
    "LogNormal", "MultivariateNormal", "Normal", "OneHotCategorical", "Poisson", "Uniform", "kl_divergence", "register_kl",
]
