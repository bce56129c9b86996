"""The loop of a DataLoader with workers: hands out indices ahead of time, takes batches in, and sees to it that no process outlives it."""

import os
import sys
from itertools import cycle
from multiprocessing import get_context
from signal import Signals
from time import monotonic
from warnings import catch_warnings, simplefilter

from .iterate import Iterator
from .transport import Channel, Closed, wait_for
from .worker import End, Failed, run

_PATIENCE = 5  # seconds a worker has to end by itself
_NONE = object()
_live = {}  # id of an iterator → its workers: a new worker closes the channels to them


class Worker:
    """A process, the channel to it, and what is asked of it."""

    def __init__(self, channel, process):
        self.channel = channel
        self.process = process
        self.active = True  # its data set has not ended
        self.asked = 0  # batches on their way

    def ask(self, index, task):
        """Sends a task. A dead worker is noticed when something is to be received from it."""
        self.asked += 1
        try:
            self.channel.send((index, task))
        except Closed:
            pass

    def died(self):
        """The RuntimeError to raise."""
        self.process.join(_PATIENCE)
        code = self.process.exitcode
        how = "its channel was closed" if code is None else f"exit code {code}" if code >= 0 else f"killed by signal {_signal(-code)}"
        return RuntimeError(f"DataLoader worker (pid(s) {self.process.pid}) exited unexpectedly: {how}")


def _signal(number):
    try:
        return Signals(number).name
    except ValueError:
        return number


def _start(process):
    if sys.version_info < (3, 12):
        return process.start()
    with catch_warnings():
        simplefilter("ignore", DeprecationWarning)  # fork with threads: the library's are made for it
        process.start()


class ParallelIterator(Iterator):
    """Batches in order: task k is answered by the worker that got it, each answers in turn, and the answer is read when its time has come."""

    def __init__(self, loader):
        super().__init__(loader)
        self._timeout = loader.timeout
        self._in_order = loader.in_order
        self._ahead = max(1, loader.prefetch_factor) * loader.num_workers
        self._persistent = loader.persistent_workers
        self._workers = []
        self._owner = os.getpid()
        self._epoch = 0
        self._error = None  # what ended the workers before their time
        _live[id(self)] = self._workers
        try:
            self._start(loader)
        except BaseException:
            self.shutdown()
            raise
        self._begin()

    def _start(self, loader):
        context = loader.multiprocessing_context or get_context("fork")
        forks = context.get_start_method() == "fork"
        for number in range(loader.num_workers):
            ours, theirs = Channel.pair()
            inherited = [ours, *(w.channel for workers in list(_live.values()) for w in workers)] if forks else []
            process = context.Process(target=run, daemon=True, args=(
                theirs, inherited, self._make_fetcher, loader.dataset, loader.worker_init_fn, number, loader.num_workers, self._base_seed + number))
            try:
                _start(process)
            except BaseException:
                ours.close()
                raise
            finally:
                theirs.leave()
            self._workers.append(Worker(ours, process))

    def _begin(self):
        self._turns = cycle(self._workers)
        self._sent = self._due = 0  # tasks handed out, and the next one to be yielded
        self._tasks = {}  # number → worker
        for _ in range(self._ahead):
            self._hand_out()

    def reset(self, loader):
        """Another epoch with the same workers: each forgets the last one."""
        self._rewind(loader)
        self._epoch += 1
        for w in self._workers:
            w.channel.drop()
            w.active, w.asked = True, 0
            w.ask(None, self._epoch)
        for w in self._workers:
            while self._receive([w])[1:] != (None, self._epoch):
                pass
            w.asked = 0
        self._begin()

    def _hand_out(self):
        """The next task to the next worker that still has data; without order, to one that is not behind."""
        active = [w for w in self._workers if w.active]
        if not active or (index := next(self._indices, _NONE)) is _NONE:
            return
        worker = next(w for w in self._turns if w.active) if self._in_order else min(active, key=lambda w: w.asked)
        self._tasks[self._sent] = worker
        worker.ask(self._sent, index)
        self._sent += 1

    def _receive(self, workers):
        """(worker, number of the task, batch) from the first of them that has something."""
        started = monotonic()
        while True:
            for w in workers:
                alive = w.process.is_alive()
                try:
                    thing = w.channel.receive()
                except Closed:
                    thing = alive = None
                if thing is not None:
                    w.asked -= 1
                    return w, *thing[0]
                if not alive:
                    self._error = w.died()
                    self.shutdown(0)
                    raise self._error
            left = self._timeout - (monotonic() - started) if self._timeout > 0 else 1
            if left <= 0:
                raise RuntimeError(f"DataLoader timed out after {self._timeout} seconds")
            wait_for([w.channel for w in workers], min(1, left))

    def _busy(self, first):
        k = self._workers.index(first)
        return [w for w in self._workers[k:] + self._workers[:k] if w.active and w.asked > 0]

    def _batch(self):
        if self._error:
            raise self._error
        while self._tasks:
            if self._in_order:
                worker = self._tasks.get(self._due)
                if worker is None or not worker.active:
                    self._tasks.pop(self._due, None)
                    self._due += 1
                    continue
            else:
                worker = next(self._turns)  # the first to be looked at
            worker, index, batch = self._receive([worker] if self._in_order else self._busy(worker))
            if isinstance(batch, End):
                worker.active, worker.asked = False, 0
                self._tasks = {k: w for k, w in self._tasks.items() if w is not worker}
                self._hand_out()
                continue
            del self._tasks[index]
            self._hand_out()
            if isinstance(batch, Failed):
                batch.reraise()
            return batch
        if not self._persistent:
            self.shutdown()
        raise StopIteration

    def shutdown(self, patience=_PATIENCE):
        """Ends all workers: each has so many seconds for the batch it is at."""
        workers, self._workers = self._workers, []
        _live.pop(id(self), None)
        if os.getpid() != self._owner:
            return  # a forked copy of this object; the workers are not ours
        for w in workers:
            w.channel.close()
        deadline = monotonic() + patience
        for w in workers:
            w.process.join(max(0, deadline - monotonic()))
            for end in (w.process.terminate, w.process.kill):
                if w.process.exitcode is None:
                    end()
                    w.process.join(1)
            w.process.close()

    def __del__(self):
        if not sys.is_finalizing() and getattr(self, "_workers", None):
            self.shutdown()
