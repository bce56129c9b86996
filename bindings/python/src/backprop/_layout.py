"""Memory formats: in which order the dimensions of images lie in memory. Values and shapes do not depend on it."""


class memory_format:
    """contiguous_format, channels_last (B, H, W, C in memory), channels_last_3d, preserve_format."""

    def __init__(self, name):
        self._name = name

    def __repr__(self):
        return "backprop." + self._name

    def __reduce__(self):
        return self._name  # one object of each kind: pickled and copied by its name here


contiguous_format = memory_format("contiguous_format")
preserve_format = memory_format("preserve_format")
channels_last = memory_format("channels_last")
channels_last_3d = memory_format("channels_last_3d")
_RANKS = {channels_last: 4, channels_last_3d: 5}


class layout:
    """strided is the only one."""

    def __repr__(self):
        return "backprop.strided"

    def __reduce__(self):
        return "strided"


strided = layout()


def _outer_channels(x, format):
    """x with its channels moved behind all other dimensions but the batch, or None if that is not what the format means."""
    if not isinstance(format, memory_format):
        raise TypeError(f"memory_format must be backprop.memory_format, not {type(format).__name__}")
    rank = _RANKS.get(format)
    if rank is None:
        return None
    if x.ndim != rank:
        raise RuntimeError(f"required rank {rank} tensor to use {format._name} format")
    return x.movedim(1, -1)


def laid_out(x, format, copy):
    """x in a memory format; x itself if it is laid out so already and no copy is wanted."""
    outer = _outer_channels(x, format)
    if outer is not None:
        return outer.clone().movedim(-1, 1) if copy or not outer.is_contiguous() else x
    if copy:
        return x.clone()
    return x if format is preserve_format else x.contiguous()


def is_laid_out(x, format):
    if format is contiguous_format or format is preserve_format:
        return x.is_contiguous()
    if isinstance(format, memory_format) and x.ndim != _RANKS[format]:
        return False
    return _outer_channels(x, format).is_contiguous()
