// Resampling: along one dimension each result is a weighted sum of a few of x's slices, which slices and weights a table says. One
// operation and its transpose, each the other's gradient, make up interpolation, unfold and fold, adaptive means, depth in 3-d convolution.
import CShim
import KernelAPI

/// A table of n·taps slices of `size`, applied to x seen as [outer, …, inner].
private struct ResampleJob {
  let isDouble: Bool, isTransposed: Bool
  let outer: Int, n: Int, taps: Int, size: Int, inner: Int, perPiece: Int
  let index: UnsafePointer<Int64>, weights: UnsafeRawPointer?
  let x: UnsafeRawPointer, y: UnsafeMutableRawPointer
}

/// y (+)= w·x, for rows of n numbers; w nil is 1.
@inline(__always) private func addRow<T: FloatingPoint>(
  _ y: UnsafeMutablePointer<T>, _ x: UnsafePointer<T>, _ w: T?, _ n: Int, accumulate: Bool
) {
  if n == 1 {  // along the last dimension; no loop
    let v = w.map { $0 * x[0] } ?? x[0]
    y[0] = accumulate ? y[0] + v : v
    return
  }
  var r = 0
  if let w {
    if accumulate { while r < n { y[r] += w * x[r]; r += 1 } } else { while r < n { y[r] = w * x[r]; r += 1 } }
  } else if accumulate {
    while r < n { y[r] += x[r]; r += 1 }
  } else {
    while r < n { y[r] = x[r]; r += 1 }
  }
}

/// Rows o·n + i of y for one piece of them.
@inline(__always) private func resampleRows<T: FloatingPoint>(_: T.Type, _ j: ResampleJob, _ piece: Int) {
  let x = j.x.assumingMemoryBound(to: T.self), y = j.y.assumingMemoryBound(to: T.self), weights = j.weights?.assumingMemoryBound(to: T.self)
  let first = piece &* j.perPiece, end = first &+ j.perPiece < j.outer &* j.n ? first &+ j.perPiece : j.outer &* j.n
  var row = first, i = first % j.n, from = x + first / j.n &* j.size &* j.inner
  while row < end {
    let to = y + row &* j.inner
    var some = false, t = i &* j.taps
    let last = t &+ j.taps
    while t < last {
      if j.index[t] >= 0 {
        addRow(to, from + Int(j.index[t]) &* j.inner, weights.map { $0[t] }, j.inner, accumulate: some)
        some = true
      }
      t += 1
    }
    if !some { memset(to, 0, j.inner &* MemoryLayout<T>.stride) }
    row += 1
    i += 1
    if i == j.n {
      i = 0
      from += j.size &* j.inner
    }
  }
}

/// The slices o of y for one piece of them: zero, then what each row of x adds, in the order of the table.
@inline(__always) private func spreadRows<T: FloatingPoint>(_: T.Type, _ j: ResampleJob, _ piece: Int) {
  let x = j.x.assumingMemoryBound(to: T.self), y = j.y.assumingMemoryBound(to: T.self), weights = j.weights?.assumingMemoryBound(to: T.self)
  var o = piece &* j.perPiece
  let end = o &+ j.perPiece < j.outer ? o &+ j.perPiece : j.outer
  while o < end {
    let to = y + o &* j.size &* j.inner
    memset(to, 0, j.size &* j.inner &* MemoryLayout<T>.stride)
    var from = x + o &* j.n &* j.inner, i = 0
    while i < j.n {
      var t = i &* j.taps
      let last = t &+ j.taps
      while t < last {
        if j.index[t] >= 0 { addRow(to + Int(j.index[t]) &* j.inner, from, weights.map { $0[t] }, j.inner, accumulate: true) }
        t += 1
      }
      from += j.inner
      i += 1
    }
    o += 1
  }
}

@inline(__always) private func resampled<T: FloatingPoint>(_: T.Type, _ j: ResampleJob, _ piece: Int) {
  if j.isTransposed { spreadRows(T.self, j, piece) } else { resampleRows(T.self, j, piece) }
}

