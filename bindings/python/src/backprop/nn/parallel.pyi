from typing import Any

from .module import Module

class DataParallel(Module):
    module: Module
    device_ids: list[int]
    def __init__(self, module: Module, device_ids: Any = None, output_device: Any = None, dim: int = 0) -> None: ...
    def forward(self, *inputs: Any, **kwargs: Any) -> Any: ...
