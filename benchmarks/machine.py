"""This machine, the environment with the peers, and how to call them."""
import datetime
import os
import platform
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OURS = ROOT / ".venv" / "bin" / "python"
PACKAGES = {"torch": ["torch"], "jax": ["jax"], "numpy": ["numpy"], "mkl": ["mkl"]}
EXTRA = ["numpy", "matplotlib", "setuptools"]  # the workloads' data, the plots, torch.compile
TORCH_INDEX = "https://download.pytorch.org/whl/cpu"


def environment():
    """The interpreter with the peers, or None."""
    named = os.environ.get("BENCH_PYTHON")
    path = Path(named) if named else ROOT / ".venv-bench" / "bin" / "python"
    return path if path.exists() else None


def install(names):
    unknown = [name for name in names if name not in PACKAGES]
    if unknown:
        sys.exit(f"PEERS: '{unknown[0]}' is not known; there are {', '.join(PACKAGES)}")
    folder = ROOT / ".venv-bench"
    if not folder.exists():
        subprocess.run([str(OURS), "-m", "venv", str(folder)], check=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for name in names:
        print(f"installing {name} into .venv-bench", flush=True)
        # The build for CPUs is a tenth of the size; where its index cannot be reached, PyPI's has the same CPU code.
        if name == "torch" and subprocess.run([*pip, "torch", "--index-url", TORCH_INDEX], stderr=subprocess.DEVNULL).returncode == 0:
            continue
        subprocess.run([*pip, *PACKAGES[name]], check=True)
    subprocess.run([*pip, *EXTRA], check=True)


def peers(asked):
    """Package → version of what is installed, after installing what was asked for."""
    if asked and not os.environ.get("BENCH_PYTHON"):
        install(asked)
    python = environment()
    if not python:
        print('no peers: make bench PEERS="torch jax numpy mkl" installs them into .venv-bench')
        return {}
    code = "import importlib.metadata as m\nfor n in ('torch', 'jax', 'numpy', 'mkl', 'matplotlib'):\n try: print(n, m.version(n))\n except m.PackageNotFoundError: pass"
    lines = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True).stdout.split("\n")
    found = dict(line.split() for line in lines if line)
    print("peers: " + (", ".join(f"{name} {version}" for name, version in found.items()) or "none"), flush=True)
    return found


def variants(peers):
    """Name → how to start it, for every form of every peer that can run the workloads; ours first."""
    folder = Path(__file__).parent / "python" / "workloads"
    python = environment()
    made = {"backprop": [str(OURS), str(folder / "torch_names.py")]}
    if "torch" in peers:
        made |= {f"torch-{mode}": [str(python), str(folder / "torch_names.py")] for mode in ("eager", "fused", "compile")}
    if "jax" in peers:
        made["jax-jit"] = [str(python), str(folder / "jax_names.py")]
    return {name: [*command, "--peer", name] for name, command in made.items()}


def clean():
    """An environment without settings that would hold a peer back."""
    kept = {key: value for key, value in os.environ.items() if key not in ("OPENBLAS_CORETYPE", "OMP_NUM_THREADS", "BACKPROP_NUM_THREADS", "BACKPROP_ISA")}
    return {"TORCHINDUCTOR_CACHE_DIR": str(ROOT / "build" / "benchmarks" / "inductor"), **kept, "PYTHONDONTWRITEBYTECODE": "1"}


def _first_line(command):
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout.split("\n")[0].strip()
    except OSError:
        return ""


def about(peers):
    processor = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    memory = next(int(line.split()[1]) for line in open("/proc/meminfo") if line.startswith("MemTotal")) / 2**20
    commit = _first_line(["git", "-C", str(ROOT), "log", "-1", "--format=%h"])
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": processor, "processors": len(os.sched_getaffinity(0)), "memory_gb": round(memory, 1), "system": platform.platform(),
        "load": round(os.getloadavg()[0], 2), "commit": commit, "python": platform.python_version(),
        "swift": _first_line(["swift", "--version"]), "cc": _first_line([*os.environ.get("CC", "cc").split(), "--version"]), "peers": peers,
    }
