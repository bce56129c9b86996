"""Learns what clothes look like and draws new ones: a variational autoencoder on Fashion-MNIST (Kingma and Welling 2014).

    .venv/bin/python examples/python/fashion_vae.py [--data FOLDER] [--out DIRECTORY] [--epochs N] [--threads N] [--quick] [--torch]

The encoder turns a picture into a normal distribution over 20 numbers, the decoder a draw from it back into a picture. The loss is what the
picture costs, given the draw, and how far the distribution is from the standard normal one: together a bound on −ln p(picture).
"""
import argparse
import struct
import time
import zlib
from pathlib import Path

from common import WEIGHTS, engine, pictures, write_curves

torch = engine()
nn, optim, F = torch.nn, torch.optim, torch.nn.functional
LATENT, BATCH = 20, 128


class VAE(nn.Module):
    """784 → hidden → μ, ln σ² → z → hidden → 784 scores."""

    def __init__(self, hidden=400):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(784, hidden), nn.ReLU())
        self.mean = nn.Linear(hidden, LATENT)
        self.log_variance = nn.Linear(hidden, LATENT)
        self.decoder = nn.Sequential(nn.Linear(LATENT, hidden), nn.ReLU(), nn.Linear(hidden, 784))

    def forward(self, x):
        h = self.encoder(x)
        mean, log_variance = self.mean(h), self.log_variance(h)
        return self.decoder(mean + torch.exp(0.5 * log_variance) * torch.randn(mean.shape)), mean, log_variance


def bound(net, x):
    """An upper bound on −ln p(x), nats a picture."""
    scores, mean, log_variance = net(x)
    picture = F.binary_cross_entropy_with_logits(scores, x, reduction="sum")
    divergence = -0.5 * (1 + log_variance - mean.square() - log_variance.exp()).sum()
    return (picture + divergence) / len(x)


@torch.no_grad()
def test_bound(net, x):
    return sum(bound(net, x[i:i + 500]).item() * len(x[i:i + 500]) for i in range(0, len(x), 500)) / len(x)


def write_png(path, rows, scale=3, gap=2):
    """Grey pictures in rows and columns as PNG. rows: lists of pictures, each a list of lines of numbers from 0 (black) to 1 (white)."""
    width = len(rows[0]) * (len(rows[0][0][0]) + gap) + gap
    margin = bytes([40])
    lines = [margin * width] * gap
    for row in rows:
        for y in range(len(row[0])):
            lines.append(margin * gap + b"".join(bytes(round(255 * v) for v in picture[y]) + margin * gap for picture in row))
        lines += [margin * width] * gap
    raw = b"".join((b"\0" + b"".join(line[i:i + 1] * scale for i in range(width))) * scale for line in lines)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width * scale, len(lines) * scale, 8, 0, 0, 0, 0)
    Path(path).write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b""))


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--data", help="folder of the idx files")
    options.add_argument("--out", default=".")
    options.add_argument("--epochs", type=int, default=15)
    options.add_argument("--threads", type=int, default=0)
    options.add_argument("--quick", action="store_true", help="four epochs of a smaller network on 6,000 pictures")
    options.add_argument("--torch", action="store_true", help="run on PyTorch")
    options = options.parse_args()
    torch.manual_seed(7)
    if options.threads:
        torch.set_num_threads(options.threads)
    data = pictures(torch, options, 6000)
    train, test = (x.reshape(len(x), 784).to(torch.float32) / 255 for x in (data[0], data[2]))
    net, epochs = (VAE(128), 4) if options.quick else (VAE(), options.epochs)
    optimizer = optim.Adam(net.parameters(), lr=1e-3)

    learnt, tested, start = [], [], time.perf_counter()
    for epoch in range(1, epochs + 1):
        order, total = torch.randperm(len(train)), 0.0
        for i in range(0, len(train), BATCH):
            x = train[order[i:i + BATCH]]
            loss = bound(net, x)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(x)
        learnt.append((epoch, total / len(train)))
        tested.append((epoch, test_bound(net, test)))
        bar = "#" * (20 * epoch // epochs)
        print(f"epoch {epoch:3}  [{bar:.<20}]  bound {learnt[-1][1]:.2f}  test bound {tested[-1][1]:.2f}  {time.perf_counter() - start:.1f} s", flush=True)

    out = Path(options.out)
    with torch.no_grad():
        again, drawn = torch.sigmoid(net(test[:10])[0]), torch.sigmoid(net.decoder(torch.randn(40, LATENT)))
    rows = [test[:10], again, *(drawn[i:i + 10] for i in range(0, 40, 10))]
    write_png(out / "fashion_vae.png", [t.reshape(10, 28, 28).tolist() for t in rows])
    write_curves(out / "fashion_vae.svg", "fashion_vae: bound while learning, and on the test", "epoch", {"bound": learnt, "test bound": tested})
    torch.save(net.state_dict(), out / ("fashion_vae" + WEIGHTS))
    print(f"weights    {out / ('fashion_vae' + WEIGHTS)}\ncurves     {out / 'fashion_vae.svg'}")
    print(f"pictures   {out / 'fashion_vae.png'}: real ones, the same from their 20 numbers, and four rows of new ones")
    print(f"time       {time.perf_counter() - start:.1f} s")
    print(f"test bound {tested[-1][1]:.2f} nats a picture")


if __name__ == "__main__":
    main()
