"""Element-wise operations and the promotion of types: elementwise.json, promotion.json."""

import torch

from recording import CLOSE, EXACT, ROUNDED, Family, t

inf, nan = float("inf"), float("nan")
FLOATS = ("float32", "float64")
INTEGERS = ("int64", "int32", "uint8")
SMALL = {"float32": 2.0**-149, "float64": 2.0**-1074}
TINY = {"float32": 2.0**-126, "float64": 2.0**-1022}
HUGE = {"float32": 3.0e38, "float64": 1.7e308}

REALS = [-2.75, -1.0, -0.3, 0.0, 0.2, 1.0, 1.6, 3.5]
POSITIVE = [0.01, 0.25, 0.7, 1.0, 1.5, 2.0, 9.0, 123.0]
WIDE = [-90.0, -20.0, -9.2, -5.5, -0.001, 1e-6, 4.2, 6.1, 15.0, 80.0]

# name: values, ulps, types other than floating it is defined for, gradients at the special values
UNARY = {
    "neg": (REALS, EXACT, INTEGERS, True),
    "abs": (REALS, EXACT, INTEGERS, True),
    "sign": (REALS, EXACT, INTEGERS + ("bool",), True),
    "square": (REALS, (1, 1, 4), INTEGERS, True),
    "sqrt": (POSITIVE, ROUNDED, INTEGERS, True),
    "rsqrt": (POSITIVE, (4, 8, 32), INTEGERS, True),
    "reciprocal": (REALS, (1, 4, 16), INTEGERS, True),
    "exp": (REALS, CLOSE, INTEGERS + ("bool",), True),
    "log": (POSITIVE, CLOSE, INTEGERS, True),
    "sin": (REALS, CLOSE, INTEGERS, True),
    "cos": (REALS, CLOSE, INTEGERS, True),
    "erf": (REALS, CLOSE, INTEGERS, False),
    "relu": (REALS, EXACT, INTEGERS, True),
    "sigmoid": (REALS, CLOSE, INTEGERS + ("bool",), True),
    "tanh": (REALS, CLOSE, INTEGERS + ("bool",), True),
    "nn.functional.gelu": (REALS, CLOSE, (), False),
    "nn.functional.softplus": (REALS, CLOSE, (), False),
    "nn.functional.relu": (REALS, EXACT, (), True),
    "nn.functional.sigmoid": (REALS, CLOSE, (), True),
    "nn.functional.tanh": (REALS, CLOSE, (), True),
}
SATURATING = ("exp", "sin", "cos", "erf", "sigmoid", "tanh", "nn.functional.gelu", "nn.functional.softplus")
SMOOTH_SECOND = ("square", "sqrt", "rsqrt", "reciprocal", "exp", "log", "sin", "cos", "erf", "sigmoid", "tanh", "nn.functional.gelu", "nn.functional.softplus")
SIGNED_ZERO = ("neg", "abs", "sqrt", "reciprocal", "rsqrt", "sin", "tanh", "erf")

BINARY = {"add": EXACT, "sub": EXACT, "mul": EXACT, "div": (1, 4, 16), "maximum": EXACT, "minimum": EXACT}
COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")


