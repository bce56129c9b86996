"""Losses as modules: their options, and which function they call. None has parameters; weights are buffers."""

from math import prod

from . import functional as F
from .layers import Linear
from .module import Module


class _Loss(Module):
    """A loss of two tensors. _options: the attributes that go to the function by name."""

    _function, _options = None, ()

    def __init__(self, size_average=None, reduce=None, reduction="mean"):
        super().__init__()
        if size_average is not None or reduce is not None:
            raise ValueError(f"{type(self).__name__}: size_average and reduce are long deprecated: use reduction")
        self.reduction = reduction

    def forward(self, input, target):
        return self._call(input, target)

    def _call(self, *tensors):
        return self._function(*tensors, **{name: getattr(self, name) for name in self._options}, reduction=self.reduction)


class _WeightedLoss(_Loss):
    _options = ("weight",)

    def __init__(self, weight=None, size_average=None, reduce=None, reduction="mean"):
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)


class _ThreeTensorLoss(_Loss):
    """A loss of three tensors."""

    def forward(self, input1, input2, target):
        return self._call(input1, input2, target)


class L1Loss(_Loss):
    """|x − target|; mean, sum or none."""

    _function = staticmethod(F.l1_loss)


class MSELoss(_Loss):
    """(x − target)²; mean, sum or none."""

    _function = staticmethod(F.mse_loss)


class SmoothL1Loss(_Loss):
    """½(x − target)²/beta where that is closer than beta, |x − target| − beta/2 elsewhere."""

    _function, _options = staticmethod(F.smooth_l1_loss), ("beta",)

    def __init__(self, size_average=None, reduce=None, reduction="mean", beta=1.0):
        super().__init__(size_average, reduce, reduction)
        self.beta = beta


class HuberLoss(_Loss):
    """½(x − target)² where that is closer than delta, delta·(|x − target| − delta/2) elsewhere."""

    _function, _options = staticmethod(F.huber_loss), ("delta",)

    def __init__(self, reduction="mean", delta=1.0):
        super().__init__(reduction=reduction)
        self.delta = delta


