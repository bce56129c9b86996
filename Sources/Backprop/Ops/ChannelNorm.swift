// Batch norm and group norm: statistics over channels of a batch or groups of channels. x is [N, C, …]; S the elements of one
// channel of one sample, which lie together.
import CShim
import KernelAPI

/// Sets of segments (see `SegmentNormFunction`), or for segments of one element in a batch the columns of a matrix.
private struct SetJob {
  var norm: SegmentNormFunction?
  var normBackward: SegmentNormBackwardFunction?
  var columnNorm: ColumnNormFunction?
  var columnNormBackward: ColumnNormBackwardFunction?
  /// Sets, and how many one piece of work takes; of columns a multiple of a vector.
  var sets: Int, perChunk: Int
  var count: Int, n: Int, stride: Int
  /// Elements from one set to the next, weights of a set, and after how many sets the weights begin again.
  var setStride: Int, setWeights: Int, period: Int
  var size: Int, eps: Double, given: Bool
  var x: UnsafeMutableRawPointer, y: UnsafeMutableRawPointer? = nil, g: UnsafeMutableRawPointer? = nil
  var w: UnsafeMutableRawPointer? = nil, b: UnsafeMutableRawPointer? = nil
  var mean: UnsafeMutableRawPointer, variance: UnsafeMutableRawPointer
  /// One element per set, or for a group one per channel.
  var dw: UnsafeMutableRawPointer? = nil, db: UnsafeMutableRawPointer? = nil

  func run(_ set: Int, columns: Int) {
    let at = set &* setStride &* size, one = set &* size
    let weights = (period == 0 ? set : set % period) &* setWeights &* size, shares = set &* setWeights &* size
    let w = self.w.map { UnsafeRawPointer($0 + weights) }, b = self.b.map { UnsafeRawPointer($0 + weights) }
    let step = setWeights > 1 ? 1 : 0
    if let f = norm {
      f(count, n, stride, x + at, w, b, step, eps, given, y.unsafelyUnwrapped + at, mean + one, variance + one)
    } else if let f = columnNorm {
      f(count, columns, stride, x + at, w, b, eps, given, y.unsafelyUnwrapped + at, mean + one, variance + one)
    } else {
      let g = UnsafeRawPointer(self.g.unsafelyUnwrapped + at), dx = y.map { $0 + at }, dw = self.dw.map { $0 + shares }, db = self.db.map { $0 + shares }
      if let f = normBackward { f(count, n, stride, g, x + at, mean + one, variance + one, w, step, eps, given, dx, dw, db) }
      if let f = columnNormBackward { f(count, columns, stride, g, x + at, mean + one, variance + one, w, eps, given, dx, dw, db) }
    }
  }

  mutating func run(threads: Int) {
    let isColumns = columnNorm != nil || columnNormBackward != nil
    let elements = count &* n
    perChunk = elements >= elementsPerChunk ? 1 : elementsPerChunk / elements
    if isColumns { perChunk = (perChunk + 63) / 64 * 64 }
    parallel(chunks: (sets + perChunk - 1) / perChunk, threads: threads, &self) { context, chunk, _ in
      let j = context.assumingMemoryBound(to: SetJob.self)
      let first = chunk &* j.pointee.perChunk, left = j.pointee.sets - first
      let some = left < j.pointee.perChunk ? left : j.pointee.perChunk
      if j.pointee.columnNorm != nil || j.pointee.columnNormBackward != nil { return j.pointee.run(first, columns: some) }
      var k = first
      while k < first &+ some { j.pointee.run(k, columns: 1); k += 1 }
    }
  }
}

extension Engine {
  /// How the sets of x lie: the channels of a batch (groups = 0), or `groups` groups of channels of each sample. Memory comes later.
  fileprivate func setJob(_ shape: Dims, groups: Int, _ attributes: Attributes, _ type: DType, _ x: UnsafeMutableRawPointer, _ moments: UnsafeMutableRawPointer) -> SetJob {
    let samples = shape[0], channels = shape[1], inner = shape.product / (samples &* channels)
    var job = SetJob(
      sets: channels, perChunk: 1, count: samples, n: inner, stride: channels &* inner, setStride: inner, setWeights: 1, period: 0,
      size: type.size, eps: attributes.x, given: attributes.b == 1, x: x, mean: moments, variance: moments + channels &* type.size)
    if groups > 0 {
      job.sets = samples &* groups
      job.count = channels / groups
      job.stride = inner
      job.setStride = channels / groups &* inner
      job.setWeights = channels / groups
      job.period = groups
      job.variance = moments + job.sets &* type.size
    }
    return job
  }
}

