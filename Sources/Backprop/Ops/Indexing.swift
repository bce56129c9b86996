// Elements picked and placed by index tensors (int64 or int32). Indices are checked before anything is written.
import CShim
import KernelAPI

extension Engine {
  /// The indices as dense int64, all within 0 … size − 1; negative ones are refused, as in PyTorch. `drop` ends its use.
  func indices(_ x: UInt32, below size: Int, for operation: StaticString) throws(Failure) -> UInt32 {
    let type = slot(x).pointee.dtype
    if type != .int64 && type != .int32 { throw .dtype("\(operation): indices must be int64 or int32, they are \(type)") }
    var dense = try contiguous(x, for: operation)
    if type == .int32 {
      let narrow = dense
      defer { drop(narrow, value: true) }
      dense = try make(.int64, slot(x).pointee.shape, for: operation)
      kernels.cast(DType.int32.rawValue, DType.int64.rawValue)?(slot(x).pointee.shape.product, data(narrow), data(dense))
    }
    let p = data(dense).assumingMemoryBound(to: Int64.self), n = slot(dense).pointee.shape.product
    var i = 0
    while i < n {
      if p[i] < 0 || p[i] >= Int64(size) {
        let bad = Int(p[i])
        drop(dense, value: true)
        throw .index("\(operation): index \(bad) is out of range for size \(size)")
      }
      i += 1
    }
    return dense
  }

  /// y[at[i]] += x[i] for i in 0..<n, in order.
  func addAt(_ type: DType, _ y: UnsafeMutableRawPointer, _ x: UnsafeRawPointer, y0: Int, x0: Int) {
    switch type {
    case .float32: y.assumingMemoryBound(to: Float.self)[y0] += x.assumingMemoryBound(to: Float.self)[x0]
    case .float64: y.assumingMemoryBound(to: Double.self)[y0] += x.assumingMemoryBound(to: Double.self)[x0]
    case .int64: y.assumingMemoryBound(to: Int64.self)[y0] &+= x.assumingMemoryBound(to: Int64.self)[x0]
    case .int32: y.assumingMemoryBound(to: Int32.self)[y0] &+= x.assumingMemoryBound(to: Int32.self)[x0]
    default: y.assumingMemoryBound(to: UInt8.self)[y0] &+= x.assumingMemoryBound(to: UInt8.self)[x0]
    }
  }

  /// Calls `body(place, i)` for each element i of a dense tensor of `shape`, where place is that element's position in a dense
  /// tensor of shape `target` with coordinate `dim` replaced by index[i].
  @inline(__always) func forEachPlace(
    _ shape: Dims, in target: Dims, _ dim: Int, _ index: UnsafePointer<Int64>, _ body: (Int, Int) -> Void
  ) {
    let strides = target.contiguousStrides, n = shape.product
    var at = Dims(repeating: 0, count: shape.count), base = 0, i = 0
    while i < n {
      body(base &+ Int(index[i]) &* strides[dim], i)
      i += 1
      var d = shape.count - 1
      while d >= 0 {  // the next coordinates; base leaves out dim
        at[d] += 1
        if d != dim { base &+= strides[d] }
        if at[d] < shape[d] { break }
        if d != dim { base &-= shape[d] &* strides[d] }
        at[d] = 0
        d -= 1
      }
    }
  }
}

/// y[i][j] = x[index[i][j]][j];  dx = scatter_add of g      (inputs x, index; a: dim)
enum Gather: Rule {
  static var name: StaticString { "gather" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let e = c.engine, d = c.attributes.a, target = c[0].pointee.shape, shape = c[1].pointee.shape
    let index = try e.indices(c.input(1), below: target[d], for: name)
    defer { e.drop(index, value: true) }
    let x = try e.contiguous(c.input(0), for: name)
    defer { e.drop(x, value: true) }
    let out = try e.make(c[0].pointee.dtype, shape, for: name)
    let p = e.data(index).assumingMemoryBound(to: Int64.self), from = e.data(x), to = e.data(out)
    switch c[0].pointee.dtype.size {
    case 8: pick(UInt64.self, e, shape, target, d, p, from, to)
    case 4: pick(UInt32.self, e, shape, target, d, p, from, to)
    case 2: pick(UInt16.self, e, shape, target, d, p, from, to)
    default: pick(UInt8.self, e, shape, target, d, p, from, to)
    }
    return out
  }
  @inline(__always) private static func pick<T>(
    _ type: T.Type, _ e: Engine, _ shape: Dims, _ target: Dims, _ d: Int, _ index: UnsafePointer<Int64>,
    _ from: UnsafeMutableRawPointer, _ to: UnsafeMutableRawPointer
  ) {
    let x = from.assumingMemoryBound(to: T.self), y = to.assumingMemoryBound(to: T.self)
    e.forEachPlace(shape, in: target, d, index) { place, i in y[i] = x[place] }
  }
  static func saves(_ wants: UInt8) -> UInt8 { 2 }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    try n.give(0, Value.zeros(g.engine, g.dtype, n[0].shape).scatterAdd(n.attributes.a, n[1], g))
  }
}

