from collections.abc import Callable
from typing import Literal

from .._core import Tensor
from . import lr_scheduler as lr_scheduler, swa_utils as swa_utils
from ._asgd import ASGD as ASGD
from .optimizer import Built, Optimizer as Optimizer, _Loss, _Params

class SGD(Built):
    def __init__(self, params: _Params, lr: Tensor | float = 0.001, momentum: float = 0, dampening: float = 0, weight_decay: float = 0,
                 nesterov: bool = False, *, maximize: bool = False, foreach: bool | None = None, differentiable: bool = False,
                 fused: bool | None = None) -> None: ...

class Adam(Built):
    def __init__(self, params: _Params, lr: Tensor | float = 0.001, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-08,
                 weight_decay: float = 0, amsgrad: bool = False, *, foreach: bool | None = None, maximize: bool = False, capturable: bool = False,
                 differentiable: bool = False, fused: bool | None = None, decoupled_weight_decay: bool = False) -> None: ...

class AdamW(Adam):
    def __init__(self, params: _Params, lr: Tensor | float = 0.001, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-08,
                 weight_decay: float = 0.01, amsgrad: bool = False, *, maximize: bool = False, foreach: bool | None = None, capturable: bool = False,
                 differentiable: bool = False, fused: bool | None = None) -> None: ...

class NAdam(Built):
    def __init__(self, params: _Params, lr: Tensor | float = 0.002, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-08,
                 weight_decay: float = 0, momentum_decay: float = 0.004, decoupled_weight_decay: bool = False, *, foreach: bool | None = None,
                 maximize: bool = False, capturable: bool = False, differentiable: bool = False) -> None: ...

class RAdam(Built):
    def __init__(self, params: _Params, lr: Tensor | float = 0.001, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-08,
                 weight_decay: float = 0, decoupled_weight_decay: bool = False, *, foreach: bool | None = None, maximize: bool = False,
                 capturable: bool = False, differentiable: bool = False) -> None: ...

class Adamax(Built):
    def __init__(self, params: _Params, lr: Tensor | float = 0.002, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-08,
                 weight_decay: float = 0, foreach: bool | None = None, *, maximize: bool = False, differentiable: bool = False,
                 capturable: bool = False) -> None: ...

class RMSprop(Built):
    def __init__(self, params: _Params, lr: Tensor | float = 0.01, alpha: float = 0.99, eps: float = 1e-08, weight_decay: float = 0,
                 momentum: float = 0, centered: bool = False, capturable: bool = False, foreach: bool | None = None, maximize: bool = False,
                 differentiable: bool = False) -> None: ...

class Adagrad(Built):
    def __init__(self, params: _Params, lr: Tensor | float = 0.01, lr_decay: float = 0, weight_decay: float = 0, initial_accumulator_value: float = 0,
                 eps: float = 1e-10, foreach: bool | None = None, *, maximize: bool = False, differentiable: bool = False,
                 fused: bool | None = None) -> None: ...

class Adadelta(Built):
    def __init__(self, params: _Params, lr: Tensor | float = 1.0, rho: float = 0.9, eps: float = 1e-06, weight_decay: float = 0,
                 foreach: bool | None = None, *, capturable: bool = False, maximize: bool = False, differentiable: bool = False) -> None: ...

class Rprop(Built):
    def __init__(self, params: _Params, lr: Tensor | float = 0.01, etas: tuple[float, float] = (0.5, 1.2),
                 step_sizes: tuple[float, float] = (1e-06, 50), *, capturable: bool = False, foreach: bool | None = None, maximize: bool = False,
                 differentiable: bool = False) -> None: ...

class Lion(Built):
    def __init__(self, params: _Params, lr: Tensor | float = 0.0001, betas: tuple[float, float] = (0.9, 0.99), weight_decay: float = 0, *,
                 maximize: bool = False) -> None: ...

class Adafactor(Built):
    def __init__(self, params: _Params, lr: Tensor | float = 0.01, beta2_decay: float = -0.8, eps: tuple[float | None, float] = (None, 0.001), d: float = 1.0,
                 weight_decay: float = 0.0, *, foreach: bool | None = None, maximize: bool = False) -> None: ...

class Muon(Built):
    def __init__(self, params: _Params, lr: Tensor | float = 0.001, weight_decay: float = 0.1, momentum: float = 0.95, nesterov: bool = True,
                 ns_coefficients: tuple[float, float, float] = (3.4445, -4.775, 2.0315), eps: float = 1e-07, ns_steps: int = 5, adjust_lr_fn: Literal["original", "match_rms_adamw"] | None = None) -> None: ...

class LBFGS(Built):
    def __init__(self, params: _Params, lr: Tensor | float = 1, max_iter: int = 20, max_eval: int | None = None, tolerance_grad: float = 1e-07,
                 tolerance_change: float = 1e-09, history_size: int = 100, line_search_fn: Literal["strong_wolfe"] | None = None) -> None: ...
    def step(self, closure: Callable[[], _Loss]) -> _Loss: ...  # type: ignore[override]  # it cannot do without
