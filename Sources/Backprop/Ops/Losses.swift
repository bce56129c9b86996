// Losses and dropout.
import CShim
import KernelAPI

/// How a loss is put together.
public enum Reduction: Int32, Sendable { case none = 0, mean = 1, sum = 2 }

/// y = (1 − t)·x + ln(1 + e^(−x)) element by element, = −t·ln σ(x) − (1 − t)·ln(1 − σ(x));  dx = g·(σ(x) − t), dt = −g·x
enum BinaryCrossEntropyWithLogits: Rule {
  static var name: StaticString { "binary_cross_entropy_with_logits" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let e = c.engine
    let x = Value(engine: e, index: c.input(0)), t = Value(engine: e, index: c.input(1))
    var out: UInt32 = 0
    try e.withoutRecording { () throws(Failure) in
      try e.scopedWork { () throws(Failure) in
        out = try ((1 - t) * x + (-x).softplus()).index
        e.hold(out)
      }
    }
    return out
  }
  static func saves(_ wants: UInt8) -> UInt8 { wants & 1 != 0 ? 3 : 1 }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    if n.wants(0) { try n.give(0, g * (n[0].sigmoid() - n[1])) }
    if n.wants(1) { try n.give(1, -(g * n[0])) }
  }
}

extension Value {
  /// Zeroes each element with probability p and scales the rest by 1/(1 − p).
  package func dropout(_ p: Double, training: Bool) throws(Failure) -> Value {
    if !(p >= 0 && p <= 1) { throw .argument("dropout: probability must lie in 0…1, it is \(p)") }
    if !dtype.isDifferentiable { throw .dtype("dropout: needs float32 or float64, not \(dtype)") }
    if !training || p == 0 { return try again() }
    return try engine.scoped { () throws(Failure) -> Value in
      try self * Value.random(engine, .dropoutMask, dtype, shape, "dropout", p: p, scale: p == 1 ? 0 : 1 / (1 - p))
    }
  }

  private func reduced(_ reduction: Reduction) throws(Failure) -> Value {
    switch reduction {
    case .none: try again()
    case .mean: try mean()
    case .sum: try sum()
    }
  }

  package func mseLoss(_ target: Value, _ reduction: Reduction) throws(Failure) -> Value {
    try engine.check(self, target, for: "mse_loss")
    _ = try shape.broadcast(with: target.shape, for: "mse_loss")
    if commonType(target).category != .floating { throw .dtype("mse_loss: needs a floating type, not \(dtype) and \(target.dtype)") }
    return try engine.scoped { () throws(Failure) -> Value in try (self - target).square().reduced(reduction) }
  }

  package func binaryCrossEntropyWithLogits(
    _ target: Value, weight: Value?, positiveWeight: Value?, _ reduction: Reduction
  ) throws(Failure) -> Value {
    let name: StaticString = "binary_cross_entropy_with_logits"
    try engine.check(self, target, for: name)
    if shape != target.shape { throw .shape("\(name): target \(target.shape) must have the shape of the input, \(shape)") }
    if !dtype.isDifferentiable { throw .dtype("\(name): needs float32 or float64, not \(dtype)") }
    if target.dtype.category != .floating { throw .dtype("\(name): the target must be floating, it is \(target.dtype)") }
    if let weight { try engine.check(self, weight, for: name) }
    if let positiveWeight { try engine.check(self, positiveWeight, for: name) }
    return try engine.scoped { () throws(Failure) -> Value in
      var loss: Value
      if let positiveWeight {
        let t = try target.to(dtype)
        loss = try (1 - t) * self + ((positiveWeight - 1) * t + 1) * (-self).softplus()
      } else {
        loss = try combine(.binaryCrossEntropyWithLogits, target)
      }
      if let weight { loss = try loss * weight }
      return try loss.reduced(reduction)
    }
  }
}
