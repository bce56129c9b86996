// Two operands, element by element. In every gradient g is the gradient of y; shares of stretched operands are summed
// by the walk, not here.
import KernelAPI

/// y = a + b;  da = g, db = g
enum Add: Rule {
  static var name: StaticString { "add" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    // bool + bool is "or", as in PyTorch
    try c.engine.runBinary(c[0].pointee.dtype == .bool ? .maximum : .add, c.input(0), c.input(1), for: name)
  }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    if n.wants(0) { try n.give(0, g) }
    if n.wants(1) { try n.give(1, g) }
  }
}

/// y = a − b;  da = g, db = −g
enum Sub: Rule {
  static var name: StaticString { "sub" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    try c.engine.runBinary(.sub, c.input(0), c.input(1), for: name)
  }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    if n.wants(0) { try n.give(0, g) }
    if n.wants(1) { try n.give(1, n.negated(g)) }
  }
}

/// y = a·b;  da = g·b, db = g·a
enum Mul: Rule {
  static var name: StaticString { "mul" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    try c.engine.runBinary(c[0].pointee.dtype == .bool ? .minimum : .mul, c.input(0), c.input(1), for: name)
  }
  static func saves(_ wants: UInt8) -> UInt8 { (wants & 1) << 1 | (wants & 2) >> 1 }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    if n.wants(0) { try n.give(0, n.product(g, n[1], last: !n.wants(1))) }
    if n.wants(1) { try n.give(1, n.product(g, n[0])) }
  }
}

/// y = a/b;  da = g/b, db = −g·y/b
enum Div: Rule {
  static var name: StaticString { "div" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    try c.engine.runBinary(.div, c.input(0), c.input(1), for: name)
  }
  static func saves(_ wants: UInt8) -> UInt8 { wants & 2 != 0 ? 2 | savesOutput : 2 }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    if n.wants(0) { try n.give(0, n.quotient(g, n[1], last: !n.wants(1))) }
    if n.wants(1) { try n.give(1, -(g * n.output / n[1])) }
  }
}

/// y = a^b;  da = g·b·a^(b−1), and 0 where b = 0;  db = g·y·log a, and 0 where a = 0, b ≥ 0
enum Pow: Rule {
  static var name: StaticString { "pow" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    try c.engine.runBinary(.pow, c.input(0), c.input(1), for: name)
  }
  static func saves(_ wants: UInt8) -> UInt8 { wants & 2 != 0 ? 3 | savesOutput : 3 }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let a = n[0], b = n[1]
    if n.wants(0) {
      let da = try g * (b * a.pow(b - 1))
      try n.give(0, b.eq(0).select(Value.full(da.engine, da.dtype, Dims(), 0), da))
    }
    if n.wants(1) {
      let db = try g * (n.output * a.log())
      let flat = try a.eq(0) * b.ge(0)
      try n.give(1, flat.select(Value.full(db.engine, db.dtype, Dims(), 0), db))
    }
  }
}

/// y = max(a, b);  the larger takes g, ties halve it
enum Maximum: Rule {
  static var name: StaticString { "maximum" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    try c.engine.runBinary(.maximum, c.input(0), c.input(1), for: name)
  }
  static func saves(_ wants: UInt8) -> UInt8 { 3 }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try shareByOrder(n, g, n[0].gt(n[1]), n[0].lt(n[1])) }
}

/// y = min(a, b);  the smaller takes g, ties halve it
enum Minimum: Rule {
  static var name: StaticString { "minimum" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    try c.engine.runBinary(.minimum, c.input(0), c.input(1), for: name)
  }
  static func saves(_ wants: UInt8) -> UInt8 { 3 }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try shareByOrder(n, g, n[0].lt(n[1]), n[0].gt(n[1])) }
}

private func shareByOrder(_ n: Node, _ g: Value, _ first: Value, _ second: Value) throws(Failure) {
  let half = try n[0].eq(n[1]).to(g.dtype) * 0.5
  if n.wants(0) { try n.give(0, g * (first.to(g.dtype) + half)) }
  if n.wants(1) { try n.give(1, g * (second.to(g.dtype) + half)) }
}

// MARK: Comparisons: y is bool and has no gradient

protocol Comparison {
  static var name: StaticString { get }
  static var kernel: BinaryKernel { get }
}
enum Equal: Comparison { static var name: StaticString { "eq" }; static var kernel: BinaryKernel { .eq } }
enum NotEqual: Comparison { static var name: StaticString { "ne" }; static var kernel: BinaryKernel { .ne } }
enum Less: Comparison { static var name: StaticString { "lt" }; static var kernel: BinaryKernel { .lt } }
enum LessOrEqual: Comparison { static var name: StaticString { "le" }; static var kernel: BinaryKernel { .le } }
enum Greater: Comparison { static var name: StaticString { "gt" }; static var kernel: BinaryKernel { .gt } }
enum GreaterOrEqual: Comparison { static var name: StaticString { "ge" }; static var kernel: BinaryKernel { .ge } }

