#!/usr/bin/env python3
"""No instruction set leaks into code that runs on processors without it.

The kernels are compiled once per instruction set. A weak function without a module in its name is in all of them, and the linker keeps the first
copy for everybody, which may be the AVX-512 one. Hence three rules, read off the object files and the linked library before it is stripped:
 - objects: nothing outside the V3 and V4 kernels needs more than the baseline;
 - objects: a weak function inside those that needs more bears its module's name. Embedded Swift's run-time part (swift_release, …), which the compiler
   puts into each module, is left to the third rule;
 - library: of those run-time functions the linker kept the baseline's copy.
"""
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRATCH = ROOT / ".build-dist" / "release"
LIBRARY = SCRATCH / "libbackprop.so"
RUNTIME = re.compile(r"_?swift_\w+$")
BMI = re.compile(r"(shlx|shrx|sarx|andn|mulx|rorx|bextr|blsi|blsr|blsmsk|bzhi|lzcnt|tzcnt|pdep|pext|movbe)\b")

problems = []
merged = set()  # names of which the linker keeps one copy


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


def weak_functions(path):
    text = subprocess.run(["nm", "--defined-only", str(path)], capture_output=True, text=True, check=True).stdout
    return {line.split()[-1] for line in text.splitlines() if line.split()[-2] in "Ww"}


def check(path, module, allowed):
    anywhere, seen = {name for name in weak_functions(path) if module not in name}, set()
    merged.update(anywhere)
    if allowed:
        anywhere = {name for name in anywhere if not RUNTIME.match(name)}
    for name, instruction in functions(path):
        needs = level(instruction)
        if not needs or (name, needs) in seen or (needs in allowed and name not in anywhere):
            continue
        seen.add((name, needs))
        why = "is weak, without a module in its name, and" if name in anywhere else ""
        problems.append(f"{path.parent.name}/{path.name}: {name[:90]} {why} needs {needs}: {instruction}")


allowed = {"KernelsV3": {"AVX", "BMI"}, "KernelsV4": {"AVX", "BMI", "AVX-512"}}
objects = 0
for folder in sorted(SCRATCH.glob("*.build")):
    module = folder.name.removesuffix(".build")
    for path in sorted(folder.rglob("*.o")):
        objects += 1
        check(path, module, allowed.get(module, set()))
if LIBRARY.exists():
    linked = {}
    for name, instruction in functions(LIBRARY):
        if name in merged and level(instruction):
            linked.setdefault(name, instruction)
    problems += [f"{LIBRARY.name}: {name[:90]} needs {level(instruction)}: {instruction}" for name, instruction in linked.items()]
if objects == 0:
    problems.append(f"no object files in {SCRATCH.relative_to(ROOT)}: run `make` first")

for sentence in problems[:40]:
    print(f"    # {sentence}")
print(f"{'no instruction set leaks':<44} {objects} object files, {len(problems)} problems")
sys.exit(bool(problems))
