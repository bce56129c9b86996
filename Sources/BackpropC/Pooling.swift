// Section 13, third part: pooling.
import Backprop
import CBackprop

@inline(never) func convert(_ p: UnsafePointer<bp_pool_options>?, _ dims: Int, _ name: StaticString) throws(Failure) -> PoolOptions {
  guard let given = p?.pointee else { throw Failure(.argument, "\(name): options is NULL; kernel has no default") }
  try checkSize(given.struct_size, MemoryLayout<bp_pool_options>.size, name)
  var o = PoolOptions()
  spread(given.kernel, dims, &o.windows) { $0.kernel = $1 }
  spread(given.stride, dims, &o.windows) { $0.stride = $1 }
  spread(given.padding, dims, &o.windows) { $0.padding = $1 }
  spread(given.dilation, dims, &o.windows) { $0.dilation = $1 }
  o.ceilMode = given.ceil_mode != 0
  o.countIncludePad = given.count_include_pad != 0
  o.divisorOverride = Int(given.divisor_override)
  return o
}

@inline(never) private func pool(
  _ name: StaticString, _ dims: Int, _ x: OpaquePointer?, _ options: UnsafePointer<bp_pool_options>?,
  _ body: (Value, PoolOptions) throws(Failure) -> Value
) -> OpaquePointer? {
  unary(name, x) { (x) throws(Failure) in try body(x, convert(options, dims, name)) }
}

/// Sizes of the last dimensions.
private func sizes(_ a: Int64, _ b: Int64? = nil, _ c: Int64? = nil) -> Dims {
  var d = Dims()
  d.append(Int(a))
  if let b { d.append(Int(b)) }
  if let c { d.append(Int(c)) }
  return d
}

