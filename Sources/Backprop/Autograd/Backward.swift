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

/// One walk under way. The gradient of a custom operation may begin another inside: each has its part of the lists.
struct Walk {
  let number: UInt32
  /// Where its entries begin in `visited` and `ready`.
  let visited: Int, ready: Int
}

/// A tensor a walk comes by, and what an outer walk had noted in its record.
struct Visit {
  let slot: UInt32
  let walk: UInt32, waiting: UInt32, pending: UInt32
  let isTarget: Bool
}

/// So many walks may be nested.
private let deepestWalk = 32

extension Engine {
  /// Adds d output / d leaf to the gradient of every leaf that requires one, or of `count` targets alone.
  package func backward(
    _ output: Value, _ options: BackwardOptions = BackwardOptions(), _ targets: (Int) -> Value, count: Int
  ) throws(Failure) {
    try checkTargets(output, targets, count, "backward")
    try walk(output, options, "backward", targets, count) { (w) throws(Failure) in
      try scopedWork { () throws(Failure) in try accumulate(w, options.createGraph, targetsOnly: count > 0) }
      var k = w.visited
      while k < state.pointee.visited.count {
        let i = state.pointee.visited[k].slot
        k += 1
        if slot(i).pointee.hooks != 0, slot(i).pointee.walk == w.number, slot(i).pointee.gradient != 0 { try runLateHooks(i) }
      }
    }
  }

  package func backward(_ output: Value, _ options: BackwardOptions = BackwardOptions()) throws(Failure) {
    try backward(output, options, { _ in output }, count: 0)
  }

