// What is solved with triangular factors: Cholesky's, LU, systems of equations, inverse and determinant. N is a matrix's size, K the number of
// right-hand sides; leading dimensions are a batch. Computed in float64, whatever the type.
import CShim
import KernelAPI

extension Engine {
  /// x in float64, dense: a copy to work in.
  @inline(never) func doubles(_ x: UInt32, for operation: StaticString) throws(Failure) -> UInt32 {
    try converted(packed(x, for: operation), to: .float64, for: operation)
  }

  /// x, which is dense and given up, in another floating type.
  @inline(never) func converted(_ x: UInt32, to type: DType, for operation: StaticString) throws(Failure) -> UInt32 {
    let from = slot(x).pointee.dtype
    if from == type { return x }
    defer { drop(x, value: true) }
    let y = try make(type, slot(x).pointee.shape, for: operation)
    kernels.cast(from.rawValue, type.rawValue)?(slot(x).pointee.shape.product, data(x), data(y))
    return y
  }

  /// A float64 tensor of this shape, which `fill` writes, in `type`.
  func computed(_ type: DType, _ shape: Dims, for operation: StaticString, _ fill: (Doubles) throws(Failure) -> Void) throws(Failure) -> UInt32 {
    let out = try make(.float64, shape, for: operation)
    return try converted(filled(out) { () throws(Failure) in try fill(doubles(at: out)) }, to: type, for: operation)
  }

  func doubles(at x: UInt32) -> Doubles { data(x).assumingMemoryBound(to: Double.self) }

  /// Calls `body` with a copy of x's elements in float64.
  func withDoubles<T>(of x: UInt32, for operation: StaticString, _ body: (Doubles) throws(Failure) -> T) throws(Failure) -> T {
    let copy = try doubles(x, for: operation)
    defer { drop(copy, value: true) }
    return try body(doubles(at: copy))
  }
}

extension Dims {
  /// Without the last n.
  @inline(never) func dropping(_ n: Int) -> Dims {
    var d = self
    d.count -= n
    return d
  }
}

/// "… 2 of the batch", for matrix b of several.
@inline(never) private func singular(_ name: StaticString, _ b: Int, _ matrices: Int, _ order: Int) -> Failure {
  matrices == 1
    ? Failure(.singular, "\(name): the matrix is singular: diagonal element \(order) of its LU factor is zero")
    : Failure(.singular, "\(name): matrix \(b) of the batch is singular: diagonal element \(order) of its LU factor is zero")
}

/// The first zero (or NaN) on U's diagonal, counted from 1; 0 if there is none.
private func zeroPivot(_ lu: Doubles, _ n: Int) -> Int {
  var i = 0
  while i < n { if lu[i &* (n &+ 1)] == 0 { return i &+ 1 }; i &+= 1 }
  return 0
}

// MARK: - Rules

/// A = L·Lᵀ of the lower triangle;  dA = ½·L⁻ᵀ·(Φ(Lᵀg) + Φ(Lᵀg)ᵀ)·L⁻¹, Φ: lower triangle, diagonal halved (Murray 2016, eq. 8)
enum Cholesky: Rule {
  static var name: StaticString { "cholesky" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let e = c.engine, shape = c[0].pointee.shape, n = shape.last, matrices = shape.dropping(2).product
    let out = try e.doubles(c.input(0), for: name)
    let done = try e.filled(out) { () throws(Failure) in
      var b = 0
      while b < matrices {
        let order = try e.cholesky(e.doubles(at: out) + b &* n &* n, n, for: name)
        if order > 0 {
          throw matrices == 1
            ? Failure(.singular, "cholesky: the matrix is not positive definite: its leading minor of order \(order) is not positive")
            : Failure(.singular, "cholesky: matrix \(b) of the batch is not positive definite: its leading minor of order \(order) is not positive")
        }
        b &+= 1
      }
    }
    return try e.converted(done, to: c[0].pointee.dtype, for: name)
  }
  static func saves(_ wants: UInt8) -> UInt8 { savesOutput }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let l = n.output, p = try l.mT.matmul(g).triangle(upper: false)
    let s = try p + p.mT - p * p.identity()  // the diagonal once
    // L⁻ᵀ·s·L⁻¹ = L⁻ᵀ·(L⁻ᵀ·sᵀ)ᵀ
    let half = try l.mT.triangularSolved(s, upper: true)
    let a = try l.mT.triangularSolved(half.mT, upper: true)
    try n.give(0, (a + a.mT) * 0.25)
  }
}

