from typing import Any

from ._core import Tensor, _Device, _DType, _DTypeObject, _Number

class finfo:
    bits: int
    eps: float
    max: float
    min: float
    tiny: float
    smallest_normal: float
    resolution: float
    dtype: str
    def __init__(self, type: _DTypeObject | None = None) -> None: ...
    def __eq__(self, other: object) -> bool: ...
    def __hash__(self) -> int: ...

class iinfo:
    bits: int
    max: int
    min: int
    dtype: str
    def __init__(self, type: _DTypeObject) -> None: ...
    def __eq__(self, other: object) -> bool: ...
    def __hash__(self) -> int: ...

def promote_types(type1: _DTypeObject, type2: _DTypeObject) -> _DTypeObject: ...
def result_type(tensor1: Tensor | _Number, tensor2: Tensor | _Number) -> _DTypeObject: ...
def can_cast(from_: _DTypeObject, to: _DTypeObject) -> bool: ...

class _TypedMeta(type):
    def __instancecheck__(cls, value: Any) -> bool: ...

# The names tensors had before there were dtypes: tensor(data) of a sequence, empty(sizes) of sizes.
class FloatTensor(metaclass=_TypedMeta):
    dtype: _DTypeObject
    def __new__(cls, *args: Any, device: _Device = None) -> Tensor: ...  # type: ignore[misc]

class DoubleTensor(metaclass=_TypedMeta):
    dtype: _DTypeObject
    def __new__(cls, *args: Any, device: _Device = None) -> Tensor: ...  # type: ignore[misc]

class LongTensor(metaclass=_TypedMeta):
    dtype: _DTypeObject
    def __new__(cls, *args: Any, device: _Device = None) -> Tensor: ...  # type: ignore[misc]

class IntTensor(metaclass=_TypedMeta):
    dtype: _DTypeObject
    def __new__(cls, *args: Any, device: _Device = None) -> Tensor: ...  # type: ignore[misc]

class ByteTensor(metaclass=_TypedMeta):
    dtype: _DTypeObject
    def __new__(cls, *args: Any, device: _Device = None) -> Tensor: ...  # type: ignore[misc]

class BoolTensor(metaclass=_TypedMeta):
    dtype: _DTypeObject
    def __new__(cls, *args: Any, device: _Device = None) -> Tensor: ...  # type: ignore[misc]

class HalfTensor(metaclass=_TypedMeta):
    dtype: _DTypeObject
    def __new__(cls, *args: Any, device: _Device = None) -> Tensor: ...  # type: ignore[misc]

class BFloat16Tensor(metaclass=_TypedMeta):
    dtype: _DTypeObject
    def __new__(cls, *args: Any, device: _Device = None) -> Tensor: ...  # type: ignore[misc]

def typename(obj: object) -> str: ...
def set_default_tensor_type(t: str | type) -> None: ...
def scalar_tensor(s: _Number, *, dtype: _DType = None, device: _Device = None, requires_grad: bool = False) -> Tensor: ...
