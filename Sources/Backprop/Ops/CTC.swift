// Connectionist temporal classification (Graves et al. 2006): −ln of the probability that a path over T steps, freed of repetitions and
// blanks, reads the target. T steps, N samples, C classes; S labels to a target, L = 2·S + 1 states: labels with blanks between.
import CShim
import KernelAPI

package struct CTCOptions {
  package var blank = 0, zeroInfinity = false
  package var reduction = Reduction.mean
  package init() {}
}

private struct CTCJob {
  let steps: Int, samples: Int, classes: Int, most: Int, blank: Int, zeroInfinity: Bool
  /// log p [T, N, C], labels [N, S], lengths of inputs and targets [2, N], α [N, T, L], losses [N].
  let x: UnsafePointer<Double>, labels: UnsafePointer<Int64>, lengths: UnsafePointer<Int64>
  let alpha: UnsafeMutablePointer<Double>, losses: UnsafeMutablePointer<Double>
  /// Backward: g [N], dx [T, N, C], and for each thread 2·L + C numbers.
  var g: UnsafePointer<Double>?, dx: UnsafeMutablePointer<Double>?, scratch: UnsafeMutablePointer<Double>?

  var states: Int { 2 &* most &+ 1 }
  func label(_ n: Int, _ s: Int) -> Int { s & 1 == 0 ? blank : Int(labels[n &* most &+ s / 2]) }
  /// ln p of state s at time t.
  func p(_ n: Int, _ t: Int, _ s: Int) -> Double { x[(t &* samples &+ n) &* classes &+ label(n, s)] }
  /// A path may go from state s to s + 2: a label follows a different one.
  func skips(_ n: Int, _ s: Int) -> Bool { s & 1 == 1 && label(n, s) != label(n, s &+ 2) }

  /// α[t, s] = ln p[t, s] + ln(e^α[t−1, s] + e^α[t−1, s−1] + e^α[t−1, s−2]), the last if s−2 skips to s.
  func forward(_ n: Int) {
    let time = Int(lengths[n]), length = 2 &* Int(lengths[samples &+ n]) &+ 1
    if time == 0 { return losses[n] = length == 1 ? 0 : .infinity }
    let a = alpha + n &* steps &* states
    var t = 0
    while t < time {
      let now = a + t &* states, before = now - states
      var s = 0
      while s < length {
        if t == 0 { now[s] = s < 2 ? p(n, 0, s) : -.infinity } else {
          now[s] = p(n, t, s) + logSum(before[s], s > 0 ? before[s &- 1] : -.infinity, s > 1 && skips(n, s &- 2) ? before[s &- 2] : -.infinity)
        }
        s += 1
      }
      t += 1
    }
    let end = a + (time &- 1) &* states
    losses[n] = -logSum(end[length &- 1], length > 1 ? end[length &- 2] : -.infinity, -.infinity)
  }

  /// dx = g·(p − Σ over states of a class e^(α + β − ln p − ln p(target))): the gradient through a log softmax, as PyTorch gives it.
  func backward(_ n: Int, _ worker: Int) {
    guard let g, let dx, let scratch else { return }
    let time = Int(lengths[n]), length = 2 &* Int(lengths[samples &+ n]) &+ 1, loss = losses[n]
    if loss == .infinity && zeroInfinity { return }
    var next = scratch + worker &* (2 &* states &+ classes), beta = next + states
    let sums = next + 2 &* states
    var t = time
    while t > 0 {
      t -= 1
      let a = alpha + (n &* steps &+ t) &* states, row = (t &* samples &+ n) &* classes
      var k = 0
      while k < classes { sums[k] = -.infinity; k += 1 }
      var s = 0
      while s < length {
        let here = p(n, t, s)
        if t == time &- 1 { beta[s] = s >= length &- 2 ? here : -.infinity } else {
          beta[s] = here + logSum(
            next[s], s &+ 1 < length ? next[s &+ 1] : -.infinity, s &+ 2 < length && skips(n, s) ? next[s &+ 2] : -.infinity)
        }
        let c = label(n, s)
        sums[c] = logSum(sums[c], a[s] + beta[s], -.infinity)
        s += 1
      }
      k = 0
      while k < classes {
        let q = x[row &+ k]
        dx[row &+ k] = (shim_exp(q) - shim_exp(sums[k] + loss - q)) * g[n]
        k += 1
      }
      (next, beta) = (beta, next)
    }
  }
}

