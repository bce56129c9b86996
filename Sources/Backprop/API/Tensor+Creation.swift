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
}