def unary(f):
    for op, (values, ulps, others, special_gradient) in UNARY.items():
        name = op.rpartition(".")[2] if op.startswith(("nn.functional.gelu", "nn.functional.softplus")) else op
        if op in ("nn.functional.relu", "nn.functional.sigmoid", "nn.functional.tanh"):
            f.add(name, op, t([-1.5, 0.0, 0.5]), ulps=ulps)
            continue
        for dtype in FLOATS:
            # gelu's derivative Φ(x) + x·φ(x) cancels near its zero: known to ε there, not to ε·derivative.
            f.add(f"{name}-{dtype}", op, t(values, dtype), ulps=ulps, condition=(False, name == "gelu", name == "gelu"))
            if op in SATURATING:
                # Far from the origin some formulas cancel; the derivative is then known to ε only, not to ε·derivative.
                f.add(f"{name}-{dtype}-wide", op, t(WIDE, dtype), ulps=ulps, condition=(False, True, True))
            special = [nan, inf, -inf, 0.0, -0.0, SMALL[dtype], -SMALL[dtype], TINY[dtype], HUGE[dtype], -HUGE[dtype]]
            if op in ("sin", "cos"):
                special = special[:8]
            if name == "gelu":
                # PyTorch's vector code gives NaN for +∞ and +∞ for the largest numbers, where x·Φ(x) is x.
                special = [v for v in special if v != inf and v != HUGE[dtype]]
            if dtype == "float32" or ulps == CLOSE and op not in ("cos", "sigmoid"):
                f.add(f"{name}-{dtype}-special", op, t(special, dtype, grad=special_gradient), ulps=ulps, signed_zero=op in SIGNED_ZERO)
            if op in SMOOTH_SECOND and (dtype == "float64" or op == "tanh"):
                x = [v for v in values if v != 0][1::2]
                f.add(f"{name}-{dtype}-second", op, t(x, dtype), ulps=ulps, second=True, condition=(False, False, True))
        x = f.values(2, 2, low=0.1)
        f.add(f"{name}-transposed", op, t(x, view=[("transpose", 0, 1)]), ulps=ulps)
        if op in ("neg", "exp", "sqrt", "tanh"):
            f.add(f"{name}-step", op, t(f.values(2, 3, low=0.1), view=[("step", 2)]), ulps=ulps)
        f.add(f"{name}-0dim", op, t(0.75), ulps=ulps)
        f.add(f"{name}-empty", op, t(torch.zeros(2, 0)), ulps=ulps)
        for dtype in others if op in ("neg", "exp", "sqrt", "relu") else others[:1] + others[3:]:
            data = [True, False] if dtype == "bool" else [0, 1, 3, 7] if dtype == "uint8" else [-3, 0, 1, 6]
            if op in ("log", "sqrt", "rsqrt"):
                data = [0, 1, 4, 7]
            f.add(f"{name}-{dtype}", op, t(data, dtype), ulps=ulps if op not in ("relu",) else EXACT)

    for dtype in FLOATS:
        x = t(REALS + [-4.0, 5.0], dtype)
        f.add(f"gelu-tanh-{dtype}", "nn.functional.gelu", x, approximate="tanh", condition=(False, True, True))
        f.add(f"gelu-none-{dtype}", "nn.functional.gelu", x, approximate="none", condition=(False, True, True))
        f.add(
            f"gelu-tanh-{dtype}-second",
            "nn.functional.gelu",
            t([-1.5, -0.4, 0.3, 1.1], dtype),
            approximate="tanh",
            second=True,
            condition=(False, True, True),
        )
        for low, high in ((-1.0, 1.0), (None, 0.5), (-0.5, None), (1.0, -1.0), (0, 2)) if dtype == "float32" else ((-1.0, 0.5),):
            f.add(
                f"clamp-{dtype}-{low}-{high}",
                "clamp",
                t([-1.5, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 2.0, nan, inf, -inf], dtype),
                ulps=EXACT,
                min=low,
                max=high,
            )
    f.add("clamp-positional", "clamp", t([-2.0, 0.5, 2.0]), -1.0, 1.0, ulps=EXACT)
    f.add("clamp-method", "Tensor.clamp", t(f.values(2, 3), view=[("transpose", 0, 1)]), min=0.0, ulps=EXACT)
    f.add("clamp-int64", "clamp", t([-5, 0, 5], "int64"), min=-2, max=3, ulps=EXACT)
    f.add("clamp-int32-one-side", "clamp", t([-5, 0, 5], "int32"), max=3, ulps=EXACT)
    f.add("clamp-int64-floating-bound", "clamp", t([-5, 0, 5], "int64"), min=-1.5, ulps=EXACT)
    f.add("logical_not-float32", "logical_not", t([0.0, -0.0, nan, 1.0, SMALL["float32"]]))
    f.add("logical_not-int64", "logical_not", t([0, 2, -1], "int64"))
    f.add("logical_not-bool", "Tensor.logical_not", t([[True, False]], "bool"))
    f.raises("neg-bool", "neg", t([True], "bool"))


