// Scaled dot product attention (Vaswani et al. 2017, eq. 1), fused: scores exist a block at a time. q [.., L, E], k [.., S, E],
// v [.., S, Ev]; what stands before the last two dimensions is the batch, heads among it.
import CShim
import KernelAPI

/// The operands of a fused pass, by place in a head's list of offsets.
private enum Operand {
  static let q = 0, k = 1, v = 2, mask = 3, out = 4, g = 5, dq = 6, dk = 7, dv = 8, count = 9
}

private struct AttentionJob {
  var f: AttentionFunction
  /// What all heads have in common; pointers to the first head.
  var head: AttentionHead
  /// `Operand.count` to a head, in bytes.
  var offsets: UnsafePointer<Int>
  var queries: Int, perPiece: Int, pieces: Int, size: Int
  var workspace: UnsafeMutableRawPointer, workspaceStride: Int
}

/// Queries to a piece of work of the forward pass. The gradient of a head is one piece, because its sums over queries meet in dk, dv.
private let queriesPerPiece = 128
/// Multiply-adds below which one thread is quicker than two.
private let serialWork = 300_000

extension Engine {
  /// Runs the kernel over all heads. `operands`: slots, 0 where there is none; rows of unit stride.
  @inline(never) fileprivate func attention(
    _ f: @escaping AttentionFunction, _ operands: InlineArray<9, UInt32>, _ logSum: UInt32, _ batch: Dims, causal: Bool, scale: Double,
    perPiece: Int, for operation: StaticString
  ) throws(Failure) {
    let type = slot(operands[0]).pointee.dtype, size = type.size, heads = batch.product
    var h = AttentionHead()
    var row = InlineArray<9, Int>(repeating: 0), strides = InlineArray<9, Dims>(repeating: Dims())
    var k = 0
    while k < Operand.count {
      if operands[k] != 0 {
        var shape = slot(operands[k]).pointee.shape, step = slot(operands[k]).pointee.strides
        if k == Operand.mask { h.maskColumn = shape.last == 1 ? 0 : step.last }
        shape.remove(at: shape.count - 1)
        step.remove(at: step.count - 1)
        row[k] = k == Operand.mask && shape.last == 1 ? 0 : step.last
        shape.remove(at: shape.count - 1)
        step.remove(at: step.count - 1)
        strides[k] = shape.strides(step, stretchedTo: batch)
      }
      k += 1
    }
    func at(_ k: Int) -> UnsafeMutableRawPointer? { operands[k] == 0 ? nil : data(operands[k]) }
    let q = slot(operands[Operand.q]).pointee.shape, v = slot(operands[Operand.v]).pointee.shape
    h.queries = q[q.count - 2]
    h.e = q.last
    h.keys = v[v.count - 2]
    h.ev = v.last
    h.q = UnsafeRawPointer(at(Operand.q)); h.qRow = row[Operand.q]
    h.k = UnsafeRawPointer(at(Operand.k)); h.kRow = row[Operand.k]
    h.v = UnsafeRawPointer(at(Operand.v)); h.vRow = row[Operand.v]
    h.mask = UnsafeRawPointer(at(Operand.mask)); h.maskRow = row[Operand.mask]
    h.maskIsBool = operands[Operand.mask] != 0 && slot(operands[Operand.mask]).pointee.dtype == .bool
    h.out = at(Operand.out); h.outRow = row[Operand.out]
    h.g = UnsafeRawPointer(at(Operand.g)); h.gRow = row[Operand.g]
    h.dq = at(Operand.dq); h.dqRow = row[Operand.dq]
    h.dk = at(Operand.dk); h.dkRow = row[Operand.dk]
    h.dv = at(Operand.dv); h.dvRow = row[Operand.dv]
    h.logSum = data(logSum)
    h.scale = scale
    h.isCausal = causal
    let maskSize = h.maskIsBool ? 1 : size

    var plan = InlineArray<4, Int>(repeating: 0)
    let deepest = h.e > h.ev ? (h.e > AttentionHead.block ? h.e : AttentionHead.block) : (h.ev > AttentionHead.block ? h.ev : AttentionHead.block)
    withUnsafeMutablePointer(to: &plan) {
      kernels.matrixPlan(type.rawValue)?(
        4, AttentionHead.block, deepest, deepest, 1, AttentionHead.block, 1, UnsafeMutableRawPointer($0).assumingMemoryBound(to: Int.self))
    }
    let pieces = perPiece < h.queries ? (h.queries + perPiece - 1) / perPiece : 1
    let work = heads.multipliedReportingOverflow(by: h.queries).partialValue.multipliedReportingOverflow(by: h.keys &* (h.e &+ h.ev))
    let workers = !work.overflow && work.partialValue < serialWork ? 1 : threads
    let own = AttentionHead.workspace(e: h.e, ev: h.ev) &* size
    let stride = (own + plan[3] + 63) & ~63
    try withScratch(of: Int.self, count: heads * Operand.count, for: operation) { (offsets) throws(Failure) in
      var head = 0
      while head < heads {
        var k = 0
        while k < Operand.count {
          var rest = head, offset = 0, d = batch.count - 1
          while d >= 0, strides[k].count > 0 {
            offset &+= rest % batch[d] &* strides[k][d]
            rest /= batch[d]
            d -= 1
          }
          offsets[head &* Operand.count &+ k] = offset &* (k == Operand.mask ? maskSize : size)
          k += 1
        }
        head += 1
      }
      try withScratch(of: UInt8.self, count: stride * workers, for: operation) { (workspace) throws(Failure) in
        var job = AttentionJob(
          f: f, head: h, offsets: offsets, queries: h.queries, perPiece: perPiece, pieces: pieces, size: size,
          workspace: UnsafeMutableRawPointer(workspace), workspaceStride: stride)
        parallel(chunks: heads * pieces, threads: workers, &job) { context, chunk, worker in
          attentionPiece(context.assumingMemoryBound(to: AttentionJob.self).pointee, chunk, worker)
        }
      }
    }
  }
}

