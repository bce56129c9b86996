// The contract between the engine and the kernels: element types, the operations a kernel can do, and one
// table of C function pointers per instruction set. Nothing here knows shapes, errors or the graph.
//
// Strides count elements unless a name says bytes. A kernel is called on counts and pointers the engine has
// checked; n = 0 is allowed everywhere. No kernel allocates, and none keeps state between calls.

/// Element types, numbered as in `backprop.h`.
public enum DType: UInt8, CaseIterable, Sendable {
  case float32 = 0, float64, int64, int32, uint8, bool, float16, bfloat16
}

/// y[i] = f(x[i]). `p` and `q` carry the parameters of `clamp` (lo, hi), `powScalar` (exponent), `softplus` (beta, threshold), `elu` (α, s:
/// α·(e^(s·x) − 1) for x ≤ 0) and `leakyRelu` (slope). f and its derivative stand in pairs: silu, siluSlope.
public enum UnaryKernel: Int32, CaseIterable, Sendable {
  case neg, abs, sign, square, clamp, logicalNot  // every arithmetic type (logicalNot: any type in, bool out)
  case sqrt, rsqrt, reciprocal, exp, log, erf, tanh, sigmoid, relu, gelu, geluTanh, powScalar, sin, cos, softplus  // float32, float64
  case softplusSlope, silu, siluSlope, mish, mishSlope, elu, eluSlope, leakyRelu, leakyReluSlope, hardswish, hardswishSlope
}

/// y[i] = f(a[i], b[i]). A stride is 1, or 0 for one value used throughout.
public enum BinaryKernel: Int32, CaseIterable, Sendable {
  case add, sub, mul, div, pow, maximum, minimum  // same type in and out (div: floats only; bool: maximum, minimum)
  case eq, ne, lt, le, gt, ge  // bool out
  // First derivatives fused with the incoming gradient a = g. b is the saved output y or input x.
  case reluBackward, sigmoidBackward, tanhBackward  // (g, y): g except where y ≤ 0; g·y·(1−y); g·(1−y²)
  case geluBackward, geluTanhBackward  // (g, x)
}

public enum ReduceKernel: Int32, CaseIterable, Sendable { case sum, max, min }

public enum RowKernel: Int32, CaseIterable, Sendable { case softmax, logSoftmax }

public typealias UnaryFunction = @convention(c) (
  _ n: Int, _ x: UnsafeRawPointer, _ y: UnsafeMutableRawPointer, _ p: Double, _ q: Double) -> Void
public typealias BinaryFunction = @convention(c) (
  _ n: Int, _ a: UnsafeRawPointer, _ aStride: Int, _ b: UnsafeRawPointer, _ bStride: Int, _ y: UnsafeMutableRawPointer) -> Void
/// y[i] = condition[i] ? a[i] : b[i]; strides 0 or 1; `condition` is one byte, 0 or 1.
public typealias SelectFunction = @convention(c) (
  _ n: Int, _ condition: UnsafeRawPointer, _ cStride: Int, _ a: UnsafeRawPointer, _ aStride: Int,
  _ b: UnsafeRawPointer, _ bStride: Int, _ y: UnsafeMutableRawPointer) -> Void
public typealias CastFunction = @convention(c) (_ n: Int, _ x: UnsafeRawPointer, _ y: UnsafeMutableRawPointer) -> Void
/// Copies a rows × columns block of elements of `size` bytes (1, 2, 4, 8) between any strides.
public typealias CopyFunction = @convention(c) (
  _ rows: Int, _ columns: Int, _ x: UnsafeRawPointer, _ xRow: Int, _ xColumn: Int,
  _ y: UnsafeMutableRawPointer, _ yRow: Int, _ yColumn: Int, _ size: Int) -> Void
/// Reduces each row: y[r] = ⊕ x[r·rowStride + 0 … n−1]. The tree depends on n alone.
public typealias ReduceRowsFunction = @convention(c) (
  _ rows: Int, _ n: Int, _ x: UnsafeRawPointer, _ rowStride: Int, _ y: UnsafeMutableRawPointer) -> Void
/// Reduces down the columns: y[c] = ⊕ over r < n of x[r·rowStride + c]. The tree depends on n alone.
public typealias ReduceColumnsFunction = @convention(c) (
  _ n: Int, _ columns: Int, _ x: UnsafeRawPointer, _ rowStride: Int, _ y: UnsafeMutableRawPointer) -> Void
/// First index of the largest (or smallest) element of each row; NaN counts as larger (smaller) than every number, as in PyTorch.
public typealias ArgReduceFunction = @convention(c) (
  _ rows: Int, _ n: Int, _ x: UnsafeRawPointer, _ rowStride: Int, _ y: UnsafeMutablePointer<Int64>) -> Void
