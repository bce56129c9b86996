// Batch, group and instance norm: one set of numbers that shares mean and variance is `count` segments of n elements,
// `stride` apart: a channel of a batch, or the channels of a group. x input, y output, g incoming gradient, dx gradient of x.
// Two passes for the moments (sum, then squares of the differences: Chan, Golub, LeVeque 1983), sums of 64 segments at a time
// in the element type and of those in Double; the order depends on the shape alone.
import KernelAPI

private let segmentsPerSum = 64

/// What two vectors gather from one segment.
protocol SegmentSum {
  associatedtype T: Lanes
  static func add(_ x: UnsafePointer<T>, _ g: UnsafePointer<T>, _ n: Int, _ m: T, _ a: inout T.V, _ b: inout T.V)
}

/// a: Σ x
enum SumOfSegment<T: Lanes>: SegmentSum {
  @inline(__always) static func add(_ x: UnsafePointer<T>, _ g: UnsafePointer<T>, _ n: Int, _ m: T, _ a: inout T.V, _ b: inout T.V) {
    a = T.add(a, foldVector(SumFold<T>.self, n, x))
  }
}
/// a, b: Σ (x − m)²
enum SquaresOfSegment<T: Lanes>: SegmentSum {
  @inline(__always) static func add(_ x: UnsafePointer<T>, _ g: UnsafePointer<T>, _ n: Int, _ m: T, _ a: inout T.V, _ b: inout T.V) {
    let w = T.width, mean = T.splat(m)
    var c = T.zeros, d = T.zeros
    var i = 0
    while i + 4 * w <= n {
      let p = T.sub(load(x, i), mean), q = T.sub(load(x, i + w), mean)
      let r = T.sub(load(x, i + 2 * w), mean), s = T.sub(load(x, i + 3 * w), mean)
      a = T.fma(p, p, a)
      b = T.fma(q, q, b)
      c = T.fma(r, r, c)
      d = T.fma(s, s, d)
      i += 4 * w
    }
    while i + w <= n {
      let p = T.sub(load(x, i), mean)
      a = T.fma(p, p, a)
      i += w
    }
    if i < n {
      let p = T.sub(loadHead(x + i, n - i, rest: m), mean)
      b = T.fma(p, p, b)
    }
    a = T.add(a, c)
    b = T.add(b, d)
  }
}
/// a: Σ g, b: Σ g·(x − m)
enum GradientsOfSegment<T: Lanes>: SegmentSum {
  @inline(__always) static func add(_ x: UnsafePointer<T>, _ g: UnsafePointer<T>, _ n: Int, _ m: T, _ a: inout T.V, _ b: inout T.V) {
    let w = T.width, mean = T.splat(m)
    var c = T.zeros, d = T.zeros
    var i = 0
    while i + 2 * w <= n {
      let p = load(g, i), q = load(g, i + w)
      a = T.add(a, p)
      b = T.fma(p, T.sub(load(x, i), mean), b)
      c = T.add(c, q)
      d = T.fma(q, T.sub(load(x, i + w), mean), d)
      i += 2 * w
    }
    while i < n {
      let whole = n - i >= w
      let p = whole ? load(g, i) : loadHead(g + i, n - i, rest: 0)
      let q = whole ? load(x, i) : loadHead(x + i, n - i, rest: m)
      a = T.add(a, p)
      b = T.fma(p, T.sub(q, mean), b)
      i += w
    }
    a = T.add(a, c)
    b = T.add(b, d)
  }
}

/// The sums of segments first ..< end.
@inline(__always) private func segmentSums<S: SegmentSum>(
  _: S.Type, _ first: Int, _ end: Int, _ n: Int, _ stride: Int, _ x: UnsafePointer<S.T>, _ g: UnsafePointer<S.T>, _ m: S.T
) -> (a: Double, b: Double) {
  var total = (a: 0.0, b: 0.0)
  var k = first
  while k < end {
    let stop = end - k < segmentsPerSum ? end : k + segmentsPerSum
    var a = S.T.zeros, b = S.T.zeros
    while k < stop {
      S.add(x + k * stride, g + k * stride, n, m, &a, &b)
      k += 1
    }
    total.a += Double(S.T.sum(a))
    total.b += Double(S.T.sum(b))
  }
  return total
}

