import Foundation
import KernelAPI
import Testing

/// Values that exercise every rule of a type: ends of the range, ±0, subnormals, infinities, NaN.
private protocol TestElement: Equatable, Sendable {
  static var type: DType { get }
  static var specials: [Self] { get }
  static func random(_ g: inout SplitMix64) -> Self
  static var zero: Self { get }
  func same(_ other: Self) -> Bool
}
extension TestElement where Self: FixedWidthInteger {
  static var specials: [Self] { [0, 1, 2, 3, .max, .min, .max - 1, .min + 1] + (Self.isSigned ? [0 &- 1, 0 &- 2, 0 &- 3] : []) }
  static func random(_ g: inout SplitMix64) -> Self { Self(truncatingIfNeeded: g.next()) >> (g.next() % 2 == 0 ? 0 : Self(Self.bitWidth - 5)) }
  func same(_ other: Self) -> Bool { self == other }
}
extension TestElement where Self: BinaryFloatingPoint {
  static var specials: [Self] {
    [0, -0.0, 1, -1, .infinity, -.infinity, .nan, .leastNonzeroMagnitude, -.leastNormalMagnitude, .greatestFiniteMagnitude, 0.5, -2]
  }
  static func random(_ g: inout SplitMix64) -> Self { Self(Double.random(in: -4...4, using: &g)) }
  func same(_ other: Self) -> Bool { (isNaN && other.isNaN) || (self == other && (sign == other.sign || self != 0)) }
}
extension Float: TestElement { static var type: DType { .float32 }; static var zero: Float { 0 } }
extension Double: TestElement { static var type: DType { .float64 }; static var zero: Double { 0 } }
extension Int64: TestElement { static var type: DType { .int64 } }
extension Int32: TestElement { static var type: DType { .int32 } }
extension UInt8: TestElement { static var type: DType { .uint8 } }

private func inputs<T: TestElement>(_ n: Int, _ seed: UInt64, _ t: T.Type = T.self) -> [T] {
  var g = SplitMix64(seed)
  return (0..<n).map { i in Int.random(in: 0..<3, using: &g) == 0 ? T.specials[Int.random(in: 0..<T.specials.count, using: &g)] : T.random(&g) }
}

private let lengths = Array(0...67) + [128, 131, 1000]

private func checkUnary<T: TestElement, Y>(
  _ table: KernelTable, _ op: UnaryKernel, _ type: DType, _ t: T.Type, zero: Y, p: Double = 0, q: Double = 0,
  _ same: (Y, Y) -> Bool, _ f: (T) -> Y
) throws {
  for n in lengths {
    let x = inputs(n, UInt64(n), t)
    let y = try #require(table.runUnary(op, type, x, as: Y.self, zero: zero, p: p, q: q), "\(op) \(type)")
    let wrong = (0..<n).first { !same(y[$0], f(x[$0])) }
    #expect(wrong == nil, "\(op) \(type) n \(n): f(\(wrong.map { "\(x[$0])" } ?? "")) = \(wrong.map { "\(y[$0])" } ?? "")")
  }
}
private func checkUnary<T: TestElement>(_ table: KernelTable, _ op: UnaryKernel, _ t: T.Type, p: Double = 0, q: Double = 0, _ f: (T) -> T) throws {
  try checkUnary(table, op, T.type, t, zero: T.zero, p: p, q: q, { $0.same($1) }, f)
}

private func checkBinary<T: TestElement, Y>(
  _ table: KernelTable, _ op: BinaryKernel, _ type: DType, _ t: T.Type, zero: Y, _ same: (Y, Y) -> Bool, _ f: (T, T) -> Y
) throws {
  for n in lengths {
    for (aStride, bStride) in [(1, 1), (0, 1), (1, 0), (0, 0)] {
      let a = inputs(max(n, 1), UInt64(n), t), b = inputs(max(n, 1), UInt64(n) + 1000, t)
      let y = try #require(table.runBinary(op, type, n, a, aStride, b, bStride, zero: zero), "\(op) \(type)")
      let wrong = (0..<n).first { !same(y[$0], f(a[$0 * aStride], b[$0 * bStride])) }
      #expect(wrong == nil, "\(op) \(type) n \(n) strides \(aStride) \(bStride) at \(wrong ?? -1): \(wrong.map { "\(a[$0 * aStride]), \(b[$0 * bStride]) gave \(y[$0])" } ?? "")")
    }
  }
}
private func checkBinary<T: TestElement>(_ table: KernelTable, _ op: BinaryKernel, _ t: T.Type, _ f: (T, T) -> T) throws {
  try checkBinary(table, op, T.type, t, zero: T.zero, { $0.same($1) }, f)
}

