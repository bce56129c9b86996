#!/usr/bin/env python3
"""No instruction set leaks into code that runs on processors without it.

The kernels are compiled once per instruction set. A specialisation of a standard-library generic in one of them is a weak symbol without a
module in its name: the linker keeps the first copy, which may be the AVX-512 one, for everybody. Hence two rules, read off the object files:
nothing outside the V3 and V4 kernels uses VEX or EVEX encodings;  every weak function of a kernel object bears its module's name.
"""
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRATCH = ROOT / ".build-dist" / "release"
BMI = re.compile(r"(shlx|shrx|sarx|andn|mulx|rorx|bextr|blsi|blsr|blsmsk|bzhi|lzcnt|tzcnt|pdep|pext|movbe)\b")

problems = []


def functions(path):
    """Name and instructions of every function."""
    text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", str(path)], capture_output=True, text=True, check=True).stdout
    name = None
    for line in text.splitlines():
        head = re.match(r"[0-9a-f]+ <(.*)>:", line)
        if head:
            name = head[1]
        elif name and "\t" in line:
            yield name, line.split("\t", 1)[1].strip()


def level(instruction):
    """What an instruction needs: "" for the baseline."""
    if "%zmm" in instruction or re.search(r"%k[0-7]|\{1to|%[xy]mm(1[6-9]|2\d|3[01])", instruction):
        return "AVX-512"
    if "%ymm" in instruction or (instruction.startswith("v") and "%xmm" in instruction):
        return "AVX"
    if BMI.match(instruction) and not instruction.startswith("tzcnt"):  # tzcnt decodes as bsf on older processors
        return "BMI"
    return ""


def report(path, allowed):
    seen = {}
    for name, instruction in functions(path):
        needs = level(instruction)
        if needs and needs not in allowed:
            seen.setdefault((name, needs), instruction)
    for (name, needs), instruction in list(seen.items())[:10]:
        problems.append(f"{path.parent.name}/{path.name}: {name[:90]} needs {needs}: {instruction}")


def weak(path, module):
    text = subprocess.run(["nm", "--defined-only", str(path)], capture_output=True, text=True, check=True).stdout
    for line in text.splitlines():
        kind, name = line.split()[-2:]
        if kind in "Ww" and module not in name:
            problems.append(f"{path.parent.name}/{path.name}: weak function {name[:90]} does not bear the name {module}")


allowed = {"KernelsV3": {"AVX", "BMI"}, "KernelsV4": {"AVX", "BMI", "AVX-512"}}
objects = 0
for folder in sorted(SCRATCH.glob("*.build")):
    module = folder.name.removesuffix(".build")
    for path in sorted(folder.rglob("*.o")):
        objects += 1
        report(path, allowed.get(module, set()))
        if module.startswith("Kernels"):
            weak(path, module)
if objects == 0:
    problems.append(f"no object files in {SCRATCH.relative_to(ROOT)}: run `make` first")

for sentence in problems:
    print(f"    # {sentence}")
print(f"{'no instruction set leaks':<44} {objects} object files, {len(problems)} problems")
sys.exit(bool(problems))
