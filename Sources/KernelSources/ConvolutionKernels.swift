// Convolution as a matrix product without its matrix: y (outputs × pixels) = weights (outputs × terms) · patches (terms × pixels).
// A few vectors of pixels at a time, the patches are packed from the image into a panel that stays in the first-level cache
// and multiplied by all weights with the register tiles of the matrix product.
import CShim
import KernelAPI

// Tiles of output channels × vectors of pixels. Channels mostly come in multiples of 8.
#if ISA_V4
  private typealias Channels<R: TileRow> = High8<R>
  private typealias FewChannels<R: TileRow> = High4<R>
  private let mostVectors = 3
#elseif ISA_BASE
  private typealias Channels<R: TileRow> = High4<R>
  private typealias FewChannels<R: TileRow> = High2<R>
  private let mostVectors = 2
#else
  private typealias Channels<R: TileRow> = High4<R>
  private typealias FewChannels<R: TileRow> = High2<R>
  private let mostVectors = 3
#endif
#if ISA_V4
  let channelTile = 8
#else
  let channelTile = 4
#endif

/// Outputs below which a vector of them, or a tile, would be mostly empty.
let thinOutputs = 3

/// Terms packed at once: 256 × 48 floats are 48 KB.
private let mostTerms = 256

@inline(__always) private func up(_ x: Int, _ to: Int) -> Int { (x + to - 1) / to * to }
@inline(__always) private func termBlock(_ n: Int) -> Int {
  let count = (n + mostTerms - 1) / mostTerms
  return count <= 1 ? n : up((n + count - 1) / count, 8)
}
/// Vectors of the next tile where n are left: no single one is left over beside three.
@inline(__always) private func vectors(_ n: Int) -> Int { n >= mostVectors && n != mostVectors + 1 ? mostVectors : n >= 2 ? 2 : 1 }

// MARK: - Weights

@inline(__always) func packWeights<T: Lanes>(
  _ c: Correlation, _ w: UnsafePointer<T>, _ outputStride: Int, _ channelStride: Int, _ places: UnsafePointer<Int>,
  _ bias: UnsafePointer<T>?, _ biasStride: Int, _ d: UnsafeMutablePointer<T>
) {
  let all = c.terms + (bias == nil ? 0 : 1), kcBlock = termBlock(all), padded = up(c.outputs, channelTile)
  var first = 0
  while first < all {
    let kc = lesser(kcBlock, all - first)
    var m = 0
    while m < padded {
      let rows = lesser(channelTile, c.outputs - m), d = d + (first * padded + m * kc)
      var channel = c.terms == 0 ? 0 : first / c.places, t = c.terms == 0 ? 0 : first % c.places, k = 0
      while k < kc {
        let to = d + k * channelTile
        var r = 0
        if first + k < c.terms {
          let s = w + (m * outputStride + channel * channelStride + places[t])
          while r < rows { to[r] = s[r * outputStride]; r += 1 }
        } else if let bias {
          while r < rows { to[r] = bias[(m + r) * biasStride]; r += 1 }
        }
        while r < channelTile { to[r] = 0; r += 1 }
        t += 1
        if t == c.places { t = 0; channel += 1 }
        k += 1
      }
      m += channelTile
    }
    first += kcBlock
  }
}

// MARK: - Patches

/// Column p of the panel: kc lines of one vector each, from x + offsets[k].
@inline(__always) private func copyLines<T: Lanes>(
  _ kc: Int, _ offsets: UnsafePointer<Int>, _ x: UnsafePointer<T>, _ d: UnsafeMutablePointer<T>, _ pitch: Int
) {
  var d = d, k = 0
  while k < kc {
    store(d, 0, load(x + offsets[k], 0))
    d += pitch
    k += 1
  }
}

/// The same for the last n < width pixels of a row; `spills`: what follows them in the panel is written later or not used.
@inline(__always) private func copyHeads<T: Lanes>(
  _ kc: Int, _ offsets: UnsafePointer<Int>, _ x: UnsafePointer<T>, _ n: Int, _ d: UnsafeMutablePointer<T>, _ pitch: Int, _ spills: Bool
) {
  var d = d, k = 0
  if spills {
    while k < kc {
      store(d, 0, T.loadHead(x + offsets[k], n))
      d += pitch
      k += 1
    }
  } else {
    while k < kc {
      T.storeHead(d, n, T.loadHead(x + offsets[k], n))
      d += pitch
      k += 1
    }
  }
}

