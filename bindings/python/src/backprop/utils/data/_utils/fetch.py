"""From the indices of a batch, or of one sample, to what the loader yields."""

from .... import _core
from ..dataset import Subset, TensorDataset
from .collate import default_collate


def _slab(dataset, indices):
    """What default_collate makes of the samples of a TensorDataset, or a Subset of one, taken out of its tensors at once; None if that is not sure
    to be the same."""
    while type(dataset) is Subset:
        indices = [dataset.indices[i] for i in indices]
        dataset = dataset.dataset
    if getattr(type(dataset), "__getitem__", None) is not TensorDataset.__getitem__ or hasattr(dataset, "__getitems__"):
        return None
    if not all(type(i) is int for i in indices):
        return None
    rows = _core.tensor(indices)
    return [t[rows] for t in dataset.tensors]


class MapFetcher:
    iterates = False

    def __init__(self, dataset, batched, collate_fn, drop_last):
        self.dataset = dataset
        self.batched = batched
        self.collate_fn = collate_fn
        self.at_once = batched and callable(getattr(dataset, "__getitems__", None))

    def fetch(self, index):
        if not self.batched:
            return self.collate_fn(self.dataset[index])
        if self.collate_fn is default_collate and (slab := _slab(self.dataset, index)) is not None:
            return slab
        return self.collate_fn(self.dataset.__getitems__(index) if self.at_once else [self.dataset[i] for i in index])


class IterableFetcher:
    """index says how many samples make a batch. StopIteration at the end."""

    iterates = True

    def __init__(self, dataset, batched, collate_fn, drop_last):
        self.samples = iter(dataset)
        self.batched = batched
        self.collate_fn = collate_fn
        self.drop_last = drop_last
        self.ended = False

    def fetch(self, index):
        if not self.batched:
            return self.collate_fn(next(self.samples))
        if self.ended:
            raise StopIteration
        batch = []
        for _ in index:
            try:
                batch.append(next(self.samples))
            except StopIteration:
                self.ended = True
                break
        if not batch or (self.drop_last and len(batch) < len(index)):
            raise StopIteration
        return self.collate_fn(batch)
