// Matrix products. M rows, N columns, K the summed size, B the batch.
import CShim
import KernelAPI

private struct ProductJob {
  var f: MatrixFunction
  var path: Int, m: Int, n: Int, k: Int
  var a: UnsafeRawPointer, rsa: Int, csa: Int
  var b: UnsafeRawPointer, rsb: Int, csb: Int
  var c: UnsafeMutableRawPointer, ldc: Int
  var accumulate: Bool, size: Int
  var workspace: UnsafeMutableRawPointer?, workspaceStride: Int
  var piece: Int, cutsRows: Bool
  var batch: Nest
}

/// Multiply-adds below which one thread is quicker than two.
private let serialWork = 2_000_000

extension Engine {
  /// C (m×n, dense) = A·B for each matrix of the batch. The path is chosen from the whole shape, so however threads cut
  /// the work the bits are the same. `batch` walks C, A, B in matrices' strides.
  @inline(never) func product(
    _ type: DType, _ m: Int, _ n: Int, _ k: Int, _ a: UnsafeRawPointer, _ rsa: Int, _ csa: Int,
    _ b: UnsafeRawPointer, _ rsb: Int, _ csb: Int, _ c: UnsafeMutableRawPointer, accumulate: Bool, batch: Nest,
    for operation: StaticString
  ) throws(Failure) {
    guard let planner = kernels.matrixPlan(type.rawValue), let f = kernels.matrix(type.rawValue) else {
      throw .dtype("\(operation): not defined for \(type)")
    }
    let matrices = batch.sizes.product
    if m == 0 || n == 0 || matrices == 0 { return }
    var plan = InlineArray<4, Int>(repeating: 0)
    withUnsafeMutablePointer(to: &plan) {
      planner(m, n, k, rsa, csa, rsb, csb, UnsafeMutableRawPointer($0).assumingMemoryBound(to: Int.self))
    }
    let work = m.multipliedReportingOverflow(by: n).partialValue.multipliedReportingOverflow(by: k).partialValue
    let total = work.multipliedReportingOverflow(by: matrices)
    let workers = !total.overflow && total.partialValue < serialWork ? 1 : threads
    let stride = (plan[3] + 63) & ~63
    var workspace: UnsafeMutableRawPointer?, workspaceSize = 0
    if stride > 0 {
      workspace = state.pointee.allocator.allocate(stride * workers, size: &workspaceSize)
      if workspace == nil { throw .memory(operation, bytes: stride * workers) }
    }
    var job = ProductJob(
      f: f, path: plan[0], m: m, n: n, k: k, a: a, rsa: rsa, csa: csa, b: b, rsb: rsb, csb: csb, c: c, ldc: n,
      accumulate: accumulate, size: type.size, workspace: workspace, workspaceStride: stride, piece: 0, cutsRows: true, batch: batch)
    if matrices > 1 {
      parallel(chunks: matrices, threads: workers, &job) { context, matrix, worker in
        let j = context.assumingMemoryBound(to: ProductJob.self).pointee
        let at = (matrixOffset(j.batch, 0, matrix), matrixOffset(j.batch, 1, matrix), matrixOffset(j.batch, 2, matrix))
        j.f(
          j.path, j.m, j.n, j.k, j.a + at.1 &* j.size, j.rsa, j.csa, j.b + at.2 &* j.size, j.rsb, j.csb,
          j.c + at.0 &* j.size, j.ldc, j.accumulate, j.workspace.map { $0 + worker &* j.workspaceStride })
      }
    } else {
      let rowUnits = (m + plan[1] - 1) / plan[1], columnUnits = (n + plan[2] - 1) / plan[2]
      job.cutsRows = rowUnits >= columnUnits
      let units = job.cutsRows ? rowUnits : columnUnits
      let unitsPerPiece = (units + workers - 1) / workers
      job.piece = unitsPerPiece * (job.cutsRows ? plan[1] : plan[2])
      parallel(chunks: (units + unitsPerPiece - 1) / unitsPerPiece, threads: workers, &job) { context, chunk, worker in
        let j = context.assumingMemoryBound(to: ProductJob.self).pointee
        let first = chunk &* j.piece, whole = j.cutsRows ? j.m : j.n
        let count = whole - first < j.piece ? whole - first : j.piece
        let w = j.workspace.map { $0 + worker &* j.workspaceStride }
        if j.cutsRows {
          j.f(
            j.path, count, j.n, j.k, j.a + first &* j.rsa &* j.size, j.rsa, j.csa, j.b, j.rsb, j.csb,
            j.c + first &* j.ldc &* j.size, j.ldc, j.accumulate, w)
        } else {
          j.f(
            j.path, j.m, count, j.k, j.a, j.rsa, j.csa, j.b + first &* j.csb &* j.size, j.rsb, j.csb,
            j.c + first &* j.size, j.ldc, j.accumulate, w)
        }
      }
    }
    if let workspace { state.pointee.allocator.release(workspace, size: workspaceSize) }
  }
}

