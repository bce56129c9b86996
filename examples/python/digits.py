"""Learns to read handwritten digits, in Python: the same job as examples/c/digits.c, in PyTorch's names.

    .venv/bin/python examples/python/digits.py [--data FILE] [--out DIRECTORY] [--epochs N] [--threads N] [--quick]

Change the first import to `import torch` and it runs there too.
"""
import argparse
import csv
import math
import time
from pathlib import Path

import backprop as torch
from backprop import nn, optim

BATCH = 32
ROOT = Path(__file__).resolve().parents[2]


def read_digits(path):
    """[N, 64] pixels from 0 to 1 and [N] labels."""
    with open(path, newline="") as file:
        rows = [[int(value) for value in row] for row in csv.reader(file)]
    pixels = [[value / 16 for value in row[:64]] for row in rows]
    return torch.tensor(pixels, dtype=torch.float32), torch.tensor([row[64] for row in rows], dtype=torch.int64)


def network():
    """64 → 256 → 10. In training some pixels and hidden values are dropped, so that none is relied upon."""
    return nn.Sequential(nn.Dropout(0.1), nn.Linear(64, 256), nn.ReLU(), nn.Dropout(0.4), nn.Linear(256, 10))


def accuracy(net, x, labels):
    net.eval()
    with torch.no_grad():
        return (net(x).argmax(dim=1) == labels).to(torch.float32).mean().item()


def train_epoch(net, optimizer, x, labels):
    """One walk over the pictures in a new random order. Returns the mean loss."""
    net.train()
    total, order = 0.0, torch.randperm(len(x))
    for start in range(0, len(x), BATCH):
        batch = order[start:start + BATCH]
        loss = nn.functional.cross_entropy(net(x[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(batch)
    return total / len(x)


def write_picture(path, losses, accuracies):
    """Training loss and held-out accuracy over the epochs, as SVG."""
    left, right, top, bottom = 70, 650, 60, 330
    most = math.ceil(max(losses + [0.1]) * 10) / 10
    low = math.floor(min(accuracies + [0.95]) * 20) / 20

    def points(values, low, high):
        step = (right - left) / max(len(values) - 1, 1)
        return " ".join(f"{left + i * step:.1f},{bottom - (bottom - top) * (v - low) / (high - low):.1f}" for i, v in enumerate(values))

    def text(x, y, anchor, colour, words):
        return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" fill="{colour}">{words}</text>'

    lines = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 400" font-family="sans-serif" font-size="13">',
        '<rect width="720" height="400" fill="white"/>',
        text(360, 30, "middle", "#333", "Handwritten digits, a 64-256-10 network"),
    ]
    for i in range(5):
        y = bottom - (bottom - top) * i / 4
        lines.append(f'<line x1="{left}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="#ddd"/>')
        lines.append(text(left - 8, y + 4, "end", "#2563eb", f"{most * i / 4:.2f}"))
        lines.append(text(right + 8, y + 4, "start", "#ea580c", f"{100 * (low + (1 - low) * i / 4):.1f} %"))
    lines += [
        text((left + right) / 2, bottom + 44, "middle", "#333", f"epoch 1 to {len(losses)}"),
        text(left, top - 10, "start", "#2563eb", "training loss (cross-entropy)"),
        text(right, top - 10, "end", "#ea580c", "held-out accuracy"),
    ]
    for colour, values, bounds in (("#2563eb", losses, (0, most)), ("#ea580c", accuracies, (low, 1))):
        lines.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2.5" points="{points(values, *bounds)}"/>')
    Path(path).write_text("\n".join(lines + ["</svg>"]) + "\n", encoding="utf-8")


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--data", default=ROOT / "examples" / "data" / "digits.csv")
    options.add_argument("--out", default=".")
    options.add_argument("--epochs", type=int, default=40)
    options.add_argument("--threads", type=int, default=0)
    options.add_argument("--quick", action="store_true", help="three epochs")
    options = options.parse_args()
    epochs = 3 if options.quick else options.epochs

    torch.manual_seed(7)
    if options.threads:
        torch.set_num_threads(options.threads)
    pixels, labels = read_digits(options.data)
    order, held_out = torch.randperm(len(pixels)), len(pixels) // 5
    test_x, test_y = pixels[order[:held_out]], labels[order[:held_out]]
    train_x, train_y = pixels[order[held_out:]], labels[order[held_out:]]

    net = network()
    optimizer = optim.AdamW(net.parameters(), lr=3e-3)
    losses, accuracies, start = [], [], time.perf_counter()
    for epoch in range(epochs):
        for group in optimizer.param_groups:
            group["lr"] = 3e-3 * 0.5 * (1 + math.cos(math.pi * epoch / epochs))  # a cosine down to zero
        losses.append(train_epoch(net, optimizer, train_x, train_y))
        accuracies.append(accuracy(net, test_x, test_y))
        bar = "#" * (20 * (epoch + 1) // epochs)
        print(f"epoch {epoch + 1:3}  [{bar:.<20}]  loss {losses[-1]:.4f}  held-out accuracy {100 * accuracies[-1]:5.1f} %", flush=True)

    out = Path(options.out)
    torch.save(net.state_dict(), out / "digits.safetensors")
    loaded = network()
    loaded.load_state_dict(torch.load(out / "digits.safetensors"))
    write_picture(out / "digits.svg", losses, accuracies)
    print(f"weights    {out / 'digits.safetensors'}")
    print(f"picture    {out / 'digits.svg'}")
    print(f"time       {time.perf_counter() - start:.2f} s")
    print(f"accuracy   {100 * accuracy(loaded, test_x, test_y):.2f} % of the held-out digits are read correctly")


if __name__ == "__main__":
    main()
