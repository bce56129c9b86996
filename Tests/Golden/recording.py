"""Records cases: encodes arguments, runs them with PyTorch, derives tolerances, writes one JSON file per family.

The families themselves are in the families_*.py files; decoding and running are those of Tests/python/test_golden.py, so
that a case is recorded exactly as it is checked.
"""

import copy
import json
import math
import os
import random
import sys
from pathlib import Path

os.environ["BACKPROP_TEST_MODULE"] = "torch"
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python"))

import numpy as np
import torch
import test_golden as golden

DELTA = 2.0**-30  # relative step of the condition estimate
SAMPLES = 6  # random directions it takes
EXACT, ROUNDED, CLOSE = (0, 0, 0), (1, 4, 16), (4, 16, 64)  # ulps of output, gradient, second gradient
EPSILON = golden.EPSILON


# Encoding ------------------------------------------------------------------------------------------------------------


def number(value, dtype):
    """A JSON number (shortest decimal that reads back as the same value of dtype) or "nan", "inf", "-inf"."""
    if isinstance(value, (bool, int)):
        return value
    if not math.isfinite(value):
        return str(value)
    if dtype == "float32":
        short = float(str(np.float32(value)))
        assert np.float32(short) == np.float32(value)
        value = short
    if value.is_integer() and abs(value) < 1e6 and str(value) != "-0.0":
        return int(value)
    return value


def encode_tensor(tensor):
    dtype = str(tensor.dtype).rpartition(".")[2]
    return {"shape": list(tensor.shape), "dtype": dtype, "data": [number(v, dtype) for v in tensor.detach().flatten().tolist()]}


def t(data, dtype="float32", grad=None, view=()):
    """A tensor argument. Floating ones require a gradient unless grad is False; view is a list of method calls."""
    data = data if isinstance(data, torch.Tensor) else torch.tensor(data, dtype=getattr(torch, dtype))
    spec = encode_tensor(data.to(getattr(torch, dtype)))
    spec["requires_grad"] = dtype in ("float32", "float64") and grad is not False
    if view:
        spec["view"] = [list(v) for v in view]
    return spec


def encode(value):
    if isinstance(value, slice):
        return {"slice": [value.start, value.stop, value.step]}
    if value is Ellipsis:
        return {"ellipsis": True}
    if isinstance(value, tuple):
        return {"tuple": [encode(v) for v in value]}
    if isinstance(value, list):
        return [encode(v) for v in value]
    if isinstance(value, torch.dtype):
        return {"dtype": str(value).rpartition(".")[2]}
    if isinstance(value, float) and not math.isfinite(value):
        return {"number": str(value)}
    return value


# Running -------------------------------------------------------------------------------------------------------------


def run(case):
    """Outputs, gradients, second gradients, and the arguments afterwards."""
    leaves, result = golden.evaluate(case)
    outputs = list(result) if isinstance(result, (tuple, list)) else [result]
    gradients, seconds = golden.differentiate(case, leaves, outputs[0]) if "seed" in case else ([], [])
    return outputs, list(gradients), list(seconds), [leaf for _, leaf in leaves]


def floating_specs(value):
    """Every stored floating tensor in a case that takes part in its arithmetic."""
    if isinstance(value, dict):
        if value.get("dtype") in ("float32", "float64") and "data" in value:
            yield value
        else:
            for v in value.values():
                yield from floating_specs(v)
    elif isinstance(value, list):
        for v in value:
            yield from floating_specs(v)


def arithmetic(case):
    return [case["args"], case.get("kwargs", {}), case.get("seed"), case.get("second", {}).get("v")]


def cast(case, dtype):
    case = copy.deepcopy(case)
    for spec in floating_specs(arithmetic(case)):
        if dtype == "float32":
            with np.errstate(over="ignore"):
                spec["data"] = [float(np.float32(float(v))) for v in spec["data"]]
        spec["dtype"] = dtype
    return case


def perturbed(case, rng, inputs):
    case = cast(case, "float64")
    parts = arithmetic(case)
    for spec in floating_specs(parts if inputs else parts[2:]):
        spec["data"] = [v if isinstance(v, str) else v * (1 + DELTA * rng.choice((-1, 1))) for v in spec["data"]]
    return case


