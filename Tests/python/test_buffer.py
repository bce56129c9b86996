"""Memory in and out: the buffer protocol, with and without NumPy."""

import array
import copy
import gc
import pickle

import pytest
from engine import ours, torch

np = pytest.importorskip("numpy")


@ours
def test_arrays_are_copied_by_tensor():
    a = array.array("f", [1, 2, 3])
    x = torch.tensor(a)
    a[0] = 9
    assert x.dtype is torch.float32 and x.tolist() == [1, 2, 3]
    assert torch.tensor(array.array("d", [1])).dtype is torch.float64
    assert torch.tensor(array.array("q", [1])).dtype is torch.int64
    assert torch.tensor(array.array("i", [1])).dtype is torch.int32
    assert torch.tensor(array.array("h", [1, -2])).tolist() == [1, -2]
    assert torch.tensor(bytearray(b"\x01\x02")).dtype is torch.uint8


@pytest.mark.parametrize("name", ["float32", "float64", "int64", "int32", "uint8", "bool", "float16"])
def test_numpy_types_round_trip(name):
    a = np.array([[0, 1, 2], [3, 4, 5]]).astype(getattr(np, "bool_" if name == "bool" else name))
    x = torch.tensor(a)
    assert x.dtype is getattr(torch, name)
    assert x.tolist() == a.tolist()
    assert np.asarray(x).dtype == a.dtype and (np.asarray(x) == a).all()
    t = torch.tensor(a.T)
    assert t.tolist() == a.T.tolist()


def test_numpy_shares_memory():
    x = torch.zeros(2, 3)
    a = x.numpy()
    a[1, 2] = 5
    assert x[1, 2].item() == 5
    x.fill_(7)
    assert a.tolist() == [[7, 7, 7], [7, 7, 7]]
    assert x.T.numpy().shape == (3, 2) and x.T.numpy().strides == (4, 12)
    assert x[:, 1].numpy().tolist() == [7, 7]


def test_numpy_refuses_what_requires_grad():
    x = torch.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError):
        x.numpy()
    assert x.detach().numpy().tolist() == [1, 1]


def test_from_numpy_borrows():
    a = np.arange(6, dtype=np.float32).reshape(2, 3)
    x = torch.from_numpy(a)
    a[0, 0] = 10
    assert x[0, 0].item() == 10
    x += 1
    assert a.tolist() == [[11, 2, 3], [4, 5, 6]]
    y = torch.as_tensor(a)
    y[1, 1] = -1
    assert a[1, 1] == -1
    assert torch.as_tensor(a, dtype=torch.float64).dtype is torch.float64
    assert torch.as_tensor([1, 2]).tolist() == [1, 2]


def test_a_borrowed_array_outlives_its_name():
    x = torch.from_numpy(np.full(1000, 3.0))
    y = x[10:20] * 2
    view = x[5:]
    del x
    gc.collect()
    assert y.sum().item() == 60
    assert view.sum().item() == 995 * 3


@ours
def test_borrowed_memory_is_released():
    data = bytearray(64)
    x = torch.from_buffer(memoryview(data).cast("f"))
    with pytest.raises(BufferError):
        data.append(1)
    w = torch.ones(16, requires_grad=True)
    y = (w * x).sum()
    del x
    y.backward()
    del y
    data.append(1)
    assert w.grad.tolist() == [0] * 16


