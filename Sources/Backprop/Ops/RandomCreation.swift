// Random numbers of more kinds, and tensors counted off evenly. None has a gradient.
import CShim
import KernelAPI

extension Value {
  /// Elements of no particular value.
  package static func uninitialised(_ e: Engine, _ type: DType, _ shape: Dims) throws(Failure) -> Value { try empty(e, type, shape, for: "empty") }

  /// `steps` numbers from `start` to `end`, from both ends to the middle, as PyTorch counts; with `base` its powers.
  package static func linspace(
    _ e: Engine, _ type: DType, _ start: Double, _ end: Double, _ steps: Int, base: Double? = nil
  ) throws(Failure) -> Value {
    let name: StaticString = base == nil ? "linspace" : "logspace"
    if steps < 0 { throw .argument("\(name): the number of steps must not be negative, it is \(steps)") }
    let v = try empty(e, .float64, Dims(steps), for: name), p = v.data(as: Double.self)
    let step = steps > 1 ? (end - start) / Double(steps - 1) : 0, half = steps / 2 + steps % 2
    var i = 0
    while i < steps {
      let x = i < half ? start + step * Double(i) : end - step * Double(steps - 1 - i)
      p[i] = base.map { shim_pow($0, x) } ?? x
      i += 1
    }
    if type == .float64 { return v }
    defer { v.release() }
    return try v.to(type)
  }

  /// Whole numbers low … high − 1: low + ⌊u·(high − low)⌋, u uniform in float64, which has 53 bits; for wider ranges
  /// two of them make a word of 64 bits.
  package static func randint(_ e: Engine, _ type: DType, _ shape: Dims, _ low: Int64, _ high: Int64) throws(Failure) -> Value {
    if low >= high { throw .argument("randint: from (\(Int(low))) must be less than to (\(Int(high)))") }
    let width = Double(high) - Double(low), span = UInt64(bitPattern: high &- low)
    return try e.scoped { () throws(Failure) -> Value in
      let u = try random(e, .uniform, .float64, shape, "randint").data(as: Double.self)
      let v = try empty(e, .int64, shape, for: "randint"), p = v.data(as: Int64.self), n = v.count
      var i = 0
      if span > 1 << 53 {
        let w = try random(e, .uniform, .float64, shape, "randint").data(as: Double.self)
        while i < n {
          let word = UInt64(u[i] * 0x1p32) << 32 | UInt64(w[i] * 0x1p32)
          p[i] = low &+ Int64(truncatingIfNeeded: word.multipliedFullWidth(by: span).high)
          i += 1
        }
      }
      while i < n {
        let x = low &+ Int64(truncatingIfNeeded: UInt64(u[i] * width))  // u < 1, so below 2⁶⁴
        p[i] = x < high ? x : high - 1
        i += 1
      }
      return try v.to(type)
    }
  }

  /// mean + std·z, z normal.
  package static func normal(_ e: Engine, _ type: DType, _ shape: Dims, mean: Double, std: Double) throws(Failure) -> Value {
    if !(std >= 0) { throw .argument("normal: the standard deviation must not be negative, it is \(std)") }
    let v = try random(e, .normal, type, shape, "normal")
    let n = v.count
    if type == .float32 {
      let p = v.data(as: Float.self)
      var i = 0
      while i < n { p[i] = Float(mean + std * Double(p[i])); i += 1 }
    } else {
      let p = v.data(as: Double.self)
      var i = 0
      while i < n { p[i] = mean + std * p[i]; i += 1 }
    }
    return v
  }

  /// 1 with the probability each element names, else 0, in its type.
  package func bernoulli() throws(Failure) -> Value {
    if !dtype.isDifferentiable { throw .dtype("bernoulli: needs probabilities of float32 or float64, not \(dtype)") }
    return try engine.scoped { () throws(Failure) -> Value in
      try engine.withoutRecording { () throws(Failure) -> Value in
        if count > 0 {
          let low = try amin().get(0), high = try amax().get(0)
          if !(low >= 0 && high <= 1) { throw .argument("bernoulli: probabilities must lie in 0…1, they lie in \(low)…\(high)") }
        }
        return try Value.random(engine, .uniform, dtype, shape, "bernoulli").lt(self).to(dtype)
      }
    }
  }

  /// `samples` indices for each row of weights [.., n], drawn in proportion to them.
  package func multinomial(_ samples: Int, replacement: Bool) throws(Failure) -> Value {
    if !dtype.isDifferentiable { throw .dtype("multinomial: needs weights of float32 or float64, not \(dtype)") }
    if rank < 1 || rank > 2 { throw .shape("multinomial: weights must have 1 or 2 dimensions, they have shape \(shape)") }
    let n = shape.last, rows = rank == 2 ? shape[0] : 1
    if samples < 1 { throw .argument("multinomial: the number of samples must be at least 1, it is \(samples)") }
    if n == 0 { throw .shape("multinomial: no weights to choose from in shape \(shape)") }
    if !replacement && samples > n { throw .argument("multinomial: \(samples) samples without replacement of \(n)") }
    return try engine.scoped { () throws(Failure) -> Value in
      try engine.withoutRecording { () throws(Failure) -> Value in
        let w = try to(.float64).contiguous(), p = w.data(as: Double.self)
        var r = 0
        while r < rows {
          var sum = 0.0, some = 0, i = 0
          while i < n {
            let v = p[r &* n &+ i]
            if !(v >= 0 && v < .infinity) { throw .argument("multinomial: weights must be finite and not negative, one is \(v)") }
            if v > 0 { some += 1 }
            sum += v
            i += 1
          }
          if some == 0 || sum == .infinity { throw .argument("multinomial: the weights of row \(r) must have a sum above 0 and finite, it is \(sum)") }
          if !replacement && some < samples { throw .argument("multinomial: \(samples) samples without replacement, but row \(r) has \(some) weights above 0") }
          r += 1
        }
        if !replacement {
          // The largest of w/e, e exponential: Efraimidis, Spirakis 2006.
          let u = try Value.random(engine, .uniform, .float64, shape, "multinomial")
          return try (w / (1e-300 - (1 - u).log())).topk(samples, -1, largest: true).indices
        }
        var target = shape
        target[rank - 1] = samples
        let u = try Value.random(engine, .uniform, .float64, target, "multinomial").data(as: Double.self)
        let total = try w.cumsum(-1).contiguous().data(as: Double.self)
        let out = try Value.empty(engine, .int64, target, for: "multinomial"), y = out.data(as: Int64.self)
        var k = 0
        while k < rows &* samples {
          let sums = total + k / samples &* n, at = u[k] * sums[n &- 1]
          var low = 0, high = n &- 1  // the first whose sum is above `at`
          while low < high {
            let middle = (low &+ high) / 2
            if sums[middle] > at { high = middle } else { low = middle &+ 1 }
          }
          while low > 0, p[k / samples &* n &+ low] == 0 { low &-= 1 }
          y[k] = Int64(low)
          k &+= 1
        }
        return out
      }
    }
  }
}
