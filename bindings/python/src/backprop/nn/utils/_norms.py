"""The older weight_norm and spectral_norm: the weight is computed from others before every call, by a hook."""

from ..._grad_mode import no_grad
from ... import _core
from .. import functional as F
from ..module import Parameter
from .parametrizations import _length


class _Hook:
    """Computes module.name before each forward pass."""

    def __init__(self, name):
        self.name = name

    def __call__(self, module, args):
        setattr(module, self.name, self.compute(module))

    def register(self, module):
        hooks = module._forward_pre_hooks or {}
        for hook, *_ in hooks.values():
            if type(hook) is type(self) and hook.name == self.name:
                raise RuntimeError(f"Cannot register two hooks of one kind on the same parameter {self.name}")
        module.register_forward_pre_hook(self)
        return module


class _WeightNorm(_Hook):
    """weight = g · v / ‖v‖ from weight_g and weight_v."""

    def __init__(self, name, dim):
        super().__init__(name)
        self.dim = -1 if dim is None else dim

    def compute(self, module):
        g, v = getattr(module, self.name + "_g"), getattr(module, self.name + "_v")
        return v * (g / _length(v, self.dim))

    def remove(self, module):
        value = self.compute(module).detach()
        delattr(module, self.name)
        del module._parameters[self.name + "_g"], module._parameters[self.name + "_v"]
        module.register_parameter(self.name, Parameter(value))


class _SpectralNorm(_Hook):
    """weight = weight_orig / σ, σ the largest singular value by power iteration on weight_u."""

    def __init__(self, name, n_power_iterations, dim, eps):
        super().__init__(name)
        if n_power_iterations <= 0:
            raise ValueError(f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}")
        self.n_power_iterations, self.dim, self.eps = n_power_iterations, dim, eps

    def matrix(self, weight):
        return weight.movedim(self.dim, 0).flatten(1)

    def compute(self, module, iterate=None):
        weight = getattr(module, self.name + "_orig")
        u, v = getattr(module, self.name + "_u"), getattr(module, self.name + "_v")
        matrix = self.matrix(weight)
        if module.training if iterate is None else iterate:
            with no_grad():
                for _ in range(self.n_power_iterations):
                    v.copy_(F.normalize(matrix.detach().mT.mv(u), dim=0, eps=self.eps))
                    u.copy_(F.normalize(matrix.detach().mv(v), dim=0, eps=self.eps))
        return weight / u.clone().dot(matrix.mv(v.clone()))

    def remove(self, module):
        value = self.compute(module, False).detach()
        delattr(module, self.name)
        del module._parameters[self.name + "_orig"], module._buffers[self.name + "_u"], module._buffers[self.name + "_v"]
        module.register_parameter(self.name, Parameter(value))


def weight_norm(module, name="weight", dim=0):
    """Length (name_g) and direction (name_v) of a weight are learnt each on its own. dim None: one length for all."""
    hook, weight = _WeightNorm(name, dim), getattr(module, name)
    hook.register(module)
    del module._parameters[name]
    module.register_parameter(name + "_g", Parameter(_length(weight.detach(), hook.dim)))
    module.register_parameter(name + "_v", Parameter(weight.detach()))
    setattr(module, name, hook.compute(module))
    return module


def spectral_norm(module, name="weight", n_power_iterations=1, eps=1e-12, dim=None):
    """The weight is divided by its largest singular value in every forward pass."""
    from ..convolution import _ConvTranspose

    if dim is None:
        dim = 1 if isinstance(module, _ConvTranspose) else 0
    hook, weight = _SpectralNorm(name, n_power_iterations, dim, eps), getattr(module, name)
    hook.register(module)
    rows, columns = hook.matrix(weight.detach()).shape
    del module._parameters[name]
    module.register_parameter(name + "_orig", Parameter(weight.detach(), weight.requires_grad))
    module.register_buffer(name + "_u", F.normalize(_core.randn(rows, dtype=weight.dtype), dim=0, eps=eps))
    module.register_buffer(name + "_v", F.normalize(_core.randn(columns, dtype=weight.dtype), dim=0, eps=eps))
    setattr(module, name, weight.detach())
    return module


def _remove(kind, module, name):
    hooks = module._forward_pre_hooks or {}
    for number, (hook, *_) in list(hooks.items()):
        if type(hook) is kind and hook.name == name:
            hook.remove(module)
            del hooks[number]
            return module
    raise ValueError(f"{'weight' if kind is _WeightNorm else 'spectral'}_norm of '{name}' not found in {module}")


def remove_weight_norm(module, name="weight"):
    """The weight is a parameter again, with the value it has."""
    return _remove(_WeightNorm, module, name)


def remove_spectral_norm(module, name="weight"):
    """The weight is a parameter again, with the value it has."""
    return _remove(_SpectralNorm, module, name)
