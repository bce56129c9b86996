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
]
