// The numbers behind linear algebra: triangular, symmetric, orthogonal factors of one row-major matrix, in float64 whatever the
// tensor's type. Columns are done in blocks; what a block leaves to the rest is one matrix product.
import CShim
import KernelAPI

typealias Doubles = UnsafeMutablePointer<Double>

/// Columns of a block. Anything from 32 to 96 gives the same speed within 10 % at N = 1000.
private let block = 48

extension Engine {
  /// C (m×n, rows `ldc` apart) −= A·B, where A is m×k. `scratch` takes −A: m·k numbers.
  @inline(never) private func subtractProduct(
    _ m: Int, _ n: Int, _ k: Int, _ a: Matrix, _ b: Matrix, _ c: Doubles, ldc: Int, scratch: Doubles, for name: StaticString
  ) throws(Failure) {
    if m == 0 || n == 0 || k == 0 { return }
    let p = a.at.assumingMemoryBound(to: Double.self)
    var i = 0, t = scratch
    while i < m {
      var j = 0
      while j < k { t[j] = -p[i &* a.row &+ j &* a.column]; j &+= 1 }
      t += k
      i &+= 1
    }
    try product(.float64, m, n, k, Matrix(scratch, k, 1), b, c, ldc: ldc, accumulate: true, for: name)
  }

  /// A = L·Lᵀ in place, reading and writing the lower triangle; zeros above. 0, or the order of the first minor that is not positive.
  @inline(never) func cholesky(_ a: Doubles, _ n: Int, for name: StaticString) throws(Failure) -> Int {
    try withScratch(of: Double.self, count: block &* n, for: name) { (t) throws(Failure) -> Int in
      var k = 0
      while k < n {
        let w = n &- k < block ? n &- k : block
        // rows k… of this block's columns −= L[k…, 0..<k]·L[block, 0..<k]ᵀ, computed transposed in w rows, then subtracted
        if k > 0 {
          try product(.float64, w, n &- k, k, Matrix(a + k &* n, n, 1), Matrix(a + k &* n, 1, n), t, for: name)
          var i = k
          while i < n {
            var j = 0
            while j < w { a[i &* n &+ k &+ j] -= t[j &* (n &- k) &+ i &- k]; j &+= 1 }
            i &+= 1
          }
        }
        var j = k
        while j < k &+ w {
          let row = a + j &* n
          var d = row[j], p = k
          while p < j { d -= row[p] * row[p]; p &+= 1 }
          if !(d > 0) || d == .infinity { return j &+ 1 }
          d = d.squareRoot()
          row[j] = d
          var i = j &+ 1
          while i < n {
            let other = a + i &* n
            var s = other[j]
            p = k
            while p < j { s -= other[p] * row[p]; p &+= 1 }
            other[j] = s / d
            i &+= 1
          }
          j &+= 1
        }
        k &+= w
      }
      var i = 0
      while i < n {
        var j = i &+ 1
        while j < n { a[i &* n &+ j] = 0; j &+= 1 }
        i &+= 1
      }
      return 0
    }
  }

  /// P·A = L·U in place (m×n; L has ones on its diagonal, which are not stored), rows exchanged so that the largest of a column leads.
  /// Row j was exchanged with row pivots[j]. Returns P's sign.
  @inline(never) func lu(_ a: Doubles, _ m: Int, _ n: Int, pivots: Doubles, for name: StaticString) throws(Failure) -> Double {
    let r = m < n ? m : n
    return try withScratch(of: Double.self, count: block &* m, for: name) { (scratch) throws(Failure) -> Double in
      var sign = 1.0, k = 0
      while k < r {
        let end = r &- k < block ? r : k &+ block
        var j = k
        while j < end {
          var p = j, largest = a[j &* n &+ j].magnitude, i = j &+ 1
          while i < m {
            if a[i &* n &+ j].magnitude > largest { largest = a[i &* n &+ j].magnitude; p = i }
            i &+= 1
          }
          pivots[j] = Double(p)
          if p != j {
            sign = -sign
            swapRows(a, n, j, p)
          }
          let d = a[j &* n &+ j]
          i = j &+ 1
          while d != 0, i < m {
            let f = a[i &* n &+ j] / d
            a[i &* n &+ j] = f
            addRow(a + i &* n, a + j &* n, -f, j &+ 1, end)
            i &+= 1
          }
          j &+= 1
        }
        if end < n {
          j = k
          while j < end {
            var i = j &+ 1
            while i < end { addRow(a + i &* n, a + j &* n, -a[i &* n &+ j], end, n); i &+= 1 }
            j &+= 1
          }
          try subtractProduct(
            m &- end, n &- end, end &- k, Matrix(a + end &* n + k, n, 1), Matrix(a + k &* n + end, n, 1), a + end &* n + end, ldc: n,
            scratch: scratch, for: name)
        }
        k = end
      }
      return sign
    }
  }

