"""Networks from modules: parameters with names, layers, losses."""

from . import functional
from .module import Module, ModuleList, Parameter, Sequential
from .layers import (
    BCEWithLogitsLoss, CrossEntropyLoss, Dropout, Flatten, GELU, Identity, LayerNorm, Linear, LogSoftmax, MSELoss,
    NLLLoss, ReLU, Sigmoid, Softmax, Tanh,
)
from .norms import BatchNorm1d, BatchNorm2d, BatchNorm3d, GroupNorm, RMSNorm
from .sparse import Embedding

__all__ = [
    "functional", "Module", "ModuleList", "Parameter", "Sequential", "BCEWithLogitsLoss", "CrossEntropyLoss", "Dropout", "Embedding",
    "Flatten", "GELU", "Identity", "LayerNorm", "Linear", "LogSoftmax", "MSELoss", "ReLU", "Sigmoid", "Softmax", "Tanh",
    "NLLLoss", "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "GroupNorm", "RMSNorm",
]
