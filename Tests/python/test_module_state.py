"""Initial values made anew, hooks around the state of modules and optimizers, extra state."""

import copy
import math

import pytest
from engine import torch

nn = torch.nn


@pytest.mark.parametrize("make, bound", [
    (lambda: nn.Linear(16, 3), 1 / 4), (lambda: nn.Bilinear(4, 2, 3), 1 / 2), (lambda: nn.Conv2d(4, 3, 2), 1 / 4), (lambda: nn.ConvTranspose1d(4, 4, 4), 1 / 4),
    (lambda: nn.LSTM(3, 4), 1 / 2), (lambda: nn.GRUCell(3, 4), 1 / 2),
])
def test_reset_parameters(make, bound):
    torch.manual_seed(7)
    module = make()
    first = {k: v.clone() for k, v in module.state_dict().items()}
    for p in module.parameters():
        p.data.fill_(100.0)
    torch.manual_seed(7)
    module.reset_parameters()
    for name, value in module.state_dict().items():
        assert value.tolist() == first[name].tolist()
        assert value.abs().max() <= bound + 1e-6 and (value.numel() < 8 or value.abs().max() > bound / 2)


@pytest.mark.parametrize("make", [lambda: nn.LayerNorm(3), lambda: nn.GroupNorm(1, 3), lambda: nn.RMSNorm(3), lambda: nn.PReLU(3, 0.5)])
def test_reset_norms(make):
    module = make()
    before = {k: v.tolist() for k, v in module.state_dict().items()}
    for p in module.parameters():
        p.data.fill_(7.0)
    module.reset_parameters()
    assert {k: v.tolist() for k, v in module.state_dict().items()} == before


def test_a_subclass_chooses_its_initial_values():
    class Ones(nn.Linear):
        def reset_parameters(self):
            nn.init.ones_(self.weight)
            nn.init.zeros_(self.bias)

    assert Ones(2, 2)(torch.ones(1, 2)).tolist() == [[2.0, 2.0]]


class Counting(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(1, 1)
        self.count = 0

    def get_extra_state(self):
        return {"count": self.count}

    def set_extra_state(self, state):
        self.count = state["count"]


def test_extra_state():
    net = nn.Sequential(Counting())
    net[0].count = 3
    state = net.state_dict()
    assert list(state) == ["0._extra_state", "0.inner.weight", "0.inner.bias"] or list(state)[-1] == "0._extra_state"
    other = nn.Sequential(Counting())
    assert str(other.load_state_dict(state)) == "<All keys matched successfully>" and other[0].count == 3
    del state["0._extra_state"]
    with pytest.raises(RuntimeError, match="_extra_state"):
        other.load_state_dict(state)
    with pytest.raises(RuntimeError):
        nn.Linear(1, 1).get_extra_state()
    with pytest.raises(RuntimeError):
        nn.Linear(1, 1).set_extra_state(None)


def test_hooks_around_the_state():
    net, said = nn.Sequential(nn.Linear(1, 1)), []
    net[0].register_state_dict_pre_hook(lambda module, prefix, keep_vars: said.append((prefix, keep_vars)))
    net.register_state_dict_post_hook(lambda module, state, prefix, metadata: state.update(more=torch.ones(1)))
    state = net.state_dict()
    assert said == [("0.", False)] and list(state) == ["0.weight", "0.bias", "more"]

    def renamed(module, state, prefix, metadata, strict, missing, unexpected, errors):
        state.pop("more", None)
        if prefix + "kernel" in state:
            state[prefix + "weight"] = state.pop(prefix + "kernel")

    handle = net[0].register_load_state_dict_pre_hook(renamed)
    net.register_load_state_dict_post_hook(lambda module, keys: said.append((keys.missing_keys, keys.unexpected_keys)))
    net.load_state_dict({"0.kernel": torch.tensor([[5.0]]), "0.bias": torch.zeros(1)})
    assert net[0].weight.item() == 5.0 and said[-1] == ([], [])
    handle.remove()
    with pytest.raises(RuntimeError):
        net.load_state_dict({"0.kernel": torch.tensor([[5.0]]), "0.bias": torch.zeros(1)})


def test_a_child_may_say_what_its_state_is():
    class Doubled(nn.Linear):
        def state_dict(self, *args, **kwargs):
            state = super().state_dict(*args, **kwargs)
            prefix = kwargs.get("prefix", "")
            state[prefix + "twice"] = 2 * state[prefix + "bias"]
            return state

    assert list(nn.Sequential(Doubled(1, 1)).state_dict()) == ["0.weight", "0.bias", "0.twice"]


def test_to_empty_and_compile():
    net = nn.Linear(2, 2)
    assert net.to_empty(device="cpu") is net


def test_hooks_around_an_optimizer():
    p = nn.Parameter(torch.ones(2))
    optimizer, said = torch.optim.SGD([p], lr=0.5), []
    before = optimizer.register_step_pre_hook(lambda o, args, kwargs: said.append(("before", o is optimizer, p.tolist())))
    optimizer.register_step_post_hook(lambda o, args, kwargs: said.append(("after", args[0] is optimizer, p.tolist())))
    p.grad = torch.ones(2)
    assert optimizer.step(lambda: 3.0) == 3.0
    assert said == [("before", True, [1, 1]), ("after", True, [0.5, 0.5])]
    before.remove()
    optimizer.step()
    assert len(said) == 3
    optimizer.register_state_dict_pre_hook(lambda o: said.append("reading"))
    optimizer.register_state_dict_post_hook(lambda o, state: {**state, "more": 1})
    state = optimizer.state_dict()
    assert said[-1] == "reading" and state["more"] == 1

    def without_more(o, state):
        assert o is optimizer
        return {k: v for k, v in state.items() if k != "more"}

    optimizer.register_load_state_dict_pre_hook(without_more)
    optimizer.register_load_state_dict_post_hook(lambda o: said.append("loaded"))
    state["param_groups"][0]["lr"] = 0.25
    optimizer.load_state_dict(state)
    assert said[-1] == "loaded" and optimizer.param_groups[0]["lr"] == 0.25
    order = []
    optimizer.register_state_dict_pre_hook(lambda o: order.append(1))
    optimizer.register_state_dict_pre_hook(lambda o: order.append(0), prepend=True)
    optimizer.state_dict()
    assert order == [0, 1]
