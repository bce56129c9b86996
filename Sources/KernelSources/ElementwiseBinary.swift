// y[i] = f(a[i], b[i]) and y[i] = c[i] ? a[i] : b[i]: the operations, and the table of which serves which type.
import KernelAPI

enum Sum<T: Element>: BinaryOperation {
  @inline(__always) static func apply(_ a: T.V, _ b: T.V) -> T.V { T.add(a, b) }
}
enum Difference<T: Element>: BinaryOperation {
  @inline(__always) static func apply(_ a: T.V, _ b: T.V) -> T.V { T.sub(a, b) }
}
enum Product<T: Element>: BinaryOperation {
  @inline(__always) static func apply(_ a: T.V, _ b: T.V) -> T.V { T.mul(a, b) }
}
enum Quotient<T: Element & RealMath>: BinaryOperation {
  @inline(__always) static func apply(_ a: T.V, _ b: T.V) -> T.V { T.div(a, b) }
}
enum Power<T: Element & RealMath>: BinaryOperation {
  @inline(__always) static func apply(_ a: T.V, _ b: T.V) -> T.V { T.pow(a, b) }
}
/// NaN if either is NaN.
enum Maximum<T: Element>: BinaryOperation {
  @inline(__always) static func apply(_ a: T.V, _ b: T.V) -> T.V {
    T.choose(T.notEqual(b, b), b, T.choose(T.less(a, b), b, a))
  }
}
enum Minimum<T: Element>: BinaryOperation {
  @inline(__always) static func apply(_ a: T.V, _ b: T.V) -> T.V {
    T.choose(T.notEqual(b, b), b, T.choose(T.less(b, a), b, a))
  }
}
enum Equal<T: Element>: BinaryOperation {
  @inline(__always) static func apply(_ a: T.V, _ b: T.V) -> T.Bytes { T.bytes(T.equal(a, b)) }
}
enum NotEqual<T: Element>: BinaryOperation {
  @inline(__always) static func apply(_ a: T.V, _ b: T.V) -> T.Bytes { T.bytes(T.notEqual(a, b)) }
}
enum Less<T: Element>: BinaryOperation {
  @inline(__always) static func apply(_ a: T.V, _ b: T.V) -> T.Bytes { T.bytes(T.less(a, b)) }
}
enum LessOrEqual<T: Element>: BinaryOperation {
  @inline(__always) static func apply(_ a: T.V, _ b: T.V) -> T.Bytes { T.bytes(T.lessOrEqual(a, b)) }
}
enum Greater<T: Element>: BinaryOperation {
  @inline(__always) static func apply(_ a: T.V, _ b: T.V) -> T.Bytes { T.bytes(T.less(b, a)) }
}
enum GreaterOrEqual<T: Element>: BinaryOperation {
  @inline(__always) static func apply(_ a: T.V, _ b: T.V) -> T.Bytes { T.bytes(T.lessOrEqual(b, a)) }
}
/// 0 where y ≤ 0, else g (also for a NaN y, as in PyTorch).
enum ReluBackward<T: Element & RealMath>: BinaryOperation {
  @inline(__always) static func apply(_ g: T.V, _ y: T.V) -> T.V {
    let zero = T.sub(T.splat(T.one), T.splat(T.one))
    return T.choose(T.lessOrEqual(y, zero), zero, g)
  }
}
enum SigmoidBackward<T: Element & RealMath>: BinaryOperation {
  @inline(__always) static func apply(_ g: T.V, _ y: T.V) -> T.V { T.mul(T.mul(g, y), T.sub(T.splat(T.one), y)) }
}
enum TanhBackward<T: Element & RealMath>: BinaryOperation {
  @inline(__always) static func apply(_ g: T.V, _ y: T.V) -> T.V { T.mul(g, T.sub(T.splat(T.one), T.mul(y, y))) }
}
enum GeluBackward<T: Element & RealMath>: BinaryOperation {
  @inline(__always) static func apply(_ g: T.V, _ x: T.V) -> T.V { T.mul(g, T.geluSlope(x)) }
}
enum GeluTanhBackward<T: Element & RealMath>: BinaryOperation {
  @inline(__always) static func apply(_ g: T.V, _ x: T.V) -> T.V { T.mul(g, T.geluTanhSlope(x)) }
}

