#!/usr/bin/env python3
"""The library's sources as Embedded Swift for 64-bit Arm, and the C programs of this folder with them, played by qemu-aarch64.

    python3 Tests/ABI/aarch64.py

Needs the Swift toolchain, gcc-aarch64-linux-gnu, libc6-dev-arm64-cross and qemu-user; says what is missing and ends with 0 then. The
engine is linked into each program: Swift's Embedded library for Arm comes without position-independent code for Linux.
"""
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
OUT = ROOT / "build" / "aarch64"
GCC = "aarch64-linux-gnu-gcc"
HEADERS = Path("/usr/aarch64-linux-gnu/include")
# test_threads also forks, which qemu's user mode does not survive.
PROGRAMS = ["test_operations", "test_gradients", "test_network", "test_errors", "test_handles", "test_files", "test_chain"]


def missing():
    names = [name for name in ("swiftc", GCC, "qemu-aarch64") if not shutil.which(name)]
    return names + ([] if (HEADERS / "stdio.h").exists() else [f"{HEADERS}/stdio.h"])


def run(*command):
    result = subprocess.run(command, capture_output=True, text=True, errors="replace", cwd=OUT)
    if result.returncode != 0:
        errors = [line for line in (result.stdout + result.stderr).splitlines() if "error" in line or "undefined" in line]
        sys.exit("\n".join([f"{Path(command[0]).name} failed:"] + errors[:10]))


def swift(module, sources, *flags):
    run("swiftc", "-target", "aarch64-none-none-elf", "-enable-experimental-feature", "Embedded", "-wmo", "-parse-as-library",
        "-package-name", "backprop", "-enforce-exclusivity=unchecked", "-I", ".",
        "-Xcc", "-isystem", "-Xcc", str(HEADERS), "-Xcc", "-D__linux__", "-Xcc", "-D__GLIBC__", "-Xcc", "-DSHIM_STATIC", "-Xcc", "-fno-math-errno",
        "-Xcc", f"-fmodule-map-file={OUT / 'CShim.modulemap'}", "-Xcc", f"-fmodule-map-file={ROOT / 'include' / 'module.modulemap'}",
        *flags, "-module-name", module, "-emit-module", "-c", *map(str, sources), "-o", f"{module}.o")


def main():
    lacking = missing()
    if lacking:
        print("64-bit Arm: skipped, not installed: " + ", ".join(lacking))
        return 0
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    sources = ROOT / "Sources"
    (OUT / "CShim.modulemap").write_text(f'module CShim {{ umbrella "{sources}/CShim/include" export * }}\n')
    swift("KernelAPI", (sources / "KernelAPI").glob("*.swift"), "-O")
    swift("KernelsBase", (sources / "KernelSources").glob("*.swift"), "-Ounchecked", "-D", "ISA_NEON")
    swift("Backprop", (p for p in (sources / "Backprop").rglob("*.swift") if "API" not in p.parts), "-Osize")
    swift("BackpropC", (sources / "BackpropC").glob("*.swift"), "-Osize")
    include = ["-I", str(ROOT / "include"), "-I", str(HERE)]
    run(GCC, "-O1", "-D_Nullable=", "-D_Nonnull=", *include, "-I", str(sources / "CShim" / "include"), "-c", str(sources / "CShim" / "shim.c"), "-o", "shim.o")
    lld = Path(shutil.which("swiftc")).resolve().parent
    objects = ["BackpropC.o", "Backprop.o", "KernelAPI.o", "KernelsBase.o", "shim.o"]
    failed = 0
    for name in PROGRAMS:
        run(GCC, f"-B{lld}", "-fuse-ld=lld", "-static", "-D_GNU_SOURCE", "-O1", *include, str(HERE / f"{name}.c"), *objects, "-lm", "-lpthread", "-o", name)
        output = subprocess.run(["qemu-aarch64", f"./{name}"], capture_output=True, text=True, errors="replace", cwd=OUT).stdout
        ok, bad = len(re.findall(r"^ok ", output, re.M)), len(re.findall(r"^not ok ", output, re.M))
        plan = re.search(r"^1\.\.(\d+)$", output, re.M)
        good = bad == 0 and plan and int(plan[1]) == ok > 0
        failed += not good
        print(f"{name + ' on 64-bit Arm (qemu)':<44} {ok:3} ok {bad:3} not ok")
        if not good:
            print("\n".join("    " + line for line in output.splitlines()[-20:]))
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
