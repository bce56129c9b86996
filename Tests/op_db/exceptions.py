"""What the replay leaves out, and why. Everything here is printed neither as passed nor as failed."""

# PyTorch's name → backprop's, where they differ.
ALIASES = {
    # op_db hands the tensor over first, as methods do.
    "polygamma": "Tensor.polygamma", "special.polygamma": "Tensor.polygamma", "where": "Tensor.where",
    "slice": "_core.slice", "bool": "Tensor.bool", "byte": "Tensor.byte", "int": "Tensor.int", "long": "Tensor.long",
    "double": "Tensor.double", "float": "Tensor.float", "half": "Tensor.half", "bfloat16": "Tensor.bfloat16",
    "__rdiv__": "Tensor.__rtruediv__",  # Python 2's name
    "torch.ops.aten._safe_softmax.default": "_safe_softmax",
}  # fmt: skip

# Some entries of op_db are not the function but a few lines around it, or call it with its arguments in another order: name (and variant) →
# the same around ours.
ADAPTERS = {
    "einsum": lambda f: lambda tensors, equation: f(equation, tensors),
    "linalg.pinv singular": lambda f: lambda a, b: f(a @ b.mT),
    "linalg.lstsq grad_oriented": lambda f: lambda a, b, driver: f(a, b, driver=driver)[:2],
    "svd_lowrank": lambda f: lambda a, b, **k: f(a @ b.mT, **k),
    "pca_lowrank": lambda f: lambda a, b, **k: f(a @ b.mT, **k),
    "nn.functional.embedding": lambda f: lambda weight, indices, **options: f(indices, weight, **options),
    "zero_": lambda f: lambda x: f(x.clone()),
}


def without_dropout(sample):
    """multi_head_attention_forward's samples all drop weights, which is random; as they are otherwise, and dropout_p 0."""
    sample.args = (*sample.args[:9], 0.0, *sample.args[10:])
    return sample


# Samples that are changed before both compute them: operation → function of the sample.
CHANGES = {"nn.functional.multi_head_attention_forward": without_dropout}

# Operations that will not come, with the reason.
UNSUPPORTED = {
    "bernoulli": "random: two generators cannot agree",
    "normal": "random: two generators cannot agree",
    "half": "float16 holds values and carries no gradient",
    "bfloat16": "bfloat16 holds values and carries no gradient",
    "max_pool2d_with_indices_backward": "a step of PyTorch's backward pass, called with arguments that op_db makes up",
    "nn.functional.fractional_max_pool2d": "windows begin at random: the numbers of two generators cannot agree",
    "nn.functional.fractional_max_pool3d": "windows begin at random: the numbers of two generators cannot agree",
    "linalg.eig": "needs complex numbers",
    "linalg.eigvals": "needs complex numbers",
    "as_strided_scatter": "PyTorch's gradient of the input is taken at the places that are written instead of the others (central differences say so)",
}

# Operations whose samples are compared with a tolerance this many times wider. Say why beside each.
LOOSE = {
    # Sums of float32 numbers that cancel; PyTorch's own tolerance for addbmm is ten times the usual one, too.
    "addbmm": 10,
    "linalg.multi_dot": 4,
    # Ill-conditioned float32 gradients, which we compute in float64: ours are 1e-7 to 4e-7 from PyTorch's float64 ones, its own 1e-6 to 2e-5.
    "linalg.cond": 4,
    "linalg.eigh": 20,
    "linalg.householder_product": 20,
    "linalg.lstsq": 8,
    "linalg.svd": 20,
    "svd": 20,
    "triangular_solve": 4,
    # PyTorch sums log probabilities of 150 in float32, ours are float64 inside; the float64 samples agree without this.
    "nn.functional.ctc_loss": 10,
    # Scores in the hundreds: the float32 gradients of both are up to 8e-5 from PyTorch's float64 ones.
    "nn.functional.scaled_dot_product_attention": 10,
    # The samples lie near poles, where PyTorch's float32 formula is off by up to 2e-5; ours is rounded once from double and agrees with its float64.
    "digamma": 20,
    "polygamma": 20,
    "special.polygamma": 20,
    # PyTorch's float32 derivative is off by 3e-6 far out; ours agrees with its float64.
    "special.log_ndtr": 4,
    # float32 sums of hundreds of terms that cancel; against float64 both are off by the same few 1e-5, in other places.
    "nn.functional.conv3d": 10, "nn.functional.conv_transpose3d": 10,
    # The same for the gradient of positions: differences of neighbouring numbers times the size of the image.
    "nn.functional.grid_sample": 10, "grid_sampler_2d": 20, "grid_sampler_3d": 20,
}


