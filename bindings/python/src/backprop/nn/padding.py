"""Padding, and modules that only move elements."""

from . import functional as F
from .module import Module


def _sizes(padding, dims):
    return (padding,) * (2 * dims) if isinstance(padding, int) else tuple(padding)


class _Pad(Module):
    """Pads the last dimensions by (left, right, top, bottom, …) or the same number everywhere."""

    dims, mode = 1, "constant"

    def __init__(self, padding):
        super().__init__()
        self.padding = _sizes(padding, self.dims)

    def forward(self, input):
        if not self.dims < input.ndim <= self.dims + 2:
            raise ValueError(f"{type(self).__name__}: expected {self.dims + 1}D or {self.dims + 2}D input (got {input.ndim}D input)")
        return F.pad(input, self.padding, self.mode)

    def extra_repr(self):
        return f"{self.padding}"


class _ConstantPad(_Pad):
    def __init__(self, padding, value):
        super().__init__(padding)
        self.value = value

    def forward(self, input):
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self):
        return f"padding={self.padding}, value={self.value}"


class _ZeroPad(_ConstantPad):
    def __init__(self, padding):
        super().__init__(padding, 0.0)

    def extra_repr(self):
        return f"{self.padding}"


def _family(name, base, mode, text):
    inputs = "[N, C, L] or [C, L]", "[N, C, H, W] or [C, H, W]", "[N, C, D, H, W] or [C, D, H, W]"
    ends = "(left, right)", "(left, right, top, bottom)", "(left, right, top, bottom, front, back)"
    return [type(f"{name}{d}d", (base,), {"dims": d, "mode": mode, "__module__": __name__,
                                          "__doc__": f"{inputs[d - 1]} with {text}; padding: {ends[d - 1]}, or one number for all; negative ones cut off."})
            for d in (1, 2, 3)]


ConstantPad1d, ConstantPad2d, ConstantPad3d = _family("ConstantPad", _ConstantPad, "constant", "value around it")
ZeroPad1d, ZeroPad2d, ZeroPad3d = _family("ZeroPad", _ZeroPad, "constant", "zeros around it")
ReflectionPad1d, ReflectionPad2d, ReflectionPad3d = _family("ReflectionPad", _Pad, "reflect", "itself mirrored around it, the border not repeated")
ReplicationPad1d, ReplicationPad2d, ReplicationPad3d = _family("ReplicationPad", _Pad, "replicate", "its border repeated around it")
CircularPad1d, CircularPad2d, CircularPad3d = _family("CircularPad", _Pad, "circular", "its other end continued around it")


class Unflatten(Module):
    """Dimension dim (a number) becomes several, of the given sizes; one of them may be −1."""

    def __init__(self, dim, unflattened_size):
        super().__init__()
        if not isinstance(dim, int):
            raise TypeError("Unflatten: dimensions are numbered here, not named")
        self.dim, self.unflattened_size = dim, unflattened_size

    def forward(self, input):
        return input.unflatten(self.dim, tuple(self.unflattened_size))

    def extra_repr(self):
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"


class PixelShuffle(Module):
    """[.., C·r², H, W] → [.., C, H·r, W·r], r = upscale_factor: channels become pixels (Shi et al. 2016)."""

    def __init__(self, upscale_factor):
        super().__init__()
        self.upscale_factor = upscale_factor

    def forward(self, input):
        return F.pixel_shuffle(input, self.upscale_factor)

    def extra_repr(self):
        return f"upscale_factor={self.upscale_factor}"


class PixelUnshuffle(Module):
    """[.., C, H·r, W·r] → [.., C·r², H, W], r = downscale_factor: the inverse of PixelShuffle."""

    def __init__(self, downscale_factor):
        super().__init__()
        self.downscale_factor = downscale_factor

    def forward(self, input):
        return F.pixel_unshuffle(input, self.downscale_factor)

    def extra_repr(self):
        return f"downscale_factor={self.downscale_factor}"


class ChannelShuffle(Module):
    """The channels of [N, C, ..] as [groups, C/groups], these two exchanged: 0 1 2 3 → 0 2 1 3 for groups 2."""

    def __init__(self, groups):
        super().__init__()
        self.groups = groups

    def forward(self, input):
        return F.channel_shuffle(input, self.groups)

    def extra_repr(self):
        return f"groups={self.groups}"
