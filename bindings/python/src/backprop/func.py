"""Functions of functions, under torch.func's names: grad(f) is the function that gives f's gradient. They nest.

    >>> from backprop.func import grad
    >>> second = grad(grad(lambda x: x.sin()))
    >>> second(backprop.tensor(0.5))                   # −sin ½
    tensor(-0.4794)

functional_call() runs a module with other parameters. vmap is not there: write operations over the batch dimension.
"""

from . import _core
from ._core import Tensor
from ._grad_mode import enable_grad
from .autograd import grad as _grad

__all__ = ["grad", "grad_and_value", "vjp", "jvp", "jacrev", "jacfwd", "hessian", "functional_call", "replace_all_batch_norm_modules_", "stack_module_state", "vmap"]

_depth = 0  # transforms we are in: only an outer one needs the inner one's walk recorded


class _Level:
    def __enter__(self):
        global _depth
        _depth += 1
        return _depth > 1

    def __exit__(self, *_):
        global _depth
        _depth -= 1


def _map(f, x):
    """x with f of each tensor in its tuples, lists and dicts."""
    if isinstance(x, Tensor):
        return f(x)
    if isinstance(x, dict):
        return {k: _map(f, v) for k, v in x.items()}
    if isinstance(x, (tuple, list)):
        items = [_map(f, v) for v in x]
        return type(x)(*items) if hasattr(x, "_fields") else type(x)(items)
    return x


def _leaves(x):
    found = []
    _map(found.append, x)
    return found


def _track(x):
    """The same values as a point to differentiate at; what history there is stays reachable for an outer transform."""
    return _map(lambda t: t.view_as(t) if t.requires_grad else t.detach().requires_grad_(True), x)


def _chosen(name, args, argnums):
    if isinstance(argnums, int) and not isinstance(argnums, bool):
        argnums = (argnums,)
    for k in argnums:
        if not -len(args) <= k < len(args):
            raise RuntimeError(f"{name}: argnums={k} for a function that got {len(args)} positional arguments")
    return tuple(k % len(args) for k in argnums)


def _differentiate(y, xs, nested, seeds=None):
    """Gradients with respect to the tensors of xs, in xs' structure."""
    leaves = _leaves(xs)
    keep = nested or any(not x.is_leaf for x in leaves)
    live = [(o, None if seeds is None else s) for o, s in zip(y, seeds or y) if o.requires_grad]
    if live and leaves:
        gradients = iter(_grad([o for o, _ in live], leaves, None if seeds is None else [s for _, s in live], retain_graph=True, create_graph=keep,
                               allow_unused=True))
    else:
        gradients = iter([None] * len(leaves))

    def one(x):
        g = next(gradients)
        return _core.zeros_like(x) if g is None else g

    return _map(one, xs)


def _end(value, nested):
    return value if nested else _map(lambda t: t.detach(), value)


def grad_and_value(func, argnums=0, has_aux=False):
    """The function that gives (gradient, value) of func, or (gradient, (value, aux)) if func returns (value, aux)."""

    def wrapped(*args, **kwargs):
        with _Level() as nested, enable_grad():
            places = _chosen("grad", args, argnums)
            args = [_track(a) if i in places else a for i, a in enumerate(args)]
            result = func(*args, **kwargs)
            if has_aux and not (isinstance(result, tuple) and len(result) == 2):
                raise RuntimeError("grad_and_value(f)(*args): with has_aux the function must return (output, aux)")
            y, aux = result if has_aux else (result, None)
            if not isinstance(y, Tensor) or y.dim() != 0:
                raise RuntimeError("grad_and_value(f)(*args): the function must return one number, a tensor of no dimensions, "
                                   f"got {type(y).__name__ if not isinstance(y, Tensor) else 'one of shape ' + str(tuple(y.shape))}")
            xs = tuple(args[k] for k in places)
            outer = nested or any(not x.is_leaf for x in _leaves(xs))
            gradients = _differentiate([y], xs, nested)
            gradients = gradients[0] if isinstance(argnums, int) else gradients
            value = _end(y, outer)
            return gradients, (value, _end(aux, outer)) if has_aux else value

    return wrapped


def grad(func, argnums=0, has_aux=False):
    """The function that gives func's gradient with respect to one argument, or a tuple for several; (gradient, aux) with has_aux."""
    both = grad_and_value(func, argnums, has_aux)

    def wrapped(*args, **kwargs):
        gradients, value = both(*args, **kwargs)
        return (gradients, value[1]) if has_aux else gradients

    return wrapped


