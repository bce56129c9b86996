from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias, overload

from .._core import Tensor
from .._grad_mode import enable_grad as enable_grad, inference_mode as inference_mode, no_grad as no_grad, set_grad_enabled as set_grad_enabled
from . import function as function, functional as functional
from .function import Function as Function

_Tensors: TypeAlias = Tensor | Sequence[Tensor]
_Weights: TypeAlias = Tensor | Sequence[Tensor | None] | None

from ._older import Variable as Variable, detect_anomaly as detect_anomaly, set_detect_anomaly as set_detect_anomaly

class GradcheckError(RuntimeError): ...

# With allow_unused a gradient may be None.
@overload
def grad(outputs: _Tensors, inputs: _Tensors, grad_outputs: _Weights = None, retain_graph: bool | None = None, create_graph: bool = False,
         only_inputs: bool = True, allow_unused: Literal[False] | None = None,
         is_grads_batched: bool = False, materialize_grads: bool = False) -> tuple[Tensor, ...]: ...
@overload
def grad(outputs: _Tensors, inputs: _Tensors, grad_outputs: _Weights = None, retain_graph: bool | None = None, create_graph: bool = False,
         only_inputs: bool = True, allow_unused: bool | None = None,
         is_grads_batched: bool = False, materialize_grads: bool = False) -> tuple[Tensor | Any, ...]: ...
def backward(tensors: _Tensors, grad_tensors: _Weights = None, retain_graph: bool | None = None, create_graph: bool = False,
             inputs: _Tensors | None = None) -> None: ...
def gradcheck(func: Callable[..., Any], inputs: _Tensors, *, eps: float = 1e-06, atol: float = 1e-05, rtol: float = 0.001,
              raise_exception: bool = True) -> bool: ...
def gradgradcheck(func: Callable[..., Any], inputs: _Tensors, *, eps: float = 1e-06, atol: float = 1e-05, rtol: float = 0.001,
                  raise_exception: bool = True) -> bool: ...
