// Every kind of module: PyTorch's name and signature, what it holds, what it computes. Adding one is a case and its line; what needs more than
// a line has a block in a file beside this one.
import KernelAPI

/// The kinds, and their forward passes in operations of `Value`.
enum ModuleKind: UInt8 {
  case module, sequential, moduleList, moduleDict, parameterList
  case identity, linear, quantizableLinear, embedding, embeddingBag
  case conv1d, conv2d, conv3d, convTranspose1d, convTranspose2d, convTranspose3d
  case maxPool1d, maxPool2d, maxPool3d, avgPool1d, avgPool2d, avgPool3d, lpPool1d, lpPool2d, lpPool3d
  case adaptiveAvgPool1d, adaptiveAvgPool2d, adaptiveAvgPool3d, adaptiveMaxPool1d, adaptiveMaxPool2d, adaptiveMaxPool3d, upsample
  case batchNorm1d, batchNorm2d, batchNorm3d, instanceNorm1d, instanceNorm2d, instanceNorm3d
  case layerNorm, groupNorm, rmsNorm, localResponseNorm
  case dropout, dropout1d, dropout2d, dropout3d, alphaDropout, featureAlphaDropout
  case relu, relu6, leakyReLU, prelu, rrelu, elu, selu, celu, gelu, silu, mish, sigmoid, tanh, softplus, softsign, softshrink, hardshrink
  case tanhshrink, hardtanh, hardsigmoid, hardswish, logSigmoid, threshold, glu, softmax, logSoftmax, softmin, softmax2d
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
    case .conv3d:
      ModuleRow(
        "Conv3d(in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, padding_mode='zeros', device=None, dtype=None)",
        shows: ModuleRow.convolution, make: { (m) throws(Failure) in try m.makeConvolution(3, transposed: false) }
      ) { (c) throws(Failure) in try c.convolution(3, transposed: false) }
    case .convTranspose1d:
      ModuleRow(
        "ConvTranspose1d(in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True, dilation=1, padding_mode='zeros', device=None, dtype=None)",
        shows: ModuleRow.convolution, make: { (m) throws(Failure) in try m.makeConvolution(1, transposed: true) }
      ) { (c) throws(Failure) in try c.convolution(1, transposed: true) }
    case .convTranspose2d:
      ModuleRow(
        "ConvTranspose2d(in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True, dilation=1, padding_mode='zeros', device=None, dtype=None)",
        shows: ModuleRow.convolution, make: { (m) throws(Failure) in try m.makeConvolution(2, transposed: true) }
      ) { (c) throws(Failure) in try c.convolution(2, transposed: true) }
    case .convTranspose3d:
      ModuleRow(
        "ConvTranspose3d(in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True, dilation=1, padding_mode='zeros', device=None, dtype=None)",
        shows: ModuleRow.convolution, make: { (m) throws(Failure) in try m.makeConvolution(3, transposed: true) }
      ) { (c) throws(Failure) in try c.convolution(3, transposed: true) }
    case .maxPool1d:
      ModuleRow(
        "MaxPool1d(kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False)", shows: ModuleRow.maxPool,
        make: { (m) throws(Failure) in try m.makePool(1) }) { (c) throws(Failure) in try c.maxPool(1) }
    case .maxPool2d:
      ModuleRow(
        "MaxPool2d(kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False)", shows: ModuleRow.maxPool,
        make: { (m) throws(Failure) in try m.makePool(2) }) { (c) throws(Failure) in try c.maxPool(2) }
    case .maxPool3d:
      ModuleRow(
        "MaxPool3d(kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False)", shows: ModuleRow.maxPool,
        make: { (m) throws(Failure) in try m.makePool(3) }) { (c) throws(Failure) in try c.maxPool(3) }
    case .avgPool1d:
      ModuleRow(
        "AvgPool1d(kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True)", shows: "kernel_size stride padding",
        make: { (m) throws(Failure) in try m.makePool(1) }) { (c) throws(Failure) in try c.x.avgPool(1, c.module.poolOptions(1)) }
    case .avgPool2d:
      ModuleRow(
        "AvgPool2d(kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None)", shows: "kernel_size stride padding",
        make: { (m) throws(Failure) in try m.makePool(2) }) { (c) throws(Failure) in try c.x.avgPool(2, c.module.poolOptions(2)) }
    case .avgPool3d:
      ModuleRow(
        "AvgPool3d(kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None)", shows: "kernel_size stride padding",
        make: { (m) throws(Failure) in try m.makePool(3) }) { (c) throws(Failure) in try c.x.avgPool(3, c.module.poolOptions(3)) }
    case .lpPool1d:
      ModuleRow(
        "LPPool1d(norm_type, kernel_size, stride=None, ceil_mode=False)", shows: "norm_type kernel_size stride ceil_mode"
      ) { (c) throws(Failure) in try c.x.lpPool(1, c.module.number("norm_type"), c.module.poolOptions(1)) }
    case .lpPool2d:
      ModuleRow(
        "LPPool2d(norm_type, kernel_size, stride=None, ceil_mode=False)", shows: "norm_type kernel_size stride ceil_mode"
      ) { (c) throws(Failure) in try c.x.lpPool(2, c.module.number("norm_type"), c.module.poolOptions(2)) }
    case .lpPool3d:
      ModuleRow(
        "LPPool3d(norm_type, kernel_size, stride=None, ceil_mode=False)", shows: "norm_type kernel_size stride ceil_mode"
      ) { (c) throws(Failure) in try c.x.lpPool(3, c.module.number("norm_type"), c.module.poolOptions(3)) }
    case .adaptiveAvgPool1d:
      ModuleRow("AdaptiveAvgPool1d(output_size)", shows: "output_size") { (c) throws(Failure) in
        try c.x.adaptiveAvgPool(c.module.outputSize(c.x, 1))
      }
    case .adaptiveMaxPool1d:
      ModuleRow("AdaptiveMaxPool1d(output_size, return_indices=False)", shows: "output_size") { (c) throws(Failure) in
        try c.adaptiveMaxPool(1)
      }
    case .adaptiveAvgPool2d:
      ModuleRow("AdaptiveAvgPool2d(output_size)", shows: "output_size") { (c) throws(Failure) in
        try c.x.adaptiveAvgPool(c.module.outputSize(c.x, 2))
      }
    case .adaptiveMaxPool2d:
      ModuleRow("AdaptiveMaxPool2d(output_size, return_indices=False)", shows: "output_size") { (c) throws(Failure) in
        try c.adaptiveMaxPool(2)
      }
    case .adaptiveAvgPool3d:
      ModuleRow("AdaptiveAvgPool3d(output_size)", shows: "output_size") { (c) throws(Failure) in
        try c.x.adaptiveAvgPool(c.module.outputSize(c.x, 3))
      }
    case .adaptiveMaxPool3d:
      ModuleRow("AdaptiveMaxPool3d(output_size, return_indices=False)", shows: "output_size") { (c) throws(Failure) in
        try c.adaptiveMaxPool(3)
      }
    case .upsample:
      ModuleRow("Upsample(size=None, scale_factor=None, mode='nearest', align_corners=None, recompute_scale_factor=None)", shows: "%size %scale_factor mode",
        make: { (m) throws(Failure) in try m.makeUpsample() }) { (c) throws(Failure) in try c.x.interpolate(c.module.interpolation(c.x)) }

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
    case .instanceNorm1d:
      ModuleRow(
        "InstanceNorm1d(num_features, eps=1e-5, momentum=0.1, affine=False, track_running_stats=False, device=None, dtype=None, bias=True)",
        shows: ModuleRow.batchNorm, make: { (m) throws(Failure) in try m.makeBatchNorm() }) { (c) throws(Failure) in try c.instanceNorm(1) }
    case .instanceNorm2d:
      ModuleRow(
        "InstanceNorm2d(num_features, eps=1e-5, momentum=0.1, affine=False, track_running_stats=False, device=None, dtype=None, bias=True)",
        shows: ModuleRow.batchNorm, make: { (m) throws(Failure) in try m.makeBatchNorm() }) { (c) throws(Failure) in try c.instanceNorm(2) }
    case .instanceNorm3d:
      ModuleRow(
        "InstanceNorm3d(num_features, eps=1e-5, momentum=0.1, affine=False, track_running_stats=False, device=None, dtype=None, bias=True)",
        shows: ModuleRow.batchNorm, make: { (m) throws(Failure) in try m.makeBatchNorm() }) { (c) throws(Failure) in try c.instanceNorm(3) }
    case .localResponseNorm:
      ModuleRow("LocalResponseNorm(size, alpha=0.0001, beta=0.75, k=1.0)", shows: ".size alpha beta k") { (c) throws(Failure) in
        try c.x.localResponseNorm(c.module.whole("size"), alpha: c.module.number("alpha"), beta: c.module.number("beta"), k: c.module.number("k"))
      }
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

