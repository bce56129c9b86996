// Convolution and its two gradients, each of which is an operation with gradients of its own; the three are closed under
// differentiation. N images, C channels, G groups, [H, W] sizes, [h, w] of the kernel.
import CShim
import KernelAPI

/// How a window moves along one dimension. Convolution takes the size from its weight; a stride of 0 stands for the size.
package struct WindowOptions {
  package var kernel = 1, stride = 1, padding = 0, after = 0, dilation = 1, outputPadding = 0
  package init() {}
}

/// Windows over depth, height and width; of one or two dimensions the last count.
package struct Windows {
  package var depth = WindowOptions(), down = WindowOptions(), across = WindowOptions()
  package init() {}

  /// Dimension i of `dims`.
  package subscript(i: Int, of dims: Int) -> WindowOptions {
    get { i == dims - 1 ? across : i == dims - 2 ? down : depth }
    set { if i == dims - 1 { across = newValue } else if i == dims - 2 { down = newValue } else { depth = newValue } }
  }

  /// Refuses an option outside least ..< 2³⁰.
  @inline(never) func check(
    _ dims: Int, atLeast least: Int, _ what: StaticString, _ name: StaticString, _ option: (WindowOptions) -> Int
  ) throws(Failure) {
    var all = Dims(), i = 0
    while i < dims { all.append(option(self[i, of: dims])); i += 1 }
    i = 0
    while i < dims {
      if all[i] < least { throw .argument("\(name): \(what) must be at least \(least), it is \(all)") }
      if all[i] >= 1 << 30 { throw .argument("\(name): \(what) is too large: \(all)") }
      i += 1
    }
  }

  fileprivate func check(_ dims: Int, _ name: StaticString) throws(Failure) {
    try check(dims, atLeast: 1, "stride", name) { $0.stride }
    try check(dims, atLeast: 0, "padding", name) { $0.padding }
    try check(dims, atLeast: 0, "padding_after", name) { $0.after }
    try check(dims, atLeast: 1, "dilation", name) { $0.dilation }
  }
}

/// The options of a convolution. As attributes of the one over [H, W]: dims = the seven numbers, a and b = the result's last two sizes.
package struct ConvolutionOptions {
  package var windows = Windows(), groups = 1
  package init() {}

  init(_ a: Attributes) {
    (windows.down.stride, windows.across.stride) = (a.dims[0], a.dims[1])
    (windows.down.padding, windows.across.padding) = (a.dims[2], a.dims[3])
    (windows.down.dilation, windows.across.dilation) = (a.dims[4], a.dims[5])
    groups = a.dims[6]
  }
  var stride: (Int, Int) { (windows.down.stride, windows.across.stride) }
  var padding: (Int, Int) { (windows.down.padding, windows.across.padding) }
  var dilation: (Int, Int) { (windows.down.dilation, windows.across.dilation) }

  func attributes(_ height: Int, _ width: Int) -> Attributes {
    var d = Dims(stride.0, stride.1)
    d.append(padding.0)
    d.append(padding.1)
    d.append(dilation.0)
    d.append(dilation.1)
    d.append(groups)
    return Attributes(dims: d, a: height, b: width)
  }

  /// Windows over x [.., H, W] with results [.., rows, columns].
  func axes(_ x: Dims, kernel: Dims, _ results: Dims) -> (WindowAxis, WindowAxis) {
    (
      WindowAxis(size: x[2], kernel: kernel[2], stride: stride.0, padding: padding.0, dilation: dilation.0, windows: results[2]),
      WindowAxis(size: x[3], kernel: kernel[3], stride: stride.1, padding: padding.1, dilation: dilation.1, windows: results[3])
    )
  }
}

private func image(_ a: Int, _ b: Int, _ c: Int, _ d: Int) -> Dims {
  var s = Dims(a, b)
  s.append(c)
  s.append(d)
  return s
}

