// The engine's own view of a tensor: context and slot number, nothing owned. Operations and gradients are written on it.
import CShim
import KernelAPI

/// A tensor as the engine sees it. Trivial to copy; lives as long as the handle or scope it came from.
package struct Value {
  package let engine: Engine
  let index: UInt32

  @inline(__always) var slot: UnsafeMutablePointer<Slot> { engine.slot(index) }
  package var dtype: DType { slot.pointee.dtype }
  package var shape: Dims { slot.pointee.shape }
  package var strides: Dims { slot.pointee.strides }
  package var storageOffset: Int { slot.pointee.offset }
  package var rank: Int { slot.pointee.shape.count }
  package var count: Int { slot.pointee.shape.product }
  package var requiresGrad: Bool { slot.pointee.requiresGrad }
  package var isLeaf: Bool { slot.pointee.isLeaf }
  package var isContiguous: Bool { slot.isContiguous }
  package var operationName: StaticString { slot.pointee.operation == .leaf ? "" : slot.pointee.operation.rule.name }
  /// The same, and of a custom operation the name its user gave; valid while the tensor lives.
  package var operationCString: UnsafePointer<CChar> {
    if slot.pointee.operation == .custom, slot.pointee.attributes != 0 {
      let c = engine.callback(UInt32(truncatingIfNeeded: engine.state.pointee.attributes[slot.pointee.attributes].pointee.a))
      return UnsafeRawPointer(c).assumingMemoryBound(to: CChar.self)
    }
    return operationName.cString
  }
  package var version: Int { Int(engine.storage(slot.pointee.storage).pointee.version) }

  /// The first element.
  package var data: UnsafeMutableRawPointer { engine.data(index) }
  package func data<T>(as type: T.Type) -> UnsafeMutablePointer<T> { data.assumingMemoryBound(to: T.self) }

  /// Another owner's handle on the same tensor.
  package func again() throws(Failure) -> Value { try engine.handAgain(index) }
  package func retain() { engine.retainHandle(index) }
  /// False if no handle was left to release.
  @discardableResult package func release() -> Bool { engine.releaseHandle(index) }
}

extension Engine {
  @inline(__always) func data(_ i: UInt32) -> UnsafeMutableRawPointer {
    let s = slot(i)
    return storage(s.pointee.storage).pointee.base + s.pointee.offset &* s.pointee.dtype.size
  }

  /// The operands as an operation may use them: all from one context.
  func check(_ a: Value, _ b: Value, for operation: StaticString) throws(Failure) {
    if a.engine != b.engine {
      throw Failure(.handle, "\(operation): operands of shapes \(a.shape) and \(b.shape) belong to different contexts")
    }
  }
}

// MARK: One, two, three operands through the door

extension Value {
  @inline(never) func apply(_ operation: Operation) throws(Failure) -> Value {
    var c = Call(engine, self)
    return try engine.apply(operation, &c)
  }
  @inline(never) func apply(_ operation: Operation, _ attributes: Attributes) throws(Failure) -> Value {
    var c = Call(self, attributes)
    return try engine.apply(operation, &c)
  }
  @inline(never) func apply(_ operation: Operation, _ b: Value) throws(Failure) -> Value {
    try engine.check(self, b, for: operation.rule.name)
    var c = Call(self, b)
    return try engine.apply(operation, &c)
  }
  @inline(never) func apply(_ operation: Operation, _ b: Value, _ attributes: Attributes) throws(Failure) -> Value {
    try engine.check(self, b, for: operation.rule.name)
    var c = Call(self, b, attributes)
    return try engine.apply(operation, &c)
  }
}

// MARK: Mixed types

extension Value {
  /// 2 for tensors with dimensions, 1 for 0-dimensional ones, 0 for plain numbers: a lower one decides the result's type
  /// only if its kind (bool < integer < floating) is higher.
  private var promotionRank: Int { slot.pointee.flags.contains(.number) ? 0 : rank > 0 ? 2 : 1 }

  /// The type in which `self` and `other` meet (PyTorch: `result_type`).
  func commonType(_ other: Value) -> DType {
    let a = dtype, b = other.dtype
    if a == b { return a }
    let ra = promotionRank, rb = other.promotionRank
    if ra == rb { return a.promoted(with: b) }
    let (high, low) = ra > rb ? (a, b) : (b, a)
    if low.category.rawValue <= high.category.rawValue { return high }
    // A plain floating number beside integers means the default floating type.
    return (ra > rb ? rb : ra) == 0 && low.category == .floating ? .float32 : low
  }

  /// Applies a two-operand operation after bringing both to their common type (or, for operations that only know floating
  /// numbers, to float32 if that is an integer).
  @inline(never) func combine(
    _ operation: Operation, _ other: Value, floating: Bool = false
  ) throws(Failure) -> Value {
    if dtype == other.dtype, !floating || dtype.isDifferentiable { return try apply(operation, other) }
    try engine.check(self, other, for: operation.rule.name)
    var type = commonType(other)
    if floating, type.category != .floating { type = .float32 }
    if other.isNumber, type == dtype { return try other.withNumber(as: type) { (n) throws(Failure) in try apply(operation, n) } }
    if isNumber, type == other.dtype { return try withNumber(as: type) { (n) throws(Failure) in try n.apply(operation, other) } }
    return try engine.scoped { () throws(Failure) -> Value in
      try self.to(type).apply(operation, other.to(type))
    }
  }

  private var isNumber: Bool { slot.pointee.flags.contains(.number) }

  /// Calls `body` with a plain number's value in another type: the common case, without the tape and a scope.
  private func withNumber(as type: DType, _ body: (Value) throws(Failure) -> Value) throws(Failure) -> Value {
    let i = try engine.make(type, Dims(), for: "number")
    defer { engine.drop(i, value: true) }
    let n = Value(engine: engine, index: i)
    if dtype == .int64 && type == .int64 { n.data(as: Int64.self).pointee = data(as: Int64.self).pointee } else { n.set(0, to: get(0)) }
    return try body(n)
  }

  /// Applies a one-operand operation that only knows floating numbers; integers become float32.
  @inline(never) func applyFloating(_ operation: Operation, _ attributes: Attributes? = nil) throws(Failure) -> Value {
    if dtype.category == .floating {
      if let attributes { return try apply(operation, attributes) }
      return try apply(operation)
    }
    return try engine.scoped { () throws(Failure) -> Value in
      let x = try self.to(.float32)
      if let attributes { return try x.apply(operation, attributes) }
      return try x.apply(operation)
    }
  }
}
