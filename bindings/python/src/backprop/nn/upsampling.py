"""Layers that give images another size."""

from . import functional as F
from .module import Module


class Upsample(Module):
    """[N, C, sizes] in another size, or scale_factor times as large: mode 'nearest', 'linear' ([N, C, L]), 'bilinear',
    'bicubic' ([N, C, H, W]) or 'trilinear' ([N, C, D, H, W]); align_corners: positions from centre to centre of the
    outermost numbers."""

    def __init__(self, size=None, scale_factor=None, mode="nearest", align_corners=None, recompute_scale_factor=None):
        super().__init__()
        several = isinstance(scale_factor, (tuple, list))
        self.size, self.mode = size, mode
        self.scale_factor = tuple(float(s) for s in scale_factor) if several else float(scale_factor) if scale_factor else None
        self.align_corners, self.recompute_scale_factor = align_corners, recompute_scale_factor

    def forward(self, input):
        return F.interpolate(input, self.size, self.scale_factor, self.mode, self.align_corners, self.recompute_scale_factor)

    def extra_repr(self):
        what = f"size={self.size!r}" if self.scale_factor is None else f"scale_factor={self.scale_factor!r}"
        return f"{what}, mode={self.mode!r}"


class UpsamplingNearest2d(Upsample):
    """[N, C, H, W] in another size, or scale_factor times as large, each number repeated."""

    def __init__(self, size=None, scale_factor=None):
        super().__init__(size, scale_factor, mode="nearest")


class UpsamplingBilinear2d(Upsample):
    """[N, C, H, W] in another size, or scale_factor times as large, bilinear from corner to corner."""

    def __init__(self, size=None, scale_factor=None):
        super().__init__(size, scale_factor, mode="bilinear", align_corners=True)
