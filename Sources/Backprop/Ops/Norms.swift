// Lengths, distances and log-sums of exponentials, with the gradients that PyTorch chose where a length is 0.
import CShim
import KernelAPI

/// y = ln Σ eˣ;  dx = g·e^(x−y)      (a: bits of the reduced dimensions, b: 1 to keep them)
enum LogSumExp: Rule {
  static var name: StaticString { "logsumexp" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let e = c.engine, x = Value(engine: e, index: c.input(0))
    let set = DimSet(bits: UInt8(truncatingIfNeeded: c.attributes.a)), keep = c.attributes.b == 1
    var out: UInt32 = 0
    try e.withoutRecording { () throws(Failure) in
      try e.scopedWork { () throws(Failure) in
        var y: Value
        if x.count == 0 {
          y = try x.sum(set, keep: keep).log()
        } else {
          // The largest is taken out, unless it is infinite: then the powers are 0 or ∞ anyway.
          var high = try x.apply(.amax, Attributes(a: c.attributes.a, b: 1))
          high = try high.abs().eq(.infinity).select(high.number(0), high)
          y = try (x - high).exp().sum(set, keep: keep).log()
          y = try y + high.reshape(y.shape)
        }
        out = y.index
        e.hold(out)
      }
    }
    return out
  }
  static func saves(_ wants: UInt8) -> UInt8 { 1 | savesOutput }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let x = n[0], kept = x.shape.reduced(DimSet(bits: UInt8(truncatingIfNeeded: n.attributes.a)), keep: true)
    try n.give(0, g.reshape(kept) * (x - n.output.reshape(kept)).exp())
  }
}

extension Value {
  package func logsumexp(_ dims: Dims, keep: Bool = false) throws(Failure) -> Value {
    let set = try shape.dimensionSet(dims, for: "logsumexp")
    return try applyFloating(.logsumexp, Attributes(a: Int(set.bits), b: keep ? 1 : 0))
  }

  /// √x whose gradient is 0 at 0.
  func rootOrZero() throws(Failure) -> Value {
    let none = try eq(0)
    return try none.select(number(0), none.select(number(1), self).sqrt())
  }

  /// (Σ |x|ᵖ)^(1/p): p 0 counts what is not 0, ±∞ are the largest and smallest |x|. Its gradient is 0 where it is 0.
  package func norm(_ p: Double, _ dims: Dims = Dims(), keep: Bool = false, for operation: StaticString = "norm") throws(Failure) -> Value {
    if !dtype.isDifferentiable { throw .dtype("\(operation): needs float32 or float64, not \(dtype)") }
    if p != p { throw .argument("\(operation): the order is not a number") }
    let set = try shape.dimensionSet(dims, for: operation), bits = Attributes(a: Int(set.bits), b: keep ? 1 : 0)
    return try engine.scoped { () throws(Failure) -> Value in
      if p == .infinity { return try abs().apply(.amax, bits) }
      if p == -.infinity { return try abs().apply(.amin, bits) }
      if p == 1 { return try abs().sum(set, keep: keep) }
      if p == 2 { return try square().sum(set, keep: keep).rootOrZero() }
      let none = try eq(0)
      if p == 0 { return try none.select(self * 0, number(1)).sum(set, keep: keep) }
      let powers = try none.select(number(1), abs()).pow(number(p))
      let total = try none.select(number(p < 0 ? .infinity : 0), powers).sum(set, keep: keep), zero = try total.eq(0)
      return try zero.select(number(p < 0 ? .infinity : 0), zero.select(number(1), total).pow(number(1 / p)))
    }
  }

  /// x / max(‖x‖ₚ, ε) along dimensions.
  package func normalize(p: Double, _ dims: Dims, eps: Double) throws(Failure) -> Value {
    if eps != eps { throw .argument("normalize: eps is not a number") }
    return try engine.scoped { () throws(Failure) -> Value in
      try self / norm(p, dims, keep: true, for: "normalize").clamp(eps, .infinity)
    }
  }

  /// Σ a·b / (max(‖a‖, ε)·max(‖b‖, ε)) along `dim`; ε has no part in the gradient, as in PyTorch.
  package func cosineSimilarity(_ other: Value, _ dim: Int, eps: Double) throws(Failure) -> Value {
    try engine.check(self, other, for: "cosine_similarity")
    let type = commonType(other)
    if !type.isDifferentiable { throw .dtype("cosine_similarity: needs float32 or float64, not \(type)") }
    if eps != eps { throw .argument("cosine_similarity: eps is not a number") }
    let target = try shape.broadcast(with: other.shape, for: "cosine_similarity")
    let d = try target.dimension(dim, for: "cosine_similarity")
    func direction(_ x: Value) throws(Failure) -> Value {
      let wide = try x.to(type).expand(target), length = try wide.norm(2, Dims(d), keep: true)
      let least = try engine.withoutRecording { () throws(Failure) -> Value in try length.clamp(eps, .infinity) - length }
      return try wide / (length + least)
    }
    return try engine.scoped { () throws(Failure) -> Value in try (direction(self) * direction(other)).sum(Dims(d)) }
  }

  /// ‖a − b + ε‖ₚ along the last dimension.
  package func pairwiseDistance(_ other: Value, p: Double, eps: Double, keep: Bool) throws(Failure) -> Value {
    try engine.check(self, other, for: "pairwise_distance")
    return try engine.scoped { () throws(Failure) -> Value in
      let difference = try self - other
      if !difference.dtype.isDifferentiable { throw .dtype("pairwise_distance: needs float32 or float64, not \(difference.dtype)") }
      return try (difference + eps).norm(p, Dims(-1), keep: keep, for: "pairwise_distance")
    }
  }
}