class CrossEntropyLoss(_WeightedLoss):
    """−log softmax(x)[target], for labels or probabilities."""

    _function, _options = staticmethod(F.cross_entropy), ("weight", "ignore_index", "label_smoothing")

    def __init__(self, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean", label_smoothing=0.0):
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index, self.label_smoothing = ignore_index, label_smoothing


class NLLLoss(_WeightedLoss):
    """−x[target] of log probabilities."""

    _function, _options = staticmethod(F.nll_loss), ("weight", "ignore_index")

    def __init__(self, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean"):
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index


class BCELoss(_WeightedLoss):
    """Binary cross entropy of probabilities."""

    _function = staticmethod(F.binary_cross_entropy)


class BCEWithLogitsLoss(_WeightedLoss):
    """Binary cross entropy of σ(x), without overflow."""

    _function, _options = staticmethod(F.binary_cross_entropy_with_logits), ("weight", "pos_weight")

    def __init__(self, weight=None, size_average=None, reduce=None, reduction="mean", pos_weight=None):
        super().__init__(weight, size_average, reduce, reduction)
        self.register_buffer("pos_weight", pos_weight)


class KLDivLoss(_Loss):
    """target·(log target − x) of log probabilities x; "batchmean" is the mathematical mean."""

    _function, _options = staticmethod(F.kl_div), ("log_target",)

    def __init__(self, size_average=None, reduce=None, reduction="mean", log_target=False):
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target


class PoissonNLLLoss(_Loss):
    """eˣ − target·x, the likelihood of counts."""

    _function, _options = staticmethod(F.poisson_nll_loss), ("log_input", "full", "eps")

    def __init__(self, log_input=True, full=False, size_average=None, eps=1e-8, reduce=None, reduction="mean"):
        super().__init__(size_average, reduce, reduction)
        self.log_input, self.full, self.eps = log_input, full, eps


class GaussianNLLLoss(_Loss):
    """½(log var + (x − target)²/var)."""

    _function, _options = staticmethod(F.gaussian_nll_loss), ("full", "eps")

    def __init__(self, *, full=False, eps=1e-6, reduction="mean"):
        super().__init__(reduction=reduction)
        self.full, self.eps = full, eps

    def forward(self, input, target, var):
        return self._call(input, target, var)


class SoftMarginLoss(_Loss):
    """log(1 + e^(−target·x)) for targets ±1."""

    _function = staticmethod(F.soft_margin_loss)


class HingeEmbeddingLoss(_Loss):
    """x for target 1, max(0, margin − x) for target −1."""

    _function, _options = staticmethod(F.hinge_embedding_loss), ("margin",)

    def __init__(self, margin=1.0, size_average=None, reduce=None, reduction="mean"):
        super().__init__(size_average, reduce, reduction)
        self.margin = margin


class CosineEmbeddingLoss(_ThreeTensorLoss):
    """1 − cos for target 1, max(0, cos − margin) for target −1."""

    _function, _options = staticmethod(F.cosine_embedding_loss), ("margin",)

    def __init__(self, margin=0.0, size_average=None, reduce=None, reduction="mean"):
        super().__init__(size_average, reduce, reduction)
        self.margin = margin


class MarginRankingLoss(_ThreeTensorLoss):
    """max(0, −target·(x1 − x2) + margin)."""

    _function, _options = staticmethod(F.margin_ranking_loss), ("margin",)

    def __init__(self, margin=0.0, size_average=None, reduce=None, reduction="mean"):
        super().__init__(size_average, reduce, reduction)
        self.margin = margin


class MultiMarginLoss(_WeightedLoss):
    """Σ max(0, margin − x[y] + x[j])ᵖ / C for labels y."""

    _function, _options = staticmethod(F.multi_margin_loss), ("p", "margin", "weight")

    def __init__(self, p=1, margin=1.0, weight=None, size_average=None, reduce=None, reduction="mean"):
        super().__init__(weight, size_average, reduce, reduction)
        if p not in (1, 2):
            raise ValueError("only p == 1 and p == 2 supported")
        if weight is not None and weight.dim() != 1:
            raise ValueError(f"MultiMarginLoss: expected weight to be None or 1D tensor, got {weight.dim()}D instead")
        self.p, self.margin = p, margin


class MultiLabelMarginLoss(_Loss):
    """Σ max(0, 1 − x[y] + x[j]) / C over a sample's labels y and the other classes j."""

    _function = staticmethod(F.multilabel_margin_loss)


class MultiLabelSoftMarginLoss(_WeightedLoss):
    """Binary cross entropy of σ(x), averaged over the classes."""

    _function = staticmethod(F.multilabel_soft_margin_loss)


class _TripletLoss(_Loss):
    def forward(self, anchor, positive, negative):
        return self._call(anchor, positive, negative)


class TripletMarginLoss(_TripletLoss):
    """max(0, margin + ‖anchor − positive‖ − ‖anchor − negative‖)."""

    _function, _options = staticmethod(F.triplet_margin_loss), ("margin", "p", "eps", "swap")

    def __init__(self, margin=1.0, p=2.0, eps=1e-6, swap=False, size_average=None, reduce=None, reduction="mean"):
        super().__init__(size_average, reduce, reduction)
        if margin <= 0:
            raise ValueError(f"TripletMarginLoss: expected margin to be greater than 0, got {margin} instead")
        self.margin, self.p, self.eps, self.swap = margin, p, eps, swap


class TripletMarginWithDistanceLoss(_TripletLoss):
    """The same with a distance of one's own; None: the Euclidean one."""

    _function, _options = staticmethod(F.triplet_margin_with_distance_loss), ("distance_function", "margin", "swap")

    def __init__(self, *, distance_function=None, margin=1.0, swap=False, reduction="mean"):
        super().__init__(reduction=reduction)
        if margin <= 0:
            raise ValueError(f"TripletMarginWithDistanceLoss: expected margin to be greater than 0, got {margin} instead")
        self.distance_function, self.margin, self.swap = distance_function, margin, swap


class CTCLoss(_Loss):
    """−log of the probability that the paths through log_probs read the targets."""

    _function, _options = staticmethod(F.ctc_loss), ("blank", "zero_infinity")

    def __init__(self, blank=0, reduction="mean", zero_infinity=False):
        super().__init__(reduction=reduction)
        self.blank, self.zero_infinity = blank, zero_infinity

    def forward(self, log_probs, targets, input_lengths, target_lengths):
        return self._call(log_probs, targets, input_lengths, target_lengths)


class LinearCrossEntropyLoss(_WeightedLoss):
    """Cross entropy of a linear layer's output: the last layer of a classifier together with its loss."""

    def __init__(self, in_features, num_classes, *, out_features=(), bias=False, device=None, dtype=None, reduction="mean", weight=None,
                 ignore_index=None, label_smoothing=0.0, options=None):
        super().__init__(weight, reduction=reduction)
        self.num_classes, self.out_features, self.ignore_index, self.label_smoothing = num_classes, tuple(out_features), ignore_index, label_smoothing
        self.linear, self.options = Linear(in_features, prod(out_features, start=num_classes), bias, device=device, dtype=dtype), options

    def forward(self, input, target):
        shape = (self.num_classes, *self.out_features)
        bias = self.linear.bias
        return F.linear_cross_entropy(
            input, self.linear.weight.reshape(*shape, self.linear.in_features), target, linear_bias=None if bias is None else bias.reshape(shape),
            weight=self.weight, reduction=self.reduction, ignore_index=self.ignore_index, label_smoothing=self.label_smoothing,
            options=self.options)
