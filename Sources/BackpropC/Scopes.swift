// Section 4: scopes and ownership.
import Backprop
import CBackprop

@_cdecl("bp_scope_push") @implementation public func bp_scope_push(_ ctx: OpaquePointer?) -> bp_status {
  guard let e = takeContext(ctx, "scope_push") else { return handleError }
  return perform(on: e) { () throws(Failure) in try e.pushScope() }
}
@_cdecl("bp_scope_pop") @implementation public func bp_scope_pop(_ ctx: OpaquePointer?) -> bp_status {
  guard let e = takeContext(ctx, "scope_pop") else { return handleError }
  return perform(on: e) { () throws(Failure) in try e.popScope() }
}
@_cdecl("bp_retain") @implementation public func bp_retain(_ t: OpaquePointer?) -> OpaquePointer? {
  guard let v = take(t, "retain") else { return nil }
  v.retain()
  return t
}
@_cdecl("bp_release") @implementation public func bp_release(_ t: OpaquePointer?) {
  guard let t else { return }
  if let v = Handle(t).asValue, v.release() { return }
  if let e = Handle(t).engine {
    e.record(Failure(.handle, "release: not a handle you own (released before, borrowed, or never a tensor)"))
  }
}
