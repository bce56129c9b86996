// Order: sort, topk, median, mode, unique. All find int64 indices; values are gathered there, and so are their gradients.
//
// Elements of any type become unsigned numbers of the same order, with NaN, as in PyTorch, above all others. Long rows are sorted by
// radix from the lowest byte on, short ones by insertion: both leave equals in their order.
import CShim
import KernelAPI

private struct Keyed {
  var key: UInt64
  var index: Int
}

/// The bits in which a type's keys differ.
private func keyMask(_ type: DType) -> UInt64 { type.size == 8 ? .max : type.size == 4 ? 0xffff_ffff : 0xff }

/// Gives n elements numbers of the same order, a[i] = (key ^ flip, i); −0 is 0, every NaN the largest before the flip.
private func fillKeys(_ type: DType, _ n: Int, _ x: UnsafeRawPointer, flip: UInt64, _ a: UnsafeMutablePointer<Keyed>) {
  @inline(__always) func fill<T>(_: T.Type, _ key: (T) -> UInt64) {
    let x = x.assumingMemoryBound(to: T.self)
    var i = 0
    while i < n { a[i] = Keyed(key: key(x[i]) ^ flip, index: i); i &+= 1 }
  }
  switch type {
  case .float32:
    fill(Float.self) { v in
      let bits = (v + 0).bitPattern
      return v != v ? 0xffff_ffff : UInt64(bits >> 31 != 0 ? ~bits : bits | 1 << 31)
    }
  case .float64:
    fill(Double.self) { v in
      let bits = (v + 0).bitPattern
      return v != v ? .max : bits >> 63 != 0 ? ~bits : bits | 1 << 63
    }
  case .int64: fill(Int64.self) { UInt64(bitPattern: $0) ^ 1 << 63 }
  case .int32: fill(Int32.self) { UInt64(UInt32(bitPattern: $0) ^ 1 << 31) }
  default: fill(UInt8.self) { UInt64($0) }
  }
}

/// Sorts a by key; b is scratch of the same length. The result stands in a.
@inline(never) private func sortKeyed(_ a: UnsafeMutablePointer<Keyed>, _ b: UnsafeMutablePointer<Keyed>, _ n: Int) {
  if n <= 48 {
    var i = 1
    while i < n {
      let v = a[i]
      var k = i
      while k > 0, a[k &- 1].key > v.key { a[k] = a[k &- 1]; k &-= 1 }
      a[k] = v
      i &+= 1
    }
    return
  }
  var differ: UInt64 = 0, i = 1
  while i < n { differ |= a[i].key ^ a[0].key; i &+= 1 }
  withUnsafeTemporaryAllocation(of: Int.self, capacity: 256) { buffer in
    let places = buffer.baseAddress.unsafelyUnwrapped
    var from = a, to = b, shift: UInt64 = 0
    while shift < 64 {
      if differ &>> shift & 255 != 0 {
        memset(places, 0, 256 * MemoryLayout<Int>.stride)
        var i = 0
        while i < n { places[Int(truncatingIfNeeded: from[i].key &>> shift & 255)] &+= 1; i &+= 1 }
        var at = 0, v = 0
        while v < 256 { let c = places[v]; places[v] = at; at &+= c; v &+= 1 }
        i = 0
        while i < n {
          let e = from[i], v = Int(truncatingIfNeeded: e.key &>> shift & 255)
          to[places[v]] = e
          places[v] &+= 1
          i &+= 1
        }
        let other = from
        from = to
        to = other
      }
      shift &+= 8
    }
    if from != a { memcpy(a, from, n &* MemoryLayout<Keyed>.stride) }
  }
}

/// What is wanted of each sorted row.
private enum OrderKind: Int { case first, median, nanmedian, mode, runningBest }  // as Int: == without hashing, which needs a random seed

private struct OrderJob {
  let kind: OrderKind, type: DType
  let rows: Int, n: Int, k: Int, perChunk: Int
  /// Largest first (runningBest: the smallest so far).
  let descending: Bool
  let x: UnsafeRawPointer, y: UnsafeMutablePointer<Int64>, scratch: UnsafeMutablePointer<Keyed>

