"""Normalisation over batches, groups, samples and rows. The functions are the library's; here are their PyTorch modules."""

from .. import _core
from . import functional as F
from .layers import LayerNorm as LayerNorm
from .layers import _plain
from .module import Module, Parameter


class _TrackedNorm(Module):
    """Weights and running statistics of batch and instance norm."""

    _ranks = ()
    _shapes = ""

    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True, device=None, dtype=None, *, bias=True):
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self.register_parameter("weight", Parameter(_core.ones(num_features)) if affine else None)
        self.register_parameter("bias", Parameter(_core.zeros(num_features)) if affine and bias else None)
        self.register_buffer("running_mean", _core.zeros(num_features) if track_running_stats else None)
        self.register_buffer("running_var", _core.ones(num_features) if track_running_stats else None)
        self.register_buffer("num_batches_tracked", _core.tensor(0) if track_running_stats else None)
        if dtype is not None or device is not None:
            self.to(device=device, dtype=dtype)

    def reset_running_stats(self):
        if self.track_running_stats:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self):
        self.reset_running_stats()
        if self.affine:
            self.weight.data.fill_(1)
            if self.bias is not None:
                self.bias.data.zero_()

    def extra_repr(self):
        return (f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
                f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}")


class _BatchNorm(_TrackedNorm):
    def forward(self, input):
        if input.ndim not in self._ranks:
            raise ValueError(f"expected {self._shapes} input (got {input.ndim}D input)")
        momentum = 0.0 if self.momentum is None else self.momentum
        if self.training and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            if self.momentum is None:  # a plain average of all batches so far
                momentum = 1 / self.num_batches_tracked.item()
        by_batch = self.training or self.running_mean is None
        tracked = not self.training or self.track_running_stats
        return F.batch_norm(input, self.running_mean if tracked else None, self.running_var if tracked else None, self.weight, self.bias,
                            by_batch, momentum, self.eps)


class BatchNorm1d(_BatchNorm):
    """(x − μ)/√(σ² + eps)·w + b for each channel of [N, C] or [N, C, L] (Ioffe and Szegedy 2015).

    In training μ and σ² (biased) are the batch's, and running_mean, running_var move towards them: r ← (1 − momentum)·r
    + momentum·new (σ² unbiased; momentum None: the plain mean of all batches); in evaluation those are used.
    track_running_stats=False: always the batch's. ValueError for a batch with one value per channel.

    state_dict: weight, bias [C] (affine), running_mean, running_var [C], num_batches_tracked.

        >>> norm = backprop.nn.BatchNorm1d(1)
        >>> norm(backprop.tensor([[1.], [3.]])).tolist()
        [[-0.9999949932098389], [0.9999949932098389]]
        >>> norm.running_mean                 # 0.9·0 + 0.1·2
        tensor([0.2000])
    """

    _ranks, _shapes = (2, 3), "2D or 3D"


class BatchNorm2d(_BatchNorm):
    """BatchNorm1d for images [N, C, H, W]: statistics over N, H and W."""

    _ranks, _shapes = (4,), "4D"


class BatchNorm3d(_BatchNorm):
    """BatchNorm1d for volumes [N, C, D, H, W]: statistics over N, D, H and W."""

    _ranks, _shapes = (5,), "5D"


class GroupNorm(Module):
    """(x − μ)/√(σ² + eps)·w + b, μ and σ² over each of num_groups equal parts of a sample's channels: [N, C, …] (Wu and
    He 2018). weight, bias [C] start as 1 and 0. ValueError where num_channels does not divide."""

    def __init__(self, num_groups, num_channels, eps=1e-5, affine=True, device=None, dtype=None, *, bias=True):
        super().__init__()
        if num_channels % num_groups != 0:
            raise ValueError(f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})")
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        self.register_parameter("weight", Parameter(_core.ones(num_channels)) if affine else None)
        self.register_parameter("bias", Parameter(_core.zeros(num_channels)) if affine and bias else None)
        if dtype is not None or device is not None:
            self.to(device=device, dtype=dtype)

    def reset_parameters(self):
        """Weight 1, bias 0."""
        _plain(self)

    def forward(self, input):
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self):
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, bias={self.bias is not None}"


class RMSNorm(Module):
    """x/√(mean x² + eps)·w over the last dimensions, whose sizes are normalized_shape; eps None: the type's machine
    epsilon. weight in that shape starts as 1."""

    def __init__(self, normalized_shape, eps=None, elementwise_affine=True, device=None, dtype=None):
        super().__init__()
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.normalized_shape, self.eps, self.elementwise_affine = shape, eps, elementwise_affine
        self.register_parameter("weight", Parameter(_core.ones(shape)) if elementwise_affine else None)
        if dtype is not None or device is not None:
            self.to(device=device, dtype=dtype)

    def reset_parameters(self):
        """Weight 1."""
        _plain(self)

    def forward(self, input):
        return F.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self):
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class _InstanceNorm(_TrackedNorm):
    _spatial = 0

    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=False, track_running_stats=False, device=None, dtype=None, *, bias=True):
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def forward(self, input):
        if input.ndim not in (self._spatial + 1, self._spatial + 2):
            raise ValueError(f"expected {self._spatial + 1}D or {self._spatial + 2}D input (got {input.ndim}D input)")
        batched = input.ndim == self._spatial + 2
        if input.shape[1 if batched else 0] != self.num_features and self.affine:
            raise ValueError(f"expected input's size at dim={1 if batched else 0} to match num_features ({self.num_features}), "
                             f"but got: {input.shape[1 if batched else 0]}.")
        out = F.instance_norm(input if batched else input.unsqueeze(0), self.running_mean, self.running_var, self.weight, self.bias,
                              self.training or not self.track_running_stats, 0.0 if self.momentum is None else self.momentum, self.eps)
        return out if batched else out.squeeze(0)


class InstanceNorm1d(_InstanceNorm):
    """(x − μ)/√(σ² + eps)·w + b for each channel of each sample of [N, C, L] or [C, L]; weight and bias only with
    affine=True, running statistics only with track_running_stats=True (Ulyanov et al. 2016)."""

    _spatial = 1


class InstanceNorm2d(_InstanceNorm):
    """InstanceNorm1d for images [N, C, H, W] or [C, H, W]."""

    _spatial = 2


class InstanceNorm3d(_InstanceNorm):
    """InstanceNorm1d for volumes [N, C, D, H, W] or [C, D, H, W]."""

    _spatial = 3


class LocalResponseNorm(Module):
    """x/(k + alpha·m)^beta, m the mean of x² over size neighbouring channels, zeros beyond the ends: [N, C, …] (Krizhevsky et al. 2012)."""

    def __init__(self, size, alpha=0.0001, beta=0.75, k=1.0):
        super().__init__()
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, input):
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self):
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


class CrossMapLRN2d(LocalResponseNorm):
    """LocalResponseNorm under its older name, for images [N, C, H, W]."""

    def __init__(self, size, alpha=0.0001, beta=0.75, k=1):
        super().__init__(size, alpha, beta, k)
