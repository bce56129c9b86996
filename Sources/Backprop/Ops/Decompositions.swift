// Orthogonal decompositions: QR, symmetric eigenvalues, singular values, pseudo-inverse. A matrix is M×N, R = min(M, N); leading dimensions are a
// batch. The parts of a result lie one after another in the last dimension of what is recorded; callers get slices of it.
import CShim
import KernelAPI

/// A = Q·R, with LAPACK's signs: y = Q [M, K] and R [K, N], K = R or (a: complete) M.
/// M ≥ N: dA = (dQ + Q·sym(tril(R·dRᵀ − dQᵀ·Q)))·R⁻ᵀ (Walter, Lehmann, Lamm 2012); M < N: the same for the first M columns X, with dQ + Y·dVᵀ, where
/// A = [X Y] and R = [U V] (Roberts, Roberts 2020)
enum QR: Rule {
  static var name: StaticString { "qr" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let e = c.engine, shape = c[0].pointee.shape, n = shape.last, m = shape[shape.count - 2], r = m < n ? m : n
    let k = c.attributes.a != 0 ? m : r, batch = shape.dropping(2), size = m &* k &+ k &* n
    return try e.withDoubles(of: c.input(0), for: name) { (all) throws(Failure) -> UInt32 in
      try e.withScratch(of: Double.self, count: r &+ (n > k ? n : k), for: name) { (tau) throws(Failure) -> UInt32 in
        try e.computed(c[0].pointee.dtype, batch.appending(size), for: name) { (y) in
          var b = 0
          while b < batch.product {
            let a = all + b &* m &* n, q = y + b &* size
            householder(a, m, n, tau: tau, work: tau + r)
            orthogonal(a, m, n, tau: tau, q, k, work: tau + r)
            let to = q + m &* k
            var i = 0
            while i < k &* n { to[i] = i % n >= i / n ? a[i] : 0; i &+= 1 }
            b &+= 1
          }
        }
      }
    }
  }
  static func saves(_ wants: UInt8) -> UInt8 { savesOutput | 1 }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let a = n[0], shape = a.shape, rows = shape[shape.count - 2], columns = shape.last, batch = shape.dropping(2)
    if n.attributes.a != 0, rows > columns {
      throw .graph("qr: has no gradient in mode 'complete' for a matrix \(shape) with more rows than columns")
    }
    if shape.product == 0 { return try n.give(0, Value.zeros(g.engine, g.dtype, shape)) }
    let k = rows < columns ? rows : columns, y = n.output
    let q = try y.packedPart(0, batch, rows, k), r = try y.packedPart(rows * k, batch, k, columns)
    var dq = try g.packedPart(0, batch, rows, k), dr = try g.packedPart(rows * k, batch, k, columns)
    var u = r, rest: Value?
    if columns > rows {
      let dv = try dr.slice(-1, k, columns, 1)
      dq = try dq + a.slice(-1, k, columns, 1).matmul(dv.mT)
      rest = try q.matmul(dv)
      dr = try dr.slice(-1, 0, k, 1)
      u = try r.slice(-1, 0, k, 1)
    }
    let m = try u.matmul(dr.mT) - dq.mT.matmul(q)
    let symmetric = try m.triangle(upper: false) + m.triangle(upper: false, diagonal: -1).mT
    let x = try u.triangularSolved((dq + q.matmul(symmetric)).mT, upper: true).mT
    try n.give(0, rest.map { (rest: Value) throws(Failure) -> Value in try .joined(x, rest, -1) } ?? x)
  }
}

