// x[i, :, j] with index tensors and masks, read and written, as NumPy and PyTorch count: the tensors are broadcast together and walked as
// one; where they stand side by side their dimensions take the place of those they index, otherwise they come first.
import CShim
import KernelAPI

/// What a list of index tensors says of a tensor: each element of `index` is a row-major position in the dimensions of `set`.
struct Places {
  var index: Value
  var set: DimSet
  /// Where the index's dimensions stand in the result.
  var at: Int
  /// Of the result.
  var shape: Dims
}

enum Transfer: Int { case read, write, add }

extension Engine {
  /// Moves elements between x, anyhow strided, and `dense`, row-major in the result's shape. Positions have been checked.
  func transfer(_ kind: Transfer, _ x: UInt32, _ index: UInt32, _ set: DimSet, _ at: Int, _ dense: UnsafeMutableRawPointer) {
    let shape = slot(x).pointee.shape, strides = slot(x).pointee.strides, type = slot(x).pointee.dtype, size = type.size
    let result = Places.shape(shape, set, at, slot(index).pointee.shape), steps = result.contiguousStrides
    if result.product == 0 { return }
    let j = slot(index).pointee.shape.count
    // The dimensions no index names, and how far they step in x and in the result; those that are named, innermost first.
    var rest = Dims(), ours = Dims(), theirs = Dims(), sizes = Dims(), jumps = Dims(), inner = 1, d = 0
    while d < shape.count {
      if set.contains(d) {
        sizes.insert(shape[d], at: 0)
        jumps.insert(strides[d], at: 0)
      } else {
        theirs.append(steps[rest.count < at ? rest.count : rest.count + j])
        if rest.count >= at { inner &*= shape[d] }
        rest.append(shape[d])
        ours.append(strides[d])
      }
      d += 1
    }
    var all = InlineArray<4, Dims>(repeating: Dims())
    all[0] = ours
    all[1] = theirs
    let nest = Nest(rest, all, operands: 2), isRow = nest.sizes.count == 1 && nest.rowStride(0) == 1 && nest.rowStride(1) == 1
    let n = nest.rowLength, add = kernels.binary(BinaryKernel.add.rawValue, type.rawValue)
    let base = data(x), places = data(index).assumingMemoryBound(to: Int64.self), count = slot(index).pointee.shape.product
    var i = 0
    while i < count {
      var place = Int(places[i]), offset = 0, k = 0
      while k < sizes.count {
        offset &+= k == sizes.count - 1 ? place &* jumps[k] : place % sizes[k] &* jumps[k]
        place /= sizes[k]
        k += 1
      }
      let there = base + offset &* size, here = dense + i &* inner &* size
      switch kind {
      case .read:
        if isRow { move(n, size, from: there, to: here) } else { copy(rest, from: there, ours, to: here, theirs, size: size) }
      case .write:
        if isRow { move(n, size, from: here, to: there) } else { copy(rest, from: here, theirs, to: there, ours, size: size) }
      case .add:
        if isRow, n > 1, let add { add(n, there, 1, here, 1, there) } else {
          var r = 0
          while r < nest.rows {
            let y0 = nest.offset(0, row: r), x0 = nest.offset(1, row: r)
            var c = 0
            while c < n { addAt(type, there, here, y0: y0 &+ c &* nest.rowStride(0), x0: x0 &+ c &* nest.rowStride(1)); c += 1 }
            r += 1
          }
        }
      }
      i += 1
    }
  }

  @inline(__always) private func move(_ n: Int, _ size: Int, from x: UnsafeMutableRawPointer, to y: UnsafeMutableRawPointer) {
    if n == 1 && size == 4 { y.assumingMemoryBound(to: UInt32.self).pointee = x.assumingMemoryBound(to: UInt32.self).pointee }
    else if n == 1 && size == 8 { y.assumingMemoryBound(to: UInt64.self).pointee = x.assumingMemoryBound(to: UInt64.self).pointee }
    else { memcpy(y, x, n &* size) }
  }
}

extension Places {
  var attributes: Attributes { Attributes(a: Int(set.bits), b: at) }

  /// The result's shape: x's dimensions outside `set`, the index's before number `at` of them.
  static func shape(_ x: Dims, _ set: DimSet, _ at: Int, _ index: Dims) -> Dims {
    var out = Dims(), rest = 0, d = 0
    func place(_ out: inout Dims) {
      var k = 0
      while k < index.count { out.append(index[k]); k += 1 }
    }
    while d < x.count {
      if !set.contains(d) {
        if rest == at { place(&out) }
        out.append(x[d])
        rest += 1
      }
      d += 1
    }
    if rest <= at { place(&out) }
    return out
  }
}

