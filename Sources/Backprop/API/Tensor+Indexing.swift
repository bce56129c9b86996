// Elements chosen and written by index tensors (int64, int32) and bool masks. What writes makes a new tensor, except `write`.

extension Tensor {
  /// x[indices[0], indices[1], …]; nil is all of a dimension, a mask stands for as many dimensions as it has (PyTorch: `x[i, :, j]`).
  public func indexed(_ indices: [Tensor?]) throws(BackpropError) -> Tensor {
    try withList(indices) { (list) throws(Failure) in try value.indexed(list) }
  }
  /// With `values` at the places that `indexed` reads, or added there (PyTorch: `index_put`).
  public func indexPutting(_ values: Tensor, at indices: [Tensor?], accumulate: Bool = false) throws(BackpropError) -> Tensor {
    try withList(indices) { (list) throws(Failure) in try value.indexPut(list, values.value, accumulate) }
  }
  /// The same in this tensor's memory, which its views see; not while a gradient is recorded (PyTorch: `index_put_`).
  public func write(_ values: Tensor, at indices: [Tensor?], accumulate: Bool = false) throws(BackpropError) {
    _ = try withList(indices) { (list) throws(Failure) in
      let t = try value.indexPut_(list, values.value, accumulate)
      return try t.again()
    }
  }

  private func withList(_ indices: [Tensor?], _ body: (UnsafeBufferPointer<Value?>) throws(Failure) -> Value) throws(BackpropError) -> Tensor {
    let values = indices.map { $0?.value }
    return try make { () throws(Failure) in
      try values.withUnsafeBufferPointer { (buffer) -> Result<Value, Failure> in
        do throws(Failure) { return .success(try body(buffer)) } catch { return .failure(error) }
      }.get()
    }
  }

  /// With y[index[i][j]][j] = source[i][j]; a 0-dimensional source is written everywhere (PyTorch: `scatter`).
  public func scattering(_ source: Tensor, along dim: Int, at index: Tensor) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.scatter(dim, index.value, source.value) }
  }

  /// What becomes of elements that meet in one place.
  public enum Meeting: Sendable { case sum, prod, mean, amax, amin }
  private func reduction(_ m: Meeting) -> ScatterReduction {
    switch m {
    case .sum: .sum
    case .prod: .prod
    case .mean: .mean
    case .amax: .amax
    case .amin: .amin
    }
  }
  /// Source's elements that meet in one place reduced, with this tensor's own unless told otherwise (PyTorch: `scatter_reduce`).
  public func scatterReducing(
    _ source: Tensor, along dim: Int, at index: Tensor, by how: Meeting, includingSelf: Bool = true
  ) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.scatterReduce(dim, index.value, source.value, reduction(how), includingSelf) }
  }
  /// `scatterReducing` of whole slices, by anything but the sum (PyTorch: `index_reduce`).
  public func indexReducing(
    _ source: Tensor, along dim: Int, at index: Tensor, by how: Meeting, includingSelf: Bool = true
  ) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.indexReduce(dim, index.value, source.value, reduction(how), includingSelf) }
  }
  /// With source's slices at the listed indices (PyTorch: `index_copy`).
  public func indexCopying(_ source: Tensor, along dim: Int, at index: Tensor) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.indexCopy(dim, index.value, source.value) }
  }
  /// With a 0-dimensional value in the slices at the listed indices (PyTorch: `index_fill`).
  public func indexFilling(_ x: Tensor, along dim: Int, at index: Tensor) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.indexFill(dim, index.value, x.value) }
  }

  /// The flattened tensor's elements at indices of any shape (PyTorch: `take`).
  public func taking(_ index: Tensor) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.take(index.value) } }
  /// With source's elements at indices of the flattened tensor (PyTorch: `put`).
  public func putting(_ source: Tensor, at index: Tensor, accumulate: Bool = false) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.put(index.value, source.value, accumulate) }
  }
  /// `gathered` with both stretched to each other except along dim; nil: both flattened (PyTorch: `take_along_dim`).
  public func taking(_ index: Tensor, along dim: Int?) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.takeAlongDim(index.value, dim) }
  }
}

// MARK: Masks, and whole numbers without gradient

extension Tensor {
  /// With a 0-dimensional value where the mask is true (PyTorch: `masked_fill`).
  public func filled(_ x: Tensor, where mask: Tensor) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.maskedFill(mask.value, x.value) }
  }
  /// The elements where the mask is true, in a row (PyTorch: `masked_select`).
  public func selected(where mask: Tensor) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.maskedSelect(mask.value) } }
  /// With source's first elements at the mask's true places (PyTorch: `masked_scatter`).
  public func scattering(_ source: Tensor, where mask: Tensor) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.maskedScatter(mask.value, source.value) }
  }
  /// Coordinates of the elements that are not 0: int64 [count, rank] (PyTorch: `nonzero`).
  public func nonzero() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.nonzero() } }
  /// Labels as int64 [.., classes] with a 1 each; nil: as many classes as labels need (PyTorch: `nn.functional.one_hot`).
  public func oneHot(classes: Int? = nil) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.oneHot(classes) } }
}