/// ln(eᵃ + eᵇ + eᶜ)
private func logSum(_ a: Double, _ b: Double, _ c: Double) -> Double {
  var m = a > b ? a : b
  if c > m { m = c }
  if m == -.infinity { return m }
  return shim_log(shim_exp(a - m) + shim_exp(b - m) + shim_exp(c - m)) + m
}

/// The losses of N samples (inputs log p [T, N, C], labels [N, S], lengths [2, N], and α [N, T, L], float64; a: blank, b: 1 for zeros
/// where the loss is infinite)
enum CTCLoss: Rule {
  static var name: StaticString { "ctc_loss" }

  private static func job(_ e: Engine, _ a: Attributes, _ x: Value, _ labels: Value, _ lengths: Value, _ alpha: UnsafeMutableRawPointer, _ losses: Value) -> CTCJob {
    CTCJob(
      steps: x.shape[0], samples: x.shape[1], classes: x.shape[2], most: labels.shape[1], blank: a.a, zeroInfinity: a.b == 1,
      x: UnsafePointer(x.data(as: Double.self)), labels: UnsafePointer(labels.data(as: Int64.self)),
      lengths: UnsafePointer(lengths.data(as: Int64.self)), alpha: alpha.assumingMemoryBound(to: Double.self),
      losses: losses.data(as: Double.self))
  }

