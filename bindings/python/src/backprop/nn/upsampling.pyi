from collections.abc import Sequence

from .._core import _Sizes, Tensor
from .module import Module

class Upsample(Module):
    size: _Sizes | None
    mode: str
    scale_factor: float | Sequence[float] | None
    align_corners: bool | None
    recompute_scale_factor: bool | None
    def __init__(self, size: _Sizes | None = None, scale_factor: float | Sequence[float] | None = None, mode: str = "nearest", align_corners: bool | None = None,
                 recompute_scale_factor: bool | None = None) -> None: ...
    def forward(self, input: Tensor) -> Tensor: ...
    def extra_repr(self) -> str: ...

class UpsamplingNearest2d(Upsample):
    def __init__(self, size: _Sizes | None = None, scale_factor: float | Sequence[float] | None = None) -> None: ...

class UpsamplingBilinear2d(Upsample):
    def __init__(self, size: _Sizes | None = None, scale_factor: float | Sequence[float] | None = None) -> None: ...
