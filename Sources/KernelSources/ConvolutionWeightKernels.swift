// The gradient of convolution weights: dwᵀ (terms × outputs) = patches (terms × pixels) · gᵀ (pixels × outputs). Patches are read
// one number at a time where they lie, spread over a vector; g is transposed once per image, outputs along the vector.
import CShim
import KernelAPI

/// Four terms against one row of vectors of outputs.
private struct Quad<R: TileRow> {
  var r0 = R(), r1 = R(), r2 = R(), r3 = R()
  let p0: UnsafePointer<R.T>, p1: UnsafePointer<R.T>, p2: UnsafePointer<R.T>, p3: UnsafePointer<R.T>
  @inline(__always) init(_ x: UnsafePointer<R.T>, _ offsets: UnsafePointer<Int>) {
    p0 = x + offsets[0]
    p1 = x + offsets[1]
    p2 = x + offsets[2]
    p3 = x + offsets[3]
  }
  @inline(__always) mutating func add(_ i: Int, _ g: R) {
    r0.addProduct(R.T.splat(p0[i]), g)
    r1.addProduct(R.T.splat(p1[i]), g)
    r2.addProduct(R.T.splat(p2[i]), g)
    r3.addProduct(R.T.splat(p3[i]), g)
  }
  @inline(__always) func finish(_ d: UnsafeMutablePointer<R.T>, _ accumulate: Bool) {
    let n = R.vectors * R.T.width
    if accumulate {
      r0.add(to: d, n)
      r1.add(to: d + n, n)
      r2.add(to: d + 2 * n, n)
      r3.add(to: d + 3 * n, n)
    } else {
      r0.write(to: d, n)
      r1.write(to: d + n, n)
      r2.write(to: d + 2 * n, n)
      r3.write(to: d + 3 * n, n)
    }
  }
}

/// Eight terms, all pixels of `lines` rows.
@inline(never) private func termTile<R: TileRow>(
  _: R.Type, _ x: UnsafePointer<R.T>, _ offsets: UnsafePointer<Int>, _ lines: Int, _ columns: Int, _ lineStep: Int,
  _ g: UnsafePointer<R.T>, _ d: UnsafeMutablePointer<R.T>, _ accumulate: Bool
) {
  let wide = R.vectors * R.T.width
  #if ISA_V4
    var a = Quad<R>(x, offsets), b = Quad<R>(x, offsets + 4)
    var g = g, line = 0
    while line < lines {
      var i = line * lineStep
      let end = i + columns
      while i < end {
        let v = R(from: g, wide)
        a.add(i, v)
        b.add(i, v)
        g += wide
        i += 1
      }
      line += 1
    }
    a.finish(d, accumulate)
    b.finish(d + 4 * wide, accumulate)
  #else
    var half = 0
    while half < 8 {
      var a = Quad<R>(x, offsets + half)
      var g = g, line = 0
      while line < lines {
        var i = line * lineStep
        let end = i + columns
        while i < end {
          a.add(i, R(from: g, wide))
          g += wide
          i += 1
        }
        line += 1
      }
      a.finish(d + half * wide, accumulate)
      half += 4
    }
  #endif
}

/// Four terms of one output: pixels along the vector, folded at the end.
@inline(never) private func thinTerms<T: Lanes>(
  _ c: Correlation, _ x: UnsafePointer<T>, _ offsets: UnsafePointer<Int>, _ g: UnsafePointer<T>, _ lines: Int,
  _ d: UnsafeMutablePointer<T>, _ step: Int, _ accumulate: Bool
) {
  var s0 = T.zeros, s1 = T.zeros, s2 = T.zeros, s3 = T.zeros, line = 0
  while line < lines {
    let r = x + line * c.stepY * c.rowPitch, gr = g + line * c.columns
    let p0 = r + offsets[0], p1 = r + offsets[1], p2 = r + offsets[2], p3 = r + offsets[3]
    var i = 0
    while i + T.width <= c.columns {
      let v = load(gr, i)
      s0 = T.fma(v, load(p0, i), s0)
      s1 = T.fma(v, load(p1, i), s1)
      s2 = T.fma(v, load(p2, i), s2)
      s3 = T.fma(v, load(p3, i), s3)
      i += T.width
    }
    if i < c.columns {
      let n = c.columns - i, v = T.loadHead(gr + i, n)
      s0 = T.fma(v, T.loadHead(p0 + i, n), s0)
      s1 = T.fma(v, T.loadHead(p1 + i, n), s1)
      s2 = T.fma(v, T.loadHead(p2 + i, n), s2)
      s3 = T.fma(v, T.loadHead(p3 + i, n), s3)
    }
    line += 1
  }
  d[0] = T.sum(s0) + (accumulate ? d[0] : 0)
  d[step] = T.sum(s1) + (accumulate ? d[step] : 0)
  d[2 * step] = T.sum(s2) + (accumulate ? d[2 * step] : 0)
  d[3 * step] = T.sum(s3) + (accumulate ? d[3 * step] : 0)
}

/// Outputs to a panel of g: one to three vectors, whichever leaves least over.
func weightPanel<T: Lanes>(_: T.Type, _ outputs: Int) -> Int {
  let w = T.width
  if outputs <= w { return w }
  if outputs <= 2 * w { return 2 * w }
  #if ISA_BASE
    return 2 * w
  #else
    return outputs <= 3 * w || outputs % (3 * w) == 0 ? 3 * w : 2 * w
  #endif
}

