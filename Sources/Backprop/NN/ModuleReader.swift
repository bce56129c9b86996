// PyTorch's text for a module, read: what one would write in Python, or what print shows. Nothing in it is trusted.
import CShim
import KernelAPI

/// A place in the text. Names and numbers are bytes of it; nothing is copied until a module keeps it.
struct ModuleReader {
  private let text: UnsafePointer<UInt8>
  private let count: Int
  private var at = 0

  init(_ s: UnsafePointer<CChar>) { self.init(UnsafeRawPointer(s).assumingMemoryBound(to: UInt8.self), strlen(s)) }
  init(_ text: UnsafePointer<UInt8>, _ count: Int) {
    self.text = text
    self.count = count < 1 << 30 ? count : 1 << 30
  }

  func error(_ why: FailureText) -> Failure {
    _ = why
    // The sentence stands in the thread's message; the place goes behind it.
    var out = MessageWriter(continuing: shim_thread_message())
    out.append(" (character ")
    out.append(at + 1)
    out.append(")")
    return .argument(FailureText(written: ()))
  }

  // MARK: Words

  private mutating func space() {
    while at < count, text[at] == 32 || (text[at] >= 9 && text[at] <= 13) { at += 1 }
  }
  private mutating func peek() -> UInt8 {
    space()
    return at < count ? text[at] : 0
  }
  private mutating func take(_ c: StaticString) -> Bool {
    if peek() != c.utf8Start[0] { return false }
    at += 1
    return true
  }
  var isAtEnd: Bool { mutating get { peek() == 0 && at >= count } }

  private static func isLetter(_ c: UInt8) -> Bool { c | 32 >= 97 && c | 32 <= 122 || c == 95 }
  private static func isDigit(_ c: UInt8) -> Bool { c >= 48 && c <= 57 }

  /// A name; of a dotted one, such as `torch.nn.ReLU`, the last part.
  private mutating func word() -> StaticText? {
    if !Self.isLetter(peek()) { return nil }
    var start = at
    while at < count, Self.isLetter(text[at]) || Self.isDigit(text[at]) || text[at] == 46 {
      if text[at] == 46 { start = at + 1 }
      at += 1
    }
    return StaticText(text + start, at - start)
  }

  private mutating func whole() -> UInt64? {
    var n: UInt64 = 0, some = false
    while at < count, Self.isDigit(text[at]) {
      n = n > 1 << 54 ? n : n * 10 + UInt64(text[at] - 48)
      some = true
      at += 1
    }
    return some ? n : nil
  }

  /// A number in decimal notation. Exact for up to 15 digits and powers of ten up to 22 (Clinger 1990), as all options are.
  private mutating func number() throws(Failure) -> ModuleOption {
    var o = ModuleOption()
    o.form = .whole
    let isNegative = take("-")
    if !isNegative { _ = take("+") }
    if let w = word() {
      if !w.equals("inf") && !w.equals("nan") { throw error("module: '\(w)' is no number") }
      o.form = .number
      o.isWhole = false
      o.numbers[0] = w.equals("nan") ? .nan : isNegative ? -.infinity : .infinity
      return o
    }
    var digits = 0.0, exponent = 0, some = false
    while at < count, Self.isDigit(text[at]) || text[at] == 46 || text[at] == 95 {
      if text[at] == 46 {
        if !o.isWhole { throw error("module: a number with two points") }
        o.isWhole = false
      } else if text[at] != 95 {
        digits = digits * 10 + Double(text[at] - 48)
        if !o.isWhole { exponent -= 1 }
        some = true
      }
      at += 1
    }
    if !some { throw error("module: a value is missing") }
    if at < count, text[at] | 32 == 101 {  // e
      at += 1
      let down = at < count && text[at] == 45
      if down || (at < count && text[at] == 43) { at += 1 }
      guard let e = whole(), e < 1000 else { throw error("module: a number with a wrong exponent") }
      exponent += down ? -Int(e) : Int(e)
      o.isWhole = false
    }
    if exponent < -400 { exponent = -400 }
    if exponent > 400 { exponent = 400 }
    var power = 1.0, k = exponent.magnitude
    while k > 0, k <= 22 { power *= 10; k -= 1 }
    if k > 0 { power = shim_pow(10, Double(k)) }
    digits = exponent < 0 ? digits / power : digits * power
    o.numbers[0] = isNegative ? -digits : digits
    if !o.isWhole { o.form = .number } else if digits > 0x1p53 { throw error("module: the number is too large") }
    return o
  }

  // MARK: Values

