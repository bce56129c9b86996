"""torch.nn.modules.… as older programs import it: the same classes as in nn, under the names of PyTorch's files."""

import sys as _sys
from importlib import import_module as _import
from types import ModuleType as _ModuleType

__all__: list = []
__path__: list = []  # so that `import torch.nn.modules.conv` finds what is below

_FILES = {"activation": "activation", "batchnorm": "norms", "container": "containers", "conv": "convolution", "distance": "distance", "dropout": "dropout",
          "flatten": "layers", "instancenorm": "norms", "linear": "layers", "loss": "loss", "module": "module", "normalization": "norms",
          "padding": "padding", "pooling": "pooling", "rnn": "rnn", "sparse": "sparse", "transformer": "transformer", "upsampling": "upsampling"}


def _tuples(n):
    def repeated(x):
        return tuple(x) if hasattr(x, "__iter__") else (x,) * n

    return repeated


for _name, _file in _FILES.items():
    _sys.modules[f"{__name__}.{_name}"] = _import(f"backprop.nn.{_file}")
_utils = _sys.modules[__name__ + ".utils"] = _ModuleType(__name__ + ".utils", "A number as a tuple of n, which a sequence becomes as it is.")
for _name, _n in (("_single", 1), ("_pair", 2), ("_triple", 3), ("_quadruple", 4)):
    setattr(_utils, _name, _tuples(_n))


def __getattr__(name):
    if f"{__name__}.{name}" in _sys.modules:
        return _sys.modules[f"{__name__}.{name}"]
    if not name.startswith("__"):
        return getattr(_import("backprop.nn"), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
