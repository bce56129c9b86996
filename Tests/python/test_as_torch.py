"""Programs that say `import torch` run on backprop: as_torch() and python -m backprop."""

import json
import subprocess
import sys
from pathlib import Path

from engine import ours

PROGRAM = """
import sys
from pathlib import Path
import torch
import torch.nn as nn, torch.nn.functional as F
from torch import optim
import torch.backends.cudnn as cudnn
from torch.nn.modules.utils import _pair
from torch.nn.modules.conv import Conv2d
from torch.nn.modules import Module
from torch.nn.parameter import Parameter
import torch.nn.modules.rnn
from torch.cuda.amp import GradScaler, autocast
from torch.nn.parameter import Parameter
from torch.nn.utils.rnn import pad_sequence
from torch.optim.lr_scheduler import StepLR
assert torch.__name__ == "backprop" and F.relu is torch.nn.functional.relu and nn.Linear.__module__.startswith("backprop")
assert sys.modules["torch.nn.functional"] is sys.modules["backprop.nn.functional"]
assert torch.nn.__spec__.name == "backprop.nn"
assert cudnn is torch.backends.cudnn and not cudnn.is_available() and cudnn.version() is None and not cudnn.is_built()
assert Parameter is nn.Parameter
assert _pair(3) == (3, 3) == _pair([3, 3]) and Conv2d is nn.Conv2d and Module is nn.Module and nn.modules.rnn.LSTM is nn.LSTM
assert __name__ == "__main__"
print(torch.ones(2).sum().item(), *sys.argv[1:])
"""


def run(*arguments, text=None, **named):
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, input=text, **named)


@ours
def test_a_program_runs_as_it_is(tmp_path):
    (tmp_path / "program.py").write_text("from beside import number\n" + PROGRAM + "assert number == 7\n")
    (tmp_path / "beside.py").write_text("number = 7\n")
    done = run("-m", "backprop", str(tmp_path / "program.py"), "--epochs", "3")
    assert (done.returncode, done.stdout) == (0, "2.0 --epochs 3\n"), done.stderr
    done = run("-m", "backprop", "-m", "program", "x", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "2.0 x\n"), done.stderr


@ours
def test_what_is_missing_is_named(tmp_path):
    for line, name in (("import torch; torch.view_as_complex", "torch.view_as_complex"), ("import torch.distributed", "torch.distributed"),
                       ("from torch.nn import QuantLinear", "torch.nn.QuantLinear"), ("import torch; torch.ones(1).to_sparse()", "torch.Tensor.to_sparse"),
                       ("from torch.utils.tensorboard import SummaryWriter", "torch.utils.tensorboard")):
        (tmp_path / "program.py").write_text(line)
        done = run("-m", "backprop", str(tmp_path / "program.py"))
        assert done.returncode == 1 and f"the program uses {name}, which is not part of backprop" in done.stderr, done.stderr


@ours
def test_errors_of_the_program_stay_its_own(tmp_path):
    (tmp_path / "program.py").write_text("import torch\n[].missing")
    done = run("-m", "backprop", str(tmp_path / "program.py"))
    assert done.returncode == 1 and "not part of backprop" not in done.stderr and "'list' object has no attribute 'missing'" in done.stderr
    (tmp_path / "program.py").write_text("raise SystemExit(5)")
    assert run("-m", "backprop", str(tmp_path / "program.py")).returncode == 5
    assert run("-m", "backprop").returncode == 2 and run("-m", "backprop", "-m").returncode == 2 and "usage" in run("-m", "backprop", "--help").stdout


@ours
def test_as_a_block_and_for_good():
    text = """
import sys, backprop
with backprop.as_torch() as here:
    import torch.nn as nn
    import torch
    assert torch is backprop is here and nn is backprop.nn
assert not any(name.partition(".")[0] == "torch" for name in sys.modules)
try:
    import torch.nn.strange
except ImportError:
    pass
backprop.as_torch()
from torch import tensor
assert tensor is backprop.tensor
import json, collections
assert backprop.nn.functional.__spec__.name == "backprop.nn.functional"
"""
    done = run("-S", "-c", "import sys; sys.path[:0] = " + repr(sys.path) + "\nsys.path = [p for p in sys.path if 'torch' not in p]\n" + text)
    assert done.returncode == 0, done.stderr


@ours
def test_not_beside_pytorch():
    done = run("-c", "import sys, types; sys.modules['torch'] = types.ModuleType('torch')\nimport backprop\nbackprop.as_torch()")
    assert done.returncode == 1 and "already imported" in done.stderr


@ours
def test_sys_modules_is_enough():
    text = """
import sys, backprop
sys.modules["torch"] = backprop
import torch.nn.functional as F
import torch.utils.data, torch.optim.lr_scheduler as schedules
from torch.nn.utils.rnn import pad_sequence
from torch.autograd import Function
import torch, importlib
assert torch is backprop and F is backprop.nn.functional and schedules is backprop.optim.lr_scheduler and Function is backprop.autograd.Function
importlib.invalidate_caches()
import torch.linalg, torch.autograd.functional
assert torch.linalg is backprop.linalg and sys.modules["torch.linalg"] is backprop.linalg and backprop.linalg.__spec__.name == "backprop.linalg"
sys.modules["another"] = backprop
from another.nn import init
assert init is backprop.nn.init
try:
    import torch.distributed
except ModuleNotFoundError as e:
    print(e, e.name)
import pkgutil, pydoc
print(sorted(m.name for m in pkgutil.iter_modules(backprop.__path__) if m.name == "nn"))
"""
    done = run("-c", text)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "No module named 'torch.distributed': it is not part of backprop torch.distributed\n['nn']\n"


@ours
def test_the_runner_records_losses(tmp_path):
    """Tests/scripts/run_as.py, which compares programs on both engines: here on one."""
    (tmp_path / "program.py").write_text("""
import torch
model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Dropout(0.5), torch.nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(9):
    optimizer.zero_grad()
    loss = (model(torch.randn(5, 3)) - torch.rand(5, 1)).square().mean()
    loss.backward()
    optimizer.step()
    print(loss.item())
""")
    runner = Path(__file__).resolve().parents[1] / "scripts" / "run_as.py"
    results = []
    for name in ("one", "two"):
        done = run(str(runner), "backprop", "--steps", "4", "--out", str(tmp_path / name), str(tmp_path / "program.py"))
        assert done.returncode == 0, done.stderr
        results.append(json.loads((tmp_path / name).read_text()))
    assert results[0]["losses"] == results[1]["losses"] and len(results[0]["losses"]) == 4 and results[0]["items"] == results[0]["losses"][:3]
    assert results[0]["error"] is None and all(0 < x < 10 for x in results[0]["losses"])
