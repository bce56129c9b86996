// Elementary functions of a Float vector. Polynomials for exp, erf and log after N. Juffa's published single-precision
// minimax fits; tanh's small range after Cephes `tanhf.c` (S. Moshier); sin and cos after musl `__sindf.c`, `__cosdf.c`.
//
// Largest error in ULP over sampled bit patterns of every exponent (MathAccuracyTests), with FMA / without (base x86):
//   exp .84 / 1.09   log .84 / 1.06   erf .94 / 1.03   tanh 1.29   (AVX-512: erf .76, tanh .99)   sigmoid 1.48 / 1.60   sin, cos, pow .51   sqrt .5
//   gelu .93 / 1.17, geluTanh .86 / 1.08, their slopes 1.1 / 1.2 and 1.5 / 1.8, in ULP of max(|x|, 1)
import CShim

#if ISA_V4
  typealias VI = SIMD16<Int32>
#elseif ISA_V3
  typealias VI = SIMD8<Int32>
#else
  typealias VI = SIMD4<Int32>
#endif

@inline(__always) func splat(_ x: Float) -> VF { VF(repeating: x) }
@inline(__always) func bits(_ x: VF) -> VI { unsafeBitCast(x, to: VI.self) }
@inline(__always) func float(_ x: VI) -> VF { unsafeBitCast(x, to: VF.self) }
@inline(__always) func magnitude(_ x: VF) -> VF { float(bits(x) & VI(repeating: 0x7fff_ffff)) }
/// |m| with the sign of s, for m ≥ 0.
@inline(__always) func signed(_ m: VF, like s: VF) -> VF { float(bits(m) | (bits(s) & VI(repeating: Int32.min))) }
@inline(__always) private func fma(_ a: VF, _ b: VF, _ c: VF) -> VF { Float.fma(a, b, c) }

extension Float: RealMath {
  /// eˣ by x = j·ln 2 + f, |f| ≤ ln 2 / 2. The scale 2ʲ is applied in two factors, or by AVX-512's scaling, so that overflow to +∞
  /// and subnormal results come out right. exp(−∞) = 0.
  @inline(__always) static func exp(_ x0: VF) -> VF {
    #if ISA_V4
      let x = shim_clamp_f32(x0, -150, 150)
    #else
      var x = x0.replacing(with: splat(-104), where: x0 .< splat(-104))
      x = x.replacing(with: splat(89), where: x .> splat(89))
    #endif
    let j = fma(x, splat(1.44269504), splat(12_582_912)) - splat(12_582_912)  // 1.5·2²³: rounds to an integer
    var f = fma(j, splat(-0x1.62e400p-1), x)
    f = fma(j, splat(-0x1.7f7d1cp-20), f)
    var r = splat(0x1.694000p-10)
    r = fma(r, f, splat(0x1.125edcp-7))
    r = fma(r, f, splat(0x1.555b5ap-5))
    r = fma(r, f, splat(0x1.555450p-3))
    r = fma(r, f, splat(0x1.fffff6p-2))
    r = fma(r, f, splat(1))
    r = fma(r, f, splat(1))
    #if ISA_V4
      return shim_scale_f32(r, j)
    #else
      let half = fma(j, splat(0.5), splat(12_582_912)) - splat(12_582_912)
      return r * powerOfTwo(half) * powerOfTwo(j - half)
    #endif
  }

  /// 2ʲ for integers −126 ≤ j ≤ 127.
  @inline(__always) private static func powerOfTwo(_ j: VF) -> VF { float(bits(j + splat(12_582_912 + 127)) &<< 23) }

  /// ln x by x = 2ⁱ·m, m in [2/3, 4/3). log(±0) = −∞, log(x < 0) = NaN, log(+∞) = +∞.
  @inline(__always) static func log(_ x0: VF) -> VF {
    let tiny = x0 .< splat(0x1p-126)
    let x = x0.replacing(with: x0 * splat(0x1p23), where: tiny)
    let e = (bits(x) &- VI(repeating: 0x3f2a_aaab)) & VI(repeating: Int32(bitPattern: 0xff80_0000))
    let f = float(bits(x) &- e) - splat(1)
    var i = float((e &>> 23) &+ VI(repeating: 0x4B40_0000)) - splat(12_582_912)
    i = i.replacing(with: i - splat(23), where: tiny)
    let s = f * f
    var r = fma(splat(-0.130310059), f, splat(0.140869141))
    r = fma(r, s, fma(splat(-0.121483512), f, splat(0.139814854)))
    r = fma(r, f, splat(-0.166846126))
    r = fma(r, f, splat(0.200120345))
    r = fma(r, f, splat(-0.249996200))
    r = fma(r, f, splat(0.333331972))
    r = fma(r, f, splat(-0.5))
    r = fma(r, s, f)
    r = fma(i, splat(0.693147182), r)
    r = r.replacing(with: x0, where: x0 .== splat(.infinity))
    r = r.replacing(with: splat(-.infinity), where: x0 .== splat(0))
    r = r.replacing(with: splat(.nan), where: x0 .< splat(0))
    return r.replacing(with: x0, where: x0 .!= x0)
  }