/// Two rows of n pixels, half a vector each: `next` stands n before the second.
@inline(__always) private func copyPairs<T: Lanes>(
  _ kc: Int, _ offsets: UnsafePointer<Int>, _ x: UnsafePointer<T>, _ next: UnsafePointer<T>, _ n: Int, _ d: UnsafeMutablePointer<T>,
  _ pitch: Int
) {
  var d = d, k = 0
  while k < kc {
    store(d, 0, T.head(n, load(x + offsets[k], 0), load(next + offsets[k], 0)))
    d += pitch
    k += 1
  }
}

/// `count` pixels from pixel p on: panel[k·pitch + i] = x[offsets[k] + place of pixel p + i].
@inline(never) private func packPatches<T: Lanes>(
  _ c: Correlation, _ x: UnsafePointer<T>, _ offsets: UnsafePointer<Int>, _ kc: Int, _ p: Int, _ count: Int,
  _ panel: UnsafeMutablePointer<T>, _ pitch: Int
) {
  var row = p / c.columns, column = p % c.columns, t = 0
  while t < count {
    let run = lesser(c.columns - column, count - t), s = x + (row * c.stepY * c.rowPitch + column)
    if 2 * c.columns == T.width && column == 0 && t + T.width <= count {
      copyPairs(kc, offsets, s, s + (c.stepY * c.rowPitch - c.columns), c.columns, panel + t, pitch)
      t += T.width
      row += 2
      continue
    }
    var i = 0
    while i + T.width <= run {
      copyLines(kc, offsets, s + i, panel + (t + i), pitch)
      i += T.width
    }
    if i < run { copyHeads(kc, offsets, s + i, run - i, panel + (t + i), pitch, t + i + T.width <= pitch) }
    t += run
    column = 0
    row += 1
  }
}

// MARK: - The product

@inline(__always) private func tiles<R: TileRow>(
  _: R.Type, _ rows: Int, _ kc: Int, _ a: UnsafePointer<R.T>, _ b: UnsafePointer<R.T>, _ pitch: Int,
  _ d: UnsafeMutablePointer<R.T>, _ ldd: Int, _ accumulate: Bool
) {
  if rows <= FewChannels<R>.rows {
    directTile(FewChannels<R>.self, kc, a, 1, channelTile, b, pitch, d, ldd, accumulate)
  } else {
    packedTile(Channels<R>.self, kc, a, b, pitch, d, ldd, accumulate)
  }
}

@inline(__always) func correlate<T: Lanes>(
  _ c: Correlation, _ x: UnsafePointer<T>, _ w: UnsafePointer<T>, _ hasBias: Bool, _ y: UnsafeMutablePointer<T>,
  _ first: Int, _ last: Int, _ work: UnsafeMutablePointer<T>
) {
  let wide = mostVectors * T.width, all = c.terms + (hasBias ? 1 : 0)
  let tile = work, panel = tile + channelTile * wide
  var image = x + first * c.stepY * c.rowPitch
  if c.staged {
    let copy = panel + (termBlock(all) + 1) * wide
    stage(c, x, first, last, 0, copy)
    image = UnsafePointer(copy)
  }
  if c.outputs < thinOutputs && c.yColumn == 1 && c.terms > 0 {
    thin(c, image, w, hasBias, y, first, last)
  } else if c.inPlace {
    inPlace(c, image, w, hasBias, y, first, last, tile)
  } else {
    packed(c, image, w, hasBias, y, first, last, tile, panel)
  }
}

/// Patches packed, a tile's width of pixels at a time.
@inline(never) private func packed<T: Lanes>(
  _ c: Correlation, _ image: UnsafePointer<T>, _ w: UnsafePointer<T>, _ hasBias: Bool, _ y: UnsafeMutablePointer<T>,
  _ first: Int, _ last: Int, _ tile: UnsafeMutablePointer<T>, _ panel: UnsafeMutablePointer<T>
) {
  let lanes = T.width, wide = mostVectors * lanes
  let all = c.terms + (hasBias ? 1 : 0), kcBlock = termBlock(all), padded = up(c.outputs, channelTile)
  let offsets = c.offsets.unsafelyUnwrapped
  let dense = c.yColumn == 1 && c.yRow == c.columns
  let pixels = (last - first) * c.columns
  var p = 0
  while p < pixels {
    let n = vectors((pixels - p + lanes - 1) / lanes), count = lesser(pixels - p, n * lanes)
    var pc = 0
    while pc < all {
      let kc = lesser(kcBlock, all - pc), own = lesser(kc, c.terms - pc)
      packPatches(c, image, offsets + pc, own, p, count, panel, wide)
      if own < kc { fillRun(panel + own * wide, wide, T.splat(1)) }
      var m = 0
      while m < c.outputs {
        let rows = lesser(channelTile, c.outputs - m), a = w + (pc * padded + m * kc)
        let isWhole = dense && count == n * lanes && (rows == channelTile || rows == FewChannels<Row1<T>>.rows)
        let d = isWhole ? y + (m * c.yPlane + first * c.yRow + p) : tile
        let ldd = isWhole ? c.yPlane : wide, add = isWhole && pc > 0
        switch n {
        case 1: tiles(Row1<T>.self, rows, kc, a, panel, wide, d, ldd, add)
        case 2: tiles(Row2<T>.self, rows, kc, a, panel, wide, d, ldd, add)
        default: tiles(Row3<T>.self, rows, kc, a, panel, wide, d, ldd, add)
        }
        if !isWhole { deliverPixels(c, c.columns, tile, wide, rows, count, y + m * c.yPlane, first, p, pc > 0) }
        m += channelTile
      }
      pc += kcBlock
    }
    p += n * lanes
  }
}

