// One step of the optimizers beside SGD and Adam over a run of parameters, and averages of parameters. p parameter, g gradient, d the
// way down, a b e the element's state; c holds numbers combined in Double and converted once (KernelAPI: `UpdateKernel` names them).
import KernelAPI

/// Takes p through `body`, vector by vector, with as many states as there are.
@inline(__always) private func pass<T: Element & Lanes>(
  _ n: Int, _ p: UnsafeMutablePointer<T>, _ g: UnsafePointer<T>, _ s: UnsafePointer<UnsafeMutableRawPointer?>, _ c: UnsafePointer<Double>,
  _ body: (_ old: T.V, _ d: T.V, _ a: inout T.V, _ b: inout T.V, _ e: inout T.V) -> T.V
) {
  let a = s[0]?.assumingMemoryBound(to: T.self), b = s[1]?.assumingMemoryBound(to: T.self), e = s[2]?.assumingMemoryBound(to: T.self)
  let sign = T.splat(T(c[0])), decay = T(c[1]), decays = T.splat(T(c[1])), shrink = T.splat(T(c[2]))
  var i = 0
  while i < n {
    var old: T.V, d: T.V, va = T.zeros, vb = T.zeros, ve = T.zeros
    let whole = n - i >= T.width
    if whole {
      (old, d) = (load(UnsafePointer(p), i), load(g, i))
      if let a { va = load(UnsafePointer(a), i) }
      if let b { vb = load(UnsafePointer(b), i) }
      if let e { ve = load(UnsafePointer(e), i) }
    } else {
      (old, d) = (T.loadHead(p + i, n - i), T.loadHead(g + i, n - i))
      if let a { va = T.loadHead(a + i, n - i) }
      if let b { vb = T.loadHead(b + i, n - i) }
      if let e { ve = T.loadHead(e + i, n - i) }
    }
    d = T.mul(d, sign)
    if decay != 0 { d = T.fma(decays, old, d) }
    let new = body(T.mul(old, shrink), d, &va, &vb, &ve)
    if whole {
      store(p, i, new)
      if let a { store(a, i, va) }
      if let b { store(b, i, vb) }
      if let e { store(e, i, ve) }
    } else {
      T.storeHead(p + i, n - i, new)
      if let a { T.storeHead(a + i, n - i, va) }
      if let b { T.storeHead(b + i, n - i, vb) }
      if let e { T.storeHead(e + i, n - i, ve) }
    }
    i += T.width
  }
}

/// −1, 0, 1; NaN stays.
@inline(__always) private func sign<T: Element & Lanes>(_: T.Type, _ x: T.V) -> T.V {
  T.choose(T.less(T.zeros, x), T.splat(1), T.choose(T.less(x, T.zeros), T.splat(-1), x))
}

@inline(__always) private func update<T: Element & Lanes>(
  _: T.Type, _ kind: Int32, _ n: Int, _ p: UnsafeMutableRawPointer, _ g: UnsafeRawPointer, _ s: UnsafePointer<UnsafeMutableRawPointer?>,
  _ c: UnsafePointer<Double>
) {
  guard let kernel = UpdateKernel(rawValue: kind) else { return }
  let p = p.assumingMemoryBound(to: T.self), g = g.assumingMemoryBound(to: T.self)
  @inline(__always) func k(_ i: Int) -> T.V { T.splat(T(c[i])) }
  let k3 = k(3), k4 = k(4), k5 = k(5), k6 = k(6), k7 = k(7), k8 = k(8), k9 = k(9)
  /// m ← m + (1−β1)(d−m), v ← β2·v + (1−β2)d²
  @inline(__always) func moments(_ d: T.V, _ m: inout T.V, _ v: inout T.V) {
    m = T.fma(k3, T.sub(d, m), m)
    v = T.fma(T.mul(k5, d), d, T.mul(k4, v))
  }
  switch kernel {
  case .amsgrad:
    pass(n, p, g, s, c) { old, d, m, v, top in
      moments(d, &m, &v)
      top = T.larger(top, v)
      return T.fma(k6, T.div(m, T.add(T.sqrt(top), k7)), old)
    }
  case .nadam:
    pass(n, p, g, s, c) { old, d, m, v, _ in
      moments(d, &m, &v)
      return T.add(old, T.div(T.fma(k8, d, T.mul(k9, m)), T.fma(T.sqrt(v), k6, k7)))
    }
  case .radam:
    let rectified = c[8] != 0
    pass(n, p, g, s, c) { old, d, m, v, _ in
      moments(d, &m, &v)
      return T.fma(k7, rectified ? T.div(m, T.add(T.sqrt(v), k6)) : m, old)
    }
  case .adamax:
    pass(n, p, g, s, c) { old, d, m, top, _ in
      m = T.fma(k3, T.sub(d, m), m)
      top = T.larger(T.mul(k4, top), T.add(T.magnitude(d), k5))
      return T.fma(k6, T.div(m, top), old)
    }
  case .rmsprop:
    let hasMomentum = s[1] != nil, centered = s[2] != nil
    pass(n, p, g, s, c) { old, d, v, buffer, mean in
      v = T.fma(T.mul(k4, d), d, T.mul(k3, v))
      var square = v
      if centered {
        mean = T.fma(k4, T.sub(d, mean), mean)
        square = T.fma(T.negated(mean), mean, v)
      }
      let q = T.div(d, T.add(T.sqrt(square), k5))
      if !hasMomentum { return T.fma(k7, q, old) }
      buffer = T.fma(k6, buffer, q)
      return T.fma(k7, buffer, old)
    }
  case .adagrad:
    pass(n, p, g, s, c) { old, d, sum, _, _ in
      sum = T.fma(d, d, sum)
      return T.fma(k4, T.div(d, T.add(T.sqrt(sum), k3)), old)
    }
  case .adadelta:
    pass(n, p, g, s, c) { old, d, v, steps, _ in
      v = T.fma(T.mul(k4, d), d, T.mul(k3, v))
      let by = T.mul(T.div(T.sqrt(T.add(steps, k5)), T.sqrt(T.add(v, k5))), d)
      steps = T.fma(T.mul(k4, by), by, T.mul(k3, steps))
      return T.fma(k6, by, old)
    }
  case .rprop:
    pass(n, p, g, s, c) { old, d, last, size, _ in
      let agree = T.mul(d, last), turned = T.less(agree, T.zeros)
      size = T.mul(size, T.choose(turned, k3, T.choose(T.less(T.zeros, agree), k4, T.splat(1))))
      size = T.smaller(T.larger(size, k5), k6)
      last = T.choose(turned, T.zeros, d)
      return T.sub(old, T.mul(sign(T.self, last), size))
    }
  case .lion:
    pass(n, p, g, s, c) { old, d, m, _, _ in
      let far = T.sub(d, m), way = T.fma(k3, far, m)
      m = T.fma(k4, far, m)
      return T.fma(k5, sign(T.self, way), old)
    }
  case .average:
    let near = c[3] < 0.5
    pass(n, p, g, s, c) { old, d, _, _, _ in near ? T.fma(k3, T.sub(d, old), old) : T.fma(k4, T.sub(old, d), d) }
  }
}

func updateFunction(_ type: UInt8) -> UpdateFunction? {
  switch dtype(type) {
  case .float32: { update(Float.self, $0, $1, $2, $3, $4, $5) }
  case .float64: { update(Double.self, $0, $1, $2, $3, $4, $5) }
  default: nil
  }
}