def vjp(func, *primals, has_aux=False):
    """(func(*primals), f) where f(v) gives vᵀ·J for each primal; (.., f, aux) with has_aux.

        >>> value, back = backprop.func.vjp(lambda x: x ** 2, backprop.tensor([1., 2.]))
        >>> back(backprop.ones(2))
        (tensor([2., 4.]),)
    """
    with _Level() as nested, enable_grad():
        xs = tuple(_track(p) for p in primals)
        result = func(*xs)
    y, aux = result if has_aux else (result, None)
    outer = nested or any(not x.is_leaf for x in _leaves(xs))

    def pull(*vectors, retain_graph=None, create_graph=None):
        vectors = vectors[0] if len(vectors) == 1 and not isinstance(y, (tuple, list)) else vectors[0] if len(vectors) == 1 and isinstance(vectors[0], (tuple, list)) else vectors
        with enable_grad():
            found = _differentiate(_leaves(y), xs, outer or _depth > 0, _leaves(vectors))
        return found if outer or _depth > 0 else _end(found, False)

    return (_end(y, outer), pull, _end(aux, outer)) if has_aux else (_end(y, outer), pull)


def jvp(func, primals, tangents, *, strict=False, has_aux=False):
    """(func(*primals), J·tangents), or with aux in third place.

        >>> backprop.func.jvp(lambda x: x ** 2, (backprop.tensor([1., 2.]),), (backprop.tensor([1., 0.]),))
        (tensor([1., 4.]), tensor([2., 0.]))
    """
    if not isinstance(primals, tuple) or not isinstance(tangents, tuple) or len(primals) != len(tangents):
        raise RuntimeError("jvp: primals and tangents must be tuples of the same length")
    with _Level() as nested, enable_grad():
        xs = _track(primals)
        result = func(*xs)
        y, aux = result if has_aux else (result, None)
        leaves = _leaves(xs)
        outer = nested or any(not x.is_leaf for x in leaves)
        pushed = _map(lambda o: _core._jvp(o, leaves, _leaves(tangents), outer) if o.requires_grad else _core.zeros_like(o), y)
    return (_end(y, outer), pushed, _end(aux, outer)) if has_aux else (_end(y, outer), pushed)


def jacrev(func, argnums=0, *, has_aux=False, chunk_size=None):
    """The function that gives func's Jacobian: [result's shape.., argument's shape..]. chunk_size is accepted and changes nothing."""

    def wrapped(*args):
        with _Level() as nested, enable_grad():
            places = _chosen("jacrev", args, argnums)
            args = [_track(a) if i in places else a for i, a in enumerate(args)]
            result = func(*args)
            y, aux = result if has_aux else (result, None)
            xs = tuple(args[k] for k in places)
            outer = nested or any(not x.is_leaf for x in _leaves(xs))

            def one(o, x):
                if not o.requires_grad:
                    return _core.zeros((*o.shape, *x.shape), dtype=x.dtype)
                return _core._jacobian(o, x, outer)

            chosen = xs[0] if isinstance(argnums, int) else xs
            table = _map(lambda o: _map(lambda x: one(o, x), chosen), y)
            return (table, _end(aux, outer)) if has_aux else table

    return wrapped


jacfwd = jacrev


def hessian(func, argnums=0):
    """The function that gives the second derivatives of func, whose result is one number.

        >>> backprop.func.hessian(lambda x: (x ** 3).sum())(backprop.tensor([1., 2.]))
        tensor([[ 6.,  0.],
                [ 0., 12.]])
    """
    return jacrev(jacrev(func, argnums), argnums)


def functional_call(module, parameter_and_buffer_dicts, args=None, kwargs=None, *, tie_weights=True, strict=False):
    """module(*args) with other parameters and buffers in place of its own, which are back afterwards. With strict every
    name must be given, and no other.

        >>> net = backprop.nn.Linear(2, 1)
        >>> backprop.func.functional_call(net, {"weight": backprop.ones(1, 2), "bias": backprop.zeros(1)}, (backprop.tensor([3., 4.]),))
        tensor([7.])
    """
    from .nn.module import Module

    if not isinstance(module, Module):
        raise TypeError(f"functional_call: module must be a Module, got {type(module).__name__}")
    dicts = parameter_and_buffer_dicts if isinstance(parameter_and_buffer_dicts, (tuple, list)) else (parameter_and_buffer_dicts,)
    given = {k: v for d in dicts for k, v in d.items()}
    args = () if args is None else args if isinstance(args, tuple) else (args,)
    places, undo = {}, []
    for prefix, m in module.named_modules():
        for table in (m._parameters, m._buffers):
            for name in table:
                places[f"{prefix}.{name}" if prefix else name] = (table, name)
    if strict and set(places) != set(given):
        unknown, missing = sorted(set(given) - set(places)), sorted(set(places) - set(given))
        raise RuntimeError(f"functional_call: the module has no {unknown[0]!r}" if unknown else f"functional_call: no value for {missing[0]!r}")
    by_tensor = {}
    if tie_weights:
        for key, (table, name) in places.items():
            if key in given and table[name] is not None:
                by_tensor[id(table[name])] = given[key]
    try:
        for key, (table, name) in places.items():
            value = given[key] if key in given else by_tensor.get(id(table[name]))
            if value is not None:
                undo.append((table, name, table[name]))
                table[name] = value
        return module(*args, **(kwargs or {}))
    finally:
        for table, name, value in reversed(undo):
            table[name] = value


