// y[i] = f(x[i]): the operations, and the table of which serves which type.
import KernelAPI

enum Negative<T: Element>: UnaryOperation {
  @inline(__always) static func apply(_ x: T.V, _ p: T.V, _ q: T.V) -> T.V { T.negated(x) }
}
enum Absolute<T: Element>: UnaryOperation {
  @inline(__always) static func apply(_ x: T.V, _ p: T.V, _ q: T.V) -> T.V { T.magnitude(x) }
}
/// −1, 0 or 1; 0 for NaN, as in PyTorch.
enum Sign<T: Element>: UnaryOperation {
  @inline(__always) static func apply(_ x: T.V, _ p: T.V, _ q: T.V) -> T.V {
    let zero = T.sub(T.splat(T.one), T.splat(T.one))
    let down = T.choose(T.less(x, zero), T.negated(T.splat(T.one)), zero)
    return T.choose(T.less(zero, x), T.splat(T.one), down)
  }
}
enum Square<T: Element>: UnaryOperation {
  @inline(__always) static func apply(_ x: T.V, _ p: T.V, _ q: T.V) -> T.V { T.mul(x, x) }
}
/// min(max(x, p), q): q where p > q; NaN stays NaN. A NaN bound is no bound.
enum Clamp<T: Element>: UnaryOperation {
  @inline(__always) static func apply(_ x: T.V, _ p: T.V, _ q: T.V) -> T.V {
    let t = T.choose(T.less(x, p), p, x)
    return T.choose(T.less(q, t), q, t)
  }
}
/// 1 where x is ±0.
enum LogicalNot<T: Element>: UnaryOperation {
  @inline(__always) static func apply(_ x: T.V, _ p: T.V, _ q: T.V) -> T.Bytes {
    T.bytes(T.equal(x, T.sub(T.splat(T.one), T.splat(T.one))))
  }
}
enum Sqrt<T: Element & RealMath>: UnaryOperation {
  @inline(__always) static func apply(_ x: T.V, _ p: T.V, _ q: T.V) -> T.V { T.sqrt(x) }
}
enum Rsqrt<T: Element & RealMath>: UnaryOperation {
  @inline(__always) static func apply(_ x: T.V, _ p: T.V, _ q: T.V) -> T.V { T.div(T.splat(T.one), T.sqrt(x)) }
}
enum Reciprocal<T: Element & RealMath>: UnaryOperation {
  @inline(__always) static func apply(_ x: T.V, _ p: T.V, _ q: T.V) -> T.V { T.div(T.splat(T.one), x) }
}
enum Exp<T: Element & RealMath>: UnaryOperation {
  @inline(__always) static func apply(_ x: T.V, _ p: T.V, _ q: T.V) -> T.V { T.exp(x) }
}
enum Log<T: Element & RealMath>: UnaryOperation {
  @inline(__always) static func apply(_ x: T.V, _ p: T.V, _ q: T.V) -> T.V { T.log(x) }
}
enum Erf<T: Element & RealMath>: UnaryOperation {
  @inline(__always) static func apply(_ x: T.V, _ p: T.V, _ q: T.V) -> T.V { T.erf(x) }
}
enum Tanh<T: Element & RealMath>: UnaryOperation {
  @inline(__always) static func apply(_ x: T.V, _ p: T.V, _ q: T.V) -> T.V { T.tanh(x) }
}
enum Sigmoid<T: Element & RealMath>: UnaryOperation {
  @inline(__always) static func apply(_ x: T.V, _ p: T.V, _ q: T.V) -> T.V { T.sigmoid(x) }
}
/// max(x, 0); NaN stays NaN.
enum Relu<T: Element & RealMath>: UnaryOperation {
  @inline(__always) static func apply(_ x: T.V, _ p: T.V, _ q: T.V) -> T.V {
    let zero = T.sub(T.splat(T.one), T.splat(T.one))
    return T.choose(T.less(x, zero), zero, x)
  }
}
enum Gelu<T: Element & RealMath>: UnaryOperation {
  @inline(__always) static func apply(_ x: T.V, _ p: T.V, _ q: T.V) -> T.V { T.gelu(x) }
}
enum GeluTanh<T: Element & RealMath>: UnaryOperation {
  @inline(__always) static func apply(_ x: T.V, _ p: T.V, _ q: T.V) -> T.V { T.geluTanh(x) }
}
enum Sin<T: Element & RealMath>: UnaryOperation {
  @inline(__always) static func apply(_ x: T.V, _ p: T.V, _ q: T.V) -> T.V { T.sin(x) }
}
enum Cos<T: Element & RealMath>: UnaryOperation {
  @inline(__always) static func apply(_ x: T.V, _ p: T.V, _ q: T.V) -> T.V { T.cos(x) }
}
enum PowScalar<T: Element & RealMath>: UnaryOperation {
  @inline(__always) static func apply(_ x: T.V, _ p: T.V, _ q: T.V) -> T.V { T.pow(x, p) }
}
enum Cube<T: Element & RealMath>: UnaryOperation {
  @inline(__always) static func apply(_ x: T.V, _ p: T.V, _ q: T.V) -> T.V { T.mul(T.mul(x, x), x) }
}

