"""Properties over shapes, strides, types and indices, against NumPy: the same elements from the same question.

Types: NumPy lets a number of a wider kind, and an int64 beside a float32, widen the result to float64; here as in PyTorch the floating tensor's type
stays. So arithmetic is compared in values, and its type with the rule: the wider of two tensors of one kind, otherwise the higher kind's own.
"""

import copy
import pickle

import pytest
from engine import torch

np = pytest.importorskip("numpy")
pytest.importorskip("hypothesis")
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

settings.register_profile("backprop", derandomize=True, max_examples=100, deadline=None, database=None, suppress_health_check=list(HealthCheck))
settings.load_profile("backprop")

TYPES = ["float32", "float64", "int64", "int32", "uint8", "bool"]
FLOATS = ["float32", "float64"]
shapes = hnp.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=5)
sides = hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=5)


def elements(dtype):
    if dtype.startswith("float"):
        return st.integers(-64, 64).map(lambda n: n / 4)
    return {"bool": st.booleans(), "uint8": st.integers(0, 255)}.get(dtype, st.integers(-100, 100))


def arrays(dtypes=TYPES, shape=shapes):
    """Arrays of many layouts: transposed, with steps, with dimensions of size 0 or 1."""

    def laid_out(array):
        def change(how):
            axes, steps = how
            a = array.transpose(axes)
            return np.asarray(a[tuple(slice(None, None, s) for s in steps)])

        order = st.permutations(range(array.ndim))
        steps = st.lists(st.integers(1, 3), min_size=array.ndim, max_size=array.ndim)
        return st.tuples(order, steps).map(change)

    return st.sampled_from(dtypes).flatmap(lambda d: hnp.arrays(np.dtype(d), shape, elements=elements(d), fill=st.nothing())).flatmap(laid_out)


def same(x, a):
    assert tuple(x.shape) == a.shape, (x.shape, a.shape)
    assert np.array_equal(np.asarray(x.tolist(), dtype=a.dtype).reshape(a.shape), a, equal_nan=a.dtype.kind == "f"), (x, a)


def tensor(a):
    return torch.from_numpy(a)


@given(arrays(TYPES + ["float16"]))
def test_from_numpy_and_back(a):
    x = torch.from_numpy(a)
    assert tuple(x.shape) == a.shape and x.dtype is getattr(torch, a.dtype.name) and x.tolist() == a.tolist()
    b = x.numpy()
    assert b.dtype == a.dtype and np.array_equal(a, b)
    if a.size:
        assert b.__array_interface__["data"][0] == a.__array_interface__["data"][0] == x.data_ptr()
        assert [s for s, n in zip(b.strides, b.shape) if n > 1] == [s for s, n in zip(a.strides, a.shape) if n > 1]
    y = torch.from_dlpack(x)
    assert y.tolist() == x.tolist() and (not a.size or y.data_ptr() == x.data_ptr())
    assert torch.tensor(a).tolist() == a.tolist()
    if a.ndim and a.size:
        assert torch.tensor(a.tolist()).tolist() == a.tolist()


@given(arrays(TYPES + ["float16"]), st.integers(2, 5))
def test_pickles_and_copies(a, protocol):
    x = torch.from_numpy(a)
    for y in (pickle.loads(pickle.dumps(x, protocol)), copy.deepcopy(x), copy.copy(x), x.clone()):
        assert y.dtype is x.dtype and y.shape == x.shape and y.tolist() == x.tolist()


@st.composite
def keyed(draw, advanced=True):
    """An array and a key for it that NumPy and PyTorch both know, with or without lists."""
    a = draw(arrays(shape=sides))
    key, lists = [], draw(st.integers(2, 3))
    for size in a.shape:
        kinds = ["int", "slice", "full"] + (["list", "tensor", "mask"] if advanced else [])
        kind = draw(st.sampled_from(kinds))
        number = st.integers(-size, size - 1) if size else st.nothing()
        if not size and kind in ("int", "list", "tensor"):
            kind = "full"
        if kind == "int":
            key.append(draw(number))
        elif kind == "slice":
            key.append(slice(draw(st.none() | st.integers(-6, 6)), draw(st.none() | st.integers(-6, 6)), draw(st.none() | st.integers(1, 3))))
        elif kind == "list" or kind == "tensor":
            index = draw(st.lists(number, min_size=lists, max_size=lists))
            key.append(index if kind == "list" else np.array(index).reshape(draw(st.sampled_from([(lists,), (lists, 1)]))))
        elif kind == "mask" and not any(isinstance(k, (list, np.ndarray)) for k in key):
            key.append(np.array(draw(st.lists(st.booleans(), min_size=size, max_size=size)), dtype=bool))
            lists = max(1, int(key[-1].sum()))
        else:
            key.append(slice(None))
        if draw(st.integers(0, 5)) == 0:
            key.append(None)
    if any(isinstance(k, (list, np.ndarray)) for k in key):  # for NumPy a number beside a list is a list; for PyTorch it is taken first
        key = [slice(None) if isinstance(k, int) else k for k in key]
    if draw(st.booleans()):
        del key[draw(st.integers(0, len(key))):]
    if draw(st.integers(0, 3)) == 0:
        key.insert(draw(st.integers(0, len(key))), Ellipsis)
    return a, tuple(key)


