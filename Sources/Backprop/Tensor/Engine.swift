// One context's state behind one pointer, and the life of its tensors: made, counted, freed.
import CShim
import KernelAPI

/// A context: all tensors, the graph, memory, random numbers and the error state hang on it. Trivial to copy; used by
/// one thread at a time.
package struct Engine: Equatable {
  let state: UnsafeMutablePointer<EngineState>
  package static func == (a: Engine, b: Engine) -> Bool { a.state == b.state }
}

struct EngineState {
  var slots = Pool<Slot>()
  var storages = Pool<Storage>()
  var attributes = Pool<Attributes>()
  var optimizers = Pool<OptimizerRecord>()
  var schedulers = Pool<SchedulerRecord>()
  var archives = Pool<ArchiveRecord>()
  var modules = Pool<ModuleRecord>()
  /// Counts changes of names in modules.
  var moduleVersion: UInt32 = 1
  var allocator: Allocator
  var liveSlots = 0

  /// Handles of the open scopes, oldest first, and where each scope begins.
  var scoped = Stack<ScopedHandle>()
  var scopes = Stack<Int>()

  var noGradDepth = 0
  /// The innermost walk under way, the outermost, and the last that was begun.
  var walkNumber: UInt32 = 0
  var outermostWalk: UInt32 = 0
  var lastWalk: UInt32 = 0
  var walkDepth = 0
  var visited = Stack<Visit>()
  var ready = Stack<UInt32>()
  /// Functions of the user's: custom operations and hooks; and those whose tensor is gone, to be released.
  var callbacks = Pool<Callback>()
  var doomed: UInt32 = 0
  var hookSerial = 0
  /// Calls of users' functions under way, and the scopes that were open when the innermost began.
  var callDepth = 0
  var scopeFloor = 0

  var threads: Int
  var seed: UInt64
  var randomOffset: UInt64 = 0

  var id: Int
  var generationBase: UInt32
  var status: Int32 = 0
  var message = InlineArray<256, CChar>(repeating: 0)
}

struct ScopedHandle {
  var slot: UInt32
  var generation: UInt32
}

extension Engine {
  @inline(__always) func slot(_ i: UInt32) -> UnsafeMutablePointer<Slot> { state.pointee.slots[i] }
  @inline(__always) func storage(_ i: UInt32) -> UnsafeMutablePointer<Storage> { state.pointee.storages[i] }
  var isRecording: Bool { state.pointee.noGradDepth == 0 }
  package var threads: Int { state.pointee.threads }
  /// 0: the default.
  package func setThreads(_ n: Int) { state.pointee.threads = n == 0 ? hardwareThreads() : n }
  /// Restarts the random numbers.
  package func seed(_ seed: UInt64) {
    state.pointee.seed = seed
    state.pointee.randomOffset = 0
  }
  /// Seed of the random numbers, and how many words of its stream are used up: a multiple of 4.
  package var randomState: (seed: UInt64, position: UInt64) {
    get { (state.pointee.seed, state.pointee.randomOffset) }
    nonmutating set { (state.pointee.seed, state.pointee.randomOffset) = (newValue.seed, newValue.position) }
  }
  var kernels: KernelTable { activeKernels }
}

// MARK: Making tensors

extension Engine {
  /// A slot with this shape and fresh, uninitialised memory; one reference and one value use, given to a handle by `hand`.
  @inline(never) func make(_ dtype: DType, _ shape: Dims, for operation: StaticString) throws(Failure) -> UInt32 {
    let bytes = try shape.byteCount(of: dtype, for: operation)
    let storage = try allocateStorage(bytes, for: operation)
    return try makeSlot(dtype, shape, shape.contiguousStrides, 0, storage, for: operation)
  }

  /// A tensor that looks into another's memory.
  @inline(never) func makeView(of x: UInt32, _ shape: Dims, _ strides: Dims, _ offset: Int, for operation: StaticString) throws(Failure) -> UInt32 {
    let storage = slot(x).pointee.storage
    self.storage(storage).pointee.references += 1
    return try makeSlot(slot(x).pointee.dtype, shape, strides, offset, storage, for: operation)
  }

  private func allocateStorage(_ bytes: Int, for operation: StaticString) throws(Failure) -> UInt32 {
    var size = 0
    guard let base = state.pointee.allocator.allocate(bytes, size: &size) else { throw .memory(operation, bytes: bytes) }
    let i = state.pointee.storages.take()
    if i == 0 {
      state.pointee.allocator.release(base, size: size)
      throw .memory(operation, bytes: MemoryLayout<Storage>.stride)
    }
    storage(i).initialize(to: Storage(base: base, size: size, references: 1, version: 0, deleter: nil, user: nil))
    return i
  }

