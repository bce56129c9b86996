"""Replays PyTorch's own sample inputs against backprop: values and gradients, operation by operation.

    python Tests/op_db/replay.py                      every differentiable operation of PyTorch's op_db, float32 and float64
    python Tests/op_db/replay.py softmax linalg.      those whose name is or begins with one of these
    python Tests/op_db/replay.py --verbose softmax    prints what failed

Needs an installed PyTorch (and expecttest, NumPy), which is the oracle: each sample is computed by both, with the same seed for the
backward pass. An operation is
  passed       every sample agrees, apart from those that exceptions.py lists with a reason,
  failed       some sample differs or was refused,
  unsupported  backprop has no operation of that name, or exceptions.py says why it never will.
"""

import argparse
import os
import sys
import warnings
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
warnings.simplefilter("ignore")

import torch
from torch.testing._internal.common_methods_invocations import op_db
from torch.testing._internal.opinfo.core import SampleInput

import backprop

sys.path.insert(0, str(Path(__file__).resolve().parent))
from exceptions import ADAPTERS, ALIASES, CHANGES, LOOSE, SAMPLES, UNSUPPORTED

# |ours − theirs| ≤ atol + rtol·|theirs|; PyTorch's own assert_close uses these.
TOLERANCE = {torch.float32: (1.3e-6, 1e-5), torch.float64: (1e-7, 1e-7)}
DTYPES = {getattr(torch, n): getattr(backprop, n) for n in ("float32", "float64", "int64", "int32", "uint8", "bool", "float16", "bfloat16")}
BACK = {v: k for k, v in DTYPES.items()}


class Unsupported(Exception):
    """A sample that speaks of something backprop has not: complex numbers, sparse tensors, other types."""


def ours_named(name):
    """backprop's operation of that name: a function of the package, or a method of Tensor."""
    owner = backprop
    for part in ALIASES.get(name, name).split("."):
        owner = getattr(owner, part, None)
        if owner is None:
            break
    if owner is None and "." not in name:
        owner = getattr(backprop.Tensor, name, None)
    if isinstance(owner, property) or type(owner).__name__ == "getset_descriptor":
        descriptor = owner
        return lambda x: descriptor.__get__(x)
    return owner


