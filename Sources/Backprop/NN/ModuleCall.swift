// A module at work: its inputs, and where further results go.
import CShim
import KernelAPI

struct ModuleCall {
  let module: ModuleValue
  /// Slots; 0 where nothing was given.
  let inputs: UnsafePointer<UInt32>
  let inputCount: Int
  /// How many results are wanted.
  let wanted: Int
  let depth: Int
  /// Results beside the first, held; 0 where there is none.
  fileprivate(set) var further = InlineArray<4, UInt32>(repeating: 0)

  var engine: Engine { module.engine }
  /// The first input.
  var x: Value { Value(engine: engine, index: inputs[0]) }
  /// The second input.
  var target: Value { Value(engine: engine, index: inputs[1]) }
  func optional(_ i: Int) -> Value? {
    i < inputCount && inputs[i] != 0 ? Value(engine: engine, index: inputs[i]) : nil
  }
  /// What stands at position i of the module's names.
  func weight(_ i: Int) -> Value? { module.tensor(i) }
  func required(_ i: Int) throws(Failure) -> Value {
    if let v = module.tensor(i) { return v }
    throw .argument("\(module.kindName): '\(cString: module.entry(i).name)' is not there")
  }

  /// Result number i > 0.
  mutating func give(_ i: Int, _ v: Value) {
    if i >= wanted || i > 4 { return }
    engine.hold(v.index)
    further[i - 1] = v.index
  }

  /// One module inside this one, with one input and one result.
  func run(_ m: ModuleValue, _ v: Value) throws(Failure) -> Value {
    var i = v.index
    return try withUnsafePointer(to: &i) { (p) throws(Failure) -> Value in
      var c = ModuleCall(module: m, inputs: p, inputCount: 1, wanted: 1, depth: depth + 1)
      return try c.run()
    }
  }

  /// The same with all further inputs of `call`.
  func run(_ m: ModuleValue, _ v: Value, withInputsFrom call: ModuleCall) throws(Failure) -> Value {
    var all = InlineArray<8, UInt32>(repeating: 0), i = 1
    all[0] = v.index
    while i < inputCount { all[i] = inputs[i]; i += 1 }
    return try withUnsafePointer(to: &all) { (p) throws(Failure) -> Value in
      var c = ModuleCall(
        module: m, inputs: UnsafeRawPointer(p).assumingMemoryBound(to: UInt32.self), inputCount: inputCount, wanted: 1, depth: depth + 1)
      return try c.run()
    }
  }

  fileprivate init(module: ModuleValue, inputs: UnsafePointer<UInt32>, inputCount: Int, wanted: Int, depth: Int) {
    self.module = module
    self.inputs = inputs
    self.inputCount = inputCount
    self.wanted = wanted
    self.depth = depth
  }

  fileprivate mutating func run() throws(Failure) -> Value {
    let row = module.record.pointee.kind.row
    try module.checkDepth(depth)
    if row.inputs == 0 { throw .argument("\(module.kindName): has no forward of its own; call the modules in it") }
    if inputCount > row.inputs { throw .argument("\(module.kindName): takes at most \(row.inputs) inputs, got \(inputCount)") }
    var i = 0
    while i < row.needed {
      if optional(i) == nil { throw .argument("\(module.kindName): input number \(i + 1) of \(row.needed) is missing") }
      i += 1
    }
    return try row.forward(&self)
  }
}

extension ModuleValue {
  /// Results for inputs; an input that is not given has index 0. `outputs` receives results 1… of the `wanted` there are; the first is returned.
  package func call(
    _ inputs: UnsafeBufferPointer<Value?>, wanted: Int = 1, _ outputs: (Int, Value) -> Void = { _, _ in }
  ) throws(Failure) -> Value {
    if wanted < 1 || wanted > 5 { throw .argument("\(kindName): 1 to 5 results can be asked for, not \(wanted)") }
    var slots = InlineArray<8, UInt32>(repeating: 0), i = 0
    if inputs.count > 8 { throw .argument("\(kindName): \(inputs.count) inputs are more than any module takes") }
    while i < inputs.count {
      if let v = inputs[i] {
        if v.engine != engine { throw Failure(.handle, "\(kindName): input number \(i + 1) belongs to another context") }
        slots[i] = v.index
      }
      i += 1
    }
    return try withUnsafePointer(to: &slots) { (p) throws(Failure) -> Value in
      var c = ModuleCall(
        module: self, inputs: UnsafeRawPointer(p).assumingMemoryBound(to: UInt32.self), inputCount: inputs.count, wanted: wanted, depth: 0)
      defer {
        var i = 0
        while i < 4 { if c.further[i] != 0 { engine.drop(c.further[i], value: true) }; i += 1 }
      }
      // Handing over must not fail once results are out: places in the scope are reserved first.
      let y = try engine.scoped { () throws(Failure) -> Value in try c.run() }
      var k = 1
      while k < wanted {
        if c.further[k - 1] == 0 {
          y.release()
          throw .argument("\(kindName): gives \(k) results, \(wanted) were asked for")
        }
        k += 1
      }
      guard engine.state.pointee.scopes.count == 0 || engine.state.pointee.scoped.reserve(engine.state.pointee.scoped.count + wanted) else {
        y.release()
        throw .memory("scope", bytes: MemoryLayout<ScopedHandle>.stride)
      }
      k = 1
      while k < wanted {
        outputs(k, try engine.handAgain(c.further[k - 1]))
        k += 1
      }
      return y
    }
  }
}
