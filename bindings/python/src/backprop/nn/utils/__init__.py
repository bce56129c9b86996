"""Help around training: gradients kept small between backward() and step(); parameters as one vector; sequences of
different lengths (nn.utils.rnn)."""

from math import inf, isfinite

from ... import _core
from ..._core import Tensor
from ..._grad_mode import no_grad
from . import rnn

__all__ = ["fuse_conv_bn_eval", "fuse_conv_bn_weights", "fuse_linear_bn_eval", "fuse_linear_bn_weights", "skip_init", "parametrizations",
           "parametrize", "remove_spectral_norm", "remove_weight_norm", "spectral_norm", "weight_norm"]
__all__ += ["clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_", "get_total_norm", "parameters_to_vector", "rnn",
           "vector_to_parameters"]

# What few ask for, by the module that has it: loaded when one is first asked for.
_rare = {
    "_fusion": "fuse_conv_bn_eval fuse_conv_bn_weights fuse_linear_bn_eval fuse_linear_bn_weights skip_init",
    "_norms": "remove_spectral_norm remove_weight_norm spectral_norm weight_norm",
    "parametrizations": "", "parametrize": "",
}


def __getattr__(name):
    for module, names in _rare.items():
        if name == module or name in names.split():
            made = __import__(f"{__name__}.{module}", fromlist=["*"])
            value = globals()[name] = made if name == module else getattr(made, name)
            return value
    raise AttributeError(f"module 'backprop.nn.utils' has no attribute {name!r}")


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
    """Scales the gradients, taken as one vector, so that their norm is at most max_norm; returns the norm before, as a
    tensor.

        >>> w = backprop.nn.Parameter(backprop.zeros(2))
        >>> (w * backprop.tensor([3., 4.])).sum().backward()
        >>> backprop.nn.utils.clip_grad_norm_([w], max_norm=1.0)
        tensor(5.)
        >>> w.grad
        tensor([0.6000, 0.8000])
    """
    parameters = _tuple(parameters)
    norm = _norm("clip_grad_norm_", parameters, max_norm, norm_type, error_if_nonfinite)
    return _core.tensor(norm, dtype=next((p.dtype for p in parameters if p.grad is not None), None))


def clip_grad_value_(parameters, clip_value, foreach=None):
    """Brings every element of the gradients into −clip_value … clip_value."""
    _core._clip_grad_value_(_tuple(parameters), float(clip_value))


def get_total_norm(tensors, norm_type=2.0, error_if_nonfinite=False, foreach=None):
    """The norm of the tensors taken as one vector."""
    tensors, p = _tuple(tensors), float(norm_type)
    with no_grad():
        sizes = [t.detach().to(_core.float64).abs().flatten() for t in tensors if t.numel()]
        if not sizes:
            total = 0.0
        elif p == inf:
            total = _core.stack([x.max() for x in sizes]).max().item()
        else:
            total = sum((x**p).sum().item() for x in sizes) ** (1 / p)
    if error_if_nonfinite and not isfinite(total):
        raise RuntimeError(f"get_total_norm: the total norm of order {p} of the tensors is {total}; "
                           "to go on nevertheless, set error_if_nonfinite=False")
    return _core.tensor(total, dtype=tensors[0].dtype if tensors else None)


def clip_grads_with_norm_(parameters, max_norm, total_norm, foreach=None):
    """Scales the gradients by max_norm/(total_norm + 1e-6) where that is below 1."""
    scale = min(1.0, float(max_norm) / (float(total_norm) + 1e-6))
    with no_grad():
        for p in _tuple(parameters):
            if p.grad is not None:
                p.grad.mul_(scale)


def parameters_to_vector(parameters):
    """All parameters, one behind the other."""
    return _core.cat([p.reshape(-1) for p in parameters])


def vector_to_parameters(vec, parameters):
    """Gives each parameter its part of a vector, in place."""
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {type(vec).__name__}")
    at = 0
    for p in parameters:
        n = p.numel()
        p.detach().copy_(vec.detach()[at : at + n].reshape(p.shape))
        at += n
