"""Help beside the networks: data (data sets and loaders), checkpoint (memory for time), hooks, dlpack; summary of a model and progress
of a loop."""

__all__ = ["checkpoint", "data", "dlpack", "hooks"]
_functions = ("summary", "progress")


def __getattr__(name):
    if name in __all__:
        __import__(f"{__name__}.{name}")
        return globals()[name]
    if name in _functions:
        function = globals()[name] = getattr(__import__(f"{__name__}._{name}", fromlist=[name]), name)
        return function
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


def __dir__():
    return sorted({*globals(), *__all__, *_functions})
