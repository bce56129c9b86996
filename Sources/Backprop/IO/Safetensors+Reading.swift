// The safetensors format, read: 8 bytes of header length, a JSON header, the data. Nothing is used before it is checked.
import CShim
import KernelAPI

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
