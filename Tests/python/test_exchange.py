"""Memory in and out without a copy, checked by its address; types by name; scalars, devices, memory formats; copies."""

import copy
import operator
import pickle

import pytest
from engine import IS_TORCH, ours, text, torch

np = pytest.importorskip("numpy")


def address(a):
    return a.__array_interface__["data"][0]


LAYOUTS = {
    "dense": lambda a: a,
    "transposed": lambda a: a.transpose(2, 0, 1),
    "rows left out": lambda a: a[::2],
    "columns left out": lambda a: a[:, 1::2, ::3],
    "one element": lambda a: a[1:2, 1:2, 1:2],
    "row": lambda a: a[1, 2],
    "number": lambda a: a[1, 2, 3, ...],
    "empty": lambda a: a[:0],
    "empty inside": lambda a: a[:, 2:2].transpose(2, 1, 0),
    "stretched": lambda a: np.lib.stride_tricks.as_strided(a, (3, 5), (0, a.itemsize)),
    "windows": lambda a: np.lib.stride_tricks.as_strided(a, (4, 3), (2 * a.itemsize, a.itemsize)),
    "Fortran": lambda a: np.asfortranarray(a),
    "new dimensions": lambda a: a[None, :, None, 0],
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "int32", "uint8", "bool", "float16"])
def test_numpy_both_ways(layout, dtype):
    a = LAYOUTS[layout](np.arange(2 * 7 * 9).reshape(2, 7, 9).astype(dtype))
    for make in (torch.from_numpy, torch.as_tensor, torch.asarray, torch.from_dlpack):
        x = make(a)
        assert x.shape == a.shape and x.dtype is getattr(torch, dtype) and x.tolist() == a.tolist()
        if a.size and (a.ndim or make is torch.from_numpy):  # PyTorch's as_tensor copies a single number
            assert x.data_ptr() == address(a)
            assert [s * a.itemsize for s, n in zip(x.stride(), x.shape) if n > 1] == [s for s, n in zip(a.strides, a.shape) if n > 1]
        for back in (x.numpy(), np.asarray(x), np.from_dlpack(x), x.__array__()):
            assert back.shape == a.shape and back.dtype == a.dtype and back.tolist() == a.tolist()
            assert not a.size or address(back) == x.data_ptr()


def test_changes_are_seen_on_both_sides():
    a = np.zeros((4, 6), dtype=np.float32)
    x = torch.from_numpy(a[::2, 1::2])
    x += 1
    x[1, 2] = 7
    assert a.sum() == 12 and a[2, 5] == 7
    a[0, 1] = 5
    assert x[0, 0].item() == 5
    x.T.numpy()[0, 1] = -3
    assert a[2, 1] == -3
    x.mul_(2)
    assert a[2, 5] == 14 and x.storage_offset() in (0, 1)


def test_arrays_that_cannot_be_shared():
    for bad in (np.arange(6.0)[::-1], np.ones((2, 3))[:, ::-1], np.ones(3, dtype=">f4"), np.zeros(4, dtype=[("a", "f4"), ("b", "i1")])["a"]):
        with pytest.raises(ValueError):
            torch.from_numpy(bad)
    for bad in (np.array(["a"]), np.array([None]), np.array([1, 2], dtype="M8[s]"), [1, 2], 3, None, np.float32(3), memoryview(b"ab")):
        with pytest.raises(TypeError):
            torch.from_numpy(bad)
    with pytest.raises(TypeError, match="can't convert np.ndarray of type numpy.str_. The only supported types are: float64, float32"):
        torch.from_numpy(np.array(["a"]))
    with pytest.raises(ValueError, match="At least one stride in the given numpy array is negative"):
        torch.from_numpy(np.arange(3)[::-1])


@ours
def test_types_without_a_dtype_here():
    for code in ("i1", "i2", "u2", "u4", "u8", "c8", "c16", "g"):
        with pytest.raises(TypeError, match="can't convert"):
            torch.from_numpy(np.ones(2, dtype=code))
    assert torch.as_tensor(np.array([1, -2], dtype="i2")).tolist() == [1, -2]  # copied, as int64
    unaligned = np.ndarray((2,), dtype="f4", buffer=bytearray(9), offset=1)
    with pytest.raises(ValueError, match="aligned"):
        torch.from_numpy(unaligned)
    assert torch.tensor(unaligned).tolist() == [0, 0]


