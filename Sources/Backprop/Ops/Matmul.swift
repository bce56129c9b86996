// Matrix products. M rows, N columns, K the summed size, B the batch.
import CShim
import KernelAPI

/// A matrix where it lies; strides in elements.
struct Matrix {
  var at: UnsafeMutableRawPointer
  var row: Int, column: Int
  init(_ at: UnsafeMutableRawPointer, _ row: Int, _ column: Int) {
    self.at = at
    self.row = row
    self.column = column
  }
  var transposed: Matrix { Matrix(at, column, row) }
}

/// One product, or the part of it that a piece of work is: C = A·B, C += A·B, or C = A·B + bias.
private struct Product {
  var f: MatrixFunction
  var path: Int, m: Int, n: Int, k: Int
  var a: Matrix, b: Matrix
  var c: UnsafeMutableRawPointer, ldc: Int
  var accumulate: Bool, bias: UnsafeMutableRawPointer?, size: Int
  var workspace: UnsafeMutableRawPointer?, workspaceStride: Int
  // How threads share one product: `piece` rows or columns at a time.
  var piece = 0, cutsRows = true

  @inline(__always) func run(_ worker: Int) {
    f(
      path, m, n, k, a.at, a.row, a.column, b.at, b.row, b.column, c, ldc, accumulate, bias,
      workspace.map { $0 + worker &* workspaceStride })
  }
  func part(_ chunk: Int) -> Product {
    var p = self
    let first = chunk &* piece
    if cutsRows {
      p.m = m - first < piece ? m - first : piece
      p.a.at += first &* a.row &* size
      p.c += first &* ldc &* size
    } else {
      p.n = n - first < piece ? n - first : piece
      p.b.at += first &* b.column &* size
      p.c += first &* size
      if let bias { p.bias = bias + first &* size }
    }
    return p
  }
}

private struct BatchOfProducts {
  var one: Product
  var batch: Nest  // of C, A, B
}

/// Multiply-adds below which one thread is quicker than two.
private let serialWork = 2_000_000

extension Engine {
  /// C (m×n, dense or with rows `ldc` apart) = A·B + bias, or C += A·B. The path is chosen from the whole shape, so however threads cut the work the bits are the same.
  @inline(never) func product(
    _ type: DType, _ m: Int, _ n: Int, _ k: Int, _ a: Matrix, _ b: Matrix, _ c: UnsafeMutableRawPointer,
    ldc: Int? = nil, bias: UnsafeMutableRawPointer? = nil, accumulate: Bool = false, for operation: StaticString
  ) throws(Failure) {
    if m == 0 || n == 0 { return }
    var (product, rows, columns) = try plan(type, m, n, k, a, b, c, for: operation)
    if let ldc { product.ldc = ldc }
    product.accumulate = accumulate
    product.bias = bias
    let workers = multiplyAdds(m, n, k) < serialWork ? 1 : threads
    let size = try workspace(&product, workers, for: operation)
    if workers == 1 {
      product.run(0)
    } else {
      let pieces = cut(&product, rows, columns, workers)
      parallel(chunks: pieces, threads: workers, &product) { context, chunk, worker in
        context.assumingMemoryBound(to: Product.self).pointee.part(chunk).run(worker)
      }
    }
    if let w = product.workspace { state.pointee.allocator.release(w, size: size) }
  }

  /// The same for each matrix of a batch, which walks C, A and B in elements. One matrix is one piece of work.
  @inline(never) func products(
    _ type: DType, _ m: Int, _ n: Int, _ k: Int, _ a: Matrix, _ b: Matrix, _ c: UnsafeMutableRawPointer, batch: Nest,
    for operation: StaticString
  ) throws(Failure) {
    let matrices = batch.sizes.product
    if matrices == 1 { return try product(type, m, n, k, a, b, c, for: operation) }
    if m == 0 || n == 0 || matrices == 0 { return }
    var (product, _, _) = try plan(type, m, n, k, a, b, c, for: operation)
    let workers = multiplyAdds(multiplyAdds(m, n, k), matrices, 1) < serialWork ? 1 : threads
    let size = try workspace(&product, workers, for: operation)
    var job = BatchOfProducts(one: product, batch: batch)
    parallel(chunks: matrices, threads: workers, &job) { context, matrix, worker in
      let j = context.assumingMemoryBound(to: BatchOfProducts.self)
      var p = j.pointee.one
      p.c += matrixOffset(j.pointee.batch, 0, matrix) &* p.size
      p.a.at += matrixOffset(j.pointee.batch, 1, matrix) &* p.size
      p.b.at += matrixOffset(j.pointee.batch, 2, matrix) &* p.size
      p.run(worker)
    }
    if let w = product.workspace { state.pointee.allocator.release(w, size: size) }
  }

  /// What the kernels say about this shape: the product without workspace, and the multiples at which rows and columns may be cut.
  private func plan(
    _ type: DType, _ m: Int, _ n: Int, _ k: Int, _ a: Matrix, _ b: Matrix, _ c: UnsafeMutableRawPointer, for operation: StaticString
  ) throws(Failure) -> (Product, rows: Int, columns: Int) {
    guard let planner = kernels.matrixPlan(type.rawValue), let f = kernels.matrix(type.rawValue) else {
      throw .dtype("\(operation): not defined for \(type)")
    }
    var plan = InlineArray<4, Int>(repeating: 0)
    withUnsafeMutablePointer(to: &plan) {
      planner(m, n, k, a.row, a.column, b.row, b.column, UnsafeMutableRawPointer($0).assumingMemoryBound(to: Int.self))
    }
    let product = Product(
      f: f, path: plan[0], m: m, n: n, k: k, a: a, b: b, c: c, ldc: n, accumulate: false, bias: nil, size: type.size, workspace: nil,
      workspaceStride: (plan[3] + 63) & ~63)
    return (product, plan[1], plan[2])
  }

