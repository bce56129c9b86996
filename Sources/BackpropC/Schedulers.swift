// Section 14: schedules of the learning rate.
import Backprop
import CBackprop

@inline(never) private func make(
  _ opt: OpaquePointer?, _ kind: SchedulerKind, _ name: StaticString, function: LRFunction? = nil, user: UnsafeMutableRawPointer? = nil,
  milestones: UnsafeBufferPointer<Int64> = UnsafeBufferPointer(start: nil, count: 0), _ set: (inout SchedulerOptions) throws(Failure) -> Void
) -> OpaquePointer? {
  guard let o = takeOptimizer(opt, name) else { return nil }
  var made: SchedulerValue?
  _ = perform(on: o.engine) { () throws(Failure) in
    var options = SchedulerOptions()
    try set(&options)
    made = try o.engine.makeScheduler(kind, o, options, function: function, user: user, milestones: milestones)
  }
  return made?.handle.pointer
}

private func milestones(_ n: Int32, _ p: UnsafePointer<Int64>?, _ name: StaticString) throws(Failure) -> UnsafeBufferPointer<Int64> {
  if n < 0 { throw Failure(.argument, "\(name): the number of milestones is negative: \(Int(n))") }
  if n > 0, p == nil { throw Failure(.argument, "\(name): the list of \(Int(n)) milestones is NULL") }
  return UnsafeBufferPointer(start: p, count: Int(n))
}

@_cdecl("bp_lambda_lr_create") @implementation public func bp_lambda_lr_create(_ opt: OpaquePointer?, _ f: bp_lr_function?, _ user: UnsafeMutableRawPointer?) -> OpaquePointer? {
  make(opt, .lambda, "lambda_lr", function: f, user: user) { (_) throws(Failure) in }
}
@_cdecl("bp_multiplicative_lr_create") @implementation public func bp_multiplicative_lr_create(
  _ opt: OpaquePointer?, _ f: bp_lr_function?, _ user: UnsafeMutableRawPointer?
) -> OpaquePointer? {
  make(opt, .multiplicative, "multiplicative_lr", function: f, user: user) { (_) throws(Failure) in }
}
@_cdecl("bp_step_lr_create") @implementation public func bp_step_lr_create(_ opt: OpaquePointer?, _ step_size: Int64, _ gamma: Double) -> OpaquePointer? {
  make(opt, .step, "step_lr") { (o) throws(Failure) in (o.period, o.gamma) = (Int(step_size), gamma) }
}
@_cdecl("bp_multi_step_lr_create") @implementation public func bp_multi_step_lr_create(
  _ opt: OpaquePointer?, _ n: Int32, _ list: UnsafePointer<Int64>?, _ gamma: Double
) -> OpaquePointer? {
  make(opt, .multiStep, "multi_step_lr", milestones: UnsafeBufferPointer(start: list, count: list == nil || n < 0 ? 0 : Int(n))) { (o) throws(Failure) in
    _ = try milestones(n, list, "multi_step_lr")
    o.gamma = gamma
  }
}
@_cdecl("bp_exponential_lr_create") @implementation public func bp_exponential_lr_create(_ opt: OpaquePointer?, _ gamma: Double) -> OpaquePointer? {
  make(opt, .exponential, "exponential_lr") { (o) throws(Failure) in o.gamma = gamma }
}
@_cdecl("bp_constant_lr_create") @implementation public func bp_constant_lr_create(_ opt: OpaquePointer?, _ factor: Double, _ total_iters: Int64) -> OpaquePointer? {
  make(opt, .constant, "constant_lr") { (o) throws(Failure) in (o.factor, o.period) = (factor, Int(total_iters)) }
}
@_cdecl("bp_linear_lr_create") @implementation public func bp_linear_lr_create(
  _ opt: OpaquePointer?, _ start_factor: Double, _ end_factor: Double, _ total_iters: Int64
) -> OpaquePointer? {
  make(opt, .linear, "linear_lr") { (o) throws(Failure) in (o.factor, o.endFactor, o.period) = (start_factor, end_factor, Int(total_iters)) }
}
@_cdecl("bp_polynomial_lr_create") @implementation public func bp_polynomial_lr_create(_ opt: OpaquePointer?, _ total_iters: Int64, _ power: Double) -> OpaquePointer? {
  make(opt, .polynomial, "polynomial_lr") { (o) throws(Failure) in (o.period, o.power) = (Int(total_iters), power) }
}
@_cdecl("bp_cosine_annealing_lr_create") @implementation public func bp_cosine_annealing_lr_create(_ opt: OpaquePointer?, _ T_max: Int64, _ eta_min: Double) -> OpaquePointer? {
  make(opt, .cosineAnnealing, "cosine_annealing_lr") { (o) throws(Failure) in (o.period, o.etaMin) = (Int(T_max), eta_min) }
}
@_cdecl("bp_cosine_annealing_warm_restarts_create") @implementation public func bp_cosine_annealing_warm_restarts_create(
  _ opt: OpaquePointer?, _ T_0: Int64, _ T_mult: Int64, _ eta_min: Double
) -> OpaquePointer? {
  make(opt, .warmRestarts, "cosine_annealing_warm_restarts") { (o) throws(Failure) in (o.period, o.second, o.etaMin) = (Int(T_0), Int(T_mult), eta_min) }
}
@_cdecl("bp_swa_lr_create") @implementation public func bp_swa_lr_create(
  _ opt: OpaquePointer?, _ swa_lr: Double, _ anneal_epochs: Int64, _ linear: Int32
) -> OpaquePointer? {
  make(opt, .averaging, "swa_lr") { (o) throws(Failure) in (o.baseLR, o.period, o.isLinear) = (swa_lr, Int(anneal_epochs), linear != 0) }
}

