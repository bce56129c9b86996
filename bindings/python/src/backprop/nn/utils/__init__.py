"""Help around training: gradients kept small between backward() and step()."""

from math import isfinite

from ... import _core
from ..._core import Tensor
from . import rnn

__all__ = ["clip_grad_norm_", "clip_grad_value_", "rnn"]


def _tuple(parameters):
    return (parameters,) if isinstance(parameters, Tensor) else tuple(parameters)


def _norm(name, parameters, max_norm, norm_type, error_if_nonfinite):
    norm_type = float(norm_type)
    if error_if_nonfinite:
        norm = _core._clip_grad_norm_(parameters, float("inf"), norm_type)
        if not isfinite(norm):
            raise RuntimeError(f"{name}: the total norm of order {norm_type} of the gradients is {norm}; "
                               "to go on nevertheless, set error_if_nonfinite=False")
    return _core._clip_grad_norm_(parameters, float(max_norm), norm_type)


def clip_grad_norm_(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False, foreach=None):
    """Scales the gradients, taken as one vector, so that their norm is at most max_norm; returns the norm before, as a tensor."""
    parameters = _tuple(parameters)
    norm = _norm("clip_grad_norm_", parameters, max_norm, norm_type, error_if_nonfinite)
    return _core.tensor(norm, dtype=next((p.dtype for p in parameters if p.grad is not None), None))


def clip_grad_value_(parameters, clip_value, foreach=None):
    """Brings every element of the gradients into −clip_value … clip_value."""
    _core._clip_grad_value_(_tuple(parameters), float(clip_value))
