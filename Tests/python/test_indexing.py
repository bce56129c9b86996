"""Indexing with anything, read and written; writes that a gradient records; modules that only move elements."""

import random

import pytest
from engine import IS_TORCH, flat, ours, torch

F = torch.nn.functional
int64 = torch.int64


def grid(*shape, requires_grad=False):
    n = 1
    for s in shape:
        n *= s
    return torch.arange(float(n)).reshape(shape).requires_grad_(requires_grad)


def test_read_like_numpy():
    x = grid(3, 4)
    assert x[[0, -1], [1, 2]].tolist() == [1, 10]
    assert x[:, [0, 2]].tolist() == [[0, 2], [4, 6], [8, 10]]
    assert x[torch.tensor([[0, 1]]), torch.tensor([[1], [3]])].tolist() == [[1, 5], [3, 7]]
    assert x[x > 8].tolist() == [9, 10, 11]
    assert x[torch.tensor([True, False, True])][:, [3]].tolist() == [[3], [11]]
    assert x[True].shape == (1, 3, 4) and x[False].shape == (0, 3, 4)
    assert x[..., None, [[0]]].shape == (3, 1, 1, 1)
    assert grid(2, 3, 4, 5)[:, [0], :, [1, 2]].shape == (2, 2, 4)
    assert grid(2, 3, 4, 5)[:, [0], [1, 2]].shape == (2, 2, 5)
    assert x[[]].shape == (0, 4)
    assert x.T[[1], [2]].tolist() == [9]


def test_write_like_numpy():
    x = grid(3, 4)
    x[1:, ::2] = torch.tensor([-1.0, -2.0])
    x[[0, 2], [1, 3]] = torch.tensor([[5.0, 6.0]])
    x[0, x[0] == 3] = 9
    x[torch.tensor([False, True, False])] += 1
    assert x.tolist() == [[0, 5, 2, 9], [0, 6, -1, 8], [-1, 9, -2, 6]]
    x.T[[0, 1], None, 1:] = torch.zeros(1, 2)
    assert x[1:, :2].tolist() == [[0, 0], [0, 0]]
    y = torch.zeros(2, 3, dtype=int64)
    y[:, -1] = 2.9
    y[0] = torch.tensor([True, False, True])
    assert y.tolist() == [[1, 0, 1], [0, 0, 2]]


@pytest.mark.parametrize(
    "key",
    [5, -4, (0, 0, 0), [3], (slice(None), [4]), torch.tensor([-4]), ([0, 1], [0, 1, 2]), torch.tensor([True, False]), slice(None, None, -1), 1.5,
     "a", torch.tensor([0.5])],
)
def test_what_is_no_index(key):
    x = grid(3, 4)
    with pytest.raises((IndexError, ValueError, TypeError)):
        x[key]
    with pytest.raises((IndexError, ValueError, TypeError)):
        x[key] = 1
    assert x.tolist() == grid(3, 4).tolist()


def test_an_index_out_of_range_is_named():
    with pytest.raises(IndexError, match="7"):
        grid(3, 4)[:, [0, 7]]
    with pytest.raises(IndexError, match="-5"):
        grid(3, 4)[:, torch.tensor([-5])]


def test_recorded_writes():
    w = grid(3, requires_grad=True)
    x = torch.zeros(2, 3)
    x[0] = w * 2
    x[1, [2, 0]] = w[:2] * w[1:]
    x[:, 1] *= 3
    x[1] += 0
    assert x.tolist() == [[0, 6, 4], [2, 0, 0]]
    (x * torch.tensor([[1.0, 2, 3], [4, 5, 6]])).sum().backward()
    assert w.grad.tolist() == [2 + 6, 12 + 4 * 2, 6 + 4]


def test_recorded_loop():
    """A recurrence written step by step into its output."""
    a = torch.tensor(0.5, requires_grad=True)
    h = torch.ones(4)
    h[0] = last = a
    for t in range(1, 4):
        last = last * a
        h[t] = last
    h.sum().backward()
    assert h.tolist() == [0.5, 0.25, 0.125, 0.0625]
    assert a.grad.item() == pytest.approx(1 + 2 * 0.5 + 3 * 0.25 + 4 * 0.125)


