import KernelAPI
import Testing

/// A window over images, worked out number by number in Double.
private struct Geometry: CustomTestStringConvertible {
  var channels: Int, height: Int, width: Int, outputs: Int, kernel: (Int, Int)
  var stride = (1, 1), padding = (0, 0), dilation = (1, 1)
  var rows: Int { (height + 2 * padding.0 - dilation.0 * (kernel.0 - 1) - 1) / stride.0 + 1 }
  var columns: Int { (width + 2 * padding.1 - dilation.1 * (kernel.1 - 1) - 1) / stride.1 + 1 }
  var places: Int { kernel.0 * kernel.1 }
  var testDescription: String { "\(channels)×\(height)×\(width) → \(outputs), \(kernel), stride \(stride), padding \(padding), dilation \(dilation)" }

  /// The image's number that place k of window (j, i) sees, or nil in the margin.
  func index(_ channel: Int, _ k: Int, _ j: Int, _ i: Int) -> Int? {
    let y = j * stride.0 + k / kernel.1 * dilation.0 - padding.0, x = i * stride.1 + k % kernel.1 * dilation.1 - padding.1
    return y >= 0 && y < height && x >= 0 && x < width ? (channel * height + y) * width + x : nil
  }

  /// As the engine describes it for pieces of `rowsPerPiece` rows, with its table of offsets.
  func correlation(staged: Bool, rowsPerPiece: Int) -> (Correlation, [Int]) {
    var c = Correlation()
    (c.channels, c.height, c.width, c.outputs) = (channels, height, width, outputs)
    (c.top, c.left, c.stepY, c.stepX) = (padding.0, padding.1, stride.0, stride.1)
    (c.rows, c.columns) = (rows, columns)
    (c.yPlane, c.yRow, c.yColumn) = (rows * columns, columns, 1)
    (c.reachY, c.reachX) = ((kernel.0 - 1) * dilation.0 + 1, (kernel.1 - 1) * dilation.1 + 1)
    c.places = places
    c.terms = channels * places
    c.staged = staged
    c.phasePitch = (c.stagedColumns + stride.1 - 1) / stride.1
    c.rowPitch = staged ? c.phasePitch * stride.1 : width
    c.plane = staged ? c.stagedRows(rowsPerPiece) * c.rowPitch : height * width
    var offsets: [Int] = []
    for channel in 0..<channels {
      for k in 0..<places {
        let x = k % kernel.1 * dilation.1
        offsets.append(channel * c.plane + k / kernel.1 * dilation.0 * c.rowPitch + x % stride.1 * c.phasePitch + x / stride.1)
      }
    }
    while offsets.count % 8 != 0 { offsets.append(0) }
    return (c, offsets)
  }
}

private let geometries: [Geometry] = [
  Geometry(channels: 1, height: 28, width: 28, outputs: 16, kernel: (5, 5)),
  Geometry(channels: 3, height: 9, width: 7, outputs: 5, kernel: (3, 3), padding: (1, 1)),
  Geometry(channels: 2, height: 6, width: 40, outputs: 8, kernel: (1, 1)),
  Geometry(channels: 2, height: 11, width: 13, outputs: 9, kernel: (3, 2), stride: (2, 3), padding: (1, 2), dilation: (2, 1)),
  Geometry(channels: 1, height: 5, width: 33, outputs: 1, kernel: (3, 3), stride: (1, 2), padding: (1, 1)),
  Geometry(channels: 40, height: 4, width: 8, outputs: 49, kernel: (3, 3), padding: (1, 1)),
  Geometry(channels: 1, height: 1, width: 70, outputs: 20, kernel: (1, 7), dilation: (1, 3)),
  Geometry(channels: 4, height: 3, width: 3, outputs: 12, kernel: (3, 3)),
]

