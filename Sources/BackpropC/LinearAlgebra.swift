// Section 10: factorizations and what is solved with them.
import Backprop
import CBackprop

@_cdecl("bp_cholesky") @implementation public func bp_cholesky(_ x: OpaquePointer?, _ upper: Int32) -> OpaquePointer? {
  unary("cholesky", x) { (x) throws(Failure) in try x.cholesky(upper: upper != 0) }
}
@_cdecl("bp_cholesky_order") @implementation public func bp_cholesky_order(_ x: OpaquePointer?, _ upper: Int32) -> OpaquePointer? {
  unary("cholesky_order", x) { (x) throws(Failure) in try x.choleskyOrder(upper: upper != 0) }
}
@_cdecl("bp_solve_triangular") @implementation public func bp_solve_triangular(
  _ a: OpaquePointer?, _ b: OpaquePointer?, _ upper: Int32, _ left: Int32, _ unitriangular: Int32
) -> OpaquePointer? {
  binary("solve_triangular", a, b) { (a, b) throws(Failure) in
    try a.solveTriangular(b, upper: upper != 0, left: left != 0, unit: unitriangular != 0)
  }
}
@_cdecl("bp_solve") @implementation public func bp_solve(_ a: OpaquePointer?, _ b: OpaquePointer?, _ left: Int32) -> OpaquePointer? {
  binary("solve", a, b) { (a, b) throws(Failure) in try a.solve(b, left: left != 0) }
}
@_cdecl("bp_inverse") @implementation public func bp_inverse(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("inverse", x) { (x) throws(Failure) in try x.inverse() }
}
@_cdecl("bp_det") @implementation public func bp_det(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("det", x) { (x) throws(Failure) in try x.det() }
}
@_cdecl("bp_logdet") @implementation public func bp_logdet(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("logdet", x) { (x) throws(Failure) in try x.logdet() }
}
@_cdecl("bp_slogdet") @implementation public func bp_slogdet(
  _ x: OpaquePointer?, _ logabsdet: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  pair("slogdet", x, logabsdet) { (x) throws(Failure) in try x.slogdet() }
}
@_cdecl("bp_lu") @implementation public func bp_lu(_ x: OpaquePointer?, _ pivots: UnsafeMutablePointer<OpaquePointer?>?) -> OpaquePointer? {
  pair("lu", x, pivots) { (x) throws(Failure) in try x.lu() }
}
@_cdecl("bp_qr") @implementation public func bp_qr(
  _ x: OpaquePointer?, _ complete: Int32, _ r: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  pair("qr", x, r) { (x) throws(Failure) in try x.qr(complete: complete != 0) }
}
@_cdecl("bp_eigh") @implementation public func bp_eigh(
  _ x: OpaquePointer?, _ upper: Int32, _ vectors: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  pair("eigh", x, vectors) { (x) throws(Failure) in try x.eigh(upper: upper != 0) }
}
@_cdecl("bp_svd") @implementation public func bp_svd(
  _ x: OpaquePointer?, _ full: Int32, _ s: UnsafeMutablePointer<OpaquePointer?>?, _ vh: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  s?.pointee = nil
  return pair("svd", x, vh) { (x) throws(Failure) in
    let y = try x.svd(full: full != 0)
    if let s { s.pointee = y.s.handle.pointer } else { y.s.release() }
    return (y.u, y.vt)
  }
}
@_cdecl("bp_pinverse") @implementation public func bp_pinverse(_ x: OpaquePointer?, _ atol: Double, _ rtol: Double) -> OpaquePointer? {
  unary("pinverse", x) { (x) throws(Failure) in try x.pinverse(absolute: atol, relative: rtol) }
}
