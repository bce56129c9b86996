"""Pickling, copy.copy and copy.deepcopy of tensors."""

from pickle import PickleBuffer

from ._core import Tensor, _bytes, _storage, bfloat16, frombuffer, zeros


def __reduce_ex__(self, protocol):
    """For pickle: the elements as they lie in memory; from protocol 5 on a buffer, which may stay outside the pickle."""
    x = self.detach()
    dense = x.permute(sorted(range(x.ndim), key=lambda d: -x.stride(d)))
    stride = x.stride()
    if not dense.is_contiguous():
        dense = x.contiguous()
        stride = dense.stride()
    data = PickleBuffer(dense) if protocol >= 5 and x.dtype is not bfloat16 and x.numel() else _bytes(dense)
    return _rebuild, (type(self), data, x.dtype, tuple(x.shape), stride, self.requires_grad), getattr(self, "__dict__", None) or None


def _rebuild(kind, data, dtype, shape, stride, requires_grad):
    """Over the buffer that unpickling was given, if it may be written; otherwise a copy."""
    view = memoryview(data)
    if not view.nbytes:
        flat = zeros(0, dtype=dtype)
    elif view.readonly:
        flat = frombuffer(bytearray(view), dtype=dtype)
    else:
        try:
            flat = frombuffer(data, dtype=dtype)
        except ValueError:  # not aligned
            flat = frombuffer(bytearray(view), dtype=dtype)
    return Tensor.__new__(kind, flat.as_strided(shape, stride), requires_grad)


def __copy__(self):
    """Another tensor over the same memory."""
    return _with_attributes(Tensor.__new__(type(self), self, self.requires_grad), self, dict)


def __deepcopy__(self, memo):
    """A leaf of its own. Tensors that share memory share it again, when they are copied together."""
    if id(self) in memo:
        return memo[id(self)]
    if not self.is_leaf:
        raise RuntimeError("Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the moment: use clone() or detach().")
    from copy import deepcopy

    all = _storage(self)
    storages = memo.setdefault("backprop storages", {})
    storage = storages.get(all.data_ptr())
    if storage is None or storage[0].dtype is not self.dtype:
        storage = storages[all.data_ptr()] = (all, all.clone())  # the old memory is kept as long as its address is a key
    result = Tensor.__new__(type(self), storage[1].as_strided(self.shape, self.stride(), self.storage_offset()), self.requires_grad)
    memo[id(self)] = _with_attributes(result, self, lambda attributes: deepcopy(attributes, memo))
    if self.grad is not None and type(self) is Tensor:
        result.grad = deepcopy(self.grad, memo)
    return result


def _with_attributes(new, old, copied):
    attributes = getattr(old, "__dict__", None)
    if attributes:
        new.__dict__.update(copied(attributes))
    return new
