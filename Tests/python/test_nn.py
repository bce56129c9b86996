"""Modules: what they compute, hold, save and print."""

import math

import pytest
from engine import close, ours, text, torch

nn, F = torch.nn, torch.nn.functional


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(2, 3)
        self.act = nn.ReLU()
        self.out = nn.Linear(3, 1, bias=False)
        self.scale = nn.Parameter(torch.tensor(2.0))
        self.register_buffer("count", torch.tensor(0))

    def forward(self, x):
        return self.out(self.act(self.hidden(x))) * self.scale


def test_linear():
    layer = nn.Linear(4, 3)
    assert layer.weight.shape == (3, 4) and layer.bias.shape == (3,)
    assert layer.weight.abs().max().item() <= 0.5 and layer.bias.abs().max().item() <= 0.5
    assert layer.weight.requires_grad and layer.weight.is_leaf and isinstance(layer.weight, nn.Parameter)
    x = torch.ones(5, 4)
    assert torch.allclose(layer(x), x @ layer.weight.T + layer.bias)
    assert nn.Linear(4, 3, bias=False).bias is None


def test_sigmoid_and_cross_entropy_give_prediction_minus_target():
    logits = torch.tensor([[0.5], [-1.0], [2.0]], requires_grad=True)
    target = torch.tensor([[1.0], [0.0], [1.0]])
    loss = F.binary_cross_entropy_with_logits(logits, target)
    loss.backward()
    p = [1 / (1 + math.exp(-v)) for v in (0.5, -1.0, 2.0)]
    assert close(logits.grad, [[(q - t) / 3] for q, t in zip(p, (1, 0, 1))])
    assert loss.item() == pytest.approx(-(math.log(p[0]) + math.log(1 - p[1]) + math.log(p[2])) / 3, rel=1e-6)


def test_softmax_and_cross_entropy_give_prediction_minus_target():
    logits = torch.tensor([[1.0, 2.0, 0.5], [0.1, -0.3, 0.2]], requires_grad=True)
    loss = F.cross_entropy(logits, torch.tensor([1, 2]))
    loss.backward()
    p = torch.softmax(logits.detach(), 1).tolist()
    onehot = [[0, 1, 0], [0, 0, 1]]
    assert close(logits.grad, [[(q - t) / 2 for q, t in zip(r, o)] for r, o in zip(p, onehot)])
    assert loss.item() == pytest.approx(-(math.log(p[0][1]) + math.log(p[1][2])) / 2, rel=1e-6)


def test_losses_and_their_reductions():
    x, t = torch.tensor([1.0, 4.0]), torch.tensor([2.0, 2.0])
    assert F.mse_loss(x, t).item() == 2.5 and nn.MSELoss(reduction="sum")(x, t).item() == 5
    assert F.mse_loss(x, t, reduction="none").tolist() == [1, 4]
    logits, labels = torch.tensor([[2.0, 0.0], [0.0, 0.0], [0.0, 1.0]]), torch.tensor([0, -100, 1])
    each = nn.CrossEntropyLoss(reduction="none")(logits, labels)
    assert close(each, [math.log(1 + math.exp(-2)), 0, math.log(1 + math.exp(-1))])
    assert nn.CrossEntropyLoss()(logits, labels).item() == pytest.approx((each[0].item() + each[2].item()) / 2)
    w = torch.tensor([1.0, 3.0])
    assert nn.CrossEntropyLoss(weight=w)(logits, labels).item() == pytest.approx((each[0].item() + 3 * each[2].item()) / 4)
    assert F.cross_entropy(logits[:1], torch.tensor([0]), label_smoothing=0.5).item() == pytest.approx(0.126928 + 0.5, rel=1e-5)
    bce = nn.BCEWithLogitsLoss(pos_weight=torch.tensor([2.0]))
    assert bce(torch.tensor([0.0]), torch.tensor([1.0])).item() == pytest.approx(2 * math.log(2))
    with pytest.raises(ValueError):
        F.mse_loss(x, t, reduction="average")