/// y = (x − mean)·rstd·w + b, rstd = 1/√(variance + eps); w and b are nil or stand at steps of 0 or 1 per segment. Unless
/// `given`, mean and (biased) variance are computed and written.
@inline(__always) private func segmentNorm<T: Lanes>(
  _: T.Type, _ count: Int, _ n: Int, _ stride: Int, _ x: UnsafeRawPointer, _ w: UnsafeRawPointer?, _ b: UnsafeRawPointer?,
  _ step: Int, _ eps: Double, _ given: Bool, _ y: UnsafeMutableRawPointer, _ mean: UnsafeMutableRawPointer, _ variance: UnsafeMutableRawPointer
) {
  let x = x.assumingMemoryBound(to: T.self), y = y.assumingMemoryBound(to: T.self)
  let mean = mean.assumingMemoryBound(to: T.self), variance = variance.assumingMemoryBound(to: T.self)
  let w = w?.assumingMemoryBound(to: T.self), b = b?.assumingMemoryBound(to: T.self)
  if !given {
    let all = Double(count) * Double(n)
    mean[0] = T(segmentSums(SumOfSegment<T>.self, 0, count, n, stride, x, x, 0).a / all)
    let squares = segmentSums(SquaresOfSegment<T>.self, 0, count, n, stride, x, x, mean[0])
    variance[0] = T((squares.a + squares.b) / all)
  }
  let m = T.splat(mean[0]), rstd = 1 / (Double(variance[0]) + eps).squareRoot()
  var k = 0
  while k < count {
    let scale = T.splat(T(w == nil ? rstd : rstd * Double(w.unsafelyUnwrapped[k * step])))
    let shift = T.splat(b == nil ? 0 : b.unsafelyUnwrapped[k * step])
    let p = x + k * stride, q = y + k * stride
    var i = 0
    while i + T.width <= n {
      store(q, i, T.fma(T.sub(load(p, i), m), scale, shift))
      i += T.width
    }
    if i < n { storeHead(q + i, n - i, T.fma(T.sub(loadHead(p + i, n - i, rest: 0), m), scale, shift)) }
    k += 1
  }
}

/// With h = (x − mean)·rstd over M = count·n elements: dw = Σ g·h, db = Σ g, per segment (step 1) or over all (step 0), and
/// dx = rstd·(g·w − Σ(g·w)/M − h·Σ(g·w·h)/M), or rstd·g·w where mean and variance are `given` constants. dx, dw, db may be nil.
@inline(__always) private func segmentNormBackward<T: Lanes>(
  _: T.Type, _ count: Int, _ n: Int, _ stride: Int, _ g: UnsafeRawPointer, _ x: UnsafeRawPointer, _ mean: UnsafeRawPointer,
  _ variance: UnsafeRawPointer, _ w: UnsafeRawPointer?, _ step: Int, _ eps: Double, _ given: Bool,
  _ dx: UnsafeMutableRawPointer?, _ dw: UnsafeMutableRawPointer?, _ db: UnsafeMutableRawPointer?
) {
  let g = g.assumingMemoryBound(to: T.self), x = x.assumingMemoryBound(to: T.self), w = w?.assumingMemoryBound(to: T.self)
  let dw = dw?.assumingMemoryBound(to: T.self), db = db?.assumingMemoryBound(to: T.self)
  let m = mean.assumingMemoryBound(to: T.self)[0]
  let rstd = 1 / (Double(variance.assumingMemoryBound(to: T.self)[0]) + eps).squareRoot()
  var gSum = 0.0, hSum = 0.0  // Σ g·w, Σ g·w·h
  if dw != nil || db != nil || !given {
    var k = 0
    while k < count {
      let end = step == 0 ? count : k + 1
      let s = segmentSums(GradientsOfSegment<T>.self, k, end, n, stride, x, g, m)
      let own = w == nil ? 1 : Double(w.unsafelyUnwrapped[k * step])
      gSum += s.a * own
      hSum += s.b * rstd * own
      if let dw { dw[k * step] = T(s.b * rstd) }
      if let db { db[k * step] = T(s.a) }
      k = end
    }
  }
  guard let dx = dx?.assumingMemoryBound(to: T.self) else { return }
  let all = Double(count) * Double(n), center = T.splat(m)
  let c0 = T.splat(given ? 0 : T(-rstd * gSum / all)), c1 = T.splat(given ? 0 : T(-rstd * rstd * hSum / all))
  var k = 0
  while k < count {
    let scale = T.splat(T(w == nil ? rstd : rstd * Double(w.unsafelyUnwrapped[k * step])))
    let p = g + k * stride, q = x + k * stride, d = dx + k * stride
    var i = 0
    while i + T.width <= n {
      store(d, i, T.fma(T.sub(load(q, i), center), c1, T.fma(load(p, i), scale, c0)))
      i += T.width
    }
    if i < n {
      let r = n - i
      storeHead(d + i, r, T.fma(T.sub(loadHead(q + i, r, rest: 0), center), c1, T.fma(loadHead(p + i, r, rest: 0), scale, c0)))
    }
    k += 1
  }
}