@pytest.mark.parametrize("make", ["from_numpy", "as_tensor", "asarray"])
@pytest.mark.filterwarnings("ignore:The given NumPy array is not writable")
def test_read_only_arrays_are_shared(make):
    a = np.arange(3.0)
    a.flags.writeable = False
    assert getattr(torch, make)(a).data_ptr() == address(a)


@ours
def test_read_only_memory_is_a_warning():
    a = np.arange(3.0)
    a.flags.writeable = False
    for make in (torch.from_numpy, torch.as_tensor, torch.from_dlpack):
        with pytest.warns(UserWarning, match="not writable"):
            make(a)
    with pytest.warns(UserWarning, match="not writable"):
        torch.frombuffer(b"12345678", dtype=torch.int32)
    with pytest.raises(BufferError):
        torch.from_buffer(b"12345678")


def test_gradients_keep_numpy_out():
    w = torch.ones(2, requires_grad=True)
    for y in (w, w * 2):
        for use in (lambda: y.numpy(), lambda: np.asarray(y), lambda: np.array(y), lambda: np.sin(y), lambda: y.__array__()):
            with pytest.raises(RuntimeError, match=r"Can't call numpy\(\) on Tensor that requires grad. Use tensor.detach\(\).numpy\(\) instead."):
                use()
        assert y.numpy(force=True).tolist() == y.tolist()
        with pytest.raises(BufferError):
            y.__dlpack__()
    for dtype in (torch.bfloat16,):
        with pytest.raises(TypeError, match="Got unsupported ScalarType BFloat16"):
            torch.ones(2, dtype=dtype).numpy()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_functions_of_numpy():
    x = torch.tensor([1.0, 4.0])
    for y, expected in ((np.sqrt(x), [1, 2]), (np.add(x, 1), [2, 5]), (np.add(np.ones(2), x), [2, 5]), (x + np.ones(2), [2, 5]), (np.maximum(x, 2), [2, 4])):
        assert isinstance(y, torch.Tensor) and y.tolist() == expected
    assert np.sqrt(x).dtype is torch.float32 and (x + np.ones(2)).dtype is torch.float64
    assert isinstance(np.concatenate([x, x]), np.ndarray) and np.stack([x, x]).tolist() == [[1, 4], [1, 4]]
    assert np.array([torch.tensor(1.0), torch.tensor(2.0)]).tolist() == [1, 2]
    assert np.allclose(x, [1, 4]) and isinstance(np.float64(2) * x, torch.Tensor)
    assert np.array(x, dtype="f8").dtype == np.float64 and np.asarray(x, dtype=np.int32).tolist() == [1, 4]
    assert address(np.array(x)) != x.data_ptr() == address(np.asarray(x))


@ours
def test_array_without_a_copy():
    x = torch.tensor([1.0, 4.0])
    assert (x == np.array([1.0, 3.0])).tolist() == [True, False] and (x != np.array([1.0, 3.0])).tolist() == [False, True]
    assert address(x.__array__(copy=False)) == x.data_ptr() and address(x.__array__(copy=True)) != x.data_ptr()
    with pytest.raises(ValueError):
        x.__array__("f8", copy=False)
    if np.lib.NumpyVersion(np.__version__) >= "2.0.0":
        assert address(np.array(x, copy=False)) == x.data_ptr()
        with pytest.raises(ValueError):
            np.array(x, dtype="f8", copy=False)


def test_asarray():
    x, a = torch.ones(3), np.arange(3.0)
    assert torch.asarray(x) is x and torch.asarray(x, copy=True).data_ptr() != x.data_ptr()
    assert torch.asarray(a, copy=False).data_ptr() == address(a) != torch.asarray(a, copy=True).data_ptr()
    assert torch.asarray([1, 2], dtype=torch.float32).dtype is torch.float32 and torch.asarray(5).shape == ()
    assert torch.asarray(x, dtype=torch.float64).dtype is torch.float64 and torch.asarray(x, requires_grad=True).requires_grad
    assert torch.asarray(bytearray(b"\1\2"), dtype=torch.uint8).tolist() == [1, 2]
    assert torch.asarray(a.__dlpack__()).data_ptr() == address(a)
    for bad in (lambda: torch.asarray([1], copy=False), lambda: torch.asarray(5, copy=False), lambda: torch.asarray(a, dtype=torch.float32, copy=False),
                lambda: torch.asarray(x, dtype=torch.float64, copy=False)):
        with pytest.raises(ValueError):
            bad()


