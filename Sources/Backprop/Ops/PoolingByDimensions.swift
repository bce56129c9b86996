// Pooling of one, two and three dimensions, put together from that of planes; parts of any number, norms, and the way back.
import CShim
import KernelAPI

extension Value {
  /// x [N, C, sizes] or [C, sizes] with something to pool.
  func checkPooled(_ dims: Int, _ name: StaticString) throws(Failure) {
    if !dtype.isDifferentiable { throw .dtype("\(name): needs float32 or float64, not \(dtype)") }
    if rank < dims + 1 || rank > dims + 2 {
      let wanted: StaticString = dims == 1 ? "[N, C, L] or [C, L]" : dims == 2 ? "[N, C, H, W] or [C, H, W]" : "[N, C, D, H, W] or [C, D, H, W]"
      throw .shape("\(name): input \(shape); wanted \(wanted)")
    }
    var i = rank - dims - 1
    while i < rank {
      if shape[i] < 1 { throw .shape("\(name): input \(shape) has nothing to pool") }
      i += 1
    }
  }

  /// The options with their defaults filled in and checked, and how many windows there are along each dimension.
  private func checkPool(_ given: PoolOptions, _ dims: Int, _ name: StaticString) throws(Failure) -> (PoolOptions, Dims) {
    var o = given, counts = Dims(), size = 1, i = 0, isDefault = true
    try checkPooled(dims, name)
    while i < dims { isDefault = isDefault && o.windows[i, of: dims].stride == 0; i += 1 }
    i = 0
    while i < dims {
      if isDefault { o.windows[i, of: dims].stride = o.windows[i, of: dims].kernel }
      i += 1
    }
    try o.windows.check(dims, atLeast: 1, "kernel_size", name) { $0.kernel }
    try o.windows.check(dims, atLeast: 1, "stride", name) { $0.stride }
    try o.windows.check(dims, atLeast: 0, "padding", name) { $0.padding }
    try o.windows.check(dims, atLeast: 1, "dilation", name) { $0.dilation }
    if o.divisorOverride > 1 << 53 || o.divisorOverride < -1 << 53 {
      throw .argument("\(name): divisor_override must lie within ±2⁵³, it is \(o.divisorOverride)")
    }
    i = 0
    while i < dims {
      let v = o.windows[i, of: dims]
      size *= v.kernel
      if size > 1 << 20 { throw .argument("\(name): kernel_size is too large: \(v.kernel)") }
      if v.padding > v.kernel / 2 {
        throw .argument("\(name): padding \(v.padding) must be at most half of kernel_size \(v.kernel)")
      }
      let length = shape[rank - dims + i]
      let room = length + 2 * v.padding - v.dilation * (v.kernel - 1) - 1 + (o.ceilMode ? v.stride - 1 : 0)
      var n = room < 0 ? 0 : room / v.stride + 1
      // The last window must start within the image or its left margin.
      if o.ceilMode, n > 0, (n - 1) * v.stride >= length + v.padding { n -= 1 }
      if n < 1 { throw .shape("\(name): input \(shape) is too small for a window of \(v.dilation * (v.kernel - 1) + 1) with padding \(v.padding)") }
      counts.append(n)
      i += 1
    }
    return (o, counts)
  }

  /// Checked windows of one to three dimensions by those of planes: one row, or the plane of each depth and then the depths, of which a
  /// row holds whole planes. Ties and NaN come out as if all were looked through in order.
  private func pooled(_ operation: Operation, _ o: PoolOptions, _ counts: Dims) throws(Failure) -> Value {
    let v = o.windows, one = WindowOptions()
    if counts.count == 2 { return try apply(operation, o.attributes(v.down, v.across, counts[0], counts[1])) }
    return try engine.scoped { () throws(Failure) -> Value in
      if counts.count == 1 { return try unsqueeze(rank - 1).apply(operation, o.attributes(one, v.across, 1, counts[0])).squeeze(rank - 1) }
      let flat = try reshape(folded).apply(operation, o.attributes(v.down, v.across, counts[1], counts[2]))
      let columns = counts[1] * counts[2], divisor = o.divisorOverride == 0 ? 0 : 1
      let deep = try flat.reshape(Dims(flat.shape[0], 1).appending(flat.shape[1], columns))
      return try deep.apply(operation, o.attributes(v.depth, one, counts[0], columns, divisor: divisor)).reshape(replacingSizes(counts))
    }
  }

