from typing import Literal, TypeVar

from ..module import Module

_M = TypeVar("_M", bound=Module)

def orthogonal(module: _M, name: str = "weight", orthogonal_map: Literal["matrix_exp", "cayley", "householder"] | None = None, *,
               use_trivialization: bool = True) -> _M: ...
def spectral_norm(module: _M, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None) -> _M: ...
def weight_norm(module: _M, name: str = "weight", dim: int | None = 0) -> _M: ...
