// C = A·B. Five ways to go, chosen once from the whole shape:
//   packed     A and B copied into panels, blocked for the caches (Goto, van de Geijn 2008, "Anatomy of
//              High-Performance Matrix Multiplication"); any strides
//   direct     no copies, for operands that fit the second-level cache or are read only once; B has unit column stride
//   rowsTimes  one row or one column of C whose vector runs along k: a dot product per element
//   sumOfRows  one row or one column of C whose vector runs along C: rows of the matrix are added up, scaled
// M, N, K are the sizes; rs and cs a row and a column stride. An element of C is summed in an order that depends on
// K and the path alone, so pieces of C computed apart have the bits of the whole.
import KernelAPI

enum MatrixPath {
  static let packed = 0, direct = 1
  static let rowDots = 2, rowSum = 3  // M = 1
  static let columnDots = 4, columnSum = 5  // N = 1
}

// The register tiles. GFLOP/s, float32, one thread of a Zen 5 at 384³, 512³, 1024³, packed:
//   AVX-512  6 × 4 vectors 250 249 252;  8 × 3: 248 248 236;  14 × 2: 238 244 231
//   AVX2     4 × 3 vectors 133 131 132;  6 × 2: 129 127 124
//   SSE2     6 × 2 leaves two registers for B and two for the products.
// Direct, AVX-512, 8 × 2 vectors: 64³ 262, 64×784·784×256 267.
#if ISA_V4
  typealias PackedHigh<R: TileRow> = High6<R>
  typealias PackedTile<T: Lanes> = PackedHigh<Row4<T>>
  typealias WideRow<T: Lanes> = Row2<T>
  typealias Highest<R: TileRow> = High8<R>
#elseif ISA_BASE
  typealias PackedHigh<R: TileRow> = High6<R>
  typealias PackedTile<T: Lanes> = PackedHigh<Row2<T>>
  typealias WideRow<T: Lanes> = Row2<T>
  typealias Highest<R: TileRow> = High6<R>
#else
  typealias PackedHigh<R: TileRow> = High4<R>
  typealias PackedTile<T: Lanes> = PackedHigh<Row3<T>>
  typealias WideRow<T: Lanes> = Row3<T>
  typealias Highest<R: TileRow> = High4<R>
#endif

/// For strips of one vector, which need more rows to keep the multipliers busy: 16, 8 or 12.
private typealias Tower<R: TileRow> = Above<Highest<R>, Highest<R>>
// Narrower tiles on the same panels, for the last columns.
private typealias PackedTile1<T: Lanes> = PackedHigh<Row1<T>>
private typealias PackedTile2<T: Lanes> = PackedHigh<Row2<T>>

// Cache blocks of the packed path. Larger kc gains under 1 % and pushes the panel of B (kc × 64 floats = 64 KB) out of the
// first level; mc · kc floats = 480 KB stay in the second; nc bounds the workspace.
private let kcMost = 256, mcMost = 480, ncMost = 4096
/// The direct path keeps B within half a megabyte, half of a common second level, and takes as many rows of A at a time.
/// 256³ 254 direct, 227 packed; 384³ 253, 234; 1024³ 172, 236 (of 262, AMD Zen 5, one thread).
private let directBytes = 512 << 10
/// Columns of C summed at once by `sumOfRows`: 4 KB of float32, in the first level beside eight rows of the matrix.
private let stripe = 1024

@inline(__always) private func up(_ x: Int, _ to: Int) -> Int { (x + to - 1) / to * to }
@inline(__always) private func least(_ a: Int, _ b: Int) -> Int { a < b ? a : b }
/// n cut into equal blocks of at most `most`, each a multiple of `step`.
@inline(__always) private func block(_ n: Int, _ most: Int, _ step: Int) -> Int {
  let count = (n + most - 1) / most
  return count <= 1 ? up(n, step) : up((n + count - 1) / count, step)
}

// MARK: - The plan

