// Section 12: indexing.
import Backprop
import CBackprop

@_cdecl("bp_gather") @implementation public func bp_gather(_ x: OpaquePointer?, _ dim: Int64, _ index: OpaquePointer?) -> OpaquePointer? {
  binary("gather", x, index) { (x, index) throws(Failure) in try x.gather(Int(dim), index) }
}
@_cdecl("bp_scatter_add") @implementation public func bp_scatter_add(
  _ x: OpaquePointer?, _ dim: Int64, _ index: OpaquePointer?, _ src: OpaquePointer?
) -> OpaquePointer? {
  ternary("scatter_add", x, index, src) { (x, index, src) throws(Failure) in try x.scatterAdd(Int(dim), index, src) }
}
@_cdecl("bp_index_select") @implementation public func bp_index_select(_ x: OpaquePointer?, _ dim: Int64, _ index: OpaquePointer?) -> OpaquePointer? {
  binary("index_select", x, index) { (x, index) throws(Failure) in try x.indexSelect(Int(dim), index) }
}
@_cdecl("bp_index_add") @implementation public func bp_index_add(
  _ x: OpaquePointer?, _ dim: Int64, _ index: OpaquePointer?, _ src: OpaquePointer?
) -> OpaquePointer? {
  ternary("index_add", x, index, src) { (x, index, src) throws(Failure) in try x.indexAdd(Int(dim), index, src) }
}
@_cdecl("bp_embedding") @implementation public func bp_embedding(_ indices: OpaquePointer?, _ weight: OpaquePointer?, _ padding_idx: Int64) -> OpaquePointer? {
  binary("embedding", indices, weight) { (indices, weight) throws(Failure) in
    try indices.embedding(weight, padding: padding_idx == .min ? nil : Int(padding_idx))
  }
}
@_cdecl("bp_scatter") @implementation public func bp_scatter(_ x: OpaquePointer?, _ dim: Int64, _ index: OpaquePointer?, _ src: OpaquePointer?) -> OpaquePointer? {
  ternary("scatter", x, index, src) { (x, index, src) throws(Failure) in try x.scatter(Int(dim), index, src) }
}
@_cdecl("bp_scatter_reduce") @implementation public func bp_scatter_reduce(_ x: OpaquePointer?, _ dim: Int64, _ index: OpaquePointer?, _ src: OpaquePointer?, _ reduce: bp_scatter_reduction, _ include_self: Int32) -> OpaquePointer? {
  ternary("scatter_reduce", x, index, src) { (x, index, src) throws(Failure) in try x.scatterReduce(Int(dim), index, src, convert(reduce, "scatter_reduce"), include_self != 0) }
}
@_cdecl("bp_index_copy") @implementation public func bp_index_copy(_ x: OpaquePointer?, _ dim: Int64, _ index: OpaquePointer?, _ src: OpaquePointer?) -> OpaquePointer? {
  ternary("index_copy", x, index, src) { (x, index, src) throws(Failure) in try x.indexCopy(Int(dim), index, src) }
}
@_cdecl("bp_index_fill") @implementation public func bp_index_fill(_ x: OpaquePointer?, _ dim: Int64, _ index: OpaquePointer?, _ value: OpaquePointer?) -> OpaquePointer? {
  ternary("index_fill", x, index, value) { (x, index, value) throws(Failure) in try x.indexFill(Int(dim), index, value) }
}
@_cdecl("bp_index_reduce") @implementation public func bp_index_reduce(_ x: OpaquePointer?, _ dim: Int64, _ index: OpaquePointer?, _ src: OpaquePointer?, _ reduce: bp_scatter_reduction, _ include_self: Int32) -> OpaquePointer? {
  ternary("index_reduce", x, index, src) { (x, index, src) throws(Failure) in try x.indexReduce(Int(dim), index, src, convert(reduce, "index_reduce"), include_self != 0) }
}
@_cdecl("bp_take") @implementation public func bp_take(_ x: OpaquePointer?, _ index: OpaquePointer?) -> OpaquePointer? {
  binary("take", x, index) { (x, index) throws(Failure) in try x.take(index) }
}
@_cdecl("bp_put") @implementation public func bp_put(_ x: OpaquePointer?, _ index: OpaquePointer?, _ src: OpaquePointer?, _ accumulate: Int32) -> OpaquePointer? {
  ternary("put", x, index, src) { (x, index, src) throws(Failure) in try x.put(index, src, accumulate != 0) }
}
@_cdecl("bp_take_along_dim") @implementation public func bp_take_along_dim(_ x: OpaquePointer?, _ index: OpaquePointer?, _ dim: Int64) -> OpaquePointer? {
  binary("take_along_dim", x, index) { (x, index) throws(Failure) in try x.takeAlongDim(index, given(dim)) }
}
@_cdecl("bp_masked_fill") @implementation public func bp_masked_fill(_ x: OpaquePointer?, _ mask: OpaquePointer?, _ value: OpaquePointer?) -> OpaquePointer? {
  ternary("masked_fill", x, mask, value) { (x, mask, value) throws(Failure) in try x.maskedFill(mask, value) }
}
@_cdecl("bp_masked_select") @implementation public func bp_masked_select(_ x: OpaquePointer?, _ mask: OpaquePointer?) -> OpaquePointer? {
  binary("masked_select", x, mask) { (x, mask) throws(Failure) in try x.maskedSelect(mask) }
}
@_cdecl("bp_masked_scatter") @implementation public func bp_masked_scatter(_ x: OpaquePointer?, _ mask: OpaquePointer?, _ src: OpaquePointer?) -> OpaquePointer? {
  ternary("masked_scatter", x, mask, src) { (x, mask, src) throws(Failure) in try x.maskedScatter(mask, src) }
}
@_cdecl("bp_nonzero") @implementation public func bp_nonzero(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("nonzero", x) { (x) throws(Failure) in try x.nonzero() }
}
@_cdecl("bp_one_hot") @implementation public func bp_one_hot(_ x: OpaquePointer?, _ num_classes: Int64) -> OpaquePointer? {
  unary("one_hot", x) { (x) throws(Failure) in try x.oneHot(given(num_classes)) }
}

