"""Calls everything public with what it does not expect; run by test_bad_input.py in a process of its own: python -X dev bad_input.py GROUP SEED CALLS.

A crash, a SystemError, an error without a reason, a call that takes half a minute, or a tensor left behind ends it with a code other than 0.
"""

import array
import ctypes
import faulthandler
import gc
import importlib
import inspect
import os
import random
import resource
import sys
import tempfile
import warnings

import backprop as torch
from engine import Hostile

GROUPS = {
    "functions": ["backprop"],
    "functional": ["backprop.nn.functional", "backprop.nn.init"],
    "modules": ["backprop.nn"],
    "mathematics": ["backprop.linalg", "backprop.special", "backprop.masked", "backprop.func", "backprop.autograd", "backprop.autograd.functional", "backprop.random"],
    "training": ["backprop.optim", "backprop.optim.lr_scheduler", "backprop.optim.swa_utils", "backprop.nn.utils", "backprop.utils.data", "backprop.utils.checkpoint",
                 "backprop.utils.hooks", "backprop.utils.dlpack", "backprop.testing", "backprop.utils", "backprop.cuda"],
    "methods": [],
}
# They change the session, start processes, wait for keys, or take what is private.
LEFT_OUT = {"set_num_threads", "set_default_dtype", "set_default_tensor_type", "set_printoptions", "set_grad_enabled", "set_num_interop_threads", "manual_seed", "seed", "fork_rng",
            "DataLoader", "save", "load", "save_file", "load_file", "detect_anomaly", "set_detect_anomaly", "no_grad", "inference_mode", "enable_grad", "compile"}
# A number in an argument says how often they do something.
COUNTED = {"tensor_split", "hsplit", "vsplit", "dsplit", "chunk", "unsafe_chunk", "repeat_interleave", "one_hot", "combinations", "mvlgamma", "tril_indices", "triu_indices"}
LIMIT = 1 << 31  # bytes of address space above what is there at the start


class Number:
    """A number that does something when it is asked."""

    def __init__(self, act, value=0):
        self.act, self.value = act, value

    def __index__(self):
        self.act()
        return self.value

    def __float__(self):
        self.act()
        return float(self.value)

    def __bool__(self):
        self.act()
        return True


class Raising:
    def __index__(self):
        raise ZeroDivisionError("index")

    __float__ = __bool__ = __int__ = __len__ = __iter__ = __index__

    def __getattr__(self, name):
        raise OSError(name)


class Shrinking(list):
    """A list that loses its elements while it is read."""

    def __getitem__(self, i):
        self.clear()
        return 1.0

    def __iter__(self):
        for i in range(3):
            self.clear()
            yield i


class Endless:
    """A sequence of itself."""

    def __len__(self):
        return 3

    def __getitem__(self, i):
        if i < 3:
            return self
        raise IndexError


class LyingArray:
    __array_interface__ = {"shape": (2**40,), "typestr": "<f4", "data": (8, False), "version": 3}
    __array_struct__ = 5

    def __array__(self, dtype=None, copy=None):
        return 3

    def __dlpack__(self, **kwargs):
        return "no capsule"

    def __dlpack_device__(self):
        return (2, 0)


class View(ctypes.Structure):
    """Py_buffer"""

    _fields_ = [("buf", ctypes.c_void_p), ("obj", ctypes.py_object), ("len", ctypes.c_ssize_t), ("itemsize", ctypes.c_ssize_t), ("readonly", ctypes.c_int),
                ("ndim", ctypes.c_int), ("format", ctypes.c_char_p), ("shape", ctypes.POINTER(ctypes.c_ssize_t)), ("strides", ctypes.POINTER(ctypes.c_ssize_t)),
                ("suboffsets", ctypes.POINTER(ctypes.c_ssize_t)), ("internal", ctypes.c_void_p)]


MEMORY = ctypes.create_string_buffer(4096)
KEPT = []


