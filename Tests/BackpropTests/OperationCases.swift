// One case or more per operation: float64 inputs of given shapes and a function of them, differentiable at those points.
import Backprop

/// A differentiable function of some inputs.
struct Case: Sendable {
  /// Where the inputs' elements lie: away from kinks, poles and ties of the function.
  enum Domain: Sendable {
    /// −2…2
    case any
    /// 0.4…2
    case positive
    /// ±0.3…2, so that nothing happens near 0
    case awayFromZero
    /// −2…2, all different by at least 1/100
    case distinct
  }
  /// Name in the table of operations.
  let operation: String
  let shapes: [Dims]
  let domain: Domain
  /// Whether f also makes sense of inputs that are empty or of one element, all inputs shaped alike.
  let isElementwise: Bool
  let f: @Sendable ([Tensor]) throws -> Tensor

  init(
    _ operation: String, _ shapes: [Dims] = [[3, 4]], _ domain: Domain = .any, elementwise: Bool = false,
    _ f: @escaping @Sendable ([Tensor]) throws -> Tensor
  ) {
    self.operation = operation
    self.shapes = shapes
    self.domain = domain
    isElementwise = elementwise
    self.f = f
  }

  static func unary(_ operation: String, _ domain: Domain = .any, _ f: @escaping @Sendable (Tensor) throws -> Tensor) -> Case {
    Case(operation, [[3, 4]], domain, elementwise: true) { try f($0[0]) }
  }
  static func binary(_ operation: String, _ domain: Domain = .any, _ f: @escaping @Sendable (Tensor, Tensor) throws -> Tensor) -> Case {
    Case(operation, [[3, 4], [3, 4]], domain, elementwise: true) { try f($0[0], $0[1]) }
  }
}

/// Whole-number results, or a gradient that is 0 by definition.
let withoutGradientByNature: Set<String> = ["eq", "ne", "lt", "le", "gt", "ge", "logical_not", "argmax", "argmin", "detach"]

private func mask() throws -> Tensor { try Tensor([true, false, true, true, false, false, true, false, true, true, true, false], shape: [3, 4]) }

let cases: [Case] =
  [
    .binary("add") { try $0 + $1 },
    .binary("sub") { try $0 - $1 },
    .binary("mul") { try $0 * $1 },
    .binary("div", .awayFromZero) { try $0 / $1 },
    .binary("pow", .positive) { try $0.pow($1) },
    .unary("pow", .awayFromZero) { try $0.pow(3) },
    .unary("pow", .positive) { try $0.pow(-1.5) },
    .binary("maximum", .distinct) { try $0.maximum($1) },
    .binary("minimum", .distinct) { try $0.minimum($1) },
    .unary("neg") { try -$0 },
    .unary("abs", .awayFromZero) { try $0.abs() },
    .unary("sign", .awayFromZero) { try $0.sign() * $0 },
    .unary("square") { try $0.square() },
    .unary("sqrt", .positive) { try $0.sqrt() },
    .unary("rsqrt", .positive) { try $0.rsqrt() },
    .unary("reciprocal", .awayFromZero) { try $0.reciprocal() },
    .unary("exp") { try $0.exp() },
    .unary("log", .positive) { try $0.log() },
    .unary("sin") { try $0.sin() },
    .unary("cos") { try $0.cos() },
    .unary("erf") { try $0.erf() },
    .unary("relu", .awayFromZero) { try $0.relu() * $0 },
    .unary("sigmoid") { try $0.sigmoid() },
    .unary("tanh") { try $0.tanh() },
    .unary("gelu") { try $0.gelu() },
    .unary("gelu") { try $0.gelu(approximatedByTanh: true) },
    .unary("softplus") { try $0.softplus() },
    .unary("clamp", .distinct) { try $0.clamped(min: -0.5551, max: 0.7772) * $0 },
    .unary("to") { try $0.converted(to: .float64) * $0 },
    .unary("clone") { try $0.cloned().square() },
    .unary("contiguous") { try $0.contiguous().square() },
    Case("where", [[3, 4], [3, 4]]) { try Tensor.choosing($0[0].square(), where: mask(), otherwise: $0[1].exp()) },
    Case("where", [[1, 4], [3, 1]]) { try Tensor.choosing($0[0], where: mask(), otherwise: $0[1] * $0[1]) },
  ] + reductionCases + shapeCases + networkCases

