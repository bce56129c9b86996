// Attention without the table of all scores (Dao 2023, "FlashAttention-2"; Rabe, Staats 2021): blocks of queries meet
// blocks of keys, and of each row of scores only its running maximum and sum are kept.
//
// Scores are held transposed, Sᵀ [keys, queries] = K·Qᵀ: maximum and sum then run down the columns, a vector of queries at a
// time, K and V are read where they lie, and only Q (for the gradient also g) is packed, once per block of queries. Every sum runs
// in an order that depends on the sizes alone. L queries, S keys, E and Ev the elements in a row of q and of v.
import KernelAPI

private var block: Int { AttentionHead.block }
@inline(__always) private func least(_ a: Int, _ b: Int) -> Int { a < b ? a : b }

/// The workspace cut up.
private struct Tiles<T: Lanes> {
  let qt, gt, s, ds, mask, top, sum, share: UnsafeMutablePointer<T>
  let work: UnsafeMutableRawPointer
  let product: MatrixFunction

  @inline(__always) init(_ h: AttentionHead, _ product: @escaping MatrixFunction) {
    qt = h.workspace.unsafelyUnwrapped.assumingMemoryBound(to: T.self)
    gt = qt + h.e * block
    s = gt + h.ev * block
    ds = s + block * block
    mask = ds + block * block
    top = mask + block * block
    sum = top + block
    share = sum + block
    work = UnsafeMutableRawPointer(share + 2 * block)
    self.product = product
  }

  /// C (m×n) = A·B or +=, B with rows of neighbours.
  @inline(__always) func multiply(
    _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<T>, _ rsa: Int, _ csa: Int, _ b: UnsafePointer<T>, _ rsb: Int,
    _ c: UnsafeMutablePointer<T>, _ ldc: Int, add: Bool
  ) {
    product(MatrixPath.direct, m, n, k, a, rsa, csa, b, rsb, 1, c, ldc, add, nil, work)
  }
}

// MARK: - The diagonal

/// On the causal diagonal a block is done in steps of 16 queries or keys, and what lies wholly above is left out.
private var fine: Int { 16 }

/// Keys j ..< j + count beside queries from i on: key p counts for query q where p + the shift ≤ q. Nil: done as a whole.
@inline(__always) private func shift(_ h: AttentionHead, _ i: Int, _ j: Int, _ count: Int) -> Int? {
  let d = j - h.first - i
  return h.isCausal && d + count > 1 && d % fine == 0 ? d : nil
}
/// The first query, in steps, for which one of the keys from p on counts; and how many keys count for a query of q's step.
@inline(__always) private func firstQuery(_ shift: Int?, _ p: Int) -> Int {
  guard let shift, p + shift > 0 else { return 0 }
  return p + shift
}
@inline(__always) private func keyLimit(_ shift: Int?, _ q: Int, _ count: Int) -> Int {
  guard let shift else { return count }
  return least(count, (q / fine + 1) * fine - shift)
}

extension Tiles {
  /// c = rows of x (from the block's key 0 on) · b for all keys and those queries for which they count.
  @inline(never) fileprivate func multiplyKeys(
    _ shift: Int?, _ count: Int, _ columns: Int, _ k: Int, _ x: UnsafePointer<T>, _ row: Int, _ b: UnsafePointer<T>, _ c: UnsafeMutablePointer<T>
  ) {
    let step = shift == nil ? count : fine
    var p = 0
    while p < count {
      let q = firstQuery(shift, p)
      if q < columns { multiply(least(step, count - p), columns - q, k, x + p * row, row, 1, b + q, block, c + p * block + q, block, add: false) }
      p += step
    }
  }
  /// y (a row for each key) += a·x, a row of x for each query.
  @inline(never) fileprivate func addToKeys(
    _ shift: Int?, _ count: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<T>, _ x: UnsafePointer<T>, _ xRow: Int, _ y: UnsafeMutablePointer<T>, _ yRow: Int
  ) {
    let step = shift == nil ? count : fine
    var p = 0
    while p < count {
      let q = firstQuery(shift, p)
      if q < n { multiply(least(step, count - p), k, n - q, a + p * block + q, block, 1, x + q * xRow, xRow, y + p * yRow, yRow, add: true) }
      p += step
    }
  }
  /// y (a row for each query) = aᵀ·x or +=, a row of x for each key.
  @inline(never) fileprivate func multiplyQueries(
    _ shift: Int?, _ count: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<T>, _ x: UnsafePointer<T>, _ xRow: Int, _ y: UnsafeMutablePointer<T>, _ yRow: Int,
    add: Bool
  ) {
    let step = shift == nil ? n : fine
    var q = 0
    while q < n {
      let keys = keyLimit(shift, q, count)
      if keys > 0 { multiply(least(step, n - q), k, keys, a + q, 1, block, x, xRow, y + q * yRow, yRow, add: add) }
      q += step
    }
  }
}

