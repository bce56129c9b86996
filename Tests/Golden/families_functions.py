"""Functions of one and two numbers, whole-number operations and activations: functions.json, activations.json.

What op_db samples is not repeated; here stand special values, bounds, ties, types, and PyTorch's refusals.
"""

from recording import CLOSE, EXACT, ROUNDED, Family, t

inf, nan = float("inf"), float("nan")
FLOATS = ("float32", "float64")
REALS = [-2.75, -1.0, -0.3, 0.2, 1.0, 1.6, 3.5]
UNIT = [-0.9, -0.5, -0.01, 0.3, 0.75, 0.99]
SPECIAL = [nan, inf, -inf, 0.0, -0.0]

# name: values, other types, gradients at the special values
UNARY = {
    "exp2": (REALS, True), "expm1": (REALS + [1e-6, -1e-6, 30.0], True), "log2": ([0.1, 1.0, 8.0], True), "log10": ([0.1, 1.0, 1000.0], True),
    "log1p": ([-0.5, 1e-6, 2.0], True), "tan": (REALS, True), "asin": (UNIT, True), "acos": (UNIT, True), "atan": (REALS, True),
    "sinh": (REALS, True), "cosh": (REALS, True), "asinh": (REALS, True), "acosh": ([1.25, 2.0, 30.0], True), "atanh": (UNIT, True),
    "erfc": (REALS + [5.5, 9.0], True), "erfinv": (UNIT, True), "lgamma": ([-2.5, 0.1, 0.7, 3.3, 40.0], False),
    "digamma": ([-2.5, 0.1, 0.7, 3.3, 40.0], False), "i0": (REALS + [12.0], False), "special.i0e": (REALS + [50.0], False),
    "special.i1": (REALS + [12.0], False), "special.i1e": (REALS + [50.0], False), "special.erfcx": (REALS + [-4.0, 30.0], False),
    "special.ndtri": ([1e-9, 0.02, 0.3, 0.5, 0.77, 0.999], False), "special.log_ndtr": (REALS + [-12.0], False), "sinc": (REALS, False),
    "special.ndtr": (REALS, False), "special.entr": ([0.1, 0.5, 2.0], False), "logit": ([0.01, 0.3, 0.5, 0.9], False),
}  # fmt: skip
STEPS = {"floor": True, "ceil": True, "trunc": True, "round": True}


