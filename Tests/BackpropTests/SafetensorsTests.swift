// Files: what is written comes back, and no damaged file gets further than an error.
import Backprop
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

@Suite("A safetensors file gives back what was saved, or an error")
struct SafetensorsTests {
  private func write(_ bytes: [UInt8], _ path: String) throws {
    let file = try #require(fopen(path, "wb"))
    #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
    fclose(file)
  }

  private func read(_ path: String) throws -> [UInt8] {
    let file = try #require(fopen(path, "rb"))
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let n = fread(&bytes, 1, bytes.count, file)
    return Array(bytes[..<n])
  }

  /// Header length, header, data.
  private func file(_ header: String, data: Int) -> [UInt8] {
    let n = header.utf8.count
    return (0..<8).map { UInt8(truncatingIfNeeded: n >> (8 * $0)) } + Array(header.utf8) + (0..<data).map { UInt8($0 & 255) }
  }

  @Test func `all types, shapes, layouts and names come back`() throws {
    try withFile { path in
      let x = try Tensor([[1.5, -2, 3], [4, 5, 6]], dtype: .float64)
      let wide = try Tensor([0.5, -1, 65504])
      let all: [String: Tensor] = [
        "double": x, "turned": try x.transposed(), "expanded": try Tensor(2.0).expanded(to: [2, 2]), "scalar": try Tensor(7.0),
        "int64": try Tensor([Int.max, -1]), "int32": try Tensor([Int32.min, 5]), "uint8": try Tensor([UInt8(0), 255]),
        "bool": try Tensor([true, false, true]), "half": try wide.converted(to: .float16), "brain": try wide.converted(to: .bfloat16),
        "empty": try Tensor.zeros([0, 4]), "a \"quoted\" \\ name, ü\n": try Tensor([1.0, 2], requiresGrad: true),
      ]
      try save(all, to: path)
      let back = try load(from: path)
      #expect(back.keys.sorted() == all.keys.sorted())
      for (name, t) in all {
        let u = try #require(back[name])
        #expect(u.dtype == t.dtype && u.shape == t.shape && !u.requiresGrad, "\(name)")
        #expect(try u.scalars == t.scalars, "\(name)")
        if t.dtype == .int64 { #expect(try u.array(of: Int.self) == t.array(of: Int.self)) }
      }
    }
  }

  @Test func `no tensors are a file, too`() throws {
    try withFile { path in
      try save([:], to: path)
      #expect(try load(from: path).isEmpty)
    }
  }

  @Test func `a missing file and a bad place are errors with the path`() throws {
    expectFailure(.io, "no/such/file") { _ = try load(from: "no/such/file") }
    expectFailure(.io, "no/such/place") { try save(["x": Tensor(1.0)], to: "no/such/place/x") }
    try withFile { path in
      try save(["x": Tensor(1.0)], to: path)
      for name in ["__metadata__", ""] {
        expectFailure(.argument, "cannot be a tensor's name") { try save([name: Tensor(2.0)], to: path) }
      }
      #expect(try load(from: path)["x"]?.item() == 1)
    }
  }

  @Test(arguments: [
    "", "{", "[]", "{}x", "{\"a\":1}", "{\"a\":{}}", "null",
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}",
    "{\"a\":{\"dtype\":\"F33\",\"shape\":[2],\"data_offsets\":[0,8]}}",
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}",
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}",
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}",
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}",
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}}",
    "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}",
    "{\"a\":{\"shape\":[2],\"data_offsets\":[0,8]}}",
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[9223372036854775807,2],\"data_offsets\":[0,8]}}",
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,8]}}",
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,2],\"data_offsets\":[0,8]}}",
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
  ]) func `headers that are not right are refused`(header: String) throws {
    try withFile { path in
      try write(file(header, data: 8), path)
      let c = try Context()
      #expect(throws: BackpropError.self) { try load(from: path, in: c) }
      #expect(c.tensorCount == 0 && c.bytesInUse == 0)
    }
  }

  @Test func `a right header is taken, with metadata and spaces`() throws {
    try withFile { path in
      let header = "{ \"__metadata__\" : {\"made\":\"by \\u0068and\"}, \"a\":{\"dtype\":\"U8\",\"shape\":[2,4],\"data_offsets\":[0,8]} }   "
      try write(file(header, data: 8), path)
      let t = try #require(try load(from: path)["a"])
      #expect(try t.shape == [2, 4] && t.scalars == [0, 1, 2, 3, 4, 5, 6, 7])
    }
  }

  @Test func `a file cut anywhere is an error`() throws {
    try withFile { path in
      try save(["a": Tensor([1.0, 2, 3]), "b": Tensor([1, 2])], to: path)
      let whole = try read(path)
      for n in 0..<whole.count {
        try write(Array(whole[..<n]), path)
        #expect(throws: BackpropError.self, "cut after \(n) of \(whole.count) bytes") { try load(from: path) }
      }
    }
  }

  @Test func `no changed byte does harm`() throws {
    try withFile { path in
      try save(["a": Tensor([1.0, 2, 3]), "b": Tensor([1, 2])], to: path)
      let whole = try read(path)
      var random = SplitMix64(6)
      let c = try Context(memoryLimit: 1 << 20)
      for _ in 0..<1500 {
        var bytes = whole
        for _ in 0..<Int.random(in: 1...3, using: &random) {
          bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
        }
        try write(bytes, path)
        if let tensors = try? load(from: path, in: c) { for t in tensors.values { _ = t.description } }
      }
      #expect(c.tensorCount == 0)
    }
  }
}
