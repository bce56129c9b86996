import Foundation
import KernelAPI
import Testing

/// Distance in units in the last place of the exact value, which has far more bits than the type.
private func ulps(_ got: Float, _ exact: Double) -> Double {
  let rounded = Float(exact)
  if got == rounded || (got.isNaN && rounded.isNaN) { return 0 }
  if !got.isFinite || !rounded.isFinite {  // just at the edge of overflow counts by the edge's ulp
    guard got.isInfinite != rounded.isInfinite, (got < 0) == (rounded < 0) else { return .infinity }
    return abs(max(min(exact, 0x1p128), -0x1p128) - max(min(Double(got), 0x1p128), -0x1p128)) / 0x1p104
  }
  return abs(Double(got) - exact) / Double(max(abs(rounded), Float.leastNormalMagnitude).ulp)
}
private func ulps(_ got: Double, _ exact: Float80) -> Double {
  let rounded = Double(exact)
  if got == rounded || (got.isNaN && rounded.isNaN) { return 0 }
  if !got.isFinite || !rounded.isFinite {
    guard got.isInfinite != rounded.isInfinite, (got < 0) == (rounded < 0) else { return .infinity }
    let edge = Float80(sign: .plus, exponent: 1024, significand: 1)
    return Double(abs(max(min(exact, edge), -edge) - max(min(Float80(got), edge), -edge)) / Float80(Double.greatestFiniteMagnitude.ulp))
  }
  return Double(abs(Float80(got) - exact) / Float80(max(abs(rounded), Double.leastNormalMagnitude).ulp))
}

private struct Function: CustomTestStringConvertible, Sendable {
  let op: UnaryKernel
  let float: @Sendable (Double) -> Double
  let double: @Sendable (Float80) -> Float80
  let bound, doubleBound: Double
  var testDescription: String { "\(op)" }
}

private let functions = [
  Function(op: .exp, float: { exp($0) }, double: { expl($0) }, bound: 1.5, doubleBound: 1.5),
  Function(op: .log, float: { log($0) }, double: { logl($0) }, bound: 1.5, doubleBound: 1.5),
  Function(op: .erf, float: { erf($0) }, double: { erfl($0) }, bound: 1.5, doubleBound: 3),
  Function(op: .tanh, float: { tanh($0) }, double: { tanhl($0) }, bound: 2, doubleBound: 2),
  Function(op: .sigmoid, float: { sigmoid($0) }, double: { sigmoid($0) }, bound: 2, doubleBound: 2),
  Function(op: .sin, float: { sin($0) }, double: { sinl($0) }, bound: 0.6, doubleBound: 1),
  Function(op: .cos, float: { cos($0) }, double: { cosl($0) }, bound: 0.6, doubleBound: 1),
  Function(op: .sqrt, float: { $0.squareRoot() }, double: { $0.squareRoot() }, bound: 0.5, doubleBound: 0.501),
  Function(op: .rsqrt, float: { 1 / $0.squareRoot() }, double: { 1 / $0.squareRoot() }, bound: 1.5, doubleBound: 1.5),
  Function(op: .reciprocal, float: { 1 / $0 }, double: { 1 / $0 }, bound: 0.5, doubleBound: 0.501),
]

private func sigmoid(_ x: Double) -> Double { x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x)) }
private func sigmoid(_ x: Float80) -> Float80 { x < 0 ? expl(x) / (1 + expl(x)) : 1 / (1 + expl(-x)) }

private let floatSpecials: [Float] = [
  0, -0.0, 1, -1, .infinity, -.infinity, .nan, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .leastNormalMagnitude,
  .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 88.7228, 88.72284, 88.8, -87.3, -87.4, -103.9, -104, -103, 0.625, 0.9277,
  0.92773438, 4.5, 9, 10, 0.5, 2, .pi, .pi / 2, 1e5, 1e6, 1.1e6, 1e30,
]
private let doubleEdges: [Double] = [
  .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .leastNormalMagnitude, .greatestFiniteMagnitude, -.greatestFiniteMagnitude,
  709.78, 709.7827128933840, 709.79, -708.4, -745, -745.13, -745.2, -746, 1e300, 6, 5.92, 5.93, .pi, .pi / 2, 3 * .pi / 2, 355, 99_999.9,
]

