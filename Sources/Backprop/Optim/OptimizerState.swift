// What an optimizer keeps, seen from outside: by parameter and name, and as a file, so that training goes on bit for bit.
import CShim
import KernelAPI

extension OptimizerValue {
  private func parameter(_ i: Int) throws(Failure) -> OptimizedParameter {
    if i < 0 || i >= parameterCount { throw .index("\(name): there is no parameter \(i), they are 0…\(parameterCount - 1)") }
    return record.pointee.parameters[i]
  }
  private func rank(_ p: OptimizedParameter) -> Int { engine.slot(p.slot).pointee.shape.count }

  /// Name number k of what may be kept for parameter i; nil beyond the last.
  package func stateName(_ i: Int, _ k: Int) throws(Failure) -> StaticString? {
    let p = try parameter(i), kind = record.pointee.kind
    var left = k
    if kind == .lbfgs { return i == 0 && k >= 0 && k < 4 ? lbfgsName(k) : nil }
    if kind.countsSteps { if left == 0 { return "step" }; left -= 1 }
    if kind == .nadam { if left == 0 { return "mu_product" }; left -= 1 }
    return left >= 0 && left < OptimizerKind.states ? kind.stateName(left, isMatrix: rank(p) > 1) : nil
  }
  private func lbfgsName(_ k: Int) -> StaticString { k == 0 ? "numbers" : k == 1 ? "vectors" : k == 2 ? "old_dirs" : "old_stps" }

  /// What is kept for parameter i under that name: a tensor that looks into it, or for counts a copy; nil while there is none.
  package func state(_ i: Int, _ wanted: UnsafePointer<CChar>) throws(Failure) -> Value? {
    let p = try parameter(i), e = engine
    var k = 0
    while let name = try stateName(i, k) {
      if !isName(wanted, name) { k += 1; continue }
      if record.pointee.kind == .lbfgs { return try lbfgsState(k) }
      let isCount = isName(wanted, "step"), isProduct = isName(wanted, "mu_product")
      if isCount || isProduct {
        if p.steps == 0 { return nil }
        return try Value.full(e, .float32, Dims(), isCount ? Double(p.steps) : Double(p.momentumProduct))
      }
      let slot = p.states[stateIndex(name, rank(p))]
      return slot == 0 || p.isFresh ? nil : try e.handAgain(slot)
    }
    throw .argument("\(self.name): keeps nothing named '\(cString: wanted)' for parameter \(i)")
  }

  private func stateIndex(_ name: StaticString, _ rank: Int) -> Int {
    var k = 0
    while k < OptimizerKind.states, let s = record.pointee.kind.stateName(k, isMatrix: rank > 1) {
      if s.utf8Start == name.utf8Start { return k }
      k += 1
    }
    return 0
  }

  /// A copy of `value` takes the place of what is kept.
  package func setState(_ i: Int, _ wanted: UnsafePointer<CChar>, _ value: Value) throws(Failure) {
    try refuseWhileBusy()
    var p = try parameter(i)
    let e = engine, type = e.slot(p.slot).pointee.dtype
    if value.engine != e { throw Failure(.handle, "\(name): state '\(cString: wanted)' belongs to another context") }
    var k = 0
    while let name = try stateName(i, k) {
      if !isName(wanted, name) { k += 1; continue }
      if record.pointee.kind == .lbfgs { return try setLBFGSState(k, value) }
      let isCount = isName(wanted, "step")
      if isCount || isName(wanted, "mu_product") {
        let x = try value.item()
        if isCount {
          if !(x >= 0 && x < 1e15 && x == x.rounded(.towardZero)) { throw .argument("\(self.name): step must be a whole number ≥ 0, it is \(x)") }
          p.steps = Int(x)
        } else {
          p.momentumProduct = Float(x)
        }
      } else {
        let k = stateIndex(name, rank(p)), shape = stateShape(k, e.slot(p.slot).pointee.shape)
        if value.shape != shape { throw .shape("\(self.name): state '\(cString: wanted)' of parameter \(i) has shape \(shape), not \(value.shape)") }
        if !value.dtype.isDifferentiable { throw .dtype("\(self.name): state '\(cString: wanted)' must be float32 or float64, not \(value.dtype)") }
        let new = Value(engine: e, index: try e.make(type, shape, for: self.name))
        do throws(Failure) {
          try e.withoutRecording { () throws(Failure) in
            try e.scopedWork { () throws(Failure) in try new.read(from: value.to(type)) }
          }
        } catch {
          e.drop(new.index, value: true)
          throw error
        }
        if p.states[k] != 0 { e.drop(p.states[k], value: true) }
        p.states[k] = new.index
        p.isFresh = false
      }
      record.pointee.parameters[i] = p
      return
    }
    throw .argument("\(self.name): keeps nothing named '\(cString: wanted)' for parameter \(i)")
  }

  // MARK: L-BFGS: four tensors

