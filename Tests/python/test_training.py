"""Every option of every optimizer and schedule against PyTorch's numbers; state that goes on bit for bit; averages."""

import copy
import ctypes
import json
import math
import pathlib

import pytest
import training
from engine import IS_TORCH, ours, torch

nn, optim = torch.nn, torch.optim
lr_scheduler, swa_utils = optim.lr_scheduler, optim.swa_utils
ROOT = pathlib.Path(__file__).resolve().parents[2]
TRAJECTORIES = json.loads((ROOT / "Tests/Golden/trajectories.json").read_text())["found"]
RATES = json.loads((ROOT / "Tests/Golden/schedules.json").read_text())["found"]
ALL = [(name, options) for name, runs in training.RUNS.items() for options in runs]
SMALL = [(name, next(o for o in runs if "later" not in o and "second" not in o)) for name, runs in training.RUNS.items()]
needs_ours = {"Lion", "Muon"}  # PyTorch lacks the one, and rounds the other to bfloat16


def there(name):
    if IS_TORCH and name in needs_ours:
        pytest.skip("not PyTorch's numbers")


@pytest.mark.parametrize("name, options", ALL, ids=lambda v: v if isinstance(v, str) else training.identity("", v).strip())
def test_trajectory(name, options):
    there(name)
    points = training.Training(torch, name, options).points()
    for at, got, want in zip(training.AT, points, TRAJECTORIES[training.identity(name, options)]):
        assert got == pytest.approx(want, rel=1e-10, abs=1e-10), f"after {at} steps"


@pytest.mark.parametrize("name, options", ALL, ids=lambda v: v if isinstance(v, str) else training.identity("", v).strip())
def test_trajectory_in_single_precision(name, options):
    there(name)
    points = training.Training(torch, name, options, "float32").points((1, 2, 10))
    for at, got, want in zip(training.AT, points, TRAJECTORIES[training.identity(name, options)]):
        assert got == pytest.approx(want, rel=2e-4, abs=2e-4), f"after {at} steps"


# State ---------------------------------------------------------------------------------------------------------------


def apart(a, b):
    """A copy of a's parameters and optimizer state in b."""
    with torch.no_grad():
        for k in a.p:
            b.p[k].copy_(a.p[k])
    b.optimizer.load_state_dict(copy.deepcopy(a.optimizer.state_dict()))
    b.done = a.done


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name, options", SMALL, ids=[name for name, _ in SMALL])
def test_training_goes_on_bit_for_bit(name, options, dtype):
    there(name)
    if IS_TORCH and (name, dtype) == ("NAdam", "float64"):
        pytest.skip("PyTorch goes on with mu_product in double precision after loading")
    a = training.Training(torch, name, options, dtype)
    for _ in range(7):
        a.step()
    b = training.Training(torch, name, {}, dtype)
    apart(a, b)
    assert b.optimizer.param_groups[0]["lr"] == a.optimizer.param_groups[0]["lr"]
    for _ in range(5):
        a.step()
        b.step()
    assert a.numbers() == b.numbers()


def test_the_layout_of_the_state():
    run = training.Training(torch, "Adam", {"amsgrad": True, "second": {"lr": 0.5}})
    assert run.optimizer.state_dict()["state"] == {}
    run.step()
    run.step()
    state = run.optimizer.state_dict()
    assert list(state) == ["state", "param_groups"]
    assert list(state["state"]) == [0, 1, 2, 3] and [g["params"] for g in state["param_groups"]] == [[0, 1], [2, 3]]
    assert set(state["state"][0]) == {"step", "exp_avg", "exp_avg_sq", "max_exp_avg_sq"}
    assert state["state"][0]["step"].item() == 2 and state["state"][0]["exp_avg"].shape == (4, 2)
    assert state["param_groups"][1]["lr"] == 0.5 and state["param_groups"][1]["betas"] == (0.9, 0.999)
    assert run.optimizer.state[run.p["w1"]]["exp_avg"].tolist() == state["state"][0]["exp_avg"].tolist()


def test_wrong_states_are_refused():
    run, other = training.Training(torch, "Adam", {}), training.Training(torch, "Adam", {"second": {"lr": 1.0}})
    run.step()
    with pytest.raises(ValueError):
        other.optimizer.load_state_dict(run.optimizer.state_dict())
    state = run.optimizer.state_dict()
    state["param_groups"][0]["params"] = [0, 1]
    with pytest.raises(ValueError):
        run.optimizer.load_state_dict(state)


