// Section 11: shape and movement.
import Backprop
import CBackprop

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
@_cdecl("bp_movedim") @implementation public func bp_movedim(_ x: OpaquePointer?, _ n: Int32, _ source: UnsafePointer<Int64>?, _ destination: UnsafePointer<Int64>?) -> OpaquePointer? {
  unary("movedim", x) { (x) throws(Failure) in try x.movedim(list(n, source, "movedim"), list(n, destination, "movedim")) }
}
@_cdecl("bp_flip") @implementation public func bp_flip(_ x: OpaquePointer?, _ n: Int32, _ dims: UnsafePointer<Int64>?) -> OpaquePointer? {
  unary("flip", x) { (x) throws(Failure) in try x.flip(list(n, dims, "flip")) }
}
@_cdecl("bp_roll") @implementation public func bp_roll(_ x: OpaquePointer?, _ n: Int32, _ shifts: UnsafePointer<Int64>?, _ dims: UnsafePointer<Int64>?) -> OpaquePointer? {
  unary("roll", x) { (x) throws(Failure) in try x.roll(list(n, shifts, "roll"), dims == nil ? Dims() : list(n, dims, "roll")) }
}
@_cdecl("bp_tril") @implementation public func bp_tril(_ x: OpaquePointer?, _ diagonal: Int64) -> OpaquePointer? {
  unary("tril", x) { (x) throws(Failure) in try x.tril(Int(diagonal)) }
}
@_cdecl("bp_triu") @implementation public func bp_triu(_ x: OpaquePointer?, _ diagonal: Int64) -> OpaquePointer? {
  unary("triu", x) { (x) throws(Failure) in try x.triu(Int(diagonal)) }
}
@_cdecl("bp_diagonal") @implementation public func bp_diagonal(_ x: OpaquePointer?, _ offset: Int64, _ dim1: Int64, _ dim2: Int64) -> OpaquePointer? {
  unary("diagonal", x) { (x) throws(Failure) in try x.diagonal(Int(offset), Int(dim1), Int(dim2)) }
}
@_cdecl("bp_diag") @implementation public func bp_diag(_ x: OpaquePointer?, _ diagonal: Int64) -> OpaquePointer? {
  unary("diag", x) { (x) throws(Failure) in try x.diag(Int(diagonal)) }
}
@_cdecl("bp_diag_embed") @implementation public func bp_diag_embed(_ x: OpaquePointer?, _ offset: Int64, _ dim1: Int64, _ dim2: Int64) -> OpaquePointer? {
  unary("diag_embed", x) { (x) throws(Failure) in try x.diagEmbed(Int(offset), Int(dim1), Int(dim2)) }
}
@_cdecl("bp_repeat") @implementation public func bp_repeat(_ x: OpaquePointer?, _ n: Int32, _ repeats: UnsafePointer<Int64>?) -> OpaquePointer? {
  unary("repeat", x) { (x) throws(Failure) in try x.repeated(list(n, repeats, "repeat")) }
}
@_cdecl("bp_tile") @implementation public func bp_tile(_ x: OpaquePointer?, _ n: Int32, _ repeats: UnsafePointer<Int64>?) -> OpaquePointer? {
  unary("tile", x) { (x) throws(Failure) in try x.tile(list(n, repeats, "tile")) }
}
@_cdecl("bp_repeat_interleave") @implementation public func bp_repeat_interleave(_ x: OpaquePointer?, _ repeats: Int64, _ dim: Int64) -> OpaquePointer? {
  unary("repeat_interleave", x) { (x) throws(Failure) in try x.repeatInterleave(Int(repeats), given(dim)) }
}
@_cdecl("bp_repeat_interleave_each") @implementation public func bp_repeat_interleave_each(_ x: OpaquePointer?, _ repeats: OpaquePointer?, _ dim: Int64) -> OpaquePointer? {
  binary("repeat_interleave_each", x, repeats) { (x, repeats) throws(Failure) in try x.repeatInterleave(each: repeats, given(dim)) }
}
@_cdecl("bp_unflatten") @implementation public func bp_unflatten(_ x: OpaquePointer?, _ dim: Int64, _ n: Int32, _ sizes: UnsafePointer<Int64>?) -> OpaquePointer? {
  unary("unflatten", x) { (x) throws(Failure) in try x.unflatten(Int(dim), list(n, sizes, "unflatten")) }
}
@_cdecl("bp_narrow") @implementation public func bp_narrow(_ x: OpaquePointer?, _ dim: Int64, _ start: Int64, _ length: Int64) -> OpaquePointer? {
  unary("narrow", x) { (x) throws(Failure) in try x.narrow(Int(dim), Int(start), Int(length)) }
}
@_cdecl("bp_squeeze_dims") @implementation public func bp_squeeze_dims(_ x: OpaquePointer?, _ n: Int32, _ dims: UnsafePointer<Int64>?) -> OpaquePointer? {
  unary("squeeze_dims", x) { (x) throws(Failure) in try x.squeeze(list(n, dims, "squeeze")) }
}
@_cdecl("bp_unfold_dim") @implementation public func bp_unfold_dim(_ x: OpaquePointer?, _ dim: Int64, _ size: Int64, _ step: Int64) -> OpaquePointer? {
  unary("unfold_dim", x) { (x) throws(Failure) in try x.windows(Int(dim), Int(size), Int(step)) }
}
@_cdecl("bp_as_strided") @implementation public func bp_as_strided(_ x: OpaquePointer?, _ ndim: Int32, _ shape: UnsafePointer<Int64>?, _ strides: UnsafePointer<Int64>?, _ storage_offset: Int64) -> OpaquePointer? {
  unary("as_strided", x) { (x) throws(Failure) in try x.asStrided(list(ndim, shape, "as_strided"), list(ndim, strides, "as_strided"), given(storage_offset)) }
}
@_cdecl("bp_as_strided_scatter") @implementation public func bp_as_strided_scatter(_ x: OpaquePointer?, _ src: OpaquePointer?, _ ndim: Int32, _ shape: UnsafePointer<Int64>?, _ strides: UnsafePointer<Int64>?, _ storage_offset: Int64) -> OpaquePointer? {
  binary("as_strided_scatter", x, src) { (x, src) throws(Failure) in try x.asStridedScatter(src, list(ndim, shape, "as_strided_scatter"), list(ndim, strides, "as_strided_scatter"), given(storage_offset)) }
}
@_cdecl("bp_slice_scatter") @implementation public func bp_slice_scatter(_ x: OpaquePointer?, _ src: OpaquePointer?, _ dim: Int64, _ start: Int64, _ end: Int64, _ step: Int64) -> OpaquePointer? {
  binary("slice_scatter", x, src) { (x, src) throws(Failure) in try x.sliceScatter(src, Int(dim), given(start), given(end), Int(step)) }
}
@_cdecl("bp_select_scatter") @implementation public func bp_select_scatter(_ x: OpaquePointer?, _ src: OpaquePointer?, _ dim: Int64, _ index: Int64) -> OpaquePointer? {
  binary("select_scatter", x, src) { (x, src) throws(Failure) in try x.selectScatter(src, Int(dim), Int(index)) }
}
@_cdecl("bp_diagonal_scatter") @implementation public func bp_diagonal_scatter(_ x: OpaquePointer?, _ src: OpaquePointer?, _ offset: Int64, _ dim1: Int64, _ dim2: Int64) -> OpaquePointer? {
  binary("diagonal_scatter", x, src) { (x, src) throws(Failure) in try x.diagonalScatter(src, Int(offset), Int(dim1), Int(dim2)) }
}
@_cdecl("bp_pad") @implementation public func bp_pad(
  _ x: OpaquePointer?, _ n: Int32, _ padding: UnsafePointer<Int64>?, _ mode: bp_pad_mode, _ value: Double
) -> OpaquePointer? {
  unary("pad", x) { (x) throws(Failure) in
    guard let how = PadMode(rawValue: mode) else {
      throw Failure(.argument, "pad: mode \(Int(mode)) is none of constant (0), reflect (1), replicate (2), circular (3)")
    }
    if n < 0 || n % 2 != 0 || Int(n) > 2 * x.shape.count { throw Failure(.argument, "pad: \(Int(n)) numbers for the ends of the dimensions of shape \(x.shape)") }
    if n > 0 && padding == nil { throw Failure(.argument, "pad: the list of \(Int(n)) numbers is NULL") }
    var before = Dims(), after = Dims(), d = 0
    while d < x.shape.count {
      let k = x.shape.count - 1 - d, isNamed = 2 * k < Int(n)
      before.append(isNamed ? Int(padding.unsafelyUnwrapped[2 * k]) : 0)
      after.append(isNamed ? Int(padding.unsafelyUnwrapped[2 * k + 1]) : 0)
      d += 1
    }
    return try x.pad(before, after, how, value)
  }
}

