from ._core import Tensor

class memory_format:
    def __init__(self, name: str) -> None: ...
    def __reduce__(self) -> str: ...

contiguous_format: memory_format
preserve_format: memory_format
channels_last: memory_format
channels_last_3d: memory_format

class layout:
    def __reduce__(self) -> str: ...

strided: layout

def laid_out(x: Tensor, format: memory_format, copy: bool) -> Tensor: ...
def is_laid_out(x: Tensor, format: memory_format) -> bool: ...
