"""Functions of torch in its own argument order, layers that wait for an input, weights computed from others, vmap: against what they must be."""

import copy
import math

import pytest
from engine import IS_TORCH, close, flat, ours, torch

nn, F = torch.nn, torch.nn.functional


def numbers(*shape):
    """Numbers without a pattern, the same in every engine."""
    n = math.prod(shape)
    return torch.tensor([math.sin(3.7 * i + 0.3) * 2 for i in range(n)]).reshape(shape)


# torch.name beside nn.functional.name


def test_methods_as_functions():
    x = torch.tensor([-1.5, 4.0])
    assert torch.abs_(x) is x and x.tolist() == [1.5, 4.0]
    assert torch.clamp_(x, max=2).tolist() == [1.5, 2.0] and torch.zero_(x).sum() == 0
    with pytest.raises(TypeError):
        torch.relu_(3)


def test_normalisations():
    x, w, b = numbers(2, 4, 3), numbers(4), numbers(4) * 0.5
    mean, var = numbers(4), numbers(4).abs() + 1
    assert torch.batch_norm(x, w, b, mean, var, False, 0.1, 1e-5, False).tolist() == F.batch_norm(x, mean, var, w, b).tolist()
    assert torch.instance_norm(x, w, b, None, None, True, 0.1, 1e-5, False).tolist() == F.instance_norm(x, weight=w, bias=b).tolist()
    assert torch.group_norm(x, 2, w, b).tolist() == F.group_norm(x, 2, w, b).tolist()
    assert torch.layer_norm(x, [3]).tolist() == F.layer_norm(x, [3]).tolist()
    assert torch.rms_norm(x, [3], eps=1e-3).tolist() == F.rms_norm(x, [3], eps=1e-3).tolist()


@pytest.mark.parametrize("name, changing", [("dropout", "dropout_"), ("alpha_dropout", "alpha_dropout_"), ("feature_dropout", "feature_dropout_"),
                                            ("feature_alpha_dropout", "feature_alpha_dropout_")])
def test_dropouts(name, changing):
    torch.manual_seed(3)
    x = torch.ones(8, 16, 5)
    assert getattr(torch, name)(x, 0.5, False).tolist() == x.tolist()
    y = getattr(torch, name)(x, 0.5, True)
    assert len(set(flat(y.tolist()))) == 2
    if name.startswith("feature"):
        assert all(len(set(channel)) == 1 for sample in y.tolist() for channel in sample)
    z = x.clone()
    assert getattr(torch, changing)(z, 0.5, True) is z and len(set(flat(z.tolist()))) == 2


def test_tables():
    table, places = numbers(5, 3), torch.tensor([4, 0, 4])
    assert torch.embedding(table, places).tolist() == F.embedding(places, table).tolist()
    bags = torch.embedding_bag(table, places, torch.tensor([0, 2]), mode=1)
    close(bags[0], F.embedding_bag(places, table, torch.tensor([0, 2]), mode="mean").tolist())


def test_losses_with_numbered_reductions():
    x, y, z = numbers(3, 4), numbers(3, 4) * 0.5 + 0.1, numbers(3, 4) * -0.3
    signs = torch.tensor([1.0, -1.0, 1.0])
    pairs = [
        (torch.kl_div(x, y.abs(), 2), F.kl_div(x, y.abs(), reduction="sum")),
        (torch.cosine_embedding_loss(x, y, signs, 0.1, 0), F.cosine_embedding_loss(x, y, signs, 0.1, reduction="none")),
        (torch.hinge_embedding_loss(x[0], signs[0], 1.0, 1), F.hinge_embedding_loss(x[0], signs[0])),
        (torch.margin_ranking_loss(x[0], y[0], torch.ones(4), 0.5, 2), F.margin_ranking_loss(x[0], y[0], torch.ones(4), 0.5, reduction="sum")),
        (torch.poisson_nll_loss(x, y.abs(), True, False, 1e-8, 1), F.poisson_nll_loss(x, y.abs())),
        (torch.triplet_margin_loss(x, y, z, 1.0, 2.0, 1e-6, False, 0), F.triplet_margin_loss(x, y, z, reduction="none")),
        (torch.binary_cross_entropy_with_logits(x, (y > 0).float(), None, None, 2),
         F.binary_cross_entropy_with_logits(x, (y > 0).float(), reduction="sum")),
        (torch.ctc_loss(F.log_softmax(numbers(5, 1, 4), 2), torch.tensor([[1, 2]]), (5,), (2,), 0, 2),
         F.ctc_loss(F.log_softmax(numbers(5, 1, 4), 2), torch.tensor([[1, 2]]), (5,), (2,), reduction="sum")),
    ]
    for got, expected in pairs:
        close(got, expected.tolist())


