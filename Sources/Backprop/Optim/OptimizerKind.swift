// What each optimizer is called, which options it has, what they may be, and what it keeps for each parameter.
import CShim
import KernelAPI

package enum OptimizerKind: UInt8, CaseIterable {
  case sgd, adam, adamW, nadam, radam, adamax, rmsprop, adagrad, adadelta, rprop, lion, adafactor, muon, lbfgs
}

/// An option of any optimizer; flags are 0 and 1.
package enum OptimizerOption: UInt8 {
  case lr, weightDecay, maximize, momentum, dampening, nesterov, beta1, beta2, eps, amsgrad, decoupledWeightDecay, momentumDecay
  case alpha, centered, lrDecay, initialAccumulatorValue, rho, etaMinus, etaPlus, stepSizeMin, stepSizeMax
  case beta2Decay, eps1, d, nsA, nsB, nsC, nsSteps, adjustLR
  case maxIter, maxEval, toleranceGrad, toleranceChange, historySize, strongWolfe
  static let count = 35
}

extension OptimizerKind {
  package var name: StaticString {
    switch self {
    case .sgd: "sgd"
    case .adam: "adam"
    case .adamW: "adamw"
    case .nadam: "nadam"
    case .radam: "radam"
    case .adamax: "adamax"
    case .rmsprop: "rmsprop"
    case .adagrad: "adagrad"
    case .adadelta: "adadelta"
    case .rprop: "rprop"
    case .lion: "lion"
    case .adafactor: "adafactor"
    case .muon: "muon"
    case .lbfgs: "lbfgs"
    }
  }

  /// Its options with their defaults.
  var defaults: OptimizerOptions {
    var o = OptimizerOptions()
    func adam(_ lr: Double, decay: Double = 0) { o.add(.lr, lr); o.add(.beta1, 0.9); o.add(.beta2, 0.999); o.add(.eps, 1e-8); o.add(.weightDecay, decay) }
    if self != .muon, self != .lbfgs { o.add(.maximize, 0) }
    switch self {
    case .sgd: o.add(.lr, 1e-3); o.add(.momentum, 0); o.add(.dampening, 0); o.add(.weightDecay, 0); o.add(.nesterov, 0)
    case .adam, .adamW: adam(1e-3, decay: self == .adamW ? 1e-2 : 0); o.add(.amsgrad, 0)
    case .nadam: adam(2e-3); o.add(.momentumDecay, 4e-3); o.add(.decoupledWeightDecay, 0)
    case .radam: adam(1e-3); o.add(.decoupledWeightDecay, 0)
    case .adamax: adam(2e-3)
    case .rmsprop: o.add(.lr, 1e-2); o.add(.alpha, 0.99); o.add(.eps, 1e-8); o.add(.weightDecay, 0); o.add(.momentum, 0); o.add(.centered, 0)
    case .adagrad: o.add(.lr, 1e-2); o.add(.lrDecay, 0); o.add(.weightDecay, 0); o.add(.initialAccumulatorValue, 0); o.add(.eps, 1e-10)
    case .adadelta: o.add(.lr, 1); o.add(.rho, 0.9); o.add(.eps, 1e-6); o.add(.weightDecay, 0)
    case .rprop: o.add(.lr, 1e-2); o.add(.etaMinus, 0.5); o.add(.etaPlus, 1.2); o.add(.stepSizeMin, 1e-6); o.add(.stepSizeMax, 50)
    case .lion: o.add(.lr, 1e-4); o.add(.beta1, 0.9); o.add(.beta2, 0.99); o.add(.weightDecay, 0)
    case .adafactor: o.add(.lr, 1e-2); o.add(.beta2Decay, -0.8); o.add(.eps1, -1); o.add(.eps, 1e-3); o.add(.d, 1); o.add(.weightDecay, 0)
    case .muon:
      o.add(.lr, 1e-3); o.add(.weightDecay, 0.1); o.add(.momentum, 0.95); o.add(.nesterov, 1)
      o.add(.nsA, 3.4445); o.add(.nsB, -4.775); o.add(.nsC, 2.0315); o.add(.eps, 1e-7); o.add(.nsSteps, 5); o.add(.adjustLR, 0)
    case .lbfgs:
      o.add(.lr, 1); o.add(.maxIter, 20); o.add(.maxEval, -1); o.add(.toleranceGrad, 1e-7); o.add(.toleranceChange, 1e-9)
      o.add(.historySize, 100); o.add(.strongWolfe, 0)
    }
    return o
  }

