// An image with its margin written out, for windows that move over it: convolution and pooling read places of a window as
// straight lines. Columns are sorted by their remainder modulo the step of the window, see `Correlation`.
import CShim
import KernelAPI

@inline(__always) func lesser(_ a: Int, _ b: Int) -> Int { a < b ? a : b }
@inline(__always) func greater(_ a: Int, _ b: Int) -> Int { a > b ? a : b }

/// The first n ≤ width lanes; the others zero, or left alone.
@inline(__always) func loadUpTo<T: Lanes>(_ p: UnsafePointer<T>, _ n: Int) -> T.V { n == T.width ? load(p, 0) : T.loadHead(p, n) }
@inline(__always) func storeUpTo<T: Lanes>(_ p: UnsafeMutablePointer<T>, _ n: Int, _ v: T.V) {
  if n == T.width { store(p, 0, v) } else { T.storeHead(p, n, v) }
}

/// d[i] = s[i] for i < n. Reads and writes nothing beyond.
@inline(__always) func copyRun<T: Lanes>(_ d: UnsafeMutablePointer<T>, _ s: UnsafePointer<T>, _ n: Int) {
  var i = 0
  while i + T.width <= n {
    store(d, i, load(s, i))
    i += T.width
  }
  if i < n { T.storeHead(d + i, n - i, T.loadHead(s + i, n - i)) }
}

@inline(__always) func fillRun<T: Lanes>(_ d: UnsafeMutablePointer<T>, _ n: Int, _ value: T.V) {
  var i = 0
  while i + T.width <= n {
    store(d, i, value)
    i += T.width
  }
  if i < n { T.storeHead(d + i, n - i, value) }
}

/// Copies what rows first ..< last of y read to d, `margin` where there is no image.
@inline(never) func stage<T: Lanes>(
  _ c: Correlation, _ x: UnsafePointer<T>, _ first: Int, _ last: Int, _ margin: T, _ d: UnsafeMutablePointer<T>
) {
  let count = c.stagedRows(last - first), from = first * c.stepY - c.top, m = T.splat(margin), step = c.stepX
  let skipsRows = c.reachY < c.stepY, n = step == 1 ? c.stagedColumns : c.phasePitch
  // Columns phase + j·step − left of the image; those that exist are a ..< b. Phases that no window looks at are left out.
  var phase = 0
  while phase < lesser(step, c.reachX) {
    let start = phase - c.left
    let a = lesser(start >= 0 ? 0 : (step - 1 - start) / step, n)
    let b = greater(start >= c.width ? 0 : lesser((c.width - 1 - start) / step + 1, n), a)
    var channel = 0
    while channel < c.channels {
      let plane = x + channel * c.height * c.width
      var d = d + (channel * c.plane + phase * c.phasePitch)
      var r = 0
      while r < count {
        let row = from + r
        if skipsRows && r % c.stepY >= c.reachY {
          // between the windows: never read
        } else if row < 0 || row >= c.height {
          fillRun(d, n, m)
        } else {
          let s = plane + row * c.width
          if a > 0 { fillRun(d, a, m) }
          if step == 1 { copyRun(d + a, s + (start + a), b - a) } else { copyEvery(step, s, start, a, b, c.width, d) }
          if b < n { fillRun(d + b, n - b, m) }
        }
        d += c.rowPitch
        r += 1
      }
      channel += 1
    }
    phase += 1
  }
}

/// d[j] = row[start + j·step] for a ≤ j < b; the row has `width` numbers.
@inline(__always) private func copyEvery<T: Lanes>(
  _ step: Int, _ row: UnsafePointer<T>, _ start: Int, _ a: Int, _ b: Int, _ width: Int, _ d: UnsafeMutablePointer<T>
) {
  var j = a
  if step == 2 {
    while j < b {
      let s = row + (start + 2 * j), left = width - (start + 2 * j), w = T.width
      let second = left > w ? loadUpTo(s + w, lesser(left - w, w)) : T.zeros
      storeUpTo(d + j, lesser(b - j, w), T.even(loadUpTo(s, lesser(left, w)), second))
      j += w
    }
  }
  while j < b {
    d[j] = row[start + j * step]
    j += 1
  }
}

/// The way back for one plane: what stands in the copy where the image is; zero where no window reaches.
@inline(never) func unstage<T: Lanes>(_ c: Correlation, _ copy: UnsafePointer<T>, _ x: UnsafeMutablePointer<T>) {
  let rows = c.stagedRows(c.rows), columns = c.stagedColumns, n = c.phasePitch
  let reached = lesser(columns - c.left, c.width)
  var row = 0
  while row < c.height {
    let d = x + row * c.width
    if row + c.top >= rows {
      fillRun(d, c.width, T.zeros)
    } else if c.stepX == 1 {
      copyRun(d, copy + ((row + c.top) * c.rowPitch + c.left), reached)
      fillRun(d + reached, c.width - reached, T.zeros)
    } else {
      let s = copy + (row + c.top) * c.rowPitch
      var i = 0
      if c.stepX == 2 {
        // The image's even columns lie in one phase, its odd ones in the other.
        let isOdd = c.left % 2 != 0
        let even = s + (isOdd ? n + c.left / 2 : c.left / 2), odd = s + (isOdd ? (c.left + 1) / 2 : n + c.left / 2)
        while i < reached {
          let a = load(even, i / 2), b = load(odd, i / 2), left = reached - i, w = T.width
          storeUpTo(d + i, lesser(left, w), T.mergeLow(a, b))
          if left > w { storeUpTo(d + (i + w), lesser(left - w, w), T.mergeHigh(a, b)) }
          i += 2 * w
        }
      }
      while i < reached {
        let column = i + c.left
        d[i] = s[column % c.stepX * n + column / c.stepX]
        i += 1
      }
      fillRun(d + reached, c.width - reached, T.zeros)
    }
    row += 1
  }
}