/// A = V·diag(λ)·Vᵀ of the lower (a: upper) triangle, λ ascending: y = λ [N] and V [N, N].
/// dA = V·(diag(dλ) + sym((Vᵀ·dV) / (λⱼ − λᵢ)))·Vᵀ (Giles 2008, section 3.1)
enum Eigh: Rule {
  static var name: StaticString { "eigh" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let e = c.engine, shape = c[0].pointee.shape, n = shape.last, batch = shape.dropping(2), size = n &+ n &* n
    return try e.withDoubles(of: c.input(0), for: name) { (a) throws(Failure) -> UInt32 in
      try e.withScratch(of: Double.self, count: n, for: name) { (work) throws(Failure) -> UInt32 in
        try e.computed(c[0].pointee.dtype, batch.appending(size), for: name) { (y) throws(Failure) in
          var b = 0
          while b < batch.product {
            let v = a + b &* n &* n, w = y + b &* size
            var i = 0
            while c.attributes.a != 0, i < n &* n {
              if i % n < i / n { v[i] = v[i % n &* n &+ i / n] }
              i &+= 1
            }
            if !symmetricEigen(v, n, w, work) {
              throw Failure(.singular, "eigh: no convergence for matrix \(b): it has elements that are not finite, or eigenvalues too close together")
            }
            i = 0
            while i < n &* n { w[n &+ i] = v[i % n &* n &+ i / n]; i &+= 1 }
            b &+= 1
          }
        }
      }
    }
  }
  static func saves(_ wants: UInt8) -> UInt8 { savesOutput }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let shape = n[0].shape, size = shape.last, batch = shape.dropping(2), y = n.output
    let v = try y.packedPart(size, batch, size, size), w = try y.slice(-1, 0, size, 1)
    let gap = try w.unsqueeze(-2) - w.unsqueeze(-1), eye = try v.identity()
    let turned = try v.mT.matmul(g.packedPart(size, batch, size, size))
    let inner = try (turned - turned.mT).quotient(gap) * 0.5 + eye * g.slice(-1, 0, size, 1).unsqueeze(-2)
    try n.give(0, v.matmul(inner).matmul(v.mT))
  }
}

/// A = U·diag(s)·Vᵀ, s descending: y = U [M, K], s [R], Vᵀ [L, N] with K = L = R, or (a: full) K = M and L = N.
/// dA = U·(skew(Uᵀ·dU)/E·s + s·skew(Vᵀ·dV)/E + diag(ds))·Vᵀ + (I − UUᵀ)·dU/s·Vᵀ + U/s·dVᵀ·(I − VVᵀ), E = sⱼ² − sᵢ² (Townsend 2016, eq. 29–35);
/// the columns beyond R have none.
enum SVD: Rule {
  static var name: StaticString { "svd" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let e = c.engine, shape = c[0].pointee.shape, n = shape.last, m = shape[shape.count - 2], r = m < n ? m : n
    let k = c.attributes.a != 0 ? m : r, l = c.attributes.a != 0 ? n : r, batch = shape.dropping(2), size = m &* k &+ r &+ l &* n
    return try e.withDoubles(of: c.input(0), for: name) { (a) throws(Failure) -> UInt32 in
      try e.computed(c[0].pointee.dtype, batch.appending(size), for: name) { (y) throws(Failure) in
        var b = 0
        while b < batch.product {
          let u = y + b &* size
          try decompose(e, a + b &* m &* n, m, n, u, k, u + m &* k, u + m &* k + r, l, b, name)
          b &+= 1
        }
      }
    }
  }

  /// u (m×k), s, vt (l×n) of a (m×n). The shorter sides are made orthogonal, the longer follow.
  @inline(never) static func decompose(
    _ e: Engine, _ a: Doubles, _ m: Int, _ n: Int, _ u: Doubles, _ k: Int, _ s: Doubles, _ vt: Doubles, _ l: Int, _ number: Int, _ name: StaticString
  ) throws(Failure) {
    let r = m < n ? m : n, long = m < n ? n : m, wide = m < n
    try e.withScratch(of: Double.self, count: r &* (2 &* long &+ r) &+ 2 &* long, for: name) { (x) throws(Failure) in
      let v = x + r &* long, full = v + r &* r, tau = full + r &* long
      var i = 0
      while i < r &* long { x[i] = wide ? a[i] : a[i % long &* n &+ i / long]; i &+= 1 }
      i = 0
      while i < r &* r { v[i] = i / r == i % r ? 1 : 0; i &+= 1 }
      let rank = orthogonalizeRows(x, r, long, v, s)
      if rank < 0 { throw Failure(.singular, "\(name): no convergence for matrix \(number): it has elements that are not finite") }
      // Rows of x beyond the rank, and the columns a full factor has more, complete the basis.
      let wanted = wide ? l : k
      if wanted > rank {
        i = 0
        while i < long &* rank { full[i] = x[i % (rank > 0 ? rank : 1) &* long &+ i / (rank > 0 ? rank : 1)]; i &+= 1 }
        let basis = try e.make(.float64, Dims(long, wanted), for: name)
        defer { e.drop(basis, value: true) }
        householder(full, long, rank, tau: tau, work: tau + long)
        orthogonal(full, long, rank, tau: tau, e.doubles(at: basis), wanted, work: tau + long)
        place(x, rank, long, e.doubles(at: basis), wanted, into: wide ? vt : u, wide)
      } else {
        place(x, wanted, long, x, wanted, into: wide ? vt : u, wide)
      }
      i = 0
      while i < r &* r { (wide ? u : vt)[i] = wide ? v[i % r &* r &+ i / r] : v[i]; i &+= 1 }
    }
  }