  private static func run(_ e: Engine, _ job: inout CTCJob, _ threads: Int) {
    parallel(chunks: job.samples, threads: threads, &job) { context, n, worker in
      let j = context.assumingMemoryBound(to: CTCJob.self).pointee
      if j.dx == nil { j.forward(n) } else { j.backward(n, worker) }
    }
  }

  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let e = c.engine, a = c.attributes, x = Value(engine: e, index: c.input(0)), labels = Value(engine: e, index: c.input(1))
    let lengths = Value(engine: e, index: c.input(2)), n = x.shape[1]
    let alpha = try e.make(.float64, Dims(n, x.shape[0], 2 &* labels.shape[1] &+ 1), for: name)
    c.keep(alpha)
    var out: UInt32 = 0
    try e.withoutRecording { () throws(Failure) in
      try e.scopedWork { () throws(Failure) in
        let losses = try Value.empty(e, .float64, Dims(n), for: name)
        var job = try job(e, a, x.to(.float64).contiguous(), labels, lengths, e.data(alpha), losses)
        run(e, &job, e.threads)
        if a.b == 1 {
          var i = 0
          while i < n { if losses.get(i) == .infinity { losses.set(i, to: 0) }; i += 1 }
        }
        out = try losses.to(x.dtype).index
        e.hold(out)
      }
    }
    return out
  }

  static func saves(_ wants: UInt8) -> UInt8 { 1 | 2 | 4 | 8 }

  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let e = g.engine, a = n.attributes, x = n[0]
    if e.isRecording { return try n.give(0, differentiable(x, n[1], n[2], g, a)) }
    let dx = try Value.zeros(e, .float64, x.shape), losses = try Value.empty(e, .float64, Dims(x.shape[1]), for: name)
    let gradient = try g.to(.float64).contiguous()
    var job = try job(e, a, x.to(.float64).contiguous(), n[1], n[2], n[3].data, losses)
    // The forward pass again, for the losses in full precision: α is written with what stands there already.
    run(e, &job, e.threads)
    let threads = e.threads < job.samples ? e.threads : job.samples
    try e.withScratch(of: Double.self, count: (threads < 1 ? 1 : threads) &* (2 &* job.states &+ job.classes), for: name) { (p) throws(Failure) in
      job.g = UnsafePointer(gradient.data(as: Double.self))
      job.dx = dx.data(as: Double.self)
      job.scratch = p
      run(e, &job, threads)
    }
    try n.give(0, dx.to(x.dtype))
  }

  // MARK: The same gradient in recorded operations, a step at a time

  /// ln(eᵃ + eᵇ + eᶜ), −∞ where all are.
  private static func logSum(_ a: Value, _ b: Value, _ c: Value, _ never: Value) throws(Failure) -> Value {
    let top = try a.maximum(b).maximum(c).detach(), m = try top.eq(never).select(top.number(0), top)
    let sum = try (a - m).exp() + (b - m).exp() + (c - m).exp(), isDead = try sum.eq(0)
    return try isDead.select(never, isDead.select(sum.number(1), sum).log() + m)
  }

  /// The states one (two) further on in place of each: −∞ beyond the end.
  private static func moved(_ v: Value, _ by: Int, _ never: Value) throws(Failure) -> Value {
    let states = v.shape[1], distance = by < 0 ? -by : by
    let gap = try never.expand(Dims(v.shape[0], distance < states ? distance : states))
    if distance >= states { return gap }
    return by > 0 ? try v.slice(1, by, states, 1).joined(gap, 1) : try gap.joined(v.slice(1, 0, states - distance, 1), 1)
  }

  private static func differentiable(_ x: Value, _ labels: Value, _ lengths: Value, _ g: Value, _ a: Attributes) throws(Failure) -> Value {
    let e = x.engine, steps = x.shape[0], n = x.shape[1], states = 2 * labels.shape[1] + 1
    let classes = try Value.full(e, .int64, Dims(n, states), Double(a.a)), never = try x.number(-.infinity), zero = try x.number(0)
    let isState = try Value.zeros(e, .bool, Dims(n, states)), isLast = try Value.zeros(e, .bool, Dims(n, states))
    let skips = try Value.zeros(e, .bool, Dims(n, states)), isFirst = try Value.zeros(e, .bool, Dims(n, states))  // skips: to s + 2
    var i = 0
    while i < n {
      let length = 2 * Int(lengths.data(as: Int64.self)[n + i]) + 1, row = i * states, to = classes.data(as: Int64.self) + row
      var s = 0
      while s < length {
        if s & 1 == 1 { to[s] = labels.data(as: Int64.self)[i * labels.shape[1] + s / 2] }
        isState.set(row + s, to: 1)
        if s < 2 { isFirst.set(row + s, to: 1) }
        if s >= length - 2 { isLast.set(row + s, to: 1) }
        if s & 1 == 1, s > 1, to[s] != to[s - 2] { skips.set(row + s - 2, to: 1) }
        s += 1
      }
      i += 1
    }
    let times = try lengths.slice(0, 0, 1, 1).reshape(Dims(n, 1)), arrivals = try moved(skips.to(x.dtype), -2, zero).ne(zero)
    func isWithin(_ t: Int, _ rest: Int) throws(Failure) -> Value { try times.gt(Value.full(e, .int64, Dims(), Double(t + rest))) }
    let p = try isState.select(x.gather(2, classes.unsqueeze(0).expand(Dims(steps, n, states))), never)
    return try e.withScratch(of: Value.self, count: 2 * steps + 1, for: name) { (all) throws(Failure) -> Value in
      let alphas = all, parts = all + steps
      var last = try isFirst.select(zero, never), t = 0
      while t < steps {
        let here = try p.select(0, t)
        var now = try here + (t == 0 ? last : logSum(last, moved(last, -1, never), arrivals.select(moved(last, -2, never), never), never))
        if t > 0 { now = try isWithin(t, 0).select(now, last) }
        (alphas + t).initialize(to: now)
        last = now
        t += 1
      }
      let end = try isLast.select(last, never), total = try rowSum(end, never)
      var beta = try never.expand(Dims(n, states))
      while t > 0 {
        t -= 1
        let here = try p.select(0, t)
        let further = try logSum(beta, moved(beta, 1, never), skips.select(moved(beta, 2, never), never), never)
        beta = try here + isWithin(t, 1).select(further, isLast.select(zero, never))
        let isDead = try alphas[t].eq(never).select(alphas[t], beta).eq(never)
        let share = try isDead.select(zero, alphas[t] + beta - here - total).exp()
        let part = try Value.zeros(e, x.dtype, Dims(n, x.shape[2])).scatterAdd(1, classes, isDead.select(zero, share))
        (parts + t).initialize(to: try isWithin(t, 0).select(x.select(0, t).exp() - part, zero))
      }
      if steps == 0 { return try Value.zeros(e, x.dtype, x.shape) }
      var dx = try Value.stack(UnsafeBufferPointer(start: parts, count: steps), 0)
      if a.b == 1 { dx = try total.eq(never).select(zero, dx) }
      return try dx * g.reshape(Dims(n, 1))
    }
  }

  /// ln Σ e^x of each row [N, L] → [N, 1].
  private static func rowSum(_ x: Value, _ never: Value) throws(Failure) -> Value {
    let top = try x.detach().amax(Dims(1), keep: true), m = try top.eq(never).select(top.number(0), top)
    let sum = try (x - m).exp().sum(Dims(1), keep: true), isDead = try sum.eq(0)
    return try isDead.select(never, isDead.select(sum.number(1), sum).log() + m)
  }
}

