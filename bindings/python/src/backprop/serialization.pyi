from collections.abc import Callable
from os import PathLike
from typing import IO, Any

from ._core import device as _device

_Path = str | bytes | PathLike[str] | PathLike[bytes]
_Location = str | _device | dict[str, str] | Callable[..., Any] | None

def save(
    obj: object, f: _Path | IO[bytes], pickle_module: Any = None, pickle_protocol: int = 2, _use_new_zipfile_serialization: bool = True
) -> None: ...
def load(
    f: _Path | IO[bytes],
    map_location: _Location = None,
    pickle_module: Any = None,
    *,
    weights_only: bool | None = True,
    mmap: bool | None = None,
    **pickle_load_args: Any,
) -> Any: ...
