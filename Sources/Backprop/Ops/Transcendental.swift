// Functions of one number that libm or SpecialFunctions.swift computes, and what they are each other's derivative of. g is the gradient of y.
import CShim
import KernelAPI

/// An operation that is one function of doubles; its parameter, if it has one, is `attributes.x`.
protocol FunctionRule: Rule {
  static var function: RealFunction { get }
}
extension FunctionRule {
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    try c.engine.runFunction(function, c.input(0), p: c.attributes.x, for: name)
  }
  static func saves(_ wants: UInt8) -> UInt8 { 1 }
}

/// A function of steps: dx = 0. Whole numbers it leaves as they are.
protocol StepRule: FunctionRule {}
extension StepRule {
  static func saves(_ wants: UInt8) -> UInt8 { 0 }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try n.give(0, .zeros(g.engine, g.dtype, g.shape)) }
}

// MARK: Exponentials and logarithms

/// y = 2ˣ;  dx = g·y·ln 2
enum Exp2: FunctionRule {
  static var name: StaticString { "exp2" }
  static var function: RealFunction { { x, _ in shim_exp2(x) } }
  static func saves(_ wants: UInt8) -> UInt8 { savesOutput }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try n.give(0, n.product(g, n.output * 0.6931471805599453)) }
}

/// y = eˣ − 1;  dx = g·(y + 1)
enum Expm1: FunctionRule {
  static var name: StaticString { "expm1" }
  static var function: RealFunction { { x, _ in shim_expm1(x) } }
  static func saves(_ wants: UInt8) -> UInt8 { savesOutput }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try n.give(0, n.product(g, n.output + 1)) }
}

/// y = log₂ x;  dx = g/(x·ln 2)
enum Log2: FunctionRule {
  static var name: StaticString { "log2" }
  static var function: RealFunction { { x, _ in shim_log2(x) } }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try n.give(0, n.quotient(g, n[0] * 0.6931471805599453)) }
}

/// y = log₁₀ x;  dx = g/(x·ln 10)
enum Log10: FunctionRule {
  static var name: StaticString { "log10" }
  static var function: RealFunction { { x, _ in shim_log10(x) } }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try n.give(0, n.quotient(g, n[0] * 2.302585092994046)) }
}

/// y = ln(1 + x);  dx = g/(1 + x)
enum Log1p: FunctionRule {
  static var name: StaticString { "log1p" }
  static var function: RealFunction { { x, _ in shim_log1p(x) } }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try n.give(0, n.quotient(g, n[0] + 1)) }
}

/// y = ln(z/(1 − z)), z = x, or x limited to ε … 1 − ε;  dx = g/(x·(1 − x)), NaN (with ε: 0) outside      (x: ε, NaN for none)
enum Logit: FunctionRule {
  static var name: StaticString { "logit" }
  static var function: RealFunction {
    { x, eps in
      let z = x < eps ? eps : x > 1 - eps ? 1 - eps : x
      return shim_log(z / (1 - z))
    }
  }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let x = n[0], eps = n.attributes.x, limited = eps == eps
    let outside = try x.lt(x.number(limited ? eps : 0)).or(x.gt(x.number(limited ? 1 - eps : 1)))
    try n.give(0, outside.select(g.number(limited ? 0 : .nan), g / (x * (1 - x))))
  }
}

// MARK: Angles and hyperbolas

/// y = tan x;  dx = g·(1 + y²)
enum Tan: FunctionRule {
  static var name: StaticString { "tan" }
  static var function: RealFunction { { x, _ in shim_tan(x) } }
  static func saves(_ wants: UInt8) -> UInt8 { savesOutput }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try n.give(0, n.product(g, n.output.square() + 1)) }
}

/// y = asin x;  dx = g/√(1 − x²)
enum Asin: FunctionRule {
  static var name: StaticString { "asin" }
  static var function: RealFunction { { x, _ in shim_asin(x) } }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try n.give(0, n.product(g, (1 - n[0].square()).rsqrt())) }
}

/// y = acos x;  dx = −g/√(1 − x²)
enum Acos: FunctionRule {
  static var name: StaticString { "acos" }
  static var function: RealFunction { { x, _ in shim_acos(x) } }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try n.give(0, n.product(g, -(1 - n[0].square()).rsqrt())) }
}

/// y = atan x;  dx = g/(1 + x²)
enum Atan: FunctionRule {
  static var name: StaticString { "atan" }
  static var function: RealFunction { { x, _ in shim_atan(x) } }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try n.give(0, n.quotient(g, n[0].square() + 1)) }
}

/// y = sinh x;  dx = g·cosh x
enum Sinh: FunctionRule {
  static var name: StaticString { "sinh" }
  static var function: RealFunction { { x, _ in shim_sinh(x) } }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try n.give(0, n.product(g, n[0].apply(.cosh))) }
}

/// y = cosh x;  dx = g·sinh x
enum Cosh: FunctionRule {
  static var name: StaticString { "cosh" }
  static var function: RealFunction { { x, _ in shim_cosh(x) } }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try n.give(0, n.product(g, n[0].apply(.sinh))) }
}