  /// AVX-512: by table. Otherwise: odd polynomial for |x| ≤ 0.9277, 1 − exp(polynomial) above; ±1 from 4.5 on.
  @inline(__always) static func erf(_ x: VF) -> VF {
    #if ISA_V4
      return shim_erf_f32(x)
    #else
      let a = magnitude(x)
      let s0 = x * x
      let t = a.replacing(with: splat(4.5), where: a .> splat(4.5))
      let s = t * t
      var r = fma(splat(-0x1.220000p-16), t, splat(0x1.91cfb2p-12))
      r = fma(r, s, fma(splat(-0x1.fd1438p-9), t, splat(0x1.8d6342p-6)))
      r = fma(r, t, splat(-0x1.b55cb8p-4))
      r = fma(r, t, splat(-0x1.450aa0p-1))
      r = fma(r, t, splat(-0x1.079d0cp-3))
      r = fma(r, t, splat(0) - t)
      let big = signed(splat(1) - exp(r), like: x)
      var q = splat(-0x1.38e000p-11)
      q = fma(q, s0, splat(0x1.471a58p-8))
      q = fma(q, s0, splat(-0x1.b691b2p-6))
      q = fma(q, s0, splat(0x1.ce1c44p-4))
      q = fma(q, s0, splat(-0x1.812700p-2))
      q = fma(q, s0, splat(0x1.06eba8p-3))
      q = fma(q, x, x)
      return big.replacing(with: q, where: a .<= splat(0.927734375)).replacing(with: x, where: x .!= x)
    #endif
  }

  /// AVX-512: by table. Otherwise: odd polynomial for |x| < 0.625, 1 − 2/(e²ˣ + 1) above.
  @inline(__always) static func tanh(_ x: VF) -> VF {
    #if ISA_V4
      return shim_tanh_f32(x)
    #else
      let a = magnitude(x)
      let s = x * x
      var p = splat(-5.70498872745e-3)
      p = fma(p, s, splat(2.06390887954e-2))
      p = fma(p, s, splat(-5.37397155531e-2))
      p = fma(p, s, splat(1.33314422036e-1))
      p = fma(p, s, splat(-3.33332819422e-1))
      let small = fma(p * s, a, a)
      let t = a.replacing(with: splat(10), where: a .> splat(10))
      let big = splat(1) - splat(2) / (exp(t + t) + splat(1))
      return signed(big.replacing(with: small, where: a .< splat(0.625)), like: x).replacing(with: x, where: x .!= x)
    #endif
  }

  /// With e = exp(−|x|), u = e/(1 + e): 1 − u for x ≥ 0, e − e·u below, so that small results keep their precision down to
  /// the subnormals.
  @inline(__always) static func sigmoid(_ x: VF) -> VF {
    let e = exp(float(bits(x) | VI(repeating: Int32.min)))
    let u = e / (splat(1) + e)
    return (splat(1) - u).replacing(with: fma(splat(0) - e, u, e), where: x .< splat(0))
  }

  @inline(__always) static func sqrt(_ x: VF) -> VF { x.squareRoot() }

  /// In double precision: 0.51 ULP for |x| ≤ 10⁶; a vector with a larger lane takes libm lane by lane. sin(±∞) = NaN.
  @inline(__always) static func sin(_ x: VF) -> VF {
    let low = shim_f64_low(x), high = shim_f64_high(x)
    return shim_f32_join(Double.shortSin(low, 0), Double.shortSin(high, 0))
  }
  @inline(__always) static func cos(_ x: VF) -> VF {
    let low = shim_f64_low(x), high = shim_f64_high(x)
    return shim_f32_join(Double.shortSin(low, 1), Double.shortSin(high, 1))
  }

  /// In double precision, 0.51 ULP; C's rules for signs, zeros, infinities and NaN.
  @inline(__always) static func pow(_ x: VF, _ y: VF) -> VF {
    shim_f32_join(
      Double.shortPow(shim_f64_low(x), shim_f64_low(y)), Double.shortPow(shim_f64_high(x), shim_f64_high(y)))
  }

  @inline(__always) static func gelu(_ x: VF) -> VF {
    x * fma(splat(0.5), erf(x * splat(0.70710678118654752)), splat(0.5))
  }
  @inline(__always) static func geluTanh(_ x: VF) -> VF {
    let h = splat(0.5) * x
    return fma(h, tanh(geluInner(x)), h)
  }
  @inline(__always) static func geluSlope(_ x: VF) -> VF {
    let phi = splat(0.39894228040143268) * exp(splat(-0.5) * x * x)
    return fma(x, phi, fma(splat(0.5), erf(x * splat(0.70710678118654752)), splat(0.5)))
  }
  @inline(__always) static func geluTanhSlope(_ x: VF) -> VF {
    let t = tanh(geluInner(x))
    let inner = fma(splat(3 * 0.044715 * 0.79788456080286536), x * x, splat(0.79788456080286536))
    let h = splat(0.5) * x
    return fma(h * fma(splat(0) - t, t, splat(1)), inner, fma(splat(0.5), t, splat(0.5)))
  }
  @inline(__always) private static func geluInner(_ x: VF) -> VF {
    splat(0.79788456080286536) * fma(splat(0.044715) * x * x, x, x)
  }
}
