"""Help beside the networks: checkpoint (memory for time), hooks."""

__all__ = ["checkpoint", "hooks"]


def __getattr__(name):
    if name in __all__:
        __import__(f"{__name__}.{name}")
        return globals()[name]
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
