// Element by element.
import Backprop

private func mask() throws -> Tensor { try Tensor([true, false, true, true, false, false, true, false, true, true, true, false], shape: [3, 4]) }

let elementwiseCases: [Case] = [
  .binary("add") { try $0 + $1 },
  .binary("sub") { try $0 - $1 },
  .binary("mul") { try $0 * $1 },
  .binary("div", .awayFromZero) { try $0 / $1 },
  .binary("pow", .positive) { try $0.pow($1) },
  .unary("pow", .awayFromZero) { try $0.pow(3) },
  .unary("pow", .positive) { try $0.pow(-1.5) },
  .binary("maximum", .distinct) { try $0.maximum($1) },
  .binary("minimum", .distinct) { try $0.minimum($1) },
  .unary("neg") { try -$0 },
  .unary("abs", .awayFromZero) { try $0.abs() },
  .unary("sign", .awayFromZero) { try $0.sign() * $0 },
  .unary("square") { try $0.square() },
  .unary("sqrt", .positive) { try $0.sqrt() },
  .unary("rsqrt", .positive) { try $0.rsqrt() },
  .unary("reciprocal", .awayFromZero) { try $0.reciprocal() },
  .unary("exp") { try $0.exp() },
  .unary("log", .positive) { try $0.log() },
  .unary("sin") { try $0.sin() },
  .unary("cos") { try $0.cos() },
  .unary("erf") { try $0.erf() },
  .unary("clamp", .distinct) { try $0.clamped(min: -0.5551, max: 0.7772) * $0 },
  .unary("to") { try $0.converted(to: .float64) * $0 },
  .unary("clone") { try $0.cloned().square() },
  .unary("contiguous") { try $0.contiguous().square() },
  Case("where", [[3, 4], [3, 4]]) { try Tensor.choosing($0[0].square(), where: mask(), otherwise: $0[1].exp()) },
  Case("where", [[1, 4], [3, 1]]) { try Tensor.choosing($0[0], where: mask(), otherwise: $0[1] * $0[1]) },
]
