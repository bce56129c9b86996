// Convolution and pooling.
import Backprop

let convolutionCases: [Case] = [
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
