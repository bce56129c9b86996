import KernelAPI
import Testing

@Suite("A reduction folds every element once")
struct ReduceTests {
  private static let lengths = Array(0...67) + [1000, 1024, 1025, 2049, 5000]

  private func rows<T: TestReal>(_: T.Type, _ table: KernelTable) {
    var random = SplitMix64(3)
    for n in Self.lengths {
      let stride = n + 3, x: [T] = values(3 * stride, &random)
      let sums = run(table, .sum, 3, n, x, stride, T(0))
      for r in 0..<3 {
        let row = x[(r * stride)..<(r * stride + n)].map(Double.init)
        let sum = row.reduce(0, +), size = row.reduce(0) { $0 + abs($1) }
        #expect(close(sums[r], sum, 96 * T.roundoff * size), "\(table.name) n = \(n)")
        if n > 0 {
          #expect(Double(run(table, .max, 3, n, x, stride, T(0))[r]) == row.max()!)
          #expect(Double(run(table, .min, 3, n, x, stride, T(0))[r]) == row.min()!)
        }
      }
    }
  }
  @Test(arguments: variants) func `rows, float32`(table: KernelTable) { rows(Float.self, table) }
  @Test(arguments: variants) func `rows, float64`(table: KernelTable) { rows(Double.self, table) }

  private func columns<T: TestReal>(_: T.Type, _ table: KernelTable) {
    var random = SplitMix64(4)
    for columns in 0...67 {
      for n in [0, 1, 2, 63, 64, 65, 200] {
        let stride = columns + 2, x: [T] = values(n * stride + 1, &random)
        let column = { (c: Int) in (0..<n).map { Double(x[$0 * stride + c]) } }
        let sums = runColumns(table, .sum, n, columns, x, stride, T(0))
        for c in 0..<columns {
          let sum = column(c).reduce(0, +), size = column(c).reduce(0) { $0 + abs($1) }
          #expect(close(sums[c], sum, 96 * T.roundoff * size))
        }
        if n > 0 {
          let largest = runColumns(table, .max, n, columns, x, stride, T(0)), smallest = runColumns(table, .min, n, columns, x, stride, T(0))
          for c in 0..<columns {
            #expect(Double(largest[c]) == column(c).max()!)
            #expect(Double(smallest[c]) == column(c).min()!)
          }
        }
        if columns > 9 {
          let cut = [9, columns - 9].enumerated().flatMap { i, count in
            runColumns(table, .sum, n, count, Array(x.dropFirst(i * 9)), stride, T(0))
          }
          #expect(cut == sums, "cutting columns changed bits")
        }
      }
    }
  }
  @Test(arguments: variants) func `columns, float32`(table: KernelTable) { columns(Float.self, table) }
  @Test(arguments: variants) func `columns, float64`(table: KernelTable) { columns(Double.self, table) }

  private func integers<T: FixedWidthInteger>(_: T.Type, _ type: DType, _ table: KernelTable, sums: Bool) {
    var random = SplitMix64(5)
    for n in Self.lengths {
      let x = (0..<(2 * n + 1)).map { _ in type == .bool ? T(random.next() & 1) : T(truncatingIfNeeded: random.next()) }
      for r in 0..<2 {
        let row = x[(r * n)..<(r * n + n)]
        if sums {
          let sum = row.reduce(0, &+), columnSums = (0..<n).map { x[$0] &+ x[n + $0] }
          #expect(run(table, .sum, 2, n, x, n, T(0))[r] == sum)
          #expect(runColumns(table, .sum, 2, n, x, n, T(0)) == columnSums)
        }
        if n > 0 {
          #expect(run(table, .max, 2, n, x, n, T(0), type)[r] == row.max()!)
          #expect(run(table, .min, 2, n, x, n, T(0), type)[r] == row.min()!)
          let columnMaxima = (0..<n).map { max(x[$0], x[n + $0]) }
          #expect(runColumns(table, .max, 2, n, x, n, T(0), type) == columnMaxima)
          if type != .bool {
            #expect(position(table, true, n, Array(row), type) == row.firstIndex(of: row.max()!)! - r * n)
            #expect(position(table, false, n, Array(row), type) == row.firstIndex(of: row.min()!)! - r * n)
          }
        }
      }
    }
  }
  @Test(arguments: variants) func `integers and bool`(table: KernelTable) {
    integers(Int64.self, .int64, table, sums: true)
    integers(Int32.self, .int32, table, sums: false)
    integers(UInt8.self, .uint8, table, sums: false)
    integers(UInt8.self, .bool, table, sums: false)
  }

  @Test(arguments: variants) func `NaN wins, the first position counts`(table: KernelTable) {
    for n in 1...67 {
      for at in [0, n / 2, n - 1] {
        var x = (0..<n).map { Float($0 % 5) }
        #expect(position(table, true, n, x, .float32) == min(n - 1, 4))
        #expect(position(table, false, n, x, .float32) == 0)
        x[at] = .nan
        #expect(run(table, .max, 1, n, x, n, Float(0))[0].isNaN)
        #expect(run(table, .min, 1, n, x, n, Float(0))[0].isNaN)
        #expect(position(table, true, n, x, .float32) == at)
        #expect(position(table, false, n, x, .float32) == at)
        #expect(runColumns(table, .max, n, 1, x, 1, Float(0))[0].isNaN)
        x[at] = -.infinity
        #expect(position(table, false, n, x, .float32) == at)
      }
    }
  }

  private func run<T>(_ table: KernelTable, _ op: ReduceKernel, _ rows: Int, _ n: Int, _ x: [T], _ stride: Int, _ zero: T, _ type: DType? = nil) -> [T] {
    filled(rows, zero) { y in
      x.withUnsafeBytes { table.reduceRows(op.rawValue, (type ?? dtype(of: zero)).rawValue)!(rows, n, $0.baseAddress!, stride, y) }
    }
  }
  private func runColumns<T>(_ table: KernelTable, _ op: ReduceKernel, _ n: Int, _ columns: Int, _ x: [T], _ stride: Int, _ zero: T, _ type: DType? = nil) -> [T] {
    filled(columns, zero) { y in
      x.withUnsafeBytes { table.reduceColumns(op.rawValue, (type ?? dtype(of: zero)).rawValue)!(n, columns, $0.baseAddress!, stride, y) }
    }
  }
  private func position<T>(_ table: KernelTable, _ largest: Bool, _ n: Int, _ x: [T], _ type: DType) -> Int {
    var y: Int64 = -1
    x.withUnsafeBytes { table.argReduce(largest, type.rawValue)!(1, n, $0.baseAddress!, n, &y) }
    return Int(y)
  }
  private func dtype<T>(of _: T) -> DType { T.self == Float.self ? .float32 : T.self == Double.self ? .float64 : .int64 }
}