private func matrixOffset(_ batch: Nest, _ operand: Int, _ i: Int) -> Int {
  var rest = i, at = 0, d = batch.sizes.count - 1
  while d >= 0 {
    at &+= rest % batch.sizes[d] &* batch.strides[operand][d]
    rest /= batch.sizes[d]
    d -= 1
  }
  return at
}

/// y = a·b for a [.., M, K], b [.., K, N];  da = g·bᵀ, db = aᵀ·g
enum Matmul: Rule {
  static var name: StaticString { "matmul" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let e = c.engine, sa = c[0].pointee.shape, sb = c[1].pointee.shape
    let ta = c[0].pointee.strides, tb = c[1].pointee.strides
    let type = c[0].pointee.dtype
    let m = sa[sa.count - 2], k = sa.last, n = sb.last
    var batchA = sa, batchB = sb, strideA = ta, strideB = tb
    for _ in 0..<2 {
      batchA.remove(at: batchA.count - 1)
      batchB.remove(at: batchB.count - 1)
      strideA.remove(at: strideA.count - 1)
      strideB.remove(at: strideB.count - 1)
    }
    let batch = try batchA.broadcast(with: batchB, for: name)
    if batch.count > 6 { throw .shape("matmul: more than 8 dimensions") }
    var shape = batch
    shape.append(m)
    shape.append(n)
    let out = try e.make(type, shape, for: name)
    do throws(Failure) {
      if !type.isDifferentiable { return try integerProduct(c, batch, out) }
      let (rsa, csa) = (ta[ta.count - 2], ta.last), (rsb, csb) = (tb[tb.count - 2], tb.last)
      var strides = InlineArray<4, Dims>(repeating: Dims())
      strides[0] = batchStrides(batch, m &* n)
      strides[1] = batchA.strides(strideA, stretchedTo: batch)
      strides[2] = batchB.strides(strideB, stretchedTo: batch)
      if batchB.product == 1, batch == batchA, c[0].pointee.isContiguous, batch.product > 0 {
        // One right-hand side for all: the batch is just more rows.
        try e.product(
          type, batch.product &* m, n, k, e.data(c.input(0)), rsa == 0 ? k : rsa, csa, e.data(c.input(1)), rsb, csb, e.data(out),
          accumulate: false, batch: Nest(Dims(), strides, operands: 3), for: name)
      } else {
        try e.product(
          type, m, n, k, e.data(c.input(0)), rsa, csa, e.data(c.input(1)), rsb, csb, e.data(out), accumulate: false,
          batch: Nest(batch, strides, operands: 3), for: name)
      }
    } catch {
      e.drop(out, value: true)
      throw error
    }
    return out
  }

  /// Whole numbers, wrapping: exact, and rare enough to go without kernels of their own.
  private static func integerProduct(_ c: Call, _ batch: Dims, _ out: UInt32) throws(Failure) -> UInt32 {
    let e = c.engine, sa = c[0].pointee.shape, sb = c[1].pointee.shape
    let a = try e.packed(c.input(0), stretchedTo: batch.appending(sa[sa.count - 2], sa.last), for: name)
    defer { e.drop(a, value: true) }
    let b = try e.packed(c.input(1), stretchedTo: batch.appending(sb[sb.count - 2], sb.last), for: name)
    defer { e.drop(b, value: true) }
    let matrices = batch.product, m = sa[sa.count - 2], k = sa.last, n = sb.last
    switch c[0].pointee.dtype {
    case .int64: integerProduct(Int64.self, matrices, m, n, k, e.data(a), e.data(b), e.data(out))
    case .int32: integerProduct(Int32.self, matrices, m, n, k, e.data(a), e.data(b), e.data(out))
    default: integerProduct(UInt8.self, matrices, m, n, k, e.data(a), e.data(b), e.data(out))
    }
    return out
  }

  private static func integerProduct<T: FixedWidthInteger>(
    _ type: T.Type, _ matrices: Int, _ m: Int, _ n: Int, _ k: Int,
    _ a: UnsafeMutableRawPointer, _ b: UnsafeMutableRawPointer, _ c: UnsafeMutableRawPointer
  ) {
    let a = a.assumingMemoryBound(to: T.self), b = b.assumingMemoryBound(to: T.self), c = c.assumingMemoryBound(to: T.self)
    var row = 0
    while row < matrices &* m {
      let right = b + row / m &* k &* n, y = c + row &* n
      var p = 0, j = 0
      while j < n { y[j] = 0; j &+= 1 }
      while p < k {
        let factor = a[row &* k &+ p], x = right + p &* n
        j = 0
        while j < n { y[j] &+= factor &* x[j]; j &+= 1 }
        p &+= 1
      }
      row &+= 1
    }
  }

  private static func batchStrides(_ batch: Dims, _ matrix: Int) -> Dims {
    var s = batch.contiguousStrides, i = 0
    while i < s.count { s[i] = s[i] &* matrix; i += 1 }
    return s
  }

