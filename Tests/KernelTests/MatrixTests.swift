import KernelAPI
import Testing

/// A product as the engine asks for it: sizes, and strides of operands that lie anywhere in their arrays.
private struct Product<T: TestReal> {
  let m, n, k: Int
  let a: [T], rsa: Int, csa: Int
  let b: [T], rsb: Int, csb: Int
  var c: [T], ldc: Int
  let start: [T]
  var bias: [T]?

  init(_ m: Int, _ n: Int, _ k: Int, transposeA: Bool = false, transposeB: Bool = false, spread: Int = 1, pad: Int = 0, seed: UInt64 = 1) {
    var random = SplitMix64(seed &+ UInt64(m * 10007 + n * 101 + k))
    (self.m, self.n, self.k) = (m, n, k)
    (rsa, csa) = transposeA ? (spread, (m + pad) * spread) : ((k + pad) * spread, spread)
    (rsb, csb) = transposeB ? (spread, (k + pad) * spread) : ((n + pad) * spread, spread)
    a = values((m + pad + 1) * (k + pad + 1) * spread, &random)
    b = values((n + pad + 1) * (k + pad + 1) * spread, &random)
    ldc = n + pad
    c = values(m * (n + pad) + 1, &random)
    start = c
  }

  func plan(_ table: KernelTable) -> [Int] {
    var plan = [0, 0, 0, 0]
    table.matrixPlan(T.dtype.rawValue)!(m, n, k, rsa, csa, rsb, csb, &plan)
    return plan
  }

  /// Computes rows i … and columns j … of C as the piece of the whole that they are.
  mutating func compute(_ table: KernelTable, _ plan: [Int], rows i: Range<Int>, columns j: Range<Int>, accumulate: Bool) {
    let work = UnsafeMutableRawPointer.allocate(byteCount: plan[3] + 64, alignment: 64)
    defer { work.deallocate() }
    for q in 0..<64 { work.storeBytes(of: 0xA5, toByteOffset: plan[3] + q, as: UInt8.self) }
    let f = table.matrix(T.dtype.rawValue)!
    a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { b in
        (bias ?? []).withUnsafeBufferPointer { offsets in
          c.withUnsafeMutableBufferPointer { c in
            f(plan[0], i.count, j.count, k, a.baseAddress! + i.lowerBound * rsa, rsa, csa, b.baseAddress! + j.lowerBound * csb, rsb, csb,
              c.baseAddress! + i.lowerBound * ldc + j.lowerBound, ldc, accumulate,
              bias == nil ? nil : UnsafeRawPointer(offsets.baseAddress! + j.lowerBound), work)
          }
        }
      }
    }
    for q in 0..<64 { #expect(work.load(fromByteOffset: plan[3] + q, as: UInt8.self) == 0xA5, "workspace overrun") }
  }

  mutating func compute(_ table: KernelTable, accumulate: Bool = false) {
    compute(table, plan(table), rows: 0..<m, columns: 0..<n, accumulate: accumulate)
  }

  /// The first element further from a sum in Double than k + 2 roundings of the sum of magnitudes allow; and any element
  /// between the rows that changed.
  func fault(accumulate: Bool = false) -> String? {
    for i in 0..<m {
      for j in 0..<n {
        var sum = accumulate ? Double(start[i * ldc + j]) : bias.map { Double($0[j]) } ?? 0
        var size = abs(sum)
        for p in 0..<k {
          let product = Double(a[i * rsa + p * csa]) * Double(b[p * rsb + j * csb])
          sum += product
          size += abs(product)
        }
        let c = c[i * ldc + j]
        if !close(c, sum, Double(k + 2) * 2 * T.roundoff * size) { return "[\(i), \(j)] of \(m)×\(n)×\(k): \(c), expected \(sum)" }
      }
      for j in n..<ldc where c[i * ldc + j] != start[i * ldc + j] { return "wrote past row \(i) of \(m)×\(n)×\(k)" }
    }
    return nil
  }
}

@Suite("A matrix product is the sum of products, however its operands lie")
struct MatrixTests {
  /// Sizes around every tile edge and past them.
  static let sizes = [0, 1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 48, 49, 63, 64, 65, 70]

