// Losses. B batch, C classes, T steps, S labels. `reduction`: their mean, sum, or all of them.

extension Tensor {
  /// (x − target)²; `weight`, of x's shape: how much each counts (PyTorch: `mse_loss`).
  public func meanSquaredError(to target: Tensor, weight: Tensor? = nil, reduction: Reduction = .mean) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.mseLoss(target.value, weight: weight?.value, reduction) }
  }
  /// |x − target| (PyTorch: `l1_loss`).
  public func meanAbsoluteError(to target: Tensor, weight: Tensor? = nil, reduction: Reduction = .mean) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.l1Loss(target.value, weight: weight?.value, reduction) }
  }
  /// ½d² up to |d| = delta, delta·(|d| − delta/2) beyond, d = x − target (PyTorch: `huber_loss`).
  public func huberLoss(
    to target: Tensor, delta: Double = 1, weight: Tensor? = nil, reduction: Reduction = .mean
  ) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.huberLoss(target.value, weight: weight?.value, delta: delta, reduction) }
  }
  /// ½d²/beta up to |d| = beta, |d| − beta/2 beyond (PyTorch: `smooth_l1_loss`).
  public func smoothL1Loss(to target: Tensor, beta: Double = 1, reduction: Reduction = .mean) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.smoothL1Loss(target.value, beta: beta, reduction) }
  }

  /// −ln softmax(x)[label] for logits [B, C, ..], labels [B, ..] (int64, int32) or probabilities [B, C, ..] (PyTorch: `cross_entropy`).
  ///
  /// - weight: [C], how much each class counts; the mean divides by the sum of the weights.
  /// - ignoreIndex: samples with this label do not count.
  /// - labelSmoothing: the share of the target that is spread evenly over all classes.
  public func crossEntropy(
    with target: Tensor, weight: Tensor? = nil, ignoreIndex: Int = -100, labelSmoothing: Double = 0, reduction: Reduction = .mean
  ) throws(BackpropError) -> Tensor {
    var o = CrossEntropyOptions()
    o.weight = weight?.value
    o.ignoreIndex = ignoreIndex
    o.labelSmoothing = labelSmoothing
    o.reduction = reduction
    return try make { () throws(Failure) in try value.crossEntropy(target.value, o) }
  }

  /// −x[label] for log probabilities [B, C, ..] and labels [B, ..] (PyTorch: `nll_loss`).
  public func negativeLogLikelihood(
    of target: Tensor, weight: Tensor? = nil, ignoreIndex: Int = -100, reduction: Reduction = .mean
  ) throws(BackpropError) -> Tensor {
    var o = CrossEntropyOptions()
    o.weight = weight?.value
    o.ignoreIndex = ignoreIndex
    o.reduction = reduction
    return try make { () throws(Failure) in try value.nllLoss(target.value, o) }
  }

  /// −t·ln σ(x) − (1 − t)·ln(1 − σ(x)); `positiveWeight` multiplies the first term
  /// (PyTorch: `binary_cross_entropy_with_logits`).
  public func binaryCrossEntropyWithLogits(
    to target: Tensor, weight: Tensor? = nil, positiveWeight: Tensor? = nil, reduction: Reduction = .mean
  ) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in
      try value.binaryCrossEntropyWithLogits(target.value, weight: weight?.value, positiveWeight: positiveWeight?.value, reduction)
    }
  }

  /// −t·ln x − (1 − t)·ln(1 − x) for probabilities x, logarithms no less than −100 (PyTorch: `binary_cross_entropy`).
  public func binaryCrossEntropy(to target: Tensor, weight: Tensor? = nil, reduction: Reduction = .mean) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.binaryCrossEntropy(target.value, weight: weight?.value, reduction) }
  }
  /// t·(ln t − x) for log probabilities x; `.batchMean` is the mathematical mean. `targetIsLog`: eᵗ·(t − x) (PyTorch: `kl_div`).
  public func divergence(to target: Tensor, targetIsLog: Bool = false, reduction: Reduction = .mean) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.klDiv(target.value, logTarget: targetIsLog, reduction) }
  }
  /// ½(ln v + (x − t)²/v), v = max(variance, epsilon); `full` adds ½ ln 2π (PyTorch: `gaussian_nll_loss`).
  public func gaussianLikelihoodLoss(
    of target: Tensor, variance: Tensor, full: Bool = false, epsilon: Double = 1e-6, reduction: Reduction = .mean
  ) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in
      try value.gaussianNLLLoss(target.value, variance: variance.value, full: full, eps: epsilon, reduction)
    }
  }
  /// eˣ − t·x, or x − t·ln(x + epsilon) unless `inputIsLog`; `full` adds Stirling's approximation of ln t! (PyTorch: `poisson_nll_loss`).
  public func poissonLikelihoodLoss(
    of target: Tensor, inputIsLog: Bool = true, full: Bool = false, epsilon: Double = 1e-8, reduction: Reduction = .mean
  ) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.poissonNLLLoss(target.value, logInput: inputIsLog, full: full, eps: epsilon, reduction) }
  }
}

