// Sizes and strides: at most eight numbers, inline, and the arithmetic of shapes.

/// A list of at most eight sizes, strides or dimensions; the shape `[2, 3]` is written as an array literal.
public struct Dims: Sendable {
  public static let most = 8
  private var values = InlineArray<8, Int>(repeating: 0)
  public internal(set) var count = 0

  public init() {}
  init(_ a: Int) { append(a) }
  init(_ a: Int, _ b: Int) { append(a); append(b) }

  /// `count` times `value`; count ≤ 8.
  init(repeating value: Int, count: Int) {
    self.count = count
    var i = 0
    while i < count { values[i] = value; i += 1 }
  }

  public subscript(i: Int) -> Int {
    get { values[i] }
    set { values[i] = newValue }
  }

  /// How many numbers there are: `count`, except in a list that is too long.
  var stored: Int { count < Self.most ? count : Self.most }
  var last: Int { self[count - 1] }
  var isEmpty: Bool { count == 0 }

  /// For lists whose length is known to fit.
  package mutating func append(_ v: Int) {
    precondition(count < Self.most)
    values[count] = v
    count += 1
  }

  @inline(never) mutating func insert(_ v: Int, at i: Int) {
    append(v)
    var k = count - 1
    while k > i { values[k] = values[k - 1]; k -= 1 }
    values[i] = v
  }

  @inline(never) @discardableResult mutating func remove(at i: Int) -> Int {
    let v = values[i]
    var k = i
    while k < count - 1 { values[k] = values[k + 1]; k += 1 }
    count -= 1
    return v
  }

  func inserting(_ v: Int, at i: Int) -> Dims { var d = self; d.insert(v, at: i); return d }
  @inline(never) func removing(at i: Int) -> Dims { var d = self; d.remove(at: i); return d }
  func appending(_ a: Int) -> Dims { var d = self; d.append(a); return d }
  func appending(_ a: Int, _ b: Int) -> Dims { var d = self; d.append(a); d.append(b); return d }
  @inline(never) func replacing(_ i: Int, with v: Int) -> Dims { var d = self; d[i] = v; return d }

  /// Product of sizes already known not to overflow.
  var product: Int {
    var p = 1, i = 0
    while i < count { p &*= values[i]; i += 1 }
    return p
  }

  /// Strides of a row-major array without gaps.
  var contiguousStrides: Dims {
    @inline(never) get {
    var s = self, step = 1, i = count - 1
    while i >= 0 { s.values[i] = step; step &*= values[i] > 1 ? values[i] : 1; i -= 1 }
    return s
    }
  }
}

extension Dims: Equatable {
  public static func == (a: Dims, b: Dims) -> Bool {
    if a.count != b.count { return false }
    var i = 0
    while i < a.stored { if a.values[i] != b.values[i] { return false }; i += 1 }
    return true
  }
}

// MARK: Checks, each with the name of the operation that asks

extension Dims {
  /// Bytes of a tensor of this shape; refuses negative sizes, more than eight of them, and products that overflow.
  func byteCount(of type: DType, for operation: StaticString) throws(Failure) -> Int {
    if count > Self.most { throw .shape("\(operation): more than 8 dimensions") }
    var bytes = type.size, empty = false, i = 0
    while i < count {
      if values[i] < 0 { throw .shape("\(operation): negative size in shape \(self)") }
      if values[i] == 0 { empty = true }
      i += 1
    }
    if empty { return 0 }
    i = 0
    while i < count {
      let (product, overflow) = bytes.multipliedReportingOverflow(by: values[i])
      if overflow { throw .shape("\(operation): shape \(self) has more bytes than can be counted") }
      bytes = product
      i += 1
    }
    return bytes
  }

  /// A dimension counted from either end, for a tensor of this shape. 0-dimensional tensors take 0 and −1.
  @inline(never) func dimension(_ d: Int, for operation: StaticString) throws(Failure) -> Int {
    let rank = count == 0 ? 1 : count
    guard d >= -rank, d < rank else {
      throw .index("\(operation): dimension \(d) is out of range for shape \(self)")
    }
    return d < 0 ? d + rank : d
  }

  /// The common shape of two operands, sizes compared from the right, 1 stretching to anything.
  func broadcast(with other: Dims, for operation: StaticString) throws(Failure) -> Dims {
    if self == other { return self }
    let n = count > other.count ? count : other.count
    var out = Dims(repeating: 1, count: n)
    var i = 1
    while i <= n {
      let a = i <= count ? self[count - i] : 1, b = i <= other.count ? other[other.count - i] : 1
      if a != b && a != 1 && b != 1 {
        throw .shape("\(operation): shapes do not broadcast: \(self) and \(other)")
      }
      out[n - i] = a == 1 ? b : a
      i += 1
    }
    return out
  }

  /// Whether sizes of 1 and missing ones in front can be repeated to make `target`.
  @inline(never) func stretches(to target: Dims) -> Bool {
    if self == target { return true }
    if count > target.count { return false }
    var i = 1
    while i <= count {
      if self[count - i] != 1 && self[count - i] != target[target.count - i] { return false }
      i += 1
    }
    return true
  }

  /// Strides with which a tensor of shape `self` and these strides reads as `target` (0 along stretched dimensions).
  @inline(never) func strides(_ strides: Dims, stretchedTo target: Dims) -> Dims {
    var s = Dims(repeating: 0, count: target.count)
    var i = 1
    while i <= count {
      if self[count - i] != 1 || target[target.count - i] == 1 { s[target.count - i] = strides[count - i] }
      i += 1
    }
    return s
  }
}

/// A set of dimensions as bits.
struct DimSet: Equatable {
  var bits: UInt8 = 0
  func contains(_ d: Int) -> Bool { bits & (1 << UInt8(truncatingIfNeeded: d)) != 0 }
  mutating func insert(_ d: Int) { bits |= 1 << UInt8(truncatingIfNeeded: d) }
  static func all(_ rank: Int) -> DimSet { DimSet(bits: rank >= 8 ? 255 : (1 << UInt8(truncatingIfNeeded: rank)) - 1) }
}

extension Dims {
  /// The dimensions named in `dims` (none: all), each at most once.
  func dimensionSet(_ dims: Dims, for operation: StaticString) throws(Failure) -> DimSet {
    if dims.count == 0 { return .all(count) }
    if dims.count > Self.most { throw .shape("\(operation): more than 8 dimensions") }
    var set = DimSet(), i = 0
    while i < dims.count {
      let d = try dimension(dims[i], for: operation)
      if set.contains(d) { throw .argument("\(operation): dimension \(dims[i]) is named twice in \(dims)") }
      set.insert(d)
      i += 1
    }
    return count == 0 ? DimSet() : set
  }

  /// This shape with the dimensions of `set` reduced to 1 or dropped.
  @inline(never) func reduced(_ set: DimSet, keep: Bool) -> Dims {
    var out = Dims(), i = 0
    while i < count {
      if !set.contains(i) { out.append(self[i]) } else if keep { out.append(1) }
      i += 1
    }
    return out
  }
}