// MARK: As methods

extension Value {
  /// Lengths as a list of n numbers in 0 … most.
  private func ctcLengths(_ n: Int, most: Int, into out: UnsafeMutablePointer<Int64>, _ what: StaticString) throws(Failure) {
    let name = CTCLoss.name
    if dtype != .int64 && dtype != .int32 { throw .dtype("\(name): \(what) must be int64 or int32, they are \(dtype)") }
    if rank > 1 || count != n { throw .shape("\(name): \(what) have shape \(shape), wanted [\(n)]") }
    var i = 0
    while i < n {
      let length = get(rank == 0 ? 0 : i &* strides[0])
      if length < 0 || length > Double(most) { throw .argument("\(name): \(what) must lie in 0…\(most), number \(i) is \(length)") }
      out[i] = Int64(length)
      i += 1
    }
  }

  /// self: log p [T, N, C] or [T, C]. See `bp_ctc_loss`.
  package func ctcLoss(_ targets: Value, _ inputLengths: Value, _ targetLengths: Value, _ o: CTCOptions) throws(Failure) -> Value {
    let name = CTCLoss.name
    try engine.check(self, targets, for: name)
    try engine.check(self, inputLengths, for: name)
    try engine.check(self, targetLengths, for: name)
    if !dtype.isDifferentiable { throw .dtype("\(name): log_probs must be float32 or float64, they are \(dtype)") }
    if rank != 2 && rank != 3 { throw .shape("\(name): log_probs must be [T, N, C] or [T, C], they are \(shape)") }
    let n = rank == 3 ? shape[1] : 1, classes = shape.last
    if o.blank < 0 || o.blank >= classes { throw .index("\(name): blank \(o.blank) is out of range for \(classes) classes") }
    if o.reduction == .batchMean { throw .argument("\(name): the reduction is none, mean or sum") }
    if targets.dtype != .int64 && targets.dtype != .int32 { throw .dtype("\(name): targets must be int64 or int32, they are \(targets.dtype)") }
    let isPadded = rank == 3 && targets.rank == 2
    if isPadded ? targets.shape[0] != n : targets.rank != 1 {
      throw .shape("\(name): targets \(targets.shape) do not fit log_probs \(shape); wanted [N, S], or all in one list")
    }
    return try engine.scoped { () throws(Failure) -> Value in
      let lengths = try Value.zeros(engine, .int64, Dims(2, n)), p = lengths.data(as: Int64.self)
      try inputLengths.ctcLengths(n, most: shape[0], into: p, "input_lengths")
      try targetLengths.ctcLengths(n, most: isPadded ? targets.shape[1] : targets.count, into: p + n, "target_lengths")
      var most = 0, all = 0, i = 0
      while i < n {
        let length = Int(p[n + i])
        all = all &+ length
        if length > most { most = length }
        i += 1
      }
      if !isPadded, all != targets.count { throw .shape("\(name): \(targets.count) labels in the list of targets, but target_lengths add up to \(all)") }
      let from = try targets.to(.int64).contiguous().data(as: Int64.self), labels = try Value.zeros(engine, .int64, Dims(n, most))
      var next = 0
      i = 0
      while i < n {
        let row = isPadded ? i &* targets.shape[1] : next
        var k = 0
        while k < Int(p[n + i]) {
          let label = Int(from[row &+ k])
          if label < 0 || label >= classes { throw .index("\(name): label \(label) of sample \(i) is out of range for \(classes) classes") }
          labels.data(as: Int64.self)[i &* most &+ k] = Int64(label)
          k += 1
        }
        next = next &+ Int(p[n + i])
        i += 1
      }
      var c = try Call(rank == 3 ? self : unsqueeze(1), labels, lengths, Attributes(a: o.blank, b: o.zeroInfinity ? 1 : 0))
      let losses = try engine.apply(.ctcLoss, &c)
      switch o.reduction {
      case .none: return rank == 3 ? losses : try losses.reshape(Dims())
      case .mean: return try (losses / lengths.select(0, 1).clamp(1, .infinity).to(dtype)).mean()
      default: return try losses.sum()
      }
    }
  }
}
