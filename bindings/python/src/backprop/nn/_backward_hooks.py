"""Hooks of modules on the way back: the identity around what goes in and around what comes out, whose gradients the hooks see."""

import warnings

from .. import _core
from .._core import Tensor
from ..autograd.function import Function


class _Identity(Function):
    """The same tensors; backward, the gradients as change(gradients, came) gives them. came: places of those that a gradient reached."""

    @staticmethod
    def forward(ctx, change, came, *tensors):
        ctx.change, ctx.came = change, came
        return tuple(t.detach() for t in tensors)

    @staticmethod
    def backward(ctx, *gradients):
        came = set(ctx.came)
        ctx.came.clear()
        return None, None, *ctx.change(gradients, came)


def _through(values, change):
    """The values, those that require a gradient passed through the identity, and their places; None for places if there are none."""
    places = [i for i, v in enumerate(values) if isinstance(v, Tensor) and v.requires_grad] if _core.is_grad_enabled() else []
    if not places:
        return values, None
    came = set()
    new = list(values)
    for k, (i, t) in enumerate(zip(places, _Identity.apply(change, came, *(values[i] for i in places)))):
        t._register_hook(lambda g, k=k: came.add(k))
        new[i] = t
    return (tuple(new) if type(values) is tuple else type(values)(*new)), places


def _spread(places, gradients, count):
    """Gradients at their places among None."""
    all_ = [None] * count
    for i, g in zip(places, gradients):
        all_[i] = g
    return tuple(all_)


class BackwardHooks:
    """The hooks of one call of a module: inputs(args) before forward, outputs(result) after it."""

    def __init__(self, module, entries):
        self.module = module
        self.hooks = [hook for hook, before, _ in entries if not before]
        self.pre_hooks = [hook for hook, before, _ in entries if before]
        self.grad_outputs = None

    def inputs(self, args):
        """The arguments, their tensors behind a node that sees their gradients."""
        self.input_count = len(args)
        self.fixed = {i: (tuple(a.shape), a.dtype) for i, a in enumerate(args) if isinstance(a, Tensor) and not a.requires_grad}
        args, self.input_places = _through(args, self._inputs_done)
        return args

    def _inputs_done(self, gradients, _):
        if self.grad_outputs is None:  # it did not come through the output
            return gradients
        result = list(_spread(self.input_places, gradients, self.input_count))
        for i, (shape, dtype) in self.fixed.items():  # PyTorch's zeros for tensors without a gradient
            result[i] = _core.zeros(shape, dtype=dtype)
        result = tuple(result)
        for hook in self.hooks:
            new = hook(self.module, result, self.grad_outputs)
            if new is not None:
                if len(new) != len(result):
                    raise RuntimeError(f"Backward hook returned an invalid number of grad_input, got {len(new)}, but expected {len(result)}")
                result = new
        self.grad_outputs = None
        return tuple(result[i] for i in self.input_places)

    def outputs(self, result):
        """The output, its tensors behind a node that sees their gradients first."""
        if not isinstance(result, (Tensor, tuple)):
            warnings.warn(f"For backward hooks to be called, module output should be a Tensor or a tuple of Tensors but received {type(result)}",
                          stacklevel=4)
            return result
        values = result if isinstance(result, tuple) else (result,)
        self.output_count = len(values)
        values, self.output_places = _through(values, self._outputs_done)
        return values if isinstance(result, tuple) else values[0]

    def _outputs_done(self, gradients, came):
        result = _spread(self.output_places, [g if k in came else None for k, g in enumerate(gradients)], self.output_count)
        for hook in self.pre_hooks:
            new = hook(self.module, result)
            if new is not None:
                if len(new) != len(result):
                    raise RuntimeError(f"Backward pre hook returned an invalid number of grad_output, got {len(new)}, but expected {len(result)}")
                result = new
        if self.input_places is not None:
            self.grad_outputs = result
        elif self.hooks:  # no input whose gradient would come later
            warnings.warn("Full backward hook is firing when gradients are computed with respect to module outputs since no inputs require gradients.",
                          stacklevel=2)
            for hook in self.hooks:
                new = hook(self.module, (None,) * self.input_count, result)
                if new is not None and not (isinstance(new, tuple) and all(g is None for g in new)):
                    raise RuntimeError("Backward hook for Modules where no input requires gradient should always return None or None for all gradients.")
        return tuple(result[i] for i in self.output_places)
