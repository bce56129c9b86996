// Blocks of the table: linear maps, tables, convolution, pooling, norms, losses. Positions of names are in the order of their making.
import KernelAPI

extension ModuleValue {
  /// U(±1/√in): kaiming_uniform with a = √5.
  func makeLinear() throws(Failure) {
    let n = try whole("in_features", atLeast: 0), m = try whole("out_features", atLeast: 0), bound = n > 0 ? 1 / Double(n).squareRoot() : 0
    try parameter("weight", Dims(m, n), within: bound)
    try parameter("bias", Dims(m), present: truth("bias"), within: bound)
  }

  /// U(±1/√in1).
  func makeBilinear() throws(Failure) {
    let n = try whole("in1_features", atLeast: 1), m = try whole("out_features", atLeast: 0), bound = 1 / Double(n).squareRoot()
    try parameter("weight", Dims(m, n).appending(whole("in2_features", atLeast: 0)), within: bound)
    try parameter("bias", Dims(m), present: truth("bias"), within: bound)
  }

  /// N(0, 1), the row of padding_idx zero.
  func makeEmbedding() throws(Failure) {
    let n = try whole("num_embeddings", atLeast: 0)
    if option("sparse").numbers[0] != 0 { throw wrong("sparse", "False: there are no sparse gradients") }
    if hasOption("mode"), !option("mode").isWord("mean"), !option("mode").isWord("sum"), !option("mode").isWord("max") {
      throw wrong("mode", "'sum', 'mean' or 'max'")
    }
    var padding = -1
    if !isNone("padding_idx") {
      padding = try whole("padding_idx")
      if padding < -n || padding >= n { throw wrong("padding_idx", "within num_embeddings") }
      if padding < 0 {
        padding += n
        set("padding_idx", Double(padding))
      }
    }
    try parameter("weight", Dims(n, whole("embedding_dim", atLeast: 0))) { (w) throws(Failure) in
      try w.initNormal(0, 1)
      var i = 0
      while padding >= 0, i < w.shape[1] { w.set(padding &* w.shape[1] &+ i, to: 0); i += 1 }
    }
  }

  func set(_ name: StaticString, _ whole: Double) {
    var o = option(name)
    o.form = .whole
    o.numbers[0] = whole
    set(name, o)
  }

  // MARK: Convolution

  /// U(±1/√(in/groups · window)).
  func makeConvolution(_ dims: Int, transposed: Bool) throws(Failure) {
    let inputs = try whole("in_channels", atLeast: 1), outputs = try whole("out_channels", atLeast: 1), groups = try whole("groups", atLeast: 1)
    if inputs % groups != 0 || outputs % groups != 0 {
      throw .argument("\(kindName): in_channels \(inputs) and out_channels \(outputs) must be divisible by groups \(groups)")
    }
    _ = try wholes("stride", dims, atLeast: 1)
    _ = try wholes("dilation", dims, atLeast: 1)
    if transposed { _ = try wholes("output_padding", dims) }
    let padding = option("padding")
    if padding.form == .word, !transposed {
      if !padding.isWord("same"), !padding.isWord("valid") { throw wrong("padding", "'same', 'valid' or numbers") }
      let s = try wholes("stride", dims, atLeast: 1)
      if padding.isWord("same"), s != Dims(repeating: 1, count: dims) {
        throw .argument("\(kindName): padding='same' is not supported for strided convolutions")
      }
    } else {
      _ = try wholes("padding", dims)
    }
    let zeros = option("padding_mode").isWord("zeros")
    if transposed, !zeros { throw wrong("padding_mode", "'zeros'") }
    if !zeros, paddingMode == .constant { throw wrong("padding_mode", "'zeros', 'reflect', 'replicate' or 'circular'") }
    try spread("kernel_size", dims)
    try spread("stride", dims)
    try spread("padding", dims)
    try spread("dilation", dims)
    if transposed { try spread("output_padding", dims) }
    let kernel = try wholes("kernel_size", dims, atLeast: 1)
    var shape = transposed ? Dims(inputs, outputs / groups) : Dims(outputs, inputs / groups), fan = Double(shape[1]), i = 0
    while i < dims {
      shape.append(kernel[i])
      fan *= Double(kernel[i])
      i += 1
    }
    try parameter("weight", shape, within: 1 / fan.squareRoot())
    try parameter("bias", Dims(outputs), present: truth("bias"), within: 1 / fan.squareRoot())
  }

