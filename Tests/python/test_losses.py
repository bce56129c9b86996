"""Losses, dropout, lookups and norms: modules, gradients of gradients, errors that name operation, option and value."""

import pytest
from engine import close, ours, torch

F, nn = torch.nn.functional, torch.nn


def leaf(*shape, scale=1.0):
    torch.manual_seed(sum(shape))
    return (torch.randn(*shape, dtype=torch.float64) * scale).requires_grad_()


SIGNS = torch.tensor([1.0, -1.0, 1.0], dtype=torch.float64)
PAIRS = {
    "L1Loss": {}, "MSELoss": {}, "SmoothL1Loss": {"beta": 0.5}, "HuberLoss": {"delta": 0.5}, "KLDivLoss": {"log_target": True}, "PoissonNLLLoss": {},
    "SoftMarginLoss": {}, "HingeEmbeddingLoss": {"margin": 0.5}, "BCEWithLogitsLoss": {}, "MultiLabelSoftMarginLoss": {},
}


@pytest.mark.parametrize("name", PAIRS)
def test_modules_of_pairs_call_their_functions(name):
    x, t = leaf(3, 4), leaf(3, 4).detach().sigmoid()
    loss = getattr(nn, name)(**PAIRS[name])
    assert loss.reduction == "mean" and not list(loss.parameters())
    each = getattr(nn, name)(**PAIRS[name], reduction="none")(x, t)
    assert close(loss(x, t), each.mean().item())
    assert close(getattr(nn, name)(**PAIRS[name], reduction="sum")(x, t), each.sum().item())


def test_modules_of_three_and_more():
    a, b, c = leaf(3, 4), leaf(3, 5)[:, :4], leaf(3, 6)[:, :4]
    assert close(nn.TripletMarginLoss(margin=2.0, p=1, swap=True)(a, b, c), F.triplet_margin_loss(a, b, c, 2.0, 1, swap=True).item())
    far = nn.TripletMarginWithDistanceLoss(distance_function=lambda x, y: (x - y).abs().sum(-1), margin=2.0, swap=True)(a, b, c)
    assert close(far, F.triplet_margin_loss(a, b, c, 2.0, 1, eps=0.0, swap=True).item())
    assert close(nn.CosineEmbeddingLoss(0.1)(a, b, SIGNS), F.cosine_embedding_loss(a, b, SIGNS, 0.1).item())
    assert close(nn.MarginRankingLoss(0.3)(a[:, 0], b[:, 0], SIGNS), F.margin_ranking_loss(a[:, 0], b[:, 0], SIGNS, 0.3).item())
    assert close(nn.GaussianNLLLoss(full=True)(a, b, c * c), F.gaussian_nll_loss(a, b, c * c, full=True).item())
    labels = torch.tensor([1, 0, 3])
    assert close(nn.MultiMarginLoss(p=2)(a, labels), F.multi_margin_loss(a, labels, p=2).item())
    assert nn.NLLLoss(weight=torch.ones(4)).state_dict().keys() == {"weight"}
    assert nn.BCELoss()(a.sigmoid(), b.sigmoid()).item() > 0
    assert nn.MultiLabelMarginLoss()(a, torch.tensor([[0, -1, 0, 0], [3, 1, -1, 0], [2, -1, 0, 0]])).item() > 0


@ours  # PyTorch has none of multi_margin_loss
@pytest.mark.parametrize(
    "f",
    [
        lambda x: F.smooth_l1_loss(x, x.detach() * 0, beta=0.7, reduction="sum"),
        lambda x: F.huber_loss(x, x.detach() * 0, delta=0.7),
        lambda x: F.binary_cross_entropy(x.sigmoid(), x.detach() * 0 + 0.3),
        lambda x: F.triplet_margin_loss(x, x.detach() * 0, x.detach() * 0 + 1, margin=9.0),
        lambda x: F.multi_margin_loss(x, torch.tensor([0, 1, 3]), p=2, margin=0.9137),
        lambda x: F.local_response_norm(x.reshape(1, 3, 4), 2, alpha=0.5),
        lambda x: F.instance_norm(x.reshape(1, 3, 4)),
    ],
)
def test_second_derivatives(f):
    assert torch.autograd.gradcheck(lambda x: f(x).sum(), [leaf(3, 4)])
    assert torch.autograd.gradgradcheck(lambda x: f(x).sum(), [leaf(3, 4)])


