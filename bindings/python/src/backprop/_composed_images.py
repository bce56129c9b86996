"""Names of PyTorch's own for functions over images."""

from .nn.functional import interpolate


def _upsample_bilinear2d_aa(input, output_size, align_corners, scale_factors=None):
    """interpolate, bilinear with antialias."""
    return interpolate(input, output_size, scale_factors, "bilinear", align_corners, antialias=True)
