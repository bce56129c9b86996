"""The workloads in PyTorch's names: one program text for PyTorch and for backprop.

    python torch_names.py --peer backprop|torch-eager|torch-fused|torch-compile --workload mlp64 --threads 1

fused: the optimizer's fused=True. compile: torch.compile and the fused optimizer.
"""
import importlib
import time

from harness import PEER, THREADS, WORKLOAD, bench, imported

torch = importlib.import_module("backprop" if PEER == "backprop" else "torch")
F, nn = importlib.import_module(torch.__name__ + ".nn.functional"), importlib.import_module(torch.__name__ + ".nn")
imported(torch.__version__)

import problems  # noqa: E402  (NumPy is not part of the import that was timed)

torch.set_num_threads(THREADS)
FAMILY, SIZE = problems.parse(WORKLOAD)
compiled = torch.compile if PEER == "torch-compile" else lambda function: function


class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2, self.fc3 = nn.Linear(784, 256), nn.Linear(256, 128), nn.Linear(128, 10)

    def forward(self, x):
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)))))


class CNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1, self.c2 = nn.Conv2d(1, 16, 5), nn.Conv2d(16, 32, 5)
        self.fc1, self.fc2 = nn.Linear(512, 128), nn.Linear(128, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.c1(x)), 2)
        x = F.max_pool2d(F.relu(self.c2(x)), 2)
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


class ResidualBlock(nn.Module):
    def __init__(self, i, o, stride):
        super().__init__()
        self.c1, self.bn1 = nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o)
        self.c2, self.bn2 = nn.Conv2d(o, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o)
        self.shrinks = stride != 1
        if self.shrinks:
            self.sc, self.sbn = nn.Conv2d(i, o, 1, stride, bias=False), nn.BatchNorm2d(o)

    def forward(self, x):
        shortcut = self.sbn(self.sc(x)) if self.shrinks else x
        return F.relu(self.bn2(self.c2(F.relu(self.bn1(self.c1(x))))) + shortcut)


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.stem_bn = nn.Conv2d(3, 32, 3, 1, 1, bias=False), nn.BatchNorm2d(32)
        self.b0, self.b1, self.b2 = (ResidualBlock(*block) for block in problems.RESNET_BLOCKS)
        self.fc = nn.Linear(128, 10)

    def forward(self, x):
        x = F.relu(self.stem_bn(self.stem(x)))
        return self.fc(self.b2(self.b1(self.b0(x))).mean((2, 3)))


