"""Order, running sums, products, norms and spread: sorting.json. What op_db does not sample: ties, zeros, NaN, infinities, other types."""

import torch

from recording import CLOSE, EXACT, ROUNDED, Family, t

inf, nan = float("inf"), float("nan")
ZEROS = [[1.0, 2.0, -3.0, 0.5], [1.5, 0.0, 2.0, -1.0], [0.0, 3.0, 0.0, 2.0], [0.0, 0.0, 0.0, -1.0]]
TIES = [[1.0, 3.0, 3.0, 1.0, 2.0], [2.0, 2.0, 2.0, 2.0, 2.0], [-0.0, 0.0, -1.0, 0.0, -0.0]]
NANS = [[1.0, nan, 3.0, nan, 0.0], [inf, 2.0, -inf, 0.0, nan], [nan, nan, nan, nan, nan]]
WHOLE = (("int64", [[3, -2, 3, 2**40, -(2**63)]]), ("int32", [[3, -2, 3, 2**31 - 1, 0]]), ("uint8", [[200, 100, 7, 100, 255]]))


def sorting():
    f = Family("sorting", "Order, running sums and products, norms and spread: ties, zeros, NaN, infinities, whole numbers.", grid=10)
    products(f)
    running(f)
    order(f)
    norms(f)
    spread(f)
    return f


def products(f):
    """Gradients of prod are exact where there are zeros, second ones too."""
    for dtype in ("float32", "float64"):
        f.add(f"prod-{dtype}-zeros", "prod", t(ZEROS, dtype), dim=1, second=True, ulps=EXACT, smooth=False)
        f.add(f"cumprod-{dtype}-zeros", "cumprod", t(ZEROS, dtype), 1, second=True, condition=(False, True, True), smooth=False)
    f.add("prod-all-one-zero", "prod", t([2.0, 0.0, -3.0]), second=True, ulps=EXACT, smooth=False)
    f.add("prod-all-two-zeros", "prod", t([2.0, 0.0, -3.0, 0.0]), second=True, ulps=EXACT, smooth=False)
    f.add("prod-keepdim", "prod", t(f.values(2, 3, 2)), dim=1, keepdim=True, condition=True)
    f.add("prod-empty", "prod", t(torch.zeros(0)), ulps=EXACT)
    f.add("prod-empty-dim", "prod", t(torch.zeros(2, 0)), dim=1, ulps=EXACT)
    f.add("prod-nan", "prod", t([1.0, nan, 0.0], grad=False), ulps=EXACT)
    for dtype, data in WHOLE:
        for op in ("prod", "cumsum", "cumprod"):
            f.add(f"{op}-{dtype}", op, t(data, dtype), dim=1)
    for op in ("prod", "cumsum", "cumprod"):
        f.add(f"{op}-bool", op, t([True, True, False], "bool"), dim=0)
        f.add(f"{op}-dtype", op, t([3, 4], "int64"), dim=0, dtype=torch.float64, ulps=EXACT)
        f.raises(f"{op}-dim-range", op, t(f.values(2, 3)), dim=2)


def running(f):
    for op in ("cumsum", "cumprod", "logcumsumexp", "cummax", "cummin"):
        exact = op in ("cummax", "cummin")
        options = {"ulps": EXACT if exact else CLOSE, "condition": False if exact else (True, True, True)}
        options = {k: v for k, v in options.items() if k != "condition"} if exact else options
        for dim in (0, 1, -1):
            f.add(f"{op}-dim-{dim}", op, t(f.values(2, 3, 4)), dim, **options)
        f.add(f"{op}-transposed", op, t(f.values(4, 3), view=[("transpose", 0, 1)]), 0, **options)
        f.add(f"{op}-0dim", op, t(1.5), 0, ulps=CLOSE)
        f.add(f"{op}-empty", op, t(torch.zeros(0, 3)), 0, ulps=EXACT)
        f.add(f"{op}-nan", op, t(NANS, grad=False), 1)
    for op in ("cummax", "cummin"):
        f.add(f"{op}-ties", op, t(TIES), 1, ulps=EXACT)
        for dtype, data in WHOLE:
            f.add(f"{op}-{dtype}", op, t(data, dtype), 1)
    f.add("logcumsumexp-far", "logcumsumexp", t([-1000.0, 1000.0, 1000.0, -inf], "float64"), 0)
    f.add("logcumsumexp-minus-inf-first", "logcumsumexp", t([-inf, 1.0, 2.0], grad=False), 0)
    f.add("cumsum-second", "cumprod", t(f.values(2, 4), "float64"), 1, second=True, condition=True)
    f.add("logcumsumexp-second", "logcumsumexp", t(f.values(2, 4), "float64"), 1, second=True, condition=True)


