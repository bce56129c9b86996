// How convolutions reach the kernels: geometry along each axis, tables, packed weights, and the cut into pieces of work.
// N images, groups, C channels, [H, W] sizes, K terms of a sum.
import CShim
import KernelAPI

/// One axis of a moving window: `count` places in the window, place j being number first + j·step of the weights and standing
/// place0 + j·placeStep behind the window's start; and where the windows stand.
struct WindowAxis {
  var size: Int
  var count: Int, first = 0, step = 1
  var place0 = 0, placeStep: Int
  /// Zeros before the image, and from window to window.
  var margin: Int, stride: Int
  /// Results along this axis, and where they go: y0 + i·yStep.
  var windows: Int, y0 = 0, yStep = 1

  /// The axis of a convolution of `size` numbers.
  init(size: Int, kernel: Int, stride: Int, padding: Int, dilation: Int, windows: Int) {
    self.size = size
    count = kernel
    placeStep = dilation
    margin = padding
    self.stride = stride
    self.windows = windows
  }

  /// Phase `phase` < stride of the gradient of such an axis: the inputs x with (x + padding) mod stride = phase, of `size` in all,
  /// from the convolution's `results`. Input x sees result (x + padding − k·dilation) / stride where that has no remainder.
  init(gradientOf size: Int, kernel: Int, stride: Int, padding: Int, dilation: Int, results: Int, phase: Int) {
    self.size = results
    let x0 = ((phase - padding) % stride + stride) % stride
    windows = x0 < size ? (size - x0 + stride - 1) / stride : 0
    y0 = x0
    yStep = stride
    var a = dilation, b = stride  // a becomes the greatest common divisor
    while b != 0 { (a, b) = (b, a % b) }
    step = stride / a
    var k = 0
    while k < step, k < kernel, (k &* dilation - phase) % stride != 0 { k += 1 }
    first = k
    count = k < kernel && k < step ? (kernel - k + step - 1) / step : 0
    placeStep = -(dilation / a)
    place0 = count > 0 ? -(count - 1) * placeStep : 0
    // The window of the first such input starts at result (x0 + padding − phase)/stride − (largest k·dilation − phase)/stride.
    margin = count > 0 ? ((first + (count - 1) * step) * dilation - phase) / stride - (x0 + padding - phase) / stride : 0
    self.stride = 1
  }

  func place(_ j: Int) -> Int { place0 + j * placeStep }
  var reach: Int { count == 0 ? 1 : (placeStep > 0 ? place(count - 1) : place0) + 1 }
  /// Whether every window lies within the image.
  var isInside: Bool { margin == 0 && (windows - 1) * stride + reach <= size }
}

/// Weights where they lie: strides from output to output, channel to channel, group to group; places are dense.
struct WeightLayout {
  var data: UnsafeRawPointer
  var output: Int, channel: Int, group: Int, places: Int
  var bias: UnsafeRawPointer?, biasStride = 0
}

private struct CorrelationJob {
  var c: Correlation
  var kernels: CorrelationKernels
  var groups: Int, rowsPerPiece: Int, pieces: Int
  var x: UnsafeRawPointer, xGroup: Int
  var packed: UnsafeRawPointer, packedGroup: Int, hasBias = false
  var y: UnsafeMutableRawPointer, yGroup: Int
  var workspace: UnsafeMutableRawPointer, workspaceStride: Int
  // The weights' gradient.
  var images = 0, imagesPerSlot = 0, ranges = 1, rangeTerms = 0, slotBytes = 0, size = 0
}

/// Multiply-adds below which one thread is quicker than two.
private let serialWork = 1_000_000
private let packingCost = 7
/// Elements of an image copied at once: half of a common second-level cache of float32.
private let mostStaged = 128 << 10

