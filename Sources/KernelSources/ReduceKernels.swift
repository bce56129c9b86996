// Sums, maxima, minima and their positions, along rows and down columns.
// A sum is a tree of vectors: 1024 elements (or 64 rows) are added in sequence, blocks pairwise (Higham 1993, "The accuracy
// of floating point summation"), so its error grows with log n and its order depends on n alone. NaN wins a maximum
// and a minimum. The last, partial vector is filled with the value that changes nothing.
import KernelAPI

/// One way of folding two vectors into one.
protocol Fold {
  associatedtype T: Lanes
  static var neutral: T { get }
  static func combine(_ a: T.V, _ b: T.V) -> T.V
  static func across(_ v: T.V) -> T
}
enum SumFold<T: Lanes>: Fold {
  @inline(__always) static var neutral: T { 0 }
  @inline(__always) static func combine(_ a: T.V, _ b: T.V) -> T.V { T.add(a, b) }
  @inline(__always) static func across(_ v: T.V) -> T { T.sum(v) }
}
enum LargestFold<T: Lanes>: Fold {
  @inline(__always) static var neutral: T { -T.infinity }
  @inline(__always) static func combine(_ a: T.V, _ b: T.V) -> T.V { T.larger(a, b) }
  @inline(__always) static func across(_ v: T.V) -> T { T.largest(v) }
}
enum SmallestFold<T: Lanes>: Fold {
  @inline(__always) static var neutral: T { T.infinity }
  @inline(__always) static func combine(_ a: T.V, _ b: T.V) -> T.V { T.smaller(a, b) }
  @inline(__always) static func across(_ v: T.V) -> T { T.smallest(v) }
}

private let rowBlock = 1024, columnBlock = 64

/// Where to halve n > block: a multiple of the block, the larger part first.
@inline(__always) private func half(_ n: Int, _ block: Int) -> Int { ((n + block - 1) / block + 1) / 2 * block }

// MARK: - Along a row

/// The fold of x[0 … n−1], still spread over the lanes.
@inline(__always) func foldVector<F: Fold>(_: F.Type, _ n: Int, _ x: UnsafePointer<F.T>) -> F.T.V {
  n > rowBlock ? foldTree(F.self, n, x) : foldBlock(F.self, n, x)
}
@inline(never) private func foldTree<F: Fold>(_: F.Type, _ n: Int, _ x: UnsafePointer<F.T>) -> F.T.V {
  if n <= rowBlock { return foldBlock(F.self, n, x) }
  let first = half(n, rowBlock)
  return F.combine(foldTree(F.self, first, x), foldTree(F.self, n - first, x + first))
}
@inline(__always) private func foldBlock<F: Fold>(_: F.Type, _ n: Int, _ x: UnsafePointer<F.T>) -> F.T.V {
  let w = F.T.width
  var s0 = F.T.splat(F.neutral), s1 = s0, s2 = s0, s3 = s0
  var i = 0
  while i + 4 * w <= n {
    s0 = F.combine(s0, load(x, i))
    s1 = F.combine(s1, load(x, i + w))
    s2 = F.combine(s2, load(x, i + 2 * w))
    s3 = F.combine(s3, load(x, i + 3 * w))
    i += 4 * w
  }
  while i + w <= n {
    s0 = F.combine(s0, load(x, i))
    i += w
  }
  if i < n { s1 = F.combine(s1, loadHead(x + i, n - i, rest: F.neutral)) }
  return F.combine(F.combine(s0, s1), F.combine(s2, s3))
}

@inline(__always) private func foldRows<F: Fold>(
  _: F.Type, _ rows: Int, _ n: Int, _ x: UnsafeRawPointer, _ stride: Int, _ y: UnsafeMutableRawPointer
) {
  let x = x.assumingMemoryBound(to: F.T.self), y = y.assumingMemoryBound(to: F.T.self)
  var r = 0
  while r < rows {
    y[r] = F.across(foldVector(F.self, n, x + r * stride))
    r += 1
  }
}

