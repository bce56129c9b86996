// The same elements in another arrangement: views where strides allow it, copies where not.
import CShim
import KernelAPI

/// y = x in another shape;  dx = g in x's      (dims: the new shape)
enum Reshape: Rule {
  static var name: StaticString { "reshape" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let e = c.engine, target = c.attributes.dims
    if let strides = viewStrides(c[0].pointee.shape, c[0].pointee.strides, target) {
      return try e.makeView(of: c.input(0), target, strides, c[0].pointee.offset, for: name)
    }
    let dense = try e.packed(c.input(0), for: name)
    e.slot(dense).pointee.shape = target
    e.slot(dense).pointee.strides = target.contiguousStrides
    return dense
  }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try n.give(0, g.reshape(n[0].shape)) }

  /// Strides that read memory laid out as (shape, strides) in the shape `target`, if there are any.
  static func viewStrides(_ shape: Dims, _ strides: Dims, _ target: Dims) -> Dims? {
    if shape.product == 0 { return target.contiguousStrides }
    var out = target.contiguousStrides
    // Runs of old dimensions that step as one are matched, from the innermost, with runs of new ones.
    var t = target.count - 1, d = shape.count - 1
    while d >= 0 {
      if shape[d] == 1 { d -= 1; continue }
      let step = strides[d]
      var run = shape[d]
      while d > 0, shape[d - 1] == 1 || strides[d - 1] == run &* step { d -= 1; run &*= shape[d] }
      d -= 1
      var filled = 1
      while t >= 0, filled < run || target[t] == 1 {
        out[t] = filled &* step
        filled &*= target[t]
        t -= 1
      }
      if filled != run { return nil }
    }
    return out
  }
}

/// y[i…] = x[i permuted];  dx = g permuted back      (dims: y's dimension k is x's dims[k])
enum Permute: Rule {
  static var name: StaticString { "permute" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let order = c.attributes.dims
    var shape = order, strides = order, k = 0
    while k < order.count {
      shape[k] = c[0].pointee.shape[order[k]]
      strides[k] = c[0].pointee.strides[order[k]]
      k += 1
    }
    return try c.engine.makeView(of: c.input(0), shape, strides, c[0].pointee.offset, for: name)
  }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let order = n.attributes.dims
    var back = order, k = 0
    while k < order.count { back[order[k]] = k; k += 1 }
    try n.give(0, g.apply(.permute, Attributes(dims: back)))
  }
}

/// y = x stretched along dimensions of size 1;  dx = g summed over them (by the walk)      (dims: the new shape)
enum Expand: Rule {
  static var name: StaticString { "expand" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let target = c.attributes.dims
    let strides = c[0].pointee.shape.strides(c[0].pointee.strides, stretchedTo: target)
    return try c.engine.makeView(of: c.input(0), target, strides, c[0].pointee.offset, for: name)
  }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try n.give(0, g) }
}

/// y = x[start], x[start + step], … along one dimension;  dx = zeros with g in those places
/// (a: dimension, b: start, c: step, dims[0]: how many)
enum Slice: Rule {
  static var name: StaticString { "slice" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let a = c.attributes
    var shape = c[0].pointee.shape, strides = c[0].pointee.strides
    let offset = a.dims[0] > 0 ? c[0].pointee.offset &+ a.b &* strides[a.a] : c[0].pointee.offset
    shape[a.a] = a.dims[0]
    strides[a.a] = strides[a.a] &* a.c
    return try c.engine.makeView(of: c.input(0), shape, strides, offset, for: name)
  }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let e = g.engine, a = n.attributes, shape = n[0].shape
    if e.isRecording {
      let zeros = try Value.zeros(e, g.dtype, shape)
      let places = try Value.arange(
        e, .int64, Double(a.b), Double(a.b &+ a.c &* a.dims[0]), Double(a.c))
      return try n.give(0, zeros.indexAdd(a.a, places, g))
    }
    try n.givePart(0, g, dimension: a.a, start: a.b, step: a.c)
  }
}

/// y = the inputs one after another along a dimension;  each takes its piece of g      (a: dimension)
enum Cat: Rule {
  static var name: StaticString { "cat" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let e = c.engine, d = c.attributes.a
    var shape = c[0].pointee.shape
    shape[d] = 0
    var i = 0
    while i < c.count {
      let (sum, overflow) = shape[d].addingReportingOverflow(c[i].pointee.shape[d])
      if overflow { throw .shape("cat: sizes along dimension \(d) add up to more than can be counted") }
      shape[d] = sum
      i += 1
    }
    let out = try e.make(c[0].pointee.dtype, shape, for: name)
    let strides = e.slot(out).pointee.strides, size = c[0].pointee.dtype.size
    var at = e.data(out)
    i = 0
    while i < c.count {
      e.copy(c[i].pointee.shape, from: e.data(c.input(i)), c[i].pointee.strides, to: at, strides, size: size)
      at += c[i].pointee.shape[d] &* strides[d] &* size
      i += 1
    }
    return out
  }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let d = n.attributes.a
    var start = 0, i = 0
    while i < n.inputCount {
      let length = n[i].shape[d]
      if n.wants(i) { try n.give(i, g.slice(d, start, start &+ length, 1)) }
      start &+= length
      i += 1
    }
  }
}

