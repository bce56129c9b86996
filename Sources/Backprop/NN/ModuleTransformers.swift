// Blocks of the table: multi-head attention and the layers of transformers. L and N target length and batch, S source length, E width, H heads.
import KernelAPI

extension Engine {
  /// A module of this kind with its defaults and what `tell` sets; its one reference is the caller's.
  @inline(never) func makeModule(_ kind: ModuleKind, _ tell: (ModuleValue) -> Void) throws(Failure) -> ModuleValue {
    let signature = kind.row.signature
    let m = try makeModule(kind, ModuleOptions())
    do throws(Failure) {
      m.record.pointee.options = try ModuleOptions(self, count: Signature.count(signature))
      tell(m)
      try m.record.pointee.options.fill(m.kindName, signature)
      if let make = kind.row.make { try make(m) }
      return m
    } catch {
      dropModule(m.index)
      throw error
    }
  }

  /// A deep copy: the same options, new tensors with the same numbers, copied modules.
  func copy(_ m: ModuleValue, depth: Int = 0) throws(Failure) -> ModuleValue {
    try m.checkDepth(depth)
    let new = try makeModule(m.record.pointee.kind, ModuleOptions())
    do throws(Failure) {
      let own = m.record.pointee.options
      let options = try ModuleOptions(self, count: own.count)
      new.record.pointee.options = options
      var i = 0
      while i < own.count {
        var o = own[i]
        if o.form == .module { o.form = .none }
        options[i] = o
        i += 1
      }
      new.record.pointee.isTraining = m.training
      i = 0
      while i < m.count {
        let e = m.entry(i)
        var index: UInt32 = 0
        if e.index != 0 {
          index = e.role == .child ? try copy(ModuleValue(engine: self, index: e.index), depth: depth + 1).index : try copy(slot: e.index)
        }
        var length = 0
        while e.name[length] != 0 { length += 1 }
        try new.put(e.role, e.name, length, index)
        i += 1
      }
      return new
    } catch {
      dropModule(new.index)
      throw error
    }
  }

  private func copy(slot i: UInt32) throws(Failure) -> UInt32 {
    let s = slot(i), new = try make(s.pointee.dtype, s.pointee.shape, for: "module")
    copy(s.pointee.shape, from: data(i), s.pointee.strides, to: data(new), slot(new).pointee.strides, size: s.pointee.dtype.size)
    if s.pointee.requiresGrad { slot(new).pointee.flags.insert(.requiresGrad) }
    return new
  }
}

extension ModuleValue {
  /// Widths and heads, checked.
  private func heads() throws(Failure) -> (width: Int, heads: Int, k: Int, v: Int) {
    let e = try whole("embed_dim", atLeast: 1), h = try whole("num_heads", atLeast: 1)
    if e % h != 0 { throw .argument("MultiheadAttention: embed_dim \(e) must be divisible by num_heads \(h)") }
    return (e, h, isNone("kdim") ? e : try whole("kdim", atLeast: 1), isNone("vdim") ? e : try whole("vdim", atLeast: 1))
  }

  /// Names: in_proj_weight (or q_, k_, v_proj_weight where the widths differ), in_proj_bias, bias_k, bias_v; out_proj. All are kept, so that
  /// positions are fixed.
  func makeAttention() throws(Failure) {
    let (e, _, k, v) = try heads(), same = k == e && v == e, hasBias = try truth("bias"), extra = try truth("add_bias_kv")
    _ = try probability("dropout")
    _ = try truth("batch_first")
    if e > 1 << 30 { throw wrong("embed_dim", "smaller") }
    func xavier(_ name: StaticString, _ shape: Dims, present: Bool, uniform: Bool = true) throws(Failure) {
      try parameter(name, shape, present: present) { (w) throws(Failure) in try w.initXavier(uniform: uniform, gain: 1) }
    }
    try xavier("q_proj_weight", Dims(e, e), present: !same)
    try xavier("k_proj_weight", Dims(e, k), present: !same)
    try xavier("v_proj_weight", Dims(e, v), present: !same)
    try xavier("in_proj_weight", Dims(3 * e, e), present: same)
    try parameter("in_proj_bias", Dims(3 * e), present: hasBias, filledWith: 0)
    let one = Dims(1, 1).appending(e)
    try xavier("bias_k", one, present: extra, uniform: false)
    try xavier("bias_v", one, present: extra, uniform: false)
    try child("out_proj", engine.makeModule(.quantizableLinear) { (m) in
      m.set("in_features", Double(e))
      m.set("out_features", Double(e))
      m.setTruth("bias", hasBias)
    })
    if hasBias { child(7).tensor(1)?.fill(0) }
  }

