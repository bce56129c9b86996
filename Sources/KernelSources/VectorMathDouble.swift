// Elementary functions of a Double vector. exp is a Taylor polynomial; log, sin and cos after fdlibm `e_log.c`, `k_sin.c`,
// `k_cos.c`, `e_rem_pio2.c` (Sun Microsystems 1993); tanh and erf after Cephes `tanh.c`, `ndtr.c` (S. Moshier); the short
// sine after musl `__sindf.c`, `__cosdf.c`. pow carries log x in two doubles, exp reads both.
//
// Largest error in ULP against 80-bit libm over sampled bit patterns (MathAccuracyTests), with FMA / without (base x86):
//   exp .97 / .95   log .77   erf 2.61 / 2.62   tanh 1.25   sigmoid 1.43 / 1.63   sin .77   cos .73   pow .96 / 1.06   sqrt .5
//   gelu 1.1 / 1.4, geluTanh .85 / 1.2, their slopes 1.2 and 3.0, in ULP of max(|x|, 1)
import CShim

#if ISA_V4
  typealias VL = SIMD8<Int64>
  typealias VUL = SIMD8<UInt64>
#elseif ISA_V3
  typealias VL = SIMD4<Int64>
  typealias VUL = SIMD4<UInt64>
#else
  typealias VL = SIMD2<Int64>
  typealias VUL = SIMD2<UInt64>
#endif

@inline(__always) func splat(_ x: Double) -> VD { VD(repeating: x) }
@inline(__always) func bits(_ x: VD) -> VL { unsafeBitCast(x, to: VL.self) }
@inline(__always) func double(_ x: VL) -> VD { unsafeBitCast(x, to: VD.self) }
@inline(__always) func magnitude(_ x: VD) -> VD { double(bits(x) & VL(repeating: Int64.max)) }
/// m with the sign of s, for m ≥ 0.
@inline(__always) func signed(_ m: VD, like s: VD) -> VD { double(bits(m) | (bits(s) & VL(repeating: Int64.min))) }
@inline(__always) private func fma(_ a: VD, _ b: VD, _ c: VD) -> VD { Double.fma(a, b, c) }
@inline(__always) private func clamp(_ x: VD, _ lo: Double, _ hi: Double) -> VD {  // NaN stays
  let t = shim_choose_f64(shim_less_f64(x, splat(lo)), splat(lo), x)
  return shim_choose_f64(shim_less_f64(splat(hi), t), splat(hi), t)
}

private let integerShift = 0x1.8p52  // x + this − this rounds |x| < 2⁵¹ to an integer, which stands in the low bits of the sum
private let ln2High = 6.93147180369123816490e-01  // low 32 bits zero: k·ln2High is exact for |k| < 2²⁰
private let ln2Low = 1.90821492927058770002e-10

extension Double: RealMath {
  @inline(__always) static func exp(_ x: VD) -> VD { exp(x, plus: splat(0)) }

  /// e^(x + low), |low| ≤ ulp(x): (x + low) = k·ln 2 + r, |r| ≤ 0.347, Taylor to r¹³ (truncation 4·10⁻¹⁸).
  @inline(__always) private static func exp(_ x0: VD, plus low: VD) -> VD {
    let x = clamp(x0, -746, 710)
    let k = fma(x, splat(1.44269504088896338700), splat(integerShift)) - splat(integerShift)
    let r = fma(k, splat(-ln2High), x) - fma(k, splat(ln2Low), splat(0) - low)
    var p = splat(1.0 / 6_227_020_800)
    p = fma(p, r, splat(1.0 / 479_001_600))
    p = fma(p, r, splat(1.0 / 39_916_800))
    p = fma(p, r, splat(1.0 / 3_628_800))
    p = fma(p, r, splat(1.0 / 362_880))
    p = fma(p, r, splat(1.0 / 40_320))
    p = fma(p, r, splat(1.0 / 5_040))
    p = fma(p, r, splat(1.0 / 720))
    p = fma(p, r, splat(1.0 / 120))
    p = fma(p, r, splat(1.0 / 24))
    p = fma(p, r, splat(1.0 / 6))
    p = fma(p, r, splat(0.5))
    p = fma(r * r, p, r) + splat(1)
    let half = fma(k, splat(0.5), splat(integerShift)) - splat(integerShift)
    return p * powerOfTwo(half) * powerOfTwo(k - half)
  }

