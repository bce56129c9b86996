// Section 16: the table of operations.
import Backprop
import CBackprop

@_cdecl("bp_operation_count") @implementation public func bp_operation_count() -> Int32 { Int32(OperationTable.count) }
@_cdecl("bp_operation_name") @implementation public func bp_operation_name(_ i: Int32) -> UnsafePointer<CChar>? {
  i >= 0 && Int(i) < OperationTable.count ? UnsafeRawPointer(OperationTable.name(Int(i))).assumingMemoryBound(to: CChar.self) : nil
}
