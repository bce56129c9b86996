// Which of the kernel tables this process uses: the best the processor has, or what BACKPROP_ISA asks for below it.
import CShim
import KernelAPI

/// Chosen on first use.
package let activeKernels: KernelTable = withUnsafeTemporaryAllocation(of: KernelTable.self, capacity: 1) { table in
  let out = UnsafeMutableRawPointer(table.baseAddress.unsafelyUnwrapped)
  #if arch(x86_64)
    var level = Int(shim_isa_level())
    if let wish = shim_getenv("BACKPROP_ISA") {
      if strcmp(wish, "base") == 0 { level = 1 }
      if strcmp(wish, "v3") == 0, level > 3 { level = 3 }
    }
    if level >= 4 { backprop_kernels_v4(out) } else if level >= 3 { backprop_kernels_v3(out) } else { backprop_kernels_base(out) }
  #else
    backprop_kernels_base(out)
  #endif
  return table[0]
}
