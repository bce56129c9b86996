// Section 13, fourth part: windows as columns, images of other sizes.
import Backprop
import CBackprop

/// The windows of im2col and col2im, whose stride is 1 by default.
private func windows(_ options: UnsafePointer<bp_pool_options>?, _ name: StaticString) throws(Failure) -> Windows {
  var v = try convert(options, 2, name).windows
  if v.down.stride == 0, v.across.stride == 0 { (v.down.stride, v.across.stride) = (1, 1) }
  return v
}
@_cdecl("bp_im2col") @implementation public func bp_im2col(_ x: OpaquePointer?, _ options: UnsafePointer<bp_pool_options>?) -> OpaquePointer? {
  unary("unfold", x) { (x) throws(Failure) in try x.im2col(windows(options, "unfold")) }
}
@_cdecl("bp_col2im") @implementation public func bp_col2im(
  _ x: OpaquePointer?, _ height: Int64, _ width: Int64, _ options: UnsafePointer<bp_pool_options>?
) -> OpaquePointer? {
  unary("fold", x) { (x) throws(Failure) in try x.col2im(Int(height), Int(width), windows(options, "fold")) }
}

@_cdecl("bp_interpolate") @implementation public func bp_interpolate(
  _ x: OpaquePointer?, _ options: UnsafePointer<bp_interpolate_options>?
) -> OpaquePointer? {
  unary("interpolate", x) { (x) throws(Failure) in
    guard let given = options?.pointee else { throw Failure(.argument, "interpolate: options is NULL; size and scale have no default") }
    try checkSize(given.struct_size, MemoryLayout<bp_interpolate_options>.size, "interpolate")
    guard let mode = Interpolation(rawValue: given.mode) else { throw Failure(.argument, "interpolate: \(Int(given.mode)) is no mode") }
    var o = InterpolationOptions()
    o.mode = mode
    o.sizes.append(Int(given.size.0))
    o.sizes.append(Int(given.size.1))
    o.sizes.append(Int(given.size.2))
    (o.scales[0], o.scales[1], o.scales[2]) = given.scale
    o.alignCorners = given.align_corners != 0
    o.antialias = given.antialias != 0
    return try x.interpolate(o)
  }
}

@_cdecl("bp_grid_sample") @implementation public func bp_grid_sample(
  _ x: OpaquePointer?, _ grid: OpaquePointer?, _ mode: bp_grid_mode, _ padding: bp_grid_padding, _ align_corners: Int32
) -> OpaquePointer? {
  binary("grid_sample", x, grid) { (x, grid) throws(Failure) in
    guard let m = GridMode(rawValue: mode) else { throw Failure(.argument, "grid_sample: \(Int(mode)) is no mode") }
    guard let p = GridPadding(rawValue: padding) else { throw Failure(.argument, "grid_sample: \(Int(padding)) is no padding mode") }
    return try x.gridSample(grid, m, p, alignCorners: align_corners != 0)
  }
}
@_cdecl("bp_affine_grid") @implementation public func bp_affine_grid(
  _ theta: OpaquePointer?, _ n: Int32, _ size: UnsafePointer<Int64>?, _ align_corners: Int32
) -> OpaquePointer? {
  unary("affine_grid", theta) { (t) throws(Failure) in try t.affineGrid(list(n, size, "affine_grid"), alignCorners: align_corners != 0) }
}
