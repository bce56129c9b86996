// Kinds of modules: norms, dropout, activations.
import KernelAPI

extension ModuleKind {
  var activationRow: ModuleRow {
    @inline(never) get {
    switch self {
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
    default: lossRow
    }
    }
  }
}
