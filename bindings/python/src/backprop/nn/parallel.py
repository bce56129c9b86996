"""Networks on several devices, of which there is one here."""

from .module import Module

__all__ = ["DataParallel"]


class DataParallel(Module):
    """Calls module, as PyTorch does without a GPU. state_dict keys begin with module."""

    def __init__(self, module, device_ids=None, output_device=None, dim=0):
        super().__init__()
        self.module, self.device_ids = module, []

    def forward(self, *inputs, **kwargs):
        return self.module(*inputs, **kwargs)
