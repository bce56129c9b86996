// Row by row: softmax, log softmax, layer norm, RMS norm. Rows are the innermost dimension(s), dense.
import CShim
import KernelAPI

private struct RowJob {
  var forward: RowFunction?
  var backward: RowBackwardFunction?
  var norm: LayerNormFunction?
  var normBackward: LayerNormBackwardFunction?
  var rows: Int, n: Int, perChunk: Int, size: Int
  var x: UnsafeRawPointer, g: UnsafeRawPointer?, y: UnsafeMutableRawPointer
  var w: UnsafeRawPointer?, b: UnsafeRawPointer?, eps = 0.0
  var mean: UnsafeMutableRawPointer?, rstd: UnsafeMutableRawPointer?
  var dw: UnsafeMutableRawPointer?, db: UnsafeMutableRawPointer?
}

extension Engine {
  fileprivate func run(_ job: inout RowJob) {
    parallel(chunks: (job.rows + job.perChunk - 1) / job.perChunk, threads: threads, &job) { context, chunk, _ in
      let j = context.assumingMemoryBound(to: RowJob.self).pointee
      let first = chunk &* j.perChunk, left = j.rows - first, rows = left < j.perChunk ? left : j.perChunk
      let at = first &* j.n &* j.size, one = first &* j.size
      if let f = j.forward { f(rows, j.n, j.x + at, j.y + at) }
      else if let f = j.backward { f(rows, j.n, j.g.unsafelyUnwrapped + at, j.x + at, j.y + at) }
      else if let f = j.norm {
        f(rows, j.n, j.x + at, j.w, j.b, j.eps, j.y + at, j.mean.map { $0 + one }, j.rstd.unsafelyUnwrapped + one)
      } else if let f = j.normBackward {
        let part = chunk &* j.n &* j.size
        f(
          rows, j.n, j.g.unsafelyUnwrapped + at, j.x + at, j.mean.map { UnsafeRawPointer($0 + one) }, j.rstd.unsafelyUnwrapped + one, j.w,
          j.y + at, j.dw.map { $0 + part }, j.db.map { $0 + part })
      }
    }
  }

  /// Rows per piece of work; by shape alone, because layer norm's weight gradients are summed piece by piece.
  fileprivate func rowsPerChunk(_ n: Int) -> Int { n >= elementsPerChunk / 8 ? 8 : elementsPerChunk / (n > 0 ? n : 1) }

  fileprivate func softmax(_ kernel: RowKernel, _ x: UInt32, for operation: StaticString) throws(Failure) -> UInt32 {
    let type = slot(x).pointee.dtype
    guard let f = kernels.row(kernel.rawValue, type.rawValue) else { throw .dtype("\(operation): not defined for \(type)") }
    let dense = try contiguous(x, for: operation)
    defer { drop(dense, value: true) }
    let shape = slot(x).pointee.shape
    let out = try make(type, shape, for: operation)
    let n = shape.count == 0 ? 1 : shape.last
    if shape.product == 0 { return out }
    var job = RowJob(
      forward: f, rows: shape.product / n, n: n, perChunk: rowsPerChunk(n), size: type.size, x: data(dense), g: nil, y: data(out))
    run(&job)
    return out
  }

  fileprivate func softmaxBackward(_ kernel: RowKernel, _ node: Node, _ g: Value) throws(Failure) -> Value {
    let y = node.output
    guard let f = kernels.rowBackward(kernel.rawValue, y.dtype.rawValue) else { throw .dtype("softmax: not defined for \(y.dtype)") }
    let dense = g.isContiguous ? g : try g.contiguous()
    let dx = try node.place(g, dense)
    let n = y.rank == 0 ? 1 : y.shape.last
    if y.count == 0 { return dx }
    var job = RowJob(
      backward: f, rows: y.count / n, n: n, perChunk: rowsPerChunk(n), size: y.dtype.size, x: y.data, g: dense.data, y: dx.data)
    run(&job)
    return dx
  }
}

/// y = e^(x − max) / Σ e^(x − max) over the last dimension;  dx = y·(g − Σ g·y)
enum Softmax: Rule {
  static var name: StaticString { "softmax" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 { try c.engine.softmax(.softmax, c.input(0), for: name) }
  static func saves(_ wants: UInt8) -> UInt8 { savesOutput }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let y = n.output
    if !g.engine.isRecording { return try n.give(0, g.engine.softmaxBackward(.softmax, n, g)) }
    try n.give(0, y * (g - (g * y).sum(y.lastDimension, keep: true)))
  }
}

