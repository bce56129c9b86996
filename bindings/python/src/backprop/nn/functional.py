"""The functions behind the modules, under torch.nn.functional's names. Most are the library's operations as they are."""

from .. import _core
from .._core import cross_entropy as _cross_entropy
from .._core import binary_cross_entropy_with_logits as _bce_with_logits
from .._core import dropout as _dropout
from .._core import nll_loss as _nll_loss
from .._core import batch_norm, gelu, group_norm, layer_norm, linear, log_softmax, relu, rms_norm, sigmoid, softmax, tanh
from .._core import mse_loss as _mse_loss
from .._core import cosine_similarity, normalize, pairwise_distance
from .._core import adaptive_avg_pool2d, avg_pool1d, avg_pool2d, conv1d, conv2d, conv_transpose2d, max_pool1d, max_pool2d
from .._core import scaled_dot_product_attention

__all__ = ["relu", "sigmoid", "tanh", "gelu", "softplus", "softmax", "log_softmax", "linear", "mse_loss", "cross_entropy",
           "binary_cross_entropy_with_logits", "dropout", "layer_norm", "embedding", "batch_norm", "group_norm",
           "rms_norm", "nll_loss"]
__all__ += ["scaled_dot_product_attention"]
__all__ += ["cosine_similarity", "normalize", "pairwise_distance", "pdist"]
__all__ += ["conv1d", "conv2d", "conv_transpose2d", "max_pool1d", "max_pool2d", "avg_pool1d", "avg_pool2d", "adaptive_avg_pool2d"]


def softplus(input, beta=1, threshold=20):
    """ln(1 + e^(beta·x)) / beta. The library's form does not overflow: threshold is accepted and not needed."""
    return _core.softplus(input) if beta == 1 else _core.softplus(input * beta) / beta


def mse_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    """(input − target)²; mean, sum, or none."""
    _no_legacy("mse_loss", size_average, reduce)
    return _mse_loss(input, target, reduction)


def cross_entropy(input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean", label_smoothing=0.0):
    """−log softmax(input)[target]: logits [N, C], [C] or [N, C, …]; labels, or probabilities in the shape of input."""
    _no_legacy("cross_entropy", size_average, reduce)
    return _cross_entropy(input, target, weight, ignore_index, reduction, label_smoothing)


def nll_loss(input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean"):
    """−input[target]: log probabilities [N, C], [C] or [N, C, …] and labels."""
    _no_legacy("nll_loss", size_average, reduce)
    return _nll_loss(input, target, weight, ignore_index, reduction)


def binary_cross_entropy_with_logits(input, target, weight=None, size_average=None, reduce=None, reduction="mean", pos_weight=None):
    """−[pos_weight·t·log σ(x) + (1−t)·log(1−σ(x))]·weight, without overflow."""
    _no_legacy("binary_cross_entropy_with_logits", size_average, reduce)
    return _bce_with_logits(input, target, weight, reduction, pos_weight)


def dropout(input, p=0.5, training=True, inplace=False):
    """In training, zeroes each element with probability p and scales the rest by 1/(1−p)."""
    if inplace:
        raise ValueError("dropout: inplace is not there")
    return _dropout(input, p, training)


def embedding(input, weight, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False):
    """Rows of weight for indices of any shape; row padding_idx gets no gradient."""
    _plain_embedding("embedding", max_norm, scale_grad_by_freq, sparse)
    return _core.embedding(input, weight, padding_idx)


def _plain_embedding(name, max_norm, scale_grad_by_freq, sparse):
    if max_norm is not None:
        raise ValueError(f"{name}: max_norm is not there (got {max_norm}); normalise the weight between steps")
    if scale_grad_by_freq or sparse:
        raise ValueError(f"{name}: scale_grad_by_freq and sparse are not there")


def _no_legacy(name, *options):
    if any(option is not None for option in options):
        raise ValueError(f"{name}: size_average and reduce are long deprecated: use reduction")


def pdist(input, p=2.0):
    """Distances between all pairs of rows, in the order of the upper triangle."""
    from .._composed_reductions import pdist

    return pdist(input, p)