/// The tile on patches where they lie: line k of B is x + offsets[k].
@inline(never) private func offsetTile<X: Tile>(
  _: X.Type, _ kc: Int, _ a: UnsafePointer<X.Row.T>, _ x: UnsafePointer<X.Row.T>, _ offsets: UnsafePointer<Int>,
  _ d: UnsafeMutablePointer<X.Row.T>, _ ldd: Int
) {
  let n = X.Row.vectors * X.Row.T.width
  var t = X(all: X.Row())
  var a = a, k = 0
  while k < kc {
    t.addOuter(a, 1, X.Row(from: x + offsets[k], n))
    a += channelTile
    k += 1
  }
  t.add(to: d, ldd, n)
}

/// The copy read as one line from row to row, with the margins between as pixels whose results are dropped.
@inline(never) private func inPlace<T: Lanes>(
  _ c: Correlation, _ image: UnsafePointer<T>, _ w: UnsafePointer<T>, _ hasBias: Bool, _ y: UnsafeMutablePointer<T>,
  _ first: Int, _ last: Int, _ tile: UnsafeMutablePointer<T>
) {
  let lanes = T.width, wide = mostVectors * lanes
  let all = c.terms + (hasBias ? 1 : 0), kcBlock = termBlock(all), padded = up(c.outputs, channelTile)
  let offsets = c.offsets.unsafelyUnwrapped, line = c.stepY * c.rowPitch
  let pixels = (last - first - 1) * line + c.columns
  var p = 0
  while p < pixels {
    let n = vectors((pixels - p + lanes - 1) / lanes), count = lesser(pixels - p, n * lanes)
    var m = 0
    while m < c.outputs {
      let rows = lesser(channelTile, c.outputs - m)
      var pc = 0, r = 0
      while r < channelTile {
        let lastBlock = (all - 1) / kcBlock * kcBlock, kc = all - lastBlock
        let start = hasBias ? w[lastBlock * padded + m * kc + (kc - 1) * channelTile + r] : 0
        fillRun(tile + r * wide, n * lanes, T.splat(start))
        r += 1
      }
      while pc < c.terms {
        let kc = lesser(kcBlock, all - pc), own = lesser(kc, c.terms - pc), a = w + (pc * padded + m * kc)
        switch n {
        case 1: offsetTile(Channels<Row1<T>>.self, own, a, image + p, offsets + pc, tile, wide)
        case 2: offsetTile(Channels<Row2<T>>.self, own, a, image + p, offsets + pc, tile, wide)
        default: offsetTile(Channels<Row3<T>>.self, own, a, image + p, offsets + pc, tile, wide)
        }
        pc += kcBlock
      }
      deliverPixels(c, line, tile, wide, rows, count, y + m * c.yPlane, first, p, false)
      m += channelTile
    }
    p += n * lanes
  }
}

/// For few outputs, as one to a group: row by row, a vector of pixels against all places.
@inline(never) private func thin<T: Lanes>(
  _ c: Correlation, _ image: UnsafePointer<T>, _ w: UnsafePointer<T>, _ hasBias: Bool, _ y: UnsafeMutablePointer<T>,
  _ first: Int, _ last: Int
) {
  let all = c.terms + (hasBias ? 1 : 0), kcBlock = termBlock(all), padded = up(c.outputs, channelTile)
  let offsets = c.offsets.unsafelyUnwrapped
  var m = 0
  while m < c.outputs {
    let lastBlock = (all - 1) / kcBlock * kcBlock
    let start = T.splat(hasBias ? w[lastBlock * padded + (all - lastBlock - 1) * channelTile + m] : 0)
    var row = first
    while row < last {
      let line = image + (row - first) * c.stepY * c.rowPitch, d = y + (m * c.yPlane + row * c.yRow)
      var i = 0
      while i < c.columns {
        let n = lesser(c.columns - i, T.width)
        var sum = start, pc = 0
        while pc < c.terms {
          let end = lesser(pc + kcBlock, c.terms)
          var k = pc, a = w + (pc * padded + m)
          if n == T.width {
            while k < end {
              sum = T.fma(T.splat(a[0]), load(line + (i + offsets[k]), 0), sum)
              a += channelTile
              k += 1
            }
          } else {
            while k < end {
              sum = T.fma(T.splat(a[0]), T.loadHead(line + (i + offsets[k]), n), sum)
              a += channelTile
              k += 1
            }
          }
          pc += kcBlock
        }
        if n == T.width { store(d, i, sum) } else { T.storeHead(d + i, n, sum) }
        i += T.width
      }
      row += 1
    }
    m += 1
  }
}

