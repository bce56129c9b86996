"""Parameter and Buffer under their longer names, torch.nn.parameter.Parameter."""

from .module import Buffer, Parameter

__all__ = ["Buffer", "Parameter", "UninitializedParameter"]


def __getattr__(name):
    if name == "UninitializedParameter":
        from .lazy import UninitializedParameter

        return UninitializedParameter
    raise AttributeError(f"module 'backprop.nn.parameter' has no attribute {name!r}")