@ours
def test_a_state_of_another_shape_is_refused():
    run = training.Training(torch, "Adam", {})
    run.step()
    state = run.optimizer.state_dict()
    state["state"][0]["exp_avg"] = torch.zeros(3)
    with pytest.raises(RuntimeError, match="exp_avg"):
        run.optimizer.load_state_dict(state)


@ours
def test_bad_options_are_refused_by_name():
    p = torch.zeros(2, 2, requires_grad=True)
    for name, options, word in [("SGD", {"momentum": -1}, "momentum"), ("Adam", {"betas": (0.9, 1.0)}, "beta2"), ("NAdam", {"momentum_decay": -1}, "momentum_decay"),
                                ("RAdam", {"eps": float("nan")}, "eps"), ("Adamax", {"lr": float("inf")}, "lr"), ("RMSprop", {"alpha": -0.1}, "alpha"),
                                ("Adagrad", {"initial_accumulator_value": -1}, "initial_accumulator_value"), ("Adadelta", {"rho": 1.5}, "rho"),
                                ("Rprop", {"etas": (0.5, 0.9)}, "etaplus"), ("Rprop", {"step_sizes": (1.0, 0.5)}, "step_size_min"), ("Lion", {"betas": (-1, 0.9)}, "beta1"),
                                ("Adafactor", {"d": 0.5}, "d must"), ("Adafactor", {"beta2_decay": 0.5}, "beta2_decay"), ("Muon", {"ns_steps": 100}, "ns_steps"),
                                ("Muon", {"adjust_lr_fn": "x"}, "adjust_lr_fn"), ("LBFGS", {"history_size": 0}, "history_size"), ("LBFGS", {"line_search_fn": "x"}, "line_search_fn")]:
        with pytest.raises(ValueError, match=word):
            getattr(optim, name)([p], **options)
    o = optim.SGD([p], lr=0.1)
    o.param_groups[0]["momentum"] = -3
    p.sum().backward()
    with pytest.raises(ValueError, match="momentum"):
        o.step()
    assert p.tolist() == [[0, 0], [0, 0]]


def test_muon_wants_matrices():
    with pytest.raises(ValueError):
        optim.Muon([torch.zeros(3, requires_grad=True)])


def test_unfrozen_later():
    a, b = torch.tensor([1.0], requires_grad=True), torch.tensor([1.0])
    o = optim.SGD([a, b], lr=0.5)
    (a * 1).sum().backward()
    o.step()
    b.requires_grad_(True)
    (a + b).sum().backward()
    o.step()
    assert b.item() == 0.5 and a.item() == -0.5  # a's gradient had gathered to 2


def test_an_optimizer_of_ones_own():
    class Sign(optim.Optimizer):
        def __init__(self, params, lr=0.1):
            super().__init__(params, {"lr": lr})

        @torch.no_grad()
        def step(self, closure=None):
            for group in self.param_groups:
                for p in group["params"]:
                    if p.grad is not None:
                        self.state[p]["count"] = self.state[p].get("count", 0) + 1
                        p.sub_(p.grad.sign() * group["lr"])

    p = torch.tensor([1.0, -1.0], requires_grad=True)
    o = Sign([p])
    (p * p).sum().backward()
    o.step()
    assert p.tolist() == pytest.approx([0.9, -0.9])
    assert o.state_dict()["state"] == {0: {"count": 1}}


def test_named_parameters():
    net = nn.Linear(2, 1)
    o = optim.SGD(net.named_parameters(), lr=0.1)
    assert o.param_groups[0]["param_names"] == ["weight", "bias"] and len(o.param_groups[0]["params"]) == 2


def test_lbfgs_refuses_what_it_cannot_do():
    run = training.Training(torch, "LBFGS", {})
    with pytest.raises(TypeError):
        run.optimizer.step()


def test_a_closure_that_fails_moves_nothing():
    run = training.Training(torch, "LBFGS", {"line_search_fn": "strong_wolfe"})
    before, calls = run.numbers(), []

    def closure():
        calls.append(1)
        if len(calls) == 3:
            raise KeyError("third")
        return run.loss()

    with pytest.raises(KeyError, match="third"):
        run.optimizer.step(closure)
    if not IS_TORCH:
        assert run.numbers() == before
        run.optimizer.step(run.loss)
        assert run.numbers() != before


# Schedules -----------------------------------------------------------------------------------------------------------


def compare(rows, want):
    assert [r[0] for r in rows] == pytest.approx(want["lr"], rel=1e-9, abs=1e-12)
    assert [r[1] for r in rows[::10]] == pytest.approx(want["second"], rel=1e-9, abs=1e-12)
    if "momentum" in want:
        assert [r[2] for r in rows[::10]] == pytest.approx(want["momentum"], rel=1e-9)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", training.SCHEDULES)
