// Learning rates that change as training goes on. One formula per kind, as PyTorch computes it: from the rate of the step before where
// PyTorch does so, so that schedules can be chained.
import CShim
import KernelAPI

package enum SchedulerKind: UInt8 {
  case lambda, multiplicative, step, multiStep, constant, linear, exponential, polynomial, cosineAnnealing, warmRestarts, oneCycle, cyclic
  case averaging, plateau, sequential, chained

  var name: StaticString {
    switch self {
    case .lambda: "lambda_lr"
    case .multiplicative: "multiplicative_lr"
    case .step: "step_lr"
    case .multiStep: "multi_step_lr"
    case .constant: "constant_lr"
    case .linear: "linear_lr"
    case .exponential: "exponential_lr"
    case .polynomial: "polynomial_lr"
    case .cosineAnnealing: "cosine_annealing_lr"
    case .warmRestarts: "cosine_annealing_warm_restarts"
    case .oneCycle: "one_cycle_lr"
    case .cyclic: "cyclic_lr"
    case .averaging: "swa_lr"
    case .plateau: "reduce_lr_on_plateau"
    case .sequential: "sequential_lr"
    case .chained: "chained_scheduler"
    }
  }
  var isComposed: Bool { self == .sequential || self == .chained }
}

package typealias LRFunction = @convention(c) (_ user: UnsafeMutableRawPointer?, _ epoch: Int64) -> Double

/// The options of every kind; each uses those its formula names.
package struct SchedulerOptions {
  package var gamma = 0.1, factor = 1.0 / 3, endFactor = 1.0, power = 1.0, etaMin = 0.0
  /// Steps to a period: step_size, total_iters, T_max, T_0, total_steps, anneal_epochs, step_size_up; `second`: T_mult, step_size_down.
  package var period = 5, second = 1
  package var baseLR = 0.0, maxLR = 0.0, divFactor = 25.0, finalDivFactor = 1e4, start = 0.3
  package var cycleMomentum = true, baseMomentum = 0.85, maxMomentum = 0.95
  /// oneCycle, averaging: linear instead of a cosine. cyclic: 0 triangular, 1 triangular2, 2 exp_range.
  package var isLinear = false, threePhase = false, mode = 0
  /// plateau
  package var isMax = false, isAbsolute = false, patience = 10, cooldown = 0, threshold = 1e-4, minLR = 0.0, eps = 1e-8
  package init() {}
}

struct SchedulerRecord {
  var generation: UInt32
  var isLive: Bool
  var kind: SchedulerKind
  var optimizer: OptimizerValue
  var optimizerGeneration: UInt32
  var o: SchedulerOptions
  var function: LRFunction?
  var user: UnsafeMutableRawPointer?
  var epoch = -1, count = 0, current = 0, period = 0
  var best = 0.0, bad = 0, cooling = 0
  /// The rate of each group a closed formula starts from.
  var base = Stack<Double>()
  var milestones = Stack<Int>()
  var children = Stack<UInt32>()
}

package struct SchedulerValue {
  package let engine: Engine
  let index: UInt32
  var record: UnsafeMutablePointer<SchedulerRecord> { engine.state.pointee.schedulers[index] }
  package var handle: Handle {
    Handle(.scheduler, context: engine.state.pointee.id, index: index, generation: record.pointee.generation)
  }
  var name: StaticString { record.pointee.kind.name }
  package var epoch: Int { record.pointee.epoch }
  package var optimizer: OptimizerValue { record.pointee.optimizer }
}

extension Handle {
  /// The live scheduler it names.
  package var asScheduler: SchedulerValue? {
    guard isKind == Kind.scheduler.rawValue, let e = engine, index > 0, index < e.state.pointee.schedulers.limit else { return nil }
    let r = e.state.pointee.schedulers[index]
    return r.pointee.isLive && r.pointee.generation == generation ? SchedulerValue(engine: e, index: index) : nil
  }
}

// MARK: The formulas

extension SchedulerValue {
  private func countOfMilestones(_ isWanted: (Int) -> Bool) -> Int {
    let m = record.pointee.milestones
    var n = 0, i = 0
    while i < m.count { if isWanted(m[i]) { n += 1 }; i += 1 }
    return n
  }

