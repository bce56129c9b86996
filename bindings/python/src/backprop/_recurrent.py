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


def _weights(layer, params, has_biases, num_layers, directions):
    """For each layer and direction: w_ih, w_hh, b_ih, b_hh, and w_hr or None."""
    each = len(params) // (num_layers * directions)
    if each * num_layers * directions != len(params) or each not in ((4, 5) if has_biases else (2, 3)):
        raise ValueError(f"{layer}: {len(params)} weights for {num_layers} layers in {directions} directions, biases: {has_biases}")
    for n in range(num_layers * directions):
        weights = list(params[n * each : (n + 1) * each])
        projection = weights.pop() if each in (3, 5) else None
        yield (weights if has_biases else weights + [None, None]), projection


def _direction(layer, input, states, weights, projection, reverse):
    """One layer in one direction: outputs, and the last states."""
    if projection is not None:
        return _projected(input, *states, *weights, projection, reverse)
    return getattr(_core, "_" + layer)(input, *states, *weights, reverse)


def _packed_direction(layer, data, sizes, states, weights, projection, reverse):
    """The same for packed sequences: steps that as many sequences have go together."""
    spans, row = [], 0  # first row, steps, sequences
    for size in sizes:
        if spans and spans[-1][2] == size:
            spans[-1][1] += 1
        else:
            spans.append([row, 1, size])
        row += size
    outputs, ended = [], []
    running = [state[:0] for state in states] if reverse else states
    for i in range(len(spans) - 1, -1, -1) if reverse else range(len(spans)):
        row, steps, size = spans[i]
        if reverse:  # sequences that are longer than those before begin here, at their end
            running = [cat([state, first[state.shape[0] : size]]) for state, first in zip(running, states)]
        x = data[row : row + steps * size].reshape(steps, size, data.shape[1])
        out, *running = _direction(layer, x, running, weights, projection, reverse)
        outputs.append(out.reshape(steps * size, out.shape[2]))
        if not reverse:
            rest = spans[i + 1][2] if i + 1 < len(spans) else 0
            ended.append([state[rest:] for state in running])
            running = [state[:rest] for state in running]
    if reverse:
        return cat(outputs[::-1]), *running
    return cat(outputs), *(cat(parts[::-1]) for parts in zip(*ended))


def run_packed(layer, data, sizes, hx, params, has_biases, num_layers, p, train, bidirectional):
    """All layers over packed sequences [Σ lengths, I], sizes: how many have a first step, a second, …"""
    directions = 2 if bidirectional else 1
    last = [[] for _ in hx]
    outputs = []
    for n, (weights, projection) in enumerate(_weights(layer, params, has_biases, num_layers, directions)):
        out, *states = _packed_direction(layer, data, sizes, [h[n] for h in hx], weights, projection, n % directions == 1)
        outputs.append(out)
        for kept, state in zip(last, states):
            kept.append(state)
        if len(outputs) == directions:
            data = outputs[0] if directions == 1 else cat(outputs, 1)
            outputs = []
            if p and train and n // directions < num_layers - 1:
                data = dropout(data, p, True)
    return data, *(stack(h) for h in last)


def _run(layer, input, hx, params, has_biases, num_layers, p, train, bidirectional, batch_first):
    """All layers; hx: tuple of initial states, each [layers·directions, B, ·]."""
    directions = 2 if bidirectional else 1
    if batch_first:
        input = input.transpose(0, 1)
    last = [[] for _ in hx]
    outputs = []
    for n, (weights, projection) in enumerate(_weights(layer, params, has_biases, num_layers, directions)):
        out, *states = _direction(layer, input, [h[n] for h in hx], weights, projection, n % directions == 1)
        outputs.append(out)
        for kept, state in zip(last, states):
            kept.append(state)
        if len(outputs) == directions:
            input = outputs[0] if directions == 1 else cat(outputs, 2)
            outputs = []
            if p and train and n // directions < num_layers - 1:
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
