// Tensors and shapes as text.
import KernelAPI

extension Dims: CustomStringConvertible {
  public var description: String { array.description }
}

extension Tensor: CustomStringConvertible {
  /// `tensor([[1.0, 2.0], [3.0, 4.0]])`; long ones with … in the middle and their shape; the type where it is not the usual one.
  public var description: String {
    let isLong = count > 1000
    var text: String
    switch dtype {
    case .bool: text = nested(Bool.self, isLong)
    case .int64, .int32, .uint8: text = nested(Int.self, isLong)
    case .float64: text = nested(Double.self, isLong)
    default: text = nested(Float.self, isLong)
    }
    if isLong || count == 0 { text += ", shape \(shape)" }
    if dtype != .float32 && dtype != .int64 && dtype != .bool { text += ", \(dtype.name)" }
    if requiresGrad { text += ", requiresGrad" }
    return "tensor(\(text))"
  }

  private func nested<T: TensorElement>(_ type: T.Type, _ isLong: Bool) -> String {
    guard let elements = try? array(of: type) else { return "…" }
    let shape = shape
    func write(_ d: Int, _ start: Int, _ size: Int) -> String {
      if d == shape.count { return "\(elements[start])" }
      let n = shape[d], inner = n == 0 ? 0 : size / n
      let shown = isLong && n > 6 ? Array(0..<3) + [-1] + Array(n - 3..<n) : Array(0..<n)
      return "[" + shown.map { $0 < 0 ? "…" : write(d + 1, start + $0 * inner, inner) }.joined(separator: ", ") + "]"
    }
    return write(0, 0, count)
  }
}