/// y = (x − μ)·r·w + b, r = 1/√(σ² + eps), μ and σ² (biased) of each channel over batch and positions, or given (Ioffe, Szegedy 2015),
/// or of groups of channels of one sample (Wu, He 2018); with x̂ = (x − μ)·r and h = g·w, sums over the same sets:
/// dx = r·(h − mean h − x̂·mean(h·x̂)), dw = Σ g·x̂, db = Σ g; for given μ and σ² dx = r·h
/// (inputs x, w or none, b or none, and μ and σ² as one tensor; a: groups, 0 for a batch's channels, b: 1 if given, x: eps)
enum ChannelNorm {
  static func forward(_ c: inout Call, _ name: StaticString) throws(Failure) -> UInt32 {
    let e = c.engine, type = c[0].pointee.dtype, shape = c[0].pointee.shape, groups = c.attributes.a
    let x = try e.contiguous(c.input(0), for: name)
    defer { e.drop(x, value: true) }
    let w = c.input(1) == 0 ? 0 : try e.contiguous(c.input(1), for: name)
    defer { if w != 0 { e.drop(w, value: true) } }
    let b = c.input(2) == 0 ? 0 : try e.contiguous(c.input(2), for: name)
    defer { if b != 0 { e.drop(b, value: true) } }
    let out = try e.make(type, shape, for: name)
    if shape.product == 0 { return out }
    var job = e.setJob(shape, groups: groups, c.attributes, type, e.data(x), e.data(c.input(3)))
    job.y = e.data(out)
    if w != 0 { job.w = e.data(w) }
    if b != 0 { job.b = e.data(b) }
    if groups == 0 && job.n == 1 { job.columnNorm = e.kernels.columnNorm(type.rawValue) } else { job.norm = e.kernels.segmentNorm(type.rawValue) }
    job.run(threads: e.threads)
    return out
  }

  static func saves(_ wants: UInt8) -> UInt8 { wants & 1 != 0 ? 1 | 2 | 8 : wants & 2 != 0 ? 1 | 8 : 0 }

  static func vjp(_ node: Node, _ g: Value, _ name: StaticString) throws(Failure) {
    let e = g.engine, a = node.attributes
    let x = node[0], shape = x.shape
    // w and b, of one dimension, stand along dimension 1.
    var along = Dims(repeating: 1, count: shape.count), others = DimSet.all(shape.count)
    along[1] = shape[1]
    others.bits &= ~2
    if !node.wants(0), !node.wants(1) { return try node.give(2, g.sum(others, keep: false)) }
    let hasWeight = e.inputIndex(node.slot, 1) != 0
    if e.isRecording {
      if a.a == 0 {
        let w = hasWeight && node.wants(0) ? try node[1].reshape(along) : nil
        let statistics = a.b == 1 ? try node[3].reshape(Dims(2, shape[1])) : nil
        let unit = try differentiate(
          node, x, g, w, others, eps: a.x, mean: statistics?.select(0, 0).reshape(along), variance: statistics?.select(0, 1).reshape(along))
        if node.wants(1) { try node.give(1, (g * unit).sum(others, keep: false)) }
      } else {
        let grouped = Dims(shape[0] &* a.a, shape.removing(at: 0).product / a.a)
        var inner = DimSet()
        inner.insert(1)
        let h = hasWeight && node.wants(0) ? try (g * node[1].reshape(along)).reshape(grouped) : try g.reshape(grouped)
        let unit = try differentiate(node, x.reshape(grouped), h, nil, inner, eps: a.x, shape)
        if node.wants(1) { try node.give(1, (g * unit.reshape(shape)).sum(others, keep: false)) }
      }
      if node.wants(2) { try node.give(2, g.sum(others, keep: false)) }
      return
    }
    let type = x.dtype
    let dense = try x.contiguous(), gradient = g.isContiguous ? g : try g.contiguous(), moments = node[3]
    let dx = node.wants(0) ? try node.place(g, gradient) : nil
    // Groups leave a share per sample.
    let shares = a.a == 0 ? Dims(1, shape[1]) : Dims(shape[0], shape[1])
    let dw = node.wants(1) ? try Value.zeros(e, type, shares) : nil
    let db = node.wants(2) ? try Value.zeros(e, type, shares) : nil
    let w = hasWeight && node.wants(0) ? try node[1].contiguous() : nil
    if x.count > 0 {
      var job = e.setJob(shape, groups: a.a, a, type, dense.data, moments.data)
      job.g = gradient.data
      job.y = dx?.data
      job.w = w?.data
      job.dw = dw?.data
      job.db = db?.data
      if a.a == 0 && job.n == 1 { job.columnNormBackward = e.kernels.columnNormBackward(type.rawValue) }
      else { job.normBackward = e.kernels.segmentNormBackward(type.rawValue) }
      job.run(threads: e.threads)
    }
    if let dx { try node.give(0, dx) }
    if let dw { try node.give(1, dw.sum(Dims(0))) }
    if let db { try node.give(2, db.sum(Dims(0))) }
  }
}