def test_activations():
    x = torch.tensor([[-1.0, 0.0, 2.0]])
    assert nn.ReLU()(x).tolist() == [[0, 0, 2]]
    assert close(nn.Tanh()(x), [[math.tanh(v) for v in (-1, 0, 2)]])
    assert close(nn.Sigmoid()(x), [[1 / (1 + math.exp(-v)) for v in (-1, 0, 2)]])
    assert close(nn.GELU()(x), [[v * 0.5 * (1 + math.erf(v / math.sqrt(2))) for v in (-1, 0, 2)]])
    assert close(F.gelu(x, approximate="tanh"), [[-0.158808, 0, 1.954598]], 1e-5)
    assert nn.Softmax(dim=1)(x).sum().item() == pytest.approx(1)
    assert nn.LogSoftmax(dim=-1)(x).exp().sum().item() == pytest.approx(1)
    assert close(F.softplus(x), [[math.log1p(math.exp(v)) for v in (-1, 0, 2)]])
    assert close(F.softplus(x, beta=2), [[math.log1p(math.exp(2 * v)) / 2 for v in (-1, 0, 2)]])
    assert nn.Identity(3, key=4)(x) is x
    assert nn.Flatten()(torch.ones(2, 3, 4)).shape == (2, 12)


def test_layer_norm():
    layer = nn.LayerNorm(4)
    x = torch.tensor([[1.0, 2.0, 3.0, 4.0]])
    s = math.sqrt(1.25 + 1e-5)
    assert close(layer(x), [[(v - 2.5) / s for v in (1, 2, 3, 4)]])
    assert layer.weight.tolist() == [1] * 4 and layer.bias.tolist() == [0] * 4
    assert nn.LayerNorm((2, 2), elementwise_affine=False)(torch.ones(3, 2, 2)).abs().max().item() == 0
    assert nn.LayerNorm(4, bias=False).bias is None


def test_embedding():
    layer = nn.Embedding(5, 3, padding_idx=-1)
    assert layer.weight[4].tolist() == [0, 0, 0] and layer.padding_idx == 4
    y = layer(torch.tensor([[0, 4], [0, 2]]))
    assert y.shape == (2, 2, 3) and y[0, 0].tolist() == layer.weight[0].tolist()
    y.sum().backward()
    assert layer.weight.grad.tolist() == [[2] * 3, [0] * 3, [1] * 3, [0] * 3, [0] * 3]
    with pytest.raises(IndexError):
        layer(torch.tensor([5]))


def test_dropout():
    torch.manual_seed(0)
    layer = nn.Dropout(0.25)
    x = torch.ones(4000)
    y = layer(x)
    assert {round(v, 4) for v in y.tolist()} == {0.0, 1.3333} and abs(y.mean().item() - 1) < 0.1
    assert layer.eval()(x).tolist() == x.tolist()
    with pytest.raises(ValueError):
        nn.Dropout(1.5)


def test_parameters_and_their_names():
    net = Net()
    assert [n for n, _ in net.named_parameters()] == ["scale", "hidden.weight", "hidden.bias", "out.weight"]
    assert sum(p.numel() for p in net.parameters()) == 1 + 6 + 3 + 3
    assert [n for n, _ in net.named_buffers()] == ["count"] and [n for n, _ in net.named_children()] == ["hidden", "act", "out"]
    assert len(list(net.modules())) == 4
    net.again = net.hidden
    assert len(list(net.parameters())) == 4
    net.hidden = nn.Linear(2, 3)
    del net.again
    assert not hasattr(net, "again")
    with pytest.raises(TypeError):
        net.scale = 3
    net.scale = None
    assert len(list(net.parameters())) == 3
    with pytest.raises(AttributeError):
        net.nothing


def test_assignment_needs_init():
    class Forgetful(nn.Module):
        def __init__(self):
            self.p = nn.Parameter(torch.ones(1))

    with pytest.raises(AttributeError):
        Forgetful()
    with pytest.raises(NotImplementedError):
        nn.Module()(1)