  static func saves(_ wants: UInt8) -> UInt8 { (wants & 1) << 1 | (wants & 2) >> 1 }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    if n.wants(0) {
      let b = n[1]
      try n.give(0, g.apply(.matmul, b.transpose(-2, -1)))
    }
    if n.wants(1) {
      let a = n[0]
      if a.rank > 2, n[1].rank == 2, a.count > 0 {
        let (k, columns) = (a.shape.last, g.shape.last)
        let rows = a.count / (k > 0 ? k : 1)
        try n.give(1, a.reshape(Dims(rows, k)).transpose(0, 1).apply(.matmul, g.reshape(Dims(rows, columns))))
      } else {
        try n.give(1, a.transpose(-2, -1).apply(.matmul, g))
      }
    }
  }
}

/// y = x·wᵀ + b for x [.., in], w [out, in], b [out] or none;  dx = g·w, dw = gᵀ·x, db = Σ g
enum LinearMap: Rule {
  static var name: StaticString { "linear" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let e = c.engine, type = c[0].pointee.dtype
    let x = try e.contiguous(c.input(0), for: name)
    defer { e.drop(x, value: true) }
    let k = c[1].pointee.shape[1], n = c[1].pointee.shape[0]
    let shape = c[0].pointee.shape.replacing(c[0].pointee.shape.count - 1, with: n)
    let out = try e.make(type, shape, for: name)
    let m = shape.removing(at: shape.count - 1).product
    let bias = c.input(2)
    if bias != 0, m > 0 {
      e.kernels.copy(m, n, e.data(bias), 0, e.slot(bias).pointee.strides[0], e.data(out), n, 1, type.size)
    }
    do throws(Failure) {
      try e.product(
        type, m, n, k, e.data(x), k, 1, e.data(c.input(1)), c[1].pointee.strides[1], c[1].pointee.strides[0], e.data(out),
        accumulate: bias != 0, batch: Nest(Dims(), InlineArray(repeating: Dims()), operands: 3), for: name)
    } catch {
      e.drop(out, value: true)
      throw error
    }
    return out
  }
  static func saves(_ wants: UInt8) -> UInt8 { (wants & 1) << 1 | (wants & 2) >> 1 }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    if n.wants(0) { try n.give(0, g.matmul(n[1])) }
    if n.wants(1) {
      let x = n[0], inner = x.shape.last, outer = g.shape.last
      let rows = x.shape.removing(at: x.rank - 1).product
      try n.give(1, g.reshape(Dims(rows, outer)).transpose(0, 1).apply(.matmul, x.reshape(Dims(rows, inner))))
    }
    if n.inputCount > 2, n.wants(2) { try n.give(2, g) }
  }
}

extension Value {
  private func checkFactors(_ b: Value, _ name: StaticString) throws(Failure) {
    try engine.check(self, b, for: name)
    if dtype != b.dtype { throw .dtype("\(name): operands are \(dtype) and \(b.dtype); bring them to one type") }
    if dtype == .bool || dtype == .float16 || dtype == .bfloat16 { throw .dtype("\(name): not defined for \(dtype)") }
  }

  /// One- and two-dimensional operands and batches, as PyTorch's `matmul`.
  package func matmul(_ b: Value) throws(Failure) -> Value {
    try checkFactors(b, "matmul")
    if rank == 0 || b.rank == 0 { throw .shape("matmul: operands must have a dimension: \(shape) · \(b.shape)") }
    if shape.last != b.shape[b.rank == 1 ? 0 : b.rank - 2] {
      throw .shape("matmul: inner sizes differ: \(shape) · \(b.shape)")
    }
    if rank > 1, b.rank > 1 {
      // x [.., K] · w [K, N] with w 2-D: g·wᵀ needs one product for the whole batch as well.
      return try apply(.matmul, b)
    }
    return try engine.scoped { () throws(Failure) -> Value in
      let left = rank == 1 ? try unsqueeze(0) : self
      let right = b.rank == 1 ? try b.unsqueeze(1) : b
      var y = try left.apply(.matmul, right)
      if b.rank == 1 { y = try y.squeeze(-1) }
      if rank == 1 { y = try y.squeeze(b.rank == 1 ? -1 : -2) }
      return y
    }
  }

  package func linear(_ w: Value, _ b: Value?) throws(Failure) -> Value {
    try checkFactors(w, "linear")
    if w.rank == 1 {  // one output without a dimension of its own
      return try engine.scoped { () throws(Failure) -> Value in
        let y = try matmul(w)
        return try b.map { (b: Value) throws(Failure) -> Value in try y + b } ?? y
      }
    }
    if !dtype.isDifferentiable { throw .dtype("linear: needs float32 or float64, not \(dtype)") }
    if w.rank != 2 || rank == 0 || shape.last != w.shape[1] {
      throw .shape("linear: input \(shape) does not fit weight \(w.shape); wanted [.., in] and [out, in]")
    }
    var c = Call(self, w)
    if let b {
      try checkFactors(b, "linear")
      if b.rank != 1 || b.shape[0] != w.shape[0] {
        throw .shape("linear: bias \(b.shape) does not fit weight \(w.shape); wanted [out]")
      }
      c = Call(self, w, b)
    }
    return try engine.apply(.linear, &c)
  }
}
