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
@_cdecl("bp_empty") @implementation public func bp_empty(
  _ ctx: OpaquePointer?, _ dtype: bp_dtype, _ ndim: Int32, _ shape: UnsafePointer<Int64>?
) -> OpaquePointer? {
  make("empty", ctx, dtype, ndim, shape) { (e, t, s) throws(Failure) in try .uninitialised(e, t, s) }
}
@_cdecl("bp_randint") @implementation public func bp_randint(
  _ ctx: OpaquePointer?, _ dtype: bp_dtype, _ ndim: Int32, _ shape: UnsafePointer<Int64>?, _ low: Int64, _ high: Int64
) -> OpaquePointer? {
  make("randint", ctx, dtype, ndim, shape) { (e, t, s) throws(Failure) in try .randint(e, t, s, low, high) }
}
@_cdecl("bp_normal") @implementation public func bp_normal(
  _ ctx: OpaquePointer?, _ dtype: bp_dtype, _ ndim: Int32, _ shape: UnsafePointer<Int64>?, _ mean: Double, _ std: Double
) -> OpaquePointer? {
  make("normal", ctx, dtype, ndim, shape) { (e, t, s) throws(Failure) in try .normal(e, t, s, mean: mean, std: std) }
}
@_cdecl("bp_linspace") @implementation public func bp_linspace(
  _ ctx: OpaquePointer?, _ dtype: bp_dtype, _ start: Double, _ end: Double, _ steps: Int64
) -> OpaquePointer? {
  make("linspace", ctx, dtype, 0, nil) { (e, t, _) throws(Failure) in try .linspace(e, t, start, end, Int(steps)) }
}
@_cdecl("bp_logspace") @implementation public func bp_logspace(
  _ ctx: OpaquePointer?, _ dtype: bp_dtype, _ start: Double, _ end: Double, _ steps: Int64, _ base: Double
) -> OpaquePointer? {
  make("logspace", ctx, dtype, 0, nil) { (e, t, _) throws(Failure) in try .linspace(e, t, start, end, Int(steps), base: base) }
}

// MARK: Like another tensor, in shape and type

@_cdecl("bp_zeros_like") @implementation public func bp_zeros_like(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("zeros_like", x) { (x) throws(Failure) in try .zeros(x.engine, x.dtype, x.shape) }
}
@_cdecl("bp_ones_like") @implementation public func bp_ones_like(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("ones_like", x) { (x) throws(Failure) in try .full(x.engine, x.dtype, x.shape, 1, for: "ones_like") }
}
@_cdecl("bp_empty_like") @implementation public func bp_empty_like(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("empty_like", x) { (x) throws(Failure) in try .uninitialised(x.engine, x.dtype, x.shape) }
}
@_cdecl("bp_rand_like") @implementation public func bp_rand_like(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("rand_like", x) { (x) throws(Failure) in try .rand(x.engine, x.dtype, x.shape) }
}
@_cdecl("bp_randn_like") @implementation public func bp_randn_like(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("randn_like", x) { (x) throws(Failure) in try .randn(x.engine, x.dtype, x.shape) }
}
@_cdecl("bp_full_like") @implementation public func bp_full_like(_ x: OpaquePointer?, _ value: Double) -> OpaquePointer? {
  unary("full_like", x) { (x) throws(Failure) in try .full(x.engine, x.dtype, x.shape, value, for: "full_like") }
}
@_cdecl("bp_randint_like") @implementation public func bp_randint_like(_ x: OpaquePointer?, _ low: Int64, _ high: Int64) -> OpaquePointer? {
  unary("randint_like", x) { (x) throws(Failure) in try .randint(x.engine, x.dtype, x.shape, low, high) }
}
@_cdecl("bp_bernoulli") @implementation public func bp_bernoulli(_ p: OpaquePointer?) -> OpaquePointer? {
  unary("bernoulli", p) { (p) throws(Failure) in try p.bernoulli() }
}
@_cdecl("bp_multinomial") @implementation public func bp_multinomial(_ weights: OpaquePointer?, _ num_samples: Int64, _ replacement: Int32) -> OpaquePointer? {
  unary("multinomial", weights) { (w) throws(Failure) in try w.multinomial(Int(num_samples), replacement: replacement != 0) }
}
