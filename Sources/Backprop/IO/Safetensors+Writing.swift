// The safetensors format, written: to a new file that takes the old one's place only when it is whole.
import CShim
import KernelAPI

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

    // What a symbolic link names is replaced, not the link. A device or a pipe is no file that another could stand for: written as it is.
    let real = shim_real_path(path)
    defer { shim_free(real) }
    let place = real.map { UnsafePointer($0) } ?? path, direct = real != nil && shim_is_special(place) != 0
    var temporary = Stack<UInt8>()
    defer { temporary.destroy() }
    guard append(&temporary, cString: place), direct || (append(&temporary, ".") && append(&temporary, Int(shim_process())) && append(&temporary, ".part")),
      temporary.push(0)
    else { throw .memory("save", bytes: temporary.count) }
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
      if !direct { shim_unlink(newPath) }
      throw error
    }
    shim_close(file)
    if !direct, shim_rename(newPath, place) != 0 {
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

extension Engine {
  /// Why the system refused, for people.
  func ioReason() -> StaticString {
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
