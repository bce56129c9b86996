"""Tables whose rows are looked up."""

from .. import _core
from . import functional as F
from .module import Module, Parameter


class Embedding(Module):
    """Rows of W [num_embeddings, embedding_dim] by index; W starts as N(0, 1), row padding_idx as zeros."""

    def __init__(self, num_embeddings, embedding_dim, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False,
                 _weight=None, _freeze=False, device=None, dtype=None):
        super().__init__()
        F._plain_embedding("Embedding", max_norm, scale_grad_by_freq, sparse)
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise ValueError(f"padding_idx must be within num_embeddings, got {padding_idx} of {num_embeddings}")
        if padding_idx is not None and padding_idx < 0:
            padding_idx += num_embeddings
        self.num_embeddings, self.embedding_dim, self.padding_idx = num_embeddings, embedding_dim, padding_idx
        if _weight is not None and tuple(_weight.shape) != (num_embeddings, embedding_dim):
            raise ValueError(f"Embedding: weight has shape {tuple(_weight.shape)}, wanted {(num_embeddings, embedding_dim)}")
        self.weight = Parameter(_core.empty(num_embeddings, embedding_dim) if _weight is None else _weight, requires_grad=not _freeze)
        if _weight is None:
            self.reset_parameters()
        if dtype is not None or device is not None:
            self.to(device=device, dtype=dtype)

    def reset_parameters(self):
        weight = self.weight.detach()
        weight.copy_(_core.randn(weight.shape, dtype=weight.dtype))
        if self.padding_idx is not None:
            weight[self.padding_idx].zero_()

    @classmethod
    def from_pretrained(cls, embeddings, freeze=True, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False):
        """A table that is already there, by default not to be trained."""
        rows, columns = embeddings.shape
        return cls(rows, columns, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse, _weight=embeddings, _freeze=freeze)

    def forward(self, input):
        return F.embedding(input, self.weight, self.padding_idx)

    def extra_repr(self):
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"
