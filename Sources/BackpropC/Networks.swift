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
@_cdecl("bp_dropout") @implementation public func bp_dropout(_ x: OpaquePointer?, _ p: Double, _ training: Int32) -> OpaquePointer? {
  unary("dropout", x) { (x) throws(Failure) in try x.dropout(p, training: training != 0) }
}
@_cdecl("bp_mse_loss") @implementation public func bp_mse_loss(_ x: OpaquePointer?, _ target: OpaquePointer?, _ reduction: bp_reduction) -> OpaquePointer? {
  binary("mse_loss", x, target) { (x, t) throws(Failure) in try x.mseLoss(t, convert(reduction, "mse_loss")) }
}
@_cdecl("bp_cross_entropy") @implementation public func bp_cross_entropy(
  _ logits: OpaquePointer?, _ target: OpaquePointer?, _ options: UnsafePointer<bp_cross_entropy_options>?
) -> OpaquePointer? {
  binary("cross_entropy", logits, target) { (x, t) throws(Failure) in
    var o = CrossEntropyOptions()
    if let given = options?.pointee {
      try checkSize(given.struct_size, MemoryLayout<bp_cross_entropy_options>.size, "cross_entropy")
      o.reduction = try convert(given.reduction, "cross_entropy")
      o.ignoreIndex = Int(given.ignore_index)
      o.labelSmoothing = given.label_smoothing
      o.weight = try optional(given.weight, "cross_entropy")
    }
    return try x.crossEntropy(t, o)
  }
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

