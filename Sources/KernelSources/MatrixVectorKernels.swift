// Matrix times vector, either way round: one row or one column of C.
import KernelAPI

/// Columns of C summed at once by `sumOfRows`: 4 KB of float32, in the first level beside eight rows of the matrix.
let stripe = 1024

@inline(__always) private func least(_ a: Int, _ b: Int) -> Int { a < b ? a : b }

/// y[i·ys] = Σ over k of rows[i·rs + k] · x[k·xs]: four running vectors over k, folded in a fixed order.
@inline(never) func rowsTimes<T: Lanes>(
  _ count: Int, _ k: Int, _ rows: UnsafePointer<T>, _ rs: Int, _ x: UnsafePointer<T>, _ xs: Int,
  _ y: UnsafeMutablePointer<T>, _ ys: Int, _ finish: Finish<T>, _ biasStride: Int, _ work: UnsafeMutablePointer<T>
) {
  var x = x
  if xs != 1 {
    packPanel(1, 1, k, x, 0, xs, work)
    x = UnsafePointer(work)
  }
  let w = T.width
  var i = 0
  while i < count {
    let r = rows + i * rs
    var s0 = T.zeros, s1 = T.zeros, s2 = T.zeros, s3 = T.zeros
    var p = 0
    while p + 4 * w <= k {
      s0 = T.fma(load(r, p), load(x, p), s0)
      s1 = T.fma(load(r, p + w), load(x, p + w), s1)
      s2 = T.fma(load(r, p + 2 * w), load(x, p + 2 * w), s2)
      s3 = T.fma(load(r, p + 3 * w), load(x, p + 3 * w), s3)
      p += 4 * w
    }
    while p + w <= k {
      s0 = T.fma(load(r, p), load(x, p), s0)
      p += w
    }
    if p < k { s1 = T.fma(loadHead(r + p, k - p, rest: 0), loadHead(x + p, k - p, rest: 0), s1) }
    let sum = T.sum(T.add(T.add(s0, s1), T.add(s2, s3)))
    y[i * ys] = finish.accumulate ? y[i * ys] + sum : finish.bias.map { $0[i * biasStride] + sum } ?? sum
    i += 1
  }
}

/// y[i·ys] = Σ over k of x[k·xs] · rows[k·rs + i], each element one chain in the order of k.
@inline(never) func sumOfRows<T: Lanes>(
  _ count: Int, _ k: Int, _ rows: UnsafePointer<T>, _ rs: Int, _ x: UnsafePointer<T>, _ xs: Int,
  _ y: UnsafeMutablePointer<T>, _ ys: Int, _ finish: Finish<T>, _ biasStride: Int, _ work: UnsafeMutablePointer<T>
) {
  var i = 0
  while i < count {
    let width = least(stripe, count - i)
    var p = 0
    while p < width {
      work[p] = finish.bias.map { $0[(i + p) * biasStride] } ?? 0
      p += 1
    }
    p = 0
    while p + 8 <= k {
      addEight(width, rows + p * rs + i, rs, x + p * xs, xs, work)
      p += 8
    }
    while p < k {
      addOne(width, rows + p * rs + i, x[p * xs], work)
      p += 1
    }
    var j = 0
    let d = y + i * ys
    while j < width {
      d[j * ys] = finish.accumulate ? d[j * ys] + work[j] : work[j]
      j += 1
    }
    i += stripe
  }
}

@inline(__always) private func addOne<T: Lanes>(_ width: Int, _ row: UnsafePointer<T>, _ x: T, _ y: UnsafeMutablePointer<T>) {
  let xv = T.splat(x)
  var j = 0
  while j + T.width <= width {
    store(y, j, T.fma(xv, load(row, j), load(UnsafePointer(y), j)))
    j += T.width
  }
  if j < width { store(y, j, T.fma(xv, loadHead(row + j, width - j, rest: 0), load(UnsafePointer(y), j))) }
}

@inline(__always) private func addEight<T: Lanes>(
  _ width: Int, _ rows: UnsafePointer<T>, _ rs: Int, _ x: UnsafePointer<T>, _ xs: Int, _ y: UnsafeMutablePointer<T>
) {
  let x0 = T.splat(x[0]), x1 = T.splat(x[xs]), x2 = T.splat(x[2 * xs]), x3 = T.splat(x[3 * xs])
  let x4 = T.splat(x[4 * xs]), x5 = T.splat(x[5 * xs]), x6 = T.splat(x[6 * xs]), x7 = T.splat(x[7 * xs])
  let r4 = rows + 4 * rs
  var j = 0
  while j + T.width <= width {
    var s = load(UnsafePointer(y), j)
    s = T.fma(x0, load(rows, j), s)
    s = T.fma(x1, load(rows + rs, j), s)
    s = T.fma(x2, load(rows + 2 * rs, j), s)
    s = T.fma(x3, load(rows + 3 * rs, j), s)
    s = T.fma(x4, load(r4, j), s)
    s = T.fma(x5, load(r4 + rs, j), s)
    s = T.fma(x6, load(r4 + 2 * rs, j), s)
    s = T.fma(x7, load(r4 + 3 * rs, j), s)
    store(y, j, s)
    j += T.width
  }
  if j < width {
    var p = 0
    var s = load(UnsafePointer(y), j)
    while p < 8 {
      s = T.fma(T.splat(x[p * xs]), loadHead(rows + p * rs + j, width - j, rest: 0), s)
      p += 1
    }
    store(y, j, s)
  }
}
