// Blocks of the table: recurrent networks and their cells. B batch, T steps, I input size, H hidden size, P projected size, D directions.
import KernelAPI

extension ModuleValue {
  func isRelu() throws(Failure) -> Bool {
    let o = option("nonlinearity")
    if !o.isWord("tanh"), !o.isWord("relu") { throw wrong("nonlinearity", "'tanh' or 'relu'") }
    return o.isWord("relu")
  }

  /// `weight_ih`, layer 1, reverse → `weight_ih_l1_reverse`.
  private func weight(_ name: StaticString, _ layer: Int, reverse: Bool, _ shape: Dims, _ bound: Double) throws(Failure) {
    var text = TextWriter()
    defer { text.text.destroy() }
    text.append(name)
    text.append("_l")
    text.append(layer)
    if reverse { text.append("_reverse") }
    text.append(byte: 0)
    if !text.isWhole { throw .memory("module", bytes: text.text.count) }
    let slot = try filled(shape) { (v) throws(Failure) in try v.initUniform(-bound, bound) }
    try text.text.withBase { UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self) }.putParameter(self, text.text.count - 1, slot)
  }

  func makeRecurrent(gates: Int) throws(Failure) {
    let inputs = try whole("input_size", atLeast: 0), hidden = try whole("hidden_size", atLeast: 1), layers = try whole("num_layers", atLeast: 1)
    let projected = hasOption("proj_size") ? try whole("proj_size", atLeast: 0) : 0, hasBias = try truth("bias"), both = try truth("bidirectional")
    if projected >= hidden { throw wrong("proj_size", "smaller than hidden_size") }
    if layers > 1 << 20 || hidden > 1 << 40 { throw wrong("num_layers", "smaller") }
    _ = try probability("dropout")
    _ = try truth("batch_first")
    if hasOption("nonlinearity") { _ = try isRelu() }
    let state = projected > 0 ? projected : hidden, bound = 1 / Double(hidden).squareRoot(), all = gates * hidden
    var layer = 0
    while layer < layers {
      var d = 0
      while d < (both ? 2 : 1) {
        let wide = layer == 0 ? inputs : both ? 2 * state : state
        try weight("weight_ih", layer, reverse: d == 1, Dims(all, wide), bound)
        try weight("weight_hh", layer, reverse: d == 1, Dims(all, state), bound)
        if hasBias {
          try weight("bias_ih", layer, reverse: d == 1, Dims(all), bound)
          try weight("bias_hh", layer, reverse: d == 1, Dims(all), bound)
        }
        if projected > 0 { try weight("weight_hr", layer, reverse: d == 1, Dims(projected, hidden), bound) }
        d += 1
      }
      layer += 1
    }
  }

  func makeCell(gates: Int) throws(Failure) {
    let inputs = try whole("input_size", atLeast: 0), hidden = try whole("hidden_size", atLeast: 0), hasBias = try truth("bias")
    if hidden > 1 << 40 { throw wrong("hidden_size", "smaller") }
    if hasOption("nonlinearity") { _ = try isRelu() }
    let bound = hidden > 0 ? 1 / Double(hidden).squareRoot() : 0
    try parameter("weight_ih", Dims(gates * hidden, inputs), within: bound)
    try parameter("weight_hh", Dims(gates * hidden, hidden), within: bound)
    try parameter("bias_ih", Dims(gates * hidden), present: hasBias, within: bound)
    try parameter("bias_hh", Dims(gates * hidden), present: hasBias, within: bound)
  }
}

extension UnsafePointer<CChar> {
  fileprivate func putParameter(_ m: ModuleValue, _ length: Int, _ slot: UInt32) throws(Failure) {
    try m.put(.parameter, self, length, slot)
    m.engine.slot(slot).pointee.flags.insert(.requiresGrad)
  }
}

