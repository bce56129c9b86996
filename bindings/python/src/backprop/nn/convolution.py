"""Convolution layers: weights under PyTorch's names, and which function they call."""

from math import prod, sqrt

from .. import _core
from . import functional as F
from .layers import _empty, _spread
from .module import Module

_PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


def _tuple(value, n):
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * n


class _Conv(Module):
    """Weight [out, in/groups, …] and bias [out] start as U(±1/√(in/groups · kernel)), which is kaiming_uniform with a = √5."""

    _transposed = False

    def __init__(self, in_channels, out_channels, kernel_size, stride, padding, output_padding, dilation, groups, bias, padding_mode,
                 device, dtype):
        super().__init__()
        if groups <= 0:
            raise ValueError("groups must be a positive integer")
        if in_channels % groups:
            raise ValueError("in_channels must be divisible by groups")
        if out_channels % groups:
            raise ValueError("out_channels must be divisible by groups")
        if padding_mode not in _PADDING_MODES:
            raise ValueError(f"padding_mode must be one of {_PADDING_MODES}, but got padding_mode={padding_mode!r}")
        if self._transposed and padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        if isinstance(padding, str):
            if self._transposed:
                raise TypeError(f"{type(self).__name__}: padding must be numbers, got {padding!r}")
            if padding not in ("same", "valid"):
                raise ValueError(f"Invalid padding string {padding!r}, should be one of 'same', 'valid'")
            if padding == "same" and any(s != 1 for s in _tuple(stride, self._dims)):
                raise ValueError("padding='same' is not supported for strided convolutions")
        self.in_channels, self.out_channels, self.groups, self.padding_mode = in_channels, out_channels, groups, padding_mode
        self.kernel_size, self.stride = _tuple(kernel_size, self._dims), _tuple(stride, self._dims)
        self.padding = padding if isinstance(padding, str) else _tuple(padding, self._dims)
        self.output_padding, self.dilation = _tuple(output_padding, self._dims), _tuple(dilation, self._dims)
        first, second = (in_channels, out_channels // groups) if self._transposed else (out_channels, in_channels // groups)
        self.weight = _empty(first, second, *self.kernel_size)
        self.register_parameter("bias", _empty(out_channels) if bias else None)
        self.reset_parameters()
        if dtype is not None or device is not None:
            self.to(device=device, dtype=dtype)

    def reset_parameters(self):
        """New initial values."""
        fan_in = self.weight.shape[1] * prod(self.kernel_size)
        _spread((self.weight, self.bias), 1 / sqrt(fan_in) if fan_in > 0 else 0)

    def _widths(self):
        """What padding adds before and after each dimension."""
        if self.padding == "valid":
            return [(0, 0)] * self._dims
        if self.padding == "same":
            return [(d * (k - 1) // 2, d * (k - 1) - d * (k - 1) // 2) for d, k in zip(self.dilation, self.kernel_size)]
        return [(p, p) for p in self.padding]

    def forward(self, input):
        return self._conv_forward(input, self.weight, self.bias)

    def _conv_forward(self, input, weight, bias):
        """What a class of one's own calls with another weight."""
        padding = self.padding
        if self.padding_mode != "zeros":
            input, padding = F.pad(input, [w for pair in reversed(self._widths()) for w in pair], self.padding_mode), 0
        return self._function(input, weight, bias, self.stride, padding, self.dilation, self.groups)

    def extra_repr(self):
        s = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        if self.padding != (0,) * self._dims:
            s += f", padding={self.padding}"
        if self.dilation != (1,) * self._dims:
            s += f", dilation={self.dilation}"
        if self.output_padding != (0,) * self._dims:
            s += f", output_padding={self.output_padding}"
        if self.groups != 1:
            s += f", groups={self.groups}"
        if self.bias is None:
            s += ", bias=False"
        return s + (f", padding_mode={self.padding_mode}" if self.padding_mode != "zeros" else "")


class _ConvTranspose(_Conv):
    _transposed = True

    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True, dilation=1,
                 padding_mode="zeros", device=None, dtype=None):
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, output_padding, dilation, groups, bias, padding_mode,
                         device, dtype)

    def forward(self, input, output_size=None):
        extra = self.output_padding if output_size is None else self._extra(input, output_size)
        return self._function(input, self.weight, self.bias, self.stride, self.padding, extra, self.groups, self.dilation)

    def _extra(self, input, output_size):
        """The output_padding that gives this size."""
        n, lead = self._dims, input.ndim - self._dims
        size = tuple(output_size)[lead:] if len(output_size) == input.ndim else tuple(output_size)
        if len(size) != n:
            raise ValueError(f"ConvTranspose{n}D: for {input.ndim}D input, output_size must have {n} or {lead + n} elements (got {len(size)})")
        least = [(input.shape[lead + d] - 1) * self.stride[d] - 2 * self.padding[d] + self.dilation[d] * (self.kernel_size[d] - 1) + 1
                 for d in range(n)]
        most = [m + s - 1 for m, s in zip(least, self.stride)]
        if any(not low <= s <= high for s, low, high in zip(size, least, most)):
            raise ValueError(f"requested an output size of {size}, but valid sizes range from {least} to {most} (for an input of {tuple(input.shape[2:])})")
        return tuple(s - low for s, low in zip(size, least))


class _ConvForward(_Conv):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, padding_mode="zeros",
                 device=None, dtype=None):
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, 0, dilation, groups, bias, padding_mode, device, dtype)


