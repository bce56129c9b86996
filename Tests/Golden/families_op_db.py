"""Cases from PyTorch's own collection of sample inputs, cut to what the first version has: op_db.json.

torch.testing._internal is not a public interface; the file is regenerated with the version named in README.md.
"""

import torch
from torch.testing._internal.common_methods_invocations import op_db as infos

from recording import CLOSE, EXACT, Family, encode_tensor

EXACT_OPS = """add sub mul maximum minimum eq ne lt le gt ge logical_not neg abs sign relu amax amin argmax argmin max min reshape flatten
    transpose permute expand squeeze unsqueeze select __getitem__ cat stack contiguous clone index_select gather""".split()
COMBINING = "add sub mul maximum minimum amax amin max min expand index_select gather".split()  # gradients that add or share
SUMMING = """sum mean var matmul nn.functional.linear scatter_add nn.functional.embedding softmax log_softmax nn.functional.layer_norm
    nn.functional.mse_loss nn.functional.cross_entropy nn.functional.binary_cross_entropy_with_logits""".split()
OTHERS = """div pow square sqrt rsqrt reciprocal exp log sin cos erf sigmoid tanh nn.functional.relu nn.functional.gelu""".split()
METHODS = ("expand", "contiguous", "__getitem__")
VARIANTS = ("", "no_rounding_mode", "reduction_with_dim", "reduction_no_dim")
LARGEST = 9  # elements of one argument
PER_OP = 1  # cases kept of each operation, spread over its samples
UNSUPPORTED = ("alpha", "rounding_mode", "dtype", "unbiased", "out", "size_average", "reduce", "max_norm", "scale_grad_by_freq", "sparse")


def convert(value, largest=LARGEST):
    """A sample's argument with its numbers rounded to hundredths; ValueError where the first version has nothing like it."""
    if isinstance(value, torch.Tensor):
        if value.dtype not in (torch.float32, torch.int64, torch.bool) or value.numel() > largest:
            raise ValueError("dtype or size")
        spec = encode_tensor(value.detach().mul(100).round().div(100) if value.is_floating_point() else value)
        return {**spec, "requires_grad": value.requires_grad}
    if isinstance(value, (list, tuple)):
        return type(value)(convert(v, largest) for v in value)
    if value is None or value is Ellipsis or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, slice) and (value.step is None or value.step > 0):
        return value
    raise ValueError(type(value))


def supported(name, sample):
    arguments = sample.args[0] if name == "__getitem__" and sample.args else ()
    if set(sample.kwargs) & set(UNSUPPORTED):
        return False
    if name == "__getitem__" and (
        not isinstance(arguments, (tuple, list)) or any(isinstance(a, (torch.Tensor, list, bool)) for a in arguments)
    ):
        return False
    return name != "squeeze" or not (sample.args and isinstance(sample.args[0], (tuple, list)))


def op_db():
    f = Family("op_db", "Sample inputs of PyTorch's operator database, one of each operation.")
    for info in infos:
        if info.name not in EXACT_OPS + SUMMING + OTHERS or info.variant_test_name not in VARIANTS:
            continue
        torch.manual_seed(0)
        calls = []
        for sample in info.sample_inputs("cpu", torch.float32, requires_grad=info.supports_autograd):
            try:
                if supported(info.name, sample):
                    args = tuple(sample.args[0]) if info.name == "__getitem__" else None
                    calls.append(
                        (
                            [convert(sample.input)] + ([args] if args is not None else [convert(a) for a in sample.args]),
                            {k: convert(v) for k, v in sample.kwargs.items()},
                        )
                    )
            except ValueError:
                continue
        for k, (args, kwargs) in enumerate(calls[:: max(1, -(-len(calls) // PER_OP))]):
            path = f"Tensor.{info.name}" if info.name in METHODS else info.name
            exact = info.name in EXACT_OPS
            summing = info.name in SUMMING
            short = info.name.removeprefix("nn.functional.")
            f.add(
                "-".join(filter(None, (short, info.variant_test_name, str(k)))),
                path,
                *args,
                ulps=(0, 1, 0) if info.name in COMBINING else EXACT if exact else CLOSE,
                condition=(summing, info.name in COMBINING or not exact, False),
                smooth=not exact or info.name in ("add", "sub", "mul"),
                **kwargs,
            )
    return f


FAMILIES = (op_db,)
