"""Derivatives of functions at a point: vjp, jvp, jacobian, hessian and their products with vectors.

    >>> from backprop.autograd.functional import jacobian
    >>> jacobian(lambda x: x ** 2, backprop.tensor([1., 2.]))
    tensor([[2., 0.],
            [0., 4.]])

create_graph: the result can be differentiated again. strict: RuntimeError where a result does not depend on an input.
"""

from .. import _core
from .._core import Tensor, is_grad_enabled
from .._grad_mode import enable_grad
from . import grad

__all__ = ["vjp", "jvp", "jacobian", "hessian", "hvp", "vhp"]


def _tuple(x, what, name):
    if isinstance(x, Tensor):
        return (x,)
    x = tuple(x)
    for i, t in enumerate(x):
        if not isinstance(t, Tensor):
            raise TypeError(f"{name}: {what} must be Tensors, but number {i} is {type(t).__name__}")
    return x


def _like(result, given):
    return result if isinstance(given, (tuple, list)) else result[0]


def _run(name, func, inputs, create_graph):
    """Inputs cut from their history (unless that is wanted) and what func makes of them."""
    xs = _tuple(inputs, "inputs", name)
    with enable_grad():
        xs = tuple(x.view_as(x) if create_graph and x.requires_grad else x.detach().requires_grad_(True) for x in xs)
        out = func(*xs)
    return xs, out, _tuple(out, "the function's results", name)


def _missing(name, g, x, strict, what):
    if g is None and strict:
        raise RuntimeError(f"{name}: {what} is independent of an input of shape {tuple(x.shape)}; with strict=False zeros stand for it")
    return _core.zeros_like(x) if g is None else g


def _check(name, vectors, to, what):
    vectors = _tuple(vectors, "v", name)
    if len(vectors) != len(to):
        raise RuntimeError(f"{name}: {len(vectors)} vectors, but {len(to)} {what}")
    for i, (v, t) in enumerate(zip(vectors, to)):
        if v.shape != t.shape:
            raise RuntimeError(f"{name}: v[{i}] has shape {tuple(v.shape)}, wanted {tuple(t.shape)}")
    return vectors


def _cut(result, create_graph):
    if create_graph:
        return result
    return tuple(_cut(r, False) for r in result) if isinstance(result, tuple) else result.detach()


def vjp(func, inputs, v=None, create_graph=False, strict=False):
    """(func(inputs), vᵀ·J): the gradient of func weighted by v, which has the shape of the result (not needed for one number)."""
    xs, out, ys = _run("vjp", func, inputs, create_graph)
    if v is None:
        if len(ys) != 1 or ys[0].numel() != 1:
            raise RuntimeError("vjp: the vector v can only be left out where the function gives one number")
        v = _core.ones_like(ys[0])
    vs = _check("vjp", v, ys, "results")
    live = [(y, w) for y, w in zip(ys, vs) if y.requires_grad]
    if not live:
        gradients = [None] * len(xs)
    else:
        with enable_grad():
            gradients = grad([y for y, _ in live], xs, [w for _, w in live], create_graph=create_graph, allow_unused=True)
    result = tuple(_missing("vjp", g, x, strict, "the result") for g, x in zip(gradients, xs))
    return _cut(_like(ys, out), create_graph), _cut(_like(result, inputs), create_graph)


def jvp(func, inputs, v=None, create_graph=False, strict=False):
    """(func(inputs), J·v): the derivative of func in the direction v, which has the shape of the inputs."""
    xs, out, ys = _run("jvp", func, inputs, create_graph)
    if v is None:
        if len(xs) != 1 or xs[0].numel() != 1:
            raise RuntimeError("jvp: the vector v can only be left out where the input is one number")
        v = _core.ones_like(xs[0])
    vs = _check("jvp", v, xs, "inputs")
    result = tuple(_core._jvp(y, xs, vs, create_graph) if y.requires_grad else _missing("jvp", None, y, strict, "a result") for y in ys)
    return _cut(_like(ys, out), create_graph), _cut(_like(result, out), create_graph)


def jacobian(func, inputs, create_graph=False, strict=False, vectorize=False, strategy="reverse-mode"):
    """Every result element by every input element: [result's shape.., input's shape..]; tuples of them for several. vectorize and strategy
    are accepted and change nothing."""
    xs, out, ys = _run("jacobian", func, inputs, create_graph)

    def one(y, x):
        if not y.requires_grad:
            _missing("jacobian", None, x, strict, "the result")
            return _core.zeros((*y.shape, *x.shape), dtype=x.dtype)
        return _core._jacobian(y, x, create_graph)

    table = tuple(_like(tuple(one(y, x) for x in xs), inputs) for y in ys)
    return _cut(_like(table, out), create_graph)


def hessian(func, inputs, create_graph=False, strict=False, vectorize=False, outer_jacobian_strategy="reverse-mode"):
    """Second derivatives of a function with one number as its result: [input's shape.., input's shape..]; a table for several inputs."""

    def gradient(*xs):
        y = func(*xs)
        if not isinstance(y, Tensor) or y.numel() != 1:
            raise RuntimeError("hessian: the function must give one number")
        gradients = grad(y, xs, create_graph=True, allow_unused=True) if y.requires_grad else [None] * len(xs)
        return tuple(_missing("hessian", g, x, strict, "the result") for g, x in zip(gradients, xs))

    table = jacobian(gradient, _tuple(inputs, "inputs", "hessian"), create_graph, False)
    return table if isinstance(inputs, (tuple, list)) else table[0][0]


def _second(name, func, inputs, v, create_graph, strict):
    xs, out, ys = _run(name, func, inputs, create_graph)
    if len(ys) != 1 or ys[0].numel() != 1:
        raise RuntimeError(f"{name}: the function must give one number")
    if v is None:
        if len(xs) != 1 or xs[0].numel() != 1:
            raise RuntimeError(f"{name}: the vector v can only be left out where the input is one number")
        v = _core.ones_like(xs[0])
    vs = _check(name, v, xs, "inputs")
    with enable_grad():
        first = grad(ys[0], xs, create_graph=True, allow_unused=True) if ys[0].requires_grad else [None] * len(xs)
        total = sum(((g * w).sum() for g, w in zip(first, vs) if g is not None and g.requires_grad), _core.zeros(()))
        second = grad(total, xs, create_graph=create_graph, allow_unused=True) if total.requires_grad else [None] * len(xs)
    result = tuple(_missing(name, g, x, strict, "the gradient") for g, x in zip(second, xs))
    return _cut(_like(ys, out), create_graph), _cut(_like(result, inputs), create_graph)


def hvp(func, inputs, v=None, create_graph=False, strict=False):
    """(func(inputs), H·v)."""
    return _second("hvp", func, inputs, v, create_graph, strict)


def vhp(func, inputs, v=None, create_graph=False, strict=False):
    """(func(inputs), vᵀ·H), the same numbers: H is symmetric."""
    return _second("vhp", func, inputs, v, create_graph, strict)
