// Conventions where mathematics leaves a choice: PyTorch's choices, pinned.
import Backprop
import Testing

/// The gradients of Σ f(x).
private func gradient(_ x: [Double], dtype: DType = .float64, _ f: (Tensor) throws -> Tensor) throws -> [Double] {
  let leaf = try Tensor(x, dtype: dtype, requiresGrad: true)
  try f(leaf).sum().backward()
  return try leaf.grad?.scalars ?? []
}

@Suite("Where a derivative is a matter of convention, it is PyTorch's")
struct RuleTests {
  @Test(arguments: [DType.float32, .float64]) func `kinks: relu and abs have slope 0 at 0`(dtype: DType) throws {
    #expect(try gradient([-1, 0, 2], dtype: dtype) { try $0.relu() } == [0, 0, 1])
    #expect(try gradient([-1, 0, 2], dtype: dtype) { try $0.abs() } == [-1, 0, 1])
  }

  @Test func `clamp passes the gradient on its closed interval`() throws {
    #expect(try gradient([-2, -1, 0, 1, 2]) { try $0.clamped(min: -1, max: 1) } == [0, 1, 1, 1, 0])
    #expect(try gradient([-2, 3]) { try $0.clamped(min: 0) } == [0, 1])
  }

  @Test func `maximum and minimum give each half on ties`() throws {
    for f in [{ (a: Tensor, b: Tensor) in try a.maximum(b) }, { (a: Tensor, b: Tensor) in try a.minimum(b) }] {
      let a = try Tensor([1.0, 5], requiresGrad: true), b = try Tensor([1.0, 5], requiresGrad: true)
      try f(a, b).sum().backward()
      #expect(try a.grad?.scalars == [0.5, 0.5])
      #expect(try b.grad?.scalars == [0.5, 0.5])
    }
  }

  @Test func `amax and amin share among ties, max and min go to the chosen index`() throws {
    #expect(try gradient([3, 1, 3, 3]) { try $0.amax() } == [1.0 / 3, 0, 1.0 / 3, 1.0 / 3])
    #expect(try gradient([1, 1, 3]) { try $0.amin(along: 0) } == [0.5, 0.5, 0])
    #expect(try gradient([3, 1, 3]) { try $0.max(along: 0).values } == [1, 0, 0])
    #expect(try gradient([3, 1, 1]) { try $0.min(along: 0).values } == [0, 1, 0])
    let x = try Tensor([[1.0, 4, 4], [7, 0, 7]])
    #expect(try x.max(along: 1).indices.scalars == [1, 0])
  }

  @Test func `0 to the power p has slope 0 in p`() throws {
    #expect(try gradient([1, 2]) { try Tensor(0.0, dtype: .float64).pow($0) } == [0, 0])
    #expect(try gradient([0]) { try $0.pow(2) } == [0])
    #expect(try gradient([0]) { try $0.pow(0) } == [0])
    #expect(try gradient([0]) { try $0.pow(1) } == [1])
  }

  @Test func `variance divides by N − 1, layer norm by N`() throws {
    let x = try Tensor([1.0, 2, 4], dtype: .float64)
    expect([try x.variance().item(), try x.variance(correction: 0).item()], [7.0 / 3, 14.0 / 9], 1e-14)
    let y = try x.layerNorm(over: [3], epsilon: 0)
    let r = 1 / (14.0 / 9).squareRoot()
    expect(try y.scalars, [-4.0 / 3 * r, -1.0 / 3 * r, 5.0 / 3 * r], 1e-14)
  }

  @Test func `gelu is exact unless told otherwise`() throws {
    let x = try Tensor([1.0], dtype: .float64)
    expect(try x.gelu().scalars, [0.8413447460685429], 1e-14)
    expect(try x.gelu(approximatedByTanh: true).scalars, [0.8411919906082768], 1e-14)
  }

