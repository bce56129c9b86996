"""The loop of a DataLoader."""

from functools import partial
from warnings import warn

from .... import _core
from .fetch import IterableFetcher, MapFetcher


class Iterator:
    """Batches one after the other, made when they are asked for. What is common to both loops is here."""

    def __init__(self, loader):
        make = IterableFetcher if loader._iterates else MapFetcher
        self._make_fetcher = partial(make, batched=loader._auto_collation, collate_fn=loader.collate_fn, drop_last=loader.drop_last)
        self._base_seed = _core.randint(2**63 - 1, (), generator=loader.generator).item()
        self._rewind(loader)

    def _rewind(self, loader):
        """To the beginning of an epoch."""
        self._indices = iter(loader._index_sampler)
        self._count = 0
        self._promised = loader._IterableDataset_len_called
        self._index_sampler = loader._index_sampler
        self._dataset = loader.dataset

    def __iter__(self):
        return self

    def __len__(self):
        return len(self._index_sampler)

    def __next__(self):
        batch = self._batch()
        if self._promised is not None:
            self._count += 1
            if self._count > self._promised:
                warn(f"Length of IterableDataset {self._dataset} was reported to be {self._promised} (when accessing len(dataloader)), "
                     f"but {self._count} samples have been fetched. With workers each must take its part of the data: see get_worker_info().", stacklevel=2)
        return batch


class SingleIterator(Iterator):
    """Without workers: a batch is made when it is asked for."""

    def __init__(self, loader):
        super().__init__(loader)
        self._fetch = self._make_fetcher(loader.dataset).fetch

    def _batch(self):
        return self._fetch(next(self._indices))
