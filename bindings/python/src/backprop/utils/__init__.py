"""Help beside the networks: data (data sets and loaders), checkpoint (memory for time), hooks, dlpack."""

__all__ = ["checkpoint", "data", "dlpack", "hooks"]


def __getattr__(name):
    if name in __all__:
        __import__(f"{__name__}.{name}")
        return globals()[name]
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
