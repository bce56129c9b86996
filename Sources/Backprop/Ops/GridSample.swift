// Images read at positions that a tensor names. Which numbers a position lies between is worked out aside; values and weights are ordinary
// operations, so that image and positions have gradients of any order. P positions.
import CShim
import KernelAPI

/// Numbered as `bp_grid_mode` and `bp_grid_padding`.
package enum GridMode: Int32 { case bilinear = 0, nearest = 1, bicubic = 2 }
package enum GridPadding: Int32 { case zeros = 0, border = 1, reflection = 2 }

/// One dimension of the image.
private struct GridAxis {
  let size: Int, padding: GridPadding, alignCorners: Bool
  private var last: Double { Double(size - 1) }

  /// The position x brought into the image as sign·x + shift; sign 0 where it does not move with x.
  func folded(_ x: Double) -> (sign: Double, shift: Double) {
    var sign = 1.0, shift = 0.0
    if padding == .reflection {
      let low = alignCorners ? 0 : -0.5, span = alignCorners ? last : last + 1
      if span == 0 || x - x != 0 { return (0, 0) }
      let from = x - low, flips = (from.magnitude / span).rounded(.down)
      sign = from < 0 ? -1 : 1
      // flips is far beyond 2⁵³ only where neighbouring numbers are further apart than the image.
      if flips.truncatingRemainder(dividingBy: 2) == 0 {
        shift = low - sign * low - flips * span
      } else {
        shift = low + sign * low + (flips + 1) * span
        sign = -sign
      }
    }
    let y = sign * x + shift
    if !(y > 0) { return (0, 0) }
    return y >= last ? (0, last) : (sign, shift)
  }

  /// The number at place x, or nil outside.
  func place(_ x: Double) -> Int? {
    var x = x
    if padding != .zeros {
      let f = folded(x)
      x = f.sign == 0 ? f.shift : f.sign * x + f.shift
    }
    return x >= 0 && x <= last ? Int(x) : nil
  }
}

extension Value {
  /// x [N, C, H, W] at grid [N, H', W', 2] (or [N, C, D, H, W] and [N, D', H', W', 3]) → [N, C, H', W']. A position is (x, y[, z]), −1 … 1 over
  /// the image: from centre to centre of the outermost numbers with `alignCorners`, otherwise from edge to edge.
  package func gridSample(_ grid: Value, _ mode: GridMode, _ padding: GridPadding, alignCorners: Bool) throws(Failure) -> Value {
    let name: StaticString = "grid_sample", dims = rank - 2
    try engine.check(self, grid, for: name)
    if !dtype.isDifferentiable { throw .dtype("\(name): needs float32 or float64, not \(dtype)") }
    if grid.dtype != dtype { throw .dtype("\(name): grid is \(grid.dtype), the input \(dtype)") }
    if dims < 2 || dims > 3 || grid.rank != rank || grid.shape[0] != shape[0] || grid.shape.last != dims {
      throw .shape("\(name): input \(shape) and grid \(grid.shape); wanted [N, C, H, W] and [N, H', W', 2], or [N, C, D, H, W] and [N, D', H', W', 3]")
    }
    if mode == .bicubic && dims == 3 { throw .argument("\(name): bicubic is for [N, C, H, W], the input is \(shape)") }
    var area = 1, points = 1, result = Dims(shape[0], shape[1]), i = 0
    while i < dims {
      if shape[i + 2] < 1 { throw .shape("\(name): input \(shape) has nothing to sample") }
      area *= shape[i + 2]
      points *= grid.shape[i + 1]
      result.append(grid.shape[i + 1])
      i += 1
    }
    return try engine.scoped { () throws(Failure) -> Value in
      let x = try reshape(Dims(shape[0], shape[1]).appending(area)), at = try grid.reshape(Dims(shape[0], points).appending(dims))
      let taps = mode == .bilinear ? 2 : mode == .nearest ? 1 : 4
      var corners = 1
      var places = InlineArray<3, Value>(repeating: x), weights = InlineArray<12, Value>(repeating: x)
      var d = 0
      while d < dims {
        corners *= taps
        let axis = GridAxis(size: shape[d + 2], padding: padding, alignCorners: alignCorners)
        let raw = try at.select(2, dims - 1 - d), half = Double(alignCorners ? axis.size - 1 : axis.size) / 2
        var p = try (raw + 1) * half
        if !alignCorners { p = try p - 0.5 }
        if mode != .bicubic, padding != .zeros { p = try p.folded(axis) }
        let near = try p.neighbours(axis, mode, taps)
        places[d] = near.places
        let t = try mode == .nearest ? p : p - near.base
        var k = 0
        while k < taps {
          var w = try near.inside.select(0, k)
          if mode == .bilinear { w = try w * (k == 0 ? 1 - t : t) } else if mode == .bicubic { w = try w * t.cubicWeight(k) }
          weights[d * 4 + k] = w
          k += 1
        }
        d += 1
      }
      var y = x, c = 0
      while c < corners {
        let index = try Value.empty(engine, .int64, Dims(shape[0], 1).appending(points), for: name), to = index.data(as: Int64.self)
        let n = shape[0] * points
        memset(to, 0, n * 8)
        var w = x, rest = c, step = 1
        d = dims - 1
        while d >= 0 {
          let k = rest % taps, from = places[d].data(as: Int64.self) + k * n
          var j = 0
          while j < n { to[j] += from[j] * Int64(step); j += 1 }
          w = d == dims - 1 ? weights[d * 4 + k] : try w * weights[d * 4 + k]
          step *= shape[d + 2]
          rest /= taps
          d -= 1
        }
        let picked = try x.gather(2, index.expand(Dims(shape[0], shape[1]).appending(points))) * w.unsqueeze(1)
        y = c == 0 ? picked : try y + picked
        c += 1
      }
      return try y.reshape(result)
    }
  }

