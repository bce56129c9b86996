"""Activations: what they hold, and which function they call."""

from .. import _core
from . import functional as F
from .module import Module, Parameter


def in_place(function, input, *options):
    """The result in the input's place; a new tensor where a view of the input, or a leaf, would not see a change that a graph records."""
    try:
        return function(input, *options, inplace=True)
    except RuntimeError:
        return function(input, *options)


class _Activation(Module):
    """A function of the input and of the attributes that _options names."""

    _options = ()
    inplace = False

    def forward(self, input):
        options = [getattr(self, option) for option in self._options]
        return in_place(self._function, input, *options) if self.inplace else self._function(input, *options)

    def extra_repr(self):
        shown = [f"{option}={getattr(self, option)}" for option in self._options]
        return ", ".join(shown + ["inplace=True"] * bool(self.inplace))


class _InPlace(_Activation):
    def __init__(self, inplace=False):
        super().__init__()
        self.inplace = inplace


class Threshold(_Activation):
    """x where x > threshold, value elsewhere."""

    _function = staticmethod(F.threshold)
    _options = ("threshold", "value")

    def __init__(self, threshold, value, inplace=False):
        super().__init__()
        self.threshold, self.value, self.inplace = threshold, value, inplace


class ReLU(_InPlace):
    """max(x, 0); the derivative at 0 is 0."""

    _function = staticmethod(F.relu)


class RReLU(_Activation):
    """x for x > 0, a·x otherwise: in training a is drawn for each element from [lower, upper), otherwise it is their mean."""

    _options = ("lower", "upper")

    def __init__(self, lower=1.0 / 8, upper=1.0 / 3, inplace=False):
        super().__init__()
        self.lower, self.upper, self.inplace = lower, upper, inplace

    def forward(self, input):
        options = self.lower, self.upper, self.training
        return in_place(F.rrelu, input, *options) if self.inplace else F.rrelu(input, *options)


class Hardtanh(_Activation):
    """x limited to min_val … max_val; the derivative on the limits is 0."""

    _function = staticmethod(F.hardtanh)
    _options = ("min_val", "max_val")

    def __init__(self, min_val=-1.0, max_val=1.0, inplace=False):
        super().__init__()
        if not max_val > min_val:
            raise ValueError(f"Hardtanh: max_val must be larger than min_val, got {max_val} and {min_val}")
        self.min_val, self.max_val, self.inplace = min_val, max_val, inplace


class ReLU6(_InPlace):
    """min(max(x, 0), 6)."""

    _function = staticmethod(F.relu6)


class Sigmoid(_Activation):
    """σ(x) = 1/(1 + e⁻ˣ), between 0 and 1."""

    _function = staticmethod(F.sigmoid)


class Hardsigmoid(_InPlace):
    """min(max(x + 3, 0), 6)/6: a sigmoid in straight pieces."""

    _function = staticmethod(F.hardsigmoid)

    def extra_repr(self):
        return ""


class Tanh(_Activation):
    """(eˣ − e⁻ˣ)/(eˣ + e⁻ˣ), between −1 and 1."""

    _function = staticmethod(F.tanh)


class SiLU(_InPlace):
    """x·σ(x), also called swish."""

    _function = staticmethod(F.silu)


class Mish(_InPlace):
    """x·tanh(ln(1 + eˣ)) (Misra 2019)."""

    _function = staticmethod(F.mish)


class Hardswish(Hardsigmoid):
    """x·min(max(x + 3, 0), 6)/6: SiLU in straight pieces."""

    _function = staticmethod(F.hardswish)


class ELU(_Activation):
    """x for x > 0, alpha·(eˣ − 1) otherwise (Clevert et al. 2015)."""

    _function = staticmethod(F.elu)
    _options = ("alpha",)

    def __init__(self, alpha=1.0, inplace=False):
        super().__init__()
        self.alpha, self.inplace = alpha, inplace


class CELU(ELU):
    """x for x > 0, alpha·(e^(x/alpha) − 1) otherwise."""

    _function = staticmethod(F.celu)


