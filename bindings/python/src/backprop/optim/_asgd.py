"""Averaged stochastic gradient descent (Polyak & Juditsky 1992)."""

from .. import _core
from .._grad_mode import enable_grad, no_grad
from .optimizer import Optimizer


class ASGD(Optimizer):
    """p ← (1 − lambd·η)·p − η·g with η = lr/(1 + lambd·lr·t)^alpha; state[p]["ax"] is the average of p since step t0."""

    def __init__(self, params, lr=0.01, lambd=0.0001, alpha=0.75, t0=1000000.0, weight_decay=0, foreach=None, maximize=False,
                 differentiable=False, capturable=False):
        if differentiable or capturable:
            raise ValueError(f"ASGD: {'differentiable' if differentiable else 'capturable'} is not there")
        if not 0 <= lr:
            raise ValueError(f"Invalid learning rate: {lr}")
        if not 0 <= weight_decay:
            raise ValueError(f"Invalid weight_decay value: {weight_decay}")
        super().__init__(params, dict(lr=lr, lambd=lambd, alpha=alpha, t0=t0, weight_decay=weight_decay, foreach=foreach, maximize=maximize,
                                      differentiable=differentiable, capturable=capturable))

    def step(self, closure=None):
        """Moves the parameters; closure, if given, computes the loss first, which is returned."""
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        with no_grad():
            for group in self.param_groups:
                for p in group["params"]:
                    if p.grad is not None:
                        self._move(p, group)
        return loss

    def _move(self, p, group):
        state = self.state[p]
        if not state:
            state.update(step=_core.zeros(()), eta=_core.tensor(float(group["lr"])), mu=_core.ones(()), ax=_core.zeros_like(p))
        t, eta, mu = state["step"].item() + 1, state["eta"].item(), state["mu"].item()
        g = -p.grad if group["maximize"] else p.grad
        if group["weight_decay"]:
            g = g + group["weight_decay"] * p
        p.mul_(1 - group["lambd"] * eta).add_(g, alpha=-eta)
        if mu != 1:
            state["ax"].add_((p - state["ax"]) * mu)
        else:
            state["ax"].copy_(p)
        state["step"].fill_(t)
        state["eta"].fill_(group["lr"] / (1 + group["lambd"] * group["lr"] * t) ** group["alpha"])
        state["mu"].fill_(1 / max(1, t - group["t0"]))