def test_dlpack_capsules():
    x = torch.arange(6.0).reshape(2, 3).T
    capsule = torch.utils.dlpack.to_dlpack(x)
    y = torch.utils.dlpack.from_dlpack(capsule)
    assert y.data_ptr() == x.data_ptr() and y.stride() == (1, 3) and y.tolist() == x.tolist()
    with pytest.raises(RuntimeError, match="consumed only once"):
        torch.from_dlpack(capsule)
    versioned = torch.from_dlpack(x.__dlpack__(max_version=(1, 0)))
    assert versioned.data_ptr() == x.data_ptr()
    assert torch.from_dlpack(x, copy=True).data_ptr() != x.data_ptr()
    assert torch.from_dlpack(torch.zeros(0, 3)).shape == (0, 3) and torch.from_dlpack(torch.tensor(5)).item() == 5
    part = torch.arange(10)[3:7:2]
    assert torch.from_dlpack(part).tolist() == [3, 5] and torch.from_dlpack(part).data_ptr() == part.data_ptr()


@ours
def test_capsules_that_describe_what_cannot_be():
    with pytest.raises(BufferError):
        torch.from_dlpack(np.arange(3)[::-1])  # PyTorch aborts the process
    for bad in (3, None, "a", object()):
        with pytest.raises(AttributeError):
            torch.from_dlpack(bad)


def test_frombuffer_sentences():
    data = bytearray(b"12345678")
    x = torch.frombuffer(data, dtype=torch.float16, offset=2, count=2)
    assert x.dtype is torch.float16 and x.shape == (2,)
    assert torch.frombuffer(data, dtype=torch.bfloat16).shape == (4,)
    assert torch.frombuffer(data, dtype=torch.float32, requires_grad=True).requires_grad
    for bad, message in (({"count": 0}, "both buffer length"), ({"count": 3}, "requested buffer length"), ({"offset": 8}, "must be non-negative and no greater than"),
                         ({"offset": -1}, "must be non-negative"), ({"offset": 1}, "must be a multiple of element size")):
        with pytest.raises(ValueError, match=message):
            torch.frombuffer(data, dtype=torch.float32, **bad)
    with pytest.raises(ValueError):
        torch.frombuffer(bytearray(), dtype=torch.float32)


def test_to_in_all_forms():
    x = torch.ones(2, 2)
    cpu = torch.device("cpu")
    for y in (x.to(torch.float32), x.to("cpu"), x.to(cpu), x.to(x), x.to(device="cpu"), x.to("cpu", torch.float32), x.to(dtype=torch.float32, non_blocking=True),
              x.to(None), x.to(torch.float32, False, False), x.to(memory_format=torch.contiguous_format), x.cpu(), x.contiguous(), x.type(torch.FloatTensor)):
        assert y is x
    for y in (x.to(torch.float64), x.to("cpu", torch.float64), x.to("cpu", torch.float64, True), x.to("cpu", torch.float64, True, True), x.to(dtype=torch.float64),
              x.to(torch.ones(1, dtype=torch.float64)), x.to(torch.float64, True, True), x.double(), x.type(torch.float64), x.type("torch.DoubleTensor"),
              x.type(torch.DoubleTensor), x.type_as(torch.ones(1, dtype=torch.float64)), x.to(torch.float64, memory_format=torch.preserve_format)):
        assert y.dtype is torch.float64 and y.tolist() == x.tolist()
    for y in (x.to(torch.float32, copy=True), x.to("cpu", copy=True), x.to(torch.float32, False, True), x.to(x, False, True), x.to("cpu", torch.float32, False, True)):
        assert y is not x and y.data_ptr() != x.data_ptr()
    for bad in (lambda: x.to([1]), lambda: x.to("xyz")):
        with pytest.raises((TypeError, RuntimeError)):
            bad()
    for use in (x.cuda, torch.nn.Linear(1, 1).cuda, lambda: x.to("cuda"), lambda: torch.ones(1, device="cuda")):
        with pytest.raises((RuntimeError, AssertionError)):  # PyTorch's CPU build has AssertionError
            use()


