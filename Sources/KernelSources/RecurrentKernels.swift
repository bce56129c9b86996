// Recurrent layers: for each step one product of the last states with the packed weights of all gates, then the gates in one
// pass. A piece takes some rows of the batch through all steps, so that threads meet once a layer. T steps, B batch, H state,
// G all gates of a step, x what comes from the input, p what comes from the state before.
import KernelAPI

@inline(__always) private func part<T: Lanes>(_ x: UnsafePointer<T>, _ i: Int, _ n: Int) -> T.V {
  n - i >= T.width ? load(x, i) : T.loadHead(x + i, n - i)
}
@inline(__always) private func put<T: Lanes>(_ y: UnsafeMutablePointer<T>, _ i: Int, _ n: Int, _ v: T.V) {
  if n - i >= T.width { store(y, i, v) } else { T.storeHead(y + i, n - i, v) }
}
@inline(__always) private func least(_ a: Int, _ b: Int) -> Int { a < b ? a : b }

/// c (rows × n, ldc apart) = h·w or +=, h rows × k, w in panels.
@inline(never) private func multiply<T: Lanes>(
  _ product: MatrixFunction, _ rows: Int, _ n: Int, _ k: Int, _ h: UnsafePointer<T>, _ hRow: Int, _ w: UnsafePointer<T>,
  _ c: UnsafeMutablePointer<T>, _ ldc: Int, add: Bool, _ work: UnsafeMutableRawPointer
) {
  let panel = RecurrentPiece.panel
  var j = 0
  while j < n {
    product(MatrixPath.direct, rows, least(panel, n - j), k, h, hRow, 1, w + j * k, panel, 1, c + j, ldc, add, nil, work)
    j += panel
  }
}

/// 1 − x².
@inline(__always) private func tanhSlope<T: Lanes>(_: T.Type, _ x: T.V) -> T.V { T.fma(T.sub(T.zeros, x), x, T.splat(1)) }
/// x·(1 − x).
@inline(__always) private func sigmoidSlope<T: Lanes>(_: T.Type, _ x: T.V) -> T.V { T.fma(T.sub(T.zeros, x), x, x) }

// MARK: - Forward

/// c' = f·c + i·g, h' = o·tanh c' with i, f, o = σ(x + p), g = tanh(x + p). `kept` holds p, then i f g o tanh(c') c'.
@inline(__always) private func lstmRow<T: Lanes>(
  _ n: Int, _ x: UnsafePointer<T>, _ c: UnsafePointer<T>, _ kept: UnsafeMutablePointer<T>, _ h: UnsafeMutablePointer<T>
) {
  let p = UnsafePointer(kept)
  var j = 0
  while j < n {
    let i = T.sigmoid(T.add(part(x, j, n), part(p, j, n)))
    let f = T.sigmoid(T.add(part(x + n, j, n), part(p + n, j, n)))
    let g = T.tanh(T.add(part(x + 2 * n, j, n), part(p + 2 * n, j, n)))
    let o = T.sigmoid(T.add(part(x + 3 * n, j, n), part(p + 3 * n, j, n)))
    let next = T.fma(f, part(c, j, n), T.mul(i, g)), t = T.tanh(next)
    put(kept, j, n, i)
    put(kept + n, j, n, f)
    put(kept + 2 * n, j, n, g)
    put(kept + 3 * n, j, n, o)
    put(kept + 4 * n, j, n, t)
    put(kept + 5 * n, j, n, next)
    put(h, j, n, T.mul(o, t))
    j += T.width
  }
}

