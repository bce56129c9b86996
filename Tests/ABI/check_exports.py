#!/usr/bin/env python3
"""The library's face is the header's: the same functions, nothing else, and no more baggage than promised.

Compares include/backprop.h with the dynamic symbols of build/lib/libbackprop.so, looks at its name, version node, needed libraries,
size and constructors, and asks the table of operations for a function per name.
"""
import ctypes
import os
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
LIBRARY = ROOT / "build" / "lib" / "libbackprop.so.0"
UNSTRIPPED = ROOT / ".build-dist" / "release" / "libbackprop.so"
LARGEST = 3 << 20  # less than a hundredth of PyTorch's for the CPU
TOOLCHAIN = {"frame_dummy", "__do_global_dtors_aux"}
NEEDED = {"libc.so.6", "libm.so.6"}
# What newer glibc versions would add here, a user of an older one could not load.
OLDEST_GLIBC = (2, 17)

problems = []


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def expect(condition, sentence):
    if not condition:
        problems.append(sentence)


def declared():
    """Functions of the header, as the compiler sees it: macros expanded, comments gone."""
    cc = os.environ.get("CC", "cc").split()
    text = run(*cc, "-E", "-P", str(ROOT / "include" / "backprop.h"))
    return set(re.findall(r"\b(bp_\w+)\s*\((?!\*)[^()]*(?:\([^()]*\)[^()]*)*\)\s*;", text)) - set(re.findall(r"\(\*\s*(bp_\w+)\)", text))


def symbols():
    defined = {}
    for line in run("nm", "-D", "--defined-only", str(LIBRARY)).splitlines():
        name = line.split()[-1]
        kind = line.split()[-2]
        if kind.isupper() or kind in "iuvw":  # small letters are local, which the linker lists as well
            defined[name.split("@")[0]] = (kind, name)
    return defined


def check_symbols(functions):
    exported = symbols()
    nodes = {name for name, (kind, _) in exported.items() if kind == "A"}
    code = {name for name, (kind, _) in exported.items() if kind != "A"}
    for name in sorted(functions - code):
        problems.append(f"{name} is declared but not exported")
    for name in sorted(code - functions):
        problems.append(f"{name} is exported but not declared")
    expect(nodes == {"BACKPROP_1"}, f"version nodes {sorted(nodes)}, expected BACKPROP_1")
    for name, (kind, full) in exported.items():
        expect(kind == "A" or "@@BACKPROP_1" in full, f"{full} is not of version BACKPROP_1")


def check_dynamic_section():
    text = run("readelf", "-dW", str(LIBRARY))
    soname = re.findall(r"\(SONAME\).*\[(.*)\]", text)
    needed = {name for name in re.findall(r"\(NEEDED\).*\[(.*)\]", text) if not name.startswith("ld-linux")}
    expect(soname == ["libbackprop.so.0"], f"SONAME {soname}")
    expect(needed <= NEEDED, f"needs {sorted(needed - NEEDED)} beside libc and libm")
    for tag in ("RPATH", "RUNPATH", "TEXTREL"):
        expect(tag not in text, f"has {tag}")
    versions = {tuple(map(int, v.split("."))) for v in re.findall(r"GLIBC_(\d+\.\d+)", run("readelf", "-VW", str(LIBRARY)))}
    newest = max(versions, default=(0, 0))
    expect(newest <= OLDEST_GLIBC, f"needs glibc {newest[0]}.{newest[1]}")
    expect(LIBRARY.resolve().stat().st_size <= LARGEST, f"is {LIBRARY.resolve().stat().st_size} bytes, at most {LARGEST} are promised")
    stack = re.search(r"GNU_STACK\s.*?(R\w*E?)\s", run("readelf", "-lW", str(LIBRARY)))
    expect(stack and "E" not in stack[1], "asks for an executable stack")


def check_constructors():
    """Only the C toolchain's own functions run when the library is loaded or unloaded."""
    names = {int(line.split()[0], 16): line.split()[-1] for line in run("nm", "--defined-only", str(UNSTRIPPED)).splitlines()}
    sections = re.findall(r"\.(init_array|fini_array|ctors)\S*\s+\w+\s+([0-9a-f]+)\s+[0-9a-f]+\s+([0-9a-f]+)", run("readelf", "-SW", str(UNSTRIPPED)))
    ranges = [(int(start, 16), int(start, 16) + int(size, 16)) for _, start, size in sections]
    for place, addend in re.findall(r"^([0-9a-f]+)\s.*R_\w+_RELATIVE\s+([0-9a-f]+)$", run("readelf", "-rW", str(UNSTRIPPED)), re.M):
        if any(start <= int(place, 16) < end for start, end in ranges):
            name = names.get(int(addend, 16), addend)
            expect(name in TOOLCHAIN, f"{name} runs when the library is loaded or unloaded")


def check_table(functions):
    library = ctypes.CDLL(str(LIBRARY))
    library.bp_operation_name.restype = ctypes.c_char_p
    names = [library.bp_operation_name(i).decode() for i in range(library.bp_operation_count())]
    expect(len(names) == len(set(names)) and names, "the table of operations is empty or names one twice")
    for name in names:
        expect(f"bp_{name}" in functions, f"the operation {name} has no function bp_{name}")
    return names


def check_use(functions):
    """Every function is called by at least one of the C programs here."""
    text = "".join(path.read_text() for path in HERE.glob("*.c"))
    for name in sorted(functions):
        expect(re.search(rf"\b{name}\b", text), f"{name} is used by no test program")


functions = declared()
expect(len(functions) > 100, f"only {len(functions)} functions were found in the header")
check_symbols(functions)
check_dynamic_section()
check_constructors()
names = check_table(functions)
check_use(functions)
for sentence in problems:
    print(f"    # {LIBRARY.name}: {sentence}")
print(f"{'header, exports and table agree':<44} {len(functions)} functions, {len(names)} operations, "
      f"{LIBRARY.resolve().stat().st_size // 1024} KB, {len(problems)} problems")
sys.exit(bool(problems))
