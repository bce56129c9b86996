// Every operation. The graph stores the number, tests and bindings are checked against the names.
import KernelAPI

/// The recorded operations; `leaf` marks a tensor that no operation made.
enum Operation: UInt16, CaseIterable {
  case leaf
  case add, sub, mul, div, pow, maximum, minimum
  case eq, ne, lt, le, gt, ge, logicalNot
  case neg, abs, sign, square, sqrt, rsqrt, reciprocal, exp, log, sin, cos, erf
  case relu, sigmoid, tanh, gelu, softplus, clamp, `where`, cast
  case sum, amax, amin, argmax, argmin
  case matmul, linear
  case reshape, permute, expand, slice, cat, clone, detach
  case gather, scatterAdd, indexSelect, indexAdd
  case flip, tril, triu, pad, asStrided, asStridedScatter, index, indexPut, scatterReduce
  case softmax, logSoftmax, layerNorm, rmsNorm, batchNorm, groupNorm, crossEntropy, binaryCrossEntropyWithLogits
  case scaledDotProductAttention, lstm, gru, rnnTanh, rnnRelu
  case conv2d, convTranspose2d, maxPool2d, avgPool2d
  case prod, cumsum, cumprod, logcumsumexp, logsumexp, median
  case binaryCrossEntropy, ctcLoss
  case exp2, expm1, log2, log10, log1p, logit, tan, asin, acos, atan, sinh, cosh, asinh, acosh, atanh, erfc
  case erfinv, erfcx, ndtri, logNdtr, lgamma, digamma, polygamma, i0, i0e, i1, i1e, floor, ceil, trunc, round
  case atan2, hypot, copysign, xlogy, logaddexp, logaddexp2, nextafter, floorDivide, remainder, fmod
  case silu, mish, elu, leakyRelu, hardswish, hardtanh
  case cholesky, solveTriangular, solve, inverse, det, slogdet, lu, qr, eigh, svd, pinverse
  case conv2dWeight  // from here on parts of others, without a public name
  case truncDivide  // div with a rounding mode
  case linearRecurrence, scaledGradient
  case resample, resampleTranspose, maxUnpool
  case custom

