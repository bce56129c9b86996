"""Modules: the engine's from text against the classes of nn, PyTorch against both, containers, hooks, initialisers."""

import copy
import json
import math
import pickle
from pathlib import Path

import pytest

from engine import ours, torch
from module_cases import CASES, WITHOUT_FORWARD, build, fill, make_input, results

nn = torch.nn
GOLDEN = Path(__file__).parents[1] / "Golden" / "modules" / "modules.json"


def bits(t):
    return t.detach().flatten().tolist()


@ours
@pytest.mark.parametrize("text, inputs, count", CASES, ids=[c[0] for c in CASES])
def test_the_engines_module_is_the_class(text, inputs, count):
    mine, own = nn.from_text(text), build(nn, text)
    if "NonDyn" not in text:
        assert repr(mine) == repr(own)
    fill(torch, own)
    assert [(k, tuple(v.shape), v.dtype) for k, v in mine.state_dict().items()] == [(k, tuple(v.shape), v.dtype) for k, v in own.state_dict().items()]
    assert [k for k, _ in mine.named_parameters()] == [k for k, _ in own.named_parameters()]
    mine.load_state_dict(own.state_dict())
    x = [make_input(torch, spec, i) for i, spec in enumerate(inputs)]
    for training in (True, False):
        torch.manual_seed(3)
        mine.train(training), own.train(training)
        a = mine(*x, outputs=count)
        torch.manual_seed(3)
        b = results(own(*x) if "LSTMCell" not in text else own(x[0]))
        a = [a] if count == 1 else list(a)
        assert len(a) == len(b[:count])
        for p, q in zip(a, b):
            assert p.shape == q.shape and bits(p) == bits(q)
    for (k, p), q in zip(mine.state_dict().items(), own.state_dict().values()):
        assert bits(p) == bits(q), k


@ours
def test_every_kind_has_a_case():
    kinds = {s.split("(")[0] for s in nn.signatures()}
    assert len(kinds) == len(nn.signatures())
    missing = {k for k in kinds if k not in WITHOUT_FORWARD and not any(c[0].startswith(k + "(") for c in CASES)}
    assert not missing


@ours
def test_every_signature_is_the_classes():
    import inspect
    for signature in nn.signatures():
        name = signature.split("(")[0]
        if name in WITHOUT_FORWARD or name in ("Identity", "Sequential", "NonDynamicallyQuantizableLinear"):
            continue
        own = [p for p in inspect.signature(getattr(nn, name).__init__).parameters.values() if p.name not in ("self", "_weight", "_freeze", "kwargs", "args")]
        names = [p.split("=")[0].strip() for p in signature[len(name) + 1 : -1].split(",")] if "()" not in signature else []
        if name in ("RNN", "LSTM", "GRU"):
            assert set(names) <= {p.name for p in own} | {"nonlinearity"}
            continue
        assert [n for n in names if n not in ("device", "dtype")] == [p.name for p in own if p.name not in ("device", "dtype")], signature


@pytest.mark.parametrize("text, inputs, count", CASES, ids=[c[0] for c in CASES])
def test_state_and_results_are_pytorchs(text, inputs, count):
    golden = {g["text"]: g for g in json.loads(GOLDEN.read_text())}[text]
    m = build(nn, text)
    assert {k: list(v.shape) for k, v in m.state_dict().items()} == golden["state"]
    assert list(m.state_dict()) == list(golden["state"])
    fill(torch, m)
    m.eval()
    out = results(m(*[make_input(torch, spec, i) for i, spec in enumerate(inputs)]))
    assert len(out) >= len(golden["results"])
    for t, wanted in zip(out, golden["results"]):
        assert list(t.shape) == wanted["shape"]
        for a, b in zip(bits(t), wanted["values"]):
            assert a == pytest.approx(b, rel=2e-5, abs=2e-6, nan_ok=True)
    assert repr(m) == golden["repr"]