class GPTBlock(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.qkv, self.proj = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.fc, self.out = nn.Linear(d, 4 * d), nn.Linear(4 * d, d)

    def forward(self, x):
        B, T, D = x.shape
        H = problems.GPT_HEADS
        q, k, v = (part.view(B, T, H, D // H).transpose(1, 2) for part in self.qkv(self.ln1(x)).split(D, 2))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(y.transpose(1, 2).reshape(B, T, D))
        return x + self.out(F.gelu(self.fc(self.ln2(x)), approximate="tanh"))


class GPT(nn.Module):
    def __init__(self):
        super().__init__()
        d, words = problems.GPT_WIDTH, problems.GPT_VOCABULARY
        self.wte, self.wpe = nn.Embedding(words, d), nn.Embedding(problems.context(WORKLOAD), d)
        for k in range(problems.GPT_LAYERS):
            setattr(self, f"h{k}", GPTBlock(d))
        self.lnf, self.head = nn.LayerNorm(d), nn.Linear(d, words, bias=False)

    def forward(self, tokens):
        x = self.wte(tokens) + self.wpe.weight[: tokens.shape[1]]
        for k in range(problems.GPT_LAYERS):
            x = getattr(self, f"h{k}")(x)
        return self.head(self.lnf(x)).reshape(-1, problems.GPT_VOCABULARY)


class LSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.l, self.fc = nn.LSTM(64, 128, batch_first=True), nn.Linear(128, 10)

    def forward(self, x):
        return self.fc(self.l(x)[0][:, -1])


class Deep(nn.ModuleList):
    def __init__(self):
        super().__init__([nn.Linear(64, 64) for _ in range(SIZE)])

    def forward(self, x):
        for layer in self:
            x = F.relu(layer(x))
        return x


def load(model):
    """Every parameter gets the common starting value."""
    state, given = model.state_dict(), problems.parameters(WORKLOAD)
    assert set(given) == {name for name, _ in model.named_parameters()}
    for name, array in given.items():
        state[name].copy_(torch.from_numpy(array))


def optimizer(model):
    options = dict(problems.optimizer_options(WORKLOAD))
    if PEER in ("torch-fused", "torch-compile"):
        options["fused"] = True
    kind = getattr(importlib.import_module(torch.__name__ + ".optim"), options.pop("kind"))
    return kind(model.parameters(), **options)


def train():
    model = {"mlp": MLP, "cnn": CNN, "resnet": ResNet, "gpt": GPT, "seq": GPT, "lstm": LSTM, "deep": Deep}[FAMILY]()
    load(model)
    mover = optimizer(model)
    data = [(torch.from_numpy(x), torch.from_numpy(y)) for x, y in problems.batches(WORKLOAD)]

    @compiled
    def loss_of(x, y):
        return (model(x) ** 2).mean() if FAMILY == "deep" else F.cross_entropy(model(x), y)

    def step(i):
        mover.zero_grad()
        loss = loss_of(*data[i % len(data)])
        loss.backward()
        mover.step()
        return loss

    def parts(i):
        clock = time.perf_counter
        mover.zero_grad()
        t0 = clock()
        loss = loss_of(*data[i % len(data)])
        t1 = clock()
        loss.backward()
        t2 = clock()
        mover.step()
        t3 = clock()
        return {"forward": (t1 - t0) * 1e3, "backward": (t2 - t1) * 1e3, "optimizer": (t3 - t2) * 1e3}

    bench(step, lambda loss: loss.item(), parts)


def scalar():
    values, program = problems.scalar_program()
    leaves = [torch.tensor(value, requires_grad=True) for value in values]

    @compiled
    def forward(*leaves):
        n = list(leaves)
        for op, i, j in program:
            n.append(n[i] + n[j] if op == "add" else n[i] * n[j] if op == "mul" else torch.tanh(n[i]))
        return n[-1]

    def step(i):
        for leaf in leaves:
            leaf.grad = None
        out = forward(*leaves)
        out.backward()
        return out

    bench(step, lambda out: out.item() + sum(leaf.grad.item() for leaf in leaves), operations=len(program))


def elementwise():
    x, y = (torch.from_numpy(a).requires_grad_() for a in problems.arrays(WORKLOAD))

    @compiled
    def forward(x, y):
        h = x * y
        h = h + x
        h = torch.tanh(h)
        h = h * 0.5
        h = torch.exp(h)
        h = h + y
        h = torch.sigmoid(h)
        h = h * x
        h = torch.relu(h)
        h = h - y
        return h.mean()

    gradients(forward, (x, y), (x, y))


def softmax_ln():
    x, w, b, c = (torch.from_numpy(a) for a in problems.arrays(WORKLOAD))
    for t in (x, w, b):
        t.requires_grad_()
    gradients(compiled(lambda x, w, b, c: (F.layer_norm(torch.softmax(x, -1), (512,), w, b) * c).mean()), (x, w, b, c), (x, w, b))


def matmul():
    a, b, g = (torch.from_numpy(a) for a in problems.arrays(WORKLOAD))
    a.requires_grad_()
    b.requires_grad_()
    gradients(compiled(lambda a, b: a @ b), (a, b), (a, b), g)


def gradients(forward, operands, wanted, seed=None):
    """Times forward(*operands) and the gradients of what is wanted."""
    grad = importlib.import_module(torch.__name__ + ".autograd").grad

    def step(i):
        out = forward(*operands)
        return out, grad(out, wanted, seed)

    def checksum(result):
        out, made = result
        return (out[0, 0] if out.ndim else out).item() + sum(g.abs().mean().item() for g in made)

    bench(step, checksum)


{"scalar": scalar, "elementwise": elementwise, "softmax_ln": softmax_ln, "matmul": matmul}.get(FAMILY, train)()
