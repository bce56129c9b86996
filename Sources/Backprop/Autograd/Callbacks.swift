// Functions of the user's that the graph calls: gradients of custom operations, and hooks. They run with scopes of their own and may
// use the context; what they were given to keep is released when the tensor they hang on is gone.
import CShim
import KernelAPI

/// (user, outputs, gradients of the outputs, gradients of the inputs to be written) → 0, or non-zero to stop.
package typealias CustomBackward = @convention(c) (
  UnsafeMutableRawPointer?, UnsafePointer<OpaquePointer?>?, UnsafePointer<OpaquePointer?>?, UnsafeMutablePointer<OpaquePointer?>?
) -> Int32
/// (user, gradient or leaf, what replaces the gradient) → 0, or non-zero to stop.
package typealias HookFunction = @convention(c) (UnsafeMutableRawPointer?, OpaquePointer?, UnsafeMutablePointer<OpaquePointer?>?) -> Int32
package typealias Release = @convention(c) (UnsafeMutableRawPointer?) -> Void

struct Callback {
  enum State: UInt8 { case free, live, doomed }
  /// Of a custom operation. The first field: where the record lies, the name lies.
  var name = InlineArray<48, CChar>(repeating: 0)
  var state: State
  /// Of a hook: called after the gradient was added to the leaf's.
  var isLate = false
  /// The tensor's next hook; the next of those to be released.
  var next: UInt32 = 0
  var serial = 0
  var user: UnsafeMutableRawPointer?
  var release: Release?
  var hook: HookFunction?
  var backward: CustomBackward?
  /// Of a custom operation: what it gave.
  var outputs: UnsafeMutablePointer<CustomOutput>?
  var outputsSize = 0, outputCount = 0
}

extension Engine {
  func callback(_ i: UInt32) -> UnsafeMutablePointer<Callback> { state.pointee.callbacks[i] }

  func makeCallback(_ c: Callback, for name: StaticString) throws(Failure) -> UInt32 {
    let i = state.pointee.callbacks.take()
    if i == 0 { throw .memory(name, bytes: MemoryLayout<Callback>.stride) }
    callback(i).initialize(to: c)
    return i
  }

  /// Runs a user's function: with its own scopes, recording or not as we do. Whatever it leaves open is closed.
  @inline(never) func callOut(_ what: UnsafePointer<CChar>, _ body: () throws(Failure) -> Int32) throws(Failure) {
    let s = state, floor = s.pointee.scopeFloor, depth = s.pointee.noGradDepth
    s.pointee.scopeFloor = s.pointee.scopes.count
    s.pointee.callDepth += 1
    s.pointee.noGradDepth = depth == 0 ? 0 : 1
    let before = status
    defer {
      while s.pointee.scopes.count > s.pointee.scopeFloor { do throws(Failure) { try popScope() } catch { break } }
      s.pointee.scopeFloor = floor
      s.pointee.callDepth -= 1
      s.pointee.noGradDepth = depth
    }
    let code = try body()
    if code == 0 { return }
    if before == 0, status != 0 {
      // The sentence of what went wrong inside becomes ours, and the context forgets it.
      var inner = InlineArray<256, CChar>(repeating: 0)
      withUnsafeMutablePointer(to: &inner) {
        let p = UnsafeMutableRawPointer($0)
        memcpy(p, UnsafeRawPointer(message), MessageWriter.capacity)
      }
      let code = status == Failure.Code.memory.rawValue ? Failure.Code.memory : .callback
      clearError()
      throw withUnsafePointer(to: &inner) {
        Failure(code, "\(cString: what): the function failed: \(whole: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))")
      }
    }
    throw Failure(.callback, "\(cString: what): the function returned \(Int(code))")
  }

  package var isCallingOut: Bool { state.pointee.callDepth > 0 }

  // MARK: The end of a callback

  /// Its tensor is gone. The user is told when the lists of what is being freed are in order again.
  func doom(_ i: UInt32) {
    let c = callback(i)
    if c.pointee.state != .live { return }
    c.pointee.state = .doomed
    c.pointee.next = state.pointee.doomed
    state.pointee.doomed = i
  }

  func doomHooks(_ s: UnsafeMutablePointer<Slot>) {
    var h = s.pointee.hooks
    s.pointee.hooks = 0
    while h != 0 {
      let next = callback(h).pointee.next
      doom(h)
      h = next
    }
  }

  @inline(never) func releaseDoomed() {
    while state.pointee.doomed != 0 {
      let i = state.pointee.doomed, c = callback(i).pointee
      state.pointee.doomed = c.next
      end(i)
      state.pointee.callbacks.give(i)
    }
  }