/// Pieces of x along a dimension, one after another, as long as `length` says. After a failure none is left.
private func pieces(
  _ name: StaticString, _ x: Value, _ d: Int, _ count: Int, _ outputs: UnsafeMutablePointer<OpaquePointer?>?, _ make: (Int) throws(Failure) -> Value
) throws(Failure) {
  if count == 0 { return }
  guard let outputs else { throw Failure(.argument, "\(name): outputs is NULL") }
  var i = 0
  while i < count {
    do throws(Failure) { outputs[i] = try make(i).handle.pointer } catch {
      while i > 0 {
        i -= 1
        if let p = outputs[i] { Handle(p).asValue?.release() }
        outputs[i] = nil
      }
      throw error
    }
    i += 1
  }
}

@_cdecl("bp_split") @implementation public func bp_split(
  _ x: OpaquePointer?, _ n: Int32, _ sizes: UnsafePointer<Int64>?, _ dim: Int64, _ outputs: UnsafeMutablePointer<OpaquePointer?>?
) -> bp_status {
  guard let x = take(x, "split") else { return handleError }
  return perform(on: x.engine) { () throws(Failure) in
    let d = try x.dimension(Int(dim), for: "split")
    if n < 0 || (n > 0 && sizes == nil) { throw Failure(.argument, "split: \(Int(n)) sizes, or none given") }
    var total = 0, i = 0
    while i < Int(n) {
      let size = Int(sizes.unsafelyUnwrapped[i])
      if size < 0 || size > x.shape[d] - total { throw Failure(.shape, "split: the sizes do not add up to dimension \(d) of shape \(x.shape)") }
      total += size
      i += 1
    }
    if total != x.shape[d] { throw Failure(.shape, "split: the sizes add up to \(total), dimension \(d) of shape \(x.shape) is \(x.shape[d])") }
    var start = 0
    try pieces("split", x, d, Int(n), outputs) { (i) throws(Failure) -> Value in
      let length = Int(sizes.unsafelyUnwrapped[i])
      defer { start += length }
      return try x.narrow(d, start, length)
    }
  }
}
@_cdecl("bp_chunk") @implementation public func bp_chunk(
  _ x: OpaquePointer?, _ chunks: Int32, _ dim: Int64, _ outputs: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
  guard let x = take(x, "chunk") else { return -1 }
  var made: Int32 = -1
  _ = perform(on: x.engine) { () throws(Failure) in
    let d = try x.dimension(Int(dim), for: "chunk"), n = x.shape[d]
    if chunks < 1 { throw Failure(.argument, "chunk: chunks must be at least 1, it is \(Int(chunks))") }
    let length = n > 0 ? (n - 1) / Int(chunks) + 1 : 0, count = n > 0 ? (n - 1) / length + 1 : Int(chunks)
    try pieces("chunk", x, d, count, outputs) { (i) throws(Failure) -> Value in
      try x.narrow(d, i * length, n - i * length < length ? n - i * length : length)
    }
    made = Int32(count)
  }
  return made
}
@_cdecl("bp_unbind") @implementation public func bp_unbind(_ x: OpaquePointer?, _ dim: Int64, _ outputs: UnsafeMutablePointer<OpaquePointer?>?) -> bp_status {
  guard let x = take(x, "unbind") else { return handleError }
  return perform(on: x.engine) { () throws(Failure) in
    let d = try x.dimension(Int(dim), for: "unbind")
    try pieces("unbind", x, d, x.shape[d], outputs) { (i) throws(Failure) -> Value in try x.select(d, i) }
  }
}
