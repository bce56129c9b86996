// Initialisers: tensors filled in place, outside the graph, as PyTorch's nn.init fills them.
import CShim
import KernelAPI

/// Whose number of connections scales the weights: those into a unit, or those out of it.
package enum FanMode: Int { case fanIn = 0, fanOut = 1 }

/// What a nonlinearity does to the standard deviation, as the factor that makes up for it; nil for an unknown name. `parameter`: leaky_relu's
/// slope, NaN for the usual 0.01.
package func calculateGain(_ nonlinearity: UnsafePointer<CChar>, _ parameter: Double) -> Double? {
  func isNamed(_ s: StaticString) -> Bool { strcmp(nonlinearity, UnsafeRawPointer(s.utf8Start).assumingMemoryBound(to: CChar.self)) == 0 }
  if isNamed("relu") { return 2.0.squareRoot() }
  if isNamed("tanh") { return 5.0 / 3 }
  if isNamed("selu") { return 0.75 }
  if isNamed("leaky_relu") {
    let slope = parameter == parameter ? parameter : 0.01
    return (2 / (1 + slope * slope)).squareRoot()
  }
  if isNamed("linear") || isNamed("sigmoid") || strncmp(nonlinearity, "conv1d", 4) == 0 {
    if !isNamed("linear"), !isNamed("sigmoid") {
      let known = isNamed("conv1d") || isNamed("conv2d") || isNamed("conv3d") || isNamed("conv_transpose1d") || isNamed("conv_transpose2d")
      if !known && !isNamed("conv_transpose3d") { return nil }
    }
    return 1
  }
  return nil
}

extension Value {
  /// self ← what `make` gives, of this type and shape.
  private func initialise(_ name: StaticString, _ make: () throws(Failure) -> Value) throws(Failure) {
    if !dtype.isDifferentiable { throw .dtype("\(name): needs float32 or float64, not \(dtype)") }
    try checkWritable(name)
    try engine.withoutRecording { () throws(Failure) in
      try engine.scopedWork { () throws(Failure) in setElements(try make()) }
    }
  }

  private func checkFinite(_ x: Double, _ what: StaticString, _ name: StaticString) throws(Failure) {
    if !x.isFinite { throw .argument("\(name): \(what) must be a finite number, it is \(x)") }
  }

  package func initConstant(_ x: Double) throws(Failure) {
    let name: StaticString = "constant_"
    try checkWritable(name)
    if count == 0 { return }
    if !isContiguous { return try initialise(name) { () throws(Failure) in try Value.full(engine, dtype, shape, x) } }
    fill(x)
    bumpVersion()
  }

  package func initUniform(_ a: Double, _ b: Double) throws(Failure) {
    let name: StaticString = "uniform_"
    try checkFinite(a, "a", name)
    try checkFinite(b, "b", name)
    if a > b { throw .argument("\(name): a must not be larger than b, they are \(a) and \(b)") }
    try initialise(name) { () throws(Failure) -> Value in
      try Value.random(engine, .uniform, dtype, shape, name) * Value.number(engine, b - a) + Value.number(engine, a)
    }
  }

  package func initNormal(_ mean: Double, _ std: Double) throws(Failure) {
    let name: StaticString = "normal_"
    try checkFinite(mean, "mean", name)
    if !(std >= 0 && std < .infinity) { throw .argument("\(name): std must be a number ≥ 0, it is \(std)") }
    try initialise(name) { () throws(Failure) -> Value in
      try Value.random(engine, .normal, dtype, shape, name) * Value.number(engine, std) + Value.number(engine, mean)
    }
  }

  /// Normal, but within a … b: uniform between the values of the distribution there, taken back through its inverse.
  package func initTruncatedNormal(_ mean: Double, _ std: Double, _ a: Double, _ b: Double) throws(Failure) {
    let name: StaticString = "trunc_normal_"
    try checkFinite(mean, "mean", name)
    if !(std > 0 && std < .infinity) { throw .argument("\(name): std must be a number > 0, it is \(std)") }
    if !(a <= b) { throw .argument("\(name): a must not be larger than b, they are \(a) and \(b)") }
    func below(_ x: Double) -> Double { (1 + shim_erf((x - mean) / (std * 2.0.squareRoot()))) / 2 }
    let low = below(a), high = below(b)
    try initialise(name) { () throws(Failure) -> Value in
      let u = try Value.random(engine, .uniform, .float64, shape, name), p = u.data(as: Double.self), n = u.count
      var i = 0
      while i < n {
        let x = inverseErf(2 * (low + (high - low) * p[i]) - 1) * std * 2.0.squareRoot() + mean
        p[i] = x < a ? a : x > b ? b : x
        i += 1
      }
      return try u.to(dtype)
    }
  }

  private func fans(_ name: StaticString) throws(Failure) -> (into: Int, outOf: Int) {
    if rank < 2 { throw .shape("\(name): fan in and fan out need two dimensions, the shape is \(shape)") }
    var field = 1, i = 2
    while i < rank { field &*= shape[i]; i += 1 }
    return (shape[1] &* field, shape[0] &* field)
  }

  /// Variance 2·gain²/(fan_in + fan_out) (Glorot, Bengio 2010).
  package func initXavier(uniform: Bool, gain: Double) throws(Failure) {
    let name: StaticString = uniform ? "xavier_uniform_" : "xavier_normal_"
    let f = try fans(name), sum = Double(f.into) + Double(f.outOf)
    try checkFinite(gain, "gain", name)
    let std = sum > 0 ? gain.magnitude * (2 / sum).squareRoot() : 0
    let bound = 3.0.squareRoot() * std
    if uniform { try initUniform(-bound, bound) } else { try initNormal(0, std) }
  }