  /// 2ʲ for integers −1022 ≤ j ≤ 1023.
  @inline(__always) private static func powerOfTwo(_ j: VD) -> VD { double(bits(j + splat(integerShift + 1023)) &<< 52) }

  /// x = 2ᵏ·m, m in [√½, √2), for 0 < x < ∞; subnormals are scaled first.
  @inline(__always) private static func split(_ x0: VD) -> (m: VD, k: VD) {
    let tiny = shim_less_f64(x0, splat(0x1p-1022))
    let x = shim_choose_f64(tiny, x0 * splat(0x1p54), x0)
    let offset: Int64 = 0x3ff0_0000_0000_0000 - 0x3fe6_a09e_0000_0000
    let i = bits(x) &+ VL(repeating: offset)
    let m = double((i & VL(repeating: 0x000f_ffff_ffff_ffff)) &+ VL(repeating: 0x3fe6_a09e_0000_0000))
    // A logical shift: AVX2 has no arithmetic one for 64 bits.
    let e = unsafeBitCast(unsafeBitCast(i, to: VUL.self) &>> VUL(repeating: 52), to: VL.self)
    let k = double(e | VL(repeating: 0x4330_0000_0000_0000)) - splat(0x1p52 + 1023)
    return (m, shim_choose_f64(tiny, k - splat(54), k))
  }

  /// log(±0) = −∞, log(x < 0) = NaN, log(+∞) = +∞.
  @inline(__always) static func log(_ x: VD) -> VD {
    var r = positiveLog(x)
    r = r.replacing(with: x, where: x .== splat(.infinity))
    r = r.replacing(with: splat(-.infinity), where: x .== splat(0))
    r = r.replacing(with: splat(.nan), where: x .< splat(0))
    return r.replacing(with: x, where: x .!= x)
  }

  /// log x for 0 < x < ∞ only.
  @inline(__always) private static func positiveLog(_ x: VD) -> VD {
    let (m, k) = split(x)
    let f = m - splat(1)
    let s = f / (splat(2) + f)
    let z = s * s
    var p = splat(1.479819860511658591e-01)
    p = fma(p, z, splat(1.531383769920937332e-01))
    p = fma(p, z, splat(1.818357216161805012e-01))
    p = fma(p, z, splat(2.222219843214978396e-01))
    p = fma(p, z, splat(2.857142874366239149e-01))
    p = fma(p, z, splat(3.999999999940941908e-01))
    p = fma(p, z, splat(6.666666666666735130e-01))
    let h = splat(0.5) * f * f
    let t = fma(s, fma(p, z, h), k * splat(ln2Low))
    return k * splat(ln2High) - ((h - t) - f)
  }

  /// x·T(x²)/U(x²) for |x| ≤ 1, 1 − e^(−x²)·P(x)/Q(x) above; ±1 from 6 on.
  @inline(__always) static func erf(_ x: VD) -> VD {
    let a = magnitude(x)
    let z = x * x
    var t = splat(9.60497373987051638749e0)
    t = fma(t, z, splat(9.00260197203842689217e1))
    t = fma(t, z, splat(2.23200534594684319226e3))
    t = fma(t, z, splat(7.00332514112805075473e3))
    t = fma(t, z, splat(5.55923013010394962768e4))
    var u = z + splat(3.35617141647503099647e1)
    u = fma(u, z, splat(5.21357949780152679795e2))
    u = fma(u, z, splat(4.59432382970980127987e3))
    u = fma(u, z, splat(2.26290000613890934246e4))
    u = fma(u, z, splat(4.92673942608635921086e4))
    let c = clamp(a, 0, 6)
    var p = splat(2.46196981473530512524e-10)
    p = fma(p, c, splat(5.64189564831068821977e-1))
    p = fma(p, c, splat(7.46321056442269912687e0))
    p = fma(p, c, splat(4.86371970985681366614e1))
    p = fma(p, c, splat(1.96520832956077098242e2))
    p = fma(p, c, splat(5.26445194995477358631e2))
    p = fma(p, c, splat(9.34528527171957607540e2))
    p = fma(p, c, splat(1.02755188689515710272e3))
    p = fma(p, c, splat(5.57535335369399327526e2))
    var q = c + splat(1.32281951154744992508e1)
    q = fma(q, c, splat(8.67072140885989742329e1))
    q = fma(q, c, splat(3.54937778887819891062e2))
    q = fma(q, c, splat(9.75708501743205489753e2))
    q = fma(q, c, splat(1.82390916687909736289e3))
    q = fma(q, c, splat(2.24633760818710981792e3))
    q = fma(q, c, splat(1.65666309194161350182e3))
    q = fma(q, c, splat(5.57535340817727675546e2))
    let small = a .<= splat(1)
    // One division for both ranges.
    let ratio = p.replacing(with: t, where: small) / q.replacing(with: u, where: small)
    let big = signed(splat(1) - exp(splat(0) - c * c) * ratio, like: x)
    return big.replacing(with: x * ratio, where: small).replacing(with: x, where: x .!= x)
  }