  private func end(_ i: UInt32) {
    let c = callback(i).pointee
    callback(i).pointee.state = .free
    if let p = c.outputs { state.pointee.allocator.release(UnsafeMutableRawPointer(p), size: c.outputsSize) }
    c.release?(c.user)
  }

  func destroyCallbacks() {
    releaseDoomed()
    var i: UInt32 = 1
    while i < state.pointee.callbacks.limit {
      if callback(i).pointee.state == .live { end(i) }
      i += 1
    }
  }
}

// MARK: Hooks

extension Value {
  /// `hook` sees the gradient of this tensor in every walk, once it is complete, and may replace it; with `late` it sees the leaf
  /// after that was added to its gradient. Returns a number to remove it by.
  package func addHook(_ hook: HookFunction?, _ user: UnsafeMutableRawPointer?, _ release: Release?, late: Bool) throws(Failure) -> Int {
    let name: StaticString = late ? "register_post_accumulate_grad_hook" : "register_hook"
    guard let hook else { throw .argument("\(name): the function is NULL") }
    if !requiresGrad { throw .graph("\(name): tensor of shape \(shape) does not require a gradient") }
    if late, !isLeaf { throw .graph("\(name): tensor of shape \(shape) is not a leaf, it was computed by '\(operationName)'") }
    engine.state.pointee.hookSerial += 1
    let serial = engine.state.pointee.hookSerial
    let i = try engine.makeCallback(
      Callback(state: .live, isLate: late, serial: serial, user: user, release: release, hook: hook), for: name)
    var link = slot.pointee.hooks
    if link == 0 { slot.pointee.hooks = i } else {
      while engine.callback(link).pointee.next != 0 { link = engine.callback(link).pointee.next }
      engine.callback(link).pointee.next = i
    }
    return serial
  }

  package func removeHook(_ serial: Int) throws(Failure) {
    var h = slot.pointee.hooks, before: UInt32 = 0
    while h != 0, engine.callback(h).pointee.serial != serial {
      before = h
      h = engine.callback(h).pointee.next
    }
    if h == 0 { throw .argument("remove_hook: tensor of shape \(shape) has no hook \(serial)") }
    let next = engine.callback(h).pointee.next
    if before == 0 { slot.pointee.hooks = next } else { engine.callback(before).pointee.next = next }
    engine.doom(h)
    engine.releaseDoomed()
  }

  /// Makes a computed tensor keep its gradient as leaves do.
  package func retainGrad() throws(Failure) {
    if !requiresGrad { throw .graph("retain_grad: tensor of shape \(shape) does not require a gradient") }
    if !isLeaf { slot.pointee.flags.insert(.retainsGrad) }
  }
  package var retainsGrad: Bool { slot.pointee.flags.contains(.retainsGrad) }
}

extension Engine {
  /// Calls `body` with each hook of a tensor of one kind; hooks may come and go meanwhile.
  private func eachHook(_ i: UInt32, late: Bool, _ body: (Callback) throws(Failure) -> Void) throws(Failure) {
    var last = 0
    while true {
      var h = slot(i).pointee.hooks
      while h != 0, callback(h).pointee.serial <= last || callback(h).pointee.isLate != late { h = callback(h).pointee.next }
      if h == 0 { return }
      last = callback(h).pointee.serial
      try body(callback(h).pointee)
    }
  }

  func runHooks(_ i: UInt32) throws(Failure) {
    try eachHook(i, late: false) { (c) throws(Failure) in
      try scopedWork { () throws(Failure) in
        let g = try Value(engine: self, index: slot(i).pointee.pending).again()
        var out: OpaquePointer?
        try callOut(("hook" as StaticString).cString) { () throws(Failure) in c.hook.map { $0(c.user, g.handle.pointer, &out) } ?? 0 }
        guard let out else { return }
        guard let v = Handle(out).asValue, v.engine == self else { throw Failure(.handle, "hook: what replaces the gradient is not a live tensor of this context") }
        if v.shape != g.shape { throw .shape("hook: the gradient has shape \(g.shape), what replaces it \(v.shape)") }
        if v.dtype != g.dtype { throw .dtype("hook: the gradient is \(g.dtype), what replaces it \(v.dtype)") }
        hold(v.index)
        slot(i).pointee.pending = v.index
        drop(g.index, value: true)
      }
    }
  }

  /// After the leaves of a walk have their gradients.
  func runLateHooks(_ i: UInt32) throws(Failure) {
    try eachHook(i, late: true) { (c) throws(Failure) in
      try scopedWork { () throws(Failure) in
        let leaf = try Value(engine: self, index: i).again()
        var unused: OpaquePointer?
        try callOut(("post_accumulate_grad_hook" as StaticString).cString) { () throws(Failure) in c.hook.map { $0(c.user, leaf.handle.pointer, &unused) } ?? 0 }
      }
    }
  }
}