// MARK: - Scores

/// d[p·block + t] = scale · row t's element p, for t < n; zeros up to the block.
@inline(never) private func packRows<T: Lanes>(
  _ n: Int, _ k: Int, _ x: UnsafePointer<T>, _ row: Int, _ scale: T, _ d: UnsafeMutablePointer<T>
) {
  pack(block, n, k, x, row, 1, d)
  if scale == 1 { return }
  let factor = T.splat(scale)
  var i = 0
  while i < k * block {
    store(d, i, T.mul(load(UnsafePointer(d), i), factor))
    i += T.width
  }
}

/// Sᵀ of queries i ..< i + n and keys j ..< j + count: the products, the mask, and −∞ where a key does not count.
@inline(never) private func scores<T: Lanes>(_ h: AttentionHead, _ t: Tiles<T>, _ i: Int, _ n: Int, _ j: Int, _ count: Int) {
  let w = T.width, columns = (n + w - 1) / w * w
  t.multiplyKeys(shift(h, i, j, count), count, columns, h.e, h.k.unsafelyUnwrapped.assumingMemoryBound(to: T.self) + j * h.kRow, h.kRow, t.qt, t.s)
  if let mask = h.mask {
    let at = i * h.maskRow + j * h.maskColumn
    if h.maskIsBool {
      let bytes = mask.assumingMemoryBound(to: UInt8.self) + at
      var p = 0
      while p < count {
        var q = 0
        while q < n {
          if bytes[q * h.maskRow + p * h.maskColumn] == 0 { t.s[p * block + q] = -T.infinity }
          q += 1
        }
        p += 1
      }
    } else {
      pack(block, n, count, mask.assumingMemoryBound(to: T.self) + at, h.maskRow, h.maskColumn, t.mask)
      var k = 0
      while k < count * block {
        store(t.s, k, T.add(load(UnsafePointer(t.s), k), load(UnsafePointer(t.mask), k)))
        k += w
      }
    }
  }
  if h.isCausal {
    var p = 0
    while p < count {
      // Key j + p is hidden from the queries before it.
      let hidden = j + p - h.first - i
      var q = 0
      while q < hidden && q < columns {
        store(t.s, p * block + q, T.head(hidden - q, T.splat(-T.infinity), load(UnsafePointer(t.s), p * block + q)))
        q += w
      }
      p += 1
    }
  }
}

/// How many keys the queries i ..< i + n see.
@inline(__always) private func visible(_ h: AttentionHead, _ i: Int, _ n: Int) -> Int {
  h.isCausal ? least(h.keys, h.first + i + n) : h.keys
}

// MARK: - Forward

/// Sᵀ becomes exp(Sᵀ − top) under the new maximum, the sums follow; `share`: what earlier blocks' results are to be multiplied with.
/// The maximum starts at the lowest finite number, so that rows without a key need no case of their own.
@inline(never) private func exponentials<T: Lanes>(_ t: Tiles<T>, _ shift: Int?, _ n: Int, _ all: Int) {
  let w = T.width
  var q = 0
  while q < n {
    let count = keyLimit(shift, q, all)
    let before = load(UnsafePointer(t.top), q)
    var top = before
    var p = 0
    while p < count {
      top = T.larger(top, load(UnsafePointer(t.s), p * block + q))
      p += 1
    }
    var sum = T.zeros
    p = 0
    while p < count {
      let e = T.exp(T.sub(load(UnsafePointer(t.s), p * block + q), top))
      store(t.s, p * block + q, e)
      sum = T.add(sum, e)
      p += 1
    }
    let share = T.exp(T.sub(before, top))
    store(t.top, q, top)
    store(t.share, q, share)
    store(t.sum, q, T.fma(load(UnsafePointer(t.sum), q), share, sum))
    q += w
  }
}

