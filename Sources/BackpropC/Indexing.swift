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
