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

/// Some rows of the batch through all steps of one recurrent layer. T steps, B the whole batch, H the size of the state, G all gates of
/// a step: 4·H (lstm: i, f, g, o), 3·H (gru: r, z, n) or H.
public struct RecurrentPiece {
  public enum Cell: UInt8, Sendable { case lstm = 0, gru, tanh, relu }
  /// Columns of a packed panel of weights.
  public static var panel: Int { 64 }

  public var cell = Cell.lstm, isReverse = false
  public var steps = 0, batch = 0, first = 0, rows = 0, hidden = 0
  /// [T, B, G]: what comes from the layer's input, biases included (gru: without b_hh).
  public var x: UnsafeRawPointer? = nil
  /// Forward W_hhᵀ [H, G], backward W_hh [G, H], in panels: all rows of 64 columns (or what is left of them, 64 apart), then of the next.
  public var w: UnsafeRawPointer? = nil
  /// gru: b_hh [G] or nil. lstm: c before the first step [B, H].
  public var bias: UnsafeRawPointer? = nil, c0: UnsafeRawPointer? = nil
  /// The states [T + 1, B, H], the one before the first step in place (in reverse order: last); lstm: then the last c.
  public var y: UnsafeMutableRawPointer? = nil
  /// Kept for the gradient, [T, B, n]: lstm i f g o, tanh c, c; gru r z, W_hn·h + b_hn, n; others nothing.
  public var kept: UnsafeMutableRawPointer? = nil
  /// Gradient of y; of x; of W_hh·h (gru alone: it differs from that of x); of the first h and c, [B, H].
  public var g: UnsafeRawPointer? = nil
  public var dx: UnsafeMutableRawPointer? = nil, dHidden: UnsafeMutableRawPointer? = nil
  public var dh0: UnsafeMutableRawPointer? = nil, dc0: UnsafeMutableRawPointer? = nil
  public var workspace: UnsafeMutableRawPointer? = nil
  public init() {}

  public var gates: Int { (cell == .lstm ? 4 : cell == .gru ? 3 : 1) &* hidden }
  public var keptWidth: Int { (cell == .lstm ? 6 : cell == .gru ? 4 : 0) &* hidden }
}

/// A `RecurrentPiece`, done.
public typealias RecurrentFunction = @convention(c) (_ piece: UnsafeRawPointer) -> Void
