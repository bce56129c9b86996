"""Tables whose rows are looked up."""

from .. import _core
from . import functional as F, init
from .module import Module, Parameter


class _Table(Module):
    """Its options and its weight."""

    def __init__(self, num_embeddings, embedding_dim, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse, _weight, _freeze, device, dtype):
        super().__init__()
        name = type(self).__name__
        if sparse:
            raise ValueError(f"{name}: sparse gradients are not there")
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise ValueError(f"padding_idx must be within num_embeddings, got {padding_idx} of {num_embeddings}")
        if padding_idx is not None and padding_idx < 0:
            padding_idx += num_embeddings
        self.num_embeddings, self.embedding_dim, self.padding_idx = num_embeddings, embedding_dim, padding_idx
        self.max_norm, self.norm_type, self.scale_grad_by_freq, self.sparse = max_norm, norm_type, scale_grad_by_freq, sparse
        if _weight is not None and tuple(_weight.shape) != (num_embeddings, embedding_dim):
            raise ValueError(f"{name}: weight has shape {tuple(_weight.shape)}, wanted {(num_embeddings, embedding_dim)}")
        self.weight = Parameter(_core.empty(num_embeddings, embedding_dim) if _weight is None else _weight, requires_grad=not _freeze)
        if _weight is None:
            self.reset_parameters()
        if dtype is not None or device is not None:
            self.to(device=device, dtype=dtype)

    def reset_parameters(self):
        init.normal_(self.weight)
        if self.padding_idx is not None:
            self.weight.detach()[self.padding_idx].zero_()

    def _text(self, **defaults):
        """Sizes, and the options that are not as usual."""
        options = "".join(f", {k}={getattr(self, k)!r}" for k, v in defaults.items() if getattr(self, k) != v)
        return f"{self.num_embeddings}, {self.embedding_dim}{options}"


class Embedding(_Table):
    """Rows of weight [num_embeddings, embedding_dim] at indices of any shape → [.., embedding_dim]. weight starts as
    N(0, 1), row padding_idx as zeros, and that row gets no gradient.

    max_norm: rows that are looked up are first shortened to this norm (of order norm_type), in weight itself.
    scale_grad_by_freq divides a row's gradient by how often it is looked up. IndexError for an index out of range.

        >>> backprop.nn.Embedding(10, 3)(backprop.tensor([[1, 2], [4, 9]])).shape
        backprop.Size([2, 2, 3])
    """

    def __init__(self, num_embeddings, embedding_dim, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False,
                 _weight=None, _freeze=False, device=None, dtype=None):
        super().__init__(num_embeddings, embedding_dim, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse, _weight, _freeze, device, dtype)

    @classmethod
    def from_pretrained(cls, embeddings, freeze=True, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False):
        """A table that is already there, by default not to be trained."""
        rows, columns = embeddings.shape
        return cls(rows, columns, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse, _weight=embeddings, _freeze=freeze)

    def forward(self, input):
        return F.embedding(input, self.weight, self.padding_idx, self.max_norm, self.norm_type, self.scale_grad_by_freq, self.sparse)

    def extra_repr(self):
        return self._text(padding_idx=None, max_norm=None, norm_type=2, scale_grad_by_freq=False)


class EmbeddingBag(_Table):
    """Sums, means or maxima (mode) of bags of rows of weight [num_embeddings, embedding_dim] → [bags, embedding_dim].

    bag(input [N, K]): each row is a bag; bag(input [K], offsets): a bag begins at each offset. per_sample_weights:
    factors, for mode 'sum'. Row padding_idx counts nothing.
    """

    def __init__(self, num_embeddings, embedding_dim, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, mode="mean", sparse=False,
                 _weight=None, include_last_offset=False, padding_idx=None, device=None, dtype=None):
        super().__init__(num_embeddings, embedding_dim, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse, _weight, False, device, dtype)
        self.mode, self.include_last_offset = mode, include_last_offset

    @classmethod
    def from_pretrained(cls, embeddings, freeze=True, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, mode="mean", sparse=False,
                        include_last_offset=False, padding_idx=None):
        """A table that is already there, by default not to be trained."""
        rows, columns = embeddings.shape
        bag = cls(rows, columns, max_norm, norm_type, scale_grad_by_freq, mode, sparse, embeddings, include_last_offset, padding_idx)
        bag.weight.requires_grad_(not freeze)
        return bag

    def forward(self, input, offsets=None, per_sample_weights=None):
        return F.embedding_bag(input, self.weight, offsets, self.max_norm, self.norm_type, self.scale_grad_by_freq, self.mode, self.sparse,
                               per_sample_weights, self.include_last_offset, self.padding_idx)

    def extra_repr(self):
        return self._text(max_norm=None, norm_type=2, scale_grad_by_freq=False, mode=None, padding_idx=None)
