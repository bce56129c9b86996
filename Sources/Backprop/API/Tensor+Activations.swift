// Activations.

extension Tensor {
  /// x·σ(x) (PyTorch: `silu`).
  public func silu() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.silu() } }
  /// x·tanh(ln(1 + eˣ)) (PyTorch: `mish`).
  public func mish() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.mish() } }
  /// x·min(max(x + 3, 0), 6)/6 (PyTorch: `hardswish`).
  public func hardswish() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.hardswish() } }
  /// min(max(x + 3, 0), 6)/6 (PyTorch: `hardsigmoid`).
  public func hardsigmoid() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.hardsigmoid() } }
  /// min(max(x, 0), 6) (PyTorch: `relu6`).
  public func relu6() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.relu6() } }
  /// `elu`, scaled so that mean 0 and variance 1 stay (PyTorch: `selu`).
  public func selu() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.selu() } }
  /// x/(1 + |x|) (PyTorch: `softsign`).
  public func softsign() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.softsign() } }
  /// x − tanh x (PyTorch: `tanhshrink`).
  public func tanhshrink() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.tanhshrink() } }
  /// ln σ(x) (PyTorch: `logsigmoid`).
  public func logSigmoid() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.logsigmoid() } }
  /// x > 0 ? x : slope·x (PyTorch: `leaky_relu`).
  public func leakyRelu(negativeSlope: Double = 0.01) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.leakyRelu(slope: negativeSlope) } }
  /// x > 0 ? x : alpha·(eˣ − 1) (PyTorch: `elu`).
  public func elu(alpha: Double = 1) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.elu(alpha: alpha) } }
  /// x > 0 ? x : alpha·(e^(x/alpha) − 1) (PyTorch: `celu`).
  public func celu(alpha: Double = 1) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.celu(alpha: alpha) } }
  /// min(max(x, low), high); the gradient is 0 on the bounds (PyTorch: `hardtanh`).
  public func hardtanh(min low: Double = -1, max high: Double = 1) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.hardtanh(low, high) } }
  /// |x| ≤ lambda ? 0 : x (PyTorch: `hardshrink`).
  public func hardshrink(lambda: Double = 0.5) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.hardshrink(lambda: lambda) } }
  /// x moved towards 0 by lambda (PyTorch: `softshrink`).
  public func softshrink(lambda: Double = 0.5) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.softshrink(lambda: lambda) } }
  /// x > threshold ? x : other (PyTorch: `threshold`).
  public func threshold(_ threshold: Double, otherwise other: Double) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.threshold(threshold, other) } }
  /// ln(1 + e^(beta·x))/beta, and x where beta·x > threshold (PyTorch: `softplus`).
  public func softplus(beta: Double, threshold: Double = 20) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.softplus(beta: beta, threshold: threshold) } }
  /// a·σ(b) of the two halves of x along a dimension (PyTorch: `glu`).
  public func glu(along dim: Int = -1) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.glu(dim) } }
  /// softmax of −x along a dimension (PyTorch: `softmin`).
  public func softmin(along dim: Int) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.softmin(dim) } }
  /// max(x, 0) + weight·min(x, 0), weight one number or one for each element of dimension 1 (PyTorch: `prelu`).
  public func prelu(_ weight: Tensor) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.prelu(weight.value) } }
  /// x > 0 ? x : r·x, r random from lower ..< upper for each element in training, otherwise their mean (PyTorch: `rrelu`).
  public func rrelu(lower: Double = 1.0 / 8, upper: Double = 1.0 / 3, training: Bool = false) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.rrelu(lower, upper, training: training) }
  }
}
