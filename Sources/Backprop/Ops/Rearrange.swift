// Elements in another order, repeated, cut to a triangle, surrounded: copies, each with a gradient that goes the same way back.
import CShim
import KernelAPI

/// y = x read backwards along some dimensions;  dx = g likewise      (a: the dimensions as bits)
enum Flip: Rule {
  static var name: StaticString { "flip" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let e = c.engine, set = DimSet(bits: UInt8(truncatingIfNeeded: c.attributes.a)), shape = c[0].pointee.shape, size = c[0].pointee.dtype.size
    let out = try e.make(c[0].pointee.dtype, shape, for: name)
    var strides = c[0].pointee.strides, start = 0, d = 0
    while d < shape.count {
      if set.contains(d) {
        start &+= (shape[d] &- 1) &* strides[d]
        strides[d] = 0 &- strides[d]
      }
      d += 1
    }
    e.copy(shape, from: e.data(c.input(0)) + (shape.product > 0 ? start &* size : 0), strides, to: e.data(out), e.slot(out).pointee.strides, size: size)
    return out
  }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try n.give(0, g.apply(.flip, n.attributes)) }
}

protocol TriangleSide { static var name: StaticString { get } }
enum Lower: TriangleSide { static var name: StaticString { "tril" } }
enum Upper: TriangleSide { static var name: StaticString { "triu" } }

/// y = x on and below (above) a diagonal of its matrices, 0 elsewhere;  dx = g likewise      (a: diagonal, b: 1 for above)
enum Triangle<Side: TriangleSide>: Rule {
  static var name: StaticString { Side.name }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let e = c.engine, shape = c[0].pointee.shape, size = c[0].pointee.dtype.size
    let x = try e.contiguous(c.input(0), for: name)
    defer { e.drop(x, value: true) }
    let out = try e.make(c[0].pointee.dtype, shape, for: name)
    let m = shape[shape.count - 2], n = shape.last, rows = n > 0 ? shape.product / n : 0, k = c.attributes.a
    var from = e.data(x), to = e.data(out), row = 0, i = 0
    while row < rows {
      // Columns before `edge` are below the diagonal k, or on it; for the upper side, those before it are not on it.
      let edge = i &+ k &+ (c.attributes.b == 0 ? 1 : 0), cut = (edge < 0 ? 0 : edge > n ? n : edge) &* size, rest = n &* size &- cut
      if c.attributes.b == 0 {
        memcpy(to, from, cut)
        memset(to + cut, 0, rest)
      } else {
        memset(to, 0, cut)
        memcpy(to + cut, from + cut, rest)
      }
      from += n &* size
      to += n &* size
      i = i &+ 1 == m ? 0 : i &+ 1
      row += 1
    }
    return out
  }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try n.give(0, g.apply(n.slot.pointee.operation, n.attributes)) }
}

/// y = x with a number around it;  dx = the inner part of g      (dims: how many before, more: after, x: the number)
enum ConstantPad: Rule {
  static var name: StaticString { "pad" }
  static func layout(_ shape: Dims, _ a: Attributes) -> (whole: Dims, inner: Layout) {
    var whole = shape, d = 0
    while d < shape.count { whole[d] = shape[d] &+ a.dims[d] &+ a.more[d]; d += 1 }
    let strides = whole.contiguousStrides
    var start = 0
    d = 0
    while d < shape.count { start &+= a.dims[d] &* strides[d]; d += 1 }
    return (whole, Layout(shape, strides, shape.product > 0 ? start : 0))
  }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let e = c.engine, type = c[0].pointee.dtype, (whole, inner) = layout(c[0].pointee.shape, c.attributes)
    let out = try e.make(type, whole, for: name)
    Value(engine: e, index: out).fill(c.attributes.x)
    e.copy(inner.sizes, from: e.data(c.input(0)), c[0].pointee.strides, to: e.data(out) + inner.start &* type.size, inner.strides, size: type.size)
    return out
  }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let inner = layout(n[0].shape, n.attributes).inner
    try n.give(0, g.contiguous().apply(.asStrided, inner.attributes))
  }
}

/// What stands around a padded tensor.
package enum PadMode: Int32 { case constant = 0, reflect, replicate, circular }

extension Value {
  /// A fresh list of indices.
  static func table(_ e: Engine, _ n: Int, for operation: StaticString, _ f: (Int) -> Int) throws(Failure) -> Value {
    let v = try empty(e, .int64, Dims(n), for: operation), p = v.data(as: Int64.self)
    var i = 0
    while i < n { p[i] = Int64(f(i)); i += 1 }
    return v
  }

