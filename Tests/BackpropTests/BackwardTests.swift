// The backward walk: what reaches the leaves, what is kept, what is refused.
import Backprop
import Testing

@Suite("Backward adds d output / d leaf to every leaf")
struct BackwardTests {
  /// y = 2w₁·4 … : loss (4w₁ + w₂ − 20)² at w = (2, 3).
  private func twoWeights() throws -> (Tensor, Tensor, Tensor) {
    let w1 = try Tensor(2.0, requiresGrad: true)
    let w2 = try Tensor(3.0, requiresGrad: true)
    let y = try w1 * 4 + w2
    return (w1, w2, try (y - 20).square())
  }

  @Test func `two weights: −72 and −18`() throws {
    let (w1, w2, loss) = try twoWeights()
    #expect(try loss.item() == 81)
    #expect(w1.grad == nil)
    try loss.backward()
    #expect(try w1.grad?.item() == -72)
    #expect(try w2.grad?.item() == -18)
    #expect("\(w1.grad!)" == "tensor(-72.0)")
  }

  @Test(arguments: [DType.float32, .float64]) func `two layers, by hand`(dtype: DType) throws {
    let x = try Tensor([[1.0, 2]], dtype: dtype)
    let w1 = try Tensor([[0.5, -0.3], [0.2, 0.8]], dtype: dtype, requiresGrad: true)
    let w2 = try Tensor([[0.6], [-0.4]], dtype: dtype, requiresGrad: true)
    let target = try Tensor([[1.0]], dtype: dtype)
    let loss = try x.matmul(w1).relu().matmul(w2).meanSquaredError(to: target)
    try loss.backward()
    let tolerance = dtype == .float32 ? 1e-6 : 1e-14
    expect([try loss.item()], [0.9604], tolerance)
    expect(try w2.grad!.scalars, [-1.764, -2.548], 4 * tolerance)
    expect(try w1.grad!.scalars, [-1.176, 0.784, -2.352, 1.568], 4 * tolerance)
  }

  @Test func `a tensor used twice gets both shares`() throws {
    let x = try Tensor(3.0, requiresGrad: true)
    try (x * x + x).backward()
    #expect(try x.grad?.item() == 7)
  }

  @Test func `gradients accumulate until they are zeroed`() throws {
    let x = try Tensor([1.0, -2], requiresGrad: true)
    for i in 1...3 {
      try (x * 2).sum().backward()
      #expect(try x.grad?.scalars == [2 * Double(i), 2 * Double(i)])
    }
    x.zeroGrad()
    #expect(x.grad == nil)
    try x.sum().backward()
    #expect(try x.grad?.scalars == [1, 1])
  }

  @Test func `only leaves gather gradients`() throws {
    let x = try Tensor(3.0, requiresGrad: true)
    let y = try x.square()
    try (y * 2).backward()
    #expect(y.grad == nil && !y.isLeaf && x.isLeaf)
  }

  @Test func `the optimizer alone moves weights`() throws {
    let (w1, w2, loss) = try twoWeights()
    let optimizer = try SGD(parameters: [w1, w2], learningRate: 0.01)
    try loss.backward()
    #expect(try w1.item() == 2 && w2.item() == 3)
    try optimizer.step()
    expect([try w1.item(), try w2.item()], [2.72, 3.18], 1e-6)
    optimizer.zeroGrad()
    #expect(w1.grad == nil && w2.grad == nil)
    try optimizer.step()
    expect([try w1.item(), try w2.item()], [2.72, 3.18], 1e-6)
  }

  @Test func `a saved value that was changed in place is an error that names the operation`() throws {
    let x = try Tensor([1.0, 2], requiresGrad: true)
    let factor = try Tensor([3.0, 4])
    let y = try (x * factor).sum()
    try factor.fill(with: 0)
    expectFailure(.graph, "'mul' saved its input 1") { try y.backward() }
    let z = try x.exp()
    try withoutGradient { try z.detached().multiply(by: 2) }
    expectFailure(.graph, "'exp' saved its output") { try z.sum().backward() }
  }

  @Test func `parameters change in place only while nothing is recorded`() throws {
    let x = try Tensor([1.0, 2], requiresGrad: true)
    expectFailure(.graph, "takes part in a graph") { try x.add(1) }
    try withoutGradient { try x.add(1) }
    #expect(try x.scalars == [2, 3])
  }

  @Test func `a second backward needs retainGraph, and the error names the operation`() throws {
    let x = try Tensor(3.0, requiresGrad: true)
    let y = try x.square()
    try y.backward(retainGraph: true)
    try y.backward()
    #expect(try x.grad?.item() == 12)
    expectFailure(.graph, "the graph of 'square'") { try y.backward() }
  }

  @Test func `backward from many numbers needs a seed`() throws {
    let x = try Tensor([1.0, 2], requiresGrad: true)
    expectFailure(.graph, "is not one number") { try x.square().backward() }
    try x.square().backward(seed: Tensor([1.0, 10]))
    #expect(try x.grad?.scalars == [2, 40])
    expectFailure(.shape, "the seed has shape [3]") { try x.square().backward(seed: .ones([3])) }
    expectFailure(.graph, "does not require a gradient") { try Tensor(1.0).backward() }
  }

  @Test func `detached cuts the path`() throws {
    let x = try Tensor(3.0, requiresGrad: true)
    let y = try x.square()
    try (y.detached() * x).backward()
    #expect(try x.grad?.item() == 9)
  }

