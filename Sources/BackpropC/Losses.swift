// Section 13: losses.
import Backprop
import CBackprop

@_cdecl("bp_mse_loss") @implementation public func bp_mse_loss(_ x: OpaquePointer?, _ target: OpaquePointer?, _ reduction: bp_reduction) -> OpaquePointer? {
  bp_mse_loss_weighted(x, target, nil, reduction)
}
@_cdecl("bp_mse_loss_weighted") @implementation public func bp_mse_loss_weighted(
  _ x: OpaquePointer?, _ target: OpaquePointer?, _ weight: OpaquePointer?, _ reduction: bp_reduction
) -> OpaquePointer? {
  binary("mse_loss", x, target) { (x, t) throws(Failure) in try x.mseLoss(t, weight: optional(weight, "mse_loss"), convert(reduction, "mse_loss")) }
}
@_cdecl("bp_l1_loss") @implementation public func bp_l1_loss(
  _ x: OpaquePointer?, _ target: OpaquePointer?, _ weight: OpaquePointer?, _ reduction: bp_reduction
) -> OpaquePointer? {
  binary("l1_loss", x, target) { (x, t) throws(Failure) in try x.l1Loss(t, weight: optional(weight, "l1_loss"), convert(reduction, "l1_loss")) }
}
@_cdecl("bp_huber_loss") @implementation public func bp_huber_loss(
  _ x: OpaquePointer?, _ target: OpaquePointer?, _ weight: OpaquePointer?, _ delta: Double, _ reduction: bp_reduction
) -> OpaquePointer? {
  binary("huber_loss", x, target) { (x, t) throws(Failure) in try x.huberLoss(t, weight: optional(weight, "huber_loss"), delta: delta, convert(reduction, "huber_loss")) }
}
@_cdecl("bp_smooth_l1_loss") @implementation public func bp_smooth_l1_loss(
  _ x: OpaquePointer?, _ target: OpaquePointer?, _ beta: Double, _ reduction: bp_reduction
) -> OpaquePointer? {
  binary("smooth_l1_loss", x, target) { (x, t) throws(Failure) in try x.smoothL1Loss(t, beta: beta, convert(reduction, "smooth_l1_loss")) }
}
@_cdecl("bp_binary_cross_entropy") @implementation public func bp_binary_cross_entropy(
  _ x: OpaquePointer?, _ target: OpaquePointer?, _ weight: OpaquePointer?, _ reduction: bp_reduction
) -> OpaquePointer? {
  binary("binary_cross_entropy", x, target) { (x, t) throws(Failure) in try x.binaryCrossEntropy(t, weight: optional(weight, "binary_cross_entropy"), convert(reduction, "binary_cross_entropy")) }
}
@_cdecl("bp_soft_margin_loss") @implementation public func bp_soft_margin_loss(
  _ x: OpaquePointer?, _ target: OpaquePointer?, _ reduction: bp_reduction
) -> OpaquePointer? {
  binary("soft_margin_loss", x, target) { (x, t) throws(Failure) in try x.softMarginLoss(t, convert(reduction, "soft_margin_loss")) }
}
@_cdecl("bp_hinge_embedding_loss") @implementation public func bp_hinge_embedding_loss(
  _ x: OpaquePointer?, _ target: OpaquePointer?, _ margin: Double, _ reduction: bp_reduction
) -> OpaquePointer? {
  binary("hinge_embedding_loss", x, target) { (x, t) throws(Failure) in try x.hingeEmbeddingLoss(t, margin: margin, convert(reduction, "hinge_embedding_loss")) }
}
@_cdecl("bp_multilabel_margin_loss") @implementation public func bp_multilabel_margin_loss(
  _ x: OpaquePointer?, _ target: OpaquePointer?, _ reduction: bp_reduction
) -> OpaquePointer? {
  binary("multilabel_margin_loss", x, target) { (x, t) throws(Failure) in try x.multilabelMarginLoss(t, convert(reduction, "multilabel_margin_loss")) }
}
@_cdecl("bp_multilabel_soft_margin_loss") @implementation public func bp_multilabel_soft_margin_loss(
  _ x: OpaquePointer?, _ target: OpaquePointer?, _ weight: OpaquePointer?, _ reduction: bp_reduction
) -> OpaquePointer? {
  binary("multilabel_soft_margin_loss", x, target) { (x, t) throws(Failure) in try x.multilabelSoftMarginLoss(t, weight: optional(weight, "multilabel_soft_margin_loss"), convert(reduction, "multilabel_soft_margin_loss")) }
}
@_cdecl("bp_kl_div") @implementation public func bp_kl_div(
  _ x: OpaquePointer?, _ target: OpaquePointer?, _ log_target: Int32, _ reduction: bp_reduction
) -> OpaquePointer? {
  binary("kl_div", x, target) { (x, t) throws(Failure) in
    try x.klDiv(t, logTarget: log_target != 0, reduction == Reduction.batchMean.rawValue ? .batchMean : convert(reduction, "kl_div"))
  }
}
@_cdecl("bp_gaussian_nll_loss") @implementation public func bp_gaussian_nll_loss(
  _ x: OpaquePointer?, _ target: OpaquePointer?, _ variance: OpaquePointer?, _ full: Int32, _ eps: Double, _ reduction: bp_reduction
) -> OpaquePointer? {
  ternary("gaussian_nll_loss", x, target, variance) { (x, t, v) throws(Failure) in
    try x.gaussianNLLLoss(t, variance: v, full: full != 0, eps: eps, convert(reduction, "gaussian_nll_loss"))
  }
}
@_cdecl("bp_poisson_nll_loss") @implementation public func bp_poisson_nll_loss(
  _ x: OpaquePointer?, _ target: OpaquePointer?, _ options: UnsafePointer<bp_poisson_nll_options>?
) -> OpaquePointer? {
  let name: StaticString = "poisson_nll_loss"
  return binary(name, x, target) { (x, t) throws(Failure) in
    guard let o = options?.pointee else { return try x.poissonNLLLoss(t, logInput: true, full: false, eps: 1e-8, .mean) }
    try checkSize(o.struct_size, MemoryLayout<bp_poisson_nll_options>.size, name)
    return try x.poissonNLLLoss(t, logInput: o.log_input != 0, full: o.full != 0, eps: o.eps, convert(o.reduction, name))
  }
}
@_cdecl("bp_margin_ranking_loss") @implementation public func bp_margin_ranking_loss(
  _ x1: OpaquePointer?, _ x2: OpaquePointer?, _ target: OpaquePointer?, _ margin: Double, _ reduction: bp_reduction
) -> OpaquePointer? {
  ternary("margin_ranking_loss", x1, x2, target) { (a, b, t) throws(Failure) in
    try a.marginRankingLoss(b, t, margin: margin, convert(reduction, "margin_ranking_loss"))
  }
}
@_cdecl("bp_cosine_embedding_loss") @implementation public func bp_cosine_embedding_loss(
  _ x1: OpaquePointer?, _ x2: OpaquePointer?, _ target: OpaquePointer?, _ margin: Double, _ reduction: bp_reduction
) -> OpaquePointer? {
  ternary("cosine_embedding_loss", x1, x2, target) { (a, b, t) throws(Failure) in
    try a.cosineEmbeddingLoss(b, t, margin: margin, convert(reduction, "cosine_embedding_loss"))
  }
}
@_cdecl("bp_triplet_margin_loss") @implementation public func bp_triplet_margin_loss(
  _ anchor: OpaquePointer?, _ positive: OpaquePointer?, _ negative: OpaquePointer?, _ options: UnsafePointer<bp_triplet_margin_options>?
) -> OpaquePointer? {
  let name: StaticString = "triplet_margin_loss"
  return ternary(name, anchor, positive, negative) { (a, p, n) throws(Failure) in
    var o = TripletOptions()
    guard let given = options?.pointee else { return try a.tripletMarginLoss(p, n, o, .mean) }
    try checkSize(given.struct_size, MemoryLayout<bp_triplet_margin_options>.size, name)
    o.margin = given.margin
    o.p = given.p
    o.eps = given.eps
    o.swap = given.swap != 0
    return try a.tripletMarginLoss(p, n, o, convert(given.reduction, name))
  }
}
@_cdecl("bp_multi_margin_loss") @implementation public func bp_multi_margin_loss(
  _ x: OpaquePointer?, _ target: OpaquePointer?, _ options: UnsafePointer<bp_multi_margin_options>?
) -> OpaquePointer? {
  let name: StaticString = "multi_margin_loss"
  return binary(name, x, target) { (x, t) throws(Failure) in
    guard let o = options?.pointee else { return try x.multiMarginLoss(t, p: 1, margin: 1, weight: nil, .mean) }
    try checkSize(o.struct_size, MemoryLayout<bp_multi_margin_options>.size, name)
    return try x.multiMarginLoss(t, p: Int(o.p), margin: o.margin, weight: optional(o.weight, name), convert(o.reduction, name))
  }
}
@_cdecl("bp_ctc_loss") @implementation public func bp_ctc_loss(
  _ log_probs: OpaquePointer?, _ targets: OpaquePointer?, _ input_lengths: OpaquePointer?, _ target_lengths: OpaquePointer?,
  _ blank: Int64, _ reduction: bp_reduction, _ zero_infinity: Int32
) -> OpaquePointer? {
  let name: StaticString = "ctc_loss"
  return ternary(name, log_probs, targets, input_lengths) { (x, t, lengths) throws(Failure) in
    guard let targetLengths = try optional(target_lengths, name) else { throw Failure(.handle, "\(name): target_lengths is NULL") }
    var o = CTCOptions()
    o.blank = Int(blank)
    o.zeroInfinity = zero_infinity != 0
    o.reduction = try convert(reduction, name)
    return try x.ctcLoss(t, lengths, targetLengths, o)
  }
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
