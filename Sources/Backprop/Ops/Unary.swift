// One operand, element by element. g is the gradient of y.
import KernelAPI

/// An operation that is one kernel with no options.
protocol UnaryRule: Rule {
  static var kernel: UnaryKernel { get }
}
extension UnaryRule {
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    try c.engine.runUnary(kernel, c.input(0), for: name)
  }
  static func saves(_ wants: UInt8) -> UInt8 { 1 }
}

/// y = −x;  dx = −g
enum Neg: UnaryRule {
  static var name: StaticString { "neg" }
  static var kernel: UnaryKernel { .neg }
  static func saves(_ wants: UInt8) -> UInt8 { 0 }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try n.give(0, n.negated(g)) }
}

/// y = |x|;  dx = g·sign(x), 0 at 0
enum Abs: UnaryRule {
  static var name: StaticString { "abs" }
  static var kernel: UnaryKernel { .abs }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try n.give(0, g * n[0].sign()) }
}

/// y = sign(x);  dx = 0
enum Sign: UnaryRule {
  static var name: StaticString { "sign" }
  static var kernel: UnaryKernel { .sign }
  static func saves(_ wants: UInt8) -> UInt8 { 0 }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try n.give(0, g * 0) }
}

/// y = x²;  dx = 2·g·x
enum Square: UnaryRule {
  static var name: StaticString { "square" }
  static var kernel: UnaryKernel { .square }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try n.give(0, n.product(g, n[0] * 2)) }
}

/// y = √x;  dx = g/(2y)
enum Sqrt: UnaryRule {
  static var name: StaticString { "sqrt" }
  static var kernel: UnaryKernel { .sqrt }
  static func saves(_ wants: UInt8) -> UInt8 { savesOutput }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try n.give(0, g / (n.output * 2)) }
}

/// y = 1/√x;  dx = −½·g·y³
enum Rsqrt: UnaryRule {
  static var name: StaticString { "rsqrt" }
  static var kernel: UnaryKernel { .rsqrt }
  static func saves(_ wants: UInt8) -> UInt8 { savesOutput }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let y = n.output
    try n.give(0, g * -0.5 * (y * y * y))
  }
}

/// y = 1/x;  dx = −g·y²
enum Reciprocal: UnaryRule {
  static var name: StaticString { "reciprocal" }
  static var kernel: UnaryKernel { .reciprocal }
  static func saves(_ wants: UInt8) -> UInt8 { savesOutput }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try n.give(0, -(g * n.output.square())) }
}

/// y = eˣ;  dx = g·y
enum Exp: UnaryRule {
  static var name: StaticString { "exp" }
  static var kernel: UnaryKernel { .exp }
  static func saves(_ wants: UInt8) -> UInt8 { savesOutput }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try n.give(0, n.product(g, n.output)) }
}

/// y = ln x;  dx = g/x
enum Log: UnaryRule {
  static var name: StaticString { "log" }
  static var kernel: UnaryKernel { .log }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try n.give(0, n.quotient(g, n[0])) }
}

/// y = sin x;  dx = g·cos x
enum Sin: UnaryRule {
  static var name: StaticString { "sin" }
  static var kernel: UnaryKernel { .sin }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try n.give(0, g * n[0].cos()) }
}

/// y = cos x;  dx = −g·sin x
enum Cos: UnaryRule {
  static var name: StaticString { "cos" }
  static var kernel: UnaryKernel { .cos }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try n.give(0, -(g * n[0].sin())) }
}

/// y = erf x;  dx = g·2/√π·e^(−x²)
enum Erf: UnaryRule {
  static var name: StaticString { "erf" }
  static var kernel: UnaryKernel { .erf }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    try n.give(0, g * ((-n[0].square()).exp() * 1.1283791670955126))
  }
}

// MARK: Activations. While nobody differentiates the gradient, one fused kernel gives it.

/// y = max(x, 0);  dx = g except where y ≤ 0, so a NaN lets it pass
enum Relu: UnaryRule {
  static var name: StaticString { "relu" }
  static var kernel: UnaryKernel { .relu }
  static func saves(_ wants: UInt8) -> UInt8 { savesOutput }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    if !g.engine.isRecording { return try n.give(0, n.share(.reluBackward, g, n.output)) }
    try n.give(0, n.output.le(n.output.number(0)).select(g.number(0), g))
  }
}

/// y = 1/(1 + e^(−x));  dx = g·y·(1 − y)
enum Sigmoid: UnaryRule {
  static var name: StaticString { "sigmoid" }
  static var kernel: UnaryKernel { .sigmoid }
  static func saves(_ wants: UInt8) -> UInt8 { savesOutput }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    if !g.engine.isRecording { return try n.give(0, n.share(.sigmoidBackward, g, n.output)) }
    let y = n.output
    try n.give(0, g * (y * (1 - y)))
  }
}

/// y = tanh x;  dx = g·(1 − y²)
enum Tanh: UnaryRule {
  static var name: StaticString { "tanh" }
  static var kernel: UnaryKernel { .tanh }
  static func saves(_ wants: UInt8) -> UInt8 { savesOutput }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    if !g.engine.isRecording { return try n.give(0, n.share(.tanhBackward, g, n.output)) }
    try n.give(0, g * (1 - n.output.square()))
  }
}

