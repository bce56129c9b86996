// The fully connected layer.
import KernelAPI

/// y = x·weightᵀ + bias with weight [outputs, inputs] and bias [outputs], both uniform in ±1/√inputs at first (PyTorch: `nn.Linear`).
public struct Linear {
  public let weight: Tensor
  public let bias: Tensor?

  public init(_ inputs: Int, _ outputs: Int, bias: Bool = true, dtype: DType = .float32, in context: Context? = nil) throws(BackpropError) {
    let bound = inputs > 0 ? 1 / Double(inputs).squareRoot() : 0
    func uniform(_ shape: Dims) throws(BackpropError) -> Tensor {
      let p = try (Tensor.rand(shape, dtype: dtype, in: context) * 2 - 1) * bound
      try p.setRequiresGrad(true)
      return p
    }
    weight = try uniform([outputs, inputs])
    self.bias = bias ? try uniform([outputs]) : nil
  }

  public func callAsFunction(_ x: Tensor) throws(BackpropError) -> Tensor { try x.linear(weight: weight, bias: bias) }

  /// Weight and bias, for an optimizer.
  public var parameters: [Tensor] { [weight] + (bias.map { [$0] } ?? []) }
}