def ours(key):
    return tuple(torch.tensor(k) if isinstance(k, np.ndarray) else k for k in key)


@given(keyed())
def test_reading_by_index(case):
    a, key = case
    try:
        expected = np.asarray(a[key])
    except IndexError:
        with pytest.raises(IndexError):
            tensor(a)[ours(key)]
        return
    same(tensor(a)[ours(key)], expected)
    same(tensor(a)[key], expected)


@given(keyed(advanced=False))
def test_slices_are_views(case):
    a, key = case
    a = a.copy()
    try:
        part = a[key]
    except IndexError:
        return
    x = tensor(a)
    view = x[key]
    if part.size:
        assert view.data_ptr() == np.asarray(part).__array_interface__["data"][0] or np.isscalar(part) or part.ndim == 0
        view.fill_(1)
        same(x, a)


@given(keyed(), st.data())
def test_writing_by_index(case, data):
    a, key = case
    b, c = a.copy(), a.copy()
    x, y = tensor(a.copy()), tensor(a.copy())
    try:
        part = np.asarray(b[key])
    except IndexError:
        return
    shape = tuple(n if data.draw(st.booleans()) else 1 for n in part.shape)[data.draw(st.integers(0, part.ndim)):]
    value = data.draw(hnp.arrays(a.dtype, shape, elements=elements(a.dtype.name)))
    flat = np.arange(a.size).reshape(a.shape)[key]
    if np.unique(flat).size == np.asarray(flat).size:  # a place written twice has no certain value
        b[key] = value
        x[ours(key)] = torch.tensor(value)
        same(x, b)
        if a.dtype.kind != "b":
            c[key] += value
            y[ours(key)] += torch.tensor(value)
            same(y, c)


def kind(dtype):
    return 2 if dtype.is_floating_point else 0 if dtype is torch.bool else 1


@st.composite
def broadcast(draw, dtypes=TYPES):
    pair = draw(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=4))
    return tuple(draw(hnp.arrays(np.dtype(d), shape, elements=elements(d))) for shape, d in ((s, draw(st.sampled_from(dtypes))) for s in pair.input_shapes))


@given(broadcast())
def test_arithmetic_broadcasts_and_promotes(pair):
    a, b = pair
    x, y = tensor(a), tensor(b)
    for name in ("add", "mul", "maximum", "minimum", "eq", "lt", "ge"):
        ufunc = {"mul": np.multiply, "eq": np.equal, "lt": np.less, "ge": np.greater_equal}.get(name) or getattr(np, name)
        z = getattr(torch, name)(x, y)
        expected = ufunc(a, b)
        if name in ("eq", "lt", "ge"):
            assert z.dtype is torch.bool
        else:
            higher = max((x, y), key=lambda t: (kind(t.dtype), t.ndim > 0 or x.ndim == y.ndim == 0, t.dtype.itemsize))
            if kind(x.dtype) != kind(y.dtype):
                assert z.dtype is higher.dtype
            if z.dtype is torch.uint8:
                expected = expected.astype(np.uint8)
        assert tuple(z.shape) == expected.shape
        assert np.array_equal(np.asarray(z.tolist(), dtype="f8").reshape(z.shape), expected.astype("f8")), name


