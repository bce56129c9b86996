// Tensors from numbers and arrays, and those filled, counted or random.

import KernelAPI

extension Tensor {
  /// Marks a fresh tensor as a leaf whose gradient is wanted.
  private func requiring(_ gradient: Bool) throws(BackpropError) -> Tensor {
    if gradient { try setRequiresGrad(true) }
    return self
  }

  /// A copy of native elements in another type; nothing of it is recorded.
  private static func copy<T: TensorElement>(
    _ elements: [T], _ shape: Dims, _ dtype: DType, _ e: Engine
  ) throws(Failure) -> Value {
    let wanted = try shape.byteCount(of: T.dtype, for: "tensor") / T.dtype.size
    if wanted != elements.count { throw .shape("tensor: \(elements.count) elements do not fill shape \(shape)") }
    func create() throws(Failure) -> Value {
      var made: Result<Value, Failure>?
      elements.withUnsafeBytes { bytes in
        do throws(Failure) {
          made = .success(try Value.create(e, T.dtype, shape, from: bytes.baseAddress, owned: false, for: "tensor"))
        } catch { made = .failure(error) }
      }
      return try made!.get()
    }
    let native = try create()
    if dtype == T.dtype { return native }
    defer { native.release() }
    return try native.to(dtype)
  }

  /// One number, without dimensions (PyTorch: `tensor`). Floating numbers become float32, whole ones int64, unless named otherwise.
  public convenience init<N: PlainNumber>(
    _ number: N, dtype: DType? = nil, requiresGrad: Bool = false, in context: Context? = nil
  ) throws(BackpropError) {
    try self.init([number], shape: [], dtype: dtype, requiresGrad: requiresGrad, in: context)
  }

  /// A list, or with `shape` its elements row-major in that arrangement (PyTorch: `tensor`).
  public convenience init<T: TensorElement>(
    _ elements: [T], shape: Dims? = nil, dtype: DType? = nil, requiresGrad: Bool = false, in context: Context? = nil
  ) throws(BackpropError) {
    let c = try Context.chosen(context)
    let v = try lift { () throws(Failure) in
      try Self.copy(elements, shape ?? Dims(elements.count), dtype ?? T.defaultDType, c.engine)
    }
    self.init(v, in: c)
    if requiresGrad { try setRequiresGrad(true) }
  }

  /// A matrix, row by row (PyTorch: `tensor`).
  public convenience init<T: TensorElement>(
    _ rows: [[T]], dtype: DType? = nil, requiresGrad: Bool = false, in context: Context? = nil
  ) throws(BackpropError) {
    let columns = rows.first?.count ?? 0
    for (i, row) in rows.enumerated() where row.count != columns {
      throw BackpropError(.shape, "tensor: row \(i) has \(row.count) elements, the first one \(columns)")
    }
    try self.init(
      Array(rows.joined()), shape: [rows.count, columns], dtype: dtype, requiresGrad: requiresGrad, in: context)
  }

  private static func make(
    _ context: Context?, _ requiresGrad: Bool, _ body: (Engine) throws(Failure) -> Value
  ) throws(BackpropError) -> Tensor {
    let c = try Context.chosen(context)
    return try Tensor(lift { () throws(Failure) in try body(c.engine) }, in: c).requiring(requiresGrad)
  }

  /// 0 everywhere (PyTorch: `zeros`).
  public static func zeros(
    _ shape: Dims, dtype: DType = .float32, requiresGrad: Bool = false, in context: Context? = nil
  ) throws(BackpropError) -> Tensor {
    try make(context, requiresGrad) { (e) throws(Failure) in try .zeros(e, dtype, shape) }
  }
  /// 1 everywhere (PyTorch: `ones`).
  public static func ones(
    _ shape: Dims, dtype: DType = .float32, requiresGrad: Bool = false, in context: Context? = nil
  ) throws(BackpropError) -> Tensor {
    try full(shape, 1, dtype: dtype, requiresGrad: requiresGrad, in: context)
  }
  /// One number everywhere (PyTorch: `full`).
  public static func full(
    _ shape: Dims, _ number: Double, dtype: DType = .float32, requiresGrad: Bool = false, in context: Context? = nil
  ) throws(BackpropError) -> Tensor {
    try make(context, requiresGrad) { (e) throws(Failure) in try .full(e, dtype, shape, number) }
  }
  /// 0, 1, … below `end` (PyTorch: `arange`).
  public static func arange(_ end: Int, in context: Context? = nil) throws(BackpropError) -> Tensor {
    try make(context, false) { (e) throws(Failure) in try .arange(e, .int64, 0, Double(end), 1) }
  }
  /// start, start + step, … before `end` (PyTorch: `arange`).
  public static func arange(
    from start: Double, to end: Double, by step: Double = 1, dtype: DType = .float32, requiresGrad: Bool = false, in context: Context? = nil
  ) throws(BackpropError) -> Tensor {
    try make(context, requiresGrad) { (e) throws(Failure) in try .arange(e, dtype, start, end, step) }
  }
  /// The identity matrix [n, n] (PyTorch: `eye`).
  public static func eye(
    _ n: Int, dtype: DType = .float32, requiresGrad: Bool = false, in context: Context? = nil
  ) throws(BackpropError) -> Tensor {
    try make(context, requiresGrad) { (e) throws(Failure) in try .eye(e, dtype, n) }
  }
  /// Uniform in 0..<1 (PyTorch: `rand`).
  public static func rand(
    _ shape: Dims, dtype: DType = .float32, requiresGrad: Bool = false, in context: Context? = nil
  ) throws(BackpropError) -> Tensor {
    try make(context, requiresGrad) { (e) throws(Failure) in try .rand(e, dtype, shape) }
  }
  /// Normal with mean 0 and variance 1 (PyTorch: `randn`).
  public static func randn(
    _ shape: Dims, dtype: DType = .float32, requiresGrad: Bool = false, in context: Context? = nil
  ) throws(BackpropError) -> Tensor {
    try make(context, requiresGrad) { (e) throws(Failure) in try .randn(e, dtype, shape) }
  }
  /// 0 … n − 1 in random order, int64 (PyTorch: `randperm`).
  public static func randperm(_ n: Int, in context: Context? = nil) throws(BackpropError) -> Tensor {
    try make(context, false) { (e) throws(Failure) in try .randperm(e, n) }
  }

