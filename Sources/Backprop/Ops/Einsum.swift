// Einstein's summation: named dimensions, contracted pair by pair from the left, each pair through one (batched) matrix product.
import CShim
import KernelAPI

/// A dimension's name: A … Z 0 … 25, a … z 26 … 51; from 52 on the dimensions an ellipsis stands for, the last of which is 59.
private typealias Name = Int

/// An operand and the names of its dimensions, each at most once.
private struct Term {
  var value: Value
  var names: Dims
  var set: UInt64

  init(_ value: Value, _ names: Dims) {
    self.value = value
    self.names = names
    set = 0
    var i = 0
    while i < names.count { set |= bit(names[i]); i += 1 }
  }

  func place(of name: Name) -> Int {
    var i = 0
    while i < names.count, names[i] != name { i += 1 }
    return i
  }
  func size(of name: Name) -> Int { value.shape[place(of: name)] }

  /// Without a dimension of size 1.
  func squeezed(_ name: Name) throws(Failure) -> Term {
    let d = place(of: name)
    return Term(try value.squeeze(d), names.removing(at: d))
  }

  /// Summed over the dimensions that are not in `kept`.
  func summed(keeping kept: UInt64) throws(Failure) -> Term {
    var dims = Dims(), left = Dims(), i = 0
    while i < names.count {
      if kept & bit(names[i]) == 0 { dims.append(i) } else { left.append(names[i]) }
      i += 1
    }
    return dims.isEmpty ? self : Term(try value.sum(dims), left)
  }

  /// With the dimensions in the order of `order`, which names each of them.
  func permuted(_ order: Dims) throws(Failure) -> Value {
    var dims = Dims(), same = true, i = 0
    while i < order.count {
      dims.append(place(of: order[i]))
      same = same && dims[i] == i
      i += 1
    }
    return try same ? value : value.permute(dims)
  }
}

private func bit(_ name: Name) -> UInt64 { 1 << UInt64(truncatingIfNeeded: name) }
private let ellipsis = 60

/// The names in one part of an equation, up to a comma, arrow or the end; the ellipsis as `ellipsis`, at most once. More names than 8 are an error.
private func names(_ p: inout UnsafePointer<CChar>) throws(Failure) -> Dims {
  var out = Dims(), dots = false
  while true {
    let c = UInt8(bitPattern: p.pointee)
    var name = -1
    switch c {
    case 32: p += 1; continue
    case 0, UInt8(ascii: ","), UInt8(ascii: "-"): return out
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): name = Int(c) - 65
    case UInt8(ascii: "a")...UInt8(ascii: "z"): name = Int(c) - 97 + 26
    case UInt8(ascii: "."):
      if p[1] != 46 || p[2] != 46 || dots { throw .argument("einsum: a '.' that is not one '...' of an operand") }
      dots = true
      p += 2
      name = ellipsis
    default: throw .argument("einsum: the equation has character number \(Int(c)), which is neither a letter, ',', '->' nor '...'")
    }
    if out.count == Dims.most { throw .shape("einsum: more than 8 dimensions in one operand or the result") }
    out.append(name)
    p += 1
  }
}

extension Value {
  /// The sum of products that `equation` says ("ij,jk->ik"; repeated letters of an operand: its diagonal; "...": dimensions that broadcast;
  /// without "->": the letters that occur once, in alphabetic order).
  package static func einsum(_ equation: UnsafePointer<CChar>, _ operands: UnsafeBufferPointer<Value>) throws(Failure) -> Value {
    guard let first = operands.first else { throw .argument("einsum: no operands given") }
    for x in operands { try first.engine.check(first, x, for: "einsum") }
    return try first.engine.scoped { () throws(Failure) -> Value in
      try first.engine.withScratch(of: Term.self, count: operands.count, for: "einsum") { (terms) throws(Failure) -> Value in
        try contract(equation, operands, terms)
      }
    }
  }