@_cdecl("bp_one_cycle_lr_create") @implementation public func bp_one_cycle_lr_create(
  _ opt: OpaquePointer?, _ options: UnsafePointer<bp_one_cycle_options>?
) -> OpaquePointer? {
  make(opt, .oneCycle, "one_cycle_lr") { (o) throws(Failure) in
    guard let g = options?.pointee else { throw Failure(.argument, "one_cycle_lr: the options are NULL; max_lr and total_steps must be given") }
    try checkSize(g.struct_size, MemoryLayout<bp_one_cycle_options>.size, "one_cycle_lr")
    (o.maxLR, o.period, o.start) = (g.max_lr, Int(g.total_steps), g.pct_start)
    (o.cycleMomentum, o.baseMomentum, o.maxMomentum) = (g.cycle_momentum != 0, g.base_momentum, g.max_momentum)
    (o.divFactor, o.finalDivFactor, o.isLinear, o.threePhase) = (g.div_factor, g.final_div_factor, g.linear != 0, g.three_phase != 0)
  }
}
@_cdecl("bp_cyclic_lr_create") @implementation public func bp_cyclic_lr_create(_ opt: OpaquePointer?, _ options: UnsafePointer<bp_cyclic_options>?) -> OpaquePointer? {
  make(opt, .cyclic, "cyclic_lr") { (o) throws(Failure) in
    guard let g = options?.pointee else { throw Failure(.argument, "cyclic_lr: the options are NULL; base_lr and max_lr must be given") }
    try checkSize(g.struct_size, MemoryLayout<bp_cyclic_options>.size, "cyclic_lr")
    (o.baseLR, o.maxLR, o.gamma, o.mode) = (g.base_lr, g.max_lr, g.gamma, Int(g.mode))
    (o.period, o.second) = (Int(g.step_size_up), Int(g.step_size_down == 0 ? g.step_size_up : g.step_size_down))
    (o.cycleMomentum, o.baseMomentum, o.maxMomentum) = (g.cycle_momentum != 0, g.base_momentum, g.max_momentum)
  }
}
@_cdecl("bp_reduce_lr_on_plateau_create") @implementation public func bp_reduce_lr_on_plateau_create(
  _ opt: OpaquePointer?, _ options: UnsafePointer<bp_plateau_options>?
) -> OpaquePointer? {
  make(opt, .plateau, "reduce_lr_on_plateau") { (o) throws(Failure) in
    o.factor = 0.1
    guard let g = options?.pointee else { return }
    try checkSize(g.struct_size, MemoryLayout<bp_plateau_options>.size, "reduce_lr_on_plateau")
    (o.isMax, o.isAbsolute, o.factor, o.patience, o.cooldown) = (g.max != 0, g.abs != 0, g.factor, Int(g.patience), Int(g.cooldown))
    (o.threshold, o.minLR, o.eps) = (g.threshold, g.min_lr, g.eps)
  }
}

