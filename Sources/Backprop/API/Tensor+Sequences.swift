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

extension Tensor {
  /// The pairs of the last dimension of [.., T, E] turned by position·base^(−2i/E), i the pair's number (PyTorch has no such function; Su
  /// et al. 2021).
  ///
  /// - positions: numbers that stretch to [.., T]; nil: 0 … T − 1.
  /// - rotating: how many elements turn, an even number; nil: all.
  /// - interleaved: pairs (2i, 2i + 1) instead of (i, i + E/2).
  public func rotaryEmbedding(
    positions: Tensor? = nil, base: Double = 10000, rotating: Int? = nil, interleaved: Bool = false
  ) throws(BackpropError) -> Tensor {
    var o = RotaryOptions()
    o.base = base
    o.size = rotating
    o.interleaved = interleaved
    return try make { () throws(Failure) in try value.rotaryEmbedding(positions?.value, o) }
  }

  /// How the rows of a bag become one.
  public enum BagMode: Int32, Sendable { case sum = 0, mean = 1, max = 2 }

  /// Sums, means or maxima of bags of this matrix's rows: a bag is a row of indices [B, K], or what lies between two offsets of a list
  /// (PyTorch: `embedding_bag`).
  public func embeddingBag(
    of indices: Tensor, offsets: Tensor? = nil, mode: BagMode = .mean, weights: Tensor? = nil, padding: Int? = nil,
    includesLastOffset: Bool = false, maxNorm: Double? = nil, normType: Double = 2, scalesGradient: Bool = false
  ) throws(BackpropError) -> Tensor {
    var o = EmbeddingOptions()
    o.mode = EmbeddingOptions.Mode(rawValue: mode.rawValue) ?? .mean
    o.perSampleWeights = weights?.value
    o.padding = padding
    o.includeLastOffset = includesLastOffset
    o.maxNorm = maxNorm
    o.normType = normType
    o.scaleGradient = scalesGradient
    return try make { () throws(Failure) in try indices.value.embeddingBag(value, offsets?.value, o) }
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
