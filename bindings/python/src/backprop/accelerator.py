"""Answers the questions that scripts ask before they choose a device: there is no accelerator."""

__all__ = ["current_accelerator", "device_count", "is_available"]


def is_available():
    """False: backprop computes on the CPU."""
    return False


def current_accelerator(check_available=False):
    """None: there is no accelerator."""
    return None


def device_count():
    """0: there is no accelerator."""
    return 0