/// y = asinh x;  dx = g/√(x² + 1)
enum Asinh: FunctionRule {
  static var name: StaticString { "asinh" }
  static var function: RealFunction { { x, _ in shim_asinh(x) } }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try n.give(0, n.product(g, (n[0].square() + 1).rsqrt())) }
}

/// y = acosh x;  dx = g/√(x² − 1)
enum Acosh: FunctionRule {
  static var name: StaticString { "acosh" }
  static var function: RealFunction { { x, _ in shim_acosh(x) } }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try n.give(0, n.product(g, (n[0].square() - 1).rsqrt())) }
}

/// y = atanh x;  dx = g/(1 − x²)
enum Atanh: FunctionRule {
  static var name: StaticString { "atanh" }
  static var function: RealFunction { { x, _ in shim_atanh(x) } }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try n.give(0, n.quotient(g, 1 - n[0].square())) }
}

// MARK: Error functions

/// y = 1 − erf x;  dx = −g·2/√π·e^(−x²)
enum Erfc: FunctionRule {
  static var name: StaticString { "erfc" }
  static var function: RealFunction { { x, _ in shim_erfc(x) } }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try n.give(0, n.product(g, (-n[0].square()).exp() * -1.1283791670955126)) }
}

/// y = erf⁻¹ x;  dx = g·√π/2·e^(y²)
enum Erfinv: FunctionRule {
  static var name: StaticString { "erfinv" }
  static var function: RealFunction { { x, _ in erfinv(x) } }
  static func saves(_ wants: UInt8) -> UInt8 { savesOutput }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try n.give(0, n.product(g, n.output.square().exp() * 0.886226925452758)) }
}

/// y = e^(x²)·erfc x;  dx = g·(2xy − 2/√π)
enum Erfcx: FunctionRule {
  static var name: StaticString { "erfcx" }
  static var function: RealFunction { { x, _ in erfcx(x) } }
  static func saves(_ wants: UInt8) -> UInt8 { 1 | savesOutput }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try n.give(0, n.product(g, n[0] * n.output * 2 - 1.1283791670955126)) }
}

/// y = Φ⁻¹(x);  dx = g·√(2π)·e^(y²/2)
enum Ndtri: FunctionRule {
  static var name: StaticString { "ndtri" }
  static var function: RealFunction { { x, _ in ndtri(x) } }
  static func saves(_ wants: UInt8) -> UInt8 { savesOutput }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    try n.give(0, n.product(g, (n.output.square() * 0.5).exp() * 2.5066282746310002))
  }
}

/// y = ln Φ(x);  dx = g·√(2/π)/erfcx(−x/√2)
enum LogNdtr: FunctionRule {
  static var name: StaticString { "log_ndtr" }
  static var function: RealFunction { { x, _ in logNdtr(x) } }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    try n.give(0, n.product(g, (n[0] * -0.7071067811865476).apply(.erfcx).reciprocal() * 0.7978845608028654))
  }
}

// MARK: Γ and Bessel

/// y = ln |Γ(x)|;  dx = g·ψ(x)
enum Lgamma: FunctionRule {
  static var name: StaticString { "lgamma" }
  static var function: RealFunction { { x, _ in shim_lgamma(x) } }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try n.give(0, n.product(g, n[0].apply(.digamma))) }
}

/// y = ψ(x);  dx = g·ψ⁽¹⁾(x)
enum Digamma: FunctionRule {
  static var name: StaticString { "digamma" }
  static var function: RealFunction { { x, _ in digamma(x) } }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try n.give(0, n.product(g, n[0].apply(.polygamma, Attributes(x: 1)))) }
}

/// y = ψ⁽ⁿ⁾(x);  dx = g·ψ⁽ⁿ⁺¹⁾(x)      (x: n)
enum Polygamma: FunctionRule {
  static var name: StaticString { "polygamma" }
  static var function: RealFunction { { x, n in polygamma(n, x) } }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    try n.give(0, n.product(g, n[0].apply(.polygamma, Attributes(x: n.attributes.x + 1))))
  }
}

/// y = I₀(x);  dx = g·I₁(x)
enum I0: FunctionRule {
  static var name: StaticString { "i0" }
  static var function: RealFunction { { x, _ in besselI(order: 0, x, scaled: false) } }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try n.give(0, n.product(g, n[0].apply(.i1))) }
}

/// y = e^(−|x|)·I₀(x);  dx = g·(e^(−|x|)·I₁(x) − sign(x)·y)
enum I0e: FunctionRule {
  static var name: StaticString { "i0e" }
  static var function: RealFunction { { x, _ in besselI(order: 0, x, scaled: true) } }
  static func saves(_ wants: UInt8) -> UInt8 { 1 | savesOutput }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try n.give(0, n.product(g, n[0].apply(.i1e) - n[0].sign() * n.output)) }
}

/// y = I₁(x);  dx = g·(I₀(x) − y/x), ½ at 0
enum I1: FunctionRule {
  static var name: StaticString { "i1" }
  static var function: RealFunction { { x, _ in besselI(order: 1, x, scaled: false) } }
  static func saves(_ wants: UInt8) -> UInt8 { 1 | savesOutput }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let x = n[0], atZero = try x.eq(0), safe = try atZero.select(x.number(1), x)
    try n.give(0, n.product(g, atZero.select(x.number(0.5), safe.apply(.i0) - n.output / safe)))
  }
}

