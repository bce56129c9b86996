"""The loader with workers: the same batches, errors that arrive, and no process, file or wait that is left over."""

import gc
import importlib
import multiprocessing
import os
import random
import signal
import threading
import time
import warnings
from collections import namedtuple

import pytest

from engine import IS_TORCH, ours, torch

data = importlib.import_module(torch.__name__ + ".utils.data")
nn = importlib.import_module(torch.__name__ + ".nn")
DataLoader, TensorDataset, Dataset, IterableDataset, get_worker_info = (
    data.DataLoader, data.TensorDataset, data.Dataset, data.IterableDataset, data.get_worker_info)
Point = namedtuple("Point", "x y")


@pytest.fixture(autouse=True)
def nothing_is_left_over():
    gc.collect()
    files = len(os.listdir("/proc/self/fd"))
    yield
    gc.collect()
    if not IS_TORCH:
        assert multiprocessing.active_children() == []
        assert len(os.listdir("/proc/self/fd")) <= files
        with pytest.raises(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)


def numbers(n=10):
    return TensorDataset(torch.arange(2 * n).reshape(n, 2).float(), torch.arange(n))


def labels(loader):
    return [batch[1].tolist() for batch in loader]


class Doing(Dataset):
    """Sample i is action(i)."""

    def __init__(self, action, n=8):
        self.action, self.n = action, n

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        return self.action(i)


class Part(IterableDataset):
    """Each worker has every num_workers-th number."""

    def __init__(self, n=10, share=True):
        self.n, self.share = n, share

    def __iter__(self):
        info = get_worker_info()
        return iter(range(info.id, self.n, info.num_workers) if info and self.share else range(self.n))


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("persistent", [False, True])
def test_batches_are_those_of_one_process(workers, persistent):
    for options in ({"batch_size": 3}, {"batch_size": 3, "drop_last": True}, {"batch_size": 4, "shuffle": True}, {"batch_sampler": [[5, 1], [2]]}):
        both = [DataLoader(numbers(), num_workers=n, generator=torch.Generator().manual_seed(2), **({"persistent_workers": persistent} if n else {}), **options)
                for n in (0, workers)]
        for _ in range(1 if persistent and "shuffle" in options else 2):  # persistent workers are seeded once: the generator moves on otherwise
            alone, shared = (list(loader) for loader in both)
            assert len(alone) == len(shared) == len(both[1])
            for a, b in zip(alone, shared):
                assert type(b) is list and all(torch.equal(x, y) and x.dtype == y.dtype for x, y in zip(a, b))
        del both


DTYPES = ["float32", "float64", "int64", "int32", "uint8", "bool", "float16", "bfloat16"]


def rich(i):
    tensors = {name: torch.tensor([[i, 1], [0, 2]]).to(getattr(torch, name)) for name in DTYPES}
    return {"t": tensors, "empty": torch.zeros(0, 3), "one": torch.tensor(i), "p": Point(i, [str(i), b"b"]), "turned": torch.arange(6).reshape(2, 3).T}


def test_every_kind_of_batch_arrives_as_it_was():
    batch = next(iter(DataLoader(Doing(rich), 3, num_workers=1)))
    expected = data.default_collate([rich(i) for i in range(3)])
    for name in DTYPES:
        x = batch["t"][name]
        assert x.dtype == getattr(torch, name) and x.tolist() == expected["t"][name].tolist()
    assert batch["empty"].shape == (3, 0, 3) and batch["one"].tolist() == [0, 1, 2] and torch.equal(batch["turned"], expected["turned"])
    assert type(batch["p"]) is Point and batch["p"].x.tolist() == [0, 1, 2] and list(batch["p"].y[0]) == ["0", "1", "2"]
    batch["one"] += 1  # the memory is ours
    assert batch["one"].tolist() == [1, 2, 3]


def test_batches_outlive_their_loader_and_each_has_its_own_memory():
    loader = DataLoader(numbers(40), 4, num_workers=2)
    batches = list(loader)
    del loader
    for k, (x, y) in enumerate(batches):
        assert y.tolist() == list(range(4 * k, 4 * k + 4)) and x[:, 0].tolist() == [2.0 * i for i in y.tolist()]
        x.zero_()


def test_numpy_arrays_and_long_pickles_arrive():
    np = pytest.importorskip("numpy")
    loader = DataLoader(Doing(lambda i: (np.full((50, 50), i), "x" * 50000, list(range(9000)))), 2, num_workers=2, collate_fn=lambda samples: samples)
    for k, samples in enumerate(loader):
        for j, (array, text, many) in enumerate(samples):
            assert (array == 2 * k + j).all() and array.shape == (50, 50) and array.flags.writeable and len(text) == 50000 and many[-1] == 8999
    long = DataLoader(numbers(30000), batch_sampler=[list(range(30000))] * 4, num_workers=1, prefetch_factor=4)
    assert [y.shape[0] for _, y in long] == [30000] * 4