  package func flip(_ dims: Dims) throws(Failure) -> Value {
    let set = dims.count == 0 ? DimSet() : try shape.dimensionSet(dims, for: "flip")
    return try apply(.flip, Attributes(a: Int(set.bits)))
  }

  package func tril(_ diagonal: Int) throws(Failure) -> Value { try triangle(.tril, diagonal, upper: false, for: "tril") }
  package func triu(_ diagonal: Int) throws(Failure) -> Value { try triangle(.triu, diagonal, upper: true, for: "triu") }
  private func triangle(_ operation: Operation, _ diagonal: Int, upper: Bool, for name: StaticString) throws(Failure) -> Value {
    if rank < 2 { throw .shape("\(name): needs at least two dimensions, it has shape \(shape)") }
    let m = shape[rank - 2], n = shape.last
    return try apply(operation, Attributes(a: diagonal < -m ? -m : diagonal > n ? n : diagonal, b: upper ? 1 : 0))
  }

  /// `shifts` for each of `dims`; without dims the one shift rolls all elements in row-major order.
  package func roll(_ shifts: Dims, _ dims: Dims) throws(Failure) -> Value {
    if dims.count == 0, shifts.count == 1 {
      return try engine.scoped { () throws(Failure) -> Value in try reshape(Dims(count)).roll(shifts, Dims(0)).reshape(shape) }
    }
    if shifts.count != dims.count || shifts.count == 0 {
      throw .argument("roll: \(shifts.count) shifts for \(dims.count) dimensions")
    }
    return try engine.scoped { () throws(Failure) -> Value in
      var y = self, moved = false, i = 0
      while i < shifts.count {
        let d = try shape.dimension(dims[i], for: "roll"), n = rank == 0 ? 1 : shape[d]
        let s = n > 0 ? (shifts[i] % n + n) % n : 0
        if s > 0 {
          y = try y.slice(d, n - s, nil, 1).joined(y.slice(d, 0, n - s, 1), d)
          moved = true
        }
        i += 1
      }
      return moved ? y : try clone()
    }
  }

  package func movedim(_ source: Dims, _ destination: Dims) throws(Failure) -> Value {
    if source.count != destination.count { throw .argument("movedim: \(source.count) dimensions to \(destination.count) places") }
    if source.count == 0 || rank == 0 {
      if rank == 0 { _ = try shape.dimensionSet(source, for: "movedim"); _ = try shape.dimensionSet(destination, for: "movedim") }
      return try permute(Dims.counting(rank))
    }
    let moved = try shape.dimensionSet(source, for: "movedim"), taken = try shape.dimensionSet(destination, for: "movedim")
    var order = Dims(repeating: 0, count: rank), i = 0
    while i < source.count {
      order[try shape.dimension(destination[i], for: "movedim")] = try shape.dimension(source[i], for: "movedim")
      i += 1
    }
    var to = 0, from = 0
    while to < rank {
      if !taken.contains(to) {
        while moved.contains(from) { from += 1 }
        order[to] = from
        from += 1
      }
      to += 1
    }
    return try permute(order)
  }

  /// Each dimension `repeats` times over; dimensions may be added in front.
  package func repeated(_ repeats: Dims, for operation: StaticString = "repeat") throws(Failure) -> Value {
    if repeats.count > Dims.most { throw .shape("\(operation): more than 8 dimensions") }
    if repeats.count < rank { throw .shape("\(operation): \(repeats) names fewer dimensions than shape \(shape) has") }
    var out = repeats, i = 0, one = true
    while i < repeats.count {
      if repeats[i] < 0 { throw .argument("\(operation): negative count in \(repeats)") }
      let own = i < repeats.count - rank ? 1 : shape[i - repeats.count + rank]
      let (n, over) = own.multipliedReportingOverflow(by: repeats[i])
      if over { throw .shape("\(operation): \(repeats) times \(shape) is more than can be counted") }
      out[i] = n
      if repeats[i] != 1 { one = false }
      i += 1
    }
    _ = try out.byteCount(of: dtype, for: operation)
    return try engine.scoped { () throws(Failure) -> Value in
      if one { return try reshape(out).clone() }
      // From the last dimension on: [outer, 1, inner] stretched to [outer, times, inner].
      var y = self, inner = 1, i = repeats.count - 1
      while i >= 0 {
        let own = i < repeats.count - rank ? 1 : shape[i - repeats.count + rank]
        inner &*= own
        if repeats[i] != 1 { y = try y.stretched(inner, repeats[i]) }
        inner &*= repeats[i]
        i -= 1
      }
      return try y.reshape(out)
    }
  }

