"""A batch norm behind a linear layer or a convolution, taken into its weights; modules made without initial values."""

from copy import deepcopy

from ... import _core
from ..module import Parameter


def fuse_conv_bn_weights(conv_w, conv_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, transpose=False):
    """Weight and bias of a convolution that does what it and the batch norm behind it do."""
    conv_b = _core.zeros_like(bn_rm) if conv_b is None else conv_b
    bn_w = _core.ones_like(bn_rm) if bn_w is None else bn_w
    bn_b = _core.zeros_like(bn_rm) if bn_b is None else bn_b
    scale = bn_w * (bn_rv + bn_eps).rsqrt()
    shape = [1, -1] + [1] * (conv_w.ndim - 2) if transpose else [-1] + [1] * (conv_w.ndim - 1)
    return Parameter((conv_w * scale.reshape(shape)).detach(), conv_w.requires_grad), Parameter(((conv_b - bn_rm) * scale + bn_b).detach(), True)


def fuse_linear_bn_weights(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b):
    """Weight and bias of a linear layer that does what it and the batch norm behind it do."""
    return fuse_conv_bn_weights(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b)


def _fused(layer, bn, transpose):
    if layer.training or bn.training:
        raise AssertionError("Fusion only for eval!")
    made = deepcopy(layer)
    made.weight, made.bias = fuse_conv_bn_weights(layer.weight, layer.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias, transpose)
    return made


def fuse_conv_bn_eval(conv, bn, transpose=False):
    """The convolution and the batch norm behind it as one convolution; both must be in eval mode."""
    return _fused(conv, bn, transpose)


def fuse_linear_bn_eval(linear, bn):
    """The linear layer and the batch norm behind it as one linear layer; both must be in eval mode."""
    return _fused(linear, bn, False)


def skip_init(module_cls, *args, **kwargs):
    """module_cls(*args, **kwargs), whose values nobody relies upon. (Here they are set all the same.)"""
    kwargs.pop("device", None)
    return module_cls(*args, **kwargs)
