"""Shape and movement, indexing: movement.json, indexing.json."""

import torch

from recording import EXACT, ROUNDED, Family, t

inf, nan = float("inf"), float("nan")
FLOATS = ("float32", "float64")
SUMS = (True, False, False)  # outputs add terms that may cancel
GRADIENT_SUMS = (False, True, False)


def movement():
    f = Family("movement", "Shape and movement: values and gradients bit for bit. Also the tensors made from nothing.", grid=4)
    same = dict(ulps=EXACT)
    x = lambda *shape, **more: t(f.values(*shape), **more)
    turned = [("transpose", 0, 1)]
    for shape in ([3, 4], [12], [-1], [2, -1], [-1, 1, 6], [2, 3, 2], [1, 2, 6, 1]):
        f.add(f"reshape-{shape}".replace(" ", ""), "reshape", x(2, 6), shape, **same)
    f.add("reshape-transposed", "reshape", x(2, 3, view=turned), [6], **same)
    f.add("reshape-transposed-split", "reshape", x(2, 4, view=turned), [2, 2, 2], **same)
    f.add("reshape-arguments", "Tensor.reshape", x(2, 3), 3, -1, **same)
    f.add("reshape-tuple", "Tensor.reshape", x(2, 3), (6, 1), **same)
    f.add("reshape-0dim", "reshape", t(1.5), [1, 1], **same)
    f.add("reshape-to-0dim", "reshape", t([[1.5]]), [], **same)
    f.add("reshape-empty", "reshape", x(0, 3), [3, 0], **same)
    f.add("slice_scatter", "slice_scatter", x(3, 5), x(3, 2), 1, 1, 5, 2, **same)
    f.add("as_strided_scatter", "as_strided_scatter", x(3, 4), x(2, 2), (2, 2), (5, 2), 1, gradient=False, **same)
    f.add("reshape-empty-inferred", "reshape", x(0, 3), [-1, 3], **same)
    f.add("reshape-int32", "reshape", t([[1, 2], [3, 4]], "int32"), [4])
    f.raises("reshape-wrong-size", "reshape", x(2, 3), [4, 2])
    f.raises("reshape-two-inferred", "reshape", x(2, 3), [-1, -1])
    f.raises("reshape-inferred-remainder", "reshape", x(2, 3), [4, -1])
    f.raises("reshape-inferred-of-empty", "reshape", x(0, 3), [-1, 0])
    for start, end in ((0, -1), (1, 2), (-2, -1), (1, 1), (0, 1)):
        f.add(f"flatten-{start}_{end}", "flatten", x(2, 1, 3), start, end, **same)
    f.add("flatten-default", "flatten", x(2, 3), **same)
    f.add("flatten-named", "Tensor.flatten", x(2, 1, 3, view=[("transpose", 0, 2)]), start_dim=1, **same)
    f.add("flatten-0dim", "flatten", t(1.5), **same)
    f.add("flatten-empty", "flatten", x(2, 0, 3), 1, **same)
    f.raises("flatten-order", "flatten", x(2, 1, 3), 2, 1)
    for a, b in ((0, 1), (-1, 0), (1, 1), (0, 2)):
        f.add(f"transpose-{a}_{b}", "transpose", x(2, 1, 3), a, b, **same)
    f.add("transpose-twice", "transpose", x(2, 3, view=turned), 0, 1, **same)
    f.raises("transpose-range", "transpose", x(2, 3), 0, 2)
    for dims in ([2, 0, 1], [0, 1, 2], [-1, 0, -2]):
        f.add(f"permute-{dims}".replace(" ", ""), "permute", x(2, 1, 3), dims, **same)
    f.add("permute-arguments", "Tensor.permute", x(2, 1, 3, dtype="float64"), 1, 2, 0, **same)
    f.add("permute-bool", "permute", t([[True, False, True]], "bool"), [1, 0])
    f.raises("permute-repeated", "permute", x(2, 1, 3), [0, 0, 1])
    f.raises("permute-too-few", "permute", x(2, 1, 3), [1, 0])
    for shape in ([2, 3], [2, -1], [4, 2, 3], [4, -1, 3]):
        f.add(
            f"expand-{shape}".replace(" ", ""),
            "Tensor.expand",
            t(f.values(2, 1) if 2 in shape else f.values(1, 1)),
            shape,
            ulps=ROUNDED,
            condition=GRADIENT_SUMS,
        )
    f.add("expand-arguments", "Tensor.expand", x(1, 3), 2, 3, ulps=ROUNDED, condition=GRADIENT_SUMS)
    f.add("expand-0dim", "Tensor.expand", t(1.5), [2, 2], ulps=ROUNDED, condition=GRADIENT_SUMS)
    f.add("expand-to-empty", "Tensor.expand", x(1, 3), [0, 3], **same)
    f.add("expand-transposed", "Tensor.expand", x(1, 3, view=turned), [3, 2], ulps=ROUNDED, condition=GRADIENT_SUMS)
    f.raises("expand-not-one", "Tensor.expand", x(2, 3), [4, 3])
    f.raises("expand-fewer", "Tensor.expand", x(2, 3), [3])
    f.raises("expand-new-inferred", "Tensor.expand", x(3), [-1, 3])
    for dim in (0, 1, -1, 2):
        f.add(f"squeeze-{dim}", "squeeze", x(1, 2, 1), dim, **same)
        f.add(f"unsqueeze-{dim}", "unsqueeze", x(2, 3), dim, **same)
    f.add("squeeze-all", "squeeze", x(1, 2, 1, 3), **same)
    f.add("squeeze-to-0dim", "Tensor.squeeze", t([[1.5]]), **same)
    f.add("squeeze-0dim", "squeeze", t(1.5), 0, **same)
    f.add("squeeze-empty", "squeeze", x(1, 0), **same)
    f.add("unsqueeze-0dim", "unsqueeze", t(1.5), -1, **same)
    f.raises("squeeze-range", "squeeze", x(1, 2), 2)
    f.raises("unsqueeze-range", "unsqueeze", x(1, 2), 3)

    S = slice
    indices = {
        "0": 0,
        "-1": -1,
        "1:": S(1, None),
        ":-1": S(None, -1),
        "::2": S(None, None, 2),
        "1:3:2": S(1, 3, 2),
        "5:": S(5, None),
        "2:1": S(2, 1),
        "-2:": S(-2, None),
        "-9:9": S(-9, 9),
        "0,1": (0, 1),
        ":,1": (S(None), 1),
        "1,::3": (1, S(None, None, 3)),
        "none": None,
        "none,0": (None, 0),
        "0,none": (0, None),
        "...": Ellipsis,
        "...,-1": (Ellipsis, -1),
        "0,...": (0, Ellipsis),
        "...,none": (Ellipsis, None),
        "1:,none,::2": (S(1, None), None, S(None, None, 2)),
        "0,...,1": (0, Ellipsis, 1),
        "empty tuple": (),
        ":,5:": (S(None), S(5, None)),
        "::7": S(None, None, 7),
    }
    for name, index in indices.items():
        f.add(f"getitem-[{name}]", "Tensor.__getitem__", x(3, 4), index, **same)
    f.add("getitem-three-dims", "Tensor.__getitem__", x(2, 3, 2), (S(None), 1, S(None)), **same)
    f.add("getitem-transposed", "Tensor.__getitem__", x(3, 4, view=turned), (S(1, None, 2), S(None, 2)), **same)
    f.add("getitem-int64", "Tensor.__getitem__", t([[1, 2], [3, 4]], "int64"), (S(None), 0))
    f.add(
        "getitem-float64-twice",
        "",
        t(f.values(6), "float64"),
        steps=[
            {"op": "Tensor.__getitem__", "args": [{"ref": 0}, {"slice": [1, None, 2]}]},
            {"op": "Tensor.__getitem__", "args": [{"ref": 1}, {"slice": [None, 2, None]}]},
            {"op": "Tensor.__getitem__", "args": [{"ref": 0}, {"slice": [None, 2, None]}]},
            {"op": "mul", "args": [{"ref": 2}, {"ref": 3}]},
        ],
        ulps=ROUNDED,
    )
    for name, index in {"3": 3, "-4": -4, "step0": S(None, None, 0), "step-1": S(None, None, -1), "too many": (0, 0, 0)}.items():
        f.raises(f"getitem-[{name}]-refused", "Tensor.__getitem__", x(3, 4), index)
    f.add("select-0-1", "select", x(3, 4), 0, 1, **same)
    f.add("select--1--2", "Tensor.select", x(3, 4), -1, -2, **same)
    f.raises("select-range", "select", x(3, 4), 1, 4)

    for dim in (0, 1, -1):
        f.add(f"cat-{dim}", "cat", [x(2, 3), x(2, 3), x(2, 3, view=[])], dim=dim, **same)
        f.add(f"stack-{dim}", "stack", [x(2, 3), x(2, 3)], dim=dim, **same)
    f.add("cat-sizes", "cat", [x(1, 2), x(3, 2), x(0, 2)], 0, **same)
    f.add("cat-tuple", "cat", (x(2), x(1)), **same)
    f.add("cat-one", "cat", [x(2, 2)], 1, **same)
    f.add("cat-transposed", "cat", [x(2, 3, view=turned), x(3, 1)], 1, **same)
    f.add("cat-mixed", "cat", [x(2, 2), x(2, 2, dtype="float64")], 0, **same)
    f.add("cat-bool", "cat", [t([True], "bool"), t([False, True], "bool")])
    f.add("cat-without-gradient", "cat", [x(2, grad=False), x(2)], **same)
    f.add("cat-same-twice", "", x(2), steps=[{"op": "cat", "args": [[{"ref": 0}, {"ref": 0}]]}], ulps=ROUNDED, condition=GRADIENT_SUMS)
    f.add("stack-0dim", "stack", [t(1.5), t(2.5)], **same)
    f.add("stack-2", "stack", [x(2, 3, view=turned), x(3, 2)], dim=2, **same)
    f.raises("cat-shapes", "cat", [x(2, 3), x(3, 2)], 0)
    f.raises("cat-nothing", "cat", [])
    f.raises("cat-0dim", "cat", [t(1.5), t(2.5)])
    f.raises("cat-range", "cat", [x(2), x(2)], 1)
    f.raises("stack-shapes", "stack", [x(2), x(3)])
    f.raises("stack-range", "stack", [x(2), x(2)], 2)
    for name, view in {"row-major": [], "transposed": turned, "step": [("step", 2)]}.items():
        f.add(f"contiguous-{name}", "Tensor.contiguous", x(3, 4, view=view), **same)
        f.add(f"clone-{name}", "clone", x(3, 4, view=view), **same)
    f.add("clone-expanded", "Tensor.clone", x(1, 3, view=[("expand", 2, 3)]), ulps=ROUNDED, condition=GRADIENT_SUMS)
    f.add("clone-special", "clone", t([nan, inf, -0.0, 1e-45]), signed_zero=True, **same)
    f.add("detach", "Tensor.detach", x(2, 2), **same)

    f.add("zeros", "zeros", [2, 3])
    f.add("zeros-dtype", "zeros", (2,), dtype=torch.int64)
    f.add("zeros-empty", "zeros", [0, 2], dtype=torch.float64)
    f.add("zeros-0dim", "zeros", [])
    f.add("ones", "ones", [3])
    f.add("ones-bool", "ones", [2], dtype=torch.bool)
    f.add("full", "full", [2], 0.1, **same)
    f.add("full-int", "full", [2], 7)
    f.add("full-bool", "full", [2], True)
    f.add("full-dtype", "full", [2], 0.1, dtype=torch.float64)
    f.add("full-nan", "full", [1], nan)
    f.add("eye", "eye", 3)
    f.add("eye-dtype", "eye", 2, dtype=torch.float64)
    f.add("eye-0", "eye", 0)
    f.add("arange-end", "arange", 5)
    f.add("arange-start-end", "arange", 2, 6)
    f.add("arange-step", "arange", 2, 9, 3)
    f.add("arange-down", "arange", 3, -2, -2)
    f.add("arange-floating", "arange", 0.0, 1.0, 0.25)
    f.add("arange-tenths", "arange", 0, 1, 0.1, ulps=ROUNDED, tolerance=False)
    f.add("arange-float64", "arange", 0, 1, 0.1, dtype=torch.float64, ulps=ROUNDED, tolerance=False)
    f.add("arange-float32-of-integers", "arange", 4, dtype=torch.float32)
    f.add("arange-int32", "arange", 1, 4, dtype=torch.int32)
    f.add("arange-nothing", "arange", 3, 3)
    f.raises("arange-step-0", "arange", 0, 3, 0)
    f.raises("arange-wrong-way", "arange", 0, 3, -1)

    # Other orders, repetition, surroundings: what op_db does not sample
    f.add("flip-int64", "flip", t([[1, 2, 3], [4, 5, 6]], "int64"), [1, 0])
    f.add("flip-transposed", "flip", x(2, 3, view=turned), [0], **same)
    f.add("flip-nothing", "flip", x(2, 3), [], **same)
    f.add("flip-empty", "flip", x(0, 3), [0, 1], **same)
    f.add("roll-flattened", "roll", x(2, 3, view=turned), 4, **same)
    f.add("roll-far", "roll", x(2, 3), [-7, 100], [0, 1], **same)
    f.add("roll-same-dim-twice", "roll", x(5), [1, 2], [0, 0], **same)
    f.add("roll-empty", "roll", x(0, 3), 1, 0, **same)
    f.add("movedim-many", "movedim", x(2, 3, 1, 4), [0, -1], [-2, 0], **same)
    f.add("moveaxis-one", "moveaxis", x(2, 3, 4), 0, -1, **same)
    for k in (-3, -1, 0, 2, 5):
        f.add(f"tril-{k}", "tril", x(2, 3, 4), k, **same)
        f.add(f"triu-{k}", "triu", x(3, 4, view=turned), k, **same)
        f.add(f"diagonal-{k}", "diagonal", x(3, 4), k, **same)
        f.add(f"diag-{k}", "diag", x(2), k, **same)
    f.add("tril-bool", "tril", t([[True, True], [True, True]], "bool"), -1)
    f.add("triu-huge", "triu", x(2, 2), 2**62, **same)
    f.add("diag_embed-dims", "diag_embed", x(2, 3), -1, 2, 0, **same)
    f.add("repeat-zero", "Tensor.repeat", x(2, 3), [2, 0], **same)
    f.add("tile-fewer", "tile", x(2, 3), [2], **same)
    f.add("repeat_interleave-counts", "repeat_interleave", x(3), t([2, 0, 1], "int64", grad=False), 0, ulps=ROUNDED, condition=GRADIENT_SUMS)
    f.add("repeat_interleave-flat", "repeat_interleave", x(2, 2), 2, ulps=ROUNDED, condition=GRADIENT_SUMS)
    pad = "nn.functional.pad"
    sums = dict(ulps=ROUNDED, condition=GRADIENT_SUMS)
    f.add("pad-int64", pad, t([[1, 2]], "int64"), (1, 0, 0, 2), "constant", 7)
    f.add("pad-cut", pad, x(3, 4), (-1, 2, 1, -2), "constant", 1.5, **same)
    f.add("pad-cut-all", pad, x(3, 4), (-2, -2), **same)
    f.add("pad-infinite", pad, x(2), (1, 1), "constant", -inf, **same)
    f.add("pad-reflect", pad, x(1, 4), (3, 3), "reflect", **sums)
    f.add("pad-reflect-cut", pad, x(1, 4), (-1, 2), "reflect", **sums)
    f.add("pad-replicate-3d", pad, x(1, 2, 2, 2), (1, 2, 0, 1, 2, 0), "replicate", **sums)
    f.add("pad-circular-whole", pad, x(1, 3), (3, 3), "circular", **sums)
    f.raises("pad-reflect-too-far", pad, x(1, 3), (3, 0), "reflect")
    f.raises("pad-circular-too-far", pad, x(1, 3), (4, 0), "circular")
    f.raises("pad-odd", pad, x(2, 3), (1, 1, 1))
    f.raises("pad-negative-size", pad, x(2, 3), (-2, -2))
    f.raises("pad-mode", pad, x(2, 3), (1, 1), "mirror")
    f.raises("roll-shifts", "roll", x(2, 3), [1, 2], [0])
    f.raises("flip-twice", "flip", x(2, 3), [0, 0])
    f.raises("tril-1d", "tril", x(3))
    f.raises("repeat-fewer", "Tensor.repeat", x(2, 3), [2])
    f.raises("unflatten-size", "unflatten", x(2, 6), 1, [4, 2])
    f.raises("unfold-size", "Tensor.unfold", x(3), 0, 4, 1)
    f.raises("unfold-step", "Tensor.unfold", x(3), 0, 2, 0)
    f.raises("diag_embed-same", "diag_embed", x(3), 0, 1, 1)
    f.raises("split-sections", "split_with_sizes", x(5), [2, 2])
    return f