  /// Blocks of `inner` elements, each `times` over.
  private func stretched(_ inner: Int, _ times: Int) throws(Failure) -> Value {
    let outer = inner == 0 ? 0 : count / inner
    return try reshape(Dims(outer, 1).appending(inner)).expand(Dims(outer, times).appending(inner)).reshape(Dims(outer &* times &* inner))
  }

  /// As `repeated`, dimensions of x that `repeats` does not name counting once.
  package func tile(_ repeats: Dims) throws(Failure) -> Value {
    if repeats.count > Dims.most { throw .shape("tile: more than 8 dimensions") }
    var all = repeats
    while all.count < rank { all.insert(1, at: 0) }
    return try repeated(all, for: "tile")
  }

  /// Every element (slice along dim) `repeats` times in a row; without a dimension, of the flattened tensor.
  package func repeatInterleave(_ repeats: Int, _ dim: Int?) throws(Failure) -> Value {
    if repeats < 0 { throw .argument("repeat_interleave: negative count \(repeats)") }
    guard let dim else {
      return try engine.scoped { () throws(Failure) -> Value in try reshape(Dims(count)).repeatInterleave(repeats, 0) }
    }
    let d = try shape.dimension(dim, for: "repeat_interleave")
    if rank == 0 { return try repeatInterleave(repeats, nil) }
    let (n, over) = shape[d].multipliedReportingOverflow(by: repeats), out = shape.replacing(d, with: n)
    if over { throw .shape("repeat_interleave: \(repeats) times \(shape) is more than can be counted") }
    _ = try out.byteCount(of: dtype, for: "repeat_interleave")
    return try engine.scoped { () throws(Failure) -> Value in
      var inner = 1, i = d + 1
      while i < rank { inner &*= shape[i]; i += 1 }
      return try stretched(inner, repeats).reshape(out)
    }
  }

  /// Slice i along dim `repeats[i]` times in a row; a single count holds for all.
  package func repeatInterleave(each repeats: Value, _ dim: Int?) throws(Failure) -> Value {
    try engine.check(self, repeats, for: "repeat_interleave")
    if repeats.dtype != .int64 && repeats.dtype != .int32 { throw .dtype("repeat_interleave: repeats must be int64 or int32, they are \(repeats.dtype)") }
    if repeats.rank > 1 { throw .shape("repeat_interleave: repeats must have one dimension, they have shape \(repeats.shape)") }
    return try engine.scoped { () throws(Failure) -> Value in
      let x = dim == nil || rank == 0 ? try reshape(Dims(count)) : self
      let d = try x.shape.dimension(dim ?? 0, for: "repeat_interleave"), n = x.shape[d]
      let counts = try repeats.to(.int64).contiguous(), p = counts.data(as: Int64.self)
      if counts.count != n && counts.count != 1 { throw .shape("repeat_interleave: \(counts.count) counts for dimension \(d) of shape \(x.shape)") }
      let step = counts.count == 1 ? 0 : 1
      var total = 0, i = 0
      while i < n {
        if p[i &* step] < 0 { throw .argument("repeat_interleave: negative count \(Int(p[i &* step]))") }
        let (sum, over) = total.addingReportingOverflow(Int(p[i &* step]))
        if over { throw .shape("repeat_interleave: the counts add up to more than can be counted") }
        total = sum
        i += 1
      }
      let places = try Value.empty(engine, .int64, Dims(total), for: "repeat_interleave"), q = places.data(as: Int64.self)
      var at = 0
      i = 0
      while i < n {
        var k = 0
        while k < Int(p[i &* step]) { q[at] = Int64(i); at += 1; k += 1 }
        i += 1
      }
      return try x.indexSelect(d, places)
    }
  }