class Conv1d(_ConvForward):
    """A window of weights moved along [N, in, L] or [in, L] → [N, out, L'], L' = ⌊(L + 2·padding −
    dilation·(kernel_size − 1) − 1)/stride⌋ + 1.

    weight [out, in/groups, l] and bias [out] start as U(±1/√(in/groups · window)), which is kaiming_uniform with a =
    √5. padding: numbers, 'valid' or 'same' (stride 1); padding_mode 'zeros', 'reflect', 'replicate' or 'circular';
    groups cuts the channels into parts that do not see each other.

        >>> backprop.nn.Conv1d(16, 33, 3, stride=2)(backprop.ones(20, 16, 50)).shape
        backprop.Size([20, 33, 24])
    """

    _dims, _function = 1, staticmethod(F.conv1d)


class Conv2d(_ConvForward):
    """A window of weights moved over [N, in, H, W] or [in, H, W] → [N, out, H', W'], H' = ⌊(H + 2·padding −
    dilation·(kernel_size − 1) − 1)/stride⌋ + 1.

    weight [out, in/groups, h, w] and bias [out] start as U(±1/√(in/groups · window)), which is kaiming_uniform with a =
    √5. padding: numbers, 'valid' or 'same' (stride 1); padding_mode 'zeros', 'reflect', 'replicate' or 'circular';
    groups cuts the channels into parts that do not see each other.

        >>> conv = backprop.nn.Conv2d(3, 8, kernel_size=3, padding=1)
        >>> conv(backprop.ones(2, 3, 32, 32)).shape, conv.weight.shape
        (backprop.Size([2, 8, 32, 32]), backprop.Size([8, 3, 3, 3]))
    """

    _dims, _function = 2, staticmethod(F.conv2d)


class Conv3d(_ConvForward):
    """A window of weights moved through [N, in, D, H, W] or [in, D, H, W] → [N, out, D', H', W'], D' = ⌊(D + 2·padding
    − dilation·(kernel_size − 1) − 1)/stride⌋ + 1.

    weight [out, in/groups, d, h, w] and bias [out] start as U(±1/√(in/groups · window)), which is kaiming_uniform with
    a = √5. padding: numbers, 'valid' or 'same' (stride 1); padding_mode 'zeros', 'reflect', 'replicate' or 'circular';
    groups cuts the channels into parts that do not see each other.
    """

    _dims, _function = 3, staticmethod(F.conv3d)


class ConvTranspose1d(_ConvTranspose):
    """Each number of [N, in, L] or [in, L] spread over a window by weights → [N, out, L']: the gradient of Conv1d as a
    layer.

    weight [in, out/groups, l] and bias [out] start as U(±1/√(out/groups · window)). L' = (L − 1)·stride − 2·padding +
    dilation·(kernel_size − 1) + output_padding + 1 in each dimension; calling it with output_size chooses
    output_padding.
    """

    _dims, _function = 1, staticmethod(F.conv_transpose1d)


class ConvTranspose2d(_ConvTranspose):
    """Each number of [N, in, H, W] or [in, H, W] spread over a window by weights → [N, out, H', W']: the gradient of
    Conv2d as a layer.

    weight [in, out/groups, h, w] and bias [out] start as U(±1/√(out/groups · window)). L' = (L − 1)·stride − 2·padding
    + dilation·(kernel_size − 1) + output_padding + 1 in each dimension; calling it with output_size chooses
    output_padding.

        >>> backprop.nn.ConvTranspose2d(8, 3, 2, stride=2)(backprop.ones(2, 8, 16, 16)).shape
        backprop.Size([2, 3, 32, 32])
    """

    _dims, _function = 2, staticmethod(F.conv_transpose2d)


class ConvTranspose3d(_ConvTranspose):
    """Each number of [N, in, D, H, W] or [in, D, H, W] spread over a window by weights → [N, out, D', H', W']: the
    gradient of Conv3d as a layer.

    weight [in, out/groups, d, h, w] and bias [out] start as U(±1/√(out/groups · window)). L' = (L − 1)·stride −
    2·padding + dilation·(kernel_size − 1) + output_padding + 1 in each dimension; calling it with output_size chooses
    output_padding.
    """

    _dims, _function = 3, staticmethod(F.conv_transpose3d)