class SELU(_InPlace):
    """s·x for x > 0, s·a·(eˣ − 1) otherwise, s = 1.0507…, a = 1.6733…: mean 0 and variance 1 stay (Klambauer et al. 2017)."""

    _function = staticmethod(F.selu)


class GLU(_Activation):
    """a·σ(b) of the two halves a, b of x along dim: [.., 2·N] → [.., N] by default."""

    _function = staticmethod(F.glu)
    _options = ("dim",)

    def __init__(self, dim=-1):
        super().__init__()
        self.dim = dim


class GELU(_Activation):
    """x·Φ(x), Φ being the standard normal distribution function; approximate='tanh': ½x(1 + tanh(√(2/π)(x + 0.044715x³)))."""

    _function = staticmethod(F.gelu)
    _options = ("approximate",)

    def __init__(self, approximate="none"):
        super().__init__()
        self.approximate = approximate

    def extra_repr(self):
        return f"approximate={self.approximate!r}"


class Hardshrink(_Activation):
    """0 where |x| ≤ lambd, x elsewhere."""

    _function = staticmethod(F.hardshrink)
    _options = ("lambd",)

    def __init__(self, lambd=0.5):
        super().__init__()
        self.lambd = lambd

    def extra_repr(self):
        return str(self.lambd)


class Softshrink(Hardshrink):
    """0 where |x| ≤ lambd, the rest moved towards 0 by lambd ≥ 0."""

    _function = staticmethod(F.softshrink)


class LeakyReLU(_Activation):
    """x for x > 0, negative_slope·x otherwise."""

    _function = staticmethod(F.leaky_relu)
    _options = ("negative_slope",)

    def __init__(self, negative_slope=0.01, inplace=False):
        super().__init__()
        self.negative_slope, self.inplace = negative_slope, inplace


class LogSigmoid(_Activation):
    """ln σ(x) = −ln(1 + e⁻ˣ), without overflow."""

    _function = staticmethod(F.logsigmoid)


class Softplus(_Activation):
    """ln(1 + e^(beta·x))/beta, a smooth ReLU; x itself where beta·x > threshold."""

    _function = staticmethod(F.softplus)
    _options = ("beta", "threshold")

    def __init__(self, beta=1.0, threshold=20.0):
        super().__init__()
        self.beta, self.threshold = beta, threshold


class PReLU(_Activation):
    """x for x > 0, weight·x otherwise: one learned slope, or with num_parameters=C one for each channel of [N, C, …].
    weight [num_parameters] starts as init."""

    def __init__(self, num_parameters=1, init=0.25, device=None, dtype=None):
        super().__init__()
        self.num_parameters, self.init = num_parameters, init
        self.weight = Parameter(_core.full((num_parameters,), float(init), dtype=dtype, device=device))

    def reset_parameters(self):
        """weight is init again."""
        self.weight.data.fill_(float(self.init))

    def forward(self, input):
        return F.prelu(input, self.weight)

    def extra_repr(self):
        return f"num_parameters={self.num_parameters}"


class Softsign(_Activation):
    """x/(1 + |x|), between −1 and 1."""

    _function = staticmethod(F.softsign)


class Tanhshrink(_Activation):
    """x − tanh x."""

    _function = staticmethod(F.tanhshrink)


class Softmax(_Activation):
    """eˣ / Σ eˣ along dim, which must be named: positive numbers that sum to 1. CrossEntropyLoss wants what comes before it."""

    _function = staticmethod(F.softmax)
    _options = ("dim",)

    def __init__(self, dim=None):
        super().__init__()
        self.dim = dim


class LogSoftmax(Softmax):
    """x − ln Σ eˣ along dim, without overflow: what NLLLoss takes."""

    _function = staticmethod(F.log_softmax)


class Softmin(Softmax):
    """e⁻ˣ / Σ e⁻ˣ along dim."""

    _function = staticmethod(F.softmin)


class Softmax2d(Module):
    """Softmax over the channels of [N, C, H, W] or [C, H, W]; ValueError for other inputs."""

    def forward(self, input):
        if input.ndim not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {input.ndim}D instead")
        return F.softmax(input, -3)
