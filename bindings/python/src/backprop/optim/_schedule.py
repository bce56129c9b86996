"""What every schedule shares: the groups' rates, step by step."""

import warnings

from .optimizer import Optimizer


def _for_groups(name, optimizer, value):
    """One value for each parameter group."""
    groups = optimizer.param_groups
    if not isinstance(value, (list, tuple)):
        return [value] * len(groups)
    if len(value) != len(groups):
        raise ValueError(f"{name} must have the same length as optimizer.param_groups: {len(value)} values, {len(groups)} groups")
    return list(value)


class LRScheduler:
    """Sets the 'lr' of every parameter group at each step(): after an epoch, or after each optimizer.step(), as the
    schedule is meant. A class of your own defines get_lr(), from self.last_epoch, self.base_lrs and the groups, and
    perhaps _get_closed_form_lr()."""

    _unsaved = ("optimizer",)
    _is_initial = False

    def __init__(self, optimizer, last_epoch=-1):
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")
        self.optimizer = optimizer
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise KeyError(f"param 'initial_lr' is not specified in param_groups[{i}] when resuming scheduler with last_epoch >= 0")
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._initial_step()

    def _initial_step(self):
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def get_lr(self):
        """The rates of this epoch, one for each group; subclasses define it."""
        raise NotImplementedError

    def get_last_lr(self):
        """The rates last set, one for each group."""
        return self._last_lr

    def step(self, epoch=None):
        """The next epoch, or with a number that epoch by the closed form where there is one."""
        self._step_count += 1
        if epoch is not None:
            warnings.warn("The epoch parameter in `scheduler.step()` is being deprecated; call `scheduler.step()`", UserWarning, stacklevel=2)
        self._update_lr(epoch)

    def _update_lr(self, epoch=None):
        if epoch is None:
            self.last_epoch += 1
            values = self.get_lr()
        else:
            self.last_epoch = epoch
            values = self._get_closed_form_lr() if hasattr(self, "_get_closed_form_lr") else self.get_lr()
        self._set(values)

    def _set(self, values):
        for group, lr in zip(self.optimizer.param_groups, values, strict=True):
            group["lr"] = lr
        self._last_lr = self._lrs()

    def _lrs(self):
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self):
        """How far it has come, as a dict; the optimizer is not in it."""
        return {k: v for k, v in self.__dict__.items() if k not in self._unsaved}

    def load_state_dict(self, state_dict):
        """Takes over what state_dict() of a schedule made in the same way gave."""
        self.__dict__.update(state_dict)
