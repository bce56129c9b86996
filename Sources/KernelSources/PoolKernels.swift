// Pooling: the largest or the sum of each window of a plane. The plane is copied with its margin, so that place t of the window
// is one straight line for all windows of a row. What max pooling's gradient needs is the number of the place that won, kept
// as a number of the plane's own type.
import CShim
import KernelAPI

typealias Comparing = Lanes & Element

/// Windows two columns wide that lie side by side within the plane: read and written without a copy.
@inline(__always) private func isPairs(_ c: Correlation) -> Bool {
  c.stepX == 2 && c.reachX == 2 && c.left == 0 && c.top == 0 && 2 * c.reachY == c.places && 2 * c.columns <= c.width
    && c.stepY == c.reachY && c.rows * c.stepY <= c.height
}

@inline(__always) private func better<T: Comparing>(_: T.Type, _ v: T.V, _ code: T.V, _ best: inout T.V, _ winner: inout T.V) {
  let wins = T.less(best, v) .| T.notEqual(v, v)
  best = T.choose(wins, v, best)
  winner = T.choose(wins, code, winner)
}

@inline(never) private func maxPairs<T: Comparing>(
  _ c: Correlation, _ planes: Int, _ x: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, _ codes: UnsafeMutablePointer<T>?
) {
  let one = T.splat(1), w = T.width
  var y = y, codes = codes, plane = 0
  while plane < planes {
    var row = 0
    while row < c.rows {
      let top = x + (plane * c.height + row * c.stepY) * c.width
      var i = 0
      while i < c.columns {
        let n = lesser(w, c.columns - i)
        var s = top + 2 * i, best = T.zeros, winner = T.zeros, code = T.zeros, r = 0
        while r < c.reachY {
          let a = loadUpTo(s, lesser(2 * n, w)), b = 2 * n > w ? loadUpTo(s + w, 2 * n - w) : T.zeros
          let left = T.even(a, b)
          if r == 0 { best = left } else { better(T.self, left, code, &best, &winner) }
          code = T.add(code, one)
          better(T.self, T.odd(a, b), code, &best, &winner)
          code = T.add(code, one)
          s += c.width
          r += 1
        }
        storeUpTo(y + i, n, best)
        if let codes { storeUpTo(codes + i, n, winner) }
        i += w
      }
      y += c.columns
      codes = codes.map { $0 + c.columns }
      row += 1
    }
    plane += 1
  }
}

@inline(never) private func maxPairsBackward<T: Comparing>(
  _ c: Correlation, _ planes: Int, _ g: UnsafePointer<T>, _ codes: UnsafePointer<T>, _ dx: UnsafeMutablePointer<T>
) {
  let one = T.splat(1), w = T.width
  var g = g, codes = codes, plane = 0
  while plane < planes {
    var row = 0
    while row < c.rows {
      let top = dx + (plane * c.height + row * c.stepY) * c.width
      var i = 0
      while i < c.columns {
        let n = lesser(w, c.columns - i), v = loadUpTo(g + i, n), winner = loadUpTo(codes + i, n)
        var d = top + 2 * i, code = T.zeros, r = 0
        while r < c.reachY {
          let a = T.choose(T.equal(winner, code), v, T.zeros)
          code = T.add(code, one)
          let b = T.choose(T.equal(winner, code), v, T.zeros)
          code = T.add(code, one)
          storeUpTo(d, lesser(2 * n, w), T.mergeLow(a, b))
          if 2 * n > w { storeUpTo(d + w, 2 * n - w, T.mergeHigh(a, b)) }
          d += c.width
          r += 1
        }
        i += w
      }
      if 2 * c.columns < c.width {
        var r = 0
        while r < c.stepY {
          fillRun(top + r * c.width + 2 * c.columns, c.width - 2 * c.columns, T.zeros)
          r += 1
        }
      }
      g += c.columns
      codes += c.columns
      row += 1
    }
    let below = c.height - c.rows * c.stepY
    fillRun(dx + ((plane + 1) * c.height - below) * c.width, below * c.width, T.zeros)
    plane += 1
  }
}

