"""Methods of Tensor that are seldom called: types by name, new tensors of the same kind, questions about devices and memory."""

from ._core import empty, full, ones, tensor, zeros
from ._types import _TYPED


def type(self, dtype=None, non_blocking=False, **kwargs):
    """Without an argument the type's old name, 'torch.FloatTensor'; otherwise to(dtype), where dtype may be such a name or class."""
    if dtype is None:
        return "torch." + next(name for name, kind in _TYPED.items() if kind is self.dtype)
    name = dtype.rpartition(".")[2] if isinstance(dtype, str) else getattr(dtype, "__name__", None)
    if isinstance(dtype, str) and name not in _TYPED:
        raise ValueError(f"invalid type: '{dtype}'")
    return self.to(_TYPED.get(name, dtype))


def type_as(self, other):
    """This tensor in the type of another."""
    return self.to(other.dtype)


def cuda(self, device=None, non_blocking=False, memory_format=None):
    """A RuntimeError: backprop computes on the CPU. cuda.is_available() is False."""
    raise RuntimeError("backprop computes on the CPU: it has no CUDA. Ask backprop.cuda.is_available() before .cuda()")


def pin_memory(self, device=None):
    """A RuntimeError: there is no device that memory could be pinned for."""
    raise RuntimeError("Cannot access accelerator device when none is available.")


def get_device(self):
    """-1, which stands for the CPU."""
    return -1


def _no(input):
    """False: tensors here are real, plain, and on the CPU."""
    return False


is_complex = is_conj = is_neg = is_inference = is_distributed = _no


def is_pinned(self, device=None):
    """False: memory is pinned for devices."""
    return False


def is_shared(self):
    """Whether the memory is shared between processes: never, here."""
    return False


def share_memory_(self):
    """The tensor itself: worker processes get copies."""
    return self


def is_signed(input):
    """Whether the type has negative numbers: all but uint8 and bool."""
    return input.dtype.is_signed


def is_nonzero(input):
    """Whether the only element is not 0; RuntimeError if there are more or none."""
    return bool(input)


def is_same_size(input, other):
    """Whether both have the same shape."""
    return input.shape == other.shape


def is_set_to(self, tensor):
    """Whether both look at the same elements of the same memory."""
    return self.data_ptr() == tensor.data_ptr() and self.shape == tensor.shape and self.stride() == tensor.stride()


def dim_order(self):
    """The dimensions in the order of their strides, the largest first."""
    return tuple(sorted(range(self.ndim), key=lambda d: -self.stride(d)))


def dense_dim(self):
    """The number of dimensions: all are dense."""
    return self.ndim


def sparse_dim(self):
    """0: no dimension is sparse."""
    return 0


def _kind(self, options):
    if options.get("dtype") is None:
        options["dtype"] = self.dtype
    for ignored in ("layout", "pin_memory"):
        options.pop(ignored, None)
    return options


def new_tensor(self, data, **options):
    """tensor(data) of this one's type: a copy."""
    return tensor(data, **_kind(self, options))


def new_zeros(self, *size, **options):
    """zeros(*size) of this one's type."""
    return zeros(*_sizes(size, options), **_kind(self, options))


def new_ones(self, *size, **options):
    """ones(*size) of this one's type."""
    return ones(*_sizes(size, options), **_kind(self, options))


def new_empty(self, *size, **options):
    """empty(*size) of this one's type."""
    return empty(*_sizes(size, options), **_kind(self, options))


def new_full(self, size, fill_value, **options):
    """full(size, fill_value) of this one's type."""
    return full(size, fill_value, **_kind(self, options))


def _sizes(size, options):
    return size or (options.pop("size", ()),)


def new(self, *args, device=None):
    """The class with the old name, called: new(2, 3) has that shape, new([2, 3]) these elements."""
    from . import _types

    return getattr(_types, self.type().rpartition(".")[2])(*args, device=device)


def apply_(self, callable):
    """Each element replaced by callable(element). Slow: for what no operation does."""
    return self.copy_(tensor([callable(value) for value in self.detach().flatten().tolist()], dtype=self.dtype).reshape(self.shape))


def map_(self, tensor, callable):
    """Each element replaced by callable(element, other), other from a tensor that broadcasts."""
    from ._core import tensor as made

    pairs = zip(self.detach().flatten().tolist(), tensor.detach().expand(self.shape).flatten().tolist())
    return self.copy_(made([callable(a, b) for a, b in pairs], dtype=self.dtype).reshape(self.shape))


def untyped_storage(self):
    """The memory the tensor looks into, as bytes; views of one tensor share it."""
    from ._storage import UntypedStorage

    return UntypedStorage(self)


def storage(self):
    """The memory the tensor looks into, as elements."""
    from ._storage import TypedStorage

    return TypedStorage(self)


def renorm_(self, p, dim, maxnorm):
    """renorm() in place."""
    return self.copy_(self.renorm(p, dim, maxnorm))


def mvlgamma_(self, p):
    """mvlgamma() in place."""
    return self.copy_(self.mvlgamma(p))


def conj_physical_(self):
    """The tensor itself: numbers here are real."""
    return self


def new_empty_strided(self, size, stride, **options):
    """A tensor of this type, if not told otherwise, whose elements lie `stride` apart."""
    from ._composed_more import empty_strided

    return empty_strided(size, stride, **_kind(self, options))
