"""Questions about values, put together from operations."""

from ._core import Tensor, isfinite, isnan


def equal(input, other):
    """Whether two tensors have the same shape and the same elements."""
    if not isinstance(other, Tensor):
        raise TypeError(f"equal(): argument 'other' (position 2) must be Tensor, not {type(other).__name__}")
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


def _method(function):
    setattr(Tensor, function.__name__, function)


class _Later:
    """A method of Tensor whose module is loaded when the method is first asked for; the function then stands in this object's place."""

    def __init__(self, name, module):
        self.name, self.module = name, module

    def __get__(self, tensor, kind):
        function = getattr(__import__("backprop." + self.module, fromlist=[self.name]), self.name)
        setattr(Tensor, self.name, function)
        return function if tensor is None else function.__get__(tensor)


def _later(name, module):
    setattr(Tensor, name, _Later(name, module))


for _function in "quantile nanquantile dist diff renorm cov corrcoef histc bincount sum_to_size".split():
    _later(_function, "_composed_reductions")
for _function in "uniform_ normal_ bernoulli_ random_ exponential_ log_normal_ geometric_ cauchy_".split():
    _later(_function, "_composed_random")
for _function in "angle frexp isclose isneginf isposinf mvlgamma".split():
    _later(_function, "_composed_elementwise")
for _function in "histogram nonzero_static unsafe_split_with_sizes".split():
    _later(_function, "_composed_more")
_later("narrow_copy", "_composed_movement")
_later("isreal", "_composed_elementwise")
for _function in ("cholesky_inverse cholesky_solve cross geqrf lu lu_solve matrix_exp matrix_power orgqr ormqr pinverse qr slogdet svd "
                  "triangular_solve").split():
    _later(_function, "_composed_linalg")
for _function in ("type type_as cuda pin_memory get_device is_pinned is_complex is_conj is_neg is_inference is_distributed is_shared share_memory_ "
                  "is_signed is_nonzero is_same_size is_set_to dim_order dense_dim sparse_dim new_tensor new_zeros new_ones new_empty new_full new "
                  "apply_ map_ untyped_storage storage renorm_ mvlgamma_ conj_physical_ new_empty_strided").split():
    _later(_function, "_methods")
Tensor.layout = property(lambda self: __import__("backprop._layout", fromlist=["strided"]).strided, doc="Always strided.")
for _function in "squeeze_ unsqueeze_ transpose_ swapaxes_ swapdims_ t_ resize_ resize_as_".split():
    _later(_function, "_reshaped")
Tensor.real = property(lambda self: self, doc="This tensor: numbers here are real.")
for _function in "__reduce_ex__ __copy__ __deepcopy__".split():
    _later(_function, "_copies")
for _function in (equal, allclose, register_hook, register_post_accumulate_grad_hook):
    _method(_function)
del _function
