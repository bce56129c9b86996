from typing import Any

from ._core import Tensor, _Device, _DType

def asarray(obj: Any, *, dtype: _DType = None, device: _Device = None, copy: bool | None = None, requires_grad: bool | None = None) -> Tensor: ...