  /// The next rate from the last one, `lr`, and the first one, `base`, at epoch t. `isFirst`: the schedule is being set up.
  private func next(_ lr: Double, _ base: Double, isFirst: Bool) -> Double {
    let r = record, o = r.pointee.o, t = r.pointee.epoch, x = Double(t), n = Double(o.period)
    switch r.pointee.kind {
    case .lambda: return base * (r.pointee.function?(r.pointee.user, Int64(t)) ?? 1)
    case .multiplicative: return isFirst ? lr : lr * (r.pointee.function?(r.pointee.user, Int64(t)) ?? 1)
    case .step: return t == 0 || t % o.period != 0 ? lr : lr * o.gamma
    case .multiStep:
      let hits = countOfMilestones { $0 == t }
      return hits == 0 ? lr : lr * shim_pow(o.gamma, Double(hits))
    case .constant: return t == 0 ? lr * o.factor : t == o.period ? lr * (1 / o.factor) : lr
    case .linear:
      if t == 0 { return lr * o.factor }
      if isFirst || t > o.period { return lr }
      return lr * (1 + (o.endFactor - o.factor) / (n * o.factor + (x - 1) * (o.endFactor - o.factor)))
    case .exponential: return isFirst ? lr : lr * o.gamma
    case .polynomial:
      if isFirst || t > o.period { return lr }
      return lr * shim_pow((1 - x / n) / (1 - (x - 1) / n), o.power)
    case .cosineAnnealing:
      if isFirst { return lr }
      if r.pointee.count == 1, t > 0 { return cosine(base, x / n) }
      if (t - 1 - o.period) % (2 * o.period) == 0 { return lr + (base - o.etaMin) * (1 - shim_cos(.pi / n)) / 2 }
      return (1 + shim_cos(.pi * x / n)) / (1 + shim_cos(.pi * (x - 1) / n)) * (lr - o.etaMin) + o.etaMin
    case .warmRestarts: return cosine(base, Double(r.pointee.current) / Double(r.pointee.period))
    case .averaging: return averaging(lr)
    default: return lr
    }
  }

  /// η_min + (base − η_min)·(1 + cos πx)/2
  private func cosine(_ base: Double, _ x: Double) -> Double {
    let low = record.pointee.o.etaMin
    return low + (base - low) * (1 + shim_cos(.pi * x)) / 2
  }

  /// What a schedule says at epoch 0 when it takes over in a sequence: the closed form where there is one.
  private func takingOver(_ lr: Double, _ base: Double) -> Double {
    let o = record.pointee.o
    switch record.pointee.kind {
    case .multiStep: return base * shim_pow(o.gamma, Double(countOfMilestones { $0 <= 0 }))
    case .constant: return base * (o.factor + (o.period <= 0 ? 1 - o.factor : 0))
    case .linear: return base * o.factor
    case .step, .exponential, .polynomial: return base
    case .cosineAnnealing: return cosine(base, 0)
    default: return next(lr, base, isFirst: false)
    }
  }

  /// Rate and momentum of one cycle (Smith, Topin 2018): up, down, and with three phases below where it started.
  private func oneCycle() -> (rate: Double, momentum: Double) {
    let o = record.pointee.o, x = Double(record.pointee.epoch), n = Double(o.period)
    let first = o.maxLR / o.divFactor, last = first / o.finalDivFactor, up = o.start * n - 1, down = 2 * o.start * n - 2
    func between(_ a: Double, _ b: Double, _ part: Double) -> Double {
      o.isLinear ? (b - a) * part + a : b + (a - b) / 2 * (shim_cos(.pi * part) + 1)
    }
    if x <= up { return (between(first, o.maxLR, x / up), between(o.maxMomentum, o.baseMomentum, x / up)) }
    if o.threePhase {
      if x <= down {
        let part = (x - up) / (down - up)
        return (between(o.maxLR, first, part), between(o.baseMomentum, o.maxMomentum, part))
      }
      return (between(first, last, (x - down) / (n - 1 - down)), o.maxMomentum)
    }
    let part = (x - up) / (n - 1 - up)
    return (between(o.maxLR, last, part), between(o.baseMomentum, o.maxMomentum, part))
  }

