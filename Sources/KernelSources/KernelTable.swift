// The table of this instruction set: which function serves which operation and type.
import KernelAPI

public let kernelTable = KernelTable(
  name: isaName,
  unary: { unaryFunction($0, $1) },
  binary: { binaryFunction($0, $1) },
  select: { selectFunction($0) },
  cast: { castFunction($0, $1) },
  copy: { copyBlock($0, $1, $2, $3, $4, $5, $6, $7, $8) },
  reduceRows: { reduceRowsFunction($0, $1) },
  reduceColumns: { reduceColumnsFunction($0, $1) },
  argReduce: { argReduceFunction($0, $1) },
  row: { rowFunction($0, $1) },
  rowBackward: { rowBackwardFunction($0, $1) },
  layerNorm: { layerNormFunction($0) },
  layerNormBackward: { layerNormBackwardFunction($0) },
  segmentNorm: { segmentNormFunction($0) },
  segmentNormBackward: { segmentNormBackwardFunction($0) },
  columnNorm: { columnNormFunction($0) },
  columnNormBackward: { columnNormBackwardFunction($0) },
  crossEntropy: { crossEntropyFunction($0) },
  crossEntropyBackward: { crossEntropyBackwardFunction($0) },
  matrixPlan: { matrixPlanFunction($0) },
  matrix: { matrixFunction($0) },
  correlation: { correlationKernels($0) },
  pool: { poolFunction($0) },
  random: { randomFunction($0, $1) },
  squares: { squaresFunction($0) },
  sgd: { sgdFunction($0) },
  adam: { adamFunction($0) },
  update: { updateFunction($0) },
  attention: { attentionFunction($0) },
  attentionBackward: { attentionBackwardFunction($0) },
  recurrent: { recurrentFunction($0) },
  recurrentBackward: { recurrentBackwardFunction($0) }
)

// The engine fetches the table through a C function and does not import this module: what it imports, Embedded Swift would
// compile again, and inline, with the engine's own instruction set.
#if ISA_V4
  @_cdecl("backprop_kernels_v4") public func fillTable(_ table: UnsafeMutableRawPointer) { fill(table) }
#elseif ISA_V3
  @_cdecl("backprop_kernels_v3") public func fillTable(_ table: UnsafeMutableRawPointer) { fill(table) }
#else
  @_cdecl("backprop_kernels_base") public func fillTable(_ table: UnsafeMutableRawPointer) { fill(table) }
#endif
@inline(__always) private func fill(_ table: UnsafeMutableRawPointer) {
  table.assumingMemoryBound(to: KernelTable.self).initialize(to: kernelTable)
}
