"""Gradients of known formulas, and the rules about graphs."""

import pytest
from engine import close, ours, text, torch


def test_the_line_through_a_point():
    w1 = torch.tensor(2.0, requires_grad=True)
    w2 = torch.tensor(3.0, requires_grad=True)
    x = torch.tensor(4.0)
    y = w1 * x + w2
    loss = (y - 20) ** 2
    loss.backward()
    assert loss.item() == 81
    assert w1.grad.item() == -72
    assert w2.grad.item() == -18
    assert repr(w1.grad) == "tensor(-72.)"
    assert repr(w2.grad) == "tensor(-18.)"


def two_layers():
    X = torch.tensor([[1.0, 2.0]])
    W1 = torch.tensor([[0.5, -0.3], [0.2, 0.8]], requires_grad=True)
    W2 = torch.tensor([[0.6], [-0.4]], requires_grad=True)
    prediction = torch.relu(X @ W1) @ W2
    return W1, W2, ((prediction - 1) ** 2).mean()


def test_the_network_of_two_layers():
    W1, W2, loss = two_layers()
    loss.backward()
    assert loss.item() == pytest.approx(0.9604, rel=1e-6)
    assert close(W2.grad, [[-1.764], [-2.548]])
    assert close(W1.grad, [[-1.176, 0.784], [-2.352, 1.568]])


def test_a_value_used_twice_collects_both_gradients():
    x = torch.tensor(3.0, requires_grad=True)
    y = x * x + x
    y.backward()
    assert x.grad.item() == 7


def test_a_second_backward_accumulates():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (x * 2).sum().backward()
    (x * x).sum().backward()
    assert x.grad.tolist() == [4, 6]


def test_grad_is_none_until_backward_and_after_clearing():
    x = torch.tensor(1.0, requires_grad=True)
    assert x.grad is None
    (x * 2).backward()
    assert x.grad.item() == 2
    x.grad = None
    assert x.grad is None


def test_zeroing_a_gradient_in_place():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    x.square().sum().backward()
    x.grad.zero_()
    assert x.grad.tolist() == [0, 0]


def test_setting_a_gradient():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    x.grad = torch.tensor([5.0, 7.0])
    assert x.grad.tolist() == [5, 7]
    (3 * x).sum().backward()
    assert x.grad.tolist() == [8, 10]
    with torch.no_grad():
        x.grad = x.grad * 2
    assert x.grad.tolist() == [16, 20]
    assert not x.grad.requires_grad
    with pytest.raises((RuntimeError, TypeError)):
        x.grad = torch.zeros(3)
    assert x.grad.tolist() == [16, 20]


def test_a_graph_is_used_up_by_backward():
    x = torch.tensor(2.0, requires_grad=True)
    y = x * x
    y.backward()
    with pytest.raises(RuntimeError):
        y.backward()
    z = x * x
    z.backward(retain_graph=True)
    z.backward()
    assert x.grad.item() == 12


def test_a_vector_needs_a_seed():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(RuntimeError):
        (x * 2).backward()
    (x * 2).backward(torch.tensor([1.0, 10.0]))
    assert x.grad.tolist() == [2, 20]


def test_no_grad_as_block_and_decorator():
    x = torch.tensor(2.0, requires_grad=True)
    with torch.no_grad():
        assert not torch.is_grad_enabled()
        y = x * 2
        with torch.enable_grad():
            assert torch.is_grad_enabled()
            assert (x * 2).requires_grad
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled() and not y.requires_grad

    @torch.no_grad()
    def doubled(v):
        return v * 2

    assert not doubled(x).requires_grad
    assert doubled.__name__ == "doubled"
    with pytest.raises(ZeroDivisionError), torch.no_grad():
        1 / 0
    assert torch.is_grad_enabled()
    with torch.set_grad_enabled(False):
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()


def test_leaves_and_results():
    x = torch.tensor([1.0], requires_grad=True)
    y = x * 2
    assert x.is_leaf and not y.is_leaf and y.requires_grad
    assert x.grad_fn is None and "MulBackward0" in str(y.grad_fn)
    d = y.detach()
    assert d.is_leaf and not d.requires_grad and d.item() == 2
    assert not torch.tensor([1.0]).requires_grad
    with pytest.raises(RuntimeError):
        y.requires_grad = False


def test_broadcasting_sums_the_gradient():
    x = torch.ones(2, 3, requires_grad=True)
    b = torch.ones(3, requires_grad=True)
    s = torch.tensor(2.0, requires_grad=True)
    ((x + b) * s).sum().backward()
    assert b.grad.tolist() == [4, 4, 4]
    assert s.grad.item() == 12


def test_grad_as_a_value_and_second_derivatives():
    x = torch.tensor(2.0, requires_grad=True)
    y = x**3
    (g,) = torch.autograd.grad(y, x, create_graph=True)
    assert g.item() == 12
    (h,) = torch.autograd.grad(g, x)
    assert h.item() == 12
    assert x.grad is None


def test_grad_of_unused_inputs():
    x = torch.tensor(2.0, requires_grad=True)
    z = torch.tensor(2.0, requires_grad=True)
    with pytest.raises(RuntimeError):
        torch.autograd.grad(x * 2, [x, z])
    gx, gz = torch.autograd.grad(x * 2, [x, z], allow_unused=True)
    assert gx.item() == 2 and gz is None


def test_the_order_of_grads_arguments():
    x, z = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    gx, gz = torch.autograd.grad((x * x).sum(), [x, z], None, True, True, True, True)
    assert close(gx, [2, 2]) and gz is None and gx.requires_grad and x.grad is None


