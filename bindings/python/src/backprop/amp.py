"""Mixed precision, accepted and without effect: products stay in float32, so gradients need no scaling."""

from ._settings import autocast

__all__ = ["GradScaler", "autocast"]


class GradScaler:
    """As PyTorch's without a GPU: hands losses, gradients and steps through."""

    def __init__(self, device="cuda", init_scale=65536.0, growth_factor=2.0, backoff_factor=0.5, growth_interval=2000, enabled=True):
        pass

    def scale(self, outputs):
        """outputs themselves."""
        return outputs

    def unscale_(self, optimizer):
        """Nothing: the gradients are not scaled."""

    def step(self, optimizer, *args, **kwargs):
        """optimizer.step()."""
        return optimizer.step(*args, **kwargs)

    def update(self, new_scale=None):
        """Nothing: there is no scale."""

    def get_scale(self):
        """1: nothing is scaled."""
        return 1.0

    def is_enabled(self):
        """False."""
        return False

    def state_dict(self):
        """{}: there is no state."""
        return {}

    def load_state_dict(self, state_dict):
        """Nothing: there is no state."""