  /// Row r's k indices.
  func run(_ r: Int, _ a: UnsafeMutablePointer<Keyed>, _ b: UnsafeMutablePointer<Keyed>) {
    let row = x + r &* n &* type.size, out = y + r &* k, mask = keyMask(type), flip = descending ? mask : 0
    let nan = type.category == .floating ? mask : 0  // 0: there is none
    fillKeys(type, n, row, flip: flip, a)
    var i = 0
    if kind == .runningBest {
      // The last of equals; from the first NaN on, the last NaN.
      var best: UInt64 = 0, at = 0, isNaN = false
      while i < n {
        let key = a[i].key, isOne = nan != 0 && key == nan ^ flip
        if isOne || !isNaN && (i == 0 || key >= best) { best = key; at = i; isNaN = isOne }
        out[i] = Int64(at)
        i &+= 1
      }
      return
    }
    // Few of many: what is not among the k best so far is passed over.
    let room = 4 &* k > 256 ? 4 &* k : 256
    var count = 0, worst = UInt64.max, isFull = false
    let selects = kind == .first && room < n
    while selects && i < n {
      let e = a[i]  // count ≤ i: nothing unread is written over
      if !isFull || e.key < worst {
        a[count] = e
        count &+= 1
        if count == room {
          sortKeyed(a, b, count)
          count = k
          worst = a[k &- 1].key
          isFull = true
        }
      }
      i &+= 1
    }
    sortKeyed(a, b, selects ? count : n)
    switch kind {
    case .first, .runningBest:
      i = 0
      while i < k { out[i] = Int64(a[i].index); i &+= 1 }
    case .median, .nanmedian:
      var numbers = n
      if nan != 0 { while numbers > 0, a[numbers &- 1].key == nan { numbers &-= 1 } }
      let place = kind == .median && numbers < n || numbers == 0 ? numbers : (numbers &- 1) / 2
      out[0] = Int64(a[place].index)
    case .mode:
      // The smallest of the most frequent, at its last place.
      var most = 0, start = 0
      i = 1
      while i <= n {
        if i == n || a[i].key != a[start].key {
          if i &- start > most { most = i &- start; out[0] = Int64(a[i &- 1].index) }
          start = i
        }
        i &+= 1
      }
    }
  }
}

extension Engine {
  /// For each row along the last dimension of x the k indices that `kind` asks for: shape [.., k].
  fileprivate func order(_ kind: OrderKind, _ x: Value, _ k: Int, descending: Bool, for operation: StaticString) throws(Failure) -> Value {
    let type = x.dtype, n = x.shape.last
    if type.category == .floating && !type.isDifferentiable { throw .dtype("\(operation): not defined for \(type)") }
    let dense = try contiguous(x.index, for: operation)
    defer { drop(dense, value: true) }
    let out = try Value.empty(self, .int64, x.shape.replacing(x.rank - 1, with: k), for: operation)
    let rows = x.shape.replacing(x.rank - 1, with: 1).product
    if out.count == 0 { return out }
    let perChunk = n < 2048 ? 2048 / n : 1, chunks = (rows + perChunk - 1) / perChunk
    let workers = threads < chunks ? threads : chunks
    let (size, overflow) = n.multipliedReportingOverflow(by: 2 * workers * MemoryLayout<Keyed>.stride)
    if overflow { throw .memory(operation, bytes: .max) }
    try withScratch(of: Keyed.self, count: size / MemoryLayout<Keyed>.stride, for: operation) { (scratch) throws(Failure) in
      var job = OrderJob(
        kind: kind, type: type, rows: rows, n: n, k: k, perChunk: perChunk, descending: descending, x: data(dense),
        y: out.data(as: Int64.self), scratch: scratch)
      parallel(chunks: chunks, threads: workers, &job) { context, chunk, worker in
        let j = context.assumingMemoryBound(to: OrderJob.self).pointee
        let a = j.scratch + worker &* 2 &* j.n
        var r = chunk &* j.perChunk
        let end = j.rows - r < j.perChunk ? j.rows : r &+ j.perChunk
        while r < end { j.run(r, a, a + j.n); r &+= 1 }
      }
    }
    return out
  }
}

