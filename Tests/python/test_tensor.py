"""Tensors: making them, their types, operators, shapes, indexing and reductions."""

import math

import pytest
from engine import close, ours, torch

nan, inf = float("nan"), float("inf")


@pytest.mark.parametrize(
    "data, dtype, shape",
    [
        (1, "int64", ()), (1.0, "float32", ()), (True, "bool", ()), ([], "float32", (0,)), ([[], []], "float32", (2, 0)),
        ([1, 2], "int64", (2,)), ([1, 2.0], "float32", (2,)), ([True, 2], "int64", (2,)), ([[True], [False]], "bool", (2, 1)),
        (((1.0, 2.0), (3.0, 4.0)), "float32", (2, 2)), (range(3), "int64", (3,)),
    ],
)
def test_types_are_inferred(data, dtype, shape):
    x = torch.tensor(data)
    assert x.dtype is getattr(torch, dtype) and tuple(x.shape) == shape


def test_tensors_inside_lists():
    a, b = torch.tensor(1.5), torch.tensor(2)
    assert torch.tensor([a, b]).tolist() == [1.5, 2]
    x = torch.tensor([1.0, 2.0])
    y = torch.tensor(x.tolist())
    y[0] = 9
    assert x.tolist() == [1, 2]


def test_creation():
    assert torch.zeros(2, 3).tolist() == torch.zeros((2, 3)).tolist() == torch.zeros([2, 3]).tolist() == [[0] * 3] * 2
    assert torch.ones(2, dtype=torch.int64).tolist() == [1, 1]
    assert torch.full((2,), 7).dtype is torch.int64 and torch.full((2,), 7.0).dtype is torch.float32
    assert torch.full((1,), True).dtype is torch.bool
    assert torch.full((1,), 2**60 + 1).item() == 2**60 + 1
    assert torch.arange(5).tolist() == [0, 1, 2, 3, 4] and torch.arange(5).dtype is torch.int64
    assert torch.arange(1, 2, 0.25).tolist() == [1, 1.25, 1.5, 1.75]
    assert torch.arange(5, 0, -2).tolist() == [5, 3, 1]
    assert torch.eye(2).tolist() == [[1, 0], [0, 1]]
    assert torch.eye(2, 3).tolist() == [[1, 0, 0], [0, 1, 0]]
    assert close(torch.linspace(0, 1, 5), [0, 0.25, 0.5, 0.75, 1])
    assert torch.linspace(3, 5, 1).tolist() == [3]
    x = torch.tensor([[1.0, 2.0]])
    assert torch.zeros_like(x).tolist() == [[0, 0]] and torch.ones_like(x, dtype=torch.int32).dtype is torch.int32
    assert torch.full_like(x, 3).tolist() == [[3, 3]] and torch.full_like(x, 3).dtype is torch.float32
    assert torch.zeros(2, requires_grad=True).requires_grad
    assert torch.empty(3, 0, device="cpu").shape == (3, 0)


def test_random_numbers():
    torch.manual_seed(3)
    a, b = torch.rand(1000), torch.randn(1000)
    torch.manual_seed(3)
    assert torch.rand(1000).tolist() == a.tolist() and torch.randn(1000).tolist() == b.tolist()
    assert 0 <= a.min().item() and a.max().item() < 1 and abs(a.mean().item() - 0.5) < 0.05
    assert abs(b.mean().item()) < 0.15 and abs(b.std().item() - 1) < 0.1
    assert sorted(torch.randperm(10).tolist()) == list(range(10))
    r = torch.randint(3, 7, (500,))
    assert r.dtype is torch.int64 and set(r.tolist()) == {3, 4, 5, 6}
    assert set(torch.randint(2, (50,)).tolist()) == {0, 1}
    assert torch.rand_like(a).shape == a.shape and torch.randn(2, 3, dtype=torch.float64).dtype is torch.float64


