// Section 13: networks.
import Backprop
import CBackprop

@_cdecl("bp_softmax") @implementation public func bp_softmax(_ x: OpaquePointer?, _ dim: Int64) -> OpaquePointer? {
  unary("softmax", x) { (x) throws(Failure) in try x.softmax(Int(dim)) }
}
@_cdecl("bp_log_softmax") @implementation public func bp_log_softmax(_ x: OpaquePointer?, _ dim: Int64) -> OpaquePointer? {
  unary("log_softmax", x) { (x) throws(Failure) in try x.logSoftmax(Int(dim)) }
}
@_cdecl("bp_layer_norm") @implementation public func bp_layer_norm(
  _ x: OpaquePointer?, _ ndim: Int32, _ shape: UnsafePointer<Int64>?, _ weight: OpaquePointer?, _ bias: OpaquePointer?, _ eps: Double
) -> OpaquePointer? {
  unary("layer_norm", x) { (x) throws(Failure) in
    try x.layerNorm(list(ndim, shape, "layer_norm"), optional(weight, "layer_norm"), optional(bias, "layer_norm"), eps: eps)
  }
}
@_cdecl("bp_rms_norm") @implementation public func bp_rms_norm(
  _ x: OpaquePointer?, _ ndim: Int32, _ shape: UnsafePointer<Int64>?, _ weight: OpaquePointer?, _ eps: Double
) -> OpaquePointer? {
  unary("rms_norm", x) { (x) throws(Failure) in try x.rmsNorm(list(ndim, shape, "rms_norm"), optional(weight, "rms_norm"), eps: eps) }
}
@_cdecl("bp_batch_norm") @implementation public func bp_batch_norm(
  _ x: OpaquePointer?, _ running_mean: OpaquePointer?, _ running_var: OpaquePointer?, _ weight: OpaquePointer?, _ bias: OpaquePointer?,
  _ training: Int32, _ momentum: Double, _ eps: Double
) -> OpaquePointer? {
  unary("batch_norm", x) { (x) throws(Failure) in
    try x.batchNorm(
      mean: optional(running_mean, "batch_norm"), variance: optional(running_var, "batch_norm"), weight: optional(weight, "batch_norm"),
      bias: optional(bias, "batch_norm"), training: training != 0, momentum: momentum, eps: eps)
  }
}
@_cdecl("bp_group_norm") @implementation public func bp_group_norm(
  _ x: OpaquePointer?, _ num_groups: Int64, _ weight: OpaquePointer?, _ bias: OpaquePointer?, _ eps: Double
) -> OpaquePointer? {
  unary("group_norm", x) { (x) throws(Failure) in
    try x.groupNorm(Int(num_groups), optional(weight, "group_norm"), optional(bias, "group_norm"), eps: eps)
  }
}
@_cdecl("bp_dropout") @implementation public func bp_dropout(_ x: OpaquePointer?, _ p: Double, _ training: Int32) -> OpaquePointer? {
  unary("dropout", x) { (x) throws(Failure) in try x.dropout(p, training: training != 0) }
}
@_cdecl("bp_instance_norm") @implementation public func bp_instance_norm(
  _ x: OpaquePointer?, _ running_mean: OpaquePointer?, _ running_var: OpaquePointer?, _ weight: OpaquePointer?, _ bias: OpaquePointer?,
  _ use_input_stats: Int32, _ momentum: Double, _ eps: Double
) -> OpaquePointer? {
  let name: StaticString = "instance_norm"
  return unary(name, x) { (x) throws(Failure) in
    try x.instanceNorm(
      mean: optional(running_mean, name), variance: optional(running_var, name), weight: optional(weight, name), bias: optional(bias, name),
      useInputStats: use_input_stats != 0, momentum: momentum, eps: eps)
  }
}
@_cdecl("bp_local_response_norm") @implementation public func bp_local_response_norm(
  _ x: OpaquePointer?, _ size: Int64, _ alpha: Double, _ beta: Double, _ k: Double
) -> OpaquePointer? {
  unary("local_response_norm", x) { (x) throws(Failure) in try x.localResponseNorm(Int(size), alpha: alpha, beta: beta, k: k) }
}
@_cdecl("bp_dropout1d") @implementation public func bp_dropout1d(_ x: OpaquePointer?, _ p: Double, _ training: Int32) -> OpaquePointer? {
  unary("dropout1d", x) { (x) throws(Failure) in try x.dropoutChannels(p, training: training != 0, spatial: 1) }
}
@_cdecl("bp_dropout2d") @implementation public func bp_dropout2d(_ x: OpaquePointer?, _ p: Double, _ training: Int32) -> OpaquePointer? {
  unary("dropout2d", x) { (x) throws(Failure) in try x.dropoutChannels(p, training: training != 0, spatial: 2) }
}
@_cdecl("bp_dropout3d") @implementation public func bp_dropout3d(_ x: OpaquePointer?, _ p: Double, _ training: Int32) -> OpaquePointer? {
  unary("dropout3d", x) { (x) throws(Failure) in try x.dropoutChannels(p, training: training != 0, spatial: 3) }
}
@_cdecl("bp_alpha_dropout") @implementation public func bp_alpha_dropout(_ x: OpaquePointer?, _ p: Double, _ training: Int32) -> OpaquePointer? {
  unary("alpha_dropout", x) { (x) throws(Failure) in try x.alphaDropout(p, training: training != 0, .element) }
}
@_cdecl("bp_feature_alpha_dropout") @implementation public func bp_feature_alpha_dropout(
  _ x: OpaquePointer?, _ p: Double, _ training: Int32
) -> OpaquePointer? {
  unary("feature_alpha_dropout", x) { (x) throws(Failure) in try x.alphaDropout(p, training: training != 0, .channel) }
}
