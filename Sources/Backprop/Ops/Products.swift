// Products of vectors and matrices under their own names: each is one matrix product, or one multiplication, and movement around it.
import CShim
import KernelAPI

extension Value {
  private func checkRanks(_ b: Value, _ mine: Int, _ other: Int, _ name: StaticString) throws(Failure) {
    try engine.check(self, b, for: name)
    if rank != mine || b.rank != other { throw .shape("\(name): needs \(mine) and \(other) dimensions: \(shape) and \(b.shape)") }
  }

  /// [M, K]·[K, N]
  package func mm(_ b: Value) throws(Failure) -> Value {
    try checkRanks(b, 2, 2, "mm")
    return try matmul(b)
  }
  /// [M, K]·[K]
  package func mv(_ b: Value) throws(Failure) -> Value {
    try checkRanks(b, 2, 1, "mv")
    return try matmul(b)
  }
  /// [B, M, K]·[B, K, N]
  package func bmm(_ b: Value) throws(Failure) -> Value {
    try checkRanks(b, 3, 3, "bmm")
    if shape[0] != b.shape[0] { throw .shape("bmm: batches of different sizes: \(shape) · \(b.shape)") }
    return try matmul(b)
  }
  /// Σ x·b of two vectors.
  package func dot(_ b: Value, for name: StaticString = "dot") throws(Failure) -> Value {
    try checkRanks(b, 1, 1, name)
    return try matmul(b)
  }
  /// x·bᵀ of two vectors.
  package func outer(_ b: Value) throws(Failure) -> Value {
    try checkRanks(b, 1, 1, "outer")
    return try engine.scoped { () throws(Failure) -> Value in try unsqueeze(1) * b }
  }

  /// Σ over the last dimension of both.
  package func inner(_ b: Value) throws(Failure) -> Value {
    try engine.check(self, b, for: "inner")
    if rank == 0 || b.rank == 0 { return try self * b }
    if shape.last != b.shape.last { throw .shape("inner: last sizes differ: \(shape) · \(b.shape)") }
    return try tensordot(b, Dims(rank - 1), Dims(b.rank - 1))
  }

  /// Σ over pairs of dimensions: `mine` of self and, in their order, `theirs` of b. The others follow one another.
  package func tensordot(_ b: Value, _ mine: Dims, _ theirs: Dims) throws(Failure) -> Value {
    try engine.check(self, b, for: "tensordot")
    if mine.count != theirs.count { throw .argument("tensordot: \(mine) and \(theirs) name different numbers of dimensions") }
    if mine.count > Dims.most { throw .shape("tensordot: more than 8 dimensions") }
    var x = Dims(), y = Dims(), sizes = Dims(), m = 1, n = 1, k = 1, i = 0
    var left = DimSet(), right = DimSet()
    if !mine.isEmpty {
      left = try shape.dimensionSet(mine, for: "tensordot")
      right = try b.shape.dimensionSet(theirs, for: "tensordot")
      if rank == 0 || b.rank == 0 { throw .index("tensordot: \(shape) and \(b.shape): a 0-dimensional tensor has no dimension to sum over") }
    }
    i = 0
    while i < rank { if !left.contains(i) { x.append(i); sizes.append(shape[i]); m *= shape[i] }; i += 1 }
    i = 0
    while i < mine.count {
      let a = try shape.dimension(mine[i], for: "tensordot"), c = try b.shape.dimension(theirs[i], for: "tensordot")
      if shape[a] != b.shape[c], shape[a] != 1, b.shape[c] != 1 {
        throw .shape("tensordot: sizes differ along dimensions \(a) of \(shape) and \(c) of \(b.shape)")
      }
      if shape[a] != b.shape[c] {  // one of them stretches: the other is summed first
        return try engine.scoped { () throws(Failure) -> Value in
          try shape[a] == 1
            ? tensordot(b.sum(Dims(c), keep: true), mine, theirs) : sum(Dims(a), keep: true).tensordot(b, mine, theirs)
        }
      }
      x.append(a)
      y.append(c)
      k *= shape[a]
      i += 1
    }
    i = 0
    while i < b.rank {
      if !right.contains(i) {
        y.append(i)
        if sizes.count == Dims.most { throw .shape("tensordot: more than 8 dimensions in the result") }
        sizes.append(b.shape[i])
        n *= b.shape[i]
      }
      i += 1
    }
    return try engine.scoped { () throws(Failure) -> Value in
      try permute(x).reshape(Dims(m, k)).matmul(b.permute(y).reshape(Dims(k, n))).reshape(sizes)
    }
  }

