"""Attention of several heads, transformers, packed sequences: keys as PyTorch's, and one way of computing against another."""

import pytest
from engine import close, torch

nn = torch.nn
rnn = torch.nn.utils.rnn


def test_attention_with_and_without_weights_agree():
    torch.manual_seed(0)
    attention = nn.MultiheadAttention(8, 2, batch_first=True)
    assert {k: tuple(v.shape) for k, v in attention.state_dict().items()} == {
        "in_proj_weight": (24, 8), "in_proj_bias": (24,), "out_proj.weight": (8, 8), "out_proj.bias": (8,)}
    x = torch.randn(3, 5, 8)
    y, weights = attention(x, x, x)
    plain, none = attention(x, x, x, need_weights=False)
    assert none is None and weights.shape == (3, 5, 5) and close(plain, y.tolist(), 1e-5)
    assert close(weights.sum(-1), [[1.0] * 5] * 3, 1e-5)
    assert attention(x, x, x, average_attn_weights=False)[1].shape == (3, 2, 5, 5)
    assert close(attention(x[0], x[0], x[0])[0], y[0].tolist(), 1e-5)


def test_masks_say_the_same_in_every_form():
    torch.manual_seed(0)
    attention = nn.MultiheadAttention(8, 2)
    x = torch.randn(4, 2, 8)
    causal = nn.Transformer.generate_square_subsequent_mask(4)
    assert causal.tolist()[1] == [0.0, 0.0, float("-inf"), float("-inf")]
    wanted = attention(x, x, x, attn_mask=causal)[0].tolist()
    assert close(attention(x, x, x, attn_mask=causal < 0, need_weights=False)[0], wanted, 1e-5)
    assert close(attention(x, x, x, attn_mask=causal, is_causal=True, need_weights=False)[0], wanted, 1e-5)
    padding = torch.tensor([[False, False, False, True], [False, True, True, True]])
    short = attention(x[:, 1:], x[:1, 1:], x[:1, 1:])[0]
    assert close(attention(x, x, x, key_padding_mask=padding)[0][:, 1], short[:, 0].tolist(), 1e-5)
    with pytest.raises((RuntimeError, AssertionError)):
        attention(x, x, x, attn_mask=causal[:3])


def test_separate_sizes_and_extra_keys():
    attention = nn.MultiheadAttention(8, 2, kdim=3, vdim=5, add_bias_kv=True, add_zero_attn=True, bias=False)
    assert set(attention.state_dict()) == {"q_proj_weight", "k_proj_weight", "v_proj_weight", "bias_k", "bias_v", "out_proj.weight"}
    y, weights = attention(torch.randn(4, 2, 8), torch.randn(6, 2, 3), torch.randn(6, 2, 5))
    assert y.shape == (4, 2, 8) and weights.shape == (2, 4, 8)
    y.sum().backward()
    assert all(p.grad is not None for p in attention.parameters())


@pytest.mark.parametrize("norm_first", [False, True])
def test_an_encoder_layer_is_its_formula(norm_first):
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, activation="gelu", norm_first=norm_first)
    x = torch.randn(5, 3, 8)
    attend = lambda x: layer.self_attn(x, x, x)[0]
    network = lambda x: layer.linear2(nn.functional.gelu(layer.linear1(x)))
    if norm_first:
        wanted = x + attend(layer.norm1(x))
        wanted = wanted + network(layer.norm2(wanted))
    else:
        wanted = layer.norm1(x + attend(x))
        wanted = layer.norm2(wanted + network(wanted))
    assert close(layer(x), wanted.tolist(), 1e-5)