def lying_buffer(r):
    """A memoryview that describes its memory wrongly. What it says lies within MEMORY or cannot be: nobody could tell otherwise."""
    n = r.choice([0, 1, 1, 2, 2, 3])
    shape = (ctypes.c_ssize_t * 8)(*[r.choice([0, 1, 2, 3, 2**62, 2**31]) for _ in range(n)])
    strides = (ctypes.c_ssize_t * 8)(*[r.choice([0, 1, 4, 8, -4, 3]) for _ in range(n)])
    v = View()
    v.buf = ctypes.addressof(MEMORY) + r.choice([0, 0, 1])
    v.len = r.choice([0, 4, 8, 16, 2**62, 12])
    v.itemsize = r.choice([0, 1, 2, 4, 4, 8, -4, 3])
    v.format = r.choice([b"f", b"f", b"d", b"q", b"B", b"?", b"", b"zz", b"T{f:a:}", b">f", None])
    v.ndim, v.readonly = n, r.choice([0, 0, 1])
    v.shape, v.strides = shape, strides if r.random() < 0.5 and all(s in (0, 1, 2, 3) for s in shape[:n]) else None
    KEPT.append((shape, strides))
    make = ctypes.pythonapi.PyMemoryView_FromBuffer
    make.restype, make.argtypes = ctypes.py_object, [ctypes.POINTER(View)]
    try:
        return make(ctypes.byref(v))
    except Exception:
        return memoryview(b"")


class DLTensor(ctypes.Structure):
    """DLManagedTensor"""

    _fields_ = [("data", ctypes.c_void_p), ("device", ctypes.c_int32), ("device_id", ctypes.c_int32), ("ndim", ctypes.c_int32), ("code", ctypes.c_uint8),
                ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16), ("shape", ctypes.POINTER(ctypes.c_int64)), ("strides", ctypes.POINTER(ctypes.c_int64)),
                ("byte_offset", ctypes.c_uint64), ("owner", ctypes.c_void_p), ("deleter", ctypes.c_void_p)]


def lying_capsule(r):
    """A DLPack capsule that describes what cannot be, or what is small and lies within MEMORY."""
    n = r.choice([0, 1, 2, 3, -1, 9, 65, 2**31 - 1])
    small = 0 <= n <= 3
    shape = (ctypes.c_int64 * 65)(*[r.choice([0, 1, 2, 3] + ([] if r.random() < 0.5 else [-1, 2**62, 2**33])) for _ in range(65)])
    strides = (ctypes.c_int64 * 65)(*[r.choice([0, 1, 2, -1, 2**62]) for _ in range(65)])
    sane = small and all(0 <= s <= 3 for s in shape[:n])
    d = DLTensor(data=r.choice([ctypes.addressof(MEMORY), ctypes.addressof(MEMORY) + 1, None]), device=r.choice([1, 1, 1, 2, 0, -5]), ndim=n,
                 code=r.choice([2, 2, 0, 1, 4, 5, 6, 77]), bits=r.choice([32, 32, 64, 8, 16, 4, 0]), lanes=r.choice([1, 1, 1, 0, 4]),
                 shape=shape if sane or r.random() < 0.3 and not small else None, strides=strides if sane and r.random() < 0.5 and max(map(abs, strides[:n] or [0])) < 3 else None,
                 byte_offset=r.choice([0, 0, 4, 1]), deleter=None)
    if d.shape and not small:
        d.device = 2  # an impossible ndim beside a shape: refused before anything is read
    KEPT.append((shape, strides, d))
    make = ctypes.pythonapi.PyCapsule_New
    make.restype, make.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
    return make(ctypes.addressof(d), r.choice([b"dltensor", b"dltensor", b"dltensor", b"used_dltensor", b"other"]), None)


