"""The package's names. What __init__.py loads when it is first asked for stands here as if it were imported."""

from . import (
    accelerator as accelerator, amp as amp, autograd as autograd, backends as backends, compiler as compiler, cuda as cuda,
    distributions as distributions, func as func, jit as jit, linalg as linalg, masked as masked, nn as nn, optim as optim,
    random as random, safetensors as safetensors, serialization as serialization, special as special, testing as testing, utils as utils,
)
from ._alias import as_torch as as_torch
from ._composed_elementwise import (
    angle as angle, fill as fill, frexp as frexp, isclose as isclose, isin as isin, isneginf as isneginf, isposinf as isposinf,
    isreal as isreal, mvlgamma as mvlgamma,
)
from ._composed_linalg import (
    chain_matmul as chain_matmul, cholesky_inverse as cholesky_inverse, cholesky_solve as cholesky_solve, cross as cross, geqrf as geqrf,
    lu as lu, lu_solve as lu_solve, lu_unpack as lu_unpack, matrix_exp as matrix_exp, matrix_power as matrix_power, orgqr as orgqr,
    ormqr as ormqr, pca_lowrank as pca_lowrank, pinverse as pinverse, qr as qr, slogdet as slogdet, svd as svd, svd_lowrank as svd_lowrank,
    triangular_solve as triangular_solve,
)
from ._composed_more import (
    binomial as binomial, empty_permuted as empty_permuted, empty_strided as empty_strided, histogram as histogram,
    histogramdd as histogramdd, nonzero_static as nonzero_static, range as range, unravel_index as unravel_index,
    unsafe_split_with_sizes as unsafe_split_with_sizes,
)
from ._composed_movement import (
    alias_copy as alias_copy, as_strided_copy as as_strided_copy, atleast_1d as atleast_1d, atleast_2d as atleast_2d,
    atleast_3d as atleast_3d, block_diag as block_diag, broadcast_shapes as broadcast_shapes, broadcast_tensors as broadcast_tensors,
    cartesian_prod as cartesian_prod, column_stack as column_stack, combinations as combinations, constant_pad_nd as constant_pad_nd,
    diagonal_copy as diagonal_copy, dstack as dstack, expand_copy as expand_copy, hstack as hstack, meshgrid as meshgrid,
    narrow_copy as narrow_copy, permute_copy as permute_copy, row_stack as row_stack, select_copy as select_copy, slice_copy as slice_copy,
    split_copy as split_copy, split_with_sizes_copy as split_with_sizes_copy, squeeze_copy as squeeze_copy, t_copy as t_copy,
    transpose_copy as transpose_copy, unbind_copy as unbind_copy, unfold_copy as unfold_copy, unsqueeze_copy as unsqueeze_copy,
    view_copy as view_copy, vstack as vstack,
)
from ._composed_norms import native_batch_norm as native_batch_norm, native_dropout_backward as native_dropout_backward, native_group_norm as native_group_norm, native_layer_norm as native_layer_norm
from ._composed_random import poisson as poisson
from ._composed_reductions import (
    bincount as bincount, bucketize as bucketize, cdist as cdist, corrcoef as corrcoef, cov as cov,
    cumulative_trapezoid as cumulative_trapezoid, diff as diff, dist as dist, gradient as gradient, histc as histc,
    nanquantile as nanquantile, pdist as pdist, quantile as quantile, renorm as renorm, searchsorted as searchsorted,
    trapezoid as trapezoid, trapz as trapz, tril_indices as tril_indices, triu_indices as triu_indices,
)
from ._exchange import asarray as asarray
from ._in_place import (
    abs_ as abs_, acos_ as acos_, acosh_ as acosh_, addmv_ as addmv_, arccos_ as arccos_, arccosh_ as arccosh_, arcsin_ as arcsin_,
    arcsinh_ as arcsinh_, arctan_ as arctan_, arctanh_ as arctanh_, asin_ as asin_, asinh_ as asinh_, atan_ as atan_, atanh_ as atanh_,
    ceil_ as ceil_, clamp_ as clamp_, clamp_max_ as clamp_max_, clamp_min_ as clamp_min_, clip_ as clip_, conj_physical_ as conj_physical_,
    cos_ as cos_, cosh_ as cosh_, deg2rad_ as deg2rad_, detach_ as detach_, erf_ as erf_, erfc_ as erfc_, exp2_ as exp2_, exp_ as exp_,
    expm1_ as expm1_, fill_ as fill_, fix_ as fix_, floor_ as floor_, frac_ as frac_, gcd_ as gcd_, i0_ as i0_, index_put_ as index_put_,
    lcm_ as lcm_, ldexp_ as ldexp_, log10_ as log10_, log1p_ as log1p_, log2_ as log2_, log_ as log_, logit_ as logit_,
    nan_to_num_ as nan_to_num_, neg_ as neg_, negative_ as negative_, rad2deg_ as rad2deg_, reciprocal_ as reciprocal_, relu_ as relu_,
    round_ as round_, rsqrt_ as rsqrt_, sigmoid_ as sigmoid_, sin_ as sin_, sinc_ as sinc_, sinh_ as sinh_, sqrt_ as sqrt_,
    square_ as square_, tan_ as tan_, tanh_ as tanh_, trunc_ as trunc_, xlogy_ as xlogy_, zero_ as zero_,
)
from ._layout import (
    channels_last as channels_last, channels_last_3d as channels_last_3d, contiguous_format as contiguous_format, layout as layout,
    memory_format as memory_format, preserve_format as preserve_format, strided as strided,
)
from ._methods import (
    get_device as get_device, is_complex as is_complex, is_conj as is_conj, is_distributed as is_distributed, is_inference as is_inference,
    is_neg as is_neg, is_nonzero as is_nonzero, is_same_size as is_same_size, is_signed as is_signed,
)
from ._plain import (
    adaptive_max_pool1d as adaptive_max_pool1d, alpha_dropout as alpha_dropout, alpha_dropout_ as alpha_dropout_, batch_norm as batch_norm,
    bilinear as bilinear, binary_cross_entropy_with_logits as binary_cross_entropy_with_logits, celu_ as celu_,
    channel_shuffle as channel_shuffle, cosine_embedding_loss as cosine_embedding_loss, ctc_loss as ctc_loss, dropout as dropout,
    dropout_ as dropout_, embedding as embedding, embedding_bag as embedding_bag, feature_alpha_dropout as feature_alpha_dropout,
    feature_alpha_dropout_ as feature_alpha_dropout_, feature_dropout as feature_dropout, feature_dropout_ as feature_dropout_,
    frobenius_norm as frobenius_norm, group_norm as group_norm, gru_cell as gru_cell, hinge_embedding_loss as hinge_embedding_loss,
    instance_norm as instance_norm, kl_div as kl_div, layer_norm as layer_norm, lstm_cell as lstm_cell,
    margin_ranking_loss as margin_ranking_loss, nuclear_norm as nuclear_norm, pixel_shuffle as pixel_shuffle,
    pixel_unshuffle as pixel_unshuffle, poisson_nll_loss as poisson_nll_loss, rms_norm as rms_norm, rnn_relu_cell as rnn_relu_cell,
    rnn_tanh_cell as rnn_tanh_cell, rrelu_ as rrelu_, selu_ as selu_, threshold_ as threshold_, triplet_margin_loss as triplet_margin_loss,
)
from ._repr import set_printoptions as set_printoptions
from ._settings import (
    are_deterministic_algorithms_enabled as are_deterministic_algorithms_enabled, autocast as autocast, compile as compile,
    get_default_device as get_default_device, get_float32_matmul_precision as get_float32_matmul_precision,
    get_num_interop_threads as get_num_interop_threads, is_autocast_enabled as is_autocast_enabled,
    is_inference_mode_enabled as is_inference_mode_enabled, set_default_device as set_default_device,
    set_float32_matmul_precision as set_float32_matmul_precision, set_flush_denormal as set_flush_denormal,
    set_num_interop_threads as set_num_interop_threads, use_deterministic_algorithms as use_deterministic_algorithms,
)
from ._types import (
    BFloat16Tensor as BFloat16Tensor, BoolTensor as BoolTensor, ByteTensor as ByteTensor, DoubleTensor as DoubleTensor,
    FloatTensor as FloatTensor, HalfTensor as HalfTensor, IntTensor as IntTensor, LongTensor as LongTensor, can_cast as can_cast,
    finfo as finfo, iinfo as iinfo, promote_types as promote_types, result_type as result_type, scalar_tensor as scalar_tensor,
    set_default_tensor_type as set_default_tensor_type, typename as typename,
)
from ._windows import (
    bartlett_window as bartlett_window, blackman_window as blackman_window, hamming_window as hamming_window, hann_window as hann_window,
    kaiser_window as kaiser_window, vander as vander,
)
from .amp import GradScaler as GradScaler
from .func import vmap as vmap
from .random import get_rng_state as get_rng_state, initial_seed as initial_seed, seed as seed, set_rng_state as set_rng_state
from .safetensors import load_file as load_file, save_file as save_file
from .serialization import load as load, save as save
from ._core import *
from ._core import __version__ as __version__, _float, default_generator as default_generator
from ._functions import allclose as allclose, equal as equal
from ._grad_mode import enable_grad as enable_grad, inference_mode as inference_mode, no_grad as no_grad, set_grad_enabled as set_grad_enabled
from ._recurrent import gru as gru, lstm as lstm, rnn_relu as rnn_relu, rnn_tanh as rnn_tanh

# float is a dtype here.
inf: _float
nan: _float
pi: _float
e: _float
newaxis: None

def __dir__() -> list[str]: ...
