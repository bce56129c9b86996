"""Every operation gives the values, types, shapes and gradients that PyTorch gave.

Reads Tests/Golden/*.json (written by Tests/Golden/generate.py) and needs neither PyTorch nor NumPy. The module under test
is named by BACKPROP_TEST_MODULE (default backprop); with BACKPROP_TEST_MODULE=torch the tests prove themselves.

Tolerance, per element:  |got − expected| ≤ ulps · ε · |expected| + atol,  ε = 2⁻²³ or 2⁻⁵² by the expected type.
ulps and atol are stored with each case; how they are derived stands in Tests/Golden/README.md. ulps 0 without atol means
bit for bit (±0 are equal unless the case says signed_zero). NaN matches NaN, ±∞ itself.
"""

import importlib
import json
import math
import operator
import os
import struct
from pathlib import Path

import pytest

GOLDEN = Path(__file__).resolve().parent.parent / "Golden"
m = importlib.import_module(os.environ.get("BACKPROP_TEST_MODULE", "backprop"))

EPSILON = {"float32": 2.0**-23, "float64": 2.0**-52, "float16": 2.0**-10, "bfloat16": 2.0**-7}
SMALLEST = {"float32": 2.0**-149, "float64": 2.0**-1074, "float16": 2.0**-24, "bfloat16": 2.0**-133}


# Decoding ------------------------------------------------------------------------------------------------------------


def nested(flat, shape):
    """The flat row-major list as nested lists of that shape (no size may be 0)."""
    if not shape:
        return flat[0]
    step = len(flat) // shape[0]
    return [nested(flat[i * step : (i + 1) * step], shape[1:]) for i in range(shape[0])]


def make_leaf(spec):
    """The tensor a specification stores; its "view" is applied by make_argument."""
    dtype = getattr(m, spec["dtype"])
    data = [float(v) for v in spec["data"]] if spec["dtype"] in EPSILON else spec["data"]
    kwargs = {"requires_grad": True} if spec.get("requires_grad") else {}
    if not data:
        return m.zeros(spec["shape"], dtype=dtype, **kwargs)
    return m.tensor(nested(data, spec["shape"]), dtype=dtype, **kwargs)


def view_of(leaf, view):
    for name, *arguments in view:
        leaf = leaf[..., :: arguments[0]] if name == "step" else getattr(leaf, name)(*arguments)
    return leaf


def decode(value, leaves, values=()):
    """A stored argument as a Python one. Tensors made on the way are appended to leaves."""
    if isinstance(value, list):
        return [decode(v, leaves, values) for v in value]
    if not isinstance(value, dict):
        return value
    if "data" in value:
        leaf = make_leaf(value)
        leaves.append((value, leaf))
        return view_of(leaf, value.get("view", []))
    ((kind, content),) = value.items()
    if kind == "ref":
        return values[content]
    if kind == "tuple":
        return tuple(decode(v, leaves, values) for v in content)
    return {
        "slice": lambda: slice(*content),
        "ellipsis": lambda: Ellipsis,
        "number": lambda: float(content),
        "dtype": lambda: getattr(m, content),
    }[kind]()


def call(path, args, kwargs):
    """Calls "add", "nn.functional.relu", "Tensor.reshape" (a method of the first argument) or "operator.add"."""
    owner, _, name = path.rpartition(".")
    if owner == "Tensor":
        return getattr(args[0], name)(*args[1:], **kwargs)
    if owner == "operator":
        return getattr(operator, name)(*args, **kwargs)
    function = m
    for part in path.split("."):
        function = getattr(function, part)
    return function(*args, **kwargs)


def run_steps(steps, values):
    """Each step calls an operation on earlier values ({"ref": i}) and appends its result."""
    for step in steps:
        values.append(call(step["op"], decode(step["args"], [], values), decode_kwargs(step, [], values)))
    return values[-1]


def decode_kwargs(case, leaves, values=()):
    return {k: decode(v, leaves, values) for k, v in case.get("kwargs", {}).items()}


# Files leave out what follows from the rest ---------------------------------------------------------------------------