/// Row q of y (n elements) times factor.
@inline(__always) private func scaleRow<T: Lanes>(_ n: Int, _ y: UnsafeMutablePointer<T>, _ factor: T) {
  let f = T.splat(factor)
  var c = 0
  while c + T.width <= n {
    store(y, c, T.mul(load(UnsafePointer(y), c), f))
    c += T.width
  }
  if c < n { T.storeHead(y + c, n - c, T.mul(T.loadHead(y + c, n - c), f)) }
}

private func fill<T: Lanes>(_ rows: Int, _ n: Int, _ y: UnsafeMutablePointer<T>, _ row: Int, _ value: T) {
  var r = 0
  while r < rows {
    var i = 0
    while i < n {
      y[r * row + i] = value
      i += 1
    }
    r += 1
  }
}

/// out = softmax(scale·q·kᵀ + mask)·v and logSum; a query without keys gets zeros, as in PyTorch.
@inline(__always) private func attention<T: Lanes>(_: T.Type, _ product: @escaping MatrixFunction, _ head: UnsafeRawPointer) {
  let h = head.assumingMemoryBound(to: AttentionHead.self).pointee
  let t = Tiles<T>(h, product)
  let out = h.out.unsafelyUnwrapped.assumingMemoryBound(to: T.self), logSum = h.logSum.unsafelyUnwrapped.assumingMemoryBound(to: T.self)
  let v = h.v.unsafelyUnwrapped.assumingMemoryBound(to: T.self)
  var i = 0
  while i < h.queries {
    let n = least(block, h.queries - i), keys = visible(h, i, n), o = out + i * h.outRow
    packRows(n, h.e, h.q.unsafelyUnwrapped.assumingMemoryBound(to: T.self) + i * h.qRow, h.qRow, T(h.scale), t.qt)
    fill(1, block, t.top, 0, -T.greatestFiniteMagnitude)
    fill(1, block, t.sum, 0, 0)
    if keys == 0 { fill(n, h.ev, o, h.outRow, 0) }
    var j = 0
    while j < keys {
      let count = least(block, keys - j)
      scores(h, t, i, n, j, count)
      let diagonal = shift(h, i, j, count)
      exponentials(t, diagonal, n, count)
      if j > 0 {
        var q = 0
        while q < n {
          scaleRow(h.ev, o + q * h.outRow, t.share[q])
          q += 1
        }
      }
      t.multiplyQueries(diagonal, count, n, h.ev, t.s, v + j * h.vRow, h.vRow, o, h.outRow, add: j > 0)
      j += block
    }
    var q = 0
    while q < block {
      store(t.share, q, T.add(load(UnsafePointer(t.top), q), T.log(load(UnsafePointer(t.sum), q))))
      q += T.width
    }
    q = 0
    while q < n {
      let sum = t.sum[q]
      scaleRow(h.ev, o + q * h.outRow, sum == 0 ? 0 : 1 / sum)
      logSum[i + q] = sum == 0 ? 0 : t.share[q]
      q += 1
    }
    i += block
  }
}

// MARK: - Backward

/// Sᵀ and V·gᵀ become Pᵀ = exp(Sᵀ − logSum) and scale·dSᵀ = scale·Pᵀ∘(V·gᵀ − Σ g·out).
@inline(never) private func slopes<T: Lanes>(_ t: Tiles<T>, _ shift: Int?, _ n: Int, _ count: Int, _ scale: T) {
  let w = T.width, factor = T.splat(scale)
  var q = 0
  while q < n {
    let logSum = load(UnsafePointer(t.top), q), dot = load(UnsafePointer(t.sum), q)
    var at = q
    let end = keyLimit(shift, q, count) * block
    while at < end {
      let p = T.exp(T.sub(load(UnsafePointer(t.s), at), logSum))
      store(t.s, at, p)
      store(t.ds, at, T.mul(T.mul(p, factor), T.sub(load(UnsafePointer(t.ds), at), dot)))
      at += block
    }
    q += w
  }
}

