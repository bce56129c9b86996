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
@_cdecl("bp_mse_loss") @implementation public func bp_mse_loss(_ x: OpaquePointer?, _ target: OpaquePointer?, _ reduction: bp_reduction) -> OpaquePointer? {
  binary("mse_loss", x, target) { (x, t) throws(Failure) in try x.mseLoss(t, convert(reduction, "mse_loss")) }
}
private func labelLoss(
  _ name: StaticString, _ x: OpaquePointer?, _ target: OpaquePointer?, _ options: UnsafePointer<bp_cross_entropy_options>?,
  _ loss: (Value, Value, CrossEntropyOptions) throws(Failure) -> Value
) -> OpaquePointer? {
  binary(name, x, target) { (x, t) throws(Failure) in
    var o = CrossEntropyOptions()
    if let given = options?.pointee {
      try checkSize(given.struct_size, MemoryLayout<bp_cross_entropy_options>.size, name)
      o.reduction = try convert(given.reduction, name)
      o.ignoreIndex = Int(given.ignore_index)
      o.labelSmoothing = given.label_smoothing
      o.weight = try optional(given.weight, name)
    }
    return try loss(x, t, o)
  }
}
@_cdecl("bp_cross_entropy") @implementation public func bp_cross_entropy(
  _ logits: OpaquePointer?, _ target: OpaquePointer?, _ options: UnsafePointer<bp_cross_entropy_options>?
) -> OpaquePointer? {
  labelLoss("cross_entropy", logits, target, options) { (x, t, o) throws(Failure) in try x.crossEntropy(t, o) }
}
@_cdecl("bp_nll_loss") @implementation public func bp_nll_loss(
  _ x: OpaquePointer?, _ target: OpaquePointer?, _ options: UnsafePointer<bp_cross_entropy_options>?
) -> OpaquePointer? {
  labelLoss("nll_loss", x, target, options) { (x, t, o) throws(Failure) in try x.nllLoss(t, o) }
}
@_cdecl("bp_binary_cross_entropy_with_logits") @implementation public func bp_binary_cross_entropy_with_logits(
  _ x: OpaquePointer?, _ target: OpaquePointer?, _ weight: OpaquePointer?, _ pos_weight: OpaquePointer?, _ reduction: bp_reduction
) -> OpaquePointer? {
  let name: StaticString = "binary_cross_entropy_with_logits"
  return binary(name, x, target) { (x, t) throws(Failure) in
    try x.binaryCrossEntropyWithLogits(
      t, weight: optional(weight, name), positiveWeight: optional(pos_weight, name), convert(reduction, name))
  }
}

