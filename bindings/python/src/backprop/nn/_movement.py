"""Padding and shuffles: functions of nn.functional that only move elements."""

from math import prod

from .. import _core


def pad(input, pad, mode="constant", value=None):
    """input with numbers around its last dimensions: pad = (left, right, top, bottom, …), the last dimension first; negative ones cut off.

    mode 'constant' puts value (0) there, 'reflect' mirrors without the border element, 'replicate' repeats the border, 'circular' continues at
    the other end; these three take (N, C, sizes) or (C, sizes), otherwise NotImplementedError.

        >>> backprop.nn.functional.pad(backprop.tensor([[[1., 2., 3.]]]), (2, 1), mode="reflect")
        tensor([[[3., 2., 1., 2., 3., 2.]]])
    """
    if mode != "constant":
        if value not in (None, 0):
            raise ValueError(f'Padding mode "{mode}" doesn\'t take in value argument')
        if mode in ("reflect", "replicate", "circular") and (len(pad) not in (2, 4, 6) or not len(pad) // 2 < input.ndim <= len(pad) // 2 + 2):
            raise NotImplementedError(f"pad: {mode} pads the last 1, 2 or 3 dimensions of tensors with one or two more, got {len(pad)} numbers for shape {tuple(input.shape)}")
    return _core.pad(input, pad, mode, value)


def pixel_shuffle(input, upscale_factor):
    """[.., C·r², H, W] to [.., C, H·r, W·r]."""
    r, shape = upscale_factor, tuple(input.shape)
    if r < 1 or len(shape) < 3 or shape[-3] % (r * r):
        raise RuntimeError(f"pixel_shuffle: the channels of shape {shape} do not divide by the square of upscale_factor {r}")
    *batch, c, h, w = shape
    x = input.reshape(prod(batch), c // (r * r), r, r, h, w)
    return x.permute(0, 1, 4, 2, 5, 3).reshape(*batch, c // (r * r), h * r, w * r)


def pixel_unshuffle(input, downscale_factor):
    """[.., C, H·r, W·r] to [.., C·r², H, W]."""
    r, shape = downscale_factor, tuple(input.shape)
    if r < 1 or len(shape) < 3 or shape[-2] % r or shape[-1] % r:
        raise RuntimeError(f"pixel_unshuffle: height and width of shape {shape} do not divide by downscale_factor {r}")
    *batch, c, h, w = shape
    x = input.reshape(prod(batch), c, h // r, r, w // r, r)
    return x.permute(0, 1, 3, 5, 2, 4).reshape(*batch, c * r * r, h // r, w // r)


def channel_shuffle(input, groups):
    """The channels of [N, C, ..] as groups · C/groups, these two exchanged."""
    shape = tuple(input.shape)
    if groups < 1 or len(shape) < 3 or shape[1] % groups:
        raise RuntimeError(f"channel_shuffle: the channels of shape {shape} do not divide into {groups} groups")
    return input.unflatten(1, (groups, shape[1] // groups)).transpose(1, 2).reshape(shape)
