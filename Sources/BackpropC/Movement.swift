// Section 11: shape and movement.
import Backprop
import CBackprop

@_cdecl("bp_reshape") @implementation public func bp_reshape(_ x: OpaquePointer?, _ ndim: Int32, _ shape: UnsafePointer<Int64>?) -> OpaquePointer? {
  unary("reshape", x) { (x) throws(Failure) in try x.reshape(list(ndim, shape, "reshape")) }
}
@_cdecl("bp_permute") @implementation public func bp_permute(_ x: OpaquePointer?, _ ndim: Int32, _ dims: UnsafePointer<Int64>?) -> OpaquePointer? {
  unary("permute", x) { (x) throws(Failure) in try x.permute(list(ndim, dims, "permute")) }
}
@_cdecl("bp_expand") @implementation public func bp_expand(_ x: OpaquePointer?, _ ndim: Int32, _ shape: UnsafePointer<Int64>?) -> OpaquePointer? {
  unary("expand", x) { (x) throws(Failure) in try x.expand(list(ndim, shape, "expand")) }
}
@_cdecl("bp_flatten") @implementation public func bp_flatten(_ x: OpaquePointer?, _ start_dim: Int64, _ end_dim: Int64) -> OpaquePointer? {
  unary("flatten", x) { (x) throws(Failure) in try x.flatten(Int(start_dim), Int(end_dim)) }
}
@_cdecl("bp_transpose") @implementation public func bp_transpose(_ x: OpaquePointer?, _ dim0: Int64, _ dim1: Int64) -> OpaquePointer? {
  unary("transpose", x) { (x) throws(Failure) in try x.transpose(Int(dim0), Int(dim1)) }
}
@_cdecl("bp_squeeze") @implementation public func bp_squeeze(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("squeeze", x) { (x) throws(Failure) in try x.squeeze() }
}
@_cdecl("bp_squeeze_dim") @implementation public func bp_squeeze_dim(_ x: OpaquePointer?, _ dim: Int64) -> OpaquePointer? {
  unary("squeeze", x) { (x) throws(Failure) in try x.squeeze(Int(dim)) }
}
@_cdecl("bp_unsqueeze") @implementation public func bp_unsqueeze(_ x: OpaquePointer?, _ dim: Int64) -> OpaquePointer? {
  unary("unsqueeze", x) { (x) throws(Failure) in try x.unsqueeze(Int(dim)) }
}
@_cdecl("bp_slice") @implementation public func bp_slice(
  _ x: OpaquePointer?, _ dim: Int64, _ start: Int64, _ end: Int64, _ step: Int64
) -> OpaquePointer? {
  unary("slice", x) { (x) throws(Failure) in
    try x.slice(Int(dim), start == .min ? nil : Int(start), end == .min ? nil : Int(end), Int(step))
  }
}
@_cdecl("bp_select") @implementation public func bp_select(_ x: OpaquePointer?, _ dim: Int64, _ index: Int64) -> OpaquePointer? {
  unary("select", x) { (x) throws(Failure) in try x.select(Int(dim), Int(index)) }
}

private func joined(
  _ name: StaticString, _ n: Int32, _ tensors: UnsafePointer<OpaquePointer?>?, _ body: (UnsafeBufferPointer<Value>) throws(Failure) -> Value
) -> OpaquePointer? {
  do throws(Failure) { return try withValues(n, tensors, name, body).handle.pointer } catch {
    report(error, on: engine(of: tensors, n))
    return nil
  }
}
@_cdecl("bp_cat") @implementation public func bp_cat(_ n: Int32, _ tensors: UnsafePointer<OpaquePointer?>?, _ dim: Int64) -> OpaquePointer? {
  joined("cat", n, tensors) { (v) throws(Failure) in try .cat(v, Int(dim)) }
}
@_cdecl("bp_stack") @implementation public func bp_stack(_ n: Int32, _ tensors: UnsafePointer<OpaquePointer?>?, _ dim: Int64) -> OpaquePointer? {
  joined("stack", n, tensors) { (v) throws(Failure) in try .stack(v, Int(dim)) }
}
@_cdecl("bp_contiguous") @implementation public func bp_contiguous(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("contiguous", x) { (x) throws(Failure) in try x.contiguous() }
}
@_cdecl("bp_clone") @implementation public func bp_clone(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("clone", x) { (x) throws(Failure) in try x.clone() }
}
