"""Optimizers: what moves the weights along their gradients. PyTorch's classes, options, formulas and defaults.

    >>> from backprop import nn, optim
    >>> w = nn.Parameter(backprop.tensor([5.0]))
    >>> opt = optim.SGD([w], lr=0.1, momentum=0.9)
    >>> for step in range(100):
    ...     opt.zero_grad()                    # forget the last gradients
    ...     loss = ((w - 3) ** 2).sum()
    ...     loss.backward()                    # w.grad = 2·(w − 3)
    ...     opt.step()                         # w moves against it
    >>> round(w.item(), 1)
    3.0

In the formulas p is a parameter, g its gradient, t the number of the step, ← what changes at each step. Options stand
in optimizer.param_groups and may be changed there at any time; they count from the next step. Groups with options of
their own: SGD([{'params': a}, {'params': b, 'lr': 1e-3}], lr=0.1). maximize walks up instead of down. foreach and
fused, which choose between ways of computing in PyTorch, change nothing; capturable=True and differentiable=True are a
ValueError.

State lives in the library: optimizer.state shows it, state_dict() and load_state_dict() carry it to and from PyTorch's
layout. optim.lr_scheduler changes rates as training goes on, optim.swa_utils averages weights.
"""

from ._asgd import ASGD
from .optimizer import Built, Optimizer

__all__ = ["Optimizer", "ASGD", "SGD", "Adam", "AdamW", "NAdam", "RAdam", "Adamax", "RMSprop", "Adagrad", "Adadelta", "Rprop", "Lion", "Adafactor",
           "Muon", "LBFGS", "lr_scheduler", "swa_utils"]


def __getattr__(name):
    if name in ("lr_scheduler", "swa_utils"):
        __import__("backprop.optim." + name)
        return globals()[name]
    raise AttributeError(f"module 'backprop.optim' has no attribute {name!r}")


class SGD(Built):
    """v ← μ·v + (1 − dampening)·g, p ← p − lr·v, μ = momentum; with nesterov p ← p − lr·(g + μ·v). The first v is g;
    weight_decay·p is added to g. ValueError for nesterov without momentum or with dampening."""

    _kind = "sgd"

    def __init__(self, params, lr=1e-3, momentum=0, dampening=0, weight_decay=0, nesterov=False, *, maximize=False, foreach=None,
                 differentiable=False, fused=None):
        super().__init__(params, dict(lr=lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay, nesterov=nesterov,
                                      maximize=maximize), foreach, differentiable, fused=fused)


class Adam(Built):
    """m ← β1·m + (1 − β1)·g, v ← β2·v + (1 − β2)·g², p ← p − lr·m̂/(√v̂ + eps), m̂ = m/(1 − β1ᵗ), v̂ = v/(1 − β2ᵗ)
    (Kingma and Ba 2015). weight_decay·p is added to g; amsgrad divides by the largest v̂ so far (Reddi et al. 2018)."""

    _kind = "adam"

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, amsgrad=False, *, foreach=None, maximize=False,
                 capturable=False, differentiable=False, fused=None, decoupled_weight_decay=False):
        if decoupled_weight_decay:
            self._kind = "adamw"
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, amsgrad=amsgrad, maximize=maximize),
                         foreach, differentiable, capturable, fused)


class AdamW(Adam):
    """Adam whose weight_decay shrinks the weights directly: p ← p − lr·weight_decay·p, then Adam's step (Loshchilov and Hutter 2019)."""

    _kind = "adamw"

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2, amsgrad=False, *, maximize=False,
                 foreach=None, capturable=False, differentiable=False, fused=None):
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize, foreach=foreach, capturable=capturable,
                         differentiable=differentiable, fused=fused)