/// x = A⁻¹·b for a triangular A;  db = A⁻ᵀ·g, dA = −(db·xᵀ) in that triangle      (a: upper, b: the diagonal is ones)
enum SolveTriangular: Rule {
  static var name: StaticString { "solve_triangular" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let a = c.attributes
    return try solved(c, name) { (e, factor, right, n, k) throws(Failure) in
      try e.solveTriangular(Matrix(factor, n, 1), n, right, k, upper: a.a != 0, unit: a.b != 0, for: name)
    }
  }

  /// Right-hand sides [.., N, K] in place of x, each solved with its matrix of A.
  static func solved(
    _ c: Call, _ name: StaticString, _ solve: (Engine, Doubles, Doubles, Int, Int) throws(Failure) -> Void
  ) throws(Failure) -> UInt32 {
    let e = c.engine, own = c[0].pointee.shape.dropping(2), n = c[0].pointee.shape.last, k = c[1].pointee.shape.last
    let batch = try own.broadcast(with: c[1].pointee.shape.dropping(2), for: name)
    let strides = own.strides(own.contiguousStrides, stretchedTo: batch)
    let right = try e.converted(e.packed(c.input(1), stretchedTo: batch.appending(n, k), for: name), to: .float64, for: name)
    let done = try e.filled(right) { () throws(Failure) in
      try e.withDoubles(of: c.input(0), for: name) { (a) throws(Failure) in
        var b = 0
        while b < batch.product {
          try solve(e, a + offset(batch, strides, b) &* n &* n, e.doubles(at: right) + b &* n &* k, n, k)
          b &+= 1
        }
      }
    }
    return try e.converted(done, to: c[1].pointee.dtype, for: name)
  }

  /// Where element i of a batch lies for these strides.
  @inline(never) static func offset(_ batch: Dims, _ strides: Dims, _ i: Int) -> Int {
    var rest = i, at = 0, d = batch.count - 1
    while d >= 0 {
      at &+= rest % batch[d] &* strides[d]
      rest /= batch[d]
      d -= 1
    }
    return at
  }

  static func saves(_ wants: UInt8) -> UInt8 { wants & 1 != 0 ? 1 | savesOutput : 1 }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let a = n.attributes, db = try n[0].mT.triangularSolved(g, upper: a.a == 0, unit: a.b != 0)
    if n.wants(0) { try n.give(0, -(db.matmul(n.output.mT)).triangle(upper: a.a != 0, diagonal: a.b == 0 ? 0 : a.a != 0 ? 1 : -1)) }
    if n.wants(1) { try n.give(1, db) }
  }
}