/// y = x − max − ln Σ e^(x − max) over the last dimension;  dx = g − eʸ·Σ g
enum LogSoftmax: Rule {
  static var name: StaticString { "log_softmax" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 { try c.engine.softmax(.logSoftmax, c.input(0), for: name) }
  static func saves(_ wants: UInt8) -> UInt8 { savesOutput }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let y = n.output
    if !g.engine.isRecording { return try n.give(0, g.engine.softmaxBackward(.logSoftmax, n, g)) }
    try n.give(0, g - y.exp() * g.sum(y.lastDimension, keep: true))
  }
}

/// y = (x − μ)·r·w + b, r = 1/√(σ² + eps), μ and σ² (biased) over the last dimensions (Ba, Kiros, Hinton 2016);
/// with x̂ = (x − μ)·r and h = g·w:  dx = r·(h − mean h − x̂·mean(h·x̂)), dw = Σ g·x̂, db = Σ g
/// RMS norm: the same with μ = 0, r = 1/√(mean x² + eps), no b and no mean h (Zhang, Sennrich 2019)
/// (inputs x, w or none, b or none, and r and μ as the forward pass left them; a: how many dimensions, x: eps)
private enum LastNorm {
  static func forward(_ c: inout Call, centred: Bool, _ name: StaticString) throws(Failure) -> UInt32 {
    let e = c.engine, type = c[0].pointee.dtype, shape = c[0].pointee.shape
    let (rows, n) = split(shape, c.attributes.a)
    let x = try e.contiguous(c.input(0), for: name)
    defer { e.drop(x, value: true) }
    // Where w and b are not dense, the copy lives until the kernel is done.
    let w = c.input(1) == 0 ? 0 : try e.contiguous(c.input(1), for: name)
    defer { if w != 0 { e.drop(w, value: true) } }
    let b = c.input(2) == 0 ? 0 : try e.contiguous(c.input(2), for: name)
    defer { if b != 0 { e.drop(b, value: true) } }
    let out = try e.make(type, shape, for: name)
    let moments: UInt32
    do throws(Failure) { moments = try e.make(type, Dims(centred ? 2 : 1, rows), for: name) } catch {
      e.drop(out, value: true)
      throw error
    }
    c.keep(moments)
    if shape.product == 0 { return out }
    var job = RowJob(
      norm: e.kernels.layerNorm(type.rawValue), rows: rows, n: n, perChunk: e.rowsPerChunk(n), size: type.size, x: e.data(x), g: nil,
      y: e.data(out), w: w == 0 ? nil : UnsafeRawPointer(e.data(w)), b: b == 0 ? nil : UnsafeRawPointer(e.data(b)), eps: c.attributes.x,
      mean: centred ? e.data(moments) + rows &* type.size : nil, rstd: e.data(moments))
    e.run(&job)
    return out
  }

  private static func split(_ shape: Dims, _ dims: Int) -> (rows: Int, n: Int) {
    var rows = 1, n = 1, i = 0
    while i < shape.count {
      if i < shape.count - dims { rows &*= shape[i] } else { n &*= shape[i] }
      i += 1
    }
    return (rows, n)
  }

  static func saves(_ wants: UInt8) -> UInt8 { wants & 1 != 0 ? 1 | 2 | 8 : wants & 2 != 0 ? 1 | 8 : 0 }

  static func vjp(_ node: Node, _ g: Value, centred: Bool, _ name: StaticString) throws(Failure) {
    let e = g.engine, a = node.attributes
    let hasWeight = e.inputIndex(node.slot, 1) != 0
    if !node.wants(0), !node.wants(1) { return try node.give(2, g) }
    let x = node[0]
    let (rows, n) = split(x.shape, a.a)
    if e.isRecording {
      var set = DimSet(), d = x.rank - a.a
      while d < x.rank { set.insert(d); d += 1 }
      let unit = try differentiate(node, x, g, hasWeight && node.wants(0) ? node[1] : nil, set, eps: a.x, centred: centred)
      if node.wants(1) { try node.give(1, g * unit) }
      if node.wants(2) { try node.give(2, g) }
      return
    }
    let dense = try x.contiguous(), gradient = g.isContiguous ? g : try g.contiguous()
    let moments = node[3], size = x.dtype.size
    let perChunk = e.rowsPerChunk(n), chunks = (rows + perChunk - 1) / perChunk
    let dx = try node.place(g, gradient)
    let dw = node.wants(1) ? try Value.zeros(e, x.dtype, Dims(chunks, n)) : nil
    let db = node.wants(2) ? try Value.zeros(e, x.dtype, Dims(chunks, n)) : nil
    let w = hasWeight && node.wants(0) ? try node[1].contiguous() : nil
    if x.count > 0 {
      var job = RowJob(
        normBackward: e.kernels.layerNormBackward(x.dtype.rawValue), rows: rows, n: n, perChunk: perChunk, size: size, x: dense.data,
        g: gradient.data, y: dx.data, w: w.map { UnsafeRawPointer($0.data) }, mean: centred ? moments.data + rows &* size : nil,
        rstd: moments.data, dw: dw?.data, db: db?.data)
      e.run(&job)
    }
    if node.wants(0) { try node.give(0, dx) }
    var inner = Dims(), d = x.rank - a.a
    while d < x.rank { inner.append(x.shape[d]); d += 1 }
    if let dw { try node.give(1, dw.sum(Dims(0)).reshape(inner)) }
    if let db { try node.give(2, db.sum(Dims(0)).reshape(inner)) }
  }
}

