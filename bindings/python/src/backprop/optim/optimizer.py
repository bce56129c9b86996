"""What the optimizers share: parameter groups, state, and for those the library has, the way there."""

from collections import defaultdict

from .. import _core
from .._core import Tensor
from .._grad_mode import enable_grad, no_grad
from ._hooks import Hooked as _Hooked

_SPLIT = {"betas": ("beta1", "beta2"), "etas": ("etaminus", "etaplus"), "step_sizes": ("step_size_min", "step_size_max"),
          "ns_coefficients": ("ns_a", "ns_b", "ns_c")}
_CHOICES = {"adjust_lr_fn": ("adjust_lr", {None: 0, "original": 0, "match_rms_adamw": 1}),
            "line_search_fn": ("strong_wolfe", {None: 0, "strong_wolfe": 1})}


class Optimizer(_Hooked):
    """Parameter groups, zero_grad and state. A class of your own gives its defaults to super().__init__(params,
    defaults), defines step(), and keeps what it likes in self.state[p]."""

    def __init__(self, params, defaults):
        if isinstance(params, Tensor):
            raise TypeError("params must be an iterable of Tensors or dicts, not a Tensor")
        self.defaults = defaults
        self.param_groups = []
        self._start()
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

    def _start(self):
        self.state = defaultdict(dict)

    def add_param_group(self, param_group):
        """Adds parameters, param_group['params'], with options of their own; what is not named is as in defaults.
        ValueError for a parameter that is there already or is no leaf."""
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, got {type(param_group)}")
        params = param_group["params"]
        params = [params] if isinstance(params, Tensor) else list(params)
        group = {"params": params, **self.defaults, **{k: v for k, v in param_group.items() if k != "params"}}
        if params and all(isinstance(p, tuple) for p in params):
            group["param_names"], group["params"] = [name for name, _ in params], [p for _, p in params]
        known = {id(p) for group in self.param_groups for p in group["params"]}
        for p in group["params"]:
            if not isinstance(p, Tensor):
                raise TypeError(f"optimizer can only optimize Tensors, but one of the params is {type(p).__name__}")
            if not p.is_leaf:
                raise ValueError("can't optimize a non-leaf Tensor")
            if id(p) in known:
                raise ValueError("some parameters appear in more than one parameter group")
            known.add(id(p))
        self.param_groups.append(group)

    def step(self, closure=None):
        """Moves the parameters; subclasses define it."""
        raise NotImplementedError

    def zero_grad(self, set_to_none=True):
        """Drops the gradients, or with set_to_none=False fills them with zeros."""
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none:
                    p.grad = None
                elif p.grad is not None:
                    p.grad.zero_()

    def state_dict(self):
        """{"state": {number of a parameter: its state}, "param_groups": [options, "params" as numbers]}"""
        numbers = {id(p): i for i, p in enumerate(p for group in self.param_groups for p in group["params"])}
        groups = [{**{k: v for k, v in group.items() if k != "params"}, "params": [numbers[id(p)] for p in group["params"]]}
                  for group in self.param_groups]
        return {"state": {numbers[id(p)] if isinstance(p, Tensor) else p: kept for p, kept in self.state.items()}, "param_groups": groups}

    def load_state_dict(self, state_dict):
        """Takes over what state_dict() of an optimizer with the same groups gave, ours or PyTorch's as tensors of ours."""
        groups = state_dict["param_groups"]
        if len(groups) != len(self.param_groups):
            raise ValueError("loaded state dict has a different number of parameter groups")
        if any(len(new["params"]) != len(old["params"]) for new, old in zip(groups, self.param_groups)):
            raise ValueError("loaded state dict contains a parameter group that doesn't match the size of optimizer's group")
        parameters = {number: p for new, old in zip(groups, self.param_groups) for number, p in zip(new["params"], old["params"])}
        self._take({parameters.get(number, number): kept for number, kept in state_dict["state"].items()},
                   [{**self.defaults, **{k: v for k, v in new.items() if k != "params"}} for new in groups])

    def _take(self, state, options):
        self.state = defaultdict(dict)
        for p, kept in state.items():
            self.state[p] = {k: _cast(p, k, v) for k, v in kept.items()} if isinstance(kept, dict) else kept
        self._take_options(options)

    def _take_options(self, options):
        for i, new in enumerate(options):
            old = self.param_groups[i]
            names = {"param_names": old["param_names"]} if "param_names" in old else {}
            self.param_groups[i] = {"params": old["params"], **names, **new}

    def __repr__(self):
        lines = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            lines += [f"    {name}: {group[name]}" for name in sorted(group) if name != "params"]
        return "\n".join(lines + [")"])