  /// numbers: func_evals, n_iter, t, H_diag, prev_loss, then ro of each pair; vectors [2, n]: d, prev_flat_grad; old_dirs, old_stps [pairs, n].
  private func lbfgsState(_ k: Int) throws(Failure) -> Value? {
    let m = record.pointee.memory, e = engine, pairs = m.pairs.count
    guard m.iterations > 0, let vectors = m.vectors else { return nil }
    let v = try Value.empty(e, .float64, k == 0 ? Dims(5 + pairs) : Dims(k == 1 ? 2 : pairs, m.n), for: "lbfgs")
    let p = v.data(as: Double.self)
    if k == 0 { p[0] = Double(m.evaluations); p[1] = Double(m.iterations); p[2] = m.t; p[3] = m.hDiag; p[4] = m.lastLoss }
    if k == 1 { memcpy(p, vectors, 16 * m.n) }
    var i = 0
    while i < pairs {
      if k == 0 { p[5 + i] = m.pairs[i].rho }
      if k > 1 { memcpy(p + i * m.n, k == 2 ? m.pairs[i].y : m.pairs[i].s, 8 * m.n) }
      i += 1
    }
    return v
  }

  /// `numbers` comes first and says how many pairs there are.
  private func setLBFGSState(_ k: Int, _ given: Value) throws(Failure) {
    let e = engine, r = record
    if given.dtype != .float64 || !given.isContiguous { throw .dtype("lbfgs: '\(lbfgsName(k))' must be float64 and lie without gaps") }
    let p = given.data(as: Double.self)
    var n = 0, i = 0
    while i < parameterCount { n += Value(engine: e, index: r.pointee.parameters[i].slot).count; i += 1 }
    if k == 0 {
      if given.rank != 1 || given.count < 5 { throw .shape("lbfgs: 'numbers' has shape \(given.shape), wanted 5 + the number of pairs") }
      if !(p[0] >= 0 && p[0] < 1e15 && p[1] >= 0 && p[1] < 1e15) { throw .argument("lbfgs: 'numbers' begins with two counts ≥ 0, not \(p[0]) and \(p[1])") }
      let pairs = given.count - 5
      var m = QuasiNewtonMemory()
      m.n = n
      do throws(Failure) {
        let (bytes, over) = n.multipliedReportingOverflow(by: 16)
        func room(_ size: inout Int) throws(Failure) -> Vector {
          guard !over, let q = e.state.pointee.allocator.allocate(bytes > 0 ? bytes : 8, size: &size) else { throw .memory("lbfgs", bytes: bytes) }
          memset(q, 0, bytes)
          return q.assumingMemoryBound(to: Double.self)
        }
        m.vectors = try room(&m.size)
        if !m.pairs.reserve(pairs + 1) { throw .memory("lbfgs", bytes: pairs) }
        while m.pairs.count < pairs {
          var size = 0
          let y = try room(&size)
          m.pairs.pushReserved(CurvaturePair(y: y, s: y + n, size: size, rho: p[5 + m.pairs.count]))
        }
      } catch {
        m.destroy(e)
        throw error
      }
      (m.evaluations, m.iterations, m.t, m.hDiag, m.lastLoss) = (Int(p[0]), Int(p[1]), p[2], p[3], p[4])
      r.pointee.memory.destroy(e)
      r.pointee.memory = m
      return
    }
    let m = r.pointee.memory
    guard let vectors = m.vectors else { throw .argument("lbfgs: 'numbers' is to be set before '\(lbfgsName(k))'") }
    let shape = Dims(k == 1 ? 2 : m.pairs.count, n)
    if given.shape != shape { throw .shape("lbfgs: '\(lbfgsName(k))' has shape \(given.shape), wanted \(shape)") }
    if k == 1 { memcpy(vectors, p, 16 * n) }
    i = 0
    while k > 1, i < m.pairs.count { memcpy(k == 2 ? m.pairs[i].y : m.pairs[i].s, p + i * n, 8 * n); i += 1 }
  }
}

extension Value {
  /// Every element from a tensor of the same type and shape; we lie without gaps.
  fileprivate func read(from x: Value) throws(Failure) { try x.read(data, bytes: count &* dtype.size) }
}

// MARK: Files

/// A tensor to be written, and its name.
private struct StateEntry {
  var name: InlineArray<64, CChar>
  var value: Value
}

extension OptimizerValue {
  /// state.<parameter>.<name> and param_groups.<group>.<option>, as safetensors.
  package func save(_ path: UnsafePointer<CChar>) throws(Failure) {
    try refuseWhileBusy()
    let e = engine, most = parameterCount * 5 + groupCount * (OptimizerOption.count + 1)
    try e.withoutRecording { () throws(Failure) in
      try e.scopedWork { () throws(Failure) in
        try e.withScratch(of: StateEntry.self, count: most, for: name) { (entries) throws(Failure) in
          var count = 0
          try eachEntry { (key, value) throws(Failure) in
            if let v = try value() {
              (entries + count).initialize(to: StateEntry(name: key, value: v))
              count += 1
            }
          }
          try e.save(path, count, { UnsafeRawPointer(entries + $0).assumingMemoryBound(to: CChar.self) }, { entries[$0].value })
        }
      }
    }
  }

