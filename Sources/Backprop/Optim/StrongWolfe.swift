// The line search of L-BFGS: a step t along d after which the loss has fallen enough (by c1·t·slope) and the slope has flattened
// enough (to c2 of what it was): the strong Wolfe conditions. Bracketing, then zooming by cubic interpolation, as PyTorch and minFunc.
import CShim

/// One place on the line: how far, the loss, the slope, the gradient.
private struct Place {
  var t: Double, loss: Double, slope: Double
  var g: Vector
}

/// The minimum of the cubic through two places, within bounds; their middle where there is none.
private func interpolate(_ a: Place, _ b: Place, _ low: Double, _ high: Double) -> Double {
  let d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t), square = d1 * d1 - a.slope * b.slope
  if !(square >= 0) { return (low + high) / 2 }
  let d2 = square.squareRoot()
  let t = a.t <= b.t
    ? b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2))
    : a.t - (a.t - b.t) * ((a.slope + d2 - d1) / (a.slope - b.slope + 2 * d2))
  let raised = t < low ? low : t
  return raised > high ? high : raised
}

struct StrongWolfe {
  let f: Objective
  let d: Vector
  /// The gradient where the search starts; at the end, that where it arrived.
  let g: Vector
  /// Room for six vectors.
  let work: Vector

  /// Chooses t and the loss there; returns how often the loss was computed. The parameters stay where they were.
  mutating func run(
    _ t: inout Double, _ loss: inout Double, _ slope: Double, _ most: Int, _ evaluate: () throws(Failure) -> Double
  ) throws(Failure) -> Int {
    let n = f.n, c1 = 1e-4, c2 = 0.9, reach = largest(d, n), x = work, f = f, d = d
    f.readParameters(x)
    var used = 0
    func measure(_ t: Double, into g: Vector) throws(Failure) -> Place {
      f.move(t, d)
      let loss = try evaluate()
      used += 1
      try f.readGradient(g)
      f.writeParameters(x)
      return Place(t: t, loss: loss, slope: dot(g, d, n), g: g)
    }
    func copy(_ p: Place, into g: Vector) -> Place {
      memcpy(g, p.g, 8 * n)
      return Place(t: p.t, loss: p.loss, slope: p.slope, g: g)
    }
    let fresh = work + n
    let origin = copy(Place(t: 0, loss: loss, slope: slope, g: g), into: work + 2 * n)
    var before = origin, here = try measure(t, into: fresh)
    var a = origin, b = origin, isBracketed = false, isDone = false, count = 0
    while count < most {
      if here.loss > loss + c1 * here.t * slope || (count > 1 && here.loss >= before.loss) || !(here.slope.magnitude <= -c2 * slope) && here.slope >= 0 {
        (a, b, isBracketed) = (before, here, true)
        break
      }
      if here.slope.magnitude <= -c2 * slope {
        (a, b, isBracketed, isDone) = (here, here, true, true)
        break
      }
      let next = interpolate(before, here, here.t + 0.01 * (here.t - before.t), here.t * 10)
      before = copy(here, into: work + 3 * n)
      here = try measure(next, into: fresh)
      count += 1
    }
    if !isBracketed { (a, b) = (origin, here) }
    a = copy(a, into: work + 4 * n)
    b = copy(b, into: work + 5 * n)
    // From here on `a` is the lower of the two.
    var isFirst = a.loss <= b.loss  // of equals the one that came first in the bracket is the lower
    if !isFirst { (a, b) = (b, a) }
    var isStuck = false
    while !isDone, count < most {
      if (b.t - a.t).magnitude * reach < 1e-9 { break }
      let left = a.t < b.t ? a.t : b.t, right = a.t < b.t ? b.t : a.t
      var next = interpolate(a, b, left, right)
      // Too close to an end twice in a row, or on it: a tenth of the way in instead.
      let margin = 0.1 * (right - left)
      if (right - next < next - left ? right - next : next - left) < margin {
        if isStuck || next >= right || next <= left {
          next = (next - right).magnitude < (next - left).magnitude ? right - margin : left + margin
          isStuck = false
        } else {
          isStuck = true
        }
      } else {
        isStuck = false
      }
      here = try measure(next, into: fresh)
      count += 1
      if here.loss > loss + c1 * here.t * slope || here.loss >= a.loss {
        b = copy(here, into: b.g)
        if b.loss < a.loss || b.loss == a.loss && !isFirst {
          (a, b) = (b, a)
          isFirst.toggle()
        }
      } else {
        if here.slope.magnitude <= -c2 * slope {
          isDone = true
        } else if here.slope * (b.t - a.t) >= 0 {
          (a, b) = (b, a)
        }
        a = copy(here, into: a.g)
      }
    }
    memcpy(g, a.g, 8 * n)
    t = a.t
    loss = a.loss
    return used
  }
}
