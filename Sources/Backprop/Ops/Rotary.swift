// Rotary position embedding (Su et al. 2021, eq. 34).
import CShim
import KernelAPI

package struct RotaryOptions {
  package var base = 10000.0
  /// How many of the last dimension's elements turn; nil: all.
  package var size: Int?
  package var interleaved = false
  package init() {}
}

extension Value {
  /// The pairs of the last dimension of x [.., T, E] turned by position·base^(−2i/E), i the pair's number: pairs (i, i + E/2) or,
  /// interleaved, (2i, 2i + 1). See `bp_rotary_embedding`.
  package func rotaryEmbedding(_ positions: Value?, _ o: RotaryOptions) throws(Failure) -> Value {
    let name: StaticString = "rotary_embedding"
    if !dtype.isDifferentiable { throw .dtype("\(name): needs float32 or float64, not \(dtype)") }
    if rank < 2 { throw .shape("\(name): the input must be [.., T, E], it is \(shape)") }
    let size = o.size ?? shape.last, half = size / 2
    if size < 0 || size > shape.last || size & 1 == 1 { throw .argument("\(name): the part that turns must be even and lie in 0…\(shape.last), it is \(size)") }
    if !(o.base > 0) || o.base == .infinity { throw .argument("\(name): base must be a positive number, it is \(o.base)") }
    let leading = shape.removing(at: rank - 1)
    if let positions {
      try engine.check(self, positions, for: name)
      if positions.dtype == .bool || positions.dtype.category == .floating && !positions.dtype.isDifferentiable {
        throw .dtype("\(name): positions must be integers or floating, they are \(positions.dtype)")
      }
      if positions.requiresGrad { throw .graph("\(name): no gradient reaches the positions; detach them") }
      if positions.rank == Dims.most || leading.count < positions.rank { throw .shape("\(name): positions \(positions.shape) have more dimensions than \(leading)") }
      if try leading.broadcast(with: positions.shape, for: name) != leading {
        throw .shape("\(name): positions \(positions.shape) do not stretch to \(leading)")
      }
    }
    return try engine.scoped { () throws(Failure) -> Value in
      let times: Value
      if let positions { times = try positions.to(.float64) } else { times = try Value.arange(engine, .float64, 0, Double(shape[rank - 2]), 1) }
      let rates = try Value.empty(engine, .float64, Dims(half), for: name)
      var i = 0
      while i < half {
        rates.set(i, to: shim_pow(o.base, -2 * Double(i) / Double(size)))
        i += 1
      }
      let angles = try times.unsqueeze(-1) * rates, cos = try angles.cos().to(dtype), sin = try angles.sin().to(dtype)
      let turning = try slice(-1, 0, size, 1)
      var turned: Value
      if o.interleaved {
        var pairs = leading
        if rank == Dims.most { throw .shape("\(name): interleaved pairs need a dimension more, the input has 8") }
        pairs.append(half)
        pairs.append(2)
        let x = try turning.reshape(pairs), a = try x.select(-1, 0), b = try x.select(-1, 1)
        turned = try (a * cos - b * sin).unsqueeze(-1).joined((b * cos + a * sin).unsqueeze(-1), -1).reshape(turning.shape)
      } else {
        let a = try turning.slice(-1, 0, half, 1), b = try turning.slice(-1, half, size, 1)
        turned = try (a * cos - b * sin).joined(b * cos + a * sin, -1)
      }
      return size == shape.last ? turned : try turned.joined(slice(-1, size, nil, 1), -1)
    }
  }
}
