"""Whatever a caller can get wrong raises the right exception, and the next call works."""

import gc
import sys
import threading
import weakref

import pytest
from engine import ours, torch


sdpa = torch.nn.functional.scaled_dot_product_attention


@pytest.fixture(autouse=True)
def the_next_call_works():
    yield
    assert (torch.tensor([1.0]) + 1).item() == 2


@pytest.mark.parametrize(
    "call, exception",
    [
        (lambda: torch.ones(3, 4) @ torch.ones(5, 2), RuntimeError),
        (lambda: torch.ones(2) + torch.ones(3), RuntimeError),
        (lambda: torch.ones(2, 3).reshape(4), RuntimeError),
        (lambda: torch.ones(2, 3).view(-1, -1), (RuntimeError, ValueError)),
        (lambda: torch.ones(2).sum(1), IndexError),
        (lambda: torch.ones(2)[2], IndexError),
        (lambda: torch.ones(2)[-3], IndexError),
        (lambda: torch.ones(2)[0, 0], IndexError),
        (lambda: torch.ones(2)[[2]], IndexError),
        (lambda: torch.ones(2)[torch.tensor([True, False, True])], IndexError),
        (lambda: torch.ones(4, 4)[[0, 1], [0, 1, 2]], IndexError),
        (lambda: torch.ones(2)[::-1], ValueError),
        (lambda: torch.ones(2)["a"], (TypeError, IndexError)),
        (lambda: torch.ones(2)[1.5], (TypeError, IndexError)),
        (lambda: torch.ones(2)[torch.tensor([0.5])], IndexError),
        (lambda: torch.ones(2).item(), RuntimeError),
        (lambda: bool(torch.ones(2)), RuntimeError),
        (lambda: bool(torch.ones(0)), RuntimeError),
        (lambda: float(torch.ones(2)), ValueError),
        (lambda: [1, 2][torch.tensor(1.0)], TypeError),
        (lambda: len(torch.tensor(1)), TypeError),
        (lambda: iter(torch.tensor(1)), TypeError),
        (lambda: torch.ones(2) + "a", TypeError),
        (lambda: torch.ones(2) @ 3, TypeError),
        (lambda: "a" * torch.ones(2), TypeError),
        (lambda: torch.ones(2) < "a", TypeError),
        (lambda: sdpa(torch.ones(2, 3), torch.ones(4, 5), torch.ones(4, 3)), RuntimeError),
        (lambda: sdpa(torch.ones(2, 3), torch.ones(4, 3), torch.ones(5, 3)), RuntimeError),
        (lambda: sdpa(torch.ones(2, 3), torch.ones(4, 3), torch.ones(4, 3), torch.ones(3, 4)), RuntimeError),
        (lambda: sdpa(torch.ones(2, 3), torch.ones(4, 3), torch.ones(4, 3), torch.ones(2, 4), is_causal=True), (RuntimeError, ValueError)),
        (lambda: sdpa(torch.ones(4, 2, 3), torch.ones(3, 4, 3), torch.ones(3, 4, 3), enable_gqa=True), RuntimeError),
        (lambda: sdpa(torch.ones(2, 3), torch.ones(4, 3).double(), torch.ones(4, 3)), (RuntimeError, TypeError)),
        (lambda: sdpa(torch.ones(2, 3), torch.ones(4, 3), torch.ones(4, 3), dropout_p=1.5), (RuntimeError, ValueError)),
        (lambda: torch.nn.LSTM(3, 4)(torch.ones(2, 5, 2)), RuntimeError),
        (lambda: torch.nn.GRU(3, 4)(torch.ones(2, 5, 3), torch.ones(1, 4, 4)), RuntimeError),
        (lambda: torch.nn.RNN(3, 4)(torch.ones(2, 2, 2, 3)), (RuntimeError, ValueError)),
        (lambda: torch.nn.RNN(3, 4, nonlinearity="sin"), ValueError),
        (lambda: torch.nn.LSTM(3, 4, proj_size=4), ValueError),
        (lambda: torch.nn.GRU(3, 4, proj_size=2), (TypeError, ValueError)),
        (lambda: torch.nn.Embedding(3, 4, padding_idx=3), (AssertionError, ValueError)),
        (lambda: torch.ones(2, 3).split(0), RuntimeError),
        (lambda: torch.ones(2, 3).split([1, 2]), RuntimeError),
        (lambda: torch.ones(2, 3).split(1, 2), IndexError),
        (lambda: torch.ones(2, 3).chunk(0), RuntimeError),
        (lambda: torch.tensor(1.0).unbind(), (IndexError, RuntimeError)),
        (lambda: torch.exp(1.0), TypeError),
        (lambda: torch.exp(), TypeError),
        (lambda: torch.exp(torch.ones(1), torch.ones(1), torch.ones(1)), TypeError),
        (lambda: torch.exp(torch.ones(1), nothing=1), TypeError),
        (lambda: torch.add(torch.ones(1), input=torch.ones(1)), TypeError),
        (lambda: torch.zeros("a"), TypeError),
        (lambda: torch.zeros(2.5), TypeError),
        (lambda: torch.zeros(2, -1), RuntimeError),
        (lambda: torch.zeros(2, dtype="float32"), TypeError),
        (lambda: torch.tensor("abc"), TypeError),
        (lambda: torch.tensor([1, "a"]), (TypeError, ValueError)),
        (lambda: torch.tensor([1, None]), (TypeError, RuntimeError)),
        (lambda: torch.tensor({1: 2}), (TypeError, RuntimeError)),
        (lambda: torch.tensor([[1], [2, 3]]), ValueError),
        (lambda: torch.tensor([[1], 2]), (TypeError, ValueError)),
        (lambda: torch.tensor([1, [2]]), (TypeError, ValueError)),
        (lambda: torch.tensor([2**40], dtype=torch.int32), RuntimeError),
        (lambda: torch.tensor(2**70), (ValueError, OverflowError)),
        (lambda: torch.ones(2) + 2**70, (RuntimeError, OverflowError)),
        (lambda: torch.tensor([float("nan")], dtype=torch.int64), (RuntimeError, ValueError)),
        (lambda: torch.ones(1, dtype=torch.int64).requires_grad_(), (RuntimeError, TypeError)),
        (lambda: torch.tensor([1], requires_grad=True), (RuntimeError, TypeError)),
        (lambda: torch.cat([torch.ones(2), 3]), TypeError),
        (lambda: torch.cat([]), (ValueError, RuntimeError)),
        (lambda: torch.cat([torch.ones(2, 1), torch.ones(3, 2)]), RuntimeError),
        (lambda: torch.stack([torch.ones(2), torch.ones(3)]), RuntimeError),
        (lambda: torch.ones(2).expand(3), RuntimeError),
        (lambda: torch.ones(2, 2).permute(0, 0), (RuntimeError, ValueError)),
        (lambda: torch.ones(2, 2).transpose(0, 2), IndexError),
        (lambda: torch.ones(2, 2).narrow(0, 1, 2), RuntimeError),
        (lambda: torch.clamp(torch.ones(2)), (RuntimeError, ValueError)),
        (lambda: torch.ones(2, 2).gather(1, torch.tensor([[2], [0]])), (IndexError, RuntimeError)),
        (lambda: torch.ones(2).index_select(0, torch.tensor([2])), IndexError),
        (lambda: torch.where(1, torch.ones(1), 2), TypeError),
        (lambda: torch.arange(0, 10, 0), (RuntimeError, ValueError)),
        (lambda: torch.arange(0, 10, -1), (RuntimeError, ValueError)),
        (lambda: torch.ones(2).to("tpu"), RuntimeError),
        (lambda: torch.nn.functional.cross_entropy(torch.ones(2, 3), torch.tensor([0, 3])), IndexError),
        (lambda: torch.nn.functional.linear(torch.ones(2, 3), torch.ones(4, 5)), RuntimeError),
        (lambda: torch.nn.functional.gelu(torch.ones(2), approximate="x"), RuntimeError),
        (lambda: torch.randint(5, 5, (2,)), RuntimeError),
        (lambda: torch.ones(2).backward(), RuntimeError),
        (lambda: torch.device("abacus"), RuntimeError),
    ],
)
def test_mistakes(call, exception):
    with pytest.raises(exception):
        call()


