// Operations that users bring: their outputs, computed elsewhere, join the graph with a gradient of the user's own.
import CShim
import KernelAPI

package struct CustomOperation {
  package var name: UnsafePointer<CChar>?
  package var backward: CustomBackward?
  package var user: UnsafeMutableRawPointer?
  package var release: Release?
  /// The gradient is shown the outputs.
  package var keepsOutputs = false
  package init() {}
}

/// An output, and where it lies among all of them laid end to end; start −1: no gradient reaches it.
struct CustomOutput {
  var shape: Dims
  var dtype: DType
  var start: Int
}

/// y = what the user computed, several outputs laid end to end;  dx = what the user's function makes of g      (a: callback; b: y)
enum Custom: Rule {
  static var name: StaticString { "custom" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let y = UInt32(truncatingIfNeeded: c.attributes.b), s = c.engine.slot(y).pointee
    return try c.engine.makeView(of: y, s.shape, s.strides, s.offset, for: name)
  }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let e = n.engine, c = e.callback(UInt32(truncatingIfNeeded: n.attributes.a)).pointee
    let outs = c.outputCount, ins = n.inputCount, showsOutputs = n.slot.pointee.saved & savesOutput != 0
    guard let backward = c.backward, let described = c.outputs else { return }
    try e.withScratch(of: OpaquePointer?.self, count: 2 * outs + ins, for: name) { (p) throws(Failure) in
      var i = 0
      while i < 2 * outs + ins { p[i] = nil; i += 1 }
      i = 0
      while i < outs {
        if described[i].start >= 0 {
          if showsOutputs { p[i] = try part(n.output, described[i]).again().handle.pointer }
          p[outs + i] = try part(g, described[i]).again().handle.pointer
        }
        i += 1
      }
      var name = c.name
      try withUnsafePointer(to: &name) { (bytes) throws(Failure) in
        let text = UnsafeRawPointer(bytes).assumingMemoryBound(to: CChar.self)
        try e.callOut(text) { () throws(Failure) in backward(c.user, p, p + outs, p + 2 * outs) }
        i = 0
        while i < ins {
          if let h = p[2 * outs + i] {
            guard let v = Handle(h).asValue, v.engine == e else {
              throw Failure(.handle, "\(cString: text): gradient \(i) is not a live tensor of this context")
            }
            try hand(v, to: i, of: n, text)
          }
          i += 1
        }
      }
    }
  }

  private static func hand(_ v: Value, to i: Int, of n: Node, _ name: UnsafePointer<CChar>) throws(Failure) {
    if !n.wants(i) { return }
    let x = n[i]
    if !x.shape.stretches(to: v.shape) { throw .shape("\(cString: name): gradient \(i) has shape \(v.shape), the input \(x.shape)") }
    try n.give(i, v.dtype == x.dtype ? v : v.to(x.dtype))
  }

  /// One output's part of what lies end to end.
  static func part(_ whole: Value, _ o: CustomOutput) throws(Failure) -> Value {
    if whole.shape == o.shape, whole.dtype == o.dtype { return whole }
    let end = o.start &+ o.shape.product
    let part = try whole.slice(0, o.start, end, 1).reshape(o.shape)
    return o.dtype == part.dtype ? part : try part.to(o.dtype)
  }
}

