"""How tensors print: the text PyTorch would show, with `backprop.` for `torch.` in front of a dtype.

Numbers have 4 digits after the point; all of one tensor share a width. Mode by the finite non-zero elements: whole numbers
print as `1.`, a range beyond 1000 or very large or small values as 1.0000e+00, the rest with a fixed point.
Tensors of more than 1000 elements show 3 at each edge. Lines are at most 80 columns wide. set_printoptions() changes these numbers.
"""

from math import isfinite

from ._core import Tensor, bool as bool8, get_default_dtype, int64

GAP = object()  # stands for what a summary leaves out
_DEFAULTS = {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80}
_PROFILES = {"default": _DEFAULTS, "short": {**_DEFAULTS, "precision": 2, "edgeitems": 2}, "full": {**_DEFAULTS, "threshold": float("inf")}}
options = {**_DEFAULTS, "sci_mode": None}


def set_printoptions(precision=None, threshold=None, edgeitems=None, linewidth=None, profile=None, sci_mode=None):
    """How tensors print: digits after the point, the number of elements from which on a summary is shown, how many of them at each edge, the
    width of a line. profile: 'default', 'short' or 'full'. sci_mode: True or False for or against 1.0000e+00, None as the elements ask for."""
    options.update(_PROFILES.get(profile, {}))
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    options.update({name: value for name, value in given.items() if value is not None}, sci_mode=sci_mode)


def tensor_repr(tensor):
    """The text of a tensor as PyTorch prints it."""
    kind = type(tensor)
    prefix, parameter = "tensor(", False
    if kind is not Tensor:
        from .nn.module import Parameter

        if kind is not Parameter:
            prefix, parameter = kind.__name__ + "(", issubclass(kind, Parameter)
    suffixes = []
    numel = tensor.numel()
    if numel == 0:
        text = "[]"
        if tensor.ndim != 1:
            suffixes.append(f"size={tuple(tensor.shape)}")
        if tensor.dtype is not get_default_dtype():
            suffixes.append(f"dtype={tensor.dtype}")
    else:
        if not options["edgeitems"]:
            suffixes.append(f"size={tuple(tensor.shape)}")
        if tensor.dtype not in (get_default_dtype(), int64, bool8):
            suffixes.append(f"dtype={tensor.dtype}")
        plain = tensor.detach()
        nested = _edges(plain) if numel > options["threshold"] else plain.tolist()
        text = _nested_text(nested, tensor.ndim, len(prefix), _formatter(_flat(nested), tensor.dtype.is_floating_point))
    if tensor.grad_fn is not None:
        suffixes.append(f"grad_fn=<{tensor.grad_fn}>")
    elif tensor.requires_grad:
        suffixes.append("requires_grad=True")
    text = _with_suffixes(prefix + text, suffixes, len(prefix))
    return f"Parameter({text})" if parameter else text


def _edges(tensor):
    """Nested lists of the elements near the edges, with GAP in each dimension that was cut."""
    if tensor.ndim == 0:
        return tensor.item()
    n, edge = len(tensor), options["edgeitems"]
    if not edge and tensor.ndim == 1:
        return [GAP]
    if n <= 2 * edge:
        return [_edges(tensor[i]) for i in range(n)] if tensor.ndim > 1 else tensor.tolist()
    return [_edges(tensor[i]) for i in range(edge)] + [GAP] + [_edges(tensor[i]) for i in range(n - edge, n)]


def _flat(nested):
    if isinstance(nested, list):
        return [value for item in nested for value in _flat(item)]
    return [] if nested is GAP else [nested]


def _formatter(values, floating):
    """A function from a number to its text, padded to the common width, and that width; zeros and NaN may be wider."""
    if not floating:
        width = max((len(str(value)) for value in values), default=1)
        return lambda value: str(value).rjust(width), width
    some = [value for value in values if isfinite(value) and value != 0]
    largest = max(map(abs, some), default=1.0)
    smallest = min(map(abs, some), default=1.0)
    whole = all(value == int(value) for value in some)
    scientific = options["sci_mode"]
    if scientific is None or not some:
        scientific = some and (largest / smallest > 1000 or largest > 1e8 or smallest < 1e-4)

    def text(value):
        if scientific:
            return f"{value:.{options['precision']}e}"
        if whole:
            return f"{value:.0f}" + ("." if isfinite(value) else "")
        return f"{value:.{options['precision']}f}"

    width = max([1] + [len(text(value)) for value in some])
    return lambda value: text(value).rjust(width), width


def _nested_text(nested, ndim, indent, formatter):
    if ndim == 0:
        return formatter[0](nested)
    if ndim == 1:
        return _row_text(nested, indent, formatter)
    parts = ["..." if item is GAP else _nested_text(item, ndim - 1, indent + 1, formatter) for item in nested]
    return "[" + ("," + "\n" * (ndim - 1) + " " * (indent + 1)).join(parts) + "]"


def _row_text(row, indent, formatter):
    number, width = formatter
    gap = "..." if len(row) == 1 else " ..."
    texts = [gap if value is GAP else number(value) for value in row]
    per_line = max(1, (options["linewidth"] - indent) // (width + 2))
    lines = [", ".join(texts[i : i + per_line]) for i in range(0, len(texts), per_line)]
    return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"


def _with_suffixes(text, suffixes, indent):
    length = len(text) - text.rfind("\n") + 1
    for suffix in suffixes:
        if length + len(suffix) + 2 > options["linewidth"]:
            text += ",\n" + " " * indent + suffix
            length = indent + len(suffix)
        else:
            text += ", " + suffix
            length += len(suffix) + 2
    return text + ")"


def pair_repr(pair):
    """torch.return_types' way: one tensor a line."""
    items = ",\n".join(f"{name}={value!r}" for name, value in zip(type(pair).__match_args__, pair))
    return f"backprop.return_types.{type(pair).__name__}(\n{items})"