/// y = x, y[index[i][j]][j] += src[i][j];  dx = g, dsrc = gather of g      (inputs x, index, src; a: dim)
enum ScatterAdd: Rule {
  static var name: StaticString { "scatter_add" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let e = c.engine, d = c.attributes.a, target = c[0].pointee.shape, shape = c[1].pointee.shape
    let index = try e.indices(c.input(1), below: target[d], for: name)
    defer { e.drop(index, value: true) }
    // src may be larger than index: only its leading corner counts.
    let src = try e.make(c[2].pointee.dtype, shape, for: name)
    defer { e.drop(src, value: true) }
    e.copy(shape, from: e.data(c.input(2)), c[2].pointee.strides, to: e.data(src), shape.contiguousStrides, size: c[2].pointee.dtype.size)
    let out = try e.packed(c.input(0), for: name)
    let x = e.data(src), y = e.data(out), type = c[0].pointee.dtype
    e.forEachPlace(shape, in: target, d, e.data(index).assumingMemoryBound(to: Int64.self)) { place, i in
      e.addAt(type, y, x, y0: place, x0: i)
    }
    return out
  }
  static func saves(_ wants: UInt8) -> UInt8 { wants & 4 != 0 ? 2 : 0 }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    if n.wants(0) { try n.give(0, g) }
    if n.wants(2) {
      let d = n.attributes.a, index = n[1], shape = n[2].shape
      var y = try g.gather(d, index)
      var k = 0
      while k < shape.count {  // src's part beyond index took no part
        if shape[k] > y.shape[k] {
          let rest = try Value.zeros(g.engine, g.dtype, y.shape.replacing(k, with: shape[k] - y.shape[k]))
          y = try y.joined(rest, k)
        }
        k += 1
      }
      try n.give(2, y)
    }
  }
}

/// y = the slices of x at index along a dimension;  dx = index_add of g      (inputs x, index; a: dim, b: 1 as part of embedding)
enum IndexSelect: Rule {
  static var name: StaticString { "index_select" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let e = c.engine, d = c.attributes.a, shape = c[0].pointee.shape
    let index = try e.indices(c.input(1), below: shape[d], for: c.attributes.b == 1 ? "embedding" : name)
    defer { e.drop(index, value: true) }
    let x = try e.contiguous(c.input(0), for: name)
    defer { e.drop(x, value: true) }
    let k = e.slot(index).pointee.shape.product
    let out = try e.make(c[0].pointee.dtype, shape.replacing(d, with: k), for: name)
    let inner = shape.contiguousStrides[d] &* c[0].pointee.dtype.size
    if e.slot(out).pointee.shape.product == 0 { return out }
    let outer = shape.product / (shape[d] &* shape.contiguousStrides[d])
    var job = RowsJob(
      add: nil, outer: outer, k: k, size: shape[d], inner: inner, perPiece: 32768 / (inner < 32768 ? inner : 32768) &+ 1,
      element: 1, index: e.data(index).assumingMemoryBound(to: Int64.self), x: e.data(x), y: e.data(out))
    parallel(chunks: (k + job.perPiece - 1) / job.perPiece, threads: e.threads, &job) { context, chunk, _ in
      copyRows(context.assumingMemoryBound(to: RowsJob.self).pointee, chunk)
    }
    return out
  }
  static func saves(_ wants: UInt8) -> UInt8 { 2 }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let e = g.engine, zeros = try Value.zeros(e, g.dtype, n[0].shape)
    if e.isRecording { return try n.give(0, zeros.indexAdd(n.attributes.a, n[1], g)) }
    try IndexAdd.add(e, zeros.index, n.attributes.a, n[1].index, g.index)
    try n.give(0, zeros)
  }
}

/// Rows of `inner` bytes picked from x [outer, size, inner] or added up in y of that shape.
private struct RowsJob {
  let add: BinaryFunction?
  let outer: Int, k: Int, size: Int, inner: Int, perPiece: Int, element: Int
  let index: UnsafePointer<Int64>
  let x: UnsafeMutableRawPointer, y: UnsafeMutableRawPointer
}