def test_cells():
    x, h, c = numbers(2, 3), numbers(2, 4), numbers(2, 4) * 0.5
    for name, module in (("lstm_cell", nn.LSTMCell), ("gru_cell", nn.GRUCell), ("rnn_tanh_cell", nn.RNNCell)):
        cell = module(3, 4)
        weights = (cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh)
        state = (h, c) if name == "lstm_cell" else h
        got, expected = getattr(torch, name)(x, state, *weights), cell(x, state)
        for a, b in zip(got, expected) if name == "lstm_cell" else [(got, expected)]:
            close(a, b.tolist())
    relu = nn.RNNCell(3, 4, nonlinearity="relu")
    close(torch.rnn_relu_cell(x, h, relu.weight_ih, relu.weight_hh, relu.bias_ih, relu.bias_hh), relu(x, h).tolist())


def test_images_and_norms():
    image = numbers(1, 4, 2, 2)
    assert torch.pixel_shuffle(image, 2).tolist() == F.pixel_shuffle(image, 2).tolist()
    assert torch.pixel_unshuffle(numbers(1, 1, 2, 2), 2).tolist() == F.pixel_unshuffle(numbers(1, 1, 2, 2), 2).tolist()
    assert torch.channel_shuffle(image, 2).tolist() == F.channel_shuffle(image, 2).tolist()
    values, places = torch.adaptive_max_pool1d(torch.tensor([[1.0, 5.0, 2.0, 3.0]]), 2)
    assert values.tolist() == [[5.0, 3.0]] and places.tolist() == [[1, 3]]
    close(torch.bilinear(numbers(2, 3), numbers(2, 2), numbers(4, 3, 2)), F.bilinear(numbers(2, 3), numbers(2, 2), numbers(4, 3, 2)).tolist())
    m = torch.tensor([[3.0, 0.0], [0.0, -4.0]])
    close(torch.frobenius_norm(m, (0, 1)), 5.0)
    close(torch.nuclear_norm(m), 7.0)
    for name, args in (("celu_", (1.0,)), ("selu_", ()), ("threshold_", (0.5, 9.0)), ("rrelu_", (0.25, 0.25))):
        x = torch.tensor([-1.0, 2.0])
        expected = getattr(F, name[:-1])(x.clone(), *args)
        assert getattr(torch, name)(x, *args) is x
        close(x, expected.tolist())


# Histograms, places, memory


def test_histograms():
    x = torch.tensor([0.0, 1.0, 1.5, 2.0, 4.0, 9.0])
    hist, edges = torch.histogram(x, 4, range=(0.0, 4.0))
    assert hist.tolist() == [1, 2, 1, 1] and edges.tolist() == [0, 1, 2, 3, 4]
    hist, _ = x.histogram(torch.tensor([0.0, 2.0, 10.0]), weight=torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]))
    assert hist.tolist() == [6, 15]
    close(torch.histogram(x, 2, density=True).hist, [4 / 6 / 4.5 + 1 / 6 / 4.5, 1 / 6 / 4.5])


def test_places():
    rows, columns = torch.unravel_index(torch.tensor([0, 5, 7]), (2, 4))
    assert rows.tolist() == [0, 1, 1] and columns.tolist() == [0, 1, 3]
    x = torch.tensor([[1, 0], [0, 2]])
    assert torch.nonzero_static(x, size=3).tolist() == x.nonzero_static(size=3).tolist() == [[0, 0], [1, 1], [-1, -1]]
    assert x[torch.newaxis].shape == (1, 2, 2)
    assert [p.tolist() for p in torch.unsafe_split_with_sizes(torch.arange(3), [1, 2])] == [[0], [1, 2]]
    assert torch.arange(4).narrow_copy(0, 1, 2).tolist() == [1, 2] and x.isreal().all()
    assert torch.empty_strided((2, 3), (1, 2)).stride() == x.new_empty_strided((2, 3), (1, 2)).stride() == (1, 2)
    assert torch.empty_permuted((2, 3, 4), (0, 2, 1)).stride() == (12, 1, 3)


