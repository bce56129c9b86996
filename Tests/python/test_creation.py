"""What every function that makes a tensor takes: dtype, device, requires_grad, layout, pin_memory, memory_format."""

import pytest

from engine import torch

X = [[1.0, 2.0], [3.0, 4.0]]
MAKERS = {
    "zeros": lambda **o: torch.zeros(2, 2, **o), "ones": lambda **o: torch.ones((2, 2), **o), "empty": lambda **o: torch.empty(size=(2, 2), **o),
    "full": lambda **o: torch.full((2, 2), 3, **{"dtype": torch.float32, **o}), "eye": lambda **o: torch.eye(2, **o),
    "arange": lambda **o: torch.arange(4, **{"dtype": torch.float32, **o}), "linspace": lambda **o: torch.linspace(0, 1, 4, **o),
    "logspace": lambda **o: torch.logspace(0, 1, 4, **o), "rand": lambda **o: torch.rand(2, 2, **o), "randn": lambda **o: torch.randn((2, 2), **o),
    "randint": lambda **o: torch.randint(4, (2, 2), **{"dtype": torch.float32, **o}),
    "randperm": lambda **o: torch.randperm(4, **{"dtype": torch.float32, **o}), "normal": lambda **o: torch.normal(0.0, 1.0, (2, 2), **o),
}
LIKE = {
    "zeros_like": torch.zeros_like, "ones_like": torch.ones_like, "empty_like": torch.empty_like, "rand_like": torch.rand_like, "randn_like": torch.randn_like,
    "full_like": lambda x, **o: torch.full_like(x, 3, **o), "randint_like": lambda x, **o: torch.randint_like(x, 9, **o),
}
ALL = {**MAKERS, **{name: lambda make=make, **o: make(torch.tensor(X), **o) for name, make in LIKE.items()}}


@pytest.mark.parametrize("name", ALL)
def test_options_of_every_maker(name):
    make = ALL[name]
    x = make(dtype=torch.float64, device="cpu", requires_grad=True, layout=torch.strided, pin_memory=False)
    assert x.dtype == torch.float64 and x.requires_grad and x.is_leaf and str(x.device) == "cpu" and x.numel() == 4
    x = make(device=None, layout=None)
    assert x.dtype == torch.float32 and not x.requires_grad
    for wrong in ({"layout": 3}, {"dtype": "float"}, {"device": "nowhere"}, {"shape": 3}):
        with pytest.raises((TypeError, RuntimeError)):
            make(**wrong)


@pytest.mark.parametrize("name", LIKE)
def test_memory_formats_of_every_maker_that_follows_a_tensor(name):
    make, x = LIKE[name], torch.zeros(2, 3, 4, 5)
    for format, stride in ((torch.preserve_format, (60, 20, 5, 1)), (torch.contiguous_format, (60, 20, 5, 1)), (torch.channels_last, (60, 1, 15, 3))):
        y = make(x, memory_format=format, requires_grad=True)
        assert y.stride() == stride and y.shape == x.shape and y.is_leaf and y.requires_grad
    with pytest.raises(RuntimeError):
        make(x[0], memory_format=torch.channels_last)
    with pytest.raises(TypeError):
        make(x, memory_format=3)


def test_data_takes_them_too():
    assert torch.tensor(X, dtype=torch.float64, pin_memory=False).dtype == torch.float64
    assert torch.as_tensor(X, dtype=torch.float64, device="cpu").dtype == torch.float64
