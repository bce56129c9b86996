from typing import Any

from .sampler import Sampler

__all__ = ["DistributedSampler"]

class DistributedSampler(Sampler[int]):
    dataset: Any
    num_replicas: int
    rank: int
    epoch: int
    drop_last: bool
    shuffle: bool
    seed: int
    num_samples: int
    total_size: int
    def __init__(self, dataset: Any, num_replicas: int | None = None, rank: int | None = None, shuffle: bool = True, seed: int = 0,
                 drop_last: bool = False) -> None: ...
    def __len__(self) -> int: ...
    def set_epoch(self, epoch: int) -> None: ...
