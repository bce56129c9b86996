"""utils.summary counts what a model has and does; utils.progress shows a loop without changing it; modules show in notebooks."""

import builtins
import html.parser
import io
import subprocess
import sys

import pytest
from engine import IS_TORCH, torch

if IS_TORCH:
    pytest.skip("only about backprop", allow_module_level=True)
nn = torch.nn
from backprop.utils import progress, summary  # noqa: E402


class Well(html.parser.HTMLParser):
    """Whether each tag that opens closes in its turn."""

    def __init__(self, text):
        super().__init__()
        self.open, self.text = [], ""
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def net():
    return nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8 * 14 * 14, 10))


def test_a_summary():
    model = net()
    model[0].weight.requires_grad_(False)
    model[1].eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    made = summary(model, (2, 1, 28, 28))
    assert [row.kind for row in made.rows] == ["Sequential", "Conv2d", "BatchNorm2d", "ReLU", "MaxPool2d", "Flatten", "Linear"]
    assert [row.output_shape for row in made.rows][:3] == ["[2, 10]", "[2, 8, 28, 28]", "[2, 8, 28, 28]"]
    assert [row.parameters for row in made.rows] == [0, 80, 16, 0, 0, 0, 15690] and made.rows[1].trainable == 8
    assert made.total_parameters == sum(p.numel() for p in model.parameters()) and made.trainable_parameters == made.total_parameters - 72
    assert made.total_multiplications == 2 * (28 * 28 * 8 * 9 + 8 * 14 * 14 * 10) and made.total_bytes == 4 * made.total_parameters
    text = repr(made).splitlines()
    assert text[0].split() == ["Layer", "Output", "shape", "Parameters", "Trainable", "Multiplications"] and "0: Conv2d" in text[3] and "part" in text[3]
    assert text[-2] == "15,786 parameters (0.06 MB), 15,714 of them trainable" and len({len(line) for line in (text[1], text[-3])}) == 1
    assert model.training and not model[1].training and all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert not any(module.__dict__.get("_forward_hooks") for module in model.modules())
    seen = Well(made._repr_html_())
    assert "Multiplications" in seen.text and "15,690" in seen.text


def test_a_summary_without_input():
    made = summary(net())
    assert "Output shape" not in repr(made) and made.total_multiplications == 0 and made.rows[0].output_shape is None


@pytest.mark.parametrize("model, given, multiplications", [
    (lambda: nn.Linear(3, 4), {"input_size": (5, 7, 3)}, 5 * 7 * 12),
    (lambda: nn.ConvTranspose1d(2, 3, 5), {"input_size": (4, 2, 10)}, 4 * 10 * 2 * 3 * 5),
    (lambda: nn.Conv1d(4, 4, 3, groups=2), {"input_size": (4, 10)}, 8 * 4 * 2 * 3),
    (lambda: nn.LSTM(4, 8, num_layers=2), {"input_size": (7, 3, 4)}, 21 * (4 * 8 * (4 + 8) + 4 * 8 * (8 + 8))),
    (lambda: nn.GRUCell(4, 8), {"input_data": torch.ones(3, 4)}, 3 * 3 * 8 * 12),
    (lambda: nn.Embedding(10, 4), {"input_data": torch.tensor([1, 2])}, 0), (lambda: nn.Embedding(10, 4), {"input_size": (2,), "dtype": torch.int64}, 0),
    (lambda: nn.MultiheadAttention(16, 2, batch_first=True), {"input_size": [(3, 5, 16), (3, 7, 16), (3, 7, 16)]}, 3 * (2 * 5 * 256 + 2 * 7 * 256 + 2 * 5 * 7 * 16)),
    (lambda: nn.LayerNorm(4), {"input_size": (2, 4)}, 0)])
def test_multiplications(model, given, multiplications):
    assert summary(model(), **given).total_multiplications == multiplications


class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(3, 3)
        self.b = self.a
        self.c = nn.Linear(3, 3, bias=False)
        self.c.weight = self.a.weight
        self.nothing = None

    def forward(self, x, *, scale=1.0):
        return {"y": self.c(self.b(self.a(x))) * scale, "x": (x, None)}


