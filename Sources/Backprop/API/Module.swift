// Modules for Swift: networks from PyTorch's text or from pieces, their parameters by name, files.
import KernelAPI

/// A layer or network with named parameters, as PyTorch writes it.
///
///     let net = try Module("Sequential(Linear(784, 100), ReLU(), Linear(100, 10))")
///     let optimizer = try Adam(parameters: net.parameters)
///     let loss = try net(x).crossEntropy(labels)
///     try net.save(to: "net.safetensors")   // PyTorch's keys and shapes
///
/// A reference. `Module.signatures` lists the kinds and their options.
public final class Module {
  let record: ModuleValue
  public let context: Context

  /// The network a text describes, written as in Python, or as Python prints it.
  public init(_ text: String, in context: Context? = nil) throws(BackpropError) {
    let context = try Context.chosen(context)
    self.context = context
    if text.utf8.contains(0) { throw BackpropError(.argument, "module: the text contains a zero") }
    record = try withCString(text) { (p) throws(Failure) in
      let m = try context.engine.module(p)
      m.record.pointee.isOwned = false  // the one reference is this object's
      return m
    }
  }

  /// One more reference to a module.
  private init(sharing record: ModuleValue, in context: Context) {
    record.record.pointee.references += 1
    self.record = record
    self.context = context
  }

  deinit { record.engine.dropModule(record.index) }

  /// All kinds of modules: `Linear(in_features, out_features, bias=True, …)`.
  public static var signatures: [String] { (0..<ModuleTable.count).compactMap { ModuleTable.signature($0).map { String(cString: $0) } } }

  // MARK: At work

  /// The result for one input.
  public func callAsFunction(_ x: Tensor) throws(BackpropError) -> Tensor { try call([x])[0] }
  /// The result for an input and a target, of a loss, or whatever the module's two inputs are.
  public func callAsFunction(_ x: Tensor, _ target: Tensor) throws(BackpropError) -> Tensor { try call([x, target])[0] }

  /// Several results for several inputs, in the order of PyTorch's `forward`; nil where an input is not given. An lstm: x, h, c → y, h, c.
  public func call(_ inputs: [Tensor?], results: Int = 1) throws(BackpropError) -> [Tensor] {
    let values = inputs.map { $0?.value }
    var further: [Value] = []
    let first = try lift { () throws(Failure) in
      try values.withUnsafeBufferPointer { values -> Result<Value, Failure> in
        do throws(Failure) { return .success(try record.call(values, wanted: results) { further.append($1) }) } catch { return .failure(error) }
      }.get()
    }
    return ([first] + further).map { Tensor($0, in: context) }
  }

  /// Whether dropout drops and batch norm learns; true at first (PyTorch: `training`).
  public var isTraining: Bool { record.training }
  /// Training, or evaluation, for this module and all in it (PyTorch: `train`, `eval`).
  public func train(_ mode: Bool = true) throws(BackpropError) { try lift { () throws(Failure) in try record.train(mode) } }
  /// Parameters, their gradients and buffers in another floating type, in place (PyTorch: `to`).
  public func convert(to dtype: DType) throws(BackpropError) { try lift { () throws(Failure) in try record.convert(to: dtype) } }
  /// Whether the parameters are trained (PyTorch: `requires_grad_`).
  public func setRequiresGrad(_ wanted: Bool) throws(BackpropError) { try lift { () throws(Failure) in try record.setRequiresGrad(wanted) } }
  /// Forgets the parameters' gradients (PyTorch: `zero_grad`).
  public func zeroGrad() throws(BackpropError) { try lift { () throws(Failure) in try record.zeroGrad() } }

  // MARK: What is in it

  /// Parameters under dotted names, each once (PyTorch: `named_parameters`).
  public var namedParameters: [(name: String, tensor: Tensor)] { listed(parametersOnly: true) }
  /// Parameters, for an optimizer.
  public var parameters: [Tensor] { namedParameters.map(\.tensor) }
  /// Parameters and buffers by name (PyTorch: `state_dict`).
  public var state: [String: Tensor] { Dictionary(listed(parametersOnly: false).map { ($0.name, $0.tensor) }) { first, _ in first } }

  private func listed(parametersOnly only: Bool) -> [(name: String, tensor: Tensor)] {
    guard let n = try? record.count(parametersOnly: only) else { return [] }
    return (0..<n).compactMap { i in
      guard let name = try? record.name(i, parametersOnly: only), let v = try? record.tensor(i, parametersOnly: only) else { return nil }
      return (String(cString: name), Tensor(v, in: context))
    }
  }

