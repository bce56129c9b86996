// Along a dimension, one element after the other: running sums, products, log-sums, and the linear recurrence that is their
// gradient. Sums run in float64 (whole numbers in int64) from one end to the other, whatever the threads do.
import CShim
import KernelAPI

// MARK: The loop

/// What is carried from element to element.
private protocol Step {
  associatedtype Wide
  static var start: Wide { get }
  /// The next value from the one before, element x and coefficient a (x itself where there is none).
  static func next(_ y: Wide, _ x: Wide, _ a: Wide) -> Wide
}
private enum Sums: Step {
  static var start: Double { 0 }
  @inline(__always) static func next(_ y: Double, _ x: Double, _ a: Double) -> Double { y + x }
}
private enum Products: Step {
  static var start: Double { 1 }
  @inline(__always) static func next(_ y: Double, _ x: Double, _ a: Double) -> Double { y * x }
}
/// ln(eʸ + eˣ)
private enum LogSums: Step {
  static var start: Double { -.infinity }
  @inline(__always) static func next(_ y: Double, _ x: Double, _ a: Double) -> Double {
    if y != y || x != x { return y + x }
    let high = y > x ? y : x, low = y > x ? x : y
    return low == -.infinity || high == .infinity ? high : high + shim_log1p(shim_exp(low - high))
  }
}
private enum Recurrences: Step {
  static var start: Double { 0 }
  @inline(__always) static func next(_ y: Double, _ x: Double, _ a: Double) -> Double { a * y + x }
}
private enum WholeSums: Step {
  static var start: Int64 { 0 }
  @inline(__always) static func next(_ y: Int64, _ x: Int64, _ a: Int64) -> Int64 { y &+ x }
}
private enum WholeProducts: Step {
  static var start: Int64 { 1 }
  @inline(__always) static func next(_ y: Int64, _ x: Int64, _ a: Int64) -> Int64 { y &* x }
}

private protocol Scannable {
  associatedtype Wide
  var wide: Wide { get }
  static func narrow(_ x: Wide) -> Self
}
extension Float: Scannable {
  @inline(__always) var wide: Double { Double(self) }
  @inline(__always) static func narrow(_ x: Double) -> Float { Float(x) }
}
extension Double: Scannable {
  @inline(__always) var wide: Double { self }
  @inline(__always) static func narrow(_ x: Double) -> Double { x }
}
extension Int64: Scannable {
  @inline(__always) var wide: Int64 { self }
  @inline(__always) static func narrow(_ x: Int64) -> Int64 { x }
}

enum ScanKind: Int { case sum, product, logSum, recurrence }

/// x and y are [outer, n, inner]; so is a, the coefficients, or nil. y of `last` is [outer, inner]: only where each scan ends.
private struct ScanJob {
  let kind: ScanKind, type: DType
  let x: UnsafeRawPointer, a: UnsafeRawPointer?, y: UnsafeMutableRawPointer
  let outer: Int, n: Int, inner: Int
  let reverse: Bool, last: Bool
  /// Blocks of neighbouring columns to one row of blocks, and to a piece of work.
  let blocks: Int, perChunk: Int
}
private let columnsPerBlock = 32

