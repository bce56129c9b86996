// Section 17: modules and initialisers.
import Backprop
import CBackprop
import KernelAPI

private func takeModule(_ p: OpaquePointer?, _ name: StaticString, beside engine: Engine? = nil) -> ModuleValue? {
  if let p, let m = Handle(p).asModule { return m }
  refuse(p, name, "module", engine)
  return nil
}

/// A module's status; `text` must not be NULL where it is wanted.
@inline(never) private func perform(
  _ name: StaticString, _ m: OpaquePointer?, _ body: (ModuleValue) throws(Failure) -> Void
) -> bp_status {
  guard let m = takeModule(m, name) else { return handleError }
  return perform(on: m.engine) { () throws(Failure) in try body(m) }
}
@inline(never) private func produce(
  _ name: StaticString, _ m: OpaquePointer?, _ body: (ModuleValue) throws(Failure) -> Value
) -> OpaquePointer? {
  guard let m = takeModule(m, name) else { return nil }
  return produce(on: m.engine) { () throws(Failure) in try body(m) }
}
private func text(_ p: UnsafePointer<CChar>?, _ what: StaticString, _ name: StaticString) throws(Failure) -> UnsafePointer<CChar> {
  guard let p else { throw Failure(.argument, "\(name): \(what) is NULL") }
  return p
}

// MARK: Life and work

@_cdecl("bp_module_create") @implementation public func bp_module_create(_ ctx: OpaquePointer?, _ description: UnsafePointer<CChar>?) -> OpaquePointer? {
  guard let e = takeContext(ctx, "module_create") else { return nil }
  var made: ModuleValue?
  _ = perform(on: e) { () throws(Failure) in made = try e.module(text(description, "the text", "module_create")) }
  return made?.handle.pointer
}
@_cdecl("bp_module_destroy") @implementation public func bp_module_destroy(_ m: OpaquePointer?) {
  guard let m, let module = Handle(m).asModule else { return }
  _ = perform(on: module.engine) { () throws(Failure) in try module.destroy() }
}
@_cdecl("bp_module_forward") @implementation public func bp_module_forward(_ m: OpaquePointer?, _ x: OpaquePointer?) -> OpaquePointer? {
  guard let m = takeModule(m, "module_forward"), let x = take(x, "module_forward", beside: m.engine) else { return nil }
  return produce(on: m.engine) { () throws(Failure) in
    var one: Value? = x
    return try withUnsafePointer(to: &one) { (p) throws(Failure) in try m.call(UnsafeBufferPointer(start: p, count: 1)) }
  }
}
@_cdecl("bp_module_call") @implementation public func bp_module_call(
  _ m: OpaquePointer?, _ n_in: Int32, _ inputs: UnsafePointer<OpaquePointer?>?, _ n_out: Int32, _ outputs: UnsafeMutablePointer<OpaquePointer?>?
) -> bp_status {
  let name: StaticString = "module_call"
  return perform(name, m) { (m) throws(Failure) in
    guard let outputs, n_out > 0 else { throw Failure(.argument, "\(name): wanted a list of at least one result") }
    if n_out > 5 { throw Failure(.argument, "\(name): no module has \(Int(n_out)) results") }
    var i = 0
    while i < Int(n_out) { outputs[i] = nil; i += 1 }
    if n_in < 0 || n_in > 8 { throw Failure(.argument, "\(name): no module takes \(Int(n_in)) inputs") }
    guard let inputs else { throw Failure(.argument, "\(name): the list of inputs is NULL") }
    var values = InlineArray<8, Value?>(repeating: nil)
    i = 0
    while i < Int(n_in) { values[i] = try optional(inputs[i], name); i += 1 }
    try withUnsafePointer(to: &values) { (p) throws(Failure) in
      let first = UnsafeRawPointer(p).assumingMemoryBound(to: Value?.self)
      let y = try m.call(UnsafeBufferPointer(start: first, count: Int(n_in)), wanted: Int(n_out)) { outputs[$0] = $1.handle.pointer }
      outputs[0] = y.handle.pointer
    }
  }
}
@_cdecl("bp_module_train") @implementation public func bp_module_train(_ m: OpaquePointer?, _ mode: Int32) -> bp_status {
  perform("module_train", m) { (m) throws(Failure) in try m.train(mode != 0) }
}
@_cdecl("bp_module_is_training") @implementation public func bp_module_is_training(_ m: OpaquePointer?) -> Int32 {
  takeModule(m, "module_is_training").map { $0.training ? 1 : 0 } ?? -1
}
@_cdecl("bp_module_to") @implementation public func bp_module_to(_ m: OpaquePointer?, _ dtype: bp_dtype) -> bp_status {
  perform("module_to", m) { (m) throws(Failure) in try m.convert(to: type(dtype, "module_to")) }
}
@_cdecl("bp_module_requires_grad_") @implementation public func bp_module_requires_grad_(_ m: OpaquePointer?, _ flag: Int32) -> bp_status {
  perform("module_requires_grad_", m) { (m) throws(Failure) in try m.setRequiresGrad(flag != 0) }
}
@_cdecl("bp_module_zero_grad") @implementation public func bp_module_zero_grad(_ m: OpaquePointer?) -> bp_status {
  perform("module_zero_grad", m) { (m) throws(Failure) in try m.zeroGrad() }
}
@_cdecl("bp_optimizer_add_module") @implementation public func bp_optimizer_add_module(_ opt: OpaquePointer?, _ m: OpaquePointer?) -> bp_status {
  guard let o = takeOptimizer(opt, "optimizer_add_module"), let m = takeModule(m, "optimizer_add_module", beside: o.engine) else { return handleError }
  return perform(on: o.engine) { () throws(Failure) in try o.add(m) }
}