  /// Calls `receive` with each target's number and gradient (nil if it plays no part and that is allowed).
  package func gradients(
    _ output: Value, _ targets: (Int) -> Value, count: Int, _ options: BackwardOptions,
    _ receive: (Int, Value?) throws(Failure) -> Void
  ) throws(Failure) {
    try checkTargets(output, targets, count, "grad")
    try walk(output, options, "grad", targets, count) { (w) throws(Failure) in
      func arrived(_ t: Value) -> UInt32 { t.slot.pointee.walk == w.number ? t.slot.pointee.pending : 0 }
      var i = 0
      while i < count {
        let t = targets(i)
        if arrived(t) == 0, !options.allowUnused {
          throw .graph("grad: input \(i) of shape \(t.shape) plays no part in the output; set allow_unused to get none instead")
        }
        i += 1
      }
      i = 0
      while i < count {
        let p = arrived(targets(i))
        if p != 0 {
          let g = Value(engine: self, index: p)
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

  private func checkTargets(_ output: Value, _ targets: (Int) -> Value, _ count: Int, _ name: StaticString) throws(Failure) {
    var i = 0
    while i < count {
      try check(output, targets(i), for: name)
      if !targets(i).requiresGrad {
        throw .graph("\(name): input \(i) of shape \(targets(i).shape) does not require a gradient")
      }
      i += 1
    }
  }

  /// The walk itself. `finish` sees every leaf's (and target's) summed gradient in `pending`; only after it the graph is
  /// given up, so a failure at any point leaves leaves and graph as they were.
  private func walk(
    _ output: Value, _ options: BackwardOptions, _ name: StaticString, _ targets: (Int) -> Value, _ count: Int,
    _ finish: (Walk) throws(Failure) -> Void
  ) throws(Failure) {
    if state.pointee.walkDepth == deepestWalk { throw .graph("\(name): walks are nested \(deepestWalk) deep, each begun by the gradient of a custom operation") }
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
    let outer = (state.pointee.walkNumber, state.pointee.noGradDepth)
    state.pointee.lastWalk &+= 1
    if state.pointee.lastWalk == 0 { state.pointee.lastWalk = 1 }
    if state.pointee.walkDepth == 0 { state.pointee.outermostWalk = state.pointee.lastWalk }
    let w = Walk(number: state.pointee.lastWalk, visited: state.pointee.visited.count, ready: state.pointee.ready.count)
    state.pointee.walkNumber = w.number
    state.pointee.walkDepth += 1
    state.pointee.noGradDepth = options.createGraph ? 0 : outer.1 + 1
    hold(output.index)  // whatever a callback releases, the graph stays for the walk
    defer {
      leave(w)
      (state.pointee.walkNumber, state.pointee.noGradDepth) = outer
      state.pointee.walkDepth -= 1
      drop(output.index, value: true)
    }
    try survey(output.index, w, name)
    var i = 0
    while i < count {
      if targets(i).slot.pointee.walk == w.number { targets(i).slot.pointee.flags.insert(.target) }
      i += 1
    }
    if count > 0 { prune(w, output.index) }
    try checkGraph(w, name, givesUp: !options.retainGraph && !options.createGraph)
    try scopedWork { () throws(Failure) in
      let seed: Value
      if let given = options.seed { seed = given } else { seed = try Value.full(self, output.dtype, output.shape, 1) }
      output.slot.pointee.pending = seed.index
      hold(seed.index)
      try deliver(from: output.index, w)
    }
    try finish(w)
    if !options.retainGraph, !options.createGraph { giveUpGraph(w) }
  }

  /// Lists everything behind `root` that a gradient flows to, and counts how many uses of each must deliver first.
  private func survey(_ root: UInt32, _ w: Walk, _ name: StaticString) throws(Failure) {
    func visit(_ i: UInt32) throws(Failure) {
      let s = slot(i)
      let v = Visit(
        slot: i, walk: s.pointee.walk, waiting: s.pointee.waiting, pending: s.pointee.pending, isTarget: s.pointee.flags.contains(.target))
      if !state.pointee.visited.push(v) { throw .memory(name, bytes: state.pointee.visited.count * MemoryLayout<Visit>.stride) }
      s.pointee.walk = w.number
      s.pointee.waiting = 0
      s.pointee.pending = 0
      s.pointee.flags.remove(.target)
    }
    try visit(root)
    var next = w.visited
    while next < state.pointee.visited.count {
      let s = slot(state.pointee.visited[next].slot)
      next += 1
      if s.pointee.isLeaf { continue }
      var k = 0
      while k < Int(s.pointee.inputCount) {
        let i = inputIndex(s, k)
        if i != 0, slot(i).pointee.requiresGrad {
          if slot(i).pointee.walk != w.number { try visit(i) }
          slot(i).pointee.waiting += 1
        }
        k += 1
      }
    }
    let room = w.ready + state.pointee.visited.count - w.visited
    if !state.pointee.ready.reserve(room) { throw .memory(name, bytes: room * 4) }
  }

  /// Adds to `found` the leaves that a gradient of `outputs` would come to, without those of `known`.
  func findLeaves(
    behind outputs: UnsafeBufferPointer<Value>, except known: UnsafeBufferPointer<Value>, _ found: inout Stack<UInt32>
  ) throws(Failure) {
    state.pointee.lastWalk &+= 1
    let w = Walk(number: state.pointee.lastWalk, visited: state.pointee.visited.count, ready: state.pointee.ready.count)
    defer { leave(w) }
    for y in outputs where y.requiresGrad && y.slot.pointee.walk != w.number { try survey(y.index, w, "checkpoint") }
    var k = w.visited
    next: while k < state.pointee.visited.count {
      let i = state.pointee.visited[k].slot
      k += 1
      if !slot(i).pointee.isLeaf { continue }
      for x in known where x.index == i { continue next }
      if !found.push(i) { throw .memory("checkpoint", bytes: (found.count + 1) * 4) }
    }
  }

  /// Takes what leads to no target out of the walk.
  private func prune(_ w: Walk, _ root: UInt32) {
    // In an order in which each node follows all its uses; `waiting` is 0 for all afterwards.
    state.pointee.ready.pushReserved(root)
    var next = w.ready
    while next < state.pointee.ready.count {
      let s = slot(state.pointee.ready[next])
      next += 1
      eachInput(s, w) { x in
        x.pointee.waiting -= 1
        return x.pointee.waiting == 0
      }
    }
    // From the leaves back: 1 for what is a target or leads to one.
    while state.pointee.ready.count > w.ready, let i = state.pointee.ready.pop() {
      let s = slot(i)
      var needed = s.pointee.flags.contains(.target)
      eachInput(s, w) { x in
        if x.pointee.waiting == 1 { needed = true }
        return false
      }
      s.pointee.waiting = needed ? 1 : 0
    }
    var k = w.visited
    while k < state.pointee.visited.count {
      let s = slot(state.pointee.visited[k].slot)
      if s.pointee.waiting == 0 { s.pointee.walk = 0 }
      s.pointee.waiting = 0
      k += 1
    }
    k = w.visited
    while k < state.pointee.visited.count {
      let s = slot(state.pointee.visited[k].slot)
      if s.pointee.walk == w.number {
        eachInput(s, w) { x in
          x.pointee.waiting += 1
          return false
        }
      }
      k += 1
    }
    slot(root).pointee.walk = w.number
  }

  /// Calls `body` with each input that belongs to the walk, as often as it is one; those it says yes to are ready.
  @inline(__always) private func eachInput(
    _ s: UnsafeMutablePointer<Slot>, _ w: Walk, _ body: (UnsafeMutablePointer<Slot>) -> Bool
  ) {
    if s.pointee.isLeaf { return }
    var k = 0
    while k < Int(s.pointee.inputCount) {
      let i = inputIndex(s, k)
      if i != 0, slot(i).pointee.walk == w.number, slot(i).pointee.requiresGrad, body(slot(i)) { state.pointee.ready.pushReserved(i) }
      k += 1
    }
  }

  /// Refuses the walk while nothing has been touched.
  private func checkGraph(_ w: Walk, _ name: StaticString, givesUp: Bool) throws(Failure) {
    var k = w.visited
    while k < state.pointee.visited.count {
      let v = state.pointee.visited[k], s = slot(v.slot)
      k += 1
      if s.pointee.isLeaf || s.pointee.walk != w.number { continue }
      let operation = s.pointee.operation.rule.name
      if s.pointee.flags.contains(.consumed) {
        throw .graph("\(name): the graph of '\(operation)' with output \(s.pointee.shape) was used up by an earlier backward; pass retain_graph to that one")
      }
      if givesUp, isUnderWay(v.walk) {
        throw .graph("\(name): '\(operation)' with output \(s.pointee.shape) belongs to the walk that called this one, which still needs it; pass retain_graph")
      }
      try checkSaved(s, name)
    }
  }

  /// Whether an outer walk has that number.
  private func isUnderWay(_ number: UInt32) -> Bool {
    number != 0 && state.pointee.walkDepth > 1 && number &- state.pointee.outermostWalk < 1 << 31
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
  private func deliver(from root: UInt32, _ w: Walk) throws(Failure) {
    state.pointee.ready.pushReserved(root)
    while state.pointee.ready.count > w.ready, let i = state.pointee.ready.pop() {
      let s = slot(i)
      if s.pointee.pending != 0 {
        if s.pointee.hooks != 0 { try runHooks(i) }
        if s.pointee.isLeaf { continue }
        let g = Value(engine: self, index: s.pointee.pending)
        let isKept = !s.pointee.flags.isDisjoint(with: [.target, .retainsGrad])
        try scopedWork { () throws(Failure) in
          try s.pointee.operation.rule.vjp(Node(engine: self, index: i), g)
        }
        if !isKept {
          s.pointee.pending = 0
          drop(g.index, value: true)
        }
      }
      eachInput(s, w) { x in
        x.pointee.waiting -= 1
        return x.pointee.waiting == 0
      }
    }
  }

  /// What the walk noted in the records goes, and what an outer walk had noted there comes back.
  private func leave(_ w: Walk) {
    releasePending(w)
    while state.pointee.visited.count > w.visited, let v = state.pointee.visited.pop() {
      let s = slot(v.slot)
      if !s.pointee.flags.contains(.live) || (s.pointee.walk != w.number && s.pointee.walk != 0) { continue }
      s.pointee.walk = v.walk
      s.pointee.waiting = v.waiting
      s.pointee.pending = v.pending
      if v.isTarget { s.pointee.flags.insert(.target) } else { s.pointee.flags.remove(.target) }
    }
    state.pointee.ready.truncate(w.ready)
  }

  private func releasePending(_ w: Walk) {
    var k = w.visited
    while k < state.pointee.visited.count {
      let s = slot(state.pointee.visited[k].slot)
      if s.pointee.flags.contains(.live), s.pointee.walk == w.number, s.pointee.pending != 0 {
        let p = s.pointee.pending
        s.pointee.pending = 0
        drop(p, value: true)
      }
      k += 1
    }
  }

  private func giveUpGraph(_ w: Walk) {
    releasePending(w)
    var k = w.visited
    while k < state.pointee.visited.count {
      let i = state.pointee.visited[k].slot
      let s = slot(i)
      if s.pointee.flags.contains(.live), s.pointee.walk == w.number, !s.pointee.isLeaf { consume(i) }
      k += 1
    }
  }

  /// Adds each leaf's (or target's) pending gradient to the one it has. What needs memory is made first; the exchange cannot fail.
  private func accumulate(_ w: Walk, _ createGraph: Bool, targetsOnly: Bool) throws(Failure) {
    func receives(_ s: UnsafeMutablePointer<Slot>) -> Bool {
      s.pointee.walk == w.number && s.pointee.pending != 0
        && (targetsOnly ? s.pointee.flags.contains(.target) : s.pointee.isLeaf || s.pointee.flags.contains(.retainsGrad))
    }
    var k = w.visited
    while k < state.pointee.visited.count {
      let s = slot(state.pointee.visited[k].slot)
      k += 1
      if !receives(s) { continue }
      let p = s.pointee.pending
      if s.pointee.gradient == 0 {
        if isOurs(p) { continue }
        try replacePending(s) { () throws(Failure) -> Value in try Value(engine: self, index: p).clone() }
      } else if createGraph || !canAddInPlace(s.pointee.gradient) {
        let old = Value(engine: self, index: s.pointee.gradient)
        try replacePending(s) { () throws(Failure) -> Value in try old + Value(engine: self, index: p) }
      }
    }
    k = w.visited
    while k < state.pointee.visited.count {
      let s = slot(state.pointee.visited[k].slot)
      k += 1
      if !receives(s) { continue }
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
    if x.pointee.walk != engine.state.pointee.walkNumber { return }  // leads to nothing that was asked for
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
    if !wants(i) { return }
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
