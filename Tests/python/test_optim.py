"""Optimizers: one step by hand, options, and the whole loop."""

import math

import pytest
from engine import close, ours, torch

nn, optim = torch.nn, torch.optim


def parameter(values=(1.0, -2.0)):
    return torch.tensor(list(values), requires_grad=True)


def step(optimizer, p, gradient):
    optimizer.zero_grad()
    (p * torch.tensor(gradient)).sum().backward()
    optimizer.step()
    return p.tolist()


def test_only_the_optimizer_changes_parameters():
    p = parameter()
    loss = (p * p).sum()
    loss.backward()
    assert p.tolist() == [1, -2]
    optim.SGD([p], lr=0.1).step()
    assert close(p, [0.8, -1.6])
    assert p.grad.tolist() == [2, -4]


def test_sgd():
    p = parameter()
    assert step(optim.SGD([p], lr=0.5), p, [1.0, 2.0]) == [0.5, -3]
    p = parameter((1.0,))
    o = optim.SGD([p], lr=0.1, momentum=0.9)
    assert step(o, p, [1.0]) == pytest.approx([0.9]) and step(o, p, [1.0]) == pytest.approx([0.9 - 0.19])
    p = parameter((1.0,))
    o = optim.SGD([p], lr=0.1, momentum=0.9, nesterov=True)
    assert step(o, p, [1.0]) == pytest.approx([1 - 0.19])
    p = parameter((1.0,))
    assert step(optim.SGD([p], lr=0.1, weight_decay=0.5), p, [1.0]) == pytest.approx([1 - 0.15])
    p = parameter((1.0,))
    assert step(optim.SGD([p], lr=0.1, maximize=True), p, [1.0]) == pytest.approx([1.1])


def adam_by_hand(p, gradients, lr, decay=0.0, decoupled=False, b1=0.9, b2=0.999, eps=1e-8):
    m = v = 0.0
    for t, g in enumerate(gradients, 1):
        if decoupled:
            p *= 1 - lr * decay
        else:
            g += decay * p
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
        p -= lr * (m / (1 - b1**t)) / (math.sqrt(v / (1 - b2**t)) + eps)
    return p


@pytest.mark.parametrize("name, decay", [("Adam", 0.0), ("Adam", 0.1), ("AdamW", 0.01), ("AdamW", 0.1)])
def test_adam(name, decay):
    p = parameter((1.0,))
    o = getattr(optim, name)([p], lr=0.1, weight_decay=decay)
    for g in (1.0, -0.5, 2.0):
        step(o, p, [g])
    assert p.item() == pytest.approx(adam_by_hand(1.0, [1.0, -0.5, 2.0], 0.1, decay, name == "AdamW"), rel=1e-5)


def test_the_default_decay_of_adamw_is_a_hundredth():
    p = parameter((1.0,))
    assert step(optim.AdamW([p], lr=0.1), p, [1.0]) == pytest.approx([1 - 0.001 - 0.1], rel=1e-5)


def test_learning_rate_changes_between_steps():
    p = parameter((1.0,))
    o = optim.SGD([p], lr=0.5)
    step(o, p, [1.0])
    o.param_groups[0]["lr"] = 0.25
    assert step(o, p, [1.0]) == [0.25]


def test_groups_have_their_own_options():
    a, b = parameter((1.0,)), parameter((1.0,))
    o = optim.SGD([{"params": [a]}, {"params": [b], "lr": 0.5}], lr=0.1)
    (a + b).sum().backward()
    o.step()
    assert close(a, [0.9]) and b.item() == 0.5
    assert len(o.param_groups) == 2 and o.param_groups[1]["lr"] == 0.5


def test_parameters_without_gradients_stay():
    a, b = parameter((1.0,)), parameter((1.0,))
    o = optim.Adam([a, b], lr=0.1)
    a.sum().backward()
    o.step()
    assert b.item() == 1 and a.item() != 1


def test_zero_grad():
    p = parameter()
    o = optim.SGD([p], lr=0.1)
    p.sum().backward()
    o.zero_grad(set_to_none=False)
    assert p.grad.tolist() == [0, 0]
    o.zero_grad()
    assert p.grad is None


def test_a_closure_is_run_first():
    p = parameter((1.0,))
    o = optim.SGD([p], lr=0.5)

    def closure():
        o.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with torch.no_grad():
        assert o.step(closure).item() == 1
    assert p.item() == 0


