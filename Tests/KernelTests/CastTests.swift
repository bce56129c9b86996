import Foundation
import KernelAPI
import Testing

private func size(_ t: DType) -> Int {
  switch t {
  case .float64, .int64: 8
  case .float32, .int32: 4
  case .float16, .bfloat16: 2
  case .uint8, .bool: 1
  }
}

/// One element as bytes.
private func encoded(_ t: DType, _ x: Double) -> [UInt8] {
  func bytes<T>(_ v: T) -> [UInt8] { withUnsafeBytes(of: v) { Array($0) } }
  func saturating<I: FixedWidthInteger>(_ i: I.Type) -> I { x.isNaN ? 0 : x >= Double(I.max) ? .max : x <= Double(I.min) ? .min : I(x) }
  switch t {
  case .float32: return bytes(Float(x))
  case .float64: return bytes(x)
  case .int64: return bytes(saturating(Int64.self))
  case .int32: return bytes(saturating(Int32.self))
  case .uint8: return bytes(saturating(UInt8.self))
  case .bool: return [x != 0 ? 1 : 0]
  case .float16: return bytes(Float16(Float(x)))
  case .bfloat16: return bytes(bfloat(Float(x)))
  }
}
private func decoded(_ t: DType, _ p: UnsafeRawPointer) -> Double {
  switch t {
  case .float32: Double(p.loadUnaligned(as: Float.self))
  case .float64: p.loadUnaligned(as: Double.self)
  case .int64: Double(p.loadUnaligned(as: Int64.self))
  case .int32: Double(p.loadUnaligned(as: Int32.self))
  case .uint8, .bool: Double(p.load(as: UInt8.self))
  case .float16: Double(p.loadUnaligned(as: Float16.self))
  case .bfloat16: Double(Float(bitPattern: UInt32(p.loadUnaligned(as: UInt16.self)) << 16))
  }
}
/// Nearest even by way of exact arithmetic: the two neighbours, and the closer or the even one.
private func bfloat(_ x: Float) -> UInt16 {
  if x.isNaN { return 0x7fc0 }
  let down = UInt16(x.bitPattern >> 16)
  if Float(bitPattern: UInt32(down) << 16) == x { return down }
  let up = down + 1
  let middle = Float(bitPattern: UInt32(down) << 16 | 0x8000)
  return x.magnitude > middle.magnitude ? up : x.magnitude < middle.magnitude ? down : down & 1 == 0 ? down : up
}

private let values: [Double] = [
  0, -0.0, 1, -1, 2, 3.5, -3.5, 0.49, -0.99, 100, 127, 128, 200, 254.6, 255, 256, 1000, 2049, 2051, 65504, 65519, 65520, 70000, 1e5, 16_777_217, -16_777_219,
  2_147_483_647, 2_147_483_648, -2_147_483_648, -2_147_483_649, 4e9, 9.2e18, -9.2e18, 0x1p63, -0x1p63, 1e19, -1e19, 1e39, -1e300, .infinity, -.infinity,
  .nan, 5.96e-8, 2.98e-8, 2.9802322387695312e-08, 3e-8, 6.1e-5, 6.097e-5, 6.103515625e-05, 1e-45, 1e-40, 5e-324, 1.00390625, 1.01171875, 1.0048828125, 1.00146484375,
  .pi, -.pi,
]

@Suite("Casts round to nearest even, saturate to integers and never trap")
struct CastTests {
  @Test("all types to all types", arguments: variants) func all(_ table: KernelTable) throws {
    for from in DType.allCases {
      for to in DType.allCases {
        let f = try #require(table.cast(from.rawValue, to.rawValue))
        for n in Array(0...67) + [200] {
          var x: [UInt8] = []
          for i in 0..<n { x += encoded(from, values[(i + n * 31) % values.count]) }
          x.append(0)  // never an empty array
          let y = filled(n * size(to), UInt8(0)) { y in x.withUnsafeBytes { f(n, $0.baseAddress!, y) } }
          for i in 0..<n {
            let value = x.withUnsafeBytes { decoded(from, $0.baseAddress! + i * size(from)) }
            let got = y.withUnsafeBytes { Array($0[(i * size(to))..<((i + 1) * size(to))]) }
            let isInteger = [.int64, .int32, .uint8, .bool].contains(from)
            var want = encoded(to, value)
            if isInteger && (to == .int32 || to == .uint8 || to == .int64) {  // low bits, sign extended
              let whole: Int64 = x.withUnsafeBytes {
                let p = $0.baseAddress! + i * size(from)
                return from == .int64 ? p.loadUnaligned(as: Int64.self) : Int64(value)
              }
              want = withUnsafeBytes(of: whole) { Array($0.prefix(size(to))) }
            } else if from == .int64 && (to == .float32 || to == .float16 || to == .bfloat16) {  // one rounding, not two
              let whole = x.withUnsafeBytes { ($0.baseAddress! + i * 8).loadUnaligned(as: Int64.self) }
              want = encoded(to, Double(Float(whole)))
            }
            let gotValue = got.withUnsafeBytes { decoded(to, $0.baseAddress!) }, wantValue = want.withUnsafeBytes { decoded(to, $0.baseAddress!) }
            #expect(got == want || (gotValue.isNaN && wantValue.isNaN), "\(from) \(value) to \(to): \(gotValue), not \(wantValue)")
          }
        }
      }
    }
  }

