"""The workloads in JAX as its users write them: the whole training step is one jitted function whose old state is donated; images are NHWC.

    python jax_names.py --peer jax-jit --workload mlp64 --threads 1
"""
from harness import WORKLOAD, bench, imported

import jax
import jax.numpy as jnp
from jax import lax
imported(jax.__version__)

import problems  # noqa: E402  (after the import that was timed)

FAMILY, SIZE = problems.parse(WORKLOAD)
tree = jax.tree.map
relu, sigmoid = jax.nn.relu, jax.nn.sigmoid


def linear(p, name, x):
    y = x @ p[name + ".weight"]  # (in, out)
    return y + p[name + ".bias"] if name + ".bias" in p else y


def conv(p, name, x, stride=1, padding=0):
    y = lax.conv_general_dilated(x, p[name + ".weight"], (stride, stride), [(padding, padding)] * 2, dimension_numbers=("NHWC", "HWIO", "NHWC"))
    return y + p[name + ".bias"] if name + ".bias" in p else y


def max_pool(x):
    """2 x 2; faster on a CPU than reduce_window, whose gradient is select_and_scatter."""
    b, h, w, c = x.shape
    return x.reshape(b, h // 2, 2, w // 2, 2, c).max((2, 4))


def layer_norm(p, name, x):
    mean = x.mean(-1, keepdims=True)
    variance = ((x - mean) ** 2).mean(-1, keepdims=True)
    return (x - mean) * lax.rsqrt(variance + 1e-5) * p[name + ".weight"] + p[name + ".bias"]


def mlp(p, state, x):
    return linear(p, "fc3", relu(linear(p, "fc2", relu(linear(p, "fc1", x))))), state


def cnn(p, state, x):
    x = max_pool(relu(conv(p, "c1", x)))
    x = max_pool(relu(conv(p, "c2", x)))
    return linear(p, "fc2", relu(linear(p, "fc1", x.reshape(x.shape[0], -1)))), state


def resnet(p, state, x):
    new = {}

    def norm(name, x):
        mean = x.mean((0, 1, 2))
        variance, count = ((x - mean) ** 2).mean((0, 1, 2)), x.size // x.shape[-1]
        old_mean, old_variance = state[name]
        new[name] = 0.9 * old_mean + 0.1 * mean, 0.9 * old_variance + 0.1 * variance * count / (count - 1)
        return (x - mean) * lax.rsqrt(variance + 1e-5) * p[name + ".weight"] + p[name + ".bias"]

    x = relu(norm("stem_bn", conv(p, "stem", x, 1, 1)))
    for k, (_, _, stride) in enumerate(problems.RESNET_BLOCKS):
        b = f"b{k}."
        shortcut = x if stride == 1 else norm(b + "sbn", conv(p, b + "sc", x, stride))
        h = relu(norm(b + "bn1", conv(p, b + "c1", x, stride, 1)))
        x = relu(norm(b + "bn2", conv(p, b + "c2", h, 1, 1)) + shortcut)
    return linear(p, "fc", x.mean((1, 2))), new


def gpt(p, state, tokens):
    (B, T), D, H = tokens.shape, problems.GPT_WIDTH, problems.GPT_HEADS
    x, mask = p["wte.weight"][tokens] + p["wpe.weight"][:T], jnp.tril(jnp.ones((T, T), bool))
    for k in range(problems.GPT_LAYERS):
        n = f"h{k}."
        q, k, v = (part.reshape(B, T, H, D // H).transpose(0, 2, 1, 3) for part in jnp.split(linear(p, n + "qkv", layer_norm(p, n + "ln1", x)), 3, 2))
        scores = jnp.where(mask, q @ k.transpose(0, 1, 3, 2) * (D // H) ** -0.5, -jnp.inf)
        x = x + linear(p, n + "proj", (jax.nn.softmax(scores, -1) @ v).transpose(0, 2, 1, 3).reshape(B, T, D))
        x = x + linear(p, n + "out", jax.nn.gelu(linear(p, n + "fc", layer_norm(p, n + "ln2", x)), approximate=True))
    return linear(p, "head", layer_norm(p, "lnf", x)).reshape(-1, problems.GPT_VOCABULARY), state


def lstm(p, state, x):
    inputs = x.transpose(1, 0, 2) @ p["l.weight_ih_l0"] + (p["l.bias_ih_l0"] + p["l.bias_hh_l0"])

    def cell(carried, gates):
        h, c = carried
        i, f, z, o = jnp.split(gates + h @ p["l.weight_hh_l0"], 4, 1)
        c = sigmoid(f) * c + sigmoid(i) * jnp.tanh(z)
        return (sigmoid(o) * jnp.tanh(c), c), None

    zeros = jnp.zeros((x.shape[0], 128))
    return linear(p, "fc", lax.scan(cell, (zeros, zeros), inputs)[0][0]), state


def deep(p, state, x):
    """The layers are stacked: N of them written out would be compiled one by one."""
    return lax.scan(lambda x, layer: (relu(x @ layer[0] + layer[1]), None), x, (p["weights"], p["biases"]))[0], state


def converted(given):
    """The common weights in JAX's layout: (in, out), HWIO."""
    if FAMILY == "deep":
        stack = [[given[f"{k}.{part}"] for k in range(SIZE)] for part in ("weight", "bias")]
        return {"weights": jnp.stack(stack[0]).transpose(0, 2, 1), "biases": jnp.stack(stack[1])}
    made = {}
    for name, a in given.items():
        if a.ndim == 4:
            a = a.transpose(2, 3, 1, 0)
        elif FAMILY == "cnn" and name == "fc1.weight":
            a = a.reshape(128, 32, 4, 4).transpose(2, 3, 1, 0).reshape(512, 128)
        elif a.ndim == 2 and not name.startswith(("wte", "wpe")):
            a = a.T
        made[name] = jnp.asarray(a)
    return made


def train():
    model, options = {"mlp": mlp, "cnn": cnn, "resnet": resnet, "gpt": gpt, "seq": gpt, "lstm": lstm, "deep": deep}[FAMILY], problems.optimizer_options(WORKLOAD)
    p, lr = converted(problems.parameters(WORKLOAD)), options["lr"]
    state = {name[:-7]: (jnp.zeros_like(a), jnp.ones_like(a)) for name, a in p.items() if FAMILY == "resnet" and "bn" in name and name.endswith(".weight")}
    moments = [tree(jnp.zeros_like, p) for _ in range(1 if options["kind"] == "SGD" else 2)] + [jnp.zeros((), jnp.int32)]

    def loss_of(p, state, x, y):
        z, state = model(p, state, x)
        if FAMILY == "deep":
            return (z ** 2).mean(), state
        return -jnp.take_along_axis(jax.nn.log_softmax(z), y[:, None], 1).mean(), state

    def move(p, moments, g):
        *moments, t = moments
        t = t + 1
        if options["kind"] == "SGD":
            v = tree(lambda v, g: options["momentum"] * v + g, moments[0], g)
            return tree(lambda p, v: p - lr * v, p, v), [v, t]
        b1, b2 = options["betas"]
        m = tree(lambda m, g: b1 * m + (1 - b1) * g, moments[0], g)
        v = tree(lambda v, g: b2 * v + (1 - b2) * g * g, moments[1], g)
        c1, c2, decay = 1 - b1 ** t.astype(jnp.float32), 1 - b2 ** t.astype(jnp.float32), 1 - lr * options.get("weight_decay", 0.0)
        return tree(lambda p, m, v: p * decay - lr * (m / c1) / (jnp.sqrt(v / c2) + options["eps"]), p, m, v), [m, v, t]

    def whole(p, state, moments, x, y):
        (loss, state), g = jax.value_and_grad(loss_of, has_aux=True)(p, state, x, y)
        p, moments = move(p, moments, g)
        return p, state, moments, loss

    whole = jax.jit(whole, donate_argnums=(0, 1, 2))
    data = [(jnp.asarray(x.transpose(0, 2, 3, 1) if x.ndim == 4 else x), jnp.asarray(y.astype("int32"))) for x, y in problems.batches(WORKLOAD)]
    held = [p, state, moments]
    del p, state, moments

    def step(i):
        *held[:], loss = whole(*held, *data[i % len(data)])
        jax.block_until_ready(held)
        return jax.block_until_ready(loss)

    bench(step, float)


def timed(function, operands, checksum, **extra):
    function = jax.jit(function)
    bench(lambda i: jax.block_until_ready(function(*operands)), checksum, **extra)


def total(result):
    out, made = result
    return (out[0, 0] if out.ndim else out) + sum(jnp.abs(g).mean() for g in made)


def scalar():
    values, program = problems.scalar_program()

    def forward(leaves):
        n = list(leaves)
        for op, i, j in program:
            n.append(n[i] + n[j] if op == "add" else n[i] * n[j] if op == "mul" else jnp.tanh(n[i]))
        return n[-1]

    timed(jax.value_and_grad(forward), [[jnp.asarray(v, jnp.float32) for v in values]], lambda made: made[0] + sum(made[1]), operations=len(program))


def kernels():
    operands = [jnp.asarray(a) for a in problems.arrays(WORKLOAD)]
    if FAMILY == "elementwise":
        def forward(x, y):
            h = x * y
            h = h + x
            h = jnp.tanh(h)
            h = h * 0.5
            h = jnp.exp(h)
            h = h + y
            h = sigmoid(h)
            h = h * x
            h = relu(h)
            h = h - y
            return h.mean()
        timed(jax.value_and_grad(forward, (0, 1)), operands, total)
    elif FAMILY == "softmax_ln":
        def forward(x, w, b, c):
            return (layer_norm({"n.weight": w, "n.bias": b}, "n", jax.nn.softmax(x, -1)) * c).mean()
        timed(jax.value_and_grad(forward, (0, 1, 2)), operands, total)
    else:
        def product(a, b, g):
            out, pull = jax.vjp(jnp.matmul, a, b)
            return out, pull(g)
        timed(product, operands, total)


{"scalar": scalar, "elementwise": kernels, "softmax_ln": kernels, "matmul": kernels}.get(FAMILY, train)()
