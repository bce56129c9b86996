// The functions every kernel may call on a vector of its own width: `T.exp(v)`, `T.log(v)`, … for T = Float or Double.
// Straight-line code: no table, no branch on lanes, so a lane's result depends on that lane's input alone.
// Bounds, ranges and coefficient sources stand with the functions, in VectorMathFloat.swift and VectorMathDouble.swift.

/// Elementary functions of a vector. All propagate NaN and are right at ±0, subnormals and ±∞ unless said otherwise.
protocol RealMath: Real {
  static func exp(_ x: V) -> V
  static func log(_ x: V) -> V
  static func erf(_ x: V) -> V
  static func tanh(_ x: V) -> V
  static func sigmoid(_ x: V) -> V
  static func sin(_ x: V) -> V
  static func cos(_ x: V) -> V
  static func sqrt(_ x: V) -> V
  static func pow(_ x: V, _ y: V) -> V
  /// x·Φ(x) = x/2·(1 + erf(x/√2)). The error is bounded in ULP of |x|, not of the (for x ≪ 0 far smaller) result, as in PyTorch.
  /// gelu(−∞) = NaN, as there; gelu(−0) = +0.
  static func gelu(_ x: V) -> V
  /// x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³))). Error as `gelu`.
  static func geluTanh(_ x: V) -> V
  /// d gelu / dx = Φ(x) + x·φ(x).
  static func geluSlope(_ x: V) -> V
  /// d geluTanh / dx.
  static func geluTanhSlope(_ x: V) -> V
}
