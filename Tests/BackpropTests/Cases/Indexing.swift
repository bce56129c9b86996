// Gathering and scattering by index.
import Backprop

let indexingCases: [Case] = [
  Case("gather", [[3, 4]]) { try $0[0].gathered(along: 1, at: Tensor([[0, 0], [3, 1], [2, 2]])).square() },
  Case("scatter_add", [[3, 4], [3, 2]]) { try $0[0].scatterAdding($0[1], along: 1, at: Tensor([[0, 0], [3, 1], [2, 2]])).square() },
  Case("index_select", [[3, 4]]) { try $0[0].selected(Tensor([2, 0, 2])).square() },
  Case("index_select", [[3, 4]]) { try $0[0].selected(Tensor([3, 3]), along: 1).square() },
  Case("index_add", [[3, 4], [3, 4]]) { try $0[0].indexAdding($0[1], along: 0, at: Tensor([2, 0, 2])).square() },
  Case("embedding", [[5, 3]]) { try $0[0].embedding(of: Tensor([[4, 0], [4, 2]])).square() },
]