private func integerPower<T: FixedWidthInteger>(_ a: T, _ b: T) -> T {
  if b < 0 { return a == 1 ? 1 : a == 0 &- 1 ? (b & 1 == 1 ? a : 1) : 0 }
  var r: T = 1, base = a, e = b
  while e != 0 {
    if e & 1 == 1 { r = r &* base }
    base = base &* base
    e >>= 1
  }
  return r
}

@Suite("Elementwise kernels agree with scalar code at every length and stride")
struct ElementwiseTests {
  private func integers<T: TestElement & FixedWidthInteger>(_ table: KernelTable, _ t: T.Type) throws {
    try checkUnary(table, .neg, t) { 0 &- $0 }
    try checkUnary(table, .abs, t) { $0 < 0 ? 0 &- $0 : $0 }
    try checkUnary(table, .sign, t) { $0 > 0 ? 1 : $0 < 0 ? 0 &- 1 : 0 }
    try checkUnary(table, .square, t) { $0 &* $0 }
    try checkUnary(table, .clamp, t, p: 1.5, q: 9) { $0 < 1 ? 1 : $0 > 9 ? 9 : $0 }
    try checkUnary(table, .clamp, t, p: -.infinity, q: 1e300) { $0 }
    try checkUnary(table, .clamp, t, p: 7, q: 5) { _ in 5 }
    try checkBinary(table, .add, t) { $0 &+ $1 }
    try checkBinary(table, .sub, t) { $0 &- $1 }
    try checkBinary(table, .mul, t) { $0 &* $1 }
    try checkBinary(table, .maximum, t) { $0 < $1 ? $1 : $0 }
    try checkBinary(table, .minimum, t) { $1 < $0 ? $1 : $0 }
    try checkBinary(table, .pow, t) { integerPower($0, $1) }
    #expect(table.runBinary(.div, T.type, 1, [T.zero], 1, [T.zero], 1, zero: T.zero) == nil)
    try truths(table, T.type, t)
  }

  private func truths<T: TestElement & Comparable>(_ table: KernelTable, _ type: DType, _ t: T.Type) throws {
    try checkUnary(table, .logicalNot, type, t, zero: UInt8(0), ==) { $0 == T.zero ? 1 : 0 }
    try checkBinary(table, .eq, type, t, zero: UInt8(0), ==) { $0 == $1 ? 1 : 0 }
    try checkBinary(table, .ne, type, t, zero: UInt8(0), ==) { $0 != $1 ? 1 : 0 }
    try checkBinary(table, .lt, type, t, zero: UInt8(0), ==) { $0 < $1 ? 1 : 0 }
    try checkBinary(table, .le, type, t, zero: UInt8(0), ==) { $0 <= $1 ? 1 : 0 }
    try checkBinary(table, .gt, type, t, zero: UInt8(0), ==) { $0 > $1 ? 1 : 0 }
    try checkBinary(table, .ge, type, t, zero: UInt8(0), ==) { $0 >= $1 ? 1 : 0 }
  }

