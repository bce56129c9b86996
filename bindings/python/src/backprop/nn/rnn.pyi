from typing import Any, Literal, overload

from .._core import _DType, _Device, Tensor
from .module import Module, Parameter
from .utils.rnn import PackedSequence

class RNNBase(Module):
    input_size: int
    hidden_size: int
    num_layers: int
    bias: bool
    batch_first: bool
    dropout: float
    bidirectional: bool
    proj_size: int
    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True, batch_first: bool = False, dropout: float = 0.0,
                 bidirectional: bool = False, proj_size: int = 0, device: _Device = None, dtype: _DType = None) -> None: ...
    def reset_parameters(self) -> None: ...
    @property
    def all_weights(self) -> list[list[Parameter]]: ...
    def flatten_parameters(self) -> None: ...
    def extra_repr(self) -> str: ...

class LSTM(RNNBase):
    @overload
    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, tuple[Tensor, Tensor]]: ...
    @overload
    def forward(self, input: PackedSequence, hx: tuple[Tensor, Tensor] | None = None) -> tuple[PackedSequence, tuple[Tensor, Tensor]]: ...

class GRU(RNNBase):
    @overload
    def forward(self, input: Tensor, hx: Tensor | None = None) -> tuple[Tensor, Tensor]: ...
    @overload
    def forward(self, input: PackedSequence, hx: Tensor | None = None) -> tuple[PackedSequence, Tensor]: ...

class RNN(RNNBase):
    nonlinearity: str
    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1, nonlinearity: Literal["tanh", "relu"] = "tanh", bias: bool = True,
                 batch_first: bool = False, dropout: float = 0.0, bidirectional: bool = False, device: _Device = None,
                 dtype: _DType = None) -> None: ...
    @overload
    def forward(self, input: Tensor, hx: Tensor | None = None) -> tuple[Tensor, Tensor]: ...
    @overload
    def forward(self, input: PackedSequence, hx: Tensor | None = None) -> tuple[PackedSequence, Tensor]: ...

class RNNCellBase(Module):
    input_size: int
    hidden_size: int
    bias: bool
    weight_ih: Parameter
    weight_hh: Parameter
    bias_ih: Parameter | Any
    bias_hh: Parameter | Any
    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, device: _Device = None, dtype: _DType = None) -> None: ...
    def reset_parameters(self) -> None: ...
    def extra_repr(self) -> str: ...

class LSTMCell(RNNCellBase):
    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]: ...

class GRUCell(RNNCellBase):
    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor: ...

class RNNCell(RNNCellBase):
    nonlinearity: str
    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, nonlinearity: Literal["tanh", "relu"] = "tanh", device: _Device = None,
                 dtype: _DType = None) -> None: ...
    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor: ...
    def extra_repr(self) -> str: ...