def vmap(func, in_dims=0, out_dims=0, randomness="error", *, chunk_size=None):
    """func over the slices of its arguments along in_dims (None: the same for all), its results stacked along out_dims. One call a slice:
    exact, and as fast as a loop. randomness "same": every slice sees the same random numbers; chunk_size changes nothing."""
    if randomness not in ("error", "different", "same"):
        raise RuntimeError(f"Only allowed values for randomness are 'error', 'different', or 'same'. Got {randomness}")

    def wrapped(*args, **kwargs):
        size = _sizes(in_dims, args)
        state = _core.default_generator.get_state() if randomness == "same" else None
        results = []
        for i in range(size):
            if state is not None:
                _core.default_generator.set_state(state)
            results.append(func(*_slices(args, in_dims, i), **kwargs))
        return _stacked(results, out_dims)

    return wrapped


def _slices(x, dims, i):
    """Slice i of every tensor in x; dims is a number or None for all, or has x's structure."""
    if isinstance(dims, (tuple, list)):
        if not isinstance(x, (tuple, list)) or len(dims) != len(x):
            raise ValueError(f"vmap: in_dims is not compatible with the structure of inputs, got in_dims {dims}")
        return type(x)(_slices(v, d, i) for v, d in zip(x, dims))
    if isinstance(dims, dict):
        return {k: _slices(v, dims[k], i) for k, v in x.items()}
    return x if dims is None else _map(lambda t: t.select(dims, i), x)


def _sizes(dims, args):
    found = []

    def look(x, d):
        if isinstance(d, (tuple, list)):
            if not isinstance(x, (tuple, list)) or len(d) != len(x):
                raise ValueError(f"vmap: in_dims is not compatible with the structure of inputs, got in_dims {dims} for {len(args)} inputs")
            for v, one in zip(x, d):
                look(v, one)
        elif isinstance(d, dict):
            for k, v in x.items():
                look(v, d[k])
        elif d is not None:
            found.extend((t.shape[d] if t.ndim else None) for t in _leaves(x))

    look(args, dims)
    if None in found:
        raise ValueError("vmap: got in_dim for an input of no dimensions")
    if not found:
        raise ValueError("vmap: at least one input must be mapped over, but in_dims has only None")
    if len(set(found)) > 1:
        raise ValueError(f"vmap: Expected all tensors to have the same size in the mapped dimension, got sizes {found} for the mapped dimension")
    return found[0]


def _stacked(results, dims):
    first = results[0] if results else None
    if isinstance(first, dict):
        return {k: _stacked([r[k] for r in results], dims[k] if isinstance(dims, dict) else dims) for k in first}
    if isinstance(first, (tuple, list)):
        each = dims if isinstance(dims, (tuple, list)) else [dims] * len(first)
        return type(first)(_stacked([r[k] for r in results], d) for k, d in enumerate(each))
    if not isinstance(first, Tensor):
        raise ValueError(f"vmap: the function must only return Tensors, got type {type(first).__name__}")
    return first if dims is None else _core.stack(results, dims)


def stack_module_state(models):
    """(parameters, buffers) of several models of one kind, each stacked along a first dimension, by name: for functional_call under vmap."""
    if not len(models):
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    if any(type(m) is not type(models[0]) for m in models) or any(m.training != models[0].training for m in models):
        raise RuntimeError("stack_module_state: Expected all models to be of the same class, and all in training or all in eval mode.")
    parameters = {name: _core.stack([dict(m.named_parameters())[name].detach() for m in models]).requires_grad_(p.requires_grad)
                  for name, p in models[0].named_parameters()}
    return parameters, {name: _core.stack([dict(m.named_buffers())[name] for m in models]) for name, _ in models[0].named_buffers()}


def replace_all_batch_norm_modules_(root):
    """Batch norms below root, in place, without running statistics: then a batch may be cut into samples. Returns root."""
    from .nn.norms import _BatchNorm

    for module in root.modules():
        if isinstance(module, _BatchNorm):
            module.running_mean = module.running_var = module.num_batches_tracked = None
            module.track_running_stats = False
    return root
