// One operand, element by element: y = f(x) in x's shape. Whole numbers become float32 where f leaves them.
import KernelAPI

extension Tensor {
  /// |x|; its gradient at 0 is 0 (PyTorch: `abs`).
  public func abs() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.abs() } }
  /// −1, 0 or 1; no gradient flows (PyTorch: `sign`).
  public func sign() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.sign() } }
  /// x² (PyTorch: `square`).
  public func square() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.square() } }
  /// √x (PyTorch: `sqrt`).
  public func sqrt() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.sqrt() } }
  /// 1/√x (PyTorch: `rsqrt`).
  public func rsqrt() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.rsqrt() } }
  /// 1/x (PyTorch: `reciprocal`).
  public func reciprocal() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.reciprocal() } }
  /// eˣ (PyTorch: `exp`).
  public func exp() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.exp() } }
  /// ln x (PyTorch: `log`).
  public func log() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.log() } }
  /// sin x (PyTorch: `sin`).
  public func sin() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.sin() } }
  /// cos x (PyTorch: `cos`).
  public func cos() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.cos() } }
  /// 2/√π ∫₀ˣ e^(−t²) dt (PyTorch: `erf`).
  public func erf() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.erf() } }
  /// max(x, 0); its gradient at 0 is 0 (PyTorch: `relu`).
  public func relu() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.relu() } }
  /// 1/(1 + e^(−x)) (PyTorch: `sigmoid`).
  public func sigmoid() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.sigmoid() } }
  /// tanh x (PyTorch: `tanh`).
  public func tanh() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.tanh() } }
  /// ln(1 + eˣ) (PyTorch: `softplus`).
  public func softplus() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.softplus() } }

  /// x·Φ(x), or its approximation by tanh (PyTorch: `gelu`).
  public func gelu(approximatedByTanh: Bool = false) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.gelu(approximate: approximatedByTanh ? 1 : 0) }
  }
  /// min(max(x, low), high); the gradient passes on the closed interval (PyTorch: `clamp`).
  public func clamped(min low: Double = -.infinity, max high: Double = .infinity) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.clamp(low, high) }
  }
  /// The same values in another type; itself if it has that type (PyTorch: `to`).
  public func converted(to dtype: DType) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.to(dtype) } }
  /// Zeroes each element with probability p and scales the rest by 1/(1 − p) (PyTorch: `dropout`).
  public func dropout(_ p: Double = 0.5, training: Bool = true) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.dropout(p, training: training) }
  }
}