/// x^p with the exponents that have a shorter way, all within 1 ULP of C's pow and alike in every special case.
@inline(__always) private func powScalar<T: Element & RealMath>(
  _ t: T.Type, _ n: Int, _ x: UnsafeRawPointer, _ y: UnsafeMutableRawPointer, _ p: Double
) {
  if p == 2 { return map(Square<T>.self, n, x, y, 0, 0) }
  if p == 3 { return map(Cube<T>.self, n, x, y, 0, 0) }
  if p == -1 { return map(Reciprocal<T>.self, n, x, y, 0, 0) }
  map(PowScalar<T>.self, n, x, y, p, 0)
}

/// Half-precision types know no arithmetic: zero is a bit pattern.
@inline(__always) private func logicalNotHalf(_ n: Int, _ x: UnsafeRawPointer, _ y: UnsafeMutableRawPointer) {
  for i in 0..<n {
    let word = (x + i &* 2).loadUnaligned(as: UInt16.self)
    (y + i).storeBytes(of: word & 0x7fff == 0 ? 1 : 0, as: UInt8.self)
  }
}

func unaryFunction(_ operation: Int32, _ type: UInt8) -> UnaryFunction? {
  guard let op = kernel(operation, UnaryKernel.self, .hardswishSlope), let type = dtype(type) else { return nil }
  switch type {
  case .float32: return unaryFloat(op)
  case .float64: return unaryDouble(op)
  case .int64:
    switch op {
    case .neg: return { map(Negative<Int64>.self, $0, $1, $2, $3, $4) }
    case .abs: return { map(Absolute<Int64>.self, $0, $1, $2, $3, $4) }
    case .sign: return { map(Sign<Int64>.self, $0, $1, $2, $3, $4) }
    case .square: return { map(Square<Int64>.self, $0, $1, $2, $3, $4) }
    case .clamp: return { map(Clamp<Int64>.self, $0, $1, $2, $3, $4) }
    case .logicalNot: return { map(LogicalNot<Int64>.self, $0, $1, $2, $3, $4) }
    default: return nil
    }
  case .int32:
    switch op {
    case .neg: return { map(Negative<Int32>.self, $0, $1, $2, $3, $4) }
    case .abs: return { map(Absolute<Int32>.self, $0, $1, $2, $3, $4) }
    case .sign: return { map(Sign<Int32>.self, $0, $1, $2, $3, $4) }
    case .square: return { map(Square<Int32>.self, $0, $1, $2, $3, $4) }
    case .clamp: return { map(Clamp<Int32>.self, $0, $1, $2, $3, $4) }
    case .logicalNot: return { map(LogicalNot<Int32>.self, $0, $1, $2, $3, $4) }
    default: return nil
    }
  case .uint8:
    switch op {
    case .neg: return { map(Negative<UInt8>.self, $0, $1, $2, $3, $4) }
    case .abs: return { map(Absolute<UInt8>.self, $0, $1, $2, $3, $4) }
    case .sign: return { map(Sign<UInt8>.self, $0, $1, $2, $3, $4) }
    case .square: return { map(Square<UInt8>.self, $0, $1, $2, $3, $4) }
    case .clamp: return { map(Clamp<UInt8>.self, $0, $1, $2, $3, $4) }
    case .logicalNot: return { map(LogicalNot<UInt8>.self, $0, $1, $2, $3, $4) }
    default: return nil
    }
  case .bool: return op == .logicalNot ? { map(LogicalNot<UInt8>.self, $0, $1, $2, $3, $4) } : nil
  case .float16, .bfloat16: return op == .logicalNot ? { n, x, y, _, _ in logicalNotHalf(n, x, y) } : nil
  }
}

