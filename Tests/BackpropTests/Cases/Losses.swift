// Losses.
import Backprop

let lossCases: [Case] = [
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
]
