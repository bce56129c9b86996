"""Matrix products of backprop and of NumPy's OpenBLAS side by side: one thread, alternating, medians of the same run.

    .venv/bin/python benchmarks/python/matmul.py [--smoke]
"""
import os
import statistics
import sys
import time

for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ[name] = "1"

import backprop as torch  # noqa: E402  (after the thread count was fixed)

try:
    import numpy as np
except ImportError:
    sys.exit("matmul.py compares with NumPy: pip install numpy")

SMOKE = "--smoke" in sys.argv
RUNS = 3 if SMOKE else 25
SHAPES = [(64, 64, 64)] if SMOKE else [(64, 64, 64), (128, 128, 128), (256, 256, 256), (512, 512, 512), (1024, 1024, 1024), (64, 784, 256)]


def seconds(work, repeats):
    start = time.perf_counter()
    for _ in range(repeats):
        work()
    return (time.perf_counter() - start) / repeats


def main():
    torch.set_num_threads(1)
    print(f"{'matrix product M x K x N, float32, one thread':<42} {'backprop':>10} {'NumPy':>10} {'ratio':>7}")
    for m, k, n in SHAPES:
        a, b = torch.randn(m, k), torch.randn(k, n)
        a_np = np.array(a.tolist(), dtype=np.float32)
        b_np = np.array(b.tolist(), dtype=np.float32)
        worst = np.abs(np.array((a @ b).tolist()) - a_np.astype(np.float64) @ b_np).max()
        assert worst < 1e-5 * k, f"the product of {m} x {k} x {n} is off by {worst}"
        repeats = max(1, int(2e8 / (2 * m * k * n)))
        ours, theirs = [], []
        with torch.no_grad():
            for _ in range(RUNS):
                ours.append(seconds(lambda: a @ b, repeats))
                theirs.append(seconds(lambda: a_np @ b_np, repeats))
        ours, theirs = (2e-9 * m * k * n / statistics.median(t) for t in (ours, theirs))
        print(f"{f'{m} x {k} x {n}':<42} {ours:8.1f} GF {theirs:8.1f} GF {ours / theirs:7.2f}")


main()