extension Value {
  /// The indices along d, which becomes the last dimension meanwhile; nothing is recorded.
  fileprivate func ordered(_ kind: OrderKind, _ d: Int, _ k: Int, descending: Bool = false, for operation: StaticString) throws(Failure) -> Value {
    try engine.scoped { () throws(Failure) -> Value in
      try engine.withoutRecording { () throws(Failure) -> Value in
        if rank == 0 { return try engine.order(kind, reshape(Dims(1)), k, descending: descending, for: operation).reshape(Dims()) }
        if d == rank - 1 { return try engine.order(kind, self, k, descending: descending, for: operation) }
        return try engine.order(kind, transpose(d, -1), k, descending: descending, for: operation).transpose(d, -1).contiguous()
      }
    }
  }

  /// The elements at the places that `find` returns, an index of x's rank, and these places; both without d unless `keep`.
  private func picked(
    _ d: Int, keep: Bool, _ find: () throws(Failure) -> Value
  ) throws(Failure) -> (values: Value, indices: Value) {
    let keep = keep || rank == 0
    let at = try keep ? find() : engine.scoped { () throws(Failure) -> Value in
      let at = try find()
      return try at.reshape(at.shape.removing(at: d))
    }
    do throws(Failure) {
      let values = try engine.scoped { () throws(Failure) -> Value in
        let y = try gather(d, keep ? at : at.unsqueeze(d))
        return keep ? y : try y.reshape(at.shape)
      }
      return (values, at)
    } catch {
      at.release()
      throw error
    }
  }

  package func sort(_ dim: Int, descending: Bool) throws(Failure) -> (values: Value, indices: Value) {
    let d = try shape.dimension(dim, for: "sort")
    return try picked(d, keep: true) { () throws(Failure) in
      try ordered(.first, d, rank == 0 ? 1 : shape[d], descending: descending, for: "sort")
    }
  }

  package func argsort(_ dim: Int, descending: Bool) throws(Failure) -> Value {
    let d = try shape.dimension(dim, for: "argsort")
    return try ordered(.first, d, rank == 0 ? 1 : shape[d], descending: descending, for: "argsort")
  }

  /// Sorted along the first dimension.
  package func msort() throws(Failure) -> Value {
    try engine.scoped { () throws(Failure) -> Value in try sort(0, descending: false).values }
  }

  /// The k largest or smallest along `dim`, best first.
  package func topk(_ k: Int, _ dim: Int, largest: Bool) throws(Failure) -> (values: Value, indices: Value) {
    let d = try shape.dimension(dim, for: "topk"), n = rank == 0 ? 1 : shape[d]
    if k < 0 || k > n { throw .index("topk: k is \(k), there are \(n) elements along dimension \(d) of \(shape)") }
    if rank == 0, k == 0 { throw .index("topk: k must be 1 for a 0-dimensional tensor") }
    return try picked(d, keep: true) { () throws(Failure) in try ordered(.first, d, k, descending: largest, for: "topk") }
  }

  /// One element to a row, found by `kind`.
  private func chosen(_ kind: OrderKind, _ dim: Int, keep: Bool, for operation: StaticString) throws(Failure) -> (values: Value, indices: Value) {
    let d = try shape.dimension(dim, for: operation)
    if rank > 0, shape[d] == 0 { throw .index("\(operation): no elements to choose from along dimension \(d) of \(shape)") }
    return try picked(d, keep: keep) { () throws(Failure) in try ordered(kind, d, 1, for: operation) }
  }

  /// The lower of the two middle elements along `dim`; NaN if there is one, unless they are passed over.
  package func median(_ dim: Int, keep: Bool, passingNaN: Bool) throws(Failure) -> (values: Value, indices: Value) {
    try chosen(passingNaN ? .nanmedian : .median, dim, keep: keep, for: passingNaN ? "nanmedian" : "median")
  }
  /// Of all elements; equals share the gradient.
  package func median(passingNaN: Bool) throws(Failure) -> Value { try apply(.median, Attributes(a: passingNaN ? 1 : 0)) }

  /// The most frequent along `dim`, the smallest of those.
  package func mode(_ dim: Int, keep: Bool) throws(Failure) -> (values: Value, indices: Value) { try chosen(.mode, dim, keep: keep, for: "mode") }

