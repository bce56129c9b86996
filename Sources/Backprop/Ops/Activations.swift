// Activations. One that is a kernel has its derivative as a kernel too; while somebody differentiates the gradient, the derivative is written
// out in differentiable operations. g is the gradient of y.
import KernelAPI

/// A kernel for y, one for dy/dx, both with the parameters x and y of the attributes.
protocol ActivationRule: Rule {
  static var kernel: UnaryKernel { get }
  static var slopeKernel: UnaryKernel { get }
  /// dy/dx in differentiable operations.
  static func slope(_ x: Value, _ a: Attributes) throws(Failure) -> Value
}
extension ActivationRule {
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    try c.engine.runUnary(kernel, c.input(0), p: c.attributes.x, q: c.attributes.y, for: name)
  }
  static func saves(_ wants: UInt8) -> UInt8 { 1 }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let x = n[0], a = n.slot.pointee.attributes != 0 ? n.attributes : Attributes()
    if g.engine.isRecording { return try n.give(0, g * slope(x, a)) }
    let s = try x.engine.hand(x.engine.runUnary(slopeKernel, x.index, p: a.x, q: a.y, for: name))
    try n.give(0, n.share(.mul, g, s))
  }
}

/// y = ln(1 + e^(βx))/β, and x where βx > threshold;  dx = g·σ(βx), and g      (x: β, y: threshold)
enum Softplus: ActivationRule {
  static var name: StaticString { "softplus" }
  static var kernel: UnaryKernel { .softplus }
  static var slopeKernel: UnaryKernel { .softplusSlope }
  static func slope(_ x: Value, _ a: Attributes) throws(Failure) -> Value {
    let z = try x * a.x
    return try z.gt(z.number(a.y)).select(z.number(1), z.sigmoid())
  }
}

/// y = x·σ(x);  dx = g·σ(x)·(1 + x·(1 − σ(x)))      (Elfwing, Uchibe, Doya 2017)
enum Silu: ActivationRule {
  static var name: StaticString { "silu" }
  static var kernel: UnaryKernel { .silu }
  static var slopeKernel: UnaryKernel { .siluSlope }
  static func slope(_ x: Value, _ a: Attributes) throws(Failure) -> Value {
    let s = try x.sigmoid()
    return try s * (x * (1 - s) + 1)
  }
}

/// y = x·t, t = tanh(ln(1 + eˣ));  dx = g·(t + x·σ(x)·(1 − t²))      (Misra 2019)
enum Mish: ActivationRule {
  static var name: StaticString { "mish" }
  static var kernel: UnaryKernel { .mish }
  static var slopeKernel: UnaryKernel { .mishSlope }
  static func slope(_ x: Value, _ a: Attributes) throws(Failure) -> Value {
    let t = try x.softplus().tanh()
    return try t + x * x.sigmoid() * (1 - t.square())
  }
}

/// y = x > 0 ? x : α·(e^(sx) − 1);  dx = x > 0 ? g : g·α·s·e^(sx)      (x: α, y: s > 0; Clevert, Unterthiner, Hochreiter 2015)
enum Elu: ActivationRule {
  static var name: StaticString { "elu" }
  static var kernel: UnaryKernel { .elu }
  static var slopeKernel: UnaryKernel { .eluSlope }
  static func slope(_ x: Value, _ a: Attributes) throws(Failure) -> Value {
    let negative = try x.le(x.number(0))  // eˣ of the others might overflow, and ∞·0 is no 0
    return try negative.select((negative.select(x, x.number(0)) * a.y).exp() * (a.x * a.y), x.number(1))
  }
}

/// y = x > 0 ? x : slope·x;  dx = x > 0 ? g : slope·g      (x: slope)
enum LeakyRelu: ActivationRule {
  static var name: StaticString { "leaky_relu" }
  static var kernel: UnaryKernel { .leakyRelu }
  static var slopeKernel: UnaryKernel { .leakyReluSlope }
  static func slope(_ x: Value, _ a: Attributes) throws(Failure) -> Value { try x.gt(x.number(0)).select(x.number(1), x.number(a.x)) }
}

