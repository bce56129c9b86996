"""Orthogonal polynomials by their recurrences, and Hurwitz's zeta; special offers them."""

from . import _core
from ._core import Tensor


def _floating(x, like=None):
    x = x if isinstance(x, Tensor) else _core.tensor(float(x), dtype=like.dtype if isinstance(like, Tensor) and like.dtype.is_floating_point else None)
    return x if x.dtype.is_floating_point else x.float()


def _recurrence(name, first, step, turn=None):
    """P₀ = 1, P₁ = first(x), Pₖ₊₁ = step(k, x, Pₖ, Pₖ₋₁), at the degree that each element of n says; 0 for negative ones."""

    def polynomial(input, n):
        x = _floating(input, n)
        x = x if turn is None else turn(x)
        degree = n if isinstance(n, Tensor) else _core.tensor(float(n))
        most = int(degree.max().item()) if degree.numel() else -1
        one = _core.ones_like(x)
        values, result = (None, one), _core.where(degree.floor() == 0, one, 0.0 * x) if isinstance(n, Tensor) else None
        if result is None and most <= 0:
            return one if most == 0 else 0.0 * x
        for k in range(most):
            before, now = values
            after = first(x) if k == 0 else step(k, x, now, before)
            values = now, after
            if result is not None:
                result = _core.where(degree.floor() == k + 1, after, result)
        return values[1] if result is None else result

    polynomial.__name__ = polynomial.__qualname__ = name
    polynomial.__doc__ = f"The polynomial of degree n at input: {_FORMULAS[name]}"
    return polynomial


_CHEBYSHEV = "Pₙ₊₁ = 2·x·Pₙ − Pₙ₋₁"
_FORMULAS = {
    "chebyshev_polynomial_t": _CHEBYSHEV + ", P₁ = x.", "chebyshev_polynomial_u": _CHEBYSHEV + ", P₁ = 2x.",
    "chebyshev_polynomial_v": _CHEBYSHEV + ", P₁ = 2x − 1.", "chebyshev_polynomial_w": _CHEBYSHEV + ", P₁ = 2x + 1.",
    "hermite_polynomial_h": "Pₙ₊₁ = 2·x·Pₙ − 2n·Pₙ₋₁.", "hermite_polynomial_he": "Pₙ₊₁ = x·Pₙ − n·Pₙ₋₁.",
    "laguerre_polynomial_l": "(n + 1)·Pₙ₊₁ = (2n + 1 − x)·Pₙ − n·Pₙ₋₁.", "legendre_polynomial_p": "(n + 1)·Pₙ₊₁ = (2n + 1)·x·Pₙ − n·Pₙ₋₁.",
}
_FORMULAS.update({f"shifted_{name}": text[:-1] + " at 2x − 1." for name, text in _FORMULAS.items() if name.startswith("chebyshev")})


def _twice(k, x, now, before):
    return 2 * x * now - before


_FIRST = {"t": lambda x: x, "u": lambda x: 2 * x, "v": lambda x: 2 * x - 1, "w": lambda x: 2 * x + 1}
for _kind, _first in _FIRST.items():
    for _prefix, _turn in (("", None), ("shifted_", lambda x: 2 * x - 1)):
        _name = f"{_prefix}chebyshev_polynomial_{_kind}"
        globals()[_name] = _recurrence(_name, _first, _twice, _turn)
hermite_polynomial_h = _recurrence("hermite_polynomial_h", lambda x: 2 * x, lambda k, x, now, before: 2 * x * now - 2 * k * before)
hermite_polynomial_he = _recurrence("hermite_polynomial_he", lambda x: x, lambda k, x, now, before: x * now - k * before)
laguerre_polynomial_l = _recurrence("laguerre_polynomial_l", lambda x: 1 - x, lambda k, x, now, before: ((2 * k + 1 - x) * now - k * before) / (k + 1))
legendre_polynomial_p = _recurrence("legendre_polynomial_p", lambda x: x, lambda k, x, now, before: ((2 * k + 1) * x * now - k * before) / (k + 1))
del _kind, _first, _prefix, _turn, _name

# B₂ₖ/(2k)!, of the Euler–Maclaurin sum (Abramowitz & Stegun 23.1)
_BERNOULLI = (1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160, -691 / 1307674368000, 1 / 74724249600, -3617 / 10670622842880000)


def zeta(input, other):
    """Hurwitz's zeta Σ (k + q)⁻ˣ over k ≥ 0, for x > 1 and q > 0; ∞ at x = 1, NaN below. Ten terms, then Euler and Maclaurin."""
    x = _floating(input, other)
    q = _floating(other, x)
    dtype = x.dtype if x.dtype == q.dtype else _core.float64
    x, q = x.to(_core.float64), q.to(_core.float64)
    total = sum(((q + k) ** -x for k in range(1, 10)), q**-x)
    end = q + 10
    total = total + end ** (1 - x) / (x - 1) + 0.5 * end**-x
    rising, power = x, end ** (-x - 1)
    for k, b in enumerate(_BERNOULLI):
        total = total + b * rising * power
        rising, power = rising * (x + 2 * k + 1) * (x + 2 * k + 2), power / (end * end)
    nothing = (x < 1) | ((q <= 0) & ((q != q.floor()) & (x != x.floor())))
    total = _core.where(nothing, float("nan"), total)
    return _core.where((x == 1) | ((q <= 0) & (q == q.floor())), float("inf"), total).to(dtype)
