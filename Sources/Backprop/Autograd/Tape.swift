// The one door through which every operation goes: compute, and record it with its inputs if a gradient may be wanted.
import CShim
import KernelAPI

extension Engine {
  /// Computes `operation` and records it. The only way a node comes to be.
  @inline(never) func apply(_ operation: Operation, _ call: inout Call) throws(Failure) -> Value {
    let rule = operation.rule
    defer { if call.kept != 0 { drop(call.kept, value: true) } }
    let out = try rule.forward(&call)
    if state.pointee.noGradDepth == 0, rule.isDifferentiable, slot(out).pointee.dtype.isDifferentiable {
      var wants: UInt8 = 0, any = false, i = 0
      while i < call.count {
        let input = call.input(i)
        if input != 0, slot(input).pointee.flags.contains(.requiresGrad) {
          any = true
          if i < directInputs { wants |= 1 << UInt8(truncatingIfNeeded: i) }
        }
        i += 1
      }
      if any {
        do throws(Failure) { try record(operation, rule, &call, wants, out) } catch {
          drop(out, value: true)
          throw error
        }
      }
    }
    return try hand(out)
  }

  /// Makes `out` a node: its inputs, what its gradient will need, and the versions those values have now.
  private func record(
    _ operation: Operation, _ rule: RuleRecord, _ call: inout Call, _ wants: UInt8, _ out: UInt32
  ) throws(Failure) {
    let s = slot(out)
    if call.hasAttributes {
      let i = state.pointee.attributes.take()
      if i == 0 { throw .memory(rule.name, bytes: MemoryLayout<Attributes>.stride) }
      state.pointee.attributes[i].pointee = call.attributes
      s.pointee.attributes = i
    }
    if let many = call.many {
      var size = 0
      guard let p = state.pointee.allocator.allocate(call.count * 4, size: &size) else {
        if s.pointee.attributes != 0 { state.pointee.attributes.give(s.pointee.attributes); s.pointee.attributes = 0 }
        throw .memory(rule.name, bytes: call.count * 4)
      }
      let inputs = p.assumingMemoryBound(to: UInt32.self)
      var i = 0
      while i < call.count {
        inputs[i] = many[i]
        slot(many[i]).pointee.references += 1
        i += 1
      }
      s.pointee.manyInputs = inputs
      s.pointee.manyInputsSize = size
    } else {
      var saves = rule.saves(wants)
      var i = 0
      while i < call.count {
        let bit: UInt8 = 1 << UInt8(truncatingIfNeeded: i)
        let input = call.inputs[i]
        if (wants | saves) & bit != 0, input != 0 {
          let x = slot(input)
          s.pointee.inputs[i] = input
          x.pointee.references += 1
          if saves & bit != 0 {
            x.pointee.values += 1
            s.pointee.inputVersions[i] = storage(x.pointee.storage).pointee.version
          }
        } else {
          s.pointee.inputs[i] = 0
          saves &= ~bit  // an operand that is not there has no value that could change
        }
        i += 1
      }
      if saves & savesOutput != 0 {
        s.pointee.values += 1
        s.pointee.outputVersion = storage(s.pointee.storage).pointee.version
      }
      s.pointee.saved = saves
    }
    s.pointee.inputCount = UInt16(truncatingIfNeeded: call.count)
    s.pointee.operation = operation
    s.pointee.flags.insert(.requiresGrad)
  }
}
