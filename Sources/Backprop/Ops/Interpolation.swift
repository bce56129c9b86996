// Images of other sizes: interpolation along each dimension in turn. The arithmetic of positions is that of the image's own type, as in
// PyTorch, so that a position on the edge between two numbers falls to the same side.
import CShim
import KernelAPI

/// How numbers between two places come about; numbered as `bp_interpolation`.
package enum Interpolation: Int32 { case nearest = 0, nearestExact = 1, linear = 2, cubic = 3, area = 4 }

package struct InterpolationOptions {
  package var mode = Interpolation.nearest
  /// The sizes wanted; where 0, ⌊size · scale⌋.
  package var sizes = Dims()
  /// 0 where the scale is the ratio of the sizes.
  package var scales = InlineArray<3, Double>(repeating: 0)
  package var alignCorners = false, antialias = false
  package init() {}
}

/// The four weights of cubic convolution at distance t behind the second of four numbers (Keys 1981, eq. 4; a = −¾).
private func cubicWeights(_ t: Double, _ w: UnsafeMutablePointer<Double>) {
  func near(_ x: Double) -> Double { ((-0.75 + 2) * x - (-0.75 + 3)) * x * x + 1 }
  func far(_ x: Double) -> Double { ((-0.75 * x + 5 * 0.75) * x - 8 * 0.75) * x + 4 * 0.75 }
  w[0] = far(t + 1)
  w[1] = near(t)
  w[2] = near(1 - t)
  w[3] = far(2 - t)
}

/// Positions along one dimension: `size` numbers become `n`.
private struct Positions {
  let size: Int, n: Int, single: Bool, alignCorners: Bool
  private(set) var scale: Double

  /// `given`: the factor named by the user, or 0.
  init(_ size: Int, _ n: Int, given: Double, alignCorners: Bool, single: Bool) {
    (self.size, self.n, self.alignCorners, self.single) = (size, n, alignCorners, single)
    scale = 0
    if alignCorners {
      if n > 1 { scale = rounded(Double(size - 1) / Double(n - 1)) }
    } else {
      scale = rounded(given > 0 ? 1 / given : Double(size) / Double(n))
    }
  }

  func rounded(_ x: Double) -> Double { single ? Double(Float(x)) : x }

  func nearest(_ i: Int, centred: Bool) -> Int {
    let at = (rounded((Double(i) + (centred ? 0.5 : 0)) * scale)).rounded(.down)
    return at < Double(size - 1) ? Int(at) : size - 1
  }

  /// The place below the position of result i, and the distance from it.
  func place(_ i: Int, cubic: Bool) -> (Int, Double) {
    if !cubic, n == size { return (i, 0) }
    var x = rounded(scale * Double(i))
    if !alignCorners {
      x = rounded(rounded(scale * (Double(i) + 0.5)) - 0.5)
      if !cubic, x < 0 { x = 0 }
    }
    let floor = x.rounded(.down), at = floor < Double(size - 1) ? Int(floor) : size - 1
    let t = rounded(x - Double(at))
    return (at, t < 0 ? 0 : t > 1 ? 1 : t)
  }

  /// Numbers to either side that count when shrinking without aliases: the filter as wide as a result's share.
  func support(_ reach: Double) -> Double { scale >= 1 ? reach * scale : reach }
}