/// y[n, m, j, i] = b[m] + Σ over c, t, s of w[m, c, t, s] · x[n, c, j·stride + t·dilation − padding, …]
/// dx = conv_transpose2d(g, w), dw = conv2d_weight(x, g), db = Σ g
enum Conv2d: Rule {
  static var name: StaticString { "conv2d" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let e = c.engine, type = c[0].pointee.dtype, xs = c[0].pointee.shape, ws = c[1].pointee.shape
    let o = ConvolutionOptions(c.attributes), ys = image(xs[0], ws[0], c.attributes.a, c.attributes.b)
    let x = try e.contiguous(c.input(0), for: name)
    defer { e.drop(x, value: true) }
    let w = try e.contiguous(c.input(1), for: name)
    defer { e.drop(w, value: true) }
    let out = try e.make(type, ys, for: name)
    let (rows, columns) = o.axes(xs, kernel: ws, ys)
    let places = ws[2] * ws[3], bias = c.input(2)
    let layout = WeightLayout(
      data: e.data(w), output: ws[1] * places, channel: places, group: ws[0] / o.groups * ws[1] * places, places: places,
      bias: bias == 0 ? nil : UnsafeRawPointer(e.data(bias)), biasStride: bias == 0 ? 0 : e.slot(bias).pointee.strides[0])
    return try e.filled(out) { () throws(Failure) in
      try e.correlate(
        type, rows, columns, images: xs[0], groups: o.groups, channels: ws[1], outputs: ws[0] / o.groups, e.data(x), layout,
        kernelWidth: ws[3], e.data(out), height: ys[2], width: ys[3], for: name)
    }
  }
  static func saves(_ wants: UInt8) -> UInt8 { (wants & 1) << 1 | (wants & 2) >> 1 }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let a = n.attributes, o = ConvolutionOptions(a)
    if n.wants(0) { try n.give(0, g.apply(.convTranspose2d, n[1], o.attributes(n[0].shape[2], n[0].shape[3]))) }
    if n.wants(1) { try n.give(1, n[0].apply(.conv2dWeight, g, o.attributes(n[1].shape[2], n[1].shape[3]))) }
    if n.inputCount > 2, n.wants(2) { try n.give(2, g.sumOverImages()) }
  }
}

/// The gradient of conv2d's input: each x[n, m] spread over the window by w[m], plus b.
/// dx = conv2d(g, w), dw = conv2d_weight(g, x), db = Σ g
enum ConvTranspose2d: Rule {
  static var name: StaticString { "conv_transpose2d" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let e = c.engine, type = c[0].pointee.dtype, xs = c[0].pointee.shape, ws = c[1].pointee.shape
    let o = ConvolutionOptions(c.attributes), ys = image(xs[0], ws[1] * o.groups, c.attributes.a, c.attributes.b)
    let x = try e.contiguous(c.input(0), for: name)
    defer { e.drop(x, value: true) }
    let w = try e.contiguous(c.input(1), for: name)
    defer { e.drop(w, value: true) }
    let out = try e.make(type, ys, for: name)
    let places = ws[2] * ws[3], bias = c.input(2)
    let layout = WeightLayout(
      data: e.data(w), output: places, channel: ws[1] * places, group: ws[0] / o.groups * ws[1] * places, places: places,
      bias: bias == 0 ? nil : UnsafeRawPointer(e.data(bias)), biasStride: bias == 0 ? 0 : e.slot(bias).pointee.strides[0])
    if o.stride == (1, 1), ws[1] > 2, ys[2] * ys[3] * 2 > xs[2] * xs[3] * 3, xs[2] * xs[3] > 0 {
      return try e.filled(out) { () throws(Failure) in
        try e.spread(
          type, o, images: xs[0], channels: ws[0] / o.groups, outputs: ws[1], kernel: (ws[2], ws[3]), e.data(x), (xs[2], xs[3]), layout,
          e.data(out), height: ys[2], width: ys[3], for: name)
      }
    }
    // Outputs whose distance from a window's start leaves the same remainder see the same places of the window.
    var phase = 0
    while phase < o.stride.0 && phase < ys[2] {
      let rows = WindowAxis(
        gradientOf: ys[2], kernel: ws[2], stride: o.stride.0, padding: o.padding.0, dilation: o.dilation.0, results: xs[2],
        phase: (phase + o.padding.0) % o.stride.0)
      var across = 0
      while across < o.stride.1 && across < ys[3] {
        let columns = WindowAxis(
          gradientOf: ys[3], kernel: ws[3], stride: o.stride.1, padding: o.padding.1, dilation: o.dilation.1, results: xs[3],
          phase: (across + o.padding.1) % o.stride.1)
        do throws(Failure) {
          try e.correlate(
            type, rows, columns, images: xs[0], groups: o.groups, channels: ws[0] / o.groups, outputs: ws[1], e.data(x), layout,
            kernelWidth: ws[3], e.data(out), height: ys[2], width: ys[3], for: name)
        } catch {
          e.drop(out, value: true)
          throw error
        }
        across += 1
      }
      phase += 1
    }
    return out
  }
  static func saves(_ wants: UInt8) -> UInt8 { (wants & 1) << 1 | (wants & 2) >> 1 }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let o = ConvolutionOptions(n.attributes)
    if n.wants(0) { try n.give(0, g.apply(.conv2d, n[1], o.attributes(n[0].shape[2], n[0].shape[3]))) }
    if n.wants(1) { try n.give(1, g.apply(.conv2dWeight, n[0], o.attributes(n[1].shape[2], n[1].shape[3]))) }
    if n.inputCount > 2, n.wants(2) { try n.give(2, g.sumOverImages()) }
  }
}

