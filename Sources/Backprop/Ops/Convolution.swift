// Convolution and its two gradients, each of which is an operation with gradients of its own; the three are closed under
// differentiation. N images, C channels, G groups, [H, W] sizes, [h, w] of the kernel.
import CShim
import KernelAPI

/// The options of a convolution over [H, W]; as attributes: dims = the seven numbers, a and b = the result's last two sizes.
package struct ConvolutionOptions {
  package var stride = (1, 1), padding = (0, 0), dilation = (1, 1), groups = 1
  package init() {}

  init(_ a: Attributes) {
    stride = (a.dims[0], a.dims[1])
    padding = (a.dims[2], a.dims[3])
    dilation = (a.dims[4], a.dims[5])
    groups = a.dims[6]
  }

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

  /// x [N, C, H, W] or [C, H, W], w [M, C/G, h, w] (transposed: [C, M/G, h, w]), b [M] or none.
  private func checkConvolution(
    _ w: Value, _ b: Value?, _ o: ConvolutionOptions, transposed: Bool, _ name: StaticString
  ) throws(Failure) {
    try engine.check(self, w, for: name)
    if !dtype.isDifferentiable { throw .dtype("\(name): needs float32 or float64, not \(dtype)") }
    if w.dtype != dtype { throw .dtype("\(name): weight is \(w.dtype), the input \(dtype)") }
    if w.rank != 4 || rank != 3 && rank != 4 {
      throw .shape("\(name): input \(shape) and weight \(w.shape); wanted [N, C, H, W] or [C, H, W], and four dimensions")
    }
    try checkOption(o.stride, atLeast: 1, "stride", name)
    try checkOption(o.padding, atLeast: 0, "padding", name)
    try checkOption(o.dilation, atLeast: 1, "dilation", name)
    let channels = shape[rank - 3], outputs = w.shape[transposed ? 1 : 0]
    if o.groups < 1 { throw .argument("\(name): groups must be at least 1, it is \(o.groups)") }
    if channels % o.groups != 0 || !transposed && outputs % o.groups != 0 {
      throw .shape("\(name): groups \(o.groups) does not divide the \(channels) channels of input \(shape) and the weight \(w.shape)")
    }
    if transposed ? w.shape[0] != channels : w.shape[1] != channels / o.groups {
      throw .shape("\(name): input \(shape) does not fit weight \(w.shape) with groups \(o.groups)")
    }
    if w.shape[2] < 1 || w.shape[3] < 1 || w.shape[2] >= 1 << 31 || w.shape[3] >= 1 << 31 {
      throw .shape("\(name): weight \(w.shape) has no kernel")
    }
    if channels < 1 || outputs < 1 { throw .shape("\(name): input \(shape) and weight \(w.shape) must have channels") }
    if shape[rank - 2] >= 1 << 31 || shape[rank - 1] >= 1 << 31 { throw .shape("\(name): input \(shape) is too large") }
    if let b {
      try engine.check(self, b, for: name)
      if b.dtype != dtype { throw .dtype("\(name): bias is \(b.dtype), the input \(dtype)") }
      let wanted = transposed ? outputs * o.groups : outputs
      if b.rank != 1 || b.shape[0] != wanted { throw .shape("\(name): bias \(b.shape) does not fit; wanted [\(wanted)]") }
    }
  }

  private func convolved(_ operation: Operation, _ w: Value, _ b: Value?, _ a: Attributes) throws(Failure) -> Value {
    if rank == 3 {
      return try engine.scoped { () throws(Failure) -> Value in try unsqueeze(0).convolved(operation, w, b, a).squeeze(0) }
    }
    var c = Call(self, w, a)
    c.add(b)
    return try engine.apply(operation, &c)
  }

  /// `after`: rows and columns of zeros after the image beyond the padding, for an even kernel that keeps the size.
  package func conv2d(
    _ w: Value, _ b: Value?, _ o: ConvolutionOptions, after: (Int, Int) = (0, 0), for name: StaticString = "conv2d"
  ) throws(Failure) -> Value {
    try checkConvolution(w, b, o, transposed: false, name)
    try checkOption(after, atLeast: 0, "padding_after", name)
    let h = try windows(shape[rank - 2], w.shape[2], o.stride.0, 2 * o.padding.0 + after.0, o.dilation.0, w, name)
    let wide = try windows(shape[rank - 1], w.shape[3], o.stride.1, 2 * o.padding.1 + after.1, o.dilation.1, w, name)
    return try convolved(.conv2d, w, b, o.attributes(h, wide))
  }

  /// x [N, C, L] or [C, L], w [M, C/G, l], as images of one row. Of the options' pairs the second numbers count.
  package func conv1d(_ w: Value, _ b: Value?, _ o: ConvolutionOptions, after: Int = 0) throws(Failure) -> Value {
    try engine.check(self, w, for: "conv1d")
    if w.rank != 3 || rank != 2 && rank != 3 {
      throw .shape("conv1d: input \(shape) and weight \(w.shape); wanted [N, C, L] or [C, L], and three dimensions")
    }
    return try engine.scoped { () throws(Failure) -> Value in
      try unsqueeze(rank - 1).conv2d(w.unsqueeze(2), b, o, after: (0, after), for: "conv1d").squeeze(rank - 1)
    }
  }

  private func windows(
    _ size: Int, _ kernel: Int, _ stride: Int, _ padding: Int, _ dilation: Int, _ w: Value, _ name: StaticString
  ) throws(Failure) -> Int {
    let room = size + padding - dilation * (kernel - 1) - 1
    if room < 0 {
      throw .shape("\(name): the kernel of weight \(w.shape), dilation \(dilation), is larger than input \(shape) with \(padding) of padding in all")
    }
    return room / stride + 1
  }

  package func convTranspose2d(
    _ w: Value, _ b: Value?, _ o: ConvolutionOptions, outputPadding: (Int, Int)
  ) throws(Failure) -> Value {
    let name: StaticString = "conv_transpose2d"
    try checkConvolution(w, b, o, transposed: true, name)
    try checkOption(outputPadding, atLeast: 0, "output_padding", name)
    if outputPadding.0 >= o.stride.0 && outputPadding.0 >= o.dilation.0 || outputPadding.1 >= o.stride.1 && outputPadding.1 >= o.dilation.1 {
      throw .argument("\(name): output_padding [\(outputPadding.0), \(outputPadding.1)] must be smaller than stride or dilation")
    }
    let h = (shape[rank - 2] - 1) * o.stride.0 - 2 * o.padding.0 + o.dilation.0 * (w.shape[2] - 1) + outputPadding.0 + 1
    let wide = (shape[rank - 1] - 1) * o.stride.1 - 2 * o.padding.1 + o.dilation.1 * (w.shape[3] - 1) + outputPadding.1 + 1
    if shape[rank - 2] < 1 || shape[rank - 1] < 1 || h < 1 || wide < 1 || h >= 1 << 31 || wide >= 1 << 31 {
      throw .shape("\(name): input \(shape) and weight \(w.shape) would give an image of \(h) by \(wide)")
    }
    return try convolved(.convTranspose2d, w, b, o.attributes(h, wide))
  }

  func checkOption(_ v: (Int, Int), atLeast least: Int, _ what: StaticString, _ name: StaticString) throws(Failure) {
    if v.0 < least || v.1 < least { throw .argument("\(name): \(what) must be at least \(least), it is [\(v.0), \(v.1)]") }
    if v.0 >= 1 << 30 || v.1 >= 1 << 30 { throw .argument("\(name): \(what) is too large: [\(v.0), \(v.1)]") }
  }
}