private let reductionCases: [Case] = [
  .unary("sum") { try $0.sum().square() },
  Case("sum") { try $0[0].sum(along: 1).square() },
  Case("sum", [[2, 3, 4]]) { try $0[0].sum(along: 0, -1, keepsDimensions: true).square() },
  Case("mean") { try $0[0].mean().square() },
  Case("mean", [[2, 3, 4]]) { try $0[0].mean(along: 1).square() },
  Case("var") { try $0[0].variance() },
  Case("var", [[2, 3, 4]]) { try $0[0].variance(along: 0, 2, correction: 0, keepsDimensions: true) },
  Case("amax", [[3, 4]], .distinct) { try $0[0].amax(along: 1).square() },
  Case("amax", [[3, 4]], .distinct) { try $0[0].amax().square() },
  Case("amin", [[2, 3, 4]], .distinct) { try $0[0].amin(along: 0, 1, keepsDimensions: true).square() },
  Case("max", [[3, 4]], .distinct) { try $0[0].max(along: 0).values.square() },
  Case("min", [[3, 4]], .distinct) { try $0[0].min(along: -1, keepsDimensions: true).values.square() },
]

private let shapeCases: [Case] = [
  Case("reshape") { try $0[0].reshaped(to: [2, -1]).square() },
  Case("reshape") { try $0[0].transposed().reshaped(to: [6, 2]).square() },
  Case("flatten", [[2, 3, 4]]) { try $0[0].flattened(from: 1).square() },
  Case("permute", [[2, 3, 4]]) { try $0[0].permuted([2, 0, 1]).square() },
  Case("transpose") { try $0[0].transposed().square() },
  Case("expand", [[3, 1]]) { try $0[0].expanded(to: [2, 3, 4]).square() },
  Case("slice", [[5, 6]]) { try $0[0].sliced(along: 1, from: 1, to: 6, by: 2).square() },
  Case("slice", [[5, 6]]) { try $0[0][1..<3].square() },
  Case("select", [[5, 6]]) { try $0[0].selected(-2, along: 0).square() },
  Case("cat", [[3, 4], [2, 4]]) { try Tensor.concatenated([$0[0], $0[1], $0[0].sin()]).square() },
  Case("cat", [[2, 2]]) { x in try Tensor.concatenated((1...6).map { try x[0] * $0 }, along: 1).square() },
  Case("stack", [[3, 4], [3, 4]]) { try Tensor.stacked([$0[0], $0[1].sin()], along: -1).square() },
  Case("squeeze", [[3, 1, 4]]) { try $0[0].squeezed(along: 1).square() },
  Case("squeeze", [[1, 3, 1]]) { try $0[0].squeezed().square() },
  Case("unsqueeze") { try $0[0].unsqueezed(at: 1).square() },
  Case("gather", [[3, 4]]) { try $0[0].gathered(along: 1, at: Tensor([[0, 0], [3, 1], [2, 2]])).square() },
  Case("scatter_add", [[3, 4], [3, 2]]) { try $0[0].scatterAdding($0[1], along: 1, at: Tensor([[0, 0], [3, 1], [2, 2]])).square() },
  Case("index_select", [[3, 4]]) { try $0[0].selected(Tensor([2, 0, 2])).square() },
  Case("index_select", [[3, 4]]) { try $0[0].selected(Tensor([3, 3]), along: 1).square() },
  Case("index_add", [[3, 4], [3, 4]]) { try $0[0].indexAdding($0[1], along: 0, at: Tensor([2, 0, 2])).square() },
  Case("slice", [[3, 5, 4]]) { try $0[0].sliced(along: 1, from: 0, to: 2) * $0[0].sliced(along: 1, from: 3, to: 5) + $0[0][1].sliced(along: 0, from: 1, to: 3) },
  Case("slice", [[3, 6]]) { try $0[0].sliced(along: 1, from: 0, to: 6, by: 2) * $0[0].sliced(along: 1, from: 1, to: 6, by: 2) },
  Case("embedding", [[5, 3]]) { try $0[0].embedding(of: Tensor([[4, 0], [4, 2]])).square() },
]

