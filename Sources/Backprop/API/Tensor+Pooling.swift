// Pooling: one number for each window of an image. Without a stride windows lie side by side.

extension Tensor {
  /// The largest number of each window of [N, C, L] (PyTorch: `max_pool1d`).
  public func maxPool1d(
    kernel: Int, stride: Int? = nil, padding: Int = 0, dilation: Int = 1, ceilMode: Bool = false
  ) throws(BackpropError) -> Tensor {
    let o = options(Triple(1, 1, kernel), Triple(1, 1, stride ?? kernel), Triple(0, 0, padding), Triple(1, 1, dilation), ceilMode)
    return try make { () throws(Failure) in try value.maxPool(1, o) }
  }
  /// Where each result of `maxPool1d` comes from: position in the image of a channel, int64 (PyTorch: `max_pool1d` with `return_indices`).
  public func maxPool1dIndices(
    kernel: Int, stride: Int? = nil, padding: Int = 0, dilation: Int = 1, ceilMode: Bool = false
  ) throws(BackpropError) -> Tensor {
    let o = options(Triple(1, 1, kernel), Triple(1, 1, stride ?? kernel), Triple(0, 0, padding), Triple(1, 1, dilation), ceilMode)
    return try make { () throws(Failure) in try value.maxPoolIndices(1, o) }
  }

  /// The largest number of each window of [N, C, H, W] (PyTorch: `max_pool2d`).
  public func maxPool2d(
    kernel: Pair, stride: Pair? = nil, padding: Pair = 0, dilation: Pair = 1, ceilMode: Bool = false
  ) throws(BackpropError) -> Tensor {
    let o = options(Triple(kernel, depth: 1), Triple(stride ?? kernel, depth: 1), Triple(padding, depth: 0), Triple(dilation, depth: 1), ceilMode)
    return try make { () throws(Failure) in try value.maxPool(2, o) }
  }
  /// Where each result of `maxPool2d` comes from: position in the image of a channel, int64 (PyTorch: `max_pool2d` with `return_indices`).
  public func maxPool2dIndices(
    kernel: Pair, stride: Pair? = nil, padding: Pair = 0, dilation: Pair = 1, ceilMode: Bool = false
  ) throws(BackpropError) -> Tensor {
    let o = options(Triple(kernel, depth: 1), Triple(stride ?? kernel, depth: 1), Triple(padding, depth: 0), Triple(dilation, depth: 1), ceilMode)
    return try make { () throws(Failure) in try value.maxPoolIndices(2, o) }
  }

  /// The largest number of each window of [N, C, D, H, W] (PyTorch: `max_pool3d`).
  public func maxPool3d(
    kernel: Triple, stride: Triple? = nil, padding: Triple = 0, dilation: Triple = 1, ceilMode: Bool = false
  ) throws(BackpropError) -> Tensor {
    let o = options(kernel, stride ?? kernel, padding, dilation, ceilMode)
    return try make { () throws(Failure) in try value.maxPool(3, o) }
  }
  /// Where each result of `maxPool3d` comes from: position in the image of a channel, int64 (PyTorch: `max_pool3d` with `return_indices`).
  public func maxPool3dIndices(
    kernel: Triple, stride: Triple? = nil, padding: Triple = 0, dilation: Triple = 1, ceilMode: Bool = false
  ) throws(BackpropError) -> Tensor {
    let o = options(kernel, stride ?? kernel, padding, dilation, ceilMode)
    return try make { () throws(Failure) in try value.maxPoolIndices(3, o) }
  }

  /// The mean of each window of [N, C, L]; `countsPadding`: zeros of the padding count as numbers (PyTorch: `avg_pool1d`).
  public func averagePool1d(
    kernel: Int, stride: Int? = nil, padding: Int = 0, ceilMode: Bool = false, countsPadding: Bool = true
  ) throws(BackpropError) -> Tensor {
    var o = options(Triple(1, 1, kernel), Triple(1, 1, stride ?? kernel), Triple(0, 0, padding), 1, ceilMode)
    o.countIncludePad = countsPadding
    return try make { () throws(Failure) in try value.avgPool(1, o) }
  }

  /// The mean of each window of [N, C, H, W]; `countsPadding`: zeros of the padding count as numbers (PyTorch: `avg_pool2d`).
  public func averagePool2d(
    kernel: Pair, stride: Pair? = nil, padding: Pair = 0, ceilMode: Bool = false, countsPadding: Bool = true, divisor: Int? = nil
  ) throws(BackpropError) -> Tensor {
    var o = options(Triple(kernel, depth: 1), Triple(stride ?? kernel, depth: 1), Triple(padding, depth: 0), 1, ceilMode)
    o.countIncludePad = countsPadding
    o.divisorOverride = divisor ?? 0
    return try make { () throws(Failure) in try value.avgPool(2, o) }
  }

  /// The mean of each window of [N, C, D, H, W]; `countsPadding`: zeros of the padding count as numbers (PyTorch: `avg_pool3d`).
  public func averagePool3d(
    kernel: Triple, stride: Triple? = nil, padding: Triple = 0, ceilMode: Bool = false, countsPadding: Bool = true, divisor: Int? = nil
  ) throws(BackpropError) -> Tensor {
    var o = options(kernel, stride ?? kernel, padding, 1, ceilMode)
    o.countIncludePad = countsPadding
    o.divisorOverride = divisor ?? 0
    return try make { () throws(Failure) in try value.avgPool(3, o) }
  }

