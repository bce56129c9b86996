"""Other names and in-place forms give what the operation itself gives, on the arguments of its golden cases."""

import copy
import json

import pytest
import test_golden as golden
from engine import torch

# name: the operation it is another name of.
ALIASES = {
    "absolute": "abs", "arccos": "acos", "arccosh": "acosh", "arcsin": "asin", "arcsinh": "asinh", "arctan": "atan", "arctan2": "atan2",
    "arctanh": "atanh", "clip": "clamp", "concat": "cat", "concatenate": "cat", "divide": "div", "fix": "trunc", "ger": "outer", "greater": "gt",
    "greater_equal": "ge", "less": "lt", "less_equal": "le", "moveaxis": "movedim", "multiply": "mul", "negative": "neg", "not_equal": "ne",
    "subtract": "sub", "swapaxes": "transpose", "swapdims": "transpose", "true_divide": "div",
}
# In-place methods that are no form of an operation: the tests that follow random numbers, memory and indices know them.
OTHERS = {
    "apply_", "bernoulli_", "cauchy_", "conj_physical_", "copy_", "detach_", "exponential_", "fill_", "fill_diagonal_", "geometric_", "index_reduce_",
    "log_normal_", "map_", "normal_", "random_", "requires_grad_", "resize_", "resize_as_", "retain_grad_", "set_", "share_memory_", "uniform_", "zero_",
}

# Where no golden case has a result that fits its first argument.
EXTRA = {
    "addbmm_": lambda: ([torch.ones(2, 2), torch.full((3, 2, 4), 0.5), torch.full((3, 4, 2), 2.0)], {"beta": 0.5, "alpha": 2}),
    "baddbmm_": lambda: ([torch.ones(3, 2, 2), torch.full((3, 2, 4), 0.5), torch.full((3, 4, 2), 2.0)], {"beta": 0.5}),
    "deg2rad_": lambda: ([torch.tensor([180.0, -90.0])], {}),
    "fill_": lambda: ([torch.tensor([1.0, 2.0]), 0.25], {}),
    "float_power_": lambda: ([torch.tensor([4.0, 9.0], dtype=torch.float64), 0.5], {}),
    "masked_scatter_": lambda: ([torch.zeros(3), torch.tensor([True, False, True]), torch.tensor([5.0, 6.0, 7.0])], {}),
}
# Functions whose other arguments are not the method's: test_more_names.py knows them.
FUNCTIONS_OF_THEIR_OWN = {"alpha_dropout_", "dropout_"}
# These change the shape too.
RESHAPING = {"as_strided_", "squeeze_", "swapaxes_", "swapdims_", "t_", "transpose_", "unsqueeze_"}


def cases():
    found = {}
    for path in sorted(golden.GOLDEN.glob("*.json")):
        for case in json.loads(path.read_text())["cases"]:
            owner, _, op = case.get("op", case["id"].partition("-")[0]).rpartition(".")
            if owner in ("", "Tensor") and "args" in case and not case.get("raises") and "optimizer" not in case and "steps" not in case:
                found.setdefault(op, []).append(case)
    return found


CASES = cases()


def in_place_methods():
    return sorted(n for n in dir(torch.Tensor) if n.endswith("_") and not n.startswith("_"))


def arguments(case):
    """Tensors without history, so that they may be written."""
    case = golden.unpack(copy.deepcopy(case))
    args = golden.decode(case["args"], leaves := [])
    kwargs = golden.decode_kwargs(case, leaves)

    def plain(value):
        if isinstance(value, torch.Tensor):
            return value.detach().clone()
        return type(value)(map(plain, value)) if isinstance(value, (list, tuple)) else value

    return plain(args), {k: plain(v) for k, v in kwargs.items()}


def bits(value):
    return [bits(v) for v in value] if isinstance(value, (list, tuple)) else (tuple(value.shape), str(value.dtype), repr(value.tolist()))


def forms():
    """(method, operation, case) of every in-place method of an operation."""
    for method in in_place_methods():
        op = method.removesuffix("_")
        if method in EXTRA:
            yield method, op, None
        for case in CASES.get(ALIASES.get(op, op), []):
            yield method, op, case


@pytest.mark.parametrize("method", sorted({method for method, _, _ in forms()}))
def test_in_place(method):
    """x.name_(…) is x, and x has become x.name(…), in x's own type; name_(x, …) does the same."""
    done = 0
    for other, op, case in forms():
        if other != method or done == 6:
            continue
        args, kwargs = arguments(case) if case else EXTRA[method]()
        x = args[0]
        if not isinstance(x, torch.Tensor):
            continue
        expected = golden.call("Tensor." + op if hasattr(x, op) else op, args, kwargs)
        fits = isinstance(expected, torch.Tensor) and (expected.shape == x.shape or method in RESHAPING)
        if not fits or expected.dtype != x.dtype and expected.dtype != torch.bool:
            continue
        kept = x.clone()
        assert getattr(x, method)(*args[1:], **kwargs) is x
        assert bits(x) == bits(expected.to(x.dtype)), case and case["id"]
        if hasattr(torch, method) and method not in FUNCTIONS_OF_THEIR_OWN:
            assert getattr(torch, method)(kept, *args[1:], **kwargs) is kept and bits(kept) == bits(x)
        done += 1
    assert done, f"no golden case of {method} fits"


def test_every_in_place_method_is_known():
    tested = {method for method, _, _ in forms()}
    ours = torch.__name__ == "backprop"
    assert [n for n in in_place_methods() if n not in tested | OTHERS and ours] == []


@pytest.mark.parametrize("alias", sorted(ALIASES))
def test_alias(alias):
    op, done = ALIASES[alias], 0
    for case in CASES[op][:12]:
        if case.get("op", op) not in (op, "Tensor." + op):
            continue
        args, kwargs = arguments(case)
        expected = bits(golden.call(case.get("op", op), args, kwargs))
        for owner in (torch, torch.Tensor):
            if hasattr(owner, alias) and (owner is torch or isinstance(args[0], torch.Tensor)):
                args, kwargs = arguments(case)
                assert bits(getattr(owner, alias)(*args, **kwargs)) == expected, case["id"]
                done += 1
    assert done