@inline(__always) private func scanBlock<T: Scannable, S: Step>(_: T.Type, _: S.Type, _ j: ScanJob, _ block: Int) where T.Wide == S.Wide {
  let o = block / j.blocks, first = block % j.blocks &* columnsPerBlock
  let columns = j.inner - first < columnsPerBlock ? j.inner - first : columnsPerBlock
  let base = o &* j.n &* j.inner &+ first, step = j.reverse ? -j.inner : j.inner
  var x = j.x.assumingMemoryBound(to: T.self) + base, y = j.y.assumingMemoryBound(to: T.self) + base
  if j.reverse { x += (j.n &- 1) &* j.inner; y += (j.n &- 1) &* j.inner }
  // From the end, the coefficient that leads from i + 1 to i stands at i + 1.
  var a = j.a.map { $0.assumingMemoryBound(to: T.self) + (j.reverse ? base &+ j.n &* j.inner : base) }
  let end = j.y.assumingMemoryBound(to: T.self) + (o &* j.inner &+ first)
  if columns == 1 && j.inner == 1 {
    var v = S.start, k = 0
    while k < j.n {
      if let a { v = k == 0 ? x.pointee.wide : S.next(v, x.pointee.wide, a.pointee.wide) } else { v = S.next(v, x.pointee.wide, v) }
      if !j.last { y.pointee = T.narrow(v) }
      x += step
      y += step
      a = a.map { $0 + step }
      k &+= 1
    }
    if j.last { end.pointee = T.narrow(v) }
    return
  }
  withUnsafeTemporaryAllocation(of: S.Wide.self, capacity: columnsPerBlock) { buffer in
    let carried = buffer.baseAddress.unsafelyUnwrapped
    var c = 0, k = 0
    while c < columns { carried[c] = S.start; c &+= 1 }
    while k < j.n {
      c = 0
      if let a, k > 0 {
        while c < columns { carried[c] = S.next(carried[c], x[c].wide, a[c].wide); c &+= 1 }
      } else if j.a != nil {
        while c < columns { carried[c] = x[c].wide; c &+= 1 }
      } else {
        while c < columns { carried[c] = S.next(carried[c], x[c].wide, carried[c]); c &+= 1 }
      }
      c = 0
      if !j.last { while c < columns { y[c] = T.narrow(carried[c]); c &+= 1 } }
      x += step
      y += step
      a = a.map { $0 + step }
      k &+= 1
    }
    c = 0
    if j.last { while c < columns { end[c] = T.narrow(carried[c]); c &+= 1 } }
  }
}

private func scanBlock(_ j: ScanJob, _ block: Int) {
  switch (j.type, j.kind) {
  case (.float32, .sum): scanBlock(Float.self, Sums.self, j, block)
  case (.float32, .product): scanBlock(Float.self, Products.self, j, block)
  case (.float32, .logSum): scanBlock(Float.self, LogSums.self, j, block)
  case (.float32, .recurrence): scanBlock(Float.self, Recurrences.self, j, block)
  case (.float64, .sum): scanBlock(Double.self, Sums.self, j, block)
  case (.float64, .product): scanBlock(Double.self, Products.self, j, block)
  case (.float64, .logSum): scanBlock(Double.self, LogSums.self, j, block)
  case (.float64, .recurrence): scanBlock(Double.self, Recurrences.self, j, block)
  case (_, .product): scanBlock(Int64.self, WholeProducts.self, j, block)
  default: scanBlock(Int64.self, WholeSums.self, j, block)
  }
}

extension Engine {
  /// The scan of x along d, or with `last` what it arrives at, in x's shape without d. Types: float32, float64, and int64 for sums and products.
  func scan(
    _ kind: ScanKind, _ x: UInt32, coefficients a: UInt32? = nil, _ d: Int, reverse: Bool = false, last: Bool = false, for operation: StaticString
  ) throws(Failure) -> UInt32 {
    let type = slot(x).pointee.dtype, shape = slot(x).pointee.shape
    guard type.isDifferentiable || type == .int64 && (kind == .sum || kind == .product) else { throw .dtype("\(operation): not defined for \(type)") }
    let dense = try contiguous(x, for: operation)
    defer { drop(dense, value: true) }
    let by = try contiguous(a ?? x, for: operation)
    defer { drop(by, value: true) }
    let out = try make(type, last ? shape.removing(at: d) : shape, for: operation)
    let n = shape[d], inner = shape.contiguousStrides[d]
    if slot(out).pointee.shape.product == 0 { return out }
    let outer = shape.replacing(d, with: 1).product / inner, blocks = (inner + columnsPerBlock - 1) / columnsPerBlock
    let work = n &* (inner < columnsPerBlock ? inner : columnsPerBlock) + 1
    var job = ScanJob(
      kind: kind, type: type, x: data(dense), a: a == nil ? nil : UnsafeRawPointer(data(by)), y: data(out), outer: outer, n: n, inner: inner,
      reverse: reverse, last: last, blocks: blocks, perChunk: work < elementsPerChunk ? elementsPerChunk / work : 1)
    parallel(chunks: (outer * blocks + job.perChunk - 1) / job.perChunk, threads: threads, &job) { context, chunk, _ in
      let j = context.assumingMemoryBound(to: ScanJob.self).pointee
      var block = chunk &* j.perChunk
      let all = j.outer &* j.blocks, end = all - block < j.perChunk ? all : block &+ j.perChunk
      while block < end { scanBlock(j, block); block &+= 1 }
    }
    return out
  }
}

