// Section 13: recurrent layers.
import Backprop
import CBackprop
import KernelAPI

@inline(never) private func recurrent(
  _ name: StaticString, _ kind: RecurrentKind, _ x: OpaquePointer?, _ h0: OpaquePointer?, _ c0: OpaquePointer?,
  _ w: UnsafePointer<bp_recurrent_weights>?, _ reverse: Int32, _ h: UnsafeMutablePointer<OpaquePointer?>?, _ c: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  h?.pointee = nil
  c?.pointee = nil
  return unary(name, x) { (x) throws(Failure) in
    guard let w = w?.pointee else { throw Failure(.argument, "\(name): weights is NULL") }
    try checkSize(w.struct_size, MemoryLayout<bp_recurrent_weights>.size, name)
    guard let input = try optional(w.weight_ih, name), let hidden = try optional(w.weight_hh, name) else {
      throw Failure(.handle, "\(name): weight_ih or weight_hh is NULL")
    }
    let y = try x.recurrent(
      kind, h0: optional(h0, name), c0: optional(c0, name),
      RecurrentWeights(input, hidden, optional(w.bias_ih, name), optional(w.bias_hh, name)), reverse: reverse != 0)
    if let h { h.pointee = y.last.handle.pointer } else { y.last.release() }
    if let c { c.pointee = y.lastCell?.handle.pointer } else { y.lastCell?.release() }
    return y.states
  }
}

@_cdecl("bp_lstm") @implementation public func bp_lstm(
  _ x: OpaquePointer?, _ h0: OpaquePointer?, _ c0: OpaquePointer?, _ weights: UnsafePointer<bp_recurrent_weights>?, _ reverse: Int32,
  _ h: UnsafeMutablePointer<OpaquePointer?>?, _ c: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? { recurrent("lstm", .lstm, x, h0, c0, weights, reverse, h, c) }
@_cdecl("bp_gru") @implementation public func bp_gru(
  _ x: OpaquePointer?, _ h0: OpaquePointer?, _ weights: UnsafePointer<bp_recurrent_weights>?, _ reverse: Int32,
  _ h: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? { recurrent("gru", .gru, x, h0, nil, weights, reverse, h, nil) }
@_cdecl("bp_rnn_tanh") @implementation public func bp_rnn_tanh(
  _ x: OpaquePointer?, _ h0: OpaquePointer?, _ weights: UnsafePointer<bp_recurrent_weights>?, _ reverse: Int32,
  _ h: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? { recurrent("rnn_tanh", .tanh, x, h0, nil, weights, reverse, h, nil) }
@_cdecl("bp_rnn_relu") @implementation public func bp_rnn_relu(
  _ x: OpaquePointer?, _ h0: OpaquePointer?, _ weights: UnsafePointer<bp_recurrent_weights>?, _ reverse: Int32,
  _ h: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? { recurrent("rnn_relu", .relu, x, h0, nil, weights, reverse, h, nil) }
