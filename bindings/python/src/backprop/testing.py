"""assert_close, which compares what PyTorch's does with the same tolerances and sentences, and make_tensor.

    backprop.testing.assert_close(actual, expected)                      # tolerances by type: float32 1.3e-6·|expected| + 1e-5
    backprop.testing.assert_close({"w": w}, {"w": v}, rtol=0, atol=1e-3)
"""

import math
from collections.abc import Mapping, Sequence

from . import _core
from ._core import Tensor, bfloat16, bool as bool8, float16, float32, float64, int32, int64, uint8
from ._grad_mode import no_grad

__all__ = ["assert_close", "make_tensor"]

_tolerances = {float16: (1e-3, 1e-5), bfloat16: (1.6e-2, 1e-5), float32: (1.3e-6, 1e-5), float64: (1e-7, 1e-7)}  # rtol, atol; 0 for others
_number_types = {int: int64, float: float64, bool: bool8}


class _Difference(Exception):
    """An error to come: its class and sentence."""

    def __init__(self, kind, text):
        self.kind, self.text = kind, text


def assert_close(actual, expected, *, allow_subclasses=True, rtol=None, atol=None, equal_nan=False, check_device=True, check_dtype=True,
                 check_layout=True, check_stride=False, msg=None):
    """Raises AssertionError unless |actual − expected| ≤ atol + rtol·|expected| for every element; equal infinities are close, NaN only with equal_nan.

    Tensors, arrays, numbers, booleans and None, in sequences and mappings nested at will. rtol and atol are given both or neither: then they
    follow the type (float64 1e-7 and 1e-7, float32 1.3e-6 and 1e-5, float16 1e-3 and 1e-5, bfloat16 1.6e-2 and 1e-5, others 0). Shapes are always
    compared; types, devices, layouts and strides as asked. msg: the message, or a function that makes it of the usual one. ValueError for one
    tolerance without the other, TypeError for things that cannot be compared.
    """
    options = _Options(rtol, atol, equal_nan, check_device, check_dtype, check_layout, check_stride, allow_subclasses)
    place = ()
    try:
        pairs = list(_pairs(actual, expected, (), options))
        for place, compare, a, b in pairs:
            compare(a, b, options)
        return
    except _Difference as difference:
        place = getattr(difference, "place", place)
        error, text = difference.kind, difference.text
    if isinstance(msg, str):
        text = msg
    else:
        if place:
            text += f"\n\nThe failure occurred for item {''.join(str([key]) for key in place)}"
        text = msg(text) if callable(msg) else text
    raise error(text)


class _Options:
    def __init__(self, rtol, atol, equal_nan, check_device, check_dtype, check_layout, check_stride, allow_subclasses):
        self.rtol, self.atol, self.equal_nan = rtol, atol, equal_nan
        self.device, self.dtype, self.layout, self.stride = check_device, check_dtype, check_layout, check_stride
        self.allow_subclasses = allow_subclasses

    def tolerances(self, *dtypes):
        if (self.rtol is None) != (self.atol is None):
            raise _Difference(ValueError, "Both 'rtol' and 'atol' must be either specified or omitted, "
                                          f"but got no {'rtol' if self.rtol is None else 'atol'}.")
        if self.rtol is not None:
            return self.rtol, self.atol
        own = [_tolerances.get(dtype, (0.0, 0.0)) for dtype in dtypes]
        return max(r for r, _ in own), max(a for _, a in own)


def _pairs(actual, expected, place, options):
    """(where, comparison, actual, expected) of all that has to be compared."""
    try:
        if _both(actual, expected, Sequence) and not isinstance(actual, str) and not isinstance(expected, str):
            if len(actual) != len(expected):
                raise _Difference(AssertionError, f"The length of the sequences mismatch: {len(actual)} != {len(expected)}")
            inner = [(i, actual[i], expected[i]) for i in range(len(actual))]
        elif _both(actual, expected, Mapping):
            missing, more = set(expected) - set(actual), set(actual) - set(expected)
            if missing or more:
                raise _Difference(AssertionError, "The keys of the mappings do not match:\n"
                                                  f"Missing keys in the actual mapping: {_sorted(missing)}\n"
                                                  f"Additional keys in the actual mapping: {_sorted(more)}")
            inner = [(key, actual[key], expected[key]) for key in _sorted(actual)]
        else:
            compare, a, b = _comparison(actual, expected, options)
            yield place, compare, a, b
            return
    except _Difference as difference:
        difference.place = getattr(difference, "place", place)
        raise
    for key, a, b in inner:
        yield from _pairs(a, b, (*place, key), options)


