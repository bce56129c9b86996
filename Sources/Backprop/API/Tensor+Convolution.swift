// Convolution over images [N, C, H, W] or [C, H, W], over [N, C, L] or [C, L], and over [N, C, D, H, W] or [C, D, H, W]. M outputs.

/// A number for each dimension of an image: down and across.
public struct Pair: Sendable, ExpressibleByIntegerLiteral {
  public var down: Int, across: Int
  public init(_ down: Int, _ across: Int) { self.down = down; self.across = across }
  /// The same for both.
  public init(integerLiteral value: Int) { self.init(value, value) }
}

/// A number for each dimension of a volume: in depth, down and across.
public struct Triple: Sendable, ExpressibleByIntegerLiteral {
  public var depth: Int, down: Int, across: Int
  public init(_ depth: Int, _ down: Int, _ across: Int) { self.depth = depth; self.down = down; self.across = across }
  /// The same for all.
  public init(integerLiteral value: Int) { self.init(value, value, value) }
  init(_ plane: Pair, depth: Int) { self.init(depth, plane.down, plane.across) }
}

extension Windows {
  /// Sets one option of all three dimensions.
  mutating func set(_ option: WritableKeyPath<WindowOptions, Int>, _ v: Triple) {
    depth[keyPath: option] = v.depth
    down[keyPath: option] = v.down
    across[keyPath: option] = v.across
  }
}

extension Tensor {
  /// y[n, m, j, i] = bias[m] + Σ weight[m, c, t, s]·x[n, c, j·stride + t·dilation − padding, …]; weight [M, C/groups, h, w]
  /// (PyTorch: `conv2d`).
  public func conv2d(
    weight: Tensor, bias: Tensor? = nil, stride: Pair = 1, padding: Pair = 0, dilation: Pair = 1, groups: Int = 1
  ) throws(BackpropError) -> Tensor {
    let o = options(Triple(stride, depth: 1), Triple(padding, depth: 0), Triple(dilation, depth: 1), groups)
    return try make { () throws(Failure) in try value.convolution(2, weight.value, bias?.value, o) }
  }

  /// The same along one dimension; weight [M, C/groups, l] (PyTorch: `conv1d`).
  public func conv1d(
    weight: Tensor, bias: Tensor? = nil, stride: Int = 1, padding: Int = 0, dilation: Int = 1, groups: Int = 1
  ) throws(BackpropError) -> Tensor {
    let o = options(Triple(1, 1, stride), Triple(0, 0, padding), Triple(1, 1, dilation), groups)
    return try make { () throws(Failure) in try value.convolution(1, weight.value, bias?.value, o) }
  }

  /// The same along three; weight [M, C/groups, d, h, w] (PyTorch: `conv3d`).
  public func conv3d(
    weight: Tensor, bias: Tensor? = nil, stride: Triple = 1, padding: Triple = 0, dilation: Triple = 1, groups: Int = 1
  ) throws(BackpropError) -> Tensor {
    let o = options(stride, padding, dilation, groups)
    return try make { () throws(Failure) in try value.convolution(3, weight.value, bias?.value, o) }
  }

  /// The gradient of `conv2d` with respect to its input, as an operation; weight [C, M/groups, h, w] (PyTorch: `conv_transpose2d`).
  public func convTranspose2d(
    weight: Tensor, bias: Tensor? = nil, stride: Pair = 1, padding: Pair = 0, outputPadding: Pair = 0, dilation: Pair = 1, groups: Int = 1
  ) throws(BackpropError) -> Tensor {
    var o = options(Triple(stride, depth: 1), Triple(padding, depth: 0), Triple(dilation, depth: 1), groups)
    o.windows.set(\.outputPadding, Triple(outputPadding, depth: 0))
    return try make { () throws(Failure) in try value.transposedConvolution(2, weight.value, bias?.value, o) }
  }

  /// The gradient of `conv1d` with respect to its input; weight [C, M/groups, l] (PyTorch: `conv_transpose1d`).
  public func convTranspose1d(
    weight: Tensor, bias: Tensor? = nil, stride: Int = 1, padding: Int = 0, outputPadding: Int = 0, dilation: Int = 1, groups: Int = 1
  ) throws(BackpropError) -> Tensor {
    var o = options(Triple(1, 1, stride), Triple(0, 0, padding), Triple(1, 1, dilation), groups)
    o.windows.across.outputPadding = outputPadding
    return try make { () throws(Failure) in try value.transposedConvolution(1, weight.value, bias?.value, o) }
  }

  /// The gradient of `conv3d` with respect to its input; weight [C, M/groups, d, h, w] (PyTorch: `conv_transpose3d`).
  public func convTranspose3d(
    weight: Tensor, bias: Tensor? = nil, stride: Triple = 1, padding: Triple = 0, outputPadding: Triple = 0, dilation: Triple = 1,
    groups: Int = 1
  ) throws(BackpropError) -> Tensor {
    var o = options(stride, padding, dilation, groups)
    o.windows.set(\.outputPadding, outputPadding)
    return try make { () throws(Failure) in try value.transposedConvolution(3, weight.value, bias?.value, o) }
  }

  private func options(_ stride: Triple, _ padding: Triple, _ dilation: Triple, _ groups: Int) -> ConvolutionOptions {
    var o = ConvolutionOptions()
    o.windows.set(\.stride, stride)
    o.windows.set(\.padding, padding)
    o.windows.set(\.dilation, dilation)
    o.groups = groups
    return o
  }
}
