"""There is no compiler: functions come back as they are."""

__all__ = ["compile", "disable", "is_compiling", "reset"]

from ._settings import compile


def disable(fn=None, recursive=True):
    """fn itself; without fn a decorator that gives back what it gets."""
    return (lambda function: function) if fn is None else fn


def is_compiling():
    """False: there is no compiler."""
    return False


def reset():
    """Nothing: nothing was compiled."""
