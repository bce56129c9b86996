// Swift types as tensor elements, and plain numbers that stand beside tensors in an expression.
import KernelAPI

/// A Swift type that tensors are made from and read into.
public protocol TensorElement: BitwiseCopyable {
  /// The tensor type with this layout in memory.
  static var dtype: DType { get }
  /// The type of a tensor made from such values when none is named: float32 for floating literals, as in PyTorch.
  static var defaultDType: DType { get }
}
extension TensorElement {
  public static var defaultDType: DType { dtype }
}

extension Double: TensorElement {
  public static var dtype: DType { .float64 }
  public static var defaultDType: DType { .float32 }
}
extension Float: TensorElement { public static var dtype: DType { .float32 } }
extension Int: TensorElement { public static var dtype: DType { .int64 } }
extension Int64: TensorElement { public static var dtype: DType { .int64 } }
extension Int32: TensorElement { public static var dtype: DType { .int32 } }
extension UInt8: TensorElement { public static var dtype: DType { .uint8 } }
extension Bool: TensorElement { public static var dtype: DType { .bool } }

/// A number beside a tensor: takes the tensor's type if its kind (whole, floating) allows.
public protocol PlainNumber: TensorElement {
  /// The number as whole, if its type is.
  var wholeNumber: Int? { get }
  var realNumber: Double { get }
}
extension Int: PlainNumber {
  public var wholeNumber: Int? { self }
  public var realNumber: Double { Double(self) }
}
extension Float: PlainNumber {
  public var wholeNumber: Int? { nil }
  public var realNumber: Double { Double(self) }
}
extension Double: PlainNumber {
  public var wholeNumber: Int? { nil }
  public var realNumber: Double { self }
}

extension Engine {
  /// Calls `body` with the number as a value that yields to the other operand's type.
  func with(_ number: some PlainNumber, _ body: (Value) throws(Failure) -> Value) throws(Failure) -> Value {
    let n = if let whole = number.wholeNumber { try Value.integer(self, Int64(whole)) } else { try Value.number(self, number.realNumber) }
    defer { n.release() }
    return try body(n)
  }
}
