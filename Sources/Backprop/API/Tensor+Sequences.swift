// Attention and recurrent layers. L queries, S keys, E and Ev the sizes of their rows; T steps, B batch, I and H the sizes of inputs and states.
import KernelAPI

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

/// The weights of one recurrent layer and direction: input [G, I], hidden [G, H], biases [G] or none. G: the gates of a step, in PyTorch's
/// order: 4·H (lstm: i, f, g, o), 3·H (gru: r, z, n) or H.
public struct RecurrentLayer {
  public enum Kind: Sendable { case lstm, gru, tanh, relu }
  public var kind: Kind
  public var inputWeight: Tensor, hiddenWeight: Tensor
  public var inputBias: Tensor?, hiddenBias: Tensor?

  public init(_ kind: Kind, inputWeight: Tensor, hiddenWeight: Tensor, inputBias: Tensor? = nil, hiddenBias: Tensor? = nil) {
    self.kind = kind
    self.inputWeight = inputWeight
    self.hiddenWeight = hiddenWeight
    self.inputBias = inputBias
    self.hiddenBias = hiddenBias
  }
}

extension Tensor {
  /// self [T, B, I] through one recurrent layer in one direction: all states [T, B, H], the last state [B, H] and, of an lstm, the last
  /// cell. States that are not given start as zeros. `reverse`: from the last step to the first (PyTorch: `lstm`, `gru`, `rnn_tanh`, `rnn_relu`).
  public func recurrent(
    _ layer: RecurrentLayer, state: Tensor? = nil, cell: Tensor? = nil, reverse: Bool = false
  ) throws(BackpropError) -> (states: Tensor, last: Tensor, lastCell: Tensor?) {
    let kind: RecurrentKind =
      switch layer.kind {
      case .lstm: .lstm
      case .gru: .gru
      case .tanh: .tanh
      case .relu: .relu
      }
    let weights = RecurrentWeights(layer.inputWeight.value, layer.hiddenWeight.value, layer.inputBias?.value, layer.hiddenBias?.value)
    let y = try lift { () throws(Failure) in try value.recurrent(kind, h0: state?.value, c0: cell?.value, weights, reverse: reverse) }
    return (Tensor(y.states, in: context), Tensor(y.last, in: context), y.lastCell.map { Tensor($0, in: context) })
  }
}