private func unaryFloat(_ op: UnaryKernel) -> UnaryFunction {
  switch op {
  case .neg: return { map(Negative<Float>.self, $0, $1, $2, $3, $4) }
  case .abs: return { map(Absolute<Float>.self, $0, $1, $2, $3, $4) }
  case .sign: return { map(Sign<Float>.self, $0, $1, $2, $3, $4) }
  case .square: return { map(Square<Float>.self, $0, $1, $2, $3, $4) }
  case .clamp: return { map(Clamp<Float>.self, $0, $1, $2, $3, $4) }
  case .logicalNot: return { map(LogicalNot<Float>.self, $0, $1, $2, $3, $4) }
  case .sqrt: return { map(Sqrt<Float>.self, $0, $1, $2, $3, $4) }
  case .rsqrt: return { map(Rsqrt<Float>.self, $0, $1, $2, $3, $4) }
  case .reciprocal: return { map(Reciprocal<Float>.self, $0, $1, $2, $3, $4) }
  case .exp: return { map(Exp<Float>.self, $0, $1, $2, $3, $4) }
  case .log: return { map(Log<Float>.self, $0, $1, $2, $3, $4) }
  case .erf: return { map(Erf<Float>.self, $0, $1, $2, $3, $4) }
  case .tanh: return { map(Tanh<Float>.self, $0, $1, $2, $3, $4) }
  case .sigmoid: return { map(Sigmoid<Float>.self, $0, $1, $2, $3, $4) }
  case .relu: return { map(Relu<Float>.self, $0, $1, $2, $3, $4) }
  case .gelu: return { map(Gelu<Float>.self, $0, $1, $2, $3, $4) }
  case .geluTanh: return { map(GeluTanh<Float>.self, $0, $1, $2, $3, $4) }
  case .powScalar: return { n, x, y, p, _ in powScalar(Float.self, n, x, y, p) }
  case .sin: return { map(Sin<Float>.self, $0, $1, $2, $3, $4) }
  case .cos: return { map(Cos<Float>.self, $0, $1, $2, $3, $4) }
  case .softplus: return { map(Softplus<Float>.self, $0, $1, $2, $3, $4) }
  case .softplusSlope: return { map(SoftplusSlope<Float>.self, $0, $1, $2, $3, $4) }
  case .silu: return { map(Silu<Float>.self, $0, $1, $2, $3, $4) }
  case .siluSlope: return { map(SiluSlope<Float>.self, $0, $1, $2, $3, $4) }
  case .mish: return { map(Mish<Float>.self, $0, $1, $2, $3, $4) }
  case .mishSlope: return { map(MishSlope<Float>.self, $0, $1, $2, $3, $4) }
  case .elu: return { map(Elu<Float>.self, $0, $1, $2, $3, $4) }
  case .eluSlope: return { map(EluSlope<Float>.self, $0, $1, $2, $3, $4) }
  case .leakyRelu: return { map(LeakyRelu<Float>.self, $0, $1, $2, $3, $4) }
  case .leakyReluSlope: return { map(LeakyReluSlope<Float>.self, $0, $1, $2, $3, $4) }
  case .hardswish: return { map(Hardswish<Float>.self, $0, $1, $2, $3, $4) }
  case .hardswishSlope: return { map(HardswishSlope<Float>.self, $0, $1, $2, $3, $4) }
  }
}