def test_schedule(name):
    compare(training.python_rates(torch, training.SCHEDULES[name]), RATES[name])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", training.SCHEDULES)
def test_a_schedule_goes_on(name):
    spec = training.SCHEDULES[name]
    if spec["class"] == "SequentialLR":
        pytest.skip("PyTorch's own resumption of sequences needs the optimizer's rates set by hand")
    first = training.optimizer_for(torch, spec)
    a = training.schedule(torch, first, spec)
    on = (lambda s, t: s.step(training.metric(t))) if spec["class"] == "ReduceLROnPlateau" else lambda s, t: s.step()
    for t in range(33):
        first.step()
        on(a, t)
    second = training.optimizer_for(torch, spec)
    b = training.schedule(torch, second, spec)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    b.load_state_dict(copy.deepcopy(a.state_dict()))
    for t in range(33, 60):
        on(a, t)
        on(b, t)
    assert [g["lr"] for g in first.param_groups] == [g["lr"] for g in second.param_groups]
    assert b.get_last_lr() == [g["lr"] for g in second.param_groups]


def test_a_schedule_of_ones_own_and_errors():
    p = torch.zeros(1, requires_grad=True)

    class Halved(lr_scheduler.LRScheduler):
        def get_lr(self):
            return [base / 2**self.last_epoch for base in self.base_lrs]

    o = optim.SGD([p], lr=1.0)
    s = Halved(o)
    o.step()
    s.step()
    assert s.get_last_lr() == [0.5] and o.param_groups[0]["initial_lr"] == 1.0
    for make in (lambda: lr_scheduler.ConstantLR(o, factor=2), lambda: lr_scheduler.LinearLR(o, start_factor=0), lambda: lr_scheduler.OneCycleLR(o, 0.1),
                 lambda: lr_scheduler.CosineAnnealingWarmRestarts(o, 0), lambda: lr_scheduler.ReduceLROnPlateau(o, factor=1),
                 lambda: lr_scheduler.CyclicLR(o, 0.1, 1.0, mode="x"), lambda: lr_scheduler.SequentialLR(o, [], []),
                 lambda: lr_scheduler.LambdaLR(o, [abs, abs])):
        with pytest.raises(ValueError):
            make()
    with pytest.raises(TypeError):
        lr_scheduler.StepLR(p, 3)


# The same schedules through C ---------------------------------------------------------------------------------------


def library():
    found = ROOT / "build/lib/libbackprop.so"
    if IS_TORCH or not found.exists():
        pytest.skip("no built library")
    lib = ctypes.CDLL(str(found))
    return lib


class Struct(ctypes.Structure):
    """An option struct: the size first, then what stands in _values."""

    def __init__(self, **values):
        super().__init__(struct_size=ctypes.sizeof(type(self)), **values)


I32, I64, F64, P = ctypes.c_int32, ctypes.c_int64, ctypes.c_double, ctypes.c_void_p


def struct(*fields):
    return type("Options", (Struct,), {"_fields_": [("struct_size", ctypes.c_uint32), *fields]})


OneCycle = struct(("cycle_momentum", I32), ("max_lr", F64), ("total_steps", I64), ("pct_start", F64), ("base_momentum", F64), ("max_momentum", F64),
                  ("div_factor", F64), ("final_div_factor", F64), ("linear", I32), ("three_phase", I32))
Cyclic = struct(("cycle_momentum", I32), ("base_lr", F64), ("max_lr", F64), ("step_size_up", I64), ("step_size_down", I64), ("gamma", F64),
                ("base_momentum", F64), ("max_momentum", F64), ("mode", I32), ("reserved", I32))
Plateau = struct(("max", I32), ("factor", F64), ("patience", I64), ("cooldown", I64), ("threshold", F64), ("abs", I32), ("reserved", I32),
                 ("min_lr", F64), ("eps", F64))
Function = ctypes.CFUNCTYPE(F64, P, I64)
SIMPLE = {  # class: C name, arguments with their defaults
    "StepLR": ("step_lr", [("step_size", I64, None), ("gamma", F64, 0.1)]),
    "ConstantLR": ("constant_lr", [("factor", F64, 1 / 3), ("total_iters", I64, 5)]),
    "LinearLR": ("linear_lr", [("start_factor", F64, 1 / 3), ("end_factor", F64, 1.0), ("total_iters", I64, 5)]),
    "ExponentialLR": ("exponential_lr", [("gamma", F64, None)]),
    "PolynomialLR": ("polynomial_lr", [("total_iters", I64, 5), ("power", F64, 1.0)]),
    "CosineAnnealingLR": ("cosine_annealing_lr", [("T_max", I64, None), ("eta_min", F64, 0.0)]),
    "CosineAnnealingWarmRestarts": ("cosine_annealing_warm_restarts", [("T_0", I64, None), ("T_mult", I64, 1), ("eta_min", F64, 0.0)]),
}


