// Views that memory's layout allows beyond slices: diagonals, sliding windows, any sizes and strides; and the reverse, a tensor
// with other values in the places of a view.
import KernelAPI

/// Sizes, strides and start of a view, counted from its tensor's first element.
struct Layout {
  var sizes: Dims, strides: Dims, start = 0

  init(_ sizes: Dims, _ strides: Dims, _ start: Int = 0) { self.sizes = sizes; self.strides = strides; self.start = start }
  init(_ a: Attributes) { self.init(a.dims, a.more, a.a) }
  var attributes: Attributes { Attributes(dims: sizes, a: start, more: strides) }

  /// The lowest and the highest place it reaches; nil beyond what can be counted, (0, −1) if it has no elements.
  var reach: (Int, Int)? {
    if sizes.product == 0 { return (0, -1) }
    var low = start, high = start, i = 0
    while i < sizes.count {
      let (span, over) = (sizes[i] - 1).multipliedReportingOverflow(by: strides[i])
      let (end, beyond) = (span < 0 ? low : high).addingReportingOverflow(span)
      if over || beyond { return nil }
      if span < 0 { low = end } else { high = end }
      i += 1
    }
    return (low, high)
  }

  /// Whether two elements may share a place: no, if every stride steps over all that smaller ones reach.
  var mayOverlap: Bool {
    var reached = 0, done = DimSet(), k = 0
    while k < sizes.count {
      var least = -1, i = 0
      while i < sizes.count {
        if !done.contains(i), least < 0 || strides[i].magnitude < strides[least].magnitude { least = i }
        i += 1
      }
      done.insert(least)
      if sizes[least] > 1 {
        if strides[least].magnitude <= UInt(reached) { return true }
        reached &+= (sizes[least] - 1) &* Int(strides[least].magnitude)
      }
      k += 1
    }
    return false
  }
}

/// y = x's memory in another layout;  dx = zeros with g added in those places      (dims: sizes, more: strides, a: start)
enum AsStrided: Rule {
  static var name: StaticString { "as_strided" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let a = c.attributes
    return try c.engine.makeView(of: c.input(0), a.dims, a.more, c[0].pointee.offset &+ a.a, for: name)
  }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let layout = Layout(n.attributes)
    try n.give(0, Value.zeros(g.engine, g.dtype, n[0].shape).placing(g, layout, adding: layout.mayOverlap))
  }
}

/// y = x, dense, with src in the places of a layout (or added there);  dx = g with zeros there (or g), dsrc = g in that layout
/// (inputs x, src; dims: sizes, more: strides, a: start, b: 1 to add)
enum AsStridedScatter: Rule {
  static var name: StaticString { "as_strided_scatter" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let e = c.engine, a = c.attributes, type = c[0].pointee.dtype
    if a.b == 0 {
      let out = try e.packed(c.input(0), for: name)
      e.copy(a.dims, from: e.data(c.input(1)), c[1].pointee.strides, to: e.data(out) + a.a &* type.size, a.more, size: type.size)
      return out
    }
    let src = try e.contiguous(c.input(1), for: name)
    defer { e.drop(src, value: true) }
    let out = try e.packed(c.input(0), for: name)
    let from = e.data(src), to = e.data(out)
    var at = Dims(repeating: 0, count: a.dims.count), place = a.a, i = 0
    let n = a.dims.product
    while i < n {
      e.addAt(type, to, from, y0: place, x0: i)
      i += 1
      var d = a.dims.count - 1
      while d >= 0 {
        at[d] += 1
        place &+= a.more[d]
        if at[d] < a.dims[d] { break }
        place &-= a.dims[d] &* a.more[d]
        at[d] = 0
        d -= 1
      }
    }
    return out
  }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let layout = Layout(n.attributes)
    if n.wants(0) {
      if n.attributes.b == 1 { try n.give(0, g) } else { try n.give(0, g.placing(Value.zeros(g.engine, g.dtype, layout.sizes), layout)) }
    }
    if n.wants(1) { try n.give(1, g.contiguous().apply(.asStrided, layout.attributes)) }
  }
}

// MARK: Layouts of a tensor of given shape and strides

extension Layout {
  static func diagonal(_ shape: Dims, _ strides: Dims, _ offset: Int, _ dim1: Int, _ dim2: Int, for operation: StaticString) throws(Failure) -> Layout {
    if shape.count < 2 { throw .shape("\(operation): needs two dimensions, it has shape \(shape)") }
    let a = try shape.dimension(dim1, for: operation), b = try shape.dimension(dim2, for: operation)
    if a == b { throw .argument("\(operation): dimensions \(dim1) and \(dim2) are the same of shape \(shape)") }
    let n = shape[a], m = shape[b]
    // Beyond −n … m there is nothing either way.
    let k = offset < -n ? -n : offset > m ? m : offset
    let rows = k < 0 ? n + k : n, columns = k < 0 ? m : m - k
    let length = rows < columns ? rows : columns
    let (low, high) = a < b ? (a, b) : (b, a)
    var sizes = shape.removing(at: high).removing(at: low), steps = strides.removing(at: high).removing(at: low)
    sizes.append(length)
    steps.append(strides[a] &+ strides[b])
    return Layout(sizes, steps, length == 0 ? 0 : k < 0 ? -k &* strides[a] : k &* strides[b])
  }

