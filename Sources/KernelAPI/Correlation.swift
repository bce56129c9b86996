// What the engine tells the convolution and pooling kernels: a window that moves over one image, described once per call.

/// y[m, j, i] = Σ over channels c and places t of the window: w[m, c, t] · x[c, j·stepY + row(t) − top, i·stepX + column(t) − left],
/// where x counts as zero outside the image. Forward convolutions are this, and so are the gradients of their inputs.
///
/// Kernels read x where it lies (`staged` false), or from a copy with the margin written out and the columns sorted by
/// their remainder modulo stepX, so that neighbours in y read neighbours in the copy: x of (c, row r, column q) stands at
/// c·plane + r·rowPitch + (q mod stepX)·phasePitch + q div stepX.
public struct Correlation {
  /// x of one image and group, dense.
  public var channels = 1, height = 1, width = 1
  /// Rows and columns of zeros before the image; negative: rows and columns left out.
  public var top = 0, left = 0
  public var stepY = 1, stepX = 1
  /// y of one image and group: `outputs` planes of rows × columns.
  public var outputs = 1, rows = 1, columns = 1
  /// Strides of y.
  public var yPlane = 1, yRow = 1, yColumn = 1
  public var staged = true
  /// Of a staged image: tiles are multiplied where they lie, margins and all, without packing.
  public var inPlace = false
  public var plane = 1, rowPitch = 1, phasePitch = 1
  /// One more than the largest row and column of a place.
  public var reachY = 1, reachX = 1
  public var places = 1
  /// Terms of a sum, channels × places, and for each the position in x or its copy; padded with zeros to a multiple of 8.
  public var terms = 1
  public var offsets: UnsafePointer<Int>? = nil

  public init() {}

  /// Rows of the copy that `count` rows of y read.
  public func stagedRows(_ count: Int) -> Int { (count - 1) * stepY + reachY }
  public var stagedColumns: Int { (columns - 1) * stepX + reachX }
}

/// Each kernel takes a pointer to the `Correlation`. This one packs weights for `CorrelateFunction`: w[m·outputStride + c·channelStride + places[t]], and the bias (nil, or one number per
/// output, biasStride apart) as one more term. Writes paddedOutputs · (terms + 1) elements at most.
public typealias PackWeightsFunction = @convention(c) (
  _ c: UnsafeRawPointer, _ w: UnsafeRawPointer, _ outputStride: Int, _ channelStride: Int, _ places: UnsafePointer<Int>,
  _ bias: UnsafeRawPointer?, _ biasStride: Int, _ packed: UnsafeMutableRawPointer) -> Void
/// Rows first ..< last of y of one image and group, from packed weights. Each element of y is one sum in the order of the terms.
public typealias CorrelateFunction = @convention(c) (
  _ c: UnsafeRawPointer, _ x: UnsafeRawPointer, _ packed: UnsafeRawPointer, _ hasBias: Bool,
  _ y: UnsafeMutableRawPointer, _ first: Int, _ last: Int, _ workspace: UnsafeMutableRawPointer) -> Void
/// The gradient of the weights from rows first ..< last of g, which is laid out as y: writes, or adds, to `sums` in the kernel's
/// own order, for terms k0 ..< k1 (k0 a multiple of 8, and k1 unless it is `terms`).
public typealias CorrelateWeightsFunction = @convention(c) (
  _ c: UnsafeRawPointer, _ x: UnsafeRawPointer, _ g: UnsafeRawPointer, _ first: Int, _ last: Int, _ k0: Int, _ k1: Int,
  _ sums: UnsafeMutableRawPointer, _ accumulate: Bool, _ workspace: UnsafeMutableRawPointer) -> Void
/// dw[m·terms + k] = the sum over `slots` of what `CorrelateWeightsFunction` left, slotStride elements apart.
public typealias FoldWeightsFunction = @convention(c) (
  _ c: UnsafeRawPointer, _ sums: UnsafeMutableRawPointer, _ slots: Int, _ slotStride: Int, _ dw: UnsafeMutableRawPointer) -> Void
/// Sizes in bytes for pieces of `rows` rows: plan[0] packed weights, plan[1] workspace of `CorrelateFunction`,
/// plan[2] workspace of `CorrelateWeightsFunction`, plan[3] one slot of sums.
public typealias CorrelationPlanFunction = @convention(c) (_ c: UnsafeRawPointer, _ rows: Int, _ plan: UnsafeMutablePointer<Int>) -> Void

/// y[m][j, i] = bias[m] + Σ over places (t, s) of columns[m][t, s][j + top − t·dilationY, i + left − s·dilationX]: adds up where several
/// windows saw the same number. Columns hold height × width numbers for each place; one vector before them is read too.
public typealias GatherPlacesFunction = @convention(c) (
  _ c: UnsafeRawPointer, _ columns: UnsafeRawPointer, _ kernelHeight: Int, _ kernelWidth: Int, _ dilationY: Int, _ dilationX: Int,
  _ bias: UnsafeRawPointer?, _ biasStride: Int, _ y: UnsafeMutableRawPointer) -> Void

/// Convolution for one type.
public struct CorrelationKernels: Sendable {
  public let plan: CorrelationPlanFunction
  public let pack: PackWeightsFunction
  public let correlate: CorrelateFunction
  public let weights: CorrelateWeightsFunction
  public let fold: FoldWeightsFunction
  public let gather: GatherPlacesFunction
  public init(
    plan: @escaping CorrelationPlanFunction, pack: @escaping PackWeightsFunction, correlate: @escaping CorrelateFunction,
    weights: @escaping CorrelateWeightsFunction, fold: @escaping FoldWeightsFunction,
    gather: @escaping GatherPlacesFunction
  ) {
    self.plan = plan; self.pack = pack; self.correlate = correlate; self.weights = weights; self.fold = fold; self.gather = gather
  }
}

/// Pooling of `planes` planes of a staged `Correlation` of one channel.
/// max (x, codes or nil, y): the largest of each window and the number of its place in the window; maxBackward (g, codes, dx).
/// average (x, divisors, y), averageBackward (g, divisors, dx): rows + columns divisors as Double; a window is divided by the
/// product of two. The workspace holds plane + columns + 4 vectors.
public enum PoolKernel: Int32, CaseIterable, Sendable { case max, maxBackward, average, averageBackward }
public typealias PoolFunction = @convention(c) (
  _ kernel: Int32, _ c: UnsafeRawPointer, _ planes: Int, _ x: UnsafeRawPointer, _ with: UnsafeMutableRawPointer?,
  _ y: UnsafeMutableRawPointer, _ workspace: UnsafeMutableRawPointer) -> Void
