// y[i] = x[i] in another type, and copies between any strides.
//
// Rules: to a floating type, nearest even (the half types by way of Float, as in PyTorch); to an integer from a floating
// type, truncated and saturated, NaN gives 0; between integers, low bits; to bool, 1 where x ≠ 0 (NaN is not 0). Plain loops:
// the compiler vectorises them, and every conversion is exact or correctly rounded, so the cut does not matter.
import CShim
import KernelAPI

/// An element type as stored, with its value in the types conversions go through.
private protocol Stored {
  associatedtype Bits
  static func float(_ x: Bits) -> Float
  static func double(_ x: Bits) -> Double
  static func integer(_ x: Bits) -> Int64
  static func truth(_ x: Bits) -> Bool
}

@inline(__always) private func saturated(_ x: Double) -> Int64 {
  let low = x > -0x1p63 ? x : -0x1p63
  let inside = low < 0x1p63 ? low : 0
  let r = Int64(inside)
  return x >= 0x1p63 ? Int64.max : x == x ? r : 0
}

/// The 32-bit range and its parts, where the conversion has a vector instruction in every instruction set.
@inline(__always) private func saturated32(_ x: Double, _ low: Double, _ high: Double) -> Int32 {
  let a = x > low ? x : low
  let b = a < high ? a : high
  let r = Int32(b)
  return x == x ? r : 0
}

private enum F32: Stored {
  @inline(__always) static func float(_ x: Float) -> Float { x }
  @inline(__always) static func double(_ x: Float) -> Double { Double(x) }
  @inline(__always) static func integer(_ x: Float) -> Int64 { saturated(Double(x)) }
  @inline(__always) static func truth(_ x: Float) -> Bool { x != 0 }
}
private enum F64: Stored {
  @inline(__always) static func float(_ x: Double) -> Float { Float(x) }
  @inline(__always) static func double(_ x: Double) -> Double { x }
  @inline(__always) static func integer(_ x: Double) -> Int64 { saturated(x) }
  @inline(__always) static func truth(_ x: Double) -> Bool { x != 0 }
}
private enum I64: Stored {
  @inline(__always) static func float(_ x: Int64) -> Float { Float(x) }
  @inline(__always) static func double(_ x: Int64) -> Double { Double(x) }
  @inline(__always) static func integer(_ x: Int64) -> Int64 { x }
  @inline(__always) static func truth(_ x: Int64) -> Bool { x != 0 }
}
private enum I32: Stored {
  @inline(__always) static func float(_ x: Int32) -> Float { Float(x) }
  @inline(__always) static func double(_ x: Int32) -> Double { Double(x) }
  @inline(__always) static func integer(_ x: Int32) -> Int64 { Int64(x) }
  @inline(__always) static func truth(_ x: Int32) -> Bool { x != 0 }
}
private enum U8: Stored {  // and bool
  @inline(__always) static func float(_ x: UInt8) -> Float { Float(x) }
  @inline(__always) static func double(_ x: UInt8) -> Double { Double(x) }
  @inline(__always) static func integer(_ x: UInt8) -> Int64 { Int64(x) }
  @inline(__always) static func truth(_ x: UInt8) -> Bool { x != 0 }
}
private enum F16: Stored {
  @inline(__always) static func float(_ x: UInt16) -> Float { floatOfHalf(x) }
  @inline(__always) static func double(_ x: UInt16) -> Double { Double(floatOfHalf(x)) }
  @inline(__always) static func integer(_ x: UInt16) -> Int64 { saturated(Double(floatOfHalf(x))) }
  @inline(__always) static func truth(_ x: UInt16) -> Bool { x & 0x7fff != 0 }
}
private enum BF16: Stored {
  @inline(__always) static func float(_ x: UInt16) -> Float { Float(bitPattern: UInt32(x) &<< 16) }
  @inline(__always) static func double(_ x: UInt16) -> Double { Double(float(x)) }
  @inline(__always) static func integer(_ x: UInt16) -> Int64 { saturated(Double(float(x))) }
  @inline(__always) static func truth(_ x: UInt16) -> Bool { x & 0x7fff != 0 }
}

// MARK: - Half precision by integer arithmetic, the same in every instruction set (method: F. Giesen, "Float->half variants")

