import KernelAPI
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite("Softmax and layer norm, forward and back, agree with their formulas row by row")
struct RowTests {
  private static let lengths = Array(0...67) + [1000]

  private func softmax<T: TestReal>(_: T.Type, _ table: KernelTable) {
    var random = SplitMix64(6)
    for n in Self.lengths {
      let x: [T] = values(3 * n + 1, &random).map { $0 * 20 }, g: [T] = values(3 * n + 1, &random)
      for op in RowKernel.allCases {
        let y = filled(3 * n, T(0)) { y in x.withUnsafeBytes { table.row(op.rawValue, T.dtype.rawValue)!(3, n, $0.baseAddress!, y) } }
        let dx = filled(3 * n, T(0)) { dx in
          g.withUnsafeBytes { g in y.withUnsafeBytes { table.rowBackward(op.rawValue, T.dtype.rawValue)!(3, n, g.baseAddress!, $0.baseAddress ?? g.baseAddress!, dx) } }
        }
        for r in 0..<3 {
          let row = (0..<n).map { Double(x[r * n + $0]) }, up = (0..<n).map { Double(g[r * n + $0]) }, out = (0..<n).map { Double(y[r * n + $0]) }
          let top = row.max() ?? 0, total = row.reduce(0) { $0 + exp($1 - top) }
          // exp of the rounded difference |x − max| ≤ 40 is off by 40 roundings, the sum and quotient by a few more.
          let sum = op == .softmax ? zip(up, out).reduce(0) { $0 + $1.0 * $1.1 } : up.reduce(0, +)
          let size = op == .softmax ? zip(up, out).reduce(0) { $0 + abs($1.0 * $1.1) } : up.reduce(0) { $0 + abs($1) }
          for i in 0..<n {
            let p = exp(row[i] - top) / total
            let expected = op == .softmax ? p : row[i] - top - log(total)
            #expect(close(y[r * n + i], expected, 64 * T.roundoff * (op == .softmax ? p : 1 + abs(expected))), "\(table.name) \(op) n = \(n)")
            let slope = op == .softmax ? out[i] * (up[i] - sum) : up[i] - exp(out[i]) * sum
            #expect(close(dx[r * n + i], slope, 64 * T.roundoff * (abs(up[i]) + size)), "\(table.name) \(op) backward n = \(n)")
          }
        }
      }
    }
  }
  @Test(arguments: variants) func `softmax, float32`(table: KernelTable) { softmax(Float.self, table) }
  @Test(arguments: variants) func `softmax, float64`(table: KernelTable) { softmax(Double.self, table) }

  @Test(arguments: variants) func `rows without a largest finite element`(table: KernelTable) {
    for n in [1, 5, 16, 33] {
      for op in RowKernel.allCases {
        let run = { (x: [Float]) -> [Float] in filled(n, Float(0)) { y in x.withUnsafeBytes { table.row(op.rawValue, 0)!(1, n, $0.baseAddress!, y) } } }
        let count = { (y: [Float]) -> Int in y.filter(\.isNaN).count }
        #expect(count(run([Float](repeating: -.infinity, count: n))) == n)
        var x = (0..<n).map { Float($0) }
        x[n / 2] = .nan
        #expect(count(run(x)) == n)
        x[n / 2] = .infinity
        #expect(run(x)[n / 2].isNaN)
        x = (0..<n).map { $0 == 0 ? 1000 : -.infinity }
        let expected = (0..<n).map { op == .softmax ? ($0 == 0 ? 1 : 0) : ($0 == 0 ? 0 : -Float.infinity) }
        #expect(run(x) == expected)
      }
    }
  }

  private func layerNorm<T: TestReal>(_: T.Type, _ table: KernelTable) {
    var random = SplitMix64(7)
    for n in Self.lengths where n > 0 {
      let x: [T] = values(3 * n, &random), g: [T] = values(3 * n, &random), w: [T] = values(n, &random), b: [T] = values(n, &random)
      for affine in [false, true] {
        var mean = [T](repeating: 0, count: 3), rstd = mean
        let eps = 1e-5
        let y = filled(3 * n, T(0)) { y in
          w.withUnsafeBytes { w in
            b.withUnsafeBytes { b in
              table.layerNorm(T.dtype.rawValue)!(3, n, x, affine ? w.baseAddress : nil, affine ? b.baseAddress : nil, eps, y, &mean, &rstd)
            }
          }
        }
        var dw = b, db = w
        let dx = filled(3 * n, T(0)) { dx in
          w.withUnsafeBytes { w in
            dw.withUnsafeMutableBytes { dw in
              db.withUnsafeMutableBytes { db in
                table.layerNormBackward(T.dtype.rawValue)!(
                  3, n, g, x, mean, rstd, affine ? w.baseAddress : nil, dx, affine ? dw.baseAddress : nil, affine ? db.baseAddress : nil)
              }
            }
          }
        }
        var dwExpected = b.map(Double.init), dbExpected = w.map(Double.init)
        for r in 0..<3 {
          let row = (0..<n).map { Double(x[r * n + $0]) }
          let m = row.reduce(0, +) / Double(n), variance = row.reduce(0) { $0 + ($1 - m) * ($1 - m) } / Double(n)
          let s = 1 / (variance + eps).squareRoot()
          let h = row.map { ($0 - m) * s }
          let q = (0..<n).map { Double(g[r * n + $0]) * (affine ? Double(w[$0]) : 1) }
          let q1 = q.reduce(0, +) / Double(n), q2 = zip(q, h).reduce(0) { $0 + $1.0 * $1.1 } / Double(n)
          // x − mean loses the roundings of the mean, scaled by rstd ≤ 317 when the row is constant.
          let unit = 64 * T.roundoff * (1 + s)
          #expect(close(mean[r], m, 64 * T.roundoff))
          #expect(close(rstd[r], s, unit * s))
          for i in 0..<n {
            let expected = affine ? h[i] * Double(w[i]) + Double(b[i]) : h[i]
            #expect(close(y[r * n + i], expected, unit * (1 + abs(h[i]))), "\(table.name) n = \(n)")
            #expect(close(dx[r * n + i], s * (q[i] - q1 - h[i] * q2), unit * s * (2 + h[i] * h[i])), "\(table.name) backward n = \(n)")
            dwExpected[i] += Double(g[r * n + i]) * h[i]
            dbExpected[i] += Double(g[r * n + i])
          }
        }
        if affine {
          for i in 0..<n {
            #expect(close(dw[i], dwExpected[i], 1e-3 * (T.self == Float.self ? 1 : 1e-8)))
            #expect(close(db[i], dbExpected[i], 16 * T.roundoff * 4))
          }
        }
      }
    }
  }
  @Test(arguments: variants) func `layer norm, float32`(table: KernelTable) { layerNorm(Float.self, table) }
  @Test(arguments: variants) func `layer norm, float64`(table: KernelTable) { layerNorm(Double.self, table) }
}
