// The vector types of this instruction set and the handful of operations every kernel is written with.
// Kernels are generic over `Real` (Float, Double) and specialised here, in this module: nothing generic crosses it,
// and no standard-library generic is used, because the linker would merge its specialisations across instruction sets.
import CShim
import KernelAPI

#if ISA_V4
typealias VF = SIMD16<Float>
typealias VD = SIMD8<Double>
let isaName: StaticString = "x86-64-v4"
#elseif ISA_V3
typealias VF = SIMD8<Float>
typealias VD = SIMD4<Double>
let isaName: StaticString = "x86-64-v3"
#elseif ISA_NEON
typealias VF = SIMD4<Float>
typealias VD = SIMD2<Double>
let isaName: StaticString = "neon"
#else
typealias VF = SIMD4<Float>
typealias VD = SIMD2<Double>
let isaName: StaticString = "x86-64"
#endif

/// A floating type with its vector.
protocol Real: BinaryFloatingPoint, SIMDScalar {
  associatedtype V: SIMD & BitwiseCopyable where V.Scalar == Self
  /// a·b + c; one rounding where the hardware has it (in the base x86 variant two: a libm call per lane would cost more).
  static func fma(_ a: V, _ b: V, _ c: V) -> V
  static func add(_ a: V, _ b: V) -> V
  static func sub(_ a: V, _ b: V) -> V
  static func mul(_ a: V, _ b: V) -> V
  static func div(_ a: V, _ b: V) -> V
}

extension Float: Real {
  typealias V = VF
  @inline(__always) static func fma(_ a: VF, _ b: VF, _ c: VF) -> VF {
    #if ISA_BASE
      return a * b + c
    #else
      return c.addingProduct(a, b)
    #endif
  }
  @inline(__always) static func add(_ a: VF, _ b: VF) -> VF { a + b }
  @inline(__always) static func sub(_ a: VF, _ b: VF) -> VF { a - b }
  @inline(__always) static func mul(_ a: VF, _ b: VF) -> VF { a * b }
  @inline(__always) static func div(_ a: VF, _ b: VF) -> VF { a / b }
}

extension Double: Real {
  typealias V = VD
  @inline(__always) static func fma(_ a: VD, _ b: VD, _ c: VD) -> VD {
    #if ISA_BASE
      return a * b + c
    #else
      return c.addingProduct(a, b)
    #endif
  }
  @inline(__always) static func add(_ a: VD, _ b: VD) -> VD { a + b }
  @inline(__always) static func sub(_ a: VD, _ b: VD) -> VD { a - b }
  @inline(__always) static func mul(_ a: VD, _ b: VD) -> VD { a * b }
  @inline(__always) static func div(_ a: VD, _ b: VD) -> VD { a / b }
}

// memcpy of a constant size is one vector instruction; the standard library's `loadUnaligned(as:)` is now and then left as
// a call to a specialisation that the linker would merge across instruction sets.
@inline(__always) func load<T: Real>(_ p: UnsafePointer<T>, _ i: Int) -> T.V {
  var v = T.V()
  memcpy(&v, p + i, MemoryLayout<T.V>.size)
  return v
}
@inline(__always) func store<T: Real>(_ p: UnsafeMutablePointer<T>, _ i: Int, _ v: T.V) {
  var t = v
  memcpy(p + i, &t, MemoryLayout<T.V>.size)
}
/// Not `DType(rawValue:)`: its specialisation would be a symbol the linker merges across instruction sets. The raw values are
/// the declaration order, which is how an enum without payload is laid out.
@inline(__always) func dtype(_ raw: UInt8) -> DType? { raw < 8 ? unsafeBitCast(raw, to: DType.self) : nil }