/// x = A⁻¹·b;  db = A⁻ᵀ·g, dA = −db·xᵀ
enum Solve: Rule {
  static var name: StaticString { "solve" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let e = c.engine, shape = c[0].pointee.shape, n = shape.last, matrices = shape.dropping(2).product
    return try e.withDoubles(of: c.input(0), for: name) { (a) throws(Failure) -> UInt32 in
      try e.withScratch(of: Double.self, count: matrices &* n, for: name) { (pivots) throws(Failure) -> UInt32 in
        var b = 0
        while b < matrices {
          _ = try e.lu(a + b &* n &* n, n, n, pivots: pivots + b &* n, for: name)
          let order = zeroPivot(a + b &* n &* n, n)
          if order > 0 { throw singular(name, b, matrices, order) }
          b &+= 1
        }
        let own = shape.dropping(2), k = c[1].pointee.shape.last
        let batch = try own.broadcast(with: c[1].pointee.shape.dropping(2), for: name)
        let strides = own.strides(own.contiguousStrides, stretchedTo: batch)
        let right = try e.converted(e.packed(c.input(1), stretchedTo: batch.appending(n, k), for: name), to: .float64, for: name)
        let done = try e.filled(right) { () throws(Failure) in
          b = 0
          while b < batch.product {
            let which = SolveTriangular.offset(batch, strides, b)
            try e.solve(
              lu: a + which &* n &* n, n, pivots: pivots + which &* n, e.doubles(at: right) + b &* n &* k, k, transposed: false, for: name)
            b &+= 1
          }
        }
        return try e.converted(done, to: c[1].pointee.dtype, for: name)
      }
    }
  }
  static func saves(_ wants: UInt8) -> UInt8 { wants & 1 != 0 ? 1 | savesOutput : 1 }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let db = try n[0].mT.apply(.solve, g)
    if n.wants(0) { try n.give(0, -db.matmul(n.output.mT)) }
    if n.wants(1) { try n.give(1, db) }
  }
}

/// y = A⁻¹;  dA = −yᵀ·g·yᵀ      (a: 1 lets a singular matrix give infinities instead of an error)
enum Inverse: Rule {
  static var name: StaticString { "inverse" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let e = c.engine, shape = c[0].pointee.shape, n = shape.last, matrices = shape.dropping(2).product, lenient = c.attributes.a != 0
    return try e.withDoubles(of: c.input(0), for: name) { (a) throws(Failure) -> UInt32 in
      try e.withScratch(of: Double.self, count: n, for: name) { (pivots) throws(Failure) -> UInt32 in
        try e.computed(c[0].pointee.dtype, shape, for: name) { (y) throws(Failure) in
          var b = 0
          while b < matrices {
            let lu = a + b &* n &* n
            _ = try e.lu(lu, n, n, pivots: pivots, for: name)
            let order = zeroPivot(lu, n)
            if order > 0, !lenient { throw singular(name, b, matrices, order) }
            try inverse(e, lu, n, pivots, y + b &* n &* n, scaled: 1, transposed: false, name)
            b &+= 1
          }
        }
      }
    }
  }
  /// y = scaled·A⁻¹, or A⁻ᵀ, from `lu`.
  @inline(never) static func inverse(
    _ e: Engine, _ lu: Doubles, _ n: Int, _ pivots: Doubles, _ y: Doubles, scaled: Double, transposed: Bool, _ name: StaticString
  ) throws(Failure) {
    var i = 0
    while i < n &* n { y[i] = i / n == i % n ? scaled : 0; i &+= 1 }
    try e.solve(lu: lu, n, pivots: pivots, y, n, transposed: transposed, for: name)
  }
  static func saves(_ wants: UInt8) -> UInt8 { savesOutput }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let y = try n.output.mT
    try n.give(0, -(y.matmul(g).matmul(y)))
  }
}

/// y = det A;  dA = g·cofactors of A, also where A is singular
enum Det: Rule {
  static var name: StaticString { "det" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    try each(c, c[0].pointee.shape.dropping(2)) { (_, lu, n, _, sign, y, b) throws(Failure) in
      var d = sign, i = 0
      while i < n { d *= lu[i &* (n &+ 1)]; i &+= 1 }
      y[b] = d
    }
  }

