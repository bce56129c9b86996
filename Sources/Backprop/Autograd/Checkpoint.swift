// Memory for time: a part of the forward pass keeps only its inputs, and is computed again when the walk comes to it (Chen et al. 2016).
import CShim
import KernelAPI

/// (user, inputs, outputs to be written) → 0, or non-zero to stop.
package typealias CheckpointFunction = @convention(c) (
  UnsafeMutableRawPointer?, UnsafePointer<OpaquePointer?>?, UnsafeMutablePointer<OpaquePointer?>?
) -> Int32

/// What it takes to compute the part again. Behind it in memory: the inputs and then the leaves the function used besides.
private struct Checkpoint {
  var state: UnsafeMutablePointer<EngineState>
  var size: Int
  var function: CheckpointFunction
  var user: UnsafeMutableRawPointer?
  var release: Release?
  var inputs: Int, all: Int, outputs: Int
  var seed: UInt64, randomOffset: UInt64
}
private struct CheckpointInput {
  var slot: UInt32
  var version: UInt32
}

extension UnsafeMutablePointer where Pointee == Checkpoint {
  fileprivate var input: UnsafeMutablePointer<CheckpointInput> {
    UnsafeMutableRawPointer(self + 1).assumingMemoryBound(to: CheckpointInput.self)
  }
}

private var name: StaticString { "checkpoint" }

extension Engine {
  /// `results` ← what `function` makes of `inputs`, recorded as one operation that keeps the inputs alone. It runs again in the walk, with
  /// the random numbers it had. Leaves it uses besides its inputs get their gradients too.
  package func checkpoint(
    _ function: CheckpointFunction?, _ user: UnsafeMutableRawPointer?, _ release: Release?, _ inputs: UnsafeBufferPointer<Value>,
    _ results: UnsafeMutablePointer<Value>, most: Int
  ) throws(Failure) -> Int {
    guard let function else { throw .argument("checkpoint: the function is NULL") }
    if most < 1 || most > 1 << 16 { throw .argument("checkpoint: there must be 1 to 65536 outputs, not \(most)") }
    for (i, x) in inputs.enumerated() where x.engine != self { throw Failure(.handle, "checkpoint: input \(i) belongs to another context") }
    let seed = state.pointee.seed, offset = state.pointee.randomOffset
    var isRecorded = false
    let count = try scoped(most: most, results) { () throws(Failure) in
      try withScratch(of: Value.self, count: inputs.count, for: name) { (leaves) throws(Failure) -> Int in
        for (i, x) in inputs.enumerated() { (leaves + i).initialize(to: try stand(for: x, creating: false)) }
        let count = try run(function, user, UnsafeBufferPointer(start: leaves, count: inputs.count), results, most)
        if !isRecording { return count }
        var found = Stack<UInt32>()
        defer { found.destroy() }
        try findLeaves(behind: UnsafeBufferPointer(start: results, count: count), except: UnsafeBufferPointer(start: leaves, count: inputs.count), &found)
        var i = 0
        while i < count { results[i] = try results[i].detach(); i += 1 }
        isRecorded = try record(function, user, release, inputs, found, seed, offset, results, count)
        return count
      }
    }
    if !isRecorded { release?(user) }
    return count
  }

  /// An input as the function sees it: the same values, and its history ends here, unless the gradient is to be differentiated.
  private func stand(for x: Value, creating: Bool) throws(Failure) -> Value {
    if !x.requiresGrad { return try x.again() }
    if creating { return try x.apply(.reshape, { var a = Attributes(); a.dims = x.shape; return a }()) }
    let leaf = try x.detach()
    try leaf.setRequiresGrad(true)
    return leaf
  }

  /// How many results there are: those up to the last that the function did not leave empty.
  private func run(
    _ function: CheckpointFunction, _ user: UnsafeMutableRawPointer?, _ inputs: UnsafeBufferPointer<Value>,
    _ results: UnsafeMutablePointer<Value>, _ most: Int
  ) throws(Failure) -> Int {
    try withScratch(of: OpaquePointer?.self, count: inputs.count + most, for: name) { (p) throws(Failure) -> Int in
      for (i, x) in inputs.enumerated() { p[i] = x.handle.pointer }
      var i = 0
      while i < most { p[inputs.count + i] = nil; i += 1 }
      try callOut(name.cString) { () throws(Failure) in function(user, p, p + inputs.count) }
      var count = most
      while count > 1, p[inputs.count + count - 1] == nil { count -= 1 }
      i = 0
      while i < count {
        guard let h = p[inputs.count + i], let v = Handle(h).asValue, v.engine == self else {
          throw Failure(.handle, "checkpoint: output \(i) of the function is not a live tensor of this context")
        }
        (results + i).initialize(to: v)
        i += 1
      }
      return count
    }
  }

