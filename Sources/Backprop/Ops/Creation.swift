// Tensors from numbers: filled, counted, random. None has a gradient.
import CShim
import KernelAPI

extension Value {
  /// Uninitialised.
  @inline(never) static func empty(_ e: Engine, _ type: DType, _ shape: Dims, for operation: StaticString, owned: Bool = false) throws(Failure) -> Value {
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

  @inline(never) package static func full(
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