extension ModuleCall {
  /// Input x [T, B, I] (batch first: [B, T, I]; without a batch [T, I]), then h0 [layers·D, B, P or H] and for an lstm c0 [layers·D, B, H], both
  /// zeros where not given. Results: y [T, B, D·(P or H)], h, c.
  mutating func recurrent(_ kind: RecurrentKind) throws(Failure) -> Value {
    let m = module, e = engine, batched = x.rank == 3, first = try m.truth("batch_first"), both = try m.truth("bidirectional")
    let layers = try m.whole("num_layers"), directions = both ? 2 : 1, dropout = try m.number("dropout"), hasBias = try m.truth("bias")
    let projected = m.hasOption("proj_size") ? try m.whole("proj_size") : 0, hidden = try m.whole("hidden_size")
    if x.rank != 2, !batched { throw .shape("\(m.kindName): input \(x.shape); wanted [T, B, I], or [T, I]") }
    if x.shape.last != (try m.whole("input_size")) {
      throw .shape("\(m.kindName): input \(x.shape); its last dimension must be input_size, \(try m.whole("input_size"))")
    }
    var input = batched ? (first ? try x.transpose(0, 1) : x) : try x.unsqueeze(1)
    let n = layers * directions, each = 2 + (hasBias ? 2 : 0) + (projected > 0 ? 1 : 0), states = kind == .lstm ? 2 : 1
    func initial(_ i: Int, _ size: Int) throws(Failure) -> Value? {
      guard let h = optional(i) else { return nil }
      var wanted = Dims(n, size)
      if batched { wanted.insert(input.shape[1], at: 1) }
      if h.shape != wanted { throw .shape("\(m.kindName): initial state \(i) has shape \(h.shape), wanted \(wanted)") }
      return batched ? h : try h.unsqueeze(1)
    }
    let h0 = try initial(1, projected > 0 ? projected : hidden), c0 = kind == .lstm ? try initial(2, hidden) : nil
    if kind == .lstm, (h0 == nil) != (c0 == nil) { throw .argument("LSTM: h0 and c0 go together, one of them is missing") }
    return try e.withScratch(of: Value.self, count: states * n + 2, for: "module") { (last) throws(Failure) -> Value in
      var layer = 0
      while layer < layers {
        let sides = last + states * n
        var d = 0
        while d < directions {
          let k = layer * directions + d
          let w = RecurrentWeights(
            try required(k * each), try required(k * each + 1), hasBias ? weight(k * each + 2) : nil, hasBias ? weight(k * each + 3) : nil)
          let h = try h0?.select(0, k), c = try c0?.select(0, k)
          let y = projected > 0
            ? try input.projectedLSTM(h, c, w, required(k * each + each - 1), reverse: d == 1)
            : try input.recurrent(kind, h0: h, c0: c, w, reverse: d == 1)
          (sides + d).initialize(to: y.states)
          (last + k).initialize(to: y.last)
          if states == 2 { (last + n + k).initialize(to: y.lastCell ?? y.last) }
          d += 1
        }
        input = both ? try Value.cat(UnsafeBufferPointer(start: sides, count: 2), 2) : sides[0]
        if dropout > 0, m.training, layer < layers - 1 { input = try input.dropout(dropout, training: true) }
        layer += 1
      }
      var i = 0
      while i < states {
        var s = try Value.stack(UnsafeBufferPointer(start: last + i * n, count: n), 0)
        if !batched { s = try s.squeeze(1) }
        give(i + 1, s)
        i += 1
      }
      return batched ? (first ? try input.transpose(0, 1) : input) : try input.squeeze(1)
    }
  }

  /// Input [B, I] or [I], then the states [B, H] or [H]. Results: h, and for an lstm c.
  mutating func recurrentCell(_ kind: RecurrentKind) throws(Failure) -> Value {
    let m = module, batched = x.rank == 2
    if x.rank != 1, !batched { throw .shape("\(m.kindName): input \(x.shape); wanted [B, I] or [I]") }
    func state(_ i: Int) throws(Failure) -> Value? {
      guard let h = optional(i) else { return nil }
      return batched ? h : try h.unsqueeze(0)
    }
    if kind == .lstm, (optional(1) == nil) != (optional(2) == nil) { throw .argument("LSTMCell: h and c go together, one of them is missing") }
    let input = batched ? x : try x.unsqueeze(0)
    let y = try input.unsqueeze(0).recurrent(
      kind, h0: state(1), c0: kind == .lstm ? state(2) : nil, RecurrentWeights(required(0), required(1), weight(2), weight(3)), reverse: false)
    if let c = y.lastCell { give(1, batched ? c : try c.squeeze(0)) }
    return batched ? y.last : try y.last.squeeze(0)
  }
}

extension Value {
  /// An lstm whose states go through a matrix [P, H] before they are handed on, a step at a time.
  fileprivate func projectedLSTM(
    _ h0: Value?, _ c0: Value?, _ w: RecurrentWeights, _ projection: Value, reverse: Bool
  ) throws(Failure) -> (states: Value, last: Value, lastCell: Value?) {
    let steps = shape[0], hidden = w.hidden.shape[0] / 4
    let gates = try linear(w.input, w.inputBias)
    var h: Value, c: Value
    if let h0, let c0 {
      h = h0
      c = c0
    } else {
      h = try Value.zeros(engine, dtype, Dims(shape[1], projection.shape[0]))
      c = try Value.zeros(engine, dtype, Dims(shape[1], hidden))
    }
    if steps == 0 { throw .shape("LSTM: the input has no steps") }
    return try engine.withScratch(of: Value.self, count: steps, for: "lstm") { (states) throws(Failure) in
      var k = 0
      while k < steps {
        let t = reverse ? steps - 1 - k : k
        let p = try gates.select(0, t) + h.linear(w.hidden, w.hiddenBias)
        func gate(_ i: Int) throws(Failure) -> Value { try p.slice(1, i * hidden, (i + 1) * hidden, 1) }
        c = try gate(1).sigmoid() * c + gate(0).sigmoid() * gate(2).tanh()
        h = try (gate(3).sigmoid() * c.tanh()).linear(projection, nil)
        (states + t).initialize(to: h)
        k += 1
      }
      return (try Value.stack(UnsafeBufferPointer(start: states, count: steps), 0), h, c)
    }
  }
}