/// y = a copy of x, dense;  dx = g
enum Clone: Rule {
  static var name: StaticString { "clone" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 { try c.engine.packed(c.input(0), for: name) }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try n.give(0, g) }
}

/// y = x without history
enum Detach: NonDifferentiableRule {
  static var name: StaticString { "detach" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    try c.engine.makeView(of: c.input(0), c[0].pointee.shape, c[0].pointee.strides, c[0].pointee.offset, for: name)
  }
}

/// Where start:end:step begins in a dimension of size n, how many elements it names, and their distance. A step beyond the size takes one
/// element; clipping it keeps the arithmetic small.
func cut(_ n: Int, _ start: Int?, _ end: Int?, _ step: Int) -> (start: Int, length: Int, step: Int) {
  func clipped(_ i: Int) -> Int { i < 0 ? (i < -n ? 0 : i + n) : (i > n ? n : i) }
  let a = clipped(start ?? 0), b = clipped(end ?? n), by = step > n ? (n > 0 ? n : 1) : step
  return (a, b > a ? (b - a + by - 1) / by : 0, by)
}

// MARK: As methods

extension Value {
  package func clone() throws(Failure) -> Value { try apply(.clone) }
  package func contiguous() throws(Failure) -> Value { isContiguous ? try again() : try clone() }
  package func detach() throws(Failure) -> Value { try apply(.detach) }

  /// One size may be −1.
  package func reshape(_ target: Dims) throws(Failure) -> Value {
    var shape = target, unknown = -1, known = 1, i = 0
    if target.count > Dims.most { throw .shape("reshape: more than 8 dimensions") }
    while i < target.count {
      if target[i] == -1 {
        if unknown >= 0 { throw .argument("reshape: more than one size is −1 in \(target)") }
        unknown = i
      } else {
        if target[i] < 0 { throw .shape("reshape: negative size in \(target)") }
        let (p, overflow) = known.multipliedReportingOverflow(by: target[i])
        if overflow { throw .shape("reshape: \(shape) has more elements than can be counted") }
        known = p
      }
      i += 1
    }
    let n = count
    if unknown >= 0 {
      if known == 0 || n % known != 0 { throw .shape("reshape: \(self.shape) has \(n) elements, which do not fill \(target)") }
      shape[unknown] = n / known
    } else if known != n {
      throw .shape("reshape: \(self.shape) has \(n) elements, \(target) has \(known)")
    }
    return try apply(.reshape, Attributes(dims: shape))
  }

  package func flatten(_ first: Int, _ last: Int) throws(Failure) -> Value {
    let a = try shape.dimension(first, for: "flatten"), b = try shape.dimension(last, for: "flatten")
    if a > b { throw .argument("flatten: start dimension \(first) lies behind end dimension \(last) for shape \(shape)") }
    if rank == 0 { return try reshape(Dims(1)) }
    var out = Dims(), i = 0
    while i < rank {
      if i > a && i <= b { out[out.count - 1] = out.last &* shape[i] } else { out.append(shape[i]) }
      i += 1
    }
    return try reshape(out)
  }

  package func permute(_ order: Dims) throws(Failure) -> Value {
    if order.count != rank { throw .shape("permute: \(order) must name each of the \(rank) dimensions of shape \(shape) once") }
    if rank == 0 { return try apply(.permute, Attributes(dims: order)) }
    _ = try shape.dimensionSet(order, for: "permute")
    var dims = order, i = 0
    while i < rank { dims[i] = try shape.dimension(order[i], for: "permute"); i += 1 }
    return try apply(.permute, Attributes(dims: dims))
  }

  package func transpose(_ first: Int, _ second: Int) throws(Failure) -> Value {
    let a = try shape.dimension(first, for: "transpose"), b = try shape.dimension(second, for: "transpose")
    var order = Dims(), i = 0
    while i < rank { order.append(i == a ? b : i == b ? a : i); i += 1 }
    return try apply(.permute, Attributes(dims: order))
  }

  /// −1 keeps a size.
  package func expand(_ target: Dims) throws(Failure) -> Value {
    if target.count > Dims.most { throw .shape("expand: more than 8 dimensions") }
    let extra = target.count - rank
    if extra < 0 { throw .shape("expand: \(target) has fewer dimensions than \(shape)") }
    var out = target, i = 0
    while i < target.count {
      let own = i < extra ? 1 : shape[i - extra]
      if target[i] == -1, i >= extra { out[i] = own }
      if out[i] < 0 || (out[i] != own && own != 1) { throw .shape("expand: \(shape) does not stretch to \(target)") }
      i += 1
    }
    _ = try out.byteCount(of: dtype, for: "expand")
    return try apply(.expand, Attributes(dims: out))
  }

