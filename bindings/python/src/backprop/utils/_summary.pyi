from collections.abc import Mapping, Sequence
from typing import Any

from .._core import Tensor, dtype as _dtype
from ..nn.module import Module

class Row:
    name: str
    depth: int
    kind: str
    output_shape: str | None
    parameters: int
    trainable: int
    multiplications: int | None
    repeated: bool
    def __init__(
        self, name: str, depth: int, kind: str, shape: str | None, parameters: int, trainable: int, multiplications: int | None, repeated: bool
    ) -> None: ...
    def cells(self) -> tuple[str, str, str, str, str]: ...

class Summary:
    rows: list[Row]
    total_parameters: int
    trainable_parameters: int
    total_multiplications: int
    total_bytes: int
    def __init__(self, model: Module, seen: dict[int, list[Any]]) -> None: ...
    def _repr_html_(self) -> str: ...

def summary(
    model: Module,
    input_size: Sequence[int] | Sequence[Sequence[int]] | None = None,
    input_data: Tensor | Sequence[Any] | Mapping[str, Any] | None = None,
    *,
    dtype: _dtype | None = None,
) -> Summary: ...
def module_html(module: Module, name: str = "") -> str: ...
