"""Order, running sums, norms, random numbers: names, errors, modules, and what no golden value can hold."""

import math

import pytest
from engine import IS_TORCH, close, ours, text, torch

F = torch.nn.functional
nan, inf = math.nan, math.inf


def test_pairs_have_names():
    x = torch.tensor([3.0, 1.0, 2.0])
    for pair in (x.sort(), x.topk(2), x.max(0), x.min(0), x.median(0), x.nanmedian(0), x.mode(0), x.kthvalue(1), x.cummax(0), x.cummin(0)):
        assert pair.values is pair[0] and pair.indices is pair[1] and pair.indices.dtype == torch.int64
    values, indices = torch.sort(x, descending=True)
    assert values.tolist() == [3, 2, 1] and indices.tolist() == [0, 2, 1]
    ends = torch.aminmax(x)
    assert ends.min.item() == 1 and ends.max.item() == 3
    assert type(torch.var_mean(x)) is tuple


def test_the_pair_says_what_it_is():
    x = torch.tensor([3.0, 1.0])
    assert text(x.sort()) == "torch.return_types.sort(\nvalues=tensor([1., 3.]),\nindices=tensor([1, 0]))"
    assert text(torch.aminmax(x)) == "torch.return_types.aminmax(\nmin=tensor(1.),\nmax=tensor(3.))"


def test_sorting_is_stable_in_rows_of_every_length():
    torch.manual_seed(0)
    for n in (1, 2, 48, 49, 50, 300, 3000):
        x = torch.randint(0, 7, (3, n))
        for descending in (False, True):
            values, indices = torch.sort(x, dim=1, descending=descending, stable=True)
            for row, v, i in zip(x.tolist(), values.tolist(), indices.tolist()):
                expected = sorted(range(n), key=lambda k: -row[k] if descending else row[k])
                assert i == expected and v == [row[k] for k in expected]


@ours
def test_topk_of_long_rows_is_the_head_of_sort():
    torch.manual_seed(1)
    for n, k in ((257, 1), (5000, 3), (5000, 64), (5000, 65), (5000, 1250), (300, 300)):
        x = torch.randn(2, n)
        x[0, 7] = nan
        for largest in (False, True):
            whole, part = x.sort(1, descending=largest), x.topk(k, 1, largest)
            assert part.indices.tolist() == whole.indices[:, :k].tolist()


def test_sort_gradient_goes_back_where_values_came_from():
    x = torch.tensor([[3.0, 1.0, 2.0]], requires_grad=True)
    (x.sort(1)[0] * torch.tensor([1.0, 10.0, 100.0])).sum().backward()
    assert x.grad.tolist() == [[100, 1, 10]]


def test_a_dim_out_of_range_is_an_index_error():
    x = torch.ones(2, 3)
    for call in (lambda: x.sort(2), lambda: x.argsort(-3), lambda: x.cumsum(2), lambda: x.cummax(5), lambda: x.topk(1, 2), lambda: x.median(2),
                 lambda: x.prod(3), lambda: x.logsumexp(2), lambda: x.mode(2), lambda: x.kthvalue(1, 2)):
        with pytest.raises(IndexError):
            call()


@ours
def test_messages_name_operation_and_value():
    x = torch.ones(2, 3)
    for call, text in (
        (lambda: x.topk(4), "topk: k is 4, there are 3 elements along dimension 1 of [2, 3]"),
        (lambda: x.topk(-1), "topk: k is -1"),
        (lambda: x.kthvalue(4), "kthvalue: k is 4, wanted 1 to the 3 elements"),
        (lambda: x.norm(nan), "norm: the order is not a number"),
        (lambda: x.long().norm(), "norm: needs float32 or float64, not int64"),
        (lambda: x.half().sort(), "sort: not defined for float16"),
        (lambda: x.half().cumsum(0), "cumsum: not defined for float16"),
        (lambda: x.long().logcumsumexp(0), "logcumsumexp: not defined for int64"),
        (lambda: torch.zeros(0).median(0), "median: no elements to choose from along dimension 0 of [0]"),
        (lambda: torch.multinomial(torch.tensor([1.0, -1.0]), 1), "weights must be finite and not negative, one is -1"),
        (lambda: torch.multinomial(torch.tensor([0.0, 0.0]), 1), "must have a sum above 0 and finite, it is 0"),
        (lambda: torch.multinomial(torch.ones(2), 3), "3 samples without replacement of 2"),
        (lambda: torch.bernoulli(torch.tensor([0.5, nan])), "bernoulli: probabilities must lie in 0…1"),
        (lambda: torch.normal(0.0, -1.0, (2,)), "normal: the standard deviation must not be negative, it is -1"),
        (lambda: F.normalize(x, eps=nan), "normalize: eps is not a number"),
        (lambda: torch.linalg.matrix_norm(x, 3), "Order 3 not supported"),
    ):
        with pytest.raises((RuntimeError, TypeError, ValueError, IndexError)) as raised:
            call()
        assert text in str(raised.value)


