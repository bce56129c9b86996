"""Threads, forks, sub-interpreters: one context serves them all, and nothing is lost."""
import os
import sys
import threading
import time

import pytest

from engine import IS_TORCH, ours, run, torch


def train(seed, steps=40):
    """The weights after some steps; every number is fixed by the seed, none by the random generator that threads share."""
    x = torch.linspace(-2, 2, 96).reshape(32, 3) * (seed + 1)
    y = torch.sin(x).sum(1, keepdim=True)
    net = torch.nn.Sequential(torch.nn.Linear(3, 64), torch.nn.Tanh(), torch.nn.Linear(64, 1))
    with torch.no_grad():
        for k, p in enumerate(net.parameters()):
            p.copy_(torch.cos(torch.arange(p.numel(), dtype=torch.float32) + k).reshape(p.shape) * 0.3)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(net(x), y)
        loss.backward()
        optimizer.step()
        with torch.no_grad():  # an evaluation: recording is off in this thread alone
            losses.append(((net(x) - y) ** 2).mean().item())
    return losses + [p.detach().flatten().tolist() for p in net.parameters()]


def in_threads(*functions):
    """What the functions return, each called in a thread of its own, all at once."""
    results, start = [None] * len(functions), threading.Barrier(len(functions))

    def call(i):
        start.wait()
        try:
            results[i] = functions[i]()
        except BaseException as e:  # noqa: BLE001  (to be seen by the test)
            results[i] = e

    threads = [threading.Thread(target=call, args=(i,)) for i in range(len(functions))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for r in results:
        if isinstance(r, BaseException):
            raise r
    return results


@pytest.fixture(params=[1e-5, 5e-3], ids=["restless", "calm"])
def switching(request):
    """How soon Python takes the interpreter from a thread."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(request.param)
    yield
    sys.setswitchinterval(before)


def test_four_threads_train_four_networks(switching):
    alone = [train(seed) for seed in range(4)]
    assert in_threads(*(lambda s=s: train(s) for s in range(4))) == alone


def test_large_networks_in_threads_give_the_results_of_one(switching):
    def large(seed):
        w = (torch.sin(torch.arange(300 * 300, dtype=torch.float32)) * 0.05 * (seed + 1)).reshape(300, 300).requires_grad_()
        x = torch.cos(torch.arange(200 * 300, dtype=torch.float32)).reshape(200, 300)
        for _ in range(10):
            w.grad = None
            torch.tanh(x @ w).square().mean().backward()
            with torch.no_grad():
                w -= 0.5 * w.grad
        return w.detach().flatten().tolist()

    alone = [large(seed) for seed in range(4)]
    assert in_threads(*(lambda s=s: large(s) for s in range(4))) == alone


def test_python_goes_on_while_a_thread_computes():
    x = torch.randn(1500, 1500)
    times, span = [], []

    def compute():
        start = time.perf_counter()
        x @ x
        span.extend((start, time.perf_counter()))

    for _ in range(20):  # one product may be over before Python looks
        times.clear(), span.clear()
        worker = threading.Thread(target=compute)
        worker.start()
        while worker.is_alive():
            times.append(time.perf_counter())
        worker.join()
        if any(span[0] + (span[1] - span[0]) * 0.2 < t < span[1] - (span[1] - span[0]) * 0.2 for t in times):
            return
    pytest.fail("Python stood still in twenty products")


def test_recording_is_each_thread_s_own_affair():
    w = torch.ones(3, requires_grad=True)
    inside, outside = threading.Event(), threading.Event()

    def silent():
        with torch.no_grad():
            inside.set()
            outside.wait()
            return (w * 2).requires_grad, torch.is_grad_enabled()

    def recording():
        inside.wait()
        found = (w * 2).requires_grad, torch.is_grad_enabled()
        outside.set()
        return found

    assert in_threads(silent, recording) == [(False, False), (True, True)]
    with torch.no_grad():
        assert in_threads(torch.is_grad_enabled) == [True]
    assert torch.is_grad_enabled()


def test_a_thread_that_ends_without_recording_leaves_the_others_alone():
    in_threads(lambda: torch.set_grad_enabled(False))
    assert (torch.ones(1, requires_grad=True) * 2).requires_grad
    assert in_threads(torch.is_grad_enabled) == [True]


def test_a_hook_may_let_other_threads_in():
    """While the hook sleeps, another thread computes, records, walks and drops; both end with the right numbers."""
    sleeping = threading.Event()

    def with_hook():
        w = torch.arange(4.0, requires_grad=True)
        y = w * 3

        def hook(gradient):
            sleeping.set()
            time.sleep(0.05)
            return gradient * 2

        y.register_hook(hook)
        y.sum().backward()
        return w.grad.tolist()

    def other():
        sleeping.wait()
        found = []
        for _ in range(50):
            w = torch.ones(5, requires_grad=True)
            (w * w).sum().backward()
            found.append(w.grad.tolist())
        return found

    hooked, found = in_threads(with_hook, other)
    assert hooked == [6.0] * 4 and found == [[2.0] * 5] * 50


def test_a_gradient_function_in_python_may_let_other_threads_in():
    class Slow(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 5

        @staticmethod
        def backward(ctx, gradient):
            time.sleep(0.002)
            assert not torch.is_grad_enabled()
            return gradient * 5

    def walk():
        found = []
        for _ in range(10):
            w = torch.ones(3, requires_grad=True)
            Slow.apply(w * 2).sum().backward()
            found.append(w.grad.tolist())
            assert torch.is_grad_enabled()
        return found

    assert in_threads(walk, walk, walk) == [[[10.0] * 3] * 10] * 3


def test_tensors_dropped_by_another_thread_are_released(switching):
    if IS_TORCH:
        pytest.skip("counts our tensors")
    before = torch.memory_stats()["tensors"]
    big = torch.randn(700, 700)
    stop = threading.Event()

    def compute():
        for _ in range(20):
            big @ big
        stop.set()

    def churn():
        while not stop.is_set():
            [torch.ones(2) for _ in range(50)]

    def drop():  # memoryviews and tensors go while the other thread has the context
        kept = [torch.ones(3) for _ in range(3000)]
        views = [memoryview(t) for t in kept]
        while kept:
            kept.pop()
            views.pop()
            time.sleep(0)

    in_threads(compute, churn, drop)
    del big
    assert torch.memory_stats()["tensors"] == before


def test_errors_stay_with_their_thread(switching):
    def wrong(n):
        for _ in range(200):
            with pytest.raises(RuntimeError, match=f"{n}"):
                torch.ones(2, n) @ torch.ones(n + 1, 2)

    in_threads(*(lambda n=n: wrong(n) for n in (301, 302, 303)))


# -- fork --------------------------------------------------------------------------------------------------------


def forked(function):
    """What the function returns in a forked child, by way of its text."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        status = 1
        try:
            os.write(write, repr(function()).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(write)
    with os.fdopen(read) as pipe:
        found = pipe.read()
    assert os.waitpid(child, 0)[1] == 0
    return found


@ours
def test_a_forked_trainer_works_after_the_parent_trained():
    torch.set_num_threads(2)
    try:
        torch.randn(400, 400) @ torch.randn(400, 400)  # the library's threads are running
        here = train(3)
        assert forked(lambda: train(3)) == repr(here)
        assert train(3) == here
    finally:
        torch.set_num_threads(0) if not IS_TORCH else None


@ours
def test_a_fork_waits_for_a_thread_that_computes():
    big, stop = torch.randn(600, 600), threading.Event()

    def compute():
        while not stop.is_set():
            big @ big

    worker = threading.Thread(target=compute)
    worker.start()
    try:
        expected = repr(train(1, steps=3))
        for _ in range(10):
            assert forked(lambda: train(1, steps=3)) == expected
    finally:
        stop.set()
        worker.join()


# -- interpreters ------------------------------------------------------------------------------------------------


@ours
def test_a_sub_interpreter_is_refused_and_nothing_is_lost():
    out, _ = run("""
        try:
            import _interpreters as sub
        except ImportError:
            import _xxsubinterpreters as sub
        import backprop as torch
        x = torch.ones(3, requires_grad=True)
        made = sub.create()
        problem = None
        try:
            problem = sub.run_string(made, '''if True:
                try:
                    import backprop
                except ImportError as e:
                    print('refused:', e, flush=True)
                else:
                    print('was let in', flush=True)''')
        except Exception as e:
            problem = e
        sub.destroy(made)
        (x * x).sum().backward()
        print(problem, x.grad.tolist())
        """)
    assert "refused:" in out and "was let in" not in out and "[2.0, 2.0, 2.0]" in out


@ours
def test_python_may_end_while_a_thread_computes():
    for _ in range(3):
        run("""
            import threading, time, backprop as torch
            x = torch.randn(800, 800)
            def compute():
                while True: x @ x
            threading.Thread(target=compute, daemon=True).start()
            time.sleep(0.1)
            kept = [torch.ones(3) for _ in range(100)]
            """, timeout=60)


@ours
def test_development_mode_has_nothing_to_say():
    """Debug allocators, warnings as errors: training, hooks, files, pickles, threads, an import again."""
    _, err = run("""
        import copy, os, pickle, sys, tempfile, threading, backprop as torch
        def train():
            net = torch.nn.Sequential(torch.nn.Conv2d(1, 3, 3), torch.nn.BatchNorm2d(3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.LazyLinear(4)
                                      if hasattr(torch.nn, 'LazyLinear') else torch.nn.Linear(108, 4))
            x = torch.randn(5, 1, 8, 8)
            optimizer = torch.optim.AdamW(net.parameters())
            for _ in range(3):
                loss = torch.nn.functional.cross_entropy(net(x), torch.tensor([0, 1, 2, 3, 0]))
                optimizer.zero_grad(); loss.backward(); optimizer.step()
            copy.deepcopy(net), pickle.loads(pickle.dumps(x))
            y = torch.ones(3, requires_grad=True)
            y.register_hook(lambda g: g * 2)
            (y * y).sum().backward()
            repr(x), list(x), x[0, :, 1:].tolist(), memoryview(x).tolist()
            for bad in (lambda: x @ x[0, 0, 0, :3], lambda: x[99], lambda: torch.tensor([[1], [1, 2]])):
                try: bad()
                except (RuntimeError, IndexError, ValueError): pass
        train()
        threads = [threading.Thread(target=train) for _ in range(3)]
        [t.start() for t in threads]
        [t.join() for t in threads]
        for name in [n for n in sys.modules if n.split('.')[0] == 'backprop']: del sys.modules[name]
        """, "-X", "dev", "-W", "error")
    assert err == ""