  private func floats<T: TestElement & BinaryFloatingPoint>(_ table: KernelTable, _ t: T.Type) throws {
    try checkUnary(table, .neg, t) { -$0 }
    try checkUnary(table, .abs, t) { $0.magnitude }
    try checkUnary(table, .sign, t) { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 }
    try checkUnary(table, .square, t) { $0 * $0 }
    try checkUnary(table, .clamp, t, p: -0.5, q: 1.25) { $0.isNaN ? $0 : $0 < -0.5 ? -0.5 : $0 > 1.25 ? 1.25 : $0 }
    try checkUnary(table, .clamp, t, p: 2, q: 1) { $0.isNaN ? $0 : 1 }
    try checkUnary(table, .sqrt, t) { $0.squareRoot() }
    try checkUnary(table, .rsqrt, t) { 1 / $0.squareRoot() }
    try checkUnary(table, .reciprocal, t) { 1 / $0 }
    try checkUnary(table, .relu, t) { $0 < 0 ? 0 : $0 }
    try checkUnary(table, .leakyRelu, t, p: 0.25) { $0 > 0 ? $0 : $0 * 0.25 }
    try checkUnary(table, .leakyReluSlope, t, p: 0.25) { $0 > 0 ? 1 : 0.25 }
    try checkUnary(table, .hardswish, t) { $0 * ($0.isNaN ? $0 : Swift.max(Swift.min($0 + 3, 6), 0)) / 6 }
    try checkUnary(table, .hardswishSlope, t) { $0 <= -3 ? 0 : $0 < 3 ? $0 / 3 + 0.5 : 1 }
    try checkUnary(table, .powScalar, t, p: 2) { $0 * $0 }
    try checkUnary(table, .powScalar, t, p: 3) { $0 * $0 * $0 }
    try checkUnary(table, .powScalar, t, p: 0) { _ in 1 }
    try checkBinary(table, .add, t) { $0 + $1 }
    try checkBinary(table, .sub, t) { $0 - $1 }
    try checkBinary(table, .mul, t) { $0 * $1 }
    try checkBinary(table, .div, t) { $0 / $1 }
    // Of two equal zeros either may be returned.
    let sameOrZero = { (a: T, b: T) in a.same(b) || (a == 0 && b == 0) }
    try checkBinary(table, .maximum, T.type, t, zero: 0, sameOrZero) { $0.isNaN || $1.isNaN ? .nan : Swift.max($0, $1) }
    try checkBinary(table, .minimum, T.type, t, zero: 0, sameOrZero) { $0.isNaN || $1.isNaN ? .nan : Swift.min($0, $1) }
    try checkBinary(table, .reluBackward, t) { $1 <= 0 ? 0 : $0 }
    try checkBinary(table, .sigmoidBackward, t) { $0 * $1 * (1 - $1) }
    try checkBinary(table, .tanhBackward, t) { $0 * (1 - $1 * $1) }
    try truths(table, T.type, t)
  }

  @Test(arguments: variants) func float32(_ table: KernelTable) throws { try floats(table, Float.self) }
  @Test(arguments: variants) func float64(_ table: KernelTable) throws { try floats(table, Double.self) }
  @Test(arguments: variants) func int64(_ table: KernelTable) throws { try integers(table, Int64.self) }
  @Test(arguments: variants) func int32(_ table: KernelTable) throws { try integers(table, Int32.self) }
  @Test(arguments: variants) func uint8(_ table: KernelTable) throws { try integers(table, UInt8.self) }

  @Test("bool compares, inverts, ands and ors, and does nothing else", arguments: variants) func bool(_ table: KernelTable) throws {
    let a: [UInt8] = (0..<67).map { $0 % 2 }, b: [UInt8] = (0..<67).map { $0 / 2 % 2 }
    #expect(table.runBinary(.maximum, .bool, 67, a, 1, b, 1, zero: UInt8(0)) == zip(a, b).map { $0 | $1 })
    #expect(table.runBinary(.minimum, .bool, 67, a, 1, b, 1, zero: UInt8(0)) == zip(a, b).map { $0 & $1 })
    #expect(table.runBinary(.lt, .bool, 67, a, 1, b, 1, zero: UInt8(0)) == zip(a, b).map { $0 < $1 ? 1 : 0 })
    #expect(table.runUnary(.logicalNot, .bool, a, as: UInt8.self, zero: 0) == a.map { 1 - $0 })
    #expect(table.runUnary(.neg, .bool, a, as: UInt8.self, zero: 0) == nil)
    #expect(table.runBinary(.add, .bool, 67, a, 1, b, 1, zero: UInt8(0)) == nil)
    let halves: [UInt16] = [0, 0x8000, 1, 0x3c00, 0x7e00]
    for type in [DType.float16, .bfloat16] {
      #expect(table.runUnary(.logicalNot, type, halves, as: UInt8.self, zero: 0) == [1, 1, 0, 0, 0])
      #expect(table.runUnary(.neg, type, halves, as: UInt16.self, zero: 0) == nil)
    }
  }

