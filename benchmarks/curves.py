"""How time grows with size, ours beside the peers: matrix 32 … 2048, batch 1 … 1024, sequence 32 … 1024, depth 1 … 1000. One thread.

Eager PyTorch and jitted JAX stand for the peers: torch.compile would spend the time on compiling.
"""
import json
import statistics
import subprocess
import time
from pathlib import Path

import compare
import machine

PEERS = ("backprop", "torch-eager", "jax-jit")
FAMILIES = {  # workload, sizes, the axis, what a peer is left out of
    "matrix": ("matmul", (32, 64, 128, 256, 512, 1024, 2048), "N of an N × N product and its gradients"),
    "batch": ("mlp", (1, 4, 16, 64, 256, 1024), "batch of the 784-256-128-10 network"),
    "sequence": ("seq", (32, 64, 128, 256, 512, 1024), "context of the 4-layer GPT, batch 1"),
    "depth": ("deep", (1, 3, 10, 30, 100, 300, 1000), "layers of 64 × 64 with ReLU, batch 32"),
}
ROUNDS, SECONDS = 3, 0.12


def measure(peers):
    variants = {name: command for name, command in machine.variants(peers).items() if name in PEERS}
    todo, rows, start = [(family, size) for family, (_, sizes, _) in FAMILIES.items() for size in sizes], [], time.monotonic()
    for done, (family, size) in enumerate(todo):
        workload = f"{FAMILIES[family][0]}{size}"
        commands = {name: [*command, "--workload", workload, "--threads", "1", "--loss-steps", "3"] for name, command in variants.items()}
        found, failed = compare.together(commands, ROUNDS, SECONDS, parts=False)
        rows.append({"family": family, "size": size, "ms": {name: statistics.median(made["rounds"]) for name, made in found.items()},
                     "loss": {name: made["loss"] for name, made in found.items()}, "failed": failed})
        left = (time.monotonic() - start) / (done + 1) * (len(todo) - done - 1)
        print(f"[{done + 1}/{len(todo)}] {workload}, ms: {rows[-1]['ms']} {failed or ''}  ({left / 60:.0f} min left)", flush=True)
    return rows


def plot(found, folder, suffix, peers):
    """One SVG of four log-log panels, drawn by the environment with the peers, which has matplotlib."""
    if "matplotlib" not in peers:
        print("no plot: matplotlib is not there (make bench PEERS=… installs it)")
        return
    found = {"rows": found["curves"], "axes": {family: text for family, (_, _, text) in FAMILIES.items()},
             "about": f"{found['about']['date'][:10]}, {found['about']['processor']}, one thread"}
    target = folder / f"curves{suffix}.svg"
    subprocess.run([str(machine.environment()), str(Path(__file__).parent / "python" / "plot_curves.py"), str(target)], input=json.dumps(found), text=True, check=True)
    print(f"benchmarks/results/{target.name}")
