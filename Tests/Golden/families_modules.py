"""Modules: keys and shapes of each module's state_dict, what print shows, and results for fixed weights in evaluation mode. The modules and the
numbers in them stand in Tests/python/module_cases.py."""

import json
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))

from module_cases import CASES, build, fill, make_input, results  # noqa: E402


class Modules:
    def write(self, folder):
        lines = [json.dumps(self.case(text, inputs)) for text, inputs, _ in CASES]
        folder.joinpath("modules").mkdir(exist_ok=True)
        folder.joinpath("modules", "modules.json").write_text("[\n" + ",\n".join(lines) + "\n]\n")

    def case(self, text, inputs):
        m = build(torch.nn, text)
        fill(torch, m)
        m.eval()
        with torch.no_grad():
            out = results(m(*[make_input(torch, spec, i) for i, spec in enumerate(inputs)]))
        return {"text": text, "state": {k: list(v.shape) for k, v in m.state_dict().items()}, "repr": repr(m),
                "results": [{"shape": list(t.shape), "values": [float(f"{x:.8g}") for x in t.flatten().tolist()]} for t in out]}


def modules():
    return Modules()


FAMILIES = [modules]