/// Row-wise y = softmax(x) or log softmax(x); rows contiguous, n elements each.
public typealias RowFunction = @convention(c) (_ rows: Int, _ n: Int, _ x: UnsafeRawPointer, _ y: UnsafeMutableRawPointer) -> Void
/// Row-wise gradient from g and the saved output y.
public typealias RowBackwardFunction = @convention(c) (
  _ rows: Int, _ n: Int, _ g: UnsafeRawPointer, _ y: UnsafeRawPointer, _ dx: UnsafeMutableRawPointer) -> Void
/// y = (x − mean)·rstd·w + b row by row; w, b nil or n elements; writes mean and rstd (one per row, type of x). Two-pass variance.
/// RMS norm where mean is nil: the mean counts as 0.
public typealias LayerNormFunction = @convention(c) (
  _ rows: Int, _ n: Int, _ x: UnsafeRawPointer, _ w: UnsafeRawPointer?, _ b: UnsafeRawPointer?, _ eps: Double,
  _ y: UnsafeMutableRawPointer, _ mean: UnsafeMutableRawPointer?, _ rstd: UnsafeMutableRawPointer) -> Void
/// dx of layer norm. dw and db (nil or n elements) are *accumulated* over these rows, in row order.
public typealias LayerNormBackwardFunction = @convention(c) (
  _ rows: Int, _ n: Int, _ g: UnsafeRawPointer, _ x: UnsafeRawPointer, _ mean: UnsafeRawPointer?, _ rstd: UnsafeRawPointer,
  _ w: UnsafeRawPointer?, _ dx: UnsafeMutableRawPointer, _ dw: UnsafeMutableRawPointer?, _ db: UnsafeMutableRawPointer?) -> Void

/// One set of numbers that shares a mean and a variance: `count` segments of n elements, `stride` apart. y = (x − mean)·rstd·w + b,
/// rstd = 1/√(variance + eps), with w and b (or nil) at wStep = 0 or 1 per segment. Unless `given`, mean and biased variance are
/// computed, in two passes, and written; both are one element.
public typealias SegmentNormFunction = @convention(c) (
  _ count: Int, _ n: Int, _ stride: Int, _ x: UnsafeRawPointer, _ w: UnsafeRawPointer?, _ b: UnsafeRawPointer?, _ wStep: Int,
  _ eps: Double, _ given: Bool, _ y: UnsafeMutableRawPointer, _ mean: UnsafeMutableRawPointer, _ variance: UnsafeMutableRawPointer) -> Void
/// Gradients, each written if wanted (not nil); dw and db hold one element, or one per segment with wStep = 1. `given`: mean and
/// variance are constants.
public typealias SegmentNormBackwardFunction = @convention(c) (
  _ count: Int, _ n: Int, _ stride: Int, _ g: UnsafeRawPointer, _ x: UnsafeRawPointer, _ mean: UnsafeRawPointer, _ variance: UnsafeRawPointer,
  _ w: UnsafeRawPointer?, _ wStep: Int, _ eps: Double, _ given: Bool,
  _ dx: UnsafeMutableRawPointer?, _ dw: UnsafeMutableRawPointer?, _ db: UnsafeMutableRawPointer?) -> Void
/// The same for segments of one element: every column of rows × columns (rows `stride` apart) is a set, and w, b, mean, variance, dw
/// and db have an element per column.
public typealias ColumnNormFunction = @convention(c) (
  _ rows: Int, _ columns: Int, _ stride: Int, _ x: UnsafeRawPointer, _ w: UnsafeRawPointer?, _ b: UnsafeRawPointer?,
  _ eps: Double, _ given: Bool, _ y: UnsafeMutableRawPointer, _ mean: UnsafeMutableRawPointer, _ variance: UnsafeMutableRawPointer) -> Void
public typealias ColumnNormBackwardFunction = @convention(c) (
  _ rows: Int, _ columns: Int, _ stride: Int, _ g: UnsafeRawPointer, _ x: UnsafeRawPointer, _ mean: UnsafeRawPointer,
  _ variance: UnsafeRawPointer, _ w: UnsafeRawPointer?, _ eps: Double, _ given: Bool,
  _ dx: UnsafeMutableRawPointer?, _ dw: UnsafeMutableRawPointer?, _ db: UnsafeMutableRawPointer?) -> Void

