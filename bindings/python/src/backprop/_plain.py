"""Functions of torch that nn.functional has in another form: arguments in another order, reductions as numbers."""

from . import _core
from .nn import functional as F
from .nn.functional import bilinear, channel_shuffle, pixel_shuffle, pixel_unshuffle, rrelu_, selu_, celu_, threshold_  # noqa: F401

_REDUCTIONS = ("none", "mean", "sum")
_MODES = ("sum", "mean", "max")


def _named(reduction):
    if reduction not in (0, 1, 2):
        raise ValueError(f"reduction must be 0 (none), 1 (mean) or 2 (sum), got {reduction!r}")
    return _REDUCTIONS[reduction]


# Normalisations


def batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps, cudnn_enabled):
    """nn.functional.batch_norm, the weights before the running statistics."""
    return F.batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)


def instance_norm(input, weight, bias, running_mean, running_var, use_input_stats, momentum, eps, cudnn_enabled):
    """nn.functional.instance_norm, the weights before the running statistics."""
    return F.instance_norm(input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps)


def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-05, cudnn_enable=True):
    """(x − mean) / √(var + eps) · weight + bias over the last dimensions."""
    return F.layer_norm(input, normalized_shape, weight, bias, eps)


def group_norm(input, num_groups, weight=None, bias=None, eps=1e-05, cudnn_enabled=True):
    """(x − mean) / √(var + eps) · weight + bias over groups of channels."""
    return F.group_norm(input, num_groups, weight, bias, eps)


def rms_norm(input, normalized_shape, weight=None, eps=None):
    """x / √(mean x² + eps) · weight over the last dimensions."""
    return F.rms_norm(input, normalized_shape, weight, eps)


# Dropout: p and train have no defaults


def dropout(input, p, train):
    """Elements set to 0 with probability p, the others divided by 1 − p."""
    return F.dropout(input, p, train)


def feature_dropout(input, p, train):
    """Whole channels [N, C, ..] set to 0 with probability p."""
    return F.dropout1d(input.flatten(2), p, train).reshape(input.shape) if input.ndim > 2 else F.dropout(input, p, train)


def alpha_dropout(input, p, train):
    """Dropout that keeps mean and variance behind a SELU."""
    return F.alpha_dropout(input, p, train)


def feature_alpha_dropout(input, p, train):
    """alpha_dropout of whole channels."""
    return F.feature_alpha_dropout(input, p, train)


def dropout_(input, p, train):
    """dropout in place."""
    return input.copy_(dropout(input, p, train))


def feature_dropout_(input, p, train):
    """feature_dropout in place."""
    return input.copy_(feature_dropout(input, p, train))


def alpha_dropout_(input, p, train):
    """alpha_dropout in place."""
    return input.copy_(alpha_dropout(input, p, train))


def feature_alpha_dropout_(input, p, train):
    """feature_alpha_dropout in place."""
    return input.copy_(feature_alpha_dropout(input, p, train))


# Tables


def embedding(weight, indices, padding_idx=-1, scale_grad_by_freq=False, sparse=False):
    """Rows of weight; padding_idx −1: none is padding."""
    return F.embedding(indices, weight, None if padding_idx == -1 else padding_idx, scale_grad_by_freq=scale_grad_by_freq, sparse=sparse)


def embedding_bag(weight, indices, offsets, scale_grad_by_freq=False, mode=0, sparse=False, per_sample_weights=None, include_last_offset=False,
                  padding_idx=None):
    """Sums (mode 0), means (1) or maxima (2) of bags of rows, and what PyTorch keeps for its gradient: here empty tensors."""
    if mode not in (0, 1, 2):
        raise ValueError(f"embedding_bag: mode must be 0 (sum), 1 (mean) or 2 (max), got {mode!r}")
    out = F.embedding_bag(indices, weight, offsets, scale_grad_by_freq=scale_grad_by_freq, mode=_MODES[mode], sparse=sparse,
                          per_sample_weights=per_sample_weights, include_last_offset=include_last_offset, padding_idx=padding_idx)
    return out, *(_core.empty(0, dtype=_core.int64) for _ in range(3))


