"""What programs ask and set before they begin."""

import pytest
from engine import IS_TORCH, close, ours, torch


def test_defaults():
    assert torch.get_default_dtype() is torch.float32 and torch.get_default_device() == torch.device("cpu")
    torch.set_default_dtype(torch.float32)
    torch.set_default_device("cpu")
    torch.use_deterministic_algorithms(True)
    assert torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(False)
    torch.set_float32_matmul_precision("high")
    assert torch.get_float32_matmul_precision() == "high"
    torch.set_float32_matmul_precision("highest")
    with pytest.warns(UserWarning):
        torch.set_float32_matmul_precision("exact")
    assert torch.get_float32_matmul_precision() == "highest"
    assert not torch.is_inference_mode_enabled() and not torch.is_autocast_enabled() and torch.get_num_interop_threads() > 0


@ours
def test_other_devices_are_refused():
    with pytest.raises(RuntimeError):
        torch.set_default_device("cuda")
    torch.set_num_interop_threads(1)
    assert torch.set_flush_denormal(False) is False


def test_there_is_no_accelerator():
    if IS_TORCH and torch.cuda.is_available():
        pytest.skip("a machine with a GPU")
    device = torch.accelerator.current_accelerator().type if torch.accelerator.is_available() else "cpu"
    assert device == "cpu" and torch.accelerator.device_count() == 0 and torch.accelerator.current_accelerator() is None
    assert not torch.cuda.is_available() and torch.cuda.device_count() == 0 and not torch.cuda.is_initialized()
    torch.cuda.manual_seed(1)
    torch.cuda.manual_seed_all(1)
    torch.cuda.empty_cache()
    assert torch.cuda.memory_allocated() == 0 and torch.cuda.max_memory_allocated() == 0
    with pytest.raises((AssertionError, RuntimeError)):
        torch.cuda.current_device()
    assert not torch.backends.mps.is_available()
    torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic = False, True
    assert torch.backends.cudnn.deterministic and torch.backends.cpu.get_cpu_capability()


@ours
def test_functions_come_back_as_they_are():
    def f(x):
        return x * 2

    assert torch.compile(f) is f and torch.compile(mode="max-autotune")(f) is f
    assert torch.compiler.disable(f) is f and not torch.compiler.is_compiling()
    model = torch.nn.Linear(2, 2)
    assert torch.jit.script(model) is model and torch.jit.trace(model, torch.ones(1, 2)) is model and torch.jit.trace(f, (torch.ones(1),)) is f
    assert torch.jit.ignore(f) is f and torch.jit.unused(f) is f and torch.jit.ignore(drop=True)(f) is f and not torch.jit.is_scripting()


def test_mixed_precision_changes_nothing_on_the_cpu():
    scaler = torch.amp.GradScaler("cuda", enabled=False)
    w = torch.tensor([1.0], requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.5)
    with torch.autocast("cpu", enabled=False):
        loss = (w * 2).sum()
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer) if not IS_TORCH else None
    scaler.step(optimizer)
    scaler.update()
    assert w.tolist() == [0] and not scaler.is_enabled()

    @torch.autocast("cpu", enabled=False)
    def f(x):
        return x + 1

    assert f(torch.ones(1)).tolist() == [2]


def test_membership_and_infinities():
    x = torch.tensor([[1, 2], [3, 4]])
    assert torch.isin(x, torch.tensor([2, 3])).tolist() == [[False, True], [True, False]]
    assert torch.isin(x, 4, invert=True).tolist() == [[True, True], [True, False]] and torch.isin(x, torch.tensor([])).any().item() is False
    y = torch.tensor([float("inf"), -float("inf"), float("nan"), 1.0])
    assert torch.isposinf(y).tolist() == [True, False, False, False] and torch.isneginf(y).tolist() == [False, True, False, False]


def test_windows_and_powers():
    assert close(torch.hann_window(4), [0, 0.5, 1, 0.5]) and close(torch.hann_window(3, periodic=False), [0, 1, 0])
    assert close(torch.hamming_window(4), [0.08, 0.54, 1, 0.54]) and close(torch.blackman_window(4), [0, 0.34, 1, 0.34])
    assert torch.hann_window(1).tolist() == [1] and torch.hann_window(0).tolist() == []
    x = torch.tensor([2.0, 3.0])
    assert torch.vander(x, 3).tolist() == [[4, 2, 1], [9, 3, 1]] and torch.vander(x, increasing=True).tolist() == [[1, 2], [1, 3]]
    assert torch.vander(x, 0).shape == (2, 0)
    with pytest.raises(RuntimeError):
        torch.hann_window(-1)


def test_out_takes_the_result():
    x, y = torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0], [4.0]])
    out = torch.empty(1, 1)
    name = out
    assert torch.matmul(x, y, out=out) is out and name.tolist() == [[11.0]]
    assert torch.add(x, x, out=out) is out and name.tolist() == [[2.0, 4.0]]
    wide = torch.empty(1, 2, dtype=torch.float64)
    assert torch.mul(x, 3, out=wide).dtype is torch.float64 and wide.tolist() == [[3.0, 6.0]] and torch.exp(x, out=None).shape == (1, 2)
    with pytest.raises(RuntimeError):
        torch.mul(x.requires_grad_(), x, out=out)
    with pytest.raises(RuntimeError):
        torch.mul(y, y, out=torch.empty(2, 1, dtype=torch.int64))
    for wrong in ("out", object()):
        with pytest.raises(TypeError):
            torch.mul(y, y, out=wrong)


def test_data_parallel_calls_its_module():
    net = torch.nn.Linear(2, 3)
    model = torch.nn.DataParallel(net)
    x = torch.ones(4, 2)
    assert model(x).tolist() == net(x).tolist() and list(model.state_dict()) == ["module.weight", "module.bias"] and model.module is net
