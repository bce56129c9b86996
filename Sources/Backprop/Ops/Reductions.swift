// Many elements to one. The summation tree depends on sizes alone, so threads never change a bit.
import CShim
import KernelAPI

/// Rows longer than this are first reduced in pieces of this length.
private let pieceLength = 16384

private struct ReduceJob {
  var rowsKernel: ReduceRowsFunction?
  var columnsKernel: ReduceColumnsFunction?
  var rows: Int, n: Int, x: UnsafeRawPointer, rowStride: Int, y: UnsafeMutableRawPointer
  var inSize: Int, outSize: Int, perChunk: Int
}

extension Engine {
  /// Each of `rows` rows of n elements at x to one element of y.
  private func reduceRows(_ f: @escaping ReduceRowsFunction, _ rows: Int, _ n: Int, _ x: UnsafeRawPointer, _ y: UnsafeMutableRawPointer, _ size: Int) {
    let perChunk = n >= elementsPerChunk ? 1 : elementsPerChunk / (n > 0 ? n : 1)
    if rows <= perChunk || threads <= 1 { return f(rows, n, x, n, y) }
    var job = ReduceJob(
      rowsKernel: f, rows: rows, n: n, x: x, rowStride: n, y: y, inSize: size, outSize: size, perChunk: perChunk)
    parallel(chunks: (rows + perChunk - 1) / perChunk, threads: threads, &job) { context, chunk, _ in
      let j = context.assumingMemoryBound(to: ReduceJob.self).pointee
      let first = chunk &* j.perChunk, left = j.rows - first
      j.rowsKernel.unsafelyUnwrapped(
        left < j.perChunk ? left : j.perChunk, j.n, j.x + first &* j.n &* j.inSize, j.rowStride, j.y + first &* j.outSize)
    }
  }

  /// Down n rows of `columns` elements.
  private func reduceColumns(_ f: @escaping ReduceColumnsFunction, _ n: Int, _ columns: Int, _ x: UnsafeRawPointer, _ y: UnsafeMutableRawPointer, _ size: Int) {
    var perChunk = elementsPerChunk / (n > 0 ? n : 1) & ~63
    if perChunk < 64 { perChunk = 64 }
    if columns <= perChunk || threads <= 1 { return f(n, columns, x, columns, y) }
    var job = ReduceJob(
      columnsKernel: f, rows: columns, n: n, x: x, rowStride: columns, y: y, inSize: size, outSize: size, perChunk: perChunk)
    parallel(chunks: (columns + perChunk - 1) / perChunk, threads: threads, &job) { context, chunk, _ in
      let j = context.assumingMemoryBound(to: ReduceJob.self).pointee
      let first = chunk &* j.perChunk, left = j.rows - first
      j.columnsKernel.unsafelyUnwrapped(
        j.n, left < j.perChunk ? left : j.perChunk, j.x + first &* j.inSize, j.rowStride, j.y + first &* j.outSize)
    }
  }

