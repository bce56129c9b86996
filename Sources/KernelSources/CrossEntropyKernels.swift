// Cross entropy of labels, row by row, without a matrix of log probabilities. x logits, C of them a row; y the row's label,
// w class weights (1 where there are none), s label smoothing, g incoming gradient, dx gradient of x. With lse = ln Σ eˣ:
//   loss = (1 − s)·w[y]·(lse − x[y]) + s/C·Σ w·(lse − x)
//   dx   = g·(((1 − s)·w[y] + s/C·Σ w)·e^(x − lse) − (1 − s)·w[y]·[c = y] − s/C·w)
// A row whose label is `ignored` has loss 0 and gradient 0. Sums run in an order that depends on C alone.
import KernelAPI

@inline(__always) private func lanes<T: Lanes>(_ x: UnsafePointer<T>, _ i: Int, _ n: Int, _ rest: T) -> T.V {
  n - i >= T.width ? load(x, i) : loadHead(x + i, n - i, rest: rest)
}

/// Two numbers a row, also for ignored ones: max x and lse − max x, so that rows far from 0 lose nothing; a row that holds +∞ or NaN, or only −∞, has NaN.
@inline(__always) private func crossEntropy<T: Lanes>(
  _: T.Type, _ rows: Int, _ n: Int, _ x: UnsafeRawPointer, _ labels: UnsafePointer<Int64>, _ ignored: Int64, _ w: UnsafeRawPointer?,
  _ smoothing: Double, _ loss: UnsafeMutableRawPointer, _ lse: UnsafeMutableRawPointer
) {
  var x = x.assumingMemoryBound(to: T.self)
  let w = w?.assumingMemoryBound(to: T.self), loss = loss.assumingMemoryBound(to: T.self), lse = lse.assumingMemoryBound(to: T.self)
  let share = T(smoothing / Double(n)), direct = T(1 - smoothing)
  var r = 0
  while r < rows {
    let top = T.largest(foldVector(LargestFold<T>.self, n, x)), shift = T.splat(top)
    var s = T.zeros
    var i = 0
    while i + T.width <= n {
      s = T.add(s, T.exp(T.sub(load(x, i), shift)))
      i += T.width
    }
    if i < n { s = T.add(s, T.exp(T.sub(loadHead(x + i, n - i, rest: -T.infinity), shift))) }
    // x − top is exact or small where it matters: the loss is put together before top is added back.
    let log = T.sum(T.head(1, T.log(T.splat(T.sum(s))), T.zeros))
    lse[2 * r] = top
    lse[2 * r + 1] = log
    if labels[r] == ignored {
      loss[r] = 0
    } else {
      let y = Int(labels[r]), own = w == nil ? 1 : w.unsafelyUnwrapped[y]
      var total = direct * own * (log - (x[y] - top))
      if share != 0 {
        var all = T.zeros
        i = 0
        while i < n {
          var d = T.sub(T.splat(log), T.sub(lanes(x, i, n, top), shift))
          if let w { d = T.mul(d, lanes(w, i, n, 0)) }
          all = T.add(all, n - i >= T.width ? d : T.head(n - i, d, T.zeros))
          i += T.width
        }
        total += share * T.sum(all)
      }
      loss[r] = total
    }
    x += n
    r += 1
  }
}

/// g stands at a step of 0 or 1 per row and is scaled; `weightSum` is Σ w, or C.
@inline(__always) private func crossEntropyBackward<T: Lanes>(
  _: T.Type, _ rows: Int, _ n: Int, _ x: UnsafeRawPointer, _ lse: UnsafeRawPointer, _ labels: UnsafePointer<Int64>, _ ignored: Int64,
  _ w: UnsafeRawPointer?, _ weightSum: Double, _ smoothing: Double, _ g: UnsafeRawPointer, _ gStep: Int, _ scale: Double,
  _ dx: UnsafeMutableRawPointer
) {
  var x = x.assumingMemoryBound(to: T.self), dx = dx.assumingMemoryBound(to: T.self)
  let w = w?.assumingMemoryBound(to: T.self), lse = lse.assumingMemoryBound(to: T.self), g = g.assumingMemoryBound(to: T.self)
  let share = smoothing / Double(n)
  var r = 0
  while r < rows {
    var i = 0
    if labels[r] == ignored {
      while i < n { dx[i] = 0; i += 1 }
    } else {
      let y = Int(labels[r]), up = Double(g[r * gStep]) * scale
      let own = (1 - smoothing) * (w == nil ? 1 : Double(w.unsafelyUnwrapped[y]))
      let top = T.splat(lse[2 * r]), log = T.splat(lse[2 * r + 1]), factor = T.splat(T(up * (own + share * weightSum))), even = T.splat(T(up * share))
      while i < n {
        var d = T.mul(factor, T.exp(T.sub(T.sub(lanes(x, i, n, 0), top), log)))
        if share != 0 { d = T.sub(d, w == nil ? even : T.mul(even, lanes(w.unsafelyUnwrapped, i, n, 0))) }
        if n - i >= T.width { store(dx, i, d) } else { storeHead(dx + i, n - i, d) }
        i += T.width
      }
      dx[y] -= T(up * own)
    }
    x += n
    dx += n
    r += 1
  }
}

func crossEntropyFunction(_ type: UInt8) -> CrossEntropyFunction? {
  switch dtype(type) {
  case .float32: { crossEntropy(Float.self, $0, $1, $2, $3, $4, $5, $6, $7, $8) }
  case .float64: { crossEntropy(Double.self, $0, $1, $2, $3, $4, $5, $6, $7, $8) }
  default: nil
  }
}
func crossEntropyBackwardFunction(_ type: UInt8) -> CrossEntropyBackwardFunction? {
  switch dtype(type) {
  case .float32: { crossEntropyBackward(Float.self, $0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) }
  case .float64: { crossEntropyBackward(Double.self, $0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) }
  default: nil
  }
}
