// Section 5: making tensors.
import Backprop
import CBackprop
import KernelAPI

/// A constructor: context, type and shape checked, then made.
@inline(__always) private func make(
  _ name: StaticString, _ ctx: OpaquePointer?, _ dtype: bp_dtype, _ ndim: Int32, _ shape: UnsafePointer<Int64>?,
  _ body: (Engine, DType, Dims) throws(Failure) -> Value
) -> OpaquePointer? {
  guard let e = takeContext(ctx, name) else { return nil }
  return produce(on: e) { () throws(Failure) -> Value in try body(e, type(dtype, name), list(ndim, shape, name)) }
}

@_cdecl("bp_tensor_create") @implementation public func bp_tensor_create(
  _ ctx: OpaquePointer?, _ dtype: bp_dtype, _ ndim: Int32, _ shape: UnsafePointer<Int64>?, _ data: UnsafeRawPointer?
) -> OpaquePointer? {
  make("tensor_create", ctx, dtype, ndim, shape) { (e, t, s) throws(Failure) in try .create(e, t, s, from: data) }
}
@_cdecl("bp_tensor_borrow") @implementation public func bp_tensor_borrow(
  _ ctx: OpaquePointer?, _ dtype: bp_dtype, _ ndim: Int32, _ shape: UnsafePointer<Int64>?, _ data: UnsafeMutableRawPointer?,
  _ deleter: (@convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?) -> Void)?, _ user: UnsafeMutableRawPointer?
) -> OpaquePointer? {
  make("tensor_borrow", ctx, dtype, ndim, shape) { (e, t, s) throws(Failure) in
    guard let data else { throw Failure(.argument, "tensor_borrow: data is NULL") }
    if UInt(bitPattern: data) % UInt(t.size) != 0 {
      throw Failure(.argument, "tensor_borrow: data is not aligned to \(t.size) bytes, as \(t) needs")
    }
    return try e.borrow(t, s, data, deleter, user)
  }
}
@_cdecl("bp_parameter") @implementation public func bp_parameter(
  _ ctx: OpaquePointer?, _ dtype: bp_dtype, _ ndim: Int32, _ shape: UnsafePointer<Int64>?, _ data: UnsafeRawPointer?
) -> OpaquePointer? {
  make("parameter", ctx, dtype, ndim, shape) { (e, t, s) throws(Failure) in
    if !t.isDifferentiable { throw Failure(.dtype, "parameter: must be float32 or float64, not \(t)") }
    let v = try Value.create(e, t, s, from: data, for: "parameter")
    try v.setRequiresGrad(true)
    return v
  }
}
@_cdecl("bp_scalar") @implementation public func bp_scalar(_ ctx: OpaquePointer?, _ value: Double) -> OpaquePointer? {
  guard let e = takeContext(ctx, "scalar") else { return nil }
  return produce(on: e) { () throws(Failure) -> Value in try .full(e, .float32, Dims(), value, for: "scalar") }
}
@_cdecl("bp_number") @implementation public func bp_number(_ ctx: OpaquePointer?, _ value: Double) -> OpaquePointer? {
  guard let e = takeContext(ctx, "number") else { return nil }
  return produce(on: e) { () throws(Failure) -> Value in try .number(e, value) }
}
@_cdecl("bp_integer") @implementation public func bp_integer(_ ctx: OpaquePointer?, _ value: Int64) -> OpaquePointer? {
  guard let e = takeContext(ctx, "integer") else { return nil }
  return produce(on: e) { () throws(Failure) -> Value in try .integer(e, value) }
}
@_cdecl("bp_zeros") @implementation public func bp_zeros(_ ctx: OpaquePointer?, _ dtype: bp_dtype, _ ndim: Int32, _ shape: UnsafePointer<Int64>?) -> OpaquePointer? {
  make("zeros", ctx, dtype, ndim, shape) { (e, t, s) throws(Failure) in try .zeros(e, t, s) }
}
@_cdecl("bp_ones") @implementation public func bp_ones(_ ctx: OpaquePointer?, _ dtype: bp_dtype, _ ndim: Int32, _ shape: UnsafePointer<Int64>?) -> OpaquePointer? {
  make("ones", ctx, dtype, ndim, shape) { (e, t, s) throws(Failure) in try .full(e, t, s, 1, for: "ones") }
}
@_cdecl("bp_full") @implementation public func bp_full(
  _ ctx: OpaquePointer?, _ dtype: bp_dtype, _ ndim: Int32, _ shape: UnsafePointer<Int64>?, _ value: Double
) -> OpaquePointer? {
  make("full", ctx, dtype, ndim, shape) { (e, t, s) throws(Failure) in try .full(e, t, s, value) }
}
@_cdecl("bp_arange") @implementation public func bp_arange(
  _ ctx: OpaquePointer?, _ dtype: bp_dtype, _ start: Double, _ end: Double, _ step: Double
) -> OpaquePointer? {
  make("arange", ctx, dtype, 0, nil) { (e, t, _) throws(Failure) in try .arange(e, t, start, end, step) }
}
@_cdecl("bp_eye") @implementation public func bp_eye(_ ctx: OpaquePointer?, _ dtype: bp_dtype, _ n: Int64) -> OpaquePointer? {
  make("eye", ctx, dtype, 0, nil) { (e, t, _) throws(Failure) in try .eye(e, t, Int(n)) }
}
@_cdecl("bp_rand") @implementation public func bp_rand(_ ctx: OpaquePointer?, _ dtype: bp_dtype, _ ndim: Int32, _ shape: UnsafePointer<Int64>?) -> OpaquePointer? {
  make("rand", ctx, dtype, ndim, shape) { (e, t, s) throws(Failure) in try .rand(e, t, s) }
}
@_cdecl("bp_randn") @implementation public func bp_randn(_ ctx: OpaquePointer?, _ dtype: bp_dtype, _ ndim: Int32, _ shape: UnsafePointer<Int64>?) -> OpaquePointer? {
  make("randn", ctx, dtype, ndim, shape) { (e, t, s) throws(Failure) in try .randn(e, t, s) }
}
@_cdecl("bp_randperm") @implementation public func bp_randperm(_ ctx: OpaquePointer?, _ n: Int64) -> OpaquePointer? {
  guard let e = takeContext(ctx, "randperm") else { return nil }
  return produce(on: e) { () throws(Failure) -> Value in try .randperm(e, Int(n)) }
}
