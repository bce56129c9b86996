// Activations with an exponential or a corner, and their derivatives; the table is in ElementwiseUnary.swift. Where a function grows like x
// at one end it returns x there, whatever the other factor has become.

/// x·beta > threshold ? x : ln(1 + e^(beta·x)) / beta, p = beta, q = threshold.
/// With z = beta·x: ln(1 + e^z) = max(z, 0) + log1p(e), e = e^(−|z|) ≤ 1; log1p(e) = ln(u)·e/(u − 1) with u = 1 + e rounded, and e where
/// u is 1 (Kahan's correction; ≤ 4 ULP).
enum Softplus<T: Element & RealMath>: UnaryOperation {
  @inline(__always) static func apply(_ x: T.V, _ p: T.V, _ q: T.V) -> T.V {
    let one = T.splat(T.one), zero = T.sub(one, one), z = T.mul(x, p)
    let e = T.exp(T.negated(T.magnitude(z)))
    let u = T.add(one, e), rest = T.sub(u, one)
    let log1p = T.choose(T.equal(rest, zero), e, T.div(T.mul(T.log(u), e), rest))
    return T.choose(T.less(q, z), x, T.div(T.add(T.choose(T.less(z, zero), zero, z), log1p), p))
  }
}
/// x·beta > threshold ? 1 : σ(beta·x)
enum SoftplusSlope<T: Element & RealMath>: UnaryOperation {
  @inline(__always) static func apply(_ x: T.V, _ p: T.V, _ q: T.V) -> T.V {
    let z = T.mul(x, p)
    return T.choose(T.less(q, z), T.splat(T.one), T.sigmoid(z))
  }
}

// σ(NaN) has the other sign, and which of two NaNs a product keeps is the compiler's choice: a NaN is returned as it is.

/// x·σ(x)
enum Silu<T: Element & RealMath>: UnaryOperation {
  @inline(__always) static func apply(_ x: T.V, _ p: T.V, _ q: T.V) -> T.V { T.choose(T.equal(x, x), T.mul(x, T.sigmoid(x)), x) }
}
/// σ·(1 + x·(1 − σ))
enum SiluSlope<T: Element & RealMath>: UnaryOperation {
  @inline(__always) static func apply(_ x: T.V, _ p: T.V, _ q: T.V) -> T.V {
    let one = T.splat(T.one), s = T.sigmoid(x)
    return T.choose(T.equal(x, x), T.mul(s, T.fma(x, T.sub(one, s), one)), x)
  }
}

/// e = eˣ with x ≤ 20, where 1 + e² already is e², and n = e·(e + 2): tanh(ln(1 + eˣ)) = n/(n + 2).
@inline(__always) private func mishParts<T: Element & RealMath>(_ t: T.Type, _ x: T.V) -> (e: T.V, n: T.V) {
  let top = T.splat(T.saturating(20)), e = T.exp(T.choose(T.less(top, x), top, x))
  return (e, T.mul(e, T.add(e, T.splat(T.saturating(2)))))
}
/// x·tanh(ln(1 + eˣ))
enum Mish<T: Element & RealMath>: UnaryOperation {
  @inline(__always) static func apply(_ x: T.V, _ p: T.V, _ q: T.V) -> T.V {
    let n = mishParts(T.self, x).n
    return T.mul(x, T.div(n, T.add(n, T.splat(T.saturating(2)))))
  }
}
/// n/(n + 2) + x·4e(1 + e)/(n + 2)²
enum MishSlope<T: Element & RealMath>: UnaryOperation {
  @inline(__always) static func apply(_ x: T.V, _ p: T.V, _ q: T.V) -> T.V {
    let (e, n) = mishParts(T.self, x)
    let one = T.splat(T.one), d = T.add(n, T.splat(T.saturating(2)))
    let bend = T.div(T.mul(T.mul(T.splat(T.saturating(4)), e), T.add(one, e)), T.mul(d, d))
    return T.choose(T.less(T.splat(T.saturating(20)), x), one, T.fma(x, bend, T.div(n, d)))
  }
}

/// x > 0 ? x : α·(e^(s·x) − 1), p = α, q = s > 0. e^z − 1 = 2t/(1 − t), t = tanh(z/2), loses nothing for z ≤ 0 (≤ 4 ULP).
enum Elu<T: Element & RealMath>: UnaryOperation {
  @inline(__always) static func apply(_ x: T.V, _ p: T.V, _ q: T.V) -> T.V {
    let one = T.splat(T.one), zero = T.sub(one, one), half = T.splat(T.saturating(0.5))
    let t = T.tanh(T.mul(T.mul(x, q), half))
    return T.choose(T.lessOrEqual(x, zero), T.mul(p, T.div(T.add(t, t), T.sub(one, t))), x)
  }
}
/// x > 0 ? 1 : α·s·e^(s·x)
enum EluSlope<T: Element & RealMath>: UnaryOperation {
  @inline(__always) static func apply(_ x: T.V, _ p: T.V, _ q: T.V) -> T.V {
    let one = T.splat(T.one), zero = T.sub(one, one)
    return T.choose(T.lessOrEqual(x, zero), T.mul(T.mul(p, q), T.exp(T.mul(x, q))), one)
  }
}

/// x > 0 ? x : p·x
enum LeakyRelu<T: Element & RealMath>: UnaryOperation {
  @inline(__always) static func apply(_ x: T.V, _ p: T.V, _ q: T.V) -> T.V {
    let zero = T.sub(T.splat(T.one), T.splat(T.one))
    return T.choose(T.less(zero, x), x, T.mul(x, p))
  }
}
/// x > 0 ? 1 : p
enum LeakyReluSlope<T: Element & RealMath>: UnaryOperation {
  @inline(__always) static func apply(_ x: T.V, _ p: T.V, _ q: T.V) -> T.V {
    let one = T.splat(T.one), zero = T.sub(one, one)
    return T.choose(T.less(zero, x), one, p)
  }
}

/// x·min(max(x + 3, 0), 6)/6
enum Hardswish<T: Element & RealMath>: UnaryOperation {
  @inline(__always) static func apply(_ x: T.V, _ p: T.V, _ q: T.V) -> T.V {
    let zero = T.sub(T.splat(T.one), T.splat(T.one)), six = T.splat(T.saturating(6)), z = T.add(x, T.splat(T.saturating(3)))
    let low = T.choose(T.less(z, zero), zero, z)
    return T.div(T.mul(x, T.choose(T.less(six, low), six, low)), six)
  }
}
/// x ≤ −3 ? 0 : x < 3 ? x/3 + ½ : 1, and 1 for NaN, as in PyTorch.
enum HardswishSlope<T: Element & RealMath>: UnaryOperation {
  @inline(__always) static func apply(_ x: T.V, _ p: T.V, _ q: T.V) -> T.V {
    let one = T.splat(T.one), zero = T.sub(one, one), three = T.splat(T.saturating(3))
    let ramp = T.choose(T.less(x, three), T.add(T.div(x, three), T.splat(T.saturating(0.5))), one)
    return T.choose(T.lessOrEqual(x, T.negated(three)), zero, ramp)
  }
}