@ours
def test_an_export_outlives_its_tensor():
    view = memoryview(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    gc.collect()
    assert view.tolist() == [[1, 2], [3, 4]] and view.shape == (2, 2) and view.format == "f"
    view[0, 0] = 9
    assert view.tolist() == [[9, 2], [3, 4]]
    assert memoryview(torch.tensor(3.0))[()] == 3
    assert memoryview(torch.zeros(0, 2)).nbytes == 0


@ours
def test_exports_that_are_refused():
    x = torch.ones(2, 2)
    with pytest.raises(BufferError):
        bytearray().join([memoryview(x.to(torch.bfloat16))])
    with pytest.raises(BufferError):
        memoryview(torch.ones(2, requires_grad=True))
    assert bytes(memoryview(x.T).tobytes()) == bytes(x)


@ours
def test_buffers_that_are_refused():
    with pytest.raises(TypeError):
        torch.from_buffer([1, 2])
    with pytest.raises((TypeError, BufferError)):
        torch.from_buffer(b"read only")
    with pytest.raises((TypeError, ValueError)):
        torch.from_buffer(np.ones(2, dtype=np.complex64))
    released = memoryview(bytearray(8))
    released.release()
    for function in (torch.tensor, torch.from_buffer, torch.as_tensor):
        with pytest.raises(ValueError):
            function(released)
    with pytest.raises((TypeError, ValueError)):
        torch.tensor(np.array(["a"]))
    with pytest.raises(ValueError):
        torch.from_buffer(np.ones(4, dtype=">f4"))
    read_only = np.ones(2, dtype=np.float32)
    read_only.flags.writeable = False
    with pytest.warns(UserWarning):
        assert torch.as_tensor(read_only).tolist() == [1, 1]


def test_numpy_scalars_are_numbers():
    x = torch.tensor([1.0, 2.0])
    assert (x * np.float64(2)).dtype is torch.float32
    assert (x + np.float32(1)).tolist() == [2, 3]
    assert (x + np.int64(1)).tolist() == [2, 3]
    assert torch.tensor([np.float32(1.5), np.float32(2)]).tolist() == [1.5, 2]
    assert x[np.int64(1)].item() == 2


def test_pickle_and_deepcopy():
    x = torch.tensor([[1.0, 2.0]], dtype=torch.float64, requires_grad=True)
    y = pickle.loads(pickle.dumps(x))
    assert y.tolist() == [[1, 2]] and y.requires_grad and y.dtype is torch.float64
    z = copy.deepcopy(x)
    with torch.no_grad():
        z += 1
    assert x.tolist() == [[1, 2]] and z.requires_grad
    layer = copy.deepcopy(torch.nn.Linear(2, 1))
    assert isinstance(layer.weight, torch.nn.Parameter)
    assert pickle.loads(pickle.dumps(torch.float32)) is torch.float32


def test_dlpack_shares_memory():
    x = torch.arange(6.0).reshape(2, 3)
    a = np.from_dlpack(x)
    assert a.tolist() == x.tolist() and a.dtype == np.float32
    x[0, 0] = 9
    assert a[0, 0] == 9
    assert np.from_dlpack(x.T).shape == (3, 2) and x.__dlpack_device__() == (1, 0)
    b = np.arange(4, dtype=np.int32)
    y = torch.from_dlpack(b)
    b[0] = 7
    assert y.tolist() == [7, 1, 2, 3] and y.dtype is torch.int32
    z = torch.from_dlpack(x)
    z[1, 1] = -5
    assert x[1, 1].item() == -5
    del b
    gc.collect()
    assert y.sum().item() == 13
    with pytest.raises((BufferError, RuntimeError)):
        torch.ones(1, requires_grad=True).__dlpack__()


@ours
def test_dlpack_lets_go():
    before = torch.memory_stats()["tensors"]
    x = torch.ones(5)
    capsules = [x.__dlpack__(), x.__dlpack__(max_version=(1, 1)), x.__dlpack__(copy=True)]
    arrays = [np.from_dlpack(x) for _ in range(3)]
    y = torch.from_dlpack(x)
    arrays[0][1] = 4
    assert y.tolist() == [1, 4, 1, 1, 1] and np.from_dlpack(x).flags.writeable
    del x, y, capsules, arrays
    gc.collect()
    assert torch.memory_stats()["tensors"] == before
    for wrong in (3, None, "a", object()):
        with pytest.raises(AttributeError):
            torch.from_dlpack(wrong)
    with pytest.raises(BufferError):
        torch.from_dlpack(np.ones(3, dtype=np.complex64))

    class Strange:
        def __dlpack__(self, **kwargs):
            return "not a capsule"

    with pytest.raises(RuntimeError):
        torch.from_dlpack(Strange())


def test_frombuffer():
    data = bytearray(b"\1\2\3\4\5\6\7\10")
    x = torch.frombuffer(data, dtype=torch.uint8, count=3, offset=2)
    assert x.tolist() == [3, 4, 5]
    data[2] = 9
    assert x.tolist() == [9, 4, 5]
    assert torch.frombuffer(data, dtype=torch.int32).shape == (2,)
    for bad in ({"count": 9}, {"offset": 8}):
        with pytest.raises(ValueError):
            torch.frombuffer(data, dtype=torch.uint8, **bad)