  /// Without dimensions of size 1.
  package func squeeze() throws(Failure) -> Value {
    var out = Dims(), i = 0
    while i < rank { if shape[i] != 1 { out.append(shape[i]) }; i += 1 }
    return try reshape(out)
  }
  package func squeeze(_ dim: Int) throws(Failure) -> Value {
    let d = try shape.dimension(dim, for: "squeeze")
    return try reshape(rank > 0 && shape[d] == 1 ? shape.removing(at: d) : shape)
  }
  package func unsqueeze(_ dim: Int) throws(Failure) -> Value {
    if rank == Dims.most { throw .shape("unsqueeze: \(shape) has 8 dimensions already") }
    if dim < -rank - 1 || dim > rank { throw .index("unsqueeze: dimension \(dim) is out of range for shape \(shape)") }
    return try reshape(shape.inserting(1, at: dim < 0 ? dim + rank + 1 : dim))
  }

  /// A dimension that can be cut, counted from either end.
  package func dimension(_ dim: Int, for operation: StaticString) throws(Failure) -> Int {
    if rank == 0 { throw .index("\(operation): a 0-dimensional tensor has nothing to cut") }
    return try shape.dimension(dim, for: operation)
  }

  /// As Python's x[start:end:step] along `dim`; nil is an open end.
  package func slice(_ dim: Int, _ start: Int?, _ end: Int?, _ step: Int) throws(Failure) -> Value {
    if rank == 0 { throw .index("slice: a 0-dimensional tensor has nothing to slice") }
    let d = try shape.dimension(dim, for: "slice")
    if step < 1 { throw .argument("slice: step must be at least 1, it is \(step)") }
    let (a, length, by) = cut(shape[d], start, end, step)
    return try apply(.slice, Attributes(dims: Dims(repeating: length, count: 1), a: d, b: a, c: by))
  }

  package func select(_ dim: Int, _ index: Int) throws(Failure) -> Value {
    if rank == 0 { throw .index("select: a 0-dimensional tensor has nothing to select") }
    let d = try shape.dimension(dim, for: "select"), n = shape[d]
    if index < -n || index >= n { throw .index("select: index \(index) is out of range for dimension \(d) of shape \(shape)") }
    let i = index < 0 ? index + n : index
    return try engine.scoped { () throws(Failure) -> Value in
      try apply(.slice, Attributes(dims: Dims(repeating: 1, count: 1), a: d, b: i, c: 1)).reshape(shape.removing(at: d))
    }
  }

  /// The tensors one after another along `dim`; one-dimensional empty ones are passed over, as in PyTorch.
  package static func cat(_ tensors: UnsafeBufferPointer<Value>, _ dim: Int, for operation: StaticString = "cat") throws(Failure) -> Value {
    guard let first = tensors.first else { throw .argument("\(operation): no tensors given") }
    let e = first.engine
    var lead = first, type = first.dtype
    for t in tensors {
      try e.check(first, t, for: operation)
      type = type.promoted(with: t.dtype)
      if lead.rank == 1 && lead.count == 0 { lead = t }
    }
    if lead.rank == 0 { throw .shape("\(operation): 0-dimensional tensors cannot be joined; use stack") }
    let d = try lead.shape.dimension(dim, for: operation)
    for t in tensors where !(t.rank == 1 && t.count == 0) {
      if t.rank != lead.rank || t.shape.replacing(d, with: 0) != lead.shape.replacing(d, with: 0) {
        throw .shape("\(operation): shapes \(lead.shape) and \(t.shape) differ in more than dimension \(d)")
      }
    }
    return try e.scoped { () throws(Failure) -> Value in
      try e.withScratch(of: UInt32.self, count: tensors.count, for: operation) { (inputs) throws(Failure) -> Value in
        var n = 0
        for t in tensors where !(t.rank == 1 && t.count == 0 && lead.rank != 1) {
          inputs[n] = try t.to(type).index
          n += 1
        }
        if n > UInt16.max { throw .argument("\(operation): more than 65535 tensors") }
        var c = Call(lead, Attributes(a: d))
        c.count = n
        c.many = UnsafePointer(inputs)
        return try e.apply(.cat, &c)
      }
    }
  }

  package static func stack(_ tensors: UnsafeBufferPointer<Value>, _ dim: Int) throws(Failure) -> Value {
    guard let first = tensors.first else { throw .argument("stack: no tensors given") }
    let e = first.engine
    let rank = first.rank
    if rank == Dims.most { throw .shape("stack: tensors have 8 dimensions already") }
    if dim < -rank - 1 || dim > rank { throw .index("stack: dimension \(dim) is out of range for tensors of shape \(first.shape)") }
    let d = dim < 0 ? dim + rank + 1 : dim
    for t in tensors {
      try e.check(first, t, for: "stack")
      if t.shape != first.shape { throw .shape("stack: shapes \(first.shape) and \(t.shape) differ") }
    }
    return try e.scoped { () throws(Failure) -> Value in
      try e.withScratch(of: Value.self, count: tensors.count, for: "stack") { (raised) throws(Failure) -> Value in
        var i = 0
        while i < tensors.count {
          (raised + i).initialize(to: try tensors[i].unsqueeze(d))
          i += 1
        }
        return try cat(UnsafeBufferPointer(start: raised, count: tensors.count), d, for: "stack")
      }
    }
  }
}