  @Test func `nothing is recorded withoutGradient`() throws {
    let x = try Tensor(3.0, requiresGrad: true)
    let y = try withoutGradient { try x.square() }
    #expect(!y.requiresGrad && y.isLeaf)
    #expect(try x.square().requiresGrad)
    #expect(throws: BackpropError.self) { try withoutGradient { _ = try Tensor([1]).matmul(Tensor([1, 2])) } }
    #expect(try Context.current.isGradientEnabled)
  }

  @Test func `gradients leaves the leaves' own as they are`() throws {
    let x = try Tensor(3.0, requiresGrad: true), y = try Tensor(2.0, requiresGrad: true), unused = try Tensor(1.0, requiresGrad: true)
    let z = try x * x * y
    let g = try gradients(of: z, withRespectTo: [x, y], retainGraph: true)
    #expect(try g.map { try $0.item() } == [12, 9])
    #expect(x.grad == nil && y.grad == nil)
    let some = try gradients(of: z, withRespectToAnyOf: [unused, x], retainGraph: true)
    #expect(some[0] == nil)
    #expect(try some[1]?.item() == 12)
    expectFailure(.graph, "plays no part") { _ = try gradients(of: z, withRespectTo: [unused]) }
  }

  @Test func `a gradient's gradient, and one more`() throws {
    let x = try Tensor(2.0, dtype: .float64, requiresGrad: true)
    let y = try x.pow(4)
    let first = try gradients(of: y, withRespectTo: [x], createGraph: true)[0]
    let second = try gradients(of: first, withRespectTo: [x], createGraph: true)[0]
    try second.backward()
    expect([try first.item(), try second.item(), try x.grad!.item()], [32, 48, 48], 1e-12)
  }

  @Test func `whole numbers cannot require a gradient`() {
    expectFailure(.dtype, "only float32 and float64") { _ = try Tensor([1, 2], requiresGrad: true) }
  }

  @Test func `a chain of a hundred thousand steps is walked and freed`() throws {
    let context = try Context()
    let x = try Tensor(1.0, requiresGrad: true, in: context)
    do {
      var y = x
      for _ in 0..<100_000 { y = try y + 1 }
      try y.backward()
    }
    #expect(try x.grad?.item() == 1)
    #expect(context.tensorCount == 2)
  }

  @Test func `tensors of different contexts do not meet`() throws {
    let a = try Tensor(1.0), b = try Tensor(1.0, in: Context())
    expectFailure(.handle, "different contexts") { _ = try a + b }
  }

  @Test func `use binds a context, threads have their own`() throws {
    let own = try Context.current, other = try Context(seed: 5)
    #expect(try Context.current === own)
    let inside = try other.use { try Tensor(1.0).context }
    #expect(inside === other)
    #expect(try Tensor(1.0).context === own)
  }

  @Test func `a random state set again gives the same numbers`() throws {
    let c = try Context(seed: 9)
    _ = try Tensor.rand([5], in: c)
    let state = c.randomState
    let a = try Tensor.randn([5], in: c)
    #expect(state.seed == 9 && state.position % 4 == 0 && state.position > 0 && c.randomState != state)
    c.randomState = state
    #expect(try Tensor.randn([5], in: c).scalars == a.scalars)
    c.randomState = .init(seed: 9, position: state.position + 3)
    #expect(c.randomState == state)
  }
  @Test func `the same seed gives the same numbers`() throws {
    let a = try Tensor.randn([5], in: Context(seed: 9)), b = try Tensor.randn([5], in: Context(seed: 9))
    #expect(try a.scalars == b.scalars)
  }

  @Test func `gradCheck finds a wrong gradient and passes errors on`() throws {
    let x = try Tensor([0.3, -0.7], dtype: .float64, requiresGrad: true)
    try gradCheck([x]) { try x.sin() * x }
    expectFailure(.graph, "gradcheck: input 0, element 0") { try gradCheck([x]) { try x.detached() * x } }
    struct Own: Error {}
    #expect(throws: Own.self) { try gradCheck([x]) { throw Own() } }
  }

  @Test func `tensors print as they are`() throws {
    #expect("\(try Tensor([[1.0, 2], [3, 4]]))" == "tensor([[1.0, 2.0], [3.0, 4.0]])")
    #expect("\(try Tensor([1, 2, 3]))" == "tensor([1, 2, 3])")
    #expect("\(try Tensor([true, false]))" == "tensor([true, false])")
    #expect("\(try Tensor(0.5, dtype: .float64, requiresGrad: true))" == "tensor(0.5, float64, requiresGrad)")
    #expect("\(try Tensor.arange(2000))" == "tensor([0, 1, 2, …, 1997, 1998, 1999], shape [2000])")
    #expect("\(try Tensor.zeros([2, 0]))" == "tensor([[], []], shape [2, 0])")
  }

  @Test func `mistakes are errors with operation and shapes`() throws {
    expectFailure(.shape, "matmul: inner sizes differ: [3, 4] · [5, 2]") { _ = try Tensor.zeros([3, 4]).matmul(.zeros([5, 2])) }
    expectFailure(.shape, "row 1 has 1 elements") { _ = try Tensor([[1, 2], [3]]) }
    expectFailure(.shape, "3 elements do not fill shape [2, 2]") { _ = try Tensor([1, 2, 3], shape: [2, 2]) }
    expectFailure(.shape, "more than 8") { _ = try Tensor.zeros([1, 1, 1, 1, 1, 1, 1, 1, 1]) }
    expectFailure(.argument, "threads must lie in 0…256") { _ = try Context(threads: 1000) }
  }
}
