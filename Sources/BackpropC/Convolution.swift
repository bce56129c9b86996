// Section 13, second part: convolution.
import Backprop
import CBackprop

/// Writes one option of each of `dims` dimensions into their windows.
func spread(_ v: (Int64, Int64, Int64), _ dims: Int, _ windows: inout Windows, _ option: (inout WindowOptions, Int) -> Void) {
  option(&windows[0, of: dims], Int(v.0))
  if dims > 1 { option(&windows[1, of: dims], Int(v.1)) }
  if dims > 2 { option(&windows[2, of: dims], Int(v.2)) }
}

@inline(never) private func convolution(
  _ name: StaticString, _ dims: Int, _ x: OpaquePointer?, _ weight: OpaquePointer?, _ bias: OpaquePointer?,
  _ options: UnsafePointer<bp_conv_options>?, transposed: Bool = false
) -> OpaquePointer? {
  binary(name, x, weight) { (x, w) throws(Failure) in
    var o = ConvolutionOptions()
    if let given = options?.pointee {
      try checkSize(given.struct_size, MemoryLayout<bp_conv_options>.size, name)
      spread(given.stride, dims, &o.windows) { $0.stride = $1 }
      spread(given.padding, dims, &o.windows) { $0.padding = $1 }
      spread(given.padding_after, dims, &o.windows) { $0.after = $1 }
      spread(given.dilation, dims, &o.windows) { $0.dilation = $1 }
      spread(given.output_padding, dims, &o.windows) { $0.outputPadding = $1 }
      o.groups = Int(given.groups)
    }
    let b = try optional(bias, name)
    return transposed ? try x.transposedConvolution(dims, w, b, o) : try x.convolution(dims, w, b, o)
  }
}

@_cdecl("bp_conv1d") @implementation public func bp_conv1d(
  _ x: OpaquePointer?, _ weight: OpaquePointer?, _ bias: OpaquePointer?, _ options: UnsafePointer<bp_conv_options>?
) -> OpaquePointer? {
  convolution("conv1d", 1, x, weight, bias, options)
}
@_cdecl("bp_conv2d") @implementation public func bp_conv2d(
  _ x: OpaquePointer?, _ weight: OpaquePointer?, _ bias: OpaquePointer?, _ options: UnsafePointer<bp_conv_options>?
) -> OpaquePointer? {
  convolution("conv2d", 2, x, weight, bias, options)
}
@_cdecl("bp_conv3d") @implementation public func bp_conv3d(
  _ x: OpaquePointer?, _ weight: OpaquePointer?, _ bias: OpaquePointer?, _ options: UnsafePointer<bp_conv_options>?
) -> OpaquePointer? {
  convolution("conv3d", 3, x, weight, bias, options)
}
@_cdecl("bp_conv_transpose1d") @implementation public func bp_conv_transpose1d(
  _ x: OpaquePointer?, _ weight: OpaquePointer?, _ bias: OpaquePointer?, _ options: UnsafePointer<bp_conv_options>?
) -> OpaquePointer? {
  convolution("conv_transpose1d", 1, x, weight, bias, options, transposed: true)
}
@_cdecl("bp_conv_transpose2d") @implementation public func bp_conv_transpose2d(
  _ x: OpaquePointer?, _ weight: OpaquePointer?, _ bias: OpaquePointer?, _ options: UnsafePointer<bp_conv_options>?
) -> OpaquePointer? {
  convolution("conv_transpose2d", 2, x, weight, bias, options, transposed: true)
}
@_cdecl("bp_conv_transpose3d") @implementation public func bp_conv_transpose3d(
  _ x: OpaquePointer?, _ weight: OpaquePointer?, _ bias: OpaquePointer?, _ options: UnsafePointer<bp_conv_options>?
) -> OpaquePointer? {
  convolution("conv_transpose3d", 3, x, weight, bias, options, transposed: true)
}
