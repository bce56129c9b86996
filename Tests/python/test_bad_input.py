"""Bad input at every public entry is a Python exception: never a crash, a SystemError or an error without a reason."""

import ctypes
import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest
from engine import ours, torch

pytestmark = ours
HERE = Path(__file__).parent


@pytest.mark.parametrize("seed", [1])
@pytest.mark.parametrize("group", ["functions", "functional", "modules", "mathematics", "training", "methods"])
def test_any_call(group, seed, tmp_path):
    log = tmp_path / "last"
    environment = {**os.environ, "BAD_INPUT_LOG": str(log)}
    done = subprocess.run([sys.executable, "-X", "dev", "-X", "faulthandler", str(HERE / "bad_input.py"), group, str(seed), "2000"], capture_output=True, text=True,
                          env=environment, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:] + log.read_text()


def in_a_process(source):
    """What a program prints; a crash fails the test."""
    done = subprocess.run([sys.executable, "-X", "dev", "-X", "faulthandler", "-c", "import backprop as torch, gc\n" + source], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_numbers_that_replace_the_tensor_they_index():
    """__index__ may put another tensor in the object's place, in the middle of a call that already knows the old one."""
    uses = ["x.sum(e)", "x.sum([e])", "x[e]", "x[e, e]", "x.__setitem__(e, 1.0)", "x.__setitem__(0, e)", "x.__setitem__([e], 1.0)", "x.reshape(e, -1)", "x.softmax(e)",
            "x.narrow(e, e, e)", "x.gather(e, torch.tensor([0]))", "x.expand(e)", "x.requires_grad_(e)", "x.numpy(force=e)", "x.split([e, e])", "torch.cat([x, x], e)",
            "x.index_put((torch.tensor([0]),), torch.ones(1), e)", "x.backward(retain_graph=e)", "x.__dlpack__(copy=e, max_version=(e, e))", "x.to(torch.float64, copy=e)",
            "torch.nn.functional.one_hot(x.long(), e)", "x.transpose(e, e)", "x.index_select(e, torch.tensor([0]))", "x.roll(e, e)", "x.diagonal(e)", "x.unfold(e, 1, 1)",
            "x.repeat(e)", "x.tile((e,))", "x.view(e)", "x.flip(e)", "x.squeeze(e)", "x.unsqueeze(e)", "x.cumsum(e)", "x.sort(e)", "x.topk(e)", "x.max(e)", "x.flatten(e)"]
    in_a_process(f"""
w = torch.ones(1, requires_grad=True)
class Number:
    def __index__(self):
        x.mul_(w)
        torch.ones(1000).sum()
        return 0
    def __bool__(self):
        return self.__index__() == 0
e = Number()
for use in {uses!r}:
    for _ in range(20):
        x = torch.ones(3) * 1
        try:
            eval(use)
        except SystemError:
            raise
        except Exception:
            pass
assert torch.ones(3).sum().item() == 3
""")


def test_lists_that_change_or_contain_themselves():
    assert "done" in in_a_process("""
class Shrinking(list):
    def __getitem__(self, i):
        self.clear()
        return 1.0
class Growing(list):
    def __len__(self):
        self.append(1.0)
        return super().__len__()
class Dropping:
    def __init__(self, held): self.held = held
    def __len__(self): return 2
    def __getitem__(self, i):
        self.held.clear()
        gc.collect()
        return torch.ones(2) if i < 2 else [][0]
class Long:
    def __len__(self): return 2**62
    def __getitem__(self, i): return 1.0
endless = []
endless.append(endless)
deep = []
for _ in range(10_000):
    deep = [deep]
held = [torch.ones(2), torch.ones(2)]
for make in (torch.tensor, torch.as_tensor, torch.asarray, torch.Tensor, torch.FloatTensor, lambda d: torch.ones(3)[d], lambda d: torch.ones(3).__setitem__(0, d), torch.cat, torch.stack,
             lambda d: torch.zeros(d), lambda d: torch.ones(2).sum(d), lambda d: torch.ones(2).new_tensor(d), lambda d: torch.nn.Linear(2, 2)(d)):
    for data in (Shrinking([1, 2, 3]), Growing([1.0, 2.0]), endless, deep, Dropping(held), Long(), [[1], [2, 3]], [1, [2]], [[1, 2], 3], [Long(), Long()]):
        try:
            make(data)
        except SystemError:
            raise
        except (Exception, MemoryError):
            pass
print("done")
""")


def test_deep_trees_of_modules():
    assert "RecursionError" in in_a_process("""
net = torch.nn.Linear(1, 1)
for _ in range(5000):
    outer = torch.nn.Module()
    outer.inner = net
    net = outer
for use in (lambda: repr(net), lambda: net.to(torch.float64), lambda: net.state_dict(), lambda: list(net.parameters()), lambda: net.train(), lambda: __import__("copy").deepcopy(net)):
    try:
        use()
    except RecursionError:
        print("RecursionError")
del net, outer
""")


class View(ctypes.Structure):
    _fields_ = [("buf", ctypes.c_void_p), ("obj", ctypes.py_object), ("len", ctypes.c_ssize_t), ("itemsize", ctypes.c_ssize_t), ("readonly", ctypes.c_int),
                ("ndim", ctypes.c_int), ("format", ctypes.c_char_p), ("shape", ctypes.POINTER(ctypes.c_ssize_t)), ("strides", ctypes.POINTER(ctypes.c_ssize_t)),
                ("suboffsets", ctypes.POINTER(ctypes.c_ssize_t)), ("internal", ctypes.c_void_p)]


MEMORY = ctypes.create_string_buffer(256)


def exported(length, itemsize, shape, format=b"f", strides=None, address=None):
    """A memoryview with exactly this description, true or not; what keeps it alive; its View."""
    numbers = [(ctypes.c_ssize_t * 8)(*shape), (ctypes.c_ssize_t * 8)(*strides) if strides else None]
    v = View(buf=ctypes.addressof(MEMORY) if address is None else address, len=length, itemsize=itemsize, ndim=len(shape), format=format, shape=numbers[0], strides=numbers[1])
    make = ctypes.pythonapi.PyMemoryView_FromBuffer
    make.restype, make.argtypes = ctypes.py_object, [ctypes.POINTER(View)]
    return make(ctypes.byref(v)), numbers


@pytest.mark.parametrize(
    "lie",
    [(8, 4, [1]), (8, 4, [4]), (64, 4, [2, 2**62]), (16, 4, [2**62, 4]), (16, 0, [4]), (16, 4, [-4]), (-16, 4, [4]), (12, 4, [2, 2]),
     (16, 4, [2**31, 2**31]), (16, 1, [4]), (16, -4, [4]), (3, 4, [])],
    ids=str,
)
@pytest.mark.parametrize("make", ["tensor", "as_tensor", "from_buffer", "Tensor"])
def test_buffers_that_lie_about_their_size(make, lie):
    view, _kept = exported(*lie)
    with pytest.raises((ValueError, TypeError, BufferError, MemoryError, NotImplementedError, RuntimeError)):
        getattr(torch, make)(view)


def test_a_true_description_is_taken():
    view, _kept = exported(16, 4, [2, 2])
    assert torch.from_buffer(view).shape == (2, 2) == torch.tensor(view).shape
    view, _kept = exported(16, 4, [2, 2], b"f", [4, 8])
    assert torch.from_buffer(view).stride() == (1, 2)


class DLTensor(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("device", ctypes.c_int32), ("device_id", ctypes.c_int32), ("ndim", ctypes.c_int32), ("code", ctypes.c_uint8),
                ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16), ("shape", ctypes.POINTER(ctypes.c_int64)), ("strides", ctypes.POINTER(ctypes.c_int64)),
                ("byte_offset", ctypes.c_uint64), ("owner", ctypes.c_void_p), ("deleter", ctypes.c_void_p)]


