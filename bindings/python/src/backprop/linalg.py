"""Linear algebra under torch.linalg's names."""

from ._norms import matrix_norm, norm, vector_norm

__all__ = ["matrix_norm", "norm", "vector_norm"]
