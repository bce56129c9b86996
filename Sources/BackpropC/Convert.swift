// From C's view to the engine's and back: handles are checked, errors land on their context, nothing is computed.
import Backprop
import CBackprop
import CShim
import KernelAPI

/// The live tensor behind a handle; otherwise nil, and the error on `engine` (the context of another operand), on the
/// handle's own context, or on the thread.
@inline(__always) func take(_ p: OpaquePointer?, _ name: StaticString, beside engine: Engine? = nil) -> Value? {
  if let p, let v = Handle(p).asValue { return v }
  refuse(p, name, "tensor", engine)
  return nil
}

func takeContext(_ p: OpaquePointer?, _ name: StaticString) -> Engine? {
  if let p, let e = Handle(p).asContext { return e }
  refuse(p, name, "context", nil)
  return nil
}

func takeOptimizer(_ p: OpaquePointer?, _ name: StaticString) -> OptimizerValue? {
  if let p, let o = Handle(p).asOptimizer { return o }
  refuse(p, name, "optimizer", nil)
  return nil
}

func takeScheduler(_ p: OpaquePointer?, _ name: StaticString) -> SchedulerValue? {
  if let p, let s = Handle(p).asScheduler { return s }
  refuse(p, name, "scheduler", nil)
  return nil
}

func takeArchive(_ p: OpaquePointer?, _ name: StaticString) -> ArchiveValue? {
  if let p, let a = Handle(p).asArchive { return a }
  refuse(p, name, "archive", nil)
  return nil
}

@inline(never) func refuse(_ p: OpaquePointer?, _ name: StaticString, _ kind: StaticString, _ engine: Engine?) {
  let error = Failure(
    .handle, p == nil ? "\(name): \(kind) is NULL" : "\(name): not a live \(kind) (released, destroyed, or never one)")
  report(error, on: engine ?? p.flatMap { Handle($0).engine })
}

/// Records the error on the context; without one its sentence stays the thread's message.
func report(_ error: Failure, on engine: Engine?) { engine?.record(error) }

// MARK: Shapes of exports

@inline(never) func unary(
  _ name: StaticString, _ x: OpaquePointer?, _ body: (Value) throws(Failure) -> Value
) -> OpaquePointer? {
  guard let x = take(x, name) else { return nil }
  return produce(on: x.engine) { () throws(Failure) -> Value in try body(x) }
}

@inline(never) func binary(
  _ name: StaticString, _ a: OpaquePointer?, _ b: OpaquePointer?, _ body: (Value, Value) throws(Failure) -> Value
) -> OpaquePointer? {
  guard let a = take(a, name, beside: b.flatMap { Handle($0).engine }), let b = take(b, name, beside: a.engine) else { return nil }
  return produce(on: a.engine) { () throws(Failure) -> Value in try body(a, b) }
}

@inline(never) func ternary(
  _ name: StaticString, _ a: OpaquePointer?, _ b: OpaquePointer?, _ c: OpaquePointer?,
  _ body: (Value, Value, Value) throws(Failure) -> Value
) -> OpaquePointer? {
  guard let a = take(a, name), let b = take(b, name, beside: a.engine), let c = take(c, name, beside: a.engine) else { return nil }
  return produce(on: a.engine) { () throws(Failure) -> Value in try body(a, b, c) }
}

@inline(__always) func produce(on engine: Engine, _ body: () throws(Failure) -> Value) -> OpaquePointer? {
  do throws(Failure) { return try body().handle.pointer } catch {
    engine.record(error)
    return nil
  }
}

/// An operation that only has a status.
@inline(never) func perform(on engine: Engine, _ body: () throws(Failure) -> Void) -> bp_status {
  do throws(Failure) {
    try body()
    return 0
  } catch {
    engine.record(error)
    return error.code.rawValue
  }
}

let handleError = Failure.Code.handle.rawValue

/// An optional operand: NULL is none, anything else must be live.
func optional(_ p: OpaquePointer?, _ name: StaticString) throws(Failure) -> Value? {
  guard let p else { return nil }
  if let v = Handle(p).asValue { return v }
  throw Failure(.handle, "\(name): not a live tensor (released, destroyed, or never one)")
}

// MARK: Arguments