class NAdam(Built):
    """Adam with Nesterov's look ahead (Dozat 2016): μₜ = β1·(1 − ½·0.96^(t·momentum_decay)), p ← p − lr·(μₜ₊₁·m/(1 − Πμ
    to t + 1) + (1 − μₜ)·g/(1 − Πμ to t))/(√v̂ + eps). decoupled_weight_decay: as AdamW."""

    _kind = "nadam"

    def __init__(self, params, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, momentum_decay=4e-3, decoupled_weight_decay=False, *,
                 foreach=None, maximize=False, capturable=False, differentiable=False):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, momentum_decay=momentum_decay,
                                      decoupled_weight_decay=decoupled_weight_decay, maximize=maximize), foreach, differentiable, capturable)


class RAdam(Built):
    """Adam that starts as momentum: p ← p − lr·m̂, and only where the variance of 1/√v̂ is known (ρ > 5) p ← p −
    lr·r·m̂/√v̂, r the rectification of Liu et al. 2020. decoupled_weight_decay: as AdamW."""

    _kind = "radam"

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, decoupled_weight_decay=False, *, foreach=None,
                 maximize=False, capturable=False, differentiable=False):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay,
                                      decoupled_weight_decay=decoupled_weight_decay, maximize=maximize), foreach, differentiable, capturable)


class Adamax(Built):
    """m as Adam's, u ← max(β2·u, |g| + eps), p ← p − lr/(1 − β1ᵗ)·m/u (Kingma and Ba 2015, algorithm 2)."""

    _kind = "adamax"

    def __init__(self, params, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, foreach=None, *, maximize=False, differentiable=False,
                 capturable=False):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, maximize=maximize), foreach, differentiable,
                         capturable)


class RMSprop(Built):
    """v ← α·v + (1 − α)·g², p ← p − lr·g/(√v + eps) (Hinton 2012); momentum: b ← μ·b + g/(√v + eps), p ← p − lr·b;
    centered: v less the squared mean of g (Graves 2013)."""

    _kind = "rmsprop"

    def __init__(self, params, lr=1e-2, alpha=0.99, eps=1e-8, weight_decay=0, momentum=0, centered=False, capturable=False, foreach=None,
                 maximize=False, differentiable=False):
        super().__init__(params, dict(lr=lr, momentum=momentum, alpha=alpha, eps=eps, centered=centered, weight_decay=weight_decay,
                                      maximize=maximize), foreach, differentiable, capturable)


class Adagrad(Built):
    """s ← s + g², p ← p − lr/(1 + (t − 1)·lr_decay)·g/(√s + eps), s starting at initial_accumulator_value (Duchi et al. 2011)."""

    _kind = "adagrad"

    def __init__(self, params, lr=1e-2, lr_decay=0, weight_decay=0, initial_accumulator_value=0, eps=1e-10, foreach=None, *, maximize=False,
                 differentiable=False, fused=None):
        super().__init__(params, dict(lr=lr, lr_decay=lr_decay, eps=eps, weight_decay=weight_decay,
                                      initial_accumulator_value=initial_accumulator_value, maximize=maximize), foreach, differentiable, fused=fused)


class Adadelta(Built):
    """v ← ρ·v + (1 − ρ)·g², d = √(u + eps)/√(v + eps)·g, u ← ρ·u + (1 − ρ)·d², p ← p − lr·d (Zeiler 2012)."""

    _kind = "adadelta"

    def __init__(self, params, lr=1.0, rho=0.9, eps=1e-6, weight_decay=0, foreach=None, *, capturable=False, maximize=False,
                 differentiable=False):
        super().__init__(params, dict(lr=lr, rho=rho, eps=eps, weight_decay=weight_decay, maximize=maximize), foreach, differentiable,
                         capturable)


class Rprop(Built):
    """Each element has a step of its own, lr at first: times etas[1] while its gradient keeps its sign, times etas[0]
    and no move when it changes, within step_sizes; p ← p − step·sign(g) (Riedmiller and Braun 1993). For whole data,
    not batches."""

    _kind = "rprop"

    def __init__(self, params, lr=1e-2, etas=(0.5, 1.2), step_sizes=(1e-6, 50), *, capturable=False, foreach=None, maximize=False,
                 differentiable=False):
        super().__init__(params, dict(lr=lr, etas=etas, step_sizes=step_sizes, maximize=maximize), foreach, differentiable, capturable)