  /// B (n×k, dense) ← A⁻¹·B for a triangular A, of which only that triangle is read; `unit`: its diagonal is taken as ones.
  @inline(never) func solveTriangular(
    _ a: Matrix, _ n: Int, _ b: Doubles, _ k: Int, upper: Bool, unit: Bool, for name: StaticString
  ) throws(Failure) {
    let p = a.at.assumingMemoryBound(to: Double.self)
    try withScratch(of: Double.self, count: block &* n, for: name) { (scratch) throws(Failure) in
      var done = 0
      while done < n {
        let w = n &- done < block ? n &- done : block
        let start = upper ? n &- done &- w : done, first = upper ? n &- done : 0
        try subtractProduct(
          w, k, done, Matrix(p + start &* a.row + first &* a.column, a.row, a.column), Matrix(b + first &* k, k, 1), b + start &* k, ldc: k,
          scratch: scratch, for: name)
        var t = 0
        while t < w {
          let i = upper ? start &+ w &- 1 &- t : start &+ t
          var s = 0
          while s < t {
            let j = upper ? start &+ w &- 1 &- s : start &+ s
            addRow(b + i &* k, b + j &* k, -p[i &* a.row &+ j &* a.column], 0, k)
            s &+= 1
          }
          if !unit {
            let d = p[i &* a.row &+ i &* a.column]
            var c = 0
            while c < k { b[i &* k &+ c] /= d; c &+= 1 }
          }
          t &+= 1
        }
        done &+= w
      }
    }
  }

  /// B (n×k, dense) ← A⁻¹·B, or A⁻ᵀ·B, from `lu` of A.
  @inline(never) func solve(
    lu a: Doubles, _ n: Int, pivots: Doubles, _ b: Doubles, _ k: Int, transposed: Bool, for name: StaticString
  ) throws(Failure) {
    let m = Matrix(a, n, 1)
    if transposed {
      try solveTriangular(m.transposed, n, b, k, upper: false, unit: false, for: name)
      try solveTriangular(m.transposed, n, b, k, upper: true, unit: true, for: name)
    }
    var i = 0
    while i < n {  // transposed: the exchanges in reverse
      let j = transposed ? n &- 1 &- i : i
      swapRows(b, k, j, Int(pivots[j]))
      i &+= 1
    }
    if !transposed {
      try solveTriangular(m, n, b, k, upper: false, unit: true, for: name)
      try solveTriangular(m, n, b, k, upper: true, unit: false, for: name)
    }
  }
}

/// y[from..<to] += f·x[from..<to]
@inline(__always) private func addRow(_ y: Doubles, _ x: Doubles, _ f: Double, _ from: Int, _ to: Int) {
  var i = from
  while i < to { y[i] += f * x[i]; i &+= 1 }
}

@inline(never) private func swapRows(_ a: Doubles, _ n: Int, _ i: Int, _ j: Int) {
  if i == j { return }
  var c = 0
  while c < n {
    let t = a[i &* n &+ c]
    a[i &* n &+ c] = a[j &* n &+ c]
    a[j &* n &+ c] = t
    c &+= 1
  }
}

/// Σ x·y
@inline(never) private func innerProduct(_ x: Doubles, _ y: Doubles, _ n: Int) -> Double {
  var s = 0.0, i = 0
  while i < n { s += x[i] * y[i]; i &+= 1 }
  return s
}

/// x, y ← c·x − s·y, s·x + c·y
@inline(never) private func rotate(_ x: Doubles, _ y: Doubles, _ n: Int, _ c: Double, _ s: Double) {
  var i = 0
  while i < n {
    let p = x[i], q = y[i]
    x[i] = c * p - s * q
    y[i] = s * p + c * q
    i &+= 1
  }
}

/// √(x² + y²) without overflow.
@inline(never) private func hypotenuse(_ x: Double, _ y: Double) -> Double {
  let a = x.magnitude, b = y.magnitude, high = a > b ? a : b, low = a > b ? b : a
  if high == 0 || !(high < .infinity) { return high }
  return high * (1 + (low / high) * (low / high)).squareRoot()
}

// MARK: Orthogonal factors