def tensors():
    return [
        lambda: torch.ones(2, 3), lambda: torch.tensor(1.5), lambda: torch.arange(6).reshape(2, 3), lambda: torch.zeros(0), lambda: torch.zeros(2, 0, 3),
        lambda: torch.ones(2, 3, requires_grad=True), lambda: torch.tensor([True, False]), lambda: torch.ones(1, 1, 1, 1, 1, 1, 1, 1),
        lambda: torch.ones(3, dtype=torch.float64), lambda: torch.tensor([1, 2], dtype=torch.int32), lambda: torch.ones(2).half(),
        lambda: torch.tensor([3], dtype=torch.uint8), lambda: torch.ones(2, 3).T, lambda: torch.ones(3, 1).expand(3, 4), lambda: torch.ones(2, 3, 4),
        lambda: torch.ones(2, 2, requires_grad=True) * 2, lambda: torch.tensor([0, 1]), lambda: torch.tensor([[0, 1], [1, 0]]), lambda: torch.ones(1, 2, 5, 5),
        lambda: torch.tensor(float("nan")), lambda: torch.ones(2, dtype=torch.bfloat16), lambda: torch.tensor([2**62, -(2**63)]), lambda: torch.tensor([1e30, -1e30]),
        lambda: torch.nn.Parameter(torch.ones(2)),
    ]


def oddities(r, victim):
    """Everything a caller should not pass; `victim` is a tensor of the same call, which some of them change meanwhile."""
    endless, deep = [], []
    endless.append(endless)
    for _ in range(10_000):
        deep = [deep]
    w = torch.ones(1, requires_grad=True)
    released = memoryview(bytearray(8))
    released.release()
    growing = array.array("f", [1, 2])

    def replace():
        victim.mul_(w)

    return [
        0, 1, -1, 2, 3, -2, 2**31, 2**31 - 1, 2**62, -(2**63), 2**64, 1.5, float("nan"), float("inf"), None, True, False, "a", "mean", "none", "sum", "cpu", "", "é\0",
        b"xy", [], [0], [1, 2], (0, 1), (2, 3), [2**62, 2**62], [2**31] * 3, (-1,), endless, deep, [[1], [2, 3]], {}, {1: 2}, set(), object(), Hostile(), Raising(),
        Shrinking([1, 2, 3]), Endless(), LyingArray(), Number(replace), Number(replace, 2**62), [Number(replace)], Number(lambda: 1 / 0), Number(gc.collect), torch.float32,
        torch.int64, torch.bool, torch.float16, float, int, slice(None), slice(0, 2**70), slice(None, None, -1), Ellipsis, range(3), growing, array.array("H", [1]),
        memoryview(b"ab"), released, (lambda *a: a[0]), (lambda *a: None), torch.device("cpu"), torch.Size((2, 3)), [1.0] * 20, (1,) * 9, 1e-5, 1e308, 3 + 4j,
        lying_buffer(r), lying_capsule(r), torch, torch.Tensor, type, NotImplemented, [torch.ones(2), None], [torch.ones(2), torch.ones(3)], iter([1, 2]), (i for i in range(3)),
        torch.nn.Linear(2, 3), [victim], (victim, victim), {"a": victim}, 2.5, "float32", bytearray(5), torch.channels_last,
    ]


def members(module):
    """Public callables of a module."""
    names = getattr(module, "__all__", None) or dir(module)
    names = [n for n in {*names, *dir(module)} if not n.startswith("_") and n not in LEFT_OUT]
    found = []
    for name in sorted(names):
        try:
            value = getattr(module, name)
        except AttributeError:
            continue
        if callable(value) and not inspect.ismodule(value) and (getattr(value, "__module__", None) or "backprop").startswith("backprop"):
            found.append((name, value))
    return found


def use(y, r, argument):
    """Prints, reads, calls and differentiates a result."""
    if isinstance(y, torch.Tensor):
        if y.numel() < 10**4:
            repr(y), y.tolist()
        if y.grad_fn is not None:
            y.backward(torch.ones_like(y))
    elif isinstance(y, torch.nn.Module):
        repr(y)
        use(y(*[argument() for _ in range(r.choice([1, 1, 2, 3]))]), r, argument)
    elif hasattr(y, "step"):
        y.step()
    elif isinstance(y, (tuple, list)):
        for item in y[:3]:
            use(item, r, argument)


KEYWORDS = ["dim", "keepdim", "dtype", "input", "other", "alpha", "index", "min", "max", "requires_grad", "reduction", "weight", "bias", "axis", "size", "out", "lr", "params", "kernel_size",
            "stride", "padding", "device", "generator", "copy"]


