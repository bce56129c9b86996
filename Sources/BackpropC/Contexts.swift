// Sections 1 and 3: versions and contexts.
import Backprop
import CBackprop
import CShim
import KernelAPI

@_cdecl("bp_version_number") @implementation public func bp_version_number() -> Int32 {
  BP_VERSION_MAJOR * 1_000_000 + BP_VERSION_MINOR * 1000 + BP_VERSION_PATCH
}
@_cdecl("bp_version_string") @implementation public func bp_version_string() -> UnsafePointer<CChar>! { text("0.1.0") }
@_cdecl("bp_instruction_set") @implementation public func bp_instruction_set() -> UnsafePointer<CChar>! { text(activeKernels.name) }

@_cdecl("bp_context_create") @implementation public func bp_context_create(_ options: UnsafePointer<bp_context_options>?) -> OpaquePointer? {
  var threads = 0, seed: UInt64 = 0, limit = 0
  if let o = options?.pointee {
    do throws(Failure) {
      try checkSize(o.struct_size, MemoryLayout<bp_context_options>.size, "context_create")
      if o.num_threads < 0 || o.num_threads > 256 {
        throw Failure(.argument, "context_create: num_threads must lie in 0…256, it is \(Int(o.num_threads))")
      }
    } catch {
      report(error, on: nil)
      return nil
    }
    threads = Int(o.num_threads)
    seed = o.seed
    limit = o.memory_limit > UInt64(Int.max) ? 0 : Int(o.memory_limit)
  }
  guard let e = Engine.create(threads: threads, seed: seed, memoryLimit: limit) else {
    report(Failure(.memory, "context_create: no memory, or 4095 contexts alive"), on: nil)
    return nil
  }
  return e.handle.pointer
}
@_cdecl("bp_context_destroy") @implementation public func bp_context_destroy(_ ctx: OpaquePointer?) {
  guard let ctx, let e = Handle(ctx).asContext else { return }
  if e.isCallingOut { return e.record(Failure(.argument, "context_destroy: called by a function that this context is calling")) }
  e.destroy()
}
@_cdecl("bp_context_status") @implementation public func bp_context_status(_ ctx: OpaquePointer?) -> bp_status {
  ctx.flatMap { Handle($0).asContext }?.status ?? handleError
}
@_cdecl("bp_context_message") @implementation public func bp_context_message(_ ctx: OpaquePointer?) -> UnsafePointer<CChar>! {
  ctx.flatMap { Handle($0).asContext }?.message ?? UnsafePointer(shim_thread_message())
}
@_cdecl("bp_context_clear") @implementation public func bp_context_clear(_ ctx: OpaquePointer?) {
  if let e = ctx.flatMap({ Handle($0).asContext }) { e.clearError() } else { shim_thread_message()[0] = 0 }
}
@_cdecl("bp_context_of") @implementation public func bp_context_of(_ t: OpaquePointer?) -> OpaquePointer? {
  take(t, "context_of")?.engine.handle.pointer
}

@_cdecl("bp_set_num_threads") @implementation public func bp_set_num_threads(_ ctx: OpaquePointer?, _ n: Int32) -> bp_status {
  guard let e = takeContext(ctx, "set_num_threads") else { return handleError }
  return perform(on: e) { () throws(Failure) in
    if n < 0 || n > 256 { throw Failure(.argument, "set_num_threads: wanted 0 to 256 threads, got \(Int(n))") }
    e.setThreads(Int(n))
  }
}
@_cdecl("bp_num_threads") @implementation public func bp_num_threads(_ ctx: OpaquePointer?) -> Int32 {
  Int32(truncatingIfNeeded: takeContext(ctx, "num_threads")?.threads ?? -1)
}
@_cdecl("bp_set_parallel_for") @implementation public func bp_set_parallel_for(_ function: bp_parallel_for?, _ user: UnsafeMutableRawPointer?) {
  setParallelFor(function, user: user)
}
@_cdecl("bp_manual_seed") @implementation public func bp_manual_seed(_ ctx: OpaquePointer?, _ seed: UInt64) -> bp_status {
  guard let e = takeContext(ctx, "manual_seed") else { return handleError }
  e.seed(seed)
  return 0
}
@_cdecl("bp_random_state") @implementation public func bp_random_state(
  _ ctx: OpaquePointer?, _ seed: UnsafeMutablePointer<UInt64>?, _ position: UnsafeMutablePointer<UInt64>?
) -> bp_status {
  guard let e = takeContext(ctx, "random_state") else { return handleError }
  seed?.pointee = e.randomState.seed
  position?.pointee = e.randomState.position
  return 0
}
@_cdecl("bp_set_random_state") @implementation public func bp_set_random_state(_ ctx: OpaquePointer?, _ seed: UInt64, _ position: UInt64) -> bp_status {
  guard let e = takeContext(ctx, "set_random_state") else { return handleError }
  return perform(on: e) { () throws(Failure) in
    if position & 3 != 0 { throw Failure(.argument, "set_random_state: the position must be a multiple of 4, the remainder is \(Int(position & 3))") }
    e.randomState = (seed, position)
  }
}
@_cdecl("bp_memory_stat") @implementation public func bp_memory_stat(_ ctx: OpaquePointer?, _ what: bp_memory) -> Int64 {
  guard let e = takeContext(ctx, "memory_stat") else { return -1 }
  switch what {
  case 0: return Int64(e.bytesInUse)
  case 1: return Int64(e.bytesAtPeak)
  case 2: return Int64(e.bytesReserved)
  case 3: return Int64(e.liveTensors)
  default:
    e.record(Failure(.argument, "memory_stat: \(Int(what)) names no statistic"))
    return -1
  }
}
@_cdecl("bp_memory_reset_peak") @implementation public func bp_memory_reset_peak(_ ctx: OpaquePointer?) -> bp_status {
  guard let e = takeContext(ctx, "memory_reset_peak") else { return handleError }
  e.resetMemoryPeak()
  return 0
}
@_cdecl("bp_memory_trim") @implementation public func bp_memory_trim(_ ctx: OpaquePointer?) -> bp_status {
  guard let e = takeContext(ctx, "memory_trim") else { return handleError }
  e.trimMemory()
  return 0
}