/// y = x at index tensors;  dx = index_put of g into zeros, adding      (inputs x, positions; a: indexed dimensions, b: where theirs stand)
enum Index: Rule {
  static var name: StaticString { "index" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let e = c.engine, set = DimSet(bits: UInt8(truncatingIfNeeded: c.attributes.a)), at = c.attributes.b
    let out = try e.make(c[0].pointee.dtype, Places.shape(c[0].pointee.shape, set, at, c[1].pointee.shape), for: name)
    e.transfer(.read, c.input(0), c.input(1), set, at, e.data(out))
    return out
  }
  static func saves(_ wants: UInt8) -> UInt8 { 2 }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let zeros = try Value.zeros(g.engine, g.dtype, n[0].shape)
    if g.engine.isRecording { return try n.give(0, zeros.writing(g, at: n[1], n.attributes, adding: true)) }
    let dense = try g.contiguous()
    g.engine.transfer(.add, zeros.index, n[1].index, DimSet(bits: UInt8(truncatingIfNeeded: n.attributes.a)), n.attributes.b, dense.data)
    try n.give(0, zeros)
  }
}

/// y = x, src written at index tensors or added there;  dx = g with zeros there (or g), dsrc = index of g
/// (inputs x, positions, src; a, b as index, c: 1 to add)
enum IndexPut: Rule {
  static var name: StaticString { "index_put" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let e = c.engine, a = c.attributes
    let src = try e.contiguous(c.input(2), for: name)
    defer { e.drop(src, value: true) }
    let out = try e.packed(c.input(0), for: name)
    e.transfer(a.c == 1 ? .add : .write, out, c.input(1), DimSet(bits: UInt8(truncatingIfNeeded: a.a)), a.b, e.data(src))
    return out
  }
  static func saves(_ wants: UInt8) -> UInt8 { 2 }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let a = n.attributes
    if n.wants(0) {
      let places = Places.shape(g.shape, DimSet(bits: UInt8(truncatingIfNeeded: a.a)), a.b, n[1].shape)
      let nothing = try Value.zeros(g.engine, g.dtype, Dims()).expand(places)
      try n.give(0, a.c == 1 ? g : g.writing(nothing, at: n[1], a, adding: false))
    }
    if n.wants(2) { try n.give(2, g.apply(.index, n[1], Attributes(a: a.a, b: a.b))) }
  }
}

extension Value {
  /// index_put at positions already found; src has the result's shape and our type.
  func writing(_ src: Value, at index: Value, _ places: Attributes, adding: Bool) throws(Failure) -> Value {
    if adding, dtype == .bool || dtype.category == .floating && !dtype.isDifferentiable { throw .dtype("index_put: adding is not defined for \(dtype)") }
    var c = Call(self, index, src, Attributes(a: places.a, b: places.b, c: adding ? 1 : 0))
    return try engine.apply(.indexPut, &c)
  }

  /// What the tensors of `indices` (nil: all of that dimension) say of this tensor. To be called within a scope.
  func places(_ indices: UnsafeBufferPointer<Value?>, for operation: StaticString) throws(Failure) -> Places {
    var set = DimSet(), at = -1, apart = false, d = 0, common = Dims()
    // First all shapes, then the positions.
    for i in indices {
      guard let i else { d += 1; continue }
      try engine.check(self, i, for: operation)
      let isMask = i.dtype == .bool || i.dtype == .uint8
      if i.dtype.category == .floating { throw .dtype("\(operation): index tensors must be int64, int32 or bool, not \(i.dtype)") }
      if isMask && i.rank == 0 { throw .shape("\(operation): a mask needs dimensions") }
      let used = isMask ? i.rank : 1
      if d + used > rank { throw .index("\(operation): too many indices for a tensor of shape \(shape)") }
      if at < 0 { at = d } else if d > 0, !set.contains(d - 1) { apart = true }
      var k = 0
      while k < used {
        if isMask, i.shape[k] != shape[d + k] {
          throw .index("\(operation): the mask has shape \(i.shape), the tensor \(shape) from dimension \(d) on")
        }
        set.insert(d + k)
        k += 1
      }
      let own = isMask ? Dims(i.countTrue) : i.shape
      do throws(Failure) { common = try common.broadcast(with: own, for: operation) } catch {
        throw .index("\(operation): index tensors do not broadcast together: shapes \(common) and \(own)")
      }
      d += used
    }
    if d > rank { throw .index("\(operation): too many indices for a tensor of shape \(shape)") }
    if at < 0 { throw .argument("\(operation): no index tensor given") }
    if apart { at = 0 }
    var named = 0
    d = 0
    while d < rank { if set.contains(d) { named += 1 }; d += 1 }
    if rank - named + common.count > Dims.most { throw .shape("\(operation): the result would have more than 8 dimensions") }
    let result = Places.shape(shape, set, at, common)
    _ = try result.byteCount(of: dtype, for: operation)
    let index = try Value.create(engine, .int64, common, from: nil, owned: false, for: operation), p = index.data(as: Int64.self), n = index.count
    d = 0
    for i in indices {
      guard let i else { d += 1; continue }
      let isMask = i.dtype == .bool || i.dtype == .uint8
      var size = shape[d], j = d + 1
      while isMask && j < d + i.rank { size &*= shape[j]; j += 1 }
      let here = isMask ? try i.trueplaces() : try i.to(.int64)
      let all = try engine.hand(engine.packed(here.index, stretchedTo: common, for: operation)).data(as: Int64.self)
      var k = 0
      while k < n {
        let v = Int(all[k])
        if v < -size || v >= size { throw .index("\(operation): index \(v) is out of range for dimension \(d) with size \(size)") }
        p[k] = p[k] &* Int64(size) &+ Int64(v < 0 ? v + size : v)
        k += 1
      }
      d += isMask ? i.rank : 1
    }
    return Places(index: index, set: set, at: at, shape: result)
  }

