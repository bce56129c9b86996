// What row, reduction and matrix kernels need beyond arithmetic: a value in every lane, all lanes folded into one,
// a mask for a short tail, and small transposes. Written per type, so that no standard-library generic is instantiated.
import CShim

protocol Lanes: RealMath {
  static var width: Int { get }
  static func splat(_ x: Self) -> V
  /// Sum of the lanes, halves first: ((0+8)+(4+12))… so that the order is fixed by the width alone.
  static func sum(_ v: V) -> Self
  /// Lane-wise larger (smaller) value; NaN where either is NaN.
  static func larger(_ a: V, _ b: V) -> V
  static func smaller(_ a: V, _ b: V) -> V
  /// Largest (smallest) lane; NaN if any lane is NaN.
  static func largest(_ v: V) -> Self
  static func smallest(_ v: V) -> Self
  /// a where the lane index is below n, else b.
  static func head(_ n: Int, _ a: V, _ b: V) -> V
  /// The first n < width elements at p, zero in the other lanes; and back.
  static func loadHead(_ p: UnsafePointer<Self>, _ n: Int) -> V
  static func storeHead(_ p: UnsafeMutablePointer<Self>, _ n: Int, _ v: V)
  /// d[j·ds + i] = s[i·rs + j] for i < rows, j < columns, and 0 for rows ≤ i < width: whole vectors are written, `columns` of them.
  static func transpose(_ s: UnsafePointer<Self>, _ rs: Int, _ rows: Int, _ columns: Int, _ d: UnsafeMutablePointer<Self>, _ ds: Int)
  /// d[j·ds + i] = s[i·rs + j] for i, j < 4.
  static func transpose4(_ s: UnsafePointer<Self>, _ rs: Int, _ d: UnsafeMutablePointer<Self>, _ ds: Int)
  /// Lanes 0, 2, 4 … (1, 3, 5 …) of a followed by b.
  static func even(_ a: V, _ b: V) -> V
  static func odd(_ a: V, _ b: V) -> V
  /// a0 b0 a1 b1 …, first and second half.
  static func mergeLow(_ a: V, _ b: V) -> V
  static func mergeHigh(_ a: V, _ b: V) -> V
}

extension Lanes {
  @inline(__always) static var zeros: V { splat(0) }
}

extension Float: Lanes {
  #if ISA_V4
    typealias LaneIndex = SIMD16<Int32>
    @inline(__always) static var indices: LaneIndex { LaneIndex(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15) }
  #elseif ISA_V3
    typealias LaneIndex = SIMD8<Int32>
    @inline(__always) static var indices: LaneIndex { LaneIndex(0, 1, 2, 3, 4, 5, 6, 7) }
  #else
    typealias LaneIndex = SIMD4<Int32>
    @inline(__always) static var indices: LaneIndex { LaneIndex(0, 1, 2, 3) }
  #endif
  @inline(__always) static var width: Int { VF.scalarCount }
  @inline(__always) static func sum(_ v: VF) -> Float {
    #if ISA_V4
      let a = v.lowHalf + v.highHalf, b = a.lowHalf + a.highHalf
    #elseif ISA_V3
      let b = v.lowHalf + v.highHalf
    #else
      let b = v
    #endif
    let c = b.lowHalf + b.highHalf
    return c[0] + c[1]
  }
  @inline(__always) static func larger(_ a: VF, _ b: VF) -> VF { a.replacing(with: b, where: (a .< b) .| (b .!= b)) }
  @inline(__always) static func smaller(_ a: VF, _ b: VF) -> VF { a.replacing(with: b, where: (a .> b) .| (b .!= b)) }
  @inline(__always) static func largest(_ v: VF) -> Float { shim_largest_f32(v) }
  @inline(__always) static func smallest(_ v: VF) -> Float { shim_smallest_f32(v) }
  @inline(__always) static func head(_ n: Int, _ a: VF, _ b: VF) -> VF {
    b.replacing(with: a, where: indices .< LaneIndex(repeating: Int32(truncatingIfNeeded: n)))
  }
  @inline(__always) static func loadHead(_ p: UnsafePointer<Float>, _ n: Int) -> VF { shim_load_head_f32(p, n) }
  @inline(__always) static func storeHead(_ p: UnsafeMutablePointer<Float>, _ n: Int, _ v: VF) { shim_store_head_f32(p, n, v) }
  @inline(__always) static func transpose(
    _ s: UnsafePointer<Float>, _ rs: Int, _ rows: Int, _ columns: Int, _ d: UnsafeMutablePointer<Float>, _ ds: Int
  ) { shim_transpose_f32(s, rs, rows, columns, d, ds) }
  @inline(__always) static func even(_ a: VF, _ b: VF) -> VF { shim_even_f32(a, b) }
  @inline(__always) static func odd(_ a: VF, _ b: VF) -> VF { shim_odd_f32(a, b) }
  @inline(__always) static func mergeLow(_ a: VF, _ b: VF) -> VF { shim_merge_low_f32(a, b) }
  @inline(__always) static func mergeHigh(_ a: VF, _ b: VF) -> VF { shim_merge_high_f32(a, b) }
  @inline(__always) static func transpose4(_ s: UnsafePointer<Float>, _ rs: Int, _ d: UnsafeMutablePointer<Float>, _ ds: Int) {
    let a = UnsafeRawPointer(s).loadUnaligned(as: SIMD4<Float>.self)
    let b = UnsafeRawPointer(s + rs).loadUnaligned(as: SIMD4<Float>.self)
    let c = UnsafeRawPointer(s + 2 * rs).loadUnaligned(as: SIMD4<Float>.self)
    let e = UnsafeRawPointer(s + 3 * rs).loadUnaligned(as: SIMD4<Float>.self)
    UnsafeMutableRawPointer(d).storeBytes(of: SIMD4<Float>(a[0], b[0], c[0], e[0]), as: SIMD4<Float>.self)
    UnsafeMutableRawPointer(d + ds).storeBytes(of: SIMD4<Float>(a[1], b[1], c[1], e[1]), as: SIMD4<Float>.self)
    UnsafeMutableRawPointer(d + 2 * ds).storeBytes(of: SIMD4<Float>(a[2], b[2], c[2], e[2]), as: SIMD4<Float>.self)
    UnsafeMutableRawPointer(d + 3 * ds).storeBytes(of: SIMD4<Float>(a[3], b[3], c[3], e[3]), as: SIMD4<Float>.self)
  }
}