  var rule: RuleRecord {
    switch self {
    case .leaf: RuleRecord(Leaf.self)
    case .add: RuleRecord(Add.self)
    case .sub: RuleRecord(Sub.self)
    case .mul: RuleRecord(Mul.self)
    case .div: RuleRecord(Div.self)
    case .pow: RuleRecord(Pow.self)
    case .maximum: RuleRecord(Maximum.self)
    case .minimum: RuleRecord(Minimum.self)
    case .eq: RuleRecord(Compare<Equal>.self)
    case .ne: RuleRecord(Compare<NotEqual>.self)
    case .lt: RuleRecord(Compare<Less>.self)
    case .le: RuleRecord(Compare<LessOrEqual>.self)
    case .gt: RuleRecord(Compare<Greater>.self)
    case .ge: RuleRecord(Compare<GreaterOrEqual>.self)
    case .logicalNot: RuleRecord(LogicalNot.self)
    case .neg: RuleRecord(Neg.self)
    case .abs: RuleRecord(Abs.self)
    case .sign: RuleRecord(Sign.self)
    case .square: RuleRecord(Square.self)
    case .sqrt: RuleRecord(Sqrt.self)
    case .rsqrt: RuleRecord(Rsqrt.self)
    case .reciprocal: RuleRecord(Reciprocal.self)
    case .exp: RuleRecord(Exp.self)
    case .log: RuleRecord(Log.self)
    case .sin: RuleRecord(Sin.self)
    case .cos: RuleRecord(Cos.self)
    case .erf: RuleRecord(Erf.self)
    case .relu: RuleRecord(Relu.self)
    case .sigmoid: RuleRecord(Sigmoid.self)
    case .tanh: RuleRecord(Tanh.self)
    case .gelu: RuleRecord(Gelu.self)
    case .softplus: RuleRecord(Softplus.self)
    case .clamp: RuleRecord(Clamp.self)
    case .where: RuleRecord(Where.self)
    case .cast: RuleRecord(Cast.self)
    case .sum: RuleRecord(Sum.self)
    case .amax: RuleRecord(Amax.self)
    case .amin: RuleRecord(Amin.self)
    case .argmax: RuleRecord(Argmax.self)
    case .argmin: RuleRecord(Argmin.self)
    case .matmul: RuleRecord(Matmul.self)
    case .linear: RuleRecord(LinearMap.self)
    case .reshape: RuleRecord(Reshape.self)
    case .permute: RuleRecord(Permute.self)
    case .expand: RuleRecord(Expand.self)
    case .slice: RuleRecord(Slice.self)
    case .cat: RuleRecord(Cat.self)
    case .clone: RuleRecord(Clone.self)
    case .detach: RuleRecord(Detach.self)
    case .gather: RuleRecord(Gather.self)
    case .scatterAdd: RuleRecord(ScatterAdd.self)
    case .indexSelect: RuleRecord(IndexSelect.self)
    case .indexAdd: RuleRecord(IndexAdd.self)
    case .flip: RuleRecord(Flip.self)
    case .tril: RuleRecord(Triangle<Lower>.self)
    case .triu: RuleRecord(Triangle<Upper>.self)
    case .pad: RuleRecord(ConstantPad.self)
    case .asStrided: RuleRecord(AsStrided.self)
    case .asStridedScatter: RuleRecord(AsStridedScatter.self)
    case .index: RuleRecord(Index.self)
    case .indexPut: RuleRecord(IndexPut.self)
    case .scatterReduce: RuleRecord(ScatterReduce.self)
    case .softmax: RuleRecord(Softmax.self)
    case .logSoftmax: RuleRecord(LogSoftmax.self)
    case .layerNorm: RuleRecord(LayerNorm.self)
    case .rmsNorm: RuleRecord(RMSNorm.self)
    case .batchNorm: RuleRecord(BatchNorm.self)
    case .groupNorm: RuleRecord(GroupNorm.self)
    case .crossEntropy: RuleRecord(CrossEntropy.self)
    case .binaryCrossEntropyWithLogits: RuleRecord(BinaryCrossEntropyWithLogits.self)
    case .scaledDotProductAttention: RuleRecord(Attention.self)
    case .lstm: RuleRecord(Recurrent<LSTMCell>.self)
    case .gru: RuleRecord(Recurrent<GRUCell>.self)
    case .rnnTanh: RuleRecord(Recurrent<TanhCell>.self)
    case .rnnRelu: RuleRecord(Recurrent<ReluCell>.self)
    case .conv2d: RuleRecord(Conv2d.self)
    case .convTranspose2d: RuleRecord(ConvTranspose2d.self)
    case .maxPool2d: RuleRecord(MaxPool2d.self)
    case .avgPool2d: RuleRecord(AvgPool2d.self)
    case .prod: RuleRecord(Prod.self)
    case .cumsum: RuleRecord(Cumsum.self)
    case .cumprod: RuleRecord(Cumprod.self)
    case .logcumsumexp: RuleRecord(LogCumsumExp.self)
    case .logsumexp: RuleRecord(LogSumExp.self)
    case .median: RuleRecord(Median.self)
    case .exp2: RuleRecord(Exp2.self)
    case .expm1: RuleRecord(Expm1.self)
    case .log2: RuleRecord(Log2.self)
    case .log10: RuleRecord(Log10.self)
    case .log1p: RuleRecord(Log1p.self)
    case .logit: RuleRecord(Logit.self)
    case .tan: RuleRecord(Tan.self)
    case .asin: RuleRecord(Asin.self)
    case .acos: RuleRecord(Acos.self)
    case .atan: RuleRecord(Atan.self)
    case .sinh: RuleRecord(Sinh.self)
    case .cosh: RuleRecord(Cosh.self)
    case .asinh: RuleRecord(Asinh.self)
    case .acosh: RuleRecord(Acosh.self)
    case .atanh: RuleRecord(Atanh.self)
    case .erfc: RuleRecord(Erfc.self)
    case .erfinv: RuleRecord(Erfinv.self)
    case .erfcx: RuleRecord(Erfcx.self)
    case .ndtri: RuleRecord(Ndtri.self)
    case .logNdtr: RuleRecord(LogNdtr.self)
    case .lgamma: RuleRecord(Lgamma.self)
    case .digamma: RuleRecord(Digamma.self)
    case .polygamma: RuleRecord(Polygamma.self)
    case .i0: RuleRecord(I0.self)
    case .i0e: RuleRecord(I0e.self)
    case .i1: RuleRecord(I1.self)
    case .i1e: RuleRecord(I1e.self)
    case .floor: RuleRecord(Floor.self)
    case .ceil: RuleRecord(Ceil.self)
    case .trunc: RuleRecord(Trunc.self)
    case .round: RuleRecord(Round.self)
    case .atan2: RuleRecord(Atan2.self)
    case .hypot: RuleRecord(Hypot.self)
    case .copysign: RuleRecord(Copysign.self)
    case .xlogy: RuleRecord(Xlogy.self)
    case .logaddexp: RuleRecord(LogAddExp.self)
    case .logaddexp2: RuleRecord(LogAddExp2.self)
    case .nextafter: RuleRecord(Nextafter.self)
    case .floorDivide: RuleRecord(FloorDivide.self)
    case .remainder: RuleRecord(Remainder.self)
    case .fmod: RuleRecord(Fmod.self)
    case .silu: RuleRecord(Silu.self)
    case .mish: RuleRecord(Mish.self)
    case .elu: RuleRecord(Elu.self)
    case .leakyRelu: RuleRecord(LeakyRelu.self)
    case .hardswish: RuleRecord(Hardswish.self)
    case .hardtanh: RuleRecord(Hardtanh.self)
    case .cholesky: RuleRecord(Cholesky.self)
    case .solveTriangular: RuleRecord(SolveTriangular.self)
    case .solve: RuleRecord(Solve.self)
    case .inverse: RuleRecord(Inverse.self)
    case .det: RuleRecord(Det.self)
    case .slogdet: RuleRecord(Slogdet.self)
    case .lu: RuleRecord(LU.self)
    case .qr: RuleRecord(QR.self)
    case .eigh: RuleRecord(Eigh.self)
    case .svd: RuleRecord(SVD.self)
    case .pinverse: RuleRecord(Pinverse.self)
    case .conv2dWeight: RuleRecord(Conv2dWeight.self)
    case .truncDivide: RuleRecord(TruncDivide.self)
    case .linearRecurrence: RuleRecord(LinearRecurrence.self)
    case .binaryCrossEntropy: RuleRecord(BinaryCrossEntropy.self)
    case .ctcLoss: RuleRecord(CTCLoss.self)
    case .scaledGradient: RuleRecord(ScaledGradient.self)
    case .resample: RuleRecord(Resample.self)
    case .resampleTranspose: RuleRecord(ResampleTranspose.self)
    case .maxUnpool: RuleRecord(MaxUnpool.self)
    case .custom: RuleRecord(Custom.self)
    }
  }
}

