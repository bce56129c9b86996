"""Networks from modules: layers, containers and losses with parameters that have names. PyTorch's classes, options,
initial values and state_dict keys.

    >>> from backprop import nn
    >>> net = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))
    >>> net
    Sequential(
      (0): Linear(in_features=4, out_features=16, bias=True)
      (1): ReLU()
      (2): Linear(in_features=16, out_features=3, bias=True)
    )
    >>> scores = net(backprop.randn(8, 4))
    >>> loss = nn.CrossEntropyLoss()(scores, backprop.zeros(8, dtype=backprop.int64))
    >>> loss.backward()
    >>> [(name, tuple(p.grad.shape)) for name, p in net.named_parameters()]
    [('0.weight', (16, 4)), ('0.bias', (16,)), ('2.weight', (3, 16)), ('2.bias', (3,))]

A network of one's own is a class: help(nn.Module). Where to find what:

    containers      Sequential, ModuleList, ModuleDict, ParameterList, ParameterDict
    layers          Linear, Bilinear, Embedding, EmbeddingBag, Flatten, Identity
    images          Conv1d … Conv3d, ConvTranspose1d …, MaxPool, AvgPool, Adaptive…, padding, Upsample, PixelShuffle, Fold
    norms, dropout  BatchNorm1d …, LayerNorm, GroupNorm, RMSNorm, InstanceNorm1d …, Dropout, AlphaDropout
    sequences       RNN, LSTM, GRU and their cells, MultiheadAttention, Transformer and its parts
    activations     ReLU, GELU, SiLU, Tanh, Softmax, … and losses: MSELoss, CrossEntropyLoss, BCEWithLogitsLoss, CTCLoss, …

nn.functional has the functions behind them, nn.init initial values, nn.utils what helps around training; from_text()
makes a network from one line. Layers compute in float32 or float64.
"""

from . import functional, init, utils
from .module import Buffer, Module, Parameter
from .containers import ModuleDict, ModuleList, ParameterDict, ParameterList, Sequential
from .activation import (
    CELU, ELU, GELU, GLU, Hardshrink, Hardsigmoid, Hardswish, Hardtanh, LeakyReLU, LogSigmoid, LogSoftmax, Mish, PReLU, ReLU, ReLU6, RReLU, SELU,
    Sigmoid, SiLU, Softmax, Softmax2d, Softmin, Softplus, Softshrink, Softsign, Tanh, Tanhshrink, Threshold,
)
from .layers import Bilinear, Flatten, Identity, LayerNorm, Linear
from .dropout import AlphaDropout, Dropout, Dropout1d, Dropout2d, Dropout3d, FeatureAlphaDropout
from .loss import (
    BCELoss, BCEWithLogitsLoss, CosineEmbeddingLoss, CrossEntropyLoss, CTCLoss, GaussianNLLLoss, HingeEmbeddingLoss, HuberLoss, KLDivLoss,
    L1Loss, LinearCrossEntropyLoss, MarginRankingLoss, MSELoss, MultiLabelMarginLoss, MultiLabelSoftMarginLoss, MultiMarginLoss, NLLLoss,
    PoissonNLLLoss, SmoothL1Loss, SoftMarginLoss, TripletMarginLoss, TripletMarginWithDistanceLoss,
)
from .norms import (
    BatchNorm1d, BatchNorm2d, BatchNorm3d, CrossMapLRN2d, GroupNorm, InstanceNorm1d, InstanceNorm2d, InstanceNorm3d, LocalResponseNorm, RMSNorm,
)
from .adaptive import AdaptiveLogSoftmaxWithLoss
from .attention import MultiheadAttention
from .transformer import Transformer, TransformerDecoder, TransformerDecoderLayer, TransformerEncoder, TransformerEncoderLayer
from .rnn import GRU, GRUCell, LSTM, LSTMCell, RNN, RNNBase, RNNCell, RNNCellBase
from .distance import CosineSimilarity, PairwiseDistance
from .sparse import Embedding, EmbeddingBag
from .convolution import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from .pooling import (
    AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveAvgPool3d, AdaptiveMaxPool1d, AdaptiveMaxPool2d, AdaptiveMaxPool3d, AvgPool1d, AvgPool2d,
    AvgPool3d, Fold, FractionalMaxPool2d, FractionalMaxPool3d, LPPool1d, LPPool2d, LPPool3d, MaxPool1d, MaxPool2d, MaxPool3d, MaxUnpool1d,
    MaxUnpool2d, MaxUnpool3d, Unfold,
)
from .upsampling import Upsample, UpsamplingBilinear2d, UpsamplingNearest2d
from .padding import (
    ChannelShuffle, CircularPad1d, CircularPad2d, CircularPad3d, ConstantPad1d, ConstantPad2d, ConstantPad3d, PixelShuffle, PixelUnshuffle,
    ReflectionPad1d, ReflectionPad2d, ReflectionPad3d, ReplicationPad1d, ReplicationPad2d, ReplicationPad3d, Unflatten, ZeroPad1d, ZeroPad2d,
    ZeroPad3d,
)