/// The gradient of conv2d's weights: dw[m, c, t, s] = Σ over n, j, i of g[n, m, j, i] · x[n, c, j·stride + t·dilation − padding, …]
/// dx = conv_transpose2d(g, gw), dg = conv2d(x, gw) for the gradient gw of dw
enum Conv2dWeight: Rule {
  static var name: StaticString { "conv2d_weight" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 {
    let e = c.engine, type = c[0].pointee.dtype, xs = c[0].pointee.shape, gs = c[1].pointee.shape
    let o = ConvolutionOptions(c.attributes), ws = image(gs[1], xs[1] / o.groups, c.attributes.a, c.attributes.b)
    let x = try e.contiguous(c.input(0), for: name)
    defer { e.drop(x, value: true) }
    let g = try e.contiguous(c.input(1), for: name)
    defer { e.drop(g, value: true) }
    let out = try e.make(type, ws, for: name)
    let (rows, columns) = o.axes(xs, kernel: ws, gs)
    return try e.filled(out) { () throws(Failure) in
      try e.correlateWeights(
        type, rows, columns, images: xs[0], groups: o.groups, channels: ws[1], outputs: ws[0] / o.groups, e.data(x), e.data(g),
        kernelWidth: ws[3], e.data(out), for: name)
    }
  }
  static func saves(_ wants: UInt8) -> UInt8 { (wants & 1) << 1 | (wants & 2) >> 1 }
  static func vjp(_ n: Node, _ g: Value) throws(Failure) {
    let o = ConvolutionOptions(n.attributes)
    if n.wants(0) { try n.give(0, n[1].apply(.convTranspose2d, g, o.attributes(n[0].shape[2], n[0].shape[3]))) }
    if n.wants(1) { try n.give(1, n[0].apply(.conv2d, g, o.attributes(n[1].shape[2], n[1].shape[3]))) }
  }
}

// MARK: As methods

extension Value {
  fileprivate func sumOverImages() throws(Failure) -> Value {
    var set = DimSet()
    set.insert(0)
    set.insert(2)
    set.insert(3)
    return try sum(set, keep: false)
  }

