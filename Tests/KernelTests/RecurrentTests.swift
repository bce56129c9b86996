import KernelAPI
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

private func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

/// A layer of each cell against the same layer one number at a time, in Double; gradients against central differences of that.
private struct Layer<T: TestReal> {
  let cell: RecurrentPiece.Cell, steps: Int, batch: Int, hidden: Int, isReverse: Bool
  var gates: Int { (cell == .lstm ? 4 : cell == .gru ? 3 : 1) * hidden }
  var slots: Int { steps + (cell == .lstm ? 2 : 1) }
  let x: [T], w: [T], h0: [T], other: [T], g: [T]

  init(_ cell: RecurrentPiece.Cell, _ steps: Int, _ batch: Int, _ hidden: Int, reverse: Bool, _ random: inout SplitMix64) {
    (self.cell, self.steps, self.batch, self.hidden, isReverse) = (cell, steps, batch, hidden, reverse)
    let gates = (cell == .lstm ? 4 : cell == .gru ? 3 : 1) * hidden
    x = values(steps * batch * gates, &random)
    w = values(gates * hidden, &random).map { $0 / T(hidden) }
    h0 = values(batch * hidden, &random)
    other = values(cell == .lstm ? batch * hidden : gates, &random)
    g = values((steps + 2) * batch * hidden, &random)
  }

  /// y by the formulas.
  func states(_ x: [Double], _ h0: [Double], _ other: [Double]) -> [Double] {
    let n = hidden, slab = batch * n
    var y = [Double](repeating: 0, count: slots * slab)
    for b in 0..<batch {
      var h = Array(h0[b * n..<(b + 1) * n]), c = cell == .lstm ? Array(other[b * n..<(b + 1) * n]) : []
      func put(_ slot: Int, _ v: [Double]) { for j in 0..<n { y[slot * slab + b * n + j] = v[j] } }
      put(isReverse ? steps : 0, h)
      for s in 0..<steps {
        let t = isReverse ? steps - 1 - s : s, at = (t * batch + b) * gates
        let p = (0..<gates).map { k in (0..<n).reduce(cell == .gru ? other[k] : 0) { $0 + h[$1] * Double(w[k * n + $1]) } }
        for (j, old) in h.enumerated() {
          func pre(_ k: Int) -> Double { x[at + k * n + j] + p[k * n + j] }
          switch cell {
          case .lstm:
            c[j] = sigmoid(pre(1)) * c[j] + sigmoid(pre(0)) * tanh(pre(2))
            h[j] = sigmoid(pre(3)) * tanh(c[j])
          case .gru:
            let z = sigmoid(pre(1))
            h[j] = (1 - z) * tanh(x[at + 2 * n + j] + sigmoid(pre(0)) * p[2 * n + j]) + z * old
          case .tanh: h[j] = tanh(pre(0))
          case .relu: h[j] = max(pre(0), 0)
          }
        }
        put(isReverse ? t : t + 1, h)
      }
      if cell == .lstm { put(steps + 1, c) }
    }
    return y
  }

  private func panels(rows: Int, columns: Int, _ at: (Int, Int) -> T) -> [T] {
    var out = [T]()
    for first in stride(from: 0, to: columns, by: RecurrentPiece.panel) {
      for r in 0..<rows { for c in first..<first + RecurrentPiece.panel { out.append(c < columns ? at(r, c) : .nan) } }
    }
    return out
  }

