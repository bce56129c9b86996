// Recurrent layers, one direction each. The input's part of all gates comes from one product over all steps (`linear`); what is recorded
// here is the rest, from the gates' input parts x [T, B, G] to all states. T steps, B batch, I input size, H state size, G all gates of a
// step in PyTorch's order.
import CShim
import KernelAPI

typealias Cell = RecurrentPiece.Cell

protocol RecurrentCell {
  static var cell: Cell { get }
  static var name: StaticString { get }
}
enum LSTMCell: RecurrentCell {
  static var cell: Cell { .lstm }
  static var name: StaticString { "lstm" }
}
enum GRUCell: RecurrentCell {
  static var cell: Cell { .gru }
  static var name: StaticString { "gru" }
}
enum TanhCell: RecurrentCell {
  static var cell: Cell { .tanh }
  static var name: StaticString { "rnn_tanh" }
}
enum ReluCell: RecurrentCell {
  static var cell: Cell { .relu }
  static var name: StaticString { "rnn_relu" }
}

/// lstm: i, f, o = σ(x + W·h), g = tanh(x + W·h), c' = f·c + i·g, h' = o·tanh c'  (Hochreiter, Schmidhuber 1997; Gers et al. 2000)
/// gru: r, z = σ(x + W·h + b), n = tanh(x + r·(W·h + b)), h' = (1 − z)·n + z·h  (Cho et al. 2014)
/// rnn: h' = tanh(x + W·h) or relu(x + W·h)  (Elman 1990)
/// The output [T + 1, B, H] holds the state before the first step, then the states; in reverse order it ends with the former. lstm: one
/// more, the last c. Backward through time (Werbos 1990): each step's product with W, then dW = Σ over steps dgatesᵀ·h as one product.
/// (inputs x, W [G, H], h0, c0 (lstm) or b (gru) or none, and what the kernel keeps; a: 1 in reverse order)
enum Recurrent<C: RecurrentCell>: Rule {
  static var name: StaticString { C.name }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 { try recurrentForward(&c, C.cell, name) }
  /// x, h0 and the others are there for the differentiable form.
  static func saves(_ wants: UInt8) -> UInt8 { 1 | 2 | 8 | 16 | savesOutput }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    if g.engine.isRecording { return try recurrentSteps(n, g, C.cell) }
    try recurrentBackward(n, g, C.cell, name)
  }
}

private struct RecurrentJob {
  let f: RecurrentFunction
  var piece: RecurrentPiece
  let perPiece: Int, workspace: UnsafeMutableRawPointer, stride: Int
}

extension Engine {
  /// Runs the kernel over the batch. Rows to a piece by the batch alone: two tiles of a product, more where there are many rows.
  @inline(never) fileprivate func run(_ f: @escaping RecurrentFunction, _ piece: RecurrentPiece, _ type: DType, for operation: StaticString) throws(Failure) {
    let (batch, h, g) = (piece.batch, piece.hidden, piece.gates), panel = RecurrentPiece.panel
    let perPiece = batch > 64 ? 32 : 16
    let deepest = g > h ? g : h
    var plan = InlineArray<4, Int>(repeating: 0)
    withUnsafeMutablePointer(to: &plan) {
      kernels.matrixPlan(type.rawValue)?(
        4, panel, deepest, deepest, 1, panel, 1, UnsafeMutableRawPointer($0).assumingMemoryBound(to: Int.self))
    }
    let stride = (plan[3] + 63) & ~63
    let work = (batch &* piece.steps).multipliedReportingOverflow(by: h &* g)
    let workers = !work.overflow && work.partialValue < 300_000 ? 1 : threads
    try withScratch(of: UInt8.self, count: stride * workers, for: operation) { (workspace) throws(Failure) in
      var job = RecurrentJob(f: f, piece: piece, perPiece: perPiece, workspace: UnsafeMutableRawPointer(workspace), stride: stride)
      parallel(chunks: (batch + perPiece - 1) / perPiece, threads: workers, &job) { context, chunk, worker in
        let j = context.assumingMemoryBound(to: RecurrentJob.self).pointee
        var p = j.piece
        p.first = chunk &* j.perPiece
        p.rows = p.batch - p.first < j.perPiece ? p.batch - p.first : j.perPiece
        p.workspace = j.workspace + worker &* j.stride
        withUnsafePointer(to: &p) { j.f($0) }
      }
    }
  }

