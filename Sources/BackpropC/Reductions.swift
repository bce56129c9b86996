// Section 9: reductions.
import Backprop
import CBackprop

@_cdecl("bp_sum") @implementation public func bp_sum(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("sum", x) { (x) throws(Failure) in try x.sum() }
}
@_cdecl("bp_mean") @implementation public func bp_mean(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("mean", x) { (x) throws(Failure) in try x.mean() }
}
@_cdecl("bp_max") @implementation public func bp_max(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("max", x) { (x) throws(Failure) in try x.amax() }
}
@_cdecl("bp_min") @implementation public func bp_min(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("min", x) { (x) throws(Failure) in try x.amin() }
}
@_cdecl("bp_argmax") @implementation public func bp_argmax(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("argmax", x) { (x) throws(Failure) in try x.argExtreme(largest: true, dim: nil) }
}
@_cdecl("bp_argmin") @implementation public func bp_argmin(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("argmin", x) { (x) throws(Failure) in try x.argExtreme(largest: false, dim: nil) }
}
@_cdecl("bp_var") @implementation public func bp_var(_ x: OpaquePointer?, _ correction: Double) -> OpaquePointer? {
  unary("var", x) { (x) throws(Failure) in try x.variance(correction: correction) }
}

@_cdecl("bp_sum_dim") @implementation public func bp_sum_dim(
  _ x: OpaquePointer?, _ n: Int32, _ dims: UnsafePointer<Int64>?, _ keepdim: Int32
) -> OpaquePointer? {
  unary("sum", x) { (x) throws(Failure) in try x.sum(list(n, dims, "sum"), keep: keepdim != 0) }
}
@_cdecl("bp_mean_dim") @implementation public func bp_mean_dim(
  _ x: OpaquePointer?, _ n: Int32, _ dims: UnsafePointer<Int64>?, _ keepdim: Int32
) -> OpaquePointer? {
  unary("mean", x) { (x) throws(Failure) in try x.mean(list(n, dims, "mean"), keep: keepdim != 0) }
}
@_cdecl("bp_amax") @implementation public func bp_amax(
  _ x: OpaquePointer?, _ n: Int32, _ dims: UnsafePointer<Int64>?, _ keepdim: Int32
) -> OpaquePointer? {
  unary("amax", x) { (x) throws(Failure) in try x.amax(list(n, dims, "amax"), keep: keepdim != 0) }
}
@_cdecl("bp_amin") @implementation public func bp_amin(
  _ x: OpaquePointer?, _ n: Int32, _ dims: UnsafePointer<Int64>?, _ keepdim: Int32
) -> OpaquePointer? {
  unary("amin", x) { (x) throws(Failure) in try x.amin(list(n, dims, "amin"), keep: keepdim != 0) }
}
@_cdecl("bp_var_dim") @implementation public func bp_var_dim(
  _ x: OpaquePointer?, _ n: Int32, _ dims: UnsafePointer<Int64>?, _ correction: Double, _ keepdim: Int32
) -> OpaquePointer? {
  unary("var", x) { (x) throws(Failure) in try x.variance(list(n, dims, "var"), correction: correction, keep: keepdim != 0) }
}

private func extreme(
  _ name: StaticString, _ x: OpaquePointer?, largest: Bool, _ dim: Int64, _ keepdim: Int32, _ indices: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  indices?.pointee = nil
  return unary(name, x) { (x) throws(Failure) in
    let y = try x.extreme(largest: largest, dim: Int(dim), keep: keepdim != 0)
    if let indices { indices.pointee = y.indices.handle.pointer } else { y.indices.release() }
    return y.values
  }
}
@_cdecl("bp_max_dim") @implementation public func bp_max_dim(
  _ x: OpaquePointer?, _ dim: Int64, _ keepdim: Int32, _ indices: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  extreme("max", x, largest: true, dim, keepdim, indices)
}
@_cdecl("bp_min_dim") @implementation public func bp_min_dim(
  _ x: OpaquePointer?, _ dim: Int64, _ keepdim: Int32, _ indices: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  extreme("min", x, largest: false, dim, keepdim, indices)
}
@_cdecl("bp_argmax_dim") @implementation public func bp_argmax_dim(_ x: OpaquePointer?, _ dim: Int64, _ keepdim: Int32) -> OpaquePointer? {
  unary("argmax", x) { (x) throws(Failure) in try x.argExtreme(largest: true, dim: Int(dim), keep: keepdim != 0) }
}
@_cdecl("bp_argmin_dim") @implementation public func bp_argmin_dim(_ x: OpaquePointer?, _ dim: Int64, _ keepdim: Int32) -> OpaquePointer? {
  unary("argmin", x) { (x) throws(Failure) in try x.argExtreme(largest: false, dim: Int(dim), keep: keepdim != 0) }
}
