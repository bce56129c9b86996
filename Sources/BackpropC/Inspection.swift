// Section 6: looking into tensors.
import Backprop
import CBackprop
import KernelAPI

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
@_cdecl("bp_is_shared") @implementation public func bp_is_shared(_ t: OpaquePointer?, _ beside: OpaquePointer?) -> Int32 {
  take(t, "is_shared").map { $0.isShared(beside: beside.flatMap { Handle($0).asValue }) ? 1 : 0 } ?? -1
}
@_cdecl("bp_storage_offset") @implementation public func bp_storage_offset(_ t: OpaquePointer?) -> Int64 {
  take(t, "storage_offset").map { Int64($0.storageOffset) } ?? -1
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
