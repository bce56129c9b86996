"""Methods that give the object itself another shape."""

from . import _core


def squeeze_(input, dim=None):
    """squeeze() of the object itself."""
    return input.set_(input.squeeze() if dim is None else input.squeeze(dim))


def unsqueeze_(input, dim):
    """unsqueeze() of the object itself."""
    return input.set_(input.unsqueeze(dim))


def transpose_(input, dim0, dim1):
    """transpose() of the object itself."""
    return input.set_(input.transpose(dim0, dim1))


def swapaxes_(input, axis0, axis1):
    """transpose() of the object itself."""
    return input.set_(input.transpose(axis0, axis1))


def swapdims_(input, dim0, dim1):
    """transpose() of the object itself."""
    return input.set_(input.transpose(dim0, dim1))


def t_(input):
    """t() of the object itself."""
    return input.set_(input.t())


def resize_(input, *size):
    """Another shape for the object. More elements than before: those there are, then zeros."""
    if input.requires_grad:
        raise RuntimeError("cannot resize variables that require grad")
    wanted = _core.empty(*size, dtype=input.dtype)
    flat, n = input.reshape(-1), wanted.numel()
    if n > flat.numel():
        flat = _core.cat([flat, _core.zeros(n - flat.numel(), dtype=input.dtype)])
    return input.set_(flat[:n].reshape(wanted.shape))


def resize_as_(input, the_template):
    """resize_() to the shape of another tensor."""
    return resize_(input, the_template.shape)
