"""Recurrent networks of several layers and directions, with PyTorch's arguments, from layers of one direction."""

from . import _core
from ._core import cat, dropout, stack


def _projected(input, h, c, w_ih, w_hh, b_ih, b_hh, w_hr, reverse):
    """lstm whose states go through w_hr [P, H] before they are handed on, a step at a time."""
    gates, states = _core.linear(input, w_ih, b_ih), [None] * input.shape[0]
    order = range(input.shape[0])
    for t in reversed(order) if reverse else order:
        i, f, g, o = (gates[t] + _core.linear(h, w_hh, b_hh)).chunk(4, 1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = _core.linear(o.sigmoid() * c.tanh(), w_hr)
        states[t] = h
    return stack(states), h, c


def _run(layer, input, hx, params, has_biases, num_layers, p, train, bidirectional, batch_first):
    """All layers; hx: tuple of initial states, each [layers·directions, B, ·]."""
    directions = 2 if bidirectional else 1
    each = len(params) // (num_layers * directions)
    if each * num_layers * directions != len(params) or each not in ((4, 5) if has_biases else (2, 3)):
        raise ValueError(f"{layer}: {len(params)} weights for {num_layers} layers in {directions} directions, biases: {has_biases}")
    if batch_first:
        input = input.transpose(0, 1)
    last = [[] for _ in hx]
    for k in range(num_layers):
        outputs = []
        for d in range(directions):
            n = k * directions + d
            weights = list(params[n * each : (n + 1) * each])
            projection = weights.pop() if each in (3, 5) else None
            w_ih, w_hh, b_ih, b_hh = weights if has_biases else weights + [None, None]
            states = [h[n] for h in hx]
            if projection is not None:
                out = _projected(input, *states, w_ih, w_hh, b_ih, b_hh, projection, d == 1)
            else:
                out = getattr(_core, "_" + layer)(input, *states, w_ih, w_hh, b_ih, b_hh, d == 1)
            outputs.append(out[0])
            for kept, state in zip(last, out[1:]):
                kept.append(state)
        input = outputs[0] if directions == 1 else cat(outputs, 2)
        if p and train and k < num_layers - 1:
            input = dropout(input, p, True)
    return input.transpose(0, 1) if batch_first else input, *(stack(h) for h in last)


def lstm(input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first):
    """Output, h and c of an LSTM. hx: (h0, c0), each [layers·directions, B, H]; params: weights as nn.LSTM lists them."""
    return _run("lstm", input, tuple(hx), params, has_biases, num_layers, dropout, train, bidirectional, batch_first)


def gru(input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first):
    """Output and h of a GRU."""
    return _run("gru", input, (hx,), params, has_biases, num_layers, dropout, train, bidirectional, batch_first)


def rnn_tanh(input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first):
    """Output and h of a recurrent network with tanh."""
    return _run("rnn_tanh", input, (hx,), params, has_biases, num_layers, dropout, train, bidirectional, batch_first)


def rnn_relu(input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first):
    """Output and h of a recurrent network with relu."""
    return _run("rnn_relu", input, (hx,), params, has_biases, num_layers, dropout, train, bidirectional, batch_first)
