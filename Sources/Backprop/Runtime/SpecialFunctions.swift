// Special functions of one double that libm lacks. float32 goes through them too and so is rounded once.
//
// Largest error in ULP of double over the stated range (Tests/python/test_elementwise.py has values made with mpmath):
// digamma 8 (away from its zeros), trigamma 16, higher orders 32, erfinv 4, ndtri 8, erfcx 4, log_ndtr 16, i0 i1 and scaled 64.
import CShim

/// ψ(x) = d ln Γ / dx. −∞ at +0, +∞ at −0, NaN at negative integers. Reflection for x < 0, recurrence up to 10, then the asymptotic
/// series (Abramowitz, Stegun 6.3.7, 6.3.5, 6.3.18).
func digamma(_ x0: Double) -> Double {
  if x0 == 0 { return x0.sign == .minus ? .infinity : -.infinity }
  var x = x0, sum = 0.0
  if x < 0 {
    let r = x - shim_trunc(x)  // exact, and π·r stays small
    if r == 0 || x == -.infinity { return .nan }
    sum = -.pi / shim_tan(.pi * r)
    x = 1 - x
  }
  while x < 10 { sum -= 1 / x; x += 1 }
  if x == .infinity { return x }
  let z = 1 / (x * x)
  var tail = 1.0 / 12
  tail = tail * z - 691.0 / 32760
  tail = tail * z + 1.0 / 132
  tail = tail * z - 1.0 / 240
  tail = tail * z + 1.0 / 252
  tail = tail * z - 1.0 / 120
  tail = tail * z + 1.0 / 12
  return sum + (shim_log(x) - 0.5 / x - tail * z)
}

/// ζ(s, q) = Σ over k ≥ 0 of (q + k)^(−s), s > 1 whole. Terms up to q + k > 9, then Euler–Maclaurin (S. Moshier, Cephes `zeta.c`).
/// For q < 0 the sum over all integers, which repeats, less the half that is too many: no walk from q up to 9. +∞ at q = 0, −1, ….
private func hurwitzZeta(_ s: Double, _ q: Double) -> Double {
  if q < 0 {
    let f = q - shim_floor(q), turned = shim_fmod(s, 2) == 0 ? 1.0 : -1.0
    if f == 0 || q == -.infinity { return .infinity }
    return hurwitzZeta(s, f) + turned * (hurwitzZeta(s, 1 - f) - hurwitzZeta(s, 1 - q))
  }
  if q == 0 { return .infinity }
  if q != q { return q }
  if q == .infinity { return 0 }
  var a = q, sum = 0.0, b = 0.0, i = 0
  while i < 9 || a <= 9 {
    b = shim_pow(a, -s)
    sum += b
    a += 1
    i += 1
  }
  b = shim_pow(a, -s)
  sum += b * a / (s - 1) + 0.5 * b
  // (2k)!/B(2k)
  let divisors: InlineArray<12, Double> = [
    12, -720, 30240, -1209600, 47900160, -1.8924375803183791606e9, 7.47242496e10, -2.950130727918164224e12, 1.1646782814350067249e14,
    -4.5979787224074726105e15, 1.8152105401943546773e17, -7.1661652561756670113e18,
  ]
  var factor = 1.0, k = 0.0
  i = 0
  while i < 12 {
    factor *= s + k
    b /= a
    let term = factor * b / divisors[i]
    sum += term
    if term.magnitude <= sum.magnitude * 0x1p-54 { break }
    k += 1
    factor *= s + k
    b /= a
    k += 1
    i += 1
  }
  return sum
}

/// dⁿψ/dxⁿ = (−1)^(n+1)·n!·ζ(n + 1, x); ψ for n = 0.
func polygamma(_ n: Double, _ x: Double) -> Double {
  if n == 0 { return digamma(x) }
  let zeta = hurwitzZeta(n + 1, x), size = n < 2 ? zeta : shim_exp(shim_lgamma(n + 1)) * zeta
  return shim_fmod(n, 2) == 0 ? -size : size
}

private let twoOverRootPi = 1.1283791670955126