__all__ = [
    "functional", "utils", "Module", "ModuleList", "Parameter", "Sequential", "BCEWithLogitsLoss", "Bilinear", "CrossEntropyLoss", "Dropout", "Embedding",
    "Flatten", "Identity", "LayerNorm", "Linear", "MSELoss",
    "NLLLoss", "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "GroupNorm", "RMSNorm",
]
__all__ += ["GRU", "GRUCell", "LSTM", "LSTMCell", "RNN", "RNNBase", "RNNCell", "RNNCellBase"]
__all__ += ["CosineSimilarity", "PairwiseDistance"]
__all__ += ["AlphaDropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout", "EmbeddingBag"]
__all__ += [
    "BCELoss", "CosineEmbeddingLoss", "CTCLoss", "GaussianNLLLoss", "HingeEmbeddingLoss", "HuberLoss", "KLDivLoss", "L1Loss",
    "LinearCrossEntropyLoss", "MarginRankingLoss", "MultiLabelMarginLoss", "MultiLabelSoftMarginLoss", "MultiMarginLoss", "PoissonNLLLoss",
    "SmoothL1Loss", "SoftMarginLoss", "TripletMarginLoss", "TripletMarginWithDistanceLoss",
]
__all__ += ["CrossMapLRN2d", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d", "LocalResponseNorm"]
__all__ += ["MultiheadAttention", "Transformer", "TransformerDecoder", "TransformerDecoderLayer", "TransformerEncoder", "TransformerEncoderLayer"]
__all__ += ["CELU", "ELU", "GELU", "GLU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh", "LeakyReLU", "LogSigmoid", "LogSoftmax", "Mish", "PReLU",
            "ReLU", "ReLU6", "RReLU", "SELU", "Sigmoid", "SiLU", "Softmax", "Softmax2d", "Softmin", "Softplus", "Softshrink", "Softsign", "Tanh",
            "Tanhshrink", "Threshold"]
__all__ += [
    "Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d",
    "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "AdaptiveMaxPool1d", "AdaptiveMaxPool2d", "AdaptiveMaxPool3d",
    "AvgPool1d", "AvgPool2d", "AvgPool3d", "Fold", "FractionalMaxPool2d", "FractionalMaxPool3d", "LPPool1d", "LPPool2d", "LPPool3d",
    "MaxPool1d", "MaxPool2d", "MaxPool3d", "MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d", "Unfold",
    "Upsample", "UpsamplingBilinear2d", "UpsamplingNearest2d",
    "ChannelShuffle", "CircularPad1d", "CircularPad2d", "CircularPad3d", "ConstantPad1d", "ConstantPad2d", "ConstantPad3d",
    "PixelShuffle", "PixelUnshuffle", "ReflectionPad1d", "ReflectionPad2d", "ReflectionPad3d", "ReplicationPad1d", "ReplicationPad2d",
    "ReplicationPad3d", "Unflatten", "ZeroPad1d", "ZeroPad2d", "ZeroPad3d",
]
__all__ += ["AdaptiveLogSoftmaxWithLoss", "Buffer"]
__all__ += [f"Lazy{kind}{n}d" for kind in ("Conv", "ConvTranspose", "BatchNorm", "InstanceNorm") for n in (1, 2, 3)] + ["LazyLinear", "UninitializedParameter"]
__all__ += ["DataParallel", "ModuleDict", "ParameterDict", "ParameterList", "init", "from_text", "signatures"]


def __getattr__(name):
    if name.startswith("Lazy") or name == "UninitializedParameter":
        from . import lazy
        return getattr(lazy, name)
    if name in ("from_text", "signatures", "TextModule"):
        from . import text
        return getattr(text, name)
    if name in ("modules", "parallel", "parameter"):
        from importlib import import_module
        return import_module("backprop.nn." + name)
    if name == "DataParallel":
        from .parallel import DataParallel
        return DataParallel
    raise AttributeError(f"module 'backprop.nn' has no attribute '{name}'")
