// Losses of pairs of elements. Most are put together from recorded operations; those of classes stand in CrossEntropy.swift, those
// of margins and distances in MarginLosses.swift, and CTC has a file of its own.
import CShim
import KernelAPI

/// How a loss is put together; batchMean, of kl_div alone, is the sum divided by the size of the first dimension.
public enum Reduction: Int32, Sendable { case none = 0, mean = 1, sum = 2, batchMean = 3 }

/// y = (1 − t)·x + ln(1 + e^(−x)) element by element, = −t·ln σ(x) − (1 − t)·ln(1 − σ(x));  dx = g·(σ(x) − t), dt = −g·x
enum BinaryCrossEntropyWithLogits: Rule {
  static var name: StaticString { "binary_cross_entropy_with_logits" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    try c.unrecorded { (x, t) throws(Failure) in try (1 - t) * x + (-x).softplus() }
  }
  static func saves(_ wants: UInt8) -> UInt8 { wants & 1 != 0 ? 3 : 1 }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    if n.wants(0) { try n.give(0, g * (n[0].sigmoid() - n[1])) }
    if n.wants(1) { try n.give(1, -(g * n[0])) }
  }
}

/// y = −t·ln x − (1 − t)·ln(1 − x), logarithms not below −100;  dx = g·(x − t)/max(x·(1 − x), 10⁻¹²), dt = g·(ln(1 − x) − ln x)
enum BinaryCrossEntropy: Rule {
  static var name: StaticString { "binary_cross_entropy" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    try c.unrecorded { (x, t) throws(Failure) in try (t - 1) * logOfRest(x) - t * limited(x.log()) }
  }
  static func saves(_ wants: UInt8) -> UInt8 { wants & 1 != 0 ? 3 : 1 }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let x = n[0]
    if n.wants(0) { try n.give(0, g * ((x - n[1]) / ((1 - x) * x).clamp(Double(Float(1e-12)), .infinity))) }
    if n.wants(1) { try n.give(1, g * (logOfRest(x) - limited(x.log()))) }
  }
  private static func limited(_ x: Value) throws(Failure) -> Value { try x.clamp(-100, .infinity) }
  private static func logOfRest(_ x: Value) throws(Failure) -> Value { try limited((-x).log1p()) }
}

extension Call {
  /// The result of operations on the first two inputs, without the graph.
  @inline(never) fileprivate func unrecorded(_ body: (Value, Value) throws(Failure) -> Value) throws(Failure) -> UInt32 {
    let x = Value(engine: engine, index: input(0)), t = Value(engine: engine, index: input(1))
    var out: UInt32 = 0
    try engine.withoutRecording { () throws(Failure) in
      try engine.scopedWork { () throws(Failure) in
        out = try body(x, t).index
        engine.hold(out)
      }
    }
    return out
  }
}

// MARK: As methods

extension Value {
  /// The losses put together as asked.
  @inline(never) func reduced(_ reduction: Reduction) throws(Failure) -> Value {
    switch reduction {
    case .none: return try again()
    case .mean: return try mean()
    case .sum: return try sum()
    case .batchMean:
      let total = try sum()
      return rank == 0 ? total : try total / Double(shape[0])
    }
  }

  /// Losses of self and target, stretched together and of one floating type. `weight`, of self's shape: how much each counts; the
  /// mean is then over the weights.
  @inline(never) func pairLoss(
    _ name: StaticString, _ target: Value, weight: Value? = nil, _ reduction: Reduction, _ body: (Value, Value) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    try engine.check(self, target, for: name)
    _ = try shape.broadcast(with: target.shape, for: name)
    let type = commonType(target)
    if type.category != .floating { throw .dtype("\(name): needs a floating type, not \(dtype) and \(target.dtype)") }
    if !type.isDifferentiable { throw .dtype("\(name): needs float32 or float64, not \(type)") }
    if let weight {
      try engine.check(self, weight, for: name)
      if weight.shape != shape { throw .shape("\(name): weight has shape \(weight.shape), wanted that of the input, \(shape)") }
    }
    return try engine.scoped { () throws(Failure) -> Value in
      let losses = try body(to(type), target.to(type))
      guard let weight else { return try losses.reduced(reduction) }
      let weighted = try losses * weight
      return try reduction == .mean ? weighted.sum() / weight.sum() : weighted.reduced(reduction)
    }
  }

  package func mseLoss(_ target: Value, weight: Value? = nil, _ reduction: Reduction) throws(Failure) -> Value {
    try pairLoss("mse_loss", target, weight: weight, reduction) { (x, t) throws(Failure) in try (x - t).square() }
  }

  /// |x − t|
  package func l1Loss(_ target: Value, weight: Value? = nil, _ reduction: Reduction) throws(Failure) -> Value {
    try pairLoss("l1_loss", target, weight: weight, reduction) { (x, t) throws(Failure) in try (x - t).abs() }
  }

  /// With d = x − t and c = d limited to ±δ: c·(d − c/2) = d²/2 within, δ·(|d| − δ/2) beyond (Huber 1964).
  private func huber(_ target: Value, _ delta: Double) throws(Failure) -> Value {
    let d = try self - target, c = try d.clamp(-delta, delta)
    return try c * (d - c * 0.5)
  }

  package func huberLoss(_ target: Value, weight: Value? = nil, delta: Double, _ reduction: Reduction) throws(Failure) -> Value {
    if !(delta > 0) { throw .argument("huber_loss: delta must be greater than 0, it is \(delta)") }
    // Its weighted mean divides by the number of elements, unlike that of l1 and mse: PyTorch's choice.
    if reduction != .mean { return try pairLoss("huber_loss", target, weight: weight, reduction) { (x, t) throws(Failure) in try x.huber(t, delta) } }
    return try engine.scoped { () throws(Failure) -> Value in try huberLoss(target, weight: weight, delta: delta, .none).mean() }
  }

