"""summary: a model's layers with the shapes they give, their parameters and multiplications, as a table."""

from math import prod

from .. import _core
from .._core import Tensor
from .._grad_mode import no_grad

_COLUMNS = ("Layer", "Output shape", "Parameters", "Trainable", "Multiplications")


def summary(model, input_size=None, input_data=None, *, dtype=None):
    """A table of the model's layers: output shape, parameters of its own, whether they are trained, multiplications; totals below.

    input_size: the shape of the input with its batch, or a list of shapes; zeros of that shape (of dtype, by default float32) go through the
    model once, in evaluation mode and without gradients. input_data: instead the input itself, a tensor, a tuple of arguments or a dict of
    named ones. With neither, the table has parameters only. Printing it gives text, in a notebook it shows as a table; rows, total_parameters,
    trainable_parameters, total_multiplications and total_bytes are there to be read. A parameter that several layers share is counted where it is met
    first.
    """
    if input_size is not None and input_data is not None:
        raise ValueError("summary(): give input_size or input_data, not both")
    seen = {}
    if input_size is not None:
        sizes = [input_size] if all(isinstance(n, int) for n in input_size) else input_size
        input_data = tuple(_core.zeros(tuple(size), dtype=dtype or _core.get_default_dtype()) for size in sizes)
    if input_data is not None:
        seen = _watch(model, input_data)
    return Summary(model, seen)


def _watch(model, data):
    """{id(module): [its outputs' shape, multiplications, calls]} of one forward pass."""
    seen, handles = {}, []

    def note(module, args, kwargs, output):
        entry = seen.setdefault(id(module), [None, 0, 0])
        entry[0] = _shape(output)
        entry[1] += _multiplications(module, args, output)
        entry[2] += 1

    modes = {module: module.training for module in model.modules()}
    try:
        for module in modes:
            handles.append(module.register_forward_hook(note, with_kwargs=True))
            module.training = False
        with no_grad():
            if isinstance(data, dict):
                model(**data)
            elif isinstance(data, (tuple, list)):
                model(*data)
            else:
                model(data)
    finally:
        for handle in handles:
            handle.remove()
        for module, mode in modes.items():
            module.training = mode
    return seen


def _shape(output):
    if isinstance(output, Tensor):
        return str(list(output.shape))
    if isinstance(output, dict):
        return ", ".join(f"{key}: {_shape(value)}" for key, value in output.items())
    if isinstance(output, (tuple, list)):
        return ", ".join(_shape(part) for part in output if part is not None)
    return type(output).__name__