  @Test("every half value widens exactly and comes back", arguments: variants) func halves(_ table: KernelTable) throws {
    let all = (0...UInt16.max).map { $0 }
    for type in [DType.float16, .bfloat16] {
      let widen = try #require(table.cast(type.rawValue, DType.float32.rawValue)), narrow = try #require(table.cast(DType.float32.rawValue, type.rawValue))
      let wide = filled(all.count, Float(0)) { y in all.withUnsafeBytes { widen(all.count, $0.baseAddress!, y) } }
      let back = filled(all.count, UInt16(0)) { y in wide.withUnsafeBytes { narrow(all.count, $0.baseAddress!, y) } }
      for i in all.indices {
        let exact = type == .float16 ? Float(Float16(bitPattern: all[i])) : Float(bitPattern: UInt32(all[i]) << 16)
        #expect(wide[i].bitPattern == exact.bitPattern || (wide[i].isNaN && exact.isNaN))
        #expect(back[i] == all[i] || exact.isNaN)
      }
    }
  }

  @Test("random bit patterns round to float16 as the hardware does", arguments: variants) func float16(_ table: KernelTable) throws {
    var g = SplitMix64(21)
    let x = (0..<200_000).map { i in
      i % 2 == 0 ? Float(bitPattern: UInt32(truncatingIfNeeded: g.next())) : Float(bitPattern: UInt32(truncatingIfNeeded: g.next()) % 0x1800_0000 + 0x3200_0000)
    }
    let f = try #require(table.cast(DType.float32.rawValue, DType.float16.rawValue))
    let y = filled(x.count, Float16(0)) { y in x.withUnsafeBytes { f(x.count, $0.baseAddress!, y) } }
    #expect(x.indices.allSatisfy { y[$0] == Float16(x[$0]) || (y[$0].isNaN && x[$0].isNaN) })
  }
}

@Suite("Copies move every element between any strides")
struct CopyTests {
  private func check<T: FixedWidthInteger>(_ table: KernelTable, _ t: T.Type) {
    for (rows, columns) in [(0, 5), (5, 0), (1, 1), (1, 67), (67, 1), (3, 7), (31, 33), (32, 32), (64, 96), (65, 70), (100, 40)] {
      let x = (0..<max(4 * rows * columns, 64) + 8).map { T(truncatingIfNeeded: $0 &* 2_654_435_761) }
      // (xRow, xColumn, yRow, yColumn)
      let layouts = [
        (columns, 1, columns, 1), (columns + 3, 1, columns, 1), (1, rows, columns, 1), (1, rows + 2, columns, 1), (columns, 1, 1, rows),
        (1, 0, columns, 1), (0, 1, columns, 1), (0, 0, columns, 1), (1, 0, 1, rows), (2 * columns, 2, columns, 1), (columns, 1, 2 * columns, 2), (2, 2 * rows, 1, rows),
      ]
      for (xRow, xColumn, yRow, yColumn) in layouts {
        let count = rows == 0 || columns == 0 ? 0 : (rows - 1) * yRow + (columns - 1) * yColumn + 1
        let y = filled(count, T(0)) { y in
          x.withUnsafeBytes { table.copy(rows, columns, $0.baseAddress!, xRow, xColumn, y, yRow, yColumn, MemoryLayout<T>.size) }
        }
        var wrong = 0
        for r in 0..<rows { for c in 0..<columns where y[r * yRow + c * yColumn] != x[r * xRow + c * xColumn] { wrong += 1 } }
        #expect(wrong == 0, "\(rows)x\(columns) \((xRow, xColumn, yRow, yColumn))")
      }
    }
    // Backwards, as a flipped view reads.
    let x: [T] = (0..<40).map { T($0) }
    let y = filled(40, T(0)) { y in
      x.withUnsafeBytes { table.copy(4, 10, $0.baseAddress! + 39 * MemoryLayout<T>.size, -10, -1, y, 10, 1, MemoryLayout<T>.size) }
    }
    #expect(y == x.reversed())
  }
  @Test(arguments: variants) func copy(_ table: KernelTable) {
    check(table, UInt8.self)
    check(table, UInt16.self)
    check(table, UInt32.self)
    check(table, UInt64.self)
  }
}