  func setTruth(_ name: StaticString, _ value: Bool) {
    var o = ModuleOption()
    o.form = .truth
    o.numbers[0] = value ? 1 : 0
    set(name, o)
  }
  func setNumber(_ name: StaticString, _ value: Double) {
    var o = ModuleOption()
    o.form = .number
    o.isWhole = false
    o.numbers[0] = value
    set(name, o)
  }

  private func isGelu() throws(Failure) -> Bool {
    let o = option("activation")
    if !o.isWord("relu"), !o.isWord("gelu") { throw wrong("activation", "'relu' or 'gelu'") }
    return o.isWord("gelu")
  }

  /// In PyTorch's order: self_attn, (multihead_attn), linear1, dropout, linear2, norm1 …, dropout1 ….
  func makeTransformerLayer(decoder: Bool) throws(Failure) {
    let width = try whole("d_model", atLeast: 1), heads = try whole("nhead", atLeast: 1), inner = try whole("dim_feedforward", atLeast: 0)
    let p = try probability("dropout"), eps = try number("layer_norm_eps"), first = try truth("batch_first"), hasBias = try truth("bias")
    _ = try isGelu()
    _ = try truth("norm_first")
    func attention(_ name: StaticString) throws(Failure) {
      try child(name, engine.makeModule(.multiheadAttention) { (m) in
        m.set("embed_dim", Double(width))
        m.set("num_heads", Double(heads))
        m.setNumber("dropout", p)
        m.setTruth("bias", hasBias)
        m.setTruth("batch_first", first)
      })
    }
    func linear(_ name: StaticString, _ n: Int, _ m: Int) throws(Failure) {
      try child(name, engine.makeModule(.linear) { (l) in
        l.set("in_features", Double(n))
        l.set("out_features", Double(m))
        l.setTruth("bias", hasBias)
      })
    }
    func dropout(_ name: StaticString) throws(Failure) { try child(name, engine.makeModule(.dropout) { (m) in m.setNumber("p", p) }) }
    func norm(_ name: StaticString) throws(Failure) {
      try child(name, engine.makeModule(.layerNorm) { (m) in
        m.set("normalized_shape", Double(width))
        m.setNumber("eps", eps)
        m.setTruth("bias", hasBias)
      })
    }
    try attention("self_attn")
    if decoder { try attention("multihead_attn") }
    try linear("linear1", width, inner)
    try dropout("dropout")
    try linear("linear2", inner, width)
    try norm("norm1")
    try norm("norm2")
    if decoder { try norm("norm3") }
    try dropout("dropout1")
    try dropout("dropout2")
    if decoder { try dropout("dropout3") }
  }

  /// `layers` of copies of the layer told, and `norm`.
  func makeTransformerStack(_ option: StaticString) throws(Failure) {
    let layer = self.option(option), n = try whole("num_layers", atLeast: 0), wanted: ModuleKind = record.pointee.kind == .transformerEncoder ? .transformerEncoderLayer : .transformerDecoderLayer
    if layer.form != .module { throw wrong(option, "a layer such as TransformerEncoderLayer(512, 8)") }
    let one = ModuleValue(engine: engine, index: layer.module)
    if one.record.pointee.kind != wanted { throw .argument("\(kindName): option '\(option)' must be a \(StaticText(head: wanted.row.signature)), it is \(one.kindName)") }
    if n > 1 << 16 { throw wrong("num_layers", "smaller") }
    let list = try engine.makeModule(.moduleList, ModuleOptions())
    try child("layers", list)
    var i = 0
    while i < n {
      try list.put(i, engine.copy(one))
      i += 1
    }
    var o = layer
    o.form = .none
    set(option, o)
    engine.dropModule(layer.module)
    var norm = self.option("norm")
    if norm.form == .module {
      let index = norm.module
      norm.form = .none
      set("norm", norm)
      try child("norm", ModuleValue(engine: engine, index: index))
    } else if norm.form != .none {
      throw wrong("norm", "a module or None")
    }
  }
}

