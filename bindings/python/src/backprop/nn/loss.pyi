from collections.abc import Callable, Sequence
from typing import Any

from .._core import _DType, _Device, _Reduction, Tensor
from .module import Module
from .layers import Linear

class _Loss(Module):
    reduction: _Reduction
    def __init__(self, size_average: None = None, reduce: None = None, reduction: _Reduction = "mean") -> None: ...
    def forward(self, input: Tensor, target: Tensor) -> Tensor: ...

class _WeightedLoss(_Loss):
    weight: Tensor | Any
    def __init__(self, weight: Tensor | None = None, size_average: None = None, reduce: None = None, reduction: _Reduction = "mean") -> None: ...

class _ThreeTensorLoss(_Loss):
    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor: ...  # type: ignore[override]

class L1Loss(_Loss): ...
class MSELoss(_Loss): ...

class SmoothL1Loss(_Loss):
    beta: float
    def __init__(self, size_average: None = None, reduce: None = None, reduction: _Reduction = "mean", beta: float = 1.0) -> None: ...

class HuberLoss(_Loss):
    delta: float
    def __init__(self, reduction: _Reduction = "mean", delta: float = 1.0) -> None: ...

class CrossEntropyLoss(_WeightedLoss):
    ignore_index: int
    label_smoothing: float
    def __init__(self, weight: Tensor | None = None, size_average: None = None, ignore_index: int = -100, reduce: None = None,
                 reduction: _Reduction = "mean", label_smoothing: float = 0.0) -> None: ...

class NLLLoss(_WeightedLoss):
    ignore_index: int
    def __init__(self, weight: Tensor | None = None, size_average: None = None, ignore_index: int = -100, reduce: None = None,
                 reduction: _Reduction = "mean") -> None: ...

class BCELoss(_WeightedLoss): ...

class BCEWithLogitsLoss(_WeightedLoss):
    pos_weight: Tensor | Any
    def __init__(self, weight: Tensor | None = None, size_average: None = None, reduce: None = None, reduction: _Reduction = "mean",
                 pos_weight: Tensor | None = None) -> None: ...

class KLDivLoss(_Loss):
    log_target: bool
    def __init__(self, size_average: None = None, reduce: None = None, reduction: _Reduction = "mean", log_target: bool = False) -> None: ...

class PoissonNLLLoss(_Loss):
    log_input: bool
    full: bool
    eps: float
    def __init__(self, log_input: bool = True, full: bool = False, size_average: None = None, eps: float = 1e-08, reduce: None = None,
                 reduction: _Reduction = "mean") -> None: ...

class GaussianNLLLoss(_Loss):
    full: bool
    eps: float
    def __init__(self, *, full: bool = False, eps: float = 1e-06, reduction: _Reduction = "mean") -> None: ...
    def forward(self, input: Tensor, target: Tensor, var: Tensor | float) -> Tensor: ...  # type: ignore[override]

class SoftMarginLoss(_Loss): ...

class HingeEmbeddingLoss(_Loss):
    margin: float
    def __init__(self, margin: float = 1.0, size_average: None = None, reduce: None = None, reduction: _Reduction = "mean") -> None: ...

class CosineEmbeddingLoss(_ThreeTensorLoss):
    margin: float
    def __init__(self, margin: float = 0.0, size_average: None = None, reduce: None = None, reduction: _Reduction = "mean") -> None: ...

class MarginRankingLoss(_ThreeTensorLoss):
    margin: float
    def __init__(self, margin: float = 0.0, size_average: None = None, reduce: None = None, reduction: _Reduction = "mean") -> None: ...

class MultiMarginLoss(_WeightedLoss):
    p: float
    margin: float
    def __init__(self, p: float = 1, margin: float = 1.0, weight: Tensor | None = None, size_average: None = None, reduce: None = None,
                 reduction: _Reduction = "mean") -> None: ...

class MultiLabelMarginLoss(_Loss): ...
class MultiLabelSoftMarginLoss(_WeightedLoss): ...

class _TripletLoss(_Loss):
    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor: ...  # type: ignore[override]

class TripletMarginLoss(_TripletLoss):
    margin: float
    p: float
    eps: float
    swap: bool
    def __init__(self, margin: float = 1.0, p: float = 2.0, eps: float = 1e-06, swap: bool = False, size_average: None = None, reduce: None = None,
                 reduction: _Reduction = "mean") -> None: ...

class TripletMarginWithDistanceLoss(_TripletLoss):
    distance_function: Callable[[Tensor, Tensor], Tensor] | None
    margin: float
    swap: bool
    def __init__(self, *, distance_function: Callable[[Tensor, Tensor], Tensor] | None = None, margin: float = 1.0, swap: bool = False, reduction: _Reduction = "mean") -> None: ...

class CTCLoss(_Loss):
    blank: int
    zero_infinity: bool
    def __init__(self, blank: int = 0, reduction: _Reduction = "mean", zero_infinity: bool = False) -> None: ...
    def forward(self, log_probs: Tensor, targets: Tensor, input_lengths: Tensor | Sequence[int],  # type: ignore[override]
                target_lengths: Tensor | Sequence[int]) -> Tensor: ...

class LinearCrossEntropyLoss(_WeightedLoss):
    num_classes: int
    out_features: int | Sequence[int]
    ignore_index: int | None
    label_smoothing: float
    linear: Linear
    options: Any
    def __init__(self, in_features: int, num_classes: int, *, out_features: int | Sequence[int] = (), bias: bool = False, device: _Device = None,
                 dtype: _DType = None, reduction: _Reduction = "mean", weight: Tensor | None = None, ignore_index: int | None = None,
                 label_smoothing: float = 0.0, options: Any = None) -> None: ...
    def forward(self, input: Tensor, target: Tensor) -> Tensor: ...
