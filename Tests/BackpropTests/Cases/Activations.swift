// Activations.
import Backprop

let activationCases: [Case] = [
  .unary("relu", .awayFromZero) { try $0.relu() * $0 },
  .unary("sigmoid") { try $0.sigmoid() },
  .unary("tanh") { try $0.tanh() },
  .unary("gelu") { try $0.gelu() },
  .unary("gelu") { try $0.gelu(approximatedByTanh: true) },
  .unary("softplus") { try $0.softplus() },
]
