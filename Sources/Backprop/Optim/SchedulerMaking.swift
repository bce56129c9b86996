// Schedulers made, put together, kept for later and destroyed.
import CShim
import KernelAPI

extension SchedulerKind {
  fileprivate func check(_ o: SchedulerOptions, _ optimizer: OptimizerValue) throws(Failure) {
    func number(_ x: Double, _ what: StaticString, least: Double = 0, most: Double = .infinity) throws(Failure) {
      if !(x >= least && x <= most && x < .infinity && x > -.infinity) { throw .argument("\(name): \(what) must be a number from \(least) to \(most), it is \(x)") }
    }
    func count(_ x: Int, _ what: StaticString, least: Int) throws(Failure) {
      if x < least || x > 1 << 52 { throw .argument("\(name): \(what) must be at least \(least), it is \(x)") }
    }
    switch self {
    case .step: try count(o.period, "step_size", least: 1); try number(o.gamma, "gamma")
    case .multiStep, .exponential: try number(o.gamma, "gamma")
    case .constant: try number(o.factor, "factor", most: 1); try count(o.period, "total_iters", least: 0)
    case .linear:
      try number(o.factor, "start_factor", most: 1)
      if o.factor == 0 { throw .argument("linear_lr: start_factor must be greater than 0") }
      try number(o.endFactor, "end_factor", most: 1)
      try count(o.period, "total_iters", least: 0)
    case .polynomial: try count(o.period, "total_iters", least: 0); try number(o.power, "power", least: -.infinity)
    case .cosineAnnealing: try count(o.period, "T_max", least: 1); try number(o.etaMin, "eta_min")
    case .warmRestarts: try count(o.period, "T_0", least: 1); try count(o.second, "T_mult", least: 1); try number(o.etaMin, "eta_min")
    case .oneCycle:
      try count(o.period, "total_steps", least: 1)
      try number(o.maxLR, "max_lr")
      try number(o.start, "pct_start", most: 1)
      try number(o.divFactor, "div_factor", least: .leastNormalMagnitude)
      try number(o.finalDivFactor, "final_div_factor", least: .leastNormalMagnitude)
    case .cyclic:
      try number(o.baseLR, "base_lr")
      try number(o.maxLR, "max_lr")
      try count(o.period, "step_size_up", least: 1)
      try count(o.second, "step_size_down", least: 1)
      try number(o.gamma, "gamma")
      if o.mode < 0 || o.mode > 2 { throw .argument("cyclic_lr: mode must be 0 (triangular), 1 (triangular2) or 2 (exp_range), it is \(o.mode)") }
    case .averaging: try number(o.baseLR, "swa_lr"); try count(o.period, "anneal_epochs", least: 0)
    case .plateau:
      if !(o.factor >= 0 && o.factor < 1) { throw .argument("\(name): factor must be a number < 1, it is \(o.factor)") }
      try count(o.patience, "patience", least: 0)
      try count(o.cooldown, "cooldown", least: 0)
      try number(o.threshold, "threshold")
      try number(o.minLR, "min_lr")
      try number(o.eps, "eps")
    default: break
    }
    if (self == .oneCycle || self == .cyclic) && o.cycleMomentum {
      let has = optimizer.record.pointee.groups[0].options
      if !has.has(.momentum), !has.has(.beta1) { throw .argument("\(name): \(optimizer.name) has neither momentum nor beta1 to cycle; set cycle_momentum to 0") }
      try number(o.baseMomentum, "base_momentum", most: has.has(.beta1) ? 1 : .infinity)
      try number(o.maxMomentum, "max_momentum", most: has.has(.beta1) ? 1 : .infinity)
    }
  }
}

extension Engine {
  private func newScheduler(_ kind: SchedulerKind, _ optimizer: OptimizerValue, _ o: SchedulerOptions) throws(Failure) -> SchedulerValue {
    let i = state.pointee.schedulers.take()
    if i == 0 { throw .memory(kind.name, bytes: MemoryLayout<SchedulerRecord>.stride) }
    let r = state.pointee.schedulers[i], generation = r.pointee.generation == 0 ? state.pointee.generationBase : r.pointee.generation
    r.initialize(to: SchedulerRecord(
      generation: generation, isLive: true, kind: kind, optimizer: optimizer, optimizerGeneration: optimizer.record.pointee.generation, o: o))
    return SchedulerValue(engine: self, index: i)
  }

