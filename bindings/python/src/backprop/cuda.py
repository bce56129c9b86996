"""Answers the question that scripts ask before they choose a device: there is no CUDA here, backprop computes on the CPU."""


def is_available():
    """False: backprop computes on the CPU."""
    return False


def device_count():
    """0: backprop computes on the CPU."""
    return 0
