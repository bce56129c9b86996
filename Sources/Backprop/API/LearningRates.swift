// Learning rates that change as training goes on.

/// Where a rate goes; the names in brackets are those of PyTorch's `optim.lr_scheduler`.
public enum LearningRateSchedule {
  /// First rate times f(epoch) (`LambdaLR`).
  case lambda((Int) -> Double)
  /// Last rate times f(epoch) (`MultiplicativeLR`).
  case multiplicative((Int) -> Double)
  /// Times gamma every `size` steps (`StepLR`).
  case step(size: Int, gamma: Double = 0.1)
  /// Times gamma at each milestone (`MultiStepLR`).
  case multiStep(milestones: [Int], gamma: Double = 0.1)
  /// Times factor for the first steps (`ConstantLR`).
  case constant(factor: Double = 1.0 / 3, steps: Int = 5)
  /// From one factor to another within some steps (`LinearLR`).
  case linear(from: Double = 1.0 / 3, to: Double = 1, steps: Int = 5)
  /// Times gamma at every step (`ExponentialLR`).
  case exponential(gamma: Double)
  /// Down to 0 as (1 − epoch/steps)^power (`PolynomialLR`).
  case polynomial(steps: Int = 5, power: Double = 1)
  /// Half a cosine down to `least` (`CosineAnnealingLR`).
  case cosineAnnealing(steps: Int, least: Double = 0)
  /// The same again and again, each `times` as long as the one before (`CosineAnnealingWarmRestarts`).
  case cosineAnnealingWarmRestarts(first: Int, times: Int = 1, least: Double = 0)
  /// Up and far down once (`OneCycleLR`). `momentum`: moves against the rate between these, nil: stays.
  case oneCycle(
    most: Double, steps: Int, start: Double = 0.3, isLinear: Bool = false, momentum: ClosedRange<Double>? = 0.85...0.95,
    divisor: Double = 25, finalDivisor: Double = 1e4, threePhase: Bool = false)
  /// Up and down between two rates (`CyclicLR`); mode 0 triangular, 1 triangular2, 2 exp_range.
  case cyclic(
    ClosedRange<Double>, up: Int = 2000, down: Int? = nil, mode: Int = 0, gamma: Double = 1, momentum: ClosedRange<Double>? = 0.8...0.9)
  /// To the rate of weight averaging (`swa_utils.SWALR`).
  case averaging(rate: Double, steps: Int = 10, isLinear: Bool = false)
  /// Times factor when a measured value stops improving (`ReduceLROnPlateau`); see `step(metric:)`.
  case reduceOnPlateau(
    growing: Bool = false, factor: Double = 0.1, patience: Int = 10, threshold: Double = 1e-4, isAbsolute: Bool = false, cooldown: Int = 0,
    least: Double = 0, epsilon: Double = 1e-8)
}

/// A schedule at work on an optimizer: every group starts from its own rate, and the rate of epoch 0 is written at once.
public final class LearningRateScheduler {
  public let optimizer: Optimizer
  private let record: SchedulerValue
  private let parts: [LearningRateScheduler]
  private let function: Function?

  /// A closure behind a C function pointer.
  private final class Function {
    let body: (Int) -> Double
    init(_ body: @escaping (Int) -> Double) { self.body = body }
    static let call: LRFunction = { user, epoch in
      user.map { Unmanaged<Function>.fromOpaque($0).takeUnretainedValue().body(Int(epoch)) } ?? .nan
    }
  }

