"""Pooling layers, and windows as columns: the options, and which function they call."""

from . import functional as F
from .convolution import _tuple
from .module import Module


class _MaxPool(Module):
    def __init__(self, kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False):
        super().__init__()
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.dilation, self.return_indices, self.ceil_mode = padding, dilation, return_indices, ceil_mode

    def forward(self, input):
        return self._function(input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.return_indices)

    def extra_repr(self):
        return (f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, dilation={self.dilation}, "
                f"ceil_mode={self.ceil_mode}")


class MaxPool1d(_MaxPool):
    """The largest number of each window of [N, C, L] or [C, L]; L' = ⌊(L + 2·padding − dilation·(kernel_size − 1) −
    1)/stride⌋ + 1. stride None: kernel_size. padding counts as −∞. ceil_mode: a last window that starts in the image
    but ends beyond counts. return_indices: also where each comes from."""

    _function = staticmethod(F.max_pool1d)


class MaxPool2d(_MaxPool):
    """The largest number of each window of [N, C, H, W] or [C, H, W]; sizes as for MaxPool1d, in each dimension. stride
    None: kernel_size. padding counts as −∞. ceil_mode: a last window that starts in the image but ends beyond counts.
    return_indices: also where each comes from.

        >>> backprop.nn.MaxPool2d(2)(backprop.arange(16.).reshape(1, 4, 4))
        tensor([[[ 5.,  7.],
                 [13., 15.]]])
    """

    _function = staticmethod(F.max_pool2d)


class MaxPool3d(_MaxPool):
    """The largest number of each window of [N, C, D, H, W] or [C, D, H, W]; sizes as for MaxPool1d, in each dimension.
    stride None: kernel_size. padding counts as −∞. ceil_mode: a last window that starts in the image but ends beyond
    counts. return_indices: also where each comes from."""

    _function = staticmethod(F.max_pool3d)


class _MaxUnpool(Module):
    def __init__(self, kernel_size, stride=None, padding=0):
        super().__init__()
        self.kernel_size = _tuple(kernel_size, self._dims)
        self.stride = _tuple(kernel_size if stride is None else stride, self._dims)
        self.padding = _tuple(padding, self._dims)

    def forward(self, input, indices, output_size=None):
        return self._function(input, indices, self.kernel_size, self.stride, self.padding, output_size)

    def extra_repr(self):
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpool):
    """unpool(x, indices): each number at the place MaxPool1d(return_indices=True) took it from, zeros elsewhere;
    output_size where several sizes would fit."""

    _dims, _function = 1, staticmethod(F.max_unpool1d)


class MaxUnpool2d(_MaxUnpool):
    """unpool(x, indices): each number at the place MaxPool2d(return_indices=True) took it from, zeros elsewhere;
    output_size where several sizes would fit."""

    _dims, _function = 2, staticmethod(F.max_unpool2d)


class MaxUnpool3d(_MaxUnpool):
    """unpool(x, indices): each number at the place MaxPool3d(return_indices=True) took it from, zeros elsewhere;
    output_size where several sizes would fit."""

    _dims, _function = 3, staticmethod(F.max_unpool3d)