@inline(__always) private func choose<T: Lanes>(
  _: T.Type, _ m: Int, _ n: Int, _ k: Int, _ rsa: Int, _ csa: Int, _ rsb: Int, _ csb: Int
) -> Int {
  if m == 1 {
    if csb == 1 || n == 1 { return MatrixPath.rowSum }
    if rsb == 1 { return MatrixPath.rowDots }
  } else if n == 1 {
    if csa == 1 { return MatrixPath.columnDots }
    if rsa == 1 { return MatrixPath.columnSum }
  }
  if csb == 1 {
    let size = MemoryLayout<T>.size
    // B is read once per strip of rows; A once per strip of columns.
    if m <= 2 * Highest<WideRow<T>>.rows { return MatrixPath.direct }
    if k * n * size <= directBytes || m <= 96 && k * n * size <= 2 * directBytes { return MatrixPath.direct }
  }
  return MatrixPath.packed
}

@inline(__always) private func plan<T: Lanes>(
  _: T.Type, _ m: Int, _ n: Int, _ k: Int, _ rsa: Int, _ csa: Int, _ rsb: Int, _ csb: Int, _ plan: UnsafeMutablePointer<Int>
) {
  let path = choose(T.self, m, n, k, rsa, csa, rsb, csb)
  var rows = 1, columns = 1, elements = 0
  switch path {
  case MatrixPath.packed:
    rows = PackedTile<T>.rows
    columns = PackedTile<T>.Row.vectors * T.width
    let kc = block(k, kcMost, 8)
    elements = (up(least(m, mcMost), rows) + up(least(n, ncMost), columns)) * kc + rows * columns
  case MatrixPath.direct:
    rows = Highest<WideRow<T>>.rows
    columns = WideRow<T>.vectors * T.width
    elements = (k + 2 * rows) * 3 * T.width
  case MatrixPath.rowSum, MatrixPath.columnSum:
    elements = stripe
    rows = m == 1 ? 1 : stripe
    columns = m == 1 ? stripe : 1
  default:
    elements = k
  }
  plan[0] = path
  plan[1] = rows
  plan[2] = columns
  plan[3] = up(elements * MemoryLayout<T>.size, 64)
}

func matrixPlanFunction(_ type: UInt8) -> MatrixPlanFunction? {
  switch dtype(type) {
  case .float32: { plan(Float.self, $0, $1, $2, $3, $4, $5, $6, $7) }
  case .float64: { plan(Double.self, $0, $1, $2, $3, $4, $5, $6, $7) }
  default: nil
  }
}

// MARK: - The product

@inline(__always) private func product<T: Lanes>(
  _: T.Type, _ path: Int, _ m: Int, _ n: Int, _ k: Int, _ a: UnsafeRawPointer, _ rsa: Int, _ csa: Int,
  _ b: UnsafeRawPointer, _ rsb: Int, _ csb: Int, _ c: UnsafeMutableRawPointer, _ ldc: Int, _ accumulate: Bool,
  _ workspace: UnsafeMutableRawPointer?
) {
  if m == 0 || n == 0 { return }
  let c = c.assumingMemoryBound(to: T.self)
  if k == 0 {
    if !accumulate { clear(m, n, c, ldc) }
    return
  }
  let a = a.assumingMemoryBound(to: T.self), b = b.assumingMemoryBound(to: T.self)
  let work = workspace.unsafelyUnwrapped.assumingMemoryBound(to: T.self)
  switch path {
  case MatrixPath.rowDots: rowsTimes(n, k, b, csb, a, csa, c, 1, accumulate, work)
  case MatrixPath.rowSum: sumOfRows(n, k, b, rsb, a, csa, c, 1, accumulate, work)
  case MatrixPath.columnDots: rowsTimes(m, k, a, rsa, b, rsb, c, ldc, accumulate, work)
  case MatrixPath.columnSum: sumOfRows(m, k, a, csa, b, rsb, c, ldc, accumulate, work)
  case MatrixPath.direct: direct(m, n, k, a, rsa, csa, b, rsb, c, ldc, accumulate, work)
  default: packed(m, n, k, a, rsa, csa, b, rsb, csb, c, ldc, accumulate, work)
  }
}

func matrixFunction(_ type: UInt8) -> MatrixFunction? {
  switch dtype(type) {
  case .float32: { product(Float.self, $0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) }
  case .float64: { product(Double.self, $0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) }
  default: nil
  }
}

private func clear<T: Lanes>(_ m: Int, _ n: Int, _ c: UnsafeMutablePointer<T>, _ ldc: Int) {
  var i = 0
  while i < m {
    var j = 0
    while j < n {
      c[i * ldc + j] = 0
      j += 1
    }
    i += 1
  }
}