  /// None, True, a number, a tuple, a string, a name such as float64, or a module.
  private mutating func value(_ e: Engine, _ depth: Int) throws(Failure) -> ModuleOption {
    let c = peek(), start = at
    var o = ModuleOption()
    if c == 39 || c == 34 {
      at += 1
      let first = at
      while at < count, text[at] != c { at += 1 }
      if at >= count { throw error("module: a string has no end") }
      try o.setWord(StaticText(text + first, at - first), self)
      at += 1
    } else if c == 40 || c == 91 {
      at += 1
      o.form = .tuple
      while !(take(")") || take("]")) {
        if o.count == 8 { throw error("module: a tuple of more than 8 numbers") }
        let n = try number()
        o.numbers[Int(o.count)] = n.numbers[0]
        o.isWhole = o.isWhole && n.isWhole
        o.count += 1
        if !take(","), peek() != 41, peek() != 93 { throw error("module: wanted ',' or the end of a tuple") }
      }
    } else if let w = word() {
      if peek() == 40 {
        at = start
        o.module = try module(e, depth: depth + 1).index
        o.form = .module
      } else if w.equals("None") {
        o.form = .none
      } else if w.equals("True") || w.equals("False") {
        o.form = .truth
        o.numbers[0] = w.equals("True") ? 1 : 0
      } else if w.equals("inf") || w.equals("nan") {
        at = start
        o = try number()
      } else {
        try o.setWord(w, self)
      }
    } else {
      o = try number()
    }
    o.at = Int32(truncatingIfNeeded: start)
    return o
  }

  // MARK: Modules

  /// One module; its reference is the caller's.
  mutating func module(_ e: Engine, depth: Int) throws(Failure) -> ModuleValue {
    if depth > deepestModule { throw error("module: more than \(deepestModule) modules inside one another") }
    let start = at
    guard let name = word() else { throw error("module: wanted a module such as Linear(3, 4)") }
    guard let kind = ModuleKind.named(name) else {
      at = start
      throw error("module: there is no module '\(name)'")
    }
    if !take("(") { throw error("\(name): wanted '('") }
    let signature = kind.row.signature
    let m = try e.makeModule(kind, ModuleOptions())
    do throws(Failure) {
      if kind.holdsChildren {
        try children(of: m, "(", depth)
      } else {
        m.record.pointee.options = try ModuleOptions(e, count: Signature.count(signature))
        try options(of: m, signature, depth)
        if let make = kind.row.make { try make(m) }
        try m.convertAsTold()
      }
    } catch {
      e.dropModule(m.index)
      throw error
    }
    return m
  }

  /// Everything up to ')', sorted by the signature; what is missing gets its default.
  private mutating func options(of m: ModuleValue, _ signature: StaticString, _ depth: Int) throws(Failure) {
    let o = m.record.pointee.options, name = m.kindName, takesAnything = m.record.pointee.kind == .identity
    var position = 0  // −1 behind the first value with a name
    while !take(")") {
      var k = position, isNamed = false
      let before = at
      if peek() == 40 {  // (name): a child as print shows it; a tuple otherwise
        at += 1
        if word() != nil, take(")"), take(":") { throw error("\(name): takes no modules by name") }
        at = before
      } else if let w = word() {
        if peek() == 61 {
          at += 1
          k = Signature.find(signature, w.start, w.count)
          if k < 0, !takesAnything {
            at = before
            throw error("\(name): there is no option '\(w)'")
          }
          position = -1
          isNamed = true
        } else {
          at = before
        }
      }
      if !isNamed, position < 0 { throw error("\(name): a value without a name behind one with a name") }
      let v = try value(m.engine, depth)
      if takesAnything {
        if v.form == .module { m.engine.dropModule(v.module) }
      } else {
        if k >= o.count || o[k].form != .missing {
          if v.form == .module { m.engine.dropModule(v.module) }
          throw k >= o.count ? error("\(name): takes \(o.count) options") : error("\(name): option '\(Signature.name(signature, k))' is given twice")
        }
        o[k] = v
      }
      if position >= 0 { position += 1 }
      if !take(","), peek() != 41 { throw error("\(name): wanted ',' or ')'") }
    }
    try o.fill(name, signature)
  }

  /// A value that is no module.
  fileprivate mutating func plain() throws(Failure) -> ModuleOption {
    let start = at
    if let w = word() {
      var o = ModuleOption()
      o.form = w.equals("None") ? .none : .truth
      o.numbers[0] = w.equals("True") ? 1 : 0
      if w.equals("inf") || w.equals("nan") { at = start; return try number() }
      return o
    }
    if peek() != 39 { return try number() }
    at += 1
    let first = at
    while text[at] != 39 { at += 1 }
    var o = ModuleOption()
    try o.setWord(StaticText(text + first, at - first), self)
    return o
  }