/// Half over all bit patterns, half where the functions bend.
private func floatInputs(_ n: Int) -> [Float] {
  var random = SplitMix64(0x5EED)
  return floatSpecials + (0..<n).map { i in
    switch i % 4 {
    case 0, 1: Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
    case 2: Float.random(in: -12...12, using: &random)
    default: Float.random(in: -110...110, using: &random)
    }
  }
}
private func doubleInputs(_ n: Int) -> [Double] {
  var random = SplitMix64(0x5EED)
  return floatSpecials.map { Double($0) } + doubleEdges + (0..<n).map { i in
    switch i % 4 {
    case 0: Double(bitPattern: random.next())
    case 1: Double.random(in: -12...12, using: &random)
    case 2: Double.random(in: -750...750, using: &random)
    default: Double.random(in: 0.4...2.2, using: &random)
    }
  }
}

@Suite("Elementary functions keep their error bounds over all exponents, at zeros, infinities and NaN")
struct MathAccuracyTests {
  @Test(arguments: variants, functions) fileprivate func float(_ table: KernelTable, _ f: Function) throws {
    let x = floatInputs(400_000)
    let y = try #require(table.runUnary(f.op, .float32, x, as: Float.self, zero: 0))
    var worst = 0.0, at: Float = 0
    for i in x.indices {
      let e = ulps(y[i], f.float(Double(x[i])))
      if !(e <= worst) { (worst, at) = (e, x[i]) }
    }
    print("ulp float  \(f.op) \(table.name): \(worst) at \(at)")
    #expect(worst <= f.bound, "at \(at)")
  }

  @Test(arguments: variants, functions) fileprivate func double(_ table: KernelTable, _ f: Function) throws {
    let x = doubleInputs(200_000)
    let y = try #require(table.runUnary(f.op, .float64, x, as: Double.self, zero: 0))
    var worst = 0.0, at = 0.0
    for i in x.indices {
      let e = ulps(y[i], f.double(Float80(x[i])))
      if !(e <= worst) { (worst, at) = (e, x[i]) }
    }
    print("ulp double \(f.op) \(table.name): \(worst) at \(at)")
    #expect(worst <= f.doubleBound, "at \(at)")
  }

  @Test("zeros keep their sign", arguments: variants) func signedZeros(_ table: KernelTable) throws {
    let zeros: [Float] = [0, -0.0], wideZeros: [Double] = [0, -0.0]
    for op in [UnaryKernel.erf, .tanh, .sin, .sqrt] {
      let y = try #require(table.runUnary(op, .float32, zeros, as: Float.self, zero: 0))
      #expect(y.map(\.bitPattern) == zeros.map(\.bitPattern), "\(op)")
      let z = try #require(table.runUnary(op, .float64, wideZeros, as: Double.self, zero: 0))
      #expect(z.map(\.bitPattern) == wideZeros.map(\.bitPattern), "\(op)")
    }
  }

