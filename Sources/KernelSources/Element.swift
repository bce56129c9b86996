// Vectors of every element type with the few operations elementwise kernels are generic over, and the loops that apply
// an operation to a run of elements. The last, partial vector is padded, never done by scalar code: an element's result
// does not depend on where in the run it stands.
import CShim
import KernelAPI

#if ISA_V4
  typealias VB = SIMD64<UInt8>
#elseif ISA_V3
  typealias VB = SIMD32<UInt8>
#else
  typealias VB = SIMD16<UInt8>
#endif

/// An element type with its vector.
protocol Element: SIMDScalar, Comparable {
  associatedtype V: SIMD & BitwiseCopyable where V.Scalar == Self
  associatedtype Bytes: SIMD & BitwiseCopyable where Bytes.Scalar == UInt8
  typealias Mask = SIMDMask<V.MaskStorage>
  static func splat(_ x: Self) -> V
  static func add(_ a: V, _ b: V) -> V  // integers wrap
  static func sub(_ a: V, _ b: V) -> V
  static func mul(_ a: V, _ b: V) -> V
  static func negated(_ x: V) -> V
  static func magnitude(_ x: V) -> V
  static func less(_ a: V, _ b: V) -> Mask
  static func lessOrEqual(_ a: V, _ b: V) -> Mask
  static func equal(_ a: V, _ b: V) -> Mask
  static func notEqual(_ a: V, _ b: V) -> Mask
  /// mask ? a : b
  static func choose(_ mask: Mask, _ a: V, _ b: V) -> V
  /// One byte a lane, 1 where the mask is set.
  static func bytes(_ mask: Mask) -> Bytes
  static var one: Self { get }
  /// Nearest representable value; NaN gives 0 for integers.
  static func saturating(_ x: Double) -> Self
}

extension Float: Element {
  static var one: Float { 1 }
  @inline(__always) static func splat(_ x: Float) -> VF { VF(repeating: x) }
  @inline(__always) static func negated(_ x: VF) -> VF { float(bits(x) ^ VI(repeating: Int32.min)) }
  @inline(__always) static func magnitude(_ x: VF) -> VF { float(bits(x) & VI(repeating: Int32.max)) }
  @inline(__always) static func less(_ a: VF, _ b: VF) -> SIMDMask<VI> { a .< b }
  @inline(__always) static func lessOrEqual(_ a: VF, _ b: VF) -> SIMDMask<VI> { a .<= b }
  @inline(__always) static func equal(_ a: VF, _ b: VF) -> SIMDMask<VI> { a .== b }
  @inline(__always) static func notEqual(_ a: VF, _ b: VF) -> SIMDMask<VI> { a .!= b }
  @inline(__always) static func choose(_ m: SIMDMask<VI>, _ a: VF, _ b: VF) -> VF { b.replacing(with: a, where: m) }
  @inline(__always) static func bytes(_ m: SIMDMask<VI>) -> shim_vi_bytes {
    shim_bytes_i32(unsafeBitCast(m, to: VI.self) & VI(repeating: 1))
  }
  @inline(__always) static func saturating(_ x: Double) -> Float { Float(x) }
}

extension Double: Element {
  static var one: Double { 1 }
  @inline(__always) static func splat(_ x: Double) -> VD { VD(repeating: x) }
  @inline(__always) static func negated(_ x: VD) -> VD { double(bits(x) ^ VL(repeating: Int64.min)) }
  @inline(__always) static func magnitude(_ x: VD) -> VD { double(bits(x) & VL(repeating: Int64.max)) }
  @inline(__always) static func less(_ a: VD, _ b: VD) -> SIMDMask<VL> { a .< b }
  @inline(__always) static func lessOrEqual(_ a: VD, _ b: VD) -> SIMDMask<VL> { a .<= b }
  @inline(__always) static func equal(_ a: VD, _ b: VD) -> SIMDMask<VL> { a .== b }
  @inline(__always) static func notEqual(_ a: VD, _ b: VD) -> SIMDMask<VL> { a .!= b }
  @inline(__always) static func choose(_ m: SIMDMask<VL>, _ a: VD, _ b: VD) -> VD { b.replacing(with: a, where: m) }
  @inline(__always) static func bytes(_ m: SIMDMask<VL>) -> shim_vl_bytes {
    shim_bytes_i64(unsafeBitCast(m, to: VL.self) & VL(repeating: 1))
  }
  @inline(__always) static func saturating(_ x: Double) -> Double { x }
}

