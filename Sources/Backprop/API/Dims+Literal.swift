// Shapes as Swift writes them. Arrays allocate, so the engine itself does without.

extension Dims: ExpressibleByArrayLiteral {
  /// Elements beyond the eighth make a list that every operation refuses as too long.
  public init(arrayLiteral elements: Int...) { self.init(elements) }
  public init(_ elements: [Int]) {
    for v in elements.prefix(Self.most) { append(v) }
    if elements.count > Self.most { count = Self.most + 1 }
  }
  /// The sizes as an array; of a list that is too long the first eight.
  public var array: [Int] {
    var a: [Int] = []
    var i = 0
    while i < stored { a.append(self[i]); i += 1 }
    return a
  }
}