def binary(f):
    pairs = {
        "same": ((2, 3), (2, 3)),
        "row": ((2, 3), (3,)),
        "column": ((2, 3), (2, 1)),
        "outer": ((3, 1), (1, 2)),
        "0dim": ((2, 3), ()),
        "both-0dim": ((), ()),
        "ranks": ((2, 1, 2), (3, 1)),
        "empty": ((2, 0), (1, 0)),
        "empty-one": ((0, 3), (1, 3)),
        "one": ((1,), (1,)),
    }
    for op, ulps in (BINARY | {"pow": CLOSE}).items():
        nudge = op in ("div", "pow")
        tied = op in ("maximum", "minimum")
        for dtype in FLOATS:
            for name, (sa, sb) in pairs.items():
                wanted = pairs if op in ("add", "pow") else ("same", "ranks", "0dim", "empty")
                if name not in (wanted if dtype == "float32" and op not in ("sub", "minimum") else ("ranks", "0dim")):
                    continue
                a, b = f.values(*sa, low=0.2 if nudge else -2), f.values(*sb, low=0.5 if nudge else -2)
                f.add(f"{op}-{dtype}-{name}", op, t(a, dtype), t(b, dtype), ulps=ulps, condition=(False, not tied, False), smooth=not tied)
        f.add(f"{op}-transposed", op, t(f.values(2, 2, low=0.3), view=[("transpose", 0, 1)]), t(f.values(2, 2, low=0.3)), ulps=ulps)
        f.add(
            f"{op}-step",
            op,
            t(f.values(2, 3, low=0.3), view=[("step", 2), ("transpose", 0, 1)]),
            t(f.values(2, 1, low=0.3)),
            ulps=ulps,
            condition=(False, not tied, False),
            smooth=not tied,
        )
        f.add(
            f"{op}-expanded",
            op,
            t(f.values(1, 3, low=0.3), view=[("expand", 2, 3)]),
            t(f.values(2, 3, low=0.3)),
            ulps=ulps,
            condition=(False, not tied, False),
            smooth=not tied,
        )
        f.raises(f"{op}-shapes", op, t(f.values(2, 3)), t(f.values(2)))
        if not tied:
            f.add(f"{op}-method", f"Tensor.{op}", t(f.values(2, low=0.3)), t(f.values(2, low=0.3)), ulps=ulps)
    special = [nan, inf, -inf, 0.0, -0.0, 1.0]
    for op in ("add", "sub", "mul", "div", "maximum", "minimum", "pow"):
        for dtype in FLOATS if op == "pow" else FLOATS[:1]:
            a = torch.tensor(special + [HUGE[dtype], SMALL[dtype]], dtype=torch.float64)
            f.add(
                f"{op}-{dtype}-special",
                op,
                t(a.reshape(8, 1), dtype, grad=False),
                t(a, dtype, grad=False),
                ulps=(BINARY.get(op) or CLOSE),
                signed_zero=op in ("add", "sub", "mul", "div"),
            )
    for op in ("maximum", "minimum"):
        f.add(f"{op}-ties", op, t([1.0, 2.0, 3.0, -1.0]), t([1.0, 2.0, 0.0, 5.0]), ulps=EXACT)
        f.add(f"{op}-ties-0dim", op, t([1.0, 1.0, 3.0]), t(1.0), ulps=EXACT)
        f.add(f"{op}-nan", op, t([nan, 1.0, nan, inf]), t([1.0, nan, nan, -inf]), ulps=EXACT, gradient=False)
        f.add(f"{op}-int64", op, t([1, 5, 2**40], "int64"), t([3, 5, 1], "int64"))
        f.add(f"{op}-bool", op, t([True, True, False], "bool"), t([True, False, False], "bool"))
        f.add(f"{op}-uint8", op, t([1, 200], "uint8"), t([3, 100], "uint8"))
    for op in ("mul", "div", "add", "sub"):
        f.add(f"{op}-equal-operands", op, *(2 * [t([1.5, -2.0], "float64")]), ulps=ROUNDED)
    for op in ("mul", "div"):
        for dtype in FLOATS:
            f.add(
                f"{op}-{dtype}-second",
                op,
                t(f.values(2, 2), dtype),
                t(f.values(2, low=0.4), dtype),
                ulps=ROUNDED,
                second=True,
                condition=True,
            )

    for dtype in FLOATS:
        f.add(f"pow-{dtype}-zero-base", "pow", t([0.0, 0.0, 0.0, 2.0], dtype), t([0.0, 1.0, 2.5, 0.0], dtype))
        f.add(f"pow-{dtype}-negative-base", "pow", t([-2.0, -1.5, -2.0], dtype), t([2.0, 3.0, -1.0], dtype, grad=False))
        f.add(f"pow-{dtype}-second", "pow", t([0.3, 1.2, 2.0], dtype), t([2.0, -0.7, 1.5], dtype), second=True, condition=True)
        for exponent in (0, 1, 2, 3, -1, -2, 0.5, -0.5, 2.5, 0.0) if dtype == "float32" else (3, -0.5):
            f.add(f"pow-{dtype}-exponent-{exponent!r}", "pow", t([0.25, 1.0, 1.7, 3.0], dtype), exponent)
        f.add(f"pow-{dtype}-exponent-2-signs", "pow", t([-3.0, -0.0, 0.0, 1.5], dtype), 2)
        f.add(f"pow-{dtype}-exponent-0-at-0", "pow", t([-3.0, -0.0, 0.0, 1.5], dtype), 0)
        f.add(f"pow-{dtype}-number-base", "operator.pow", 2.0, t([-1.0, 0.0, 0.5, 3.0], dtype))
        f.add(f"pow-{dtype}-number-base-zero", "operator.pow", 0.0, t([0.0, 0.5, 3.0], dtype))
        f.add(f"pow-{dtype}-second-number", "pow", t([0.3, 1.2, 2.0], dtype), 3, second=True, condition=True)
    f.add("pow-int64", "pow", t([-2, 0, 3], "int64"), t([3, 0, 4], "int64"))
    f.add("pow-int64-number", "operator.pow", t([-2, 0, 3], "int64"), 2)
    f.raises("pow-int64-negative-exponent", "pow", t([2, 3], "int64"), -1)

    for op in COMPARISONS:
        a = torch.tensor(special, dtype=torch.float64)
        f.add(f"{op}-special", op, t(a.reshape(6, 1)), t(a))
        f.add(f"{op}-float64-broadcast", op, t([[1.0], [2.0]], "float64"), t([1.0, 2.0, 3.0], "float64"))
        f.add(f"{op}-int64-large", op, t([2**53 + 1, 5, -1], "int64"), t([2**53, 5, 1], "int64"))
        if op in ("eq", "lt"):
            f.add(f"{op}-bool", op, t([True, True, False], "bool"), t([True, False, False], "bool"))
            f.add(f"{op}-empty", op, t(torch.zeros(0, 2)), t(torch.zeros(2)))
        f.add(f"{op}-number", op, t([1.0, 2.0, 3.0], "float64"), 2.0)
        f.add(f"{op}-operator", f"operator.{op}", t([1, 2, 3], "int64"), 2)

    for dtype in FLOATS:
        f.add(
            f"where-{dtype}",
            "where",
            t([[True], [False]], "bool"),
            t(f.values(3), dtype),
            t(f.values(2, 3), dtype),
            ulps=EXACT,
            condition=(False, True, False),
            smooth=False,
        )
        f.add(
            f"where-{dtype}-nan", "where", t([True, False, True], "bool"), t([1.0, nan, inf], dtype), t([nan, 2.0, nan], dtype), ulps=EXACT
        )
    f.add("where-0dim-condition", "where", t(True, "bool"), t(f.values(2)), t(f.values(2)), ulps=EXACT)
    f.add("where-int64", "where", t([True, False], "bool"), t([1, 2], "int64"), t([[3, 4]], "int64"))
    f.add("where-bool", "where", t([True, False], "bool"), t([False, True], "bool"), t([True, False], "bool"))
    f.add("where-empty", "where", t(torch.zeros(0, 2), "bool"), t(f.values(2)), t(1.0), ulps=EXACT)
    f.add("where-number-a", "where", t([True, False], "bool"), 1.5, t(f.values(2)), ulps=EXACT)
    f.add("where-number-b", "where", t([True, False], "bool"), t(f.values(2)), 0, ulps=EXACT)
    f.add(
        "where-transposed",
        "where",
        t([[True, False], [False, True]], "bool", view=[("transpose", 0, 1)]),
        t(f.values(2, 2), view=[("transpose", 0, 1)]),
        t(f.values(2, 2)),
        ulps=EXACT,
    )

    plain = dict(grad=False)
    for op in ("add_", "sub_", "mul_", "div_"):
        f.add(f"{op}-float32", f"Tensor.{op}", t(f.values(2, 3), **plain), t(f.values(3, low=0.5), **plain), ulps=ROUNDED, after=True)
        f.add(f"{op}-number", f"Tensor.{op}", t(f.values(2, 3), "float64", **plain), 1.5, ulps=ROUNDED, after=True)
        f.add(
            f"{op}-through-view",
            f"Tensor.{op}",
            t(f.values(2, 5), view=[("step", 2), ("transpose", 0, 1)], **plain),
            t(f.values(2, low=0.5), **plain),
            ulps=ROUNDED,
            after=True,
        )
        f.add(
            f"{op}-mixed",
            f"Tensor.{op}",
            t(f.values(2), **plain),
            t(f.values(2, low=0.5), "float64", **plain),
            ulps=ROUNDED,
            after=True,
            tolerance=False,
        )
        f.raises(f"{op}-shapes", f"Tensor.{op}", t(f.values(2), **plain), t(f.values(2, 2), **plain))
        f.raises(f"{op}-leaf-with-gradient", f"Tensor.{op}", t(f.values(2)), 1.0)
    f.add("add_-int64", "Tensor.add_", t([1, 2], "int64"), t([3], "int32"), after=True)
    f.add("mul_-int64", "Tensor.mul_", t([1, 2], "int64"), 3, after=True)
    f.raises("div_-int64", "Tensor.div_", t([1, 2], "int64"), 2)
    f.raises("add_-int64-floating", "Tensor.add_", t([1, 2], "int64"), 0.5)
    f.add("copy_-broadcast", "Tensor.copy_", t(f.values(2, 3), **plain), t(f.values(3), **plain), ulps=EXACT, after=True)
    f.add("copy_-converts", "Tensor.copy_", t([0, 0], "int64"), t([1.75, -1.75], **plain), after=True)
    f.add(
        "copy_-through-view",
        "Tensor.copy_",
        t(f.values(3, 4), view=[("step", 2)], **plain),
        t(f.values(3, 2), "float64", **plain),
        ulps=EXACT,
        after=True,
    )
    f.add("fill_-float32", "Tensor.fill_", t(f.values(2, 2), **plain), 0.1, ulps=EXACT, after=True)
    f.add("fill_-through-view", "Tensor.fill_", t([[1, 2], [3, 4]], "int64", view=[("select", 1, 0)]), 7, after=True)
    f.add("fill_-nan", "Tensor.fill_", t(f.values(2), "float64", **plain), nan, ulps=EXACT, after=True)

    # Formulas: values used twice, paths that meet, numbers beside tensors.
    f.add(
        "diamond",
        "",
        t([0.5, -1.5], "float64"),
        ulps=CLOSE,
        steps=[
            {"op": "mul", "args": [{"ref": 0}, {"ref": 0}]},
            {"op": "exp", "args": [{"ref": 1}]},
            {"op": "mul", "args": [{"ref": 1}, {"ref": 2}]},
            {"op": "add", "args": [{"ref": 3}, {"ref": 0}]},
        ],
    )
    f.add("same-leaf-as-both-operands", "", t([0.5, -1.5]), ulps=ROUNDED, steps=[{"op": "div", "args": [{"ref": 0}, {"ref": 0}]}])
    f.add(
        "numbers-beside-tensors",
        "",
        t([1.0, 2.0, 4.0], "float64"),
        ulps=CLOSE,
        steps=[
            {"op": "operator.sub", "args": [3, {"ref": 0}]},
            {"op": "operator.truediv", "args": [1, {"ref": 1}]},
            {"op": "operator.neg", "args": [{"ref": 2}]},
            {"op": "abs", "args": [{"ref": 3}]},
        ],
    )