    case .dropout1d:
      ModuleRow("Dropout1d(p=0.5, inplace=False)", shows: "p inplace", make: { (m) throws(Failure) in try m.checkDropout() }) {
        (c) throws(Failure) in try c.x.dropoutChannels(c.module.probability("p"), training: c.module.training, spatial: 1)
      }
    case .dropout2d:
      ModuleRow("Dropout2d(p=0.5, inplace=False)", shows: "p inplace", make: { (m) throws(Failure) in try m.checkDropout() }) {
        (c) throws(Failure) in try c.x.dropoutChannels(c.module.probability("p"), training: c.module.training, spatial: 2)
      }
    case .dropout3d:
      ModuleRow("Dropout3d(p=0.5, inplace=False)", shows: "p inplace", make: { (m) throws(Failure) in try m.checkDropout() }) {
        (c) throws(Failure) in try c.x.dropoutChannels(c.module.probability("p"), training: c.module.training, spatial: 3)
      }
    case .alphaDropout:
      ModuleRow("AlphaDropout(p=0.5, inplace=False)", shows: "p inplace", make: { (m) throws(Failure) in try m.checkDropout() }) {
        (c) throws(Failure) in try c.x.alphaDropout(c.module.probability("p"), training: c.module.training, .element)
      }
    case .featureAlphaDropout:
      ModuleRow("FeatureAlphaDropout(p=0.5, inplace=False)", shows: "p inplace", make: { (m) throws(Failure) in try m.checkDropout() }) {
        (c) throws(Failure) in try c.x.alphaDropout(c.module.probability("p"), training: c.module.training, .channel)
      }

