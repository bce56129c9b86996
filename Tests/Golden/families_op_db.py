"""Cases from PyTorch's own collection of sample inputs, for every operation that the replay passes (op_db_names.txt): op_db.json.

torch.testing._internal is not a public interface; the file is regenerated with the version named in README.md. The replay
(Tests/op_db/replay.py) takes all samples; here stand one or two small ones of each operation, for tests without PyTorch.
"""

import sys
from pathlib import Path

import torch
from torch.testing._internal.common_methods_invocations import op_db as infos

from recording import CLOSE, Family, encode_tensor

HERE = Path(__file__).resolve().parent
NAMES = (HERE / "op_db_names.txt").read_text().split()
sys.path.insert(0, str(HERE.parent / "op_db"))
from exceptions import SAMPLES  # noqa: E402

LIMITS = ((18, 60), (130, 400))  # elements of one argument, numbers of a whole case; the second where no sample is that small
# A small step of an input may change the result by much: no condition is estimated.
STEPS = """floor ceil round trunc frac sign sgn fmod remainder sort msort topk kthvalue median nanmedian mode cummax cummin heaviside argsort
    floor_divide nextafter quantile nanquantile histc bucketize searchsorted fmax fmin maximum minimum amax amin max min aminmax""".split()
RANDOM = ("dropout", "rrelu", "bernoulli", "multinomial", "normal", "fractional", "rand", "svd_lowrank", "pca_lowrank", "empty")


def convert(value, largest):
    """A sample's argument with its numbers rounded to hundredths; ValueError for what a file cannot say."""
    if isinstance(value, torch.Tensor):
        if value.layout != torch.strided or value.dtype not in (torch.float32, torch.int64, torch.int32, torch.bool) or value.numel() > largest:
            raise ValueError("dtype or size")
        spec = encode_tensor(value.detach().mul(100).round().div(100) if value.is_floating_point() else value)
        return {**spec, "requires_grad": value.requires_grad}
    if isinstance(value, torch.Size):
        return tuple(value)
    if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
        return type(value)(convert(v, largest) for v in value)
    if value is None or value is Ellipsis or isinstance(value, (bool, int, float, str, torch.dtype)):
        if isinstance(value, torch.dtype) and value not in (torch.float32, torch.float64, torch.int64, torch.int32, torch.bool):
            raise ValueError("dtype")
        return value
    if isinstance(value, slice) and (value.step is None or value.step > 0):
        return value
    raise ValueError(type(value))


def path_of(name):
    """Where both packages have it: a function, or a method of Tensor."""
    owner = torch
    for part in name.split("."):
        owner = getattr(owner, part, None)
    if callable(owner) and name not in ("where", "view"):
        return name
    return f"Tensor.{name}" if "." not in name and callable(getattr(torch.Tensor, name, None)) else None


def numbers(value):
    if isinstance(value, dict) and "data" in value:
        return len(value["data"])
    if isinstance(value, (list, tuple)):
        return sum(numbers(v) for v in value)
    return sum(numbers(v) for v in value.values()) if isinstance(value, dict) else 0


def samples(info, largest, most):
    """The calls a file can say, smallest interesting ones first."""
    torch.manual_seed(0)
    found = []
    for sample in info.sample_inputs("cpu", torch.float32, requires_grad=info.supports_autograd):
        if any(test(sample) for test, _ in SAMPLES.get(info.name, ())):
            continue
        try:
            args = [convert(sample.input, largest), *(convert(a, largest) for a in sample.args)]
            kwargs = {k: convert(v, largest) for k, v in sample.kwargs.items()}
        except ValueError:
            continue
        size = numbers([args, kwargs])
        if size <= most:
            found.append((size < 2, size, len(found), args, kwargs))
    return [(args, kwargs) for *_, args, kwargs in sorted(found, key=lambda s: s[:3])]


def is_copy(args, outputs):
    """Every number of the result is one of the arguments' numbers, 0 or 1, and not 0 and 1 alone."""
    known = {0, 1}

    def collect(value):
        if isinstance(value, dict) and "data" in value:
            known.update(value["data"])
        elif isinstance(value, (list, tuple)):
            for v in value:
                collect(v)

    collect(args)
    values = [v for spec in outputs for v in spec["data"]]
    return all(v in known for v in values) and any(v not in (0, 1) for v in values)


def op_db():
    f = Family("op_db", "Sample inputs of PyTorch's operator database, of each operation that the replay passes.")
    for info in infos:
        if info.name not in NAMES or any(word in info.name for word in (*RANDOM, "torch.ops", "__rdiv__")):
            continue
        path = path_of(info.name)
        calls = next((found for limits in LIMITS if (found := samples(info, *limits))), []) if path else []
        kept = 0
        for k in dict.fromkeys((len(calls) // 2, len(calls) - 1, 0)):
            if kept or not calls:
                break
            args, kwargs = calls[k]
            short = info.name.removeprefix("nn.functional.").replace(".", "_")
            identity = "-".join(filter(None, (short, info.variant_test_name, str(k))))
            smooth = info.name not in STEPS
            try:
                f.add(identity, path, *args, ulps=CLOSE, condition=(smooth, smooth, False), smooth=smooth, **kwargs)
            except Exception as error:  # rounding to hundredths left the operation's domain, or the result is no list of tensors
                print(f"    {identity}: {type(error).__name__}: {str(error)[:90]}")
                continue
            case = f.cases[-1]
            if is_copy(case["args"], case["out"]):
                case["ulps"] = [0, *case["ulps"][1:]]
                for spec in case["out"]:
                    spec.pop("atol", None)
            values = [v for spec in case["out"] for v in spec["data"]]
            if any(isinstance(v, str) for v in values) or len(values) == 1 and values[0] == 0:
                f.cases.pop()  # NaN, an infinity or what came out too small says little
                continue
            kept += 1
    return f


FAMILIES = (op_db,)
