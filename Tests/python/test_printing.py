"""Random tensors of all types print as PyTorch prints them: the texts in Golden/printing/printing.json are PyTorch's. Run as a program with
BACKPROP_TEST_MODULE=torch, this file writes them."""

import json
import random
import re
from pathlib import Path

import pytest
from engine import ours, text, torch

GOLDEN = Path(__file__).resolve().parents[1] / "Golden" / "printing" / "printing.json"
nan, inf = float("nan"), float("inf")
TYPES = "float32 float64 int64 int32 uint8 bool float16 bfloat16".split()
OPTIONS = [
    {}, {"precision": 2}, {"precision": 0}, {"precision": 10}, {"threshold": 5}, {"threshold": 5, "edgeitems": 1}, {"threshold": 5, "edgeitems": 0},
    {"linewidth": 30}, {"linewidth": 200}, {"profile": "short"}, {"profile": "full"}, {"sci_mode": True}, {"sci_mode": False},
    {"profile": "short", "precision": 3, "sci_mode": False},
]


def numbers(r, n, floating):
    kind = r.randrange(7 if floating else 2)
    return [
        [float(r.randint(0, 9)) for _ in range(n)],
        [float(r.randint(0, 10 ** r.randint(1, 2))) for _ in range(n)],
        [r.uniform(-2, 2) for _ in range(n)],
        [r.uniform(-1, 1) * 10.0 ** r.randint(-6, 6) for _ in range(n)],
        [r.choice([nan, inf, -inf, 0.0, -0.0, 1.5, -2.0, 0.001]) for _ in range(n)],
        [r.choice([nan, inf, -inf, -0.0, 3.0]) for _ in range(n)],
        [r.choice([nan, inf, -inf]) for _ in range(n)],
    ][kind]


def tensors():
    """(options, tensor), always the same ones."""
    r = random.Random(8)
    for i in range(420):
        options = OPTIONS[i % len(OPTIONS)]
        shape = [r.choice([1, 1, 2, 3, 4, 9]) for _ in range(r.choice([0, 1, 1, 2, 2, 3, 4]))]
        if i % 40 == 5:
            shape[len(shape) // 2 : len(shape) // 2 + 1] = [0]
        if i % 40 == 14:
            shape = r.choice([[1001], [40, 50], [600, 2], [3, 400]])
        n = 1
        for size in shape:
            n *= size
        dtype = r.choice(TYPES)
        x = torch.tensor(numbers(r, min(n, 97), "float" in dtype), dtype=torch.float64)
        if n > 97:
            x = x.repeat(n // 97 + 1)[:n]
        x = x.to(getattr(torch, dtype)).reshape(shape)
        if i % 5 == 2 and dtype in ("float32", "float64"):
            x.requires_grad_()
            x = x * 1 if i % 2 else x
        yield options, x


def printed(options, x):
    torch.set_printoptions(profile="default")
    torch.set_printoptions(**options)
    try:
        # The longer name of the package may put what follows the numbers on a line of its own.
        return re.sub(r",\s+(dtype|grad_fn|requires_grad|size)=", r", \1=", text(x))
    finally:
        torch.set_printoptions(profile="default")


def test_random_tensors():
    golden = json.loads(GOLDEN.read_text())
    made = list(tensors())
    assert len(made) == len(golden)
    for (options, x), expected in zip(made, golden):
        assert printed(options, x) == expected, (options, x.dtype, tuple(x.shape))


def test_the_default_type_is_not_named():
    try:
        torch.set_default_dtype(torch.float64)
        assert text(torch.ones(2)) == "tensor([1., 1.])" and text(torch.tensor([1.5])) == "tensor([1.5000])"
        assert text(torch.ones(2, dtype=torch.float32)) == "tensor([1., 1.], dtype=torch.float32)"
        assert text(torch.empty(0)) == "tensor([])" and torch.get_default_dtype() is torch.float64
        assert (torch.tensor(1) + 1.5).dtype is torch.float64 and torch.arange(0, 1, 0.5).dtype is torch.float64
    finally:
        torch.set_default_dtype(torch.float32)
    for bad in (torch.int64, "float32", 3):
        with pytest.raises(TypeError):
            torch.set_default_dtype(bad)


class Named(torch.Tensor):
    pass


class Kept(torch.nn.Parameter):
    pass


@ours
def test_subclasses_print_their_name():
    assert repr(Named([1.0, 2.0])) == "Named([1., 2.])"
    assert repr(Kept(torch.ones(1))) == "Parameter containing:\nParameter(Kept([1.], requires_grad=True))"


def test_format_of_one_number():
    assert f"{torch.tensor(1.5)}" == "1.5" and f"{torch.tensor(True)}" == "True" and f"{torch.tensor(3):d}" == "3"
    assert f"{torch.tensor(2.0, requires_grad=True) * 2:.1f}" == "4.0"
    assert "%.2f" % torch.tensor(1.256) == "1.26" and f"{torch.tensor([1.5])}" == "tensor([1.5000])"
    with pytest.raises(TypeError):
        f"{torch.ones(2):.2f}"


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps([printed(*case) for case in tensors()], indent=0) + "\n")