// MARK: Forward

extension ModuleCall {
  /// Inputs query [L, N, E], key [S, N, kdim], value [S, N, vdim] (batch first: [N, L, E] …; without a batch: [L, E] …), key_padding_mask
  /// [N, S] and attn_mask [L, S] or [N·H, L, S]: bool, true where a key must not be seen, or numbers added to the scores. Results: [L, N, E],
  /// and the weights [N, L, S], averaged over the heads.
  mutating func multiheadAttention() throws(Failure) -> Value {
    let y = try module.attend(x, target, required(input: 2), padding: optional(3), mask: optional(4), causal: false, weights: wanted > 1)
    if let w = y.weights { give(1, w) }
    return y.result
  }

  private func required(input i: Int) throws(Failure) -> Value {
    if let v = optional(i) { return v }
    throw .argument("\(module.kindName): input number \(i + 1) is missing")
  }

  /// Encoder: src, src_mask, src_key_padding_mask. Decoder: tgt, memory, tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask.
  func transformerLayer(decoder: Bool) throws(Failure) -> Value {
    let m = module, after = decoder ? 1 : 0, normFirst = try m.truth("norm_first"), isGelu = m.option("activation").isWord("gelu")
    let norms = 4 + after, dropouts = decoder ? 8 : 6
    func dropped(_ v: Value, _ i: Int) throws(Failure) -> Value { try run(m.child(i), v) }
    func attention(_ x: Value) throws(Failure) -> Value {
      let y = try m.child(0).attend(x, x, x, padding: optional(decoder ? 4 : 2), mask: optional(decoder ? 2 : 1), causal: false, weights: false)
      return try dropped(y.result, dropouts)
    }
    func crossAttention(_ x: Value) throws(Failure) -> Value {
      let y = try m.child(1).attend(x, target, target, padding: optional(5), mask: optional(3), causal: false, weights: false)
      return try dropped(y.result, dropouts + 1)
    }
    func feedForward(_ x: Value) throws(Failure) -> Value {
      let h = try run(m.child(1 + after), x), a = isGelu ? try h.gelu(approximate: 0) : try h.relu()
      return try dropped(run(m.child(3 + after), dropped(a, 2 + after)), dropouts + 1 + after)
    }
    func norm(_ x: Value, _ i: Int) throws(Failure) -> Value { try run(m.child(norms + i), x) }
    var y = x
    if normFirst {
      y = try y + attention(norm(y, 0))
      if decoder { y = try y + crossAttention(norm(y, 1)) }
      return try y + feedForward(norm(y, 1 + after))
    }
    y = try norm(y + attention(y), 0)
    if decoder { y = try norm(y + crossAttention(y), 1) }
    return try norm(y + feedForward(y), 1 + after)
  }

  /// The layers one after the other, all with the same further inputs, then the norm.
  func transformerStack() throws(Failure) -> Value {
    let list = module.child(0)
    var y = x, i = 0
    while i < list.count {
      y = try run(list.child(i), y, withInputsFrom: self)
      i += 1
    }
    if module.count > 1 { y = try run(module.child(1), y) }
    return y.index == x.index ? try y.again() : y
  }
}

