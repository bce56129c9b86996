from .continuous import Beta as Beta, Dirichlet as Dirichlet, Exponential as Exponential, Gamma as Gamma, Gumbel as Gumbel, Laplace as Laplace
from .continuous import LogNormal as LogNormal, MultivariateNormal as MultivariateNormal, Normal as Normal, Uniform as Uniform
from .discrete import Bernoulli as Bernoulli, Categorical as Categorical, Geometric as Geometric, OneHotCategorical as OneHotCategorical
from .discrete import Poisson as Poisson
from .distribution import Distribution as Distribution, Independent as Independent, kl_divergence as kl_divergence, register_kl as register_kl