def test_types_by_their_old_names():
    assert torch.ones(1).type() == "torch.FloatTensor" and torch.tensor([True]).type() == "torch.BoolTensor" == torch.typename(torch.tensor([True]))
    assert torch.LongTensor([1, 2]).dtype is torch.int64 and torch.FloatTensor(2, 3).shape == (2, 3) and torch.DoubleTensor([1]).dtype is torch.float64
    assert isinstance(torch.ones(1), torch.FloatTensor) and not isinstance(torch.ones(1), torch.LongTensor)
    assert torch.Tensor(2, 3).shape == (2, 3) and torch.Tensor().shape == (0,) and torch.Tensor(torch.Size([2, 2])).shape == (2, 2)
    with pytest.raises(TypeError):
        torch.Tensor(2.5)


def test_new_tensors_of_the_same_kind():
    x = torch.ones(2, dtype=torch.float64)
    assert x.new_zeros(2, 3).tolist() == [[0] * 3] * 2 and x.new_zeros((2,), dtype=torch.int64).dtype is torch.int64
    assert x.new_ones(3).dtype is torch.float64 and x.new_full((2,), 5).tolist() == [5, 5] and x.new_empty(2, 2).shape == (2, 2)
    assert x.new_tensor([1, 2]).dtype is torch.float64 and x.new([1, 2]).tolist() == [1, 2] and x.new(2, 3).shape == (2, 3)
    assert torch.scalar_tensor(3).dtype is torch.float32


def test_limits_and_promotion():
    f, h, b = torch.finfo(torch.float32), torch.finfo(torch.float16), torch.finfo(torch.bfloat16)
    assert (f.eps, f.max, f.tiny, f.bits, f.dtype) == (2.0**-23, 3.4028234663852886e38, 2.0**-126, 32, "float32")
    assert (h.max, h.min, h.smallest_normal, h.resolution) == (65504, -65504, 2.0**-14, 0.001) and b.max == 3.3895313892515355e38
    assert torch.finfo(torch.float64).max == 1.7976931348623157e308 and torch.finfo() == torch.finfo(torch.float32)
    assert text(f) == ("finfo(resolution=1e-06, min=-3.40282e+38, max=3.40282e+38, eps=1.19209e-07, smallest_normal=1.17549e-38, tiny=1.17549e-38, "
                       "dtype=float32)")
    i = torch.iinfo(torch.int64)
    assert (i.min, i.max, i.bits) == (-(2**63), 2**63 - 1, 64) and torch.iinfo(torch.uint8).max == 255
    for bad in (lambda: torch.finfo(torch.int32), lambda: torch.iinfo(torch.float32), lambda: torch.iinfo(torch.bool), lambda: torch.finfo("float32")):
        with pytest.raises(TypeError):
            bad()
    all_types = [torch.float32, torch.float64, torch.int64, torch.int32, torch.uint8, torch.bool]
    for one in all_types:
        for two in all_types:
            promoted = torch.promote_types(one, two)
            assert promoted is torch.promote_types(two, one) is (torch.ones(1).to(one) + torch.ones(1).to(two)).dtype
            assert torch.can_cast(one, promoted)
    assert torch.promote_types(torch.float16, torch.bfloat16) is torch.float32
    assert torch.result_type(torch.ones(1, dtype=torch.int32), 1.0) is torch.float32 and torch.result_type(1, 2.0) is torch.float32
    assert torch.result_type(torch.ones(1, dtype=torch.int32), torch.tensor(1)) is torch.int32
    assert torch.can_cast(torch.float64, torch.float32) and not torch.can_cast(torch.float64, torch.int64) and not torch.can_cast(torch.int64, torch.bool)
    assert torch.float32.is_signed and not torch.uint8.is_signed and not torch.float32.is_complex and torch.float64.to_real() is torch.float64


def test_sizes_and_devices():
    s = torch.Size([2, 3])
    for t in (s[:1], s + (1,), s * 2, pickle.loads(pickle.dumps(s)), copy.deepcopy(s), torch.Size([torch.tensor(2), 3])):
        assert type(t) is torch.Size
    assert s + (1,) == (2, 3, 1) and s[0] == 2 and s.numel() == 6 and text(s[1:]) == "torch.Size([3])" and torch.Size() == ()
    for bad in ([2.5], "ab", 3, [None], [[1]]):
        with pytest.raises(TypeError):
            torch.Size(bad)
    assert pickle.loads(pickle.dumps(torch.device("cpu"))) == torch.device("cpu")
    x = torch.ones(2)
    assert (x.is_cpu, x.is_cuda, x.is_sparse, x.is_quantized, x.is_meta) == (True, False, False, False, False)
    assert x.layout is torch.strided and x.get_device() == -1 and not x.is_pinned() and not x.is_complex() and x.is_signed()
    assert copy.deepcopy(torch.channels_last) is torch.channels_last is pickle.loads(pickle.dumps(torch.channels_last))