// MARK: The rules. a: the dimension.

/// yᵢ = Σ k≤i xₖ;  dx = the same from the end      (b: 1 from the end)
enum Cumsum: Rule {
  static var name: StaticString { "cumsum" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    try c.engine.scan(.sum, c.input(0), c.attributes.a, reverse: c.attributes.b == 1, for: name)
  }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    try n.give(0, g.apply(.cumsum, Attributes(a: n.attributes.a, b: 1 - n.attributes.b)))
  }
}

/// yᵢ = Π k≤i xₖ;  dxᵢ = yᵢ₋₁·rᵢ, rᵢ = gᵢ + xᵢ₊₁·rᵢ₊₁: exact where some x are 0
enum Cumprod: Rule {
  static var name: StaticString { "cumprod" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 { try c.engine.scan(.product, c.input(0), c.attributes.a, for: name) }
  static func saves(_ wants: UInt8) -> UInt8 { 1 | savesOutput }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let d = n.attributes.a
    try n.give(0, n.output.shifted(d, forward: true, filledWith: 1) * g.recurrence(d, n[0], reverse: true))
  }
}

/// y = Π x;  dxᵢ = g · Π k<i xₖ · Π k>i xₖ, both from scans: exact where some x are 0
enum Prod: Rule {
  static var name: StaticString { "prod" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 { try c.engine.scan(.product, c.input(0), c.attributes.a, last: true, for: name) }
  static func saves(_ wants: UInt8) -> UInt8 { 1 }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let d = n.attributes.a, x = n[0]
    let before = try x.apply(.cumprod, Attributes(a: d)).shifted(d, forward: true, filledWith: 1)
    let end = try Value.zeros(g.engine, g.dtype, x.shape).shifted(d, forward: false, filledWith: 1)
    try n.give(0, g.unsqueeze(d) * (before * end.recurrence(d, x, reverse: true)))
  }
}

/// yᵢ = ln Σ k≤i e^xₖ;  dxᵢ = e^(xᵢ−yᵢ)·rᵢ, rᵢ = gᵢ + e^(yᵢ−yᵢ₊₁)·rᵢ₊₁: no power exceeds 1
enum LogCumsumExp: Rule {
  static var name: StaticString { "logcumsumexp" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 { try c.engine.scan(.logSum, c.input(0), c.attributes.a, for: name) }
  static func saves(_ wants: UInt8) -> UInt8 { 1 | savesOutput }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let d = n.attributes.a, y = n.output, x = n[0]
    // While all so far are −∞ nothing depends on anything: the difference counts as −∞.
    let none = try y.eq(-.infinity), low = try y.number(-.infinity)
    let steps = try none.select(low, y).shifted(d, forward: true, filledWith: 0) - none.select(y.number(0), y)
    let own = try none.select(low, x - none.select(y.number(0), y))
    try n.give(0, own.exp() * g.recurrence(d, steps.exp(), reverse: true))
  }
}

