"""Writes docs/OPERATIONS.md, the table of all operations, from what the library, its header, its bindings and its tests say.

    .venv/bin/python docs/operations.py            prints the table
    .venv/bin/python docs/operations.py --write    writes docs/OPERATIONS.md; Tests/python/test_operations.py compares it

A place that is empty is a hole, and a red test.
"""

import copy
import importlib
import json
import re
import sys
from pathlib import Path

import backprop

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "Tests" / "python"))
golden = importlib.import_module("test_golden")

TYPES = {"float32": "f32", "float64": "f64", "int64": "i64", "int32": "i32", "uint8": "u8", "bool": "bool"}
PLACES = ("", "nn.functional.", "linalg.", "special.", "Tensor.")
OTHER_ORDER = "backprop._plain"  # where functions stand that torch has with other arguments than nn.functional
# C and Python names of operations that stand under another one there.
C_NAMES = {"binary_cross_entropy_with_logits": ["bp_binary_cross_entropy_with_logits"]}
PYTHON_NAMES = {
    "slice": "x[a:b:c]", "index": "x[i, mask, j]", "unfold_dim": "Tensor.unfold", "im2col": "nn.functional.unfold", "col2im": "nn.functional.fold",
}
SWIFT_NAMES = {
    "slice": "sliced", "index": "indexed", "unfold_dim": "unfolded", "im2col": "unfoldedToColumns", "col2im": "foldedFromColumns",
    "rotary_embedding": "rotaryEmbedding",
}
# The operation under the name that the golden cases call it by.
OTHER_GOLDEN = {
    "slice": "__getitem__", "index": "__getitem__", "unfold_dim": "unfold", "im2col": "unfold", "col2im": "fold", "inverse": "inv", "pinverse": "pinv",
}
# PyTorch has nothing of the kind; tests of their own compare with the formula.
OWN = {"rotary_embedding": "by its formula"}
# Results that are random: compared in distribution.
RANDOM = ("dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout", "dropout", "rrelu")


def resolve(path):
    owner = backprop
    for part in path.split("."):
        owner = getattr(owner, part, None)
        if owner is None:
            return None
    return owner


def standing(path):
    """Whether Python has the operation there, with its own arguments."""
    found = resolve(path)
    return found is not None and getattr(found, "__module__", None) != OTHER_ORDER


def c_names():
    """operation → functions of the header that begin with its name: bp_sum, bp_sum_dim."""
    functions = re.findall(r"\b(bp_\w+)\(", re.sub(r"/\*.*?\*/", "", (ROOT / "include/backprop.h").read_text(), flags=re.S))
    return list(dict.fromkeys(functions))


def swift_names():
    """operation → the Swift name whose doc comment says "(PyTorch: `operation`)"."""
    found = {}
    for path in sorted((ROOT / "Sources/Backprop/API").glob("*.swift")):
        waiting = []
        for line in path.read_text().splitlines():
            said = re.search(r"\(PyTorch: ([^)]*)\)", line) if line.lstrip().startswith("//") else None
            if said:
                waiting = [n.rsplit(".", 1)[-1] for n in re.findall(r"`([^`(]+)", said.group(1))]
            name = re.search(r"(?:func|var) ([^\s(<:]+)|\b(init|subscript)\b", line) if not line.lstrip().startswith("//") else None
            if name and waiting:
                for n in waiting:
                    found.setdefault(n, name.group(1) or name.group(2))
                waiting = []
    return found


def gradient_cases():
    """operation → cases that the Swift tests compare with central differences, once and twice, in every layout; and those without a gradient."""
    text = "\n".join(p.read_text() for p in sorted((ROOT / "Tests/BackpropTests/Cases").glob("*.swift")))
    count = {}
    for name in re.findall(r'(?:Case|\.unary|\.binary)\(\s*"(\w+)"', text):
        count[name] = count.get(name, 0) + 1
    listed = re.search(r"let withoutGradientByNature.*?=\s*\[(.*?)\n\]", (ROOT / "Tests/BackpropTests/OperationCases.swift").read_text(), re.S)
    return count, set(re.findall(r'"(\w+)"', listed.group(1)))


