"""Names of PyTorch's own for functions over images."""

from . import _core
from .nn.functional import interpolate


def _upsample_bilinear2d_aa(input, output_size, align_corners, scale_factors=None, scales_h=None, scales_w=None):
    """interpolate, bilinear with antialias; positions count with the scales where both they and the size are given."""
    if scales_h is None and scales_w is None:
        return interpolate(input, output_size, scale_factors, "bilinear", align_corners, antialias=True)
    return _core._interpolate(input, 2, (*output_size, 0), (scales_h or 0, scales_w or 0, 0), align_corners, True)