def test_arithmetic():
    x, y = torch.tensor([4.0, 9.0]), torch.tensor([2.0, 3.0])
    assert (x + y).tolist() == [6, 12] and (x - y).tolist() == [2, 6]
    assert (x * y).tolist() == [8, 27] and (x / y).tolist() == [2, 3]
    assert (x**y).tolist() == [16, 729] and (-x).tolist() == [-4, -9] and (+x).tolist() == [4, 9]
    assert (2 + x).tolist() == [6, 11] and (2 - x).tolist() == [-2, -7] and (2 * x).tolist() == [8, 18]
    assert (36 / x).tolist() == [9, 4] and close(2**y, [4, 8]) and abs(-x).tolist() == [4, 9]
    assert (x @ y).item() == 35
    assert torch.add(x, y, alpha=2).tolist() == [8, 15] and x.sub(y, alpha=2).tolist() == [0, 3]
    assert torch.add(input=x, other=1).tolist() == [5, 10]
    assert torch.tensor([7, 8]).div(2).tolist() == [3.5, 4]


def test_promotion():
    i, f, d, b = torch.tensor([1]), torch.tensor([1.0]), torch.tensor([1.0], dtype=torch.float64), torch.tensor([True])
    assert (i + 1).dtype is torch.int64 and (i + 1.5).dtype is torch.float32 and (i + True).dtype is torch.int64
    assert (f + 1).dtype is torch.float32 and (f + d).dtype is torch.float64 and (d + 2.5).dtype is torch.float64
    assert (i + f).dtype is torch.float32 and (b + i).dtype is torch.int64 and (i / i).dtype is torch.float32
    assert (b * True).dtype is torch.bool and (True + b).dtype is torch.bool and (f * True).dtype is torch.float32
    assert torch.where(b, True, False).dtype is torch.bool and torch.where(b, 1.5, i).dtype is torch.float32
    assert (b + 1).dtype is torch.int64 and (b * 1.5).dtype is torch.float32
    i32 = torch.tensor([1], dtype=torch.int32)
    assert (i32 + 1).dtype is torch.int32 and (i32 + i).dtype is torch.int64 and (i32 * 1.5).dtype is torch.float32
    assert torch.exp(i).dtype is torch.float32 and i.sum().dtype is torch.int64 and b.sum().item() == 1


def test_in_place():
    x = torch.tensor([1.0, 2.0])
    y = x
    x += 1
    x *= torch.tensor([2.0, 3.0])
    x -= 1
    x /= 2
    assert y is x and x.tolist() == [1.5, 4]
    assert x.add_(1).sub_(2).mul_(2).div_(4) is x and x.tolist() == [0.25, 1.5]
    assert x.add_(torch.ones(2), alpha=2).tolist() == [2.25, 3.5]
    assert x.fill_(3).tolist() == [3, 3] and x.zero_().tolist() == [0, 0]
    assert x.copy_(torch.tensor([5, 6])).tolist() == [5, 6]
    v = torch.zeros(2, 2)
    v[0] += 1
    v.T[0, 1] += 5
    assert v.tolist() == [[1, 1], [5, 0]]
    i = torch.tensor([1])
    with pytest.raises(RuntimeError):
        i2 = torch.zeros(2)
        i2 += torch.zeros(3)
    i += 1
    assert i.item() == 2 and i.dtype is torch.int64


