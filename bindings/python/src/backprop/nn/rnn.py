"""Recurrent networks: LSTM, GRU, RNN, and their cells. Parameters bear PyTorch's names: weight_ih_l0, …, bias_hh_l1_reverse."""

from math import sqrt

from .. import _core, _recurrent
from .layers import _empty, _spread
from .module import Module


class RNNBase(Module):
    """What the three share. Input [T, B, I] ([B, T, I] with batch_first), or [T, I] for one sequence."""

    _gates = 1

    def __init__(self, input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0, bidirectional=False, proj_size=0,
                 device=None, dtype=None):
        super().__init__()
        name = type(self).__name__
        if not 0 <= dropout <= 1:
            raise ValueError(f"{name}: dropout must be a number between 0 and 1, got {dropout}")
        if hidden_size <= 0 or num_layers <= 0:
            raise ValueError(f"{name}: hidden_size and num_layers must be greater than zero, got {hidden_size} and {num_layers}")
        if proj_size and not isinstance(self, LSTM):
            raise ValueError(f"{name}: proj_size argument is only supported for LSTM, got {proj_size}")
        if not 0 <= proj_size < hidden_size:
            raise ValueError(f"{name}: proj_size must be 0 or smaller than hidden_size, got {proj_size} of {hidden_size}")
        self.input_size, self.hidden_size, self.num_layers, self.bias, self.batch_first = input_size, hidden_size, num_layers, bias, batch_first
        self.dropout, self.bidirectional, self.proj_size = float(dropout), bidirectional, proj_size
        gates, state = self._gates * hidden_size, proj_size or hidden_size
        self._names = []
        for layer in range(num_layers):
            inputs = input_size if layer == 0 else state * (2 if bidirectional else 1)
            for suffix in ("", "_reverse") if bidirectional else ("",):
                shapes = {"weight_ih": (gates, inputs), "weight_hh": (gates, state)}
                if bias:
                    shapes.update(bias_ih=(gates,), bias_hh=(gates,))
                if proj_size:
                    shapes["weight_hr"] = (proj_size, hidden_size)
                for kind, shape in shapes.items():
                    self._names.append(f"{kind}_l{layer}{suffix}")
                    setattr(self, self._names[-1], _empty(*shape))
        self.reset_parameters()
        if dtype is not None or device is not None:
            self.to(device=device, dtype=dtype)

    def reset_parameters(self):
        """New initial values, U(±1/√hidden_size)."""
        _spread(self.parameters(), 1 / sqrt(self.hidden_size))

    @property
    def all_weights(self):
        """The parameters, a list for each layer and direction."""
        each = len(self._names) // (self.num_layers * (2 if self.bidirectional else 1))
        weights = [getattr(self, name) for name in self._names]
        return [weights[i : i + each] for i in range(0, len(weights), each)]

    def flatten_parameters(self):
        """Nothing to do: there for the sake of existing scripts."""

    def _states(self, input, hx, sizes):
        """Initial states [layers·directions, B, size] of the batched input: zeros, or hx checked."""
        name, batched = type(self).__name__, input.dim() == 3
        if input.dim() not in (2, 3):
            raise ValueError(f"{name}: Expected input to be 2D or 3D, got {input.dim()}D instead")
        if input.shape[-1] != self.input_size:
            raise RuntimeError(f"{name}: input.size(-1) must be equal to input_size. Expected {self.input_size}, got {input.shape[-1]}")
        batch = input.shape[0 if self.batch_first else 1] if batched else 1
        layers = self.num_layers * (2 if self.bidirectional else 1)
        if hx is None:
            return tuple(_core.zeros(layers, batch, size, dtype=input.dtype) for size in sizes)
        for state, size in zip(hx, sizes):
            wanted = (layers, batch, size) if batched else (layers, size)
            if tuple(state.shape) != wanted:
                raise RuntimeError(f"{name}: Expected hidden size {wanted}, got {tuple(state.shape)}")
        return tuple(hx) if batched else tuple(state.unsqueeze(1) for state in hx)

    def _run(self, function, input, hx):
        """Output and states, without a batch dimension where the input had none."""
        sizes = (self.proj_size or self.hidden_size, self.hidden_size)[: 2 if isinstance(self, LSTM) else 1]
        if isinstance(input, tuple):
            return self._run_packed(function, input, hx, sizes)
        states, batched = self._states(input, hx, sizes), input.dim() == 3
        if not batched:
            input = input.unsqueeze(0 if self.batch_first else 1)
        weights = [getattr(self, name) for name in self._names]
        out, *last = function(input, states if len(sizes) == 2 else states[0], weights, self.bias, self.num_layers, self.dropout, self.training,
                              self.bidirectional, self.batch_first)
        if not batched:
            out, last = out.squeeze(0 if self.batch_first else 1), [state.squeeze(1) for state in last]
        return out, last

    def _run_packed(self, function, input, hx, sizes):
        """The same for a PackedSequence; the states stand in the order the sequences had before packing."""
        data, counts, order, back = input
        counts, name = counts.tolist(), type(self).__name__
        if data.dim() != 2 or data.shape[1] != self.input_size:
            raise RuntimeError(f"{name}: packed data must be [steps, {self.input_size}], got {tuple(data.shape)}")
        wanted = [(self.num_layers * (2 if self.bidirectional else 1), counts[0], size) for size in sizes]
        if hx is None:
            hx = [_core.zeros(shape, dtype=data.dtype) for shape in wanted]
        for state, shape in zip(hx, wanted):
            if tuple(state.shape) != shape:
                raise RuntimeError(f"{name}: Expected hidden size {shape}, got {tuple(state.shape)}")
        if order is not None:
            hx = [_core.index_select(state, 1, order) for state in hx]
        weights = [getattr(self, name) for name in self._names]
        out, *last = _recurrent.run_packed(function.__name__, data, counts, hx, weights, self.bias, self.num_layers, self.dropout, self.training,
                                           self.bidirectional)
        if back is not None:
            last = [_core.index_select(state, 1, back) for state in last]
        return type(input)(out, *input[1:]), last

    def extra_repr(self):
        text = f"{self.input_size}, {self.hidden_size}"
        defaults = dict(proj_size=0, num_layers=1, bias=True, batch_first=False, dropout=0, bidirectional=False)
        return text + "".join(f", {k}={getattr(self, k)}" for k, v in defaults.items() if getattr(self, k) != v)