@ours
def test_text_modules(tmp_path):
    net = nn.from_text("Sequential(Linear(2, 3), BatchNorm1d(3))")
    assert [k for k, _ in net.named_buffers()] == ["1.running_mean", "1.running_var", "1.num_batches_tracked"]
    assert len(list(net.parameters())) == 4 and net.training and not net.eval().training
    net.save(tmp_path / "a.safetensors")
    other = nn.from_text(repr(net))
    other.load(tmp_path / "a.safetensors")
    x = torch.randn(4, 2)
    assert bits(other.eval()(x)) == bits(net(x))
    plain = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    plain.load_state_dict(torch.load(tmp_path / "a.safetensors"))
    assert bits(plain.eval()(x)) == bits(net(x))
    net(x).sum().backward()
    assert all(p.grad is not None for p in net.parameters())
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())
    assert next(net.to(torch.float64).parameters()).dtype == torch.float64
    with pytest.raises(TypeError):
        net.to(torch.float16)
    assert not any(p.requires_grad for p in net.requires_grad_(False).parameters())
    with pytest.raises(RuntimeError, match="missing"):
        net.load_state_dict({})
    with pytest.raises(ValueError, match="character"):
        nn.from_text("Linear(3, x=4)")
    with pytest.raises(TypeError):
        nn.from_text(b"ReLU()")
    with pytest.raises(FileNotFoundError):
        net.load(tmp_path / "none")
    loss = nn.from_text("CrossEntropyLoss()")
    loss.set("weight", torch.tensor([1.0, 2.0]))
    own = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0]))
    assert bits(loss(x, torch.tensor([0, 1, 1, 0]))) == bits(own(x, torch.tensor([0, 1, 1, 0])))


@ours
@pytest.mark.parametrize("text", ["PixelShuffle(0)", "PixelShuffle(1.5)", "ZeroPad2d((1, 2, 3))", "ReflectionPad1d('x')", "ConstantPad1d(1)", "Bilinear(0, 1, 1)",
                                  "Conv1d(1, 1, 1, padding_mode='mirror')", "ConvTranspose1d(1, 1, 1, padding_mode='reflect')"])
def test_texts_that_are_refused(text):
    with pytest.raises((ValueError, TypeError)):
        nn.from_text(text)


@ours
@pytest.mark.parametrize("text, shape", [("PixelShuffle(2)", (2, 2, 2)), ("PixelShuffle(2)", (4,)),
                                         ("PixelUnshuffle(9007199254740992)", (5, 0, 0)), ("ChannelShuffle(2)", (1, 3, 2)), ("ChannelShuffle(2)", (2,)),
                                         ("ReflectionPad1d(1)", (2,)), ("ReflectionPad1d(3)", (1, 3)), ("ZeroPad2d(1)", (2,)), ("ZeroPad1d(-9007199254740992)", (2, 3)),
                                         ("CircularPad1d(4)", (1, 3)), ("ReplicationPad1d(1)", (1, 0)), ("Conv1d(1, 1, 1, padding=2, padding_mode='reflect')", (1, 2)),
                                         ("Conv2d(1, 1, 1, padding=1, padding_mode='circular')", (1,)), ("Bilinear(2, 2, 2)", (3, 2))])
def test_inputs_that_are_refused(text, shape):
    with pytest.raises((ValueError, RuntimeError, IndexError)):
        nn.from_text(text)(torch.zeros(shape))


@ours
def test_the_same_seed_gives_the_same_weights_everywhere():
    for text in ("Linear(3, 4)", "Conv2d(1, 2, 3)", "Embedding(4, 3)", "LSTM(2, 3)", "MultiheadAttention(4, 2)", "GRUCell(2, 3)"):
        torch.manual_seed(5)
        a = nn.from_text(text)
        torch.manual_seed(5)
        b = build(nn, text)
        for p, q in zip(a.parameters(), b.parameters()):
            assert bits(p) == bits(q)


# -- attention: masks ---------------------------------------------------------------------------------------------


