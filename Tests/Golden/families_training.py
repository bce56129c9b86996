"""Training runs with every option of every optimizer, and every schedule: trajectories.json, schedules.json.

What is run stands in Tests/python/training.py. Muon's Newton–Schulz steps are recorded in the type of the parameters, as ours are done:
PyTorch rounds them to bfloat16 after each operation. Lion is not in PyTorch; it is recorded from its paper's algorithm.
"""

import json
import warnings

import recording  # noqa: F401  (the way to Tests/python)
import torch
import torch.optim._muon as muon
import training

warnings.simplefilter("ignore")


def newton_schulz(grad, coefficients, steps, eps):
    a, b, c = coefficients
    x = grad.T if grad.size(0) > grad.size(1) else grad
    x = x / x.norm().clamp(min=eps)
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if grad.size(0) > grad.size(1) else x


class Lion(torch.optim.Optimizer):
    """Chen and others 2023, algorithm 2."""

    def __init__(self, params, lr=1e-4, betas=(0.9, 0.99), weight_decay=0, maximize=False):
        super().__init__(params, dict(lr=lr, betas=betas, weight_decay=weight_decay, maximize=maximize))

    def step(self, closure):
        loss = closure()
        with torch.no_grad():
            for group in self.param_groups:
                for p in group["params"]:
                    g, (beta1, beta2) = -p.grad if group["maximize"] else p.grad, group["betas"]
                    m = self.state[p].setdefault("exp_avg", torch.zeros_like(p))
                    update = (m * beta1 + g * (1 - beta1)).sign()
                    p.mul_(1 - group["lr"] * group["weight_decay"]).sub_(update, alpha=group["lr"])
                    m.mul_(beta2).add_(g, alpha=1 - beta2)
        return loss


class Numbers:
    def __init__(self, name, about, found):
        self.name, self.text = name, {"about": about, "cases": [], "found": found}

    def write(self, folder):
        rows = ",\n".join(f"{json.dumps(k)}:{json.dumps(v, separators=(',', ':'))}" for k, v in self.text["found"].items())
        text = f'{{"about":{json.dumps(self.text["about"], ensure_ascii=False)},"cases":[],"found":{{\n{rows}\n}}}}\n'
        (folder / f"{self.name}.json").write_text(text)
        print(f"{self.name}.json: {len(self.text['found'])} runs, {len(text) // 1024} KB")


def digits(x, n=13):
    x = float(f"{x:.{n}g}")
    return int(x) if x.is_integer() else x


def trajectories():
    muon._zeropower_via_newtonschulz = newton_schulz
    found = {}
    for name, runs in training.RUNS.items():
        for options in runs:
            run = training.Training(torch, name, options, optimizer=Lion if name == "Lion" else None)
            found[training.identity(name, options)] = [[digits(v) for v in point] for point in run.points()]
    return Numbers("trajectories", "Parameters after 1, 2, 10, 50 and 200 steps, float64; see Tests/python/training.py.", found)


def schedules():
    found = {}
    for name, spec in training.SCHEDULES.items():
        rows = training.python_rates(torch, spec)
        found[name] = {"lr": [digits(r[0], 12) for r in rows], "second": [digits(r[1], 12) for r in rows[::10]]}
        if len({r[2] for r in rows}) > 1:
            found[name]["momentum"] = [digits(r[2], 12) for r in rows[::10]]
    return Numbers("schedules", "Rates of epochs 0 to 200; second group and momentum every 10; see Tests/python/training.py.", found)


FAMILIES = (trajectories, schedules)
