// Sums, extremes and what is made of them.
import Backprop

let reductionCases: [Case] = [
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
  .unary("prod") { try $0.product() },
  Case("prod", [[2, 3, 4]]) { try $0[0].product(along: 1).square() },
  Case("prod", [[3, 4]]) { try ($0[0] * zeros()).product(along: 1, keepsDimensions: true).sin() },
  Case("std") { try $0[0].standardDeviation() },
  Case("std", [[2, 3, 4]]) { try $0[0].standardDeviation(along: 0, 2, correction: 0, keepsDimensions: true) },
  Case("var_mean") { let r = try $0[0].varianceAndMean(along: 1); return try r.variance * r.mean },
  Case("std_mean") { let r = try $0[0].standardDeviationAndMean(along: 0); return try r.standardDeviation * r.mean },
  Case("logsumexp") { try $0[0].logSumExp(along: 1) },
  Case("logsumexp", [[2, 3, 4]]) { try $0[0].logSumExp(along: 0, -1, keepsDimensions: true).square() },
  Case("nansum") { try $0[0].sumWithoutNaN(along: 0).square() },
  Case("nanmean") { try $0[0].meanWithoutNaN(along: 1).square() },
  Case("aminmax", [[3, 4]], .distinct) { let r = try $0[0].extremes(along: 1); return try r.smallest * r.largest },
  Case("norm", [[3, 4]], .awayFromZero) { try $0[0].norm() },
  Case("norm", [[3, 4]], .awayFromZero) { try $0[0].norm(1, along: 0).square() },
  Case("norm", [[3, 4]], .awayFromZero) { try $0[0].norm(2.5, along: 1, keepsDimensions: true) },
  Case("norm", [[3, 4]], .awayFromZero) { try $0[0].norm(-1, along: 1) + $0[0].norm(0.5, along: 1) },
  Case("norm", [[3, 4]], .distinct) { try $0[0].norm(.infinity, along: 1).square() },
  Case("normalize") { try $0[0].normalized() },
  Case("normalize", [[3, 4]], .awayFromZero) { try $0[0].normalized(3, along: 0).square() },
  Case("cosine_similarity", [[3, 4], [3, 4]]) { try $0[0].cosineSimilarity(to: $0[1]) },
  Case("cosine_similarity", [[3, 1], [1, 4]], .awayFromZero) { try $0[0].cosineSimilarity(to: $0[1], along: 0) },
  Case("pairwise_distance", [[3, 4], [3, 4]]) { try $0[0].pairwiseDistance(to: $0[1]) },
  Case("pairwise_distance", [[3, 4], [4]], .distinct) { try $0[0].pairwiseDistance(to: $0[1], 3, keepsDimensions: true) },
]

/// Ones, with a row that has a 0, one that has two.
private func zeros() throws -> Tensor { try Tensor([1.0, 1, 1, 1, 1, 0, 1, 1, 0, 1, 0, 1], shape: [3, 4], dtype: .float64) }
