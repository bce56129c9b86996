from collections.abc import Mapping
from typing import Any, Self

from .._core import Tensor, _Device, _DType, _Sizes
from .convolution import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from .layers import Linear
from ._state import LoadResult
from .module import Module, Parameter
from .norms import BatchNorm1d, BatchNorm2d, BatchNorm3d, InstanceNorm1d, InstanceNorm2d, InstanceNorm3d

class UninitializedParameter(Parameter):
    def __new__(cls, requires_grad: bool = True, device: _Device = None, dtype: _DType = None) -> Self: ...

class _Lazy:
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...
    def has_uninitialized_params(self) -> bool: ...
    def initialize_parameters(self, input: Tensor) -> None: ...
    def forward(self, input: Tensor) -> Tensor: ...
    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> LoadResult: ...

# The layer's arguments but the first.
class LazyLinear(_Lazy, Linear):  # type: ignore[misc]
    cls_to_become: type[Linear]
    def __init__(self, out_features: int, bias: bool = True, device: _Device = None, dtype: _DType = None) -> None: ...

class LazyConv1d(_Lazy, Conv1d):  # type: ignore[misc]
    cls_to_become: type[Conv1d]
    def __init__(self, out_channels: int, kernel_size: _Sizes, stride: _Sizes = 1, padding: _Sizes | str = 0, dilation: _Sizes = 1, groups: int = 1, bias: bool = True,
                 padding_mode: str = "zeros", device: _Device = None, dtype: _DType = None) -> None: ...

class LazyConv2d(_Lazy, Conv2d):  # type: ignore[misc]
    cls_to_become: type[Conv2d]
    def __init__(self, out_channels: int, kernel_size: _Sizes, stride: _Sizes = 1, padding: _Sizes | str = 0, dilation: _Sizes = 1, groups: int = 1, bias: bool = True,
                 padding_mode: str = "zeros", device: _Device = None, dtype: _DType = None) -> None: ...

class LazyConv3d(_Lazy, Conv3d):  # type: ignore[misc]
    cls_to_become: type[Conv3d]
    def __init__(self, out_channels: int, kernel_size: _Sizes, stride: _Sizes = 1, padding: _Sizes | str = 0, dilation: _Sizes = 1, groups: int = 1, bias: bool = True,
                 padding_mode: str = "zeros", device: _Device = None, dtype: _DType = None) -> None: ...

class LazyConvTranspose1d(_Lazy, ConvTranspose1d):  # type: ignore[misc]
    cls_to_become: type[ConvTranspose1d]
    def __init__(self, out_channels: int, kernel_size: _Sizes, stride: _Sizes = 1, padding: _Sizes = 0, output_padding: _Sizes = 0, groups: int = 1, bias: bool = True,
                 dilation: _Sizes = 1, padding_mode: str = "zeros", device: _Device = None, dtype: _DType = None) -> None: ...

class LazyConvTranspose2d(_Lazy, ConvTranspose2d):  # type: ignore[misc]
    cls_to_become: type[ConvTranspose2d]
    def __init__(self, out_channels: int, kernel_size: _Sizes, stride: _Sizes = 1, padding: _Sizes = 0, output_padding: _Sizes = 0, groups: int = 1, bias: bool = True,
                 dilation: _Sizes = 1, padding_mode: str = "zeros", device: _Device = None, dtype: _DType = None) -> None: ...

class LazyConvTranspose3d(_Lazy, ConvTranspose3d):  # type: ignore[misc]
    cls_to_become: type[ConvTranspose3d]
    def __init__(self, out_channels: int, kernel_size: _Sizes, stride: _Sizes = 1, padding: _Sizes = 0, output_padding: _Sizes = 0, groups: int = 1, bias: bool = True,
                 dilation: _Sizes = 1, padding_mode: str = "zeros", device: _Device = None, dtype: _DType = None) -> None: ...

class LazyBatchNorm1d(_Lazy, BatchNorm1d):  # type: ignore[misc]
    cls_to_become: type[BatchNorm1d]
    def __init__(self, eps: float = 1e-05, momentum: float | None = 0.1, affine: bool = True, track_running_stats: bool = True,
                 device: _Device = None, dtype: _DType = None, *, bias: bool = True) -> None: ...

class LazyBatchNorm2d(_Lazy, BatchNorm2d):  # type: ignore[misc]
    cls_to_become: type[BatchNorm2d]
    def __init__(self, eps: float = 1e-05, momentum: float | None = 0.1, affine: bool = True, track_running_stats: bool = True,
                 device: _Device = None, dtype: _DType = None, *, bias: bool = True) -> None: ...

class LazyBatchNorm3d(_Lazy, BatchNorm3d):  # type: ignore[misc]
    cls_to_become: type[BatchNorm3d]
    def __init__(self, eps: float = 1e-05, momentum: float | None = 0.1, affine: bool = True, track_running_stats: bool = True,
                 device: _Device = None, dtype: _DType = None, *, bias: bool = True) -> None: ...

class LazyInstanceNorm1d(_Lazy, InstanceNorm1d):  # type: ignore[misc]
    cls_to_become: type[InstanceNorm1d]
    def __init__(self, eps: float = 1e-05, momentum: float | None = 0.1, affine: bool = True, track_running_stats: bool = True,
                 device: _Device = None, dtype: _DType = None, *, bias: bool = True) -> None: ...

class LazyInstanceNorm2d(_Lazy, InstanceNorm2d):  # type: ignore[misc]
    cls_to_become: type[InstanceNorm2d]
    def __init__(self, eps: float = 1e-05, momentum: float | None = 0.1, affine: bool = True, track_running_stats: bool = True,
                 device: _Device = None, dtype: _DType = None, *, bias: bool = True) -> None: ...

class LazyInstanceNorm3d(_Lazy, InstanceNorm3d):  # type: ignore[misc]
    cls_to_become: type[InstanceNorm3d]
    def __init__(self, eps: float = 1e-05, momentum: float | None = 0.1, affine: bool = True, track_running_stats: bool = True,
                 device: _Device = None, dtype: _DType = None, *, bias: bool = True) -> None: ...
