// What the tests of matrix, reduction, row and optimizer kernels share: the two real types by their DType, random rows and
// errors in units of the type.
import KernelAPI

protocol TestReal: BinaryFloatingPoint {
  static var dtype: DType { get }
}
extension Float: TestReal { static var dtype: DType { .float32 } }
extension Double: TestReal { static var dtype: DType { .float64 } }

extension TestReal {
  /// 2⁻²⁴ or 2⁻⁵³: the largest relative error of one rounding.
  static var roundoff: Double { Double(Self.ulpOfOne) / 2 }
}

/// Values in −1 … 1, multiples of 2⁻²⁰, so that every type holds them exactly.
func values<T: TestReal>(_ n: Int, _ random: inout SplitMix64) -> [T] {
  (0..<n).map { _ in T(Double(Int(random.next() >> 43)) / 1_048_576 - 1) }
}

/// Equal, both NaN, or no further apart than `tolerance`.
func close<T: TestReal>(_ a: T, _ b: Double, _ tolerance: Double) -> Bool {
  a.isNaN || b.isNaN ? a.isNaN && b.isNaN : Double(a) == b || abs(Double(a) - b) <= tolerance
}