class InC:
    """An optimizer and a schedule made with the functions of backprop.h."""

    def __init__(self, lib, spec):
        self.lib, self.kept, self.spec = lib, [], spec
        for name in ("bp_context_create", "bp_optimizer_create", "bp_zeros"):
            getattr(lib, name).restype = P
        lib.bp_optimizer_option.restype = F64
        lib.bp_context_message.restype = ctypes.c_char_p
        self.ctx = P(lib.bp_context_create(None))
        self.momentum = b"beta1" if spec.get("optimizer") == "Adam" else b"momentum"
        self.opt = P(lib.bp_optimizer_create(self.ctx, b"adam" if spec.get("optimizer") == "Adam" else b"sgd"))
        assert lib.bp_optimizer_add_group(self.opt) == 1
        self.set(0, b"lr", 0.1)
        self.set(1, b"lr", 0.03)
        if self.momentum == b"momentum":
            self.set(-1, b"momentum", 0.9)
        self.s = self.make(spec)

    def set(self, group, name, value):
        assert self.lib.bp_optimizer_set_option(self.opt, group, name, F64(value)) == 0

    def make(self, spec):
        o = {k: v for k, v in spec.items() if k != "class"}
        kind = spec["class"]
        if kind in SIMPLE:
            name, arguments = SIMPLE[kind]
            values = [self.opt] + [c(o.get(key, default)) for key, c, default in arguments]
        elif kind in ("LambdaLR", "MultiplicativeLR"):
            f = training.FUNCTIONS[o["lr_lambda"]]
            self.kept.append(Function(lambda user, t: f(t)))
            name, values = "lambda_lr" if kind == "LambdaLR" else "multiplicative_lr", [self.opt, self.kept[-1], None]
        elif kind == "MultiStepLR":
            m = o["milestones"]
            name, values = "multi_step_lr", [self.opt, len(m), (I64 * len(m))(*m), F64(o.get("gamma", 0.1))]
        elif kind == "SWALR":
            name, values = "swa_lr", [self.opt, F64(o["swa_lr"]), I64(o.get("anneal_epochs", 10)), I32(o.get("anneal_strategy") == "linear")]
        elif kind in ("SequentialLR", "ChainedScheduler"):
            parts = [self.make(p) for p in o["schedulers"]]
            name, values = "chained_scheduler", [len(parts), (P * len(parts))(*parts)]
            if kind == "SequentialLR":
                name, values = "sequential_lr", values + [(I64 * (len(parts) - 1))(*o["milestones"])]
        elif kind == "OneCycleLR":
            given = OneCycle(cycle_momentum=o.get("cycle_momentum", True), max_lr=o["max_lr"], total_steps=o["total_steps"], pct_start=o.get("pct_start", 0.3),
                             base_momentum=o.get("base_momentum", 0.85), max_momentum=o.get("max_momentum", 0.95), div_factor=o.get("div_factor", 25),
                             final_div_factor=o.get("final_div_factor", 1e4), linear=o.get("anneal_strategy") == "linear", three_phase=o.get("three_phase", False))
            name, values = "one_cycle_lr", [self.opt, ctypes.byref(given)]
        elif kind == "CyclicLR":
            given = Cyclic(cycle_momentum=o.get("cycle_momentum", True), base_lr=o["base_lr"], max_lr=o["max_lr"], step_size_up=o["step_size_up"],
                           step_size_down=o.get("step_size_down", 0), gamma=o.get("gamma", 1), base_momentum=o.get("base_momentum", 0.8),
                           max_momentum=o.get("max_momentum", 0.9), mode=["triangular", "triangular2", "exp_range"].index(o.get("mode", "triangular")))
            name, values = "cyclic_lr", [self.opt, ctypes.byref(given)]
        else:
            given = Plateau(max=o.get("mode") == "max", factor=o.get("factor", 0.1), patience=o.get("patience", 10), cooldown=o.get("cooldown", 0),
                            threshold=o.get("threshold", 1e-4), abs=o.get("threshold_mode") == "abs", min_lr=o.get("min_lr", 0), eps=o.get("eps", 1e-8))
            name, values = "reduce_lr_on_plateau", [self.opt, ctypes.byref(given)]
        create = getattr(self.lib, f"bp_{name}_create")
        create.restype = P
        made = create(*values)
        assert made, self.lib.bp_context_message(self.ctx)
        return P(made)

    def read(self):
        return [self.lib.bp_optimizer_option(self.opt, 0, b"lr"), self.lib.bp_optimizer_option(self.opt, 1, b"lr"),
                self.lib.bp_optimizer_option(self.opt, 1, self.momentum)]

    def step(self, t):
        plateau = self.spec["class"] == "ReduceLROnPlateau"
        status = self.lib.bp_scheduler_step_metric(self.s, F64(training.metric(t))) if plateau else self.lib.bp_scheduler_step(self.s)
        assert status == 0, self.lib.bp_context_message(self.ctx)


