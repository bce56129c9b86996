// The one error of the library: a code and a sentence. The sentence lives inline in the value, so that
// reporting "no memory" needs no memory.

/// What went wrong, as a code for programs and a sentence for people: operation, what was expected, what came.
public struct BackpropError: Error, Sendable {
  /// The kinds of errors, numbered as `bp_status` in `backprop.h`.
  public enum Code: Int32, Sendable {
    case argument = -1, shape = -2, dtype = -3, index = -4, memory = -5
    case handle = -6, graph = -7, io = -8, format = -9, callback = -10
  }
  public let code: Code
  package let text: ErrorText

  package init(_ code: Code, _ text: ErrorText) {
    self.code = code
    self.text = text
  }

  static func argument(_ text: ErrorText) -> Self { Self(.argument, text) }
  static func shape(_ text: ErrorText) -> Self { Self(.shape, text) }
  static func dtype(_ text: ErrorText) -> Self { Self(.dtype, text) }
  static func index(_ text: ErrorText) -> Self { Self(.index, text) }
  static func graph(_ text: ErrorText) -> Self { Self(.graph, text) }
  static func memory(_ what: StaticString, bytes: Int) -> Self { Self(.memory, "\(what): no memory for \(bytes) bytes") }
}

extension BackpropError: CustomStringConvertible {
  /// The sentence, e.g. `matmul: inner sizes differ: [3, 4] · [5, 2]`.
  public var description: String { text.string }
}

/// At most 255 bytes of UTF-8, built by string interpolation without allocating; what does not fit is cut.
package struct ErrorText: ExpressibleByStringInterpolation, Sendable {
  package static let capacity = 256
  private var bytes = InlineArray<256, UInt8>(repeating: 0)
  package private(set) var count = 0

  package init() {}
  package init(stringLiteral s: StaticString) { append(s) }
  package init(stringInterpolation i: Interpolation) { self = i.text }

  package struct Interpolation: StringInterpolationProtocol {
    package typealias StringLiteralType = StaticString
    fileprivate var text = ErrorText()
    package init(literalCapacity: Int, interpolationCount: Int) {}
    package mutating func appendLiteral(_ s: StaticString) { text.append(s) }
    package mutating func appendInterpolation(_ s: StaticString) { text.append(s) }
    package mutating func appendInterpolation(_ n: Int) { text.append(n) }
    package mutating func appendInterpolation(_ x: Double) { text.append(x) }
    package mutating func appendInterpolation(_ d: Dims) { text.append(d) }
    package mutating func appendInterpolation(_ t: DType) { text.append(t.name) }
    package mutating func appendInterpolation(_ t: ErrorText) { text.append(text: t) }
    package mutating func appendInterpolation(cString s: UnsafePointer<CChar>) { text.append(cString: s) }
  }

  package subscript(i: Int) -> UInt8 { bytes[i] }

  mutating func append(byte: UInt8) {
    guard count < Self.capacity - 1 else { return }
    bytes[count] = byte
    count += 1
  }

  mutating func append(_ s: StaticString) {
    var i = 0
    while i < s.utf8CodeUnitCount { append(byte: s.utf8Start[i]); i += 1 }
  }

  mutating func append(text t: ErrorText) {
    var i = 0
    while i < t.count { append(byte: t.bytes[i]); i += 1 }
  }

  /// At most 80 bytes of it: paths and names come from outside.
  mutating func append(cString s: UnsafePointer<CChar>) {
    var i = 0
    while i < 80, s[i] != 0 { append(byte: UInt8(bitPattern: s[i])); i += 1 }
    if s[i] != 0 { append("…") }
  }

  mutating func append(_ n: Int) {
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
  mutating func append(_ x: Double) {
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

  mutating func append(_ d: Dims) {
    append(byte: UInt8(ascii: "["))
    var i = 0
    while i < d.count {
      if i > 0 { append(", ") }
      append(d[i])
      i += 1
    }
    append(byte: UInt8(ascii: "]"))
  }

  var string: String {
    var s = ""
    var i = 0
    var scalar: UInt32 = 0, rest = 0  // our own text is well-formed UTF-8; a cut one ends early
    while i < count {
      let b = bytes[i]
      if b < 0x80 { s.unicodeScalars.append(Unicode.Scalar(b)) }
      else if b >= 0xC0 { rest = b >= 0xF0 ? 3 : b >= 0xE0 ? 2 : 1; scalar = UInt32(b) & (0x3F >> UInt32(rest)) }
      else if rest > 0 {
        scalar = scalar << 6 | UInt32(b & 0x3F)
        rest -= 1
        if rest == 0, let u = Unicode.Scalar(scalar) { s.unicodeScalars.append(u) }
      }
      i += 1
    }
    return s
  }
}
