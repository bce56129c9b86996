// Gradients computed in the memory of the gradient they come from, where nobody will look at that again. A chain of element-wise
// operations then walks back through one buffer, which stays in the cache.
import KernelAPI

extension Node {
  /// g, the gradient this node was handed, may be written over: nothing is recorded, the walk alone holds it, and nobody asked to
  /// see it. Small ones are in the cache anyway.
  func mayOverwrite(_ g: Value) -> Bool {
    guard g.count >= 2048, !engine.isRecording, g.index == slot.pointee.pending,
      slot.pointee.flags.isDisjoint(with: [.target, .retainsGrad]), engine.isOurs(g.index) else {
      return false
    }
    g.slot.pointee.part = Part()  // zeros that slices left there may not stay zeros
    return true
  }

  /// f(g, b), in g's memory where that may be. `last`: the rule does not use g afterwards. Only while nothing is recorded.
  @inline(never) func share(_ kernel: BinaryKernel, _ g: Value, _ b: Value, last: Bool = true) throws(Failure) -> Value {
    if last, mayOverwrite(g), b.dtype == g.dtype, b.shape.stretches(to: g.shape) {
      engine.runInPlace(kernel, g.index, b.index)
      return g
    }
    return try engine.hand(engine.runBinary(kernel, g.index, b.index, for: slot.pointee.operation.rule.name))
  }

  /// g·b and g/b.
  func product(_ g: Value, _ b: Value, last: Bool = true) throws(Failure) -> Value {
    engine.isRecording ? try g * b : try share(.mul, g, b, last: last)
  }
  func quotient(_ g: Value, _ b: Value, last: Bool = true) throws(Failure) -> Value {
    engine.isRecording ? try g / b : try share(.div, g, b, last: last)
  }

  /// −g.
  func negated(_ g: Value) throws(Failure) -> Value {
    if mayOverwrite(g) {
      engine.runInPlace(.neg, g.index)
      return g
    }
    return try -g
  }

  /// Memory for a gradient of g's shape and type that is computed row by row: g's own or fresh. `gradient`: g without gaps.
  func place(_ g: Value, _ gradient: Value) throws(Failure) -> Value {
    if gradient.index == g.index, mayOverwrite(g) { return g }
    return try Value.empty(engine, g.dtype, g.shape, for: slot.pointee.operation.rule.name)
  }
}
