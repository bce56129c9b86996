"""Random numbers: generators, seeds, states, and what is drawn."""

import copy
import math
import pickle
import threading

import pytest

from engine import IS_TORCH, ours, torch

N = 20000


def seeded(n=7):
    return torch.Generator().manual_seed(n)


DRAWS = {
    "rand": lambda g: torch.rand(3, 2, generator=g),
    "rand of a tuple": lambda g: torch.rand((3, 2), generator=g, dtype=torch.float64),
    "randn": lambda g: torch.randn(5, generator=g),
    "randint": lambda g: torch.randint(100, (9,), generator=g),
    "randint low": lambda g: torch.randint(50, 100, (9,), generator=g),
    "randperm": lambda g: torch.randperm(50, generator=g),
    "normal": lambda g: torch.normal(1.0, 2.0, (4,), generator=g),
    "normal of tensors": lambda g: torch.normal(torch.zeros(3), torch.ones(3), generator=g),
    "bernoulli": lambda g: torch.bernoulli(torch.full((64,), 0.5), generator=g),
    "multinomial": lambda g: torch.multinomial(torch.ones(99), 9, generator=g),
    "multinomial again": lambda g: torch.multinomial(torch.ones(99), 9, True, generator=g),
    "poisson": lambda g: torch.poisson(torch.linspace(0.5, 40, 20), generator=g),
    "uniform_": lambda g: torch.zeros(5).uniform_(2, 3, generator=g),
    "normal_": lambda g: torch.zeros(5).normal_(2, 3, generator=g),
    "random_": lambda g: torch.zeros(5).random_(1000, generator=g),
    "exponential_": lambda g: torch.zeros(5).exponential_(2, generator=g),
    "bernoulli_": lambda g: torch.zeros(64).bernoulli_(0.5, generator=g),
    "log_normal_": lambda g: torch.zeros(5).log_normal_(0, 1, generator=g),
    "geometric_": lambda g: torch.zeros(64).geometric_(0.1, generator=g),
    "cauchy_": lambda g: torch.zeros(5).cauchy_(generator=g),
    **{name: lambda g, name=name: getattr(torch.nn.init, name)(torch.zeros(4, 6), generator=g) for name in
       ("uniform_", "normal_", "trunc_normal_", "xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_", "orthogonal_")},
    "sparse_": None if IS_TORCH else lambda g: torch.nn.init.sparse_(torch.zeros(4, 6), 0.5, generator=g),
}


@pytest.mark.parametrize("name", [name for name in DRAWS if DRAWS[name]])
def test_a_generator_gives_the_same_numbers_after_the_same_seed_and_leaves_the_default_one_alone(name):
    draw, g = DRAWS[name], seeded()
    torch.manual_seed(8)
    before = torch.get_rng_state()
    first, second = draw(g), draw(g)
    assert torch.equal(torch.get_rng_state(), before)
    again = seeded()
    assert torch.equal(draw(again), first) and torch.equal(draw(again), second)
    assert not torch.equal(first, second)
    torch.manual_seed(7)
    assert torch.equal(draw(None), first) and not torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(7)
    assert torch.equal(draw(torch.default_generator), first)


@pytest.mark.parametrize("wrong", [4, "cpu", object])
def test_what_is_no_generator_is_refused(wrong):
    for draw in (DRAWS["rand"], DRAWS["uniform_"], DRAWS["randperm"], DRAWS["xavier_uniform_"]):
        with pytest.raises((TypeError, AttributeError, RuntimeError)):
            draw(wrong)
    with pytest.raises(TypeError):
        torch.zeros(3, generator=seeded())


def test_a_state_is_a_tensor_of_bytes_that_goes_back():
    g = seeded()
    torch.rand(5, generator=g)
    state = g.get_state()
    assert state.dtype == torch.uint8 and state.ndim == 1
    a = torch.randn(5, generator=g)
    assert g.set_state(state) is g and torch.equal(torch.randn(5, generator=g), a)
    h = torch.Generator()
    h.set_state(state)
    assert h.initial_seed() == 7 and torch.equal(torch.randn(5, generator=h), a)
    for wrong in (torch.zeros(3), torch.zeros(3, dtype=torch.uint8), None, b"0123456789abcdef"):
        with pytest.raises((TypeError, RuntimeError)):
            g.set_state(wrong)


