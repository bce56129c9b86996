"""save and load: what a training run keeps, in one safetensors file.

Tensors are the file's tensors, so that every tool which knows the format reads them. What they stand in (dicts, lists, numbers, text) is JSON in the
file's metadata, under "backprop", wherever that is more than a dict of names and tensors. Nothing is pickled, and loading executes nothing.

The JSON stands for itself, but for objects of one key that begins with "!":
    {"!tensor": name, "alias": k, "requires_grad": true, "parameter": true}   the file's tensor; k tells apart objects that share its memory
    {"!dict": [[key, value], …]}, also "!OrderedDict", "!Counter", "!defaultdict"   dicts whose keys are not all str, and dicts of other kinds
    {"!tuple": […]}, {"!Size": […]}, {"!float": "nan"}, {"!dtype": "float32"}, {"!device": "cpu"}
"""

import json
import os
import sys

from . import safetensors
from ._core import Size, Tensor, device as _device, dtype as _dtype, _load_file

__all__ = ["save", "load"]
_key = "backprop"
_plain = (type(None), bool, int, str)


def save(obj, f, pickle_module=None, pickle_protocol=2, _use_new_zipfile_serialization=True):
    """Writes obj to f, a path or an object with write(), as safetensors.

    obj: tensors, numbers, str, bool, None, dtypes and sizes, in dicts, OrderedDicts, lists and tuples nested at will,
    such as module.state_dict(), optimizer.state_dict() or {"epoch": 3, "model": …, "optimizer": …}. Anything else is a
    TypeError that says where it stands. Tensors that share their memory, such as tied weights, are kept once and share
    it again after load(). A file is replaced as a whole or stays as it was. The pickle_ arguments mean nothing here:
    nothing is pickled.

        >>> import io
        >>> file = io.BytesIO()                                    # or a path: "net.safetensors"
        >>> backprop.save({"epoch": 3, "weights": backprop.tensor([1., 2.])}, file)
        >>> _ = file.seek(0)
        >>> backprop.load(file)
        {'epoch': 3, 'weights': tensor([1., 2.])}
    """
    to_path = isinstance(f, (str, bytes)) or hasattr(f, "__fspath__")
    if not to_path and not hasattr(f, "write"):
        raise TypeError(f"save(): argument 'f' must be a path or an object with write(), not {type(f).__name__}")
    packer = _Packer()
    structure = packer.pack(obj, "obj", ())
    metadata = {"format": "pt"}
    if not packer.is_flat(obj):
        try:
            metadata[_key] = json.dumps(structure, separators=(",", ":"), allow_nan=False)
        except RecursionError:
            raise ValueError("save(): nested too deeply") from None
    if to_path:
        safetensors.replace_file(f, lambda file: safetensors.write(file, packer.tensors, metadata))
    else:
        safetensors.write(f, packer.tensors, metadata)


def load(f, map_location=None, pickle_module=None, *, weights_only=True, mmap=None, **pickle_load_args):
    """What save() wrote to f, a path or an object with read(); of any other safetensors file the dict of its names and tensors.

    map_location: None, 'cpu' or what maps to it. mmap: the tensors stay in the file, which must be given by its path, until their elements are
    needed; changes to them are this process's own. weights_only changes nothing: nothing in a file is ever executed. FileNotFoundError;
    ValueError for a file that is truncated or something else.
    """
    _check_location(map_location)
    if isinstance(f, (str, bytes)) or hasattr(f, "__fspath__"):
        if mmap:
            memory, header, start = safetensors.map_file(f)
            tensors = safetensors.tensors_of(memory, header, start, copy=False)
        else:
            with open(f, "rb") as file:
                header, _ = safetensors.read_header(file, repr(os.fsdecode(f)), os.fstat(file.fileno()).st_size)
            tensors = _load_file(f)
    elif mmap:
        raise ValueError("load(): mmap needs the path of a file")
    elif hasattr(f, "read"):
        header, _ = safetensors.read_header(f, getattr(f, "name", None) or type(f).__name__)
        data = f.read(header.size)
        if len(data) != header.size:
            raise ValueError(f"load: {type(f).__name__}: the data ends early")
        tensors = safetensors.tensors_of(bytearray(data), header, 0, copy=True)
    else:
        raise TypeError(f"load(): argument 'f' must be a path or an object with read(), not {type(f).__name__}")
    text = (header.metadata or {}).get(_key)
    if text is None:
        return tensors
    try:
        return _Unpacker(tensors).unpack(json.loads(text))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, RuntimeError) as error:
        raise ValueError(f"load: the structure in the file's metadata is not well-formed: {error}") from None


def _check_location(where):
    if isinstance(where, dict):
        for place in where.values():
            _device(place)
    elif where is not None and not callable(where):
        _device(where)


def _parameter_class():
    module = sys.modules.get(__package__ + ".nn.module")
    return module.Parameter if module else ()


