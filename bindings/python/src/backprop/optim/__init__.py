"""Optimizers: PyTorch's signatures over the library's optimizers.

Each parameter group is one optimizer of the library. Its options are fixed when it is made; only group["lr"] may be changed
later, by hand or by a scheduler, and counts from the next step.
"""

from .. import _core
from .._core import Tensor
from .._grad_mode import enable_grad

__all__ = ["Optimizer", "SGD", "Adam", "AdamW"]


class Optimizer:
    """What the optimizers share: parameter groups, step, zero_grad. A subclass says how a group's optimizer is made."""

    def __init__(self, params, defaults):
        if isinstance(params, Tensor):
            raise TypeError("params must be an iterable of Tensors or dicts, not a Tensor")
        self.defaults = defaults
        self.param_groups = []
        self._made = []  # for each group: the library's optimizer, and the options it was made with
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

    def _create(self, options):
        raise NotImplementedError

    def add_param_group(self, param_group):
        """Adds parameters with options of their own."""
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, got {type(param_group)}")
        params = param_group["params"]
        params = [params] if isinstance(params, Tensor) else list(params)
        unknown = set(param_group) - set(self.defaults) - {"params"}
        if unknown:
            raise ValueError(f"{type(self).__name__} has no option {sorted(unknown)[0]!r}")
        known = {id(p) for group in self.param_groups for p in group["params"]}
        for p in params:
            if not isinstance(p, Tensor):
                raise TypeError(f"optimizer can only optimize Tensors, but one of the params is {type(p).__name__}")
            if not p.is_leaf:
                raise ValueError("can't optimize a non-leaf Tensor")
            if id(p) in known:
                raise ValueError("some parameters appear in more than one parameter group")
            known.add(id(p))
        group = {"params": params, **self.defaults, **{k: v for k, v in param_group.items() if k != "params"}}
        optimizer = self._create(group)
        for p in params:
            if p.requires_grad:
                optimizer.add(p)
        self.param_groups.append(group)
        self._made.append((optimizer, {k: v for k, v in group.items() if k != "params"}))

    def step(self, closure=None):
        """Moves every parameter that has a gradient. A closure recomputes the loss first; its value is returned."""
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        for group, (optimizer, options) in zip(self.param_groups, self._made):
            if group["lr"] != options["lr"]:
                optimizer.set_lr(group["lr"])
                options["lr"] = group["lr"]
            for name, value in options.items():
                if group[name] != value:
                    raise RuntimeError(f"{type(self).__name__}: {name} was {value} when the group was made; only lr can change later")
        for optimizer, _ in self._made:
            optimizer.step()
        return loss

    def zero_grad(self, set_to_none=True):
        """Drops the gradients, or with set_to_none=False fills them with zeros."""
        for group, (optimizer, _) in zip(self.param_groups, self._made):
            if set_to_none:
                optimizer.zero_grad()
            else:
                for p in group["params"]:
                    if p.grad is not None:
                        p.grad.zero_()

    def __repr__(self):
        lines = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            lines += [f"    {name}: {group[name]}" for name in sorted(group) if name != "params"]
        return "\n".join(lines + [")"])


class SGD(Optimizer):
    """v ← μ·v + (1 − dampening)·g, p ← p − lr·v; with nesterov p ← p − lr·(g + μ·v). The first v is g."""

    def __init__(self, params, lr=1e-3, momentum=0, dampening=0, weight_decay=0, nesterov=False, *, maximize=False):
        super().__init__(params, dict(lr=lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay,
                                      nesterov=nesterov, maximize=maximize))

    def _create(self, o):
        return _core._sgd(o["lr"], o["momentum"], o["dampening"], o["weight_decay"], o["nesterov"], o["maximize"])


class Adam(Optimizer):
    """Kingma & Ba 2015. weight_decay is added to the gradient."""

    _make = staticmethod(_core._adam)

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, amsgrad=False, *, maximize=False):
        if amsgrad:
            raise ValueError(f"{type(self).__name__}: amsgrad is not there")
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, maximize=maximize))

    def _create(self, o):
        beta1, beta2 = o["betas"]
        return self._make(o["lr"], beta1, beta2, o["eps"], o["weight_decay"], o["maximize"])


class AdamW(Adam):
    """Loshchilov & Hutter 2019. weight_decay shrinks the weights directly."""

    _make = staticmethod(_core._adamw)

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2, amsgrad=False, *, maximize=False):
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize)