def test_attention_masks():
    torch.manual_seed(0)
    m = nn.MultiheadAttention(4, 2, batch_first=True)
    x = torch.randn(2, 3, 4)
    hidden = torch.tensor([[False, True, True], [False, False, True], [False, False, False]])
    padding = torch.tensor([[False, False, True], [False, False, False]])
    y, w = m(x, x, x, key_padding_mask=padding, attn_mask=hidden)
    assert w.shape == (2, 3, 3) and w[0, 0].tolist() == [1, 0, 0] and w[0, 2, 2].item() == 0 and w[1, 2, 2].item() > 0
    numbers = torch.where(hidden, torch.tensor(-float("inf")), torch.tensor(0.0))
    z, none = m(x, x, x, key_padding_mask=padding, attn_mask=numbers, need_weights=False)
    assert none is None and torch.allclose(y, z, atol=1e-6)
    z, w = m(x, x, x, attn_mask=hidden.unsqueeze(0).expand(4, 3, 3), average_attn_weights=False)
    assert w.shape == (2, 2, 3, 3)
    y, _ = m(x[0], x[0], x[0])
    assert y.shape == (3, 4)
    with pytest.raises((RuntimeError, AssertionError)):
        m(x, x, x, attn_mask=torch.zeros(2, 2))
    with pytest.raises(AssertionError):
        nn.MultiheadAttention(5, 2)


@ours
def test_masks_through_the_engine():
    own = nn.TransformerDecoder(nn.TransformerDecoderLayer(4, 2, 8), 2).eval()
    mine = nn.from_text("TransformerDecoder(TransformerDecoderLayer(4, 2, 8), 2)").eval()
    mine.load_state_dict(own.state_dict())
    x, memory = torch.randn(3, 2, 4), torch.randn(5, 2, 4)
    mask = nn.Transformer.generate_square_subsequent_mask(3)
    padding = torch.tensor([[False] * 4 + [True], [False] * 5])
    a = own(x, memory, mask, memory_key_padding_mask=padding)
    b = mine(x, memory, mask, None, None, padding)
    assert torch.allclose(a, b, atol=1e-5)
    with pytest.raises(RuntimeError, match="attn_mask"):
        mine(x, memory, torch.zeros(2, 2))


# -- Module -------------------------------------------------------------------------------------------------------


def test_containers():
    s = nn.Sequential(nn.Linear(1, 2), nn.ReLU())
    s.append(nn.Linear(2, 3)).insert(1, nn.Tanh())
    assert [type(m).__name__ for m in s] == ["Linear", "Tanh", "ReLU", "Linear"] and list(s._modules) == ["0", "1", "2", "3"]
    del s[1]
    assert len(s) == 3 and list(s._modules) == ["0", "1", "2"]
    assert len(s[1:]) == 2 and isinstance(s[-1], nn.Linear) and len(s + s) == 6
    s.extend([nn.Tanh()])
    assert isinstance(s.pop(3), nn.Tanh) and len(s) == 3
    s[1] = nn.Sigmoid()
    assert isinstance(s[1], nn.Sigmoid)
    for wrong in (lambda: s[5], lambda: s.insert(9, nn.Tanh())):
        with pytest.raises(IndexError):
            wrong()
    with pytest.raises(TypeError):
        s.append(5)
    m = nn.ModuleList([nn.Linear(1, 1)])
    m += [nn.Tanh(), nn.ReLU()]
    m.insert(0, nn.Sigmoid())
    assert [type(x).__name__ for x in m] == ["Sigmoid", "Linear", "Tanh", "ReLU"] and isinstance(m[1:], nn.ModuleList)
    del m[0:2]
    assert list(m._modules) == ["0", "1"]
    with pytest.raises(NotImplementedError):
        m(1)
    d = nn.ModuleDict({"a": nn.Linear(1, 1), "b": nn.ReLU()})
    d["c"] = nn.Tanh()
    d.update([["e", nn.Sigmoid()]])
    assert list(d) == ["a", "b", "c", "e"] and "a" in d and isinstance(d.pop("b"), nn.ReLU) and len(d) == 3
    assert [k for k, _ in d.named_parameters()] == ["a.weight", "a.bias"]
    d.clear()
    assert not d.keys() and not list(d.values()) and not list(d.items())
    p = nn.ParameterList([torch.zeros(2), nn.Parameter(torch.ones(1))])
    p.append(torch.zeros(1)).extend([torch.zeros(3)])
    assert len(p) == 4 and all(isinstance(x, nn.Parameter) for x in p) and list(p.state_dict()) == ["0", "1", "2", "3"]
    assert p[-1].shape == (3,) and len(p[1:3]) == 2
    q = nn.ParameterDict({"x": torch.zeros(2)})
    q["y"] = nn.Parameter(torch.ones(1))
    assert list(q) == ["x", "y"] and list(q.state_dict()) == ["x", "y"] and q.get("z") is None and q.pop("x").shape == (2,)
    assert list((q | nn.ParameterDict({"w": torch.zeros(1)})).keys()) == ["y", "w"]


