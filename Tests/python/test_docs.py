"""Documentation inside the package: every public name explains itself, its examples give the numbers they show, its signature is PyTorch's."""

import ast
import doctest
import importlib
import inspect
import pathlib
import pkgutil
import pydoc
import types

import pytest

from engine import ours, run, torch

SIGNATURES = pathlib.Path(__file__).with_name("signatures.txt").read_text().splitlines()


def modules():
    """The package and every module in it whose path has no underscore."""
    names = [torch.__name__]
    for info in pkgutil.walk_packages(torch.__path__, torch.__name__ + "."):
        if not any(part.startswith("_") for part in info.name.split(".")):
            names.append(info.name)
    return names


def public(module):
    """(name, object) of what a module offers: what it lists, and what it has that is the package's own."""
    names = {name for name in dir(module) if not name.startswith("_")} | {n for n in getattr(module, "__all__", ()) if hasattr(module, n)}
    for name in sorted(names):
        thing = getattr(module, name)
        if callable(thing) and not isinstance(thing, types.ModuleType) and (getattr(thing, "__module__", None) or "backprop").startswith("backprop"):
            yield name, thing


def own_text(thing):
    return vars(thing).get("__doc__") if isinstance(thing, type) else getattr(thing, "__doc__", None)


def attributes(kind):
    """(name, object) of a class's own methods and properties."""
    for name in vars(kind):
        if name.startswith("_"):
            continue
        static = inspect.getattr_static(kind, name)
        if callable(static) or isinstance(static, (property, staticmethod, classmethod, types.GetSetDescriptorType)) or hasattr(static, "__get__"):
            yield name, getattr(kind, name)


@ours
@pytest.mark.parametrize("path", modules() if torch.__name__ == "backprop" else [])
def test_every_public_name_has_a_text(path):
    module = importlib.import_module(path)
    assert module.__doc__ and len(module.__doc__) > 20, path
    silent = []
    for name, thing in public(module):
        text = own_text(thing)
        if not text or len(text) < 8:
            silent.append(name)
        if isinstance(thing, type):
            silent += [f"{name}.{attribute}" for attribute, value in attributes(thing) if not inspect.getdoc(value)]
    assert not silent


@ours
def test_every_operation_of_the_core_has_a_text_beyond_its_signature():
    core = importlib.import_module("backprop._core")
    silent = [name for name in dir(core) if not name.startswith("__") and callable(getattr(core, name)) and not isinstance(getattr(core, name), type)
              and len(getattr(core, name).__doc__ or "") < 8]
    silent += ["Tensor." + name for name in dir(torch.Tensor) if not name.startswith("__") and len(inspect.getdoc(getattr(torch.Tensor, name)) or "") < 8]
    assert not silent


@ours
@pytest.mark.parametrize("path", modules() if torch.__name__ == "backprop" else [])
def test_every_function_has_a_signature(path):
    for name, thing in public(importlib.import_module(path)):
        if not isinstance(thing, type):
            inspect.signature(thing)
        else:
            for attribute, value in attributes(thing):
                if callable(value) and not isinstance(value, (type, property)):
                    inspect.signature(value)


@ours
def test_methods_are_signed_without_the_tensor_itself():
    x = torch.ones(2)
    assert str(inspect.signature(torch.add)) == "(input, other, *, alpha=1)"
    assert str(inspect.signature(x.add)) == "(other, *, alpha=1)"
    assert str(inspect.signature(x.clamp_)) == "(min=None, max=None)"
    assert list(inspect.signature(torch.Tensor.add).parameters) == ["self", "other", "alpha"]
    assert str(inspect.signature(torch.zeros)).startswith("(*size, ")
    assert torch.Tensor.clamp_.__doc__.startswith("clamp() in place")
    assert list(inspect.signature(x.quantile).parameters)[:2] == ["q", "dim"] and "quantiles" in x.quantile.__doc__


@pytest.mark.parametrize("text", SIGNATURES)
def test_names_and_defaults_of_arguments(text):
    path, _, expected = text.partition("(")
    thing = torch
    for part in path.split("."):
        if isinstance(thing, types.ModuleType) and not hasattr(thing, part):
            importlib.import_module(f"{thing.__name__}.{part}")
        thing = getattr(thing, part)
    parts = []
    for p in inspect.signature(thing).parameters.values():
        star = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
        plain = isinstance(p.default, (int, float, str, tuple, type(None)))
        parts.append(star + p.name + (f"={p.default!r}" if plain else ""))
    assert same(parts, expected[:-1]), ", ".join(parts)


def same(parts, expected):
    """Whether "name=default" are those expected, defaults compared as values: 1e-05 is 1e-5."""
    def values(text):
        call = ast.parse(f"f({text})").body[0].value
        return [ast.unparse(a) for a in call.args], {k.arg or "**" + ast.unparse(k.value): k.arg and ast.literal_eval(k.value) for k in call.keywords}

    given = values(", ".join(sorted(parts, key=lambda p: "=" in p)))
    wanted = values(", ".join(sorted(split(expected), key=lambda p: "=" in p)))
    return given == wanted and [p.partition("=")[0] for p in parts] == [p.partition("=")[0] for p in split(expected)]


def split(arguments):
    """At the commas outside parentheses."""
    parts, depth = [""], 0
    for c in arguments:
        depth += (c in "([") - (c in ")]")
        if c == "," and not depth:
            parts.append("")
        else:
            parts[-1] += c
    return [p.strip() for p in parts if p.strip()]