@inline(__always) func correlateWeights<T: Lanes>(
  _ c: Correlation, _ x: UnsafePointer<T>, _ g: UnsafePointer<T>, _ first: Int, _ last: Int, _ k0: Int, _ k1: Int,
  _ sums: UnsafeMutablePointer<T>, _ accumulate: Bool, _ work: UnsafeMutablePointer<T>
) {
  let wide = weightPanel(T.self, c.outputs), lines = last - first, pixels = lines * c.columns
  let padded = (c.outputs + wide - 1) / wide * wide, terms = (c.terms + 7) / 8 * 8
  let isThin = c.outputs < thinOutputs
  if !isThin { pack(wide, c.outputs, pixels, g + first * c.columns, c.yPlane, 1, work) }
  var image = x + first * c.stepY * c.rowPitch
  if c.staged {
    let copy = work + padded * pixels
    stage(c, x, first, last, 0, copy)
    image = UnsafePointer(copy)
  }
  let offsets = c.offsets.unsafelyUnwrapped, lineStep = c.stepY * c.rowPitch
  var m = 0
  if isThin {
    while m < c.outputs {
      var k = k0
      while k < k1 {
        thinTerms(c, image, offsets + k, g + (m * c.yPlane + first * c.columns), lines, sums + (k * wide + m), wide, accumulate)
        k += 4
      }
      m += 1
    }
    return
  }
  while m < c.outputs {
    let gm = UnsafePointer(work + m * pixels)
    var k = k0
    while k < k1 {
      let d = sums + (m * terms + k * wide)
      if wide == T.width {
        termTile(Row1<T>.self, image, offsets + k, lines, c.columns, lineStep, gm, d, accumulate)
      } else if wide == 2 * T.width {
        termTile(Row2<T>.self, image, offsets + k, lines, c.columns, lineStep, gm, d, accumulate)
      } else {
        termTile(Row3<T>.self, image, offsets + k, lines, c.columns, lineStep, gm, d, accumulate)
      }
      k += 8
    }
    m += wide
  }
}

@inline(__always) func foldWeights<T: Lanes>(
  _ c: Correlation, _ sums: UnsafeMutablePointer<T>, _ slots: Int, _ slotStride: Int, _ dw: UnsafeMutablePointer<T>
) {
  let wide = weightPanel(T.self, c.outputs), terms = (c.terms + 7) / 8 * 8
  let n = (c.outputs + wide - 1) / wide * terms * wide
  var slot = 1
  while slot < slots {
    let s = UnsafePointer(sums + slot * slotStride)
    var i = 0
    while i < n {
      store(sums, i, T.add(load(UnsafePointer(sums), i), load(s, i)))
      i += T.width
    }
    slot += 1
  }
  var m = 0
  while m < c.outputs {
    packPanel(c.terms, c.terms, lesser(wide, c.outputs - m), UnsafePointer(sums + m * terms), wide, 1, dw + m * c.terms)
    m += wide
  }
}

// MARK: - For each type

@inline(__always) private func at<T>(_ p: UnsafeRawPointer, _: T.Type) -> UnsafePointer<T> { p.assumingMemoryBound(to: T.self) }
@inline(__always) private func at<T>(_ p: UnsafeMutableRawPointer, _: T.Type) -> UnsafeMutablePointer<T> { p.assumingMemoryBound(to: T.self) }

@inline(__always) private func shape(_ p: UnsafeRawPointer) -> Correlation { p.assumingMemoryBound(to: Correlation.self).pointee }

func correlationKernels(_ type: UInt8) -> CorrelationKernels? {
  switch dtype(type) {
  case .float32:
    CorrelationKernels(
      plan: { correlationPlan(Float.self, shape($0), $1, $2) },
      pack: { packWeights(shape($0), at($1, Float.self), $2, $3, $4, $5.map { at($0, Float.self) }, $6, at($7, Float.self)) },
      correlate: { correlate(shape($0), at($1, Float.self), at($2, Float.self), $3, at($4, Float.self), $5, $6, at($7, Float.self)) },
      weights: {
        correlateWeights(shape($0), at($1, Float.self), at($2, Float.self), $3, $4, $5, $6, at($7, Float.self), $8, at($9, Float.self))
      },
      fold: { foldWeights(shape($0), at($1, Float.self), $2, $3, at($4, Float.self)) },
      gather: { gatherPlaces(shape($0), at($1, Float.self), ($2, $3), ($4, $5), $6.map { at($0, Float.self) }, $7, at($8, Float.self)) })
  case .float64:
    CorrelationKernels(
      plan: { correlationPlan(Double.self, shape($0), $1, $2) },
      pack: { packWeights(shape($0), at($1, Double.self), $2, $3, $4, $5.map { at($0, Double.self) }, $6, at($7, Double.self)) },
      correlate: { correlate(shape($0), at($1, Double.self), at($2, Double.self), $3, at($4, Double.self), $5, $6, at($7, Double.self)) },
      weights: {
        correlateWeights(shape($0), at($1, Double.self), at($2, Double.self), $3, $4, $5, $6, at($7, Double.self), $8, at($9, Double.self))
      },
      fold: { foldWeights(shape($0), at($1, Double.self), $2, $3, at($4, Double.self)) },
      gather: { gatherPlaces(shape($0), at($1, Double.self), ($2, $3), ($4, $5), $6.map { at($0, Double.self) }, $7, at($8, Double.self)) })
  default: nil
  }
}