/// y = e^(−|x|)·I₁(x);  dx = g·(e^(−|x|)·I₀(x) − y·(sign(x) + 1/x)), ½ at 0
enum I1e: FunctionRule {
  static var name: StaticString { "i1e" }
  static var function: RealFunction { { x, _ in besselI(order: 1, x, scaled: true) } }
  static func saves(_ wants: UInt8) -> UInt8 { 1 | savesOutput }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let x = n[0], atZero = try x.eq(0), safe = try atZero.select(x.number(1), x)
    let slope = try safe.apply(.i0e) - n.output * (safe.sign() + safe.reciprocal())
    try n.give(0, n.product(g, atZero.select(x.number(0.5), slope)))
  }
}

// MARK: Steps

enum Floor: StepRule {
  static var name: StaticString { "floor" }
  static var function: RealFunction { { x, _ in shim_floor(x) } }
}
enum Ceil: StepRule {
  static var name: StaticString { "ceil" }
  static var function: RealFunction { { x, _ in shim_ceil(x) } }
}
enum Trunc: StepRule {
  static var name: StaticString { "trunc" }
  static var function: RealFunction { { x, _ in shim_trunc(x) } }
}
/// To the nearest multiple of 10⁻ᵈ, ties to even      (x: d)
enum Round: StepRule {
  static var name: StaticString { "round" }
  static var function: RealFunction {
    { x, d in
      if d == 0 { return shim_rint(x) }
      let ten = shim_pow(10, d < 0 ? -d : d)
      return d < 0 ? shim_rint(x / ten) * ten : shim_rint(x * ten) / ten
    }
  }
}

// MARK: As methods

extension Value {
  package func exp2() throws(Failure) -> Value { try applyFloating(.exp2) }
  package func expm1() throws(Failure) -> Value { try applyFloating(.expm1) }
  package func log2() throws(Failure) -> Value { try applyFloating(.log2) }
  package func log10() throws(Failure) -> Value { try applyFloating(.log10) }
  package func log1p() throws(Failure) -> Value { try applyFloating(.log1p) }
  package func tan() throws(Failure) -> Value { try applyFloating(.tan) }
  package func asin() throws(Failure) -> Value { try applyFloating(.asin) }
  package func acos() throws(Failure) -> Value { try applyFloating(.acos) }
  package func atan() throws(Failure) -> Value { try applyFloating(.atan) }
  package func sinh() throws(Failure) -> Value { try applyFloating(.sinh) }
  package func cosh() throws(Failure) -> Value { try applyFloating(.cosh) }
  package func asinh() throws(Failure) -> Value { try applyFloating(.asinh) }
  package func acosh() throws(Failure) -> Value { try applyFloating(.acosh) }
  package func atanh() throws(Failure) -> Value { try applyFloating(.atanh) }
  package func erfc() throws(Failure) -> Value { try applyFloating(.erfc) }
  package func erfinv() throws(Failure) -> Value { try applyFloating(.erfinv) }
  package func erfcx() throws(Failure) -> Value { try applyFloating(.erfcx) }
  package func ndtri() throws(Failure) -> Value { try applyFloating(.ndtri) }
  package func logNdtr() throws(Failure) -> Value { try applyFloating(.logNdtr) }
  package func lgamma() throws(Failure) -> Value { try applyFloating(.lgamma) }
  package func digamma() throws(Failure) -> Value { try applyFloating(.digamma) }
  package func i0() throws(Failure) -> Value { try applyFloating(.i0) }
  package func i0e() throws(Failure) -> Value { try applyFloating(.i0e) }
  package func i1() throws(Failure) -> Value { try applyFloating(.i1) }
  package func i1e() throws(Failure) -> Value { try applyFloating(.i1e) }

  package func polygamma(_ n: Int) throws(Failure) -> Value {
    if n < 0 { throw .argument("polygamma: n must not be negative, it is \(n)") }
    return n == 0 ? try digamma() : try applyFloating(.polygamma, Attributes(x: Double(n)))
  }
  /// NaN for no limit.
  package func logit(eps: Double) throws(Failure) -> Value { try applyFloating(.logit, Attributes(x: eps)) }

  private func step(_ operation: Operation, _ attributes: Attributes = Attributes()) throws(Failure) -> Value {
    dtype.category == .integer && attributes.x == 0 ? try clone() : try apply(operation, attributes)
  }
  package func floor() throws(Failure) -> Value { try step(.floor) }
  package func ceil() throws(Failure) -> Value { try step(.ceil) }
  package func trunc() throws(Failure) -> Value { try step(.trunc) }
  package func round(decimals: Int) throws(Failure) -> Value {
    // Beyond ±400 a power of ten is infinite or zero anyway.
    try step(.round, Attributes(x: Double(decimals < -400 ? -400 : decimals > 400 ? 400 : decimals)))
  }
}
