// Handles as outsiders hold them, and the registry of live contexts: 64 bits that say context, slot, generation
// and kind, checked before anything is dereferenced.
import CShim
import KernelAPI

/// bits 0…3 kind, 4…31 index, 32…51 generation, 52…63 context. A kind is odd, so an aligned pointer is never a handle.
package struct Handle {
  package enum Kind: UInt { case context = 3, tensor = 5, optimizer = 9, archive = 11, scheduler = 13, module = 15 }
  static let lastGeneration: UInt32 = (1 << 20) - 1
  let bits: UInt

  init(_ kind: Kind, context: Int, index: UInt32, generation: UInt32) {
    bits = kind.rawValue | UInt(index) << 4 | UInt(generation) << 32 | UInt(context) << 52
  }
  package init(_ pointer: OpaquePointer) { bits = UInt(bitPattern: pointer) }
  package var pointer: OpaquePointer { OpaquePointer(bitPattern: bits).unsafelyUnwrapped }

  var isKind: UInt { bits & 15 }
  var index: UInt32 { UInt32(truncatingIfNeeded: bits >> 4) & (1 << 28 - 1) }
  var generation: UInt32 { UInt32(truncatingIfNeeded: bits >> 32) & Self.lastGeneration }
  var context: Int { Int(bits >> 52) }

  /// The live context the handle belongs to, whatever else is wrong with it.
  package var engine: Engine? {
    guard context > 0, let table = Registry.table, let state = table[context] else { return nil }
    return Engine(state: state)
  }

  /// The context this handle *is*.
  package var asContext: Engine? {
    guard isKind == Kind.context.rawValue, let e = engine, e.state.pointee.generationBase & Self.lastGeneration == generation else { return nil }
    return e
  }

  /// The live tensor it names.
  @inline(__always) package var asValue: Value? {
    guard isKind == Kind.tensor.rawValue, let e = engine, index > 0, index < e.state.pointee.slots.limit else { return nil }
    let s = e.slot(index)
    guard s.pointee.generation == generation, s.pointee.handles > 0 || s.pointee.flags.contains(.gradient) else { return nil }
    return Value(engine: e, index: index)
  }
}

extension Value {
  package var handle: Handle {
    Handle(.tensor, context: engine.state.pointee.id, index: index, generation: slot.pointee.generation)
  }
}

extension Engine {
  package var handle: Handle {
    Handle(.context, context: state.pointee.id, index: 0, generation: state.pointee.generationBase & Handle.lastGeneration)
  }
}

/// The contexts of this process by number. Creating and destroying take a lock; looking up does not.
enum Registry {
  static let capacity = 4096
  nonisolated(unsafe) static var table: UnsafeMutablePointer<UnsafeMutablePointer<EngineState>?>?
  /// Generation with which the next context under a number starts, so that handles of its predecessor stay stale.
  nonisolated(unsafe) static var generations: UnsafeMutablePointer<UInt32>?
  nonisolated(unsafe) private static var lock: UInt32 = 0

  static func locked<T>(_ body: () -> T) -> T {
    withUnsafeMutablePointer(to: &lock) { while shim_swap_if($0, 0, 1) == 0 { shim_yield() } }
    let result = body()
    withUnsafeMutablePointer(to: &lock) { shim_store($0, 0) }
    return result
  }

  static func prepare() -> Bool {
    if table != nil { return true }
    let bytes = capacity * MemoryLayout<UnsafeMutablePointer<EngineState>?>.stride
    guard let p = shim_malloc(bytes), let g = shim_malloc(capacity * 4) else { return false }
    memset(p, 0, bytes)
    memset(g, 0, capacity * 4)
    generations = g.assumingMemoryBound(to: UInt32.self)
    table = p.assumingMemoryBound(to: UnsafeMutablePointer<EngineState>?.self)
    return true
  }
}

extension Engine {
  /// A new context; nil when there is no memory or 4095 are alive. Any thread.
  package static func create(threads: Int, seed: UInt64, memoryLimit: Int) -> Engine? {
    guard let memory = shim_malloc(MemoryLayout<EngineState>.stride) else { return nil }
    guard var allocator = Allocator() else {
      shim_free(memory)
      return nil
    }
    allocator.limit = memoryLimit
    let state = memory.assumingMemoryBound(to: EngineState.self)
    state.initialize(to: EngineState(
      allocator: allocator, threads: threads == 0 ? hardwareThreads() : threads, seed: seed, id: 0, generationBase: 1))
    let done = Registry.locked {
      guard Registry.prepare(), let table = Registry.table, let generations = Registry.generations else { return false }
      var id = 1
      while id < Registry.capacity {
        if table[id] == nil {
          generations[id] = generations[id] % Handle.lastGeneration + 1
          state.pointee.id = id
          state.pointee.generationBase = generations[id]
          table[id] = state
          return true
        }
        id += 1
      }
      return false
    }
    if !done {
      state.pointee.allocator.destroy()
      shim_free(memory)
      return nil
    }
    return Engine(state: state)
  }

  /// Frees everything the context holds. Its handles become stale.
  package func destroy() {
    // Out of the registry first: a deleter that calls back finds no context.
    Registry.locked {
      guard let table = Registry.table, let generations = Registry.generations else { return }
      table[state.pointee.id] = nil
      // What the last of the handles bear: the next context's start beyond it.
      var last = state.pointee.generationBase
      func count(_ limit: UInt32, _ generation: (UInt32) -> UInt32) {
        var i: UInt32 = 1
        while i < limit {
          let g = generation(i)
          if g > last { last = g }
          i += 1
        }
      }
      let s = state
      count(s.pointee.slots.limit) { slot($0).pointee.generation }
      count(s.pointee.modules.limit) { s.pointee.modules[$0].pointee.generation }
      count(s.pointee.optimizers.limit) { s.pointee.optimizers[$0].pointee.generation }
      count(s.pointee.schedulers.limit) { s.pointee.schedulers[$0].pointee.generation }
      count(s.pointee.archives.limit) { s.pointee.archives[$0].pointee.generation }
      generations[state.pointee.id] = last
    }
    destroyCallbacks()
    destroySchedulers()
    destroyModules()
    destroyOptimizers()
    destroyArchives()
    // Storages still referenced: free the memory itself; the slots that look into it go with the pools.
    var i: UInt32 = 1
    while i < state.pointee.storages.limit {
      let s = storage(i).pointee
      if s.references > 0 {
        storage(i).pointee.references = 0
        if s.size > 0 { state.pointee.allocator.release(s.base, size: s.size) } else { s.deleter?(s.base, s.user) }
      }
      i += 1
    }
    i = 1
    while i < state.pointee.slots.limit {
      let s = slot(i)
      if s.pointee.flags.contains(.live), let many = s.pointee.manyInputs {
        state.pointee.allocator.release(UnsafeMutableRawPointer(many), size: s.pointee.manyInputsSize)
      }
      i += 1
    }
    state.pointee.allocator.destroy()
    state.pointee.slots.destroy()
    state.pointee.storages.destroy()
    state.pointee.attributes.destroy()
    state.pointee.callbacks.destroy()
    state.pointee.optimizers.destroy()
    state.pointee.archives.destroy()
    state.pointee.modules.destroy()
    state.pointee.scoped.destroy()
    state.pointee.scopes.destroy()
    state.pointee.visited.destroy()
    state.pointee.ready.destroy()
    shim_free(state)
  }
}