@inline(__always) private func floatOfHalf(_ h: UInt16) -> Float {
  let sign = UInt32(h & 0x8000) &<< 16
  let shifted = UInt32(h & 0x7fff) &<< 13
  let normal = shifted &+ (112 &<< 23)
  let special = shifted &+ (224 &<< 23)  // exponent 31 → 255
  // Subnormal: 2⁻¹⁴·(1 + m) − 2⁻¹⁴ normalises in the subtraction.
  let subnormal = (Float(bitPattern: shifted &+ (113 &<< 23)) - Float(bitPattern: 113 &<< 23)).bitPattern
  let bits = shifted >= 0x0f80_0000 ? special : shifted < 0x0080_0000 ? subnormal : normal
  return Float(bitPattern: bits | sign)
}

@inline(__always) private func halfOfFloat(_ x: Float) -> UInt16 {
  let all = x.bitPattern
  let a = all & 0x7fff_ffff
  // Subnormal or zero: adding ½ lines the last bit up with the rounding position.
  let subnormal = (Float(bitPattern: a) + 0.5).bitPattern &- 0x3f00_0000
  let normal = (a &- (112 &<< 23) &+ 0xfff &+ ((a &>> 13) & 1)) &>> 13
  let special: UInt32 = a > 0x7f80_0000 ? 0x7e00 : 0x7c00
  let bits = a >= 0x4780_0000 ? special : a < 0x3880_0000 ? subnormal : normal
  return UInt16(truncatingIfNeeded: bits | ((all &>> 16) & 0x8000))
}

@inline(__always) private func bfloatOfFloat(_ x: Float) -> UInt16 {
  let b = x.bitPattern
  let rounded = (b &+ 0x7fff &+ ((b &>> 16) & 1)) &>> 16
  let nan = (b &>> 16) | 0x40
  return UInt16(truncatingIfNeeded: b & 0x7fff_ffff > 0x7f80_0000 ? nan : rounded)
}

// MARK: - Conversions

private protocol Conversion {
  associatedtype X
  associatedtype Y
  static func convert(_ x: X) -> Y
}
private enum ToF32<S: Stored>: Conversion { @inline(__always) static func convert(_ x: S.Bits) -> Float { S.float(x) } }
private enum ToF64<S: Stored>: Conversion { @inline(__always) static func convert(_ x: S.Bits) -> Double { S.double(x) } }
private enum ToF16<S: Stored>: Conversion { @inline(__always) static func convert(_ x: S.Bits) -> UInt16 { halfOfFloat(S.float(x)) } }
private enum ToBF16<S: Stored>: Conversion { @inline(__always) static func convert(_ x: S.Bits) -> UInt16 { bfloatOfFloat(S.float(x)) } }
private enum ToBool<S: Stored>: Conversion { @inline(__always) static func convert(_ x: S.Bits) -> UInt8 { S.truth(x) ? 1 : 0 } }
private enum ToI64<S: Stored>: Conversion { @inline(__always) static func convert(_ x: S.Bits) -> Int64 { S.integer(x) } }
private enum FloatToI32<S: Stored>: Conversion {
  @inline(__always) static func convert(_ x: S.Bits) -> Int32 { saturated32(S.double(x), -2_147_483_648, 2_147_483_647) }
}
private enum FloatToU8<S: Stored>: Conversion {
  @inline(__always) static func convert(_ x: S.Bits) -> UInt8 { UInt8(truncatingIfNeeded: saturated32(S.double(x), 0, 255)) }
}
private enum IntToI32<S: Stored>: Conversion {
  @inline(__always) static func convert(_ x: S.Bits) -> Int32 { Int32(truncatingIfNeeded: S.integer(x)) }
}
private enum IntToU8<S: Stored>: Conversion {
  @inline(__always) static func convert(_ x: S.Bits) -> UInt8 { UInt8(truncatingIfNeeded: S.integer(x)) }
}

@inline(__always) private func run<C: Conversion>(_ c: C.Type, _ n: Int, _ x: UnsafeRawPointer, _ y: UnsafeMutableRawPointer) {
  let x = x.assumingMemoryBound(to: C.X.self), y = y.assumingMemoryBound(to: C.Y.self)
  for i in 0..<n { y[i] = C.convert(x[i]) }
}

@inline(__always) private func move(_ n: Int, _ size: Int, _ x: UnsafeRawPointer, _ y: UnsafeMutableRawPointer) {
  memmove(y, x, n &* size)
}

