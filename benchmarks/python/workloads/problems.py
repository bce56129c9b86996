"""What the workloads compute: data, starting weights, hyperparameters. From fixed seeds, so that every peer does the same work on the same numbers.

    scalar            1,000 operations on single numbers (add, mul, tanh; chain and fan-out), forward and backward
    mlpB              784-256-128-10 ReLU, cross-entropy, Adam; batch B
    cnn               conv 1-16 5x5, relu, pool 2, conv 16-32 5x5, relu, pool 2, 512-128-10; batch 64; SGD with momentum
    resnet            3x32x32: conv3x3 3-32 BN relu; residual blocks 32-32, 32-64 /2, 64-128 /2; mean; 10; batch 32; SGD with momentum
    gpt               4 layers, 4 heads, width 128, context 64, vocabulary 65, batch 16, tanh GELU, pre-LN, untied head, AdamW
    seqT              the same network, batch 1, context T
    lstm              LSTM 64-128, sequence 32, batch 32, head on the last step, Adam
    deepN             N layers 64-64 with ReLU, batch 32, mean of squares, SGD
    elementwise       10 operations on a million numbers and their mean, gradients of both inputs
    softmax_ln        layer_norm(softmax(x)) on 4096 x 512, gradients of x, weight, bias
    matmulN           C = A B and both gradients for a given gradient of C, N x N
"""
import random

import numpy as np

RESNET_BLOCKS = [(32, 32, 1), (32, 64, 2), (64, 128, 2)]
GPT_LAYERS, GPT_HEADS, GPT_WIDTH, GPT_VOCABULARY = 4, 4, 128, 65
FAMILIES = ("scalar", "mlp", "cnn", "resnet", "gpt", "seq", "lstm", "deep", "elementwise", "softmax_ln", "matmul")
TRAINED = ("mlp", "cnn", "resnet", "gpt", "seq", "lstm", "deep")


def parse(workload):
    """("mlp", 64) for "mlp64"; 0 where there is no number."""
    family = workload.rstrip("0123456789")
    if family not in FAMILIES:
        raise SystemExit(f"no workload '{workload}'; there are {', '.join(FAMILIES)}, mlp, seq, deep and matmul with a number behind")
    return family, int(workload[len(family):] or 0)


def context(workload):
    family, size = parse(workload)
    return size if family == "seq" else 64


def batches(workload):
    """A list of (input, labels); step i takes the i-th, round and round. Images are NCHW."""
    family, size = parse(workload)
    rng = np.random.default_rng(0)
    shape = {"mlp": (size, 784), "cnn": (64, 1, 28, 28), "resnet": (32, 3, 32, 32), "lstm": (32, 32, 64), "deep": (32, 64)}.get(family)
    made = []
    for _ in range(64 if size == 1 and family == "mlp" else 8):
        if shape is None:
            text = rng.integers(0, GPT_VOCABULARY, (16 if family == "gpt" else 1, context(workload) + 1)).astype("int64")
            made.append((text[:, :-1].copy(), text[:, 1:].reshape(-1).copy()))
        else:
            made.append((rng.standard_normal(shape).astype("float32"), rng.integers(0, 10, shape[:1]).astype("int64")))
    return made