extension Engine {
  /// What both ways through the kernels share: layout of the copy, and rows to a piece.
  private func geometry(
    _ rows: WindowAxis, _ columns: WindowAxis, channels: Int, outputs: Int, images: Int, flat: Bool, for operation: StaticString
  ) throws(Failure) -> (c: Correlation, rowsPerPiece: Int) {
    var c = Correlation()
    c.channels = channels
    c.outputs = outputs
    (c.height, c.width) = (rows.size, columns.size)
    (c.top, c.left) = (rows.margin, columns.margin)
    (c.stepY, c.stepX) = (rows.stride, columns.stride)
    (c.rows, c.columns) = (rows.windows, columns.windows)
    (c.reachY, c.reachX) = (rows.reach, columns.reach)
    c.places = rows.count * columns.count
    c.terms = channels * c.places
    c.staged = !rows.isInside || !columns.isInside || columns.stride != 1
    if flat, !c.staged, c.reachX == 1, c.reachY == 1, c.stepY == 1, c.rows == c.height, c.columns == c.width {
      // One place, no margin: the image is one row.
      (c.columns, c.width) = (c.rows * c.columns, c.rows * c.columns)
      (c.rows, c.height) = (1, 1)
    }
    c.phasePitch = (c.stagedColumns + c.stepX - 1) / c.stepX
    // Packing a vector of pixels costs about what seven multiply-adds do; not packing, that the margins are multiplied too.
    if c.terms >= 128, c.reachX > 1 || c.reachY > 1 || c.staged,
      (c.stepY * c.phasePitch * c.stepX - c.columns) * outputs < packingCost * c.columns {
      c.inPlace = true
      c.staged = true
    }
    c.rowPitch = c.staged ? c.phasePitch * c.stepX : c.width
    // Pieces: at least sixteen in all where rows allow it, each of four tiles of pixels or more, its copy within the cache.
    var perPiece = c.rows
    if images < 16, images > 0 {
      let wanted = (c.rows * images + 15) / 16, least = (192 + c.columns - 1) / c.columns
      perPiece = wanted > least ? wanted : least
    }
    if c.staged {
      let line = c.rowPitch.multipliedReportingOverflow(by: channels)
      let all = line.partialValue.multipliedReportingOverflow(by: c.reachY)
      if line.overflow || all.overflow || all.partialValue > Int.max / 64 { throw .memory(operation, bytes: Int.max) }
      let most = (mostStaged / (line.partialValue > 0 ? line.partialValue : 1) - c.reachY) / c.stepY + 1
      if perPiece > most { perPiece = most }
    }
    if perPiece > c.rows { perPiece = c.rows }
    if perPiece < 1 { perPiece = 1 }
    c.plane = c.staged ? c.stagedRows(perPiece) * c.rowPitch : c.height * c.width
    return (c, perPiece)
  }

  /// Positions of the terms in the image or its copy, and of the places among the weights.
  private func fillTables(
    _ c: Correlation, _ rows: WindowAxis, _ columns: WindowAxis, kernelWidth: Int, _ offsets: UnsafeMutablePointer<Int>,
    _ places: UnsafeMutablePointer<Int>
  ) {
    var k = 0, channel = 0
    while channel < c.channels {
      var i = 0
      while i < rows.count {
        var j = 0
        while j < columns.count {
          let column = columns.place(j)
          offsets[k] = channel * c.plane + rows.place(i) * c.rowPitch + (column % c.stepX) * c.phasePitch + column / c.stepX
          if channel == 0 { places[k] = (rows.first + i * rows.step) * kernelWidth + columns.first + j * columns.step }
          k += 1
          j += 1
        }
        i += 1
      }
      channel += 1
    }
    while k % 8 != 0 { offsets[k] = 0; k += 1 }
  }

  private func correlationKernels(_ type: DType, for operation: StaticString) throws(Failure) -> CorrelationKernels {
    guard let k = kernels.correlation(type.rawValue) else { throw .dtype("\(operation): not defined for \(type)") }
    return k
  }

  private func workers(_ work: Int, _ c: Correlation) -> Int {
    let total = work.multipliedReportingOverflow(by: c.terms)
    return !total.overflow && total.partialValue < serialWork ? 1 : threads
  }

