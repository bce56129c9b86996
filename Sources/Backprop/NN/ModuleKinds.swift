// Every kind of module: PyTorch's name and signature, what it holds, what it computes. Adding one is a case and its line, here or in the file of
// its family beside this one (ModuleKinds….swift); what needs more than a line has a block in ModuleLayers.swift.
import KernelAPI

/// The kinds, and their forward passes in operations of `Value`.
enum ModuleKind: UInt8 {
  case module, sequential, moduleList, moduleDict, parameterList
  case identity, linear, quantizableLinear, bilinear, embedding, embeddingBag
  case conv1d, conv2d, conv3d, convTranspose1d, convTranspose2d, convTranspose3d
  case maxPool1d, maxPool2d, maxPool3d, avgPool1d, avgPool2d, avgPool3d, lpPool1d, lpPool2d, lpPool3d
  case adaptiveAvgPool1d, adaptiveAvgPool2d, adaptiveAvgPool3d, adaptiveMaxPool1d, adaptiveMaxPool2d, adaptiveMaxPool3d, upsample
  case batchNorm1d, batchNorm2d, batchNorm3d, instanceNorm1d, instanceNorm2d, instanceNorm3d
  case layerNorm, groupNorm, rmsNorm, localResponseNorm
  case dropout, dropout1d, dropout2d, dropout3d, alphaDropout, featureAlphaDropout
  case relu, relu6, leakyReLU, prelu, rrelu, elu, selu, celu, gelu, silu, mish, sigmoid, tanh, softplus, softsign, softshrink, hardshrink
  case tanhshrink, hardtanh, hardsigmoid, hardswish, logSigmoid, threshold, glu, softmax, logSoftmax, softmin, softmax2d
  // In threes, of 1, 2 and 3 dimensions: `ModuleCall.pad` counts on it.
  case constantPad1d, constantPad2d, constantPad3d, zeroPad1d, zeroPad2d, zeroPad3d, reflectionPad1d, reflectionPad2d, reflectionPad3d
  case replicationPad1d, replicationPad2d, replicationPad3d, circularPad1d, circularPad2d, circularPad3d
  case pixelShuffle, pixelUnshuffle, channelShuffle
  case flatten, unflatten, cosineSimilarity, pairwiseDistance
  case rnn, lstm, gru, rnnCell, lstmCell, gruCell
  case multiheadAttention, transformerEncoderLayer, transformerEncoder, transformerDecoderLayer, transformerDecoder
  case mseLoss, l1Loss, smoothL1Loss, huberLoss, crossEntropyLoss, nllLoss, bceLoss, bceWithLogitsLoss, klDivLoss, gaussianNLLLoss
  case poissonNLLLoss, hingeEmbeddingLoss, marginRankingLoss, tripletMarginLoss, cosineEmbeddingLoss, softMarginLoss, multiMarginLoss
  case multiLabelMarginLoss, multiLabelSoftMarginLoss, ctcLoss

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
    case .bilinear:
      ModuleRow(
        "Bilinear(in1_features, in2_features, out_features, bias=True, device=None, dtype=None)",
        shows: "in1_features in2_features out_features bias", inputs: 2, needed: 2, make: { (m) throws(Failure) in try m.makeBilinear() }
      ) { (c) throws(Failure) in try c.bilinear() }
    case .embedding:
      ModuleRow(
        "Embedding(num_embeddings, embedding_dim, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False, device=None, dtype=None)",
        shows: ".num_embeddings .embedding_dim ?padding_idx", make: { (m) throws(Failure) in try m.makeEmbedding() }
      ) { (c) throws(Failure) in
        try c.x.embedding(c.required(0), padding: c.module.isNone("padding_idx") ? nil : c.module.whole("padding_idx"))
      }

    case .embeddingBag:
      ModuleRow(
        "EmbeddingBag(num_embeddings, embedding_dim, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, mode='mean', sparse=False, include_last_offset=False, padding_idx=None, device=None, dtype=None)",
        shows: ".num_embeddings .embedding_dim ?max_norm ?norm_type ?scale_grad_by_freq mode ?padding_idx", inputs: 3,
        make: { (m) throws(Failure) in try m.makeEmbedding() }
      ) { (c) throws(Failure) in
        let m = c.module
        var o = try m.embeddingOptions()
        o.mode = m.option("mode").isWord("sum") ? .sum : m.option("mode").isWord("max") ? .max : .mean
        o.includeLastOffset = try m.truth("include_last_offset")
        o.perSampleWeights = c.optional(2)
        return try c.x.embeddingBag(c.required(0), c.optional(1), o)
      }

    // Shapes
    case .flatten:
      ModuleRow("Flatten(start_dim=1, end_dim=-1)", shows: "start_dim end_dim") { (c) throws(Failure) in
        try c.x.flatten(c.module.whole("start_dim"), c.module.whole("end_dim"))
      }
    case .unflatten:
      ModuleRow("Unflatten(dim, unflattened_size)", shows: "dim unflattened_size") { (c) throws(Failure) in
        try c.x.split(c.module.whole("dim"), into: c.module.shape("unflattened_size"))
      }

    case .cosineSimilarity:
      ModuleRow("CosineSimilarity(dim=1, eps=1e-8)", inputs: 2, needed: 2) { (c) throws(Failure) in
        try c.x.cosineSimilarity(c.target, c.module.whole("dim"), eps: c.module.number("eps"))
      }
    case .pairwiseDistance:
      ModuleRow("PairwiseDistance(p=2.0, eps=1e-6, keepdim=False)", inputs: 2, needed: 2) { (c) throws(Failure) in
        try c.x.pairwiseDistance(c.target, p: c.module.number("p"), eps: c.module.number("eps"), keep: c.module.truth("keepdim"))
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

    default: imageRow
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

  @inline(__always) static func padding(_ signature: StaticString, shows: StaticString = ".padding") -> ModuleRow {
    ModuleRow(signature, shows: shows, make: { (m) throws(Failure) in try m.makePad() }) { (c) throws(Failure) in try c.pad() }
  }

  /// A loss of two inputs that holds nothing.
  @inline(__always) static func loss(
    _ signature: StaticString, inputs: Int = 2, _ forward: @escaping (inout ModuleCall) throws(Failure) -> Value
  ) -> ModuleRow {
    ModuleRow(signature, inputs: inputs, needed: inputs, make: { (m) throws(Failure) in try m.makeLoss(weights: 0) }, forward)
  }

  static var convolution: StaticString {
    ".in_channels .out_channels kernel_size stride %padding ?dilation ?output_padding ?groups ?bias %padding_mode"
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