@ours
def test_bytes_that_are_no_state_are_refused():
    with pytest.raises(RuntimeError, match="no state"):
        torch.Generator().set_state(torch.tensor([1] * 16, dtype=torch.uint8))
    for wrong in (3, (1,), ("a", 2), (1, 2, 3)):
        with pytest.raises(TypeError):
            torch.Generator().__setstate__(wrong)


def test_a_generator_can_be_copied_and_pickled():
    g = seeded()
    torch.rand(5, generator=g)
    for other in (g.clone_state(), pickle.loads(pickle.dumps(g)), *([] if IS_TORCH else [copy.deepcopy(g)])):
        assert torch.equal(torch.randn(5, generator=g.clone_state()), torch.randn(5, generator=other))
    assert str(g.device) == "cpu" and str(torch.Generator("cpu").device) == "cpu" and str(torch.Generator(device="cpu").device) == "cpu"
    with pytest.raises((RuntimeError, TypeError)):
        torch.Generator("nowhere")


def test_seeds():
    assert torch.manual_seed(11) is torch.default_generator and torch.initial_seed() == torch.random.initial_seed() == 11
    assert seeded().manual_seed(-1).initial_seed() == 2**64 - 1 and torch.manual_seed(3.0).initial_seed() == 3
    assert torch.Generator().manual_seed(2**64 - 1).initial_seed() == 2**64 - 1
    for wrong in (2**64, -(2**63) - 1):
        with pytest.raises(ValueError):
            torch.manual_seed(wrong)
        with pytest.raises(ValueError):
            torch.Generator().manual_seed(wrong)
    for wrong in (None, [1]):
        with pytest.raises((TypeError, RuntimeError)):
            torch.manual_seed(wrong)
    seen = {torch.seed(), torch.random.seed(), torch.Generator().seed()}
    assert len(seen) == 3 and torch.initial_seed() in seen
    torch.manual_seed(0)


def test_the_state_of_the_default_generator_goes_back_and_fork_rng_restores_it():
    torch.manual_seed(5)
    torch.rand(3)
    state = torch.get_rng_state()
    a = torch.rand(3)
    torch.set_rng_state(state)
    assert torch.equal(torch.rand(3), a)
    torch.set_rng_state(state)
    with torch.random.fork_rng():
        torch.manual_seed(99)
        torch.rand(100)
    assert torch.equal(torch.rand(3), a) and torch.initial_seed() == 5
    torch.set_rng_state(state)
    with pytest.raises(KeyError), torch.random.fork_rng(devices=[]):
        torch.rand(9)
        raise KeyError
    assert torch.equal(torch.rand(3), a)
    torch.set_rng_state(state)
    with torch.random.fork_rng(enabled=False):
        torch.rand(3)
    assert torch.equal(torch.random.get_rng_state(), torch.get_rng_state()) and not torch.equal(torch.rand(3), a)


def test_an_error_leaves_the_default_generator_in_its_place():
    torch.manual_seed(5)
    state, g = torch.get_rng_state(), seeded()
    for wrong in (lambda: torch.randint(5, 5, (2,), generator=g), lambda: torch.multinomial(torch.ones(3), 9, generator=g),
                  lambda: torch.rand(-1, generator=g), lambda: torch.bernoulli(torch.tensor([2.0]), generator=g)):
        with pytest.raises((RuntimeError, ValueError)):
            wrong()
    assert torch.equal(torch.get_rng_state(), state)


