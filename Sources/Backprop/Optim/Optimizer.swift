// Optimizers: groups of parameters with their options, and what is kept for each parameter. They alone move weights; the graph knows
// nothing of them. Which numbers a step needs is said in OptimizerStep.swift.
import CShim
import KernelAPI

struct OptimizedParameter {
  var slot: UInt32
  var group: Int
  /// By number (`OptimizerKind.stateName`); 0 until a step needs it.
  var states = InlineArray<3, UInt32>(repeating: 0)
  /// A momentum buffer nothing was put into yet: the first one is g itself.
  var isFresh = false
  var steps = 0
  /// NAdam: Π μ, rounded to single precision as PyTorch keeps it.
  var momentumProduct: Float = 1
  /// The gradient of the step under way, dense, held.
  var gradient: UInt32 = 0
}

struct OptimizerGroup {
  var options: OptimizerOptions
  /// What a schedule starts from: the rate when the first one was made; NaN without one.
  var initialLR = Double.nan
}

struct OptimizerRecord {
  var generation: UInt32
  var isLive: Bool
  var kind: OptimizerKind
  /// A closure of the caller is running: parameters and options stay as they are.
  var isBusy = false
  var groups = Stack<OptimizerGroup>()
  var parameters = Stack<OptimizedParameter>()
  var memory = QuasiNewtonMemory()
}

/// An optimizer as the engine sees it.
package struct OptimizerValue: Equatable {
  package let engine: Engine
  let index: UInt32
  var record: UnsafeMutablePointer<OptimizerRecord> { engine.state.pointee.optimizers[index] }

  package var handle: Handle {
    Handle(.optimizer, context: engine.state.pointee.id, index: index, generation: record.pointee.generation)
  }
  package var lr: Double { record.pointee.groups[0].options[.lr] }
  package var name: StaticString { record.pointee.kind.name }
  package var groupCount: Int { record.pointee.groups.count }
  package var parameterCount: Int { record.pointee.parameters.count }
}

extension Handle {
  /// The live optimizer it names.
  package var asOptimizer: OptimizerValue? {
    guard isKind == Kind.optimizer.rawValue, let e = engine, index > 0, index < e.state.pointee.optimizers.limit else { return nil }
    let r = e.state.pointee.optimizers[index]
    return r.pointee.isLive && r.pointee.generation == generation ? OptimizerValue(engine: e, index: index) : nil
  }
}

/// Whether a C string says the same as a literal.
func isName(_ a: UnsafePointer<CChar>, _ b: StaticString) -> Bool {
  strcmp(a, UnsafeRawPointer(b.utf8Start).assumingMemoryBound(to: CChar.self)) == 0
}

extension Engine {
  /// With one empty group; `set` may change its options first.
  package func makeOptimizer(_ kind: OptimizerKind, _ set: (inout OptimizerOptions) -> Void = { _ in }) throws(Failure) -> OptimizerValue {
    var options = kind.defaults
    set(&options)
    try kind.check(options)
    let i = state.pointee.optimizers.take()
    if i == 0 { throw .memory(kind.name, bytes: MemoryLayout<OptimizerRecord>.stride) }
    let r = state.pointee.optimizers[i]
    let generation = r.pointee.generation == 0 ? state.pointee.generationBase : r.pointee.generation
    r.initialize(to: OptimizerRecord(generation: generation, isLive: true, kind: kind))
    let o = OptimizerValue(engine: self, index: i)
    if !r.pointee.groups.push(OptimizerGroup(options: options)) {
      o.destroy()
      throw .memory(kind.name, bytes: MemoryLayout<OptimizerGroup>.stride)
    }
    return o
  }

  /// By its name: "sgd", "adam", …
  package func makeOptimizer(named name: UnsafePointer<CChar>) throws(Failure) -> OptimizerValue {
    var raw: UInt8 = 0
    while let kind = OptimizerKind(rawValue: raw) {
      if isName(name, kind.name) { return try makeOptimizer(kind) }
      raw += 1
    }
    throw .argument("optimizer_create: there is no optimizer '\(cString: name)'")
  }

  func destroyOptimizers() {
    var i: UInt32 = 1
    while i < state.pointee.optimizers.limit {
      if state.pointee.optimizers[i].pointee.isLive {
        state.pointee.optimizers[i].pointee.isBusy = false
        OptimizerValue(engine: self, index: i).destroy()
      }
      i += 1
    }
  }
}