extension Engine {
  /// Inputs x, index [n·taps] (−1: no slice), weights [n·taps] or none: ones; a: dimension, b: taps, c: size of the dimension the table
  /// speaks of.
  @inline(never) fileprivate func resample(_ c: inout Call, transposed: Bool, _ name: StaticString) throws(Failure) -> UInt32 {
    let a = c.attributes, d = a.a, type = c[0].pointee.dtype, shape = c[0].pointee.shape
    let n = c[1].pointee.shape.product / a.b
    let x = try contiguous(c.input(0), for: name)
    defer { drop(x, value: true) }
    let out = try make(type, shape.replacing(d, with: transposed ? a.c : n), for: name)
    if slot(out).pointee.shape.product == 0 { return out }
    var inner = 1, k = d + 1
    while k < shape.count { inner &*= shape[k]; k += 1 }
    var outer = 1
    k = 0
    while k < d { outer &*= shape[k]; k += 1 }
    let slices = (transposed ? a.c &+ n : a.b) &* inner
    var job = ResampleJob(
      isDouble: type == .float64, isTransposed: transposed, outer: outer, n: n, taps: a.b, size: a.c, inner: inner, perPiece: elementsPerChunk / (slices < elementsPerChunk ? slices : elementsPerChunk),
      index: data(c.input(1)).assumingMemoryBound(to: Int64.self), weights: c.input(2) == 0 ? nil : UnsafeRawPointer(data(c.input(2))),
      x: data(x), y: data(out))
    let rows = transposed ? outer : outer &* n
    parallel(chunks: (rows + job.perPiece - 1) / job.perPiece, threads: threads, &job) { context, chunk, _ in
      let j = context.assumingMemoryBound(to: ResampleJob.self).pointee
      if j.isDouble { resampled(Double.self, j, chunk) } else { resampled(Float.self, j, chunk) }
    }
    return out
  }
}

/// y[i] = Σ over t: weights[i, t]·x[index[i, t]];  dx = the transpose of g
enum Resample: Rule {
  static var name: StaticString { "resample" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 { try c.engine.resample(&c, transposed: false, name) }
  static func saves(_ wants: UInt8) -> UInt8 { 6 }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try n.give(0, n.resampled(.resampleTranspose, g)) }
}

/// y[index[i, t]] += weights[i, t]·x[i], from zeros;  dx = g resampled
enum ResampleTranspose: Rule {
  static var name: StaticString { "resample_transpose" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 { try c.engine.resample(&c, transposed: true, name) }
  static func saves(_ wants: UInt8) -> UInt8 { 6 }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try n.give(0, n.resampled(.resample, g)) }
}

extension Node {
  fileprivate func resampled(_ operation: Operation, _ g: Value) throws(Failure) -> Value {
    var c = Call(g, self[1], attributes)
    c.add(engine.inputIndex(slot, 2) == 0 ? nil : self[2])
    return try engine.apply(operation, &c)
  }
}

extension Value {
  /// Resampled along dimension d to n slices. `fill(i, index, weights)` writes the taps of slice i; an index below 0 stands for none,
  /// and none is what it finds. `onto`: the transpose, n being x's own size and `onto` the result's. Within a scope.
  @inline(never) func resampled(
    _ d: Int, _ n: Int, taps: Int = 1, weighted: Bool = false, onto: Int? = nil, for name: StaticString,
    _ fill: (Int, UnsafeMutablePointer<Int64>, UnsafeMutablePointer<Double>) -> Void
  ) throws(Failure) -> Value {
    if !dtype.isDifferentiable { throw .dtype("\(name): needs float32 or float64, not \(dtype)") }
    let table = Dims(n, taps), index = try Value.full(engine, .int64, table, -1, for: name)
    let weights = try weighted ? Value.full(engine, .float64, table, 0, for: name) : nil
    let p = index.data(as: Int64.self)
    var one = 1.0, i = 0
    while i < n {
      if let weights { fill(i, p + i &* taps, weights.data(as: Double.self) + i &* taps) } else { fill(i, p + i &* taps, &one) }
      i += 1
    }
    var c = Call(self, index, Attributes(a: d, b: taps, c: onto ?? shape[d]))
    c.add(try weights?.to(dtype))
    return try engine.apply(onto == nil ? .resample : .resampleTranspose, &c)
  }
}

// MARK: Windows as columns