  /// What stands around a convolution's input; `constant` for zeros and for what is no mode.
  var paddingMode: PadMode {
    let o = option("padding_mode")
    return o.isWord("reflect") ? .reflect : o.isWord("replicate") ? .replicate : o.isWord("circular") ? .circular : .constant
  }

  // MARK: Pooling

  func makePool(_ dims: Int) throws(Failure) {
    if isNone("stride") { set("stride", option("kernel_size")) }
    if dims == 1, hasOption("count_include_pad") {
      try spread("kernel_size", 1)
      try spread("stride", 1)
      try spread("padding", 1)
    }
    _ = try poolOptions(dims)
  }

  func poolOptions(_ dims: Int) throws(Failure) -> PoolOptions {
    var o = PoolOptions()
    try windows(dims, "kernel_size", 1, &o.windows) { $0.kernel = $1 }
    if !isNone("stride") { try windows(dims, "stride", 1, &o.windows) { $0.stride = $1 } }
    if hasOption("padding") { try windows(dims, "padding", 0, &o.windows) { $0.padding = $1 } }
    if hasOption("dilation") { try windows(dims, "dilation", 1, &o.windows) { $0.dilation = $1 } }
    o.ceilMode = try truth("ceil_mode")
    if hasOption("count_include_pad") { o.countIncludePad = try truth("count_include_pad") }
    if hasOption("divisor_override"), !isNone("divisor_override") { o.divisorOverride = try whole("divisor_override", atLeast: 1) }
    return o
  }

  /// Writes an option of each dimension into the windows.
  func windows(
    _ dims: Int, _ name: StaticString, _ least: Int, _ w: inout Windows, _ body: (inout WindowOptions, Int) -> Void
  ) throws(Failure) {
    let d = try wholes(name, dims, atLeast: least)
    var i = 0
    while i < dims { body(&w[i, of: dims], d[i]); i += 1 }
  }

  func embeddingOptions() throws(Failure) -> EmbeddingOptions {
    var o = EmbeddingOptions()
    if !isNone("padding_idx") { o.padding = try whole("padding_idx") }
    if !isNone("max_norm") { o.maxNorm = try number("max_norm") }
    o.normType = try number("norm_type")
    o.scaleGradient = try truth("scale_grad_by_freq")
    return o
  }

  func makeUpsample() throws(Failure) {
    var o = option("scale_factor")
    if o.form == .whole || o.form == .tuple {  // PyTorch keeps floats
      if o.form == .whole { o.form = .number }
      o.isWhole = false
      set("scale_factor", o)
    }
    if (o.form == .none) == isNone("size") { throw .argument("Upsample: one of size and scale_factor must be given") }
    _ = try upsampling()
    if !isNone("recompute_scale_factor") { _ = try truth("recompute_scale_factor") }
  }

  private func upsampling() throws(Failure) -> Interpolation {
    let mode = option("mode")
    if mode.isWord("nearest") { return .nearest }
    if mode.isWord("nearest-exact") { return .nearestExact }
    if mode.isWord("linear") || mode.isWord("bilinear") || mode.isWord("trilinear") { return .linear }
    if mode.isWord("bicubic") { return .cubic }
    throw wrong("mode", "'nearest', 'linear', 'bilinear', 'bicubic' or 'trilinear'")
  }

