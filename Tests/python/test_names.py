"""Every operation of the library has its name in Python, and the header, the library and Python agree about operations."""

import re
from pathlib import Path

from engine import ours, torch

HEADER = Path(__file__).resolve().parents[2] / "include" / "backprop.h"

# Operations whose place in Python is a syntax or a method of another name.
ELSEWHERE = {"slice": "__getitem__", "index": "__getitem__", "unfold_dim": "unfold", "im2col": "unfold", "col2im": "fold"}

# Functions of sections 8 to 13 that are a second signature of an operation. In-place forms are no operations of the graph.
FORMS = {"sum_dim": "sum", "mean_dim": "mean", "var_dim": "var", "max_dim": "max", "min_dim": "min", "argmax_dim": "argmax",
         "argmin_dim": "argmin", "squeeze_dim": "squeeze", "embedding_with": "embedding"}
FORMS |= {"clamp_tensor": "clamp", "div_rounded": "div", "softplus_with": "softplus", "cholesky_order": "cholesky",
          "mse_loss_weighted": "mse_loss"}
FORMS |= {n + "_dim": n for n in ("std", "prod", "median", "nanmedian")}
FORMS |= {"squeeze_dims": "squeeze", "repeat_interleave_each": "repeat_interleave"}


def names():
    return set(dir(torch)) | set(dir(torch.Tensor)) | set(dir(torch.nn.functional)) | set(dir(torch.special)) | set(dir(torch.linalg))


@ours
def test_every_operation_has_a_name():
    public = names()
    assert torch.operations(), "the library's table is empty"
    assert [n for n in torch.operations() if ELSEWHERE.get(n, n) not in public] == []


@ours
def test_the_header_lists_the_operations():
    text = re.sub(r"/\*.*?\*/", "", HEADER.read_text().split(" * 8. Element-wise")[1].split(" * 14. Optimizers")[0], flags=re.S)
    header = {FORMS.get(n, n).removesuffix("_indices") for n in re.findall(r"\bbp_tensor \*bp_(\w+)\(", text) if not n.endswith("_")}
    assert header | {"detach", "split", "chunk", "unbind"} == set(torch.operations())  # detach stands among the gradients; the others write a list


@ours
def test_versions_agree():
    text = HEADER.read_text()
    parts = [re.search(rf"BP_VERSION_{part} (\d+)", text)[1] for part in ("MAJOR", "MINOR", "PATCH")]
    assert torch.__version__ == ".".join(parts)


@ours
def test_everything_is_reachable_after_one_import():
    for path in ("nn.functional.relu", "optim.SGD", "autograd.grad", "nn.Linear", "float32", "Tensor", "no_grad", "cuda.is_available"):
        x = torch
        for part in path.split("."):
            x = getattr(x, part)


@ours
def test_stub_and_module_agree():
    stub = (Path(torch.__file__).parent / "_core.pyi").read_text()
    declared = set(re.findall(r"^(?:def|class) (\w+)|^(\w+): ", stub, flags=re.M))
    declared = {a or b for a, b in declared}
    assert [n for n in torch._core.__all__ if n not in declared] == []
    methods = set(re.findall(r"^    def (\w+)\(", stub, flags=re.M))
    ignored = {"__reduce_ex__", "__format__", "__deepcopy__"}
    own = {n for n in vars(torch.Tensor) if not n.startswith("_") or n in ("__getitem__", "__matmul__")}
    assert own - methods - set(re.findall(r"^    (\w+): ", stub, flags=re.M)) - ignored == set()
