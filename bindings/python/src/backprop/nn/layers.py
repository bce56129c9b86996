"""Layers: what they hold, and which function they call."""

from math import sqrt

from .. import _core
from . import functional as F, init
from .module import Module, Parameter


def _empty(*shape):
    return Parameter(_core.empty(shape))


def _spread(parameters, bound):
    """U(±bound), for those that are not None."""
    for p in parameters:
        if p is not None:
            init.uniform_(p, -bound, bound)


def _plain(module):
    """Weight 1 and bias 0, where there are such."""
    for name, value in (("weight", 1), ("bias", 0)):
        if module._parameters.get(name) is not None:
            init.constant_(module._parameters[name], value)


class Identity(Module):
    """x as it is; takes and ignores any arguments when made."""

    def __init__(self, *args, **kwargs):
        super().__init__()

    def forward(self, input):
        return input


class Linear(Module):
    """x·Wᵀ + b: [.., in_features] → [.., out_features]. weight [out, in] and bias [out] (None with bias=False) start as
    U(±1/√in), which is kaiming_uniform with a = √5.

        >>> backprop.nn.Linear(4, 3)(backprop.ones(8, 4)).shape
        backprop.Size([8, 3])
    """

    def __init__(self, in_features, out_features, bias=True, device=None, dtype=None):
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.weight = _empty(out_features, in_features)
        self.register_parameter("bias", _empty(out_features) if bias else None)
        self.reset_parameters()
        if dtype is not None or device is not None:
            self.to(device=device, dtype=dtype)

    def reset_parameters(self):
        """New initial values."""
        _spread((self.weight, self.bias), 1 / sqrt(self.in_features) if self.in_features > 0 else 0)

    def forward(self, input):
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self):
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Bilinear(Module):
    """x₁ᵀ·W·x₂ + b: [.., in1], [.., in2] → [.., out]. weight [out, in1, in2] and bias [out] start as U(±1/√in1)."""

    def __init__(self, in1_features, in2_features, out_features, bias=True, device=None, dtype=None):
        super().__init__()
        if in1_features <= 0:
            raise ValueError(f"in1_features must be > 0, but got {in1_features}")
        self.in1_features, self.in2_features, self.out_features = in1_features, in2_features, out_features
        self.weight = _empty(out_features, in1_features, in2_features)
        self.register_parameter("bias", _empty(out_features) if bias else None)
        self.reset_parameters()
        if dtype is not None or device is not None:
            self.to(device=device, dtype=dtype)

    def reset_parameters(self):
        """New initial values."""
        _spread((self.weight, self.bias), 1 / sqrt(self.in1_features))

    def forward(self, input1, input2):
        return F.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self):
        return (f"in1_features={self.in1_features}, in2_features={self.in2_features}, out_features={self.out_features}, "
                f"bias={self.bias is not None}")


class LayerNorm(Module):
    """(x − μ)/√(σ² + eps)·w + b over the last dimensions, whose sizes are normalized_shape (an int: the last one); σ²
    is the biased variance (Ba et al. 2016). weight, bias in that shape start as 1 and 0; elementwise_affine=False:
    none."""

    def __init__(self, normalized_shape, eps=1e-5, elementwise_affine=True, bias=True, device=None, dtype=None):
        super().__init__()
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.normalized_shape, self.eps, self.elementwise_affine = shape, eps, elementwise_affine
        self.register_parameter("weight", Parameter(_core.ones(shape)) if elementwise_affine else None)
        self.register_parameter("bias", Parameter(_core.zeros(shape)) if elementwise_affine and bias else None)
        if dtype is not None or device is not None:
            self.to(device=device, dtype=dtype)

    def reset_parameters(self):
        """Weight 1, bias 0."""
        _plain(self)

    def forward(self, input):
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self):
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"


class Flatten(Module):
    """Dimensions start_dim … end_dim become one: [N, C, H, W] → [N, C·H·W] by default."""

    def __init__(self, start_dim=1, end_dim=-1):
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input):
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self):
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"