def test_memory_formats():
    x = torch.arange(48.0).reshape(2, 3, 2, 4)
    y = x.to(memory_format=torch.channels_last)
    assert y.stride() == (24, 1, 12, 3) and y.tolist() == x.tolist()
    assert y.is_contiguous(memory_format=torch.channels_last) and not y.is_contiguous() and not x.is_contiguous(memory_format=torch.channels_last)
    assert y.contiguous().stride() == x.stride() and x.contiguous(memory_format=torch.channels_last).stride() == y.stride()
    assert y.to(memory_format=torch.channels_last) is y and x.clone(memory_format=torch.contiguous_format).stride() == x.stride()
    assert torch.clone(x, memory_format=torch.channels_last).data_ptr() != x.data_ptr()
    for bad in (lambda: torch.ones(2).contiguous(memory_format=torch.channels_last), lambda: x.contiguous(memory_format=3)):
        with pytest.raises((RuntimeError, TypeError)):
            bad()
    w = torch.ones(1, 2, 2, 2, requires_grad=True)
    (w.contiguous(memory_format=torch.channels_last) * 3).sum().backward()
    assert w.grad.flatten().tolist() == [3] * 8


def test_as_python_numbers():
    one = torch.tensor([[2]])
    assert float(one) == 2 and int(torch.tensor(2.7)) == 2 and complex(torch.tensor(2.0)) == 2 and operator.index(one) == 2
    assert list(range(torch.tensor(3))) == [0, 1, 2] and [5, 6][torch.tensor(1)] == 6 and [5, 6][torch.tensor(True)] == 6
    for bad, error in ((lambda: float(torch.ones(2)), (ValueError, RuntimeError)), (lambda: [1][torch.tensor(0.0)], TypeError), (lambda: len(torch.tensor(1)), TypeError),
                       (lambda: list(torch.tensor(1)), TypeError), (lambda: bool(torch.ones(2)), RuntimeError), (lambda: bool(torch.ones(0)), RuntimeError),
                       (lambda: int(torch.tensor(float("nan"))), ValueError), (lambda: int(torch.tensor(float("inf"))), OverflowError),
                       (lambda: torch.ones(2).item(), RuntimeError), (lambda: torch.ones(2).is_nonzero(), RuntimeError)):
        with pytest.raises(error):
            bad()
    x = torch.tensor([[1, 2], [3, 4]])
    assert 3 in x and 5 not in x and torch.tensor([1, 9]) in x and 1.0 in x and torch.tensor(4) in x
    for other in ("a", None, [1]):
        with pytest.raises(RuntimeError, match="Tensor.__contains__ only supports Tensor or scalar"):
            other in x
    assert reversed(x).tolist() == [[3, 4], [1, 2]] and reversed(torch.tensor(3)).item() == 3
    assert [row.tolist() for row in x] == [[1, 2], [3, 4]] and hash(x) == hash(x) != hash(x.clone())


def test_storage():
    x = torch.arange(10)
    y = x[3:7]
    assert x.untyped_storage().data_ptr() == y.untyped_storage().data_ptr() == x.data_ptr() and y.storage_offset() == 3
    assert x.untyped_storage().nbytes() == 80 == len(x.untyped_storage()) and x.is_set_to(x[:]) and not x.is_set_to(y)
    assert torch.zeros(0).untyped_storage().nbytes() == 0
    x[0] = 300
    assert x.untyped_storage()[0] == 300 - 256 and x.untyped_storage()[1] == 1


def test_copies():
    x = torch.arange(6.0).reshape(2, 3).T.requires_grad_()
    for protocol in range(2, 6):
        y = pickle.loads(pickle.dumps(x, protocol))
        assert y.tolist() == x.tolist() and y.stride() == (1, 3) and y.requires_grad and y.is_leaf
    for t in (torch.zeros(0, 3), torch.tensor(5), torch.tensor([True, False]), torch.ones(2, dtype=torch.bfloat16), torch.ones(3, dtype=torch.float16), x.detach()[:, 1],
              torch.ones(1, 3).expand(2, 3)):
        for y in (pickle.loads(pickle.dumps(t, 5)), pickle.loads(pickle.dumps(t, 2)), copy.deepcopy(t), copy.copy(t)):
            assert y.shape == t.shape and y.dtype is t.dtype and y.tolist() == t.tolist()
    shared = copy.copy(x)
    assert shared is not x and shared.data_ptr() == x.data_ptr() and shared.requires_grad and shared.is_leaf
    y = x * 2
    assert pickle.loads(pickle.dumps(y)).is_leaf
    with pytest.raises(RuntimeError, match="Only Tensors created explicitly by the user"):
        copy.deepcopy(y)