// MARK: - Down the columns

/// One vector of columns, folded over n rows. `count` is the number of columns it really has.
@inline(never) private func foldDown<F: Fold>(
  _: F.Type, _ n: Int, _ x: UnsafePointer<F.T>, _ stride: Int, _ count: Int
) -> F.T.V {
  if n > columnBlock {
    let first = half(n, columnBlock)
    return F.combine(foldDown(F.self, first, x, stride, count), foldDown(F.self, n - first, x + first * stride, stride, count))
  }
  var s = F.T.splat(F.neutral)
  var r = 0
  if count < F.T.width {
    while r < n {
      s = F.combine(s, loadHead(x + r * stride, count, rest: F.neutral))
      r += 1
    }
  } else {
    while r < n {
      s = F.combine(s, load(x + r * stride, 0))
      r += 1
    }
  }
  return s
}

/// Four vectors of columns side by side, for the length of a cache line or more per row.
private struct Four<F: Fold> {
  var a, b, c, d: F.T.V
}
@inline(never) private func foldDownFour<F: Fold>(_: F.Type, _ n: Int, _ x: UnsafePointer<F.T>, _ stride: Int) -> Four<F> {
  if n > columnBlock {
    let first = half(n, columnBlock)
    let u = foldDownFour(F.self, first, x, stride), v = foldDownFour(F.self, n - first, x + first * stride, stride)
    return Four(a: F.combine(u.a, v.a), b: F.combine(u.b, v.b), c: F.combine(u.c, v.c), d: F.combine(u.d, v.d))
  }
  let w = F.T.width
  var a = F.T.splat(F.neutral), b = a, c = a, d = a
  var p = x, r = 0
  while r < n {
    a = F.combine(a, load(p, 0))
    b = F.combine(b, load(p, w))
    c = F.combine(c, load(p, 2 * w))
    d = F.combine(d, load(p, 3 * w))
    p += stride
    r += 1
  }
  return Four(a: a, b: b, c: c, d: d)
}

@inline(__always) private func foldColumns<F: Fold>(
  _: F.Type, _ n: Int, _ columns: Int, _ x: UnsafeRawPointer, _ stride: Int, _ y: UnsafeMutableRawPointer
) {
  let x = x.assumingMemoryBound(to: F.T.self), y = y.assumingMemoryBound(to: F.T.self)
  let w = F.T.width
  var c = 0
  while c + 4 * w <= columns {
    let s = foldDownFour(F.self, n, x + c, stride)
    store(y, c, s.a)
    store(y, c + w, s.b)
    store(y, c + 2 * w, s.c)
    store(y, c + 3 * w, s.d)
    c += 4 * w
  }
  while c + w <= columns {
    store(y, c, foldDown(F.self, n, x + c, stride, w))
    c += w
  }
  if c < columns { storeHead(y + c, columns - c, foldDown(F.self, n, x + c, stride, columns - c)) }
}

// MARK: - Integers: plain loops, which the compiler vectorises

protocol IntegerFold {
  associatedtype T: FixedWidthInteger
  static var neutral: T { get }
  static func combine(_ a: T, _ b: T) -> T
}
enum IntegerSum<T: FixedWidthInteger>: IntegerFold {
  @inline(__always) static var neutral: T { 0 }
  @inline(__always) static func combine(_ a: T, _ b: T) -> T { a &+ b }
}
enum IntegerLargest<T: FixedWidthInteger>: IntegerFold {
  @inline(__always) static var neutral: T { T.min }
  @inline(__always) static func combine(_ a: T, _ b: T) -> T { a < b ? b : a }
}
enum IntegerSmallest<T: FixedWidthInteger>: IntegerFold {
  @inline(__always) static var neutral: T { T.max }
  @inline(__always) static func combine(_ a: T, _ b: T) -> T { b < a ? b : a }
}