def indexing():
    f = Family("indexing", "gather, scatter_add, index_select, embedding: indices of every type, repeated, negative dims, empty.", grid=4)
    x = lambda *shape, **more: t(f.values(*shape), **more)
    i = lambda data, dtype="int64", **more: t(data, dtype, **more)
    sums = dict(ulps=ROUNDED, condition=(True, True, False))
    for dtype in FLOATS:
        f.add(f"gather-{dtype}-0", "gather", x(3, 2, dtype=dtype), 0, i([[0, 2], [2, 2]]), **sums)
        f.add(f"gather-{dtype}-1", "gather", x(3, 4, dtype=dtype), 1, i([[0, 0, 3, 1, 0], [3, 2, 1, 0, 0]]), **sums)
        f.add(f"scatter_add-{dtype}-0", "scatter_add", x(3, 2, dtype=dtype), 0, i([[0, 2], [2, 2]]), x(2, 2, dtype=dtype), **sums)
        f.add(
            f"scatter_add-{dtype}-1", "scatter_add", x(2, 3, dtype=dtype), 1, i([[0, 0, 2, 0], [1, 1, 1, 1]]), x(2, 4, dtype=dtype), **sums
        )
        f.add(f"index_select-{dtype}", "index_select", x(3, 2, dtype=dtype), 0, i([2, 0, 2]), **sums)
        f.add(f"embedding-{dtype}", "nn.functional.embedding", i([[0, 2], [2, 2]]), x(4, 3, dtype=dtype), **sums)
    f.add("gather-negative-dim", "Tensor.gather", x(2, 3, 2), -1, i([[[0], [1], [1]]]), **sums)
    f.add("gather-middle", "gather", x(2, 3, 2), 1, i([[[0, 2]], [[1, 1]]]), **sums)
    f.add(
        "gather-transposed", "gather", x(2, 3, view=[("transpose", 0, 1)]), 1, i([[0, 1, 0], [1, 1, 1]], view=[("transpose", 0, 1)]), **sums
    )
    f.add("gather-1d", "gather", x(4), 0, i([3, 3, 3, 0, 1]), **sums)
    f.add("gather-empty-index", "gather", x(3, 2), 0, i(torch.zeros(0, 2)), ulps=EXACT)
    f.add("gather-int64", "gather", i([[1, 2], [3, 4]]), 1, i([[1], [0]]))
    f.add("gather-bool", "gather", t([[True, False]], "bool"), 1, i([[1, 0, 0]]))
    f.add("gather-0dim", "gather", t(1.5), 0, i(0), ulps=EXACT)
    f.raises("gather-range", "gather", x(3, 2), 0, i([[3, 0]]))
    f.raises("gather-negative", "gather", x(3, 2), 0, i([[-1, 0]]))
    f.raises("gather-rank", "gather", x(3, 2), 0, i([0, 1]))
    f.raises("gather-size", "gather", x(3, 2), 0, i([[0, 1, 0]]))
    f.raises("gather-floating-index", "gather", x(3, 2), 0, t([[0.0, 1.0]], grad=False))
    f.add("scatter_add-negative-dim", "Tensor.scatter_add", x(2, 2, 3), -1, i([[[0, 0]], [[2, 1]]]), x(2, 1, 2), **sums)
    f.add("scatter_add-index-smaller-than-src", "scatter_add", x(3, 3), 0, i([[0, 1]]), x(2, 3, grad=False), **sums)
    f.add("scatter_add-repeated", "scatter_add", x(2), 0, i([1] * 9), x(9), **sums)
    f.add("scatter_add-empty", "scatter_add", x(2, 2), 0, i(torch.zeros(0, 2)), x(0, 2), ulps=EXACT)
    f.add("scatter_add-int64", "scatter_add", i([1, 2]), 0, i([0, 0, 1]), i([10, 20, 30]))
    f.add(
        "scatter_add-transposed",
        "scatter_add",
        x(2, 3, view=[("transpose", 0, 1)]),
        0,
        i([[0, 2], [1, 1]]),
        x(2, 2, view=[("transpose", 0, 1)]),
        **sums,
    )
    f.raises("scatter_add-range", "scatter_add", x(3), 0, i([3]), x(1))
    f.raises("scatter_add-types", "scatter_add", x(3), 0, i([0]), x(1, dtype="float64"))
    f.raises("scatter_add-src-too-small", "scatter_add", x(3), 0, i([0, 1]), x(1))
    for dtype in ("float32", "float64", "int64"):
        f.add(f"index_add-{dtype}", "index_add", x(3, 2, dtype=dtype), 0, i([2, 0, 2]), x(3, 2, dtype=dtype), **sums)
    f.add("index_add-1", "index_add", x(2, 3), 1, i([1, 1, 0, 2]), x(2, 4), **sums)
    f.add("index_add-negative-dim", "Tensor.index_add", x(2, 3, 2), -2, i([2], "int32"), x(2, 1, 2), **sums)
    f.add("index_add-nothing", "index_add", x(3, 2), 0, i([]), x(0, 2), ulps=EXACT)
    f.add("index_select-1", "index_select", x(2, 3), 1, i([1, 1, 0, 2]), **sums)
    f.add("index_select-negative-dim", "Tensor.index_select", x(2, 3, 2), -2, i([2]), **sums)
    f.add("index_select-int32", "index_select", x(3, 2), 0, i([1, 1], "int32"), **sums)
    f.add("index_select-transposed", "index_select", x(2, 3, view=[("transpose", 0, 1)]), 0, i([2, 0]), **sums)
    f.add("index_select-nothing", "index_select", x(3, 2), 0, i([]), ulps=EXACT)
    f.add("index_select-strided-index", "index_select", x(3, 2), 0, i([0, 9, 2, 9, 2], view=[("step", 2)]), **sums)
    f.add("index_select-uint8-data", "index_select", t([5, 6, 7], "uint8"), 0, i([2, 0]))
    f.add("index_select-repeated", "index_select", x(2), 0, i([0] * 9), **sums)
    f.raises("index_select-range", "index_select", x(3, 2), 0, i([3]))
    f.raises("index_select-negative", "index_select", x(3, 2), 0, i([-1]))
    f.raises("index_select-rank", "index_select", x(3, 2), 0, i([[0]]))
    f.add("embedding-0dim", "nn.functional.embedding", i(2), x(4, 3), **sums)
    f.add("embedding-3d", "nn.functional.embedding", i([[[0, 1]], [[1, 1]]]), x(2, 2), **sums)
    f.add("embedding-int32", "nn.functional.embedding", i([1, 0], "int32"), x(2, 2), **sums)
    f.add("embedding-padding", "nn.functional.embedding", i([[0, 1], [2, 1]]), x(3, 2), padding_idx=1, **sums)
    f.add("embedding-padding-0", "nn.functional.embedding", i([0, 0, 2]), x(3, 2, dtype="float64"), padding_idx=0, **sums)
    f.add("embedding-padding-negative", "nn.functional.embedding", i([0, 2, 2]), x(3, 2), padding_idx=-1, **sums)
    f.add("embedding-empty", "nn.functional.embedding", i(torch.zeros(2, 0)), x(3, 2), ulps=EXACT)
    f.add("embedding-transposed-weight", "nn.functional.embedding", i([2, 0]), x(2, 3, view=[("transpose", 0, 1)]), **sums)
    f.raises("embedding-range", "nn.functional.embedding", i([3]), x(3, 2))
    f.raises("embedding-negative", "nn.functional.embedding", i([-1]), x(3, 2))
    f.raises("embedding-floating", "nn.functional.embedding", t([1.0], grad=False), x(3, 2))
    f.raises("embedding-padding-range", "nn.functional.embedding", i([0]), x(3, 2), padding_idx=3)

    # Writing by index; reductions where elements meet: ties, zeros, what is not taken part in
    f.add("scatter-last-wins", "scatter", x(3), 0, i([1, 1, 1]), x(3, grad=False), ulps=EXACT)
    f.add("scatter-number", "scatter", x(2, 3), 1, i([[0], [2]]), 2.5, ulps=EXACT)
    f.add("scatter-int64", "scatter", i([1, 2, 3]), 0, i([2, 0]), i([9, 8]))
    f.add("scatter-reduce-add", "scatter", x(3, grad=False), 0, i([1, 1]), x(2, grad=False), reduce="add", **sums)
    f.raises("scatter-range", "scatter", x(3), 0, i([3]), x(1))
    f.raises("scatter-src-type", "scatter", x(3), 0, i([0]), x(1, dtype="float64"))
    where = i([0, 0, 1, 1])
    for self in (True, False):
        f.add(f"scatter_reduce-amax-ties-{self}", "scatter_reduce", t([1.0 if self else 0.25, 0.5, 3.0]), 0, where, t([1.0, 1.0, 2.0, 2.0]), "amax", include_self=self, ulps=ROUNDED)
        f.add(f"scatter_reduce-prod-zeros-{self}", "scatter_reduce", t([2.0, 0.0, 3.0]), 0, where, t([0.0, 4.0, 5.0, 3.0]), "prod", include_self=self, ulps=ROUNDED)
        f.add(f"scatter_reduce-mean-{self}", "scatter_reduce", x(3), 0, where, x(4), "mean", include_self=self, **sums)
        f.add(f"scatter_reduce-amin-int64-{self}", "scatter_reduce", i([5, -5, 0]), 0, where, i([7, 6, 1, 2]), "amin", include_self=self)
    f.add("scatter_reduce-amax-nan", "scatter_reduce", t([1.0, 2.0], grad=False), 0, i([0, 1]), t([nan, 1.0], grad=False), "amax", ulps=EXACT)
    f.raises("scatter_reduce-name", "scatter_reduce", x(3), 0, i([0]), x(1), "median")
    f.add("index_fill-twice", "index_fill", x(3, 2), 0, i([1, 1]), t(2.5), ulps=EXACT)
    f.add("index_add-alpha", "index_add", x(3), 0, i([0, 0]), x(2), alpha=-2, **sums)
    f.add("index_put-accumulate", "index_put", x(3, 2), [i([0, 0, -1]), i([1, 1, 0])], x(3), True, **sums)
    f.add("index_put-mask", "index_put", x(2, 2), [t([[True, False], [True, True]], "bool", grad=False)], x(3), **sums)
    f.add("masked_fill-broadcast", "masked_fill", x(2, 3), t([True, False, True], "bool", grad=False), t(-1.5), ulps=EXACT)
    f.add("masked_select-nothing", "masked_select", x(2), t([False, False], "bool", grad=False), ulps=EXACT)
    f.add("masked_fill-tensor-into-int", "masked_fill", i([1, 2]), t([True, False], "bool", grad=False), t(1.5, grad=False))
    f.raises("masked_scatter-too-few", "masked_scatter", x(3), t([True, True, True], "bool", grad=False), x(2))
    f.add("take-negative", "take", x(2, 2), i([[-1, 0]]), **sums)
    f.raises("take-range", "take", x(2, 2), i([4]))
    f.add("nonzero-0dim", "nonzero", t(3.0, grad=False))
    f.add("nonzero-nan", "nonzero", t([[0.0, nan], [-0.0, 1.0]], grad=False))
    f.add("one_hot-classes", "nn.functional.one_hot", i([[2, 0]]), 4)
    f.add("one_hot-counted", "nn.functional.one_hot", i([2, 0]))
    f.raises("one_hot-negative", "nn.functional.one_hot", i([-1]))
    f.raises("one_hot-range", "nn.functional.one_hot", i([3]), 3)
    f.raises("one_hot-nothing", "nn.functional.one_hot", i([]))
    return f


FAMILIES = (movement, indexing)
