// Losses that want distances or scores apart by a margin. N samples, C classes. All are put together from recorded operations; a label
// is checked before anything is computed.
import CShim
import KernelAPI

package struct TripletOptions {
  package var margin = 1.0, p = 2.0, eps = 1e-6, swap = false
  package init() {}
}

extension Value {
  /// max(x, 0), with PyTorch's gradient of clamp_min: 1 at 0.
  private func positivePart() throws(Failure) -> Value { try clamp(0, .infinity) }

  /// self, 0-dimensional ones with one dimension.
  fileprivate func atLeastOne() throws(Failure) -> Value { rank == 0 ? try reshape(Dims(1)) : self }

  private func checkNumber(_ x: Double, _ what: StaticString, _ name: StaticString) throws(Failure) {
    if x != x { throw .argument("\(name): \(what) is not a number") }
  }

  /// x where t = 1, max(0, margin − x) where t = −1.
  package func hingeEmbeddingLoss(_ target: Value, margin: Double, _ reduction: Reduction) throws(Failure) -> Value {
    try checkNumber(margin, "margin", "hinge_embedding_loss")
    return try pairLoss("hinge_embedding_loss", target, reduction) { (x, t) throws(Failure) in
      let zero = try x.number(0)
      return try t.eq(1).select(zero, (margin - x).positivePart()) + t.eq(-1).select(zero, x)
    }
  }

  /// max(0, −t·(x − other) + margin)
  package func marginRankingLoss(_ other: Value, _ target: Value, margin: Double, _ reduction: Reduction) throws(Failure) -> Value {
    let name: StaticString = "margin_ranking_loss"
    try checkNumber(margin, "margin", name)
    if rank != other.rank || rank != target.rank {
      throw .shape("\(name): the inputs \(shape), \(other.shape) and the target \(target.shape) must have as many dimensions")
    }
    try engine.check(self, other, for: name)
    try engine.check(self, target, for: name)
    return try engine.scoped { () throws(Failure) -> Value in
      try pairLoss(name, other, .none) { (a, b) throws(Failure) in try a - b }.pairLoss(name, target, reduction) { (d, t) throws(Failure) in
        try (margin - t * d).positivePart()
      }
    }
  }

  /// 1 − cos where t = 1, max(0, cos − margin) where t = −1, of rows (or of two lists, with a 0-dimensional target).
  package func cosineEmbeddingLoss(_ other: Value, _ target: Value, margin: Double, _ reduction: Reduction) throws(Failure) -> Value {
    let name: StaticString = "cosine_embedding_loss"
    try checkNumber(margin, "margin", name)
    try engine.check(self, target, for: name)
    if target.rank > 1 || rank != target.rank + 1 || other.rank != rank {
      throw .shape("\(name): inputs \(shape) and \(other.shape) do not fit the target \(target.shape); wanted [N, D], [N, D], [N] or [D], [D], []")
    }
    return try engine.scoped { () throws(Failure) -> Value in
      let last = Dims(rank - 1)
      let cosine = try pairLoss(name, other, .none) { (a, b) throws(Failure) in
        try (a * b).sum(last) / ((a.square().sum(last) + 1e-12) * (b.square().sum(last) + 1e-12)).sqrt()
      }
      _ = try cosine.shape.broadcast(with: target.shape, for: name)
      let zero = try cosine.number(0)
      let losses = try target.eq(1).select(1 - cosine, zero) + target.eq(-1).select((cosine - margin).positivePart(), zero)
      return try losses.reduced(reduction)
    }
  }

  /// ‖self − other + eps‖ of order p along the last dimension.
  private func distance(_ other: Value, _ p: Double, _ eps: Double, _ name: StaticString) throws(Failure) -> Value {
    try pairLoss(name, other, .none) { (a, b) throws(Failure) in try (a - b + eps).atLeastOne().norm(p, Dims(-1), for: name) }
  }

  /// max(0, margin + d(self, positive) − d(self, negative)) for distances of rows (Balntas et al. 2016); `swap`: the negative's from
  /// self or from the positive, whichever is smaller.
  package func tripletMarginLoss(_ positive: Value, _ negative: Value, _ o: TripletOptions, _ reduction: Reduction) throws(Failure) -> Value {
    let name: StaticString = "triplet_margin_loss"
    if !(o.margin > 0) { throw .argument("\(name): margin must be greater than 0, it is \(o.margin)") }
    if !(o.p >= 0) { throw .argument("\(name): p must not be negative, it is \(o.p)") }
    try checkNumber(o.eps, "eps", name)
    if rank != positive.rank || rank != negative.rank {
      throw .shape("\(name): anchor \(shape), positive \(positive.shape) and negative \(negative.shape) must have as many dimensions")
    }
    try engine.check(self, positive, for: name)
    try engine.check(self, negative, for: name)
    return try engine.scoped { () throws(Failure) -> Value in
      let near = try distance(positive, o.p, o.eps, name)
      var far = try distance(negative, o.p, o.eps, name)
      if o.swap { far = try far.minimum(positive.distance(negative, o.p, o.eps, name)) }
      return try (near - far + o.margin).positivePart().reduced(reduction)
    }
  }

  // MARK: Losses of labels

