"""What computes: none of the libraries that PyTorch asks about. Switches such as cudnn.benchmark can be set and change nothing."""

__all__ = ["cpu", "cuda", "cudnn", "mkl", "mkldnn", "mps", "openmp"]


class _Backend:
    def __init__(self, **switches):
        self.__dict__.update(switches)

    def is_available(self):
        return False

    def is_built(self):
        return False

    def version(self):
        return None


cudnn = _Backend(enabled=True, benchmark=False, deterministic=False, allow_tf32=True)
cuda = _Backend(matmul=_Backend(allow_tf32=False, allow_fp16_reduced_precision_reduction=True))
mps, mkl, mkldnn, openmp = _Backend(), _Backend(), _Backend(enabled=False), _Backend()


class cpu:
    """The instruction set in use, as PyTorch names it: DEFAULT, AVX2 or AVX512."""

    @staticmethod
    def get_cpu_capability():
        """DEFAULT, AVX2 or AVX512."""
        from . import _core

        return {"x86-64-v3": "AVX2", "x86-64-v4": "AVX512"}.get(_core._instruction_set, "DEFAULT")
