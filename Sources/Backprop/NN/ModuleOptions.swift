// What a module was told when it was made: one value for each option of its kind's signature.
import CShim
import KernelAPI

/// A word of a signature, where it stands in static text.
struct StaticText {
  let start: UnsafePointer<UInt8>
  let count: Int
  init(_ start: UnsafePointer<UInt8>, _ count: Int) {
    self.start = start
    self.count = count
  }
  /// The name at the head of a signature.
  init(head s: StaticString) {
    var n = 0
    while s.utf8Start[n] != 40 { n += 1 }  // (
    self.init(s.utf8Start, n)
  }
  func equals(_ p: UnsafePointer<UInt8>, _ n: Int) -> Bool { n == count && memcmp(start, p, n) == 0 }
  func equals(_ s: StaticString) -> Bool { equals(s.utf8Start, s.utf8CodeUnitCount) }
}

/// One value. A number is kept as double: whole ones beyond 2⁵³ are refused where they are read.
struct ModuleOption {
  enum Form: UInt8 { case missing, none, truth, whole, number, tuple, word, module }
  var form = Form.missing
  var isWhole = true
  /// Of a tuple or a word.
  var count: UInt8 = 0
  /// Where it stands in the text; −1: a default.
  var at: Int32 = -1
  var module: UInt32 = 0
  var numbers = InlineArray<8, Double>(repeating: 0)
  var letters = InlineArray<24, UInt8>(repeating: 0)

  func isWord(_ s: StaticString) -> Bool {
    if form != .word || Int(count) != s.utf8CodeUnitCount { return false }
    var i = 0
    while i < Int(count) { if letters[i] != s.utf8Start[i] { return false }; i += 1 }
    return true
  }
  func equals(_ o: ModuleOption) -> Bool {
    if form != o.form || form == .module { return false }
    var i = 0
    while i < 8 { if numbers[i] != o.numbers[i] { return false }; i += 1 }
    if count != o.count { return false }
    i = 0
    while i < 24 { if letters[i] != o.letters[i] { return false }; i += 1 }
    return true
  }
}

/// The options of one module, in the order of its signature.
struct ModuleOptions {
  private(set) var base: UnsafeMutablePointer<ModuleOption>?
  private(set) var count = 0
  private var size = 0

  init() {}
  init(_ e: Engine, count: Int) throws(Failure) {
    if count == 0 { return }
    let bytes = count &* MemoryLayout<ModuleOption>.stride
    guard let p = e.state.pointee.allocator.allocate(bytes, size: &size) else { throw .memory("module", bytes: bytes) }
    let options = p.assumingMemoryBound(to: ModuleOption.self)
    base = options
    self.count = count
    var i = 0
    while i < count { (options + i).initialize(to: ModuleOption()); i += 1 }
  }

  subscript(i: Int) -> ModuleOption {
    get { base.unsafelyUnwrapped[i] }
    nonmutating set { base.unsafelyUnwrapped[i] = newValue }
  }

  /// Frees them, and the modules they name.
  func destroy(_ e: Engine) {
    guard let base else { return }
    var i = 0
    while i < count {
      if base[i].form == .module, base[i].module != 0 { e.dropModule(base[i].module) }
      i += 1
    }
    e.state.pointee.allocator.release(UnsafeMutableRawPointer(base), size: size)
  }
}

/// The words of a signature, one after the other: `Linear(in_features, out_features, bias=True)`.
struct Signature {
  private let text: StaticString
  private var at: Int
  init(_ text: StaticString) {
    self.text = text
    at = StaticText(head: text).count + 1
  }

  /// The next option and the position of its default, −1 without one.
  mutating func next() -> (name: StaticText, value: Int)? {
    let p = text.utf8Start, n = text.utf8CodeUnitCount
    while at < n, p[at] == 32 || p[at] == 44 { at += 1 }
    if at >= n || p[at] == 41 { return nil }
    let start = at
    while p[at] != 61, p[at] != 44, p[at] != 41 { at += 1 }
    let name = StaticText(p + start, at - start)
    if p[at] != 61 { return (name, -1) }
    at += 1
    let value = at
    var depth = 0
    while depth > 0 || (p[at] != 44 && p[at] != 41) {
      if p[at] == 40 { depth += 1 }
      if p[at] == 41 { depth -= 1 }
      at += 1
    }
    return (name, value)
  }

  static func count(_ text: StaticString) -> Int {
    var s = Signature(text), n = 0
    while s.next() != nil { n += 1 }
    return n
  }
  static func name(_ text: StaticString, _ i: Int) -> StaticText {
    var s = Signature(text), k = 0
    while let option = s.next() {
      if k == i { return option.name }
      k += 1
    }
    return StaticText(text.utf8Start, 0)
  }
  static func find(_ text: StaticString, _ name: UnsafePointer<UInt8>, _ length: Int) -> Int {
    var s = Signature(text), k = 0
    while let option = s.next() {
      if option.name.equals(name, length) { return k }
      k += 1
    }
    return -1
  }
}

// MARK: Reading options

