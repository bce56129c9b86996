// Matrix products, normalisation and losses. B batch, M N K matrix sizes, C classes.

extension Tensor {
  /// x·b: [.., M, K]·[.., K, N] → [.., M, N]; lists are rows or columns; batches broadcast (PyTorch: `matmul`).
  public func matmul(_ b: Tensor) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.matmul(b.value) } }
  /// x·weightᵀ + bias: [.., K]·[N, K]ᵀ + [N] → [.., N] (PyTorch: `linear`).
  public func linear(weight: Tensor, bias: Tensor? = nil) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.linear(weight.value, bias?.value) }
  }
  /// eˣ / Σ eˣ along a dimension (PyTorch: `softmax`).
  public func softmax(along dim: Int) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.softmax(dim) } }
  /// x − ln Σ eˣ along a dimension (PyTorch: `log_softmax`).
  public func logSoftmax(along dim: Int) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.logSoftmax(dim) } }
  /// (x − mean)/√(variance + ε)·weight + bias over the last dimensions, whose sizes are `shape`; variance biased
  /// (PyTorch: `layer_norm`).
  public func layerNorm(over shape: Dims, weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Double = 1e-5) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.layerNorm(shape, weight?.value, bias?.value, eps: epsilon) }
  }
  /// x/√(mean x² + ε)·weight over the last dimensions, whose sizes are `shape` (PyTorch: `rms_norm`).
  public func rmsNorm(over shape: Dims, weight: Tensor? = nil, epsilon: Double = 1.1920928955078125e-7) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.rmsNorm(shape, weight?.value, eps: epsilon) }
  }
  /// (x − μ)/√(σ² + ε)·weight + bias per channel of [B, C, ..]. Training: μ and σ² of the batch, towards which the running statistics
  /// move in place by `momentum`; otherwise the running statistics (PyTorch: `batch_norm`).
  public func batchNorm(
    runningMean: Tensor? = nil, runningVariance: Tensor? = nil, weight: Tensor? = nil, bias: Tensor? = nil, training: Bool,
    momentum: Double = 0.1, epsilon: Double = 1e-5
  ) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in
      try value.batchNorm(
        mean: runningMean?.value, variance: runningVariance?.value, weight: weight?.value, bias: bias?.value, training: training,
        momentum: momentum, eps: epsilon)
    }
  }
  /// (x − μ)/√(σ² + ε)·weight + bias over groups of channels of each sample of [B, C, ..] (PyTorch: `group_norm`).
  public func groupNorm(groups: Int, weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Double = 1e-5) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.groupNorm(groups, weight?.value, bias?.value, eps: epsilon) }
  }
}

// MARK: Losses

extension Tensor {
  /// (x − target)² (PyTorch: `mse_loss`).
  public func meanSquaredError(to target: Tensor, reduction: Reduction = .mean) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.mseLoss(target.value, reduction) }
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
}