/// yᵢ = bᵢ + aᵢ·yᵢ₋₁, y₋₁ = 0;  db = r, rᵢ = gᵢ + aᵢ₊₁·rᵢ₊₁, daᵢ = rᵢ·yᵢ₋₁      (inputs b, a)
/// Reversed (b: 1): yᵢ = bᵢ + aᵢ₊₁·yᵢ₊₁;  db = r, rᵢ = gᵢ + aᵢ·rᵢ₋₁, daᵢ = rᵢ₋₁·yᵢ
enum LinearRecurrence: Rule {
  static var name: StaticString { "linear_recurrence" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    try c.engine.scan(.recurrence, c.input(0), coefficients: c.input(1), c.attributes.a, reverse: c.attributes.b == 1, for: name)
  }
  static func saves(_ wants: UInt8) -> UInt8 { wants & 2 != 0 ? 2 | savesOutput : 2 }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let d = n.attributes.a, reverse = n.attributes.b == 1
    let r = try g.recurrence(d, n[1], reverse: !reverse)
    if n.wants(0) { try n.give(0, r) }
    if n.wants(1) {
      try n.give(1, reverse ? r.shifted(d, forward: true, filledWith: 0) * n.output : r * n.output.shifted(d, forward: true, filledWith: 0))
    }
  }
}

// MARK: As methods

extension Value {
  fileprivate func recurrence(_ d: Int, _ a: Value, reverse: Bool) throws(Failure) -> Value {
    var c = Call(self, a, Attributes(a: d, b: reverse ? 1 : 0))
    return try engine.apply(.linearRecurrence, &c)
  }

  /// Every element moved to the next place along d (forward) or the one before; the place left empty gets `filler`.
  func shifted(_ d: Int, forward: Bool, filledWith filler: Double) throws(Failure) -> Value {
    let n = shape[d]
    if n == 0 { return self }
    let edge = try Value.full(engine, dtype, shape.replacing(d, with: 1), filler)
    let rest = try forward ? slice(d, 0, n - 1, 1) : slice(d, 1, n, 1)
    return try forward ? edge.joined(rest, d) : rest.joined(edge, d)
  }

  /// Two tensors one after the other.
  func joined(_ other: Value, _ d: Int) throws(Failure) -> Value {
    var pair: InlineArray<2, Value> = [self, other]
    let p = withUnsafeMutablePointer(to: &pair) { UnsafeRawPointer($0).assumingMemoryBound(to: Value.self) }
    return try Value.cat(UnsafeBufferPointer(start: p, count: 2), d)
  }

  /// A scan of whole numbers is int64; a 0-dimensional tensor has one element to go along.
  private func scanned(_ operation: Operation, _ dim: Int) throws(Failure) -> Value {
    let d = try shape.dimension(dim, for: operation.rule.name)
    if dtype.category != .floating && dtype != .int64 {
      return try engine.scoped { () throws(Failure) -> Value in try to(.int64).scanned(operation, dim) }
    }
    if rank == 0 {
      return try engine.scoped { () throws(Failure) -> Value in
        try self.reshape(Dims(1)).apply(operation, Attributes(a: 0)).reshape(operation == .prod ? Dims() : shape)
      }
    }
    return try apply(operation, Attributes(a: d))
  }

  package func cumsum(_ dim: Int) throws(Failure) -> Value { try scanned(.cumsum, dim) }
  package func cumprod(_ dim: Int) throws(Failure) -> Value { try scanned(.cumprod, dim) }
  package func logcumsumexp(_ dim: Int) throws(Failure) -> Value { try scanned(.logcumsumexp, dim) }

  /// The product along `dim`, or of all elements.
  package func prod(_ dim: Int?, keep: Bool = false) throws(Failure) -> Value {
    guard let dim else {
      return try engine.scoped { () throws(Failure) -> Value in
        let y = try reshape(Dims(repeating: count, count: 1)).scanned(.prod, 0)
        return keep ? try y.reshape(Dims(repeating: 1, count: rank)) : y
      }
    }
    if !keep || rank == 0 { return try scanned(.prod, dim) }
    let d = try shape.dimension(dim, for: "prod")
    return try engine.scoped { () throws(Failure) -> Value in try scanned(.prod, dim).unsqueeze(d) }
  }
}
