// Rows of a table by index, with PyTorch's options, and bags of them: sums, means or maxima of groups of rows.
import CShim
import KernelAPI

package struct EmbeddingOptions {
  package enum Mode: Int32 { case sum = 0, mean = 1, max = 2 }
  /// The row that gets no gradient, and counts in no bag.
  package var padding: Int?
  /// Rows that are looked up and longer than this are shortened first, in the table itself.
  package var maxNorm: Double?
  package var normType = 2.0
  /// Divides a row's gradient by how often the row is looked up.
  package var scaleGradient = false
  // Of bags alone.
  package var mode = Mode.mean
  package var perSampleWeights: Value?
  package var includeLastOffset = false
  package init() {}
}

/// y = x;  dx = g·s      (inputs x, s, which stretches to x's shape)
enum ScaledGradient: Rule {
  static var name: StaticString { "scaled_gradient" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    try c.engine.makeView(of: c.input(0), c[0].pointee.shape, c[0].pointee.strides, c[0].pointee.offset, for: name)
  }
  static func saves(_ wants: UInt8) -> UInt8 { 2 }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) { try n.give(0, g * n[1]) }
}

extension Value {
  /// Rows of `weight` at the indices `self`. See `bp_embedding_with`.
  package func embedding(_ weight: Value, _ o: EmbeddingOptions) throws(Failure) -> Value {
    let name: StaticString = "embedding"
    try checkTable(weight, o, name)
    return try engine.scoped { () throws(Failure) -> Value in
      let flat = try to(.int64).reshape(Dims(count)).contiguous()
      if o.maxNorm != nil { try weight.shorten(flat, o) }
      let rows = try embedding(weight, padding: o.padding)
      if !o.scaleGradient || !weight.requiresGrad { return rows }
      var scales = shape
      scales.append(1)
      return try rows.apply(.scaledGradient, flat.reciprocalCounts(weight).reshape(scales))
    }
  }

  /// What can be wrong, before anything changes; `self` are the indices.
  private func checkTable(_ weight: Value, _ o: EmbeddingOptions, _ name: StaticString) throws(Failure) {
    try engine.check(self, weight, for: name)
    if weight.rank != 2 { throw .shape("\(name): weight must have two dimensions, it has shape \(weight.shape)") }
    let rows = weight.shape[0]
    engine.drop(try engine.indices(index, below: rows, for: name), value: true)
    if let p = o.padding, p < -rows || p >= rows { throw .index("\(name): padding_idx \(p) is out of range for \(rows) rows") }
    if let most = o.maxNorm {
      if !(most > 0) { throw .argument("\(name): max_norm must be greater than 0, it is \(most)") }
      if !(o.normType > 0) { throw .argument("\(name): norm_type must be greater than 0, it is \(o.normType)") }
      if !weight.dtype.isDifferentiable { throw .dtype("\(name): max_norm needs a table of float32 or float64, not \(weight.dtype)") }
      try weight.checkWritable(name)
    }
  }

  /// Brings the rows of a table at `indices`, int64 and dense, to at most maxNorm: row·maxNorm/(‖row‖ + 10⁻⁷).
  private func shorten(_ indices: Value, _ o: EmbeddingOptions) throws(Failure) {
    guard let most = o.maxNorm else { return }
    let p = indices.data(as: Int64.self), columns = shape[1]
    var i = 0, isChanged = false
    while i < indices.count {
      let first = Int(p[i]) &* strides[0]
      var norm = 0.0, k = 0
      while k < columns {
        let x = get(first &+ k &* strides[1]), size = x < 0 ? -x : x
        if o.normType == .infinity { if !(size <= norm) { norm = size } } else { norm += o.normType == 2 ? size * size : o.normType == 1 ? size : shim_pow(size, o.normType) }
        k += 1
      }
      if o.normType == 2 { norm = norm.squareRoot() } else if o.normType != 1, o.normType != .infinity { norm = shim_pow(norm, 1 / o.normType) }
      if norm > most {
        let scale = most / (norm + 1e-7)
        k = 0
        while k < columns { set(first &+ k &* strides[1], to: get(first &+ k &* strides[1]) * scale); k += 1 }
        isChanged = true
      }
      i += 1
    }
    if isChanged { bumpVersion() }
  }

  /// For each index (int64, dense, one dimension) 1 / how often it stands in the list.
  private func reciprocalCounts(_ weight: Value) throws(Failure) -> Value {
    let counts = try Value.zeros(engine, weight.dtype, Dims(weight.shape[0]))
    return try counts.indexAdd(0, self, Value.full(engine, weight.dtype, Dims(count), 1)).reciprocal().indexSelect(0, self)
  }

