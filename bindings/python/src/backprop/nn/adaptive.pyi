from collections.abc import Sequence
from typing import Self

from .._core import Tensor, _Device, _DType
from .containers import ModuleList
from .layers import Linear
from .module import Module

class _Result(tuple[Tensor, Tensor]):
    def __new__(cls, output: Tensor, loss: Tensor) -> Self: ...
    @property
    def output(self) -> Tensor: ...
    @property
    def loss(self) -> Tensor: ...

class AdaptiveLogSoftmaxWithLoss(Module):
    in_features: int
    n_classes: int
    div_value: float
    head_bias: bool
    cutoffs: list[int]
    shortlist_size: int
    n_clusters: int
    head_size: int
    head: Linear
    tail: ModuleList
    def __init__(self, in_features: int, n_classes: int, cutoffs: Sequence[int], div_value: float = 4.0, head_bias: bool = False,
                 device: _Device = None, dtype: _DType = None) -> None: ...
    def forward(self, input: Tensor, target: Tensor) -> _Result: ...
    def log_prob(self, input: Tensor) -> Tensor: ...
    def predict(self, input: Tensor) -> Tensor: ...