  /// Variance gain²/fan (He et al. 2015).
  package func initKaiming(uniform: Bool, a: Double, _ mode: FanMode, _ nonlinearity: UnsafePointer<CChar>) throws(Failure) {
    let name: StaticString = uniform ? "kaiming_uniform_" : "kaiming_normal_"
    try checkFinite(a, "a", name)
    guard let gain = calculateGain(nonlinearity, a) else { throw .argument("\(name): unknown nonlinearity '\(cString: nonlinearity)'") }
    if rank > 0, count == 0 { return }
    let f = try fans(name), std = gain / Double(mode == .fanIn ? f.into : f.outOf).squareRoot()
    let bound = 3.0.squareRoot() * std
    if uniform { try initUniform(-bound, bound) } else { try initNormal(0, std) }
  }

  /// Rows (or columns, whichever are fewer) orthonormal, times gain: the Q of a normal matrix whose R has a positive diagonal, so evenly
  /// distributed (Saxe et al. 2013; Mezzadri 2007). Gram–Schmidt in float64, each vector projected twice (Giraud et al. 2005).
  package func initOrthogonal(gain: Double) throws(Failure) {
    let name: StaticString = "orthogonal_"
    if rank < 2 { throw .shape("\(name): needs two dimensions or more, the shape is \(shape)") }
    try checkFinite(gain, "gain", name)
    if count == 0 { return }
    try initialise(name) { () throws(Failure) -> Value in
      let rows = shape[0], columns = count / rows, tall = rows > columns
      let few = tall ? columns : rows, long = tall ? rows : columns
      let m = try Value.random(engine, .normal, .float64, Dims(few, long), name), p = m.data(as: Double.self)
      var i = 0
      while i < few {
        let v = p + i &* long
        var pass = 0
        while pass < 2 {
          var k = 0
          while k < i {
            let q = p + k &* long, d = dot(q, v, long)
            var j = 0
            while j < long { v[j] -= d * q[j]; j += 1 }
            k += 1
          }
          pass += 1
        }
        let norm = dot(v, v, long).squareRoot()
        var j = 0
        while j < long { v[j] = norm > 0 ? v[j] / norm : 0; j += 1 }
        i += 1
      }
      let q = tall ? try m.transpose(0, 1) : m
      return try (q * Value.number(engine, gain)).to(dtype).reshape(shape)
    }
  }

  private func dot(_ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ n: Int) -> Double {
    var s = SIMD4<Double>(repeating: 0), j = 0
    while j + 4 <= n {
      s += SIMD4(a[j], a[j + 1], a[j + 2], a[j + 3]) * SIMD4(b[j], b[j + 1], b[j + 2], b[j + 3])
      j += 4
    }
    var sum = s[0] + s[1] + (s[2] + s[3])
    while j < n { sum += a[j] * b[j]; j += 1 }
    return sum
  }

  /// Normal, with a part `sparsity` of each column zero, rounded up (Martens 2010).
  package func initSparse(_ sparsity: Double, std: Double) throws(Failure) {
    let name: StaticString = "sparse_"
    if rank != 2 { throw .shape("\(name): needs two dimensions, the shape is \(shape)") }
    if !(sparsity >= 0 && sparsity <= 1) { throw .argument("\(name): sparsity must lie in 0…1, it is \(sparsity)") }
    if !(std >= 0 && std < .infinity) { throw .argument("\(name): std must be a number ≥ 0, it is \(std)") }
    try initialise(name) { () throws(Failure) -> Value in
      let m = try Value.random(engine, .normal, dtype, shape, name) * Value.number(engine, std)
      let zeros = Int((sparsity * Double(shape[0])).rounded(.up))
      var column = 0
      while column < shape[1] {
        let order = try Value.randperm(engine, shape[0]), p = order.data(as: Int64.self)
        var i = 0
        while i < zeros, i < shape[0] { m.set(Int(p[i]) &* shape[1] &+ column, to: 0); i += 1 }
        column += 1
      }
      return m
    }
  }

  package func initEye() throws(Failure) {
    if rank != 2 { throw .shape("eye_: needs two dimensions, the shape is \(shape)") }
    try initialise("eye_") { () throws(Failure) -> Value in
      let m = try Value.zeros(engine, dtype, shape)
      var i = 0
      while i < shape[0], i < shape[1] { m.set(i &* shape[1] &+ i, to: 1); i += 1 }
      return m
    }
  }

  /// The convolution that hands its input on: in each group channel i to channel i, by the middle of the window.
  package func initDirac(groups: Int) throws(Failure) {
    let name: StaticString = "dirac_"
    if rank < 3 || rank > 5 { throw .shape("\(name): needs three, four or five dimensions, the shape is \(shape)") }
    if groups < 1 || shape[0] % groups != 0 { throw .argument("\(name): \(shape[0]) channels do not divide into \(groups) groups") }
    try initialise(name) { () throws(Failure) -> Value in
      let m = try Value.zeros(engine, dtype, shape), steps = shape.contiguousStrides
      var middle = 0, d = 2
      while d < rank {
        middle &+= shape[d] / 2 &* steps[d]
        d += 1
      }
      if m.count == 0 { return m }
      let each = shape[0] / groups
      var g = 0
      while g < groups {
        var i = 0
        while i < each, i < shape[1] {
          m.set((g &* each &+ i) &* steps[0] &+ i &* steps[1] &+ middle, to: 1)
          i += 1
        }
        g += 1
      }
      return m
    }
  }
}

/// Under a name of its own: inside `Value`, erfinv is the operation.
private func inverseErf(_ y: Double) -> Double { erfinv(y) }
