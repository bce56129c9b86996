"""Hooks around an optimizer's step(), state_dict() and load_state_dict(). The first one puts a wrapper of the method into the object."""

from ..utils.hooks import RemovableHandle


class _Table(dict):
    """Hooks by number."""

    def _remove_hook(self, number):
        self.pop(number, None)

    __hash__ = object.__hash__


class Hooked:
    """The registering methods of Optimizer."""

    def register_step_pre_hook(self, hook):
        """Calls hook(optimizer, args, kwargs) before each step; it may return new (args, kwargs), args[0] being the optimizer."""
        return _register(self, "step", 0, hook, False)

    def register_step_post_hook(self, hook):
        """Calls hook(optimizer, args, kwargs) after each step."""
        return _register(self, "step", 1, hook, False)

    def register_state_dict_pre_hook(self, hook, prepend=False):
        """Calls hook(optimizer) before state_dict()."""
        return _register(self, "state_dict", 0, hook, prepend)

    def register_state_dict_post_hook(self, hook, prepend=False):
        """Calls hook(optimizer, state_dict) after state_dict(); what it returns, unless None, is the result."""
        return _register(self, "state_dict", 1, hook, prepend)

    def register_load_state_dict_pre_hook(self, hook, prepend=False):
        """Calls hook(optimizer, state_dict) before load_state_dict(); what it returns, unless None, is loaded."""
        return _register(self, "load_state_dict", 0, hook, prepend)

    def register_load_state_dict_post_hook(self, hook, prepend=False):
        """Calls hook(optimizer) after load_state_dict()."""
        return _register(self, "load_state_dict", 1, hook, prepend)


class _Wrapper:
    """A method with the hooks before and after it."""

    def __init__(self, optimizer, name):
        self.optimizer, self.name, self.tables, self.count = optimizer, name, (_Table(), _Table()), 0

    def __call__(self, *args, **kwargs):
        return getattr(self, "_" + self.name)([list(table.values()) for table in self.tables], *args, **kwargs)

    def _method(self, *args, **kwargs):
        return getattr(type(self.optimizer), self.name)(self.optimizer, *args, **kwargs)

    def _step(self, hooks, *args, **kwargs):
        before, after = hooks
        args = (self.optimizer, *args)
        for hook in before:
            new = hook(self.optimizer, args, kwargs)
            if new is None:
                continue
            if not isinstance(new, tuple) or len(new) != 2:
                raise RuntimeError(f"{hook} must return None or a tuple of (new_args, new_kwargs), but got {new}.")
            args, kwargs = new
        result = self._method(*args[1:], **kwargs)
        for hook in after:
            hook(self.optimizer, args, kwargs)
        return result

    def _state_dict(self, hooks):
        before, after = hooks
        for hook in before:
            hook(self.optimizer)
        result = self._method()
        for hook in after:
            new = hook(self.optimizer, result)
            result = result if new is None else new
        return result

    def _load_state_dict(self, hooks, state_dict):
        before, after = hooks
        state_dict = dict(state_dict)
        for hook in before:
            new = hook(self.optimizer, state_dict)
            state_dict = state_dict if new is None else new
        self._method(state_dict)
        for hook in after:
            hook(self.optimizer)


def _register(optimizer, name, which, hook, prepend):
    wrapper = optimizer.__dict__.get(name)
    if not isinstance(wrapper, _Wrapper):
        wrapper = optimizer.__dict__[name] = _Wrapper(optimizer, name)
    table, number = wrapper.tables[which], wrapper.count
    wrapper.count += 1
    others = dict(table)
    if prepend:
        table.clear()
    table[number] = hook
    table.update(others)
    return RemovableHandle(table, number)