/// A (m×n) = Q·R by Householder's reflections, with LAPACK's signs (Anderson et al. 1999, dgeqr2): R's upper triangle replaces A's, below it and
/// in `tau` (min(m, n)) stay the reflections H = I − τ·v·vᵀ, v = (1, …).
@inline(never) func householder(_ a: Doubles, _ m: Int, _ n: Int, tau: Doubles, work: Doubles) {
  let r = m < n ? m : n
  var j = 0
  while j < r {
    var scale = 0.0, i = j &+ 1
    while i < m { let x = a[i &* n &+ j].magnitude; if x > scale { scale = x }; i &+= 1 }
    tau[j] = 0
    if scale > 0 {
      var s = 0.0
      i = j &+ 1
      while i < m { let x = a[i &* n &+ j] / scale; s += x * x; i &+= 1 }
      let alpha = a[j &* n &+ j], norm = hypotenuse(alpha, scale * s.squareRoot()), beta = alpha > 0 ? -norm : norm
      tau[j] = (beta - alpha) / beta
      i = j &+ 1
      while i < m { a[i &* n &+ j] /= alpha - beta; i &+= 1 }
      a[j &* n &+ j] = 1
      reflect(a + j &* n + j, n, m &- j, tau[j], a + j &* n + j + 1, n, n &- j &- 1, work)
      a[j &* n &+ j] = beta
    }
    j &+= 1
  }
}

/// C (m×n, rows `ldc` apart) ← (I − τ·v·vᵀ)·C; v's elements lie `step` apart.
@inline(never) private func reflect(_ v: Doubles, _ step: Int, _ m: Int, _ tau: Double, _ c: Doubles, _ ldc: Int, _ n: Int, _ work: Doubles) {
  if tau == 0 || n <= 0 { return }
  var i = 0
  while i < n { work[i] = 0; i &+= 1 }
  i = 0
  while i < m { addRow(work, c + i &* ldc, v[i &* step], 0, n); i &+= 1 }
  i = 0
  while i < m { addRow(c + i &* ldc, work, -tau * v[i &* step], 0, n); i &+= 1 }
}

/// The first k columns of H₁·H₂·… from `householder` of an m×n matrix, as q (m×k).
@inline(never) func orthogonal(_ a: Doubles, _ m: Int, _ n: Int, tau: Doubles, _ q: Doubles, _ k: Int, work: Doubles) {
  var i = 0
  while i < m &* k { q[i] = i / k == i % k ? 1 : 0; i &+= 1 }
  var j = m < n ? m : n
  while j > 0 {
    j &-= 1
    if j >= k { continue }
    let d = a[j &* n &+ j]
    a[j &* n &+ j] = 1
    reflect(a + j &* n + j, n, m &- j, tau[j], q + j &* k, k, k, work)
    a[j &* n &+ j] = d
  }
}

/// A = V·diag(w)·Vᵀ of a symmetric matrix, of which the lower triangle is read: w ascending, v's rows the eigenvectors. Householder's
/// tridiagonal form, then implicit QL (Bowdler, Martin, Reinsch, Wilkinson 1968, tred2 and tql2). `e`: n numbers. False if it does not converge.
@inline(never) func symmetricEigen(_ v: Doubles, _ n: Int, _ w: Doubles, _ e: Doubles) -> Bool {
  var i = n &- 1, j = 0, k = 0
  while i > 0 {
    let row = v + i &* n
    var scale = 0.0, h = 0.0
    k = 0
    while k < i { scale += row[k].magnitude; k &+= 1 }
    if i == 1 || scale == 0 {
      e[i] = row[i &- 1]
    } else {
      k = 0
      while k < i { row[k] /= scale; h += row[k] * row[k]; k &+= 1 }
      let f = row[i &- 1], g = f >= 0 ? -h.squareRoot() : h.squareRoot()
      e[i] = scale * g
      h -= f * g
      row[i &- 1] = f - g
      var sum = 0.0
      j = 0
      while j < i {
        v[j &* n &+ i] = row[j] / h
        var s = 0.0
        k = 0
        while k <= j { s += v[j &* n &+ k] * row[k]; k &+= 1 }
        while k < i { s += v[k &* n &+ j] * row[k]; k &+= 1 }
        e[j] = s / h
        sum += e[j] * row[j]
        j &+= 1
      }
      let hh = sum / (h + h)
      j = 0
      while j < i {
        let f = row[j]
        e[j] -= hh * f
        let g = e[j]
        k = 0
        while k <= j { v[j &* n &+ k] -= f * e[k] + g * row[k]; k &+= 1 }
        j &+= 1
      }
    }
    w[i] = h
    i &-= 1
  }
  if n > 0 { w[0] = 0; e[0] = 0 }
  i = 0
  while i < n {
    let row = v + i &* n
    if w[i] != 0 {
      j = 0
      while j < i {
        var g = 0.0
        k = 0
        while k < i { g += row[k] * v[k &* n &+ j]; k &+= 1 }
        k = 0
        while k < i { v[k &* n &+ j] -= g * v[k &* n &+ i]; k &+= 1 }
        j &+= 1
      }
    }
    w[i] = row[i]
    row[i] = 1
    j = 0
    while j < i { v[j &* n &+ i] = 0; row[j] = 0; j &+= 1 }
    i &+= 1
  }
  // From here on in rows: eigenvector i is row i.
  i = 0
  while i < n {
    j = 0
    while j < i { let t = v[i &* n &+ j]; v[i &* n &+ j] = v[j &* n &+ i]; v[j &* n &+ i] = t; j &+= 1 }
    i &+= 1
  }
  i = 1
  while i < n { e[i &- 1] = e[i]; i &+= 1 }
  if n > 0 { e[n &- 1] = 0 }
  var l = 0
  while l < n {
    var rounds = 0
    while true {
      var m = l
      while m < n &- 1 {
        let d = w[m].magnitude + w[m &+ 1].magnitude
        if e[m].magnitude + d == d { break }
        m &+= 1
      }
      if m == l { break }
      rounds &+= 1
      if rounds > 60 { return false }
      var g = (w[l &+ 1] - w[l]) / (2 * e[l])
      let r = hypotenuse(g, 1)
      g = w[m] - w[l] + e[l] / (g + (g >= 0 ? r : -r))
      var s = 1.0, c = 1.0, p = 0.0
      i = m &- 1
      var whole = true
      while i >= l {
        let f = s * e[i], b = c * e[i]
        var r = hypotenuse(f, g)
        e[i &+ 1] = r
        if r == 0 {
          w[i &+ 1] -= p
          e[m] = 0
          whole = false
          break
        }
        s = f / r
        c = g / r
        g = w[i &+ 1] - p
        r = (w[i] - g) * s + 2 * c * b
        p = s * r
        w[i &+ 1] = g + p
        g = c * r - b
        rotate(v + i &* n, v + (i &+ 1) &* n, n, c, s)
        i &-= 1
      }
      if whole {
        w[l] -= p
        e[l] = g
        e[m] = 0
      }
    }
    l &+= 1
  }
  i = 0
  while i < n {  // ascending
    k = i
    j = i &+ 1
    while j < n { if w[j] < w[k] { k = j }; j &+= 1 }
    if k != i {
      let t = w[i]
      w[i] = w[k]
      w[k] = t
      swapRows(v, n, i, k)
    }
    i &+= 1
  }
  return true
}

