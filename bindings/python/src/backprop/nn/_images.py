"""Functions over images whose options PyTorch gives as words, or works out from other options."""

from .. import _core

_MODES = {"nearest": 0, "nearest-exact": 1, "linear": 2, "bilinear": 2, "trilinear": 2, "bicubic": 3, "area": 4}
_DIMENSIONS = {"linear": 3, "bilinear": 4, "trilinear": 5, "bicubic": 4}


def _each(name, value, n, what):
    """One value for each of n dimensions."""
    if not isinstance(value, (tuple, list)):
        return (value,) * n
    if len(value) != n:
        raise ValueError(f"{name}: {what} must be one number or {n}, got {tuple(value)}")
    return tuple(value)


def interpolate(input, size=None, scale_factor=None, mode="nearest", align_corners=None, recompute_scale_factor=None, antialias=False):
    """[N, C, sizes] in another size, or scale_factor times as large: mode 'nearest', 'nearest-exact', 'area' (1 to 3
    dimensions), 'linear' ([N, C, L]), 'bilinear', 'bicubic' ([N, C, H, W]), 'trilinear' ([N, C, D, H, W]).

    align_corners: positions from centre to centre of the outermost numbers, not from edge to edge. antialias
    ('bilinear', 'bicubic'): when shrinking, all numbers of a result's share count. ValueError for both or neither of
    size and scale_factor.
    """
    if mode not in _MODES:
        raise NotImplementedError(f"interpolate: mode must be one of {', '.join(_MODES)}, got {mode!r}")
    if mode in ("nearest", "nearest-exact", "area") and align_corners is not None:
        raise ValueError("align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | trilinear")
    if _DIMENSIONS.get(mode, input.ndim) != input.ndim:
        raise NotImplementedError(f"Got {input.ndim}D input, but {mode} mode needs {_DIMENSIONS[mode]}D input")
    if size is not None and scale_factor is not None:
        raise ValueError("only one of size or scale_factor should be defined")
    if antialias and mode not in ("bilinear", "bicubic"):
        raise ValueError("Anti-alias option is restricted to bilinear and bicubic modes and requires a 4-D tensor as input")
    n = max(input.ndim - 2, 0)
    scale = None
    if size is not None:
        if recompute_scale_factor:
            raise ValueError("recompute_scale_factor is not meaningful with an explicit size.")
        size = _each("interpolate", size, n, "size")
        if 0 in size:
            raise RuntimeError(f"interpolate: sizes must be positive, got {size}")
    elif scale_factor is not None:
        scale = _each("interpolate", scale_factor, n, "scale_factor")
        if recompute_scale_factor or mode == "area":
            size, scale = tuple(int(input.shape[i + 2] * s) for i, s in enumerate(scale)), None
    else:
        raise ValueError("either size or scale_factor should be defined")
    more = (0,) * (3 - n)
    return _core._interpolate(input, _MODES[mode], None if size is None else (*size, *more), None if scale is None else (*scale, *more),
                              bool(align_corners), antialias)


def upsample(input, size=None, scale_factor=None, mode="nearest", align_corners=None):
    """interpolate under its old name."""
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input, size=None, scale_factor=None):
    """interpolate of mode nearest."""
    return interpolate(input, size, scale_factor, mode="nearest")


def upsample_bilinear(input, size=None, scale_factor=None):
    """interpolate of mode bilinear, from centre to centre of the corners."""
    return interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)


def grid_sample(input, grid, mode="bilinear", padding_mode="zeros", align_corners=None):
    """[N, C, H, W] read at positions (x, y) of grid [N, H', W', 2] → [N, C, H', W'], −1 … 1 over the image; or volumes
    at (x, y, z). Gradients for both.

    mode 'bilinear', 'nearest' or 'bicubic'; padding_mode, for positions outside: 'zeros', 'border' or 'reflection';
    align_corners: −1 and 1 are the centres of the outermost numbers, not the edges.
    """
    modes, paddings = ("bilinear", "nearest", "bicubic"), ("zeros", "border", "reflection")
    if mode not in modes:
        raise ValueError(f"nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', but got: '{mode}'")
    if padding_mode not in paddings:
        raise ValueError(f"nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or 'reflection', but got: '{padding_mode}'")
    return _core.grid_sampler(input, grid, modes.index(mode), paddings.index(padding_mode), bool(align_corners))


def affine_grid(theta, size, align_corners=None):
    """Positions for grid_sample of an image of this size, moved by the matrices theta [N, 2, 3], or [N, 3, 4] for volumes."""
    return _core.affine_grid_generator(theta, size, bool(align_corners))