  static func windows(_ shape: Dims, _ strides: Dims, _ dim: Int, _ size: Int, _ step: Int) throws(Failure) -> Layout {
    let d = try shape.dimension(dim, for: "unfold")
    if shape.count == Dims.most { throw .shape("unfold: \(shape) has 8 dimensions already") }
    if size < 0 || size > shape[d] { throw .argument("unfold: size \(size) does not fit dimension \(d) of shape \(shape)") }
    if step < 1 { throw .argument("unfold: step must be at least 1, it is \(step)") }
    var layout = Layout(shape, strides)
    let count = (shape[d] - size) / step + 1
    layout.sizes[d] = count
    layout.strides[d] = count > 1 ? strides[d] &* step : strides[d]
    layout.sizes.append(size)
    layout.strides.append(strides[d])
    return layout
  }

  /// start, start + step, … of one dimension, limits clipped as Python's.
  static func slice(_ shape: Dims, _ dim: Int, _ start: Int?, _ end: Int?, _ step: Int, for operation: StaticString) throws(Failure) -> Layout {
    if shape.count == 0 { throw .index("\(operation): a 0-dimensional tensor has nothing to slice") }
    let d = try shape.dimension(dim, for: operation)
    if step < 1 { throw .argument("\(operation): step must be at least 1, it is \(step)") }
    let (a, length, by) = cut(shape[d], start, end, step)
    var layout = Layout(shape, shape.contiguousStrides)
    if length > 0 { layout.start = a &* layout.strides[d] }
    layout.sizes[d] = length
    layout.strides[d] = layout.strides[d] &* by
    return layout
  }
}

// MARK: As methods

extension Value {
  /// A tensor whose layout can be told from its shape alone, if a gradient must find the way back.
  private func dense() throws(Failure) -> Value { engine.isRecording && requiresGrad && !isContiguous ? try clone() : self }

  /// This tensor, dense, with src in the places of `layout`, which lies within it.
  func placing(_ src: Value, _ layout: Layout, adding: Bool = false) throws(Failure) -> Value {
    var a = layout.attributes
    a.b = adding ? 1 : 0
    return try apply(.asStridedScatter, src, a)
  }

  /// `placing` of what a caller gave: another type is converted, another shape refused.
  private func scattering(_ src: Value, _ layout: Layout, for operation: StaticString) throws(Failure) -> Value {
    try engine.check(self, src, for: operation)
    if src.shape != layout.sizes { throw .shape("\(operation): source has shape \(src.shape), the places \(layout.sizes)") }
    return try engine.scoped { () throws(Failure) -> Value in try placing(src.to(dtype), layout) }
  }

  /// The layout asked for with an offset into the storage, counted from this tensor's first element.
  private func layout(_ sizes: Dims, _ strides: Dims, _ offset: Int?, for operation: StaticString) throws(Failure) -> Layout {
    if sizes.count != strides.count { throw .argument("\(operation): \(sizes.count) sizes and \(strides.count) strides") }
    _ = try sizes.byteCount(of: dtype, for: operation)
    let own = slot.pointee.offset
    var i = 0
    while i < strides.count { if strides[i] < 0 { throw .argument("\(operation): negative stride in \(strides)") }; i += 1 }
    if let offset, offset < 0 { throw .argument("\(operation): storage_offset \(offset) is negative") }
    return Layout(sizes, strides, (offset ?? own) - own)
  }

  package func asStrided(_ sizes: Dims, _ strides: Dims, _ offset: Int?) throws(Failure) -> Value {
    var l = try layout(sizes, strides, offset, for: "as_strided")
    let record = engine.storage(slot.pointee.storage).pointee, isRecorded = engine.isRecording && requiresGrad
    // What may be read: all of the storage; where a gradient has to come back, or memory is borrowed, this tensor's elements.
    var low = 0, high = count - 1
    if isRecorded {
      if !isContiguous { throw .argument("as_strided: a gradient needs a contiguous tensor; call contiguous() first") }
    } else if record.size > 0 {
      low = -slot.pointee.offset
      high = record.size / dtype.size - slot.pointee.offset - 1
    } else {
      high = Layout(shape, self.strides).reach?.1 ?? high
    }
    guard let (a, b) = l.reach, b < a || (a >= low && b <= high) else {
      throw .index("as_strided: sizes \(sizes) with strides \(strides) leave the memory of a tensor of shape \(shape)")
    }
    if b < a { l.start = 0 }
    return try apply(.asStrided, l.attributes)
  }