/// h' = n + z·(h − n) with r, z = σ(x + p), n = tanh(x + r·p), p with b_hh. `kept` holds p, then r z p n.
@inline(__always) private func gruRow<T: Lanes>(
  _ n: Int, _ x: UnsafePointer<T>, _ b: UnsafePointer<T>?, _ before: UnsafePointer<T>, _ kept: UnsafeMutablePointer<T>, _ h: UnsafeMutablePointer<T>
) {
  let p = UnsafePointer(kept)
  var j = 0
  while j < n {
    var pr = part(p, j, n), pz = part(p + n, j, n), pn = part(p + 2 * n, j, n)
    if let b {
      pr = T.add(pr, part(b, j, n))
      pz = T.add(pz, part(b + n, j, n))
      pn = T.add(pn, part(b + 2 * n, j, n))
    }
    let r = T.sigmoid(T.add(part(x, j, n), pr)), z = T.sigmoid(T.add(part(x + n, j, n), pz))
    let new = T.tanh(T.fma(r, pn, part(x + 2 * n, j, n)))
    put(kept, j, n, r)
    put(kept + n, j, n, z)
    put(kept + 2 * n, j, n, pn)
    put(kept + 3 * n, j, n, new)
    put(h, j, n, T.fma(z, T.sub(part(before, j, n), new), new))
    j += T.width
  }
}

/// h' = tanh(x + p) or max(x + p, 0); h holds p.
@inline(__always) private func plainRow<T: Lanes>(_ isTanh: Bool, _ n: Int, _ x: UnsafePointer<T>, _ h: UnsafeMutablePointer<T>) {
  var j = 0
  while j < n {
    let s = T.add(part(x, j, n), part(UnsafePointer(h), j, n))
    put(h, j, n, isTanh ? T.tanh(s) : T.larger(s, T.zeros))
    j += T.width
  }
}

@inline(__always) private func recurrent<T: Lanes>(_: T.Type, _ product: @escaping MatrixFunction, _ piece: UnsafeRawPointer) {
  let r = piece.assumingMemoryBound(to: RecurrentPiece.self).pointee
  let n = r.hidden, gates = r.gates, width = r.keptWidth, slab = r.batch * n, at = r.first
  let x = r.x.unsafelyUnwrapped.assumingMemoryBound(to: T.self), w = r.w.unsafelyUnwrapped.assumingMemoryBound(to: T.self)
  let y = r.y.unsafelyUnwrapped.assumingMemoryBound(to: T.self), work = r.workspace.unsafelyUnwrapped
  let bias = r.bias?.assumingMemoryBound(to: T.self)
  var c = r.c0.map { $0.assumingMemoryBound(to: T.self) + at * n }, cRow = n
  var step = 0
  while step < r.steps {
    let t = r.isReverse ? r.steps - 1 - step : step
    let before = UnsafePointer(y) + (r.isReverse ? t + 1 : t) * slab + at * n, h = y + (r.isReverse ? t : t + 1) * slab + at * n
    let xt = x + (t * r.batch + at) * gates
    if let kept = r.kept {
      let k = kept.assumingMemoryBound(to: T.self) + (t * r.batch + at) * width
      multiply(product, r.rows, gates, n, before, n, w, k, width, add: false, work)
      var i = 0
      while i < r.rows {
        if let c { lstmRow(n, xt + i * gates, c + i * cRow, k + i * width, h + i * n) }
        else { gruRow(n, xt + i * gates, bias, before + i * n, k + i * width, h + i * n) }
        i += 1
      }
      if c != nil {
        c = UnsafePointer(k) + 5 * n
        cRow = width
      }
    } else {
      multiply(product, r.rows, gates, n, before, n, w, h, n, add: false, work)
      var i = 0
      while i < r.rows {
        plainRow(r.cell == .tanh, n, xt + i * gates, h + i * n)
        i += 1
      }
    }
    step += 1
  }
  if let c {
    let last = y + (r.steps + 1) * slab + at * n
    var i = 0
    while i < r.rows {
      var j = 0
      while j < n {
        put(last + i * n, j, n, part(c + i * cRow, j, n))
        j += T.width
      }
      i += 1
    }
  }
}

// MARK: - Backward