  /// (Σ xᵖ)^(1/p) over each window of [N, C, L] (PyTorch: `lp_pool1d`).
  public func lpPool1d(_ p: Double, kernel: Int, stride: Int? = nil, ceilMode: Bool = false) throws(BackpropError) -> Tensor {
    let o = options(Triple(1, 1, kernel), Triple(1, 1, stride ?? kernel), 0, 1, ceilMode)
    return try make { () throws(Failure) in try value.lpPool(1, p, o) }
  }
  /// (Σ xᵖ)^(1/p) over each window of [N, C, H, W] (PyTorch: `lp_pool2d`).
  public func lpPool2d(_ p: Double, kernel: Pair, stride: Pair? = nil, ceilMode: Bool = false) throws(BackpropError) -> Tensor {
    let o = options(Triple(kernel, depth: 1), Triple(stride ?? kernel, depth: 1), 0, 1, ceilMode)
    return try make { () throws(Failure) in try value.lpPool(2, p, o) }
  }
  /// (Σ xᵖ)^(1/p) over each window of [N, C, D, H, W] (PyTorch: `lp_pool3d`).
  public func lpPool3d(_ p: Double, kernel: Triple, stride: Triple? = nil, ceilMode: Bool = false) throws(BackpropError) -> Tensor {
    let o = options(kernel, stride ?? kernel, 0, 1, ceilMode)
    return try make { () throws(Failure) in try value.lpPool(3, p, o) }
  }

  private func options(_ kernel: Triple, _ stride: Triple, _ padding: Triple, _ dilation: Triple, _ ceilMode: Bool) -> PoolOptions {
    var o = PoolOptions()
    o.windows.set(\.kernel, kernel)
    o.windows.set(\.stride, stride)
    o.windows.set(\.padding, padding)
    o.windows.set(\.dilation, dilation)
    o.ceilMode = ceilMode
    return o
  }
}

// MARK: As many parts as asked for, and the way back

extension Tensor {
  /// Means over `parts` parts of [N, C, L] (PyTorch: `adaptive_avg_pool1d`).
  public func adaptiveAveragePool1d(_ parts: Int) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.adaptiveAvgPool(Dims([parts])) }
  }
  /// The largest number of each part (PyTorch: `adaptive_max_pool1d`).
  public func adaptiveMaxPool1d(_ parts: Int) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.adaptiveMaxPool(Dims([parts])) }
  }
  /// Where each of those comes from (PyTorch: `adaptive_max_pool1d` with `return_indices`).
  public func adaptiveMaxPool1dIndices(_ parts: Int) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.adaptiveMaxPoolIndices(Dims([parts])) }
  }
  /// Each number at the position `indices` names in an image of the given size, zeros elsewhere (PyTorch: `max_unpool1d`).
  public func maxUnpool1d(_ indices: Tensor, size parts: Int) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.maxUnpool(indices.value, Dims([parts])) }
  }

  /// Means over `parts` parts of [N, C, H, W] (PyTorch: `adaptive_avg_pool2d`).
  public func adaptiveAveragePool2d(_ parts: Pair) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.adaptiveAvgPool(Dims([parts.down, parts.across])) }
  }
  /// The largest number of each part (PyTorch: `adaptive_max_pool2d`).
  public func adaptiveMaxPool2d(_ parts: Pair) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.adaptiveMaxPool(Dims([parts.down, parts.across])) }
  }
  /// Where each of those comes from (PyTorch: `adaptive_max_pool2d` with `return_indices`).
  public func adaptiveMaxPool2dIndices(_ parts: Pair) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.adaptiveMaxPoolIndices(Dims([parts.down, parts.across])) }
  }
  /// Each number at the position `indices` names in an image of the given size, zeros elsewhere (PyTorch: `max_unpool2d`).
  public func maxUnpool2d(_ indices: Tensor, size parts: Pair) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.maxUnpool(indices.value, Dims([parts.down, parts.across])) }
  }

  /// Means over `parts` parts of [N, C, D, H, W] (PyTorch: `adaptive_avg_pool3d`).
  public func adaptiveAveragePool3d(_ parts: Triple) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.adaptiveAvgPool(Dims([parts.depth, parts.down, parts.across])) }
  }
  /// The largest number of each part (PyTorch: `adaptive_max_pool3d`).
  public func adaptiveMaxPool3d(_ parts: Triple) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.adaptiveMaxPool(Dims([parts.depth, parts.down, parts.across])) }
  }
  /// Where each of those comes from (PyTorch: `adaptive_max_pool3d` with `return_indices`).
  public func adaptiveMaxPool3dIndices(_ parts: Triple) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.adaptiveMaxPoolIndices(Dims([parts.depth, parts.down, parts.across])) }
  }
  /// Each number at the position `indices` names in an image of the given size, zeros elsewhere (PyTorch: `max_unpool3d`).
  public func maxUnpool3d(_ indices: Tensor, size parts: Triple) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.maxUnpool(indices.value, Dims([parts.depth, parts.down, parts.across])) }
  }
}
