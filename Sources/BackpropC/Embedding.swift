// Section 12: embedding with options, and bags.
import Backprop
import CBackprop

private func fill(_ o: inout EmbeddingOptions, _ padding: Int64, _ maxNorm: Double, _ normType: Double, _ scale: Int32) {
  o.padding = padding == .min ? nil : Int(padding)
  o.maxNorm = maxNorm == 0 ? nil : maxNorm
  o.normType = normType
  o.scaleGradient = scale != 0
}

@_cdecl("bp_embedding_with") @implementation public func bp_embedding_with(
  _ indices: OpaquePointer?, _ weight: OpaquePointer?, _ options: UnsafePointer<bp_embedding_options>?
) -> OpaquePointer? {
  binary("embedding", indices, weight) { (i, w) throws(Failure) in
    var o = EmbeddingOptions()
    if let given = options?.pointee {
      try checkSize(given.struct_size, MemoryLayout<bp_embedding_options>.size, "embedding")
      fill(&o, given.padding_idx, given.max_norm, given.norm_type, given.scale_grad_by_freq)
    }
    return try i.embedding(w, o)
  }
}

@_cdecl("bp_embedding_bag") @implementation public func bp_embedding_bag(
  _ indices: OpaquePointer?, _ weight: OpaquePointer?, _ offsets: OpaquePointer?, _ options: UnsafePointer<bp_embedding_bag_options>?
) -> OpaquePointer? {
  let name: StaticString = "embedding_bag"
  return binary(name, indices, weight) { (i, w) throws(Failure) in
    var o = EmbeddingOptions()
    if let given = options?.pointee {
      try checkSize(given.struct_size, MemoryLayout<bp_embedding_bag_options>.size, name)
      fill(&o, given.padding_idx, given.max_norm, given.norm_type, given.scale_grad_by_freq)
      guard let mode = EmbeddingOptions.Mode(rawValue: given.mode) else {
        throw Failure(.argument, "\(name): mode \(Int(given.mode)) is none of sum (0), mean (1), max (2)")
      }
      o.mode = mode
      o.perSampleWeights = try optional(given.per_sample_weights, name)
      o.includeLastOffset = given.include_last_offset != 0
    }
    return try i.embeddingBag(w, optional(offsets, name), o)
  }
}