/// Hands on the gradient of x through (x − μ)·r·w in operations that can be differentiated again, and returns (x − μ)·r. The moments
/// are those over `set` unless they are given as constants; not `centred`: μ = 0; `shape`: x's own, if it was reshaped.
func differentiate(
  _ node: Node, _ x: Value, _ g: Value, _ w: Value?, _ set: DimSet, eps: Double, mean: Value? = nil, variance: Value? = nil,
  centred isCentred: Bool = true, _ shape: Dims? = nil
) throws(Failure) -> Value {
  let h = try w.map { (w: Value) throws(Failure) -> Value in try g * w } ?? g
  if let mean, let variance {
    let r = try (variance + eps).rsqrt()
    if node.wants(0) { try node.give(0, h * r) }
    return try (x - mean) * r
  }
  var n = 1, d = 0
  while d < x.rank { if set.contains(d) { n &*= x.shape[d] }; d += 1 }
  let count = Double(n)
  let centred = isCentred ? try x - x.sum(set, keep: true) / count : x
  let r = try (centred.square().sum(set, keep: true) / count + eps).rsqrt()
  let unit = try centred * r
  if node.wants(0) {
    let even = isCentred ? try h - h.sum(set, keep: true) / count : h
    let dx = try r * (even - unit * ((h * unit).sum(set, keep: true) / count))
    try node.give(0, shape.map { (s: Dims) throws(Failure) -> Value in try dx.reshape(s) } ?? dx)
  }
  return unit
}

enum BatchNorm: Rule {
  static var name: StaticString { "batch_norm" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 { try ChannelNorm.forward(&c, name) }
  static func saves(_ wants: UInt8) -> UInt8 { ChannelNorm.saves(wants) }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try ChannelNorm.vjp(n, g, name) }
}

enum GroupNorm: Rule {
  static var name: StaticString { "group_norm" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 { try ChannelNorm.forward(&c, name) }
  static func saves(_ wants: UInt8) -> UInt8 { ChannelNorm.saves(wants) }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try ChannelNorm.vjp(n, g, name) }
}

// MARK: As methods

extension Value {
  private func checkNorm(_ weight: Value?, _ bias: Value?, _ eps: Double, for operation: StaticString) throws(Failure) {
    if !dtype.isDifferentiable { throw .dtype("\(operation): needs float32 or float64, not \(dtype)") }
    if rank < 2 { throw .shape("\(operation): needs a batch and a channel dimension, the input has shape \(shape)") }
    if !(eps >= 0) || eps == .infinity { throw .argument("\(operation): eps must be a number ≥ 0, it is \(eps)") }
    try checkAffine(weight, Dims(shape[1]), "weight", for: operation)
    try checkAffine(bias, Dims(shape[1]), "bias", for: operation)
  }

  /// See `bp_batch_norm`. The running statistics move last: after a failure they are what they were.
  package func batchNorm(
    mean: Value?, variance: Value?, weight: Value?, bias: Value?, training: Bool, momentum: Double, eps: Double
  ) throws(Failure) -> Value {
    let name: StaticString = "batch_norm"
    try checkNorm(weight, bias, eps, for: name)
    let perChannel = shape[1] == 0 ? 0 : count / shape[1]
    if training, perChannel == 1 { throw .shape("batch_norm: training needs more than one value per channel, the input has shape \(shape)") }
    try checkRunning(mean, variance, moves: training, momentum, name)
    if !training, mean == nil { throw .argument("batch_norm: running_mean and running_var are needed unless training") }
    return try engine.scoped { () throws(Failure) -> Value in
      let channels = shape[1]
      let moments = try Value.empty(engine, dtype, Dims(2, channels), for: name)
      if !training, let mean, let variance {
        engine.copy(Dims(channels), from: mean.data, mean.strides, to: moments.data, Dims(1), size: dtype.size)
        engine.copy(
          Dims(channels), from: variance.data, variance.strides, to: moments.data + channels &* dtype.size, Dims(1), size: dtype.size)
      }
      var c = Call(self, Attributes(b: training ? 0 : 1, x: eps))
      c.add(weight)
      c.add(bias)
      c.add(moments)
      let y = try engine.apply(.batchNorm, &c)
      if training, perChannel > 0, let mean, let variance {
        let unbiased = Double(perChannel) / Double(perChannel - 1)
        var k = 0
        while k < channels {
          mean.move(k, to: moments.get(k), momentum)
          variance.move(k, to: unbiased * moments.get(channels + k), momentum)
          k += 1
        }
        mean.bumpVersion()
        variance.bumpVersion()
      }
      return y
    }
  }