/// Cross entropy of labels 0 … n − 1 (checked), row by row: with lse = ln Σ eˣ, loss = (1 − smoothing)·w[label]·(lse − x[label])
/// + smoothing/n·Σ w·(lse − x), 0 where the label is `ignored`. w: n class weights or nil. lse: two elements a row, for the gradient.
public typealias CrossEntropyFunction = @convention(c) (
  _ rows: Int, _ n: Int, _ x: UnsafeRawPointer, _ labels: UnsafePointer<Int64>, _ ignored: Int64, _ w: UnsafeRawPointer?,
  _ smoothing: Double, _ loss: UnsafeMutableRawPointer, _ lse: UnsafeMutableRawPointer) -> Void
/// dx from the incoming gradients g (gStep 0 or 1), each times `scale`; weightSum is Σ w (n without weights).
public typealias CrossEntropyBackwardFunction = @convention(c) (
  _ rows: Int, _ n: Int, _ x: UnsafeRawPointer, _ lse: UnsafeRawPointer, _ labels: UnsafePointer<Int64>, _ ignored: Int64,
  _ w: UnsafeRawPointer?, _ weightSum: Double, _ smoothing: Double, _ g: UnsafeRawPointer, _ gStep: Int, _ scale: Double,
  _ dx: UnsafeMutableRawPointer) -> Void

/// How a whole M×N×K product is done, chosen once from the whole shape so that any cut of it gives the same bits:
/// writes to plan[0] the path to pass on, plan[1], plan[2] the multiples of rows and columns at which pieces may start,
/// plan[3] the bytes of 64-byte aligned workspace one worker needs for any piece (0: none).
public typealias MatrixPlanFunction = @convention(c) (
  _ m: Int, _ n: Int, _ k: Int, _ rsa: Int, _ csa: Int, _ rsb: Int, _ csb: Int, _ plan: UnsafeMutablePointer<Int>) -> Void
/// C (m×n, row stride ldc, unit column stride) = A·B, or += with `accumulate`, or A·B + bias for a bias of n elements, dense, for every row
/// (not with `accumulate`). A is m×k and B is k×n with any strides (0 included). k = 0 sums nothing.
public typealias MatrixFunction = @convention(c) (
  _ path: Int, _ m: Int, _ n: Int, _ k: Int, _ a: UnsafeRawPointer, _ rsa: Int, _ csa: Int,
  _ b: UnsafeRawPointer, _ rsb: Int, _ csb: Int, _ c: UnsafeMutableRawPointer, _ ldc: Int, _ accumulate: Bool,
  _ bias: UnsafeRawPointer?, _ workspace: UnsafeMutableRawPointer?) -> Void

/// Philox 4x32-10 (Salmon, Moraes, Dror, Shaw 2011): element i takes word (offset + i) mod 4 of block (offset + i) / 4 under
/// `key`, so any cut of a fill gives the same numbers (float64 uses two consecutive words: 2·(offset + i)).
/// uniform: [0, 1) with 24 (53) bits. normal: Box–Muller on pairs of words; offset must be even.
/// dropoutMask: 0 with probability p, else `scale`.
public typealias RandomFunction = @convention(c) (
  _ n: Int, _ key: UInt64, _ offset: UInt64, _ y: UnsafeMutableRawPointer, _ p: Double, _ scale: Double) -> Void
public enum RandomKernel: Int32, CaseIterable, Sendable { case uniform, normal, dropoutMask }

/// One step of SGD in PyTorch's order: g ← (maximize ? −g : g) + decay·p; with momentum: buf ← first ? g : momentum·buf + (1−dampening)·g,
/// g ← nesterov ? g + momentum·buf : buf; p ← p − lr·g. `buf` is nil without momentum. flags: 1 nesterov, 2 first, 4 maximize.
public typealias SGDFunction = @convention(c) (
  _ n: Int, _ p: UnsafeMutableRawPointer, _ g: UnsafeRawPointer, _ buf: UnsafeMutableRawPointer?,
  _ lr: Double, _ momentum: Double, _ dampening: Double, _ decay: Double, _ flags: Int32) -> Void
/// One step of Adam (Kingma, Ba 2014) as PyTorch computes it: m ← m + (1−β1)(g−m); v ← β2·v + (1−β2)g²;
/// p ← p − lr/bias1 · m / (√v/√bias2 + eps), with one division: both parts of the quotient times √bias2. flags: 1 decoupled decay (AdamW: p ← p − lr·decay·p first), 4 maximize.
public typealias AdamFunction = @convention(c) (
  _ n: Int, _ p: UnsafeMutableRawPointer, _ g: UnsafeRawPointer, _ m: UnsafeMutableRawPointer, _ v: UnsafeMutableRawPointer,
  _ lr: Double, _ beta1: Double, _ beta2: Double, _ eps: Double, _ decay: Double, _ bias1: Double, _ bias2: Double, _ flags: Int32) -> Void