def test_what_shares_memory_shares_it_after_deepcopy():
    x = torch.arange(4)
    whole, part, same = copy.deepcopy([x, x[1:], x])
    whole.zero_()
    assert part.tolist() == [0, 0, 0] and same is whole and x.tolist() == [0, 1, 2, 3]
    w = torch.ones(2, requires_grad=True)
    (w * 3).sum().backward()
    v = copy.deepcopy(w)
    assert v.grad.tolist() == [3, 3] and v.grad is not w.grad
    net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2))
    net[1].weight = net[0].weight
    for again in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert again[1].weight is again[0].weight is not net[0].weight and isinstance(again[0].weight, torch.nn.Parameter)
        assert again[0].weight.tolist() == net[0].weight.tolist()


@ours
def test_buffers_outside_the_pickle():
    x, buffers = torch.arange(1000.0), []
    data = pickle.dumps(x, 5, buffer_callback=buffers.append)
    assert len(data) < 400 and len(buffers) == 1
    y = pickle.loads(data, buffers=buffers)
    assert y.data_ptr() == x.data_ptr()
    y = pickle.loads(data, buffers=[bytes(buffers[0].raw())])  # read only: copied
    assert y.tolist() == x.tolist() and y.data_ptr() != x.data_ptr()
    for lie in (b"", b"123", bytes(10)):
        with pytest.raises((ValueError, IndexError)):
            pickle.loads(data, buffers=[lie])


@pytest.mark.skipif(IS_TORCH, reason="PyTorch's Parameter drops its attributes")
def test_subclasses_and_their_attributes():
    class Marked(torch.Tensor):
        pass

    m = Marked([1.0, 2.0])
    m.name = ["a"]
    for y in (copy.copy(m), copy.deepcopy(m)):
        assert type(y) is Marked and y.name == ["a"] and y.tolist() == [1, 2]
    assert copy.deepcopy(m).name is not m.name and type(m + 1) is torch.Tensor
    p = torch.nn.Parameter(torch.ones(1))
    p.decay = 0.5
    assert pickle.loads(pickle.dumps(p)).decay == 0.5 and copy.deepcopy(p).decay == 0.5
    optimizer = torch.optim.Adam([p], lr=0.25)
    assert copy.deepcopy(optimizer.state_dict()) == optimizer.state_dict()


def test_detached_in_place():
    w = torch.ones(2, requires_grad=True)
    y = w * 2
    assert y.detach_() is y and not y.requires_grad and y.is_leaf and y.tolist() == [2, 2]
    assert torch.ones(2).apply_(lambda v: v + 1).tolist() == [2, 2]
    assert torch.ones(2).map_(torch.tensor([1.0, 2.0]), lambda a, b: a + b).tolist() == [2, 3]


@pytest.mark.parametrize("kind", ["SGD", "Adam", "Adagrad"] + ["LBFGS"] * (not IS_TORCH))
@pytest.mark.parametrize("again", [copy.deepcopy, lambda both: pickle.loads(pickle.dumps(both))], ids=["deepcopy", "pickle"])
def test_optimizers_go_along_with_their_parameters(kind, again):
    layer = torch.nn.Linear(3, 2)
    optimizer = getattr(torch.optim, kind)([{"params": [layer.weight], "lr": 0.05}, {"params": [layer.bias]}] if kind != "LBFGS" else layer.parameters(), lr=0.1)
    x = torch.arange(6.0).reshape(2, 3)

    def train(layer, optimizer):
        def closure():
            optimizer.zero_grad()
            loss = (layer(x) - 1).square().mean()
            loss.backward()
            return loss

        for _ in range(3):
            optimizer.step(closure)
        return layer.weight.tolist()

    train(layer, optimizer)
    other, its = again((layer, optimizer))
    assert its.param_groups[0]["params"][0] is other.weight and its.param_groups[0]["lr"] == optimizer.param_groups[0]["lr"]
    assert train(other, its) == train(layer, optimizer)