  /// x [N, C, sizes] or [C, sizes], w [M, C/G, kernel] (transposed: [C, M/G, kernel]), b [M] or none, for `dims` sizes.
  private func checkConvolution(
    _ w: Value, _ b: Value?, _ o: ConvolutionOptions, _ dims: Int, transposed: Bool, _ name: StaticString
  ) throws(Failure) {
    try engine.check(self, w, for: name)
    if !dtype.isDifferentiable { throw .dtype("\(name): needs float32 or float64, not \(dtype)") }
    if w.dtype != dtype { throw .dtype("\(name): weight is \(w.dtype), the input \(dtype)") }
    if w.rank != dims + 2 || rank != dims + 1 && rank != dims + 2 {
      let wanted: StaticString = dims == 1 ? "[N, C, L] or [C, L]" : dims == 2 ? "[N, C, H, W] or [C, H, W]" : "[N, C, D, H, W] or [C, D, H, W]"
      throw .shape("\(name): input \(shape) and weight \(w.shape); wanted \(wanted), and a weight of \(dims + 2) dimensions")
    }
    try o.windows.check(dims, name)
    let first = rank - dims, channels = shape[first - 1], outputs = w.shape[transposed ? 1 : 0]
    if o.groups < 1 { throw .argument("\(name): groups must be at least 1, it is \(o.groups)") }
    if channels % o.groups != 0 || !transposed && outputs % o.groups != 0 {
      throw .shape("\(name): groups \(o.groups) does not divide the \(channels) channels of input \(shape) and the weight \(w.shape)")
    }
    if transposed ? w.shape[0] != channels : w.shape[1] != channels / o.groups {
      throw .shape("\(name): input \(shape) does not fit weight \(w.shape) with groups \(o.groups)")
    }
    if channels < 1 || outputs < 1 { throw .shape("\(name): input \(shape) and weight \(w.shape) must have channels") }
    var i = 0
    while i < dims {
      if w.shape[i + 2] < 1 || w.shape[i + 2] >= 1 << 31 { throw .shape("\(name): weight \(w.shape) has no kernel") }
      if shape[first + i] >= 1 << 31 { throw .shape("\(name): input \(shape) is too large") }
      i += 1
    }
    if let b {
      try engine.check(self, b, for: name)
      if b.dtype != dtype { throw .dtype("\(name): bias is \(b.dtype), the input \(dtype)") }
      let wanted = transposed ? outputs * o.groups : outputs
      if b.rank != 1 || b.shape[0] != wanted { throw .shape("\(name): bias \(b.shape) does not fit; wanted [\(wanted)]") }
    }
  }

  /// x [N, C, sizes] or [C, sizes], w [M, C/G, kernel] for one, two or three sizes.
  package func convolution(_ dims: Int, _ w: Value, _ b: Value?, _ o: ConvolutionOptions) throws(Failure) -> Value {
    let name: StaticString = dims == 1 ? "conv1d" : dims == 2 ? "conv2d" : "conv3d"
    try checkConvolution(w, b, o, dims, transposed: false, name)
    var sizes = Dims(), i = 0
    while i < dims {
      let v = o.windows[i, of: dims], padding = 2 * v.padding + v.after
      let room = shape[rank - dims + i] + padding - v.dilation * (w.shape[i + 2] - 1) - 1
      if room < 0 {
        throw .shape("\(name): the kernel of weight \(w.shape), dilation \(v.dilation), is larger than input \(shape) with \(padding) of padding in all")
      }
      sizes.append(room / v.stride + 1)
      i += 1
    }
    return try convolved(.conv2d, w, b, o, sizes)
  }

  /// The gradient of `convolution` with respect to its input, as an operation; w [C, M/G, kernel].
  package func transposedConvolution(_ dims: Int, _ w: Value, _ b: Value?, _ o: ConvolutionOptions) throws(Failure) -> Value {
    let name: StaticString = dims == 1 ? "conv_transpose1d" : dims == 2 ? "conv_transpose2d" : "conv_transpose3d"
    try checkConvolution(w, b, o, dims, transposed: true, name)
    try o.windows.check(dims, atLeast: 0, "output_padding", name) { $0.outputPadding }
    var sizes = Dims(), extra = Dims(), tooMuch = false, i = 0
    while i < dims {
      let v = o.windows[i, of: dims]
      extra.append(v.outputPadding)
      tooMuch = tooMuch || v.outputPadding >= v.stride && v.outputPadding >= v.dilation
      sizes.append((shape[rank - dims + i] - 1) * v.stride - 2 * v.padding + v.dilation * (w.shape[i + 2] - 1) + v.outputPadding + 1)
      i += 1
    }
    if tooMuch { throw .argument("\(name): output_padding \(extra) must be smaller than stride or dilation") }
    i = 0
    while i < dims {
      if shape[rank - dims + i] < 1 || sizes[i] < 1 || sizes[i] >= 1 << 31 {
        throw .shape("\(name): input \(shape) and weight \(w.shape) would give sizes of \(sizes)")
      }
      i += 1
    }
    return try convolved(.convTranspose2d, w, b, o, sizes)
  }

