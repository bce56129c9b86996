"""Parameters that are computed from others whenever they are asked for."""

from ..containers import ModuleList
from ..module import Module, Parameter
from ..._core import Tensor

__all__ = ["ParametrizationList", "cached", "is_parametrized", "register_parametrization", "remove_parametrizations",
           "transfer_parametrizations_and_params", "type_before_parametrizations"]

_cache, _depth = {}, 0


class cached:
    """Inside, every parametrized tensor is computed once."""

    def __enter__(self):
        global _depth
        _depth += 1

    def __exit__(self, *exc):
        global _depth
        _depth -= 1
        if not _depth:
            _cache.clear()


class ParametrizationList(ModuleList):
    """The parametrizations of one tensor, one after the other, and what they start from: original, or original0, original1, …"""

    def __init__(self, modules, original, unsafe=False):
        if not len(modules):
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        start = original
        for module in reversed(list(self)):
            try:
                start = module.right_inverse(start) if hasattr(module, "right_inverse") else start
            except NotImplementedError:  # some have values only that they cannot be given
                pass
        self.is_tensor = isinstance(start, Tensor)
        if not self.is_tensor and not isinstance(start, (tuple, list)):
            raise ValueError(f"'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). Got {type(start).__name__}")
        if not self.is_tensor:
            self.ntensors = len(start)
        for name, value in zip(self._names(), [start] if self.is_tensor else start):
            value = value.detach().contiguous()
            if isinstance(original, Parameter):
                self.register_parameter(name, Parameter(value, original.requires_grad))
            else:
                self.register_buffer(name, value)
        if not unsafe:
            made = self()
            if not isinstance(made, Tensor) or made.shape != original.shape or made.dtype != original.dtype:
                raise ValueError("Registering a parametrization may not change the shape or the type of the tensor; "
                                 f"it was {tuple(original.shape)}, and became {tuple(getattr(made, 'shape', ()))}")

    def _names(self):
        return ["original"] if self.is_tensor else [f"original{i}" for i in range(self.ntensors)]

    def right_inverse(self, value):
        """Makes the tensor have this value, by what each parametrization's right_inverse says."""
        for module in reversed(list(self)):
            if not hasattr(module, "right_inverse"):
                raise RuntimeError(f"parametrization {type(module).__name__} does not implement right_inverse.")
            value = module.right_inverse(value)
        for name, new in zip(self._names(), [value] if self.is_tensor else value):
            getattr(self, name).data.copy_(new.detach())

    def forward(self):
        modules = list(self)
        value = modules[0](*(getattr(self, name) for name in self._names()))
        for module in modules[1:]:
            value = module(value)
        return value


def _property(name):
    def get(self):
        made = self.parametrizations[name]
        if not _depth:
            return made()
        key = (id(self), name)
        if key not in _cache:
            _cache[key] = made()
        return _cache[key]

    def set_(self, value):
        self.parametrizations[name].right_inverse(value)

    return property(get, set_)


class _Tables(Module):
    """ParametrizationLists by the name of their tensor."""

    def __getitem__(self, name):
        return self._modules[name]

    def __contains__(self, name):
        return name in self._modules

    def __len__(self):
        return len(self._modules)

    def __iter__(self):
        return iter(self._modules)


def register_parametrization(module, tensor_name, parametrization, *, unsafe=False):
    """module.tensor_name becomes parametrization(original), computed whenever it is asked for; several are applied one after the other.
    A parametrization with a method right_inverse may be given values: module.tensor_name = x. unsafe: shape and type may change."""
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        table = module.parametrizations[tensor_name]
        if not unsafe:
            before = getattr(module, tensor_name)
            after = parametrization(before)
            if after.shape != before.shape or after.dtype != before.dtype:
                raise ValueError("Registering a parametrization may not change the shape or the type of the tensor")
        table.append(parametrization)
        table.unsafe |= unsafe
        return module
    original = module._parameters.get(tensor_name)
    if original is None:
        original = module._buffers.get(tensor_name)
    if original is None:
        raise ValueError(f"Module '{module}' does not have a parameter, a buffer, or a parametrized element with name '{tensor_name}'")
    table = ParametrizationList([parametrization], original, unsafe)
    delattr(module, tensor_name)
    if not is_parametrized(module):
        kind = type(module)
        module.__class__ = type("Parametrized" + kind.__name__, (kind,), {"__module__": kind.__module__, "_before": kind})
        module.add_module("parametrizations", _Tables())
    setattr(type(module), tensor_name, _property(tensor_name))
    module.parametrizations.add_module(tensor_name, table)
    return module


def is_parametrized(module, tensor_name=None):
    """Whether the module, or this tensor of it, is parametrized."""
    tables = module._modules.get("parametrizations")
    if not isinstance(tables, _Tables):
        return False
    return len(tables) > 0 if tensor_name is None else tensor_name in tables


def type_before_parametrizations(module):
    """The module's class as it was written."""
    return type(module)._before if is_parametrized(module) else type(module)


def remove_parametrizations(module, tensor_name, leave_parametrized=True):
    """Takes all parametrizations of a tensor away; leave_parametrized: it keeps the value they gave, otherwise the original one."""
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    table = module.parametrizations[tensor_name]
    if not leave_parametrized and not table.is_tensor:
        raise ValueError("Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is parametrized in terms of a sequence of tensors.")
    first = next(iter([*table._parameters.values(), *table._buffers.values()]))
    value = getattr(module, tensor_name) if leave_parametrized else first
    delattr(type(module), tensor_name)
    del module.parametrizations._modules[tensor_name]
    if isinstance(first, Parameter):
        kept = Parameter(value.detach().clone(), first.requires_grad) if leave_parametrized else first
        module.register_parameter(tensor_name, kept)
    else:
        module.register_buffer(tensor_name, value.detach())
    if not len(module.parametrizations):
        kind = type(module)._before
        del module._modules["parametrizations"]
        module.__class__ = kind
    return module


def transfer_parametrizations_and_params(from_module, to_module, tensor_name=None):
    """Gives to_module the parametrizations of from_module, and the values they start from."""
    if is_parametrized(from_module):
        for name in [tensor_name] if tensor_name is not None else list(from_module.parametrizations):
            table = from_module.parametrizations[name]
            if not hasattr(to_module, name):
                setattr(to_module, name, Parameter(getattr(from_module, name).detach().clone()))
            for module in table:
                register_parametrization(to_module, name, module, unsafe=table.unsafe)
            for original in table._names():
                getattr(to_module.parametrizations[name], original).data.copy_(getattr(table, original).detach())
    return to_module
