"""Reductions and matrix products: reductions.json, matmul.json."""

import torch

from recording import CLOSE, EXACT, ROUNDED, Family, t

inf, nan = float("inf"), float("nan")
FLOATS = ("float32", "float64")
SUMS = (True, False, False)  # outputs add terms that may cancel
GRADIENT_SUMS = (False, True, False)


def reductions():
    f = Family("reductions", "Reductions over all, one or several dimensions; ties, NaN, empty and one-element tensors.", grid=10)
    shape = (2, 3, 2)
    dims = [0, -1, [0, 2], [-1, 1], [0, 1, 2]]
    forms = {
        "sum": (ROUNDED, SUMS),
        "mean": (ROUNDED, SUMS),
        "amax": (EXACT, (False,) * 3),
        "amin": (EXACT, (False,) * 3),
        "var": (CLOSE, (True,) * 3),
    }
    for op, (ulps, condition) in forms.items():
        for dtype in FLOATS:
            for dim in dims[2:3] if dtype == "float64" or op == "amin" else dims:
                for keepdim in (False, True) if dim in (-1, [0, 2]) else (False,):
                    extra = {"correction": 1} if op == "var" else {}
                    f.add(
                        f"{op}-{dtype}-dim-{dim}-{'keep' if keepdim else 'drop'}".replace(" ", ""),
                        op,
                        t(f.values(*shape), dtype),
                        dim=dim,
                        keepdim=keepdim,
                        ulps=ulps,
                        condition=condition,
                        smooth=op[:1] != "a",
                        **extra,
                    )
            f.add(f"{op}-{dtype}-all", op, t(f.values(2, 5), dtype), ulps=ulps, condition=condition, smooth=op[:1] != "a")
            if dtype == "float32":
                f.add(
                    f"{op}-{dtype}-special",
                    op,
                    t([[1.0, nan], [inf, 2.0], [inf, -inf], [-inf, -1.0]], dtype),
                    dim=1,
                    ulps=ulps,
                    gradient=op in ("sum", "mean"),
                )
        f.add(f"{op}-tuple", f"Tensor.{op}", t(f.values(*shape)), dim=(1, 2), ulps=ulps, condition=condition, smooth=op[:1] != "a")
        f.add(
            f"{op}-transposed",
            op,
            t(f.values(3, 4), view=[("transpose", 0, 1)]),
            dim=0,
            ulps=ulps,
            condition=condition,
            smooth=op[:1] != "a",
        )
        f.add(f"{op}-step", op, t(f.values(3, 7), view=[("step", 3)]), dim=-1, ulps=ulps, condition=condition, smooth=op[:1] != "a")
        f.add(f"{op}-expanded", op, t(f.values(3, 1), view=[("expand", 3, 4)]), dim=0, ulps=ulps, condition=condition, smooth=op[:1] != "a")
        f.add(f"{op}-0dim", op, t(1.5), ulps=ulps)
        f.add(f"{op}-0dim-dim", op, t(1.5, "float64"), dim=-1, ulps=ulps)
        f.add(f"{op}-one", op, t([[[2.5]]]), dim=[0, 2], ulps=ulps)
        f.raises(f"{op}-dim-range", op, t(f.values(2, 3)), dim=2)
        f.raises(f"{op}-dim-twice", op, t(f.values(2, 3)), dim=[0, -2])
    # Long rows, in chunks of every remainder: blocked and pairwise sums agree within the tolerance.
    for op in ("sum", "mean", "var"):
        f.add(f"{op}-long", op, t(f.values(83)), ulps=forms[op][0], condition=forms[op][1])
        f.add(
            f"{op}-long-cancelling", op, t(torch.cat([f.values(20) * 1e4, f.values(19) * 1e-4])), ulps=forms[op][0], condition=forms[op][1]
        )
    f.add("sum-empty", "sum", t(torch.zeros(0)), ulps=EXACT)
    f.add("sum-empty-dim", "sum", t(torch.zeros(2, 0)), dim=1, ulps=EXACT)
    f.add("sum-empty-other-dim", "sum", t(torch.zeros(2, 0)), dim=0, keepdim=True, ulps=EXACT)
    f.add("mean-empty", "mean", t(torch.zeros(0)), ulps=EXACT)
    f.add("mean-empty-dim", "mean", t(torch.zeros(2, 0)), dim=1, ulps=EXACT)
    f.add("var-empty", "var", t(torch.zeros(0)), ulps=EXACT, gradient=False)
    f.add("amax-empty-other-dim", "amax", t(torch.zeros(2, 0)), dim=0, ulps=EXACT)
    for op in ("amax", "amin", "max", "min", "argmax", "argmin"):
        f.raises(f"{op}-empty", op, t(torch.zeros(0)))
    f.raises("max-empty-dim", "max", t(torch.zeros(2, 0)), dim=1)
    f.raises("argmax-empty-dim", "argmax", t(torch.zeros(2, 0)), dim=1)
    f.raises("mean-int64", "mean", t([1, 2], "int64"))
    f.raises("mean-bool", "mean", t([True], "bool"))
    f.raises("var-int64", "var", t([1, 2], "int64"))
    for dtype, data in (
        ("int64", [[1, -2, 2**40]]),
        ("int32", [[2**31 - 1, 2**31 - 1]]),
        ("uint8", [[200, 100, 7]]),
        ("bool", [[True, True, False]]),
    ):
        f.add(f"sum-{dtype}", "sum", t(data, dtype))
        f.add(f"sum-{dtype}-dim", "sum", t(data, dtype), dim=0)
        for op in ("amax", "amin", "max", "min"):
            f.add(f"{op}-{dtype}", op, t(data, dtype), **({"dim": [1]} if op[0] == "a" else {}))
        if dtype != "bool":
            f.add(f"max-{dtype}-dim", "max", t(data, dtype), dim=1)
            f.add(f"argmax-{dtype}", "argmax", t(data, dtype))
            f.add(f"argmin-{dtype}-dim", "argmin", t(data, dtype), dim=-1)

    for dtype in FLOATS:
        for op in ("max", "min"):
            f.add(f"{op}-{dtype}", op, t(f.values(2, 4), dtype), ulps=EXACT)
            if dtype == "float64":
                continue
            f.add(
                f"{op}-{dtype}-ties",
                op,
                t([[3.0, -1.0, 3.0], [-1.0, 3.0, 0.0]], dtype),
                ulps=ROUNDED,
                condition=GRADIENT_SUMS,
                smooth=False,
            )
            f.add(f"{op}-{dtype}-nan", op, t([1.0, nan, 3.0], dtype, grad=False), ulps=EXACT)
            f.add(f"a{op}-{dtype}-ties", f"a{op}", t([[3.0, -1.0, 3.0], [-1.0, 3.0, -1.0]], dtype), dim=1, ulps=ROUNDED)
            f.add(
                f"a{op}-{dtype}-ties-several",
                f"a{op}",
                t([[[1.0, 1.0], [1.0, 0.0]], [[2.0, 2.0], [1.0, 2.0]]], dtype),
                dim=[0, 2],
                keepdim=True,
                ulps=ROUNDED,
            )
    for op in ("max", "min"):
        for dim in (0, 1, -1):
            for keepdim in (False, True):
                f.add(f"{op}-dim-{dim}-{'keep' if keepdim else 'drop'}", op, t(f.values(2, 3, 2)), dim=dim, keepdim=keepdim, ulps=EXACT)
        f.add(f"{op}-positional", f"Tensor.{op}", t(f.values(2, 3), "float64"), 1, ulps=EXACT)
        f.add(f"{op}-dim-ties", op, t([[1.0, 3.0, 3.0, 1.0], [2.0, 2.0, 2.0, 2.0]]), dim=1, ulps=EXACT)
        f.add(f"{op}-dim-nan", op, t([[1.0, nan, 3.0, nan], [inf, 2.0, -inf, 0.0]]), dim=1, ulps=EXACT)
        f.add(f"{op}-dim-transposed", op, t(f.values(4, 2), view=[("transpose", 0, 1)]), dim=1, ulps=EXACT)
        f.add(f"{op}-dim-0dim", op, t(2.5), dim=0, ulps=EXACT)
        f.add(f"{op}-dim-empty-rest", op, t(torch.zeros(0, 3)), dim=1, ulps=EXACT)
    for op in ("argmax", "argmin"):
        f.add(f"{op}-all", op, t(f.values(3, 4)))
        f.add(f"{op}-all-transposed", op, t(f.values(3, 4), view=[("transpose", 0, 1)]))
        f.add(f"{op}-keepdim", op, t(f.values(3, 4), "float64"), dim=0, keepdim=True)
        f.add(f"{op}-dim", f"Tensor.{op}", t(f.values(2, 3, 2)), dim=-2)
        f.add(f"{op}-ties", op, t([[1.0, 3.0, 3.0, 1.0], [2.0, 2.0, 2.0, 2.0]]), dim=1)
        f.add(f"{op}-ties-all", op, t([[1.0, 3.0], [3.0, 1.0]]))
        f.add(f"{op}-nan", op, t([[1.0, nan, 3.0], [nan, nan, -inf]]), dim=1)
        f.add(f"{op}-0dim", op, t(2.0))
    for dtype in FLOATS:
        for correction in (0, 1, 2, 0.5) if dtype == "float32" else (0.5,):
            f.add(f"var-{dtype}-correction-{correction}", "var", t(f.values(3, 4), dtype), dim=1, correction=correction, condition=True)
        f.add(f"var-{dtype}-correction-all", "var", t(f.values(2, 3), dtype), correction=0, condition=True)
        f.add(f"var-{dtype}-offset", "var", t(f.values(8) + 1000, dtype), condition=True)
        f.add(f"var-{dtype}-second", "var", t(f.values(2, 3), dtype), dim=1, second=True, condition=True)
    f.add("var-one-row", "var", t([[1.5], [2.0]]), dim=1, gradient=False)
    f.add("var-one-biased", "var", t([[1.5], [2.0]]), dim=1, correction=0)
    return f


