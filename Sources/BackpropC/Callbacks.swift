// Section 7: derivatives beyond one gradient, and functions of the user's that the graph calls.
import Backprop
import CBackprop

@_cdecl("bp_jvp") @implementation public func bp_jvp(
  _ output: OpaquePointer?, _ n: Int32, _ inputs: UnsafePointer<OpaquePointer?>?, _ tangents: UnsafePointer<OpaquePointer?>?,
  _ create_graph: Int32
) -> OpaquePointer? {
  unary("jvp", output) { (y) throws(Failure) in
    try withValues(n, inputs, "jvp") { (x) throws(Failure) in
      try withValues(n, tangents, "jvp") { (t) throws(Failure) in try y.engine.jvp(y, x, t, createGraph: create_graph != 0) }
    }
  }
}
@_cdecl("bp_jacobian") @implementation public func bp_jacobian(_ output: OpaquePointer?, _ input: OpaquePointer?, _ create_graph: Int32) -> OpaquePointer? {
  binary("jacobian", output, input) { (y, x) throws(Failure) in try y.engine.jacobian(y, x, createGraph: create_graph != 0) }
}
@_cdecl("bp_hessian") @implementation public func bp_hessian(_ output: OpaquePointer?, _ input: OpaquePointer?, _ create_graph: Int32) -> OpaquePointer? {
  binary("hessian", output, input) { (y, x) throws(Failure) in try y.engine.hessian(y, x, createGraph: create_graph != 0) }
}

private func addHook(
  _ name: StaticString, _ t: OpaquePointer?, _ hook: bp_hook?, _ user: UnsafeMutableRawPointer?,
  _ release: (@convention(c) (UnsafeMutableRawPointer?) -> Void)?, late: Bool
) -> Int64 {
  guard let v = take(t, name) else { return Int64(handleError) }
  do throws(Failure) { return Int64(try v.addHook(hook, user, release, late: late)) } catch {
    v.engine.record(error)
    return Int64(error.code.rawValue)
  }
}
@_cdecl("bp_register_hook") @implementation public func bp_register_hook(
  _ t: OpaquePointer?, _ hook: bp_hook?, _ user: UnsafeMutableRawPointer?, _ release: (@convention(c) (UnsafeMutableRawPointer?) -> Void)?
) -> Int64 {
  addHook("register_hook", t, hook, user, release, late: false)
}
@_cdecl("bp_register_post_accumulate_grad_hook") @implementation public func bp_register_post_accumulate_grad_hook(
  _ t: OpaquePointer?, _ hook: bp_hook?, _ user: UnsafeMutableRawPointer?, _ release: (@convention(c) (UnsafeMutableRawPointer?) -> Void)?
) -> Int64 {
  addHook("register_post_accumulate_grad_hook", t, hook, user, release, late: true)
}
@_cdecl("bp_remove_hook") @implementation public func bp_remove_hook(_ t: OpaquePointer?, _ hook: Int64) -> bp_status {
  guard let v = take(t, "remove_hook") else { return handleError }
  return perform(on: v.engine) { () throws(Failure) in try v.removeHook(Int(hook)) }
}

/// Calls `body` with memory for n results and hands those on; on failure every place is NULL.
private func several(
  _ e: Engine, _ n: Int32, _ results: UnsafeMutablePointer<OpaquePointer?>?, _ name: StaticString,
  _ body: (UnsafeMutablePointer<Value>) throws(Failure) -> Int
) throws(Failure) {
  guard n >= 0 else { throw Failure(.argument, "\(name): the number of outputs is negative: \(Int(n))") }
  guard let results else { throw Failure(.argument, "\(name): the array for \(Int(n)) results is NULL") }
  var i = 0
  while i < Int(n) { results[i] = nil; i += 1 }
  try e.withScratch(of: Value.self, count: Int(n), for: name) { (values) throws(Failure) in
    let count = try body(values)
    var i = 0
    while i < count { results[i] = values[i].handle.pointer; i += 1 }
  }
}

@_cdecl("bp_custom") @implementation public func bp_custom(
  _ ctx: OpaquePointer?, _ n_inputs: Int32, _ inputs: UnsafePointer<OpaquePointer?>?, _ n_outputs: Int32,
  _ outputs: UnsafePointer<OpaquePointer?>?, _ results: UnsafeMutablePointer<OpaquePointer?>?, _ options: UnsafePointer<bp_custom_options>?
) -> bp_status {
  guard let e = takeContext(ctx, "custom") else { return handleError }
  return perform(on: e) { () throws(Failure) in
    guard let given = options?.pointee else { throw Failure(.argument, "custom: the options are NULL") }
    try checkSize(given.struct_size, MemoryLayout<bp_custom_options>.size, "custom")
    var o = CustomOperation()
    o.name = given.name
    o.backward = given.backward
    o.user = given.user
    o.release = given.release
    o.keepsOutputs = given.keep_outputs != 0
    try withValues(n_inputs, inputs, "custom") { (x) throws(Failure) in
      try withValues(n_outputs, outputs, "custom") { (y) throws(Failure) in
        try several(e, n_outputs, results, "custom") { (r) throws(Failure) in
          try e.custom(x, y, o, r)
          return y.count
        }
      }
    }
  }
}

@_cdecl("bp_checkpoint") @implementation public func bp_checkpoint(
  _ ctx: OpaquePointer?, _ function: bp_checkpoint_function?, _ user: UnsafeMutableRawPointer?,
  _ release: (@convention(c) (UnsafeMutableRawPointer?) -> Void)?, _ n_inputs: Int32, _ inputs: UnsafePointer<OpaquePointer?>?,
  _ n_outputs: Int32, _ results: UnsafeMutablePointer<OpaquePointer?>?
) -> bp_status {
  guard let e = takeContext(ctx, "checkpoint") else { return handleError }
  return perform(on: e) { () throws(Failure) in
    try withValues(n_inputs, inputs, "checkpoint") { (x) throws(Failure) in
      try several(e, n_outputs, results, "checkpoint") { (r) throws(Failure) in
        try e.checkpoint(function, user, release, x, r, most: Int(n_outputs))
      }
    }
  }
}
