// Optimizers and schedules through the Swift API. What they compute is pinned by the golden values in Tests/Golden and Tests/KernelTests.
import Backprop
import Testing

@Suite("Optimizers and schedules go where PyTorch's go")
struct OptimizerTests {
  private let w: Tensor

  init() throws {
    w = try Tensor([1.0, -2, 0.5, 3], shape: [2, 2], dtype: .float64)
    try w.setRequiresGrad(true)
  }

  /// Σ w², with its gradient.
  private func loss() throws(BackpropError) -> Double {
    w.zeroGrad()
    let y = try w.square().sum()
    try y.backward()
    return try y.item()
  }

  @Test func `two steps of every optimizer`() throws {
    let rate = 0.1
    let made: [(([Tensor]) throws -> Optimizer, [Double])] = [
      ({ try SGD(parameters: $0, learningRate: rate) }, [0.64, -1.28, 0.32, 1.92]),
      ({ try Adam(parameters: $0, learningRate: rate) }, [0.8004122, -1.800166, 0.3011874, 2.800103]),
      ({ try AdamW(parameters: $0, learningRate: rate) }, [0.798519, -1.796273, 0.3002978, 2.794209]),
      ({ try NAdam(parameters: $0, learningRate: rate) }, [0.8199731, -1.817898, 0.3246706, 2.817243]),
      ({ try RAdam(parameters: $0, learningRate: rate) }, [0.6210526, -1.242105, 0.3105263, 1.863158]),
      ({ try Adamax(parameters: $0, learningRate: rate) }, [0.8051683, -1.802534, 0.3104368, 2.801656]),
      ({ try RMSprop(parameters: $0, learningRate: rate) }, [0, -0.5509868, 0.2088812, 1.44337]),
      ({ try Adagrad(parameters: $0, learningRate: rate) }, [0.8331035, -1.831125, 0.3375305, 2.830498]),
      ({ try Adadelta(parameters: $0, learningRate: rate) }, [0.9993594, -1.999359, 0.4993594, 2.999359]),
      ({ try Rprop(parameters: $0, learningRate: rate) }, [0.78, -1.78, 0.28, 2.78]),
      ({ try Lion(parameters: $0, learningRate: rate) }, [0.8, -1.8, 0.3, 2.8]),
      ({ try Adafactor(parameters: $0, learningRate: rate) }, [0.5061065, -1.676197, 0.3131221, 2.644066]),
      ({ try LBFGS(parameters: $0, learningRate: rate) }, [0.01617054, -0.03234108, 0.008085269, 0.04851162]),
    ]
    for (make, wanted) in made {
      let one = try OptimizerTests()
      let optimizer = try make([one.w])
      for _ in 0..<2 { try optimizer.step { () throws(BackpropError) in try one.loss() } }
      expect(try one.w.array(of: Double.self), wanted, 2e-6)
    }
  }

  @Test func `options, groups, state and errors`() throws {
    let b = try Tensor(1.0, requiresGrad: true)
    let optimizer = try Adam(parameters: [w], learningRate: 0.5)
    let group = try optimizer.addGroup([b])
    try optimizer.setOption("lr", to: 0.25, group: group)
    #expect(try optimizer.option("lr") == 0.5 && optimizer.option("lr", group: 1) == 0.25)
    #expect(try optimizer.state("exp_avg", ofParameter: 0) == nil)
    _ = try loss()
    try optimizer.step()
    expect(try #require(try optimizer.state("exp_avg", ofParameter: 0)).array(of: Double.self), [0.2, -0.4, 0.1, 0.6], 1e-12)
    expectFailure(.argument, "beta1") { try optimizer.setOption("beta1", to: 2) }
    expectFailure(.shape, "muon") { _ = try Muon(parameters: [b]) }
    expectFailure(.argument, "closure") { try LBFGS(parameters: [w]).step() }
    // What the closure throws comes out again.
    expectFailure(.index, "select") {
      try LBFGS(parameters: [w]).step { () throws(BackpropError) in try w.selected(9, along: 0).item() }
    }
  }

  @Test func `schedules and averages`() throws {
    let optimizer = try SGD(parameters: [w], learningRate: 1)
    let schedule = try LearningRateScheduler.sequence(
      [LearningRateScheduler(optimizer, .constant(factor: 0.5, steps: 9)), LearningRateScheduler(optimizer, .lambda { $0 == 0 ? 1 : 0.25 })],
      milestones: [2])
    var rates = [optimizer.learningRate]
    for _ in 0..<3 {
      try schedule.step()
      rates.append(optimizer.learningRate)
    }
    expect(rates, [0.5, 0.5, 1, 0.25], 1e-12)
    expectFailure(.argument, "step_size") { _ = try LearningRateScheduler(optimizer, .step(size: 0)) }
    let average = try Tensor([0.0, 0, 0, 0], shape: [2, 2], dtype: .float64)
    try updateAverages([average], from: [w], decay: 0.75)
    expect(try average.array(of: Double.self), [0.25, -0.5, 0.125, 0.75], 1e-12)
  }
}
