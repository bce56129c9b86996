"""Samples to a batch: tensors are stacked, numbers become tensors, and what holds them keeps its form."""

from collections.abc import Mapping, MutableMapping, MutableSequence, Sequence
from copy import copy

from .... import _core
from ...._core import Tensor

__all__ = ["collate", "default_collate", "default_collate_fn_map", "default_convert"]

_MESSAGE = "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {}"


def _is_numpy(x):
    return type(x).__module__ == "numpy"


def _collate_tensor(batch, *, collate_fn_map=None):
    return _core.stack(list(batch), 0)


def _collate_numpy(batch, *, collate_fn_map=None):
    first = batch[0]
    if getattr(first, "shape", ()) == ():
        return _core.as_tensor([x.item() for x in batch], dtype=_core.as_tensor(first).dtype)
    if first.dtype.kind in "SUO":
        raise TypeError(_MESSAGE.format(first.dtype))
    return collate([_core.as_tensor(x) for x in batch], collate_fn_map=collate_fn_map)


def _collate_float(batch, *, collate_fn_map=None):
    return _core.tensor(list(batch), dtype=_core.float64)


def _collate_int(batch, *, collate_fn_map=None):
    return _core.tensor(list(batch))


def _collate_text(batch, *, collate_fn_map=None):
    return batch


# Functions of a batch by the type of its samples; more may be added.
default_collate_fn_map = {Tensor: _collate_tensor, float: _collate_float, int: _collate_int, str: _collate_text, bytes: _collate_text}


def _rebuilt(old, keys, values, make):
    """A container like old: a copy with new values, or make(), which may refuse."""
    try:
        if isinstance(old, (MutableMapping, MutableSequence)):
            new = copy(old)
            for key, value in zip(keys, values):
                new[key] = value
            return new
        return make(type(old))
    except TypeError:  # no copy, no item assignment, or no such constructor: range, …
        return dict(zip(keys, values)) if isinstance(old, Mapping) else list(values)


def collate(batch, *, collate_fn_map=None):
    """As default_collate(), with functions for types of one's own: {type or tuple of types: function(batch, *, collate_fn_map)}."""
    first = batch[0]
    kind = type(first)
    if collate_fn_map is not None:
        if kind in collate_fn_map:
            return collate_fn_map[kind](batch, collate_fn_map=collate_fn_map)
        for known, function in collate_fn_map.items():
            if isinstance(first, known):
                return function(batch, collate_fn_map=collate_fn_map)
        if _is_numpy(first):
            return _collate_numpy(batch, collate_fn_map=collate_fn_map)
    if isinstance(first, Mapping):
        values = [collate([sample[key] for sample in batch], collate_fn_map=collate_fn_map) for key in first]
        return _rebuilt(first, first, values, lambda make: make(dict(zip(first, values))))
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return kind(*(collate(column, collate_fn_map=collate_fn_map) for column in zip(*batch)))
    if isinstance(first, Sequence):
        if any(len(sample) != len(first) for sample in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        columns = [collate(column, collate_fn_map=collate_fn_map) for column in zip(*batch)]
        return columns if isinstance(first, tuple) else _rebuilt(first, range(len(columns)), columns, lambda make: make(columns))
    raise TypeError(_MESSAGE.format(kind))


def default_collate(batch):
    """A list of samples to one batch, B the number of samples:

    tensors and NumPy arrays of shape S: a tensor [B, S]. Numbers: a tensor [B], int64, float64 or bool. Text: as it is. A mapping, a named tuple, a
    sequence: the same with batches in it (a tuple: a list). Samples of different length: RuntimeError; of another type: TypeError."""
    return collate(batch, collate_fn_map=default_collate_fn_map)


def default_convert(data):
    """One sample as a batch without a batch dimension: NumPy's arrays and numbers become tensors, within mappings and sequences too (a tuple: a
    list); everything else stays."""
    if isinstance(data, Tensor):
        return data
    if _is_numpy(data):
        return data if data.dtype.kind in "SUO" else _core.as_tensor(data)
    if isinstance(data, Mapping):
        values = [default_convert(data[key]) for key in data]
        return _rebuilt(data, data, values, lambda make: make(dict(zip(data, values))))
    if isinstance(data, tuple):
        items = [default_convert(x) for x in data]
        return type(data)(*items) if hasattr(data, "_fields") else items
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        items = [default_convert(x) for x in data]
        return _rebuilt(data, range(len(items)), items, lambda make: make(items))
    return data