def tensor_specs(value):
    """The tensors among stored arguments, in the order decode meets them."""
    if isinstance(value, dict) and "data" in value:
        yield value
    elif isinstance(value, (dict, list)):
        for v in value.values() if isinstance(value, dict) else value:
            yield from tensor_specs(v)


def with_defaults(spec, dtype, differentiable=True):
    """Data is nested by shape (a shape is stored where that cannot tell it), and has a gradient wherever one is possible."""
    spec.setdefault("dtype", dtype)
    if "shape" not in spec:
        spec["shape"], inner = [], spec["data"]
        while isinstance(inner, list):
            spec["shape"].append(len(inner))
            inner = inner[0] if inner else None
    spec["data"] = flatten(spec["data"])
    spec.setdefault("requires_grad", differentiable and spec["dtype"] in ("float32", "float64"))
    return spec


def like(spec, content):
    """A tensor of spec's shape and type from bare data, or from data with a tolerance."""
    if content is None:
        return None
    content = content if isinstance(content, dict) else {"data": content}
    return {"shape": spec["shape"], "dtype": spec["dtype"], **content}


def unpack(case):
    """The case with every shape, type and default spelt out: seeds are like the output, gradients like their leaves."""
    dtype = case.pop("dtype", "float32")
    leaves = [with_defaults(s, dtype) for s in tensor_specs([case["args"], case.get("kwargs", {})])]
    wanted = [s for s in leaves if s["requires_grad"]]
    case.setdefault("op", case["id"].partition("-")[0])
    k = case.setdefault("ulps", 0)
    if isinstance(k, int):
        case["ulps"] = [k, 4 * k, 16 * k]
    for spec in case.get("out", []):
        with_defaults(spec, dtype, differentiable=bool(wanted))
    if "after" in case:
        case["after"] = [like(s, v) for s, v in zip(leaves, case["after"])]
    if "trajectory" in case:
        case["trajectory"] = [[like(s, v) for s, v in zip(wanted, point)] for point in case["trajectory"]]
    if "seed" in case:
        case["seed"] = like(case["out"][0], case["seed"])
        case["grads"] = [like(s, v) for s, v in zip(wanted, case["grads"])]
    if "second" in case:
        case["second"] = {k: [like(s, v) for s, v in zip(wanted, vs)] for k, vs in case["second"].items()}
    return case


# Comparing -----------------------------------------------------------------------------------------------------------


def flatten(value):
    if not isinstance(value, list):
        return [value]
    return [x for v in value for x in flatten(v)]


def as_stored(value, dtype):
    """The number a decimal means in dtype: files hold the shortest one that reads back."""
    value = float(value)
    return struct.unpack("f", struct.pack("f", value))[0] if dtype == "float32" else value


def dtype_name(t):
    return str(t.dtype).rpartition(".")[2]


def compare(what, got, want, ulps, signed_zero=False):
    assert tuple(got.shape) == tuple(want["shape"]), f"{what}: shape {tuple(got.shape)}, expected {tuple(want['shape'])}"
    assert dtype_name(got) == want["dtype"], f"{what}: dtype {dtype_name(got)}, expected {want['dtype']}"
    values = flatten(got.detach().tolist()) if want["data"] else []
    assert len(values) == len(want["data"]), f"{what}: {len(values)} values, expected {len(want['data'])}"
    floating = want["dtype"] in EPSILON
    for i, (g, e) in enumerate(zip(values, want["data"])):
        place = f"{what}[{i}] of shape {want['shape']}"
        if not floating:
            assert type(g) is type(e) and g == e, f"{place}: got {g!r}, expected {e!r}"
            continue
        e = as_stored(e, want["dtype"])
        if math.isnan(e) or math.isinf(e):
            assert (math.isnan(g) and math.isnan(e)) or g == e, f"{place}: got {g!r}, expected {e!r}"
            continue
        limit = ulps * EPSILON[want["dtype"]] * abs(e) + want.get("atol", 0.0)
        if limit:
            limit += 2 * SMALLEST[want["dtype"]]
        assert abs(g - e) <= limit, f"{place}: got {g!r}, expected {e!r}, difference {abs(g - e):.3g}, allowed {limit:.3g}"
        if signed_zero and e == 0 and g == 0:
            assert math.copysign(1, g) == math.copysign(1, e), f"{place}: got {g!r}, expected {e!r}"


