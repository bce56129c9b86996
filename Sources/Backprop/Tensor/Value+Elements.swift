// Elements by themselves: read, written, filled.
import CShim
import KernelAPI

extension Value {
  /// Element i of the memory the tensor looks into, from a double; its own type's rules.
  @inline(never) func set(_ i: Int, to x: Double) {
    switch dtype {
    case .float32: data(as: Float.self)[i] = Float(x)
    case .float64: data(as: Double.self)[i] = x
    case .int64: data(as: Int64.self)[i] = saturated(x)
    case .int32: data(as: Int32.self)[i] = Int32(truncatingIfNeeded: saturated(x))
    case .uint8: data(as: UInt8.self)[i] = UInt8(truncatingIfNeeded: saturated(x))
    case .bool: data(as: UInt8.self)[i] = x != 0 ? 1 : 0
    case .float16, .bfloat16:
      var x = x
      engine.kernels.cast(DType.float64.rawValue, dtype.rawValue)?(1, &x, data + i &* 2)
    }
  }

  /// Element i of memory as a double.
  @inline(never) func get(_ i: Int) -> Double {
    switch dtype {
    case .float32: return Double(data(as: Float.self)[i])
    case .float64: return data(as: Double.self)[i]
    case .int64: return Double(data(as: Int64.self)[i])
    case .int32: return Double(data(as: Int32.self)[i])
    case .uint8, .bool: return Double(data(as: UInt8.self)[i])
    case .float16, .bfloat16:
      var x = 0.0
      engine.kernels.cast(dtype.rawValue, DType.float64.rawValue)?(1, data + i &* 2, &x)
      return x
    }
  }

  /// Every element of a contiguous tensor.
  @inline(never) func fill(_ x: Double) {
    let n = count
    if n == 0 { return }
    set(0, to: x)
    if n > 1 { engine.kernels.copy(1, n &- 1, data, 0, 0, data + dtype.size, 0, 1, dtype.size) }
  }

  /// The only element, as a double.
  package func item() throws(Failure) -> Double {
    if count != 1 { throw .shape("item: shape \(shape) has \(count) elements, not one") }
    return get(0)
  }

  /// All elements, row-major, to `destination`.
  package func read(_ destination: UnsafeMutableRawPointer?, bytes: Int) throws(Failure) {
    let size = count &* dtype.size
    if bytes != size { throw .argument("read: shape \(shape) of \(dtype) has \(size) bytes, not \(bytes)") }
    if bytes == 0 { return }
    guard let destination else { throw .argument("read: destination is NULL") }
    engine.copy(shape, from: data, strides, to: destination, shape.contiguousStrides, size: dtype.size)
  }

  /// All elements, row-major, from `source`.
  package func write(_ source: UnsafeRawPointer?, bytes: Int) throws(Failure) {
    let size = count &* dtype.size
    if bytes != size { throw .argument("write: shape \(shape) of \(dtype) has \(size) bytes, not \(bytes)") }
    if bytes == 0 { return }
    guard let source else { throw .argument("write: source is NULL") }
    try checkWritable("write")
    engine.copy(shape, from: source, shape.contiguousStrides, to: data, strides, size: dtype.size)
    bumpVersion()
  }

  func bumpVersion() { engine.storage(slot.pointee.storage).pointee.version &+= 1 }

  /// Refuses to write through a tensor whose elements overlap.
  func checkWritable(_ operation: StaticString) throws(Failure) {
    var i = 0
    while i < rank {
      if shape[i] > 1 && strides[i] == 0 {
        throw .argument("\(operation): tensor of shape \(shape) is expanded: several elements share one place; clone it first")
      }
      i += 1
    }
  }
}
