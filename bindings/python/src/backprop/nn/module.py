"""Module: a tree of parameters and buffers with names, and Parameter. The containers stand in containers.py."""

from .. import _core
from .._core import Tensor
from .._grad_mode import no_grad


class Parameter(Tensor):
    """A tensor that a Module counts among its parameters when it is assigned as an attribute. Shares the memory of
    data; requires_grad unless told otherwise."""

    def __new__(cls, data=None, requires_grad=True):
        return super().__new__(cls, _core.empty(0) if data is None else data, requires_grad)

    def __repr__(self):
        return "Parameter containing:\n" + super().__repr__()


class Buffer(Tensor):
    """A tensor that a Module counts among its buffers when it is assigned as an attribute; persistent: saved with the module."""

    def __new__(cls, data=None, *, persistent=True):
        buffer = super().__new__(cls, _core.empty(0) if data is None else data)
        buffer.persistent = persistent
        return buffer


class _RemovableHandle:
    """What registering a hook returns: remove() takes the hook away; in a with statement, at its end."""

    _next = 0

    def __init__(self, hooks):
        self.hooks, self.id = hooks, _RemovableHandle._next
        _RemovableHandle._next += 1

    def remove(self):
        """Takes the hook away; a second time does nothing."""
        self.hooks.pop(self.id, None)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.remove()