class LSTM(RNNBase):
    """Long short-term memory (Hochreiter and Schmidhuber 1997), by steps: i, f, o = σ(W·x + b + U·h + b'), g = tanh(…);
    c' = f·c + i·g, h' = o·tanh c'; with proj_size h' goes through one matrix more.

    lstm(x, (h0, c0)) → (output, (h, c)): x [T, B, input_size], [B, T, input_size] with batch_first, [T, input_size], or
    a PackedSequence; output [T, B, D·hidden_size]; h and h0 (None: zeros) [D·num_layers, B, hidden_size]; D is 2 if
    bidirectional. dropout acts between layers. state_dict: weight_ih_l0 [G, in], weight_hh_l0 [G, hidden_size],
    bias_ih_l0, bias_hh_l0 [G], …, weight_ih_l0_reverse, …; they start as U(±1/√hidden_size). G = 4·hidden_size, gates
    in the order i, f, g, o.

        >>> lstm = backprop.nn.LSTM(10, 20, num_layers=2, batch_first=True)
        >>> output, (h, c) = lstm(backprop.ones(3, 5, 10))          # 3 sequences of 5 steps
        >>> output.shape, h.shape
        (backprop.Size([3, 5, 20]), backprop.Size([2, 3, 20]))
    """

    _gates = 4

    def forward(self, input, hx=None):
        out, (h, c) = self._run(_recurrent.lstm, input, hx)
        return out, (h, c)


class GRU(RNNBase):
    """Gated recurrent units (Cho et al. 2014), by steps: r, z = σ(W·x + b + U·h + b'), n = tanh(W·x + b + r·(U·h +
    b')); h' = (1 − z)·n + z·h.

    rnn(x, h0) → (output, h): x [T, B, input_size], [B, T, input_size] with batch_first, [T, input_size], or a
    PackedSequence; output [T, B, D·hidden_size]; h and h0 (None: zeros) [D·num_layers, B, hidden_size]; D is 2 if
    bidirectional. dropout acts between layers. state_dict: weight_ih_l0 [G, in], weight_hh_l0 [G, hidden_size],
    bias_ih_l0, bias_hh_l0 [G], …, weight_ih_l0_reverse, …; they start as U(±1/√hidden_size). G = 3·hidden_size, gates
    in the order r, z, n.
    """

    _gates = 3

    def forward(self, input, hx=None):
        out, (h,) = self._run(_recurrent.gru, input, None if hx is None else (hx,))
        return out, h