// MARK: What is in it

private func count(_ m: OpaquePointer?, _ name: StaticString, parametersOnly: Bool) -> Int32 {
  var n = -1
  _ = perform(name, m) { (m) throws(Failure) in n = try m.count(parametersOnly: parametersOnly) }
  return Int32(truncatingIfNeeded: n)
}
private func listedName(_ m: OpaquePointer?, _ i: Int32, _ name: StaticString, parametersOnly: Bool) -> UnsafePointer<CChar>? {
  var found: UnsafePointer<CChar>?
  _ = perform(name, m) { (m) throws(Failure) in found = try m.name(Int(i), parametersOnly: parametersOnly) }
  return found
}
@_cdecl("bp_module_parameter_count") @implementation public func bp_module_parameter_count(_ m: OpaquePointer?) -> Int32 {
  count(m, "module_parameter_count", parametersOnly: true)
}
@_cdecl("bp_module_parameter") @implementation public func bp_module_parameter(_ m: OpaquePointer?, _ i: Int32) -> OpaquePointer? {
  produce("module_parameter", m) { (m) throws(Failure) in try m.tensor(Int(i), parametersOnly: true) }
}
@_cdecl("bp_module_parameter_name") @implementation public func bp_module_parameter_name(_ m: OpaquePointer?, _ i: Int32) -> UnsafePointer<CChar>? {
  listedName(m, i, "module_parameter_name", parametersOnly: true)
}
@_cdecl("bp_module_state_count") @implementation public func bp_module_state_count(_ m: OpaquePointer?) -> Int32 {
  count(m, "module_state_count", parametersOnly: false)
}
@_cdecl("bp_module_state") @implementation public func bp_module_state(_ m: OpaquePointer?, _ i: Int32) -> OpaquePointer? {
  produce("module_state", m) { (m) throws(Failure) in try m.tensor(Int(i), parametersOnly: false) }
}
@_cdecl("bp_module_state_name") @implementation public func bp_module_state_name(_ m: OpaquePointer?, _ i: Int32) -> UnsafePointer<CChar>? {
  listedName(m, i, "module_state_name", parametersOnly: false)
}
@_cdecl("bp_module_get") @implementation public func bp_module_get(_ m: OpaquePointer?, _ path: UnsafePointer<CChar>?) -> OpaquePointer? {
  produce("module_get", m) { (m) throws(Failure) in try m.tensor(text(path, "the path", "module_get")) }
}
@_cdecl("bp_module_child") @implementation public func bp_module_child(_ m: OpaquePointer?, _ path: UnsafePointer<CChar>?) -> OpaquePointer? {
  var found: ModuleValue?
  _ = perform("module_child", m) { (m) throws(Failure) in found = try m.child(text(path, "the path", "module_child")) }
  return found?.handle.pointer
}
@_cdecl("bp_module_add") @implementation public func bp_module_add(_ m: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ child: OpaquePointer?) -> bp_status {
  guard let parent = takeModule(m, "module_add"), let child = takeModule(child, "module_add", beside: parent.engine) else { return handleError }
  return perform(on: parent.engine) { () throws(Failure) in try parent.add(text(name, "the name", "module_add"), child) }
}
@_cdecl("bp_module_add_parameter") @implementation public func bp_module_add_parameter(
  _ m: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ t: OpaquePointer?
) -> bp_status {
  guard let m = takeModule(m, "module_add_parameter"), let t = take(t, "module_add_parameter", beside: m.engine) else { return handleError }
  return perform(on: m.engine) { () throws(Failure) in try m.addParameter(text(name, "the name", "module_add_parameter"), t) }
}
@_cdecl("bp_module_add_buffer") @implementation public func bp_module_add_buffer(
  _ m: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ t: OpaquePointer?, _ persistent: Int32
) -> bp_status {
  guard let m = takeModule(m, "module_add_buffer"), let t = take(t, "module_add_buffer", beside: m.engine) else { return handleError }
  return perform(on: m.engine) { () throws(Failure) in
    try m.addBuffer(text(name, "the name", "module_add_buffer"), t, persistent: persistent != 0)
  }
}
@_cdecl("bp_module_save") @implementation public func bp_module_save(_ m: OpaquePointer?, _ path: UnsafePointer<CChar>?) -> bp_status {
  perform("module_save", m) { (m) throws(Failure) in try m.save(text(path, "the path", "module_save")) }
}
@_cdecl("bp_module_load") @implementation public func bp_module_load(_ m: OpaquePointer?, _ path: UnsafePointer<CChar>?, _ strict: Int32) -> bp_status {
  perform("module_load", m) { (m) throws(Failure) in try m.load(text(path, "the path", "module_load"), strict: strict != 0) }
}
@_cdecl("bp_module_describe") @implementation public func bp_module_describe(_ m: OpaquePointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int) -> Int64 {
  var length = -1
  _ = perform("module_describe", m) { (m) throws(Failure) in length = try m.describe(buffer, size) }
  return Int64(length)
}
@_cdecl("bp_module_signature") @implementation public func bp_module_signature(_ i: Int32) -> UnsafePointer<CChar>? {
  ModuleTable.signature(Int(i)).map { UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self) }
}

