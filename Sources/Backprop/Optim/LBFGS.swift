// L-BFGS (Nocedal 1980) as PyTorch does it: a direction from the last changes of position and gradient, a fixed step or a line search
// (StrongWolfe.swift). All parameters are one vector of doubles; the caller's closure computes the loss and the gradients again.
import CShim
import KernelAPI

typealias Vector = UnsafeMutablePointer<Double>

/// How position and gradient changed from one iteration to the next: s, y and 1/(y·s). Never written again once made.
struct CurvaturePair {
  var y: Vector, s: Vector
  var size: Int
  var rho: Double
}

/// What is kept from step to step.
struct QuasiNewtonMemory {
  var n = 0
  var pairs = Stack<CurvaturePair>()
  /// Direction and gradient of the last iteration: 2n doubles.
  var vectors: Vector?
  var size = 0
  var hDiag = 1.0, t = 0.0, lastLoss = 0.0
  var evaluations = 0, iterations = 0

  mutating func destroy(_ e: Engine) {
    while let p = pairs.pop() { e.state.pointee.allocator.release(p.y, size: p.size) }
    pairs.destroy()
    if let vectors { e.state.pointee.allocator.release(vectors, size: size) }
    self = QuasiNewtonMemory()
  }
}

@inline(__always) func dot(_ a: Vector, _ b: Vector, _ n: Int) -> Double {
  var s0 = 0.0, s1 = 0.0, s2 = 0.0, s3 = 0.0, i = 0
  while i + 4 <= n {
    s0 += a[i] * b[i]
    s1 += a[i + 1] * b[i + 1]
    s2 += a[i + 2] * b[i + 2]
    s3 += a[i + 3] * b[i + 3]
    i += 4
  }
  while i < n { s0 += a[i] * b[i]; i += 1 }
  return (s0 + s1) + (s2 + s3)
}

/// y ← y + a·x
@inline(__always) func accumulate(_ a: Double, _ x: Vector, to y: Vector, _ n: Int) {
  var i = 0
  while i < n { y[i] += a * x[i]; i += 1 }
}

func largest(_ x: Vector, _ n: Int) -> Double {
  var most = 0.0, i = 0
  while i < n { let m = x[i].magnitude; if m > most || m != m { most = m }; i += 1 }
  return most
}

/// The parameters as one vector, and the closure that measures where they are.
struct Objective {
  let optimizer: OptimizerValue
  let n: Int

  private func each(_ body: (OptimizedParameter, Value, Int) throws(Failure) -> Void) throws(Failure) {
    let r = optimizer.record
    var i = 0, at = 0
    while i < r.pointee.parameters.count {
      let p = r.pointee.parameters[i], v = Value(engine: optimizer.engine, index: p.slot)
      try body(p, v, at)
      at += v.count
      i += 1
    }
  }

  func readParameters(_ x: Vector) {
    try? each { (_, v, at) throws(Failure) in
      var k = 0
      while k < v.count { x[at + k] = v.get(k); k += 1 }
    }
  }
  func writeParameters(_ x: Vector) {
    try? each { (_, v, at) throws(Failure) in
      var k = 0
      while k < v.count { v.set(k, to: x[at + k]); k += 1 }
      v.bumpVersion()
    }
  }
  /// p ← p + t·d
  func move(_ t: Double, _ d: Vector) {
    try? each { (_, v, at) throws(Failure) in
      var k = 0
      while k < v.count { v.set(k, to: v.get(k) + t * d[at + k]); k += 1 }
      v.bumpVersion()
    }
  }
  func readGradient(_ g: Vector) throws(Failure) {
    let e = optimizer.engine
    try each { (p, v, at) throws(Failure) in
      var k = 0
      let gradient = v.slot.pointee.gradient
      if gradient == 0 { while k < v.count { g[at + k] = 0; k += 1 }; return }
      let dense = Value(engine: e, index: try e.contiguous(gradient, for: "lbfgs"))
      while k < v.count { g[at + k] = dense.get(k); k += 1 }
      e.drop(dense.index, value: true)
    }
  }
}

