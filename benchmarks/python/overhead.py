"""What an operation and the import cost from Python.

    .venv/bin/python benchmarks/python/overhead.py [--smoke]
"""
import statistics
import subprocess
import sys
import time

import backprop as torch

RUNS = 7
COUNT = 10 if "--smoke" in sys.argv else 2000


def row(what, value, unit):
    print(f"{what:<58} {value:10.1f} {unit}")


def per_operation(work):
    """Median nanoseconds per operation of work(COUNT)."""
    times = []
    for _ in range(RUNS):
        start = time.perf_counter_ns()
        work(COUNT)
        times.append((time.perf_counter_ns() - start) / COUNT)
    return statistics.median(times)


def chain(x, c, count):
    for _ in range(count):
        x = x + c
    return x


def import_milliseconds(module):
    """Start of an interpreter that imports the module, less one that does not."""
    def start(code):
        times = []
        for _ in range(RUNS):
            begin = time.perf_counter()
            subprocess.run([sys.executable, "-I", "-c", code], check=True)
            times.append((time.perf_counter() - begin) * 1e3)
        return statistics.median(times)
    return start(f"import {module}") - start("pass")


def main():
    torch.set_num_threads(1)
    x, c = torch.tensor(0.0, requires_grad=True), torch.tensor(1.0)

    def unrecorded(count):
        with torch.no_grad():
            chain(x, c, count)

    row("Python: one-element add, nothing recorded", per_operation(unrecorded), "ns")
    row("Python: one-element add, recorded", per_operation(lambda n: chain(x, c, n)), "ns")
    row("Python: one-element add, recorded and walked back", per_operation(lambda n: chain(x, c, n).backward()), "ns")
    row("Python: import backprop", import_milliseconds("backprop"), "ms")
    try:
        row("Python: import numpy, to compare", import_milliseconds("numpy"), "ms")
    except subprocess.CalledProcessError:
        print("Python: NumPy is not installed, nothing to compare with")


main()