def capsule(name=b"dltensor", shape=(2, 2), strides=None, **fields):
    numbers = (ctypes.c_int64 * 65)(*shape), (ctypes.c_int64 * 65)(*(strides or ()))
    defaults = dict(data=ctypes.addressof(MEMORY), device=1, ndim=len(shape), code=2, bits=32, lanes=1, shape=numbers[0], strides=numbers[1] if strides else None)
    d = DLTensor(**{**defaults, **fields})
    make = ctypes.pythonapi.PyCapsule_New
    make.restype, make.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
    return make(ctypes.addressof(d), name, None), (d, numbers)


@pytest.mark.parametrize(
    "lie",
    [{"ndim": 65}, {"ndim": -1}, {"ndim": 2**31 - 1}, {"lanes": 4}, {"lanes": 0}, {"bits": 16, "code": 0}, {"code": 5}, {"code": 77}, {"device": 2}, {"device": 0}, {"data": None},
     {"shape": (-1, 2)}, {"shape": (2**62, 4)}, {"shape": (2**31, 2**31, 2**31)}, {"strides": (-1, 1)}, {"strides": (2**62, 2**62)}, {"byte_offset": 1}, {"name": b"used_dltensor"},
     {"name": b"other"}],
    ids=str,
)
def test_capsules_that_lie(lie):
    if "shape" in lie and lie["shape"][0] == 2**31:
        lie = {**lie, "strides": (1, 1, 1)}
    fake, kept = capsule(**lie)

    class Producer:
        def __dlpack__(self, **kwargs):
            return fake

        def __dlpack_device__(self):
            return (1, 0)

    for given in (fake, Producer()):
        with pytest.raises((BufferError, ValueError, RuntimeError)):
            torch.from_dlpack(given)
    del kept