def test_comparisons_and_masks():
    x, y = torch.tensor([1.0, 2.0, nan]), torch.tensor([1.0, 3.0, nan])
    assert (x == y).tolist() == [True, False, False] and (x != y).tolist() == [False, True, True]
    assert (x < y).tolist() == [False, True, False] and (x >= 1).tolist() == [True, True, False]
    assert (1 < x).tolist() == [False, True, False] and (x == y).dtype is torch.bool
    assert (x == None) is False and (x != "a") is True  # noqa: E711
    m, n = torch.tensor([True, True, False]), torch.tensor([True, False, False])
    assert (m & n).tolist() == [True, False, False] and (m | n).tolist() == [True, True, False]
    assert (m ^ n).tolist() == [False, True, False] and (~m).tolist() == [False, False, True]
    assert m.any().item() and not m.all().item() and torch.all(torch.tensor([[1, 0], [1, 1]]), dim=1).tolist() == [False, True]
    assert torch.isnan(x).tolist() == [False, False, True] and torch.isinf(torch.tensor([inf, -inf, 1])).tolist() == [True, True, False]
    assert torch.isfinite(torch.tensor([inf, nan, 1])).tolist() == [False, False, True]
    assert torch.equal(torch.ones(2), torch.ones(2)) and not torch.equal(torch.ones(2), torch.ones(3))
    assert torch.allclose(torch.tensor([1.0, inf]), torch.tensor([1.000001, inf])) and not torch.allclose(x, y)
    assert torch.allclose(torch.tensor([nan]), torch.tensor([nan]), equal_nan=True)
    assert not torch.allclose(torch.tensor([1.0]), torch.tensor([inf]))


def test_functions():
    x = torch.tensor([0.25, 1.0, 4.0])
    for name, f in {"exp": math.exp, "log": math.log, "sqrt": math.sqrt, "sin": math.sin, "cos": math.cos, "tanh": math.tanh, "erf": math.erf,
                    "square": lambda v: v * v, "rsqrt": lambda v: v**-0.5, "reciprocal": lambda v: 1 / v,
                    "sigmoid": lambda v: 1 / (1 + math.exp(-v))}.items():
        expected = [f(v) for v in x.tolist()]
        assert close(getattr(torch, name)(x), expected) and close(getattr(x, name)(), expected), name
    y = torch.tensor([-2.0, 0.0, 3.0])
    assert y.relu().tolist() == [0, 0, 3] and y.sign().tolist() == [-1, 0, 1] and y.abs().tolist() == [2, 0, 3] and y.neg().tolist() == [2, 0, -3]
    assert y.clamp(-1, 1).tolist() == [-1, 0, 1] and torch.clamp(y, max=0).tolist() == [-2, 0, 0] and y.clamp(min=1).tolist() == [1, 1, 3]
    assert torch.where(y > 0, y, -1.0).tolist() == [-1, -1, 3] and torch.where(y > 0, 1, 0).tolist() == [0, 0, 1]
    assert torch.maximum(y, torch.zeros(3)).tolist() == [0, 0, 3] and torch.minimum(y, torch.zeros(3)).tolist() == [-2, 0, 0]
    assert torch.pow(y, 2).tolist() == [4, 0, 9] and torch.pow(2, torch.tensor([3.0])).tolist() == [8]
    assert torch.logical_not(torch.tensor([0, 2])).tolist() == [True, False]
    assert close(torch.softmax(torch.zeros(2, 4), dim=1), [[0.25] * 4] * 2)
    assert close(torch.log_softmax(torch.zeros(2), -1), [-math.log(2)] * 2)


