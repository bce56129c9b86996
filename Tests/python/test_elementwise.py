"""Element-wise operations and activations: accuracy, whole-number division, operators, in-place methods, modules."""

import math
import operator

import pytest
from engine import close, ours, text, torch

nn, F = torch.nn, torch.nn.functional
LARGEST, SMALLEST = 2**63 - 1, -(2**63)

# x and f(x), from mpmath with 60 digits.
REFERENCE = {
    "digamma": [
        (0.1, -10.423754940411076), (0.7, -1.2200235536979347), (1.0, -0.5772156649015329), (2.5, 0.7031566406452432), (9.9, 2.2411803166063815),
        (123.0, 4.808113806573255), (10000000000.0, 23.025850929890456), (-0.75, -2.894120200042932), (-3.25, 4.46627587235028),
    ],
    "polygamma1": [
        (0.01, 10001.621213528313), (0.1, 101.43329915079275), (1.0, 1.6449340668482264), (2.5, 0.49035775610023485), (9.9, 0.1062830416287406),
        (123.0, 0.008163219974594368), (-0.5, 8.934802200544679), (-3.25, 19.474085068082154),
    ],
    "polygamma4": [
        (0.1, -2400015.6072031953), (1.0, -24.88626612344088), (2.5, -0.3137559995067314), (9.9, -0.0007613435022322184),
        (123.0, -2.6642978815220476e-08), (-3.25, 24481.546101215874),
    ],
    "erfinv": [
        (1e-300, 8.86226925452758e-301), (1e-05, 8.862269254759594e-06), (0.3, 0.2724627147267543), (0.69, 0.7178703840977548),
        (0.71, 0.7482049711849852), (0.9, 1.1630871536766743), (0.999999, 3.458910737275499), (0.9999999999999999, 5.8635847487551676),
    ],
    "ndtri": [
        (1e-300, -37.0470962993612), (1e-20, -9.262340089798407), (0.001, -3.0902323061678136), (0.1, -1.2815515655446004),
        (0.2, -0.8416212335729142), (0.49, -0.025068908258711057), (0.75, 0.6744897501960817), (0.95, 1.6448536269514722),
    ],
    "erfcx": [
        (-5.0, 144009798674.66104), (-0.3, 1.4537492328427655), (0.0, 1.0), (0.5, 0.6156903441929259), (3.0, 0.17900115118138996),
        (10.0, 0.05614099274382259), (24.9, 0.022639987776049506), (25.5, 0.022108108052519827), (1000000.0, 5.641895835474742e-07),
    ],
    "log_ndtr": [
        (-1000.0, -500007.82669481216), (-30.0, -454.3212439563432), (-2.0, -3.783184333682032), (-0.5, -1.1759117615936185),
        (0.5, -0.3689464152886564), (3.0, -0.0013508099647481938), (8.0, -6.220960574271786e-16),
    ],
    "i0": [
        (0.1, 1.0025015629340956), (1.0, 1.2660658777520084), (7.5, 268.16131151518937), (29.9, 708478330489.0145), (30.1, 862432920031.7792),
        (300.0, 4.475847367935052e+128), (712.0, 2.4684110577627523e+307),
    ],
    "i0e": [
        (0.1, 0.9071009257823011), (7.5, 0.14831583007739552), (29.9, 0.07326921904600191), (30.1, 0.07302329413106094),
        (1000.0, 0.012617240455891257), (-3.0, 0.2430003541618254),
    ],
    "i1": [
        (1e-05, 5.0000000000625004e-06), (0.1, 0.050062526047092694), (7.5, 249.58436542268814), (29.9, 696528308361.0927),
        (30.1, 847983630191.5414), (300.0, 4.468381385036955e+128), (-3.0, -3.9533702174026093),
    ],
    "i1e": [
        (0.1, 0.045298446808809324), (7.5, 0.1380412115485542), (29.9, 0.07203337491186879), (30.1, 0.07179985435101434),
        (1000.0, 0.012610930256928629), (-3.0, -0.19682671329730086),
    ],
}
BOUNDS = {"digamma": 8, "polygamma1": 16, "polygamma4": 32, "log_ndtr": 16, "i0": 64, "i0e": 64, "i1": 64, "i1e": 64, "ndtri": 8}  # ULP; others 4


def named(name):
    if name.startswith("polygamma"):
        return lambda x: torch.polygamma(int(name[9:]), x)
    return getattr(torch, name, None) or getattr(torch.special, name)