def test_state_dict_round_trip(tmp_path):
    a, b = Net(), Net()
    state = a.state_dict()
    assert list(state) == ["scale", "count", "hidden.weight", "hidden.bias", "out.weight"]
    assert not state["scale"].requires_grad
    torch.save(dict(state), tmp_path / "net")
    result = b.load_state_dict(torch.load(tmp_path / "net"))
    assert repr(result) == "<All keys matched successfully>"
    x = torch.ones(2, 2)
    assert a(x).tolist() == b(x).tolist()
    with pytest.raises(RuntimeError, match="Missing key"):
        b.load_state_dict({})
    with pytest.raises(RuntimeError, match="Unexpected key"):
        b.load_state_dict({**state, "more": torch.ones(1)})
    with pytest.raises(RuntimeError, match="size mismatch"):
        b.load_state_dict({**state, "scale": torch.ones(2)})
    partial = b.load_state_dict({"scale": torch.tensor(5.0)}, strict=False)
    assert "out.weight" in partial.missing_keys and b.scale.item() == 5


def test_modes_gradients_and_types():
    net = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5))
    assert net.training and not net.eval().training and not net[1].training
    net.train()
    net[0](torch.ones(1, 2)).sum().backward()
    assert net[0].bias.grad.tolist() == [1, 1]
    net.zero_grad()
    assert net[0].bias.grad is None
    net[0](torch.ones(1, 2)).sum().backward()
    net.zero_grad(set_to_none=False)
    assert net[0].bias.grad.tolist() == [0, 0]
    assert net.double()[0].weight.dtype is torch.float64 and net.to("cpu") is net
    net.requires_grad_(False)
    assert not any(p.requires_grad for p in net.parameters())
    seen = []
    net.apply(lambda m: seen.append(type(m).__name__))
    assert seen == ["Linear", "Dropout", "Sequential"]


def test_sequential_and_lists():
    net = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1))
    assert len(net) == 3 and net[-1].out_features == 1 and len(net[:2]) == 2 and net(torch.ones(7, 2)).shape == (7, 1)
    many = nn.ModuleList([nn.Linear(1, 1) for _ in range(3)])
    assert len(many) == 3 and len(list(many.parameters())) == 6 and [n for n, _ in many.named_children()] == ["0", "1", "2"]


def test_text():
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Sequential(nn.LayerNorm(3), nn.Dropout(0.1)), nn.Embedding(4, 2, padding_idx=0))
    assert text(net) == """Sequential(
  (0): Linear(in_features=2, out_features=3, bias=True)
  (1): ReLU()
  (2): Sequential(
    (0): LayerNorm((3,), eps=1e-05, elementwise_affine=True, bias=True)
    (1): Dropout(p=0.1, inplace=False)
  )
  (3): Embedding(4, 2, padding_idx=0)
)"""
    assert [repr(m) for m in (nn.GELU(), nn.Softmax(dim=1), nn.Flatten(), nn.MSELoss(), nn.CrossEntropyLoss(), nn.Identity())] == [
        "GELU(approximate='none')", "Softmax(dim=1)", "Flatten(start_dim=1, end_dim=-1)", "MSELoss()", "CrossEntropyLoss()", "Identity()"]


@pytest.mark.filterwarnings("ignore:Implicit dimension")
@pytest.mark.parametrize("shape, dim", [((), 0), ((3,), 0), ((2, 3), 1), ((2, 3, 4), 0), ((2, 3, 2, 2), 1)])
def test_softmax_without_a_dimension(shape, dim):
    F = nn.functional
    x = torch.rand(shape)
    for implicit, module, explicit in ((F.softmax, nn.Softmax, torch.softmax), (F.log_softmax, nn.LogSoftmax, torch.log_softmax)):
        assert torch.equal(implicit(x), explicit(x, dim)) and torch.equal(module()(x), explicit(x, dim))
        assert implicit(x, dim, 3, torch.float64).dtype is torch.float64
    assert torch.equal(F.softmin(x), torch.softmax(-x, dim)) and torch.equal(nn.Softmin()(x), torch.softmax(-x, dim))
    with pytest.raises(TypeError):
        torch.softmax(x)