def test_reductions():
    x = torch.tensor([[1.0, 5.0, 2.0], [4.0, 3.0, 6.0]])
    assert x.sum().item() == 21 and x.sum(0).tolist() == [5, 8, 8] and x.sum(dim=1, keepdim=True).tolist() == [[8], [13]]
    assert x.sum((0, 1)).item() == 21 and x.sum(axis=-1).tolist() == [8, 13] and x.sum(dim=[0], dtype=torch.float64).dtype is torch.float64
    assert torch.mean(x).item() == 3.5 and x.mean(1).tolist() == pytest.approx([8 / 3, 13 / 3])
    assert x.max().item() == 6 and x.min().item() == 1 and x.amax(1).tolist() == [5, 6] and x.amin(dim=(0, 1)).item() == 1
    values, indices = x.max(1)
    assert values.tolist() == [5, 6] and indices.tolist() == [1, 2] and indices.dtype is torch.int64
    both = torch.min(x, dim=0, keepdim=True)
    assert both.values.tolist() == [[1, 3, 2]] and both.indices.tolist() == [[0, 1, 0]]
    assert torch.max(x, torch.tensor(3.0)).tolist() == [[3, 5, 3], [4, 3, 6]] and torch.min(x, other=torch.tensor(3.0)).amax().item() == 3
    assert x.argmax().item() == 5 and x.argmin(1).tolist() == [0, 1] and torch.argmax(x, dim=1, keepdim=True).tolist() == [[1], [2]]
    assert x.argmax(keepdim=True).shape == (1, 1)
    assert x.var().item() == pytest.approx(3.5) and x.var(unbiased=False).item() == pytest.approx(35 / 12)
    assert close(x.var(1, keepdim=True), [[13 / 3], [7 / 3]]) and close(x.std(dim=1, correction=0), [math.sqrt(26 / 9), math.sqrt(14 / 9)])
    assert torch.var(x, False).item() == pytest.approx(35 / 12) and torch.std(x, 0, True, True).shape == (1, 3)
    assert torch.zeros(0).sum().item() == 0 and math.isnan(torch.zeros(0).mean().item())


def test_shapes():
    x = torch.arange(24).reshape(2, 3, 4)
    assert x.shape == (2, 3, 4) and x.size() == x.shape and x.size(-1) == 4 and x.ndim == x.dim() == 3
    assert x.numel() == torch.numel(x) == 24 and x.stride() == (12, 4, 1) and x.stride(0) == 12 and len(x) == 2
    assert x.view(-1, 4).shape == (6, 4) and x.view((4, 6)).shape == (4, 6) and torch.reshape(x, (24,)).shape == (24,)
    assert x.permute(2, 0, 1).shape == (4, 2, 3) and torch.permute(x, (2, 0, 1)).shape == (4, 2, 3)
    assert x.transpose(0, 2).shape == (4, 3, 2) and x.mT.shape == (2, 4, 3) and x.flatten(1).shape == (2, 12) and x.flatten().shape == (24,)
    assert x[0].T.shape == (4, 3) and x[0].t().tolist() == x[0].T.tolist() and torch.ones(3).t().shape == (3,)
    assert torch.ones(1, 2, 1).squeeze().shape == (2,) and torch.ones(1, 2, 1).squeeze(0).shape == (2, 1)
    assert x.unsqueeze(-1).shape == (2, 3, 4, 1) and torch.ones(3, 1).expand(-1, 4).shape == (3, 4) and torch.ones(3).expand(2, 3).shape == (2, 3)
    assert not x.mT.is_contiguous() and x.mT.contiguous().is_contiguous() and x.is_contiguous()
    assert x.mT.contiguous().tolist() == x.mT.tolist() == x.transpose(1, 2).clone().tolist()
    assert torch.ones(2, 6).view_as(torch.ones(3, 4)).shape == (3, 4) and torch.ones(1, 4).expand_as(torch.ones(3, 4)).shape == (3, 4)
    assert torch.cat([torch.ones(2, 1), torch.zeros(2, 2)], dim=1).tolist() == [[1, 0, 0]] * 2
    assert torch.stack((torch.ones(2), torch.zeros(2))).tolist() == [[1, 1], [0, 0]] and torch.stack([torch.ones(2)] * 3, dim=1).shape == (2, 3)
    assert x.narrow(2, 1, 2)[0, 0].tolist() == [1, 2] and torch.select(x, 1, -1).tolist() == [[8, 9, 10, 11], [20, 21, 22, 23]]
    assert x.shape.numel() == 24 and x.element_size() == 8 and x.nbytes == 192


def test_products():
    a, b = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[5.0, 6.0], [7.0, 8.0]])
    assert (a @ b).tolist() == torch.matmul(a, b).tolist() == a.mm(b).tolist() == [[19, 22], [43, 50]]
    assert (a @ torch.tensor([1.0, 1.0])).tolist() == [3, 7] and torch.dot(a[0], a[1]).item() == 11
    assert torch.bmm(a.expand(3, 2, 2), b.expand(3, 2, 2)).shape == (3, 2, 2)
    assert (torch.ones(4, 1, 2, 3) @ torch.ones(5, 3, 2)).shape == (4, 5, 2, 2)
    with pytest.raises(RuntimeError):
        torch.mm(a, torch.ones(2))


