"""Attention of several heads as a module."""

from .. import _core
from . import functional as F, init
from .layers import Linear
from .module import Module, Parameter


def _uniform(rows, columns):
    return init.xavier_uniform_(Parameter(_core.empty(rows, columns)))


class NonDynamicallyQuantizableLinear(Linear):
    """What PyTorch calls the last linear map of MultiheadAttention."""


class MultiheadAttention(Module):
    """softmax(q·kᵀ/√(E/num_heads))·v in num_heads parts of the features, with a projection before and after (Vaswani et
    al. 2017).

    attention(query, key, value) → (output, weights): query [T, B, E], key [S, B, kdim], value [S, B, vdim]; batch first
    with batch_first, or without B. attn_mask [T, S] or [B·heads, T, S], key_padding_mask [B, S]: bool, True where a key
    does not count, or numbers that are added. weights [B, T, S]; need_weights=False saves them (None), and the scores
    are then never held as a whole.

    state_dict: in_proj_weight [3·E, E], in_proj_bias, out_proj.weight, out_proj.bias; with other kdim, vdim
    q_proj_weight, k_proj_weight, v_proj_weight.

        >>> attention = backprop.nn.MultiheadAttention(16, 4, batch_first=True)
        >>> x = backprop.randn(2, 5, 16)
        >>> output, weights = attention(x, x, x)
        >>> output.shape, weights.shape
        (backprop.Size([2, 5, 16]), backprop.Size([2, 5, 5]))
    """

    def __init__(self, embed_dim, num_heads, dropout=0.0, bias=True, add_bias_kv=False, add_zero_attn=False, kdim=None, vdim=None,
                 batch_first=False, device=None, dtype=None):
        super().__init__()
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(f"embed_dim and num_heads must be greater than 0, got embed_dim={embed_dim} and num_heads={num_heads} instead")
        if embed_dim % num_heads:
            raise AssertionError(f"embed_dim must be divisible by num_heads, got {embed_dim} and {num_heads}")
        self.embed_dim, self.num_heads, self.head_dim = embed_dim, num_heads, embed_dim // num_heads
        self.kdim, self.vdim = embed_dim if kdim is None else kdim, embed_dim if vdim is None else vdim
        self.dropout, self.batch_first, self.add_zero_attn = dropout, batch_first, add_zero_attn
        self._qkv_same_embed_dim = self.kdim == self.vdim == embed_dim
        same = self._qkv_same_embed_dim
        for name, size in (("q", embed_dim), ("k", self.kdim), ("v", self.vdim)):
            self.register_parameter(name + "_proj_weight", None if same else _uniform(embed_dim, size))
        self.register_parameter("in_proj_weight", _uniform(3 * embed_dim, embed_dim) if same else None)
        self.register_parameter("in_proj_bias", Parameter(_core.zeros(3 * embed_dim)) if bias else None)
        for name in ("bias_k", "bias_v"):
            self.register_parameter(name, init.xavier_normal_(Parameter(_core.empty(1, 1, embed_dim))) if add_bias_kv else None)
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias)
        if bias:
            self.out_proj.bias.data.zero_()
        if dtype is not None or device is not None:
            self.to(device=device, dtype=dtype)

    def forward(self, query, key, value, key_padding_mask=None, need_weights=True, attn_mask=None, average_attn_weights=True, is_causal=False):
        """Output, and the weights averaged over the heads (of each head unless average_attn_weights; None unless need_weights)."""
        swapped = self.batch_first and query.dim() == 3
        if swapped:  # what is one tensor stays one: a single product projects it
            given = query, key, value
            turned = {id(x): x.transpose(0, 1) for x in given}
            query, key, value = (turned[id(x)] for x in given)
        out, weights = F.multi_head_attention_forward(
            query, key, value, self.embed_dim, self.num_heads, self.in_proj_weight, self.in_proj_bias, self.bias_k, self.bias_v,
            self.add_zero_attn, self.dropout, self.out_proj.weight, self.out_proj.bias, training=self.training,
            key_padding_mask=key_padding_mask, need_weights=need_weights, attn_mask=attn_mask,
            use_separate_proj_weight=not self._qkv_same_embed_dim, q_proj_weight=self.q_proj_weight, k_proj_weight=self.k_proj_weight,
            v_proj_weight=self.v_proj_weight, average_attn_weights=average_attn_weights, is_causal=is_causal)
        return out.transpose(0, 1) if swapped else out, weights
