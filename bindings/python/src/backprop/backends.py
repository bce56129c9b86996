"""What computes: none of the libraries that PyTorch asks about. Switches such as cudnn.benchmark can be set and change nothing."""

import sys
from types import ModuleType

__all__ = ["cpu", "cuda", "cudnn", "mkl", "mkldnn", "mps", "openmp"]


__path__: list = []  # so that `import torch.backends.cudnn` finds what is below


class _Backend(ModuleType):
    def __init__(self, name, **switches):
        super().__init__(f"{__name__}.{name}", "A library that is not used here.")
        self.__dict__.update(switches)
        sys.modules[self.__name__] = self

    def is_available(self):
        return False

    def is_built(self):
        return False

    def version(self):
        return None


cudnn = _Backend("cudnn", enabled=True, benchmark=False, deterministic=False, allow_tf32=True)
cuda = _Backend("cuda", matmul=_Backend("cuda.matmul", allow_tf32=False, allow_fp16_reduced_precision_reduction=True))
mps, mkl, mkldnn, openmp = _Backend("mps"), _Backend("mkl"), _Backend("mkldnn", enabled=False), _Backend("openmp")


class cpu:
    """The instruction set in use, as PyTorch names it: DEFAULT, AVX2 or AVX512."""

    @staticmethod
    def get_cpu_capability():
        """DEFAULT, AVX2 or AVX512."""
        from . import _core

        return {"x86-64-v3": "AVX2", "x86-64-v4": "AVX512"}.get(_core._instruction_set, "DEFAULT")