/// Integer a^b, wrapping. A negative exponent gives what 1/aᵇ truncates to: 1 for 1, ±1 for −1, 0 for the rest (0 included).
@inline(__always) private func integerPower<T: FixedWidthInteger>(
  _ t: T.Type, _ n: Int, _ a: UnsafeRawPointer, _ aStride: Int, _ b: UnsafeRawPointer, _ bStride: Int,
  _ y: UnsafeMutableRawPointer
) {
  let size = MemoryLayout<T>.stride
  for i in 0..<n {
    var base = (a + i &* aStride &* size).loadUnaligned(as: T.self)
    var exponent = (b + i &* bStride &* size).loadUnaligned(as: T.self)
    var r: T = 1
    if exponent < 0 {
      let odd = exponent & 1 == 1
      r = base == 1 ? 1 : base &+ 1 == 0 ? (odd ? base : 1) : 0
    } else {
      while exponent != 0 {
        if exponent & 1 == 1 { r = r &* base }
        base = base &* base
        exponent = exponent &>> 1
      }
    }
    (y + i &* size).storeBytes(of: r, as: T.self)
  }
}

func binaryFunction(_ operation: Int32, _ type: UInt8) -> BinaryFunction? {
  guard let op = kernel(operation, BinaryKernel.self, .geluTanhBackward), let type = dtype(type) else { return nil }
  switch type {
  case .float32: return binaryFloat(op)
  case .float64: return binaryDouble(op)
  case .int64: return binaryInt64(op)
  case .int32: return binaryInt32(op)
  case .uint8: return binaryUInt8(op)
  case .bool:
    switch op {
    case .maximum, .minimum, .eq, .ne, .lt, .le, .gt, .ge: return binaryUInt8(op)  // bytes 0 and 1
    default: return nil
    }
  case .float16, .bfloat16: return nil
  }
}

private func binaryFloat(_ op: BinaryKernel) -> BinaryFunction {
  switch op {
  case .add: return { map(Sum<Float>.self, $0, $1, $2, $3, $4, $5) }
  case .sub: return { map(Difference<Float>.self, $0, $1, $2, $3, $4, $5) }
  case .mul: return { map(Product<Float>.self, $0, $1, $2, $3, $4, $5) }
  case .div: return { map(Quotient<Float>.self, $0, $1, $2, $3, $4, $5) }
  case .pow: return { map(Power<Float>.self, $0, $1, $2, $3, $4, $5) }
  case .maximum: return { map(Maximum<Float>.self, $0, $1, $2, $3, $4, $5) }
  case .minimum: return { map(Minimum<Float>.self, $0, $1, $2, $3, $4, $5) }
  case .eq: return { map(Equal<Float>.self, $0, $1, $2, $3, $4, $5) }
  case .ne: return { map(NotEqual<Float>.self, $0, $1, $2, $3, $4, $5) }
  case .lt: return { map(Less<Float>.self, $0, $1, $2, $3, $4, $5) }
  case .le: return { map(LessOrEqual<Float>.self, $0, $1, $2, $3, $4, $5) }
  case .gt: return { map(Greater<Float>.self, $0, $1, $2, $3, $4, $5) }
  case .ge: return { map(GreaterOrEqual<Float>.self, $0, $1, $2, $3, $4, $5) }
  case .reluBackward: return { map(ReluBackward<Float>.self, $0, $1, $2, $3, $4, $5) }
  case .sigmoidBackward: return { map(SigmoidBackward<Float>.self, $0, $1, $2, $3, $4, $5) }
  case .tanhBackward: return { map(TanhBackward<Float>.self, $0, $1, $2, $3, $4, $5) }
  case .geluBackward: return { map(GeluBackward<Float>.self, $0, $1, $2, $3, $4, $5) }
  case .geluTanhBackward: return { map(GeluTanhBackward<Float>.self, $0, $1, $2, $3, $4, $5) }
  }
}