/// e^(x²)·erfc(x). Below 25 the product, e^(x²) with the rounding of x² put right; above, the asymptotic series.
func erfcx(_ x: Double) -> Double {
  if x < 25 {
    if x < -26.7 { return .infinity }
    let square = x * x
    return shim_exp(square) * (1 + (-square).addingProduct(x, x)) * shim_erfc(x)
  }
  let r = 0.5 / (x * x)
  return 0.5641895835477563 / x * (1 - r * (1 - 3 * r * (1 - 5 * r * (1 - 7 * r * (1 - 9 * r * (1 - 11 * r * (1 - 13 * r)))))))
}

/// x with erfc(x) = q, 0 < q < 0.4: rational start (coefficients as in PyTorch and MathWorks' erfinv), then Newton's steps on ln erfc, which is
/// nearly a parabola.
private func inverseErfc(_ q: Double) -> Double {
  let z = (-shim_log(q / 2)).squareRoot(), target = shim_log(q)
  var x = (((1.641345311 * z + 3.429567803) * z - 1.624906493) * z - 1.970840454) / ((1.637067800 * z + 3.543889200) * z + 1), i = 0
  while i < 3 {
    let c = erfcx(x)
    x += (shim_log(c) - x * x - target) * c / twoOverRootPi
    i += 1
  }
  return x
}

/// erf⁻¹; ±∞ at ±1, NaN beyond.
func erfinv(_ y: Double) -> Double {
  let m = y.magnitude, z = y * y
  if !(m < 1) { return m == 1 ? y * .infinity : .nan }
  if m > 0.7 { return shim_copysign(inverseErfc(1 - m), y) }
  var x = y * (((-0.140543331 * z + 0.914624893) * z - 1.645349621) * z + 0.886226899), i = 0
  x /= (((0.012229801 * z - 0.329097515) * z + 1.442710462) * z - 2.118377725) * z + 1
  while i < 2 { x -= (shim_erf(x) - y) / (twoOverRootPi * shim_exp(-x * x)); i += 1 }
  return x
}

/// Φ⁻¹(p): the quantile of the standard normal distribution. ∓∞ at 0 and 1, NaN beyond.
func ndtri(_ p: Double) -> Double {
  if p == 0 || p == 1 { return p == 0 ? -.infinity : .infinity }
  if !(p > 0 && p < 1) { return .nan }
  let root2 = 1.4142135623730951
  if p > 0.15 && p < 0.85 { return root2 * erfinv(2 * p - 1) }
  return p < 0.5 ? -root2 * inverseErfc(2 * p) : root2 * inverseErfc(2 * (1 - p))
}

/// ln Φ(x), Φ the standard normal distribution function. Through erfcx, because erfc(x/√2) is off by x² roundings of x/√2.
func logNdtr(_ x: Double) -> Double {
  let t = x * 0.7071067811865476, half = x * x / 2
  if x < -1 { return shim_log(erfcx(-t) / 2) - half }
  if x < 1 || half == .infinity { return shim_log1p(-shim_erfc(t) / 2) }
  return shim_log1p(-erfcx(t) * shim_exp(-half) * (1 - (-x * x).addingProduct(x, x) / 2) / 2)
}

/// Modified Bessel functions of the first kind, order 0 or 1, times e^(−|x|) if `scaled`. Up to 30 the power series, whose terms are all positive;
/// above, the asymptotic series, whose terms fall below 2⁻⁵⁴ before they grow (Abramowitz, Stegun 9.6.10, 9.7.1).
func besselI(order: Double, _ x: Double, scaled: Bool) -> Double {
  let m = x.magnitude
  var sum = 1.0, term = 1.0, k = 1.0, size: Double
  if m <= 30 {
    let z = m * m / 4
    repeat {
      term *= z / (k * (k + order))
      sum += term
      k += 1
    } while term > sum * 0x1p-55
    size = (order == 0 ? sum : sum * m / 2) * (scaled ? shim_exp(-m) : 1)
  } else if m < .infinity {
    let mu = 4 * order * order
    repeat {
      term *= ((2 * k - 1) * (2 * k - 1) - mu) / (8 * k * m)
      sum += term
      k += 1
    } while term.magnitude > 0x1p-55 && k < 60
    size = sum / (2 * .pi * m).squareRoot()
    // In two factors: eᵐ alone overflows before i0 does.
    if !scaled { size = size * shim_exp(m / 2) * shim_exp(m / 2) }
  } else {
    size = m == m ? scaled ? 0 : .infinity : m
  }
  return order == 1 && x < 0 ? -size : size
}