  @Test func `dropout is inverted, and nothing outside training`() throws {
    let c = try Context(seed: 11)
    let x = try Tensor.ones([10_000], requiresGrad: true, in: c)
    let y = try x.dropout(0.25)
    #expect(Set(try y.array(of: Float.self)) == [0, Float(1 / 0.75)])
    expect([try y.mean().item()], [1], 5 * (0.25 / 0.75 / 10_000.0).squareRoot())
    try y.sum().backward()
    #expect(try x.grad!.scalars == y.scalars)
    #expect(try x.dropout(0.25, training: false).scalars == x.scalars)
    #expect(try x.dropout(1).sum().item() == 0)
    #expect(try x.dropout(0).sum().item() == 10_000)
  }

  @Test func `the embedding's padding row gets no gradient`() throws {
    let w = try Tensor([[1.0, 2], [3, 4], [5, 6]], requiresGrad: true)
    let y = try w.embedding(of: Tensor([0, 2, 2, 1]), padding: 2)
    #expect(try y.scalars == [1, 2, 5, 6, 5, 6, 3, 4])
    try y.sum().backward()
    #expect(try w.grad?.scalars == [1, 1, 1, 1, 0, 0])
  }

  @Test func `mixed types promote as in PyTorch`() throws {
    #expect(try (Tensor([1, 2]) / Tensor([2, 2])).dtype == .float32)
    #expect(try (Tensor([1, 2]) * 2).dtype == .int64)
    #expect(try (Tensor([1, 2]) * 2.5).dtype == .float32)
    #expect(try (Tensor([1.0], dtype: .float64) * Tensor(2.0)).dtype == .float64)
    #expect(try (Tensor([1.0]) + Tensor([1])).dtype == .float32)
    #expect(try (1 - Tensor([true, false]).converted(to: .int64)).scalars == [0, 1])
  }
}

@Suite("Losses average as PyTorch's do")
struct LossRuleTests {
  private let logits = [[1.0, 2, 3], [0.5, -1, 2], [0, 0, 0]]

  /// −log softmax(row)[label].
  private func loss(_ row: [Double], _ label: Int) -> Double {
    func exponential(_ x: Double) throws -> Double { try Tensor(x, dtype: .float64).exp().item() }
    let sum = row.reduce(0) { $0 + ((try? exponential($1)) ?? .nan) }
    return ((try? Tensor(sum, dtype: .float64).log().item()) ?? .nan) - row[label]
  }

  @Test func `ignored labels do not count`() throws {
    let x = try Tensor(logits, dtype: .float64, requiresGrad: true)
    let y = try x.crossEntropy(with: Tensor([2, -100, 0]))
    expect([try y.item()], [(loss(logits[0], 2) + loss(logits[2], 0)) / 2], 1e-14)
    try y.backward()
    #expect(try Array(x.grad!.scalars[3..<6]) == [0, 0, 0])
    expect(try x.crossEntropy(with: Tensor([2, 7, 0]), ignoreIndex: 7).scalars, [try y.item()], 1e-14)
    expectFailure(.index, "label 7 at position 1") { _ = try x.crossEntropy(with: Tensor([2, 7, 0])) }
  }

  @Test func `the weighted mean divides by the sum of the weights`() throws {
    let x = try Tensor(logits, dtype: .float64), w = try Tensor([1.0, 2, 5], dtype: .float64)
    let each = [5 * loss(logits[0], 2), 2 * loss(logits[1], 1), 1 * loss(logits[2], 0)]
    let labels = try Tensor([2, 1, 0])
    expect(try x.crossEntropy(with: labels, weight: w, reduction: .none).scalars, each, 1e-13)
    expect([try x.crossEntropy(with: labels, weight: w).item()], [each.reduce(0, +) / 8], 1e-13)
    expect([try x.crossEntropy(with: labels, weight: w, reduction: .sum).item()], [each.reduce(0, +)], 1e-13)
  }

