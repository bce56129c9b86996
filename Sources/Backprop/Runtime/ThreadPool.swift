// One pool of worker threads for the process, started by the first large job. A job is a count of chunks that the caller
// and the workers claim one by one until none is left; which thread runs a chunk is chance, so a chunk must not care.
// Nothing here knows tensors. Between jobs a worker spins for some tens of microseconds, then sleeps on a futex; so does the caller while the
// last pieces are on other threads.
//
// Measured on two cores (Zen 5, virtual): an empty job of two pieces costs 0.1 µs while the worker spins, 8 µs once it sleeps.
import CShim

/// Runs one chunk. `worker` is 0 for the caller and below the number of threads asked for: an index for scratch memory.
typealias ChunkBody = @convention(c) (_ context: UnsafeMutableRawPointer, _ chunk: Int, _ worker: Int) -> Void

/// Runs `body` for every chunk in 0 ..< chunks on up to `threads` threads and returns when all have run. Runs them here, in
/// order, when one thread is enough, when the pool is taken (another thread's job, or a job inside a chunk), or when no
/// worker can be started.
@inline(never) func parallel(chunks: Int, threads: Int, _ context: UnsafeMutableRawPointer, _ body: ChunkBody) {
  let severalUseful = threads > 1 && chunks > 1 && chunks <= Int(UInt32.max)
  if severalUseful, parallelOnHost(chunks, threads < mostThreads ? threads : mostThreads, context, body) { return }
  if severalUseful && shim_swap_if(&poolLock, 0, 1) != 0 {
    let wanted = threads < chunks ? threads : chunks
    let count = startedWorkers(wanted < mostThreads ? wanted : mostThreads) + 1
    if count > 1 {
      run(chunks, count, context, body)
      shim_store(&poolLock, 0)
      return
    }
    shim_store(&poolLock, 0)
  }
  var chunk = 0
  while chunk < chunks {
    body(context, chunk, 0)
    chunk += 1
  }
}

/// Threads worth using: BACKPROP_NUM_THREADS when it is 1 … 256, else the processors in the affinity mask, at most as many as the
/// control groups give time for, at most 256. Read once.
func hardwareThreads() -> Int {
  let known = shim_load(&threadsFound)
  if known != 0 { return Int(known) }
  var processors = UInt32(truncatingIfNeeded: shim_processors())
  if let quota = processorQuota(groups: "/proc/self/cgroup", root: "/sys/fs/cgroup"), quota < Int(processors) { processors = UInt32(quota) }
  let found = threadsAsked() ?? (processors < UInt32(mostThreads) ? processors : UInt32(mostThreads))
  shim_store(&threadsFound, found)
  return Int(found)
}

private func threadsAsked() -> UInt32? {
  guard let text = shim_getenv("BACKPROP_NUM_THREADS") else { return nil }
  var value: UInt32 = 0, i = 0
  while text[i] != 0 {
    guard i < 3, text[i] >= 48, text[i] <= 57 else { return nil }
    value = value * 10 + UInt32(text[i] - 48)
    i += 1
  }
  return value >= 1 && value <= UInt32(mostThreads) ? value : nil
}

// MARK: - State

// All of it is plain memory with a constant initial value, so nothing has to run before the first job. Every word is changed
// atomically or by the holder of `poolLock`; job fields are written before `claims` is and read after a claim succeeded,
// and a claim keeps the job alive until its chunk is done.
private let mostThreads = 256
/// Pauses before a thread sleeps: some 40 µs, longer than a training step's serial stretches, shorter than anyone notices.
private let spins = 1600
nonisolated(unsafe) private var threadsFound: UInt32 = 0
nonisolated(unsafe) private var poolLock: UInt32 = 0
nonisolated(unsafe) private var workers = 0
nonisolated(unsafe) private var forkWatched = false
nonisolated(unsafe) private var jobBody: ChunkBody? = nil
nonisolated(unsafe) private var jobContext: UnsafeMutableRawPointer? = nil
nonisolated(unsafe) private var jobChunks = 0

/// Cache lines of their own: line 0 holds `claims` (threads of the job << 32 | chunks not yet claimed), line 1 `done` (chunks
/// finished) and `callerSleeps`, line 1 + w the mailbox of worker w. Allocated once, never freed: workers outlive every caller.
nonisolated(unsafe) private var lines: UnsafeMutableRawPointer? = nil
private let lineBytes = 64

private enum Mail {
  static let none: UInt32 = 0, work: UInt32 = 1, asleep: UInt32 = 2
}