@ours
def test_training_gives_the_same_bits_for_any_number_of_threads():
    """Wide enough that every product, row kernel and optimizer step is shared out, which the digits are not."""

    def weights(threads):
        torch.set_num_threads(threads)
        torch.manual_seed(3)
        net = nn.Sequential(nn.Linear(784, 1024), nn.GELU(), nn.LayerNorm(1024), nn.Linear(1024, 10))
        optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
        x = torch.randn(512, 784)
        labels = (x.sum(1) > 0).long()
        for _ in range(3):
            optimizer.zero_grad()
            F.cross_entropy(net(x), labels).backward()
            optimizer.step()
        return [bytes(memoryview(p.detach())) for p in net.parameters()]

    before = torch.get_num_threads()
    try:
        alone = weights(1)
        assert all(weights(threads) == alone for threads in (2, 3, 4))
    finally:
        torch.set_num_threads(before)


def test_batch_norm():
    """Statistics of the batch in training, running ones otherwise; their update; what state_dict holds."""
    layer = nn.BatchNorm1d(2, momentum=0.5)
    assert list(layer.state_dict()) == ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
    x = torch.tensor([[1.0, 10.0], [3.0, 30.0]])
    assert close(layer(x), [[-1, -1], [1, 1]], 1e-4)
    assert layer.running_mean.tolist() == [1, 10] and close(layer.running_var, [1.5, 100.5]) and layer.num_batches_tracked.item() == 1
    layer.eval()
    assert close(layer(x), [[0, 0], [2 / 1.5**0.5, 20 / 100.5**0.5]], 1e-4)
    assert layer.running_mean.tolist() == [1, 10] and layer.num_batches_tracked.item() == 1

    average = nn.BatchNorm2d(2, momentum=None, affine=False)
    for value in (1.0, 3.0, 8.0):
        average(torch.full((2, 2, 3, 3), value))
    assert close(average.running_mean, [4, 4]) and average.weight is None and average.num_batches_tracked.item() == 3
    average.reset_running_stats()
    assert average.running_mean.tolist() == [0, 0] and average.running_var.tolist() == [1, 1]

    free = nn.BatchNorm1d(2, track_running_stats=False).eval()
    assert close(free(x), [[-1, -1], [1, 1]], 1e-4) and list(free.state_dict()) == ["weight", "bias"]
    with pytest.raises(ValueError):
        nn.BatchNorm2d(2)(x)
    with pytest.raises((ValueError, RuntimeError)):
        nn.BatchNorm1d(2)(x[:1])
    assert repr(nn.BatchNorm2d(3)) == "BatchNorm2d(3, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)"


def test_group_and_rms_norm():
    layer = nn.GroupNorm(2, 4)
    y = layer(torch.tensor([[1.0, 3.0, 20.0, 40.0]]))
    assert close(y, [[-1, 1, -1, 1]], 1e-4)
    assert repr(layer).startswith("GroupNorm(2, 4, eps=1e-05, affine=True")
    with pytest.raises(ValueError):
        nn.GroupNorm(3, 4)
    assert close(nn.RMSNorm(2)(torch.tensor([3.0, 4.0])), [3 / 12.5**0.5, 4 / 12.5**0.5])
    assert list(nn.RMSNorm(2).state_dict()) == ["weight"] and nn.RMSNorm(2, elementwise_affine=False).weight is None


def test_nll_loss():
    x = torch.tensor([[-1.0, -2.0], [-3.0, -4.0]])
    assert nn.NLLLoss()(x, torch.tensor([0, 1])).item() == 2.5
    assert nn.NLLLoss(reduction="sum", ignore_index=1)(x, torch.tensor([0, 1])).item() == 1


def test_convolution_layers_have_pytorch_names_shapes_and_bounds():
    torch.manual_seed(0)
    layers = [
        (nn.Conv2d(4, 6, (3, 5), stride=2, padding=1, groups=2), (6, 2, 3, 5), 2 * 15, (2, 4, 9, 9), (2, 6, 5, 4)),
        (nn.Conv1d(3, 5, 3, padding="same"), (5, 3, 3), 9, (2, 3, 7), (2, 5, 7)),
        (nn.ConvTranspose2d(3, 4, 2, stride=2), (3, 4, 2, 2), 16, (1, 3, 3, 5), (1, 4, 6, 10)),
    ]
    for layer, shape, fan_in, size, result in layers:
        assert {name: tuple(p.shape) for name, p in layer.state_dict().items()} == {"weight": shape, "bias": (result[1],)}
        bound = fan_in**-0.5
        assert layer.weight.abs().max().item() <= bound and layer.weight.abs().max().item() > 0.5 * bound
        assert tuple(layer(torch.randn(*size)).shape) == result
    assert nn.Conv2d(1, 2, 3, bias=False).bias is None
    assert repr(nn.Conv2d(1, 2, 3, padding=1)) == "Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))"
    with pytest.raises(ValueError):
        nn.Conv2d(3, 4, 3, groups=2)


