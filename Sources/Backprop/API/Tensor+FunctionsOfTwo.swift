// Functions of two tensors, or of a tensor and a number, element by element. Shapes broadcast, types promote as PyTorch's do.

extension Tensor {
  /// The angle of the point (x, self), for self = y (PyTorch: `atan2`).
  public func atan2(_ x: Tensor) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.atan2(x.value) } }
  /// √(x² + y²) without overflow (PyTorch: `hypot`).
  public func hypot(_ other: Tensor) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.hypot(other.value) } }
  /// |x| with the sign of the other (PyTorch: `copysign`).
  public func copysign(_ sign: Tensor) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.copysign(sign.value) } }
  /// The next number towards the other (PyTorch: `nextafter`).
  public func nextAfter(_ other: Tensor) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.nextafter(other.value) } }
  /// ⌊x/divisor⌋; gradient 0 (PyTorch: `floor_divide`).
  public func floorDivided(by divisor: Tensor) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.floorDivide(divisor.value) } }
  /// x/divisor without its fraction; gradient 0 (PyTorch: `div`).
  public func truncDivided(by divisor: Tensor) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.truncDivide(divisor.value) } }
  /// x − divisor·⌊x/divisor⌋: the sign of the divisor (PyTorch: `remainder`).
  public func remainder(dividingBy divisor: Tensor) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.remainder(divisor.value) } }
  /// x − divisor·trunc(x/divisor): the sign of x (PyTorch: `fmod`).
  public func fmod(_ divisor: Tensor) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.fmod(divisor.value) } }
  /// x·ln y, 0 where x is 0 (PyTorch: `xlogy`).
  public func xlogy(_ y: Tensor) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.xlogy(y.value) } }
  /// ln(eˣ + eʸ) (PyTorch: `logaddexp`).
  public func logaddexp(_ y: Tensor) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.logaddexp(y.value) } }
  /// log₂(2ˣ + 2ʸ) (PyTorch: `logaddexp2`).
  public func logaddexp2(_ y: Tensor) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.logaddexp2(y.value) } }
  /// The larger, where a NaN loses (PyTorch: `fmax`).
  public func fmax(_ other: Tensor) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.fmax(other.value) } }
  /// The smaller, where a NaN loses (PyTorch: `fmin`).
  public func fmin(_ other: Tensor) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.fmin(other.value) } }
  /// x·2ⁿ (PyTorch: `ldexp`).
  public func ldexp(_ exponent: Tensor) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.ldexp(exponent.value) } }
  /// xᵖ in float64 (PyTorch: `float_power`).
  public func floatPower(_ exponent: Tensor) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.floatPower(exponent.value) } }
  /// 0 below 0, 1 above, `values` at 0 (PyTorch: `heaviside`).
  public func heaviside(_ values: Tensor) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.heaviside(values.value) } }
  /// Whether both are not 0 (PyTorch: `logical_and`).
  public func logicalAnd(_ other: Tensor) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.logicalAnd(other.value) } }
  /// Whether one is not 0 (PyTorch: `logical_or`).
  public func logicalOr(_ other: Tensor) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.logicalOr(other.value) } }
  /// Whether exactly one is not 0 (PyTorch: `logical_xor`).
  public func logicalXor(_ other: Tensor) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.logicalXor(other.value) } }
  /// Of bool and whole numbers (PyTorch: `bitwise_and`).
  public func bitwiseAnd(_ other: Tensor) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.bitwiseAnd(other.value) } }
  /// Of bool and whole numbers (PyTorch: `bitwise_or`).
  public func bitwiseOr(_ other: Tensor) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.bitwiseOr(other.value) } }
  /// Of bool and whole numbers (PyTorch: `bitwise_xor`).
  public func bitwiseXor(_ other: Tensor) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.bitwiseXor(other.value) } }
  /// Bits to the left (PyTorch: `bitwise_left_shift`).
  public func shiftedLeft(by n: Tensor) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.leftShift(n.value) } }
  /// Bits to the right, filled with the sign (PyTorch: `bitwise_right_shift`).
  public func shiftedRight(by n: Tensor) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.rightShift(n.value) } }
  /// Greatest common divisor (PyTorch: `gcd`).
  public func greatestCommonDivisor(with other: Tensor) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.gcd(other.value) } }
  /// Least common multiple (PyTorch: `lcm`).
  public func leastCommonMultiple(with other: Tensor) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.lcm(other.value) } }
  /// Every bit turned; of bool: not (PyTorch: `bitwise_not`).
  public func bitwiseNot() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.bitwiseNot() } }
  /// min(max(x, low), high) with tensors for bounds; where a bound is taken it gets the gradient (PyTorch: `clamp`, `clamp_min`, `clamp_max`).
  public func clamped(min low: Tensor? = nil, max high: Tensor? = nil) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.clamp(low?.value, high?.value) }
  }
  /// x + weight·(end − x) (PyTorch: `lerp`).
  public func interpolated(to end: Tensor, weight: Tensor) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.lerp(end.value, weight.value) }
  }
  /// x + value·a·b (PyTorch: `addcmul`).
  public func addingProduct(_ a: Tensor, _ b: Tensor, times factor: Double = 1) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.addcmul(a.value, b.value, value: factor) }
  }
  /// x + value·a/b (PyTorch: `addcdiv`).
  public func addingQuotient(_ a: Tensor, _ b: Tensor, times factor: Double = 1) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.addcdiv(a.value, b.value, value: factor) }
  }
  /// other − alpha·x (PyTorch: `rsub`).
  public func subtracted(from other: Tensor, alpha: Double = 1) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.rsub(other.value, alpha: alpha) }
  }
}
