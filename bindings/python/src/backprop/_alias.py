"""Programs written for PyTorch, run as they are: under another name than backprop, too, the package is this one."""

import sys

ENTRY = __file__ + "/other names"  # stands in the __path__ of packages; no file has this name


class _Finder:
    """Asked where a submodule of ours is: for torch.nn, if sys.modules["torch"] is backprop, it finds backprop.nn itself."""

    def find_spec(self, fullname, target=None):
        head, _, rest = fullname.partition(".")
        if head == "backprop":
            return None
        from importlib.machinery import ModuleSpec

        name = "backprop." + rest
        try:
            __import__(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
            raise ModuleNotFoundError(f"No module named {fullname!r}: it is not part of backprop", name=fullname) from None
        return ModuleSpec(fullname, _Loader(sys.modules[name]))


class _Loader:
    def __init__(self, module):
        self._module, self._spec = module, getattr(module, "__spec__", None)

    def create_module(self, spec):
        return self._module

    def exec_module(self, module):
        """Nothing to run. The module keeps its own spec; if it is a package, its submodules are found in the same way."""
        module.__spec__ = self._spec
        if hasattr(module, "__path__"):
            answer_to_other_names(module.__path__)


def answer_to_other_names(path):
    sys.path_importer_cache.setdefault(ENTRY, _Finder())
    if ENTRY not in path:
        path.insert(0, ENTRY)


class as_torch:
    """From the call on, or as a with block until its end, `import torch` and `from torch.x import y` give this package's modules.

        backprop.as_torch()
        import torch.nn.functional as F

    `sys.modules["torch"] = backprop` does the same. Refused where PyTorch itself was imported before. `python -m backprop script.py` does this
    for a whole program.
    """

    def __init__(self):
        package = sys.modules["backprop"]
        if sys.modules.setdefault("torch", package) is not package:
            raise ImportError("as_torch: PyTorch itself is already imported")

    def __enter__(self):
        return sys.modules["backprop"]

    def __exit__(self, *_):
        for name in [name for name in sys.modules if name.partition(".")[0] == "torch"]:
            del sys.modules[name]
