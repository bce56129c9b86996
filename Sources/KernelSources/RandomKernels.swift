// Philox 4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011): word w of the stream
// is word w mod 4 of block w / 4; the counter of a block is its 64-bit index in words 0 and 1, the key fills both key words.
// A vector of L = 2, 4 or 8 blocks is made at a time, each 32-bit word in a 64-bit lane, where the full product is one instruction.
import CShim
import KernelAPI

/// Four words of L blocks, one block a lane.
private struct Blocks { var a, b, c, d: VUL }

@inline(__always) private func philox(_ block: UInt64, _ key: UInt64) -> Blocks {
  let mask = VUL(repeating: 0xffff_ffff), shift = VUL(repeating: 32)
  let counter = VUL(repeating: block) &+ laneNumbers
  // Only the low halves of the lanes count; what gathers above them is masked off at the end.
  var s = Blocks(a: counter, b: counter &>> shift, c: VUL(repeating: 0), d: VUL(repeating: 0))
  var k0 = UInt32(truncatingIfNeeded: key), k1 = UInt32(truncatingIfNeeded: key &>> 32)
  for _ in 0..<10 {
    let p = shim_multiply_u32(s.a, VUL(repeating: 0xD251_1F53)), q = shim_multiply_u32(s.c, VUL(repeating: 0xCD9E_8D57))
    s = Blocks(
      a: (q &>> shift) ^ s.b ^ VUL(repeating: UInt64(k0)), b: q, c: (p &>> shift) ^ s.d ^ VUL(repeating: UInt64(k1)), d: p)
    k0 = k0 &+ 0x9E37_79B9
    k1 = k1 &+ 0xBB67_AE85
  }
  return Blocks(a: s.a & mask, b: s.b & mask, c: s.c & mask, d: s.d & mask)
}

#if ISA_V4
  @inline(__always) private var laneNumbers: VUL { VUL(0, 1, 2, 3, 4, 5, 6, 7) }
#elseif ISA_V3
  @inline(__always) private var laneNumbers: VUL { VUL(0, 1, 2, 3) }
#else
  @inline(__always) private var laneNumbers: VUL { VUL(0, 1) }
#endif

/// Integers < 2⁵² as doubles.
@inline(__always) private func exact(_ x: VUL) -> VD {
  unsafeBitCast(x | VUL(repeating: 0x4330_0000_0000_0000), to: VD.self) - splat(0x1p52)
}

/// 53 bits of two words (low, high) in [0, 1): the upper 53 of 64.
@inline(__always) private func unit(_ low: VUL, _ high: VUL) -> VD {
  let w = (low | (high &<< VUL(repeating: 32))) &>> VUL(repeating: 11)
  // 53 bits do not fit the 52 of `exact`: upper 27 and lower 26 apart.
  let upper = exact(w &>> VUL(repeating: 26)), lower = exact(w & VUL(repeating: 0x3ff_ffff))
  return upper * splat(0x1p-27) + lower * splat(0x1p-53)
}

/// What a vector of blocks becomes: two vectors in the order of memory.
private protocol Fill {
  associatedtype T: Element
  /// Elements one block gives: 4 float32 or 2 float64.
  static var perBlock: Int { get }
  static func make(_ s: Blocks, _ p: Double, _ scale: Double, _ y: UnsafeMutableRawPointer)
}

/// Stores v0[0] v1[0] v2[0] v3[0] v0[1] … as float32.
@inline(__always) private func storeWords(_ s: Blocks, _ y: UnsafeMutableRawPointer, _ f: (VI) -> VF) {
  let shift = VUL(repeating: 32)
  let ab = s.a | (s.b &<< shift), cd = s.c | (s.d &<< shift)
  storeWhole(y, f(unsafeBitCast(shim_zip_low(ab, cd), to: VI.self)))
  storeWhole(y + MemoryLayout<VF>.size, f(unsafeBitCast(shim_zip_high(ab, cd), to: VI.self)))
}
@inline(__always) private func storePairs(_ even: VD, _ odd: VD, _ y: UnsafeMutableRawPointer) {
  let e = unsafeBitCast(even, to: VUL.self), o = unsafeBitCast(odd, to: VUL.self)
  storeWhole(y, shim_zip_low(e, o))
  storeWhole(y + MemoryLayout<VD>.size, shim_zip_high(e, o))
}

/// The upper 24 bits of each word, times 2⁻²⁴.
@inline(__always) private func unit(_ w: VI) -> VF {
  let upper = unsafeBitCast(unsafeBitCast(w, to: VUI.self) &>> VUI(repeating: 8), to: VI.self)
  return shim_f32_of_i32(upper) * splat(Float(0x1p-24))
}
#if ISA_V4
  private typealias VUI = SIMD16<UInt32>
#elseif ISA_V3
  private typealias VUI = SIMD8<UInt32>
#else
  private typealias VUI = SIMD4<UInt32>
#endif

