from collections.abc import Callable, Sequence
from typing import Any

from ..nn.module import Module

def checkpoint(function: Callable[..., Any], *args: Any, use_reentrant: bool | None = None, context_fn: Callable[[], Any] | None = None,
               determinism_check: str = "default", debug: bool = False, preserve_rng_state: bool = True, **kwargs: Any) -> Any: ...
def checkpoint_sequential(functions: Module | Sequence[Callable[..., Any]], segments: int, input: Any, use_reentrant: bool | None = None, preserve_rng_state: bool = True,
                          **kwargs: Any) -> Any: ...