private func unaryDouble(_ op: UnaryKernel) -> UnaryFunction {
  switch op {
  case .neg: return { map(Negative<Double>.self, $0, $1, $2, $3, $4) }
  case .abs: return { map(Absolute<Double>.self, $0, $1, $2, $3, $4) }
  case .sign: return { map(Sign<Double>.self, $0, $1, $2, $3, $4) }
  case .square: return { map(Square<Double>.self, $0, $1, $2, $3, $4) }
  case .clamp: return { map(Clamp<Double>.self, $0, $1, $2, $3, $4) }
  case .logicalNot: return { map(LogicalNot<Double>.self, $0, $1, $2, $3, $4) }
  case .sqrt: return { map(Sqrt<Double>.self, $0, $1, $2, $3, $4) }
  case .rsqrt: return { map(Rsqrt<Double>.self, $0, $1, $2, $3, $4) }
  case .reciprocal: return { map(Reciprocal<Double>.self, $0, $1, $2, $3, $4) }
  case .exp: return { map(Exp<Double>.self, $0, $1, $2, $3, $4) }
  case .log: return { map(Log<Double>.self, $0, $1, $2, $3, $4) }
  case .erf: return { map(Erf<Double>.self, $0, $1, $2, $3, $4) }
  case .tanh: return { map(Tanh<Double>.self, $0, $1, $2, $3, $4) }
  case .sigmoid: return { map(Sigmoid<Double>.self, $0, $1, $2, $3, $4) }
  case .relu: return { map(Relu<Double>.self, $0, $1, $2, $3, $4) }
  case .gelu: return { map(Gelu<Double>.self, $0, $1, $2, $3, $4) }
  case .geluTanh: return { map(GeluTanh<Double>.self, $0, $1, $2, $3, $4) }
  case .powScalar: return { n, x, y, p, _ in powScalar(Double.self, n, x, y, p) }
  case .sin: return { map(Sin<Double>.self, $0, $1, $2, $3, $4) }
  case .cos: return { map(Cos<Double>.self, $0, $1, $2, $3, $4) }
  case .softplus: return { map(Softplus<Double>.self, $0, $1, $2, $3, $4) }
  case .softplusSlope: return { map(SoftplusSlope<Double>.self, $0, $1, $2, $3, $4) }
  case .silu: return { map(Silu<Double>.self, $0, $1, $2, $3, $4) }
  case .siluSlope: return { map(SiluSlope<Double>.self, $0, $1, $2, $3, $4) }
  case .mish: return { map(Mish<Double>.self, $0, $1, $2, $3, $4) }
  case .mishSlope: return { map(MishSlope<Double>.self, $0, $1, $2, $3, $4) }
  case .elu: return { map(Elu<Double>.self, $0, $1, $2, $3, $4) }
  case .eluSlope: return { map(EluSlope<Double>.self, $0, $1, $2, $3, $4) }
  case .leakyRelu: return { map(LeakyRelu<Double>.self, $0, $1, $2, $3, $4) }
  case .leakyReluSlope: return { map(LeakyReluSlope<Double>.self, $0, $1, $2, $3, $4) }
  case .hardswish: return { map(Hardswish<Double>.self, $0, $1, $2, $3, $4) }
  case .hardswishSlope: return { map(HardswishSlope<Double>.self, $0, $1, $2, $3, $4) }
  }
}
