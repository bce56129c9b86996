"""What `import backprop`, the wheel and one operation cost, and what PyTorch's cost where it is installed.

    .venv/bin/python benchmarks/python/import_cost.py [--smoke] [--peer PYTHON] [--cold]

PYTHON: an interpreter that has PyTorch. --cold empties the system's file cache before some imports, which needs root and slows the whole machine.

Minimum of several runs, for anything else on the machine only adds. Operations: one element, one thread; the loop's own cost is taken off.
"""
import os
import subprocess
import sys
import timeit
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SMOKE = "--smoke" in sys.argv
RUNS, LOOPS = (1, 10) if SMOKE else (15, 2_000)
LIMITS = {"import": 15, "memory": 10, "operation": 400, "wheel": 5}  # ms, MB, ns, MB: promised

SETUP = """
import {module} as torch, {module}.nn.functional as F
torch.set_num_threads(1)
a, b, i = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]), torch.tensor([1])
x, w = torch.tensor(1.5), torch.tensor(0.5, requires_grad=True)
acc = torch.zeros(2)
"""
OPERATIONS = ["x + x", "x + w", "x * 2", "w * 2", "2 * x", "x - 1.5", "-x", "a[0]", "a[0:1]", "x.sum()", "a.sum()", "a.sum(0)", "a.mean()", "torch.add(x, x)", "x.add(x)", "torch.exp(x)",
              "F.relu(x)", "F.relu(w)", "torch.relu(x)", "x.relu()", "acc.add_(a)", "acc.mul_(1.0)", "x.item()", "a.shape", "a.reshape(1, 2)", "a.view(2, 1)", "x > 1",
              "a @ b", "x ** 2", "torch.maximum(a, b)", "a.T", "w.detach()"]

MEASURE = """
import sys, timeit
setup, loops, runs = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
space = {}
exec(setup, space)
empty = min(timeit.repeat("pass", globals=space, number=loops, repeat=runs))
for statement in sys.argv[4:]:
    print((min(timeit.repeat(statement, globals=space, number=loops, repeat=runs)) - empty) / loops * 1e9)
"""

MEMORY = """
def resident():
    with open("/proc/self/status") as file:
        return {line.split()[0]: int(line.split()[1]) for line in file if line.startswith(("VmRSS", "RssAnon"))}
before = resident()
import %s
after = resident()
print((after["VmRSS:"] - before["VmRSS:"]) / 1024, (after["RssAnon:"] - before["RssAnon:"]) / 1024)
"""


def python(interpreter, *arguments, **environment):
    return subprocess.run([interpreter, *arguments], check=True, capture_output=True, text=True, env={**os.environ, **environment}, cwd="/").stdout


def started(interpreter, module, runs, before=None, **environment):
    """Milliseconds of the import in a process of its own."""
    code = f"import time; start = time.perf_counter(); import {module}; print((time.perf_counter() - start) * 1e3)"
    times = []
    for _ in range(runs):
        if before:
            before()
        times.append(float(python(interpreter, "-c", code, **environment)))
    return min(times)


def drop_caches():
    os.sync()
    Path("/proc/sys/vm/drop_caches").write_text("3\n")


def importing(interpreter, module):
    """{how: milliseconds of the import alone}"""
    def cost(**options):
        return started(interpreter, module, **options)

    result = {"files in the cache": cost(runs=RUNS)}
    if module == "backprop":
        result["no .pyc files"] = cost(runs=RUNS, PYTHONDONTWRITEBYTECODE="1", PYTHONPYCACHEPREFIX="/nonexistent")
    if "--cold" in sys.argv:
        result["files read from the disk"] = cost(runs=min(RUNS, 3), before=drop_caches)
    return result


def row(what, ours, theirs, unit, limit=None):
    line = f"{what:<44} {ours:9.1f} {unit}"
    if theirs is not None:
        line += f"   PyTorch {theirs:10.1f} {unit}   {ours / theirs:6.3f} of it"
    print(line + ("" if limit is None or ours <= limit else f"   above {limit} {unit}"), flush=True)


def main():
    peer = sys.argv[sys.argv.index("--peer") + 1] if "--peer" in sys.argv else sys.executable
    try:
        python(peer, "-c", "import torch")
    except (subprocess.CalledProcessError, OSError):
        peer = None
    ours, theirs = importing(sys.executable, "backprop"), importing(peer, "torch") if peer else {}
    for how, cost in ours.items():
        row(f"import, {how}", cost, theirs.get(how), "ms", LIMITS["import"] if how != "files read from the disk" else None)
    for index, what in enumerate(("resident after the import", "of which its own, not the files'")):
        mine, other = (min(float(python(p, "-c", MEMORY % m).split()[index]) for _ in range(min(RUNS, 3))) if p else None
                       for p, m in ((sys.executable, "backprop"), (peer, "torch")))
        row(what, mine, other, "MB", LIMITS["memory"])
    for wheel in sorted((ROOT / "dist").glob("backprop-*.whl")):
        row(wheel.name.partition("-cp311")[0] + ", wheel", wheel.stat().st_size / 1e6, None, "MB", LIMITS["wheel"])
    found = [[float(line) for line in python(p, "-c", MEASURE, SETUP.format(module=m), str(LOOPS), str(4 * RUNS), *OPERATIONS).split()] if p else [None] * len(OPERATIONS)
             for p, m in ((sys.executable, "backprop"), (peer, "torch"))]
    for statement, mine, other in zip(OPERATIONS, *found):
        row(statement + ("   (recorded)" if "w" in statement.replace("view", "") else ""), mine, other, "ns", LIMITS["operation"])


if __name__ == "__main__":
    main()