def test_what_is_refused():
    p = parameter()
    with pytest.raises(ValueError):
        optim.SGD([], lr=0.1)
    with pytest.raises(ValueError):
        optim.SGD([p], lr=-1)
    with pytest.raises(TypeError):
        optim.SGD(p, lr=0.1)
    with pytest.raises(TypeError):
        optim.SGD([1.0], lr=0.1)
    with pytest.raises(ValueError):
        optim.SGD([p * 2], lr=0.1)
    with pytest.raises(ValueError):
        optim.SGD([{"params": [p]}, {"params": [p]}], lr=0.1)
    with pytest.raises(ValueError):
        optim.SGD([p], lr=0.1, nesterov=True)
    with pytest.raises(ValueError):
        optim.Adam([p], betas=(1.5, 0.9))


def test_options_change_between_steps():
    p = parameter((1.0,))
    o = optim.SGD([p], lr=0.5)
    step(o, p, [1.0])
    o.param_groups[0]["momentum"] = 0.5
    assert step(o, p, [1.0]) == [0] and step(o, p, [1.0]) == [-0.75]
    o.param_groups[0]["maximize"] = True
    assert step(o, p, [1.0]) == [-0.75 + 0.5 * (1 - 0.75)]


@pytest.mark.parametrize("make", [lambda p: optim.SGD(p, lr=0.2, momentum=0.9), lambda p: optim.Adam(p, lr=0.05), lambda p: optim.AdamW(p, lr=0.05)])
def test_xor_is_learned(make):
    torch.manual_seed(1)
    X = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    Y = torch.tensor([[0.0], [1.0], [1.0], [0.0]])
    net = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1))
    optimizer, loss_of = make(net.parameters()), nn.BCEWithLogitsLoss()
    for _ in range(400):
        optimizer.zero_grad()
        loss = loss_of(net(X), Y)
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.05
    assert (net(X) > 0).float().tolist() == Y.tolist()


def gradients(*rows):
    parameters = [torch.zeros(len(row), requires_grad=True) for row in rows]
    for p, row in zip(parameters, rows):
        p.grad = torch.tensor(row)
    return parameters


@pytest.mark.parametrize("order, expected", [(2.0, 13.0), (1, 19.0), (float("inf"), 12.0), (3, (27 + 64 + 1728) ** (1 / 3))])
def test_clip_grad_norm(order, expected):
    clip = torch.nn.utils.clip_grad_norm_
    parameters = gradients([3.0, -4.0], [12.0]) + [torch.zeros(2, requires_grad=True)]
    assert clip(parameters, 100, order).item() == pytest.approx(expected, rel=1e-6)
    assert [p.grad.tolist() for p in parameters[:2]] == [[3, -4], [12]]
    assert clip(parameters, 1.0, norm_type=order).item() == pytest.approx(expected, rel=1e-6)
    assert parameters[0].grad.tolist() == pytest.approx([3 / expected, -4 / expected], rel=1e-5)
    assert clip(iter(parameters), 1.0, order).item() == pytest.approx(1, rel=1e-5)


def test_clip_grad_norm_of_many_elements():
    torch.manual_seed(1)
    parameters = [torch.zeros(n, requires_grad=True) for n in (5, 40000, 1, 0, 16384, 70000)]
    for p in parameters:
        p.grad = torch.randn(p.numel())
    parameters[1].grad = torch.randn(200, 200).t().reshape(-1)
    expected = sum((p.grad.double() ** 2).sum().item() for p in parameters) ** 0.5
    before = [p.grad.tolist()[-1:] for p in parameters]
    assert torch.nn.utils.clip_grad_norm_(parameters, 10).item() == pytest.approx(expected, rel=1e-6)
    for p, last in zip(parameters, before):
        assert p.grad.tolist()[-1:] == pytest.approx([v * 10 / expected for v in last], rel=1e-5)


def test_clip_grad_edges():
    utils = torch.nn.utils
    assert utils.clip_grad_norm_([], 1.0).item() == 0
    assert utils.clip_grad_norm_([torch.zeros(2, requires_grad=True)], 1.0).item() == 0
    p = gradients([float("inf"), 1.0])[0]
    with pytest.raises(RuntimeError):
        utils.clip_grad_norm_(p, 1.0, error_if_nonfinite=True)
    assert p.grad.tolist() == [float("inf"), 1]
    p = gradients([-5.0, 0.5, 3.0])[0]
    utils.clip_grad_value_(p, 1)
    assert p.grad.tolist() == [-1, 0.5, 1]


@ours
def test_clip_grad_refuses():
    p = gradients([1.0])[0]
    for call in (lambda: torch.nn.utils.clip_grad_norm_(p, 1.0, 0), lambda: torch.nn.utils.clip_grad_value_(p, -1),
                 lambda: torch.nn.utils.clip_grad_norm_(p, float("nan"))):
        with pytest.raises(ValueError):
            call()
    assert p.grad.tolist() == [1]