private func binaryDouble(_ op: BinaryKernel) -> BinaryFunction {
  switch op {
  case .add: return { map(Sum<Double>.self, $0, $1, $2, $3, $4, $5) }
  case .sub: return { map(Difference<Double>.self, $0, $1, $2, $3, $4, $5) }
  case .mul: return { map(Product<Double>.self, $0, $1, $2, $3, $4, $5) }
  case .div: return { map(Quotient<Double>.self, $0, $1, $2, $3, $4, $5) }
  case .pow: return { map(Power<Double>.self, $0, $1, $2, $3, $4, $5) }
  case .maximum: return { map(Maximum<Double>.self, $0, $1, $2, $3, $4, $5) }
  case .minimum: return { map(Minimum<Double>.self, $0, $1, $2, $3, $4, $5) }
  case .eq: return { map(Equal<Double>.self, $0, $1, $2, $3, $4, $5) }
  case .ne: return { map(NotEqual<Double>.self, $0, $1, $2, $3, $4, $5) }
  case .lt: return { map(Less<Double>.self, $0, $1, $2, $3, $4, $5) }
  case .le: return { map(LessOrEqual<Double>.self, $0, $1, $2, $3, $4, $5) }
  case .gt: return { map(Greater<Double>.self, $0, $1, $2, $3, $4, $5) }
  case .ge: return { map(GreaterOrEqual<Double>.self, $0, $1, $2, $3, $4, $5) }
  case .reluBackward: return { map(ReluBackward<Double>.self, $0, $1, $2, $3, $4, $5) }
  case .sigmoidBackward: return { map(SigmoidBackward<Double>.self, $0, $1, $2, $3, $4, $5) }
  case .tanhBackward: return { map(TanhBackward<Double>.self, $0, $1, $2, $3, $4, $5) }
  case .geluBackward: return { map(GeluBackward<Double>.self, $0, $1, $2, $3, $4, $5) }
  case .geluTanhBackward: return { map(GeluTanhBackward<Double>.self, $0, $1, $2, $3, $4, $5) }
  }
}

private func binaryInt64(_ op: BinaryKernel) -> BinaryFunction? {
  switch op {
  case .add: return { map(Sum<Int64>.self, $0, $1, $2, $3, $4, $5) }
  case .sub: return { map(Difference<Int64>.self, $0, $1, $2, $3, $4, $5) }
  case .mul: return { map(Product<Int64>.self, $0, $1, $2, $3, $4, $5) }
  case .pow: return { integerPower(Int64.self, $0, $1, $2, $3, $4, $5) }
  case .maximum: return { map(Maximum<Int64>.self, $0, $1, $2, $3, $4, $5) }
  case .minimum: return { map(Minimum<Int64>.self, $0, $1, $2, $3, $4, $5) }
  case .eq: return { map(Equal<Int64>.self, $0, $1, $2, $3, $4, $5) }
  case .ne: return { map(NotEqual<Int64>.self, $0, $1, $2, $3, $4, $5) }
  case .lt: return { map(Less<Int64>.self, $0, $1, $2, $3, $4, $5) }
  case .le: return { map(LessOrEqual<Int64>.self, $0, $1, $2, $3, $4, $5) }
  case .gt: return { map(Greater<Int64>.self, $0, $1, $2, $3, $4, $5) }
  case .ge: return { map(GreaterOrEqual<Int64>.self, $0, $1, $2, $3, $4, $5) }
  default: return nil
  }
}

