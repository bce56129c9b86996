"""The measurements that are programs of their own: C, Swift, and what Python adds. Each returns the rows its programs print."""
import json
import os
import subprocess
import sys
from pathlib import Path

import machine

ROOT, HERE = machine.ROOT, Path(__file__).parent
BUILT = ROOT / "build" / "benchmarks"
FLAGS = "-std=c99 -D_GNU_SOURCE -O2 -Wall -Wextra -Wpedantic -Werror -Iinclude".split()
LINK = ["-Lbuild/lib", "-lbackprop", "-ldl", "-lm", f"-Wl,-rpath,{ROOT / 'build' / 'lib'}"]
OPENBLAS_NAME = {"x86-64-v4": "SkylakeX", "x86-64-v3": "Haswell"}  # kernels for each of our instruction sets


def build(name):
    BUILT.mkdir(parents=True, exist_ok=True)
    # load.c takes every function from dlsym: linked to the library, it would find it loaded already.
    link = ["-ldl"] if name in ("load", "limits") else LINK
    contract = ["-ffp-contract=fast"] if name == "limits" else []
    command = [*os.environ.get("CC", "cc").split(), *FLAGS, *contract, f"benchmarks/c/{name}.c", "-o", str(BUILT / name), *link]
    subprocess.run(command, check=True, cwd=ROOT)
    return str(BUILT / name)


def run(command, environment=None, pin=True, cwd=ROOT):
    """The lines it prints; it fails with the command. One thread is one processor."""
    processor = max(os.sched_getaffinity(0))
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, env={**machine.clean(), **(environment or {})},
                          preexec_fn=(lambda: os.sched_setaffinity(0, {processor})) if pin else None)
    if done.returncode:
        sys.exit(f"{command[0]} ended with {done.returncode}: {done.stderr.strip()}")
    if done.stderr.strip():
        print(done.stderr.strip(), file=sys.stderr)
    return done.stdout.strip().split("\n")


def json_rows(command, environment=None, pin=True):
    rows = [json.loads(line) for line in run(command, environment, pin)]
    for row in rows:
        name = next(row[key] for key in ("limit", "product", "kernel") if key in row)
        about = [f"{key} {row[key]}" for key in ("type", "threads", "vectors") if key in row]
        about += [f"{row['elements']} elements"] if "elements" in row else [f"{row['bytes'] / 1024:.0f} KB"] if "bytes" in row else []
        others = [f"{key} {row[key]:.1f} ({row['ratio_' + key]:.2f})" for key in row if "ratio_" + key in row]
        print(f"{name + ', ' + ', '.join(about):<58} {row.get('value', row.get('backprop')):10.1f} {row['unit']}  {' '.join(others)}", flush=True)
    return rows


def table_rows(command, pin=True):
    """Lines of 58 characters of text, a number, a unit."""
    rows = []
    for line in run(command, pin=pin):
        print(line, flush=True)
        words = line[58:].split()
        if len(words) == 2:
            rows.append({"what": line[:58].strip(), "value": float(words[0]), "unit": words[1]})
    return rows


def limits(peers=None, *more):
    """What the processor can do at most."""
    return json_rows([build("limits"), *more])


def overhead(peers=None, *more):
    """What stands around the arithmetic, from C, Python and Swift."""
    rows = table_rows([build("overhead"), *more])
    rows += table_rows([build("load"), str(ROOT / "build" / "lib" / "libbackprop.so.0")])
    rows += table_rows([str(machine.OURS), str(HERE / "python" / "overhead.py"), *more])
    return rows if more else rows + swift()


def swift():
    """The Swift interface's own figures; building it takes minutes the first time."""
    package = ["--package-path", str(HERE / "swift"), "--scratch-path", str(ROOT / ".build" / "benchmarks")]
    environment = {key: value for key, value in os.environ.items() if key != "CC"}  # SwiftPM would take it for its own C targets
    built = subprocess.run([os.environ.get("SWIFT", "swift"), "build", "-c", "release", *package], capture_output=True, text=True, env=environment)
    if built.returncode:
        print("Swift: left out, its benchmark does not build:\n" + (built.stdout + built.stderr)[-2000:])
        return []
    return table_rows([str(ROOT / ".build" / "benchmarks" / "release" / "overhead")])


def blas(peers):
    """name=path of the libraries that are installed, and the variables that give them one thread and our instruction set."""
    python, found = machine.environment(), []
    if python and "numpy" in peers:
        where = subprocess.run([str(python), "-c", "import numpy; print(numpy.__path__[0])"], capture_output=True, text=True).stdout.strip()
        found += [f"openblas={path}" for path in Path(where).parent.glob("numpy.libs/*openblas*")]
    if python and "mkl" in peers:
        found += [f"mkl={path}" for path in sorted((python.parent.parent / "lib").glob("libmkl_rt.so*"))[:1]]
    return found


def products(peers=None, *more):
    """Matrix products, ours beside OpenBLAS and MKL, one thread; then ours on two."""
    program, libraries = build("products"), blas(peers or {})
    isa = run([str(machine.OURS), "-c", "import backprop, ctypes, pathlib\n"
               "f = ctypes.CDLL(str(pathlib.Path(backprop.__file__).parent / 'libbackprop.so.0')).bp_instruction_set\n"
               "f.restype = ctypes.c_char_p\nprint(f().decode())"])[0]
    variables = {"OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "MKL_THREADING_LAYER": "SEQUENTIAL"}
    if isa in OPENBLAS_NAME:
        variables["OPENBLAS_CORETYPE"] = OPENBLAS_NAME[isa]
    rows = json_rows([program, *more, *libraries], variables)
    if len(os.sched_getaffinity(0)) > 1:
        rows += json_rows([program, *more, "--threads", "2"], pin=False)
    return rows


def kernels(peers=None, *more):
    """Element-wise, row and summing operations."""
    return json_rows([build("kernels"), *more])


def everything(smoke):
    for section in (limits, overhead, products, kernels):
        section({}, *(["--smoke"] if smoke else []))
