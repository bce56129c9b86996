// Named tensors in files: the safetensors format (8 bytes of header length, a JSON header, the data). Everything read
// is checked before it is used; everything written appears whole or not at all.
import CShim
import KernelAPI

struct ArchiveEntry {
  /// Zero-terminated, in allocator memory.
  var name: UnsafeMutableRawPointer
  var nameSize: Int
  var slot: UInt32
}

struct ArchiveRecord {
  var generation: UInt32
  var isLive: Bool
  var entries: Stack<ArchiveEntry>
}

/// A loaded file as the engine sees it.
package struct ArchiveValue {
  package let engine: Engine
  let index: UInt32
  var record: UnsafeMutablePointer<ArchiveRecord> { engine.state.pointee.archives[index] }

  package var handle: Handle {
    Handle(.archive, context: engine.state.pointee.id, index: index, generation: record.pointee.generation)
  }
  package var count: Int { record.pointee.entries.count }
  package func name(_ i: Int) -> UnsafePointer<CChar>? {
    i >= 0 && i < count ? UnsafePointer(record.pointee.entries[i].name.assumingMemoryBound(to: CChar.self)) : nil
  }

  package func tensor(_ name: UnsafePointer<CChar>) throws(Failure) -> Value {
    var i = 0
    while i < count {
      let e = record.pointee.entries[i]
      if strcmp(e.name.assumingMemoryBound(to: CChar.self), name) == 0 { return try engine.handAgain(e.slot) }
      i += 1
    }
    throw .argument("load: the file holds no tensor named '\(cString: name)'")
  }

  package func destroy() {
    let r = record
    while let e = r.pointee.entries.pop() {
      engine.state.pointee.allocator.release(e.name, size: e.nameSize)
      if e.slot != 0 { engine.drop(e.slot, value: true) }
    }
    r.pointee.entries.destroy()
    r.pointee.isLive = false
    r.pointee.generation = r.pointee.generation == Handle.lastGeneration ? 1 : r.pointee.generation + 1
    engine.state.pointee.archives.give(index)
  }
}

extension Handle {
  /// The live archive it names.
  package var asArchive: ArchiveValue? {
    guard isKind == Kind.archive.rawValue, let e = engine, index > 0, index < e.state.pointee.archives.limit else { return nil }
    let r = e.state.pointee.archives[index]
    return r.pointee.isLive && r.pointee.generation == generation ? ArchiveValue(engine: e, index: index) : nil
  }
}

extension Engine {
  func destroyArchives() {
    var i: UInt32 = 1
    while i < state.pointee.archives.limit {
      if state.pointee.archives[i].pointee.isLive { ArchiveValue(engine: self, index: i).destroy() }
      i += 1
    }
  }
}