def _unpool(n, input, indices, kernel_size, stride, padding, output_size):
    name = f"max_unpool{n}d"
    kernel = _each(name, kernel_size, n, "kernel_size")
    stride = kernel if stride is None or stride == () else _each(name, stride, n, "stride")
    padding = _each(name, padding, n, "padding")
    if input.ndim < n:
        raise ValueError(f"{name}: input of shape {tuple(input.shape)} has no {n} dimensions to unpool")
    usual = tuple((input.shape[d - n] - 1) * stride[d] + kernel[d] - 2 * padding[d] for d in range(n))
    if output_size is None:
        return _core._max_unpool(input, indices, usual)
    size = tuple(output_size)[2:] if len(output_size) == n + 2 else tuple(output_size)
    if len(size) != n:
        raise ValueError(f"output_size should be a sequence containing {n} or {n + 2} elements, but it has a length of '{len(size)}'")
    for d in range(n):
        if not usual[d] - stride[d] < size[d] < usual[d] + stride[d]:
            raise ValueError(f'invalid output_size "{size}" (dim {d} must be between {usual[d] - stride[d]} and {usual[d] + stride[d]})')
    return _core._max_unpool(input, indices, size)


def max_unpool1d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    """Each number at the place max_pool1d took it from, zeros elsewhere."""
    return _unpool(1, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    """Each number at the place max_pool2d took it from, zeros elsewhere."""
    return _unpool(2, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    """Each number at the place max_pool3d took it from, zeros elsewhere."""
    return _unpool(3, input, indices, kernel_size, stride, padding, output_size)


def _fractional(n, input, kernel_size, output_size, output_ratio, return_indices, samples):
    """Windows of equal size whose starts are spread at random, the same for all rows of a plane (Graham 2014)."""
    name = f"fractional_max_pool{n}d"
    if output_size is None and output_ratio is None:
        raise ValueError(f"{name} requires specifying either an output_size or an output_ratio")
    kernel, sizes = _each(name, kernel_size, n, "kernel_size"), input.shape[-n:]
    if output_size is None:
        output_size = [int(s * r) for s, r in zip(sizes, _each(name, output_ratio, n, "output_ratio"))]
    output = _each(name, output_size, n, "output_size")
    lead = input.shape[:-n]
    if len(lead) not in (1, 2):
        raise RuntimeError(f"{name}: input of shape {tuple(input.shape)}; wanted {n + 1} or {n + 2} dimensions")
    if samples is None:
        samples = _core.rand((lead[0] if len(lead) == 2 else 1, lead[-1], n), dtype=input.dtype)
    planes, window = 1, 1
    for size in lead:
        planes *= size
    choices = samples.reshape(planes, n).tolist()
    places = []  # of every number of every window, plane by plane
    for sample in choices:
        along = []
        for d in range(n):
            # PyTorch's samples run from the last dimension to the first.
            along.append(_starts(name, sizes[d], output[d], kernel[d], sample[n - 1 - d] if n == 2 else sample[d]))
        flat = [0]
        for d in range(n):
            flat = [p * sizes[d] + start + k for p in flat for start in along[d] for k in range(kernel[d])]
        places.append(flat)
    for k in kernel:
        window *= k
    area = 1
    for s in sizes:
        area *= s
    index = _core.tensor(places, dtype=_core.int64)
    spread = tuple(o * k for o, k in zip(output, kernel))
    seen = input.reshape(planes, area).gather(1, index).reshape((planes, 1, *spread))
    pool = (None, None, _core.max_pool2d, _core.max_pool3d)[n]
    values, at = pool(seen, kernel, kernel, return_indices=True)
    shape = (*lead, *output)
    if not return_indices:
        return values.reshape(shape)
    return values.reshape(shape), index.gather(1, at.reshape(planes, -1)).reshape(shape)


def _starts(name, size, count, window, sample):
    if count < 1 or count + window - 1 > size:
        raise RuntimeError(f"{name}: a window of {window} does not fit a size of {size} {count} times")
    if count == 1:
        return [size - window]
    alpha = (size - window) / (count - 1)
    return [int((i + sample) * alpha) - int(sample * alpha) for i in range(count - 1)] + [size - window]


def fractional_max_pool2d(input, kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None):
    """The largest number of windows that begin at random distances."""
    return _fractional(2, input, kernel_size, output_size, output_ratio, return_indices, _random_samples)


def fractional_max_pool3d(input, kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None):
    """The largest number of windows that begin at random distances."""
    return _fractional(3, input, kernel_size, output_size, output_ratio, return_indices, _random_samples)
