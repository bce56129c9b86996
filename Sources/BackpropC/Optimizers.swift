// Section 14: optimizers.
import Backprop
import CBackprop

/// Makes an optimizer; every option struct begins with its size.
@inline(never) private func create(
  _ ctx: OpaquePointer?, _ kind: OptimizerKind, _ options: UnsafeRawPointer?, _ size: Int, _ set: (inout OptimizerOptions) -> Void
) -> OpaquePointer? {
  guard let e = takeContext(ctx, kind.name) else { return nil }
  var made: OptimizerValue?
  _ = perform(on: e) { () throws(Failure) in
    if let options {
      try checkSize(options.load(as: UInt32.self), size, kind.name)
      made = try e.makeOptimizer(kind, set)
    } else {
      made = try e.makeOptimizer(kind)
    }
  }
  return made?.handle.pointer
}

@_cdecl("bp_sgd_create") @implementation public func bp_sgd_create(_ ctx: OpaquePointer?, _ options: UnsafePointer<bp_sgd_options>?) -> OpaquePointer? {
  create(ctx, .sgd, options, MemoryLayout<bp_sgd_options>.size) { o in
    guard let g = options?.pointee else { return }
    o[.lr] = g.lr
    o[.momentum] = g.momentum
    o[.dampening] = g.dampening
    o[.weightDecay] = g.weight_decay
    o[.nesterov] = Double(g.nesterov)
    o[.maximize] = Double(g.maximize)
  }
}