  /// The parameter or buffer at a dotted path, such as `0.weight`; nil if there is none.
  public subscript(path: String) -> Tensor? {
    (try? withCString(path) { (p) throws(Failure) in try record.tensor(p) }).map { Tensor($0, in: context) }
  }
  /// The module at a dotted path (PyTorch: `get_submodule`).
  public func child(_ path: String) throws(BackpropError) -> Module {
    Module(sharing: try withCString(path) { (p) throws(Failure) in try record.child(p) }, in: context)
  }
  /// Makes another module a part of this one, which may be part of others too (PyTorch: `add_module`).
  public func add(_ child: Module, as name: String) throws(BackpropError) {
    try withCString(name) { (p) throws(Failure) in try record.add(p, child.record) }
  }
  /// Puts a leaf under a name, to be trained; in the place of one that has it, to tie weights (PyTorch: `register_parameter`).
  public func addParameter(_ tensor: Tensor, as name: String) throws(BackpropError) {
    try withCString(name) { (p) throws(Failure) in try record.addParameter(p, tensor.value) }
  }
  /// Puts a tensor under a name that is not trained but saved, if `persistent` (PyTorch: `register_buffer`).
  public func addBuffer(_ tensor: Tensor, as name: String, persistent: Bool = true) throws(BackpropError) {
    try withCString(name) { (p) throws(Failure) in try record.addBuffer(p, tensor.value, persistent: persistent) }
  }

  // MARK: Files

  /// Writes `state` to a safetensors file (PyTorch: `safetensors.torch.save_model`).
  public func save(to path: String) throws(BackpropError) { try withCString(path) { (p) throws(Failure) in try record.save(p) } }
  /// Takes over what a file holds, by name; `strict`: all names must match on both sides (PyTorch: `load_state_dict`).
  public func load(from path: String, strict: Bool = true) throws(BackpropError) {
    try withCString(path) { (p) throws(Failure) in try record.load(p, strict: strict) }
  }
}

extension Module: CustomStringConvertible {
  /// As `print` shows it in PyTorch; `Module(_:)` reads it again.
  public var description: String {
    guard let n = try? record.describe(nil, 0) else { return "Module" }
    let text = [CChar](unsafeUninitializedCapacity: n + 1) { buffer, count in
      _ = try? record.describe(buffer.baseAddress, n + 1)
      count = n + 1
    }
    return text.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
  }
}

private func withCString<R>(_ s: String, _ body: (UnsafePointer<CChar>) throws(Failure) -> R) throws(BackpropError) -> R {
  try lift { () throws(Failure) in
    try s.withCString { p -> Result<R, Failure> in
      do throws(Failure) { return .success(try body(p)) } catch { return .failure(error) }
    }.get()
  }
}

// MARK: From pieces

extension Module {
  /// Modules one after the other (PyTorch: `nn.Sequential`).
  public static func sequential(_ modules: Module..., in context: Context? = nil) throws(BackpropError) -> Module {
    let all = try Module("Sequential()", in: context ?? modules.first?.context)
    for (i, m) in modules.enumerated() { try all.add(m, as: String(i)) }
    return all
  }
  /// x·Wᵀ + b (PyTorch: `nn.Linear`).
  public static func linear(_ inputs: Int, _ outputs: Int, bias: Bool = true, in context: Context? = nil) throws(BackpropError) -> Module {
    try Module("Linear(\(inputs), \(outputs), bias=\(bias ? "True" : "False"))", in: context)
  }
  /// A window of weights moved over images (PyTorch: `nn.Conv2d`).
  public static func conv2d(
    _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0, dilation: Int = 1, groups: Int = 1, bias: Bool = true,
    in context: Context? = nil
  ) throws(BackpropError) -> Module {
    try Module(
      "Conv2d(\(inputs), \(outputs), \(kernel), \(stride), \(padding), \(dilation), \(groups), \(bias ? "True" : "False"))", in: context)
  }
}

/// A network of one's own: properties that are modules, tensors, networks or arrays of them, and a function that uses them. Their parameters
/// are found by name.
///
///     struct Net: Network {
///       let hidden = try! Module.linear(2, 8), out = try! Module.linear(8, 1)
///       func callAsFunction(_ x: Tensor) throws -> Tensor { try out(hidden(x).tanh()) }
///     }
///     try SGD(parameters: Net().parameters)   // hidden.weight, hidden.bias, out.weight, out.bias
public protocol Network {}

extension Network {
  /// Leaves that require a gradient, under the names of their properties, `blocks.0.weight`.
  public var namedParameters: [(name: String, tensor: Tensor)] {
    var found: [(name: String, tensor: Tensor)] = []
    gather(self, "", &found)
    return found
  }
  /// Parameters, for an optimizer.
  public var parameters: [Tensor] { namedParameters.map(\.tensor) }
}

private func gather(_ value: Any, _ name: String, _ found: inout [(name: String, tensor: Tensor)]) {
  func add(_ t: Tensor, _ name: String) {
    if t.requiresGrad, t.value.isLeaf, !found.contains(where: { $0.tensor === t || $0.tensor.value.index == t.value.index }) { found.append((name, t)) }
  }
  if let t = value as? Tensor { return add(t, name) }
  let dot = name.isEmpty ? "" : name + "."
  if let m = value as? Module {
    for p in m.namedParameters { add(p.tensor, dot + p.name) }
    return
  }
  let mirror = Mirror(reflecting: value)
  guard value is Network || mirror.displayStyle == .collection || mirror.displayStyle == .optional else { return }
  for (i, child) in mirror.children.enumerated() {
    gather(child.value, mirror.displayStyle == .optional ? name : dot + (child.label ?? String(i)), &found)
  }
}
