// Section 13: attention, rotary embedding.
import Backprop
import CBackprop

@_cdecl("bp_scaled_dot_product_attention") @implementation public func bp_scaled_dot_product_attention(
  _ query: OpaquePointer?, _ key: OpaquePointer?, _ value: OpaquePointer?, _ attn_mask: OpaquePointer?,
  _ options: UnsafePointer<bp_attention_options>?
) -> OpaquePointer? {
  let name: StaticString = "scaled_dot_product_attention"
  return ternary(name, query, key, value) { (q, k, v) throws(Failure) in
    var o = AttentionOptions()
    if let given = options?.pointee {
      try checkSize(given.struct_size, MemoryLayout<bp_attention_options>.size, name)
      o.isCausal = given.is_causal != 0
      o.enableGQA = given.enable_gqa != 0
      o.dropout = given.dropout_p
      o.scale = given.has_scale != 0 ? given.scale : nil
    }
    return try q.attention(k, v, mask: optional(attn_mask, name), o)
  }
}

@_cdecl("bp_rotary_embedding") @implementation public func bp_rotary_embedding(
  _ x: OpaquePointer?, _ positions: OpaquePointer?, _ base: Double, _ rotary_dim: Int64, _ interleaved: Int32
) -> OpaquePointer? {
  unary("rotary_embedding", x) { (x) throws(Failure) in
    var o = RotaryOptions()
    o.base = base
    o.size = rotary_dim == .min ? nil : Int(rotary_dim)
    o.interleaved = interleaved != 0
    return try x.rotaryEmbedding(optional(positions, "rotary_embedding"), o)
  }
}