KEYWORDS = """
add(input=x, other=x, alpha=2); sub(input=x, other=x, alpha=2); div(input=x, other=x, rounding_mode="floor"); pow(input=x, exponent=2)
sum(input=x, dim=0, keepdim=True); mean(input=x, dim=0, keepdim=True); max(input=x, dim=0, keepdim=True); argmax(input=x, dim=0, keepdim=True)
var(input=x, dim=0, correction=0, keepdim=True); norm(input=x, p=1, dim=0, keepdim=True); logsumexp(input=x, dim=0, keepdim=True)
cumsum(input=x, dim=0); sort(input=x, dim=0, descending=True); topk(input=x, k=1, dim=0, largest=True, sorted=True); unique(input=x, sorted=True)
clamp(input=x, min=0, max=1); where(condition=x > 0, input=x, other=x); lerp(input=x, end=x, weight=0.5); round(input=x, decimals=1)
matmul(input=x, other=x); mm(input=x, mat2=x); bmm(input=x[None], mat2=x[None]); addmm(input=x, mat1=x, mat2=x, beta=1, alpha=1)
cat(tensors=[x, x], dim=0); stack(tensors=[x, x], dim=0); split(tensor=x, split_size_or_sections=1, dim=0); chunk(input=x, chunks=2, dim=0)
transpose(input=x, dim0=0, dim1=1); flatten(input=x, start_dim=0, end_dim=-1); squeeze(input=x, dim=0); unsqueeze(input=x, dim=0); reshape(input=x, shape=(4,))
permute(input=x, dims=(1, 0)); flip(input=x, dims=(0,)); roll(input=x, shifts=1, dims=0); tril(input=x, diagonal=0); movedim(input=x, source=0, destination=1)
gather(input=x, dim=0, index=i); scatter(input=x, dim=0, index=i, src=x); index_select(input=x, dim=0, index=i[0]); masked_fill(input=x, mask=x > 0, value=1)
zeros(size=(2,)); full(size=(2,), fill_value=1); arange(start=0, end=4, step=2); linspace(start=0, end=1, steps=3); eye(n=2, m=3)
randint(low=0, high=3, size=(2,)); zeros_like(input=x); tensor(data=[1.0], requires_grad=True); softmax(input=x, dim=0); einsum("ij->ji", x)
nn.functional.cross_entropy(input=x, target=i[0], reduction="sum", label_smoothing=0.1); nn.functional.dropout(input=x, p=0.5, training=False)
"""


@pytest.mark.parametrize("call", [call.strip() for call in KEYWORDS.replace("\n", ";").split(";") if call.strip()])
def test_arguments_of_builtins_by_name(call):
    eval("torch." + call, {"torch": torch, "x": torch.tensor([[1.0, 2.0], [3.0, 4.0]]), "i": torch.tensor([[0, 1], [1, 0]])})


# Examples


@ours
def test_examples_give_the_numbers_they_show():
    seen, tried, finder = set(), 0, doctest.DocTestParser()
    runner = doctest.DocTestRunner(verbose=False)
    texts = [("backprop", torch.__doc__)]
    for path in modules() + ["backprop._core"]:
        module = importlib.import_module(path)
        texts.append((path, module.__doc__))
        for name, thing in public(module):
            texts.append((f"{path}.{name}", own_text(thing)))
            if isinstance(thing, type):
                texts += [(f"{path}.{name}.{attribute}", inspect.getdoc(value)) for attribute, value in attributes(thing)]
    for name, text in texts:
        if text and ">>>" in text and text not in seen:
            seen.add(text)
            output = []
            runner.run(finder.get_doctest(text, {"backprop": torch}, name, None, 0), out=output.append)
            assert not runner.failures, "".join(output)
            tried += 1
    assert tried > 25


@ours
def test_help_of_the_package_teaches():
    text = pydoc.plain(pydoc.render_doc(torch))
    start = text[:6000]
    for word in ("loss.backward()", "opt.step()", "opt.zero_grad()", "nn, nn.functional", "optim", "utils.data", "autograd", "no_grad", "differs from PyTorch"):
        assert word in start, word
    for path in ("nn", "optim", "autograd", "func", "linalg"):
        assert ">>>" in pydoc.plain(pydoc.render_doc(importlib.import_module("backprop." + path))), path


@ours
@pytest.mark.parametrize("path", modules() if torch.__name__ == "backprop" else [])
def test_help_of_every_module_is_made(path):
    assert len(pydoc.render_doc(importlib.import_module(path))) > 200


@ours
def test_pydoc_of_one_operation():
    out, _ = run("    import pydoc; print(pydoc.plain(pydoc.render_doc('backprop.sum')))")
    assert "sum(input, dim=None, keepdim=False, *, dtype=None)" in out and "keepdim=True leaves them with size 1" in out


@ours
def test_texts_do_not_weigh_on_the_import():
    out, _ = run("""
    import sys, time
    before = time.perf_counter()
    import backprop
    print(time.perf_counter() - before, sorted(m for m in sys.modules if m in ("inspect", "typing", "functools", "backprop.nn")))""")
    seconds, _, loaded = out.partition(" ")
    assert float(seconds) < 0.1 and eval(loaded) == []
