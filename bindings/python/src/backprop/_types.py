"""Types of elements: their ranges, what becomes of two of them, and the names tensors had before there were dtypes."""

from ._core import Tensor, bfloat16, bool as bool8, dtype, empty, float16, float32, float64, full, get_default_dtype, int32, int64, set_default_dtype
from ._core import tensor, uint8

# bits, digits of the fraction, smallest exponent, resolution
_FLOATS = {float16: (16, 10, -14, 1e-3), bfloat16: (16, 7, -126, 1e-2), float32: (32, 23, -126, 1e-6), float64: (64, 52, -1022, 1e-15)}
_INTEGERS = {uint8: (8, 0, 255), int32: (32, -(2**31), 2**31 - 1), int64: (64, -(2**63), 2**63 - 1)}


def _name(type):
    return repr(type).rpartition(".")[2]


def _dtype_argument(function, argument, position, value):
    if not isinstance(value, dtype):
        raise TypeError(f"{function}(): argument '{argument}' (position {position}) must be backprop.dtype, not {type(value).__name__}")
    return value


class finfo:
    """Limits of a floating type: bits, eps, max, min, tiny, smallest_normal, resolution. Without a type: of the default one."""

    def __init__(self, type=None):
        type = get_default_dtype() if type is None else _dtype_argument("finfo", "type", 1, type)
        if type not in _FLOATS:
            raise TypeError("backprop.finfo() requires a floating point input type. Use backprop.iinfo to handle 'backprop.finfo'")
        self.bits, fraction, smallest, self.resolution = _FLOATS[type]
        self.dtype = _name(type)
        self.eps = 2.0**-fraction
        self.tiny = self.smallest_normal = 2.0**smallest
        self.max = (2 - self.eps) * 2.0 ** (1 - smallest)
        self.min = -self.max

    def __repr__(self):
        return (f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
                f"smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, dtype={self.dtype})")

    def __eq__(self, other):
        return isinstance(other, finfo) and self.dtype == other.dtype

    def __hash__(self):
        return hash(self.dtype)


class iinfo:
    """Limits of an integer type: bits, min, max."""

    def __init__(self, type):
        _dtype_argument("iinfo", "type", 1, type)
        if type is bool8:
            raise TypeError("backprop.bool is not supported by backprop.iinfo")
        if type not in _INTEGERS:
            raise TypeError("backprop.iinfo() requires an integer input type. Use backprop.finfo to handle 'backprop.iinfo'")
        self.bits, self.min, self.max = _INTEGERS[type]
        self.dtype = _name(type)

    def __repr__(self):
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"

    def __eq__(self, other):
        return isinstance(other, iinfo) and self.dtype == other.dtype

    def __hash__(self):
        return hash(self.dtype)


def promote_types(type1, type2):
    """The smallest type that holds both: what an operation of two tensors of these types gives."""
    one, two = (empty(0, dtype=_dtype_argument("promote_types", f"type{i}", i, t)) for i, t in ((1, type1), (2, type2)))
    return (one + two).dtype


def result_type(tensor1, tensor2):
    """The type of an operation of two tensors or numbers: a number gives way to a tensor of its kind."""
    for i, value in ((1, tensor1), (2, tensor2)):
        if not isinstance(value, (Tensor, int, float)):
            raise TypeError(f"result_type(): argument 'tensor{i}' must be Tensor or number, not {type(value).__name__}")
    if not isinstance(tensor1, Tensor) and not isinstance(tensor2, Tensor):
        tensor1 = tensor(tensor1)

    def sample(value):  # all that counts is the type, and whether there are dimensions
        return empty((1,) * min(value.ndim, 1), dtype=value.dtype) if isinstance(value, Tensor) else type(value)(0)

    return (sample(tensor1) + sample(tensor2)).dtype


def can_cast(from_, to):
    """Whether a conversion stays in its kind or goes up: bool, integer, floating."""
    for i, (name, value) in enumerate((("from_", from_), ("to", to)), 1):
        _dtype_argument("can_cast", name, i, value)

    def kind(type):
        return 2 if type.is_floating_point else 0 if type is bool8 else 1

    return kind(from_) <= kind(to)


class _TypedMeta(type):
    def __instancecheck__(cls, value):
        return isinstance(value, Tensor) and value.dtype is cls.dtype

    def __repr__(cls):
        return f"<class 'backprop.{cls.__name__}'>"


def _typed(name, type_):
    def new(cls, *args, device=None):
        if not args or all(isinstance(a, int) and not isinstance(a, bool) for a in args):
            return empty(args or (0,), dtype=type_, device=device)
        if len(args) == 1 and type(args[0]).__name__ == "Size":
            return empty(args[0], dtype=type_, device=device)
        if len(args) != 1 or not hasattr(args[0], "__len__"):
            raise TypeError(f"new(): data must be a sequence (got {type(args[0]).__name__})")
        return tensor(args[0], dtype=type_, device=device)

    doc = f"tensor(data, dtype={_name(type_)}) of a sequence, empty(sizes) of sizes; isinstance asks for the type of a tensor's elements."
    return _TypedMeta(name, (), {"__new__": new, "__doc__": doc, "__module__": "backprop", "dtype": type_})


_TYPED = {"FloatTensor": float32, "DoubleTensor": float64, "LongTensor": int64, "IntTensor": int32, "ByteTensor": uint8, "BoolTensor": bool8,
          "HalfTensor": float16, "BFloat16Tensor": bfloat16}
globals().update({name: _typed(name, type_) for name, type_ in _TYPED.items()})


def typename(obj):
    """'torch.FloatTensor' of a tensor, as PyTorch spells it; otherwise module and class."""
    if isinstance(obj, Tensor):
        return obj.type()
    kind = obj if isinstance(obj, type) else type(obj)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def set_default_tensor_type(t):
    """The older set_default_dtype: a name like 'torch.DoubleTensor' or the class."""
    name = t.rpartition(".")[2] if isinstance(t, str) else getattr(t, "__name__", "")
    if name not in _TYPED:
        raise TypeError(f"invalid type object: {t!r}")
    set_default_dtype(_TYPED[name])


def scalar_tensor(s, *, dtype=None, device=None, requires_grad=False):
    """A tensor of no dimensions, of the default type unless told."""
    return full((), s, dtype=get_default_dtype() if dtype is None else dtype, device=device, requires_grad=requires_grad)
