"""Transformers (Vaswani et al. 2017): encoder, decoder and both together. d_model the size of a step, nhead heads, T and S steps, B batch."""

from copy import deepcopy
from math import sqrt

from .. import _core
from . import functional as F
from .attention import MultiheadAttention
from .dropout import Dropout
from .layers import LayerNorm, Linear
from .containers import ModuleList
from .module import Module


def _activation(activation):
    if not isinstance(activation, str):
        return activation
    if activation not in ("relu", "gelu"):
        raise RuntimeError(f"activation should be relu/gelu, not {activation}")
    return getattr(F, activation)


def _causal_mask(size, dtype=None):
    """−∞ above the diagonal, 0 elsewhere."""
    steps = _core.arange(size)
    return _core.where(steps > steps.unsqueeze(1), _core.tensor(-1e999, dtype=dtype), _core.tensor(0.0, dtype=dtype))


def _is_causal(mask, hint):
    """Whether a mask hides exactly what is to come; a hint is believed."""
    if hint is not None or mask is None:
        return bool(hint)
    if mask.dim() != 2 or mask.shape[0] != mask.shape[1] or not mask.is_floating_point():
        return False
    return bool((mask.detach() == _causal_mask(mask.shape[0], mask.dtype)).all())


class _Layer(Module):
    """What encoder and decoder layers share: attention, a network of two layers, norms around them."""

    _parts = 2

    def __init__(self, d_model, nhead, dim_feedforward=2048, dropout=0.1, activation=F.relu, layer_norm_eps=1e-5, batch_first=False,
                 norm_first=False, bias=True, device=None, dtype=None):
        super().__init__()
        self.self_attn = MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first)
        if self._parts == 3:
            self.multihead_attn = MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first)
        self.linear1 = Linear(d_model, dim_feedforward, bias)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias)
        self.norm_first, self.activation = norm_first, _activation(activation)
        for i in range(1, self._parts + 1):
            setattr(self, f"norm{i}", LayerNorm(d_model, layer_norm_eps, bias=bias))
        for i in range(1, self._parts + 1):
            setattr(self, f"dropout{i}", Dropout(dropout))
        if dtype is not None or device is not None:
            self.to(device=device, dtype=dtype)

    def _around(self, i, x, part):
        """x + part(x), with norm number i before part or after the sum."""
        norm, dropout = getattr(self, f"norm{i}"), getattr(self, f"dropout{i}")
        return x + dropout(part(norm(x))) if self.norm_first else norm(x + dropout(part(x)))

    def _feed_forward(self, x):
        return self.linear2(self.dropout(self.activation(self.linear1(x))))


class TransformerEncoderLayer(_Layer):
    """Self-attention and a network of two layers (dim_feedforward wide), each with what came in added and a layer norm
    after: [T, B, d_model] → [T, B, d_model]. batch_first: [B, T, E]. norm_first: the norms before the parts instead of
    after. activation: 'relu', 'gelu' or a function."""

    def forward(self, src, src_mask=None, src_key_padding_mask=None, is_causal=False):
        x = self._around(1, src, lambda x: self.self_attn(
            x, x, x, key_padding_mask=src_key_padding_mask, need_weights=False, attn_mask=src_mask, is_causal=is_causal)[0])
        return self._around(2, x, self._feed_forward)


class TransformerDecoderLayer(_Layer):
    """Self-attention, attention to the encoder's memory, and a network of two layers: layer(tgt [T, B, d_model], memory
    [S, B, d_model]) → [T, B, d_model]. batch_first: [B, T, E]. norm_first: the norms before the parts instead of after.
    activation: 'relu', 'gelu' or a function."""

    _parts = 3

    def forward(self, tgt, memory, tgt_mask=None, memory_mask=None, tgt_key_padding_mask=None, memory_key_padding_mask=None, tgt_is_causal=False,
                memory_is_causal=False):
        x = self._around(1, tgt, lambda x: self.self_attn(
            x, x, x, key_padding_mask=tgt_key_padding_mask, need_weights=False, attn_mask=tgt_mask, is_causal=tgt_is_causal)[0])
        x = self._around(2, x, lambda x: self.multihead_attn(
            x, memory, memory, key_padding_mask=memory_key_padding_mask, need_weights=False, attn_mask=memory_mask, is_causal=memory_is_causal)[0])
        return self._around(3, x, self._feed_forward)


class _Stack(Module):
    """num_layers copies of a layer, and a norm after the last."""

    def __init__(self, layer, num_layers, norm):
        super().__init__()
        self.layers = ModuleList([deepcopy(layer) for _ in range(num_layers)])
        self.num_layers, self.norm = num_layers, norm

    def _finish(self, x):
        return x if self.norm is None else self.norm(x)


