// Tensors from numbers: filled, counted, random. None has a gradient.
import CShim
import KernelAPI

extension Value {
  /// Uninitialised.
  static func empty(_ e: Engine, _ type: DType, _ shape: Dims, for operation: StaticString, owned: Bool = false) throws(Failure) -> Value {
    try e.hand(e.make(type, shape, for: operation), owned: owned)
  }

  /// A copy of `data`, or zeros. `owned`: belongs to the caller even inside a scope.
  package static func create(
    _ e: Engine, _ type: DType, _ shape: Dims, from data: UnsafeRawPointer?, owned: Bool = true, for operation: StaticString = "tensor_create"
  ) throws(Failure) -> Value {
    let v = try empty(e, type, shape, for: operation, owned: owned)
    let bytes = v.count &* type.size
    if let data { memcpy(v.data, data, bytes) } else { memset(v.data, 0, bytes) }
    return v
  }

  package static func zeros(_ e: Engine, _ type: DType, _ shape: Dims) throws(Failure) -> Value {
    try create(e, type, shape, from: nil, owned: false, for: "zeros")
  }

  package static func full(
    _ e: Engine, _ type: DType, _ shape: Dims, _ value: Double, for operation: StaticString = "full"
  ) throws(Failure) -> Value {
    let v = try empty(e, type, shape, for: operation)
    v.fill(value)
    return v
  }

  /// A plain number beside a tensor: float32, or int64 for whole ones, that yields to the other operand's type.
  package static func number(_ e: Engine, _ value: Double) throws(Failure) -> Value {
    let v = try full(e, .float64, Dims(), value)
    v.slot.pointee.flags.insert(.number)
    return v
  }
  package static func integer(_ e: Engine, _ value: Int64) throws(Failure) -> Value {
    let v = try empty(e, .int64, Dims(), for: "integer")
    v.data(as: Int64.self).pointee = value
    v.slot.pointee.flags.insert(.number)
    return v
  }

  package static func arange(_ e: Engine, _ type: DType, _ start: Double, _ end: Double, _ step: Double) throws(Failure) -> Value {
    guard step != 0, step - step == 0, start - start == 0, end - end == 0 else {
      throw .argument("arange: needs finite start, end and a step that is not 0, got \(start), \(end), \(step)")
    }
    let length = ((end - start) / step).rounded(.up)
    if length < 0 { throw .argument("arange: the step \(step) leads away from end \(end), starting at \(start)") }
    if length > 1e15 { throw .shape("arange: more elements than can be counted") }
    let n = Int(length)
    let wide: DType = type.category == .floating ? .float64 : .int64
    let v = try empty(e, wide, Dims(repeating: n, count: 1), for: "arange")
    var i = 0
    if wide == .float64 {
      let p = v.data(as: Double.self)
      while i < n { p[i] = start + Double(i) * step; i += 1 }
    } else {
      guard start.magnitude < 9e18, step.magnitude < 9e18 else {
        v.release()
        throw .argument("arange: \(start) is beyond int64")
      }
      let p = v.data(as: Int64.self), first = Int64(start), by = Int64(step)
      let whole = Double(first) == start && Double(by) == step
      while i < n {
        p[i] = whole ? first &+ Int64(i) &* by : saturated(start + Double(i) * step)
        i += 1
      }
    }
    if type == wide { return v }
    let out = try v.to(type)
    v.release()
    return out
  }

  package static func eye(_ e: Engine, _ type: DType, _ n: Int) throws(Failure) -> Value {
    let v = try create(e, type, Dims(n, n), from: nil, owned: false, for: "eye")
    var i = 0
    while i < n { v.set(i &* (n &+ 1), to: 1); i += 1 }
    return v
  }

  // MARK: Random numbers: one stream per context, cut in blocks of even offsets

  package static func rand(_ e: Engine, _ type: DType, _ shape: Dims) throws(Failure) -> Value {
    try random(e, .uniform, type, shape, "rand")
  }
  package static func randn(_ e: Engine, _ type: DType, _ shape: Dims) throws(Failure) -> Value {
    try random(e, .normal, type, shape, "randn")
  }

  static func random(
    _ e: Engine, _ kernel: RandomKernel, _ type: DType, _ shape: Dims, _ operation: StaticString, p: Double = 0, scale: Double = 1
  ) throws(Failure) -> Value {
    guard let f = e.kernels.random(kernel.rawValue, type.rawValue) else {
      throw .dtype("\(operation): needs float32 or float64, not \(type)")
    }
    let v = try empty(e, type, shape, for: operation)
    let words = type == .float64 ? 2 : 1
    f(v.count, e.state.pointee.seed, e.state.pointee.randomOffset / UInt64(words), v.data, p, scale)
    let used = UInt64(v.count &* words)
    e.state.pointee.randomOffset &+= (used &+ 3) & ~3
    return v
  }

