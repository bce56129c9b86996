// The optimizers whose step takes whole matrices together: written in the engine's operations, outside the graph.
import CShim
import KernelAPI

/// The new value of a parameter and of its states, held until every parameter has one.
private struct Outcome {
  var parameter: UInt32 = 0
  var states = InlineArray<3, UInt32>(repeating: 0)

  func drop(_ e: Engine) {
    if parameter != 0 { e.drop(parameter, value: true) }
    var k = 0
    while k < OptimizerKind.states { if states[k] != 0 { e.drop(states[k], value: true) }; k += 1 }
  }
}

extension OptimizerValue {
  func stepByOperations() throws(Failure) {
    let e = engine, r = record, count = r.pointee.parameters.count
    try e.withScratch(of: Outcome.self, count: count, for: name) { (outcomes) throws(Failure) in
      var done = 0
      do throws(Failure) {
        while done < count {
          (outcomes + done).initialize(to: Outcome())
          done += 1
          let p = r.pointee.parameters[done - 1]
          if p.gradient == 0 { continue }
          try e.withoutRecording { () throws(Failure) in
            try e.scopedWork { () throws(Failure) in
              try (r.pointee.kind == .muon ? muon(p, &outcomes[done - 1]) : adafactor(p, &outcomes[done - 1]))
            }
          }
        }
      } catch {
        while done > 0 { done -= 1; outcomes[done].drop(e) }
        throw error
      }
      var i = 0
      while i < count {
        var p = r.pointee.parameters[i], out = outcomes[i]
        if out.parameter != 0 {
          let s = e.slot(p.slot)
          memcpy(e.data(p.slot), e.data(out.parameter), s.pointee.shape.product &* s.pointee.dtype.size)
          Value(engine: e, index: p.slot).bumpVersion()
          var k = 0
          while k < OptimizerKind.states {
            if out.states[k] != 0 { (p.states[k], out.states[k]) = (out.states[k], p.states[k]) }
            k += 1
          }
          p.steps += 1
          p.isFresh = false
          r.pointee.parameters[i] = p
          out.drop(e)
        }
        i += 1
      }
    }
  }

  /// Keeps a value beyond the scope it was computed in, dense.
  private func keep(_ v: Value) throws(Failure) -> UInt32 { try engine.contiguous(v.index, for: name) }

  /// Jordan and others 2024: buf ← buf + (1−μ)(g − buf); the update is made orthogonal by Newton–Schulz steps X ← aX + (bA + cA²)X,
  /// A = XXᵀ, on the smaller side; p ← p·(1 − lr·decay) − lr'·update.
  private func muon(_ p: OptimizedParameter, _ out: inout Outcome) throws(Failure) {
    let o = record.pointee.groups[p.group].options
    let w = Value(engine: engine, index: p.slot), g = Value(engine: engine, index: p.gradient)
    let old = Value(engine: engine, index: p.states[0])
    let buffer = try old + (g - old) * (1 - o[.momentum])
    out.states[0] = try keep(buffer)
    var x = o[.nesterov] != 0 ? try g + (buffer - g) * o[.momentum] : buffer
    let rows = Double(w.shape[0]), columns = Double(w.shape[1]), isTall = rows > columns
    if w.count > 0 {
      if isTall { x = try x.transpose(0, 1) }
      let norm = try x.square().sum().get(0).squareRoot()
      x = try x / (norm > o[.eps] || norm != norm ? norm : o[.eps])
      var k = 0
      while k < Int(o[.nsSteps]) {
        let a = try x.matmul(x.transpose(0, 1))
        x = try x * o[.nsA] + (a * o[.nsB] + a.matmul(a) * o[.nsC]).matmul(x)
        k += 1
      }
      if isTall { x = try x.transpose(0, 1) }
    }
    let most = rows > columns ? rows : columns
    let ratio = o[.adjustLR] != 0 ? 0.2 * most.squareRoot() : columns > 0 && isTall ? (rows / columns).squareRoot() : 1
    out.parameter = try keep(w * (1 - o[.lr] * o[.weightDecay]) - x * (o[.lr] * ratio))
  }

  /// Shazeer, Stern 2018: the mean square of a matrix's gradient is kept as its row and column means, and step and update are measured by
  /// the parameter's own size.
  private func adafactor(_ p: OptimizedParameter, _ out: inout Outcome) throws(Failure) {
    let o = record.pointee.groups[p.group].options, t = Double(p.steps + 1), lr = o[.lr]
    let w = Value(engine: engine, index: p.slot), n = Double(w.count).squareRoot()
    var g = Value(engine: engine, index: p.gradient)
    if w.count == 0 { return }
    if o[.maximize] != 0 { g = try g * -1 }
    let eps1 = o[.eps1] >= 0 ? o[.eps1] : w.dtype == .float32 ? 0x1p-23 : 0x1p-52
    let weight = shim_pow(t, o[.beta2Decay]), rho = 1 / t.squareRoot() < lr ? 1 / t.squareRoot() : lr
    let size = try w.square().sum().get(0).squareRoot() / n
    let alpha = (size > o[.eps] ? size : o[.eps]) * rho
    func moved(_ k: Int, _ by: Value) throws(Failure) -> Value {
      let old = Value(engine: engine, index: p.states[k])
      let new = try old + (by - old) * weight
      out.states[k] = try keep(new)
      return new
    }
    let squares = try g.square()
    var variance: Value
    if w.rank > 1 {
      let row = try moved(0, squares.mean(Dims(w.rank - 1), keep: true)), column = try moved(1, squares.mean(Dims(w.rank - 2), keep: true))
      variance = try row.matmul(column) / row.mean(Dims(w.rank - 2), keep: true).clamp(eps1, .infinity)
    } else {
      variance = try moved(0, squares)
    }
    let update = try variance.clamp(eps1 * eps1, .infinity).rsqrt() * g
    let length = try update.square().sum().get(0).squareRoot() / (n * o[.d])
    let start = o[.weightDecay] != 0 ? try w * (1 - lr * o[.weightDecay]) : w
    out.parameter = try keep(start - update * (alpha / (length > 1 ? length : 1)))
  }
}
