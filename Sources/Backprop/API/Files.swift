// Tensors in files: safetensors, which other frameworks read and write.

/// Writes named tensors to a file, replacing it only when all is written (PyTorch: `safetensors.torch.save_file`).
public func save(_ tensors: [String: Tensor], to path: String) throws(BackpropError) {
  let named = tensors.sorted { $0.key < $1.key }
  let context = try Context.chosen(named.first?.value.context)
  var names = named.map { Array($0.key.utf8CString) }
  if let bad = named.first(where: { $0.key.utf8.contains(0) })?.key {
    throw BackpropError(.argument, "save: '\(bad)' cannot be a tensor's name")
  }
  // One block of memory for all names, so that each has an address during the call.
  var starts: [Int] = [], text: [CChar] = []
  for name in names { starts.append(text.count); text += name }
  names = []
  if text.isEmpty { text = [0] }
  try lift { () throws(Failure) in
    try text.withUnsafeBufferPointer { text in
      path.withCString { path -> Result<Void, Failure> in
        guard let base = text.baseAddress else { return .success(()) }
        do throws(Failure) {
          try context.engine.save(path, named.count, { base + starts[$0] }, { named[$0].value.value })
          return .success(())
        } catch { return .failure(error) }
      }
    }.get()
  }
}

/// The tensors of a file by name (PyTorch: `safetensors.torch.load_file`).
public func load(from path: String, in context: Context? = nil) throws(BackpropError) -> [String: Tensor] {
  let context = try Context.chosen(context)
  return try lift { () throws(Failure) in
    let archive = try path.withCString { path -> Result<ArchiveValue, Failure> in
      do throws(Failure) { return .success(try context.engine.load(path)) } catch { return .failure(error) }
    }.get()
    defer { archive.destroy() }
    var tensors: [String: Tensor] = [:]
    for i in 0..<archive.count {
      guard let name = archive.name(i) else { continue }
      tensors[String(cString: name)] = Tensor(try archive.tensor(name), in: context)
    }
    return tensors
  }
}