/// The winner is the first of equals, and NaN beats everything: as PyTorch.
@inline(__always) func maxPool<T: Comparing>(
  _ c: Correlation, _ planes: Int, _ x: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, _ codes: UnsafeMutablePointer<T>?,
  _ work: UnsafeMutablePointer<T>
) {
  if isPairs(c) { return maxPairs(c, planes, x, y, codes) }
  let offsets = c.offsets.unsafelyUnwrapped, area = c.rows * c.columns, one = T.splat(1)
  var plane = 0
  while plane < planes {
    stage(c, x + plane * c.height * c.width, 0, c.rows, -T.infinity, work)
    var row = 0
    while row < c.rows {
      let line = UnsafePointer(work) + row * c.stepY * c.rowPitch, at = plane * area + row * c.columns
      var i = 0
      while i < c.columns {
        let n = lesser(T.width, c.columns - i), s = line + i
        var best = load(s + offsets[0], 0), winner = T.zeros, code = T.zeros, t = 1
        while t < c.places {
          let v = load(s + offsets[t], 0)
          code = T.add(code, one)
          better(T.self, v, code, &best, &winner)
          t += 1
        }
        storeUpTo(y + at + i, n, best)
        if let codes { storeUpTo(codes + at + i, n, winner) }
        i += T.width
      }
      row += 1
    }
    plane += 1
  }
}

/// dx: each g at the place that won.
@inline(__always) func maxPoolBackward<T: Comparing>(
  _ c: Correlation, _ planes: Int, _ g: UnsafePointer<T>, _ codes: UnsafePointer<T>, _ dx: UnsafeMutablePointer<T>,
  _ work: UnsafeMutablePointer<T>
) {
  if isPairs(c) { return maxPairsBackward(c, planes, g, codes, dx) }
  let offsets = c.offsets.unsafelyUnwrapped, area = c.rows * c.columns, one = T.splat(1)
  var plane = 0
  while plane < planes {
    fillRun(work, c.plane + T.width, T.zeros)
    // Place by place: the next sum into the same line comes long after this one.
    var code = T.zeros, t = 0
    while t < c.places {
      var row = 0
      while row < c.rows {
        let line = work + (row * c.stepY * c.rowPitch + offsets[t]), at = plane * area + row * c.columns
        var i = 0
        while i < c.columns {
          let n = lesser(T.width, c.columns - i)
          let v = T.choose(T.equal(loadUpTo(codes + at + i, n), code), loadUpTo(g + at + i, n), T.zeros)
          store(line, i, T.add(load(UnsafePointer(line), i), v))
          i += T.width
        }
        row += 1
      }
      code = T.add(code, one)
      t += 1
    }
    unstage(c, work, dx + plane * c.height * c.width)
    plane += 1
  }
}

/// y = Σ over the window / (rowDivisors[j] · columnDivisors[i]).
@inline(__always) func averagePool<T: Comparing>(
  _ c: Correlation, _ planes: Int, _ x: UnsafePointer<T>, _ divisors: UnsafePointer<Double>, _ y: UnsafeMutablePointer<T>,
  _ work: UnsafeMutablePointer<T>
) {
  let offsets = c.offsets.unsafelyUnwrapped, area = c.rows * c.columns
  let across = columnDivisors(c, divisors, work), copy = work + (c.columns + T.width)
  var plane = 0
  while plane < planes {
    stage(c, x + plane * c.height * c.width, 0, c.rows, 0, copy)
    var row = 0
    while row < c.rows {
      let line = UnsafePointer(copy) + row * c.stepY * c.rowPitch, at = plane * area + row * c.columns
      let down = T.splat(T.saturating(divisors[row]))
      var i = 0
      while i < c.columns {
        let s = line + i
        var sum = load(s + offsets[0], 0), t = 1
        while t < c.places {
          sum = T.add(sum, load(s + offsets[t], 0))
          t += 1
        }
        storeUpTo(y + at + i, lesser(T.width, c.columns - i), T.div(sum, T.mul(down, load(across, i))))
        i += T.width
      }
      row += 1
    }
    plane += 1
  }
}