def unary(f):
    for op, (values, special_gradient) in UNARY.items():
        name = op.rpartition(".")[2]
        for dtype in FLOATS:
            # PyTorch's trigamma, digamma's derivative, is known to 1e-11 only.
            f.add(f"{name}-{dtype}", op, t(values, dtype, grad=op != "digamma" or dtype == "float32"), condition=(False, True, True))
        # PyTorch gives NaN for the Bessel functions of infinity.
        special = [v for v in SPECIAL if not (op in ("tan", "sinc", "i0", "special.i1") and v in (inf, -inf))]
        f.add(f"{name}-special", op, t(special, "float64", grad=special_gradient), signed_zero=special_gradient)
        f.add(f"{name}-int64", op, t([0, 1], "int64"))
        f.add(f"{name}-empty", op, t(f.values(0, 2)))
    for op in STEPS:
        x = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.49, nan, inf, -inf, -0.0]
        for dtype in FLOATS:
            f.add(f"{op}-{dtype}", op, t(x, dtype), ulps=EXACT, signed_zero=True)
        f.add(f"{op}-int64", op, t([-3, 2**60 + 1], "int64"))
        f.raises(f"{op}-bool", op, t([True], "bool"))
    f.add("round-decimals", "round", t([0.25, 0.35, -1.05, 2.675], "float64"), decimals=1, ulps=EXACT)
    f.add("round-tens", "round", t([25.0, 35.0, -15.0, nan], "float64"), decimals=-1, ulps=EXACT)
    f.raises("round-decimals-int64", "round", t([25], "int64"), decimals=-1)
    f.add("frac-float64", "frac", t([1.5, -1.5, 0.0], "float64"), ulps=EXACT)
    f.add("polygamma-1", "polygamma", 1, t([0.1, 0.5, 3.0, 30.0]), ulps=(32, 64, 64))
    f.add("polygamma-3", "polygamma", 3, t([0.1, 0.5, 3.0, 30.0], "float64"), condition=(False, True, True))
    f.add("polygamma-0", "Tensor.polygamma", t([0.1, 0.5], "float64", grad=False), 0)
    f.raises("polygamma-negative", "polygamma", -1, t([0.5]))
    f.add("digamma-poles", "digamma", t([0.0, -0.0, -1.0], "float64", grad=False))
    f.add("lgamma-poles", "lgamma", t([0.0, -1.0, -2.0], "float64", grad=False))
    f.add("erfinv-ends", "erfinv", t([1.0, -1.0, 1.5], "float64", grad=False))
    f.add("logit-eps", "logit", t([-0.5, 0.0, 0.1, 0.5, 0.9, 1.0], "float64"), 0.1)
    f.add("logit-outside", "logit", t([-0.5, 1.5], "float64"))
    f.add("nan_to_num-defaults", "nan_to_num", t([nan, inf, -inf, 1.0]), ulps=EXACT)
    f.add("nan_to_num-chosen", "nan_to_num", t([nan, inf, -inf, 1.0], "float64"), 2.0, posinf=3.0, neginf=-4.0, ulps=EXACT)
    f.add("nan_to_num-int64", "nan_to_num", t([3], "int64"))
    for op in ("isnan", "isinf", "isfinite"):
        f.add(f"{op}-float32", op, t([nan, inf, -inf, 0.0, 3e38]))
        f.add(f"{op}-int64", op, t([0, 5], "int64"))
        f.add(f"{op}-bool", op, t([True, False], "bool"))
    f.add("signbit-float64", "signbit", t([0.0, -0.0, -1.0, 1.0, -inf], "float64"))
    f.add("signbit-int64", "signbit", t([0, -1], "int64"))
    f.add("sgn-float32", "sgn", t([1.5, -1.5, 0.0], grad=False), ulps=EXACT)
    f.add("positive-float32", "positive", t([1.5]), ulps=EXACT)
    f.raises("positive-bool", "positive", t([True], "bool"))
    f.add("deg2rad-int64", "deg2rad", t([180, 90], "int64"))
    f.add("rad2deg-float64", "rad2deg", t([1.0, -2.0], "float64"))


