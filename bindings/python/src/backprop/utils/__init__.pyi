from . import checkpoint as checkpoint, data as data, dlpack as dlpack, hooks as hooks
