"""Matrix products of backprop and of NumPy's OpenBLAS side by side: one thread, alternating, medians of the same run.

    .venv/bin/python benchmarks/python/matmul.py [--smoke]

OpenBLAS is set to the instruction set that backprop uses, and the table names the kernels both sides ran: an OPENBLAS_CORETYPE in the environment
can hold it to AVX2 on a processor with AVX-512, which doubles the ratio and says nothing about either program.
"""
import ctypes
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

SMOKE = "--smoke" in sys.argv
RUNS = 3 if SMOKE else 25
SHAPES = [(64, 64, 64)] if SMOKE else [(64, 64, 64), (128, 128, 128), (256, 256, 256), (512, 512, 512), (1024, 1024, 1024), (64, 784, 256)]
ONE_THREAD = {name: "1" for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")}
OPENBLAS_NAME = {"x86-64-v4": "SkylakeX", "x86-64-v3": "Haswell"}  # kernels for each of our instruction sets


def instruction_set():
    """What backprop's kernels run with."""
    import backprop
    library = ctypes.CDLL(str(Path(backprop.__file__).parent / "libbackprop.so.0"))
    library.bp_instruction_set.restype = ctypes.c_char_p
    return library.bp_instruction_set().decode()


def openblas_kernels(np):
    """The name OpenBLAS gives to the kernels it chose, or "unknown"."""
    for path in (Path(np.__file__).parent.parent / "numpy.libs").glob("*openblas*"):
        library = ctypes.CDLL(str(path))
        for name in ("scipy_openblas_get_corename64_", "scipy_openblas_get_corename", "openblas_get_corename64_", "openblas_get_corename"):
            if hasattr(library, name):
                getattr(library, name).restype = ctypes.c_char_p
                return getattr(library, name)().decode()
    return "unknown"


def seconds(work, repeats):
    start = time.perf_counter()
    for _ in range(repeats):
        work()
    return (time.perf_counter() - start) / repeats


def table():
    """Measures in this process, whose OpenBLAS has chosen its kernels already."""
    import backprop as torch
    import numpy as np
    torch.set_num_threads(1)
    print(f"{'M x K x N, float32, 1 thread':<30} {'backprop ' + instruction_set():>20} {'NumPy ' + openblas_kernels(np):>20} {'ratio':>7}")
    for m, k, n in SHAPES:
        a, b = torch.randn(m, k), torch.randn(k, n)
        a_np = np.array(a.tolist(), dtype=np.float32)
        b_np = np.array(b.tolist(), dtype=np.float32)
        worst = np.abs(np.array((a @ b).tolist()) - a_np.astype(np.float64) @ b_np).max()
        if not worst < 1e-5 * k:
            sys.exit(f"the product of {m} x {k} x {n} is off by {worst}")
        repeats = max(1, int(2e8 / (2 * m * k * n)))
        ours, theirs = [], []
        with torch.no_grad():
            for _ in range(RUNS):
                ours.append(seconds(lambda: a @ b, repeats))
                theirs.append(seconds(lambda: a_np @ b_np, repeats))
        ours, theirs = (2e-9 * m * k * n / statistics.median(t) for t in (ours, theirs))
        print(f"{f'{m} x {k} x {n}':<30} {ours:17.1f} GF {theirs:17.1f} GF {ours / theirs:7.2f}")


def main():
    if "--table" in sys.argv:
        return table()
    try:
        import numpy  # noqa: F401
    except ImportError:
        sys.exit("matmul.py compares with NumPy: pip install numpy")
    # OpenBLAS reads its variables once, when it is loaded: hence a process of its own.
    environment = {key: value for key, value in os.environ.items() if key != "OPENBLAS_CORETYPE"} | ONE_THREAD
    same = OPENBLAS_NAME.get(instruction_set())
    if same:
        environment["OPENBLAS_CORETYPE"] = same
    else:
        print(f"no OpenBLAS kernels are known to match {instruction_set()}: the ratio compares instruction sets, too")
    return subprocess.run([sys.executable, __file__, *sys.argv[1:], "--table"], env=environment).returncode


sys.exit(main())