def test_hooks():
    seen = []
    m = nn.Linear(2, 2)
    a = m.register_forward_pre_hook(lambda module, args: seen.append("pre") or (args[0] * 2,))
    b = m.register_forward_hook(lambda module, args, out: seen.append("post") or out + 1)
    c = m.register_forward_hook(lambda module, args, kwargs, out: seen.append("first"), prepend=True, with_kwargs=True)
    x = torch.ones(1, 2)
    y = m(x)
    assert seen == ["pre", "first", "post"]
    a.remove(), b.remove(), c.remove()
    assert torch.allclose(y, m(x * 2) + 1) and len(seen) == 3
    with m.register_forward_hook(lambda *a: seen.append("with")):
        m(x)
    m(x)
    assert seen[3:] == ["with"]
    m.register_forward_hook(lambda *a: seen.append("always"), always_call=True)
    with pytest.raises(RuntimeError):
        m(torch.ones(1, 3))
    assert seen[-1] == "always"


def test_backward_hooks():
    seen = []
    m = nn.Linear(2, 3, bias=False)
    m.register_full_backward_pre_hook(lambda module, out: seen.append(("pre", bits(out[0]))) or (out[0] * 2,))
    b = m.register_full_backward_hook(lambda module, into, out: seen.append((module is m, bits(into[0]), bits(out[0]))) or (into[0] * 10,))
    m.register_full_backward_hook(lambda module, into, out: seen.append("first") and None, prepend=True)
    x = torch.ones(1, 2, requires_grad=True)
    y = m(x)
    assert torch.allclose(y, x @ m.weight.T)
    y.sum().backward(retain_graph=True)
    twice = (2 * m.weight.sum(0)).tolist()
    assert seen[0] == ("pre", [1, 1, 1]) and seen[1] == "first" and seen[2][0] and seen[2][2] == [2, 2, 2] and seen[2][1] == pytest.approx(twice)
    assert bits(x.grad) == pytest.approx([10 * t for t in twice]) and bits(m.weight.grad) == [2] * 6
    y.sum().backward()
    assert len(seen) == 6 and bits(m.weight.grad) == [4] * 6
    b.remove()
    x.grad = None
    m(x).sum().backward()
    assert len(seen) == 8 and bits(x.grad) == pytest.approx(twice)
    with torch.no_grad():
        assert not m(x).requires_grad


def test_backward_hooks_of_several_inputs_and_outputs():
    class Two(nn.Module):
        def forward(self, x, scale, k):
            return x * scale * k, k, x + 1

    seen = []
    m = Two()
    m.register_full_backward_hook(lambda *a: seen.append(a[1:]))
    x, scale = torch.tensor([1.0, 2.0], requires_grad=True), torch.tensor([3.0, 4.0])
    y, k, z = m(x, scale, 2)
    assert k == 2
    g, = torch.autograd.grad(y.sum(), x, create_graph=True)
    (into, out), = seen
    assert bits(into[1]) == [0, 0] and into[2] is None and bits(into[0]) == [6, 8] == bits(g)
    assert bits(out[0]) == [1, 1] and out[1:] == (None, None)
    seen.clear()
    (m(x * x, scale, 1)[0] ** 2).sum().backward()
    assert bits(x.grad) == [4 * 9, 4 * 16 * 8] and len(seen) == 1
    m.register_full_backward_hook(lambda *a: (None,))
    with pytest.raises(RuntimeError, match="invalid number of grad_input"):
        m(x, scale, 1)[0].sum().backward()
    m = nn.Linear(2, 1)
    m.register_full_backward_hook(lambda module, into, out: seen.append((into, bits(out[0]))))
    with pytest.warns(UserWarning, match="no inputs require gradients"):
        m(torch.ones(1, 2)).backward(torch.ones(1, 1))
    assert seen[-1] == ((None,), [1]) and m.weight.grad is not None
    second = nn.Sequential(nn.Tanh())
    second.register_full_backward_hook(lambda *a: None)
    x = torch.tensor([0.5], requires_grad=True)
    g, = torch.autograd.grad(second(x), x, create_graph=True)
    h, = torch.autograd.grad(g, x)
    t = math.tanh(0.5)
    assert g.item() == pytest.approx(1 - t * t) and h.item() == pytest.approx(-2 * t * (1 - t * t))


