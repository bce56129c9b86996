// Optimizers as classes: parameters go in once, `step` moves them by their gradients.

/// What all optimizers share. Parameters are leaves that require a gradient; those without one stay as they are.
public class Optimizer {
  public private(set) var parameters: [Tensor]
  let context: Context
  let record: OptimizerValue

  fileprivate init(_ kind: OptimizerKind, _ parameters: [Tensor], _ options: KeyValuePairs<OptimizerOption, Double>) throws(BackpropError) {
    guard let first = parameters.first else { throw BackpropError(.argument, "optimizer: no parameters given") }
    self.parameters = parameters
    context = first.context
    record = try lift { () throws(Failure) in
      let r = try first.context.engine.makeOptimizer(kind) { o in for (option, value) in options { o[option] = value } }
      do throws(Failure) { for p in parameters { try r.add(p.value) } } catch {
        r.destroy()
        throw error
      }
      return r
    }
  }

  deinit { record.destroy() }

  /// Moves every parameter that has a gradient.
  public func step() throws(BackpropError) { try lift { () throws(Failure) in try record.step() } }

  /// Calls `closure`, which empties the gradients, computes the loss, walks back and returns the loss; then steps. `LBFGS` calls it as
  /// often as it needs. Returns the loss before the step.
  @discardableResult public func step(_ closure: () throws(BackpropError) -> Double) throws(BackpropError) -> Double {
    var thrown: BackpropError?
    do throws(Failure) {
      return try record.step { (loss) throws(Failure) in
        do throws(BackpropError) { loss = try closure() } catch {
          thrown = error
          throw Failure(.callback, "the closure gave up")
        }
      }
    } catch { throw thrown ?? BackpropError(error) }
  }

  /// Forgets the parameters' gradients.
  public func zeroGrad() { record.zeroGrad() }
  public var learningRate: Double { record.lr }
  /// Of every group.
  public func setLearningRate(_ rate: Double) throws(BackpropError) { try lift { () throws(Failure) in try record.setLR(rate) } }

  /// More parameters, as a group with options of its own, which begin as those of the first; its number.
  @discardableResult public func addGroup(_ parameters: [Tensor]) throws(BackpropError) -> Int {
    let group = try lift { () throws(Failure) in
      let group = try record.addGroup()
      for p in parameters { try record.add(p.value) }
      return group
    }
    self.parameters += parameters
    return group
  }

  /// An option under PyTorch's name ("lr", "weight_decay", "beta1", …); counts from the next step. Group nil: every group.
  public func setOption(_ name: String, to value: Double, group: Int? = nil) throws(BackpropError) {
    try lift { () throws(Failure) in
      try name.withCString { name in Result { () throws(Failure) in try record.setOptions(group ?? -1, 1, { _ in name }, { _ in value }) } }.get()
    }
  }
  public func option(_ name: String, group: Int = 0) throws(BackpropError) -> Double {
    try lift { () throws(Failure) in try name.withCString { name in Result { () throws(Failure) in try record.option(group, name) } }.get() }
  }

  /// State and options to a file, and back into an optimizer of the same kind with the same parameters: training goes on bit for bit.
  public func save(to path: String) throws(BackpropError) {
    try lift { () throws(Failure) in try path.withCString { path in Result { () throws(Failure) in try record.save(path) } }.get() }
  }
  public func load(from path: String) throws(BackpropError) {
    try lift { () throws(Failure) in try path.withCString { path in Result { () throws(Failure) in try record.load(path) } }.get() }
  }

  /// What is kept of parameter i under PyTorch's name ("exp_avg", …); nil before the first step.
  public func state(_ name: String, ofParameter i: Int) throws(BackpropError) -> Tensor? {
    try lift { () throws(Failure) in
      try name.withCString { name in Result { () throws(Failure) in try record.state(i, name) } }.get().map { Tensor($0, in: context) }
    }
  }
}