@ours  # PyTorch has no second derivative here
@pytest.mark.parametrize("zero", [False, True])
def test_ctc_has_a_second_derivative(zero):
    targets, lengths = torch.tensor([[1, 1], [2, 0]]), ([5, 3], [2, 1])
    f = lambda x: F.ctc_loss(x.log_softmax(2), targets, *lengths, reduction="sum", zero_infinity=zero)
    x = leaf(5, 2, 3)
    assert torch.autograd.gradgradcheck(f, [x])
    # The recorded form of the gradient is the fused one's value.
    fused, = torch.autograd.grad(f(x), [x])
    recorded, = torch.autograd.grad(f(x), [x], create_graph=True)
    assert close(recorded, fused.tolist(), 1e-12)


def test_ctc_reads_lists_and_empty_targets():
    x = leaf(4, 2, 3).log_softmax(2)
    padded = F.ctc_loss(x, torch.tensor([[1, 2], [2, 0]]), torch.tensor([4, 4]), torch.tensor([2, 1]), reduction="none")
    joined = F.ctc_loss(x, torch.tensor([1, 2, 2]), torch.tensor([4, 4]), torch.tensor([2, 1]), reduction="none")
    assert close(padded, joined.tolist())
    empty = F.ctc_loss(x, torch.tensor([[1], [1]]), [4, 4], [0, 0], reduction="none")
    assert close(empty, (-x[:, :, 0].sum(0)).tolist())
    impossible = nn.CTCLoss(reduction="none", zero_infinity=True)(x, torch.tensor([[1, 1, 1], [1, 1, 1]]), [4, 4], [3, 3])
    assert impossible.tolist() == [0.0, 0.0]


REFUSED = [
    (lambda x: F.huber_loss(x, x, delta=-2.0), "delta"),
    (lambda x: F.smooth_l1_loss(x, x, beta=-2.0), "beta|negative"),
    (lambda x: F.kl_div(x, x, reduction="median"), "median"),
    (lambda x: F.binary_cross_entropy(x + 5, x * 0), "between 0 and 1|0…1"),
    (lambda x: F.multi_margin_loss(x, torch.tensor([0, 1, 9])), "9|out of range"),
    (lambda x: F.multi_margin_loss(x, torch.tensor([0, 1, 2]), p=7), "p"),
    (lambda x: F.gaussian_nll_loss(x, x, -x * x - 1), "negative"),
    (lambda x: F.triplet_margin_loss(x, x, x, margin=-1.0), "-1"),
    (lambda x: F.dropout2d(x.reshape(1, 3, 4), p=1.5), "1.5"),
    (lambda x: F.alpha_dropout(x, p=-0.5, training=True), "-0.5"),
    (lambda x: F.feature_alpha_dropout(x[0], training=True), "2 dimensions|two dimensions"),
    (lambda x: F.ctc_loss(x.reshape(3, 1, 4), torch.tensor([[1]]), [9], [1]), "9|input_length"),
    (lambda x: F.embedding_bag(torch.tensor([0, 1]), x, torch.tensor([1])), "0"),
    (lambda x: F.embedding_bag(torch.tensor([0, 1]), x, torch.tensor([0]), mode="median"), "median|mode"),
    (lambda x: F.local_response_norm(x, 2), "3"),
    (lambda x: F.instance_norm(x.reshape(3, 4, 1)), "more than"),
]


@pytest.mark.parametrize("call, word", REFUSED)
def test_what_is_wrong_is_named(call, word):
    with pytest.raises((ValueError, RuntimeError, IndexError), match=word):
        call(leaf(3, 4))


@pytest.mark.parametrize("size_average, reduce, reduction", [(True, None, "mean"), (False, None, "sum"), (None, True, "mean"), (None, False, "none"),
                                                             (False, True, "sum"), (True, False, "none"), (False, False, "none")])
@pytest.mark.filterwarnings("ignore:size_average")
def test_what_reduction_was_once(size_average, reduce, reduction):
    x, y = leaf(2, 3), leaf(2, 3)
    for name, loss in (("mse_loss", torch.nn.MSELoss), ("l1_loss", torch.nn.L1Loss), ("smooth_l1_loss", torch.nn.SmoothL1Loss)):
        expected = getattr(F, name)(x, y, reduction=reduction)
        assert torch.equal(getattr(F, name)(x, y, size_average=size_average, reduce=reduce), expected)
        assert torch.equal(loss(size_average=size_average, reduce=reduce)(x, y), expected)
    labels = torch.tensor([2, 0])
    assert torch.equal(F.cross_entropy(x, labels, size_average=size_average, reduce=reduce), F.cross_entropy(x, labels, reduction=reduction))
    assert torch.equal(torch.nn.NLLLoss(size_average=size_average, reduce=reduce)(x, labels), F.nll_loss(x, labels, reduction=reduction))


