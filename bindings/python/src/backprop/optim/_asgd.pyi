from .._core import Tensor
from .optimizer import Optimizer, _Params

class ASGD(Optimizer):
    def __init__(self, params: _Params, lr: Tensor | float = 0.01, lambd: float = 0.0001, alpha: float = 0.75, t0: float = 1000000.0,
                 weight_decay: float = 0, foreach: bool | None = None, maximize: bool = False, differentiable: bool = False,
                 capturable: bool = False) -> None: ...
