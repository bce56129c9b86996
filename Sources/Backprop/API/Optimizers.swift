// Optimizers as classes: parameters go in once, `step` moves them by their gradients.

/// What all optimizers share. Parameters are leaves that require a gradient; those without one stay as they are.
public class Optimizer {
  public let parameters: [Tensor]
  private let context: Context
  private let record: OptimizerValue

  fileprivate init(_ kind: OptimizerKind, _ parameters: [Tensor], _ options: OptimizerOptions) throws(BackpropError) {
    guard let first = parameters.first else { throw BackpropError(.argument, "optimizer: no parameters given") }
    self.parameters = parameters
    context = first.context
    record = try lift { () throws(Failure) in
      let r = try first.context.engine.makeOptimizer(kind, options)
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
  /// Forgets the parameters' gradients.
  public func zeroGrad() { record.zeroGrad() }
  public var learningRate: Double { record.lr }
  public func setLearningRate(_ rate: Double) throws(BackpropError) { try lift { () throws(Failure) in try record.setLR(rate) } }
}

/// g ← g + weightDecay·p; v ← momentum·v + (1 − dampening)·g, v = g at first; p ← p − learningRate·v, or with nesterov
/// p − learningRate·(g + momentum·v) (PyTorch: `optim.SGD`).
public final class SGD: Optimizer {
  public init(
    parameters: [Tensor], learningRate: Double = 1e-3, momentum: Double = 0, dampening: Double = 0, weightDecay: Double = 0,
    nesterov: Bool = false, maximize: Bool = false
  ) throws(BackpropError) {
    var o = OptimizerOptions()
    o.lr = learningRate
    o.momentum = momentum
    o.dampening = dampening
    o.weightDecay = weightDecay
    o.nesterov = nesterov
    o.maximize = maximize
    try super.init(.sgd, parameters, o)
  }
}

private func adamOptions(
  _ learningRate: Double, _ betas: (Double, Double), _ epsilon: Double, _ weightDecay: Double, _ maximize: Bool
) -> OptimizerOptions {
  var o = OptimizerOptions()
  o.lr = learningRate
  (o.beta1, o.beta2) = betas
  o.eps = epsilon
  o.weightDecay = weightDecay
  o.maximize = maximize
  return o
}

/// p ← p − learningRate·m̂/(√v̂ + ε) with bias-corrected moments m̂ of g and v̂ of g² (Kingma, Ba 2015); weightDecay·p is added to g
/// (PyTorch: `optim.Adam`).
public final class Adam: Optimizer {
  public init(
    parameters: [Tensor], learningRate: Double = 1e-3, betas: (Double, Double) = (0.9, 0.999), epsilon: Double = 1e-8,
    weightDecay: Double = 0, maximize: Bool = false
  ) throws(BackpropError) {
    try super.init(.adam, parameters, adamOptions(learningRate, betas, epsilon, weightDecay, maximize))
  }
}

/// As `Adam`, but the decay acts on the parameter itself: p ← p − learningRate·weightDecay·p (Loshchilov, Hutter 2019;
/// PyTorch: `optim.AdamW`).
public final class AdamW: Optimizer {
  public init(
    parameters: [Tensor], learningRate: Double = 1e-3, betas: (Double, Double) = (0.9, 0.999), epsilon: Double = 1e-8,
    weightDecay: Double = 1e-2, maximize: Bool = false
  ) throws(BackpropError) {
    try super.init(.adamW, parameters, adamOptions(learningRate, betas, epsilon, weightDecay, maximize))
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
