"""Gradients as values, operations of one's own, and the check that they are right.

    >>> from backprop import autograd
    >>> x = backprop.tensor(3.0, requires_grad=True)
    >>> y = x ** 3
    >>> g, = autograd.grad(y, x, create_graph=True)    # 3·x², itself recorded
    >>> g.item()
    27.0
    >>> autograd.grad(g, x)                            # 6·x
    (tensor(18.),)

backward() adds to .grad as Tensor.backward() does, grad() returns gradients and leaves .grad alone. Function is the
base of operations with a backward of their own; gradcheck() compares gradients with differences. autograd.functional
has Jacobians and Hessians at a point, backprop.func functions that make functions.
"""

from .. import _core
from .._core import Tensor
from .._grad_mode import enable_grad, inference_mode, no_grad, set_grad_enabled

__all__ = ["Function", "GradcheckError", "Variable", "backward", "detect_anomaly", "enable_grad", "functional", "grad", "gradcheck",
           "gradgradcheck", "inference_mode", "no_grad", "set_detect_anomaly", "set_grad_enabled"]


def __getattr__(name):
    if name in ("functional", "function"):
        return __import__("importlib").import_module(f"{__name__}.{name}")
    if name in ("Variable", "detect_anomaly", "set_detect_anomaly"):
        from . import _older

        return getattr(_older, name)
    if name == "Function":
        from .function import Function

        return Function
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


def _tuple(x):
    return (x,) if x is None or isinstance(x, Tensor) else tuple(x)


def grad(outputs, inputs, grad_outputs=None, retain_graph=None, create_graph=False, only_inputs=True, allow_unused=None,
         is_grads_batched=False, materialize_grads=False):
    """d outputs / d inputs, without touching any .grad. Several outputs are summed, each weighted by its grad_outputs.

    With create_graph the result can be differentiated again. An input that plays no part is an error unless allow_unused,
    when its gradient is None, or materialize_grads, when it is zeros. only_inputs is what always happens: no other .grad is touched.
    """
    if is_grads_batched:
        raise ValueError("grad: is_grads_batched is not there; call grad for each of the grad_outputs")
    if materialize_grads and allow_unused is False:
        raise ValueError("Expected allow_unused to be True or not passed when materialize_grads=True, but got: allow_unused=False.")
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
    gradients = _core._grad(output, inputs, seed, retain_graph, create_graph, bool(allow_unused) or materialize_grads)
    if materialize_grads:
        return tuple(_core.zeros_like(x) if g is None else g for g, x in zip(gradients, inputs))
    return gradients


def _weighted_sum(outputs, seeds):
    total = None
    for output, seed in zip(outputs, seeds):
        if seed is None and output.numel() != 1:
            raise RuntimeError("grad can be implicitly created only for scalar outputs")
        part = output.sum() if seed is None else (output * seed).sum()
        total = part if total is None else total + part
    return total


def backward(tensors, grad_tensors=None, retain_graph=None, create_graph=False, inputs=None):
    """Adds the gradients of several tensors, each weighted by its grad_tensors, to the .grad of the leaves, or of inputs alone."""
    tensors = _tuple(tensors)
    seeds = (None,) * len(tensors) if grad_tensors is None else _tuple(grad_tensors)
    if len(seeds) != len(tensors):
        raise RuntimeError(f"backward: {len(tensors)} tensors, but {len(seeds)} grad_tensors")
    if len(tensors) == 1:
        tensors[0].backward(seeds[0], retain_graph, create_graph, inputs)
    else:
        _weighted_sum(tensors, seeds).backward(None, retain_graph, create_graph, inputs)


class GradcheckError(RuntimeError):
    """An analytic gradient that does not agree with central differences."""


def _check(func, inputs, eps, atol, rtol, raise_exception, second_order):
    inputs = _tuple(inputs)
    if not any(isinstance(x, Tensor) and x.requires_grad for x in inputs):
        raise ValueError("gradcheck expects at least one input tensor that requires gradient")

    def one(*xs):
        result = func(*xs)
        if not isinstance(result, (tuple, list)):
            return result
        parts = [y.reshape(-1) for y in result if y.is_floating_point()]
        return _core.cat(parts) if parts else _core.zeros(0, dtype=_core.float64)

    sentence = _core._gradcheck(one, inputs, eps, atol, rtol, second_order)
    if sentence and raise_exception:
        raise GradcheckError(sentence)
    return sentence is None


def gradcheck(func, inputs, *, eps=1e-06, atol=1e-05, rtol=0.001, raise_exception=True):
    """Whether func's gradients agree with (f(x+ε) − f(x−ε)) / 2ε. Inputs that require gradients must be float64.

        >>> x = backprop.tensor([0.5, 2.0], dtype=backprop.float64, requires_grad=True)
        >>> backprop.autograd.gradcheck(lambda x: x.sin() * x, (x,))
        True
    """
    return _check(func, inputs, eps, atol, rtol, raise_exception, False)


def gradgradcheck(func, inputs, *, eps=1e-06, atol=1e-05, rtol=0.001, raise_exception=True):
    """As gradcheck, for the gradient and the gradient of the gradient."""
    return _check(func, inputs, eps, atol, rtol, raise_exception, True)
