// One step: for every parameter with a gradient the states its options ask for, then one pass that cannot fail.
import CShim
import KernelAPI

extension OptimizerValue {
  /// Moves every parameter that has a gradient; everything that can fail comes first.
  package func step() throws(Failure) {
    try refuseWhileBusy()
    let e = engine, r = record, kind = r.pointee.kind, count = r.pointee.parameters.count
    if kind == .lbfgs { throw .argument("lbfgs: needs a closure that computes the loss again (bp_optimizer_step_closure)") }
    var prepared = 0
    defer {
      var i = 0
      while i < prepared {
        var p = r.pointee.parameters[i]
        if p.gradient != 0 { e.drop(p.gradient, value: true); p.gradient = 0; r.pointee.parameters[i] = p }
        i += 1
      }
    }
    while prepared < count {
      try prepare(prepared)
      prepared += 1
    }
    if kind == .adafactor || kind == .muon { return try stepByOperations() }
    try e.withScratch(of: StepPiece.self, count: count, for: name) { (pieces) throws(Failure) in
      var job = StepJob(pieces: PieceList(pieces))
      var i = 0
      while i < count {
        if r.pointee.parameters[i].gradient != 0 { job.pieces.add(piece(i)) }
        i += 1
      }
      parallel(chunks: job.pieces.chunks, threads: e.threads, &job) { context, chunk, _ in StepJob.run(context, chunk) }
    }
  }

  private func prepare(_ i: Int) throws(Failure) {
    let e = engine, kind = record.pointee.kind
    var p = record.pointee.parameters[i]
    let s = e.slot(p.slot), options = record.pointee.groups[p.group].options
    if s.pointee.gradient == 0 { return }
    var k = 0
    while k < OptimizerKind.states {
      if p.states[k] == 0, kind.stateName(k, isMatrix: s.pointee.shape.count > 1) != nil, kind.needs(k, options) {
        let v = Value(engine: e, index: try e.make(s.pointee.dtype, stateShape(k, s.pointee.shape), for: name))
        v.fill(kind.firstValue(k, options))
        p.states[k] = v.index
        p.isFresh = true
        record.pointee.parameters[i] = p
      }
      k += 1
    }
    p.gradient = try e.contiguous(s.pointee.gradient, for: name)
    record.pointee.parameters[i] = p
  }

  /// As the parameter, but Adafactor keeps a row and a column of a matrix.
  func stateShape(_ k: Int, _ shape: Dims) -> Dims {
    let isFactored = record.pointee.kind == .adafactor && shape.count > 1
    return isFactored ? shape.replacing(shape.count - (k == 0 ? 1 : 2), with: 1) : shape
  }

  /// Counts the step, and says what is to be moved. Nothing fails from here on.
  private func piece(_ i: Int) -> StepPiece {
    let e = engine, kind = record.pointee.kind
    var p = record.pointee.parameters[i]
    let o = record.pointee.groups[p.group].options, type = e.slot(p.slot).pointee.dtype
    p.steps += 1
    Value(engine: e, index: p.slot).bumpVersion()
    var piece = StepPiece(
      piece: Piece(count: e.slot(p.slot).pointee.shape.product, size: type.size, data: e.data(p.slot)), g: e.data(p.gradient), o: o)
    var k = 0
    while k < OptimizerKind.states {
      if p.states[k] != 0, kind.needs(k, o) {
        piece.states[k] = e.data(p.states[k])
        Value(engine: e, index: p.states[k]).bumpVersion()
      }
      k += 1
    }
    let maximize: Int32 = o[.maximize] != 0 ? 4 : 0
    if kind == .sgd {
      piece.sgd = e.kernels.sgd(type.rawValue)
      piece.flags = (o[.nesterov] != 0 ? 1 : 0) | (p.isFresh ? 2 : 0) | maximize
    } else if kind == .adam || kind == .adamW, o[.amsgrad] == 0 {
      piece.adam = e.kernels.adam(type.rawValue)
      piece.flags = (kind == .adamW ? 1 : 0) | maximize
      piece.numbers[0] = 1 - shim_pow(o[.beta1], Double(p.steps))
      piece.numbers[1] = 1 - shim_pow(o[.beta2], Double(p.steps))
    } else {
      piece.update = e.kernels.update(type.rawValue)
      piece.kernel = kind.numbers(o, &p, &piece.numbers)
    }
    p.isFresh = false
    record.pointee.parameters[i] = p
    return piece
  }
}