  /// w [rows, columns], transposed or not, in panels of columns as the kernels read it. `drop` ends its use.
  fileprivate func panels(of w: UInt32, transposed: Bool, for operation: StaticString) throws(Failure) -> UInt32 {
    let s = slot(w), size = s.pointee.dtype.size, panel = RecurrentPiece.panel
    let shape = s.pointee.shape, strides = s.pointee.strides
    let rows = shape[transposed ? 1 : 0], columns = shape[transposed ? 0 : 1]
    let row = strides[transposed ? 1 : 0], column = strides[transposed ? 0 : 1]
    let out = try make(s.pointee.dtype, Dims((columns + panel - 1) / panel, rows &* panel), for: operation)
    var first = 0
    while first < columns {
      kernels.copy(
        rows, columns - first < panel ? columns - first : panel, data(w) + first &* column &* size, row, column,
        data(out) + first &* rows &* size, panel, 1, size)
      first += panel
    }
    return out
  }
}

/// What forward and backward tell the kernel alike.
private func describe(_ cell: Cell, _ x: Dims, _ hidden: Int, reverse: Bool) -> RecurrentPiece {
  var p = RecurrentPiece()
  p.cell = cell
  p.isReverse = reverse
  p.steps = x[0]
  p.batch = x[1]
  p.hidden = hidden
  return p
}

@inline(never) private func recurrentForward(_ c: inout Call, _ cell: Cell, _ name: StaticString) throws(Failure) -> UInt32 {
  let e = c.engine, type = c[0].pointee.dtype, reverse = c.attributes.a != 0
  guard let f = e.kernels.recurrent(type.rawValue) else { throw .dtype("\(name): not defined for \(type)") }
  let hidden = c[1].pointee.shape[1]
  var p = describe(cell, c[0].pointee.shape, hidden, reverse: reverse)
  let x = try e.contiguous(c.input(0), for: name)
  defer { e.drop(x, value: true) }
  let w = try e.panels(of: c.input(1), transposed: true, for: name)
  defer { e.drop(w, value: true) }
  let other = c.input(3) == 0 ? 0 : try e.contiguous(c.input(3), for: name)
  defer { if other != 0 { e.drop(other, value: true) } }
  let y = try e.make(type, Dims(p.steps + (cell == .lstm ? 2 : 1)).appending(p.batch, hidden), for: name)
  do throws(Failure) {
    if p.keptWidth > 0 { c.keep(try e.make(type, Dims(p.steps).appending(p.batch, p.keptWidth), for: name)) }
    let one = p.batch &* hidden
    e.copy(
      c[2].pointee.shape, from: e.data(c.input(2)), c[2].pointee.strides, to: e.data(y) + (reverse ? p.steps &* one : 0) &* type.size,
      Dims(hidden, 1), size: type.size)
    p.x = UnsafeRawPointer(e.data(x))
    p.w = UnsafeRawPointer(e.data(w))
    if cell == .lstm { p.c0 = UnsafeRawPointer(e.data(other)) } else if other != 0 { p.bias = UnsafeRawPointer(e.data(other)) }
    p.y = e.data(y)
    p.kept = c.kept == 0 ? nil : e.data(c.kept)
    if one > 0 { try e.run(f, p, type, for: name) }
  } catch {
    e.drop(y, value: true)
    throw error
  }
  return y
}

/// The states before each step, of the whole output.
private func statesBefore(_ y: Value, _ steps: Int, reverse: Bool) throws(Failure) -> Value {
  try y.slice(0, reverse ? 1 : 0, reverse ? steps + 1 : steps, 1)
}

/// dW and db from the gradient of W·h + b [T, B, G].
private func giveWeights(_ n: Node, _ cell: Cell, _ dHidden: Value, reverse: Bool) throws(Failure) {
  let steps = dHidden.shape[0], rows = steps * dHidden.shape[1], gates = dHidden.shape[2]
  let flat = try dHidden.reshape(Dims(rows, gates))
  if n.wants(1) {
    let h = try statesBefore(n.output, steps, reverse: reverse).reshape(Dims(rows, n[1].shape[1]))
    try n.give(1, flat.transpose(0, 1).matmul(h))
  }
  if cell == .gru, n.wants(3) { try n.give(3, flat.sum(Dims(0))) }
}

