from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias, TypeVar, overload

from .._core import Tensor
from ._hooks import Hooked as _Hooked

# Parameters, groups of them with options of their own, or parameters with their names.
_Params: TypeAlias = Iterable[Tensor | dict[str, Any] | tuple[str, Tensor]]
_Loss = TypeVar("_Loss")

class Optimizer(_Hooked):
    defaults: dict[str, Any]
    param_groups: list[dict[str, Any]]
    def __init__(self, params: _Params, defaults: dict[str, Any]) -> None: ...
    state: dict[Any, Any]
    def add_param_group(self, param_group: dict[str, Any]) -> None: ...
    @overload
    def step(self, closure: None = None) -> None: ...
    @overload
    def step(self, closure: Callable[[], _Loss]) -> _Loss: ...
    def zero_grad(self, set_to_none: bool = True) -> None: ...
    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None: ...

class Built(Optimizer):
    def __init__(self, params: _Params, defaults: dict[str, Any], foreach: bool | None = None, differentiable: bool = False,
                 capturable: bool = False, fused: bool | None = None) -> None: ...
    @property
    def state(self) -> dict[Tensor, dict[str, Any]]: ...  # type: ignore[override]  # a copy of what the library keeps
