// How element-wise kernels meet tensors of any strides: neighbouring dimensions are merged, the innermost one goes to
// the kernel as a row, the others are walked; large work is cut by its shape and spread over the threads.
import CShim
import KernelAPI

/// The loop nest over a result and up to three operands: sizes outermost first, and each operand's strides.
/// Operand 0 is the result.
struct Nest {
  var sizes = Dims()
  var strides = InlineArray<4, Dims>(repeating: Dims())
  let operands: Int

  /// Drops dimensions of size 1 and merges those that all operands walk as one.
  @inline(never) init(_ shape: Dims, _ operandStrides: InlineArray<4, Dims>, operands: Int) {
    self.operands = operands
    var d = 0
    while d < shape.count {
      let n = shape[d]
      if n != 1 {
        var merge = sizes.count > 0, k = 0
        while merge && k < operands {
          if strides[k].last != operandStrides[k][d] &* n { merge = false }
          k += 1
        }
        if merge {
          let last = sizes.count - 1
          sizes[last] = sizes[last] &* n
          k = 0
          while k < operands { strides[k][last] = operandStrides[k][d]; k += 1 }
        } else {
          sizes.append(n)
          k = 0
          while k < operands { strides[k].append(operandStrides[k][d]); k += 1 }
        }
      }
      d += 1
    }
    if sizes.count == 0 {
      sizes.append(1)
      var k = 0
      while k < operands { strides[k].append(1); k += 1 }
    }
  }

  var rowLength: Int { sizes.last }
  var rows: Int { @inline(never) get { var d = sizes; d[d.count - 1] = 1; return d.product } }
  func rowStride(_ operand: Int) -> Int { strides[operand].last }

  /// Where row `r` of an operand begins, in elements.
  @inline(never) func offset(_ operand: Int, row r: Int) -> Int {
    var rest = r, at = 0, d = sizes.count - 2
    while d >= 0 {
      at &+= rest % sizes[d] &* strides[operand][d]
      rest /= sizes[d]
      d -= 1
    }
    return at
  }
}

/// Elements per piece of work handed to a thread: 2 µs of the cheapest kernel (relu, 20 elements per ns in the second-level cache), 10 of tanh.
let elementsPerChunk = 32768
/// Element-wise work up to here stays on one thread. Measured, Zen 5: two threads that are awake halve the 20 µs of exp on 131,072 elements, at 65,536
/// they win 4 µs; waking one that sleeps costs 8 µs.
private let serialElements = 65536

/// A job over the rows of a nest (or, where all is one row, over pieces of it).
struct NestJob {
  var nest: Nest
  var base = InlineArray<4, UnsafeMutableRawPointer?>(repeating: nil)
  var elementSize = InlineArray<4, Int>(repeating: 0)
  var rowsPerChunk = 1
  var splitsRow = false
  var unary: UnaryFunction?
  var binary: BinaryFunction?
  var select: SelectFunction?
  var function = ElementFunction()
  var p = 0.0, q = 0.0

  /// Calls the kernel on `count` elements, from element `start` on, of each of the rows `first` ..< `end`. Where rows follow one another in
  /// the dimension next to the innermost, pointers move along; only where that ends are they looked up.
  @inline(never) func run(rows first: Int, to end: Int, from start: Int, count n: Int) {
    let last = nest.sizes.count - 1, inner = last > 0 ? nest.sizes[last - 1] : 1
    @inline(__always) func at(_ k: Int, _ r: Int) -> UnsafeMutableRawPointer {
      base[k].unsafelyUnwrapped + (nest.offset(k, row: r) &+ start &* nest.rowStride(k)) &* elementSize[k]
    }
    @inline(__always) func step(_ k: Int) -> Int { last > 0 ? nest.strides[k][last - 1] &* elementSize[k] : 0 }
    let three = nest.operands > 2, four = nest.operands > 3
    let s0 = step(0), s1 = step(1), s2 = three ? step(2) : 0, s3 = four ? step(3) : 0
    let aStride = nest.rowStride(1), bStride = three ? nest.rowStride(2) : 0, cStride = four ? nest.rowStride(3) : 0
    var r = first
    while r < end {
      var y = at(0, r), a = at(1, r), b = three ? at(2, r) : a, c = four ? at(3, r) : a
      let whole = r &- r % inner &+ inner, stop = whole < end ? whole : end
      while r < stop {
        if let binary { binary(n, a, aStride, b, bStride, y) }
        else if let unary { unary(n, a, y, p, q) }
        else if let select { select(n, a, aStride, b, bStride, c, cStride, y) }
        else if three { function.run(n, a, aStride, b, bStride, y) }
        else { function.run(n, a, y) }
        y += s0
        a += s1
        b += s2
        c += s3
        r += 1
      }
    }
  }