@inline(never) private func recurrentBackward(_ n: Node, _ g: Value, _ cell: Cell, _ name: StaticString) throws(Failure) {
  let e = g.engine, type = g.dtype, reverse = n.attributes.a != 0, y = n.output
  guard let f = e.kernels.recurrentBackward(type.rawValue) else { throw .dtype("\(name): not defined for \(type)") }
  let hidden = y.shape[2]
  var p = describe(cell, Dims(y.shape[0] - (cell == .lstm ? 2 : 1), y.shape[1]), hidden, reverse: reverse)
  let gradient = try g.contiguous(), state = Dims(p.batch, hidden), shape = Dims(p.steps).appending(p.batch, p.gates)
  let dx = try Value.empty(e, type, shape, for: name), dh0 = try Value.empty(e, type, state, for: name)
  let dHidden = cell == .gru ? try Value.empty(e, type, shape, for: name) : dx
  let dc0 = cell == .lstm ? try Value.empty(e, type, state, for: name) : nil
  let w = try e.panels(of: n[1].index, transposed: false, for: name)
  defer { e.drop(w, value: true) }
  let c0 = cell == .lstm ? try n[3].contiguous() : nil
  p.w = UnsafeRawPointer(e.data(w))
  p.c0 = c0.map { UnsafeRawPointer($0.data) }
  p.y = y.data
  if p.keptWidth > 0 { p.kept = n[4].data }
  p.g = UnsafeRawPointer(gradient.data)
  p.dx = dx.data
  p.dHidden = cell == .gru ? dHidden.data : nil
  p.dh0 = dh0.data
  p.dc0 = dc0?.data
  if p.batch &* hidden > 0 { try e.run(f, p, type, for: name) }
  if n.wants(0) { try n.give(0, dx) }
  try giveWeights(n, cell, dHidden, reverse: reverse)
  if n.wants(2) { try n.give(2, dh0) }
  if let dc0, n.wants(3) { try n.give(3, dc0) }
}

// MARK: - The gradient in recorded operations, a step at a time

@inline(never) private func recurrentSteps(_ n: Node, _ g: Value, _ cell: Cell) throws(Failure) {
  let e = g.engine, reverse = n.attributes.a != 0, x = n[0], w = n[1], y = n.output
  let steps = x.shape[0], h = w.shape[1]
  let states = try statesBefore(y, steps, reverse: reverse)
  let bias = cell == .gru && e.inputIndex(n.slot, 3) != 0 ? n[3] : nil
  let p = try states.linear(w, bias)
  func gate(_ v: Value, _ k: Int) throws(Failure) -> Value { try v.slice(2, k * h, (k + 1) * h, 1) }
  func at(_ v: Value, _ t: Int) throws(Failure) -> Value { try v.select(0, t) }
  func time(_ step: Int) -> Int { reverse ? steps - 1 - step : step }
  try e.withScratch(of: Value.self, count: 3 * steps + 2, for: n.slot.pointee.operation.rule.name) { (all) throws(Failure) in
    let dxs = all, dps = all + steps, cs = all + 2 * steps  // by time; c by step
    var dh = try Value.zeros(e, g.dtype, Dims(y.shape[1], h)), dc = dh, step = 0
    var i = x, f = x, a = x, o = x, slope = x
    switch cell {
    case .lstm:
      let s = try x + p
      (i, f, a, o) = (try gate(s, 0).sigmoid(), try gate(s, 1).sigmoid(), try gate(s, 2).tanh(), try gate(s, 3).sigmoid())
      cs.initialize(to: n[3])
      while step < steps {
        let t = time(step)
        (cs + step + 1).initialize(to: try at(f, t) * cs[step] + at(i, t) * at(a, t))
        step += 1
      }
      dc = try at(g, steps + 1)
    case .gru:
      (i, f) = (try (gate(x, 0) + gate(p, 0)).sigmoid(), try (gate(x, 1) + gate(p, 1)).sigmoid())  // r, z
      o = try gate(p, 2)
      a = try (gate(x, 2) + i * o).tanh()
    case .tanh: slope = try 1 - (x + p).tanh().square()
    case .relu: slope = try (x + p).gt(x.number(0)).to(x.dtype)
    }
    step = steps
    while step > 0 {
      step -= 1
      let t = time(step), d = try at(g, reverse ? t : t + 1) + dh
      var carry: Value?
      switch cell {
      case .lstm:
        let (it, ft, at_, ot, c) = (try at(i, t), try at(f, t), try at(a, t), try at(o, t), try cs[step + 1].tanh())
        let total = try dc + d * ot * (1 - c.square())
        let di = try total * at_ * it * (1 - it), df = try total * cs[step] * ft * (1 - ft)
        let da = try total * it * (1 - at_.square()), dO = try d * c * ot * (1 - ot)
        (dps + t).initialize(to: try joined([di, df, da, dO], 4))
        (dxs + t).initialize(to: dps[t])
        dc = try total * ft
      case .gru:
        let (r, z, m, v) = (try at(i, t), try at(f, t), try at(o, t), try at(a, t))
        let dn = try d * (1 - z) * (1 - v.square()), dz = try d * (at(states, t) - v) * z * (1 - z), dr = try dn * m * r * (1 - r)
        (dxs + t).initialize(to: try joined([dr, dz, dn, dn], 3))
        (dps + t).initialize(to: try joined([dr, dz, dn * r, dn], 3))
        carry = try d * z
      case .tanh, .relu:
        (dps + t).initialize(to: try d * at(slope, t))
        (dxs + t).initialize(to: dps[t])
      }
      dh = try dps[t].matmul(w)
      if let carry { dh = try dh + carry }
    }
    if steps > 0 {
      if n.wants(0) { try n.give(0, Value.stack(UnsafeBufferPointer(start: dxs, count: steps), 0)) }
      try giveWeights(n, cell, Value.stack(UnsafeBufferPointer(start: dps, count: steps), 0), reverse: reverse)
    }
    if n.wants(2) { try n.give(2, dh + at(g, reverse ? steps : 0)) }
    if cell == .lstm, n.wants(3) { try n.give(3, dc) }
  }
}

