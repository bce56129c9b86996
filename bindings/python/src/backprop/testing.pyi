from collections.abc import Callable
from typing import Any

from ._core import Tensor, dtype as _dtype
from ._core import device as _device
from ._layout import memory_format as _memory_format

def assert_close(
    actual: Any,
    expected: Any,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg: str | Callable[[str], str] | None = None,
) -> None: ...
def make_tensor(
    *shape: Any,
    dtype: _dtype,
    device: str | _device = "cpu",
    low: float | None = None,
    high: float | None = None,
    requires_grad: bool = False,
    noncontiguous: bool = False,
    exclude_zero: bool = False,
    memory_format: _memory_format | None = None,
) -> Tensor: ...
