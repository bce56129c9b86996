"""Named tensors in the safetensors format: files that every tool which knows the format reads, and in which nothing can be executed.

    backprop.save_file({"w": w, "b": b}, "net.safetensors", metadata={"epoch": "3"})
    tensors = backprop.load_file("net.safetensors")
    with backprop.safetensors.safe_open("net.safetensors", "pt") as file:   # reads what is asked for
        w = file.get_tensor("w")

The names and arguments are those of the package safetensors, module safetensors.torch. What keeps more than a dict of tensors is backprop.save().
The format: 8 bytes with the length of a JSON text, the text {"name": {"dtype", "shape", "data_offsets"}, …, "__metadata__": {…}}, the data.
"""

import io
import json
import os

from . import _core
from ._core import Tensor, bfloat16, bool, device as _device, float16, float32, float64, int32, int64, uint8

__all__ = ["save", "load", "save_file", "load_file", "safe_open"]

_types = {"F64": float64, "I64": int64, "F32": float32, "I32": int32, "F16": float16, "BF16": bfloat16, "U8": uint8, "BOOL": bool}
_names = {dtype: name for name, dtype in _types.items()}
_longest_header = 100_000_000  # the format's own limit


def _encode(tensors, metadata):
    """The head of a file, and the tensors in the order of their data: wider types first, so that all lie aligned."""
    if not isinstance(tensors, dict):
        raise TypeError(f"expected a dict of names and Tensors, got {type(tensors).__name__}")
    for name, tensor in tensors.items():
        if not isinstance(name, str):
            raise TypeError(f"names are str, got {name!r}")
        if not isinstance(tensor, Tensor):
            raise TypeError(f"only Tensors can be saved; {name!r} is {type(tensor).__name__}")
        if not usable(name):
            raise ValueError(f"{name!r} cannot be a tensor's name")
    for key, value in (metadata or {}).items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise TypeError(f"metadata maps str to str, got {key!r}: {value!r}")
    ordered = sorted(tensors, key=lambda name: -tensors[name].itemsize)
    places, at = {}, 0
    for name in ordered:
        places[name] = [at, at + tensors[name].nbytes]
        at += tensors[name].nbytes
    entries = {"__metadata__": metadata} if metadata else {}
    for name, tensor in tensors.items():
        entries[name] = {"dtype": _names[tensor.dtype], "shape": list(tensor.shape), "data_offsets": places[name]}
    text = json.dumps(entries, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    if len(text) > _longest_header:
        raise ValueError(f"the names and metadata take {len(text)} bytes; the format allows {_longest_header}")
    return len(text).to_bytes(8, "little") + text, [tensors[name] for name in ordered]


def usable(name):
    """Whether the format can hold a tensor of that name."""
    try:
        return name not in ("", "__metadata__") and "\0" not in name and name.encode() is not None
    except UnicodeEncodeError:  # half a surrogate pair
        return False


def write(file, tensors, metadata=None):
    """Into an object with write()."""
    head, ordered = _encode(tensors, metadata)
    takes_memory = isinstance(file, (io.BufferedWriter, io.BufferedRandom, io.BytesIO))  # others may want to look at bytes
    file.write(head)
    for tensor in ordered:
        dense = tensor.detach().contiguous()
        file.write(dense if takes_memory else b"".join((dense, b"")))


def replace_file(path, fill):
    """Lets fill(file) write a new file beside path, and puts it in path's place when it is whole. What is no regular file is written in place."""
    path = os.path.realpath(os.fsdecode(path))
    if os.path.exists(path) and not os.path.isfile(path):
        with open(path, "wb") as file:
            fill(file)
        return
    part = f"{path}.{os.getpid()}.part"
    try:
        with open(part, "wb") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        try:
            os.unlink(part)
        except OSError:
            pass
        raise


def _pairs(pairs):
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a name occurs twice in its header")
    return result


def _is_count(value):
    return type(value) is int and value >= 0


class Header:
    """Names, types, shapes and places in a file, checked: what stands in entries can be read without looking again."""

    def __init__(self, text, size, where):
        """text: the JSON; size: bytes of data that follow it, None where that is not known."""
        def bad(why):
            return ValueError(f"load: {where}: {why}")

        try:
            table = json.loads(text.decode(), object_pairs_hook=_pairs)
        except (ValueError, RecursionError) as error:
            raise bad("a name occurs twice in its header" if "occurs twice" in str(error) else "its header is not well-formed") from None
        if not isinstance(table, dict):
            raise bad("its header is not a JSON object")
        self.metadata = table.pop("__metadata__", None)
        if self.metadata is not None and not (isinstance(self.metadata, dict) and all(isinstance(v, str) for v in self.metadata.values())):
            raise bad("its metadata is not a map of strings")
        self.entries = {}
        covered = 0
        for name, entry in table.items():
            if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
                raise bad(f"the description of {name!r} is not well-formed")
            shape, offsets = entry["shape"], entry["data_offsets"]
            if not isinstance(shape, list) or not all(map(_is_count, shape)) or not isinstance(offsets, list) or len(offsets) != 2 \
                    or not all(map(_is_count, offsets)):
                raise bad(f"the description of {name!r} is not well-formed")
            dtype = _types.get(entry["dtype"]) if isinstance(entry["dtype"], str) else None
            if dtype is None:
                raise bad(f"{name!r} has a type that is not known here, {entry['dtype']!r}")
            if len(shape) > 8:
                raise bad(f"{name!r} has {len(shape)} dimensions, more than 8")
            bytes_ = dtype.itemsize
            for n in shape:
                bytes_ *= n
            start, end = offsets
            if end - start != bytes_ or (size is not None and end > size):
                raise bad(f"the place of {name!r} does not fit its shape or the file")
            self.entries[name] = (dtype, shape, start)
            covered += bytes_
        self.size = max((entry["data_offsets"][1] for entry in table.values()), default=0)
        if covered != self.size or (size is not None and size != self.size):
            raise bad("its data is longer or shorter than its tensors")


def read_header(file, where, size=None):
    """From an object with read(); size is that of all that can be read, where it is known."""
    def exactly(n):
        data = file.read(n)
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise TypeError(f"load(): read() of {type(file).__name__} must return bytes, not {type(data).__name__}: open files with 'rb'")
        if len(data) != n:
            raise ValueError(f"load: {where}: too short for a safetensors file")
        return bytes(data)

    head = exactly(8)
    length = int.from_bytes(head, "little")
    if head[:4] == b"PK\3\4" or (head[0] == 0x80 and head[1] in (2, 3, 4, 5)):
        kind = "a zip with a pickle in it" if head[0] == 0x50 else "a pickle"
        raise ValueError(
            f"load: {where} is what PyTorch's save() writes, {kind}, which can run any code and is not read here; where PyTorch and safetensors are "
            "installed, convert it: safetensors.torch.save_file(torch.load(old, weights_only=True), new), for a dict of names and tensors")
    if length < 2 or length > _longest_header or (size is not None and length > size - 8):
        raise ValueError(f"load: {where}: not a safetensors file, or cut short in its header")
    return Header(exactly(length), None if size is None else size - 8 - length, where), 8 + length


def _check_device(which):
    if which is not None:
        _device(which)


def tensors_of(data, header, start, copy):
    """The tensors in writable memory whose data begins at start; copy: in memory of their own each."""
    result = {}
    for name, (dtype, shape, at) in header.entries.items():
        try:
            result[name] = _core._from_memory(data, dtype, shape, start + at)
        except ValueError as error:
            if "aligned" not in str(error):
                raise ValueError(f"load: {name!r}: {str(error).partition(': ')[2]}") from None
            bytes_ = dtype.itemsize
            for n in shape:
                bytes_ *= n
            result[name] = _core._from_memory(bytearray(memoryview(data)[start + at:start + at + bytes_]), dtype, shape)
        if copy:
            result[name] = result[name].clone()
    return result


def map_file(path):
    """(memory, header, where its data starts): the file in memory, private to this process."""
    import mmap

    with open(path, "rb") as file:
        header, start = read_header(file, repr(os.fsdecode(path)), os.fstat(file.fileno()).st_size)
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY), header, start


