"""What programs ask and set before they begin: default types and devices, precision, compilation. Here there is one answer to most of it."""

from . import _core

_deterministic = False
_precision = "highest"


def get_default_device():
    """The CPU."""
    return _core.device("cpu")


def set_default_device(device):
    """The CPU is the default and stays it; RuntimeError for another device."""
    if device is not None:
        _core.device(device)


def use_deterministic_algorithms(mode, *, warn_only=False):
    """Accepted: results are the same bits in every run and for any number of threads."""
    global _deterministic
    _deterministic = bool(mode)


def are_deterministic_algorithms_enabled():
    """What use_deterministic_algorithms() was last given; results are the same bits either way."""
    return _deterministic


def get_float32_matmul_precision():
    """What set_float32_matmul_precision() was last given; products are computed in float32 either way."""
    return _precision


def set_float32_matmul_precision(precision):
    """Accepted: products of float32 are always computed in float32."""
    global _precision
    if precision not in ("highest", "high", "medium"):
        import warnings

        warnings.warn(f"set_float32_matmul_precision: {precision!r} is not one of 'highest', 'high', 'medium' and has no effect", stacklevel=2)
    else:
        _precision = precision


def set_num_interop_threads(num):
    """Accepted: operations follow one another in the calling thread."""


def get_num_interop_threads():
    """1: operations follow one another in the calling thread."""
    return 1


def set_flush_denormal(mode):
    """False: subnormal numbers are computed with as they are."""
    return False


def is_inference_mode_enabled():
    """False: inference_mode() is no_grad() here."""
    return False


def compile(model=None, *, fullgraph=False, dynamic=None, backend="inductor", mode=None, options=None, disable=False):
    """The model or function itself: there is no compiler, operations run one by one. With no model, a decorator that does the same."""
    return (lambda function: function) if model is None else model


class autocast:
    """A with block or decorator that changes nothing: float16 and bfloat16 are types to store here, products stay in float32."""

    def __init__(self, device_type="cpu", dtype=None, enabled=True, cache_enabled=None):
        self.device_type, self.dtype, self.enabled = device_type, dtype, enabled

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def __call__(self, function):
        return function


def is_autocast_enabled(device_type=None):
    """False: autocast changes nothing."""
    return False
