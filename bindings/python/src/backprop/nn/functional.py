"""The functions behind nn's modules, under torch.nn.functional's names: without parameters of their own.

    >>> from backprop.nn import functional as F
    >>> F.relu(backprop.tensor([-1.0, 2.0]))
    tensor([0., 2.])

Activations, linear and convolution, pooling, norms, dropout, embedding, attention, losses, interpolation and padding.
Most are the library's operations as they are. softmax() and its like must be told dim; dropout() is told whether it is
training, by default that it is.
"""

from .. import _core
from ._attention import multi_head_attention_forward
from ._movement import channel_shuffle, pad, pixel_shuffle, pixel_unshuffle
from .._core import one_hot
from .._core import (
    celu, elu, glu, hardshrink, hardsigmoid, hardswish, hardtanh, leaky_relu, logsigmoid, mish, prelu, relu6, rrelu, selu, silu, softplus, softshrink,
    softsign, tanhshrink, threshold,
)
from .._core import batch_norm, gelu, group_norm, layer_norm, linear, relu, rms_norm, sigmoid, tanh
from .._core import _log_softmax_somewhere as log_softmax, _softmax_somewhere as softmax
from .._core import cosine_similarity, normalize, pairwise_distance
from .._core import embedding, embedding_bag, rotary_embedding, scaled_dot_product_attention
from .._core import alpha_dropout, dropout, dropout1d, dropout2d, dropout3d, feature_alpha_dropout, instance_norm, local_response_norm
from .._core import (
    binary_cross_entropy, binary_cross_entropy_with_logits, cosine_embedding_loss, cross_entropy, ctc_loss, gaussian_nll_loss,
    hinge_embedding_loss, huber_loss, kl_div, l1_loss, margin_ranking_loss, mse_loss, multi_margin_loss, multilabel_margin_loss,
    multilabel_soft_margin_loss, nll_loss, poisson_nll_loss, smooth_l1_loss, soft_margin_loss, triplet_margin_loss,
)
from .._core import conv1d, conv2d, conv3d, conv_transpose1d, conv_transpose2d, conv_transpose3d
from .._core import avg_pool1d, avg_pool2d, avg_pool3d, lp_pool1d, lp_pool2d, lp_pool3d, max_pool1d, max_pool2d, max_pool3d
from .._core import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d
from .._core import adaptive_max_pool1d, adaptive_max_pool2d, adaptive_max_pool3d
from .._core import im2col as unfold, col2im as fold
from ._images import (
    affine_grid, fractional_max_pool2d, fractional_max_pool3d, grid_sample, interpolate, max_unpool1d, max_unpool2d, max_unpool3d, upsample,
    upsample_bilinear, upsample_nearest,
)

__all__ = ["relu", "sigmoid", "tanh", "gelu", "softplus", "softmax", "log_softmax", "linear", "mse_loss", "cross_entropy",
           "binary_cross_entropy_with_logits", "dropout", "layer_norm", "embedding", "batch_norm", "group_norm",
           "rms_norm", "nll_loss"]
__all__ += ["bilinear", "cosine_similarity", "normalize", "pairwise_distance", "pdist"]
__all__ += ["scaled_dot_product_attention", "multi_head_attention_forward", "rotary_embedding", "embedding_bag"]
__all__ += ["alpha_dropout", "dropout1d", "dropout2d", "dropout3d", "feature_alpha_dropout", "instance_norm", "local_response_norm"]
__all__ += [
    "binary_cross_entropy", "cosine_embedding_loss", "ctc_loss", "gaussian_nll_loss", "hinge_embedding_loss", "huber_loss", "kl_div",
    "l1_loss", "linear_cross_entropy", "margin_ranking_loss", "multi_margin_loss", "multilabel_margin_loss",
    "multilabel_soft_margin_loss", "poisson_nll_loss", "smooth_l1_loss", "soft_margin_loss", "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
]
__all__ += ["celu", "elu", "glu", "hardshrink", "hardsigmoid", "hardswish", "hardtanh", "leaky_relu", "logsigmoid", "mish", "prelu", "relu6", "rrelu", "selu",
            "silu", "gumbel_softmax", "softmin", "softshrink", "softsign", "tanhshrink", "threshold"]
