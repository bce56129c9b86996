"""Laws of random numbers, against closed forms and the moments of their draws; on PyTorch the same tests hold."""

from importlib import import_module
from math import e, log, pi

import pytest
from engine import close, torch

D = import_module(torch.__name__ + ".distributions")
t = torch.tensor
COVARIANCE = [[2.0, 0.5], [0.5, 1.0]]

# name: the law, a value, log_prob there, entropy
CASES = {
    "Normal": (lambda: D.Normal(t(1.0), t(2.0)), 3.0, -0.5 - log(2) - 0.5 * log(2 * pi), 0.5 * log(2 * pi * e * 4)),
    "LogNormal": (lambda: D.LogNormal(t(0.0), t(1.0)), e, -0.5 - 0.5 * log(2 * pi) - 1, 0.5 * log(2 * pi * e)),
    "Laplace": (lambda: D.Laplace(t(0.0), t(2.0)), -2.0, -log(4) - 1, 1 + log(4)),
    "Gumbel": (lambda: D.Gumbel(t(0.0), t(1.0)), 0.0, -1.0, 1.5772156649),
    "Uniform": (lambda: D.Uniform(t(1.0), t(5.0)), 2.0, -log(4), log(4)),
    "Exponential": (lambda: D.Exponential(t(2.0)), 1.0, log(2) - 2, 1 - log(2)),
    "Gamma": (lambda: D.Gamma(t(2.0), t(3.0)), 1.0, 2 * log(3) - 3, 2 - log(3) - 0.4227843351),
    "Beta": (lambda: D.Beta(t(2.0), t(1.0)), 0.5, 0.0, -log(2) + 0.5),
    "Bernoulli": (lambda: D.Bernoulli(t(0.25)), 1.0, log(0.25), -0.25 * log(0.25) - 0.75 * log(0.75)),
    "Geometric": (lambda: D.Geometric(t(0.25)), 2.0, 2 * log(0.75) + log(0.25), (-0.25 * log(0.25) - 0.75 * log(0.75)) / 0.25),
    "Poisson": (lambda: D.Poisson(t(3.0)), 2.0, 2 * log(3) - 3 - log(2), None),
}
VECTORS = {
    "Dirichlet": (lambda: D.Dirichlet(t([1.0, 1.0, 1.0])), [0.2, 0.3, 0.5], log(2), -log(2)),
    "MultivariateNormal": (lambda: D.MultivariateNormal(t([0.0, 0.0]), t(COVARIANCE)), [0.0, 0.0], -log(2 * pi) - 0.5 * log(1.75), 1 + log(2 * pi) + 0.5 * log(1.75)),
    "OneHotCategorical": (lambda: D.OneHotCategorical(t([1.0, 3.0])), [0.0, 1.0], log(0.75), -0.25 * log(0.25) - 0.75 * log(0.75)),
    "Independent": (lambda: D.Independent(D.Normal(t([0.0, 0.0]), t([1.0, 1.0])), 1), [0.0, 0.0], -log(2 * pi), log(2 * pi * e)),
}


@pytest.mark.parametrize("name", CASES | VECTORS)
def test_log_probabilities_and_entropies(name):
    make, value, log_prob, entropy = (CASES | VECTORS)[name]
    law = make()
    assert close(law.log_prob(t(value)), log_prob, 2e-6)
    assert entropy is None or close(law.entropy(), entropy, 2e-6)
    assert name in repr(law)


@pytest.mark.parametrize("name", CASES | VECTORS)
def test_draws_have_the_moments_of_the_law(name):
    torch.manual_seed(1)
    law, n = (CASES | VECTORS)[name][0](), 20000
    draws = law.sample((n,))
    assert draws.shape == (n, *law.batch_shape, *law.event_shape) and not draws.requires_grad
    away = (draws.mean(0) - law.mean).abs() / law.variance.sqrt()
    assert (away < 5 / n**0.5).all() and close(law.stddev, law.variance.sqrt().tolist())
    if name != "LogNormal":
        assert ((draws.var(0) / law.variance - 1).abs() < 0.15).all()


