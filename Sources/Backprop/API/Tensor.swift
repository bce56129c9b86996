// A tensor as Swift sees it: one owned handle. What can be computed with it stands in `Tensor+…`.
import KernelAPI

/// Numbers in a rectangular arrangement of up to eight dimensions, and perhaps the history they were computed by.
///
///     let w = try Tensor(2.0, requiresGrad: true)
///     let loss = try (w * 4 - 20).square()
///     try loss.backward()
///     print(w.grad!)  // tensor(-96.0)
///
/// A reference: two variables may name the same tensor. Memory and graph go when the last reference goes. Used by one
/// thread at a time, see `Context`.
public final class Tensor {
  package let value: Value
  public let context: Context

  /// Takes over the handle `value` came with; inside an engine scope that handle is the scope's, so another one is made.
  init(_ value: Value, in context: Context) {
    if context.engine.state.pointee.scopes.count > 0 { value.retain() }
    self.value = value
    self.context = context
  }

  deinit { value.release() }

  /// A new tensor of the same context.
  @inline(__always) func make(_ body: () throws(Failure) -> Value) throws(BackpropError) -> Tensor {
    Tensor(try lift(body), in: context)
  }
}

extension Tensor {
  /// The sizes (PyTorch: `shape`).
  public var shape: Dims { value.shape }
  /// How many dimensions (PyTorch: `ndim`).
  public var rank: Int { value.rank }
  /// How many elements (PyTorch: `numel`).
  public var count: Int { value.count }
  public var dtype: DType { value.dtype }
  /// Elements from one to the next along each dimension (PyTorch: `stride`).
  public var strides: Dims { value.strides }
  /// Whether the elements lie row-major without gaps (PyTorch: `is_contiguous`).
  public var isContiguous: Bool { value.isContiguous }

  /// The only element (PyTorch: `item`).
  public func item() throws(BackpropError) -> Double { try lift { () throws(Failure) in try value.item() } }

  /// All elements, row-major, converted (PyTorch: `flatten().tolist()`).
  public func array<T: TensorElement>(of type: T.Type) throws(BackpropError) -> [T] {
    try lift { () throws(Failure) in
      try context.engine.withoutRecording { () throws(Failure) in
        let converted = try value.to(T.dtype)
        defer { converted.release() }
        let n = converted.count
        var failure: Failure?
        let elements = [T](unsafeUninitializedCapacity: n) { buffer, filled in
          do throws(Failure) {
            try converted.read(buffer.baseAddress, bytes: n * MemoryLayout<T>.stride)
            filled = n
          } catch { failure = error }
        }
        if let failure { throw failure }
        return elements
      }
    }
  }

  /// All elements, row-major, as Double.
  public var scalars: [Double] { get throws(BackpropError) { try array(of: Double.self) } }
}

// MARK: In place. A value that a gradient still needs must not change: `backward` then says so.

extension Tensor {
  /// self ← source, stretched to this shape and converted to this type (PyTorch: `copy_`).
  public func assign(_ source: Tensor) throws(BackpropError) { _ = try lift { () throws(Failure) in try value.copy_(source.value) } }

  /// self ← elements, row-major.
  public func assign<T: TensorElement>(_ elements: [T]) throws(BackpropError) {
    try assign(Tensor(elements, shape: shape, dtype: dtype, in: context))
  }
  /// Every element ← number (PyTorch: `fill_`).
  public func fill(with number: Double) throws(BackpropError) { _ = try lift { () throws(Failure) in try value.fill_(number) } }

  /// self ← self + other (PyTorch: `add_`).
  public func add(_ other: Tensor) throws(BackpropError) { _ = try lift { () throws(Failure) in try value.add_(other.value) } }
  /// self ← self − other (PyTorch: `sub_`).
  public func subtract(_ other: Tensor) throws(BackpropError) { _ = try lift { () throws(Failure) in try value.sub_(other.value) } }
  /// self ← self · other (PyTorch: `mul_`).
  public func multiply(by other: Tensor) throws(BackpropError) { _ = try lift { () throws(Failure) in try value.mul_(other.value) } }
  /// self ← self / other (PyTorch: `div_`).
  public func divide(by other: Tensor) throws(BackpropError) { _ = try lift { () throws(Failure) in try value.div_(other.value) } }

  /// self ← self + number (PyTorch: `add_`).
  public func add(_ number: some PlainNumber) throws(BackpropError) { try change(number) { (n) throws(Failure) in try self.value.add_(n) } }
  /// self ← self − number (PyTorch: `sub_`).
  public func subtract(_ number: some PlainNumber) throws(BackpropError) {
    try change(number) { (n) throws(Failure) in try self.value.sub_(n) }
  }
  /// self ← self · number (PyTorch: `mul_`).
  public func multiply(by number: some PlainNumber) throws(BackpropError) {
    try change(number) { (n) throws(Failure) in try self.value.mul_(n) }
  }
  /// self ← self / number (PyTorch: `div_`).
  public func divide(by number: some PlainNumber) throws(BackpropError) {
    try change(number) { (n) throws(Failure) in try self.value.div_(n) }
  }

  private func change(_ number: some PlainNumber, _ body: (Value) throws(Failure) -> Value) throws(BackpropError) {
    _ = try lift { () throws(Failure) in try context.engine.with(number, body) }
  }
}
