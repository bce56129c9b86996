"""Any arguments to any function: a result or an exception, never a crash, and nothing stays behind."""

import array
import gc
import random

import pytest
from engine import Hostile, ours, torch

pytestmark = ours
SEEDS = (1, 2, 3)
CALLS = 4000


def tensors():
    """Tensors of many types, shapes and layouts, made anew for every use."""
    return [
        lambda: torch.ones(2, 3), lambda: torch.tensor(1.5), lambda: torch.arange(6).reshape(2, 3), lambda: torch.zeros(0),
        lambda: torch.ones(2, 3, requires_grad=True), lambda: torch.tensor([True, False]), lambda: torch.ones(1, 1, 1, 1, 1, 1, 1, 1),
        lambda: torch.ones(3, dtype=torch.float64), lambda: torch.tensor([1, 2], dtype=torch.int32), lambda: torch.ones(2).half(),
        lambda: torch.tensor([3], dtype=torch.uint8), lambda: torch.ones(2, 3).T, lambda: torch.ones(3, 1).expand(3, 4),
        lambda: torch.ones(2, 2, requires_grad=True) * 2, lambda: torch.tensor([0, 1]), lambda: torch.tensor([[0, 1], [1, 0]]),
        lambda: torch.tensor(float("nan")), lambda: torch.ones(2, dtype=torch.bfloat16),
    ]


def oddities():
    endless = []
    endless.append(endless)
    return [
        0, 1, -1, 2, 3, -2, 2**31, 2**62, -(2**63), 2**64, 1.5, float("nan"), float("inf"), None, True, False, "a", "mean", "none", "cpu", "",
        b"xy", [], [0], [1, 2], (0, 1), (2, 3), [2**62, 2**62], (-1,), endless, [[1], [2, 3]], {}, {1: 2}, object(), Hostile(), torch.float32,
        torch.int64, torch.bool, torch.float16, float, int, slice(None), slice(0, 2**70), Ellipsis, range(3), array.array("f", [1, 2]),
        array.array("H", [1]), memoryview(b"ab"), (lambda *a: a[0]), torch.device("cpu"), torch.Size((2, 3)), [1.0] * 20, (1,) * 9, 1e-5,
    ]


SIZED = {"rand", "randn", "zeros", "ones", "empty", "full", "eye", "randperm", "arange", "linspace", "logspace", "randint", "normal",
         "multinomial", "expand", "broadcast_to", "repeat", "tile", "repeat_interleave", "pad", "diag", "diag_embed", "diagflat", "one_hot", "tensor_split", "hsplit", "vsplit", "dsplit", "chunk", "unsafe_chunk", "mvlgamma"}
LEFT_OUT = {"_set_grad_enabled", "set_num_threads", "save", "load", "_gradcheck", "_rebuild"}  # they change the session, or call back
KEYWORDS = ["dim", "keepdim", "dtype", "input", "other", "alpha", "index", "min", "max", "requires_grad", "reduction", "weight", "bias", "axis"]
ATTRIBUTES = ["grad", "data", "requires_grad"]


def use(y):
    """Prints, reads and differentiates a result."""
    if isinstance(y, torch.Tensor) and y.numel() < 10**5:
        repr(y), y.tolist()
        if y.grad_fn is not None:
            y.backward(torch.ones_like(y))


@pytest.mark.parametrize("seed", SEEDS)
def test_any_call(seed):
    r = random.Random(seed)
    core = torch._core
    functions = [n for n in core.__dict__ if callable(getattr(core, n)) and not isinstance(getattr(core, n), type) and n not in LEFT_OUT]
    methods = [n for n, f in vars(torch.Tensor).items() if callable(f) and n not in ("__new__", "__getattribute__", "__setattr__", "__delattr__")]
    make, odd = tensors(), oddities()

    def argument():
        return r.choice(make)() if r.random() < 0.6 else r.choice(odd)

    gc.collect()
    before = torch.memory_stats()["tensors"]
    for _ in range(CALLS):
        x, kind = r.choice(make)(), r.random()
        args = [argument() for _ in range(r.choice([0, 1, 1, 2, 2, 3, 4]))]
        kwargs = {r.choice(KEYWORDS): argument()} if r.random() < 0.2 else {}
        name = r.choice(functions if kind < 0.5 else methods if kind < 0.9 else ATTRIBUTES)
        if name in SIZED and any(isinstance(a, int) and 10**5 < abs(a) < 2**50 for a in args):
            continue  # gigabytes that might exist
        try:
            if kind < 0.5:
                use(getattr(core, name)(x, *args, **kwargs) if r.random() < 0.7 else getattr(core, name)(*args, **kwargs))
            elif kind < 0.9:
                use(getattr(x, name)(*args, **kwargs))
            else:
                setattr(x, name, argument())
                use(x)
        except SystemError:
            raise
        except Exception:
            pass
    del x, args, kwargs
    odd.clear()  # __deepcopy__ writes into its memo
    gc.collect()
    assert torch.memory_stats()["tensors"] <= before
    assert torch.is_grad_enabled() and (torch.ones(2) + 1).tolist() == [2, 2]