@inline(__always) private func foldIntegers<F: IntegerFold>(_: F.Type, _ n: Int, _ x: UnsafePointer<F.T>) -> F.T {
  var s = F.neutral
  var i = 0
  while i < n {
    s = F.combine(s, x[i])
    i &+= 1
  }
  return s
}
@inline(__always) private func foldIntegerRows<F: IntegerFold>(
  _: F.Type, _ rows: Int, _ n: Int, _ x: UnsafeRawPointer, _ stride: Int, _ y: UnsafeMutableRawPointer
) {
  let x = x.assumingMemoryBound(to: F.T.self), y = y.assumingMemoryBound(to: F.T.self)
  var r = 0
  while r < rows {
    y[r] = foldIntegers(F.self, n, x + r * stride)
    r += 1
  }
}
@inline(__always) private func foldIntegerColumns<F: IntegerFold>(
  _: F.Type, _ n: Int, _ columns: Int, _ x: UnsafeRawPointer, _ stride: Int, _ y: UnsafeMutableRawPointer
) {
  let x = x.assumingMemoryBound(to: F.T.self), y = y.assumingMemoryBound(to: F.T.self)
  var c = 0
  while c < columns {
    y[c] = F.neutral
    c += 1
  }
  var r = 0
  while r < n {
    let p = x + r * stride
    c = 0
    while c < columns {
      y[c] = F.combine(y[c], p[c])
      c &+= 1
    }
    r += 1
  }
}

// MARK: - Positions

/// The fold finds the value, a second pass where it first stands; NaN is found as the element unequal to itself.
@inline(__always) private func positions<F: Fold>(
  _: F.Type, _ rows: Int, _ n: Int, _ x: UnsafeRawPointer, _ stride: Int, _ y: UnsafeMutablePointer<Int64>
) {
  let x = x.assumingMemoryBound(to: F.T.self)
  var r = 0
  while r < rows {
    let p = x + r * stride
    let best = F.across(foldVector(F.self, n, p))
    var i = 0
    if best == best {
      while i < n && p[i] != best { i += 1 }
    } else {
      while i < n && p[i] == p[i] { i += 1 }
    }
    y[r] = Int64(i)
    r += 1
  }
}
@inline(__always) private func integerPositions<F: IntegerFold>(
  _: F.Type, _ rows: Int, _ n: Int, _ x: UnsafeRawPointer, _ stride: Int, _ y: UnsafeMutablePointer<Int64>
) {
  let x = x.assumingMemoryBound(to: F.T.self)
  var r = 0
  while r < rows {
    let p = x + r * stride
    let best = foldIntegers(F.self, n, p)
    var i = 0
    while i < n && p[i] != best { i += 1 }
    y[r] = Int64(i)
    r += 1
  }
}

// MARK: - Look-up

func reduceRowsFunction(_ op: Int32, _ type: UInt8) -> ReduceRowsFunction? {
  switch op {
  case 0:
    switch dtype(type) {
    case .float32: { foldRows(SumFold<Float>.self, $0, $1, $2, $3, $4) }
    case .float64: { foldRows(SumFold<Double>.self, $0, $1, $2, $3, $4) }
    case .int64: { foldIntegerRows(IntegerSum<Int64>.self, $0, $1, $2, $3, $4) }
    default: nil
    }
  case 1:
    switch dtype(type) {
    case .float32: { foldRows(LargestFold<Float>.self, $0, $1, $2, $3, $4) }
    case .float64: { foldRows(LargestFold<Double>.self, $0, $1, $2, $3, $4) }
    case .int64: { foldIntegerRows(IntegerLargest<Int64>.self, $0, $1, $2, $3, $4) }
    case .int32: { foldIntegerRows(IntegerLargest<Int32>.self, $0, $1, $2, $3, $4) }
    case .uint8, .bool: { foldIntegerRows(IntegerLargest<UInt8>.self, $0, $1, $2, $3, $4) }
    default: nil
    }
  case 2:
    switch dtype(type) {
    case .float32: { foldRows(SmallestFold<Float>.self, $0, $1, $2, $3, $4) }
    case .float64: { foldRows(SmallestFold<Double>.self, $0, $1, $2, $3, $4) }
    case .int64: { foldIntegerRows(IntegerSmallest<Int64>.self, $0, $1, $2, $3, $4) }
    case .int32: { foldIntegerRows(IntegerSmallest<Int32>.self, $0, $1, $2, $3, $4) }
    case .uint8, .bool: { foldIntegerRows(IntegerSmallest<UInt8>.self, $0, $1, $2, $3, $4) }
    default: nil
    }
  default: nil
  }
}

