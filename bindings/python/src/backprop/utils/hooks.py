"""What registering a hook returns."""

from weakref import ref

__all__ = ["RemovableHandle"]


class RemovableHandle:
    """remove() takes the hook away; as a with block, at its end."""

    def __init__(self, tensor, number):
        self._tensor = ref(tensor)
        self.id = number

    def remove(self):
        """Takes the hook away; a second time does nothing."""
        tensor, number, self.id = self._tensor(), self.id, None
        if tensor is not None and number is not None:
            tensor._remove_hook(number)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()