def plausible(r, parameter):
    """What a parameter of this name often is."""
    image, matrix = torch.ones(1, 2, 6, 6), torch.ones(3, 3)
    x = r.choice([matrix, matrix, image, torch.rand(2, 3, requires_grad=True), torch.ones(4), torch.tensor(2.0), torch.arange(6).reshape(2, 3), torch.ones(2, 3, 4)])
    known = {
        "dim": [0, 1, -1], "dims": [(0, 1), 0], "dim0": [0], "dim1": [1], "dim2": [1], "axis": [0], "index": [torch.tensor([0, 1]), 0], "indices": [torch.tensor([0]), (torch.tensor([0]),)],
        "size": [(2, 3), 4], "shape": [(2, 3)], "sizes": [(1, -1)], "kernel_size": [2, (2, 2)], "stride": [1, 2, None], "padding": [0, 1], "dilation": [1], "groups": [1],
        "normalized_shape": [(3,), 3], "in_features": [3], "out_features": [2], "in_channels": [2], "out_channels": [2], "num_features": [2], "num_channels": [2], "num_groups": [1],
        "input_size": [3], "hidden_size": [4], "embed_dim": [4], "num_heads": [2], "d_model": [4], "nhead": [2], "num_embeddings": [5], "embedding_dim": [3], "p": [0.5, 2], "k": [1],
        "mode": ["constant", "bilinear", "sum"], "reduction": ["mean", "sum", "none"], "reduce": ["sum"], "dtype": [None, torch.float32, torch.int64], "lr": [0.1], "optimizer": [
            torch.optim.SGD([torch.nn.Parameter(torch.ones(2))], lr=0.1)], "params": [[torch.nn.Parameter(torch.ones(2))]], "parameters": [[torch.ones(2, requires_grad=True)]],
        "module": [torch.nn.Linear(2, 2)], "modules": [[torch.nn.Linear(2, 2)]], "function": [lambda *a: a[0]], "func": [lambda *a: a[0].sum()], "fn": [lambda *a: a[0]],
        "tensors": [[matrix, matrix]], "mask": [matrix > 0], "target": [torch.tensor([0, 1, 2]), matrix], "labels": [torch.tensor([0, 1])], "weight": [matrix, image, None], "bias": [None, True],
        "n": [2], "steps": [3], "start": [0], "end": [5], "length": [1], "step": [1], "source": [x], "src": [x], "value": [1.0, x], "other": [x, 2], "eps": [1e-5], "alpha": [1.0], "step_size": [2],
        "gamma": [0.5], "milestones": [[1, 2]], "T_max": [5], "lr_lambda": [lambda e: 1.0], "equation": ["ij,jk->ik"], "repeats": [2], "split_size": [1], "chunks": [2], "sections": [1],
        "upscale_factor": [1], "scale_factor": [2], "output_size": [(1, 1), 2], "num_classes": [3], "num_layers": [1], "indices_or_sections": [1], "offset": [0], "offsets": [torch.tensor([0])],
        "max_norm": [1.0], "name": ["weight"], "data": [[1.0]], "obj": [[1.0]], "protocol": [2, 5], "memo": [{}], "key": [0, (0, 0), slice(1), torch.tensor([0])],
    }
    return r.choice(known[parameter]) if parameter in known and r.random() < 0.95 else x


SIGNATURES = {}


def arguments(function, r):
    """A call of the function that may be right: positional arguments."""
    if function not in SIGNATURES:
        try:
            found = [p for p in inspect.signature(function).parameters.values() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD, p.VAR_POSITIONAL)]
        except (ValueError, TypeError):
            found = []
        SIGNATURES[function] = found
    parameters = SIGNATURES[function]
    required = sum(p.default is p.empty for p in parameters)
    n = r.randint(required, min(len(parameters), required + 3)) if parameters else r.choice([0, 1, 2])
    return [plausible(r, p.name) for p in parameters[:n]] if parameters else [plausible(r, "") for _ in range(n)]


def is_too_large(args):
    """A number of elements that might exist and would take its time."""
    return any(isinstance(a, int) and 10**4 < abs(a) < 2**31 - 1 or isinstance(a, (list, tuple)) and a is not args and len(a) < 30 and
               any(isinstance(b, int) and 10**4 < abs(b) < 2**31 - 1 for b in a) for a in args)