/// The rows of x (n×m, n ≤ m) made orthogonal by rotations, which go into v (n×n, the identity at first), too: x ← V·x. Then its rows' lengths, the
/// singular values, are put in `s`, descending, and the rows divided by them. One-sided Jacobi (Hestenes 1958; de Rijk 1989). Returns how many are not 0, or −1.
@inline(never) func orthogonalizeRows(_ x: Doubles, _ n: Int, _ m: Int, _ v: Doubles, _ s: Doubles) -> Int {
  var i = 0, j = 0
  // Scaled by a power of two so that no square overflows or vanishes.
  var largest = 0.0
  while i < n &* m { let a = x[i].magnitude; if !(a <= .greatestFiniteMagnitude) { return -1 }; if a > largest { largest = a }; i &+= 1 }
  let scale = largest > 0 ? Double(sign: .plus, exponent: largest.exponent, significand: 1) : 1
  i = 0
  while i < n &* m { x[i] /= scale; i &+= 1 }
  let bound = 1e-15 * Double(m).squareRoot()
  var rounds = 0, moved = true
  while moved {
    moved = false
    rounds &+= 1
    if rounds > 60 { return -1 }
    i = 0
    while i < n {
      j = i &+ 1
      while j < n {
        let p = x + i &* m, q = x + j &* m
        let a = innerProduct(p, p, m), b = innerProduct(q, q, m), c = innerProduct(p, q, m)
        if c.magnitude > bound * (a * b).squareRoot(), c != 0 {
          moved = true
          let zeta = (b - a) / (2 * c), r = zeta.magnitude + hypotenuse(1, zeta)
          let t = (zeta >= 0 ? 1 : -1) / r, cosine = 1 / (1 + t * t).squareRoot()
          rotate(p, q, m, cosine, cosine * t)
          rotate(v + i &* n, v + j &* n, n, cosine, cosine * t)
        }
        j &+= 1
      }
      i &+= 1
    }
  }
  i = 0
  while i < n { s[i] = innerProduct(x + i &* m, x + i &* m, m).squareRoot(); i &+= 1 }
  i = 0
  var rank = 0
  while i < n {
    var k = i
    j = i &+ 1
    while j < n { if s[j] > s[k] { k = j }; j &+= 1 }
    let t = s[i]
    s[i] = s[k]
    s[k] = t
    swapRows(x, m, i, k)
    swapRows(v, n, i, k)
    if s[i] > 0 {
      rank = i &+ 1
      j = 0
      while j < m { x[i &* m &+ j] /= s[i]; j &+= 1 }
    }
    s[i] *= scale
    i &+= 1
  }
  return rank
}