class RNN(RNNBase):
    """h' = tanh(W·x + b + U·h + b'), by steps, or with nonlinearity='relu' max(…, 0).

    rnn(x, h0) → (output, h): x [T, B, input_size], [B, T, input_size] with batch_first, [T, input_size], or a
    PackedSequence; output [T, B, D·hidden_size]; h and h0 (None: zeros) [D·num_layers, B, hidden_size]; D is 2 if
    bidirectional. dropout acts between layers. state_dict: weight_ih_l0 [G, in], weight_hh_l0 [G, hidden_size],
    bias_ih_l0, bias_hh_l0 [G], …, weight_ih_l0_reverse, …; they start as U(±1/√hidden_size). G = hidden_size.
    """

    def __init__(self, input_size, hidden_size, num_layers=1, nonlinearity="tanh", bias=True, batch_first=False, dropout=0.0, bidirectional=False,
                 device=None, dtype=None):
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"RNN: Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'.")
        super().__init__(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, device=device, dtype=dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input, hx=None):
        function = _recurrent.rnn_tanh if self.nonlinearity == "tanh" else _recurrent.rnn_relu
        out, (h,) = self._run(function, input, None if hx is None else (hx,))
        return out, h


class RNNCellBase(Module):
    """One step of one layer. Input [B, I] or [I]."""

    _gates, _states = 1, 1

    def __init__(self, input_size, hidden_size, bias=True, device=None, dtype=None):
        super().__init__()
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        gates = self._gates * hidden_size
        self.weight_ih = _empty(gates, input_size)
        self.weight_hh = _empty(gates, hidden_size)
        self.register_parameter("bias_ih", _empty(gates) if bias else None)
        self.register_parameter("bias_hh", _empty(gates) if bias else None)
        self.reset_parameters()
        if dtype is not None or device is not None:
            self.to(device=device, dtype=dtype)

    def reset_parameters(self):
        """New initial values, U(±1/√hidden_size)."""
        _spread(self.parameters(), 1 / sqrt(self.hidden_size) if self.hidden_size > 0 else 0)

    def _run(self, layer, input, hx):
        name = type(self).__name__
        if input.dim() not in (1, 2):
            raise ValueError(f"{name}: Expected input to be 1D or 2D, got {input.dim()}D instead")
        batched = input.dim() == 2
        if not batched:
            input, hx = input.unsqueeze(0), hx and [state.unsqueeze(0) for state in hx]
        if hx is None:
            hx = [_core.zeros(input.shape[0], self.hidden_size, dtype=input.dtype)] * self._states
        out = getattr(_core, layer)(input.unsqueeze(0), *hx, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh, False)
        return out[1:] if batched else [state.squeeze(0) for state in out[1:]]

    def extra_repr(self):
        return f"{self.input_size}, {self.hidden_size}" + ("" if self.bias else ", bias=False")


class LSTMCell(RNNCellBase):
    """One step of an LSTM: cell(x, (h, c)) → (h', c'); x [B, input_size], h and c (None: zeros) [B, hidden_size], all also without B."""

    _gates, _states = 4, 2

    def forward(self, input, hx=None):
        h, c = self._run("_lstm", input, hx)
        return h, c


class GRUCell(RNNCellBase):
    """One step of a GRU: cell(x, h) → h'; x [B, input_size], h (None: zeros) [B, hidden_size], both also without B.

        >>> cell, h = backprop.nn.GRUCell(4, 8), None
        >>> for x in backprop.ones(5, 3, 4):                       # 5 steps of a batch of 3
        ...     h = cell(x, h)
        >>> h.shape
        backprop.Size([3, 8])
    """

    _gates = 3

    def forward(self, input, hx=None):
        return self._run("_gru", input, None if hx is None else [hx])[0]


class RNNCell(RNNCellBase):
    """One step of an RNN: cell(x, h) → h' = tanh(W·x + b + U·h + b'), or relu; x [B, input_size], h (None: zeros) [B, hidden_size]."""

    def __init__(self, input_size, hidden_size, bias=True, nonlinearity="tanh", device=None, dtype=None):
        if nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"RNNCell: Unknown nonlinearity: {nonlinearity}")
        super().__init__(input_size, hidden_size, bias, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input, hx=None):
        return self._run("_rnn_" + self.nonlinearity, input, None if hx is None else [hx])[0]

    def extra_repr(self):
        return super().extra_repr() + ("" if self.nonlinearity == "tanh" else f", nonlinearity={self.nonlinearity}")
