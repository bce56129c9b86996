// Dropout (Srivastava et al. 2014), inverted: what stays is scaled, so that nothing is to be done outside training.
import KernelAPI

/// What is dropped together: elements, or whole channels: all that lies behind the first two dimensions (behind the first, where
/// there is no batch).
package enum DropoutUnit: Int { case element, channel }

extension Value {
  /// Zeroes each element with probability p and scales the rest by 1/(1 − p).
  package func dropout(_ p: Double, training: Bool) throws(Failure) -> Value { try dropout("dropout", p, training, shape) }

  /// dropout1d, dropout2d, dropout3d: whole channels of [N, C, ..] or, with one dimension less, of [C, ..]. `spatial`: how many
  /// dimensions a channel has. As in PyTorch dropout2d takes [N, C, L] for a batch.
  package func dropoutChannels(_ p: Double, training: Bool, spatial: Int) throws(Failure) -> Value {
    let name: StaticString = spatial == 1 ? "dropout1d" : spatial == 2 ? "dropout2d" : "dropout3d"
    if rank != spatial + 1 && rank != spatial + 2 { throw .shape("\(name): the input has shape \(shape), wanted \(spatial + 1) or \(spatial + 2) dimensions") }
    return try dropout(name, p, training, channelShape(rank == spatial + 1 && spatial != 2 ? 1 : 2))
  }

  /// Dropped elements take the value −α′, and the whole is moved so that mean and variance of a self-normalising network stay as they
  /// were (Klambauer et al. 2017): a·(x·m − α′·(1 − m)) + b, a = ((1 − p)·(1 + p·α′²))^(−½), b = a·α′·p.
  package func alphaDropout(_ p: Double, training: Bool, _ unit: DropoutUnit) throws(Failure) -> Value {
    let name: StaticString = unit == .element ? "alpha_dropout" : "feature_alpha_dropout"
    try checkDropout(name, p)
    if !training || p == 0 || count == 0 { return try again() }
    if unit == .channel, rank < 2 { throw .shape("\(name): the input has shape \(shape), wanted two dimensions at least") }
    return try engine.scoped { () throws(Failure) -> Value in
      if p == 1 { return try self * 0 }
      let alpha = 1.7580993408473766, a = 1 / ((alpha * alpha * p + 1) * (1 - p)).squareRoot()
      let mask = try Value.random(engine, .dropoutMask, dtype, unit == .element ? shape : channelShape(2), name, p: p, scale: 1)
      return try self * (mask * a) + ((mask - 1) * (alpha * a) + alpha * a * p)
    }
  }

  private func channelShape(_ leading: Int) -> Dims {
    var s = shape, d = leading
    while d < rank { s[d] = 1; d += 1 }
    return s
  }

  private func checkDropout(_ name: StaticString, _ p: Double) throws(Failure) {
    if !(p >= 0 && p <= 1) { throw .argument("\(name): probability must lie in 0…1, it is \(p)") }
    if !dtype.isDifferentiable { throw .dtype("\(name): needs float32 or float64, not \(dtype)") }
  }

  private func dropout(_ name: StaticString, _ p: Double, _ training: Bool, _ mask: Dims) throws(Failure) -> Value {
    try checkDropout(name, p)
    if !training || p == 0 { return try again() }
    return try engine.scoped { () throws(Failure) -> Value in
      try self * Value.random(engine, .dropoutMask, dtype, mask, name, p: p, scale: p == 1 ? 0 : 1 / (1 - p))
    }
  }
}
