// Softmax, log softmax and layer norm, row by row, with their gradients. x input, y output, g incoming gradient, dx gradient
// of x. Sums over a row run in an order that depends on n alone. Rows shorter than a vector are one padded vector.
import KernelAPI

/// The vector at x[i …], its lanes past n − 1 filled with `rest`.
@inline(__always) private func lanes<T: Lanes>(_ x: UnsafePointer<T>, _ i: Int, _ n: Int, _ rest: T) -> T.V {
  n - i >= T.width ? load(x, i) : loadHead(x + i, n - i, rest: rest)
}
@inline(__always) private func put<T: Lanes>(_ y: UnsafeMutablePointer<T>, _ i: Int, _ n: Int, _ v: T.V) {
  if n - i >= T.width { store(y, i, v) } else { storeHead(y + i, n - i, v) }
}

// MARK: - Softmax

/// softmax: y = exp(x − max) / Σ exp(x − max). logSoftmax: y = x − max − log Σ exp(x − max).
/// A row that holds +∞ or NaN, or only −∞, becomes NaN, as in PyTorch.
@inline(__always) private func softmax<T: Lanes>(
  _: T.Type, _ isLog: Bool, _ rows: Int, _ n: Int, _ x: UnsafeRawPointer, _ y: UnsafeMutableRawPointer
) {
  let x = x.assumingMemoryBound(to: T.self), y = y.assumingMemoryBound(to: T.self)
  var r = 0
  while r < rows {
    softmaxRow(isLog, n, x + r * n, y + r * n)
    r += 1
  }
}

@inline(__always) private func softmaxRow<T: Lanes>(_ isLog: Bool, _ n: Int, _ x: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>) {
  let w = T.width
  let top = T.splat(T.largest(foldVector(LargestFold<T>.self, n, x)))
  var sum = T.zeros
  var i = 0
  while i + w <= n {
    let e = T.exp(T.sub(load(x, i), top))
    sum = T.add(sum, e)
    if !isLog { store(y, i, e) }
    i += w
  }
  if i < n {
    let e = T.exp(T.sub(loadHead(x + i, n - i, rest: -T.infinity), top))
    sum = T.add(sum, T.head(n - i, e, T.zeros))
    if !isLog { storeHead(y + i, n - i, e) }
  }
  let total = T.splat(T.sum(sum))
  i = 0
  if isLog {
    let shift = T.log(total)
    while i < n {
      put(y, i, n, T.sub(T.sub(lanes(x, i, n, 0), top), shift))
      i += w
    }
  } else {
    let scale = T.div(T.splat(1), total)
    while i < n {
      put(y, i, n, T.mul(lanes(UnsafePointer(y), i, n, 0), scale))
      i += w
    }
  }
}

/// softmax: dx = y·(g − Σ g·y). logSoftmax: dx = g − exp(y)·Σ g.
@inline(__always) private func softmaxBackward<T: Lanes>(
  _: T.Type, _ isLog: Bool, _ rows: Int, _ n: Int, _ g: UnsafeRawPointer, _ y: UnsafeRawPointer, _ dx: UnsafeMutableRawPointer
) {
  let w = T.width
  var g = g.assumingMemoryBound(to: T.self), y = y.assumingMemoryBound(to: T.self), dx = dx.assumingMemoryBound(to: T.self)
  var r = 0
  while r < rows {
    var i = 0
    if isLog {
      let sum = T.splat(T.sum(foldVector(SumFold<T>.self, n, g)))
      while i < n {
        put(dx, i, n, T.sub(lanes(g, i, n, 0), T.mul(T.exp(lanes(y, i, n, 0)), sum)))
        i += w
      }
    } else {
      var s0 = T.zeros, s1 = T.zeros
      while i + 2 * w <= n {
        s0 = T.fma(load(g, i), load(y, i), s0)
        s1 = T.fma(load(g, i + w), load(y, i + w), s1)
        i += 2 * w
      }
      while i < n {
        s0 = T.fma(lanes(g, i, n, 0), lanes(y, i, n, 0), s0)
        i += w
      }
      let sum = T.splat(T.sum(T.add(s0, s1)))
      i = 0
      while i < n {
        put(dx, i, n, T.mul(lanes(y, i, n, 0), T.sub(lanes(g, i, n, 0), sum)))
        i += w
      }
    }
    g += n
    y += n
    dx += n
    r += 1
  }
}

func rowFunction(_ op: Int32, _ type: UInt8) -> RowFunction? {
  switch (op, dtype(type)) {
  case (0, .float32): { softmax(Float.self, false, $0, $1, $2, $3) }
  case (0, .float64): { softmax(Double.self, false, $0, $1, $2, $3) }
  case (1, .float32): { softmax(Float.self, true, $0, $1, $2, $3) }
  case (1, .float64): { softmax(Double.self, true, $0, $1, $2, $3) }
  default: nil
  }
}

func rowBackwardFunction(_ op: Int32, _ type: UInt8) -> RowBackwardFunction? {
  switch (op, dtype(type)) {
  case (0, .float32): { softmaxBackward(Float.self, false, $0, $1, $2, $3, $4) }
  case (0, .float64): { softmaxBackward(Double.self, false, $0, $1, $2, $3, $4) }
  case (1, .float32): { softmaxBackward(Float.self, true, $0, $1, $2, $3, $4) }
  case (1, .float64): { softmaxBackward(Double.self, true, $0, $1, $2, $3, $4) }
  default: nil
  }
}

// MARK: - Layer norm

