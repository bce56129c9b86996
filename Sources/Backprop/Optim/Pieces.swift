// Several tensors worked on in one pass: laid end to end in thought and cut every so many elements, so that a hundred small ones are
// one job for the threads. Which elements a cut holds depends on the sizes alone.
import CShim

/// One tensor's elements, without gaps.
struct Piece {
  var count: Int, size: Int
  var data: UnsafeMutableRawPointer
  /// Elements of the pieces before it.
  var start = 0
}

protocol Pieced {
  var piece: Piece { get set }
}

/// The pieces, in memory that belongs to the caller.
struct PieceList<P: Pieced> {
  private let pieces: UnsafeMutablePointer<P>
  private(set) var count = 0, elements = 0
  /// Elements of one cut: some microseconds of work.
  private let cut = 16384

  init(_ memory: UnsafeMutablePointer<P>) { pieces = memory }

  var chunks: Int { (elements + cut - 1) / cut }

  mutating func add(_ p: P) {
    (pieces + count).initialize(to: p)
    pieces[count].piece.start = elements
    elements += p.piece.count
    count += 1
  }

  /// Calls `body` with each piece that has elements in a cut, the first of them and how many.
  @inline(__always) func each(_ chunk: Int, _ body: (UnsafeMutablePointer<P>, Int, Int) -> Void) {
    let first = chunk &* cut, end = elements - first < cut ? elements : first &+ cut
    // The last piece that begins at or before `first`.
    var low = 0, high = count
    while high - low > 1 {
      let middle = (low + high) / 2
      if pieces[middle].piece.start <= first { low = middle } else { high = middle }
    }
    while low < count, pieces[low].piece.start < end {
      let p = pieces[low].piece, from = first > p.start ? first - p.start : 0
      let to = end - p.start < p.count ? end - p.start : p.count
      if to > from { body(pieces + low, from, to - from) }
      low += 1
    }
  }
}