def matmul():
    f = Family("matmul", "matmul of every pair of ranks, linear; broadcast batches, strides, empty dimensions, second derivatives.", grid=4)
    pairs = [
        ((3,), (3,)),
        ((3,), (3, 2)),
        ((2, 3), (3,)),
        ((2, 3), (3, 4)),
        ((3,), (2, 3, 2)),
        ((2, 2, 3), (3,)),
        ((2, 3), (2, 3, 2)),
        ((2, 2, 3), (3, 2)),
        ((2, 2, 3), (2, 3, 2)),
        ((1, 2, 3), (2, 3, 2)),
        ((2, 1, 2, 3), (3, 3, 2)),
        ((2, 2, 3), (2, 1, 3, 2)),
        ((1,), (1,)),
        ((1, 1), (1, 1)),
        ((3,), (2, 1, 3, 2)),
        ((2, 1, 2, 3), (3,)),
        ((5, 1), (1, 7)),
        ((1, 17), (17, 1)),
        ((7, 9), (9, 5)),
    ]
    for dtype in FLOATS:
        for a, b in pairs if dtype == "float32" else pairs[1:4]:
            grid = 100 if dtype == "float64" or max(a) > 6 else 4  # quarters: every product and sum is exact
            name = "x".join(map(str, a)) + "_" + "x".join(map(str, b))
            f.add(f"matmul-{dtype}-{name}", "matmul", t(f.values(*a, grid=grid), dtype), t(f.values(*b, grid=grid), dtype), condition=True)
    turned = [("transpose", -2, -1)]
    f.add("matmul-left-transposed", "matmul", t(f.values(3, 2), view=turned), t(f.values(3, 4)), condition=True)
    f.add("matmul-right-transposed", "matmul", t(f.values(2, 3)), t(f.values(4, 3), view=turned), condition=True)
    f.add(
        "matmul-both-transposed",
        "matmul",
        t(f.values(3, 2), "float64", view=turned),
        t(f.values(4, 3), "float64", view=turned),
        condition=True,
    )
    f.add("matmul-step", "matmul", t(f.values(2, 6), view=[("step", 2)]), t(f.values(3, 4), view=[("step", 2)]), condition=True)
    f.add(
        "matmul-expanded",
        "matmul",
        t(f.values(1, 2, 3), view=[("expand", 2, 2, 3)]),
        t(f.values(3, 1), view=[("expand", 3, 2)]),
        condition=True,
    )
    f.add(
        "matmul-batch-transposed",
        "matmul",
        t(f.values(2, 3, 2), view=turned),
        t(f.values(3, 2, 2), view=[("transpose", 0, 1)]),
        condition=True,
    )
    f.add("matmul-outer-batch-turned", "matmul", t(f.values(2, 2, 3), view=[("transpose", 0, 1)]), t(f.values(3, 2)), condition=True)
    for a, b in (((0, 3), (3, 2)), ((2, 0), (0, 3)), ((2, 3), (3, 0)), ((0,), (0,)), ((0, 2, 3), (3, 2)), ((2, 0), (0,))):
        f.add(
            "matmul-empty-" + "x".join(map(str, a)) + "_" + "x".join(map(str, b)),
            "matmul",
            t(torch.zeros(a)),
            t(torch.zeros(b)),
            ulps=EXACT,
        )
    f.add("matmul-nan-stays-in-its-row", "matmul", t([[nan, 1.0], [0.0, 1.0]]), t([[1.0, 2.0], [3.0, 4.0]]), ulps=ROUNDED)
    f.add("matmul-zero-times-inf", "matmul", t([[0.0, 1.0], [2.0, 1.0]], grad=False), t([[inf, 1.0], [1.0, 1.0]], grad=False), ulps=ROUNDED)
    f.add("matmul-int64", "matmul", t([[1, 2], [3, 4]], "int64"), t([[5], [6]], "int64"))
    f.add("matmul-operator", "operator.matmul", t(f.values(2, 2)), t(f.values(2)), condition=True)
    f.add("matmul-method", "Tensor.matmul", t(f.values(2, 2)), t(f.values(2, 1)), condition=True)
    f.add("matmul-self", "", t(f.values(2, 2), "float64"), steps=[{"op": "matmul", "args": [{"ref": 0}, {"ref": 0}]}], condition=True)
    for dtype in FLOATS:
        f.add(f"matmul-{dtype}-second", "matmul", t(f.values(2, 3), dtype), t(f.values(3, 2), dtype), second=True, condition=True)
        f.add(f"matmul-{dtype}-second-batch", "matmul", t(f.values(2, 1, 2), dtype), t(f.values(2, 2), dtype), second=True, condition=True)
        f.add(f"matmul-{dtype}-second-vectors", "matmul", t(f.values(3), dtype), t(f.values(3), dtype), second=True, condition=True)
    for a, b in (((2, 3), (2, 3)), ((3,), (2,)), ((2, 2, 3), (3, 3, 2)), ((), (2,)), ((2, 3), ())):
        f.raises("matmul-shapes-" + "x".join(map(str, a)) + "_" + "x".join(map(str, b)), "matmul", t(f.values(*a)), t(f.values(*b)))
    f.raises("matmul-mixed", "matmul", t(f.values(2, 2)), t(f.values(2, 2), "float64"))
    for dtype in FLOATS:
        for shape in ((3,), (2, 3), (2, 2, 3), (1, 3), (0, 3)):
            for bias in (True, False):
                if dtype == "float64" and shape not in ((2, 3), (3,)):
                    continue
                b = {"bias": t(f.values(4), dtype)} if bias else {}
                f.add(
                    f"linear-{dtype}-{'x'.join(map(str, shape))}{'' if bias else '-no-bias'}",
                    "nn.functional.linear",
                    t(f.values(*shape), dtype),
                    t(f.values(4, 3), dtype),
                    condition=True,
                    **{k: v for k, v in b.items()},
                )
    f.add("linear-positional-none", "nn.functional.linear", t(f.values(2, 3)), t(f.values(2, 3)), None, condition=True)
    f.add(
        "linear-transposed",
        "nn.functional.linear",
        t(f.values(3, 2), view=turned),
        t(f.values(3, 2), view=turned),
        t(f.values(4), view=[("step", 2)]),
        condition=True,
    )
    f.add(
        "linear-second",
        "nn.functional.linear",
        t(f.values(2, 3), "float64"),
        t(f.values(2, 3), "float64"),
        t(f.values(2), "float64"),
        second=True,
        condition=True,
    )
    f.raises("linear-shapes", "nn.functional.linear", t(f.values(2, 3)), t(f.values(4, 2)))
    return f


FAMILIES = (reductions, matmul)