private func adam(_ ctx: OpaquePointer?, _ kind: OptimizerKind, _ options: UnsafePointer<bp_adam_options>?) -> OpaquePointer? {
  create(ctx, kind, options, MemoryLayout<bp_adam_options>.size) { o in
    guard let g = options?.pointee else { return }
    o[.lr] = g.lr
    o[.beta1] = g.beta1
    o[.beta2] = g.beta2
    o[.eps] = g.eps
    o[.weightDecay] = g.weight_decay
    o[.maximize] = Double(g.maximize)
    if kind == .adam || kind == .adamW { o[.amsgrad] = Double(g.amsgrad) }
    if kind == .nadam || kind == .radam { o[.decoupledWeightDecay] = Double(g.decoupled_weight_decay) }
    if kind == .nadam { o[.momentumDecay] = g.momentum_decay }
  }
}
@_cdecl("bp_adam_create") @implementation public func bp_adam_create(_ ctx: OpaquePointer?, _ options: UnsafePointer<bp_adam_options>?) -> OpaquePointer? {
  adam(ctx, .adam, options)
}
@_cdecl("bp_adamw_create") @implementation public func bp_adamw_create(_ ctx: OpaquePointer?, _ options: UnsafePointer<bp_adam_options>?) -> OpaquePointer? {
  adam(ctx, .adamW, options)
}
@_cdecl("bp_nadam_create") @implementation public func bp_nadam_create(_ ctx: OpaquePointer?, _ options: UnsafePointer<bp_adam_options>?) -> OpaquePointer? {
  adam(ctx, .nadam, options)
}
@_cdecl("bp_radam_create") @implementation public func bp_radam_create(_ ctx: OpaquePointer?, _ options: UnsafePointer<bp_adam_options>?) -> OpaquePointer? {
  adam(ctx, .radam, options)
}
@_cdecl("bp_adamax_create") @implementation public func bp_adamax_create(_ ctx: OpaquePointer?, _ options: UnsafePointer<bp_adam_options>?) -> OpaquePointer? {
  adam(ctx, .adamax, options)
}
@_cdecl("bp_rmsprop_create") @implementation public func bp_rmsprop_create(_ ctx: OpaquePointer?, _ options: UnsafePointer<bp_rmsprop_options>?) -> OpaquePointer? {
  create(ctx, .rmsprop, options, MemoryLayout<bp_rmsprop_options>.size) { o in
    guard let g = options?.pointee else { return }
    o[.lr] = g.lr
    o[.alpha] = g.alpha
    o[.eps] = g.eps
    o[.weightDecay] = g.weight_decay
    o[.momentum] = g.momentum
    o[.centered] = Double(g.centered)
    o[.maximize] = Double(g.maximize)
  }
}
@_cdecl("bp_adagrad_create") @implementation public func bp_adagrad_create(_ ctx: OpaquePointer?, _ options: UnsafePointer<bp_adagrad_options>?) -> OpaquePointer? {
  create(ctx, .adagrad, options, MemoryLayout<bp_adagrad_options>.size) { o in
    guard let g = options?.pointee else { return }
    o[.lr] = g.lr
    o[.lrDecay] = g.lr_decay
    o[.weightDecay] = g.weight_decay
    o[.initialAccumulatorValue] = g.initial_accumulator_value
    o[.eps] = g.eps
    o[.maximize] = Double(g.maximize)
  }
}
@_cdecl("bp_adadelta_create") @implementation public func bp_adadelta_create(_ ctx: OpaquePointer?, _ options: UnsafePointer<bp_adadelta_options>?) -> OpaquePointer? {
  create(ctx, .adadelta, options, MemoryLayout<bp_adadelta_options>.size) { o in
    guard let g = options?.pointee else { return }
    o[.lr] = g.lr
    o[.rho] = g.rho
    o[.eps] = g.eps
    o[.weightDecay] = g.weight_decay
    o[.maximize] = Double(g.maximize)
  }
}
@_cdecl("bp_rprop_create") @implementation public func bp_rprop_create(_ ctx: OpaquePointer?, _ options: UnsafePointer<bp_rprop_options>?) -> OpaquePointer? {
  create(ctx, .rprop, options, MemoryLayout<bp_rprop_options>.size) { o in
    guard let g = options?.pointee else { return }
    o[.lr] = g.lr
    o[.etaMinus] = g.etaminus
    o[.etaPlus] = g.etaplus
    o[.stepSizeMin] = g.step_size_min
    o[.stepSizeMax] = g.step_size_max
    o[.maximize] = Double(g.maximize)
  }
}
@_cdecl("bp_lion_create") @implementation public func bp_lion_create(_ ctx: OpaquePointer?, _ options: UnsafePointer<bp_lion_options>?) -> OpaquePointer? {
  create(ctx, .lion, options, MemoryLayout<bp_lion_options>.size) { o in
    guard let g = options?.pointee else { return }
    o[.lr] = g.lr
    o[.beta1] = g.beta1
    o[.beta2] = g.beta2
    o[.weightDecay] = g.weight_decay
    o[.maximize] = Double(g.maximize)
  }
}
@_cdecl("bp_adafactor_create") @implementation public func bp_adafactor_create(_ ctx: OpaquePointer?, _ options: UnsafePointer<bp_adafactor_options>?) -> OpaquePointer? {
  create(ctx, .adafactor, options, MemoryLayout<bp_adafactor_options>.size) { o in
    guard let g = options?.pointee else { return }
    o[.lr] = g.lr
    o[.beta2Decay] = g.beta2_decay
    o[.eps1] = g.eps1
    o[.eps] = g.eps
    o[.d] = g.d
    o[.weightDecay] = g.weight_decay
    o[.maximize] = Double(g.maximize)
  }
}
@_cdecl("bp_muon_create") @implementation public func bp_muon_create(_ ctx: OpaquePointer?, _ options: UnsafePointer<bp_muon_options>?) -> OpaquePointer? {
  create(ctx, .muon, options, MemoryLayout<bp_muon_options>.size) { o in
    guard let g = options?.pointee else { return }
    o[.lr] = g.lr
    o[.weightDecay] = g.weight_decay
    o[.momentum] = g.momentum
    o[.nsA] = g.ns_a
    o[.nsB] = g.ns_b
    o[.nsC] = g.ns_c
    o[.eps] = g.eps
    o[.nesterov] = Double(g.nesterov)
    o[.nsSteps] = Double(g.ns_steps)
    o[.adjustLR] = Double(g.adjust_lr)
  }
}
@_cdecl("bp_lbfgs_create") @implementation public func bp_lbfgs_create(_ ctx: OpaquePointer?, _ options: UnsafePointer<bp_lbfgs_options>?) -> OpaquePointer? {
  create(ctx, .lbfgs, options, MemoryLayout<bp_lbfgs_options>.size) { o in
    guard let g = options?.pointee else { return }
    o[.lr] = g.lr
    o[.toleranceGrad] = g.tolerance_grad
    o[.toleranceChange] = g.tolerance_change
    o[.maxIter] = Double(g.max_iter)
    o[.maxEval] = Double(g.max_eval)
    o[.historySize] = Double(g.history_size)
    o[.strongWolfe] = Double(g.strong_wolfe)
  }
}
@_cdecl("bp_optimizer_create") @implementation public func bp_optimizer_create(_ ctx: OpaquePointer?, _ name: UnsafePointer<CChar>?) -> OpaquePointer? {
  guard let e = takeContext(ctx, "optimizer_create") else { return nil }
  var made: OptimizerValue?
  _ = perform(on: e) { () throws(Failure) in
    guard let name else { throw Failure(.argument, "optimizer_create: the name is NULL") }
    made = try e.makeOptimizer(named: name)
  }
  return made?.handle.pointer
}