def test_binomial():
    torch.manual_seed(0)
    draws = torch.binomial(torch.full((4000,), 10.0), torch.tensor(0.3))
    assert draws.min() >= 0 and draws.max() <= 10 and draws.mean().item() == pytest.approx(3, abs=0.12)
    assert torch.binomial(torch.tensor([5.0]), torch.tensor([1.0])).tolist() == [5.0]


def test_qr_as_lapack_keeps_it():
    x = numbers(4, 3)
    a, tau = torch.geqrf(x)
    q = torch.linalg.householder_product(a, tau)
    close(q @ a[:3].triu(), x.tolist(), 1e-5)
    close(q.mT @ q, torch.eye(3).tolist(), 1e-5)
    close(x.geqrf()[1], tau.tolist())


def test_methods_in_place():
    x = torch.tensor([[3.0, 4.0], [0.3, 0.4]])
    assert x.renorm_(2, 0, 1.0) is x
    close(x, [[0.6, 0.8], [0.3, 0.4]], 1e-5)
    y = torch.tensor([2.0])
    assert y.mvlgamma_(2) is y and y.conj_physical_() is y
    close(y, torch.tensor([2.0]).mvlgamma(2).tolist())


# Polynomials


def test_polynomials():
    x = torch.tensor([-0.5, 0.25, 1.0], dtype=torch.float64)
    expected = {
        "chebyshev_polynomial_t": 4 * x**3 - 3 * x, "chebyshev_polynomial_u": 8 * x**3 - 4 * x, "chebyshev_polynomial_v": 8 * x**3 - 4 * x**2 - 4 * x + 1,
        "chebyshev_polynomial_w": 8 * x**3 + 4 * x**2 - 4 * x - 1, "hermite_polynomial_h": 8 * x**3 - 12 * x, "hermite_polynomial_he": x**3 - 3 * x,
        "laguerre_polynomial_l": (-(x**3) + 9 * x**2 - 18 * x + 6) / 6, "legendre_polynomial_p": (5 * x**3 - 3 * x) / 2,
    }
    for name, values in expected.items():
        close(getattr(torch.special, name)(x, 3), values.tolist(), 1e-12)
    turned = 2 * x - 1
    close(torch.special.shifted_chebyshev_polynomial_t(x, 2), (2 * turned**2 - 1).tolist(), 1e-12)
    close(torch.special.shifted_chebyshev_polynomial_u(x, 2), (4 * turned**2 - 1).tolist(), 1e-12)
    close(torch.special.shifted_chebyshev_polynomial_v(x, 2), (4 * turned**2 - 2 * turned - 1).tolist(), 1e-12)
    close(torch.special.shifted_chebyshev_polynomial_w(x, 2), (4 * turned**2 + 2 * turned - 1).tolist(), 1e-12)
    degrees = torch.tensor([0, 1, 2])
    close(torch.special.legendre_polynomial_p(torch.tensor(0.5), degrees), [1.0, 0.5, -0.125])


def test_zeta():
    x = torch.tensor([2.0, 4.0, 1.5], dtype=torch.float64)
    close(torch.special.zeta(x, 1.0), [math.pi**2 / 6, math.pi**4 / 90, 2.612375348685488], 1e-13)
    close(torch.special.zeta(torch.tensor(3.0, dtype=torch.float64), torch.tensor([0.5, 2.0], dtype=torch.float64)), [8.414398322117158, 0.2020569031595943], 1e-12)
    assert torch.special.zeta(torch.tensor([1.0]), 1.0).item() == math.inf


# Layers


