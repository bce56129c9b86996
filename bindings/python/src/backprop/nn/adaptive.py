"""A softmax over very many classes whose rare ones share small matrices (Grave and others 2017)."""

from .. import _core
from . import functional as F
from .containers import ModuleList, Sequential
from .layers import Linear
from .module import Module


class _Result(tuple):
    """(output, loss)."""

    def __new__(cls, output, loss):
        return super().__new__(cls, (output, loss))

    output = property(lambda self: self[0])
    loss = property(lambda self: self[1])


class AdaptiveLogSoftmaxWithLoss(Module):
    """Classes below cutoffs[0] stand in the head, the others in clusters behind it, whose width shrinks by div_value each."""

    def __init__(self, in_features, n_classes, cutoffs, div_value=4.0, head_bias=False, device=None, dtype=None):
        super().__init__()
        cutoffs = list(cutoffs)
        if not cutoffs:
            raise ValueError("cutoffs should be a sequence of length larger than 0")
        if cutoffs != sorted(set(cutoffs)) or cutoffs[0] <= 0 or cutoffs[-1] > n_classes - 1 or any(int(c) != c for c in cutoffs):
            raise ValueError("cutoffs should be a sequence of unique, positive integers sorted in an increasing order, "
                             "where each value is between 1 and n_classes-1")
        self.in_features, self.n_classes, self.div_value, self.head_bias = in_features, n_classes, div_value, head_bias
        self.cutoffs = cutoffs + [n_classes]
        self.shortlist_size, self.n_clusters = self.cutoffs[0], len(self.cutoffs) - 1
        self.head_size = self.shortlist_size + self.n_clusters
        self.head = Linear(in_features, self.head_size, head_bias, device, dtype)
        self.tail = ModuleList()
        for i, (low, high) in enumerate(zip(self.cutoffs, self.cutoffs[1:])):
            width = int(in_features // div_value ** (i + 1))
            self.tail.append(Sequential(Linear(in_features, width, False, device, dtype), Linear(width, high - low, False, device, dtype)))

    def forward(self, input, target):
        """(log probability of each target, their mean's negative)."""
        batched = target.dim() > 0
        if not batched:
            input, target = input.unsqueeze(0), target.unsqueeze(0)
        if target.dim() != 1 or input.dim() != 2 or input.shape[0] != target.shape[0]:
            raise RuntimeError("AdaptiveLogSoftmaxWithLoss: input [N, in_features] and target [N] must have as many rows")
        low, high = target.min().item(), target.max().item()
        if low < 0 or high >= self.n_classes:
            raise RuntimeError(f"Target values should be in [0, {self.n_classes - 1}], but values in range [{low}, {high}] were found. ")
        head = F.log_softmax(self.head(input), 1)
        column = _core.where(target < self.shortlist_size, target, 0)
        parts = []
        for i, (low, high) in enumerate(zip(self.cutoffs, self.cutoffs[1:])):
            inside = (target >= low) & (target < high)
            column = _core.where(inside, self.shortlist_size + i, column)
            rows = inside.nonzero().flatten()
            if rows.numel():
                cluster = F.log_softmax(self.tail[i](input.index_select(0, rows)), 1)
                parts.append((rows, cluster.gather(1, (target.index_select(0, rows) - low).unsqueeze(1)).squeeze(1)))
        output = head.gather(1, column.unsqueeze(1)).squeeze(1)
        for rows, values in parts:
            output = output.index_add(0, rows, values)
        return _Result(output if batched else output.squeeze(0), -output.mean())

    def log_prob(self, input):
        """log probabilities of all classes, [N, n_classes]."""
        head = F.log_softmax(self.head(input), 1)
        clusters = [F.log_softmax(tail(input), 1) + head[:, self.shortlist_size + i : self.shortlist_size + i + 1]
                    for i, tail in enumerate(self.tail)]
        return _core.cat([head[:, : self.shortlist_size], *clusters], 1)

    def predict(self, input):
        """The likeliest class of each row."""
        return self.log_prob(input).argmax(1)
