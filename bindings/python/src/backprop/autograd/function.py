"""Operations of one's own: a forward computation and the gradient that belongs to it."""

from .. import _core
from .._core import Tensor
from .._grad_mode import no_grad

__all__ = ["Function", "FunctionCtx", "once_differentiable"]


class FunctionCtx:
    """What forward leaves for backward: tensors by save_for_backward, anything else as an attribute."""

    needs_input_grad = ()
    materialize_grads = True

    def __init__(self):
        self._saved = ()
        self._fixed = ()
        self._outputs = ()

    def save_for_backward(self, *tensors):
        """Keeps inputs, outputs or intermediate results; None may stand among them."""
        for t in tensors:
            if t is not None and not isinstance(t, Tensor):
                raise TypeError(f"save_for_backward can only save Tensors, not {type(t).__name__}: keep it as an attribute of ctx")
        self._saved = tensors

    @property
    def saved_tensors(self):
        """What save_for_backward kept. A tensor changed in place since is an error."""
        found = []
        for place, kept, version in self._kept:
            if place is not None:
                kept = self._outputs[place]
            elif kept is not None and kept._version != version:
                raise RuntimeError(f"one of the tensors saved by {self._name}, of shape {tuple(kept.shape)}, was changed in place since")
            found.append(kept)
        return tuple(found)

    def mark_non_differentiable(self, *outputs):
        """No gradient flows into these outputs."""
        self._fixed = outputs

    def mark_dirty(self, *inputs):
        """Says that forward changed these inputs in place: a RuntimeError, for an operation must return new tensors."""
        raise RuntimeError("mark_dirty: a custom operation cannot change its inputs in place; return new tensors")

    def set_materialize_grads(self, value):
        """Accepted: gradients that nothing came for are always zeros."""
        self.materialize_grads = bool(value)

    def _keep(self, outputs):
        """Replaces saved outputs by their places: holding them here would keep the graph alive for ever."""
        places = {id(t): i for i, t in enumerate(outputs)}
        self._kept = [(None, None, 0) if t is None else (places[id(t)], None, 0) if id(t) in places else (None, t, t._version) for t in self._saved]
        self._saved = ()
        return any(place is not None for place, _, _ in self._kept)


class Function:
    """Base of custom operations: static methods forward and backward, called by apply.

        >>> from backprop.autograd import Function
        >>> class Cube(Function):
        ...     @staticmethod
        ...     def forward(ctx, x):
        ...         ctx.save_for_backward(x)
        ...         return x ** 3
        ...     @staticmethod
        ...     def backward(ctx, g):
        ...         x, = ctx.saved_tensors
        ...         return g * 3 * x ** 2
        >>> x = backprop.tensor([1., 2.], requires_grad=True)
        >>> Cube.apply(x).sum().backward()
        >>> x.grad
        tensor([ 3., 12.])

    forward runs without recording. backward gets one gradient for each output and returns one for each argument of
    forward (None for what is no tensor); written in differentiable operations, it can be differentiated again. As in
    PyTorch, forward may also be written without ctx, beside a static method setup_context(ctx, inputs, output).
    """

    @staticmethod
    def forward(*args, **kwargs):
        """forward(ctx, *args): computes the result, a tensor or a tuple, without being recorded; subclasses define it."""
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def setup_context(ctx, inputs, output):
        """What forward would do with ctx, where it is written without one: apply looks whether a subclass defines it."""
        raise RuntimeError("setup_context belongs to a Function whose forward takes no ctx; this one does not define it")

    @staticmethod
    def backward(ctx, *grad_outputs):
        """backward(ctx, *grad_outputs): one gradient for each argument of forward, None for what has none; subclasses define it."""
        raise NotImplementedError("You must implement either the backward or vjp method for your custom autograd.Function to use it with backward mode AD.")

    vjp = backward

    @classmethod
    def apply(cls, *args, **kwargs):
        """Runs forward and joins its result to the graph: what a caller uses."""
        ctx = FunctionCtx()
        ctx._name = cls.__name__
        ctx.needs_input_grad = tuple(isinstance(a, Tensor) and a.requires_grad for a in args)
        with no_grad():
            if cls.setup_context is Function.setup_context:
                result = cls.forward(ctx, *args, **kwargs)
            else:
                result = cls.forward(*args, **kwargs)
                cls.setup_context(ctx, args, result)
        items = result if isinstance(result, (tuple, list)) else (result,)
        fixed = {id(t) for t in ctx._fixed}
        places = [i for i, t in enumerate(items) if isinstance(t, Tensor) and id(t) not in fixed]
        outputs = [items[i] for i in places]
        tensors = [i for i, a in enumerate(args) if isinstance(a, Tensor)]
        keep = ctx._keep(outputs)
        if not outputs:
            return result
        backward = cls.backward if cls.backward is not Function.backward else cls.vjp

        def run(values, gradients):
            ctx._outputs = values
            all_gradients = [None] * len(items)
            for place, g in zip(places, gradients):
                all_gradients[place] = g
            try:
                given = backward(ctx, *all_gradients)
            finally:
                ctx._outputs = ()
            given = given if isinstance(given, tuple) else tuple(given) if isinstance(given, list) else (given,)
            if len(given) < len(args) or any(g is not None for g in given[len(args):]):
                raise RuntimeError(f"function {cls.__name__}Backward returned an incorrect number of gradients (expected {len(args)}, got {len(given)})")
            for a, g in zip(args, given):
                if g is not None and not isinstance(a, Tensor):
                    raise RuntimeError(f"function {cls.__name__}Backward returned a gradient for an argument that is no tensor")
            return tuple(given[i] if args[i].requires_grad else None for i in tensors)

        joined = _core._custom(cls.__name__, [args[i] for i in tensors], outputs, run, keep)
        if not isinstance(result, (tuple, list)):
            return joined[0]
        items = list(items)
        for place, t in zip(places, joined):
            items[place] = t
        return tuple(items)


def once_differentiable(backward):
    """For a backward that is not made of differentiable operations: recording its walk (create_graph) is an error that says so."""
    from functools import wraps

    @wraps(backward)
    def once(ctx, *gradients):
        if _core.is_grad_enabled():
            raise RuntimeError(f"trying to differentiate twice a function that was marked with @once_differentiable ({ctx._name})")
        return backward(ctx, *gradients)

    return once