  @inline(never) mutating func run(threads: Int) {
    let n = nest.rowLength, rows = nest.rows
    if n == 0 || rows == 0 { return }
    if rows &* n <= serialElements || threads <= 1 {
      return run(rows: 0, to: rows, from: 0, count: n)
    }
    splitsRow = rows == 1
    rowsPerChunk = splitsRow ? 1 : (elementsPerChunk + n - 1) / n
    let chunks = splitsRow ? (n + elementsPerChunk - 1) / elementsPerChunk : (rows + rowsPerChunk - 1) / rowsPerChunk
    withUnsafeMutablePointer(to: &self) { me in
      parallel(chunks: chunks, threads: threads, UnsafeMutableRawPointer(me)) { context, chunk, _ in
        let job = context.assumingMemoryBound(to: NestJob.self)
        let n = job.pointee.nest.rowLength
        if job.pointee.splitsRow {
          let start = chunk &* elementsPerChunk
          job.pointee.run(rows: 0, to: 1, from: start, count: n - start < elementsPerChunk ? n - start : elementsPerChunk)
        } else {
          let first = chunk &* job.pointee.rowsPerChunk, end = first &+ job.pointee.rowsPerChunk, rows = job.pointee.nest.rows
          job.pointee.run(rows: first, to: end < rows ? end : rows, from: 0, count: n)
        }
      }
    }
  }
}

extension Engine {
  /// y[...] = x[...] for two layouts of one shape and element size.
  @inline(never) func copy(
    _ shape: Dims, from x: UnsafeRawPointer, _ xStrides: Dims, to y: UnsafeMutableRawPointer, _ yStrides: Dims, size: Int
  ) {
    if shape.product == 0 { return }
    var all = InlineArray<4, Dims>(repeating: Dims())
    all[0] = yStrides
    all[1] = xStrides
    var nest = Nest(shape, all, operands: 2)
    if nest.sizes.count == 1 {
      nest.sizes.insert(1, at: 0)
      nest.strides[0].insert(0, at: 0)
      nest.strides[1].insert(0, at: 0)
    }
    // Two innermost dimensions go to the kernel as a block.
    let last = nest.sizes.count - 1
    let blockRows = nest.sizes[last - 1], columns = nest.sizes[last]
    var outer = nest
    outer.sizes.remove(at: last)
    outer.strides[0].remove(at: last)
    outer.strides[1].remove(at: last)
    let blocks = outer.rows
    var r = 0
    while r < blocks {
      kernels.copy(
        blockRows, columns, x + outer.offset(1, row: r) &* size, nest.strides[1][last - 1], nest.strides[1][last],
        y + outer.offset(0, row: r) &* size, nest.strides[0][last - 1], nest.strides[0][last], size)
      r += 1
    }
  }