  /// x + x³·P(x²)/Q(x²) for |x| < 0.625, 1 − 2/(e²ˣ + 1) above.
  @inline(__always) static func tanh(_ x: VD) -> VD {
    let a = magnitude(x)
    let s = x * x
    var p = splat(-9.64399179425052238628e-1)
    p = fma(p, s, splat(-9.92877231001918586564e1))
    p = fma(p, s, splat(-1.61468768441708447952e3))
    var q = s + splat(1.12811678491632931402e2)
    q = fma(q, s, splat(2.23548839060100448583e3))
    q = fma(q, s, splat(4.84406305325125486048e3))
    let t = clamp(a, 0, 20)
    let e = exp(t + t) + splat(1)
    let small = a .< splat(0.625)
    let ratio = splat(2).replacing(with: p, where: small) / e.replacing(with: q, where: small)
    let r = (splat(1) - ratio).replacing(with: fma(a * s, ratio, a), where: small)
    return signed(r, like: x).replacing(with: x, where: x .!= x)
  }

  /// As for Float: 1 − u or e − e·u with e = exp(−|x|), u = e/(1 + e).
  @inline(__always) static func sigmoid(_ x: VD) -> VD {
    let e = exp(double(bits(x) | VL(repeating: Int64.min)))
    let u = e / (splat(1) + e)
    return (splat(1) - u).replacing(with: fma(splat(0) - e, u, e), where: x .< splat(0))
  }

  @inline(__always) static func sqrt(_ x: VD) -> VD { x.squareRoot() }

  @inline(__always) static func sin(_ x: VD) -> VD { sin(x, 0) }
  @inline(__always) static func cos(_ x: VD) -> VD { sin(x, 1) }

  /// sin(x + turns·π/2). |x| ≤ 10⁵: k·π/2 is subtracted in three exact parts of 33 bits and a tail, which is 151 bits of π/2;
  /// larger lanes take libm one by one. sin(±∞) = NaN.
  @inline(__always) private static func sin(_ x: VD, _ turns: Int64) -> VD {
    let c = clamp(x, -1e5, 1e5)
    let shifted = fma(c, splat(6.36619772367581382433e-01), splat(integerShift))
    let k = shifted - splat(integerShift)
    let r1 = c - k * splat(1.57079632673412561417e+00)
    let w2 = k * splat(6.07710050630396597660e-11)
    let r2 = r1 - w2
    let w3 = k * splat(2.02226624871116645580e-21)
    let r3 = r2 - w3
    let low = ((r1 - r2) - w2) + (((r2 - r3) - w3) - k * splat(8.47842766036889956997e-32))
    let y = r3 + low
    let tail = (r3 - y) + low
    let z = y * y
    var s = splat(1.58969099521155010221e-10)
    s = fma(s, z, splat(-2.50507602534068634195e-08))
    s = fma(s, z, splat(2.75573137070700676789e-06))
    s = fma(s, z, splat(-1.98412698298579493134e-04))
    s = fma(s, z, splat(8.33333333332248946124e-03))
    let v = z * y
    let sine = y - ((z * (splat(0.5) * tail - v * s) - tail) - v * splat(-1.66666666666666324348e-01))
    var q = splat(-1.13596475577881948265e-11)
    q = fma(q, z, splat(2.08757232129817482790e-09))
    q = fma(q, z, splat(-2.75573143513906633035e-07))
    q = fma(q, z, splat(2.48015872894767294178e-05))
    q = fma(q, z, splat(-1.38888888888741095749e-03))
    q = fma(q, z, splat(4.16666666666666019037e-02))
    let h = splat(0.5) * z
    let w = splat(1) - h
    let cosine = w + (((splat(1) - w) - h) + (z * (z * q) - y * tail))
    let r = quadrant(bits(shifted) &+ VL(repeating: turns), sine, cosine)
    return finished(r, x, turns, beyond: 1e5)
  }

