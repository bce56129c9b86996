// Hooks, custom operations, checkpoints, and derivatives beyond one gradient.

// MARK: Swift closures as C functions

/// A closure the engine keeps, and the tensors it returned last, which the engine still reads.
private final class Box<F> {
  let body: F
  let context: Context
  var returned: [Tensor?] = []
  init(_ body: F, _ context: Context) {
    self.body = body
    self.context = context
  }

  var pointer: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }

  /// Runs `work` with the box behind a pointer; an error it throws stays on the context for the engine to report.
  static func run(_ user: UnsafeMutableRawPointer?, _ work: (Box) throws -> Void) -> Int32 {
    guard let user else { return 1 }
    let box = Unmanaged<Box>.fromOpaque(user).takeUnretainedValue()
    do { try work(box) } catch {
      box.context.engine.record(Failure(.callback, "\(whole: "\(error)")"))
      return 1
    }
    return 0
  }
}

/// Gives the engine one count of a box; it gives it back by `release`, or we do if `body` throws.
private func lend<F, R>(_ box: Box<F>, _ body: (UnsafeMutableRawPointer) throws(Failure) -> R) throws(BackpropError) -> R {
  let owned = Unmanaged.passRetained(box)
  do throws(BackpropError) { return try lift { () throws(Failure) in try body(owned.toOpaque()) } } catch {
    owned.release()
    throw error
  }
}

extension Context {
  /// A tensor for a handle of the engine's.
  fileprivate func tensor(_ handle: OpaquePointer?) throws(BackpropError) -> Tensor {
    guard let handle, let v = Handle(handle).asValue else { throw BackpropError(.handle, "not a live tensor") }
    if engine.state.pointee.scopes.count == 0 { v.retain() }
    return Tensor(v, in: self)
  }
  fileprivate func tensors(_ handles: UnsafePointer<OpaquePointer?>?, _ n: Int) throws(BackpropError) -> [Tensor?] {
    var all: [Tensor?] = []
    for i in 0..<n { all.append(try handles?[i].map { (h) throws(BackpropError) in try tensor(h) }) }
    return all
  }

  /// Calls `body` with two lists of tensors as the engine reads them, and memory for results.
  fileprivate func results(
    _ a: [Tensor], _ b: [Tensor], most: Int,
    _ body: (UnsafeBufferPointer<Value>, UnsafeBufferPointer<Value>, UnsafeMutablePointer<Value>) throws(Failure) -> Int
  ) throws(Failure) -> [Tensor] {
    try engine.withScratch(of: Value.self, count: a.count + b.count + most, for: "tensors") { (p) throws(Failure) in
      for (i, t) in (a + b).enumerated() { (p + i).initialize(to: t.value) }
      let out = p + a.count + b.count
      let n = try body(UnsafeBufferPointer(start: p, count: a.count), UnsafeBufferPointer(start: p + a.count, count: b.count), out)
      return (0..<n).map { Tensor(out[$0], in: self) }
    }
  }
}

// MARK: Hooks

/// Names a hook, to remove it by.
public struct Hook {
  fileprivate let serial: Int
}

extension Tensor {
  /// `body` sees this tensor's gradient in every backward walk, once it is complete; what it returns, unless nil, stands in the gradient's
  /// place (PyTorch: `register_hook`).
  @discardableResult public func addHook(_ body: @escaping (Tensor) throws -> Tensor?) throws(BackpropError) -> Hook {
    try add(late: false, body)
  }
  /// `body` sees this leaf after `backward` added to its gradient (PyTorch: `register_post_accumulate_grad_hook`).
  @discardableResult public func addHookAfterAccumulation(_ body: @escaping (Tensor) throws -> Void) throws(BackpropError) -> Hook {
    try add(late: true) {
      try body($0)
      return nil
    }
  }
  /// Takes a hook away again.
  public func remove(_ hook: Hook) throws(BackpropError) { try lift { () throws(Failure) in try value.removeHook(hook.serial) } }

  private func add(late: Bool, _ body: @escaping (Tensor) throws -> Tensor?) throws(BackpropError) -> Hook {
    typealias Body = Box<(Tensor) throws -> Tensor?>
    return try lend(Body(body, context)) { (user) throws(Failure) in
      Hook(serial: try value.addHook(
        { user, gradient, replacement in
          Body.run(user) { box in
            box.returned = [try box.body(box.context.tensor(gradient))]
            if let r = box.returned[0] { replacement?.pointee = r.value.handle.pointer }
          }
        }, user, { $0.map { Unmanaged<Body>.fromOpaque($0).release() } }, late: late))
    }
  }

  /// Makes a computed tensor keep its gradient in `grad` as leaves do (PyTorch: `retain_grad`).
  public func retainGradient() throws(BackpropError) { try lift { () throws(Failure) in try value.retainGrad() } }
  /// Whether it does.
  public var retainsGradient: Bool { value.retainsGrad }
}

// MARK: Custom operations and checkpoints