def test_recorded_methods():
    mask = torch.tensor([True, False, True])
    changes = [
        (lambda y, v: y.masked_fill_(mask, 7.0), [0, 1, 0], [7, 2, 7]),
        (lambda y, v: y.index_fill_(0, torch.tensor([1]), 7.0), [1, 0, 1], [0, 7, 4]),
        (lambda y, v: y.scatter_(0, torch.tensor([2]), v[:1]), [1, 1, 0], [0, 2, 5]),
        (lambda y, v: y.index_put_((torch.tensor([0, 0]),), v, accumulate=True), [1, 1, 1], [11, 2, 4]),
        (lambda y, v: y.index_copy_(0, torch.tensor([0, 1]), v), [0, 0, 1], [5, 6, 4]),
        (lambda y, v: y.index_add_(0, torch.tensor([2, 2]), v, alpha=2), [1, 1, 1], [0, 2, 26]),
        (lambda y, v: y.copy_(torch.ones(3)), [0, 0, 0], [1, 1, 1]),
        (lambda y, v: y.zero_(), [0, 0, 0], [0, 0, 0]),
        (lambda y, v: y.fill_(2.0), [0, 0, 0], [2, 2, 2]),
    ]
    for change, gradient, values in changes:
        x = grid(3, requires_grad=True)
        y = x * 2
        same = y
        assert change(y, torch.tensor([5.0, 6.0])) is same
        assert same.tolist() == values and same.requires_grad
        same.sum().backward()
        assert x.grad.tolist() == [2 * g for g in gradient]


def test_a_leaf_that_requires_grad_stays():
    w = grid(3, requires_grad=True)
    for change in (lambda: w.__setitem__(0, 1.0), lambda: w.zero_(), lambda: w.masked_fill_(w > 0, 0.0), lambda: w.add_(1)):
        with pytest.raises(RuntimeError):
            change()
    with torch.no_grad():
        w[0] = 5
        w.masked_fill_(w > 4, 6)
    assert w.tolist() == [6, 1, 2]


@ours
def test_recorded_writes_pass_gradcheck():
    x, v = torch.rand(3, 4, dtype=torch.float64, requires_grad=True), torch.rand(2, dtype=torch.float64, requires_grad=True)
    index, mask = torch.tensor([0, 2]), torch.tensor([True, False, True])

    def put(key, value):
        def f(x, v):
            y = x * x
            y[key] = value(v)
            return y * y

        return f

    for key, value in [
        ((slice(None), 1), lambda v: v.sum()), ((slice(0, 2), 3), lambda v: v), ((index, [3, 3]), lambda v: v * v), ((mask, 0), lambda v: v),
        ((mask, slice(None, None, 2)), lambda v: v), ((None, ..., index), lambda v: v), ((0, index), lambda v: v.exp()),
    ]:
        assert torch.autograd.gradcheck(put(key, value), (x, v)) and torch.autograd.gradgradcheck(put(key, value), (x, v))


def test_random_keys():
    """Random keys agree with reading and writing the positions one by one, in Python's own lists."""
    random.seed(20)
    for _ in range(1000):
        shape = [random.randint(1, 4) for _ in range(random.randint(1, 4))]
        x = grid(*shape)
        key, picked = [], []  # the key, and for each dimension what it names: an integer, a list, or a list to be zipped
        zipped = random.randint(1, 3)
        for n in shape:
            kind = random.random()
            if kind < 0.25:
                key.append(random.randrange(-n, n))
                picked.append(("int", key[-1] % n))
            elif kind < 0.6:
                key.append(slice(random.choice([None, random.randint(-n - 1, n + 1)]), random.choice([None, random.randint(-n - 1, n + 1)]), random.randint(1, 3)))
                picked.append(("slice", list(range(n))[key[-1]]))
            else:
                places = [random.randrange(-n, n) for _ in range(random.choice([1, zipped]))]
                key.append(torch.tensor(places))
                picked.append(("zip", [p % n for p in places]))
        steps = [1] * len(shape)
        for d in range(len(shape) - 2, -1, -1):
            steps[d] = steps[d + 1] * shape[d + 1]
        most = max([len(p) for kind, p in picked if kind == "zip"], default=1)
        any_zip = any(kind == "zip" for kind, _ in picked)
        left = [(d, kind) for d, (kind, _) in enumerate(picked) if kind != "int"]
        zips = [k for k, (_, kind) in enumerate(left) if kind == "zip"]
        front = bool(zips) and zips[-1] - zips[0] + 1 != len(zips)
        axes = []  # of the result: lists of offsets
        zip_axis = [sum(picked[d][1][j if len(picked[d][1]) > 1 else 0] * steps[d] for d, kind in left if kind == "zip") for j in range(most)]
        if any_zip and front:
            axes.append(zip_axis)
        for k, (d, kind) in enumerate(left):
            if kind == "slice":
                axes.append([p * steps[d] for p in picked[d][1]])
            elif not front and k == zips[0]:
                axes.append(zip_axis)
        places = [sum(p * steps[d] for d, (kind, p) in enumerate(picked) if kind == "int")]
        for axis in axes:
            places = [p + q for p in places for q in axis]
        got = x[tuple(key)]
        assert list(got.shape) == [len(a) for a in axes], (shape, key)
        assert got.reshape(-1).tolist() == places, (shape, key)
        values = torch.arange(len(places), dtype=x.dtype).reshape(got.shape) - 1000
        x[tuple(key)] = values
        expected = flat(grid(*shape).tolist())
        for i, p in enumerate(places):
            expected[p] = i - 1000
        if len(set(places)) == len(places):
            assert flat(x.tolist()) == expected, (shape, key)


