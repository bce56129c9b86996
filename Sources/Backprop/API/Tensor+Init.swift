// Initialisers: a tensor is overwritten, outside the graph, as PyTorch's nn.init does it.

extension Tensor {
  private func fill(_ body: (Value) throws(Failure) -> Void) throws(BackpropError) { try lift { () throws(Failure) in try body(value) } }

  /// U(lower, upper) (PyTorch: `init.uniform_`).
  public func initUniform(_ lower: Double = 0, _ upper: Double = 1) throws(BackpropError) {
    try fill { (v) throws(Failure) in try v.initUniform(lower, upper) }
  }
  /// N(mean, deviation²) (PyTorch: `init.normal_`).
  public func initNormal(mean: Double = 0, deviation: Double = 1) throws(BackpropError) {
    try fill { (v) throws(Failure) in try v.initNormal(mean, deviation) }
  }
  /// N(mean, deviation²), none outside lower … upper (PyTorch: `init.trunc_normal_`).
  public func initTruncatedNormal(mean: Double = 0, deviation: Double = 1, from lower: Double = -2, to upper: Double = 2) throws(BackpropError) {
    try fill { (v) throws(Failure) in try v.initTruncatedNormal(mean, deviation, lower, upper) }
  }
  /// U(±gain·√(6/(fan in + fan out))) (PyTorch: `init.xavier_uniform_`).
  public func initXavierUniform(gain: Double = 1) throws(BackpropError) {
    try fill { (v) throws(Failure) in try v.initXavier(uniform: true, gain: gain) }
  }
  /// N(0, 2·gain²/(fan in + fan out)) (PyTorch: `init.xavier_normal_`).
  public func initXavierNormal(gain: Double = 1) throws(BackpropError) {
    try fill { (v) throws(Failure) in try v.initXavier(uniform: false, gain: gain) }
  }
  /// U(±g·√(3/fan)), g the gain of the nonlinearity, `slope` leaky_relu's; fan: the connections into a unit, or out of it
  /// (PyTorch: `init.kaiming_uniform_`).
  public func initKaimingUniform(slope: Double = 0, fanOut: Bool = false, nonlinearity: StaticString = "leaky_relu") throws(BackpropError) {
    try kaiming(true, slope, fanOut, nonlinearity)
  }
  /// N(0, g²/fan) (PyTorch: `init.kaiming_normal_`).
  public func initKaimingNormal(slope: Double = 0, fanOut: Bool = false, nonlinearity: StaticString = "leaky_relu") throws(BackpropError) {
    try kaiming(false, slope, fanOut, nonlinearity)
  }
  private func kaiming(_ uniform: Bool, _ slope: Double, _ fanOut: Bool, _ nonlinearity: StaticString) throws(BackpropError) {
    let name = UnsafeRawPointer(nonlinearity.utf8Start).assumingMemoryBound(to: CChar.self)
    try fill { (v) throws(Failure) in try v.initKaiming(uniform: uniform, a: slope, fanOut ? .fanOut : .fanIn, name) }
  }
  /// Orthonormal rows or columns, times gain (PyTorch: `init.orthogonal_`).
  public func initOrthogonal(gain: Double = 1) throws(BackpropError) { try fill { (v) throws(Failure) in try v.initOrthogonal(gain: gain) } }
  /// N(0, deviation²), with a part `sparsity` of zeros in each column (PyTorch: `init.sparse_`).
  public func initSparse(_ sparsity: Double, deviation: Double = 0.01) throws(BackpropError) {
    try fill { (v) throws(Failure) in try v.initSparse(sparsity, std: deviation) }
  }
  /// The identity, as far as a matrix goes (PyTorch: `init.eye_`).
  public func initIdentity() throws(BackpropError) { try fill { (v) throws(Failure) in try v.initEye() } }
  /// The convolution that hands its input on (PyTorch: `init.dirac_`).
  public func initDirac(groups: Int = 1) throws(BackpropError) { try fill { (v) throws(Failure) in try v.initDirac(groups: groups) } }
}