def golden_cases():
    """operation → cases with PyTorch's values."""
    found = {}
    for path in sorted((ROOT / "Tests/Golden").glob("*.json")):
        for case in json.loads(path.read_text())["cases"]:
            op = case.get("op", case["id"].partition("-")[0])
            if "optimizer" not in case and not case.get("raises"):
                found.setdefault(op.rsplit(".", 1)[-1], []).append(case)
    return found


def types_of(cases):
    """The types that the floating arguments of some case may have."""
    def cast(value, dtype):
        if isinstance(value, dict) and "data" in value:
            if value["dtype"] in ("float32", "float64"):
                data = [float(v) for v in value["data"]]
                value.update(dtype=dtype, requires_grad=False)
                if dtype not in ("float32", "float64"):
                    value["data"] = [bool(v) if dtype == "bool" else 1 if v != v else int(min(abs(v), 100)) for v in data]
        elif isinstance(value, (dict, list)):
            for v in value.values() if isinstance(value, dict) else value:
                cast(v, dtype)

    works = []
    for dtype, short in TYPES.items():
        for case in cases[:6]:
            case = golden.unpack(copy.deepcopy(case))
            cast([case["args"], case.get("kwargs", {})], dtype)
            try:
                golden.evaluate(case)
            except Exception:
                continue
            works.append(short)
            break
    return " ".join(works)


def rows():
    functions, swift, values = c_names(), swift_names(), golden_cases()
    gradients, none = gradient_cases()
    for name in sorted(backprop.operations()):
        c = C_NAMES.get(name) or [f for f in functions if f == f"bp_{name}" or f == f"bp_{name}_dim"]
        python = PYTHON_NAMES.get(name) or next((p + name for p in PLACES if standing(p + name)), "")
        cases = values.get(name) or values.get(OTHER_GOLDEN.get(name)) or []
        told = f"{len(cases)} cases" if cases else OWN.get(name) or ("in distribution" if name in RANDOM else "")
        gradient = "none by nature" if name in none else f"{gradients[name]} cases" if name in gradients else ""
        yield name, ", ".join(c), python, SWIFT_NAMES.get(name) or swift.get(name, ""), types_of(cases) or ("f32 f64" if told and not cases else ""), told, gradient


def table():
    lines = [
        "# Operations",
        "",
        "Written by `docs/operations.py`; a test compares it with the library. Names and semantics are PyTorch's.",
        "",
        "- **types**: what the floating arguments of the tests may be (f32 and f64 carry gradients; float16 and bfloat16 are converted only).",
        "- **values**: cases with values and gradients computed by PyTorch (`Tests/Golden`), within the ULP and condition bounds stored there. Beyond",
        "  them `Tests/op_db/replay.py` replays PyTorch's own sample inputs.",
        "- **gradient**: cases of the Swift tests: the gradient, the gradient of the gradient (central differences in float64, 1e-6 relative, on contiguous,",
        "  transposed, strided and offset inputs; element-wise ones also broadcast, expanded, empty and of one element), and the directional derivative",
        "  against the gradient (1e-9). None by nature: whole numbers, truth values, places.",
        "",
        "| operation | C | Python | Swift | types | values | gradient |",
        "|---|---|---|---|---|---|---|",
    ]
    count = 0
    for name, c, python, swift, types, values, gradient in rows():
        count += 1
        cells = [name, f"`{c}`" if c else "", f"`{python}`" if python else "", f"`{swift}`" if swift else "", types, values, gradient]
        lines.append("| " + " | ".join(cells).replace("_dim`", "_dim`") + " |")
    lines += ["", f"{count} operations.", ""]
    return "\n".join(lines)


def main():
    text = table()
    if "--write" in sys.argv[1:]:
        (ROOT / "docs" / "OPERATIONS.md").write_text(text)
    else:
        print(text)


if __name__ == "__main__":
    main()