  /// A result computed from each matrix's LU: `body(engine, lu, n, pivots, sign, result, number)`.
  static func each(
    _ c: Call, _ shape: Dims, _ body: (Engine, Doubles, Int, Doubles, Double, Doubles, Int) throws(Failure) -> Void
  ) throws(Failure) -> UInt32 {
    let e = c.engine, n = c[0].pointee.shape.last, matrices = c[0].pointee.shape.dropping(2).product
    return try e.withDoubles(of: c.input(0), for: name) { (a) throws(Failure) -> UInt32 in
      try e.withScratch(of: Double.self, count: n, for: name) { (pivots) throws(Failure) -> UInt32 in
        try e.computed(c[0].pointee.dtype, shape, for: name) { (y) throws(Failure) in
          var b = 0
          while b < matrices {
            let lu = a + b &* n &* n, sign = try e.lu(lu, n, n, pivots: pivots, for: name)
            try body(e, lu, n, pivots, sign, y, b)
            b &+= 1
          }
        }
      }
    }
  }

  /// The cofactors of each matrix: det·A⁻ᵀ of a matrix that differs from A by rounding errors at most, whose pivots are not 0. Nothing is
  /// lost by that: cofactors are polynomials of the elements.
  private static func cofactors(_ c: Call) throws(Failure) -> UInt32 {
    try each(c, c[0].pointee.shape) { (e, lu, n, pivots, sign, y, b) throws(Failure) in
      var largest = 0.0, i = 0, d = sign
      while i < n &* n { let x = lu[i].magnitude; if x > largest { largest = x }; i &+= 1 }
      if largest == 0, n > 1 { memset(y + b &* n &* n, 0, n &* n &* 8); return }
      i = 0
      while i < n {
        if lu[i &* (n &+ 1)] == 0 { lu[i &* (n &+ 1)] = largest > 0 ? largest * .ulpOfOne : .ulpOfOne }
        d *= lu[i &* (n &+ 1)]
        i &+= 1
      }
      try Inverse.inverse(e, lu, n, pivots, y + b &* n &* n, scaled: d, transposed: true, name)
    }
  }

  static func saves(_ wants: UInt8) -> UInt8 { 1 }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let e = g.engine, a = n[0], scale = try g.unsqueeze(-1).unsqueeze(-1)
    if a.count == 0 { return try n.give(0, a * scale) }
    if !e.isRecording { return try n.give(0, e.hand(cofactors(Call(e, a))) * scale) }
    if try isRegular(Call(e, a)) { return try n.give(0, a.apply(.inverse).mT * (a.apply(.det).unsqueeze(-1).unsqueeze(-1) * scale)) }
    try n.give(0, minors(a) * scale)
  }

  /// Whether det·A⁻ᵀ may be differentiated without losing more than half the digits.
  private static func isRegular(_ c: Call) throws(Failure) -> Bool {
    var regular = true
    let bound = c[0].pointee.dtype == .float64 ? 1e-8 : 3e-4
    let unused = try each(c, c[0].pointee.shape.dropping(2)) { (_, lu, n, _, _, _, _) in
      var low = Double.infinity, high = 0.0, i = 0
      while i < n {
        let d = lu[i &* (n &+ 1)].magnitude
        if d < low { low = d }
        if d > high { high = d }
        i &+= 1
      }
      if n > 0, !(low > bound * high) { regular = false }
    }
    c.engine.drop(unused, value: true)
    return regular
  }

  /// The cofactors as signed determinants of the matrix without a row and a column: exact to every order, O(N⁵).
  private static func minors(_ a: Value) throws(Failure) -> Value {
    let e = a.engine, n = a.shape.last, batch = a.shape.dropping(2), m = n - 1
    if n > 64 { throw .graph("det: the second derivative at a (nearly) singular matrix is there up to N = 64, not for \(a.shape)") }
    if n == 1 { return try Value.full(e, a.dtype, a.shape, 1) }
    let others = try Value.empty(e, .int64, Dims(n * m), for: name), p = others.data(as: Int64.self)
    let signs = try Value.empty(e, a.dtype, Dims(n, n), for: name)
    var i = 0
    while i < n * m { p[i] = Int64(i % m < i / m ? i % m : i % m + 1); i += 1 }
    i = 0
    while i < n * n { signs.set(i, to: (i / n + i % n) % 2 == 0 ? 1 : -1); i += 1 }
    let all = batch.product
    var split = Dims(all, n)
    split.append(m)
    split.append(n)
    split.append(m)
    let rows = try a.reshape(Dims(all, n).appending(n)).indexSelect(1, others).indexSelect(2, others).reshape(split)
    var order = Dims(0, 1)
    order.append(3)
    order.append(2)
    order.append(4)
    return try (rows.permute(order).apply(.det) * signs).reshape(a.shape)
  }
}