def test_paths_and_names():
    net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    assert net.get_submodule("1") is net[1] and net.get_submodule("") is net
    assert net.get_parameter("0.weight") is net[0].weight and net.get_buffer("1.running_mean") is net[1].running_mean
    for call, path in ((net.get_submodule, "2"), (net.get_parameter, "1.running_mean"), (net.get_buffer, "0.weight"), (net.get_parameter, "0.x")):
        with pytest.raises(AttributeError):
            call(path)
    for name in ("a.b", ""):
        with pytest.raises(KeyError):
            net.register_buffer(name, torch.zeros(1))
        with pytest.raises(KeyError):
            net.register_parameter(name, None)
        with pytest.raises(KeyError):
            net.add_module(name, None)
    with pytest.raises(KeyError):
        net.register_buffer("forward", torch.zeros(1))
    net.register_buffer("quiet", torch.zeros(1), persistent=False)
    assert "quiet" not in net.state_dict() and "quiet" in dict(net.named_buffers())
    assert list(net.state_dict(prefix="x."))[0] == "x.0.weight"
    tied = nn.ModuleList([net[0], net[0]])
    assert len(list(tied.parameters())) == 2 and len(tied.state_dict()) == 4 and len(list(tied.children())) == 1
    assert len(list(tied.named_parameters(remove_duplicate=False))) == 4


@ours  # PyTorch copies what fits
def test_a_refused_state_changes_nothing():
    a, b = nn.Linear(2, 2), nn.Linear(2, 2)
    before = bits(b.weight)
    for state in ({"weight": a.weight.detach()}, {"weight": a.weight.detach(), "bias": torch.zeros(3)}):
        with pytest.raises(RuntimeError):
            b.load_state_dict(state)
        assert bits(b.weight) == before


def test_load_state_dict():
    a, b = nn.Linear(2, 2), nn.Linear(2, 2)
    with pytest.raises(RuntimeError, match="Missing key"):
        b.load_state_dict({"weight": a.weight.detach()})
    with pytest.raises(RuntimeError, match="size mismatch"):
        b.load_state_dict({"weight": torch.zeros(3, 3), "bias": a.bias.detach()})
    result = b.load_state_dict({"weight": a.weight.detach(), "other": a.bias.detach()}, strict=False)
    assert result.missing_keys == ["bias"] and result.unexpected_keys == ["other"] and bits(a.weight) == bits(b.weight)
    state = {k: v.to(torch.float64) for k, v in a.state_dict().items()}
    b.load_state_dict(state, assign=True)
    assert b.weight.dtype == torch.float64 and isinstance(b.weight, nn.Parameter) and b.weight.requires_grad


def test_copies():
    net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Dropout(0.1))
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert repr(twin) == repr(net)
        for (k, p), q in zip(net.state_dict().items(), twin.state_dict().values()):
            assert bits(p) == bits(q), k
        assert all(isinstance(p, nn.Parameter) and p.requires_grad for p in twin.parameters())
        with torch.no_grad():
            twin[0].weight.add_(1)
        assert bits(twin[0].weight) != bits(net[0].weight)
    tied = nn.ModuleList([net[0], net[0]])
    assert copy.deepcopy(tied)[0] is copy.deepcopy(tied)[0] or len(list(copy.deepcopy(tied).parameters())) == 2