extension ModuleValue {
  /// See `multiheadAttention`.
  func attend(
    _ query: Value, _ key: Value, _ value: Value, padding: Value?, mask: Value?, causal: Bool, weights: Bool
  ) throws(Failure) -> (result: Value, weights: Value?) {
    let (width, heads, kWidth, vWidth) = try heads(), batched = query.rank == 3, first = try truth("batch_first")
    if query.rank < 2 || query.rank > 3 || key.rank != query.rank || value.rank != query.rank {
      throw .shape("MultiheadAttention: query \(query.shape), key \(key.shape) and value \(value.shape) must have two or three dimensions")
    }
    if query.shape.last != width || key.shape.last != kWidth || value.shape.last != vWidth {
      throw .shape("MultiheadAttention: the last dimensions of query \(query.shape), key \(key.shape) and value \(value.shape) must be \(width), \(kWidth) and \(vWidth)")
    }
    /// [L, N, ·]
    func stepsFirst(_ v: Value) throws(Failure) -> Value { !batched ? try v.unsqueeze(1) : first ? try v.transpose(0, 1) : v }
    let q0 = try stepsFirst(query), k0 = key.index == query.index ? q0 : try stepsFirst(key)
    let v0 = value.index == key.index ? k0 : try stepsFirst(value)
    let l = q0.shape[0], n = q0.shape[1]
    if k0.shape[1] != n || v0.shape[1] != n || k0.shape[0] != v0.shape[0] {
      throw .shape("MultiheadAttention: query \(query.shape), key \(key.shape) and value \(value.shape) do not fit together")
    }
    let bias = tensor(4)
    func part(_ i: Int) throws(Failure) -> Value {
      if let w = tensor(3) { return try w.slice(0, i * width, (i + 1) * width, 1) }
      if let w = tensor(i) { return w }
      throw .argument("MultiheadAttention: in_proj_weight is not there")
    }
    /// Projections first ..< last in one product, as few as the inputs allow.
    func projected(_ x: Value, _ first: Int, _ last: Int) throws(Failure) -> Value {
      let w: Value
      if last == first + 1 { w = try part(first) } else if last == first + 3 { w = try required(3) } else {
        w = try required(3).slice(0, first * width, last * width, 1)
      }
      if let bias { return try x.linear(w, last == first + 3 ? bias : bias.slice(0, first * width, last * width, 1)) }
      return try x.linear(w, nil)
    }
    func required(_ i: Int) throws(Failure) -> Value {
      if let w = tensor(i) { return w }
      throw .argument("MultiheadAttention: in_proj_weight is not there")
    }
    func third(_ x: Value, _ i: Int) throws(Failure) -> Value { try x.slice(2, i * width, (i + 1) * width, 1) }
    var q: Value, k: Value, v: Value
    if tensor(3) != nil, v0.index == k0.index, k0.index == q0.index {
      let all = try projected(q0, 0, 3)
      (q, k, v) = (try third(all, 0), try third(all, 1), try third(all, 2))
    } else if tensor(3) != nil, v0.index == k0.index {
      q = try projected(q0, 0, 1)
      let both = try projected(k0, 1, 3)
      (k, v) = (try third(both, 0), try third(both, 1))
    } else {
      (q, k, v) = (try projected(q0, 0, 1), try projected(k0, 1, 2), try projected(v0, 2, 3))
    }
    var extra = 0
    func longer(_ x: Value, _ row: Value) throws(Failure) -> Value {
      var both = InlineArray<2, Value>(repeating: x)
      both[1] = row
      return try withUnsafePointer(to: &both) { (p) throws(Failure) -> Value in
        try Value.cat(UnsafeBufferPointer(start: UnsafeRawPointer(p).assumingMemoryBound(to: Value.self), count: 2), 0)
      }
    }
    let rowShape = Dims(1, n).appending(width)
    if let kb = tensor(5), let vb = tensor(6) {
      k = try longer(k, kb.expand(rowShape))
      v = try longer(v, vb.expand(rowShape))
      extra += 1
    }
    if try truth("add_zero_attn") {
      let zero = try Value.zeros(engine, k.dtype, rowShape)
      k = try longer(k, zero)
      v = try longer(v, zero)
      extra += 1
    }
    let s = k.shape[0]
    /// [N, H, L, E/H]
    func split(_ x: Value) throws(Failure) -> Value {
      var shape = Dims(x.shape[0], n)
      shape.append(heads)
      shape.append(width / heads)
      return try x.reshape(shape).permute(Dims(1, 2).appending(0, 3))
    }
    q = try split(q)
    k = try split(k)
    v = try split(v)
    let joined = try joinMasks(padding, mask, n, heads, l, s, extra, q.dtype, batched)
    let p = training ? try number("dropout") : 0
    var attended: Value, shown: Value?
    if weights {
      let scale = 1 / Double(width / heads).squareRoot()
      var w = try (q * scale).matmul(k.transpose(-2, -1))
      if let joined { w = try w + joined }
      w = try w.softmax(-1)
      if p > 0 { w = try w.dropout(p, training: true) }
      attended = try w.matmul(v)
      shown = try w.mean(Dims(1))
      if !batched { shown = try shown?.squeeze(0) }
    } else {
      var o = AttentionOptions()
      o.dropout = p
      attended = try q.attention(k, v, mask: joined, o)
    }
    attended = try attended.permute(Dims(2, 0).appending(1, 3)).reshape(Dims(l, n).appending(width))
    let out = child(7)
    guard let w = out.tensor(0) else { throw .argument("MultiheadAttention: out_proj.weight is not there") }
    let y = try attended.linear(w, out.tensor(1))
    return (!batched ? try y.squeeze(1) : first ? try y.transpose(0, 1) : y, shown)
  }

