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
  case softmax, logSoftmax, layerNorm, rmsNorm, batchNorm, groupNorm, crossEntropy, binaryCrossEntropyWithLogits
  case scaledDotProductAttention, lstm, gru, rnnTanh, rnnRelu
  case conv2d, convTranspose2d, maxPool2d, avgPool2d
  case conv2dWeight  // recorded by second derivatives only; from here on without a public name

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
    case .conv2dWeight: RuleRecord(Conv2dWeight.self)
    }
  }
}

/// Operations put together from recorded ones.
private let composite: InlineArray<19, StaticString> = [
  "max", "min", "mean", "var", "flatten", "transpose", "squeeze", "unsqueeze", "select", "stack", "contiguous", "embedding",
  "dropout", "mse_loss", "nll_loss", "conv1d", "max_pool1d", "avg_pool1d", "adaptive_avg_pool2d",
]

/// The names of all operations, in table order: PyTorch's.
package enum OperationTable {
  package static var count: Int { recorded + composite.count }
  private static var recorded: Int { Int(Operation.conv2dWeight.rawValue) - 1 }
  /// i from 0 to count − 1.
  package static func name(_ i: Int) -> StaticString {
    if i < recorded, let operation = Operation(rawValue: UInt16(truncatingIfNeeded: i + 1)) { return operation.rule.name }
    return composite[i - recorded]
  }
}

enum Leaf: NonDifferentiableRule {
  static var name: StaticString { "leaf" }
  static func forward(_ c: inout Call) throws(Failure) -> UInt32 { c.input(0) }
}
