// Norms, attention, recurrence, dropout.
import Backprop

/// All that comes out of a recurrent layer, in one number.
private func layer(_ kind: RecurrentLayer.Kind, _ x: [Tensor], reverse: Bool = false) throws -> Tensor {
  func at(_ i: Int) -> Tensor? { i < x.count ? x[i] : nil }
  let y = try x[0].recurrent(
    RecurrentLayer(kind, inputWeight: x[1], hiddenWeight: x[2], inputBias: at(3), hiddenBias: at(4)), state: at(5), cell: at(6), reverse: reverse)
  let sum = try y.states.square().sum() + y.last.sum()
  return try y.lastCell.map { try sum + $0.square().sum() } ?? sum
}

let networkCases: [Case] = [
  Case("softmax") { try $0[0].softmax(along: 1) },
  Case("softmax", [[2, 3, 4]]) { try $0[0].softmax(along: 1) },
  Case("log_softmax") { try $0[0].logSoftmax(along: -1) },
  Case("log_softmax", [[2, 3, 4]]) { try $0[0].logSoftmax(along: 0) },
  Case("layer_norm", [[3, 4], [4], [4]]) { try $0[0].layerNorm(over: [4], weight: $0[1], bias: $0[2]) },
  Case("layer_norm", [[2, 3, 4]]) { try $0[0].layerNorm(over: [3, 4]) },
  Case("rms_norm", [[3, 4], [4]]) { try $0[0].rmsNorm(over: [4], weight: $0[1], epsilon: 0.1) },
  Case("rms_norm", [[2, 3, 4]]) { try $0[0].rmsNorm(over: [3, 4], epsilon: 0.1) },
  Case("batch_norm", [[5, 3], [3], [3]]) { try $0[0].batchNorm(weight: $0[1], bias: $0[2], training: true, epsilon: 0.1) },
  Case("batch_norm", [[2, 3, 2, 2], [3], [3]]) { try $0[0].batchNorm(weight: $0[1], bias: $0[2], training: true) },
  Case("batch_norm", [[4, 2, 3]]) { try $0[0].batchNorm(training: true) },
  Case("batch_norm", [[3, 2, 3], [2], [2]]) {
    try $0[0].batchNorm(
      runningMean: Tensor([0.5, -1], dtype: .float64), runningVariance: Tensor([2.0, 0.7], dtype: .float64), weight: $0[1], bias: $0[2],
      training: false)
  },
  Case("group_norm", [[2, 4, 3], [4], [4]]) { try $0[0].groupNorm(groups: 2, weight: $0[1], bias: $0[2]) },
  Case("group_norm", [[2, 4]]) { try $0[0].groupNorm(groups: 1, epsilon: 0.1) },
  Case("scaled_dot_product_attention", [[3, 4], [5, 4], [5, 2]]) { try $0[0].attention(to: $0[1], values: $0[2]) },
  Case("scaled_dot_product_attention", [[2, 2, 3, 4], [2, 2, 5, 4], [2, 2, 5, 2]]) { try $0[0].attention(to: $0[1], values: $0[2], isCausal: true, scale: 0.8).square() },
  Case("scaled_dot_product_attention", [[2, 4, 3, 2], [2, 2, 3, 2], [1, 2, 3, 2], [3, 3]]) {
    try $0[0].attention(to: $0[1], values: $0[2], mask: $0[3], isGrouped: true)
  },
  Case("scaled_dot_product_attention", [[3, 4], [3, 4], [3, 4]]) {
    try $0[0].attention(to: $0[1], values: $0[2], mask: Tensor([true, false, true, false, false, false, true, true, true], shape: [3, 3]))
  },
  Case("lstm", [[3, 2, 2], [8, 2], [8, 2], [8], [8], [2, 2], [2, 2]]) { try layer(.lstm, $0) },
  Case("lstm", [[2, 1, 2], [12, 2], [12, 3]]) { try layer(.lstm, $0, reverse: true) },
  Case("gru", [[3, 2, 2], [6, 2], [6, 2], [6], [6], [2, 2]]) { try layer(.gru, $0) },
  Case("gru", [[2, 1, 2], [9, 2], [9, 3]]) { try layer(.gru, $0, reverse: true) },
  Case("rnn_tanh", [[3, 2, 2], [2, 2], [2, 2], [2], [2], [2, 2]]) { try layer(.tanh, $0) },
  Case("rnn_tanh", [[2, 1, 2], [3, 2], [3, 3]]) { try layer(.tanh, $0, reverse: true) },
  Case("rnn_relu", [[3, 2, 2], [2, 2], [2, 2], [2], [2], [2, 2]], .positive) { try layer(.relu, $0) },
  Case("dropout", [[3, 4], [3, 4], [3, 4]]) { x in
    try x[0].context.seed(3)
    return try x[0].attention(to: x[1], values: x[2], dropout: 0.3)
  },
  // The mask must be the same in every call.
  Case("dropout") { x in
    try x[0].context.seed(3)
    return try x[0].dropout(0.4).square()
  },
]