extension Value {
  /// The last `sizes.count` dimensions of x [N, C, sizes] resampled (PyTorch: `nn.functional.interpolate`).
  package func interpolate(_ o: InterpolationOptions) throws(Failure) -> Value {
    let name: StaticString = "interpolate"
    if !dtype.isDifferentiable { throw .dtype("\(name): needs float32 or float64, not \(dtype)") }
    let dims = rank - 2
    if dims < 1 || dims > 3 { throw .shape("\(name): input \(shape); wanted [N, C, L], [N, C, H, W] or [N, C, D, H, W]") }
    if o.mode == .cubic && dims != 2 { throw .argument("\(name): bicubic is for [N, C, H, W], the input is \(shape)") }
    if o.antialias && (dims != 2 || o.mode != .cubic && o.mode != .linear) {
      throw .argument("\(name): antialias is for bilinear and bicubic of [N, C, H, W]")
    }
    if o.alignCorners && o.mode != .linear && o.mode != .cubic { throw .argument("\(name): align_corners is for linear and cubic modes") }
    var sizes = Dims(), i = 0
    while i < dims {
      let size = shape[i + 2], given = i < o.sizes.count ? o.sizes[i] : 0, wanted = given == 0 ? (Double(size) * o.scales[i]).rounded(.down) : Double(given)
      if size < 1 || shape[1] < 1 { throw .shape("\(name): input \(shape) has nothing to interpolate") }
      if !(wanted >= 1 && wanted < 2147483648) {
        throw .argument("\(name): dimension \(i + 2) of input \(shape) would have size \(wanted); wanted 1 to 2³¹ − 1")
      }
      sizes.append(Int(wanted))
      i += 1
    }
    if o.mode == .area { return try adaptiveAvgPool(sizes) }
    return try engine.scoped { () throws(Failure) -> Value in
      var y = self, d = rank - 1  // the last first: there are fewest rows then
      while d >= 2 {
        let p = Positions(shape[d], sizes[d - 2], given: o.scales[d - 2], alignCorners: o.alignCorners, single: dtype == .float32)
        y = try o.antialias ? y.smoothed(d, p, cubic: o.mode == .cubic) : y.interpolated(d, p, o.mode)
        d -= 1
      }
      return y
    }
  }

  private func interpolated(_ d: Int, _ p: Positions, _ mode: Interpolation) throws(Failure) -> Value {
    let taps = mode == .cubic ? 4 : mode == .linear ? 2 : 1
    return try resampled(d, p.n, taps: taps, weighted: taps > 1, for: "interpolate") { i, index, w in
      if taps == 1 {
        index[0] = Int64(p.nearest(i, centred: mode == .nearestExact))
        return
      }
      let (at, t) = p.place(i, cubic: taps == 4)
      if taps == 2 {
        (index[0], index[1]) = (Int64(at), Int64(at + 1 < p.size ? at + 1 : at))
        (w[0], w[1]) = (p.rounded(1 - t), t)
        return
      }
      cubicWeights(t, w)
      var k = 0
      while k < 4 {
        let q = at + k - 1
        index[k] = Int64(q < 0 ? 0 : q >= p.size ? p.size - 1 : q)
        k += 1
      }
    }
  }

  /// A triangle, or Keys' cubic with a = −½, stretched over each result's share and made to sum to 1, as the Python Imaging Library does.
  private func smoothed(_ d: Int, _ p: Positions, cubic: Bool) throws(Failure) -> Value {
    let reach = cubic ? 2.0 : 1.0, support = p.support(reach), inverse = p.scale >= 1 ? 1 / p.scale : 1
    let most = Int(support.rounded(.up)) * 2 + 1
    return try resampled(d, p.n, taps: most < p.size ? most : p.size, weighted: true, for: "interpolate") { i, index, w in
      let centre = p.scale * (Double(i) + 0.5)
      let low = Int(centre - support + 0.5), high = Int(centre + support + 0.5)
      let first = low < 0 ? 0 : low < p.size ? low : p.size - 1
      let end = high < p.size ? high : p.size
      let n = end - first < 1 ? 1 : end - first < most ? end - first : most
      var total = 0.0, k = 0
      while k < n {
        let x = ((Double(k + first) - centre + 0.5) * inverse).magnitude
        let weight = cubic ? (x < 1 ? (1.5 * x - 2.5) * x * x + 1 : x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0) : (x < 1 ? 1 - x : 0)
        index[k] = Int64(first + k)
        w[k] = weight
        total += weight
        k += 1
      }
      while k > 0, total != 0 { k -= 1; w[k] /= total }
    }
  }
}
