from typing import Any

from .._core import _DType, _Device, Tensor
from .module import Module, Parameter
from .layers import Linear

class NonDynamicallyQuantizableLinear(Linear): ...

class MultiheadAttention(Module):
    embed_dim: int
    num_heads: int
    head_dim: int
    kdim: int
    vdim: int
    dropout: float
    batch_first: bool
    add_zero_attn: bool
    out_proj: NonDynamicallyQuantizableLinear
    in_proj_weight: Parameter | Any
    in_proj_bias: Parameter | Any
    def __init__(self, embed_dim: int, num_heads: int, dropout: float = 0.0, bias: bool = True, add_bias_kv: bool = False,
                 add_zero_attn: bool = False, kdim: int | None = None, vdim: int | None = None, batch_first: bool = False, device: _Device = None,
                 dtype: _DType = None) -> None: ...
    def forward(self, query: Tensor, key: Tensor, value: Tensor, key_padding_mask: Tensor | None = None, need_weights: bool = True,
                attn_mask: Tensor | None = None, average_attn_weights: bool = True, is_causal: bool = False) -> tuple[Tensor, Tensor | None]: ...