ERRORS = {}


def check(error):
    ERRORS[type(error).__name__] = ERRORS.get(type(error).__name__, 0) + 1
    if isinstance(error, SystemError) and "PyBytes_FromStringAndSize" not in str(error) or "no result and no reason" in str(error) or isinstance(error, AssertionError) and not str(error):
        raise error


def run(group, seed, calls):
    r = random.Random(seed)
    warnings.simplefilter("ignore")
    callables = []
    for name in GROUPS[group]:
        try:
            callables += members(importlib.import_module(name))
        except ModuleNotFoundError:
            pass
    for name in GROUPS:  # all modules are there before tensors are counted
        for module in GROUPS[name]:
            try:
                members(importlib.import_module(module))
            except ModuleNotFoundError:
                pass
    methods = [n for n in dir(torch.Tensor) if callable(getattr(torch.Tensor, n)) and n not in ("__new__", "__getattribute__", "__setattr__", "__delattr__", "__class__", "__init_subclass__",
                                                                                              "__subclasshook__", "__init__", "__getstate__", "__dir__")]
    make = tensors()
    here = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (here + LIMIT, resource.RLIM_INFINITY))
    gc.collect()
    before = torch.memory_stats()["tensors"]
    log = open(os.environ["BAD_INPUT_LOG"], "w") if "BAD_INPUT_LOG" in os.environ else None
    for i in range(calls):
        victim = r.choice(make)()
        odd = oddities(r, victim) if i % 8 == 0 else odd

        def argument():
            return r.choice(make)() if r.random() < 0.5 else r.choice(odd)

        name, function = r.choice(callables) if callables else (r.choice(methods), None)
        if r.random() < 0.7:
            args = arguments(function or getattr(torch.Tensor, name), r)
            if args and r.random() < 0.6 and not function:
                args[0] = victim
            for _ in range(r.choice([0, 1, 1, 1, 2])):
                if args:
                    args[r.randrange(len(args))] = argument()
        else:
            args = [argument() for _ in range(r.choice([0, 1, 1, 2, 2, 3, 4, 5]))]
        kwargs = {r.choice(KEYWORDS): argument() for _ in range(r.choice([0, 0, 0, 0, 1]))}
        if "polynomial" in name:
            continue  # of degree 2**62: as many steps
        counted = group in ("modules", "training") or name in COUNTED
        if is_too_large([*args, *kwargs.values()]) or counted and any(isinstance(a, int) and a > 10**4 or isinstance(a, Number) and a.value > 10**4 for a in args):
            continue
        if log:
            log.seek(0), log.truncate(), print(name, [type(a).__name__ if not isinstance(a, (int, float, str)) else a for a in args], list(kwargs), file=log, flush=True)
        faulthandler.dump_traceback_later(30, exit=True)
        try:
            if function is None:
                kind = r.random()
                if kind < 0.85:
                    use(getattr(torch.Tensor, name)(*args, **kwargs), r, argument)
                elif kind < 0.9:
                    setattr(victim, r.choice(["grad", "data", "requires_grad", "shape", "T"]), argument())
                elif kind < 0.95:
                    use(victim[argument()] if r.random() < 0.5 else victim[tuple(args)], r, argument)
                else:
                    key, value = tuple(args) if r.random() < 0.5 else argument(), argument()
                    if log:
                        print("set", victim.shape, victim.dtype, victim.requires_grad, type(key), type(value), file=log, flush=True)
                    victim[key] = value
                    del key, value
                use(victim, r, argument)
            else:
                use(function(*args, **kwargs), r, argument)
        except (Exception, RecursionError) as error:
            check(error)
        faulthandler.cancel_dump_traceback_later()
    victim = args = kwargs = odd = argument = function = key = value = None
    KEPT.clear()
    gc.collect()
    left = torch.memory_stats()["tensors"] - before
    if left > 0 and group in ("functions", "functional", "mathematics", "methods"):
        sys.exit(f"{left} tensors left behind")
    assert torch.is_grad_enabled() and (torch.ones(2) + 1).tolist() == [2, 2]


if __name__ == "__main__":
    faulthandler.enable()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        run(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    print(ERRORS)
