"""Batch, group and RMS norm, and the negative log likelihood: norms.json."""

from recording import Family, t

FLOATS = ("float32", "float64")
F = "nn.functional."


def norms():
    f = Family("norms", "batch_norm, group_norm, rms_norm and nll_loss.", grid=10)
    x = lambda *shape, **more: t(f.values(*shape), **more)
    smooth = dict(condition=True)
    statistics = lambda dtype: (t([0.5, -1.0, 0.25], dtype, grad=False), t([2.0, 0.75, 1.5], dtype, grad=False))
    op = F + "batch_norm"
    for dtype in FLOATS:
        for shape in ((5, 3), (2, 3, 4), (2, 3, 2, 2)) if dtype == "float32" else ((3, 3), (2, 3, 2)):
            name = f"batch_norm-{dtype}-{'x'.join(map(str, shape))}"
            affine = lambda: dict(weight=x(3, dtype=dtype), bias=x(3, dtype=dtype))
            f.add(f"{name}-training", op, x(*shape, dtype=dtype), None, None, **affine(), training=True, **smooth)
            f.add(f"{name}-running", op, x(*shape, dtype=dtype), *statistics(dtype), **affine(), training=True, momentum=0.3, **smooth)
            f.add(f"{name}-evaluation", op, x(*shape, dtype=dtype), *statistics(dtype), **affine(), **smooth)
        f.add(f"batch_norm-{dtype}-second", op, x(2, 3, 2, dtype=dtype), None, None, x(3, dtype=dtype), None, True, second=True, **smooth)
    f.add("batch_norm-plain", op, x(4, 3), *statistics("float32"), training=False, eps=0.1, **smooth)
    f.add("batch_norm-offset", op, t(f.values(4, 2, 3) + 1000), None, None, training=True, **smooth)
    f.add("batch_norm-transposed", op, x(3, 4, view=[("transpose", 0, 1)]), None, None, x(3), training=True, **smooth)
    f.raises("batch_norm-one-value", op, x(1, 3), None, None, training=True)
    f.raises("batch_norm-weight-shape", op, x(2, 3), None, None, x(2), training=True)
    f.raises("batch_norm-no-statistics", op, x(2, 3), None, None)

    op = F + "group_norm"
    for dtype in FLOATS:
        for groups in (1, 2, 4):
            f.add(f"group_norm-{dtype}-{groups}", op, x(2, 4, 3, dtype=dtype), groups, x(4, dtype=dtype), x(4, dtype=dtype), **smooth)
        f.add(f"group_norm-{dtype}-second", op, x(2, 4, 2, dtype=dtype), 2, x(4, dtype=dtype), second=True, **smooth)
    f.add("group_norm-plain", op, x(2, 4), num_groups=2, eps=0.1, **smooth)
    f.raises("group_norm-groups", op, x(2, 4, 2), 3)

    op = F + "rms_norm"
    for dtype in FLOATS:
        f.add(f"rms_norm-{dtype}", op, x(2, 4, dtype=dtype), (4,), x(4, dtype=dtype), **smooth)
        f.add(f"rms_norm-{dtype}-two", op, x(2, 2, 3, dtype=dtype), (2, 3), eps=0.1, **smooth)
        f.add(f"rms_norm-{dtype}-second", op, x(2, 3, dtype=dtype), (3,), x(3, dtype=dtype), second=True, **smooth)
    f.raises("rms_norm-shape", op, x(2, 4), [3])

    op = F + "nll_loss"
    for reduction in ("mean", "sum", "none"):
        f.add(f"nll_loss-{reduction}", op, x(3, 3), t([0, 2, 1], "int64"), reduction=reduction, **smooth)
        f.add(
            f"nll_loss-weight-ignore-{reduction}",
            op,
            x(2, 3, 2),
            t([[0, 1], [2, 1]], "int64"),
            weight=t([0.5, 2.0, 1.25], grad=False),
            ignore_index=1,
            reduction=reduction,
            **smooth,
        )
    f.raises("nll_loss-range", op, x(2, 3), t([0, 3], "int64"))
    return f


FAMILIES = (norms,)