private func attentionPiece(_ j: AttentionJob, _ chunk: Int, _ worker: Int) {
  let number = chunk / j.pieces, first = chunk % j.pieces &* j.perPiece
  let offsets = j.offsets + number &* Operand.count
  var h = j.head
  h.first = first
  h.queries = j.queries - first < j.perPiece ? j.queries - first : j.perPiece
  h.q = h.q.map { $0 + offsets[Operand.q] + first &* h.qRow &* j.size }
  h.k = h.k.map { $0 + offsets[Operand.k] }
  h.v = h.v.map { $0 + offsets[Operand.v] }
  h.mask = h.mask.map { $0 + offsets[Operand.mask] + first &* h.maskRow &* (h.maskIsBool ? 1 : j.size) }
  h.out = h.out.map { $0 + offsets[Operand.out] + first &* h.outRow &* j.size }
  h.logSum = h.logSum.map { $0 + (number &* j.queries &+ first) &* j.size }
  h.g = h.g.map { $0 + offsets[Operand.g] }
  h.dq = h.dq.map { $0 + offsets[Operand.dq] }
  h.dk = h.dk.map { $0 + offsets[Operand.dk] }
  h.dv = h.dv.map { $0 + offsets[Operand.dv] }
  h.workspace = j.workspace + worker &* j.workspaceStride
  withUnsafePointer(to: &h) { j.f($0) }
}

/// y = P·v, P = softmax(scale·q·kᵀ + mask);  dv = Pᵀ·g, dS = P∘(g·vᵀ − Σ g·y), dq = scale·dS·k, dk = scale·dSᵀ·q, dmask = dS
/// (inputs q, k, v, mask or none, and log Σ exp of the scores as the forward pass left it; a: causal, x: scale)
enum Attention: Rule {
  static var name: StaticString { "scaled_dot_product_attention" }

  /// The common batch of q, k, v.
  fileprivate static func batch(_ q: Dims, _ k: Dims, _ v: Dims) throws(Failure) -> Dims {
    func lead(_ d: Dims) -> Dims { d.removing(at: d.count - 1).removing(at: d.count - 2) }
    return try lead(q).broadcast(with: lead(k), for: name).broadcast(with: lead(v), for: name)
  }

  /// A fresh tensor [batch.., rows, n] whose rows lie before the batch's dimensions but the first: [B, H, L, E] in memory
  /// [B, L, H, E], so that bringing the heads together again moves nothing.
  private static func make(_ e: Engine, _ type: DType, _ batch: Dims, _ rows: Int, _ n: Int) throws(Failure) -> UInt32 {
    let shape = batch.appending(rows, n)
    var memory = batch
    let at = batch.count > 0 ? 1 : 0
    memory.insert(rows, at: at)
    memory.append(n)
    let out = try e.make(type, memory, for: name)
    var strides = e.slot(out).pointee.strides
    let row = strides.remove(at: at)
    strides.insert(row, at: strides.count - 1)
    e.slot(out).pointee.shape = shape
    e.slot(out).pointee.strides = strides
    return out
  }