@Suite("Convolution kernels agree with sums taken one by one")
struct CorrelationTests {
  private func check<T: TestReal>(_: T.Type, _ g: Geometry, _ table: KernelTable) {
    let kernels = table.correlation(T.dtype.rawValue)!
    var random = SplitMix64(UInt64(g.channels * 1000 + g.width))
    let x: [T] = values(g.channels * g.height * g.width, &random)
    let terms = g.channels * g.places
    let w: [T] = values(g.outputs * terms, &random), bias: [T] = values(g.outputs, &random)
    let dy: [T] = values(g.outputs * g.rows * g.columns, &random)
    let canLie = g.padding == (0, 0) && g.stride.1 == 1
    for (staged, inPlace, rowsPerPiece) in [(true, false, g.rows), (true, true, 2), (false, false, g.rows)] where staged || canLie {
      var (c, offsets) = g.correlation(staged: staged, rowsPerPiece: rowsPerPiece)
      c.inPlace = inPlace
      offsets.withUnsafeBufferPointer { offsets in
        c.offsets = offsets.baseAddress
        var plan = [0, 0, 0, 0]
        kernels.plan(&c, rowsPerPiece, &plan)
        let size = MemoryLayout<T>.stride, places = Array(0..<g.places)
        for withBias in [false, true] {
          let packed = filled(plan[0] / size, T(0)) { packed in
            bias.withUnsafeBytes { bias in
              w.withUnsafeBytes { kernels.pack(&c, $0.baseAddress!, terms, g.places, places, withBias ? bias.baseAddress : nil, 1, packed) }
            }
          }
          let y = filled(g.outputs * g.rows * g.columns, T(0)) { y in
            _ = filled(plan[1] / size, T(0)) { work in
              packed.withUnsafeBytes { packed in
                x.withUnsafeBytes { x in
                  for first in stride(from: 0, to: g.rows, by: rowsPerPiece) {
                    kernels.correlate(&c, x.baseAddress!, packed.baseAddress!, withBias, y, first, min(first + rowsPerPiece, g.rows), work)
                  }
                }
              }
            }
          }
          for m in 0..<g.outputs {
            for j in 0..<g.rows {
              for i in 0..<g.columns {
                var sum = withBias ? Double(bias[m]) : 0, magnitude = abs(sum)
                for k in 0..<terms {
                  guard let at = g.index(k / g.places, k % g.places, j, i) else { continue }
                  let product = Double(w[m * terms + k]) * Double(x[at])
                  sum += product
                  magnitude += abs(product)
                }
                let got = Double(y[(m * g.rows + j) * g.columns + i])
                #expect(abs(got - sum) <= Double(terms + 3) * Double(T.ulpOfOne) * magnitude, "y[\(m), \(j), \(i)], bias \(withBias)")
              }
            }
          }
        }
        // The weights' gradient, from two slots and two ranges of terms.
        let half = (terms / 2 + 7) / 8 * 8, slot = plan[3] / size
        let dw = filled(g.outputs * terms, T(0)) { dw in
          _ = filled(2 * slot, T(0)) { sums in
            _ = filled(plan[2] / size, T(0)) { work in
              x.withUnsafeBytes { x in
                dy.withUnsafeBytes { dy in
                  for s in 0..<2 {
                    for (k0, k1) in [(0, min(half, terms)), (half, terms)] where k0 < k1 {
                      var add = false
                      for first in stride(from: 0, to: g.rows, by: rowsPerPiece) {
                        kernels.weights(
                          &c, x.baseAddress!, dy.baseAddress!, first, min(first + rowsPerPiece, g.rows), k0, k1, sums + s * plan[3], add, work)
                        add = true
                      }
                    }
                  }
                }
              }
            }
            kernels.fold(&c, sums, 2, slot, dw)
          }
        }
        for m in 0..<g.outputs {
          for k in 0..<terms {
            var sum = 0.0, magnitude = 0.0
            for j in 0..<g.rows {
              for i in 0..<g.columns {
                guard let at = g.index(k / g.places, k % g.places, j, i) else { continue }
                let product = 2 * Double(dy[(m * g.rows + j) * g.columns + i]) * Double(x[at])
                sum += product
                magnitude += abs(product)
              }
            }
            let bound = Double(g.rows * g.columns + 3) * Double(T.ulpOfOne) * magnitude
            #expect(abs(Double(dw[m * terms + k]) - sum) <= bound, "dw[\(m), \(k)]")
          }
        }
      }
    }
  }

  /// Columns of a transposed convolution added up, against the same sums taken from the columns' side.
  private func gather<T: TestReal>(_: T.Type, _ table: KernelTable) {
    var random = SplitMix64(5)
    for (size, kernel, padding, dilation) in [((8, 8), (5, 5), (0, 0), (1, 1)), ((3, 20), (2, 3), (1, 2), (1, 2)), ((1, 1), (3, 3), (1, 0), (2, 1))] {
      var c = Correlation()
      c.outputs = 3
      (c.height, c.width) = size
      (c.top, c.left) = padding
      c.rows = size.0 - 1 - 2 * padding.0 + dilation.0 * (kernel.0 - 1) + 1
      c.columns = size.1 - 1 - 2 * padding.1 + dilation.1 * (kernel.1 - 1) + 1
      let area = size.0 * size.1, places = kernel.0 * kernel.1
      let columns: [T] = values(64 + 3 * places * area, &random), bias: [T] = values(3, &random)
      let y = filled(3 * c.rows * c.columns, T(0)) { y in
        columns.withUnsafeBufferPointer { columns in
          table.correlation(T.dtype.rawValue)!.gather(
            &c, columns.baseAddress! + 64, kernel.0, kernel.1, dilation.0, dilation.1, bias, 1, y)
        }
      }
      var wanted = (0..<3 * c.rows * c.columns).map { Double(bias[$0 / (c.rows * c.columns)]) }
      for i in 0..<3 * places * area {
        let (m, k, p) = (i / (places * area), i / area % places, i % area)
        let row = p / size.1 + k / kernel.1 * dilation.0 - padding.0, column = p % size.1 + k % kernel.1 * dilation.1 - padding.1
        if row >= 0, row < c.rows, column >= 0, column < c.columns { wanted[(m * c.rows + row) * c.columns + column] += Double(columns[64 + i]) }
      }
      for i in 0..<wanted.count { #expect(close(y[i], wanted[i], 64 * T.roundoff), "gathered \(i) of \(size)") }
    }
  }
  @Test(arguments: variants) func `places gathered`(table: KernelTable) {
    gather(Float.self, table)
    gather(Double.self, table)
  }

  @Test(arguments: variants) func `float32`(table: KernelTable) {
    for g in geometries { check(Float.self, g, table) }
  }
  @Test(arguments: variants) func `float64`(table: KernelTable) {
    for g in geometries { check(Double.self, g, table) }
  }
}
