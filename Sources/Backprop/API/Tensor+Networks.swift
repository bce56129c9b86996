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
