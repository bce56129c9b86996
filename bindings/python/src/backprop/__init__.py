"""Automatic differentiation you can embed, under PyTorch's names: import backprop as torch.

The idea. Operations compute at once and record themselves with their inputs. backward() starts at the loss with 1 and
walks the record in reverse; each operation knows only its local derivative; along a path derivatives multiply, where
paths meet they add. The result lands in .grad of the leaves that asked for it. An optimizer, a separate thing, then
moves the weights.

    >>> import backprop
    >>> from backprop import nn, optim
    >>> x = backprop.linspace(-2, 2, 64).unsqueeze(1)          # [64, 1]: what goes in
    >>> y = x ** 2 - 1                                         # [64, 1]: what should come out
    >>> _ = backprop.manual_seed(0)
    >>> net = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1))
    >>> opt = optim.Adam(net.parameters(), lr=0.05)
    >>> for step in range(201):
    ...     opt.zero_grad()                                    # forget the last gradients
    ...     loss = nn.functional.mse_loss(net(x), y)           # forward: computes and records
    ...     loss.backward()                                    # back: d loss / d weight for every weight
    ...     opt.step()                                         # the weights move
    ...     if step % 100 == 0:
    ...         print(step, f"{loss.item():.4f}")
    0 1.8815
    100 0.0021
    200 0.0008
    >>> with backprop.no_grad():                               # to use it: nothing is recorded
    ...     print(f"{net(backprop.tensor([[1.0]])).item():.2f}")   # about 1² − 1
    -0.02

Where to find what (help() of any of them goes on):

    Tensor                    the array: shape, dtype, grad, indexing; most functions here are also its methods
    tensor zeros randn …      new tensors; from_numpy, from_dlpack: over the memory of others; save, load: safetensors files
    nn, nn.functional         layers, containers, losses, initial values (nn.init), clipping (nn.utils)
    optim                     SGD, Adam, …; optim.lr_scheduler: rates that change
    utils                     utils.data: data sets and loaders; utils.checkpoint: memory for time; utils.summary: a model as a table
    autograd, func            gradients as values, operations of your own; grad, vjp, jacobian of functions
    linalg, special, masked   solving and factorizing; special functions; reductions under a mask
    distributions             probability: sample(), log_prob(), kl_divergence()
    testing                   assert_close: whether two tensors agree
    no_grad, manual_seed, set_num_threads, memory_stats; and cuda, amp, jit, backends, … answer scripts that ask for them

A script written for PyTorch runs unchanged: python -m backprop script.py …

What differs from PyTorch. All is on the CPU, in float32 and float64 (float16 and bfloat16 are stored, not computed
with); no complex numbers, no sparse tensors, at most 8 dimensions. Results are the same bits for any number of threads.
Random numbers are other ones. save() writes safetensors, never pickles. An operation's own help says where it differs.

Everything but the core is imported when first asked for, so that `import backprop` stays a matter of milliseconds.
"""

try:
    from . import _core
except ImportError as error:
    from ._loading import reason

    raise ImportError(reason(error)) from error
from ._alias import answer_to_other_names as _answer_to_other_names
from ._core import *  # noqa: F403  (from here on float, int, bool, sum, … are ours, not Python's)
from ._core import __version__, default_generator
from ._functions import allclose, equal
from ._grad_mode import enable_grad, inference_mode, no_grad, set_grad_enabled
from ._recurrent import gru, lstm, rnn_relu, rnn_tanh

inf = 1e999
nan = inf - inf
pi = 3.141592653589793
e = 2.718281828459045
newaxis = None

_modules = ("nn", "optim", "autograd", "cuda", "linalg", "masked", "special", "func", "utils", "random", "safetensors", "serialization", "testing",
            "accelerator", "amp", "backends", "compiler", "distributions", "jit")