  /// Reduces the dimensions of `set`; the result has shape `x.shape.reduced(set, keep)`.
  func reduce(_ kernel: ReduceKernel, _ x: UInt32, _ set: DimSet, keep: Bool, for operation: StaticString) throws(Failure) -> UInt32 {
    let type = slot(x).pointee.dtype, shape = slot(x).pointee.shape
    guard let rowsKernel = kernels.reduceRows(kernel.rawValue, type.rawValue),
      let columnsKernel = kernels.reduceColumns(kernel.rawValue, type.rawValue)
    else { throw .dtype("\(operation): not defined for \(type)") }
    var n = 1, d = 0
    while d < shape.count { if set.contains(d) { n &*= shape[d] }; d += 1 }
    let outShape = shape.reduced(set, keep: keep)
    if n == 0, kernel != .sum, outShape.product > 0 {
      throw .shape("\(operation): no elements to choose from in shape \(shape)")
    }
    // The pattern of kept (K) and reduced (R) runs, outermost first, sizes of 1 aside.
    var runs = Dims(), runReduced = DimSet()
    d = 0
    while d < shape.count {
      if shape[d] != 1 {
        let r = set.contains(d)
        if runs.count > 0, runReduced.contains(runs.count - 1) == r {
          runs[runs.count - 1] = runs.last &* shape[d]
        } else {
          if r { runReduced.insert(runs.count) }
          runs.append(shape[d])
        }
      }
      d += 1
    }
    // K, R, KR, RK and KRK are read in place; anything else is brought to KR.
    let inPlace = runs.count <= 2 || (runs.count == 3 && runReduced.contains(1))
    var dense: UInt32
    if inPlace {
      dense = try contiguous(x, for: operation)
    } else {
      var order = Dims(), strides = Dims()
      d = 0
      while d < 2 * shape.count {  // kept ones in the first round, reduced ones in the second
        let k = d % shape.count
        if set.contains(k) == (d >= shape.count) { order.append(shape[k]); strides.append(slot(x).pointee.strides[k]) }
        d += 1
      }
      dense = try make(type, order, for: operation)
      copy(order, from: data(x), strides, to: data(dense), slot(dense).pointee.strides, size: type.size)
    }
    defer { drop(dense, value: true) }
    let out = try make(type, outShape, for: operation)
    let total = outShape.product
    if total == 0 { return out }
    if n == 0 { memset(data(out), 0, total &* type.size); return out }
    let size = type.size
    if !inPlace || runs.count == 0 || runReduced.contains(runs.count - 1) {
      do throws(Failure) {
        try reduceLongRows(rowsKernel, total, n, data(dense), data(out), size, operation)
      } catch {
        drop(out, value: true)
        throw error
      }
    } else if runReduced.bits == 0 {
      memcpy(data(out), data(dense), total &* size)
    } else {
      let inner = runs.last, outer = total / inner
      var k = 0
      while k < outer {
        reduceColumns(columnsKernel, n, inner, data(dense) + k &* n &* inner &* size, data(out) + k &* inner &* size, size)
        k += 1
      }
    }
    return out
  }

  /// One very long row is cut into pieces whose results form a shorter row, so that threads can share it.
  private func reduceLongRows(
    _ f: @escaping ReduceRowsFunction, _ rows: Int, _ n: Int, _ x: UnsafeMutableRawPointer, _ y: UnsafeMutableRawPointer, _ size: Int,
    _ operation: StaticString
  ) throws(Failure) {
    if rows > 1 || n <= 2 * pieceLength { return reduceRows(f, rows, n, x, y, size) }
    let whole = n / pieceLength, rest = n - whole * pieceLength, pieces = whole + (rest > 0 ? 1 : 0)
    var blockSize = 0
    guard let partial = state.pointee.allocator.allocate(pieces * size, size: &blockSize) else {
      throw .memory(operation, bytes: pieces * size)
    }
    reduceRows(f, whole, pieceLength, x, partial, size)
    if rest > 0 { f(1, rest, x + whole * pieceLength * size, rest, partial + whole * size) }
    f(1, pieces, partial, pieces, y)
    state.pointee.allocator.release(partial, size: blockSize)
  }