@_cdecl("bp_optimizer_add") @implementation public func bp_optimizer_add(_ opt: OpaquePointer?, _ parameter: OpaquePointer?) -> bp_status {
  guard let o = takeOptimizer(opt, "optimizer_add"), let p = take(parameter, "optimizer_add", beside: o.engine) else { return handleError }
  return perform(on: o.engine) { () throws(Failure) in try o.add(p) }
}
@_cdecl("bp_optimizer_add_group") @implementation public func bp_optimizer_add_group(_ opt: OpaquePointer?) -> Int32 {
  guard let o = takeOptimizer(opt, "optimizer_add_group") else { return -1 }
  var number: Int32 = -1
  _ = perform(on: o.engine) { () throws(Failure) in number = Int32(truncatingIfNeeded: try o.addGroup()) }
  return number
}
@_cdecl("bp_optimizer_set_options") @implementation public func bp_optimizer_set_options(
  _ opt: OpaquePointer?, _ group: Int32, _ n: Int32, _ names: UnsafePointer<UnsafePointer<CChar>?>?, _ values: UnsafePointer<Double>?
) -> bp_status {
  guard let o = takeOptimizer(opt, "optimizer_set_options") else { return handleError }
  return perform(on: o.engine) { () throws(Failure) in
    if n < 0 { throw Failure(.argument, "optimizer_set_options: the number of options is negative: \(Int(n))") }
    if n == 0 { return }
    guard let names, let values else { throw Failure(.argument, "optimizer_set_options: the list of names or values is NULL") }
    var i = 0
    while i < Int(n) {
      if names[i] == nil { throw Failure(.argument, "optimizer_set_options: name number \(i) is NULL") }
      i += 1
    }
    try o.setOptions(Int(group), Int(n), { names[$0] ?? text("") }, { values[$0] })
  }
}
@_cdecl("bp_optimizer_set_option") @implementation public func bp_optimizer_set_option(
  _ opt: OpaquePointer?, _ group: Int32, _ name: UnsafePointer<CChar>?, _ value: Double
) -> bp_status {
  var name = name, value = value
  return bp_optimizer_set_options(opt, group, 1, &name, &value)
}
@_cdecl("bp_optimizer_option") @implementation public func bp_optimizer_option(_ opt: OpaquePointer?, _ group: Int32, _ name: UnsafePointer<CChar>?) -> Double {
  guard let o = takeOptimizer(opt, "optimizer_option") else { return .nan }
  var value = Double.nan
  _ = perform(on: o.engine) { () throws(Failure) in
    guard let name else { throw Failure(.argument, "optimizer_option: the name is NULL") }
    value = try o.option(Int(group), name)
  }
  return value
}
@_cdecl("bp_optimizer_step_closure") @implementation public func bp_optimizer_step_closure(
  _ opt: OpaquePointer?, _ closure: bp_closure?, _ user: UnsafeMutableRawPointer?, _ loss: UnsafeMutablePointer<Double>?
) -> bp_status {
  guard let o = takeOptimizer(opt, "optimizer_step_closure") else { return handleError }
  return perform(on: o.engine) { () throws(Failure) in
    guard let closure else { throw Failure(.argument, "optimizer_step_closure: the closure is NULL") }
    let first = try o.step { (value) throws(Failure) in
      if closure(user, &value) != 0 { throw Failure(.callback, "\(o.name): the closure gave up") }
    }
    loss?.pointee = first
  }
}
@_cdecl("bp_optimizer_parameter_count") @implementation public func bp_optimizer_parameter_count(_ opt: OpaquePointer?) -> Int64 {
  Int64(takeOptimizer(opt, "optimizer_parameter_count")?.parameterCount ?? -1)
}
@_cdecl("bp_optimizer_state_name") @implementation public func bp_optimizer_state_name(_ opt: OpaquePointer?, _ parameter: Int64, _ k: Int32) -> UnsafePointer<CChar>? {
  guard let o = takeOptimizer(opt, "optimizer_state_name") else { return nil }
  var name: UnsafePointer<CChar>?
  _ = perform(on: o.engine) { () throws(Failure) in name = try o.stateName(Int(parameter), Int(k)).map { text($0) } }
  return name
}
@_cdecl("bp_optimizer_state") @implementation public func bp_optimizer_state(_ opt: OpaquePointer?, _ parameter: Int64, _ name: UnsafePointer<CChar>?) -> OpaquePointer? {
  guard let o = takeOptimizer(opt, "optimizer_state") else { return nil }
  var state: Value?
  _ = perform(on: o.engine) { () throws(Failure) in
    guard let name else { throw Failure(.argument, "optimizer_state: the name is NULL") }
    state = try o.state(Int(parameter), name)
  }
  return state?.handle.pointer
}
@_cdecl("bp_optimizer_set_state") @implementation public func bp_optimizer_set_state(
  _ opt: OpaquePointer?, _ parameter: Int64, _ name: UnsafePointer<CChar>?, _ value: OpaquePointer?
) -> bp_status {
  guard let o = takeOptimizer(opt, "optimizer_set_state"), let v = take(value, "optimizer_set_state", beside: o.engine) else { return handleError }
  return perform(on: o.engine) { () throws(Failure) in
    guard let name else { throw Failure(.argument, "optimizer_set_state: the name is NULL") }
    try o.setState(Int(parameter), name, v)
  }
}
@_cdecl("bp_optimizer_save") @implementation public func bp_optimizer_save(_ opt: OpaquePointer?, _ path: UnsafePointer<CChar>?) -> bp_status {
  guard let o = takeOptimizer(opt, "optimizer_save") else { return handleError }
  return perform(on: o.engine) { () throws(Failure) in
    guard let path else { throw Failure(.argument, "optimizer_save: the path is NULL") }
    try o.save(path)
  }
}
@_cdecl("bp_optimizer_load") @implementation public func bp_optimizer_load(_ opt: OpaquePointer?, _ path: UnsafePointer<CChar>?) -> bp_status {
  guard let o = takeOptimizer(opt, "optimizer_load") else { return handleError }
  return perform(on: o.engine) { () throws(Failure) in
    guard let path else { throw Failure(.argument, "optimizer_load: the path is NULL") }
    try o.load(path)
  }
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
@_cdecl("bp_ema_update") @implementation public func bp_ema_update(
  _ n: Int32, _ averages: UnsafePointer<OpaquePointer?>?, _ parameters: UnsafePointer<OpaquePointer?>?, _ decay: Double
) -> bp_status {
  perform("ema_update", n, averages) { (e, values) throws(Failure) in
    try withValues(n, parameters, "ema_update") { (sources) throws(Failure) in try e.average(values, sources, decay: decay) }
  }
}