/// The rows × columns corner of a finished tile, written or added to C. Rows of the tile are whole vectors.
private func deliver<T: Lanes>(
  _ rows: Int, _ columns: Int, _ tile: UnsafePointer<T>, _ width: Int, _ c: UnsafeMutablePointer<T>, _ ldc: Int, _ accumulate: Bool
) {
  var i = 0
  while i < rows {
    let s = tile + i * width, d = c + i * ldc
    var j = 0
    if accumulate {
      while j + T.width <= columns {
        store(d, j, T.add(load(UnsafePointer(d), j), load(s, j)))
        j += T.width
      }
      if j < columns { T.storeHead(d + j, columns - j, T.add(T.loadHead(d + j, columns - j), load(s, j))) }
    } else {
      while j + T.width <= columns {
        store(d, j, load(s, j))
        j += T.width
      }
      if j < columns { T.storeHead(d + j, columns - j, load(s, j)) }
    }
    i += 1
  }
}

// MARK: - Packed

@inline(never) private func packed<T: Lanes>(
  _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<T>, _ rsa: Int, _ csa: Int, _ b: UnsafePointer<T>, _ rsb: Int, _ csb: Int,
  _ c: UnsafeMutablePointer<T>, _ ldc: Int, _ accumulate: Bool, _ work: UnsafeMutablePointer<T>
) {
  typealias X = PackedTile<T>
  let high = X.rows, wide = X.Row.vectors * T.width
  let kcBlock = block(k, kcMost, 8), mcBlock = block(m, mcMost, high), ncBlock = ncMost / wide * wide
  let tile = work
  let packedA = tile + high * wide
  let packedB = packedA + up(least(m, mcMost), high) * kcBlock
  var jc = 0
  while jc < n {
    let nc = least(ncBlock, n - jc)
    var pc = 0
    while pc < k {
      let kc = least(kcBlock, k - pc)
      let add = accumulate || pc > 0
      pack(wide, nc, kc, b + pc * rsb + jc * csb, csb, rsb, packedB)
      var ic = 0
      while ic < m {
        let mc = least(mcBlock, m - ic)
        pack(high, mc, kc, a + ic * rsa + pc * csa, rsa, csa, packedA)
        var jr = 0
        while jr < nc {
          let nr = least(wide, nc - jr)
          let pb = UnsafePointer(packedB + jr * kc)
          var ir = 0
          while ir < mc {
            let mr = least(high, mc - ir)
            let pa = UnsafePointer(packedA + ir * kc)
            let d = c + (ic + ir) * ldc + jc + jr
            if mr == high && nr == wide {
              packedTile(X.self, kc, pa, pb, wide, d, ldc, add)
            } else {
              if nr <= T.width {
                packedTile(PackedTile1<T>.self, kc, pa, pb, wide, tile, wide, false)
              } else if nr <= 2 * T.width {
                packedTile(PackedTile2<T>.self, kc, pa, pb, wide, tile, wide, false)
              } else {
                packedTile(X.self, kc, pa, pb, wide, tile, wide, false)
              }
              deliver(mr, nr, tile, wide, d, ldc, add)
            }
            ir += high
          }
          jr += wide
        }
        ic += mcBlock
      }
      pc += kcBlock
    }
    jc += ncBlock
  }
}

// MARK: - Direct

/// All rows of one strip of columns as wide as R.
@inline(__always) private func strip<R: TileRow>(
  _: R.Type, _ m: Int, _ k: Int, _ a: UnsafePointer<R.T>, _ rsa: Int, _ csa: Int, _ b: UnsafePointer<R.T>, _ ldb: Int,
  _ c: UnsafeMutablePointer<R.T>, _ ldc: Int, _ accumulate: Bool
) {
  var i = 0
  while i + Highest<R>.rows <= m {
    directTile(Highest<R>.self, k, a + i * rsa, rsa, csa, b, ldb, c + i * ldc, ldc, accumulate)
    i += Highest<R>.rows
  }
  if Highest<R>.rows > 4 && i + 4 <= m {
    directTile(High4<R>.self, k, a + i * rsa, rsa, csa, b, ldb, c + i * ldc, ldc, accumulate)
    i += 4
  }
  if i + 2 <= m {
    directTile(High2<R>.self, k, a + i * rsa, rsa, csa, b, ldb, c + i * ldc, ldc, accumulate)
    i += 2
  }
  if i < m { directTile(High1<R>.self, k, a + i * rsa, rsa, csa, b, ldb, c + i * ldc, ldc, accumulate) }
}

