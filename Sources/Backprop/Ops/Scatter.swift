// Elements written, gathered, reduced and chosen by index or mask: mostly index_put on the flattened tensor, whose gradient serves all.
import CShim
import KernelAPI

/// What scatter_reduce does with the elements that meet.
package enum ScatterReduction: Int32 { case sum = 0, prod, mean, amax, amin }

/// y[index[i][j]][j] = the product (largest, smallest) of x there and of every src[i][j] that meets it
/// (inputs x, index, src; a: dimension, b: ScatterReduction, c: 1 if x takes part)
enum ScatterReduce: Rule {
  static var name: StaticString { "scatter_reduce" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let e = c.engine, d = c.attributes.a, type = c[0].pointee.dtype, shape = c[0].pointee.shape
    let index = try e.indices(c.input(1), below: shape[d], for: name)
    defer { e.drop(index, value: true) }
    let src = try e.contiguous(c.input(2), for: name)
    defer { e.drop(src, value: true) }
    let out = try e.packed(c.input(0), for: name)
    let p = e.data(index).assumingMemoryBound(to: Int64.self), x = e.data(src), y = e.data(out), over = c[1].pointee.shape
    func work<T: Comparable>(_ t: T.Type, _ one: T, _ times: (T, T) -> T) {
      let x = x.assumingMemoryBound(to: T.self), y = y.assumingMemoryBound(to: T.self)
      let isProduct = c.attributes.b == ScatterReduction.prod.rawValue, most = c.attributes.b == ScatterReduction.amax.rawValue
      if c.attributes.c == 0 { e.forEachPlace(over, in: shape, d, p) { place, i in y[place] = isProduct ? one : x[i] } }
      e.forEachPlace(over, in: shape, d, p) { place, i in
        let v = x[i], m = y[place]
        if isProduct { y[place] = times(m, v) } else if v != v || (most ? v > m : v < m) { y[place] = v }
      }
    }
    switch type {
    case .float32: work(Float.self, 1) { $0 * $1 }
    case .float64: work(Double.self, 1) { $0 * $1 }
    case .int64: work(Int64.self, 1) { $0 &* $1 }
    case .int32: work(Int32.self, 1) { $0 &* $1 }
    default: work(UInt8.self, 1) { $0 &* $1 }
    }
    return out
  }
  static func saves(_ wants: UInt8) -> UInt8 { 7 | savesOutput }

  /// Product: each factor's share is the product of the others, found by taking it (or a lone zero) out. Extremes: those that equal the
  /// result share g equally.
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let d = n.attributes.a, takesPart = n.attributes.c == 1, x = n[0], index = n[1], src = n[2], y = n.output
    let mode = ScatterReduction(rawValue: Int32(truncatingIfNeeded: n.attributes.b)) ?? .prod
    func without(_ v: Value) throws(Failure) -> Value { takesPart ? v : try v.scatter(d, index, v.number(0)) }
    if mode == .prod {
      let zero = try x.eq(0), others = try zero.select(x.number(1), x)
      if n.wants(0) {
        let rest = try others.scatterReduce(d, index, src, .prod, takesPart)
        try n.give(0, without(g * rest / others))
      }
      if n.wants(2) {
        let isZero = try src.eq(0)
        let zeros = try Value.zeros(g.engine, g.dtype, x.shape).scatterAdd(d, index, isZero.to(g.dtype)).gather(d, index)
        let lone = try isZero.select(zeros.eq(1), isZero)
        let rest = try x.scatterReduce(d, index, lone.select(src.number(1), src), .prod, takesPart)
        let divided = try (g * y).gather(d, index) / isZero.select(src.number(1), src)
        try n.give(2, lone.select((g * rest).gather(d, index), divided))
      }
      return
    }
    let own = try x.eq(y).to(g.dtype), theirs = try src.eq(y.gather(d, index)).to(g.dtype)
    let share = try g / without(own).scatterAdd(d, index, theirs)
    if n.wants(0) { try n.give(0, without(own * share)) }
    if n.wants(2) { try n.give(2, theirs * share.gather(d, index)) }
  }
}

