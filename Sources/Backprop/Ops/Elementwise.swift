// Element-wise operations put together from others: their gradients, and the gradients of those, come from the parts.
import KernelAPI

// MARK: Truth

extension Value {
  /// Of two bool tensors.
  func and(_ b: Value) throws(Failure) -> Value { try apply(.minimum, b) }
  func or(_ b: Value) throws(Failure) -> Value { try apply(.maximum, b) }

  private func logical(_ name: StaticString, _ operation: Operation, _ b: Value) throws(Failure) -> Value {
    try engine.check(self, b, for: name)
    return try engine.scoped { () throws(Failure) -> Value in try self.to(.bool).apply(operation, b.to(.bool)) }
  }
  package func logicalAnd(_ b: Value) throws(Failure) -> Value { try logical("logical_and", .minimum, b) }
  package func logicalOr(_ b: Value) throws(Failure) -> Value { try logical("logical_or", .maximum, b) }
  package func logicalXor(_ b: Value) throws(Failure) -> Value { try logical("logical_xor", .ne, b) }

  package func isnan() throws(Failure) -> Value { try ne(self) }
  package func isinf() throws(Failure) -> Value { try comparedWithInfinity(.eq) }
  package func isfinite() throws(Failure) -> Value { try comparedWithInfinity(.lt) }
  private func comparedWithInfinity(_ operation: Operation) throws(Failure) -> Value {
    if !dtype.isFloatingPoint { return try Value.full(engine, .bool, shape, operation == .lt ? 1 : 0) }
    return try engine.scoped { () throws(Failure) -> Value in try abs().apply(operation, number(.infinity)) }
  }
  /// Whether the sign bit is set; of whole numbers: whether they are below 0.
  package func signbit() throws(Failure) -> Value {
    try engine.scoped { () throws(Failure) -> Value in
      if !dtype.isDifferentiable { return try lt(number(0)) }
      return try number(1).apply(.copysign, detach()).lt(number(0))
    }
  }
}

// MARK: Bounds

extension Value {
  /// min(max(x, low), high), both tensors and either absent; NaN where a bound is. Where a bound is taken it gets the gradient.
  package func clamp(_ low: Value?, _ high: Value?) throws(Failure) -> Value {
    if let low { try engine.check(self, low, for: "clamp") }
    if let high { try engine.check(self, high, for: "clamp") }
    if low == nil && high == nil { throw .argument("clamp: at least one of min and max must be given") }
    return try engine.scoped { () throws(Failure) -> Value in
      var y = self
      if let low {
        let type = y.commonType(low), x = try y.to(type), b = try low.to(type)
        y = try x.lt(b).or(b.ne(b)).select(b, x)
      }
      if let high {
        let type = y.commonType(high), x = try y.to(type), b = try high.to(type)
        y = try x.gt(b).or(b.ne(b)).select(b, x)
      }
      return try y.again()
    }
  }
  package func clampMin(_ low: Value) throws(Failure) -> Value {
    low.slot.pointee.flags.contains(.number) ? try clamp(low.get(0), .infinity) : try clamp(low, nil)
  }
  package func clampMax(_ high: Value) throws(Failure) -> Value {
    high.slot.pointee.flags.contains(.number) ? try clamp(-.infinity, high.get(0)) : try clamp(nil, high)
  }

  /// The larger, or the one that is not NaN; a tie gives self the whole gradient, as in PyTorch.
  package func fmax(_ b: Value) throws(Failure) -> Value { try chosen("fmax", b, .ge) }
  package func fmin(_ b: Value) throws(Failure) -> Value { try chosen("fmin", b, .le) }
  private func chosen(_ name: StaticString, _ b: Value, _ order: Operation) throws(Failure) -> Value {
    try engine.check(self, b, for: name)
    let type = commonType(b)
    return try engine.scoped { () throws(Failure) -> Value in
      let x = try self.to(type), y = try b.to(type)
      return try x.apply(order, y).or(y.ne(y)).select(x, y)
    }
  }

  /// NaN, +∞ and −∞ replaced; a NaN among the last two stands for the type's largest and lowest number.
  package func nanToNum(nan: Double, positive: Double, negative: Double) throws(Failure) -> Value {
    if !dtype.isFloatingPoint { return try clone() }
    if !dtype.isDifferentiable { throw .dtype("nan_to_num: not defined for \(dtype)") }
    let most = dtype == .float32 ? Double(Float.greatestFiniteMagnitude) : Double.greatestFiniteMagnitude
    return try engine.scoped { () throws(Failure) -> Value in
      let high = try eq(.infinity).select(number(positive == positive ? positive : most), self)
      let low = try eq(-.infinity).select(number(negative == negative ? negative : -most), high)
      return try ne(self).select(number(nan), low)
    }
  }
}