def test_indexing():
    x = torch.arange(24).reshape(2, 3, 4)
    n = [[[12 * i + 4 * j + k for k in range(4)] for j in range(3)] for i in range(2)]
    assert x[1].tolist() == n[1] and x[-1, 0].tolist() == n[1][0] and x[1, 2, 3].item() == 23
    assert x[:, 1].tolist() == [n[0][1], n[1][1]] and x[..., 0].tolist() == [[r[0] for r in p] for p in n]
    assert x[0, 1:, ::2].tolist() == [[4, 6], [8, 10]] and x[:, -2:, 1:100].shape == (2, 2, 3) and x[5:].shape == (0, 3, 4)
    assert x[None].shape == (1, 2, 3, 4) and x[:, None, ..., None].shape == (2, 1, 3, 4, 1) and x[...].shape == x.shape and x[()].shape == x.shape
    assert x[[1, 0, 1]].tolist() == [n[1], n[0], n[1]] and x[:, [0, -1]].tolist() == [[p[0], p[2]] for p in n]
    assert x[torch.tensor([0])].shape == (1, 3, 4) and x[0, torch.tensor([[0, 1], [2, -1]])].shape == (2, 2, 4)
    assert x[torch.tensor(1)].tolist() == n[1] and x[1, torch.tensor([0, 2]), torch.tensor([1, 3])].tolist() == [13, 23]
    assert x[[0, 1], [2, 2]].tolist() == [n[0][2], n[1][2]] and x[torch.tensor([0, 1]), 1].tolist() == [n[0][1], n[1][1]]
    assert x[x > 20].tolist() == [21, 22, 23] and x[torch.tensor([True, False])].shape == (1, 3, 4) and x[:, torch.tensor([True, False, True])].shape == (2, 2, 4)
    assert x[torch.tensor([[0], [1]]), torch.tensor([0, 2])].shape == (2, 2, 4) and x[torch.tensor([[0], [1]]), [0, 2], [1, 1]].tolist() == [[1, 9], [13, 21]]
    assert x[[0, 1], :, [1, 2]].tolist() == [[1, 5, 9], [14, 18, 22]] and x[:, [1], None, [0, 3]].shape == (2, 2, 1)
    assert x[[]].shape == (0, 3, 4)
    assert [r.tolist() for r in x[0]] == n[0] and len(list(x)) == 2
    a, b = torch.tensor([1, 2])
    assert (a.item(), b.item()) == (1, 2)
    assert 2 in torch.tensor([1, 2]) and 3 not in torch.tensor([1, 2])
    assert [10, 20, 30][torch.tensor(1)] == 20 and list(range(torch.tensor(3))) == [0, 1, 2]


def test_assignment():
    x = torch.zeros(3, 4)
    x[0] = 1
    x[1, 1:3] = torch.tensor([5.0, 6.0])
    x[:, 3] = torch.tensor([7.0, 8.0, 9.0])
    x[2, 0] = True
    assert x.tolist() == [[1, 1, 1, 7], [0, 5, 6, 8], [1, 0, 0, 9]]
    x[x > 5] = 0
    assert x.tolist() == [[1, 1, 1, 0], [0, 5, 0, 0], [1, 0, 0, 0]]
    x[[0, 2]] = torch.tensor([2.0, 2.0, 3.0, 3.0])
    assert x.tolist() == [[2, 2, 3, 3], [0, 5, 0, 0], [2, 2, 3, 3]]
    x[:, torch.tensor([1, 3])] = -1
    assert x.tolist() == [[2, -1, 3, -1], [0, -1, 0, -1], [2, -1, 3, -1]]
    x[torch.tensor([True, False, False])] = 4
    assert x[0].tolist() == [4] * 4
    y = torch.zeros(2, dtype=torch.int64)
    y[0] = 2**60 + 1
    assert y[0].item() == 2**60 + 1
    x[...] = 1
    assert x.sum().item() == 12