  /// The first `rank` rows of x, then the columns of `basis` (long×wanted), as rows or columns of a factor.
  @inline(never) private static func place(_ x: Doubles, _ rank: Int, _ long: Int, _ basis: Doubles, _ wanted: Int, into y: Doubles, _ rows: Bool) {
    var i = 0
    while i < wanted &* long {
      let j = i / long, t = i % long
      y[rows ? i : t &* wanted &+ j] = j < rank ? x[i] : basis[t &* wanted &+ j]
      i &+= 1
    }
  }

  static func saves(_ wants: UInt8) -> UInt8 { savesOutput }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let shape = n[0].shape, rows = shape[shape.count - 2], columns = shape.last, r = rows < columns ? rows : columns, batch = shape.dropping(2)
    if shape.product == 0 { return try n.give(0, Value.zeros(g.engine, g.dtype, shape)) }
    let full = n.attributes.a != 0, k = full ? rows : r, l = full ? columns : r, y = n.output
    let u = try y.packedPart(0, batch, rows, k).slice(-1, 0, r, 1), s = try y.slice(-1, rows * k, rows * k + r, 1)
    let vt = try y.packedPart(rows * k + r, batch, l, columns).slice(-2, 0, r, 1)
    let du = try g.packedPart(0, batch, rows, k).slice(-1, 0, r, 1), dvt = try g.packedPart(rows * k + r, batch, l, columns).slice(-2, 0, r, 1)
    let across = try s.unsqueeze(-2), down = try s.unsqueeze(-1), gap = try (across - down) * (across + down)
    func skew(_ x: Value) throws(Failure) -> Value { try (x - x.mT).quotient(gap) }
    let left = try u.mT.matmul(du), right = try vt.matmul(dvt.mT)
    let inner = try skew(left) * across + down * skew(right) + u.mT.matmul(u).identity() * g.slice(-1, rows * k, rows * k + r, 1).unsqueeze(-2)
    var da = try u.matmul(inner).matmul(vt)
    if rows > r { da = try da + (du - u.matmul(left)).quotient(across).matmul(vt) }
    if columns > r { da = try da + u.matmul((dvt - right.mT.matmul(vt)).quotient(down)) }
    try n.give(0, da)
  }
}

/// y = A⁺ [N, M], singular values up to max(x, y·the largest) taken as 0;
/// dA = −yᵀ·g·yᵀ + (I − A·y)·gᵀ·y·yᵀ + yᵀ·y·gᵀ·(I − y·A) (Golub, Pereyra 1973, theorem 4.3)      (x: absolute, y: relative bound)
enum Pinverse: Rule {
  static var name: StaticString { "pinverse" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let e = c.engine, shape = c[0].pointee.shape, n = shape.last, m = shape[shape.count - 2], r = m < n ? m : n, batch = shape.dropping(2)
    let bounds = c.attributes
    return try e.withDoubles(of: c.input(0), for: name) { (a) throws(Failure) -> UInt32 in
      try e.withScratch(of: Double.self, count: r &* (m &+ n &+ 1), for: name) { (u) throws(Failure) -> UInt32 in
        try e.computed(c[0].pointee.dtype, batch.appending(n, m), for: name) { (y) throws(Failure) in
          let s = u + m &* r, vt = s + r
          memset(y, 0, batch.product &* n &* m &* 8)
          var b = 0
          while b < batch.product {
            try SVD.decompose(e, a + b &* m &* n, m, n, u, r, s, vt, r, b, name)
            var i = 0
            while i < r, s[i] > bounds.x, s[i] > bounds.y * s[0] {
              var p = 0
              while p < n &* m {
                y[b &* n &* m &+ p] += vt[i &* n &+ p / m] / s[i] * u[p % m &* r &+ i]
                p &+= 1
              }
              i &+= 1
            }
            b &+= 1
          }
        }
      }
    }
  }
  static func saves(_ wants: UInt8) -> UInt8 { savesOutput | 1 }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let a = n[0], y = n.output, yT = try y.mT, gT = try g.mT
    let second = try gT.matmul(y).matmul(yT), third = try yT.matmul(y).matmul(gT)
    try n.give(0, second - a.matmul(y).matmul(second) + third - third.matmul(y).matmul(a) - yT.matmul(g).matmul(yT))
  }
}