def _both(a, b, kind):
    return isinstance(a, kind) and isinstance(b, kind)


def _sorted(keys):
    try:
        return sorted(keys)
    except TypeError:
        return list(keys)


def _plain(x):
    """NumPy's scalars as Python's."""
    return x.item() if type(x).__module__ == "numpy" and getattr(x, "shape", None) == () and hasattr(type(x), "__float__") and not hasattr(x, "__setitem__") else x


def _comparison(actual, expected, options):
    a, b = _plain(actual), _plain(expected)
    if a is None or b is None:
        return _compare_none, a, b
    if _both(a, b, bool):
        return _compare_booleans, a, b
    if _both(a, b, (int, float)):
        options.tolerances(float32)  # one without the other shows before anything is compared
        return _compare_numbers, a, b
    related = isinstance(actual, type(expected)) or isinstance(expected, type(actual))
    if related and (options.allow_subclasses or type(actual) is type(expected)):
        try:
            a, b = (x if isinstance(x, Tensor) else _core.as_tensor(x) for x in (actual, expected))
            options.tolerances(a.dtype, b.dtype)
            return _compare_tensors, a, b
        except (TypeError, ValueError, RuntimeError):
            pass
    raise _Difference(TypeError, f"No comparison pair was able to handle inputs of type {type(actual)} and {type(expected)}.")


def _compare_none(a, b, options):
    if a is not b:
        raise _Difference(AssertionError, f"None mismatch: {a} is not {b}")


def _compare_booleans(a, b, options):
    if a is not b:
        raise _Difference(AssertionError, f"Booleans mismatch: {a} is not {b}")


def _compare_numbers(a, b, options):
    if options.dtype and type(a) is not type(b):
        raise _Difference(AssertionError, f"The (d)types do not match: {type(a)} != {type(b)}.")
    rtol, atol = options.tolerances(*(_number_types.get(type(x), float64) for x in (a, b)))
    if a == b or (options.equal_nan and a != a and b != b):
        return
    difference = abs(a - b)
    if not (math.isfinite(difference) and difference <= atol + rtol * abs(b)):
        raise _Difference(AssertionError, _scalars(a, b, rtol, atol))


def _compare_tensors(a, b, options):
    for name, wanted, of in (("shape", True, lambda t: t.shape), ("layout", options.layout, lambda t: t.layout),
                             ("stride()", options.stride, lambda t: t.stride()), ("device", options.device, lambda t: t.device),
                             ("dtype", options.dtype, lambda t: t.dtype)):
        if wanted and of(a) != of(b):
            raise _Difference(AssertionError, f"The values for attribute '{name}' do not match: {of(a)} != {of(b)}.")
    rtol, atol = options.tolerances(a.dtype, b.dtype)
    with no_grad():
        a, b = a.detach(), b.detach()
        if a.dtype != b.dtype:
            from ._types import promote_types

            common = promote_types(a.dtype, b.dtype)
            a, b = a.to(common), b.to(common)
        if a.dtype in (float16, bfloat16):
            a, b = a.float(), b.float()
        elif a.dtype in (bool8, uint8, int32):
            a, b = a.to(int64), b.to(int64)
        close = _close(a, b, rtol, atol, options.equal_nan)
        if close.all().item():
            return
        raise _Difference(AssertionError, _scalars(a.item(), b.item(), rtol, atol) if not a.shape else _elements(a, b, close, rtol, atol))


def _close(a, b, rtol, atol, equal_nan):
    if a.dtype is int64 and not rtol and not atol:
        return a == b
    from ._composed_elementwise import isclose

    return isclose(a, b, rtol=rtol, atol=atol, equal_nan=equal_nan)


