"""Parameter under its longer name, torch.nn.parameter.Parameter."""

from .module import Parameter

__all__ = ["Parameter"]