enum Compare<C: Comparison>: NonDifferentiableRule {
  static var name: StaticString { C.name }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    try c.engine.runBinary(C.kernel, c.input(0), c.input(1), to: .bool, for: C.name)
  }
}

/// y = not x, for any type
enum LogicalNot: NonDifferentiableRule {
  static var name: StaticString { "logical_not" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    try c.engine.runUnary(.logicalNot, c.input(0), to: .bool, for: name)
  }
}

/// y = c ? a : b;  da = g where c, db = g elsewhere
enum Where: Rule {
  static var name: StaticString { "where" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let e = c.engine
    if c[0].pointee.dtype != .bool { throw .dtype("where: the condition must be bool, it is \(c[0].pointee.dtype)") }
    let values = try c[1].pointee.shape.broadcast(with: c[2].pointee.shape, for: name)
    let shape = try c[0].pointee.shape.broadcast(with: values, for: name)
    let out = try e.make(c[1].pointee.dtype, shape, for: name)
    return try e.filled(out) { () throws(Failure) in try e.runSelect(c.input(0), c.input(1), c.input(2), into: out, for: name) }
  }
  static func saves(_ wants: UInt8) -> UInt8 { 1 }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let zero = try Value.full(g.engine, g.dtype, Dims(), 0)
    if n.wants(1) { try n.give(1, n[0].select(g, zero)) }
    if n.wants(2) { try n.give(2, n[0].select(zero, g)) }
  }
}

// MARK: As methods

extension Value {
  package static func + (a: Value, b: Value) throws(Failure) -> Value { try a.combine(.add, b) }
  package static func - (a: Value, b: Value) throws(Failure) -> Value {
    if a.dtype == .bool || b.dtype == .bool { throw .dtype("sub: not defined for bool; use logical_not or ne") }
    return try a.combine(.sub, b)
  }
  package static func * (a: Value, b: Value) throws(Failure) -> Value { try a.combine(.mul, b) }
  package static func / (a: Value, b: Value) throws(Failure) -> Value { try a.combine(.div, b, floating: true) }
  package func pow(_ b: Value) throws(Failure) -> Value {
    if dtype == .bool && b.dtype == .bool {  // 0⁰ = 0¹… : false only for false to the power of true
      return try engine.scoped { () throws(Failure) -> Value in try maximum(b.logicalNot()) }
    }
    if b.slot.pointee.flags.contains(.number), b.dtype.category == .integer, dtype.category != .floating, b.get(0) < 0 {
      throw .argument("pow: whole numbers to the negative power \(Int(b.get(0))) are not whole; convert to a floating type first")
    }
    return try combine(.pow, b)
  }
  package func maximum(_ b: Value) throws(Failure) -> Value { try combine(.maximum, b) }
  package func minimum(_ b: Value) throws(Failure) -> Value { try combine(.minimum, b) }
  package func eq(_ b: Value) throws(Failure) -> Value { try combine(.eq, b) }
  package func ne(_ b: Value) throws(Failure) -> Value { try combine(.ne, b) }
  package func lt(_ b: Value) throws(Failure) -> Value { try combine(.lt, b) }
  package func le(_ b: Value) throws(Failure) -> Value { try combine(.le, b) }
  package func gt(_ b: Value) throws(Failure) -> Value { try combine(.gt, b) }
  package func ge(_ b: Value) throws(Failure) -> Value { try combine(.ge, b) }
  package func logicalNot() throws(Failure) -> Value { try apply(.logicalNot) }

  /// self (bool) ? a : b (PyTorch: `where`).
  package func select(_ a: Value, _ b: Value) throws(Failure) -> Value {
    try engine.check(self, a, for: "where")
    try engine.check(self, b, for: "where")
    if a.dtype == b.dtype {
      var c = Call(self, a, b)
      return try engine.apply(.where, &c)
    }
    let type = a.commonType(b)
    return try engine.scoped { () throws(Failure) -> Value in
      var c = try Call(self, a.to(type), b.to(type))
      return try engine.apply(.where, &c)
    }
  }

  // With a plain number, inside the engine: always within a scope, so the number is freed with it.
  static func + (a: Value, b: Double) throws(Failure) -> Value { try a + a.number(b) }
  static func - (a: Value, b: Double) throws(Failure) -> Value { try a - a.number(b) }
  static func - (a: Double, b: Value) throws(Failure) -> Value { try b.number(a) - b }
  static func * (a: Value, b: Double) throws(Failure) -> Value { try a * a.number(b) }
  static func / (a: Value, b: Double) throws(Failure) -> Value { try a / a.number(b) }
  func eq(_ b: Double) throws(Failure) -> Value { try eq(number(b)) }
  func ge(_ b: Double) throws(Failure) -> Value { try ge(number(b)) }
  func number(_ v: Double) throws(Failure) -> Value { try Value.full(engine, dtype, Dims(), v) }
}
