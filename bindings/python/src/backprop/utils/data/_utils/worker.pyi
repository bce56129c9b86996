from typing import Any, Callable

from .transport import Channel

class WorkerInfo:
    """What get_worker_info() returns."""

    id: int
    num_workers: int
    seed: int
    dataset: Any
    def __init__(self, id: int, num_workers: int, seed: int, dataset: Any) -> None: ...

def get_worker_info() -> WorkerInfo | None: ...

class End: ...

class Failed:
    type: type[BaseException]
    name: str
    where: str
    text: str
    def __init__(self, error: BaseException, where: str) -> None: ...
    def reraise(self) -> None: ...

def run(channel: Channel, inherited: list[Channel], make_fetcher: Callable[[Any], Any], dataset: Any, init: Callable[[int], None] | None, id: int,
        num_workers: int, seed: int) -> None: ...