private func compose(
  _ kind: SchedulerKind, _ name: StaticString, _ n: Int32, _ list: UnsafePointer<OpaquePointer?>?, _ steps: UnsafePointer<Int64>?
) -> OpaquePointer? {
  guard n > 0, let list, let first = takeScheduler(list[0], name) else {
    if n <= 0 || list == nil { refuse(nil, name, "list of schedulers", nil) }
    return nil
  }
  var made: SchedulerValue?
  _ = perform(on: first.engine) { () throws(Failure) in
    let milestones = try milestones(kind == .sequential ? n - 1 : 0, steps, name)
    try first.engine.withScratch(of: SchedulerValue.self, count: Int(n), for: name) { (parts) throws(Failure) in
      var i = 0
      while i < Int(n) {
        guard let p = list[i], let s = Handle(p).asScheduler else { throw Failure(.handle, "\(name): number \(i) of the list is not a live scheduler") }
        (parts + i).initialize(to: s)
        i += 1
      }
      made = try first.engine.makeScheduler(kind, UnsafeBufferPointer(start: parts, count: Int(n)), milestones: milestones)
    }
  }
  return made?.handle.pointer
}
@_cdecl("bp_sequential_lr_create") @implementation public func bp_sequential_lr_create(
  _ n: Int32, _ schedulers: UnsafePointer<OpaquePointer?>?, _ milestones: UnsafePointer<Int64>?
) -> OpaquePointer? {
  compose(.sequential, "sequential_lr", n, schedulers, milestones)
}
@_cdecl("bp_chained_scheduler_create") @implementation public func bp_chained_scheduler_create(_ n: Int32, _ schedulers: UnsafePointer<OpaquePointer?>?) -> OpaquePointer? {
  compose(.chained, "chained_scheduler", n, schedulers, nil)
}

@_cdecl("bp_scheduler_step") @implementation public func bp_scheduler_step(_ s: OpaquePointer?) -> bp_status {
  guard let s = takeScheduler(s, "scheduler_step") else { return handleError }
  return perform(on: s.engine) { () throws(Failure) in try s.step() }
}
@_cdecl("bp_scheduler_step_metric") @implementation public func bp_scheduler_step_metric(_ s: OpaquePointer?, _ value: Double) -> bp_status {
  guard let s = takeScheduler(s, "scheduler_step_metric") else { return handleError }
  return perform(on: s.engine) { () throws(Failure) in try s.step(metric: value) }
}
@_cdecl("bp_scheduler_epoch") @implementation public func bp_scheduler_epoch(_ s: OpaquePointer?) -> Int64 {
  Int64(takeScheduler(s, "scheduler_epoch")?.epoch ?? -1)
}
@_cdecl("bp_scheduler_state") @implementation public func bp_scheduler_state(_ s: OpaquePointer?) -> OpaquePointer? {
  guard let s = takeScheduler(s, "scheduler_state") else { return nil }
  return produce(on: s.engine) { () throws(Failure) -> Value in try s.state() }
}
@_cdecl("bp_scheduler_set_state") @implementation public func bp_scheduler_set_state(_ s: OpaquePointer?, _ state: OpaquePointer?) -> bp_status {
  guard let s = takeScheduler(s, "scheduler_set_state"), let v = take(state, "scheduler_set_state", beside: s.engine) else { return handleError }
  return perform(on: s.engine) { () throws(Failure) in try s.setState(v) }
}
@_cdecl("bp_scheduler_destroy") @implementation public func bp_scheduler_destroy(_ s: OpaquePointer?) {
  if let s { Handle(s).asScheduler?.destroy() }
}