  private func sweep<T: TestReal>(_: T.Type, _ table: KernelTable) {
    for (u, m) in Self.sizes.enumerated() {
      for (v, n) in Self.sizes.enumerated() {
        let k = Self.sizes[(u * 7 + v * 3) % Self.sizes.count]
        for form in 0..<4 {
          var product = Product<T>(m, n, k, transposeA: form & 1 != 0, transposeB: form & 2 != 0)
          product.compute(table)
          if let fault = product.fault() { Issue.record("\(table.name) form \(form): \(fault)") }
        }
      }
    }
  }
  @Test(arguments: variants) func `four transpositions, float32`(table: KernelTable) { sweep(Float.self, table) }
  @Test(arguments: variants) func `four transpositions, float64`(table: KernelTable) { sweep(Double.self, table) }

  @Test(arguments: variants) func `rows apart, elements apart, accumulated`(table: KernelTable) {
    for (m, n, k) in [(1, 1, 1), (1, 37, 29), (37, 1, 29), (5, 9, 17), (33, 65, 70), (70, 33, 3), (13, 70, 64), (64, 64, 0), (17, 4200, 8)] {
      for form in 0..<4 {
        for (spread, pad) in [(1, 3), (2, 0), (3, 5)] {
          for accumulate in [false, true] {
            var product = Product<Float>(m, n, k, transposeA: form & 1 != 0, transposeB: form & 2 != 0, spread: spread, pad: pad)
            product.compute(table, accumulate: accumulate)
            if let fault = product.fault(accumulate: accumulate) { Issue.record("\(table.name) \(form) \(spread) \(pad) \(accumulate): \(fault)") }
          }
        }
      }
    }
  }

  @Test(arguments: variants) func `a bias for every row`(table: KernelTable) {
    for (m, n, k) in [(1, 1, 1), (1, 37, 29), (1, 2500, 9), (37, 1, 29), (5, 9, 17), (33, 65, 70), (40, 100, 33), (64, 64, 0), (70, 97, 600)] {
      for form in 0..<4 {
        var product = Product<Float>(m, n, k, transposeA: form & 1 != 0, transposeB: form & 2 != 0, pad: 1)
        product.bias = (0..<n).map { Float($0) / 7 - 3 }
        product.compute(table)
        if let fault = product.fault() { Issue.record("\(table.name) form \(form): \(fault)") }
      }
    }
  }

  @Test(arguments: variants) func `large enough to be blocked`(table: KernelTable) {
    for (m, n, k) in [(130, 97, 600), (500, 66, 257), (97, 300, 530)] {
      for form in 0..<4 {
        var product = Product<Float>(m, n, k, transposeA: form & 1 != 0, transposeB: form & 2 != 0, pad: 1)
        product.compute(table)
        if let fault = product.fault() { Issue.record("\(table.name) \(form): \(fault)") }
      }
    }
  }

  @Test(arguments: variants) func `one row, one column, longer than a stripe`(table: KernelTable) {
    for (m, n) in [(1, 2500), (2500, 1)] {
      for form in 0..<4 {
        for accumulate in [false, true] {
          var product = Product<Double>(m, n, 21, transposeA: form & 1 != 0, transposeB: form & 2 != 0, pad: 2)
          product.compute(table, accumulate: accumulate)
          if let fault = product.fault(accumulate: accumulate) { Issue.record("\(table.name) \(form): \(fault)") }
        }
      }
    }
  }
}

@Suite("Cutting a matrix product into pieces does not change a bit")
struct MatrixCutTests {
  private func cut<T: TestReal>(_: T.Type, _ table: KernelTable) {
    for (m, n, k) in [(130, 97, 300), (70, 70, 70), (9, 200, 33), (200, 10, 64), (1, 2500, 40), (2500, 1, 40), (600, 130, 300), (992, 128, 64)] {
      for form in 0..<4 {
        for accumulate in [false, true] {
          var whole = Product<T>(m, n, k, transposeA: form & 1 != 0, transposeB: form & 2 != 0)
          var pieces = whole
          let plan = whole.plan(table)
          whole.compute(table, plan, rows: 0..<m, columns: 0..<n, accumulate: accumulate)
          let rows = plan[1] * (m > 900 ? 42 : 3), columns = plan[2] * 2
          for i in stride(from: 0, to: m, by: rows) {
            for j in stride(from: 0, to: n, by: columns) {
              pieces.compute(table, plan, rows: i..<min(m, i + rows), columns: j..<min(n, j + columns), accumulate: accumulate)
            }
          }
          #expect(whole.c == pieces.c, "\(table.name) \(m)×\(n)×\(k) form \(form)")
        }
      }
    }
  }
  @Test(arguments: variants) func float32(table: KernelTable) { cut(Float.self, table) }
  @Test(arguments: variants) func float64(table: KernelTable) { cut(Double.self, table) }
}
