"""DataLoader: batches of a data set."""

from types import GenericAlias

from ._utils.collate import default_collate, default_convert
from ._utils.iterate import SingleIterator
from ._utils.worker import get_worker_info
from .dataset import IterableDataset
from .sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler

__all__ = ["DataLoader", "default_collate", "default_convert", "get_worker_info"]

_FIXED = {"batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers"}


class _DatasetKind:
    """How a data set is read: by index, or by iterating."""

    Map = 0
    Iterable = 1


class _InfiniteConstantSampler(Sampler):
    """None without end: a data set to iterate over needs no indices."""

    def __iter__(self):
        while True:
            yield None


class DataLoader:
    """Iterating over it gives one epoch of batches.

    batch_size: samples in a batch, None: single samples; shuffle: another order each epoch; or sampler: indices, or batch_sampler: lists of indices.
    drop_last leaves out a last batch that is shorter. collate_fn(list of samples) makes the batch (default_collate; default_convert for single
    samples). generator: a Generator for the order and the workers' seeds.

    num_workers processes, forked, make batches ahead of time, prefetch_factor (2) each; worker_init_fn(id) is called in each first;
    persistent_workers keeps them between epochs. Batches come in order, with in_order=False as they are ready. timeout: seconds to wait for a batch, 0:
    any time. What a worker raises is raised here, the worker's traceback in its message; a worker that dies, or is too late: RuntimeError.
    pin_memory and pin_memory_device are accepted: there is nothing to pin. multiprocessing_context: another way to start processes ('spawn' needs
    everything to be picklable).

    Options that do not go together: ValueError. len(): how many batches."""

    __class_getitem__ = classmethod(GenericAlias)
    _ready = False
    _iterator = None
    _IterableDataset_len_called = None

    def __init__(self, dataset, batch_size=1, shuffle=None, sampler=None, batch_sampler=None, num_workers=0, collate_fn=None, pin_memory=False,
                 drop_last=False, timeout=0, worker_init_fn=None, multiprocessing_context=None, generator=None, *, prefetch_factor=None,
                 persistent_workers=False, pin_memory_device="", in_order=True):
        if num_workers < 0:
            raise ValueError("num_workers option should be non-negative; use num_workers=0 to disable multiprocessing.")
        if timeout < 0:
            raise ValueError("timeout option should be non-negative")
        if num_workers == 0 and prefetch_factor is not None:
            raise ValueError("prefetch_factor option could only be specified in multiprocessing: let num_workers > 0, or leave it out")
        if prefetch_factor is not None and prefetch_factor < 0:
            raise ValueError("prefetch_factor option should be non-negative")
        if persistent_workers and num_workers == 0:
            raise ValueError("persistent_workers option needs num_workers > 0")
        self.dataset = dataset
        self.num_workers = num_workers
        self.prefetch_factor = 2 if num_workers > 0 and prefetch_factor is None else prefetch_factor
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.in_order = in_order
        self._iterates = isinstance(dataset, IterableDataset)
        self._dataset_kind = _DatasetKind.Iterable if self._iterates else _DatasetKind.Map
        if self._iterates:
            for name, given in (("shuffle", shuffle or None), ("sampler", sampler), ("batch_sampler", batch_sampler)):
                if given is not None:
                    raise ValueError(f"DataLoader with IterableDataset: expected unspecified {name} option, but got {name}={given}")
        if sampler is not None and shuffle:
            raise ValueError("sampler option is mutually exclusive with shuffle")
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise ValueError("batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last")
            batch_size = None
        elif batch_size is None and drop_last:
            raise ValueError("batch_size=None option disables auto-batching and is mutually exclusive with drop_last")
        if sampler is None:
            sampler = _InfiniteConstantSampler() if self._iterates else RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
        if batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.generator = generator
        self.collate_fn = collate_fn or (default_collate if batch_sampler is not None else default_convert)
        self.persistent_workers = persistent_workers
        self._ready = True

    def __setattr__(self, name, value):
        if self._ready and name in _FIXED:
            raise ValueError(f"{name} attribute should not be set after {type(self).__name__} is initialized")
        super().__setattr__(name, value)

    @property
    def multiprocessing_context(self):
        """How processes are started; None: by fork."""
        return self._context

    @multiprocessing_context.setter
    def multiprocessing_context(self, context):
        if context is not None:
            from multiprocessing import context as contexts, get_all_start_methods, get_context

            if self.num_workers <= 0:
                raise ValueError(f"multiprocessing_context can only be used with multi-process loading (num_workers > 0), but got num_workers={self.num_workers}")
            if isinstance(context, str):
                if context not in get_all_start_methods():
                    raise ValueError(f"multiprocessing_context option should specify a valid start method in {get_all_start_methods()}, "
                                     f"but got multiprocessing_context={context!r}")
                context = get_context(context)
            if not isinstance(context, contexts.BaseContext):
                raise TypeError("multiprocessing_context option should be a valid context object or a string specifying the start method, "
                                f"but got multiprocessing_context={context}")
        self._context = context

    @property
    def _auto_collation(self):
        return self.batch_sampler is not None

    @property
    def _index_sampler(self):
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def __iter__(self):
        if self.num_workers == 0:
            return SingleIterator(self)
        from ._utils.parallel import ParallelIterator

        if not self.persistent_workers:
            return ParallelIterator(self)
        if self._iterator is None or not self._iterator._workers:
            self._iterator = ParallelIterator(self)
        else:
            self._iterator.reset(self)
        return self._iterator

    def __len__(self):
        if not self._iterates:
            return len(self._index_sampler)
        n = self._IterableDataset_len_called = len(self.dataset)
        if self.batch_size is not None:
            n = n // self.batch_size if self.drop_last else -(-n // self.batch_size)
        return n