extension OptimizerKind {
  /// The kernel of this kind, and the numbers it takes (`UpdateKernel`); p counts the step under way already.
  fileprivate func numbers(_ o: OptimizerOptions, _ p: inout OptimizedParameter, _ c: inout InlineArray<10, Double>) -> UpdateKernel {
    let t = Double(p.steps), lr = o[.lr], decoupled = self == .adamW || self == .lion || o[.decoupledWeightDecay] != 0
    c[0] = o[.maximize] != 0 ? -1 : 1
    c[1] = decoupled ? 0 : o[.weightDecay]
    c[2] = decoupled ? 1 - lr * o[.weightDecay] : 1
    c[3] = 1 - o[.beta1]
    c[4] = o[.beta2]
    c[5] = 1 - o[.beta2]
    let bias1 = 1 - shim_pow(o[.beta1], t), bias2 = 1 - shim_pow(o[.beta2], t), root = bias2.squareRoot()
    switch self {
    case .nadam:
      func mu(_ t: Double) -> Double { o[.beta1] * (1 - 0.5 * shim_pow(0.96, t * o[.momentumDecay])) }
      let now = mu(t), next = mu(t + 1)
      p.momentumProduct *= Float(now)
      let product = Double(p.momentumProduct)
      c[6] = 1 / root
      c[7] = o[.eps]
      c[8] = -lr * (1 - now) / (1 - product)
      c[9] = -lr * next / (1 - product * next)
      return .nadam
    case .radam:
      let most = 2 / (1 - o[.beta2]) - 1, length = most - 2 * t * shim_pow(o[.beta2], t) / bias2
      c[6] = o[.eps]
      c[7] = -lr / bias1
      c[8] = length > 5 ? 1 : 0
      if length > 5 { c[7] *= root * ((length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length)).squareRoot() }
      return .radam
    case .adamax:
      c[5] = o[.eps]
      c[6] = -lr / bias1
      return .adamax
    case .rmsprop:
      c[3] = o[.alpha]
      c[4] = 1 - o[.alpha]
      c[5] = o[.eps]
      c[6] = o[.momentum]
      c[7] = -lr
      return .rmsprop
    case .adagrad:
      c[3] = o[.eps]
      c[4] = -lr / (1 + (t - 1) * o[.lrDecay])
      return .adagrad
    case .adadelta:
      c[3] = o[.rho]
      c[4] = 1 - o[.rho]
      c[5] = o[.eps]
      c[6] = -lr
      return .adadelta
    case .rprop:
      c[3] = o[.etaMinus]
      c[4] = o[.etaPlus]
      c[5] = o[.stepSizeMin]
      c[6] = o[.stepSizeMax]
      return .rprop
    case .lion:
      c[4] = 1 - o[.beta2]
      c[5] = -lr
      return .lion
    default:
      c[6] = -lr / bias1 * root
      c[7] = o[.eps] * root
      return .amsgrad
    }
  }
}

/// What the step under way does to one parameter.
private struct StepPiece: Pieced {
  var piece: Piece
  var g: UnsafeMutableRawPointer
  var o: OptimizerOptions
  var states = InlineArray<3, UnsafeMutableRawPointer?>(repeating: nil)
  var sgd: SGDFunction?
  var adam: AdamFunction?
  var update: UpdateFunction?
  var kernel = UpdateKernel.average
  var numbers = InlineArray<10, Double>(repeating: 0)
  var flags: Int32 = 0
}

private struct StepJob {
  var pieces: PieceList<StepPiece>