    // Activations
    case .relu: ModuleRow("ReLU(inplace=False)", shows: "?inplace") { (c) throws(Failure) in try c.x.relu() }
    case .relu6: ModuleRow("ReLU6(inplace=False)", shows: "?inplace") { (c) throws(Failure) in try c.x.relu6() }
    case .leakyReLU: ModuleRow("LeakyReLU(negative_slope=0.01, inplace=False)", shows: "negative_slope ?inplace") { (c) throws(Failure) in try c.x.leakyRelu(slope: c.module.number("negative_slope")) }
    case .elu: ModuleRow("ELU(alpha=1.0, inplace=False)", shows: "alpha ?inplace") { (c) throws(Failure) in try c.x.elu(alpha: c.module.number("alpha")) }
    case .selu: ModuleRow("SELU(inplace=False)", shows: "?inplace") { (c) throws(Failure) in try c.x.selu() }
    case .celu: ModuleRow("CELU(alpha=1.0, inplace=False)", shows: "alpha ?inplace") { (c) throws(Failure) in try c.x.celu(alpha: c.module.number("alpha")) }
    case .silu: ModuleRow("SiLU(inplace=False)", shows: "?inplace") { (c) throws(Failure) in try c.x.silu() }
    case .mish: ModuleRow("Mish(inplace=False)", shows: "?inplace") { (c) throws(Failure) in try c.x.mish() }
    case .softsign: ModuleRow("Softsign()") { (c) throws(Failure) in try c.x.softsign() }
    case .softshrink: ModuleRow("Softshrink(lambd=0.5)", shows: ".lambd") { (c) throws(Failure) in try c.x.softshrink(lambda: c.module.number("lambd")) }
    case .hardshrink: ModuleRow("Hardshrink(lambd=0.5)", shows: ".lambd") { (c) throws(Failure) in try c.x.hardshrink(lambda: c.module.number("lambd")) }
    case .tanhshrink: ModuleRow("Tanhshrink()") { (c) throws(Failure) in try c.x.tanhshrink() }
    case .hardsigmoid: ModuleRow("Hardsigmoid(inplace=False)") { (c) throws(Failure) in try c.x.hardsigmoid() }
    case .hardswish: ModuleRow("Hardswish(inplace=False)") { (c) throws(Failure) in try c.x.hardswish() }
    case .logSigmoid: ModuleRow("LogSigmoid()") { (c) throws(Failure) in try c.x.logsigmoid() }
    case .threshold: ModuleRow("Threshold(threshold, value, inplace=False)", shows: "threshold value ?inplace") { (c) throws(Failure) in try c.x.threshold(c.module.number("threshold"), c.module.number("value")) }
    case .glu: ModuleRow("GLU(dim=-1)", shows: "dim") { (c) throws(Failure) in try c.x.glu(c.module.whole("dim")) }
    case .softmax2d: ModuleRow("Softmax2d()") { (c) throws(Failure) in try c.softmax2d() }
    case .prelu:
      ModuleRow(
        "PReLU(num_parameters=1, init=0.25, device=None, dtype=None)", shows: "num_parameters",
        make: { (m) throws(Failure) in try m.parameter("weight", Dims(m.whole("num_parameters", atLeast: 0)), filledWith: m.number("init")) }
      ) { (c) throws(Failure) in try c.x.prelu(c.required(0)) }
    case .rrelu:
      ModuleRow("RReLU(lower=0.125, upper=0.3333333333333333, inplace=False)", shows: "lower upper ?inplace") { (c) throws(Failure) in
        try c.x.rrelu(c.module.number("lower"), c.module.number("upper"), training: c.module.training)
      }
    case .sigmoid: ModuleRow("Sigmoid()") { (c) throws(Failure) in try c.x.sigmoid() }
    case .tanh: ModuleRow("Tanh()") { (c) throws(Failure) in try c.x.tanh() }
    case .gelu:
      ModuleRow("GELU(approximate='none')", shows: "approximate", make: { (m) throws(Failure) in _ = try m.isTanhGelu() }) {
        (c) throws(Failure) in try c.x.gelu(approximate: c.module.isTanhGelu() ? 1 : 0)
      }
    case .softplus:
      ModuleRow("Softplus(beta=1.0, threshold=20.0)", shows: "beta threshold") { (c) throws(Failure) in
        try c.x.softplus(beta: c.module.number("beta"), threshold: c.module.number("threshold"))
      }
    case .hardtanh:
      ModuleRow("Hardtanh(min_val=-1.0, max_val=1.0, inplace=False)", shows: "min_val max_val ?inplace") { (c) throws(Failure) in
        try c.x.hardtanh(c.module.number("min_val"), c.module.number("max_val"))
      }
    case .softmax: ModuleRow("Softmax(dim=None)", shows: "dim") { (c) throws(Failure) in try c.x.softmax(c.softmaxDim()) }
    case .logSoftmax: ModuleRow("LogSoftmax(dim=None)", shows: "dim") { (c) throws(Failure) in try c.x.logSoftmax(c.softmaxDim()) }
    case .softmin: ModuleRow("Softmin(dim=None)", shows: "dim") { (c) throws(Failure) in try c.x.softmin(c.softmaxDim()) }

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