class Lion(Built):
    """p ← p − lr·sign(β1·m + (1 − β1)·g), m ← β2·m + (1 − β2)·g (Chen et al. 2023). weight_decay shrinks the weights directly. Not in torch.optim."""

    _kind = "lion"

    def __init__(self, params, lr=1e-4, betas=(0.9, 0.99), weight_decay=0, *, maximize=False):
        super().__init__(params, dict(lr=lr, betas=betas, weight_decay=weight_decay, maximize=maximize))


class Adafactor(Built):
    """Adam's √v from a row and a column of mean squares for each matrix: a fraction of the memory (Shazeer and Stern
    2018).

    p ← p − α·U/max(1, RMS(U)/d), U = g/√v, α = max(eps[1], RMS(p))·min(lr, 1/√t), v with β2 = 1 − t^beta2_decay; eps[0]
    None: the type's epsilon squared, added to g². weight_decay shrinks the weights directly.
    """

    _kind = "adafactor"
    _split = {"eps": ("eps1", "eps")}

    def __init__(self, params, lr=1e-2, beta2_decay=-0.8, eps=(None, 1e-3), d=1.0, weight_decay=0.0, *, foreach=None, maximize=False):
        super().__init__(params, dict(lr=lr, beta2_decay=beta2_decay, eps=eps, d=d, weight_decay=weight_decay, maximize=maximize), foreach)


class Muon(Built):
    """Momentum made orthogonal, for matrices (Jordan et al. 2024): b ← μ·b + (1 − μ)·g, p ← p − lr·a·orthogonal(b), by
    ns_steps Newton–Schulz steps in the parameter's type (PyTorch: in bfloat16). weight_decay shrinks the weights
    directly.

    adjust_lr_fn None or 'original': a = √max(1, rows/columns); 'match_rms_adamw': a = 0.2·√max(rows, columns).
    ValueError for parameters that are not matrices.
    """

    _kind = "muon"

    def __init__(self, params, lr=1e-3, weight_decay=0.1, momentum=0.95, nesterov=True, ns_coefficients=(3.4445, -4.7750, 2.0315), eps=1e-7,
                 ns_steps=5, adjust_lr_fn=None):
        super().__init__(params, dict(lr=lr, weight_decay=weight_decay, momentum=momentum, nesterov=nesterov, ns_coefficients=ns_coefficients,
                                      eps=eps, ns_steps=ns_steps, adjust_lr_fn=adjust_lr_fn))

    def _add(self, p):
        if p.ndim != 2:
            raise ValueError(f"Muon: a parameter must be a matrix, this one has shape {tuple(p.shape)}")
        super()._add(p)


class LBFGS(Built):
    """Quasi-Newton: the direction from the last history_size changes of weights and gradients (Nocedal 1980), for whole
    data. step(closure) calls a closure that empties the gradients, computes the loss, walks back and returns the loss,
    up to max_eval times. line_search_fn None: steps of lr; 'strong_wolfe': a line search. One parameter group."""

    _kind = "lbfgs"

    def __init__(self, params, lr=1, max_iter=20, max_eval=None, tolerance_grad=1e-7, tolerance_change=1e-9, history_size=100,
                 line_search_fn=None):
        if max_eval is None:
            max_eval = max_iter * 5 // 4
        super().__init__(params, dict(lr=lr, max_iter=max_iter, max_eval=max_eval, tolerance_grad=tolerance_grad,
                                      tolerance_change=tolerance_change, history_size=history_size, line_search_fn=line_search_fn))

    def step(self, closure):
        """Moves the parameters, calling the closure as often as needed; returns its first result."""
        return self._step_by(closure)