extension Engine {
  /// Joins `outputs`, computed from `inputs` in whatever way, to the graph: `results[i]` has the values of `outputs[i]` and, where it is floating,
  /// a gradient by `operation.backward`. From success on what `operation.user` stands for is ours to release.
  package func custom(
    _ inputs: UnsafeBufferPointer<Value>, _ outputs: UnsafeBufferPointer<Value>, _ operation: CustomOperation,
    _ results: UnsafeMutablePointer<Value>
  ) throws(Failure) {
    guard operation.backward != nil else { throw .argument("custom: the gradient's function is NULL") }
    if outputs.count == 0 || outputs.count > 1 << 16 { throw .argument("custom: there must be 1 to 65536 outputs, not \(outputs.count)") }
    if inputs.count > 1 << 15 { throw .argument("custom: at most 32768 inputs, not \(inputs.count)") }
    var wanted = false, floating = 0, type = DType.float32
    for x in inputs {
      if x.engine != self { throw Failure(.handle, "custom: an input of shape \(x.shape) belongs to another context") }
      if x.requiresGrad { wanted = true }
    }
    for y in outputs {
      if y.engine != self { throw Failure(.handle, "custom: an output of shape \(y.shape) belongs to another context") }
      if y.dtype.isDifferentiable { floating += 1 }
      if y.dtype == .float64 { type = .float64 }
    }
    try scoped(most: outputs.count, results) { () throws(Failure) in
      for (i, y) in outputs.enumerated() { (results + i).initialize(to: try y.detach()) }
      if !wanted || floating == 0 || !isRecording { return outputs.count }
      let c = try describe(operation, results, outputs.count, floating, for: "custom")
      do throws(Failure) { try record(c, inputs, results, outputs.count, floating, type, operation.keepsOutputs) } catch {
        callback(c).pointee.release = nil  // after a failure it stays the caller's
        doom(c)
        releaseDoomed()
        throw error
      }
      return outputs.count
    }
    if !wanted || floating == 0 || !isRecording { operation.release?(operation.user) }
  }

  private func describe(
    _ operation: CustomOperation, _ values: UnsafeMutablePointer<Value>, _ count: Int, _ floating: Int, for name: StaticString
  ) throws(Failure) -> UInt32 {
    var size = 0
    let bytes = count * MemoryLayout<CustomOutput>.stride
    guard let p = state.pointee.allocator.allocate(bytes, size: &size) else { throw .memory(name, bytes: bytes) }
    let described = p.assumingMemoryBound(to: CustomOutput.self)
    var i = 0, start = 0
    while i < count {
      let y = values[i]
      (described + i).initialize(to: CustomOutput(shape: y.shape, dtype: y.dtype, start: y.dtype.isDifferentiable ? start : -1))
      if y.dtype.isDifferentiable { start &+= y.count }
      i += 1
    }
    var c = Callback(state: .live, user: operation.user, release: operation.release, backward: operation.backward)
    c.outputs = described
    c.outputsSize = size
    c.outputCount = count
    let given = operation.name ?? name.cString
    i = 0
    while i < 47, given[i] != 0 { c.name[i] = given[i]; i += 1 }
    do throws(Failure) { return try makeCallback(c, for: name) } catch {
      state.pointee.allocator.release(p, size: size)
      throw error
    }
  }

  /// Makes the node, and the results that are its parts.
  private func record(
    _ c: UInt32, _ inputs: UnsafeBufferPointer<Value>, _ results: UnsafeMutablePointer<Value>, _ count: Int, _ floating: Int, _ type: DType,
    _ keepsOutputs: Bool
  ) throws(Failure) {
    guard let described = callback(c).pointee.outputs else { return }
    var whole = results[0], i = 0
    if floating == 1 {
      while i < count { if described[i].start >= 0 { whole = results[i] }; i += 1 }
    } else {
      var total = 0
      while i < count { if described[i].start >= 0 { total &+= results[i].count }; i += 1 }
      whole = try Value.empty(self, type, Dims(total), for: "custom")
      try withoutRecording { () throws(Failure) in
        var i = 0
        while i < count {
          let o = described[i]
          if o.start >= 0 { _ = try whole.slice(0, o.start, o.start &+ results[i].count, 1).copy_(results[i].reshape(Dims(results[i].count))) }
          i += 1
        }
      }
    }
    var attributes = Attributes()
    attributes.a = Int(c)
    attributes.b = Int(whole.index)
    let node = try withScratch(of: UInt32.self, count: inputs.count, for: "custom") { (p) throws(Failure) -> Value in
      for (i, x) in inputs.enumerated() { p[i] = x.index }
      var call = Call(whole, attributes)
      call.count = inputs.count
      call.many = UnsafePointer(p)
      return try apply(.custom, &call)
    }
    if keepsOutputs {
      let s = node.slot
      s.pointee.saved = savesOutput
      s.pointee.values += 1
      s.pointee.outputVersion = storage(s.pointee.storage).pointee.version
    }
    i = 0
    while i < count {
      if described[i].start >= 0 { results[i] = try Custom.part(node, described[i]) }
      i += 1
    }
  }
}
