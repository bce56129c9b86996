// A module as print shows it in PyTorch. The text can be read again: it makes the same module.
import CShim
import KernelAPI

/// Text that grows; `isWhole` false once memory was refused.
struct TextWriter {
  var text = Stack<UInt8>()
  private(set) var isWhole = true
  private var indent = 0

  @inline(never) mutating func append(byte: UInt8) { if !text.push(byte) { isWhole = false } }
  mutating func append(_ s: StaticString) { append(s.utf8Start, s.utf8CodeUnitCount) }
  mutating func append(_ s: StaticText) { append(s.start, s.count) }
  mutating func append(_ p: UnsafePointer<UInt8>, _ n: Int) {
    var i = 0
    while i < n { append(byte: p[i]); i += 1 }
  }
  mutating func append(cString s: UnsafePointer<CChar>) {
    var i = 0
    while s[i] != 0 { append(byte: UInt8(bitPattern: s[i])); i += 1 }
  }
  mutating func append(_ n: Int) {
    if n < 0 { append(byte: 45) }
    var divisor: UInt = 1
    while n.magnitude / divisor >= 10 { divisor *= 10 }
    while divisor > 0 {
      append(byte: UInt8(truncatingIfNeeded: 48 + n.magnitude / divisor % 10))
      divisor /= 10
    }
  }
  mutating func line(_ change: Int) {
    indent += change
    append(byte: 10)
    var i = 0
    while i < indent { append("  "); i += 1 }
  }

  /// As Python writes a float: the fewest digits that give it again, with an exponent below 1e-4 and from 1e16 on.
  mutating func append(_ x: Double) {
    if x != x { return append("nan") }
    if x.sign == .minus { append(byte: 45) }
    let v = x.magnitude
    if v == .infinity { return append("inf") }
    var buffer = InlineArray<40, CChar>(repeating: 0), places = 0, n = 0
    withUnsafeMutablePointer(to: &buffer) {
      let p = UnsafeMutableRawPointer($0).assumingMemoryBound(to: CChar.self)
      repeat {
        n = Int(shim_write_number(p, 40, Int32(places), v))
        places += 1
      } while shim_read_number(p) != v && places < 18
    }
    // d[.ddd]e±xx
    let digits = places, e = n - (buffer[n - 4] == 101 ? 3 : 4) - 1
    var exponent = 0, i = e + 2
    while i < n { exponent = exponent * 10 + Int(buffer[i]) - 48; i += 1 }
    if buffer[e + 1] == 45 { exponent = -exponent }
    func digit(_ k: Int) -> UInt8 { k >= digits ? 48 : UInt8(bitPattern: buffer[k == 0 ? 0 : k + 1]) }
    if exponent < -4 || exponent >= 16 {
      append(byte: digit(0))
      if digits > 1 { append(byte: 46) }
      i = 1
      while i < digits { append(byte: digit(i)); i += 1 }
      append(byte: 101)
      append(byte: exponent < 0 ? 45 : 43)
      if exponent.magnitude < 10 { append(byte: 48) }
      return append(Int(exponent.magnitude))
    }
    if exponent < 0 {
      append("0.")
      i = -1
      while i > exponent { append(byte: 48); i -= 1 }
    }
    i = 0
    while i < digits || i <= exponent {
      append(byte: digit(i))
      if i == exponent { append(byte: 46); if digits <= i + 1 { append(byte: 48) } }
      i += 1
    }
  }

  mutating func append(_ o: ModuleOption, quoted: Bool = true) {
    switch o.form {
    case .missing, .none, .module: append("None")
    case .truth: append(o.numbers[0] != 0 ? "True" : "False")
    case .whole: append(Int(o.numbers[0]))
    case .number: append(o.numbers[0])
    case .word:
      if quoted { append(byte: 39) }
      var i = 0
      while i < Int(o.count) { append(byte: o.letters[i]); i += 1 }
      if quoted { append(byte: 39) }
    case .tuple:
      append(byte: 40)
      var i = 0
      while i < Int(o.count) {
        if i > 0 { append(", ") }
        if o.isWhole { append(Int(o.numbers[i])) } else { append(o.numbers[i]) }
        i += 1
      }
      append(o.count == 1 ? ",)" : ")")
    }
  }
}