def test_pooling_layers():
    x = torch.arange(16.0).reshape(1, 1, 4, 4)
    assert nn.MaxPool2d(2)(x).tolist() == [[[[5, 7], [13, 15]]]]
    assert nn.AvgPool2d(2)(x).tolist() == [[[[2.5, 4.5], [10.5, 12.5]]]]
    assert nn.AdaptiveAvgPool2d(1)(x).tolist() == [[[[7.5]]]]
    assert nn.AdaptiveAvgPool2d((None, 2))(x).shape == (1, 1, 4, 2)
    values, indices = nn.MaxPool2d(2, return_indices=True)(x)
    assert indices.tolist() == [[[[5, 7], [13, 15]]]] and indices.dtype == torch.int64
    assert nn.MaxPool1d(2)(x[0]).tolist() == [[[1, 3], [5, 7], [9, 11], [13, 15]]]
    assert nn.AvgPool1d(4)(x[0]).tolist() == [[[1.5], [5.5], [9.5], [13.5]]]


@ours
def test_products_have_the_same_bits_for_any_number_of_threads():
    """Sizes whose pieces are blocked otherwise than the whole, each operand lying either way."""
    def product(m, n, k, a_turned, b_turned):
        torch.manual_seed(0)
        a = torch.randn(k, m).transpose(0, 1) if a_turned else torch.randn(m, k)
        b = torch.randn(n, k).transpose(0, 1) if b_turned else torch.randn(k, n)
        return (a @ b).tolist()

    before = torch.get_num_threads()
    try:
        for m, n, k in [(992, 128, 512), (512, 128, 992), (128, 512, 1024), (1024, 65, 128), (31, 1000, 300)]:
            for form in [(False, False), (False, True), (True, False), (True, True)]:
                torch.set_num_threads(1)
                alone = product(m, n, k, *form)
                for threads in (2, 3, 4, 7):
                    torch.set_num_threads(threads)
                    assert product(m, n, k, *form) == alone, (m, n, k, form, threads)
    finally:
        torch.set_num_threads(before)


@ours
def test_convolutions_have_the_same_bits_for_any_number_of_threads():
    before = torch.get_num_threads()
    cases = [((3, 16, 12, 12), (32, 16, 5, 5), {}), ((1, 32, 20, 20), (48, 32, 3, 3), {"padding": 1}),
             ((2, 24, 17, 19), (24, 1, 3, 3), {"groups": 24, "stride": 2, "padding": 1}), ((5, 8, 16, 16), (24, 8, 1, 1), {"stride": 2})]
    try:
        for size, kernel, options in cases:
            results = []
            for threads in (1, 2, 3, 4):
                torch.set_num_threads(threads)
                torch.manual_seed(1)
                x, w, b = torch.randn(*size), torch.randn(*kernel), torch.randn(kernel[0])
                for t in (x, w, b):
                    t.requires_grad_()
                y = torch.nn.functional.max_pool2d(torch.nn.functional.conv2d(x, w, b, **options), 2)
                y.backward(torch.randn(*y.shape))
                results.append([t.tolist() for t in (y, x.grad, w.grad, b.grad)])
            assert all(r == results[0] for r in results)
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("layer, shape", [("BatchNorm1d", (1, 3)), ("BatchNorm2d", (1, 3, 1, 1)), ("InstanceNorm1d", (2, 3, 1)), ("InstanceNorm2d", (2, 3, 1, 1))])
def test_norms_of_one_value_per_channel_are_refused(layer, shape):
    with pytest.raises(ValueError, match="1 |one value"):
        getattr(torch.nn, layer)(3)(torch.ones(shape))
