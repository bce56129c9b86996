// Pooling: the largest or the mean of each window of a plane. N images, C channels, [H, W] sizes.
import CShim
import KernelAPI

/// The options of pooling. As attributes of the one over [H, W]: dims = kernel, stride, padding, dilation; a and b = the result's last
/// two sizes, c = count_include_pad, x = divisor_override or 0.
package struct PoolOptions {
  package var windows = Windows(), ceilMode = false, countIncludePad = true, divisorOverride = 0
  package init() { (windows.depth.stride, windows.down.stride, windows.across.stride) = (0, 0, 0) }

  init(_ a: Attributes) {
    (windows.down.kernel, windows.across.kernel) = (a.dims[0], a.dims[1])
    (windows.down.stride, windows.across.stride) = (a.dims[2], a.dims[3])
    (windows.down.padding, windows.across.padding) = (a.dims[4], a.dims[5])
    (windows.down.dilation, windows.across.dilation) = (a.dims[6], a.dims[7])
    countIncludePad = a.c != 0
    divisorOverride = Int(a.x)
  }

  /// As attributes, over the dimensions of two windows.
  func attributes(_ down: WindowOptions, _ across: WindowOptions, _ rows: Int, _ columns: Int, divisor: Int? = nil) -> Attributes {
    var d = Dims(down.kernel, across.kernel)
    d.append(down.stride)
    d.append(across.stride)
    d.append(down.padding)
    d.append(across.padding)
    d.append(down.dilation)
    d.append(across.dilation)
    return Attributes(dims: d, a: rows, b: columns, c: countIncludePad ? 1 : 0, x: Double(divisor ?? divisorOverride))
  }

  /// What the sum of window i along an axis is divided by, as a factor of the whole.
  func divisor(_ i: Int, _ size: Int, rows: Bool) -> Double {
    if divisorOverride != 0 { return rows ? Double(divisorOverride) : 1 }
    let v = rows ? windows.down : windows.across
    var start = i * v.stride - v.padding, end = start + v.kernel
    let last = countIncludePad ? size + v.padding : size
    if end > last { end = last }
    if !countIncludePad, start < 0 { start = 0 }
    return Double(end - start)
  }
}

private struct PoolJob {
  var c: Correlation
  var f: PoolFunction, kernel: PoolKernel
  var planes: Int, perChunk: Int, size: Int
  var x: UnsafeRawPointer, xPlane: Int
  var with: UnsafeMutableRawPointer?, withPlane: Int
  var y: UnsafeMutableRawPointer, yPlane: Int
  var workspace: UnsafeMutableRawPointer, workspaceStride: Int
}