  /// Drives every group of the optimizer from its present rate, and writes the rate of epoch 0.
  package func makeScheduler(
    _ kind: SchedulerKind, _ optimizer: OptimizerValue, _ o: SchedulerOptions = SchedulerOptions(), function: LRFunction? = nil,
    user: UnsafeMutableRawPointer? = nil, milestones: UnsafeBufferPointer<Int64> = UnsafeBufferPointer(start: nil, count: 0)
  ) throws(Failure) -> SchedulerValue {
    try kind.check(o, optimizer)
    try optimizer.refuseWhileBusy()
    if kind == .lambda || kind == .multiplicative, function == nil { throw .argument("\(kind.name): the function is NULL") }
    let s = try newScheduler(kind, optimizer, o), r = s.record
    do throws(Failure) {
      (r.pointee.function, r.pointee.user) = (function, user)
      (r.pointee.current, r.pointee.period) = (-1, o.period)
      r.pointee.best = o.isMax ? -.infinity : .infinity
      for m in milestones { if !r.pointee.milestones.push(Int(m)) { throw .memory(kind.name, bytes: 8) } }
      if kind == .plateau { r.pointee.epoch = 0; return s }
      var g = 0
      while g < optimizer.groupCount {
        let group = optimizer.record.pointee.groups[g]
        let base = kind == .oneCycle ? o.maxLR / o.divFactor : kind == .cyclic ? o.baseLR : group.initialLR == group.initialLR ? group.initialLR : group.options[.lr]
        if !r.pointee.base.push(base) { throw .memory(kind.name, bytes: 8) }
        g += 1
      }
      try s.step(isFirst: true)
      g = 0
      while g < optimizer.groupCount {
        var group = optimizer.record.pointee.groups[g]
        if kind == .oneCycle || group.initialLR != group.initialLR { group.initialLR = r.pointee.base[g] }
        optimizer.record.pointee.groups[g] = group
        g += 1
      }
    } catch {
      s.destroy()
      throw error
    }
    return s
  }

  /// Several schedules of one optimizer: after one another (`milestones`: where the next begins), or all at each step.
  package func makeScheduler(
    _ kind: SchedulerKind, _ parts: UnsafeBufferPointer<SchedulerValue>, milestones: UnsafeBufferPointer<Int64>
  ) throws(Failure) -> SchedulerValue {
    guard parts.count > 0 else { throw .argument("\(kind.name): there must be at least one scheduler") }
    var i = 0
    while i < parts.count {
      if parts[i].engine != self { throw Failure(.handle, "\(kind.name): scheduler \(i) belongs to another context") }
      if parts[i].record.pointee.kind == .plateau { throw .argument("\(kind.name): scheduler \(i) is reduce_lr_on_plateau, whose steps need a measured value") }
      if parts[i].optimizer != parts[0].optimizer { throw .argument("\(kind.name): scheduler \(i) drives another optimizer than scheduler 0") }
      var k = 0
      while k < i { if parts[k].index == parts[i].index { throw .argument("\(kind.name): schedulers \(k) and \(i) are the same") }; k += 1 }
      i += 1
    }
    i = 1
    while i < milestones.count {
      if milestones[i] < milestones[i - 1] { throw .argument("\(kind.name): milestones must ascend, \(Int(milestones[i])) follows \(Int(milestones[i - 1]))") }
      i += 1
    }
    let optimizer = try parts[0].driven(), s = try newScheduler(kind, optimizer, SchedulerOptions()), r = s.record
    do throws(Failure) {
      for p in parts { if !r.pointee.children.push(p.index) { throw .memory(kind.name, bytes: 4) } }
      for m in milestones { if !r.pointee.milestones.push(Int(m)) { throw .memory(kind.name, bytes: 8) } }
      if kind == .sequential {
        i = 0
        while i < optimizer.groupCount {
          let first = optimizer.record.pointee.groups[i].initialLR
          if first == first { optimizer.set(.lr, first, group: i) }
          i += 1
        }
        try s.undo()
        try s.begin()
      }
    } catch {
      s.destroy()
      throw error
    }
    return s
  }