extension Value {
  /// x [N, C, H, W] or [C, H, W] → [N, C·h·w, L], the L windows as columns (PyTorch: `nn.functional.unfold`).
  package func im2col(_ v: Windows) throws(Failure) -> Value {
    let name: StaticString = "unfold"
    if rank == 3 { return try engine.scoped { () throws(Failure) -> Value in try unsqueeze(0).im2col(v).squeeze(0) } }
    if rank != 4 { throw .shape("\(name): input \(shape); wanted [N, C, H, W] or [C, H, W]") }
    let counts = try v.columns(Dims(shape[2], shape[3]), name)
    return try engine.scoped { () throws(Failure) -> Value in
      let across = try spreadOut(2, v.down, counts[0], name).spreadOut(3, v.across, counts[1], name)
      let parted = Dims(shape[0], shape[1]).appending(v.down.kernel, counts[0]).appending(v.across.kernel, counts[1])
      let sorted = try across.reshape(parted).permute(columnOrder)
      return try sorted.reshape(Dims(shape[0], shape[1] * v.down.kernel * v.across.kernel).appending(counts.product))
    }
  }

  /// Its transpose: columns [N, C·h·w, L] or [C·h·w, L] added up in an image [N, C, height, width] (PyTorch: `nn.functional.fold`).
  package func col2im(_ height: Int, _ width: Int, _ v: Windows) throws(Failure) -> Value {
    let name: StaticString = "fold"
    if rank == 2 { return try engine.scoped { () throws(Failure) -> Value in try unsqueeze(0).col2im(height, width, v).squeeze(0) } }
    if rank != 3 { throw .shape("\(name): input \(shape); wanted [N, C·places, L] or [C·places, L]") }
    if height < 1 || width < 1 || height >= 1 << 31 || width >= 1 << 31 { throw .argument("\(name): output_size [\(height), \(width)]") }
    let counts = try v.columns(Dims(height, width), name), places = v.down.kernel * v.across.kernel
    if shape[1] % places != 0 || shape[1] == 0 { throw .shape("\(name): dimension 1 of input \(shape) is no multiple of the \(places) places of the window") }
    if shape[2] != counts.product { throw .shape("\(name): input \(shape) has \(shape[2]) columns, the image \(counts.product) windows") }
    return try engine.scoped { () throws(Failure) -> Value in
      let parted = Dims(shape[0], shape[1] / places).appending(v.down.kernel, v.across.kernel).appending(counts[0], counts[1])
      let sorted = try reshape(parted).permute(columnOrder)
      let spread = Dims(shape[0], shape[1] / places).appending(v.down.kernel * counts[0], v.across.kernel * counts[1])
      return try sorted.reshape(spread).spreadOut(3, v.across, counts[1], onto: width, name).spreadOut(2, v.down, counts[0], onto: height, name)
    }
  }

  /// Along dimension d, for each place of the window what `count` windows see there; zeros beyond the image. `onto`: the transpose.
  private func spreadOut(_ d: Int, _ v: WindowOptions, _ count: Int, onto: Int? = nil, _ name: StaticString) throws(Failure) -> Value {
    let size = onto ?? shape[d]
    return try resampled(d, v.kernel * count, onto: onto, for: name) { i, index, _ in
      let at = i / count * v.dilation + i % count * v.stride - v.padding
      index[0] = Int64(at < size ? at : -1)
    }
  }
}

/// [N, C, h, H', w, W'] to [N, C, h, w, H', W'] and back.
private var columnOrder: Dims { Dims(0, 1).appending(2, 4).appending(3, 5) }

extension Windows {
  /// How many windows fit an image of this size, down and across.
  fileprivate func columns(_ size: Dims, _ name: StaticString) throws(Failure) -> Dims {
    try check(2, atLeast: 1, "kernel_size", name) { $0.kernel }
    try check(2, atLeast: 1, "stride", name) { $0.stride }
    try check(2, atLeast: 0, "padding", name) { $0.padding }
    try check(2, atLeast: 1, "dilation", name) { $0.dilation }
    if down.kernel * across.kernel > 1 << 20 { throw .argument("\(name): kernel_size is too large: [\(down.kernel), \(across.kernel)]") }
    var counts = Dims(), i = 0
    while i < 2 {
      let v = self[i, of: 2], room = size[i] + 2 * v.padding - v.dilation * (v.kernel - 1) - 1
      if size[i] >= 1 << 31 || room < 0 {
        throw .shape("\(name): a window of \(v.dilation * (v.kernel - 1) + 1) does not fit the size \(size[i]) with padding \(v.padding)")
      }
      counts.append(room / v.stride + 1)
      i += 1
    }
    return counts
  }
}
