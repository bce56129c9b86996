"""Networks from modules: parameters with names, layers, losses."""

from . import functional, utils
from .module import Module, ModuleList, Parameter, Sequential
from .layers import (
    BCEWithLogitsLoss, CrossEntropyLoss, Dropout, Flatten, GELU, Identity, LayerNorm, Linear, LogSoftmax, MSELoss,
    NLLLoss, ReLU, Sigmoid, Softmax, Tanh,
)
from .norms import BatchNorm1d, BatchNorm2d, BatchNorm3d, GroupNorm, RMSNorm
from .rnn import GRU, GRUCell, LSTM, LSTMCell, RNN, RNNBase, RNNCell, RNNCellBase
from .sparse import Embedding
from .distance import CosineSimilarity, PairwiseDistance
from .convolution import (
    AdaptiveAvgPool2d, AvgPool1d, AvgPool2d, Conv1d, Conv2d, ConvTranspose2d, MaxPool1d, MaxPool2d,
)

__all__ = [
    "AdaptiveAvgPool2d", "AvgPool1d", "AvgPool2d", "Conv1d", "Conv2d", "ConvTranspose2d", "MaxPool1d", "MaxPool2d",
    "functional", "utils", "Module", "ModuleList", "Parameter", "Sequential", "BCEWithLogitsLoss", "CrossEntropyLoss", "Dropout", "Embedding",
    "Flatten", "GELU", "Identity", "LayerNorm", "Linear", "LogSoftmax", "MSELoss", "ReLU", "Sigmoid", "Softmax", "Tanh",
    "NLLLoss", "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "GroupNorm", "RMSNorm",
]
__all__ += ["GRU", "GRUCell", "LSTM", "LSTMCell", "RNN", "RNNBase", "RNNCell", "RNNCellBase"]
__all__ += ["CosineSimilarity", "PairwiseDistance"]