  /// [N·C, D, H, W].
  private var folded: Dims {
    let area = shape[rank - 3] * shape[rank - 2] * shape[rank - 1]
    return Dims(count / area, shape[rank - 3]).appending(shape[rank - 2], shape[rank - 1])
  }

  /// The shape with other last sizes.
  func replacingSizes(_ sizes: Dims) -> Dims {
    var s = shape, i = 0
    while i < sizes.count { s[rank - sizes.count + i] = sizes[i]; i += 1 }
    return s
  }

  private func places(_ o: PoolOptions, _ counts: Dims) throws(Failure) -> Value {
    try engine.scoped { () throws(Failure) -> Value in
      try engine.withoutRecording { () throws(Failure) -> Value in
        let v = o.windows, one = WindowOptions()
        if counts.count == 1 {
          return try unsqueeze(rank - 1).maxima(o.attributes(one, v.across, 1, counts[0])).places.reshape(replacingSizes(counts))
        }
        if counts.count == 2 { return try maxima(o.attributes(v.down, v.across, counts[0], counts[1])).places }
        let flat = try reshape(folded).maxima(o.attributes(v.down, v.across, counts[1], counts[2])), depth = shape[rank - 3]
        let columns = counts[1] * counts[2], area = shape[rank - 2] * shape[rank - 1], lead = folded[0]
        let deep = try flat.values.reshape(Dims(lead, 1).appending(depth, columns)).maxima(o.attributes(v.depth, one, counts[0], columns)).places
        let within = flat.places.data(as: Int64.self), p = deep.data(as: Int64.self), each = counts[0] * columns
        var i = 0
        while i < deep.count {
          let at = Int(p[i])
          p[i] = within[i / each * depth * columns + at] + Int64(at / columns * area)
          i += 1
        }
        return try deep.reshape(replacingSizes(counts))
      }
    }
  }

  /// Largest numbers over the last one, two or three dimensions.
  package func maxPool(_ dims: Int, _ o: PoolOptions) throws(Failure) -> Value {
    let (o, counts) = try checkPool(o, dims, dims == 1 ? "max_pool1d" : dims == 2 ? "max_pool2d" : "max_pool3d")
    return try pooled(.maxPool2d, o, counts)
  }

  /// Where each result of `maxPool` came from: positions in x's last dimensions, row-major, int64.
  package func maxPoolIndices(_ dims: Int, _ o: PoolOptions) throws(Failure) -> Value {
    let (o, counts) = try checkPool(o, dims, dims == 1 ? "max_pool1d" : dims == 2 ? "max_pool2d" : "max_pool3d")
    return try places(o, counts)
  }

  package func avgPool(_ dims: Int, _ o: PoolOptions) throws(Failure) -> Value {
    let (o, counts) = try checkPool(o, dims, dims == 1 ? "avg_pool1d" : dims == 2 ? "avg_pool2d" : "avg_pool3d")
    return try pooled(.avgPool2d, o, counts)
  }

  /// (Σ xᵖ)^(1/p) over each window, 0 where the sum is negative.
  package func lpPool(_ dims: Int, _ p: Double, _ given: PoolOptions) throws(Failure) -> Value {
    let (o, counts) = try checkPool(given, dims, dims == 1 ? "lp_pool1d" : dims == 2 ? "lp_pool2d" : "lp_pool3d")
    if p == 0 || p != p { throw .argument("lp_pool: norm_type must be a number that is not 0, it is \(p)") }
    var size = 1.0, i = 0
    while i < dims { size *= Double(o.windows[i, of: dims].kernel); i += 1 }
    return try engine.scoped { () throws(Failure) -> Value in
      let mean = try pow(number(p)).pooled(.avgPool2d, o, counts)
      return try (mean.sign() * mean.abs().relu() * size).pow(number(1 / p))
    }
  }

