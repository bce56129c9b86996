// Memory for records: chunks that never move, a free list inside, numbers instead of pointers.
import CShim

/// Records of one trivial type, addressed by number. Number 0 is never handed out and means "none".
/// Memory that cannot be had is reported by 0; nothing here traps.
struct Pool<Record> {
  private static var chunkBits: Int { 10 }
  private static var chunkSize: Int { 1 << chunkBits }
  private var chunks: UnsafeMutablePointer<UnsafeMutablePointer<Record>>?
  private var chunkCount = 0, chunkCapacity = 0
  private var free = Stack<UInt32>()
  private var used: UInt32 = 1

  @inline(__always) subscript(i: UInt32) -> UnsafeMutablePointer<Record> {
    let i = Int(i)
    return chunks.unsafelyUnwrapped[i >> Self.chunkBits] + (i & (Self.chunkSize - 1))
  }

  /// One past the highest number ever handed out.
  var limit: UInt32 { used }

  /// A record, contents undefined (as its last user left it; zero at first), or 0.
  mutating func take() -> UInt32 {
    if let i = free.pop() { return i }
    if Int(used) >> Self.chunkBits >= chunkCount, !grow() { return 0 }
    if used >= 1 << 28 { return 0 }
    used += 1
    // Giving it back must not fail, so the free list has room for every record ever taken.
    if !free.reserve(Int(used)) { used -= 1; return 0 }
    return used - 1
  }

  mutating func give(_ i: UInt32) { free.pushReserved(i) }

  private mutating func grow() -> Bool {
    if chunkCount == chunkCapacity {
      let capacity = chunkCapacity == 0 ? 16 : chunkCapacity * 2
      guard let p = shim_realloc(chunks, capacity * MemoryLayout<UnsafeMutablePointer<Record>>.stride) else { return false }
      chunks = p.assumingMemoryBound(to: UnsafeMutablePointer<Record>.self)
      chunkCapacity = capacity
    }
    let bytes = Self.chunkSize * MemoryLayout<Record>.stride
    guard let p = shim_aligned_malloc(bytes) else { return false }
    memset(p, 0, bytes)
    chunks.unsafelyUnwrapped[chunkCount] = p.assumingMemoryBound(to: Record.self)
    chunkCount += 1
    return true
  }

  mutating func destroy() {
    var i = 0
    while i < chunkCount { shim_free(chunks.unsafelyUnwrapped[i]); i += 1 }
    shim_free(chunks)
    free.destroy()
    chunks = nil
    chunkCount = 0
  }
}

/// A growable stack of trivial values whose growth can fail instead of trapping.
struct Stack<Element> {
  private var base: UnsafeMutablePointer<Element>?
  private(set) var count = 0
  private var capacity = 0

  @inline(__always) subscript(i: Int) -> Element {
    get { base.unsafelyUnwrapped[i] }
    nonmutating set { base.unsafelyUnwrapped[i] = newValue }
  }

  /// Room for `n` elements in all; false when it cannot be had.
  mutating func reserve(_ n: Int) -> Bool {
    if n <= capacity { return true }
    var c = capacity == 0 ? 64 : capacity * 2
    while c < n { c *= 2 }
    guard let p = shim_realloc(base, c * MemoryLayout<Element>.stride) else { return false }
    base = p.assumingMemoryBound(to: Element.self)
    capacity = c
    return true
  }

  mutating func push(_ e: Element) -> Bool {
    if count == capacity, !reserve(count + 1) { return false }
    pushReserved(e)
    return true
  }

  @inline(__always) mutating func pushReserved(_ e: Element) {
    base.unsafelyUnwrapped[count] = e
    count += 1
  }

  @inline(__always) mutating func pop() -> Element? {
    if count == 0 { return nil }
    count -= 1
    return base.unsafelyUnwrapped[count]
  }

  /// The elements in place; there must be some.
  func withBase<T>(_ body: (UnsafeMutablePointer<Element>) -> T) -> T { body(base.unsafelyUnwrapped) }

  mutating func truncate(_ n: Int) { count = n }

  mutating func destroy() {
    shim_free(base)
    base = nil
    count = 0
    capacity = 0
  }
}
