// Every operation against central differences, first and second derivative, on inputs that lie in memory in various ways.
import Backprop
import Testing

/// How an input of a wanted shape is derived from a leaf.
enum Layout: String, CaseIterable {
  case contiguous, transposed, strided, offset

  /// The leaf's shape, and the view of it that the function sees.
  func leafShape(_ shape: Dims) -> Dims {
    let a = shape.array
    switch self {
    case .contiguous: return shape
    case .transposed: return a.count < 2 ? shape : Dims(Array(a.dropLast(2)) + [a[a.count - 1], a[a.count - 2]])
    case .strided: return a.isEmpty ? shape : Dims(a.dropLast() + [2 * a[a.count - 1]])
    case .offset: return a.isEmpty ? shape : Dims([a[0] + 1] + a.dropFirst())
    }
  }
  func view(_ leaf: Tensor) throws -> Tensor {
    switch self {
    case .contiguous: leaf
    case .transposed: leaf.rank < 2 ? leaf : try leaf.transposed()
    case .strided: leaf.rank == 0 ? leaf : try leaf.sliced(along: -1, by: 2)
    case .offset: leaf.rank == 0 ? leaf : try leaf.sliced(from: 1)
    }
  }
}

/// A leaf with elements of the domain, the same for the same seed.
func leaf(_ shape: Dims, _ domain: Case.Domain, _ random: inout SplitMix64) throws -> Tensor {
  let n = shape.array.reduce(1, *)
  var elements: [Double]
  switch domain {
  case .any: elements = (0..<n).map { _ in .random(in: -2...2, using: &random) }
  case .positive: elements = (0..<n).map { _ in .random(in: 0.4...2, using: &random) }
  case .awayFromZero: elements = (0..<n).map { _ in .random(in: 0.3...2, using: &random) * (Bool.random(using: &random) ? 1 : -1) }
  case .distinct:
    // Every leaf has its own fifth of a grid of 1/100, so that two leaves have no ties either.
    let shift = Double(random.next() % 1000) / 1e5
    elements = (0..<n).map { (Double($0) - Double(n) / 2) * 0.083 + shift }.shuffled(using: &random)
  }
  return try Tensor(elements, shape: shape, dtype: .float64, requiresGrad: true)
}

@Suite("Every operation's gradient agrees with central differences")
struct OperationGradientTests {
  private func check(_ c: Case, _ shapes: [Dims], _ layout: Layout, _ what: String) throws {
    var random = SplitMix64(UInt64(shapes.count) + 77)
    let leaves = try shapes.map { try leaf(layout.leafShape($0), c.domain, &random) }
    do {
      try gradCheck(leaves, secondOrder: true) { try c.f(leaves.map { try layout.view($0) }) }
    } catch {
      Issue.record("\(c.operation), \(what), inputs \(shapes.map(\.description)): \(error)")
    }
  }

  @Test func `every operation has a case`() {
    let names = Set((0..<OperationTable.count).map { String(cString: OperationTable.name($0)) })
    let covered = Set(cases.map(\.operation))
    #expect(names.subtracting(covered).subtracting(withoutGradientByNature) == [], "operations without a case")
    #expect(covered.union(withoutGradientByNature).subtracting(names) == [], "cases of no operation")
    #expect(covered.isDisjoint(with: withoutGradientByNature))
  }

  @Test(arguments: Layout.allCases) func `in each layout`(layout: Layout) throws {
    for c in cases { try check(c, c.shapes, layout, layout.rawValue) }
  }

  @Test(arguments: [[], [1], [1, 1, 1], [0], [3, 0], [17]] as [Dims]) func `elementwise, of few elements, none, and past a vector`(shape: Dims) throws {
    for c in cases where c.isElementwise { try check(c, c.shapes.map { _ in shape }, .contiguous, "shape \(shape)") }
  }

  @Test(arguments: [[[3, 4], [4]], [[3, 1], [1, 4]], [[], [2, 3]], [[2, 1, 3], [4, 1]], [[3, 4], [1, 1]], [[0, 3], [1, 3]]] as [[Dims]])
  func `two operands of shapes that broadcast`(shapes: [Dims]) throws {
    for c in cases where c.isElementwise && c.shapes.count == 2 && c.operation != "binary_cross_entropy_with_logits" {
      try check(c, shapes, .contiguous, "broadcast")
      try check(c, shapes.reversed(), .contiguous, "broadcast")
    }
  }

  @Test func `through an expanded input`() throws {
    for c in cases where c.isElementwise {
      var random = SplitMix64(4)
      let leaves = try c.shapes.map { _ in try leaf([3, 1], c.domain, &random) }
      do { try gradCheck(leaves, secondOrder: true) { try c.f(leaves.map { try $0.expanded(to: [3, 4]) }) } } catch {
        Issue.record("\(c.operation), expanded: \(error)")
      }
    }
  }

  @Test func `a batch of nothing passes through products and norms`() throws {
    for c in [
      Case("matmul", [[0, 4], [4, 2]]) { try $0[0].matmul($0[1]) }, Case("matmul", [[3, 0], [0, 2]]) { try $0[0].matmul($0[1]) },
      Case("linear", [[0, 4], [2, 4], [2]]) { try $0[0].linear(weight: $0[1], bias: $0[2]) },
      Case("softmax", [[0, 4]]) { try $0[0].softmax(along: 1) }, Case("log_softmax", [[3, 0]]) { try $0[0].logSoftmax(along: 1) },
      Case("layer_norm", [[0, 4], [4]]) { try $0[0].layerNorm(over: [4], weight: $0[1]) },
      Case("cat", [[0, 4], [2, 4]]) { try Tensor.concatenated($0) }, Case("index_select", [[3, 4]]) { try $0[0].selected(Tensor([Int]())) },
      Case("sum", [[3, 0]]) { try $0[0].sum(along: 1).square() },
    ] { try check(c, c.shapes, .contiguous, "empty") }
  }

  @Test func `whole numbers come out of what has no gradient`() throws {
    let x = try Tensor([1.0, 2, 2], requiresGrad: true)
    for y in [try x .== 2, try x .!= 2, try x .< 2, try x .<= 2, try x .> 2, try x .>= 2, try x.logicalNot(), try x.argmax(), try x.argmin()] {
      #expect(!y.requiresGrad && !y.dtype.isDifferentiable)
    }
  }

  @Test func `float32 gradients are float64's, rounded`() throws {
    for c in cases where c.operation != "dropout" {
      var random = SplitMix64(8)
      let wide = try c.shapes.map { try leaf($0, c.domain, &random) }
      let narrow = try wide.map { try Tensor($0.array(of: Float.self), shape: $0.shape, requiresGrad: true) }
      func run(_ x: [Tensor]) throws -> [Tensor?] { try gradients(of: c.f(x).sum(), withRespectToAnyOf: x) }
      guard let small = try? run(narrow) else { continue }  // cases with float64 constants do not mix
      for (a, b) in zip(small, try run(wide)) {
        guard let a, let b else { continue }
        for (i, (p, q)) in try zip(a.scalars, b.scalars).enumerated() where !(abs(p - q) <= 2e-5 * (1 + abs(q))) {
          Issue.record("\(c.operation), element \(i): \(p) in float32, \(q) in float64")
        }
      }
    }
  }
}