@pytest.mark.parametrize("name, args, shape", [("LazyLinear", (3,), (2, 5)), ("LazyConv1d", (4, 3), (2, 3, 8)), ("LazyConv2d", (4, 3), (2, 3, 8, 8)),
                                               ("LazyConv3d", (4, 1), (1, 2, 3, 3, 3)), ("LazyConvTranspose1d", (4, 3), (2, 3, 8)),
                                               ("LazyConvTranspose2d", (4, 3), (2, 3, 8, 8)), ("LazyConvTranspose3d", (4, 1), (1, 2, 3, 3, 3)),
                                               ("LazyBatchNorm1d", (), (2, 3, 4)), ("LazyBatchNorm2d", (), (2, 3, 4, 4)),
                                               ("LazyBatchNorm3d", (), (2, 3, 2, 2, 2)), ("LazyInstanceNorm1d", (), (2, 3, 4)),
                                               ("LazyInstanceNorm2d", (), (2, 3, 4, 4)), ("LazyInstanceNorm3d", (), (2, 3, 2, 2, 2))])
def test_lazy_layers(name, args, shape):
    lazy, x = getattr(nn, name)(*args), numbers(*shape)
    assert lazy.has_uninitialized_params()
    channels = shape[-1] if name == "LazyLinear" else shape[1]
    y = lazy(x)
    kind = getattr(nn, name.removeprefix("Lazy"))
    assert type(lazy) is kind
    plain = kind(channels, *args, **({"affine": True, "track_running_stats": True} if "Instance" in name else {}))
    plain.load_state_dict(lazy.state_dict())
    if "Norm" not in name:
        assert plain(x).tolist() == y.tolist()
    waiting = getattr(nn, name)(*args)
    waiting.load_state_dict(lazy.state_dict())
    assert {k: tuple(v.shape) for k, v in waiting.state_dict().items()} == {k: tuple(v.shape) for k, v in lazy.state_dict().items()}


