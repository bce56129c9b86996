"""What a module's state_dict() and load_state_dict() do: names, values, hooks around them, extra state."""

from .._core import Tensor
from .._grad_mode import no_grad
from .module import Module, Parameter

EXTRA = "_extra_state"


class LoadResult(tuple):
    """(missing_keys, unexpected_keys) of load_state_dict."""

    missing_keys = property(lambda self: self[0])
    unexpected_keys = property(lambda self: self[1])

    def __repr__(self):
        if not self[0] and not self[1]:
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self[0]}, unexpected_keys={self[1]})"


def hooks(module, kind):
    return list((module.__dict__.get(kind) or {}).values())


def own(module, prefix=""):
    """Names, tables and tensors of the module itself."""
    for table in (module._parameters, module._buffers):
        for name, value in table.items():
            if value is not None and not (table is module._buffers and name in module._non_persistent_buffers_set):
                yield prefix + name, table, value


def has_extra(module):
    return type(module).get_extra_state is not Module.get_extra_state


def save(module, destination, prefix, keep_vars):
    """Fills destination with the state of the module and, by their state_dict(), of its children."""
    for hook in hooks(module, "_state_dict_pre_hooks"):
        hook(module, prefix, keep_vars)
    for name, _, value in own(module, prefix):
        destination[name] = value if keep_vars else value.detach()
    if has_extra(module):
        destination[prefix + EXTRA] = module.get_extra_state()
    for name, child in module._modules.items():
        if child is not None:
            child.state_dict(destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
    for hook in hooks(module, "_state_dict_hooks"):
        new = hook(module, destination, prefix, {})
        destination = destination if new is None else new
    return destination


def walk(module, prefix=""):
    """(prefix, module) of the module and all below it; a shared one under all its names."""
    yield prefix, module
    for name, child in module._modules.items():
        if child is not None:
            yield from walk(child, f"{prefix}{name}.")


def _problems(kind, names):
    return [f"{kind} key(s) in state_dict: " + ", ".join(f'"{name}"' for name in names) + ". "] if names else []


def load(module, state, strict, assign):
    """All, or nothing."""
    state = dict(state)
    missing, unexpected, problems = [], [], []
    for prefix, one in walk(module):
        for hook in hooks(one, "_load_state_dict_pre_hooks"):
            hook(one, state, prefix, {}, strict, missing, unexpected, problems)
    tensors = {name: (table, value) for prefix, one in walk(module) for name, table, value in own(one, prefix)}
    extra = {prefix + EXTRA: one for prefix, one in walk(module) if has_extra(one)}
    missing += [name for name in (*tensors, *extra) if name not in state]
    unexpected += [name for name in state if name not in tensors and name not in extra]
    for name, (_, value) in tensors.items():
        new = state.get(name, value)
        if not isinstance(new, Tensor):
            problems.append(f'While copying the parameter named "{name}", expected a Tensor but received {type(new).__name__}.')
        elif new.shape != value.shape:
            problems.append(f"size mismatch for {name}: copying a param with shape {new.shape} from checkpoint, "
                            f"the shape in current model is {value.shape}.")
    if strict:
        problems = _problems("Unexpected", unexpected) + _problems("Missing", missing) + problems
    if problems:
        raise RuntimeError(f"Error(s) in loading state_dict for {type(module).__name__}:\n\t" + "\n\t".join(problems))
    with no_grad():
        for name, (table, value) in tensors.items():
            if name in state:
                new = state[name]
                if not assign:
                    value.copy_(new)
                else:
                    table[name.rpartition(".")[2]] = new if not isinstance(value, Parameter) or isinstance(new, Parameter) \
                        else Parameter(new, value.requires_grad)
    for name, one in extra.items():
        if name in state:
            one.set_extra_state(state[name])
    result = LoadResult((missing, unexpected))
    for _, one in reversed(list(walk(module))):
        for hook in hooks(one, "_load_state_dict_post_hooks"):
            if hook(one, result) is not None:
                raise AssertionError("Hooks registered with register_load_state_dict_post_hook must change the keys in place and return None")
    return result