  @Test("gelu and its slope stay within a few ULP of |x| + 1", arguments: variants) func gelu(_ table: KernelTable) throws {
    var random = SplitMix64(7)
    let x = (0..<100_000).map { _ in Double.random(in: -9...9, using: &random) }, one = [1.0]
    let k = 0.7978845608028653558798921198687637 as Float80
    let normal = { (v: Float80) in 0.5 * erfcl(-v * 0.70710678118654752440084436210484903 as Float80) }
    let t = { (v: Float80) in tanhl(k * (v + 0.044715 * v * v * v)) }
    let slope = { (v: Float80) in normal(v) + v * 0.39894228040143267793994605993438187 * expl(-0.5 * v * v) }
    let tanhSlope = { (v: Float80) in 0.5 * (1 + t(v)) + 0.5 * v * (1 - t(v) * t(v)) * k * (1 + 3 * 0.044715 * v * v) }
    let xf = x.map { Float($0) }
    func check(_ name: String, _ got: [Double], _ gotFloat: [Float], _ exact: (Float80) -> Float80) {
      var worst = 0.0, worstFloat = 0.0
      for i in x.indices {
        worst = max(worst, Double(abs(Float80(got[i]) - exact(Float80(x[i])))) / (max(abs(x[i]), 1).ulp))
        worstFloat = max(worstFloat, abs(Double(gotFloat[i]) - Double(exact(Float80(xf[i])))) / Double(max(abs(xf[i]), 1).ulp))
      }
      print("ulp \(name) \(table.name): float \(worstFloat), double \(worst)")
      #expect(worst <= 4 && worstFloat <= 4)
    }
    check("gelu", try #require(table.runUnary(.gelu, .float64, x, as: Double.self, zero: 0)),
      try #require(table.runUnary(.gelu, .float32, xf, as: Float.self, zero: 0))) { $0 * normal($0) }
    check("geluTanh", try #require(table.runUnary(.geluTanh, .float64, x, as: Double.self, zero: 0)),
      try #require(table.runUnary(.geluTanh, .float32, xf, as: Float.self, zero: 0))) { 0.5 * $0 * (1 + t($0)) }
    check("geluBackward", try #require(table.runBinary(.geluBackward, .float64, x.count, one, 0, x, 1, zero: 0.0)),
      try #require(table.runBinary(.geluBackward, .float32, x.count, [Float(1)], 0, xf, 1, zero: Float(0))), slope)
    check("geluTanhBackward", try #require(table.runBinary(.geluTanhBackward, .float64, x.count, one, 0, x, 1, zero: 0.0)),
      try #require(table.runBinary(.geluTanhBackward, .float32, x.count, [Float(1)], 0, xf, 1, zero: Float(0))), tanhSlope)
  }
}

@Suite("Activations with an exponential stay within a few ULP of |x| + 1")
struct ActivationAccuracyTests {
  /// p and q, and f in Float80: `sigmoid` and the logarithms of numbers near 1 are written so that they lose nothing.
  fileprivate struct Activation: CustomTestStringConvertible, Sendable {
    let op: UnaryKernel
    let p, q: Double
    let f: @Sendable (Float80) -> Float80
    var testDescription: String { "\(op)" }
    init(_ op: UnaryKernel, _ p: Double = 0, _ q: Double = 0, _ f: @escaping @Sendable (Float80) -> Float80) {
      (self.op, self.p, self.q, self.f) = (op, p, q, f)
    }
  }
  fileprivate static func log1pExp(_ x: Float80) -> Float80 { x > 0 ? x + log1pl(expl(-x)) : log1pl(expl(x)) }
  fileprivate static let all = [
    Activation(.softplus, 2, 8) { 2 * $0 > 8 ? $0 : log1pExp(2 * $0) / 2 },
    Activation(.softplusSlope, 2, 8) { 2 * $0 > 8 ? 1 : sigmoid(2 * $0) },
    Activation(.silu) { $0 * sigmoid($0) },
    Activation(.siluSlope) { sigmoid($0) * (1 + $0 * sigmoid(-$0)) },
    Activation(.mish) { $0 * tanhl(log1pExp($0)) },
    Activation(.mishSlope) { x in
      let t = tanhl(log1pExp(x)), c = coshl(log1pExp(x))
      return t + x * sigmoid(x) / (c * c)
    },
    Activation(.elu, 1.5, 0.5) { $0 > 0 ? $0 : 1.5 * expm1l($0 * 0.5) },
    Activation(.eluSlope, 1.5, 0.5) { $0 > 0 ? 1 : 0.75 * expl($0 * 0.5) },
  ]

  @Test(arguments: variants, all) fileprivate func bound(_ table: KernelTable, _ a: Activation) throws {
    var random = SplitMix64(7)
    let x = (0..<50_000).map { _ in Double.random(in: -30...30, using: &random) } + [0, -0.0, 1e-300, -1e-300, 1e-8, -1e-8, 19.99, 20.01, 600]
    let xf = x.map { Float($0) }
    let y = try #require(table.runUnary(a.op, .float64, x, as: Double.self, zero: 0, p: a.p, q: a.q))
    let yf = try #require(table.runUnary(a.op, .float32, xf, as: Float.self, zero: 0, p: a.p, q: a.q))
    var worst = 0.0, worstFloat = 0.0
    for i in x.indices {
      worst = max(worst, Double(abs(Float80(y[i]) - a.f(Float80(x[i])))) / max(abs(x[i]), 1).ulp)
      worstFloat = max(worstFloat, abs(Double(yf[i]) - Double(a.f(Float80(xf[i])))) / Double(max(abs(xf[i]), 1).ulp))
    }
    print("ulp \(a.op) \(table.name): float \(worstFloat), double \(worst)")
    #expect(worst <= 6 && worstFloat <= 6)
  }
}

@Suite("pow is C's pow")
struct PowTests {
  static let edge: [Double] = [
    0, -0.0, 1, -1, 2, -2, 3, -3, 0.5, -0.5, 1.5, -1.5, .infinity, -.infinity, .nan, 5e-324, -5e-324, 1e-300, 1e300, -1e300,
    .greatestFiniteMagnitude, 0x1p52 + 1, -(0x1p52 + 1), 0x1p53 - 1, 0x1p53, -0x1p53 + 1, 0x1p52 + 0.5, 0x1p51 + 0.5, 1 - 0x1p-53, 1 + 0x1p-52,
    -(1 + 0x1p-52), 1023, 1024, -1074, -1075, 1e30, -1e30,
  ]

  @Test("special values", arguments: variants) func special(_ table: KernelTable) throws {
    for x in Self.edge {
      for y in Self.edge {
        let got = try #require(table.runBinary(.pow, .float64, 1, [x], 1, [y], 1, zero: 0.0))[0], exact = Float80(pow(x, y))
        #expect(ulps(got, exact) <= 2 && (got.isNaN || got.sign == exact.sign), "\(x) ^ \(y) = \(got), not \(exact)")
        let a = Float(x), b = Float(y)
        let gotFloat = try #require(table.runBinary(.pow, .float32, 1, [a], 1, [b], 1, zero: Float(0)))[0]
        let exactFloat = pow(Double(a), Double(b))
        #expect(ulps(gotFloat, exactFloat) <= 1 && (gotFloat.isNaN || gotFloat.sign == exactFloat.sign), "\(a) ^ \(b) = \(gotFloat)")
        let scalar = try #require(table.runUnary(.powScalar, .float64, [x], as: Double.self, zero: 0, p: y))[0]
        #expect(ulps(scalar, exact) <= 2 && (scalar.isNaN || scalar.sign == exact.sign), "\(x) ^ \(y) = \(scalar), not \(exact)")
      }
    }
  }

  @Test("2 ULP at random arguments", arguments: variants) func random(_ table: KernelTable) throws {
    var random = SplitMix64(11)
    var x: [Double] = [], y: [Double] = []
    for i in 0..<200_000 {
      let base = i % 2 == 0 ? abs(Double(bitPattern: random.next())) : Double.random(in: 0.5...2, using: &random)
      guard base.isFinite, base != 0 else { continue }
      x.append(base)
      y.append(Double.random(in: -750...750, using: &random) / max(abs(log(base)), 1e-3))
    }
    let got = try #require(table.runBinary(.pow, .float64, x.count, x, 1, y, 1, zero: 0.0))
    var worst = 0.0, at = (0.0, 0.0)
    for i in x.indices {
      let e = ulps(got[i], powl(Float80(x[i]), Float80(y[i])))
      if !(e <= worst) { (worst, at) = (e, (x[i], y[i])) }
    }
    print("ulp double pow \(table.name): \(worst) at \(at)")
    #expect(worst <= 2)
    let xf = x.map { Float(abs($0) > 1e30 || abs($0) < 1e-30 ? 1.5 : $0) }, yf = zip(xf, y).map { Float($1 / 8) * ($0 == 1 ? 0 : 1) }
    let gotFloat = try #require(table.runBinary(.pow, .float32, xf.count, xf, 1, yf, 1, zero: Float(0)))
    var worstFloat = 0.0
    for i in xf.indices { worstFloat = max(worstFloat, ulps(gotFloat[i], pow(Double(xf[i]), Double(yf[i])))) }
    print("ulp float  pow \(table.name): \(worstFloat)")
    #expect(worstFloat <= 0.6)
  }
}