def drops(default):
    """Whether a sample of a dropout, which trains by default or not, has a random result."""
    return lambda s: s.kwargs.get("training", default) and 0 < s.kwargs.get("p", 0.5) < 1


RANDOM = "dropped elements are random: two generators cannot agree"
NEGATIVE = "a negative eps is refused"


def negative_eps(s):
    """The norms take eps by name, their native_ forms last."""
    last = s.args[-1] if s.args else 0
    return (s.kwargs.get("eps") or (last if isinstance(last, float) else 0)) < 0


# Single samples: operation → (test of the sample, reason).
SAMPLES = {
    "matrix_exp": [
        (
            lambda s: str(s.input.dtype) == "torch.float32",
            "numbers up to 1e5 beside small ones that cancel: PyTorch's float32 is 5e-7 of the largest off; ours is float64 inside",
        )
    ],
    "linalg.pinv": [
        (
            lambda s: s.kwargs.get("hermitian") and not bool((s.input == s.input.mT).all()),
            "hermitian=True of a matrix that is not symmetric: PyTorch's gradient mixes the triangle it read with the one it did not",
        )
    ],
    "svd_lowrank": [(lambda s: s.kwargs.get("M") is not None, "A − M has full rank: which part of it is found depends on the random start")],
    "nn.functional.dropout": [(drops(True), RANDOM)],
    "nn.functional.dropout2d": [(drops(True), RANDOM)],
    "nn.functional.dropout3d": [(drops(True), RANDOM)],
    "nn.functional.alpha_dropout": [(drops(False), RANDOM)],
    "nn.functional.feature_alpha_dropout": [(drops(False), RANDOM)],
    "nn.functional.scaled_dot_product_attention": [(lambda s: s.kwargs["dropout_p"] > 0, RANDOM)],
    "nn.functional.group_norm": [(negative_eps, NEGATIVE)],
    "native_group_norm": [(negative_eps, NEGATIVE)],
    "nn.functional.rms_norm": [(negative_eps, NEGATIVE)],
    **{
        name: [
            (negative_eps, NEGATIVE),
            (lambda s: s.input.shape == (1,), "the mean of one number is that number; PyTorch's is rounded in float32"),
        ]
        for name in ("nn.functional.layer_norm", "native_layer_norm")
    },
    "nn.functional.batch_norm": [(lambda s: s.input.dim() < 2, "an input without a dimension of channels is refused")],
    "cov": [
        (
            lambda s: s.kwargs.get("aweights") is not None and s.kwargs.get("fweights") is None and s.kwargs.get("correction"),
            "the float32 sums of the weights cancel in w − correction·Σw²/w: the order of three additions decides",
        )
    ],
    "logcumsumexp": [
        (
            lambda s: str(s.input.dtype) == "torch.float32" and float(s.input.detach().abs().max()) > 1000,
            "elements thousands apart: PyTorch's float32 gradient is 2e-3 from its float64 one, ours 1e-7",
        )
    ],
    "masked.normalize": [
        (
            lambda s: str(s.input.dtype) == "torch.float32" and s.args[0] == -float("inf"),
            "gradients of 6e6 cancel to tens in float32; ours are nearer to PyTorch's float64 ones than its float32 ones",
        )
    ],
    "nn.functional.rrelu": [(lambda s: s.kwargs.get("training"), "random slopes cannot agree")],
    "as_strided": [(lambda s: s.input._base is not None, "a view of a larger tensor, whose base does not travel with the sample")],
}
