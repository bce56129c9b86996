// Section 8, continued: functions of one and two numbers, whole numbers, truth.
import Backprop
import CBackprop

@_cdecl("bp_exp2") @implementation public func bp_exp2(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("exp2", x) { (x) throws(Failure) in try x.exp2() }
}
@_cdecl("bp_expm1") @implementation public func bp_expm1(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("expm1", x) { (x) throws(Failure) in try x.expm1() }
}
@_cdecl("bp_log2") @implementation public func bp_log2(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("log2", x) { (x) throws(Failure) in try x.log2() }
}
@_cdecl("bp_log10") @implementation public func bp_log10(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("log10", x) { (x) throws(Failure) in try x.log10() }
}
@_cdecl("bp_log1p") @implementation public func bp_log1p(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("log1p", x) { (x) throws(Failure) in try x.log1p() }
}
@_cdecl("bp_tan") @implementation public func bp_tan(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("tan", x) { (x) throws(Failure) in try x.tan() }
}
@_cdecl("bp_asin") @implementation public func bp_asin(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("asin", x) { (x) throws(Failure) in try x.asin() }
}
@_cdecl("bp_acos") @implementation public func bp_acos(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("acos", x) { (x) throws(Failure) in try x.acos() }
}
@_cdecl("bp_atan") @implementation public func bp_atan(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("atan", x) { (x) throws(Failure) in try x.atan() }
}
@_cdecl("bp_sinh") @implementation public func bp_sinh(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("sinh", x) { (x) throws(Failure) in try x.sinh() }
}
@_cdecl("bp_cosh") @implementation public func bp_cosh(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("cosh", x) { (x) throws(Failure) in try x.cosh() }
}
@_cdecl("bp_asinh") @implementation public func bp_asinh(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("asinh", x) { (x) throws(Failure) in try x.asinh() }
}
@_cdecl("bp_acosh") @implementation public func bp_acosh(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("acosh", x) { (x) throws(Failure) in try x.acosh() }
}
@_cdecl("bp_atanh") @implementation public func bp_atanh(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("atanh", x) { (x) throws(Failure) in try x.atanh() }
}
@_cdecl("bp_erfc") @implementation public func bp_erfc(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("erfc", x) { (x) throws(Failure) in try x.erfc() }
}
@_cdecl("bp_erfinv") @implementation public func bp_erfinv(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("erfinv", x) { (x) throws(Failure) in try x.erfinv() }
}
@_cdecl("bp_erfcx") @implementation public func bp_erfcx(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("erfcx", x) { (x) throws(Failure) in try x.erfcx() }
}
@_cdecl("bp_ndtri") @implementation public func bp_ndtri(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("ndtri", x) { (x) throws(Failure) in try x.ndtri() }
}
@_cdecl("bp_log_ndtr") @implementation public func bp_log_ndtr(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("log_ndtr", x) { (x) throws(Failure) in try x.logNdtr() }
}
@_cdecl("bp_lgamma") @implementation public func bp_lgamma(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("lgamma", x) { (x) throws(Failure) in try x.lgamma() }
}
@_cdecl("bp_digamma") @implementation public func bp_digamma(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("digamma", x) { (x) throws(Failure) in try x.digamma() }
}
@_cdecl("bp_i0") @implementation public func bp_i0(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("i0", x) { (x) throws(Failure) in try x.i0() }
}
@_cdecl("bp_i0e") @implementation public func bp_i0e(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("i0e", x) { (x) throws(Failure) in try x.i0e() }
}
@_cdecl("bp_i1") @implementation public func bp_i1(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("i1", x) { (x) throws(Failure) in try x.i1() }
}
@_cdecl("bp_i1e") @implementation public func bp_i1e(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("i1e", x) { (x) throws(Failure) in try x.i1e() }
}
@_cdecl("bp_floor") @implementation public func bp_floor(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("floor", x) { (x) throws(Failure) in try x.floor() }
}
@_cdecl("bp_ceil") @implementation public func bp_ceil(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("ceil", x) { (x) throws(Failure) in try x.ceil() }
}
@_cdecl("bp_trunc") @implementation public func bp_trunc(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("trunc", x) { (x) throws(Failure) in try x.trunc() }
}
@_cdecl("bp_frac") @implementation public func bp_frac(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("frac", x) { (x) throws(Failure) in try x.frac() }
}
@_cdecl("bp_sinc") @implementation public func bp_sinc(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("sinc", x) { (x) throws(Failure) in try x.sinc() }
}
@_cdecl("bp_deg2rad") @implementation public func bp_deg2rad(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("deg2rad", x) { (x) throws(Failure) in try x.deg2rad() }
}
@_cdecl("bp_rad2deg") @implementation public func bp_rad2deg(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("rad2deg", x) { (x) throws(Failure) in try x.rad2deg() }
}
@_cdecl("bp_isnan") @implementation public func bp_isnan(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("isnan", x) { (x) throws(Failure) in try x.isnan() }
}
@_cdecl("bp_isinf") @implementation public func bp_isinf(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("isinf", x) { (x) throws(Failure) in try x.isinf() }
}
@_cdecl("bp_isfinite") @implementation public func bp_isfinite(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("isfinite", x) { (x) throws(Failure) in try x.isfinite() }
}
@_cdecl("bp_signbit") @implementation public func bp_signbit(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("signbit", x) { (x) throws(Failure) in try x.signbit() }
}
@_cdecl("bp_bitwise_not") @implementation public func bp_bitwise_not(_ x: OpaquePointer?) -> OpaquePointer? {
  unary("bitwise_not", x) { (x) throws(Failure) in try x.bitwiseNot() }
}
@_cdecl("bp_polygamma") @implementation public func bp_polygamma(_ n: Int64, _ x: OpaquePointer?) -> OpaquePointer? {
  unary("polygamma", x) { (x) throws(Failure) in try x.polygamma(Int(n)) }
}
@_cdecl("bp_logit") @implementation public func bp_logit(_ x: OpaquePointer?, _ eps: Double) -> OpaquePointer? {
  unary("logit", x) { (x) throws(Failure) in try x.logit(eps: eps) }
}
@_cdecl("bp_round") @implementation public func bp_round(_ x: OpaquePointer?, _ decimals: Int64) -> OpaquePointer? {
  unary("round", x) { (x) throws(Failure) in try x.round(decimals: Int(decimals)) }
}
@_cdecl("bp_nan_to_num") @implementation public func bp_nan_to_num(_ x: OpaquePointer?, _ nan: Double, _ posinf: Double, _ neginf: Double) -> OpaquePointer? {
  unary("nan_to_num", x) { (x) throws(Failure) in try x.nanToNum(nan: nan, positive: posinf, negative: neginf) }
}