extension Value {
  private func checkIndex(_ index: Value, _ operation: StaticString) throws(Failure) {
    try engine.check(self, index, for: operation)
    if index.dtype != .int64 && index.dtype != .int32 { throw .dtype("\(operation): indices must be int64 or int32, they are \(index.dtype)") }
  }

  /// Indices as `Engine.indices` hands them out as a value of the scope, copied if they are the caller's: nobody may change them afterwards.
  private func checked(_ i: UInt32) throws(Failure) -> Value {
    if engine.slot(i).pointee.handles == 0 { return try engine.hand(i) }
    defer { engine.drop(i, value: true) }
    return try Value(engine: engine, index: i).clone()
  }

  /// Indices of which negative ones count from the end of `size`, as a fresh tensor. Within a scope.
  private func wrapped(_ size: Int, for operation: StaticString) throws(Failure) -> Value {
    let out = try engine.hand(engine.packed(to(.int64).index, for: operation)), p = out.data(as: Int64.self), n = count
    var i = 0
    while i < n {
      if p[i] < -Int64(size) || p[i] >= Int64(size) { throw .index("\(operation): index \(Int(p[i])) is out of range for size \(size)") }
      if p[i] < 0 { p[i] &+= Int64(size) }
      i += 1
    }
    return out
  }

  /// One dimension at least.
  private func raised() throws(Failure) -> Value { rank == 0 ? try reshape(Dims(1)) : self }

  /// The leading corner of `target`'s sizes, which are not larger.
  private func corner(_ target: Dims, for operation: StaticString) throws(Failure) -> Value {
    if rank != target.count { throw .shape("\(operation): source \(shape) and index \(target) have different numbers of dimensions") }
    var y = self, d = 0
    while d < rank {
      if target[d] > shape[d] { throw .shape("\(operation): index \(target) is larger than the source \(shape)") }
      if target[d] < shape[d] { y = try y.slice(d, 0, target[d], 1) }
      d += 1
    }
    return y
  }

  /// The positions of index's elements in the flattened tensor, coordinate d replaced by them. Within a scope.
  private func flatPlaces(_ d: Int, _ index: Value, for operation: StaticString) throws(Failure) -> Value {
    try checkPlaces(d, index, operation)
    let dense = try checked(engine.indices(index.index, below: shape[d], for: operation))
    let out = try Value.empty(engine, .int64, Dims(index.count), for: operation), q = out.data(as: Int64.self)
    engine.forEachPlace(index.shape, in: shape, d, dense.data(as: Int64.self)) { place, i in q[i] = Int64(place) }
    return out
  }

  /// y = x, y[index[i][j]][j] = src[i][j]; a 0-dimensional src is written everywhere.
  package func scatter(_ dim: Int, _ index: Value, _ src: Value) throws(Failure) -> Value {
    let d = try shape.dimension(dim, for: "scatter")
    try checkIndex(index, "scatter")
    try engine.check(self, src, for: "scatter")
    if src.rank > 0, src.dtype != dtype { throw .dtype("scatter: source is \(src.dtype), the tensor \(dtype)") }
    return try engine.scoped { () throws(Failure) -> Value in
      let x = try raised(), i = try index.raised()
      if index.count == 0 { return try clone() }
      let isOne = src.rank == 0 && !(rank == 0 && index.rank == 0)
      let from = try isOne ? src.to(dtype).expand(i.shape) : src.to(dtype).raised().corner(i.shape, for: "scatter")
      let places = try x.flatPlaces(d, i, for: "scatter")
      return try x.reshape(Dims(count)).writing(from.reshape(Dims(i.count)), at: places, Attributes(a: 1), adding: false).reshape(shape)
    }
  }