  /// The k-th smallest along `dim`, k from 1.
  package func kthvalue(_ k: Int, _ dim: Int, keep: Bool) throws(Failure) -> (values: Value, indices: Value) {
    let d = try shape.dimension(dim, for: "kthvalue"), n = rank == 0 ? 1 : shape[d]
    if k < 1 || k > n { throw .index("kthvalue: k is \(k), wanted 1 to the \(n) elements along dimension \(d) of \(shape)") }
    return try picked(d, keep: keep) { () throws(Failure) in
      try engine.scoped { () throws(Failure) -> Value in
        let all = try ordered(.first, d, k, for: "kthvalue")
        return rank == 0 ? all : try engine.withoutRecording { () throws(Failure) -> Value in try all.slice(d, k - 1, k, 1).contiguous() }
      }
    }
  }

  /// The largest (smallest) so far along `dim` and where it stands, the last of equals.
  package func cumulativeExtreme(largest: Bool, _ dim: Int) throws(Failure) -> (values: Value, indices: Value) {
    let name: StaticString = largest ? "cummax" : "cummin", d = try shape.dimension(dim, for: name)
    return try picked(d, keep: true) { () throws(Failure) in
      try ordered(.runningBest, d, rank == 0 ? 1 : shape[d], descending: !largest, for: name)
    }
  }
}

/// y = the lower of the two middle elements;  dx = g shared equally among those that equal it      (a: 1 passes over NaN)
enum Median: Rule {
  static var name: StaticString { "median" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let e = c.engine, x = Value(engine: e, index: c.input(0))
    if x.count == 0 {
      if !x.dtype.isDifferentiable { throw .shape("median: no elements to choose from in shape \(x.shape)") }
      let out = try e.make(x.dtype, Dims(), for: name)
      Value(engine: e, index: out).set(0, to: .nan)
      return out
    }
    var out: UInt32 = 0
    try e.withoutRecording { () throws(Failure) in
      try e.scopedWork { () throws(Failure) in
        let flat = try x.reshape(Dims(x.count))
        out = try flat.gather(0, flat.ordered(c.attributes.a == 1 ? .nanmedian : .median, 0, 1, for: name)).reshape(Dims()).index
        e.hold(out)
      }
    }
    return out
  }
  static func saves(_ wants: UInt8) -> UInt8 { 1 | savesOutput }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let x = n[0], y = n.output
    let equal = try (y.ne(y).select(x.ne(x), x.eq(y))).to(g.dtype)
    try n.give(0, g / equal.sum() * equal)
  }
}

// MARK: Unique

extension Value {
  /// The different elements, sorted, or (`consecutive`) runs of equals in x's order, flat; which of them each element of x is; how
  /// many it stands for. Every NaN is different. No gradient.
  package func unique(consecutive: Bool) throws(Failure) -> (values: Value, inverse: Value, counts: Value) {
    let name: StaticString = consecutive ? "unique_consecutive" : "unique"
    let e = engine, n = count, type = dtype
    if type.category == .floating && !type.isDifferentiable { throw .dtype("\(name): not defined for \(type)") }
    let dense = try e.contiguous(index, for: name)
    defer { e.drop(dense, value: true) }
    let x = e.data(dense), nan = type.category == .floating ? keyMask(type) : 0
    return try e.withScratch(of: Keyed.self, count: 2 * n + 1, for: name) { (a) throws(Failure) in
      var i = 0, runs = 0
      fillKeys(type, n, x, flip: 0, a)
      if !consecutive { sortKeyed(a, a + n, n) }
      func begins(_ i: Int) -> Bool { i == 0 || a[i].key != a[i &- 1].key || nan != 0 && a[i].key == nan }
      i = 0
      while i < n { if begins(i) { runs &+= 1 }; i &+= 1 }
      let values = try Value.empty(e, type, Dims(runs), for: name)
      let inverse: Value
      do throws(Failure) { inverse = try Value.empty(e, .int64, shape, for: name) } catch { values.release(); throw error }
      let counts: Value
      do throws(Failure) { counts = try Value.empty(e, .int64, Dims(runs), for: name) } catch { values.release(); inverse.release(); throw error }
      let which = inverse.data(as: Int64.self), many = counts.data(as: Int64.self), size = type.size
      var run = -1
      i = 0
      while i < n {
        if begins(i) {
          run &+= 1
          memcpy(values.data + run &* size, x + a[i].index &* size, size)
          many[run] = 0
        }
        many[run] &+= 1
        which[a[i].index] = Int64(run)
        i &+= 1
      }
      return (values, inverse, counts)
    }
  }
}