/// One step of the optimizers beside these two. d is the descent: c[0]·g + c[1]·p, c[0] = ±1; p is first multiplied by c[2]. What follows
/// in c, and the states s[0…2] (nil where there is none):
public enum UpdateKernel: Int32, CaseIterable, Sendable {
  /// 1−β1, β2, 1−β2, −lr·√bias2/bias1, eps·√bias2; m, v, the largest v so far (Reddi, Kale, Kumar 2018).
  case amsgrad
  /// 1−β1, β2, 1−β2, 1/√bias2, eps, factor of d, factor of m; m, v (Dozat 2016).
  case nadam
  /// 1−β1, β2, 1−β2, eps, factor of m/(√v + eps), or of m where the next is 0, rectified; m, v (Liu and others 2020).
  case radam
  /// 1−β1, β2, eps, −lr/bias1; m, decaying maximum of |d| + eps (Kingma, Ba 2015, algorithm 2).
  case adamax
  /// α, 1−α, eps, momentum, −lr; mean of d², momentum or nil, mean of d (centered) or nil (Hinton 2012; Graves 2013).
  case rmsprop
  /// eps, −lr; sum of d² (Duchi, Hazan, Singer 2011).
  case adagrad
  /// ρ, 1−ρ, eps, −lr; mean of d², mean of the squared steps (Zeiler 2012).
  case adadelta
  /// η−, η+, smallest, largest size; last d, size (Riedmiller, Braun 1993).
  case rprop
  /// 1−β1, 1−β2, −lr; m (Chen and others 2023).
  case lion
  /// w, 1−w: p ← p + w(g − p), an average of parameters that takes in g.
  case average
}
public typealias UpdateFunction = @convention(c) (
  _ kernel: Int32, _ n: Int, _ p: UnsafeMutableRawPointer, _ g: UnsafeRawPointer, _ s: UnsafePointer<UnsafeMutableRawPointer?>,
  _ c: UnsafePointer<Double>) -> Void

/// Σ x² of n elements, partly summed in Double.
public typealias SquaresFunction = @convention(c) (_ n: Int, _ x: UnsafeRawPointer) -> Double

/// What one instruction set offers. Look-ups return nil where an operation has no kernel for a type. The first argument is
/// the raw value of the kernel enum above, the last that of `DType`.
public struct KernelTable: Sendable {
  public let name: StaticString
  public let unary: @convention(c) (Int32, UInt8) -> UnaryFunction?
  public let binary: @convention(c) (Int32, UInt8) -> BinaryFunction?
  public let select: @convention(c) (_ size: Int) -> SelectFunction?
  public let cast: @convention(c) (_ from: UInt8, _ to: UInt8) -> CastFunction?  // all 8 × 8
  public let copy: CopyFunction
  public let reduceRows: @convention(c) (Int32, UInt8) -> ReduceRowsFunction?  // sum: f32 f64 i64; max, min: f32 f64 i64 i32 u8 bool
  public let reduceColumns: @convention(c) (Int32, UInt8) -> ReduceColumnsFunction?
  public let argReduce: @convention(c) (_ largest: Bool, UInt8) -> ArgReduceFunction?
  public let row: @convention(c) (Int32, UInt8) -> RowFunction?
  public let rowBackward: @convention(c) (Int32, UInt8) -> RowBackwardFunction?
  public let layerNorm: @convention(c) (UInt8) -> LayerNormFunction?
  public let layerNormBackward: @convention(c) (UInt8) -> LayerNormBackwardFunction?
  public let segmentNorm: @convention(c) (UInt8) -> SegmentNormFunction?
  public let segmentNormBackward: @convention(c) (UInt8) -> SegmentNormBackwardFunction?
  public let columnNorm: @convention(c) (UInt8) -> ColumnNormFunction?
  public let columnNormBackward: @convention(c) (UInt8) -> ColumnNormBackwardFunction?
  public let crossEntropy: @convention(c) (UInt8) -> CrossEntropyFunction?
  public let crossEntropyBackward: @convention(c) (UInt8) -> CrossEntropyBackwardFunction?
  public let matrixPlan: @convention(c) (UInt8) -> MatrixPlanFunction?  // f32 f64
  public let matrix: @convention(c) (UInt8) -> MatrixFunction?
  public let correlation: @Sendable (UInt8) -> CorrelationKernels?  // f32 f64
  public let pool: @convention(c) (UInt8) -> PoolFunction?
  public let random: @convention(c) (Int32, UInt8) -> RandomFunction?
  public let squares: @convention(c) (UInt8) -> SquaresFunction?
  public let sgd: @convention(c) (UInt8) -> SGDFunction?
  public let adam: @convention(c) (UInt8) -> AdamFunction?
  public let update: @convention(c) (UInt8) -> UpdateFunction?  // f32 f64
  public let attention: @convention(c) (UInt8) -> AttentionFunction?  // f32 f64
  public let attentionBackward: @convention(c) (UInt8) -> AttentionFunction?
  public let recurrent: @convention(c) (UInt8) -> RecurrentFunction?
  public let recurrentBackward: @convention(c) (UInt8) -> RecurrentFunction?