# Movement


def test_views_are_views():
    x = torch.zeros(3, 4)
    x.diagonal(1).fill_(2)
    x.unfold(1, 2, 2)[2, :, 0] = 5
    x.as_strided((2,), (1,), 10)[1] = 7
    assert x.tolist() == [[0, 2, 0, 0], [0, 0, 2, 0], [5, 0, 5, 7]]
    y = torch.zeros(2, 4)
    for piece in y.chunk(2, 1) + y.split([1, 3], 1) + y.unbind(1):
        piece += 1
    assert y.tolist() == [[3, 3, 3, 3], [3, 3, 3, 3]]
    assert x.fill_diagonal_(1).diagonal().tolist() == [1, 1, 1]


def test_options_out_of_range():
    x = grid(2, 3)
    for call in (
        lambda: x.narrow(0, 1, 2), lambda: x.as_strided((2**20,), (1,)), lambda: x.as_strided((2,), (-1,)), lambda: x.unfold(0, 3, 1), lambda: x.split(-1),
        lambda: x.chunk(0), lambda: x.split([1, 2]), lambda: x.repeat(2), lambda: x.repeat_interleave(torch.tensor([1, -1])), lambda: x.movedim((0, 0), (0, 1)),
        lambda: x.movedim((0,), (0, 1)), lambda: x.tile((-1,)), lambda: F.pad(x, (1, 2**62)), lambda: F.pixel_shuffle(torch.zeros(1, 3, 2, 2), 2),
        lambda: x.diagonal(0, 1, 1), lambda: x.slice_scatter(torch.zeros(3, 3)), lambda: x.select_scatter(torch.zeros(3), 0, 2),
        lambda: x.scatter_reduce(0, torch.tensor([[0]]), x, "mode"), lambda: x.index_put((torch.tensor([0, 1, 2]),), torch.zeros(2)),
        lambda: x.masked_scatter(x > 0, torch.zeros(2)), lambda: x.flip(2), lambda: x.roll((1, 2), (0,)),
    ):
        with pytest.raises((RuntimeError, IndexError, ValueError, NotImplementedError)):
            call()
    assert x.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_modules():
    nn = torch.nn
    x = grid(1, 4, 2, 2)
    assert nn.PixelUnshuffle(2)(nn.PixelShuffle(2)(x)).tolist() == x.tolist()
    assert nn.ChannelShuffle(2)(x)[0, :, 0, 0].tolist() == [0, 8, 4, 12]
    assert nn.Unflatten(1, (2, 2))(x).shape == (1, 2, 2, 2, 2)
    assert nn.ReflectionPad1d(1)(grid(1, 3)).tolist() == [[1, 0, 1, 2, 1]]
    assert nn.ReplicationPad2d((1, 0, 0, 1))(grid(1, 2, 2)).tolist() == [[[0, 0, 1], [2, 2, 3], [2, 2, 3]]]
    assert nn.CircularPad1d((2, 1))(grid(1, 3)).tolist() == [[1, 2, 0, 1, 2, 0]]
    assert nn.ConstantPad1d(1, 3.5)(grid(1, 1)).tolist() == [[3.5, 0, 3.5]]
    assert nn.ZeroPad2d(1)(torch.ones(1, 1, 1)).sum().item() == 1
    assert nn.ReflectionPad3d(1)(grid(1, 2, 2, 2)).shape == (1, 4, 4, 4)
    for module, text in [
        (nn.ReflectionPad1d(2), "ReflectionPad1d((2, 2))"), (nn.ConstantPad2d(1, 0.5), "ConstantPad2d(padding=(1, 1, 1, 1), value=0.5)"),
        (nn.ZeroPad2d((1, 2, 0, 0)), "ZeroPad2d((1, 2, 0, 0))"), (nn.PixelShuffle(3), "PixelShuffle(upscale_factor=3)"),
        (nn.Unflatten(1, (2, 2)), "Unflatten(dim=1, unflattened_size=(2, 2))"), (nn.ChannelShuffle(2), "ChannelShuffle(groups=2)"),
    ]:
        assert repr(module) == text
    with pytest.raises((ValueError, RuntimeError)):
        nn.ReflectionPad2d(1)(grid(3, 3))
