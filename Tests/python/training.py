"""The training runs and the schedules of Tests/Golden/trajectories.json and schedules.json: recorded with PyTorch, repeated with ours."""

import math

AT = (1, 2, 10, 50, 200)
STEPS = 200
# Four batches of three samples in turn, so that gradients never vanish: where they do, steps of a fixed length magnify rounding.
X = [[0.5, -1.0], [1.5, 0.25], [-0.75, 1.25], [-1.5, -0.5], [0.2, 0.9], [1.1, 1.3], [-0.4, -1.2], [0.8, -0.3], [-1.0, 0.7], [0.05, 0.4], [1.7, -0.9], [-0.6, 0.1]]
Y = [[0.3], [-0.8], [1.1], [0.4], [-0.2], [0.9], [-1.3], [0.6], [0.1], [-0.5], [1.4], [-0.9]]
START = {"w1": [[0.4, -0.7], [0.9, 0.1], [-0.3, 0.6], [0.2, 0.5]], "b1": [0.1, -0.2, 0.05, 0.3], "w2": [[0.6, -0.4, 0.8, -0.1]], "b2": [0.15]}

# For each optimizer its options; "second": those of a second group with w2 and b2; "later": {step: options that change before it}.
RUNS = {
    "SGD": [{"lr": 0.05}, {"lr": 0.02, "momentum": 0.9}, {"lr": 0.02, "momentum": 0.9, "nesterov": True},
            {"lr": 0.02, "momentum": 0.9, "dampening": 0.3}, {"lr": 0.05, "weight_decay": 0.1}, {"lr": 0.0005, "maximize": True},
            {"lr": 0.02, "later": {3: {"momentum": 0.8}, 20: {"lr": 0.01, "weight_decay": 0.05}}},
            {"lr": 0.02, "momentum": 0.5, "second": {"lr": 0.1, "momentum": 0.0}}],
    "Adam": [{}, {"lr": 0.02}, {"lr": 0.02, "betas": (0.7, 0.95)}, {"lr": 0.02, "eps": 0.01}, {"lr": 0.02, "weight_decay": 0.1},
             {"lr": 0.02, "amsgrad": True}, {"lr": 0.005, "maximize": True}, {"lr": 0.01, "amsgrad": True, "maximize": True, "weight_decay": 0.1},
             {"lr": 0.02, "decoupled_weight_decay": True, "weight_decay": 0.1},
             {"lr": 0.02, "later": {4: {"betas": (0.8, 0.99), "eps": 1e-4}, 30: {"lr": 0.001}}}, {"lr": 0.02, "second": {"lr": 0.001}}],
    "AdamW": [{}, {"lr": 0.02, "weight_decay": 0.1}, {"lr": 0.02, "amsgrad": True, "betas": (0.8, 0.9)}, {"lr": 0.005, "maximize": True}],
    "NAdam": [{}, {"lr": 0.02}, {"lr": 0.02, "betas": (0.7, 0.95), "eps": 0.01}, {"lr": 0.02, "momentum_decay": 0.05},
              {"lr": 0.02, "weight_decay": 0.1}, {"lr": 0.02, "weight_decay": 0.1, "decoupled_weight_decay": True}, {"lr": 0.005, "maximize": True}],
    "RAdam": [{}, {"lr": 0.02}, {"lr": 0.02, "betas": (0.7, 0.95), "eps": 0.01}, {"lr": 0.02, "weight_decay": 0.1},
              {"lr": 0.02, "weight_decay": 0.1, "decoupled_weight_decay": True}, {"lr": 0.005, "maximize": True}],
    "Adamax": [{}, {"lr": 0.02}, {"lr": 0.02, "betas": (0.7, 0.95), "eps": 0.01}, {"lr": 0.02, "weight_decay": 0.1}, {"lr": 0.005, "maximize": True}],
    "RMSprop": [{}, {"lr": 0.005, "alpha": 0.9}, {"lr": 0.005, "eps": 0.01}, {"lr": 0.005, "weight_decay": 0.1}, {"lr": 0.002, "momentum": 0.8},
                {"lr": 0.005, "centered": True}, {"lr": 0.002, "centered": True, "momentum": 0.5, "weight_decay": 0.1}, {"lr": 0.002, "maximize": True}],
    "Adagrad": [{}, {"lr": 0.1, "lr_decay": 0.05}, {"lr": 0.1, "weight_decay": 0.1}, {"lr": 0.1, "initial_accumulator_value": 0.5},
                {"lr": 0.1, "eps": 0.1}, {"lr": 0.02, "maximize": True}],
    "Adadelta": [{}, {"lr": 0.5, "rho": 0.5}, {"eps": 1e-4}, {"weight_decay": 0.1}, {"maximize": True}],
    "Rprop": [{}, {"lr": 0.05, "etas": (0.4, 1.3)}, {"step_sizes": (1e-3, 0.02)}, {"lr": 0.001, "maximize": True, "step_sizes": (1e-6, 0.01)}],
    "Lion": [{}, {"lr": 0.003, "betas": (0.8, 0.95)}, {"lr": 0.003, "weight_decay": 0.1}, {"lr": 0.001, "maximize": True}],
    "Adafactor": [{}, {"lr": 0.1, "beta2_decay": -0.5}, {"lr": 0.1, "eps": (1e-3, 0.1)}, {"lr": 0.1, "d": 2.0}, {"lr": 0.1, "weight_decay": 0.1},
                  {"lr": 0.02, "maximize": True}],
    "Muon": [{}, {"lr": 0.02, "weight_decay": 0.0}, {"lr": 0.02, "momentum": 0.8, "nesterov": False}, {"lr": 0.02, "ns_coefficients": (2.0, -1.5, 0.5)},
             {"lr": 0.02, "ns_steps": 3, "eps": 0.5}, {"lr": 0.02, "adjust_lr_fn": "match_rms_adamw"}],
    "LBFGS": [{"lr": 0.1, "max_iter": 1}, {"lr": 0.1, "max_iter": 4}, {"lr": 0.1, "max_iter": 4, "history_size": 2},
              {"lr": 0.1, "max_iter": 6, "max_eval": 3}, {"max_iter": 2, "line_search_fn": "strong_wolfe"},
              {"max_iter": 4, "line_search_fn": "strong_wolfe", "tolerance_grad": 1e-4},
              {"max_iter": 4, "line_search_fn": "strong_wolfe", "tolerance_change": 1e-4, "lr": 0.5}],
}