  /// One of the two over [N, C, H, W], however many dimensions there are. `sizes`: those of the result.
  private func convolved(_ operation: Operation, _ w: Value, _ b: Value?, _ o: ConvolutionOptions, _ sizes: Dims) throws(Failure) -> Value {
    let dims = sizes.count
    if dims == 2, rank == 4 {
      var c = Call(self, w, o.attributes(sizes[0], sizes[1]))
      c.add(b)
      return try engine.apply(operation, &c)
    }
    return try engine.scoped { () throws(Failure) -> Value in
      if rank == dims + 1 { return try unsqueeze(0).convolved(operation, w, b, o, sizes).squeeze(0) }
      if dims == 1 { return try unsqueeze(2).convolved(operation, w.unsqueeze(2), b, o, sizes.inserting(1, at: 0)).squeeze(2) }
      return operation == .conv2d ? try convolvedByDepth(w, b, o, sizes) : try spreadByDepth(w, b, o, sizes)
    }
  }

  /// The sum over the depth of the kernel joins the sum over channels: each slice of the result is an image whose channels are those of
  /// the slices its window sees.
  private func convolvedByDepth(_ w: Value, _ b: Value?, _ o: ConvolutionOptions, _ sizes: Dims) throws(Failure) -> Value {
    let v = o.windows.depth, n = shape[0], kernel = w.shape[2], size = shape[2], slices = sizes[0]
    let area = shape[3] * shape[4], each = shape[1] / o.groups
    let seen = try permute(image(0, 2, 1, 3).appending(4)).resampled(1, slices * kernel, for: "conv3d") { i, index, _ in
      let at = i / kernel * v.stride + i % kernel * v.dilation - v.padding
      index[0] = Int64(at < size ? at : -1)
    }
    let parted = try seen.reshape(image(n, slices, kernel, o.groups).appending(each, area)).permute(image(0, 1, 3, 2).appending(4, 5))
    let images = try parted.reshape(image(n * slices, shape[1] * kernel, shape[3], shape[4]))
    let weight = try w.permute(image(0, 2, 1, 3).appending(4)).reshape(image(w.shape[0], kernel * each, w.shape[3], w.shape[4]))
    let y = try images.convolved(.conv2d, weight, b, o, Dims(sizes[1], sizes[2]))
    return try y.reshape(image(n, slices, w.shape[0], sizes[1]).appending(sizes[2])).permute(image(0, 2, 1, 3).appending(4)).contiguous()
  }

  /// Each slice gives an image for every slice its window reaches; those are added up.
  private func spreadByDepth(_ w: Value, _ b: Value?, _ o: ConvolutionOptions, _ sizes: Dims) throws(Failure) -> Value {
    let v = o.windows.depth, n = shape[0], kernel = w.shape[2], slices = shape[2], each = w.shape[1], outputs = each * o.groups
    let images = try permute(image(0, 2, 1, 3).appending(4)).reshape(image(n * slices, shape[1], shape[3], shape[4]))
    let weight = try w.permute(image(0, 2, 1, 3).appending(4)).reshape(image(shape[1], kernel * each, w.shape[3], w.shape[4]))
    let spread = try images.convolved(.convTranspose2d, weight, nil, o, Dims(sizes[1], sizes[2]))
    let parted = try spread.reshape(image(n, slices, o.groups, kernel).appending(each, sizes[1] * sizes[2])).permute(image(0, 1, 3, 2).appending(4, 5))
    let size = sizes[0]
    let sum = try parted.reshape(image(n, slices * kernel, outputs, sizes[1] * sizes[2])).resampled(1, slices * kernel, onto: size, for: "conv_transpose3d") {
      i, index, _ in
      let at = i / kernel * v.stride + i % kernel * v.dilation - v.padding
      index[0] = Int64(at < size ? at : -1)
    }
    let y = try sum.permute(image(0, 2, 1, 3)).reshape(image(n, outputs, size, sizes[1]).appending(sizes[2]))
    guard let b else { return try y.contiguous() }
    return try y + b.reshape(image(outputs, 1, 1, 1))
  }
}
