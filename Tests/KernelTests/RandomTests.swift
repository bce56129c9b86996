import Foundation
import KernelAPI
import Testing

/// Philox 4x32-10 as in the paper, one block at a time.
private func philox(_ counter: [UInt32], _ key: [UInt32]) -> [UInt32] {
  var c = counter, k = key
  for _ in 0..<10 {
    let p = UInt64(c[0]) * 0xD251_1F53, q = UInt64(c[2]) * 0xCD9E_8D57
    c = [UInt32(q >> 32) ^ c[1] ^ k[0], UInt32(truncatingIfNeeded: q), UInt32(p >> 32) ^ c[3] ^ k[1], UInt32(truncatingIfNeeded: p)]
    k = [k[0] &+ 0x9E37_79B9, k[1] &+ 0xBB67_AE85]
  }
  return c
}
private func word(_ i: UInt64, _ key: UInt64) -> UInt32 {
  let block = i / 4
  return philox(
    [UInt32(truncatingIfNeeded: block), UInt32(block >> 32), 0, 0], [UInt32(truncatingIfNeeded: key), UInt32(key >> 32)])[Int(i % 4)]
}
private func uniformFloat(_ i: UInt64, _ key: UInt64) -> Float { Float(word(i, key) >> 8) * 0x1p-24 }
private func uniformDouble(_ i: UInt64, _ key: UInt64) -> Double {
  let w = UInt64(word(2 * i, key)) | UInt64(word(2 * i + 1, key)) << 32
  return Double(w >> 11) * 0x1p-53
}

extension KernelTable {
  fileprivate func random<T>(_ op: RandomKernel, _ type: DType, _ n: Int, _ key: UInt64, _ offset: UInt64, _ zero: T, p: Double = 0, scale: Double = 1) throws -> [T] {
    let f = try #require(random(op.rawValue, type.rawValue))
    return filled(n, zero) { f(n, key, offset, $0, p, scale) }
  }
}

@Suite("Random fills are Philox 4x32-10, whatever the cut")
struct RandomTests {
  @Test("the reference has the published answers") func knownAnswers() {
    #expect(philox([0, 0, 0, 0], [0, 0]) == [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8])
    let ones = UInt32.max
    #expect(philox([ones, ones, ones, ones], [ones, ones]) == [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd])
  }

  static let places: [(key: UInt64, offset: UInt64)] = [
    (0, 0), (0x1234_5678_9abc_def0, 0), (42, 1), (42, 2), (42, 3), (7, 4 * 0xffff_fffe), (7, 4 * 0xffff_fffe + 2), (.max, 1 << 40),
  ]

  @Test(arguments: variants) func uniform(_ table: KernelTable) throws {
    for (key, offset) in Self.places {
      for n in Array(0...67) + [200] {
        #expect(try table.random(.uniform, .float32, n, key, offset, Float(0)) == (0..<n).map { uniformFloat(offset + UInt64($0), key) })
        #expect(try table.random(.uniform, .float64, n, key, offset, 0.0) == (0..<n).map { uniformDouble(offset + UInt64($0), key) })
      }
    }
  }

  @Test(arguments: variants) func dropout(_ table: KernelTable) throws {
    for (key, offset) in Self.places {
      for n in 0...67 {
        let mask = try table.random(.dropoutMask, .float32, n, key, offset, Float(0), p: 0.25, scale: 1 / 0.75)
        #expect(mask == (0..<n).map { uniformFloat(offset + UInt64($0), key) < 0.25 ? 0 : Float(1 / 0.75) })
        let wide = try table.random(.dropoutMask, .float64, n, key, offset, 0.0, p: 0.25, scale: 1 / 0.75)
        #expect(wide == (0..<n).map { uniformDouble(offset + UInt64($0), key) < 0.25 ? 0 : 1 / 0.75 })
      }
    }
    #expect(try table.random(.dropoutMask, .float32, 1000, 3, 0, Float(0), p: 0).allSatisfy { $0 == 1 })
    #expect(try table.random(.dropoutMask, .float32, 1000, 3, 0, Float(0), p: 1).allSatisfy { $0 == 0 })
  }

  @Test(arguments: variants) func normal(_ table: KernelTable) throws {
    func pair(_ u: Double, _ v: Double) -> [Double] {
      let r = (-2 * log(1 - u)).squareRoot()
      return [r * cos(2 * .pi * v), r * sin(2 * .pi * v)]
    }
    for (key, offset) in Self.places where offset % 2 == 0 {
      for n in 0...67 {
        let got = try table.random(.normal, .float32, n, key, offset, Float(0)), wide = try table.random(.normal, .float64, n, key, offset, 0.0)
        for i in 0..<n {
          let even = offset + UInt64(i & ~1)
          let want = pair(Double(uniformFloat(even, key)), Double(uniformFloat(even + 1, key)))[i % 2]
          #expect(abs(Double(got[i]) - want) <= 4e-7 * max(1, abs(want)))
          let exact = pair(uniformDouble(even, key), uniformDouble(even + 1, key))[i % 2]
          #expect(abs(wide[i] - exact) <= 2e-15 * max(1, abs(exact)))
        }
      }
    }
    let many = try table.random(.normal, .float32, 1_000_000, 99, 0, Float(0))
    let mean = many.reduce(0.0) { $0 + Double($1) } / 1e6, variance = many.reduce(0.0) { $0 + Double($1) * Double($1) } / 1e6
    #expect(abs(mean) < 0.005 && abs(variance - 1) < 0.007)  // five standard deviations
  }
}