// MARK: Margins and distances. Targets are 1 or −1.

extension Tensor {
  /// ln(1 + e^(−t·x)) (PyTorch: `soft_margin_loss`).
  public func softMarginLoss(to target: Tensor, reduction: Reduction = .mean) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.softMarginLoss(target.value, reduction) }
  }
  /// x where t = 1, max(0, margin − x) where t = −1 (PyTorch: `hinge_embedding_loss`).
  public func hingeEmbeddingLoss(to target: Tensor, margin: Double = 1, reduction: Reduction = .mean) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.hingeEmbeddingLoss(target.value, margin: margin, reduction) }
  }
  /// max(0, −t·(x − other) + margin) (PyTorch: `margin_ranking_loss`).
  public func marginRankingLoss(
    over other: Tensor, target: Tensor, margin: Double = 0, reduction: Reduction = .mean
  ) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.marginRankingLoss(other.value, target.value, margin: margin, reduction) }
  }
  /// 1 − cos(x, other) where t = 1, max(0, cos − margin) where t = −1, of rows (PyTorch: `cosine_embedding_loss`).
  public func cosineEmbeddingLoss(
    with other: Tensor, target: Tensor, margin: Double = 0, reduction: Reduction = .mean
  ) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.cosineEmbeddingLoss(other.value, target.value, margin: margin, reduction) }
  }
  /// max(0, margin + ‖x − positive‖ − ‖x − negative‖), norms of order p of rows (PyTorch: `triplet_margin_loss`).
  ///
  /// - swap: the negative's distance is that from x or from the positive, whichever is smaller.
  public func tripletMarginLoss(
    positive: Tensor, negative: Tensor, margin: Double = 1, p: Double = 2, epsilon: Double = 1e-6, swap: Bool = false,
    reduction: Reduction = .mean
  ) throws(BackpropError) -> Tensor {
    var o = TripletOptions()
    o.margin = margin
    o.p = p
    o.eps = epsilon
    o.swap = swap
    return try make { () throws(Failure) in try value.tripletMarginLoss(positive.value, negative.value, o, reduction) }
  }
  /// weight[y]·Σ max(0, margin − x[y] + x[j])ᵖ / C for scores x [B, C] and labels y (PyTorch: `multi_margin_loss`).
  public func multiMarginLoss(
    of labels: Tensor, p: Int = 1, margin: Double = 1, weight: Tensor? = nil, reduction: Reduction = .mean
  ) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.multiMarginLoss(labels.value, p: p, margin: margin, weight: weight?.value, reduction) }
  }
  /// Σ max(0, 1 − x[y] + x[j]) / C over a sample's labels y, ended by −1, and the other classes j (PyTorch: `multilabel_margin_loss`).
  public func multilabelMarginLoss(of labels: Tensor, reduction: Reduction = .mean) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.multilabelMarginLoss(labels.value, reduction) }
  }
  /// Binary cross entropy of σ(x), averaged over the last dimension (PyTorch: `multilabel_soft_margin_loss`).
  public func multilabelSoftMarginLoss(
    to target: Tensor, weight: Tensor? = nil, reduction: Reduction = .mean
  ) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.multilabelSoftMarginLoss(target.value, weight: weight?.value, reduction) }
  }
  /// −ln of the probability that the paths through log probabilities x [T, B, C] (or [T, C]) read the labels, [B, S] or all in one list
  /// (PyTorch: `ctc_loss`).
  ///
  /// - zeroInfinity: targets that no path can read count nothing.
  public func ctcLoss(
    of labels: Tensor, inputLengths: Tensor, labelLengths: Tensor, blank: Int = 0, zeroInfinity: Bool = false, reduction: Reduction = .mean
  ) throws(BackpropError) -> Tensor {
    var o = CTCOptions()
    o.blank = blank
    o.zeroInfinity = zeroInfinity
    o.reduction = reduction
    return try make { () throws(Failure) in try value.ctcLoss(labels.value, inputLengths.value, labelLengths.value, o) }
  }
}
