"""Learns to name clothes, in Python: a network like LeNet on Fashion-MNIST, the same job as examples/c/fashion_cnn.c.

    .venv/bin/python examples/python/fashion_cnn.py [--data FOLDER] [--out DIRECTORY] [--epochs N] [--threads N] [--quick] [--torch]

Two convolutions with pooling and two layers, AdamW under a one-cycle schedule; more than 90 % of the test pictures are named rightly.
"""
import argparse
import time
from pathlib import Path

from common import WEIGHTS, engine, pictures, write_curves

torch = engine()
nn, optim, F = torch.nn, torch.optim, torch.nn.functional
BATCH = 64


def network():
    """28 × 28 → 24 channels of 12 × 12 → 48 of 4 × 4 → 128 → 10."""
    return nn.Sequential(nn.Conv2d(1, 24, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(24, 48, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                         nn.Linear(48 * 4 * 4, 128), nn.ReLU(), nn.Dropout(0.3), nn.Linear(128, 10))


def batch_of(x, index):
    """Pixels from −1 to 1."""
    return x[index].to(torch.float32) / 127.5 - 1


@torch.no_grad()
def accuracy(net, x, y):
    net.eval()
    right = sum((net(batch_of(x, slice(i, i + 500))).argmax(1) == y[i:i + 500]).sum().item() for i in range(0, len(x), 500))
    return right / len(x)


def train(net, data, epochs, most):
    """Trains and prints its progress; (step, loss) of every hundredth step and (step, accuracy) of every epoch."""
    x, y, test_x, test_y = data
    steps = epochs * ((len(x) + BATCH - 1) // BATCH)
    optimizer = optim.AdamW(net.parameters(), lr=most, weight_decay=0.02)
    schedule = optim.lr_scheduler.OneCycleLR(optimizer, most, total_steps=steps)
    losses, accuracies, step, mean = [], [], 0, None
    for epoch in range(epochs):
        net.train()
        order, start = torch.randperm(len(x)), time.perf_counter()
        for i in range(0, len(x), BATCH):
            index = order[i:i + BATCH]
            loss = F.cross_entropy(net(batch_of(x, index)), y[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
            if step < steps:
                schedule.step()
            mean = loss.item() if mean is None else 0.98 * mean + 0.02 * loss.item()
            if step % 20 == 0 or step == steps:
                losses.append((step, mean))
        accuracies.append((step, accuracy(net, test_x, test_y)))
        bar = "#" * (20 * (epoch + 1) // epochs)
        print(f"epoch {epoch + 1:3}  [{bar:.<20}]  loss {mean:.4f}  test accuracy {100 * accuracies[-1][1]:5.2f} %  "
              f"{time.perf_counter() - start:.1f} s", flush=True)
    return losses, accuracies


def main(name="fashion_cnn", network=network, epochs=8, most=3e-3, part=1280):
    options = argparse.ArgumentParser()
    options.add_argument("--data")
    options.add_argument("--out", default=".")
    options.add_argument("--epochs", type=int, default=epochs)
    options.add_argument("--threads", type=int, default=0)
    options.add_argument("--quick", action="store_true", help="two epochs on a part")
    options.add_argument("--torch", action="store_true", help="run on PyTorch")
    options = options.parse_args()
    torch.manual_seed(7)
    if options.threads:
        torch.set_num_threads(options.threads)
    data = pictures(torch, options, part)
    start, net = time.perf_counter(), network()
    losses, accuracies = train(net, data, 2 if options.quick else options.epochs, most)
    out = Path(options.out)
    write_curves(out / f"{name}.svg", f"{name}: training loss and test accuracy", "step", {"loss": losses, "accuracy": accuracies})
    torch.save(net.state_dict(), out / (name + WEIGHTS))
    print(f"weights    {out / (name + WEIGHTS)}\npicture    {out / (name + '.svg')}")
    print(f"time       {time.perf_counter() - start:.1f} s")
    print(f"accuracy   {100 * accuracies[-1][1]:.2f} % of the test pictures are named rightly")


if __name__ == "__main__":
    main()
