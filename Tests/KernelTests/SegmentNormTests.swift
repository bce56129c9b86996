import KernelAPI
import Testing

@Suite("Norms of segments and of columns agree with their formulas")
struct SegmentNormTests {
  /// One set of `count` segments of n, `stride` apart.
  private func check<T: TestReal>(
    _: T.Type, _ table: KernelTable, _ count: Int, _ n: Int, _ gap: Int, step: Int?, given: Bool, _ random: inout SplitMix64
  ) {
    let stride = n + gap, length = count * stride, eps = 1e-3
    let x: [T] = values(length, &random), g: [T] = values(length, &random)
    let w: [T] = values(count, &random), b: [T] = values(count, &random)
    var mean: [T] = [0.25], variance: [T] = [0.5]
    let what = "\(table.name) \(count) segments of \(n), step \(step ?? -1), given \(given)"
    let y = filled(length, T(0)) { y in
      table.segmentNorm(T.dtype.rawValue)!(
        count, n, stride, x, step == nil ? nil : UnsafeRawPointer(w.withUnsafeBytes { $0.baseAddress! }),
        step == nil ? nil : UnsafeRawPointer(b.withUnsafeBytes { $0.baseAddress! }), step ?? 0, eps, given, y, &mean, &variance)
    }
    let inside = (0..<count).flatMap { k in (0..<n).map { (k, k * stride + $0) } }, all = Double(inside.count)
    let m = given ? 0.25 : inside.reduce(0) { $0 + Double(x[$1.1]) } / all
    let v = given ? 0.5 : inside.reduce(0) { $0 + (Double(x[$1.1]) - m) * (Double(x[$1.1]) - m) } / all
    let r = 1 / (v + eps).squareRoot(), unit = 64 * T.roundoff * (1 + r)
    #expect(close(mean[0], m, unit) && close(variance[0], v, unit), "\(what): moments")
    func weight(_ k: Int) -> Double { step.map { Double(w[k * $0]) } ?? 1 }
    var gSum = 0.0, hSum = 0.0, dwExpected = [Double](repeating: 0, count: count), dbExpected = dwExpected
    for (k, i) in inside {
      let h = (Double(x[i]) - m) * r
      #expect(close(y[i], h * weight(k) + (step.map { Double(b[k * $0]) } ?? 0), unit * (1 + abs(h))), "\(what): y[\(i)]")
      gSum += Double(g[i]) * weight(k)
      hSum += Double(g[i]) * weight(k) * h
      dwExpected[k * (step ?? 0)] += Double(g[i]) * h
      dbExpected[k * (step ?? 0)] += Double(g[i])
    }
    var dw = [T](repeating: 0, count: count), db = dw
    let dx = filled(length, T(0)) { dx in
      table.segmentNormBackward(T.dtype.rawValue)!(
        count, n, stride, g, x, mean, variance, step == nil ? nil : UnsafeRawPointer(w.withUnsafeBytes { $0.baseAddress! }),
        step ?? 0, eps, given, dx, &dw, &db)
    }
    for (k, i) in inside {
      let h = (Double(x[i]) - m) * r
      let slope = r * (Double(g[i]) * weight(k) - (given ? 0 : gSum / all + h * hSum / all))
      #expect(close(dx[i], slope, unit * r * (2 + h * h)), "\(what): dx[\(i)]")
    }
    for k in 0..<(step == 1 ? count : 1) {
      #expect(close(dw[k], dwExpected[k], unit * r * (1 + Double(n * (step == 1 ? 1 : count)).squareRoot())), "\(what): dw")
      #expect(close(db[k], dbExpected[k], unit * (1 + Double(n * (step == 1 ? 1 : count)).squareRoot())), "\(what): db")
    }
  }

  private func segments<T: TestReal>(_: T.Type, _ table: KernelTable) {
    var random = SplitMix64(31)
    for n in Array(1...35) + [64, 67, 300] {
      for (count, gap) in [(1, 0), (3, 5), (70, 1)] where count < 70 || n < 6 {
        for step in [nil, 0, 1] {
          for given in [false, true] { check(T.self, table, count, n, gap, step: step, given: given, &random) }
        }
      }
    }
  }
  @Test(arguments: variants) func `segments, float32`(table: KernelTable) { segments(Float.self, table) }
  @Test(arguments: variants) func `segments, float64`(table: KernelTable) { segments(Double.self, table) }

