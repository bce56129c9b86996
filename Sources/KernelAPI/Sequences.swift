// What the kernels of sequence operations are told: too much for arguments, so a record of plain numbers and pointers.
// Strides count elements; a row's elements lie side by side.

/// One head of attention, or some of its queries: q [queries, e], k [keys, e], v [keys, ev], out [queries, ev].
public struct AttentionHead {
  /// Queries and keys done at once; the workspace holds tiles of block × block.
  public static var block: Int { 64 }

  public var queries = 0, keys = 0, e = 0, ev = 0
  public var q: UnsafeRawPointer? = nil, k: UnsafeRawPointer? = nil, v: UnsafeRawPointer? = nil
  public var qRow = 0, kRow = 0, vRow = 0
  /// Nil, or an element for each query and key: added to the score, or as a byte that says whether the key counts.
  public var mask: UnsafeRawPointer? = nil
  public var maskRow = 0, maskColumn = 0, maskIsBool = false
  public var scale = 1.0
  /// Whether a query sees only the keys up to its own number, which starts with `first`.
  public var isCausal = false, first = 0
  public var out: UnsafeMutableRawPointer? = nil
  public var outRow = 0
  /// log Σ exp of each query's scores: what the gradient starts from.
  public var logSum: UnsafeMutableRawPointer? = nil
  /// Gradient of out, and those of q, k, v; nil where not wanted.
  public var g: UnsafeRawPointer? = nil
  public var dq: UnsafeMutableRawPointer? = nil, dk: UnsafeMutableRawPointer? = nil, dv: UnsafeMutableRawPointer? = nil
  public var gRow = 0, dqRow = 0, dkRow = 0, dvRow = 0
  public var workspace: UnsafeMutableRawPointer? = nil
  public init() {}

  /// Elements of workspace beside what the matrix product asks for.
  public static func workspace(e: Int, ev: Int) -> Int { block &* (e &+ ev &+ 3 &* block &+ 4) }
}

/// An `AttentionHead`, done.
public typealias AttentionFunction = @convention(c) (_ head: UnsafeRawPointer) -> Void
