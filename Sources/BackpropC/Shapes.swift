// Sections 9 to 12: reductions, matrix products, movement, indexing.
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

// MARK: Matrix products

@_cdecl("bp_matmul") @implementation public func bp_matmul(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("matmul", a, b) { (a, b) throws(Failure) in try a.matmul(b) }
}
@_cdecl("bp_linear") @implementation public func bp_linear(_ x: OpaquePointer?, _ w: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("linear", x, w) { (x, w) throws(Failure) in try x.linear(w, optional(b, "linear")) }
}

// MARK: Shape and movement

/// The name `dims` is a parameter's in this file.
private func list(_ n: Int32, _ p: UnsafePointer<Int64>?, _ name: StaticString) throws(Failure) -> Dims { try dims(n, p, name) }

@_cdecl("bp_reshape") @implementation public func bp_reshape(_ x: OpaquePointer?, _ ndim: Int32, _ shape: UnsafePointer<Int64>?) -> OpaquePointer? {
  unary("reshape", x) { (x) throws(Failure) in try x.reshape(list(ndim, shape, "reshape")) }
}
@_cdecl("bp_permute") @implementation public func bp_permute(_ x: OpaquePointer?, _ ndim: Int32, _ dims: UnsafePointer<Int64>?) -> OpaquePointer? {
  unary("permute", x) { (x) throws(Failure) in try x.permute(list(ndim, dims, "permute")) }
}
@_cdecl("bp_expand") @implementation public func bp_expand(_ x: OpaquePointer?, _ ndim: Int32, _ shape: UnsafePointer<Int64>?) -> OpaquePointer? {
  unary("expand", x) { (x) throws(Failure) in try x.expand(list(ndim, shape, "expand")) }
}
@_cdecl("bp_flatten") @implementation public func bp_flatten(_ x: OpaquePointer?, _ start_dim: Int64, _ end_dim: Int64) -> OpaquePointer? {
  unary("flatten", x) { (x) throws(Failure) in try x.flatten(Int(start_dim), Int(end_dim)) }
}
@_cdecl("bp_transpose") @implementation public func bp_transpose(_ x: OpaquePointer?, _ dim0: Int64, _ dim1: Int64) -> OpaquePointer? {
  unary("transpose", x) { (x) throws(Failure) in try x.transpose(Int(dim0), Int(dim1)) }
}
@_cdecl("bp_squeeze") @implementation public func bp_squeeze(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("squeeze", x) { (x) throws(Failure) in try x.squeeze() }
}
@_cdecl("bp_squeeze_dim") @implementation public func bp_squeeze_dim(_ x: OpaquePointer?, _ dim: Int64) -> OpaquePointer? {
  unary("squeeze", x) { (x) throws(Failure) in try x.squeeze(Int(dim)) }
}
@_cdecl("bp_unsqueeze") @implementation public func bp_unsqueeze(_ x: OpaquePointer?, _ dim: Int64) -> OpaquePointer? {
  unary("unsqueeze", x) { (x) throws(Failure) in try x.unsqueeze(Int(dim)) }
}
@_cdecl("bp_slice") @implementation public func bp_slice(
  _ x: OpaquePointer?, _ dim: Int64, _ start: Int64, _ end: Int64, _ step: Int64
) -> OpaquePointer? {
  unary("slice", x) { (x) throws(Failure) in
    try x.slice(Int(dim), start == .min ? nil : Int(start), end == .min ? nil : Int(end), Int(step))
  }
}
@_cdecl("bp_select") @implementation public func bp_select(_ x: OpaquePointer?, _ dim: Int64, _ index: Int64) -> OpaquePointer? {
  unary("select", x) { (x) throws(Failure) in try x.select(Int(dim), Int(index)) }
}

private func joined(
  _ name: StaticString, _ n: Int32, _ tensors: UnsafePointer<OpaquePointer?>?, _ body: (UnsafeBufferPointer<Value>) throws(Failure) -> Value
) -> OpaquePointer? {
  do throws(Failure) { return try withValues(n, tensors, name, body).handle.pointer } catch {
    report(error, on: engine(of: tensors, n))
    return nil
  }
}
@_cdecl("bp_cat") @implementation public func bp_cat(_ n: Int32, _ tensors: UnsafePointer<OpaquePointer?>?, _ dim: Int64) -> OpaquePointer? {
  joined("cat", n, tensors) { (v) throws(Failure) in try .cat(v, Int(dim)) }
}
@_cdecl("bp_stack") @implementation public func bp_stack(_ n: Int32, _ tensors: UnsafePointer<OpaquePointer?>?, _ dim: Int64) -> OpaquePointer? {
  joined("stack", n, tensors) { (v) throws(Failure) in try .stack(v, Int(dim)) }
}
@_cdecl("bp_contiguous") @implementation public func bp_contiguous(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("contiguous", x) { (x) throws(Failure) in try x.contiguous() }
}
@_cdecl("bp_clone") @implementation public func bp_clone(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("clone", x) { (x) throws(Failure) in try x.clone() }
}

// MARK: Indexing

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
