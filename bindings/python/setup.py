"""Builds backprop._core and puts libbackprop.so.0 beside it.

BACKPROP_LIBDIR=DIR takes the library from DIR. Otherwise it is built with the Swift toolchain: `make` in the repository's root.
Everything else about the package is in pyproject.toml.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
LIBRARY = "libbackprop.so.0"


def stop(*lines):
    sys.exit("\n".join(("", "backprop cannot be built:", *("  " + line for line in lines), "")))


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
    for tool, source in (("swift", "Swift 6.3 or later, from https://www.swift.org/install"), ("make", "GNU make, from the system's packages")):
        if not shutil.which(os.environ.get(tool.upper(), tool)):
            stop(f"'{tool}' is not on the PATH: {source};", "or set BACKPROP_LIBDIR to a folder with a prebuilt libbackprop.so.")
    if subprocess.run(["make", "-C", str(ROOT)]).returncode:
        stop(f"`make -C {ROOT}` failed; its messages are above.")
    return (ROOT / "build" / "lib" / "libbackprop.so").resolve()


class BuildExt(build_ext):
    def run(self):
        if sys.platform != "linux":
            stop(f"this version is for Linux, not {sys.platform}.")
        target = HERE / "src" / "backprop" if self.inplace else Path(self.build_lib) / "backprop"
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy2(library(), target / LIBRARY)
        for extension in self.extensions:
            extension.extra_link_args.insert(0, str(target / LIBRARY))  # its SONAME is the same name
        super().run()


setup(
    ext_modules=[
        Extension(
            "backprop._core",
            ["core/_core.c"],
            include_dirs=[os.path.relpath(ROOT / "include", HERE)], depends=[str(p.relative_to(HERE)) for p in (HERE / "core").glob("*.h")],
            define_macros=[("Py_LIMITED_API", "0x030B0000")],
            extra_compile_args=["-std=c11", "-O2", "-g0", "-fvisibility=hidden"],
            extra_link_args=["-Wl,-rpath,$ORIGIN"],
            py_limited_api=True,
        )
    ],
    cmdclass={"build_ext": BuildExt},
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
