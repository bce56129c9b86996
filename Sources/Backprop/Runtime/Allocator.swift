// Tensor memory: 64-byte aligned blocks, kept in size classes for reuse, so that a training loop in its steady
// state asks the system for nothing.
import CShim

/// Classes are quarter steps between powers of two, from 64 bytes up, so at most a fifth of a block is slack.
/// Blocks up to 4 KiB are cut from 256 KiB slabs; larger ones come singly and go back to the system on `trim`.
struct Allocator {
  private static var classes: Int { 4 * 58 }
  private static var slabBytes: Int { 256 << 10 }
  private static var largestInSlab: Int { 4096 }
  /// Heads of the free lists; a free block's first word links to the next.
  private var free: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  private var slabs = Stack<UnsafeMutableRawPointer>()
  private var slabNext: UnsafeMutableRawPointer?
  private var slabLeft = 0
  private(set) var inUse = 0, peak = 0, reserved = 0
  var limit = 0

  init?() {
    let bytes = Self.classes * MemoryLayout<UnsafeMutableRawPointer?>.stride
    guard let p = shim_malloc(bytes) else { return nil }
    memset(p, 0, bytes)
    free = p.assumingMemoryBound(to: UnsafeMutableRawPointer?.self)
  }

  /// The class whose blocks hold `bytes` (> 0), and their size.
  @inline(__always) private static func sizeClass(_ bytes: Int) -> (index: Int, size: Int) {
    let units = (bytes + 63) >> 6
    if units <= 4 { return (units - 1, units << 6) }
    let power = Int.bitWidth - 1 - (units - 1).leadingZeroBitCount  // 2^power ≤ units−1 < 2^(power+1)
    let quarter = 1 << (power - 2)
    let step = (units - 1 - (1 << power)) / quarter  // 0…3
    return ((power - 1) * 4 + step, ((1 << power) + (step + 1) * quarter) << 6)
  }

  /// A block of at least `bytes`, or nil. `size` receives what to hand back to `release`.
  @inline(never) mutating func allocate(_ bytes: Int, size: inout Int) -> UnsafeMutableRawPointer? {
    if bytes > Int.max / 4 { return nil }
    let c = Self.sizeClass(bytes == 0 ? 1 : bytes)
    if limit > 0, inUse + c.size > limit { return nil }
    guard let p = take(c.index, c.size) else { return nil }
    size = c.size
    inUse += c.size
    if inUse > peak { peak = inUse }
    return p
  }

  @inline(never) private mutating func take(_ index: Int, _ bytes: Int) -> UnsafeMutableRawPointer? {
    if let p = free[index] {
      free[index] = p.load(as: UnsafeMutableRawPointer?.self)
      return p
    }
    if bytes > Self.largestInSlab {
      var p = shim_aligned_malloc(bytes)
      if p == nil { trim(); p = shim_aligned_malloc(bytes) }
      if p != nil { reserved += bytes }
      return p
    }
    if slabLeft < bytes {
      guard slabs.reserve(slabs.count + 1), let slab = shim_aligned_malloc(Self.slabBytes) else { return nil }
      slabs.pushReserved(slab)
      reserved += Self.slabBytes
      slabNext = slab  // what was left of the last slab, under 4 KiB, stays unused
      slabLeft = Self.slabBytes
    }
    let p = slabNext.unsafelyUnwrapped
    slabNext = p + bytes
    slabLeft -= bytes
    return p
  }

  @inline(never) mutating func release(_ p: UnsafeMutableRawPointer, size: Int) {
    let index = Self.sizeClass(size).index
    p.storeBytes(of: free[index], as: UnsafeMutableRawPointer?.self)
    free[index] = p
    inUse -= size
  }

  /// Returns kept large blocks to the system.
  mutating func trim() {
    var i = Self.sizeClass(Self.largestInSlab).index + 1
    while i < Self.classes {
      // All blocks of a class have one size: recover it from the class number.
      let power = i / 4 + 1, step = i % 4
      let bytes = ((1 << power) + (step + 1) * (1 << (power - 2))) << 6
      while let p = free[i] {
        free[i] = p.load(as: UnsafeMutableRawPointer?.self)
        shim_free(p)
        reserved -= bytes
      }
      i += 1
    }
  }

  mutating func resetPeak() { peak = inUse }

  /// Frees everything; blocks still in use in slabs become invalid, large ones must have been released before.
  mutating func destroy() {
    trim()
    while let slab = slabs.pop() { shim_free(slab) }
    slabs.destroy()
    shim_free(free)
  }
}
