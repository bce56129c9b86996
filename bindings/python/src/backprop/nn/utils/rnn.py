"""Sequences of different lengths: padded [T, B, ..], or packed: their steps one after the other, longest sequences first."""

from collections import namedtuple

from ... import _core

__all__ = ["PackedSequence", "invert_permutation", "pack_padded_sequence", "pack_sequence", "pad_packed_sequence", "pad_sequence", "unpack_sequence",
           "unpad_sequence"]

_Packed = namedtuple("PackedSequence", ["data", "batch_sizes", "sorted_indices", "unsorted_indices"])


class PackedSequence(_Packed):
    """data [Σ lengths, ..]: all first steps, all second steps, …; batch_sizes: how many sequences have such a step. sorted_indices: where
    the sequences stood before they were sorted by length, None if they were not."""

    __slots__ = ()

    def __new__(cls, data, batch_sizes=None, sorted_indices=None, unsorted_indices=None):
        if batch_sizes is None:
            data, batch_sizes = data
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args, **kwargs):
        """data converted, as Tensor.to()."""
        return type(self)(self.data.to(*args, **kwargs), *self[1:])

    def float(self):
        """data as float32."""
        return self.to(_core.float32)

    def double(self):
        """data as float64."""
        return self.to(_core.float64)

    def half(self):
        """The pack with float16 data."""
        return self.to(_core.float16)

    def long(self):
        """The pack with int64 data."""
        return self.to(_core.int64)

    def int(self):
        """The pack with int32 data."""
        return self.to(_core.int32)

    def byte(self):
        """The pack with uint8 data."""
        return self.to(_core.uint8)

    def is_pinned(self):
        """False: memory is pinned for devices."""
        return False

    def cuda(self, *args, **kwargs):
        """RuntimeError: there is no such device."""
        return self.to("cuda")

    def cpu(self):
        """This one: all tensors live on the CPU."""
        return self

    is_cuda = property(lambda self: False, doc="Always False.")


def invert_permutation(permutation):
    """p with p[permutation[i]] = i."""
    if permutation is None:
        return None
    inverse = [0] * permutation.numel()
    for i, place in enumerate(permutation.tolist()):
        inverse[place] = i
    return _core.tensor(inverse, dtype=_core.int64)


def _lengths(name, lengths, batch, steps):
    lengths = [int(n) for n in (lengths.tolist() if hasattr(lengths, "tolist") else lengths)]
    if len(lengths) != batch:
        raise RuntimeError(f"{name}: expected `len(lengths)` to be equal to batch_size, but got {len(lengths)} (batch_size={batch})")
    if any(n <= 0 or n > steps for n in lengths):
        raise RuntimeError(f"{name}: lengths must be greater than 0 and at most {steps}, got {lengths}")
    return lengths


def _rows(table, rows):
    return _core.index_select(table, 0, _core.tensor(rows, dtype=_core.int64))


def pack_padded_sequence(input, lengths, batch_first=False, enforce_sorted=True):
    """The steps that count of padded sequences. enforce_sorted: they must stand longest first; otherwise they are sorted."""
    name = "pack_padded_sequence"
    if batch_first:
        input = input.transpose(0, 1)
    steps, batch = input.shape[:2]
    lengths = _lengths(name, lengths, batch, steps)
    order = sorted(range(batch), key=lambda i: -lengths[i])
    if enforce_sorted and any(a < b for a, b in zip(lengths, lengths[1:])):
        raise RuntimeError(f"{name}: `lengths` must be sorted in decreasing order when `enforce_sorted` is True, got {lengths}")
    sizes = [sum(n > t for n in lengths) for t in range(max(lengths))]
    rows = [t * batch + i for t, size in enumerate(sizes) for i in order[:size]]
    data = _rows(input.reshape(steps * batch, *input.shape[2:]), rows)
    indices = None if enforce_sorted else _core.tensor(order, dtype=_core.int64)
    return PackedSequence(data, _core.tensor(sizes, dtype=_core.int64), indices)


def pad_packed_sequence(sequence, batch_first=False, padding_value=0.0, total_length=None):
    """The padded sequences [T, B, ..] and their lengths, in the order they had before packing."""
    data, sizes = sequence.data, sequence.batch_sizes.tolist()
    steps, batch = len(sizes), sizes[0]
    if total_length is not None:
        if total_length < steps:
            raise ValueError(f"pad_packed_sequence: expected total_length to be at least the length of the longest sequence in input, "
                             f"but got total_length={total_length} and max sequence length being {steps}")
        steps = total_length
    order = range(batch) if sequence.unsorted_indices is None else sequence.unsorted_indices.tolist()
    first = [sum(sizes[:t]) for t in range(len(sizes))]
    filler = data.shape[0]  # the row of padding, behind the others
    rows = [first[t] + i if t < len(sizes) and i < sizes[t] else filler for t in range(steps) for i in order]
    padding = _core.full((1, *data.shape[1:]), padding_value, dtype=data.dtype)
    out = _rows(_core.cat([data, padding]), rows).reshape(steps, batch, *data.shape[1:])
    lengths = _core.tensor([sum(size > i for size in sizes) for i in order], dtype=_core.int64)
    return out.transpose(0, 1) if batch_first else out, lengths


def pad_sequence(sequences, batch_first=False, padding_value=0.0, padding_side="right"):
    """Sequences [length, ..] in one tensor [T, B, ..] ([B, T, ..] with batch_first), the shorter ones filled up with
    padding_value at the end (or the beginning: padding_side 'left').

        >>> from backprop.nn.utils.rnn import pad_sequence
        >>> pad_sequence([backprop.tensor([1, 2, 3]), backprop.tensor([4])], batch_first=True)
        tensor([[1, 2, 3],
                [4, 0, 0]])
    """
    if padding_side not in ("left", "right"):
        raise RuntimeError(f"pad_sequence: padding_side should be 'left' or 'right', got {padding_side!r}")
    sequences = list(sequences)
    if not sequences:
        raise RuntimeError("pad_sequence: received an empty list of sequences")
    steps = max(s.shape[0] for s in sequences)

    def padded(s):
        if s.shape[0] == steps:
            return s
        rest = _core.full((steps - s.shape[0], *s.shape[1:]), padding_value, dtype=s.dtype)
        return _core.cat([rest, s] if padding_side == "left" else [s, rest])

    return _core.stack([padded(s) for s in sequences], 0 if batch_first else 1)


def unpad_sequence(padded_sequences, lengths, batch_first=False):
    """The sequences themselves, as a list."""
    if not batch_first:
        padded_sequences = padded_sequences.transpose(0, 1)
    lengths = _lengths("unpad_sequence", lengths, *padded_sequences.shape[:2])
    return [s[:n] for s, n in zip(padded_sequences.unbind(0), lengths)]


def pack_sequence(sequences, enforce_sorted=True):
    """Sequences [length, ..] packed."""
    return pack_padded_sequence(pad_sequence(sequences), [s.shape[0] for s in sequences], enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences):
    """The sequences of a pack, as a list."""
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