@inline(never) private func direct<T: Lanes>(
  _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<T>, _ rsa: Int, _ csa: Int, _ b: UnsafePointer<T>, _ ldb: Int,
  _ c: UnsafeMutablePointer<T>, _ ldc: Int, _ accumulate: Bool, _ work: UnsafeMutablePointer<T>
) {
  typealias R = WideRow<T>
  let w = T.width, wide = R.vectors * w
  let high = Tower<R>.rows
  // The last columns, up to three vectors; unless these are whole, B is padded and C goes by way of a tile.
  let last = n <= 3 * w ? n : n % wide == 0 ? 0 : wide == 2 * w && n % wide <= w ? wide + n % wide : n % wide
  let width = up(last, w)
  let tile = work, padded = work + high * 3 * w
  if width > last { packPanel(width, last, k, b + (n - last), 1, ldb, padded) }
  let rows = up(directBytes / (k * MemoryLayout<T>.size) + 1, high)
  var ic = 0
  while ic < m {
    let mc = least(rows, m - ic)
    let pa = a + ic * rsa, pc = c + ic * ldc
    var j = 0
    while j + wide <= n - last {
      strip(R.self, mc, k, pa, rsa, csa, b + j, ldb, pc + j, ldc, accumulate)
      j += wide
    }
    if last > 0 && width == last {
      narrowStrip(T.self, width, mc, k, pa, rsa, csa, b + j, ldb, pc + j, ldc, accumulate)
    } else if last > 0 {
      var i = 0
      while i < mc {
        let count = least(high, mc - i)
        narrowStrip(T.self, width, count, k, pa + i * rsa, rsa, csa, padded, width, tile, width, false)
        deliver(count, last, tile, width, pc + i * ldc + j, ldc, accumulate)
        i += high
      }
    }
    ic += rows
  }
}

/// A strip of one, two or three vectors.
@inline(__always) private func narrowStrip<T: Lanes>(
  _: T.Type, _ width: Int, _ m: Int, _ k: Int, _ a: UnsafePointer<T>, _ rsa: Int, _ csa: Int, _ b: UnsafePointer<T>, _ ldb: Int,
  _ c: UnsafeMutablePointer<T>, _ ldc: Int, _ accumulate: Bool
) {
  if width == T.width {
    typealias X = Tower<Row1<T>>
    var i = 0
    while i + X.rows <= m {
      directTile(X.self, k, a + i * rsa, rsa, csa, b, ldb, c + i * ldc, ldc, accumulate)
      i += X.rows
    }
    strip(Row1<T>.self, m - i, k, a + i * rsa, rsa, csa, b, ldb, c + i * ldc, ldc, accumulate)
  } else if width == 2 * T.width {
    strip(Row2<T>.self, m, k, a, rsa, csa, b, ldb, c, ldc, accumulate)
  } else {
    strip(Row3<T>.self, m, k, a, rsa, csa, b, ldb, c, ldc, accumulate)
  }
}

// MARK: - Matrix times vector

/// y[i·ys] = Σ over k of rows[i·rs + k] · x[k·xs]: four running vectors over k, folded in a fixed order.
@inline(never) private func rowsTimes<T: Lanes>(
  _ count: Int, _ k: Int, _ rows: UnsafePointer<T>, _ rs: Int, _ x: UnsafePointer<T>, _ xs: Int,
  _ y: UnsafeMutablePointer<T>, _ ys: Int, _ accumulate: Bool, _ work: UnsafeMutablePointer<T>
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
    y[i * ys] = accumulate ? y[i * ys] + sum : sum
    i += 1
  }
}

/// y[i·ys] = Σ over k of x[k·xs] · rows[k·rs + i], each element one chain in the order of k.
@inline(never) private func sumOfRows<T: Lanes>(
  _ count: Int, _ k: Int, _ rows: UnsafePointer<T>, _ rs: Int, _ x: UnsafePointer<T>, _ xs: Int,
  _ y: UnsafeMutablePointer<T>, _ ys: Int, _ accumulate: Bool, _ work: UnsafeMutablePointer<T>
) {
  var i = 0
  while i < count {
    let width = least(stripe, count - i)
    clear(1, width, work, 0)
    var p = 0
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
      d[j * ys] = accumulate ? d[j * ys] + work[j] : work[j]
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