  /// Rate and momentum between two bounds and back (Smith 2017).
  private func cyclic() -> (rate: Double, momentum: Double) {
    let o = record.pointee.o, up = Double(o.period), whole = up + Double(o.second), t = Double(record.pointee.epoch)
    let cycle = (1 + t / whole).rounded(.down), x = 1 + t / whole - cycle, ratio = up / whole
    let height = x <= ratio ? x / ratio : (x - 1) / (ratio - 1)
    let scale = o.mode == 0 ? 1 : o.mode == 1 ? 1 / shim_pow(2, cycle - 1) : shim_pow(o.gamma, t)
    return (o.baseLR + (o.maxLR - o.baseLR) * height * scale, o.maxMomentum - (o.maxMomentum - o.baseMomentum) * height * scale)
  }

  /// From whatever rate there was to that of weight averaging (`baseLR`).
  private func averaging(_ lr: Double) -> Double {
    let o = record.pointee.o
    var step = record.pointee.count - 1
    if o.period == 0, step < 1 { step = 1 }
    func alpha(_ step: Int) -> Double {
      let x = Double(step) / Double(o.period > 1 ? o.period : 1), t = x < 0 ? 0 : x > 1 ? 1 : x
      return o.isLinear ? t : (1 - shim_cos(.pi * t)) / 2
    }
    let before = alpha(step - 1), now = alpha(step)
    let first = before == 1 ? o.baseLR : (lr - before * o.baseLR) / (1 - before)
    return o.baseLR * now + first * (1 - now)
  }
}

// MARK: Steps

extension SchedulerValue {
  /// The live optimizer it drives.
  func driven() throws(Failure) -> OptimizerValue {
    let o = record.pointee.optimizer, r = o.record
    if !r.pointee.isLive || r.pointee.generation != record.pointee.optimizerGeneration {
      throw Failure(.handle, "\(name): its optimizer was destroyed")
    }
    try o.refuseWhileBusy()
    if !record.pointee.kind.isComposed, record.pointee.kind != .plateau, o.groupCount != record.pointee.base.count {
      throw .argument("\(name): the optimizer had \(record.pointee.base.count) groups when the schedule was made, now \(o.groupCount)")
    }
    return o
  }

  func child(_ i: Int) throws(Failure) -> SchedulerValue {
    let c = SchedulerValue(engine: engine, index: record.pointee.children[i])
    if !c.record.pointee.isLive { throw Failure(.handle, "\(name): scheduler \(i) of it was destroyed") }
    return c
  }

  /// Writes the rates for the epoch it has reached, after checking them.
  func apply(isFirst: Bool = false, takesOver: Bool = false) throws(Failure) {
    let optimizer = try driven(), r = record, kind = r.pointee.kind, o = r.pointee.o
    if kind == .oneCycle, r.pointee.epoch > o.period {
      throw .argument("\(name): step \(r.pointee.epoch) lies beyond total_steps \(o.period)")
    }
    let cycle = kind == .oneCycle ? oneCycle() : kind == .cyclic ? cyclic() : (0, 0), isCycle = kind == .oneCycle || kind == .cyclic
    try engine.withScratch(of: Double.self, count: optimizer.groupCount, for: name) { (rates) throws(Failure) in
      var g = 0
      while g < optimizer.groupCount {
        let lr = optimizer.record.pointee.groups[g].options[.lr], base = r.pointee.base[g]
        rates[g] = isCycle ? cycle.0 : takesOver ? takingOver(lr, base) : next(lr, base, isFirst: isFirst)
        try OptimizerOption.lr.check(rates[g], name)
        g += 1
      }
      let moment: OptimizerOption = optimizer.record.pointee.groups[0].options.has(.beta1) ? .beta1 : .momentum
      if isCycle, o.cycleMomentum { try moment.check(cycle.1, name) }
      g = 0
      while g < optimizer.groupCount {
        optimizer.set(.lr, rates[g], group: g)
        if isCycle, o.cycleMomentum { optimizer.set(moment, cycle.1, group: g) }
        g += 1
      }
    }
  }

  package func step() throws(Failure) { try step(isFirst: false) }

