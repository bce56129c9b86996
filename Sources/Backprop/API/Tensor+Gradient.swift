// Leaves and their gradients, the backward walk, and gradient checking.

extension Tensor {
  /// Whether gradients flow to or through this tensor (PyTorch: `requires_grad`).
  public var requiresGrad: Bool { value.requiresGrad }
  /// Whether no recorded operation made it (PyTorch: `is_leaf`).
  public var isLeaf: Bool { value.isLeaf }

  /// Says of a leaf whether its gradient is wanted (PyTorch: `requires_grad_`).
  public func setRequiresGrad(_ wanted: Bool) throws(BackpropError) { try lift { () throws(Failure) in try value.setRequiresGrad(wanted) } }

  /// What `backward` has gathered in this leaf since `zeroGrad`; nil before (PyTorch: `grad`).
  public var grad: Tensor? {
    guard let g = value.gradient else { return nil }
    if context.engine.state.pointee.scopes.count == 0 { g.retain() }
    return Tensor(g, in: context)
  }

  /// Forgets the gathered gradient.
  public func zeroGrad() { value.zeroGrad() }

  /// The same elements without history (PyTorch: `detach`).
  public func detached() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.detach() } }

  /// Adds d self / d leaf to the gradient of every leaf behind this tensor (PyTorch: `backward`).
  ///
  /// - seed: the gradient of self; may be left out where self is one number.
  /// - retainGraph: keeps the graph for another `backward`.
  /// - createGraph: records this walk, so that the gradients can be differentiated.
  public func backward(seed: Tensor? = nil, retainGraph: Bool = false, createGraph: Bool = false) throws(BackpropError) {
    try lift { () throws(Failure) in try value.engine.backward(value, options(seed, retainGraph, createGraph)) }
  }

  fileprivate func options(_ seed: Tensor?, _ retainGraph: Bool, _ createGraph: Bool, allowUnused: Bool = false) -> BackwardOptions {
    var o = BackwardOptions()
    o.seed = seed?.value
    o.retainGraph = retainGraph
    o.createGraph = createGraph
    o.allowUnused = allowUnused
    return o
  }
}

private func walk(_ output: Tensor, _ inputs: [Tensor], _ options: BackwardOptions) throws(BackpropError) -> [Tensor?] {
  var results: [Tensor?] = []
  try lift { () throws(Failure) in
    try output.value.engine.gradients(output.value, { inputs[$0].value }, count: inputs.count, options) { (_, g) throws(Failure) in
      results.append(g.map { Tensor($0, in: output.context) })
    }
  }
  return results
}

/// d output / d input for each input; the leaves' own gradients stay as they are (PyTorch: `autograd.grad`).
public func gradients(
  of output: Tensor, withRespectTo inputs: [Tensor], seed: Tensor? = nil, retainGraph: Bool = false, createGraph: Bool = false
) throws(BackpropError) -> [Tensor] {
  try walk(output, inputs, output.options(seed, retainGraph, createGraph)).compactMap { $0 }
}

/// The same, with nil for inputs that play no part in the output (PyTorch: `allow_unused`).
public func gradients(
  of output: Tensor, withRespectToAnyOf inputs: [Tensor], seed: Tensor? = nil, retainGraph: Bool = false, createGraph: Bool = false
) throws(BackpropError) -> [Tensor?] {
  try walk(output, inputs, output.options(seed, retainGraph, createGraph, allowUnused: true))
}

/// Compares the gradients of `function`, a float64 function of `inputs`, with central differences (f(x + ε) − f(x − ε)) / 2ε;
/// throws where they differ (PyTorch: `gradcheck`, and with `secondOrder` `gradgradcheck`).
public func gradCheck(
  _ inputs: [Tensor], secondOrder: Bool = false, epsilon: Double = 1e-6, absolute: Double = 1e-6, relative: Double = 1e-6,
  _ function: () throws -> Tensor
) throws {
  guard let engine = inputs.first?.context.engine else { throw BackpropError(.argument, "gradcheck: no inputs given") }
  var o = GradCheckOptions()
  o.secondOrder = secondOrder
  o.eps = epsilon
  o.atol = absolute
  o.rtol = relative
  var thrown: (any Error)?
  do throws(BackpropError) {
    try lift { () throws(Failure) in
      var values = inputs.map { $0.value }
      // The buffer is the array's own for the whole call; `withUnsafeBufferPointer` passes no typed error on.
      var result: Failure?
      values.withUnsafeMutableBufferPointer { buffer in
        do throws(Failure) {
          try engine.gradCheck(UnsafeBufferPointer(buffer), o) { () throws(Failure) in
            do { return try function().value.again() } catch {
              thrown = error
              throw Failure(.callback, "gradcheck: the function failed")
            }
          }
        } catch { result = error }
      }
      if let result { throw result }
    }
  } catch {
    throw thrown ?? error
  }
}