/// y[o, i] = x[o, index[i]] for one piece of the indices.
private func copyRows(_ j: RowsJob, _ piece: Int) {
  let first = piece &* j.perPiece, end = first &+ j.perPiece < j.k ? first &+ j.perPiece : j.k
  var o = 0
  while o < j.outer {
    let from = j.x + o &* j.size &* j.inner, to = j.y + o &* j.k &* j.inner
    var i = first
    if j.inner == 4 {  // single elements: a call of memcpy would cost more than the copy
      let x = from.assumingMemoryBound(to: UInt32.self), y = to.assumingMemoryBound(to: UInt32.self)
      while i < end { y[i] = x[Int(j.index[i])]; i += 1 }
    } else if j.inner == 8 {
      let x = from.assumingMemoryBound(to: UInt64.self), y = to.assumingMemoryBound(to: UInt64.self)
      while i < end { y[i] = x[Int(j.index[i])]; i += 1 }
    }
    while i < end { memcpy(to + i &* j.inner, from + Int(j.index[i]) &* j.inner, j.inner); i += 1 }
    o += 1
  }
}

/// y[o, index[i]] += x[o, i] for one piece of the rows' elements, in the order of i.
private func addRows(_ j: RowsJob, _ piece: Int) {
  guard let add = j.add else { return }
  let start = piece &* j.perPiece, whole = j.inner / j.element
  let count = whole - start < j.perPiece ? whole - start : j.perPiece, at = start &* j.element
  var o = 0
  while o < j.outer {
    let from = j.x + o &* j.k &* j.inner + at, to = j.y + o &* j.size &* j.inner + at
    var i = 0
    while i < j.k {
      let row = to + Int(j.index[i]) &* j.inner
      add(count, row, 1, from + i &* j.inner, 1, row)
      i += 1
    }
    o += 1
  }
}

/// y = x, slices of src added at index along a dimension;  dx = g, dsrc = index_select of g      (inputs x, index, src; a: dim)
enum IndexAdd: Rule {
  static var name: StaticString { "index_add" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let e = c.engine
    let out = try e.packed(c.input(0), for: name)
    return try e.filled(out) { () throws(Failure) in try add(e, out, c.attributes.a, c.input(1), c.input(2)) }
  }

  /// Adds the slices of `source` to `target`, which is dense, at `places` along d. Threads share the elements of a slice, so
  /// that every sum runs in the order of the indices.
  static func add(_ e: Engine, _ target: UInt32, _ d: Int, _ places: UInt32, _ source: UInt32) throws(Failure) {
    let shape = e.slot(target).pointee.shape, type = e.slot(target).pointee.dtype
    guard let f = e.kernels.binary(BinaryKernel.add.rawValue, type.rawValue) else { throw .dtype("index_add: not defined for \(type)") }
    let index = try e.indices(places, below: shape[d], for: name)
    defer { e.drop(index, value: true) }
    let src = try e.contiguous(source, for: name)
    defer { e.drop(src, value: true) }
    let step = shape.contiguousStrides[d], k = e.slot(index).pointee.shape.product
    if shape.product == 0 || k == 0 { return }
    let perPiece = k &* step <= elementsPerChunk ? step : 64
    var job = RowsJob(
      add: f, outer: shape.product / (shape[d] &* step), k: k, size: shape[d], inner: step &* type.size, perPiece: perPiece,
      element: type.size, index: e.data(index).assumingMemoryBound(to: Int64.self), x: e.data(src), y: e.data(target))
    parallel(chunks: (step + perPiece - 1) / perPiece, threads: e.threads, &job) { context, chunk, _ in
      addRows(context.assumingMemoryBound(to: RowsJob.self).pointee, chunk)
    }
  }
  static func saves(_ wants: UInt8) -> UInt8 { wants & 4 != 0 ? 2 : 0 }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    if n.wants(0) { try n.give(0, g) }
    if n.wants(2) { try n.give(2, g.indexSelect(n.attributes.a, n[1])) }
  }
}

// MARK: As methods. A 0-dimensional x counts as having one dimension of size 1.

extension Value {
  /// `index` within the rank of x and no larger than x except along d.
  func checkPlaces(_ d: Int, _ index: Value, _ operation: StaticString) throws(Failure) {
    try engine.check(self, index, for: operation)
    if index.dtype != .int64 && index.dtype != .int32 {
      throw .dtype("\(operation): indices must be int64 or int32, they are \(index.dtype)")
    }
    var fits = index.rank == rank, k = 0
    while fits && k < rank { if k != d && index.shape[k] > shape[k] { fits = false }; k += 1 }
    if !fits && index.count > 0 || index.rank != rank {
      throw .shape("\(operation): index \(index.shape) does not fit \(shape) along dimension \(d)")
    }
  }