/// dh, dc: gradients of h', c' from later steps; dc leaves as that of c. dp: gradients before the gates.
@inline(__always) private func lstmRowBackward<T: Lanes>(
  _ n: Int, _ g: UnsafePointer<T>, _ kept: UnsafePointer<T>, _ c: UnsafePointer<T>, _ dh: UnsafePointer<T>, _ dc: UnsafeMutablePointer<T>,
  _ dp: UnsafeMutablePointer<T>
) {
  var j = 0
  while j < n {
    let i = part(kept, j, n), f = part(kept + n, j, n), a = part(kept + 2 * n, j, n), o = part(kept + 3 * n, j, n), t = part(kept + 4 * n, j, n)
    let d = T.add(part(g, j, n), part(dh, j, n))
    let e = T.fma(T.mul(d, o), tanhSlope(T.self, t), part(UnsafePointer(dc), j, n))
    put(dp, j, n, T.mul(T.mul(e, a), sigmoidSlope(T.self, i)))
    put(dp + n, j, n, T.mul(T.mul(e, part(c, j, n)), sigmoidSlope(T.self, f)))
    put(dp + 2 * n, j, n, T.mul(T.mul(e, i), tanhSlope(T.self, a)))
    put(dp + 3 * n, j, n, T.mul(T.mul(d, t), sigmoidSlope(T.self, o)))
    put(dc, j, n, T.mul(e, f))
    j += T.width
  }
}

/// dh leaves as the part of the gradient of h that does not go through the gates; dx before the gates, dp that of W_hh·h.
@inline(__always) private func gruRowBackward<T: Lanes>(
  _ n: Int, _ g: UnsafePointer<T>, _ kept: UnsafePointer<T>, _ before: UnsafePointer<T>, _ dh: UnsafeMutablePointer<T>,
  _ dx: UnsafeMutablePointer<T>, _ dp: UnsafeMutablePointer<T>
) {
  var j = 0
  while j < n {
    let r = part(kept, j, n), z = part(kept + n, j, n), p = part(kept + 2 * n, j, n), new = part(kept + 3 * n, j, n)
    let d = T.add(part(g, j, n), part(UnsafePointer(dh), j, n))
    let dz = T.mul(T.mul(d, T.sub(part(before, j, n), new)), sigmoidSlope(T.self, z))
    let dn = T.mul(T.mul(d, T.sub(T.splat(1), z)), tanhSlope(T.self, new))
    let dr = T.mul(T.mul(dn, p), sigmoidSlope(T.self, r))
    put(dx, j, n, dr)
    put(dx + n, j, n, dz)
    put(dx + 2 * n, j, n, dn)
    put(dp, j, n, dr)
    put(dp + n, j, n, dz)
    put(dp + 2 * n, j, n, T.mul(dn, r))
    put(dh, j, n, T.mul(d, z))
    j += T.width
  }
}

/// dx = (g + dh)·(1 − h²), or where h > 0.
@inline(__always) private func plainRowBackward<T: Lanes & Choosing>(
  _ isTanh: Bool, _ n: Int, _ g: UnsafePointer<T>, _ h: UnsafePointer<T>, _ dh: UnsafePointer<T>, _ dx: UnsafeMutablePointer<T>
) {
  var j = 0
  while j < n {
    let d = T.add(part(g, j, n), part(dh, j, n)), y = part(h, j, n)
    put(dx, j, n, isTanh ? T.mul(d, tanhSlope(T.self, y)) : T.positive(y, d))
    j += T.width
  }
}

