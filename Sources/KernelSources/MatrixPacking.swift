// Packing: the panels a register tile reads in a straight line. Strides are arbitrary; the two that matter, contiguous
// along the panel and contiguous along k, are copied and transposed with vectors. Short panels are padded with zeros.
import CShim

/// One panel: d[p·size + t] = s[t·st + p·sp] for t < count, 0 for count ≤ t < size, p < k.
@inline(__always) func packPanel<T: Lanes>(
  _ size: Int, _ count: Int, _ k: Int, _ s: UnsafePointer<T>, _ st: Int, _ sp: Int, _ d: UnsafeMutablePointer<T>
) {
  if st == 1 { return packStraight(size, count, k, s, sp, d) }
  if sp == 1 && size % T.width == 0 { return packTurned(size, count, k, s, st, d) }
  var t = 0
  if sp == 1 {
    while t + 4 <= count {
      packFour(size, k, s + t * st, st, d + t)
      t += 4
    }
  }
  while t < count {
    var p = 0
    while p < k {
      d[p * size + t] = s[t * st + p * sp]
      p += 1
    }
    t += 1
  }
  while t < size {
    var p = 0
    while p < k {
      d[p * size + t] = 0
      p += 1
    }
    t += 1
  }
}

/// Contiguous along the panel: rows of `count` elements copied, then zeros.
@inline(__always) private func packStraight<T: Lanes>(
  _ size: Int, _ count: Int, _ k: Int, _ s: UnsafePointer<T>, _ sp: Int, _ d: UnsafeMutablePointer<T>
) {
  var s = s, d = d, p = 0
  while p < k {
    var t = 0
    while t < size {  // rows a page apart are more than the processor looks ahead to by itself
      shim_prefetch(s + 12 * sp + t)
      t += T.width
    }
    t = 0
    while t + T.width <= count {
      store(d, t, load(s, t))
      t += T.width
    }
    if t + T.width <= size && t < count {
      store(d, t, loadHead(s + t, count - t, rest: 0))
      t += T.width
    }
    while t < count {
      d[t] = s[t]
      t += 1
    }
    while t < size {
      d[t] = 0
      t += 1
    }
    s += sp
    d += size
    p += 1
  }
}

/// Contiguous along k, whole vectors to a panel: blocks of a vector's length turned.
@inline(__always) private func packTurned<T: Lanes>(
  _ size: Int, _ count: Int, _ k: Int, _ s: UnsafePointer<T>, _ st: Int, _ d: UnsafeMutablePointer<T>
) {
  let w = T.width
  var t = 0
  while t < size {
    let rows = count - t < w ? (count > t ? count - t : 0) : w
    var p = 0
    while p < k {
      T.transpose(s + t * st + p, st, rows, k - p < w ? k - p : w, d + p * size + t, size)
      p += w
    }
    t += w
  }
}

/// Contiguous along k: four lines transposed, four elements of each at a time.
@inline(__always) private func packFour<T: Lanes>(
  _ size: Int, _ k: Int, _ s: UnsafePointer<T>, _ st: Int, _ d: UnsafeMutablePointer<T>
) {
  var p = 0
  while p + 4 <= k {
    T.transpose4(s + p, st, d + p * size, size)
    p += 4
  }
  while p < k {
    d[p * size] = s[p]
    d[p * size + 1] = s[st + p]
    d[p * size + 2] = s[2 * st + p]
    d[p * size + 3] = s[3 * st + p]
    p += 1
  }
}

/// All panels of m lines, `size` to a panel, k elements deep.
@inline(never) func pack<T: Lanes>(
  _ size: Int, _ m: Int, _ k: Int, _ s: UnsafePointer<T>, _ st: Int, _ sp: Int, _ d: UnsafeMutablePointer<T>
) {
  var i = 0
  while i < m {
    packPanel(size, m - i < size ? m - i : size, k, s + i * st, st, sp, d + i * k)
    i += size
  }
}

/// m rows of k elements, whatever their strides were: d[i·ld + p] = s[i·rs + p·cs].
@inline(never) func turn<T: Lanes>(
  _ m: Int, _ k: Int, _ s: UnsafePointer<T>, _ rs: Int, _ cs: Int, _ d: UnsafeMutablePointer<T>, _ ld: Int
) {
  packPanel(ld, k, m, s, cs, rs, d)
}