def test_prod_and_cumprod_gradients_are_exact_beside_zeros():
    for zeros, expected in (([2.0, 0.0, 5.0], [0, 10, 0]), ([0.0, 0.0, 5.0], [0, 0, 0])):
        x = torch.tensor(zeros, requires_grad=True)
        x.prod().backward()
        assert x.grad.tolist() == expected
    x = torch.tensor([2.0, 0.0, 5.0], requires_grad=True)
    (g,) = torch.autograd.grad(x.prod(), x, create_graph=True)
    (h,) = torch.autograd.grad(g.sum(), x)
    assert h.tolist() == [5, 7, 2]


def test_norm_and_std_have_gradient_zero_at_zero():
    for p in (0.5, 1, 1.5, 2, 3, inf):
        x = torch.zeros(2, 2, requires_grad=True)
        torch.linalg.vector_norm(x, p).backward()
        assert x.grad.tolist() == [[0, 0], [0, 0]]
    x = torch.full((3,), 2.0, requires_grad=True)
    x.std().backward()
    assert x.grad.tolist() == [0, 0, 0]


def test_modules_of_distances():
    a, b = torch.tensor([[3.0, 4.0], [1.0, 0.0]]), torch.tensor([[4.0, 3.0], [0.0, 0.0]])
    assert close(torch.nn.CosineSimilarity()(a, b), [0.96, 0.0])
    assert close(torch.nn.CosineSimilarity(dim=0, eps=1e-6)(a, a), [1.0, 1.0])
    assert close(torch.nn.PairwiseDistance()(a, b), [2**0.5, 1.0], 1e-5)
    assert close(torch.nn.PairwiseDistance(1, keepdim=True)(a, b), [[2.0], [1.0]], 1e-5)
    assert close(F.pdist(torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]])), [5.0, 1.0, 18**0.5])


def test_random_numbers_lie_where_they_should():
    torch.manual_seed(3)
    x = torch.randint(-3, 4, (1000,))
    assert x.min().item() == -3 and x.max().item() == 3
    assert torch.randint(5, (3,), dtype=torch.float64).dtype == torch.float64
    assert torch.randint_like(torch.ones(4), 2, 3).tolist() == [2, 2, 2, 2]
    y = torch.normal(5.0, 2.0, (20000,))
    assert abs(y.mean().item() - 5) < 0.1 and abs(y.std().item() - 2) < 0.1
    z = torch.normal(torch.tensor([[-9.0], [9.0]]), torch.tensor([0.0, 1.0, 0.0]))
    assert z.shape == (2, 3) and z[:, 0].tolist() == [-9, 9] and z[0, 1] < 0 < z[1, 1]
    p = torch.bernoulli(torch.full((20000,), 0.3))
    assert abs(p.mean().item() - 0.3) < 0.02 and p.unique().tolist() == [0, 1]


def test_random_numbers_in_place():
    torch.manual_seed(4)
    x = torch.empty(20000)
    assert x.uniform_(-1, 3) is x and -1 <= x.min().item() < -0.9 and 2.9 < x.max().item() <= 3
    assert abs(x.normal_(2, 3).mean().item() - 2) < 0.1 and abs(x.std().item() - 3) < 0.1
    assert abs(x.bernoulli_(0.25).mean().item() - 0.25) < 0.02 and x.unique().tolist() == [0, 1]
    assert abs(x.exponential_(2.0).mean().item() - 0.5) < 0.02 and x.min().item() >= 0
    assert sorted(x.random_(3).unique().tolist()) == [0, 1, 2] and x.random_(7, 8).min().item() == 7
    w = torch.nn.Parameter(torch.zeros(3))
    with torch.no_grad():
        w.normal_()
    assert w.abs().sum().item() > 0
    with pytest.raises(RuntimeError):
        x.uniform_(2, 1)


def test_multinomial():
    torch.manual_seed(5)
    weights = torch.tensor([[0.0, 3.0, 1.0, 0.0], [1.0, 1.0, 1.0, 1.0]])
    drawn = torch.multinomial(weights, 20000, replacement=True)
    shares = [[(row == k).double().mean().item() for k in range(4)] for row in drawn]
    assert close(torch.tensor(shares), [[0, 0.75, 0.25, 0], [0.25] * 4], 0.02)
    for _ in range(20):
        rows = torch.multinomial(weights, 2)
        assert sorted(rows[0].tolist()) == [1, 2] and len(set(rows[1].tolist())) == 2
    assert torch.multinomial(torch.tensor([0.0, 1.0]), 1).tolist() == [1]
    first = [torch.multinomial(weights, 2)[0, 0].item() for _ in range(4000)]
    assert abs(first.count(1) / 4000 - 0.75) < 0.03


