// Gradients against central differences (f(x + ε) − f(x − ε)) / 2ε, for tests of ours and of users' own functions.
import CShim
import KernelAPI

package struct GradCheckOptions {
  package var secondOrder = false
  package var eps = 1e-6, atol = 1e-6, rtol = 1e-6
  package init() {}
}

extension Engine {
  /// Compares the gradients of `function`, a float64 function of `inputs`, with central differences; throws where they differ.
  package func gradCheck(
    _ inputs: UnsafeBufferPointer<Value>, _ options: GradCheckOptions, _ function: () throws(Failure) -> Value
  ) throws(Failure) {
    if !(options.eps > 0 && options.eps < 1) { throw .argument("gradcheck: eps must lie in 0…1, it is \(options.eps)") }
    if !(options.atol >= 0 && options.rtol >= 0) { throw .argument("gradcheck: atol and rtol must be numbers ≥ 0") }
    var any = false
    for (i, x) in inputs.enumerated() where x.requiresGrad {
      any = true
      if x.engine != self { throw Failure(.handle, "gradcheck: input \(i) belongs to another context") }
      if x.dtype != .float64 || !x.isLeaf || !x.isContiguous {
        throw .argument("gradcheck: input \(i) of shape \(x.shape) must be a dense float64 leaf")
      }
    }
    if !any { throw .argument("gradcheck: no input requires a gradient") }
    try compare(inputs, options, "gradcheck", function)
    if !options.secondOrder { return }
    // The gradient of a fixed weighting of the gradients, as one more function of the same inputs.
    try compare(inputs, options, "gradgradcheck") { () throws(Failure) -> Value in
      let y = try function()
      var o = BackwardOptions()
      o.createGraph = true
      o.allowUnused = true
      o.seed = try weighting(y.dtype, y.shape, 1)
      var total = try Value.zeros(self, .float64, Dims())
      try derivatives(y, inputs, o) { (i: Int, g: Value?) throws(Failure) in
        if let g { total = try total + (g * weighting(g.dtype, g.shape, i + 2)).sum() }
      }
      return total
    }
  }

  private func compare(
    _ inputs: UnsafeBufferPointer<Value>, _ options: GradCheckOptions, _ name: StaticString, _ function: () throws(Failure) -> Value
  ) throws(Failure) {
    try scopedWork { () throws(Failure) in
      let y = try function()
      if y.engine != self { throw Failure(.handle, "\(name): the function's result belongs to another context") }
      if y.dtype != .float64 { throw .dtype("\(name): the function's result must be float64, it is \(y.dtype)") }
      let w = try weighting(.float64, y.shape, 1)
      var o = BackwardOptions()
      o.allowUnused = true
      o.seed = w
      func weighted() throws(Failure) -> Double {
        var result = 0.0
        try scopedWork { () throws(Failure) in
          let y = try function()
          if y.shape != w.shape { throw .shape("\(name): the function's result changes shape: \(w.shape), then \(y.shape)") }
          result = try (y.detach() * w).sum().item()
        }
        return result
      }
      func check(_ i: Int, _ g: Value?) throws(Failure) {
        let x = inputs[i]
        let analytic = try g?.contiguous()
        let p = x.data(as: Double.self)
        var k = 0
        while k < x.count {
          let before = p[k]
          let up: Double, down: Double
          do throws(Failure) {
            p[k] = before + options.eps
            up = try weighted()
            p[k] = before - options.eps
            down = try weighted()
          } catch {
            p[k] = before
            throw error
          }
          p[k] = before
          let numeric = (up - down) / (2 * options.eps)
          let given = analytic?.data(as: Double.self)[k] ?? 0
          let error = given > numeric ? given - numeric : numeric - given
          if !(error <= options.atol + options.rtol * (numeric < 0 ? -numeric : numeric)) {
            throw .graph("\(name): input \(i), element \(k): the gradient is \(given), central differences give \(numeric)")
          }
          k += 1
        }
      }
      if y.requiresGrad {
        try derivatives(y, inputs, o) { (i: Int, g: Value?) throws(Failure) in try check(i, g) }
      } else {
        for (i, x) in inputs.enumerated() where x.requiresGrad { try check(i, nil) }
      }
    }
  }

  /// Gradients of y with respect to the inputs that require one.
  private func derivatives(
    _ y: Value, _ inputs: UnsafeBufferPointer<Value>, _ o: BackwardOptions, _ receive: (Int, Value?) throws(Failure) -> Void
  ) throws(Failure) {
    var wanted = Stack<Int>()
    defer { wanted.destroy() }
    for (i, x) in inputs.enumerated() where x.requiresGrad {
      if !wanted.push(i) { throw .memory("gradcheck", bytes: inputs.count * 8) }
    }
    if !y.requiresGrad {
      var k = 0
      while k < wanted.count { try receive(wanted[k], nil); k += 1 }
      return
    }
    // Collected first: what receives them may walk the graph again.
    var results = Stack<UInt32>()
    defer { results.destroy() }
    if !results.reserve(wanted.count) { throw .memory("gradcheck", bytes: inputs.count * 4) }
    try gradients(y, { inputs[wanted[$0]] }, count: wanted.count, o) { (_: Int, g: Value?) throws(Failure) in
      results.pushReserved(g?.index ?? 0)
    }
    var k = 0
    while k < wanted.count {
      try receive(wanted[k], results[k] == 0 ? nil : Value(engine: self, index: results[k]))
      k += 1
    }
  }

  /// Fixed weights in ±1, different for every element, so that errors of different elements cannot cancel.
  private func weighting(_ type: DType, _ shape: Dims, _ salt: Int) throws(Failure) -> Value {
    let w = try Value.empty(self, type, shape, for: "gradcheck")
    var h = UInt64(truncatingIfNeeded: salt) &* 0x9E37_79B9_7F4A_7C15, i = 0
    while i < w.count {
      h = (h ^ h >> 29) &* 0xBF58_476D_1CE4_E5B9 &+ 0x9E37_79B9_7F4A_7C15
      w.set(i, to: Double(h >> 11) / 9007199254740992.0 * 2 - 1)
      i += 1
    }
    return w
  }
}