def test_one_of_many():
    for law in (D.Categorical(t([[1.0, 1.0, 2.0], [8.0, 1.0, 1.0]])), D.Categorical(logits=t([[1.0, 1.0, 2.0], [8.0, 1.0, 1.0]]).log())):
        assert law.batch_shape == (2,) and law.event_shape == () and close(law.probs, [[0.25, 0.25, 0.5], [0.8, 0.1, 0.1]])
        assert close(law.log_prob(t([2, 0])), [log(0.5), log(0.8)]) and close(law.log_prob(t([[2], [1]])), [[log(0.5), log(0.1)], [log(0.25), log(0.1)]])
        assert close(law.entropy(), [1.5 * log(2), -0.8 * log(0.8) - 0.2 * log(0.1)]) and law.mode.tolist() == [2, 0]
        torch.manual_seed(0)
        draws = law.sample((4000,))
        assert draws.shape == (4000, 2) and draws.dtype is torch.int64 and law.sample().shape == (2,) and law.sample((2, 3)).shape == (2, 3, 2)
        assert ((draws == 0).float().mean(0) - law.probs[:, 0]).abs().max() < 0.04


def test_a_policy_learns():
    logits = t([0.0, 0.0], requires_grad=True)
    law = D.Categorical(logits=logits)
    (-law.log_prob(t(1)) * 2.0).backward()
    assert close(logits.grad, [1.0, -1.0])
    mean, scale = t(0.5, requires_grad=True), t(2.0, requires_grad=True)
    torch.manual_seed(0)
    draw = D.Normal(mean, scale).rsample((3,))
    draw.sum().backward()
    assert mean.grad.item() == 3 and close(scale.grad, ((draw.detach() - 0.5) / 2).sum().item(), 1e-5)


def test_distribution_functions():
    assert close(D.Normal(0.0, 1.0).cdf(t(1.0)), 0.8413447461, 1e-6) and close(D.Normal(0.0, 1.0).icdf(t(0.8413447461)), 1.0, 1e-5)
    assert close(D.Uniform(0.0, 4.0).cdf(t([0.0, 1.0, 4.0])), [0, 0.25, 1]) and close(D.Exponential(1.0).cdf(t(1.0)), 1 - 1 / e)
    assert close(D.Laplace(0.0, 1.0).cdf(t([-1.0, 1.0])), [0.5 / e, 1 - 0.5 / e]) and close(D.Gumbel(0.0, 1.0).cdf(t(0.0)), 1 / e)
    assert close(D.LogNormal(0.0, 1.0).cdf(t(e)), 0.8413447461, 1e-6) and close(D.LogNormal(0.0, 1.0).icdf(t(0.5)), 1.0)


def test_divergences():
    kl = D.kl_divergence
    assert close(kl(D.Normal(t(0.0), t(1.0)), D.Normal(t(1.0), t(2.0))), log(2) + 2 / 8 - 0.5)
    assert close(kl(D.Bernoulli(t(0.5)), D.Bernoulli(t(0.25))), 0.5 * log(2) + 0.5 * log(0.5 / 0.75))
    assert close(kl(D.Categorical(t([0.5, 0.5])), D.Categorical(t([0.25, 0.75]))), 0.5 * log(2) + 0.5 * log(0.5 / 0.75))
    assert close(kl(D.Exponential(t(1.0)), D.Exponential(t(2.0))), 1 - log(2)) and close(kl(D.Poisson(t(1.0)), D.Poisson(t(2.0))), 1 - log(2))
    assert close(kl(D.Uniform(t(0.0), t(1.0)), D.Uniform(t(0.0), t(2.0))), log(2)) and kl(D.Uniform(t(0.0), t(3.0)), D.Uniform(t(0.0), t(2.0))).item() == 1e999
    one, other = (D.Normal(t([0.0, 0.0]), t([1.0, 1.0])), D.Normal(t([1.0, 0.0]), t([1.0, 1.0])))
    assert close(kl(D.Independent(one, 1), D.Independent(other, 1)), 0.5)
    eye = t([[1.0, 0.0], [0.0, 1.0]])
    assert close(kl(D.MultivariateNormal(t([0.0, 0.0]), eye), D.MultivariateNormal(t([1.0, 0.0]), scale_tril=eye)), 0.5)
    for law in (D.Gamma(t(2.0), t(3.0)), D.Beta(t(2.0), t(3.0)), D.Dirichlet(t([1.0, 2.0])), D.Laplace(t(0.0), t(1.0)), D.Geometric(t(0.5))):
        assert close(kl(law, law), 0.0, 1e-6)
    assert kl(D.Gamma(t(2.0), t(3.0)), D.Gamma(t(1.0), t(3.0))) > 0 and kl(D.Beta(t(2.0), t(3.0)), D.Beta(t(1.0), t(1.0))) > 0
    with pytest.raises(NotImplementedError):
        kl(D.Poisson(t(1.0)), D.Dirichlet(t([1.0, 2.0])))