class AvgPool1d(Module):
    """The mean of each window of [N, C, L] or [C, L]; stride None: kernel_size. count_include_pad: the zeros of the padding count."""

    def __init__(self, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
        super().__init__()
        self.kernel_size, self.stride = _tuple(kernel_size, 1), _tuple(kernel_size if stride is None else stride, 1)
        self.padding, self.ceil_mode, self.count_include_pad = _tuple(padding, 1), ceil_mode, count_include_pad

    def forward(self, input):
        return F.avg_pool1d(input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad)

    def extra_repr(self):
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class _AvgPool(Module):
    def __init__(self, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None):
        super().__init__()
        self.kernel_size, self.stride, self.padding = kernel_size, kernel_size if stride is None else stride, padding
        self.ceil_mode, self.count_include_pad, self.divisor_override = ceil_mode, count_include_pad, divisor_override

    def forward(self, input):
        return self._function(input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad, self.divisor_override)

    def extra_repr(self):
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool2d(_AvgPool):
    """The mean of each window of [N, C, H, W] or [C, H, W]; stride None: kernel_size. count_include_pad: the zeros of
    the padding count. divisor_override divides by this instead."""

    _function = staticmethod(F.avg_pool2d)


class AvgPool3d(_AvgPool):
    """The mean of each window of [N, C, D, H, W] or [C, D, H, W]; stride None: kernel_size. count_include_pad: the
    zeros of the padding count. divisor_override divides by this instead."""

    _function = staticmethod(F.avg_pool3d)


class _LPPool(Module):
    def __init__(self, norm_type, kernel_size, stride=None, ceil_mode=False):
        super().__init__()
        self.norm_type, self.kernel_size, self.stride, self.ceil_mode = norm_type, kernel_size, stride, ceil_mode

    def forward(self, input):
        return self._function(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)

    def extra_repr(self):
        return f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, ceil_mode={self.ceil_mode}"


class LPPool1d(_LPPool):
    """(Σ xᵖ)^(1/p), p = norm_type, over each window of [N, C, L] or [C, L]; stride None: kernel_size."""

    _function = staticmethod(F.lp_pool1d)


class LPPool2d(_LPPool):
    """(Σ xᵖ)^(1/p), p = norm_type, over each window of [N, C, H, W] or [C, H, W]; stride None: kernel_size."""

    _function = staticmethod(F.lp_pool2d)


class LPPool3d(_LPPool):
    """(Σ xᵖ)^(1/p), p = norm_type, over each window of [N, C, D, H, W] or [C, D, H, W]; stride None: kernel_size."""

    _function = staticmethod(F.lp_pool3d)


class _AdaptiveAvgPool(Module):
    def __init__(self, output_size):
        super().__init__()
        self.output_size = output_size

    def forward(self, input):
        return self._function(input, self.output_size)

    def extra_repr(self):
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    """Means over so many parts of [N, C, L] or [C, L] that the result has output_size."""

    _function = staticmethod(F.adaptive_avg_pool1d)


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    """Means over so many parts of [N, C, H, W] or [C, H, W] that the result has output_size (one number, or one for
    each dimension; None: as it is).

        >>> backprop.nn.AdaptiveAvgPool2d(1)(backprop.ones(2, 8, 7, 5)).shape
        backprop.Size([2, 8, 1, 1])
    """

    _function = staticmethod(F.adaptive_avg_pool2d)


class AdaptiveAvgPool3d(_AdaptiveAvgPool):
    """Means over so many parts of [N, C, D, H, W] or [C, D, H, W] that the result has output_size (one number, or one
    for each dimension; None: as it is)."""

    _function = staticmethod(F.adaptive_avg_pool3d)


class _AdaptiveMaxPool(Module):
    def __init__(self, output_size, return_indices=False):
        super().__init__()
        self.output_size, self.return_indices = output_size, return_indices

    def forward(self, input):
        return self._function(input, self.output_size, self.return_indices)

    def extra_repr(self):
        return f"output_size={self.output_size}"


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """The largest number of so many parts of [N, C, L] or [C, L] that the result has output_size; return_indices: also where each comes from."""

    _function = staticmethod(F.adaptive_max_pool1d)


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    """The largest number of so many parts of [N, C, H, W] or [C, H, W] that the result has output_size; return_indices:
    also where each comes from."""

    _function = staticmethod(F.adaptive_max_pool2d)


class AdaptiveMaxPool3d(_AdaptiveMaxPool):
    """The largest number of so many parts of [N, C, D, H, W] or [C, D, H, W] that the result has output_size;
    return_indices: also where each comes from."""

    _function = staticmethod(F.adaptive_max_pool3d)


class _FractionalMaxPool(Module):
    def __init__(self, kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None):
        super().__init__()
        name, n = type(self).__name__, self._dims
        self.kernel_size, self.return_indices = _tuple(kernel_size, n), return_indices
        self.register_buffer("_random_samples", _random_samples)
        self.output_size = _tuple(output_size, n) if output_size is not None else None
        self.output_ratio = _tuple(output_ratio, n) if output_ratio is not None else None
        if output_size is None and output_ratio is None:
            raise ValueError(f"{name} requires specifying either an output size, or a pooling ratio")
        if output_size is not None and output_ratio is not None:
            raise ValueError("only one of output_size and output_ratio may be specified")
        if self.output_ratio is not None and not all(0 < r < 1 for r in self.output_ratio):
            raise ValueError(f"output_ratio must be between 0 and 1 (got {output_ratio})")

    def forward(self, input):
        return self._function(input, self.kernel_size, self.output_size, self.output_ratio, self.return_indices,
                              _random_samples=self._random_samples)


class FractionalMaxPool2d(_FractionalMaxPool):
    """The largest number of windows over [N, C, H, W] that begin at random distances (Graham 2014); output_size, or
    output_ratio of the image's. return_indices: also where each comes from."""

    _dims, _function = 2, staticmethod(F.fractional_max_pool2d)


class FractionalMaxPool3d(_FractionalMaxPool):
    """The largest number of windows through [N, C, D, H, W] that begin at random distances; output_size, or
    output_ratio of the volume's. return_indices: also where each comes from."""

    _dims, _function = 3, staticmethod(F.fractional_max_pool3d)


class Unfold(Module):
    """What the windows over [N, C, H, W] see, as columns [N, C·h·w, L], L the number of windows. Options: one number or two."""

    def __init__(self, kernel_size, dilation=1, padding=0, stride=1):
        super().__init__()
        self.kernel_size, self.dilation, self.padding, self.stride = kernel_size, dilation, padding, stride

    def forward(self, input):
        return F.unfold(input, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self):
        return f"kernel_size={self.kernel_size}, dilation={self.dilation}, padding={self.padding}, stride={self.stride}"


class Fold(Module):
    """Columns [N, C·h·w, L] added up in an image [N, C, *output_size]: the transpose of Unfold."""

    def __init__(self, output_size, kernel_size, dilation=1, padding=0, stride=1):
        super().__init__()
        self.output_size, self.kernel_size, self.dilation, self.padding, self.stride = output_size, kernel_size, dilation, padding, stride

    def forward(self, input):
        return F.fold(input, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self):
        return (f"output_size={self.output_size}, kernel_size={self.kernel_size}, dilation={self.dilation}, padding={self.padding}, "
                f"stride={self.stride}")
