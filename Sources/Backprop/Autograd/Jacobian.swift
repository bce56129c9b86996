// Derivatives beyond one gradient: Jacobian times vector, whole Jacobians, Hessians. All of it is walks.
import KernelAPI

extension Engine {
  /// J·t, the derivative of y in the direction t of its inputs, by two walks: uᵀ·J is linear in u, and its derivative with respect to
  /// u in the direction t is J·t (Townsend 2017, "A new trick for calculating Jacobian vector products").
  package func jvp(
    _ y: Value, _ inputs: UnsafeBufferPointer<Value>, _ tangents: UnsafeBufferPointer<Value>, createGraph: Bool
  ) throws(Failure) -> Value {
    for (i, x) in inputs.enumerated() {
      try check(x, tangents[i], for: "jvp")
      if tangents[i].shape != x.shape { throw .shape("jvp: tangent \(i) has shape \(tangents[i].shape), its input \(x.shape)") }
      if tangents[i].dtype != x.dtype { throw .dtype("jvp: tangent \(i) is \(tangents[i].dtype), its input \(x.dtype)") }
    }
    return try recording { () throws(Failure) in
      try scoped { () throws(Failure) in
        let u = try Value.zeros(self, y.dtype, y.shape)
        try u.setRequiresGrad(true)
        var o = BackwardOptions()
        o.seed = u
        o.createGraph = true
        o.allowUnused = true
        var total: Value?
        try gradients(y, { inputs[$0] }, count: inputs.count, o) { (i, g) throws(Failure) in
          guard let g else { return }
          let part = try (g * tangents[i]).sum()
          total = try total.map { (t) throws(Failure) in try t + part } ?? part
        }
        guard let total, total.requiresGrad else { return try Value.zeros(self, y.dtype, y.shape) }
        o.seed = nil
        o.createGraph = createGraph
        var result: Value?
        try gradients(total, { _ in u }, count: 1, o) { (_, g) throws(Failure) in result = g }
        if let result { return result }
        return try Value.zeros(self, y.dtype, y.shape)
      }
    }
  }

  /// All derivatives of y's elements with respect to x's: [y's shape.., x's shape..].
  package func jacobian(_ y: Value, _ x: Value, createGraph: Bool) throws(Failure) -> Value {
    if y.rank + x.rank > Dims.most {
      throw .shape("jacobian: an output of shape \(y.shape) and an input of shape \(x.shape) have more than 8 dimensions together")
    }
    var shape = y.shape, d = 0
    while d < x.rank { shape.append(x.shape[d]); d += 1 }
    _ = try shape.byteCount(of: x.dtype, for: "jacobian")
    if y.count == 0 || x.count == 0 { return try Value.zeros(self, x.dtype, shape) }
    return try recording { () throws(Failure) in
      try scoped { () throws(Failure) in
        try withScratch(of: Value.self, count: y.count, for: "jacobian") { (rows) throws(Failure) in
          var i = 0
          while i < y.count {
            (rows + i).initialize(to: try scoped { () throws(Failure) in
              var o = BackwardOptions()
              let seed = try Value.zeros(self, y.dtype, y.shape)
              seed.set(i, to: 1)
              o.seed = seed
              o.retainGraph = true
              o.createGraph = createGraph
              o.allowUnused = true
              var row: Value?
              try gradients(y, { _ in x }, count: 1, o) { (_, g) throws(Failure) in row = g }
              if let row { return row }
              return try Value.zeros(self, x.dtype, x.shape)
            })
            i += 1
          }
          return try Value.stack(UnsafeBufferPointer(start: rows, count: y.count), 0).reshape(shape)
        }
      }
    }
  }

  /// All second derivatives of one number: [x's shape.., x's shape..].
  package func hessian(_ y: Value, _ x: Value, createGraph: Bool) throws(Failure) -> Value {
    if y.count != 1 { throw .shape("hessian: the output must be one number, it has shape \(y.shape)") }
    return try recording { () throws(Failure) in
      try scoped { () throws(Failure) in
        var o = BackwardOptions(), first: Value?
        o.createGraph = true
        o.allowUnused = true
        try gradients(y, { _ in x }, count: 1, o) { (_, g) throws(Failure) in first = g }
        guard let first, first.requiresGrad else {
          var shape = x.shape, d = 0
          if 2 * x.rank > Dims.most { throw .shape("hessian: an input of shape \(x.shape) has more than 4 dimensions") }
          while d < x.rank { shape.append(x.shape[d]); d += 1 }
          return try Value.zeros(self, x.dtype, shape)
        }
        return try jacobian(first, x, createGraph: createGraph)
      }
    }
  }

  /// Runs `body` with recording on.
  private func recording<T>(_ body: () throws(Failure) -> T) throws(Failure) -> T {
    let depth = state.pointee.noGradDepth
    state.pointee.noGradDepth = 0
    defer { state.pointee.noGradDepth = depth }
    return try body()
  }
}
