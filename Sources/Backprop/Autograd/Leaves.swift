// Leaves: who requires a gradient, and the gradient that has gathered there.
import KernelAPI

extension Value {
  package func setRequiresGrad(_ wanted: Bool) throws(Failure) {
    if wanted && !dtype.isDifferentiable {
      throw .dtype("requires_grad: only float32 and float64 tensors can require a gradient, this one is \(dtype)")
    }
    if !isLeaf {
      if wanted { return }
      throw .graph("requires_grad: tensor of shape \(shape) was computed by '\(operationName)'; detach it instead")
    }
    if wanted { slot.pointee.flags.insert(.requiresGrad) } else { slot.pointee.flags.remove(.requiresGrad) }
  }

  /// The gradient gathered so far.
  package var gradient: Value? {
    slot.pointee.gradient == 0 ? nil : Value(engine: engine, index: slot.pointee.gradient)
  }

  package func zeroGrad() {
    let g = slot.pointee.gradient
    if g == 0 { return }
    slot.pointee.gradient = 0
    engine.slot(g).pointee.flags.remove(.gradient)
    engine.drop(g, value: true)
  }
}
