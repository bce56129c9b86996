// Hooks, custom operations, checkpoints, Jacobians; and J·t against uᵀ·J for every operation.
import Backprop
import Testing

private func wide(_ x: [Double]) throws -> Tensor { try Tensor(x, dtype: .float64, requiresGrad: true) }
private struct Oops: Error {}

@Suite("Gradient machinery")
struct DerivativeTests {
  @Test func `for every operation the forward derivative agrees with the backward one`() throws {
    for c in cases {
      var random = SplitMix64(11)
      let x = try c.shapes.map { try leaf($0, c.domain, &random) }
      let y = try c.f(x)
      let u = try leaf(y.shape, .any, &random).detached()
      let t = try c.shapes.map { try leaf($0, .any, &random).detached() }
      let pushed = try directionalDerivative(of: y, at: x, along: t)
      let pulled = try gradients(of: y, withRespectToAnyOf: x, seed: u)
      let forward = try (pushed * u).sum().item()
      var backward = 0.0
      for (g, t) in zip(pulled, t) { if let g { backward += try (g * t).sum().item() } }
      #expect(abs(forward - backward) <= 1e-9 * (1 + abs(backward)), "\(c.operation): u·(J·t) = \(forward), (uᵀ·J)·t = \(backward)")
    }
  }

  @Test func `hooks see gradients, replace them, and go`() throws {
    let x = try wide([1, 2])
    let y = try x * 3
    var seen: [Double] = []
    let hook = try y.addHook { g in
      seen = try g.scalars
      return try g * 10
    }
    try y.square().sum().backward(retainGraph: true)
    #expect(seen == [6, 12])
    #expect(try x.grad?.scalars == [180, 360])
    try y.remove(hook)
    x.zeroGrad()
    try y.addHook { _ in throw Oops() }
    #expect(throws: BackpropError.self) { try y.sum().backward(retainGraph: true) }
    #expect(x.grad == nil)
    var late = 0.0
    try x.addHookAfterAccumulation { late = try $0.grad?.scalars[0] ?? 0 }
    try (x * 2).sum().backward()
    #expect(late == 2)
  }

  @Test func `custom operations join the graph and can be differentiated twice`() throws {
    func cube(_ x: Tensor) throws -> Tensor {
      let y = try withoutGradient { try x * x * x }
      return try customOperation("cube", inputs: [x], outputs: [y]) { g in [try g[0]! * x.square() * 3] }[0]
    }
    let x = try wide([0.5, -1.5])
    try gradCheck([x], secondOrder: true) { try cube(x) }
    func pair(_ x: Tensor, _ w: Tensor) throws -> Tensor {
      let (a, b) = try withoutGradient { (try x * w, try (x + w).sum()) }
      let y = try customOperation("pair", inputs: [x, w], outputs: [a, b]) { g in [try g[0]! * w + g[1]!, try g[0]! * x + g[1]!] }
      return try y[0].sin() * y[1]
    }
    let w = try wide([2, 0.3])
    try gradCheck([x, w], secondOrder: true) { try pair(x, w) }
    let wrong = try customOperation("wrong", inputs: [x], outputs: [x.detached()]) { _ in [] }[0]
    do {
      try wrong.sum().backward()
      Issue.record("no error")
    } catch { #expect("\(error)".contains("wrong")) }
  }

  @Test func `checkpoints give the plain gradients bit for bit`() throws {
    let w = try Tensor.randn([4, 4]), x = try Tensor.randn([3, 4])
    try w.setRequiresGrad(true)
    try x.setRequiresGrad(true)
    func block(_ h: Tensor) throws -> Tensor { try h.matmul(w).tanh().dropout(0.3) + h }
    func run(_ f: (Tensor) throws -> Tensor) throws -> [[Double]?] {
      w.zeroGrad()
      x.zeroGrad()
      x.context.seed(5)
      try f(f(x)).square().sum().backward()
      return [try w.grad?.scalars, try x.grad?.scalars]
    }
    let plain = try run(block)
    #expect(try run { try checkpoint($0) { try block($0) } } == plain)
    let p = try wide([0.3, 0.8]), q = try wide([1.1, -0.2])
    try gradCheck([p, q], secondOrder: true) { try checkpoint(p * p) { try ($0 * q).sin() * $0 } }
  }

  @Test func `jacobians, hessians and gradients of some inputs`() throws {
    let x = try wide([1, 2])
    #expect(try jacobian(of: x.square(), withRespectTo: x).scalars == [2, 0, 0, 4])
    #expect(try hessian(of: (x * x * x).sum(), withRespectTo: x).scalars == [6, 0, 0, 12])
    let w = try wide([3, 4]), y = try x * w
    try y.retainGradient()
    try y.sum().backward(into: [w], retainGraph: true)
    #expect(x.grad == nil)
    #expect(try w.grad?.scalars == [1, 2])
    try y.sum().backward()
    #expect(try y.grad?.scalars == [1, 1])
  }
}