__all__ += ["conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "fold", "unfold"]
__all__ += [f"{kind}{n}d" for kind in ("max_pool", "avg_pool", "lp_pool", "adaptive_avg_pool", "adaptive_max_pool", "max_unpool") for n in (1, 2, 3)]
__all__ += ["affine_grid", "fractional_max_pool2d", "fractional_max_pool3d", "grid_sample", "interpolate", "upsample", "upsample_bilinear",
            "upsample_nearest"]
__all__ += ["one_hot", "pad", "pixel_shuffle", "pixel_unshuffle", "channel_shuffle"]


def softmin(input, dim=None, _stacklevel=3, dtype=None):
    """softmax(−input) along dim."""
    return softmax(-input, dim, dtype=dtype)


def _changing(function):
    """function_(input, …): the result in input's place."""

    def changing(input, *options, **named):
        return function(input, *options, **named, inplace=True)

    changing.__name__ = changing.__qualname__ = function.__name__ + "_"
    changing.__doc__ = f"{function.__name__}() whose result takes input's place: {function.__name__}(input, …, inplace=True)."
    return changing


relu_, elu_, celu_, selu_, leaky_relu_, hardtanh_, threshold_, rrelu_ = map(
    _changing, (relu, elu, celu, selu, leaky_relu, hardtanh, threshold, rrelu))


def gumbel_softmax(logits, tau=1, hard=False, eps=1e-10, dim=-1):
    """softmax((logits + g)/tau), g drawn from Gumbel(0, 1): a sample of categories that has a gradient. hard: one-hot, with the soft gradient."""
    noise = -_core.empty_like(logits).exponential_().log()
    soft = _core.softmax((logits + noise) / tau, dim)
    if not hard:
        return soft
    index = soft.max(dim, keepdim=True)[1]
    return _core.zeros_like(logits).scatter_(dim, index, 1.0) - soft.detach() + soft


def bilinear(input1, input2, weight, bias=None):
    """x₁ᵀ·W·x₂ + b: [.., I], [.., J], W [O, I, J], b [O] → [.., O]."""
    y = _core.einsum("...i,oij,...j->...o", input1, weight, input2)
    return y if bias is None else y + bias


def triplet_margin_with_distance_loss(anchor, positive, negative, *, distance_function=None, margin=1.0, swap=False, reduction="mean"):
    """max(0, margin + d(anchor, positive) − d(anchor, negative)), d Euclidean unless given; swap: the negative's from anchor or positive."""
    if margin <= 0:
        raise ValueError(f"triplet_margin_with_distance_loss: margin must be greater than 0, got {margin}")
    if distance_function is None:
        return triplet_margin_loss(anchor, positive, negative, margin=margin, swap=swap, reduction=reduction)
    near, far = distance_function(anchor, positive), distance_function(anchor, negative)
    if swap:
        far = _core.minimum(far, distance_function(positive, negative))
    losses = _core.clamp(near - far + margin, min=0)
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"triplet_margin_with_distance_loss: reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
    return losses if reduction == "none" else getattr(losses, reduction)()


def pdist(input, p=2.0):
    """Distances between all pairs of rows, in the order of the upper triangle."""
    from .._composed_reductions import pdist

    return pdist(input, p)


def linear_cross_entropy(input, linear_weight, target, *, linear_bias=None, weight=None, reduction="mean", ignore_index=None,
                         label_smoothing=0.0, options=None):
    """Cross entropy of x·Wᵀ + b, W [C, .., in] and b [C, ..]. options, which in PyTorch say how to cut the work, make no difference here."""
    classes, *out = linear_weight.shape[:-1]
    logits = linear(input, linear_weight.reshape(-1, linear_weight.shape[-1]), None if linear_bias is None else linear_bias.reshape(-1))
    logits = logits.reshape(*input.shape[:-1], classes, *out)
    return cross_entropy(logits, target, weight=weight, reduction=reduction, ignore_index=-100 if ignore_index is None else ignore_index,
                         label_smoothing=label_smoothing)