// Loops that stand alone; every other pair goes through a wider type that holds each of its values exactly, or, to the half
// types, through Float as the rule says: 22 loops where 50 would be. The pairs seldom used pay with speed, 2 to 12 times
// while all lies in the first-level cache (4096 elements: 0.2 to 0.5 µs mostly, 1.1 at most, AVX-512).

private typealias Input = UnsafeRawPointer
private typealias Output = UnsafeMutableRawPointer

private func f32ToF64(_ n: Int, _ x: Input, _ y: Output) { run(ToF64<F32>.self, n, x, y) }
private func f32ToI64(_ n: Int, _ x: Input, _ y: Output) { run(ToI64<F32>.self, n, x, y) }
private func f32ToBool(_ n: Int, _ x: Input, _ y: Output) { run(ToBool<F32>.self, n, x, y) }
private func f32ToF16(_ n: Int, _ x: Input, _ y: Output) { run(ToF16<F32>.self, n, x, y) }
private func f32ToBF16(_ n: Int, _ x: Input, _ y: Output) { run(ToBF16<F32>.self, n, x, y) }
private func f64ToF32(_ n: Int, _ x: Input, _ y: Output) { run(ToF32<F64>.self, n, x, y) }
private func f64ToI64(_ n: Int, _ x: Input, _ y: Output) { run(ToI64<F64>.self, n, x, y) }
private func f64ToI32(_ n: Int, _ x: Input, _ y: Output) { run(FloatToI32<F64>.self, n, x, y) }
private func f64ToU8(_ n: Int, _ x: Input, _ y: Output) { run(FloatToU8<F64>.self, n, x, y) }
private func f64ToBool(_ n: Int, _ x: Input, _ y: Output) { run(ToBool<F64>.self, n, x, y) }
private func i64ToF32(_ n: Int, _ x: Input, _ y: Output) { run(ToF32<I64>.self, n, x, y) }
private func i64ToF64(_ n: Int, _ x: Input, _ y: Output) { run(ToF64<I64>.self, n, x, y) }
private func i64ToI32(_ n: Int, _ x: Input, _ y: Output) { run(IntToI32<I64>.self, n, x, y) }
private func i64ToU8(_ n: Int, _ x: Input, _ y: Output) { run(IntToU8<I64>.self, n, x, y) }
private func i64ToBool(_ n: Int, _ x: Input, _ y: Output) { run(ToBool<I64>.self, n, x, y) }
private func i32ToF32(_ n: Int, _ x: Input, _ y: Output) { run(ToF32<I32>.self, n, x, y) }
private func i32ToI64(_ n: Int, _ x: Input, _ y: Output) { run(ToI64<I32>.self, n, x, y) }
private func u8ToF32(_ n: Int, _ x: Input, _ y: Output) { run(ToF32<U8>.self, n, x, y) }
private func u8ToI64(_ n: Int, _ x: Input, _ y: Output) { run(ToI64<U8>.self, n, x, y) }
private func u8ToBool(_ n: Int, _ x: Input, _ y: Output) { run(ToBool<U8>.self, n, x, y) }
private func f16ToF32(_ n: Int, _ x: Input, _ y: Output) { run(ToF32<F16>.self, n, x, y) }
private func bf16ToF32(_ n: Int, _ x: Input, _ y: Output) { run(ToF32<BF16>.self, n, x, y) }
private func f32ToI32(_ n: Int, _ x: Input, _ y: Output) { via(n, x, 4, f32ToF64, f64ToI32, y, 4) }
private func f32ToU8(_ n: Int, _ x: Input, _ y: Output) { via(n, x, 4, f32ToF64, f64ToU8, y, 1) }

/// Two conversions, a piece at a time by way of the stack.
@inline(never) private func via(
  _ n: Int, _ x: Input, _ xSize: Int, _ first: CastFunction, _ second: CastFunction, _ y: Output, _ ySize: Int
) {
  var buffer = (SIMD64<Int64>(), SIMD64<Int64>())
  let piece = 128
  func go(_ buffer: Output) {
    var i = 0
    while i < n {
      let count = n &- i < piece ? n &- i : piece
      first(count, x + i &* xSize, buffer)
      second(count, buffer, y + i &* ySize)
      i &+= piece
    }
  }
  go(&buffer)
}

