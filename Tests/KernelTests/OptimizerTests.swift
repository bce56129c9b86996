import KernelAPI
import Testing

@Suite("An optimizer step agrees with its formula, element by element")
struct OptimizerTests {
  private func sgd<T: TestReal>(_: T.Type, _ table: KernelTable) {
    var random = SplitMix64(8)
    let (lr, momentum, dampening, decay) = (0.125, 0.875, 0.25, 0.0625)
    for n in Array(0...67) + [300] {
      let p0: [T] = values(n, &random), g: [T] = values(n + 1, &random), b0: [T] = values(n, &random)
      for flags in [Int32(0), 1, 2, 4, 7] {
        for hasMomentum in [false, true] {
          var buf = b0 + [0]
          let p = filled(n, T(0)) { p in
            for i in 0..<n { p.storeBytes(of: p0[i], toByteOffset: i * MemoryLayout<T>.stride, as: T.self) }
            buf.withUnsafeMutableBytes { buf in
              table.sgd(T.dtype.rawValue)!(n, p, g, hasMomentum ? buf.baseAddress! : nil, lr, momentum, dampening, decay, flags)
            }
          }
          #expect(buf[n] == 0, "wrote past the momentum")
          for i in 0..<n {
            var d = Double(g[i]) * (flags & 4 != 0 ? -1 : 1) + decay * Double(p0[i])
            if hasMomentum {
              let b = flags & 2 != 0 ? d : momentum * Double(b0[i]) + (1 - dampening) * d
              #expect(close(buf[i], b, 8 * T.roundoff))
              d = flags & 1 != 0 ? d + momentum * b : b
            }
            #expect(close(p[i], Double(p0[i]) - lr * d, 8 * T.roundoff), "\(table.name) n = \(n) flags \(flags)")
          }
        }
      }
    }
  }
  @Test(arguments: variants) func `SGD, float32`(table: KernelTable) { sgd(Float.self, table) }
  @Test(arguments: variants) func `SGD, float64`(table: KernelTable) { sgd(Double.self, table) }

  private func adam<T: TestReal>(_: T.Type, _ table: KernelTable) {
    var random = SplitMix64(9)
    let (lr, beta1, beta2, eps, decay) = (0.01, 0.9, 0.999, 1e-8, 0.1)
    let bias1 = 1 - beta1 * beta1, bias2 = 1 - beta2 * beta2
    for n in Array(0...67) + [300] {
      let p0: [T] = values(n, &random), g: [T] = values(n + 1, &random), m0: [T] = values(n, &random)
      let v0: [T] = values(n, &random).map { $0 * $0 }
      for flags in [Int32(0), 1, 4, 5] {
        var m = m0 + [0], v = v0 + [0]
        let p = filled(n, T(0)) { p in
          for i in 0..<n { p.storeBytes(of: p0[i], toByteOffset: i * MemoryLayout<T>.stride, as: T.self) }
          m.withUnsafeMutableBytes { m in
            v.withUnsafeMutableBytes { v in
              table.adam(T.dtype.rawValue)!(n, p, g, m.baseAddress!, v.baseAddress!, lr, beta1, beta2, eps, decay, bias1, bias2, flags)
            }
          }
        }
        #expect(m[n] == 0 && v[n] == 0, "wrote past the moments")
        for i in 0..<n {
          var d = Double(g[i]) * (flags & 4 != 0 ? -1 : 1), p1 = Double(p0[i])
          if flags & 1 != 0 { p1 -= lr * decay * p1 } else { d += decay * p1 }
          let m1 = Double(m0[i]) + (1 - beta1) * (d - Double(m0[i])), v1 = beta2 * Double(v0[i]) + (1 - beta2) * d * d
          let step = lr / bias1 * m1 / (v1.squareRoot() / bias2.squareRoot() + eps)
          #expect(close(m[i], m1, 8 * T.roundoff))
          #expect(close(v[i], v1, 8 * T.roundoff))
          // β1, β2 in the type itself: 1 − β2 = 0.001 keeps every digit only because it is taken in Double.
          #expect(close(p[i], p1 - step, 32 * T.roundoff * (1 + abs(step)) + abs(step) * 8 * T.roundoff / max(abs(m1), 1e-3)), "\(table.name) n = \(n) flags \(flags)")
        }
      }
    }
  }
  @Test(arguments: variants) func `Adam, float32`(table: KernelTable) { adam(Float.self, table) }
  @Test(arguments: variants) func `Adam, float64`(table: KernelTable) { adam(Double.self, table) }

  private func squares<T: TestReal>(_: T.Type, _ table: KernelTable) {
    var random = SplitMix64(10)
    for n in Array(0...67) + [4095, 4097, 20000] {
      let x: [T] = values(n + 1, &random), expected = x.dropLast().reduce(0) { $0 + Double($1) * Double($1) }
      #expect(abs(table.squares(T.dtype.rawValue)!(n, x) - expected) <= 64 * T.roundoff * expected, "\(table.name) n = \(n)")
    }
  }
  @Test(arguments: variants) func `sum of squares, float32`(table: KernelTable) { squares(Float.self, table) }
  @Test(arguments: variants) func `sum of squares, float64`(table: KernelTable) { squares(Double.self, table) }
}