  /// A column is the segments of one element of a set, so the two kernels must agree.
  private func columns<T: TestReal>(_: T.Type, _ table: KernelTable) {
    var random = SplitMix64(32)
    let eps = 1e-3, type = T.dtype.rawValue, size = MemoryLayout<T>.stride
    for (rows, count, stride) in [(1, 1, 1), (2, 3, 3), (5, 16, 20), (70, 17, 17), (130, 35, 40), (3, 64, 64), (2, 67, 67)] {
      let x: [T] = values(rows * stride, &random), g: [T] = values(rows * stride, &random), w: [T] = values(count, &random), b: [T] = values(count, &random)
      for affine in [false, true] {
        for given in [false, true] {
          var mean: [T] = values(count, &random), variance: [T] = mean.map { $0 * $0 + 0.5 }
          var mean2 = mean, variance2 = variance, dw = w, db = w, dw2 = w, db2 = w
          func pointer(_ p: [T], _ c: Int = 0) -> UnsafeRawPointer { p.withUnsafeBytes { $0.baseAddress! + c * size } }
          let y = filled(rows * stride, T(0)) { y in
            table.columnNorm(type)!(rows, count, stride, x, affine ? pointer(w) : nil, affine ? pointer(b) : nil, eps, given, y, &mean, &variance)
          }
          let y2 = filled(rows * stride, T(0)) { y in
            for c in 0..<count {
              mean2.withUnsafeMutableBytes { m in
                variance2.withUnsafeMutableBytes { v in
                  table.segmentNorm(type)!(
                    rows, 1, stride, pointer(x, c), affine ? pointer(w, c) : nil, affine ? pointer(b, c) : nil, 0, eps, given,
                    y + c * size, m.baseAddress! + c * size, v.baseAddress! + c * size)
                }
              }
            }
          }
          let dx = filled(rows * stride, T(0)) { dx in
            table.columnNormBackward(type)!(rows, count, stride, g, x, mean, variance, affine ? pointer(w) : nil, eps, given, dx, &dw, &db)
          }
          let dx2 = filled(rows * stride, T(0)) { dx in
            for c in 0..<count {
              dw2.withUnsafeMutableBytes { dw in
                db2.withUnsafeMutableBytes { db in
                  table.segmentNormBackward(type)!(
                    rows, 1, stride, pointer(g, c), pointer(x, c), pointer(mean2, c), pointer(variance2, c), affine ? pointer(w, c) : nil,
                    0, eps, given, dx + c * size, dw.baseAddress! + c * size, db.baseAddress! + c * size)
                }
              }
            }
          }
          for c in 0..<count {
            let what = "\(table.name) \(rows) × \(count), column \(c)", r = 1 / (Double(variance2[c]) + eps).squareRoot()
            let unit = 64 * T.roundoff * (1 + r)
            #expect(close(mean[c], Double(mean2[c]), unit) && close(variance[c], Double(variance2[c]), unit), "\(what)")
            #expect(close(dw[c], Double(dw2[c]), unit * r * Double(rows)) && close(db[c], Double(db2[c]), unit * Double(rows)), "\(what)")
            for i in 0..<rows {
              let h = (Double(x[i * stride + c]) - Double(mean2[c])) * r
              #expect(close(y[i * stride + c], Double(y2[i * stride + c]), unit * (1 + abs(h))), "\(what)")
              #expect(close(dx[i * stride + c], Double(dx2[i * stride + c]), unit * r * (2 + h * h)), "\(what)")
            }
          }
        }
      }
    }
  }
  @Test(arguments: variants) func `columns, float32`(table: KernelTable) { columns(Float.self, table) }
  @Test(arguments: variants) func `columns, float64`(table: KernelTable) { columns(Double.self, table) }
}

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite("Cross entropy of labels agrees with its formula, forward and back")
struct CrossEntropyTests {
  private func check<T: TestReal>(_: T.Type, _ table: KernelTable) {
    var random = SplitMix64(33)
    let rows = 4, type = T.dtype.rawValue
    for n in Array(1...67) + [1000] {
      let x: [T] = values(rows * n, &random).map { $0 * 20 + 100 }, g: [T] = values(rows, &random)
      let w: [T] = values(n, &random).map { abs($0) + 0.25 }
      let labels = (0..<rows).map { $0 == 2 ? Int64(-7) : Int64(random.next() % UInt64(n)) }
      for weighted in [false, true] {
        for smoothing in [0, 0.125] {
          let weights = weighted ? w.withUnsafeBytes { UnsafeRawPointer($0.baseAddress!) } : nil
          let total = weighted ? w.reduce(0) { $0 + Double($1) } : Double(n)
          var lse = [T](repeating: 0, count: 2 * rows)
          let loss = filled(rows, T(0)) { table.crossEntropy(type)!(rows, n, x, labels, -7, weights, smoothing, $0, &lse) }
          for gStep in [0, 1] {
            let dx = filled(rows * n, T(0)) { table.crossEntropyBackward(type)!(rows, n, x, lse, labels, -7, weights, total, smoothing, g, gStep, 0.5, $0) }
            for r in 0..<rows {
              let row = (0..<n).map { Double(x[r * n + $0]) }, top = row.max()!
              let log = logarithm(row.reduce(0) { $0 + exp($1 - top) })
              func weight(_ c: Int) -> Double { weighted ? Double(w[c]) : 1 }
              let ignored = r == 2, y = ignored ? 0 : Int(labels[r])
              let own = ignored ? 0 : (1 - smoothing) * weight(y), even = ignored ? 0 : smoothing / Double(n)
              let expected = own * (log - (row[y] - top)) + even * (0..<n).reduce(0) { $0 + weight($1) * (log - (row[$1] - top)) }
              let unit = 64 * T.roundoff * (total / Double(n) + 1)
              #expect(close(loss[r], expected, unit * (1 + abs(expected))), "\(table.name) n = \(n), row \(r)")
              let up = Double(g[r * gStep]) * 0.5
              for c in 0..<n {
                let slope = up * ((own + even * total) * exp(row[c] - top - log) - (c == y ? own : 0) - even * weight(c))
                #expect(close(dx[r * n + c], slope, unit * abs(up) * 4), "\(table.name) n = \(n), dx[\(r), \(c)]")
              }
            }
          }
        }
      }
    }
  }
  @Test(arguments: variants) func `float32`(table: KernelTable) { check(Float.self, table) }
  @Test(arguments: variants) func `float64`(table: KernelTable) { check(Double.self, table) }
}

private func logarithm(_ x: Double) -> Double { log(x) }