  func interpolation(_ x: Value) throws(Failure) -> InterpolationOptions {
    var o = InterpolationOptions()
    o.mode = try upsampling()
    o.alignCorners = option("align_corners").numbers[0] != 0
    let n = x.rank - 2, scale = option("scale_factor"), mode = option("mode")
    let wanted = mode.isWord("linear") ? 1 : mode.isWord("bilinear") || mode.isWord("bicubic") ? 2 : mode.isWord("trilinear") ? 3 : n
    if n < 1 || n > 3 || n != wanted { throw .shape("Upsample: input \(x.shape) does not fit mode \(mode)") }
    if o.alignCorners, o.mode == .nearest || o.mode == .nearestExact { throw wrong("align_corners", "None for this mode") }
    if isNone("scale_factor") {
      o.sizes = try wholes("size", n, atLeast: 1)
    } else {
      if scale.form == .tuple, Int(scale.count) != n { throw wrong("scale_factor", "a number for each dimension") }
      var i = 0
      while i < n {
        let s = scale.numbers[scale.form == .tuple ? i : 0]
        if !(s > 0 && s < 1e6) { throw wrong("scale_factor", "a number > 0") }
        let recomputes = option("recompute_scale_factor").numbers[0] != 0
        o.sizes.append(recomputes ? Int(Double(x.shape[i + 2]) * s) : 0)
        if !recomputes { o.scales[i] = s }
        i += 1
      }
    }
    while o.sizes.count < 3 { o.sizes.append(0) }
    return o
  }

  /// Sizes of an adaptive pool; None, where it stands for all, keeps the input's.
  func outputSize(_ x: Value, _ dims: Int) throws(Failure) -> Dims {
    if x.rank < dims { throw .shape("\(kindName): input \(x.shape) has less than \(dims) dimensions") }
    if isNone("output_size") {
      var d = Dims(), i = 0
      while i < dims { d.append(x.shape[x.rank - dims + i]); i += 1 }
      return d
    }
    let o = option("output_size")
    if o.form == .tuple, Int(o.count) != dims || !o.isWhole { throw wrong("output_size", "as many numbers as dimensions") }
    return try wholes("output_size", dims)
  }

  // MARK: Norms

  func makeBatchNorm() throws(Failure) {
    let n = try whole("num_features", atLeast: 0), affine = try truth("affine"), tracked = try truth("track_running_stats")
    let biased = affine ? try truth("bias") : false
    setTruth("bias", biased)
    _ = try number("eps")
    if !isNone("momentum") { _ = try number("momentum") }
    try parameter("weight", Dims(n), present: affine, filledWith: 1)
    try parameter("bias", Dims(n), present: biased, filledWith: 0)
    try buffer("running_mean", .float32, Dims(n), filledWith: 0, present: tracked)
    try buffer("running_var", .float32, Dims(n), filledWith: 1, present: tracked)
    try buffer("num_batches_tracked", .int64, Dims(), filledWith: 0, present: tracked)
  }

  func makeLastNorm(hasBias: Bool) throws(Failure) {
    let shape = try shape("normalized_shape"), affine = try truth("elementwise_affine"), biased = hasBias && affine ? try truth("bias") : false
    if !isNone("eps") { _ = try number("eps") }
    try spread("normalized_shape", 1)
    if hasBias { setTruth("bias", biased) }
    try parameter("weight", shape, present: affine, filledWith: 1)
    if hasBias { try parameter("bias", shape, present: biased, filledWith: 0) }
  }

  func makeGroupNorm() throws(Failure) {
    let groups = try whole("num_groups", atLeast: 1), n = try whole("num_channels", atLeast: 0), affine = try truth("affine")
    if n % groups != 0 { throw .argument("GroupNorm: num_channels \(n) must be divisible by num_groups \(groups)") }
    let biased = affine ? try truth("bias") : false
    setTruth("bias", biased)
    _ = try number("eps")
    try parameter("weight", Dims(n), present: affine, filledWith: 1)
    try parameter("bias", Dims(n), present: biased, filledWith: 0)
  }

  // MARK: The rest

  func checkDropout() throws(Failure) { _ = try probability("p") }

  func isTanhGelu() throws(Failure) -> Bool {
    let o = option("approximate")
    if !o.isWord("none"), !o.isWord("tanh") { throw wrong("approximate", "'none' or 'tanh'") }
    return o.isWord("tanh")
  }

