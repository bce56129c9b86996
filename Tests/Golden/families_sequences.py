"""Attention and pieces of tensors: sequences.json."""

from recording import EXACT, Family, t

inf = float("inf")
FLOATS = ("float32", "float64")


def sequences():
    f = Family("sequences", "scaled_dot_product_attention with masks, causal, grouped; split, chunk, unbind.", grid=10)
    x = lambda *shape, **more: t(f.values(*shape), **more)
    smooth = dict(condition=True)

    op = "nn.functional.scaled_dot_product_attention"
    for dtype in FLOATS:
        qkv = lambda: (x(1, 2, 3, 2, dtype=dtype), x(1, 2, 4, 2, dtype=dtype), x(1, 2, 4, 3, dtype=dtype))
        f.add(f"attention-{dtype}", op, *qkv(), **smooth)
        f.add(f"attention-{dtype}-causal", op, *qkv(), is_causal=True, **smooth)
        f.add(f"attention-{dtype}-added-mask", op, *qkv(), t([[0.0, 1.0, -inf, 0.5], [0.25, -1.0, 0.0, 0.0], [-inf, 0.0, 0.0, -2.0]], dtype, grad=False), **smooth)
    f.add("attention-scale", op, x(3, 2), x(2, 2), x(2, 2), scale=0.3, **smooth)
    f.add(
        "attention-bool-mask",
        op,
        x(2, 2, 2),
        x(2, 3, 2),
        x(2, 3, 2),
        attn_mask=t([[True, False, True], [False, False, True]], "bool"),
        **smooth,
    )
    f.add("attention-row-without-keys", op, x(1, 1, 2, 2), x(1, 1, 2, 2), x(1, 1, 2, 2), attn_mask=t([[False, False], [True, True]], "bool"), **smooth)
    f.add("attention-mask-with-gradient", op, x(1, 2, 2), x(1, 2, 2), x(1, 2, 2), x(1, 2, 2), **smooth)
    f.add("attention-grouped", op, x(1, 4, 2, 2), x(1, 2, 2, 2), x(1, 2, 2, 2), is_causal=True, enable_gqa=True, **smooth)
    f.add("attention-transposed", op, *(x(1, 3, 2, 2, view=[("transpose", 1, 2)]) for _ in range(3)), is_causal=True, **smooth)
    f.add("attention-second", op, *(x(1, 2, 2, dtype="float64") for _ in range(3)), second=True, **smooth)
    f.add("attention-long", op, x(1, 70, 1), x(1, 66, 1), x(1, 66, 1), is_causal=True, **smooth)
    f.raises("attention-inner-size", op, x(2, 3), x(2, 2), x(2, 2))
    f.raises("attention-keys-and-values", op, x(2, 2), x(3, 2), x(2, 2))
    f.raises("attention-mask-shape", op, x(2, 2), x(3, 2), x(3, 2), x(2, 2))

    # (input, hx, weights, has_biases, num_layers, dropout, train, bidirectional, batch_first)
    def weights(gates, inputs, states, layers=1, directions=1, biases=True, dtype="float64"):
        for layer in range(layers):
            for _ in range(directions):
                yield x(gates * states, inputs if layer == 0 else states * directions, dtype=dtype)
                yield x(gates * states, states, dtype=dtype)
                for _ in range(2 if biases else 0):
                    yield x(gates * states, dtype=dtype)

    for op, gates in (("lstm", 4), ("gru", 3), ("rnn_tanh", 1), ("rnn_relu", 1)):
        for name, dtype, layers, directions, biases, first in (
            ("plain", "float32", 1, 1, True, False),
            ("plain", "float64", 1, 1, True, False),
            ("two-ways", "float64", 2, 2, False, True),
        ):
            h = lambda: x(layers * directions, 2, 2, dtype=dtype)
            f.add(
                f"{op}-{dtype}-{name}",
                op,
                x(2, 3, 1, dtype=dtype) if first else x(3, 2, 1, dtype=dtype),
                [h(), h()] if op == "lstm" else h(),
                list(weights(gates, 1, 2, layers, directions, biases, dtype)),
                biases,
                layers,
                0.0,
                False,
                directions == 2,
                first,
                **smooth,
            )

    for name, arguments in {"equal": (2, 1), "rest": (3, 1), "sections": ([1, 3, 1], 1), "larger": (9, 0)}.items():
        f.add(f"split-{name}", "split", x(2, 5 if name != "equal" else 4), *arguments, ulps=EXACT)
    for n, dim in ((2, 1), (3, 1), (4, -1), (1, 0)):
        f.add(f"chunk-{n}-{dim}", "chunk", x(2, 5), n, dim, ulps=EXACT)
    f.add("unbind-0", "unbind", x(2, 3), ulps=EXACT)
    f.add("unbind-method", "Tensor.unbind", x(2, 3), -1, ulps=EXACT)
    f.raises("split-too-few", "split", x(2, 5), [2, 2], 1)
    return f


FAMILIES = (sequences,)