  private static func contract(
    _ equation: UnsafePointer<CChar>, _ operands: UnsafeBufferPointer<Value>, _ terms: UnsafeMutablePointer<Term>
  ) throws(Failure) -> Value {
    var p = equation, i = 0, dots = 0, once: UInt64 = 0, seen: UInt64 = 0
    while true {
      let given = try names(&p)
      if i == operands.count { throw .argument("einsum: the equation has more operands than the \(operands.count) given") }
      var letters = 0, k = 0, hasDots = false
      while k < given.count {
        if given[k] == ellipsis { hasDots = true } else {
          letters += 1
          once = seen & bit(given[k]) == 0 ? once | bit(given[k]) : once & ~bit(given[k])
          seen |= bit(given[k])
        }
        k += 1
      }
      let x = operands[i], extra = x.rank - letters
      if extra < 0 || (extra > 0 && !hasDots) {
        throw .shape("einsum: operand \(i) has shape \(x.shape), the equation names \(letters) dimensions of it")
      }
      if hasDots, extra > dots { dots = extra }
      var all = Dims()
      k = 0
      while k < given.count {
        if given[k] == ellipsis {
          var d = 0
          while d < extra { all.append(ellipsis - extra + d); d += 1 }
        } else { all.append(given[k]) }
        k += 1
      }
      (terms + i).initialize(to: try withoutRepeats(x, all))
      i += 1
      if p.pointee != 44 { break }
      p += 1
    }
    if i < operands.count { throw .argument("einsum: the equation has \(i) operands, \(operands.count) are given") }
    var out = Dims(), k = 0
    func appendDots() throws(Failure) {
      if out.count + dots > Dims.most { throw .shape("einsum: more than 8 dimensions in the result") }
      var d = 0
      while d < dots { out.append(ellipsis - dots + d); d += 1 }
    }
    if p.pointee == 45 {
      if p[1] != 62 { throw .argument("einsum: a '-' that is not part of '->'") }
      p += 2
      let given = try names(&p)
      if p.pointee != 0 { throw .argument("einsum: something follows the result's names") }
      var named: UInt64 = 0
      while k < given.count {
        if given[k] == ellipsis { try appendDots() } else {
          if seen & bit(given[k]) == 0 { throw .argument("einsum: the result names a dimension that no operand has") }
          if named & bit(given[k]) != 0 { throw .argument("einsum: the result names a dimension twice") }
          named |= bit(given[k])
          if out.count == Dims.most { throw .shape("einsum: more than 8 dimensions in the result") }
          out.append(given[k])
        }
        k += 1
      }
    } else {
      try appendDots()
      while k < 52 {
        if once & bit(k) != 0 {
          if out.count == Dims.most { throw .shape("einsum: more than 8 dimensions in the result") }
          out.append(k)
        }
        k += 1
      }
    }
    var kept: UInt64 = 0
    k = 0
    while k < out.count { kept |= bit(out[k]); k += 1 }
    var y = terms[0]
    i = 1
    while i < operands.count {
      var later = kept
      k = i + 1
      while k < operands.count { later |= terms[k].set; k += 1 }
      y = try product(y, terms[i], keeping: later)
      i += 1
    }
    y = try y.summed(keeping: kept)
    // An ellipsis that stood for more dimensions elsewhere, all of size 1 and dropped, cannot happen here: sizes of 1 stay where nothing broadcasts them.
    let value = try y.permuted(out)
    return try value.again()
  }

  /// The diagonal along dimensions of one name.
  private static func withoutRepeats(_ x: Value, _ given: Dims) throws(Failure) -> Term {
    var x = x, names = given, i = 0
    while i < names.count {
      var j = i + 1
      while j < names.count {
        if names[j] == names[i] {
          if x.shape[i] != x.shape[j] { throw .shape("einsum: dimensions \(i) and \(j) of \(x.shape) have one name and different sizes") }
          x = try x.crossSection(i, j)
          names.append(names[i])
          names.remove(at: j)
          names.remove(at: i)
          i = -1
          break
        }
        j += 1
      }
      i += 1
    }
    return Term(x, names)
  }

  /// x[…, i, …, i, …] with i in a new last dimension, for two dimensions a < b of one size.
  func crossSection(_ a: Int, _ b: Int) throws(Failure) -> Value {
    let n = shape[a]
    var order = Dims(), flat = Dims(), d = 0
    while d < rank {
      if d != a, d != b { order.append(d); flat.append(shape[d]) }
      d += 1
    }
    order.append(a)
    order.append(b)
    flat.append(n * n)
    return try permute(order).reshape(flat).slice(-1, 0, nil, n + 1)
  }

  /// Σ x·y over the dimensions that are not in `kept`.
  private static func product(_ x: Term, _ y: Term, keeping kept: UInt64) throws(Failure) -> Term {
    var x = x, y = y, name = 0
    while name < ellipsis {
      if x.set & y.set & bit(name) != 0 {
        let m = x.size(of: name), n = y.size(of: name)
        if m != n {
          if m == 1 { x = try x.squeezed(name) } else if n == 1 { y = try y.squeezed(name) } else {
            throw .shape("einsum: a dimension has size \(m) in one operand, \(n) in another: \(x.value.shape) and \(y.value.shape)")
          }
        }
      }
      name += 1
    }
    x = try x.summed(keeping: kept | y.set)
    y = try y.summed(keeping: kept | x.set)
    let both = x.set & y.set
    var batch = Dims(), rows = Dims(), columns = Dims(), inner = Dims()
    var sizes = Dims(), b = 1, m = 1, n = 1, k = 1, i = 0
    while i < x.names.count {
      let size = x.value.shape[i], name = x.names[i]
      if both & bit(name) == 0 { rows.append(name); m *= size } else if kept & bit(name) != 0 { batch.append(name); b *= size } else {
        inner.append(name)
        k *= size
      }
      i += 1
    }
    i = 0
    while i < y.names.count {
      if both & bit(y.names[i]) == 0 { columns.append(y.names[i]); n *= y.value.shape[i] }
      i += 1
    }
    if batch.count + rows.count + columns.count > Dims.most { throw .shape("einsum: more than 8 dimensions in an intermediate result") }
    let names = chained(batch, rows, columns)
    i = 0
    while i < names.count {
      sizes.append(x.set & bit(names[i]) != 0 ? x.size(of: names[i]) : y.size(of: names[i]))
      i += 1
    }
    var left = try x.permuted(chained(batch, rows, inner)), right = try y.permuted(chained(batch, inner, columns))
    var flatLeft = Dims(m, k), flatRight = Dims(k, n)
    if !batch.isEmpty {
      flatLeft.insert(b, at: 0)
      flatRight.insert(b, at: 0)
    }
    left = try left.reshape(flatLeft)
    right = try right.reshape(flatRight)
    let z = inner.isEmpty ? try left * right : try left.matmul(right)
    return Term(try z.reshape(sizes), names)
  }

  private static func chained(_ a: Dims, _ b: Dims, _ c: Dims) -> Dims {
    var out = a, i = 0
    while i < b.count { out.append(b[i]); i += 1 }
    i = 0
    while i < c.count { out.append(c[i]); i += 1 }
    return out
  }
}
