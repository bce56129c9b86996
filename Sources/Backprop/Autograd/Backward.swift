// The backward walk: starts at the output with its seed, visits each node after all that used it, multiplies along
// paths inside the rules and adds across paths here.
import CShim
import KernelAPI

package struct BackwardOptions {
  package var retainGraph = false
  package var createGraph = false
  package var allowUnused = false
  package var seed: Value?
  package init() {}
}

extension Engine {
  /// Adds d output / d leaf to the gradient of every leaf that requires one.
  package func backward(_ output: Value, _ options: BackwardOptions = BackwardOptions()) throws(Failure) {
    try walk(output, options, "backward") { () throws(Failure) in
      try scopedWork { () throws(Failure) in try accumulateInLeaves(options.createGraph) }
    }
  }

  /// Calls `receive` with each target's number and gradient (nil if it plays no part and that is allowed).
  package func gradients(
    _ output: Value, _ targets: (Int) -> Value, count: Int, _ options: BackwardOptions,
    _ receive: (Int, Value?) throws(Failure) -> Void
  ) throws(Failure) {
    var i = 0
    while i < count {
      try check(output, targets(i), for: "grad")
      if !targets(i).requiresGrad {
        throw .graph("grad: input \(i) of shape \(targets(i).shape) does not require a gradient")
      }
      i += 1
    }
    i = 0
    while i < count { targets(i).slot.pointee.flags.insert(.target); i += 1 }
    defer {
      var i = 0
      while i < count { targets(i).slot.pointee.flags.remove(.target); i += 1 }
    }
    try walk(output, options, "grad") { () throws(Failure) in
      var i = 0
      while i < count {
        let t = targets(i)
        if t.slot.pointee.walk != state.pointee.walkNumber || t.slot.pointee.pending == 0, !options.allowUnused {
          throw .graph("grad: input \(i) of shape \(t.shape) plays no part in the output; set allow_unused to get none instead")
        }
        i += 1
      }
      i = 0
      while i < count {
        let t = targets(i)
        if t.slot.pointee.walk == state.pointee.walkNumber, t.slot.pointee.pending != 0 {
          let g = Value(engine: self, index: t.slot.pointee.pending)
          // The caller's to keep and to change: memory of its own, every element in its own place.
          let isOwn = g.slot.pointee.references == 1 && g.isContiguous && storage(g.slot.pointee.storage).pointee.references == 1
          try receive(i, isOwn ? g.again() : g.clone())
        } else {
          try receive(i, nil)
        }
        i += 1
      }
    }
  }

  /// The walk itself. `finish` sees every leaf's (and target's) summed gradient in `pending`; only after it the graph is
  /// given up, so a failure at any point leaves leaves and graph as they were.
  private func walk(
    _ output: Value, _ options: BackwardOptions, _ name: StaticString, _ finish: () throws(Failure) -> Void
  ) throws(Failure) {
    if state.pointee.isWalking { throw .graph("\(name): called from within a backward walk of the same context") }
    if !output.requiresGrad {
      throw .graph("\(name): tensor of shape \(output.shape) does not require a gradient and has no graph behind it")
    }
    if let seed = options.seed {
      try check(output, seed, for: name)
      if seed.shape != output.shape { throw .shape("\(name): the seed has shape \(seed.shape), the output \(output.shape)") }
      if seed.dtype != output.dtype { throw .dtype("\(name): the seed is \(seed.dtype), the output \(output.dtype)") }
    } else if output.count != 1 {
      throw .graph("\(name): output of shape \(output.shape) is not one number; give a seed of that shape")
    }
    state.pointee.isWalking = true
    state.pointee.walkNumber &+= 1
    if state.pointee.walkNumber == 0 { state.pointee.walkNumber = 1 }
    state.pointee.visited.removeAll()
    state.pointee.ready.removeAll()
    let depth = state.pointee.noGradDepth
    state.pointee.noGradDepth = options.createGraph ? 0 : depth + 1
    defer {
      state.pointee.noGradDepth = depth
      releasePending()
      state.pointee.isWalking = false
    }
    try survey(output.index, name)
    try scopedWork { () throws(Failure) in
      let seed: Value
      if let given = options.seed { seed = given } else { seed = try Value.full(self, output.dtype, output.shape, 1) }
      output.slot.pointee.pending = seed.index
      hold(seed.index)
      try deliver(from: output.index)
    }
    try finish()
    if !options.retainGraph, !options.createGraph { giveUpGraph() }
  }