def identity(name, options):
    """A run's name in the file of expected values."""
    return name + "".join(f" {k}={v}" for k, v in options.items())


class Training:
    """A network 2-4-1, its optimizer, and its parameters along the way."""

    def __init__(self, torch, name, options, dtype="float64", optimizer=None):
        self.torch, self.options = torch, dict(options)
        dtype = getattr(torch, dtype)
        size, n = (5, 5) if name == "LBFGS" else (3, len(X))  # L-BFGS: samples the network can fit
        self.batches = [(torch.tensor(X[i:i + size], dtype=dtype), torch.tensor(Y[i:i + size], dtype=dtype)) for i in range(0, n, size)]
        self.p = {k: torch.tensor(v, dtype=dtype, requires_grad=not (name == "Muon" and k[0] == "b")) for k, v in START.items()}
        self.later = self.options.pop("later", {})
        second = self.options.pop("second", None)
        trained = [p for p in self.p.values() if p.requires_grad]
        groups = trained if second is None else [{"params": trained[:2]}, {"params": trained[2:], **second}]
        self.optimizer = (optimizer or getattr(torch.optim, name))(groups, **self.options)
        self.done = 0

    def loss(self):
        F = self.torch.nn.functional
        x, y = self.batches[self.done % len(self.batches)]
        self.optimizer.zero_grad()
        loss = F.mse_loss(F.linear(self.torch.tanh(F.linear(x, self.p["w1"], self.p["b1"])), self.p["w2"], self.p["b2"]), y)
        loss.backward()
        return loss

    def step(self):
        self.done += 1
        for group in self.optimizer.param_groups:
            group.update(self.later.get(self.done, {}))
        self.optimizer.step(self.loss)

    def numbers(self):
        return [v for p in self.p.values() for v in p.detach().flatten().tolist()]

    def points(self, at=AT):
        found = []
        while self.done < at[-1]:
            self.step()
            if self.done in at:
                found.append(self.numbers())
        return found