def binary(f):
    a, b = [5.0, -5.0, 5.0, -5.0, 0.0, 7.5, -0.0], [3.0, 3.0, -3.0, -3.0, 2.0, 2.5, -3.0]
    for op in ("remainder", "fmod"):
        for dtype in FLOATS:
            f.add(f"{op}-{dtype}", op, t(a, dtype), t(b, dtype), ulps=ROUNDED)
        f.add(f"{op}-special", op, t([5.0, -5.0, inf, nan, 5.0], grad=False), t([inf, inf, 2.0, 1.0, 0.0], grad=False), ulps=EXACT)
        f.add(f"{op}-int64", op, t([7, -7, 7, -7], "int64"), t([3, 3, -3, -3], "int64"))
        f.add(f"{op}-uint8", op, t([7, 200], "uint8"), t([3, 7], "uint8"))
        f.add(f"{op}-number", op, t([7, -7], "int64"), 2.5)
        f.raises(f"{op}-int64-zero", op, t([7], "int64"), t([0], "int64"))
        f.raises(f"{op}-bool", op, t([True], "bool"), t([True], "bool"))
    f.add("remainder-number-left", "remainder", 7, t([-3], "int64"))
    for mode in ("floor", "trunc"):
        for dtype in FLOATS:
            f.add(f"div-{mode}-{dtype}", "div", t(a, dtype), t(b, dtype), rounding_mode=mode, ulps=EXACT)
        f.add(f"div-{mode}-special", "div", t([5.0, -5.0, 5.0, 0.0, inf]), t([0.0, inf, -inf, 0.0, 2.0]), rounding_mode=mode, ulps=EXACT)
        f.add(f"div-{mode}-int64", "div", t([7, -7, 7], "int64"), t([3, 3, -3], "int64"), rounding_mode=mode)
        f.add(f"div-{mode}-mixed", "div", t([7, -7], "int64"), t([2.5, 2.5], grad=False), rounding_mode=mode, ulps=EXACT)
        f.raises(f"div-{mode}-int64-zero", "div", t([7], "int64"), 0, rounding_mode=mode)
    f.raises("div-mode-unknown", "div", t([7.0]), 2.0, rounding_mode="up")
    f.add("floor_divide-int32", "floor_divide", t([7, -7], "int32"), t([2, 2], "int32"))
    f.add("floordiv-operator", "operator.floordiv", t([7, -7], "int64"), 2)
    f.add("floordiv-operator-left", "operator.floordiv", 7, t([2, -2], "int64"))
    f.add("mod-operator", "operator.mod", t([7.5, -7.5]), 2.0)
    f.add("mod-operator-left", "operator.mod", 7, t([2.5, -2.5], grad=False), ulps=EXACT)
    for op in ("atan2", "hypot", "copysign", "xlogy", "logaddexp", "logaddexp2", "fmax", "fmin", "special.xlog1py"):
        name = op.rpartition(".")[2]
        for dtype in FLOATS:
            f.add(f"{name}-{dtype}", op, t([0.5, 2.0, 1.5], dtype), t([1.5, 0.25, 3.0], dtype), condition=(False, True, True))
        f.add(f"{name}-broadcast", op, t(f.values(2, 1, low=0.1)), t(f.values(3, low=0.1)), condition=(False, True, True))
    f.add("atan2-origin", "atan2", t([0.0, 1.0, 0.0], "float64"), t([0.0, 0.0, -1.0], "float64"))
    f.add("hypot-large", "hypot", t([3e38, 3e-40], grad=False), t([4.0, 4e-40], grad=False))
    f.add("copysign-zeros", "copysign", t([0.0, 3.0, -2.0], "float64"), t([-1.0, -4.0, -0.0], "float64"), ulps=EXACT, signed_zero=True)
    f.add("copysign-int64", "copysign", t([3, -3], "int64"), t([-4, 4], "int64"))
    f.add("xlogy-zeros", "xlogy", t([0.0, 0.0, 2.0], "float64"), t([0.0, inf, 3.0], "float64", grad=False))
    f.add("xlogy-nan", "xlogy", t([0.0], grad=False), t([nan], grad=False))
    f.add("xlogy-number-left", "xlogy", 2.0, t([3.0]))
    f.add("logaddexp-infinities", "logaddexp", t([inf, -inf, inf], grad=False), t([inf, -inf, 1.0], grad=False))
    f.raises("hypot-int64", "hypot", t([3], "int64"), t([4], "int64"))
    f.raises("logaddexp-int64", "logaddexp", t([3], "int64"), t([4], "int64"))
    for op in ("fmax", "fmin"):
        f.add(f"{op}-ties-and-nan", op, t([1.0, nan, 2.0, nan, 3.0]), t([1.0, 2.0, nan, nan, 1.0]), ulps=EXACT)
    for op in ("maximum", "minimum"):
        f.add(f"{op}-ties", op, t([1.0, 2.0, -0.5]), t([1.0, 1.0, -0.5]), ulps=EXACT)
    f.add("pow-zero-base", "pow", t([0.0, 0.0, 0.0], "float64"), t([0.0, 2.0, 0.5], "float64"), ulps=CLOSE)
    f.add("nextafter-float32", "nextafter", t([1.0, 1.0, 0.0, nan], grad=False), t([2.0, 0.0, 1.0, 1.0], grad=False), ulps=EXACT)
    f.add("nextafter-float64", "nextafter", t([1.0, 1.0], "float64", grad=False), t([2.0, 0.0], "float64", grad=False), ulps=EXACT)
    f.add("heaviside-float32", "heaviside", t([0.0, 1.0, -1.0], grad=False), t([0.5], grad=False), ulps=EXACT)
    f.add("ldexp-int64", "ldexp", t([3, 1], "int64"), t([4, -2], "int64"))
    f.add("ldexp-float32", "ldexp", t([1.5, 2.0]), t([2.0, -3.0]))
    f.add("ldexp-whole-exponent", "ldexp", t([1.5, 2.0], grad=False), t([2, -3], "int64"))  # PyTorch's gradient is 0 for the second
    f.add("float_power-int64", "float_power", t([3], "int64"), 2)
    f.add("rsub-int64", "rsub", t([1, 5], "int64"), 2, alpha=3)
    f.add("true_divide-int64", "true_divide", t([1, 5], "int64"), 2)
    for op in ("logical_and", "logical_or", "logical_xor"):
        f.add(f"{op}-mixed", op, t([3.0, 0.0, nan, 0.0], grad=False), t([0, 2, 1, 0], "int64"))
    for op in ("bitwise_and", "bitwise_or", "bitwise_xor"):
        for dtype in ("int64", "int32", "uint8"):
            f.add(f"{op}-{dtype}", op, t([12, 5, 255], dtype), t([10, 3, 1], dtype))
        f.add(f"{op}-bool", op, t([True, True, False, False], "bool"), t([True, False, True, False], "bool"))
        f.add(f"{op}-negative", op, t([-1, -8], "int64"), t([5, 3], "int32"))
        f.raises(f"{op}-float32", op, t([1.0]), t([1.0]))
    f.add("bitwise_not-int32", "bitwise_not", t([5, -1], "int32"))
    f.add("bitwise_not-uint8", "bitwise_not", t([5], "uint8"))
    f.add("bitwise_not-bool", "bitwise_not", t([True, False], "bool"))
    f.add("and-operator-number", "operator.and_", t([12, 5], "int64"), 4)
    f.add("and-operator-bool", "operator.and_", t([True, False], "bool"), True)
    f.add("or-operator-left", "operator.or_", 4, t([1, 5], "int64"))
    f.add("invert-operator", "operator.invert", t([5], "int64"))
    for op in ("bitwise_left_shift", "bitwise_right_shift"):
        f.add(f"{op}-int64", op, t([5, -5, 1, -5], "int64"), t([1, 1, 70, 70], "int64"))
        f.add(f"{op}-uint8", op, t([200, 3], "uint8"), t([1, 1], "uint8"))
    f.add("lshift-operator-left", "operator.lshift", 1, t([3, 4], "int64"))
    for op in ("gcd", "lcm"):
        f.add(f"{op}-int64", op, t([12, -12, 0, 0], "int64"), t([18, 18, 5, 0], "int64"))
    f.add("lerp-ends", "lerp", t([1.0, 0.1]), t([3.0, 0.7]), 1.0, ulps=EXACT)
    f.add("lerp-tensor", "lerp", t([1.0, 2.0], "float64"), t([3.0, 5.0], "float64"), t([0.25, 0.75], "float64"), ulps=ROUNDED)
    f.raises("lerp-int64", "lerp", t([1], "int64"), t([3], "int64"), 0.5)
    f.add("addcmul-int64", "addcmul", t([3], "int64"), t([4], "int64"), t([4], "int64"), value=2)
    f.add("addcdiv-float32", "addcdiv", t([3.0]), t([4.0]), t([0.5]), value=2.0)
    f.raises("addcdiv-int64", "addcdiv", t([3], "int64"), t([4], "int64"), t([4], "int64"))
    f.add("clamp-nan-bound", "clamp", t([1.0, 2.0]), min=nan)
    f.add("clamp-tensors", "clamp", t([1.0, 2.0, 5.0, -1.0]), t([2.0, 1.0, 1.0, 0.0]), t([3.0, 3.0, 4.0, 0.5]), ulps=EXACT)
    f.add("clamp-tensor-nan", "clamp", t([1.0, 2.0], grad=False), t([nan, 1.0], grad=False), ulps=EXACT)
    f.add("clamp-tensor-min-above-max", "clamp", t([1.0]), t([5.0]), t([3.0]), ulps=EXACT)
    f.add("clamp-closed", "clamp", t([-1.0, 1.0, 0.5, 2.0]), -1.0, 1.0, ulps=EXACT)
    f.add("clamp-int64-tensor", "clamp", t([1, 2], "int64"), t([1.5], grad=False), ulps=EXACT)
    f.add("clamp_min-number", "clamp_min", t([1.0, 2.0, 3.0]), 2.0, ulps=EXACT)
    f.add("clamp_max-tensor", "clamp_max", t([1.0, 2.5, 3.0]), t([2.0]), ulps=EXACT)
    f.add("clamp_min-int64", "clamp_min", t([1, 3], "int64"), 1.5, ulps=EXACT)
    f.raises("clamp-nothing", "clamp", t([1.0]))
    f.add("where-numbers", "where", t([True, False], "bool"), 1.5, 2)
    f.add("where-whole-numbers", "where", t([True, False], "bool"), 1, 2)

    plain = dict(grad=False)
    for op in ("exp_", "sqrt_", "neg_", "sigmoid_", "relu_", "abs_", "floor_", "reciprocal_", "tanh_", "square_"):
        f.add(f"{op}-float32", f"Tensor.{op}", t([0.5, 1.5, 4.0], **plain), after=True)
    f.add("clamp_-float32", "Tensor.clamp_", t([0.5, 1.5, 4.0], **plain), 1.0, 2.0, ulps=EXACT, after=True)
    f.add("pow_-float32", "Tensor.pow_", t([0.5, 1.5, 4.0], **plain), 2.0, after=True)
    f.add("remainder_-view", "Tensor.remainder_", t([5.0, -7.0, 9.0], view=[("step", 2)], **plain), 4.0, ulps=EXACT, after=True)
    f.add("eq_-float32", "Tensor.eq_", t([1.0, 2.0], **plain), t([1.0, 1.0], **plain), ulps=EXACT, after=True)
    f.add("bitwise_or_-int64", "Tensor.bitwise_or_", t([1, 8], "int64"), 3, after=True)
    f.raises("exp_-int64", "Tensor.exp_", t([1], "int64"))
    f.raises("exp_-leaf-with-gradient", "Tensor.exp_", t([1.0]))
    f.raises("fmod_-shapes", "Tensor.fmod_", t([1.0], **plain), t([1.0, 2.0], **plain))