  /// 0 … n−1 in random order: Fisher–Yates (Durstenfeld 1964) over 53-bit uniforms.
  package static func randperm(_ e: Engine, _ n: Int) throws(Failure) -> Value {
    let v = try empty(e, .int64, Dims(repeating: n, count: 1), for: "randperm")
    let p = v.data(as: Int64.self)
    var i = 0
    while i < n { p[i] = Int64(i); i += 1 }
    if n < 2 { return v }
    do throws(Failure) {
      try e.scopedWork { () throws(Failure) in
        let u = try random(e, .uniform, .float64, Dims(repeating: n, count: 1), "randperm").data(as: Double.self)
        var i = n - 1
        while i > 0 {
          let j = Int(u[i] * Double(i + 1)), t = p[i]
          p[i] = p[j]
          p[j] = t
          i -= 1
        }
      }
    } catch {
      v.release()
      throw error
    }
    return v
  }
}

/// The nearest Int64; 0 for NaN.
func saturated(_ x: Double) -> Int64 {
  if x != x { return 0 }
  if x >= 9.223372036854775e18 { return .max }
  if x <= -9.223372036854775e18 { return .min }
  return Int64(x)
}

extension Value {
  /// Element i of the memory the tensor looks into, from a double; its own type's rules.
  func set(_ i: Int, to x: Double) {
    switch dtype {
    case .float32: data(as: Float.self)[i] = Float(x)
    case .float64: data(as: Double.self)[i] = x
    case .int64: data(as: Int64.self)[i] = saturated(x)
    case .int32: data(as: Int32.self)[i] = Int32(truncatingIfNeeded: saturated(x))
    case .uint8: data(as: UInt8.self)[i] = UInt8(truncatingIfNeeded: saturated(x))
    case .bool: data(as: UInt8.self)[i] = x != 0 ? 1 : 0
    case .float16, .bfloat16:
      var x = x
      engine.kernels.cast(DType.float64.rawValue, dtype.rawValue)?(1, &x, data + i &* 2)
    }
  }

  /// Element i of memory as a double.
  func get(_ i: Int) -> Double {
    switch dtype {
    case .float32: return Double(data(as: Float.self)[i])
    case .float64: return data(as: Double.self)[i]
    case .int64: return Double(data(as: Int64.self)[i])
    case .int32: return Double(data(as: Int32.self)[i])
    case .uint8, .bool: return Double(data(as: UInt8.self)[i])
    case .float16, .bfloat16:
      var x = 0.0
      engine.kernels.cast(dtype.rawValue, DType.float64.rawValue)?(1, data + i &* 2, &x)
      return x
    }
  }

  /// Every element of a contiguous tensor.
  func fill(_ x: Double) {
    let n = count
    if n == 0 { return }
    set(0, to: x)
    if n > 1 { engine.kernels.copy(1, n &- 1, data, 0, 0, data + dtype.size, 0, 1, dtype.size) }
  }

  /// The only element, as a double.
  package func item() throws(Failure) -> Double {
    if count != 1 { throw .shape("item: shape \(shape) has \(count) elements, not one") }
    return get(0)
  }

  /// All elements, row-major, to `destination`.
  package func read(_ destination: UnsafeMutableRawPointer?, bytes: Int) throws(Failure) {
    let size = count &* dtype.size
    if bytes != size { throw .argument("read: shape \(shape) of \(dtype) has \(size) bytes, not \(bytes)") }
    if bytes == 0 { return }
    guard let destination else { throw .argument("read: destination is NULL") }
    engine.copy(shape, from: data, strides, to: destination, shape.contiguousStrides, size: dtype.size)
  }

  /// All elements, row-major, from `source`.
  package func write(_ source: UnsafeRawPointer?, bytes: Int) throws(Failure) {
    let size = count &* dtype.size
    if bytes != size { throw .argument("write: shape \(shape) of \(dtype) has \(size) bytes, not \(bytes)") }
    if bytes == 0 { return }
    guard let source else { throw .argument("write: source is NULL") }
    try checkWritable("write")
    engine.copy(shape, from: source, shape.contiguousStrides, to: data, strides, size: dtype.size)
    bumpVersion()
  }

  func bumpVersion() { engine.storage(slot.pointee.storage).pointee.version &+= 1 }

  /// Refuses to write through a tensor whose elements overlap.
  func checkWritable(_ operation: StaticString) throws(Failure) {
    var i = 0
    while i < rank {
      if shape[i] > 1 && strides[i] == 0 {
        throw .argument("\(operation): tensor of shape \(shape) is expanded: several elements share one place; clone it first")
      }
      i += 1
    }
  }
}

// MARK: In place

extension Value {
  private func checkInPlace(_ other: Value?, _ operation: StaticString) throws(Failure) {
    if let other { try engine.check(self, other, for: operation) }
    if engine.isRecording, requiresGrad || (other?.requiresGrad ?? false) {
      throw .graph("\(operation): tensor of shape \(shape) takes part in a graph; change it in place only while recording is off")
    }
    try checkWritable(operation)
    if let other, try shape.broadcast(with: other.shape, for: operation) != shape {
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
    engine.copy(
      shape, from: from.data, from.shape.strides(from.strides, stretchedTo: shape), to: data, strides, size: dtype.size)
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
}