@_cdecl("bp_atan2") @implementation public func bp_atan2(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("atan2", a, b) { (a, b) throws(Failure) in try a.atan2(b) }
}
@_cdecl("bp_hypot") @implementation public func bp_hypot(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("hypot", a, b) { (a, b) throws(Failure) in try a.hypot(b) }
}
@_cdecl("bp_copysign") @implementation public func bp_copysign(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("copysign", a, b) { (a, b) throws(Failure) in try a.copysign(b) }
}
@_cdecl("bp_nextafter") @implementation public func bp_nextafter(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("nextafter", a, b) { (a, b) throws(Failure) in try a.nextafter(b) }
}
@_cdecl("bp_floor_divide") @implementation public func bp_floor_divide(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("floor_divide", a, b) { (a, b) throws(Failure) in try a.floorDivide(b) }
}
@_cdecl("bp_remainder") @implementation public func bp_remainder(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("remainder", a, b) { (a, b) throws(Failure) in try a.remainder(b) }
}
@_cdecl("bp_fmod") @implementation public func bp_fmod(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("fmod", a, b) { (a, b) throws(Failure) in try a.fmod(b) }
}
@_cdecl("bp_xlogy") @implementation public func bp_xlogy(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("xlogy", a, b) { (a, b) throws(Failure) in try a.xlogy(b) }
}
@_cdecl("bp_logaddexp") @implementation public func bp_logaddexp(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("logaddexp", a, b) { (a, b) throws(Failure) in try a.logaddexp(b) }
}
@_cdecl("bp_logaddexp2") @implementation public func bp_logaddexp2(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("logaddexp2", a, b) { (a, b) throws(Failure) in try a.logaddexp2(b) }
}
@_cdecl("bp_fmax") @implementation public func bp_fmax(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("fmax", a, b) { (a, b) throws(Failure) in try a.fmax(b) }
}
@_cdecl("bp_fmin") @implementation public func bp_fmin(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("fmin", a, b) { (a, b) throws(Failure) in try a.fmin(b) }
}
@_cdecl("bp_clamp_min") @implementation public func bp_clamp_min(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("clamp_min", a, b) { (a, b) throws(Failure) in try a.clampMin(b) }
}
@_cdecl("bp_clamp_max") @implementation public func bp_clamp_max(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("clamp_max", a, b) { (a, b) throws(Failure) in try a.clampMax(b) }
}
@_cdecl("bp_ldexp") @implementation public func bp_ldexp(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("ldexp", a, b) { (a, b) throws(Failure) in try a.ldexp(b) }
}
@_cdecl("bp_float_power") @implementation public func bp_float_power(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("float_power", a, b) { (a, b) throws(Failure) in try a.floatPower(b) }
}
@_cdecl("bp_heaviside") @implementation public func bp_heaviside(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("heaviside", a, b) { (a, b) throws(Failure) in try a.heaviside(b) }
}
@_cdecl("bp_logical_and") @implementation public func bp_logical_and(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("logical_and", a, b) { (a, b) throws(Failure) in try a.logicalAnd(b) }
}
@_cdecl("bp_logical_or") @implementation public func bp_logical_or(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("logical_or", a, b) { (a, b) throws(Failure) in try a.logicalOr(b) }
}
@_cdecl("bp_logical_xor") @implementation public func bp_logical_xor(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("logical_xor", a, b) { (a, b) throws(Failure) in try a.logicalXor(b) }
}
@_cdecl("bp_bitwise_and") @implementation public func bp_bitwise_and(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("bitwise_and", a, b) { (a, b) throws(Failure) in try a.bitwiseAnd(b) }
}
@_cdecl("bp_bitwise_or") @implementation public func bp_bitwise_or(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("bitwise_or", a, b) { (a, b) throws(Failure) in try a.bitwiseOr(b) }
}
@_cdecl("bp_bitwise_xor") @implementation public func bp_bitwise_xor(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("bitwise_xor", a, b) { (a, b) throws(Failure) in try a.bitwiseXor(b) }
}
@_cdecl("bp_bitwise_left_shift") @implementation public func bp_bitwise_left_shift(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("bitwise_left_shift", a, b) { (a, b) throws(Failure) in try a.leftShift(b) }
}
@_cdecl("bp_bitwise_right_shift") @implementation public func bp_bitwise_right_shift(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("bitwise_right_shift", a, b) { (a, b) throws(Failure) in try a.rightShift(b) }
}
@_cdecl("bp_gcd") @implementation public func bp_gcd(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("gcd", a, b) { (a, b) throws(Failure) in try a.gcd(b) }
}
@_cdecl("bp_lcm") @implementation public func bp_lcm(_ a: OpaquePointer?, _ b: OpaquePointer?) -> OpaquePointer? {
  binary("lcm", a, b) { (a, b) throws(Failure) in try a.lcm(b) }
}
@_cdecl("bp_div_rounded") @implementation public func bp_div_rounded(_ a: OpaquePointer?, _ b: OpaquePointer?, _ rounding: bp_rounding) -> OpaquePointer? {
  binary("div", a, b) { (a, b) throws(Failure) in
    switch rounding {
    case 0: return try a / b
    case 1: return try a.truncDivide(b)
    case 2: return try a.floorDivide(b)
    default: throw Failure(.argument, "div: rounding \(Int(rounding)) is none of none (0), trunc (1), floor (2)")
    }
  }
}
@_cdecl("bp_rsub") @implementation public func bp_rsub(_ a: OpaquePointer?, _ b: OpaquePointer?, _ alpha: Double) -> OpaquePointer? {
  binary("rsub", a, b) { (a, b) throws(Failure) in try a.rsub(b, alpha: alpha) }
}
@_cdecl("bp_clamp_tensor") @implementation public func bp_clamp_tensor(_ x: OpaquePointer?, _ min: OpaquePointer?, _ max: OpaquePointer?) -> OpaquePointer? {
  unary("clamp", x) { (x) throws(Failure) in try x.clamp(optional(min, "clamp"), optional(max, "clamp")) }
}
@_cdecl("bp_lerp") @implementation public func bp_lerp(_ a: OpaquePointer?, _ b: OpaquePointer?, _ weight: OpaquePointer?) -> OpaquePointer? {
  ternary("lerp", a, b, weight) { (a, b, w) throws(Failure) in try a.lerp(b, w) }
}
@_cdecl("bp_addcmul") @implementation public func bp_addcmul(_ x: OpaquePointer?, _ a: OpaquePointer?, _ b: OpaquePointer?, _ value: Double) -> OpaquePointer? {
  ternary("addcmul", x, a, b) { (x, a, b) throws(Failure) in try x.addcmul(a, b, value: value) }
}
@_cdecl("bp_addcdiv") @implementation public func bp_addcdiv(_ x: OpaquePointer?, _ a: OpaquePointer?, _ b: OpaquePointer?, _ value: Double) -> OpaquePointer? {
  ternary("addcdiv", x, a, b) { (x, a, b) throws(Failure) in try x.addcdiv(a, b, value: value) }
}
