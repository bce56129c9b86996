from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from .optimizer import Optimizer
from ._schedule import LRScheduler

class _CycledLR(LRScheduler): ...

class OneCycleLR(_CycledLR):
    optimizer: Optimizer
    total_steps: int
    def __init__(self, optimizer: Optimizer, max_lr: float | Sequence[float], total_steps: int | None = None, epochs: int | None = None,
                 steps_per_epoch: int | None = None, pct_start: float = 0.3, anneal_strategy: Literal["cos", "linear"] = "cos", cycle_momentum: bool = True,
                 base_momentum: float | Sequence[float] = 0.85, max_momentum: float | Sequence[float] = 0.95, div_factor: float = 25.0, final_div_factor: float = 10000.0,
                 three_phase: bool = False, last_epoch: int = -1) -> None: ...
    def get_lr(self) -> list[float]: ...

class CyclicLR(_CycledLR):
    optimizer: Optimizer
    max_lrs: list[float]
    total_size: float
    step_ratio: float
    mode: str
    gamma: float
    scale_mode: str
    base_lrs: list[float]
    base_momentums: list[float]
    max_momentums: list[float]
    def __init__(self, optimizer: Optimizer, base_lr: float | Sequence[float], max_lr: float | Sequence[float], step_size_up: int = 2000, step_size_down: int | None = None,
                 mode: Literal["triangular", "triangular2", "exp_range"] = "triangular", gamma: float = 1.0, scale_fn: Callable[[float], float] | None = None, scale_mode: Literal["cycle", "iterations"] = "cycle", cycle_momentum: bool = True,
                 base_momentum: float | Sequence[float] = 0.8, max_momentum: float | Sequence[float] = 0.9, last_epoch: int = -1) -> None: ...
    def scale_fn(self, x: float) -> float: ...
    def get_lr(self) -> list[float]: ...
    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None: ...
