"""The default generator of random numbers, as in torch.random. A forked process starts where its parent stood: the same numbers follow in both,
so give each its own seed, as the DataLoader's workers have."""

from contextlib import contextmanager

from ._core import default_generator, manual_seed

__all__ = ["default_generator", "fork_rng", "get_rng_state", "initial_seed", "manual_seed", "seed", "set_rng_state"]


def seed():
    """Restarts the random numbers at a seed from the system's random numbers, which is returned."""
    return default_generator.seed()


def initial_seed():
    """The seed of the random numbers: 0 until manual_seed()."""
    return default_generator.initial_seed()


def get_rng_state():
    """Where the random numbers stand, for set_rng_state(): a uint8 tensor."""
    return default_generator.get_state()


def set_rng_state(new_state):
    """Goes on where get_rng_state() was called."""
    default_generator.set_state(new_state)


@contextmanager
def fork_rng(devices=None, enabled=True, _caller="fork_rng", _devices_kw="devices", device_type="cpu"):
    """Inside the with block random numbers may be drawn and seeds set; at its end the state is as before. devices are ignored: there is the CPU only."""
    if not enabled:
        yield
        return
    state = get_rng_state()
    try:
        yield
    finally:
        set_rng_state(state)