/// A number for which BP_NONE means none.
func given(_ i: Int64) -> Int? { i == .min ? nil : Int(i) }

/// A list of sizes or dimensions.
func list(_ n: Int32, _ p: UnsafePointer<Int64>?, _ name: StaticString) throws(Failure) -> Dims {
  if n < 0 || n > 8 { throw Failure(.shape, "\(name): \(Int(n)) dimensions given, wanted 0 to 8") }
  var d = Dims()
  if n == 0 { return d }
  guard let p else { throw Failure(.argument, "\(name): the list of \(Int(n)) sizes or dimensions is NULL") }
  var i = 0
  while i < Int(n) { d.append(Int(p[i])); i += 1 }
  return d
}

func type(_ raw: bp_dtype, _ name: StaticString) throws(Failure) -> DType {
  if raw >= 0, raw < 8, let t = DType(rawValue: UInt8(raw)) { return t }
  throw Failure(.dtype, "\(name): \(Int(raw)) is no dtype")
}

func convert(_ raw: bp_reduction, _ name: StaticString) throws(Failure) -> Reduction {
  if let r = Reduction(rawValue: raw), r != .batchMean { return r }
  throw Failure(.argument, "\(name): reduction \(Int(raw)) is none of none (0), mean (1), sum (2)")
}

/// A list of live tensors, as a buffer that lives for the call of `body`.
func withValues<T>(
  _ n: Int32, _ p: UnsafePointer<OpaquePointer?>?, _ name: StaticString, _ body: (UnsafeBufferPointer<Value>) throws(Failure) -> T
) throws(Failure) -> T {
  if n < 0 { throw Failure(.argument, "\(name): the number of tensors is negative: \(Int(n))") }
  if n == 0 { return try body(UnsafeBufferPointer(start: nil, count: 0)) }
  guard let p else { throw Failure(.argument, "\(name): the list of \(Int(n)) tensors is NULL") }
  func value(_ i: Int) throws(Failure) -> Value {
    if let h = p[i], let v = Handle(h).asValue { return v }
    throw Failure(.handle, "\(name): number \(i) of the list is not a live tensor")
  }
  return try value(0).engine.withScratch(of: Value.self, count: Int(n), for: name) { (values) throws(Failure) -> T in
    var i = 0
    while i < Int(n) {
      (values + i).initialize(to: try value(i))
      i += 1
    }
    return try body(UnsafeBufferPointer(start: values, count: Int(n)))
  }
}

/// A list of tensors in which NULL stands for none, as a buffer that lives for the call of `body`.
func withOptionals<T>(
  on e: Engine, _ n: Int32, _ p: UnsafePointer<OpaquePointer?>?, _ name: StaticString, _ body: (UnsafeBufferPointer<Value?>) throws(Failure) -> T
) throws(Failure) -> T {
  if n < 0 || n > 8 { throw Failure(.argument, "\(name): \(Int(n)) index tensors given, wanted 0 to 8") }
  if n > 0 && p == nil { throw Failure(.argument, "\(name): the list of \(Int(n)) index tensors is NULL") }
  return try e.withScratch(of: Value?.self, count: 8, for: name) { (values) throws(Failure) -> T in
    var i = 0
    while i < Int(n) {
      (values + i).initialize(to: try optional(p?[i], name))
      i += 1
    }
    return try body(UnsafeBufferPointer(start: values, count: Int(n)))
  }
}

/// The context of the first live tensor in a list, for recording errors on.
func engine(of p: UnsafePointer<OpaquePointer?>?, _ n: Int32) -> Engine? {
  guard let p, n > 0 else { return nil }
  var i = 0
  while i < Int(n) {
    if let h = p[i], let e = Handle(h).engine { return e }
    i += 1
  }
  return nil
}

/// Refuses an option struct from another version of the header. `known`: the size this library was built with.
func checkSize(_ size: UInt32, _ known: Int, _ name: StaticString) throws(Failure) {
  if Int(size) != known {
    throw Failure(.argument, "\(name): struct_size is \(Int(size)), wanted \(known); initialise the options with its BP_…_INIT")
  }
}

func text(_ s: StaticString) -> UnsafePointer<CChar> {
  UnsafeRawPointer(s.utf8Start).assumingMemoryBound(to: CChar.self)
}
