from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, SupportsFloat

from ._cycles import CyclicLR as CyclicLR, OneCycleLR as OneCycleLR
from ._schedule import LRScheduler as LRScheduler
from .optimizer import Optimizer

class _FunctionLR(LRScheduler):
    lr_lambdas: list[Callable[[int], float]]
    def __init__(self, optimizer: Optimizer, lr_lambda: Callable[[int], float] | Sequence[Callable[[int], float]], last_epoch: int = -1) -> None: ...
    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None: ...

class LambdaLR(_FunctionLR):
    def get_lr(self) -> list[float]: ...

class MultiplicativeLR(_FunctionLR):
    def get_lr(self) -> list[float]: ...

class StepLR(LRScheduler):
    step_size: int
    gamma: float
    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None: ...
    def get_lr(self) -> list[float]: ...

class MultiStepLR(LRScheduler):
    milestones: Counter[int]
    gamma: float
    def __init__(self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1) -> None: ...
    def get_lr(self) -> list[float]: ...

class ConstantLR(LRScheduler):
    factor: float
    total_iters: int
    def __init__(self, optimizer: Optimizer, factor: float = 1.0 / 3, total_iters: int = 5, last_epoch: int = -1) -> None: ...
    def get_lr(self) -> list[float]: ...

class LinearLR(LRScheduler):
    start_factor: float
    end_factor: float
    total_iters: int
    def __init__(self, optimizer: Optimizer, start_factor: float = 1.0 / 3, end_factor: float = 1.0, total_iters: int = 5,
                 last_epoch: int = -1) -> None: ...
    def get_lr(self) -> list[float]: ...

class ExponentialLR(LRScheduler):
    gamma: float
    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None: ...
    def get_lr(self) -> list[float]: ...

class PolynomialLR(LRScheduler):
    total_iters: int
    power: float
    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1) -> None: ...
    def get_lr(self) -> list[float]: ...

class CosineAnnealingLR(LRScheduler):
    T_max: int
    eta_min: float
    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None: ...
    def get_lr(self) -> list[float]: ...

class CosineAnnealingWarmRestarts(LRScheduler):
    T_0: int
    T_i: int
    T_mult: int
    eta_min: float
    T_cur: int
    def __init__(self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1) -> None: ...
    def get_lr(self) -> list[float]: ...
    def step(self, epoch: float | None = None) -> None: ...

class _ComposedLR(LRScheduler):
    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None: ...

class SequentialLR(_ComposedLR):
    last_epoch: int
    def __init__(self, optimizer: Optimizer, schedulers: Sequence[LRScheduler], milestones: Sequence[int], last_epoch: int = -1) -> None: ...
    def recursive_undo(self, sched: LRScheduler | None = None) -> None: ...
    def step(self) -> None: ...  # type: ignore[override]

class ChainedScheduler(_ComposedLR):
    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None) -> None: ...
    def step(self) -> None: ...  # type: ignore[override]

class ReduceLROnPlateau(LRScheduler):
    optimizer: Optimizer
    factor: float
    default_min_lr: float | None
    min_lrs: list[float]
    patience: int
    cooldown: int
    eps: float
    last_epoch: int
    def __init__(self, optimizer: Optimizer, mode: Literal["min", "max"] = "min", factor: float = 0.1, patience: int = 10, threshold: float = 0.0001,
                 threshold_mode: Literal["rel", "abs"] = "rel", cooldown: int = 0, min_lr: float | Sequence[float] = 0, eps: float = 1e-08) -> None: ...
    @property
    def in_cooldown(self) -> bool: ...
    def step(self, metrics: SupportsFloat, epoch: int | None = None) -> None: ...  # type: ignore[override]  # as in PyTorch
    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None: ...