    // Losses
    case .mseLoss:
      ModuleRow.loss("MSELoss(size_average=None, reduce=None, reduction='mean')") { (c) throws(Failure) in
        try c.x.mseLoss(c.target, c.module.reduction())
      }
    case .l1Loss:
      ModuleRow.loss("L1Loss(size_average=None, reduce=None, reduction='mean')") { (c) throws(Failure) in
        try c.x.l1Loss(c.target, c.module.reduction())
      }
    case .smoothL1Loss:
      ModuleRow.loss("SmoothL1Loss(size_average=None, reduce=None, reduction='mean', beta=1.0)") { (c) throws(Failure) in
        try c.x.smoothL1Loss(c.target, beta: c.module.number("beta"), c.module.reduction())
      }
    case .huberLoss:
      ModuleRow.loss("HuberLoss(reduction='mean', delta=1.0)") { (c) throws(Failure) in
        try c.x.huberLoss(c.target, delta: c.module.number("delta"), c.module.reduction())
      }
    case .klDivLoss:
      ModuleRow.loss("KLDivLoss(size_average=None, reduce=None, reduction='mean', log_target=False)") { (c) throws(Failure) in
        try c.x.klDiv(c.target, logTarget: c.module.truth("log_target"), c.module.reduction())
      }
    case .gaussianNLLLoss:
      ModuleRow.loss("GaussianNLLLoss(full=False, eps=1e-6, reduction='mean')", inputs: 3) { (c) throws(Failure) in
        try c.x.gaussianNLLLoss(c.target, variance: c.third, full: c.module.truth("full"), eps: c.module.number("eps"), c.module.reduction())
      }
    case .poissonNLLLoss:
      ModuleRow.loss("PoissonNLLLoss(log_input=True, full=False, size_average=None, eps=1e-8, reduce=None, reduction='mean')") { (c) throws(Failure) in
        try c.x.poissonNLLLoss(c.target, logInput: c.module.truth("log_input"), full: c.module.truth("full"), eps: c.module.number("eps"), c.module.reduction())
      }
    case .hingeEmbeddingLoss:
      ModuleRow.loss("HingeEmbeddingLoss(margin=1.0, size_average=None, reduce=None, reduction='mean')") { (c) throws(Failure) in
        try c.x.hingeEmbeddingLoss(c.target, margin: c.module.number("margin"), c.module.reduction())
      }
    case .marginRankingLoss:
      ModuleRow.loss("MarginRankingLoss(margin=0.0, size_average=None, reduce=None, reduction='mean')", inputs: 3) { (c) throws(Failure) in
        try c.x.marginRankingLoss(c.target, c.third, margin: c.module.number("margin"), c.module.reduction())
      }
    case .cosineEmbeddingLoss:
      ModuleRow.loss("CosineEmbeddingLoss(margin=0.0, size_average=None, reduce=None, reduction='mean')", inputs: 3) { (c) throws(Failure) in
        try c.x.cosineEmbeddingLoss(c.target, c.third, margin: c.module.number("margin"), c.module.reduction())
      }
    case .tripletMarginLoss:
      ModuleRow.loss("TripletMarginLoss(margin=1.0, p=2.0, eps=1e-6, swap=False, size_average=None, reduce=None, reduction='mean')", inputs: 3) { (c) throws(Failure) in
        try c.x.tripletMarginLoss(c.target, c.third, c.tripletOptions(), c.module.reduction())
      }
    case .softMarginLoss:
      ModuleRow.loss("SoftMarginLoss(size_average=None, reduce=None, reduction='mean')") { (c) throws(Failure) in
        try c.x.softMarginLoss(c.target, c.module.reduction())
      }
    case .multiLabelMarginLoss:
      ModuleRow.loss("MultiLabelMarginLoss(size_average=None, reduce=None, reduction='mean')") { (c) throws(Failure) in
        try c.x.multilabelMarginLoss(c.target, c.module.reduction())
      }
    case .ctcLoss:
      ModuleRow.loss("CTCLoss(blank=0, reduction='mean', zero_infinity=False)", inputs: 4) { (c) throws(Failure) in
        try c.ctc()
      }
    case .bceLoss:
      ModuleRow("BCELoss(weight=None, size_average=None, reduce=None, reduction='mean')", inputs: 2, needed: 2, make: { (m) throws(Failure) in try m.makeLoss(weights: 1) }) { (c) throws(Failure) in
        try c.x.binaryCrossEntropy(c.target, weight: c.weight(0), c.module.reduction())
      }
    case .multiMarginLoss:
      ModuleRow("MultiMarginLoss(p=1, margin=1.0, weight=None, size_average=None, reduce=None, reduction='mean')", inputs: 2, needed: 2, make: { (m) throws(Failure) in try m.makeLoss(weights: 1) }) { (c) throws(Failure) in
        try c.x.multiMarginLoss(c.target, p: c.module.whole("p"), margin: c.module.number("margin"), weight: c.weight(0), c.module.reduction())
      }
    case .multiLabelSoftMarginLoss:
      ModuleRow("MultiLabelSoftMarginLoss(weight=None, size_average=None, reduce=None, reduction='mean')", inputs: 2, needed: 2, make: { (m) throws(Failure) in try m.makeLoss(weights: 1) }) { (c) throws(Failure) in
        try c.x.multilabelSoftMarginLoss(c.target, weight: c.weight(0), c.module.reduction())
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