@inline(__always) private func recurrentBackward<T: Lanes & Choosing>(_: T.Type, _ product: @escaping MatrixFunction, _ piece: UnsafeRawPointer) {
  let r = piece.assumingMemoryBound(to: RecurrentPiece.self).pointee
  let n = r.hidden, gates = r.gates, width = r.keptWidth, slab = r.batch * n, at = r.first
  let y = UnsafePointer(r.y.unsafelyUnwrapped.assumingMemoryBound(to: T.self)), w = r.w.unsafelyUnwrapped.assumingMemoryBound(to: T.self)
  let g = r.g.unsafelyUnwrapped.assumingMemoryBound(to: T.self) + at * n
  let dx = r.dx.unsafelyUnwrapped.assumingMemoryBound(to: T.self), dHidden = r.dHidden?.assumingMemoryBound(to: T.self)
  let c0 = r.c0.map { $0.assumingMemoryBound(to: T.self) + at * n }
  let dh = r.dh0.unsafelyUnwrapped.assumingMemoryBound(to: T.self) + at * n
  let dc = r.dc0.map { $0.assumingMemoryBound(to: T.self) + at * n }
  let size = r.rows * n
  var i = 0
  while i < size {
    dh[i] = 0
    if let dc { dc[i] = g[(r.steps + 1) * slab + i] }
    i += 1
  }
  var step = r.steps
  while step > 0 {
    step -= 1
    let t = r.isReverse ? r.steps - 1 - step : step
    let before = y + (r.isReverse ? t + 1 : t) * slab + at * n, now = r.isReverse ? t : t + 1
    let row = (t * r.batch + at) * gates, gt = g + now * slab
    var into = dx + row
    if let dHidden { into = dHidden + row }
    if let kept = r.kept {
      let all = UnsafePointer(kept.assumingMemoryBound(to: T.self)) + at * width, k = all + t * r.batch * width
      if let dc, let c0 {
        let first = step == 0, c = first ? c0 : all + (r.isReverse ? t + 1 : t - 1) * r.batch * width + 5 * n
        i = 0
        while i < r.rows {
          lstmRowBackward(n, gt + i * n, k + i * width, c + i * (first ? n : width), dh + i * n, dc + i * n, into + i * gates)
          i += 1
        }
      } else {
        i = 0
        while i < r.rows {
          gruRowBackward(n, gt + i * n, k + i * width, before + i * n, dh + i * n, dx + row + i * gates, into + i * gates)
          i += 1
        }
      }
    } else {
      i = 0
      while i < r.rows {
        plainRowBackward(r.cell == .tanh, n, gt + i * n, y + now * slab + (at + i) * n, dh + i * n, into + i * gates)
        i += 1
      }
    }
    multiply(product, r.rows, n, gates, UnsafePointer(into), gates, w, dh, n, add: r.cell == .gru, r.workspace.unsafelyUnwrapped)
  }
  let first = g + (r.isReverse ? r.steps : 0) * slab
  i = 0
  while i < size {
    dh[i] += first[i]
    i += 1
  }
}

/// Lane by lane, y ≤ 0 ? 0 : d.
private protocol Choosing: Lanes { static func positive(_ y: V, _ d: V) -> V }
extension Float: Choosing {
  @inline(__always) fileprivate static func positive(_ y: VF, _ d: VF) -> VF { d.replacing(with: VF(repeating: 0), where: y .<= VF(repeating: 0)) }
}
extension Double: Choosing {
  @inline(__always) fileprivate static func positive(_ y: VD, _ d: VD) -> VD { d.replacing(with: VD(repeating: 0), where: y .<= VD(repeating: 0)) }
}

func recurrentFunction(_ type: UInt8) -> RecurrentFunction? {
  switch dtype(type) {
  case .float32: { recurrent(Float.self, matrixFunction(0).unsafelyUnwrapped, $0) }
  case .float64: { recurrent(Double.self, matrixFunction(1).unsafelyUnwrapped, $0) }
  default: nil
  }
}

func recurrentBackwardFunction(_ type: UInt8) -> RecurrentFunction? {
  switch dtype(type) {
  case .float32: { recurrentBackward(Float.self, matrixFunction(0).unsafelyUnwrapped, $0) }
  case .float64: { recurrentBackward(Double.self, matrixFunction(1).unsafelyUnwrapped, $0) }
  default: nil
  }
}