  /// Gets each worker its workspace; returns what to hand back with it.
  private func workspace(_ p: inout Product, _ workers: Int, for operation: StaticString) throws(Failure) -> Int {
    var size = 0
    if p.workspaceStride > 0 {
      p.workspace = state.pointee.allocator.allocate(p.workspaceStride * workers, size: &size)
      if p.workspace == nil { throw .memory(operation, bytes: p.workspaceStride * workers) }
    }
    return size
  }

  /// Cuts rows or columns of C into pieces for `workers`, whichever leaves the least to the slowest; returns the number of pieces. A piece of
  /// rows packs all of B again, which costs about as much as eight rows.
  private func cut(_ p: inout Product, _ rows: Int, _ columns: Int, _ workers: Int) -> Int {
    func share(_ units: Int) -> Int { (units + workers - 1) / workers }
    let rowUnits = (p.m + rows - 1) / rows, columnUnits = (p.n + columns - 1) / columns
    let byRows = share(rowUnits) &* rows &+ (p.workspaceStride > 0 ? 8 : 0), byColumns = share(columnUnits) &* columns
    p.cutsRows = byRows.multipliedReportingOverflow(by: p.n).partialValue < byColumns.multipliedReportingOverflow(by: p.m).partialValue
    let units = p.cutsRows ? rowUnits : columnUnits
    p.piece = share(units) &* (p.cutsRows ? rows : columns)
    return (units + share(units) - 1) / share(units)
  }
}

/// m·n·k, or the largest number.
private func multiplyAdds(_ m: Int, _ n: Int, _ k: Int) -> Int {
  let (mn, o) = m.multipliedReportingOverflow(by: n), (mnk, p) = mn.multipliedReportingOverflow(by: k)
  return o || p ? Int.max : mnk
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
    let e = c.engine, a = c[0], b = c[1]
    if a.pointee.shape.count != 2 || b.pointee.shape.count != 2 || !a.pointee.dtype.isDifferentiable { return try batched(c) }
    let m = a.pointee.shape[0], k = a.pointee.shape[1], n = b.pointee.shape[1]
    let out = try e.make(a.pointee.dtype, Dims(m, n), for: name)
    let left = Matrix(e.data(c.input(0)), a.pointee.strides[0], a.pointee.strides[1])
    let right = Matrix(e.data(c.input(1)), b.pointee.strides[0], b.pointee.strides[1])
    return try e.filled(out) { () throws(Failure) in try e.product(a.pointee.dtype, m, n, k, left, right, e.data(out), for: name) }
  }

  @inline(never) private static func batched(_ c: Call) throws(Failure) -> UInt32 {
    let e = c.engine, sa = c[0].pointee.shape, sb = c[1].pointee.shape
    let ta = c[0].pointee.strides, tb = c[1].pointee.strides
    let type = c[0].pointee.dtype
    let m = sa[sa.count - 2], k = sa.last, n = sb.last
    let left = Matrix(e.data(c.input(0)), ta[ta.count - 2], ta.last), right = Matrix(e.data(c.input(1)), tb[tb.count - 2], tb.last)
    var batchA = sa, batchB = sb, strideA = ta, strideB = tb
    for _ in 0..<2 {
      batchA.remove(at: batchA.count - 1)
      batchB.remove(at: batchB.count - 1)
      strideA.remove(at: strideA.count - 1)
      strideB.remove(at: strideB.count - 1)
    }
    let batch = try batchA.broadcast(with: batchB, for: name)
    if batch.count > 6 { throw .shape("matmul: more than 8 dimensions") }
    let out = try e.make(type, batch.appending(m, n), for: name)
    do throws(Failure) {
      if !type.isDifferentiable { return try integerProduct(c, batch, out) }
      if batchB.product == 1, batch == batchA, c[0].isContiguous, batch.product > 0 {
        // One right-hand side for all: the batch is just more rows.
        try e.product(type, batch.product &* m, n, k, Matrix(left.at, k, 1), right, e.data(out), for: name)
      } else {
        var strides = InlineArray<4, Dims>(repeating: Dims())
        strides[0] = batchStrides(batch, m &* n)
        strides[1] = batchA.strides(strideA, stretchedTo: batch)
        strides[2] = batchB.strides(strideB, stretchedTo: batch)
        try e.products(type, m, n, k, left, right, e.data(out), batch: Nest(batch, strides, operands: 3), for: name)
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
    let w = Matrix(e.data(c.input(1)), c[1].pointee.strides[1], c[1].pointee.strides[0])
    return try e.filled(out) { () throws(Failure) in
      let bias = c.input(2) == 0 ? 0 : try e.contiguous(c.input(2), for: name)
      defer { if bias != 0 { e.drop(bias, value: true) } }
      try e.product(type, m, n, k, Matrix(e.data(x), k, 1), w, e.data(out), bias: bias == 0 ? nil : e.data(bias), for: name)
    }
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
