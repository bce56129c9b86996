"""Tensors print as PyTorch prints them, character by character."""

import pytest
from engine import text, torch

nan, inf = float("nan"), float("inf")


def plain(*args, **kwargs):
    return torch.tensor(*args, **kwargs)


@pytest.mark.parametrize(
    "make, expected",
    [
        (lambda: plain(-72.0), "tensor(-72.)"),
        (lambda: plain(81), "tensor(81)"),
        (lambda: plain(True), "tensor(True)"),
        (lambda: plain(0.1), "tensor(0.1000)"),
        (lambda: plain(1e-5), "tensor(1.0000e-05)"),
        (lambda: plain(nan), "tensor(nan)"),
        (lambda: plain(-inf), "tensor(-inf)"),
        (lambda: plain([1.0, 2.0]), "tensor([1., 2.])"),
        (lambda: plain([1.5, -2.25]), "tensor([ 1.5000, -2.2500])"),
        (lambda: plain([1, -20, 300]), "tensor([  1, -20, 300])"),
        (lambda: plain([True, False]), "tensor([ True, False])"),
        (lambda: plain([1.0, nan, inf]), "tensor([1., nan, inf])"),
        (lambda: plain([1.5, nan, -inf]), "tensor([1.5000,    nan,   -inf])"),
        (lambda: plain([0.0, 0.0]), "tensor([0., 0.])"),
        (lambda: plain([-0.0, nan]), "tensor([-0., nan])"),
        (lambda: plain([1.0, 1e6]), "tensor([1.0000e+00, 1.0000e+06])"),
        (lambda: plain([0.001, 10.0]), "tensor([1.0000e-03, 1.0000e+01])"),
        (lambda: plain([1e9]), "tensor([1.0000e+09])"),
        (lambda: plain([999.5, 1.0]), "tensor([999.5000,   1.0000])"),
        (lambda: plain([[1.0, 2.0], [3.0, 4.5]]), "tensor([[1.0000, 2.0000],\n        [3.0000, 4.5000]])"),
        (lambda: plain([[[1, 2]], [[3, 4]]]), "tensor([[[1, 2]],\n\n        [[3, 4]]])"),
        (lambda: plain([]), "tensor([])"),
        (lambda: torch.zeros(2, 0), "tensor([], size=(2, 0))"),
        (lambda: torch.zeros(0, dtype=torch.int64), "tensor([], dtype=torch.int64)"),
        (lambda: plain([1.0], dtype=torch.float64), "tensor([1.], dtype=torch.float64)"),
        (lambda: plain([1], dtype=torch.int32), "tensor([1], dtype=torch.int32)"),
        (lambda: plain([7], dtype=torch.uint8), "tensor([7], dtype=torch.uint8)"),
        (lambda: plain([1.5], dtype=torch.float16), "tensor([1.5000], dtype=torch.float16)"),
        (lambda: plain([1.5], dtype=torch.bfloat16), "tensor([1.5000], dtype=torch.bfloat16)"),
        (lambda: plain([1.0, 2.0], requires_grad=True), "tensor([1., 2.], requires_grad=True)"),
        (lambda: plain([1.0, 2.0], requires_grad=True) * 3, "tensor([3., 6.], grad_fn=<MulBackward0>)"),
        (lambda: plain(2.0, dtype=torch.float64, requires_grad=True), "tensor(2., dtype=torch.float64, requires_grad=True)"),
    ],
)
def test_text(make, expected):
    assert text(make()) == expected


def test_long_rows_wrap_at_80_columns():
    assert text(torch.arange(30)) == (
        "tensor([ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16, 17,\n"
        "        18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29])"
    )
    assert text(torch.ones(11, dtype=torch.float64)) == "tensor([1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1.], dtype=torch.float64)"
    assert text(torch.tensor([-0.0, 1.0] * 8 + [-0.0])) == "tensor([-0., 1., -0., 1., -0., 1., -0., 1., -0., 1., -0., 1., -0., 1., -0., 1., -0.])"
    assert text(torch.ones(17, dtype=torch.float64)) == (
        "tensor([1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1.],\n       dtype=torch.float64)"
    )


def test_more_than_1000_elements_are_summarised():
    assert text(torch.arange(1001)) == "tensor([   0,    1,    2,  ...,  998,  999, 1000])"
    assert text(torch.arange(1000)).count(",") == 999
    assert text(torch.zeros(40, 50)) == (
        "tensor([[0., 0., 0.,  ..., 0., 0., 0.],\n"
        "        [0., 0., 0.,  ..., 0., 0., 0.],\n"
        "        [0., 0., 0.,  ..., 0., 0., 0.],\n"
        "        ...,\n"
        "        [0., 0., 0.,  ..., 0., 0., 0.],\n"
        "        [0., 0., 0.,  ..., 0., 0., 0.],\n"
        "        [0., 0., 0.,  ..., 0., 0., 0.]])"
    )
    assert text(torch.zeros(600, 2)) == (
        "tensor([[0., 0.],\n        [0., 0.],\n        [0., 0.],\n        ...,\n        [0., 0.],\n        [0., 0.],\n        [0., 0.]])"
    )


def test_views_and_parameters():
    x = torch.arange(6).reshape(2, 3)
    assert text(x.T) == "tensor([[0, 3],\n        [1, 4],\n        [2, 5]])"
    assert text(torch.nn.Parameter(torch.ones(2))) == "Parameter containing:\ntensor([1., 1.], requires_grad=True)"


def test_sizes_types_and_devices():
    x = torch.zeros(2, 3)
    assert text(x.shape) == "torch.Size([2, 3])"
    assert text(x.dtype) == "torch.float32"
    assert text(torch.long) == "torch.int64"
    assert str(x.device) == "cpu" and repr(x.device) == "device(type='cpu')"


def test_format():
    assert f"{torch.tensor(1.23456):.2f}" == "1.23"
    assert f"{torch.tensor(7):>3}" == "  7"
    assert f"{torch.tensor([1.0])}" == "tensor([1.])"
    assert f"{torch.tensor(0.5)}" in ("tensor(0.5000)", "0.5")
    with pytest.raises(TypeError):
        f"{torch.tensor([1.0]):.2f}"