def test_types():
    net = nn.Linear(2, 2)
    assert net.double().weight.dtype == torch.float64 and net.float().weight.dtype == torch.float32
    with pytest.raises((TypeError, RuntimeError)):
        net.to(torch.int64)
    with pytest.raises(ValueError):
        net.train("yes")
    if torch.__name__ == "backprop":
        for wrong in (net.half, net.bfloat16, lambda: net.to(torch.float16)):
            with pytest.raises(TypeError):
                wrong()
    seen = []
    nn.Sequential(net, nn.ReLU()).apply(lambda m: seen.append(type(m).__name__))
    assert seen == ["Linear", "ReLU", "Sequential"]


def test_utils():
    net = nn.Linear(2, 3)
    v = nn.utils.parameters_to_vector(net.parameters())
    assert v.shape == (9,)
    nn.utils.vector_to_parameters(torch.arange(9).to(torch.float32), net.parameters())
    assert net.weight.tolist() == [[0, 1], [2, 3], [4, 5]] and net.bias.tolist() == [6, 7, 8] and net.weight.requires_grad
    tensors = [torch.tensor([3.0]), torch.tensor([0.0, 4.0])]
    assert nn.utils.get_total_norm(tensors).item() == 5 and nn.utils.get_total_norm(tensors, float("inf")).item() == 4
    net(torch.ones(1, 2)).sum().backward()
    nn.utils.clip_grads_with_norm_(net.parameters(), 1.5, nn.utils.get_total_norm([p.grad for p in net.parameters()]))
    assert nn.utils.get_total_norm([p.grad for p in net.parameters()]).item() == pytest.approx(1.5, rel=1e-5)


# -- initialisers -------------------------------------------------------------------------------------------------


def test_initialisers():
    torch.manual_seed(1)
    init, t = nn.init, torch.empty(40, 30)
    assert init.zeros_(t) is t and t.abs().max().item() == 0
    assert init.ones_(t).mean().item() == 1 and init.constant_(t, 0.25).max().item() == 0.25
    init.uniform_(t, -2, 3)
    assert -2 <= t.min().item() < -1.5 and 2.5 < t.max().item() <= 3
    init.normal_(t, 2, 0.5)
    assert t.mean().item() == pytest.approx(2, abs=0.1) and t.var().item() == pytest.approx(0.25, abs=0.05)
    init.trunc_normal_(t, 0, 1, -0.5, 2)
    assert t.min().item() >= -0.5 and t.max().item() <= 2 and 0.25 < t.mean().item() < 0.65
    init.trunc_normal_(t, 0, 1, 4, 4.5)
    assert 4 <= t.min().item() < 4.05 and 4.3 < t.max().item() <= 4.5
    for gain in (1, 2):
        bound = gain * math.sqrt(6 / 70)
        init.xavier_uniform_(t, gain)
        assert 0.95 * bound < t.max().item() <= bound
        init.xavier_normal_(t, gain)
        assert t.var().item() == pytest.approx(bound**2 / 3, rel=0.2)
    bound = math.sqrt(6 / (1 + 0.25) / 30)
    init.kaiming_uniform_(t, 0.5)
    assert 0.95 * bound < t.abs().max().item() <= bound
    init.kaiming_normal_(t, mode="fan_out", nonlinearity="relu")
    assert t.var().item() == pytest.approx(2 / 40, rel=0.2)
    init.orthogonal_(t, gain=2)
    assert torch.allclose(t.transpose(0, 1).matmul(t), torch.eye(30) * 4, atol=1e-4)
    w = torch.empty(3, 4, 5)
    init.orthogonal_(w)
    w = w.reshape(3, 20)
    assert torch.allclose(w.matmul(w.transpose(0, 1)), torch.eye(3), atol=1e-5)
    init.sparse_(t, 0.31)
    assert all((t[:, i] == 0).sum().item() == 13 for i in range(30))
    assert init.eye_(torch.empty(2, 3)).tolist() == [[1, 0, 0], [0, 1, 0]]
    assert init.dirac_(torch.empty(2, 2, 3)).tolist() == [[[0, 1, 0], [0, 0, 0]], [[0, 0, 0], [0, 1, 0]]]
    assert init.dirac_(torch.empty(2, 1, 3, 3), 2)[:, 0, 1, 1].tolist() == [1, 1]
    p = nn.Parameter(torch.empty(3, 3))
    assert init.normal_(p) is p and p.requires_grad and p.is_leaf