@given(arrays(shape=hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=5)), st.data())
def test_reductions(a, data):
    x = tensor(a)
    dims = tuple(sorted(data.draw(st.sets(st.integers(0, a.ndim - 1), min_size=1))))
    keep = data.draw(st.booleans())
    same(x.sum(dims, keepdim=keep), a.sum(dims, keepdims=keep, dtype=a.dtype if a.dtype.kind == "f" else "i8"))
    same(x.amax(dims, keepdim=keep), a.max(dims, keepdims=keep))
    same(x.amin(dims, keepdim=keep), a.min(dims, keepdims=keep))
    d = dims[0]
    same(x.all(d, keepdim=keep), a.all(d, keepdims=keep)), same(x.any(d, keepdim=keep), a.any(d, keepdims=keep))
    if a.dtype != bool:
        values, places = x.max(d, keepdim=True)
        same(values, a.max(d, keepdims=True))
        assert torch.equal(x.gather(d, places), values)
        same(x.cumsum(d), a.cumsum(d, dtype=a.dtype if a.dtype.kind == "f" else "i8"))
        same(x.sort(d)[0], np.sort(a, d))
    if a.dtype.kind == "f":
        assert np.allclose(x.mean(dims, keepdim=keep).tolist(), a.mean(dims, keepdims=keep), rtol=1e-5, atol=1e-5)
        assert np.allclose(x.prod(d).tolist(), a.prod(d), rtol=1e-4)


@given(arrays(), st.data())
def test_movement(a, data):
    x = tensor(a)
    order = data.draw(st.permutations(range(a.ndim)))
    if a.ndim:
        same(x.permute(order), a.transpose(order))
        d, e = (data.draw(st.integers(-a.ndim, a.ndim - 1)) for _ in range(2))
        same(x.transpose(d, e), a.swapaxes(d, e)), same(x.flip(d), np.flip(a, d)), same(x.movedim(d, e), np.moveaxis(a, d, e))
        shift = data.draw(st.integers(-6, 6))
        same(x.roll(shift, d), np.roll(a, shift, d))
    same(x.reshape(-1), a.reshape(-1)), same(x.permute(order).flatten() if a.ndim else x.flatten(), a.transpose(order).reshape(-1))
    same(x.squeeze(), a.squeeze())
    at = data.draw(st.integers(-a.ndim - 1, a.ndim))
    same(x.unsqueeze(at), np.expand_dims(a, at))
    factors = [n for n in range(1, a.size + 1) if a.size and a.size % n == 0]
    if factors:
        n = data.draw(st.sampled_from(factors))
        same(x.reshape(n, -1), a.reshape(n, -1)), same(x.permute(order).reshape(-1, n), a.transpose(order).reshape(-1, n))
    same(x.contiguous(), a)
    same(x.expand(2, *x.shape), np.broadcast_to(a, (2, *a.shape)))
    same(torch.broadcast_to(x, (3, *a.shape)), np.broadcast_to(a, (3, *a.shape)))


@given(st.data())
def test_joining_and_cutting(data):
    a = data.draw(arrays(shape=sides))
    d = data.draw(st.integers(0, a.ndim - 1))
    b = data.draw(hnp.arrays(a.dtype, a.shape, elements=elements(a.dtype.name)))
    x, y = tensor(a), tensor(b)
    same(torch.cat([x, y, x], d), np.concatenate([a, b, a], d)), same(torch.stack([x, y], d), np.stack([a, b], d))
    cut = data.draw(st.integers(1, 4))
    pieces = x.split(cut, d)
    assert [p.shape[d] for p in pieces] == ([cut] * (a.shape[d] // cut) + ([a.shape[d] % cut] if a.shape[d] % cut else []) or [0])
    same(torch.cat(pieces, d), a)
    for one, other in zip(x.unbind(d), np.moveaxis(a, d, 0)):
        same(one, np.asarray(other))
    same(torch.where(x == y, x, y), np.where(a == b, a, b))
    same(x.tile(*[2] * a.ndim), np.tile(a, [2] * a.ndim))


@given(arrays(FLOATS, sides), st.data())
def test_gradients_of_views_are_where_the_elements_are(a, data):
    w = torch.tensor(a).requires_grad_()
    order = data.draw(st.permutations(range(a.ndim)))
    key = tuple(slice(data.draw(st.integers(0, 2)), None, data.draw(st.integers(1, 3))) for _ in a.shape)
    view = w.permute(order)[key]
    view.sum().backward()
    expected = np.zeros_like(a)
    expected.transpose(order)[key] = 1
    same(w.grad, expected)


@given(arrays(TYPES))
def test_conversions(a):
    x = tensor(a)
    for name in TYPES:
        if name == "uint8" and a.dtype.kind in "fi" and a.size and (a.min() < 0):
            continue  # what lies outside a type has no certain value
        same(x.to(getattr(torch, name)), a.astype(name))
    assert [float(v) for v in x.flatten()] == [float(v) for v in a.ravel()] and len(x.tolist() if a.ndim else [1]) == (a.shape[0] if a.ndim else 1)