@inline(__always) func averagePoolBackward<T: Comparing>(
  _ c: Correlation, _ planes: Int, _ g: UnsafePointer<T>, _ divisors: UnsafePointer<Double>, _ dx: UnsafeMutablePointer<T>,
  _ work: UnsafeMutablePointer<T>
) {
  let offsets = c.offsets.unsafelyUnwrapped, area = c.rows * c.columns
  let across = columnDivisors(c, divisors, work), copy = work + (c.columns + T.width)
  var plane = 0
  while plane < planes {
    fillRun(copy, c.plane + T.width, T.zeros)
    var t = 0
    while t < c.places {
      var row = 0
      while row < c.rows {
        let line = copy + (row * c.stepY * c.rowPitch + offsets[t]), at = plane * area + row * c.columns
        let down = T.splat(T.saturating(divisors[row]))
        var i = 0
        while i < c.columns {
          let v = T.div(loadUpTo(g + at + i, lesser(T.width, c.columns - i)), T.mul(down, load(across, i)))
          store(line, i, T.add(load(UnsafePointer(line), i), v))
          i += T.width
        }
        row += 1
      }
      t += 1
    }
    unstage(c, copy, dx + plane * c.height * c.width)
    plane += 1
  }
}

/// The divisors along a row in T; ones beyond.
@inline(never) private func columnDivisors<T: Comparing>(
  _ c: Correlation, _ divisors: UnsafePointer<Double>, _ d: UnsafeMutablePointer<T>
) -> UnsafePointer<T> {
  var i = 0
  while i < c.columns + T.width {
    d[i] = i < c.columns ? T.saturating(divisors[c.rows + i]) : 1
    i += 1
  }
  return UnsafePointer(d)
}

// MARK: - For each type

@inline(__always) private func run<T: Comparing>(
  _: T.Type, _ kernel: PoolKernel, _ c: Correlation, _ planes: Int, _ x: UnsafeRawPointer, _ with: UnsafeMutableRawPointer?,
  _ y: UnsafeMutableRawPointer, _ workspace: UnsafeMutableRawPointer
) {
  let x = x.assumingMemoryBound(to: T.self), y = y.assumingMemoryBound(to: T.self), work = workspace.assumingMemoryBound(to: T.self)
  switch kernel {
  case .max: maxPool(c, planes, x, y, with?.assumingMemoryBound(to: T.self), work)
  case .maxBackward: maxPoolBackward(c, planes, x, UnsafePointer(with.unsafelyUnwrapped.assumingMemoryBound(to: T.self)), y, work)
  case .average: averagePool(c, planes, x, UnsafePointer(with.unsafelyUnwrapped.assumingMemoryBound(to: Double.self)), y, work)
  case .averageBackward:
    averagePoolBackward(c, planes, x, UnsafePointer(with.unsafelyUnwrapped.assumingMemoryBound(to: Double.self)), y, work)
  }
}

@inline(__always) private func shape(_ p: UnsafeRawPointer) -> Correlation { p.assumingMemoryBound(to: Correlation.self).pointee }
@inline(__always) private func which(_ raw: Int32) -> PoolKernel { kernel(raw, PoolKernel.self, .averageBackward) ?? .max }

func poolFunction(_ type: UInt8) -> PoolFunction? {
  switch dtype(type) {
  case .float32: { run(Float.self, which($0), shape($1), $2, $3, $4, $5, $6) }
  case .float64: { run(Double.self, which($0), shape($1), $2, $3, $4, $5, $6) }
  default: nil
  }
}
