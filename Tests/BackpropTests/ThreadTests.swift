// How many threads are worth using, and threads that the host lends.
import Foundation
import Synchronization
import Testing

@testable import Backprop

@Suite("The control groups' processor time limits the threads")
struct ProcessorQuotaTests {
  /// What processorQuota says about files under a new folder; "cgroup" is the list of groups.
  private func quota(_ files: [String: String]) throws -> Int? {
    let root = FileManager.default.temporaryDirectory.appendingPathComponent("backprop-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: root) }
    for (path, text) in files {
      let file = root.appendingPathComponent(path)
      try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try text.write(to: file, atomically: false, encoding: .utf8)
    }
    return processorQuota(groups: root.appendingPathComponent("cgroup").path, root: root.path)
  }

  @Test func `version 2: quota over period, rounded up`() throws {
    #expect(try quota(["cgroup": "0::/\n", "cpu.max": "200000 100000\n"]) == 2)
    #expect(try quota(["cgroup": "0::/\n", "cpu.max": "150000 100000\n"]) == 2)
    #expect(try quota(["cgroup": "0::/\n", "cpu.max": "1000 100000\n"]) == 1)
    #expect(try quota(["cgroup": "0::/\n", "cpu.max": "max 100000\n"]) == nil)
  }

  @Test func `version 2: a parent's limit counts, the strictest wins`() throws {
    let groups = "0::/a.slice/b.service\n"
    #expect(try quota(["cgroup": groups, "a.slice/cpu.max": "300000 100000\n", "a.slice/b.service/cpu.max": "max 100000\n"]) == 3)
    #expect(try quota(["cgroup": groups, "a.slice/cpu.max": "300000 100000", "a.slice/b.service/cpu.max": "800000 100000"]) == 3)
    #expect(try quota(["cgroup": groups, "cpu.max": "400000 100000", "a.slice/b.service/cpu.max": "200000 100000"]) == 2)
  }

  @Test func `version 1: cfs quota and period of the group with the cpu controller`() throws {
    let groups = "5:memory:/x\n4:cpuset:/x\n3:cpu,cpuacct:/docker/abc\n0::/\n"
    #expect(try quota(["cgroup": groups, "cpu/docker/abc/cpu.cfs_quota_us": "250000\n", "cpu/docker/abc/cpu.cfs_period_us": "100000\n"]) == 3)
    #expect(try quota(["cgroup": groups, "cpu/docker/abc/cpu.cfs_quota_us": "-1\n", "cpu/docker/abc/cpu.cfs_period_us": "100000\n"]) == nil)
    // A container that sees its own group as the root.
    #expect(try quota(["cgroup": groups, "cpu/cpu.cfs_quota_us": "100000\n", "cpu/cpu.cfs_period_us": "100000\n"]) == 1)
    #expect(try quota(["cgroup": "4:cpuset:/x\n", "cpu/cpu.cfs_quota_us": "100000\n", "cpu/cpu.cfs_period_us": "100000\n"]) == nil)
  }

  @Test func `files that are missing or nonsense are no limit`() throws {
    #expect(try quota([:]) == nil)
    #expect(try quota(["cgroup": ""]) == nil)
    #expect(try quota(["cgroup": "0::/\n"]) == nil)
    #expect(try quota(["cgroup": ":\n\n0:/\nnonsense", "cpu.max": "1 1"]) == nil)
    for text in ["", "max", "0 0", "5", "-5 100000", "99999999999999999999 1", "100000 0", "x y"] {
      #expect(try quota(["cgroup": "0::/", "cpu.max": text]) == nil)
    }
    #expect(try quota(["cgroup": "0::/" + String(repeating: "a", count: 5000), "cpu.max": "1 1"]) == nil)
  }
}

@Suite("A host lends its threads", .serialized)
struct ParallelForTests {
  @Test func `a closure runs the pieces, and the bits are the same`() throws {
    let context = try Context(threads: 2, seed: 5)
    let x = try Tensor.randn([300_007], in: context), a = try Tensor.randn([300, 300], in: context)
    func sums() throws -> [Float] { try [x.exp().sum().item(), (a.matmul(a)).sum().item()].map { Float($0) } }
    let expected = try sums()
    let calls = Mutex(0)
    setParallelFor { count, piece in
      calls.withLock { $0 += count }
      DispatchQueue.concurrentPerform(iterations: count) { piece($0) }
    }
    let lent = try sums()
    setParallelFor(nil)
    let total = calls.withLock { $0 }
    #expect(lent == expected && total > 2)
    #expect(try sums() == expected && calls.withLock { $0 } == total)
  }
}