private func binaryInt32(_ op: BinaryKernel) -> BinaryFunction? {
  switch op {
  case .add: return { map(Sum<Int32>.self, $0, $1, $2, $3, $4, $5) }
  case .sub: return { map(Difference<Int32>.self, $0, $1, $2, $3, $4, $5) }
  case .mul: return { map(Product<Int32>.self, $0, $1, $2, $3, $4, $5) }
  case .pow: return { integerPower(Int32.self, $0, $1, $2, $3, $4, $5) }
  case .maximum: return { map(Maximum<Int32>.self, $0, $1, $2, $3, $4, $5) }
  case .minimum: return { map(Minimum<Int32>.self, $0, $1, $2, $3, $4, $5) }
  case .eq: return { map(Equal<Int32>.self, $0, $1, $2, $3, $4, $5) }
  case .ne: return { map(NotEqual<Int32>.self, $0, $1, $2, $3, $4, $5) }
  case .lt: return { map(Less<Int32>.self, $0, $1, $2, $3, $4, $5) }
  case .le: return { map(LessOrEqual<Int32>.self, $0, $1, $2, $3, $4, $5) }
  case .gt: return { map(Greater<Int32>.self, $0, $1, $2, $3, $4, $5) }
  case .ge: return { map(GreaterOrEqual<Int32>.self, $0, $1, $2, $3, $4, $5) }
  default: return nil
  }
}

private func binaryUInt8(_ op: BinaryKernel) -> BinaryFunction? {
  switch op {
  case .add: return { map(Sum<UInt8>.self, $0, $1, $2, $3, $4, $5) }
  case .sub: return { map(Difference<UInt8>.self, $0, $1, $2, $3, $4, $5) }
  case .mul: return { map(Product<UInt8>.self, $0, $1, $2, $3, $4, $5) }
  case .pow: return { integerPower(UInt8.self, $0, $1, $2, $3, $4, $5) }
  case .maximum: return { map(Maximum<UInt8>.self, $0, $1, $2, $3, $4, $5) }
  case .minimum: return { map(Minimum<UInt8>.self, $0, $1, $2, $3, $4, $5) }
  case .eq: return { map(Equal<UInt8>.self, $0, $1, $2, $3, $4, $5) }
  case .ne: return { map(NotEqual<UInt8>.self, $0, $1, $2, $3, $4, $5) }
  case .lt: return { map(Less<UInt8>.self, $0, $1, $2, $3, $4, $5) }
  case .le: return { map(LessOrEqual<UInt8>.self, $0, $1, $2, $3, $4, $5) }
  case .gt: return { map(Greater<UInt8>.self, $0, $1, $2, $3, $4, $5) }
  case .ge: return { map(GreaterOrEqual<UInt8>.self, $0, $1, $2, $3, $4, $5) }
  default: return nil
  }
}

// MARK: - Selection

/// T is an unsigned integer of the element's size: selection moves bits.
@inline(__always) private func select<T: FixedWidthInteger>(
  _ t: T.Type, _ n: Int, _ c: UnsafeRawPointer, _ cStride: Int, _ a: UnsafeRawPointer, _ aStride: Int,
  _ b: UnsafeRawPointer, _ bStride: Int, _ y: UnsafeMutableRawPointer
) {
  let c = c.assumingMemoryBound(to: UInt8.self), a = a.assumingMemoryBound(to: T.self), b = b.assumingMemoryBound(to: T.self)
  let y = y.assumingMemoryBound(to: T.self)
  if cStride == 1 && aStride == 1 && bStride == 1 {
    for i in 0..<n { let s = a[i], t = b[i]; y[i] = c[i] != 0 ? s : t }
  } else if cStride == 1 && aStride == 1 && n > 0 {
    let t = b[0]
    for i in 0..<n { let s = a[i]; y[i] = c[i] != 0 ? s : t }
  } else if cStride == 1 && bStride == 1 && n > 0 {
    let s = a[0]
    for i in 0..<n { let t = b[i]; y[i] = c[i] != 0 ? s : t }
  } else {
    for i in 0..<n { let s = a[i &* aStride], t = b[i &* bStride]; y[i] = c[i &* cStride] != 0 ? s : t }
  }
}

func selectFunction(_ size: Int) -> SelectFunction? {
  switch size {
  case 1: return { select(UInt8.self, $0, $1, $2, $3, $4, $5, $6, $7) }
  case 2: return { select(UInt16.self, $0, $1, $2, $3, $4, $5, $6, $7) }
  case 4: return { select(UInt32.self, $0, $1, $2, $3, $4, $5, $6, $7) }
  case 8: return { select(UInt64.self, $0, $1, $2, $3, $4, $5, $6, $7) }
  default: return nil
  }
}
