// Modules: parameters, buffers and other modules under names, in a table of their context. What each kind of module holds and
// computes stands in ModuleKinds.swift and the files beside it.
import CShim
import KernelAPI

/// One name of a module.
struct ModuleEntry {
  enum Role: UInt8 { case parameter, buffer, transientBuffer, child }
  var role: Role
  /// Zero-terminated, in allocator memory.
  var name: UnsafeMutablePointer<CChar>
  var nameSize: Int
  /// A slot, or for a child a module; 0: the name is kept, nothing stands there (`bias=False`).
  var index: UInt32
}

/// A module. `references`: parents, and the caller if it owns the module.
struct ModuleRecord {
  var generation: UInt32
  var isLive: Bool
  var isOwned: Bool
  var isTraining: Bool
  var kind: ModuleKind
  var references: UInt32
  var options: ModuleOptions
  var entries = Stack<ModuleEntry>()
  var listing = ModuleListing()
  /// Link of the list of modules being freed; its copy while a tree is copied.
  var next: UInt32 = 0
}

/// A module as the engine sees it. Trivial to copy.
package struct ModuleValue: Equatable {
  package let engine: Engine
  let index: UInt32
  var record: UnsafeMutablePointer<ModuleRecord> { engine.state.pointee.modules[index] }
  var count: Int { record.pointee.entries.count }
  var kindName: StaticText { StaticText(head: record.pointee.kind.row.signature) }

  package var handle: Handle {
    Handle(.module, context: engine.state.pointee.id, index: index, generation: record.pointee.generation)
  }
  package static func == (a: ModuleValue, b: ModuleValue) -> Bool { a.engine == b.engine && a.index == b.index }
}

/// Modules inside one another, at most. Every walk is bounded by it.
let deepestModule = 64

extension Handle {
  /// The live module it names.
  package var asModule: ModuleValue? {
    guard isKind == Kind.module.rawValue, let e = engine, index > 0, index < e.state.pointee.modules.limit else { return nil }
    let r = e.state.pointee.modules[index]
    return r.pointee.isLive && r.pointee.generation == generation ? ModuleValue(engine: e, index: index) : nil
  }
}

// MARK: Life

extension Engine {
  /// A module without contents; its one reference is whoever makes it.
  func makeModule(_ kind: ModuleKind, _ options: ModuleOptions) throws(Failure) -> ModuleValue {
    let i = state.pointee.modules.take()
    if i == 0 { throw .memory("module", bytes: MemoryLayout<ModuleRecord>.stride) }
    let r = state.pointee.modules[i]
    let generation = r.pointee.generation == 0 ? state.pointee.generationBase : r.pointee.generation
    r.initialize(to: ModuleRecord(
      generation: generation, isLive: true, isOwned: false, isTraining: true, kind: kind, references: 1, options: options))
    return ModuleValue(engine: self, index: i)
  }

  /// A network from PyTorch's text for it; it belongs to the caller.
  package func module(_ text: UnsafePointer<CChar>) throws(Failure) -> ModuleValue {
    var reader = ModuleReader(text)
    let m = try reader.module(self, depth: 0)
    if !reader.isAtEnd {
      dropModule(m.index)
      throw reader.error("there is something behind the end of the module")
    }
    m.record.pointee.isOwned = true
    return m
  }

  func dropModule(_ i: UInt32) {
    var dead: UInt32 = 0
    dropModule(i, &dead)
    while dead != 0 {
      let r = state.pointee.modules[dead], k = dead
      dead = r.pointee.next
      while let e = r.pointee.entries.pop() {
        if e.index != 0 { if e.role == .child { dropModule(e.index, &dead) } else { drop(e.index, value: true) } }
        state.pointee.allocator.release(UnsafeMutableRawPointer(e.name), size: e.nameSize)
      }
      r.pointee.entries.destroy()
      r.pointee.listing.destroy()
      r.pointee.options.destroy(self)
      r.pointee.isLive = false
      r.pointee.generation = r.pointee.generation == Handle.lastGeneration ? 1 : r.pointee.generation + 1
      state.pointee.modules.give(k)
    }
    state.pointee.moduleVersion &+= 1
  }

  private func dropModule(_ i: UInt32, _ dead: inout UInt32) {
    let r = state.pointee.modules[i]
    r.pointee.references -= 1
    if r.pointee.references > 0 { return }
    r.pointee.next = dead
    dead = i
  }

  func destroyModules() {
    var i: UInt32 = 1
    while i < state.pointee.modules.limit {
      let r = state.pointee.modules[i]
      if r.pointee.isLive, r.pointee.isOwned {
        r.pointee.isOwned = false
        dropModule(i)
      }
      i += 1
    }
  }
}