extension DType {
  fileprivate var safetensorsName: StaticString {
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

// MARK: Reading

extension Engine {
  /// Reads and checks the whole file.
  package func load(_ path: UnsafePointer<CChar>) throws(Failure) -> ArchiveValue {
    let file = shim_open_read(path)
    if file < 0 { throw Failure(.io, "load: '\(cString: path)': \(ioReason())") }
    defer { shim_close(file) }
    let size = Int(shim_file_size(file))
    if size < 0 { throw Failure(.io, "load: '\(cString: path)': not a regular file") }
    func bad(_ why: StaticString) -> Failure { Failure(.format, "load: '\(cString: path)': \(why)") }
    if size < 10 { throw bad("too short for a safetensors file") }
    var length: UInt64 = 0
    try read(file, &length, 8, path)
    if length < 2 || length > 100_000_000 || Int(length) > size - 8 { throw bad("not a safetensors file, or cut short in its header") }
    let headerSize = Int(length), dataSize = size - 8 - headerSize
    var blockSize = 0
    guard let header = state.pointee.allocator.allocate(headerSize, size: &blockSize) else { throw .memory("load", bytes: headerSize) }
    defer { state.pointee.allocator.release(header, size: blockSize) }
    try read(file, header, headerSize, path)

    let i = state.pointee.archives.take()
    if i == 0 { throw .memory("load", bytes: MemoryLayout<ArchiveRecord>.stride) }
    let r = state.pointee.archives[i]
    let generation = r.pointee.generation == 0 ? state.pointee.generationBase : r.pointee.generation
    r.initialize(to: ArchiveRecord(generation: generation, isLive: true, entries: Stack()))
    let archive = ArchiveValue(engine: self, index: i)
    do throws(Failure) {
      var reader = HeaderReader(text: UnsafePointer(header.assumingMemoryBound(to: UInt8.self)), count: headerSize)
      try parse(&reader, into: archive, dataSize, file, 8 + headerSize, path)
    } catch {
      archive.destroy()
      throw error
    }
    return archive
  }

  private func read(_ file: Int32, _ p: UnsafeMutableRawPointer, _ n: Int, _ path: UnsafePointer<CChar>) throws(Failure) {
    var done = 0
    while done < n {
      let k = shim_read(file, p + done, n - done)
      if k < 0 { throw Failure(.io, "load: '\(cString: path)': \(ioReason())") }
      if k == 0 { throw Failure(.format, "load: '\(cString: path)': the file ends early") }
      done += k
    }
  }

  private func parse(
    _ t: inout HeaderReader, into archive: ArchiveValue, _ dataSize: Int, _ file: Int32, _ dataStart: Int, _ path: UnsafePointer<CChar>
  ) throws(Failure) {
    func bad(_ why: StaticString) -> Failure { Failure(.format, "load: '\(cString: path)': \(why)") }
    var covered = 0
    guard t.take("{") else { throw bad("its header is not a JSON object") }
    if !t.take("}") {
      repeat {
        var nameSize = 0
        guard let span = t.string() else { throw bad("its header is not well-formed") }
        guard let name = state.pointee.allocator.allocate(span.count + 1, size: &nameSize) else { throw .memory("load", bytes: span.count + 1) }
        guard archive.record.pointee.entries.reserve(archive.count + 1) else {
          state.pointee.allocator.release(name, size: nameSize)
          throw .memory("load", bytes: MemoryLayout<ArchiveEntry>.stride)
        }
        let ok = t.unescape(span, into: name.assumingMemoryBound(to: UInt8.self))
        let text = name.assumingMemoryBound(to: CChar.self)
        if !ok || !t.take(":") {
          state.pointee.allocator.release(name, size: nameSize)
          throw bad("its header is not well-formed")
        }
        if strcmp(text, "__metadata__") == 0 {
          state.pointee.allocator.release(name, size: nameSize)
          guard t.skipStringMap() else { throw bad("its metadata is not a map of strings") }
          continue
        }
        let isTwice = archive.contains(text)
        archive.record.pointee.entries.pushReserved(ArchiveEntry(name: name, nameSize: nameSize, slot: 0))
        if isTwice { throw bad("a name occurs twice in its header") }
        guard let entry = t.tensor() else { throw bad("a tensor's description is not well-formed") }
        guard let type = entry.dtype else { throw bad("a tensor has a type this library does not know") }
        let bytes = try entry.shape.byteCount(of: type, for: "load")
        guard entry.start >= 0, entry.end >= entry.start, entry.end <= dataSize, entry.end - entry.start == bytes else {
          throw bad("a tensor's place does not fit its shape or the file")
        }
        covered &+= bytes
        let slot = try make(type, entry.shape, for: "load")
        let last = archive.count - 1
        var e = archive.record.pointee.entries[last]
        e.slot = slot
        archive.record.pointee.entries[last] = e
        guard shim_seek(file, dataStart + entry.start) == 0 else { throw Failure(.io, "load: '\(cString: path)': \(ioReason())") }
        try read(file, data(slot), bytes, path)
        if type == .bool {  // any other byte would be undefined to kernels
          let p = data(slot).assumingMemoryBound(to: UInt8.self)
          var k = 0
          while k < bytes { if p[k] > 1 { throw bad("a bool tensor holds something else than 0 and 1") }; k += 1 }
        }
      } while t.take(",")
      guard t.take("}") else { throw bad("its header is not well-formed") }
    }
    guard t.isAtEnd else { throw bad("its header is followed by something else") }
    if covered != dataSize { throw bad("its data is longer than its tensors") }
  }

  fileprivate func ioReason() -> StaticString {
    switch shim_errno() {
    case 2: "no such file or directory"
    case 13, 1: "permission denied"
    case 21: "is a directory"
    case 20: "a part of the path is not a directory"
    case 28: "no space left on the device"
    case 30: "the file system is read-only"
    case 36: "the name is too long"
    case 5: "input/output error"
    default: "the system refused"
    }
  }
}

extension ArchiveValue {
  fileprivate func contains(_ name: UnsafePointer<CChar>) -> Bool {
    var i = 0
    while i < count {
      if strcmp(record.pointee.entries[i].name.assumingMemoryBound(to: CChar.self), name) == 0 { return true }
      i += 1
    }
    return false
  }
}

/// Just the JSON a safetensors header is made of, read from untrusted bytes.
private struct HeaderReader {
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

// MARK: Writing

extension Engine {
  /// Writes the tensors, wider types first so that all lie aligned, to a new file and renames it to `path`.
  package func save(
    _ path: UnsafePointer<CChar>, _ count: Int, _ name: (Int) -> UnsafePointer<CChar>, _ tensor: (Int) -> Value
  ) throws(Failure) {
    var i = 0
    while i < count {
      if tensor(i).engine != self { throw Failure(.handle, "save: tensor '\(cString: name(i))' belongs to another context") }
      if name(i)[0] == 0 || strcmp(name(i), "__metadata__") == 0 { throw .argument("save: '\(cString: name(i))' cannot be a tensor's name") }
      var k = 0
      while k < i {
        if strcmp(name(k), name(i)) == 0 { throw .argument("save: the name '\(cString: name(i))' occurs twice") }
        k += 1
      }
      i += 1
    }
    var text = Stack<UInt8>()
    defer { text.destroy() }
    guard writeHeader(&text, count, name, tensor) else { throw .memory("save", bytes: text.count) }

    var temporary = Stack<UInt8>()
    defer { temporary.destroy() }
    guard append(&temporary, cString: path), append(&temporary, ".part"), temporary.push(0) else { throw .memory("save", bytes: temporary.count) }
    let newPath = temporary.withBase { UnsafePointer(UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self)) }
    let file = shim_open_write(newPath)
    func failed() -> Failure { Failure(.io, "save: '\(cString: path)': \(ioReason())") }
    if file < 0 { throw failed() }
    do throws(Failure) {
      var length = UInt64(text.count)
      try write(file, &length, 8, path)
      try write(file, text.withBase { UnsafeRawPointer($0) }, text.count, path)
      var size = 8
      while size > 0 {
        i = 0
        while i < count {
          let t = tensor(i)
          if t.dtype.size == size {
            let dense = try contiguous(t.index, for: "save")
            defer { drop(dense, value: true) }
            try write(file, data(dense), t.count &* size, path)
          }
          i += 1
        }
        size /= 2
      }
      if shim_sync(file) != 0 { throw failed() }
    } catch {
      shim_close(file)
      shim_unlink(newPath)
      throw error
    }
    shim_close(file)
    if shim_rename(newPath, path) != 0 {
      let error = failed()
      shim_unlink(newPath)
      throw error
    }
  }

  private func write(_ file: Int32, _ p: UnsafeRawPointer, _ n: Int, _ path: UnsafePointer<CChar>) throws(Failure) {
    var done = 0
    while done < n {
      let k = shim_write(file, p + done, n - done)
      if k <= 0 { throw Failure(.io, "save: '\(cString: path)': \(ioReason())") }
      done += k
    }
  }

  private func writeHeader(
    _ text: inout Stack<UInt8>, _ count: Int, _ name: (Int) -> UnsafePointer<CChar>, _ tensor: (Int) -> Value
  ) -> Bool {
    guard append(&text, "{") else { return false }
    var offset = 0, size = 8, first = true
    while size > 0 {
      var i = 0
      while i < count {
        let t = tensor(i)
        if t.dtype.size == size {
          if !first, !append(&text, ",") { return false }
          first = false
          guard appendQuoted(&text, name(i)), append(&text, ":{\"dtype\":\""), append(&text, t.dtype.safetensorsName),
            append(&text, "\",\"shape\":[")
          else { return false }
          var d = 0
          while d < t.rank {
            if d > 0, !append(&text, ",") { return false }
            if !append(&text, t.shape[d]) { return false }
            d += 1
          }
          let end = offset &+ t.count &* size
          guard append(&text, "],\"data_offsets\":["), append(&text, offset), append(&text, ","), append(&text, end), append(&text, "]}")
          else { return false }
          offset = end
        }
        i += 1
      }
      size /= 2
    }
    guard append(&text, "}") else { return false }
    while text.count % 8 != 0 { if !text.push(32) { return false } }
    return true
  }

  private func append(_ out: inout Stack<UInt8>, _ s: StaticString) -> Bool {
    var i = 0
    while i < s.utf8CodeUnitCount { if !out.push(s.utf8Start[i]) { return false }; i += 1 }
    return true
  }
  private func append(_ out: inout Stack<UInt8>, cString s: UnsafePointer<CChar>) -> Bool {
    var i = 0
    while s[i] != 0 { if !out.push(UInt8(bitPattern: s[i])) { return false }; i += 1 }
    return true
  }
  private func append(_ out: inout Stack<UInt8>, _ n: Int) -> Bool {
    var divisor = 1
    while n / divisor >= 10 { divisor *= 10 }
    while divisor > 0 {
      if !out.push(UInt8(truncatingIfNeeded: 48 + n / divisor % 10)) { return false }
      divisor /= 10
    }
    return true
  }
  private func appendQuoted(_ out: inout Stack<UInt8>, _ s: UnsafePointer<CChar>) -> Bool {
    guard out.push(34) else { return false }
    var i = 0
    while s[i] != 0 {
      let c = UInt8(bitPattern: s[i])
      if c < 32 {
        let digits: StaticString = "0123456789abcdef"
        guard append(&out, "\\u00"), out.push(digits.utf8Start[Int(c >> 4)]), out.push(digits.utf8Start[Int(c & 15)]) else { return false }
      } else {
        if c == 34 || c == 92, !out.push(92) { return false }
        if !out.push(c) { return false }
      }
      i += 1
    }
    return out.push(34)
  }
}
