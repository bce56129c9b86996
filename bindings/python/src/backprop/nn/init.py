"""Initial values: every function overwrites its tensor, outside the graph, and returns it. Names and defaults as in
torch.nn.init.

    >>> from backprop import nn
    >>> layer = nn.Linear(3, 2)
    >>> nn.init.constant_(layer.bias, 0.5)
    Parameter containing:
    tensor([0.5000, 0.5000], requires_grad=True)

A layer's outputs keep the size of its inputs where weights are drawn with a variance near 1/fan_in (fan_in: inputs to
an output); the functions differ in what else they make up for. generator: where the random numbers come from.
"""

from math import nan as _nan

from .. import _core

__all__ = ["calculate_gain", "uniform_", "normal_", "trunc_normal_", "constant_", "ones_", "zeros_", "eye_", "dirac_", "xavier_uniform_",
           "xavier_normal_", "kaiming_uniform_", "kaiming_normal_", "orthogonal_", "sparse_"]


def calculate_gain(nonlinearity, param=None):
    """What makes up for a nonlinearity's effect on the standard deviation: 1, tanh 5/3, relu √2, leaky_relu √(2/(1 + param²)), selu 3/4."""
    if isinstance(param, bool) or not (param is None or isinstance(param, (int, float))):
        raise ValueError(f"negative_slope {param} not a valid number")
    gain = _core._calculate_gain(nonlinearity, _nan if param is None else param)
    if gain != gain:
        raise ValueError(f"Unsupported nonlinearity {nonlinearity}")
    return 1 if gain == 1 else gain


def uniform_(tensor, a=0.0, b=1.0, generator=None):
    """Every element from U[a, b)."""
    return _core._init_uniform_(tensor, a, b, generator=generator)


def normal_(tensor, mean=0.0, std=1.0, generator=None):
    """Every element from N(mean, std²)."""
    return _core._init_normal_(tensor, mean, std, generator=generator)


def trunc_normal_(tensor, mean=0.0, std=1.0, a=-2.0, b=2.0, generator=None):
    """Every element from N(mean, std²), none outside [a, b]."""
    return _core._init_trunc_normal_(tensor, mean, std, a, b, generator=generator)


def constant_(tensor, val):
    """Every element becomes val."""
    return _core._init_constant_(tensor, val)


def ones_(tensor):
    """Every element becomes 1."""
    return _core._init_constant_(tensor, 1.0)


def zeros_(tensor):
    """Every element becomes 0."""
    return _core._init_constant_(tensor, 0.0)


def eye_(tensor):
    """The identity, as far as a matrix [M, N] goes; ValueError for other shapes."""
    if tensor.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    return _core._init_eye_(tensor)


def dirac_(tensor, groups=1):
    """The convolution that hands its input on, in each of the groups: weights [M, C, …] of 3 to 5 dimensions; ValueError for others."""
    if tensor.ndim not in (3, 4, 5):
        raise ValueError("Only tensors with 3, 4, or 5 dimensions are supported")
    if groups < 1 or tensor.shape[0] % groups:
        raise ValueError("dim 0 must be divisible by groups")
    return _core._init_dirac_(tensor, groups)


def _fans(tensor):
    if tensor.ndim < 2:
        raise ValueError("Fan in and fan out can not be computed for tensor with fewer than 2 dimensions")
    return tensor


def _calculate_fan_in_and_fan_out(tensor):
    field = 1
    for n in _fans(tensor).shape[2:]:
        field *= n
    return tensor.shape[1] * field, tensor.shape[0] * field


def xavier_uniform_(tensor, gain=1.0, generator=None):
    """U(±gain·√(6/(fan_in + fan_out))): the variance stays the same forwards and backwards (Glorot and Bengio 2010).
    fan_in: the second size times the window, fan_out: the first; ValueError for fewer than 2 dimensions."""
    return _core._init_xavier_uniform_(_fans(tensor), gain, generator=generator)


def xavier_normal_(tensor, gain=1.0, generator=None):
    """N(0, 2·gain²/(fan_in + fan_out)) (Glorot and Bengio 2010); fans as in xavier_uniform_()."""
    return _core._init_xavier_normal_(_fans(tensor), gain, generator=generator)


def _kaiming(function, tensor, a, mode, nonlinearity, generator):
    if 0 in tensor.shape:
        return tensor
    if str(mode).lower() not in ("fan_in", "fan_out"):
        raise ValueError(f"Mode {mode} not supported, please use one of ['fan_in', 'fan_out']")
    calculate_gain(nonlinearity, a)
    return function(_fans(tensor), a, int(mode.lower() == "fan_out"), nonlinearity, generator=generator)


def kaiming_uniform_(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """U(±gain·√(3/fan)), gain of nonlinearity (calculate_gain(), a: the slope of leaky_relu), fan: mode 'fan_in' or 'fan_out' (He et al. 2015)."""
    return _kaiming(_core._init_kaiming_uniform_, tensor, a, mode, nonlinearity, generator)


def kaiming_normal_(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """N(0, gain²/fan), gain and fan as in kaiming_uniform_() (He et al. 2015)."""
    return _kaiming(_core._init_kaiming_normal_, tensor, a, mode, nonlinearity, generator)


def orthogonal_(tensor, gain=1, generator=None):
    """Orthonormal rows or columns, times gain; dimensions behind the first count as one (Saxe et al. 2013). ValueError
    for fewer than 2 dimensions."""
    if tensor.ndim < 2:
        raise ValueError("Only tensors with 2 or more dimensions are supported")
    return _core._init_orthogonal_(tensor, gain, generator=generator)


def sparse_(tensor, sparsity, std=0.01, generator=None):
    """A matrix of N(0, std²), with a part `sparsity` of zeros in each column (Martens 2010); ValueError for other shapes."""
    if tensor.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    return _core._init_sparse_(tensor, sparsity, std, generator=generator)