  /// `out`, freshly made, once `work` has filled it; given up again if that fails.
  @inline(__always) func filled(_ out: UInt32, _ work: () throws(Failure) -> Void) throws(Failure) -> UInt32 {
    do throws(Failure) { try work() } catch {
      drop(out, value: true)
      throw error
    }
    return out
  }

  /// Takes over one reference to `storage`, also on failure.
  @inline(never) func makeSlot(
    _ dtype: DType, _ shape: Dims, _ strides: Dims, _ offset: Int, _ storage: UInt32, for operation: StaticString
  ) throws(Failure) -> UInt32 {
    let i = state.pointee.slots.take()
    if i == 0 {
      releaseStorage(storage)
      throw .memory(operation, bytes: MemoryLayout<Slot>.stride)
    }
    state.pointee.liveSlots += 1
    let s = slot(i)
    if s.pointee.generation == 0 { s.pointee.generation = state.pointee.generationBase }
    s.pointee.handles = 0
    s.pointee.references = 1
    s.pointee.values = 1
    s.pointee.dtype = dtype
    s.pointee.flags = .live
    s.pointee.operation = .leaf
    s.pointee.inputCount = 0
    s.pointee.saved = 0
    s.pointee.storage = storage
    s.pointee.offset = offset
    s.pointee.shape = shape
    s.pointee.strides = strides
    s.pointee.gradient = 0
    s.pointee.attributes = 0
    s.pointee.manyInputs = nil
    s.pointee.walk = 0
    s.pointee.pending = 0
    s.pointee.hooks = 0
    s.pointee.part = Part()
    return i
  }

  /// A tensor over memory that is not ours.
  package func borrow(
    _ dtype: DType, _ shape: Dims, _ data: UnsafeMutableRawPointer,
    _ deleter: (@convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?) -> Void)?, _ user: UnsafeMutableRawPointer?
  ) throws(Failure) -> Value {
    _ = try shape.byteCount(of: dtype, for: "tensor_borrow")
    let i = state.pointee.storages.take()
    if i == 0 { throw .memory("tensor_borrow", bytes: MemoryLayout<Storage>.stride) }
    storage(i).initialize(to: Storage(base: data, size: 0, references: 1, version: 0, deleter: nil, user: user))
    let value = try hand(makeSlot(dtype, shape, shape.contiguousStrides, 0, i, for: "tensor_borrow"))
    storage(i).pointee.deleter = deleter  // only now: after a failure the memory stays the caller's business
    return value
  }
}

// MARK: References

extension Engine {
  /// Gives the reference a fresh slot was made with to a handle, owned by the innermost scope or else by the caller.
  @inline(never) func hand(_ i: UInt32, owned: Bool = false) throws(Failure) -> Value {
    if state.pointee.scopes.count > 0, !owned {
      if !state.pointee.scoped.push(ScopedHandle(slot: i, generation: slot(i).pointee.generation)) {
        drop(i, value: true)
        throw .memory("scope", bytes: MemoryLayout<ScopedHandle>.stride)
      }
    }
    slot(i).pointee.handles = 1
    return Value(engine: self, index: i)
  }

  /// One more handle on a live slot.
  @inline(never) func handAgain(_ i: UInt32) throws(Failure) -> Value {
    if state.pointee.scopes.count > 0,
      !state.pointee.scoped.push(ScopedHandle(slot: i, generation: slot(i).pointee.generation)) {
      throw .memory("scope", bytes: MemoryLayout<ScopedHandle>.stride)
    }
    retainHandle(i)
    return Value(engine: self, index: i)
  }

  func retainHandle(_ i: UInt32) {
    let s = slot(i)
    s.pointee.handles += 1
    s.pointee.references += 1
    s.pointee.values += 1
  }

  /// One handle less; false if there is none.
  @discardableResult func releaseHandle(_ i: UInt32) -> Bool {
    let s = slot(i)
    if s.pointee.handles == 0 { return false }
    s.pointee.handles -= 1
    drop(i, value: true)
    return true
  }

  /// A reference from inside the engine (gradient, pending sum, optimizer): keeps record and elements.
  func hold(_ i: UInt32) {
    slot(i).pointee.references += 1
    slot(i).pointee.values += 1
  }