def compare_gradient(what, got, want, shape, ulps):
    """want None: no path; the engine may answer None or zeros."""
    if want is None:
        assert got is None or all(v == 0 for v in flatten(got.tolist())), f"{what}: got {got}, expected none"
        return
    assert got is not None, f"{what}: none, expected {want['data']}"
    assert tuple(got.shape) == tuple(shape), f"{what}: shape {tuple(got.shape)}, that of its tensor is {tuple(shape)}"
    compare(what, got, want, ulps)


# Cases ---------------------------------------------------------------------------------------------------------------


def load():
    return [
        pytest.param(unpack(case), id=f"{path.stem}:{case['id']}")
        for path in sorted(GOLDEN.glob("*.json"))
        for case in json.loads(path.read_text())["cases"]
    ]


def evaluate(case):
    leaves = []
    args = decode(case["args"], leaves)
    kwargs = decode_kwargs(case, leaves)
    if "steps" in case:
        return leaves, run_steps(case["steps"], list(args))
    return leaves, call(case["op"], args, kwargs)


def differentiate(case, leaves, output):
    """Gradients of the leaves for the stored seed and, where asked for, those of Σ vᵢ·gradientᵢ."""
    wanted = [leaf for spec, leaf in leaves if spec.get("requires_grad")]
    seed = make_leaf(case["seed"])
    if "second" not in case:
        output.backward(seed)
        return [leaf.grad for leaf in wanted], []
    gradients = m.autograd.grad(output, wanted, seed, create_graph=True, allow_unused=True)
    terms = [(g * make_leaf(v)).sum() for g, v in zip(gradients, case["second"]["v"]) if v is not None]
    return gradients, m.autograd.grad(sum(terms[1:], terms[0]), wanted, allow_unused=True)


@pytest.mark.parametrize("case", load())
def test_golden(case):
    if "optimizer" in case:
        return run_optimizer(case)
    if case.get("raises"):
        with pytest.raises(Exception) as raised:
            evaluate(case)
        assert not isinstance(raised.value, AttributeError), f"the operation is missing: {raised.value}"
        return
    leaves, result = evaluate(case)
    outputs = list(result) if isinstance(result, (tuple, list)) else [result]
    assert len(outputs) == len(case["out"])
    ulps = case["ulps"]
    for i, (got, want) in enumerate(zip(outputs, case["out"])):
        compare(f"output {i}", got, want, ulps[0], case.get("signed_zero", False))
        assert bool(got.requires_grad) == want["requires_grad"], f"output {i}: requires_grad {got.requires_grad}"
    for i, (want, (_, leaf)) in enumerate(zip(case.get("after", []), leaves)):
        compare(f"argument {i} afterwards", leaf, want, ulps[0])
    if "seed" not in case:
        return

    gradients, seconds = differentiate(case, leaves, outputs[0])
    shapes = [leaf.shape for spec, leaf in leaves if spec.get("requires_grad")]
    for i, (got, want, shape) in enumerate(zip(gradients, case["grads"], shapes)):
        compare_gradient(f"gradient {i}", got, want, shape, ulps[1])
    for i, (got, want, shape) in enumerate(zip(seconds, case.get("second", {}).get("grads", []), shapes)):
        compare_gradient(f"second gradient {i}", got, want, shape, ulps[2])


def run_optimizer(case):
    """Parameters every `every` steps of a training run; the last of args are constants, the first parameters."""
    leaves = []
    decode(case["args"], leaves)
    tensors = [leaf for _, leaf in leaves]
    parameters = [leaf for spec, leaf in leaves if spec.get("requires_grad")]
    optimizer = getattr(m.optim, case["optimizer"])(parameters, **decode_kwargs(case, []))
    for iteration in range(1, case["iterations"] + 1):
        optimizer.zero_grad()
        run_steps(case["steps"], list(tensors)).backward()
        optimizer.step()
        if iteration % case["every"] == 0:
            for i, (parameter, want) in enumerate(zip(parameters, case["trajectory"][iteration // case["every"] - 1])):
                compare(f"parameter {i} after {iteration} steps", parameter, {**want, "atol": case["atol"]}, 0)
