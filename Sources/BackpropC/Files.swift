// Section 15: files.
import Backprop
import CBackprop

@_cdecl("bp_save") @implementation public func bp_save(
  _ ctx: OpaquePointer?, _ path: UnsafePointer<CChar>?, _ n: Int32, _ names: UnsafePointer<UnsafePointer<CChar>?>?,
  _ tensors: UnsafePointer<OpaquePointer?>?
) -> bp_status {
  guard let e = takeContext(ctx, "save") else { return handleError }
  return perform(on: e) { () throws(Failure) in
    guard let path else { throw Failure(.argument, "save: the path is NULL") }
    try withValues(n, tensors, "save") { (values) throws(Failure) in
      if n > 0, names == nil { throw Failure(.argument, "save: the list of \(Int(n)) names is NULL") }
      var i = 0
      while i < Int(n) {
        if names?[i] == nil { throw Failure(.argument, "save: name number \(i) is NULL") }
        i += 1
      }
      try e.save(path, Int(n), { names?[$0] ?? path }, { values[$0] })
    }
  }
}
@_cdecl("bp_load") @implementation public func bp_load(_ ctx: OpaquePointer?, _ path: UnsafePointer<CChar>?) -> OpaquePointer? {
  guard let e = takeContext(ctx, "load") else { return nil }
  var archive: ArchiveValue?
  _ = perform(on: e) { () throws(Failure) in
    guard let path else { throw Failure(.argument, "load: the path is NULL") }
    archive = try e.load(path)
  }
  return archive?.handle.pointer
}
@_cdecl("bp_archive_count") @implementation public func bp_archive_count(_ file: OpaquePointer?) -> Int32 {
  Int32(truncatingIfNeeded: takeArchive(file, "archive_count")?.count ?? -1)
}
@_cdecl("bp_archive_name") @implementation public func bp_archive_name(_ file: OpaquePointer?, _ i: Int32) -> UnsafePointer<CChar>? {
  takeArchive(file, "archive_name")?.name(Int(i))
}
@_cdecl("bp_archive_get") @implementation public func bp_archive_get(_ file: OpaquePointer?, _ name: UnsafePointer<CChar>?) -> OpaquePointer? {
  guard let a = takeArchive(file, "archive_get") else { return nil }
  return produce(on: a.engine) { () throws(Failure) -> Value in
    guard let name else { throw Failure(.argument, "archive_get: the name is NULL") }
    return try a.tensor(name)
  }
}
@_cdecl("bp_archive_destroy") @implementation public func bp_archive_destroy(_ file: OpaquePointer?) {
  if let file { Handle(file).asArchive?.destroy() }
}