  package func gather(_ dim: Int, _ index: Value) throws(Failure) -> Value {
    let d = try shape.dimension(dim, for: "gather")
    if rank == 0 || index.rank == 0 {
      return try engine.scoped { () throws(Failure) -> Value in
        let y = try (rank == 0 ? self.reshape(Dims(1)) : self).gather(d, index.rank == 0 ? index.reshape(Dims(1)) : index)
        return try index.rank == 0 ? y.reshape(Dims()) : y
      }
    }
    if index.count == 0 {  // of any type, and shaped anyhow
      return try engine.scoped { () throws(Failure) -> Value in try reshape(Dims(count)).slice(0, 0, 0, 1).reshape(index.shape) }
    }
    try checkPlaces(d, index, "gather")
    return try apply(.gather, index, Attributes(a: d))
  }

  package func scatterAdd(_ dim: Int, _ index: Value, _ src: Value) throws(Failure) -> Value {
    let d = try shape.dimension(dim, for: "scatter_add")
    if rank == 0 {
      return try engine.scoped { () throws(Failure) -> Value in
        try self.reshape(Dims(1)).scatterAdd(
          0, index.rank == 0 ? index.reshape(Dims(1)) : index, src.rank == 0 ? src.reshape(Dims(1)) : src).reshape(Dims())
      }
    }
    try checkPlaces(d, index, "scatter_add")
    try engine.check(self, src, for: "scatter_add")
    if src.dtype != dtype { throw .dtype("scatter_add: source is \(src.dtype), the tensor \(dtype)") }
    if dtype.category == .bool || dtype.category == .floating && !dtype.isDifferentiable { throw .dtype("scatter_add: not defined for \(dtype)") }
    var fits = src.rank == index.rank, k = 0
    while fits && k < rank { if index.shape[k] > src.shape[k] { fits = false }; k += 1 }
    if !fits { throw .shape("scatter_add: index \(index.shape) is larger than the source \(src.shape)") }
    var c = Call(self, index, src, Attributes(a: d))
    return try engine.apply(.scatterAdd, &c)
  }

  package func indexSelect(_ dim: Int, _ index: Value) throws(Failure) -> Value {
    let d = try shape.dimension(dim, for: "index_select")
    if index.rank > 1 { throw .shape("index_select: index must have one dimension, it has shape \(index.shape)") }
    if rank == 0 {
      return try engine.scoped { () throws(Failure) -> Value in try self.reshape(Dims(1)).indexSelect(0, index).reshape(Dims()) }
    }
    return try apply(.indexSelect, index, Attributes(a: d))
  }

  package func indexAdd(_ dim: Int, _ index: Value, _ src: Value) throws(Failure) -> Value {
    let d = try shape.dimension(dim, for: "index_add")
    try engine.check(self, index, for: "index_add")
    try engine.check(self, src, for: "index_add")
    if src.dtype != dtype { throw .dtype("index_add: source is \(src.dtype), the tensor \(dtype)") }
    if rank == 0 || index.rank > 1 || src.shape != shape.replacing(d, with: index.count) {
      throw .shape("index_add: source \(src.shape) and index \(index.shape) do not fit \(shape) along dimension \(d)")
    }
    var c = Call(self, index, src, Attributes(a: d))
    return try engine.apply(.indexAdd, &c)
  }

  /// Rows of `weight` at the indices `self`; the row `padding` gets no gradient.
  package func embedding(_ weight: Value, padding: Int?) throws(Failure) -> Value {
    try engine.check(self, weight, for: "embedding")
    if weight.rank != 2 { throw .shape("embedding: weight must have two dimensions, it has shape \(weight.shape)") }
    if dtype != .int64 && dtype != .int32 { throw .dtype("embedding: indices must be int64 or int32, they are \(dtype)") }
    if rank == Dims.most { throw .shape("embedding: indices \(shape) have 8 dimensions already") }
    var out = shape
    out.append(weight.shape[1])
    return try engine.scoped { () throws(Failure) -> Value in
      let flat = try reshape(Dims(count))
      var rows = try weight.apply(.indexSelect, flat, Attributes(a: 0, b: 1))
      if let padding {
        let v = weight.shape[0], p = padding < 0 ? padding + v : padding
        if p < 0 || p >= v { throw .index("embedding: padding_idx \(padding) is out of range for \(v) rows") }
        let isPadding = try flat.eq(Value.integer(engine, Int64(p))).reshape(Dims(count, 1))
        rows = try isPadding.select(rows.detach(), rows)
      }
      return try rows.reshape(out)
    }
  }
}
