"""assert_close finds what PyTorch's finds and says it in the same words; make_tensor keeps to its range."""

import collections
import importlib

import pytest
from engine import IS_TORCH, ours, torch

testing = importlib.import_module(torch.__name__ + ".testing")
close, make_tensor = testing.assert_close, testing.make_tensor
T = torch.tensor
nan, inf = float("nan"), float("inf")


@pytest.mark.parametrize("actual, expected, options", [
    (T([1.0, 2.0]), T([1.0, 2.0]), {}), (T([1.0]), T([1.000001]), {}), (T([0.0]), T([9e-6]), {}), (T(1.0), T(1.0), {}), (T([]), T([]), {}),
    (T([1.0], dtype=torch.float64), T([1.0 + 5e-8], dtype=torch.float64), {}), (T([1.0], dtype=torch.float16), T([1.001], dtype=torch.float16), {}),
    (T([1.0], dtype=torch.bfloat16), T([1.01], dtype=torch.bfloat16), {}), (T([1, 2]), T([1, 2]), {}), (T([True]), T([True]), {}),
    (T([inf, -inf]), T([inf, -inf]), {}), (T([nan]), T([nan]), {"equal_nan": True}), (T([1.0]), T([1]), {"check_dtype": False}),
    (T([1.0]), T([1.1]), {"rtol": 0, "atol": 0.2}), (T([100]), T([101]), {"rtol": 0.01, "atol": 0}), (1.0, 1.0 + 1e-8, {}), (3, 3, {}), (True, True, {}),
    (None, None, {}), (nan, nan, {"equal_nan": True}), (1, 1.0, {"check_dtype": False}), ([T([1.0]), 2], [T([1.0]), 2], {}), ((1, [2, (3,)]), (1, [2, (3,)]), {}),
    ({"a": T(1), "b": [None]}, collections.OrderedDict(b=[None], a=T(1)), {}), ([], (), {}), (torch.ones(2, 3), torch.ones(3, 2).t(), {}),
    (T([1.0], requires_grad=True), T([1.0]), {}), (torch.nn.Parameter(torch.ones(1)), torch.ones(1), {})])
def test_close(actual, expected, options):
    assert close(actual, expected, **options) is None


FAILURES = [
    (T([1.0, 2.0, 3.0]), T([1.0, 2.5, 3.0]), {}, "Tensor-likes are not close!\n\nMismatched elements: 1 / 3 (33.3%)\nGreatest absolute difference: 0.5 at index (1,) "
     "(up to 1e-05 allowed)\nGreatest relative difference: 0.20000000298023224 at index (1,) (up to 1.3e-06 allowed)"),
    (T([[1, 2], [3, 4]]), T([[1, 0], [3, 5]]), {}, "Tensor-likes are not equal!\n\nMismatched elements: 2 / 4 (50.0%)\nGreatest absolute difference: 2 at index (0, 1)\n"
     "Greatest relative difference: inf at index (0, 1)"),
    (T([2**60]), T([2**60 + 1]), {}, "Tensor-likes are not equal!\n\nMismatched elements: 1 / 1 (100.0%)\nGreatest absolute difference: 1 at index (0,)\n"
     "Greatest relative difference: 8.673617379884035e-19 at index (0,)"),
    (T([True, False]), T([False, False]), {}, "Tensor-likes are not equal!\n\nMismatched elements: 1 / 2 (50.0%)\nGreatest absolute difference: 1 at index (0,)\n"
     "Greatest relative difference: inf at index (0,)"),
    (T(1.0), T(2.0), {}, "Scalars are not close!\n\nExpected 2.0 but got 1.0.\nAbsolute difference: 1.0 (up to 1e-05 allowed)\nRelative difference: 0.5 (up to 1.3e-06 allowed)"),
    (T(1), T(0), {}, "Scalars are not equal!\n\nExpected 0 but got 1.\nAbsolute difference: 1\nRelative difference: inf"),
    (1.0, 1.5, {}, "Scalars are not close!\n\nExpected 1.5 but got 1.0.\nAbsolute difference: 0.5 (up to 1e-07 allowed)\nRelative difference: 0.3333333333333333 (up to 1e-07 allowed)"),
    (T([1.0]), T([1.5]), {"rtol": 0, "atol": 0.25}, "Tensor-likes are not close!\n\nMismatched elements: 1 / 1 (100.0%)\nGreatest absolute difference: 0.5 at index (0,) "
     "(up to 0.25 allowed)\nGreatest relative difference: 0.3333333432674408 at index (0,) (up to 0 allowed)"),
    (T([nan, 1.0]), T([nan, 1.0]), {}, "Tensor-likes are not close!\n\nMismatched elements: 1 / 2 (50.0%)\nGreatest absolute difference: nan at index (0,) (up to 1e-05 allowed)\n"
     "Greatest relative difference: nan at index (0,) (up to 1.3e-06 allowed)"),
    (T([1.0]), T([1.0], dtype=torch.float64), {}, "The values for attribute 'dtype' do not match: torch.float32 != torch.float64."),
    (T([1.0]), T([1.0, 2.0]), {}, "The values for attribute 'shape' do not match: torch.Size([1]) != torch.Size([2])."),
    (torch.ones(2, 3), torch.ones(3, 2).t(), {"check_stride": True}, "The values for attribute 'stride()' do not match: (3, 1) != (1, 2)."),
    (None, 1, {}, "None mismatch: None is not 1"), (True, False, {}, "Booleans mismatch: True is not False"),
    (1, 1.0, {}, "The (d)types do not match: <class 'int'> != <class 'float'>."),
    ([1], [1, 2], {}, "The length of the sequences mismatch: 1 != 2"),
    ({"a": 1}, {"b": 1}, {}, "The keys of the mappings do not match:\nMissing keys in the actual mapping: ['b']\nAdditional keys in the actual mapping: ['a']"),
    ([[1], [2, 3]], [[1], [2, 4]], {}, "Scalars are not equal!\n\nExpected 4 but got 3.\nAbsolute difference: 1\nRelative difference: 0.25\n\nThe failure occurred for item [1][1]"),
    ({"a": [1.0, None]}, {"a": [1.0, 2]}, {}, "None mismatch: None is not 2\n\nThe failure occurred for item ['a'][1]"),
    ({"a": [1, 2], "b": 1}, {"a": [1], "b": 2}, {}, "The length of the sequences mismatch: 2 != 1\n\nThe failure occurred for item ['a']"),
    (T([1.0]), T([2.0]), {"msg": "no"}, "no"), ([1], [2], {"msg": lambda text: "head " + text.splitlines()[-1]}, "head The failure occurred for item [0]"),
]