  @Test func `label smoothing spreads its share evenly`() throws {
    let x = try Tensor(logits, dtype: .float64)
    let wanted = (0..<3).map { row in
      0.9 * loss(logits[row], row) + 0.1 / 3 * (0..<3).reduce(0.0) { $0 + loss(logits[row], $1) }
    }
    expect(try x.crossEntropy(with: Tensor([0, 1, 2]), labelSmoothing: 0.1, reduction: .none).scalars, wanted, 1e-13)
  }

  @Test func `one-hot probabilities are labels`() throws {
    let x = try Tensor(logits, dtype: .float64)
    let p = try Tensor([[0.0, 0, 1], [0, 1, 0], [1, 0, 0]], dtype: .float64)
    expect([try x.crossEntropy(with: p).item()], [try x.crossEntropy(with: Tensor([2, 1, 0])).item()], 1e-14)
  }

  @Test func `squared error: mean, sum, none`() throws {
    let x = try Tensor([1.0, 2, 5]), t = try Tensor([1.0, 0, 2])
    #expect(try x.meanSquaredError(to: t, reduction: .none).scalars == [0, 4, 9])
    #expect(try x.meanSquaredError(to: t, reduction: .sum).item() == 13)
    expect([try x.meanSquaredError(to: t).item()], [13.0 / 3], 1e-6)
  }

  @Test func `binary cross entropy stays finite far out`() throws {
    let x = try Tensor([1000.0, -1000, 0], dtype: .float64, requiresGrad: true)
    let y = try x.binaryCrossEntropyWithLogits(to: Tensor([0.0, 1, 1], dtype: .float64), reduction: .none)
    expect(try y.scalars, [1000, 1000, 0.6931471805599453], 1e-12)
    try y.sum().backward()
    expect(try x.grad!.scalars, [1, -1, -0.5], 1e-15)
  }
}

@Suite("Optimizers step as PyTorch's do")
struct OptimizerRuleTests {
  /// Parameter values after each step with the gradients 1, −2, 0.5.
  private func path(_ start: Double, _ make: (Tensor) throws -> Optimizer) throws -> [Double] {
    let p = try Tensor(start, dtype: .float64, requiresGrad: true)
    let optimizer = try make(p)
    return try [1, -2, 0.5].map {
      optimizer.zeroGrad()
      try (p * $0).backward()
      try optimizer.step()
      return try p.item()
    }
  }

  @Test func `SGD's first momentum buffer is the gradient itself`() throws {
    let given = try path(1) { try SGD(parameters: [$0], learningRate: 0.1, momentum: 0.9, dampening: 0.5) }
    var p = 1.0, v = 0.0, wanted: [Double] = []
    for (i, g) in [1, -2, 0.5].enumerated() {
      v = i == 0 ? g : 0.9 * v + 0.5 * g
      p -= 0.1 * v
      wanted.append(p)
    }
    expect(given, wanted, 1e-15)
  }

  @Test func `nesterov looks ahead, decay joins the gradient, maximize goes up`() throws {
    let given = try path(1) { try SGD(parameters: [$0], learningRate: 0.1, momentum: 0.9, weightDecay: 0.2, nesterov: true, maximize: true) }
    var p = 1.0, v = 0.0, wanted: [Double] = []
    for (i, raw) in [1, -2, 0.5].enumerated() {
      let g = -raw + 0.2 * p
      v = i == 0 ? g : 0.9 * v + g
      p -= 0.1 * (g + 0.9 * v)
      wanted.append(p)
    }
    expect(given, wanted, 1e-15)
  }

  private func adam(_ decayOfGradient: Double, _ decayOfWeight: Double) -> [Double] {
    var p = 1.0, m = 0.0, v = 0.0, b1 = 1.0, b2 = 1.0, wanted: [Double] = []
    for raw in [1, -2, 0.5] {
      let g = raw + decayOfGradient * p
      p -= 0.1 * decayOfWeight * p
      (m, v, b1, b2) = (0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g, 0.9 * b1, 0.999 * b2)
      p -= 0.1 * (m / (1 - b1)) / ((v / (1 - b2)).squareRoot() + 1e-3)
      wanted.append(p)
    }
    return wanted
  }

