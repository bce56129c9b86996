"""asarray: the door for anything that holds numbers."""

from ._core import Tensor, as_tensor, from_dlpack, frombuffer, get_default_dtype, tensor


def asarray(obj, *, dtype=None, device=None, copy=None, requires_grad=None):
    """A tensor of obj. copy=False: over obj's memory or a ValueError; copy=True: never over it; otherwise over it where nothing is converted.
    obj: a tensor, an array, a DLPack capsule or producer, an object with a buffer, a number, nested sequences."""
    if isinstance(obj, Tensor):
        result = obj if dtype is None or obj.dtype is dtype else _converted(obj, dtype, copy)
        if copy and result is obj:
            result = obj.clone()
        if requires_grad is False and result.requires_grad:
            result = result.detach()
        return result.requires_grad_() if requires_grad and not result.requires_grad else result
    shared = _shared(obj, dtype)
    if shared is None:
        if copy is False:
            raise ValueError("can't alias arbitrary sequence into a tensor.")
        result = tensor(obj, dtype=dtype, device=device)
    else:
        result = shared if dtype is None or shared.dtype is dtype else _converted(shared, dtype, copy)
        if copy and result is shared:
            result = shared.clone()
    return result.requires_grad_() if requires_grad else result


def _converted(x, dtype, copy):
    if copy is False:
        raise ValueError(f"can't alias tensor with dtype '{_name(x.dtype)}' into dtype '{_name(dtype)}'.")
    return x.to(dtype)


def _name(dtype):
    return {"float32": "Float", "float64": "Double", "int64": "Long", "int32": "Int", "uint8": "Byte", "bool": "Bool", "float16": "Half",
            "bfloat16": "BFloat16"}[repr(dtype).rpartition(".")[2]]


def _shared(obj, dtype):
    """A tensor over obj's memory, or None where that cannot be."""
    if isinstance(obj, (list, tuple, str, bool, int, float)):
        return None
    if type(obj).__name__ == "PyCapsule" or (hasattr(obj, "__dlpack__") and type(obj).__module__.partition(".")[0] != "numpy"):
        return from_dlpack(obj)
    try:
        view = memoryview(obj)
    except TypeError:
        return None
    if isinstance(obj, (bytes, bytearray)) or (view.format == "B" and dtype is not None and isinstance(obj, memoryview)):
        return frombuffer(obj, dtype=get_default_dtype() if dtype is None else dtype)
    return as_tensor(obj) if type(obj).__module__.partition(".")[0] == "numpy" or not view.readonly else None