def test_a_transformer_has_pytorchs_keys_and_sees_no_future():
    torch.manual_seed(0)
    model = nn.Transformer(8, 2, 1, 2, 16, dropout=0.0, batch_first=True)
    part = ["self_attn.in_proj_weight", "self_attn.in_proj_bias", "self_attn.out_proj.weight", "self_attn.out_proj.bias"]
    rest = ["linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias", "norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias"]
    cross = [name.replace("self_attn", "multihead_attn") for name in part] + ["norm3.weight", "norm3.bias"]
    keys = {"encoder.layers.0." + k for k in part + rest} | {f"decoder.layers.{i}." + k for i in (0, 1) for k in part + rest + cross}
    assert set(model.state_dict()) == keys | {f"{side}.norm.{k}" for side in ("encoder", "decoder") for k in ("weight", "bias")}
    src, tgt = torch.randn(2, 4, 8), torch.randn(2, 3, 8)
    mask = nn.Transformer.generate_square_subsequent_mask(3)
    y = model(src, tgt, tgt_mask=mask)
    changed = tgt.clone()
    changed[:, 2] = 0.0
    assert close(model(src, changed, tgt_mask=mask)[:, :2], y[:, :2].tolist(), 1e-5)
    y.sum().backward()
    assert all(p.grad is not None for p in model.parameters())


def test_packing_and_padding_are_inverse():
    sequences = [torch.arange(n * 2, dtype=torch.float32).reshape(n, 2) for n in (2, 4, 1)]
    padded = rnn.pad_sequence(sequences, padding_value=-1.0)
    assert padded.shape == (4, 3, 2) and padded[2, 0].tolist() == [-1.0, -1.0]
    assert rnn.pad_sequence(sequences, batch_first=True, padding_side="left")[2, 3].tolist() == [0.0, 1.0]
    packed = rnn.pack_sequence(sequences, enforce_sorted=False)
    assert packed.batch_sizes.tolist() == [3, 2, 1, 1] and packed.sorted_indices.tolist() == [1, 0, 2]
    again, lengths = rnn.pad_packed_sequence(packed, padding_value=-1.0)
    assert again.tolist() == padded.tolist() and lengths.tolist() == [2, 4, 1]
    assert rnn.pad_packed_sequence(packed, batch_first=True, total_length=6)[0].shape == (3, 6, 2)
    assert [s.tolist() for s in rnn.unpack_sequence(packed)] == [s.tolist() for s in sequences]
    with pytest.raises(RuntimeError, match="sorted"):
        rnn.pack_sequence(sequences)
    with pytest.raises(ValueError, match="total_length"):
        rnn.pad_packed_sequence(packed, total_length=3)


@pytest.mark.parametrize("make", [nn.LSTM, nn.GRU, nn.RNN])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_packed_sequences_are_as_each_by_itself(make, bidirectional):
    torch.manual_seed(0)
    model = make(3, 4, 2, bidirectional=bidirectional)
    sequences = [torch.randn(n, 3).requires_grad_() for n in (2, 5, 5, 1)]
    out, last = model(rnn.pack_sequence(sequences, enforce_sorted=False))
    outputs = rnn.unpack_sequence(out)
    states = last if isinstance(last, tuple) else (last,)
    total = 0
    for i, x in enumerate(sequences):
        y, end = model(x)
        assert close(outputs[i], y.tolist(), 1e-5)
        for state, wanted in zip(states, end if isinstance(end, tuple) else (end,)):
            assert close(state[:, i], wanted.tolist(), 1e-5)
        total = total + (y * y).sum()
    wanted = torch.autograd.grad(total, sequences)
    got = torch.autograd.grad(sum((y * y).sum() for y in outputs), sequences)
    assert all(close(a, b.tolist(), 1e-4) for a, b in zip(got, wanted))
    given = tuple(torch.randn(4 if bidirectional else 2, 4, 4) for _ in states)
    out, _ = model(rnn.pack_sequence(sequences, enforce_sorted=False), given if len(given) == 2 else given[0])
    one = tuple(h[:, 2] for h in given)
    assert close(rnn.unpack_sequence(out)[2], model(sequences[2], one if len(one) == 2 else one[0])[0].tolist(), 1e-5)


def test_packed_lstm_with_projection():
    torch.manual_seed(0)
    model = nn.LSTM(3, 4, proj_size=2)
    sequences = [torch.randn(n, 3) for n in (3, 2)]
    out, (h, c) = model(rnn.pack_sequence(sequences))
    y, (h1, c1) = model(sequences[1])
    assert close(rnn.unpack_sequence(out)[1], y.tolist(), 1e-5) and close(c[:, 1], c1.tolist(), 1e-5) and h.shape == (1, 2, 2)
