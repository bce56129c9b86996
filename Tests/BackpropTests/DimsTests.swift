// Shapes: broadcasting and views against brute force.
import Testing

@testable import Backprop

@Suite("Shapes are computed as elements would say")
struct DimsTests {
  /// All shapes of at most three dimensions with sizes from `sizes`.
  private func shapes(_ sizes: [Int]) -> [Dims] {
    var all: [[Int]] = [[]], longest: [[Int]] = [[]]
    for _ in 0..<3 {
      longest = longest.flatMap { s in sizes.map { s + [$0] } }
      all += longest
    }
    return all.map { Dims($0) }
  }

  @Test func `broadcasting pads with 1 on the left and stretches 1`() throws {
    for a in shapes([0, 1, 2, 3]) {
      for b in shapes([0, 1, 3]) {
        let n = max(a.count, b.count)
        let x = Array(repeating: 1, count: n - a.count) + a.array, y = Array(repeating: 1, count: n - b.count) + b.array
        let fits = zip(x, y).allSatisfy { $0 == $1 || $0 == 1 || $1 == 1 }
        let wanted = zip(x, y).map { $0 == 1 ? $1 : $0 }
        let given = try? a.broadcast(with: b, for: "test")
        #expect(given?.array == (fits ? wanted : nil), "\(a) with \(b)")
      }
    }
  }

  /// Memory places of all elements, row-major.
  private func places(_ shape: Dims, _ strides: Dims) -> [Int] {
    var all = [0]
    for d in 0..<shape.count { all = all.flatMap { at in (0..<shape[d]).map { at + $0 * strides[d] } } }
    return all
  }

  @Test func `a view is found exactly where one exists, and shows the same elements`() {
    let factorings = shapes([1, 2, 3, 4, 6, 12]).filter { $0.product == 12 } + [[2, 1, 3, 2], [1, 2, 2, 3], [2, 2, 1, 3]]
    // Contiguous, gaps behind the last or the first dimension, reversed order, stretched.
    let layouts: [(Dims) -> Dims] = [
      { $0.contiguousStrides },
      { s in Dims(s.contiguousStrides.array.map { $0 * 2 }) },
      { s in var t = s.contiguousStrides; if t.count > 0 { t[0] += 5 }; return t },
      { s in Dims(Dims(s.array.reversed()).contiguousStrides.array.reversed()) },
      { s in var t = s.contiguousStrides; if t.count > 0 { t[t.count - 1] = 0 }; return t },
    ]
    for shape in factorings {
      for layout in layouts {
        let strides = layout(shape), wanted = places(shape, strides)
        for target in factorings {
          let given = Reshape.viewStrides(shape, strides, target)
          if let given { #expect(places(target, given) == wanted, "\(shape), strides \(strides), as \(target)") }
          // Brute force: each dimension's stride is what one step in it changes; a view exists if that holds everywhere.
          var guess = Dims(repeating: 0, count: target.count), step = 1
          for d in (0..<target.count).reversed() {
            guess[d] = target[d] > 1 ? wanted[step] - wanted[0] : 0
            step *= target[d]
          }
          #expect((given != nil) == (places(target, guess) == wanted), "\(shape), strides \(strides), as \(target)")
        }
      }
    }
  }

  @Test func `bytes are counted, never wrapped`() {
    #expect(throws: Failure.self) { try Dims([Int.max, 2]).byteCount(of: .float32, for: "test") }
    #expect(throws: Failure.self) { try Dims([-1]).byteCount(of: .float32, for: "test") }
    #expect(throws: Failure.self) { try Dims(Array(repeating: 1, count: 9)).byteCount(of: .float32, for: "test") }
    #expect((try? Dims([Int.max, 0, Int.max]).byteCount(of: .float64, for: "test")) == 0)
    #expect((try? Dims([3, 5]).byteCount(of: .float16, for: "test")) == 30)
  }

  @Test func `lists of more than eight are refused everywhere, and print`() throws {
    let long: Dims = [1, 1, 1, 1, 1, 1, 1, 1, 1], x = try Tensor.ones([1, 1])
    #expect(long == long && long != [1] && long.description == "[1, 1, 1, 1, 1, 1, 1, 1]")
    #expect(throws: BackpropError.self) { try x.reshaped(to: long) }
    #expect(throws: BackpropError.self) { try x.expanded(to: long) }
    #expect(throws: BackpropError.self) { try x.permuted(long) }
    #expect(throws: BackpropError.self) { try x.layerNorm(over: long) }
    #expect(throws: BackpropError.self) { try x.sum(along: 0, 0, 0, 0, 0, 0, 0, 0, 0) }
    #expect(throws: BackpropError.self) { try Tensor([1], shape: long) }
    #expect(throws: BackpropError.self) { try Tensor.rand(long) }
  }

  @Test func `dimensions count from both ends`() {
    let s: Dims = [4, 5, 6]
    #expect((-3..<3).map { (try? s.dimension($0, for: "test")) } == [0, 1, 2, 0, 1, 2])
    #expect((try? s.dimension(3, for: "test")) == nil && (try? s.dimension(-4, for: "test")) == nil)
    #expect((try? Dims().dimension(-1, for: "test")) == 0)
    #expect(s.description == "[4, 5, 6]" && Dims().description == "[]")
    #expect(s.inserting(9, at: 1) == [4, 9, 5, 6] && s.removing(at: 0) == [5, 6] && s != [4, 5])
  }
}
