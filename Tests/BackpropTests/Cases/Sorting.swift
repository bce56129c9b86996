// Sorting, selecting, running sums and products.
import Backprop

let sortingCases: [Case] = [
  .unary("cumsum") { try $0.rank == 0 ? $0.cumulativeSum(along: 0) : $0.cumulativeSum(along: -1).square() },
  Case("cumsum", [[2, 3, 4]]) { try $0[0].cumulativeSum(along: 1).square() },
  Case("cumprod") { try $0[0].cumulativeProduct(along: 1) },
  Case("cumprod", [[2, 3, 4]]) { try $0[0].cumulativeProduct(along: 1).sin() },
  Case("cumprod", [[3, 4]]) { try ($0[0] * Tensor([1.0, 0, 1, 1], dtype: .float64)).cumulativeProduct(along: 1).sin() },
  Case("logcumsumexp") { try $0[0].cumulativeLogSumExp(along: 1) },
  Case("logcumsumexp", [[2, 3, 4]]) { try $0[0].cumulativeLogSumExp(along: 0).square() },
  Case("cummax", [[3, 4]], .distinct) { try $0[0].cumulativeMaximum(along: 1).values.square() },
  Case("cummin", [[3, 4]], .distinct) { try $0[0].cumulativeMinimum(along: 0).values.square() },
  Case("sort", [[3, 4]], .distinct) { try $0[0].sorted(along: 1).values * Tensor([1.0, 2, 3, 4], dtype: .float64) * $0[0] },
  Case("sort", [[2, 3, 4]], .distinct) { try $0[0].sorted(along: 1, descending: true).values.square() * $0[0] },
  Case("msort", [[3, 4]], .distinct) { try $0[0].msorted() * $0[0] },
  Case("topk", [[3, 4]], .distinct) { try $0[0].top(2).values.square() },
  Case("topk", [[3, 4]], .distinct) { try $0[0].top(2, along: 0, largest: false).values.exp() },
  Case("kthvalue", [[3, 4]], .distinct) { try $0[0].smallest(2, along: 1).values.square() },
  Case("mode", [[3, 4]], .distinct) { try $0[0].mode(along: 1, keepsDimensions: true).values.square() },
  Case("median", [[3, 4]], .distinct) { try $0[0].median().square() },
  Case("median", [[3, 4]], .distinct) { try $0[0].median(along: 0).values.square() },
  Case("nanmedian", [[3, 4]], .distinct) { try $0[0].median(ignoringNaN: true) * $0[0].median(along: 1, ignoringNaN: true).values },
]