def _cast(p, name, value):
    """A copy of a loaded state, in the type of its parameter unless it is a count."""
    if not isinstance(value, Tensor):
        return value
    return value.detach().clone() if name == "step" or not isinstance(p, Tensor) else value.detach().clone().to(p.dtype)


class Built(Optimizer):
    """An optimizer the library has. A group here is one there; parameters that come to require a gradient only later, one more."""

    _split = {}

    def __init__(self, params, defaults, foreach=None, differentiable=False, capturable=False, fused=None):
        if differentiable or capturable:
            raise ValueError(f"{type(self).__name__}: {'differentiable' if differentiable else 'capturable'} is not there")
        super().__init__(params, defaults)

    def _start(self):
        self._made = _core._optimizer(self._kind)
        self._groups = []  # for each group: the library's groups, and the options they have
        self._used = 0  # groups of the library that are in use; the first is there from the start
        self._numbers = {}  # id of a parameter: its number in the library

    def _options(self, group):
        """The library's names and numbers for the options of a group."""
        options = {}
        for name in self.defaults:
            value = group[name]
            if name in self._split or name in _SPLIT:
                parts = self._split.get(name) or _SPLIT[name]
                if len(value) != len(parts):
                    raise ValueError(f"{type(self).__name__}: {name} must be {len(parts)} numbers, not {value}")
                options.update(zip(parts, value))
            elif name in _CHOICES:
                to, choices = _CHOICES[name]
                if value not in choices:
                    raise ValueError(f"{type(self).__name__}: {name} must be one of {', '.join(map(repr, choices))}, it is {value!r}")
                options[to] = choices[value]
            else:
                options[name] = value
        return {name: -1.0 if value is None else float(value) for name, value in options.items()}

    def add_param_group(self, param_group):
        """Adds parameters, param_group['params'], with options of their own; what is not named is as in defaults."""
        super().add_param_group(param_group)
        try:
            group = self.param_groups[-1]
            options = self._options(group)
            first = self._new_group(options)
        except Exception:
            self.param_groups.pop()
            raise
        self._groups.append(([first], options))
        for p in group["params"]:
            if p.requires_grad:
                self._add(p)

    def _new_group(self, options):
        number = self._made.add_group() if self._used else 0
        self._made.set(number, options)
        self._used += 1
        return number

    def _add(self, p):
        self._made.add(p)
        self._numbers[id(p)] = len(self._numbers)

    def _hand_over(self):
        """Tells the library what has changed in param_groups."""
        for i, group in enumerate(self.param_groups):
            numbers, before = self._groups[i]
            options = self._options(group)
            if options != before:
                for number in numbers:
                    self._made.set(number, options)
                self._groups[i] = (numbers, options)
            late = [p for p in group["params"] if id(p) not in self._numbers and p.requires_grad]
            if late:
                numbers.append(self._new_group(options))
                for p in late:
                    self._add(p)

    def step(self, closure=None):
        """Moves every parameter that has a gradient. A closure recomputes the loss first; its value is returned."""
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        self._hand_over()
        self._made.step()
        return loss

    def _step_by(self, closure):
        self._hand_over()

        def with_gradient():
            with enable_grad():
                return closure()

        return self._made.step_closure(with_gradient)

    def zero_grad(self, set_to_none=True):
        """Drops the gradients, or with set_to_none=False fills them with zeros."""
        if set_to_none and len(self._numbers) == sum(len(group["params"]) for group in self.param_groups):
            self._made.zero_grad()
        else:
            super().zero_grad(set_to_none)

    @property
    def state(self):
        """{parameter: {name: Tensor}}; the tensors look into what the library keeps."""
        found = {}
        for group in self.param_groups:
            for p in group["params"]:
                if id(p) in self._numbers:
                    kept = self._made.state(self._numbers[id(p)])
                    if kept:
                        found[p] = _from_lbfgs(kept, p) if self._kind == "lbfgs" else kept
        return found

    def _take(self, state, options):
        for new in options:
            if new.get("capturable") or new.get("differentiable"):
                raise ValueError(f"{type(self).__name__}: capturable and differentiable are not there")
        fresh = [self._options(new) for new in options]  # refuses what cannot be
        with no_grad():
            for p, kept in state.items():
                if id(p) not in self._numbers:
                    raise ValueError(f"{type(self).__name__}: the loaded state has entries for a parameter that requires no gradient")
                for name, value in (_to_lbfgs(kept) if self._kind == "lbfgs" else kept).items():
                    if value is not None:
                        self._made.set_state(self._numbers[id(p)], name, value if isinstance(value, Tensor) else _core.tensor(float(value)))
        for (numbers, _), new in zip(self._groups, fresh):
            for number in numbers:
                self._made.set(number, new)
        self._groups = [(numbers, new) for (numbers, _), new in zip(self._groups, fresh)]
        self._take_options(options)

    def __getstate__(self):
        """For pickle and deepcopy: what the library keeps goes along as a state_dict; hooks stay behind, as in PyTorch."""
        left = ("_made", "_groups", "_used", "_numbers", "param_groups", "step", "state_dict", "load_state_dict")
        attributes = {name: value for name, value in self.__dict__.items() if name not in left}
        return attributes, [dict(group) for group in self.param_groups], self.state_dict()["state"]

    def __setstate__(self, kept):
        attributes, groups, state = kept
        self.__dict__.update(attributes, param_groups=[])
        self._start()
        for group in groups:
            self.add_param_group(group)
        parameters = [p for group in groups for p in group["params"]]
        self._take({parameters[number]: values for number, values in state.items()}, [{k: v for k, v in group.items() if k != "params"} for group in groups])

    def state_dict(self):
        """{'state': {number of a parameter: {name: Tensor}}, 'param_groups': [options, 'params' as numbers]}, in
        PyTorch's layout; the tensors look into what the library keeps."""
        result = super().state_dict()
        for kept in result["state"].values():
            for name, value in kept.items():
                if isinstance(value, Tensor):
                    kept[name] = value.clone()
        return result


def _from_lbfgs(kept, p):
    """PyTorch's names for what the library keeps as four tensors; double precision whatever the parameters are."""
    evaluations, iterations, t, h_diag, loss, *ro = kept["numbers"].tolist()
    d, last = kept["vectors"]
    return {"func_evals": int(evaluations), "n_iter": int(iterations), "d": d, "t": t, "old_dirs": list(kept["old_dirs"]),
            "old_stps": list(kept["old_stps"]), "ro": ro, "H_diag": h_diag, "prev_flat_grad": last, "prev_loss": loss}


def _to_lbfgs(kept):
    if "d" not in kept:
        return {}
    numbers = [kept["func_evals"], kept["n_iter"], kept["t"], kept["H_diag"], kept["prev_loss"], *kept["ro"]]
    d = kept["d"].detach().to(_core.float64)

    def rows(vectors):
        return _core.stack([v.detach().to(_core.float64) for v in vectors]) if vectors else _core.zeros(0, d.numel(), dtype=_core.float64)

    return {"numbers": _core.tensor([float(x) for x in numbers], dtype=_core.float64), "vectors": rows([d, kept["prev_flat_grad"]]),
            "old_dirs": rows(kept["old_dirs"]), "old_stps": rows(kept["old_stps"])}
