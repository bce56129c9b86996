// Element types: sizes, names, and the rules by which mixed types meet.
import KernelAPI

/// The type of a tensor's elements (PyTorch: `dtype`).
public typealias DType = KernelAPI.DType

extension DType {
  /// Bytes of one element.
  public var size: Int {
    switch self {
    case .float64, .int64: 8
    case .float32, .int32: 4
    case .float16, .bfloat16: 2
    case .uint8, .bool: 1
    }
  }

  /// PyTorch's name of the type.
  public var name: StaticString {
    switch self {
    case .float32: "float32"
    case .float64: "float64"
    case .int64: "int64"
    case .int32: "int32"
    case .uint8: "uint8"
    case .bool: "bool"
    case .float16: "float16"
    case .bfloat16: "bfloat16"
    }
  }

  /// float32 or float64: the types that compute and carry gradients.
  public var isDifferentiable: Bool { self == .float32 || self == .float64 }
  public var isFloatingPoint: Bool { category == .floating }

  enum Category: Int { case bool, integer, floating }
  var category: Category {
    switch self {
    case .bool: .bool
    case .int64, .int32, .uint8: .integer
    default: .floating
    }
  }

  /// The type in which elements of both kinds meet when neither is a mere scalar (PyTorch: `promote_types`).
  func promoted(with other: DType) -> DType {
    if self == other { return self }
    if category != other.category { return category.rawValue > other.category.rawValue ? self : other }
    switch category {
    case .bool: return .bool
    case .integer: return self == .int64 || other == .int64 ? .int64 : .int32  // uint8 with int32 is int32
    case .floating: return self == .float64 || other == .float64 ? .float64 : .float32  // float16 with bfloat16 is float32
    }
  }
}
