// An image with its margin written out, for windows that move over it: convolution and pooling read places of a window as
// straight lines. Columns are sorted by their remainder modulo the step of the window, see `Correlation`.
import CShim
import KernelAPI

@inline(__always) func lesser(_ a: Int, _ b: Int) -> Int { a < b ? a : b }
@inline(__always) func greater(_ a: Int, _ b: Int) -> Int { a > b ? a : b }

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
  let count = c.stagedRows(last - first), from = first * c.stepY - c.top, m = T.splat(margin)
  var channel = 0
  while channel < c.channels {
    let plane = x + channel * c.height * c.width
    var d = d + channel * c.plane
    var r = 0
    while r < count {
      let row = from + r
      if row < 0 || row >= c.height {
        fillRun(d, c.rowPitch, m)
      } else if c.stepX == 1 {
        let n = c.stagedColumns
        let a = lesser(greater(c.left, 0), n), b = greater(lesser(c.left + c.width, n), a)
        fillRun(d, a, m)
        copyRun(d + a, plane + (row * c.width + a - c.left), b - a)
        fillRun(d + b, n - b, m)
      } else {
        stageColumns(c, plane + row * c.width, m, d)
      }
      d += c.rowPitch
      r += 1
    }
    channel += 1
  }
}

/// One row, its columns sorted by their remainder.
@inline(never) private func stageColumns<T: Lanes>(_ c: Correlation, _ row: UnsafePointer<T>, _ m: T.V, _ d: UnsafeMutablePointer<T>) {
  let n = c.phasePitch, step = c.stepX
  var phase = 0
  while phase < step {
    let d = d + phase * n
    // Element j is the image's column phase + j·step − left.
    let start = phase - c.left
    let a = lesser(start >= 0 ? 0 : (step - 1 - start) / step, n)
    let b = greater(start >= c.width ? 0 : lesser((c.width - 1 - start) / step + 1, n), a)
    fillRun(d, a, m)
    var j = a
    if step == 2 {
      while j + T.width <= b && start + 2 * (j + T.width) <= c.width {
        let s = row + (start + 2 * j)
        store(d, j, T.even(load(s, 0), load(s, T.width)))
        j += T.width
      }
    }
    while j < b {
      d[j] = row[start + j * step]
      j += 1
    }
    fillRun(d + b, n - b, m)
    phase += 1
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
      if c.stepX == 2 && c.left % 2 == 0 {
        while i + 2 * T.width <= reached {
          let a = load(s, (i + c.left) / 2), b = load(s + n, (i + c.left) / 2)
          store(d, i, T.mergeLow(a, b))
          store(d, i + T.width, T.mergeHigh(a, b))
          i += 2 * T.width
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
