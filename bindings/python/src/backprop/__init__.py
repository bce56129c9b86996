"""Automatic differentiation you can embed, under PyTorch's names.

    import backprop as torch
    w = torch.tensor(2.0, requires_grad=True)
    loss = (w * 4 - 20) ** 2
    loss.backward()
    w.grad                       # tensor(-96.)

nn, optim and autograd are imported when first asked for, so that `import backprop` stays a matter of milliseconds.
"""

try:
    from . import _core
except ImportError as error:
    from ._loading import reason

    raise ImportError(reason(error)) from error
from ._core import *  # noqa: F403  (from here on float, int, bool, sum, … are ours, not Python's)
from ._core import __version__, default_generator
from ._functions import allclose, equal
from ._grad_mode import enable_grad, inference_mode, no_grad, set_grad_enabled
from ._recurrent import gru, lstm, rnn_relu, rnn_tanh

inf = 1e999
nan = inf - inf
pi = 3.141592653589793
e = 2.718281828459045

_modules = ("nn", "optim", "autograd", "cuda", "linalg", "masked", "special", "func", "utils", "random")
# Functions put together in Python, by the module that has them: loaded when one is first asked for.
_composed = {
    "_composed_elementwise": "angle fill frexp isclose isreal mvlgamma _safe_softmax",
    "_composed_reductions": "quantile nanquantile dist diff gradient cumulative_trapezoid trapezoid trapz renorm cov corrcoef cdist "
                            "pdist histc bincount searchsorted bucketize tril_indices triu_indices",
    "_composed_random": "poisson",
    "random": "seed initial_seed get_rng_state set_rng_state",
    "_types": "finfo iinfo promote_types result_type can_cast FloatTensor DoubleTensor LongTensor IntTensor ByteTensor BoolTensor HalfTensor "
              "BFloat16Tensor typename set_default_tensor_type scalar_tensor",
    "_layout": "memory_format contiguous_format preserve_format channels_last channels_last_3d layout strided",
    "_exchange": "asarray",
    "_repr": "set_printoptions",
    "_methods": "is_complex is_nonzero is_signed is_inference is_same_size is_conj is_neg",
    "_composed_images": "_upsample_bilinear2d_aa",
    "_composed_norms": "native_layer_norm native_group_norm native_batch_norm _native_batch_norm_legit _batch_norm_with_update "
                       "_softmax_backward_data native_dropout_backward",
    "_composed_linalg": "chain_matmul cholesky_inverse cholesky_solve cross lu lu_solve lu_unpack matrix_exp matrix_power orgqr ormqr "
                        "pca_lowrank pinverse qr slogdet svd svd_lowrank triangular_solve",
    "_composed_movement": "atleast_1d atleast_2d atleast_3d block_diag broadcast_tensors broadcast_shapes cartesian_prod combinations "
                          "meshgrid hstack vstack dstack column_stack row_stack alias_copy as_strided_copy diagonal_copy expand_copy "
                          "narrow_copy permute_copy select_copy slice_copy split_copy split_with_sizes_copy squeeze_copy t_copy "
                          "transpose_copy unbind_copy unfold_copy unsqueeze_copy view_copy constant_pad_nd _unsafe_masked_index "
                          "_unsafe_masked_index_put_accumulate",
}


def __getattr__(name):
    if name in _modules:
        __import__("backprop." + name)
        return globals()[name]
    for module, names in _composed.items():
        if name in names.split():
            function = globals()[name] = getattr(__import__("backprop." + module, fromlist=[name]), name)
            return function
    raise AttributeError(f"module 'backprop' has no attribute '{name}'")


def __dir__():
    return sorted({*globals(), *_modules, *" ".join(_composed.values()).split()})
