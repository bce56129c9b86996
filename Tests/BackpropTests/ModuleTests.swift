// Modules: from text to a network, what is in it, its files, initialisers.
import Backprop
import Testing

@Suite("A module is the network its text describes")
struct ModuleTests {
  @Test func `a network from text computes, learns and shows itself`() throws {
    let net = try Module("Sequential(Linear(2, 3), Tanh(), Linear(3, 1, bias=False))")
    #expect(net.namedParameters.map(\.name) == ["0.weight", "0.bias", "2.weight"])
    #expect(net.parameters.map(\.shape) == [[3, 2], [3], [1, 3]])
    #expect("\(net)" == """
      Sequential(
        (0): Linear(in_features=2, out_features=3, bias=True)
        (1): Tanh()
        (2): Linear(in_features=3, out_features=1, bias=False)
      )
      """)
    let x = try Tensor([[1.0, 2], [0.5, -1]])
    let w = try #require(net["0.weight"]), b = try #require(net["0.bias"]), v = try #require(net["2.weight"])
    let y = try net(x)
    #expect(y.shape == [2, 1])
    expect(try y.scalars, try x.linear(weight: w, bias: b).tanh().linear(weight: v).scalars, 0)
    try y.sum().backward()
    #expect(w.grad != nil && b.grad != nil && v.grad != nil)
    try net.zeroGrad()
    #expect(w.grad == nil)
    try net.setRequiresGrad(false)
    #expect(try !net(x).requiresGrad)
    try net.convert(to: .float64)
    #expect(net.parameters.allSatisfy { $0.dtype == .float64 })
  }

  @Test func `several inputs and results`() throws {
    let lstm = try Module("LSTM(2, 4)")
    let results = try lstm.call([Tensor.ones([5, 3, 2])], results: 3)
    #expect(results.map(\.shape) == [[5, 3, 4], [1, 3, 4], [1, 3, 4]])
    let loss = try Module("MSELoss(reduction='sum')")
    #expect(try loss(Tensor([1.0, 2]), Tensor([3.0, 5])).item() == 13)
    #expect(try Module("PixelShuffle(2)")(Tensor.ones([1, 8, 2, 3])).shape == [1, 2, 4, 6])
    #expect(try Module("ReflectionPad1d((1, 2))")(Tensor([[1.0, 2, 3]])).scalars == [2, 1, 2, 3, 2, 1])
  }

  @Test func `batch norm learns in training and keeps still in evaluation`() throws {
    let norm = try Module("BatchNorm1d(2)")
    #expect(norm.isTraining && norm.parameters.count == 2 && norm.state.count == 5)
    _ = try norm(Tensor([[1.0, 10], [3, 30]]))
    expect(try #require(norm["running_mean"]).scalars, [0.2, 2], 1e-6)
    try norm.train(false)
    _ = try norm(Tensor([[5.0, 5]]))
    expect(try #require(norm["running_mean"]).scalars, [0.2, 2], 1e-6)
    #expect(try #require(norm["num_batches_tracked"]).item() == 1)
  }

  @Test func `a file gives another network the same weights`() throws {
    try withFile { path in
      let a = try Module.sequential(.conv2d(1, 2, kernel: 3, padding: 1), Module("ReLU()"), Module("Flatten()"), .linear(8, 2))
      let b = try Module("\(a)"), x = try Tensor.ones([1, 1, 2, 2])
      try a.save(to: path)
      #expect(try load(from: path).keys.sorted() == a.state.keys.sorted())
      try b.load(from: path)
      #expect(try a(x).scalars == b(x).scalars)
      let other = try Module("Sequential(Linear(8, 2))")
      expectFailure(.shape, "0.weight") { try other.load(from: path) }
    }
  }

  @Test func `pieces are added, shared and found by name`() throws {
    struct Net: Network {
      let hidden: [Module]
      let scale: Tensor
    }
    let shared = try Module.linear(2, 2)
    let net = Net(hidden: [shared, try .linear(2, 1, bias: false), shared], scale: try Tensor(1.0, requiresGrad: true))
    #expect(net.namedParameters.map(\.name) == ["hidden.0.weight", "hidden.0.bias", "hidden.1.weight", "scale"])
    let outer = try Module("Module()")
    try outer.add(shared, as: "inner")
    try outer.addParameter(Tensor([1.0], requiresGrad: true), as: "gain")
    try outer.addBuffer(Tensor([2.0]), as: "count", persistent: false)
    #expect(outer.namedParameters.map(\.name).sorted() == ["gain", "inner.bias", "inner.weight"])
    #expect(outer.state["count"] == nil && outer["count"] != nil && outer["nothing"] == nil)
    #expect(try "\(outer.child("inner"))" == "\(shared)")
  }

  @Test(arguments: [
    ("", "wanted a module"), ("Linear", "wanted '('"), ("Linear(", "a value is missing"), ("Linear(2)", "'out_features' is missing"),
    ("Linear(2, 3, 4, 5, 6, 7)", "takes 5 options"), ("Linear(2, -3)", "at least 0, it is -3"), ("Linear(2, 'x')", "a whole number, it is 'x'"),
    ("Linear(2, 3, colour=4)", "no option 'colour'"), ("Nothing()", "no module 'Nothing'"), ("ReLU() ReLU()", "behind the end"),
    ("Conv2d(1, 1, 3, padding_mode='mirror')", "it is 'mirror'"), ("PixelShuffle(0)", "at least 1, it is 0"),
  ]) func `what is no network is refused with a sentence`(text: String, sentence: String) {
    expectFailure(.argument, sentence) { _ = try Module(text) }
  }

  @Test func `inputs that do not fit are refused`() throws {
    let net = try Module("Linear(2, 3)")
    expectFailure(.shape, "linear") { _ = try net(Tensor([1.0, 2, 3])) }
    expectFailure(.argument, "input number 1") { _ = try net.call([]) }
    expectFailure(.argument, "at most 1") { _ = try net(Tensor([1.0, 2]), Tensor([1.0, 2])) }
    expectFailure(.argument, "results") { _ = try net.call([Tensor([1.0, 2])], results: 2) }
    expectFailure(.argument, "no forward") { _ = try Module("ModuleList(ReLU())")(Tensor(1.0)) }
  }

  @Test func `the kinds have names of their own`() {
    let names = Module.signatures.map { $0.prefix { $0 != "(" } }
    #expect(Set(names).count == names.count && names.contains("Bilinear") && names.contains("CircularPad3d"))
  }

  @Test func `initialisers`() throws {
    let w = try Tensor.zeros([4, 4])
    try w.initIdentity()
    #expect(try w.scalars == Tensor.eye(4).scalars)
    try w.initUniform(-1, 1)
    #expect(try w.scalars.allSatisfy { $0 >= -1 && $0 < 1 } && Set(w.scalars).count > 8)
    try w.initOrthogonal()
    expect(try w.matmul(w.transposed()).scalars, try Tensor.eye(4).scalars, 1e-5)
    try w.initKaimingUniform(nonlinearity: "relu")
    #expect(try w.scalars.allSatisfy { abs($0) <= 1.5.squareRoot() })
    try w.initTruncatedNormal(from: -0.5, to: 0.5)
    #expect(try w.scalars.allSatisfy { abs($0) <= 0.5 })
    expectFailure(.shape, "need two dimensions") { try Tensor([1.0, 2]).initXavierUniform() }
  }
}
