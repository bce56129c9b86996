// Division that ends in whole numbers, its remainders, and what only whole numbers know: bits, divisors. g is the gradient of y.
import CShim
import KernelAPI

/// Of floating and of whole numbers; the latter have no quotient by 0.
protocol DivisionRule: Rule {
  static var function: ElementFunction { get }
}
extension DivisionRule {
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let type = c[1].pointee.dtype
    if type == .bool { throw .dtype("\(name): not defined for bool") }
    if type.category == .integer { try c.engine.refuseZero(c.input(1), for: name) }
    return try c.engine.runFunction(function, c.input(0), c.input(1), for: name)
  }
}

/// a − b·trunc(a/b): the sign of a.
private func truncatedQuotient(_ a: Int64, _ b: Int64) -> Int64 { a.dividedReportingOverflow(by: b).partialValue }
private func flooredQuotient(_ a: Int64, _ b: Int64) -> Int64 {
  let q = truncatedQuotient(a, b), r = a &- q &* b
  return r != 0 && (r < 0) != (b < 0) ? q &- 1 : q
}
private func flooredRemainder(_ a: Double, _ b: Double) -> Double {
  let r = shim_fmod(a, b)
  return r != 0 && (r < 0) != (b < 0) ? r + b : r
}
/// As Python and PyTorch: from the remainder, so that a ≈ b·y + remainder whatever a/b rounds to.
private func flooredQuotient(_ a: Double, _ b: Double) -> Double {
  if b == 0 { return a / b }
  let r = shim_fmod(a, b)
  var q = (a - r) / b
  if r != 0 && (r < 0) != (b < 0) { q -= 1 }
  if q == 0 { return shim_copysign(0, a / b) }
  let whole = shim_floor(q)
  return q - whole > 0.5 ? whole + 1 : whole
}

/// y = ⌊a/b⌋;  da = db = 0
enum FloorDivide: DivisionRule {
  static var name: StaticString { "floor_divide" }
  static var function: ElementFunction { ElementFunction(real: { flooredQuotient($0, $1) }, whole: { flooredQuotient($0, $1) }) }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try giveZeros(n, g) }
}

/// y = trunc(a/b);  da = db = 0
enum TruncDivide: DivisionRule {
  static var name: StaticString { "div" }
  static var function: ElementFunction { ElementFunction(real: { shim_trunc($0 / $1) }, whole: { truncatedQuotient($0, $1) }) }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try giveZeros(n, g) }
}

private func giveZeros(_ n: Node, _ g: Value) throws(Failure) {
  if n.wants(0) { try n.give(0, .zeros(g.engine, g.dtype, g.shape)) }
  if n.wants(1) { try n.give(1, .zeros(g.engine, g.dtype, g.shape)) }
}

/// y = a − b·⌊a/b⌋, the sign of b;  da = g, db = −g·⌊a/b⌋
enum Remainder: DivisionRule {
  static var name: StaticString { "remainder" }
  static var function: ElementFunction {
    ElementFunction(real: { flooredRemainder($0, $1) }, whole: { a, b in a &- flooredQuotient(a, b) &* b })
  }
  static func saves(_ wants: UInt8) -> UInt8 { wants & 2 != 0 ? 3 : 0 }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    if n.wants(0) { try n.give(0, g) }
    if n.wants(1) { try n.give(1, -(g * n[0].apply(.floorDivide, n[1]))) }
  }
}

/// y = a − b·trunc(a/b), the sign of a;  da = g, db = −g·trunc(a/b)
enum Fmod: DivisionRule {
  static var name: StaticString { "fmod" }
  static var function: ElementFunction {
    ElementFunction(real: { shim_fmod($0, $1) }, whole: { a, b in a &- truncatedQuotient(a, b) &* b })
  }
  static func saves(_ wants: UInt8) -> UInt8 { wants & 2 != 0 ? 3 : 0 }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    if n.wants(0) { try n.give(0, g) }
    if n.wants(1) { try n.give(1, -(g * n[0].apply(.truncDivide, n[1]))) }
  }
}