def functions():
    f = Family("functions", "Functions of one and two numbers, whole-number operations, bounds, in-place forms.")
    unary(f)
    binary(f)
    return f


SMOOTH = {
    "silu": {}, "mish": {}, "elu": {"alpha": 0.7}, "selu": {}, "celu": {"alpha": 2.0}, "softplus": {}, "softsign": {}, "tanhshrink": {}, "logsigmoid": {},
}  # fmt: skip
# Kinks of the function stand among the values: the derivative there is part of what is pinned.
CORNERS = {
    "relu": ({}, [-1.0, 0.0, 0.5]), "relu6": ({}, [-1.0, 0.0, 0.5, 6.0, 7.0]), "leaky_relu": ({"negative_slope": 0.2}, [-1.0, 0.0, 0.5]),
    "hardtanh": ({}, [-1.5, -1.0, 0.5, 1.0, 2.0]), "hardsigmoid": ({}, [-4.0, -3.0, 0.5, 3.0, 4.0]), "hardswish": ({}, [-4.0, -3.0, 0.5, 3.0, 4.0]),
    "hardshrink": ({}, [-1.0, -0.5, 0.25, 0.5, 1.0]), "softshrink": ({}, [-1.0, -0.5, 0.25, 0.5, 1.0]), "elu": ({}, [-1.0, 0.0, 0.5]),
    "selu": ({}, [-1.0, 0.0, 0.5]), "celu": ({}, [-1.0, 0.0, 0.5]), "threshold": ({"threshold": 0.5, "value": 9.0}, [0.0, 0.5, 0.75]),
    "softplus": ({"beta": 2.0, "threshold": 4.0}, [1.5, 2.0, 2.5, -3.0]),
}  # fmt: skip