def _check_sharing(tensors):
    """As the package safetensors: what shares memory would not share it any more after loading."""
    seen = {}
    for name, tensor in tensors.items():
        if tensor.numel() and (other := seen.setdefault(tensor.data_ptr(), name)) != name:
            raise RuntimeError(f"{other!r} and {name!r} share memory, which a safetensors file cannot tell: save a clone() of one, or use backprop.save()")


def save(tensors, metadata=None):
    """The bytes of a safetensors file."""
    head, ordered = _encode(tensors, metadata)
    _check_sharing(tensors)
    return b"".join((head, *(t.detach().contiguous() for t in ordered)))


def load(data):
    """{name: tensor} from the bytes of a safetensors file."""
    memory = bytearray(data)
    header, start = read_header(io.BytesIO(memory), "the data", len(memory))
    return tensors_of(memory, header, start, copy=True)


def save_file(tensors, filename, metadata=None):
    """Writes a dict of names and tensors, and a dict of str to str, to a file. The file is replaced as a whole or stays as it was."""
    _encode(tensors, metadata)
    _check_sharing(tensors)
    replace_file(filename, lambda file: write(file, tensors, metadata))


def load_file(filename, device="cpu"):
    """{name: tensor} from a file."""
    _check_device(device)
    with open(filename, "rb") as file:
        read_header(file, repr(os.fsdecode(filename)), os.fstat(file.fileno()).st_size)
    return _core._load_file(filename)


