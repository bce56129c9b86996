"""Module: a tree of parameters and buffers with names. Parameter, Sequential and ModuleList live here too."""

from .. import _core
from .._core import Tensor
from .._grad_mode import no_grad


class Parameter(Tensor):
    """A tensor that a Module counts among its parameters. Shares the memory of data."""

    def __new__(cls, data=None, requires_grad=True):
        return super().__new__(cls, _core.empty(0) if data is None else data, requires_grad)

    def __repr__(self):
        return "Parameter containing:\n" + super().__repr__()


class _LoadResult(tuple):
    """(missing_keys, unexpected_keys) of load_state_dict."""

    missing_keys = property(lambda self: self[0])
    unexpected_keys = property(lambda self: self[1])

    def __repr__(self):
        if not self[0] and not self[1]:
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self[0]}, unexpected_keys={self[1]})"


class Module:
    """Base of all layers: assign parameters and modules as attributes in __init__, after super().__init__(), define forward."""

    def __init__(self):
        set_ = super().__setattr__
        set_("training", True)
        set_("_parameters", {})
        set_("_buffers", {})
        set_("_modules", {})

    def forward(self, *args, **kwargs):
        raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')

    def __call__(self, *args, **kwargs):
        return self.forward(*args, **kwargs)

    # Attributes: parameters, buffers and modules are kept in tables of their own.

    def _tables(self):
        tables = self.__dict__
        if "_parameters" not in tables:
            raise AttributeError("call super().__init__() of the Module before assigning parameters or modules")
        return tables["_parameters"], tables["_buffers"], tables["_modules"]

    def __setattr__(self, name, value):
        kind = 0 if isinstance(value, Parameter) else 2 if isinstance(value, Module) else None
        if kind is None and "_parameters" in self.__dict__:
            for k, table in enumerate(self._tables()):
                if name in table:  # a registered name keeps its table: None, or for a buffer another tensor
                    if value is not None and not (k == 1 and isinstance(value, Tensor)):
                        raise TypeError(f"cannot assign '{type(value).__name__}' as {('parameter', 'buffer', 'child module')[k]} '{name}'")
                    kind = k
        if kind is None:
            super().__setattr__(name, value)
            return
        tables = self._tables()
        for table in (*tables, self.__dict__):
            if table is not tables[kind]:
                table.pop(name, None)
        tables[kind][name] = value

    def __getattr__(self, name):
        for table in ("_parameters", "_buffers", "_modules"):
            values = self.__dict__.get(table)
            if values is not None and name in values:
                return values[name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __delattr__(self, name):
        for table in self._tables():
            if name in table:
                del table[name]
                return
        super().__delattr__(name)

    def __dir__(self):
        return sorted({*super().__dir__(), *(name for table in self._tables() for name in table)})

    def register_parameter(self, name, param):
        """Adds a parameter under a name; None keeps the name for later."""
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(f"cannot assign '{type(param).__name__}' object to parameter '{name}' (Parameter or None required)")
        self._tables()[0][name] = param

    def register_buffer(self, name, tensor):
        """Adds a tensor that is saved with the module but not trained."""
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(f"cannot assign '{type(tensor).__name__}' object to buffer '{name}' (Tensor or None required)")
        self._tables()[1][name] = tensor

    def add_module(self, name, module):
        """Adds a child module under a name."""
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{type(module).__name__} is not a Module subclass")
        self._tables()[2][name] = module

    # Walking the tree. What is shared appears once, under its first name.

    def named_modules(self, memo=None, prefix=""):
        memo = set() if memo is None else memo
        if self in memo:
            return
        memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(memo, f"{prefix}.{name}" if prefix else name)

    def modules(self):
        return (module for _, module in self.named_modules())

    def named_children(self):
        return ((name, module) for name, module in self._modules.items() if module is not None)

    def children(self):
        return (module for _, module in self.named_children())

    def _named(self, table, prefix, recurse):
        seen = set()
        for path, module in self.named_modules(prefix=prefix) if recurse else [(prefix, self)]:
            for name, value in getattr(module, table).items():
                if value is not None and id(value) not in seen:
                    seen.add(id(value))
                    yield (f"{path}.{name}" if path else name), value

    def named_parameters(self, prefix="", recurse=True):
        return self._named("_parameters", prefix, recurse)

    def parameters(self, recurse=True):
        return (value for _, value in self.named_parameters(recurse=recurse))

    def named_buffers(self, prefix="", recurse=True):
        return self._named("_buffers", prefix, recurse)

    def buffers(self, recurse=True):
        return (value for _, value in self.named_buffers(recurse=recurse))

    def apply(self, fn):
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    # State

    def _state(self, prefix):
        """Names and tensors, shared ones under all their names."""
        for table in (self._parameters, self._buffers):
            for name, value in table.items():
                if value is not None:
                    yield prefix + name, value
        for name, module in self._modules.items():
            if module is not None:
                yield from module._state(f"{prefix}{name}.")

    def state_dict(self, prefix=""):
        """Names and values of parameters and buffers; the values share the module's memory."""
        return {name: value.detach() for name, value in self._state(prefix)}

    def load_state_dict(self, state_dict, strict=True):
        """Copies values in by name. With strict every name must match; shapes always must. All is copied, or nothing."""
        own = dict(self._state(""))
        missing = [name for name in own if name not in state_dict]
        unexpected = [name for name in state_dict if name not in own]
        problems = []
        if strict and unexpected:
            problems.append("Unexpected key(s) in state_dict: " + ", ".join(f'"{name}"' for name in unexpected) + ". ")
        if strict and missing:
            problems.append("Missing key(s) in state_dict: " + ", ".join(f'"{name}"' for name in missing) + ". ")
        for name, value in own.items():
            new = state_dict.get(name, value)
            if not isinstance(new, Tensor):
                problems.append(f'While copying the parameter named "{name}", expected a Tensor but received {type(new).__name__}.')
            elif new.shape != value.shape:
                problems.append(f"size mismatch for {name}: copying a param with shape {new.shape} from checkpoint, "
                                f"the shape in current model is {value.shape}.")
        if problems:
            raise RuntimeError(f"Error(s) in loading state_dict for {type(self).__name__}:\n\t" + "\n\t".join(problems))
        with no_grad():
            for name, value in own.items():
                if name in state_dict:
                    value.copy_(state_dict[name])
        return _LoadResult((missing, unexpected))

    def train(self, mode=True):
        self.training = bool(mode)
        for module in self.children():
            module.train(mode)
        return self

    def eval(self):
        return self.train(False)

    def requires_grad_(self, requires_grad=True):
        for p in self.parameters():
            p.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none=True):
        for p in self.parameters():
            if set_to_none:
                p.grad = None
            elif p.grad is not None:
                p.grad.zero_()

    def to(self, *args, **kwargs):
        """Converts floating parameters and buffers to a dtype; devices other than the CPU are errors."""
        for module in self.modules():
            for table in (module._parameters, module._buffers):
                for name, value in table.items():
                    if value is None or not value.is_floating_point():
                        continue
                    new = value.detach().to(*args, **kwargs)
                    if new.dtype is not value.dtype:
                        table[name] = Parameter(new, value.requires_grad) if isinstance(value, Parameter) else new
        return self

    def cpu(self):
        return self

    def float(self):
        return self.to(_core.float32)

    def double(self):
        return self.to(_core.float64)

    # Text

    def extra_repr(self):
        return ""

    def _get_name(self):
        return type(self).__name__

    def __repr__(self):
        lines = self.extra_repr().split("\n") if self.extra_repr() else []
        children = [f"({name}): " + repr(module).replace("\n", "\n  ") for name, module in self._modules.items()]
        if len(lines) == 1 and not children:
            return f"{self._get_name()}({lines[0]})"
        if not lines and not children:
            return f"{self._get_name()}()"
        return self._get_name() + "(\n  " + "\n  ".join(lines + children) + "\n)"


class Sequential(Module):
    """Modules one after the other; also from a dict of names and modules."""

    def __init__(self, *args):
        super().__init__()
        named = args[0].items() if len(args) == 1 and isinstance(args[0], dict) else ((str(i), m) for i, m in enumerate(args))
        for name, module in named:
            self.add_module(name, module)

    def forward(self, input):
        for module in self:
            input = module(input)
        return input

    def append(self, module):
        self.add_module(str(len(self)), module)
        return self

    def __iter__(self):
        return iter(self._modules.values())

    def __len__(self):
        return len(self._modules)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return type(self)(dict(list(self._modules.items())[index]))
        return list(self._modules.values())[index]


class ModuleList(Module):
    """A list whose modules are registered."""

    def __init__(self, modules=()):
        super().__init__()
        self.extend(modules)

    def append(self, module):
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules):
        for module in modules:
            self.append(module)
        return self

    def __iter__(self):
        return iter(self._modules.values())

    def __len__(self):
        return len(self._modules)

    def __getitem__(self, index):
        values = list(self._modules.values())[index]
        return type(self)(values) if isinstance(index, slice) else values
