// Section 14: optimizers.
import Backprop
import CBackprop

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

/// A status for work on a list of tensors; no tensor, no context, nothing to do.
private func perform(
  _ name: StaticString, _ n: Int32, _ p: UnsafePointer<OpaquePointer?>?, _ body: (Engine, UnsafeBufferPointer<Value>) throws(Failure) -> Void
) -> bp_status {
  guard let e = engine(of: p, n) else {
    if n == 0 { return 0 }
    refuse(n > 0 && p != nil ? p?.pointee : nil, name, "tensor", nil)
    return handleError
  }
  return perform(on: e) { () throws(Failure) in
    try withValues(n, p, name) { (values) throws(Failure) in try body(e, values) }
  }
}
@_cdecl("bp_clip_grad_norm_") @implementation public func bp_clip_grad_norm_(
  _ n: Int32, _ parameters: UnsafePointer<OpaquePointer?>?, _ max_norm: Double, _ norm_type: Double, _ total_norm: UnsafeMutablePointer<Double>?
) -> bp_status {
  total_norm?.pointee = 0
  return perform("clip_grad_norm_", n, parameters) { (e, values) throws(Failure) in
    let norm = try e.clipGradientNorm(values, to: max_norm, p: norm_type)
    total_norm?.pointee = norm
  }
}
@_cdecl("bp_clip_grad_value_") @implementation public func bp_clip_grad_value_(
  _ n: Int32, _ parameters: UnsafePointer<OpaquePointer?>?, _ clip_value: Double
) -> bp_status {
  perform("clip_grad_value_", n, parameters) { (e, values) throws(Failure) in try e.clipGradientValue(values, to: clip_value) }
}