/// y = x·min(max(x + 3, 0), 6)/6;  dx = g·(x/3 + ½) within ±3, 0 up to −3, g from 3 on      (Howard et al. 2019)
enum Hardswish: ActivationRule {
  static var name: StaticString { "hardswish" }
  static var kernel: UnaryKernel { .hardswish }
  static var slopeKernel: UnaryKernel { .hardswishSlope }
  static func slope(_ x: Value, _ a: Attributes) throws(Failure) -> Value {
    let ramp = try x.lt(x.number(3)).select(x / 3 + 0.5, x.number(1))
    return try x.le(x.number(-3)).select(x.number(0), ramp)
  }
}

/// y = min(max(x, lo), hi);  dx = g where lo < x < hi: unlike clamp's, 0 on the bounds      (x: lo, y: hi)
enum Hardtanh: Rule {
  static var name: StaticString { "hardtanh" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    try c.engine.runUnary(.clamp, c.input(0), p: c.attributes.x, q: c.attributes.y, for: name)
  }
  static func saves(_ wants: UInt8) -> UInt8 { 1 }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let x = n[0], a = n.attributes
    try n.give(0, x.le(x.number(a.x)).or(x.ge(x.number(a.y))).select(g.number(0), g))
  }
}

// MARK: As methods

extension Value {
  package func softplus(beta: Double = 1, threshold: Double = .infinity) throws(Failure) -> Value {
    try apply(.softplus, Attributes(x: beta, y: threshold))
  }
  package func silu() throws(Failure) -> Value { try apply(.silu) }
  package func mish() throws(Failure) -> Value { try apply(.mish) }
  package func hardswish() throws(Failure) -> Value { try apply(.hardswish) }
  package func leakyRelu(slope: Double) throws(Failure) -> Value { try apply(.leakyRelu, Attributes(x: slope)) }
  package func elu(alpha: Double) throws(Failure) -> Value { try apply(.elu, Attributes(x: alpha, y: 1)) }
  /// (Klambauer et al. 2017; the constants make mean 0 and variance 1 a fixed point.)
  package func selu() throws(Failure) -> Value {
    try engine.scoped { () throws(Failure) -> Value in try elu(alpha: 1.6732632423543772) * 1.0507009873554805 }
  }
  package func celu(alpha: Double) throws(Failure) -> Value {
    if alpha == 0 { throw .argument("celu: alpha must not be 0") }
    if alpha > 0 { return try apply(.elu, Attributes(x: alpha, y: 1 / alpha)) }
    if !dtype.isDifferentiable { throw .dtype("celu: not defined for \(dtype)") }
    return try engine.scoped { () throws(Failure) -> Value in
      let negative = try le(number(0))
      return try negative.select((negative.select(self, number(0)) / alpha).expm1() * alpha, self)
    }
  }

  package func hardtanh(_ low: Double, _ high: Double, for operation: StaticString = "hardtanh") throws(Failure) -> Value {
    if !(low <= high) { throw .argument("\(operation): min_val \(low) must not be greater than max_val \(high)") }
    if dtype.category == .integer && low == saturatedToWhole(low) && high == saturatedToWhole(high) { return try clamp(low, high) }
    return try apply(.hardtanh, Attributes(x: low, y: high))
  }
  private func saturatedToWhole(_ x: Double) -> Double { Double(saturated(x)) }
  package func relu6() throws(Failure) -> Value { try hardtanh(0, 6, for: "relu6") }
  package func hardsigmoid() throws(Failure) -> Value {
    if !dtype.isDifferentiable { throw .dtype("hardsigmoid: not defined for \(dtype)") }
    return try engine.scoped { () throws(Failure) -> Value in try (self + 3).hardtanh(0, 6) / 6 }
  }

