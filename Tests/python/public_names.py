"""The public names of the package under test, module by module, and which of them a test names."""

import importlib
import json
import pkgutil
import re
import types
from pathlib import Path

from engine import torch

TESTS = Path(__file__).resolve().parent
# Files that list names without testing them.
LISTS = {"typing_cases.py", "public_names.py", "test_types.py"}


def modules():
    """Every public module: "", "nn", "nn.functional", …"""
    found = [""]
    for info in pkgutil.walk_packages(torch.__path__, torch.__name__ + "."):
        path = info.name.partition(".")[2]
        if not any(part.startswith("_") for part in path.split(".")):
            found.append(path)
    return sorted(found)


def names_of(path):
    module = importlib.import_module(".".join(filter(None, (torch.__name__, path))))
    listed = getattr(module, "__all__", None) or [n for n in dir(module) if not n.startswith("_")]
    for name in (n for n in listed if not n.startswith("_")):
        value = getattr(module, name)
        home = getattr(value, "__module__", None) or torch.__name__
        if not isinstance(value, types.ModuleType) and (path == "" or home.partition(".")[0] == torch.__name__):
            yield name


def public_names():
    """(module, name) of everything public, methods and attributes of Tensor under "Tensor"."""
    for path in modules():
        for name in sorted(set(names_of(path))):
            yield path, name
    for name in sorted(vars(torch.Tensor)):
        if not name.startswith("_"):
            yield "Tensor", name


def tested_words():
    """Every word of the tests and of the golden cases' operations."""
    words = set()
    for path in TESTS.glob("*.py"):
        if path.name not in LISTS:
            words.update(re.findall(r"\w+", path.read_text()))
    golden = TESTS.parent / "Golden"
    for path in golden.rglob("*.json"):
        words.update(re.findall(r"\w+", " ".join(re.findall(r'"(?:op|id|module|optimizer|scheduler|text)":\s*"([^"]*)"', path.read_text()))))
    words.update((golden / "op_db_names.txt").read_text().split())
    return words
