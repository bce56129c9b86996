// Section 13, second part: convolution and pooling.
import Backprop
import CBackprop

/// The options of a convolution over `dims` dimensions; over one, the height of the images is 1 and only second numbers count.
private func convert(
  _ p: UnsafePointer<bp_conv_options>?, _ dims: Int, _ name: StaticString
) throws(Failure) -> (options: ConvolutionOptions, after: (Int, Int), output: (Int, Int)) {
  var o = ConvolutionOptions()
  guard let p else { return (o, (0, 0), (0, 0)) }
  let given = p.pointee
  try checkSize(given.struct_size, MemoryLayout<bp_conv_options>.size, name)
  func pair(_ v: (Int64, Int64), _ one: Int) -> (Int, Int) { dims == 1 ? (one, Int(v.0)) : (Int(v.0), Int(v.1)) }
  o.stride = pair(given.stride, 1)
  o.padding = pair(given.padding, 0)
  o.dilation = pair(given.dilation, 1)
  o.groups = Int(given.groups)
  return (o, pair(given.padding_after, 0), pair(given.output_padding, 0))
}

private func convert(_ p: UnsafePointer<bp_pool_options>?, _ dims: Int, _ name: StaticString) throws(Failure) -> PoolOptions {
  guard let given = p?.pointee else { throw Failure(.argument, "\(name): options is NULL; kernel has no default") }
  try checkSize(given.struct_size, MemoryLayout<bp_pool_options>.size, name)
  func pair(_ v: (Int64, Int64), _ one: Int) -> (Int, Int) { dims == 1 ? (one, Int(v.0)) : (Int(v.0), Int(v.1)) }
  var o = PoolOptions()
  o.kernel = pair(given.kernel, 1)
  o.stride = pair(given.stride, 1)
  if dims == 1, given.stride.0 == 0 { o.stride = (0, 0) }
  o.padding = pair(given.padding, 0)
  o.dilation = pair(given.dilation, 1)
  o.ceilMode = given.ceil_mode != 0
  o.countIncludePad = given.count_include_pad != 0
  o.divisorOverride = Int(given.divisor_override)
  return o
}

@_cdecl("bp_conv2d") @implementation public func bp_conv2d(
  _ x: OpaquePointer?, _ weight: OpaquePointer?, _ bias: OpaquePointer?, _ options: UnsafePointer<bp_conv_options>?
) -> OpaquePointer? {
  binary("conv2d", x, weight) { (x, w) throws(Failure) in
    let o = try convert(options, 2, "conv2d")
    return try x.conv2d(w, optional(bias, "conv2d"), o.options, after: o.after)
  }
}
@_cdecl("bp_conv1d") @implementation public func bp_conv1d(
  _ x: OpaquePointer?, _ weight: OpaquePointer?, _ bias: OpaquePointer?, _ options: UnsafePointer<bp_conv_options>?
) -> OpaquePointer? {
  binary("conv1d", x, weight) { (x, w) throws(Failure) in
    let o = try convert(options, 1, "conv1d")
    return try x.conv1d(w, optional(bias, "conv1d"), o.options, after: o.after.1)
  }
}
@_cdecl("bp_conv_transpose2d") @implementation public func bp_conv_transpose2d(
  _ x: OpaquePointer?, _ weight: OpaquePointer?, _ bias: OpaquePointer?, _ options: UnsafePointer<bp_conv_options>?
) -> OpaquePointer? {
  binary("conv_transpose2d", x, weight) { (x, w) throws(Failure) in
    let o = try convert(options, 2, "conv_transpose2d")
    return try x.convTranspose2d(w, optional(bias, "conv_transpose2d"), o.options, outputPadding: o.output)
  }
}
@_cdecl("bp_max_pool2d") @implementation public func bp_max_pool2d(
  _ x: OpaquePointer?, _ options: UnsafePointer<bp_pool_options>?
) -> OpaquePointer? {
  unary("max_pool2d", x) { (x) throws(Failure) in try x.maxPool2d(convert(options, 2, "max_pool2d")) }
}
@_cdecl("bp_max_pool2d_indices") @implementation public func bp_max_pool2d_indices(
  _ x: OpaquePointer?, _ options: UnsafePointer<bp_pool_options>?
) -> OpaquePointer? {
  unary("max_pool2d", x) { (x) throws(Failure) in try x.maxPool2dIndices(convert(options, 2, "max_pool2d")) }
}
@_cdecl("bp_avg_pool2d") @implementation public func bp_avg_pool2d(
  _ x: OpaquePointer?, _ options: UnsafePointer<bp_pool_options>?
) -> OpaquePointer? {
  unary("avg_pool2d", x) { (x) throws(Failure) in try x.avgPool2d(convert(options, 2, "avg_pool2d")) }
}
@_cdecl("bp_max_pool1d") @implementation public func bp_max_pool1d(
  _ x: OpaquePointer?, _ options: UnsafePointer<bp_pool_options>?
) -> OpaquePointer? {
  unary("max_pool1d", x) { (x) throws(Failure) in
    let o = try convert(options, 1, "max_pool1d")
    return try x.pool1d("max_pool1d") { (x) throws(Failure) in try x.maxPool2d(o) }
  }
}
@_cdecl("bp_avg_pool1d") @implementation public func bp_avg_pool1d(
  _ x: OpaquePointer?, _ options: UnsafePointer<bp_pool_options>?
) -> OpaquePointer? {
  unary("avg_pool1d", x) { (x) throws(Failure) in
    let o = try convert(options, 1, "avg_pool1d")
    return try x.pool1d("avg_pool1d") { (x) throws(Failure) in try x.avgPool2d(o) }
  }
}
@_cdecl("bp_adaptive_avg_pool2d") @implementation public func bp_adaptive_avg_pool2d(
  _ x: OpaquePointer?, _ height: Int64, _ width: Int64
) -> OpaquePointer? {
  unary("adaptive_avg_pool2d", x) { (x) throws(Failure) in try x.adaptiveAvgPool2d(Int(height), Int(width)) }
}
