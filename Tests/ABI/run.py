#!/usr/bin/env python3
"""Builds and runs the C programs of this folder against the built library, as C99 and as C++17.

    python3 Tests/ABI/run.py [NAME …]      NAME: test_errors, test_chain, …; none: everything

Every program prints TAP. Operations and gradients run again with each instruction set the library has, forced by BACKPROP_ISA, and
on processors that lack the others, played by qemu-x86_64 where it is installed. The last line counts: N passed, N failed.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
LIB = ROOT / "build" / "lib"
OUT = ROOT / "build" / "tests"
CC = os.environ.get("CC", "cc").split()
CXX = os.environ.get("CXX", "clang++" if "clang" in CC[0] else "c++").split()
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-O1", "-g"]
LINK = ["-L", str(LIB), "-lbackprop", "-lm", "-lpthread", "-ldl", "-rdynamic", f"-Wl,-rpath,{LIB}"]
LANGUAGES = {"c99": CC + ["-std=c99", "-D_GNU_SOURCE"], "c++17": CXX + ["-x", "c++", "-std=c++17"]}
# What computes runs with each set of kernels; a new program does unless it stands here.
OTHER_PROGRAMS = {"test_basics", "test_chain", "test_dlopen", "test_errors", "test_files", "test_handles", "test_memory", "test_modules", "test_oom", "test_parallel_for",
                  "test_steady", "test_threads"}
ISA_PROGRAMS = sorted(p.stem for p in HERE.glob("test_*.c") if p.stem not in OTHER_PROGRAMS)
# Run once more with every access and every block of memory watched. AVX2, because valgrind knows no AVX-512.
WATCHED_PROGRAMS = [*ISA_PROGRAMS, "test_errors", "test_handles", "test_files", "test_modules"]
QEMU = [("Nehalem", "x86-64"), ("Haswell", "x86-64-v3")]
TIMEOUT = 300  # seconds for one program


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, good, label, detail=""):
        self.passed += good
        self.failed += not good
        if not good:
            print(f"not ok - {label}{': ' if detail else ''}{detail}", flush=True)


def build(program, language):
    """The built program, or None and the compiler's words."""
    target, compiler = OUT / f"{program}.{language}", LANGUAGES[language]
    compiled = f"{target}.o"
    # test_dlopen takes every function from dlsym: linked to the library, it would find it loaded already.
    for command in ([*compiler, *STRICT, "-I", str(ROOT / "include"), "-c", str(HERE / f"{program}.c"), "-o", compiled],
                    [*(CXX if language.startswith("c++") else CC), compiled, *(LINK if program != "test_dlopen" else ["-lm", "-ldl"]), "-o", str(target)]):
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode:
            return None, result.stdout + result.stderr
    return target, ""


def run(command, label, tally, env=None, folder=None):
    """Runs one TAP program, prints what failed and the remarks, counts its lines."""
    start = time.monotonic()
    try:
        result = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=TIMEOUT, cwd=folder,
                                env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL)
        output, code = result.stdout, result.returncode
    except subprocess.TimeoutExpired as late:
        output, code = (late.stdout or b"").decode(errors="replace"), f"still running after {TIMEOUT} s"
    seconds = time.monotonic() - start
    ok = len(re.findall(r"^ok ", output, re.M))
    bad = len(re.findall(r"^not ok ", output, re.M))
    plan = re.search(r"^1\.\.(\d+)$", output, re.M)
    finished = plan is not None and int(plan[1]) == ok + bad > 0
    remarks = [line for line in output.splitlines() if line.startswith(("not ok", "#"))]
    print(f"{label:<44} {ok:3} ok {bad:3} not ok  {seconds:6.1f} s", flush=True)
    for line in remarks[:60]:
        print("    " + line)
    tally.passed += ok
    tally.failed += bad
    if not finished or (code != 0 and bad == 0):
        tally.add(False, label, f"ended with {code} after {ok + bad} cases")


