"""Averages of a model's parameters along its training: exponential (EMA) or plain (SWA; Izmailov and others 2018)."""

import math
from copy import deepcopy

from .. import _core
from .._grad_mode import no_grad
from ..nn import Module
from ..nn.norms import _BatchNorm
from .lr_scheduler import LRScheduler, _for_groups

__all__ = ["AveragedModel", "update_bn", "SWALR", "get_ema_multi_avg_fn", "get_swa_multi_avg_fn", "get_ema_avg_fn", "get_swa_avg_fn"]


def _check_decay(decay):
    if not 0.0 <= decay <= 1.0:
        raise ValueError(f"Invalid decay value {decay} provided. Please provide a value in [0,1] range.")


def _multi(averages, parameters, decay):
    """averages[i] ← decay·averages[i] + (1 − decay)·parameters[i]; integers are rounded towards zero."""
    floating = [i for i, a in enumerate(averages) if a.is_floating_point()]
    _core._ema_update(tuple(averages[i] for i in floating), tuple(parameters[i] for i in floating), decay)
    for a, p in zip(averages, parameters):
        if not a.is_floating_point():
            a.copy_((a * decay + p * (1 - decay)).to(a.dtype))


def get_ema_multi_avg_fn(decay=0.999):
    """For AveragedModel(multi_avg_fn=…): the exponential average, all parameters in one pass."""
    _check_decay(decay)

    def ema_update(ema_param_list, current_param_list, _):
        _multi(ema_param_list, current_param_list, decay)

    return ema_update


def get_swa_multi_avg_fn():
    """For AveragedModel(multi_avg_fn=…): the plain mean, all parameters in one pass."""

    def swa_update(averaged_param_list, current_param_list, num_averaged):
        _multi(averaged_param_list, current_param_list, 1 - 1 / (int(num_averaged) + 1))

    return swa_update


def get_ema_avg_fn(decay=0.999):
    """For AveragedModel(avg_fn=…): the exponential average of one parameter."""
    _check_decay(decay)

    @no_grad()
    def ema_update(ema_param, current_param, num_averaged):
        return decay * ema_param + (1 - decay) * current_param

    return ema_update


def get_swa_avg_fn():
    """For AveragedModel(avg_fn=…): the plain mean of one parameter."""

    @no_grad()
    def swa_update(averaged_param, current_param, num_averaged):
        return averaged_param + (current_param - averaged_param) / (num_averaged + 1)

    return swa_update


class AveragedModel(Module):
    """A copy of `model` whose parameters are averages; update_parameters(model) takes in where the model is now."""

    def __init__(self, model, device=None, avg_fn=None, multi_avg_fn=None, use_buffers=False):
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = deepcopy(model)
        self.register_buffer("n_averaged", _core.tensor(0, dtype=_core.int64))
        self.avg_fn, self.multi_avg_fn, self.use_buffers = avg_fn, multi_avg_fn, use_buffers

    def forward(self, *args, **kwargs):
        """What the averaged module computes."""
        return self.module(*args, **kwargs)

    @no_grad()
    def update_parameters(self, model):
        """Takes the model's parameters into the averages; the first time they are copied."""

        def tensors(m):
            return [t.detach() for t in [*m.parameters(), *(m.buffers() if self.use_buffers else ())]]

        averages, current = tensors(self.module), tensors(model)
        if self.n_averaged.item() == 0:
            for a, p in zip(averages, current):
                a.copy_(p)
        elif self.avg_fn is not None:
            for a, p in zip(averages, current):
                a.copy_(self.avg_fn(a, p, self.n_averaged))
        else:
            (self.multi_avg_fn or get_swa_multi_avg_fn())(averages, current, self.n_averaged)
        if not self.use_buffers:
            for b, now in zip(self.module.buffers(), model.buffers()):
                b.copy_(now)
        self.n_averaged.add_(1)


@no_grad()
def update_bn(loader, model, device=None):
    """Computes the running statistics of the model's batch norms anew, as means over all the loader gives (the first of a tuple)."""
    norms = [m for m in model.modules() if isinstance(m, _BatchNorm)]
    if not norms:
        return
    momenta = [m.momentum for m in norms]
    was_training = model.training
    model.train()
    for m in norms:
        m.reset_running_stats()
        m.momentum = None
    for batch in loader:
        model(batch[0] if isinstance(batch, (list, tuple)) else batch)
    for m, momentum in zip(norms, momenta):
        m.momentum = momentum
    model.train(was_training)


class SWALR(LRScheduler):
    """From the groups' rates to swa_lr within anneal_epochs, by a cosine or (anneal_strategy='linear') a straight line;
    swa_lr: a number, or one for each group."""

    _unsaved = ("optimizer", "anneal_func")

    def __init__(self, optimizer, swa_lr, anneal_epochs=10, anneal_strategy="cos", last_epoch=-1):
        for group, lr in zip(optimizer.param_groups, _for_groups("swa_lr", optimizer, swa_lr)):
            group["swa_lr"] = lr
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        self._anneal_strategy, self.anneal_epochs = anneal_strategy, anneal_epochs
        super().__init__(optimizer, last_epoch)

    def _part(self, step):
        t = max(0, min(1, step / max(1, self.anneal_epochs)))
        return t if self._anneal_strategy == "linear" else (1 - math.cos(math.pi * t)) / 2

    def get_lr(self):
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self._part(step - 1), self._part(step)
        lrs = []
        for group in self.optimizer.param_groups:
            goal, lr = group["swa_lr"], group["lr"]
            first = goal if before == 1 else (lr - before * goal) / (1 - before)
            lrs.append(goal * now + first * (1 - now))
        return lrs
