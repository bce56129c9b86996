// Matrix products and normalisation. B batch, M N K matrix sizes, C channels.

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
  /// The same for each channel of each sample by itself; with running statistics they move towards the means over the samples. Not
  /// `usesInputStatistics`: with the running ones (PyTorch: `instance_norm`).
  public func instanceNorm(
    runningMean: Tensor? = nil, runningVariance: Tensor? = nil, weight: Tensor? = nil, bias: Tensor? = nil, usesInputStatistics: Bool = true,
    momentum: Double = 0.1, epsilon: Double = 1e-5
  ) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in
      try value.instanceNorm(
        mean: runningMean?.value, variance: runningVariance?.value, weight: weight?.value, bias: bias?.value,
        useInputStats: usesInputStatistics, momentum: momentum, eps: epsilon)
    }
  }
  /// x / (k + alpha·m)^beta, m the mean of x² over `size` channels around, of [B, C, ..] (PyTorch: `local_response_norm`).
  public func localResponseNorm(size: Int, alpha: Double = 1e-4, beta: Double = 0.75, k: Double = 1) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.localResponseNorm(size, alpha: alpha, beta: beta, k: k) }
  }
}

// MARK: Dropout

extension Tensor {
  /// Whole channels of [B, C, ..] are zeroed with probability p, the rest is scaled by 1/(1 − p) (PyTorch: `dropout1d`, `dropout2d`, `dropout3d`).
  ///
  /// - spatialRank: how many dimensions a channel has, 1 to 3.
  public func channelDropout(_ p: Double = 0.5, training: Bool, spatialRank: Int) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.dropoutChannels(p, training: training, spatial: spatialRank) }
  }
  /// Dropout that leaves mean and variance of self-normalising networks as they are (PyTorch: `alpha_dropout`).
  public func alphaDropout(_ p: Double = 0.5, training: Bool) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.alphaDropout(p, training: training, .element) }
  }
  /// The same with whole channels of [B, C, ..] (PyTorch: `feature_alpha_dropout`).
  public func channelAlphaDropout(_ p: Double = 0.5, training: Bool) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.alphaDropout(p, training: training, .channel) }
  }
}