def largest(tensor):
    finite = tensor[torch.isfinite(tensor)]
    return finite.abs().max().item() if finite.numel() else 0.0


def differences(a, b):
    """Largest finite difference of each pair of floating tensors; None where there is no pair."""
    return [
        None if x is None or y is None or not x.is_floating_point() else largest(x.detach().double() - y.detach().double())
        for x, y in zip(a, b)
    ]


def derive_tolerances(case, condition, inputs, results):
    """atol of every floating result; see README.md. condition[k] says whether kind k may be ill-conditioned."""
    ulps = case["ulps"]
    case32 = cast(case, "float32")
    low, high = run(case32)[:3], run(cast(case32, "float64"))[:3]
    exact = run(cast(case, "float64"))[:3]
    rng = random.Random(1)
    moved = [run(perturbed(case, rng, inputs))[:3] for _ in range(SAMPLES)] if any(condition) else []
    atols = []
    for kind in range(3):
        rows = []
        for i, result in enumerate(results[kind]):
            if result is None or not result.is_floating_point():
                rows.append(0.0)
                continue
            eps = EPSILON[str(result.dtype).rpartition(".")[2]]
            a, b = low[kind][i], high[kind][i]
            atol = 0.0
            if ulps[kind] and a is not None and a.is_floating_point():
                b = b.detach().float().double()
                excess = (a.detach().double() - b).abs() - ulps[kind] * EPSILON["float32"] * b.abs()
                atol = 4 * max(0.0, excess[torch.isfinite(excess)].max().item() if torch.isfinite(excess).any() else 0.0)
                atol *= eps / EPSILON["float32"]
            if condition[kind]:
                scale = max((d[i] or 0.0) / DELTA for d in (differences(mv[kind], exact[kind]) for mv in moved))
                atol += 16 * eps * scale
            rows.append(atol)
        atols.append(rows)
    return atols


def rounded_up(value):
    return float(f"{value * 1.05:.1e}")


def pack_tensor(spec, dtype, differentiable=True):
    """Without the defaults of golden.with_defaults()."""
    spec = dict(spec)
    if "requires_grad" in spec and spec["requires_grad"] == (differentiable and spec["dtype"] in ("float32", "float64")):
        del spec["requires_grad"]
    shape = spec["shape"]
    if spec["data"]:
        spec["data"] = golden.nested(spec["data"], shape)
    if 0 not in shape or shape == [0]:
        del spec["shape"]
    if spec["dtype"] == dtype:
        del spec["dtype"]
    return spec


def pack(value, dtype):
    if isinstance(value, dict):
        return pack_tensor(value, dtype) if "data" in value else {k: pack(v, dtype) for k, v in value.items()}
    return [pack(v, dtype) for v in value] if isinstance(value, list) else value


def bare(spec):
    """What golden.like() completes again."""
    if spec is None:
        return None
    return {"data": spec["data"], "atol": spec["atol"]} if "atol" in spec else spec["data"]


def pack_case(case):
    """The inverse of golden.unpack()."""
    specs = list(golden.tensor_specs([case["args"], case.get("kwargs", {})]))
    dtypes = [s["dtype"] for s in specs + case.get("out", [])]
    dtype = max(set(dtypes), key=lambda d: (dtypes.count(d), d)) if dtypes else "float32"
    packed = {
        "id": case["id"],
        **({"dtype": dtype} if dtype != "float32" else {}),
        **{k: pack(v, dtype) if k in ("args", "kwargs") else v for k, v in case.items() if k != "id"},
    }
    if "out" in case:
        packed["out"] = [pack_tensor(s, dtype, any(s["requires_grad"] for s in specs)) for s in case["out"]]
    if case.get("op") in ("", case["id"].partition("-")[0]):
        del packed["op"]
    if case.get("ulps") == [0, 0, 0]:
        del packed["ulps"]
    elif "ulps" in case and tuple(case["ulps"]) in (ROUNDED, CLOSE):
        packed["ulps"] = case["ulps"][0]
    for key in ("grads", "after"):
        if key in case:
            packed[key] = [bare(s) for s in case[key]]
    if "seed" in case:
        packed["seed"] = bare(case["seed"])
    if "second" in case:
        packed["second"] = {k: [bare(s) for s in specs] for k, specs in case["second"].items()}
    if "trajectory" in case:
        packed["trajectory"] = [[bare(s) for s in point] for point in case["trajectory"]]
    return packed