def test_a_lazy_network_trains():
    torch.manual_seed(0)
    net = nn.Sequential(nn.LazyConv2d(2, 3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(1))
    assert isinstance(net[0].weight, nn.parameter.UninitializedParameter if IS_TORCH else nn.UninitializedParameter)
    net(torch.zeros(1, 1, 5, 5))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    x, y = numbers(8, 1, 5, 5), numbers(8, 1)
    losses = []
    for _ in range(30):
        optimizer.zero_grad()
        loss = F.mse_loss(net(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] * 0.9


def test_adaptive_log_softmax():
    torch.manual_seed(1)
    layer = nn.AdaptiveLogSoftmaxWithLoss(8, 10, cutoffs=[3, 6], div_value=2.0)
    x, target = numbers(6, 8), torch.tensor([0, 2, 3, 5, 6, 9])
    everything = layer.log_prob(x)
    close(everything.exp().sum(1), [1.0] * 6, 1e-5)
    output, loss = layer(x, target)
    close(output, everything.gather(1, target.unsqueeze(1)).squeeze(1).tolist(), 1e-5)
    close(loss, -output.mean().item(), 1e-5)
    assert layer.predict(x).tolist() == everything.argmax(1).tolist()
    assert {k: tuple(v.shape) for k, v in layer.state_dict().items()} == {
        "head.weight": (5, 8), "tail.0.0.weight": (4, 8), "tail.0.1.weight": (3, 4), "tail.1.0.weight": (2, 8), "tail.1.1.weight": (4, 2)}
    loss.backward()
    assert layer.head.weight.grad.abs().sum() > 0
    with pytest.raises(RuntimeError):
        layer(x, target + 5)
    with pytest.raises(ValueError):
        nn.AdaptiveLogSoftmaxWithLoss(8, 10, cutoffs=[6, 3])


def test_gumbel_softmax():
    torch.manual_seed(0)
    logits = torch.tensor([[0.0, 1.0, 2.0]]).expand(3000, 3).clone().requires_grad_()
    soft = F.gumbel_softmax(logits, tau=0.5)
    close(soft.sum(1), [1.0] * 3000, 1e-5)
    hard = F.gumbel_softmax(logits, hard=True)
    assert set(flat(hard.detach().round(decimals=5).abs().tolist())) == {0.0, 1.0}
    assert hard.detach().mean(0).tolist() == pytest.approx(torch.softmax(logits[0], 0).tolist(), abs=0.04)
    hard[:, 0].sum().backward()
    assert logits.grad.abs().sum() > 0


# Optimizer


def test_asgd():
    """Values of PyTorch 2.13 after five steps."""
    p = torch.tensor([1.0, -2.0], requires_grad=True)
    optimizer = torch.optim.ASGD([p], lr=0.1, lambd=0.01, alpha=0.5, t0=2, weight_decay=0.1)
    for _ in range(5):
        optimizer.zero_grad()
        (p**2).sum().backward()
        optimizer.step()
    close(p, [0.30499687790870667, -0.6099937558174133], 1e-6)
    state = optimizer.state[p]
    close(state["ax"], [0.38743340969085693, -0.7748668193817139], 1e-6)
    assert (int(state["step"]), float(state["mu"])) == (5, pytest.approx(1 / 3))
    again = torch.optim.ASGD([p], lr=0.5)
    again.load_state_dict(optimizer.state_dict())
    assert again.param_groups[0]["lr"] == 0.1 and float(again.state[p]["mu"]) == pytest.approx(1 / 3)


# Parametrizations


class Symmetric(nn.Module):
    def forward(self, x):
        return x.triu() + x.triu(1).transpose(-1, -2)

    def right_inverse(self, a):
        return a.triu()


class Twice(nn.Module):
    def forward(self, x):
        return 2 * x

    def right_inverse(self, x):
        return x / 2


def test_parametrize():
    P = nn.utils.parametrize
    layer = nn.Linear(3, 3)
    P.register_parametrization(layer, "weight", Symmetric())
    assert P.is_parametrized(layer) and P.is_parametrized(layer, "weight") and not P.is_parametrized(layer, "bias")
    assert isinstance(layer, nn.Linear) and P.type_before_parametrizations(layer) is nn.Linear
    assert layer.weight.tolist() == layer.weight.T.tolist()
    assert [n for n, _ in layer.named_parameters()] == ["bias", "parametrizations.weight.original"]
    layer(torch.ones(2, 3)).sum().backward()
    assert layer.parametrizations.weight.original.grad.tril(-1).abs().sum() == 0
    layer.weight = torch.arange(9.0).reshape(3, 3)
    assert layer.weight.tolist() == [[0, 1, 2], [1, 4, 5], [2, 5, 8]]
    P.register_parametrization(layer, "weight", Twice())
    assert layer.weight.tolist() == [[0, 2, 4], [2, 8, 10], [4, 10, 16]] and len(layer.parametrizations.weight) == 2
    layer.weight = torch.arange(9.0).reshape(3, 3)
    assert layer.weight.tolist() == [[0, 1, 2], [1, 4, 5], [2, 5, 8]]
    assert isinstance(layer.parametrizations.weight, P.ParametrizationList)
    with P.cached():
        assert layer.weight is layer.weight
    assert layer.weight is not layer.weight
    other = P.transfer_parametrizations_and_params(layer, nn.Linear(3, 3))
    assert other.weight.tolist() == layer.weight.tolist()
    P.remove_parametrizations(layer, "weight")
    assert type(layer) is nn.Linear and isinstance(layer.weight, nn.Parameter)
    assert layer.weight.tolist() == [[0, 1, 2], [1, 4, 5], [2, 5, 8]]
    with pytest.raises(ValueError):
        P.register_parametrization(layer, "weights", Twice())
    with pytest.raises(ValueError):
        P.register_parametrization(nn.Linear(2, 3), "weight", nn.Flatten(0))


def test_parametrized_weight_norm():
    layer = nn.Linear(3, 2)
    before = layer.weight.tolist()
    nn.utils.parametrizations.weight_norm(layer)
    close(layer.weight, before)
    length = layer.parametrizations.weight.original0
    assert length.shape == (2, 1)
    with torch.no_grad():
        length.fill_(1.0)
    close((layer.weight**2).sum(1), [1.0, 1.0], 1e-5)


def test_parametrized_spectral_norm():
    torch.manual_seed(0)
    layer = nn.utils.parametrizations.spectral_norm(nn.Linear(4, 3), n_power_iterations=20)
    assert torch.linalg.svdvals(layer.weight.detach())[0].item() == pytest.approx(1, abs=1e-4)
    layer(numbers(2, 4)).sum().backward()
    assert layer.parametrizations.weight.original.grad is not None


@pytest.mark.parametrize("shape", [(4, 4), (5, 3), (3, 5)])
@pytest.mark.parametrize("kind", ["matrix_exp", "cayley", "householder"])
@pytest.mark.parametrize("trivial", [True, False])
def test_orthogonal_weights(shape, kind, trivial):
    torch.manual_seed(0)
    layer = nn.Linear(shape[1], shape[0], bias=False)
    nn.init.orthogonal_(layer.weight)
    before = layer.weight.tolist()
    nn.utils.parametrizations.orthogonal(layer, orthogonal_map=kind, use_trivialization=trivial)
    if trivial or kind == "householder":
        close(layer.weight, before, 1e-4)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        layer(numbers(2, shape[1])).square().sum().backward()
        optimizer.step()
    w = layer.weight.detach()
    small = w @ w.mT if shape[0] < shape[1] else w.mT @ w
    close(small, torch.eye(min(shape)).tolist(), 1e-4)


def test_older_norms():
    layer = nn.Linear(3, 2)
    before, x = layer.weight.tolist(), numbers(4, 3)
    expected = layer(x).tolist()
    nn.utils.weight_norm(layer)
    assert sorted(n for n, _ in layer.named_parameters()) == ["bias", "weight_g", "weight_v"]
    close(layer(x), expected)
    layer(x).sum().backward()
    assert layer.weight_g.grad is not None
    nn.utils.remove_weight_norm(layer)
    close(layer.weight, before)
    torch.manual_seed(0)
    other = nn.utils.spectral_norm(nn.Linear(4, 3), n_power_iterations=30)
    assert sorted(n for n, _ in other.named_parameters()) == ["bias", "weight_orig"]
    other(numbers(2, 4))
    assert torch.linalg.svdvals(other.weight.detach())[0].item() == pytest.approx(1, abs=1e-4)
    nn.utils.remove_spectral_norm(other)
    assert isinstance(other.weight, nn.Parameter)
    with pytest.raises(ValueError):
        nn.utils.remove_weight_norm(other)


def test_fusion():
    torch.manual_seed(0)
    x = numbers(3, 2, 6, 6)
    for conv, norm in ((nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4)), (nn.ConvTranspose2d(2, 4, 3), nn.BatchNorm2d(4))):
        norm(conv(x))
        norm.weight.data.copy_(numbers(4))
        norm.bias.data.copy_(numbers(4) * 0.1)
        conv.eval(), norm.eval()
        one = nn.utils.fuse_conv_bn_eval(conv, norm, isinstance(conv, nn.ConvTranspose2d))
        close(one(x), norm(conv(x)).tolist(), 1e-4)
    linear, norm = nn.Linear(3, 4).eval(), nn.BatchNorm1d(4).eval()
    norm.running_mean.copy_(numbers(4))
    close(nn.utils.fuse_linear_bn_eval(linear, norm)(numbers(5, 3)), norm(linear(numbers(5, 3))).tolist(), 1e-4)
    w, b = nn.utils.fuse_linear_bn_weights(linear.weight, linear.bias, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias)
    assert w.shape == (4, 3) and b.shape == (4,)
    w, b = nn.utils.fuse_conv_bn_weights(torch.ones(4, 1, 1, 1), None, norm.running_mean, norm.running_var, norm.eps, None, None)
    close(b, (-norm.running_mean / (1 + norm.eps) ** 0.5).tolist(), 1e-4)
    assert isinstance(nn.utils.skip_init(nn.Linear, 2, 3), nn.Linear)


# vmap


def test_vmap():
    x, w = numbers(5, 3), numbers(3)
    close(torch.vmap(torch.dot, in_dims=(0, None))(x, w), (x @ w).tolist())
    close(torch.vmap(lambda v: v * 2, in_dims=1, out_dims=1)(x), (x * 2).tolist())
    pair = torch.func.vmap(lambda d: (d["a"] + 1, d["a"].sum()), in_dims=({"a": 0},))({"a": x})
    close(pair[0], (x + 1).tolist())
    close(pair[1], x.sum(1).tolist())
    with pytest.raises(ValueError):
        torch.vmap(torch.dot)(x, torch.ones(4, 3))
    with pytest.raises(ValueError):
        torch.vmap(torch.sin, in_dims=None)(x)


def test_gradients_of_every_sample():
    net, x, y = nn.Linear(3, 1), numbers(4, 3), numbers(4, 1)
    parameters = {k: v.detach() for k, v in net.named_parameters()}

    def loss(parameters, x, y):
        return F.mse_loss(torch.func.functional_call(net, parameters, (x.unsqueeze(0),)), y.unsqueeze(0))

    each = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0, 0))(parameters, x, y)
    assert each["weight"].shape == (4, 1, 3)
    F.mse_loss(net(x), y).backward()
    close(each["weight"].mean(0), net.weight.grad.tolist(), 1e-5)