  package func scatterReduce(_ dim: Int, _ index: Value, _ src: Value, _ mode: ScatterReduction, _ includeSelf: Bool) throws(Failure) -> Value {
    let d = try shape.dimension(dim, for: "scatter_reduce")
    try checkIndex(index, "scatter_reduce")
    try engine.check(self, src, for: "scatter_reduce")
    if src.dtype != dtype { throw .dtype("scatter_reduce: source is \(src.dtype), the tensor \(dtype)") }
    if dtype.category == .bool || dtype.category == .floating && !dtype.isDifferentiable { throw .dtype("scatter_reduce: not defined for \(dtype)") }
    if mode == .mean, dtype.category != .floating { throw .dtype("scatter_reduce: mean needs a floating type, not \(dtype)") }
    return try engine.scoped { () throws(Failure) -> Value in
      let x = try raised(), i = try index.raised()
      try x.checkPlaces(d, i, "scatter_reduce")
      if index.count == 0 { return try clone() }
      let from = try src.raised().corner(i.shape, for: "scatter_reduce")
      if mode == .sum || mode == .mean {
        let sum = try (includeSelf ? x : x.scatter(d, i, x.number(0))).scatterAdd(d, i, from)
        if mode == .sum { return try sum.reshape(shape) }
        let ones = try Value.full(engine, dtype, x.shape, 1)
        let start = includeSelf ? ones : try ones.scatter(d, i, ones.number(0))
        return try (sum / start.scatterAdd(d, i, Value.full(engine, dtype, i.shape, 1))).reshape(shape)
      }
      var c = Call(x, i, from, Attributes(a: d, b: Int(mode.rawValue), c: includeSelf ? 1 : 0))
      return try engine.apply(.scatterReduce, &c).reshape(shape)
    }
  }

  /// An index [K] for slices of this tensor along d, as positions; src [.., K, ..] where given.
  private func slicePlaces(_ dim: Int, _ index: Value, _ src: Value?, for operation: StaticString) throws(Failure) -> (d: Int, places: Value) {
    let d = try shape.dimension(dim, for: operation)
    try checkIndex(index, operation)
    if index.rank > 1 { throw .shape("\(operation): index must have one dimension, it has shape \(index.shape)") }
    if let src, try src.raised().shape != raised().shape.replacing(d, with: index.count) {
      throw .shape("\(operation): source \(src.shape) and index \(index.shape) do not fit \(shape) along dimension \(d)")
    }
    let size = rank == 0 ? 1 : shape[d]
    return (d, try checked(engine.indices(index.reshape(Dims(index.count)).index, below: size, for: operation)))
  }

  package func indexCopy(_ dim: Int, _ index: Value, _ src: Value) throws(Failure) -> Value {
    try engine.check(self, src, for: "index_copy")
    if src.dtype != dtype { throw .dtype("index_copy: source is \(src.dtype), the tensor \(dtype)") }
    return try engine.scoped { () throws(Failure) -> Value in
      let (d, places) = try slicePlaces(dim, index, src, for: "index_copy")
      return try raised().writing(src.raised(), at: places, Attributes(a: 1 << d, b: d), adding: false).reshape(shape)
    }
  }

  /// The slices at index filled with a 0-dimensional value.
  package func indexFill(_ dim: Int, _ index: Value, _ value: Value) throws(Failure) -> Value {
    try engine.check(self, value, for: "index_fill")
    if value.rank > 0 { throw .shape("index_fill: the value must have no dimensions, it has shape \(value.shape)") }
    return try engine.scoped { () throws(Failure) -> Value in
      let (d, places) = try slicePlaces(dim, index, nil, for: "index_fill"), x = try raised()
      // Through a mask: a slice named twice is filled once, and counts once in the value's gradient.
      let mask = try Value.create(engine, .bool, Dims(repeating: 1, count: x.rank).replacing(d, with: x.shape[d]), from: nil, owned: false)
      let p = places.data(as: Int64.self), q = mask.data(as: UInt8.self), n = places.count
      var i = 0
      while i < n { q[Int(p[i])] = 1; i += 1 }
      return try mask.select(value.to(dtype), x).reshape(shape)
    }
  }

