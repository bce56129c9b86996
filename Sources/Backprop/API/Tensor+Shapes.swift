// The same elements in another arrangement, joined, or picked by position. Dimensions count from 0, or from −1 at the end.

extension Tensor {
  /// In another shape of as many elements; one size may be −1 (PyTorch: `reshape`).
  public func reshaped(to shape: Dims) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.reshape(shape) } }
  /// The dimensions first … last as one (PyTorch: `flatten`).
  public func flattened(from first: Int = 0, through last: Int = -1) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.flatten(first, last) }
  }
  /// y's dimension k is x's order[k] (PyTorch: `permute`).
  public func permuted(_ order: Dims) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.permute(order) } }
  /// Two dimensions exchanged, by default the last two (PyTorch: `transpose`).
  public func transposed(_ a: Int = -2, _ b: Int = -1) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.transpose(a, b) }
  }
  /// Sizes of 1 stretched without copying; −1 keeps a size (PyTorch: `expand`).
  public func expanded(to shape: Dims) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.expand(shape) } }
  /// Without dimensions of size 1 (PyTorch: `squeeze`).
  public func squeezed() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.squeeze() } }
  /// Without dimension `dim` if its size is 1 (PyTorch: `squeeze`).
  public func squeezed(along dim: Int) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.squeeze(dim) } }
  /// With a dimension of size 1 more (PyTorch: `unsqueeze`).
  public func unsqueezed(at dim: Int) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.unsqueeze(dim) } }
  /// A dense copy (PyTorch: `clone`).
  public func cloned() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.clone() } }
  /// Itself if it lies row-major without gaps, otherwise a copy that does (PyTorch: `contiguous`).
  public func contiguous() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.contiguous() } }
}

// MARK: Pieces

extension Tensor {
  /// x[start], x[start + step], … before `end` along a dimension (PyTorch: `x[start:end:step]`).
  public func sliced(along dim: Int = 0, from start: Int? = nil, to end: Int? = nil, by step: Int = 1) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.slice(dim, start, end, step) }
  }
  /// Without dimension `dim`: what lies there at `index` (PyTorch: `select`).
  public func selected(_ index: Int, along dim: Int) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.select(dim, index) }
  }
  /// What lies at index i of the first dimension (PyTorch: `x[i]`).
  public subscript(i: Int) -> Tensor { get throws(BackpropError) { try selected(i, along: 0) } }
  /// The range of the first dimension (PyTorch: `x[a:b]`).
  public subscript(range: Range<Int>) -> Tensor {
    get throws(BackpropError) { try sliced(from: range.lowerBound, to: range.upperBound) }
  }

  /// One after another along a dimension (PyTorch: `cat`).
  public static func concatenated(_ tensors: [Tensor], along dim: Int = 0) throws(BackpropError) -> Tensor {
    try joined(tensors, "cat") { (values) throws(Failure) in try .cat(values, dim) }
  }
  /// One after another along a new dimension (PyTorch: `stack`).
  public static func stacked(_ tensors: [Tensor], along dim: Int = 0) throws(BackpropError) -> Tensor {
    try joined(tensors, "stack") { (values) throws(Failure) in try .stack(values, dim) }
  }

  private static func joined(
    _ tensors: [Tensor], _ name: String, _ join: (UnsafeBufferPointer<Value>) throws(Failure) -> Value
  ) throws(BackpropError) -> Tensor {
    guard let first = tensors.first else { throw BackpropError(.argument, "\(name): no tensors given") }
    let values = tensors.map { $0.value }
    return try first.make { () throws(Failure) in
      try values.withUnsafeBufferPointer { (buffer) -> Result<Value, Failure> in
        do throws(Failure) { return .success(try join(buffer)) } catch { return .failure(error) }
      }.get()
    }
  }
}

// MARK: By index tensors (int64, int32)

extension Tensor {
  /// y[i][j] = x[index[i][j]][j], and so along any dimension (PyTorch: `gather`).
  public func gathered(along dim: Int, at index: Tensor) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.gather(dim, index.value) }
  }
  /// x with source[i][j] added at [index[i][j]][j] (PyTorch: `scatter_add`).
  public func scatterAdding(_ source: Tensor, along dim: Int, at index: Tensor) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.scatterAdd(dim, index.value, source.value) }
  }
  /// The slices named by a list of indices (PyTorch: `index_select`).
  public func selected(_ index: Tensor, along dim: Int = 0) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.indexSelect(dim, index.value) }
  }
  /// x with source's slices added at the listed indices (PyTorch: `index_add`).
  public func indexAdding(_ source: Tensor, along dim: Int, at index: Tensor) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.indexAdd(dim, index.value, source.value) }
  }
  /// Rows of this matrix [V, C] at indices of any shape; the row `padding` gets no gradient (PyTorch: `embedding`).
  ///
  /// - maxNorm: rows longer than this, in the norm of order `normType`, are shortened first, in the matrix itself.
  /// - scalesGradient: a row's gradient is divided by how often it is looked up.
  public func embedding(
    of indices: Tensor, padding: Int? = nil, maxNorm: Double? = nil, normType: Double = 2, scalesGradient: Bool = false
  ) throws(BackpropError) -> Tensor {
    var o = EmbeddingOptions()
    o.padding = padding
    o.maxNorm = maxNorm
    o.normType = normType
    o.scaleGradient = scalesGradient
    return try make { () throws(Failure) in try indices.value.embedding(value, o) }
  }
}
