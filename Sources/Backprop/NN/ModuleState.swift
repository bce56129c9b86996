// What a tree of modules holds, in the order of PyTorch's state_dict: listed, converted, saved and loaded.
import CShim
import KernelAPI

/// A parameter or buffer of a tree: its dotted name, zero-terminated in the listing's text, and its slot.
struct ListedTensor {
  var name: Int
  var slot: UInt32
  /// Number among the parameters, each counted once however many names it has; −1 for a buffer or a further name.
  var parameter: Int32
  var isParameter: Bool
}

/// The tensors of a module and everything below it. Made when first asked for, again after names have changed.
struct ModuleListing {
  var version: UInt32 = 0
  var tensors = Stack<ListedTensor>()
  var parameters = Stack<Int32>()
  var text = Stack<UInt8>()
  mutating func destroy() {
    tensors.destroy()
    parameters.destroy()
    text.destroy()
  }
}

extension ModuleValue {
  /// The listing, up to date.
  func listed() throws(Failure) -> UnsafeMutablePointer<ModuleListing> {
    let r = record, version = engine.state.pointee.moduleVersion
    let list = withUnsafeMutablePointer(to: &r.pointee.listing) { $0 }
    if r.pointee.listing.version == version { return list }
    list.pointee.version = 0
    list.pointee.tensors.truncate(0)
    list.pointee.parameters.truncate(0)
    list.pointee.text.truncate(0)
    var prefix = Stack<UInt8>()
    defer { prefix.destroy() }
    try gather(into: list, &prefix, depth: 0)
    list.pointee.version = version
    return list
  }

  private func gather(into list: UnsafeMutablePointer<ModuleListing>, _ prefix: inout Stack<UInt8>, depth: Int) throws(Failure) {
    try checkDepth(depth)
    let length = prefix.count
    var pass = 0
    while pass < 3 {
      var i = 0
      while i < count {
        let e = entry(i)
        if e.index != 0, e.role.rawValue == (pass < 2 ? UInt8(pass) : ModuleEntry.Role.child.rawValue) {
          guard extend(&prefix, e.name) else { throw .memory("module", bytes: prefix.count) }
          if pass < 2 {
            try append(e, to: list, &prefix)
          } else {
            guard prefix.push(46) else { throw .memory("module", bytes: prefix.count) }
            try child(i).gather(into: list, &prefix, depth: depth + 1)
          }
          while prefix.count > length { _ = prefix.pop() }
        }
        i += 1
      }
      pass += 1
    }
  }

  private func append(_ e: ModuleEntry, to list: UnsafeMutablePointer<ModuleListing>, _ name: inout Stack<UInt8>) throws(Failure) {
    let isParameter = e.role == .parameter
    var number: Int32 = isParameter ? Int32(truncatingIfNeeded: list.pointee.parameters.count) : -1, i = 0
    while isParameter, number >= 0, i < list.pointee.parameters.count {
      if list.pointee.tensors[Int(list.pointee.parameters[i])].slot == e.index { number = -1 }
      i += 1
    }
    let start = list.pointee.text.count
    guard list.pointee.text.reserve(start + name.count + 1), list.pointee.tensors.reserve(list.pointee.tensors.count + 1),
      list.pointee.parameters.reserve(list.pointee.parameters.count + 1)
    else { throw .memory("module", bytes: start + name.count) }
    i = 0
    while i < name.count { list.pointee.text.pushReserved(name[i]); i += 1 }
    list.pointee.text.pushReserved(0)
    if number >= 0 { list.pointee.parameters.pushReserved(Int32(truncatingIfNeeded: list.pointee.tensors.count)) }
    list.pointee.tensors.pushReserved(ListedTensor(name: start, slot: e.index, parameter: number, isParameter: isParameter))
  }

  private func extend(_ text: inout Stack<UInt8>, _ s: UnsafePointer<CChar>) -> Bool {
    var i = 0
    while s[i] != 0 { if !text.push(UInt8(bitPattern: s[i])) { return false }; i += 1 }
    return true
  }

  func checkDepth(_ depth: Int) throws(Failure) {
    if depth > deepestModule { throw .argument("module: more than \(deepestModule) modules inside one another") }
  }

  // MARK: As C sees it: by number

