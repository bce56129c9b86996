// A loaded file: names and tensors, owned by whoever loaded it.
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