# Functions put together in Python, by the module that has them: loaded when one is first asked for.
_composed = {
    "serialization": "save load",
    "safetensors": "save_file load_file",
    "_composed_elementwise": "angle fill frexp isclose isin isneginf isposinf isreal mvlgamma _safe_softmax",
    "_alias": "as_torch",
    "_settings": "are_deterministic_algorithms_enabled autocast compile get_default_device get_float32_matmul_precision get_num_interop_threads "
                 "is_autocast_enabled is_inference_mode_enabled set_default_device set_float32_matmul_precision set_flush_denormal "
                 "set_num_interop_threads use_deterministic_algorithms",
    "_windows": "bartlett_window blackman_window hamming_window hann_window kaiser_window vander",
    "_composed_reductions": "quantile nanquantile dist diff gradient cumulative_trapezoid trapezoid trapz renorm cov corrcoef cdist "
                            "pdist histc bincount searchsorted bucketize tril_indices triu_indices",
    "_composed_random": "poisson",
    "_composed_more": "histogram histogramdd range unravel_index empty_strided empty_permuted nonzero_static unsafe_split_with_sizes binomial",
    "_plain": "batch_norm instance_norm layer_norm group_norm rms_norm dropout feature_dropout alpha_dropout feature_alpha_dropout dropout_ "
              "feature_dropout_ alpha_dropout_ feature_alpha_dropout_ embedding embedding_bag adaptive_max_pool1d "
              "binary_cross_entropy_with_logits cosine_embedding_loss ctc_loss hinge_embedding_loss kl_div margin_ranking_loss poisson_nll_loss "
              "triplet_margin_loss lstm_cell gru_cell rnn_tanh_cell rnn_relu_cell frobenius_norm nuclear_norm bilinear channel_shuffle "
              "pixel_shuffle pixel_unshuffle rrelu_ selu_ celu_ threshold_",
    "func": "vmap",
    "amp": "GradScaler",
    "_in_place": "abs_ acos_ acosh_ addmv_ conj_physical_ arccos_ arccosh_ arcsin_ arcsinh_ arctan_ arctanh_ asin_ asinh_ atan_ atanh_ ceil_ clamp_ clamp_max_ clamp_min_ "
                 "clip_ cos_ cosh_ deg2rad_ detach_ erf_ erfc_ exp2_ exp_ expm1_ fill_ fix_ floor_ frac_ gcd_ i0_ index_put_ lcm_ ldexp_ log10_ log1p_ "
                 "log2_ log_ logit_ nan_to_num_ neg_ negative_ rad2deg_ reciprocal_ relu_ round_ rsqrt_ sigmoid_ sin_ sinc_ sinh_ sqrt_ square_ tan_ "
                 "tanh_ trunc_ xlogy_ zero_",
    "random": "seed initial_seed get_rng_state set_rng_state",
    "_types": "finfo iinfo promote_types result_type can_cast FloatTensor DoubleTensor LongTensor IntTensor ByteTensor BoolTensor HalfTensor "
              "BFloat16Tensor typename set_default_tensor_type scalar_tensor",
    "_layout": "memory_format contiguous_format preserve_format channels_last channels_last_3d layout strided",
    "_exchange": "asarray",
    "_repr": "set_printoptions",
    "_methods": "is_complex is_nonzero is_signed is_inference is_same_size is_conj is_neg is_distributed get_device",
    "_composed_images": "_upsample_bilinear2d_aa",
    "_composed_norms": "native_layer_norm native_group_norm native_batch_norm _native_batch_norm_legit _batch_norm_with_update "
                       "_softmax_backward_data native_dropout_backward",
    "_composed_linalg": "chain_matmul cholesky_inverse cholesky_solve cross geqrf lu lu_solve lu_unpack matrix_exp matrix_power orgqr ormqr "
                        "pca_lowrank pinverse qr slogdet svd svd_lowrank triangular_solve",
    "_composed_movement": "atleast_1d atleast_2d atleast_3d block_diag broadcast_tensors broadcast_shapes cartesian_prod combinations "
                          "meshgrid hstack vstack dstack column_stack row_stack alias_copy as_strided_copy diagonal_copy expand_copy "
                          "narrow_copy permute_copy select_copy slice_copy split_copy split_with_sizes_copy squeeze_copy t_copy "
                          "transpose_copy unbind_copy unfold_copy unsqueeze_copy view_copy constant_pad_nd _unsafe_masked_index "
                          "_unsafe_masked_index_put_accumulate",
}


_answer_to_other_names(__path__)


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