private enum UniformFloat: Fill {
  typealias T = Float
  static var perBlock: Int { 4 }
  @inline(__always) static func make(_ s: Blocks, _ p: Double, _ scale: Double, _ y: UnsafeMutableRawPointer) {
    storeWords(s, y) { unit($0) }
  }
}
private enum UniformDouble: Fill {
  typealias T = Double
  static var perBlock: Int { 2 }
  @inline(__always) static func make(_ s: Blocks, _ p: Double, _ scale: Double, _ y: UnsafeMutableRawPointer) {
    storePairs(unit(s.a, s.b), unit(s.c, s.d), y)
  }
}
/// 0 where the uniform number is below p.
private enum DropoutFloat: Fill {
  typealias T = Float
  static var perBlock: Int { 4 }
  @inline(__always) static func make(_ s: Blocks, _ p: Double, _ scale: Double, _ y: UnsafeMutableRawPointer) {
    let keep = splat(Float(scale)), limit = splat(Float(p))
    storeWords(s, y) { keep.replacing(with: splat(Float(0)), where: unit($0) .< limit) }
  }
}
private enum DropoutDouble: Fill {
  typealias T = Double
  static var perBlock: Int { 2 }
  @inline(__always) static func make(_ s: Blocks, _ p: Double, _ scale: Double, _ y: UnsafeMutableRawPointer) {
    let keep = splat(scale), limit = splat(p)
    storePairs(
      keep.replacing(with: splat(0.0), where: unit(s.a, s.b) .< limit),
      keep.replacing(with: splat(0.0), where: unit(s.c, s.d) .< limit), y)
  }
}

/// Box–Muller: √(−2 ln(1 − u))·(cos 2πv, sin 2πv), in double precision for both types. 1 − u is in (0, 1] and exact.
@inline(__always) private func boxMuller(_ u: VD, _ v: VD) -> (VD, VD) {
  let r = (splat(-2.0) * Double.log(splat(1.0) - u)).squareRoot()
  let angle = splat(6.283185307179586) * v
  return (r * Double.cos(angle), r * Double.sin(angle))
}
private enum NormalFloat: Fill {
  typealias T = Float
  static var perBlock: Int { 4 }
  @inline(__always) static func make(_ s: Blocks, _ p: Double, _ scale: Double, _ y: UnsafeMutableRawPointer) {
    let shift = VUL(repeating: 8), step = splat(0x1p-24)
    let (z0, z1) = boxMuller(exact(s.a &>> shift) * step, exact(s.b &>> shift) * step)
    let (z2, z3) = boxMuller(exact(s.c &>> shift) * step, exact(s.d &>> shift) * step)
    let w01 = shim_f32_pairs(z0, z1), w23 = shim_f32_pairs(z2, z3)
    storeWhole(y, shim_zip_low(w01, w23))
    storeWhole(y + MemoryLayout<VF>.size, shim_zip_high(w01, w23))
  }
}
private enum NormalDouble: Fill {
  typealias T = Double
  static var perBlock: Int { 2 }
  @inline(__always) static func make(_ s: Blocks, _ p: Double, _ scale: Double, _ y: UnsafeMutableRawPointer) {
    let (z0, z1) = boxMuller(unit(s.a, s.b), unit(s.c, s.d))
    storePairs(z0, z1, y)
  }
}

/// Whole vectors of blocks straight to memory where the run starts on a block; the rest by way of a buffer on the stack.
@inline(__always) private func fill<F: Fill>(
  _ f: F.Type, _ n: Int, _ key: UInt64, _ offset: UInt64, _ y: UnsafeMutableRawPointer, _ p: Double, _ scale: Double
) {
  let size = MemoryLayout<F.T>.stride, chunk = VUL.scalarCount &* F.perBlock
  var block = offset / UInt64(F.perBlock)
  var skip = Int(offset % UInt64(F.perBlock))
  var i = 0
  while i < n {
    let s = philox(block, key)
    if skip == 0 && i &+ chunk <= n {
      F.make(s, p, scale, y + i &* size)
      i &+= chunk
    } else {
      var buffer = (VD(), VD())  // as large as two VF
      let take = chunk &- skip < n &- i ? chunk &- skip : n &- i
      bounce(f, s, p, scale, &buffer, skip &* size, y + i &* size, take &* size)
      i &+= take
    }
    block = block &+ UInt64(VUL.scalarCount)
    skip = 0
  }
}
@inline(__always) private func bounce<F: Fill>(
  _ f: F.Type, _ s: Blocks, _ p: Double, _ scale: Double, _ buffer: UnsafeMutableRawPointer, _ skip: Int,
  _ y: UnsafeMutableRawPointer, _ bytes: Int
) {
  F.make(s, p, scale, buffer)
  memcpy(y, buffer + skip, bytes)
}

func randomFunction(_ operation: Int32, _ type: UInt8) -> RandomFunction? {
  guard let op = kernel(operation, RandomKernel.self, .dropoutMask), let type = dtype(type) else { return nil }
  switch (op, type) {
  case (.uniform, .float32): return { fill(UniformFloat.self, $0, $1, $2, $3, $4, $5) }
  case (.uniform, .float64): return { fill(UniformDouble.self, $0, $1, $2, $3, $4, $5) }
  case (.normal, .float32): return { fill(NormalFloat.self, $0, $1, $2, $3, $4, $5) }
  case (.normal, .float64): return { fill(NormalDouble.self, $0, $1, $2, $3, $4, $5) }
  case (.dropoutMask, .float32): return { fill(DropoutFloat.self, $0, $1, $2, $3, $4, $5) }
  case (.dropoutMask, .float64): return { fill(DropoutDouble.self, $0, $1, $2, $3, $4, $5) }
  default: return nil
  }
}
