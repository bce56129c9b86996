"""Training runs: optimizers.json."""

import recording
from families_network import F, step
from recording import Family, golden, t

FLOATS = ("float32", "float64")


def optimizers():
    f = Family("optimizers", "Parameters every 20 of 200 steps of a linear regression and of a small network.")
    x, w, y = f.values(3, 2), f.values(1, 2), f.values(3, 1)
    net = [f.values(3, 2), f.values(3), f.values(1, 3)]
    runs = {
        "SGD": {
            "plain": {"lr": 0.05},
            "momentum": {"lr": 0.02, "momentum": 0.9},
            "nesterov": {"lr": 0.02, "momentum": 0.9, "nesterov": True},
            "dampening": {"lr": 0.02, "momentum": 0.9, "dampening": 0.3},
            "weight_decay": {"lr": 0.05, "weight_decay": 0.1},
            "momentum-weight_decay": {"lr": 0.02, "momentum": 0.8, "weight_decay": 0.1},
            "maximize": {"lr": 0.0005, "maximize": True},
            "maximize-momentum-weight_decay": {"lr": 0.0005, "momentum": 0.5, "weight_decay": 0.1, "maximize": True},
        },
        "Adam": {
            "default": {},
            "lr": {"lr": 0.02},
            "betas": {"lr": 0.02, "betas": (0.7, 0.95)},
            "eps": {"lr": 0.02, "eps": 0.01},
            "weight_decay": {"lr": 0.02, "weight_decay": 0.1},
            "maximize": {"lr": 0.005, "maximize": True},
            "maximize-weight_decay": {"lr": 0.005, "maximize": True, "weight_decay": 0.1},
        },
    }
    runs["AdamW"] = {name: runs["Adam"][name] for name in ("default", "betas", "weight_decay", "maximize-weight_decay")}
    for optimizer, variants in runs.items():
        for name, options in variants.items():
            for dtype in (
                FLOATS
                if name in ("plain", "nesterov", "default", "betas", "maximize-momentum-weight_decay", "maximize-weight_decay")
                else FLOATS[:1]
            ):
                record_run(
                    f,
                    f"{optimizer}-{name}-{dtype}",
                    optimizer,
                    options,
                    [t(w, dtype), t([0.25], dtype)],
                    [t(x, dtype, grad=False), t(y, dtype, grad=False)],
                    [step(F + "linear", 2, 0, 1), step(F + "mse_loss", 4, 3)],
                )
    for optimizer, options in (
        ("SGD", {"lr": 0.05, "momentum": 0.5}),
        ("Adam", {"lr": 0.01}),
        ("AdamW", {"lr": 0.01, "weight_decay": 0.05}),
    ):
        for dtype in FLOATS if optimizer == "Adam" else FLOATS[:1]:
            record_run(
                f,
                f"{optimizer}-network-{dtype}",
                optimizer,
                options,
                [t(p, dtype) for p in net],
                [t(x, dtype, grad=False), t(y, dtype, grad=False)],
                [step(F + "linear", 3, 0, 1), step("tanh", 5), step(F + "linear", 6, 2), step(F + "mse_loss", 7, 4)],
            )
        # The second parameter has no part in the loss and must stay as it is, weight decay or not.
        record_run(
            f,
            f"{optimizer}-unused-parameter",
            optimizer,
            {"lr": 0.01, "weight_decay": 0.1},
            [t(w), t([0.25])],
            [t(x, grad=False), t(y, grad=False)],
            [step(F + "linear", 2, 0), step(F + "mse_loss", 4, 3)],
        )
    return f


def trajectory(case):
    """The parameters along the run, as the test takes it."""
    points = []
    golden_compare, golden.compare = golden.compare, lambda what, got, want, ulps: points.append(got.detach().clone())
    try:
        golden.run_optimizer(case)
    finally:
        golden.compare = golden_compare
    return points


def record_run(f, id, optimizer, options, parameters, constants, steps, iterations=200, every=20):
    """Tolerance: four times the distance of the float32 run from the float64 run of the same start, plus 4 ε of the value."""
    case = {"id": id, "optimizer": optimizer, "args": parameters + constants, "steps": steps, "iterations": iterations, "every": every}
    if options:
        case["kwargs"] = {k: recording.encode(v) for k, v in options.items()}
    case["atol"] = 0.0
    case["trajectory"] = [parameters] * (iterations // every)
    points = trajectory(case)
    start = recording.cast(case, "float32")
    low, high = trajectory(start), trajectory(recording.cast(start, "float64"))
    distance = max((a.double() - b).abs().max().item() for a, b in zip(low, high))
    scale = max(p.abs().max().item() for p in points)
    eps = recording.EPSILON[parameters[0]["dtype"]]
    atol = recording.rounded_up(4 * (distance / recording.EPSILON["float32"] + scale) * eps)
    case["atol"] = atol
    rows = [recording.encode_tensor(p) for p in points]
    n = len(parameters)
    case["trajectory"] = [rows[k : k + n] for k in range(0, len(rows), n)]
    f.keep(case)


FAMILIES = (optimizers,)
