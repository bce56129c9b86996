"""The sampler that gives each of several processes its part of the data."""

from ... import _core
from .sampler import Sampler

__all__ = ["DistributedSampler"]


class DistributedSampler(Sampler):
    """Part `rank` of `num_replicas`: every num_replicas-th index, in an order shuffled with seed + epoch. Parts have equal length: the first
    indices come again at the end, or with drop_last the last are left out. Both numbers must be given, else RuntimeError; rank outside
    0 … num_replicas − 1: ValueError."""

    def __init__(self, dataset, num_replicas=None, rank=None, shuffle=True, seed=0, drop_last=False):
        if num_replicas is None or rank is None:
            raise RuntimeError("Requires distributed package to be available: give num_replicas and rank")
        if not 0 <= rank < num_replicas:
            raise ValueError(f"Invalid rank {rank}, rank should be in the interval [0, {num_replicas - 1}]")
        self.dataset = dataset
        self.num_replicas = num_replicas
        self.rank = rank
        self.epoch = 0
        self.drop_last = drop_last
        self.shuffle = shuffle
        self.seed = seed
        self.num_samples = len(dataset) // num_replicas if drop_last else -(-len(dataset) // num_replicas)
        self.total_size = self.num_samples * num_replicas

    def __iter__(self):
        n = len(self.dataset)
        indices = _core.randperm(n, generator=_core.Generator().manual_seed(self.seed + self.epoch)).tolist() if self.shuffle else list(range(n))
        if len(indices) < self.total_size:
            indices = (indices * -(-self.total_size // n))[:self.total_size]
        return iter(indices[self.rank:self.total_size:self.num_replicas])

    def __len__(self):
        return self.num_samples

    def set_epoch(self, epoch):
        """Before each epoch: another order, the same in all processes."""
        self.epoch = epoch
