// Losses of pairs, margins and CTC; dropout, bags, instance and response norm, rotary embedding.
import Backprop

private func constant(_ elements: [Double], _ shape: Dims = [3, 4]) throws -> Tensor { try Tensor(elements, shape: shape, dtype: .float64) }
private func signs() throws -> Tensor { try constant([1, -1, 1, 1, -1, -1, 1, -1, -1, 1, -1, 1]) }
private func weights() throws -> Tensor { try constant([0.5, 1, 2, 1.5, 0.25, 3, 1, 1, 2, 0.75, 1.25, 1]) }

let lossFunctionCases: [Case] = [
  Case("mse_loss", [[3, 4], [3, 4]]) { try $0[0].meanSquaredError(to: $0[1], weight: weights()) },
  Case("l1_loss", [[3, 4], [3, 4]], .distinct) { try $0[0].meanAbsoluteError(to: $0[1], weight: weights()) },
  Case("l1_loss", [[3, 4], [4]], .distinct) { try $0[0].meanAbsoluteError(to: $0[1], reduction: .sum) },
  Case("smooth_l1_loss", [[3, 4], [3, 4]], .distinct) { try $0[0].smoothL1Loss(to: $0[1], beta: 0.7) },
  Case("huber_loss", [[3, 4], [3, 4]], .distinct) { try $0[0].huberLoss(to: $0[1], delta: 0.7, weight: weights(), reduction: .none) },
  Case("binary_cross_entropy", [[3, 4], [3, 4]]) { try $0[0].sigmoid().binaryCrossEntropy(to: $0[1].sigmoid(), weight: weights()) },
  Case("kl_div", [[3, 4], [3, 4]], .positive) { try $0[0].log().divergence(to: $0[1], reduction: .batchMean) },
  Case("kl_div", [[3, 4], [3, 4]]) { try $0[0].divergence(to: $0[1], targetIsLog: true) },
  Case("gaussian_nll_loss", [[3, 4], [3, 4], [3]], .positive) { try $0[0].gaussianLikelihoodLoss(of: $0[1], variance: $0[2], full: true) },
  Case("poisson_nll_loss", [[3, 4], [3, 4]], .positive) { try $0[0].poissonLikelihoodLoss(of: $0[1] + 1, full: true) },
  Case("poisson_nll_loss", [[3, 4], [3, 4]], .positive) { try $0[0].poissonLikelihoodLoss(of: $0[1], inputIsLog: false, reduction: .sum) },
  Case("soft_margin_loss") { try $0[0].softMarginLoss(to: signs()) },
  Case("hinge_embedding_loss") { try $0[0].hingeEmbeddingLoss(to: signs(), margin: 0.613) },
  Case("margin_ranking_loss", [[3, 4], [3, 4]], .distinct) { try $0[0].marginRankingLoss(over: $0[1], target: signs(), margin: 0.3117) },
  Case("cosine_embedding_loss", [[3, 4], [3, 4]]) {
    try $0[0].cosineEmbeddingLoss(with: $0[1], target: constant([1, -1, -1], [3]), margin: -0.9, reduction: .sum)
  },
  Case("triplet_margin_loss", [[3, 4], [3, 4], [3, 4]]) { try $0[0].tripletMarginLoss(positive: $0[1], negative: $0[2], margin: 3) },
  Case("triplet_margin_loss", [[3, 4], [3, 4], [3, 4]]) {
    try $0[0].tripletMarginLoss(positive: $0[1], negative: $0[2], margin: 3, p: 3, swap: true, reduction: .none)
  },
  Case("multi_margin_loss", [[3, 4]], .distinct) { try $0[0].multiMarginLoss(of: Tensor([1, 3, 0]), margin: 0.7117) },
  Case("multi_margin_loss", [[3, 4]], .distinct) {
    try $0[0].multiMarginLoss(of: Tensor([1, 3, 0]), p: 2, margin: 1.0117, weight: constant([0.5, 2, 1, 3], [4]), reduction: .none)
  },
  Case("multilabel_margin_loss", [[2, 4]], .distinct) { try $0[0].multilabelMarginLoss(of: Tensor([3, 0, -1, 1, 2, -1, 0, 0], shape: [2, 4])) },
  Case("multilabel_soft_margin_loss") { try $0[0].multilabelSoftMarginLoss(to: signs() * 0.5 + 0.5, weight: constant([0.5, 2, 1, 3], [4])) },
  Case("ctc_loss", [[5, 2, 3]]) {
    try $0[0].logSoftmax(along: 2).ctcLoss(
      of: Tensor([1, 1, 2, 0], shape: [2, 2]), inputLengths: Tensor([5, 4]), labelLengths: Tensor([2, 1]))
  },
  Case("ctc_loss", [[4, 3]]) {
    try $0[0].logSoftmax(along: 1).ctcLoss(of: Tensor([0, 1, 0]), inputLengths: Tensor(4), labelLengths: Tensor(3), blank: 2, reduction: .sum)
  },
  Case("instance_norm", [[2, 3, 4], [3], [3]]) { try $0[0].instanceNorm(weight: $0[1], bias: $0[2]) },
  Case("instance_norm", [[2, 2, 3], [2]]) {
    try $0[0].instanceNorm(
      runningMean: constant([0.5, -1], [2]), runningVariance: constant([2, 0.7], [2]), weight: $0[1], usesInputStatistics: false)
  },
  Case("local_response_norm", [[2, 4, 3]]) { try $0[0].localResponseNorm(size: 3, alpha: 0.5) },
  Case("local_response_norm", [[1, 3, 2]]) { try $0[0].localResponseNorm(size: 2, alpha: 0.5, k: 2) },
  Case("dropout1d", [[2, 3, 4]]) { try $0[0].channelDropout(1, training: true, spatialRank: 1) },
  Case("dropout2d", [[2, 3, 2, 2]]) { try $0[0].channelDropout(training: false, spatialRank: 2) },
  Case("dropout3d", [[2, 2, 1, 2, 2]]) { try $0[0].channelDropout(0, training: true, spatialRank: 3) },
  Case("alpha_dropout") { try $0[0].alphaDropout(1, training: true) },
  Case("feature_alpha_dropout", [[2, 3, 2]]) { try $0[0].channelAlphaDropout(training: false) },
  Case("embedding", [[4, 3]]) { try $0[0].embedding(of: Tensor([2, 0, 2]), padding: 3).square() },
  Case("embedding_bag", [[4, 3], [5]]) {
    try $0[0].embeddingBag(of: Tensor([2, 0, 2, 3, 1]), offsets: Tensor([0, 2, 2]), mode: .sum, weights: $0[1], padding: -1).square()
  },
  Case("embedding_bag", [[4, 3]]) { try $0[0].embeddingBag(of: Tensor([2, 0, 2, 1], shape: [2, 2])).square() },
  Case("embedding_bag", [[4, 3]], .distinct) {
    try $0[0].embeddingBag(of: Tensor([2, 0, 3, 1]), offsets: Tensor([0, 3, 4]), mode: .max, includesLastOffset: true).square()
  },
  Case("rotary_embedding", [[2, 3, 4]]) { try $0[0].rotaryEmbedding(base: 10).square() },
  Case("rotary_embedding", [[2, 3, 6]]) {
    try $0[0].rotaryEmbedding(positions: constant([0.5, 3, 7], [3]), base: 10, rotating: 4, interleaved: true).square()
  },
]