func castFunction(_ from: UInt8, _ to: UInt8) -> CastFunction? {
  guard let from = dtype(from), let to = dtype(to) else { return nil }
  switch from {
  case .float32:
    switch to {
    case .float32: return { move($0, 4, $1, $2) }
    case .float64: return f32ToF64
    case .int64: return f32ToI64
    case .int32: return f32ToI32
    case .uint8: return f32ToU8
    case .bool: return f32ToBool
    case .float16: return f32ToF16
    case .bfloat16: return f32ToBF16
    }
  case .float64:
    switch to {
    case .float32: return f64ToF32
    case .float64: return { move($0, 8, $1, $2) }
    case .int64: return f64ToI64
    case .int32: return f64ToI32
    case .uint8: return f64ToU8
    case .bool: return f64ToBool
    case .float16: return { via($0, $1, 8, f64ToF32, f32ToF16, $2, 2) }
    case .bfloat16: return { via($0, $1, 8, f64ToF32, f32ToBF16, $2, 2) }
    }
  case .int64:
    switch to {
    case .float32: return i64ToF32
    case .float64: return i64ToF64
    case .int64: return { move($0, 8, $1, $2) }
    case .int32: return i64ToI32
    case .uint8: return i64ToU8
    case .bool: return i64ToBool
    case .float16: return { via($0, $1, 8, i64ToF32, f32ToF16, $2, 2) }
    case .bfloat16: return { via($0, $1, 8, i64ToF32, f32ToBF16, $2, 2) }
    }
  case .int32:
    switch to {
    case .float32: return i32ToF32
    case .float64: return { via($0, $1, 4, i32ToI64, i64ToF64, $2, 8) }
    case .int64: return i32ToI64
    case .int32: return { move($0, 4, $1, $2) }
    case .uint8: return { via($0, $1, 4, i32ToI64, i64ToU8, $2, 1) }
    case .bool: return { via($0, $1, 4, i32ToI64, i64ToBool, $2, 1) }
    case .float16: return { via($0, $1, 4, i32ToF32, f32ToF16, $2, 2) }
    case .bfloat16: return { via($0, $1, 4, i32ToF32, f32ToBF16, $2, 2) }
    }
  case .uint8, .bool:
    switch to {
    case .float32: return u8ToF32
    case .float64: return { via($0, $1, 1, u8ToF32, f32ToF64, $2, 8) }
    case .int64: return u8ToI64
    case .int32: return { via($0, $1, 1, u8ToI64, i64ToI32, $2, 4) }
    case .uint8: return { move($0, 1, $1, $2) }
    case .bool: return from == .bool ? { move($0, 1, $1, $2) } : u8ToBool
    case .float16: return { via($0, $1, 1, u8ToF32, f32ToF16, $2, 2) }
    case .bfloat16: return { via($0, $1, 1, u8ToF32, f32ToBF16, $2, 2) }
    }
  case .float16:
    switch to {
    case .float32: return f16ToF32
    case .float64: return { via($0, $1, 2, f16ToF32, f32ToF64, $2, 8) }
    case .int64: return { via($0, $1, 2, f16ToF32, f32ToI64, $2, 8) }
    case .int32: return { via($0, $1, 2, f16ToF32, f32ToI32, $2, 4) }
    case .uint8: return { via($0, $1, 2, f16ToF32, f32ToU8, $2, 1) }
    case .bool: return { via($0, $1, 2, f16ToF32, f32ToBool, $2, 1) }
    case .float16: return { move($0, 2, $1, $2) }
    case .bfloat16: return { via($0, $1, 2, f16ToF32, f32ToBF16, $2, 2) }
    }
  case .bfloat16:
    switch to {
    case .float32: return bf16ToF32
    case .float64: return { via($0, $1, 2, bf16ToF32, f32ToF64, $2, 8) }
    case .int64: return { via($0, $1, 2, bf16ToF32, f32ToI64, $2, 8) }
    case .int32: return { via($0, $1, 2, bf16ToF32, f32ToI32, $2, 4) }
    case .uint8: return { via($0, $1, 2, bf16ToF32, f32ToU8, $2, 1) }
    case .bool: return { via($0, $1, 2, bf16ToF32, f32ToBool, $2, 1) }
    case .float16: return { via($0, $1, 2, bf16ToF32, f32ToF16, $2, 2) }
    case .bfloat16: return { move($0, 2, $1, $2) }
    }
  }
}