/// y = (x − mean)·rstd·w + b, rstd = 1 / √(Σ(x − mean)²/n + eps). Without a place for the mean it is 0: RMS norm.
@inline(__always) private func layerNorm<T: Lanes>(
  _: T.Type, _ rows: Int, _ n: Int, _ x: UnsafeRawPointer, _ w: UnsafeRawPointer?, _ b: UnsafeRawPointer?, _ eps: Double,
  _ y: UnsafeMutableRawPointer, _ mean: UnsafeMutableRawPointer?, _ rstd: UnsafeMutableRawPointer
) {
  var x = x.assumingMemoryBound(to: T.self), y = y.assumingMemoryBound(to: T.self)
  let means = mean?.assumingMemoryBound(to: T.self), rstds = rstd.assumingMemoryBound(to: T.self)
  let w = w?.assumingMemoryBound(to: T.self), b = b?.assumingMemoryBound(to: T.self)
  let step = T.width
  let count = T(n), eps = T(eps)
  var r = 0
  while r < rows {
    let mean = means == nil ? 0 : T.sum(foldVector(SumFold<T>.self, n, x)) / count
    let m = T.splat(mean)
    var s0 = T.zeros, s1 = T.zeros
    var i = 0
    while i + 2 * step <= n {
      let d0 = T.sub(load(x, i), m), d1 = T.sub(load(x, i + step), m)
      s0 = T.fma(d0, d0, s0)
      s1 = T.fma(d1, d1, s1)
      i += 2 * step
    }
    while i < n {
      let d = T.sub(lanes(x, i, n, mean), m)
      s0 = T.fma(d, d, s0)
      i += step
    }
    let rstd = 1 / (T.sum(T.add(s0, s1)) / count + eps).squareRoot()
    let scale = T.splat(rstd)
    i = 0
    while i < n {
      var v = T.mul(T.sub(lanes(x, i, n, 0), m), scale)
      if let w { v = T.mul(v, lanes(w, i, n, 0)) }
      if let b { v = T.add(v, lanes(b, i, n, 0)) }
      put(y, i, n, v)
      i += step
    }
    if let means { means[r] = mean }
    rstds[r] = rstd
    x += n
    y += n
    r += 1
  }
}

/// With h = (x − mean)·rstd and q = g·w: dx = rstd·(q − Σq/n − h·Σ(q·h)/n), dw += g·h, db += g. RMS norm, without means, has no Σq/n.
@inline(__always) private func layerNormBackward<T: Lanes>(
  _: T.Type, _ rows: Int, _ n: Int, _ g: UnsafeRawPointer, _ x: UnsafeRawPointer, _ mean: UnsafeRawPointer?, _ rstd: UnsafeRawPointer,
  _ w: UnsafeRawPointer?, _ dx: UnsafeMutableRawPointer, _ dw: UnsafeMutableRawPointer?, _ db: UnsafeMutableRawPointer?
) {
  var g = g.assumingMemoryBound(to: T.self), x = x.assumingMemoryBound(to: T.self), dx = dx.assumingMemoryBound(to: T.self)
  let means = mean?.assumingMemoryBound(to: T.self), rstds = rstd.assumingMemoryBound(to: T.self)
  let w = w?.assumingMemoryBound(to: T.self)
  let dw = dw?.assumingMemoryBound(to: T.self), db = db?.assumingMemoryBound(to: T.self)
  let step = T.width
  let count = T(n)
  var r = 0
  while r < rows {
    let mean = means == nil ? 0 : means.unsafelyUnwrapped[r]
    let m = T.splat(mean), scale = T.splat(rstds[r])
    var q0 = T.zeros, h0 = T.zeros
    var i = 0
    while i < n {
      let v = lanes(g, i, n, 0)
      let h = T.mul(T.sub(lanes(x, i, n, mean), m), scale)
      var q = v
      if let w { q = T.mul(v, lanes(w, i, n, 0)) }
      q0 = T.add(q0, q)
      h0 = T.fma(q, h, h0)
      if let dw { put(dw, i, n, T.fma(v, h, lanes(UnsafePointer(dw), i, n, 0))) }
      if let db { put(db, i, n, T.add(lanes(UnsafePointer(db), i, n, 0), v)) }
      i += step
    }
    let qMean = T.splat(means == nil ? 0 : T.sum(q0) / count), hMean = T.splat(T.sum(h0) / count)
    i = 0
    while i < n {
      let h = T.mul(T.sub(lanes(x, i, n, 0), m), scale)
      var q = lanes(g, i, n, 0)
      if let w { q = T.mul(q, lanes(w, i, n, 0)) }
      put(dx, i, n, T.mul(scale, T.sub(T.sub(q, qMean), T.mul(h, hMean))))
      i += step
    }
    g += n
    x += n
    dx += n
    r += 1
  }
}

func layerNormFunction(_ type: UInt8) -> LayerNormFunction? {
  switch dtype(type) {
  case .float32: { layerNorm(Float.self, $0, $1, $2, $3, $4, $5, $6, $7, $8) }
  case .float64: { layerNorm(Double.self, $0, $1, $2, $3, $4, $5, $6, $7, $8) }
  default: nil
  }
}

func layerNormBackwardFunction(_ type: UInt8) -> LayerNormBackwardFunction? {
  switch dtype(type) {
  case .float32: { layerNormBackward(Float.self, $0, $1, $2, $3, $4, $5, $6, $7, $8, $9) }
  case .float64: { layerNormBackward(Double.self, $0, $1, $2, $3, $4, $5, $6, $7, $8, $9) }
  default: nil
  }
}
