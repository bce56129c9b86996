// Section 9: order, running sums.
import Backprop
import CBackprop

@_cdecl("bp_cumsum") @implementation public func bp_cumsum(_ x: OpaquePointer?, _ dim: Int64) -> OpaquePointer? {
  unary("cumsum", x) { (x) throws(Failure) in try x.cumsum(Int(dim)) }
}
@_cdecl("bp_cumprod") @implementation public func bp_cumprod(_ x: OpaquePointer?, _ dim: Int64) -> OpaquePointer? {
  unary("cumprod", x) { (x) throws(Failure) in try x.cumprod(Int(dim)) }
}
@_cdecl("bp_logcumsumexp") @implementation public func bp_logcumsumexp(_ x: OpaquePointer?, _ dim: Int64) -> OpaquePointer? {
  unary("logcumsumexp", x) { (x) throws(Failure) in try x.logcumsumexp(Int(dim)) }
}
@_cdecl("bp_cummax") @implementation public func bp_cummax(
  _ x: OpaquePointer?, _ dim: Int64, _ indices: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  pair("cummax", x, indices) { (x) throws(Failure) in try x.cumulativeExtreme(largest: true, Int(dim)) }
}
@_cdecl("bp_cummin") @implementation public func bp_cummin(
  _ x: OpaquePointer?, _ dim: Int64, _ indices: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  pair("cummin", x, indices) { (x) throws(Failure) in try x.cumulativeExtreme(largest: false, Int(dim)) }
}
@_cdecl("bp_sort") @implementation public func bp_sort(
  _ x: OpaquePointer?, _ dim: Int64, _ descending: Int32, _ stable: Int32, _ indices: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  pair("sort", x, indices) { (x) throws(Failure) in try x.sort(Int(dim), descending: descending != 0) }
}
@_cdecl("bp_argsort") @implementation public func bp_argsort(
  _ x: OpaquePointer?, _ dim: Int64, _ descending: Int32, _ stable: Int32
) -> OpaquePointer? {
  unary("argsort", x) { (x) throws(Failure) in try x.argsort(Int(dim), descending: descending != 0) }
}
@_cdecl("bp_msort") @implementation public func bp_msort(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("msort", x) { (x) throws(Failure) in try x.msort() }
}
@_cdecl("bp_topk") @implementation public func bp_topk(
  _ x: OpaquePointer?, _ k: Int64, _ dim: Int64, _ largest: Int32, _ sorted: Int32, _ indices: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  pair("topk", x, indices) { (x) throws(Failure) in try x.topk(Int(k), Int(dim), largest: largest != 0) }
}
@_cdecl("bp_kthvalue") @implementation public func bp_kthvalue(
  _ x: OpaquePointer?, _ k: Int64, _ dim: Int64, _ keepdim: Int32, _ indices: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  pair("kthvalue", x, indices) { (x) throws(Failure) in try x.kthvalue(Int(k), Int(dim), keep: keepdim != 0) }
}
@_cdecl("bp_mode") @implementation public func bp_mode(
  _ x: OpaquePointer?, _ dim: Int64, _ keepdim: Int32, _ indices: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  pair("mode", x, indices) { (x) throws(Failure) in try x.mode(Int(dim), keep: keepdim != 0) }
}
@_cdecl("bp_median") @implementation public func bp_median(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("median", x) { (x) throws(Failure) in try x.median(passingNaN: false) }
}
@_cdecl("bp_median_dim") @implementation public func bp_median_dim(
  _ x: OpaquePointer?, _ dim: Int64, _ keepdim: Int32, _ indices: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  pair("median", x, indices) { (x) throws(Failure) in try x.median(Int(dim), keep: keepdim != 0, passingNaN: false) }
}
@_cdecl("bp_nanmedian") @implementation public func bp_nanmedian(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("nanmedian", x) { (x) throws(Failure) in try x.median(passingNaN: true) }
}
@_cdecl("bp_nanmedian_dim") @implementation public func bp_nanmedian_dim(
  _ x: OpaquePointer?, _ dim: Int64, _ keepdim: Int32, _ indices: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  pair("nanmedian", x, indices) { (x) throws(Failure) in try x.median(Int(dim), keep: keepdim != 0, passingNaN: true) }
}

private func unique(
  _ name: StaticString, _ x: OpaquePointer?, consecutive: Bool, _ inverse: UnsafeMutablePointer<OpaquePointer?>?, _ counts: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  counts?.pointee = nil
  return pair(name, x, inverse) { (x) throws(Failure) in
    let y = try x.unique(consecutive: consecutive)
    if let counts { counts.pointee = y.counts.handle.pointer } else { y.counts.release() }
    return (y.values, y.inverse)
  }
}
@_cdecl("bp_unique") @implementation public func bp_unique(
  _ x: OpaquePointer?, _ inverse: UnsafeMutablePointer<OpaquePointer?>?, _ counts: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  unique("unique", x, consecutive: false, inverse, counts)
}
@_cdecl("bp_unique_consecutive") @implementation public func bp_unique_consecutive(
  _ x: OpaquePointer?, _ inverse: UnsafeMutablePointer<OpaquePointer?>?, _ counts: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  unique("unique_consecutive", x, consecutive: true, inverse, counts)
}
