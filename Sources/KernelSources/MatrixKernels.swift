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
  typealias PanelHigh<R: TileRow> = High6<R>
  typealias PanelRow<T: Lanes> = Row4<T>
  typealias WideTile<T: Lanes> = High8<Row2<T>>
  typealias TailTile<R: TileRow> = High8<R>
#elseif ISA_BASE
  typealias PanelHigh<R: TileRow> = High6<R>
  typealias PanelRow<T: Lanes> = Row2<T>
  typealias WideTile<T: Lanes> = High6<Row2<T>>
  typealias TailTile<R: TileRow> = High6<R>
#else
  typealias PanelHigh<R: TileRow> = High4<R>
  typealias PanelRow<T: Lanes> = Row3<T>
  typealias WideTile<T: Lanes> = High4<Row3<T>>
  typealias TailTile<R: TileRow> = High4<R>
#endif
typealias PanelTile<T: Lanes> = PanelHigh<PanelRow<T>>
/// For strips of one vector, which need more rows to keep the multipliers busy: 16, 8 or 12.
typealias TailTower<R: TileRow> = Above<TailTile<R>, TailTile<R>>

// Cache blocks of the packed path: mc × kc of A (480 KB of float32) and a panel of B share the second level; nc bounds the workspace. GFLOP/s
// at 512³, 1000³, 1024³, 2048³ on a machine with other work, OpenBLAS 0.3.31 beside it 230 220 213 218:
//   AVX-512  kc 128 mc 960   232 219 219 207        kc 384 mc 320   236 208 216 209
//            kc 256 mc 240   235 211 215 215        kc 1024 mc 120  242 221 221 216, with nc 1024 (A copied as well: 5 % less)
//   AVX2     kc 384 mc 320   119 114 130 114        kc 1024 mc 120  131 109 110 113
// Turned operands, AVX2: Aᵀ(512×1024)·1024×128 87 read in place, 111 copied; AVX-512: 225, 222, and with A half as large 230, 201.
#if ISA_V4
  private let kcMost = 1024, mcMost = 120, ncMost = 1024
#else
  private let kcMost = 384, mcMost = 320, ncMost = 4096
#endif
/// The direct path keeps B within half a megabyte, half of a common second level, and takes as many rows of A at a time.
/// 256³ 254 direct, 227 packed; 384³ 253, 234; 1024³ 172, 236 (of 262, AMD Zen 5, one thread).
private let directBytes = 512 << 10

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
  let size = MemoryLayout<T>.size
  // B is read once per strip of rows; A once per strip of columns, which costs a cache line per element if its rows are not dense.
  if csb == 1 && (csa == 1 || m * k * size <= directBytes) {
    if m <= 2 * WideTile<T>.rows { return MatrixPath.direct }
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
    rows = PanelTile<T>.rows
    columns = PanelRow<T>.vectors * T.width
    let kc = block(k, kcMost, 8)
    // A piece of the rows may be blocked otherwise than the whole: room for the largest block.
    elements = up(least(n, ncMost), columns) * kc + (csa == 1 ? 0 : least(m, up(mcMost, rows)) * (up(kc, T.width) + T.width))
  case MatrixPath.direct:
    rows = WideTile<T>.rows
    columns = WideTile<T>.Row.vectors * T.width
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
  _ bias: UnsafeRawPointer?, _ workspace: UnsafeMutableRawPointer?
) {
  if m == 0 || n == 0 { return }
  let a = a.assumingMemoryBound(to: T.self), b = b.assumingMemoryBound(to: T.self), c = c.assumingMemoryBound(to: T.self)
  let finish = Finish(accumulate: accumulate, bias: bias?.assumingMemoryBound(to: T.self))
  if path == MatrixPath.direct || k == 0 { return direct(m, n, k, a, rsa, csa, b, rsb, c, ldc, finish) }
  let work = workspace.unsafelyUnwrapped.assumingMemoryBound(to: T.self)
  switch path {
  case MatrixPath.rowDots: rowsTimes(n, k, b, csb, a, csa, c, 1, finish, 1, work)
  case MatrixPath.rowSum: sumOfRows(n, k, b, rsb, a, csa, c, 1, finish, 1, work)
  case MatrixPath.columnDots: rowsTimes(m, k, a, rsa, b, rsb, c, ldc, finish, 0, work)
  case MatrixPath.columnSum: sumOfRows(m, k, a, csa, b, rsb, c, ldc, finish, 0, work)
  default: packed(m, n, k, a, rsa, csa, b, rsb, csb, c, ldc, finish, work)
  }
}

