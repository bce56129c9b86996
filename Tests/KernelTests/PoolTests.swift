import KernelAPI
import Testing

/// Pooling worked out number by number.
private struct Window {
  var height: Int, width: Int, kernel: (Int, Int), stride: (Int, Int)
  var padding = (0, 0), dilation = (1, 1), rows: Int, columns: Int

  func index(_ k: Int, _ j: Int, _ i: Int) -> Int? {
    let y = j * stride.0 + k / kernel.1 * dilation.0 - padding.0, x = i * stride.1 + k % kernel.1 * dilation.1 - padding.1
    return y >= 0 && y < height && x >= 0 && x < width ? y * width + x : nil
  }

  func correlation() -> (Correlation, [Int]) {
    var c = Correlation()
    (c.height, c.width, c.rows, c.columns) = (height, width, rows, columns)
    (c.top, c.left, c.stepY, c.stepX) = (padding.0, padding.1, stride.0, stride.1)
    (c.reachY, c.reachX) = ((kernel.0 - 1) * dilation.0 + 1, (kernel.1 - 1) * dilation.1 + 1)
    c.places = kernel.0 * kernel.1
    c.phasePitch = (c.stagedColumns + c.stepX - 1) / c.stepX
    c.rowPitch = c.phasePitch * c.stepX
    c.plane = c.stagedRows(rows) * c.rowPitch
    let offsets = (0..<c.places).map { k in
      let x = k % kernel.1 * dilation.1
      return k / kernel.1 * dilation.0 * c.rowPitch + x % stride.1 * c.phasePitch + x / stride.1
    }
    return (c, offsets)
  }
}

private let windows: [Window] = [
  Window(height: 24, width: 24, kernel: (2, 2), stride: (2, 2), rows: 12, columns: 12),
  Window(height: 5, width: 71, kernel: (2, 2), stride: (2, 2), rows: 2, columns: 35),
  Window(height: 7, width: 9, kernel: (3, 2), stride: (3, 2), rows: 2, columns: 4),
  Window(height: 9, width: 40, kernel: (3, 3), stride: (2, 2), padding: (1, 1), rows: 5, columns: 20),
  Window(height: 6, width: 37, kernel: (2, 3), stride: (1, 1), rows: 5, columns: 35),
  Window(height: 8, width: 11, kernel: (2, 2), stride: (3, 3), dilation: (2, 1), rows: 2, columns: 4),
  Window(height: 5, width: 5, kernel: (2, 2), stride: (2, 2), rows: 3, columns: 3),  // the last windows end outside
  Window(height: 1, width: 67, kernel: (1, 4), stride: (1, 3), padding: (0, 2), rows: 1, columns: 23),
]

@Suite("Pooling kernels agree with windows looked through one by one")
struct PoolTests {
  private func check<T: TestReal>(_: T.Type, _ w: Window, _ table: KernelTable) {
    let pool = table.pool(T.dtype.rawValue)!, planes = 3, size = MemoryLayout<T>.stride
    var random = SplitMix64(UInt64(w.width * 100 + w.height))
    var x: [T] = values(planes * w.height * w.width, &random)
    for i in 0..<x.count where i % 3 == 0 { x[i] = T((Double(x[i]) * 2).rounded()) }  // ties
    let g: [T] = values(planes * w.rows * w.columns, &random)
    let area = w.rows * w.columns, whole = w.height * w.width, places = w.kernel.0 * w.kernel.1
    var (c, offsets) = w.correlation()
    let divisors = (0..<w.rows + w.columns).map { Double($0 % 3 + 1) }
    offsets.withUnsafeBufferPointer { offsets in
      c.offsets = offsets.baseAddress
      func run(_ kernel: PoolKernel, _ x: [T], _ with: UnsafeMutableRawPointer?, _ n: Int) -> [T] {
        filled(n, T(0)) { y in
          _ = filled(c.plane + c.columns + 256 / size, T(0)) { work in
            x.withUnsafeBytes { pool(kernel.rawValue, &c, planes, $0.baseAddress!, with, y, work) }
          }
        }
      }
      var y: [T] = []
      var codes = filled(planes * area, T(0)) { codes in y = run(.max, x, codes, planes * area) }
      let plain = run(.max, x, nil, planes * area)
      let dx = codes.withUnsafeMutableBytes { run(.maxBackward, g, $0.baseAddress, planes * whole) }
      var divisors = divisors
      let mean = divisors.withUnsafeMutableBytes { run(.average, x, $0.baseAddress, planes * area) }
      let spread = divisors.withUnsafeMutableBytes { run(.averageBackward, g, $0.baseAddress, planes * whole) }
      var wantedDx = [Double](repeating: 0, count: planes * whole), wantedSpread = wantedDx
      for p in 0..<planes {
        for j in 0..<w.rows {
          for i in 0..<w.columns {
            let at = p * area + j * w.columns + i, divisor = divisors[j] * divisors[w.rows + i]
            var best = -Double.infinity, code = -1, sum = 0.0
            for k in 0..<places {
              guard let q = w.index(k, j, i) else { continue }
              let v = Double(x[p * whole + q])
              sum += v
              if v > best { (best, code) = (v, k) }
              wantedSpread[p * whole + q] += Double(g[at]) / divisor
            }
            #expect(Double(y[at]) == best && plain[at] == y[at] && Int(codes[at]) == code, "max [\(p), \(j), \(i)]")
            #expect(close(mean[at], sum / divisor, 8 * T.roundoff * Double(places)), "mean [\(p), \(j), \(i)]")
            wantedDx[p * whole + w.index(code, j, i)!] += Double(g[at])
          }
        }
      }
      for q in 0..<planes * whole {
        #expect(close(dx[q], wantedDx[q], 16 * T.roundoff), "gradient of max at \(q)")
        #expect(close(spread[q], wantedSpread[q], 16 * T.roundoff), "gradient of mean at \(q)")
      }
    }
  }

  @Test(arguments: variants) func `float32`(table: KernelTable) {
    for w in windows { check(Float.self, w, table) }
  }
  @Test(arguments: variants) func `float64`(table: KernelTable) {
    for w in windows { check(Double.self, w, table) }
  }

  @Test(arguments: variants) func `NaN wins`(table: KernelTable) {
    var (c, offsets) = windows[0].correlation()
    var x = [Float](repeating: 1, count: 24 * 24)
    x[25] = .nan
    offsets.withUnsafeBufferPointer { offsets in
      c.offsets = offsets.baseAddress
      let y = filled(144, Float(0)) { y in
        _ = filled(c.plane + 256, Float(0)) { work in x.withUnsafeBytes { table.pool(DType.float32.rawValue)!(0, &c, 1, $0.baseAddress!, nil, y, work) } }
      }
      #expect(y[0].isNaN && y[1] == 1 && y[12] == 1)
    }
  }
}
