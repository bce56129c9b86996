// Just the JSON a safetensors header is made of, read from bytes nobody vouches for.
import CShim
import KernelAPI

/// A position in the header's text and the few things that may come next.
struct HeaderReader {
  let text: UnsafePointer<UInt8>
  let count: Int
  var at = 0

  init(text: UnsafePointer<UInt8>, count: Int) {
    self.text = text
    self.count = count
  }

  mutating func skipSpace() {
    while at < count, text[at] == 32 || text[at] == 10 || text[at] == 13 || text[at] == 9 { at += 1 }
  }
  var isAtEnd: Bool { mutating get { skipSpace(); return at == count } }

  mutating func take(_ c: Unicode.Scalar) -> Bool {
    skipSpace()
    guard at < count, UInt32(text[at]) == c.value else { return false }
    at += 1
    return true
  }

  struct Span { var start: Int, count: Int }

  /// The raw inside of a string.
  mutating func string() -> Span? {
    guard take("\"") else { return nil }
    let start = at
    while at < count, text[at] != 34 {
      if text[at] < 32 { return nil }
      at += text[at] == 92 ? 2 : 1
    }
    guard at < count else { return nil }
    at += 1
    return Span(start: start, count: at - 1 - start)
  }

  func isString(_ s: Span, _ literal: StaticString) -> Bool {
    s.count == literal.utf8CodeUnitCount && memcmp(text + s.start, literal.utf8Start, s.count) == 0
  }

  /// Writes the string's UTF-8 and a zero; an escape never grows. False if malformed or holding a zero byte.
  func unescape(_ s: Span, into out: UnsafeMutablePointer<UInt8>) -> Bool {
    var i = s.start, n = 0
    let end = s.start + s.count
    func hex(_ at: Int) -> UInt32? {
      guard at + 4 <= end else { return nil }
      var v: UInt32 = 0, k = 0
      while k < 4 {
        let c = text[at + k]
        switch c {
        case 48...57: v = v << 4 | UInt32(c - 48)
        case 65...70: v = v << 4 | UInt32(c - 55)
        case 97...102: v = v << 4 | UInt32(c - 87)
        default: return nil
        }
        k += 1
      }
      return v
    }
    while i < end {
      if text[i] != 92 { out[n] = text[i]; n += 1; i += 1; continue }
      guard i + 1 < end else { return false }
      var simple: UInt8 = 0
      switch text[i + 1] {
      case 34, 92, 47: simple = text[i + 1]
      case 98: simple = 8
      case 102: simple = 12
      case 110: simple = 10
      case 114: simple = 13
      case 116: simple = 9
      case 117:
        guard var v = hex(i + 2), v != 0 else { return false }
        i += 6
        if v >= 0xD800, v < 0xDC00 {
          guard i + 1 < end, text[i] == 92, text[i + 1] == 117, let low = hex(i + 2), low >= 0xDC00, low < 0xE000 else { return false }
          v = 0x10000 + (v - 0xD800) << 10 + (low - 0xDC00)
          i += 6
        } else if v >= 0xDC00, v < 0xE000 { return false }
        func put(_ b: UInt32) { out[n] = UInt8(truncatingIfNeeded: b); n += 1 }
        if v < 0x80 { put(v) }
        else if v < 0x800 { put(0xC0 | v >> 6); put(0x80 | v & 63) }
        else if v < 0x10000 { put(0xE0 | v >> 12); put(0x80 | v >> 6 & 63); put(0x80 | v & 63) }
        else { put(0xF0 | v >> 18); put(0x80 | v >> 12 & 63); put(0x80 | v >> 6 & 63); put(0x80 | v & 63) }
        continue
      default: return false
      }
      out[n] = simple
      n += 1
      i += 2
    }
    out[n] = 0
    return true
  }

  /// A whole number from 0 to 2^62.
  mutating func number() -> Int? {
    skipSpace()
    var v = 0, digits = 0
    while at < count, text[at] >= 48, text[at] <= 57 {
      if v > 1 << 58 { return nil }
      v = v * 10 + Int(text[at] - 48)
      at += 1
      digits += 1
    }
    return digits > 0 ? v : nil
  }

  mutating func skipStringMap() -> Bool {
    guard take("{") else { return false }
    if take("}") { return true }
    repeat {
      guard string() != nil, take(":"), string() != nil else { return false }
    } while take(",")
    return take("}")
  }

  struct Entry { var dtype: DType?, shape = Dims(), start = -1, end = -1 }

  /// {"dtype": …, "shape": […], "data_offsets": [a, b]} in any order.
  mutating func tensor() -> Entry? {
    var e = Entry(), seen = 0
    guard take("{") else { return nil }
    repeat {
      guard let key = string(), take(":") else { return nil }
      if isString(key, "dtype") {
        guard seen & 1 == 0, let s = string() else { return nil }
        for type in DType.allCases where isString(s, type.safetensorsName) { e.dtype = type }
        seen |= 1
      } else if isString(key, "shape") {
        guard seen & 2 == 0, take("[") else { return nil }
        if !take("]") {
          repeat {
            guard e.shape.count < Dims.most, let n = number() else { return nil }
            e.shape.append(n)
          } while take(",")
          guard take("]") else { return nil }
        }
        seen |= 2
      } else if isString(key, "data_offsets") {
        guard seen & 4 == 0, take("["), let a = number(), take(","), let b = number(), take("]") else { return nil }
        e.start = a
        e.end = b
        seen |= 4
      } else {
        return nil
      }
    } while take(",")
    return take("}") && seen == 7 ? e : nil
  }
}

extension DType {
  /// The format's name of the type.
  var safetensorsName: StaticString {
    switch self {
    case .float32: "F32"
    case .float64: "F64"
    case .int64: "I64"
    case .int32: "I32"
    case .uint8: "U8"
    case .bool: "BOOL"
    case .float16: "F16"
    case .bfloat16: "BF16"
    }
  }
}