  /// scatter_reduce of whole slices.
  package func indexReduce(_ dim: Int, _ index: Value, _ src: Value, _ mode: ScatterReduction, _ includeSelf: Bool) throws(Failure) -> Value {
    try engine.check(self, src, for: "index_reduce")
    if mode == .sum { throw .argument("index_reduce: reduce must be prod, mean, amax or amin") }
    return try engine.scoped { () throws(Failure) -> Value in
      let (d, places) = try slicePlaces(dim, index, src, for: "index_reduce"), from = try src.raised()
      let wide = try places.reshape(Dims(repeating: 1, count: from.rank).replacing(d, with: places.count)).expand(from.shape)
      return try raised().scatterReduce(d, wide, from, mode, includeSelf).reshape(shape)
    }
  }

  // MARK: The flattened tensor

  private func flatIndexed<T>(_ index: Value, _ body: (UnsafeBufferPointer<Value?>) throws(Failure) -> T) throws(Failure) -> T {
    try engine.withScratch(of: Value?.self, count: 1, for: "take") { (p) throws(Failure) -> T in
      p.initialize(to: index)
      return try body(UnsafeBufferPointer(start: p, count: 1))
    }
  }

  /// The flattened tensor's elements at index, in index's shape; negative ones count from the end.
  package func take(_ index: Value) throws(Failure) -> Value {
    try checkIndex(index, "take")
    return try engine.scoped { () throws(Failure) -> Value in
      let x = try reshape(Dims(count))
      return try flatIndexed(index) { (p) throws(Failure) -> Value in try x.apply(.index, x.places(p, for: "take").index, Attributes(a: 1)) }
    }
  }

  package func put(_ index: Value, _ src: Value, _ accumulate: Bool) throws(Failure) -> Value {
    try checkIndex(index, "put")
    try engine.check(self, src, for: "put")
    if src.dtype != dtype { throw .dtype("put: source is \(src.dtype), the tensor \(dtype)") }
    if src.count != index.count { throw .shape("put: source \(src.shape) and index \(index.shape) have different numbers of elements") }
    return try engine.scoped { () throws(Failure) -> Value in
      let x = try reshape(Dims(count))
      return try flatIndexed(index) { (p) throws(Failure) -> Value in
        try x.writing(src.reshape(index.shape), at: x.places(p, for: "put").index, Attributes(a: 1), adding: accumulate).reshape(shape)
      }
    }
  }

  /// gather with both stretched to each other except along dim; without a dimension, of the flattened tensors.
  package func takeAlongDim(_ given: Value, _ dim: Int?) throws(Failure) -> Value {
    try checkIndex(given, "take_along_dim")
    return try engine.scoped { () throws(Failure) -> Value in
      let index = try given.wrapped(dim == nil || rank == 0 ? count : shape[shape.dimension(dim ?? 0, for: "take_along_dim")], for: "take_along_dim")
      guard let dim else { return try reshape(Dims(count)).gather(0, index.reshape(Dims(index.count))) }
      let d = try shape.dimension(dim, for: "take_along_dim")
      if rank != index.rank { throw .shape("take_along_dim: \(shape) and index \(index.shape) have different numbers of dimensions") }
      if rank == 0 { return try gather(0, index) }
      let common = try shape.replacing(d, with: 1).broadcast(with: index.shape.replacing(d, with: 1), for: "take_along_dim")
      return try expand(common.replacing(d, with: shape[d])).gather(d, index.expand(common.replacing(d, with: index.shape[d])))
    }
  }

  // MARK: Masks

  private func checkMask(_ mask: Value, _ operation: StaticString) throws(Failure) {
    try engine.check(self, mask, for: operation)
    if mask.dtype != .bool { throw .dtype("\(operation): the mask must be bool, it is \(mask.dtype)") }
  }

  /// value (0-dimensional, converted to our type) where the mask is true.
  package func maskedFill(_ mask: Value, _ value: Value) throws(Failure) -> Value {
    try checkMask(mask, "masked_fill")
    try engine.check(self, value, for: "masked_fill")
    if value.rank > 0 { throw .shape("masked_fill: the value must have no dimensions, it has shape \(value.shape)") }
    return try engine.scoped { () throws(Failure) -> Value in try mask.select(value.to(dtype), self) }
  }