extension Value {
  /// self/d, and 0 where both are 0: what equal eigenvalues hand on where nothing depends on their vectors.
  @inline(never) fileprivate func quotient(_ d: Value) throws(Failure) -> Value {
    try self / eq(0).logicalNot().select(d, d.eq(0).select(number(1), d))
  }
}

// MARK: - As methods

extension Value {
  /// The shape of a batch of matrices of a floating type; M×N, or N×N.
  @inline(never) func checkMatrix(_ name: StaticString, square: Bool = false) throws(Failure) {
    if !dtype.isDifferentiable { throw .dtype("\(name): needs float32 or float64, not \(dtype)") }
    if rank < 2 { throw .shape("\(name): needs a matrix or a batch of them, the shape is \(shape)") }
    if square, shape[rank - 2] != shape.last { throw .shape("\(name): the matrices must be square, the shape is \(shape)") }
    let (_, o) = shape[rank - 2].multipliedReportingOverflow(by: shape[rank - 2])
    let (_, p) = shape.last.multipliedReportingOverflow(by: shape.last)
    if o || p { throw .shape("\(name): the matrices are too large: \(shape)") }
  }

  /// L of A = L·Lᵀ, or U of A = Uᵀ·U; only that triangle of A is read.
  package func cholesky(upper: Bool) throws(Failure) -> Value {
    try checkMatrix("cholesky", square: true)
    if !upper { return try apply(.cholesky) }
    return try engine.scoped { () throws(Failure) -> Value in try mT.apply(.cholesky).mT }
  }

  /// The order of the first leading minor that is not positive, int32, 0 where all are.
  package func choleskyOrder(upper: Bool) throws(Failure) -> Value {
    try checkMatrix("cholesky_ex", square: true)
    let n = shape.last, batch = shape.dropping(2)
    return try engine.scoped { () throws(Failure) -> Value in
      let out = try Value.empty(engine, .int32, batch, for: "cholesky_ex"), x = upper ? try mT : self
      try engine.withDoubles(of: x.index, for: "cholesky_ex") { (a) throws(Failure) in
        var b = 0
        while b < batch.product {
          out.data(as: Int32.self)[b] = Int32(truncatingIfNeeded: try engine.cholesky(a + b &* n &* n, n, for: "cholesky_ex"))
          b &+= 1
        }
      }
      return out
    }
  }

  @inline(never) private func checkSystem(_ b: Value, _ name: StaticString, vector: Bool) throws(Failure) {
    try checkMatrix(name, square: true)
    try engine.check(self, b, for: name)
    if b.dtype != dtype { throw .dtype("\(name): operands are \(dtype) and \(b.dtype); bring them to one type") }
    let rows = vector ? b.shape.last : b.shape[b.rank - 2]
    if rows != shape.last { throw .shape("\(name): \(b.shape) does not fit the matrix \(shape)") }
    _ = try shape.dropping(2).broadcast(with: b.shape.dropping(vector ? 1 : 2), for: name)
  }

  /// X of A·X = B (or X·A = B) for a triangular A (self); the other triangle is not read.
  package func solveTriangular(_ b: Value, upper: Bool, left: Bool, unit: Bool) throws(Failure) -> Value {
    if b.rank < 2 { throw .shape("solve_triangular: the right-hand side must be a matrix, it is \(b.shape)") }
    if left {
      try checkSystem(b, "solve_triangular", vector: false)
      return try triangularSolved(b, upper: upper, unit: unit)
    }
    return try engine.scoped { () throws(Failure) -> Value in
      let transposed = try b.mT
      try checkSystem(transposed, "solve_triangular", vector: false)
      return try mT.triangularSolved(transposed, upper: !upper, unit: unit).mT
    }
  }

  /// X of A·X = B (or X·A = B); B is a vector for each matrix where it has one dimension, or A's shape without the last.
  package func solve(_ b: Value, left: Bool) throws(Failure) -> Value {
    try checkMatrix("solve", square: true)
    let vector = b.rank == 1 || (b.rank == rank - 1 && b.shape == shape.dropping(1))
    if b.rank == 0 { throw .shape("solve: the right-hand side must have a dimension") }
    if vector, !left { throw .argument("solve: left = false needs a matrix on the right, not \(b.shape)") }
    return try engine.scoped { () throws(Failure) -> Value in
      let right = vector ? try b.unsqueeze(-1) : left ? b : try b.mT
      try checkSystem(right, "solve", vector: false)
      let x = left ? try apply(.solve, right) : try mT.apply(.solve, right).mT
      return vector ? try x.squeeze(-1) : x
    }
  }