/// g ← g + weightDecay·p; v ← momentum·v + (1 − dampening)·g, v = g at first; p ← p − learningRate·v, or with nesterov
/// p − learningRate·(g + momentum·v) (PyTorch: `optim.SGD`).
public final class SGD: Optimizer {
  public init(
    parameters: [Tensor], learningRate: Double = 1e-3, momentum: Double = 0, dampening: Double = 0, weightDecay: Double = 0,
    nesterov: Bool = false, maximize: Bool = false
  ) throws(BackpropError) {
    try super.init(.sgd, parameters, [
      .lr: learningRate, .momentum: momentum, .dampening: dampening, .weightDecay: weightDecay, .nesterov: nesterov ? 1 : 0,
      .maximize: maximize ? 1 : 0,
    ])
  }
}

/// p ← p − learningRate·m̂/(√v̂ + ε) with bias-corrected moments m̂ of g and v̂ of g² (Kingma, Ba 2015), with amsgrad the largest v so
/// far; weightDecay·p is added to g (PyTorch: `optim.Adam`).
public final class Adam: Optimizer {
  public init(
    parameters: [Tensor], learningRate: Double = 1e-3, betas: (Double, Double) = (0.9, 0.999), epsilon: Double = 1e-8,
    weightDecay: Double = 0, amsgrad: Bool = false, maximize: Bool = false
  ) throws(BackpropError) {
    try super.init(.adam, parameters, [
      .lr: learningRate, .beta1: betas.0, .beta2: betas.1, .eps: epsilon, .weightDecay: weightDecay, .amsgrad: amsgrad ? 1 : 0,
      .maximize: maximize ? 1 : 0,
    ])
  }
}

/// As `Adam`, but the decay acts on the parameter itself: p ← p − learningRate·weightDecay·p (Loshchilov, Hutter 2019;
/// PyTorch: `optim.AdamW`).
public final class AdamW: Optimizer {
  public init(
    parameters: [Tensor], learningRate: Double = 1e-3, betas: (Double, Double) = (0.9, 0.999), epsilon: Double = 1e-8,
    weightDecay: Double = 1e-2, amsgrad: Bool = false, maximize: Bool = false
  ) throws(BackpropError) {
    try super.init(.adamW, parameters, [
      .lr: learningRate, .beta1: betas.0, .beta2: betas.1, .eps: epsilon, .weightDecay: weightDecay, .amsgrad: amsgrad ? 1 : 0,
      .maximize: maximize ? 1 : 0,
    ])
  }
}

/// Adam with Nesterov's look ahead (Dozat 2016; PyTorch: `optim.NAdam`).
public final class NAdam: Optimizer {
  public init(
    parameters: [Tensor], learningRate: Double = 2e-3, betas: (Double, Double) = (0.9, 0.999), epsilon: Double = 1e-8,
    weightDecay: Double = 0, momentumDecay: Double = 4e-3, decoupledWeightDecay: Bool = false, maximize: Bool = false
  ) throws(BackpropError) {
    try super.init(.nadam, parameters, [
      .lr: learningRate, .beta1: betas.0, .beta2: betas.1, .eps: epsilon, .weightDecay: weightDecay, .momentumDecay: momentumDecay,
      .decoupledWeightDecay: decoupledWeightDecay ? 1 : 0, .maximize: maximize ? 1 : 0,
    ])
  }
}

/// Adam that starts as momentum and divides by √v̂ once that can be trusted (Liu and others 2020; PyTorch: `optim.RAdam`).
public final class RAdam: Optimizer {
  public init(
    parameters: [Tensor], learningRate: Double = 1e-3, betas: (Double, Double) = (0.9, 0.999), epsilon: Double = 1e-8,
    weightDecay: Double = 0, decoupledWeightDecay: Bool = false, maximize: Bool = false
  ) throws(BackpropError) {
    try super.init(.radam, parameters, [
      .lr: learningRate, .beta1: betas.0, .beta2: betas.1, .eps: epsilon, .weightDecay: weightDecay,
      .decoupledWeightDecay: decoupledWeightDecay ? 1 : 0, .maximize: maximize ? 1 : 0,
    ])
  }
}

/// Adam that divides by a decaying maximum of |g| (PyTorch: `optim.Adamax`).
public final class Adamax: Optimizer {
  public init(
    parameters: [Tensor], learningRate: Double = 2e-3, betas: (Double, Double) = (0.9, 0.999), epsilon: Double = 1e-8,
    weightDecay: Double = 0, maximize: Bool = false
  ) throws(BackpropError) {
    try super.init(.adamax, parameters, [
      .lr: learningRate, .beta1: betas.0, .beta2: betas.1, .eps: epsilon, .weightDecay: weightDecay, .maximize: maximize ? 1 : 0,
    ])
  }
}