  /// x, or a copy where its rows are not of unit stride. `drop` ends its use.
  private static func rows(_ e: Engine, _ x: UInt32) throws(Failure) -> UInt32 {
    let s = e.slot(x)
    if s.pointee.strides.last == 1 || s.pointee.shape.last <= 1 { e.hold(x); return x }
    return try e.packed(x, for: name)
  }

  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let e = c.engine, type = c[0].pointee.dtype
    guard let f = e.kernels.attention(type.rawValue) else { throw .dtype("\(name): not defined for \(type)") }
    let q = c[0].pointee.shape, k = c[1].pointee.shape, v = c[2].pointee.shape
    let batch = try batch(q, k, v), length = q[q.count - 2]
    var operands = InlineArray<9, UInt32>(repeating: 0), i = 0
    defer { for k in 0..<5 where operands[k] != 0 && k != Operand.out { e.drop(operands[k], value: true) } }
    while i < 4 {
      if c.input(i) != 0, i == Operand.mask { e.hold(c.input(i)); operands[i] = c.input(i) }
      else if c.input(i) != 0 { operands[i] = try rows(e, c.input(i)) }
      i += 1
    }
    let out = try make(e, type, batch, length, v.last)
    return try e.filled(out) { () throws(Failure) in
      c.keep(try e.make(type, batch.inserting(length, at: batch.count), for: name))
      operands[Operand.out] = out
      if batch.product &* length > 0 {
        try e.attention(
          f, operands, c.kept, batch, causal: c.attributes.a != 0, scale: c.attributes.x, perPiece: queriesPerPiece, for: name)
      }
    }
  }

  static func saves(_ wants: UInt8) -> UInt8 { 1 | 2 | 4 | 8 | 16 | savesOutput }

  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let e = g.engine, causal = n.attributes.a != 0, scale = n.attributes.x
    let q = n[0], k = n[1], v = n[2], mask = e.inputIndex(n.slot, 3) == 0 ? nil : n[3]
    if e.isRecording || n.wants(3) {
      let p = try q.attentionWeights(k, mask, causal: causal, scale: scale)
      if n.wants(2) { try n.give(2, p.transpose(-2, -1).matmul(g)) }
      let along = try g.matmul(v.transpose(-2, -1))
      let ds = try p * (along - (along * p).sum(Dims(-1), keep: true))
      if n.wants(0) { try n.give(0, ds.matmul(k) * scale) }
      if n.wants(1) { try n.give(1, ds.transpose(-2, -1).matmul(q) * scale) }
      if n.wants(3) { try n.give(3, ds) }
      return
    }
    guard let f = e.kernels.attentionBackward(q.dtype.rawValue) else { throw .dtype("\(name): not defined for \(q.dtype)") }
    let batch = try batch(q.shape, k.shape, v.shape), length = q.shape[q.rank - 2], keys = k.shape[k.rank - 2]
    var operands = InlineArray<9, UInt32>(repeating: 0), fresh = InlineArray<3, Value?>(repeating: nil)
    defer { for k in 0..<6 where operands[k] != 0 { e.drop(operands[k], value: true) } }
    for i in 0..<3 { operands[i] = try rows(e, n[i].index) }
    operands[Operand.g] = try rows(e, g.index)
    operands[Operand.out] = n.index
    e.hold(n.index)
    if let mask { operands[Operand.mask] = mask.index; e.hold(mask.index) }
    for i in 0..<3 where n.wants(i) {
      fresh[i] = try e.hand(make(e, q.dtype, batch, i == 0 ? length : keys, i == 2 ? v.shape.last : q.shape.last))
      operands[Operand.dq + i] = fresh[i].unsafelyUnwrapped.index
    }
    if batch.product > 0 {
      try e.attention(f, operands, n[4].index, batch, causal: causal, scale: scale, perPiece: length > 0 ? length : 1, for: name)
    }
    for i in 0..<3 { if let d = fresh[i] { try n.give(i, d) } }
  }
}

package struct AttentionOptions {
  package var isCausal = false
  package var dropout = 0.0
  /// Nil: 1/√E.
  package var scale: Double?
  package var enableGQA = false
  package init() {}
}

extension Value {
  /// softmax(scale·q·kᵀ + mask), zeros in rows without a key: put together from recorded operations.
  fileprivate func attentionWeights(_ k: Value, _ mask: Value?, causal: Bool, scale: Double) throws(Failure) -> Value {
    var s = try (self * scale).matmul(k.transpose(-2, -1))
    let hidden = try s.number(-.infinity)
    if let mask { s = try mask.dtype == .bool ? mask.select(s, hidden) : s + mask }
    if causal {
      let query = try Value.arange(engine, .int64, 0, Double(shape[rank - 2]), 1).unsqueeze(1)
      let key = try Value.arange(engine, .int64, 0, Double(k.shape[k.rank - 2]), 1)
      s = try key.le(query).select(s, hidden)
    }
    guard mask != nil, s.count > 0 else { return try s.softmax(-1) }
    let isDead = try s.detach().amax(Dims(-1), keep: true).eq(hidden), zero = try s.number(0)
    return try isDead.select(zero, isDead.select(zero, s).softmax(-1))
  }