  /// Elements of no particular value (PyTorch: `empty`).
  public static func empty(_ shape: Dims, dtype: DType = .float32, in context: Context? = nil) throws(BackpropError) -> Tensor {
    try make(context, false) { (e) throws(Failure) in try .uninitialised(e, dtype, shape) }
  }
  /// Numbers from `start` to `end`, both included (PyTorch: `linspace`).
  public static func linspace(
    from start: Double, to end: Double, steps: Int, dtype: DType = .float32, requiresGrad: Bool = false, in context: Context? = nil
  ) throws(BackpropError) -> Tensor {
    try make(context, requiresGrad) { (e) throws(Failure) in try .linspace(e, dtype, start, end, steps) }
  }
  /// Powers of `base`, exponents from `start` to `end` (PyTorch: `logspace`).
  public static func logspace(
    from start: Double, to end: Double, steps: Int, base: Double = 10, dtype: DType = .float32, requiresGrad: Bool = false,
    in context: Context? = nil
  ) throws(BackpropError) -> Tensor {
    try make(context, requiresGrad) { (e) throws(Failure) in try .linspace(e, dtype, start, end, steps, base: base) }
  }
  /// Whole numbers of the range (PyTorch: `randint`).
  public static func randint(
    _ range: Range<Int>, _ shape: Dims, dtype: DType = .int64, in context: Context? = nil
  ) throws(BackpropError) -> Tensor {
    try make(context, false) { (e) throws(Failure) in try .randint(e, dtype, shape, Int64(range.lowerBound), Int64(range.upperBound)) }
  }
  /// Normal with this mean and standard deviation (PyTorch: `normal`).
  public static func normal(
    mean: Double = 0, standardDeviation: Double = 1, _ shape: Dims, dtype: DType = .float32, requiresGrad: Bool = false,
    in context: Context? = nil
  ) throws(BackpropError) -> Tensor {
    try make(context, requiresGrad) { (e) throws(Failure) in try .normal(e, dtype, shape, mean: mean, std: standardDeviation) }
  }
}

// MARK: Like another tensor: its shape, its type, its context

extension Tensor {
  /// 0 everywhere (PyTorch: `zeros_like`).
  public func zerosLike() throws(BackpropError) -> Tensor { try .zeros(shape, dtype: dtype, in: context) }
  /// 1 everywhere (PyTorch: `ones_like`).
  public func onesLike() throws(BackpropError) -> Tensor { try .ones(shape, dtype: dtype, in: context) }
  /// One number everywhere (PyTorch: `full_like`).
  public func fullLike(_ number: Double) throws(BackpropError) -> Tensor { try .full(shape, number, dtype: dtype, in: context) }
  /// Elements of no particular value (PyTorch: `empty_like`).
  public func emptyLike() throws(BackpropError) -> Tensor { try .empty(shape, dtype: dtype, in: context) }
  /// Uniform in 0..<1 (PyTorch: `rand_like`).
  public func randLike() throws(BackpropError) -> Tensor { try .rand(shape, dtype: dtype, in: context) }
  /// Normal with mean 0 and variance 1 (PyTorch: `randn_like`).
  public func randnLike() throws(BackpropError) -> Tensor { try .randn(shape, dtype: dtype, in: context) }
  /// Whole numbers of the range (PyTorch: `randint_like`).
  public func randintLike(_ range: Range<Int>) throws(BackpropError) -> Tensor { try .randint(range, shape, dtype: dtype, in: context) }
  /// 1 with the probability each element names, else 0 (PyTorch: `bernoulli`).
  public func bernoulli() throws(BackpropError) -> Tensor { try make { () throws(Failure) in try value.bernoulli() } }
  /// Indices of each row, drawn in proportion to its weights (PyTorch: `multinomial`).
  public func multinomial(samples: Int, replacement: Bool = false) throws(BackpropError) -> Tensor {
    try make { () throws(Failure) in try value.multinomial(samples, replacement: replacement) }
  }
}