@pytest.mark.parametrize("actual, expected, options, words", FAILURES)
def test_not_close(actual, expected, options, words):
    with pytest.raises(AssertionError) as caught:
        close(actual, expected, **options)
    assert str(caught.value).replace("backprop.", "torch.") == words


@pytest.mark.parametrize("actual, expected, options, error, words", [
    ("a", "a", {}, TypeError, "No comparison pair was able to handle inputs of type <class 'str'> and <class 'str'>."),
    (T([1.0]), [1.0], {}, TypeError, "No comparison pair was able to handle inputs of type <class '.*Tensor'> and <class 'list'>"),
    ([object()], [object()], {}, TypeError, r"(?s)No comparison pair.*item \[0\]"), (T([1.0]), 1.0, {}, TypeError, "No comparison pair"),
    (T(1.0), T(1.0), {"rtol": 0.1}, ValueError, "Both 'rtol' and 'atol' must be either specified or omitted, but got no atol"),
    (1.0, 1.0, {"atol": 0.1}, ValueError, "but got no rtol"),
    (torch.nn.Parameter(torch.ones(1)), torch.ones(1), {"allow_subclasses": False}, TypeError, "No comparison pair")])
def test_what_cannot_be_compared(actual, expected, options, error, words):
    with pytest.raises(error, match=words):
        close(actual, expected, **options)


def test_arrays():
    numpy = pytest.importorskip("numpy")
    close(numpy.ones(3), numpy.ones(3))
    close(numpy.float32(1.0), numpy.float32(1.0))
    close([numpy.float64(2.0)], [2.0])
    with pytest.raises(AssertionError, match="Mismatched elements: 1 / 3"):
        close(numpy.arange(3.0), numpy.array([0.0, 1.0, 3.0]))
    with pytest.raises(TypeError):
        close(numpy.ones(3), torch.ones(3))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.uint8, torch.bool], ids=str)
def test_made_tensors(dtype):
    torch.manual_seed(0)
    x = make_tensor(40, 30, dtype=dtype, device="cpu")
    low, high = {torch.bool: (0, 1), torch.uint8: (0, 9)}.get(dtype, (-9, 9))
    values = x.double()
    assert x.shape == (40, 30) and x.dtype is dtype and low <= values.min().item() < values.max().item() <= high
    assert make_tensor((2, 3), dtype=dtype, device="cpu").shape == (2, 3) and make_tensor(dtype=dtype, device="cpu").shape == ()
    assert make_tensor(0, 3, dtype=dtype, device="cpu").numel() == 0
    y = make_tensor(50, 4, dtype=dtype, device="cpu", noncontiguous=True)
    assert y.shape == (50, 4) and not y.is_contiguous()
    if dtype is not torch.bool:
        z = make_tensor(500, dtype=dtype, device="cpu", low=0, high=2, exclude_zero=True).double()
        assert 0 < z.min().item() and z.max().item() <= 2
    if dtype.is_floating_point:
        if IS_TORCH or dtype.itemsize >= 4:  # ours has no gradients of half types
            assert make_tensor(2, dtype=dtype, device="cpu", requires_grad=True).requires_grad
        wide = make_tensor(100, dtype=dtype, device="cpu", low=-inf, high=inf).double()
        assert wide.isfinite().all().item()
    else:
        with pytest.raises(ValueError, match="requires_grad"):
            make_tensor(2, dtype=dtype, device="cpu", requires_grad=True)


def test_ranges_that_are_none():
    for low, high in ((2, 1), (nan, 1)):
        with pytest.raises(ValueError):
            make_tensor(2, dtype=torch.float32, device="cpu", low=low, high=high)
    with pytest.raises((ValueError, TypeError)):
        make_tensor(2, dtype=torch.uint8, device="cpu", low=300, high=400)
    big = make_tensor(100, dtype=torch.int64, device="cpu", low=-2**63, high=2**63 - 1)
    assert big.dtype is torch.int64


@ours
def test_make_tensor_wants_our_types():
    with pytest.raises(TypeError, match="not supported"):
        make_tensor(2, dtype=float)
