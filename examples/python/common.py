"""What the examples share: the engine they run on, curves as a picture, Fashion-MNIST."""
import csv
import gzip
import importlib
import math
import struct
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COLOURS = ("#2563eb", "#ea580c", "#16a34a", "#9333ea")
FOLDER = "/usr/share/datasets/fashion-mnist"  # where the Debian package dataset-fashion-mnist puts it
WEIGHTS = ".pt" if "--torch" in sys.argv else ".safetensors"


def engine():
    """backprop, or with --torch among the arguments PyTorch: the programs are the same."""
    return importlib.import_module("torch" if "--torch" in sys.argv else "backprop")


def write_curves(path, title, across, curves):
    """Curves over steps as SVG: {name: [(step, value), …]}, each measured on a scale of its own."""
    left, right, top, bottom = 70, 650, 60, 330
    last = max(step for points in curves.values() for step, _ in points) or 1

    def text(x, y, anchor, colour, words):
        return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" fill="{colour}">{words}</text>'

    lines = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 400" font-family="sans-serif" font-size="13">',
             '<rect width="720" height="400" fill="white"/>', text(360, 30, "middle", "#333", title),
             text((left + right) / 2, bottom + 24, "middle", "#333", f"{across}, to {last}")]
    values = [v for points in curves.values() for _, v in points if math.isfinite(v)]
    low, high = min(values), max(values)
    low, high = (low, high) if high > low else (low - 1, high + 1)
    for i in range(5):
        y = bottom - (bottom - top) * i / 4
        lines.append(f'<line x1="{left}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="#ddd"/>')
        lines.append(text(left - 8, y + 4, "end", "#333", f"{low + (high - low) * i / 4:.3g}"))
    for i, (name, points) in enumerate(curves.items()):
        colour = COLOURS[i % len(COLOURS)]
        path_ = " ".join(f"{left + (right - left) * step / last:.1f},{bottom - (bottom - top) * (v - low) / (high - low):.1f}" for step, v in points)
        lines.append(text(left + 180 * i, bottom + 50, "start", colour, name))
        lines.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2.5" points="{path_}"/>')
    Path(path).write_text("\n".join(lines + ["</svg>"]) + "\n", encoding="utf-8")


# Letters -------------------------------------------------------------------------------------------------------------


class Lesson:
    """A run over letters: the loss, smoothed, and now and then that of the test, as lines to read and as curves."""

    def __init__(self, name, steps, every):
        self.name, self.steps, self.every = name, steps, every
        self.learnt, self.tested, self.mean, self.start = [], [], None, time.perf_counter()

    def note(self, step, loss, test_loss):
        """test_loss is called when it is time for it."""
        self.mean = loss if self.mean is None else 0.95 * self.mean + 0.05 * loss
        if step % self.every and step < self.steps:
            return
        self.learnt.append((step, self.mean))
        self.tested.append((step, test_loss()))
        bar = "#" * (20 * step // self.steps)
        print(f"step {step:5}  [{bar:.<20}]  loss {self.mean:.4f}  test loss {self.tested[-1][1]:.4f}  {time.perf_counter() - self.start:.1f} s", flush=True)

    def finish(self, out, sample, save):
        """Weights, picture and sample as files; the last lines."""
        weights, picture = out / (self.name + WEIGHTS), out / (self.name + ".svg")
        save(weights)
        write_curves(picture, f"{self.name}: loss while learning, and on the test", "step", {"loss": self.learnt, "test loss": self.tested})
        (out / (self.name + ".txt")).write_text(sample + "\n", encoding="utf-8")
        print(f"\n{sample}\n\nweights    {weights}\npicture    {picture}\ntime       {time.perf_counter() - self.start:.1f} s")
        print(f"test loss  {self.tested[-1][1]:.4f} ({self.tested[-1][1] / math.log(2):.3f} bits a letter)")


# Fashion-MNIST -------------------------------------------------------------------------------------------------------


def find_fashion(folder=None):
    """The folder that holds the idx files, or None."""
    place = Path(folder or FOLDER)
    return place if any((place / f"train-images-idx3-ubyte{end}").exists() for end in ("", ".gz")) else None


def read_idx(folder, name):
    """The bytes and sizes of an idx file of unsigned bytes, packed or not."""
    path = Path(folder) / name
    if path.exists():
        data = path.read_bytes()
    else:
        with gzip.open(str(path) + ".gz") as file:
            data = file.read()
    if data[:3] != b"\0\0\x08":
        raise SystemExit(f"{path}: not an idx file of unsigned bytes")
    sizes = struct.unpack(f">{data[3]}I", data[4:4 + 4 * data[3]])
    if len(data) != 4 + 4 * data[3] + math.prod(sizes):
        raise SystemExit(f"{path}: the file ends early")
    return bytearray(data[4 + 4 * data[3]:]), sizes


def fashion(torch, folder):
    """(train x, train y, test x, test y): bytes [N, 1, 28, 28] and labels 0 … 9."""
    found = []
    for part in ("train", "t10k"):
        pixels, sizes = read_idx(folder, f"{part}-images-idx3-ubyte")
        labels, _ = read_idx(folder, f"{part}-labels-idx1-ubyte")
        found += [torch.frombuffer(pixels, dtype=torch.uint8).reshape(sizes[0], 1, sizes[1], sizes[2]),
                  torch.frombuffer(labels, dtype=torch.uint8).to(torch.int64)]
    return tuple(found)


def digits(torch):
    """The bundled digits in Fashion-MNIST's clothes: each pixel becomes a square of 3 × 3, with a margin of two."""
    with open(ROOT / "examples" / "data" / "digits.csv", newline="") as file:
        rows = [[int(value) for value in row] for row in csv.reader(file)]
    wide = [[0] * 2 + [min(255, 16 * v) for v in row[8 * i:8 * i + 8] for _ in range(3)] + [0] * 2 for row in rows for i in range(8)]
    blank = [[0] * 28] * 2
    large = torch.tensor([blank + [line for line in wide[8 * n:8 * n + 8] for _ in range(3)] + blank for n in range(len(rows))]).unsqueeze(1)
    x, y = large.to(torch.uint8), torch.tensor([row[64] for row in rows], dtype=torch.int64)
    held_out = len(rows) // 5
    return x[held_out:], y[held_out:], x[:held_out], y[:held_out]


def pictures(torch, options, part):
    """Fashion-MNIST from --data or where the Debian package puts it, with --quick a part; without it the bundled digits."""
    folder = find_fashion(options.data)
    if folder is not None:
        name, data = "Fashion-MNIST", fashion(torch, folder)
    elif options.quick and not options.data:
        name, data = "the bundled digits", digits(torch)
    else:
        raise SystemExit("no idx files found: apt-get install dataset-fashion-mnist, or --data FOLDER (see examples/data/SOURCE.md)")
    if options.quick:
        data = (data[0][:part], data[1][:part], data[2][:300], data[3][:300])
    print(f"{name}: {len(data[0])} pictures to learn from, {len(data[2])} to be tested with", flush=True)
    return data
