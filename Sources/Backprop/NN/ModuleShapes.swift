// Blocks of the table that move elements: padding, shuffles, and the bilinear map.
import KernelAPI

extension ModuleKind {
  /// Of a padding module: how many dimensions, and what stands around them.
  fileprivate var padding: (dims: Int, mode: PadMode) {
    let i = Int(rawValue) - Int(ModuleKind.constantPad1d.rawValue)
    return (i % 3 + 1, i < 6 ? .constant : i < 9 ? .reflect : i < 12 ? .replicate : .circular)
  }
}

extension ModuleValue {
  func makePad() throws(Failure) {
    let n = 2 * record.pointee.kind.padding.dims
    _ = try wholes("padding", n, atLeast: .min)
    if hasOption("value") { _ = try number("value") }
    try spread("padding", n)
  }
}

extension ModuleCall {
  /// The last dimensions, the last one first: (left, right, top, bottom, …).
  func pad() throws(Failure) -> Value {
    let (dims, mode) = module.record.pointee.kind.padding, n = x.rank, widths = try module.wholes("padding", 2 * dims, atLeast: .min)
    if n < dims || (mode != .constant && n != dims + 1 && n != dims + 2) {
      throw .shape("\(module.kindName): input \(x.shape) must have \(dims + 1) or \(dims + 2) dimensions")
    }
    var before = Dims(repeating: 0, count: n), after = before, i = 0
    while i < dims {
      before[n - 1 - i] = widths[2 * i]
      after[n - 1 - i] = widths[2 * i + 1]
      i += 1
    }
    return try x.pad(before, after, mode, module.hasOption("value") ? module.number("value") : 0)
  }

  /// x₁ᵀ·W·x₂ + b: [.., in1], [.., in2] → [.., out].
  func bilinear() throws(Failure) -> Value {
    var all = (x, try required(0), target)
    let equation: StaticString = "...i,oij,...j->...o"
    let y = try withUnsafePointer(to: &all) { (p) throws(Failure) -> Value in
      try Value.einsum(
        UnsafeRawPointer(equation.utf8Start).assumingMemoryBound(to: CChar.self),
        UnsafeBufferPointer(start: UnsafeRawPointer(p).assumingMemoryBound(to: Value.self), count: 3))
    }
    if let b = weight(1) { return try y + b }
    return y
  }
}

extension Value {
  /// [.., C·r², H, W] to [.., C, H·r, W·r].
  func pixelShuffle(_ r: Int) throws(Failure) -> Value {
    if rank < 3 || shape[rank - 3] % r != 0 || shape[rank - 3] / r % r != 0 {
      throw .shape("pixel_shuffle: the channels of shape \(shape) do not divide by the square of upscale_factor \(r)")
    }
    let c = shape[rank - 3] / r / r, h = shape[rank - 2], w = shape[rank - 1], (height, tall) = h.multipliedReportingOverflow(by: r)
    let (width, wide) = w.multipliedReportingOverflow(by: r)
    if tall || wide { throw .shape("pixel_shuffle: \(shape) enlarged by \(r) has too many elements") }
    let split = Dims(try pictures(for: "pixel_shuffle"), c).appending(r, r).appending(h, w)
    return try reshape(split).permute(Dims(0, 1).appending(4, 2).appending(5, 3)).reshape(images(c, height, width))
  }

  /// [.., C, H·r, W·r] to [.., C·r², H, W].
  func pixelUnshuffle(_ r: Int) throws(Failure) -> Value {
    if rank < 3 || shape[rank - 2] % r != 0 || shape.last % r != 0 {
      throw .shape("pixel_unshuffle: height and width of shape \(shape) do not divide by downscale_factor \(r)")
    }
    let c = shape[rank - 3], h = shape[rank - 2] / r, w = shape.last / r, (some, many) = c.multipliedReportingOverflow(by: r)
    let (channels, more) = some.multipliedReportingOverflow(by: r)
    if many || more { throw .shape("pixel_unshuffle: \(shape) has too many channels for downscale_factor \(r)") }
    let split = Dims(try pictures(for: "pixel_unshuffle"), c).appending(h, r).appending(w, r)
    return try reshape(split).permute(Dims(0, 1).appending(3, 5).appending(2, 4)).reshape(images(channels, h, w))
  }

  /// The channels of [N, C, ..] as groups · C/groups, these two exchanged.
  func channelShuffle(_ groups: Int) throws(Failure) -> Value {
    if rank < 3 || shape[1] % groups != 0 { throw .shape("channel_shuffle: the channels of shape \(shape) do not divide into \(groups) groups") }
    return try split(1, into: Dims(groups, shape[1] / groups)).transpose(1, 2).reshape(shape)
  }

  /// How many pictures [.., C, H, W] are.
  private func pictures(for operation: StaticString) throws(Failure) -> Int {
    var n = 1, i = 0, over = false
    while i < rank - 3 {
      (n, over) = n.multipliedReportingOverflow(by: shape[i])
      if over { throw .shape("\(operation): shape \(shape) has too many pictures") }
      i += 1
    }
    return n
  }

  private func images(_ c: Int, _ h: Int, _ w: Int) -> Dims {
    shape.replacing(rank - 3, with: c).replacing(rank - 2, with: h).replacing(rank - 1, with: w)
  }
}