  public init(
    name: StaticString,
    unary: @escaping @convention(c) (Int32, UInt8) -> UnaryFunction?,
    binary: @escaping @convention(c) (Int32, UInt8) -> BinaryFunction?,
    select: @escaping @convention(c) (Int) -> SelectFunction?,
    cast: @escaping @convention(c) (UInt8, UInt8) -> CastFunction?,
    copy: @escaping CopyFunction,
    reduceRows: @escaping @convention(c) (Int32, UInt8) -> ReduceRowsFunction?,
    reduceColumns: @escaping @convention(c) (Int32, UInt8) -> ReduceColumnsFunction?,
    argReduce: @escaping @convention(c) (Bool, UInt8) -> ArgReduceFunction?,
    row: @escaping @convention(c) (Int32, UInt8) -> RowFunction?,
    rowBackward: @escaping @convention(c) (Int32, UInt8) -> RowBackwardFunction?,
    layerNorm: @escaping @convention(c) (UInt8) -> LayerNormFunction?,
    layerNormBackward: @escaping @convention(c) (UInt8) -> LayerNormBackwardFunction?,
    segmentNorm: @escaping @convention(c) (UInt8) -> SegmentNormFunction?,
    segmentNormBackward: @escaping @convention(c) (UInt8) -> SegmentNormBackwardFunction?,
    columnNorm: @escaping @convention(c) (UInt8) -> ColumnNormFunction?,
    columnNormBackward: @escaping @convention(c) (UInt8) -> ColumnNormBackwardFunction?,
    crossEntropy: @escaping @convention(c) (UInt8) -> CrossEntropyFunction?,
    crossEntropyBackward: @escaping @convention(c) (UInt8) -> CrossEntropyBackwardFunction?,
    matrixPlan: @escaping @convention(c) (UInt8) -> MatrixPlanFunction?,
    matrix: @escaping @convention(c) (UInt8) -> MatrixFunction?,
    correlation: @escaping @Sendable (UInt8) -> CorrelationKernels?,
    pool: @escaping @convention(c) (UInt8) -> PoolFunction?,
    random: @escaping @convention(c) (Int32, UInt8) -> RandomFunction?,
    squares: @escaping @convention(c) (UInt8) -> SquaresFunction?,
    sgd: @escaping @convention(c) (UInt8) -> SGDFunction?,
    adam: @escaping @convention(c) (UInt8) -> AdamFunction?,
    update: @escaping @convention(c) (UInt8) -> UpdateFunction?,
    attention: @escaping @convention(c) (UInt8) -> AttentionFunction?,
    attentionBackward: @escaping @convention(c) (UInt8) -> AttentionFunction?,
    recurrent: @escaping @convention(c) (UInt8) -> RecurrentFunction?,
    recurrentBackward: @escaping @convention(c) (UInt8) -> RecurrentFunction?
  ) {
    self.name = name
    self.unary = unary; self.binary = binary; self.select = select; self.cast = cast; self.copy = copy
    self.reduceRows = reduceRows; self.reduceColumns = reduceColumns; self.argReduce = argReduce
    self.row = row; self.rowBackward = rowBackward
    self.layerNorm = layerNorm; self.layerNormBackward = layerNormBackward
    self.segmentNorm = segmentNorm; self.segmentNormBackward = segmentNormBackward
    self.columnNorm = columnNorm; self.columnNormBackward = columnNormBackward
    self.crossEntropy = crossEntropy; self.crossEntropyBackward = crossEntropyBackward
    self.matrixPlan = matrixPlan; self.matrix = matrix
    self.correlation = correlation; self.pool = pool
    self.random = random; self.squares = squares; self.sgd = sgd; self.adam = adam; self.update = update
    self.attention = attention; self.attentionBackward = attentionBackward
    self.recurrent = recurrent; self.recurrentBackward = recurrentBackward
  }
}