// MARK: Arithmetic

extension Value {
  package func frac() throws(Failure) -> Value {
    if !dtype.isDifferentiable { throw .dtype("frac: not defined for \(dtype)") }
    return try engine.scoped { () throws(Failure) -> Value in try self - trunc() }
  }

  private func scaled(_ factor: Double) throws(Failure) -> Value {
    try engine.scoped { () throws(Failure) -> Value in
      let x = dtype.category == .floating ? self : try self.to(.float32)
      return try x * factor
    }
  }
  package func deg2rad() throws(Failure) -> Value { try scaled(0.017453292519943295) }
  package func rad2deg() throws(Failure) -> Value { try scaled(57.29577951308232) }

  /// sin(πx)/(πx), 1 at 0.
  package func sinc() throws(Failure) -> Value {
    try engine.scoped { () throws(Failure) -> Value in
      let z = try scaled(.pi), atZero = try z.eq(0), one = try z.number(1)
      return try atZero.select(one, z.sin() / atZero.select(one, z))
    }
  }

  /// a + w·(b − a), from the end that is nearer: exact at w = 0 and w = 1.
  package func lerp(_ end: Value, _ weight: Value) throws(Failure) -> Value {
    try engine.check(self, end, for: "lerp")
    try engine.check(self, weight, for: "lerp")
    if !dtype.isDifferentiable || end.dtype != dtype { throw .dtype("lerp: start and end must both be float32 or float64, not \(dtype) and \(end.dtype)") }
    return try engine.scoped { () throws(Failure) -> Value in
      let w = try weight.to(dtype), way = try end - self
      if weight.count == 1 && !weight.requiresGrad {
        return weight.get(0).magnitude < 0.5 ? try self + w * way : try end - way * (1 - w)
      }
      let near = try w.abs().lt(w.number(0.5))
      return try near.select(self + w * way, end - way * (1 - w))
    }
  }

  /// x + value·a·b, x + value·a/b.
  package func addcmul(_ a: Value, _ b: Value, value: Double) throws(Failure) -> Value {
    try engine.check(self, a, for: "addcmul")
    return try engine.scoped { () throws(Failure) -> Value in try self + a * b * Value.plain(engine, value) }
  }
  package func addcdiv(_ a: Value, _ b: Value, value: Double) throws(Failure) -> Value {
    try engine.check(self, a, for: "addcdiv")
    if a.dtype.category != .floating && b.dtype.category != .floating {
      throw .dtype("addcdiv: whole numbers have no quotient; convert \(a.dtype) to a floating type first")
    }
    return try engine.scoped { () throws(Failure) -> Value in try self + a / b * Value.plain(engine, value) }
  }
  /// b − alpha·a.
  package func rsub(_ b: Value, alpha: Double) throws(Failure) -> Value {
    try engine.check(self, b, for: "rsub")
    return try engine.scoped { () throws(Failure) -> Value in try b - (alpha == 1 ? self : self * Value.plain(engine, alpha)) }
  }
  /// A plain number that is whole where it can be, so that whole tensors stay whole.
  private static func plain(_ e: Engine, _ x: Double) throws(Failure) -> Value {
    x == Double(saturated(x)) ? try integer(e, saturated(x)) : try number(e, x)
  }

  /// x·2ᵇ; whole exponents in x's own type, which may reach further than float32.
  package func ldexp(_ b: Value) throws(Failure) -> Value {
    try engine.check(self, b, for: "ldexp")
    return try engine.scoped { () throws(Failure) -> Value in
      try self * (b.dtype.category != .floating && dtype.isDifferentiable ? b.to(dtype) : b).exp2()
    }
  }
  /// xᵇ in float64.
  package func floatPower(_ b: Value) throws(Failure) -> Value {
    try engine.check(self, b, for: "float_power")
    return try engine.scoped { () throws(Failure) -> Value in try self.to(.float64).pow(b.to(.float64)) }
  }
  /// 0 below 0, 1 above, `values` at 0.
  package func heaviside(_ values: Value) throws(Failure) -> Value {
    try engine.check(self, values, for: "heaviside")
    if values.dtype != dtype { throw .dtype("heaviside: both operands must have one type, they have \(dtype) and \(values.dtype)") }
    return try engine.scoped { () throws(Failure) -> Value in try eq(number(0)).select(values, gt(number(0)).to(dtype)) }
  }
}