def script(name, tally, *arguments):
    """A check written in Python: it prints its own lines; its exit status counts as one case."""
    result = subprocess.run([sys.executable, str(HERE / name), *arguments], text=True, capture_output=True)
    print(result.stdout + result.stderr, end="", flush=True)
    tally.add(result.returncode == 0, name)


def instruction_sets(programs, folder, tally):
    """The same programs with every set of kernels, on this processor and on lesser ones."""
    shown = subprocess.run([str(programs["isa"])], capture_output=True, text=True).stdout.strip()
    native = {"x86-64-v4": ["v4", "v3", "base"], "x86-64-v3": ["v3", "base"]}.get(shown, ["base"])
    for level in native[1:]:
        for name in ISA_PROGRAMS:
            run([str(programs[name])], f"{name} BACKPROP_ISA={level}", tally, {"BACKPROP_ISA": level}, folder)
    qemu = shutil.which("qemu-x86_64")
    if not qemu or not shown.startswith("x86-64"):
        print("processors without AVX: skipped, " + ("qemu-x86_64 (package qemu-user) is not installed" if not qemu else "this is no x86-64"))
        tally.skipped += len(QEMU) * len(ISA_PROGRAMS)
        return
    for cpu, expected in QEMU:
        command = [qemu, "-cpu", cpu]
        said = subprocess.run(command + [str(programs["isa"])], capture_output=True, text=True).stdout.strip()
        tally.add(said == expected, f"instruction set on {cpu}", f"{said or 'crash'}, expected {expected}")
        for name in ISA_PROGRAMS:
            run(command + [str(programs[name])], f"{name} on {cpu} (qemu)", tally, None, folder)


def watched(programs, folder, tally):
    """No invalid access, no use of undefined values, no leak."""
    valgrind = shutil.which("valgrind")
    if not valgrind:
        print("memory errors: skipped, valgrind is not installed")
        tally.skipped += len(WATCHED_PROGRAMS)
        return
    for name in WATCHED_PROGRAMS:
        command = [valgrind, "-q", "--leak-check=full", "--error-exitcode=9", str(programs[name])]
        run(command, f"{name} (valgrind)", tally, {"BACKPROP_ISA": "v3"}, folder)


def main():
    wanted = sys.argv[1:]
    if not (LIB / "libbackprop.so").exists():
        sys.exit("build/lib/libbackprop.so is not there: run `make` first")
    OUT.mkdir(parents=True, exist_ok=True)
    tally, programs = Tally(), {}
    names = wanted or sorted(p.stem for p in HERE.glob("test_*.c"))
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            for language in LANGUAGES:
                program, words = build(name, language)
                if not program:
                    tally.add(False, f"{name} does not build as {language}", "\n" + words)
                    continue
                programs.setdefault(name, program)
                arguments = [str(LIB / "libbackprop.so.0")] if name == "test_dlopen" else []
                run([str(program), *arguments], f"{name} {language}", tally, None, folder)
        if not wanted:
            isa = OUT / "isa.c"
            isa.write_text('#include <backprop.h>\n#include <stdio.h>\nint main(void) { puts(bp_instruction_set()); return 0; }\n')
            subprocess.run(CC + [str(isa), "-I", str(ROOT / "include"), *LINK, "-o", str(OUT / "isa")], check=True)
            programs["isa"] = OUT / "isa"
            if all(name in programs for name in ISA_PROGRAMS):
                instruction_sets(programs, folder, tally)
            if all(name in programs for name in WATCHED_PROGRAMS):
                watched(programs, folder, tally)
            script("check_exports.py", tally)
            script("check_leaks.py", tally)
            script("aarch64.py", tally)
    print(f"{tally.passed} passed, {tally.failed} failed" + (f", {tally.skipped} skipped" if tally.skipped else ""))
    return tally.failed != 0


if __name__ == "__main__":
    sys.exit(main())