extension Int32: Element {
  static var one: Int32 { 1 }
  @inline(__always) static func splat(_ x: Int32) -> VI { VI(repeating: x) }
  @inline(__always) static func add(_ a: VI, _ b: VI) -> VI { a &+ b }
  @inline(__always) static func sub(_ a: VI, _ b: VI) -> VI { a &- b }
  @inline(__always) static func mul(_ a: VI, _ b: VI) -> VI { a &* b }
  @inline(__always) static func negated(_ x: VI) -> VI { VI(repeating: 0) &- x }
  @inline(__always) static func magnitude(_ x: VI) -> VI { x.replacing(with: negated(x), where: x .< VI(repeating: 0)) }
  @inline(__always) static func less(_ a: VI, _ b: VI) -> SIMDMask<VI> { a .< b }
  @inline(__always) static func lessOrEqual(_ a: VI, _ b: VI) -> SIMDMask<VI> { a .<= b }
  @inline(__always) static func equal(_ a: VI, _ b: VI) -> SIMDMask<VI> { a .== b }
  @inline(__always) static func notEqual(_ a: VI, _ b: VI) -> SIMDMask<VI> { a .!= b }
  @inline(__always) static func choose(_ m: SIMDMask<VI>, _ a: VI, _ b: VI) -> VI { b.replacing(with: a, where: m) }
  @inline(__always) static func bytes(_ m: SIMDMask<VI>) -> shim_vi_bytes { Float.bytes(m) }
  @inline(__always) static func saturating(_ x: Double) -> Int32 {
    x >= 2_147_483_647 ? Int32.max : x > -2_147_483_648 ? Int32(x) : x == x ? Int32.min : 0
  }
}

extension Int64: Element {
  static var one: Int64 { 1 }
  @inline(__always) static func splat(_ x: Int64) -> VL { VL(repeating: x) }
  @inline(__always) static func add(_ a: VL, _ b: VL) -> VL { a &+ b }
  @inline(__always) static func sub(_ a: VL, _ b: VL) -> VL { a &- b }
  @inline(__always) static func mul(_ a: VL, _ b: VL) -> VL { a &* b }
  @inline(__always) static func negated(_ x: VL) -> VL { VL(repeating: 0) &- x }
  @inline(__always) static func magnitude(_ x: VL) -> VL { x.replacing(with: negated(x), where: x .< VL(repeating: 0)) }
  @inline(__always) static func less(_ a: VL, _ b: VL) -> SIMDMask<VL> { a .< b }
  @inline(__always) static func lessOrEqual(_ a: VL, _ b: VL) -> SIMDMask<VL> { a .<= b }
  @inline(__always) static func equal(_ a: VL, _ b: VL) -> SIMDMask<VL> { a .== b }
  @inline(__always) static func notEqual(_ a: VL, _ b: VL) -> SIMDMask<VL> { a .!= b }
  @inline(__always) static func choose(_ m: SIMDMask<VL>, _ a: VL, _ b: VL) -> VL { b.replacing(with: a, where: m) }
  @inline(__always) static func bytes(_ m: SIMDMask<VL>) -> shim_vl_bytes { Double.bytes(m) }
  @inline(__always) static func saturating(_ x: Double) -> Int64 {
    x >= 0x1p63 ? Int64.max : x > -0x1p63 ? Int64(x) : x == x ? Int64.min : 0
  }
}

extension UInt8: Element {
  static var one: UInt8 { 1 }
  @inline(__always) static func splat(_ x: UInt8) -> VB { VB(repeating: x) }
  @inline(__always) static func add(_ a: VB, _ b: VB) -> VB { a &+ b }
  @inline(__always) static func sub(_ a: VB, _ b: VB) -> VB { a &- b }
  @inline(__always) static func mul(_ a: VB, _ b: VB) -> VB { a &* b }
  @inline(__always) static func negated(_ x: VB) -> VB { VB(repeating: 0) &- x }
  @inline(__always) static func magnitude(_ x: VB) -> VB { x }
  // Comparing and replacing bytes is scalarised by Swift for 32 lanes and more, so C does it.
  @inline(__always) static func less(_ a: VB, _ b: VB) -> SIMDMask<VB.MaskStorage> { mask(shim_less_u8(a, b)) }
  @inline(__always) static func lessOrEqual(_ a: VB, _ b: VB) -> SIMDMask<VB.MaskStorage> { mask(shim_not_u8(shim_less_u8(b, a))) }
  @inline(__always) static func equal(_ a: VB, _ b: VB) -> SIMDMask<VB.MaskStorage> { mask(shim_equal_u8(a, b)) }
  @inline(__always) static func notEqual(_ a: VB, _ b: VB) -> SIMDMask<VB.MaskStorage> { mask(shim_not_u8(shim_equal_u8(a, b))) }
  @inline(__always) static func choose(_ m: SIMDMask<VB.MaskStorage>, _ a: VB, _ b: VB) -> VB {
    shim_choose_u8(unsafeBitCast(m, to: VB.self), a, b)
  }
  @inline(__always) static func bytes(_ m: SIMDMask<VB.MaskStorage>) -> VB { shim_truth_u8(unsafeBitCast(m, to: VB.self)) }
  @inline(__always) private static func mask(_ m: VB) -> SIMDMask<VB.MaskStorage> {
    unsafeBitCast(m, to: SIMDMask<VB.MaskStorage>.self)
  }
  @inline(__always) static func saturating(_ x: Double) -> UInt8 { x >= 255 ? 255 : x > 0 ? UInt8(x) : 0 }
}