  /// Index of the largest or smallest element along `dim` (nil: of the flattened tensor).
  func argReduce(_ x: UInt32, largest: Bool, dim: Int?, keep: Bool, for operation: StaticString) throws(Failure) -> UInt32 {
    let type = slot(x).pointee.dtype, shape = slot(x).pointee.shape
    guard let f = kernels.argReduce(largest, type.rawValue) else { throw .dtype("\(operation): not defined for \(type)") }
    var outShape = Dims()
    var n = shape.product
    if let dim, shape.count > 0 {
      n = shape[dim]
      outShape = keep ? shape.replacing(dim, with: 1) : shape.removing(at: dim)
    } else if keep {
      outShape = Dims(repeating: 1, count: shape.count)
    }
    if n == 0, outShape.product > 0 { throw .shape("\(operation): no elements to choose from in shape \(shape)") }
    var dense: UInt32
    if let dim, shape.count > 0, dim != shape.count - 1 {
      var order = shape, strides = slot(x).pointee.strides
      order.remove(at: dim)
      order.append(n)
      let s = strides.remove(at: dim)
      strides.append(s)
      dense = try make(type, order, for: operation)
      copy(order, from: data(x), strides, to: data(dense), slot(dense).pointee.strides, size: type.size)
    } else {
      dense = try contiguous(x, for: operation)
    }
    defer { drop(dense, value: true) }
    let out = try make(.int64, outShape, for: operation)
    f(outShape.product, n, data(dense), n, data(out).assumingMemoryBound(to: Int64.self))
    return out
  }
}

// In these rules a: bits of the reduced dimensions, b: 1 to keep them.

/// y = Σ x;  dx = g, stretched back
enum Sum: Rule {
  static var name: StaticString { "sum" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    try c.engine.reduce(.sum, c.input(0), DimSet(bits: UInt8(truncatingIfNeeded: c.attributes.a)), keep: c.attributes.b == 1, for: name)
  }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let x = n[0]
    try n.give(0, g.reshape(x.shape.reduced(n.dimSet, keep: true)).expand(x.shape))
  }
}

/// y = max x;  dx = g shared equally among the elements that equal y
enum Amax: Rule {
  static var name: StaticString { "amax" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    try c.engine.reduce(.max, c.input(0), DimSet(bits: UInt8(truncatingIfNeeded: c.attributes.a)), keep: c.attributes.b == 1, for: name)
  }
  static func saves(_ wants: UInt8) -> UInt8 { 1 | savesOutput }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try shareAmongEquals(n, g) }
}

/// y = min x;  dx = g shared equally among the elements that equal y
enum Amin: Rule {
  static var name: StaticString { "amin" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    try c.engine.reduce(.min, c.input(0), DimSet(bits: UInt8(truncatingIfNeeded: c.attributes.a)), keep: c.attributes.b == 1, for: name)
  }
  static func saves(_ wants: UInt8) -> UInt8 { 1 | savesOutput }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try shareAmongEquals(n, g) }
}

private func shareAmongEquals(_ n: Node, _ g: Value) throws(Failure) {
  let x = n[0], kept = x.shape.reduced(n.dimSet, keep: true)
  let equal = try x.eq(n.output.reshape(kept)).to(g.dtype)
  let count = try equal.sum(n.dimSet, keep: true)
  try n.give(0, g.reshape(kept) / count * equal)
}

extension Node {
  fileprivate var dimSet: DimSet { DimSet(bits: UInt8(truncatingIfNeeded: attributes.a)) }
}

/// Where the largest element is; a: the dimension or −1 for all, b: 1 to keep it. No gradient.
enum Argmax: NonDifferentiableRule {
  static var name: StaticString { "argmax" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    try c.engine.argReduce(c.input(0), largest: true, dim: c.attributes.a < 0 ? nil : c.attributes.a, keep: c.attributes.b == 1, for: name)
  }
}
/// Where the smallest element is.
enum Argmin: NonDifferentiableRule {
  static var name: StaticString { "argmin" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    try c.engine.argReduce(c.input(0), largest: false, dim: c.attributes.a < 0 ? nil : c.attributes.a, keep: c.attributes.b == 1, for: name)
  }
}

// MARK: As methods. `dims` empty: all dimensions.

extension Value {
  func sum(_ set: DimSet, keep: Bool) throws(Failure) -> Value {
    let attributes = Attributes(a: Int(set.bits), b: keep ? 1 : 0)
    if dtype.isDifferentiable || dtype == .int64 { return try apply(.sum, attributes) }
    if dtype.category == .floating { throw .dtype("sum: not defined for \(dtype)") }
    return try engine.scoped { () throws(Failure) -> Value in try self.to(.int64).apply(.sum, attributes) }
  }

