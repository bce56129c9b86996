from . import checkpoint as checkpoint, data as data, dlpack as dlpack, hooks as hooks
from ._progress import progress as progress
from ._summary import summary as summary

def __dir__() -> list[str]: ...