  /// One mask to be added to the scores [N, H, L, S], or nil. Keys made by add_bias_kv and add_zero_attn are always seen.
  private func joinMasks(
    _ padding: Value?, _ mask: Value?, _ n: Int, _ heads: Int, _ l: Int, _ s: Int, _ extra: Int, _ type: DType, _ batched: Bool
  ) throws(Failure) -> Value? {
    func added(_ m: Value, _ what: StaticString) throws(Failure) -> Value {
      if m.dtype == .bool {
        let zero = try Value.zeros(engine, type, Dims())
        return try m.select(Value.full(engine, type, Dims(), -.infinity), zero)
      }
      if m.dtype.category != .floating { throw .dtype("MultiheadAttention: \(what) must be bool or floating, it is \(m.dtype)") }
      return try m.to(type)
    }
    func longer(_ m: Value) throws(Failure) -> Value {
      if extra == 0 { return m }
      var both = InlineArray<2, Value>(repeating: m)
      var shape = m.shape
      shape[shape.count - 1] = extra
      both[1] = try Value.zeros(engine, type, shape)
      return try withUnsafePointer(to: &both) { (p) throws(Failure) -> Value in
        try Value.cat(UnsafeBufferPointer(start: UnsafeRawPointer(p).assumingMemoryBound(to: Value.self), count: 2), -1)
      }
    }
    var all: Value?
    if let mask {
      if mask.shape == Dims(l, s - extra) {
        all = try longer(added(mask, "attn_mask"))
      } else if mask.shape == Dims(n * heads, l).appending(s - extra) {
        all = try longer(added(mask, "attn_mask")).reshape(Dims(n, heads).appending(l, s))
      } else {
        throw .shape("MultiheadAttention: attn_mask \(mask.shape); wanted \(Dims(l, s - extra)) or \(Dims(n * heads, l).appending(s - extra))")
      }
    }
    if let padding {
      if padding.shape != (batched ? Dims(n, s - extra) : Dims(s - extra)) {
        throw .shape("MultiheadAttention: key_padding_mask \(padding.shape); wanted \(batched ? Dims(n, s - extra) : Dims(s - extra))")
      }
      let p = try longer(added(padding, "key_padding_mask")).reshape(Dims(n, 1).appending(1, s))
      all = try all.map { (m: Value) throws(Failure) -> Value in try m + p } ?? p
    }
    return all
  }
}