/// Σ a·b over n elements.
@inline(__always) private func dot<T: Lanes>(_ n: Int, _ a: UnsafePointer<T>, _ b: UnsafePointer<T>) -> T {
  var s = T.zeros, c = 0
  while c + T.width <= n {
    s = T.fma(load(a, c), load(b, c), s)
    c += T.width
  }
  if c < n { s = T.fma(T.loadHead(a + c, n - c), T.loadHead(b + c, n - c), s) }
  return T.sum(s)
}

/// With P the softmax and dP = g·vᵀ: dv = Pᵀ·g, dS = P∘(dP − Σ g·out), dq = scale·dS·k, dk = scale·dSᵀ·q. A head's gradients
/// are written by one call.
@inline(__always) private func attentionBackward<T: Lanes>(_: T.Type, _ product: @escaping MatrixFunction, _ head: UnsafeRawPointer) {
  let h = head.assumingMemoryBound(to: AttentionHead.self).pointee
  let t = Tiles<T>(h, product)
  let q = h.q.unsafelyUnwrapped.assumingMemoryBound(to: T.self), k = h.k.unsafelyUnwrapped.assumingMemoryBound(to: T.self)
  let v = h.v.unsafelyUnwrapped.assumingMemoryBound(to: T.self), g = h.g.unsafelyUnwrapped.assumingMemoryBound(to: T.self)
  let out = h.out.unsafelyUnwrapped.assumingMemoryBound(to: T.self), logSum = h.logSum.unsafelyUnwrapped.assumingMemoryBound(to: T.self)
  let dq = h.dq?.assumingMemoryBound(to: T.self), dk = h.dk?.assumingMemoryBound(to: T.self), dv = h.dv?.assumingMemoryBound(to: T.self)
  if let dk { fill(h.keys, h.e, dk, h.dkRow, 0) }
  if let dv { fill(h.keys, h.ev, dv, h.dvRow, 0) }
  var i = 0
  while i < h.queries {
    let n = least(block, h.queries - i), columns = (n + T.width - 1) / T.width * T.width, keys = visible(h, i, n)
    let gi = g + i * h.gRow, qi = q + i * h.qRow
    packRows(n, h.e, qi, h.qRow, T(h.scale), t.qt)
    packRows(n, h.ev, gi, h.gRow, 1, t.gt)
    fill(1, block, t.top, 0, 0)
    fill(1, block, t.sum, 0, 0)
    var r = 0
    while r < n {
      t.top[r] = logSum[i + r]
      t.sum[r] = dot(h.ev, gi + r * h.gRow, UnsafePointer(out) + (i + r) * h.outRow)
      r += 1
    }
    if keys == 0, let dq { fill(n, h.e, dq + i * h.dqRow, h.dqRow, 0) }
    var j = 0
    while j < keys {
      let count = least(block, keys - j)
      scores(h, t, i, n, j, count)
      let diagonal = shift(h, i, j, count)
      t.multiplyKeys(diagonal, count, columns, h.ev, v + j * h.vRow, h.vRow, t.gt, t.ds)
      slopes(t, diagonal, n, count, T(h.scale))
      if let dv { t.addToKeys(diagonal, count, n, h.ev, t.s, gi, h.gRow, dv + j * h.dvRow, h.dvRow) }
      if let dk { t.addToKeys(diagonal, count, n, h.e, t.ds, qi, h.qRow, dk + j * h.dkRow, h.dkRow) }
      if let dq { t.multiplyQueries(diagonal, count, n, h.e, t.ds, k + j * h.kRow, h.kRow, dq + i * h.dqRow, h.dqRow, add: j > 0) }
      j += block
    }
    i += block
  }
}

func attentionFunction(_ type: UInt8) -> AttentionFunction? {
  switch dtype(type) {
  case .float32: { attention(Float.self, matrixFunction(0).unsafelyUnwrapped, $0) }
  case .float64: { attention(Double.self, matrixFunction(1).unsafelyUnwrapped, $0) }
  default: nil
  }
}

func attentionBackwardFunction(_ type: UInt8) -> AttentionFunction? {
  switch dtype(type) {
  case .float32: { attentionBackward(Float.self, matrixFunction(0).unsafelyUnwrapped, $0) }
  case .float64: { attentionBackward(Double.self, matrixFunction(1).unsafelyUnwrapped, $0) }
  default: nil
  }
}
