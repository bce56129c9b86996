// Many elements to fewer. Without dimensions all are reduced; `keepsDimensions` leaves a 1 where one was.

extension Tensor {
  /// Σ x (PyTorch: `sum`).
  public func sum(along dims: Int..., keepsDimensions: Bool = false) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.sum(Dims(dims), keep: keepsDimensions) }
  }
  /// Σ x / N (PyTorch: `mean`).
  public func mean(along dims: Int..., keepsDimensions: Bool = false) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.mean(Dims(dims), keep: keepsDimensions) }
  }
  /// Σ (x − mean)² / (N − correction) (PyTorch: `var`).
  public func variance(along dims: Int..., correction: Double = 1, keepsDimensions: Bool = false) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.variance(Dims(dims), correction: correction, keep: keepsDimensions) }
  }
  /// The largest; ties share the gradient (PyTorch: `amax`).
  public func amax(along dims: Int..., keepsDimensions: Bool = false) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.amax(Dims(dims), keep: keepsDimensions) }
  }
  /// The smallest; ties share the gradient (PyTorch: `amin`).
  public func amin(along dims: Int..., keepsDimensions: Bool = false) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.amin(Dims(dims), keep: keepsDimensions) }
  }
  /// Where the largest is, int64; of all elements if no dimension is named (PyTorch: `argmax`).
  public func argmax(along dim: Int? = nil, keepsDimensions: Bool = false) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.argExtreme(largest: true, dim: dim, keep: keepsDimensions) }
  }
  /// Where the smallest is, int64; of all elements if no dimension is named (PyTorch: `argmin`).
  public func argmin(along dim: Int? = nil, keepsDimensions: Bool = false) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.argExtreme(largest: false, dim: dim, keep: keepsDimensions) }
  }
  /// The largest along a dimension and where it is; the gradient goes there (PyTorch: `max`).
  public func max(along dim: Int, keepsDimensions: Bool = false) throws(BackpropError) -> (values: Tensor, indices: Tensor) {
    try extreme(true, dim, keepsDimensions)
  }
  /// The smallest along a dimension and where it is; the gradient goes there (PyTorch: `min`).
  public func min(along dim: Int, keepsDimensions: Bool = false) throws(BackpropError) -> (values: Tensor, indices: Tensor) {
    try extreme(false, dim, keepsDimensions)
  }

  /// The smallest and the largest; ties share the gradient (PyTorch: `aminmax`).
  public func extremes(along dim: Int? = nil, keepsDimensions: Bool = false) throws(BackpropError) -> (smallest: Tensor, largest: Tensor) {
    let r = try lift { () throws(Failure) in try value.extremes(dim, keep: keepsDimensions) }
    return (Tensor(r.smallest, in: context), Tensor(r.largest, in: context))
  }

  private func extreme(_ largest: Bool, _ dim: Int, _ keep: Bool) throws(BackpropError) -> (values: Tensor, indices: Tensor) {
    let r = try lift { () throws(Failure) in try value.extreme(largest: largest, dim: dim, keep: keep) }
    return (Tensor(r.values, in: context), Tensor(r.indices, in: context))
  }
}

// MARK: Products, spread, counts

extension Tensor {
  /// Π x, of all or along one dimension; exact where some are 0, gradients too (PyTorch: `prod`).
  public func product(along dim: Int? = nil, keepsDimensions: Bool = false) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.prod(dim, keep: keepsDimensions) }
  }
  /// √variance (PyTorch: `std`).
  public func standardDeviation(along dims: Int..., correction: Double = 1, keepsDimensions: Bool = false) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.deviation(Dims(dims), correction: correction, keep: keepsDimensions) }
  }
  /// (PyTorch: `var_mean`)
  public func varianceAndMean(
    along dims: Int..., correction: Double = 1, keepsDimensions: Bool = false
  ) throws(BackpropError) -> (variance: Tensor, mean: Tensor) {
    let r = try lift { () throws(Failure) in try value.varianceAndMean(Dims(dims), correction: correction, keep: keepsDimensions, root: false) }
    return (Tensor(r.first, in: context), Tensor(r.mean, in: context))
  }
  /// (PyTorch: `std_mean`)
  public func standardDeviationAndMean(
    along dims: Int..., correction: Double = 1, keepsDimensions: Bool = false
  ) throws(BackpropError) -> (standardDeviation: Tensor, mean: Tensor) {
    let r = try lift { () throws(Failure) in try value.varianceAndMean(Dims(dims), correction: correction, keep: keepsDimensions, root: true) }
    return (Tensor(r.first, in: context), Tensor(r.mean, in: context))
  }
  /// ln Σ eˣ (PyTorch: `logsumexp`).
  public func logSumExp(along dims: Int..., keepsDimensions: Bool = false) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.logsumexp(Dims(dims), keep: keepsDimensions) }
  }
  /// Σ of what is not NaN (PyTorch: `nansum`).
  public func sumWithoutNaN(along dims: Int..., keepsDimensions: Bool = false) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.nansum(Dims(dims), keep: keepsDimensions) }
  }
  /// The mean of what is not NaN (PyTorch: `nanmean`).
  public func meanWithoutNaN(along dims: Int..., keepsDimensions: Bool = false) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.nanmean(Dims(dims), keep: keepsDimensions) }
  }
  /// Whether some element is not 0 (PyTorch: `any`).
  public func containsNonzero(along dims: Int..., keepsDimensions: Bool = false) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.truth(every: false, Dims(dims), keep: keepsDimensions) }
  }
  /// Whether no element is 0 (PyTorch: `all`).
  public func allNonzero(along dims: Int..., keepsDimensions: Bool = false) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.truth(every: true, Dims(dims), keep: keepsDimensions) }
  }
  /// How many elements are not 0, int64 (PyTorch: `count_nonzero`).
  public func countNonzero(along dims: Int...) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.countNonzero(Dims(dims)) }
  }
}

// MARK: Lengths and distances

extension Tensor {
  /// (Σ |x|ᵖ)^(1/p); gradient 0 where it is 0 (PyTorch: `norm`, `linalg.vector_norm`).
  public func norm(_ p: Double = 2, along dims: Int..., keepsDimensions: Bool = false) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.norm(p, Dims(dims), keep: keepsDimensions) }
  }
  /// x / max(norm, epsilon) (PyTorch: `normalize`).
  public func normalized(_ p: Double = 2, along dim: Int = 1, epsilon: Double = 1e-12) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.normalize(p: p, Dims(dim), eps: epsilon) }
  }
  /// The cosine of the angle between vectors along a dimension (PyTorch: `cosine_similarity`).
  public func cosineSimilarity(to other: Tensor, along dim: Int = 1, epsilon: Double = 1e-8) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.cosineSimilarity(other.value, dim, eps: epsilon) }
  }
  /// Norm p of self − other + epsilon along the last dimension (PyTorch: `pairwise_distance`).
  public func pairwiseDistance(
    to other: Tensor, _ p: Double = 2, epsilon: Double = 1e-6, keepsDimensions: Bool = false
  ) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.pairwiseDistance(other.value, p: p, eps: epsilon, keep: keepsDimensions) }
  }
}
