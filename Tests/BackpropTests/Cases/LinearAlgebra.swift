// Decompositions and what is solved with them.
import Backprop

/// x·xᵀ + I: positive definite and symmetric for any x.
private func definite(_ x: Tensor) throws -> Tensor {
  let n = x.shape[x.rank - 2]
  return try x.matmul(x.transposed()) + Tensor.eye(n, dtype: x.dtype)
}
/// x + 3·I: far from singular.
private func regular(_ x: Tensor) throws -> Tensor { try x + 6 * Tensor.eye(x.shape[x.rank - 1], dtype: x.dtype) }

let linearAlgebraCases: [Case] = [
  Case("cholesky", [[3, 3]]) { try definite($0[0]).cholesky() },
  Case("cholesky", [[2, 3, 2]]) { try definite($0[0]).cholesky(upper: true) },
  Case("solve_triangular", [[3, 3], [3, 2]]) { try regular($0[0]).solvedTriangular($0[1], upper: true) },
  Case("solve_triangular", [[2, 1, 3, 3], [3, 4, 3]]) { try $0[0].solvedTriangular($0[1], upper: false, left: false, unitriangular: true) },
  Case("solve", [[3, 3], [3, 2]]) { try regular($0[0]).solved(for: $0[1]) },
  Case("solve", [[2, 2], [3, 2, 2]]) { try regular($0[0]).solved(for: $0[1], left: false) },
  Case("solve", [[3, 3], [3]]) { try regular($0[0]).solved(for: $0[1]) },
  Case("inverse", [[2, 3, 3]]) { try regular($0[0]).inverse() },
  Case("det", [[3, 3]]) { try $0[0].determinant() },
  Case("det", [[3, 1], [1, 3]]) { try $0[0].matmul($0[1]).determinant() },
  Case("det", [[2, 2, 1], [1, 2]]) { try $0[0].matmul($0[1]).determinant() },
  Case("logdet", [[3, 3]]) { try definite($0[0]).logDeterminant() },
  Case("slogdet", [[2, 3, 3]]) { try $0[0].signedLogDeterminant().logarithm },
  Case("lu", [[3, 3]]) { try $0[0].lu().factors },
  Case("lu", [[2, 4]]) { try $0[0].lu().factors },
  Case("lu", [[4, 2]]) { try $0[0].lu().factors },
  Case("qr", [[4, 3]]) { let y = try $0[0].qr(); return try y.q.square().sum() + (y.q.sum() + y.r.square().sum()) },
  Case("qr", [[2, 2, 4]]) { let y = try $0[0].qr(complete: true); return try y.q.sum() * y.r.sum() },
  Case("eigh", [[3, 3]]) { let y = try definite($0[0]).symmetricEigen(); return try y.values.sin().sum() + y.vectors.square().sum(along: 0).sin().sum() },
  Case("eigh", [[3, 3]]) { let y = try definite($0[0]).symmetricEigen(upper: true); return try y.vectors.square() * y.values },
  Case("svd", [[4, 3]]) { let y = try $0[0].svd(); return try y.u.square().sum(along: 0) * y.s * y.vt.square().sum(along: 0) + y.s },
  Case("svd", [[2, 4]]) { let y = try $0[0].svd(); return try y.u.square().matmul(y.vt.square()) },
  Case("svd", [[3, 3]]) { try $0[0].svd(full: true).s },
  Case("pinverse", [[4, 2]]) { try $0[0].pseudoInverse() },
  Case("pinverse", [[2, 3]]) { try $0[0].pseudoInverse() },
  Case("mm", [[3, 4], [4, 2]]) { try $0[0].mm($0[1]) },
  Case("mv", [[3, 4], [4]]) { try $0[0].mv($0[1]) },
  Case("bmm", [[2, 3, 4], [2, 4, 2]]) { try $0[0].bmm($0[1]) },
  Case("dot", [[4], [4]]) { try $0[0].dot($0[1]) },
  Case("vdot", [[4], [4]]) { try $0[0].dot($0[1]) },
  Case("inner", [[2, 4], [3, 4]]) { try $0[0].inner($0[1]) },
  Case("outer", [[2], [3]]) { try $0[0].outer($0[1]) },
  Case("addmm", [[3], [2, 4], [4, 3]]) { try $0[0].adding(product: $0[1], $0[2], beta: 0.5, alpha: 2) },
  Case("addmv", [[2], [2, 4], [4]]) { try $0[0].adding(vectorProduct: $0[1], $0[2], alpha: 2) },
  Case("addr", [[2, 3], [2], [3]]) { try $0[0].adding(outerProduct: $0[1], $0[2]) },
  Case("addbmm", [[2, 2], [3, 2, 4], [3, 4, 2]]) { try $0[0].adding(summedProduct: $0[1], $0[2], beta: 3) },
  Case("baddbmm", [[1, 2], [3, 2, 4], [3, 4, 2]]) { try $0[0].adding(batchProduct: $0[1], $0[2]) },
  Case("einsum", [[3, 4], [4, 2], [2]]) { try Tensor.einsum("ij,jk,k->ki", $0[0], $0[1], $0[2]) },
  Case("einsum", [[3, 3, 2]]) { try Tensor.einsum("iij->j", $0[0]) },
  Case("einsum", [[2, 3, 4], [2, 4]]) { try Tensor.einsum("b...j,bj", $0[0], $0[1]) },
  Case("tensordot", [[2, 3, 4], [4, 2, 2]]) { try $0[0].tensordot($0[1], along: [2, 0], [0, 1]) },
  Case("kron", [[2, 2], [3]]) { try $0[0].kronecker($0[1]) },
  Case("trace", [[3, 4]]) { try $0[0].trace().square() },
]