// MARK: - Segments of one element: rows × columns, a set per column, a vector of columns at a time

@inline(__always) private func part<T: Lanes>(_ x: UnsafePointer<T>, _ count: Int) -> T.V {
  count == T.width ? load(x, 0) : T.loadHead(x, count)
}
@inline(__always) private func put<T: Lanes>(_ y: UnsafeMutablePointer<T>, _ count: Int, _ v: T.V) {
  if count == T.width { store(y, 0, v) } else { storeHead(y, count, v) }
}
@inline(__always) private func rstd<T: Lanes>(_: T.Type, _ variance: T.V, _ eps: Double) -> T.V {
  T.div(T.splat(1), T.sqrt(T.add(variance, T.splat(T(eps)))))
}

/// As `segmentNorm`; the sums of 64 rows at a time are added up.
@inline(__always) private func columnNorm<T: Lanes>(
  _: T.Type, _ rows: Int, _ columns: Int, _ stride: Int, _ x: UnsafeRawPointer, _ w: UnsafeRawPointer?, _ b: UnsafeRawPointer?,
  _ eps: Double, _ given: Bool, _ y: UnsafeMutableRawPointer, _ mean: UnsafeMutableRawPointer, _ variance: UnsafeMutableRawPointer
) {
  let x = x.assumingMemoryBound(to: T.self), y = y.assumingMemoryBound(to: T.self)
  let mean = mean.assumingMemoryBound(to: T.self), variance = variance.assumingMemoryBound(to: T.self)
  let w = w?.assumingMemoryBound(to: T.self), b = b?.assumingMemoryBound(to: T.self)
  var c = 0
  while c < columns {
    let count = columns - c < T.width ? columns - c : T.width
    if !given {
      var m = T.zeros, v = T.zeros
      var r = 0
      while r < rows {
        let stop = rows - r < segmentsPerSum ? rows : r + segmentsPerSum
        var s = T.zeros
        while r < stop { s = T.add(s, part(x + r * stride + c, count)); r += 1 }
        m = T.add(m, s)
      }
      m = T.div(m, T.splat(T(rows)))
      r = 0
      while r < rows {
        let stop = rows - r < segmentsPerSum ? rows : r + segmentsPerSum
        var s = T.zeros
        while r < stop {
          let d = T.sub(part(x + r * stride + c, count), m)
          s = T.fma(d, d, s)
          r += 1
        }
        v = T.add(v, s)
      }
      put(mean + c, count, m)
      put(variance + c, count, T.div(v, T.splat(T(rows))))
    }
    let m = part(UnsafePointer(mean + c), count)
    var scale = rstd(T.self, part(UnsafePointer(variance + c), count), eps)
    if let w { scale = T.mul(scale, part(w + c, count)) }
    var shift = T.zeros
    if let b { shift = part(b + c, count) }
    var r = 0
    while r < rows {
      put(y + r * stride + c, count, T.fma(T.sub(part(x + r * stride + c, count), m), scale, shift))
      r += 1
    }
    c += count
  }
}

