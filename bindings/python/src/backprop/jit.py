"""There is no compiler: script, trace and their decorators give back what they got. A program of its own, without Python, is what C and Swift are for."""

__all__ = ["export", "ignore", "is_scripting", "is_tracing", "script", "trace", "unused"]


def script(obj, *args, **kwargs):
    """obj itself."""
    return obj


def trace(func, example_inputs=None, **kwargs):
    """func itself, called once with the example inputs."""
    if example_inputs is not None:
        func(*example_inputs) if isinstance(example_inputs, (tuple, list)) else func(example_inputs)
    return func


def unused(fn):
    """fn itself."""
    return fn


export = unused


def ignore(drop=False, **kwargs):
    """The function itself; ignore(drop=True) is a decorator that gives back what it gets."""
    return drop if callable(drop) else unused


def is_scripting():
    """False: there is no compiler."""
    return False


def is_tracing():
    """False: there is no compiler."""
    return False