func reduceColumnsFunction(_ op: Int32, _ type: UInt8) -> ReduceColumnsFunction? {
  switch op {
  case 0:
    switch dtype(type) {
    case .float32: { foldColumns(SumFold<Float>.self, $0, $1, $2, $3, $4) }
    case .float64: { foldColumns(SumFold<Double>.self, $0, $1, $2, $3, $4) }
    case .int64: { foldIntegerColumns(IntegerSum<Int64>.self, $0, $1, $2, $3, $4) }
    default: nil
    }
  case 1:
    switch dtype(type) {
    case .float32: { foldColumns(LargestFold<Float>.self, $0, $1, $2, $3, $4) }
    case .float64: { foldColumns(LargestFold<Double>.self, $0, $1, $2, $3, $4) }
    case .int64: { foldIntegerColumns(IntegerLargest<Int64>.self, $0, $1, $2, $3, $4) }
    case .int32: { foldIntegerColumns(IntegerLargest<Int32>.self, $0, $1, $2, $3, $4) }
    case .uint8, .bool: { foldIntegerColumns(IntegerLargest<UInt8>.self, $0, $1, $2, $3, $4) }
    default: nil
    }
  case 2:
    switch dtype(type) {
    case .float32: { foldColumns(SmallestFold<Float>.self, $0, $1, $2, $3, $4) }
    case .float64: { foldColumns(SmallestFold<Double>.self, $0, $1, $2, $3, $4) }
    case .int64: { foldIntegerColumns(IntegerSmallest<Int64>.self, $0, $1, $2, $3, $4) }
    case .int32: { foldIntegerColumns(IntegerSmallest<Int32>.self, $0, $1, $2, $3, $4) }
    case .uint8, .bool: { foldIntegerColumns(IntegerSmallest<UInt8>.self, $0, $1, $2, $3, $4) }
    default: nil
    }
  default: nil
  }
}

func argReduceFunction(_ largest: Bool, _ type: UInt8) -> ArgReduceFunction? {
  if largest {
    switch dtype(type) {
    case .float32: { positions(LargestFold<Float>.self, $0, $1, $2, $3, $4) }
    case .float64: { positions(LargestFold<Double>.self, $0, $1, $2, $3, $4) }
    case .int64: { integerPositions(IntegerLargest<Int64>.self, $0, $1, $2, $3, $4) }
    case .int32: { integerPositions(IntegerLargest<Int32>.self, $0, $1, $2, $3, $4) }
    case .uint8: { integerPositions(IntegerLargest<UInt8>.self, $0, $1, $2, $3, $4) }
    default: nil
    }
  } else {
    switch dtype(type) {
    case .float32: { positions(SmallestFold<Float>.self, $0, $1, $2, $3, $4) }
    case .float64: { positions(SmallestFold<Double>.self, $0, $1, $2, $3, $4) }
    case .int64: { integerPositions(IntegerSmallest<Int64>.self, $0, $1, $2, $3, $4) }
    case .int32: { integerPositions(IntegerSmallest<Int32>.self, $0, $1, $2, $3, $4) }
    case .uint8: { integerPositions(IntegerSmallest<UInt8>.self, $0, $1, $2, $3, $4) }
    default: nil
    }
  }
}