/// An operation of one's own: `outputs`, computed from `inputs` in whatever way (without recording), join the graph with `gradient`, which is given
/// the gradients of the outputs (nil for what is not floating) and returns one for each input, or nil. Written in operations
/// of this library, it can be differentiated again (PyTorch: `autograd.Function`).
///
///     let y = try withoutGradient { try x.pow(3) }
///     let cube = try customOperation("cube", inputs: [x], outputs: [y]) { g in [try g[0]! * x.square() * 3] }[0]
public func customOperation(
  _ name: String = "custom", inputs: [Tensor], outputs: [Tensor], gradient: @escaping ([Tensor?]) throws -> [Tensor?]
) throws(BackpropError) -> [Tensor] {
  typealias Body = Box<(gradient: ([Tensor?]) throws -> [Tensor?], inputs: Int, outputs: Int)>
  guard let context = outputs.first?.context else { throw BackpropError(.argument, "\(name): there must be at least one output") }
  return try lend(Body((gradient, inputs.count, outputs.count), context)) { (user) throws(Failure) in
    var o = CustomOperation()
    o.user = user
    o.release = { $0.map { Unmanaged<Body>.fromOpaque($0).release() } }
    o.backward = { user, _, gradients, given in
      Body.run(user) { box in
        let returned = try box.body.gradient(box.context.tensors(gradients, box.body.outputs))
        if returned.count != box.body.inputs {
          throw BackpropError(.argument, "\(returned.count) gradients were returned for \(box.body.inputs) inputs")
        }
        box.returned = returned
        for (i, g) in returned.enumerated() { given?[i] = g?.value.handle.pointer }
      }
    }
    return try context.results(inputs, outputs, most: outputs.count) { (x, y, out) throws(Failure) in
      var result: Failure?
      name.withCString { text in
        o.name = text
        do throws(Failure) { try context.engine.custom(x, y, o, out) } catch { result = error }
      }
      if let result { throw result }
      return y.count
    }
  }
}

/// What `body` makes of the inputs, which alone are kept: in the backward walk it runs again, with the same random numbers. Gradients are those of
/// the plain computation bit for bit, also of parameters that `body` uses (PyTorch: `utils.checkpoint.checkpoint`).
public func checkpoint(_ inputs: [Tensor], _ body: @escaping ([Tensor]) throws -> [Tensor]) throws(BackpropError) -> [Tensor] {
  typealias Body = Box<(body: ([Tensor]) throws -> [Tensor], inputs: Int)>
  let most = 256
  guard let context = inputs.first?.context else { throw BackpropError(.argument, "checkpoint: there must be at least one input") }
  return try lend(Body((body, inputs.count), context)) { (user) throws(Failure) in
    try context.results(inputs, [], most: most) { (x, _, out) throws(Failure) in
      try context.engine.checkpoint(
        { user, inputs, outputs in
          Body.run(user) { box in
            let y = try box.body.body(box.context.tensors(inputs, box.body.inputs).compactMap { $0 })
            if y.isEmpty || y.count > 256 { throw BackpropError(.argument, "the function must return 1 to 256 tensors, not \(y.count)") }
            box.returned = y
            for (i, t) in y.enumerated() { outputs?[i] = t.value.handle.pointer }
          }
        }, user, { $0.map { Unmanaged<Body>.fromOpaque($0).release() } }, x, out, most: most)
    }
  }
}

/// The same for one tensor.
public func checkpoint(_ input: Tensor, _ body: @escaping (Tensor) throws -> Tensor) throws(BackpropError) -> Tensor {
  try checkpoint([input]) { [try body($0[0])] }[0]
}

// MARK: Derivatives beyond one gradient

/// The derivative of `output` in the direction of `tangents` at `inputs`, J·t; keeps the graph (PyTorch: `func.jvp`).
public func directionalDerivative(
  of output: Tensor, at inputs: [Tensor], along tangents: [Tensor], createGraph: Bool = false
) throws(BackpropError) -> Tensor {
  if inputs.count != tangents.count { throw BackpropError(.argument, "jvp: \(inputs.count) inputs, but \(tangents.count) tangents") }
  return try lift { () throws(Failure) in
    try output.context.results(inputs, tangents, most: 1) { (x, t, out) throws(Failure) in
      out.initialize(to: try output.value.engine.jvp(output.value, x, t, createGraph: createGraph))
      return 1
    }[0]
  }
}

/// Every element of `output` by every element of `input`: [output's shape.., input's shape..]; keeps the graph (PyTorch: `func.jacrev`).
public func jacobian(of output: Tensor, withRespectTo input: Tensor, createGraph: Bool = false) throws(BackpropError) -> Tensor {
  try output.make { () throws(Failure) in try output.value.engine.jacobian(output.value, input.value, createGraph: createGraph) }
}

/// Second derivatives of one number: [input's shape.., input's shape..]; keeps the graph (PyTorch: `func.hessian`).
public func hessian(of output: Tensor, withRespectTo input: Tensor, createGraph: Bool = false) throws(BackpropError) -> Tensor {
  try output.make { () throws(Failure) in try output.value.engine.hessian(output.value, input.value, createGraph: createGraph) }
}

extension Tensor {
  /// Adds d self / d input to the gradient of these tensors alone (PyTorch: `backward(inputs=)`).
  public func backward(into inputs: [Tensor], seed: Tensor? = nil, retainGraph: Bool = false, createGraph: Bool = false) throws(BackpropError) {
    var o = BackwardOptions()
    o.seed = seed?.value
    o.retainGraph = retainGraph
    o.createGraph = createGraph
    if inputs.isEmpty { throw BackpropError(.argument, "backward: the list of inputs is empty") }
    try lift { () throws(Failure) in try value.engine.backward(value, o, { inputs[$0].value }, count: inputs.count) }
  }
}
