// Section 10: matrix products.
import Backprop
import CBackprop

@_cdecl("bp_matmul") @implementation public func bp_matmul(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("matmul", a, b) { (a, b) throws(Failure) in try a.matmul(b) }
}
@_cdecl("bp_linear") @implementation public func bp_linear(_ x: OpaquePointer?, _ w: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("linear", x, w) { (x, w) throws(Failure) in try x.linear(w, optional(b, "linear")) }
}
@_cdecl("bp_mm") @implementation public func bp_mm(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("mm", a, b) { (a, b) throws(Failure) in try a.mm(b) }
}
@_cdecl("bp_mv") @implementation public func bp_mv(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("mv", a, b) { (a, b) throws(Failure) in try a.mv(b) }
}
@_cdecl("bp_bmm") @implementation public func bp_bmm(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("bmm", a, b) { (a, b) throws(Failure) in try a.bmm(b) }
}
@_cdecl("bp_dot") @implementation public func bp_dot(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("dot", a, b) { (a, b) throws(Failure) in try a.dot(b) }
}
@_cdecl("bp_vdot") @implementation public func bp_vdot(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("vdot", a, b) { (a, b) throws(Failure) in try a.dot(b, for: "vdot") }
}
@_cdecl("bp_inner") @implementation public func bp_inner(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("inner", a, b) { (a, b) throws(Failure) in try a.inner(b) }
}
@_cdecl("bp_outer") @implementation public func bp_outer(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("outer", a, b) { (a, b) throws(Failure) in try a.outer(b) }
}
@_cdecl("bp_kron") @implementation public func bp_kron(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("kron", a, b) { (a, b) throws(Failure) in try a.kron(b) }
}
@_cdecl("bp_trace") @implementation public func bp_trace(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("trace", x) { (x) throws(Failure) in try x.trace() }
}

@_cdecl("bp_addmm") @implementation public func bp_addmm(
  _ x: OpaquePointer?, _ a: OpaquePointer?, _ b: OpaquePointer?, _ beta: Double, _ alpha: Double
) -> OpaquePointer? {
  ternary("addmm", x, a, b) { (x, a, b) throws(Failure) in try x.addmm(a, b, beta: beta, alpha: alpha) }
}
@_cdecl("bp_addmv") @implementation public func bp_addmv(
  _ x: OpaquePointer?, _ a: OpaquePointer?, _ b: OpaquePointer?, _ beta: Double, _ alpha: Double
) -> OpaquePointer? {
  ternary("addmv", x, a, b) { (x, a, b) throws(Failure) in try x.addmv(a, b, beta: beta, alpha: alpha) }
}
@_cdecl("bp_addr") @implementation public func bp_addr(
  _ x: OpaquePointer?, _ a: OpaquePointer?, _ b: OpaquePointer?, _ beta: Double, _ alpha: Double
) -> OpaquePointer? {
  ternary("addr", x, a, b) { (x, a, b) throws(Failure) in try x.addr(a, b, beta: beta, alpha: alpha) }
}
@_cdecl("bp_addbmm") @implementation public func bp_addbmm(
  _ x: OpaquePointer?, _ a: OpaquePointer?, _ b: OpaquePointer?, _ beta: Double, _ alpha: Double
) -> OpaquePointer? {
  ternary("addbmm", x, a, b) { (x, a, b) throws(Failure) in try x.addbmm(a, b, beta: beta, alpha: alpha) }
}
@_cdecl("bp_baddbmm") @implementation public func bp_baddbmm(
  _ x: OpaquePointer?, _ a: OpaquePointer?, _ b: OpaquePointer?, _ beta: Double, _ alpha: Double
) -> OpaquePointer? {
  ternary("baddbmm", x, a, b) { (x, a, b) throws(Failure) in try x.baddbmm(a, b, beta: beta, alpha: alpha) }
}

@_cdecl("bp_tensordot") @implementation public func bp_tensordot(
  _ a: OpaquePointer?, _ b: OpaquePointer?, _ n: Int32, _ dims_a: UnsafePointer<Int64>?, _ dims_b: UnsafePointer<Int64>?
) -> OpaquePointer? {
  binary("tensordot", a, b) { (a, b) throws(Failure) in try a.tensordot(b, list(n, dims_a, "tensordot"), list(n, dims_b, "tensordot")) }
}
@_cdecl("bp_einsum") @implementation public func bp_einsum(
  _ equation: UnsafePointer<CChar>?, _ n: Int32, _ tensors: UnsafePointer<OpaquePointer?>?
) -> OpaquePointer? {
  func run() throws(Failure) -> Value {
    guard let equation else { throw Failure(.argument, "einsum: the equation is NULL") }
    return try withValues(n, tensors, "einsum") { (values) throws(Failure) in try Value.einsum(equation, values) }
  }
  do throws(Failure) { return try run().handle.pointer } catch {
    report(error, on: engine(of: tensors, n))
    return nil
  }
}