def test_a_true_capsule_is_taken():
    given, kept = capsule(strides=(1, 2), byte_offset=8)
    x = torch.from_dlpack(given)
    assert x.shape == (2, 2) and x.stride() == (1, 2) and x.data_ptr() == ctypes.addressof(MEMORY) + 8
    given, empty = capsule(shape=(0, 3), data=None)
    assert torch.from_dlpack(given).shape == (0, 3)
    del kept, empty


def test_producers_that_misbehave():
    class Producer:
        def __init__(self, answer):
            self.answer = answer

        def __dlpack__(self, **kwargs):
            return self.answer()

    for answer, error in ((lambda: 1 / 0, ZeroDivisionError), (lambda: None, RuntimeError), (lambda: "x", RuntimeError), (lambda: torch.ones(1), RuntimeError)):
        with pytest.raises(error):
            torch.from_dlpack(Producer(answer))
    used = torch.ones(2).__dlpack__()
    torch.from_dlpack(used)
    with pytest.raises(RuntimeError):
        torch.from_dlpack(Producer(lambda: used))
    for bad in ({"stream": 1}, {"max_version": 3}, {"max_version": ()}, {"dl_device": (2, 0)}, {"dl_device": 5}, {"max_version": (2**70, 0)}):
        with pytest.raises((BufferError, TypeError, IndexError, OverflowError)):
            torch.ones(2).__dlpack__(**bad)


def test_numbers_without_end():
    for size in (2**31, 2**62, 2**63, 2**64, -1, -(2**63), [2**31, 2**31], [2**62] * 8, (2**32, 2**32), [-1, 2]):
        for make in (torch.zeros, torch.ones, torch.rand, torch.randn, torch.Tensor, torch.empty, lambda s: torch.full(s if isinstance(s, (list, tuple)) else (s,), 1.0)):
            if size == 2**31 or make is torch.Tensor and isinstance(size, (list, tuple)):
                continue
            with pytest.raises((RuntimeError, ValueError, MemoryError, OverflowError, TypeError)):
                make(size)
    for size in (float("nan"), 2.0, "3", None, [None], [2.0]):
        with pytest.raises(TypeError):
            torch.zeros(size)
    x = torch.ones(2, 3)
    for call in (lambda: x.reshape(2**62, 4), lambda: x.expand(2**62, 2, 3).contiguous(), lambda: x.repeat(2**40, 2**40), lambda: x.as_strided((2**40,), (1,)),
                 lambda: x.as_strided((2,), (2**62,)), lambda: x.as_strided((2, 2), (-1, 1)), lambda: x.as_strided((2,), (1,), -1), lambda: x.as_strided((2,), (1,), 2**62),
                 lambda: x.unfold(0, 2**62, 1), lambda: x.narrow(0, 2**62, 2**62), lambda: x.sum(2**62), lambda: x.transpose(2**31, 0), lambda: torch.eye(2**40), lambda: torch.arange(2**62),
                 lambda: torch.arange(float("nan")), lambda: torch.arange(0, float("inf")), lambda: torch.linspace(0, 1, 2**62), lambda: torch.nn.functional.pad(x, (2**62, 2**62)),
                 lambda: torch.nn.functional.one_hot(torch.tensor([2**62])), lambda: x.view(-1, -1), lambda: x[2**62], lambda: x[2**70]):
        with pytest.raises((RuntimeError, ValueError, MemoryError, OverflowError, IndexError, TypeError)):
            call()


def test_the_first_of_two_exceptions_stands():
    class Raising:
        def __bool__(self):
            raise ZeroDivisionError

    x = torch.ones(2, 2)
    with pytest.raises(RuntimeError, match="ambiguous"):
        torch.nn.functional.mse_loss(x, x, x, Raising())


def test_nothing_is_left_behind():
    gc.collect()
    before = torch.memory_stats()["tensors"]
    x = torch.ones(2, 3, requires_grad=True)
    for dtype in (torch.float32, torch.float64):
        for f in (torch.softmax, torch.log_softmax, lambda a, d, dtype: a.sum(d, dtype=dtype), lambda a, d, dtype: a.cumsum(d, dtype=dtype), lambda a, d, dtype: a.prod(d, dtype=dtype)):
            f(x, 1, dtype=dtype)
    torch.nn.functional.gaussian_nll_loss(x, torch.ones(2, 3), 1.0)
    del x
    gc.collect()
    assert torch.memory_stats()["tensors"] == before