  /// Checks the reduction; the names of `weights` tensors are kept free for bp_module_add_buffer.
  func makeLoss(weights: Int) throws(Failure) {
    _ = try reduction()
    if !isNone("weight") || !isNone("pos_weight") { throw .argument("\(kindName): weights are tensors: add them as buffers") }
    if weights > 0 { try put(.buffer, "weight", 0) }
    if weights > 1 { try put(.buffer, "pos_weight", 0) }
    if hasOption("ignore_index") { _ = try whole("ignore_index") }
  }
}

extension ModuleCall {
  func runChildren() throws(Failure) -> Value {
    var y = x, i = 0
    while i < module.count {
      let e = module.entry(i)
      if e.role == .child, e.index != 0 { y = try run(module.child(i), y) }
      i += 1
    }
    return y.index == x.index ? try y.again() : y
  }

  func convolution(_ dims: Int, transposed: Bool) throws(Failure) -> Value {
    var o = ConvolutionOptions()
    let m = module, w = try required(0), padding = m.option("padding")
    if w.rank != dims + 2 { throw .shape("\(m.kindName): weight \(w.shape) must have \(dims + 2) dimensions") }
    try m.windows(dims, "stride", 1, &o.windows) { $0.stride = $1 }
    try m.windows(dims, "dilation", 1, &o.windows) { $0.dilation = $1 }
    o.groups = try m.whole("groups")
    if padding.isWord("same") {
      var i = 0
      while i < dims {
        let all = o.windows[i, of: dims].dilation * (w.shape[2 + i] - 1)
        o.windows[i, of: dims].padding = all / 2
        o.windows[i, of: dims].after = all % 2
        i += 1
      }
    } else if padding.form != .word {
      try m.windows(dims, "padding", 0, &o.windows) { $0.padding = $1 }
    }
    let mode = m.paddingMode
    if mode != .constant {
      var before = Dims(repeating: 0, count: x.rank), after = before, i = 0
      if x.rank < dims { throw .shape("\(m.kindName): input \(x.shape) must have \(dims + 1) or \(dims + 2) dimensions") }
      while i < dims {
        let w = o.windows[i, of: dims], d = x.rank - dims + i
        before[d] = w.padding
        after[d] = w.padding + w.after
        o.windows[i, of: dims].padding = 0
        o.windows[i, of: dims].after = 0
        i += 1
      }
      return try x.pad(before, after, mode, 0).convolution(dims, w, weight(1), o)
    }
    if transposed {
      try m.windows(dims, "output_padding", 0, &o.windows) { $0.outputPadding = $1 }
      return try x.transposedConvolution(dims, w, weight(1), o)
    }
    return try x.convolution(dims, w, weight(1), o)
  }

  mutating func maxPool(_ dims: Int) throws(Failure) -> Value {
    let o = try module.poolOptions(dims)
    if wanted > 1 { give(1, try x.maxPoolIndices(dims, o)) }
    return try x.maxPool(dims, o)
  }

  mutating func adaptiveMaxPool(_ dims: Int) throws(Failure) -> Value {
    let size = try module.outputSize(x, dims)
    if wanted > 1 { give(1, try x.adaptiveMaxPoolIndices(size)) }
    return try x.adaptiveMaxPool(size)
  }

  var third: Value { Value(engine: engine, index: inputs[2]) }

  func tripletOptions() throws(Failure) -> TripletOptions {
    var o = TripletOptions()
    o.margin = try module.number("margin")
    o.p = try module.number("p")
    o.eps = try module.number("eps")
    o.swap = try module.truth("swap")
    return o
  }

  func ctc() throws(Failure) -> Value {
    var o = CTCOptions()
    o.blank = try module.whole("blank")
    o.zeroInfinity = try module.truth("zero_infinity")
    o.reduction = try module.reduction()
    return try x.ctcLoss(target, third, Value(engine: engine, index: inputs[3]), o)
  }

  func softmax2d() throws(Failure) -> Value {
    if x.rank != 3 && x.rank != 4 { throw .shape("Softmax2d: input \(x.shape) must have 3 or 4 dimensions") }
    return try x.softmax(-3)
  }