def test_gains():
    gain = nn.init.calculate_gain
    assert gain("linear") == gain("conv2d") == gain("sigmoid") == 1 and gain("tanh") == 5 / 3 and gain("relu") == math.sqrt(2)
    assert gain("leaky_relu") == math.sqrt(2 / (1 + 0.01**2)) and gain("leaky_relu", 1) == 1 and gain("selu") == 0.75
    for wrong in (("nonsense",), ("leaky_relu", "x")):
        with pytest.raises(ValueError):
            gain(*wrong)


@pytest.mark.parametrize("call", [
    lambda i: i.xavier_uniform_(torch.zeros(3)), lambda i: i.kaiming_normal_(torch.zeros(3)), lambda i: i.kaiming_normal_(torch.zeros(3, 3), mode="x"),
    lambda i: i.kaiming_uniform_(torch.zeros(3, 3), nonlinearity="x"), lambda i: i.orthogonal_(torch.zeros(3)), lambda i: i.eye_(torch.zeros(3)),
    lambda i: i.dirac_(torch.zeros(3, 3)), lambda i: i.dirac_(torch.zeros(3, 3, 3), 2), lambda i: i.sparse_(torch.zeros(3), 0.5),
])
def test_initialisers_refuse_shapes(call):
    with pytest.raises(ValueError):
        call(nn.init)


def test_longer_names_of_layers():
    import importlib

    at = {"parameter": "Parameter", "modules.module": "Module", "modules.container": "Sequential", "modules.linear": "Linear", "modules.conv": "Conv2d",
          "modules.batchnorm": "BatchNorm1d", "modules.normalization": "LayerNorm", "modules.loss": "MSELoss", "modules.rnn": "LSTM",
          "modules.activation": "ReLU", "modules.sparse": "Embedding", "modules.dropout": "Dropout", "modules.pooling": "MaxPool2d",
          "modules.flatten": "Flatten", "modules.transformer": "TransformerEncoder", "modules": "Bilinear"}
    for path, name in at.items():
        assert getattr(importlib.import_module(f"{torch.__name__}.nn.{path}"), name) is getattr(nn, name)
    utils = importlib.import_module(f"{torch.__name__}.nn.modules.utils")
    assert utils._pair(3) == (3, 3) and utils._single(2) == (2,) and utils._triple([1, 2, 3]) == (1, 2, 3)


@pytest.mark.parametrize("make", [lambda: nn.Linear(3, 4), lambda: nn.Conv1d(2, 3, 2), lambda: nn.Bilinear(2, 3, 4), lambda: nn.ConvTranspose2d(2, 3, 2)])
def test_what_a_subclass_adds_is_not_drawn_anew(make):
    module = make()
    module.added = nn.Parameter(torch.full((2,), 7.0))
    before = module.weight.detach().clone()
    module.reset_parameters()
    assert module.added.tolist() == [7.0, 7.0] and not torch.equal(module.weight, before)


def test_a_convolution_with_another_weight():
    class Doubled(nn.Conv2d):
        def forward(self, input):
            return self._conv_forward(input, 2 * self.weight, self.bias)

    net, x = Doubled(2, 3, 3, stride=2, padding=1, padding_mode="reflect", bias=False), torch.rand(1, 2, 6, 6)
    assert torch.allclose(net(x), 2 * nn.Conv2d.forward(net, x), atol=1e-6)


def test_a_memory_format_is_for_images():
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).to(memory_format=torch.channels_last)
    x = torch.rand(2, 3, 5, 5)
    y = net(x.to(memory_format=torch.channels_last))
    net.to(memory_format=torch.contiguous_format)
    assert torch.allclose(net(x), y, atol=1e-5)