def test_what_cannot_be():
    for wrong in (lambda: D.Normal(t(0.0), t(-1.0)), lambda: D.Bernoulli(t(1.5)), lambda: D.Uniform(t(1.0), t(0.0)), lambda: D.Exponential(t(0.0)),
                  lambda: D.Categorical(), lambda: D.Categorical(t([0.5]), t([0.5])), lambda: D.Categorical(t([-1.0, 2.0])), lambda: D.Gamma(t(1.0), t(0.0)),
                  lambda: D.Categorical(t(0.5)), lambda: D.Dirichlet(t(1.0)), lambda: D.MultivariateNormal(t([0.0])), lambda: D.Poisson(t(-1.0)),
                  lambda: D.Independent(D.Normal(0.0, 1.0), 1)):
        with pytest.raises(ValueError):
            wrong()
    assert D.Normal(t(0.0), t(-1.0), validate_args=False).scale.item() == -1


def test_laws_of_ones_own():
    class Two(D.Distribution):
        arg_constraints = {}
        has_rsample = True

        def __init__(self):
            super().__init__(torch.Size((3,)), torch.Size(), validate_args=False)

        def rsample(self, sample_shape=()):
            return torch.full(self._extended_shape(sample_shape) if hasattr(self, "_extended_shape") else self._extended(sample_shape), 2.0)

        def entropy(self):
            return torch.zeros(3)

    @D.register_kl(Two, Two)
    def nothing(p, q):
        return p.entropy() * 0

    law = Two()
    assert law.batch_shape == (3,) and law.event_shape == () and law.sample((2,)).shape == (2, 3) and law.sample_n(2).tolist() == [[2] * 3] * 2
    assert law.perplexity().tolist() == [1, 1, 1] and D.kl_divergence(law, law).tolist() == [0, 0, 0]
    for refused in (lambda: law.log_prob(t(1.0)), lambda: law.cdf(t(1.0)), lambda: law.mean, lambda: law.variance, lambda: D.Poisson(t(1.0)).rsample()):
        with pytest.raises((TypeError, AttributeError, NotImplementedError)):
            refused()


def test_parameters_are_as_given():
    law = D.MultivariateNormal(t([0.0, 0.0]), precision_matrix=t([[2.0, 0.0], [0.0, 4.0]]))
    assert close(law.covariance_matrix, [[0.5, 0], [0, 0.25]]) and close(law.precision_matrix, [[2, 0], [0, 4]]) and close(law.scale_tril, [[0.5**0.5, 0], [0, 0.5]])
    beta, gamma, normal = D.Beta(t(2.0), t(3.0)), D.Gamma(t(2.0), t(3.0)), D.Normal(0.0, t([1.0, 2.0]))
    assert beta.concentration1.item() == 2 and beta.concentration0.item() == 3 and gamma.concentration.item() == 2 and gamma.rate.item() == 3
    assert normal.loc.tolist() == [0, 0] and normal.expand((3, 2)).batch_shape == (3, 2) and D.Uniform(1.0, 2.0).low.item() == 1
    assert close(D.Bernoulli(t(0.5)).logits, 0.0) and D.Independent(normal, 1).base_dist is normal and D.Independent(normal, 1).reinterpreted_batch_ndims == 1