def test_the_whole_range_of_integers():
    torch.manual_seed(6)
    x = torch.randint(-(2**63), 2**63 - 1, (1000,))
    assert x.min().item() < -(2**62) and x.max().item() > 2**62
    assert 350 < (x < 0).sum().item() < 650


def test_counted_off():
    assert torch.linspace(0, 1, 5).tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert torch.linspace(3, 9, 1).tolist() == [3] and torch.linspace(0, 1, 0).tolist() == []
    assert torch.logspace(0, 3, 4, base=2).tolist() == [1, 2, 4, 8] and close(torch.logspace(-1, 1, 3), [0.1, 1, 10])
    assert torch.tril_indices(3, 3).tolist() == [[0, 1, 1, 2, 2, 2], [0, 0, 1, 0, 1, 2]]
    assert torch.triu_indices(2, 3, 1).tolist() == [[0, 0, 1], [1, 2, 2]]
    assert torch.empty_like(torch.ones(2, 3)).shape == (2, 3)


def test_counts_of_bins():
    x = torch.tensor([1, 0, 3, 1])
    assert torch.bincount(x).tolist() == [1, 2, 0, 1] and torch.bincount(x, minlength=6).tolist() == [1, 2, 0, 1, 0, 0]
    assert torch.bincount(x, torch.tensor([1.0, 2.0, 4.0, 8.0])).tolist() == [2, 9, 0, 4]
    assert torch.histc(torch.tensor([1.0, 2.0, 1.0, 5.0]), bins=4, min=0, max=3).tolist() == [0, 2, 1, 0]
    s = torch.tensor([1.0, 3.0, 5.0])
    assert torch.searchsorted(s, torch.tensor([0.0, 3.0, 9.0])).tolist() == [0, 1, 3]
    assert torch.searchsorted(s, torch.tensor([3.0]), right=True).tolist() == [2]
    assert torch.bucketize(torch.tensor([3.0, 4.0]), s).tolist() == [1, 2]


def test_quantiles():
    x = torch.tensor([[3.0, 1.0, 2.0, 4.0], [nan, 1.0, 2.0, 5.0]])
    assert x.quantile(0.5, 1).tolist()[0] == 2.5 and math.isnan(x.quantile(0.5, 1)[1].item())
    assert x.nanquantile(torch.tensor([0.0, 0.5, 1.0]), 1).tolist() == [[1, 1], [2.5, 2], [4, 5]]
    for how, expected in (("lower", 1), ("higher", 2), ("nearest", 2), ("midpoint", 1.5), ("linear", 1.75)):
        assert torch.quantile(torch.tensor([1.0, 2.0]), 0.75, interpolation=how).item() == expected
    with pytest.raises(RuntimeError):
        torch.quantile(x, 1.5)


@pytest.mark.skipif(IS_TORCH, reason="there a mask is only taken with a warning")
def test_masked():
    x, mask = torch.tensor([[1.0, 2.0, 3.0]]), torch.tensor([[True, False, True]])
    m = torch.masked
    assert m.sum(x, 1, mask=mask).tolist() == [4] and m.mean(x, mask=mask).item() == 2 and m.prod(x, 1, mask=mask).tolist() == [3]
    assert m.amax(x, 1, mask=mask).tolist() == [3] and m.argmin(x, 1, mask=mask).tolist() == [0]
    assert close(m.softmax(x, 1, mask=mask), [[0.11920292, 0.0, 0.88079708]]) and close(m.var(x, mask=mask), 2.0)
    assert m.cumsum(x, 1, mask=mask).tolist() == [[1, 1, 4]] and m.median(x, 1, mask=mask).tolist() == [1]


@ours
def test_the_same_bits_for_any_number_of_threads():
    torch.manual_seed(8)
    x = torch.randn(40, 5000)
    threads = torch.get_num_threads()
    results = []
    for n in (1, 4):
        torch.set_num_threads(n)
        results.append([y.tolist() for y in (x.sort(0)[1], x.cumsum(0), x.cumsum(1), x.topk(5)[0], x.logcumsumexp(1), x.median(0)[0], x.cummax(1)[1])])
    torch.set_num_threads(threads)
    assert results[0] == results[1]