  static func run(_ context: UnsafeMutableRawPointer, _ chunk: Int) {
    let job = context.assumingMemoryBound(to: StepJob.self)
    job.pointee.pieces.each(chunk) { (p, start, n) in
      let at = start &* p.pointee.piece.size, data = p.pointee.piece.data + at, g = p.pointee.g + at
      var states = p.pointee.states
      var k = 0
      while k < OptimizerKind.states { if let s = states[k] { states[k] = s + at }; k += 1 }
      if let f = p.pointee.sgd {
        f(
          n, data, g, states[0], p.pointee.o[.lr], p.pointee.o[.momentum], p.pointee.o[.dampening], p.pointee.o[.weightDecay],
          p.pointee.flags)
      } else if let f = p.pointee.adam, let first = states[0], let second = states[1] {
        f(
          n, data, g, first, second, p.pointee.o[.lr], p.pointee.o[.beta1], p.pointee.o[.beta2], p.pointee.o[.eps],
          p.pointee.o[.weightDecay], p.pointee.numbers[0], p.pointee.numbers[1], p.pointee.flags)
      } else if let f = p.pointee.update {
        withUnsafePointer(to: &states) { s in
          withUnsafePointer(to: &p.pointee.numbers) { c in
            f(
              p.pointee.kernel.rawValue, n, data, g, UnsafeRawPointer(s).assumingMemoryBound(to: UnsafeMutableRawPointer?.self),
              UnsafeRawPointer(c).assumingMemoryBound(to: Double.self))
          }
        }
      }
    }
  }
}

// MARK: Averages

private struct AveragePiece: Pieced {
  var piece: Piece
  var source: UnsafeMutableRawPointer
  var update: UpdateFunction?
}

private struct AverageJob {
  var pieces: PieceList<AveragePiece>
  var numbers = InlineArray<10, Double>(repeating: 0)
}

extension Engine {
  /// average ← decay·average + (1 − decay)·source for each pair; all, or on an error none. Not recorded.
  package func average(
    _ averages: UnsafeBufferPointer<Value>, _ sources: UnsafeBufferPointer<Value>, decay: Double
  ) throws(Failure) {
    let name: StaticString = "ema_update", count = averages.count
    if !(decay >= 0 && decay <= 1) { throw .argument("\(name): decay must lie in 0…1, it is \(decay)") }
    var i = 0
    while i < count {
      let a = averages[i], s = sources[i]
      if a.engine != self || s.engine != self { throw Failure(.handle, "\(name): number \(i) belongs to another context") }
      if a.shape != s.shape { throw .shape("\(name): number \(i) has shapes \(a.shape) and \(s.shape)") }
      if a.dtype != s.dtype || !a.dtype.isDifferentiable { throw .dtype("\(name): number \(i) has types \(a.dtype) and \(s.dtype), wanted float32 or float64 twice") }
      if !a.isContiguous { throw .argument("\(name): average number \(i) of shape \(a.shape) does not lie row-major without gaps") }
      i += 1
    }
    try withScratch(of: UInt32.self, count: count, for: name) { (dense) throws(Failure) in
      var ready = 0
      defer { while ready > 0 { ready -= 1; drop(dense[ready], value: true) } }
      while ready < count {
        dense[ready] = try contiguous(sources[ready].index, for: name)
        ready += 1
      }
      try withScratch(of: AveragePiece.self, count: count, for: name) { (memory) throws(Failure) in
        var job = AverageJob(pieces: PieceList(memory))
        job.numbers[0] = 1
        job.numbers[2] = 1
        job.numbers[3] = 1 - decay
        job.numbers[4] = decay
        i = 0
        while i < count {
          let a = averages[i]
          job.pieces.add(AveragePiece(
            piece: Piece(count: a.count, size: a.dtype.size, data: a.data), source: data(dense[i]), update: kernels.update(a.dtype.rawValue)))
          a.bumpVersion()
          i += 1
        }
        parallel(chunks: job.pieces.chunks, threads: threads, &job) { context, chunk, _ in
          let job = context.assumingMemoryBound(to: AverageJob.self)
          job.pointee.pieces.each(chunk) { (p, start, n) in
            let at = start &* p.pointee.piece.size
            var none = InlineArray<3, UnsafeMutableRawPointer?>(repeating: nil)
            withUnsafePointer(to: &none) { s in
              withUnsafePointer(to: &job.pointee.numbers) { c in
                p.pointee.update?(
                  UpdateKernel.average.rawValue, n, p.pointee.piece.data + at, p.pointee.source + at,
                  UnsafeRawPointer(s).assumingMemoryBound(to: UnsafeMutableRawPointer?.self), UnsafeRawPointer(c).assumingMemoryBound(to: Double.self))
              }
            }
          }
        }
      }
    }
  }
}