  func step(isFirst: Bool) throws(Failure) {
    let r = record, before = (r.pointee.epoch, r.pointee.count, r.pointee.current, r.pointee.period)
    _ = try driven()
    do throws(Failure) {
      switch r.pointee.kind {
      case .plateau: throw .argument("\(name): needs the measured value (bp_scheduler_step_metric)")
      case .chained:
        var i = 0
        while i < r.pointee.children.count { try child(i).step(); i += 1 }
      case .sequential:
        r.pointee.epoch += 1
        var i = 0
        while i < r.pointee.milestones.count, r.pointee.milestones[i] <= r.pointee.epoch { i += 1 }
        if i > 0, r.pointee.milestones[i - 1] == r.pointee.epoch { try child(i).takeOver() } else { try child(i).step() }
      default:
        r.pointee.count += 1
        r.pointee.epoch += 1
        if r.pointee.kind == .warmRestarts {
          r.pointee.current += 1
          if r.pointee.current >= r.pointee.period {
            r.pointee.current %= r.pointee.period
            let (next, over) = r.pointee.period.multipliedReportingOverflow(by: r.pointee.o.second)
            r.pointee.period = over ? .max : next
          }
        }
        try apply(isFirst: isFirst)
      }
    } catch {
      (r.pointee.epoch, r.pointee.count, r.pointee.current, r.pointee.period) = before
      throw error
    }
  }

  /// Epoch 0 of a schedule whose turn in a sequence has come.
  private func takeOver() throws(Failure) {
    let r = record
    var i = 0
    switch r.pointee.kind {
    case .chained: while i < r.pointee.children.count { try child(i).takeOver(); i += 1 }
    case .sequential:
      r.pointee.epoch = 0
      while i < r.pointee.milestones.count, r.pointee.milestones[i] <= 0 { i += 1 }
      try child(i).takeOver()
    default:
      r.pointee.epoch = 0
      try apply(takesOver: true)
    }
  }

  /// Takes back the step with which it was set up, for a sequence that runs it later.
  func undo() throws(Failure) {
    var i = 0
    if record.pointee.kind.isComposed { while i < record.pointee.children.count { try child(i).undo(); i += 1 } } else { record.pointee.epoch -= 1 }
  }

  /// Sets it up again as at its making.
  func begin() throws(Failure) {
    var i = 0
    switch record.pointee.kind {
    case .chained: while i < record.pointee.children.count { try child(i).begin(); i += 1 }
    case .sequential:
      record.pointee.epoch = 0
      while i < record.pointee.milestones.count, record.pointee.milestones[i] <= 0 { i += 1 }
      try child(i).begin()
    default:
      record.pointee.count = 0
      if record.pointee.kind == .warmRestarts { (record.pointee.current, record.pointee.period) = (-1, record.pointee.o.period) }
      try step(isFirst: true)
    }
  }

  /// Lowers the rates once the value has not improved for more than `patience` steps.
  package func step(metric: Double) throws(Failure) {
    let r = record, o = r.pointee.o
    if r.pointee.kind != .plateau { throw .argument("\(name): takes no measured value (bp_scheduler_step)") }
    let optimizer = try driven()
    let best = r.pointee.best
    let margin = o.isAbsolute ? o.isMax ? best + o.threshold : best - o.threshold : best * (o.isMax ? 1 + o.threshold : 1 - o.threshold)
    r.pointee.epoch += 1
    if o.isMax ? metric > margin : metric < margin {
      r.pointee.best = metric
      r.pointee.bad = 0
    } else {
      r.pointee.bad += 1
    }
    if r.pointee.cooling > 0 {
      r.pointee.cooling -= 1
      r.pointee.bad = 0
    }
    if r.pointee.bad <= o.patience { return }
    var g = 0
    while g < optimizer.groupCount {
      let lr = optimizer.record.pointee.groups[g].options[.lr], lower = lr * o.factor > o.minLR ? lr * o.factor : o.minLR
      if lr - lower > o.eps { optimizer.set(.lr, lower, group: g) }
      g += 1
    }
    r.pointee.cooling = o.cooldown
    r.pointee.bad = 0
  }
}
