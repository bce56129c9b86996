"""Answers the questions that scripts ask before they choose a device: there is no GPU."""

import sys

from . import amp

__path__: list = []  # so that `from torch.cuda.amp import autocast` finds amp
sys.modules[f"{__name__}.amp"] = amp

__all__ = ["amp", "device_count", "empty_cache", "is_available", "is_bf16_supported", "is_initialized", "manual_seed", "manual_seed_all",
           "max_memory_allocated", "max_memory_reserved", "memory_allocated", "memory_reserved", "reset_peak_memory_stats"]


def is_available():
    """False: backprop computes on the CPU."""
    return False


def is_initialized():
    """False: there is no GPU."""
    return False


def is_bf16_supported(including_emulation=True):
    """False: there is no GPU."""
    return False


def device_count():
    """0: backprop computes on the CPU."""
    return 0


def manual_seed(seed):
    """Nothing: backprop.manual_seed() sets the CPU's random numbers."""


def manual_seed_all(seed):
    """Nothing: backprop.manual_seed() sets the CPU's random numbers."""


def empty_cache():
    """Nothing: backprop.empty_cache() gives the CPU's back."""


def memory_allocated(device=None):
    """0: there is no memory of a GPU."""
    return 0


memory_reserved = max_memory_allocated = max_memory_reserved = memory_allocated


def reset_peak_memory_stats(device=None):
    """Nothing: there is no memory of a GPU."""


def __getattr__(name):
    if name in ("current_device", "get_device_name", "get_device_properties", "get_device_capability", "set_device", "synchronize"):
        def refuse(*args, **kwargs):
            raise AssertionError(f"cuda.{name}: backprop computes on the CPU: there is no CUDA device")

        return refuse
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