  /// A value's form, as far as the default tells it.
  fileprivate static func check(_ v: ModuleOption, _ d: ModuleOption, _ name: StaticText, _ option: StaticText) throws(Failure) {
    switch d.form {
    case .truth where v.form != .truth: throw .argument("\(name): option '\(option)' must be True or False, it is \(v)")
    case .number where v.form != .number && v.form != .whole && v.form != .none:
      throw .argument("\(name): option '\(option)' must be a number, it is \(v)")
    case .word where v.form != .word && v.form != .whole: throw .argument("\(name): option '\(option)' must be a string, it is \(v)")
    default: return
    }
  }

  /// The modules of a container: `a, b`, `x=a`, `(x): a`, and in lists and dicts `[a, b]`, `{'x': a}`.
  private mutating func children(of m: ModuleValue, _ opened: StaticString, _ depth: Int) throws(Failure) {
    let close: StaticString = opened.utf8Start[0] == 40 ? ")" : opened.utf8Start[0] == 91 ? "]" : "}"
    while !take(close) {
      if opened.utf8Start[0] == 40, m.count == 0, peek() == 91 || peek() == 123 {
        let bracket: StaticString = peek() == 91 ? "[" : "{"
        at += 1
        try children(of: m, bracket, depth)
        _ = take(",")
        continue
      }
      let (name, isNamed) = try childName(m, opened)
      if isNamed, opened.utf8Start[0] == 40, try repeated(name, in: m, depth) { continue }
      let child = try module(m.engine, depth: depth + 1)
      if !isNamed {
        try m.put(m.count, child)
      } else {
        if m.find(name.chars, name.count) >= 0 {
          m.engine.dropModule(child.index)
          throw error("\(m.kindName): two modules are named '\(name)'")
        }
        try m.put(.child, name.chars, name.count, child.index)
      }
      // print writes no commas
      if !take(","), peek() == 0 { throw error("\(m.kindName): wanted ')'") }
    }
  }

  /// `(0-2): 3 x ReLU()`, as print shows equal modules of a list.
  private mutating func repeated(_ name: StaticText, in m: ModuleValue, _ depth: Int) throws(Failure) -> Bool {
    if !Self.isDigit(peek()) { return false }
    guard let n = whole(), n > 0, n <= 4096, take("x") else { throw error("\(m.kindName): wanted a module, or 'n x' and a module, n up to 4096") }
    let start = at
    var i: UInt64 = 0
    while i < n {
      at = start
      try m.put(m.count, module(m.engine, depth: depth + 1))
      i += 1
    }
    _ = take(",")
    return true
  }

  private mutating func childName(_ m: ModuleValue, _ opened: StaticString) throws(Failure) -> (StaticText, Bool) {
    let nothing = StaticText(text, 0), start = at
    if opened.utf8Start[0] == 123 {
      let o = try value(m.engine, deepestModule + 1)
      if o.form != .word || !take(":") { throw error("\(m.kindName): wanted 'name': module") }
      return (StaticText(text + Int(o.at) + 1, Int(o.count)), true)
    }
    if take("(") {
      space()
      let first = at
      while at < count, text[at] != 41, text[at] > 32, text[at] != 40 { at += 1 }
      let name = StaticText(text + first, at - first)
      if !take(")") || !take(":") { throw error("\(m.kindName): wanted (name): module") }
      return (name, true)
    }
    if let w = word(), take("=") { return (w, true) }
    at = start
    return (nothing, false)
  }
}

extension ModuleOptions {
  /// Gives what is missing its default, and checks the rest against it.
  func fill(_ name: StaticText, _ signature: StaticString) throws(Failure) {
    var s = Signature(signature), i = 0
    while i < count, let option = s.next() {
      if option.value < 0 {
        if self[i].form == .missing { throw .argument("\(name): option '\(option.name)' is missing") }
      } else {
        let d = try ModuleReader.value(signature, option.value)
        if self[i].form == .missing { self[i] = d } else { try ModuleReader.check(self[i], d, name, option.name) }
      }
      i += 1
    }
  }
}

extension StaticText {
  var chars: UnsafePointer<CChar> { UnsafeRawPointer(start).assumingMemoryBound(to: CChar.self) }
}

extension ModuleOption {
  fileprivate mutating func setWord(_ w: StaticText, _ reader: ModuleReader) throws(Failure) {
    if w.count > 24 { throw reader.error("module: '\(w)' is no option of any module") }
    form = .word
    count = UInt8(truncatingIfNeeded: w.count)
    var i = 0
    while i < w.count { letters[i] = w.start[i]; i += 1 }
  }
}

extension ModuleReader {
  /// The default that stands at a position of a signature.
  static func value(_ signature: StaticString, _ at: Int) throws(Failure) -> ModuleOption {
    var r = ModuleReader(signature.utf8Start + at, signature.utf8CodeUnitCount - at)
    return try r.plain()
  }
}