@pytest.mark.parametrize("name", training.SCHEDULES)
def test_schedule_in_c(name):
    c = InC(library(), training.SCHEDULES[name])
    compare(training.rates(training.STEPS, c.step, c.read), RATES[name])
    c.lib.bp_context_destroy(c.ctx)


# Averages ------------------------------------------------------------------------------------------------------------


def drift(net, k):
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(torch.full_like(p, float(k)))


@pytest.mark.parametrize("options, want", [({}, 2.5), ({"multi_avg_fn": "ema"}, 1 * 0.729 + 2 * 0.081 + 3 * 0.09 + 4 * 0.1), ({"avg_fn": "ema"}, 1 * 0.729 + 2 * 0.081 + 3 * 0.09 + 4 * 0.1),
                                           ({"avg_fn": "swa"}, 2.5), ({"multi_avg_fn": "swa"}, 2.5)])
def test_averaged_model(options, want):
    functions = {("multi_avg_fn", "ema"): lambda: swa_utils.get_ema_multi_avg_fn(0.9), ("avg_fn", "ema"): lambda: swa_utils.get_ema_avg_fn(0.9),
                 ("avg_fn", "swa"): swa_utils.get_swa_avg_fn, ("multi_avg_fn", "swa"): swa_utils.get_swa_multi_avg_fn}
    net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    average = swa_utils.AveragedModel(net, **{k: functions[k, v]() for k, v in options.items()})
    for k in (1, 2, 3, 4):
        drift(net, k)
        net(torch.randn(4, 2))
        average.update_parameters(net)
    assert all(v == pytest.approx(want) for p in average.parameters() for v in p.flatten().tolist())
    assert average.n_averaged.item() == 4
    assert average.module[1].running_mean.tolist() == net[1].running_mean.tolist()
    assert "n_averaged" in average.state_dict() and "module.0.weight" in average.state_dict()
    assert average(torch.zeros(2, 2)).shape == (2, 3)


def test_update_bn():
    torch.manual_seed(0)
    net = nn.Sequential(nn.BatchNorm1d(3))
    batches = [torch.randn(8, 3) + k for k in range(3)]
    swa_utils.update_bn([(x, None) for x in batches], net.eval())
    want = sum(x.mean(0) for x in batches) / 3
    assert net[0].running_mean.tolist() == pytest.approx(want.tolist(), rel=1e-5, abs=1e-6)
    assert net[0].momentum == 0.1 and not net.training


def test_decay_is_checked():
    for f in (swa_utils.get_ema_avg_fn, swa_utils.get_ema_multi_avg_fn):
        with pytest.raises(ValueError):
            f(1.5)


# Gradients kept small ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [1, 2, 3.0, float("inf")])
def test_the_parts_of_clip_grad_norm(order):
    def parameters():
        made = [torch.zeros(2, requires_grad=True), torch.zeros(1, requires_grad=True), torch.zeros(1, requires_grad=True)]
        made[0].grad, made[1].grad = torch.tensor([3.0, -4.0]), torch.tensor([12.0])
        return made

    utils = nn.utils
    a, b = parameters(), parameters()
    total = utils.get_total_norm([p.grad for p in a if p.grad is not None], order)
    assert total.item() == pytest.approx(utils.clip_grad_norm_(b, 2.0, order).item())
    utils.clip_grads_with_norm_(a, 2.0, total)
    assert a[0].grad.tolist() == pytest.approx(b[0].grad.tolist(), rel=1e-5)
    assert utils.get_total_norm([]).item() == 0
    with pytest.raises(RuntimeError):
        utils.get_total_norm([torch.tensor([float("nan")])], error_if_nonfinite=True)