def adaptive_max_pool1d(input, output_size):
    """The largest of each of output_size parts, and where they stood."""
    return F.adaptive_max_pool1d(input, output_size, return_indices=True)


# Losses: reduction is 0 (none), 1 (mean) or 2 (sum)


def binary_cross_entropy_with_logits(input, target, weight=None, pos_weight=None, reduction=1):
    """−target·log σ(x) − (1 − target)·log σ(−x)."""
    return F.binary_cross_entropy_with_logits(input, target, weight, reduction=_named(reduction), pos_weight=pos_weight)


def cosine_embedding_loss(input1, input2, target, margin=0.0, reduction=1):
    """1 − cos where target is 1, max(0, cos − margin) where it is −1."""
    return F.cosine_embedding_loss(input1, input2, target, margin, reduction=_named(reduction))


def ctc_loss(log_probs, targets, input_lengths, target_lengths, blank=0, reduction=1, zero_infinity=False):
    """−log of the probability of targets, over all alignments."""
    return F.ctc_loss(log_probs, targets, input_lengths, target_lengths, blank, _named(reduction), zero_infinity)


def hinge_embedding_loss(input, target, margin=1.0, reduction=1):
    """x where target is 1, max(0, margin − x) where it is −1."""
    return F.hinge_embedding_loss(input, target, margin, reduction=_named(reduction))


def kl_div(input, target, reduction=1, *, log_target=False):
    """target·(log target − x)."""
    return F.kl_div(input, target, reduction=_named(reduction), log_target=log_target)


def margin_ranking_loss(input1, input2, target, margin=0.0, reduction=1):
    """max(0, margin − target·(x₁ − x₂))."""
    return F.margin_ranking_loss(input1, input2, target, margin, reduction=_named(reduction))


def poisson_nll_loss(input, target, log_input, full, eps, reduction):
    """eˣ − target·x, or x − target·log(x + eps)."""
    return F.poisson_nll_loss(input, target, log_input, full, eps=eps, reduction=_named(reduction))


def triplet_margin_loss(anchor, positive, negative, margin=1.0, p=2.0, eps=1e-06, swap=False, reduction=1):
    """max(0, margin + ‖anchor − positive‖ − ‖anchor − negative‖)."""
    return F.triplet_margin_loss(anchor, positive, negative, margin, p, eps, swap, reduction=_named(reduction))


# One step of a recurrent layer


def _cell(layer, input, states, w_ih, w_hh, b_ih, b_hh):
    return getattr(_core, layer)(input.unsqueeze(0), *states, w_ih, w_hh, b_ih, b_hh, False)[1:]


def lstm_cell(input, hx, w_ih, w_hh, b_ih=None, b_hh=None):
    """(h', c') from an input [B, I] and (h, c)."""
    return tuple(_cell("_lstm", input, hx, w_ih, w_hh, b_ih, b_hh))


def gru_cell(input, hx, w_ih, w_hh, b_ih=None, b_hh=None):
    """h' from an input [B, I] and h."""
    return _cell("_gru", input, (hx,), w_ih, w_hh, b_ih, b_hh)[0]


def rnn_tanh_cell(input, hx, w_ih, w_hh, b_ih=None, b_hh=None):
    """h' = tanh(W·x + U·h + b)."""
    return _cell("_rnn_tanh", input, (hx,), w_ih, w_hh, b_ih, b_hh)[0]


def rnn_relu_cell(input, hx, w_ih, w_hh, b_ih=None, b_hh=None):
    """h' = max(0, W·x + U·h + b)."""
    return _cell("_rnn_relu", input, (hx,), w_ih, w_hh, b_ih, b_hh)[0]


# Norms by name


def frobenius_norm(input, dim, keepdim=False):
    """√Σx² over dim; [] stands for all."""
    return _core.norm(input, 2, dim if not isinstance(dim, (list, tuple)) or len(dim) else None, keepdim)


def nuclear_norm(input, dim=None, keepdim=False):
    """The sum of the singular values of matrices."""
    from ._norms import matrix_norm

    if dim is None and input.ndim != 2:
        raise RuntimeError(f"nuclear_norm: expected a matrix, got a tensor of {input.ndim} dimensions")
    return matrix_norm(input, "nuc", (-2, -1) if dim is None else tuple(dim), keepdim)