/// y = x·Φ(x), Φ(x) = ½(1 + erf(x/√2));  dx = g·(Φ(x) + x·φ(x))      (a = 0; Hendrycks, Gimpel 2016)
/// y = ½x(1 + tanh u), u = √(2/π)(x + 0.044715x³);  dx = g·(½(1 + t) + ½x(1 − t²)·u′), t = tanh u      (a = 1)
enum Gelu: Rule {
  static var name: StaticString { "gelu" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    try c.engine.runUnary(c.attributes.a == 0 ? .gelu : .geluTanh, c.input(0), for: name)
  }
  static func saves(_ wants: UInt8) -> UInt8 { 1 }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let x = n[0], exact = n.attributes.a == 0
    if !g.engine.isRecording { return try n.give(0, n.share(exact ? .geluBackward : .geluTanhBackward, g, x)) }
    if exact {
      let cdf = try ((x * 0.7071067811865476).erf() + 1) * 0.5
      let pdf = try (x.square() * -0.5).exp() * 0.3989422804014327
      return try n.give(0, g * (cdf + x * pdf))
    }
    let k = 0.7978845608028654
    let t = try ((x + x * x.square() * 0.044715) * k).tanh()
    let du = try (x.square() * (3 * 0.044715) + 1) * k
    try n.give(0, g * ((t + 1) * 0.5 + x * 0.5 * (1 - t.square()) * du))
  }
}

/// y = min(max(x, lo), hi);  dx = g where lo ≤ x ≤ hi      (x: lo, y: hi)
enum Clamp: Rule {
  static var name: StaticString { "clamp" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    try c.engine.runUnary(.clamp, c.input(0), p: c.attributes.x, q: c.attributes.y, for: name)
  }
  static func saves(_ wants: UInt8) -> UInt8 { 1 }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let x = n[0], a = n.attributes
    let inside = try x.ge(x.number(a.x)) * x.le(x.number(a.y))
    try n.give(0, inside.select(g, g.number(0)))
  }
}

/// y = x in another type;  dx = g in x's type
enum Cast: Rule {
  static var name: StaticString { "to" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let e = c.engine, type = DType(rawValue: UInt8(truncatingIfNeeded: c.attributes.a)) ?? .float32
    let x = try e.contiguous(c.input(0), for: name)
    defer { e.drop(x, value: true) }
    guard let f = e.kernels.cast(e.slot(x).pointee.dtype.rawValue, type.rawValue) else {
      throw .dtype("to: no conversion from \(e.slot(x).pointee.dtype) to \(type)")
    }
    let out = try e.make(type, e.slot(x).pointee.shape, for: name)
    f(e.slot(x).pointee.shape.product, e.data(x), e.data(out))
    return out
  }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try n.give(0, g.to(n[0].dtype)) }
}

// MARK: As methods

extension Value {
  package static prefix func - (x: Value) throws(Failure) -> Value { try x.apply(.neg) }
  package func abs() throws(Failure) -> Value { try apply(.abs) }
  package func sign() throws(Failure) -> Value { dtype == .bool ? try clone() : try apply(.sign) }
  package func square() throws(Failure) -> Value { try apply(.square) }
  package func sqrt() throws(Failure) -> Value { try applyFloating(.sqrt) }
  package func rsqrt() throws(Failure) -> Value { try applyFloating(.rsqrt) }
  package func reciprocal() throws(Failure) -> Value { try applyFloating(.reciprocal) }
  package func exp() throws(Failure) -> Value { try applyFloating(.exp) }
  package func log() throws(Failure) -> Value { try applyFloating(.log) }
  package func sin() throws(Failure) -> Value { try applyFloating(.sin) }
  package func cos() throws(Failure) -> Value { try applyFloating(.cos) }
  package func erf() throws(Failure) -> Value { try applyFloating(.erf) }
  package func relu() throws(Failure) -> Value {
    dtype.isDifferentiable ? try apply(.relu) : try apply(.clamp, Attributes(x: 0, y: .infinity))
  }
  package func sigmoid() throws(Failure) -> Value { try applyFloating(.sigmoid) }
  package func tanh() throws(Failure) -> Value { try applyFloating(.tanh) }

  package func gelu(approximate: Int) throws(Failure) -> Value {
    if approximate != 0 && approximate != 1 { throw .argument("gelu: approximate must be 0 (none) or 1 (tanh), it is \(approximate)") }
    if !dtype.isDifferentiable { throw .dtype("gelu: not defined for \(dtype)") }
    return try apply(.gelu, Attributes(a: approximate))
  }

  package func clamp(_ low: Double, _ high: Double) throws(Failure) -> Value {
    if low != low || high != high {  // NaN without a gradient
      return try engine.scoped { () throws(Failure) -> Value in try applyFloating(.clamp, Attributes(x: 0, y: 0)) * 0 + .nan }
    }
    let attributes = Attributes(x: low, y: high)
    // Integers stay integers between whole bounds and become float32 otherwise.
    func isWhole(_ v: Double) -> Bool { v - v != 0 && v == v || v == v.rounded(.towardZero) }
    if dtype.category == .integer, !isWhole(low) || !isWhole(high) { return try applyFloating(.clamp, attributes) }
    return try apply(.clamp, attributes)
  }

  /// The same values in another type; itself, as another handle, if it has that type.
  package func to(_ type: DType) throws(Failure) -> Value {
    if type == dtype { return try again() }
    return try apply(.cast, Attributes(a: Int(type.rawValue)))
  }
}