  /// The blocks x[i, …]·b (Kronecker's product).
  package func kron(_ b: Value) throws(Failure) -> Value {
    try engine.check(self, b, for: "kron")
    let n = rank > b.rank ? rank : b.rank
    if n > Dims.most / 2 { throw .shape("kron: at most 4 dimensions: \(shape) and \(b.shape)") }
    var x = Dims(), y = Dims(), out = Dims(), i = 0
    while i < n {
      let p = i < n - rank ? 1 : shape[i - (n - rank)], q = i < n - b.rank ? 1 : b.shape[i - (n - b.rank)]
      x.append(p)
      x.append(1)
      y.append(1)
      y.append(q)
      let (size, o) = p.multipliedReportingOverflow(by: q)
      if o { throw .shape("kron: the result of \(shape) and \(b.shape) is too large") }
      out.append(size)
      i += 1
    }
    return try engine.scoped { () throws(Failure) -> Value in try (reshape(x) * b.reshape(y)).reshape(out) }
  }

  /// Σ of the diagonal of a matrix.
  package func trace() throws(Failure) -> Value {
    if rank != 2 { throw .shape("trace: needs a matrix, the shape is \(shape)") }
    let n = shape[0] < shape[1] ? shape[0] : shape[1]
    return try engine.scoped { () throws(Failure) -> Value in
      try slice(0, 0, n, 1).slice(1, 0, n, 1).crossSection(0, 1).sum()
    }
  }

  // MARK: beta·self + alpha·product

  /// [M, K]·[K, N] added to what stretches to [M, N].
  package func addmm(_ a: Value, _ b: Value, beta: Double, alpha: Double) throws(Failure) -> Value {
    try added("addmm", a, b, 2, 2, beta, alpha) { () throws(Failure) in try a.mm(b) }
  }
  package func addmv(_ a: Value, _ b: Value, beta: Double, alpha: Double) throws(Failure) -> Value {
    try added("addmv", a, b, 2, 1, beta, alpha) { () throws(Failure) in try a.mv(b) }
  }
  package func addr(_ a: Value, _ b: Value, beta: Double, alpha: Double) throws(Failure) -> Value {
    try added("addr", a, b, 1, 1, beta, alpha) { () throws(Failure) in try a.outer(b) }
  }
  package func baddbmm(_ a: Value, _ b: Value, beta: Double, alpha: Double) throws(Failure) -> Value {
    try added("baddbmm", a, b, 3, 3, beta, alpha) { () throws(Failure) in try a.bmm(b) }
  }
  /// The products of a batch, summed.
  package func addbmm(_ a: Value, _ b: Value, beta: Double, alpha: Double) throws(Failure) -> Value {
    try added("addbmm", a, b, 3, 3, beta, alpha) { () throws(Failure) in
      if a.shape[0] != b.shape[0] || a.shape[2] != b.shape[1] { throw .shape("addbmm: shapes do not fit: \(a.shape) · \(b.shape)") }
      return try a.tensordot(b, Dims(0, 2), Dims(0, 1))
    }
  }

  private func added(
    _ name: StaticString, _ a: Value, _ b: Value, _ ranks: Int, _ other: Int, _ beta: Double, _ alpha: Double, _ product: () throws(Failure) -> Value
  ) throws(Failure) -> Value {
    try engine.check(self, a, for: name)
    try a.checkRanks(b, ranks, other, name)
    if dtype != a.dtype { throw .dtype("\(name): operands are \(dtype) and \(a.dtype); bring them to one type") }
    if dtype.category != .floating, alpha.rounded() != alpha || beta.rounded() != beta {
      throw .argument("\(name): alpha and beta must be whole for \(dtype), they are \(alpha) and \(beta)")
    }
    return try engine.scoped { () throws(Failure) -> Value in
      var y = try product()
      if try shape.broadcast(with: y.shape, for: name) != y.shape { throw .shape("\(name): \(shape) does not stretch to \(y.shape)") }
      if alpha != 1 { y = try y * alpha }
      if beta == 0 {  // whatever self holds; its gradient is 0
        return try requiresGrad ? Value.full(engine, .bool, Dims(), 1).select(y, self) : y
      }
      return try beta == 1 ? self + y : self * beta + y
    }
  }
}