  /// y [N, groups·outputs, H, W] at the places the axes name = the sums over x [N, groups·channels, ..]. All dense.
  @inline(never) func correlate(
    _ type: DType, _ rows: WindowAxis, _ columns: WindowAxis, images: Int, groups: Int, channels: Int, outputs: Int,
    _ x: UnsafeRawPointer, _ w: WeightLayout, kernelWidth: Int, _ y: UnsafeMutableRawPointer, height: Int, width: Int,
    for operation: StaticString
  ) throws(Failure) {
    if rows.windows == 0 || columns.windows == 0 || images == 0 || outputs == 0 || groups == 0 { return }
    let kernels = try correlationKernels(type, for: operation), size = type.size
    var (c, rowsPerPiece) = try geometry(
      rows, columns, channels: channels, outputs: outputs, images: images * groups,
      flat: rows.yStep == 1 && columns.yStep == 1 && images >= 4, for: operation)
    c.yPlane = height * width
    c.yRow = c.rows == 1 && rows.windows > 1 ? c.columns : width * rows.yStep
    c.yColumn = columns.yStep
    var plan = InlineArray<4, Int>(repeating: 0)
    let count = workers(images * groups * outputs * c.rows * c.columns, c)
    // Tables, weights and one workspace for each worker lie in one block.
    let tables = ((c.terms + 8 + c.places) * MemoryLayout<Int>.stride + 63) & ~63
    withUnsafeMutablePointer(to: &plan) { p in
      withUnsafePointer(to: c) { kernels.plan($0, rowsPerPiece, UnsafeMutableRawPointer(p).assumingMemoryBound(to: Int.self)) }
    }
    let weights = (plan[0] + 63) & ~63, workspace = (plan[1] + 63) & ~63
    let bytes = tables + weights * groups + workspace * count + 64
    var blockSize = 0
    guard let block = state.pointee.allocator.allocate(bytes, size: &blockSize) else { throw .memory(operation, bytes: bytes) }
    let offsets = block.assumingMemoryBound(to: Int.self), places = offsets + ((c.terms + 7) & ~7)
    fillTables(c, rows, columns, kernelWidth: kernelWidth, offsets, places)
    c.offsets = UnsafePointer(offsets)
    let zero = block + (bytes - 64)
    memset(zero, 0, 8)
    let bias = w.bias ?? (c.terms == 0 ? UnsafeRawPointer(zero) : nil)
    var group = 0
    while group < groups {
      withUnsafePointer(to: c) {
        kernels.pack(
          $0, w.data + group * w.group * size, w.output, w.channel, places,
          bias.map { $0 + (w.bias == nil ? 0 : group * outputs * w.biasStride * size) }, w.biasStride, block + (tables + group * weights))
      }
      group += 1
    }
    var job = CorrelationJob(
      c: c, kernels: kernels, groups: groups, rowsPerPiece: rowsPerPiece, pieces: (c.rows + rowsPerPiece - 1) / rowsPerPiece,
      x: x, xGroup: channels * c.height * c.width * size, packed: block + tables, packedGroup: weights, hasBias: bias != nil,
      y: y + (rows.y0 * width + columns.y0) * size, yGroup: outputs * c.yPlane * size, workspace: block + (tables + weights * groups),
      workspaceStride: workspace)
    parallel(chunks: images * groups * job.pieces, threads: count, &job) { context, chunk, worker in
      let j = context.assumingMemoryBound(to: CorrelationJob.self)
      let piece = chunk % j.pointee.pieces, plane = chunk / j.pointee.pieces
      let first = piece &* j.pointee.rowsPerPiece, last = first &+ j.pointee.rowsPerPiece, rows = j.pointee.c.rows
      withUnsafePointer(to: &j.pointee.c) {
        j.pointee.kernels.correlate(
          $0, j.pointee.x + plane &* j.pointee.xGroup, j.pointee.packed + plane % j.pointee.groups &* j.pointee.packedGroup,
          j.pointee.hasBias, j.pointee.y + plane &* j.pointee.yGroup, first, last < rows ? last : rows,
          j.pointee.workspace + worker &* j.pointee.workspaceStride)
      }
    }
    state.pointee.allocator.release(block, size: blockSize)
  }