def test_tensors_that_require_gradients_arrive_as_leaves():
    def leaf(i):
        return torch.full((2,), float(i)).requires_grad_()

    def first(samples):
        return samples[0]

    (x, y) = list(DataLoader(Doing(leaf, 2), 1, num_workers=1, collate_fn=first))
    assert y.requires_grad and y.is_leaf and y.tolist() == [1, 1]
    if not IS_TORCH:
        with pytest.raises(RuntimeError, match="detach"):
            list(DataLoader(Doing(leaf, 2), 1, num_workers=1))


@pytest.mark.parametrize("workers, expected", [(1, [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9]]), (2, [[0, 2, 4], [1, 3, 5], [6, 8], [7, 9]]),
                                               (3, [[0, 3, 6], [1, 4, 7], [2, 5, 8], [9]])])
def test_datasets_to_iterate_over_are_taken_in_turns(workers, expected):
    loader = DataLoader(Part(), 3, num_workers=workers, persistent_workers=True)
    assert [b.tolist() for b in loader] == [b.tolist() for b in loader] == expected
    assert [b.tolist() for b in DataLoader(Part(), 3, num_workers=workers, drop_last=True)] == [b for b in expected if len(b) == 3]
    assert sorted(DataLoader(Part(), batch_size=None, num_workers=workers)) == list(range(10))
    assert len(list(DataLoader(Part(share=False), 5, num_workers=workers))) == 2 * workers


def test_each_worker_knows_itself_and_has_random_numbers_of_its_own():
    def ask(i):
        info = get_worker_info()
        return info.id, info.num_workers, info.seed, len(info.dataset), torch.initial_seed(), torch.randint(2**62, ()).item(), random.random(), torch.get_num_threads()

    assert get_worker_info() is None

    def look():
        return list(DataLoader(Doing(ask, 6), batch_size=None, num_workers=3, generator=torch.Generator().manual_seed(4)))

    seen = look()
    assert [s[0] for s in seen] == [0, 1, 2, 0, 1, 2] and {s[1] for s in seen} == {3} and {s[3] for s in seen} == {6} and {s[7] for s in seen} == {1}
    base = seen[0][2]
    assert [s[2] for s in seen] == [base, base + 1, base + 2] * 2 and all(s[2] == s[4] for s in seen)
    assert len({s[5] for s in seen}) == len({s[6] for s in seen}) == 6
    assert look() == seen
    assert get_worker_info() is None


@ours
def test_numpy_has_other_numbers_in_each_worker():
    np = pytest.importorskip("numpy")
    seen = list(DataLoader(Doing(lambda i: np.random.rand()), batch_size=None, num_workers=2))
    assert len(set(seen)) == 8


def test_worker_init_fn_is_called_first():
    def init(k):
        global started
        started = k

    assert list(DataLoader(Doing(lambda i: started, 4), batch_size=None, num_workers=2, worker_init_fn=init)) == [0, 1, 0, 1]

    def broken(k):
        raise ValueError(f"worker {k} does not start")

    with pytest.raises(ValueError, match="worker 0 does not start"):
        list(DataLoader(numbers(), num_workers=2, worker_init_fn=broken))


class Odd(Exception):
    def __init__(self, a, b):
        super().__init__(a, b)


def test_what_a_worker_raises_is_raised_here_with_its_traceback():
    class Local(Exception):
        pass

    cases = [(ValueError("so"), ValueError), (KeyError("key"), KeyError), (IndexError("far"), IndexError), (Odd(1, 2), RuntimeError)]
    for error, kind in [*cases, (Local("hidden"), RuntimeError)][:None if not IS_TORCH else -1]:

        def raising(i, error=error):
            if i == 2:
                raise error
            return i

        loader = iter(DataLoader(Doing(raising), 1, num_workers=2))
        assert next(loader).item() == 0 and next(loader).item() == 1
        with pytest.raises(kind) as caught:
            next(loader)
        text = str(caught.value)
        assert f"Caught {type(error).__name__} in DataLoader worker process 0" in text and "in raising" in text and "\n" in text
        assert next(loader).item() == 3  # the others are not lost
        del loader, caught


@ours
def test_what_cannot_be_sent_is_an_error():
    with pytest.raises((AttributeError, TypeError, RuntimeError), match="pickle|local object"):
        list(DataLoader(Doing(lambda i: lambda: i), batch_size=None, num_workers=1))
    with pytest.raises(TypeError):
        list(DataLoader(Doing(lambda i: threading.Lock()), batch_size=None, num_workers=1))


def test_a_killed_worker_is_a_runtime_error():
    loader = iter(DataLoader(Doing(lambda i: os.getpid() if i < 6 else time.sleep(60), 9), batch_size=None, num_workers=2))
    pids = [next(loader) for _ in range(2)]
    assert len(set(pids)) == 2
    os.kill(pids[0], signal.SIGKILL)
    with pytest.raises(RuntimeError, match=f"worker \\(pid\\(s\\) {pids[0]}\\) exited|killed by signal"):
        for _ in range(9):
            next(loader)
    if not IS_TORCH:
        with pytest.raises(RuntimeError, match="SIGKILL"):  # and it stays one
            next(loader)


def test_a_worker_that_ends_by_itself_is_a_runtime_error():
    with pytest.raises(RuntimeError, match="exited unexpectedly"):
        list(DataLoader(Doing(lambda i: os._exit(3)), num_workers=2))