  /// Sum, mean or maximum of the rows of each bag. self: indices [N, K], a bag a row, or all in one list with `offsets`, where each bag
  /// begins. An empty bag gives zeros. See `bp_embedding_bag`.
  package func embeddingBag(_ weight: Value, _ offsets: Value?, _ o: EmbeddingOptions) throws(Failure) -> Value {
    let name: StaticString = "embedding_bag"
    try checkTable(weight, o, name)
    if !weight.dtype.isDifferentiable { throw .dtype("\(name): needs a table of float32 or float64, not \(weight.dtype)") }
    if rank != 1 && rank != 2 { throw .shape("\(name): indices must be [N, K] or a list, they are \(shape)") }
    if (rank == 1) != (offsets != nil) {
      throw .argument(rank == 1 ? "\(name): a list of indices needs offsets" : "\(name): offsets are for a list of indices, these have shape \(shape)")
    }
    if let w = o.perSampleWeights {
      try engine.check(self, w, for: name)
      if o.mode != .sum { throw .argument("\(name): per_sample_weights are for mode sum") }
      if w.shape != shape { throw .shape("\(name): per_sample_weights \(w.shape) must have the shape of the indices, \(shape)") }
      if w.dtype != weight.dtype { throw .dtype("\(name): per_sample_weights are \(w.dtype), the table \(weight.dtype)") }
    }
    if o.mode == .max, o.scaleGradient { throw .argument("\(name): scale_grad_by_freq is not for mode max") }
    if let offsets {
      try engine.check(self, offsets, for: name)
      if offsets.dtype != .int64 && offsets.dtype != .int32 { throw .dtype("\(name): offsets must be int64 or int32, they are \(offsets.dtype)") }
      if offsets.rank != 1 { throw .shape("\(name): offsets must be a list, they have shape \(offsets.shape)") }
      if o.includeLastOffset, offsets.count == 0 { throw .argument("\(name): include_last_offset needs one offset at least") }
    }
    let bags = offsets.map { $0.count - (o.includeLastOffset ? 1 : 0) } ?? shape[0]
    return try engine.scoped { () throws(Failure) -> Value in
      let flat = try to(.int64).reshape(Dims(count)).contiguous(), all = flat.data(as: Int64.self)
      let limits = try Value.empty(engine, .int64, Dims(bags + 1), for: name), limit = limits.data(as: Int64.self)
      var i = 0
      while i <= bags {
        limit[i] = Int64(offsets == nil ? i &* shape[1] : i < bags || o.includeLastOffset ? Int(offsets.map { $0.get(i &* $0.strides[0]) } ?? 0) : count)
        let before = i == 0 ? 0 : limit[i - 1]
        if limit[i] < before || limit[i] > Int64(count) || (i == 0 && limit[0] != 0) {
          throw .argument("\(name): offsets must begin with 0 and rise to at most \(count), number \(i) is \(Int(limit[i]))")
        }
        i += 1
      }
      // What counts: the places in the list, the rows they name, and the bags they belong to.
      let skipped = o.padding.map { $0 < 0 ? $0 + weight.shape[0] : $0 } ?? -1
      var kept = 0
      i = 0
      while i < Int(limit[bags]) { if Int(all[i]) != skipped { kept += 1 }; i += 1 }
      let places = try Value.empty(engine, .int64, Dims(kept), for: name), rows = try Value.empty(engine, .int64, Dims(kept), for: name)
      let homes = try Value.empty(engine, .int64, Dims(kept), for: name), sizes = try Value.zeros(engine, .float64, Dims(bags, 1))
      var k = 0, bag = 0
      while bag < bags {
        let first = k
        i = Int(limit[bag])
        while i < Int(limit[bag + 1]) {
          if Int(all[i]) != skipped {
            places.data(as: Int64.self)[k] = Int64(i)
            rows.data(as: Int64.self)[k] = all[i]
            homes.data(as: Int64.self)[k] = Int64(bag)
            k += 1
          }
          i += 1
        }
        sizes.set(bag, to: Double(k - first))
        bag += 1
      }
      if o.maxNorm != nil { try weight.shorten(flat, o) }
      var x = try weight.indexSelect(0, rows)
      if o.mode == .max { return try x.largest(of: sizes) }
      if o.scaleGradient { x = try x.apply(.scaledGradient, rows.reciprocalCounts(weight).unsqueeze(1)) }
      if let w = o.perSampleWeights { x = try x * w.reshape(Dims(count)).indexSelect(0, places).unsqueeze(1) }
      let sums = try Value.zeros(engine, weight.dtype, Dims(bags, weight.shape[1])).indexAdd(0, homes, x)
      return o.mode == .sum ? sums : try sums / sizes.clamp(1, .infinity).to(weight.dtype)
    }
  }

  /// The maxima of each column over groups of rows that follow one another, `sizes` [N, 1] of them; the gradient goes to the first of equals.
  private func largest(of sizes: Value) throws(Failure) -> Value {
    let bags = sizes.shape[0], columns = shape[1]
    if count == 0 { return try Value.zeros(engine, dtype, Dims(bags, columns)) + sum() * 0 }
    let best = try Value.zeros(engine, .int64, Dims(bags, columns)), x = try detach().contiguous(), to = best.data(as: Int64.self)
    var bag = 0, first = 0
    while bag < bags {
      let size = Int(sizes.get(bag))
      var row = first
      while row < first &+ size {
        var c = 0
        while c < columns {
          let at = bag &* columns &+ c, y = x.get(row &* columns &+ c)
          if row == first || y > x.get(Int(to[at]) &* columns &+ c) || y != y { to[at] = Int64(row) }
          c += 1
        }
        row += 1
      }
      first = first &+ size
      bag += 1
    }
    return try sizes.gt(sizes.number(0)).select(gather(0, best), number(0))
  }
}