  /// How many elements of a mask are true.
  private var countTrue: Int {
    let m = layoutOfBytes
    var n = 0
    m.forEach { (byte, _) in if byte != 0 { n += 1 } }
    return n
  }

  /// The row-major positions of a mask's true elements.
  func trueplaces() throws(Failure) -> Value {
    let out = try Value.empty(engine, .int64, Dims(countTrue), for: "mask"), p = out.data(as: Int64.self)
    var n = 0
    layoutOfBytes.forEach { (byte, i) in if byte != 0 { p[n] = Int64(i); n += 1 } }
    return out
  }

  private var layoutOfBytes: ByteWalk { ByteWalk(shape: shape, strides: strides, base: data(as: UInt8.self)) }

  // MARK: As methods

  package func indexed(_ indices: UnsafeBufferPointer<Value?>) throws(Failure) -> Value {
    try engine.scoped { () throws(Failure) -> Value in
      let p = try places(indices, for: "index")
      var d = 0
      while d < rank && p.set != DimSet(bits: 1 << UInt8(truncatingIfNeeded: d)) { d += 1 }
      if d < rank, isContiguous {  // rows of one dimension: a gradient of its own
        let y = try indexSelect(d, p.index.reshape(Dims(p.index.count)))
        return p.index.rank == 1 ? y : try y.reshape(p.shape)
      }
      return try apply(.index, p.index, p.attributes)
    }
  }

  package func indexPut(_ indices: UnsafeBufferPointer<Value?>, _ values: Value, _ accumulate: Bool) throws(Failure) -> Value {
    try engine.check(self, values, for: "index_put")
    return try engine.scoped { () throws(Failure) -> Value in
      let p = try places(indices, for: "index_put")
      return try writing(values.fitting(p.shape, dtype, for: "index_put"), at: p.index, p.attributes, adding: accumulate)
    }
  }

  /// In place, in this tensor's own memory; outside the graph.
  package func indexPut_(_ indices: UnsafeBufferPointer<Value?>, _ values: Value, _ accumulate: Bool) throws(Failure) -> Value {
    try checkInPlace(values, "index_put_", stretches: false)
    if accumulate, dtype == .bool || dtype.category == .floating && !dtype.isDifferentiable { throw .dtype("index_put_: adding is not defined for \(dtype)") }
    try engine.withoutRecording { () throws(Failure) in
      try engine.scopedWork { () throws(Failure) in
        let p = try places(indices, for: "index_put_")
        let src = try engine.hand(engine.packed(values.fitting(p.shape, dtype, for: "index_put_").index, for: "index_put_"))
        engine.transfer(accumulate ? .add : .write, index, p.index.index, p.set, p.at, src.data)
        bumpVersion()
      }
    }
    return self
  }

  /// Stretched to `target` (leading dimensions of size 1 too many are dropped) and converted.
  func fitting(_ target: Dims, _ type: DType, for operation: StaticString) throws(Failure) -> Value {
    var own = shape
    while own.count > target.count, own[0] == 1 { own.remove(at: 0) }
    if own.count > target.count { throw .shape("\(operation): values of shape \(shape) do not stretch to the \(target) places") }
    if try own.broadcast(with: target, for: operation) != target {
      throw .shape("\(operation): values of shape \(shape) do not stretch to the \(target) places")
    }
    return try (own == shape ? self : reshape(own)).expand(target).to(type)
  }
}

/// The bytes of a strided tensor in row-major order.
private struct ByteWalk {
  let shape: Dims, strides: Dims, base: UnsafeMutablePointer<UInt8>

  @inline(__always) func forEach(_ body: (UInt8, Int) -> Void) {
    let n = shape.product
    var at = Dims(repeating: 0, count: shape.count), place = 0, i = 0
    while i < n {
      body(base[place], i)
      i += 1
      var d = shape.count - 1
      while d >= 0 {
        at[d] += 1
        place &+= strides[d]
        if at[d] < shape[d] { break }
        place &-= shape[d] &* strides[d]
        at[d] = 0
        d -= 1
      }
    }
  }
}