// MARK: Initialisers

private func initialise(_ name: StaticString, _ t: OpaquePointer?, _ body: (Value) throws(Failure) -> Void) -> bp_status {
  guard let v = take(t, name) else { return handleError }
  return perform(on: v.engine) { () throws(Failure) in try body(v) }
}
@_cdecl("bp_init_constant_") @implementation public func bp_init_constant_(_ t: OpaquePointer?, _ value: Double) -> bp_status {
  initialise("init_constant_", t) { (v) throws(Failure) in try v.initConstant(value) }
}
@_cdecl("bp_init_uniform_") @implementation public func bp_init_uniform_(_ t: OpaquePointer?, _ a: Double, _ b: Double) -> bp_status {
  initialise("init_uniform_", t) { (v) throws(Failure) in try v.initUniform(a, b) }
}
@_cdecl("bp_init_normal_") @implementation public func bp_init_normal_(_ t: OpaquePointer?, _ mean: Double, _ std: Double) -> bp_status {
  initialise("init_normal_", t) { (v) throws(Failure) in try v.initNormal(mean, std) }
}
@_cdecl("bp_init_trunc_normal_") @implementation public func bp_init_trunc_normal_(
  _ t: OpaquePointer?, _ mean: Double, _ std: Double, _ a: Double, _ b: Double
) -> bp_status {
  initialise("init_trunc_normal_", t) { (v) throws(Failure) in try v.initTruncatedNormal(mean, std, a, b) }
}
@_cdecl("bp_init_xavier_uniform_") @implementation public func bp_init_xavier_uniform_(_ t: OpaquePointer?, _ gain: Double) -> bp_status {
  initialise("init_xavier_uniform_", t) { (v) throws(Failure) in try v.initXavier(uniform: true, gain: gain) }
}
@_cdecl("bp_init_xavier_normal_") @implementation public func bp_init_xavier_normal_(_ t: OpaquePointer?, _ gain: Double) -> bp_status {
  initialise("init_xavier_normal_", t) { (v) throws(Failure) in try v.initXavier(uniform: false, gain: gain) }
}
private func kaiming(
  _ name: StaticString, uniform: Bool, _ t: OpaquePointer?, _ a: Double, _ mode: bp_fan_mode, _ nonlinearity: UnsafePointer<CChar>?
) -> bp_status {
  initialise(name, t) { (v) throws(Failure) in
    guard let m = FanMode(rawValue: Int(mode)) else { throw Failure(.argument, "\(name): mode \(Int(mode)) is neither fan_in (0) nor fan_out (1)") }
    try v.initKaiming(uniform: uniform, a: a, m, text(nonlinearity, "nonlinearity", name))
  }
}
@_cdecl("bp_init_kaiming_uniform_") @implementation public func bp_init_kaiming_uniform_(
  _ t: OpaquePointer?, _ a: Double, _ mode: bp_fan_mode, _ nonlinearity: UnsafePointer<CChar>?
) -> bp_status { kaiming("init_kaiming_uniform_", uniform: true, t, a, mode, nonlinearity) }
@_cdecl("bp_init_kaiming_normal_") @implementation public func bp_init_kaiming_normal_(
  _ t: OpaquePointer?, _ a: Double, _ mode: bp_fan_mode, _ nonlinearity: UnsafePointer<CChar>?
) -> bp_status { kaiming("init_kaiming_normal_", uniform: false, t, a, mode, nonlinearity) }
@_cdecl("bp_init_orthogonal_") @implementation public func bp_init_orthogonal_(_ t: OpaquePointer?, _ gain: Double) -> bp_status {
  initialise("init_orthogonal_", t) { (v) throws(Failure) in try v.initOrthogonal(gain: gain) }
}
@_cdecl("bp_init_sparse_") @implementation public func bp_init_sparse_(_ t: OpaquePointer?, _ sparsity: Double, _ std: Double) -> bp_status {
  initialise("init_sparse_", t) { (v) throws(Failure) in try v.initSparse(sparsity, std: std) }
}
@_cdecl("bp_init_eye_") @implementation public func bp_init_eye_(_ t: OpaquePointer?) -> bp_status {
  initialise("init_eye_", t) { (v) throws(Failure) in try v.initEye() }
}
@_cdecl("bp_init_dirac_") @implementation public func bp_init_dirac_(_ t: OpaquePointer?, _ groups: Int64) -> bp_status {
  initialise("init_dirac_", t) { (v) throws(Failure) in try v.initDirac(groups: Int(groups)) }
}
@_cdecl("bp_calculate_gain") @implementation public func bp_calculate_gain(_ nonlinearity: UnsafePointer<CChar>?, _ param: Double) -> Double {
  nonlinearity.flatMap { calculateGain($0, param) } ?? .nan
}
