// Functions of two numbers that libm, or a line of it, computes. g is the gradient of y.
import CShim
import KernelAPI

protocol FunctionOfTwo: Rule {
  static var function: RealFunction { get }
}
extension FunctionOfTwo {
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    try c.engine.runFunction(ElementFunction(real: function), c.input(0), c.input(1), for: name)
  }
  static func saves(_ wants: UInt8) -> UInt8 { 3 }
}

/// y = the angle of the point (b, a);  da = g·b/(a² + b²), db = −g·a/(a² + b²), 0 at the origin
enum Atan2: FunctionOfTwo {
  static var name: StaticString { "atan2" }
  static var function: RealFunction { { shim_atan2($0, $1) } }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let a = n[0], b = n[1], square = try a.square() + b.square(), origin = try square.eq(0)
    let scaled = try g * origin.select(square.number(0), origin.select(square.number(1), square).reciprocal())
    if n.wants(0) { try n.give(0, scaled * b) }
    if n.wants(1) { try n.give(1, -(scaled * a)) }
  }
}

/// y = √(a² + b²) without overflow;  da = g·a/y, db = g·b/y
enum Hypot: FunctionOfTwo {
  static var name: StaticString { "hypot" }
  static var function: RealFunction { { shim_hypot($0, $1) } }
  static func saves(_ wants: UInt8) -> UInt8 { wants & 3 | savesOutput }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    if n.wants(0) { try n.give(0, g * (n[0] / n.output)) }
    if n.wants(1) { try n.give(1, g * (n[1] / n.output)) }
  }
}

/// y = |a| with the sign of b;  da = g·y/a, 0 at a = 0, db = 0
enum Copysign: FunctionOfTwo {
  static var name: StaticString { "copysign" }
  static var function: RealFunction { { shim_copysign($0, $1) } }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let zero = try g.number(0)
    if n.wants(0) {
      // ±1 of one number, whatever the other's shape.
      try n.give(0, g * n[0].sign().apply(.copysign, n[1]) * n[0].sign())
    }
    if n.wants(1) { try n.give(1, g * zero) }
  }
}

/// y = a·ln b, and 0 where a = 0 (NaN where b is);  da = g·ln b, 0 where a = 0 and b ≤ 0, db = g·a/b
enum Xlogy: FunctionOfTwo {
  static var name: StaticString { "xlogy" }
  static var function: RealFunction { { a, b in b != b ? b : a == 0 ? 0 : a * shim_log(b) } }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let a = n[0], b = n[1]
    if n.wants(0) { try n.give(0, a.eq(0).and(b.le(b.number(0))).select(g.number(0), g.apply(.xlogy, b))) }
    if n.wants(1) { try n.give(1, g * a / b) }
  }
}

/// y = ln(eᵃ + eᵇ);  da = g·σ(a − b), db = g·σ(b − a)
enum LogAddExp: FunctionOfTwo {
  static var name: StaticString { "logaddexp" }
  static var function: RealFunction {
    { a, b in
      if a == b && a - a != 0 { return a }  // equal infinities
      let d = a - b
      return (d > 0 ? a : b) + shim_log1p(shim_exp(d > 0 ? -d : d))
    }
  }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try giveShares(n, g, n[0] - n[1]) }
}

/// y = log₂(2ᵃ + 2ᵇ);  da = g·σ((a − b)·ln 2), db = g·σ((b − a)·ln 2)
enum LogAddExp2: FunctionOfTwo {
  static var name: StaticString { "logaddexp2" }
  static var function: RealFunction {
    { a, b in
      if a == b && a - a != 0 { return a }
      let d = a - b
      return (d > 0 ? a : b) + shim_log1p(shim_exp2(d > 0 ? -d : d)) * 1.4426950408889634
    }
  }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try giveShares(n, g, (n[0] - n[1]) * 0.6931471805599453) }
}

private func giveShares(_ n: Node, _ g: Value, _ difference: Value) throws(Failure) {
  if n.wants(0) { try n.give(0, g * difference.sigmoid()) }
  if n.wants(1) { try n.give(1, g * (-difference).sigmoid()) }
}

/// y = the next number after a towards b;  da = g, db = 0
enum Nextafter: Rule {
  static var name: StaticString { "nextafter" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let f: RealFunction = c[0].pointee.dtype == .float32 ? { shim_nextafterf($0, $1) } : { shim_nextafter($0, $1) }
    return try c.engine.runFunction(ElementFunction(real: f), c.input(0), c.input(1), for: name)
  }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    if n.wants(0) { try n.give(0, g) }
    if n.wants(1) { try n.give(1, .zeros(g.engine, g.dtype, g.shape)) }
  }
}

extension Value {
  package func atan2(_ b: Value) throws(Failure) -> Value { try combine(.atan2, b, floating: true) }
  package func copysign(_ b: Value) throws(Failure) -> Value { try combine(.copysign, b, floating: true) }
  package func xlogy(_ b: Value) throws(Failure) -> Value { try combine(.xlogy, b, floating: true) }
  package func hypot(_ b: Value) throws(Failure) -> Value { try combine(.hypot, b) }
  package func logaddexp(_ b: Value) throws(Failure) -> Value { try combine(.logaddexp, b) }
  package func logaddexp2(_ b: Value) throws(Failure) -> Value { try combine(.logaddexp2, b) }
  package func nextafter(_ b: Value) throws(Failure) -> Value { try combine(.nextafter, b) }
}
