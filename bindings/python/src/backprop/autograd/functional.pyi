from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias, TypeVar

from .._core import Tensor

_Tensors: TypeAlias = Tensor | Sequence[Tensor]
_In = TypeVar("_In", bound=_Tensors)
_Out = TypeVar("_Out", bound=_Tensors)

# A tensor gives a tensor, several give a tuple (of tuples: results by inputs).
def vjp(func: Callable[..., _Out], inputs: _In, v: _Tensors | None = None, create_graph: bool = False, strict: bool = False) -> tuple[_Out, _In]: ...
def jvp(func: Callable[..., _Out], inputs: _Tensors, v: _Tensors | None = None, create_graph: bool = False,
        strict: bool = False) -> tuple[_Out, _Out]: ...
def jacobian(func: Callable[..., Any], inputs: _Tensors, create_graph: bool = False, strict: bool = False, vectorize: bool = False,
             strategy: Literal["reverse-mode", "forward-mode"] = "reverse-mode") -> Any: ...
def hessian(func: Callable[..., Tensor], inputs: _Tensors, create_graph: bool = False, strict: bool = False, vectorize: bool = False,
            outer_jacobian_strategy: Literal["reverse-mode", "forward-mode"] = "reverse-mode") -> Any: ...
def hvp(func: Callable[..., Tensor], inputs: _In, v: _Tensors | None = None, create_graph: bool = False,
        strict: bool = False) -> tuple[Tensor, _In]: ...
def vhp(func: Callable[..., Tensor], inputs: _In, v: _Tensors | None = None, create_graph: bool = False,
        strict: bool = False) -> tuple[Tensor, _In]: ...
