// Optimizers: parameters, options and per-parameter state. They alone move weights; the graph knows nothing of them.
import CShim
import KernelAPI

package enum OptimizerKind: UInt8 { case sgd, adam, adamW }

package struct OptimizerOptions {
  package var lr = 1e-3, weightDecay = 0.0
  package var momentum = 0.0, dampening = 0.0, nesterov = false
  package var beta1 = 0.9, beta2 = 0.999, eps = 1e-8
  package var maximize = false
  package init() {}
}

struct OptimizedParameter {
  var slot: UInt32
  /// Momentum buffer, or first and second moment; 0 until the first step.
  var first: UInt32
  var second: UInt32
  var steps: Int
  /// The gradient of the step under way, dense, held.
  var gradient: UInt32
}

struct OptimizerRecord {
  var generation: UInt32
  var isLive: Bool
  var kind: OptimizerKind
  var options: OptimizerOptions
  var parameters: Stack<OptimizedParameter>
}

/// An optimizer as the engine sees it.
package struct OptimizerValue {
  package let engine: Engine
  let index: UInt32
  var record: UnsafeMutablePointer<OptimizerRecord> { engine.state.pointee.optimizers[index] }

  package var handle: Handle {
    Handle(.optimizer, context: engine.state.pointee.id, index: index, generation: record.pointee.generation)
  }
  package var lr: Double { record.pointee.options.lr }
}

extension Handle {
  /// The live optimizer it names.
  package var asOptimizer: OptimizerValue? {
    guard isKind == Kind.optimizer.rawValue, let e = engine, index > 0, index < e.state.pointee.optimizers.limit else { return nil }
    let r = e.state.pointee.optimizers[index]
    return r.pointee.isLive && r.pointee.generation == generation ? OptimizerValue(engine: e, index: index) : nil
  }
}

extension OptimizerKind {
  var name: StaticString {
    switch self {
    case .sgd: "sgd"
    case .adam: "adam"
    case .adamW: "adamw"
    }
  }

  /// Refuses numbers no training can want.
  func check(_ o: OptimizerOptions) throws(Failure) {
    func atLeastZero(_ x: Double, _ what: StaticString) throws(Failure) {
      if !(x >= 0 && x < .infinity) { throw .argument("\(name): \(what) must be a number ≥ 0, it is \(x)") }
    }
    try atLeastZero(o.lr, "lr")
    try atLeastZero(o.weightDecay, "weight_decay")
    if self == .sgd {
      try atLeastZero(o.momentum, "momentum")
      if o.dampening - o.dampening != 0 { throw .argument("sgd: dampening must be a number, it is \(o.dampening)") }
      if o.nesterov, o.momentum <= 0 || o.dampening != 0 {
        throw .argument("sgd: nesterov needs a momentum > 0 and no dampening, they are \(o.momentum) and \(o.dampening)")
      }
    } else {
      try atLeastZero(o.eps, "eps")
      if !(o.beta1 >= 0 && o.beta1 < 1) { throw .argument("\(name): beta1 must lie in 0…1 (exclusive), it is \(o.beta1)") }
      if !(o.beta2 >= 0 && o.beta2 < 1) { throw .argument("\(name): beta2 must lie in 0…1 (exclusive), it is \(o.beta2)") }
    }
  }
}

extension Engine {
  package func makeOptimizer(_ kind: OptimizerKind, _ options: OptimizerOptions) throws(Failure) -> OptimizerValue {
    try kind.check(options)
    let i = state.pointee.optimizers.take()
    if i == 0 { throw .memory(kind.name, bytes: MemoryLayout<OptimizerRecord>.stride) }
    let r = state.pointee.optimizers[i]
    let generation = r.pointee.generation == 0 ? state.pointee.generationBase : r.pointee.generation
    r.initialize(to: OptimizerRecord(
      generation: generation, isLive: true, kind: kind, options: options, parameters: Stack()))
    return OptimizerValue(engine: self, index: i)
  }

  func destroyOptimizers() {
    var i: UInt32 = 1
    while i < state.pointee.optimizers.limit {
      if state.pointee.optimizers[i].pointee.isLive { OptimizerValue(engine: self, index: i).destroy() }
      i += 1
    }
  }
}

extension OptimizerValue {
  private var name: StaticString { record.pointee.kind.name }

  package func destroy() {
    let e = engine, r = record
    while let p = r.pointee.parameters.pop() {
      e.drop(p.slot, value: true)
      if p.first != 0 { e.drop(p.first, value: true) }
      if p.second != 0 { e.drop(p.second, value: true) }
    }
    r.pointee.parameters.destroy()
    r.pointee.isLive = false
    r.pointee.generation = r.pointee.generation == Handle.lastGeneration ? 1 : r.pointee.generation + 1
    e.state.pointee.optimizers.give(index)
  }