def test_gather_and_scatter():
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert torch.gather(x, 1, torch.tensor([[1], [0]])).tolist() == [[2], [3]]
    assert x.index_select(0, torch.tensor([1, 1])).tolist() == [[3, 4], [3, 4]]
    assert torch.ones(2, 2).index_add(0, torch.tensor([1, 1]), x).tolist() == [[1, 1], [5, 7]]
    assert torch.zeros(2, 2).scatter_add(1, torch.tensor([[0, 0], [1, 0]]), x).tolist() == [[3, 0], [4, 3]]


def test_conversions():
    x = torch.tensor([0.0, 1.7, -2.2])
    assert x.long().tolist() == [0, 1, -2] and x.int().dtype is torch.int32 and x.bool().tolist() == [False, True, True]
    assert x.double().dtype is torch.float64 and x.half().dtype is torch.float16 and x.bfloat16().dtype is torch.bfloat16
    assert x.half().float().dtype is torch.float32 and x.to(torch.int64).tolist() == [0, 1, -2]
    assert x.to("cpu") is x and x.cpu() is x and x.float() is x and x.to(torch.float32) is x and x.to(device="cpu", dtype=torch.float64).dtype is torch.float64
    assert x.to(torch.device("cpu")) is x and x.to(torch.ones(1).double()).dtype is torch.float64
    assert x.is_floating_point() and not x.long().is_floating_point() and not x.is_cuda
    assert float(torch.tensor(2.5)) == 2.5 and int(torch.tensor(2.9)) == 2 and bool(torch.tensor([0.0])) is False
    assert torch.tensor([[3]]).item() == 3 and isinstance(torch.tensor(True).item(), bool)
    assert torch.tensor(2**62 + 1).item() == 2**62 + 1
    assert torch.tensor([1.5, 2.0], dtype=torch.int64).tolist() == [1, 2] and torch.tensor([0, 3], dtype=torch.bool).tolist() == [False, True]
    assert torch.tensor([1, 2], dtype=torch.float64).dtype is torch.float64
    with pytest.raises((RuntimeError, AssertionError)):  # PyTorch built without CUDA asserts
        torch.tensor([1.0]).to("cuda:7")


def test_views_share_memory():
    x = torch.zeros(2, 3)
    x.T[0, 1] = 5
    x.view(6)[1] = 7
    x.detach()[0, 2] = 9
    x.data[1, 1] = 3
    assert x.tolist() == [[0, 7, 9], [5, 3, 0]]
    y = x.clone()
    y[0, 0] = 1
    assert x[0, 0].item() == 0
    x.data = torch.ones(2, 3)
    assert x.sum().item() == 6


def test_tensors_as_keys():
    x, y = torch.ones(1), torch.ones(1)
    table = {x: 1, y: 2}
    assert table[x] == 1 and table[y] == 2 and len({x, y, x}) == 2


def test_save_and_load(tmp_path):
    path = tmp_path / "net"
    state = {"w": torch.tensor([[1.5, -2.0]]), "n": torch.tensor(7), "mask": torch.tensor([True, False])}
    torch.save(state, path)
    loaded = torch.load(path)
    assert sorted(loaded) == ["mask", "n", "w"]
    for name, value in state.items():
        assert loaded[name].dtype is value.dtype and loaded[name].tolist() == value.tolist() and loaded[name].shape == value.shape


@ours
def test_threads_and_memory():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    assert torch.get_num_threads() == 2
    torch.set_num_threads(0)
    assert torch.get_num_threads() == before
    x = torch.zeros(1000, 1000)
    used = torch.memory_stats()["in_use"]
    del x
    assert torch.memory_stats()["in_use"] <= used - 4_000_000
