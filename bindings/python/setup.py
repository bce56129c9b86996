"""Builds backprop._core and puts libbackprop.so.0 beside it.

BACKPROP_LIBDIR=DIR takes the library from DIR. Otherwise `make` builds it with the Swift toolchain, in the repository's root or, in a source
archive, right here. Everything else about the package is in pyproject.toml.
"""

import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext
from setuptools.command.sdist import sdist

HERE = Path(__file__).resolve().parent
ROOT = HERE if (HERE / "Package.swift").is_file() else HERE.parent.parent
LIBRARY = "libbackprop.so.0"
OLDEST_MANYLINUX = (2, 17)
# What the library is built from: a source archive has it beside this file.
NEEDED = ("Makefile", "Package.swift", "Sources", "include", "bindings/cmake")


def stop(*lines):
    sys.exit("\n".join(("", "backprop cannot be built:", *("  " + line for line in lines), "")))


def missing(tool, source):
    if not shutil.which(tool):
        return f"'{tool}' is not on the PATH: {source}"
    return None


def check_machine():
    machine = platform.machine()
    if sys.platform != "linux" or machine not in ("x86_64", "aarch64"):
        stop(f"it is for Linux on x86-64 or 64-bit Arm, and this is {sys.platform} on {machine}.")
    if sys.maxsize < 2**32:
        stop("this Python is a 32-bit program; backprop needs a 64-bit one.")


def check_compiler():
    compiler = (os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc").split()[0]
    lacking = [missing(compiler, "a C compiler, Debian and Ubuntu: apt-get install gcc libc6-dev; or set CC")]
    if not (Path(sysconfig.get_path("include")) / "Python.h").is_file():
        lacking.append(f"Python's headers are not in {sysconfig.get_path('include')}: Debian and Ubuntu: apt-get install python3-dev")
    if any(lacking):
        stop(*filter(None, lacking))


def library():
    """The shared library to bundle: given, or built now."""
    given = os.environ.get("BACKPROP_LIBDIR")
    if given:
        for name in (LIBRARY, "libbackprop.so"):
            if (Path(given) / name).is_file():
                return (Path(given) / name).resolve()
        stop(f"BACKPROP_LIBDIR={given} has neither {LIBRARY} nor libbackprop.so.")
    if not (ROOT / "Makefile").is_file():
        stop("the package was copied out of its repository, whose Makefile builds the library;",
             "set BACKPROP_LIBDIR to a folder with libbackprop.so.")
    lacking = [missing(os.environ.get("SWIFT", "swift"), "Swift 6.3 or later, from https://www.swift.org/install"),
               missing(os.environ.get("MAKE", "make"), "GNU make, from the system's packages"),
               missing("strip", "binutils, from the system's packages")]
    if any(lacking):
        stop(*filter(None, lacking), "or set BACKPROP_LIBDIR to a folder with a prebuilt libbackprop.so.")
    print("backprop: compiling libbackprop.so with Swift; some minutes the first time", flush=True)
    if subprocess.run([os.environ.get("MAKE", "make"), "-C", str(ROOT), "PROGRESS=1"]).returncode:
        stop(f"`make -C {ROOT}` failed; its messages are above.")
    return (ROOT / "build" / "lib" / "libbackprop.so").resolve()


class BuildExt(build_ext):
    def run(self):
        check_machine()
        check_compiler()
        target = HERE / "src" / "backprop" if self.inplace else Path(self.build_lib) / "backprop"
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy2(library(), target / LIBRARY)
        for extension in self.extensions:
            extension.extra_link_args.insert(0, str(target / LIBRARY))  # its SONAME is the same name
        print("backprop: compiling _core", flush=True)
        super().run()


class BdistWheel(bdist_wheel):
    def get_tag(self):
        """manylinux of the newest glibc whose symbols the two shared objects name."""
        python, abi, system = super().get_tag()
        found = [f.read_bytes() for f in (Path(self.get_finalized_command("build_py").build_lib) / "backprop").glob("*.so*")]
        versions = [tuple(map(int, v)) for data in found for v in re.findall(rb"\0GLIBC_(\d+)\.(\d+)", data)]
        if len(found) == 2 and versions and system.startswith("linux_"):
            system = system.replace("linux", "manylinux_%d_%d" % max(OLDEST_MANYLINUX, *versions), 1)
        return python, abi, system


class Sdist(sdist):
    def make_release_tree(self, base_dir, files):
        super().make_release_tree(base_dir, [f for f in files if f != "LICENSE"])
        shutil.copyfile(HERE / "LICENSE", Path(base_dir) / "LICENSE")  # a link in the repository
        for name in NEEDED:
            source, target = ROOT / name, Path(base_dir) / name
            if not source.exists():
                stop(f"{source} is missing: the source archive would be incomplete.")
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_file():
                shutil.copyfile(source, target)
            else:
                shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "*.o"))


setup(
    ext_modules=[
        Extension(
            "backprop._core",
            ["core/_core.c"],
            include_dirs=[os.path.relpath(ROOT / "include", HERE)],
            depends=[str(p.relative_to(HERE)) for p in sorted((HERE / "core").glob("*.h"))],
            define_macros=[("Py_LIMITED_API", "0x030B0000")],
            extra_compile_args=["-std=c11", "-O2", "-g0", "-fvisibility=hidden"],
            extra_link_args=["-s", "-Wl,--disable-new-dtags,-rpath,$ORIGIN"],  # RPATH: before LD_LIBRARY_PATH
            py_limited_api=True,
        )
    ],
    cmdclass={"build_ext": BuildExt, "bdist_wheel": BdistWheel, "sdist": Sdist},
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