def _multiplications(module, args, output):
    """Those of the matrix products and convolutions; what works element by element is left out."""
    own = module._parameters
    weights = sum(p.numel() for p in own.values() if p is not None and p.dim() > 1)
    first = output[0] if isinstance(output, (tuple, list)) and output else output
    if not weights or not isinstance(first, Tensor) or not args or not isinstance(args[0], Tensor):
        return 0
    x = args[0]
    names = {kind.__name__ for kind in type(module).__mro__}
    if "_Conv" in names:
        places = x if module._transposed else first
        return weights * prod(places.shape[-module._dims:]) * (x.shape[0] if x.dim() == module._dims + 2 else 1)
    if "Embedding" in names or "EmbeddingBag" in names:
        return 0
    if "MultiheadAttention" in names:  # the projections, then scores and sums for each pair of places
        batch = x.shape[1 - int(module.batch_first)] if x.dim() == 3 and not module.batch_first else x.shape[0] if x.dim() == 3 else 1
        to, of = first.numel() // module.embed_dim // batch, args[1].numel() // args[1].shape[-1] // batch if len(args) > 1 else 0
        width = module.embed_dim
        return batch * (2 * to * width * width + of * (weights - width * width) + 2 * to * of * width)
    last = x.shape[-1] if x.dim() else 1
    return weights * (x.numel() // last if last else 0)  # linear and recurrent layers: each vector meets all weights


class Row:
    """One layer: its name, depth in the tree, class, output shape (or None), parameters of its own, trainable ones, multiplications (or None)."""

    def __init__(self, name, depth, kind, shape, parameters, trainable, multiplications, repeated):
        self.name, self.depth, self.kind, self.output_shape = name, depth, kind, shape
        self.parameters, self.trainable, self.multiplications, self.repeated = parameters, trainable, multiplications, repeated

    def cells(self):
        share = "" if not self.parameters else "yes" if self.trainable == self.parameters else "part" if self.trainable else "no"
        return ("  " * self.depth + (f"{self.name}: " if self.name else "") + self.kind, self.output_shape or "",
                "(again)" if self.repeated else f"{self.parameters:,}" if self.parameters else "", share,
                f"{self.multiplications:,}" if self.multiplications else "")


class Summary:
    """What summary() returns."""

    def __init__(self, model, seen):
        self.rows = []
        self._counted, self._met, self._seen = {}, set(), seen
        self._walk(model, "", 0)
        self.total_parameters = sum(p.numel() for p in self._counted.values())
        self.trainable_parameters = sum(p.numel() for p in self._counted.values() if p.requires_grad)
        self.total_bytes = sum(p.nbytes for p in self._counted.values())
        self.total_multiplications = sum(row.multiplications or 0 for row in self.rows)
        self._measured = bool(seen)
        del self._counted, self._met, self._seen

    def _walk(self, module, name, depth):
        repeated = id(module) in self._met
        self._met.add(id(module))
        own = {id(p): p for p in module._parameters.values() if p is not None and id(p) not in self._counted}
        self._counted.update(own)
        shape, multiplications, _ = self._seen.get(id(module), (None, None, 0))
        self.rows.append(Row(name, depth, type(module).__name__, shape, sum(p.numel() for p in own.values()),
                             sum(p.numel() for p in own.values() if p.requires_grad), None if repeated else multiplications, repeated))
        if not repeated:
            for child, part in module._modules.items():
                if part is not None:
                    self._walk(part, child, depth + 1)

    def _totals(self):
        lines = [f"{self.total_parameters:,} parameters ({self.total_bytes / 1e6:,.2f} MB), {self.trainable_parameters:,} of them trainable"]
        if self._measured:
            lines.append(f"{self.total_multiplications:,} multiplications in a forward pass")
        return lines

    def _columns(self):
        """Those that say something."""
        cells = [row.cells() for row in self.rows]
        return [k for k in range(len(_COLUMNS)) if k < 1 or k == 2 or any(row[k] for row in cells)], cells

    def __repr__(self):
        columns, cells = self._columns()
        widths = {k: max(len(_COLUMNS[k]), *(len(row[k]) for row in cells)) for k in columns}

        def line(row):
            return "  ".join(row[k].rjust(widths[k]) if k in (2, 4) else row[k].ljust(widths[k]) for k in columns).rstrip()

        rule = "─" * (sum(widths.values()) + 2 * (len(columns) - 1))
        return "\n".join([line(_COLUMNS), rule, *map(line, cells), rule, *self._totals()])

    def _repr_html_(self):
        from html import escape

        columns, cells = self._columns()
        right = ' style="text-align:right"'
        left = ' style="text-align:left"'

        def line(row, tag):
            def cell(k):
                text = row[k].lstrip()
                pad = f' style="text-align:left;padding-left:{1 + (len(row[k]) - len(text)) * 0.8:.1f}em"'
                return f"<{tag}{pad if k == 0 and tag == 'td' else right if k in (2, 4) else left}>{escape(text)}</{tag}>"
            return "<tr>" + "".join(map(cell, columns)) + "</tr>"

        return (f"<table><thead>{line(_COLUMNS, 'th')}</thead><tbody>{''.join(line(row, 'td') for row in cells)}</tbody></table>"
                + "".join(f"<div>{escape(text)}</div>" for text in self._totals()))


def module_html(module, name=""):
    """A module as a tree that unfolds, for notebooks."""
    from html import escape

    text = f"({name}): " if name else ""
    extra = module.extra_repr()
    head = escape(f"{text}{module._get_name()}({extra if chr(10) not in extra else ''})")
    children = "".join(module_html(child, key) for key, child in module._modules.items() if child is not None)
    if not children:
        return f'<div style="font-family:monospace;margin-left:1.1em">{head}</div>'
    return f'<details open style="font-family:monospace;margin-left:1.1em"><summary>{head}</summary>{children}</details>'
