"""Methods that change their tensor, as functions: relu_(x) is x.relu_()."""

from ._core import Tensor


def _function(name):
    method = getattr(Tensor, name)

    def changing(input, *args, **kwargs):
        if not isinstance(input, Tensor):
            raise TypeError(f"{name}(): argument 'input' must be Tensor, not {type(input).__name__}")
        return method(input, *args, **kwargs)

    changing.__name__ = changing.__qualname__ = name
    changing.__doc__ = f"input.{name}(…): the result is written into input, which is returned."
    return changing


def __getattr__(name):
    if name.endswith("_") and not name.startswith("_") and hasattr(Tensor, name):
        return _function(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
