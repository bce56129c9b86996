"""Programs written for PyTorch, run as they are: `import torch` finds this package."""

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec


class _Finder:
    """Answers for torch and torch.anything with the module of the same name here. The module keeps its own spec."""

    def find_spec(self, fullname, path=None, target=None):
        head, _, rest = fullname.partition(".")
        if head != "torch":
            return None
        name = "backprop." + rest if rest else "backprop"
        try:
            module = import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
            raise ModuleNotFoundError(f"No module named {fullname!r}: it is not part of backprop", name=fullname) from None
        return ModuleSpec(fullname, _Loader(module))


class _Loader:
    def __init__(self, module):
        self._module, self._spec = module, module.__spec__

    def create_module(self, spec):
        return self._module

    def exec_module(self, module):
        module.__spec__ = self._spec


class as_torch:
    """From the call on, or as a with block until its end, `import torch` and `from torch.x import y` give this package's modules.

        backprop.as_torch()
        import torch.nn.functional as F

    Refused where PyTorch itself was imported before. `python -m backprop script.py` does this for a whole program.
    """

    def __init__(self):
        loaded = sys.modules.get("torch")
        if loaded is not None and loaded is not sys.modules["backprop"]:
            raise ImportError("as_torch: PyTorch itself is already imported")
        self._finder = _Finder()
        sys.meta_path.insert(0, self._finder)
        __import__("torch")

    def __enter__(self):
        return sys.modules["backprop"]

    def __exit__(self, *_):
        sys.meta_path.remove(self._finder)
        if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
            for name in [name for name in sys.modules if name.partition(".")[0] == "torch"]:
                del sys.modules[name]
