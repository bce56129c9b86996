// Arithmetic and comparison: operators between tensors, and between tensors and plain numbers. Shapes broadcast, types promote
// as PyTorch's do.

extension Tensor {
  /// With a number as the right operand.
  @inline(__always) private func with(
    _ number: some PlainNumber, _ body: (Value, Value) throws(Failure) -> Value
  ) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try context.engine.with(number) { (n) throws(Failure) in try body(value, n) } }
  }
}

extension Tensor {
  /// a + b (PyTorch: `add`).
  public static func + (a: Tensor, b: Tensor) throws(BackpropError) -> Tensor { try a.make { () throws(Failure) in try a.value + b.value } }
  public static func + (a: Tensor, b: some PlainNumber) throws(BackpropError) -> Tensor {
    try a.with(b) { (a, n) throws(Failure) in try a + n }
  }
  public static func + (a: some PlainNumber, b: Tensor) throws(BackpropError) -> Tensor {
    try b.with(a) { (b, n) throws(Failure) in try n + b }
  }
}

extension Tensor {
  /// a − b (PyTorch: `sub`).
  public static func - (a: Tensor, b: Tensor) throws(BackpropError) -> Tensor { try a.make { () throws(Failure) in try a.value - b.value } }
  public static func - (a: Tensor, b: some PlainNumber) throws(BackpropError) -> Tensor {
    try a.with(b) { (a, n) throws(Failure) in try a - n }
  }
  public static func - (a: some PlainNumber, b: Tensor) throws(BackpropError) -> Tensor {
    try b.with(a) { (b, n) throws(Failure) in try n - b }
  }
}

extension Tensor {
  /// a · b (PyTorch: `mul`).
  public static func * (a: Tensor, b: Tensor) throws(BackpropError) -> Tensor { try a.make { () throws(Failure) in try a.value * b.value } }
  public static func * (a: Tensor, b: some PlainNumber) throws(BackpropError) -> Tensor {
    try a.with(b) { (a, n) throws(Failure) in try a * n }
  }
  public static func * (a: some PlainNumber, b: Tensor) throws(BackpropError) -> Tensor {
    try b.with(a) { (b, n) throws(Failure) in try n * b }
  }
}

extension Tensor {
  /// a / b; whole numbers become float32 (PyTorch: `div`).
  public static func / (a: Tensor, b: Tensor) throws(BackpropError) -> Tensor { try a.make { () throws(Failure) in try a.value / b.value } }
  public static func / (a: Tensor, b: some PlainNumber) throws(BackpropError) -> Tensor {
    try a.with(b) { (a, n) throws(Failure) in try a / n }
  }
  public static func / (a: some PlainNumber, b: Tensor) throws(BackpropError) -> Tensor {
    try b.with(a) { (b, n) throws(Failure) in try n / b }
  }
}

extension Tensor {
  /// −x (PyTorch: `neg`).
  public static prefix func - (x: Tensor) throws(BackpropError) -> Tensor { try x.make { () throws(Failure) in try -x.value } }

  /// xᵖ (PyTorch: `pow`).
  public func pow(_ exponent: Tensor) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.pow(exponent.value) } }
  public func pow(_ exponent: some PlainNumber) throws(BackpropError) -> Tensor {
    try with(exponent) { (x, n) throws(Failure) in try x.pow(n) }
  }
  /// The larger of both; the gradient is shared on ties (PyTorch: `maximum`).
  public func maximum(_ other: Tensor) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.maximum(other.value) } }
  public func maximum(_ number: some PlainNumber) throws(BackpropError) -> Tensor {
    try with(number) { (x, n) throws(Failure) in try x.maximum(n) }
  }
  /// The smaller of both; the gradient is shared on ties (PyTorch: `minimum`).
  public func minimum(_ other: Tensor) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.minimum(other.value) } }
  public func minimum(_ number: some PlainNumber) throws(BackpropError) -> Tensor {
    try with(number) { (x, n) throws(Failure) in try x.minimum(n) }
  }
}

// MARK: Element by element, to bool

extension Tensor {
  /// (PyTorch: `eq`)
  public static func .== (a: Tensor, b: Tensor) throws(BackpropError) -> Tensor {
    try a.make { () throws(Failure) in try a.value.eq(b.value) }
  }
  public static func .== (a: Tensor, b: some PlainNumber) throws(BackpropError) -> Tensor {
    try a.with(b) { (a, n) throws(Failure) in try a.eq(n) }
  }
}

extension Tensor {
  /// (PyTorch: `ne`)
  public static func .!= (a: Tensor, b: Tensor) throws(BackpropError) -> Tensor {
    try a.make { () throws(Failure) in try a.value.ne(b.value) }
  }
  public static func .!= (a: Tensor, b: some PlainNumber) throws(BackpropError) -> Tensor {
    try a.with(b) { (a, n) throws(Failure) in try a.ne(n) }
  }
}

extension Tensor {
  /// (PyTorch: `lt`)
  public static func .< (a: Tensor, b: Tensor) throws(BackpropError) -> Tensor {
    try a.make { () throws(Failure) in try a.value.lt(b.value) }
  }
  public static func .< (a: Tensor, b: some PlainNumber) throws(BackpropError) -> Tensor {
    try a.with(b) { (a, n) throws(Failure) in try a.lt(n) }
  }
}

extension Tensor {
  /// (PyTorch: `le`)
  public static func .<= (a: Tensor, b: Tensor) throws(BackpropError) -> Tensor {
    try a.make { () throws(Failure) in try a.value.le(b.value) }
  }
  public static func .<= (a: Tensor, b: some PlainNumber) throws(BackpropError) -> Tensor {
    try a.with(b) { (a, n) throws(Failure) in try a.le(n) }
  }
}

extension Tensor {
  /// (PyTorch: `gt`)
  public static func .> (a: Tensor, b: Tensor) throws(BackpropError) -> Tensor {
    try a.make { () throws(Failure) in try a.value.gt(b.value) }
  }
  public static func .> (a: Tensor, b: some PlainNumber) throws(BackpropError) -> Tensor {
    try a.with(b) { (a, n) throws(Failure) in try a.gt(n) }
  }
}

extension Tensor {
  /// (PyTorch: `ge`)
  public static func .>= (a: Tensor, b: Tensor) throws(BackpropError) -> Tensor {
    try a.make { () throws(Failure) in try a.value.ge(b.value) }
  }
  public static func .>= (a: Tensor, b: some PlainNumber) throws(BackpropError) -> Tensor {
    try a.with(b) { (a, n) throws(Failure) in try a.ge(n) }
  }
}

extension Tensor {
  /// true where x is 0 (PyTorch: `logical_not`).
  public func logicalNot() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.logicalNot() } }

  /// condition ? a : b, element by element (PyTorch: `where`).
  public static func choosing(_ a: Tensor, where condition: Tensor, otherwise b: Tensor) throws(BackpropError) -> Tensor {
    try condition.make { () throws(Failure) in try condition.value.select(a.value, b.value) }
  }
}