extension Engine {
  /// Runs a pooling kernel over all planes. `image` is the shape before pooling. `codes`: of max pooling, may be nil in the
  /// forward pass.
  @inline(never) func pool(
    _ kernel: PoolKernel, _ type: DType, _ image: Dims, _ a: Attributes, _ x: UnsafeRawPointer, codes: UnsafeMutableRawPointer?,
    _ y: UnsafeMutableRawPointer, for operation: StaticString
  ) throws(Failure) {
    guard let f = kernels.pool(type.rawValue) else { throw .dtype("\(operation): not defined for \(type)") }
    let o = PoolOptions(a), size = type.size, down = o.windows.down, across = o.windows.across
    var c = Correlation()
    (c.height, c.width) = (image[image.count - 2], image.last)
    (c.rows, c.columns) = (a.a, a.b)
    let planes = image.product / (c.height * c.width)
    (c.top, c.left) = (down.padding, across.padding)
    (c.stepY, c.stepX) = (down.stride, across.stride)
    (c.reachY, c.reachX) = ((down.kernel - 1) * down.dilation + 1, (across.kernel - 1) * across.dilation + 1)
    c.places = down.kernel * across.kernel
    // Lines begin a whole vector apart, so that what is added to one does not wait for its neighbour.
    c.phasePitch = ((c.stagedColumns + c.stepX - 1) / c.stepX + 15) & ~15
    c.rowPitch = c.phasePitch * c.stepX
    let copy = c.rowPitch.multipliedReportingOverflow(by: c.stagedRows(c.rows))
    if copy.overflow || copy.partialValue > Int.max / 4096 { throw .memory(operation, bytes: Int.max) }
    c.plane = copy.partialValue
    // Tables, divisors and one workspace for each worker lie in one block.
    let workers = planes * (c.height * c.width + c.plane) < elementsPerChunk ? 1 : threads
    let tables = ((c.places + c.rows + c.columns) * 8 + 63) & ~63
    let stride = ((c.plane + c.columns) * size + 4 * 64 + 63) & ~63
    let bytes = tables + stride * workers
    var blockSize = 0
    guard let block = state.pointee.allocator.allocate(bytes, size: &blockSize) else { throw .memory(operation, bytes: bytes) }
    let offsets = block.assumingMemoryBound(to: Int.self)
    var t = 0
    while t < c.places {
      let column = t % across.kernel * across.dilation
      offsets[t] = t / across.kernel * down.dilation * c.rowPitch + column % c.stepX * c.phasePitch + column / c.stepX
      t += 1
    }
    c.offsets = UnsafePointer(offsets)
    let divisors = UnsafeMutableRawPointer(offsets + c.places).assumingMemoryBound(to: Double.self)
    let isAverage = kernel == .average || kernel == .averageBackward
    if isAverage {
      var i = 0
      while i < c.rows { divisors[i] = o.divisor(i, c.height, rows: true); i += 1 }
      i = 0
      while i < c.columns { divisors[c.rows + i] = o.divisor(i, c.width, rows: false); i += 1 }
    }
    let isForward = kernel == .max || kernel == .average
    let whole = c.height * c.width * size, pooled = c.rows * c.columns * size
    var job = PoolJob(
      c: c, f: f, kernel: kernel, planes: planes, perChunk: elementsPerChunk / (c.plane + c.height * c.width) + 1, size: size,
      x: x, xPlane: isForward ? whole : pooled, with: isAverage ? UnsafeMutableRawPointer(divisors) : codes,
      withPlane: isAverage ? 0 : pooled, y: y, yPlane: isForward ? pooled : whole,
      workspace: block + tables, workspaceStride: stride)
    parallel(chunks: (planes + job.perChunk - 1) / job.perChunk, threads: workers, &job) { context, chunk, worker in
      let j = context.assumingMemoryBound(to: PoolJob.self)
      let first = chunk &* j.pointee.perChunk, left = j.pointee.planes - first
      withUnsafePointer(to: &j.pointee.c) {
        j.pointee.f(
          j.pointee.kernel.rawValue, $0, left < j.pointee.perChunk ? left : j.pointee.perChunk, j.pointee.x + first &* j.pointee.xPlane,
          j.pointee.with.map { $0 + first &* j.pointee.withPlane }, j.pointee.y + first &* j.pointee.yPlane,
          j.pointee.workspace + worker &* j.pointee.workspaceStride)
      }
    }
    state.pointee.allocator.release(block, size: blockSize)
  }

  func pooled(_ shape: Dims, _ a: Attributes) -> Dims {
    shape.replacing(shape.count - 2, with: a.a).replacing(shape.count - 1, with: a.b)
  }
}

/// y = the largest of each window, its first if there are several, NaN if there is one;  dx = g at the place it came from
/// (inputs x, and while recording the number of the winning place for each y)
enum MaxPool2d: Rule {
  static var name: StaticString { "max_pool2d" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let e = c.engine, type = c[0].pointee.dtype, shape = c[0].pointee.shape, a = c.attributes
    let x = try e.contiguous(c.input(0), for: name)
    defer { e.drop(x, value: true) }
    let ys = e.pooled(shape, a)
    let out = try e.make(type, ys, for: name)
    return try e.filled(out) { () throws(Failure) in
      var codes: UInt32 = 0
      if e.isRecording, c[0].pointee.requiresGrad {
        codes = try e.make(type, ys, for: name)
        c.keep(codes)
      }
      if ys.product > 0 { try e.pool(.max, type, shape, a, e.data(x), codes: codes == 0 ? nil : e.data(codes), e.data(out), for: name) }
    }
  }
  static func saves(_ wants: UInt8) -> UInt8 { 2 }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let e = g.engine, x = n[0], codes = n[1], a = n.attributes
    if g.count == 0 { return try n.give(0, Value.zeros(e, g.dtype, x.shape)) }
    if e.isRecording {
      let planes = g.count / (a.a * a.b), area = x.shape[x.rank - 2] * x.shape.last
      let at = try codes.winners(x.shape, a).reshape(Dims(planes, a.a * a.b))
      let zero = try Value.zeros(e, g.dtype, Dims(planes, area))
      return try n.give(0, zero.scatterAdd(1, at, g.reshape(Dims(planes, a.a * a.b))).reshape(x.shape))
    }
    let dense = try g.contiguous(), dx = try Value.empty(e, g.dtype, x.shape, for: name)
    try e.pool(.maxBackward, g.dtype, x.shape, a, dense.data, codes: codes.data, dx.data, for: name)
    try n.give(0, dx)
  }
}

