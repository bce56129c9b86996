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

  private func extreme(_ largest: Bool, _ dim: Int, _ keep: Bool) throws(BackpropError) -> (values: Tensor, indices: Tensor) {
    let r = try lift { () throws(Failure) in try value.extreme(largest: largest, dim: dim, keep: keep) }
    return (Tensor(r.values, in: context), Tensor(r.indices, in: context))
  }
}