  /// A fresh slot with x's elements (in `shape`, to which x is stretched) row-major without gaps.
  @inline(never) func packed(_ x: UInt32, stretchedTo shape: Dims? = nil, for operation: StaticString) throws(Failure) -> UInt32 {
    let s = slot(x)
    let target = shape ?? s.pointee.shape
    let out = try make(s.pointee.dtype, target, for: operation)
    copy(
      target, from: data(x), s.pointee.shape.strides(s.pointee.strides, stretchedTo: target),
      to: data(out), slot(out).pointee.strides, size: s.pointee.dtype.size)
    return out
  }

  /// x itself with one more reference if it lies without gaps, else a packed copy. `drop(_, value: true)` ends its use.
  @inline(never) func contiguous(_ x: UInt32, for operation: StaticString) throws(Failure) -> UInt32 {
    if slot(x).isContiguous { hold(x); return x }
    return try packed(x, for: operation)
  }

  /// y = f(x), one kernel.
  func runUnary(
    _ kernel: UnaryKernel, _ x: UInt32, to dtype: DType? = nil, p: Double = 0, q: Double = 0, for operation: StaticString
  ) throws(Failure) -> UInt32 {
    let s = slot(x)
    guard let f = kernels.unary(kernel.rawValue, s.pointee.dtype.rawValue) else {
      throw .dtype("\(operation): not defined for \(s.pointee.dtype)")
    }
    if s.isContiguous {
      let out = try make(dtype ?? s.pointee.dtype, s.pointee.shape, for: operation)
      let n = s.pointee.shape.product
      if n <= elementsPerChunk {
        f(n, data(x), data(out), p, q)
        return out
      }
      runUnary(f, data(x), data(out), n, p, q, s.pointee.dtype.size, slot(out).pointee.dtype.size)
      return out
    }
    if isWalking, s.isUniform {
      let one = try make(dtype ?? s.pointee.dtype, Dims(), for: operation)
      f(1, data(x), data(one), p, q)
      return try stretch(one, to: s.pointee.shape, operation)
    }
    let dense = try packed(x, for: operation)
    defer { drop(dense, value: true) }
    let out = try make(dtype ?? s.pointee.dtype, s.pointee.shape, for: operation)
    runUnary(f, data(dense), data(out), s.pointee.shape.product, p, q, s.pointee.dtype.size, slot(out).pointee.dtype.size)
    return out
  }

  /// A gradient that is everywhere the same number stays one number. Only gradients: a user's tensor has memory of its own.
  private var isWalking: Bool { state.pointee.walkDepth > 0 && !isRecording }

  /// `one`, of no dimensions, seen in every place of `shape`; takes `one` over.
  private func stretch(_ one: UInt32, to shape: Dims, _ operation: StaticString) throws(Failure) -> UInt32 {
    defer { drop(one, value: true) }
    return try makeView(of: one, shape, Dims(repeating: 0, count: shape.count), 0, for: operation)
  }

  @inline(never) private func runUnary(
    _ f: @escaping UnaryFunction, _ x: UnsafeMutableRawPointer, _ y: UnsafeMutableRawPointer, _ n: Int, _ p: Double, _ q: Double,
    _ xSize: Int, _ ySize: Int
  ) {
    var strides = InlineArray<4, Dims>(repeating: Dims())
    strides[0].append(1)
    strides[1].append(1)
    var job = NestJob(nest: Nest(Dims(repeating: n, count: 1), strides, operands: 2))
    job.unary = f
    job.p = p
    job.q = q
    job.base[0] = y
    job.base[1] = x
    job.elementSize[0] = ySize
    job.elementSize[1] = xSize
    job.run(threads: threads)
  }