  /// Means over windows that divide the last dimensions into `sizes` parts, overlapping where they must.
  package func adaptiveAvgPool(_ sizes: Dims) throws(Failure) -> Value {
    let dims = sizes.count
    let name: StaticString = dims == 1 ? "adaptive_avg_pool1d" : dims == 2 ? "adaptive_avg_pool2d" : "adaptive_avg_pool3d"
    try checkParts(sizes, atLeast: 0, name)
    var o = PoolOptions(), isEven = true, places = 1, i = 0
    while i < dims, isEven {
      let n = shape[rank - dims + i]
      isEven = sizes[i] > 0 && n % sizes[i] == 0
      if isEven {
        o.windows[i, of: dims].kernel = n / sizes[i]
        o.windows[i, of: dims].stride = n / sizes[i]
        places *= n / sizes[i]
      }
      i += 1
    }
    if isEven, sizes.product == 1 || places <= 1 << 20 {
      if sizes.product == 1 {
        var all = Dims()
        i = 1
        while i <= dims { all.append(-i); i += 1 }
        return try mean(all, keep: true)
      }
      return try pooled(.avgPool2d, o, sizes)
    }
    return try engine.scoped { () throws(Failure) -> Value in
      var y = self, d = rank - dims
      while d < rank {
        let size = shape[d], n = sizes[d - rank + dims]
        y = try y.resampled(d, n, taps: longestPart(size, n), weighted: true, for: name) { i, index, weights in
          let (start, end) = part(i, n, size)
          var k = start
          while k < end {
            index[k - start] = Int64(k)
            weights[k - start] = 1 / Double(end - start)
            k += 1
          }
        }
        d += 1
      }
      return y
    }
  }

  /// Largest numbers over the same windows: each part as long as the longest, its last number repeated, and windows side by side.
  package func adaptiveMaxPool(_ sizes: Dims) throws(Failure) -> Value {
    try engine.scoped { () throws(Failure) -> Value in
      let (x, o) = try partsSideBySide(sizes)
      return try x.pooled(.maxPool2d, o, sizes)
    }
  }

  package func adaptiveMaxPoolIndices(_ sizes: Dims) throws(Failure) -> Value {
    try engine.scoped { () throws(Failure) -> Value in
      try engine.withoutRecording { () throws(Failure) -> Value in
        let (x, o) = try partsSideBySide(sizes)
        let at = try x.places(o, sizes), p = at.data(as: Int64.self), dims = sizes.count
        var i = 0
        while i < at.count {
          var rest = Int(p[i]), place = 0, step = 1, d = dims - 1
          while d >= 0 {
            let each = o.windows[d, of: dims].kernel, size = shape[rank - dims + d]
            let q = rest % (each * sizes[d]), (start, end) = part(q / each, sizes[d], size)
            place += (start + q % each < end ? start + q % each : end - 1) * step
            rest /= each * sizes[d]
            step *= size
            d -= 1
          }
          p[i] = Int64(place)
          i += 1
        }
        return at
      }
    }
  }

  private func partsSideBySide(_ sizes: Dims) throws(Failure) -> (Value, PoolOptions) {
    let dims = sizes.count
    let name: StaticString = dims == 1 ? "adaptive_max_pool1d" : dims == 2 ? "adaptive_max_pool2d" : "adaptive_max_pool3d"
    try checkParts(sizes, atLeast: 1, name)
    var o = PoolOptions(), x = self, i = 0
    while i < dims {
      let d = rank - dims + i, size = shape[d], n = sizes[i], each = longestPart(size, n)
      o.windows[i, of: dims].kernel = each
      o.windows[i, of: dims].stride = each
      if size % n != 0 {
        x = try x.resampled(d, n * each, for: name) { i, index, _ in
          let (start, end) = part(i / each, n, size)
          index[0] = Int64(start + i % each < end ? start + i % each : end - 1)
        }
      }
      i += 1
    }
    return (x, o)
  }