  @Test("unknown numbers have no kernel", arguments: variants) func unknown(_ table: KernelTable) {
    for raw in [Int32(-1), 1000, 256, .min, .max] {
      #expect(table.unary(raw, 0) == nil && table.binary(raw, 0) == nil && table.random(raw, 0) == nil)
    }
    for raw in [UInt8(8), 255] { #expect(table.unary(0, raw) == nil && table.cast(raw, 0) == nil && table.cast(0, raw) == nil) }
    #expect(table.select(3) == nil)
  }

  @Test("a transcendental gives the same bits wherever its element stands", arguments: variants) func position(_ table: KernelTable) throws {
    let x: [Float] = inputs(67, 3), wide: [Double] = inputs(67, 4)
    for op in [UnaryKernel.exp, .log, .erf, .tanh, .sigmoid, .gelu, .geluTanh, .sin, .cos, .powScalar, .rsqrt, .softplus, .silu, .siluSlope, .mish, .mishSlope, .elu, .eluSlope] {
      let whole = try #require(table.runUnary(op, .float32, x, as: Float.self, zero: 0, p: 1.7))
      let wideWhole = try #require(table.runUnary(op, .float64, wide, as: Double.self, zero: 0, p: 1.7))
      for cut in 0...67 {
        let head = table.runUnary(op, .float32, Array(x[..<cut]), as: Float.self, zero: 0, p: 1.7)!
        let tail = table.runUnary(op, .float32, Array(x[cut...]), as: Float.self, zero: 0, p: 1.7)!
        #expect((head + tail).map(\.bitPattern) == whole.map(\.bitPattern), "\(op) cut at \(cut)")
        let wideHead = table.runUnary(op, .float64, Array(wide[..<cut]), as: Double.self, zero: 0, p: 1.7)!
        let wideTail = table.runUnary(op, .float64, Array(wide[cut...]), as: Double.self, zero: 0, p: 1.7)!
        #expect((wideHead + wideTail).map(\.bitPattern) == wideWhole.map(\.bitPattern), "\(op) cut at \(cut)")
      }
    }
  }

  @Test("input and output may be the same memory", arguments: variants) func inPlace(_ table: KernelTable) throws {
    for n in lengths {
      let x: [Float] = inputs(n, 5), b: [Float] = inputs(max(n, 1), 6)
      var y = x
      let neg = try #require(table.unary(UnaryKernel.neg.rawValue, 0)), add = try #require(table.binary(BinaryKernel.add.rawValue, 0))
      y.withUnsafeMutableBytes { if n > 0 { neg(n, UnsafeRawPointer($0.baseAddress!), $0.baseAddress!, 0, 0) } }
      b.withUnsafeBytes { b in y.withUnsafeMutableBytes { if n > 0 { add(n, UnsafeRawPointer($0.baseAddress!), 1, b.baseAddress!, 1, $0.baseAddress!) } } }
      #expect((0..<n).allSatisfy { y[$0].same(-x[$0] + b[$0]) })
    }
  }

  private func selects<T: TestElement>(_ table: KernelTable, _ t: T.Type) throws {
    let f = try #require(table.select(MemoryLayout<T>.size))
    for n in lengths {
      for strides in 0..<8 {
        let (cs, s, r) = (strides & 1, strides >> 1 & 1, strides >> 2)
        let c: [UInt8] = (0..<max(n, 1)).map { UInt8($0 * 7 / 3 % 2) }, a = inputs(max(n, 1), 8, t), b = inputs(max(n, 1), 9, t)
        let y = filled(n, T.zero) { y in
          c.withUnsafeBytes { c in a.withUnsafeBytes { a in b.withUnsafeBytes { b in
            f(n, c.baseAddress!, cs, a.baseAddress!, s, b.baseAddress!, r, y)
          } } }
        }
        #expect((0..<n).allSatisfy { y[$0].same(c[$0 * cs] != 0 ? a[$0 * s] : b[$0 * r]) }, "n \(n) strides \(cs) \(s) \(r)")
      }
    }
  }
  @Test("select picks by a byte", arguments: variants) func select(_ table: KernelTable) throws {
    try selects(table, UInt8.self)
    try selects(table, Int32.self)
    try selects(table, Double.self)
  }
}