def parameters(workload):
    """Name → float32 array, under the names of the state_dict: linear weights (out, in), convolution weights OIHW."""
    family, size = parse(workload)
    rng = np.random.default_rng(1)
    p = {}

    def uniform(shape, fan_in):
        bound = fan_in ** -0.5
        return rng.uniform(-bound, bound, size=shape).astype("float32")

    def linear(name, out, inputs, bias=True):
        p[name + ".weight"] = uniform((out, inputs), inputs)
        if bias:
            p[name + ".bias"] = uniform((out,), inputs)

    def convolution(name, out, inputs, k, bias=True):
        p[name + ".weight"] = uniform((out, inputs, k, k), inputs * k * k)
        if bias:
            p[name + ".bias"] = uniform((out,), inputs * k * k)

    def norm(name, channels):
        p[name + ".weight"], p[name + ".bias"] = np.ones(channels, "float32"), np.zeros(channels, "float32")

    if family == "mlp":
        linear("fc1", 256, 784)
        linear("fc2", 128, 256)
        linear("fc3", 10, 128)
    elif family == "cnn":
        convolution("c1", 16, 1, 5)
        convolution("c2", 32, 16, 5)
        linear("fc1", 128, 512)
        linear("fc2", 10, 128)
    elif family == "resnet":
        convolution("stem", 32, 3, 3, False)
        norm("stem_bn", 32)
        for k, (i, o, stride) in enumerate(RESNET_BLOCKS):
            convolution(f"b{k}.c1", o, i, 3, False)
            norm(f"b{k}.bn1", o)
            convolution(f"b{k}.c2", o, o, 3, False)
            norm(f"b{k}.bn2", o)
            if stride != 1:
                convolution(f"b{k}.sc", o, i, 1, False)
                norm(f"b{k}.sbn", o)
        linear("fc", 10, 128)
    elif family in ("gpt", "seq"):
        d = GPT_WIDTH
        p["wte.weight"] = (rng.standard_normal((GPT_VOCABULARY, d)) * 0.02).astype("float32")
        p["wpe.weight"] = (rng.standard_normal((context(workload), d)) * 0.02).astype("float32")
        for k in range(GPT_LAYERS):
            norm(f"h{k}.ln1", d)
            linear(f"h{k}.qkv", 3 * d, d)
            linear(f"h{k}.proj", d, d)
            norm(f"h{k}.ln2", d)
            linear(f"h{k}.fc", 4 * d, d)
            linear(f"h{k}.out", d, 4 * d)
        norm("lnf", d)
        linear("head", GPT_VOCABULARY, d, False)
    elif family == "lstm":
        p["l.weight_ih_l0"], p["l.weight_hh_l0"] = uniform((512, 64), 128), uniform((512, 128), 128)
        p["l.bias_ih_l0"], p["l.bias_hh_l0"] = uniform((512,), 128), uniform((512,), 128)
        linear("fc", 10, 128)
    elif family == "deep":
        for k in range(size):
            linear(f"{k}", 64, 64)
    return p


ADAM = dict(kind="Adam", lr=1e-3, betas=(0.9, 0.999), eps=1e-8)
ADAMW = dict(kind="AdamW", lr=1e-3, betas=(0.9, 0.99), eps=1e-8, weight_decay=0.1)
MOMENTUM = dict(kind="SGD", lr=0.01, momentum=0.9)


def optimizer_options(workload):
    return {"mlp": ADAM, "lstm": ADAM, "cnn": MOMENTUM, "resnet": MOMENTUM, "gpt": ADAMW, "seq": ADAMW, "deep": MOMENTUM}[parse(workload)[0]]


def scalar_program(count=1000):
    """8 leaves, then (operation, i, j) on the numbers so far. Every tenth adds to an accumulator, so that no gradient vanishes."""
    r = random.Random(0)
    leaves = [r.uniform(-1, 1) for _ in range(8)]
    program, last, total, bounded = [], 0, 1, list(range(8))
    for k in range(count):
        new = 8 + k
        if k % 10 == 9:
            program.append(("add", total, last))
            total = new
            continue
        op = ("mul", "add", "tanh")[k % 3]
        if op == "tanh":
            program.append((op, last, last))
            bounded.append(new)
        else:
            program.append((op, last, r.choice(bounded[-32:])))
        last = new
    return leaves, program


def arrays(workload):
    """Operands of the workloads without a network."""
    family, size = parse(workload)
    rng = np.random.default_rng(0)

    def normal(*shape):
        return rng.standard_normal(shape).astype("float32")

    if family == "elementwise":
        return [normal(1_000_000) for _ in range(2)]
    if family == "softmax_ln":
        x, weight = normal(4096, 512), 1 + 0.1 * rng.standard_normal(512)
        return [x, weight.astype("float32"), (0.1 * rng.standard_normal(512)).astype("float32"), normal(4096, 512)]
    return [normal(size, size) for _ in range(3)]