@_cdecl("bp_max_pool1d") @implementation public func bp_max_pool1d(
  _ x: OpaquePointer?, _ options: UnsafePointer<bp_pool_options>?
) -> OpaquePointer? {
  pool("max_pool1d", 1, x, options) { (x, o) throws(Failure) in try x.maxPool(1, o) }
}
@_cdecl("bp_max_pool2d") @implementation public func bp_max_pool2d(
  _ x: OpaquePointer?, _ options: UnsafePointer<bp_pool_options>?
) -> OpaquePointer? {
  pool("max_pool2d", 2, x, options) { (x, o) throws(Failure) in try x.maxPool(2, o) }
}
@_cdecl("bp_max_pool3d") @implementation public func bp_max_pool3d(
  _ x: OpaquePointer?, _ options: UnsafePointer<bp_pool_options>?
) -> OpaquePointer? {
  pool("max_pool3d", 3, x, options) { (x, o) throws(Failure) in try x.maxPool(3, o) }
}
@_cdecl("bp_avg_pool1d") @implementation public func bp_avg_pool1d(
  _ x: OpaquePointer?, _ options: UnsafePointer<bp_pool_options>?
) -> OpaquePointer? {
  pool("avg_pool1d", 1, x, options) { (x, o) throws(Failure) in try x.avgPool(1, o) }
}
@_cdecl("bp_avg_pool2d") @implementation public func bp_avg_pool2d(
  _ x: OpaquePointer?, _ options: UnsafePointer<bp_pool_options>?
) -> OpaquePointer? {
  pool("avg_pool2d", 2, x, options) { (x, o) throws(Failure) in try x.avgPool(2, o) }
}
@_cdecl("bp_avg_pool3d") @implementation public func bp_avg_pool3d(
  _ x: OpaquePointer?, _ options: UnsafePointer<bp_pool_options>?
) -> OpaquePointer? {
  pool("avg_pool3d", 3, x, options) { (x, o) throws(Failure) in try x.avgPool(3, o) }
}
@_cdecl("bp_max_pool1d_indices") @implementation public func bp_max_pool1d_indices(
  _ x: OpaquePointer?, _ options: UnsafePointer<bp_pool_options>?
) -> OpaquePointer? {
  pool("max_pool1d", 1, x, options) { (x, o) throws(Failure) in try x.maxPoolIndices(1, o) }
}
@_cdecl("bp_max_pool2d_indices") @implementation public func bp_max_pool2d_indices(
  _ x: OpaquePointer?, _ options: UnsafePointer<bp_pool_options>?
) -> OpaquePointer? {
  pool("max_pool2d", 2, x, options) { (x, o) throws(Failure) in try x.maxPoolIndices(2, o) }
}
@_cdecl("bp_max_pool3d_indices") @implementation public func bp_max_pool3d_indices(
  _ x: OpaquePointer?, _ options: UnsafePointer<bp_pool_options>?
) -> OpaquePointer? {
  pool("max_pool3d", 3, x, options) { (x, o) throws(Failure) in try x.maxPoolIndices(3, o) }
}
@_cdecl("bp_lp_pool1d") @implementation public func bp_lp_pool1d(
  _ x: OpaquePointer?, _ p: Double, _ options: UnsafePointer<bp_pool_options>?
) -> OpaquePointer? {
  pool("lp_pool1d", 1, x, options) { (x, o) throws(Failure) in try x.lpPool(1, p, o) }
}
@_cdecl("bp_lp_pool2d") @implementation public func bp_lp_pool2d(
  _ x: OpaquePointer?, _ p: Double, _ options: UnsafePointer<bp_pool_options>?
) -> OpaquePointer? {
  pool("lp_pool2d", 2, x, options) { (x, o) throws(Failure) in try x.lpPool(2, p, o) }
}
@_cdecl("bp_lp_pool3d") @implementation public func bp_lp_pool3d(
  _ x: OpaquePointer?, _ p: Double, _ options: UnsafePointer<bp_pool_options>?
) -> OpaquePointer? {
  pool("lp_pool3d", 3, x, options) { (x, o) throws(Failure) in try x.lpPool(3, p, o) }
}
@_cdecl("bp_adaptive_avg_pool1d") @implementation public func bp_adaptive_avg_pool1d(
  _ x: OpaquePointer?, _ length: Int64
) -> OpaquePointer? {
  unary("adaptive_avg_pool1d", x) { (x) throws(Failure) in try x.adaptiveAvgPool(sizes(length)) }
}
@_cdecl("bp_adaptive_avg_pool2d") @implementation public func bp_adaptive_avg_pool2d(
  _ x: OpaquePointer?, _ height: Int64, _ width: Int64
) -> OpaquePointer? {
  unary("adaptive_avg_pool2d", x) { (x) throws(Failure) in try x.adaptiveAvgPool(sizes(height, width)) }
}
@_cdecl("bp_adaptive_avg_pool3d") @implementation public func bp_adaptive_avg_pool3d(
  _ x: OpaquePointer?, _ depth: Int64, _ height: Int64, _ width: Int64
) -> OpaquePointer? {
  unary("adaptive_avg_pool3d", x) { (x) throws(Failure) in try x.adaptiveAvgPool(sizes(depth, height, width)) }
}
@_cdecl("bp_adaptive_max_pool1d") @implementation public func bp_adaptive_max_pool1d(
  _ x: OpaquePointer?, _ length: Int64
) -> OpaquePointer? {
  unary("adaptive_max_pool1d", x) { (x) throws(Failure) in try x.adaptiveMaxPool(sizes(length)) }
}
@_cdecl("bp_adaptive_max_pool2d") @implementation public func bp_adaptive_max_pool2d(
  _ x: OpaquePointer?, _ height: Int64, _ width: Int64
) -> OpaquePointer? {
  unary("adaptive_max_pool2d", x) { (x) throws(Failure) in try x.adaptiveMaxPool(sizes(height, width)) }
}
@_cdecl("bp_adaptive_max_pool3d") @implementation public func bp_adaptive_max_pool3d(
  _ x: OpaquePointer?, _ depth: Int64, _ height: Int64, _ width: Int64
) -> OpaquePointer? {
  unary("adaptive_max_pool3d", x) { (x) throws(Failure) in try x.adaptiveMaxPool(sizes(depth, height, width)) }
}
@_cdecl("bp_adaptive_max_pool1d_indices") @implementation public func bp_adaptive_max_pool1d_indices(
  _ x: OpaquePointer?, _ length: Int64
) -> OpaquePointer? {
  unary("adaptive_max_pool1d", x) { (x) throws(Failure) in try x.adaptiveMaxPoolIndices(sizes(length)) }
}
@_cdecl("bp_adaptive_max_pool2d_indices") @implementation public func bp_adaptive_max_pool2d_indices(
  _ x: OpaquePointer?, _ height: Int64, _ width: Int64
) -> OpaquePointer? {
  unary("adaptive_max_pool2d", x) { (x) throws(Failure) in try x.adaptiveMaxPoolIndices(sizes(height, width)) }
}
@_cdecl("bp_adaptive_max_pool3d_indices") @implementation public func bp_adaptive_max_pool3d_indices(
  _ x: OpaquePointer?, _ depth: Int64, _ height: Int64, _ width: Int64
) -> OpaquePointer? {
  unary("adaptive_max_pool3d", x) { (x) throws(Failure) in try x.adaptiveMaxPoolIndices(sizes(depth, height, width)) }
}
@_cdecl("bp_max_unpool1d") @implementation public func bp_max_unpool1d(
  _ x: OpaquePointer?, _ indices: OpaquePointer?, _ length: Int64
) -> OpaquePointer? {
  binary("max_unpool1d", x, indices) { (x, at) throws(Failure) in try x.maxUnpool(at, sizes(length)) }
}
@_cdecl("bp_max_unpool2d") @implementation public func bp_max_unpool2d(
  _ x: OpaquePointer?, _ indices: OpaquePointer?, _ height: Int64, _ width: Int64
) -> OpaquePointer? {
  binary("max_unpool2d", x, indices) { (x, at) throws(Failure) in try x.maxUnpool(at, sizes(height, width)) }
}
@_cdecl("bp_max_unpool3d") @implementation public func bp_max_unpool3d(
  _ x: OpaquePointer?, _ indices: OpaquePointer?, _ depth: Int64, _ height: Int64, _ width: Int64
) -> OpaquePointer? {
  binary("max_unpool3d", x, indices) { (x, at) throws(Failure) in try x.maxUnpool(at, sizes(depth, height, width)) }
}
