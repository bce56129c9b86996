// Changes in place: outside the graph, seen by all views, counted by the storage's version.
import CShim
import KernelAPI

extension Value {
  func checkInPlace(_ other: Value?, _ operation: StaticString, stretches: Bool = true) throws(Failure) {
    if let other { try engine.check(self, other, for: operation) }
    if engine.isRecording, requiresGrad || (other?.requiresGrad ?? false) {
      throw .graph("\(operation): tensor of shape \(shape) takes part in a graph; change it in place only while recording is off")
    }
    try checkWritable(operation)
    if let other, stretches, try shape.broadcast(with: other.shape, for: operation) != shape {
      throw .shape("\(operation): shape \(other.shape) does not stretch to \(shape)")
    }
  }

  /// self ← f(self, other), converted to self's type.
  private func change(
    _ operation: StaticString, _ other: Value, _ f: (Value, Value) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    try checkInPlace(other, operation)
    try engine.withoutRecording { () throws(Failure) in
      try engine.scopedWork { () throws(Failure) in
        let result = try f(self, other)
        if result.dtype.category.rawValue > dtype.category.rawValue {
          throw .dtype("\(operation): a result of type \(result.dtype) does not fit into \(dtype)")
        }
        try overwrite(with: result.to(dtype))
      }
    }
    return self
  }

  /// Same type, shape stretched to ours, memory possibly ours too.
  private func overwrite(with source: Value) throws(Failure) {
    var from = source
    if source.slot.pointee.storage == slot.pointee.storage { from = try source.clone() }
    if from.shape == shape, from.isContiguous, isContiguous {
      if count > 0 { memcpy(data, from.data, count &* dtype.size) }
    } else {
      engine.copy(
        shape, from: from.data, from.shape.strides(from.strides, stretchedTo: shape), to: data, strides, size: dtype.size)
    }
    bumpVersion()
  }

  package func add_(_ b: Value) throws(Failure) -> Value {
    try change("add_", b) { (x: Value, y: Value) throws(Failure) -> Value in try x + y }
  }
  package func sub_(_ b: Value) throws(Failure) -> Value {
    try change("sub_", b) { (x: Value, y: Value) throws(Failure) -> Value in try x - y }
  }
  package func mul_(_ b: Value) throws(Failure) -> Value {
    try change("mul_", b) { (x: Value, y: Value) throws(Failure) -> Value in try x * y }
  }
  package func div_(_ b: Value) throws(Failure) -> Value {
    try change("div_", b) { (x: Value, y: Value) throws(Failure) -> Value in try x / y }
  }
  package func copy_(_ source: Value) throws(Failure) -> Value {
    try checkInPlace(source, "copy_")
    try engine.withoutRecording { () throws(Failure) in
      try engine.scopedWork { () throws(Failure) in try overwrite(with: source.to(dtype)) }
    }
    return self
  }
  package func fill_(_ x: Double) throws(Failure) -> Value {
    try checkInPlace(nil, "fill_")
    if count == 0 { return self }
    if isContiguous {
      fill(x)
      bumpVersion()
    } else {
      try engine.scopedWork { () throws(Failure) in try overwrite(with: Value.full(engine, dtype, Dims(), x)) }
    }
    return self
  }

  /// Whether another live handle but `beside` looks into this tensor's memory: a view, the tensor this is a view of, a second owner.
  package func isShared(beside: Value?) -> Bool {
    /// Handles on slot i that are not merely an open scope's.
    func owners(_ i: UInt32) -> Int {
      var n = Int(engine.slot(i).pointee.handles), k = 0
      let scoped = engine.state.pointee.scoped
      while n > 0, k < scoped.count {
        if scoped[k].slot == i, scoped[k].generation == engine.slot(i).pointee.generation { n -= 1 }
        k += 1
      }
      return beside == nil || beside?.index != i ? n : n - 1
    }
    if owners(index) > 1 { return true }
    let storage = slot.pointee.storage
    if engine.storage(storage).pointee.references == 1 { return false }
    var i: UInt32 = 1
    while i < engine.state.pointee.slots.limit {
      let s = engine.slot(i)
      if i != index, s.pointee.flags.contains(.live), s.pointee.storage == storage, owners(i) > 0 || s.pointee.flags.contains(.gradient) {
        return true
      }
      i += 1
    }
    return false
  }
}
