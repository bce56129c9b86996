// One step of SGD or Adam over a run of parameters, in one pass over memory. Everything is computed in the type of the
// parameters; hyperparameters are combined in Double and converted once. p parameter, g gradient.
import KernelAPI

/// The vector at x[i …], zero past n − 1; and back.
@inline(__always) private func lane<T: Lanes>(_ x: UnsafePointer<T>, _ i: Int, _ n: Int) -> T.V {
  n - i >= T.width ? load(x, i) : loadHead(x + i, n - i, rest: 0)
}
@inline(__always) private func put<T: Lanes>(_ y: UnsafeMutablePointer<T>, _ i: Int, _ n: Int, _ v: T.V) {
  if n - i >= T.width { store(y, i, v) } else { storeHead(y + i, n - i, v) }
}

/// g, negated to maximise, with decay·p added. Zero decay leaves g alone, whatever p is.
@inline(__always) private func descent<T: Lanes>(_ g: T.V, _ p: T.V, _ sign: T.V, _ decay: T) -> T.V {
  let d = T.mul(g, sign)
  return decay == 0 ? d : T.fma(T.splat(decay), p, d)
}

private let nesterovFlag: Int32 = 1, firstFlag: Int32 = 2, decoupledFlag: Int32 = 1, maximizeFlag: Int32 = 4

@inline(__always) private func sgd<T: Lanes>(
  _: T.Type, _ n: Int, _ p: UnsafeMutableRawPointer, _ g: UnsafeRawPointer, _ buf: UnsafeMutableRawPointer?,
  _ lr: Double, _ momentum: Double, _ dampening: Double, _ decay: Double, _ flags: Int32
) {
  let p = p.assumingMemoryBound(to: T.self), g = g.assumingMemoryBound(to: T.self), buf = buf?.assumingMemoryBound(to: T.self)
  let sign = T.splat(flags & maximizeFlag != 0 ? -1 : 1), rate = T.splat(T(-lr)), decay = T(decay)
  let keep = T.splat(T(momentum)), take = T.splat(T(1 - dampening))
  let nesterov = flags & nesterovFlag != 0, first = flags & firstFlag != 0
  var i = 0
  while i < n {
    let old = lane(UnsafePointer(p), i, n)
    var d = descent(lane(g, i, n), old, sign, decay)
    if let buf {
      let b = first ? d : T.fma(take, d, T.mul(keep, lane(UnsafePointer(buf), i, n)))
      put(buf, i, n, b)
      d = nesterov ? T.fma(keep, b, d) : b
    }
    put(p, i, n, T.fma(rate, d, old))
    i += T.width
  }
}

@inline(__always) private func adam<T: Lanes>(
  _: T.Type, _ n: Int, _ p: UnsafeMutableRawPointer, _ g: UnsafeRawPointer, _ m: UnsafeMutableRawPointer, _ v: UnsafeMutableRawPointer,
  _ lr: Double, _ beta1: Double, _ beta2: Double, _ eps: Double, _ decay: Double, _ bias1: Double, _ bias2: Double, _ flags: Int32
) {
  let p = p.assumingMemoryBound(to: T.self), g = g.assumingMemoryBound(to: T.self)
  let m = m.assumingMemoryBound(to: T.self), v = v.assumingMemoryBound(to: T.self)
  let sign = T.splat(flags & maximizeFlag != 0 ? -1 : 1)
  let decoupled = flags & decoupledFlag != 0
  let coupledDecay = decoupled ? 0 : T(decay), shrink = T.splat(decoupled ? T(1 - lr * decay) : 1)
  let take1 = T.splat(T(1 - beta1)), keep2 = T.splat(T(beta2)), take2 = T.splat(T(1 - beta2))
  // m/(√v/√bias2 + eps) = m·√bias2/(√v + eps·√bias2): one division an element.
  let root = bias2.squareRoot(), small = T.splat(T(eps * root)), rate = T.splat(T(-lr / bias1 * root))
  var i = 0
  while i < n {
    let old = T.mul(lane(UnsafePointer(p), i, n), shrink)
    let d = descent(lane(g, i, n), old, sign, coupledDecay)
    let m0 = lane(UnsafePointer(m), i, n)
    let m1 = T.fma(take1, T.sub(d, m0), m0)
    let v1 = T.fma(T.mul(take2, d), d, T.mul(keep2, lane(UnsafePointer(v), i, n)))
    put(m, i, n, m1)
    put(v, i, n, v1)
    let q = T.div(m1, T.add(T.sqrt(v1), small))
    put(p, i, n, T.fma(rate, q, old))
    i += T.width
  }
}

func sgdFunction(_ type: UInt8) -> SGDFunction? {
  switch dtype(type) {
  case .float32: { sgd(Float.self, $0, $1, $2, $3, $4, $5, $6, $7, $8) }
  case .float64: { sgd(Double.self, $0, $1, $2, $3, $4, $5, $6, $7, $8) }
  default: nil
  }
}

func adamFunction(_ type: UInt8) -> AdamFunction? {
  switch dtype(type) {
  case .float32: { adam(Float.self, $0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) }
  case .float64: { adam(Double.self, $0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) }
  default: nil
  }
}