extension OptimizerValue {
  /// False while a closure of its own step runs.
  @discardableResult package func destroy() -> Bool {
    let e = engine, r = record
    if r.pointee.isBusy { return false }
    while let p = r.pointee.parameters.pop() {
      e.drop(p.slot, value: true)
      var k = 0
      while k < OptimizerKind.states {
        if p.states[k] != 0 { e.drop(p.states[k], value: true) }
        k += 1
      }
    }
    r.pointee.parameters.destroy()
    r.pointee.groups.destroy()
    r.pointee.memory.destroy(e)
    r.pointee.isLive = false
    r.pointee.generation = r.pointee.generation == Handle.lastGeneration ? 1 : r.pointee.generation + 1
    e.state.pointee.optimizers.give(index)
    return true
  }

  func refuseWhileBusy() throws(Failure) {
    if record.pointee.isBusy { throw .argument("\(name): its own step is under way and calls this closure") }
  }

  // MARK: Parameters and groups

  /// Parameters added from now on belong to a new group, which begins with the options of the first; its number.
  package func addGroup() throws(Failure) -> Int {
    try refuseWhileBusy()
    if record.pointee.kind == .lbfgs { throw .argument("lbfgs: has one group of parameters only") }
    if !record.pointee.groups.push(OptimizerGroup(options: record.pointee.groups[0].options)) {
      throw .memory(name, bytes: MemoryLayout<OptimizerGroup>.stride)
    }
    return record.pointee.groups.count - 1
  }

  package func add(_ v: Value) throws(Failure) {
    try refuseWhileBusy()
    try { () throws(Failure) in
      if v.engine != engine { throw Failure(.handle, "\(name): parameter of shape \(v.shape) belongs to another context") }
      if !v.isLeaf || !v.requiresGrad { throw .argument("\(name): tensor of shape \(v.shape) is not a leaf that requires a gradient") }
      if !v.isContiguous { throw .argument("\(name): parameter of shape \(v.shape) does not lie row-major without gaps") }
      if record.pointee.kind == .muon, v.rank != 2 { throw .shape("muon: a parameter must be a matrix, this one has shape \(v.shape)") }
    }()
    var i = 0
    while i < record.pointee.parameters.count {
      if record.pointee.parameters[i].slot == v.index { throw .argument("\(name): parameter of shape \(v.shape) was added before") }
      i += 1
    }
    if !record.pointee.parameters.push(OptimizedParameter(slot: v.index, group: record.pointee.groups.count - 1)) {
      throw .memory(name, bytes: MemoryLayout<OptimizedParameter>.stride)
    }
    engine.hold(v.index)
  }

  package func zeroGrad() {
    var i = 0
    while i < record.pointee.parameters.count {
      Value(engine: engine, index: record.pointee.parameters[i].slot).zeroGrad()
      i += 1
    }
  }

  // MARK: Options

  private func checkGroup(_ group: Int) throws(Failure) {
    if group < -1 || group >= groupCount { throw .argument("\(name): group \(group) is not one of 0…\(groupCount - 1)") }
  }

  /// All these options, or on an error none. Group −1 means every group.
  package func setOptions(
    _ group: Int, _ count: Int, _ name: (Int) -> UnsafePointer<CChar>, _ value: (Int) -> Double
  ) throws(Failure) {
    try refuseWhileBusy()
    try checkGroup(group)
    let r = record, kind = r.pointee.kind
    func changed(_ i: Int) throws(Failure) -> OptimizerOptions {
      var o = r.pointee.groups[i].options, k = 0
      while k < count {
        let option = try kind.option(name(k), o)
        o[option] = value(k)
        k += 1
      }
      try kind.check(o)
      return o
    }
    let first = group < 0 ? 0 : group, last = group < 0 ? groupCount - 1 : group
    var i = first
    while i <= last { _ = try changed(i); i += 1 }
    i = first
    while i <= last {
      var g = r.pointee.groups[i]
      g.options = try changed(i)
      r.pointee.groups[i] = g
      i += 1
    }
  }

  package func option(_ group: Int, _ name: UnsafePointer<CChar>) throws(Failure) -> Double {
    try checkGroup(group)
    let o = record.pointee.groups[group < 0 ? 0 : group].options
    return o[try record.pointee.kind.option(name, o)]
  }

  /// A checked option of one group, from a schedule.
  func set(_ option: OptimizerOption, _ value: Double, group: Int) {
    var g = record.pointee.groups[group]
    g.options[option] = value
    record.pointee.groups[group] = g
  }

  /// Of every group.
  package func setLR(_ lr: Double) throws(Failure) {
    try refuseWhileBusy()
    try OptimizerOption.lr.check(lr, name)
    var i = 0
    while i < groupCount { set(.lr, lr, group: i); i += 1 }
  }
}
