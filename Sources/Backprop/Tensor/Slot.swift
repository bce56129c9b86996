// The records a context is made of: tensors with the operation that made them, storages, attributes.
import CShim
import KernelAPI

/// A tensor and, if an operation made it while recording, the node of the graph: one record, no object.
///
/// Three counts govern its life. `handles`: owners outside the engine. `references`: everything that keeps the record (handles,
/// nodes that have it as input, gradients, optimizers). `values`: those of them that also need the elements; at 0 the
/// storage is dropped while shape and history stay.
struct Slot {
  var generation: UInt32
  var handles: UInt32
  var references: UInt32
  var values: UInt32
  var dtype: DType
  var flags: Flags
  var operation: Operation
  var inputCount: UInt16
  /// Bit i: input i's value is saved; bit 7: the output's own.
  var saved: UInt8
  var storage: UInt32
  /// In elements.
  var offset: Int
  var shape: Dims
  var strides: Dims
  /// The accumulated gradient of a leaf, or 0.
  var gradient: UInt32
  /// The first of the functions that see this tensor's gradient in a walk, or 0.
  var hooks: UInt32
  /// Number of the attributes record, or 0.
  var attributes: UInt32
  /// The first `directInputs`; 0 where the graph does not need one. More: `manyInputs`.
  var inputs: InlineArray<6, UInt32>
  var inputVersions: InlineArray<6, UInt32>
  var outputVersion: UInt32
  var manyInputs: UnsafeMutablePointer<UInt32>?
  var manyInputsSize: Int

  // Scratch of one backward walk.
  var walk: UInt32
  var waiting: UInt32
  var pending: UInt32
  /// Of a gradient: where it is not zero.
  var part: Part
  /// Link of the list of slots being freed.
  var next: UInt32

  struct Flags: OptionSet {
    let rawValue: UInt8
    static let live = Flags(rawValue: 1)
    static let requiresGrad = Flags(rawValue: 2)
    /// A plain number standing beside a tensor: yields to the other operand's type.
    static let number = Flags(rawValue: 4)
    /// Held as some tensor's gradient: usable through a borrowed handle.
    static let gradient = Flags(rawValue: 8)
    /// The graph behind this tensor was used up by a backward walk.
    static let consumed = Flags(rawValue: 16)
    /// A target of the walk under way: its gradient is captured.
    static let target = Flags(rawValue: 32)
    /// Computed, but keeps its gradient as a leaf does.
    static let retainsGrad = Flags(rawValue: 64)
  }

  var isLeaf: Bool { operation == .leaf }
  var requiresGrad: Bool { flags.contains(.requiresGrad) }
}

/// Asked of the record where it lies: a method of `Slot` would be given a copy of all of it.
extension UnsafeMutablePointer where Pointee == Slot {
  /// Row-major without gaps.
  var isContiguous: Bool {
    @inline(never) get {
      var step = 1, i = pointee.shape.count - 1
      while i >= 0 {
        let n = pointee.shape[i]
        if n == 0 { return true }
        if n != 1 && pointee.strides[i] != step { return pointee.shape.product == 0 }
        step &*= n
        i -= 1
      }
      return true
    }
  }
  /// More than one element, all of them one place in memory.
  var isUniform: Bool {
    @inline(never) get {
      var some = false, i = 0
      while i < pointee.shape.count {
        if pointee.shape[i] == 0 { return false }
        if pointee.shape[i] != 1 { if pointee.strides[i] != 0 { return false }; some = true }
        i += 1
      }
      return some
    }
  }
}

/// Memory that tensors look into.
struct Storage {
  var base: UnsafeMutableRawPointer
  /// What to hand back to the allocator; 0 for borrowed memory.
  var size: Int
  var references: UInt32
  /// Counts changes in place.
  var version: UInt32
  var deleter: (@convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?) -> Void)?
  var user: UnsafeMutableRawPointer?
}

/// What an operation was told besides its inputs; which field means what is said at each operation.
struct Attributes {
  var dims = Dims()
  var a = 0
  var b = 0
  var c = 0
  var x = 0.0
  var y = 0.0
  /// A second list beside `dims`, for those who need one.
  var more = Dims()
}