  /// Parameters, or the whole state: parameters and buffers under all their names.
  package func count(parametersOnly: Bool) throws(Failure) -> Int {
    let list = try listed()
    return parametersOnly ? list.pointee.parameters.count : list.pointee.tensors.count
  }
  private func listed(_ i: Int, parametersOnly: Bool) throws(Failure) -> (UnsafeMutablePointer<ModuleListing>, ListedTensor) {
    let list = try listed(), n = parametersOnly ? list.pointee.parameters.count : list.pointee.tensors.count
    if i < 0 || i >= n { throw .index("module: number \(i) is out of range, \(kindName) has \(n)") }
    return (list, list.pointee.tensors[parametersOnly ? Int(list.pointee.parameters[i]) : i])
  }
  package func tensor(_ i: Int, parametersOnly: Bool) throws(Failure) -> Value {
    try engine.handAgain(listed(i, parametersOnly: parametersOnly).1.slot)
  }
  package func name(_ i: Int, parametersOnly: Bool) throws(Failure) -> UnsafePointer<CChar> {
    let (list, t) = try listed(i, parametersOnly: parametersOnly)
    return list.pointee.text.withBase { UnsafePointer(UnsafeRawPointer($0 + t.name).assumingMemoryBound(to: CChar.self)) }
  }

  /// Each parameter once, borrowed.
  package func eachParameter(_ body: (Value) throws(Failure) -> Void) throws(Failure) {
    let list = try listed()
    var i = 0
    while i < list.pointee.parameters.count {
      try body(Value(engine: engine, index: list.pointee.tensors[Int(list.pointee.parameters[i])].slot))
      i += 1
    }
  }

  package func zeroGrad() throws(Failure) { try eachParameter { (p) throws(Failure) in p.zeroGrad() } }
  package func setRequiresGrad(_ wanted: Bool) throws(Failure) {
    try eachParameter { (p) throws(Failure) in try p.setRequiresGrad(wanted) }
  }

  /// Training or evaluation, for the whole tree.
  package func train(_ mode: Bool) throws(Failure) { try train(mode, depth: 0) }
  private func train(_ mode: Bool, depth: Int) throws(Failure) {
    try checkDepth(depth)
    var i = 0
    while i < count {
      if entry(i).role == .child, entry(i).index != 0 { try child(i).train(mode, depth: depth + 1) }
      i += 1
    }
    record.pointee.isTraining = mode
  }
}

extension OptimizerValue {
  /// Every parameter that requires a gradient; all of them, or none.
  package func add(_ m: ModuleValue) throws(Failure) {
    if m.engine != engine { throw Failure(.handle, "optimizer_add_module: the module belongs to another context") }
    var added = 0
    do throws(Failure) {
      try m.eachParameter { (p) throws(Failure) in
        if !p.requiresGrad { return }
        try add(p)
        added += 1
      }
    } catch {
      while added > 0, let p = record.pointee.parameters.pop() {
        engine.drop(p.slot, value: true)
        added -= 1
      }
      throw error
    }
  }
}

// MARK: Conversion

extension ModuleValue {
  /// The floating parameters and buffers, with their gradients, in another type. Tensors stay who they are; a graph that still needs their old
  /// values refuses to go backward.
  package func convert(to type: DType) throws(Failure) {
    if !type.isDifferentiable { throw .dtype("module_to: wanted float32 or float64, not \(type)") }
    let e = engine
    var converted = Stack<UInt32>()
    defer {
      while let i = converted.pop() { if i != 0 { e.drop(i, value: true) } }
      converted.destroy()
    }
    func prepare(_ i: UInt32) throws(Failure) {
      var new: UInt32 = 0
      if i != 0, e.slot(i).pointee.dtype.category == .floating, e.slot(i).pointee.dtype != type {
        try e.withoutRecording { () throws(Failure) in
          try e.scopedWork { () throws(Failure) in
            new = try Value(engine: e, index: i).to(type).index
            e.hold(new)
          }
        }
      }
      if !converted.push(new) {
        if new != 0 { e.drop(new, value: true) }
        throw .memory("module_to", bytes: MemoryLayout<UInt32>.stride)
      }
    }
    try everyTensor(depth: 0) { (i) throws(Failure) in
      try prepare(i)
      try prepare(e.slot(i).pointee.gradient)
    }
    var k = 0
    try everyTensor(depth: 0) { (i) throws(Failure) in
      e.exchange(i, converted[k])
      e.exchange(e.slot(i).pointee.gradient, converted[k + 1])
      k += 2
    }
  }

  /// Slots of parameters and buffers, also those that are not saved.
  private func everyTensor(depth: Int, _ body: (UInt32) throws(Failure) -> Void) throws(Failure) {
    try checkDepth(depth)
    var i = 0
    while i < count {
      let e = entry(i)
      if e.index != 0 {
        if e.role == .child { try child(i).everyTensor(depth: depth + 1, body) } else { try body(e.index) }
      }
      i += 1
    }
  }

  /// After it is made: the type and device its options ask for.
  func convertAsTold() throws(Failure) {
    let device = option("device"), type = option("dtype")
    if device.form != .missing, device.form != .none, !device.isWord("cpu") { throw wrong("device", "'cpu'") }
    if type.form == .missing || type.form == .none || type.isWord("float32") || type.isWord("float") { return }
    if !type.isWord("float64") && !type.isWord("double") { throw wrong("dtype", "float32 or float64") }
    try convert(to: .float64)
  }
}