class Module:
    """Base of all layers and networks: assign parameters and modules as attributes in __init__, after
    super().__init__(), and define forward; then call the module.

        >>> from backprop import nn
        >>> class Net(nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.hidden = nn.Linear(2, 8)
        ...         self.out = nn.Linear(8, 1)
        ...     def forward(self, x):
        ...         return self.out(self.hidden(x).tanh())
        >>> net = Net()
        >>> net(backprop.ones(5, 2)).shape
        backprop.Size([5, 1])
        >>> list(net.state_dict())
        ['hidden.weight', 'hidden.bias', 'out.weight', 'out.bias']

    training says whether train() (as made) or eval() was called last: dropout and batch norm look at it. A parameter
    shared by two places appears once in parameters(), under each name in state_dict().
    """

    def __init__(self):
        set_ = super().__setattr__
        set_("training", True)
        set_("_parameters", {})
        set_("_buffers", {})
        set_("_modules", {})
        set_("_non_persistent_buffers_set", set())

    # Hooks, in dicts by number, made by the first hook: most modules have none, and their calls cost nothing more.
    _forward_pre_hooks = _forward_hooks = _backward_hooks = None

    def forward(self, *args, **kwargs):
        """What calling the module computes; subclasses define it. Call the module itself, so that hooks run."""
        raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')

    def __call__(self, *args, **kwargs):
        if self._forward_pre_hooks is None and self._forward_hooks is None and self._backward_hooks is None:
            return self.forward(*args, **kwargs)
        return self._call_with_hooks(args, kwargs)

    def _call_with_hooks(self, args, kwargs):
        always = [h for h in (self._forward_hooks or {}).values() if h[2]]
        try:
            for hook, with_kwargs, _ in list((self._forward_pre_hooks or {}).values()):
                new = hook(self, args, kwargs) if with_kwargs else hook(self, args)
                if new is None:
                    continue
                if not with_kwargs:
                    args = new if isinstance(new, tuple) else (new,)
                elif isinstance(new, tuple) and len(new) == 2:
                    args, kwargs = new
                else:
                    raise RuntimeError(f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {new}.")
            backward = None
            if self._backward_hooks:
                from ._backward_hooks import BackwardHooks

                backward = BackwardHooks(self, self._backward_hooks.values())
                args = backward.inputs(args)
            output = self.forward(*args, **kwargs)
            for entry in list((self._forward_hooks or {}).values()):
                if entry in always:
                    always.remove(entry)
                hook, with_kwargs, _ = entry
                new = hook(self, args, kwargs, output) if with_kwargs else hook(self, args, output)
                if new is not None:
                    output = new
            return backward.outputs(output) if backward else output
        except BaseException:
            for hook, with_kwargs, _ in always:  # in the end whatever happens, their own errors left aside
                try:
                    hook(self, args, kwargs, None) if with_kwargs else hook(self, args, None)
                except Exception:
                    pass
            raise

    def _add_hook(self, table, entry, prepend):
        hooks = self.__dict__.get(table)
        if hooks is None:
            hooks = {}
            super().__setattr__(table, hooks)
        handle = _RemovableHandle(hooks)
        if prepend:
            others = dict(hooks)
            hooks.clear()
            hooks[handle.id] = entry
            hooks.update(others)
        else:
            hooks[handle.id] = entry
        return handle

    def register_forward_pre_hook(self, hook, *, prepend=False, with_kwargs=False):
        """Calls hook(module, args) before forward; what it returns, unless None, takes the arguments' place."""
        return self._add_hook("_forward_pre_hooks", (hook, with_kwargs, False), prepend)

    def register_forward_hook(self, hook, *, prepend=False, with_kwargs=False, always_call=False):
        """Calls hook(module, args, output) after forward; what it returns, unless None, takes the output's place."""
        return self._add_hook("_forward_hooks", (hook, with_kwargs, always_call), prepend)

    def register_full_backward_hook(self, hook, prepend=False):
        """Calls hook(module, grad_input, grad_output) in a backward pass, once the gradients of the positional inputs are there; what it returns,
        unless None, takes grad_input's place. None stands for what is no tensor or has no gradient."""
        return self._add_hook("_backward_hooks", (hook, False, False), prepend)

    def register_full_backward_pre_hook(self, hook, prepend=False):
        """Calls hook(module, grad_output) in a backward pass, before it goes through the module; what it returns, unless None, takes
        grad_output's place."""
        return self._add_hook("_backward_hooks", (hook, True, False), prepend)

    # Attributes: parameters, buffers and modules are kept in tables of their own.

    def _tables(self):
        tables = self.__dict__
        if "_parameters" not in tables:
            raise AttributeError("call super().__init__() of the Module before assigning parameters or modules")
        return tables["_parameters"], tables["_buffers"], tables["_modules"]

    def __setattr__(self, name, value):
        kind = 0 if isinstance(value, Parameter) else 2 if isinstance(value, Module) else None
        if isinstance(value, Buffer):
            self.__dict__.pop(name, None)
            self.register_buffer(name, value, value.persistent)
            return
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
        self._check_name(name, 0)
        self._tables()[0][name] = param

    def register_buffer(self, name, tensor, persistent=True):
        """Adds a tensor that is not trained; it is saved with the module if persistent."""
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(f"cannot assign '{type(tensor).__name__}' object to buffer '{name}' (Tensor or None required)")
        self._check_name(name, 1)
        self._tables()[1][name] = tensor
        (self._non_persistent_buffers_set.discard if persistent else self._non_persistent_buffers_set.add)(name)

    def add_module(self, name, module):
        """Adds a child module under a name."""
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{type(module).__name__} is not a Module subclass")
        self._check_name(name, 2)
        self._tables()[2][name] = module

    register_module = add_module

    def _check_name(self, name, kind):
        what = ("parameter", "buffer", "module")[kind]
        if not isinstance(name, str):
            raise TypeError(f"{what} name should be a string. Got {type(name).__name__}")
        if "." in name:
            raise KeyError(f'{what} name can\'t contain ".", got: {name}')
        if not name:
            raise KeyError(f'{what} name can\'t be empty string ""')
        if name not in self._tables()[kind] and hasattr(self, name):
            raise KeyError(f"attribute '{name}' already exists")

    # By path

    def get_submodule(self, target):
        """The module at a dotted path; "" is this one."""
        module = self
        for name in target.split(".") if target else ():
            child = getattr(module, name, None)
            if child is None and name not in module._modules:
                raise AttributeError(f"{module._get_name()} has no attribute `{name}`")
            if not isinstance(child, Module):
                raise AttributeError(f"`{name}` is not an nn.Module")
            module = child
        return module

    def _get(self, target, table, what):
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        if not hasattr(module, name):
            raise AttributeError(f"{module._get_name()} has no attribute `{name}`")
        if name not in getattr(module, table):
            raise AttributeError(f"`{name}` is not {what}")
        return getattr(module, table)[name]

    def get_parameter(self, target):
        """The parameter at a dotted path."""
        return self._get(target, "_parameters", "an nn.Parameter")

    def get_buffer(self, target):
        """The buffer at a dotted path."""
        return self._get(target, "_buffers", "a buffer")

    def set_submodule(self, target, module, strict=False):
        """Puts a module at a dotted path; strict: only where there is one."""
        path, _, name = target.rpartition(".")
        if not name:
            raise ValueError("Cannot set the submodule without a target name!")
        parent = self.get_submodule(path)
        if strict and name not in parent._modules:
            raise AttributeError(f"{parent._get_name()} has no attribute `{name}`")
        if not isinstance(module, Module):
            raise ValueError("`module` is not an nn.Module")
        setattr(parent, name, module)

    # Walking the tree. What is shared appears once, under its first name.

    def named_modules(self, memo=None, prefix="", remove_duplicate=True):
        """Pairs of dotted path and module: this one (path prefix) and all inside, each once unless remove_duplicate=False."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    def modules(self, remove_duplicate=True):
        """This module and all inside, each once unless remove_duplicate=False."""
        return (module for _, module in self.named_modules(remove_duplicate=remove_duplicate))

    def named_children(self):
        """Pairs of name and module of the modules directly inside."""
        seen = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self):
        """The modules directly inside, each once."""
        return (module for _, module in self.named_children())

    def _named(self, table, prefix, recurse, remove_duplicate):
        seen = set()
        for path, module in self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate) if recurse else [(prefix, self)]:
            for name, value in getattr(module, table).items():
                if value is not None and id(value) not in seen:
                    if remove_duplicate:
                        seen.add(id(value))
                    yield (f"{path}.{name}" if path else name), value

    def named_parameters(self, prefix="", recurse=True, remove_duplicate=True):
        """Pairs of dotted name and parameter, of this module and (recurse) all inside, each once unless remove_duplicate=False."""
        return self._named("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse=True):
        """The parameters of this module and (recurse) all inside, each once: what an optimizer takes."""
        return (value for _, value in self.named_parameters(recurse=recurse))

    def named_buffers(self, prefix="", recurse=True, remove_duplicate=True):
        """Pairs of dotted name and buffer, as named_parameters()."""
        return self._named("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse=True):
        """The buffers of this module and (recurse) all inside, each once."""
        return (value for _, value in self.named_buffers(recurse=recurse))

    def apply(self, fn):
        """Calls fn(module) for every module inside, then for this one, which is returned: for initial values, say."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    # State

    def state_dict(self, *, destination=None, prefix="", keep_vars=False):
        """Names and values of parameters and persistent buffers; the values share the module's memory."""
        from . import _state

        return _state.save(self, {} if destination is None else destination, prefix, keep_vars)

    def load_state_dict(self, state_dict, strict=True, assign=False):
        """Takes values over by name: copied, or with assign as they are. Returns (missing_keys, unexpected_keys).

        RuntimeError where a shape differs and, with strict, where the names are not the same on both sides. All is
        taken over, or nothing.
        """
        from . import _state

        if not hasattr(state_dict, "items"):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        return _state.load(self, state_dict, strict, assign)

    def get_extra_state(self):
        """What beside parameters and buffers belongs into state_dict(); a subclass that has something defines it, and set_extra_state."""
        raise RuntimeError("get_extra_state() is for subclasses that define it")

    def set_extra_state(self, state):
        """Takes what get_extra_state() gave."""
        raise RuntimeError("set_extra_state() is for subclasses that define it")

    def register_state_dict_pre_hook(self, hook):
        """Calls hook(module, prefix, keep_vars) before state_dict() reads the module."""
        return self._add_hook("_state_dict_pre_hooks", hook, False)

    def register_state_dict_post_hook(self, hook):
        """Calls hook(module, state_dict, prefix, local_metadata) when state_dict() has read the module and its children."""
        return self._add_hook("_state_dict_hooks", hook, False)

    def register_load_state_dict_pre_hook(self, hook):
        """Calls hook(module, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs) before values are taken
        over: it may change the dict, which is a copy."""
        return self._add_hook("_load_state_dict_pre_hooks", hook, False)

    def register_load_state_dict_post_hook(self, hook):
        """Calls hook(module, incompatible_keys) when values have been taken over."""
        return self._add_hook("_load_state_dict_post_hooks", hook, False)

    def train(self, mode=True):
        """Training mode (or, mode=False, evaluation) for this module and all inside; returns it."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self):
        """Evaluation mode: dropout off, batch norm with its running statistics. Same as train(False). It does not
        switch recording off: that is no_grad()."""
        return self.train(False)

    def requires_grad_(self, requires_grad=True):
        """Whether gradients are computed for all parameters: False freezes the module. Returns it."""
        for p in self.parameters():
            p.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none=True):
        """Every parameter's .grad becomes None, or with set_to_none=False zeros."""
        for p in self.parameters():
            if set_to_none:
                p.grad = None
            elif p.grad is not None:
                p.grad.zero_()

    def to(self, *args, **kwargs):
        """to(dtype), to(device), to(device, dtype) or to(tensor): floating parameters and buffers become float32 or
        float64; returns the module. TypeError for other types, RuntimeError for devices other than the CPU. Call it
        before making the optimizer: where the type changes, parameters are new ones."""
        for wanted in (*args, *kwargs.values()):
            if isinstance(wanted, _core.dtype) and wanted not in (_core.float32, _core.float64):
                raise TypeError(f"nn.Module.to only accepts float32 and float64 dtypes, but got desired dtype={wanted}")
        for module in self.modules():
            for table in (module._parameters, module._buffers):
                for name, value in table.items():
                    if value is None or not value.is_floating_point():
                        continue
                    formed = kwargs if value.ndim in (4, 5) else {k: v for k, v in kwargs.items() if k != "memory_format"}
                    new = value.detach().to(*args, **formed)
                    if new.dtype is not value.dtype:
                        table[name] = Parameter(new, value.requires_grad) if isinstance(value, Parameter) else new
        return self

    def to_empty(self, *, device, recurse=True):
        """The module itself: its memory is on the CPU already."""
        return self.to(device=device)

    def compile(self, *args, **kwargs):
        """Accepted; there is nothing to compile."""

    def cpu(self):
        """This module: all tensors live on the CPU."""
        return self

    def cuda(self, device=None):
        """A RuntimeError: backprop computes on the CPU."""
        raise RuntimeError("backprop computes on the CPU: it has no CUDA. Ask backprop.cuda.is_available() before .cuda()")

    def share_memory(self):
        """The module: threads share its parameters anyway, a forked process gets its own."""
        return self

    def float(self):
        """Floating parameters and buffers as float32; returns the module."""
        return self.to(_core.float32)

    def double(self):
        """Floating parameters and buffers as float64; returns the module."""
        return self.to(_core.float64)

    def type(self, dst_type):
        """Same as to(dst_type)."""
        return self.to(dst_type)

    def half(self):
        """A TypeError: there is no arithmetic in float16."""
        raise TypeError("half: there is no arithmetic in float16; parameters are float32 or float64")

    def bfloat16(self):
        """A TypeError: there is no arithmetic in bfloat16."""
        raise TypeError("bfloat16: there is no arithmetic in bfloat16; parameters are float32 or float64")

    # Text

    def extra_repr(self):
        """What print() shows between the parentheses behind the class's name; subclasses define it."""
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

    def _repr_html_(self):
        from ..utils._summary import module_html

        return module_html(self)