  /// State number k of a parameter: its name, or nil beyond the last. A step makes those its options ask for.
  func stateName(_ k: Int, isMatrix: Bool) -> StaticString? {
    switch (self, k) {
    case (.sgd, 0), (.muon, 0), (.rmsprop, 1): "momentum_buffer"
    case (.adam, 0), (.adamW, 0), (.nadam, 0), (.radam, 0), (.adamax, 0), (.lion, 0): "exp_avg"
    case (.adam, 1), (.adamW, 1), (.nadam, 1), (.radam, 1): "exp_avg_sq"
    case (.adam, 2), (.adamW, 2): "max_exp_avg_sq"
    case (.adamax, 1): "exp_inf"
    case (.rmsprop, 0), (.adadelta, 0): "square_avg"
    case (.rmsprop, 2): "grad_avg"
    case (.adagrad, 0): "sum"
    case (.adadelta, 1): "acc_delta"
    case (.rprop, 0): "prev"
    case (.rprop, 1): "step_size"
    case (.adafactor, 0): isMatrix ? "row_var" : "variance"
    case (.adafactor, 1): isMatrix ? "col_var" : nil
    default: nil
    }
  }
  static var states: Int { 3 }

  /// Whether state k takes part under these options, and with what it begins.
  func needs(_ k: Int, _ o: OptimizerOptions) -> Bool {
    switch (self, k) {
    case (.sgd, 0), (.rmsprop, 1): o[.momentum] != 0
    case (.adam, 2), (.adamW, 2): o[.amsgrad] != 0
    case (.rmsprop, 2): o[.centered] != 0
    default: true
    }
  }
  func firstValue(_ k: Int, _ o: OptimizerOptions) -> Double {
    switch (self, k) {
    case (.adagrad, 0): o[.initialAccumulatorValue]
    case (.rprop, 1): o[.lr]
    default: 0
    }
  }
  /// PyTorch counts no steps where the formula asks for none.
  var countsSteps: Bool { self != .sgd && self != .muon && self != .lbfgs }
}

// MARK: Options

/// The options of one group of parameters.
package struct OptimizerOptions {
  private var values = InlineArray<35, Double>(repeating: 0)
  private var present: UInt64 = 0

  mutating func add(_ option: OptimizerOption, _ value: Double) {
    values[Int(option.rawValue)] = value
    present |= 1 << UInt64(option.rawValue)
  }
  func has(_ option: OptimizerOption) -> Bool { present & 1 << UInt64(option.rawValue) != 0 }
  package subscript(_ option: OptimizerOption) -> Double {
    get { values[Int(option.rawValue)] }
    set { values[Int(option.rawValue)] = newValue }
  }
}