# Schedules -----------------------------------------------------------------------------------------------------------

FUNCTIONS = {"warm": lambda t: min(1.0, (t + 1) / 20) * 0.98**t, "shrink": lambda t: 0.99 if t % 3 else 0.995}


def metric(t):
    """What ReduceLROnPlateau watches: falls in steps, with a ripple."""
    return 1 / (1 + t // 25) + 0.02 * math.sin(t)


# Class, options; the optimizer is SGD(momentum=0.9) with the rates 0.1 and 0.03 of two groups, Adam where "optimizer" says so.
SCHEDULES = {
    "lambda": {"class": "LambdaLR", "lr_lambda": "warm"},
    "multiplicative": {"class": "MultiplicativeLR", "lr_lambda": "shrink"},
    "step": {"class": "StepLR", "step_size": 30},
    "step-gamma": {"class": "StepLR", "step_size": 7, "gamma": 0.9},
    "multi_step": {"class": "MultiStepLR", "milestones": [20, 50, 50, 120]},
    "multi_step-gamma": {"class": "MultiStepLR", "milestones": [3, 150], "gamma": 0.5},
    "constant": {"class": "ConstantLR"},
    "constant-options": {"class": "ConstantLR", "factor": 0.25, "total_iters": 40},
    "linear": {"class": "LinearLR"},
    "linear-options": {"class": "LinearLR", "start_factor": 0.9, "end_factor": 0.1, "total_iters": 60},
    "exponential": {"class": "ExponentialLR", "gamma": 0.97},
    "polynomial": {"class": "PolynomialLR"},
    "polynomial-options": {"class": "PolynomialLR", "total_iters": 120, "power": 2.5},
    "cosine": {"class": "CosineAnnealingLR", "T_max": 40},
    "cosine-options": {"class": "CosineAnnealingLR", "T_max": 150, "eta_min": 0.01},
    "restarts": {"class": "CosineAnnealingWarmRestarts", "T_0": 30},
    "restarts-options": {"class": "CosineAnnealingWarmRestarts", "T_0": 10, "T_mult": 2, "eta_min": 0.001},
    "one_cycle": {"class": "OneCycleLR", "max_lr": 0.5, "total_steps": 201},
    "one_cycle-adam": {"class": "OneCycleLR", "max_lr": 0.5, "total_steps": 201, "optimizer": "Adam"},
    "one_cycle-linear": {"class": "OneCycleLR", "max_lr": 0.5, "total_steps": 210, "anneal_strategy": "linear", "pct_start": 0.4},
    "one_cycle-three": {"class": "OneCycleLR", "max_lr": 0.5, "total_steps": 201, "three_phase": True, "div_factor": 10.0, "final_div_factor": 100.0},
    "one_cycle-momentum": {"class": "OneCycleLR", "max_lr": 0.5, "total_steps": 205, "base_momentum": 0.5, "max_momentum": 0.9},
    "one_cycle-no-momentum": {"class": "OneCycleLR", "max_lr": 0.5, "total_steps": 205, "cycle_momentum": False},
    "cyclic": {"class": "CyclicLR", "base_lr": 0.01, "max_lr": 0.2, "step_size_up": 20},
    "cyclic-adam": {"class": "CyclicLR", "base_lr": 0.01, "max_lr": 0.2, "step_size_up": 20, "step_size_down": 35, "optimizer": "Adam"},
    "cyclic-triangular2": {"class": "CyclicLR", "base_lr": 0.01, "max_lr": 0.2, "step_size_up": 15, "step_size_down": 10, "mode": "triangular2"},
    "cyclic-exp_range": {"class": "CyclicLR", "base_lr": 0.01, "max_lr": 0.2, "step_size_up": 15, "mode": "exp_range", "gamma": 0.99,
                         "base_momentum": 0.7, "max_momentum": 0.95},
    "cyclic-no-momentum": {"class": "CyclicLR", "base_lr": 0.01, "max_lr": 0.2, "step_size_up": 15, "cycle_momentum": False},
    "plateau": {"class": "ReduceLROnPlateau"},
    "plateau-options": {"class": "ReduceLROnPlateau", "factor": 0.5, "patience": 3, "threshold": 0.1, "cooldown": 5, "min_lr": 0.001},
    "plateau-abs": {"class": "ReduceLROnPlateau", "factor": 0.7, "patience": 5, "threshold": 0.05, "threshold_mode": "abs", "eps": 1e-3},
    "plateau-max": {"class": "ReduceLROnPlateau", "mode": "max", "factor": 0.5, "patience": 4},
    "plateau-max-abs": {"class": "ReduceLROnPlateau", "mode": "max", "factor": 0.5, "patience": 30, "threshold_mode": "abs"},
    "swa": {"class": "SWALR", "swa_lr": 0.05},
    "swa-linear": {"class": "SWALR", "swa_lr": 0.2, "anneal_epochs": 50, "anneal_strategy": "linear"},
    "swa-at-once": {"class": "SWALR", "swa_lr": 0.2, "anneal_epochs": 0},
    "sequential": {"class": "SequentialLR", "schedulers": [{"class": "LinearLR", "total_iters": 20}, {"class": "CosineAnnealingLR", "T_max": 100},
                                                            {"class": "ExponentialLR", "gamma": 0.9}], "milestones": [20, 120]},
    "sequential-more": {"class": "SequentialLR", "schedulers": [
        {"class": "ConstantLR", "factor": 0.1, "total_iters": 10}, {"class": "StepLR", "step_size": 10, "gamma": 0.5}, {"class": "PolynomialLR", "total_iters": 30},
        {"class": "MultiStepLR", "milestones": [5], "gamma": 0.2}, {"class": "CosineAnnealingWarmRestarts", "T_0": 8, "T_mult": 2},
        {"class": "LambdaLR", "lr_lambda": "warm"}], "milestones": [10, 50, 80, 100, 160]},
    "chained": {"class": "ChainedScheduler", "schedulers": [{"class": "ConstantLR", "factor": 0.1, "total_iters": 20}, {"class": "ExponentialLR", "gamma": 0.98},
                                                            {"class": "CosineAnnealingLR", "T_max": 60}]},
    "chained-linear": {"class": "ChainedScheduler", "schedulers": [{"class": "LinearLR", "total_iters": 10}, {"class": "StepLR", "step_size": 50}]},
}


def optimizer_for(torch, spec):
    a, b = torch.zeros(1, requires_grad=True), torch.zeros(1, requires_grad=True)
    groups = [{"params": [a], "lr": 0.1}, {"params": [b], "lr": 0.03}]
    return torch.optim.Adam(groups) if spec.get("optimizer") == "Adam" else torch.optim.SGD(groups, lr=1, momentum=0.9)


def schedule(torch, optimizer, spec):
    options = {k: v for k, v in spec.items() if k not in ("class", "optimizer", "schedulers")}
    if "lr_lambda" in options:
        options["lr_lambda"] = FUNCTIONS[options["lr_lambda"]]
    made = getattr(torch.optim.swa_utils if spec["class"] == "SWALR" else torch.optim.lr_scheduler, spec["class"])
    parts = [schedule(torch, optimizer, part) for part in spec.get("schedulers", ())]
    if spec["class"] == "ChainedScheduler":
        return made(parts, optimizer)
    return made(optimizer, parts, **options) if parts else made(optimizer, **options)


def rates(steps, step, read):
    """[rate of group 0, of group 1, momentum or beta1] from epoch 0 on."""
    found = [read()]
    for t in range(steps):
        step(t)
        found.append(read())
    return found


def python_rates(torch, spec, steps=STEPS):
    optimizer = optimizer_for(torch, spec)
    s = schedule(torch, optimizer, spec)

    def step(t):
        optimizer.step()
        s.step(metric(t)) if spec["class"] == "ReduceLROnPlateau" else s.step()

    def read():
        groups = optimizer.param_groups
        return [groups[0]["lr"], groups[1]["lr"], groups[1]["betas"][0] if "betas" in groups[1] else groups[1]["momentum"]]

    return rates(steps, step, read)
