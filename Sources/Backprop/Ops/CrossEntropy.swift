// Cross entropy: of labels by a kernel that never forms log probabilities, of probabilities put together from operations; and the
// negative log likelihood of labels, which takes log probabilities as they are.
import CShim
import KernelAPI

package struct CrossEntropyOptions {
  package var reduction = Reduction.mean
  package var ignoreIndex = -100
  package var labelSmoothing = 0.0
  package var weight: Value?
  package init() {}
}

private struct LossJob {
  var forward: CrossEntropyFunction?
  var backward: CrossEntropyBackwardFunction?
  var rows: Int, n: Int, perChunk: Int, size: Int
  var x: UnsafeMutableRawPointer, labels: UnsafeMutablePointer<Int64>, ignored: Int64, w: UnsafeMutableRawPointer?
  var weightSum = 0.0, smoothing: Double, scale = 1.0
  /// Forward: the losses; backward: dx. `lse` has two elements a row.
  var y: UnsafeMutableRawPointer, lse: UnsafeMutableRawPointer
  var g: UnsafeMutableRawPointer?, gStep = 0

  mutating func run(threads: Int) {
    perChunk = n >= elementsPerChunk / 8 ? 1 : elementsPerChunk / 8 / n
    parallel(chunks: (rows + perChunk - 1) / perChunk, threads: threads, &self) { context, chunk, _ in
      let j = context.assumingMemoryBound(to: LossJob.self).pointee
      let first = chunk &* j.perChunk, left = j.rows - first, some = left < j.perChunk ? left : j.perChunk
      let at = first &* j.n &* j.size, one = first &* j.size, w = j.w.map { UnsafeRawPointer($0) }
      if let f = j.forward { f(some, j.n, j.x + at, j.labels + first, j.ignored, w, j.smoothing, j.y + one, j.lse + 2 &* one) }
      if let f = j.backward, let g = j.g {
        f(
          some, j.n, j.x + at, j.lse + 2 &* one, j.labels + first, j.ignored, w, j.weightSum, j.smoothing, g + one &* j.gStep, j.gStep,
          j.scale, j.y + at)
      }
    }
  }
}

/// Losses as in CrossEntropyKernels.swift, their sum, or that over Σ w[label];  dx = g·(A·softmax(x) − a·onehot − b·w) with a = (1 − s)·w[label],
/// b = s/C, A = a + b·Σ w, all 0 for ignored rows      (inputs x [N, C], labels, w or none, and what the rows' exponentials sum
/// to; a: reduction, b: ignored label, x: s, y: Σ w[label] for the mean, else 1)
enum CrossEntropy: Rule {
  static var name: StaticString { "cross_entropy" }

