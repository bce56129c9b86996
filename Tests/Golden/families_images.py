"""Convolution and pooling of three dimensions, windows as columns, images of other sizes: images.json."""

from recording import EXACT, Family, t

F = "nn.functional."


def images():
    f = Family("images", "conv3d, conv_transpose1d/3d, 3-d and adaptive pools, unfold, fold, interpolate, grid_sample, affine_grid.", grid=4)
    x = lambda *shape, **more: t(f.values(*shape), **more)
    smooth = dict(condition=True)
    wide = dict(dtype="float64")

    op = F + "conv3d"
    f.add("conv3d-plain", op, x(1, 2, 2, 3, 3), x(2, 2, 2, 2, 2), x(2), **smooth)
    f.add("conv3d-stride", op, x(1, 1, 4, 3, 4), x(1, 1, 2, 1, 2), None, (2, 1, 2), (1, 0, 1), **smooth)
    f.add("conv3d-groups-dilation", op, x(1, 2, 3, 2, 3), x(4, 1, 2, 1, 2), dilation=(2, 1, 1), groups=2, **smooth)
    f.add("conv3d-same", op, x(1, 2, 2, 2), x(1, 1, 2, 1, 3), padding="same", **smooth)
    f.add("conv3d-second", op, x(1, 1, 2, 2, 2, **wide), x(1, 1, 2, 1, 2, **wide), None, 1, 1, second=True, **smooth)
    f.raises("conv3d-kernel-too-large", op, x(1, 1, 1, 2, 2), x(1, 1, 2, 1, 1))
    f.add("conv_transpose1d-plain", F + "conv_transpose1d", x(1, 2, 3), x(2, 1, 2), x(1), 2, 0, 1, **smooth)
    f.add("conv_transpose3d-plain", F + "conv_transpose3d", x(1, 2, 2, 2, 1), x(2, 1, 2, 1, 2), x(1), (2, 1, 1), (1, 0, 0), (1, 0, 0), **smooth)
    f.add("conv_transpose3d-groups", F + "conv_transpose3d", x(1, 2, 2, 1, 2), x(2, 1, 1, 2, 1), None, 1, 0, 0, 2, 2, **smooth)

    nan, inf = float("nan"), float("inf")
    op = F + "max_pool3d"
    f.add("max_pool3d-plain", op, x(1, 1, 3, 4, 3), 2, ulps=EXACT)
    f.add("max_pool3d-indices", op, x(1, 3, 3, 4), (2, 2, 3), 1, (1, 0, 1), (1, 2, 1), return_indices=True, ulps=(0, 2, 0))
    f.add("max_pool3d-ceil", op, x(1, 1, 3, 3, 3), 2, ceil_mode=True, ulps=EXACT)
    f.add("max_pool3d-ties", op, t([[[[1.0, 1.0], [1.0, 0.0]], [[1.0, 1.0], [1.0, 1.0]]]]), 2, return_indices=True, ulps=EXACT)
    f.add("max_pool3d-nan", op, t([[[[1.0, nan], [1.0, 0.0]], [[nan, inf], [1.0, 1.0]]]], grad=False), 2, return_indices=True, ulps=EXACT)
    f.add("max_pool1d-indices", F + "max_pool1d", x(2, 7), 3, 2, 1, return_indices=True, ulps=(0, 2, 0))
    f.add("max_pool1d-ceil-last-window", F + "max_pool1d", x(1, 1, 5), 2, 3, 1, 1, True, ulps=EXACT)
    op = F + "avg_pool3d"
    for include in (True, False):
        f.add(f"avg_pool3d-padding-{include}", op, x(1, 1, 3, 3, 4), 2, (2, 2, 1), 1, True, include, **smooth)
    f.add("avg_pool3d-divisor", op, x(1, 3, 2, 3), (3, 2, 2), 1, divisor_override=5, **smooth)
    f.raises("avg_pool3d-divisor-zero", op, x(1, 1, 2, 2, 2), 2, divisor_override=0)
    for size in (1, 2, 4, 5):
        f.add(f"adaptive_avg_pool1d-{size}", F + "adaptive_avg_pool1d", x(2, 4), size, **smooth)
    f.add("adaptive_avg_pool3d-uneven", F + "adaptive_avg_pool3d", x(1, 3, 2, 5), (2, None, 3), **smooth)
    f.add("adaptive_avg_pool3d-one", F + "adaptive_avg_pool3d", x(1, 1, 2, 3, 2), 1, **smooth)
    for size in (2, (3, 4), (None, 5)):
        f.add(f"adaptive_max_pool2d-{size}", F + "adaptive_max_pool2d", x(1, 2, 4, 5), size, return_indices=True, ulps=(0, 4, 0))
    f.add("adaptive_max_pool1d-ties", F + "adaptive_max_pool1d", t([[[2.0, 2.0, 2.0, 1.0, 2.0]]]), 3, return_indices=True, ulps=(0, 4, 0))
    f.add("adaptive_max_pool3d-uneven", F + "adaptive_max_pool3d", x(1, 3, 4, 3), 2, return_indices=True, ulps=(0, 4, 0))
    f.add("lp_pool1d-plain", F + "lp_pool1d", x(1, 2, 6, grad=False), 2, 3, 2, **smooth)
    f.add("lp_pool2d-odd-power", F + "lp_pool2d", x(1, 4, 4, grad=False), 3.0, 2, **smooth)
    f.add("lp_pool3d-plain", F + "lp_pool3d", x(1, 2, 2, 4, grad=False), 2, 2, **smooth)
    index = t([[[[5, 7], [13, 15]]]], dtype="int64", grad=False)
    f.add("max_unpool2d-plain", F + "max_unpool2d", x(1, 1, 2, 2), index, 2, ulps=EXACT)
    f.add("max_unpool2d-size", F + "max_unpool2d", x(1, 1, 2, 2), index, 2, output_size=(5, 5), ulps=EXACT)
    f.raises("max_unpool2d-index", F + "max_unpool2d", x(1, 1, 2, 2), t([[[[5, 7], [13, 16]]]], dtype="int64", grad=False), 2)

    op = F + "unfold"
    f.add("unfold-plain", op, x(1, 2, 3, 4), 2, ulps=EXACT)
    f.add("unfold-options", op, x(2, 4, 5), (2, 3), (2, 1), (1, 2), (1, 2), ulps=(0, 4, 0))
    f.raises("unfold-too-large", op, x(1, 1, 2, 2), 3)
    op = F + "fold"
    f.add("fold-plain", op, x(1, 8, 6), (3, 4), 2, ulps=(2, 0, 0))
    f.add("fold-options", op, x(6, 8), (4, 5), (2, 3), (2, 1), (1, 2), (2, 2), ulps=(4, 0, 0))
    f.raises("fold-columns", op, x(1, 8, 5), (3, 4), 2)

    op = F + "interpolate"
    for mode in ("nearest", "nearest-exact", "area"):
        f.add(f"interpolate-{mode}-up", op, x(1, 1, 3, 2), (7, 5), mode=mode, **smooth)
        f.add(f"interpolate-{mode}-down", op, x(1, 1, 7), 3, mode=mode, **smooth)
        f.add(f"interpolate-{mode}-scale", op, x(1, 1, 5, 3), scale_factor=(1.3, 0.7), mode=mode, **smooth)
    for corners in (False, True):
        for mode, shape in (("linear", (1, 2, 5)), ("bilinear", (1, 1, 4, 3)), ("bicubic", (1, 1, 4, 3)), ("trilinear", (1, 1, 2, 3, 2))):
            n = len(shape) - 2
            f.add(f"interpolate-{mode}-up-{corners}", op, x(*shape), (7, 6, 3)[:n], None, mode, corners, **smooth)
            f.add(f"interpolate-{mode}-down-{corners}", op, x(*shape, **wide), (2, 2, 1)[:n], None, mode, corners, **smooth)
            f.add(f"interpolate-{mode}-scale-{corners}", op, x(*shape), None, (1.7, 1.3, 2.2)[:n], mode, corners, **smooth)
    f.add("interpolate-recomputed", op, x(1, 1, 4, 3), None, (1.7, 1.3), "bilinear", None, True, **smooth)
    f.add("interpolate-same-size", op, x(1, 1, 3, 3), (3, 3), mode="bicubic", **smooth)
    for mode in ("bilinear", "bicubic"):
        f.add(f"interpolate-{mode}-antialias", op, x(1, 1, 6, 5), (2, 3), None, mode, antialias=True, **smooth)
        f.add(f"interpolate-{mode}-antialias-up", op, x(1, 1, 3, 3), (4, 5), None, mode, True, antialias=True, **smooth)
    f.raises("interpolate-nothing", op, x(1, 1, 3))
    f.raises("interpolate-both", op, x(1, 1, 3), 2, 2.0)
    f.raises("interpolate-size-zero", op, x(1, 1, 3), 0)
    f.raises("interpolate-align-nearest", op, x(1, 1, 3), 2, None, "nearest", True)
    f.raises("interpolate-bilinear-of-3d", op, x(1, 1, 3), 2, None, "bilinear")

    op = F + "grid_sample"
    far = [[[[-1.4, -0.9], [0.13, 0.4]], [[0.71, 1.7], [2.9, -3.3]]]]
    for padding in ("zeros", "border", "reflection"):
        for corners in (False, True):
            for mode in ("bilinear", "nearest", "bicubic"):
                f.add(f"grid_sample-{mode}-{padding}-{corners}", op, x(1, 1, 3, 4), t(far, grad=mode != "nearest"), mode, padding, corners, **smooth)
    volume = [[[[[-1.4, -0.9, 0.2], [0.13, 0.4, -0.6]]]]]
    f.add("grid_sample-volume", op, x(1, 1, 2, 3, 2), t(volume), **smooth)
    f.add("grid_sample-volume-border", op, x(1, 1, 2, 3, 2), t(volume), "bilinear", "border", True, **smooth)
    f.raises("grid_sample-grid-shape", op, x(1, 1, 3, 4), x(1, 2, 2, 3))
    for corners in (False, True):
        f.add(f"affine_grid-{corners}", F + "affine_grid", x(2, 2, 3), (2, 1, 2, 3), corners, **smooth)
        f.add(f"affine_grid-volume-{corners}", F + "affine_grid", x(1, 3, 4), (1, 1, 2, 1, 2), corners, **smooth)
    return f


FAMILIES = (images,)