private func convert(_ raw: bp_scatter_reduction, _ name: StaticString) throws(Failure) -> ScatterReduction {
  if let r = ScatterReduction(rawValue: raw) { return r }
  throw Failure(.argument, "\(name): reduce \(Int(raw)) is none of sum (0), prod (1), mean (2), amax (3), amin (4)")
}

@_cdecl("bp_index") @implementation public func bp_index(_ x: OpaquePointer?, _ n: Int32, _ indices: UnsafePointer<OpaquePointer?>?) -> OpaquePointer? {
  unary("index", x) { (x) throws(Failure) in
    try withOptionals(on: x.engine, n, indices, "index") { (list) throws(Failure) -> Value in try x.indexed(list) }
  }
}
@_cdecl("bp_index_put") @implementation public func bp_index_put(
  _ x: OpaquePointer?, _ n: Int32, _ indices: UnsafePointer<OpaquePointer?>?, _ values: OpaquePointer?, _ accumulate: Int32
) -> OpaquePointer? {
  binary("index_put", x, values) { (x, values) throws(Failure) in
    try withOptionals(on: x.engine, n, indices, "index_put") { (list) throws(Failure) -> Value in try x.indexPut(list, values, accumulate != 0) }
  }
}
@_cdecl("bp_index_put_") @implementation public func bp_index_put_(
  _ t: OpaquePointer?, _ n: Int32, _ indices: UnsafePointer<OpaquePointer?>?, _ values: OpaquePointer?, _ accumulate: Int32
) -> OpaquePointer? {
  binary("index_put_", t, values) { (x, values) throws(Failure) in
    _ = try withOptionals(on: x.engine, n, indices, "index_put_") { (list) throws(Failure) -> Value in try x.indexPut_(list, values, accumulate != 0) }
    return x
  }
}
