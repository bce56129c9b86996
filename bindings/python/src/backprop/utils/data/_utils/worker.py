"""A worker: receives what to fetch, sends batches, until its channel is closed."""

import os
import sys
from traceback import format_exception

from .... import _core
from .transport import Closed, wait_for

_info = None


class WorkerInfo:
    """What get_worker_info() returns: id 0 … num_workers − 1, num_workers, seed (of this worker's random numbers), and its copy of the dataset."""

    def __init__(self, id, num_workers, seed, dataset):
        self.id = id
        self.num_workers = num_workers
        self.seed = seed
        self.dataset = dataset

    def __repr__(self):
        return f"WorkerInfo(id={self.id}, num_workers={self.num_workers}, seed={self.seed})"


def get_worker_info():
    """In a worker of a DataLoader its WorkerInfo, in the main process None."""
    return _info


class End:
    """In a batch's place: the worker's data set to iterate over has ended."""


class Failed:
    """In a batch's place: what was raised."""

    def __init__(self, error, where):
        self.type = type(error)
        self.name = self.type.__name__
        self.where = where
        self.text = "".join(format_exception(error))

    def reraise(self):
        """Raises the same type, with the worker's traceback as its message; RuntimeError where the type does not take one."""
        message = f"Caught {self.name} {self.where}.\nOriginal {self.text}"
        try:
            if self.type is KeyError:
                error = KeyError(_Plain(message))
            else:
                error = self.type(message=message) if getattr(self.type, "message", None) else self.type(message)
        except Exception:
            error = None
        raise error if isinstance(error, BaseException) else RuntimeError(message)


class _Plain(str):
    """KeyError shows the repr of its argument, with the lines of a traceback in one."""

    __repr__ = str.__str__


def _seed_all(seed):
    import random

    random.seed(seed)
    _core.manual_seed(seed)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed([seed & 0xFFFFFFFF, seed >> 32 & 0xFFFFFFFF])


def run(channel, inherited, make_fetcher, dataset, init, id, num_workers, seed):
    """The life of a worker. inherited: channels of other workers that came along with the fork. make_fetcher(dataset) is called for each epoch."""
    global _info
    for other in inherited:
        other.leave()
    where, parent, fetcher, failed = f"in DataLoader worker process {id}", os.getppid(), None, None
    try:
        _core.set_num_threads(1)
        _seed_all(seed)
        _info = WorkerInfo(id, num_workers, seed, dataset)
        if init is not None:
            init(id)
        fetcher = make_fetcher(dataset)
    except Exception as error:
        failed = Failed(error, where)
    try:
        while True:
            index, task = _next(channel, parent)
            if index is None and not failed:  # another epoch
                try:
                    fetcher = make_fetcher(dataset)
                except Exception as error:
                    failed = Failed(error, where)
            if index is None:
                batch = task
            elif failed:
                batch = failed
            elif fetcher is None:  # at its end
                continue
            else:
                try:
                    batch = fetcher.fetch(task)
                except Exception as error:
                    ended = isinstance(error, StopIteration) and fetcher.iterates
                    batch = End() if ended else Failed(error, where)
                    fetcher = None if ended else fetcher
            _send(channel, parent, index, batch, where)
            del batch
    except (Closed, KeyboardInterrupt):
        pass


def _check(parent):
    if os.getppid() != parent:
        raise Closed


def _next(channel, parent):
    while (thing := channel.receive()) is None:
        wait_for([channel], 5)
        _check(parent)
    return thing[0]


def _send(channel, parent, index, batch, where):
    try:
        channel.send((index, batch))
    except Closed:
        raise
    except Exception as error:  # what cannot be pickled
        failed = batch if isinstance(batch, Failed) else Failed(error, where)
        try:
            channel.send((index, failed))
        except Closed:
            raise
        except Exception:  # nor its type
            failed.type = RuntimeError
            channel.send((index, failed))
    while not channel.finish(5):
        _check(parent)