  /// self is q. See `bp_scaled_dot_product_attention`.
  package func attention(_ k: Value, _ v: Value, mask: Value?, _ o: AttentionOptions) throws(Failure) -> Value {
    let name = Attention.name
    try engine.check(self, k, for: name)
    try engine.check(self, v, for: name)
    if let mask { try engine.check(self, mask, for: name) }
    if !dtype.isDifferentiable { throw .dtype("\(name): needs float32 or float64, not \(dtype)") }
    if k.dtype != dtype || v.dtype != dtype {
      throw .dtype("\(name): query is \(dtype), key \(k.dtype), value \(v.dtype); bring them to one type")
    }
    if rank < 2 || k.rank < 2 || v.rank < 2 || shape.last != k.shape.last || k.shape[k.rank - 2] != v.shape[v.rank - 2] {
      throw .shape("\(name): query \(shape), key \(k.shape) and value \(v.shape) do not fit; wanted [.., L, E], [.., S, E] and [.., S, Ev]")
    }
    if !(o.dropout >= 0 && o.dropout <= 1) { throw .argument("\(name): dropout_p must lie in 0…1, it is \(o.dropout)") }
    if let scale = o.scale, !scale.isFinite { throw .argument("\(name): scale must be a finite number, it is \(scale)") }
    if let mask {
      if o.isCausal { throw .argument("\(name): attn_mask and is_causal exclude each other") }
      if mask.dtype != .bool && mask.dtype != dtype { throw .dtype("\(name): attn_mask must be bool or \(dtype), it is \(mask.dtype)") }
      if mask.rank < 2 { throw .shape("\(name): attn_mask \(mask.shape) needs the dimensions [.., L, S]") }
    }
    if o.enableGQA { return try groupedAttention(k, v, mask, o) }
    let batch = try Attention.batch(shape, k.shape, v.shape)
    if batch.count > 6 { throw .shape("\(name): more than 8 dimensions") }
    if let mask {
      let whole = batch.appending(shape[rank - 2], k.shape[k.rank - 2])
      if try whole.broadcast(with: mask.shape, for: name) != whole {
        throw .shape("\(name): attn_mask \(mask.shape) does not stretch to the scores' shape \(whole)")
      }
    }
    let scale = o.scale ?? (shape.last > 0 ? 1 / Double(shape.last).squareRoot() : 1)
    if o.dropout > 0 {
      return try engine.scoped { () throws(Failure) -> Value in
        try attentionWeights(k, mask, causal: o.isCausal, scale: scale).dropout(o.dropout, training: true).matmul(v)
      }
    }
    var c = Call(self, k, v, Attributes(a: o.isCausal ? 1 : 0, x: scale))
    c.add(mask)
    return try engine.apply(.scaledDotProductAttention, &c)
  }

  /// Each key and value head serves a group of neighbouring query heads: the group becomes a dimension along which they stretch.
  private func groupedAttention(_ k: Value, _ v: Value, _ mask: Value?, _ o: AttentionOptions) throws(Failure) -> Value {
    let name = Attention.name
    if rank < 3 || k.rank < 3 || v.rank < 3 || rank == Dims.most {
      throw .shape("\(name): enable_gqa needs a dimension of heads, and room for one more; query \(shape), key \(k.shape), value \(v.shape)")
    }
    let heads = shape[rank - 3], groups = k.shape[k.rank - 3]
    if groups != v.shape[v.rank - 3] || groups == 0 || heads % groups != 0 {
      throw .shape("\(name): with enable_gqa the heads of key and value must be as many and divide the query's: \(shape), \(k.shape), \(v.shape)")
    }
    func grouped(_ x: Value) throws(Failure) -> Value {
      if x.rank < 3 { return x }
      if x.shape[x.rank - 3] == 1 { return try x.unsqueeze(-3) }
      var split = x.shape.replacing(x.rank - 3, with: groups)
      split.insert(heads / groups, at: x.rank - 2)
      return try x.reshape(split)
    }
    return try engine.scoped { () throws(Failure) -> Value in
      var plain = o
      plain.enableGQA = false
      if let mask, mask.rank >= 3, mask.shape[mask.rank - 3] != 1, mask.shape[mask.rank - 3] != heads {
        throw .shape("\(name): attn_mask \(mask.shape) does not fit \(heads) heads")
      }
      let split = try mask.map { (m: Value) throws(Failure) -> Value in try grouped(m) }
      let y = try grouped(self).attention(k.unsqueeze(-3), v.unsqueeze(-3), mask: split, plain)
      var out = y.shape.removing(at: y.rank - 3)
      out[out.count - 3] = heads
      return try y.reshape(out)
    }
  }
}