  /// Drops one reference, with its use of the elements if it had one, and everything that hung on it alone. A chain of
  /// a million nodes goes link by link through a list inside the slots, not through the call stack.
  @inline(never) func drop(_ i: UInt32, value: Bool) {
    var dead: UInt32 = 0
    dropOne(i, value: value, &dead)
    if dead != 0 { free(list: dead) }
  }

  private func free(list: UInt32) {
    var dead = list
    while dead != 0 {
      let k = dead
      dead = slot(k).pointee.next
      free(k, &dead)
    }
    if state.pointee.doomed != 0 { releaseDoomed() }
  }

  private func dropOne(_ i: UInt32, value: Bool, _ dead: inout UInt32) {
    let s = slot(i)
    if value {
      s.pointee.values -= 1
      if s.pointee.values == 0, s.pointee.storage != 0 {
        releaseStorage(s.pointee.storage)
        s.pointee.storage = 0
      }
    }
    s.pointee.references -= 1
    if s.pointee.references == 0 {
      s.pointee.next = dead
      dead = i
    }
  }

  private func free(_ i: UInt32, _ dead: inout UInt32) {
    let s = slot(i)
    dropInputs(i, &dead)
    if s.pointee.hooks != 0 { doomHooks(s) }
    if s.pointee.gradient != 0 { dropOne(s.pointee.gradient, value: true, &dead); s.pointee.gradient = 0 }
    if s.pointee.storage != 0 { releaseStorage(s.pointee.storage); s.pointee.storage = 0 }
    s.pointee.flags = []
    s.pointee.generation = s.pointee.generation == Handle.lastGeneration ? 1 : s.pointee.generation + 1
    state.pointee.slots.give(i)
    state.pointee.liveSlots -= 1
  }

  /// Forgets what the node was computed from.
  func dropInputs(_ i: UInt32, _ dead: inout UInt32) {
    let s = slot(i)
    if s.pointee.operation == .leaf { return }
    var k = 0
    while k < Int(s.pointee.inputCount) {
      let input = inputIndex(s, k)
      if input != 0 { dropOne(input, value: k < directInputs && s.pointee.saved & (1 << UInt8(truncatingIfNeeded: k)) != 0, &dead) }
      k += 1
    }
    s.pointee.inputCount = 0
    if let many = s.pointee.manyInputs {
      state.pointee.allocator.release(UnsafeMutableRawPointer(many), size: s.pointee.manyInputsSize)
      s.pointee.manyInputs = nil
    }
    if s.pointee.attributes != 0 {
      if s.pointee.operation == .custom { doom(UInt32(truncatingIfNeeded: state.pointee.attributes[s.pointee.attributes].pointee.a)) }
      state.pointee.attributes.give(s.pointee.attributes)
      s.pointee.attributes = 0
    }
    if s.pointee.saved & 128 != 0 {
      s.pointee.values -= 1
      if s.pointee.values == 0, s.pointee.storage != 0 { releaseStorage(s.pointee.storage); s.pointee.storage = 0 }
    }
    s.pointee.saved = 0
  }

  /// The graph behind a node after its walk: gone, and remembered as gone.
  func consume(_ i: UInt32) {
    var dead: UInt32 = 0
    dropInputs(i, &dead)
    slot(i).pointee.flags.insert(.consumed)
    free(list: dead)
  }

  @inline(__always) func inputIndex(_ s: UnsafeMutablePointer<Slot>, _ k: Int) -> UInt32 {
    if let many = s.pointee.manyInputs { return many[k] }
    return s.pointee.inputs[k]
  }

  @inline(never) func releaseStorage(_ i: UInt32) {
    let s = storage(i)
    s.pointee.references -= 1
    if s.pointee.references > 0 { return }
    let record = s.pointee
    state.pointee.storages.give(i)
    if record.size > 0 {
      state.pointee.allocator.release(record.base, size: record.size)
    } else if let deleter = record.deleter {
      deleter(record.base, record.user)
    }
  }
}

// MARK: Scopes

extension Engine {
  package func pushScope() throws(Failure) {
    if !state.pointee.scopes.push(state.pointee.scoped.count) { throw .memory("scope_push", bytes: MemoryLayout<Int>.stride) }
  }

  package func popScope() throws(Failure) {
    if state.pointee.scopes.count == state.pointee.scopeFloor {
      throw .argument(state.pointee.callDepth == 0 ? "scope_pop: no scope is open" : "scope_pop: the scope was opened outside this callback")
    }
    guard let start = state.pointee.scopes.pop() else { throw .argument("scope_pop: no scope is open") }
    while state.pointee.scoped.count > start, let entry = state.pointee.scoped.pop() {
      let s = slot(entry.slot)
      if s.pointee.generation == entry.generation, s.pointee.flags.contains(.live) { releaseHandle(entry.slot) }
    }
  }

