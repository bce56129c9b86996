// The register tile: a block of C held in vector registers while k runs. A tile is built as a type, vectors beside
// vectors make a row and rows above rows a tile; every method is inlined, so the compiler keeps each part in a register.
// Each element of C is one chain of multiply-adds in the order of k, whatever the shape of the tile around it.

/// A row of a tile; also the piece of a row of B that multiplies it.
protocol TileRow {
  associatedtype T: Lanes
  static var vectors: Int { get }
  init()
  init(from p: UnsafePointer<T>)
  mutating func addProduct(_ a: T.V, _ b: Self)
  func write(to c: UnsafeMutablePointer<T>)
  func add(to c: UnsafeMutablePointer<T>)
}

struct Row1<T: Lanes>: TileRow {
  var v: T.V
  @inline(__always) static var vectors: Int { 1 }
  @inline(__always) init() { v = T.zeros }
  @inline(__always) init(from p: UnsafePointer<T>) { v = load(p, 0) }
  @inline(__always) mutating func addProduct(_ a: T.V, _ b: Self) { v = T.fma(a, b.v, v) }
  @inline(__always) func write(to c: UnsafeMutablePointer<T>) { store(c, 0, v) }
  @inline(__always) func add(to c: UnsafeMutablePointer<T>) { store(c, 0, T.add(load(UnsafePointer(c), 0), v)) }
}

struct Beside<L: TileRow, R: TileRow>: TileRow where L.T == R.T {
  typealias T = L.T
  var l: L, r: R
  @inline(__always) static var offset: Int { L.vectors * T.width }
  @inline(__always) static var vectors: Int { L.vectors + R.vectors }
  @inline(__always) init() { l = L(); r = R() }
  @inline(__always) init(from p: UnsafePointer<T>) { l = L(from: p); r = R(from: p + Self.offset) }
  @inline(__always) mutating func addProduct(_ a: T.V, _ b: Self) { l.addProduct(a, b.l); r.addProduct(a, b.r) }
  @inline(__always) func write(to c: UnsafeMutablePointer<T>) { l.write(to: c); r.write(to: c + Self.offset) }
  @inline(__always) func add(to c: UnsafeMutablePointer<T>) { l.add(to: c); r.add(to: c + Self.offset) }
}
typealias Row2<T: Lanes> = Beside<Row1<T>, Row1<T>>
typealias Row3<T: Lanes> = Beside<Row2<T>, Row1<T>>
typealias Row4<T: Lanes> = Beside<Row2<T>, Row2<T>>

protocol Tile {
  associatedtype Row: TileRow
  typealias T = Row.T
  static var rows: Int { get }
  init()
  /// Adds column a (rows spaced rsa apart) times row b.
  mutating func addOuter(_ a: UnsafePointer<T>, _ rsa: Int, _ b: Row)
  func write(to c: UnsafeMutablePointer<T>, _ ldc: Int)
  func add(to c: UnsafeMutablePointer<T>, _ ldc: Int)
}

struct High1<Row: TileRow>: Tile {
  var row: Row
  @inline(__always) static var rows: Int { 1 }
  @inline(__always) init() { row = Row() }
  @inline(__always) mutating func addOuter(_ a: UnsafePointer<Row.T>, _ rsa: Int, _ b: Row) { row.addProduct(Row.T.splat(a[0]), b) }
  @inline(__always) func write(to c: UnsafeMutablePointer<Row.T>, _ ldc: Int) { row.write(to: c) }
  @inline(__always) func add(to c: UnsafeMutablePointer<Row.T>, _ ldc: Int) { row.add(to: c) }
}

struct Above<U: Tile, L: Tile>: Tile where U.Row == L.Row {
  typealias Row = U.Row
  var u: U, l: L
  @inline(__always) static var rows: Int { U.rows + L.rows }
  @inline(__always) init() { u = U(); l = L() }
  @inline(__always) mutating func addOuter(_ a: UnsafePointer<Row.T>, _ rsa: Int, _ b: Row) {
    u.addOuter(a, rsa, b)
    l.addOuter(a + U.rows * rsa, rsa, b)
  }
  @inline(__always) func write(to c: UnsafeMutablePointer<Row.T>, _ ldc: Int) {
    u.write(to: c, ldc)
    l.write(to: c + U.rows * ldc, ldc)
  }
  @inline(__always) func add(to c: UnsafeMutablePointer<Row.T>, _ ldc: Int) {
    u.add(to: c, ldc)
    l.add(to: c + U.rows * ldc, ldc)
  }
}
typealias High2<R: TileRow> = Above<High1<R>, High1<R>>
typealias High4<R: TileRow> = Above<High2<R>, High2<R>>
typealias High6<R: TileRow> = Above<High4<R>, High2<R>>
typealias High8<R: TileRow> = Above<High4<R>, High4<R>>

/// One tile of C = A·B (or +=) over kc: A with any strides, rows of B ldb apart.
@inline(__always) func tileBody<X: Tile>(
  _: X.Type, _ kc: Int, _ a: UnsafePointer<X.Row.T>, _ rsa: Int, _ csa: Int, _ b: UnsafePointer<X.Row.T>, _ ldb: Int,
  _ c: UnsafeMutablePointer<X.Row.T>, _ ldc: Int, _ accumulate: Bool
) {
  var t = X()
  var a = a, b = b, k = kc
  while k > 0 {
    t.addOuter(a, rsa, X.Row(from: b))
    a += csa
    b += ldb
    k -= 1
  }
  if accumulate { t.add(to: c, ldc) } else { t.write(to: c, ldc) }
}

/// The tile on operands where they lie.
@inline(never) func directTile<X: Tile>(
  _: X.Type, _ kc: Int, _ a: UnsafePointer<X.Row.T>, _ rsa: Int, _ csa: Int, _ b: UnsafePointer<X.Row.T>, _ ldb: Int,
  _ c: UnsafeMutablePointer<X.Row.T>, _ ldc: Int, _ accumulate: Bool
) {
  tileBody(X.self, kc, a, rsa, csa, b, ldb, c, ldc, accumulate)
}

/// The tile on packed panels: A in columns of X.rows, B in rows of `panel` elements.
@inline(never) func packedTile<X: Tile>(
  _: X.Type, _ kc: Int, _ a: UnsafePointer<X.Row.T>, _ b: UnsafePointer<X.Row.T>, _ panel: Int,
  _ c: UnsafeMutablePointer<X.Row.T>, _ ldc: Int, _ accumulate: Bool
) {
  tileBody(X.self, kc, a, 1, X.rows, b, panel, c, ldc, accumulate)
}
