// Shape and movement.
import Backprop

let shapeCases: [Case] = [
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
  Case("slice", [[3, 5, 4]]) { try $0[0].sliced(along: 1, from: 0, to: 2) * $0[0].sliced(along: 1, from: 3, to: 5) + $0[0][1].sliced(along: 0, from: 1, to: 3) },
  Case("slice", [[3, 6]]) { try $0[0].sliced(along: 1, from: 0, to: 6, by: 2) * $0[0].sliced(along: 1, from: 1, to: 6, by: 2) },
]