  /// Runs `body` with its temporaries freed at the end; the result passes to the scope outside, or to the caller.
  @inline(never) func scoped(_ body: () throws(Failure) -> Value) throws(Failure) -> Value {
    try pushScope()
    // The result's place in the outer scope is reserved first: handing it over must not fail.
    guard state.pointee.scoped.reserve(state.pointee.scoped.count + 1) else {
      try popScope()
      throw .memory("scope", bytes: MemoryLayout<ScopedHandle>.stride)
    }
    let result: Value
    do throws(Failure) { result = try body() } catch {
      try popScope()
      throw error
    }
    retainHandle(result.index)
    try popScope()
    if state.pointee.scopes.count > 0 {
      state.pointee.scoped.pushReserved(ScopedHandle(slot: result.index, generation: slot(result.index).pointee.generation))
    }
    return result
  }

  /// Runs `body` with its temporaries freed at the end.
  /// The same for several results, at most `most`: `body` writes them to `results` and says how many there are.
  @inline(never) @discardableResult func scoped(
    most: Int, _ results: UnsafeMutablePointer<Value>, _ body: () throws(Failure) -> Int
  ) throws(Failure) -> Int {
    let room = state.pointee.scoped.count + most
    if !state.pointee.scoped.reserve(room) { throw .memory("scope", bytes: room * MemoryLayout<ScopedHandle>.stride) }
    var count = 0
    try scopedWork { () throws(Failure) in
      count = try body()
      var i = 0
      while i < count { retainHandle(results[i].index); i += 1 }
    }
    if state.pointee.scopes.count == 0 { return count }
    var i = 0
    while i < count {
      let k = results[i].index
      state.pointee.scoped.pushReserved(ScopedHandle(slot: k, generation: slot(k).pointee.generation))
      i += 1
    }
    return count
  }

  @inline(never) func scopedWork(_ body: () throws(Failure) -> Void) throws(Failure) {
    try pushScope()
    do throws(Failure) { try body() } catch {
      try popScope()
      throw error
    }
    try popScope()
  }

  /// Runs `body` without recording.
  @inline(__always) func withoutRecording<T>(_ body: () throws(Failure) -> T) throws(Failure) -> T {
    state.pointee.noGradDepth += 1
    defer { state.pointee.noGradDepth -= 1 }
    return try body()
  }

  package func pushNoGrad() { state.pointee.noGradDepth += 1 }
  package func popNoGrad() throws(Failure) {
    if state.pointee.noGradDepth == 0 { throw .argument("no_grad_pop: no matching no_grad_push") }
    state.pointee.noGradDepth -= 1
  }
  package var isGradEnabled: Bool { isRecording }
}

// MARK: Error state

extension Engine {
  package var status: Int32 { state.pointee.status }

  /// Keeps the first error until it is cleared; its sentence is the thread's message.
  package func record(_ error: Failure) {
    if state.pointee.status != 0 { return }
    state.pointee.status = error.code.rawValue
    memcpy(UnsafeMutablePointer(mutating: message), Failure.message, MessageWriter.capacity)
  }

  package func clearError() {
    state.pointee.status = 0
    state.pointee.message[0] = 0
  }

  package var message: UnsafePointer<CChar> {
    withUnsafePointer(to: &state.pointee.message) { UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self) }
  }
}

// MARK: Memory

extension Engine {
  /// Uninitialised memory for `count` elements while `body` runs.
  package func withScratch<E, T>(
    of type: E.Type, count: Int, for operation: StaticString, _ body: (UnsafeMutablePointer<E>) throws(Failure) -> T
  ) throws(Failure) -> T {
    var size = 0
    let bytes = count &* MemoryLayout<E>.stride
    guard let p = state.pointee.allocator.allocate(bytes, size: &size) else { throw .memory(operation, bytes: bytes) }
    defer { state.pointee.allocator.release(p, size: size) }
    return try body(p.assumingMemoryBound(to: E.self))
  }

  package var bytesInUse: Int { state.pointee.allocator.inUse }
  package var bytesAtPeak: Int { state.pointee.allocator.peak }
  package var bytesReserved: Int { state.pointee.allocator.reserved }
  package var liveTensors: Int { state.pointee.liveSlots }
  package func resetMemoryPeak() { state.pointee.allocator.resetPeak() }
  package func trimMemory() { state.pointee.allocator.trim() }
}