  /// dw [groups·outputs, channels, kernel..] from x [N, groups·channels, ..] and g [N, groups·outputs, ..]. Images are summed in
  /// slots, a number that depends on the shape alone, and then the slots in order.
  @inline(never) func correlateWeights(
    _ type: DType, _ rows: WindowAxis, _ columns: WindowAxis, images: Int, groups: Int, channels: Int, outputs: Int,
    _ x: UnsafeRawPointer, _ g: UnsafeRawPointer, kernelWidth: Int, _ dw: UnsafeMutableRawPointer, for operation: StaticString
  ) throws(Failure) {
    let kernels = try correlationKernels(type, for: operation), size = type.size
    var (c, rowsPerPiece) = try geometry(
      rows, columns, channels: channels, outputs: outputs, images: 16, flat: true, for: operation)
    if c.terms == 0 || outputs == 0 || groups == 0 { return }
    if images == 0 || c.rows == 0 || c.columns == 0 {
      memset(dw, 0, groups * outputs * c.terms * size)
      return
    }
    c.yPlane = c.rows * c.columns
    // Pieces whose transposed gradient stays in the cache too.
    let most = mostStaged / (c.columns * outputs) + 1
    if rowsPerPiece > most { rowsPerPiece = most }
    if c.staged { c.plane = c.stagedRows(rowsPerPiece) * c.rowPitch }
    // 256 pixels to a slot at least, so that adding the slots up costs little; terms in ranges where there are few slots.
    var slots = images * c.yPlane / 256
    slots = slots < 1 ? 1 : slots > 16 ? 16 : slots
    if slots > images { slots = images }
    let perSlot = (images + slots - 1) / slots
    slots = (images + perSlot - 1) / perSlot
    let blocks = (c.terms + 7) / 8, wanted = slots * groups >= 8 ? 1 : 8 / (slots * groups)
    let blocksPerRange = (blocks + wanted - 1) / wanted
    let ranges = (blocks + blocksPerRange - 1) / blocksPerRange
    var plan = InlineArray<4, Int>(repeating: 0)
    let count = workers(images * groups * outputs * c.yPlane, c)
    let tables = ((c.terms + 8 + c.places) * MemoryLayout<Int>.stride + 63) & ~63
    withUnsafeMutablePointer(to: &plan) { p in
      withUnsafePointer(to: c) { kernels.plan($0, rowsPerPiece, UnsafeMutableRawPointer(p).assumingMemoryBound(to: Int.self)) }
    }
    let workspace = (plan[2] + 63) & ~63, slot = (plan[3] + 63) & ~63
    let bytes = tables + slot * slots * groups + workspace * count
    var blockSize = 0
    guard let block = state.pointee.allocator.allocate(bytes, size: &blockSize) else { throw .memory(operation, bytes: bytes) }
    let offsets = block.assumingMemoryBound(to: Int.self)
    fillTables(c, rows, columns, kernelWidth: kernelWidth, offsets, offsets + ((c.terms + 7) & ~7))
    c.offsets = UnsafePointer(offsets)
    var job = CorrelationJob(
      c: c, kernels: kernels, groups: groups, rowsPerPiece: rowsPerPiece, pieces: slots,
      x: x, xGroup: channels * c.height * c.width * size, packed: g, packedGroup: outputs * c.yPlane * size,
      y: block + tables, yGroup: slot * slots, workspace: block + (tables + slot * slots * groups), workspaceStride: workspace,
      images: images, imagesPerSlot: perSlot, ranges: ranges, rangeTerms: blocksPerRange * 8, slotBytes: slot, size: size)
    parallel(chunks: groups * slots * ranges, threads: count, &job) { context, chunk, worker in
      sumSlot(context.assumingMemoryBound(to: CorrelationJob.self), chunk, worker)
    }
    var group = 0
    while group < groups {
      withUnsafePointer(to: c) {
        kernels.fold($0, block + (tables + group * slot * slots), slots, slot / size, dw + group * outputs * c.terms * size)
      }
      group += 1
    }
    state.pointee.allocator.release(block, size: blockSize)
  }
}

private struct SpreadJob {
  var c: Correlation
  var kernels: CorrelationKernels, product: MatrixFunction
  var path: Int, kernel: (Int, Int), dilation: (Int, Int)
  var groups: Int, channels: Int
  var x: UnsafeRawPointer, w: WeightLayout
  var y: UnsafeMutableRawPointer, size: Int
  var workspace: UnsafeMutableRawPointer, workspaceStride: Int, columnsAt: Int
}

