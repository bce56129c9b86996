// Attention. L queries, S keys, E and Ev the sizes of their rows.

extension Tensor {
  /// softmax(scale·q·keysᵀ + mask)·values for q = self [.., L, E], keys [.., S, E], values [.., S, Ev] → [.., L, Ev], without the table
  /// of all scores (PyTorch: `scaled_dot_product_attention`).
  ///
  /// - mask: bool, true where a key counts, or numbers added to the scores; stretched to [.., L, S].
  /// - isCausal: query i sees the keys 0 … i; excludes a mask.
  /// - scale: 1/√E if nil.
  /// - dropout: the probability with which a weight is dropped.
  /// - isGrouped: keys and values have fewer heads (dimension −3), each for a group of neighbouring query heads.
  public func attention(
    to keys: Tensor, values: Tensor, mask: Tensor? = nil, isCausal: Bool = false, scale: Double? = nil, dropout: Double = 0,
    isGrouped: Bool = false
  ) throws(BackpropError) -> Tensor {
    var o = AttentionOptions()
    o.isCausal = isCausal
    o.dropout = dropout
    o.scale = scale
    o.enableGQA = isGrouped
    return try make { () throws(Failure) in try value.attention(keys.value, values.value, mask: mask?.value, o) }
  }
}