  /// Takes state and options from such a file; an optimizer of the same kind with the same parameters in the same groups. All or nothing.
  package func load(_ path: UnsafePointer<CChar>) throws(Failure) {
    try refuseWhileBusy()
    let e = engine, file = try e.load(path), r = record
    defer { file.destroy() }
    func find(_ key: InlineArray<64, CChar>) throws(Failure) -> Value? {
      var key = key
      return try withUnsafePointer(to: &key) { p throws(Failure) -> Value? in
        let wanted = UnsafeRawPointer(p).assumingMemoryBound(to: CChar.self)
        var i = 0
        while let name = file.name(i) { if strcmp(name, wanted) == 0 { return try file.tensor(name) }; i += 1 }
        return nil
      }
    }
    // A second optimizer takes it all in; if that works, the two change places.
    let other = try e.makeOptimizer(r.pointee.kind)
    do throws(Failure) {
      try e.withoutRecording { () throws(Failure) in
        try e.scopedWork { () throws(Failure) in
          var i = 0
          while i < parameterCount {
            let p = r.pointee.parameters[i]
            while other.groupCount <= p.group { _ = try other.addGroup() }
            try other.add(Value(engine: e, index: p.slot))
            i += 1
          }
          while other.groupCount < groupCount { _ = try other.addGroup() }
          i = 0
          while i < groupCount {
            var g = other.record.pointee.groups[i]
            g.initialLR = r.pointee.groups[i].initialLR
            other.record.pointee.groups[i] = g
            i += 1
          }
          var found = 0
          try eachEntry { (key, _) throws(Failure) in
            guard let v = try find(key) else { return }
            found += 1
            try other.take(key, v)
          }
          if found != file.count {
            throw Failure(.format, "optimizer_load: \(file.count - found) of the file's tensors belong to another optimizer than this \(name) with \(parameterCount) parameters in \(groupCount) groups")
          }
          i = 0
          while i < groupCount { try r.pointee.kind.check(other.record.pointee.groups[i].options); i += 1 }
        }
      }
    } catch {
      other.destroy()
      throw error
    }
    swap(&r.pointee.groups, &other.record.pointee.groups)
    swap(&r.pointee.parameters, &other.record.pointee.parameters)
    swap(&r.pointee.memory, &other.record.pointee.memory)
    other.destroy()
  }

  /// Calls `body` with every key there can be and a way to what belongs there.
  private func eachEntry(
    _ body: (InlineArray<64, CChar>, () throws(Failure) -> Value?) throws(Failure) -> Void
  ) throws(Failure) {
    var i = 0, k = 0
    while i < groupCount {
      let o = record.pointee.groups[i].options
      var raw: UInt8 = 0
      while let option = OptimizerOption(rawValue: raw) {
        if o.has(option) { try body(key("param_groups.", i, option.name)) { () throws(Failure) in try Value.full(engine, .float64, Dims(), o[option]) } }
        raw += 1
      }
      i += 1
    }
    i = 0
    while i < parameterCount {
      k = 0
      while let name = try stateName(i, k) {
        try body(key("state.", i, name)) { () throws(Failure) in
          try state(i, UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self))
        }
        k += 1
      }
      i += 1
    }
  }

  private func key(_ first: StaticString, _ i: Int, _ last: StaticString) -> InlineArray<64, CChar> {
    var text = InlineArray<64, CChar>(repeating: 0)
    withUnsafeMutablePointer(to: &text) { p in
      var out = MessageWriter(UnsafeMutableRawPointer(p).assumingMemoryBound(to: CChar.self))
      out.append(first)
      out.append(i)
      out.append(".")
      out.append(last)
    }
    return text
  }

  /// Puts what a file holds under a key of ours where it belongs.
  private func take(_ key: InlineArray<64, CChar>, _ v: Value) throws(Failure) {
    var key = key
    try withUnsafePointer(to: &key) { p throws(Failure) in
      let text = UnsafeRawPointer(p).assumingMemoryBound(to: CChar.self)
      let isGroup = text[0] == 112  // "param_groups." or "state."
      var at = isGroup ? 13 : 6, number = 0
      while text[at] >= 48, text[at] <= 57 { number = number * 10 + Int(text[at]) - 48; at += 1 }
      let name = text + at + 1
      if isGroup {
        var g = record.pointee.groups[number]
        g.options[try record.pointee.kind.option(name, g.options)] = try v.item()
        record.pointee.groups[number] = g
      } else {
        try setState(number, name, v)
      }
    }
  }
}
