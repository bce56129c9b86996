"""Questions about values, put together from operations."""

from ._core import Tensor, from_buffer, isfinite, isnan


def equal(input, other):
    """Whether two tensors have the same shape and the same elements."""
    return input.shape == other.shape and (input.numel() == 0 or (input == other).all().item())


def allclose(input, other, rtol=1e-05, atol=1e-08, equal_nan=False):
    """Whether |input − other| ≤ atol + rtol·|other| everywhere; equal infinities are close."""
    input, other = input.detach(), other.detach()
    off = ~((input == other) | ((input - other).abs() <= atol + rtol * other.abs()) & isfinite(other))
    if equal_nan:
        off = off & ~(isnan(input) & isnan(other))
    return not off.any().item()


def register_hook(self, hook):
    """Calls hook(gradient) in every backward pass, when this tensor's gradient is complete; what it returns, unless None, stands in the
    gradient's place. Returns an object whose remove() takes the hook away."""
    from .utils.hooks import RemovableHandle

    return RemovableHandle(self, self._register_hook(hook))


def register_post_accumulate_grad_hook(self, hook):
    """Calls hook(tensor) after backward() has added to this leaf's .grad."""
    from .utils.hooks import RemovableHandle

    return RemovableHandle(self, self._register_hook(hook, True))


def frombuffer(buffer, *, dtype, count=-1, offset=0, requires_grad=False):
    """A tensor of one dimension over the memory of a writable buffer, from byte `offset` on; count −1: to its end."""
    view = memoryview(buffer).cast("B")[offset:]
    code, size = {"float32": "f4", "float64": "d8", "int64": "q8", "int32": "i4", "uint8": "B1", "bool": "?1"}.get(str(dtype).rpartition(".")[2], "-1")
    size = int(size)
    if code == "-":
        raise TypeError(f"frombuffer(): not defined for {dtype}")
    if count >= 0:
        view = view[:count * size]
    if len(view) % size or count * size > len(view) or not len(view):
        raise ValueError(f"frombuffer(): {len(view)} bytes from offset {offset} on do not hold the {dtype} elements asked for")
    return from_buffer(view.cast(code)).requires_grad_(requires_grad)


def _method(function):
    setattr(Tensor, function.__name__, function)


def _later(name, module):
    """A method of Tensor whose module is loaded when it is first called."""

    def method(self, *args, **kwargs):
        return getattr(__import__("backprop." + module, fromlist=[name]), name)(self, *args, **kwargs)

    method.__name__ = name
    setattr(Tensor, name, method)


for _function in "quantile nanquantile dist diff renorm cov corrcoef histc bincount sum_to_size".split():
    _later(_function, "_composed_reductions")
for _function in "uniform_ normal_ bernoulli_ random_ exponential_ log_normal_ geometric_ cauchy_".split():
    _later(_function, "_composed_random")
for _function in "angle frexp isclose mvlgamma".split():
    _later(_function, "_composed_elementwise")
for _function in ("cholesky_inverse cholesky_solve cross lu lu_solve matrix_exp matrix_power orgqr ormqr pinverse qr slogdet svd "
                  "triangular_solve").split():
    _later(_function, "_composed_linalg")
for _function in (equal, allclose, register_hook, register_post_accumulate_grad_hook):
    _method(_function)
del _function