@ours
@pytest.mark.parametrize("name", REFERENCE)
def test_special_functions_keep_their_bounds(name):
    for x, exact in REFERENCE[name]:
        got = named(name)(torch.tensor(x, dtype=torch.float64)).item()
        assert abs(got - exact) <= BOUNDS.get(name, 4) * math.ulp(exact), f"{name}({x}) = {got!r}, exact {exact!r}, {abs(got - exact) / math.ulp(exact):.1f} ULP"
        rounded, single = torch.tensor(x), torch.tensor(exact).item()
        if rounded.item() == x and abs(exact) < 3e38:  # float32 is rounded once
            assert abs(named(name)(rounded).item() - single) <= 2**-23 * abs(single)


@ours
def test_polygamma_far_below_zero_comes_back_at_once():
    x = torch.tensor([-1e15 + 0.5], dtype=torch.float64)
    assert torch.polygamma(1, x).item() == pytest.approx(math.pi**2, rel=1e-9)
    assert torch.polygamma(2, torch.tensor([-3.0])).item() == -math.inf


def test_the_chain_of_the_gamma_function():
    x = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
    (first,) = torch.autograd.grad(torch.lgamma(x), [x], create_graph=True)
    (second,) = torch.autograd.grad(first, [x], create_graph=True)
    (third,) = torch.autograd.grad(second, [x])
    assert first.item() == pytest.approx(-0.5772156649015329) and second.item() == pytest.approx(math.pi**2 / 6)
    assert third.item() == pytest.approx(-2.4041138063191885)


# -- whole numbers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("f", [operator.floordiv, operator.mod, torch.fmod, lambda a, b: torch.div(a, b, rounding_mode="trunc")])
def test_whole_numbers_have_no_quotient_by_zero(f):
    for b in (torch.tensor([3, 0]), 0):
        with pytest.raises((RuntimeError, ValueError), match="ZeroDivisionError"):
            f(torch.tensor([1, 2]), b)
    assert f(torch.zeros(0, dtype=torch.int64), torch.zeros(0, dtype=torch.int64)).shape == (0,)