class _Packer:
    """Takes the tensors out of an object; what is left is JSON."""

    def __init__(self):
        self.tensors = {}  # by their names in the file
        self._memory = {}  # (address, sizes, strides, dtype) → [name, the objects that look at it]
        self._parameter = _parameter_class()

    def is_flat(self, obj):
        """Whether obj is the file's names and tensors, and nothing has to be added."""
        return type(obj) is dict and len(obj) == len(self.tensors) and all(
            type(name) is str and self.tensors.get(name) is value and type(value) is Tensor and not value.requires_grad for name, value in obj.items())

    def pack(self, obj, where, path, above=()):
        kind = type(obj)
        if kind in _plain:
            return obj
        if isinstance(obj, float):
            value = float(obj)
            return value if value - value == 0 else {"!float": repr(value)}
        if isinstance(obj, Tensor):
            return self._tensor(obj, path)
        if kind is _dtype:
            return {"!dtype": str(obj).rpartition(".")[2]}
        if kind is _device:
            return {"!device": "cpu"}
        if id(obj) in above:
            raise ValueError(f"save(): {where} contains itself")
        above = (*above, id(obj))
        try:
            if kind is list:
                return self._list(obj, where, path, above)
            if kind is tuple or kind is Size:
                return {"!" + kind.__name__: self._list(obj, where, path, above)}
            if isinstance(obj, dict) and kind.__name__ in ("dict", "OrderedDict", "Counter", "defaultdict"):
                return self._dict(obj, kind.__name__, where, path, above)
        except RecursionError:
            raise ValueError("save(): nested too deeply") from None
        name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
        if hasattr(obj, "state_dict") and hasattr(obj, "load_state_dict"):
            raise TypeError(f"save(): {where} is {name}, which is code as well as tensors: save its state_dict(), and give load_state_dict() what load() returns")
        hint = "; vars() makes a dict of it" if hasattr(obj, "__dict__") and not callable(obj) else "; tolist() or torch.from_numpy() makes one" \
            if hasattr(obj, "tolist") else ""
        raise TypeError(f"save(): {where} is {name}; what can be saved is tensors, numbers, str, None, list, tuple and dict{hint}")

    def _list(self, items, where, path, above):
        return [self.pack(item, f"{where}[{i}]", (*path, str(i)), above) for i, item in enumerate(items)]

    def _dict(self, items, kind, where, path, above):
        pairs = []
        for key, value in items.items():
            if isinstance(key, Tensor) or (isinstance(key, tuple) and any(isinstance(k, Tensor) for k in key)):
                raise TypeError(f"save(): a key of {where} is a Tensor")
            packed = self.pack(key, f"a key of {where}", path, above)
            pairs.append([packed, self.pack(value, f"{where}[{key!r}]", (*path, str(key)), above)])
        if kind == "dict" and all(type(key) is str and not key.startswith("!") for key in items):
            return dict(pairs)
        return {"!" + kind: pairs}

    def _tensor(self, t, path):
        place = (t.data_ptr() if t.numel() else id(t), tuple(t.shape), t.stride(), t.dtype)
        name, objects = self._memory.get(place) or self._memory.setdefault(place, (self._name(path), []))
        if not objects:
            self.tensors[name] = t
        alias = next((i for i, other in enumerate(objects) if other is t), None)
        if alias is None:
            alias = len(objects)
            objects.append(t)
        node = {"!tensor": name}
        if alias:
            node["alias"] = alias
        if t.requires_grad:
            node["requires_grad"] = True
        if self._parameter and isinstance(t, self._parameter):
            node["parameter"] = True
        return node

    def _name(self, path):
        name = base = ".".join(path) or "tensor"
        if not safetensors.usable(name):
            name = base = "tensor"
        count = 1
        while name in self.tensors:
            count += 1
            name = f"{base}#{count}"
        return name


class _Unpacker:
    """Puts the tensors back into the object."""

    def __init__(self, tensors):
        self._tensors, self._objects = tensors, {}

    def unpack(self, node):
        if isinstance(node, list):
            return [self.unpack(item) for item in node]
        if not isinstance(node, dict):
            return node
        tag = next(iter(node), "")
        if not tag.startswith("!"):
            return {key: self.unpack(value) for key, value in node.items()}
        if tag == "!tensor":
            return self._tensor(node)
        value = node[tag]
        if tag == "!float":
            return {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}[value]
        if tag == "!dtype":
            return {str(t).rpartition(".")[2]: t for t in safetensors._names}[value]
        if tag == "!device":
            return _device(value)
        if tag in ("!tuple", "!Size"):
            return (tuple if tag == "!tuple" else Size)(map(self.unpack, value))
        pairs = [(self.unpack(key), self.unpack(item)) for key, item in value]
        if tag == "!dict":
            return dict(pairs)
        import collections

        if tag == "!defaultdict":  # what it makes of a missing key is code
            return collections.defaultdict(None, pairs)
        return {"!OrderedDict": collections.OrderedDict, "!Counter": lambda pairs: collections.Counter(dict(pairs))}[tag](pairs)

    def _tensor(self, node):
        name, alias = node["!tensor"], node.get("alias", 0)
        known = self._objects.get((name, alias))
        if known is not None:
            return known
        t = self._tensors[name]
        if node.get("parameter"):
            from .nn.module import Parameter

            t = Parameter(t, requires_grad=False)
        elif alias or node.get("requires_grad"):
            t = t.detach()
        if node.get("requires_grad"):
            t.requires_grad_()
        self._objects[name, alias] = t
        return t
