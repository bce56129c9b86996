from typing import Any, Callable, Iterator

class MapFetcher:
    iterates: bool
    dataset: Any
    batched: bool
    collate_fn: Callable[[Any], Any]
    at_once: bool
    def __init__(self, dataset: Any, batched: bool, collate_fn: Callable[[Any], Any], drop_last: bool) -> None: ...
    def fetch(self, index: Any) -> Any: ...

class IterableFetcher:
    iterates: bool
    samples: Iterator[Any]
    batched: bool
    collate_fn: Callable[[Any], Any]
    drop_last: bool
    ended: bool
    def __init__(self, dataset: Any, batched: bool, collate_fn: Callable[[Any], Any], drop_last: bool) -> None: ...
    def fetch(self, index: Any) -> Any: ...
