"""What tensors look into: one piece of memory, shared by a tensor and its views."""

from ._core import _storage


class UntypedStorage:
    """Bytes. Two tensors share memory exactly when their storages have the same data_ptr()."""

    def __init__(self, tensor):
        self._all = _storage(tensor)

    def data_ptr(self):
        return self._all.data_ptr()

    def nbytes(self):
        return self._all.nbytes

    size = __len__ = nbytes

    def element_size(self):
        return 1

    def tolist(self):
        return list(memoryview(self._all).cast("B")) if len(self) else []

    def __getitem__(self, index):
        return memoryview(self._all).cast("B")[index]

    def __eq__(self, other):
        return isinstance(other, UntypedStorage) and self.data_ptr() == other.data_ptr() and self.nbytes() == other.nbytes()

    __hash__ = None

    @property
    def device(self):
        return self._all.device

    def __repr__(self):
        return f"[backprop.storage.UntypedStorage of size {self.nbytes()}]"


class TypedStorage:
    """Elements of the type of the tensor that was asked."""

    def __init__(self, tensor):
        self._all = _storage(tensor)

    def data_ptr(self):
        return self._all.data_ptr()

    def nbytes(self):
        return self._all.nbytes

    def size(self):
        return self._all.numel()

    __len__ = size

    def element_size(self):
        return self._all.element_size()

    @property
    def dtype(self):
        return self._all.dtype

    @property
    def device(self):
        return self._all.device

    def untyped(self):
        return UntypedStorage(self._all)

    def tolist(self):
        return self._all.tolist()

    def __getitem__(self, index):
        return self._all[index].tolist()

    def __setitem__(self, index, value):
        self._all[index] = value

    def __iter__(self):
        return iter(self.tolist())

    def __repr__(self):
        elements = "".join(f" {value}\n" for value in self.tolist())
        return f"{elements}[backprop.storage.TypedStorage(dtype={self.dtype}, device=cpu) of size {self.size()}]"