@ours
def test_sizes_nobody_has():
    for call in (lambda: torch.zeros(2**62), lambda: torch.zeros(2**40, 2**40), lambda: torch.ones(1).expand(2**62, 2**62),
                 lambda: torch.randperm(2**60), lambda: torch.eye(2**40), lambda: torch.arange(0, 1e18)):
        with pytest.raises((MemoryError, RuntimeError, ValueError)):
            call()
    with pytest.raises(OverflowError):
        torch.zeros(2**64)
    with pytest.raises(RuntimeError):
        torch.zeros(*[1] * 9)
    with pytest.raises(RuntimeError):
        torch.zeros(*[1] * 8).unsqueeze(0)


@ours
def test_lists_that_contain_themselves():
    a = [1]
    a.append(a)
    b = []
    b.append(b)
    for data in (a, b, [[[[[[[[[1]]]]]]]]]):
        with pytest.raises(ValueError):
            torch.tensor(data)


@ours
def test_lists_that_change_while_they_are_read():
    data = []

    class Shrinks:
        def __float__(self):
            data.clear()
            return 1.0

    data[:] = [Shrinks(), 2.0, 3.0]
    with pytest.raises((ValueError, IndexError)):
        torch.tensor(data, dtype=torch.float32)

    class Raises:
        def __float__(self):
            raise KeyError("mine")

    for call in (lambda: torch.tensor([Raises()]), lambda: torch.ones(2) + Raises(), lambda: torch.full((1,), Raises())):
        with pytest.raises(KeyError):
            call()


