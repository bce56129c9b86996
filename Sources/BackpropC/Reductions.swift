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

/// Of two results the first is returned, the second goes to `second`, which may be NULL.
func pair(
  _ name: StaticString, _ x: OpaquePointer?, _ second: UnsafeMutablePointer<OpaquePointer?>?, _ body: (Value) throws(Failure) -> (Value, Value)
) -> OpaquePointer? {
  second?.pointee = nil
  return unary(name, x) { (x) throws(Failure) in
    let y = try body(x)
    if let second { second.pointee = y.1.handle.pointer } else { y.1.release() }
    return y.0
  }
}
@_cdecl("bp_max_dim") @implementation public func bp_max_dim(
  _ x: OpaquePointer?, _ dim: Int64, _ keepdim: Int32, _ indices: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  pair("max", x, indices) { (x) throws(Failure) in try x.extreme(largest: true, dim: Int(dim), keep: keepdim != 0) }
}
@_cdecl("bp_min_dim") @implementation public func bp_min_dim(
  _ x: OpaquePointer?, _ dim: Int64, _ keepdim: Int32, _ indices: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  pair("min", x, indices) { (x) throws(Failure) in try x.extreme(largest: false, dim: Int(dim), keep: keepdim != 0) }
}
@_cdecl("bp_argmax_dim") @implementation public func bp_argmax_dim(_ x: OpaquePointer?, _ dim: Int64, _ keepdim: Int32) -> OpaquePointer? {
  unary("argmax", x) { (x) throws(Failure) in try x.argExtreme(largest: true, dim: Int(dim), keep: keepdim != 0) }
}
@_cdecl("bp_argmin_dim") @implementation public func bp_argmin_dim(_ x: OpaquePointer?, _ dim: Int64, _ keepdim: Int32) -> OpaquePointer? {
  unary("argmin", x) { (x) throws(Failure) in try x.argExtreme(largest: false, dim: Int(dim), keep: keepdim != 0) }
}