@ours  # PyTorch's vector code stops the process
def test_the_lowest_number_divided_by_minus_one():
    for dtype, low in ((torch.int64, SMALLEST), (torch.int32, -(2**31))):
        a, b = torch.tensor([low] * 9, dtype=dtype), torch.tensor([-1] * 9, dtype=dtype)
        assert (a // b).tolist() == [low] * 9 and torch.div(a, b, rounding_mode="trunc").tolist() == [low] * 9
        assert (a % b).tolist() == [0] * 9 and torch.fmod(a, b).tolist() == [0] * 9
    assert torch.gcd(torch.tensor([SMALLEST]), torch.tensor([6])).item() == 2
    assert torch.lcm(torch.tensor([LARGEST]), torch.tensor([LARGEST])).item() == LARGEST


def test_python_and_tensors_divide_alike():
    for a in range(-7, 8):
        for b in (-3, -2, -1, 1, 2, 3):
            x, y = torch.tensor(a), torch.tensor(b)
            assert (x // y).item() == a // b and (x % y).item() == a % b and (a // y).item() == a // b and (a % y).item() == a % b
            assert (x.float() // b).item() == a // b and (x.double() % b).item() == a % b
            assert torch.fmod(x, y).item() == math.fmod(a, b) and torch.div(x, y, rounding_mode="trunc").item() == int(a / b)


def test_bits():
    x = torch.tensor([12, -8, 5])
    assert (x & 4).tolist() == [4, 0, 4] and (x | 1).tolist() == [13, -7, 5] and (x ^ x).tolist() == [0, 0, 0] and (~x).tolist() == [-13, 7, -6]
    assert (x << 1).tolist() == [24, -16, 10] and (x >> 1).tolist() == [6, -4, 2] and (1 << torch.tensor([3])).item() == 8
    mask = torch.tensor([True, False])
    assert (mask & True).tolist() == [True, False] and (mask | torch.tensor([0, 2])).tolist() == [1, 2] and (~mask).tolist() == [False, True]
    for bad in (lambda: x & 1.5, lambda: torch.ones(2) | torch.ones(2), lambda: ~torch.ones(1)):
        with pytest.raises((TypeError, RuntimeError, NotImplementedError)):
            bad()


# -- rules ------------------------------------------------------------------------------------------------------


def slope(f, *at):
    x = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in at]
    return [g.tolist() for g in torch.autograd.grad(f(*x).sum(), x)]


def test_relu_and_abs_are_flat_at_zero():
    assert slope(torch.relu, [0.0, -0.0, 1.0]) == [[0, 0, 1]] and slope(torch.abs, [0.0, -0.0, -2.0]) == [[0, 0, -1]]


def test_clamp_passes_the_gradient_on_its_bounds_and_hardtanh_does_not():
    x = [-1.5, -1.0, 0.0, 1.0, 1.5]
    assert slope(lambda v: torch.clamp(v, -1, 1), x) == [[0, 1, 1, 1, 0]] and slope(F.hardtanh, x) == [[0, 0, 1, 0, 0]]
    assert slope(F.relu6, [0.0, 3.0, 6.0]) == [[0, 1, 0]]
    assert all(math.isnan(v) for v in torch.clamp(torch.tensor([1.0, 2.0]), max=math.nan).tolist())
    assert math.isnan(torch.clamp(torch.tensor([1.0]), torch.tensor([math.nan])).item())


def test_maximum_and_minimum_halve_ties_and_fmax_does_not():
    for f in (torch.maximum, torch.minimum):
        assert slope(f, [1.0, 2.0], [1.0, 2.0]) == [[0.5, 0.5], [0.5, 0.5]]
    for f in (torch.fmax, torch.fmin):
        assert slope(f, [1.0], [1.0]) == [[1], [0]]


def test_the_derivative_by_the_exponent_of_zero():
    assert slope(torch.pow, [0.0, 0.0, 0.0], [0.0, 1.0, 2.5])[1] == [0, 0, 0]


def test_gelu_is_the_exact_one_and_softplus_turns_into_x():
    x = torch.tensor([1.0], dtype=torch.float64)
    assert close(F.gelu(x), [0.5 * (1 + math.erf(1 / math.sqrt(2)))], 1e-12)
    assert F.softplus(torch.tensor([20.5], dtype=torch.float64)).item() == 20.5 and F.softplus(torch.tensor([20.0], dtype=torch.float64)).item() > 20
    assert slope(F.softplus, [20.5])[0] == [1.0] and slope(lambda v: F.softplus(v, 2, 4), [2.5])[0] == [1.0]


def test_steps_have_gradient_zero():
    for f in (torch.floor, torch.ceil, torch.trunc, torch.round, torch.sign):
        assert slope(f, [0.5, -1.25]) == [[0, 0]]
    for mode in ("floor", "trunc"):
        assert slope(lambda a, b: torch.div(a, b, rounding_mode=mode), [5.0, 1.0], [3.0, 0.0]) == [[0, 0], [0, 0]]


# -- in place ---------------------------------------------------------------------------------------------------


def test_in_place_methods_change_what_views_see():
    x = torch.tensor([[1.0, 4.0], [9.0, 16.0]])
    row, version = x[1], x._version
    assert row.sqrt_() is row and x.tolist() == [[1, 4], [3, 4]] and x._version > version
    assert x.clamp_(min=2).tolist() == [[2, 4], [3, 4]]
    assert close(x.mul_(2).exp_().log_().pow_(2), [[16, 64], [36, 64]], 1e-5)
    x.zero_().fill_(3)
    x //= 2
    x **= 3
    assert x.tolist() == [[1, 1], [1, 1]]
    mask = torch.tensor([True, False])
    same = mask
    mask |= torch.tensor([False, True])
    assert same.tolist() == [True, True]
    n = torch.tensor([5, 9])
    n %= 4
    n <<= 2
    assert n.tolist() == [4, 4]


def test_in_place_methods_are_recorded():
    w = torch.tensor([0.5, -1.0], requires_grad=True)
    h = w * 2
    name = h
    assert F.leaky_relu(h, 0.1, inplace=True) is h and name.tolist() == pytest.approx([1, -0.2])
    h.sum().backward()
    assert close(w.grad, [2, 0.2], 1e-6)
    w.grad = None
    h = w * 2
    h.exp_().sum().backward()
    assert close(w.grad, [2 * math.e, 2 * math.exp(-2)], 1e-6)
    for refused in (lambda: w.exp_(), lambda: F.relu(w, inplace=True)):
        with pytest.raises(RuntimeError):
            refused()
    assert w.tolist() == [0.5, -1.0]


def test_overwriting_ends_the_gradient():
    w, value = torch.tensor([0.5, -1.0], requires_grad=True), torch.tensor(3.0, requires_grad=True)
    for change in (lambda h: h.zero_(), lambda h: h.fill_(2.0)):
        h = w * 2
        assert change(h) is h and h.requires_grad
        (h + w).sum().backward()
        assert w.grad.tolist() == [1, 1]
        w.grad = None
    h = torch.zeros(2)
    h.copy_(value * 2).sum().backward()
    assert value.grad.item() == 4 and h.tolist() == [6, 6]
    with pytest.raises(RuntimeError):
        w.zero_()


def test_in_place_methods_keep_shape_and_kind():
    x = torch.ones(2)
    for refused in (lambda: x.fmod_(torch.ones(2, 2)), lambda: torch.ones(2, dtype=torch.int64).exp_(), lambda: torch.ones(1).hypot_(torch.ones(2))):
        with pytest.raises(RuntimeError):
            refused()
    assert x.tolist() == [1, 1] and x.lt_(2).tolist() == [1, 1] and x.dtype == torch.float32


# -- errors -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        lambda: torch.div(torch.ones(1), 2, rounding_mode="up"),
        lambda: torch.polygamma(-1, torch.ones(1)),
        lambda: torch.clamp(torch.ones(1)),
        lambda: torch.ones(2).hypot(torch.ones(3)),
        lambda: F.celu(torch.ones(1), 0.0),
        lambda: F.hardtanh(torch.ones(1), 1.0, -1.0),
        lambda: F.softshrink(torch.ones(1), -0.5),
        lambda: F.glu(torch.ones(3)),
        lambda: F.glu(torch.tensor(1.0)),
        lambda: F.glu(torch.ones(2), 5),
        lambda: F.prelu(torch.ones(2, 3), torch.ones(2)),
        lambda: F.prelu(torch.ones(2, 3), torch.ones(3, 1)),
        lambda: F.rrelu(torch.ones(1), 0.5, 0.1, True),
        lambda: F.silu(torch.ones(1, dtype=torch.int64)),
        lambda: torch.frac(torch.ones(1, dtype=torch.int64)),
        lambda: torch.round(torch.ones(1, dtype=torch.int64), decimals=1),
        lambda: nn.Hardtanh(1.0, 1.0),
        lambda: nn.Softmax2d()(torch.ones(2, 2)),
        lambda: torch.where(torch.ones(1), 1.0, 2.0),
        lambda: torch.special.multigammaln(torch.ones(1), 0),
    ],
)
def test_bad_calls_are_refused(call):
    with pytest.raises((RuntimeError, ValueError, TypeError, IndexError, AssertionError, NotImplementedError)):
        call()