def test_shared_layers_and_named_inputs():
    made = summary(Two(), input_data={"x": torch.ones(2, 3), "scale": 2.0})
    assert made.total_parameters == 12 and made.rows[0].output_shape == "y: [2, 3], x: [2, 3]"
    assert [row.repeated for row in made.rows] == [False, False, True, False] and "(again)" in repr(made)
    assert made.total_multiplications == 3 * 2 * 9
    assert summary(Two(), input_data=(torch.ones(2, 3),)).rows[1].output_shape == "[2, 3]"


def test_a_summary_that_fails_leaves_the_model_alone():
    model = net()
    with pytest.raises(RuntimeError):
        summary(model, (2, 3, 28, 28))
    assert all(module.training and not module.__dict__.get("_forward_hooks") for module in model.modules())
    with pytest.raises(ValueError, match="not both"):
        summary(model, (2, 1, 28, 28), torch.ones(2, 1, 28, 28))
    with pytest.raises(TypeError):
        summary(model, (2, "x"))


def test_modules_in_notebooks():
    class Odd(nn.Module):
        def extra_repr(self):
            return "<b> & 'c'"

    seen = Well(nn.Sequential(nn.Linear(2, 3), nn.Sequential(Odd()))._repr_html_())
    assert "(0): Linear(in_features=2, out_features=3, bias=True)" in seen.text and "(0): Odd(<b> & 'c')" in seen.text


@pytest.fixture
def without_tqdm(monkeypatch):
    plain = builtins.__import__

    def refuse(name, *rest, **more):
        if name.startswith("tqdm"):
            raise ImportError(name)
        return plain(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 100.0

        def monotonic(self):
            return self.now

    made = Clock()
    monkeypatch.setattr(sys.modules["backprop.utils._progress"], "time", made)
    return made


def test_progress_in_lines(without_tqdm, clock, capsys):
    bar = progress(range(100), desc="epoch 3", show=True, loss=0.5)
    assert len(bar) == 100
    got = []
    for i in bar:
        got.append(i)
        clock.now += 0.3
        bar.set_postfix(loss=1 / 3, best=i)
    lines = capsys.readouterr().err.splitlines()
    assert got == list(range(100)) and len(lines) == 25  # every fourth: never two within a second
    assert lines[0] == "epoch 3: 4/100 (4 %), 3.3/s, 29 s left, loss 0.3333, best 3" and lines[-1].startswith("epoch 3: 100/100 (100 %), 3.3/s, 0 s left")


def test_progress_without_an_end(without_tqdm, clock, capsys):
    bar = progress(iter([1, 2, 3]), show=True)
    with pytest.raises(TypeError):
        len(bar)
    for _ in bar:
        clock.now += 100
    assert capsys.readouterr().err.splitlines() == ["1, 0.0/s", "2, 0.0/s", "3, 0.0/s"]
    for _ in progress(iter([1, 2]), total=40, show=True):
        clock.now += 20
    assert capsys.readouterr().err.splitlines()[0] == "1/40 (2 %), 0.1/s, 13:00 min left"


def test_progress_is_silent_where_nobody_looks(clock, capsys, monkeypatch):
    bar = progress([1, 2], desc="x")
    bar.set_description("y")
    for _ in bar:
        clock.now += 5
    assert list(progress([])) == [] and capsys.readouterr().err == ""
    monkeypatch.setattr(sys, "stderr", None)
    assert list(progress([3])) == [3]


def test_progress_by_tqdm(monkeypatch):
    pytest.importorskip("tqdm")

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    bar = progress([1, 2, 3], desc="epoch", loss=1)
    assert type(bar).__module__.startswith("tqdm") and list(bar) == [1, 2, 3] and "3/3" in sys.stderr.getvalue() and "loss=1" in sys.stderr.getvalue()


def test_nothing_of_it_is_loaded_by_the_import():
    code = "import backprop, sys; print([m for m in sys.modules if 'tqdm' in m or '_summary' in m or m in ('backprop.utils', 'backprop.testing', 'json')])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"