/// y = [sign det A, ln |det A|] in one last dimension;  dA = g₁·A⁻ᵀ
enum Slogdet: Rule {
  static var name: StaticString { "slogdet" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    try Det.each(c, c[0].pointee.shape.dropping(2).appending(2)) { (_, lu, n, _, sign, y, b) in
      var s = sign, logarithm = 0.0, i = 0
      while i < n {
        let d = lu[i &* (n &+ 1)]
        s *= d > 0 ? 1 : d < 0 ? -1 : d
        logarithm += shim_log(d.magnitude)
        i &+= 1
      }
      y[2 &* b] = s
      y[2 &* b &+ 1] = logarithm
    }
  }
  static func saves(_ wants: UInt8) -> UInt8 { 1 }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let inverse = try n[0].apply(.inverse, Attributes(a: 1))
    try n.give(0, inverse.mT * g.select(-1, 1).unsqueeze(-1).unsqueeze(-1))
  }
}

/// y = the elements of LU, then the row each was exchanged with, in one last dimension: P·A = L·U for A [.., M, N].
/// dA of a square A = Pᵀ·L⁻ᵀ·[strict lower of Lᵀ·dL + upper of dU·Uᵀ]·U⁻ᵀ; the columns beyond M and rows beyond N belong to one factor alone
/// (de Hoog, Anderssen, Lukas 2011)
enum LU: Rule {
  static var name: StaticString { "lu" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let e = c.engine, shape = c[0].pointee.shape, n = shape.last, m = shape[shape.count - 2], r = m < n ? m : n
    let batch = shape.dropping(2), size = m &* n &+ r
    return try e.withDoubles(of: c.input(0), for: name) { (a) throws(Failure) -> UInt32 in
      try e.computed(c[0].pointee.dtype, batch.appending(size), for: name) { (y) throws(Failure) in
        var b = 0
        while b < batch.product {
          let to = y + b &* size
          memcpy(to, a + b &* m &* n, m &* n &* 8)
          _ = try e.lu(to, m, n, pivots: to + m &* n, for: name)
          b &+= 1
        }
      }
    }
  }
  static func saves(_ wants: UInt8) -> UInt8 { savesOutput }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let shape = n[0].shape, rows = shape[shape.count - 2], columns = shape.last, r = rows < columns ? rows : columns
    let batch = shape.dropping(2), y = n.output
    if shape.product == 0 { return try n.give(0, Value.zeros(g.engine, g.dtype, shape)) }
    let lu = try y.packedPart(0, batch, rows, columns), d = try g.packedPart(0, batch, rows, columns)
    let square = try lu.slice(-2, 0, r, 1).slice(-1, 0, r, 1)  // holds L above row r and U before column r
    var dl = try d.slice(-1, 0, r, 1).triangle(upper: false, diagonal: -1), du = try d.slice(-2, 0, r, 1).triangle(upper: true)
    var rest: Value?
    let l = try square.triangle(upper: false, diagonal: -1), u = try square.triangle(upper: true)
    let lT = try (l + l.identity()).mT
    if columns > r {
      let u2 = try lu.slice(-1, r, columns, 1)
      rest = try lT.triangularSolved(du.slice(-1, r, columns, 1), upper: true, unit: true)
      dl = try dl - rest.unsafelyUnwrapped.matmul(u2.mT)
      du = try du.slice(-1, 0, r, 1)
    } else if rows > r {
      // A₂ = L₂·U: dA₂ = dL₂·U⁻ᵀ = (U⁻¹·dL₂ᵀ)ᵀ
      let l2 = try lu.slice(-2, r, rows, 1)
      rest = try u.triangularSolved(dl.slice(-2, r, rows, 1).mT, upper: true).mT
      du = try du - l2.mT.matmul(rest.unsafelyUnwrapped)
      dl = try dl.slice(-2, 0, r, 1)
    }
    let inner = try lT.matmul(dl).triangle(upper: false, diagonal: -1) + du.matmul(u.mT).triangle(upper: true)
    let left = try lT.triangularSolved(inner, upper: true, unit: true)
    var da = try u.triangularSolved(left.mT, upper: true).mT  // left·U⁻ᵀ = (U⁻¹·leftᵀ)ᵀ
    if let rest { da = try Value.joined(da, rest, columns > r ? -1 : -2) }
    try n.give(0, permutation(y, batch, rows, columns).mT.matmul(da))
  }

  /// P, a matrix of zeros and ones, from the exchanges at the end of y.
  static func permutation(_ y: Value, _ batch: Dims, _ rows: Int, _ columns: Int) throws(Failure) -> Value {
    let e = y.engine, r = rows < columns ? rows : columns, dense = try y.detach().contiguous(), size = rows &* columns &+ r
    let p = try Value.zeros(e, y.dtype, batch.appending(rows, rows))
    try e.withScratch(of: Int.self, count: rows, for: name) { (order) in
      var b = 0
      while b < batch.product {
        var i = 0
        while i < rows { order[i] = i; i &+= 1 }
        i = 0
        while i < r {
          let j = Int(dense.get(b &* size &+ rows &* columns &+ i)), t = order[i]
          order[i] = order[j]
          order[j] = t
          i &+= 1
        }
        i = 0
        while i < rows { p.set((b &* rows &+ i) &* rows &+ order[i], to: 1); i &+= 1 }
        b &+= 1
      }
    }
    return p
  }
}