# -- modules ----------------------------------------------------------------------------------------------------

MODULES = [
    (lambda: nn.Threshold(0.1, 2.0), "Threshold(threshold=0.1, value=2.0)", 2.0),
    (lambda: nn.ReLU(), "ReLU()", 0.0),
    (lambda: nn.ReLU(inplace=True), "ReLU(inplace=True)", 0.0),
    (lambda: nn.Hardtanh(-2.0, 2.0), "Hardtanh(min_val=-2.0, max_val=2.0)", -0.5),
    (lambda: nn.ReLU6(), "ReLU6()", 0.0),
    (lambda: nn.Sigmoid(), "Sigmoid()", 1 / (1 + math.exp(0.5))),
    (lambda: nn.Hardsigmoid(), "Hardsigmoid()", 2.5 / 6),
    (lambda: nn.Tanh(), "Tanh()", math.tanh(-0.5)),
    (lambda: nn.SiLU(), "SiLU()", -0.5 / (1 + math.exp(0.5))),
    (lambda: nn.Mish(), "Mish()", -0.5 * math.tanh(math.log1p(math.exp(-0.5)))),
    (lambda: nn.Hardswish(), "Hardswish()", -0.5 * 2.5 / 6),
    (lambda: nn.ELU(0.5), "ELU(alpha=0.5)", 0.5 * math.expm1(-0.5)),
    (lambda: nn.CELU(2.0), "CELU(alpha=2.0)", 2 * math.expm1(-0.25)),
    (lambda: nn.SELU(), "SELU()", 1.0507009873554805 * 1.6732632423543772 * math.expm1(-0.5)),
    (lambda: nn.GELU("tanh"), "GELU(approximate='tanh')", -0.15428599),
    (lambda: nn.Hardshrink(), "Hardshrink(0.5)", 0.0),
    (lambda: nn.Softshrink(0.25), "Softshrink(0.25)", -0.25),
    (lambda: nn.LeakyReLU(0.2, inplace=True), "LeakyReLU(negative_slope=0.2, inplace=True)", -0.1),
    (lambda: nn.LogSigmoid(), "LogSigmoid()", -math.log1p(math.exp(0.5))),
    (lambda: nn.Softplus(2.0), "Softplus(beta=2.0, threshold=20.0)", math.log1p(math.exp(-1)) / 2),
    (lambda: nn.PReLU(), "PReLU(num_parameters=1)", -0.125),
    (lambda: nn.Softsign(), "Softsign()", -0.5 / 1.5),
    (lambda: nn.Tanhshrink(), "Tanhshrink()", -0.5 - math.tanh(-0.5)),
    (lambda: nn.RReLU().eval(), "RReLU(lower=0.125, upper=0.3333333333333333)", -0.5 * (1 / 8 + 1 / 3) / 2),
]