  /// The elements where the mask is true, in a row.
  package func maskedSelect(_ mask: Value) throws(Failure) -> Value {
    try checkMask(mask, "masked_select")
    let common = try shape.broadcast(with: mask.shape, for: "masked_select")
    return try engine.scoped { () throws(Failure) -> Value in
      let places = try mask.expand(common).trueplaces()
      return try expand(common).reshape(Dims(common.product)).apply(.index, places, Attributes(a: 1))
    }
  }

  /// The mask's true places filled with source's first elements in order.
  package func maskedScatter(_ mask: Value, _ source: Value) throws(Failure) -> Value {
    try checkMask(mask, "masked_scatter")
    try engine.check(self, source, for: "masked_scatter")
    if source.dtype != dtype { throw .dtype("masked_scatter: source is \(source.dtype), the tensor \(dtype)") }
    let common = try shape.broadcast(with: mask.shape, for: "masked_scatter")
    return try engine.scoped { () throws(Failure) -> Value in
      let places = try mask.expand(common).trueplaces()
      if places.count > source.count { throw .shape("masked_scatter: the source has \(source.count) elements, the mask \(places.count) places") }
      let from = try source.reshape(Dims(source.count)).slice(0, 0, places.count, 1)
      return try expand(common).reshape(Dims(common.product)).writing(from, at: places, Attributes(a: 1), adding: false).reshape(common)
    }
  }

  // MARK: Whole numbers, without gradient

  /// The coordinates of the elements that are not 0: int64 [count, rank].
  package func nonzero() throws(Failure) -> Value {
    try engine.scoped { () throws(Failure) -> Value in
      try engine.withoutRecording { () throws(Failure) -> Value in
        let flat = try (dtype == .bool ? self : detach().ne(Value.full(engine, dtype, Dims(), 0))).trueplaces()
        let out = try Value.empty(engine, .int64, Dims(flat.count, rank), for: "nonzero")
        let p = flat.data(as: Int64.self), q = out.data(as: Int64.self), n = flat.count
        var i = 0
        while i < n {
          var rest = Int(p[i]), d = rank - 1
          while d >= 0 {
            q[i &* rank &+ d] = Int64(rest % shape[d])
            rest /= shape[d]
            d -= 1
          }
          i += 1
        }
        return out
      }
    }
  }

  /// 1 at each label, 0 elsewhere: int64 [.., classes]; nil: one class more than the largest label.
  package func oneHot(_ classes: Int?) throws(Failure) -> Value {
    if dtype != .int64 { throw .dtype("one_hot: labels must be int64, they are \(dtype)") }
    if let classes, classes < 1 { throw .argument("one_hot: num_classes must be at least 1, it is \(classes)") }
    if rank == Dims.most { throw .shape("one_hot: \(shape) has 8 dimensions already") }
    return try engine.scoped { () throws(Failure) -> Value in
      let labels = try contiguous(), p = labels.data(as: Int64.self), n = count
      if n == 0 && classes == nil { throw .shape("one_hot: no labels to count the classes of; give num_classes") }
      var most = 0, i = 0
      while i < n {
        if p[i] < 0 { throw .index("one_hot: label \(Int(p[i])) is negative") }
        if let classes, p[i] >= Int64(classes) { throw .index("one_hot: label \(Int(p[i])) is out of range for \(classes) classes") }
        if Int(p[i]) > most { most = Int(p[i]) }
        i += 1
      }
      if most == .max { throw .index("one_hot: label \(most) is too large") }
      let c = classes ?? most + 1
      let out = try Value.zeros(engine, .int64, shape.appending(c)), q = out.data(as: Int64.self)
      i = 0
      while i < n { q[i &* c &+ Int(p[i])] = 1; i += 1 }
      return out
    }
  }
}