  /// [N, C, ..] or [C, ..] with `spatial` dimensions behind. Names as batch norm's.
  func instanceNorm(_ spatial: Int) throws(Failure) -> Value {
    let m = module, batched = x.rank == spatial + 2
    if x.rank != spatial + 1, !batched { throw .shape("\(m.kindName): input \(x.shape) must have \(spatial + 1) or \(spatial + 2) dimensions") }
    let features = try m.whole("num_features")
    if x.shape[batched ? 1 : 0] != features, weight(0) != nil || weight(2) != nil { throw .shape("\(m.kindName): input \(x.shape) has not \(features) channels") }
    let input = batched ? x : try x.unsqueeze(0)
    let y = try input.instanceNorm(
      mean: weight(2), variance: weight(3), weight: weight(0), bias: weight(1), useInputStats: m.training || weight(2) == nil,
      momentum: m.isNone("momentum") ? 0 : m.number("momentum"), eps: m.number("eps"))
    return batched ? y : try y.squeeze(0)
  }

  /// Of inputs with `least` to `most` dimensions. Names: weight, bias, running_mean, running_var, num_batches_tracked.
  func batchNorm(_ least: Int, _ most: Int) throws(Failure) -> Value {
    let m = module
    if x.rank < least || x.rank > most { throw .shape("\(m.kindName): input \(x.shape) must have \(least == most ? least : 2) dimensions\(least == most ? "" : " or 3")") }
    let tracked = try m.truth("track_running_stats"), byBatch = m.training || weight(2) == nil, counter = m.training ? weight(4) : nil
    var momentum = 0.0
    if !m.isNone("momentum") {
      momentum = try m.number("momentum")
    } else if let counter {  // a plain average of all batches so far
      momentum = 1 / (counter.get(0) + 1)
    }
    let uses = !m.training || tracked
    let y = try x.batchNorm(
      mean: uses ? weight(2) : nil, variance: uses ? weight(3) : nil, weight: weight(0), bias: weight(1), training: byBatch, momentum: momentum,
      eps: m.number("eps"))
    if let counter {
      counter.set(0, to: counter.get(0) + 1)
      counter.bumpVersion()
    }
    return y
  }

  /// PyTorch's dimension where none is given: 0 for 0, 1 and 3 dimensions, otherwise 1.
  func softmaxDim() throws(Failure) -> Int {
    if !module.isNone("dim") { return try module.whole("dim") }
    return x.rank == 0 || x.rank == 1 || x.rank == 3 ? 0 : 1
  }

  func labelOptions() throws(Failure) -> CrossEntropyOptions {
    var o = CrossEntropyOptions()
    o.reduction = try module.reduction()
    o.ignoreIndex = try module.whole("ignore_index")
    o.weight = weight(0)
    return o
  }
}

extension Value {
  /// Dimension `dim` becomes those of `sizes`, one of which may be −1.
  func split(_ dim: Int, into sizes: Dims) throws(Failure) -> Value {
    let d = try shape.dimension(dim, for: "unflatten")
    if rank == 0 { throw .shape("unflatten: a 0-dimensional tensor has nothing to unflatten") }
    if rank - 1 + sizes.count > Dims.most { throw .shape("unflatten: more than 8 dimensions") }
    var known = 1, unknown = -1, i = 0
    while i < sizes.count {
      if sizes[i] == -1, unknown < 0 { unknown = i } else { known &*= sizes[i] }
      if sizes[i] < -1 || known < 0 || known > 1 << 53 { throw .shape("unflatten: sizes \(sizes) do not divide dimension \(dim) of \(shape)") }
      i += 1
    }
    if known == 0 ? shape[d] != 0 || unknown >= 0 : unknown >= 0 ? shape[d] % known != 0 : shape[d] != known {
      throw .shape("unflatten: sizes \(sizes) do not divide dimension \(dim) of \(shape)")
    }
    var out = shape.removing(at: d)
    i = 0
    while i < sizes.count {
      out.insert(i == unknown ? shape[d] / known : sizes[i], at: d + i)
      i += 1
    }
    return try reshape(out)
  }
}