enum LayerNorm: Rule {
  static var name: StaticString { "layer_norm" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 { try LastNorm.forward(&c, centred: true, name) }
  static func saves(_ wants: UInt8) -> UInt8 { LastNorm.saves(wants) }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try LastNorm.vjp(n, g, centred: true, name) }
}

enum RMSNorm: Rule {
  static var name: StaticString { "rms_norm" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 { try LastNorm.forward(&c, centred: false, name) }
  static func saves(_ wants: UInt8) -> UInt8 { LastNorm.saves(wants) }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try LastNorm.vjp(n, g, centred: false, name) }
}

// MARK: As methods

extension Value {
  fileprivate var lastDimension: DimSet {
    var s = DimSet()
    if rank > 0 { s.insert(rank - 1) }
    return s
  }

  private func alongLast(_ operation: Operation, _ dim: Int) throws(Failure) -> Value {
    let name = operation.rule.name
    let d = try shape.dimension(dim, for: name)
    if !dtype.isDifferentiable { throw .dtype("\(name): needs float32 or float64, not \(dtype)") }
    if rank == 0 || d == rank - 1 { return try apply(operation) }
    return try engine.scoped { () throws(Failure) -> Value in
      try transpose(d, rank - 1).apply(operation).transpose(d, rank - 1)
    }
  }
  package func softmax(_ dim: Int) throws(Failure) -> Value { try alongLast(.softmax, dim) }
  package func logSoftmax(_ dim: Int) throws(Failure) -> Value { try alongLast(.logSoftmax, dim) }

  package func layerNorm(_ inner: Dims, _ weight: Value?, _ bias: Value?, eps: Double) throws(Failure) -> Value {
    try lastNorm(.layerNorm, inner, weight, bias, eps)
  }
  package func rmsNorm(_ inner: Dims, _ weight: Value?, eps: Double) throws(Failure) -> Value {
    try lastNorm(.rmsNorm, inner, weight, nil, eps)
  }

  private func lastNorm(_ operation: Operation, _ inner: Dims, _ weight: Value?, _ bias: Value?, _ eps: Double) throws(Failure) -> Value {
    let name = operation.rule.name
    if !dtype.isDifferentiable { throw .dtype("\(name): needs float32 or float64, not \(dtype)") }
    if !(eps >= 0) || eps == .infinity { throw .argument("\(name): eps must be a number ≥ 0, it is \(eps)") }
    var fits = inner.count > 0 && inner.count <= rank, i = 1
    while fits && i <= inner.count { if inner[inner.count - i] != shape[rank - i] { fits = false }; i += 1 }
    if !fits { throw .shape("\(name): shape \(shape) does not end in \(inner)") }
    var c = Call(self, Attributes(a: inner.count, x: eps))
    try checkAffine(weight, inner, "weight", for: name)
    try checkAffine(bias, inner, "bias", for: name)
    c.add(weight)
    c.add(bias)
    return try engine.apply(operation, &c)
  }

  /// A weight or bias that goes with each element of `inner`.
  func checkAffine(_ v: Value?, _ inner: Dims, _ what: StaticString, for operation: StaticString) throws(Failure) {
    guard let v else { return }
    try engine.check(self, v, for: operation)
    if v.shape != inner { throw .shape("\(operation): \(what) has shape \(v.shape), wanted \(inner)") }
    if v.dtype != dtype { throw .dtype("\(operation): \(what) is \(v.dtype), the input \(dtype)") }
  }
}
