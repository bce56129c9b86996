"""Softmax, normalisation, losses and whole formulas: networks.json."""

import torch

from recording import CLOSE, EXACT, ROUNDED, Family, t

inf, nan = float("inf"), float("nan")
FLOATS = ("float32", "float64")
F = "nn.functional."


def networks():
    f = Family(
        "networks", "softmax, log_softmax, layer_norm, dropout, losses with all options, and formulas made of several operations.", grid=10
    )
    x = lambda *shape, **more: t(f.values(*shape), **more)
    i = lambda data, **more: t(data, "int64", **more)
    smooth = dict(condition=True)

    for op in ("softmax", "log_softmax"):
        for dtype in FLOATS:
            for dim in (0, 1, -1) if dtype == "float32" else (1,):
                f.add(f"{op}-{dtype}-{dim}", op, x(2, 3, 2, dtype=dtype), dim=dim, **smooth)
            f.add(
                f"{op}-{dtype}-far-apart", op, t([[0.0, 100.0, -100.0], [1000.0, 1000.0, 999.0], [-1e4, 0.0, 1.0]], dtype), dim=1, **smooth
            )
            f.add(
                f"{op}-{dtype}-inf",
                op,
                t([[0.0, -inf, 1.0], [inf, 0.0, 1.0], [-inf, -inf, -inf], [nan, 1.0, 2.0]], dtype, grad=False),
                dim=1,
            )
            f.add(f"{op}-{dtype}-masked", op, t([0.0, -inf, 1.0], dtype), dim=0, **smooth)
            if dtype == "float64":
                f.add(f"{op}-{dtype}-second", F + op, x(2, 3, dtype=dtype), dim=-1, second=True, **smooth)
        f.add(f"{op}-method", f"Tensor.{op}", x(3), 0, **smooth)
        f.add(f"{op}-transposed", op, x(2, 3, view=[("transpose", 0, 1)]), dim=1, **smooth)
        f.add(f"{op}-long", op, x(37), dim=0, **smooth)
        f.add(f"{op}-one", op, x(2, 1), dim=1, ulps=ROUNDED)
        f.add(f"{op}-0dim", op, t(1.5), dim=0, ulps=ROUNDED)
        f.add(f"{op}-empty", op, x(2, 0), dim=1, ulps=EXACT)
        f.raises(f"{op}-range", op, x(2, 3), dim=2)
        f.raises(f"{op}-int64", op, i([1, 2]), dim=0)

    op = F + "layer_norm"
    for dtype in FLOATS:
        for shape, over in (((2, 4), [4]), ((2, 2, 3), [2, 3]), ((2, 3), [2, 3]), ((2, 2, 3), [3])):
            name = f"layer_norm-{dtype}-{'x'.join(map(str, shape))}-over-{'x'.join(map(str, over))}"
            if dtype == "float32":
                f.add(f"{name}-plain", op, x(*shape, dtype=dtype), over, **smooth)
            if dtype == "float64" and over != [4]:
                continue
            f.add(f"{name}-weight-bias", op, x(*shape, dtype=dtype), over, x(*over, dtype=dtype), x(*over, dtype=dtype), **smooth)
        f.add(f"layer_norm-{dtype}-weight", op, x(2, 4, dtype=dtype), (4,), weight=x(4, dtype=dtype), **smooth)
        f.add(f"layer_norm-{dtype}-bias", op, x(2, 4, dtype=dtype), (4,), bias=x(4, dtype=dtype), **smooth)
        f.add(f"layer_norm-{dtype}-eps", op, x(2, 4, dtype=dtype), [4], eps=0.1, **smooth)
        f.add(f"layer_norm-{dtype}-offset", op, t(f.values(2, 5) + 1000, dtype), [5], **smooth)
        f.add(f"layer_norm-{dtype}-second", op, x(2, 4, dtype=dtype), [4], x(4, dtype=dtype), x(4, dtype=dtype), second=True, **smooth)
    f.add("layer_norm-constant-row", op, t([[1.5, 1.5, 1.5], [0.0, 1.0, 2.0]]), [3], **smooth)
    f.add("layer_norm-one", op, x(2, 1), [1], **smooth)
    f.add("layer_norm-transposed", op, x(4, 2, view=[("transpose", 0, 1)]), [4], x(4), **smooth)
    f.add("layer_norm-empty", op, x(0, 3), [3], x(3), x(3), ulps=EXACT)
    f.add("layer_norm-long", op, x(1, 37), [37], **smooth)
    f.add("layer_norm-positional-eps", op, x(2, 3), [3], None, None, 1e-3, **smooth)
    f.raises("layer_norm-shape", op, x(2, 4), [3])
    f.raises("layer_norm-weight-shape", op, x(2, 4), [4], x(3))

    op = F + "dropout"
    f.add("dropout-off", op, x(2, 3), p=0.5, training=False, ulps=EXACT)
    f.add("dropout-0", op, x(2, 3), p=0.0, training=True, ulps=EXACT)
    f.add("dropout-1", op, x(2, 3), p=1.0, training=True, ulps=EXACT)
    f.raises("dropout-negative", op, x(2), p=-0.1)
    f.raises("dropout-above-1", op, x(2), p=1.1)

    op = F + "mse_loss"
    for dtype in FLOATS:
        for reduction in ("mean", "sum", "none") if dtype == "float32" else ("mean",):
            f.add(f"mse_loss-{dtype}-{reduction}", op, x(2, 3, dtype=dtype), x(2, 3, dtype=dtype), reduction=reduction, **smooth)
        if dtype == "float64":
            f.add(f"mse_loss-{dtype}-second", op, x(2, 3, dtype=dtype), x(2, 3, dtype=dtype), second=True, **smooth)
    f.add("mse_loss-default-target-constant", op, x(4), x(4, grad=False), **smooth)
    f.add("mse_loss-0dim", op, t(1.5), t(-0.25), **smooth)
    f.add("mse_loss-transposed", op, x(2, 3, view=[("transpose", 0, 1)]), x(3, 2), **smooth)
    f.add("mse_loss-empty-sum", op, x(0, 2), x(0, 2), reduction="sum", ulps=EXACT)
    f.add("mse_loss-empty-mean", op, x(0, 2), x(0, 2), ulps=EXACT)
    f.raises("mse_loss-reduction", op, x(2), x(2), reduction="average")

    op = F + "cross_entropy"
    options = {
        "plain": {},
        "weight": {"weight": "w"},
        "ignore": {"ignore_index": 1},
        "smoothing": {"label_smoothing": 0.2},
        "weight-ignore": {"weight": "w", "ignore_index": 1},
        "weight-smoothing": {"weight": "w", "label_smoothing": 0.1},
        "weight-ignore-smoothing": {"weight": "w", "ignore_index": 1, "label_smoothing": 0.3},
    }

    def with_weight(option, dtype):
        return {k: t([0.5, 2.0, 1.25], dtype, grad=False) if k == "weight" else v for k, v in option.items()}

    for dtype in FLOATS:
        for name, option in options.items():
            for reduction in ("mean", "sum", "none"):
                if reduction != "mean" and name not in ("plain", "weight-ignore", "weight-ignore-smoothing"):
                    continue
                if dtype == "float64" and (reduction != "mean" or name not in ("plain", "ignore", "weight-ignore-smoothing")):
                    continue
                f.add(
                    f"cross_entropy-{dtype}-{name}-{reduction}",
                    op,
                    x(3, 3, dtype=dtype),
                    i([0, 1, 2]),
                    reduction=reduction,
                    **with_weight(option, dtype),
                    **smooth,
                )
        f.add(f"cross_entropy-{dtype}-minus-100", op, x(3, 3, dtype=dtype), i([2, -100, 0]), **smooth)
        f.add(f"cross_entropy-{dtype}-second", op, x(2, 3, dtype=dtype), i([0, 2]), second=True, **smooth)
        f.add(
            f"cross_entropy-{dtype}-second-weight-smoothing",
            op,
            x(3, 3, dtype=dtype),
            i([0, 2, 1]),
            second=True,
            **with_weight(options["weight-ignore-smoothing"], dtype),
            **smooth,
        )
        for name, option in (
            ("plain", {}),
            ("weight", {"weight": "w"}),
            ("smoothing", {"label_smoothing": 0.2}),
            ("weight-smoothing", options["weight-smoothing"]),
        ):
            for reduction in ("mean", "sum", "none"):
                if reduction == "sum" and name != "plain" or dtype == "float64" and (reduction != "mean" or name != "weight-smoothing"):
                    continue
                target = torch.softmax(f.values(2, 3), 1).mul(100).round().div(100)
                f.add(
                    f"cross_entropy-{dtype}-probabilities-{name}-{reduction}",
                    op,
                    x(2, 3, dtype=dtype),
                    t(target, dtype),
                    reduction=reduction,
                    **with_weight(option, dtype),
                    **smooth,
                )
        f.add(f"cross_entropy-{dtype}-large-logits", op, t([[1000.0, 0.0, -1000.0], [-50.0, 60.0, 59.0]], dtype), i([1, 1]), **smooth)
    for reduction in ("mean", "sum", "none"):
        f.add(f"cross_entropy-unbatched-{reduction}", op, x(3), i(2), reduction=reduction, **smooth)
        f.add(
            f"cross_entropy-ncd-{reduction}",
            op,
            x(2, 3, 2),
            i([[0, 1], [2, 1]]),
            reduction=reduction,
            weight=t([0.5, 2.0, 1.25], grad=False),
            ignore_index=1,
            **smooth,
        )
        f.add(f"cross_entropy-all-ignored-{reduction}", op, x(2, 3), i([-100, -100]), reduction=reduction)
    f.add("cross_entropy-ncdd", op, x(1, 3, 2, 2), i([[[0, 1], [2, -100]]]), **smooth)
    f.add("cross_entropy-ncd-smoothing", op, x(2, 3, 2), i([[0, 1], [2, 1]]), label_smoothing=0.1, **smooth)
    f.add("cross_entropy-ncd-probabilities", op, x(2, 3, 2), t(torch.full((2, 3, 2), 0.25)), label_smoothing=0.1, **smooth)
    f.add("cross_entropy-unbatched-probabilities", op, x(3), t([0.2, 0.3, 0.5]), **smooth)
    f.add("cross_entropy-probabilities-that-do-not-add-to-1", op, x(1, 3), t([[0.5, -0.25, 2.0]]), **smooth)
    f.add("cross_entropy-empty-sum", op, x(0, 3), i([]), reduction="sum", ulps=EXACT)
    f.add("cross_entropy-empty-mean", op, x(0, 3), i([]), ulps=EXACT)
    f.add("cross_entropy-transposed", op, x(3, 4, view=[("transpose", 0, 1)]), i([0, 9, 1, 9, 2, 9, 2], view=[("step", 2)]), **smooth)
    f.add("cross_entropy-one-class", op, x(2, 1), i([0, 0]), ulps=ROUNDED)
    f.raises("cross_entropy-label-range", op, x(2, 3), i([0, 3]))
    f.raises("cross_entropy-label-negative", op, x(2, 3), i([0, -1]))
    f.raises("cross_entropy-batch", op, x(2, 3), i([0, 1, 2]))
    f.raises("cross_entropy-weight-size", op, x(2, 3), i([0, 1]), weight=x(2, grad=False))
    f.raises("cross_entropy-smoothing-range", op, x(2, 3), i([0, 1]), label_smoothing=1.5)

    op = F + "binary_cross_entropy_with_logits"
    forms = {
        "plain": {},
        "weight": {"weight": [0.5, 2.0, 1.5]},
        "pos_weight": {"pos_weight": [3.0, 1.0, 0.25]},
        "both": {"weight": [[0.5], [2.0]], "pos_weight": [3.0, 1.0, 0.25]},
    }
    for dtype in FLOATS:
        for name, form in forms.items():
            for reduction in ("mean", "sum", "none"):
                if dtype == "float64" and (reduction != "mean" or name not in ("plain", "both")):
                    continue
                f.add(
                    f"bce_with_logits-{dtype}-{name}-{reduction}",
                    op,
                    x(2, 3, dtype=dtype),
                    t([[0.0, 1.0, 0.25], [1.0, 0.0, 0.5]], dtype),
                    reduction=reduction,
                    **{k: t(v, dtype, grad=False) for k, v in form.items()},
                    **smooth,
                )
        f.add(
            f"bce_with_logits-{dtype}-large",
            op,
            t([1000.0, -1000.0, 80.0, -80.0, 1000.0], dtype),
            t([1.0, 0.0, 0.0, 1.0, 0.0], dtype, grad=False),
            reduction="none",
            **smooth,
        )
        f.add(
            f"bce_with_logits-{dtype}-second",
            op,
            x(3, dtype=dtype),
            t([0.0, 1.0, 0.25], dtype, grad=False),
            pos_weight=t([2.0], dtype, grad=False),
            second=True,
            **smooth,
        )
    f.add(
        "bce_with_logits-transposed", op, x(3, 2, view=[("transpose", 0, 1)]), t([[0.0, 1.0, 0.25], [1.0, 0.0, 0.5]], grad=False), **smooth
    )
    f.add("bce_with_logits-0", op, t([0.0, 0.0, -0.0]), t([0.0, 1.0, 0.5]), reduction="none", ulps=CLOSE)
    f.add("bce_with_logits-empty-sum", op, x(0), x(0, grad=False), reduction="sum", ulps=EXACT)
    f.raises("bce_with_logits-shapes", op, x(2, 3), x(3, grad=False))

    return formulas(f)