  /// The same to 2⁻³⁴, for rounding to Float; |x| ≤ 10⁶.
  @inline(__always) static func shortSin(_ x: VD, _ turns: Int64) -> VD {
    let c = clamp(x, -1e6, 1e6)
    let shifted = fma(c, splat(6.36619772367581382433e-01), splat(integerShift))
    let k = shifted - splat(integerShift)
    let y = (c - k * splat(1.57079632673412561417e+00)) - k * splat(6.07710050650619224932e-11)
    let z = y * y
    var s = splat(0x16cd878c3b46a7p-71)
    s = fma(s, z, splat(-0x1a00f9e2cae774p-65))
    s = fma(s, z, splat(0x111110896efbb2p-59))
    s = fma(s, z, splat(-0x15555554cbac77p-55))
    var q = splat(0x199342e0ee5069p-68)
    q = fma(q, z, splat(-0x16c087e80f1e27p-62))
    q = fma(q, z, splat(0x155553e1053a42p-57))
    q = fma(q, z, splat(-0x1ffffffd0c5e81p-54))
    let r = quadrant(bits(shifted) &+ VL(repeating: turns), fma(y * z, s, y), fma(q, z, splat(1)))
    return finished(r, x, turns, beyond: 1e6)
  }

  /// Sine or cosine of the remainder with its sign, by the number of quarter turns taken off.
  @inline(__always) private static func quadrant(_ k: VL, _ sine: VD, _ cosine: VD) -> VD {
    let odd = VL(repeating: 0) &- (k & VL(repeating: 1))
    return double(bits(shim_choose_f64(odd, cosine, sine)) ^ ((k & VL(repeating: 2)) &<< 62))
  }

  @inline(__always) private static func finished(_ r0: VD, _ x: VD, _ turns: Int64, beyond limit: Double) -> VD {
    let r = turns == 0 ? shim_choose_f64(shim_equal_f64(x, splat(0)), x, r0) : r0  // sin(−0) = −0
    return shim_sine_beyond(r, x, limit, turns)
  }

  /// C's pow. log |x| carries 65 bits (two doubles), y·log |x| likewise.
  @inline(__always) static func pow(_ x: VD, _ y: VD) -> VD {
    // |y| > 2⁸⁰ saturates like 2⁸⁰ for every x except ±1; kept small so that products stay finite.
    let yc = clamp(y, -0x1p80, 0x1p80)
    let (high, low) = longLog(magnitude(x))
    let (p, e) = product(yc, high)
    let inRange = shim_less_f64(magnitude(p), splat(800))
    let r = exp(p, plus: shim_choose_f64(inRange, fma(yc, low, e), splat(0)))
    return powRules(r, x, y)
  }

  /// The same through plain log and exp: relative error 2⁻⁴⁰ where the result is a normal Float.
  @inline(__always) static func shortPow(_ x: VD, _ y: VD) -> VD {
    powRules(exp(clamp(y, -0x1p80, 0x1p80) * positiveLog(magnitude(x))), x, y)
  }

  /// Puts r = |x|^y right for negative x, zeros, infinities and NaN.
  @inline(__always) private static func powRules(_ r0: VD, _ x: VD, _ y: VD) -> VD {
    // Truth values are integers here: Swift scalarises `.&`, `.|` and `.!` of masks, and a function with this many
    // `replacing` outgrows what the optimiser will inline.
    let ay = magnitude(y), ax = magnitude(x), zero = splat(0), one = splat(1), infinity = splat(.infinity)
    let big = splat(0x1p52)  // x + 2⁵² − 2⁵² rounds 0 ≤ x < 2⁵² to an integer
    let whole = shim_equal_f64((ay + big) - big, ay) | (shim_less_f64(ay, big) ^ ones)
    let half = splat(0.5) * ay
    let odd = whole & (shim_equal_f64((half + big) - big, half) ^ ones) & shim_less_f64(ay, splat(0x1p53))
    let down = shim_less_f64(y, zero)
    var r = shim_choose_f64(shim_equal_f64(ax, zero), shim_choose_f64(down, infinity, zero), r0)
    r = shim_choose_f64(shim_equal_f64(ax, infinity), shim_choose_f64(down, zero, infinity), r)
    let complex = shim_less_f64(x, zero) & shim_less_f64(ax, infinity) & shim_less_f64(ay, infinity) & (whole ^ ones)
    r = shim_choose_f64(complex, splat(.nan), r)
    r = double(bits(r) | (bits(x) & VL(repeating: Int64.min) & odd))
    let numbers = shim_equal_f64(x, x) & shim_equal_f64(y, y)
    r = shim_choose_f64(numbers, r, x + y)
    return shim_choose_f64(shim_equal_f64(y, zero) | shim_equal_f64(x, one), one, r)
  }
  @inline(__always) private static var ones: VL { VL(repeating: -1) }