def test_an_ensemble():
    models = [nn.Linear(3, 2) for _ in range(4)]
    parameters, buffers = torch.func.stack_module_state(models)
    assert parameters["weight"].shape == (4, 2, 3) and buffers == {}
    base, x = copy.deepcopy(models[0]), numbers(5, 3)
    got = torch.vmap(lambda p, b: torch.func.functional_call(base, (p, b), (x,)))(parameters, buffers)
    close(got, [m(x).tolist() for m in models], 1e-5)


def test_batch_norms_without_statistics():
    net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    assert torch.func.replace_all_batch_norm_modules_(net) is net
    assert net[1].running_mean is None and list(net[1].buffers()) == []
    close(net.eval()(numbers(4, 2)).mean(0), [0.0] * 3, 1e-5)


# Odds and ends


def test_windows():
    close(torch.bartlett_window(5, periodic=False), [0, 0.5, 1, 0.5, 0], 1e-6)
    close(torch.bartlett_window(4), [0, 0.5, 1, 0.5], 1e-6)
    close(torch.kaiser_window(5, periodic=False, beta=2.0), [0.43869, 0.834113, 1, 0.834113, 0.43869], 1e-4)
    assert torch.kaiser_window(1).tolist() == torch.bartlett_window(1).tolist() == [1.0] and torch.kaiser_window(0).numel() == 0


