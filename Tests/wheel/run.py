#!/usr/bin/env python3
"""The wheel and the source archive, as users meet them.

    python3 Tests/wheel/run.py

Builds the wheel, looks into it, installs it offline in a fresh environment of each Python from 3.11 on that is found on the PATH or under
pyenv, trains there without NumPy, and removes it again. Then what goes wrong: no Swift, no compiler, a library that is missing or another's.
"""
import base64
import csv
import email
import glob
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
OUT = ROOT / "build" / "tests" / "wheel"
VENV = ROOT / ".venv" / "bin" / "python"
MAKE = os.environ.get("MAKE", "make")
LARGEST = 5_000_000  # bytes, promised
OLDEST_GLIBC = 17  # 2.17, promised
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
LEAN = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PIP_")) and k not in ("BACKPROP_LIBDIR", "LD_LIBRARY_PATH", "MAKEFLAGS", "MAKELEVEL")}


def run(*command, good=True, cwd=OUT, **environment):
    result = subprocess.run([str(c) for c in command], cwd=cwd, env={**LEAN, **environment}, capture_output=True, text=True, timeout=600)
    text = result.stdout + result.stderr
    assert (result.returncode == 0) == good, f"{' '.join(map(str, command))}: exit status {result.returncode}\n{text}"
    return text


def interpreters():
    """{version: path}: the first on the PATH, or under pyenv, that can make an environment."""
    found = {}
    for version in VERSIONS:
        places = [shutil.which(f"python{version}"), *sorted(glob.glob(os.path.expanduser(f"~/.pyenv/versions/*/bin/python{version}")))]
        for place in filter(None, places):
            if subprocess.run([place, "-I", "-c", "import venv, ensurepip"], capture_output=True).returncode == 0:
                found[version] = place
                break
    return found


def check_archive(wheel):
    """Name, size, contents, metadata and RECORD."""
    assert re.fullmatch(r"backprop-\d+\.\d+\.\d+-cp311-abi3-manylinux_2_\d+_(x86_64|aarch64)\.whl", wheel.name), wheel.name
    assert wheel.stat().st_size <= LARGEST, f"{wheel.stat().st_size} bytes, at most {LARGEST} are promised"
    with zipfile.ZipFile(wheel) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        modules = {p.relative_to(ROOT / "bindings/python/src").as_posix() for p in (ROOT / "bindings/python/src/backprop").rglob("*.py*")
                   if "__pycache__" not in p.parts}
        info = wheel.name.split("-cp311")[0] + ".dist-info/"
        assert set(names) == modules | {"backprop/_core.abi3.so", "backprop/libbackprop.so.0", "backprop/py.typed",
                                        *(info + n for n in ("METADATA", "WHEEL", "RECORD", "top_level.txt", "licenses/LICENSE"))}, sorted(names)
        for name, digest, size in csv.reader(io.StringIO(archive.read(info + "RECORD").decode())):
            if name != info + "RECORD":
                data = archive.read(name)
                assert (digest, size) == ("sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("="), str(len(data))), name
            names.remove(name)
        assert not names, f"not in RECORD: {names}"
        metadata = email.message_from_bytes(archive.read(info + "METADATA"))
        assert metadata["License-Expression"] == "MIT" and metadata["Requires-Python"] == ">=3.11" and metadata["Requires-Dist"] is None
        assert "import backprop as torch" in metadata.get_payload()
        assert f"Tag: {wheel.stem.split('-', 2)[2]}\n" in archive.read(info + "WHEEL").decode()
        needed = set()
        for name in ("backprop/_core.abi3.so", "backprop/libbackprop.so.0"):
            file = Path(archive.extract(name, OUT / "inside"))
            sections = run("readelf", "-SW", file)
            assert ".symtab" not in sections and ".debug" not in sections, f"{name} is not stripped"
            needed |= set(re.findall(r"NEEDED.*\[(.*)\]", run("readelf", "-dW", file)))
            symbols = run("readelf", "--dyn-syms", "-W", file)
            late = [s for s, v in re.findall(r"UND (\w+)@GLIBC_2\.(\d+)", symbols) if int(v) > OLDEST_GLIBC]
            assert not late, f"{name} needs more than glibc 2.{OLDEST_GLIBC} for {late}"
        assert needed - {"ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"} <= {"libbackprop.so.0", "libc.so.6", "libm.so.6", "libpthread.so.0"}, needed
    assert f"manylinux_2_{OLDEST_GLIBC}_" in wheel.name, wheel.name
    print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.2f} MB, {len(modules)} modules")


def environment(version, interpreter, wheel):
    """A fresh environment with the wheel, nothing fetched."""
    place = OUT / f"python{version}"
    run(interpreter, "-m", "venv", place)
    python = place / "bin" / "python"
    run(python, "-m", "pip", "install", "--no-index", "--no-deps", "--disable-pip-version-check", wheel)
    return python


