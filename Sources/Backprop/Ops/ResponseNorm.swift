// Normalisation across neighbouring channels.
import KernelAPI

extension Value {
  /// x / (k + alpha·m)^beta, m the mean of x² over `size` channels around (size/2 before, (size − 1)/2 after; zeros beyond the first and
  /// the last), for x [N, C, ..] (Krizhevsky et al. 2012, 3.3).
  package func localResponseNorm(_ size: Int, alpha: Double, beta: Double, k: Double) throws(Failure) -> Value {
    let name: StaticString = "local_response_norm"
    if !dtype.isDifferentiable { throw .dtype("\(name): needs float32 or float64, not \(dtype)") }
    if rank < 3 { throw .shape("\(name): the input must have 3 dimensions or more, it is \(shape)") }
    if size < 1 || size >= 1 << 31 { throw .argument("\(name): size must be 1 or more, it is \(size)") }
    if count == 0 { return try again() }
    return try engine.scoped { () throws(Failure) -> Value in
      var planes = Dims(shape[0], 1, shape[1])
      planes.append(count / (shape[0] &* shape[1]))
      var o = PoolOptions()
      (o.windows.down.kernel, o.windows.down.padding) = (size, size / 2)
      (o.windows.down.stride, o.windows.across.stride) = (1, 1)
      let means = try square().reshape(planes).avgPool(2, o).slice(2, 0, shape[1], 1).reshape(shape)
      return try self / (means * alpha + k).pow(number(beta))
    }
  }
}