// MARK: - Helpers of the rules

extension Value {
  /// The last two dimensions exchanged.
  var mT: Value { @inline(never) get throws(Failure) { try transpose(-2, -1) } }

  /// Elements on and above (on and below) a diagonal, zeros elsewhere.
  @inline(never) func triangle(upper: Bool, diagonal: Int = 0) throws(Failure) -> Value {
    let m = shape[rank - 2], n = shape.last
    let mask = try Value.empty(engine, .bool, Dims(m, n), for: "triangle"), p = mask.data(as: UInt8.self)
    var i = 0
    while i < m {
      var j = 0
      while j < n { p[i &* n &+ j] = (upper ? j &- i >= diagonal : j &- i <= diagonal) ? 1 : 0; j &+= 1 }
      i &+= 1
    }
    return try mask.select(self, number(0))
  }

  /// The identity of this matrix's size.
  @inline(never) func identity() throws(Failure) -> Value { try Value.eye(engine, dtype, shape.last) }

  @inline(never) func triangularSolved(_ b: Value, upper: Bool, unit: Bool = false) throws(Failure) -> Value {
    try apply(.solveTriangular, b, Attributes(a: upper ? 1 : 0, b: unit ? 1 : 0))
  }

  /// The elements start … of the last dimension as matrices m×n.
  @inline(never) func packedPart(_ start: Int, _ batch: Dims, _ m: Int, _ n: Int) throws(Failure) -> Value {
    try slice(-1, start, start &+ m &* n, 1).reshape(batch.appending(m, n))
  }

  @inline(never) static func joined(_ a: Value, _ b: Value, _ dim: Int) throws(Failure) -> Value {
    var both = InlineArray<2, Value>(repeating: a)
    both[1] = b
    let p = withUnsafePointer(to: &both) { UnsafeRawPointer($0).assumingMemoryBound(to: Value.self) }
    return try cat(UnsafeBufferPointer(start: p, count: 2), dim)
  }
}