  private static func job(_ e: Engine, _ a: Attributes, _ x: UInt32, _ labels: UInt32, _ w: UInt32, _ y: UInt32, _ lse: UInt32) -> LossJob {
    let shape = e.slot(x).pointee.shape
    return LossJob(
      rows: shape[0], n: shape[1], perChunk: 1, size: e.slot(x).pointee.dtype.size, x: e.data(x), labels: e.data(labels).assumingMemoryBound(to: Int64.self),
      ignored: Int64(a.b), w: w == 0 ? nil : e.data(w), smoothing: a.x, y: e.data(y), lse: e.data(lse))
  }

  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let e = c.engine, shape = c[0].pointee.shape, type = c[0].pointee.dtype, a = c.attributes
    let x = try e.contiguous(c.input(0), for: name)
    defer { e.drop(x, value: true) }
    var losses = try e.make(type, Dims(shape[0]), for: name)
    var total: UInt32 = 0
    do throws(Failure) {
      c.keep(try e.make(type, Dims(shape[0], 2), for: name))
      if a.a != 0 { total = try e.make(type, Dims(), for: name) }
    } catch {
      e.drop(losses, value: true)
      throw error
    }
    if shape.product > 0 {
      var job = job(e, a, x, c.input(1), c.input(2), losses, c.kept)
      job.forward = e.kernels.crossEntropy(type.rawValue)
      job.run(threads: e.threads)
    }
    if total != 0 {
      e.kernels.reduceRows(ReduceKernel.sum.rawValue, type.rawValue)?(1, shape[0], e.data(losses), shape[0], e.data(total))
      let v = Value(engine: e, index: total)
      v.set(0, to: v.get(0) / a.y)
      e.drop(losses, value: true)
      losses = total
    }
    return losses
  }

  static func saves(_ wants: UInt8) -> UInt8 { 1 | 2 | 4 | 8 }

  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let e = g.engine, a = n.attributes, x = n[0], labels = n[1], w = e.inputIndex(n.slot, 2)
    let dense = try x.contiguous(), gradient = try g.contiguous()
    let classes = x.shape[1]
    let weightSum = w == 0 ? Double(classes) : try n[2].sum().get(0)
    if !e.isRecording {
      let dx = try Value.empty(e, x.dtype, x.shape, for: name)
      if x.count > 0 {
        var job = job(e, a, dense.index, labels.index, w, dx.index, n[3].index)
        job.backward = e.kernels.crossEntropyBackward(x.dtype.rawValue)
        job.weightSum = weightSum
        job.scale = 1 / a.y
        job.g = gradient.data
        job.gStep = a.a == 0 ? 1 : 0
        job.run(threads: e.threads)
      }
      return try n.give(0, dx)
    }
    // A [N, 1] and a·onehot + b·w [N, C] are constants.
    let factor = try Value.zeros(e, x.dtype, Dims(x.shape[0], 1)), fixed = try Value.zeros(e, x.dtype, x.shape)
    let even = a.x / Double(classes)
    var r = 0
    while r < x.shape[0] {
      let label = Int(labels.data(as: Int64.self)[r])
      if label != a.b {
        let own = (1 - a.x) * (w == 0 ? 1 : n[2].get(label))
        factor.set(r, to: (own + even * weightSum) / a.y)
        var k = 0
        while k < classes {
          fixed.set(r &* classes &+ k, to: ((k == label ? own : 0) + even * (w == 0 ? 1 : n[2].get(k))) / a.y)
          k += 1
        }
      }
      r += 1
    }
    try n.give(0, (a.a == 0 ? g.reshape(Dims(x.shape[0], 1)) : g) * (factor * x.softmax(1) - fixed))
  }
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
    try checkClassWeight(o, classes, name)
    let asProbabilities = target.dtype.category == .floating
    let wanted = asProbabilities ? shape : shape.removing(at: d)
    if target.shape != wanted {
      throw .shape("\(name): logits \(shape) and target \(target.shape) do not fit; wanted labels of shape \(shape.removing(at: d)) or probabilities of shape \(shape)")
    }
    return try engine.scoped { () throws(Failure) -> Value in
      // Classes last, samples in one dimension.
      let logits = try classesLast(d, classes)
      if asProbabilities {
        return try logits.logSoftmax(1).crossEntropyOfProbabilities(target.to(dtype).classesLast(d, classes), wanted.removing(at: d), o)
      }
      // The kernel's gradient is that of the logits alone.
      if let w = o.weight, w.requiresGrad, engine.isRecording { return try logits.logSoftmax(1).pickLabels(target, wanted, o, name) }
      let (labels, ignored) = try target.labels(classes, o, name)
      let weight = try o.weight?.contiguous()
      var divisor = Double(labels.count - ignored)
      if let weight {
        let p = labels.data(as: Int64.self)
        var i = 0
        divisor = 0
        while i < labels.count { if Int(p[i]) != o.ignoreIndex { divisor += weight.get(Int(p[i])) }; i += 1 }
      }
      var c = Call(logits, labels, Attributes(
        a: Int(o.reduction.rawValue), b: o.ignoreIndex, x: smoothing, y: o.reduction == .mean ? divisor : 1))
      c.add(weight)
      let losses = try engine.apply(.crossEntropy, &c)
      return o.reduction == .none && wanted.count != 1 ? try losses.reshape(wanted) : losses
    }
  }

  /// −x[label], for x that holds log probabilities over dimension 1 (0 for one sample). See `bp_nll_loss`.
  package func nllLoss(_ target: Value, _ o: CrossEntropyOptions) throws(Failure) -> Value {
    let name: StaticString = "nll_loss"
    try engine.check(self, target, for: name)
    if !dtype.isDifferentiable { throw .dtype("\(name): the input must be float32 or float64, it is \(dtype)") }
    if rank == 0 { throw .shape("\(name): the input needs a class dimension, it is 0-dimensional") }
    if o.labelSmoothing != 0 { throw .argument("\(name): label_smoothing is for cross_entropy, it is \(o.labelSmoothing)") }
    let d = rank == 1 ? 0 : 1, classes = shape[d], wanted = shape.removing(at: d)
    try checkClassWeight(o, classes, name)
    if target.shape != wanted { throw .shape("\(name): input \(shape) and target \(target.shape) do not fit; wanted labels of shape \(wanted)") }
    return try engine.scoped { () throws(Failure) -> Value in
      try classesLast(d, classes).pickLabels(target, wanted, o, name)
    }
  }

  private func checkClassWeight(_ o: CrossEntropyOptions, _ classes: Int, _ name: StaticString) throws(Failure) {
    if o.reduction == .batchMean { throw .argument("\(name): the reduction is none, mean or sum") }
    guard let w = o.weight else { return }
    try engine.check(self, w, for: name)
    if w.shape != Dims(classes) { throw .shape("\(name): weight has shape \(w.shape), wanted [\(classes)]") }
    if w.dtype != dtype { throw .dtype("\(name): weight is \(w.dtype), the input \(dtype)") }
  }

  private func classesLast(_ d: Int, _ classes: Int) throws(Failure) -> Value {
    if rank == 2 { return self }
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
    case .mean, .batchMean: return try losses.sum() / Double(shape[0])
    }
  }

  /// self, the labels, as int64 in one dimension, each checked; and how many are to be ignored.
  private func labels(_ classes: Int, _ o: CrossEntropyOptions, _ name: StaticString) throws(Failure) -> (labels: Value, ignored: Int) {
    if dtype != .int64 && dtype != .int32 { throw .dtype("\(name): labels must be int64 or int32, they are \(dtype)") }
    let labels = try to(.int64).reshape(Dims(count)).contiguous()
    let p = labels.data(as: Int64.self), n = labels.count
    var ignored = 0, i = 0
    while i < n {
      let label = Int(p[i])
      if label == o.ignoreIndex { ignored += 1 }
      else if label < 0 || label >= classes {
        throw .index("\(name): label \(label) at position \(i) is out of range for \(classes) classes")
      }
      i += 1
    }
    return (labels, ignored)
  }

  /// The loss of labels from log probabilities [N, C] (self), put together from operations.
  private func pickLabels(_ target: Value, _ outShape: Dims, _ o: CrossEntropyOptions, _ name: StaticString) throws(Failure) -> Value {
    let classes = shape[1], (labels, ignored) = try target.labels(classes, o, name), n = labels.count
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
    case .mean, .batchMean:
      guard let counts else { return try losses.sum() / Double(n) }
      return try losses.sum() / counts.sum()
    }
  }
}
