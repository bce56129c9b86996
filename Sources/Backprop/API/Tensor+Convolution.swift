// Convolution and pooling over images [N, C, H, W] or [C, H, W], and over [N, C, L] or [C, L]. M outputs.

/// A number for each dimension of an image: down and across.
public struct Pair: Sendable, ExpressibleByIntegerLiteral {
  public var down: Int, across: Int
  public init(_ down: Int, _ across: Int) { self.down = down; self.across = across }
  /// The same for both.
  public init(integerLiteral value: Int) { self.init(value, value) }
  var tuple: (Int, Int) { (down, across) }
}

extension Tensor {
  /// y[n, m, j, i] = bias[m] + Σ weight[m, c, t, s]·x[n, c, j·stride + t·dilation − padding, …]; weight [M, C/groups, h, w]
  /// (PyTorch: `conv2d`).
  public func conv2d(
    weight: Tensor, bias: Tensor? = nil, stride: Pair = 1, padding: Pair = 0, dilation: Pair = 1, groups: Int = 1
  ) throws(BackpropError) -> Tensor {
    let o = options(stride, padding, dilation, groups)
    return try make { () throws(Failure) in try value.conv2d(weight.value, bias?.value, o) }
  }

  /// The same along one dimension; weight [M, C/groups, l] (PyTorch: `conv1d`).
  public func conv1d(
    weight: Tensor, bias: Tensor? = nil, stride: Int = 1, padding: Int = 0, dilation: Int = 1, groups: Int = 1
  ) throws(BackpropError) -> Tensor {
    let o = options(Pair(1, stride), Pair(0, padding), Pair(1, dilation), groups)
    return try make { () throws(Failure) in try value.conv1d(weight.value, bias?.value, o) }
  }

  /// The gradient of `conv2d` with respect to its input, as an operation; weight [C, M/groups, h, w] (PyTorch: `conv_transpose2d`).
  public func convTranspose2d(
    weight: Tensor, bias: Tensor? = nil, stride: Pair = 1, padding: Pair = 0, outputPadding: Pair = 0, dilation: Pair = 1, groups: Int = 1
  ) throws(BackpropError) -> Tensor {
    let o = options(stride, padding, dilation, groups)
    return try make { () throws(Failure) in
      try value.convTranspose2d(weight.value, bias?.value, o, outputPadding: outputPadding.tuple)
    }
  }

  private func options(_ stride: Pair, _ padding: Pair, _ dilation: Pair, _ groups: Int) -> ConvolutionOptions {
    var o = ConvolutionOptions()
    o.stride = stride.tuple
    o.padding = padding.tuple
    o.dilation = dilation.tuple
    o.groups = groups
    return o
  }
}

// MARK: Pooling. Without a stride windows lie side by side.

extension Tensor {
  /// The largest number of each window (PyTorch: `max_pool2d`).
  public func maxPool2d(
    kernel: Pair, stride: Pair? = nil, padding: Pair = 0, dilation: Pair = 1, ceilMode: Bool = false
  ) throws(BackpropError) -> Tensor {
    let o = options(kernel, stride, padding, dilation, ceilMode)
    return try make { () throws(Failure) in try value.maxPool2d(o) }
  }

  /// Where each result of `maxPool2d` comes from: row·W + column, int64 (PyTorch: `max_pool2d` with `return_indices`).
  public func maxPool2dIndices(
    kernel: Pair, stride: Pair? = nil, padding: Pair = 0, dilation: Pair = 1, ceilMode: Bool = false
  ) throws(BackpropError) -> Tensor {
    let o = options(kernel, stride, padding, dilation, ceilMode)
    return try make { () throws(Failure) in try value.maxPool2dIndices(o) }
  }

  /// The mean of each window; `countsPadding`: zeros of the padding count as numbers (PyTorch: `avg_pool2d`).
  public func averagePool2d(
    kernel: Pair, stride: Pair? = nil, padding: Pair = 0, ceilMode: Bool = false, countsPadding: Bool = true, divisor: Int? = nil
  ) throws(BackpropError) -> Tensor {
    var o = options(kernel, stride, padding, 1, ceilMode)
    o.countIncludePad = countsPadding
    o.divisorOverride = divisor ?? 0
    return try make { () throws(Failure) in try value.avgPool2d(o) }
  }

  /// The largest number of each window of [N, C, L] (PyTorch: `max_pool1d`).
  public func maxPool1d(
    kernel: Int, stride: Int? = nil, padding: Int = 0, dilation: Int = 1, ceilMode: Bool = false
  ) throws(BackpropError) -> Tensor {
    let o = options(Pair(1, kernel), Pair(1, stride ?? kernel), Pair(0, padding), Pair(1, dilation), ceilMode)
    return try make { () throws(Failure) in try value.pool1d("max_pool1d") { (x) throws(Failure) in try x.maxPool2d(o) } }
  }

  /// The mean of each window of [N, C, L] (PyTorch: `avg_pool1d`).
  public func averagePool1d(
    kernel: Int, stride: Int? = nil, padding: Int = 0, ceilMode: Bool = false, countsPadding: Bool = true
  ) throws(BackpropError) -> Tensor {
    var o = options(Pair(1, kernel), Pair(1, stride ?? kernel), Pair(0, padding), 1, ceilMode)
    o.countIncludePad = countsPadding
    return try make { () throws(Failure) in try value.pool1d("avg_pool1d") { (x) throws(Failure) in try x.avgPool2d(o) } }
  }

  /// Means over `parts` parts of the image, down and across (PyTorch: `adaptive_avg_pool2d`).
  public func adaptiveAveragePool2d(_ parts: Pair) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.adaptiveAvgPool2d(parts.down, parts.across) }
  }

  private func options(_ kernel: Pair, _ stride: Pair?, _ padding: Pair, _ dilation: Pair, _ ceilMode: Bool) -> PoolOptions {
    var o = PoolOptions()
    o.kernel = kernel.tuple
    o.stride = (stride ?? kernel).tuple
    o.padding = padding.tuple
    o.dilation = dilation.tuple
    o.ceilMode = ceilMode
    return o
  }
}