def conversions(f):
    data = {
        "float32": [-2.7, -0.5, 0.0, 0.9, 2.5, 100.25],
        "float64": [-2.7, -0.5, 0.0, 0.9, 2.5, 1e10 + 0.5],
        "int64": [-3, 0, 1, 255, 2**24 + 1],
        "int32": [-3, 0, 1, 255, 2**24 + 1],
        "uint8": [0, 1, 255],
        "bool": [True, False],
    }
    positive = {"float32": [0.0, 0.9, 200.7], "float64": [0.0, 0.9, 200.7], "int64": [0, 7, 255], "int32": [0, 7, 255]}
    for source in data:
        for target in data:
            x = positive.get(source, data[source]) if target == "uint8" else data[source][:5] if target == "int32" else data[source]
            f.add(f"to-{source}-{target}", "Tensor.to", t(x, source), getattr(torch, target), ulps=EXACT)
    halves = [0.0, -0.0, 1.0, 1.0009766, 1.0004883, 1.0014648, 65519.9, 65520.0, 6e-8, 2e-8, 3e-5, -0.1, nan, inf, -inf, 1e-45]
    for half in ("float16", "bfloat16"):
        for dtype in FLOATS:
            f.add(
                f"to-{dtype}-{half}",
                "Tensor.to",
                t(halves, dtype, grad=False),
                getattr(torch, half),
                ulps=EXACT,
                signed_zero=True,
                tolerance=False,
            )
            f.add(f"to-{half}-{dtype}", "Tensor.to", t(halves, half), getattr(torch, dtype), ulps=EXACT, signed_zero=True, tolerance=False)
    f.add("to-nan-bool", "Tensor.to", t([nan, 0.0, -0.0, inf]), torch.bool)
    f.add(
        "to-float64-float32-overflow",
        "Tensor.to",
        t([1e39, -1e39, 1e-46, 3.4028235677973366e38], "float64", grad=False),
        torch.float32,
        ulps=EXACT,
        tolerance=False,
    )