def order(f):
    # Values, and indices where PyTorch promises them.
    for descending in (False, True):
        name = "down" if descending else "up"
        for label, data in (("ties", TIES), ("nan", NANS)):
            f.add(f"sort-{label}-{name}", "sort", t(data), dim=1, descending=descending, stable=True, ulps=EXACT, gradient=label == "ties")
            f.add(f"argsort-{label}-{name}", "argsort", t(data), dim=1, descending=descending, stable=True)
        for dtype, data in WHOLE:
            f.add(f"sort-{dtype}-{name}", "sort", t(data, dtype), descending=descending, stable=True)
        f.add(f"sort-bool-{name}", "sort", t([True, False, True], "bool"), descending=descending, stable=True)
    f.add("sort-inner-dim", "sort", t(f.values(3, 4, 2)), 1, ulps=EXACT)
    f.add("sort-transposed", "sort", t(f.values(4, 3), "float64", view=[("transpose", 0, 1)]), 0, True, ulps=EXACT)
    f.add("sort-0dim", "sort", t(2.5), ulps=EXACT)
    f.add("sort-empty", "sort", t(torch.zeros(2, 0)), ulps=EXACT)
    f.add("msort-rows", "msort", t(f.values(4, 2)), ulps=EXACT)
    # Longer than the rows that are sorted by insertion; every byte of the keys plays a part.
    wide = torch.tensor([f.rng.uniform(-1, 1) * 10.0 ** f.rng.randint(-30, 30) for _ in range(90)], dtype=torch.float64)
    for dtype in ("float32", "float64"):
        f.add(f"sort-{dtype}-long", "sort", t(wide, dtype), stable=True, ulps=EXACT)
    f.add("argsort-int64-long", "argsort", t([f.rng.randint(-(2**63), 2**63 - 1) for _ in range(70)], "int64"), stable=True)
    f.add("topk-largest", "topk", t(f.values(3, 6, grid=10**4)), 2, ulps=EXACT)
    f.add("topk-smallest", "topk", t(f.values(6, 2), "float64"), 3, 0, largest=False, ulps=EXACT)
    f.add("topk-none", "topk", t(f.values(2, 3)), 0, ulps=EXACT)
    f.add("topk-0dim", "topk", t(1.5), 1, ulps=EXACT)
    f.add("topk-nan", "topk", t([1.0, nan, 3.0], grad=False), 2, ulps=EXACT)
    f.add("kthvalue-nan", "kthvalue", t([1.0, nan, 3.0], grad=False), 3, ulps=EXACT)
    f.add("kthvalue-keepdim", "kthvalue", t(f.values(2, 5)), 2, 1, True, ulps=EXACT)
    for op in ("topk", "kthvalue"):
        f.raises(f"{op}-k-range", op, t(f.values(2, 3)), 4)
    f.raises("kthvalue-k-0", "kthvalue", t(f.values(2, 3)), 0)
    for op in ("median", "nanmedian"):
        f.add(f"{op}-even", op, t([3.0, 1.0, 2.0, 4.0]), ulps=EXACT)
        f.add(f"{op}-ties-share", op, t([2.0, 1.0, 2.0, 3.0, 2.0]), ulps=ROUNDED, smooth=False)
        f.add(f"{op}-nan", op, t([3.0, nan, 1.0, 2.0]), ulps=ROUNDED, smooth=False)
        f.add(f"{op}-only-nan", op, t([nan, nan], grad=False), ulps=EXACT)
        f.add(f"{op}-dim", op, t([[3.0, 1.0, 2.0, 4.0], [9.0, 7.0, nan, 8.0]], grad=False), 1, ulps=EXACT)
        f.add(f"{op}-dim-gradient", op, t([[3.0, 1.0, 2.0, 4.0], [9.0, 7.0, 6.0, 8.0]]), 1, True, ulps=EXACT)
        f.add(f"{op}-empty", op, t(torch.zeros(0), grad=False), ulps=EXACT)
        f.add(f"{op}-int64", op, t([5, 1, 4, 2], "int64"))
        f.raises(f"{op}-empty-dim", op, t(torch.zeros(2, 0)), 1)
    f.add("mode-smallest-of-most", "mode", t([[3.0, 1.0, 3.0, 1.0, 2.0]], grad=False), ulps=EXACT, gradient=False)
    f.add("mode-int32", "mode", t([[5, 4, 5]], "int32"))
    for dtype, data in (("float32", [2.0, -1.0, 2.0, 0.0, -0.0]), ("int64", [3, 1, 3, 2]), ("bool", [True, False, True])):
        f.add(f"unique-{dtype}", "unique", t(data, dtype, grad=False), return_inverse=True, return_counts=True)
        f.add(f"unique_consecutive-{dtype}", "unique_consecutive", t(data, dtype, grad=False), return_inverse=True, return_counts=True)
    f.add("unique-matrix", "unique", t([[3, 1], [1, 2]], "int64"), return_inverse=True)
    f.add("unique-dim", "unique", t([[3, 1], [1, 2], [3, 1]], "int64"), dim=0, return_inverse=True, return_counts=True)
    f.add("unique_consecutive-dim", "unique_consecutive", t([[3, 3, 1], [1, 1, 2]], "int64"), dim=1, return_inverse=True, return_counts=True)
    f.add("unique-empty", "unique", t(torch.zeros(0), grad=False))


