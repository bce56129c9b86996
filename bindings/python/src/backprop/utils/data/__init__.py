"""Data sets, samplers and the loader that makes batches of them, as in torch.utils.data.

    >>> from backprop.utils.data import DataLoader, TensorDataset
    >>> samples = TensorDataset(backprop.arange(10.).reshape(10, 1), backprop.arange(10))
    >>> for inputs, labels in DataLoader(samples, batch_size=4):       # shuffle=True: another order each epoch
    ...     print(tuple(inputs.shape), labels)
    (4, 1) tensor([0, 1, 2, 3])
    (4, 1) tensor([4, 5, 6, 7])
    (2, 1) tensor([8, 9])

num_workers=n has n forked processes prepare batches. Each has random numbers of its own: seed base_seed + its number,
base_seed drawn from the loader's generator, for backprop, the module random and, where it is loaded, NumPy.
"""

from ._utils.collate import default_collate, default_convert
from ._utils.worker import get_worker_info
from .dataloader import DataLoader, _DatasetKind
from .dataset import ChainDataset, ConcatDataset, Dataset, IterableDataset, StackDataset, Subset, TensorDataset, random_split
from .distributed import DistributedSampler
from .sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler, SubsetRandomSampler, WeightedRandomSampler

__all__ = ["BatchSampler", "ChainDataset", "ConcatDataset", "DataLoader", "Dataset", "DistributedSampler", "IterableDataset", "RandomSampler",
           "Sampler", "SequentialSampler", "StackDataset", "Subset", "SubsetRandomSampler", "TensorDataset", "WeightedRandomSampler", "_DatasetKind",
           "default_collate", "default_convert", "get_worker_info", "random_split"]
