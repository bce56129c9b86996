// Every kind of module: PyTorch's name and signature, what it holds, what it computes. Adding one is a case and its line; what needs more than
// a line has a block in a file beside this one.
import KernelAPI

/// The kinds, and their forward passes in operations of `Value`.
enum ModuleKind: UInt8 {
  case module, sequential, moduleList, moduleDict, parameterList
  case identity, linear, quantizableLinear
  case conv1d, conv2d, convTranspose2d
  case maxPool1d, maxPool2d, avgPool1d, avgPool2d, adaptiveAvgPool2d
  case batchNorm1d, batchNorm2d, batchNorm3d, layerNorm, groupNorm, rmsNorm
  case embedding
  case dropout
  case relu, relu6, sigmoid, tanh, gelu, softplus, hardtanh, softmax, logSoftmax, softmin
  case flatten, unflatten
  case rnn, lstm, gru, rnnCell, lstmCell, gruCell
  case multiheadAttention, transformerEncoderLayer, transformerEncoder, transformerDecoderLayer, transformerDecoder
  case mseLoss, crossEntropyLoss, nllLoss, bceWithLogitsLoss

  var row: ModuleRow {
    @inline(never) get {
    switch self {
    // Containers
    case .module: ModuleRow("Module()", inputs: 0) { (c) throws(Failure) in c.x }
    case .sequential: ModuleRow("Sequential()") { (c) throws(Failure) in try c.runChildren() }
    case .moduleList: ModuleRow("ModuleList()", inputs: 0) { (c) throws(Failure) in c.x }
    case .moduleDict: ModuleRow("ModuleDict()", inputs: 0) { (c) throws(Failure) in c.x }
    case .parameterList: ModuleRow("ParameterList()", inputs: 0) { (c) throws(Failure) in c.x }

    // Linear maps
    case .identity: ModuleRow("Identity()") { (c) throws(Failure) in try c.x.again() }
    case .linear:
      ModuleRow(
        "Linear(in_features, out_features, bias=True, device=None, dtype=None)", shows: "in_features out_features bias",
        make: { (m) throws(Failure) in try m.makeLinear() }) { (c) throws(Failure) in try c.x.linear(c.required(0), c.weight(1)) }
    case .quantizableLinear:  // what out_proj of MultiheadAttention is called
      ModuleRow(
        "NonDynamicallyQuantizableLinear(in_features, out_features, bias=True, device=None, dtype=None)", shows: "in_features out_features bias",
        make: { (m) throws(Failure) in try m.makeLinear() }) { (c) throws(Failure) in try c.x.linear(c.required(0), c.weight(1)) }
    case .embedding:
      ModuleRow(
        "Embedding(num_embeddings, embedding_dim, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False, device=None, dtype=None)",
        shows: ".num_embeddings .embedding_dim ?padding_idx", make: { (m) throws(Failure) in try m.makeEmbedding() }
      ) { (c) throws(Failure) in
        try c.x.embedding(c.required(0), padding: c.module.isNone("padding_idx") ? nil : c.module.whole("padding_idx"))
      }

    // Convolution and pooling
    case .conv1d:
      ModuleRow(
        "Conv1d(in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, padding_mode='zeros', device=None, dtype=None)",
        shows: ModuleRow.convolution, make: { (m) throws(Failure) in try m.makeConvolution(1, transposed: false) }
      ) { (c) throws(Failure) in try c.convolution(1, transposed: false) }
    case .conv2d:
      ModuleRow(
        "Conv2d(in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, padding_mode='zeros', device=None, dtype=None)",
        shows: ModuleRow.convolution, make: { (m) throws(Failure) in try m.makeConvolution(2, transposed: false) }
      ) { (c) throws(Failure) in try c.convolution(2, transposed: false) }
    case .convTranspose2d:
      ModuleRow(
        "ConvTranspose2d(in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True, dilation=1, padding_mode='zeros', device=None, dtype=None)",
        shows: ModuleRow.convolution, make: { (m) throws(Failure) in try m.makeConvolution(2, transposed: true) }
      ) { (c) throws(Failure) in try c.convolution(2, transposed: true) }
    case .maxPool1d:
      ModuleRow(
        "MaxPool1d(kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False)", shows: ModuleRow.maxPool,
        make: { (m) throws(Failure) in try m.makePool(1) }
      ) { (c) throws(Failure) in
        let o = try c.module.poolOptions(1)
        return try c.x.pool1d("max_pool1d") { (x) throws(Failure) in try x.maxPool2d(o) }
      }
    case .maxPool2d:
      ModuleRow(
        "MaxPool2d(kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False)", shows: ModuleRow.maxPool,
        make: { (m) throws(Failure) in try m.makePool(2) }
      ) { (c) throws(Failure) in
        let o = try c.module.poolOptions(2), x = c.x
        if c.wanted > 1 { c.give(1, try x.maxPool2dIndices(o)) }
        return try x.maxPool2d(o)
      }
    case .avgPool1d:
      ModuleRow(
        "AvgPool1d(kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True)", shows: "kernel_size stride padding",
        make: { (m) throws(Failure) in try m.makePool(1) }
      ) { (c) throws(Failure) in
        let o = try c.module.poolOptions(1)
        return try c.x.pool1d("avg_pool1d") { (x) throws(Failure) in try x.avgPool2d(o) }
      }
    case .avgPool2d:
      ModuleRow(
        "AvgPool2d(kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None)",
        shows: "kernel_size stride padding", make: { (m) throws(Failure) in try m.makePool(2) }
      ) { (c) throws(Failure) in try c.x.avgPool2d(c.module.poolOptions(2)) }
    case .adaptiveAvgPool2d:
      ModuleRow("AdaptiveAvgPool2d(output_size)", shows: "output_size") { (c) throws(Failure) in
        let x = c.x, size = try c.module.outputSize(x, 2)
        return try x.adaptiveAvgPool2d(size[0], size[1])
      }

    // Normalisation
    case .batchNorm1d:
      ModuleRow(
        "BatchNorm1d(num_features, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True, device=None, dtype=None, bias=True)",
        shows: ModuleRow.batchNorm, make: { (m) throws(Failure) in try m.makeBatchNorm() }) { (c) throws(Failure) in try c.batchNorm(2, 3) }
    case .batchNorm2d:
      ModuleRow(
        "BatchNorm2d(num_features, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True, device=None, dtype=None, bias=True)",
        shows: ModuleRow.batchNorm, make: { (m) throws(Failure) in try m.makeBatchNorm() }) { (c) throws(Failure) in try c.batchNorm(4, 4) }
    case .batchNorm3d:
      ModuleRow(
        "BatchNorm3d(num_features, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True, device=None, dtype=None, bias=True)",
        shows: ModuleRow.batchNorm, make: { (m) throws(Failure) in try m.makeBatchNorm() }) { (c) throws(Failure) in try c.batchNorm(5, 5) }
    case .layerNorm:
      ModuleRow(
        "LayerNorm(normalized_shape, eps=1e-5, elementwise_affine=True, bias=True, device=None, dtype=None)",
        shows: ".normalized_shape eps elementwise_affine bias", make: { (m) throws(Failure) in try m.makeLastNorm(hasBias: true) }
      ) { (c) throws(Failure) in
        try c.x.layerNorm(c.module.shape("normalized_shape"), c.weight(0), c.weight(1), eps: c.module.number("eps"))
      }
    case .rmsNorm:
      ModuleRow(
        "RMSNorm(normalized_shape, eps=None, elementwise_affine=True, device=None, dtype=None)", shows: ".normalized_shape eps elementwise_affine",
        make: { (m) throws(Failure) in try m.makeLastNorm(hasBias: false) }
      ) { (c) throws(Failure) in
        let machine = c.x.dtype == .float64 ? Double.ulpOfOne : Double(Float.ulpOfOne)
        return try c.x.rmsNorm(c.module.shape("normalized_shape"), c.weight(0), eps: c.module.isNone("eps") ? machine : c.module.number("eps"))
      }
    case .groupNorm:
      ModuleRow(
        "GroupNorm(num_groups, num_channels, eps=1e-5, affine=True, device=None, dtype=None, bias=True)", shows: ".num_groups .num_channels eps affine bias",
        make: { (m) throws(Failure) in try m.makeGroupNorm() }
      ) { (c) throws(Failure) in try c.x.groupNorm(c.module.whole("num_groups"), c.weight(0), c.weight(1), eps: c.module.number("eps")) }

    // Dropout
    case .dropout:
      ModuleRow("Dropout(p=0.5, inplace=False)", shows: "p inplace", make: { (m) throws(Failure) in try m.checkDropout() }) {
        (c) throws(Failure) in try c.x.dropout(c.module.probability("p"), training: c.module.training)
      }

    // Activations
    case .relu: ModuleRow("ReLU(inplace=False)", shows: "?inplace") { (c) throws(Failure) in try c.x.relu() }
    case .relu6: ModuleRow("ReLU6(inplace=False)", shows: "?inplace") { (c) throws(Failure) in try c.x.clamp(0, 6) }
    case .sigmoid: ModuleRow("Sigmoid()") { (c) throws(Failure) in try c.x.sigmoid() }
    case .tanh: ModuleRow("Tanh()") { (c) throws(Failure) in try c.x.tanh() }
    case .gelu:
      ModuleRow("GELU(approximate='none')", shows: "approximate", make: { (m) throws(Failure) in _ = try m.isTanhGelu() }) {
        (c) throws(Failure) in try c.x.gelu(approximate: c.module.isTanhGelu() ? 1 : 0)
      }
    case .softplus:
      ModuleRow("Softplus(beta=1.0, threshold=20.0)", shows: "beta threshold") { (c) throws(Failure) in
        let beta = try c.module.number("beta")
        return beta == 1 ? try c.x.softplus() : try (c.x * beta).softplus() / beta
      }
    case .hardtanh:
      ModuleRow("Hardtanh(min_val=-1.0, max_val=1.0, inplace=False)", shows: "min_val max_val ?inplace") { (c) throws(Failure) in
        try c.x.clamp(c.module.number("min_val"), c.module.number("max_val"))
      }
    case .softmax: ModuleRow("Softmax(dim=None)", shows: "dim") { (c) throws(Failure) in try c.x.softmax(c.softmaxDim()) }
    case .logSoftmax: ModuleRow("LogSoftmax(dim=None)", shows: "dim") { (c) throws(Failure) in try c.x.logSoftmax(c.softmaxDim()) }
    case .softmin: ModuleRow("Softmin(dim=None)", shows: "dim") { (c) throws(Failure) in try (-c.x).softmax(c.softmaxDim()) }

    // Shapes
    case .flatten:
      ModuleRow("Flatten(start_dim=1, end_dim=-1)", shows: "start_dim end_dim") { (c) throws(Failure) in
        try c.x.flatten(c.module.whole("start_dim"), c.module.whole("end_dim"))
      }
    case .unflatten:
      ModuleRow("Unflatten(dim, unflattened_size)", shows: "dim unflattened_size") { (c) throws(Failure) in
        try c.x.split(c.module.whole("dim"), into: c.module.shape("unflattened_size"))
      }

    // Recurrent networks
    case .rnn:
      ModuleRow(
        "RNN(input_size, hidden_size, num_layers=1, nonlinearity='tanh', bias=True, batch_first=False, dropout=0.0, bidirectional=False, device=None, dtype=None)",
        shows: ModuleRow.recurrent, inputs: 2, make: { (m) throws(Failure) in try m.makeRecurrent(gates: 1) }
      ) { (c) throws(Failure) in try c.recurrent(c.module.isRelu() ? .relu : .tanh) }
    case .lstm:
      ModuleRow(
        "LSTM(input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0, bidirectional=False, proj_size=0, device=None, dtype=None)",
        shows: ".input_size .hidden_size ?proj_size ?num_layers ?bias ?batch_first ?dropout ?bidirectional", inputs: 3,
        make: { (m) throws(Failure) in try m.makeRecurrent(gates: 4) }) { (c) throws(Failure) in try c.recurrent(.lstm) }
    case .gru:
      ModuleRow(
        "GRU(input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0, bidirectional=False, device=None, dtype=None)",
        shows: ModuleRow.recurrent, inputs: 2, make: { (m) throws(Failure) in try m.makeRecurrent(gates: 3) }
      ) { (c) throws(Failure) in try c.recurrent(.gru) }
    case .rnnCell:
      ModuleRow(
        "RNNCell(input_size, hidden_size, bias=True, nonlinearity='tanh', device=None, dtype=None)",
        shows: ".input_size .hidden_size ?bias %nonlinearity", inputs: 2, make: { (m) throws(Failure) in try m.makeCell(gates: 1) }
      ) { (c) throws(Failure) in try c.recurrentCell(c.module.isRelu() ? .relu : .tanh) }
    case .lstmCell:
      ModuleRow(
        "LSTMCell(input_size, hidden_size, bias=True, device=None, dtype=None)", shows: ".input_size .hidden_size ?bias", inputs: 3,
        make: { (m) throws(Failure) in try m.makeCell(gates: 4) }) { (c) throws(Failure) in try c.recurrentCell(.lstm) }
    case .gruCell:
      ModuleRow(
        "GRUCell(input_size, hidden_size, bias=True, device=None, dtype=None)", shows: ".input_size .hidden_size ?bias", inputs: 2,
        make: { (m) throws(Failure) in try m.makeCell(gates: 3) }) { (c) throws(Failure) in try c.recurrentCell(.gru) }

    // Attention
    case .multiheadAttention:
      ModuleRow(
        "MultiheadAttention(embed_dim, num_heads, dropout=0.0, bias=True, add_bias_kv=False, add_zero_attn=False, kdim=None, vdim=None, batch_first=False, device=None, dtype=None)",
        inputs: 5, needed: 3, make: { (m) throws(Failure) in try m.makeAttention() }) { (c) throws(Failure) in try c.multiheadAttention() }
    case .transformerEncoderLayer:
      ModuleRow(
        "TransformerEncoderLayer(d_model, nhead, dim_feedforward=2048, dropout=0.1, activation='relu', layer_norm_eps=1e-5, batch_first=False, norm_first=False, bias=True, device=None, dtype=None)",
        inputs: 3, make: { (m) throws(Failure) in try m.makeTransformerLayer(decoder: false) }
      ) { (c) throws(Failure) in try c.transformerLayer(decoder: false) }
    case .transformerDecoderLayer:
      ModuleRow(
        "TransformerDecoderLayer(d_model, nhead, dim_feedforward=2048, dropout=0.1, activation='relu', layer_norm_eps=1e-5, batch_first=False, norm_first=False, bias=True, device=None, dtype=None)",
        inputs: 6, needed: 2, make: { (m) throws(Failure) in try m.makeTransformerLayer(decoder: true) }
      ) { (c) throws(Failure) in try c.transformerLayer(decoder: true) }
    case .transformerEncoder:
      ModuleRow(
        "TransformerEncoder(encoder_layer, num_layers, norm=None, enable_nested_tensor=True, mask_check=True)", inputs: 3,
        make: { (m) throws(Failure) in try m.makeTransformerStack("encoder_layer") }) { (c) throws(Failure) in try c.transformerStack() }
    case .transformerDecoder:
      ModuleRow(
        "TransformerDecoder(decoder_layer, num_layers, norm=None)", inputs: 6, needed: 2,
        make: { (m) throws(Failure) in try m.makeTransformerStack("decoder_layer") }) { (c) throws(Failure) in try c.transformerStack() }

    // Losses
    case .mseLoss:
      ModuleRow.loss("MSELoss(size_average=None, reduce=None, reduction='mean')") { (c) throws(Failure) in
        try c.x.mseLoss(c.target, c.module.reduction())
      }
    case .crossEntropyLoss:
      ModuleRow(
        "CrossEntropyLoss(weight=None, size_average=None, ignore_index=-100, reduce=None, reduction='mean', label_smoothing=0.0)",
        inputs: 2, needed: 2, make: { (m) throws(Failure) in try m.makeLoss(weights: 1) }
      ) { (c) throws(Failure) in
        var o = try c.labelOptions()
        o.labelSmoothing = try c.module.number("label_smoothing")
        return try c.x.crossEntropy(c.target, o)
      }
    case .nllLoss:
      ModuleRow(
        "NLLLoss(weight=None, size_average=None, ignore_index=-100, reduce=None, reduction='mean')", inputs: 2, needed: 2,
        make: { (m) throws(Failure) in try m.makeLoss(weights: 1) }) { (c) throws(Failure) in try c.x.nllLoss(c.target, c.labelOptions()) }
    case .bceWithLogitsLoss:
      ModuleRow(
        "BCEWithLogitsLoss(weight=None, size_average=None, reduce=None, reduction='mean', pos_weight=None)", inputs: 2, needed: 2,
        make: { (m) throws(Failure) in try m.makeLoss(weights: 2) }
      ) { (c) throws(Failure) in
        try c.x.binaryCrossEntropyWithLogits(c.target, weight: c.weight(0), positiveWeight: c.weight(1), c.module.reduction())
      }
    }
    }
  }

