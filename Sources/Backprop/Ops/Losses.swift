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

// MARK: Cross entropy

package struct CrossEntropyOptions {
  package var reduction = Reduction.mean
  package var ignoreIndex = -100
  package var labelSmoothing = 0.0
  package var weight: Value?
  package init() {}
}

extension Value {
  /// −ln softmax(x)[label], over dimension 1 (0 for one sample). See `bp_cross_entropy`.
  package func crossEntropy(_ target: Value, _ o: CrossEntropyOptions) throws(Failure) -> Value {
    let name: StaticString = "cross_entropy"
    try engine.check(self, target, for: name)
    if !dtype.isDifferentiable { throw .dtype("\(name): logits must be float32 or float64, they are \(dtype)") }
    if rank == 0 { throw .shape("\(name): logits need a class dimension, they are 0-dimensional") }
    let smoothing = o.labelSmoothing
    if !(smoothing >= 0 && smoothing <= 1) { throw .argument("\(name): label_smoothing must lie in 0…1, it is \(smoothing)") }
    let d = rank == 1 ? 0 : 1, classes = shape[d]
    if let w = o.weight {
      try engine.check(self, w, for: name)
      if w.shape != Dims(classes) { throw .shape("\(name): weight has shape \(w.shape), wanted [\(classes)]") }
      if w.dtype != dtype { throw .dtype("\(name): weight is \(w.dtype), the logits \(dtype)") }
    }
    let asProbabilities = target.dtype.category == .floating
    let wanted = asProbabilities ? shape : shape.removing(at: d)
    if target.shape != wanted {
      throw .shape("\(name): logits \(shape) and target \(target.shape) do not fit; wanted labels of shape \(shape.removing(at: d)) or probabilities of shape \(shape)")
    }
    return try engine.scoped { () throws(Failure) -> Value in
      // Classes last, samples in one dimension.
      let logits = try classesLast(d, classes).logSoftmax(1)
      if asProbabilities { return try logits.crossEntropyOfProbabilities(target.to(dtype).classesLast(d, classes), wanted.removing(at: d), o) }
      return try logits.crossEntropyOfLabels(target, wanted, o)
    }
  }

  private func classesLast(_ d: Int, _ classes: Int) throws(Failure) -> Value {
    var order = Dims(), i = 0
    while i < rank { if i != d { order.append(i) }; i += 1 }
    order.append(d)
    return try (d == rank - 1 ? self : permute(order)).reshape(Dims(shape.removing(at: d).product, classes))
  }

  /// self: log probabilities [N, C].
  private func crossEntropyOfProbabilities(_ target: Value, _ outShape: Dims, _ o: CrossEntropyOptions) throws(Failure) -> Value {
    let classes = Double(shape[1])
    var t = target
    if o.labelSmoothing > 0 { t = try t * (1 - o.labelSmoothing) + o.labelSmoothing / classes }
    var terms = try self * t
    if let w = o.weight { terms = try terms * w }
    let losses = try -terms.sum(Dims(1))
    switch o.reduction {
    case .none: return try losses.reshape(outShape)
    case .sum: return try losses.sum()
    case .mean: return try losses.sum() / Double(shape[0])
    }
  }

  private func crossEntropyOfLabels(_ target: Value, _ outShape: Dims, _ o: CrossEntropyOptions) throws(Failure) -> Value {
    if target.dtype != .int64 && target.dtype != .int32 {
      throw .dtype("cross_entropy: labels must be int64 or int32, they are \(target.dtype)")
    }
    let classes = shape[1]
    let labels = try target.to(.int64).reshape(Dims(target.count)).contiguous()
    let p = labels.data(as: Int64.self), n = labels.count
    var ignored = 0, i = 0
    while i < n {
      let label = Int(p[i])
      if label == o.ignoreIndex { ignored += 1 }
      else if label < 0 || label >= classes {
        throw .index("cross_entropy: label \(label) at position \(i) is out of range for \(classes) classes")
      }
      i += 1
    }
    var safe = labels, valid: Value? = nil, counts: Value? = nil  // counts: 1, or the label's weight, or 0 where ignored
    if ignored > 0 {
      let counted = try labels.ne(Value.integer(engine, Int64(o.ignoreIndex)))
      safe = try counted.select(labels, Value.integer(engine, 0).to(.int64))
      counts = try counted.to(dtype)
      valid = counted
    }
    if let w = o.weight {
      let own = try w.indexSelect(0, safe)
      counts = try counts.map { (c: Value) throws(Failure) -> Value in try c * own } ?? own
    }
    var losses = try -gather(1, safe.unsqueeze(1)).squeeze(1)
    if let counts { losses = try losses * counts }
    if o.labelSmoothing > 0 {
      let all = try -(o.weight.map { (w: Value) throws(Failure) -> Value in try self * w } ?? self).sum(Dims(1))
      losses = try losses * (1 - o.labelSmoothing) + all * (o.labelSmoothing / Double(classes))
    }
    // Chosen, not multiplied: an ignored sample's gradient is 0 even when there is nothing else to divide by.
    if let valid { losses = try valid.select(losses, losses.number(0)) }
    switch o.reduction {
    case .none: return try losses.reshape(outShape)
    case .sum: return try losses.sum()
    case .mean:
      guard let counts else { return try losses.sum() / Double(n) }
      return try losses.sum() / counts.sum()
    }
  }
}
