// Threads of the host in place of the library's.

private final class HostThreads {
  let run: @Sendable (_ count: Int, _ piece: @Sendable (Int) -> Void) -> Void
  init(_ run: @escaping @Sendable (Int, @Sendable (Int) -> Void) -> Void) { self.run = run }
}

/// Kept alive here: the engine holds no more than its address.
nonisolated(unsafe) private var hostThreads: HostThreads?

private struct HostPiece: @unchecked Sendable {
  let function: HostCall
  let context: UnsafeMutableRawPointer?
}

/// Large operations of the whole process run on the host's threads from now on: `run` must call `piece(i)` once for every i in 0 ..< count, from whichever
/// threads it likes, and return when all have returned. nil returns to the library's own. Results are the same bits. Not while any context computes.
///
///     setParallelFor { count, piece in DispatchQueue.concurrentPerform(iterations: count, execute: piece) }
public func setParallelFor(_ run: (@Sendable (_ count: Int, _ piece: @Sendable (Int) -> Void) -> Void)?) {
  guard let run else {
    setParallelFor(nil, user: nil)
    hostThreads = nil
    return
  }
  let threads = HostThreads(run)
  setParallelFor(
    { user, count, call, context in
      guard let user, let call else { return }
      let piece = HostPiece(function: call, context: context)
      Unmanaged<HostThreads>.fromOpaque(user).takeUnretainedValue().run(Int(count)) { piece.function(piece.context, Int64($0)) }
    }, user: Unmanaged.passUnretained(threads).toOpaque())
  hostThreads = threads
}