  /// Huber's loss divided by its limit: slope 1 beyond, whatever beta is (Girshick 2015).
  package func smoothL1Loss(_ target: Value, beta: Double, _ reduction: Reduction) throws(Failure) -> Value {
    if !(beta >= 0) { throw .argument("smooth_l1_loss: beta must not be negative, it is \(beta)") }
    return try pairLoss("smooth_l1_loss", target, reduction) { (x, t) throws(Failure) in
      beta == 0 ? try (x - t).abs() : try x.huber(t, beta) / beta
    }
  }

  /// t·(ln t − x), 0 where t is; `logTarget`: eᵗ·(t − x).
  package func klDiv(_ target: Value, logTarget: Bool, _ reduction: Reduction) throws(Failure) -> Value {
    try pairLoss("kl_div", target, reduction) { (x, t) throws(Failure) in
      if logTarget { return try t.exp() * (t - x) }
      return try t * t.eq(0).select(t.number(1), t).log() - t * x
    }
  }

  /// ln(1 + e^(−t·x))
  package func softMarginLoss(_ target: Value, _ reduction: Reduction) throws(Failure) -> Value {
    try pairLoss("soft_margin_loss", target, reduction) { (x, t) throws(Failure) in try (-(t * x)).softplus() }
  }

  /// `logInput`: eˣ − t·x, otherwise x − t·ln(x + eps); `full` adds Stirling's t·ln t − t + ½·ln(2π·t) where t > 1.
  package func poissonNLLLoss(_ target: Value, logInput: Bool, full: Bool, eps: Double, _ reduction: Reduction) throws(Failure) -> Value {
    if !(eps >= 0) { throw .argument("poisson_nll_loss: eps must not be negative, it is \(eps)") }
    return try pairLoss("poisson_nll_loss", target, reduction) { (x, t) throws(Failure) in
      let loss = try logInput ? x.exp() - t * x : x - t * (x + eps).log()
      if !full { return loss }
      let counts = try t.gt(t.number(1)), safe = try counts.select(t, t.number(2))
      let stirling = try safe * safe.log() - safe + (safe * (2 * Double.pi)).log() * 0.5
      return try loss + counts.select(stirling, t.number(0))
    }
  }

  /// ½·(ln v + (x − t)²/v) with v = max(variance, eps), whose gradient passes as if it were the variance; `full` adds ½·ln 2π.
  package func gaussianNLLLoss(_ target: Value, variance: Value, full: Bool, eps: Double, _ reduction: Reduction) throws(Failure) -> Value {
    let name: StaticString = "gaussian_nll_loss"
    try engine.check(self, variance, for: name)
    if !(eps > 0) { throw .argument("\(name): eps must be greater than 0, it is \(eps)") }
    if variance.dtype.category != .floating { throw .dtype("\(name): the variance must be floating, it is \(variance.dtype)") }
    let perRow = rank > 0 && variance.shape != shape && variance.shape == shape.removing(at: rank - 1)
    if !perRow, try shape.broadcast(with: variance.shape, for: name) != shape {
      throw .shape("\(name): variance \(variance.shape) does not stretch to the input's shape \(shape)")
    }
    return try pairLoss(name, target, reduction) { (x, t) throws(Failure) in
      let given = try (perRow ? variance.unsqueeze(-1) : variance).to(x.dtype)
      if given.count > 0, try given.detach().amin().get(0) < 0 { throw .argument("\(name): the variance has negative elements") }
      let v = try given + (given.clamp(eps, .infinity) - given).detach()
      let loss = try (v.log() + (x - t).square() / v) * 0.5
      return full ? try loss + 0.9189385332046727 : loss
    }
  }

  package func binaryCrossEntropy(_ target: Value, weight: Value?, _ reduction: Reduction) throws(Failure) -> Value {
    let name = BinaryCrossEntropy.name
    try checkBinary(target, name)
    if let weight { try engine.check(self, weight, for: name) }
    return try engine.scoped { () throws(Failure) -> Value in
      func check(_ x: Value, _ what: StaticString) throws(Failure) {
        if try Int((x.ge(0) * x.le(x.number(1))).sum().get(0)) != x.count { throw .argument("\(name): all elements of the \(what) must lie in 0…1") }
      }
      try check(self, "input (for logits there is binary_cross_entropy_with_logits)")
      try check(target, "target")
      return try combine(.binaryCrossEntropy, target).weighted(weight).reduced(reduction)
    }
  }

  package func binaryCrossEntropyWithLogits(
    _ target: Value, weight: Value?, positiveWeight: Value?, _ reduction: Reduction
  ) throws(Failure) -> Value {
    let name = BinaryCrossEntropyWithLogits.name
    try checkBinary(target, name)
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
      return try loss.weighted(weight).reduced(reduction)
    }
  }

  private func checkBinary(_ target: Value, _ name: StaticString) throws(Failure) {
    try engine.check(self, target, for: name)
    if shape != target.shape { throw .shape("\(name): target \(target.shape) must have the shape of the input, \(shape)") }
    if !dtype.isDifferentiable { throw .dtype("\(name): needs float32 or float64, not \(dtype)") }
    if target.dtype.category != .floating { throw .dtype("\(name): the target must be floating, it is \(target.dtype)") }
  }

  func weighted(_ weight: Value?) throws(Failure) -> Value {
    try weight.map { (w: Value) throws(Failure) -> Value in try self * w } ?? self
  }
}