  /// Lists everything behind `root` that a gradient flows to, counts how many uses of each must deliver first, and
  /// refuses the walk while nothing has been touched.
  private func survey(_ root: UInt32, _ name: StaticString) throws(Failure) {
    let number = state.pointee.walkNumber
    func visit(_ i: UInt32) throws(Failure) {
      slot(i).pointee.walk = number
      slot(i).pointee.waiting = 0
      slot(i).pointee.pending = 0
      if !state.pointee.visited.push(i) { throw .memory(name, bytes: state.pointee.visited.count * 4) }
    }
    try visit(root)
    var next = 0
    while next < state.pointee.visited.count {
      let s = slot(state.pointee.visited[next])
      next += 1
      if s.pointee.isLeaf { continue }
      if s.pointee.flags.contains(.consumed) {
        throw .graph("\(name): the graph of '\(s.pointee.operation.rule.name)' with output \(s.pointee.shape) was used up by an earlier backward; pass retain_graph to that one")
      }
      try checkSaved(s, name)
      var k = 0
      while k < Int(s.pointee.inputCount) {
        let i = inputIndex(s, k)
        if i != 0, slot(i).pointee.requiresGrad {
          if slot(i).pointee.walk != number { try visit(i) }
          slot(i).pointee.waiting += 1
        }
        k += 1
      }
    }
    if !state.pointee.ready.reserve(state.pointee.visited.count) { throw .memory(name, bytes: state.pointee.visited.count * 4) }
  }

  private func checkSaved(_ s: UnsafeMutablePointer<Slot>, _ name: StaticString) throws(Failure) {
    let saved = s.pointee.saved
    if saved == 0 { return }
    var k = 0
    while k < Int(s.pointee.inputCount), k < directInputs {
      if saved & (1 << UInt8(truncatingIfNeeded: k)) != 0 {
        let x = slot(s.pointee.inputs[k])
        if storage(x.pointee.storage).pointee.version != s.pointee.inputVersions[k] {
          throw .graph("\(name): '\(s.pointee.operation.rule.name)' saved its input \(k) of shape \(x.pointee.shape), which was changed in place since")
        }
      }
      k += 1
    }
    if saved & savesOutput != 0, storage(s.pointee.storage).pointee.version != s.pointee.outputVersion {
      throw .graph("\(name): '\(s.pointee.operation.rule.name)' saved its output of shape \(s.pointee.shape), which was changed in place since")
    }
  }

  /// Takes nodes whose gradient is complete, asks their rule for the inputs' shares, and adds those up.
  private func deliver(from root: UInt32) throws(Failure) {
    state.pointee.ready.pushReserved(root)
    while let i = state.pointee.ready.pop() {
      let s = slot(i)
      if s.pointee.isLeaf { continue }
      if s.pointee.pending != 0 {
        let g = Value(engine: self, index: s.pointee.pending)
        let isTarget = s.pointee.flags.contains(.target)
        try scopedWork { () throws(Failure) in
          try s.pointee.operation.rule.vjp(Node(engine: self, index: i), g)
        }
        if !isTarget {
          s.pointee.pending = 0
          drop(g.index, value: true)
        }
      }
      var k = 0
      while k < Int(s.pointee.inputCount) {
        let input = inputIndex(s, k)
        if input != 0, slot(input).pointee.requiresGrad {
          slot(input).pointee.waiting -= 1
          if slot(input).pointee.waiting == 0 { state.pointee.ready.pushReserved(input) }
        }
        k += 1
      }
    }
  }

  private func releasePending() {
    var k = 0
    while k < state.pointee.visited.count {
      let s = slot(state.pointee.visited[k])
      if s.pointee.flags.contains(.live), s.pointee.walk == state.pointee.walkNumber, s.pointee.pending != 0 {
        let p = s.pointee.pending
        s.pointee.pending = 0
        drop(p, value: true)
      }
      k += 1
    }
  }

  private func giveUpGraph() {
    releasePending()
    var k = 0
    while k < state.pointee.visited.count {
      let i = state.pointee.visited[k]
      let s = slot(i)
      if s.pointee.flags.contains(.live), s.pointee.walk == state.pointee.walkNumber, !s.pointee.isLeaf { consume(i) }
      k += 1
    }
  }

  /// Adds each leaf's pending gradient to the one it has. What needs memory is made first; the exchange cannot fail.
  private func accumulateInLeaves(_ createGraph: Bool) throws(Failure) {
    var k = 0
    while k < state.pointee.visited.count {
      let s = slot(state.pointee.visited[k])
      k += 1
      if !s.pointee.isLeaf || s.pointee.pending == 0 { continue }
      let p = s.pointee.pending
      if s.pointee.gradient == 0 {
        if isOurs(p) { continue }
        try replacePending(s) { () throws(Failure) -> Value in try Value(engine: self, index: p).clone() }
      } else if createGraph || !canAddInPlace(s.pointee.gradient) {
        let old = Value(engine: self, index: s.pointee.gradient)
        try replacePending(s) { () throws(Failure) -> Value in try old + Value(engine: self, index: p) }
      }
    }
    k = 0
    while k < state.pointee.visited.count {
      let s = slot(state.pointee.visited[k])
      k += 1
      if !s.pointee.isLeaf || s.pointee.pending == 0 { continue }
      let p = s.pointee.pending, old = s.pointee.gradient
      if old != 0, !createGraph, canAddInPlace(old) {
        addInPlace(old, p)
      } else {
        s.pointee.pending = 0
        s.pointee.gradient = p
        slot(p).pointee.flags.insert(.gradient)
        if old != 0 { slot(old).pointee.flags.remove(.gradient); drop(old, value: true) }
      }
    }
  }

