from collections.abc import Callable
from typing import Any, TypeVar

from ..._core import Tensor
from ..convolution import _Conv
from ..layers import Linear
from ..module import Module, Parameter
from ..norms import _BatchNorm

_C = TypeVar("_C", bound=_Conv)
_L = TypeVar("_L", bound=Linear)
_M = TypeVar("_M", bound=Module)

def fuse_conv_bn_weights(conv_w: Tensor, conv_b: Tensor | None, bn_rm: Tensor, bn_rv: Tensor, bn_eps: float, bn_w: Tensor | None,
                         bn_b: Tensor | None, transpose: bool = False) -> tuple[Parameter, Parameter]: ...
def fuse_linear_bn_weights(linear_w: Tensor, linear_b: Tensor | None, bn_rm: Tensor, bn_rv: Tensor, bn_eps: float, bn_w: Tensor | None,
                           bn_b: Tensor | None) -> tuple[Parameter, Parameter]: ...
def fuse_conv_bn_eval(conv: _C, bn: _BatchNorm, transpose: bool = False) -> _C: ...
def fuse_linear_bn_eval(linear: _L, bn: _BatchNorm) -> _L: ...
def skip_init(module_cls: Callable[..., _M], *args: Any, **kwargs: Any) -> _M: ...
