// Section 8: element-wise operations.
import Backprop
import CBackprop

@_cdecl("bp_add") @implementation public func bp_add(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("add", a, b) { (a, b) throws(Failure) in try a + b }
}
@_cdecl("bp_sub") @implementation public func bp_sub(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("sub", a, b) { (a, b) throws(Failure) in try a - b }
}
@_cdecl("bp_mul") @implementation public func bp_mul(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("mul", a, b) { (a, b) throws(Failure) in try a * b }
}
@_cdecl("bp_div") @implementation public func bp_div(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("div", a, b) { (a, b) throws(Failure) in try a / b }
}
@_cdecl("bp_pow") @implementation public func bp_pow(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("pow", a, b) { (a, b) throws(Failure) in try a.pow(b) }
}
@_cdecl("bp_maximum") @implementation public func bp_maximum(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("maximum", a, b) { (a, b) throws(Failure) in try a.maximum(b) }
}
@_cdecl("bp_minimum") @implementation public func bp_minimum(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("minimum", a, b) { (a, b) throws(Failure) in try a.minimum(b) }
}
@_cdecl("bp_eq") @implementation public func bp_eq(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("eq", a, b) { (a, b) throws(Failure) in try a.eq(b) }
}
@_cdecl("bp_ne") @implementation public func bp_ne(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("ne", a, b) { (a, b) throws(Failure) in try a.ne(b) }
}
@_cdecl("bp_lt") @implementation public func bp_lt(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("lt", a, b) { (a, b) throws(Failure) in try a.lt(b) }
}
@_cdecl("bp_le") @implementation public func bp_le(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("le", a, b) { (a, b) throws(Failure) in try a.le(b) }
}
@_cdecl("bp_gt") @implementation public func bp_gt(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("gt", a, b) { (a, b) throws(Failure) in try a.gt(b) }
}
@_cdecl("bp_ge") @implementation public func bp_ge(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("ge", a, b) { (a, b) throws(Failure) in try a.ge(b) }
}

@_cdecl("bp_logical_not") @implementation public func bp_logical_not(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("logical_not", x) { (x) throws(Failure) in try x.logicalNot() }
}
@_cdecl("bp_neg") @implementation public func bp_neg(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("neg", x) { (x) throws(Failure) in try -x }
}
@_cdecl("bp_abs") @implementation public func bp_abs(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("abs", x) { (x) throws(Failure) in try x.abs() }
}
@_cdecl("bp_sign") @implementation public func bp_sign(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("sign", x) { (x) throws(Failure) in try x.sign() }
}
@_cdecl("bp_square") @implementation public func bp_square(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("square", x) { (x) throws(Failure) in try x.square() }
}
@_cdecl("bp_sqrt") @implementation public func bp_sqrt(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("sqrt", x) { (x) throws(Failure) in try x.sqrt() }
}
@_cdecl("bp_rsqrt") @implementation public func bp_rsqrt(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("rsqrt", x) { (x) throws(Failure) in try x.rsqrt() }
}
@_cdecl("bp_reciprocal") @implementation public func bp_reciprocal(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("reciprocal", x) { (x) throws(Failure) in try x.reciprocal() }
}
@_cdecl("bp_exp") @implementation public func bp_exp(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("exp", x) { (x) throws(Failure) in try x.exp() }
}
@_cdecl("bp_log") @implementation public func bp_log(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("log", x) { (x) throws(Failure) in try x.log() }
}
@_cdecl("bp_sin") @implementation public func bp_sin(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("sin", x) { (x) throws(Failure) in try x.sin() }
}
@_cdecl("bp_cos") @implementation public func bp_cos(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("cos", x) { (x) throws(Failure) in try x.cos() }
}
@_cdecl("bp_erf") @implementation public func bp_erf(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("erf", x) { (x) throws(Failure) in try x.erf() }
}
@_cdecl("bp_relu") @implementation public func bp_relu(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("relu", x) { (x) throws(Failure) in try x.relu() }
}
@_cdecl("bp_sigmoid") @implementation public func bp_sigmoid(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("sigmoid", x) { (x) throws(Failure) in try x.sigmoid() }
}
@_cdecl("bp_tanh") @implementation public func bp_tanh(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("tanh", x) { (x) throws(Failure) in try x.tanh() }
}
@_cdecl("bp_softplus") @implementation public func bp_softplus(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("softplus", x) { (x) throws(Failure) in try x.softplus() }
}
@_cdecl("bp_gelu") @implementation public func bp_gelu(_ x: OpaquePointer?, _ approximate: Int32) -> OpaquePointer? {
  unary("gelu", x) { (x) throws(Failure) in try x.gelu(approximate: Int(approximate)) }
}
@_cdecl("bp_clamp") @implementation public func bp_clamp(_ x: OpaquePointer?, _ min: Double, _ max: Double) -> OpaquePointer? {
  unary("clamp", x) { (x) throws(Failure) in try x.clamp(min, max) }
}
@_cdecl("bp_where") @implementation public func bp_where(_ condition: OpaquePointer?, _ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  ternary("where", condition, a, b) { (c, a, b) throws(Failure) in try c.select(a, b) }
}
@_cdecl("bp_to") @implementation public func bp_to(_ x: OpaquePointer?, _ dtype: bp_dtype) -> OpaquePointer? {
  unary("to", x) { (x) throws(Failure) in try x.to(type(dtype, "to")) }
}

// MARK: In place: the handle given is the handle returned

@_cdecl("bp_add_") @implementation public func bp_add_(_ t: OpaquePointer?, _ other: OpaquePointer?) -> OpaquePointer? {
  binary("add_", t, other) { (t, x) throws(Failure) in try t.add_(x) }
}
@_cdecl("bp_sub_") @implementation public func bp_sub_(_ t: OpaquePointer?, _ other: OpaquePointer?) -> OpaquePointer? {
  binary("sub_", t, other) { (t, x) throws(Failure) in try t.sub_(x) }
}
@_cdecl("bp_mul_") @implementation public func bp_mul_(_ t: OpaquePointer?, _ other: OpaquePointer?) -> OpaquePointer? {
  binary("mul_", t, other) { (t, x) throws(Failure) in try t.mul_(x) }
}
@_cdecl("bp_div_") @implementation public func bp_div_(_ t: OpaquePointer?, _ other: OpaquePointer?) -> OpaquePointer? {
  binary("div_", t, other) { (t, x) throws(Failure) in try t.div_(x) }
}
@_cdecl("bp_copy_") @implementation public func bp_copy_(_ t: OpaquePointer?, _ source: OpaquePointer?) -> OpaquePointer? {
  binary("copy_", t, source) { (t, x) throws(Failure) in try t.copy_(x) }
}
@_cdecl("bp_fill_") @implementation public func bp_fill_(_ t: OpaquePointer?, _ value: Double) -> OpaquePointer? {
  unary("fill_", t) { (t) throws(Failure) in try t.fill_(value) }
}
