"""Teaches a saved network another author's hand with few weights: LoRA (Hu and others 2021) on the GPT of shakespeare_gpt.py.

    .venv/bin/python examples/python/lora.py [--weights FILE] [--data FILE] [--out DIRECTORY] [--steps N] [--rank N] [--quick] [--torch]

Each linear layer W becomes W + B·A with B [out, rank] and A [rank, in]; only A and B are trained, and W stays as it was loaded. Without
--weights a network is trained first for a moment. The new text is the old one in capital letters: the network knows its words but
not its letters.
"""
import argparse
import random
import time
from pathlib import Path

import shakespeare_gpt as gpt
from common import ROOT, WEIGHTS, engine, write_curves

torch = engine()
nn, optim, F = torch.nn, torch.optim, torch.nn.functional


class LoRA(nn.Module):
    """A frozen linear layer and a small correction to it, zero at first."""

    def __init__(self, layer, rank, scale=2.0):
        super().__init__()
        self.layer, self.scale = layer, scale
        numbers = random.Random(layer.in_features + layer.out_features)
        bound = layer.in_features**-0.5
        self.A = nn.Parameter(torch.tensor([[numbers.uniform(-bound, bound) for _ in range(layer.in_features)] for _ in range(rank)]))
        self.B = nn.Parameter(torch.zeros(layer.out_features, rank))
        layer.requires_grad_(False)

    def forward(self, x):
        return self.layer(x) + self.scale * F.linear(F.linear(x, self.A), self.B)


def adapt(net, rank):
    """Freezes the network and puts LoRA around its linear layers; what is left to train."""
    net.requires_grad_(False)
    for block in net.blocks:
        for name in ("qkv", "proj", "up", "down"):
            setattr(block, name, LoRA(getattr(block, name), rank))
    net.head = LoRA(net.head, rank)
    return [p for p in net.parameters() if p.requires_grad]


def train(net, parameters, text, steps, lr, words):
    """Trains on random stretches; (step, loss)."""
    optimizer = optim.AdamW(parameters, lr=lr, weight_decay=0.0)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    numbers, losses, mean = random.Random(5), [], None
    for step in range(1, steps + 1):
        starts = [numbers.randrange(len(text) - net.context) for _ in range(gpt.BATCH)]
        loss = gpt.loss_of(net, *gpt.windows(text, starts, net.context))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        mean = loss.item() if mean is None else 0.95 * mean + 0.05 * loss.item()
        if step % max(steps // 8, 1) == 0:
            losses.append((step, mean))
            print(f"{words} {step:5}  [{'#' * (20 * step // steps):.<20}]  loss {mean:.4f}", flush=True)
    return losses


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--weights")
    options.add_argument("--data", default=ROOT / "examples" / "data" / "shakespeare.txt")
    options.add_argument("--out", default=".")
    options.add_argument("--steps", type=int, default=300)
    options.add_argument("--rank", type=int, default=8)
    options.add_argument("--quick", action="store_true", help="forty steps of a smaller network")
    options.add_argument("--torch", action="store_true", help="run on PyTorch")
    options = options.parse_args()
    torch.manual_seed(7)
    letters, text = gpt.read_text(options.data)
    start, out = time.perf_counter(), Path(options.out)
    net = gpt.GPT(len(letters), 32, 2, 2, 32) if options.quick else gpt.GPT(len(letters))
    saved = options.weights
    if not saved:
        saved = out / ("lora_base" + WEIGHTS)
        net.begin(7)
        train(net, list(net.parameters()), text, 40 if options.quick else 500, 2e-3, "from nothing")
        torch.save(net.state_dict(), saved)
    net.load_state_dict(torch.load(saved))
    before = {name: value.clone() for name, value in net.state_dict().items()}

    number = {letter: i for i, letter in enumerate(letters)}
    loud = torch.tensor([number.get(letters[t].upper(), t) for t in text.tolist()], dtype=torch.int64)
    parameters = adapt(net, options.rank)
    cut = len(loud) * 9 // 10
    first = gpt.test_loss(net, loud[cut:], 2 if options.quick else 20)
    losses = train(net, parameters, loud[:cut], 40 if options.quick else options.steps, 5e-3, "adapting")
    last = gpt.test_loss(net, loud[cut:], 2 if options.quick else 20)

    added = {name: value for name, value in net.state_dict().items() if name.endswith((".A", ".B"))}
    torch.save(added, out / ("lora" + WEIGHTS))
    after = net.state_dict()
    same = all((after[name if name in after else ".layer.".join(name.rsplit(".", 1))] == value).all().item() for name, value in before.items())
    write_curves(out / "lora.svg", "lora: loss on the new text", "step", {"loss": losses, "test loss": [(0, first), (losses[-1][0], last)]})
    trained = sum(p.numel() for p in parameters)
    print(f"\n{gpt.write(net, letters, 60 if options.quick else 300)}\n")
    print(f"weights    {out / ('lora' + WEIGHTS)}: {trained:,} beside {sum(v.numel() for v in before.values()):,} that {'stayed as they were' if same else 'CHANGED'}")
    print(f"picture    {out / 'lora.svg'}\ntime       {time.perf_counter() - start:.1f} s")
    print(f"test loss  {first:.4f} before, {last:.4f} after")
    return 0 if same and last < first else 1


if __name__ == "__main__":
    raise SystemExit(main())