  package func groupNorm(_ groups: Int, _ weight: Value?, _ bias: Value?, eps: Double) throws(Failure) -> Value {
    let name: StaticString = "group_norm"
    try checkNorm(weight, bias, eps, for: name)
    if groups < 1 || shape[1] % groups != 0 || (shape[1] == 0 && groups > 1) { throw .shape("group_norm: \(shape[1]) channels do not divide into \(groups) groups") }
    return try engine.scoped { () throws(Failure) -> Value in
      var c = Call(self, Attributes(a: groups, x: eps))
      c.add(weight)
      c.add(bias)
      c.add(try Value.empty(engine, dtype, Dims(2, shape[0] &* groups), for: name))
      return try engine.apply(.groupNorm, &c)
    }
  }

  /// A group per channel of each sample; with running statistics, which move towards the means over the samples of the channels' μ and
  /// unbiased σ². Not `useInputStats`: as batch norm with the running statistics (Ulyanov et al. 2016). See `bp_instance_norm`.
  package func instanceNorm(
    mean: Value?, variance: Value?, weight: Value?, bias: Value?, useInputStats: Bool, momentum: Double, eps: Double
  ) throws(Failure) -> Value {
    let name: StaticString = "instance_norm"
    try checkNorm(weight, bias, eps, for: name)
    try checkRunning(mean, variance, moves: useInputStats, momentum, name)
    if !useInputStats {
      if mean == nil { throw .argument("\(name): running_mean and running_var are needed unless use_input_stats") }
      return try batchNorm(mean: mean, variance: variance, weight: weight, bias: bias, training: false, momentum: momentum, eps: eps)
    }
    let samples = shape[0], channels = shape[1], perChannel = samples &* channels == 0 ? 0 : count / (samples &* channels)
    if perChannel == 1 { throw .shape("\(name): needs more than one value per channel, the input has shape \(shape)") }
    return try engine.scoped { () throws(Failure) -> Value in
      let moments = try Value.empty(engine, dtype, Dims(2, samples &* channels), for: name)
      var c = Call(self, Attributes(a: channels, x: eps))
      c.add(weight)
      c.add(bias)
      c.add(moments)
      if count == 0 { return try clone() }
      let y = try engine.apply(.groupNorm, &c)
      if let mean, let variance {
        let unbiased = Double(perChannel) / Double(perChannel - 1) / Double(samples)
        var k = 0
        while k < channels {
          var m = 0.0, v = 0.0, i = 0
          while i < samples {
            m += moments.get(i &* channels &+ k)
            v += moments.get((samples &+ i) &* channels &+ k)
            i += 1
          }
          mean.move(k, to: m / Double(samples), momentum)
          variance.move(k, to: v * unbiased, momentum)
          k += 1
        }
        mean.bumpVersion()
        variance.bumpVersion()
      }
      return y
    }
  }

  private func checkRunning(_ mean: Value?, _ variance: Value?, moves: Bool, _ momentum: Double, _ name: StaticString) throws(Failure) {
    try checkAffine(mean, Dims(shape[1]), "running_mean", for: name)
    try checkAffine(variance, Dims(shape[1]), "running_var", for: name)
    if (mean == nil) != (variance == nil) { throw .argument("\(name): running_mean and running_var go together, one of them is missing") }
    if !moves { return }
    if momentum - momentum != 0 { throw .argument("\(name): momentum must be a number, it is \(momentum)") }
    if mean?.requiresGrad ?? false || variance?.requiresGrad ?? false {
      throw .graph("\(name): running statistics are changed in place and cannot require a gradient")
    }
    try mean?.checkWritable(name)
    try variance?.checkWritable(name)
  }

  /// Element k of a list ← (1 − momentum) of itself + momentum of x.
  private func move(_ k: Int, to x: Double, _ momentum: Double) {
    let at = k &* strides[0]
    set(at, to: (1 - momentum) * get(at) + momentum * x)
  }
}
