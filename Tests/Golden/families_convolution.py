"""Convolution and pooling: convolution.json. Options by hand, and sample inputs of PyTorch's operator database."""

import torch
from torch.testing._internal.common_methods_invocations import op_db as infos

from families_op_db import convert
from recording import EXACT, Family, t

F = "nn.functional."
SAMPLES = {"conv1d": 6, "conv2d": 6, "conv_transpose2d": 6, "max_pool1d": 4, "max_pool2d": 6, "avg_pool1d": 3, "avg_pool2d": 6,
           "adaptive_avg_pool2d": 4}
LARGEST = 40  # elements of one argument


def convolution():
    f = Family("convolution", "conv1d, conv2d, conv_transpose2d, max_pool, avg_pool and adaptive_avg_pool2d.", grid=4)
    x = lambda *shape, **more: t(f.values(*shape), **more)
    smooth = dict(condition=True)

    op = F + "conv2d"
    for dtype in ("float32", "float64"):
        f.add(f"conv2d-{dtype}", op, x(2, 2, 3, 4, dtype=dtype), x(3, 2, 2, 2, dtype=dtype), x(3, dtype=dtype), **smooth)
        f.add(f"conv2d-{dtype}-second", op, x(1, 2, 3, 3, dtype=dtype), x(2, 2, 2, 2, dtype=dtype), None, 1, 1, second=True, **smooth)
    f.add("conv2d-stride", op, x(1, 2, 5, 6), x(2, 2, 3, 2), x(2), (2, 3), (1, 2), **smooth)
    f.add("conv2d-dilation", op, x(1, 1, 6, 5), x(2, 1, 2, 3), stride=(1, 2), padding=1, dilation=(3, 2), **smooth)
    f.add("conv2d-groups", op, x(1, 4, 3, 3), x(6, 2, 2, 2), x(6), groups=2, **smooth)
    f.add("conv2d-depthwise", op, x(2, 3, 4, 4), x(3, 1, 3, 3), x(3), 1, 1, 1, 3, **smooth)
    f.add("conv2d-depthwise-two-each", op, x(1, 2, 4, 4), x(4, 1, 3, 3), None, 2, 1, 1, 2, **smooth)
    f.add("conv2d-pointwise", op, x(1, 3, 2, 3), x(2, 3, 1, 1), x(2), **smooth)
    f.add("conv2d-unbatched", op, x(2, 3, 3), x(2, 2, 2, 2), x(2), **smooth)
    f.add("conv2d-same-even", op, x(1, 1, 3, 4), x(1, 1, 2, 4), padding="same", **smooth)
    f.add("conv2d-same-dilated", op, x(1, 1, 4, 4), x(1, 1, 3, 2), padding="same", dilation=(1, 3), **smooth)
    f.add("conv2d-valid", op, x(1, 1, 3, 3), x(1, 1, 2, 2), padding="valid", **smooth)
    f.add("conv2d-whole-image", op, x(2, 2, 2, 3), x(2, 2, 2, 3), x(2), **smooth)
    f.add("conv2d-no-images", op, x(0, 2, 3, 3), x(2, 2, 2, 2), x(2), **smooth)
    f.add("conv2d-transposed-input", op, x(1, 2, 4, 3, view=[("transpose", 2, 3)]), x(2, 2, 2, 2), **smooth)
    f.raises("conv2d-kernel-too-large", op, x(1, 1, 2, 2), x(1, 1, 3, 3))
    f.raises("conv2d-channels", op, x(1, 2, 3, 3), x(1, 1, 2, 2))
    f.raises("conv2d-groups-uneven", op, x(1, 4, 3, 3), x(3, 2, 2, 2), groups=2)
    f.raises("conv2d-bias", op, x(1, 1, 3, 3), x(2, 1, 2, 2), x(3))
    f.raises("conv2d-stride-zero", op, x(1, 1, 3, 3), x(1, 1, 2, 2), stride=0)
    f.raises("conv2d-padding-negative", op, x(1, 1, 3, 3), x(1, 1, 2, 2), padding=-1)
    f.raises("conv2d-same-strided", op, x(1, 1, 3, 3), x(1, 1, 2, 2), stride=2, padding="same")

    op = F + "conv_transpose2d"
    f.add("conv_transpose2d-plain", op, x(2, 2, 2, 3), x(2, 3, 2, 2), x(3), **smooth)
    f.add("conv_transpose2d-stride", op, x(1, 2, 3, 2), x(2, 2, 3, 2), x(2), (2, 3), (1, 0), (1, 2), **smooth)
    f.add("conv_transpose2d-gaps", op, x(1, 1, 2, 2), x(1, 2, 1, 2), x(2), 3, **smooth)
    f.add("conv_transpose2d-dilation", op, x(1, 1, 3, 3), x(1, 1, 2, 3), None, 2, 1, 0, 1, (3, 2), **smooth)
    f.add("conv_transpose2d-groups", op, x(1, 4, 2, 2), x(4, 1, 2, 2), x(2), groups=2, **smooth)
    f.add("conv_transpose2d-second", op, x(1, 1, 2, 2, dtype="float64"), x(1, 2, 2, 2, dtype="float64"), None, 2, second=True, **smooth)
    f.raises("conv_transpose2d-output-padding", op, x(1, 1, 2, 2), x(1, 1, 2, 2), output_padding=1)

    op = F + "conv1d"
    f.add("conv1d-plain", op, x(2, 2, 5), x(3, 2, 3), x(3), 2, 1, **smooth)
    f.add("conv1d-same", op, x(1, 5), x(2, 1, 4), padding="same", **smooth)
    f.add("conv1d-groups-dilation", op, x(1, 4, 6), x(4, 2, 2), x(4), dilation=2, groups=2, **smooth)

    inf, nan = float("inf"), float("nan")
    op = F + "max_pool2d"
    f.add("max_pool2d-plain", op, x(2, 2, 4, 5), 2, ulps=EXACT)
    f.add("max_pool2d-overlapping", op, x(1, 2, 5, 5), 3, 2, 1, ulps=(0, 2, 0))
    f.add("max_pool2d-pairs", op, x(1, 5, 6), (2, 3), (1, 2), ulps=(0, 2, 0))
    f.add("max_pool2d-ceil", op, x(1, 1, 5, 4), 2, ceil_mode=True, ulps=EXACT)
    f.add("max_pool2d-dilation", op, x(1, 1, 5, 5), 2, 1, 0, 2, ulps=(0, 2, 0))
    f.add("max_pool2d-ties", op, t([[[1.0, 1.0, 0.0, 0.0], [1.0, 1.0, 0.0, 0.0]]]), 2, ulps=EXACT)
    f.add("max_pool2d-nan-inf", op, t([[[1.0, nan, -inf, inf], [2.0, 3.0, -inf, 4.0]]], grad=False), 2, ulps=EXACT)
    f.add("max_pool2d-indices", op, x(1, 2, 4, 4), 3, 2, 1, return_indices=True, ulps=(0, 2, 0))
    f.raises("max_pool2d-padding", op, x(1, 1, 4, 4), 2, 2, 2)
    f.raises("max_pool2d-too-small", op, x(1, 1, 2, 2), 3)
    f.raises("max_pool2d-kernel-zero", op, x(1, 1, 2, 2), 0)

    op = F + "avg_pool2d"
    f.add("avg_pool2d-plain", op, x(2, 2, 4, 5), 2, **smooth)
    for include in (True, False):
        f.add(f"avg_pool2d-padding-{include}", op, x(1, 1, 5, 5), 3, 2, 1, count_include_pad=include, **smooth)
        f.add(f"avg_pool2d-ceil-{include}", op, x(1, 5, 6), (3, 2), (3, 2), (1, 0), True, include, **smooth)
    f.add("avg_pool2d-divisor", op, x(1, 1, 4, 4), 2, 1, divisor_override=3, **smooth)
    f.raises("avg_pool2d-divisor-zero", op, x(1, 1, 4, 4), 2, divisor_override=0)

    op = F + "adaptive_avg_pool2d"
    for size in (1, (2, 3), (3, 4), (None, 2), (5, 7)):
        f.add(f"adaptive_avg_pool2d-{size}", op, x(1, 2, 4, 6), size, **smooth)

    for info in infos:
        name = info.name.removeprefix(F)
        if name not in SAMPLES or info.name == name:
            continue
        torch.manual_seed(0)
        calls = []
        for sample in info.sample_inputs("cpu", torch.float32, requires_grad=True):
            try:
                calls.append(([convert(sample.input, LARGEST)] + [convert(a, LARGEST) for a in sample.args],
                              {k: convert(v, LARGEST) for k, v in sample.kwargs.items() if k != "return_indices"}))
            except ValueError:
                continue
        for k, (args, kwargs) in enumerate(calls[:: max(1, -(-len(calls) // SAMPLES[name]))]):
            exact = "max_pool" in name
            f.add(f"{name}-op_db-{k}", F + name, *args, **kwargs, **(dict(ulps=(0, 4, 0)) if exact else smooth))
    return f


FAMILIES = (convolution,)
