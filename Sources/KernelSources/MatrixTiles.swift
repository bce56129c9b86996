// The register tile: a block of C held in vector registers while k runs. A tile is built as a type, vectors beside
// vectors make a row and rows above rows a tile; every method is inlined, so the compiler keeps each part in a register.
// Each element of C is one chain of multiply-adds in the order of k, whatever the shape of the tile around it.
import CShim

/// A row of a tile; also the piece of a row of B that multiplies it. `n` is the number of columns that exist: a row that ends in a `Tail`
/// leaves the others alone.
protocol TileRow {
  associatedtype T: Lanes
  static var vectors: Int { get }
  init()
  init(from p: UnsafePointer<T>, _ n: Int)
  mutating func addProduct(_ a: T.V, _ b: Self)
  func write(to c: UnsafeMutablePointer<T>, _ n: Int)
  func add(to c: UnsafeMutablePointer<T>, _ n: Int)
}

struct Row1<T: Lanes>: TileRow {
  var v: T.V
  @inline(__always) static var vectors: Int { 1 }
  @inline(__always) init() { v = T.zeros }
  @inline(__always) init(from p: UnsafePointer<T>, _ n: Int) { v = load(p, 0) }
  @inline(__always) mutating func addProduct(_ a: T.V, _ b: Self) { v = T.fma(a, b.v, v) }
  @inline(__always) func write(to c: UnsafeMutablePointer<T>, _ n: Int) { store(c, 0, v) }
  @inline(__always) func add(to c: UnsafeMutablePointer<T>, _ n: Int) { store(c, 0, T.add(load(UnsafePointer(c), 0), v)) }
}

/// The last vector of a row, of which only the first n lanes exist.
struct Tail<T: Lanes>: TileRow {
  var v: T.V
  @inline(__always) static var vectors: Int { 1 }
  @inline(__always) init() { v = T.zeros }
  @inline(__always) init(from p: UnsafePointer<T>, _ n: Int) { v = T.loadHead(p, n) }
  @inline(__always) mutating func addProduct(_ a: T.V, _ b: Self) { v = T.fma(a, b.v, v) }
  @inline(__always) func write(to c: UnsafeMutablePointer<T>, _ n: Int) { T.storeHead(c, n, v) }
  @inline(__always) func add(to c: UnsafeMutablePointer<T>, _ n: Int) { T.storeHead(c, n, T.add(T.loadHead(c, n), v)) }
}

struct Beside<L: TileRow, R: TileRow>: TileRow where L.T == R.T {
  typealias T = L.T
  var l: L, r: R
  @inline(__always) static var offset: Int { L.vectors * T.width }
  @inline(__always) static var vectors: Int { L.vectors + R.vectors }
  @inline(__always) init() { l = L(); r = R() }
  @inline(__always) init(from p: UnsafePointer<T>, _ n: Int) { l = L(from: p, n); r = R(from: p + Self.offset, n - Self.offset) }
  @inline(__always) mutating func addProduct(_ a: T.V, _ b: Self) { l.addProduct(a, b.l); r.addProduct(a, b.r) }
  @inline(__always) func write(to c: UnsafeMutablePointer<T>, _ n: Int) { l.write(to: c, n); r.write(to: c + Self.offset, n - Self.offset) }
  @inline(__always) func add(to c: UnsafeMutablePointer<T>, _ n: Int) { l.add(to: c, n); r.add(to: c + Self.offset, n - Self.offset) }
}
typealias Row2<T: Lanes> = Beside<Row1<T>, Row1<T>>
typealias Row3<T: Lanes> = Beside<Row2<T>, Row1<T>>
typealias Row4<T: Lanes> = Beside<Row2<T>, Row2<T>>
typealias Tail2<T: Lanes> = Beside<Row1<T>, Tail<T>>
typealias Tail3<T: Lanes> = Beside<Row2<T>, Tail<T>>
typealias Tail4<T: Lanes> = Beside<Row2<T>, Tail2<T>>

protocol Tile {
  associatedtype Row: TileRow
  typealias T = Row.T
  static var rows: Int { get }
  /// Every row the same.
  init(all row: Row)
  /// Adds column a (rows spaced rsa apart) times row b.
  mutating func addOuter(_ a: UnsafePointer<T>, _ rsa: Int, _ b: Row)
  func write(to c: UnsafeMutablePointer<T>, _ ldc: Int, _ n: Int)
  func add(to c: UnsafeMutablePointer<T>, _ ldc: Int, _ n: Int)
}

struct High1<Row: TileRow>: Tile {
  var row: Row
  @inline(__always) static var rows: Int { 1 }
  @inline(__always) init(all row: Row) { self.row = row }
  @inline(__always) mutating func addOuter(_ a: UnsafePointer<Row.T>, _ rsa: Int, _ b: Row) { row.addProduct(Row.T.splat(a[0]), b) }
  @inline(__always) func write(to c: UnsafeMutablePointer<Row.T>, _ ldc: Int, _ n: Int) { row.write(to: c, n) }
  @inline(__always) func add(to c: UnsafeMutablePointer<Row.T>, _ ldc: Int, _ n: Int) { row.add(to: c, n) }
}

