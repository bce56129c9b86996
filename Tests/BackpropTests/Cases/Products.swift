// Matrix products.
import Backprop

let productCases: [Case] = [
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
]