/// p ← p − learningRate·g/(√mean g² + ε), centered: less the square of the mean (PyTorch: `optim.RMSprop`).
public final class RMSprop: Optimizer {
  public init(
    parameters: [Tensor], learningRate: Double = 1e-2, alpha: Double = 0.99, epsilon: Double = 1e-8, weightDecay: Double = 0,
    momentum: Double = 0, centered: Bool = false, maximize: Bool = false
  ) throws(BackpropError) {
    try super.init(.rmsprop, parameters, [
      .lr: learningRate, .alpha: alpha, .eps: epsilon, .weightDecay: weightDecay, .momentum: momentum, .centered: centered ? 1 : 0,
      .maximize: maximize ? 1 : 0,
    ])
  }
}

/// p ← p − learningRate·g/(√Σ g² + ε) (Duchi, Hazan, Singer 2011; PyTorch: `optim.Adagrad`).
public final class Adagrad: Optimizer {
  public init(
    parameters: [Tensor], learningRate: Double = 1e-2, learningRateDecay: Double = 0, weightDecay: Double = 0,
    initialAccumulatorValue: Double = 0, epsilon: Double = 1e-10, maximize: Bool = false
  ) throws(BackpropError) {
    try super.init(.adagrad, parameters, [
      .lr: learningRate, .lrDecay: learningRateDecay, .weightDecay: weightDecay, .initialAccumulatorValue: initialAccumulatorValue,
      .eps: epsilon, .maximize: maximize ? 1 : 0,
    ])
  }
}

/// Steps as long as recent steps were, measured against recent gradients (Zeiler 2012; PyTorch: `optim.Adadelta`).
public final class Adadelta: Optimizer {
  public init(
    parameters: [Tensor], learningRate: Double = 1, rho: Double = 0.9, epsilon: Double = 1e-6, weightDecay: Double = 0, maximize: Bool = false
  ) throws(BackpropError) {
    try super.init(.adadelta, parameters, [.lr: learningRate, .rho: rho, .eps: epsilon, .weightDecay: weightDecay, .maximize: maximize ? 1 : 0])
  }
}

/// Each element's own step, longer while its gradient keeps its sign and shorter when it turns (Riedmiller, Braun 1993;
/// PyTorch: `optim.Rprop`).
public final class Rprop: Optimizer {
  public init(
    parameters: [Tensor], learningRate: Double = 1e-2, etas: (Double, Double) = (0.5, 1.2), stepSizes: (Double, Double) = (1e-6, 50),
    maximize: Bool = false
  ) throws(BackpropError) {
    try super.init(.rprop, parameters, [
      .lr: learningRate, .etaMinus: etas.0, .etaPlus: etas.1, .stepSizeMin: stepSizes.0, .stepSizeMax: stepSizes.1,
      .maximize: maximize ? 1 : 0,
    ])
  }
}

/// p ← p − learningRate·sign(β₁·m + (1 − β₁)·g), m ← β₂·m + (1 − β₂)·g (Chen and others 2023).
public final class Lion: Optimizer {
  public init(
    parameters: [Tensor], learningRate: Double = 1e-4, betas: (Double, Double) = (0.9, 0.99), weightDecay: Double = 0, maximize: Bool = false
  ) throws(BackpropError) {
    try super.init(.lion, parameters, [
      .lr: learningRate, .beta1: betas.0, .beta2: betas.1, .weightDecay: weightDecay, .maximize: maximize ? 1 : 0,
    ])
  }
}

/// Keeps a row and a column of mean squares for each matrix (Shazeer, Stern 2018; PyTorch: `optim.Adafactor`). `epsilons`: PyTorch's
/// eps, nil for that of the type.
public final class Adafactor: Optimizer {
  public init(
    parameters: [Tensor], learningRate: Double = 1e-2, beta2Decay: Double = -0.8, epsilons: (Double?, Double) = (nil, 1e-3), d: Double = 1,
    weightDecay: Double = 0, maximize: Bool = false
  ) throws(BackpropError) {
    try super.init(.adafactor, parameters, [
      .lr: learningRate, .beta2Decay: beta2Decay, .eps1: epsilons.0 ?? -1, .eps: epsilons.1, .d: d, .weightDecay: weightDecay,
      .maximize: maximize ? 1 : 0,
    ])
  }
}

