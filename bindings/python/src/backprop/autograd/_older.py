"""Names that programs bring along: Variable, which a tensor has been since PyTorch 0.4, and the search for NaN in gradients."""

from .. import _core
from .._core import Tensor


class _VariableType(type):
    def __instancecheck__(cls, instance):
        return isinstance(instance, Tensor)

    def __call__(cls, data=None, requires_grad=False, volatile=False):
        return _core.empty(0, requires_grad=requires_grad) if data is None else data.detach().requires_grad_(requires_grad)


class Variable(metaclass=_VariableType):
    """Variable(tensor, requires_grad=False): the tensor's memory without history; every tensor is an instance."""


class set_detect_anomaly:
    """Accepted, at once or as a with block: which operation made a NaN is not searched for."""

    def __init__(self, mode=True, check_nan=True):
        self.mode = mode

    def __enter__(self):
        return None

    def __exit__(self, *_):
        return None


class detect_anomaly(set_detect_anomaly):
    """Accepted, as a with block: which operation made a NaN is not searched for."""