  func check(_ table: KernelTable) {
    let what = "\(table.name) \(cell) T \(steps) B \(batch) H \(hidden) reverse \(isReverse)"
    var p = RecurrentPiece()
    (p.cell, p.isReverse, p.steps, p.batch, p.hidden) = (cell, isReverse, steps, batch, hidden)
    var plan = [0, 0, 0, 0]
    table.matrixPlan(T.dtype.rawValue)!(4, 64, max(gates, 64), 1000, 1, 64, 1, &plan)
    let work = UnsafeMutableRawPointer.allocate(byteCount: plan[3] + 64, alignment: 64)
    defer { work.deallocate() }
    p.workspace = work
    let n = hidden, slab = batch * n
    /// In two pieces, as threads would have them.
    func run(_ f: RecurrentFunction) {
      let cut = batch / 2
      for (first, rows) in [(0, cut), (cut, batch - cut)] where rows > 0 {
        (p.first, p.rows) = (first, rows)
        f(&p)
      }
    }
    var y = [T](repeating: 0, count: slots * slab), kept = [T](repeating: .nan, count: max(1, steps * batch * p.keptWidth))
    for i in 0..<slab { y[(isReverse ? steps * slab : 0) + i] = h0[i] }
    var dx = [T](repeating: 0, count: x.count), dp = dx, dh0 = [T](repeating: .nan, count: slab), dc0 = dh0
    let forward = panels(rows: n, columns: gates) { w[$1 * n + $0] }, backward = panels(rows: gates, columns: n) { w[$0 * n + $1] }
    x.withUnsafeBytes { x in forward.withUnsafeBytes { fw in backward.withUnsafeBytes { bw in other.withUnsafeBytes { o in g.withUnsafeBytes { g in
      y.withUnsafeMutableBytes { y in kept.withUnsafeMutableBytes { kept in
        (p.x, p.w, p.y, p.g) = (x.baseAddress, fw.baseAddress, y.baseAddress, g.baseAddress)
        if p.keptWidth > 0 { p.kept = kept.baseAddress }
        if cell == .lstm { p.c0 = o.baseAddress } else if cell == .gru { p.bias = o.baseAddress }
        run(table.recurrent(T.dtype.rawValue)!)
        p.w = bw.baseAddress
        dx.withUnsafeMutableBytes { dx in dp.withUnsafeMutableBytes { dp in dh0.withUnsafeMutableBytes { dh0 in dc0.withUnsafeMutableBytes { dc0 in
          (p.dx, p.dh0) = (dx.baseAddress, dh0.baseAddress)
          if cell == .gru { p.dHidden = dp.baseAddress }
          if cell == .lstm { p.dc0 = dc0.baseAddress }
          run(table.recurrentBackward(T.dtype.rawValue)!)
        } } } }
      } }
    } } } } }
    let xd = x.map { Double($0) }, hd = h0.map { Double($0) }, od = other.map { Double($0) }
    let expected = states(xd, hd, od)
    // Rounding of a step, handed on by maps whose slope is at most about 1.
    #expect(zip(y, expected).allSatisfy { close($0, $1, 64 * Double(steps + n) * T.roundoff) }, "\(what) states")
    func loss(_ x: [Double], _ h: [Double], _ o: [Double]) -> Double { zip(states(x, h, o), g).reduce(0) { $0 + $1.0 * Double($1.1) } }
    let step = 1e-5, tolerance = max(1e-7, 256 * Double(steps + n) * T.roundoff)
    func slope(_ i: Int, _ v: [Double], _ f: ([Double]) -> Double) -> Double {
      var a = v, b = v
      a[i] += step
      b[i] -= step
      return (f(a) - f(b)) / (2 * step)
    }
    for i in stride(from: 0, to: x.count, by: max(1, x.count / 9)) { #expect(close(dx[i], slope(i, xd) { loss($0, hd, od) }, tolerance), "\(what) dx \(i)") }
    for i in stride(from: 0, to: slab, by: max(1, slab / 4)) {
      #expect(close(dh0[i], slope(i, hd) { loss(xd, $0, od) }, tolerance), "\(what) dh0 \(i)")
      if cell == .lstm { #expect(close(dc0[i], slope(i, od) { loss(xd, hd, $0) }, tolerance), "\(what) dc0 \(i)") }
    }
    if cell == .gru {
      for k in stride(from: 0, to: gates, by: max(1, gates / 5)) {
        let sum = (0..<steps * batch).reduce(0) { $0 + Double(dp[$1 * gates + k]) }
        #expect(close(T(sum), slope(k, od) { loss(xd, hd, $0) }, tolerance * Double(steps * batch)), "\(what) db \(k)")
      }
    }
  }
}

@Suite("Recurrent layers, forward and back, agree with their formulas a number at a time")
struct RecurrentTests {
  private func run<T: TestReal>(_: T.Type, _ table: KernelTable) {
    var random = SplitMix64(41)
    for cell in [RecurrentPiece.Cell.lstm, .gru, .tanh, .relu] {
      for (steps, batch, hidden) in [(1, 1, 1), (3, 2, 5), (2, 5, 16), (3, 2, 17), (2, 18, 5), (2, 1, 70)] {
        Layer<T>(cell, steps, batch, hidden, reverse: false, &random).check(table)
        Layer<T>(cell, steps, batch, hidden, reverse: true, &random).check(table)
      }
    }
  }
  @Test(arguments: variants) func float32(table: KernelTable) { run(Float.self, table) }
  @Test(arguments: variants) func float64(table: KernelTable) { run(Double.self, table) }
}
