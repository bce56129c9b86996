// A host that has threads of its own lends them: its parallel-for takes the pool's place. It calls back once for every piece, from whichever
// threads it likes. Which piece a call does is decided here, and so is the number of its scratch memory: a host that calls too
// often, too seldom or with the wrong number computes the same.
import CShim

/// fn(user, n, call, context) runs call(context, i) for each i in 0 ..< n and returns when all calls have returned.
package typealias HostCall = @convention(c) (_ context: UnsafeMutableRawPointer?, _ i: Int64) -> Void
package typealias HostParallelFor = @convention(c) (
  _ user: UnsafeMutableRawPointer?, _ n: Int64, _ call: HostCall?, _ context: UnsafeMutableRawPointer?
) -> Void

nonisolated(unsafe) private var hostFunction: HostParallelFor? = nil
nonisolated(unsafe) private var hostUser: UnsafeMutableRawPointer? = nil

/// nil returns to the library's threads. No context may be computing meanwhile.
package func setParallelFor(_ function: HostParallelFor?, user: UnsafeMutableRawPointer?) {
  hostFunction = function
  hostUser = user
}

private struct HostJob {
  /// Pieces not yet taken, and pieces finished.
  var left: UInt64
  var done: UInt32 = 0
  let chunks: Int, threads: Int
  let context: UnsafeMutableRawPointer
  let body: ChunkBody
  /// One word for each scratch memory: 1 while it is in use.
  let taken: UnsafeMutablePointer<UInt32>
}

/// False if the host has lent no threads.
func parallelOnHost(_ chunks: Int, _ threads: Int, _ context: UnsafeMutableRawPointer, _ body: ChunkBody) -> Bool {
  guard let hostFunction else { return false }
  withUnsafeTemporaryAllocation(of: UInt32.self, capacity: threads) { taken in
    let base = taken.baseAddress.unsafelyUnwrapped
    memset(base, 0, threads * 4)
    var job = HostJob(left: UInt64(chunks), chunks: chunks, threads: threads, context: context, body: body, taken: base)
    withUnsafeMutablePointer(to: &job) { job in
      hostFunction(hostUser, Int64(chunks), { p, _ in if let p { _ = runOne(p.assumingMemoryBound(to: HostJob.self)) } }, job)
      while runOne(job) {}
      while shim_load(&job.pointee.done) != UInt32(chunks) { shim_yield() }
    }
  }
  return true
}

/// Takes a piece and runs it; false if none is left.
private func runOne(_ job: UnsafeMutablePointer<HostJob>) -> Bool {
  while true {
    let left = shim_load64(&job.pointee.left)
    if left == 0 { return false }
    if shim_swap_if64(&job.pointee.left, left, left - 1) == 0 { continue }
    var worker = 0
    while shim_swap_if(job.pointee.taken + worker, 0, 1) == 0 {
      worker += 1
      if worker == job.pointee.threads {  // more callers at once than the context has threads
        worker = 0
        shim_yield()
      }
    }
    job.pointee.body(job.pointee.context, job.pointee.chunks - Int(left), worker)
    shim_store(job.pointee.taken + worker, 0)
    _ = shim_add(&job.pointee.done, 1)
    return true
  }
}
