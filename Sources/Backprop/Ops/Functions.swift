// Element-wise operations that no kernel does: a C function of one or two numbers, called for each element. float32 is computed in double
// and rounded once; whole numbers of every type in Int64, of which the lower bits are kept.
import CShim
import KernelAPI

/// f(x, p), or f(a, b).
typealias RealFunction = @convention(c) (Double, Double) -> Double
typealias WholeFunction = @convention(c) (Int64, Int64) -> Int64

/// One of both, for `NestJob`.
struct ElementFunction {
  var real: RealFunction?
  var whole: WholeFunction?
  var type = DType.float32
  /// What a function of one number gets as its second.
  var p = 0.0

  /// y[i] = f(x[i], p), floating.
  @inline(never) func run(_ n: Int, _ x: UnsafeRawPointer, _ y: UnsafeMutableRawPointer) {
    guard let real else { return }
    var i = 0
    if type == .float64 {
      let x = x.assumingMemoryBound(to: Double.self), y = y.assumingMemoryBound(to: Double.self)
      while i < n { y[i] = real(x[i], p); i &+= 1 }
    } else {
      let x = x.assumingMemoryBound(to: Float.self), y = y.assumingMemoryBound(to: Float.self)
      while i < n { y[i] = Float(real(Double(x[i]), p)); i &+= 1 }
    }
  }

  /// y[i] = f(a[i], b[i]); a stride of 0 repeats one value.
  @inline(never) func run(
    _ n: Int, _ a: UnsafeRawPointer, _ aStride: Int, _ b: UnsafeRawPointer, _ bStride: Int, _ y: UnsafeMutableRawPointer
  ) {
    switch type {
    case .float32: if let real { map(Float.self, n, a, aStride, b, bStride, y) { Float(real(Double($0), Double($1))) } }
    case .float64: if let real { map(Double.self, n, a, aStride, b, bStride, y) { real($0, $1) } }
    case .int64: if let whole { map(Int64.self, n, a, aStride, b, bStride, y) { whole($0, $1) } }
    case .int32: if let whole { map(Int32.self, n, a, aStride, b, bStride, y) { Int32(truncatingIfNeeded: whole(Int64($0), Int64($1))) } }
    case .uint8, .bool: if let whole { map(UInt8.self, n, a, aStride, b, bStride, y) { UInt8(truncatingIfNeeded: whole(Int64($0), Int64($1))) } }
    case .float16, .bfloat16: break
    }
  }

  @inline(__always) private func map<T>(
    _ t: T.Type, _ n: Int, _ a: UnsafeRawPointer, _ aStride: Int, _ b: UnsafeRawPointer, _ bStride: Int, _ y: UnsafeMutableRawPointer,
    _ f: (T, T) -> T
  ) {
    let a = a.assumingMemoryBound(to: T.self), b = b.assumingMemoryBound(to: T.self), y = y.assumingMemoryBound(to: T.self)
    var i = 0
    while i < n {
      y[i] = f(a[i &* aStride], b[i &* bStride])
      i &+= 1
    }
  }
}

extension Engine {
  /// y = f(x, p) for float32 and float64.
  func runFunction(_ f: @escaping RealFunction, _ x: UInt32, p: Double = 0, for operation: StaticString) throws(Failure) -> UInt32 {
    let type = slot(x).pointee.dtype
    if !type.isDifferentiable { throw .dtype("\(operation): not defined for \(type)") }
    let dense = try contiguous(x, for: operation)
    defer { drop(dense, value: true) }
    let out = try make(type, slot(x).pointee.shape, for: operation), n = slot(x).pointee.shape.product
    var strides = InlineArray<4, Dims>(repeating: Dims())
    strides[0].append(1)
    strides[1].append(1)
    var job = NestJob(nest: Nest(Dims(repeating: n, count: 1), strides, operands: 2))
    job.function = ElementFunction(real: f, type: type, p: p)
    job.base[0] = data(out)
    job.base[1] = data(dense)
    job.elementSize[0] = type.size
    job.elementSize[1] = type.size
    job.run(threads: threads)
    return out
  }

  /// y = f(a, b), stretched to their common shape; operands have one type, which is one of f's.
  func runFunction(_ f: ElementFunction, _ a: UInt32, _ b: UInt32, for operation: StaticString) throws(Failure) -> UInt32 {
    let type = slot(a).pointee.dtype
    if !(type.isDifferentiable ? f.real != nil : type.category != .floating && f.whole != nil) {
      throw .dtype("\(operation): not defined for \(type)")
    }
    let shape = try slot(a).pointee.shape.broadcast(with: slot(b).pointee.shape, for: operation)
    let out = try make(type, shape, for: operation)
    return try filled(out) { () throws(Failure) in
      var job = NestJob(nest: Nest(Dims(), InlineArray(repeating: Dims()), operands: 0))
      job.function = f
      job.function.type = type
      try runNest(&job, out, [a, b, 0], 2, operation)
    }
  }
}