def check_interpreter(version, interpreter, wheel):
    python = environment(version, interpreter, wheel)
    print(run(python, "-I", HERE / "train.py").strip())
    assert "No broken requirements" in run(python, "-m", "pip", "check")
    run(python, "-m", "pip", "uninstall", "--yes", "backprop")
    left = [p for p in python.parents[1].rglob("*backprop*")]
    assert not left, f"uninstalling leaves {left}"


def check_loader(python):
    """A clear ImportError where the compiled part does not load."""
    folder = Path(run(python, "-I", "-c", "import backprop, os; print(os.path.dirname(backprop.__file__))").strip())
    library, core, kept = folder / "libbackprop.so.0", folder / "_core.abi3.so", OUT / "kept"

    def says(sentence):
        text = run(python, "-I", "-c", "import backprop", good=False)
        assert re.search("ImportError: .*" + sentence, text), text

    def other(target, *names, version=0):
        """A library of that name and number with these functions."""
        (OUT / "other.map").write_text("BACKPROP_1 { global: *; };\n")
        (OUT / "other.c").write_text("".join(f"void {n}(void) {{}}\n" for n in names if n not in ("bp_version_number", "bp_version_string"))
                                     + f'int bp_version_number(void) {{ return {version}; }}\nconst char *bp_version_string(void) {{ return "99.0.0"; }}\n')
        run(os.environ.get("CC", "cc"), "-shared", "-fPIC", "-Wl,-soname,libbackprop.so.0,--version-script=other.map", "other.c", "-o", target)

    shutil.move(library, kept)
    says(r"libbackprop\.so\.0 is missing in .*Install the package again")
    library.write_bytes(b"\x7fELF" + bytes(60))
    says("damaged")
    other(library)
    says("another version")
    other(library, *re.findall(r"UND (bp_\w+)", run("readelf", "--dyn-syms", "-W", core)), version=99000000)
    says(r"needs its own libbackprop\.so, found version 99")
    shutil.move(kept, library)
    shutil.move(core, kept)
    says(r"has no compiled part \(_core\.abi3\.so\)")
    shutil.move(kept, core)
    # The wheel's own library, also where LD_LIBRARY_PATH names another.
    (OUT / "elsewhere").mkdir(exist_ok=True)
    other(OUT / "elsewhere" / "libbackprop.so.0")
    run(python, "-c", "import backprop; backprop.ones(1)", LD_LIBRARY_PATH=str(OUT / "elsewhere"))
    print("loader: missing, damaged and other libraries are told apart")


def check_sources():
    """The source archive has what the library is built from, builds with a given library, and says what is missing."""
    print(run(MAKE, "sdist", cwd=ROOT).strip())
    [archive] = (ROOT / "dist").glob("backprop-*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(OUT, filter="data") if hasattr(tarfile, "data_filter") else tar.extractall(OUT)
    sources = OUT / archive.name.removesuffix(".tar.gz")
    tracked = run("git", "ls-files", "Sources", "include", "bindings/cmake", cwd=ROOT).split()
    assert not (lacking := [name for name in tracked if not (sources / name).exists()]), f"the archive lacks {lacking}"
    pip = (VENV, "-m", "pip", "wheel", "--disable-pip-version-check", "--no-build-isolation", "--no-deps", "-w", OUT / "built", sources)
    run(*pip, BACKPROP_LIBDIR=str(ROOT / "build/lib"))
    assert [p.name for p in (OUT / "built").iterdir()] == [p.name for p in (ROOT / "dist").glob("*.whl")]
    empty = OUT / "empty"
    empty.mkdir()
    compiler = shutil.which("cc") or shutil.which("gcc")
    for environment, words in (({"CC": "no-such-compiler"}, ("'no-such-compiler' is not on the PATH", "apt-get install gcc")),
                               ({"CC": compiler}, ("'swift' is not on the PATH: Swift 6.3 or later", "'make' is not on the PATH", "or set BACKPROP_LIBDIR")),
                               ({"CC": compiler, "BACKPROP_LIBDIR": str(empty)}, ("has neither libbackprop.so.0 nor libbackprop.so",))):
        text = run(*pip, good=False, PATH=str(empty), **environment)
        assert all(word in text for word in ("backprop cannot be built:", *words)), text
    print("sources: complete, built with a given library; without Swift or a compiler it says so")


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    print(run(MAKE, "wheel", cwd=ROOT).strip().splitlines()[-1])
    [wheel] = (ROOT / "dist").glob("backprop-*.whl")
    first = hashlib.sha256(wheel.read_bytes()).digest()
    run(MAKE, "wheel", cwd=ROOT)
    assert hashlib.sha256(wheel.read_bytes()).digest() == first, "built twice, the wheel is not the same"
    check_archive(wheel)
    found = interpreters()
    for version, interpreter in found.items():
        check_interpreter(version, interpreter, wheel)
    absent = [v for v in VERSIONS if v not in found]
    if absent:
        print("not found here: Python " + ", ".join(absent))
    check_loader(environment("-loader", list(found.values())[0], wheel))
    check_sources()


if __name__ == "__main__":
    sys.exit(main())
