// Sections 5 and 6: making tensors and looking into them.
import Backprop
import CBackprop
import CShim
import KernelAPI

/// A constructor: context, type and shape checked, then made.
@inline(__always) private func make(
  _ name: StaticString, _ ctx: OpaquePointer?, _ dtype: bp_dtype, _ ndim: Int32, _ shape: UnsafePointer<Int64>?,
  _ body: (Engine, DType, Dims) throws(Failure) -> Value
) -> OpaquePointer? {
  guard let e = takeContext(ctx, name) else { return nil }
  return produce(on: e) { () throws(Failure) -> Value in try body(e, type(dtype, name), dims(ndim, shape, name)) }
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

// MARK: Looking into tensors

@_cdecl("bp_ndim") @implementation public func bp_ndim(_ t: OpaquePointer?) -> Int32 { Int32(truncatingIfNeeded: take(t, "ndim")?.rank ?? -1) }

/// Dimension `dim` of t's sizes or strides.
private func along(_ t: OpaquePointer?, _ dim: Int32, _ name: StaticString, _ otherwise: Int, _ list: (Value) -> Dims) -> Int64 {
  guard let v = take(t, name) else { return Int64(otherwise) }
  let d = Int(dim) < 0 ? Int(dim) + v.rank : Int(dim)
  if d < 0 || d >= v.rank {
    v.engine.record(Failure(.index, "\(name): dimension \(Int(dim)) is out of range for shape \(v.shape)"))
    return Int64(otherwise)
  }
  return Int64(list(v)[d])
}
@_cdecl("bp_dim") @implementation public func bp_dim(_ t: OpaquePointer?, _ dim: Int32) -> Int64 { along(t, dim, "dim", -1) { $0.shape } }
@_cdecl("bp_stride") @implementation public func bp_stride(_ t: OpaquePointer?, _ dim: Int32) -> Int64 {
  along(t, dim, "stride", Int.min) { $0.strides }
}
@_cdecl("bp_numel") @implementation public func bp_numel(_ t: OpaquePointer?) -> Int64 { Int64(take(t, "numel")?.count ?? -1) }
@_cdecl("bp_dtype_of") @implementation public func bp_dtype_of(_ t: OpaquePointer?) -> bp_dtype {
  take(t, "dtype_of").map { Int32($0.dtype.rawValue) } ?? -1
}
@_cdecl("bp_is_contiguous") @implementation public func bp_is_contiguous(_ t: OpaquePointer?) -> Int32 {
  take(t, "is_contiguous").map { $0.isContiguous ? 1 : 0 } ?? -1
}
@_cdecl("bp_data") @implementation public func bp_data(_ t: OpaquePointer?) -> UnsafeMutableRawPointer? { take(t, "data")?.data }
@_cdecl("bp_item") @implementation public func bp_item(_ t: OpaquePointer?) -> Double {
  guard let v = take(t, "item") else { return .nan }
  do throws(Failure) { return try v.item() } catch {
    v.engine.record(error)
    return .nan
  }
}
@_cdecl("bp_read") @implementation public func bp_read(_ t: OpaquePointer?, _ dst: UnsafeMutableRawPointer?, _ bytes: Int) -> bp_status {
  guard let v = take(t, "read") else { return handleError }
  return perform(on: v.engine) { () throws(Failure) in try v.read(dst, bytes: bytes) }
}
@_cdecl("bp_write") @implementation public func bp_write(_ t: OpaquePointer?, _ src: UnsafeRawPointer?, _ bytes: Int) -> bp_status {
  guard let v = take(t, "write") else { return handleError }
  return perform(on: v.engine) { () throws(Failure) in try v.write(src, bytes: bytes) }
}
@_cdecl("bp_version_of") @implementation public func bp_version_of(_ t: OpaquePointer?) -> Int64 { Int64(take(t, "version_of")?.version ?? -1) }