/// The first n of the values side by side.
private func joined(_ values: InlineArray<4, Value>, _ n: Int) throws(Failure) -> Value {
  var values = values
  let p = withUnsafeMutablePointer(to: &values) { UnsafeRawPointer($0).assumingMemoryBound(to: Value.self) }
  return try Value.cat(UnsafeBufferPointer(start: p, count: n), 1)
}

// MARK: - As methods

/// The weights of one layer and direction: input [G, I], hidden [G, H], biases [G].
package struct RecurrentWeights {
  package var input: Value, hidden: Value
  package var inputBias: Value?, hiddenBias: Value?
  package init(_ input: Value, _ hidden: Value, _ inputBias: Value?, _ hiddenBias: Value?) {
    self.input = input
    self.hidden = hidden
    self.inputBias = inputBias
    self.hiddenBias = hiddenBias
  }
}

package typealias RecurrentKind = RecurrentPiece.Cell

extension RecurrentKind {
  fileprivate var operation: Operation { self == .lstm ? .lstm : self == .gru ? .gru : self == .tanh ? .rnnTanh : .rnnRelu }
}

extension Value {
  /// self [T, B, I] through one layer in one direction: all states [T, B, H], the last, and the last c (lstm). States that are
  /// not given start as zeros.
  package func recurrent(
    _ kind: RecurrentKind, h0: Value?, c0: Value?, _ w: RecurrentWeights, reverse: Bool
  ) throws(Failure) -> (states: Value, last: Value, lastCell: Value?) {
    let name = kind.operation.rule.name
    if !dtype.isDifferentiable { throw .dtype("\(name): needs float32 or float64, not \(dtype)") }
    if rank != 3 { throw .shape("\(name): the input must be [steps, batch, size], it is \(shape)") }
    let gates = (kind == .lstm ? 4 : kind == .gru ? 3 : 1)
    if w.hidden.rank != 2 || w.hidden.shape[1] > Int.max / 8 || w.hidden.shape[0] != gates * w.hidden.shape[1] {
      throw .shape("\(name): weight_hh must be [\(gates)·H, H], it is \(w.hidden.shape)")
    }
    let h = w.hidden.shape[1], all = w.hidden.shape[0], state = Dims(shape[1], h)
    func check(_ v: Value?, _ wanted: Dims, _ what: StaticString) throws(Failure) {
      guard let v else { return }
      try engine.check(self, v, for: name)
      if v.shape != wanted { throw .shape("\(name): \(what) is \(v.shape), wanted \(wanted)") }
      if v.dtype != dtype { throw .dtype("\(name): \(what) is \(v.dtype), the input \(dtype)") }
    }
    try check(w.hidden, Dims(all, h), "weight_hh")
    try check(w.input, Dims(all, shape[2]), "weight_ih")
    try check(w.inputBias, Dims(all), "bias_ih")
    try check(w.hiddenBias, Dims(all), "bias_hh")
    try check(h0, state, "h0")
    try check(c0, state, "c0")
    let y = try engine.scoped { () throws(Failure) -> Value in
      var bias = w.inputBias, other: Value? = c0
      if kind == .gru { other = w.hiddenBias } else if let b = w.hiddenBias {
        bias = try bias.map { (a: Value) throws(Failure) -> Value in try a + b } ?? b
      }
      if kind == .lstm, c0 == nil { other = try Value.zeros(engine, dtype, state) }
      let first: Value
      if let h0 { first = h0 } else { first = try Value.zeros(engine, dtype, state) }
      let x = try linear(w.input, bias)
      var c = Call(x, w.hidden, first, Attributes(a: reverse ? 1 : 0))
      c.add(other)
      return try engine.apply(kind.operation, &c)
    }
    defer { y.release() }
    let steps = shape[0]
    let states = try y.slice(0, reverse ? 0 : 1, reverse ? steps : steps + 1, 1)
    var last: Value?
    do throws(Failure) {
      last = try y.select(0, reverse ? 0 : steps)
      return (states, last.unsafelyUnwrapped, kind == .lstm ? try y.select(0, steps + 1) : nil)
    } catch {
      states.release()
      last?.release()
      throw error
    }
  }
}