class safe_open:
    """A file whose tensors are read when they are asked for: keys(), metadata(), get_tensor(name), get_slice(name)[…]. framework: "pt" gives tensors,
    "np" NumPy's arrays."""

    def __init__(self, filename, framework="pt", device="cpu"):
        _check_device(device)
        if framework not in ("pt", "torch", "pytorch", "backprop", "np", "numpy"):
            raise ValueError(f"framework must be 'pt' or 'np', got {framework!r}")
        self._arrays = framework in ("np", "numpy")
        self._memory, self._header, self._start = map_file(filename)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._memory = None  # tensors that were handed out keep it

    def keys(self):
        """The names, in the order of the file's header."""
        return list(self._header.entries)

    def offset_keys(self):
        """The names, in the order of the data."""
        return sorted(self._header.entries, key=lambda name: self._header.entries[name][2])

    def metadata(self):
        """The file's own {str: str}, or None."""
        return self._header.metadata

    def get_tensor(self, name):
        """The tensor of that name, over the file in memory: what is written there stays in this process. KeyError if there is none."""
        if self._memory is None:
            raise ValueError("the file is closed")
        if name not in self._header.entries:
            raise KeyError(f"the file holds no tensor named {name!r}")
        one = _Part(self._header.entries, name)
        tensor = tensors_of(self._memory, one, self._start, copy=False)[name]
        return tensor.numpy() if self._arrays else tensor

    def get_slice(self, name):
        """A tensor of which a part is wanted: get_slice(name)[2:4] is that part, copied."""
        return _Slice(self, name)


class _Part:
    def __init__(self, entries, name):
        self.entries = {name: entries[name]}


class _Slice:
    """A tensor of a file of which a part is wanted."""

    def __init__(self, file, name):
        self._file, self._name = file, name
        self._entry = file._header.entries[name]

    def get_shape(self):
        """The sizes of the whole tensor, a list."""
        return list(self._entry[1])

    def get_dtype(self):
        """The type by the format's name: 'F32', 'I64', …."""
        return _names[self._entry[0]]

    def __getitem__(self, index):
        part = self._file.get_tensor(self._name)[index]
        return part.copy() if self._file._arrays else part.clone()
