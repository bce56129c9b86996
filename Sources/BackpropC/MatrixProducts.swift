// Section 10: matrix products.
import Backprop
import CBackprop

@_cdecl("bp_matmul") @implementation public func bp_matmul(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("matmul", a, b) { (a, b) throws(Failure) in try a.matmul(b) }
}
@_cdecl("bp_linear") @implementation public func bp_linear(_ x: OpaquePointer?, _ w: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("linear", x, w) { (x, w) throws(Failure) in try x.linear(w, optional(b, "linear")) }
}