extension Engine {
  /// The transposed convolution of stride 1 by way of its columns, image by image: (outputs·places × channels)·(channels × pixels), and
  /// then what falls on the same number is added up. For windows that are large beside the image, where `correlate` would mostly
  /// multiply margins.
  @inline(never) func spread(
    _ type: DType, _ o: ConvolutionOptions, images: Int, channels: Int, outputs: Int, kernel: (Int, Int), _ x: UnsafeRawPointer,
    _ source: (Int, Int), _ w: WeightLayout, _ y: UnsafeMutableRawPointer, height: Int, width: Int, for operation: StaticString
  ) throws(Failure) {
    guard images > 0, let planner = kernels.matrixPlan(type.rawValue), let product = kernels.matrix(type.rawValue) else { return }
    let own = try correlationKernels(type, for: operation)
    var c = Correlation()
    (c.height, c.width) = source
    (c.rows, c.columns) = (height, width)
    (c.top, c.left) = o.padding
    c.outputs = outputs
    let m = outputs * kernel.0 * kernel.1, n = c.height * c.width, size = type.size
    let all = m.multipliedReportingOverflow(by: n)
    if all.overflow || all.partialValue > Int.max / 4096 { throw .memory(operation, bytes: Int.max) }
    var plan = InlineArray<4, Int>(repeating: 0)
    withUnsafeMutablePointer(to: &plan) {
      planner(m, n, channels, 1, m, n, 1, UnsafeMutableRawPointer($0).assumingMemoryBound(to: Int.self))
    }
    let columns = 64 + ((m * n * size + 63) & ~63), stride = columns + ((plan[3] + 63) & ~63)
    let workers = images * m * n * channels < serialWork ? 1 : threads
    var blockSize = 0
    guard let block = state.pointee.allocator.allocate(stride * workers, size: &blockSize) else {
      throw .memory(operation, bytes: stride * workers)
    }
    var job = SpreadJob(
      c: c, kernels: own, product: product, path: plan[0], kernel: kernel, dilation: o.dilation,
      groups: o.groups, channels: channels, x: x, w: w, y: y, size: size, workspace: block, workspaceStride: stride, columnsAt: columns)
    parallel(chunks: images * o.groups, threads: workers, &job) { context, chunk, worker in
      spreadImage(context.assumingMemoryBound(to: SpreadJob.self), chunk, worker)
    }
    state.pointee.allocator.release(block, size: blockSize)
  }
}

@inline(never) private func spreadImage(_ j: UnsafeMutablePointer<SpreadJob>, _ chunk: Int, _ worker: Int) {
  let c = j.pointee.c, group = chunk % j.pointee.groups, size = j.pointee.size
  let m = c.outputs * j.pointee.kernel.0 * j.pointee.kernel.1, n = c.height * c.width
  let work = j.pointee.workspace + worker * j.pointee.workspaceStride
  j.pointee.product(
    j.pointee.path, m, n, j.pointee.channels, j.pointee.w.data + group * j.pointee.w.group * size, 1, m,
    j.pointee.x + chunk * j.pointee.channels * n * size, n, 1, work + 64, n, false, nil, work + j.pointee.columnsAt)
  withUnsafePointer(to: &j.pointee.c) {
    j.pointee.kernels.gather(
      $0, work + 64, j.pointee.kernel.0, j.pointee.kernel.1, j.pointee.dilation.0, j.pointee.dilation.1,
      j.pointee.w.bias.map { $0 + group * c.outputs * j.pointee.w.biasStride * size }, j.pointee.w.biasStride,
      j.pointee.y + chunk * c.outputs * c.rows * c.columns * size)
  }
}

/// One range of terms of one slot of one group: its images in order, piece by piece.
@inline(never) private func sumSlot(_ j: UnsafeMutablePointer<CorrelationJob>, _ chunk: Int, _ worker: Int) {
  let range = chunk % j.pointee.ranges, slot = chunk / j.pointee.ranges % j.pointee.pieces
  let group = chunk / j.pointee.ranges / j.pointee.pieces
  let k0 = range * j.pointee.rangeTerms, k1 = k0 + j.pointee.rangeTerms, terms = j.pointee.c.terms
  let sums = j.pointee.y + (group * j.pointee.yGroup + slot * j.pointee.slotBytes)
  var image = slot * j.pointee.imagesPerSlot, accumulate = false
  let end = image + j.pointee.imagesPerSlot
  while image < end, image < j.pointee.images {
    let plane = image * j.pointee.groups + group
    var first = 0
    while first < j.pointee.c.rows {
      let last = first + j.pointee.rowsPerPiece
      withUnsafePointer(to: &j.pointee.c) {
        j.pointee.kernels.weights(
          $0, j.pointee.x + plane * j.pointee.xGroup, j.pointee.packed + plane * j.pointee.packedGroup,
          first, last < j.pointee.c.rows ? last : j.pointee.c.rows, k0, k1 < terms ? k1 : terms, sums, accumulate,
          j.pointee.workspace + worker * j.pointee.workspaceStride)
      }
      accumulate = true
      first = last
    }
    image += 1
  }
}