def test_a_batch_that_does_not_come_in_time_is_a_runtime_error():
    started = time.monotonic()
    with pytest.raises(RuntimeError, match="timed out after 0.2"):
        next(iter(DataLoader(Doing(lambda i: time.sleep(1)), num_workers=1, timeout=0.2)))
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("persistent", [False, True])
def test_a_loop_may_be_left_early(persistent):
    started = time.monotonic()
    loader = DataLoader(numbers(100), 1, num_workers=2, persistent_workers=persistent)
    for _ in range(2):
        for _, y in loader:
            break
        assert y.tolist() == [0]
    assert sum(labels(loader), []) == list(range(100))
    assert time.monotonic() - started < 4


def test_persistent_workers_stay():
    loader = DataLoader(Doing(lambda i: os.getpid()), batch_size=None, num_workers=2, persistent_workers=True)
    first = list(loader)
    assert set(list(loader)) == set(first) and len(set(first)) == 2
    if not IS_TORCH:
        os.kill(first[0], signal.SIGKILL)
        with pytest.raises(RuntimeError):
            list(loader)
        assert not set(list(loader)) & set(first)  # new ones, once the error was seen


@ours
def test_an_epoch_can_begin_after_a_batch_was_late():
    loader = DataLoader(Doing(lambda i: time.sleep(0.5 if i == 1 else 0) or i, 3), batch_size=None, num_workers=1, persistent_workers=True, timeout=0.2)
    with pytest.raises(RuntimeError, match="timed out"):
        list(loader)
    with pytest.raises(RuntimeError, match="timed out"):
        iter(loader)  # the worker is still at it
    loader._iterator._timeout = 5
    assert list(loader) == [0, 1, 2]


def test_loaders_within_loaders_and_in_threads():
    outer, inner = DataLoader(numbers(4), 2, num_workers=1), DataLoader(numbers(6), 2, num_workers=2)
    started = time.monotonic()
    for _, y in outer:
        assert sum(labels(inner), []) == list(range(6))
        break
    del outer
    assert time.monotonic() - started < 4
    seen = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        threads = [threading.Thread(target=lambda: seen.append(sum(labels(inner), []))) for _ in range(3)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    assert seen == [list(range(6))] * 3


def test_batches_as_they_are_ready():
    def slow(i):
        time.sleep(0.3 if i == 0 else 0)
        return i

    loader = DataLoader(Doing(slow, 12), batch_size=None, num_workers=2, in_order=False)
    seen = list(loader)
    assert sorted(seen) == list(range(12)) and seen[0] != 0
    assert sorted(b.item() for b in DataLoader(Part(), 1, num_workers=3, in_order=False)) == list(range(10))


def test_many_batches_ahead():
    assert sum(labels(DataLoader(numbers(3000), 1, num_workers=2, prefetch_factor=900)), []) == list(range(3000))


def test_workers_compute_after_the_parent_has_trained():
    torch.manual_seed(0)
    threads = torch.get_num_threads()
    torch.set_num_threads(4)
    net = nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 1))
    optimizer = torch.optim.SGD(net.parameters(), 0.01) if IS_TORCH else importlib.import_module("backprop.optim").SGD(net.parameters(), 0.01)
    x = torch.randn(512, 64)

    def step():
        optimizer.zero_grad()
        loss = net(x).square().mean()
        loss.backward()
        optimizer.step()
        return loss.item()

    def work(i):
        a = torch.full((300, 300), 1.0 + i)
        return (a @ a).double().sum().item()

    step()
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)
        got = list(DataLoader(Doing(work, 4), batch_size=None, num_workers=2))
    assert got == [300.0**3 * (1 + i) ** 2 for i in range(4)]
    assert step() > 0 and torch.get_num_threads() == 4
    torch.set_num_threads(threads)


@ours
def test_a_forked_child_goes_on_with_its_parents_numbers():
    torch.manual_seed(3)
    torch.rand(2)
    out, into = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if not pid:
        os.write(into, memoryview(torch.rand(4, dtype=torch.float64)))
        os._exit(0)
    numbers = torch.rand(4, dtype=torch.float64)
    assert os.read(out, 99) == memoryview(numbers).tobytes()
    os.waitpid(pid, 0)
    os.close(out)
    os.close(into)


@ours
def test_a_loader_copied_into_a_fork_leaves_the_workers_alone():
    loader = iter(DataLoader(numbers(), 2, num_workers=1))
    next(loader)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if not pid:
        try:
            loader.shutdown()
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    assert len(list(loader)) == 4


@ours
def test_workers_end_when_their_parent_is_killed():
    out, into = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if not pid:
        loader = iter(DataLoader(Doing(lambda i: os.getpid()), batch_size=None, num_workers=2))
        os.write(into, b"%d %d" % (next(loader), next(loader)))
        time.sleep(60)
        os._exit(0)
    pids = [int(n) for n in os.read(out, 99).split()]
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(out)
    os.close(into)
    deadline = time.monotonic() + 4
    while any(running(p) for p in pids) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(running(p) for p in pids)


def running(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
