// Section 8, continued: activations.
import Backprop
import CBackprop

@_cdecl("bp_silu") @implementation public func bp_silu(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("silu", x) { (x) throws(Failure) in try x.silu() }
}
@_cdecl("bp_mish") @implementation public func bp_mish(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("mish", x) { (x) throws(Failure) in try x.mish() }
}
@_cdecl("bp_hardswish") @implementation public func bp_hardswish(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("hardswish", x) { (x) throws(Failure) in try x.hardswish() }
}
@_cdecl("bp_hardsigmoid") @implementation public func bp_hardsigmoid(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("hardsigmoid", x) { (x) throws(Failure) in try x.hardsigmoid() }
}
@_cdecl("bp_relu6") @implementation public func bp_relu6(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("relu6", x) { (x) throws(Failure) in try x.relu6() }
}
@_cdecl("bp_selu") @implementation public func bp_selu(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("selu", x) { (x) throws(Failure) in try x.selu() }
}
@_cdecl("bp_softsign") @implementation public func bp_softsign(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("softsign", x) { (x) throws(Failure) in try x.softsign() }
}
@_cdecl("bp_tanhshrink") @implementation public func bp_tanhshrink(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("tanhshrink", x) { (x) throws(Failure) in try x.tanhshrink() }
}
@_cdecl("bp_logsigmoid") @implementation public func bp_logsigmoid(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("logsigmoid", x) { (x) throws(Failure) in try x.logsigmoid() }
}
@_cdecl("bp_leaky_relu") @implementation public func bp_leaky_relu(_ x: OpaquePointer?, _ slope: Double) -> OpaquePointer? {
  unary("leaky_relu", x) { (x) throws(Failure) in try x.leakyRelu(slope: slope) }
}
@_cdecl("bp_elu") @implementation public func bp_elu(_ x: OpaquePointer?, _ alpha: Double) -> OpaquePointer? {
  unary("elu", x) { (x) throws(Failure) in try x.elu(alpha: alpha) }
}
@_cdecl("bp_celu") @implementation public func bp_celu(_ x: OpaquePointer?, _ alpha: Double) -> OpaquePointer? {
  unary("celu", x) { (x) throws(Failure) in try x.celu(alpha: alpha) }
}
@_cdecl("bp_hardtanh") @implementation public func bp_hardtanh(_ x: OpaquePointer?, _ min: Double, _ max: Double) -> OpaquePointer? {
  unary("hardtanh", x) { (x) throws(Failure) in try x.hardtanh(min, max) }
}
@_cdecl("bp_hardshrink") @implementation public func bp_hardshrink(_ x: OpaquePointer?, _ lambda: Double) -> OpaquePointer? {
  unary("hardshrink", x) { (x) throws(Failure) in try x.hardshrink(lambda: lambda) }
}
@_cdecl("bp_softshrink") @implementation public func bp_softshrink(_ x: OpaquePointer?, _ lambda: Double) -> OpaquePointer? {
  unary("softshrink", x) { (x) throws(Failure) in try x.softshrink(lambda: lambda) }
}
@_cdecl("bp_threshold") @implementation public func bp_threshold(_ x: OpaquePointer?, _ threshold: Double, _ value: Double) -> OpaquePointer? {
  unary("threshold", x) { (x) throws(Failure) in try x.threshold(threshold, value) }
}
@_cdecl("bp_softplus_with") @implementation public func bp_softplus_with(_ x: OpaquePointer?, _ beta: Double, _ threshold: Double) -> OpaquePointer? {
  unary("softplus", x) { (x) throws(Failure) in try x.softplus(beta: beta, threshold: threshold) }
}
@_cdecl("bp_glu") @implementation public func bp_glu(_ x: OpaquePointer?, _ dim: Int64) -> OpaquePointer? {
  unary("glu", x) { (x) throws(Failure) in try x.glu(Int(dim)) }
}
@_cdecl("bp_softmin") @implementation public func bp_softmin(_ x: OpaquePointer?, _ dim: Int64) -> OpaquePointer? {
  unary("softmin", x) { (x) throws(Failure) in try x.softmin(Int(dim)) }
}
@_cdecl("bp_prelu") @implementation public func bp_prelu(_ x: OpaquePointer?, _ weight: OpaquePointer?) -> OpaquePointer? {
  binary("prelu", x, weight) { (x, w) throws(Failure) in try x.prelu(w) }
}
@_cdecl("bp_rrelu") @implementation public func bp_rrelu(_ x: OpaquePointer?, _ lower: Double, _ upper: Double, _ training: Int32) -> OpaquePointer? {
  unary("rrelu", x) { (x) throws(Failure) in try x.rrelu(lower, upper, training: training != 0) }
}