def test_threads_with_generators_of_their_own_draw_what_one_thread_draws():
    def draw(seed):
        g = torch.Generator().manual_seed(seed)
        return [float(torch.randn(n, generator=g).double().sum()) for n in (10, 100000, 7, 50000) * 5]

    expected = [draw(k) for k in range(4)]
    torch.manual_seed(1)
    state, seen = torch.get_rng_state(), {}
    threads = [threading.Thread(target=lambda k=k: seen.update({k: draw(k)})) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert [seen[k] for k in range(4)] == expected and torch.equal(torch.get_rng_state(), state)


def test_randint_takes_its_arguments_in_every_form():
    g = seeded()
    for x in (torch.randint(5, (40,), generator=g), torch.randint(high=5, size=(40,), generator=g), torch.randint(5, size=(40,)),
              torch.randint(0, 5, (40,)), torch.randint(0, 5, size=[40]), torch.randint(low=0, high=5, size=(40,), dtype=torch.int32)):
        assert x.shape == (40,) and set(x.tolist()) == {0, 1, 2, 3, 4}
    assert torch.randint(-3, -2, (2, 2)).tolist() == [[-3, -3], [-3, -3]] and torch.randint(3, ()).shape == ()
    for wrong in (lambda: torch.randint(5), lambda: torch.randint(size=(3,)), lambda: torch.randint(1.5, (3,))):
        with pytest.raises(TypeError):
            wrong()


def test_every_bit_of_a_wide_range_is_random():
    x = torch.empty(N, dtype=torch.int64).random_(generator=seeded())
    assert int(x.min()) >= 0
    for bit in range(63):
        assert abs(float(((x >> bit) & 1).double().mean()) - 0.5) < 0.03, bit
    y = torch.randint(-(2**63), 2**63 - 1, (N,), generator=seeded())
    assert abs(float((y < 0).double().mean()) - 0.5) < 0.03


# name, arguments → mean, standard deviation (None: not to be compared)
SHAPES = {("uniform_", (2.0, 5.0)): (3.5, 3 / math.sqrt(12)), ("normal_", (1.0, 2.0)): (1.0, 2.0), ("exponential_", (0.5,)): (2.0, 2.0),
          ("log_normal_", (0.0, 0.5)): (math.exp(0.125), math.sqrt((math.exp(0.25) - 1) * math.exp(0.25))),
          ("geometric_", (0.2,)): (5.0, math.sqrt(0.8) / 0.2), ("bernoulli_", (0.3,)): (0.3, math.sqrt(0.21)),
          ("random_", (10,)): (4.5, math.sqrt(99 / 12)), ("random_", (5, 8)): (6.0, math.sqrt(8 / 12))}


@pytest.mark.parametrize("case", SHAPES, ids=lambda c: f"{c[0]}{c[1]}")
def test_numbers_have_the_mean_and_the_deviation_of_their_law(case):
    (name, arguments), (mean, deviation) = case, SHAPES[case]
    x = torch.empty(N, dtype=torch.float64)
    assert getattr(x, name)(*arguments, generator=seeded()) is x
    assert abs(float(x.mean()) - mean) < 5 * deviation / math.sqrt(N)
    assert abs(float(x.std()) - deviation) < 0.06 * deviation


def test_cauchy_has_its_quartiles():
    x = torch.empty(N, dtype=torch.float64).cauchy_(3, 2, generator=seeded()).sort()[0]
    assert abs(float(x[N // 2]) - 3) < 0.15 and abs(float(x[N // 4]) - 1) < 0.2 and abs(float(x[3 * N // 4]) - 5) < 0.2


@pytest.mark.parametrize("mean", [0.0, 0.7, 9.99, 10.0, 35.0, 1000.0])
def test_poisson_counts(mean):
    for dtype in (torch.float32, torch.float64):
        x = torch.poisson(torch.full((100, N // 100), mean, dtype=dtype), generator=seeded())
        assert x.dtype == dtype and x.shape == (100, N // 100) and bool((x == x.floor()).all()) and float(x.min()) >= 0
        x = x.double()
        assert abs(float(x.mean()) - mean) <= 5 * math.sqrt(mean / N) and abs(float(x.var()) - mean) <= 0.06 * mean
    chances = [math.exp(-mean + k * math.log(mean or 1) - math.lgamma(k + 1)) for k in range(60)] if 0 < mean < 100 else []
    for k, chance in enumerate(chances):
        assert abs(float((x == k).double().mean()) - chance) < 5 * math.sqrt(chance / N) + 1 / N


def test_poisson_refuses_negative_means():
    for wrong in (torch.tensor([1.0, -1.0]), torch.tensor([1.0, math.nan])):
        with pytest.raises(RuntimeError):
            torch.poisson(wrong)


def test_laws_refuse_parameters_outside_their_range():
    x = torch.zeros(3)
    for wrong in (lambda: x.uniform_(2, 1), lambda: x.normal_(0, -1), lambda: x.exponential_(0), lambda: x.log_normal_(0, 0),
                  lambda: x.geometric_(0), lambda: x.geometric_(1), lambda: x.cauchy_(0, 0), lambda: x.random_(5, 5), lambda: x.bernoulli_(1.5)):
        with pytest.raises((RuntimeError, ValueError)):
            wrong()
    assert x.tolist() == [0, 0, 0]


def test_like_another_tensor():
    x = torch.zeros(2, 3, dtype=torch.float64)
    for y in (torch.rand_like(x), torch.randn_like(x), torch.randint_like(x, 9), torch.randint_like(x, 3, 9)):
        assert y.shape == x.shape and y.dtype == x.dtype
    assert torch.rand_like(x, dtype=torch.float32, requires_grad=True).requires_grad