def activations():
    f = Family("activations", "Activations: values far out, corners, options, refusals.")
    for op, options in SMOOTH.items():
        for dtype in FLOATS:
            f.add(f"{op}-{dtype}", f"nn.functional.{op}", t(REALS + [-30.0, -8.0, 12.0, 40.0], dtype), condition=(False, True, True), **options)
        f.add(f"{op}-second", f"nn.functional.{op}", t([-1.5, -0.4, 0.3, 1.1], "float64"), second=True, condition=(False, True, True), **options)
        f.add(f"{op}-nan", f"nn.functional.{op}", t([nan, 0.5], grad=False), **options)
        f.add(f"{op}-empty", f"nn.functional.{op}", t(f.values(0, 2)), **options)
    for op, (options, values) in CORNERS.items():
        for dtype in FLOATS:
            f.add(f"{op}-corners-{dtype}", f"nn.functional.{op}", t(values, dtype), condition=(False, True, True), **options)
        if op not in ("relu", "threshold"):
            f.add(f"{op}-corners-nan", f"nn.functional.{op}", t([nan, 1.0], grad=False), **options)
    f.add("softplus-default-threshold", "nn.functional.softplus", t([19.0, 20.0, 20.5, 30.0], "float64"))
    f.add("abs-at-zero", "abs", t([-1.0, 0.0, 2.0]), ulps=EXACT)
    f.add("gelu-default", "nn.functional.gelu", t([-1.0, 0.5], "float64"), condition=(False, True, True))
    f.add("celu-negative-alpha", "nn.functional.celu", t([-1.0, 0.5], "float64"), alpha=-2.0)
    f.add("leaky_relu-negative-slope", "nn.functional.leaky_relu", t([-1.0, 0.5]), -1.0, ulps=EXACT)
    f.add("hardtanh-int64", "nn.functional.hardtanh", t([5, -5], "int64"), -1, 1)
    f.add("threshold-int64", "nn.functional.threshold", t([1, 3], "int64"), 2, 9)
    f.add("prelu-one", "nn.functional.prelu", t([-1.0, 0.0, 2.0]), t([0.25]), ulps=ROUNDED)
    f.add("prelu-channels", "nn.functional.prelu", t(f.values(2, 3, 2)), t([0.25, -0.5, 2.0]), ulps=ROUNDED, condition=(False, True, True))
    f.add("rrelu-evaluating", "nn.functional.rrelu", t([-1.0, 0.5]), 0.1, 0.3)
    for dim in (0, 1, -1):
        f.add(f"glu-{dim}", "nn.functional.glu", t(f.values(2, 4)), dim, condition=(False, True, True))
    f.add("softmin-1", "nn.functional.softmin", t(f.values(2, 3)), 1, condition=(False, True, True))
    f.raises("glu-odd", "nn.functional.glu", t([1.0, 2.0, 3.0]))
    f.raises("glu-scalar", "nn.functional.glu", t(1.0))
    f.raises("softshrink-negative", "nn.functional.softshrink", t([1.0]), -1.0)
    f.raises("celu-zero", "nn.functional.celu", t([1.0]), 0.0)
    f.raises("hardtanh-bounds", "nn.functional.hardtanh", t([1.0]), 2.0, 1.0)
    f.raises("rrelu-bounds", "nn.functional.rrelu", t([1.0]), 0.5, 0.2, True)
    f.raises("prelu-channels-wrong", "nn.functional.prelu", t(f.values(2, 3)), t([1.0, 2.0]))
    f.raises("prelu-weight-rank", "nn.functional.prelu", t(f.values(2, 3)), t([[1.0]]))
    for op in ("silu", "elu", "leaky_relu", "mish", "hardswish"):
        f.raises(f"{op}-int64", f"nn.functional.{op}", t([1], "int64"))
    return f


FAMILIES = (functions, activations)