def test_grad_of_several_outputs():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (g,) = torch.autograd.grad([x * 2, x * x], [x], [torch.ones(2), torch.tensor([1.0, 10.0])])
    assert g.tolist() == [4, 42]
    torch.autograd.backward([x.sum(), (3 * x).sum()])
    assert x.grad.tolist() == [4, 4]


def test_gradcheck():
    a = torch.tensor([[0.3, -0.7], [1.1, 0.4]], dtype=torch.float64, requires_grad=True)
    b = torch.tensor([[0.9, 0.2], [-0.5, 0.8]], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda a, b: ((a @ b).tanh() * 2 + a).sigmoid().sum(), (a, b))
    assert torch.autograd.gradcheck(lambda a: (a[0] * 3).exp(), (a,))
    wrong = lambda a: (a * a.detach()).sum()  # noqa: E731
    assert not torch.autograd.gradcheck(wrong, (a,), raise_exception=False)
    with pytest.raises(RuntimeError):
        torch.autograd.gradcheck(wrong, (a,))


def test_gradcheck_passes_on_exceptions():
    a = torch.ones(2, dtype=torch.float64, requires_grad=True)

    def broken(x):
        raise KeyError("mine")

    with pytest.raises(KeyError):
        torch.autograd.gradcheck(broken, (a,))
    assert (a * 2).sum().item() == 4


def test_in_place_while_recording():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    h = x * 2
    alias = h
    h += 1
    h *= x
    assert alias is h
    h.sum().backward()
    assert x.grad.tolist() == [5, 9]
    total = torch.zeros(())
    for k in range(3):
        total += (x * k).sum()
    assert total.item() == 9 and total.requires_grad
    with pytest.raises(RuntimeError):
        x += 1
    with torch.no_grad():
        x += 1
    assert x.tolist() == [2, 3]


def test_a_saved_value_changed_in_place_is_an_error():
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    x = torch.tensor([3.0, 4.0])
    y = (w * x).sum()
    x += 1
    with pytest.raises(RuntimeError):
        y.backward()


def test_dropping_references_keeps_the_graph():
    x = torch.tensor([1.0], requires_grad=True)
    y = x
    for _ in range(1000):
        y = y + x
    y.backward()
    assert x.grad.item() == 1001


def test_gradients_through_indexing():
    x = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True)
    (x[0, 1] * 2 + x[1, ::2].sum() + x[[0, 0]].sum()).backward()
    assert x.grad.tolist() == [[2, 4, 2], [1, 0, 1]]
    x.grad = None
    x[x > 2].sum().backward()
    assert x.grad.tolist() == [[0, 0, 1], [1, 1, 1]]


@ours
def test_grad_fn_is_a_name():
    x = torch.tensor([[1.0]], requires_grad=True)
    assert x.log_softmax(1).grad_fn == "LogSoftmaxBackward0"
    assert text(x * 2) == "tensor([[2.]], grad_fn=<MulBackward0>)"


def test_gradients_in_each_others_memory():
    """Large gradients are computed where the one they come from lies: never over one that somebody still needs."""

    def build(x, y):
        h = torch.tanh(x * y + x)
        k = torch.exp(h * 0.5) + y
        m = torch.sigmoid(k) / (x * x + 2)
        return h, k, (torch.relu(m - 0.1) * h - y) + (h - k) + m.sqrt() - (-k).exp()

    rng = [((i * 37) % 101 - 50) / 25 for i in range(64)]
    runs = []
    for repeat in (1, 64):
        x = torch.tensor(rng * repeat, dtype=torch.float64, requires_grad=True)
        y = torch.tensor(rng[::-1] * repeat, dtype=torch.float64, requires_grad=True)
        h, k, out = build(x, y)
        seed = torch.tensor([v + 3 for v in rng] * repeat, dtype=torch.float64)
        grads = [g.tolist()[:64] for g in torch.autograd.grad(out, (h, k, x, y), seed, retain_graph=True)]
        again = [g.tolist()[:64] for g in torch.autograd.grad(out, (x, h), seed, retain_graph=True)]
        assert again == [grads[2], grads[0]] and seed.tolist() == [v + 3 for v in rng] * repeat
        for _ in range(2):
            out.backward(seed, retain_graph=True)
        assert x.grad.tolist()[:64] == [2 * v for v in grads[2]] and y.grad.tolist()[:64] == [2 * v for v in grads[3]]
        runs.append(grads)
    assert runs[0] == runs[1]


def test_one_number_as_a_gradient():
    x = torch.ones(64, 64, requires_grad=True)
    (-(x * 2) - x).mean().backward()
    assert set(x.grad.flatten().tolist()) == {-3 / 4096}
    g = torch.autograd.grad((-x).sum(), x)[0]
    g[0, 0] = 5.0
    assert g.sum().item() == 5 - 4095


@pytest.mark.parametrize("shape", [(4, 6), (64, 64)])  # from 2048 elements on gradients are written over
def test_gradients_of_slices_and_of_the_whole_meet(shape):
    z = torch.tensor([[(i * 7 + j * 3) % 11 / 10 for j in range(shape[1])] for i in range(shape[0])], requires_grad=True)
    n = shape[1]
    terms = [
        lambda: (torch.softmax(z, 1)[:, : n // 2] ** 2).sum(),
        lambda: (z[:, n // 3 :] ** 3).sum(),
        lambda: z.tanh()[1:, ::2].sum(),
        lambda: (z[:2] * z[2:4]).sum(),
        lambda: z.chunk(2, 1)[1].exp().sum(),
    ]
    parts = [torch.autograd.grad(term(), z)[0] for term in terms]
    for order in (terms, terms[::-1], terms[2:] + terms[:2]):
        whole = torch.autograd.grad(sum((term() for term in order[1:]), order[0]()), z)[0]
        assert torch.allclose(whole, sum(parts[1:], parts[0]), atol=1e-5)
