// Order and running sums. Indices are int64; gradients go to the elements that were chosen.

extension Tensor {
  /// Elements with their places along a dimension.
  public typealias Chosen = (values: Tensor, indices: Tensor)

  private func choose(_ body: () throws(Failure) -> (values: Value, indices: Value)) throws(BackpropError) -> Chosen {
    let r = try lift(body)
    return (Tensor(r.values, in: context), Tensor(r.indices, in: context))
  }

  /// NaN counts as the largest; equals keep their order (PyTorch: `sort`).
  public func sorted(along dim: Int = -1, descending: Bool = false) throws(BackpropError) -> Chosen {
    try choose { () throws(Failure) in try value.sort(dim, descending: descending) }
  }
  /// The indices that sort (PyTorch: `argsort`).
  public func sortingIndices(along dim: Int = -1, descending: Bool = false) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.argsort(dim, descending: descending) }
  }
  /// Sorted along dimension 0 (PyTorch: `msort`).
  public func msorted() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.msort() } }
  /// The k largest or smallest, best first (PyTorch: `topk`).
  public func top(_ k: Int, along dim: Int = -1, largest: Bool = true) throws(BackpropError) -> Chosen {
    try choose { () throws(Failure) in try value.topk(k, dim, largest: largest) }
  }
  /// The k-th smallest, k from 1 (PyTorch: `kthvalue`).
  public func smallest(_ k: Int, along dim: Int = -1, keepsDimensions: Bool = false) throws(BackpropError) -> Chosen {
    try choose { () throws(Failure) in try value.kthvalue(k, dim, keep: keepsDimensions) }
  }
  /// The most frequent, of several the smallest (PyTorch: `mode`).
  public func mode(along dim: Int = -1, keepsDimensions: Bool = false) throws(BackpropError) -> Chosen {
    try choose { () throws(Failure) in try value.mode(dim, keep: keepsDimensions) }
  }
  /// The lower of the two in the middle; of all, equals share the gradient (PyTorch: `median`, `nanmedian`).
  public func median(ignoringNaN: Bool = false) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.median(passingNaN: ignoringNaN) }
  }
  /// The lower of the two in the middle (PyTorch: `median`, `nanmedian`).
  public func median(along dim: Int, keepsDimensions: Bool = false, ignoringNaN: Bool = false) throws(BackpropError) -> Chosen {
    try choose { () throws(Failure) in try value.median(dim, keep: keepsDimensions, passingNaN: ignoringNaN) }
  }
  /// The different elements, sorted; which of them each element is; how often each occurs (PyTorch: `unique`). No gradient.
  public func unique() throws(BackpropError) -> (values: Tensor, inverse: Tensor, counts: Tensor) { try unique(false) }
  /// Runs of equals made one (PyTorch: `unique_consecutive`). No gradient.
  public func uniqueConsecutive() throws(BackpropError) -> (values: Tensor, inverse: Tensor, counts: Tensor) { try unique(true) }

  private func unique(_ consecutive: Bool) throws(BackpropError) -> (values: Tensor, inverse: Tensor, counts: Tensor) {
    let r = try lift { () throws(Failure) in try value.unique(consecutive: consecutive) }
    return (Tensor(r.values, in: context), Tensor(r.inverse, in: context), Tensor(r.counts, in: context))
  }

  /// Sums up to each element (PyTorch: `cumsum`).
  public func cumulativeSum(along dim: Int) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.cumsum(dim) } }
  /// Products up to each element (PyTorch: `cumprod`).
  public func cumulativeProduct(along dim: Int) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.cumprod(dim) } }
  /// ln Σ eˣ up to each element (PyTorch: `logcumsumexp`).
  public func cumulativeLogSumExp(along dim: Int) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.logcumsumexp(dim) } }
  /// The largest up to each element, the last of equals (PyTorch: `cummax`).
  public func cumulativeMaximum(along dim: Int) throws(BackpropError) -> Chosen {
    try choose { () throws(Failure) in try value.cumulativeExtreme(largest: true, dim) }
  }
  /// The smallest up to each element, the last of equals (PyTorch: `cummin`).
  public func cumulativeMinimum(along dim: Int) throws(BackpropError) -> Chosen {
    try choose { () throws(Failure) in try value.cumulativeExtreme(largest: false, dim) }
  }
}
