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

/// `count` pixels from pixel p on: panel[k·pitch + i] = x[offsets[k] + place of pixel p + i].
@inline(never) private func packPatches<T: Lanes>(
  _ c: Correlation, _ x: UnsafePointer<T>, _ offsets: UnsafePointer<Int>, _ kc: Int, _ p: Int, _ count: Int,
  _ panel: UnsafeMutablePointer<T>, _ pitch: Int
) {
  var row = p / c.columns, column = p % c.columns, t = 0
  while t < count {
    let run = lesser(c.columns - column, count - t), s = x + (row * c.stepY * c.rowPitch + column)
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
  let lanes = T.width, wide = mostVectors * lanes
  let all = c.terms + (hasBias ? 1 : 0), kcBlock = termBlock(all), padded = up(c.outputs, channelTile)
  let tile = work, panel = tile + channelTile * wide
  var image = x + first * c.stepY * c.rowPitch
  if c.staged {
    let copy = panel + (kcBlock + 1) * wide
    stage(c, x, first, last, 0, copy)
    image = UnsafePointer(copy)
  }
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
        if !isWhole { deliverPixels(c, tile, wide, rows, count, y + m * c.yPlane, first, p, pc > 0) }
        m += channelTile
      }
      pc += kcBlock
    }
    p += n * lanes
  }
}

/// `count` pixels of a finished tile to their places in y.
@inline(never) private func deliverPixels<T: Lanes>(
  _ c: Correlation, _ tile: UnsafePointer<T>, _ wide: Int, _ rows: Int, _ count: Int, _ y: UnsafeMutablePointer<T>, _ first: Int,
  _ p: Int, _ accumulate: Bool
) {
  var row = first + p / c.columns, column = p % c.columns, t = 0
  while t < count {
    let run = lesser(c.columns - column, count - t)
    var m = 0
    while m < rows {
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
    t += run
    column = 0
    row += 1
  }
}

func correlationPlan<T: Lanes>(_: T.Type, _ c: Correlation, _ rows: Int, _ plan: UnsafeMutablePointer<Int>) {
  let size = MemoryLayout<T>.size, wide = mostVectors * T.width
  let copy = c.staged ? c.channels * c.plane + T.width : 0
  plan[0] = up(c.outputs, channelTile) * (c.terms + 1) * size
  plan[1] = (channelTile * wide + (greater(termBlock(c.terms), termBlock(c.terms + 1)) + 1) * wide + copy) * size
  let sums = weightPanel(T.self, c.outputs)
  let panels = up(c.outputs, sums)
  plan[2] = (panels * rows * c.columns + copy) * size
  plan[3] = panels * up(c.terms, 8) * size
}