extension Engine {
  fileprivate func refuseZero(_ x: UInt32, for operation: StaticString) throws(Failure) {
    let dense = try contiguous(x, for: operation)
    defer { drop(dense, value: true) }
    let v = Value(engine: self, index: dense), size = v.dtype.size
    var i = 0, n = v.count
    while i < n {
      // Little or big end, a number is 0 when all its bytes are.
      var k = 0
      while k < size && v.data.load(fromByteOffset: i &* size &+ k, as: UInt8.self) == 0 { k += 1 }
      if k == size { n = -1 }
      i += 1
    }
    if n < 0 { throw .argument("\(operation): ZeroDivisionError: a whole number divided by 0") }
  }
}

// MARK: Bits and divisors: whole numbers and bool, no gradient


extension Value {
  @inline(never) private func whole(_ name: StaticString, _ b: Value, bool: Bool = true, _ f: @escaping WholeFunction) throws(Failure) -> Value {
    try engine.check(self, b, for: name)
    let type = commonType(b)
    if type.category == .floating || type == .bool && !bool { throw .dtype("\(name): not defined for \(type)") }
    return try engine.scoped { () throws(Failure) -> Value in
      try engine.hand(engine.runFunction(ElementFunction(whole: f), self.to(type).index, b.to(type).index, for: name))
    }
  }
  package func bitwiseAnd(_ b: Value) throws(Failure) -> Value { try whole("bitwise_and", b) { $0 & $1 } }
  package func bitwiseOr(_ b: Value) throws(Failure) -> Value { try whole("bitwise_or", b) { $0 | $1 } }
  package func bitwiseXor(_ b: Value) throws(Failure) -> Value { try whole("bitwise_xor", b) { $0 ^ $1 } }
  package func bitwiseNot() throws(Failure) -> Value {
    if dtype == .bool { return try logicalNot() }
    return try engine.scoped { () throws(Failure) -> Value in try whole("bitwise_not", Value.integer(engine, -1)) { $0 ^ $1 } }
  }
  /// Shifts by less than 0 or more than there are bits leave 0, to the right of a negative number −1.
  package func leftShift(_ b: Value) throws(Failure) -> Value {
    try whole("bitwise_left_shift", b, bool: false) { $1 < 0 || $1 > 63 ? 0 : $0 &<< $1 }
  }
  package func rightShift(_ b: Value) throws(Failure) -> Value {
    try whole("bitwise_right_shift", b, bool: false) { $1 < 0 || $1 > 63 ? ($0 < 0 ? -1 : 0) : $0 &>> $1 }
  }
  package func gcd(_ b: Value) throws(Failure) -> Value { try whole("gcd", b, bool: false) { greatestDivisor($0, $1) } }
  package func lcm(_ b: Value) throws(Failure) -> Value {
    try whole("lcm", b, bool: false) { a, b in
      let d = greatestDivisor(a, b), m = d == 0 ? 0 : truncatedQuotient(a, d) &* b
      return m < 0 ? 0 &- m : m
    }
  }

  package func floorDivide(_ b: Value) throws(Failure) -> Value { try combine(.floorDivide, b) }
  package func truncDivide(_ b: Value) throws(Failure) -> Value { try combine(.truncDivide, b) }
  package func remainder(_ b: Value) throws(Failure) -> Value { try combine(.remainder, b) }
  package func fmod(_ b: Value) throws(Failure) -> Value { try combine(.fmod, b) }
}

/// Euclid's, on magnitudes.
private func greatestDivisor(_ a: Int64, _ b: Int64) -> Int64 {
  var x = a.magnitude, y = b.magnitude
  while y != 0 { (x, y) = (y, x % y) }
  return Int64(truncatingIfNeeded: x)
}
