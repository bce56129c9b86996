// The gradients of several parameters taken as one vector: its norm, and both ways of keeping it small.
import CShim
import KernelAPI

private struct GradientPiece: Pieced { var piece: Piece }

private struct NormJob {
  var pieces: PieceList<GradientPiece>
  var squares: SquaresFunction
  /// One sum per cut.
  var partial: UnsafeMutablePointer<Double>
}

private struct ScaleJob {
  var pieces: PieceList<GradientPiece>
  var multiply: BinaryFunction
  var factor: UnsafeMutableRawPointer
}

extension Engine {
  /// The gradients of the parameters that have one.
  private func eachGradient(_ parameters: UnsafeBufferPointer<Value>, _ name: StaticString, _ body: (Value) throws(Failure) -> Void) throws(Failure) {
    var i = 0
    while i < parameters.count {
      let p = parameters[i]
      if p.engine != self { throw Failure(.handle, "\(name): parameter of shape \(p.shape) belongs to another context") }
      if p.slot.pointee.gradient != 0 { try body(Value(engine: self, index: p.slot.pointee.gradient)) }
      i += 1
    }
  }

  /// Calls `body` with the gradients of one type that lie without gaps, as pieces; `rest` gets the others.
  private func withPieces(
    _ parameters: UnsafeBufferPointer<Value>, _ type: DType, _ name: StaticString, _ rest: (Value) throws(Failure) -> Void,
    _ body: (PieceList<GradientPiece>) throws(Failure) -> Void
  ) throws(Failure) {
    try withScratch(of: GradientPiece.self, count: parameters.count, for: name) { (memory) throws(Failure) in
      var list = PieceList(memory)
      try eachGradient(parameters, name) { (g) throws(Failure) in
        if g.dtype != type { return }
        if !g.isContiguous { return try rest(g) }
        list.add(GradientPiece(piece: Piece(count: g.count, size: type.size, data: g.data)))
      }
      if list.elements > 0 { try body(list) }
    }
  }

  private func sumOfSquares(_ parameters: UnsafeBufferPointer<Value>, _ type: DType, _ name: StaticString) throws(Failure) -> Double {
    guard let f = kernels.squares(type.rawValue) else { return 0 }
    var total = 0.0
    try withPieces(parameters, type, name, { (g) throws(Failure) in total += try g.square().sum().get(0) }) { (list) throws(Failure) in
      try withScratch(of: Double.self, count: list.chunks, for: name) { (partial) throws(Failure) in
        var job = NormJob(pieces: list, squares: f, partial: partial)
        parallel(chunks: list.chunks, threads: threads, &job) { context, chunk, _ in
          let j = context.assumingMemoryBound(to: NormJob.self)
          let squares = j.pointee.squares
          var sum = 0.0
          j.pointee.pieces.each(chunk) { (p, start, n) in sum += squares(n, p.pointee.piece.data + start &* p.pointee.piece.size) }
          j.pointee.partial[chunk] = sum
        }
        var k = 0
        while k < list.chunks { total += partial[k]; k += 1 }
      }
    }
    return total
  }

  private func scaleGradients(_ parameters: UnsafeBufferPointer<Value>, _ type: DType, by factor: Double, _ name: StaticString) throws(Failure) {
    guard let f = kernels.binary(BinaryKernel.mul.rawValue, type.rawValue) else { return }
    let number = try Value.full(self, type, Dims(), factor)
    try withPieces(parameters, type, name, { (g) throws(Failure) in _ = try g.mul_(number) }) { (list) throws(Failure) in
      var job = ScaleJob(pieces: list, multiply: f, factor: number.data)
      parallel(chunks: list.chunks, threads: threads, &job) { context, chunk, _ in
        let j = context.assumingMemoryBound(to: ScaleJob.self)
        let f = j.pointee.multiply, factor = j.pointee.factor
        j.pointee.pieces.each(chunk) { (p, start, n) in
          let x = p.pointee.piece.data + start &* p.pointee.piece.size
          f(n, x, 1, factor, 0, x)
        }
      }
    }
    try eachGradient(parameters, name) { (g) throws(Failure) in if g.dtype == type, g.isContiguous { g.bumpVersion() } }
  }

  /// The norm of all gradients together; where it exceeds `most`, they are scaled by most/(norm + 10⁻⁶). See `bp_clip_grad_norm_`.
  package func clipGradientNorm(_ parameters: UnsafeBufferPointer<Value>, to most: Double, p: Double) throws(Failure) -> Double {
    let name: StaticString = "clip_grad_norm_"
    if !(p > 0) { throw .argument("\(name): norm_type must be a number > 0, it is \(p)") }
    if most != most { throw .argument("\(name): max_norm is not a number") }
    var norm = 0.0
    try withoutRecording { () throws(Failure) in
      try scopedWork { () throws(Failure) in
        if p == 2 {
          norm = try (sumOfSquares(parameters, .float32, name) + sumOfSquares(parameters, .float64, name)).squareRoot()
        } else {
          try eachGradient(parameters, name) { (g) throws(Failure) in
            if g.count == 0 { return }
            let x = try g.to(.float64).abs()
            if p == .infinity {
              let top = try x.amax().get(0)
              norm = top > norm || top != top ? top : norm
            } else {
              norm += try (p == 1 ? x : x.pow(x.number(p))).sum().get(0)
            }
          }
          if p != 1, p != .infinity { norm = shim_pow(norm, 1 / p) }
        }
        let factor = most / (norm + 1e-6)
        if factor >= 1 || most == .infinity { return }
        try scaleGradients(parameters, .float32, by: factor, name)
        try scaleGradients(parameters, .float64, by: factor, name)
      }
    }
    return norm
  }

  /// Every element of every gradient brought into −most … most.
  package func clipGradientValue(_ parameters: UnsafeBufferPointer<Value>, to most: Double) throws(Failure) {
    let name: StaticString = "clip_grad_value_"
    if !(most >= 0) { throw .argument("\(name): clip_value must be a number ≥ 0, it is \(most)") }
    try withoutRecording { () throws(Failure) in
      try scopedWork { () throws(Failure) in
        try eachGradient(parameters, name) { (g) throws(Failure) in
          if g.isContiguous {
            runInPlace(.clamp, g.index, p: -most, q: most)
            g.bumpVersion()
          } else {
            _ = try g.copy_(g.clamp(-most, most))
          }
        }
      }
    }
  }
}