@inline(__always) private func claims(_ lines: UnsafeMutableRawPointer) -> UnsafeMutablePointer<UInt64> {
  lines.assumingMemoryBound(to: UInt64.self)
}
@inline(__always) private func done(_ lines: UnsafeMutableRawPointer) -> UnsafeMutablePointer<UInt32> {
  (lines + lineBytes).assumingMemoryBound(to: UInt32.self)
}
@inline(__always) private func callerSleeps(_ lines: UnsafeMutableRawPointer) -> UnsafeMutablePointer<UInt32> { done(lines) + 1 }
@inline(__always) private func mailbox(_ lines: UnsafeMutableRawPointer, _ worker: Int) -> UnsafeMutablePointer<UInt32> {
  (lines + (1 + worker) * lineBytes).assumingMemoryBound(to: UInt32.self)
}

// MARK: - The caller's side

private func run(_ chunks: Int, _ threads: Int, _ context: UnsafeMutableRawPointer, _ body: ChunkBody) {
  guard let lines else { return }
  jobBody = body
  jobContext = context
  jobChunks = chunks
  shim_store(done(lines), 0)
  shim_store64(claims(lines), UInt64(threads) << 32 | UInt64(chunks))
  var worker = 1
  while worker < threads {
    let box = mailbox(lines, worker)
    if shim_swap(box, Mail.work) == Mail.asleep { shim_wake(box, 1) }
    worker += 1
  }
  work(lines, 0)
  // The last chunks are on other threads. One of those may have lost its processor to another process: asleep, this thread frees its own
  // for it, where a spinning one would hold it until the scheduler takes notice, milliseconds later.
  var pauses = 0
  while true {
    let finished = shim_load(done(lines))
    if finished == UInt32(chunks) { return }
    pauses += 1
    if pauses < spins {
      shim_pause()
    } else {
      _ = shim_swap(callerSleeps(lines), 1)
      shim_wait(done(lines), finished)
      shim_store(callerSleeps(lines), 0)
    }
  }
}

/// Brings the pool to `threads` − 1 workers if it can, and returns how many of them a job may use. The lock is held.
private func startedWorkers(_ threads: Int) -> Int {
  if lines == nil {
    let bytes = (1 + mostThreads) * lineBytes
    guard let p = shim_aligned_malloc(bytes) else { return 0 }
    memset(p, 0, bytes)
    lines = p
  }
  if !forkWatched {
    // Without the handler a forked child would wait for workers it does not have.
    guard shim_at_fork_in_child({ forgetWorkers() }) == 0 else { return 0 }
    forkWatched = true
  }
  while workers < threads - 1 {
    guard shim_thread_start({ workerMain($0) }, UnsafeMutableRawPointer(bitPattern: workers + 1)) == 0 else { break }
    workers += 1
  }
  return workers < threads - 1 ? workers : threads - 1
}

/// In the child of a fork: only the forking thread is left, and whoever held the lock is not there to give it back.
private func forgetWorkers() {
  workers = 0
  if let lines { memset(lines, 0, (1 + mostThreads) * lineBytes) }
  shim_store(&poolLock, 0)
}

// MARK: - The worker's side

/// Claims and runs chunks until none is left. A worker late for its job may find the next one: the claim, which compares the
/// thread count too, is what admits it.
private func work(_ lines: UnsafeMutableRawPointer, _ worker: Int) {
  while true {
    let seen = shim_load64(claims(lines))
    let left = UInt32(truncatingIfNeeded: seen)
    if left == 0 || worker >= Int(seen >> 32) { return }
    if shim_swap_if64(claims(lines), seen, seen - 1) == 0 { continue }
    let chunks = jobChunks
    if let body = jobBody, let context = jobContext { body(context, chunks - Int(left), worker) }
    // After the last one the job may be over, and the caller with its next.
    if shim_add(done(lines), 1) == UInt32(chunks) - 1, worker != 0, shim_load(callerSleeps(lines)) != 0 { shim_wake(done(lines), 1) }
  }
}

private func workerMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let lines else { return nil }
  let worker = Int(bitPattern: argument)
  let box = mailbox(lines, worker)
  while true {
    var pauses = 0
    while shim_load(box) != Mail.work {
      pauses += 1
      if pauses < spins {
        shim_pause()
      } else {
        _ = shim_swap_if(box, Mail.none, Mail.asleep)
        shim_wait(box, Mail.asleep)
      }
    }
    // Emptied before the chunks are claimed: mail that comes while working is kept for the next round.
    _ = shim_swap_if(box, Mail.work, Mail.none)
    work(lines, worker)
  }
}