/// Operations put together from recorded ones: the names by family, each ended by a zero byte.
private let composites: StaticString = """
  frac\0sinc\0deg2rad\0rad2deg\0nan_to_num\0lerp\0addcmul\0addcdiv\0rsub\0ldexp\0float_power\0heaviside\0fmax\0fmin\0clamp_min\0clamp_max\0\
  logical_and\0logical_or\0logical_xor\0isnan\0isinf\0isfinite\0signbit\0\
  bitwise_and\0bitwise_or\0bitwise_xor\0bitwise_not\0bitwise_left_shift\0bitwise_right_shift\0gcd\0lcm\0\
  relu6\0selu\0celu\0hardsigmoid\0hardshrink\0softshrink\0tanhshrink\0softsign\0logsigmoid\0threshold\0softmin\0glu\0prelu\0rrelu\0\
  max\0min\0mean\0var\0\
  std\0var_mean\0std_mean\0any\0all\0count_nonzero\0nansum\0nanmean\0aminmax\0norm\0normalize\0cosine_similarity\0pairwise_distance\0\
  sort\0argsort\0msort\0topk\0nanmedian\0kthvalue\0mode\0cummax\0cummin\0unique\0unique_consecutive\0\
  mm\0mv\0bmm\0dot\0vdot\0inner\0outer\0addmm\0addmv\0addbmm\0baddbmm\0addr\0einsum\0tensordot\0kron\0trace\0logdet\0\
  flatten\0transpose\0squeeze\0unsqueeze\0select\0stack\0contiguous\0\
  movedim\0roll\0diagonal\0diag\0diag_embed\0repeat\0repeat_interleave\0tile\0unflatten\0narrow\0split\0chunk\0unbind\0unfold_dim\0\
  slice_scatter\0select_scatter\0diagonal_scatter\0scatter\0index_copy\0index_fill\0index_reduce\0take\0put\0take_along_dim\0\
  masked_fill\0masked_select\0masked_scatter\0nonzero\0one_hot\0\
  embedding\0embedding_bag\0rotary_embedding\0\
  dropout\0dropout1d\0dropout2d\0dropout3d\0alpha_dropout\0feature_alpha_dropout\0\
  instance_norm\0local_response_norm\0\
  mse_loss\0nll_loss\0l1_loss\0smooth_l1_loss\0huber_loss\0kl_div\0gaussian_nll_loss\0poisson_nll_loss\0soft_margin_loss\0\
  hinge_embedding_loss\0margin_ranking_loss\0cosine_embedding_loss\0triplet_margin_loss\0\
  multi_margin_loss\0multilabel_margin_loss\0multilabel_soft_margin_loss\0\
  conv1d\0conv3d\0conv_transpose1d\0conv_transpose3d\0im2col\0col2im\0\
  max_pool1d\0max_pool3d\0avg_pool1d\0avg_pool3d\0lp_pool1d\0lp_pool2d\0lp_pool3d\0max_unpool1d\0max_unpool2d\0max_unpool3d\0\
  adaptive_avg_pool1d\0adaptive_avg_pool2d\0adaptive_avg_pool3d\0adaptive_max_pool1d\0adaptive_max_pool2d\0adaptive_max_pool3d\0\
  interpolate\0grid_sample\0affine_grid\0
  """

/// The names of all operations, in table order: PyTorch's.
package enum OperationTable {
  package static var count: Int {
    var n = recorded
    for i in 0..<composites.utf8CodeUnitCount where composites.utf8Start[i] == 0 { n += 1 }
    return n
  }
  private static var recorded: Int { Int(Operation.conv2dWeight.rawValue) - 1 }
  /// Ended by a zero byte; i from 0 to count − 1.
  package static func name(_ i: Int) -> UnsafePointer<UInt8> {
    if i < recorded, let operation = Operation(rawValue: UInt16(truncatingIfNeeded: i + 1)) { return operation.rule.name.utf8Start }
    var p = composites.utf8Start
    for _ in recorded..<i {
      while p.pointee != 0 { p += 1 }
      p += 1
    }
    return p
  }
}

enum Leaf: NonDifferentiableRule {
  static var name: StaticString { "leaf" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 { c.input(0) }
}