@pytest.mark.filterwarnings("ignore")
def test_range():
    assert torch.range(1, 4).tolist() == [1, 2, 3, 4] and torch.range(0, 1, 0.5).tolist() == [0, 0.5, 1]
    assert torch.range(3, 1, -1).tolist() == [3, 2, 1]
    with pytest.raises(RuntimeError):
        torch.range(1, 4, -1)


def test_histograms_of_points():
    points = torch.tensor([[0.0, 1.0], [1.0, 0.0], [2.0, 0.0], [2.0, 2.0]])
    hist, edges = torch.histogramdd(points, [2, 2])
    assert hist.tolist() == [[0, 1], [2, 1]] and [e.tolist() for e in edges] == [[0, 1, 2], [0, 1, 2]]
    hist, edges = torch.histogramdd(points, [1, 2], range=[0.0, 1.0, 0.0, 2.0], density=True)
    close(hist, [[0.5, 0.5]])


def test_buffers_by_assignment():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.mean = nn.Buffer(torch.zeros(2))
            self.cache = nn.Buffer(torch.ones(1), persistent=False)

    net = Net()
    assert torch.nn.parameter.Buffer is nn.Buffer and torch.nn.parameter.UninitializedParameter
    assert [n for n, _ in net.named_buffers()] == ["mean", "cache"] and list(net.state_dict()) == ["mean"]
    net.mean = torch.ones(2)
    assert net.state_dict()["mean"].tolist() == [1, 1]


def test_questions_as_functions():
    x = torch.zeros(2)
    assert torch.get_device(x) == x.get_device() == -1 and not torch.is_distributed(x)
    y = torch.zeros(2)
    assert torch.addmv_(y, torch.eye(2), torch.ones(2)) is y and y.tolist() == [1, 1] and torch.conj_physical_(y) is y