  private func record(
    _ function: CheckpointFunction, _ user: UnsafeMutableRawPointer?, _ release: Release?, _ inputs: UnsafeBufferPointer<Value>,
    _ found: Stack<UInt32>, _ seed: UInt64, _ offset: UInt64, _ results: UnsafeMutablePointer<Value>, _ count: Int
  ) throws(Failure) -> Bool {
    let all = inputs.count + found.count
    var wanted = found.count > 0, floating = false, i = 0
    for x in inputs where x.requiresGrad { wanted = true }
    while i < count { if results[i].dtype.isDifferentiable { floating = true }; i += 1 }
    if !wanted || !floating { return false }
    let bytes = MemoryLayout<Checkpoint>.stride + all * MemoryLayout<CheckpointInput>.stride
    var size = 0
    guard let p = state.pointee.allocator.allocate(bytes, size: &size) else { throw .memory(name, bytes: bytes) }
    let c = p.assumingMemoryBound(to: Checkpoint.self)
    c.initialize(to: Checkpoint(
      state: state, size: size, function: function, user: user, release: release, inputs: inputs.count, all: all, outputs: count, seed: seed,
      randomOffset: offset))
    var o = CustomOperation()
    o.name = name.cString
    o.backward = { (user, _, gradients, inputs) in Engine.recompute(user, gradients, inputs) }
    o.release = { Engine.giveUp($0) }
    o.user = p
    func input(_ i: Int) -> Value { i < inputs.count ? inputs[i] : Value(engine: self, index: found[i - inputs.count]) }
    i = 0
    while i < all {
      let x = input(i)
      hold(x.index)
      (c.input + i).initialize(to: CheckpointInput(slot: x.index, version: storage(x.slot.pointee.storage).pointee.version))
      i += 1
    }
    do throws(Failure) {
      try withScratch(of: Value.self, count: all, for: name) { (values) throws(Failure) in
        var i = 0
        while i < all { (values + i).initialize(to: input(i)); i += 1 }
        try custom(UnsafeBufferPointer(start: values, count: all), UnsafeBufferPointer(start: results, count: count), o, results)
      }
    } catch {
      c.pointee.release = nil
      Engine.giveUp(p)
      throw error
    }
    return true
  }

  private static func giveUp(_ user: UnsafeMutableRawPointer?) {
    guard let c = user?.assumingMemoryBound(to: Checkpoint.self) else { return }
    let e = Engine(state: c.pointee.state), record = c.pointee
    var i = 0
    while i < record.all { e.drop(c.input[i].slot, value: true); i += 1 }
    e.state.pointee.allocator.release(UnsafeMutableRawPointer(c), size: record.size)
    record.release?(record.user)
  }

  private static func recompute(
    _ user: UnsafeMutableRawPointer?, _ gradients: UnsafePointer<OpaquePointer?>?, _ inputs: UnsafeMutablePointer<OpaquePointer?>?
  ) -> Int32 {
    guard let c = user?.assumingMemoryBound(to: Checkpoint.self), let gradients, let inputs else { return 1 }
    let e = Engine(state: c.pointee.state)
    do throws(Failure) { try e.recompute(c, gradients, inputs) } catch {
      e.record(error)
      return 1
    }
    return 0
  }

  private func recompute(
    _ c: UnsafeMutablePointer<Checkpoint>, _ gradients: UnsafePointer<OpaquePointer?>, _ given: UnsafeMutablePointer<OpaquePointer?>
  ) throws(Failure) {
    let r = c.pointee, creating = isRecording
    func input(_ i: Int) -> Value { Value(engine: self, index: c.input[i].slot) }
    var i = 0
    while i < r.all {
      if storage(input(i).slot.pointee.storage).pointee.version != c.input[i].version {
        throw .graph("checkpoint: input \(i) of shape \(input(i).shape) was changed in place since")
      }
      i += 1
    }
    let before = (state.pointee.seed, state.pointee.randomOffset, state.pointee.noGradDepth)
    (state.pointee.seed, state.pointee.randomOffset, state.pointee.noGradDepth) = (r.seed, r.randomOffset, 0)
    defer { (state.pointee.seed, state.pointee.randomOffset, state.pointee.noGradDepth) = before }
    try withScratch(of: Value.self, count: r.all + r.outputs, for: name) { (values) throws(Failure) in
      var i = 0
      while i < r.inputs { (values + i).initialize(to: try stand(for: input(i), creating: creating)); i += 1 }
      while i < r.all { (values + i).initialize(to: input(i)); i += 1 }
      let outputs = values + r.all
      if try run(r.function, r.user, UnsafeBufferPointer(start: values, count: r.inputs), outputs, r.outputs) != r.outputs {
        throw .graph("checkpoint: the function gave \(r.outputs) outputs, computed again it gives fewer")
      }
      // One number whose gradient is that of all outputs.
      var total: Value?, alone = true
      i = 0
      while i < r.outputs {
        if let h = gradients[i], let g = Handle(h).asValue, outputs[i].requiresGrad {
          if outputs[i].shape != g.shape || outputs[i].dtype != g.dtype {
            throw .graph("checkpoint: output \(i) had shape \(g.shape), computed again it has \(outputs[i].shape)")
          }
          if let t = total {
            total = try (alone ? t * seedOf(t, gradients, outputs) : t).sum() + (outputs[i] * g).sum().to(t.dtype)
            alone = false
          } else { total = outputs[i] }
        }
        i += 1
      }
      guard let total else { return }
      var o = BackwardOptions()
      o.allowUnused = true
      o.createGraph = creating
      if alone { o.seed = try seedOf(total, gradients, outputs) }
      // Those that want a gradient, side by side.
      try withScratch(of: Int.self, count: r.all, for: name) { (wanted) throws(Failure) in
        var n = 0, i = 0
        while i < r.all { if values[i].requiresGrad { wanted[n] = i; n += 1 }; i += 1 }
        try self.gradients(total, { values[wanted[$0]] }, count: n, o) { (k, g) throws(Failure) in
          given[wanted[k]] = g?.handle.pointer
        }
      }
    }
  }

  /// The gradient that belongs to an output.
  private func seedOf(_ y: Value, _ gradients: UnsafePointer<OpaquePointer?>, _ outputs: UnsafeMutablePointer<Value>) throws(Failure) -> Value {
    var i = 0
    while outputs[i].index != y.index { i += 1 }
    if let h = gradients[i], let g = Handle(h).asValue { return g }
    throw .graph("checkpoint: output \(i) has no gradient")
  }
}
