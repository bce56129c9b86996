// Functions of one number, element by element; whole numbers become float32 where a function leaves them. float32 is computed in double.

extension Tensor {
  /// 2ˣ (PyTorch: `exp2`).
  public func exp2() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.exp2() } }
  /// eˣ − 1, without loss near 0 (PyTorch: `expm1`).
  public func expm1() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.expm1() } }
  /// log₂ x (PyTorch: `log2`).
  public func log2() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.log2() } }
  /// log₁₀ x (PyTorch: `log10`).
  public func log10() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.log10() } }
  /// ln(1 + x), without loss near 0 (PyTorch: `log1p`).
  public func log1p() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.log1p() } }
  /// tan x (PyTorch: `tan`).
  public func tan() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.tan() } }
  /// asin x (PyTorch: `asin`).
  public func asin() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.asin() } }
  /// acos x (PyTorch: `acos`).
  public func acos() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.acos() } }
  /// atan x (PyTorch: `atan`).
  public func atan() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.atan() } }
  /// sinh x (PyTorch: `sinh`).
  public func sinh() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.sinh() } }
  /// cosh x (PyTorch: `cosh`).
  public func cosh() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.cosh() } }
  /// asinh x (PyTorch: `asinh`).
  public func asinh() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.asinh() } }
  /// acosh x (PyTorch: `acosh`).
  public func acosh() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.acosh() } }
  /// atanh x (PyTorch: `atanh`).
  public func atanh() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.atanh() } }
  /// 1 − erf x (PyTorch: `erfc`).
  public func erfc() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.erfc() } }
  /// erf⁻¹ x (PyTorch: `erfinv`).
  public func erfinv() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.erfinv() } }
  /// e^(x²)·erfc x (PyTorch: `special.erfcx`).
  public func erfcx() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.erfcx() } }
  /// Φ⁻¹(x), quantiles of the standard normal distribution (PyTorch: `special.ndtri`).
  public func ndtri() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.ndtri() } }
  /// ln Φ(x), Φ the standard normal distribution function (PyTorch: `special.log_ndtr`).
  public func logNdtr() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.logNdtr() } }
  /// ln |Γ(x)| (PyTorch: `lgamma`).
  public func lgamma() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.lgamma() } }
  /// The derivative of `lgamma` (PyTorch: `digamma`).
  public func digamma() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.digamma() } }
  /// I₀(x), the modified Bessel function (PyTorch: `i0`).
  public func i0() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.i0() } }
  /// e^(−|x|)·I₀(x) (PyTorch: `special.i0e`).
  public func i0e() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.i0e() } }
  /// I₁(x), the modified Bessel function (PyTorch: `special.i1`).
  public func i1() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.i1() } }
  /// e^(−|x|)·I₁(x) (PyTorch: `special.i1e`).
  public func i1e() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.i1e() } }
  /// ⌊x⌋; gradient 0 (PyTorch: `floor`).
  public func floor() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.floor() } }
  /// ⌈x⌉; gradient 0 (PyTorch: `ceil`).
  public func ceil() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.ceil() } }
  /// x without its fraction; gradient 0 (PyTorch: `trunc`).
  public func trunc() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.trunc() } }
  /// x − trunc x (PyTorch: `frac`).
  public func frac() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.frac() } }
  /// sin(πx)/(πx), 1 at 0 (PyTorch: `sinc`).
  public func sinc() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.sinc() } }
  /// Degrees to radians (PyTorch: `deg2rad`).
  public func deg2rad() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.deg2rad() } }
  /// Radians to degrees (PyTorch: `rad2deg`).
  public func rad2deg() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.rad2deg() } }
  /// Whether an element is NaN (PyTorch: `isnan`).
  public func isNaN() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.isnan() } }
  /// Whether an element is ±∞ (PyTorch: `isinf`).
  public func isInfinite() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.isinf() } }
  /// Whether an element is neither infinite nor NaN (PyTorch: `isfinite`).
  public func isFinite() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.isfinite() } }
  /// Whether the sign bit is set, as in −0 (PyTorch: `signbit`).
  public func hasSignBit() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.signbit() } }
  /// The derivative of `digamma` of that order (PyTorch: `polygamma`).
  public func polygamma(_ order: Int) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.polygamma(order) } }
  /// ln(x/(1 − x)), x first limited to epsilon … 1 − epsilon, if given (PyTorch: `logit`).
  public func logit(epsilon: Double = .nan) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.logit(eps: epsilon) } }
  /// To the nearest multiple of 10^(−decimals), ties to even; gradient 0 (PyTorch: `round`).
  public func rounded(decimals: Int = 0) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.round(decimals: decimals) } }
  /// NaN, +∞ and −∞ replaced; the infinities, if not said otherwise, by the type's largest and lowest number (PyTorch: `nan_to_num`).
  public func replacingNaN(with nan: Double = 0, infinity: Double = .nan, negativeInfinity: Double = .nan) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.nanToNum(nan: nan, positive: infinity, negative: negativeInfinity) }
  }
}