extension ModuleValue {
  /// Writes at most `size` bytes, the last of them a zero, and returns how many the whole text needs without it.
  package func describe(_ buffer: UnsafeMutablePointer<CChar>?, _ size: Int) throws(Failure) -> Int {
    var out = TextWriter()
    defer { out.text.destroy() }
    try write(to: &out, depth: 0)
    if !out.isWhole { throw .memory("module_describe", bytes: out.text.count) }
    if let buffer, size > 0 {
      let n = out.text.count < size ? out.text.count : size - 1
      var i = 0
      while i < n { buffer[i] = CChar(bitPattern: out.text[i]); i += 1 }
      buffer[n] = 0
    }
    return out.text.count
  }

  private func write(to out: inout TextWriter, depth: Int) throws(Failure) {
    try checkDepth(depth)
    out.append(kindName)
    out.append(byte: 40)
    writeOptions(to: &out)
    var some = false, i = 0
    while i < count {
      let e = entry(i)
      if e.role == .child, e.index != 0 {
        out.line(some ? 0 : 1)
        some = true
        out.append(byte: 40)
        out.append(cString: e.name)
        let name = out.text.count
        out.append("): ")
        let text = out.text.count
        try child(i).write(to: &out, depth: depth + 1)
        if record.pointee.kind == .moduleList { i = try skipEqual(i, &out, name, text, depth) }
      }
      i += 1
    }
    if some { out.line(-1) }
    out.append(byte: 41)
  }

  /// Equal modules in a list are shown once: `(0-2): 3 x ReLU()`. The first stands at `text` already. Returns the position of the last.
  private func skipEqual(_ first: Int, _ out: inout TextWriter, _ name: Int, _ text: Int, _ depth: Int) throws(Failure) -> Int {
    let end = out.text.count
    var last = first
    while last + 1 < count, entry(last + 1).role == .child, entry(last + 1).index != 0 {
      try child(last + 1).write(to: &out, depth: depth + 1)
      var i = 0
      let isEqual = out.text.count - end == end - text
      while isEqual, i < end - text, out.text[text + i] == out.text[end + i] { i += 1 }
      while out.text.count > end { _ = out.text.pop() }
      if !isEqual || i < end - text { break }
      last += 1
    }
    if last == first || !out.isWhole { return last }
    // The name and the count go between; what stands behind moves.
    var copy = TextWriter()
    defer { copy.text.destroy() }
    copy.append(byte: 45)
    copy.append(cString: entry(last).name)
    copy.append("): ")
    copy.append(last - first + 1)
    copy.append(" x ")
    var i = text
    while i < end { copy.append(byte: out.text[i]); i += 1 }
    while out.text.count > name { _ = out.text.pop() }
    i = 0
    while i < copy.text.count { out.append(byte: copy.text[i]); i += 1 }
    if !copy.isWhole { throw .memory("module_describe", bytes: end) }
    return last
  }

  /// `shows` names the options in order: `x` as x=value, `.x` the value alone, `?x` x=value if it is not the default, `%x` likewise, without
  /// quotation marks.
  private func writeOptions(to out: inout TextWriter) {
    let row = record.pointee.kind.row, p = row.shows.utf8Start, n = row.shows.utf8CodeUnitCount
    var i = 0, isFirst = true
    while i < n {
      while i < n, p[i] == 32 { i += 1 }
      let mark = i < n ? p[i] : 0
      if mark == 46 || mark == 63 || mark == 37 { i += 1 }
      let start = i
      while i < n, p[i] != 32 { i += 1 }
      let k = Signature.find(row.signature, p + start, i - start)
      if k < 0 { continue }
      let o = record.pointee.options[k]
      if mark == 63 || mark == 37, isDefault(k, o) { continue }
      if !isFirst { out.append(", ") }
      isFirst = false
      if mark != 46 {
        out.append(p + start, i - start)
        out.append(byte: 61)
      }
      out.append(o, quoted: mark != 37)
    }
  }

  private func isDefault(_ k: Int, _ o: ModuleOption) -> Bool {
    var s = Signature(record.pointee.kind.row.signature), i = 0
    while let option = s.next() {
      if i == k {
        guard option.value >= 0, var d = try? ModuleReader.value(record.pointee.kind.row.signature, option.value) else { return false }
        if o.form == .tuple, d.form == .whole {  // a default number that was spread
          d.form = .tuple
          d.count = o.count
          var j = 1
          while j < Int(o.count) { d.numbers[j] = d.numbers[0]; j += 1 }
        }
        if o.form == .whole, d.form == .number { d.form = .whole }
        return d.equals(o)
      }
      i += 1
    }
    return false
  }
}