/// The case numbered `raw` of a kernel enum that ends with `last`; for the reason given at `dtype`, without `init(rawValue:)`.
/// Raw values are the declaration order, and there are fewer than 256, so the case is one byte of that value.
@inline(__always) func kernel<K>(_ raw: Int32, _ type: K.Type, _ last: K) -> K? {
  let byte = UInt8(truncatingIfNeeded: raw)
  return raw >= 0 && raw <= Int32(unsafeBitCast(last, to: UInt8.self)) ? unsafeBitCast(byte, to: K.self) : nil
}

// MARK: - Partial vectors

/// The first `bytes` bytes from memory, zero beyond.
@inline(__always) func loadPart<V: SIMD & BitwiseCopyable>(_ p: UnsafeRawPointer, _ bytes: Int, _ zero: V) -> V {
  var v = zero
  memcpy(&v, p, bytes)
  return v
}
@inline(__always) func storePart<V: SIMD & BitwiseCopyable>(_ p: UnsafeMutableRawPointer, _ bytes: Int, _ v: V) {
  var t = v
  memcpy(p, &t, bytes)
}
@inline(__always) func loadWhole<V: SIMD & BitwiseCopyable>(_ p: UnsafeRawPointer, as: V.Type) -> V {
  var v = V()
  memcpy(&v, p, MemoryLayout<V>.size)
  return v
}
@inline(__always) func storeWhole<V: SIMD & BitwiseCopyable>(_ p: UnsafeMutableRawPointer, _ v: V) {
  var t = v
  memcpy(p, &t, MemoryLayout<V>.size)
}

// MARK: - Loops

/// x → y on vectors of T; Out is T.V, or T.Bytes for a truth value.
protocol UnaryOperation {
  associatedtype T: Element
  associatedtype Out: SIMD & BitwiseCopyable
  static func apply(_ x: T.V, _ p: T.V, _ q: T.V) -> Out
}

/// Reads each vector before writing it, so x and y may be the same memory.
@inline(__always) func map<O: UnaryOperation>(
  _ o: O.Type, _ n: Int, _ x: UnsafeRawPointer, _ y: UnsafeMutableRawPointer, _ p: Double, _ q: Double
) {
  let lanes = O.T.V.scalarCount, size = MemoryLayout<O.T>.stride, outSize = MemoryLayout<O.Out.Scalar>.stride
  let vp = O.T.splat(O.T.saturating(p)), vq = O.T.splat(O.T.saturating(q))
  var i = 0
  while i &+ lanes <= n {
    storeWhole(y + i &* outSize, O.apply(loadWhole(x + i &* size, as: O.T.V.self), vp, vq))
    i &+= lanes
  }
  if i < n {
    let v = loadPart(x + i &* size, (n &- i) &* size, O.T.splat(O.T.one))
    storePart(y + i &* outSize, (n &- i) &* outSize, O.apply(v, vp, vq))
  }
}

/// a, b → y on vectors of T.
protocol BinaryOperation {
  associatedtype T: Element
  associatedtype Out: SIMD & BitwiseCopyable
  static func apply(_ a: T.V, _ b: T.V) -> Out
}

/// A stride of 0 becomes a vector of that one value, re-read at step 0: one loop serves every combination of strides.
@inline(__always) func map<O: BinaryOperation>(
  _ o: O.Type, _ n: Int, _ a: UnsafeRawPointer, _ aStride: Int, _ b: UnsafeRawPointer, _ bStride: Int,
  _ y: UnsafeMutableRawPointer
) {
  if n <= 0 { return }
  var aValue = O.T.splat(a.loadUnaligned(as: O.T.self)), bValue = O.T.splat(b.loadUnaligned(as: O.T.self))
  mapRuns(o, n, a, aStride, &aValue, b, bStride, &bValue, y)
}

@inline(__always) private func mapRuns<O: BinaryOperation>(
  _ o: O.Type, _ n: Int, _ a: UnsafeRawPointer, _ aStride: Int, _ aValue: UnsafeRawPointer,
  _ b: UnsafeRawPointer, _ bStride: Int, _ bValue: UnsafeRawPointer, _ y: UnsafeMutableRawPointer
) {
  let lanes = O.T.V.scalarCount, size = MemoryLayout<O.T>.stride, outSize = MemoryLayout<O.Out.Scalar>.stride
  let aStep = aStride == 0 ? 0 : lanes &* size, bStep = bStride == 0 ? 0 : lanes &* size
  var pa = aStride == 0 ? aValue : a, pb = bStride == 0 ? bValue : b
  var i = 0
  while i &+ lanes <= n {
    storeWhole(y + i &* outSize, O.apply(loadWhole(pa, as: O.T.V.self), loadWhole(pb, as: O.T.V.self)))
    pa += aStep
    pb += bStep
    i &+= lanes
  }
  if i < n {
    let one = O.T.splat(O.T.one), rest = (n &- i) &* size
    let r = O.apply(loadPart(pa, rest, one), loadPart(pb, rest, one))
    storePart(y + i &* outSize, (n &- i) &* outSize, r)
  }
}
