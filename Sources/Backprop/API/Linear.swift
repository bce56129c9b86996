// The fully connected layer, with its tensors at hand.
import KernelAPI

/// y = x·weightᵀ + bias with weight [outputs, inputs] and bias [outputs], both uniform in ±1/√inputs at first (PyTorch: `nn.Linear`). A
/// `Module` with its names as properties.
public struct Linear: Network {
  public let weight: Tensor
  public let bias: Tensor?

  public init(_ inputs: Int, _ outputs: Int, bias: Bool = true, dtype: DType = .float32, in context: Context? = nil) throws(BackpropError) {
    let module = try Module.linear(inputs, outputs, bias: bias, in: context)
    if dtype != .float32 { try module.convert(to: dtype) }
    guard let weight = module["weight"] else { throw BackpropError(.memory, "linear: no memory") }
    self.weight = weight
    self.bias = module["bias"]
  }

  public func callAsFunction(_ x: Tensor) throws(BackpropError) -> Tensor { try x.linear(weight: weight, bias: bias) }
}