extension ModuleValue {
  /// Ends the caller's ownership; the module goes when no parent holds it either.
  package func destroy() throws(Failure) {
    if !record.pointee.isOwned { throw Failure(.handle, "module_destroy: this \(kindName) belongs to the module it is part of") }
    record.pointee.isOwned = false
    engine.dropModule(index)
  }

  package var training: Bool { record.pointee.isTraining }
}

// MARK: Names

extension ModuleValue {
  func entry(_ i: Int) -> ModuleEntry { record.pointee.entries[i] }

  /// Position of the entry of that name, of `count` bytes, or −1.
  @inline(never) func find(_ name: UnsafePointer<CChar>, _ length: Int) -> Int {
    var i = 0
    while i < count {
      let own = entry(i).name
      if strncmp(own, name, length) == 0, own[length] == 0 { return i }
      i += 1
    }
    return -1
  }

  /// Puts something under a name, or in the place of what stood there in the same role. Takes over one reference to it, also on failure.
  @inline(never) func put(_ role: ModuleEntry.Role, _ name: UnsafePointer<CChar>, _ length: Int, _ index: UInt32) throws(Failure) {
    do throws(Failure) { try putKnown(role, name, length, index) } catch {
      if index != 0 { if role == .child { engine.dropModule(index) } else { engine.drop(index, value: true) } }
      throw error
    }
    engine.state.pointee.moduleVersion &+= 1
  }

  private func putKnown(_ role: ModuleEntry.Role, _ name: UnsafePointer<CChar>, _ length: Int, _ index: UInt32) throws(Failure) {
    if length == 0 { throw .argument("\(kindName): a name must not be empty") }
    var i = 0
    while i < length {
      if name[i] == 46 { throw .argument("\(kindName): a name must not contain a dot: '\(cString: name)'") }
      i += 1
    }
    i = find(name, length)
    if i >= 0 {
      var e = entry(i)
      if (e.role == .child) != (role == .child) || (e.role == .parameter) != (role == .parameter) {
        throw .argument("\(kindName): the name '\(cString: name)' is taken by something else")
      }
      let old = e.index
      e.index = index
      e.role = role
      record.pointee.entries[i] = e
      if old != 0 { if role == .child { engine.dropModule(old) } else { engine.drop(old, value: true) } }
      return
    }
    var size = 0
    guard let p = engine.state.pointee.allocator.allocate(length &+ 1, size: &size) else { throw .memory("module", bytes: length &+ 1) }
    let copy = p.assumingMemoryBound(to: CChar.self)
    memcpy(copy, name, length)
    copy[length] = 0
    if !record.pointee.entries.push(ModuleEntry(role: role, name: copy, nameSize: size, index: index)) {
      engine.state.pointee.allocator.release(p, size: size)
      throw .memory("module", bytes: MemoryLayout<ModuleEntry>.stride)
    }
  }