extension OptimizerValue {
  /// Calls `closure`, which empties the gradients, computes the loss and walks back, then steps; L-BFGS calls it as often as it needs.
  /// Returns the loss before the step. On an error the parameters are as they were.
  package func step(_ closure: (inout Double) throws(Failure) -> Void) throws(Failure) -> Double {
    try refuseWhileBusy()
    func evaluate() throws(Failure) -> Double {
      record.pointee.isBusy = true
      defer { record.pointee.isBusy = false }
      var loss = 0.0
      try closure(&loss)
      return loss
    }
    let loss = try evaluate()
    if record.pointee.kind == .lbfgs { try stepLBFGS(loss, evaluate) } else { try step() }
    return loss
  }

  private func vectors(_ count: Int, _ n: Int, _ size: inout Int) throws(Failure) -> Vector {
    let (bytes, over) = n.multipliedReportingOverflow(by: count * 8)
    guard !over, let p = engine.state.pointee.allocator.allocate(bytes > 0 ? bytes : 8, size: &size) else { throw .memory("lbfgs", bytes: bytes) }
    return p.assumingMemoryBound(to: Double.self)
  }

  private func stepLBFGS(_ firstLoss: Double, _ evaluate: () throws(Failure) -> Double) throws(Failure) {
    let e = engine, r = record
    var n = 0, i = 0
    while i < parameterCount { n += Value(engine: e, index: r.pointee.parameters[i].slot).count; i += 1 }
    let f = Objective(optimizer: self, n: n)
    if r.pointee.memory.n != n { r.pointee.memory.destroy(e); r.pointee.memory.n = n }

    // A copy of the memory to work on: pairs are shared and only appended or forgotten, the two vectors are copied.
    var m = r.pointee.memory
    m.pairs = Stack()
    m.vectors = nil
    let known = r.pointee.memory.pairs.count
    var forgotten = 0, workSize = 0
    let work = try vectors(8, n, &workSize)
    defer { e.state.pointee.allocator.release(work, size: workSize) }
    let start = work + 7 * n
    f.readParameters(start)
    do throws(Failure) {
      m.vectors = try vectors(2, n, &m.size)
      if let old = r.pointee.memory.vectors, let new = m.vectors { memcpy(new, old, 16 * n) }
      if !m.pairs.reserve(known + 1) { throw .memory("lbfgs", bytes: MemoryLayout<CurvaturePair>.stride * known) }
      i = 0
      while i < known { m.pairs.pushReserved(r.pointee.memory.pairs[i]); i += 1 }
      try iterate(f, &m, firstLoss, work, known, &forgotten, evaluate)
    } catch {
      f.writeParameters(start)
      let shared = known - forgotten
      while m.pairs.count > shared, let p = m.pairs.pop() { e.state.pointee.allocator.release(p.y, size: p.size) }
      m.pairs.destroy()
      if let v = m.vectors { e.state.pointee.allocator.release(v, size: m.size) }
      throw error
    }
    i = 0
    while i < forgotten { let p = r.pointee.memory.pairs[i]; e.state.pointee.allocator.release(p.y, size: p.size); i += 1 }
    r.pointee.memory.pairs.destroy()
    if let v = r.pointee.memory.vectors { e.state.pointee.allocator.release(v, size: r.pointee.memory.size) }
    r.pointee.memory = m
  }

