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

  /// What `UpdateKernel` says of one element: the new parameter; the states in s are replaced.
  private func updated(_ kernel: UpdateKernel, _ p: Double, _ g: Double, _ s: inout [Double], _ c: [Double], _ has: [Bool]) -> Double {
    let d = c[0] * g + c[1] * p, p = p * c[2]
    func moments() {
      s[0] += c[3] * (d - s[0])
      s[1] = c[4] * s[1] + c[5] * d * d
    }
    func sign(_ x: Double) -> Double { x > 0 ? 1 : x < 0 ? -1 : 0 }
    switch kernel {
    case .amsgrad:
      moments()
      s[2] = max(s[2], s[1])
      return p + c[6] * s[0] / (s[2].squareRoot() + c[7])
    case .nadam:
      moments()
      return p + (c[8] * d + c[9] * s[0]) / (s[1].squareRoot() * c[6] + c[7])
    case .radam:
      moments()
      return p + c[7] * (c[8] != 0 ? s[0] / (s[1].squareRoot() + c[6]) : s[0])
    case .adamax:
      s[0] += c[3] * (d - s[0])
      s[1] = max(c[4] * s[1], abs(d) + c[5])
      return p + c[6] * s[0] / s[1]
    case .rmsprop:
      s[0] = c[3] * s[0] + c[4] * d * d
      var square = s[0]
      if has[2] {
        s[2] += c[4] * (d - s[2])
        square -= s[2] * s[2]
      }
      let q = d / (square.squareRoot() + c[5])
      if has[1] { s[1] = c[6] * s[1] + q }
      return p + c[7] * (has[1] ? s[1] : q)
    case .adagrad:
      s[0] += d * d
      return p + c[4] * d / (s[0].squareRoot() + c[3])
    case .adadelta:
      s[0] = c[3] * s[0] + c[4] * d * d
      let by = (s[1] + c[5]).squareRoot() / (s[0] + c[5]).squareRoot() * d
      s[1] = c[3] * s[1] + c[4] * by * by
      return p + c[6] * by
    case .rprop:
      let agree = d * s[0]
      s[1] = min(max(s[1] * (agree < 0 ? c[3] : agree > 0 ? c[4] : 1), c[5]), c[6])
      s[0] = agree < 0 ? 0 : d
      return p - sign(s[0]) * s[1]
    case .lion:
      let way = s[0] + c[3] * (d - s[0])
      s[0] += c[4] * (d - s[0])
      return p + c[5] * sign(way)
    case .average:
      return p + c[3] * (d - p)
    }
  }

  private func update<T: TestReal>(_: T.Type, _ table: KernelTable) {
    var random = SplitMix64(11)
    // Numbers that all kernels can stand: every state positive, and in its own memory.
    let c = [-1.0, 0.125, 0.875, 0.25, 0.75, 0.0625, 0.5, 0.375, 1, -0.25]
    for kernel in UpdateKernel.allCases {
      let states = switch kernel {
      case .amsgrad, .rmsprop: 3
      case .nadam, .radam, .adamax, .adadelta, .rprop: 2
      case .adagrad, .lion: 1
      case .average: 0
      }
      for n in Array(0...67) + [300] {
        for has in [[true, true, true], [true, false, false]] where has[1] || kernel == .rmsprop {
          let p0: [T] = values(n, &random), g: [T] = values(n + 1, &random)
          var memory = (0..<3).map { _ in (values(n, &random) as [T]).map { T(0.5) + $0 * $0 } + [0] }
          if kernel == .rmsprop { for i in 0..<n { memory[0][i] += 40 } }  // well above the squared mean, else the difference is all rounding
          let before = memory
          var (s0, s1, s2) = (memory[0], memory[1], memory[2])
          let p = filled(n, T(0)) { p in
            for i in 0..<n { p.storeBytes(of: p0[i], toByteOffset: i * MemoryLayout<T>.stride, as: T.self) }
            s0.withUnsafeMutableBytes { a in
              s1.withUnsafeMutableBytes { b in
                s2.withUnsafeMutableBytes { e in
                  let pointers = [a.baseAddress, b.baseAddress, e.baseAddress].enumerated().map { $0 < states && has[$0] ? $1 : nil }
                  table.update(T.dtype.rawValue)!(kernel.rawValue, n, p, g, pointers, c)
                }
              }
            }
          }
          memory = [s0, s1, s2]
          for i in 0..<n {
            var s = before.map { Double($0[i]) }
            let wanted = updated(kernel, Double(p0[i]), Double(g[i]), &s, c, has)
            #expect(close(p[i], wanted, 64 * T.roundoff * (1 + abs(wanted))), "\(table.name) \(kernel) n = \(n)")
            for k in 0..<states where has[k] { #expect(close(memory[k][i], s[k], 32 * T.roundoff * (1 + abs(s[k]))), "\(kernel) state \(k)") }
          }
          for k in 0..<3 {
            #expect(memory[k][n] == 0, "\(kernel) wrote past state \(k)")
            if k >= states || !has[k] { #expect(memory[k] == before[k]) }
          }
        }
      }
    }
  }
  @Test(arguments: variants) func `the other optimizers, float32`(table: KernelTable) { update(Float.self, table) }
  @Test(arguments: variants) func `the other optimizers, float64`(table: KernelTable) { update(Double.self, table) }

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
