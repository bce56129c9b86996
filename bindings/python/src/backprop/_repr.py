"""How tensors print: the text PyTorch would show, with `backprop.` for `torch.` in front of a dtype.

Numbers have 4 digits after the point; all of one tensor share a width. Mode by the finite non-zero elements: whole numbers
print as `1.`, a range beyond 1000 or very large or small values as 1.0000e+00, the rest with a fixed point.
Tensors of more than 1000 elements show 3 at each edge. Lines are at most 80 columns wide.
"""

from math import isfinite

from ._core import bool as bool8, float32, int64

PRECISION = 4
THRESHOLD = 1000
EDGE = 3
WIDTH = 80
GAP = object()  # stands for what a summary leaves out


def tensor_repr(tensor):
    """The text of a tensor as PyTorch prints it."""
    suffixes = []
    numel = tensor.numel()
    if numel == 0:
        text = "[]"
        if tensor.ndim != 1:
            suffixes.append(f"size={tuple(tensor.shape)}")
        if tensor.dtype is not float32:
            suffixes.append(f"dtype={tensor.dtype}")
    else:
        if tensor.dtype not in (float32, int64, bool8):
            suffixes.append(f"dtype={tensor.dtype}")
        plain = tensor.detach()
        nested = _edges(plain) if numel > THRESHOLD else plain.tolist()
        text = _nested_text(nested, tensor.ndim, len("tensor("), _formatter(_flat(nested), tensor.dtype.is_floating_point))
    if tensor.grad_fn is not None:
        suffixes.append(f"grad_fn=<{tensor.grad_fn}>")
    elif tensor.requires_grad:
        suffixes.append("requires_grad=True")
    return _with_suffixes("tensor(" + text, suffixes, len("tensor("))


def _edges(tensor):
    """Nested lists of the elements near the edges, with GAP in each dimension that was cut."""
    if tensor.ndim == 0:
        return tensor.item()
    n = len(tensor)
    if n <= 2 * EDGE:
        return [_edges(tensor[i]) for i in range(n)] if tensor.ndim > 1 else tensor.tolist()
    head, tail = range(EDGE), range(n - EDGE, n)
    return [_edges(tensor[i]) for i in head] + [GAP] + [_edges(tensor[i]) for i in tail]


def _flat(nested):
    if isinstance(nested, list):
        return [value for item in nested for value in _flat(item)]
    return [] if nested is GAP else [nested]


def _formatter(values, floating):
    """A function from a number to its text, padded to the common width, and that width; zeros and NaN may be wider."""
    if not floating:
        width = max(len(str(value)) for value in values)
        return lambda value: str(value).rjust(width), width
    some = [value for value in values if isfinite(value) and value != 0]
    largest = max(map(abs, some), default=1.0)
    smallest = min(map(abs, some), default=1.0)
    whole = all(value == int(value) for value in some)
    scientific = some and (largest / smallest > 1000 or largest > 1e8 or (not whole and smallest < 1e-4))

    def text(value):
        if scientific:
            return f"{value:.{PRECISION}e}"
        if whole:
            return f"{value:.0f}" + ("." if isfinite(value) else "")
        return f"{value:.{PRECISION}f}"

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
    texts = [" ..." if value is GAP else number(value) for value in row]
    per_line = max(1, (WIDTH - indent) // (width + 2))
    lines = [", ".join(texts[i : i + per_line]) for i in range(0, len(texts), per_line)]
    return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"


def _with_suffixes(text, suffixes, indent):
    length = len(text) - text.rfind("\n") + 1
    for suffix in suffixes:
        if length + len(suffix) + 2 > WIDTH:
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
