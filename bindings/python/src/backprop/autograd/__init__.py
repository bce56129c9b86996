"""Gradients as values, and the check that they are right."""

from .. import _core
from .._core import Tensor
from .._grad_mode import enable_grad, no_grad, set_grad_enabled

__all__ = ["GradcheckError", "backward", "enable_grad", "grad", "gradcheck", "gradgradcheck", "no_grad", "set_grad_enabled"]


def _tuple(x):
    return (x,) if x is None or isinstance(x, Tensor) else tuple(x)


def grad(outputs, inputs, grad_outputs=None, retain_graph=None, create_graph=False, allow_unused=None):
    """d outputs / d inputs, without touching any .grad. Several outputs are summed, each weighted by its grad_outputs.

    With create_graph the result can be differentiated again. An input that plays no part is an error unless allow_unused,
    when its gradient is None.
    """
    outputs, inputs = _tuple(outputs), _tuple(inputs)
    seeds = (None,) * len(outputs) if grad_outputs is None else _tuple(grad_outputs)
    if len(seeds) != len(outputs):
        raise RuntimeError(f"grad: {len(outputs)} outputs, but {len(seeds)} grad_outputs")
    if not outputs:
        raise ValueError("grad requires non-empty outputs")
    if not inputs:
        raise ValueError("grad requires non-empty inputs")
    if retain_graph is None:
        retain_graph = create_graph
    if len(outputs) == 1:
        output, seed = outputs[0], seeds[0]
    else:
        output, seed = _weighted_sum(outputs, seeds), None
    return _core._grad(output, inputs, seed, retain_graph, create_graph, bool(allow_unused))


def _weighted_sum(outputs, seeds):
    total = None
    for output, seed in zip(outputs, seeds):
        if seed is None and output.numel() != 1:
            raise RuntimeError("grad can be implicitly created only for scalar outputs")
        part = output.sum() if seed is None else (output * seed).sum()
        total = part if total is None else total + part
    return total


def backward(tensors, grad_tensors=None, retain_graph=None, create_graph=False):
    """Adds the gradients of several tensors, each weighted by its grad_tensors, to the leaves' .grad."""
    tensors = _tuple(tensors)
    seeds = (None,) * len(tensors) if grad_tensors is None else _tuple(grad_tensors)
    if len(seeds) != len(tensors):
        raise RuntimeError(f"backward: {len(tensors)} tensors, but {len(seeds)} grad_tensors")
    if len(tensors) == 1:
        tensors[0].backward(seeds[0], retain_graph, create_graph)
    else:
        _weighted_sum(tensors, seeds).backward(None, retain_graph, create_graph)


class GradcheckError(RuntimeError):
    """An analytic gradient that does not agree with central differences."""


def _check(func, inputs, eps, atol, rtol, raise_exception, second_order):
    inputs = _tuple(inputs)
    if not any(isinstance(x, Tensor) and x.requires_grad for x in inputs):
        raise ValueError("gradcheck expects at least one input tensor that requires gradient")
    sentence = _core._gradcheck(func, inputs, eps, atol, rtol, second_order)
    if sentence and raise_exception:
        raise GradcheckError(sentence)
    return sentence is None


def gradcheck(func, inputs, *, eps=1e-06, atol=1e-05, rtol=0.001, raise_exception=True):
    """Whether func's gradients agree with (f(x+ε) − f(x−ε)) / 2ε. Inputs that require gradients must be float64."""
    return _check(func, inputs, eps, atol, rtol, raise_exception, False)


def gradgradcheck(func, inputs, *, eps=1e-06, atol=1e-05, rtol=0.001, raise_exception=True):
    """As gradcheck, for the gradient and the gradient of the gradient."""
    return _check(func, inputs, eps, atol, rtol, raise_exception, True)