  /// log x in two doubles, 0 < x < ∞: with s = (m − 1)/(m + 1), log m = 2s + s³·(2/3 + 2/5·s² + … + 2/23·s²⁰),
  /// s² < 0.0295. The first two terms are carried in two doubles each.
  @inline(__always) private static func longLog(_ x: VD) -> (VD, VD) {
    let (m, k) = split(x)
    let f = m - splat(1)
    let d = m + splat(1)
    let dLow = m - (d - splat(1))
    let s = f / d
    let (sd, sdLow) = product(s, d)
    let sLow = (((f - sd) - sdLow) - s * dLow) / d
    let (z, zError) = product(s, s)
    let zLow = fma(splat(2) * s, sLow, zError)
    var q = splat(2.0 / 23)
    q = fma(q, z, splat(2.0 / 21))
    q = fma(q, z, splat(2.0 / 19))
    q = fma(q, z, splat(2.0 / 17))
    q = fma(q, z, splat(2.0 / 15))
    q = fma(q, z, splat(2.0 / 13))
    q = fma(q, z, splat(2.0 / 11))
    q = fma(q, z, splat(2.0 / 9))
    q = fma(q, z, splat(2.0 / 7))
    q = fma(q, z, splat(2.0 / 5))
    let t = z * q
    let c = splat(2.0 / 3) + t
    let cLow = ((splat(2.0 / 3) - c) + t) + splat(0x1.5555555555555p-55)  // 2/3 = 2.0/3 + this
    let (w, wError) = product(s, z)  // s³
    let wLow = fma(s, zLow, fma(sLow, z, wError))
    let (u, uError) = product(w, c)
    let uLow = fma(w, cLow, fma(wLow, c, uError))
    let a = k * splat(ln2High), s2 = s + s
    let h1 = a + s2  // |a| > |2s| or a = 0
    let l1 = s2 - (h1 - a)
    let h2 = h1 + u  // |h1| > |u|
    let l2 = u - (h2 - h1)
    let low = (l1 + l2) + ((sLow + sLow) + fma(k, splat(ln2Low), uLow))
    let h = h2 + low
    return (h, low - (h - h2))
  }

  /// a·b = high + low exactly. Without FMA by Veltkamp's splitting (Dekker 1971): |a|, |b| < 2⁹⁹⁵.
  @inline(__always) private static func product(_ a: VD, _ b: VD) -> (VD, VD) {
    let p = a * b
    #if ISA_BASE
      let ca = a * splat(134_217_729), cb = b * splat(134_217_729)
      let a1 = ca - (ca - a), b1 = cb - (cb - b)
      let a2 = a - a1, b2 = b - b1
      return (p, ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2)
    #else
      return (p, fma(a, b, splat(0) - p))
    #endif
  }

  @inline(__always) static func gelu(_ x: VD) -> VD {
    x * fma(splat(0.5), erf(x * splat(0.70710678118654752440)), splat(0.5))
  }
  @inline(__always) static func geluTanh(_ x: VD) -> VD {
    let h = splat(0.5) * x
    return fma(h, tanh(geluInner(x)), h)
  }
  @inline(__always) static func geluSlope(_ x: VD) -> VD {
    let phi = splat(0.39894228040143267794) * exp(splat(-0.5) * x * x)
    return fma(x, phi, fma(splat(0.5), erf(x * splat(0.70710678118654752440)), splat(0.5)))
  }
  @inline(__always) static func geluTanhSlope(_ x: VD) -> VD {
    let t = tanh(geluInner(x))
    let inner = fma(splat(3 * 0.044715 * 0.79788456080286535588), x * x, splat(0.79788456080286535588))
    let h = splat(0.5) * x
    return fma(h * fma(splat(0) - t, t, splat(1)), inner, fma(splat(0.5), t, splat(0.5)))
  }
  @inline(__always) private static func geluInner(_ x: VD) -> VD {
    splat(0.79788456080286535588) * fma(splat(0.044715) * x * x, x, x)
  }
}