# Families ------------------------------------------------------------------------------------------------------------


class Family:
    """The cases of one file. Random values are multiples of 1/grid, seeds of gradients small
    integers, from a generator seeded by its name."""

    def __init__(self, name, about, grid=100):
        self.name, self.about, self.grid, self.cases = name, about, grid, []
        self.rng = random.Random(name)

    def values(self, *shape, low=-2.0, high=2.0, grid=None):
        grid = grid or self.grid
        data = [round(self.rng.uniform(low, high) * grid) / grid for _ in range(math.prod(shape))]
        return torch.tensor(data, dtype=torch.float64).reshape(shape)

    def seed(self, shape, dtype):
        data = [self.rng.choice((-3, -2, -1, 1, 2, 3, 4)) for _ in range(math.prod(shape))]
        return {"shape": list(shape), "dtype": dtype, "data": data}

    def add(
        self,
        id,
        op,
        *args,
        ulps=CLOSE,
        condition=(False, False, False),
        smooth=True,
        second=False,
        gradient=True,
        signed_zero=False,
        after=False,
        tolerance=True,
        steps=None,
        **kwargs,
    ):
        """Records one case. condition: which of output, gradient, second gradient sum terms that may cancel; smooth: whether
        inputs may be moved to estimate it."""
        case = {"id": id, "op": op, "args": [encode(a) for a in args]}
        if kwargs:
            case["kwargs"] = {k: encode(v) for k, v in kwargs.items()}
        if steps:
            case["steps"] = steps
        case["ulps"] = list(ulps)
        if signed_zero:
            case["signed_zero"] = True
        outputs = run(case)[0]
        first = outputs[0]
        if gradient and first.requires_grad:
            case["seed"] = self.seed(first.shape, str(first.dtype).rpartition(".")[2])
            if second:
                case["second"] = {"v": []}
                wanted = [leaf for spec, leaf in golden.evaluate(case)[0] if spec.get("requires_grad")]
                case["second"]["v"] = [self.seed(leaf.shape, str(leaf.dtype).rpartition(".")[2]) for leaf in wanted]
        results = run(case)
        if condition is True:
            condition = (True, True, True)
        atols = derive_tolerances(case, condition, smooth, results) if tolerance and any(ulps) or any(condition) else None

        def expected(kind):
            rows = []
            for i, result in enumerate(results[kind]):
                row = None if result is None else encode_tensor(result)
                if row and atols and atols[kind][i]:
                    row["atol"] = rounded_up(atols[kind][i])
                if row and kind == 0:
                    row["requires_grad"] = result.requires_grad
                rows.append(row)
            return rows

        case["out"] = expected(0)
        if "seed" in case:
            case["grads"] = expected(1)
            if second:
                case["second"]["grads"] = expected(2)
        if after:
            case["after"] = [encode_tensor(leaf) for leaf in results[3]]
        self.keep(case)

    def raises(self, id, op, *args, **kwargs):
        """Records a call that must be refused."""
        case = {"id": id, "op": op, "args": [encode(a) for a in args], "raises": True}
        if kwargs:
            case["kwargs"] = {k: encode(v) for k, v in kwargs.items()}
        try:
            golden.evaluate(case)
        except AttributeError:
            raise
        except Exception:
            return self.keep(case)
        raise AssertionError(f"{self.name}:{id} did not raise")

    def keep(self, case):
        assert case["id"] not in {c["id"] for c in self.cases}, f"{self.name}:{case['id']} exists twice"
        self.cases.append(case)

    def write(self, folder):
        head = json.dumps({"about": self.about, "torch": torch.__version__.partition("+")[0], "random": self.name})[:-1]
        lines = ",\n".join(json.dumps(pack_case(case), separators=(",", ":")) for case in self.cases)
        path = Path(folder) / f"{self.name}.json"
        path.write_text(f'{head}, "cases": [\n{lines}\n]}}\n')
        print(f"{path.name:20} {len(self.cases):5} cases {path.stat().st_size / 1024:7.1f} KB")
