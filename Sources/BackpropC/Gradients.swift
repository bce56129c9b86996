// Section 7: gradients.
import Backprop
import CBackprop

@_cdecl("bp_set_requires_grad") @implementation public func bp_set_requires_grad(_ t: OpaquePointer?, _ requires_grad: Int32) -> bp_status {
  guard let v = take(t, "set_requires_grad") else { return handleError }
  return perform(on: v.engine) { () throws(Failure) in try v.setRequiresGrad(requires_grad != 0) }
}
@_cdecl("bp_requires_grad") @implementation public func bp_requires_grad(_ t: OpaquePointer?) -> Int32 {
  take(t, "requires_grad")?.requiresGrad == true ? 1 : 0
}
@_cdecl("bp_is_leaf") @implementation public func bp_is_leaf(_ t: OpaquePointer?) -> Int32 { take(t, "is_leaf")?.isLeaf == true ? 1 : 0 }
@_cdecl("bp_operation_of") @implementation public func bp_operation_of(_ t: OpaquePointer?) -> UnsafePointer<CChar>! {
  take(t, "operation_of")?.operationCString ?? text("")
}
@_cdecl("bp_grad") @implementation public func bp_grad(_ t: OpaquePointer?) -> OpaquePointer? { take(t, "grad")?.gradient?.handle.pointer }
@_cdecl("bp_retain_grad") @implementation public func bp_retain_grad(_ t: OpaquePointer?) -> bp_status {
  guard let v = take(t, "retain_grad") else { return handleError }
  return perform(on: v.engine) { () throws(Failure) in try v.retainGrad() }
}
@_cdecl("bp_retains_grad") @implementation public func bp_retains_grad(_ t: OpaquePointer?) -> Int32 {
  take(t, "retains_grad")?.retainsGrad == true ? 1 : 0
}
@_cdecl("bp_zero_grad") @implementation public func bp_zero_grad(_ t: OpaquePointer?) -> bp_status {
  guard let v = take(t, "zero_grad") else { return handleError }
  v.zeroGrad()
  return 0
}
@_cdecl("bp_detach") @implementation public func bp_detach(_ t: OpaquePointer?) -> OpaquePointer? {
  unary("detach", t) { (x: Value) throws(Failure) -> Value in try x.detach() }
}

private func convert(_ options: UnsafePointer<bp_backward_options>?, _ name: StaticString) throws(Failure) -> BackwardOptions {
  var out = BackwardOptions()
  guard let o = options?.pointee else { return out }
  try checkSize(o.struct_size, MemoryLayout<bp_backward_options>.size, name)
  out.retainGraph = o.retain_graph != 0
  out.createGraph = o.create_graph != 0
  out.allowUnused = o.allow_unused != 0
  out.seed = try optional(o.seed, name)
  return out
}

@_cdecl("bp_backward") @implementation public func bp_backward(_ loss: OpaquePointer?) -> bp_status { bp_backward_with(loss, nil) }
@_cdecl("bp_backward_with") @implementation public func bp_backward_with(
  _ output: OpaquePointer?, _ options: UnsafePointer<bp_backward_options>?
) -> bp_status {
  guard let v = take(output, "backward") else { return handleError }
  return perform(on: v.engine) { () throws(Failure) in try v.engine.backward(v, convert(options, "backward")) }
}
@_cdecl("bp_backward_inputs") @implementation public func bp_backward_inputs(
  _ output: OpaquePointer?, _ n: Int32, _ inputs: UnsafePointer<OpaquePointer?>?, _ options: UnsafePointer<bp_backward_options>?
) -> bp_status {
  guard let v = take(output, "backward", beside: engine(of: inputs, n)) else { return handleError }
  return perform(on: v.engine) { () throws(Failure) in
    if n == 0 { throw Failure(.argument, "backward: the list of inputs is empty") }
    try withValues(n, inputs, "backward") { (values) throws(Failure) in
      try v.engine.backward(v, convert(options, "backward"), { values[$0] }, count: Int(n))
    }
  }
}
@_cdecl("bp_autograd_grad") @implementation public func bp_autograd_grad(
  _ output: OpaquePointer?, _ n: Int32, _ inputs: UnsafePointer<OpaquePointer?>?, _ grads: UnsafeMutablePointer<OpaquePointer?>?,
  _ options: UnsafePointer<bp_backward_options>?
) -> bp_status {
  guard let y = take(output, "grad", beside: engine(of: inputs, n)) else { return handleError }
  return perform(on: y.engine) { () throws(Failure) in
    try withValues(n, inputs, "grad") { (values) throws(Failure) in
      guard let grads, n > 0 else {
        if n == 0 { return }
        throw Failure(.argument, "grad: the array for \(Int(n)) gradients is NULL")
      }
      var i = 0
      while i < Int(n) { grads[i] = nil; i += 1 }
      do throws(Failure) {
        try y.engine.gradients(y, { values[$0] }, count: Int(n), convert(options, "grad")) { (i, g) throws(Failure) in
          grads[i] = g?.handle.pointer
        }
      } catch {
        i = 0
        while i < Int(n) {
          if let g = grads[i] { Handle(g).asValue?.release() }
          grads[i] = nil
          i += 1
        }
        throw error
      }
    }
  }
}

@_cdecl("bp_no_grad_push") @implementation public func bp_no_grad_push(_ ctx: OpaquePointer?) -> bp_status {
  guard let e = takeContext(ctx, "no_grad_push") else { return handleError }
  e.pushNoGrad()
  return 0
}
@_cdecl("bp_no_grad_pop") @implementation public func bp_no_grad_pop(_ ctx: OpaquePointer?) -> bp_status {
  guard let e = takeContext(ctx, "no_grad_pop") else { return handleError }
  return perform(on: e) { () throws(Failure) in try e.popNoGrad() }
}
@_cdecl("bp_is_grad_enabled") @implementation public func bp_is_grad_enabled(_ ctx: OpaquePointer?) -> Int32 {
  takeContext(ctx, "is_grad_enabled")?.isGradEnabled == true ? 1 : 0
}

@_cdecl("bp_gradcheck") @implementation public func bp_gradcheck(
  _ ctx: OpaquePointer?, _ function: bp_gradcheck_function?, _ user: UnsafeMutableRawPointer?, _ n: Int32,
  _ inputs: UnsafePointer<OpaquePointer?>?, _ options: UnsafePointer<bp_gradcheck_options>?
) -> bp_status {
  guard let e = takeContext(ctx, "gradcheck") else { return handleError }
  return perform(on: e) { () throws(Failure) in
    guard let function else { throw Failure(.argument, "gradcheck: the function is NULL") }
    var o = GradCheckOptions()
    if let given = options?.pointee {
      try checkSize(given.struct_size, MemoryLayout<bp_gradcheck_options>.size, "gradcheck")
      o.secondOrder = given.second_order != 0
      o.eps = given.eps
      o.atol = given.atol
      o.rtol = given.rtol
    }
    try withValues(n, inputs, "gradcheck") { (values) throws(Failure) in
      try e.gradCheck(values, o) { () throws(Failure) -> Value in
        var out: OpaquePointer?
        let code = function(user, inputs, &out)
        if code != 0 { throw Failure(.callback, "gradcheck: the function returned \(Int(code))") }
        if out == nil, e.status != 0 { throw Failure(.callback, "gradcheck: the function failed: \(whole: e.message)") }
        guard let v = take(out, "gradcheck", beside: e) else {
          throw Failure(.handle, "gradcheck: the function's result is not a live tensor")
        }
        return v
      }
    }
  }
}
