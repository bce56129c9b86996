// What is counted and spread: deviations, truths, sums that pass over NaN.
import CShim
import KernelAPI

extension Value {
  /// √var, whose gradient is 0 where all elements are equal.
  package func deviation(_ dims: Dims = Dims(), correction: Double, keep: Bool = false) throws(Failure) -> Value {
    try engine.scoped { () throws(Failure) -> Value in try variance(dims, correction: correction, keep: keep).rootOrZero() }
  }

  /// Variance, or with `root` its root, and mean.
  package func varianceAndMean(
    _ dims: Dims, correction: Double, keep: Bool, root: Bool
  ) throws(Failure) -> (first: Value, mean: Value) {
    let first = try root ? deviation(dims, correction: correction, keep: keep) : variance(dims, correction: correction, keep: keep)
    do throws(Failure) { return (first, try mean(dims, keep: keep)) } catch { first.release(); throw error }
  }

  /// Whether anything is not 0 (`every`: nothing is 0). bool, or uint8 of uint8.
  package func truth(every: Bool, _ dims: Dims = Dims(), keep: Bool = false) throws(Failure) -> Value {
    let set = try shape.dimensionSet(dims, for: every ? "all" : "any"), out = shape.reduced(set, keep: keep)
    let type: DType = dtype == .uint8 ? .uint8 : .bool
    if count == 0 { return try Value.full(engine, type, out, every ? 1 : 0) }
    return try engine.scoped { () throws(Failure) -> Value in
      try ne(number(0)).apply(every ? .amin : .amax, Attributes(a: Int(set.bits), b: keep ? 1 : 0)).to(type)
    }
  }

  /// How many are not 0, int64.
  package func countNonzero(_ dims: Dims = Dims()) throws(Failure) -> Value {
    let set = try shape.dimensionSet(dims, for: "count_nonzero")
    return try engine.scoped { () throws(Failure) -> Value in try ne(number(0)).sum(set, keep: false) }
  }

  /// Σ x without the NaN, which get no gradient.
  package func nansum(_ dims: Dims = Dims(), keep: Bool = false) throws(Failure) -> Value {
    if dtype.category != .floating { return try sum(dims, keep: keep) }
    return try engine.scoped { () throws(Failure) -> Value in try ne(self).select(number(0), self).sum(dims, keep: keep) }
  }

  /// The mean of what is not NaN.
  package func nanmean(_ dims: Dims = Dims(), keep: Bool = false) throws(Failure) -> Value {
    if !dtype.isDifferentiable { throw .dtype("nanmean: needs float32 or float64, not \(dtype)") }
    return try engine.scoped { () throws(Failure) -> Value in
      try nansum(dims, keep: keep) / eq(self).sum(dims, keep: keep)
    }
  }

  /// The smallest and the largest, of all or along one dimension; ties share the gradient.
  package func extremes(_ dim: Int?, keep: Bool) throws(Failure) -> (smallest: Value, largest: Value) {
    var dims = Dims()
    if let dim { dims.append(dim) }
    let smallest = try amin(dims, keep: keep)
    do throws(Failure) { return (smallest, try amax(dims, keep: keep)) } catch { smallest.release(); throw error }
  }
}