def norms(f):
    """norm'(0) = 0, whatever the order."""
    zeros = [[3.0, 0.0, -4.0], [0.0, 0.0, 0.0], [0.0, 2.0, 0.0]]
    for p in (0, 0.5, 1, 1.5, 2, 3, inf, -inf, -1):
        for name in ("linalg.vector_norm", "norm"):
            f.add(f"{name}-zeros-{p}", name, t(zeros, "float64"), p, dim=1, smooth=False)
    f.add("norm-all-zero", "norm", t([0.0, 0.0]), ulps=EXACT, smooth=False)
    f.add("norm-second", "norm", t(f.values(2, 3), "float64"), 2, 1, second=True)
    f.add("norm-cubic-second", "norm", t(f.values(2, 3), "float64"), 3, 1, second=True)
    f.add("norm-inf-ties", "norm", t([3.0, -3.0, 1.0]), inf, ulps=ROUNDED, smooth=False)
    f.add("norm-empty", "norm", t(torch.zeros(2, 0)), 2, 1, ulps=EXACT)
    f.add("norm-fro", "norm", t(f.values(2, 2)), "fro", (0, 1))
    f.add("norm-dtype", "norm", t([3.0, 4.0]), 2, dtype=torch.float64)
    f.raises("norm-int64", "norm", t([3, 4], "int64"))
    f.raises("linalg.vector_norm-inf-empty", "linalg.vector_norm", t(torch.zeros(2, 0)), inf, dim=1)
    f.add("normalize-zero-row", "nn.functional.normalize", t(zeros, "float64"), smooth=False)
    f.add("normalize-inf", "nn.functional.normalize", t(f.values(2, 3)), inf, 0)
    f.add("cosine_similarity-zero", "nn.functional.cosine_similarity", t(zeros, "float64"), t(f.values(3, 3), "float64"), smooth=False)
    f.add("cosine_similarity-broadcast", "cosine_similarity", t(f.values(3, 1, 2)), t(f.values(4, 2)), -1, condition=True)
    f.add("cosine_similarity-second", "cosine_similarity", t(f.values(2, 3), "float64"), t(f.values(2, 3), "float64"), second=True, condition=True)
    f.add("pairwise_distance-equal", "pairwise_distance", t([[1.0, 2.0]], "float64"), t([[1.0, 2.0]], "float64"), keepdim=True)
    f.add("pairwise_distance-p1", "pairwise_distance", t(f.values(3, 2)), t(f.values(2)), 1.0, condition=True)
    f.add("logsumexp-far", "logsumexp", t([[1000.0, 999.0], [-1000.0, -1001.0]]), 1)
    f.add("logsumexp-inf", "logsumexp", t([[inf, 1.0], [-inf, -inf], [-inf, 2.0]], grad=False), 1)
    f.add("logsumexp-several", "logsumexp", t(f.values(2, 3, 2)), (0, 2), True)
    f.add("logsumexp-second", "logsumexp", t(f.values(2, 3), "float64"), 1, second=True)
    f.add("logsumexp-empty", "logsumexp", t(torch.zeros(2, 0)), 1, ulps=EXACT)