  /// The layout counts in this tensor's elements as they lie when it is contiguous.
  package func asStridedScatter(_ src: Value, _ sizes: Dims, _ strides: Dims, _ offset: Int?) throws(Failure) -> Value {
    var l = try layout(sizes, strides, offset, for: "as_strided_scatter")
    guard let (a, b) = l.reach, b < a || (a >= 0 && b < count) else {
      throw .index("as_strided_scatter: sizes \(sizes) with strides \(strides) leave a tensor of shape \(shape)")
    }
    if b < a { l.start = 0 }
    return try scattering(src, l, for: "as_strided_scatter")
  }

  package func diagonal(_ offset: Int, _ dim1: Int, _ dim2: Int) throws(Failure) -> Value {
    try engine.scoped { () throws(Failure) -> Value in
      let x = try dense()
      return try x.apply(.asStrided, Layout.diagonal(shape, x.strides, offset, dim1, dim2, for: "diagonal").attributes)
    }
  }

  /// Windows of `size` elements, `step` apart, along a dimension; what a window holds is a new last dimension.
  package func windows(_ dim: Int, _ size: Int, _ step: Int) throws(Failure) -> Value {
    try engine.scoped { () throws(Failure) -> Value in
      if rank == 0 { return try reshape(Dims(1)).windows(dim, size, step).reshape(Dims(size)) }
      let x = try dense()
      return try x.apply(.asStrided, Layout.windows(shape, x.strides, dim, size, step).attributes)
    }
  }

  package func diag(_ offset: Int) throws(Failure) -> Value {
    if rank != 1 && rank != 2 { throw .shape("diag: needs one or two dimensions, it has shape \(shape)") }
    return try engine.scoped { () throws(Failure) -> Value in
      try rank == 1 ? diagEmbed(offset, 0, 1) : diagonal(offset, 0, 1).clone()
    }
  }

  package func diagEmbed(_ offset: Int, _ dim1: Int, _ dim2: Int) throws(Failure) -> Value {
    if rank == 0 || rank == Dims.most { throw .shape("diag_embed: needs one to seven dimensions, it has shape \(shape)") }
    let (n, over) = shape.last.addingReportingOverflow(offset < 0 ? (offset == .min ? .max : -offset) : offset)
    if over { throw .argument("diag_embed: offset \(offset) is too large") }
    let wider = shape.appending(n, 0).removing(at: rank - 1)
    let a = try wider.dimension(dim1, for: "diag_embed"), b = try wider.dimension(dim2, for: "diag_embed")
    if a == b { throw .argument("diag_embed: dimensions \(dim1) and \(dim2) are the same") }
    let (low, high) = a < b ? (a, b) : (b, a)
    let full = shape.removing(at: rank - 1).inserting(n, at: low).inserting(n, at: high)
    return try engine.scoped { () throws(Failure) -> Value in
      let zeros = try Value.zeros(engine, dtype, full)
      return try zeros.placing(self, Layout.diagonal(full, zeros.strides, offset, a, b, for: "diag_embed"))
    }
  }

  package func diagonalScatter(_ src: Value, _ offset: Int, _ dim1: Int, _ dim2: Int) throws(Failure) -> Value {
    try scattering(src, Layout.diagonal(shape, shape.contiguousStrides, offset, dim1, dim2, for: "diagonal_scatter"), for: "diagonal_scatter")
  }

  package func sliceScatter(_ src: Value, _ dim: Int, _ start: Int?, _ end: Int?, _ step: Int) throws(Failure) -> Value {
    let layout = try Layout.slice(shape, dim, start, end, step, for: "slice_scatter")
    if src.rank == rank, src.shape == layout.sizes { return try scattering(src, layout, for: "slice_scatter") }
    return try engine.scoped { () throws(Failure) -> Value in try scattering(src.expand(layout.sizes), layout, for: "slice_scatter") }
  }

  package func selectScatter(_ src: Value, _ dim: Int, _ index: Int) throws(Failure) -> Value {
    if rank == 0 { throw .index("select_scatter: a 0-dimensional tensor has nothing to select") }
    let d = try shape.dimension(dim, for: "select_scatter"), n = shape[d]
    if index < -n || index >= n { throw .index("select_scatter: index \(index) is out of range for dimension \(d) of shape \(shape)") }
    let strides = shape.contiguousStrides
    let layout = Layout(shape.removing(at: d), strides.removing(at: d), (index < 0 ? index + n : index) &* strides[d])
    return try scattering(src, layout, for: "select_scatter")
  }
}