  package func sum(_ dims: Dims = Dims(), keep: Bool = false) throws(Failure) -> Value {
    try sum(shape.dimensionSet(dims, for: "sum"), keep: keep)
  }

  package func mean(_ dims: Dims = Dims(), keep: Bool = false) throws(Failure) -> Value {
    if !dtype.isDifferentiable { throw .dtype("mean: needs float32 or float64, not \(dtype)") }
    let set = try shape.dimensionSet(dims, for: "mean")
    return try engine.scoped { () throws(Failure) -> Value in try sum(set, keep: keep) / Double(reducedCount(set)) }
  }

  /// Σ (x − mean)² / max(0, N − correction)
  package func variance(_ dims: Dims = Dims(), correction: Double, keep: Bool = false) throws(Failure) -> Value {
    if !dtype.isDifferentiable { throw .dtype("var: needs float32 or float64, not \(dtype)") }
    if correction != correction { throw .argument("var: the correction is not a number") }
    let set = try shape.dimensionSet(dims, for: "var")
    return try engine.scoped { () throws(Failure) -> Value in
      let n = Double(reducedCount(set))
      let centred = try self - sum(set, keep: true) / n
      return try centred.square().sum(set, keep: keep) / (n > correction ? n - correction : 0)
    }
  }

  package func amax(_ dims: Dims = Dims(), keep: Bool = false) throws(Failure) -> Value {
    try apply(.amax, Attributes(a: Int(shape.dimensionSet(dims, for: "amax").bits), b: keep ? 1 : 0))
  }
  package func amin(_ dims: Dims = Dims(), keep: Bool = false) throws(Failure) -> Value {
    try apply(.amin, Attributes(a: Int(shape.dimensionSet(dims, for: "amin").bits), b: keep ? 1 : 0))
  }

  /// Index of the largest (smallest) element along `dim`, or of the flattened tensor.
  package func argExtreme(largest: Bool, dim: Int?, keep: Bool = false) throws(Failure) -> Value {
    let d = try dim.map { (d: Int) throws(Failure) -> Int in try shape.dimension(d, for: largest ? "argmax" : "argmin") } ?? -1
    return try apply(largest ? .argmax : .argmin, Attributes(a: d, b: keep ? 1 : 0))
  }

  /// Largest (smallest) value along `dim` and where it is; the gradient goes to the chosen element.
  package func extreme(largest: Bool, dim: Int, keep: Bool) throws(Failure) -> (values: Value, indices: Value) {
    let name: StaticString = largest ? "max" : "min"
    let d = try shape.dimension(dim, for: name)
    if rank == 0 {
      let at = try argExtreme(largest: largest, dim: 0)
      do throws(Failure) { return (try reshape(Dims()), at) } catch { at.release(); throw error }
    }
    let at = try argExtreme(largest: largest, dim: d, keep: keep)
    do throws(Failure) {
      let values = try engine.scoped { () throws(Failure) -> Value in
        let y = try gather(d, keep ? at : at.unsqueeze(d))
        return keep ? y : try y.squeeze(d)
      }
      return (values, at)
    } catch {
      at.release()
      throw error
    }
  }

  /// Summed over the dimensions that broadcasting would have to stretch to get from `target` to this shape.
  func sum(toShape target: Dims) throws(Failure) -> Value {
    let extra = rank - target.count
    var set = DimSet(), i = 0
    while i < rank {
      if i < extra || (target[i - extra] == 1 && shape[i] != 1) { set.insert(i) }
      i += 1
    }
    let y = try sum(set, keep: true)
    return try y.shape == target ? y : y.reshape(target)
  }

  private func reducedCount(_ set: DimSet) -> Int {
    var n = 1, d = 0
    while d < rank { if set.contains(d) { n &*= shape[d] }; d += 1 }
    return n
  }
}
