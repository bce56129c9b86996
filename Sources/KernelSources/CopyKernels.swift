// Copies a block of elements between any strides: rows of memory as they are, one value spread, or a transpose in tiles.
import CShim

func copyBlock(
  _ rows: Int, _ columns: Int, _ x: UnsafeRawPointer, _ xRow: Int, _ xColumn: Int,
  _ y: UnsafeMutableRawPointer, _ yRow: Int, _ yColumn: Int, _ size: Int
) {
  if rows <= 0 || columns <= 0 { return }
  switch size {
  case 1: copy(UInt8.self, rows, columns, x, xRow, xColumn, y, yRow, yColumn)
  case 2: copy(UInt16.self, rows, columns, x, xRow, xColumn, y, yRow, yColumn)
  case 4: copy(UInt32.self, rows, columns, x, xRow, xColumn, y, yRow, yColumn)
  default: copy(UInt64.self, rows, columns, x, xRow, xColumn, y, yRow, yColumn)
  }
}

/// Tile edge of a transpose: 32 lines of the source (of up to 4 KiB apart) stay in the first-level cache while used.
private let tile = 32

@inline(__always) private func copy<T: FixedWidthInteger>(
  _ t: T.Type, _ rows: Int, _ columns: Int, _ x: UnsafeRawPointer, _ xRow: Int, _ xColumn: Int,
  _ y: UnsafeMutableRawPointer, _ yRow: Int, _ yColumn: Int
) {
  let x = x.assumingMemoryBound(to: T.self), y = y.assumingMemoryBound(to: T.self)
  let size = MemoryLayout<T>.stride
  if xColumn == 1 && yColumn == 1 {
    if xRow == columns && yRow == columns {
      memcpy(y, x, rows &* columns &* size)
      return
    }
    for r in 0..<rows { memcpy(y + r &* yRow, x + r &* xRow, columns &* size) }
  } else if xColumn == 0 && yColumn == 1 {
    for r in 0..<rows {
      let value = x[r &* xRow], out = y + r &* yRow
      for c in 0..<columns { out[c] = value }
    }
  } else if (xRow == 1 && yColumn == 1) || (xColumn == 1 && yRow == 1) {
    transpose(t, rows, columns, x, xRow, xColumn, y, yRow, yColumn)
  } else if columns >= rows {
    for r in 0..<rows {
      let from = x + r &* xRow, to = y + r &* yRow
      for c in 0..<columns { to[c &* yColumn] = from[c &* xColumn] }
    }
  } else {
    for c in 0..<columns {
      let from = x + c &* xColumn, to = y + c &* yColumn
      for r in 0..<rows { to[r &* yRow] = from[r &* xRow] }
    }
  }
}

/// One side runs along rows, the other along columns. Within a tile the writes are the contiguous ones.
@inline(__always) private func transpose<T: FixedWidthInteger>(
  _ t: T.Type, _ rows: Int, _ columns: Int, _ x: UnsafePointer<T>, _ xRow: Int, _ xColumn: Int,
  _ y: UnsafeMutablePointer<T>, _ yRow: Int, _ yColumn: Int
) {
  // Name the contiguous direction of y "inner".
  let swap = yColumn != 1
  let outer = swap ? columns : rows, inner = swap ? rows : columns
  let xOuter = swap ? xColumn : xRow, xInner = swap ? xRow : xColumn, yOuter = swap ? yColumn : yRow
  var i0 = 0
  while i0 < outer {
    let i1 = i0 &+ tile < outer ? i0 &+ tile : outer
    var j0 = 0
    while j0 < inner {
      let j1 = j0 &+ tile < inner ? j0 &+ tile : inner
      if MemoryLayout<T>.size == 4 && xOuter == 1 && i1 &- i0 == tile && j1 &- j0 == tile {
        transposeTile32(x + (i0 &+ j0 &* xInner), xInner, y + (i0 &* yOuter &+ j0), yOuter)
      } else {
        for i in i0..<i1 {
          let from = x + i &* xOuter, to = y + i &* yOuter
          for j in j0..<j1 { to[j] = from[j &* xInner] }
        }
      }
      j0 = j1
    }
    i0 = i1
  }
}

/// 32×32 elements of 4 bytes by 4×4 blocks in registers: y[i, j] = x[j, i], rows xRow and yRow apart.
@inline(__always) private func transposeTile32<T>(
  _ x: UnsafePointer<T>, _ xRow: Int, _ y: UnsafeMutablePointer<T>, _ yRow: Int
) {
  var i = 0
  while i < tile {
    var j = 0
    while j < tile {
      let p = UnsafeRawPointer(x + (j &* xRow &+ i)), step = xRow &* 4
      let a = p.loadUnaligned(as: SIMD4<UInt32>.self)
      let b = (p + step).loadUnaligned(as: SIMD4<UInt32>.self)
      let c = (p + 2 &* step).loadUnaligned(as: SIMD4<UInt32>.self)
      let d = (p + 3 &* step).loadUnaligned(as: SIMD4<UInt32>.self)
      let q = UnsafeMutableRawPointer(y + (i &* yRow &+ j)), down = yRow &* 4
      q.storeBytes(of: SIMD4(a.x, b.x, c.x, d.x), as: SIMD4<UInt32>.self)
      (q + down).storeBytes(of: SIMD4(a.y, b.y, c.y, d.y), as: SIMD4<UInt32>.self)
      (q + 2 &* down).storeBytes(of: SIMD4(a.z, b.z, c.z, d.z), as: SIMD4<UInt32>.self)
      (q + 3 &* down).storeBytes(of: SIMD4(a.w, b.w, c.w, d.w), as: SIMD4<UInt32>.self)
      j &+= 4
    }
    i &+= 4
  }
}