/// `count` pixels of a finished tile to their places in y; rows are `length` pixels long, of which the first c.columns exist.
@inline(never) private func deliverPixels<T: Lanes>(
  _ c: Correlation, _ length: Int, _ tile: UnsafePointer<T>, _ wide: Int, _ rows: Int, _ count: Int, _ y: UnsafeMutablePointer<T>, _ first: Int,
  _ p: Int, _ accumulate: Bool
) {
  var row = first + p / length, column = p % length, t = 0
  while t < count {
    let run = lesser(c.columns - column, count - t)
    var m = 0
    while m < rows && run > 0 {
      let s = tile + (m * wide + t), d = y + (m * c.yPlane + row * c.yRow + column * c.yColumn)
      var i = 0
      if c.yColumn == 1 {
        while i < run {
          let n = lesser(run - i, T.width)
          // Tiles are whole vectors, and a vector that starts inside one may end past it: hence heads.
          var v = T.loadHead(s + i, n)
          if n == T.width { v = load(s, i) }
          if n == T.width {
            store(d, i, accumulate ? T.add(load(UnsafePointer(d), i), v) : v)
          } else {
            T.storeHead(d + i, n, accumulate ? T.add(T.loadHead(UnsafePointer(d) + i, n), v) : v)
          }
          i += T.width
        }
      } else {
        while i < run {
          let at = i * c.yColumn
          d[at] = accumulate ? d[at] + s[i] : s[i]
          i += 1
        }
      }
      m += 1
    }
    t += length - column
    column = 0
    row += 1
  }
}

/// y[m][j, i] = bias[m] + Σ over places (t, s) of columns[m][t, s][j + top − t·dy, i + left − s·dx], where columns hold height × width
/// products for each place of the window: the way back from patches to the image, by reading.
@inline(__always) func gatherPlaces<T: Lanes>(
  _ c: Correlation, _ columns: UnsafePointer<T>, _ kernel: (Int, Int), _ dilation: (Int, Int), _ bias: UnsafePointer<T>?,
  _ biasStride: Int, _ y: UnsafeMutablePointer<T>
) {
  let area = c.height * c.width
  var m = 0
  while m < c.outputs {
    let mine = columns + m * kernel.0 * kernel.1 * area, start = T.splat(bias.map { $0[m * biasStride] } ?? 0)
    var j = 0
    while j < c.rows {
      let d = y + (m * c.rows + j) * c.columns
      var i = 0
      while i < c.columns {
        let n = lesser(c.columns - i, T.width)
        var sum = start, t = 0
        while t < kernel.0 {
          let row = j + c.top - t * dilation.0
          if row >= 0 && row < c.height {
            let line = mine + (t * kernel.1 * area + row * c.width)
            var s = 0
            while s < kernel.1 {
              // Lanes low ..< high stand within the line; those before them are read and dropped.
              let at = i + c.left - s * dilation.1
              let low = at < 0 ? -at : 0, high = lesser(n, c.width - at)
              if high > low {
                let v = loadUpTo(line + (s * area + at), high)
                sum = T.add(sum, low > 0 ? T.head(low, T.zeros, v) : v)
              }
              s += 1
            }
          }
          t += 1
        }
        storeUpTo(d + i, n, sum)
        i += T.width
      }
      j += 1
    }
    m += 1
  }
}

func correlationPlan<T: Lanes>(_: T.Type, _ c: Correlation, _ rows: Int, _ plan: UnsafeMutablePointer<Int>) {
  let size = MemoryLayout<T>.size, wide = mostVectors * T.width
  let copy = c.staged ? c.channels * c.plane + (mostVectors + 1) * T.width : 0
  plan[0] = up(c.outputs, channelTile) * (c.terms + 1) * size
  plan[1] = (channelTile * wide + (greater(termBlock(c.terms), termBlock(c.terms + 1)) + 1) * wide + copy) * size
  let sums = weightPanel(T.self, c.outputs)
  let panels = up(c.outputs, sums)
  plan[2] = (panels * rows * c.columns + copy) * size
  plan[3] = panels * up(c.terms, 8) * size
}