/// y = Σ window / the number of its places, as the options count them;  dx = Σ g / that number over the windows that hold x
enum AvgPool2d: Rule {
  static var name: StaticString { "avg_pool2d" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let e = c.engine, type = c[0].pointee.dtype, shape = c[0].pointee.shape, a = c.attributes
    let x = try e.contiguous(c.input(0), for: name)
    defer { e.drop(x, value: true) }
    let ys = e.pooled(shape, a)
    let out = try e.make(type, ys, for: name)
    return try e.filled(out) { () throws(Failure) in
      if ys.product > 0 { try e.pool(.average, type, shape, a, e.data(x), codes: nil, e.data(out), for: name) }
    }
  }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let e = g.engine, x = n[0], a = n.attributes, o = PoolOptions(a)
    if g.count == 0 { return try n.give(0, Value.zeros(e, g.dtype, x.shape)) }
    if e.isRecording {
      // Spread by a transposed convolution with ones, one plane an image.
      let divisors = try Value.empty(e, g.dtype, Dims(a.a, a.b), for: name)
      var i = 0
      while i < a.a * a.b {
        divisors.set(i, to: o.divisor(i / a.b, x.shape[x.rank - 2], rows: true) * o.divisor(i % a.b, x.shape.last, rows: false))
        i += 1
      }
      var c = ConvolutionOptions()
      c.windows = o.windows
      let planes = g.count / (a.a * a.b)
      let each = try (g / divisors).reshape(Dims(planes, 1).appending(a.a, a.b))
      let ones = try Value.full(e, g.dtype, Dims(1, 1).appending(o.windows.down.kernel, o.windows.across.kernel), 1)
      return try n.give(
        0, each.apply(.convTranspose2d, ones, c.attributes(x.shape[x.rank - 2], x.shape.last)).reshape(x.shape))
    }
    let dense = try g.contiguous(), dx = try Value.empty(e, g.dtype, x.shape, for: name)
    try e.pool(.averageBackward, g.dtype, x.shape, a, dense.data, codes: nil, dx.data, for: name)
    try n.give(0, dx)
  }
}

// MARK: As methods

extension Value {
  /// Of the winners' places (one for each result): positions in the plane of size shape[-2] × shape[-1], int64.
  fileprivate func winners(_ shape: Dims, _ a: Attributes) throws(Failure) -> Value {
    let down = PoolOptions(a).windows.down, across = PoolOptions(a).windows.across
    let at = try Value.empty(engine, .int64, self.shape, for: "max_pool2d")
    let height = shape[shape.count - 2], width = shape.last, p = at.data(as: Int64.self)
    var i = 0
    while i < count {
      let code = Int(get(i)), j = i % (a.a * a.b)
      // Where a whole window is −∞, the first place may be in the margin.
      let y = j / a.b * down.stride - down.padding + code / across.kernel * down.dilation
      let x = j % a.b * across.stride - across.padding + code % across.kernel * across.dilation
      p[i] = Int64((y < 0 ? 0 : y >= height ? height - 1 : y) * width + (x < 0 ? 0 : x >= width ? width - 1 : x))
      i += 1
    }
    return at
  }

  /// The largest of each window of the last two dimensions and where they are, without history. Within a scope.
  func maxima(_ a: Attributes) throws(Failure) -> (values: Value, places: Value) {
    let x = try contiguous(), ys = engine.pooled(shape, a)
    let y = try Value.empty(engine, dtype, ys, for: "max_pool2d"), codes = try Value.empty(engine, dtype, ys, for: "max_pool2d")
    if ys.product > 0 { try engine.pool(.max, dtype, shape, a, x.data, codes: codes.data, y.data, for: "max_pool2d") }
    return (y, try codes.winners(shape, a))
  }
}