  private func checkParts(_ sizes: Dims, atLeast least: Int, _ name: StaticString) throws(Failure) {
    try checkPooled(sizes.count, name)
    var i = 0
    while i < sizes.count {
      if sizes[i] < least || sizes[i] >= 1 << 31 { throw .argument("\(name): output size \(sizes)") }
      i += 1
    }
  }

  /// Each number of x at the place `indices` names in a result of last dimensions `sizes`, zeros elsewhere.
  package func maxUnpool(_ indices: Value, _ sizes: Dims) throws(Failure) -> Value {
    let dims = sizes.count, name: StaticString = dims == 1 ? "max_unpool1d" : dims == 2 ? "max_unpool2d" : "max_unpool3d"
    try engine.check(self, indices, for: name)
    try checkPooled(dims, name)
    if indices.shape != shape { throw .shape("\(name): indices \(indices.shape) must have the shape of the input, \(shape)") }
    if indices.dtype != .int64 { throw .dtype("\(name): indices must be int64, they are \(indices.dtype)") }
    var i = 0
    while i < dims {
      if sizes[i] < 1 || sizes[i] >= 1 << 31 { throw .argument("\(name): output size \(sizes)") }
      i += 1
    }
    return try apply(.maxUnpool, indices, Attributes(dims: replacingSizes(sizes), a: dims))
  }
}

/// Part i of n: ⌊i·size/n⌋ ..< ⌈(i+1)·size/n⌉.
private func part(_ i: Int, _ n: Int, _ size: Int) -> (start: Int, end: Int) { (i * size / n, ((i + 1) * size + n - 1) / n) }

private func longestPart(_ size: Int, _ n: Int) -> Int {
  var longest = 1, i = 0
  while i < n {
    let (start, end) = part(i, n, size)
    if end - start > longest { longest = end - start }
    i += 1
  }
  return longest
}

/// y[index[i]] = x[i] in each plane, the last of several, zeros elsewhere;  dx = g at index      (inputs x, index; dims: y's shape, a: how many
/// dimensions a plane has)
enum MaxUnpool: Rule {
  static var name: StaticString { "max_unpool" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let e = c.engine, shape = c[0].pointee.shape, ys = c.attributes.dims, size = c[0].pointee.dtype.size
    let area = last(ys, c.attributes.a), each = last(shape, c.attributes.a)
    let index = try e.indices(c.input(1), below: area, for: name)
    defer { e.drop(index, value: true) }
    let x = try e.contiguous(c.input(0), for: name)
    defer { e.drop(x, value: true) }
    let out = try e.make(c[0].pointee.dtype, ys, for: name)
    let p = e.data(index).assumingMemoryBound(to: Int64.self), from = e.data(x), to = e.data(out), n = shape.product
    memset(to, 0, ys.product &* size)
    var i = 0
    while i < n {
      memcpy(to + (i / each &* area &+ Int(p[i])) &* size, from + i &* size, size)
      i += 1
    }
    return out
  }
  static func saves(_ wants: UInt8) -> UInt8 { 2 }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let shape = n[0].shape, each = last(shape, n.attributes.a), area = last(g.shape, n.attributes.a), planes = each == 0 ? 0 : shape.product / each
    try n.give(0, g.reshape(Dims(planes, area)).gather(1, n[1].reshape(Dims(planes, each))).reshape(shape))
  }
  private static func last(_ shape: Dims, _ dims: Int) -> Int {
    var p = 1, i = shape.count - dims
    while i < shape.count { p &*= shape[i]; i += 1 }
    return p
  }
}
