"""Optimizers: PyTorch's classes over the library's optimizers.

Options stand in param_groups and may be changed there at any time; they count from the next step. State lives in the library:
optimizer.state shows it, state_dict() and load_state_dict() carry it to and from PyTorch's layout.
"""

from .optimizer import Built, Optimizer

__all__ = ["Optimizer", "SGD", "Adam", "AdamW", "NAdam", "RAdam", "Adamax", "RMSprop", "Adagrad", "Adadelta", "Rprop", "Lion", "Adafactor",
           "Muon", "LBFGS", "lr_scheduler", "swa_utils"]


def __getattr__(name):
    if name in ("lr_scheduler", "swa_utils"):
        __import__("backprop.optim." + name)
        return globals()[name]
    raise AttributeError(f"module 'backprop.optim' has no attribute {name!r}")


class SGD(Built):
    """v ← μ·v + (1 − dampening)·g, p ← p − lr·v; with nesterov p ← p − lr·(g + μ·v). The first v is g."""

    _kind = "sgd"

    def __init__(self, params, lr=1e-3, momentum=0, dampening=0, weight_decay=0, nesterov=False, *, maximize=False, foreach=None,
                 differentiable=False, fused=None):
        super().__init__(params, dict(lr=lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay, nesterov=nesterov,
                                      maximize=maximize), foreach, differentiable, fused=fused)


class Adam(Built):
    """Kingma & Ba 2015. weight_decay is added to the gradient; amsgrad divides by the largest second moment so far."""

    _kind = "adam"

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, amsgrad=False, *, foreach=None, maximize=False,
                 capturable=False, differentiable=False, fused=None, decoupled_weight_decay=False):
        if decoupled_weight_decay:
            self._kind = "adamw"
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, amsgrad=amsgrad, maximize=maximize),
                         foreach, differentiable, capturable, fused)


class AdamW(Adam):
    """Loshchilov & Hutter 2019. weight_decay shrinks the weights directly."""

    _kind = "adamw"

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2, amsgrad=False, **options):
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, **options)


class NAdam(Built):
    """Dozat 2016: Adam with Nesterov's look ahead."""

    _kind = "nadam"

    def __init__(self, params, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, momentum_decay=4e-3, decoupled_weight_decay=False, *,
                 foreach=None, maximize=False, capturable=False, differentiable=False):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, momentum_decay=momentum_decay,
                                      decoupled_weight_decay=decoupled_weight_decay, maximize=maximize), foreach, differentiable, capturable)


class RAdam(Built):
    """Liu and others 2020: Adam that starts as momentum."""

    _kind = "radam"

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, decoupled_weight_decay=False, *, foreach=None,
                 maximize=False, capturable=False, differentiable=False):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay,
                                      decoupled_weight_decay=decoupled_weight_decay, maximize=maximize), foreach, differentiable, capturable)


class Adamax(Built):
    """Kingma & Ba 2015, algorithm 2: divides by a decaying maximum of |g|."""

    _kind = "adamax"

    def __init__(self, params, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, foreach=None, *, maximize=False, differentiable=False,
                 capturable=False):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, maximize=maximize), foreach, differentiable,
                         capturable)


class RMSprop(Built):
    """Hinton 2012; centered as Graves 2013."""

    _kind = "rmsprop"

    def __init__(self, params, lr=1e-2, alpha=0.99, eps=1e-8, weight_decay=0, momentum=0, centered=False, capturable=False, foreach=None,
                 maximize=False, differentiable=False):
        super().__init__(params, dict(lr=lr, momentum=momentum, alpha=alpha, eps=eps, centered=centered, weight_decay=weight_decay,
                                      maximize=maximize), foreach, differentiable, capturable)


class Adagrad(Built):
    """Duchi, Hazan & Singer 2011."""

    _kind = "adagrad"

    def __init__(self, params, lr=1e-2, lr_decay=0, weight_decay=0, initial_accumulator_value=0, eps=1e-10, foreach=None, *, maximize=False,
                 differentiable=False, fused=None):
        super().__init__(params, dict(lr=lr, lr_decay=lr_decay, eps=eps, weight_decay=weight_decay,
                                      initial_accumulator_value=initial_accumulator_value, maximize=maximize), foreach, differentiable, fused=fused)


class Adadelta(Built):
    """Zeiler 2012."""

    _kind = "adadelta"

    def __init__(self, params, lr=1.0, rho=0.9, eps=1e-6, weight_decay=0, foreach=None, *, capturable=False, maximize=False,
                 differentiable=False):
        super().__init__(params, dict(lr=lr, rho=rho, eps=eps, weight_decay=weight_decay, maximize=maximize), foreach, differentiable,
                         capturable)


class Rprop(Built):
    """Riedmiller & Braun 1993: each element's own step, longer while its gradient keeps its sign."""

    _kind = "rprop"

    def __init__(self, params, lr=1e-2, etas=(0.5, 1.2), step_sizes=(1e-6, 50), *, capturable=False, foreach=None, maximize=False,
                 differentiable=False):
        super().__init__(params, dict(lr=lr, etas=etas, step_sizes=step_sizes, maximize=maximize), foreach, differentiable, capturable)


class Lion(Built):
    """Chen and others 2023: p ← p − lr·sign(β1·m + (1 − β1)·g), m ← β2·m + (1 − β2)·g. weight_decay shrinks the weights directly."""

    _kind = "lion"

    def __init__(self, params, lr=1e-4, betas=(0.9, 0.99), weight_decay=0, *, maximize=False):
        super().__init__(params, dict(lr=lr, betas=betas, weight_decay=weight_decay, maximize=maximize))


class Adafactor(Built):
    """Shazeer & Stern 2018: a row and a column of mean squares for each matrix."""

    _kind = "adafactor"
    _split = {"eps": ("eps1", "eps")}

    def __init__(self, params, lr=1e-2, beta2_decay=-0.8, eps=(None, 1e-3), d=1.0, weight_decay=0.0, *, foreach=None, maximize=False):
        super().__init__(params, dict(lr=lr, beta2_decay=beta2_decay, eps=eps, d=d, weight_decay=weight_decay, maximize=maximize), foreach)


class Muon(Built):
    """Jordan and others 2024: momentum made orthogonal, for matrices. Its Newton–Schulz steps are done in the parameter's type."""

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
    """Nocedal 1980. step(closure) with a closure that empties the gradients, computes the loss, walks back and returns the loss."""

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