func matrixFunction(_ type: UInt8) -> MatrixFunction? {
  switch dtype(type) {
  case .float32: { product(Float.self, $0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) }
  case .float64: { product(Double.self, $0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) }
  default: nil
  }
}

// MARK: - Packed

@inline(never) private func packed<T: Lanes>(
  _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<T>, _ rsa: Int, _ csa: Int, _ b: UnsafePointer<T>, _ rsb: Int, _ csb: Int,
  _ c: UnsafeMutablePointer<T>, _ ldc: Int, _ finish: Finish<T>, _ work: UnsafeMutablePointer<T>
) {
  let wide = PanelRow<T>.vectors * T.width
  let kcBlock = block(k, kcMost, 8), mcBlock = block(m, mcMost, PanelTile<T>.rows), ncBlock = ncMost / wide * wide
  let lda = up(kcBlock, T.width) + T.width
  let copiedA = work, packedB = work + (csa == 1 ? 0 : least(m, mcBlock) * lda)
  var jc = 0
  while jc < n {
    let nc = least(ncBlock, n - jc)
    var pc = 0
    while pc < k {
      let kc = least(kcBlock, k - pc)
      let finish = finish.after(pc)
      pack(wide, nc, kc, b + pc * rsb + jc * csb, csb, rsb, packedB)
      var ic = 0
      while ic < m {
        let mc = least(mcBlock, m - ic)
        var pa = a + ic * rsa + pc * csa, ra = rsa
        if csa != 1 {
          turn(mc, kc, pa, rsa, csa, copiedA, lda)
          pa = UnsafePointer(copiedA)
          ra = lda
        }
        var jr = 0
        while jr < nc {
          let nr = least(wide, nc - jr), j = jc + jr
          let pb = UnsafePointer(packedB + jr * kc), d = c + ic * ldc + j
          if nr == wide {
            strip(PanelTile<T>.self, mc, nr, kc, pa, ra, 1, pb, wide, d, ldc, finish.at(j))
          } else {
            tailStrip(T.self, mc, nr, kc, pa, ra, 1, pb, wide, d, ldc, finish.at(j))
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

@inline(never) private func direct<T: Lanes>(
  _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<T>, _ rsa: Int, _ csa: Int, _ b: UnsafePointer<T>, _ ldb: Int,
  _ c: UnsafeMutablePointer<T>, _ ldc: Int, _ finish: Finish<T>
) {
  let wide = WideTile<T>.Row.vectors * T.width
  // A single vector at the end goes better with the two before it.
  let rest = n % wide, last = rest > 0 && rest <= T.width && n > wide && wide == 2 * T.width ? wide + rest : rest
  let rows = up(directBytes / (least(k, directBytes) * MemoryLayout<T>.size + 1) + 1, WideTile<T>.rows)
  var ic = 0
  while ic < m {
    let mc = least(rows, m - ic)
    let pa = a + ic * rsa, pc = c + ic * ldc
    var j = 0
    while j + wide <= n - last {
      strip(WideTile<T>.self, mc, wide, k, pa, rsa, csa, b + j, ldb, pc + j, ldc, finish.at(j))
      j += wide
    }
    if last > 0 { tailStrip(T.self, mc, last, k, pa, rsa, csa, b + j, ldb, pc + j, ldc, finish.at(j)) }
    ic += rows
  }
}

/// The last columns, up to four vectors of them, the last of these perhaps in part.
@inline(__always) private func tailStrip<T: Lanes>(
  _: T.Type, _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<T>, _ rsa: Int, _ csa: Int, _ b: UnsafePointer<T>, _ ldb: Int,
  _ c: UnsafeMutablePointer<T>, _ ldc: Int, _ finish: Finish<T>
) {
  if n <= T.width {
    strip(TailTower<Tail<T>>.self, m, n, k, a, rsa, csa, b, ldb, c, ldc, finish)
  } else if n <= 2 * T.width {
    strip(TailTile<Tail2<T>>.self, m, n, k, a, rsa, csa, b, ldb, c, ldc, finish)
  } else if n <= 3 * T.width {
    strip(TailTile<Tail3<T>>.self, m, n, k, a, rsa, csa, b, ldb, c, ldc, finish)
  } else {
    strip(PanelHigh<Tail4<T>>.self, m, n, k, a, rsa, csa, b, ldb, c, ldc, finish)
  }
}