/// As `segmentNormBackward`.
@inline(__always) private func columnNormBackward<T: Lanes>(
  _: T.Type, _ rows: Int, _ columns: Int, _ stride: Int, _ g: UnsafeRawPointer, _ x: UnsafeRawPointer, _ mean: UnsafeRawPointer,
  _ variance: UnsafeRawPointer, _ w: UnsafeRawPointer?, _ eps: Double, _ given: Bool,
  _ dx: UnsafeMutableRawPointer?, _ dw: UnsafeMutableRawPointer?, _ db: UnsafeMutableRawPointer?
) {
  let g = g.assumingMemoryBound(to: T.self), x = x.assumingMemoryBound(to: T.self), w = w?.assumingMemoryBound(to: T.self)
  let dw = dw?.assumingMemoryBound(to: T.self), db = db?.assumingMemoryBound(to: T.self), dx = dx?.assumingMemoryBound(to: T.self)
  let mean = mean.assumingMemoryBound(to: T.self), variance = variance.assumingMemoryBound(to: T.self)
  var c = 0
  while c < columns {
    let count = columns - c < T.width ? columns - c : T.width
    let m = part(mean + c, count), scale = rstd(T.self, part(variance + c, count), eps)
    var a = T.zeros, b = T.zeros
    var r = 0
    while r < rows {
      let stop = rows - r < segmentsPerSum ? rows : r + segmentsPerSum
      var s = T.zeros, t = T.zeros
      while r < stop {
        let p = part(g + r * stride + c, count)
        s = T.add(s, p)
        t = T.fma(p, T.sub(part(x + r * stride + c, count), m), t)
        r += 1
      }
      a = T.add(a, s)
      b = T.add(b, t)
    }
    b = T.mul(b, scale)
    if let dw { put(dw + c, count, b) }
    if let db { put(db + c, count, a) }
    if let dx {
      var own = scale
      if let w { own = T.mul(scale, part(w + c, count)) }
      let each = T.splat(given ? 0 : -1 / T(rows))
      let c0 = T.mul(T.mul(own, a), each), c1 = T.mul(T.mul(T.mul(own, scale), b), each)
      r = 0
      while r < rows {
        let h = T.sub(part(x + r * stride + c, count), m)
        put(dx + r * stride + c, count, T.fma(h, c1, T.fma(part(g + r * stride + c, count), own, c0)))
        r += 1
      }
    }
    c += count
  }
}

// MARK: - Look-up

func segmentNormFunction(_ type: UInt8) -> SegmentNormFunction? {
  switch dtype(type) {
  case .float32: { segmentNorm(Float.self, $0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) }
  case .float64: { segmentNorm(Double.self, $0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) }
  default: nil
  }
}
func segmentNormBackwardFunction(_ type: UInt8) -> SegmentNormBackwardFunction? {
  switch dtype(type) {
  case .float32: { segmentNormBackward(Float.self, $0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) }
  case .float64: { segmentNormBackward(Double.self, $0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) }
  default: nil
  }
}
func columnNormFunction(_ type: UInt8) -> ColumnNormFunction? {
  switch dtype(type) {
  case .float32: { columnNorm(Float.self, $0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10) }
  case .float64: { columnNorm(Double.self, $0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10) }
  default: nil
  }
}
func columnNormBackwardFunction(_ type: UInt8) -> ColumnNormBackwardFunction? {
  switch dtype(type) {
  case .float32: { columnNormBackward(Float.self, $0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) }
  case .float64: { columnNormBackward(Double.self, $0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) }
  default: nil
  }
}
func squaresFunction(_ type: UInt8) -> SquaresFunction? {
  switch dtype(type) {
  case .float32: { squares(Float.self, $0, $1) }
  case .float64: { squares(Double.self, $0, $1) }
  default: nil
  }
}
@inline(__always) private func squares<T: Lanes>(_: T.Type, _ n: Int, _ x: UnsafeRawPointer) -> Double {
  let x = x.assumingMemoryBound(to: T.self), some = 4096
  var i = 0, total = 0.0
  while i < n {
    let s = segmentSums(SquaresOfSegment<T>.self, 0, 1, n - i < some ? n - i : some, 0, x + i, x + i, 0)
    total += s.a + s.b
    i += some
  }
  return total
}