@ours
def test_the_sentence_is_the_librarys():
    with pytest.raises(RuntimeError, match=r"matmul.*\[3, 4\].*\[5, 2\]"):
        torch.ones(3, 4) @ torch.ones(5, 2)


@ours
def test_files(tmp_path):
    with pytest.raises(FileNotFoundError):
        torch.load(tmp_path / "nothing")
    bad = tmp_path / "bad"
    for content in (b"", b"hello", b"\xff" * 64, b"\x08\0\0\0\0\0\0\0{\"a\": 1}"):
        bad.write_bytes(content)
        with pytest.raises(ValueError):
            torch.load(bad)
    with pytest.raises(OSError):
        torch.load(tmp_path)
    with pytest.raises(OSError):
        torch.save({"a": torch.ones(1)}, tmp_path / "no" / "such" / "folder")
    for content in ({1, 2}, object(), {"a": 1j}, {"a": {"b": b"bytes"}}, torch.ones):
        with pytest.raises(TypeError):
            torch.save(content, tmp_path / "x")
    for path in (3, None, object(), open(bad)):
        with pytest.raises(TypeError):
            torch.save({"a": torch.ones(1)}, path)
    with pytest.raises(OSError):
        torch.save({"a": torch.ones(1)}, open(bad, "rb"))
    with pytest.raises(ValueError):
        torch.load("a\0b")
    assert not (tmp_path / "x").exists()


@ours
def test_types_that_cannot_be_made():
    for type_ in (type(torch.float32), type(torch.optim.SGD([torch.ones(1, requires_grad=True)])._made)):
        with pytest.raises(TypeError):
            type_()
    for bad in (2.5, None, True, "ab", object()):
        with pytest.raises(TypeError):
            torch.Tensor(bad)
    assert torch.Tensor(3).shape == (3,) and torch.Tensor().shape == (0,) and torch.Tensor(2, 3).shape == (2, 3)
    assert torch.Tensor([1, 2]).dtype is torch.float32


@ours
def test_one_module_per_process():
    import importlib

    core = sys.modules.pop("backprop._core")
    try:
        with pytest.raises(ImportError):
            importlib.import_module("backprop._core")
    finally:
        sys.modules["backprop._core"] = core
    assert torch.ones(2).sum().item() == 2


def test_weak_references_and_subclasses():
    x = torch.ones(2)
    r = weakref.ref(x)
    assert r() is x
    del x
    gc.collect()
    assert r() is None

    class Mine(torch.nn.Parameter):
        pass

    p = Mine(torch.ones(2))
    p.note = "kept"
    assert p.note == "kept" and isinstance(p, torch.nn.Parameter) and (p * 2).tolist() == [2, 2]
    r = weakref.ref(p)
    del p
    gc.collect()
    assert r() is None


@ours
def test_cycles_through_tensors_are_collected():
    p = torch.nn.Parameter(torch.ones(2))
    p.me = p
    r = weakref.ref(p)
    del p
    gc.collect()
    assert r() is None


def test_threads_may_share_the_package():
    results = []

    def work(k):
        w = torch.tensor([float(k)], requires_grad=True)
        for _ in range(200):
            w.grad = None
            (w * w).sum().backward()
        results.append((k, w.grad.item()))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(results) == [(k, 2.0 * k) for k in range(4)]


@ours
def test_a_million_nodes():
    x = torch.ones(1, requires_grad=True)
    y = x
    for _ in range(200_000):
        y = y + 1
    y.backward()
    assert x.grad.item() == 1
    del y


@ours
def test_nothing_leaks():
    def work():
        w = torch.randn(8, 8, requires_grad=True)
        for _ in range(20):
            loss = ((torch.ones(4, 8) @ w).relu()[0, 1:] * 2 + 1).sum() / 3
            loss.backward()
            w.grad = None
            for mistake in (lambda: w @ torch.ones(3), lambda: w[99], lambda: w + "a", lambda: torch.tensor([[1], [2, 3]])):
                with pytest.raises(Exception):
                    mistake()
            torch.where(w.detach() > 0, w, 0.0).max(1)
            w[[0, 1]], w[w > 0], torch.cat([w, w]), torch.arange(3, dtype=torch.float64), torch.tensor([1, 2], dtype=torch.float16)
            memoryview(w.detach()).tolist()
            assert torch.autograd.grad((w * 2).sum(), w)[0].shape == w.shape
            d = w.detach().double().requires_grad_()
            assert torch.autograd.gradcheck(lambda d: (d * d)[0].sum(), (d[:1].detach().requires_grad_(),))

    work()
    gc.collect()
    before = torch.memory_stats()["tensors"]
    for _ in range(3):
        work()
    gc.collect()
    assert torch.memory_stats()["tensors"] == before