  /// y = f(a, b) with both stretched to their common shape; operands have one type.
  func runBinary(_ kernel: BinaryKernel, _ a: UInt32, _ b: UInt32, to dtype: DType? = nil, for operation: StaticString) throws(Failure) -> UInt32 {
    let sa = slot(a), sb = slot(b)
    let type = sa.pointee.dtype
    guard let f = kernels.binary(kernel.rawValue, type.rawValue) else {
      throw .dtype("\(operation): not defined for \(type)")
    }
    if sa.pointee.shape == sb.pointee.shape, sa.isContiguous, sb.isContiguous {
      let n = sa.pointee.shape.product
      let out = try make(dtype ?? type, sa.pointee.shape, for: operation)
      if n <= elementsPerChunk {
        f(n, data(a), 1, data(b), 1, data(out))
        return out
      }
      return try runNest(f, a, b, out, operation)
    }
    // One number beside a tensor.
    if sb.pointee.shape.product == 1, sb.pointee.shape.count <= sa.pointee.shape.count, sa.isContiguous {
      let n = sa.pointee.shape.product
      if n <= elementsPerChunk {
        let out = try make(dtype ?? type, sa.pointee.shape, for: operation)
        f(n, data(a), 1, data(b), 0, data(out))
        return out
      }
    }
    return try runStretched(f, a, b, to: dtype ?? type, operation)
  }

  @inline(never) private func runStretched(
    _ f: @escaping BinaryFunction, _ a: UInt32, _ b: UInt32, to type: DType, _ operation: StaticString
  ) throws(Failure) -> UInt32 {
    let sa = slot(a), sb = slot(b)
    let shape = try sa.pointee.shape.broadcast(with: sb.pointee.shape, for: operation)
    if isWalking, sa.isUniform || sa.pointee.shape.product == 1, sb.isUniform || sb.pointee.shape.product == 1, shape.product > 1 {
      let one = try make(type, Dims(), for: operation)
      f(1, data(a), 1, data(b), 1, data(one))
      return try stretch(one, to: shape, operation)
    }
    return try runNest(f, a, b, make(type, shape, for: operation), operation)
  }

  @inline(never) private func runNest(_ f: @escaping BinaryFunction, _ a: UInt32, _ b: UInt32, _ out: UInt32, _ operation: StaticString) throws(Failure) -> UInt32 {
    var job = NestJob(nest: Nest(Dims(), InlineArray(repeating: Dims()), operands: 0))
    job.binary = f
    do throws(Failure) { try runNest(&job, out, [a, b, 0], 2, operation) } catch {
      drop(out, value: true)
      throw error
    }
    return out
  }

  /// y = condition ? a : b, all stretched to the shape of `out`.
  func runSelect(_ condition: UInt32, _ a: UInt32, _ b: UInt32, into out: UInt32, for operation: StaticString) throws(Failure) {
    guard let f = kernels.select(slot(a).pointee.dtype.size) else { throw .dtype("\(operation): not defined for \(slot(a).pointee.dtype)") }
    let n = slot(out).pointee.shape.product
    if n > 0, n <= elementsPerChunk, let c = rowStride(condition, over: out), let x = rowStride(a, over: out), let y = rowStride(b, over: out) {
      return f(n, data(condition), c, data(a), x, data(b), y, data(out))
    }
    var job = NestJob(nest: Nest(Dims(), InlineArray(repeating: Dims()), operands: 0))
    job.select = f
    try runNest(&job, out, [condition, a, b], 3, operation)
  }

  /// 1 for an operand that lies like `out`, 0 for one number, nil for any other.
  private func rowStride(_ operand: UInt32, over out: UInt32) -> Int? {
    let s = slot(operand)
    if s.pointee.shape == slot(out).pointee.shape, s.isContiguous { return 1 }
    return s.pointee.shape.product == 1 ? 0 : nil
  }