/// All that comes out of a recurrent layer, in one number.
private func layer(_ kind: RecurrentLayer.Kind, _ x: [Tensor], reverse: Bool = false) throws -> Tensor {
  func at(_ i: Int) -> Tensor? { i < x.count ? x[i] : nil }
  let y = try x[0].recurrent(
    RecurrentLayer(kind, inputWeight: x[1], hiddenWeight: x[2], inputBias: at(3), hiddenBias: at(4)), state: at(5), cell: at(6), reverse: reverse)
  let sum = try y.states.square().sum() + y.last.sum()
  return try y.lastCell.map { try sum + $0.square().sum() } ?? sum
}

private let networkCases: [Case] = [
  Case("matmul", [[3, 4], [4, 2]]) { try $0[0].matmul($0[1]) },
  Case("matmul", [[4], [4, 2]]) { try $0[0].matmul($0[1]) },
  Case("matmul", [[3, 4], [4]]) { try $0[0].matmul($0[1]) },
  Case("matmul", [[4], [4]]) { try $0[0].matmul($0[1]) },
  Case("matmul", [[2, 1, 3, 4], [3, 4, 2]]) { try $0[0].matmul($0[1]) },
  Case("matmul", [[2, 3, 4], [4, 2]]) { try $0[0].matmul($0[1]) },
  Case("matmul", [[3, 4], [2, 4]]) { try $0[0].matmul($0[1].transposed()) },
  Case("matmul", [[3, 1], [4, 2]]) { try $0[0].expanded(to: [3, 4]).matmul($0[1]) },
  Case("linear", [[3, 4], [2, 4], [2]]) { try $0[0].linear(weight: $0[1], bias: $0[2]) },
  Case("linear", [[2, 3, 4], [2, 4]]) { try $0[0].linear(weight: $0[1]) },
  Case("linear", [[4], [2, 4], [2]]) { try $0[0].linear(weight: $0[1], bias: $0[2]) },
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
  Case("mse_loss", [[3, 4], [3, 4]]) { try $0[0].meanSquaredError(to: $0[1]) },
  Case("mse_loss", [[3, 4], [4]]) { try $0[0].meanSquaredError(to: $0[1], reduction: .sum) },
  Case("cross_entropy") { try $0[0].crossEntropy(with: Tensor([1, 3, 0])) },
  Case("cross_entropy", [[3, 4]]) {
    try $0[0].crossEntropy(
      with: Tensor([1, -100, 0]), weight: Tensor([0.5, 2, 1, 3], dtype: .float64), labelSmoothing: 0.1)
  },
  Case("cross_entropy", [[2, 3, 2]]) { try $0[0].crossEntropy(with: Tensor([[2, 0], [1, 1]]), reduction: .none) },
  Case("cross_entropy", [[3, 4], [4]]) { try $0[0].crossEntropy(with: Tensor([1, -100, 0]), weight: $0[1].exp(), labelSmoothing: 0.1) },
  Case("cross_entropy", [[4]]) { try $0[0].crossEntropy(with: Tensor(2)) },
  Case("nll_loss") { try $0[0].negativeLogLikelihood(of: Tensor([1, 3, 0]), ignoreIndex: 3) },
  Case("nll_loss", [[2, 3, 2]]) {
    try $0[0].negativeLogLikelihood(of: Tensor([[2, 0], [1, 1]]), weight: Tensor([0.5, 2, 1], dtype: .float64), reduction: .none).square()
  },
  Case("cross_entropy", [[3, 4], [3, 4]]) { try $0[0].crossEntropy(with: $0[1].softmax(along: 1), labelSmoothing: 0.2, reduction: .sum) },
  .binary("binary_cross_entropy_with_logits") { try $0.binaryCrossEntropyWithLogits(to: $1.sigmoid()) },
  Case("binary_cross_entropy_with_logits", [[3, 4], [3, 4]]) {
    try $0[0].binaryCrossEntropyWithLogits(
      to: $0[1].sigmoid(), weight: Tensor([1.0, 2, 3, 4], dtype: .float64), positiveWeight: Tensor(2.0, dtype: .float64), reduction: .sum)
  },
  Case("conv2d", [[2, 2, 4, 5], [3, 2, 2, 3], [3]]) { try $0[0].conv2d(weight: $0[1], bias: $0[2]) },
  Case("conv2d", [[1, 2, 5, 6], [2, 2, 3, 2]]) { try $0[0].conv2d(weight: $0[1], stride: Pair(2, 3), padding: Pair(1, 2), dilation: Pair(1, 2)) },
  Case("conv2d", [[2, 4, 3, 3], [6, 2, 2, 2], [6]]) { try $0[0].conv2d(weight: $0[1], bias: $0[2], padding: 1, groups: 2) },
  Case("conv2d", [[1, 3, 4, 4], [3, 1, 3, 3]]) { try $0[0].conv2d(weight: $0[1], stride: 2, padding: 1, groups: 3) },
  Case("conv2d", [[2, 3, 3], [2, 2, 1, 1]]) { try $0[0].conv2d(weight: $0[1]) },
  Case("conv1d", [[2, 2, 6], [3, 2, 3], [3]]) { try $0[0].conv1d(weight: $0[1], bias: $0[2], stride: 2, padding: 1) },
  Case("conv_transpose2d", [[1, 2, 3, 3], [2, 2, 3, 2], [2]]) {
    try $0[0].convTranspose2d(weight: $0[1], bias: $0[2], stride: Pair(2, 3), padding: Pair(1, 0), outputPadding: Pair(1, 0))
  },
  Case("conv_transpose2d", [[2, 4, 2, 3], [4, 1, 2, 2]]) { try $0[0].convTranspose2d(weight: $0[1], dilation: 2, groups: 2) },
  Case("max_pool2d", [[2, 2, 4, 5]], .distinct) { try $0[0].maxPool2d(kernel: 2) },
  Case("max_pool2d", [[1, 5, 6]], .distinct) { try $0[0].maxPool2d(kernel: 3, stride: 2, padding: 1, ceilMode: true) },
  Case("max_pool2d", [[1, 1, 5, 5]], .distinct) { try $0[0].maxPool2d(kernel: Pair(2, 3), stride: 1, dilation: Pair(2, 1)) },
  Case("avg_pool2d", [[2, 2, 4, 5]]) { try $0[0].averagePool2d(kernel: 2) },
  Case("avg_pool2d", [[1, 1, 5, 6]]) { try $0[0].averagePool2d(kernel: 3, stride: 2, padding: 1, ceilMode: true, countsPadding: false) },
  Case("avg_pool2d", [[1, 4, 4]]) { try $0[0].averagePool2d(kernel: Pair(2, 3), stride: 1, divisor: 5) },
  Case("max_pool1d", [[2, 2, 7]], .distinct) { try $0[0].maxPool1d(kernel: 3, stride: 2, padding: 1) },
  Case("avg_pool1d", [[2, 2, 7]]) { try $0[0].averagePool1d(kernel: 3, stride: 2, padding: 1) },
  Case("adaptive_avg_pool2d", [[1, 2, 5, 6]]) { try $0[0].adaptiveAveragePool2d(Pair(3, 4)) },
  Case("adaptive_avg_pool2d", [[2, 4, 6]]) { try $0[0].adaptiveAveragePool2d(Pair(2, 3)) },
  Case("adaptive_avg_pool2d", [[2, 2, 3, 3]]) { try $0[0].adaptiveAveragePool2d(1) },
]