  func destroySchedulers() {
    var i: UInt32 = 1
    while i < state.pointee.schedulers.limit {
      if state.pointee.schedulers[i].pointee.isLive { SchedulerValue(engine: self, index: i).destroy() }
      i += 1
    }
    state.pointee.schedulers.destroy()
  }
}

extension SchedulerValue {
  /// The optimizer stays as it is; parts of a composed schedule too.
  package func destroy() {
    let r = record
    r.pointee.base.destroy()
    r.pointee.milestones.destroy()
    r.pointee.children.destroy()
    r.pointee.isLive = false
    r.pointee.generation = r.pointee.generation == Handle.lastGeneration ? 1 : r.pointee.generation + 1
    engine.state.pointee.schedulers.give(index)
  }

  // MARK: Kept for later

  private var ownNumbers: Int { 7 + record.pointee.base.count }
  private func numbers() throws(Failure) -> Int {
    var n = ownNumbers, i = 0
    while i < record.pointee.children.count { n += try child(i).numbers(); i += 1 }
    return n
  }

  private func write(_ p: UnsafeMutablePointer<Double>) throws(Failure) -> Int {
    let r = record
    (p[0], p[1], p[2], p[3]) = (Double(r.pointee.epoch), Double(r.pointee.count), Double(r.pointee.current), Double(r.pointee.period))
    (p[4], p[5], p[6]) = (r.pointee.best, Double(r.pointee.bad), Double(r.pointee.cooling))
    var at = 7, i = 0
    while i < r.pointee.base.count { p[at] = r.pointee.base[i]; at += 1; i += 1 }
    i = 0
    while i < r.pointee.children.count { at += try child(i).write(p + at); i += 1 }
    return at
  }

  private func read(_ p: UnsafeMutablePointer<Double>) throws(Failure) -> Int {
    let r = record
    (r.pointee.epoch, r.pointee.count, r.pointee.current) = (Int(p[0]), Int(p[1]), Int(p[2]))
    if p[3] >= 1 { r.pointee.period = Int(p[3]) }
    (r.pointee.best, r.pointee.bad, r.pointee.cooling) = (p[4], Int(p[5]), Int(p[6]))
    var at = 7, i = 0
    while i < r.pointee.base.count { r.pointee.base[i] = p[at]; at += 1; i += 1 }
    i = 0
    while i < r.pointee.children.count { at += try child(i).read(p + at); i += 1 }
    return at
  }

  /// How far it has come, as one row of float64 to be saved and given to `setState` of a scheduler made in the same way.
  package func state() throws(Failure) -> Value {
    let v = try Value.empty(engine, .float64, Dims(numbers()), for: name)
    _ = try write(v.data(as: Double.self))
    return v
  }

  /// The rates themselves belong to the optimizer.
  package func setState(_ v: Value) throws(Failure) {
    let n = try numbers()
    if v.dtype != .float64 || v.shape != Dims(n) || !v.isContiguous {
      throw .argument("\(name): its state is \(n) numbers of type float64 without gaps, not shape \(v.shape) of \(v.dtype)")
    }
    let p = v.data(as: Double.self)
    var i = 0
    while i < n {
      // Everything but `best` and rates is a count.
      if p[i] != p[i] || p[i] < -1e15 && p[i] > -.infinity || p[i] > 1e15 && p[i] < .infinity { throw .argument("\(name): number \(i) of the state is \(p[i])") }
      i += 1
    }
    try checkCounts(p)
    _ = try read(p)
  }

  private func checkCounts(_ p: UnsafeMutablePointer<Double>) throws(Failure) {
    var k = 0, at = ownNumbers, i = 0
    while k < ownNumbers {
      if k != 4, p[k] - p[k] != 0 { throw .argument("\(name): number \(k) of the state is \(p[k])") }
      k += 1
    }
    while i < record.pointee.children.count {
      let c = try child(i)
      try c.checkCounts(p + at)
      at += try c.numbers()
      i += 1
    }
  }
}