  package func inverse() throws(Failure) -> Value {
    try checkMatrix("inverse", square: true)
    return try apply(.inverse)
  }

  package func det() throws(Failure) -> Value {
    try checkMatrix("det", square: true)
    return try apply(.det)
  }

  package func slogdet() throws(Failure) -> (sign: Value, logarithm: Value) {
    try checkMatrix("slogdet", square: true)
    let y = try apply(.slogdet)
    defer { y.release() }
    return try two { (i) throws(Failure) in try y.select(-1, i) }
  }

  /// ln det A; NaN where the determinant is negative.
  package func logdet() throws(Failure) -> Value {
    try checkMatrix("logdet", square: true)
    return try engine.scoped { () throws(Failure) -> Value in
      let y = try apply(.slogdet), sign = try y.detach().select(-1, 0)
      return try y.select(-1, 1) + sign.log()
    }
  }

  /// L below the diagonal (ones on it) and U from it on, and the row each row was exchanged with, counted from 1.
  package func lu() throws(Failure) -> (factors: Value, pivots: Value) {
    try checkMatrix("lu")
    let y = try apply(.lu), batch = shape.dropping(2), m = shape[rank - 2], n = shape.last
    defer { y.release() }
    return try two { (i) throws(Failure) in
      try engine.scoped { () throws(Failure) -> Value in
        if i == 0 { return try y.packedPart(0, batch, m, n) }
        return try (y.detach().slice(-1, m &* n, nil, 1) + 1).to(.int32)
      }
    }
  }

  package func qr(complete: Bool) throws(Failure) -> (q: Value, r: Value) {
    try checkMatrix("qr")
    let y = try apply(.qr, Attributes(a: complete ? 1 : 0)), batch = shape.dropping(2), m = shape[rank - 2], n = shape.last
    let k = complete || m < n ? m : n
    defer { y.release() }
    return try two { (i) throws(Failure) in
      try engine.scoped { () throws(Failure) -> Value in try i == 0 ? y.packedPart(0, batch, m, k) : y.packedPart(m &* k, batch, k, n) }
    }
  }

  /// Ascending eigenvalues and, in columns, eigenvectors of a symmetric matrix, of which one triangle is read.
  package func eigh(upper: Bool) throws(Failure) -> (values: Value, vectors: Value) {
    try checkMatrix("eigh", square: true)
    let y = try apply(.eigh, Attributes(a: upper ? 1 : 0)), n = shape.last
    defer { y.release() }
    return try two { (i) throws(Failure) in
      try engine.scoped { () throws(Failure) -> Value in try i == 0 ? y.slice(-1, 0, n, 1) : y.packedPart(n, shape.dropping(2), n, n) }
    }
  }

  package func svd(full: Bool) throws(Failure) -> (u: Value, s: Value, vt: Value) {
    try checkMatrix("svd")
    let y = try apply(.svd, Attributes(a: full ? 1 : 0)), batch = shape.dropping(2), m = shape[rank - 2], n = shape.last, r = m < n ? m : n
    let k = full ? m : r, l = full ? n : r
    defer { y.release() }
    let s = try y.slice(-1, m &* k, m &* k &+ r, 1)
    do throws(Failure) {
      let (u, vt) = try two { (i) throws(Failure) in
        try engine.scoped { () throws(Failure) -> Value in try i == 0 ? y.packedPart(0, batch, m, k) : y.packedPart(m &* k &+ r, batch, l, n) }
      }
      return (u, s, vt)
    } catch {
      s.release()
      throw error
    }
  }

  /// Moore and Penrose's inverse; singular values not above both `absolute` and `relative` times the largest count as 0.
  package func pinverse(absolute: Double, relative: Double) throws(Failure) -> Value {
    try checkMatrix("pinverse")
    if !(absolute >= 0 && relative >= 0) {
      throw .argument("pinverse: bounds must not be negative, they are \(absolute) and \(relative)")
    }
    return try apply(.pinverse, Attributes(x: absolute, y: relative))
  }

  /// Two results of one operation, or neither.
  private func two(_ make: (Int) throws(Failure) -> Value) throws(Failure) -> (Value, Value) {
    let first = try make(0)
    do throws(Failure) { return (first, try make(1)) } catch {
      first.release()
      throw error
    }
  }
}