@_cdecl("bp_std") @implementation public func bp_std(_ x: OpaquePointer?, _ correction: Double) -> OpaquePointer? {
  unary("std", x) { (x) throws(Failure) in try x.deviation(correction: correction) }
}
@_cdecl("bp_std_dim") @implementation public func bp_std_dim(
  _ x: OpaquePointer?, _ n: Int32, _ dims: UnsafePointer<Int64>?, _ correction: Double, _ keepdim: Int32
) -> OpaquePointer? {
  unary("std", x) { (x) throws(Failure) in try x.deviation(list(n, dims, "std"), correction: correction, keep: keepdim != 0) }
}
@_cdecl("bp_var_mean") @implementation public func bp_var_mean(
  _ x: OpaquePointer?, _ n: Int32, _ dims: UnsafePointer<Int64>?, _ correction: Double, _ keepdim: Int32, _ mean: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  pair("var_mean", x, mean) { (x) throws(Failure) in
    try x.varianceAndMean(list(n, dims, "var_mean"), correction: correction, keep: keepdim != 0, root: false)
  }
}
@_cdecl("bp_std_mean") @implementation public func bp_std_mean(
  _ x: OpaquePointer?, _ n: Int32, _ dims: UnsafePointer<Int64>?, _ correction: Double, _ keepdim: Int32, _ mean: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  pair("std_mean", x, mean) { (x) throws(Failure) in
    try x.varianceAndMean(list(n, dims, "std_mean"), correction: correction, keep: keepdim != 0, root: true)
  }
}
@_cdecl("bp_prod") @implementation public func bp_prod(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("prod", x) { (x) throws(Failure) in try x.prod(nil) }
}
@_cdecl("bp_prod_dim") @implementation public func bp_prod_dim(_ x: OpaquePointer?, _ dim: Int64, _ keepdim: Int32) -> OpaquePointer? {
  unary("prod", x) { (x) throws(Failure) in try x.prod(Int(dim), keep: keepdim != 0) }
}
@_cdecl("bp_logsumexp") @implementation public func bp_logsumexp(
  _ x: OpaquePointer?, _ n: Int32, _ dims: UnsafePointer<Int64>?, _ keepdim: Int32
) -> OpaquePointer? {
  unary("logsumexp", x) { (x) throws(Failure) in try x.logsumexp(list(n, dims, "logsumexp"), keep: keepdim != 0) }
}
@_cdecl("bp_nansum") @implementation public func bp_nansum(
  _ x: OpaquePointer?, _ n: Int32, _ dims: UnsafePointer<Int64>?, _ keepdim: Int32
) -> OpaquePointer? {
  unary("nansum", x) { (x) throws(Failure) in try x.nansum(list(n, dims, "nansum"), keep: keepdim != 0) }
}
@_cdecl("bp_nanmean") @implementation public func bp_nanmean(
  _ x: OpaquePointer?, _ n: Int32, _ dims: UnsafePointer<Int64>?, _ keepdim: Int32
) -> OpaquePointer? {
  unary("nanmean", x) { (x) throws(Failure) in try x.nanmean(list(n, dims, "nanmean"), keep: keepdim != 0) }
}
@_cdecl("bp_any") @implementation public func bp_any(
  _ x: OpaquePointer?, _ n: Int32, _ dims: UnsafePointer<Int64>?, _ keepdim: Int32
) -> OpaquePointer? {
  unary("any", x) { (x) throws(Failure) in try x.truth(every: false, list(n, dims, "any"), keep: keepdim != 0) }
}
@_cdecl("bp_all") @implementation public func bp_all(
  _ x: OpaquePointer?, _ n: Int32, _ dims: UnsafePointer<Int64>?, _ keepdim: Int32
) -> OpaquePointer? {
  unary("all", x) { (x) throws(Failure) in try x.truth(every: true, list(n, dims, "all"), keep: keepdim != 0) }
}
@_cdecl("bp_count_nonzero") @implementation public func bp_count_nonzero(
  _ x: OpaquePointer?, _ n: Int32, _ dims: UnsafePointer<Int64>?
) -> OpaquePointer? {
  unary("count_nonzero", x) { (x) throws(Failure) in try x.countNonzero(list(n, dims, "count_nonzero")) }
}
@_cdecl("bp_norm") @implementation public func bp_norm(
  _ x: OpaquePointer?, _ p: Double, _ n: Int32, _ dims: UnsafePointer<Int64>?, _ keepdim: Int32
) -> OpaquePointer? {
  unary("norm", x) { (x) throws(Failure) in try x.norm(p, list(n, dims, "norm"), keep: keepdim != 0) }
}
@_cdecl("bp_aminmax") @implementation public func bp_aminmax(
  _ x: OpaquePointer?, _ dim: Int64, _ keepdim: Int32, _ largest: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  pair("aminmax", x, largest) { (x) throws(Failure) in try x.extremes(dim == .min ? nil : Int(dim), keep: keepdim != 0) }
}
@_cdecl("bp_normalize") @implementation public func bp_normalize(
  _ x: OpaquePointer?, _ p: Double, _ n: Int32, _ dims: UnsafePointer<Int64>?, _ eps: Double
) -> OpaquePointer? {
  unary("normalize", x) { (x) throws(Failure) in try x.normalize(p: p, list(n, dims, "normalize"), eps: eps) }
}
@_cdecl("bp_cosine_similarity") @implementation public func bp_cosine_similarity(
  _ a: OpaquePointer?, _ b: OpaquePointer?, _ dim: Int64, _ eps: Double
) -> OpaquePointer? {
  binary("cosine_similarity", a, b) { (a, b) throws(Failure) in try a.cosineSimilarity(b, Int(dim), eps: eps) }
}
@_cdecl("bp_pairwise_distance") @implementation public func bp_pairwise_distance(
  _ a: OpaquePointer?, _ b: OpaquePointer?, _ p: Double, _ eps: Double, _ keepdim: Int32
) -> OpaquePointer? {
  binary("pairwise_distance", a, b) { (a, b) throws(Failure) in try a.pairwiseDistance(b, p: p, eps: eps, keep: keepdim != 0) }
}
