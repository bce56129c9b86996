// Sections 13 to 15: networks, optimizers, files.
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
    try x.layerNorm(dims(ndim, shape, "layer_norm"), optional(weight, "layer_norm"), optional(bias, "layer_norm"), eps: eps)
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

/// The name `reduction` is a parameter's above.
private func convert(_ raw: bp_reduction, _ name: StaticString) throws(Failure) -> Reduction { try reduction(raw, name) }

// MARK: Optimizers

@_cdecl("bp_sgd_create") @implementation public func bp_sgd_create(_ ctx: OpaquePointer?, _ options: UnsafePointer<bp_sgd_options>?) -> OpaquePointer? {
  guard let e = takeContext(ctx, "sgd") else { return nil }
  var made: OptimizerValue?
  _ = perform(on: e) { () throws(Failure) in
    var o = OptimizerOptions()
    if let given = options?.pointee {
      try checkSize(given.struct_size, MemoryLayout<bp_sgd_options>.size, "sgd")
      o.lr = given.lr
      o.momentum = given.momentum
      o.dampening = given.dampening
      o.weightDecay = given.weight_decay
      o.nesterov = given.nesterov != 0
      o.maximize = given.maximize != 0
    }
    made = try e.makeOptimizer(.sgd, o)
  }
  return made?.handle.pointer
}

private func makeAdam(_ ctx: OpaquePointer?, _ options: UnsafePointer<bp_adam_options>?, _ kind: OptimizerKind, _ name: StaticString) -> OpaquePointer? {
  guard let e = takeContext(ctx, name) else { return nil }
  var made: OptimizerValue?
  _ = perform(on: e) { () throws(Failure) in
    var o = OptimizerOptions()
    if kind == .adamW { o.weightDecay = 1e-2 }
    if let given = options?.pointee {
      try checkSize(given.struct_size, MemoryLayout<bp_adam_options>.size, name)
      o.lr = given.lr
      o.beta1 = given.beta1
      o.beta2 = given.beta2
      o.eps = given.eps
      o.weightDecay = given.weight_decay
      o.maximize = given.maximize != 0
    }
    made = try e.makeOptimizer(kind, o)
  }
  return made?.handle.pointer
}
@_cdecl("bp_adam_create") @implementation public func bp_adam_create(_ ctx: OpaquePointer?, _ options: UnsafePointer<bp_adam_options>?) -> OpaquePointer? {
  makeAdam(ctx, options, .adam, "adam")
}
@_cdecl("bp_adamw_create") @implementation public func bp_adamw_create(_ ctx: OpaquePointer?, _ options: UnsafePointer<bp_adam_options>?) -> OpaquePointer? {
  makeAdam(ctx, options, .adamW, "adamw")
}
@_cdecl("bp_optimizer_add") @implementation public func bp_optimizer_add(_ opt: OpaquePointer?, _ parameter: OpaquePointer?) -> bp_status {
  guard let o = takeOptimizer(opt, "optimizer_add"), let p = take(parameter, "optimizer_add", beside: o.engine) else { return handleError }
  return perform(on: o.engine) { () throws(Failure) in try o.add(p) }
}
@_cdecl("bp_optimizer_step") @implementation public func bp_optimizer_step(_ opt: OpaquePointer?) -> bp_status {
  guard let o = takeOptimizer(opt, "optimizer_step") else { return handleError }
  return perform(on: o.engine) { () throws(Failure) in try o.step() }
}
@_cdecl("bp_optimizer_zero_grad") @implementation public func bp_optimizer_zero_grad(_ opt: OpaquePointer?) -> bp_status {
  guard let o = takeOptimizer(opt, "optimizer_zero_grad") else { return handleError }
  o.zeroGrad()
  return 0
}
@_cdecl("bp_optimizer_set_lr") @implementation public func bp_optimizer_set_lr(_ opt: OpaquePointer?, _ lr: Double) -> bp_status {
  guard let o = takeOptimizer(opt, "optimizer_set_lr") else { return handleError }
  return perform(on: o.engine) { () throws(Failure) in try o.setLR(lr) }
}
@_cdecl("bp_optimizer_lr") @implementation public func bp_optimizer_lr(_ opt: OpaquePointer?) -> Double { takeOptimizer(opt, "optimizer_lr")?.lr ?? .nan }
@_cdecl("bp_optimizer_destroy") @implementation public func bp_optimizer_destroy(_ opt: OpaquePointer?) {
  if let opt { Handle(opt).asOptimizer?.destroy() }
}

// MARK: Files

@_cdecl("bp_save") @implementation public func bp_save(
  _ ctx: OpaquePointer?, _ path: UnsafePointer<CChar>?, _ n: Int32, _ names: UnsafePointer<UnsafePointer<CChar>?>?,
  _ tensors: UnsafePointer<OpaquePointer?>?
) -> bp_status {
  guard let e = takeContext(ctx, "save") else { return handleError }
  return perform(on: e) { () throws(Failure) in
    guard let path else { throw Failure(.argument, "save: the path is NULL") }
    try withValues(n, tensors, "save") { (values) throws(Failure) in
      if n > 0, names == nil { throw Failure(.argument, "save: the list of \(Int(n)) names is NULL") }
      var i = 0
      while i < Int(n) {
        if names?[i] == nil { throw Failure(.argument, "save: name number \(i) is NULL") }
        i += 1
      }
      try e.save(path, Int(n), { names?[$0] ?? path }, { values[$0] })
    }
  }
}
@_cdecl("bp_load") @implementation public func bp_load(_ ctx: OpaquePointer?, _ path: UnsafePointer<CChar>?) -> OpaquePointer? {
  guard let e = takeContext(ctx, "load") else { return nil }
  var archive: ArchiveValue?
  _ = perform(on: e) { () throws(Failure) in
    guard let path else { throw Failure(.argument, "load: the path is NULL") }
    archive = try e.load(path)
  }
  return archive?.handle.pointer
}
@_cdecl("bp_archive_count") @implementation public func bp_archive_count(_ file: OpaquePointer?) -> Int32 {
  Int32(truncatingIfNeeded: takeArchive(file, "archive_count")?.count ?? -1)
}
@_cdecl("bp_archive_name") @implementation public func bp_archive_name(_ file: OpaquePointer?, _ i: Int32) -> UnsafePointer<CChar>? {
  takeArchive(file, "archive_name")?.name(Int(i))
}
@_cdecl("bp_archive_get") @implementation public func bp_archive_get(_ file: OpaquePointer?, _ name: UnsafePointer<CChar>?) -> OpaquePointer? {
  guard let a = takeArchive(file, "archive_get") else { return nil }
  return produce(on: a.engine) { () throws(Failure) -> Value in
    guard let name else { throw Failure(.argument, "archive_get: the name is NULL") }
    return try a.tensor(name)
  }
}
@_cdecl("bp_archive_destroy") @implementation public func bp_archive_destroy(_ file: OpaquePointer?) {
  if let file { Handle(file).asArchive?.destroy() }
}