def convert(value, leaves):
    """A sample's argument for backprop. Floating tensors that want a gradient are collected."""
    if isinstance(value, torch.Tensor):
        if value.layout != torch.strided:
            raise Unsupported("sparse tensor")
        if value.dtype not in DTYPES:
            raise Unsupported(str(value.dtype))
        flat = value.detach().resolve_neg().resolve_conj()
        ours = backprop.tensor(flat.tolist(), dtype=DTYPES[value.dtype]) if 0 not in flat.shape else backprop.zeros(tuple(flat.shape), dtype=DTYPES[value.dtype])
        if value.requires_grad:
            ours.requires_grad_(True)
            leaves.append((value, ours))
        return ours
    if isinstance(value, torch.Size):
        return tuple(value)
    if isinstance(value, (list, tuple)):
        items = [convert(v, leaves) for v in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    if isinstance(value, dict):
        return {k: convert(v, leaves) for k, v in value.items()}
    if isinstance(value, torch.dtype):
        if value not in DTYPES:
            raise Unsupported(str(value))
        return DTYPES[value]
    if isinstance(value, (torch.device,)):
        return str(value)
    if isinstance(value, complex):
        raise Unsupported("complex number")
    if isinstance(value, (torch.memory_format, torch.layout)):
        raise Unsupported(str(value))
    if isinstance(value, torch.nn.Module):
        return getattr(backprop.nn, type(value).__name__)()
    if callable(value) and getattr(value, "__module__", "").startswith("torch"):
        return ours_named(f"nn.functional.{value.__name__}") or ours_named(value.__name__) or value
    return value


def tensors(value):
    """The tensors of a result, in order."""
    if isinstance(value, (torch.Tensor, backprop.Tensor)):
        return [value]
    if isinstance(value, (list, tuple)):
        return [t for v in value for t in tensors(v)]
    return []


def as_torch(t):
    if 0 in t.shape:
        return torch.zeros(tuple(t.shape), dtype=BACK[t.dtype])
    return torch.tensor(t.detach().tolist(), dtype=BACK[t.dtype])


def close(what, ours, theirs, tolerance):
    ours = as_torch(ours)
    if tuple(ours.shape) != tuple(theirs.shape):
        return f"{what}: shape {tuple(ours.shape)}, PyTorch {tuple(theirs.shape)}"
    if ours.dtype != theirs.dtype:
        return f"{what}: {ours.dtype}, PyTorch {theirs.dtype}"
    theirs = theirs.detach()
    if not theirs.is_floating_point():
        return None if torch.equal(ours, theirs) else f"{what}: {ours.tolist()}, PyTorch {theirs.tolist()}"
    if torch.allclose(ours, theirs, *tolerance, equal_nan=True):
        return None
    off = (ours - theirs).abs().nan_to_num(float("inf"), float("inf"))
    i = int(off.argmax())
    return f"{what}[{i}]: {ours.reshape(-1)[i].item()!r}, PyTorch {theirs.reshape(-1)[i].item()!r}"


def differentiable(t):
    return isinstance(t, torch.Tensor) and t.is_floating_point() and t.requires_grad


def check(info, function, sample, dtype):
    """None if the sample agrees, otherwise what does not."""
    rtol, atol = TOLERANCE[dtype]
    looser = LOOSE.get(info.name, 1)
    tolerance = (rtol * looser, atol * looser)
    torch.manual_seed(0)
    expected = info.op(sample.input, *sample.args, **sample.kwargs)
    if any(t.is_complex() for t in tensors(expected)):
        raise Unsupported("complex result")
    if any(t.layout != torch.strided for t in tensors(expected)):
        raise Unsupported("sparse result")
    if any(t.dtype not in DTYPES for t in tensors(expected)):
        raise Unsupported("result of a type backprop has not")
    leaves = []
    arguments = convert((sample.input, *sample.args), leaves)
    keywords = convert(sample.kwargs, leaves)
    got = function(*arguments, **keywords)
    # What the sample itself compares: |V| of eigenvectors, whose signs are anybody's, U·Vᴴ of an svd.
    expected, got = sample.output_process_fn_grad(expected), sample.output_process_fn_grad(got)
    theirs, ours = tensors(expected), tensors(got)
    if len(theirs) != len(ours):
        return f"{len(ours)} results, PyTorch {len(theirs)}"
    for i, (o, t) in enumerate(zip(ours, theirs)):
        problem = close(f"result {i}", o, t, tolerance)
        if problem:
            return problem
        if t.requires_grad != bool(o.requires_grad):
            return f"result {i}: requires_grad {o.requires_grad}, PyTorch {t.requires_grad}"
    pairs = [(o, t) for o, t in zip(ours, theirs) if differentiable(t) and t.numel()]
    if not pairs or not leaves:
        return None
    generator = torch.Generator().manual_seed(1)
    seeds = [torch.rand(t.shape, generator=generator, dtype=t.dtype) for _, t in pairs]
    wanted = torch.autograd.grad([t for _, t in pairs], [t for t, _ in leaves], seeds, allow_unused=True)
    total = None
    for (o, _), s in zip(pairs, seeds):
        term = (o * backprop.tensor(s.tolist(), dtype=DTYPES[s.dtype])).sum()
        total = term if total is None else total + term.to(total.dtype)
    given = backprop.autograd.grad(total, [o for _, o in leaves], allow_unused=True)
    for i, (g, w, (t, _)) in enumerate(zip(given, wanted, leaves)):
        if w is None or g is None:
            if (w is not None and w.abs().max() != 0 if w is not None and w.numel() else False) or (g is not None and g.numel() and float(g.abs().max()) != 0):
                return f"gradient {i}: {'none' if g is None else 'some'}, PyTorch {'none' if w is None else 'some'}"
            continue
        problem = close(f"gradient {i}", g, w, tolerance)
        if problem:
            return problem
    return None


def replay(info, verbose):
    """(state, agreed, left out, problems)"""
    reason = UNSUPPORTED.get(info.name)
    function = None if reason else ours_named(info.name)
    if function is None:
        return "unsupported", 0, 0, [reason or "no such operation"]
    function = ADAPTERS.get(f"{info.name} {info.variant_test_name}".strip(), lambda f: f)(function)
    agreed, left, problems = 0, 0, []
    for dtype in (torch.float32, torch.float64):
        torch.manual_seed(0)
        for k, sample in enumerate(info.sample_inputs("cpu", dtype, requires_grad=info.supports_autograd)):
            label = f"{str(dtype)[6:]} sample {k}"
            sample = CHANGES.get(info.name, lambda s: s)(sample)
            excuse = next((r for test, r in SAMPLES.get(info.name, ()) if test(sample)), None)
            if excuse:
                left += 1
                continue
            try:
                problem = check(info, function, sample, dtype)
            except Unsupported:
                left += 1
                continue
            except Exception as error:
                problem = f"{type(error).__name__}: {str(error)[:200]}"
            if problem:
                problems.append(f"{label}: {problem}   {sample.summary()[:300]}")
            else:
                agreed += 1
    if problems:
        return "failed", agreed, left, problems
    return ("passed", agreed, left, []) if agreed else ("unsupported", 0, left, ["every sample speaks of something backprop has not"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="operations, or beginnings of names that end in a dot; default all")
    parser.add_argument("--verbose", action="store_true", help="print every sample that differs")
    parser.add_argument("--quiet", action="store_true", help="print the totals only")
    parser.add_argument("--require", type=int, default=0, help="exit 1 with fewer passed names than this")
    options = parser.parse_args()
    states = {}
    for info in op_db:
        if not (info.supports_autograd and info.supports_dtype(torch.float32, "cpu")):
            continue
        if options.names and not any(info.name == n or n.endswith(".") and info.name.startswith(n) for n in options.names):
            continue
        state, agreed, left, problems = replay(info, options.verbose)
        states.setdefault(info.name, []).append(state)
        name = info.name + (f" ({info.variant_test_name})" if info.variant_test_name else "")
        if not options.quiet:
            count = f"{agreed} samples" + (f", {left} left out" if left else "") + (f", {len(problems)} differ" if state == "failed" else "")
            print(f"{state:12} {name:60} {count if state != 'unsupported' else problems[0]}", flush=True)
        if options.verbose and state == "failed":
            for p in problems:
                print("             ", p)
    # A name with several variants counts as its worst supported one; unsupported variants alone do not fail it.
    def overall(s):
        return "failed" if "failed" in s else "passed" if "passed" in s else "unsupported"

    totals = [overall(s) for s in states.values()]
    print(f"{totals.count('passed')} passed, {totals.count('failed')} failed, {totals.count('unsupported')} unsupported of {len(totals)} names")
    failed = [n for n, s in states.items() if overall(s) == "failed"]
    return 1 if failed or totals.count("passed") < options.require else 0


if __name__ == "__main__":
    sys.exit(main())