  /// The same under a name known beforehand. `_` in it stands for `number`, if there is one.
  @inline(never) func put(_ role: ModuleEntry.Role, _ name: StaticString, _ index: UInt32) throws(Failure) {
    try put(role, UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self), name.utf8CodeUnitCount, index)
  }

  /// A child under a number.
  @inline(never) func put(_ number: Int, _ child: ModuleValue) throws(Failure) {
    var digits = InlineArray<24, CChar>(repeating: 0), n = 24, rest = number
    repeat {
      n -= 1
      digits[n] = CChar(truncatingIfNeeded: 48 + rest % 10)
      rest /= 10
    } while rest > 0
    try withUnsafePointer(to: &digits) { (p) throws(Failure) in
      try put(.child, UnsafeRawPointer(p).assumingMemoryBound(to: CChar.self) + n, 24 - n, child.index)
    }
  }

  /// Whether `m` is this module or somewhere below it.
  private func contains(_ m: ModuleValue, depth: Int) throws(Failure) -> Bool {
    if self == m { return true }
    if depth > deepestModule { throw .argument("module: more than \(deepestModule) modules inside one another") }
    var i = 0
    while i < count {
      let e = entry(i)
      if e.role == .child, e.index != 0, try ModuleValue(engine: engine, index: e.index).contains(m, depth: depth + 1) { return true }
      i += 1
    }
    return false
  }

  /// Makes `child` a part of this module. One that the caller owned belongs to the parent from now on.
  package func add(_ name: UnsafePointer<CChar>, _ child: ModuleValue) throws(Failure) {
    if child.engine != engine { throw Failure(.handle, "module_add: '\(cString: name)' belongs to another context") }
    if try child.contains(self, depth: 0) { throw .argument("module_add: '\(cString: name)' would be part of itself") }
    child.record.pointee.references += 1
    try put(.child, name, strlen(name), child.index)
    if child.record.pointee.isOwned {
      child.record.pointee.isOwned = false
      engine.dropModule(child.index)
    }
  }

  package func addParameter(_ name: UnsafePointer<CChar>, _ v: Value) throws(Failure) {
    if v.engine != engine { throw Failure(.handle, "module_add_parameter: '\(cString: name)' belongs to another context") }
    if !v.isLeaf { throw .argument("module_add_parameter: '\(cString: name)' was computed by '\(v.operationName)', a parameter is a leaf") }
    if !v.dtype.isDifferentiable { throw .dtype("module_add_parameter: '\(cString: name)' must be float32 or float64, not \(v.dtype)") }
    engine.hold(v.index)
    try put(.parameter, name, strlen(name), v.index)
  }

  package func addBuffer(_ name: UnsafePointer<CChar>, _ v: Value, persistent: Bool) throws(Failure) {
    if v.engine != engine { throw Failure(.handle, "module_add_buffer: '\(cString: name)' belongs to another context") }
    engine.hold(v.index)
    try put(persistent ? .buffer : .transientBuffer, name, strlen(name), v.index)
  }

  /// The module at the end of a path such as `encoder.layers.0`, of `length` bytes; "" is this one.
  func descendant(_ path: UnsafePointer<CChar>, _ length: Int) -> ModuleValue? {
    var m = self, at = 0
    while at < length {
      var end = at
      while end < length, path[end] != 46 { end += 1 }
      let i = m.find(path + at, end - at)
      if i < 0 || m.entry(i).role != .child || m.entry(i).index == 0 { return nil }
      m = ModuleValue(engine: engine, index: m.entry(i).index)
      at = end + 1
      if end == length - 1 { return nil }
    }
    return m
  }

  /// The module at the end of a dotted path.
  package func child(_ path: UnsafePointer<CChar>) throws(Failure) -> ModuleValue {
    if let m = descendant(path, strlen(path)) { return m }
    throw .argument("module_child: \(kindName) has no module '\(cString: path)'")
  }

  /// The parameter or buffer at the end of a dotted path, as a handle.
  package func tensor(_ path: UnsafePointer<CChar>) throws(Failure) -> Value {
    let length = strlen(path)
    var dot = length
    while dot > 0, path[dot - 1] != 46 { dot -= 1 }
    if let m = descendant(path, dot > 0 ? dot - 1 : 0) {
      let i = m.find(path + dot, length - dot)
      if i >= 0, m.entry(i).role != .child, m.entry(i).index != 0 { return try engine.handAgain(m.entry(i).index) }
    }
    throw .argument("module_get: \(kindName) has no parameter or buffer '\(cString: path)'")
  }
}

// MARK: Making: what the kinds call

extension ModuleValue {
  /// A parameter of this shape, filled by `fill`. `present` false: the name alone.
  @inline(never) func parameter(
    _ name: StaticString, _ shape: Dims, present: Bool = true, _ fill: (Value) throws(Failure) -> Void
  ) throws(Failure) {
    if !present { return try put(.parameter, name, 0) }
    try put(.parameter, name, filled(shape, fill))
    let s = engine.slot(entry(count - 1).index)
    s.pointee.flags.insert(.requiresGrad)
  }

  /// A fresh float32 slot.
  func filled(_ shape: Dims, _ fill: (Value) throws(Failure) -> Void) throws(Failure) -> UInt32 {
    let i = try engine.make(.float32, shape, for: "module")
    return try engine.filled(i) { () throws(Failure) in try fill(Value(engine: engine, index: i)) }
  }

  @inline(never) func parameter(_ name: StaticString, _ shape: Dims, present: Bool = true, filledWith x: Double) throws(Failure) {
    try parameter(name, shape, present: present) { (v) throws(Failure) in v.fill(x) }
  }

  /// Uniform in ±bound.
  @inline(never) func parameter(_ name: StaticString, _ shape: Dims, present: Bool = true, within bound: Double) throws(Failure) {
    try parameter(name, shape, present: present) { (v) throws(Failure) in try v.initUniform(-bound, bound) }
  }

  @inline(never) func buffer(_ name: StaticString, _ type: DType, _ shape: Dims, filledWith x: Double, present: Bool = true) throws(Failure) {
    if !present { return try put(.buffer, name, 0) }
    let i = try engine.make(type, shape, for: "module")
    Value(engine: engine, index: i).fill(x)
    try put(.buffer, name, i)
  }

  /// What stands at position i: parameter, buffer, or nothing.
  func tensor(_ i: Int) -> Value? {
    let index = entry(i).index
    return index == 0 ? nil : Value(engine: engine, index: index)
  }

  /// The child at position i.
  func child(_ i: Int) -> ModuleValue { ModuleValue(engine: engine, index: entry(i).index) }

  /// Adds a child made from text, which must be right.
  func child(_ name: StaticString, _ m: ModuleValue) throws(Failure) { try put(.child, name, m.index) }
}