  /// `before` and `after`: elements added at either end of each dimension; negative ones (constant mode) take away.
  package func pad(_ before: Dims, _ after: Dims, _ mode: PadMode, _ value: Double) throws(Failure) -> Value {
    var out = shape, d = 0
    while d < rank {
      let (a, over) = shape[d].addingReportingOverflow(before[d])
      let (b, beyond) = a.addingReportingOverflow(after[d])
      if over || beyond || b < 0 || (before[d] < 0 && a < 0) || (after[d] < 0 && after[d] < -shape[d]) {
        throw .shape("pad: \(before[d]) before and \(after[d]) after dimension \(d) do not fit shape \(shape)")
      }
      if mode != .constant, before[d] != 0 || after[d] != 0 { try checkPad(before[d], after[d], shape[d], d, mode) }
      out[d] = b
      d += 1
    }
    _ = try out.byteCount(of: dtype, for: "pad")
    return try engine.scoped { () throws(Failure) -> Value in
      var y = self, d = 0, more = before, less = after
      while d < rank {
        let n = shape[d], a = before[d]
        // What is taken away goes first; wrapped round is what remains.
        if mode == .constant || mode == .circular, a < 0 || after[d] < 0 {
          y = try y.slice(d, a < 0 ? -a : 0, after[d] < 0 ? n + after[d] : n, 1)
          if a < 0 { more[d] = 0 }
        }
        if mode == .constant {
          if after[d] < 0 { less[d] = 0 }
        } else if more[d] != 0 || after[d] != 0 {
          let a = more[d], n = y.shape[d]
          if n == 0 { throw .shape("pad: nothing is left of dimension \(d) of shape \(shape) to be repeated") }
          let places = try Value.table(engine, out[d], for: "pad") { (o) in
            let i = o - a
            switch mode {
            case .reflect: return i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i
            case .replicate: return i < 0 ? 0 : i >= n ? n - 1 : i
            default: return ((i % n) + n) % n
            }
          }
          y = try y.indexSelect(d, places)
        }
        d += 1
      }
      if mode != .constant { return y.index == index ? try clone() : y }
      return try y.apply(.pad, Attributes(dims: more, x: value, more: less))
    }
  }

  private func checkPad(_ before: Int, _ after: Int, _ n: Int, _ d: Int, _ mode: PadMode) throws(Failure) {
    if n == 0 { throw .shape("pad: dimension \(d) of shape \(shape) is empty: there is nothing to repeat") }
    let most = mode == .reflect ? n - 1 : mode == .circular ? n : Int.max
    if before > most || after > most {
      throw .argument("pad: \(before) before and \(after) after dimension \(d) of size \(n): at most \(most) can be \(mode == .reflect ? "reflected" as StaticString : "wrapped round")")
    }
  }

  /// One dimension as several; one of the sizes may be −1.
  package func unflatten(_ dim: Int, _ sizes: Dims) throws(Failure) -> Value {
    let d = try shape.dimension(dim, for: "unflatten"), n = rank == 0 ? 1 : shape[d]
    if sizes.count == 0 { throw .argument("unflatten: no sizes given") }
    if sizes.count + rank - 1 > Dims.most { throw .shape("unflatten: more than 8 dimensions") }
    var known = 1, unknown = -1, i = 0
    while i < sizes.count {
      if sizes[i] == -1, unknown < 0 { unknown = i } else {
        let (p, over) = known.multipliedReportingOverflow(by: sizes[i])
        if over || sizes[i] < 0 { throw .shape("unflatten: \(sizes) are no sizes of dimension \(d) of shape \(shape)") }
        known = p
      }
      i += 1
    }
    if unknown < 0 ? known != n : known == 0 || n % known != 0 {
      throw .shape("unflatten: \(sizes) do not multiply to the size \(n) of dimension \(d) of shape \(shape)")
    }
    var out = rank == 0 ? Dims() : shape.removing(at: d)
    i = 0
    while i < sizes.count { out.insert(i == unknown ? n / known : sizes[i], at: d + i); i += 1 }
    return try reshape(out)
  }

  package func narrow(_ dim: Int, _ start: Int, _ length: Int) throws(Failure) -> Value {
    if rank == 0 { throw .index("narrow: a 0-dimensional tensor has nothing to narrow") }
    let d = try shape.dimension(dim, for: "narrow"), n = shape[d], from = start < 0 && start >= -n ? start + n : start
    if length < 0 || from < 0 || from > n || length > n - from {
      throw .shape("narrow: start \(start) and length \(length) do not fit dimension \(d) of shape \(shape)")
    }
    return try slice(d, from, from + length, 1)
  }

  /// Without the named dimensions, as far as their size is 1.
  package func squeeze(_ dims: Dims) throws(Failure) -> Value {
    if dims.count == 0 { return try reshape(shape) }
    let set = try shape.dimensionSet(dims, for: "squeeze")
    var out = Dims(), i = 0
    while i < rank { if shape[i] != 1 || !set.contains(i) { out.append(shape[i]) }; i += 1 }
    return try reshape(out)
  }
}

extension Dims {
  /// 0, 1, … count − 1
  static func counting(_ count: Int) -> Dims {
    var d = Dims(), i = 0
    while i < count { d.append(i); i += 1 }
    return d
  }
}