extension OptimizerOption {
  package var name: StaticString {
    switch self {
    case .lr: "lr"
    case .weightDecay: "weight_decay"
    case .maximize: "maximize"
    case .momentum: "momentum"
    case .dampening: "dampening"
    case .nesterov: "nesterov"
    case .beta1: "beta1"
    case .beta2: "beta2"
    case .eps: "eps"
    case .amsgrad: "amsgrad"
    case .decoupledWeightDecay: "decoupled_weight_decay"
    case .momentumDecay: "momentum_decay"
    case .alpha: "alpha"
    case .centered: "centered"
    case .lrDecay: "lr_decay"
    case .initialAccumulatorValue: "initial_accumulator_value"
    case .rho: "rho"
    case .etaMinus: "etaminus"
    case .etaPlus: "etaplus"
    case .stepSizeMin: "step_size_min"
    case .stepSizeMax: "step_size_max"
    case .beta2Decay: "beta2_decay"
    case .eps1: "eps1"
    case .d: "d"
    case .nsA: "ns_a"
    case .nsB: "ns_b"
    case .nsC: "ns_c"
    case .nsSteps: "ns_steps"
    case .adjustLR: "adjust_lr"
    case .maxIter: "max_iter"
    case .maxEval: "max_eval"
    case .toleranceGrad: "tolerance_grad"
    case .toleranceChange: "tolerance_change"
    case .historySize: "history_size"
    case .strongWolfe: "strong_wolfe"
    }
  }

  /// What a number must satisfy, as words for the error; nil if it does.
  private func complaint(_ x: Double) -> StaticString? {
    let isWhole = x == x.rounded(.towardZero) && x.magnitude < 1e9
    switch self {
    case .maximize, .nesterov, .amsgrad, .decoupledWeightDecay, .centered, .adjustLR, .strongWolfe: return x == 0 || x == 1 ? nil : "be 0 or 1"
    case .beta1, .beta2: return x >= 0 && x < 1 ? nil : "lie in 0…1 (exclusive)"
    case .rho: return x >= 0 && x <= 1 ? nil : "lie in 0…1"
    case .etaMinus: return x > 0 && x < 1 ? nil : "lie between 0 and 1"
    case .etaPlus: return x > 1 && x < .infinity ? nil : "be a number > 1"
    case .beta2Decay: return x <= 0 && x > -.infinity ? nil : "be a number ≤ 0"
    case .d: return x >= 1 && x < .infinity ? nil : "be a number ≥ 1"
    case .dampening, .nsA, .nsB, .nsC, .eps1: return x - x == 0 ? nil : "be a number"
    case .nsSteps: return isWhole && x >= 0 && x < 100 ? nil : "be a whole number from 0 to 99"
    case .maxIter: return isWhole && x >= 0 ? nil : "be a whole number ≥ 0"
    case .maxEval: return isWhole && x >= -1 ? nil : "be a whole number ≥ 0, or −1"
    case .historySize: return isWhole && x >= 1 ? nil : "be a whole number ≥ 1"
    default: return x >= 0 && x < .infinity ? nil : "be a number ≥ 0"
    }
  }

  func check(_ x: Double, _ name: StaticString) throws(Failure) {
    if let words = complaint(x) { throw .argument("\(name): \(self.name) must \(words), it is \(x)") }
  }
}

extension OptimizerKind {
  /// The option of that name.
  func option(_ name: UnsafePointer<CChar>, _ o: OptimizerOptions) throws(Failure) -> OptimizerOption {
    var raw: UInt8 = 0
    while let option = OptimizerOption(rawValue: raw) {
      if o.has(option), isName(name, option.name) { return option }
      raw += 1
    }
    throw .argument("\(self.name): there is no option '\(cString: name)'")
  }

  /// Refuses numbers no training can want.
  func check(_ o: OptimizerOptions) throws(Failure) {
    var raw: UInt8 = 0
    while let option = OptimizerOption(rawValue: raw) {
      if o.has(option) { try option.check(o[option], name) }
      raw += 1
    }
    if self == .sgd, o[.nesterov] != 0, o[.momentum] <= 0 || o[.dampening] != 0 {
      throw .argument("sgd: nesterov needs a momentum > 0 and no dampening, they are \(o[.momentum]) and \(o[.dampening])")
    }
    if self == .rprop, o[.stepSizeMin] > o[.stepSizeMax] {
      throw .argument("rprop: step_size_min \(o[.stepSizeMin]) exceeds step_size_max \(o[.stepSizeMax])")
    }
  }
}