extension Double: Lanes {
  #if ISA_V4
    typealias LaneIndex = SIMD8<Int64>
    @inline(__always) static var indices: LaneIndex { LaneIndex(0, 1, 2, 3, 4, 5, 6, 7) }
  #elseif ISA_V3
    typealias LaneIndex = SIMD4<Int64>
    @inline(__always) static var indices: LaneIndex { LaneIndex(0, 1, 2, 3) }
  #else
    typealias LaneIndex = SIMD2<Int64>
    @inline(__always) static var indices: LaneIndex { LaneIndex(0, 1) }
  #endif
  @inline(__always) static var width: Int { VD.scalarCount }
  @inline(__always) static func sum(_ v: VD) -> Double {
    #if ISA_V4
      let a = v.lowHalf + v.highHalf, b = a.lowHalf + a.highHalf
    #elseif ISA_V3
      let b = v.lowHalf + v.highHalf
    #else
      let b = v
    #endif
    return b[0] + b[1]
  }
  @inline(__always) static func larger(_ a: VD, _ b: VD) -> VD { a.replacing(with: b, where: (a .< b) .| (b .!= b)) }
  @inline(__always) static func smaller(_ a: VD, _ b: VD) -> VD { a.replacing(with: b, where: (a .> b) .| (b .!= b)) }
  @inline(__always) static func largest(_ v: VD) -> Double { shim_largest_f64(v) }
  @inline(__always) static func smallest(_ v: VD) -> Double { shim_smallest_f64(v) }
  @inline(__always) static func head(_ n: Int, _ a: VD, _ b: VD) -> VD {
    b.replacing(with: a, where: indices .< LaneIndex(repeating: Int64(n)))
  }
  @inline(__always) static func loadHead(_ p: UnsafePointer<Double>, _ n: Int) -> VD { shim_load_head_f64(p, n) }
  @inline(__always) static func storeHead(_ p: UnsafeMutablePointer<Double>, _ n: Int, _ v: VD) { shim_store_head_f64(p, n, v) }
  @inline(__always) static func transpose(
    _ s: UnsafePointer<Double>, _ rs: Int, _ rows: Int, _ columns: Int, _ d: UnsafeMutablePointer<Double>, _ ds: Int
  ) { shim_transpose_f64(s, rs, rows, columns, d, ds) }
  @inline(__always) static func even(_ a: VD, _ b: VD) -> VD { shim_even_f64(a, b) }
  @inline(__always) static func odd(_ a: VD, _ b: VD) -> VD { shim_odd_f64(a, b) }
  @inline(__always) static func mergeLow(_ a: VD, _ b: VD) -> VD { shim_merge_low_f64(a, b) }
  @inline(__always) static func mergeHigh(_ a: VD, _ b: VD) -> VD { shim_merge_high_f64(a, b) }
  @inline(__always) static func transpose4(_ s: UnsafePointer<Double>, _ rs: Int, _ d: UnsafeMutablePointer<Double>, _ ds: Int) {
    let a = UnsafeRawPointer(s).loadUnaligned(as: SIMD4<Double>.self)
    let b = UnsafeRawPointer(s + rs).loadUnaligned(as: SIMD4<Double>.self)
    let c = UnsafeRawPointer(s + 2 * rs).loadUnaligned(as: SIMD4<Double>.self)
    let e = UnsafeRawPointer(s + 3 * rs).loadUnaligned(as: SIMD4<Double>.self)
    UnsafeMutableRawPointer(d).storeBytes(of: SIMD4<Double>(a[0], b[0], c[0], e[0]), as: SIMD4<Double>.self)
    UnsafeMutableRawPointer(d + ds).storeBytes(of: SIMD4<Double>(a[1], b[1], c[1], e[1]), as: SIMD4<Double>.self)
    UnsafeMutableRawPointer(d + 2 * ds).storeBytes(of: SIMD4<Double>(a[2], b[2], c[2], e[2]), as: SIMD4<Double>.self)
    UnsafeMutableRawPointer(d + 3 * ds).storeBytes(of: SIMD4<Double>(a[3], b[3], c[3], e[3]), as: SIMD4<Double>.self)
  }
}

/// The first n < width elements at p, `rest` in the remaining lanes. Reads nothing past p[n − 1].
@inline(__always) func loadHead<T: Lanes>(_ p: UnsafePointer<T>, _ n: Int, rest: T) -> T.V {
  T.head(n, T.loadHead(p, n), T.splat(rest))
}
/// Writes the first n < width lanes of v to p.
@inline(__always) func storeHead<T: Lanes>(_ p: UnsafeMutablePointer<T>, _ n: Int, _ v: T.V) { T.storeHead(p, n, v) }
