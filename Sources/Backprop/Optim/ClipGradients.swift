// The gradients of several parameters taken as one vector: its norm, and both ways of keeping it small.
import CShim
import KernelAPI

/// A gradient lies without gaps, always: the walk sees to it.
private struct GradientPiece: Pieced {
  var piece: Piece
  var type: DType
  var squares: SquaresFunction?
  var multiply: BinaryFunction?
}

private struct GradientJob {
  var pieces: PieceList<GradientPiece>
  /// One sum per cut.
  var partial: UnsafeMutablePointer<Double>?
  var factor32: Float = 1, factor64 = 1.0
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

  private func withPieces(
    _ parameters: UnsafeBufferPointer<Value>, _ name: StaticString, _ body: (inout GradientJob) throws(Failure) -> Void
  ) throws(Failure) {
    try withScratch(of: GradientPiece.self, count: parameters.count, for: name) { (memory) throws(Failure) in
      var job = GradientJob(pieces: PieceList(memory))
      try eachGradient(parameters, name) { (g) throws(Failure) in
        job.pieces.add(GradientPiece(
          piece: Piece(count: g.count, size: g.dtype.size, data: g.data), type: g.dtype, squares: kernels.squares(g.dtype.rawValue),
          multiply: kernels.binary(BinaryKernel.mul.rawValue, g.dtype.rawValue)))
      }
      if job.pieces.elements > 0 { try body(&job) }
    }
  }

  private func sumOfSquares(_ parameters: UnsafeBufferPointer<Value>, _ name: StaticString) throws(Failure) -> Double {
    var total = 0.0
    try withPieces(parameters, name) { (job) throws(Failure) in
      let chunks = job.pieces.chunks
      try withScratch(of: Double.self, count: chunks, for: name) { (partial) throws(Failure) in
        job.partial = partial
        parallel(chunks: chunks, threads: threads, &job) { context, chunk, _ in
          let j = context.assumingMemoryBound(to: GradientJob.self)
          var sum = 0.0
          j.pointee.pieces.each(chunk) { (p, start, n) in
            if let f = p.pointee.squares { sum += f(n, p.pointee.piece.data + start &* p.pointee.piece.size) }
          }
          j.pointee.partial?[chunk] = sum
        }
        var k = 0
        while k < chunks { total += partial[k]; k += 1 }
      }
    }
    return total
  }

  /// Fails before anything is changed, or not at all.
  private func scaleGradients(_ parameters: UnsafeBufferPointer<Value>, by factor: Double, _ name: StaticString) throws(Failure) {
    try withPieces(parameters, name) { (job) throws(Failure) in
      job.factor32 = Float(factor)
      job.factor64 = factor
      parallel(chunks: job.pieces.chunks, threads: threads, &job) { context, chunk, _ in
        let j = context.assumingMemoryBound(to: GradientJob.self)
        var factor32 = j.pointee.factor32, factor64 = j.pointee.factor64
        j.pointee.pieces.each(chunk) { (p, start, n) in
          let x = p.pointee.piece.data + start &* p.pointee.piece.size
          if p.pointee.type == .float32 { p.pointee.multiply?(n, x, 1, &factor32, 0, x) } else { p.pointee.multiply?(n, x, 1, &factor64, 0, x) }
        }
      }
    }
    try eachGradient(parameters, name) { (g) throws(Failure) in g.bumpVersion() }
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
          norm = try sumOfSquares(parameters, name).squareRoot()
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
        try scaleGradients(parameters, by: factor, name)
      }
    }
    return norm
  }

  /// Every element of every gradient brought into −most … most.
  package func clipGradientValue(_ parameters: UnsafeBufferPointer<Value>, to most: Double) throws(Failure) {
    let name: StaticString = "clip_grad_value_"
    if !(most >= 0) { throw .argument("\(name): clip_value must be a number ≥ 0, it is \(most)") }
    try eachGradient(parameters, name) { (_) throws(Failure) in }  // finds what is not ours before anything is changed
    try eachGradient(parameters, name) { (g) throws(Failure) in
      runInPlace(.clamp, g.index, p: -most, q: most)
      g.bumpVersion()
    }
  }
}
