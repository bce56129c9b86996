// A context as Swift sees it, and which one new tensors belong to.
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Owner of tensors, graph, memory and random numbers.
///
/// **Threads.** A context, its tensors and its optimizers are used by one thread at a time; different contexts run
/// concurrently. Tensors made without naming a context belong to `Context.current`: the one bound by `use`, or else the
/// thread's own. So plain threads need no care as long as tensors stay on theirs. A `Task` may continue on another thread after each
/// `await`: a task that suspends between tensor operations binds a context of its own, `try await Context().use { … }`.
///
/// It lives as long as something refers to it: a variable, a tensor, an optimizer.
public final class Context {
  package let engine: Engine

  /// - threads: worker threads for large operations, 1…256; 0: as many as the machine has. Results don't depend on it.
  /// - seed: where the random numbers start.
  /// - memoryLimit: bytes that tensors may take at most; 0: no limit.
  public init(threads: Int = 0, seed: UInt64 = 0, memoryLimit: Int = 0) throws(BackpropError) {
    if threads < 0 || threads > 256 { throw BackpropError(.argument, "context: threads must lie in 0…256, it is \(threads)") }
    if memoryLimit < 0 { throw BackpropError(.argument, "context: the memory limit must be ≥ 0, it is \(memoryLimit)") }
    guard let engine = Engine.create(threads: threads, seed: seed, memoryLimit: memoryLimit) else {
      throw BackpropError(.memory, "context: no memory, or 4095 contexts alive")
    }
    self.engine = engine
  }

  deinit { engine.destroy() }

  /// Restarts the random numbers (PyTorch: `manual_seed`).
  public func seed(_ seed: UInt64) { engine.seed(seed) }

  /// Where the random numbers stand (PyTorch: `get_rng_state`, `set_rng_state`). Set again, the same numbers follow:
  ///
  ///     let before = context.randomState
  ///     let a = try Tensor.rand([3])
  ///     context.randomState = before
  ///     let b = try Tensor.rand([3])  // a's numbers
  public var randomState: RandomState {
    get { RandomState(seed: engine.randomState.seed, position: engine.randomState.position) }
    set { engine.randomState = (newValue.seed, newValue.position) }
  }

  /// A place in a stream of random numbers: `seed` names the stream, `position` counts the words used up, a multiple of 4.
  public struct RandomState: Hashable, Sendable {
    public var seed: UInt64
    public var position: UInt64 { didSet { position = position / 4 * 4 } }

    /// A position that is no multiple of 4 is rounded down to one.
    public init(seed: UInt64, position: UInt64 = 0) {
      self.seed = seed
      self.position = position / 4 * 4
    }
  }

  /// Worker threads for large operations.
  public var threads: Int { engine.threads }

  /// Whether operations are recorded for a later `backward` (PyTorch: `is_grad_enabled`).
  public var isGradientEnabled: Bool { engine.isGradEnabled }

  /// Runs `body` without recording: parameters may be changed in place, results require no gradient (PyTorch: `no_grad`).
  public func withoutGradient<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    engine.state.pointee.noGradDepth += 1
    defer { engine.state.pointee.noGradDepth -= 1 }
    return try body()
  }
}

// MARK: Memory

extension Context {
  /// Bytes in tensors now.
  public var bytesInUse: Int { engine.bytesInUse }
  /// The most bytes that were in use at one time, since the start or `resetPeak()`.
  public var bytesAtPeak: Int { engine.bytesAtPeak }
  /// `bytesAtPeak` begins anew at what is in use now (PyTorch: `reset_peak_memory_stats`).
  public func resetPeak() { engine.resetMemoryPeak() }
  /// Bytes taken from the system, those kept for reuse included.
  public var bytesReserved: Int { engine.bytesReserved }
  /// Tensors alive, those of the graph included.
  public var tensorCount: Int { engine.liveTensors }
  /// Gives kept memory back to the system.
  public func trimMemory() { engine.trimMemory() }
}

// MARK: Which context is meant

/// Carries a context through task-local storage; the thread rule above is what makes it right.
private struct Binding: @unchecked Sendable {
  let context: Context
}

extension Context {
  @TaskLocal private static var bound: Binding?

  /// The context new tensors belong to: the innermost one bound by `use`, or else this thread's own, made on first use.
  public static var current: Context {
    get throws(BackpropError) {
      if let bound { return bound.context }
      guard let ofThread else {
        throw BackpropError(.memory, "context: the process has no thread-specific key left; make a Context and bind it with use")
      }
      if let p = pthread_getspecific(ofThread) { return Unmanaged<Context>.fromOpaque(p).takeUnretainedValue() }
      let context = try Context()
      let owned = Unmanaged.passRetained(context)
      if pthread_setspecific(ofThread, owned.toOpaque()) != 0 {
        owned.release()
        throw BackpropError(.memory, "context: no memory for a thread's own context")
      }
      return context
    }
  }

  /// The one a caller names, or the current one.
  static func chosen(_ named: Context?) throws(BackpropError) -> Context {
    if let named { return named }
    return try current
  }

  /// Runs `body` with this context as `Context.current`.
  public func use<R>(_ body: () throws -> R) rethrows -> R {
    try Self.$bound.withValue(Binding(context: self), operation: body)
  }
  /// Runs `body` with this context as `Context.current`, also in the tasks it awaits.
  public func use<R>(isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> R) async rethrows -> R {
    try await Self.$bound.withValue(Binding(context: self), operation: body, isolation: isolation)
  }
}

/// A thread's own context, given up when the thread ends; nil where the process has used up its keys.
private let ofThread: pthread_key_t? = {
  var key = pthread_key_t()
  let result = pthread_key_create(&key) { p in
    if let p = p as UnsafeMutableRawPointer? { Unmanaged<Context>.fromOpaque(p).release() }
  }
  return result == 0 ? key : nil
}()

/// Runs `body` without recording in the current context (PyTorch: `no_grad`).
public func withoutGradient<R>(_ body: () throws -> R) throws -> R { try Context.current.withoutGradient(body) }