def spread(f):
    # std'(0) = 0
    f.add("std-equal", "std", t([[2.0, 2.0, 2.0], [1.0, 2.0, 4.0]]), dim=1, smooth=False)
    f.add("std-correction", "std", t(f.values(2, 5)), dim=1, correction=2, keepdim=True, condition=True)
    f.add("std-unbiased", "std", t(f.values(5)), False, condition=True)
    f.add("std-one", "std", t([1.5], grad=False), ulps=EXACT)
    f.add("std-second", "std", t(f.values(2, 4), "float64"), dim=1, second=True, condition=True)
    f.add("var_mean-dims", "var_mean", t(f.values(2, 3, 2)), (0, 2), condition=True)
    f.add("std_mean-all", "std_mean", t(f.values(2, 3)), correction=0, condition=True)
    f.add("nansum-nan", "nansum", t([[1.0, nan], [nan, nan]]), dim=1, ulps=EXACT, smooth=False)
    f.add("nansum-int32", "nansum", t([1, 2], "int32"))
    f.add("nanmean-nan", "nanmean", t([[1.0, nan, 2.0], [nan, nan, 5.0]]), dim=1, ulps=ROUNDED, smooth=False)
    f.add("nanmean-only-nan", "nanmean", t([nan, nan], grad=False), ulps=EXACT)
    for op in ("any", "all"):
        for dtype, data in (("float32", [[0.0, nan], [0.0, -0.0]]), ("int64", [[1, 2], [0, 3]]), ("uint8", [[0, 2], [0, 0]]), ("bool", [[True, False], [True, True]])):
            f.add(f"{op}-{dtype}", op, t(data, dtype, grad=False))
            f.add(f"{op}-{dtype}-dim", op, t(data, dtype, grad=False), dim=1, keepdim=True)
        f.add(f"{op}-several", op, t([[[True], [False]], [[True], [True]]], "bool"), dim=(0, 2))
        f.add(f"{op}-empty", op, t(torch.zeros(0, 2), grad=False), dim=0)
    f.add("count_nonzero-dim", "count_nonzero", t([[0.0, nan, -0.0], [1.0, 0.0, 2.0]], grad=False), dim=1)
    f.add("count_nonzero-all", "count_nonzero", t([[0, 5], [1, 0]], "int64"))
    f.add("aminmax-ties", "aminmax", t([[3.0, 1.0, 3.0], [2.0, 2.0, 2.0]]), dim=1, ulps=ROUNDED, smooth=False)
    f.add("aminmax-all", "aminmax", t([[3, 1], [7, 2]], "int64"))


FAMILIES = (sorting,)
