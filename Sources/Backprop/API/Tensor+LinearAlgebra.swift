// Products under their own names, factorizations, and what is solved with them. N is a matrix's size; leading dimensions are a batch.

extension Tensor {
  /// [M, K]·[K, N] (PyTorch: `mm`).
  public func mm(_ b: Tensor) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.mm(b.value) } }
  /// [M, K]·[K] (PyTorch: `mv`).
  public func mv(_ b: Tensor) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.mv(b.value) } }
  /// [B, M, K]·[B, K, N] (PyTorch: `bmm`).
  public func bmm(_ b: Tensor) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.bmm(b.value) } }
  /// Σ x·b of vectors (PyTorch: `dot`, `vdot`).
  public func dot(_ b: Tensor) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.dot(b.value) } }
  /// Σ over the last dimension of both (PyTorch: `inner`).
  public func inner(_ b: Tensor) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.inner(b.value) } }
  /// x·bᵀ of vectors (PyTorch: `outer`).
  public func outer(_ b: Tensor) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.outer(b.value) } }
  /// The blocks x[i, …]·b (PyTorch: `kron`).
  public func kronecker(_ b: Tensor) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.kron(b.value) } }
  /// Σ of a matrix's diagonal (PyTorch: `trace`).
  public func trace() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.trace() } }

  /// beta·self + alpha·a·b, matrices (PyTorch: `addmm`).
  public func adding(product a: Tensor, _ b: Tensor, beta: Double = 1, alpha: Double = 1) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.addmm(a.value, b.value, beta: beta, alpha: alpha) }
  }
  /// beta·self + alpha·a·v, matrix and vector (PyTorch: `addmv`).
  public func adding(vectorProduct a: Tensor, _ v: Tensor, beta: Double = 1, alpha: Double = 1) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.addmv(a.value, v.value, beta: beta, alpha: alpha) }
  }
  /// beta·self + alpha·a·bᵀ, vectors (PyTorch: `addr`).
  public func adding(outerProduct a: Tensor, _ b: Tensor, beta: Double = 1, alpha: Double = 1) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.addr(a.value, b.value, beta: beta, alpha: alpha) }
  }
  /// beta·self + alpha·a·b of each matrix of a batch (PyTorch: `baddbmm`).
  public func adding(batchProduct a: Tensor, _ b: Tensor, beta: Double = 1, alpha: Double = 1) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.baddbmm(a.value, b.value, beta: beta, alpha: alpha) }
  }
  /// beta·self + alpha·Σ a·b over a batch (PyTorch: `addbmm`).
  public func adding(summedProduct a: Tensor, _ b: Tensor, beta: Double = 1, alpha: Double = 1) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.addbmm(a.value, b.value, beta: beta, alpha: alpha) }
  }

  /// Σ over dimension dims[i] of self with dimension others[i] of b (PyTorch: `tensordot`).
  public func tensordot(_ b: Tensor, along dims: Dims, _ others: Dims) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.tensordot(b.value, dims, others) }
  }
  /// Σ of products over named dimensions: "ij,jk->ik" (PyTorch: `einsum`).
  public static func einsum(_ equation: String, _ operands: Tensor...) throws(BackpropError) -> Tensor {
    guard let first = operands.first else { throw BackpropError(.argument, "einsum: no operands given") }
    let values = operands.map(\.value)
    return try first.make { () throws(Failure) in
      try withExtendedLifetime(operands) { () throws(Failure) -> Value in
        var text = Array(equation.utf8CString), list = values
        let p = text.withUnsafeMutableBufferPointer { $0 }, q = list.withUnsafeMutableBufferPointer { $0 }
        defer { withExtendedLifetime((text, list)) {} }
        return try Value.einsum(UnsafePointer(p.baseAddress.unsafelyUnwrapped), UnsafeBufferPointer(q))
      }
    }
  }
}

// MARK: Factorizations

extension Tensor {
  /// L of x = L·Lᵀ, or U of x = Uᵀ·U; that triangle of x is read (PyTorch: `linalg.cholesky`).
  public func cholesky(upper: Bool = false) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.cholesky(upper: upper) } }
  /// X of self·X = b for a triangular matrix, or X·self = b with `left` false (PyTorch: `linalg.solve_triangular`).
  public func solvedTriangular(_ b: Tensor, upper: Bool, left: Bool = true, unitriangular: Bool = false) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.solveTriangular(b.value, upper: upper, left: left, unit: unitriangular) }
  }
  /// X of self·X = b, or X·self = b with `left` false (PyTorch: `linalg.solve`).
  public func solved(for b: Tensor, left: Bool = true) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.solve(b.value, left: left) }
  }
  /// x⁻¹ (PyTorch: `inverse`, `linalg.inv`).
  public func inverse() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.inverse() } }
  /// The determinant (PyTorch: `linalg.det`).
  public func determinant() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.det() } }
  /// ln of the determinant, NaN where that is negative (PyTorch: `logdet`).
  public func logDeterminant() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.logdet() } }
  /// The determinant's sign and ln of its magnitude (PyTorch: `linalg.slogdet`).
  public func signedLogDeterminant() throws(BackpropError) -> (sign: Tensor, logarithm: Tensor) {
    let y = try lift { () throws(Failure) in try value.slogdet() }
    return (Tensor(y.sign, in: context), Tensor(y.logarithm, in: context))
  }
  /// P·x = L·U: U on and above the diagonal, L below, and the row (from 1) each row was exchanged with (PyTorch: `lu`, `linalg.lu_factor`).
  public func lu() throws(BackpropError) -> (factors: Tensor, pivots: Tensor) {
    let y = try lift { () throws(Failure) in try value.lu() }
    return (Tensor(y.factors, in: context), Tensor(y.pivots, in: context))
  }
  /// x = Q·R (PyTorch: `linalg.qr`).
  public func qr(complete: Bool = false) throws(BackpropError) -> (q: Tensor, r: Tensor) {
    let y = try lift { () throws(Failure) in try value.qr(complete: complete) }
    return (Tensor(y.q, in: context), Tensor(y.r, in: context))
  }
  /// Ascending eigenvalues of a symmetric matrix, and its eigenvectors in columns; one triangle is read (PyTorch: `linalg.eigh`).
  public func symmetricEigen(upper: Bool = false) throws(BackpropError) -> (values: Tensor, vectors: Tensor) {
    let y = try lift { () throws(Failure) in try value.eigh(upper: upper) }
    return (Tensor(y.values, in: context), Tensor(y.vectors, in: context))
  }
  /// x = U·diag(s)·Vᵀ, s descending (PyTorch: `linalg.svd`).
  public func svd(full: Bool = false) throws(BackpropError) -> (u: Tensor, s: Tensor, vt: Tensor) {
    let y = try lift { () throws(Failure) in try value.svd(full: full) }
    return (Tensor(y.u, in: context), Tensor(y.s, in: context), Tensor(y.vt, in: context))
  }
  /// Moore and Penrose's inverse; singular values not above both bounds count as 0, `relative` being times the largest (PyTorch: `pinverse`).
  public func pseudoInverse(absolute: Double = 0, relative: Double = 1e-15) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.pinverse(absolute: absolute, relative: relative) }
  }
}
