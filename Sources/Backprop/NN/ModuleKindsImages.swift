// Kinds of modules: convolution, pooling, padding and resampling.
import KernelAPI

extension ModuleKind {
  var imageRow: ModuleRow {
    @inline(never) get {
    switch self {
    // Convolution and pooling
    case .conv1d:
      ModuleRow(
        "Conv1d(in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, padding_mode='zeros', device=None, dtype=None)",
        shows: ModuleRow.convolution, make: { (m) throws(Failure) in try m.makeConvolution(1, transposed: false) }
      ) { (c) throws(Failure) in try c.convolution(1, transposed: false) }
    case .conv2d:
      ModuleRow(
        "Conv2d(in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, padding_mode='zeros', device=None, dtype=None)",
        shows: ModuleRow.convolution, make: { (m) throws(Failure) in try m.makeConvolution(2, transposed: false) }
      ) { (c) throws(Failure) in try c.convolution(2, transposed: false) }
    case .conv3d:
      ModuleRow(
        "Conv3d(in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, padding_mode='zeros', device=None, dtype=None)",
        shows: ModuleRow.convolution, make: { (m) throws(Failure) in try m.makeConvolution(3, transposed: false) }
      ) { (c) throws(Failure) in try c.convolution(3, transposed: false) }
    case .convTranspose1d:
      ModuleRow(
        "ConvTranspose1d(in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True, dilation=1, padding_mode='zeros', device=None, dtype=None)",
        shows: ModuleRow.convolution, make: { (m) throws(Failure) in try m.makeConvolution(1, transposed: true) }
      ) { (c) throws(Failure) in try c.convolution(1, transposed: true) }
    case .convTranspose2d:
      ModuleRow(
        "ConvTranspose2d(in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True, dilation=1, padding_mode='zeros', device=None, dtype=None)",
        shows: ModuleRow.convolution, make: { (m) throws(Failure) in try m.makeConvolution(2, transposed: true) }
      ) { (c) throws(Failure) in try c.convolution(2, transposed: true) }
    case .convTranspose3d:
      ModuleRow(
        "ConvTranspose3d(in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True, dilation=1, padding_mode='zeros', device=None, dtype=None)",
        shows: ModuleRow.convolution, make: { (m) throws(Failure) in try m.makeConvolution(3, transposed: true) }
      ) { (c) throws(Failure) in try c.convolution(3, transposed: true) }
    case .maxPool1d:
      ModuleRow(
        "MaxPool1d(kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False)", shows: ModuleRow.maxPool,
        make: { (m) throws(Failure) in try m.makePool(1) }) { (c) throws(Failure) in try c.maxPool(1) }
    case .maxPool2d:
      ModuleRow(
        "MaxPool2d(kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False)", shows: ModuleRow.maxPool,
        make: { (m) throws(Failure) in try m.makePool(2) }) { (c) throws(Failure) in try c.maxPool(2) }
    case .maxPool3d:
      ModuleRow(
        "MaxPool3d(kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False)", shows: ModuleRow.maxPool,
        make: { (m) throws(Failure) in try m.makePool(3) }) { (c) throws(Failure) in try c.maxPool(3) }
    case .avgPool1d:
      ModuleRow(
        "AvgPool1d(kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True)", shows: "kernel_size stride padding",
        make: { (m) throws(Failure) in try m.makePool(1) }) { (c) throws(Failure) in try c.x.avgPool(1, c.module.poolOptions(1)) }
    case .avgPool2d:
      ModuleRow(
        "AvgPool2d(kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None)", shows: "kernel_size stride padding",
        make: { (m) throws(Failure) in try m.makePool(2) }) { (c) throws(Failure) in try c.x.avgPool(2, c.module.poolOptions(2)) }
    case .avgPool3d:
      ModuleRow(
        "AvgPool3d(kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None)", shows: "kernel_size stride padding",
        make: { (m) throws(Failure) in try m.makePool(3) }) { (c) throws(Failure) in try c.x.avgPool(3, c.module.poolOptions(3)) }
    case .lpPool1d:
      ModuleRow(
        "LPPool1d(norm_type, kernel_size, stride=None, ceil_mode=False)", shows: "norm_type kernel_size stride ceil_mode"
      ) { (c) throws(Failure) in try c.x.lpPool(1, c.module.number("norm_type"), c.module.poolOptions(1)) }
    case .lpPool2d:
      ModuleRow(
        "LPPool2d(norm_type, kernel_size, stride=None, ceil_mode=False)", shows: "norm_type kernel_size stride ceil_mode"
      ) { (c) throws(Failure) in try c.x.lpPool(2, c.module.number("norm_type"), c.module.poolOptions(2)) }
    case .lpPool3d:
      ModuleRow(
        "LPPool3d(norm_type, kernel_size, stride=None, ceil_mode=False)", shows: "norm_type kernel_size stride ceil_mode"
      ) { (c) throws(Failure) in try c.x.lpPool(3, c.module.number("norm_type"), c.module.poolOptions(3)) }
    case .adaptiveAvgPool1d:
      ModuleRow("AdaptiveAvgPool1d(output_size)", shows: "output_size") { (c) throws(Failure) in
        try c.x.adaptiveAvgPool(c.module.outputSize(c.x, 1))
      }
    case .adaptiveMaxPool1d:
      ModuleRow("AdaptiveMaxPool1d(output_size, return_indices=False)", shows: "output_size") { (c) throws(Failure) in
        try c.adaptiveMaxPool(1)
      }
    case .adaptiveAvgPool2d:
      ModuleRow("AdaptiveAvgPool2d(output_size)", shows: "output_size") { (c) throws(Failure) in
        try c.x.adaptiveAvgPool(c.module.outputSize(c.x, 2))
      }
    case .adaptiveMaxPool2d:
      ModuleRow("AdaptiveMaxPool2d(output_size, return_indices=False)", shows: "output_size") { (c) throws(Failure) in
        try c.adaptiveMaxPool(2)
      }
    case .adaptiveAvgPool3d:
      ModuleRow("AdaptiveAvgPool3d(output_size)", shows: "output_size") { (c) throws(Failure) in
        try c.x.adaptiveAvgPool(c.module.outputSize(c.x, 3))
      }
    case .adaptiveMaxPool3d:
      ModuleRow("AdaptiveMaxPool3d(output_size, return_indices=False)", shows: "output_size") { (c) throws(Failure) in
        try c.adaptiveMaxPool(3)
      }
    case .upsample:
      ModuleRow("Upsample(size=None, scale_factor=None, mode='nearest', align_corners=None, recompute_scale_factor=None)", shows: "%size %scale_factor mode",
        make: { (m) throws(Failure) in try m.makeUpsample() }) { (c) throws(Failure) in try c.x.interpolate(c.module.interpolation(c.x)) }
    // Padding and shuffles
    case .constantPad1d: .padding("ConstantPad1d(padding, value)", shows: "padding value")
    case .constantPad2d: .padding("ConstantPad2d(padding, value)", shows: "padding value")
    case .constantPad3d: .padding("ConstantPad3d(padding, value)", shows: "padding value")
    case .zeroPad1d: .padding("ZeroPad1d(padding)")
    case .zeroPad2d: .padding("ZeroPad2d(padding)")
    case .zeroPad3d: .padding("ZeroPad3d(padding)")
    case .reflectionPad1d: .padding("ReflectionPad1d(padding)")
    case .reflectionPad2d: .padding("ReflectionPad2d(padding)")
    case .reflectionPad3d: .padding("ReflectionPad3d(padding)")
    case .replicationPad1d: .padding("ReplicationPad1d(padding)")
    case .replicationPad2d: .padding("ReplicationPad2d(padding)")
    case .replicationPad3d: .padding("ReplicationPad3d(padding)")
    case .circularPad1d: .padding("CircularPad1d(padding)")
    case .circularPad2d: .padding("CircularPad2d(padding)")
    case .circularPad3d: .padding("CircularPad3d(padding)")
    case .pixelShuffle:
      ModuleRow("PixelShuffle(upscale_factor)", shows: "upscale_factor", make: { (m) throws(Failure) in _ = try m.whole("upscale_factor", atLeast: 1) }) {
        (c) throws(Failure) in try c.x.pixelShuffle(c.module.whole("upscale_factor"))
      }
    case .pixelUnshuffle:
      ModuleRow("PixelUnshuffle(downscale_factor)", shows: "downscale_factor", make: { (m) throws(Failure) in _ = try m.whole("downscale_factor", atLeast: 1) }) {
        (c) throws(Failure) in try c.x.pixelUnshuffle(c.module.whole("downscale_factor"))
      }
    case .channelShuffle:
      ModuleRow("ChannelShuffle(groups)", shows: "groups", make: { (m) throws(Failure) in _ = try m.whole("groups", atLeast: 1) }) {
        (c) throws(Failure) in try c.x.channelShuffle(c.module.whole("groups"))
      }
    default: activationRow
    }
    }
  }
}