  /// x > threshold ? x : value, and NaN stays.
  package func threshold(_ threshold: Double, _ value: Double) throws(Failure) -> Value {
    try engine.scoped { () throws(Failure) -> Value in try le(Value.number(engine, threshold)).select(number(value), self) }
  }
  package func hardshrink(lambda: Double) throws(Failure) -> Value {
    try engine.scoped { () throws(Failure) -> Value in
      try ge(Value.number(engine, -lambda)).and(le(Value.number(engine, lambda))).select(number(0), self)
    }
  }
  package func softshrink(lambda: Double) throws(Failure) -> Value {
    if !(lambda >= 0) { throw .argument("softshrink: lambda must not be negative, it is \(lambda)") }
    if !dtype.isDifferentiable { throw .dtype("softshrink: not defined for \(dtype)") }
    return try engine.scoped { () throws(Failure) -> Value in try self - clamp(-lambda, lambda) }
  }
  package func tanhshrink() throws(Failure) -> Value {
    try engine.scoped { () throws(Failure) -> Value in try self - tanh() }
  }
  package func softsign() throws(Failure) -> Value {
    try engine.scoped { () throws(Failure) -> Value in try self / (abs() + 1) }
  }
  package func logsigmoid() throws(Failure) -> Value {
    if !dtype.isDifferentiable { throw .dtype("logsigmoid: not defined for \(dtype)") }
    return try engine.scoped { () throws(Failure) -> Value in try -((-self).softplus()) }
  }
  package func softmin(_ dim: Int) throws(Failure) -> Value {
    try engine.scoped { () throws(Failure) -> Value in try (-self).softmax(dim) }
  }

  /// a·σ(b) of the two halves of x along a dimension.
  package func glu(_ dim: Int) throws(Failure) -> Value {
    if rank == 0 { throw .shape("glu: needs at least one dimension to halve") }
    let d = try shape.dimension(dim, for: "glu"), n = shape[d]
    if n % 2 != 0 { throw .shape("glu: dimension \(d) of \(shape) must be even to be halved") }
    return try engine.scoped { () throws(Failure) -> Value in
      try slice(d, 0, n / 2, 1) * slice(d, n / 2, n, 1).sigmoid()
    }
  }

  /// max(x, 0) + weight·min(x, 0), weight one number or one for each element of dimension 1.
  package func prelu(_ weight: Value) throws(Failure) -> Value {
    try engine.check(self, weight, for: "prelu")
    if weight.rank > 1 { throw .shape("prelu: weight must have one dimension or none, it has shape \(weight.shape)") }
    if !dtype.isDifferentiable || weight.dtype != dtype { throw .dtype("prelu: x and weight must both be float32 or float64, not \(dtype) and \(weight.dtype)") }
    let channels = rank == 0 ? 1 : rank == 1 ? 1 : shape[1]
    if weight.count != 1 && weight.count != channels {
      throw .shape("prelu: weight has \(weight.count) numbers, wanted 1 or the \(channels) of dimension 1 of \(shape)")
    }
    return try engine.scoped { () throws(Failure) -> Value in
      var w = weight
      if weight.count != 1 {
        var d = Dims(repeating: 1, count: rank)
        d[1] = channels
        w = try weight.reshape(d)
      } else {
        w = try weight.reshape(Dims())
      }
      // The closed bound of clamp lets the gradient at 0 pass on the negative side, as in PyTorch.
      return try relu() + w * clamp(-.infinity, 0)
    }
  }

  /// In training each negative element gets its own random slope, otherwise the middle of both.      (Xu et al. 2015)
  package func rrelu(_ lower: Double, _ upper: Double, training: Bool) throws(Failure) -> Value {
    if !(lower <= upper) { throw .argument("rrelu: lower \(lower) must not be greater than upper \(upper)") }
    if !training { return try leakyRelu(slope: (lower + upper) / 2) }
    return try engine.scoped { () throws(Failure) -> Value in
      let slopes = try Value.random(engine, .uniform, dtype, shape, "rrelu") * (upper - lower) + lower
      return try self * gt(number(0)).select(number(1), slopes)
    }
  }
}