  package func add(_ v: Value) throws(Failure) {
    try { () throws(Failure) in
      if v.engine != engine { throw Failure(.handle, "\(name): parameter of shape \(v.shape) belongs to another context") }
      if !v.isLeaf || !v.requiresGrad { throw .argument("\(name): tensor of shape \(v.shape) is not a leaf that requires a gradient") }
      if !v.isContiguous { throw .argument("\(name): parameter of shape \(v.shape) does not lie row-major without gaps") }
    }()
    var i = 0
    while i < record.pointee.parameters.count {
      if record.pointee.parameters[i].slot == v.index { throw .argument("\(name): parameter of shape \(v.shape) was added before") }
      i += 1
    }
    if !record.pointee.parameters.push(OptimizedParameter(slot: v.index, first: 0, second: 0, steps: 0, gradient: 0)) {
      throw .memory(name, bytes: MemoryLayout<OptimizedParameter>.stride)
    }
    engine.hold(v.index)
  }

  package func setLR(_ lr: Double) throws(Failure) {
    var options = record.pointee.options
    options.lr = lr
    try record.pointee.kind.check(options)
    record.pointee.options = options
  }

  package func zeroGrad() {
    var i = 0
    while i < record.pointee.parameters.count {
      Value(engine: engine, index: record.pointee.parameters[i].slot).zeroGrad()
      i += 1
    }
  }

  /// Moves every parameter that has a gradient; everything that can fail comes first.
  package func step() throws(Failure) {
    let e = engine, r = record, count = r.pointee.parameters.count
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
    try e.withScratch(of: StepPiece.self, count: count, for: name) { (pieces) throws(Failure) in
      var job = StepJob(pieces: PieceList(pieces), options: r.pointee.options)
      var i = 0
      while i < count {
        if r.pointee.parameters[i].gradient != 0 { job.pieces.add(piece(i)) }
        i += 1
      }
      parallel(chunks: job.pieces.chunks, threads: e.threads, &job) { context, chunk, _ in StepJob.run(context, chunk) }
    }
  }

  private func prepare(_ i: Int) throws(Failure) {
    let e = engine
    var p = record.pointee.parameters[i]
    let s = e.slot(p.slot)
    if s.pointee.gradient == 0 { return }
    let momentum = record.pointee.kind == .sgd && record.pointee.options.momentum != 0
    let states = record.pointee.kind == .sgd ? (momentum ? 1 : 0) : 2
    if states > 0, p.first == 0 { p.first = try zeroState(s); record.pointee.parameters[i] = p }
    if states > 1, p.second == 0 { p.second = try zeroState(s); record.pointee.parameters[i] = p }
    p.gradient = try e.contiguous(s.pointee.gradient, for: name)
    record.pointee.parameters[i] = p
  }

  private func zeroState(_ s: UnsafeMutablePointer<Slot>) throws(Failure) -> UInt32 {
    let i = try engine.make(s.pointee.dtype, s.pointee.shape, for: name)
    memset(engine.data(i), 0, s.pointee.shape.product &* s.pointee.dtype.size)
    return i
  }

  /// Counts the step, and says what is to be moved. Nothing fails from here on.
  private func piece(_ i: Int) -> StepPiece {
    let e = engine, o = record.pointee.options, kind = record.pointee.kind
    var p = record.pointee.parameters[i]
    let type = e.slot(p.slot).pointee.dtype
    p.steps += 1
    record.pointee.parameters[i] = p
    Value(engine: e, index: p.slot).bumpVersion()
    var piece = StepPiece(
      piece: Piece(count: e.slot(p.slot).pointee.shape.product, size: type.size, data: e.data(p.slot)), g: e.data(p.gradient),
      first: p.first == 0 ? nil : e.data(p.first), second: p.second == 0 ? nil : e.data(p.second))
    if kind == .sgd {
      piece.sgd = e.kernels.sgd(type.rawValue)
      piece.flags = (o.nesterov ? 1 : 0) | (p.steps == 1 ? 2 : 0) | (o.maximize ? 4 : 0)
    } else {
      piece.adam = e.kernels.adam(type.rawValue)
      piece.flags = (kind == .adamW ? 1 : 0) | (o.maximize ? 4 : 0)
      piece.bias1 = 1 - shim_pow(o.beta1, Double(p.steps))
      piece.bias2 = 1 - shim_pow(o.beta2, Double(p.steps))
    }
    return piece
  }
}

/// What the step under way does to one parameter.
private struct StepPiece: Pieced {
  var piece: Piece
  var g: UnsafeMutableRawPointer
  var first: UnsafeMutableRawPointer?, second: UnsafeMutableRawPointer?
  var sgd: SGDFunction?
  var adam: AdamFunction?
  var bias1 = 1.0, bias2 = 1.0
  var flags: Int32 = 0
}

private struct StepJob {
  var pieces: PieceList<StepPiece>
  var options: OptimizerOptions

  static func run(_ context: UnsafeMutableRawPointer, _ chunk: Int) {
    let job = context.assumingMemoryBound(to: StepJob.self), o = job.pointee.options
    job.pointee.pieces.each(chunk) { (p, start, n) in
      let at = start &* p.pointee.piece.size, data = p.pointee.piece.data + at, g = p.pointee.g + at
      if let f = p.pointee.sgd {
        f(n, data, g, p.pointee.first.map { $0 + at }, o.lr, o.momentum, o.dampening, o.weightDecay, p.pointee.flags)
      } else if let f = p.pointee.adam, let first = p.pointee.first, let second = p.pointee.second {
        f(
          n, data, g, first + at, second + at, o.lr, o.beta1, o.beta2, o.eps, o.weightDecay, p.pointee.bias1, p.pointee.bias2, p.pointee.flags)
      }
    }
  }
}