  private func iterate(
    _ f: Objective, _ m: inout QuasiNewtonMemory, _ firstLoss: Double, _ work: Vector, _ known: Int, _ forgotten: inout Int,
    _ evaluate: () throws(Failure) -> Double
  ) throws(Failure) {
    guard let d = m.vectors else { return }
    let n = f.n, last = d + n, o = record.pointee.groups[0].options, lr = o[.lr]
    let maxIter = Int(o[.maxIter]), maxEval = o[.maxEval] < 0 ? maxIter * 5 / 4 : Int(o[.maxEval]), history = Int(o[.historySize])
    var loss = firstLoss, evaluations = 1, count = 0
    let g = work
    m.evaluations += 1
    try f.readGradient(g)
    var isFlat = largest(g, n) <= o[.toleranceGrad]
    if isFlat { return }
    while count < maxIter {
      count += 1
      m.iterations += 1
      if m.iterations == 1 {
        var i = 0
        while i < n { d[i] = -g[i]; i += 1 }
        m.hDiag = 1
      } else {
        try learn(g, last, d, &m, n, history, known, &forgotten)
        try aim(g, d, m, n)
      }
      memcpy(last, g, 8 * n)
      m.lastLoss = loss
      var sum = 0.0, i = 0
      while i < n { sum += g[i].magnitude; i += 1 }
      m.t = m.iterations == 1 ? (1 / sum < 1 ? 1 / sum : 1) * lr : lr
      let slope = dot(g, d, n)
      if slope > -o[.toleranceChange] { break }
      var used = 0
      if o[.strongWolfe] != 0 {
        var search = StrongWolfe(f: f, d: d, g: g, work: work + n)
        used = try search.run(&m.t, &loss, slope, maxEval - evaluations, evaluate)
        f.move(m.t, d)
        isFlat = largest(g, n) <= o[.toleranceGrad]
      } else {
        f.move(m.t, d)
        if count != maxIter {
          loss = try evaluate()
          try f.readGradient(g)
          isFlat = largest(g, n) <= o[.toleranceGrad]
          used = 1
        }
      }
      evaluations += used
      m.evaluations += used
      if count == maxIter || evaluations >= maxEval || isFlat { break }
      if largest(d, n) * m.t.magnitude <= o[.toleranceChange] || (loss - m.lastLoss).magnitude < o[.toleranceChange] { break }
    }
  }

  /// Takes in how the gradient changed along the last step, unless the curvature is not positive.
  private func learn(
    _ g: Vector, _ last: Vector, _ d: Vector, _ m: inout QuasiNewtonMemory, _ n: Int, _ history: Int, _ known: Int, _ forgotten: inout Int
  ) throws(Failure) {
    var size = 0
    let y = try vectors(2, n, &size), s = y + n
    var i = 0
    while i < n {
      y[i] = g[i] - last[i]
      s[i] = d[i] * m.t
      i += 1
    }
    let ys = dot(y, s, n)
    if !(ys > 1e-10) { engine.state.pointee.allocator.release(y, size: size); return }
    while m.pairs.count >= history {
      if forgotten < known { forgotten += 1 } else { engine.state.pointee.allocator.release(m.pairs[0].y, size: m.pairs[0].size) }
      i = 1
      while i < m.pairs.count { m.pairs[i - 1] = m.pairs[i]; i += 1 }
      _ = m.pairs.pop()
    }
    if !m.pairs.push(CurvaturePair(y: y, s: s, size: size, rho: 1 / ys)) {
      engine.state.pointee.allocator.release(y, size: size)
      throw .memory("lbfgs", bytes: MemoryLayout<CurvaturePair>.stride)
    }
    m.hDiag = ys / dot(y, y, n)
  }

  /// d ← −H·g, H the inverse of the Hessian as the pairs know it: two loops over them.
  private func aim(_ g: Vector, _ d: Vector, _ m: QuasiNewtonMemory, _ n: Int) throws(Failure) {
    let count = m.pairs.count
    try engine.withScratch(of: Double.self, count: count, for: "lbfgs") { (alpha) throws(Failure) in
      var i = 0
      while i < n { d[i] = -g[i]; i += 1 }
      i = count - 1
      while i >= 0 {
        alpha[i] = dot(m.pairs[i].s, d, n) * m.pairs[i].rho
        accumulate(-alpha[i], m.pairs[i].y, to: d, n)
        i -= 1
      }
      i = 0
      while i < n { d[i] *= m.hDiag; i += 1 }
      i = 0
      while i < count {
        accumulate(alpha[i] - dot(m.pairs[i].y, d, n) * m.pairs[i].rho, m.pairs[i].s, to: d, n)
        i += 1
      }
    }
  }
}