  static func named(_ name: StaticText) -> ModuleKind? {
    var i: UInt8 = 0
    while let kind = ModuleKind(rawValue: i) {
      if StaticText(head: kind.row.signature).equals(name.start, name.count) { return kind }
      i += 1
    }
    return nil
  }
  var holdsChildren: Bool { self == .module || self == .sequential || self == .moduleList || self == .moduleDict || self == .parameterList }
}

/// A kind of module as a record of plain functions.
struct ModuleRow {
  let signature: StaticString
  /// Which options print shows, see `writeOptions`.
  let shows: StaticString
  /// How many inputs it takes at most and at least; 0: it has no forward of its own.
  let inputs: Int
  let needed: Int
  let make: ((ModuleValue) throws(Failure) -> Void)?
  let forward: (inout ModuleCall) throws(Failure) -> Value

  @inline(__always) init(
    _ signature: StaticString, shows: StaticString = "", inputs: Int = 1, needed: Int = 1, make: ((ModuleValue) throws(Failure) -> Void)? = nil,
    _ forward: @escaping (inout ModuleCall) throws(Failure) -> Value
  ) {
    self.signature = signature
    self.shows = shows
    self.inputs = inputs
    self.needed = needed
    self.make = make
    self.forward = forward
  }

  /// A loss of two inputs that holds nothing.
  @inline(__always) static func loss(
    _ signature: StaticString, inputs: Int = 2, _ forward: @escaping (inout ModuleCall) throws(Failure) -> Value
  ) -> ModuleRow {
    ModuleRow(signature, inputs: inputs, needed: inputs, make: { (m) throws(Failure) in try m.makeLoss(weights: 0) }, forward)
  }

  static var convolution: StaticString {
    ".in_channels .out_channels kernel_size stride %padding ?dilation ?output_padding ?groups ?bias ?padding_mode"
  }
  static var maxPool: StaticString { "kernel_size stride padding dilation ceil_mode" }
  static var batchNorm: StaticString { ".num_features eps momentum affine bias track_running_stats" }
  static var recurrent: StaticString { ".input_size .hidden_size ?num_layers ?bias ?batch_first ?dropout ?bidirectional" }
}

/// The names and signatures of all kinds.
package enum ModuleTable {
  package static var count: Int {
    var i: UInt8 = 0
    while ModuleKind(rawValue: i) != nil { i += 1 }
    return Int(i)
  }
  /// `Linear(in_features, out_features, bias=True, …)`, ended by a zero byte; nil beyond the last.
  package static func signature(_ i: Int) -> UnsafePointer<UInt8>? {
    i < 0 || i > 255 ? nil : ModuleKind(rawValue: UInt8(i))?.row.signature.utf8Start
  }
}
