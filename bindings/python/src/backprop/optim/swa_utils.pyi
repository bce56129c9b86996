from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, TypeAlias

from .._core import _Device, Tensor
from ..nn.module import Module
from .optimizer import Optimizer
from ._schedule import LRScheduler

_Average: TypeAlias = Callable[[Tensor, Tensor, Tensor | int], Tensor]
_MultiAverage: TypeAlias = Callable[[Sequence[Tensor], Sequence[Tensor], Tensor | int], None]

def get_ema_multi_avg_fn(decay: float = 0.999) -> _MultiAverage: ...
def get_swa_multi_avg_fn() -> _MultiAverage: ...
def get_ema_avg_fn(decay: float = 0.999) -> _Average: ...
def get_swa_avg_fn() -> _Average: ...

class AveragedModel(Module):
    module: Module
    avg_fn: _Average | None
    multi_avg_fn: _MultiAverage | None
    use_buffers: bool
    n_averaged: Tensor
    def __init__(self, model: Module, device: _Device = None, avg_fn: _Average | None = None, multi_avg_fn: _MultiAverage | None = None,
                 use_buffers: bool = False) -> None: ...
    def forward(self, *args: Any, **kwargs: Any) -> Any: ...
    def update_parameters(self, model: Module) -> None: ...

def update_bn(loader: Iterable[Any], model: Module, device: _Device = None) -> None: ...

class SWALR(LRScheduler):
    anneal_epochs: int
    def __init__(self, optimizer: Optimizer, swa_lr: float | Sequence[float], anneal_epochs: int = 10, anneal_strategy: Literal["cos", "linear"] = "cos",
                 last_epoch: int = -1) -> None: ...
    def get_lr(self) -> list[float]: ...
