// Elements in another order, repeated, surrounded; views of diagonals and windows; pieces. See Tensor+Shapes for the rest.

extension Tensor {
  /// Dimension source[i] at place destination[i], the others in their order (PyTorch: `movedim`).
  public func movingDimensions(_ source: Dims, to destination: Dims) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.movedim(source, destination) }
  }
  /// One dimension as several; one size may be −1 (PyTorch: `unflatten`).
  public func unflattened(_ dim: Int, into sizes: Dims) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.unflatten(dim, sizes) }
  }
  /// Without the named dimensions, as far as their size is 1 (PyTorch: `squeeze`).
  public func squeezed(along dims: Dims) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.squeeze(dims) } }
  /// Read backwards along dimensions, a copy (PyTorch: `flip`).
  public func flipped(along dims: Dims) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.flip(dims) } }
  /// Moved on by shifts[i] along dims[i], what leaves at the end coming in at the beginning (PyTorch: `roll`).
  public func rolled(by shifts: Dims, along dims: Dims = []) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.roll(shifts, dims) }
  }
  /// On and below a diagonal, 0 elsewhere (PyTorch: `tril`).
  public func lowerTriangle(diagonal: Int = 0) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.tril(diagonal) } }
  /// On and above a diagonal, 0 elsewhere (PyTorch: `triu`).
  public func upperTriangle(diagonal: Int = 0) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.triu(diagonal) } }
  /// A view of the diagonal of two dimensions, as a new last one (PyTorch: `diagonal`).
  public func diagonal(offset: Int = 0, _ dim1: Int = 0, _ dim2: Int = 1) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.diagonal(offset, dim1, dim2) }
  }
  /// A matrix's diagonal, copied, or the matrix with this list as diagonal (PyTorch: `diag`).
  public func diag(_ offset: Int = 0) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.diag(offset) } }
  /// Zeros with the last dimension as diagonal of two new ones (PyTorch: `diag_embed`).
  public func diagonalEmbedded(offset: Int = 0, _ dim1: Int = -2, _ dim2: Int = -1) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.diagEmbed(offset, dim1, dim2) }
  }
  /// Each dimension counts[i] times over; dimensions may be added in front (PyTorch: `repeat`).
  public func repeated(_ counts: Dims) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.repeated(counts) } }
  /// As `repeated`, dimensions not named once (PyTorch: `tile`).
  public func tiled(_ counts: Dims) throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.tile(counts) } }
  /// Each slice along `dim` (element, without one) `count` times in a row (PyTorch: `repeat_interleave`).
  public func interleaved(_ count: Int, along dim: Int? = nil) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.repeatInterleave(count, dim) }
  }
  /// Slice i along `dim` counts[i] times in a row (PyTorch: `repeat_interleave`).
  public func interleaved(_ counts: Tensor, along dim: Int? = nil) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.repeatInterleave(each: counts.value, dim) }
  }

  /// What stands around a padded tensor.
  public enum Padding: Sendable {
    case constant(Double)
    /// Mirrored without the border element.
    case reflect
    /// The border element.
    case replicate
    /// The other end.
    case circular
  }
  /// With `before[i]` and `after[i]` elements more at the ends of dimension i (PyTorch: `nn.functional.pad`).
  public func padded(before: Dims, after: Dims, with padding: Padding = .constant(0)) throws(BackpropError) -> Tensor {
    if before.count != shape.count || after.count != shape.count {
      throw BackpropError(.argument, "pad: needs a number for each of the \(shape.count) dimensions, before and after")
    }
    let (mode, number): (PadMode, Double) =
      switch padding {
      case .constant(let x): (.constant, x)
      case .reflect: (.reflect, 0)
      case .replicate: (.replicate, 0)
      case .circular: (.circular, 0)
      }
    return try make { () throws(Failure) in try value.pad(before, after, mode, number) }
  }

  /// A view of windows of `size` elements, `step` apart, the windows' elements last (PyTorch: `Tensor.unfold`).
  public func windows(along dim: Int, size: Int, step: Int = 1) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.windows(dim, size, step) }
  }
  /// The same memory with other sizes and strides (PyTorch: `as_strided`).
  public func strided(_ shape: Dims, strides: Dims, offset: Int? = nil) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.asStrided(shape, strides, offset) }
  }
}

// MARK: With other values in the places of a view

extension Tensor {
  /// With `source` at start, start + step, … along a dimension (PyTorch: `slice_scatter`).
  public func replacingSlice(
    with source: Tensor, along dim: Int = 0, from start: Int? = nil, to end: Int? = nil, by step: Int = 1
  ) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.sliceScatter(source.value, dim, start, end, step) }
  }
  /// With `source` at one index of a dimension (PyTorch: `select_scatter`).
  public func replacing(_ index: Int, along dim: Int, with source: Tensor) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.selectScatter(source.value, dim, index) }
  }
  /// With `source` on a diagonal (PyTorch: `diagonal_scatter`).
  public func replacingDiagonal(with source: Tensor, offset: Int = 0, _ dim1: Int = 0, _ dim2: Int = 1) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.diagonalScatter(source.value, offset, dim1, dim2) }
  }
  /// With `source` in the places of a layout (PyTorch: `as_strided_scatter`).
  public func replacingStrided(_ shape: Dims, strides: Dims, offset: Int? = nil, with source: Tensor) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.asStridedScatter(source.value, shape, strides, offset) }
  }
}

// MARK: Pieces

extension Tensor {
  /// `length` elements from `start` on, all of which must be there (PyTorch: `narrow`).
  public func narrowed(along dim: Int, from start: Int, length: Int) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.narrow(dim, start, length) }
  }
  /// Views one after another, as long as `sizes` says, which must add up (PyTorch: `split`).
  public func split(_ sizes: [Int], along dim: Int = 0) throws(BackpropError) -> [Tensor] {
    let size = try length(along: dim, "split")
    if sizes.contains(where: { $0 < 0 || $0 > size }) || sizes.reduce(0, { $0 &+ $1 }) != size {
      throw BackpropError(.shape, "split: sizes \(sizes) do not add up to dimension \(dim) of shape \(shape)")
    }
    var pieces: [Tensor] = [], start = 0
    for n in sizes {
      pieces.append(try narrowed(along: dim, from: start, length: n))
      start += n
    }
    return pieces
  }
  /// Views of equal size, at most `count`, the last perhaps smaller (PyTorch: `chunk`).
  public func chunked(into count: Int, along dim: Int = 0) throws(BackpropError) -> [Tensor] {
    if count < 1 { throw BackpropError(.argument, "chunk: chunks must be at least 1, it is \(count)") }
    let n = try length(along: dim, "chunk")
    if n == 0 { return try split(Array(repeating: 0, count: count), along: dim) }
    let each = (n - 1) / count + 1
    return try split(stride(from: 0, to: n, by: each).map { each < n - $0 ? each : n - $0 }, along: dim)
  }
  /// What lies at each index of a dimension (PyTorch: `unbind`).
  public func unbound(along dim: Int = 0) throws(BackpropError) -> [Tensor] {
    var all: [Tensor] = []
    for i in 0..<(try length(along: dim, "unbind")) { all.append(try selected(i, along: dim)) }
    return all
  }

  private func length(along dim: Int, _ operation: StaticString) throws(BackpropError) -> Int {
    shape[try lift { () throws(Failure) in try value.dimension(dim, for: operation) }]
  }
}
