// What the graph knows of an operation: a name, how to compute it, what its derivative needs and how that is computed.
import KernelAPI

/// An operation: forward and gradient side by side. Forward returns a fresh slot; the gradient is written in
/// differentiable operations, so that its own gradient comes free.
protocol Rule {
  /// PyTorch's name.
  static var name: StaticString { get }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32
  static var isDifferentiable: Bool { get }
  /// Which values the gradient needs: bit i input i, bit 7 the output. `wants`: the inputs a gradient is wanted for.
  static func saves(_ wants: UInt8) -> UInt8
  /// Given g, the gradient of the output, hands on the gradient of each input that wants one.
  static func vjp(_ n: Node, _ g: Value) throws(Failure)
}

extension Rule {
  static var isDifferentiable: Bool { true }
  static func saves(_ wants: UInt8) -> UInt8 { 0 }
}

/// An operation through which no gradient passes.
protocol NonDifferentiableRule: Rule {}
extension NonDifferentiableRule {
  static var isDifferentiable: Bool { false }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {}
}

let savesOutput: UInt8 = 128
/// Inputs a node keeps in its own record, and whose values it can save. More go to a list.
let directInputs = 6

/// A rule as a record of plain functions.
struct RuleRecord {
  let name: StaticString
  let isDifferentiable: Bool
  let forward: (inout Call) throws(Failure) -> UInt32
  let saves: (UInt8) -> UInt8
  let vjp: (Node, Value) throws(Failure) -> Void

  @inline(__always) init<R: Rule>(_ rule: R.Type) {
    name = R.name
    isDifferentiable = R.isDifferentiable
    forward = { (c: inout Call) throws(Failure) -> UInt32 in try R.forward(&c) }
    saves = { R.saves($0) }
    vjp = { (n: Node, g: Value) throws(Failure) -> Void in try R.vjp(n, g) }
  }
}

/// One application of an operation: the inputs and what it was told besides.
struct Call {
  let engine: Engine
  var count: Int
  var inputs = InlineArray<6, UInt32>(repeating: 0)
  /// All inputs, where there are more than `directInputs`.
  var many: UnsafePointer<UInt32>?
  var attributes = Attributes()
  var hasAttributes = false
  /// A value the forward pass made for the gradient's use; the call's own until it is recorded.
  private(set) var kept: UInt32 = 0

  init(_ e: Engine, _ a: Value) {
    engine = e
    count = 1
    inputs[0] = a.index
  }
  init(_ a: Value, _ b: Value) {
    engine = a.engine
    count = 2
    inputs[0] = a.index
    inputs[1] = b.index
  }
  init(_ a: Value, _ b: Value, _ c: Value) {
    engine = a.engine
    count = 3
    inputs[0] = a.index
    inputs[1] = b.index
    inputs[2] = c.index
  }
  init(_ a: Value, _ attributes: Attributes) {
    self.init(a.engine, a)
    self.attributes = attributes
    hasAttributes = true
  }
  init(_ a: Value, _ b: Value, _ attributes: Attributes) {
    self.init(a, b)
    self.attributes = attributes
    hasAttributes = true
  }
  init(_ a: Value, _ b: Value, _ c: Value, _ attributes: Attributes) {
    self.init(a, b, c)
    self.attributes = attributes
    hasAttributes = true
  }

  /// Adds an operand, which may be absent.
  mutating func add(_ a: Value?) {
    inputs[count] = a?.index ?? 0
    count += 1
  }

  /// Adds a fresh tensor as one more input, for the gradient alone.
  mutating func keep(_ i: UInt32) {
    kept = i
    inputs[count] = i
    count += 1
  }

  @inline(__always) func input(_ i: Int) -> UInt32 { many.map { $0[i] } ?? inputs[i] }
  /// Input i's record.
  @inline(__always) subscript(i: Int) -> UnsafeMutablePointer<Slot> { engine.slot(input(i)) }
}

/// A recorded application, seen from the backward walk.
struct Node {
  let engine: Engine
  let index: UInt32
  var slot: UnsafeMutablePointer<Slot> { engine.slot(index) }

  var attributes: Attributes { engine.state.pointee.attributes[slot.pointee.attributes].pointee }
  /// Input i; its elements are there only if the rule saves them.
  subscript(i: Int) -> Value { Value(engine: engine, index: engine.inputIndex(slot, i)) }
  var output: Value { Value(engine: engine, index: index) }
  var inputCount: Int { Int(slot.pointee.inputCount) }

  /// Whether the walk wants input i's share of the gradient.
  func wants(_ i: Int) -> Bool {
    let input = engine.inputIndex(slot, i)
    return input != 0 && engine.slot(input).pointee.requiresGrad && engine.slot(input).pointee.walk == engine.state.pointee.walkNumber
  }
}
