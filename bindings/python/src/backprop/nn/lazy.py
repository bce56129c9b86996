"""Layers that learn their input's channels from the first input they see, and become the layer they are named after."""

from .. import _core
from .convolution import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from .layers import Linear
from .module import Module, Parameter
from .norms import BatchNorm1d, BatchNorm2d, BatchNorm3d, InstanceNorm1d, InstanceNorm2d, InstanceNorm3d


class UninitializedParameter(Parameter):
    """A parameter whose shape is not known yet."""

    def __new__(cls, requires_grad=True, device=None, dtype=None):
        return super().__new__(cls, _core.empty(0, dtype=dtype, device=device), requires_grad)

    def __repr__(self):
        return "<UninitializedParameter>"


class _Lazy:
    """Before a layer in the bases: takes the layer's arguments but the first."""

    _channel_dimension, _waiting, _defaults = 1, ("weight", "bias"), {}

    def __init__(self, *args, **kwargs):
        kwargs = {**{k: v for i, (k, v) in enumerate(self._defaults.items()) if len(args) < 3 + i}, **kwargs}  # eps and momentum stand before
        self.cls_to_become.__init__(self, 0, *args, **kwargs)
        self.__dict__["_given"] = (args, kwargs)
        for name in self._waiting:
            if self._parameters.get(name) is not None:
                self._parameters[name] = UninitializedParameter(dtype=self._parameters[name].dtype)

    def has_uninitialized_params(self):
        """Whether no input has come by yet."""
        return any(isinstance(p, UninitializedParameter) for p in self._parameters.values())

    def initialize_parameters(self, input):
        """Becomes the layer for an input of this many channels."""
        args, kwargs = self.__dict__.pop("_given")
        made = self.cls_to_become(input.shape[self._channel_dimension], *args, **kwargs)
        floating = next((p.dtype for p in self._parameters.values() if p is not None), None)
        if floating is not None:
            made.to(floating)
        kept = {k: v for k, v in self.__dict__.items() if k.endswith("_hooks") or k == "training"}
        self.__dict__.update({**made.__dict__, **kept})
        self.__class__ = self.cls_to_become

    def forward(self, input):
        self.initialize_parameters(input)
        return self.forward(input)

    def load_state_dict(self, state_dict, strict=True, assign=False):
        if self.has_uninitialized_params() and hasattr(state_dict.get("weight"), "shape"):
            weight = state_dict["weight"]
            transposed = getattr(self, "_transposed", False)
            channels = weight.shape[0] if transposed or weight.ndim == 1 else weight.shape[1] * getattr(self, "groups", 1)
            shape = [1] * (weight.ndim + 1)
            shape[self._channel_dimension] = channels
            self.initialize_parameters(_core.empty(shape))
        return Module.load_state_dict(self, state_dict, strict, assign)  # self's class may have changed just now


def _lazy(base, **attributes):
    name = "Lazy" + base.__name__
    doc = f"{base.__name__} without its first argument: the first input tells it."
    return type(name, (_Lazy, base), {"cls_to_become": base, "__module__": __name__, "__doc__": doc, **attributes})


LazyLinear = _lazy(Linear, _channel_dimension=-1)
LazyConv1d, LazyConv2d, LazyConv3d = map(_lazy, (Conv1d, Conv2d, Conv3d))
LazyConvTranspose1d, LazyConvTranspose2d, LazyConvTranspose3d = map(_lazy, (ConvTranspose1d, ConvTranspose2d, ConvTranspose3d))
LazyBatchNorm1d, LazyBatchNorm2d, LazyBatchNorm3d = map(_lazy, (BatchNorm1d, BatchNorm2d, BatchNorm3d))
LazyInstanceNorm1d, LazyInstanceNorm2d, LazyInstanceNorm3d = (
    _lazy(base, _defaults={"affine": True, "track_running_stats": True}) for base in (InstanceNorm1d, InstanceNorm2d, InstanceNorm3d))