  /// Each position brought into the image; where it stops at the edge, its gradient stops.
  private func folded(_ axis: GridAxis) throws(Failure) -> Value {
    let x = try contiguous()
    let signs = try Value.empty(engine, dtype, shape, for: "grid_sample"), shifts = try Value.empty(engine, dtype, shape, for: "grid_sample")
    let moves = try Value.empty(engine, .bool, shape, for: "grid_sample")
    var i = 0
    while i < count {
      let f = axis.folded(x.get(i))
      signs.set(i, to: f.sign)
      shifts.set(i, to: f.shift)
      moves.set(i, to: f.sign)
      i += 1
    }
    return try moves.select(self * signs + shifts, shifts)
  }

  /// For positions p [N, P]: the taps around each, as places [taps, N, P] (0 where there is none) and 1 or 0 for those inside the image;
  /// `base` is the one distances count from.
  private func neighbours(_ axis: GridAxis, _ mode: GridMode, _ taps: Int) throws(Failure) -> (base: Value, places: Value, inside: Value) {
    let p = try contiguous(), n = count, all = Dims(taps).appending(shape[0], shape[1])
    let base = try Value.empty(engine, dtype, shape, for: "grid_sample")
    let places = try Value.empty(engine, .int64, all, for: "grid_sample"), inside = try Value.empty(engine, dtype, all, for: "grid_sample")
    let to = places.data(as: Int64.self)
    var i = 0
    while i < n {
      let x = p.get(i), from = x.rounded(mode == .nearest ? .toNearestOrEven : .down)
      base.set(i, to: from)
      var k = 0
      while k < taps {
        let place = axis.place(from + Double(taps == 4 ? k - 1 : k))
        to[k * n + i] = Int64(place ?? 0)
        inside.set(k * n + i, to: place == nil ? 0 : 1)
        k += 1
      }
      i += 1
    }
    return (base, places, inside)
  }

  /// Weight k of cubic convolution (Keys 1981, a = −¾) at distance t = self behind the second of four numbers.
  private func cubicWeight(_ k: Int) throws(Failure) -> Value {
    let x = try k == 0 ? self + 1 : k == 1 ? self : k == 2 ? 1 - self : 2 - self
    if k == 1 || k == 2 { return try (x * 1.25 - 2.25) * x * x + 1 }
    return try ((x * -0.75 + 3.75) * x - 6) * x + 3
  }

  /// Positions [N, H, W, 2] (or [N, D, H, W, 3]) of an image whose places a matrix moves: theta [N, 2, 3] (or [N, 3, 4]) times (x, y[, z], 1).
  package func affineGrid(_ sizes: Dims, alignCorners: Bool) throws(Failure) -> Value {
    let name: StaticString = "affine_grid", dims = sizes.count - 2
    if !dtype.isDifferentiable { throw .dtype("\(name): needs float32 or float64, not \(dtype)") }
    if dims < 2 || dims > 3 { throw .argument("\(name): size \(sizes); wanted [N, C, H, W] or [N, C, D, H, W]") }
    if rank != 3 || shape[0] != sizes[0] || shape[1] != dims || shape[2] != dims + 1 {
      throw .shape("\(name): theta \(shape) does not fit size \(sizes); wanted [\(sizes[0]), \(dims), \(dims + 1)]")
    }
    var points = Dims(), i = 2
    while i < sizes.count {
      if sizes[i] < 1 || sizes[i] >= 1 << 31 { throw .argument("\(name): size \(sizes)") }
      points.append(sizes[i])
      i += 1
    }
    _ = try points.appending(dims + 1).byteCount(of: dtype, for: name)
    return try engine.scoped { () throws(Failure) -> Value in
      let n = points.product, base = try Value.empty(engine, dtype, Dims(n, dims + 1), for: name)
      i = 0
      while i < n {
        var rest = i, d = dims - 1
        while d >= 0 {
          let size = points[d], k = Double(2 * (rest % size) - (size - 1))
          base.set(i * (dims + 1) + dims - 1 - d, to: size == 1 ? 0 : k / Double(alignCorners ? size - 1 : size))
          rest /= size
          d -= 1
        }
        base.set(i * (dims + 1) + dims, to: 1)
        i += 1
      }
      var result = Dims(shape[0])
      i = 0
      while i < dims { result.append(points[i]); i += 1 }
      return try base.matmul(transpose(1, 2)).reshape(result.appending(dims))
    }
  }
}