@pytest.mark.parametrize("make, shown, value", MODULES, ids=[m[1].partition("(")[0] for m in MODULES])
def test_activation_modules(make, shown, value):
    module = make()
    assert text(module) == shown and close(module(torch.tensor([-0.5])), [value], 1e-6)


def test_modules_with_dimensions():
    x = torch.tensor([[1.0, 2.0, -1.0, 0.0]])
    assert text(nn.GLU()) == "GLU(dim=-1)" and close(nn.GLU(1)(x), [[1 / (1 + math.e), 1]], 1e-6)
    assert text(nn.Softmin(1)) == "Softmin(dim=1)" and torch.allclose(nn.Softmin(1)(x), torch.softmax(-x, 1))
    planes = torch.ones(2, 3, 2, 2)
    assert text(nn.Softmax2d()) == "Softmax2d()" and close(nn.Softmax2d()(planes).sum(1), torch.ones(2, 2, 2).tolist())


def test_prelu_learns():
    layer = nn.PReLU(3, init=0.5)
    assert list(layer.state_dict()) == ["weight"] and layer.weight.tolist() == [0.5] * 3
    layer(torch.tensor([[-1.0, 2.0, -3.0], [-1.0, -2.0, 3.0]])).sum().backward()
    assert layer.weight.grad.tolist() == [-2, -2, -3]


def test_rrelu_draws_its_slopes():
    torch.manual_seed(0)
    x = -torch.ones(1000)
    y = nn.RReLU(0.25, 0.75)(x)
    assert -0.75 < y.min().item() < -0.7 and -0.3 < y.max().item() < -0.25 and nn.RReLU(0.25, 0.75)(torch.ones(3)).tolist() == [1, 1, 1]


def test_special_is_there():
    x = torch.tensor([0.5], dtype=torch.float64)
    for name, value in (("expit", 1 / (1 + math.exp(-0.5))), ("gammaln", math.lgamma(0.5)), ("psi", -1.9635100260214235), ("entr", 0.5 * math.log(2)),
                        ("ndtr", 0.6914624612740131), ("multigammaln", None)):  # fmt: skip
        if value is not None:
            assert close(getattr(torch.special, name)(x), [value], 1e-12)
    assert close(torch.special.xlog1py(x, x), [0.5 * math.log(1.5)], 1e-12) and close(torch.mvlgamma(x + 3, 2), torch.special.multigammaln(x + 3, 2).tolist())
    mantissa, exponent = torch.frexp(torch.tensor([3.0, -0.25, 0.0]))
    assert mantissa.tolist() == [0.75, -0.5, 0] and exponent.tolist() == [2, -1, 0]
    mantissa, exponent = torch.frexp(torch.tensor([1e308, 5e-324], dtype=torch.float64))
    assert mantissa.tolist() == [math.frexp(1e308)[0], 0.5] and exponent.tolist() == [1024, -1073]


def test_division_in_place_rounds_where_told():
    x = torch.tensor([7.0, -7.0])
    assert x.div_(2, rounding_mode="floor") is x and x.tolist() == [3.0, -4.0]
    y = torch.tensor([7, -7])
    assert y.div_(2, rounding_mode="trunc").tolist() == [3, -3]
    assert x.div_(2, rounding_mode=None).tolist() == [1.5, -2.0]


def test_triangle_indices_take_a_type_and_a_device():
    assert torch.tril_indices(2, 2, device="cpu").tolist() == [[0, 1, 1], [0, 0, 1]]
    assert torch.triu_indices(2, 3, 1, dtype=torch.int32).dtype is torch.int32 and torch.triu_indices(2, 3, 1).tolist() == [[0, 0, 1], [1, 2, 2]]
