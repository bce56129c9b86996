// One case or more per operation: float64 inputs of given shapes and a function of them, differentiable at those points.
import Backprop

/// A differentiable function of some inputs.
struct Case: Sendable {
  /// Where the inputs' elements lie: away from kinks, poles and ties of the function.
  enum Domain: Sendable {
    /// −2…2
    case any
    /// 0.4…2
    case positive
    /// ±0.3…2, so that nothing happens near 0
    case awayFromZero
    /// −2…2, all different by at least 1/100
    case distinct
  }
  /// Name in the table of operations.
  let operation: String
  let shapes: [Dims]
  let domain: Domain
  /// Whether f also makes sense of inputs that are empty or of one element, all inputs shaped alike.
  let isElementwise: Bool
  let f: @Sendable ([Tensor]) throws -> Tensor

  init(
    _ operation: String, _ shapes: [Dims] = [[3, 4]], _ domain: Domain = .any, elementwise: Bool = false,
    _ f: @escaping @Sendable ([Tensor]) throws -> Tensor
  ) {
    self.operation = operation
    self.shapes = shapes
    self.domain = domain
    isElementwise = elementwise
    self.f = f
  }

  static func unary(_ operation: String, _ domain: Domain = .any, _ f: @escaping @Sendable (Tensor) throws -> Tensor) -> Case {
    Case(operation, [[3, 4]], domain, elementwise: true) { try f($0[0]) }
  }
  static func binary(_ operation: String, _ domain: Domain = .any, _ f: @escaping @Sendable (Tensor, Tensor) throws -> Tensor) -> Case {
    Case(operation, [[3, 4], [3, 4]], domain, elementwise: true) { try f($0[0], $0[1]) }
  }
}

/// Whole-number results, or a gradient that is 0 by definition.
let withoutGradientByNature: Set<String> = [
  "eq", "ne", "lt", "le", "gt", "ge", "logical_not", "argmax", "argmin", "detach", "nonzero", "one_hot",
  "logical_and", "logical_or", "logical_xor", "isnan", "isinf", "isfinite", "signbit", "gcd", "lcm",
  "bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not", "bitwise_left_shift", "bitwise_right_shift",
  "any", "all", "count_nonzero", "argsort", "unique", "unique_consecutive",
]

let cases: [Case] =
  elementwiseCases + activationCases + reductionCases + sortingCases + productCases + linearAlgebraCases + shapeCases + movementCases + indexingCases
  + networkCases + convolutionCases + lossCases + lossFunctionCases
