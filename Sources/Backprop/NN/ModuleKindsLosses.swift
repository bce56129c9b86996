// Kinds of modules: losses.
import KernelAPI

extension ModuleKind {
  var lossRow: ModuleRow {
    @inline(never) get {
    switch self {
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
    default: ModuleRow("Module()", inputs: 0) { (c) throws(Failure) in c.x }  // every kind has its line: test_every_kind_has_a_case
    }
    }
  }
}