  /// Runs the job's kernel over `out` and its operands. A kernel takes rows of stride 0 or 1; an operand with another
  /// innermost stride is packed first.
  func runNest(
    _ job: inout NestJob, _ out: UInt32, _ operands: InlineArray<3, UInt32>, _ count: Int, _ operation: StaticString
  ) throws(Failure) {
    let shape = slot(out).pointee.shape
    var used = operands, k = 0
    while k < count { hold(used[k]); k += 1 }
    defer {
      var k = 0
      while k < count { drop(used[k], value: true); k += 1 }
    }
    while true {
      var strides = InlineArray<4, Dims>(repeating: Dims())
      strides[0] = slot(out).pointee.strides
      k = 0
      while k < count {
        let s = slot(used[k])
        strides[k + 1] = s.pointee.shape.strides(s.pointee.strides, stretchedTo: shape)
        k += 1
      }
      job.nest = Nest(shape, strides, operands: count + 1)
      var odd = -1
      k = 0
      while k < count {
        let step = job.nest.rowStride(k + 1)
        if step != 0 && step != 1 { odd = k }
        k += 1
      }
      if odd < 0 { break }
      let dense = try packed(used[odd], stretchedTo: shape, for: operation)
      drop(used[odd], value: true)
      used[odd] = dense
    }
    job.base[0] = data(out)
    job.elementSize[0] = slot(out).pointee.dtype.size
    k = 0
    while k < count {
      job.base[k + 1] = data(used[k])
      job.elementSize[k + 1] = slot(used[k]).pointee.dtype.size
      k += 1
    }
    job.run(threads: threads)
  }

  /// y = f(y), y contiguous.
  func runInPlace(_ kernel: UnaryKernel, _ y: UInt32, p: Double = 0, q: Double = 0) {
    let type = slot(y).pointee.dtype
    guard let f = kernels.unary(kernel.rawValue, type.rawValue) else { return }
    runUnary(f, data(y), data(y), slot(y).pointee.shape.product, p, q, type.size, type.size)
  }

  /// y = f(y, x) for one type, y contiguous, x of a shape that stretches to y's. Cannot fail: needs no memory but the stack's.
  @inline(never) func runInPlace(_ kernel: BinaryKernel, _ y: UInt32, _ x: UInt32) {
    guard let f = kernels.binary(kernel.rawValue, slot(y).pointee.dtype.rawValue) else { return }
    let n = slot(y).pointee.shape.product
    if n <= elementsPerChunk, slot(x).isContiguous, slot(x).pointee.shape == slot(y).pointee.shape {
      return f(n, data(y), 1, data(x), 1, data(y))
    }
    var strides = InlineArray<4, Dims>(repeating: Dims())
    strides[0] = slot(y).pointee.strides
    strides[1] = slot(y).pointee.strides
    strides[2] = slot(x).pointee.shape.strides(slot(x).pointee.strides, stretchedTo: slot(y).pointee.shape)
    let nest = Nest(slot(y).pointee.shape, strides, operands: 3)
    var job = NestJob(nest: nest)
    job.binary = f
    job.base[0] = data(y)
    job.base[1] = data(y)
    job.base[2] = data(x)
    let size = slot(y).pointee.dtype.size
    job.elementSize[0] = size
    job.elementSize[1] = size
    job.elementSize[2] = size
    if nest.rowStride(2) == 0 || nest.rowStride(2) == 1 { return job.run(threads: threads) }
    // An odd innermost stride: some elements at a time are brought together.
    // Not withUnsafeTemporaryAllocation, which takes such alignment from malloc and does not see that fail.
    var room = InlineArray<512, Double>(repeating: 0)
    withUnsafeMutablePointer(to: &room) { room in
      let some = UnsafeMutableRawPointer(room), most = 4096 / size
      var r = 0
      while r < nest.rows {
        let from = data(x) + nest.offset(2, row: r) &* size, to = data(y) + nest.offset(0, row: r) &* size
        var i = 0
        while i < nest.rowLength {
          let n = nest.rowLength - i < most ? nest.rowLength - i : most
          kernels.copy(1, n, from + i &* nest.rowStride(2) &* size, 0, nest.rowStride(2), some, 0, 1, size)
          f(n, to + i &* size, 1, some, 1, to + i &* size)
          i += n
        }
        r += 1
      }
    }
  }
}