  @Test func `gradients are clipped by their joint norm, and by value`() throws {
    let a = try Tensor([1.0, 1], requiresGrad: true), b = try Tensor([1.0], requiresGrad: true)
    try ((a * Tensor([3.0, -4])).sum() + (b * 12).sum()).backward()
    #expect(try clipGradientNorm([a, b], to: .infinity) == 13)
    #expect(try clipGradientNorm([a, b], to: .infinity, order: .infinity) == 12)
    #expect(try clipGradientNorm([a, b], to: 6.5) == 13)
    expect(try #require(a.grad).scalars, [1.5, -2], 1e-6)
    expect(try #require(b.grad).scalars, [6], 1e-6)
    try clipGradientValues([a, b], to: 1.75)
    expect(try #require(a.grad).scalars, [1.5, -1.75], 1e-6)
    #expect(throws: BackpropError.self) { try clipGradientNorm([a], to: 1, order: 0) }
  }

  @Test func `Adam adds ε outside the root, after the correction`() throws {
    expect(try path(1) { try Adam(parameters: [$0], learningRate: 0.1, epsilon: 1e-3) }, adam(0, 0), 1e-14)
    expect(try path(1) { try Adam(parameters: [$0], learningRate: 0.1, epsilon: 1e-3, weightDecay: 0.3) }, adam(0.3, 0), 1e-14)
  }

  @Test func `AdamW's decay acts on the weight, one hundredth by default`() throws {
    expect(try path(1) { try AdamW(parameters: [$0], learningRate: 0.1, epsilon: 1e-3) }, adam(0, 1e-2), 1e-14)
    expect(try path(1) { try AdamW(parameters: [$0], learningRate: 0.1, epsilon: 1e-3, weightDecay: 0.3) }, adam(0, 0.3), 1e-14)
  }

  @Test func `the learning rate can change on the way; nonsense is refused`() throws {
    let p = try Tensor([1.0, 2], requiresGrad: true)
    let optimizer = try SGD(parameters: [p], learningRate: 1)
    try optimizer.setLearningRate(0.5)
    #expect(optimizer.learningRate == 0.5)
    try p.sum().backward()
    try optimizer.step()
    #expect(try p.scalars == [0.5, 1.5])
    expectFailure(.argument, "lr must be a number") { try optimizer.setLearningRate(-1) }
    expectFailure(.argument, "no parameters") { _ = try Adam(parameters: []) }
    expectFailure(.argument, "was added before") { _ = try Adam(parameters: [p, p]) }
    expectFailure(.argument, "not a leaf that requires") { _ = try Adam(parameters: [Tensor(1.0)]) }
    expectFailure(.argument, "beta1") { _ = try Adam(parameters: [p], betas: (1, 0.9)) }
    expectFailure(.argument, "nesterov") { _ = try SGD(parameters: [p], nesterov: true) }
  }

  @Test func `Linear starts uniform in ±1/√inputs and learns`() throws {
    let c = try Context(seed: 3)
    let layer = try Linear(16, 400, in: c)
    let w = try layer.weight.scalars
    #expect(w.allSatisfy { abs($0) <= 0.25 } && w.max()! > 0.24 && w.min()! < -0.24)
    expect([try layer.weight.variance().item()], [0.25 * 0.25 / 3], 1e-3)
    #expect(layer.weight.isLeaf && layer.weight.requiresGrad && layer.parameters.count == 2)
    #expect(try Linear(2, 3, bias: false).parameters.count == 1)
    #expect(try layer(Tensor.ones([5, 16], in: c)).shape == [5, 400])
  }
}
