// The one error of the engine: a code to throw, and a sentence written to memory of this thread, so that reporting
// "no memory" needs no memory and a failing call costs the succeeding ones nothing.
import CShim
import KernelAPI

/// What went wrong, for programs. The sentence for people stands in the thread's message until the next failure.
package struct Failure: Error {
  /// The kinds of errors, numbered as `bp_status` in `backprop.h`.
  package enum Code: Int32 {
    case argument = -1, shape = -2, dtype = -3, index = -4, memory = -5
    case handle = -6, graph = -7, io = -8, format = -9, callback = -10, singular = -11
  }
  package let code: Code

  package init(_ code: Code, _ text: FailureText) { self.code = code }

  static func argument(_ text: FailureText) -> Self { Self(.argument, text) }
  static func shape(_ text: FailureText) -> Self { Self(.shape, text) }
  static func dtype(_ text: FailureText) -> Self { Self(.dtype, text) }
  static func index(_ text: FailureText) -> Self { Self(.index, text) }
  static func graph(_ text: FailureText) -> Self { Self(.graph, text) }
  static func memory(_ what: StaticString, bytes: Int) -> Self { Self(.memory, "\(what): no memory for \(bytes) bytes") }

  /// The sentence of the last failure on this thread, zero-terminated: `matmul: inner sizes differ: [3, 4] · [5, 2]`.
  package static var message: UnsafePointer<CChar> { UnsafePointer(shim_thread_message()) }
}

/// A sentence written to the thread's message by string interpolation.
package struct FailureText: ExpressibleByStringInterpolation {
  package init(stringLiteral s: StaticString) {
    var out = MessageWriter(shim_thread_message())
    out.append(s)
  }
  package init(stringInterpolation i: Interpolation) {}
  /// A sentence written to the thread's message by other means.
  init(written: Void) {}

  package struct Interpolation: StringInterpolationProtocol {
    package typealias StringLiteralType = StaticString
    private var out: MessageWriter
    package init(literalCapacity: Int, interpolationCount: Int) { out = MessageWriter(shim_thread_message()) }
    package mutating func appendLiteral(_ s: StaticString) { out.append(s) }
    package mutating func appendInterpolation(_ s: StaticString) { out.append(s) }
    package mutating func appendInterpolation(_ n: Int) { out.append(n) }
    package mutating func appendInterpolation(_ x: Double) { out.append(x) }
    package mutating func appendInterpolation(_ d: Dims) { out.append(d) }
    package mutating func appendInterpolation(_ t: DType) { out.append(t.name) }
    /// A sentence of our own.
    package mutating func appendInterpolation(whole s: UnsafePointer<CChar>) { out.append(whole: s) }
    package mutating func appendInterpolation(cString s: UnsafePointer<CChar>) { out.append(cString: s) }
    /// At most 80 bytes of it.
    mutating func appendInterpolation(bytes p: UnsafePointer<UInt8>, count n: Int) {
      var i = 0
      while i < n, i < 80 { out.append(byte: p[i]); i += 1 }
      if i < n { out.append("…") }
    }
  }
}

extension StaticString {
  package var cString: UnsafePointer<CChar> { UnsafeRawPointer(utf8Start).assumingMemoryBound(to: CChar.self) }
}

/// Writes at most 255 bytes of UTF-8 and a zero; what does not fit is cut. Out of line: failing is rare, code size is not.
struct MessageWriter {
  static let capacity = 256
  private let base: UnsafeMutablePointer<CChar>
  private(set) var count = 0

  init(_ base: UnsafeMutablePointer<CChar>) {
    self.base = base
    base[0] = 0
  }

  /// Goes on behind what stands there.
  init(continuing base: UnsafeMutablePointer<CChar>) {
    self.base = base
    while base[count] != 0 { count += 1 }
  }

  @inline(never) mutating func append(byte: UInt8) {
    guard count < Self.capacity - 1 else { return }
    base[count] = CChar(bitPattern: byte)
    count += 1
    base[count] = 0
  }

  @inline(never) mutating func append(_ s: StaticString) {
    var i = 0
    while i < s.utf8CodeUnitCount { append(byte: s.utf8Start[i]); i += 1 }
  }

  /// At most 80 bytes of it: paths and names come from outside.
  @inline(never) mutating func append(cString s: UnsafePointer<CChar>) {
    var i = 0
    while i < 80, s[i] != 0 { append(byte: UInt8(bitPattern: s[i])); i += 1 }
    if s[i] != 0 { append("…") }
  }

  @inline(never) mutating func append(whole s: UnsafePointer<CChar>) {
    var i = 0
    while s[i] != 0 { append(byte: UInt8(bitPattern: s[i])); i += 1 }
  }

  @inline(never) mutating func append(_ n: Int) {
    if n < 0 { append(byte: UInt8(ascii: "-")) }
    var rest = n.magnitude, divisor: UInt = 1
    while rest / divisor >= 10 { divisor *= 10 }
    while divisor > 0 {
      append(byte: UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest / divisor))
      rest %= divisor
      divisor /= 10
    }
  }

  /// Six significant digits; an exponent where the plain form would be long.
  @inline(never) mutating func append(_ x: Double) {
    if x != x { return append("nan") }
    if x < 0 { append(byte: UInt8(ascii: "-")) }
    var v = x < 0 ? -x : x
    if v == .infinity { return append("inf") }
    if v == 0 { return append("0") }
    var exponent = 0
    while v >= 1e6 { v /= 10; exponent += 1 }
    while v < 1e-4 { v *= 10; exponent -= 1 }
    if exponent != 0 {
      while v >= 10 { v /= 10; exponent += 1 }
      while v < 1 { v *= 10; exponent -= 1 }
    }
    var places = 0, scaled = v
    while places < 9, scaled < 1e5 { scaled *= 10; places += 1 }
    var digits = Int(scaled + 0.5), scale = 1, k = 0
    while k < places { scale *= 10; k += 1 }
    append(digits / scale)
    digits %= scale
    if digits > 0 {
      append(byte: UInt8(ascii: "."))
      while digits > 0 {
        scale /= 10
        append(byte: UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digits / scale))
        digits %= scale
      }
    }
    if exponent != 0 { append(byte: UInt8(ascii: "e")); append(exponent) }
  }

  @inline(never) mutating func append(_ d: Dims) {
    append(byte: UInt8(ascii: "["))
    var i = 0
    while i < d.stored {
      if i > 0 { append(", ") }
      append(d[i])
      i += 1
    }
    if d.count > d.stored { append(", …") }
    append(byte: UInt8(ascii: "]"))
  }
}