struct Above<U: Tile, L: Tile>: Tile where U.Row == L.Row {
  typealias Row = U.Row
  var u: U, l: L
  @inline(__always) static var rows: Int { U.rows + L.rows }
  @inline(__always) init(all row: Row) { u = U(all: row); l = L(all: row) }
  @inline(__always) mutating func addOuter(_ a: UnsafePointer<Row.T>, _ rsa: Int, _ b: Row) {
    u.addOuter(a, rsa, b)
    l.addOuter(a + U.rows * rsa, rsa, b)
  }
  @inline(__always) func write(to c: UnsafeMutablePointer<Row.T>, _ ldc: Int, _ n: Int) {
    u.write(to: c, ldc, n)
    l.write(to: c + U.rows * ldc, ldc, n)
  }
  @inline(__always) func add(to c: UnsafeMutablePointer<Row.T>, _ ldc: Int, _ n: Int) {
    u.add(to: c, ldc, n)
    l.add(to: c + U.rows * ldc, ldc, n)
  }
}
typealias High2<R: TileRow> = Above<High1<R>, High1<R>>
typealias High4<R: TileRow> = Above<High2<R>, High2<R>>
typealias High6<R: TileRow> = Above<High4<R>, High2<R>>
typealias High8<R: TileRow> = Above<High4<R>, High4<R>>

/// What a finished sum does to C: replaces it, replaces it having begun at `bias[column]` instead of 0, or is added to it.
struct Finish<T: Lanes> {
  var accumulate: Bool
  var bias: UnsafePointer<T>?
  @inline(__always) static var write: Finish { Finish(accumulate: false, bias: nil) }
  /// For the columns from j on.
  @inline(__always) func at(_ j: Int) -> Finish { Finish(accumulate: accumulate, bias: bias.map { $0 + j }) }
  /// For a further block of k.
  @inline(__always) func after(_ p: Int) -> Finish { p == 0 ? self : Finish(accumulate: true, bias: nil) }
}

/// One tile of C over kc: A with any strides, rows of B ldb apart, n columns of it.
@inline(__always) private func tileBody<X: Tile>(
  _: X.Type, _ n: Int, _ kc: Int, _ a: UnsafePointer<X.Row.T>, _ rsa: Int, _ csa: Int, _ b: UnsafePointer<X.Row.T>, _ ldb: Int,
  _ c: UnsafeMutablePointer<X.Row.T>, _ ldc: Int, _ finish: Finish<X.Row.T>
) {
  var t = X(all: finish.bias.map { X.Row(from: $0, n) } ?? X.Row())
  if finish.accumulate { prefetch(X.self, c, ldc) }
  var a = a, b = b, k = kc
  while k > 0 {
    t.addOuter(a, rsa, X.Row(from: b, n))
    a += csa
    b += ldb
    k -= 1
  }
  if finish.accumulate { t.add(to: c, ldc, n) } else { t.write(to: c, ldc, n) }
}

/// Asks for a tile of C that will be added to, so that it is there when the sums are. 2048³: 187 to 202 GFLOP/s.
@inline(__always) private func prefetch<X: Tile>(_: X.Type, _ c: UnsafeMutablePointer<X.Row.T>, _ ldc: Int) {
  var i = 0
  while i < X.rows {
    var v = 0
    while v < X.Row.vectors {
      shim_prefetch_to_write(c + i * ldc + v * X.Row.T.width)
      v += 1
    }
    i += 1
  }
}

/// The tile on operands where they lie.
@inline(never) func tile<X: Tile>(
  _: X.Type, _ n: Int, _ kc: Int, _ a: UnsafePointer<X.Row.T>, _ rsa: Int, _ csa: Int, _ b: UnsafePointer<X.Row.T>, _ ldb: Int,
  _ c: UnsafeMutablePointer<X.Row.T>, _ ldc: Int, _ finish: Finish<X.Row.T>
) {
  tileBody(X.self, n, kc, a, rsa, csa, b, ldb, c, ldc, finish)
}

/// m rows of C under one strip of n columns of B, in tiles of X and what is left in smaller ones.
@inline(__always) func strip<X: Tile>(
  _: X.Type, _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<X.Row.T>, _ rsa: Int, _ csa: Int, _ b: UnsafePointer<X.Row.T>, _ ldb: Int,
  _ c: UnsafeMutablePointer<X.Row.T>, _ ldc: Int, _ finish: Finish<X.Row.T>
) {
  var i = 0
  while i + X.rows <= m {
    tile(X.self, n, k, a + i * rsa, rsa, csa, b, ldb, c + i * ldc, ldc, finish)
    i += X.rows
  }
  if X.rows > 4 {
    while i + 4 <= m {
      tile(High4<X.Row>.self, n, k, a + i * rsa, rsa, csa, b, ldb, c + i * ldc, ldc, finish)
      i += 4
    }
  }
  if i + 2 <= m {
    tile(High2<X.Row>.self, n, k, a + i * rsa, rsa, csa, b, ldb, c + i * ldc, ldc, finish)
    i += 2
  }
  if i < m { tile(High1<X.Row>.self, n, k, a + i * rsa, rsa, csa, b, ldb, c + i * ldc, ldc, finish) }
}

/// The tile on whole vectors, operands where they lie.
@inline(__always) func directTile<X: Tile>(
  _: X.Type, _ kc: Int, _ a: UnsafePointer<X.Row.T>, _ rsa: Int, _ csa: Int, _ b: UnsafePointer<X.Row.T>, _ ldb: Int,
  _ c: UnsafeMutablePointer<X.Row.T>, _ ldc: Int, _ accumulate: Bool
) {
  tile(X.self, X.Row.vectors * X.Row.T.width, kc, a, rsa, csa, b, ldb, c, ldc, Finish(accumulate: accumulate, bias: nil))
}

/// The tile on packed panels: A in columns of X.rows, B in rows of `panel` elements.
@inline(__always) func packedTile<X: Tile>(
  _: X.Type, _ kc: Int, _ a: UnsafePointer<X.Row.T>, _ b: UnsafePointer<X.Row.T>, _ panel: Int,
  _ c: UnsafeMutablePointer<X.Row.T>, _ ldc: Int, _ accumulate: Bool
) {
  directTile(X.self, kc, a, 1, X.rows, b, panel, c, ldc, accumulate)
}