def step(op, *args, **kwargs):
    """One step of a formula: whole numbers in args are earlier values; plain() marks the arguments that are numbers."""
    args = [a["plain"] if isinstance(a, dict) else {"ref": a} for a in args]
    return {"op": op, "args": args, **({"kwargs": kwargs} if kwargs else {})}


def plain(value):
    return {"plain": value}


def formulas(f):
    """Several operations in a row: shared values, shared weights, labels and indices among the arguments."""

    def x(*shape, dtype="float32"):
        return t(f.values(*shape), dtype)

    labels = t([0, 2, 1], "int64")
    for dtype in FLOATS:
        f.add(
            f"mlp-{dtype}",
            "",
            x(3, 2, dtype=dtype),
            x(4, 2, dtype=dtype),
            x(4, dtype=dtype),
            x(3, 4, dtype=dtype),
            x(3, dtype=dtype),
            labels,
            steps=[step(F + "linear", 0, 1, 2), step(F + "gelu", 6), step(F + "linear", 7, 3, 4), step(F + "cross_entropy", 8, 5)],
            condition=True,
        )
    f.add(
        "mlp-second",
        "",
        *(x(*shape, dtype="float64") for shape in ((2, 2), (3, 2), (3,), (1, 3))),
        second=True,
        condition=True,
        steps=[step(F + "linear", 0, 1, 2), step("tanh", 4), step(F + "linear", 5, 3), step("square", 6), step("mean", 7)],
    )
    f.add(
        "attention",
        "",
        x(1, 3, 2),
        x(1, 3, 2),
        x(1, 3, 2),
        condition=True,
        steps=[
            step("transpose", 1, plain(-2), plain(-1)),
            step("matmul", 0, 3),
            step("operator.truediv", 4, plain(1.4142135)),
            step("softmax", 5, dim=-1),
            step("matmul", 6, 2),
        ],
    )
    f.add(
        "transformer-head",
        "",
        t([[0, 2, 1]], "int64"),
        x(3, 4),
        x(4),
        x(4),
        labels,
        condition=True,
        steps=[
            step(F + "embedding", 0, 1),
            step(F + "layer_norm", 5, plain([4]), 2, 3),
            step("transpose", 1, plain(0), plain(1)),
            step("matmul", 6, 7),
            step("reshape", 8, plain([-1, 3])),
            step(F + "cross_entropy", 9, 4),
        ],
    )
    f.add(
        "weights-shared-by-two-layers",
        "",
        x(2, 2),
        x(2, 2),
        condition=True,
        steps=[step(F + "linear", 0, 1), step("sigmoid", 2), step(F + "linear", 3, 1), step("sum", 4)],
    )
    f.add(
        "standardise",
        "",
        x(3, 2),
        condition=True,
        steps=[step("mean", 0, dim=0), step("var", 0, dim=0, correction=0), step("sub", 0, 1), step("rsqrt", 2), step("mul", 3, 4)],
    )
    f.add(
        "logsumexp-by-hand",
        "",
        x(2, 3),
        condition=True,
        steps=[
            step("amax", 0, dim=1, keepdim=True),
            step("Tensor.detach", 1),
            step("sub", 0, 2),
            step("exp", 3),
            step("sum", 4, dim=1, keepdim=True),
            step("log", 5),
            step("add", 6, 2),
        ],
    )
    return f


FAMILIES = (networks,)
