"""Memory for time: parts of a network that keep their inputs only, and are computed again in the backward pass.

    >>> from backprop.utils.checkpoint import checkpoint
    >>> block = backprop.nn.Sequential(backprop.nn.Linear(4, 64), backprop.nn.Tanh(), backprop.nn.Linear(64, 1))
    >>> x = backprop.ones(2, 4, requires_grad=True)
    >>> checkpoint(block, x, use_reentrant=False).sum().backward()
    >>> x.grad.shape, block[0].weight.grad.shape
    (backprop.Size([2, 4]), backprop.Size([64, 4]))
"""

from .. import _core
from .._core import Tensor

__all__ = ["checkpoint", "checkpoint_sequential"]


def checkpoint(function, *args, use_reentrant=None, context_fn=None, determinism_check="default", debug=False, preserve_rng_state=True, **kwargs):
    """function(*args, **kwargs), a Tensor or a tuple of them, of which only the tensors among args are kept. In the backward pass function runs
    again, with the same random numbers; gradients are those of the plain computation bit for bit, also of parameters it uses. The other
    options are PyTorch's and change nothing."""
    places = [i for i, a in enumerate(args) if isinstance(a, Tensor)]
    shape = []

    def run(*tensors):
        given = list(args)
        for i, t in zip(places, tensors):
            given[i] = t
        result = function(*given, **kwargs)
        items = result if isinstance(result, (tuple, list)) else (result,)
        for i, t in enumerate(items):
            if not isinstance(t, Tensor):
                raise TypeError(f"checkpoint: the function must return Tensors, but result {i} is {type(t).__name__}")
        shape[:] = [isinstance(result, (tuple, list)), len(items)]
        return tuple(items)

    if not _core.is_grad_enabled():
        items = run(*(args[i] for i in places))
        return items if shape[0] else items[0]
    results = _core._checkpoint(run, [args[i] for i in places])
    return results if shape[0] else results[0]


def checkpoint_sequential(functions, segments, input, use_reentrant=None, preserve_rng_state=True, **kwargs):
    """functions (a Sequential or a list), one after the other, in segments of about equal length, each checkpointed but the last."""
    functions = list(functions.children() if hasattr(functions, "children") else functions)
    if not 1 <= segments <= max(len(functions), 1):
        raise ValueError(f"checkpoint_sequential: segments must lie in 1 … {len(functions)}, it is {segments}")
    length = len(functions) // segments

    def part(start, end):
        def run(x):
            for f in functions[start:end]:
                x = f(x)
            return x

        return run

    end = 0
    for k in range(segments - 1):
        input = checkpoint(part(end, end + length), input)
        end += length
    return part(end, len(functions))(input)