  public init(_ optimizer: Optimizer, _ schedule: LearningRateSchedule) throws(BackpropError) {
    var o = SchedulerOptions(), kind = SchedulerKind.step, milestones: [Int64] = [], function: Function?
    switch schedule {
    case .lambda(let f): (kind, function) = (.lambda, Function(f))
    case .multiplicative(let f): (kind, function) = (.multiplicative, Function(f))
    case .step(let size, let gamma): (kind, o.period, o.gamma) = (.step, size, gamma)
    case .multiStep(let list, let gamma): (kind, milestones, o.gamma) = (.multiStep, list.map { Int64($0) }, gamma)
    case .constant(let factor, let steps): (kind, o.factor, o.period) = (.constant, factor, steps)
    case .linear(let from, let to, let steps): (kind, o.factor, o.endFactor, o.period) = (.linear, from, to, steps)
    case .exponential(let gamma): (kind, o.gamma) = (.exponential, gamma)
    case .polynomial(let steps, let power): (kind, o.period, o.power) = (.polynomial, steps, power)
    case .cosineAnnealing(let steps, let least): (kind, o.period, o.etaMin) = (.cosineAnnealing, steps, least)
    case .cosineAnnealingWarmRestarts(let first, let times, let least): (kind, o.period, o.second, o.etaMin) = (.warmRestarts, first, times, least)
    case .oneCycle(let most, let steps, let start, let isLinear, let momentum, let divisor, let finalDivisor, let threePhase):
      (kind, o.maxLR, o.period, o.start, o.isLinear) = (.oneCycle, most, steps, start, isLinear)
      (o.cycleMomentum, o.baseMomentum, o.maxMomentum) = (momentum != nil, momentum?.lowerBound ?? 0, momentum?.upperBound ?? 0)
      (o.divFactor, o.finalDivFactor, o.threePhase) = (divisor, finalDivisor, threePhase)
    case .cyclic(let rates, let up, let down, let mode, let gamma, let momentum):
      (kind, o.baseLR, o.maxLR, o.period, o.second) = (.cyclic, rates.lowerBound, rates.upperBound, up, down ?? up)
      (o.mode, o.gamma) = (mode, gamma)
      (o.cycleMomentum, o.baseMomentum, o.maxMomentum) = (momentum != nil, momentum?.lowerBound ?? 0, momentum?.upperBound ?? 0)
    case .averaging(let rate, let steps, let isLinear): (kind, o.baseLR, o.period, o.isLinear) = (.averaging, rate, steps, isLinear)
    case .reduceOnPlateau(let growing, let factor, let patience, let threshold, let isAbsolute, let cooldown, let least, let epsilon):
      (kind, o.isMax, o.factor, o.patience) = (.plateau, growing, factor, patience)
      (o.threshold, o.isAbsolute, o.cooldown, o.minLR, o.eps) = (threshold, isAbsolute, cooldown, least, epsilon)
    }
    self.optimizer = optimizer
    self.function = function
    parts = []
    record = try lift { () throws(Failure) in
      try milestones.withUnsafeBufferPointer { milestones in
        Result { () throws(Failure) in
          try optimizer.context.engine.makeScheduler(
            kind, optimizer.record, o, function: function == nil ? nil : Function.call, user: function.map { Unmanaged.passUnretained($0).toOpaque() },
            milestones: milestones)
        }
      }.get()
    }
  }

  private init(_ kind: SchedulerKind, _ parts: [LearningRateScheduler], _ milestones: [Int]) throws(BackpropError) {
    guard let first = parts.first else { throw BackpropError(.argument, "schedules: there must be at least one") }
    optimizer = first.optimizer
    self.parts = parts
    function = nil
    record = try lift { () throws(Failure) in
      try parts.map { $0.record }.withUnsafeBufferPointer { parts in
        milestones.map { Int64($0) }.withUnsafeBufferPointer { milestones in
          Result { () throws(Failure) in try first.optimizer.context.engine.makeScheduler(kind, parts, milestones: milestones) }
        }
      }.get()
    }
  }

  /// One after another, number i + 1 from step milestones[i] on (PyTorch: `SequentialLR`).
  public static func sequence(_ parts: [LearningRateScheduler], milestones: [Int]) throws(BackpropError) -> LearningRateScheduler {
    if milestones.count + 1 != parts.count {
      throw BackpropError(.argument, "sequential_lr: \(parts.count) schedules need \(parts.count - 1) milestones, not \(milestones.count)")
    }
    return try LearningRateScheduler(.sequential, parts, milestones)
  }
  /// All at every step (PyTorch: `ChainedScheduler`).
  public static func chain(_ parts: [LearningRateScheduler]) throws(BackpropError) -> LearningRateScheduler {
    try LearningRateScheduler(.chained, parts, [])
  }

  deinit { record.destroy() }

  public func step() throws(BackpropError) { try lift { () throws(Failure) in try record.step() } }
  /// For `.reduceOnPlateau`: takes the value that should improve.
  public func step(metric: Double) throws(BackpropError) { try lift { () throws(Failure) in try record.step(metric: metric) } }
  /// Steps so far.
  public var epoch: Int { record.epoch }

  /// How far it has come, to be saved and given to a schedule made in the same way.
  public func state() throws(BackpropError) -> Tensor { Tensor(try lift { () throws(Failure) in try record.state() }, in: optimizer.context) }
  public func setState(_ state: Tensor) throws(BackpropError) { try lift { () throws(Failure) in try record.setState(state.value) } }
}
