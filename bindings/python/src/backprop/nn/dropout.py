"""Dropout of elements and channels."""

from . import functional as F
from .activation import in_place
from .module import Module


class _DropoutNd(Module):
    _function = None

    def __init__(self, p=0.5, inplace=False):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p, self.inplace = p, inplace

    def forward(self, input):
        if self.inplace:
            return in_place(self._function, input, self.p, self.training)
        return self._function(input, self.p, self.training)

    def extra_repr(self):
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_DropoutNd):
    """In training each element is 0 with probability p, the others are multiplied by 1/(1 − p); in evaluation x itself
    (Srivastava et al. 2014). ValueError for p outside 0 … 1.

        >>> drop = backprop.nn.Dropout(0.5)
        >>> set(drop(backprop.ones(1000)).tolist())
        {0.0, 2.0}
        >>> drop.eval()(backprop.ones(3))
        tensor([1., 1., 1.])
    """

    _function = staticmethod(F.dropout)


class Dropout1d(_DropoutNd):
    """Dropout of whole channels of [N, C, L] or [C, L]."""

    _function = staticmethod(F.dropout1d)


class Dropout2d(_DropoutNd):
    """Dropout of whole channels of [N, C, H, W]."""

    _function = staticmethod(F.dropout2d)


class Dropout3d(_DropoutNd):
    """Dropout of whole channels of [N, C, D, H, W] or [C, D, H, W]."""

    _function = staticmethod(F.dropout3d)


class AlphaDropout(_DropoutNd):
    """Dropout for SELU: dropped elements get its lower limit, and mean 0 and variance 1 stay (Klambauer et al. 2017)."""

    _function = staticmethod(F.alpha_dropout)


class FeatureAlphaDropout(_DropoutNd):
    """AlphaDropout of whole channels of [N, C, …]."""

    _function = staticmethod(F.feature_alpha_dropout)