  private func checkScores(_ target: Value, _ weight: Value?, _ name: StaticString) throws(Failure) {
    try engine.check(self, target, for: name)
    if !dtype.isDifferentiable { throw .dtype("\(name): the input must be float32 or float64, it is \(dtype)") }
    if rank > 2 { throw .shape("\(name): the input must be [N, C] or [C], it is \(shape)") }
    guard let weight else { return }
    try engine.check(self, weight, for: name)
    let classes = rank == 0 ? 1 : shape.last
    if weight.shape != Dims(classes) { throw .shape("\(name): weight has shape \(weight.shape), wanted [\(classes)]") }
    if weight.dtype != dtype { throw .dtype("\(name): weight is \(weight.dtype), the input \(dtype)") }
  }

  /// w[y]·Σ max(0, margin − x[y] + x[j])ᵖ / C over the other classes j, for labels y (Crammer, Singer 2001); p 1 or 2.
  package func multiMarginLoss(_ target: Value, p: Int, margin: Double, weight: Value?, _ reduction: Reduction) throws(Failure) -> Value {
    let name: StaticString = "multi_margin_loss"
    if p != 1 && p != 2 { throw .argument("\(name): p must be 1 or 2, it is \(p)") }
    try checkNumber(margin, "margin", name)
    try checkScores(target, weight, name)
    let n = rank == 2 ? shape[0] : 1, classes = rank == 0 ? 1 : shape.last
    if target.rank > 1 || target.count != n { throw .shape("\(name): input \(shape) and target \(target.shape) do not fit; wanted \(n) labels") }
    engine.drop(try engine.indices(target.index, below: classes, for: name), value: true)
    return try engine.scoped { () throws(Failure) -> Value in
      let x = try reshape(Dims(n, classes)), labels = try target.reshape(Dims(n)), column = try labels.unsqueeze(1)
      var terms = try (x - x.gather(1, column) + margin).relu()
      if p == 2 { terms = try terms.square() }
      let isOwn = try Value.arange(engine, .int64, 0, Double(classes), 1).eq(column)
      var losses = try isOwn.select(x.number(0), terms).sum(Dims(1)) / Double(classes)
      if let weight { losses = try losses * weight.indexSelect(0, labels) }
      if reduction == .none { return try losses.reshape(target.rank == 0 ? Dims() : Dims(n)) }
      return try losses.reduced(reduction)
    }
  }

  /// Σ max(0, 1 − x[y] + x[j]) / C over the labels y of a sample, those before the first −1, and the classes j that are none of them.
  package func multilabelMarginLoss(_ target: Value, _ reduction: Reduction) throws(Failure) -> Value {
    let name: StaticString = "multilabel_margin_loss"
    try checkScores(target, nil, name)
    if target.shape != shape { throw .shape("\(name): target \(target.shape) must have the shape of the input, \(shape)") }
    if target.dtype != .int64 && target.dtype != .int32 { throw .dtype("\(name): labels must be int64 or int32, they are \(target.dtype)") }
    let n = rank == 2 ? shape[0] : 1, classes = rank == 0 ? 1 : shape.last
    return try engine.scoped { () throws(Failure) -> Value in
      let given = try target.to(.int64).reshape(Dims(n, classes)).contiguous()
      let labels = try Value.zeros(engine, .int64, Dims(n, classes, 1)), isLabel = try Value.zeros(engine, .bool, Dims(n, classes, 1))
      let isOther = try Value.full(engine, .bool, Dims(n, 1, classes), 1)
      let from = given.data(as: Int64.self), to = labels.data(as: Int64.self)
      var i = 0
      while i < n {
        var k = 0, isOpen = true
        while k < classes {
          let at = i &* classes &+ k, y = Int(from[at])
          if y < -1 || y >= classes { throw .index("\(name): label \(y) at position \(at) is out of range for \(classes) classes") }
          if y < 0 { isOpen = false }
          if isOpen {
            to[at] = Int64(y)
            isLabel.data(as: UInt8.self)[at] = 1
            isOther.data(as: UInt8.self)[i &* classes &+ y] = 0
          }
          k += 1
        }
        i += 1
      }
      let x = try reshape(Dims(n, classes))
      let terms = try (1 - x.gather(1, labels.reshape(Dims(n, classes))).unsqueeze(2) + x.unsqueeze(1)).relu()
      let losses = try (isLabel * isOther).select(terms, x.number(0)).sum(Dims(1, 2)) / Double(classes)
      return try (rank == 2 ? losses : losses.reshape(Dims())).reduced(reduction)
    }
  }

  /// The mean over classes of −w·(t·ln σ(x) + (1 − t)·ln(1 − σ(x))).
  package func multilabelSoftMarginLoss(_ target: Value, weight: Value?, _ reduction: Reduction) throws(Failure) -> Value {
    let name: StaticString = "multilabel_soft_margin_loss"
    if let weight { try engine.check(self, weight, for: name) }
    return try engine.scoped { () throws(Failure) -> Value in
      let losses = try pairLoss(name, target, .none) { (x, t) throws(Failure) in try x.apply(.binaryCrossEntropyWithLogits, t).weighted(weight) }
      if losses.rank == 0 { return losses }
      return try (losses.sum(Dims(losses.rank - 1)) / Double(losses.shape.last)).reduced(reduction)
    }
  }
}

extension Dims {
  init(_ a: Int, _ b: Int, _ c: Int) { self = Dims(a, b); append(c) }
}
