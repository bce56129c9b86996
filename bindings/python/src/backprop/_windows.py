"""Windows for signals, and the powers of a vector."""

from . import _core


def vander(x, N=None, increasing=False):
    """Powers N − 1 … 0 of the vector x in columns; 0 … N − 1 if increasing."""
    N = x.shape[0] if N is None else N
    powers = [_core.ones_like(x)]
    for _ in range(1, N):
        powers.append(powers[-1] * x)
    if N == 0:
        return _core.empty(x.shape[0], 0, dtype=x.dtype)
    return _core.stack(powers if increasing else powers[::-1], dim=-1)


def _window(length, periodic, dtype, requires_grad, terms):
    """Σ aₖ·cos(2πkn/N), N = length if periodic, else length − 1."""
    if length < 0:
        raise RuntimeError(f"window_length must be non-negative, got {length}")
    if length < 2:
        return _core.ones(length, dtype=dtype, requires_grad=requires_grad)
    n = _core.arange(length, dtype=_core.float64) * (6.283185307179586 / (length if periodic else length - 1))
    window = sum(a * (n * k).cos() for k, a in enumerate(terms)).to(dtype or _core.get_default_dtype())
    return window.requires_grad_() if requires_grad else window


def hann_window(window_length, periodic=True, *, dtype=None, device=None, requires_grad=False):
    """½ − ½·cos(2πn/N)."""
    return _window(window_length, periodic, dtype, requires_grad, (0.5, -0.5))


def hamming_window(window_length, periodic=True, alpha=0.54, beta=0.46, *, dtype=None, device=None, requires_grad=False):
    """α − β·cos(2πn/N)."""
    return _window(window_length, periodic, dtype, requires_grad, (alpha, -beta))


def blackman_window(window_length, periodic=True, *, dtype=None, device=None, requires_grad=False):
    """0.42 − ½·cos(2πn/N) + 0.08·cos(4πn/N)."""
    return _window(window_length, periodic, dtype, requires_grad, (0.42, -0.5, 0.08))


def _shaped(window_length, periodic, dtype, requires_grad, shape):
    """shape(x), x from −1 to 1 over the window."""
    if window_length < 2:
        return _window(window_length, periodic, dtype, requires_grad, ())
    x = _core.arange(window_length, dtype=_core.float64) * (2 / (window_length if periodic else window_length - 1)) - 1
    window = shape(x).to(dtype or _core.get_default_dtype())
    return window.requires_grad_() if requires_grad else window


def bartlett_window(window_length, periodic=True, *, dtype=None, device=None, requires_grad=False):
    """A triangle: 1 − |2n/N − 1|."""
    return _shaped(window_length, periodic, dtype, requires_grad, lambda x: 1 - x.abs())


def kaiser_window(window_length, periodic=True, beta=12.0, *, dtype=None, device=None, requires_grad=False):
    """I₀(β·√(1 − (2n/N − 1)²)) / I₀(β)."""
    bottom = _core.i0(_core.tensor(float(beta), dtype=_core.float64))
    return _shaped(window_length, periodic, dtype, requires_grad, lambda x: _core.i0(beta * (1 - x * x).clamp(min=0).sqrt()) / bottom)
