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
        if size_average is not None or reduce is not None:  # what reduction was before 0.4
            reduction = "none" if reduce is not None and not reduce else "mean" if size_average is None or size_average else "sum"
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
    """|x − target|, both of one shape or broadcast. reduction: 'mean', 'sum' or 'none'."""

    _function = staticmethod(F.l1_loss)


class MSELoss(_Loss):
    """(x − target)², both of one shape or broadcast. reduction: 'mean', 'sum' or 'none'.

        >>> backprop.nn.MSELoss()(backprop.tensor([1., 3.]), backprop.tensor([1., 1.]))
        tensor(2.)
    """

    _function = staticmethod(F.mse_loss)


class SmoothL1Loss(_Loss):
    """½d²/beta up to |d| = beta, |d| − beta/2 beyond, d = x − target. reduction: 'mean', 'sum' or 'none'."""

    _function, _options = staticmethod(F.smooth_l1_loss), ("beta",)

    def __init__(self, size_average=None, reduce=None, reduction="mean", beta=1.0):
        super().__init__(size_average, reduce, reduction)
        self.beta = beta


class HuberLoss(_Loss):
    """½d² up to |d| = delta, delta·(|d| − delta/2) beyond, d = x − target (Huber 1964). reduction: 'mean', 'sum' or 'none'."""

    _function, _options = staticmethod(F.huber_loss), ("delta",)

    def __init__(self, reduction="mean", delta=1.0):
        super().__init__(reduction=reduction)
        self.delta = delta