def promotion():
    f = Family("promotion", "Mixed types: tensors of all pairs of types, 0-dimensional tensors and Python numbers beside tensors.")
    data = {"float32": [1.7], "float64": [0.1], "int64": [3], "int32": [2], "uint8": [200], "bool": [True]}
    ops = {"add": (0, 0, 0), "mul": (0, 1, 1), "div": (1, 4, 4), "sub": (0, 0, 0), "pow": CLOSE, "maximum": EXACT, "lt": EXACT, "eq": EXACT}
    some = [
        ("float32", "float64"),
        ("float32", "int64"),
        ("int32", "float32"),
        ("uint8", "int32"),
        ("bool", "int64"),
        ("float64", "bool"),
        ("uint8", "bool"),
        ("int64", "int32"),
        ("bool", "float32"),
        ("int64", "float64"),
    ]
    every = [(a, b) for a in data for b in data]
    for op, ulps in ops.items():
        for a, b in every if op == "add" else some if op != "eq" else some[:4]:
            if op == "sub" and "bool" in (a, b):
                f.raises(f"sub-{a}-{b}", op, t(data[a], a), t(data[b], b))
                continue
            # A gradient taken in the wider type and rounded once, or in the narrower one: one float32 rounding apart.
            f.add(
                f"{op}-{a}-{b}",
                op,
                t(data[a], a),
                t(data[b], b),
                ulps=(ulps[0], max(ulps[1], 1), 0),
                tolerance=False,
                gradient=not (op == "pow" and b == "bool"),
            )  # PyTorch itself cannot: it subtracts from the bool
        for a, b in every if op == "add" else some if op != "eq" else some[:4]:
            if op in ("add", "mul"):
                f.add(
                    f"{op}-{a}-0dim-{b}",
                    op,
                    t(data[a], a),
                    t(data[b][0], b),
                    ulps=(ulps[0], max(ulps[1], 1), 0),
                    tolerance=False,
                    gradient=not (op == "pow" and b == "bool"),
                )
    for op in ("add", "mul", "truediv", "pow", "lt", "sub"):
        for a in data:
            for number in (2, 1.5, True):
                if op == "sub" and (a == "bool" or number is True):
                    continue
                if op in ("lt", "sub") and number is True:
                    continue
                ulps = {"truediv": (1, 4, 4), "pow": CLOSE}.get(op, (0, 1, 1))
                name = f"{op}-{a}-number-{type(number).__name__}"
                f.add(f"{name}", f"operator.{op}", t(data[a], a), number, ulps=ulps, tolerance=False)
                if op in ("add", "truediv", "pow") and number is not True:
                    f.add(f"{name}-left", f"operator.{op}", number, t(data[a], a), ulps=ulps, tolerance=False)
    f.add("add-0dim-both", "add", t(1.5, "float32"), t(2.5, "float64"), ulps=(0, 1, 1), tolerance=False)
    f.add("add-0dim-int-0dim-float", "add", t(1, "int64"), t(2.5, "float32"), ulps=EXACT)
    f.add("add-1dim-one-element", "add", t([1.5], "float32"), t([2.5], "float64"), ulps=(0, 1, 1), tolerance=False)
    f.add("mul-empty-float64", "mul", t(torch.zeros(0), "float32"), t(torch.zeros(0), "float64"), ulps=EXACT)
    f.raises("sub-bool", "sub", t([True], "bool"), t([True], "bool"))
    for a, b in some:
        f.add(f"where-{a}-{b}", "where", t([True, False], "bool"), t(data[a], a), t(data[b], b), ulps=(0, 1, 1), tolerance=False)
        f.add(f"where-{a}-0dim-{b}", "where", t([True, False], "bool"), t(data[a], a), t(data[b][0], b), ulps=(0, 1, 1), tolerance=False)
    for a in data:
        f.add(f"where-{a}-number", "where", t([True, False], "bool"), t(data[a], a), 1.5, ulps=(0, 1, 1), tolerance=False)
        f.add(f"sum-{a}", "sum", t(data[a], a), ulps=ROUNDED)
        f.add(f"cat-{a}-float64", "cat", [t(data[a], a), t(data["float64"], "float64")], ulps=EXACT)
        f.add(f"cat-{a}-int32", "cat", [t(data[a], a), t(data["int32"], "int32")], ulps=EXACT)
    return f


def elementwise():
    f = Family(
        "elementwise", "Element-wise operations: domains, special values, broadcasting, strides, in-place forms, conversions.", grid=10
    )
    unary(f)
    binary(f)
    conversions(f)
    return f


FAMILIES = (elementwise, promotion)