def _message(what, extra, absolute, relative, where, rtol, atol):
    exact = rtol == 0 and atol == 0
    lines = [f"{what} are not {'equal' if exact else 'close'}!", "", extra]
    for kind, difference, place, tolerance in (("absolute", absolute, where[0], atol), ("relative", relative, where[1], rtol)):
        head = f"{kind.title()} difference: {difference}" if place is None else f"Greatest {kind} difference: {difference} at index {place}"
        lines.append(head if exact else f"{head} (up to {tolerance} allowed)")
    return "\n".join(lines)


def _scalars(a, b, rtol, atol):
    difference = abs(a - b)
    return _message("Scalars", f"Expected {b} but got {a}.", difference, difference / abs(b) if b else math.inf, (None, None), rtol, atol)


def _elements(a, b, close, rtol, atol):
    count, off = close.numel(), int((~close).sum().item())
    places, greatest = [], []
    absolute = (a - b).abs()
    for difference in (absolute, absolute / b.abs()):
        difference = difference.masked_fill(close, 0).flatten()
        at = int(difference.argmax().item())
        greatest.append(difference[at].item())
        place = []
        for size in reversed(close.shape):
            at, index = divmod(at, size)
            place.append(index)
        places.append(tuple(reversed(place)))
    return _message("Tensor-likes", f"Mismatched elements: {off} / {count} ({off / count:.1%})", *greatest, places, rtol, atol)


_ranges = {bool8: (0, 2), uint8: (0, 10), int32: (-9, 10), int64: (-9, 10)}  # low, high; floating types −9, 9


def make_tensor(*shape, dtype, device="cpu", low=None, high=None, requires_grad=False, noncontiguous=False, exclude_zero=False, memory_format=None):
    """A tensor of random numbers from low (inclusive) to high (exclusive), by default −9 to 9, 0 to 10 for uint8, 0 and 1 for bool.

    noncontiguous: with gaps between its elements, where it has two or more. exclude_zero: zeros become the smallest number of the type that is
    not 0: 1, or for floating types the smallest normal one.
    """
    from ._types import finfo, iinfo

    if len(shape) == 1 and isinstance(shape[0], Sequence):
        shape = tuple(shape[0])
    floating = dtype in _tolerances
    if not floating and dtype not in _ranges:
        raise TypeError(f"The requested dtype '{dtype}' is not supported by backprop.testing.make_tensor().")
    if requires_grad and not floating:
        raise ValueError(f"`requires_grad=True` is not supported for integral dtype {dtype}")
    if noncontiguous and memory_format is not None:
        raise ValueError(f"The parameters `noncontiguous` and `memory_format` are mutually exclusive, but got {noncontiguous=} and {memory_format=}")
    default = _ranges.get(dtype, (-9, 9))
    low, high = default[0] if low is None else low, default[1] if high is None else high
    if low != low or high != high:
        raise ValueError(f"`low` and `high` cannot be NaN, but got {low=} and {high=}")
    if low >= high:
        raise ValueError(f"`low` must be less than `high`, but got {low} >= {high}")
    limits = (0, 2) if dtype is bool8 else (finfo(dtype).min, finfo(dtype).max) if floating else (iinfo(dtype).min, iinfo(dtype).max + 1)
    if high <= limits[0] or low >= limits[1]:
        raise ValueError(f"The value range [{low}, {high}) lies outside of what {dtype} holds")
    low, high = max(low, limits[0]), min(high, limits[1])
    with no_grad():
        if floating:
            wide = float64 if dtype is float64 else float32
            result = _core.rand(shape, dtype=wide)
            result = (result * (high / 2 - low / 2) * 2 + low).clamp(max=math.nextafter(high, low) if wide is float64 else high)
            small = finfo(dtype).tiny
        else:
            result = _core.randint(math.ceil(low), min(math.ceil(high), 2**63 - 1), shape, dtype=int64)
            small = 1
        if exclude_zero:
            result = result.masked_fill(result.abs() < small, small)
        result = result.to(dtype)
        if noncontiguous and result.numel() > 1:
            result = result.repeat_interleave(2, dim=-1)[..., ::2]
        elif memory_format is not None:
            result = result.contiguous(memory_format=memory_format)
    _core.device(device)
    return result.requires_grad_(requires_grad)