class TransformerEncoder(_Stack):
    """num_layers copies of an encoder layer, one after the other, and norm after the last: encoder(src, mask,
    src_key_padding_mask). enable_nested_tensor and mask_check, which choose between ways of computing, change nothing
    here.

        >>> layer = backprop.nn.TransformerEncoderLayer(16, 4, batch_first=True)
        >>> backprop.nn.TransformerEncoder(layer, num_layers=2)(backprop.ones(2, 5, 16)).shape
        backprop.Size([2, 5, 16])
    """

    def __init__(self, encoder_layer, num_layers, norm=None, enable_nested_tensor=True, mask_check=True):
        super().__init__(encoder_layer, num_layers, norm)
        self.enable_nested_tensor, self.mask_check = enable_nested_tensor, mask_check

    def forward(self, src, mask=None, src_key_padding_mask=None, is_causal=None):
        causal = _is_causal(mask, is_causal)
        for layer in self.layers:
            src = layer(src, src_mask=mask, src_key_padding_mask=src_key_padding_mask, is_causal=causal)
        return self._finish(src)


class TransformerDecoder(_Stack):
    """num_layers copies of a decoder layer, one after the other, and norm after the last: decoder(tgt, memory, tgt_mask, memory_mask, …)."""

    def __init__(self, decoder_layer, num_layers, norm=None):
        super().__init__(decoder_layer, num_layers, norm)

    def forward(self, tgt, memory, tgt_mask=None, memory_mask=None, tgt_key_padding_mask=None, memory_key_padding_mask=None, tgt_is_causal=None,
                memory_is_causal=False):
        causal = _is_causal(tgt_mask, tgt_is_causal)
        for layer in self.layers:
            tgt = layer(tgt, memory, tgt_mask=tgt_mask, memory_mask=memory_mask, tgt_key_padding_mask=tgt_key_padding_mask,
                        memory_key_padding_mask=memory_key_padding_mask, tgt_is_causal=causal, memory_is_causal=memory_is_causal)
        return self._finish(tgt)


class Transformer(Module):
    """Encoder and decoder (Vaswani et al. 2017): transformer(src [S, B, d_model], tgt [T, B, d_model]) → [T, B,
    d_model], batch first if so asked; masks as generate_square_subsequent_mask() makes them."""

    def __init__(self, d_model=512, nhead=8, num_encoder_layers=6, num_decoder_layers=6, dim_feedforward=2048, dropout=0.1, activation=F.relu,
                 custom_encoder=None, custom_decoder=None, layer_norm_eps=1e-5, batch_first=False, norm_first=False, bias=True, device=None,
                 dtype=None):
        super().__init__()
        options = (d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias)

        def norm():
            return LayerNorm(d_model, layer_norm_eps, bias=bias)

        self.encoder = custom_encoder if custom_encoder is not None else TransformerEncoder(
            TransformerEncoderLayer(*options), num_encoder_layers, norm())
        self.decoder = custom_decoder if custom_decoder is not None else TransformerDecoder(
            TransformerDecoderLayer(*options), num_decoder_layers, norm())
        for p in self.parameters():
            if p.dim() > 1:
                bound = sqrt(6 / (p.shape[0] + p.shape[1]))
                p.data.copy_(_core.rand(p.shape) * (2 * bound) - bound)
        self.d_model, self.nhead, self.batch_first = d_model, nhead, batch_first
        if dtype is not None or device is not None:
            self.to(device=device, dtype=dtype)

    def forward(self, src, tgt, src_mask=None, tgt_mask=None, memory_mask=None, src_key_padding_mask=None, tgt_key_padding_mask=None,
                memory_key_padding_mask=None, src_is_causal=None, tgt_is_causal=None, memory_is_causal=False):
        batch = 0 if self.batch_first else 1
        if src.dim() == 3 and src.shape[batch] != tgt.shape[batch]:
            raise RuntimeError(f"Transformer: the batch number of src and tgt must be equal, got {src.shape[batch]} and {tgt.shape[batch]}")
        if src.shape[-1] != self.d_model or tgt.shape[-1] != self.d_model:
            raise RuntimeError(f"Transformer: the feature number of src and tgt must be d_model, {self.d_model}, got {src.shape[-1]} and {tgt.shape[-1]}")
        memory = self.encoder(src, mask=src_mask, src_key_padding_mask=src_key_padding_mask, is_causal=src_is_causal)
        return self.decoder(tgt, memory, tgt_mask=tgt_mask, memory_mask=memory_mask, tgt_key_padding_mask=tgt_key_padding_mask,
                            memory_key_padding_mask=memory_key_padding_mask, tgt_is_causal=tgt_is_causal, memory_is_causal=memory_is_causal)

    @staticmethod
    def generate_square_subsequent_mask(sz, device=None, dtype=None):
        """−∞ above the diagonal, 0 elsewhere: each step sees itself and what came before."""
        return _causal_mask(sz, dtype)
