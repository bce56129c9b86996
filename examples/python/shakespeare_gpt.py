"""Learns to write like Shakespeare, letter by letter: a small GPT (Radford and others 2019), the same job as examples/c/shakespeare_gpt.c.

    .venv/bin/python examples/python/shakespeare_gpt.py [--data FILE] [--out DIRECTORY] [--steps N] [--threads N] [--quick] [--torch]

The first nine tenths of the text are learnt from, the last is the test. With --torch the same program runs on PyTorch: it starts from the
same weights and sees the same batches, so both arrive at the same loss.
"""
import argparse
import math
import random
from pathlib import Path

from common import ROOT, Lesson, engine

torch = engine()
nn, optim, F = torch.nn, torch.optim, torch.nn.functional
CONTEXT, WIDTH, HEADS, LAYERS, BATCH = 64, 128, 4, 4, 16


class Block(nn.Module):
    """x + attention(norm x), then x + mlp(norm x)."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.proj = nn.Linear(width, width, bias=False)
        self.norm2 = nn.LayerNorm(width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)

    def forward(self, x):
        B, T, E = x.shape
        q, k, v = (part.reshape(B, T, self.heads, E // self.heads).transpose(1, 2) for part in self.qkv(self.norm1(x)).split(E, 2))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(y.transpose(1, 2).reshape(B, T, E))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class GPT(nn.Module):
    """Letters [B, T] → scores of the letter after each, [B, T, letters]."""

    def __init__(self, letters, width=WIDTH, heads=HEADS, layers=LAYERS, context=CONTEXT):
        super().__init__()
        self.context = context
        self.tokens = nn.Embedding(letters, width)
        self.places = nn.Embedding(context, width)
        self.blocks = nn.ModuleList([Block(width, heads) for _ in range(layers)])
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, letters, bias=False)

    def forward(self, tokens):
        x = self.tokens(tokens) + self.places(torch.arange(tokens.shape[1]))
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))

    @torch.no_grad()
    def begin(self, seed):
        """Weights of spread 0.02, smaller where they are added to the stream; from Python's generator, the same on every engine."""
        numbers, layers = random.Random(seed), len(self.blocks)
        for name, p in self.named_parameters():
            if p.dim() > 1:
                spread = 0.02 / math.sqrt(2 * layers) if name.endswith(("proj.weight", "down.weight")) else 0.02
                p.copy_(torch.tensor([numbers.gauss(0, spread) for _ in range(p.numel())]).reshape(p.shape))
            elif name.endswith("bias"):
                p.zero_()


def read_text(path):
    """The letters that occur, and the text as their numbers."""
    text = Path(path).read_text(encoding="utf-8")
    letters = sorted(set(text))
    number = {letter: i for i, letter in enumerate(letters)}
    return letters, torch.tensor([number[letter] for letter in text], dtype=torch.int64)


def windows(text, starts, context):
    """Stretches of the text and the same shifted by one."""
    x = torch.stack([text[i:i + context + 1] for i in starts])
    return x[:, :-1], x[:, 1:]


def loss_of(net, x, y):
    scores = net(x)
    return F.cross_entropy(scores.reshape(-1, scores.shape[-1]), y.reshape(-1))


@torch.no_grad()
def test_loss(net, text, batches):
    """The mean loss over stretches spread evenly over the text."""
    net.eval()
    last, count = len(text) - net.context - 1, batches * BATCH
    starts = [last * i // max(count - 1, 1) for i in range(count)]
    total = sum(loss_of(net, *windows(text, starts[i:i + BATCH], net.context)).item() for i in range(0, count, BATCH))
    net.train()
    return total / batches


@torch.no_grad()
def write(net, letters, length, seed=1):
    """Text from the network's own mouth: each letter drawn from its scores."""
    net.eval()
    numbers, tokens = random.Random(seed), [0]
    for _ in range(length):
        scores = F.softmax(net(torch.tensor([tokens[-net.context:]]))[0, -1], 0).tolist()
        tokens.append(numbers.choices(range(len(letters)), scores)[0])
    return "".join(letters[t] for t in tokens[1:])


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--data", default=ROOT / "examples" / "data" / "shakespeare.txt")
    options.add_argument("--out", default=".")
    options.add_argument("--steps", type=int, default=2000)
    options.add_argument("--threads", type=int, default=0)
    options.add_argument("--quick", action="store_true", help="forty steps of a smaller network")
    options.add_argument("--torch", action="store_true", help="run on PyTorch")
    options = options.parse_args()
    torch.manual_seed(7)
    if options.threads:
        torch.set_num_threads(options.threads)
    letters, text = read_text(options.data)
    cut = len(text) * 9 // 10
    train, test = text[:cut], text[cut:]
    net = GPT(len(letters), 32, 2, 2, 32) if options.quick else GPT(len(letters))
    net.begin(7)
    steps = 40 if options.quick else options.steps
    every, batches = (10, 2) if options.quick else (max(steps // 10, 1), 40)
    print(f"{len(train):,} letters to learn from, {len(test):,} for the test, {len(letters)} different; {sum(p.numel() for p in net.parameters()):,} weights", flush=True)

    decayed, others = [p for p in net.parameters() if p.dim() > 1], [p for p in net.parameters() if p.dim() < 2]
    optimizer = optim.AdamW([{"params": decayed}, {"params": others, "weight_decay": 0.0}], lr=2e-3, betas=(0.9, 0.98), weight_decay=0.1)
    warm = max(steps // 20, 1)
    schedule = optim.lr_scheduler.SequentialLR(
        optimizer, [optim.lr_scheduler.LinearLR(optimizer, 0.05, total_iters=warm), optim.lr_scheduler.CosineAnnealingLR(optimizer, steps - warm, eta_min=1e-4)], [warm])
    batches_of = random.Random(7)
    lesson = Lesson("shakespeare_gpt", steps, every)
    for step in range(1, steps + 1):
        loss = loss_of(net, *windows(train, [batches_of.randrange(len(train) - net.context) for _ in range(BATCH)], net.context))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        lesson.note(step, loss.item(), lambda: test_loss(net, test, batches))
    lesson.finish(Path(options.out), write(net, letters, 60 if options.quick else 600), lambda path: torch.save(net.state_dict(), path))


if __name__ == "__main__":
    main()
