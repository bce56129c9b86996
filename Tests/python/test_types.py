"""The stubs say what the package has, and programs that use it check: mypy on the stubs, the examples and typing_cases.py."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from engine import ours

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "types"
HERE = Path(__file__).parent
# The programs choose their engine when they run; here it is chosen for them.
ENGINE = {
    r"(?m)^torch = engine\(\)$": "import backprop as torch",
    r"(?m)^torch = importlib\.import_module\(.*\)$": "import backprop as torch",
    r"(?m)^(\w+, )*\w+ = torch\.nn, torch.*$": "from backprop import nn, optim\nfrom backprop.nn import functional as F",
    r"(?m)^F, nn = importlib.*$": "from backprop import nn\nfrom backprop.nn import functional as F",
}
OPTIONS = ["--strict", "--allow-untyped-defs", "--allow-untyped-calls", "--allow-incomplete-defs", "--allow-redefinition", "--check-untyped-defs",
           "--cache-dir", str(BUILD / "cache")]

# Methods that are functions too: their first parameter is input there.
SELF = re.compile(r'backprop\._core\.Tensor\.\w+ is inconsistent, stub parameter "self" differs from runtime parameter "\w+"')

def run(module, *arguments):
    result = subprocess.run([sys.executable, "-m", module, *map(str, arguments)], capture_output=True, text=True, cwd=ROOT)
    return result.returncode, (result.stdout + result.stderr).replace(str(ROOT) + "/", "")


def programs(*folders):
    """Copies of the programs in which `torch` is backprop, not whatever they are told."""
    for folder in folders:
        to = BUILD / folder.name
        to.mkdir(parents=True, exist_ok=True)
        for old in to.glob("*.py"):
            old.unlink()
        for path in folder.glob("*.py"):
            text = path.read_text()
            for pattern, replacement in ENGINE.items():
                text = re.sub(pattern, replacement, text)
            (to / path.name).write_text(text)
            yield to / path.name


@ours
def test_the_stubs_say_what_the_package_has():
    """Every name, every parameter and every default: if this fails, write in the .pyi beside the module what changed."""
    code, said = run("mypy.stubtest", "backprop", "--concise", "--ignore-disjoint-bases", "--allowlist", HERE / "stubtest_allowlist.txt",
                     "--ignore-unused-allowlist", "--mypy-config-file", HERE / "stubtest.ini")
    different = [line for line in said.splitlines() if not SELF.match(line)]
    assert code in (0, 1) and not different, "\n".join(different)


@ours
def test_types_of_calls():
    code, said = run("mypy", *OPTIONS, "--warn-unused-ignores", HERE / "typing_cases.py")
    assert code == 0, said


@ours
@pytest.mark.parametrize("folder", ["examples/python", "benchmarks/python"])
def test_programs_check(folder):
    """The programs, as they would be written with `import backprop as torch`."""
    found = [path for path in programs(ROOT / folder) if "matplotlib" not in path.read_text()]
    assert found
    code, said = run("mypy", *OPTIONS, *found)
    assert code == 0, said