  private func replacePending(
    _ s: UnsafeMutablePointer<Slot>, _ make: () throws(Failure) -> Value
  ) throws(Failure) {
    let v = try make()
    hold(v.index)
    drop(s.pointee.pending, value: true)
    s.pointee.pending = v.index
  }

  /// Nobody else sees this tensor or its memory, and it has no history: it may become a gradient, or be added to.
  func isOurs(_ i: UInt32) -> Bool {
    let s = slot(i)
    return s.pointee.references == 1 && storage(s.pointee.storage).pointee.references == 1 && s.isContiguous
      && s.pointee.isLeaf && storage(s.pointee.storage).pointee.size > 0
  }

  /// The gradient a leaf already has is added to in place, as users who hold it expect, unless it has history.
  private func canAddInPlace(_ i: UInt32) -> Bool {
    slot(i).pointee.isLeaf && slot(i).isContiguous && !slot(i).pointee.requiresGrad
  }

  /// y += x for two tensors of one shape and type, y contiguous. Cannot fail.
  func addInPlace(_ y: UInt32, _ x: UInt32) {
    runInPlace(.add, y, x)
    storage(slot(y).pointee.storage).pointee.version &+= 1
  }
}

extension Node {
  /// Hands input i its share of the gradient: summed over stretched dimensions if the input was broadcast, and added to
  /// what arrived over other paths.
  func give(_ i: Int, _ v: Value) throws(Failure) {
    let input = engine.inputIndex(slot, i)
    let x = engine.slot(input)
    let share = v.slot.pointee.shape == x.pointee.shape ? v : try v.sum(toShape: x.pointee.shape)
    if x.pointee.pending == 0 {
      engine.hold(share.index)
      x.pointee.pending = share.index
      return
    }
    let p = x.pointee.pending
    if !engine.isRecording, engine.isOurs(p) {
      engine.slot(p).pointee.part = Part()
      engine.addInPlace(p, share.index)
    } else {
      let sum = try Value(engine: engine, index: p) + share
      engine.hold(sum.index)
      x.pointee.pending = sum.index
      engine.drop(p, value: true)
    }
  }

  /// Hands input i its share, g in the places start, start + step, … of a dimension and zero elsewhere, while nothing is
  /// recorded. What several slices of one tensor hand on meets in one buffer, instead of one tensor of zeros for each.
  func givePart(_ i: Int, _ g: Value, dimension d: Int, start: Int, step: Int) throws(Failure) {
    if g.count == 0 { return try give(i, Value.zeros(engine, g.dtype, engine.slot(engine.inputIndex(slot, i)).pointee.shape)) }
    let x = engine.slot(engine.inputIndex(slot, i))
    let end = start &+ (g.shape[d] &- 1) &* step &+ 1
    let isFirst = x.pointee.pending == 0 || !engine.isOurs(x.pointee.pending)
    let whole = isFirst ? try Value.zeros(engine, g.dtype, x.pointee.shape) : Value(engine: engine, index: x.pointee.pending)
    let s = whole.slot
    let strides = s.pointee.strides.replacing(d, with: s.pointee.strides[d] &* step)
    let view = try engine.makeView(of: whole.index, g.shape, strides, s.pointee.offset &+ start &* s.pointee.strides[d], for: "slice")
    defer { engine.drop(view, value: true) }
    var share = g
    if isFirst {
      s.pointee.part = Part(dimension: d, start: start, end: end)
    } else {
      // Outside the part there are zeros: what comes there is copied.
      if !s.pointee.part.misses(d, start, end) { share = try Value(engine: engine, index: view) + g }
      s.pointee.part.extend(d, start, end)
    }
    engine.copy(g.shape, from: share.data, share.strides, to: engine.data(view), strides, size: g.dtype.size)
    if isFirst { try give(i, whole) }
  }
}

/// Where a gradient that slices gather in can differ from zero: start ..< end of one dimension, or anywhere (dimension −1).
struct Part {
  var dimension = -1
  var start = 0, end = 0

  func misses(_ d: Int, _ from: Int, _ to: Int) -> Bool { d == dimension && (to <= start || from >= end) }
  mutating func extend(_ d: Int, _ from: Int, _ to: Int) {
    if d != dimension { dimension = -1 }
    if from < start { start = from }
    if to > end { end = to }
  }
}