extension ModuleValue {
  @inline(never) func hasOption(_ name: StaticString) -> Bool {
    Signature.find(record.pointee.kind.row.signature, name.utf8Start, name.utf8CodeUnitCount) >= 0
  }
  @inline(never) func option(_ name: StaticString) -> ModuleOption {
    let i = Signature.find(record.pointee.kind.row.signature, name.utf8Start, name.utf8CodeUnitCount)
    return i < 0 ? ModuleOption() : record.pointee.options[i]
  }
  @inline(never) func set(_ name: StaticString, _ value: ModuleOption) {
    let i = Signature.find(record.pointee.kind.row.signature, name.utf8Start, name.utf8CodeUnitCount)
    if i >= 0 { record.pointee.options[i] = value }
  }
  @inline(never) func isNone(_ name: StaticString) -> Bool {
    let o = option(name)
    return o.form == .none || o.form == .missing
  }
  @inline(never) func wrong(_ name: StaticString, _ why: StaticString) -> Failure {
    .argument("\(kindName): option '\(name)' must be \(why), it is \(option(name))")
  }

  @inline(never) func truth(_ name: StaticString) throws(Failure) -> Bool {
    let o = option(name)
    if o.form != .truth && o.form != .whole { throw wrong(name, "True or False") }
    return o.numbers[0] != 0
  }
  /// A whole number of at least `least`.
  @inline(never) func whole(_ name: StaticString, atLeast least: Int = .min) throws(Failure) -> Int {
    let o = option(name)
    if o.form != .whole { throw wrong(name, "a whole number") }
    let n = Int(o.numbers[0])
    if n < least { throw wrong(name, least == 0 ? "at least 0" : "at least 1") }
    return n
  }
  @inline(never) func number(_ name: StaticString) throws(Failure) -> Double {
    let o = option(name)
    if o.form != .whole && o.form != .number { throw wrong(name, "a number") }
    return o.numbers[0]
  }
  /// `n` whole numbers; a single one counts for all.
  @inline(never) func wholes(_ name: StaticString, _ n: Int, atLeast least: Int = 0) throws(Failure) -> Dims {
    let o = option(name)
    var d = Dims(), i = 0
    if o.form != .whole && (o.form != .tuple || Int(o.count) != n || !o.isWhole) {
      throw n == 1 ? wrong(name, "a whole number") : wrong(name, n == 2 ? "a whole number or two of them" : n == 3 ? "a whole number or three of them" : "a whole number or two for each dimension")
    }
    while i < n {
      d.append(Int(o.numbers[o.form == .whole ? 0 : i]))
      if d[i] < least { throw wrong(name, least == 0 ? "at least 0" : "at least 1") }
      i += 1
    }
    return d
  }
  /// Whole numbers, however many.
  @inline(never) func shape(_ name: StaticString) throws(Failure) -> Dims {
    let o = option(name)
    if o.form == .whole { return Dims(Int(o.numbers[0])) }
    if o.form != .tuple || !o.isWhole { throw wrong(name, "a whole number or a tuple of them") }
    var d = Dims(), i = 0
    while i < Int(o.count) { d.append(Int(o.numbers[i])); i += 1 }
    return d
  }
  /// Refuses a number outside 0…1.
  @inline(never) func probability(_ name: StaticString) throws(Failure) -> Double {
    let p = try number(name)
    if !(p >= 0 && p <= 1) { throw wrong(name, "a probability between 0 and 1") }
    return p
  }
  @inline(never) func reduction() throws(Failure) -> Reduction {
    if !isNone("size_average") || !isNone("reduce") { throw .argument("\(kindName): size_average and reduce are long deprecated: use reduction") }
    let o = option("reduction")
    if o.isWord("mean") { return .mean }
    if o.isWord("sum") { return .sum }
    if o.isWord("none") { return .none }
    if o.isWord("batchmean"), record.pointee.kind == .klDivLoss { return .batchMean }
    throw wrong("reduction", "'none', 'mean' or 'sum'")
  }
  /// Writes an option's whole numbers as a tuple of n, as PyTorch's modules keep them.
  @inline(never) func spread(_ name: StaticString, _ n: Int) throws(Failure) {
    var o = option(name)
    if o.form != .whole { return }
    o.form = .tuple
    o.count = UInt8(truncatingIfNeeded: n)
    var i = 1
    while i < n { o.numbers[i] = o.numbers[0]; i += 1 }
    set(name, o)
  }
}

// MARK: In error messages

extension FailureText.Interpolation {
  mutating func appendInterpolation(_ t: StaticText) { appendInterpolation(bytes: t.start, count: t.count) }
  @inline(never) mutating func appendInterpolation(_ o: ModuleOption) {
    switch o.form {
    case .missing: appendLiteral("missing")
    case .none: appendLiteral("None")
    case .truth: appendLiteral(o.numbers[0] != 0 ? "True" : "False")
    case .whole: appendInterpolation(Int(o.numbers[0]))
    case .number: appendInterpolation(o.numbers[0])
    case .module: appendLiteral("a module")
    case .word:
      var o = o
      appendLiteral("'")
      withUnsafePointer(to: &o.letters) { appendInterpolation(bytes: UnsafeRawPointer($0).assumingMemoryBound(to: UInt8.self), count: Int(o.count)) }
      appendLiteral("'")
    case .tuple:
      appendLiteral("(")
      var i = 0
      while i < Int(o.count) {
        if i > 0 { appendLiteral(", ") }
        appendInterpolation(o.numbers[i])
        i += 1
      }
      appendLiteral(")")
    }
    if o.at >= 0 { appendLiteral(" (character "); appendInterpolation(Int(o.at) + 1); appendLiteral(")") }
  }
}
