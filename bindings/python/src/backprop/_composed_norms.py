"""The norms' forms that also return their statistics, and steps of gradients that PyTorch has as functions."""

from . import _core


def native_layer_norm(input, normalized_shape, weight, bias, eps):
    """layer_norm, the means and 1/√(variance + eps), through which no gradient goes."""
    out = _core.layer_norm(input, normalized_shape, weight, bias, eps)
    input = input.detach()
    dims = tuple(range(-len(normalized_shape), 0))
    mean = input.mean(dims, keepdim=True)
    rstd = (((input - mean) * (input - mean)).mean(dims, keepdim=True) + eps).rsqrt()
    return out, mean, rstd


def native_group_norm(input, weight, bias, N, C, HxW, group, eps):
    """group_norm, the means and 1/√(variance + eps), each [N, groups]."""
    sets = input.reshape(N, group, C * HxW // group)
    mean = sets.mean(-1)
    centred = sets - mean.unsqueeze(-1)
    return _core.group_norm(input, group, weight, bias, eps), mean, ((centred * centred).mean(-1) + eps).rsqrt()


def native_batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps):
    """batch_norm, and in training the means and 1/√(variance + eps) of the batch, through which no gradient goes."""
    out = _core.batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)
    if not training:
        none = _core.empty(0, dtype=input.dtype)
        return out, none, none
    channels = input.detach().transpose(0, 1).reshape(input.shape[1], -1)
    mean = channels.mean(1)
    centred = channels - mean.unsqueeze(1)
    return out, mean, ((centred * centred).mean(1) + eps).rsqrt()


def _native_batch_norm_legit(input, weight, bias, *rest):
    """The same, with running statistics or without."""
    return native_batch_norm(input, weight, bias, *((None, None) if isinstance(rest[0], bool) else ()), *rest)


def _batch_norm_with_update(input, weight, bias, running_mean, running_var, momentum, eps):
    """The same in training, and an empty tensor where PyTorch keeps memory for other machines."""
    return *native_batch_norm(input, weight, bias, running_mean, running_var, True, momentum, eps), _core.empty(0, dtype=_core.uint8)


def _softmax_backward_data(grad_output, output, dim, input_dtype):
    """The gradient of softmax: y·(g − Σ g·y)."""
    product = grad_output * output
    return (product - output * product.sum(dim, keepdim=True)).to(input_dtype)


def native_dropout_backward(grad_output, mask, scale):
    """g where the mask lets it through, scaled."""
    return grad_output * (mask.to(grad_output.dtype) * scale)
