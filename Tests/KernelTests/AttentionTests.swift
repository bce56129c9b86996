import KernelAPI
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// One head with its operands in rows of some stride, and what the formulas say in Double.
private struct Head<T: TestReal> {
  let queries, keys, e, ev: Int
  let row: Int
  let q, k, v, g: [T]
  var mask: [T] = [], bools: [UInt8] = []
  var isCausal = false
  let scale = 0.7

  init(_ queries: Int, _ keys: Int, _ e: Int, _ ev: Int, _ random: inout SplitMix64) {
    (self.queries, self.keys, self.e, self.ev) = (queries, keys, e, ev)
    row = (e > ev ? e : ev) + 3
    q = values(queries * row, &random)
    k = values(keys * row, &random)
    v = values(keys * row, &random)
    g = values(queries * row, &random)
  }

  /// out, logSum, dq, dk, dv by the formulas, a query at a time.
  func expected() -> (out: [Double], logSum: [Double], dq: [Double], dk: [Double], dv: [Double]) {
    var out = [Double](), logSums = [Double](), dq = [Double](repeating: 0, count: queries * e)
    var dk = [Double](repeating: 0, count: keys * e), dv = [Double](repeating: 0, count: keys * ev)
    for i in 0..<queries {
      var scores = (0..<keys).map { j in scale * (0..<e).reduce(0) { $0 + Double(q[i * row + $1]) * Double(k[j * row + $1]) } }
      for j in 0..<keys {
        if !mask.isEmpty { scores[j] += Double(mask[i * keys + j]) }
        if !bools.isEmpty && bools[i * keys + j] == 0 || isCausal && j > i { scores[j] = -.infinity }
      }
      let top = scores.max() ?? -.infinity
      let total = top == -.infinity ? 0 : scores.reduce(0) { $0 + exp($1 - top) }
      let p = scores.map { total == 0 ? 0 : exp($0 - top) / total }
      let o = (0..<ev).map { c in (0..<keys).reduce(0) { $0 + p[$1] * Double(v[$1 * row + c]) } }
      let dot = (0..<ev).reduce(0) { $0 + o[$1] * Double(g[i * row + $1]) }
      out += o
      logSums.append(total == 0 ? 0 : top + log(total))
      for j in 0..<keys {
        let dp = (0..<ev).reduce(0) { $0 + Double(g[i * row + $1]) * Double(v[j * row + $1]) }
        let ds = p[j] * (dp - dot) * scale
        for c in 0..<ev { dv[j * ev + c] += p[j] * Double(g[i * row + c]) }
        for c in 0..<e {
          dq[i * e + c] += ds * Double(k[j * row + c])
          dk[j * e + c] += ds * Double(q[i * row + c])
        }
      }
    }
    return (out, logSums, dq, dk, dv)
  }

  func check(_ table: KernelTable) {
    var h = AttentionHead()
    (h.queries, h.keys, h.e, h.ev, h.scale, h.isCausal) = (queries, keys, e, ev, scale, isCausal)
    (h.qRow, h.kRow, h.vRow, h.gRow) = (row, row, row, row)
    (h.outRow, h.dqRow, h.dkRow, h.dvRow) = (ev, e, e, ev)
    (h.maskRow, h.maskColumn, h.maskIsBool) = (keys, 1, mask.isEmpty)
    var plan = [0, 0, 0, 0]
    table.matrixPlan(T.dtype.rawValue)!(4, 64, max(e, ev, 64), 1000, 1, 64, 1, &plan)
    let bytes = AttentionHead.workspace(e: e, ev: ev) * MemoryLayout<T>.stride + plan[3]
    let work = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    work.initializeMemory(as: UInt8.self, repeating: 0xFF, count: bytes)
    defer { work.deallocate() }
    h.workspace = work
    var out = [T](), logSum = [T](), dq = [T](), dk = [T](), dv = [T]()
    q.withUnsafeBytes { q in k.withUnsafeBytes { k in v.withUnsafeBytes { v in g.withUnsafeBytes { g in
      mask.withUnsafeBytes { mask in bools.withUnsafeBytes { bools in
        (h.q, h.k, h.v, h.g) = (q.baseAddress, k.baseAddress, v.baseAddress, g.baseAddress)
        h.mask = self.mask.isEmpty ? (self.bools.isEmpty ? nil : bools.baseAddress) : mask.baseAddress
        logSum = filled(queries, T(0)) { l in
          h.logSum = l
          out = filled(queries * ev, T(0)) { o in
            h.out = o
            table.attention(T.dtype.rawValue)!(&h)
          }
        }
        out.withUnsafeBytes { o in logSum.withUnsafeBytes { l in
          h.out = UnsafeMutableRawPointer(mutating: o.baseAddress)
          h.logSum = UnsafeMutableRawPointer(mutating: l.baseAddress)
          dq = filled(queries * e, T(0)) { a in
            h.dq = a
            dk = filled(keys * e, T(0)) { b in
              h.dk = b
              dv = filled(keys * ev, T(0)) { c in
                h.dv = c
                table.attentionBackward(T.dtype.rawValue)!(&h)
              }
            }
          }
        } }
      } }
    } } } }
    let x = expected(), what = "\(table.name) \(queries)×\(keys), \(e), \(ev)"
    // Sums of up to keys·e terms of magnitude at most 1, e of them in an exponent.
    let tolerance = 16 * Double(e + 8) * T.roundoff, sums = tolerance * Double(queries + keys)
    for (name, a, b, t) in [("out", out, x.out, tolerance), ("logSum", logSum, x.logSum, tolerance * 4), ("dq", dq, x.dq, tolerance * 8), ("dk", dk, x.dk, sums), ("dv", dv, x.dv, sums)] {
      #expect(zip(a, b).allSatisfy { close($0, $1, t) }, "\(what) \(name)")
    }
  }
}

@Suite("Attention by blocks agrees with the softmax of all scores")
struct AttentionTests {
  private static let sizes = [(1, 1, 1, 1), (3, 5, 4, 2), (16, 17, 8, 8), (64, 64, 32, 32), (65, 63, 7, 9), (70, 150, 16, 5), (130, 66, 33, 3), (5, 0, 3, 4)]

  private func run<T: TestReal>(_: T.Type, _ table: KernelTable) {
    var random = SplitMix64(40)
    for (queries, keys, e, ev) in Self.sizes {
      var head = Head<T>(queries, keys, e, ev, &random)
      head.check(table)
      head.isCausal = true
      head.check(table)
      head.isCausal = false
      if keys == 0 { continue }
      head.mask = values(queries * keys, &random)
      for j in 0..<keys { head.mask[j] = -.infinity }  // a query without keys
      head.check(table)
      head.mask = []
      head.bools = (0..<queries * keys).map { _ in UInt8(truncatingIfNeeded: random.next() >> 63) }
      for j in 0..<keys { head.bools[(queries - 1) * keys + j] = 0 }
      head.check(table)
    }
  }
  @Test(arguments: variants) func float32(table: KernelTable) { run(Float.self, table) }
  @Test(arguments: variants) func float64(table: KernelTable) { run(Double.self, table) }
}