/// Momentum made orthogonal, for matrices (Jordan and others 2024; PyTorch: `optim.Muon`). `matchesAdamW`: steps as large as AdamW's.
public final class Muon: Optimizer {
  public init(
    parameters: [Tensor], learningRate: Double = 1e-3, weightDecay: Double = 0.1, momentum: Double = 0.95, nesterov: Bool = true,
    coefficients: (Double, Double, Double) = (3.4445, -4.775, 2.0315), epsilon: Double = 1e-7, steps: Int = 5, matchesAdamW: Bool = false
  ) throws(BackpropError) {
    try super.init(.muon, parameters, [
      .lr: learningRate, .weightDecay: weightDecay, .momentum: momentum, .nesterov: nesterov ? 1 : 0, .nsA: coefficients.0,
      .nsB: coefficients.1, .nsC: coefficients.2, .eps: epsilon, .nsSteps: Double(steps), .adjustLR: matchesAdamW ? 1 : 0,
    ])
  }
}

/// A direction from the last changes of gradients and parameters; `step(_:)` with a closure (PyTorch: `optim.LBFGS`).
public final class LBFGS: Optimizer {
  public init(
    parameters: [Tensor], learningRate: Double = 1, maxIterations: Int = 20, maxEvaluations: Int? = nil, gradientTolerance: Double = 1e-7,
    changeTolerance: Double = 1e-9, historySize: Int = 100, strongWolfe: Bool = false
  ) throws(BackpropError) {
    try super.init(.lbfgs, parameters, [
      .lr: learningRate, .maxIter: Double(maxIterations), .maxEval: maxEvaluations.map { Double($0) } ?? -1, .toleranceGrad: gradientTolerance,
      .toleranceChange: changeTolerance, .historySize: Double(historySize), .strongWolfe: strongWolfe ? 1 : 0,
    ])
  }
}

/// Between `backward()` and `step()`: scales the gradients of `parameters`, taken as one vector, so that their norm is at most
/// `most`, and returns what it was. `order` 2 is the Euclidean norm, `.infinity` the largest magnitude (PyTorch: `clip_grad_norm_`).
@discardableResult
public func clipGradientNorm(_ parameters: [Tensor], to most: Double, order: Double = 2) throws(BackpropError) -> Double {
  var norm = 0.0
  try withValues(parameters) { (engine, values) throws(Failure) in norm = try engine.clipGradientNorm(values, to: most, p: order) }
  return norm
}

/// Brings every element of their gradients into −most … most (PyTorch: `clip_grad_value_`).
public func clipGradientValues(_ parameters: [Tensor], to most: Double) throws(BackpropError) {
  try withValues(parameters) { (engine, values) throws(Failure) in try engine.clipGradientValue(values, to: most) }
}

/// averages[i] ← decay·averages[i] + (1 − decay)·parameters[i], in place and not recorded: the moving average of a training run
/// (PyTorch: `optim.swa_utils.get_ema_multi_avg_fn`).
public func updateAverages(_ averages: [Tensor], from parameters: [Tensor], decay: Double = 0.999) throws(BackpropError) {
  if averages.count != parameters.count {
    throw BackpropError(.argument, "ema_update: \(averages.count) averages for \(parameters.count) parameters")
  }
  try withValues(averages) { (engine, values) throws(Failure) in
    var sources = parameters.map { $0.value }
    try sources.withUnsafeMutableBufferPointer { buffer in
      Result { () throws(Failure) in try engine.average(values, UnsafeBufferPointer(buffer), decay: decay) }
    }.get()
  }
}

private func withValues(_ tensors: [Tensor], _ body: (Engine, UnsafeBufferPointer<Value>) throws(Failure) -> Void) throws(BackpropError) {
  guard let engine = tensors.first?.context.engine else { return }
  try lift { () throws(Failure) in
    var values = tensors.map { $0.value }
    var result: Failure?
    values.withUnsafeMutableBufferPointer { buffer in
      do throws(Failure) { try body(engine, UnsafeBufferPointer(buffer)) } catch { result = error }
    }
    if let result { throw result }
  }
}