def test_embedding_options():
    table = nn.Embedding(5, 3, padding_idx=-1, max_norm=1.0, scale_grad_by_freq=True)
    assert table.padding_idx == 4 and table.weight[4].tolist() == [0.0, 0.0, 0.0]
    out = table(torch.tensor([1, 1, 4]))
    assert float(table.weight[1].detach().square().sum()) <= 1.0001
    out.sum().backward()
    assert close(table.weight.grad, [[0.0] * 3, [1.0] * 3, [0.0] * 3, [0.0] * 3, [0.0] * 3])
    torch.manual_seed(0)
    weight = nn.Embedding(2000, 10).weight.detach()
    assert abs(float(weight.mean())) < 0.05 and abs(float(weight.std()) - 1) < 0.05


def test_embedding_bags():
    weight = leaf(6, 4).detach().to(torch.float32)
    for mode in ("sum", "mean", "max"):
        bag = nn.EmbeddingBag.from_pretrained(weight, mode=mode)
        assert not bag.weight.requires_grad and bag.state_dict().keys() == {"weight"}
        indices = torch.tensor([[1, 2], [5, 5]])
        rows = weight[indices.reshape(-1)].reshape(2, 2, 4)
        wanted = rows.amax(1) if mode == "max" else getattr(rows, mode)(1)
        assert close(bag(indices), wanted.tolist())
        assert close(bag(indices.reshape(-1), torch.tensor([0, 2])), wanted.tolist())
    assert repr(nn.EmbeddingBag(3, 2, max_norm=1.0, padding_idx=1)) == "EmbeddingBag(3, 2, max_norm=1.0, mode='mean', padding_idx=1)"


@pytest.mark.parametrize("shape, function", [((40, 30, 5), "dropout1d"), ((40, 30, 5, 2), "dropout2d"), ((40, 30, 2, 2, 2), "dropout3d")])
def test_whole_channels_are_dropped_and_the_rest_scaled(shape, function):
    torch.manual_seed(1)
    y = getattr(F, function)(torch.ones(shape), 0.25).reshape(1200, -1)
    first = y[:, :1]
    assert bool((y == first).all()) and {round(v, 5) for v in first.reshape(-1).tolist()} == {0.0, round(4 / 3, 5)}
    assert abs(float(y.mean()) - 1) < 0.1


def test_alpha_dropout_keeps_mean_and_variance():
    torch.manual_seed(1)
    y = nn.AlphaDropout(0.3)(torch.randn(20000))
    assert abs(float(y.mean())) < 0.05 and abs(float(y.var()) - 1) < 0.05
    layer = nn.FeatureAlphaDropout(0.3).eval()
    x = torch.randn(2, 3, 4)
    assert layer(x).tolist() == x.tolist()


def test_instance_norm_modules():
    x = leaf(2, 3, 4, 5).detach().to(torch.float32)
    norm = nn.InstanceNorm2d(3, affine=True, track_running_stats=True)
    assert set(norm.state_dict()) == {"weight", "bias", "running_mean", "running_var", "num_batches_tracked"}
    y = norm(x)
    assert abs(float(y.reshape(6, 20).mean(1).abs().max())) < 1e-5
    assert close(norm.running_mean, (0.1 * x.mean((0, 2, 3))).tolist(), 1e-5)
    assert close(norm.running_var, (0.9 + 0.1 * x.reshape(2, 3, 20).var(2).mean(0)).tolist(), 1e-5)
    assert norm.eval()(x[0]).shape == x[0].shape
    assert not nn.InstanceNorm1d(3).state_dict()
    assert nn.LocalResponseNorm(2)(x).shape == x.shape


@ours
def test_rotary_embedding_turns_pairs():
    import math

    x = leaf(2, 5, 6).detach()
    y = F.rotary_embedding(x, base=100.0)
    for t in range(5):
        for i in range(3):
            angle = t * 100.0 ** (-2 * i / 6)
            a, b = x[1, t, i].item(), x[1, t, i + 3].item()
            assert close(y[1, t, i], a * math.cos(angle) - b * math.sin(angle)) and close(y[1, t, i + 3], b * math.cos(angle) + a * math.sin(angle))
    order = torch.tensor([0, 3, 1, 4, 2, 5])
    paired = F.rotary_embedding(x.index_select(2, order), base=100.0, interleaved=True)
    assert close(paired, y.index_select(2, order).tolist())
    # Only differences of positions matter for scores.
    later = F.rotary_embedding(x, torch.arange(5) + 7)
    now = F.rotary_embedding(x)
    assert close(later @ later.transpose(1, 2), (now @ now.transpose(1, 2)).tolist(), 1e-9)
    assert F.rotary_embedding(x, rotary_dim=4)[..., 4:].tolist() == x[..., 4:].tolist()
    with pytest.raises(ValueError, match="even"):
        F.rotary_embedding(x, rotary_dim=3)
    assert torch.autograd.gradcheck(lambda x: F.rotary_embedding(x, interleaved=True), [leaf(2, 3, 4)])
