// The allocator, the pools of records, and that tensors give back what they took.
import Testing

@testable import Backprop

@Suite("The allocator hands out disjoint, aligned memory and takes it back")
struct AllocatorTests {
  @Test func `blocks are aligned, large enough and do not overlap`() throws {
    var a = try #require(Allocator())
    defer { a.destroy() }
    var random = SplitMix64(1), live: [(p: UnsafeMutableRawPointer, size: Int, tag: UInt8)] = []
    for i in 0..<4000 {
      if live.count > 50 || (!live.isEmpty && Int.random(in: 0..<3, using: &random) == 0) {
        let b = live.remove(at: Int.random(in: 0..<live.count, using: &random))
        #expect(b.p.load(as: UInt8.self) == b.tag && b.p.load(fromByteOffset: b.size - 1, as: UInt8.self) == b.tag)
        a.release(b.p, size: b.size)
      } else {
        let wanted = Int.random(in: 0...(1 << Int.random(in: 0...17, using: &random)), using: &random)
        var size = 0
        let block = a.allocate(wanted, size: &size), p = try #require(block)
        #expect(size >= max(wanted, 1) && size <= (wanted <= 4096 ? wanted + wanted / 4 + 64 : 2 * wanted) && Int(bitPattern: p) % 64 == 0)
        let tag = UInt8(truncatingIfNeeded: i)
        p.storeBytes(of: tag, as: UInt8.self)
        p.storeBytes(of: tag, toByteOffset: size - 1, as: UInt8.self)
        live.append((p, size, tag))
      }
      #expect(a.inUse == live.reduce(0) { $0 + $1.size } && a.peak >= a.inUse && a.reserved >= a.inUse)
    }
    for b in live { a.release(b.p, size: b.size) }
    #expect(a.inUse == 0)
    let before = a.reserved
    a.trim()
    #expect(a.reserved < before)
  }

  @Test func `every size falls into a class that holds it, and returns to the same`() throws {
    var a = try #require(Allocator())
    defer { a.destroy() }
    for bytes in Array(0...600) + (6...20).flatMap({ [1 << $0 - 1, 1 << $0, 1 << $0 + 1] }) {
      var size = 0, again = 0
      let block = a.allocate(bytes, size: &size), p = try #require(block)
      a.release(p, size: size)
      let same = a.allocate(bytes, size: &again)
      #expect(same == p && again == size)
      a.release(p, size: size)
    }
  }

  @Test func `the limit and impossible sizes are refusals`() throws {
    var a = try #require(Allocator()), size = 0
    defer { a.destroy() }
    let impossible = a.allocate(.max, size: &size)
    #expect(impossible == nil)
    a.limit = 1000
    let block = a.allocate(600, size: &size), p = try #require(block)
    var other = 0
    let beyond = a.allocate(600, size: &other)
    #expect(beyond == nil)
    a.release(p, size: size)
  }
}

@Suite("Pools number their records and never move them")
struct PoolTests {
  @Test func `numbers start at 1, are unique while taken, and come again`() {
    var pool = Pool<Int>(), taken: Set<UInt32> = []
    defer { pool.destroy() }
    for i in 0..<5000 {
      let n = pool.take()
      #expect(n != 0 && taken.insert(n).inserted)
      pool[n].pointee = i
    }
    let first = pool[1]
    for n in taken { #expect(pool[n].pointee == Int(n) - 1) }
    for n in taken { pool.give(n) }
    for _ in 0..<5000 {
      let n = pool.take()
      #expect(taken.contains(n))
    }
    #expect(pool.limit == 5001 && pool[1] == first)
  }

  @Test func `stacks grow and return in reverse`() {
    var s = Stack<Int>()
    defer { s.destroy() }
    for i in 0..<1000 {
      let fits = s.push(i)
      #expect(fits)
    }
    #expect(s.count == 1000 && s[999] == 999)
    for i in (0..<1000).reversed() {
      let last = s.pop()
      #expect(last == i)
    }
    let none = s.pop()
    #expect(none == nil)
  }
}

@Suite("Tensors give back what they took")
struct LifetimeTests {
  @Test func `nothing stays after a training step, and a steady loop takes nothing new`() throws {
    let c = try Context(seed: 1)
    let layer = try Linear(20, 30, in: c), x = try Tensor.randn([50, 20], in: c)
    let optimizer = try Adam(parameters: layer.parameters)
    var counts: [Int] = [], reserved: [Int] = []
    for _ in 0..<8 {
      optimizer.zeroGrad()
      try layer(x).tanh().square().mean().backward()
      try optimizer.step()
      counts.append(c.tensorCount)
      reserved.append(c.bytesReserved)
    }
    #expect(Set(counts).count == 1 && Set(reserved[2...]).count == 1)
  }

  @Test func `tensors keep their context, whatever goes first`() throws {
    var c: Context? = try Context()
    weak let watched = c
    var x: Tensor? = try Tensor([1.0, 2], in: c)
    c = nil
    #expect(try x?.sum().item() == 3)
    x = nil
    #expect(watched == nil)
  }

  @Test func `a failing operation leaves nothing behind`() throws {
    let c = try Context()
    let a = try Tensor.zeros([3, 4], in: c), b = try Tensor.zeros([5, 2], in: c)
    for _ in 0..<3 {
      #expect(throws: BackpropError.self) { try a.matmul(b) }
      #expect(throws: BackpropError.self) { try a + b }
      #expect(throws: BackpropError.self) { try Tensor([1, 2, 3], shape: [4], in: c) }
      #expect(throws: BackpropError.self) { try Tensor.concatenated([a, b]) }
      #expect(throws: BackpropError.self) { try a.selected(Tensor([9], in: c)) }
    }
    #expect(c.tensorCount == 2)
  }

  @Test func `the memory limit is an error, and the context goes on`() throws {
    let c = try Context(memoryLimit: 1 << 20)
    expectFailure(.memory, "zeros: no memory for 4000000 bytes") { _ = try Tensor.zeros([1_000_000], in: c) }
    #expect(try Tensor.ones([1000], in: c).sum().item() == 1000)
  }

  @Test func `bits do not depend on the number of threads`() throws {
    func run(_ threads: Int) throws -> [Float] {
      let c = try Context(threads: threads, seed: 4)
      let w = try Tensor.randn([300, 400], requiresGrad: true, in: c), x = try Tensor.randn([257, 300], in: c)
      try x.matmul(w).gelu().layerNorm(over: [400]).square().mean().backward()
      return try w.grad!.array(of: Float.self)
    }
    let one = try run(1)
    for threads in [2, 3, 7] { #expect(try run(threads).map(\.bitPattern) == one.map(\.bitPattern)) }
  }
}