extension Engine {
  /// The elements of slot b, of the same shape, become those of a and the other way round. A graph that saved a's sees a change in place.
  fileprivate func exchange(_ a: UInt32, _ b: UInt32) {
    if a == 0 || b == 0 || slot(a).pointee.dtype == slot(b).pointee.dtype { return }
    let x = slot(a), y = slot(b)
    swap(&x.pointee.storage, &y.pointee.storage)
    swap(&x.pointee.offset, &y.pointee.offset)
    swap(&x.pointee.strides, &y.pointee.strides)
    swap(&x.pointee.dtype, &y.pointee.dtype)
    storage(x.pointee.storage).pointee.version = storage(y.pointee.storage).pointee.version &+ 1
  }
}

// MARK: Files

extension ModuleValue {
  package func save(_ path: UnsafePointer<CChar>) throws(Failure) {
    let list = try listed(), n = list.pointee.tensors.count, e = engine
    if n == 0 { return try e.save(path, 0, { _ in path }, { _ in Value(engine: e, index: 0) }) }
    let text = list.pointee.text.withBase { UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self) }
    try e.save(path, n, { text + list.pointee.tensors[$0].name }, { Value(engine: e, index: list.pointee.tensors[$0].slot) })
  }

  /// Takes over what a file holds, by name. `strict`: every name on both sides must have its counterpart. All is copied, or nothing.
  package func load(_ path: UnsafePointer<CChar>, strict: Bool) throws(Failure) {
    let list = try listed(), n = list.pointee.tensors.count, e = engine
    let file = try e.load(path)
    defer { file.destroy() }
    try e.withScratch(of: UInt32.self, count: n + file.count, for: "module_load") { (sources) throws(Failure) in
      let isUsed = sources + n
      memset(sources, 0, (n + file.count) &* 4)
      func name(_ i: Int) -> UnsafePointer<CChar> {
        list.pointee.text.withBase { UnsafeRawPointer($0 + list.pointee.tensors[i].name).assumingMemoryBound(to: CChar.self) }
      }
      var i = 0, missing = 0
      while i < n {
        if let k = file.find(name(i)) {
          sources[i] = file.slot(k)
          isUsed[k] = 1
          let own = e.slot(list.pointee.tensors[i].slot), new = e.slot(sources[i])
          if own.pointee.shape != new.pointee.shape {
            throw .shape("module_load: '\(cString: name(i))' has shape \(new.pointee.shape) in the file, \(own.pointee.shape) in the module")
          }
          if new.pointee.dtype.category.rawValue > own.pointee.dtype.category.rawValue {
            throw .dtype("module_load: '\(cString: name(i))' is \(new.pointee.dtype) in the file, \(own.pointee.dtype) in the module")
          }
          try Value(engine: e, index: list.pointee.tensors[i].slot).checkWritable("module_load")
        } else {
          missing += 1
        }
        i += 1
      }
      var unexpected = 0
      i = 0
      while i < file.count { unexpected += isUsed[i] == 0 ? 1 : 0; i += 1 }
      if strict, missing + unexpected > 0 {
        var out = MessageWriter(shim_thread_message())
        out.append("module_load:")
        if missing > 0 { out.append(" missing:") }
        i = 0
        while i < n { if sources[i] == 0 { out.append(" "); out.append(cString: name(i)) }; i += 1 }
        if unexpected > 0 { out.append(missing > 0 ? "; unexpected:" : " unexpected:") }
        i = 0
        while i < file.count { if isUsed[i] == 0, let p = file.name(i) { out.append(" "); out.append(cString: p) }; i += 1 }
        throw .argument(FailureText(written: ()))
      }
      try e.withoutRecording { () throws(Failure) in
        try e.scopedWork { () throws(Failure) in
          i = 0
          while i < n {
            if sources[i] != 0 {
              sources[i] = try Value(engine: e, index: sources[i]).to(e.slot(list.pointee.tensors[i].slot).pointee.dtype).index
            }
            i += 1
          }
          i = 0
          while i < n {
            if sources[i] != 0 { Value(engine: e, index: list.pointee.tensors[i].slot).setElements(Value(engine: e, index: sources[i])) }
            i += 1
          }
        }
      }
    }
  }
}

extension Value {
  /// self ← source, of the same type and shape. Cannot fail.
  func setElements(_ source: Value) {
    engine.copy(shape, from: source.data, source.strides, to: data, strides, size: dtype.size)
    bumpVersion()
  }
}

extension ArchiveValue {
  func find(_ name: UnsafePointer<CChar>) -> Int? {
    var i = 0
    while i < count {
      if let own = self.name(i), strcmp(own, name) == 0 { return i }
      i += 1
    }
    return nil
  }
  func slot(_ i: Int) -> UInt32 { record.pointee.entries[i].slot }
}
