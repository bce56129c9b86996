// Windows as columns, images of other sizes and images read at positions.

/// How numbers between two places of an image come about.
public enum InterpolationMode: Int32, Sendable { case nearest = 0, nearestExact = 1, linear = 2, cubic = 3, area = 4 }
/// The same at positions that a tensor names.
public enum GridSamplingMode: Int32, Sendable { case bilinear = 0, nearest = 1, bicubic = 2 }
/// What such positions see outside the image.
public enum GridPaddingMode: Int32, Sendable { case zeros = 0, border = 1, reflection = 2 }

extension Tensor {
  /// What the windows over [N, C, H, W] see, as columns [N, C·h·w, L] (PyTorch: `nn.functional.unfold`).
  public func unfoldedToColumns(kernel: Pair, stride: Pair = 1, padding: Pair = 0, dilation: Pair = 1) throws(BackpropError) -> Tensor {
    let v = windows(kernel, stride, padding, dilation)
    return try make { () throws(Failure) in try value.im2col(v) }
  }

  /// Its transpose: columns added up in an image of the given size (PyTorch: `nn.functional.fold`).
  public func foldedFromColumns(
    size: Pair, kernel: Pair, stride: Pair = 1, padding: Pair = 0, dilation: Pair = 1
  ) throws(BackpropError) -> Tensor {
    let v = windows(kernel, stride, padding, dilation)
    return try make { () throws(Failure) in try value.col2im(size.down, size.across, v) }
  }

  private func windows(_ kernel: Pair, _ stride: Pair, _ padding: Pair, _ dilation: Pair) -> Windows {
    var v = Windows()
    v.set(\.kernel, Triple(kernel, depth: 1))
    v.set(\.stride, Triple(stride, depth: 1))
    v.set(\.padding, Triple(padding, depth: 0))
    v.set(\.dilation, Triple(dilation, depth: 1))
    return v
  }

  /// The dimensions behind the first two in another size (PyTorch: `nn.functional.interpolate`).
  ///
  /// - scale: size becomes ⌊size · scale⌋, instead of `size`; positions then count with this scale.
  /// - alignsCorners: positions count from centre to centre of the outermost numbers (linear, cubic).
  /// - antialias: when shrinking, all numbers of a result's share count (linear and cubic of [N, C, H, W]).
  public func interpolated(
    to size: [Int]? = nil, scale: [Double]? = nil, mode: InterpolationMode = .nearest, alignsCorners: Bool = false, antialias: Bool = false
  ) throws(BackpropError) -> Tensor {
    let mode = Interpolation(rawValue: mode.rawValue)!
    return try make { () throws(Failure) in
      if size != nil && scale != nil { throw Failure.argument("interpolate: give a size or a scale, not both") }
      let given = size?.count ?? scale?.count ?? 0
      if given != rank - 2 { throw Failure.argument("interpolate: \(given) sizes or scales for input \(shape)") }
      var o = InterpolationOptions()
      o.mode = mode
      if let size { o.sizes = Dims(size) }
      for (i, s) in (scale ?? []).enumerated() where i < 3 { o.scales[i] = s }
      o.alignCorners = alignsCorners
      o.antialias = antialias
      return try value.interpolate(o)
    }
  }

  /// [N, C, H, W] read at positions `grid` [N, H', W', 2], or [N, C, D, H, W] at [N, D', H', W', 3]; a position is (x, y[, z]), each −1 … 1
  /// over the image (PyTorch: `nn.functional.grid_sample`).
  public func sampled(
    at grid: Tensor, mode: GridSamplingMode = .bilinear, padding: GridPaddingMode = .zeros, alignsCorners: Bool = false
  ) throws(BackpropError) -> Tensor {
    let mode = GridMode(rawValue: mode.rawValue)!, padding = GridPadding(rawValue: padding.rawValue)!
    return try make { () throws(Failure) in try value.gridSample(grid.value, mode, padding, alignCorners: alignsCorners) }
  }

  /// Positions for an image of shape `size`, moved by the matrices self [N, 2, 3] or [N, 3, 4] (PyTorch: `nn.functional.affine_grid`).
  public func affineGrid(for size: Dims, alignsCorners: Bool = false) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.affineGrid(size, alignCorners: alignsCorners) }
  }
}