class CrossEntropyLoss(_WeightedLoss):
    """−ln softmax(x)[target], for scores x [N, C], [C] or [N, C, d1, …] without a softmax and labels (int64) of that
    shape without C, or probabilities in x's shape.

    weight [C]: factors of the classes; the mean divides by the weights of the labels that count. Labels equal to
    ignore_index are left out; label_smoothing 0 … 1 mixes the target with the uniform distribution. reduction: 'mean',
    'sum' or 'none'.

        >>> scores = backprop.tensor([[2., 0., 0.], [0., 0., 0.]])
        >>> backprop.nn.CrossEntropyLoss(reduction="none")(scores, backprop.tensor([0, 1]))
        tensor([0.2395, 1.0986])
    """

    _function, _options = staticmethod(F.cross_entropy), ("weight", "ignore_index", "label_smoothing")

    def __init__(self, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean", label_smoothing=0.0):
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index, self.label_smoothing = ignore_index, label_smoothing


class NLLLoss(_WeightedLoss):
    """−x[target] of log probabilities x [N, C], [C] or [N, C, d1, …], such as LogSoftmax gives; weight and ignore_index
    as in CrossEntropyLoss. reduction: 'mean', 'sum' or 'none'."""

    _function, _options = staticmethod(F.nll_loss), ("weight", "ignore_index")

    def __init__(self, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean"):
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index


class BCELoss(_WeightedLoss):
    """−[t·ln x + (1 − t)·ln(1 − x)]·weight of probabilities x and targets t, both 0 … 1 and of one shape; logarithms
    count as no less than −100. reduction: 'mean', 'sum' or 'none'."""

    _function = staticmethod(F.binary_cross_entropy)


class BCEWithLogitsLoss(_WeightedLoss):
    """BCELoss of σ(x), computed without overflow: x are scores, t targets 0 … 1. pos_weight multiplies the first term:
    more than 1 looks for more of what is true. reduction: 'mean', 'sum' or 'none'.

        >>> backprop.nn.BCEWithLogitsLoss()(backprop.tensor([0., 0.]), backprop.tensor([1., 0.]))
        tensor(0.6931)
    """

    _function, _options = staticmethod(F.binary_cross_entropy_with_logits), ("weight", "pos_weight")

    def __init__(self, weight=None, size_average=None, reduce=None, reduction="mean", pos_weight=None):
        super().__init__(weight, size_average, reduce, reduction)
        self.register_buffer("pos_weight", pos_weight)


class KLDivLoss(_Loss):
    """t·(ln t − x) of log probabilities x and probabilities t (log_target: their logarithms too). reduction:
    'batchmean' is the mathematical mean, the sum divided by the batch; also 'mean', 'sum', 'none'."""

    _function, _options = staticmethod(F.kl_div), ("log_target",)

    def __init__(self, size_average=None, reduce=None, reduction="mean", log_target=False):
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target


class PoissonNLLLoss(_Loss):
    """eˣ − t·x, the likelihood of counts t; log_input=False: x − t·ln(x + eps). full adds Stirling's approximation of
    ln t! where t > 1. reduction: 'mean', 'sum' or 'none'."""

    _function, _options = staticmethod(F.poisson_nll_loss), ("log_input", "full", "eps")

    def __init__(self, log_input=True, full=False, size_average=None, eps=1e-8, reduce=None, reduction="mean"):
        super().__init__(size_average, reduce, reduction)
        self.log_input, self.full, self.eps = log_input, full, eps


class GaussianNLLLoss(_Loss):
    """½(ln v + (x − target)²/v), v = max(var, eps): loss(x, target, var). full adds ½·ln 2π. reduction: 'mean', 'sum' or 'none'."""

    _function, _options = staticmethod(F.gaussian_nll_loss), ("full", "eps")

    def __init__(self, *, full=False, eps=1e-6, reduction="mean"):
        super().__init__(reduction=reduction)
        self.full, self.eps = full, eps

    def forward(self, input, target, var):
        return self._call(input, target, var)


class SoftMarginLoss(_Loss):
    """ln(1 + e^(−t·x)) for targets t 1 or −1. reduction: 'mean', 'sum' or 'none'."""

    _function = staticmethod(F.soft_margin_loss)


class HingeEmbeddingLoss(_Loss):
    """x where t = 1, max(0, margin − x) where t = −1. reduction: 'mean', 'sum' or 'none'."""

    _function, _options = staticmethod(F.hinge_embedding_loss), ("margin",)

    def __init__(self, margin=1.0, size_average=None, reduce=None, reduction="mean"):
        super().__init__(size_average, reduce, reduction)
        self.margin = margin


class CosineEmbeddingLoss(_ThreeTensorLoss):
    """loss(x1, x2, t): 1 − cos where t = 1, max(0, cos − margin) where t = −1; x1, x2 [N, D], t [N]. reduction: 'mean', 'sum' or 'none'."""

    _function, _options = staticmethod(F.cosine_embedding_loss), ("margin",)

    def __init__(self, margin=0.0, size_average=None, reduce=None, reduction="mean"):
        super().__init__(size_average, reduce, reduction)
        self.margin = margin


class MarginRankingLoss(_ThreeTensorLoss):
    """loss(x1, x2, t): max(0, −t·(x1 − x2) + margin); t = 1: x1 should be larger, −1: x2. reduction: 'mean', 'sum' or 'none'."""

    _function, _options = staticmethod(F.margin_ranking_loss), ("margin",)

    def __init__(self, margin=0.0, size_average=None, reduce=None, reduction="mean"):
        super().__init__(size_average, reduce, reduction)
        self.margin = margin


class MultiMarginLoss(_WeightedLoss):
    """weight[y]·Σ max(0, margin − x[y] + x[j])ᵖ / C over the classes j ≠ y: scores x [N, C], labels y [N]; p 1 or 2.
    reduction: 'mean', 'sum' or 'none'."""

    _function, _options = staticmethod(F.multi_margin_loss), ("p", "margin", "weight")

    def __init__(self, p=1, margin=1.0, weight=None, size_average=None, reduce=None, reduction="mean"):
        super().__init__(weight, size_average, reduce, reduction)
        if p not in (1, 2):
            raise ValueError("only p == 1 and p == 2 supported")
        if weight is not None and weight.dim() != 1:
            raise ValueError(f"MultiMarginLoss: expected weight to be None or 1D tensor, got {weight.dim()}D instead")
        self.p, self.margin = p, margin


class MultiLabelMarginLoss(_Loss):
    """Σ max(0, 1 − x[y] + x[j]) / C over a sample's labels y and the classes j that are none of them; target in x's
    shape: the labels, ended by −1. reduction: 'mean', 'sum' or 'none'."""

    _function = staticmethod(F.multilabel_margin_loss)


class MultiLabelSoftMarginLoss(_WeightedLoss):
    """The mean over the classes of −[t·ln σ(x) + (1 − t)·ln(1 − σ(x))]·weight, targets t 0 or 1 in x's shape [N, C].
    reduction: 'mean', 'sum' or 'none'."""

    _function = staticmethod(F.multilabel_soft_margin_loss)


class _TripletLoss(_Loss):
    def forward(self, anchor, positive, negative):
        return self._call(anchor, positive, negative)


class TripletMarginLoss(_TripletLoss):
    """loss(anchor, positive, negative): max(0, margin + ‖anchor − positive‖ − ‖anchor − negative‖), norms of order p
    along the last dimension; swap: the negative's distance from anchor or positive, whichever is smaller. reduction:
    'mean', 'sum' or 'none'."""

    _function, _options = staticmethod(F.triplet_margin_loss), ("margin", "p", "eps", "swap")

    def __init__(self, margin=1.0, p=2.0, eps=1e-6, swap=False, size_average=None, reduce=None, reduction="mean"):
        super().__init__(size_average, reduce, reduction)
        if margin <= 0:
            raise ValueError(f"TripletMarginLoss: expected margin to be greater than 0, got {margin} instead")
        self.margin, self.p, self.eps, self.swap = margin, p, eps, swap


class TripletMarginWithDistanceLoss(_TripletLoss):
    """TripletMarginLoss with a distance of one's own: distance_function(a, b); None: the Euclidean one. reduction: 'mean', 'sum' or 'none'."""

    _function, _options = staticmethod(F.triplet_margin_with_distance_loss), ("distance_function", "margin", "swap")

    def __init__(self, *, distance_function=None, margin=1.0, swap=False, reduction="mean"):
        super().__init__(reduction=reduction)
        if margin <= 0:
            raise ValueError(f"TripletMarginWithDistanceLoss: expected margin to be greater than 0, got {margin} instead")
        self.distance_function, self.margin, self.swap = distance_function, margin, swap


class CTCLoss(_Loss):
    """loss(log_probs, targets, input_lengths, target_lengths): −ln of the probability that a path over T steps, freed
    of repetitions and then of blanks, reads the target (Graves et al. 2006).

    log_probs [T, N, C] from log_softmax; targets [N, S], or all in one dimension; lengths [N]. The mean first divides
    each loss by its target's length. zero_infinity: targets that no path can read count 0.
    """

    _function, _options = staticmethod(F.ctc_loss), ("blank", "zero_infinity")

    def __init__(self, blank=0, reduction="mean", zero_infinity=False):
        super().__init__(reduction=reduction)
        self.blank, self.zero_infinity = blank, zero_infinity

    def forward(self, log_probs, targets, input_lengths, target_lengths):
        return self._call(log_probs, targets, input_lengths, target_lengths)


class LinearCrossEntropyLoss(_WeightedLoss):
    """CrossEntropyLoss of a linear layer's output: the last layer of a classifier, weight [num_classes, ..,
    in_features] (and bias), together with its loss."""

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
