// The kernel tables this machine can run, and memory for tests.
import CShim
import KernelAPI
import KernelsBase
#if arch(x86_64)
  import KernelsV3
  import KernelsV4
#endif
import Testing

/// One table per instruction set that this CPU has.
let variants: [KernelTable] = {
  var tables = [KernelsBase.kernelTable]
  #if arch(x86_64)
    if shim_isa_level() >= 3 { tables.append(KernelsV3.kernelTable) }
    if shim_isa_level() >= 4 { tables.append(KernelsV4.kernelTable) }
  #endif
  return tables
}()

/// Deterministic numbers for inputs (SplitMix64: Steele, Lea, Flood 2014).
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64
  init(_ seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

extension KernelTable {
  func runUnary<X, Y>(_ op: UnaryKernel, _ type: DType, _ x: [X], as: Y.Type, zero: Y, p: Double = 0, q: Double = 0) -> [Y]? {
    guard let f = unary(op.rawValue, type.rawValue) else { return nil }
    return filled(x.count, zero) { y in x.withUnsafeBytes { f(x.count, $0.baseAddress ?? UnsafeRawPointer(y), y, p, q) } }
  }

  func runBinary<X, Y>(_ op: BinaryKernel, _ type: DType, _ n: Int, _ a: [X], _ aStride: Int, _ b: [X], _ bStride: Int, zero: Y) -> [Y]? {
    guard let f = binary(op.rawValue, type.rawValue) else { return nil }
    return filled(n, zero) { y in
      a.withUnsafeBytes { a in b.withUnsafeBytes { b in f(n, a.baseAddress!, aStride, b.baseAddress!, bStride, y) } }
    }
  }
}

/// Runs `body` on memory for `n` elements between guard elements, which must come back untouched.
func filled<Y>(_ n: Int, _ zero: Y, _ body: (UnsafeMutableRawPointer) -> Void) -> [Y] {
  let guardBytes = 128, bytes = n * MemoryLayout<Y>.stride
  let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes + 2 * guardBytes, alignment: 64)
  defer { memory.deallocate() }
  memory.initializeMemory(as: UInt8.self, repeating: 0xA5, count: bytes + 2 * guardBytes)
  body(memory + guardBytes)
  for i in 0..<guardBytes {
    precondition(memory.load(fromByteOffset: i, as: UInt8.self) == 0xA5, "wrote before its output")
    precondition(memory.load(fromByteOffset: guardBytes + bytes + i, as: UInt8.self) == 0xA5, "wrote past its output")
  }
  return (0..<n).map { (memory + guardBytes).load(fromByteOffset: $0 * MemoryLayout<Y>.stride, as: Y.self) }
}

extension KernelTable: CustomTestStringConvertible {
  public var testDescription: String { "\(name)" }
}
